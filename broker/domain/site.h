/*  The site's own journal (session id "site"): identities, invitations, nodes, teams. Decide and evolve, as in
 * session.h. */
#ifndef BATON_SITE_H
#define BATON_SITE_H

#include "command.h"

#define SITE_ID "site"

/*  identity.invite takes command->digest as the digest of the secret; identity.enroll takes command->digest as the
 *  digest of the secret presented and command->actor as the caller's CURVE key. */
BATON_MUST_USE baton_status site_decide (const site_t *self, const command_t *command, event_list_t *ret_events,
                                         baton_error_t *error);
BATON_MUST_USE baton_status site_evolve (site_t *self, const event_t *event);

/*  NULL when there is none. Revoked identities are found too: look at revoked_at. */
const identity_t *site_identity_of_key (const site_t *self, const char *key);
const identity_t *site_identity (const site_t *self, const char *name);
const node_t *site_node (const site_t *self, const char *name);
const access_token_t *site_token (const site_t *self, const char *id);
const team_t *site_team (const site_t *self, const char *name);
bool site_in_team (const identity_t *identity, const team_t *team);

#endif
