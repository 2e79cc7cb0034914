/*  What the domain is given: one decoded, checked and authorised request with everything that it may depend on.
 *
 *  The domain has no clock, no random, no socket, no file and no log: time and fresh ids come in here. All borrowed.
 */
#ifndef BATON_COMMAND_H
#define BATON_COMMAND_H

#include "event.h"

typedef struct {
    method_id_t method;
    const void *request;      /*  <method>_request_t */
    uint64_t now;             /*  milliseconds since 1970 */
    const char *actor;        /*  the identity's name; NULL for the broker itself */
    const char *trace;        /*  W3C traceparent, valid; or NULL */
    role_e role;              /*  of the identity; role_none for the broker itself */
    uint64_t run;             /*  the run that speaks, when one does; 0 otherwise */
    uint64_t epoch;           /*  the epoch that a node or run speaks under */
    access_e access;          /*  what the actor may do with the session; access_none for the broker itself */
    uint64_t team;            /*  the number of the team that the request names; 0: it names a person */
    uint64_t if_n;            /*  refuse unless the journal stands here; 0: don't care */
    uint64_t fence;           /*  the number of the edit lock that the client holds; 0: none */
    const char *fresh;        /*  a fresh id for whatever is made: a session, a message */
    const session_t *source;  /*  the other session that it is about, at the position that it is about; or NULL */
    const session_t *present; /*  the same session as it is now, where that is another state; or NULL */
    const void *prepared;     /*  what had to be read first, a record that the method's handler knows; or NULL */
    const char *digest;       /*  of the request's bulky part: artifact content, breakpoint title and body; or NULL */
    uint64_t due;             /*  trigger_add with a calendar rule: its next time */
} command_t;

#endif
