/*  The Model Context Protocol on standard input and output: one message a line. */
#ifndef BATON_STDIO_DOOR_H
#define BATON_STDIO_DOOR_H

#include "catalogue.h"

#include <baton/baton.h>

/*  Serves until the client is gone. When it closes our input, what it has asked is still answered, for a few seconds;
 *  what waits for something to happen is not waited for. `timeout` of each request, milliseconds; 0: as baton_call, but
 *  LIMIT_WAIT inside a run. */
BATON_MUST_USE baton_status stdio_door_run (const baton_context_t *context, const mcp_catalogue_t *catalogue,
                                            uint64_t timeout, baton_error_t *error);

#endif
