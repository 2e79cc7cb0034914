/*  The clients of a session: who follows it, from where, and how far they have read. One that has gone keeps its cursor
 *  for a while, so that it can go on where it was. */
#include "deciding.h"

#define CLIENT_TTL 300000

static session_client_t *find_client (const session_t *self, const char *actor, const char *name)
{
    for (size_t i = 0; i < self->clients.count; i++)
        if (text_equal (self->clients.items[i].client, name) && text_equal (self->clients.items[i].actor, actor))
            return &self->clients.items[i];
    return NULL;
}

static bool is_there (const session_client_t *client)
{
    return client->left_at == 0;
}

static uint64_t later (uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static baton_status check_cursor (const deciding_t *deciding, uint64_t cursor)
{
    if (cursor <= deciding->self->n)
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "cursor",
                             "the journal of session %s ends at %llu: nobody has read up to %llu",
                             deciding->self->session, (unsigned long long) deciding->self->n,
                             (unsigned long long) cursor);
}

static baton_status check_room (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    size_t there = 0;
    for (size_t i = 0; i < self->clients.count; i++)
        there += is_there (&self->clients.items[i]);
    if (there < LIMIT_CLIENTS)
        return BATON_OK;
    return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_busy,
                       "%d clients are attached to session %s already", LIMIT_CLIENTS, self->session);
}

/* ---- attach, detach ---- */

/*  A client that says again that it is there costs the journal nothing while half of its time is left; how far it has
 *  read meanwhile is noted with the next entry. */
baton_status decide_session_attach (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const command_t *command = deciding->command;
    const session_attach_request_t *request = command->request;
    const session_client_t *known = find_client (self, command->actor, request->client);
    bool there = known && is_there (known);
    uint64_t ttl = request->ttl ? request->ttl : CLIENT_TTL;
    baton_status status = check_cursor (deciding, request->cursor);
    if (status == BATON_OK && !there)
        status = check_room (deciding);
    if (status != BATON_OK)
        return status;
    uint64_t begin = known ? known->cursor : request->from_start ? 0 : self->n + 1;
    client_attached_event_t body = {.client = request->client,
                                    .actor = (char *) command->actor,
                                    .kind = request->kind ? request->kind
                                            : known       ? known->kind
                                                          : client_kind_none,
                                    .cursor = known             ? later (begin, request->cursor)
                                              : request->cursor ? request->cursor
                                                                : begin,
                                    .until = command->now + ttl};
    bool fresh = there && known->kind == body.kind && known->until >= command->now + ttl / 2;
    deciding->changed.cursor = body.cursor;
    deciding->changed.until = fresh ? known->until : body.until;
    if (!fresh)
        emit (deciding, EVENT_client_attached, &body);
    return BATON_OK;
}

static void leave (deciding_t *deciding, const session_client_t *client, uint64_t cursor, bool forget, bool expired)
{
    emit (
        deciding, EVENT_client_left,
        &(client_left_event_t){
            .client = client->client, .actor = client->actor, .cursor = cursor, .forget = forget, .expired = expired});
}

baton_status decide_session_detach (deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const session_detach_request_t *request = command->request;
    const session_client_t *client = find_client (deciding->self, command->actor, request->client);
    baton_status status = check_cursor (deciding, request->cursor);
    if (status != BATON_OK || (!client && request->forget))
        return status;
    if (!client)
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_client, "client",
                                 "%s has no client %s at session %s", command->actor, request->client,
                                 deciding->self->session);
    deciding->changed.cursor = later (client->cursor, request->cursor);
    if (is_there (client) || request->forget || request->cursor > client->cursor)
        leave (deciding, client, deciding->changed.cursor, request->forget, false);
    return BATON_OK;
}

/* ---- time ---- */

uint64_t client_due (const session_t *self)
{
    uint64_t due = 0;
    for (size_t i = 0; i < self->clients.count; i++)
        if (is_there (&self->clients.items[i]) && (due == 0 || self->clients.items[i].until < due))
            due = self->clients.items[i].until;
    return due;
}

void client_tick (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    for (size_t i = 0; i < self->clients.count; i++)
        if (is_there (&self->clients.items[i]) && self->clients.items[i].until <= deciding->command->now)
            leave (deciding, &self->clients.items[i], self->clients.items[i].cursor, false, true);
}

/* ---- evolve ---- */

/*  Makes room by forgetting who has gone longest ago. */
static void forget_one (session_t *self)
{
    size_t oldest = self->clients.count;
    for (size_t i = 0; i < self->clients.count; i++)
        if (!is_there (&self->clients.items[i]) &&
            (oldest == self->clients.count || self->clients.items[i].left_at < self->clients.items[oldest].left_at))
            oldest = i;
    if (oldest < self->clients.count)
        list_remove (&self->clients, &RECORD_session_client, oldest);
}

static session_client_t *add_client (session_t *self, const client_attached_event_t *body)
{
    if (self->clients.count >= LIMIT_CLIENTS)
        forget_one (self);
    session_client_t *client = list_append (&self->clients, sizeof *client);
    if (!client || text_set (&client->client, body->client) || text_set (&client->actor, body->actor))
        return NULL;
    return client;
}

baton_status evolve_client_attached (session_t *self, const event_t *event)
{
    const client_attached_event_t *body = event->body;
    session_client_t *client = find_client (self, body->actor, body->client);
    bool came = !client || !is_there (client);
    if (!client)
        client = add_client (self, body);
    if (!client)
        return BATON_resource_exhausted;
    client->since = came ? event->at : client->since;
    client->kind = body->kind;
    client->cursor = body->cursor;
    client->until = body->until;
    client->left_at = 0;
    return BATON_OK;
}

baton_status evolve_client_left (session_t *self, const event_t *event)
{
    const client_left_event_t *body = event->body;
    session_client_t *client = find_client (self, body->actor, body->client);
    if (client && body->forget)
        list_remove (&self->clients, &RECORD_session_client, (size_t) (client - self->clients.items));
    else if (client) {
        client->cursor = body->cursor;
        client->left_at = event->at;
    }
    return BATON_OK;
}
