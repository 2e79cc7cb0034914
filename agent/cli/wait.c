#include "wait.h"

#include <time.h>

#define SLICE                                                                                                          \
    15000         /*  milliseconds that one read is parked; if it is lost on its way, so long does it take to notice */
#define PAUSE 200 /*  milliseconds before a refused read is tried again */

static uint64_t clock_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

wait_t wait_for (uint64_t timeout)
{
    return (wait_t){clock_now () + timeout, timeout};
}

wait_t wait_begin (const cli_t *cli)
{
    return cli->timeout > 0 ? wait_for (cli->timeout) : (wait_t){0, 0};
}

uint64_t wait_slice (const wait_t *wait, uint64_t most)
{
    uint64_t now = clock_now ();
    if (wait->deadline == 0)
        return most;
    if (now >= wait->deadline)
        return 0;
    return wait->deadline - now < most ? wait->deadline - now : most;
}

static baton_status is_over (const wait_t *wait, baton_error_t *error)
{
    return baton_fail (error, BATON_deadline_exceeded, BATON_REASON_timed_out,
                       "what was waited for did not come within %llu ms", (unsigned long long) wait->timeout);
}

baton_status wait_pause (const wait_t *wait, uint64_t milliseconds, baton_error_t *error)
{
    uint64_t part = wait_slice (wait, milliseconds);
    if (part == 0)
        return is_over (wait, error);
    struct timespec pause = {(time_t) (part / 1000), (long) (part % 1000) * 1000000};
    nanosleep (&pause, NULL);
    return BATON_OK;
}

/*  Whether trying again can help: the broker restarts, the node is cut off, too many readers are parked. */
static bool is_passing (baton_status status, baton_reason reason)
{
    return status == BATON_unavailable || status == BATON_deadline_exceeded || baton_reason_retry (reason);
}

baton_status wait_past (cli_t *cli, const wait_t *wait, method_id_t method, const void *request, uint64_t past,
                        void *ret_reply, baton_bytes_t *ret_raw, baton_error_t *error)
{
    for (;;) {
        baton_error_t flaw = {0};
        uint64_t timeout = wait_slice (wait, SLICE);
        if (timeout == 0)
            return is_over (wait, error);
        baton_status status = cli_read_past (cli, method, request, past, timeout, ret_reply, ret_raw, &flaw);
        if (flaw.reason == BATON_REASON_unreachable)
            cli_note_away (cli);
        if (status == BATON_OK || !is_passing (status, flaw.reason)) {
            *error = flaw;
            return status;
        }
        if (cli->stop && *cli->stop)
            return is_over (wait, error);
        if (status != BATON_deadline_exceeded && wait_pause (wait, PAUSE, error) != BATON_OK)
            return BATON_deadline_exceeded;
    }
}
