/*  What the files of the site share. */
#ifndef BATON_SITE_INTERNAL_H
#define BATON_SITE_INTERNAL_H

#include "keyed.h"
#include "site.h"

typedef struct {
    const site_t *self;
    const command_t *command;
    event_list_t *events;
    baton_error_t *error;
} site_deciding_t;

/*  Adds an event with a copy of body, a <kind>_event_t. */
BATON_MUST_USE baton_status site_emit (site_deciding_t *deciding, event_kind_t kind, const void *body);

BATON_MUST_USE baton_status site_decide_invite (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_enroll (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_revoke (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_rekey (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_evolve_created (site_t *self, const event_t *event);
BATON_MUST_USE baton_status site_evolve_invited (site_t *self, const event_t *event);
BATON_MUST_USE baton_status site_evolve_enrolled (site_t *self, const event_t *event);
BATON_MUST_USE baton_status site_evolve_revoked (site_t *self, const event_t *event);
BATON_MUST_USE baton_status site_evolve_rekeyed (site_t *self, const event_t *event);

/* ---- site_team.c ---- */
BATON_MUST_USE baton_status site_decide_team_create (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_team_delete (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_team_add (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_team_remove (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_evolve_team_created (site_t *self, const event_t *event);
BATON_MUST_USE baton_status site_evolve_team_deleted (site_t *self, const event_t *event);
BATON_MUST_USE baton_status site_evolve_team_joined (site_t *self, const event_t *event);
BATON_MUST_USE baton_status site_evolve_team_left (site_t *self, const event_t *event);

/* ---- site_token.c ---- */
BATON_MUST_USE baton_status site_decide_token_create (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_link (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_sign_in (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_sign_out (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_decide_token_revoke (site_deciding_t *deciding);
BATON_MUST_USE baton_status site_evolve_token_created (site_t *self, const event_t *event);
BATON_MUST_USE baton_status site_evolve_token_revoked (site_t *self, const event_t *event);
/*  All of an identity's. */
void site_forget_tokens (site_t *self, const char *who);

#endif
