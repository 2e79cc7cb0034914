/*  Who has a connection to the gateway, and until when something must have come of it.
 *
 *  libmicrohttpd ends connections that are silent. One that sends a byte now and then is not silent; so each has a time
 * by which its request must be complete, however busy it looks.
 */
#ifndef BATON_CALLER_H
#define BATON_CALLER_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#define CALLER_HEADER 20000 /*  ms for the first line and the headers */
#define CALLER_BODY 30000   /*  ms for a body, and as much again for each */
#define CALLER_STEP 262144u /*  bytes of it that have come */
#define CALLER_IDLE 90000   /*  ms between an answer and the headers of the next request */

typedef struct caller caller_t;

struct caller {
    caller_t *next, *previous;
    int fd;
    uint64_t deadline; /*  monotonic ms; 0: it waits for us */
    bool left;         /*  it was not there any more when it was last looked at, and nothing has happened since */
};

/*  All of them: the head of a list. */
typedef struct {
    caller_t *first;
} callers_t;

/*  NULL for lack of memory. */
caller_t *caller_new (callers_t *all, struct MHD_Connection *connection, uint64_t now);
void caller_destroy (callers_t *all, caller_t **self);

/*  That of a connection; NULL when there was no memory for one. */
caller_t *caller_of (struct MHD_Connection *connection);
void caller_expect (struct MHD_Connection *connection, uint64_t deadline);

/*  Whether nothing more can come of it: it has closed its side, and all that it said is read. */
bool caller_has_left (struct MHD_Connection *connection);

/*  Ends the connections whose time is over, and those that are waited for in vain. To be called now and then: one that
 * has left is given until the next time, for what it said last may still be in hand. */
void callers_check (callers_t *all, uint64_t now);

#endif
