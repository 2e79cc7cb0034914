#include "retry.h"

#include "log.h"
#include "text.h"

#include <czmq.h>
#include <sodium.h>

#define PAUSE_LEAST 1000 /*  milliseconds; doubled each time */
#define PAUSE_MOST 30000 /*  up to this */

static int64_t pause_after (unsigned failures)
{
    int64_t most = PAUSE_LEAST;
    for (unsigned i = 1; i < failures && most < PAUSE_MOST; i++)
        most *= 2;
    most = most < PAUSE_MOST ? most : PAUSE_MOST;
    return most / 2 + randombytes_uniform ((uint32_t) (most / 2) + 1);
}

void retry_note (retry_t *self, const char *session, const baton_error_t *error)
{
    self->error = *error;
    int64_t pause = pause_after (++self->failures);
    self->again = zclock_mono () + pause;
    log_warning ("the workspace of %s can't be %s, and is tried again in %lld ms: %s", session, self->verb,
                 (long long) pause, error->message);
}

bool retry_due (const retry_t *self)
{
    return zclock_mono () >= self->again;
}

void retry_tell (const retry_t *self, const char *session, baton_pairs_t *ret_waiting)
{
    char why[LIMIT_SHORT]; /*  more than a pair takes */
    if (self->error.status == BATON_OK)
        return;
    snprintf (why, sizeof why, "its workspace can't be %s, and is tried again: %s", self->verb, self->error.message);
    text_line (why, LIMIT_TITLE);
    if (pairs_set (ret_waiting, session, why) != BATON_OK)
        return; /*  the next heartbeat tells of it */
}
