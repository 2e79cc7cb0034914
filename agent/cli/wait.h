/*  Waiting for a session to come to something. */
#ifndef BATON_WAIT_H
#define BATON_WAIT_H

#include "cli.h"

/*  Until when a command waits. */
typedef struct {
    uint64_t deadline; /*  of the monotonic clock, milliseconds; 0: for ever */
    uint64_t timeout;  /*  as it was asked for */
} wait_t;

/*  From now on, as --timeout says. */
wait_t wait_begin (const cli_t *cli);

/*  So many milliseconds from now on. */
wait_t wait_for (uint64_t timeout);

/*  Milliseconds of the next part of the wait, at most so many; 0 when it is over. */
uint64_t wait_slice (const wait_t *wait, uint64_t most);

/*  Reads until the session's journal is past that position: a broker or node that is away, or too busy to park us, is
 *  asked again. deadline_exceeded when the wait is over; an answer with the old state may come as well. */
BATON_MUST_USE baton_status wait_past (cli_t *cli, const wait_t *wait, method_id_t method, const void *request,
                                       uint64_t past, void *ret_reply, baton_bytes_t *ret_raw, baton_error_t *error);

/*  Sleeps between two looks at what can't be waited for. deadline_exceeded as above. */
BATON_MUST_USE baton_status wait_pause (const wait_t *wait, uint64_t milliseconds, baton_error_t *error);

#endif
