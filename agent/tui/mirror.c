#include "mirror.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 1000
#define RETRY 1000
#define ROW_EVERY 100       /*  milliseconds between two readings of single sessions */
#define LIST_EVERY 200      /*  likewise of breakpoints and nodes, */
#define SESSIONS_EVERY 1000 /*  and of all sessions, */
#define SHARE 5             /*  but reading is never more than such a part of the time */
#define NAMESAKES 16        /*  other sessions whose labels may have the id of one */

void mirror_open (mirror_t *self, tui_t *tui)
{
    *self = (mirror_t){.tui = tui, .changed = 1};
    self->sessions = (mirror_list_t){.method = METHOD_session_list, .wanted = true, .pause = SESSIONS_EVERY};
    self->breakpoints = (mirror_list_t){.method = METHOD_breakpoint_list, .wanted = true, .pause = LIST_EVERY};
    self->nodes = (mirror_list_t){.method = METHOD_node_list, .wanted = true, .pause = LIST_EVERY};
}

/*  The list of each of these answers is the first of their fields. */
static const record_type_t *row_type (method_id_t method)
{
    return METHODS[method].reply->fields ()[0].type;
}

static void rows_clear (const record_type_t *type, board_rows_t *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        record_clear (type, (char *) rows->items + i * type->size);
    free (rows->items);
    *rows = (board_rows_t){0};
}

static void list_clear (mirror_list_t *list)
{
    rows_clear (row_type (list->method), &list->rows);
    rows_clear (row_type (list->method), &list->pages);
}

void mirror_close (mirror_t *self)
{
    if (!self->tui)
        return;
    tui_forget (self->tui, self);
    list_clear (&self->sessions);
    list_clear (&self->breakpoints);
    list_clear (&self->nodes);
    *self = (mirror_t){0};
}

/* ---- lists ---- */

static void take_page (mirror_t *self, mirror_list_t *list, void *reply, const baton_error_t *error);

static void take_sessions (void *arg, void *reply, const baton_error_t *error)
{
    take_page (arg, &((mirror_t *) arg)->sessions, reply, error);
}

static void take_breakpoints (void *arg, void *reply, const baton_error_t *error)
{
    take_page (arg, &((mirror_t *) arg)->breakpoints, reply, error);
}

static void take_nodes (void *arg, void *reply, const baton_error_t *error)
{
    take_page (arg, &((mirror_t *) arg)->nodes, reply, error);
}

static void ask_page (mirror_t *self, mirror_list_t *list)
{
    session_list_request_t sessions = {.after = list->cursor, .limit = PAGE};
    breakpoint_list_request_t breakpoints = {.after = list->cursor, .limit = PAGE};
    node_list_request_t nodes = {};
    if (list == &self->sessions)
        tui_call (self->tui, list->method, &sessions, take_sessions, self);
    else if (list == &self->breakpoints)
        tui_call (self->tui, list->method, &breakpoints, take_breakpoints, self);
    else
        tui_call (self->tui, list->method, &nodes, take_nodes, self);
}

/*  Moves the rows of a page behind those that are there. */
static bool add_rows (const record_type_t *type, board_rows_t *rows, board_rows_t *page)
{
    char *items = reallocarray (rows->items, rows->count + page->count + 1, type->size);
    if (!items)
        return false;
    if (page->count > 0)
        memcpy (items + rows->count * type->size, page->items, page->count * type->size);
    rows->items = items;
    rows->count += page->count;
    free (page->items);
    *page = (board_rows_t){0};
    return true;
}

static void end_reading (mirror_t *self, mirror_list_t *list)
{
    uint64_t now = tui_clock (), share = (now - list->begun_at) * SHARE;
    list->reading = false;
    list->read_at = now + (share > list->pause ? share : list->pause);
    *list->cursor = '\0';
    rows_clear (row_type (list->method), &list->pages);
    self->changed++;
    tui_redraw (self->tui);
}

static void fail_reading (mirror_t *self, mirror_list_t *list, const baton_error_t *error)
{
    bool passes = tui_passes (error);
    snprintf (list->failure, sizeof list->failure, "%s", passes ? "" : error->message);
    list->wanted = passes;
    end_reading (self, list);
    list->read_at = tui_clock () + RETRY;
}

/*  Pages are shown all at once, so that nothing goes away and comes back. */
static void take_page (mirror_t *self, mirror_list_t *list, void *reply, const baton_error_t *error)
{
    baton_error_t full = {.status = BATON_resource_exhausted, .message = "there is no memory for the list"};
    if (!reply || !add_rows (row_type (list->method), &list->pages, reply)) {
        fail_reading (self, list, reply ? &full : error);
        return;
    }
    const char *cursor = record_text (METHODS[list->method].reply, reply, "cursor");
    *list->failure = '\0';
    if (cursor && *cursor) {
        snprintf (list->cursor, sizeof list->cursor, "%s", cursor);
        ask_page (self, list);
        return;
    }
    board_rows_t old = list->rows;
    list->rows = list->pages;
    list->pages = old;
    end_reading (self, list);
}

/*  Begins a reading that is due; gives the time until it is. */
static uint64_t list_due (mirror_t *self, mirror_list_t *list)
{
    uint64_t now = tui_clock ();
    bool overlaps = list == &self->sessions && self->asked > 0; /*  an older row must not come after */
    if (!list->wanted || list->reading || overlaps)
        return TUI_LATER;
    if (now < list->read_at)
        return list->read_at - now;
    list->wanted = false;
    list->reading = true;
    list->begun_at = now;
    ask_page (self, list);
    return TUI_LATER;
}

/* ---- single sessions ---- */

static session_row_t *find_row (const mirror_t *self, const char *session)
{
    session_row_t *rows = self->sessions.rows.items;
    for (size_t i = 0; i < self->sessions.rows.count; i++)
        if (strcmp (rows[i].session, session) == 0)
            return &rows[i];
    return NULL;
}

/*  New sessions come first, as in a reading of all. */
static session_row_t *add_row (mirror_t *self)
{
    board_rows_t *rows = &self->sessions.rows;
    session_row_t *items = reallocarray (rows->items, rows->count + 1, sizeof *items);
    if (!items)
        return NULL;
    memmove (items + 1, items, rows->count * sizeof *items);
    *items = (session_row_t){0};
    rows->items = items;
    rows->count++;
    return items;
}

static void take_row (mirror_t *self, session_row_t *row)
{
    session_row_t *place = find_row (self, row->session);
    if (!place)
        place = add_row (self);
    if (!place)
        return;
    if (row->activity.at < place->activity.at)
        row->activity.at = place->activity.at;
    record_clear (&RECORD_session_row, place);
    *place = *row;
    *row = (session_row_t){0};
    self->changed++;
    tui_redraw (self->tui);
}

static void take_match (void *arg, void *reply, const baton_error_t *error)
{
    mirror_t *self = arg;
    session_page_t *page = reply;
    self->asked--;
    if (!page) {
        self->sessions.wanted = self->sessions.wanted || tui_passes (error);
        return;
    }
    for (size_t i = 0; i < page->sessions.count; i++)
        take_row (self, &page->sessions.items[i]);
    /*  One that can't be seen any more is found missing by a reading of all; so is one with many namesakes. */
    if (page->sessions.count == 0 || page->sessions.count == NAMESAKES)
        self->sessions.wanted = true;
}

static uint64_t rows_due (mirror_t *self)
{
    uint64_t now = tui_clock ();
    if (self->dirty_count == 0 || self->asked > 0 || self->sessions.reading)
        return TUI_LATER;
    if (now < self->ask_at)
        return self->ask_at - now;
    for (size_t i = 0; i < self->dirty_count; i++) {
        session_list_request_t request = {.match = self->dirty[i], .limit = NAMESAKES};
        self->asked++;
        tui_call (self->tui, METHOD_session_list, &request, take_match, self);
    }
    self->dirty_count = 0;
    self->ask_at = now + ROW_EVERY;
    return TUI_LATER;
}

static void note_session (mirror_t *self, const char *session)
{
    for (size_t i = 0; i < self->dirty_count; i++)
        if (strcmp (self->dirty[i], session) == 0)
            return;
    if (self->sessions.wanted)
        return;
    if (self->dirty_count == MIRROR_DIRTY) {
        self->sessions.wanted = true;
        self->dirty_count = 0;
    } else
        snprintf (self->dirty[self->dirty_count++], LIMIT_ID + 1, "%s", session);
}

/* ---- events ---- */

static event_class_e class_of (const char *kind)
{
    for (int i = 1; i < EVENT_COUNT; i++)
        if (strcmp (EVENTS[i].name, kind) == 0)
            return EVENTS[i].class;
    return event_class_none;
}

void mirror_event (mirror_t *self, const event_envelope_t *event)
{
    event_class_e class = class_of (event->kind);
    bool site = strcmp (event->session, "site") == 0;
    session_row_t *row = site ? NULL : find_row (self, event->session);
    if (row) /*  lists learn of that a little later than of the rest */
        row->activity.at = event->at;
    if (!site)
        note_session (self, event->session);
    if (class == event_class_breakpoint || class == event_class_lifecycle || class == event_class_none)
        self->breakpoints.wanted = true;
    if (class == event_class_node || class == event_class_run || class == event_class_none)
        self->nodes.wanted = true;
}

uint64_t mirror_due (mirror_t *self)
{
    uint64_t wait = TUI_LATER;
    const uint64_t waits[] = {list_due (self, &self->sessions), list_due (self, &self->breakpoints),
                              list_due (self, &self->nodes), rows_due (self)};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        wait = waits[i] < wait ? waits[i] : wait;
    return wait;
}
