#include "subscriptions.h"

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Bytes. A larger event is not pushed: a follower that does not read would keep too many of them in memory. Its number
 *  is left out and a heartbeat goes in its place, so that the follower reads it from the log at once. */
#define PUSHED_MOST 16384

typedef struct {
    uint64_t number;
    uint64_t sent; /*  deliveries so far, also those that were lost */
    peer_t peer;
    char key[KEY_SIZE]; /*  CURVE public key, Z85 */
    event_class_e class;
    event_kind_t kind; /*  EVENT_none: all */
    char session[LIMIT_ID + 1];
} subscription_t;

struct subscriptions {
    frontend_t *frontend;
    uint64_t last_number;
    uint64_t unsent;
    size_t count;
    subscription_t **items;
};

baton_status subscriptions_new (frontend_t *frontend, subscriptions_t **ret_subscriptions)
{
    subscriptions_t *self = calloc (1, sizeof *self);
    if (!self)
        return BATON_resource_exhausted;
    self->frontend = frontend;
    self->items = calloc (LIMIT_SUBSCRIPTIONS, sizeof *self->items);
    if (!self->items) {
        free (self);
        return BATON_resource_exhausted;
    }
    *ret_subscriptions = self;
    return BATON_OK;
}

static void remove_at (subscriptions_t *self, size_t index)
{
    free (self->items[index]);
    self->items[index] = self->items[--self->count];
}

void subscriptions_destroy (subscriptions_t **self)
{
    if (!*self)
        return;
    while ((*self)->count > 0)
        remove_at (*self, (*self)->count - 1);
    free ((*self)->items);
    free (*self);
    *self = NULL;
}

size_t subscriptions_count (const subscriptions_t *self)
{
    return self->count;
}

uint64_t subscriptions_unsent (const subscriptions_t *self)
{
    return self->unsent;
}

static size_t count_of_key (const subscriptions_t *self, const char *key)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += strcmp (self->items[i]->key, key) == 0;
    return count;
}

baton_status subscriptions_add (subscriptions_t *self, const peer_t *peer, const char *key,
                                const events_subscribe_request_t *filter, uint64_t *ret_number, baton_error_t *error)
{
    event_kind_t kind = filter->kind ? event_kind_find (filter->kind) : EVENT_none;
    if (filter->kind && kind == EVENT_none)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "kind",
                                 "there is no kind of event %s", filter->kind);
    if (self->count == LIMIT_SUBSCRIPTIONS)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy,
                           "the broker has %d subscriptions already", LIMIT_SUBSCRIPTIONS);
    if (count_of_key (self, key) >= LIMIT_SUBSCRIPTIONS_KEY)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy, "this key has %d subscriptions already",
                           LIMIT_SUBSCRIPTIONS_KEY);
    subscription_t *subscription = calloc (1, sizeof *subscription);
    if (!subscription)
        return baton_fail_memory (error);
    subscription->number = ++self->last_number;
    subscription->peer = *peer;
    subscription->class = filter->class;
    subscription->kind = kind;
    snprintf (subscription->key, sizeof subscription->key, "%s", key);
    snprintf (subscription->session, sizeof subscription->session, "%s", filter->session ? filter->session : "");
    self->items[self->count++] = subscription;
    *ret_number = subscription->number;
    return BATON_OK;
}

void subscriptions_remove (subscriptions_t *self, const peer_t *peer, uint64_t number)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i]->number == number && peer_equal (&self->items[i]->peer, peer)) {
            remove_at (self, i);
            return;
        }
}

bool event_visible (const viewer_t *viewer, const pending_t *event)
{
    audience_t audience = event->state ? session_audience (event->state) : (audience_t){0};
    if (viewer->role != role_node)
        return access_of (viewer, &audience) >= access_view;
    for (size_t i = 0; i < CONCERNED_MOST; i++)
        if (strcmp (event->concerned[i], viewer->name) == 0)
            return true;
    return false;
}

static bool wanted (const subscription_t *self, const pending_t *event)
{
    return (self->class == event_class_none || self->class == EVENTS[event->kind].class) &&
           (self->kind == EVENT_none || self->kind == event->kind) &&
           (!*self->session || strcmp (self->session, event->session) == 0);
}

/*  False when the connection is gone. */
static bool deliver (subscriptions_t *self, subscription_t *subscription, uint64_t head, const baton_bytes_t *event)
{
    if (event && event->size > PUSHED_MOST) {
        subscription->sent++;
        event = NULL;
    }
    delivery_t delivery = {.subscription = subscription->number, .count = ++subscription->sent, .head = head};
    baton_bytes_t header = {0};
    if (record_encode (&RECORD_delivery, &delivery, &header) != BATON_OK)
        return true; /*  lost, and the number shows it */
    send_result_t sent = frontend_send (self->frontend, &subscription->peer, WIRE_DELIVERY, &header, event);
    bytes_clear (&header);
    self->unsent += sent == SEND_full && event;
    return sent != SEND_gone;
}

/*  Sends those of the events that are for this subscription. False when it is to end: its connection
 *  is gone, or its key may no longer see anything. */
static bool serve (subscriptions_t *self, subscription_t *subscription, people_t *people, const pending_t *events,
                   size_t count)
{
    viewer_t viewer = viewer_of (people_of_key (people, subscription->key));
    bool keep = viewer.role != role_none;
    for (size_t i = 0; i < count && keep; i++)
        if (wanted (subscription, &events[i]) && event_visible (&viewer, &events[i]))
            keep = deliver (self, subscription, events[i].seq, &events[i].data);
    return keep;
}

/*  One subscriber after the other gets all of a batch: libzmq then encrypts and sends many messages of a connection at
 *  a time, where taking turns would wake its thread for each. */
void subscriptions_publish (subscriptions_t *self, people_t *people, const pending_t *events, size_t count)
{
    for (size_t i = 0; i < self->count;)
        if (serve (self, self->items[i], people, events, count))
            i++;
        else
            remove_at (self, i);
}

void subscriptions_beat (subscriptions_t *self, people_t *people, uint64_t head)
{
    for (size_t i = 0; i < self->count;)
        if (serve (self, self->items[i], people, NULL, 0) && deliver (self, self->items[i], head, NULL))
            i++;
        else
            remove_at (self, i);
}
