/*  The site's log, and following it. */
#include "handlers.h"

#include <stdio.h>
#include <string.h>

#define PAGE_DEFAULT 100

/*  The position asked for cannot be served: it is past the end (the broker was restored from a backup), or further
 *  back than the client wants to read. */
static baton_status resync (broker_t *broker, const events_read_request_t *params, event_page_t *page,
                            baton_error_t *error)
{
    entry_t *entry = NULL;
    page->resync = true;
    page->last = page->head;
    if (!params->session)
        return BATON_OK;
    baton_status status = cache_get (journal_cache (broker->journal), params->session, &entry, error);
    if (status == BATON_OK && record_encode (&RECORD_session, &entry->state, &page->state) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

/*  One page of the log as somebody sees it. */
typedef struct {
    store_t *store;
    const viewer_t *viewer;
    const char *kind; /*  this kind; NULL: all */
    const char *only; /*  this session, which was looked at before; NULL: all */
    event_page_t *page;
    char last[LIMIT_ID + 1]; /*  of the sessions looked at, as most events follow one of their own */
    bool shown;              /*  that one */
} reading_t;

static baton_status look_at (reading_t *self, const char *session, bool *ret_shown, baton_error_t *error)
{
    audience_t site = {0};
    baton_status status = BATON_OK;
    if (self->only || self->viewer->role == role_admin)
        *ret_shown = !self->only || strcmp (self->only, session) == 0;
    else if (strcmp (session, SITE_ID) == 0)
        *ret_shown = access_of (self->viewer, &site) >= access_view;
    else {
        if (strcmp (self->last, session) != 0)
            status = store_shows (self->store, session, self->viewer, &self->shown, error);
        snprintf (self->last, sizeof self->last, "%s", status == BATON_OK ? session : "");
        *ret_shown = self->shown;
    }
    return status;
}

static baton_status add_event (reading_t *self, const store_read_t *row, baton_error_t *error)
{
    event_envelope_t event = {0};
    bool shown = false;
    baton_status status = record_decode (&RECORD_event_envelope, row->data.data, row->data.size, &event, error);
    bool wanted = status == BATON_OK && (!self->kind || text_equal (event.kind, self->kind));
    if (wanted)
        status = look_at (self, event.session, &shown, error);
    event_envelope_t *slot = shown ? list_append (&self->page->events, sizeof *slot) : NULL;
    if (slot) {
        *slot = event;
        return status;
    }
    record_clear (&RECORD_event_envelope, &event);
    return status == BATON_OK && shown ? baton_fail_memory (error) : status;
}

static baton_status read_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const events_read_request_t *params = request->params;
    event_page_t *page = reply;
    reading_t reading = {
        .store = store, .viewer = &request->viewer, .kind = params->kind, .only = params->session, .page = page};
    store_reads_t rows = {0};
    baton_status status = store_log (store, params->after, params->class, params->limit ? params->limit : PAGE_DEFAULT,
                                     &rows, &page->last, error);
    for (size_t i = 0; status == BATON_OK && i < rows.count; i++)
        status = add_event (&reading, &rows.items[i], error);
    store_reads_clear (&rows);
    return status;
}

baton_status handle_events_read (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const events_read_request_t *params = request->params;
    event_page_t *page = ret_reply;
    page->head = store_head (broker->store);
    if (params->after > page->head || (params->most > 0 && page->head - params->after > params->most))
        return resync (broker, params, page, error);
    request->later = read_later;
    return BATON_OK;
}

baton_status handle_events_subscribe (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    subscribed_t *subscribed = ret_reply;
    subscribed->head = store_head (broker->store);
    if (request->door)
        return streams_add (broker->streams, request, &subscribed->subscription, error);
    return subscriptions_add (broker->subscriptions, &request->peer, request->key, request->params,
                              &subscribed->subscription, error);
}

baton_status handle_events_unsubscribe (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    (void) error;
    const events_unsubscribe_request_t *params = request->params;
    if (request->door) /*  the door has one client, which knows its numbers */
        streams_remove (broker->streams, params->subscription);
    else
        subscriptions_remove (broker->subscriptions, &request->peer, params->subscription);
    return BATON_OK;
}
