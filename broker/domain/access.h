/*  What somebody may do with a session: the one function that every way in asks.
 *
 *    own     by being an admin, its owner, or an operator where the session is visible to the site
 *    view    by being an observer where the session is visible to the site
 *    any     by a share, with the identity or with a team that it is in
 *
 *  The highest counts. Nodes have no part in it: what they may is in the lease.
 */
#ifndef BATON_ACCESS_H
#define BATON_ACCESS_H

#include "schema.h"

/*  An identity as it is asked about. Self-contained, so that it can go along with a request to another thread. */
typedef struct {
    char name[LIMIT_NAME + 1]; /*  "": nobody */
    role_e role;               /*  role_none: nobody */
    size_t team_count;
    uint64_t teams[LIMIT_TEAMS_EACH]; /*  numbers of the teams that it is in */
} viewer_t;

/*  A revoked identity is nobody. NULL: nobody. */
viewer_t viewer_of (const identity_t *identity);

bool viewer_equal (const viewer_t *a, const viewer_t *b);

access_e access_of (const viewer_t *viewer, const audience_t *audience);

/*  The audience of a session with the owner filled in. Borrows from the state. */
audience_t session_audience (const session_t *state);

/*  The name of the team when `who` is "team:NAME"; otherwise NULL. */
const char *access_team (const char *who);

#endif
