/*  The handoff specification: what whoever goes on with a session's work needs to know. */
#ifndef BATON_HANDOFF_MARKDOWN_H
#define BATON_HANDOFF_MARKDOWN_H

#include "schema.h"

/*  next may be NULL. Freed by the caller; NULL for lack of memory. At most LIMIT_REPORT_TEXT bytes. */
char *handoff_markdown (const synthesis_t *synthesis, const char *next);

#endif
