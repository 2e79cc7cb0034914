/*  Many requests at once over one connection, for a program that has a loop of its own. baton_call is for one at a
 * time.
 */
#ifndef BATON_CALLS_H
#define BATON_CALLS_H

#include "schema.h"

#include <baton/baton.h>

typedef struct calls calls_t;

/*  The answer, borrowed, or why there is none. Called from calls_step only. */
typedef void (calls_done_t) (void *arg, baton_status status, const baton_bytes_t *body, const baton_error_t *error);

BATON_MUST_USE baton_status calls_new (const baton_context_t *context, calls_t **ret_calls, baton_error_t *error);

/*  Forgets what is under way, without a word. */
void calls_destroy (calls_t **self);

/*  Begins a request; body and options are as for baton_call, and copied. The ticket is good until done is called or
 *  calls_stop. NULL for lack of memory. */
void *calls_start (calls_t *self, const char *method, const baton_bytes_t *body, const baton_call_t *options,
                   calls_done_t *done, void *arg);
void calls_stop (calls_t *self, void *ticket);

/*  No parked read waits any longer, now and later: whoever asks is told deadline_exceeded at the next step. */
void calls_hurry (calls_t *self);

/*  Takes what has come, sends again what may be lost, and ends what has waited too long. */
void calls_step (calls_t *self);

/*  When it is readable, or the milliseconds have passed, there may be something for calls_step to do. The descriptor is
 *  edge-triggered, as ZMQ_FD. */
int calls_fd (calls_t *self);
int calls_timeout (const calls_t *self);

#endif
