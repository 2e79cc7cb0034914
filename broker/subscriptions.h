/*  Who follows which events, and the sending of them.
 *
 *  A subscription belongs to one connection and the key that it showed. Whether that key's identity may see an event is
 *  asked for each event, so whoever loses the right gets no later one, also when the name has gone to somebody else. A
 *  connection that is gone, or that does not read, loses its deliveries and never holds up the broker; the numbers in
 * each delivery tell it that it did.
 */
#ifndef BATON_SUBSCRIPTIONS_H
#define BATON_SUBSCRIPTIONS_H

#include "frontend.h"
#include "journal.h"

typedef struct subscriptions subscriptions_t;

BATON_MUST_USE baton_status subscriptions_new (frontend_t *frontend, subscriptions_t **ret_subscriptions);
void subscriptions_destroy (subscriptions_t **self);

/*  Adds one. resource_exhausted at LIMIT_SUBSCRIPTIONS, or at LIMIT_SUBSCRIPTIONS_KEY of one key. */
BATON_MUST_USE baton_status subscriptions_add (subscriptions_t *self, const peer_t *peer, const char *key,
                                               const events_subscribe_request_t *filter, uint64_t *ret_number,
                                               baton_error_t *error);

/*  Ends one of this connection; an unknown number is no error: it has ended. */
void subscriptions_remove (subscriptions_t *self, const peer_t *peer, uint64_t number);

/*  How many there are, and how many events could not be handed over to followers that read too slowly. */
size_t subscriptions_count (const subscriptions_t *self);
uint64_t subscriptions_unsent (const subscriptions_t *self);

/*  Sends committed events to those who follow them and may see them. */
void subscriptions_publish (subscriptions_t *self, people_t *people, const pending_t *events, size_t count);

/*  Tells every follower the site's last position. */
void subscriptions_beat (subscriptions_t *self, people_t *people, uint64_t head);

/*  Whether somebody may see an event: a node what concerns it, others those of sessions that they may view now, and the
 *  site's own when they see the site. */
bool event_visible (const viewer_t *viewer, const pending_t *event);

#endif
