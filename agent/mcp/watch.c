/*  Tells a client when a resource of ours changes.
 *
 *  Each session of which something is watched has one read parked at its journal. When that goes on, the kinds of the
 *  events say which resources have changed. Nothing is polled. It begins with one notice for each resource.
 */
#include "work.h"

#include <stdlib.h>
#include <string.h>

#define SLICE 60000 /*  milliseconds that one read is parked */
#define PAGE 100
#define FLAWS_MOST 3

typedef struct watcher {
    struct watcher *next;
    mcp_desk_t *desk;
    mcp_peer_t *peer;
    void *ticket;
    char session[LIMIT_ID + 1];
    uint64_t n;     /*  seen up to here; 0: not known yet */
    json_t *uris;   /*  URI -> its resource_e */
    unsigned flaws; /*  reads that have failed, one after another */
} watcher_t;

static void look (watcher_t *self);

static void tell (const watcher_t *self, bool any, bool context, bool decisions, bool runs)
{
    const char *uri;
    json_t *kind;
    mcp_peer_t *peer = self->peer;
    json_t *uris = json_copy (self->uris); /*  a transport that is told may fail, and with it all this end */
    json_object_foreach (uris, uri, kind)
    {
        json_int_t is = json_integer_value (kind);
        if ((is == RESOURCE_session && any) || (is == RESOURCE_context && context) ||
            (is == RESOURCE_decisions && decisions) || (is == RESOURCE_log && runs))
            mcp_peer_changed (peer, uri);
    }
    json_decref (uris);
}

/*  A read that was lost or has waited in vain is made again; but not one that is refused again and again. */
static bool goes_on (watcher_t *self, baton_status status)
{
    self->flaws = status == BATON_OK || status == BATON_deadline_exceeded ? 0 : self->flaws + 1;
    return self->flaws <= FLAWS_MOST && !self->desk->hurried;
}

static void on_events (void *arg, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    watcher_t *self = arg;
    event_page_t page = {0};
    self->ticket = NULL;
    (void) error;
    if (status == BATON_OK)
        status = record_decode (&RECORD_event_page, body->data, body->size, &page, NULL);
    bool context = false, decisions = false, runs = false;
    for (size_t i = 0; i < page.events.count; i++) {
        const event_envelope_t *event = &page.events.items[i];
        event_kind_t kind = event_kind_find (event->kind);
        context = context || (kind && EVENTS[kind].class == event_class_context);
        runs = runs || (kind && EVENTS[kind].class == event_class_run);
        decisions = decisions || strncmp (event->kind, "decision_", strlen ("decision_")) == 0;
        self->n = event->n;
    }
    if (goes_on (self, status))
        look (self);
    bool any = page.events.count > 0;
    record_clear (&RECORD_event_page, &page);
    tell (self, any, context, decisions, runs); /*  the last: it may end the watcher */
}

/*  The position from which it is watched. */
static void on_session (void *arg, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    watcher_t *self = arg;
    session_t session = {0};
    self->ticket = NULL;
    (void) error;
    if (status == BATON_OK)
        status = record_decode (&RECORD_session, body->data, body->size, &session, NULL);
    if (status == BATON_OK)
        self->n = session.n;
    record_clear (&RECORD_session, &session);
    if (goes_on (self, status))
        look (self);
    if (status == BATON_OK) /*  what has changed between the client's wish and this, nobody has told */
        tell (self, true, true, true, true);
}

static void start (watcher_t *self, method_id_t method, const void *request, const baton_call_t *options,
                   mcp_done_t *done)
{
    baton_bytes_t body = {0};
    if (record_encode (&METHODS[method].type, request, &body) == BATON_OK)
        self->ticket = self->desk->backend->start (self->desk->backend_arg, method, &body, options, done, self);
    bytes_clear (&body);
}

static void look (watcher_t *self)
{
    baton_call_t options = {.past = self->n, .timeout = SLICE};
    session_show_request_t show = {.session = self->session};
    session_log_request_t log = {.session = self->session, .after = self->n, .limit = PAGE};
    if (self->n == 0)
        start (self, METHOD_session_show, &show, &(baton_call_t){0}, on_session);
    else
        start (self, METHOD_session_log, &log, &options, on_events);
}

/* ---- which ---- */

static watcher_t **find (mcp_desk_t *desk, const char *session)
{
    watcher_t **at = &desk->watchers;
    while (*at && strcmp ((*at)->session, session) != 0)
        at = &(*at)->next;
    return at;
}

static watcher_t *watcher_new (mcp_desk_t *desk, mcp_peer_t *peer, const char *session)
{
    watcher_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->desk = desk;
    self->peer = peer;
    self->uris = json_object ();
    self->next = desk->watchers;
    snprintf (self->session, sizeof self->session, "%s", session);
    desk->watchers = self;
    look (self);
    return self;
}

bool mcp_desk_watch (void *arg, mcp_peer_t *peer, const char *uri)
{
    mcp_desk_t *desk = arg;
    char session[LIMIT_ID + 1];
    uint64_t run = 0;
    resource_e kind = resource_parse (uri, session, &run);
    if (kind == RESOURCE_none || (*desk->session && strcmp (desk->session, session) != 0))
        return false;
    watcher_t *watcher = *find (desk, session);
    if (!watcher)
        watcher = watcher_new (desk, peer, session);
    return watcher && json_object_set_new (watcher->uris, uri, json_integer (kind)) == 0;
}

void mcp_desk_unwatch (void *arg, mcp_peer_t *peer, const char *uri)
{
    mcp_desk_t *desk = arg;
    char session[LIMIT_ID + 1];
    uint64_t run = 0;
    (void) peer;
    resource_parse (uri, session, &run);
    watcher_t **at = find (desk, session), *watcher = *at;
    if (!watcher)
        return;
    json_object_del (watcher->uris, uri);
    if (json_object_size (watcher->uris) > 0)
        return;
    *at = watcher->next;
    if (watcher->ticket)
        desk->backend->stop (desk->backend_arg, watcher->ticket);
    json_decref (watcher->uris);
    free (watcher);
}
