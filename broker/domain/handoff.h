/*  What a handoff is called. */
#ifndef BATON_HANDOFF_H
#define BATON_HANDOFF_H

#define HANDOFF_ARTIFACT "handoff.md"
#define HANDOFF_TYPE "text/markdown"

#endif
