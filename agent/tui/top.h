/*  `baton top`: lists of what a site has, and a page for a session or a breakpoint, live. */
#ifndef BATON_TOP_H
#define BATON_TOP_H

#include "tui.h"

BATON_MUST_USE baton_status top_run (tui_t *tui, baton_error_t *error);

#endif
