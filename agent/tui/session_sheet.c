#include "session_sheet.h"

#include "tally.h"
#include "text.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

#define READ_EVERY 200 /*  milliseconds between two readings */
#define RETRY 1000
#define RUNS 5        /*  that are shown */
#define EVENTS 30     /*  likewise */
#define BODY_MOST 200 /*  bytes of an event */

void session_sheet_open (session_sheet_t *self, tui_t *tui, const char *session)
{
    *self = (session_sheet_t){.tui = tui, .wanted = true};
    snprintf (self->session, sizeof self->session, "%s", session);
}

void session_sheet_close (session_sheet_t *self)
{
    if (!self->tui)
        return;
    tui_forget (self->tui, self);
    record_clear (&RECORD_session, &self->state);
    record_clear (&RECORD_run_page, &self->runs);
    record_clear (&RECORD_event_page, &self->events);
    *self = (session_sheet_t){0};
}

uint64_t session_sheet_asks (const session_sheet_t *self)
{
    for (size_t i = 0; i < self->state.breakpoints.count; i++)
        if (self->state.breakpoints.items[i].state == breakpoint_state_open)
            return self->state.breakpoints.items[i].number;
    return 0;
}

/* ---- reading ---- */

/*  Takes over what an answer holds. */
static void take (session_sheet_t *self, const record_type_t *type, void *place, void *reply,
                  const baton_error_t *error)
{
    self->reading--;
    if (reply) {
        record_clear (type, place);
        memcpy (place, reply, type->size);
        memset (reply, 0, type->size);
    } else if (tui_passes (error)) {
        self->wanted = true;
        self->read_at = tui_clock () + RETRY;
    } else
        tui_notice (self->tui, STYLE_bad, "%s", error->message);
    tui_redraw (self->tui);
}

static void take_runs (void *arg, void *reply, const baton_error_t *error)
{
    session_sheet_t *self = arg;
    take (self, &RECORD_run_page, &self->runs, reply, error);
}

static void take_events (void *arg, void *reply, const baton_error_t *error)
{
    session_sheet_t *self = arg;
    take (self, &RECORD_event_page, &self->events, reply, error);
}

/*  Only the state says how many runs and events there are. */
static void take_state (void *arg, void *reply, const baton_error_t *error)
{
    session_sheet_t *self = arg;
    take (self, &RECORD_session, &self->state, reply, error);
    if (!self->state.session)
        return;
    self->there = true;
    uint64_t run = self->state.run.number, n = self->state.n;
    run_list_request_t runs = {.session = self->session, .after = run > RUNS ? run - RUNS : 0, .limit = RUNS};
    session_log_request_t log = {.session = self->session, .after = n > EVENTS ? n - EVENTS : 0, .limit = EVENTS};
    self->reading += 2;
    tui_call (self->tui, METHOD_run_list, &runs, take_runs, self);
    tui_call (self->tui, METHOD_session_log, &log, take_events, self);
}

uint64_t session_sheet_due (session_sheet_t *self)
{
    uint64_t now = tui_clock ();
    if (!self->wanted || self->reading > 0)
        return TUI_LATER;
    if (now < self->read_at)
        return self->read_at - now;
    session_show_request_t request = {.session = self->session};
    self->wanted = false;
    self->reading = 1;
    self->read_at = now + READ_EVERY;
    tui_call (self->tui, METHOD_session_show, &request, take_state, self);
    return TUI_LATER;
}

void session_sheet_event (session_sheet_t *self, const event_envelope_t *event)
{
    self->wanted = self->wanted || text_equal (event->session, self->session);
}

/* ---- keys ---- */

void session_sheet_key (session_sheet_t *self, stroke_t stroke)
{
    size_t page = self->rows > 2 ? self->rows - 1 : 1;
    bool text = stroke.kind == STROKE_text;
    if (stroke.kind == STROKE_down || (text && stroke.point == 'j'))
        self->from++;
    else if (stroke.kind == STROKE_up || (text && stroke.point == 'k'))
        self->from -= self->from > 0;
    else if (stroke.kind == STROKE_page_down)
        self->from += page;
    else if (stroke.kind == STROKE_page_up)
        self->from -= self->from < page ? self->from : page;
    else if (stroke.kind == STROKE_home || (text && stroke.point == 'g'))
        self->from = 0;
    else if (stroke.kind == STROKE_end || (text && stroke.point == 'G'))
        self->from = SIZE_MAX / 2;
    else if (stroke.kind == STROKE_escape || (text && stroke.point == 'q'))
        self->left = true;
}

/* ---- drawing ---- */

static void add_fields (const session_sheet_t *self, prose_t *prose, size_t cells)
{
    static const char *const PATHS[] = {"session",    "state",      "cause",  "waiting",   "objective",
                                        "agent",      "priority",   "labels", "parent",    "home",
                                        "lease.node", "driver",     "items",  "tokens",    "depends_on",
                                        "triggers",   "run.detail", "n",      "created_by"};
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        char *text = view_path (&RECORD_session, &self->state, PATHS[i]), name[LIMIT_NAME];
        snprintf (name, sizeof name, "%s", PATHS[i]);
        for (char *at = name; *at; at++)
            *at = *at == '_' || *at == '.' ? ' ' : *at;
        if (text)
            prose_print (prose, STYLE_plain, cells, 12, "%-11s %s", name, text);
        free (text);
    }
}

static void add_breakpoints (const session_sheet_t *self, prose_t *prose, size_t cells)
{
    bool headed = false;
    for (size_t i = 0; i < self->state.breakpoints.count; i++) {
        const breakpoint_t *breakpoint = &self->state.breakpoints.items[i];
        if (breakpoint->state != breakpoint_state_open)
            continue;
        char *tally = tally_text (breakpoint);
        if (!headed)
            prose_add (prose, STYLE_head, cells, 0, "\nopen breakpoints (b takes you to the first)");
        headed = true;
        prose_print (prose, STYLE_warn, cells, 5, "%4llu %s (%s)", (unsigned long long) breakpoint->number,
                     breakpoint->title, tally ? tally : "");
        free (tally);
    }
}

static void add_runs (const session_sheet_t *self, prose_t *prose, size_t cells)
{
    if (self->runs.runs.count > 0)
        prose_add (prose, STYLE_head, cells, 0, "\nlast runs");
    for (size_t i = self->runs.runs.count; i-- > 0;) {
        const run_t *run = &self->runs.runs.items[i];
        prose_print (prose, STYLE_plain, cells, 5, "%4llu %s %s  %s %s", (unsigned long long) run->number,
                     enum_name (&run_phase_names, run->phase), enum_name (&run_outcome_names, run->outcome),
                     run->node ? run->node : "", run->detail ? run->detail : "");
    }
}

static void add_events (const session_sheet_t *self, prose_t *prose, size_t cells)
{
    prose_add (prose, STYLE_head, cells, 0, "\nlast of the journal");
    for (size_t i = self->events.events.count; i-- > 0;) {
        const event_envelope_t *event = &self->events.events.items[i];
        char at[VIEW_TIME_SIZE];
        view_time (event->at, at);
        char *body = view_path (&RECORD_event_envelope, event, "body");
        prose_print (prose, STYLE_plain, cells, 20, "%6llu %.8s %s %s %.*s", (unsigned long long) event->n,
                     strchr (at, 'T') ? strchr (at, 'T') + 1 : at, event->kind, event->actor ? event->actor : "",
                     body ? (int) text_cut (body, BODY_MOST) : 0, body ? body : "");
        free (body);
    }
}

void session_sheet_draw (session_sheet_t *self, screen_t *screen)
{
    size_t cells = screen_columns (screen), last = screen_rows (screen) - 1;
    prose_t prose = {0};
    char title[LIMIT_TITLE + 16];
    snprintf (title, sizeof title, " %s", self->there ? self->state.title : self->session);
    screen_bar (screen, 0, STYLE_bar, title, self->there ? enum_name (&lifecycle_names, self->state.state) : "\u2026");
    if (self->there) {
        add_fields (self, &prose, cells);
        add_breakpoints (self, &prose, cells);
        add_runs (self, &prose, cells);
        add_events (self, &prose, cells);
    }
    self->rows = last > 2 ? last - 2 : 0;
    size_t most = prose.count > self->rows ? prose.count - self->rows : 0;
    self->from = self->from < most ? self->from : most;
    for (size_t i = 0; i < self->rows && self->from + i < prose.count; i++)
        screen_text (screen, 1 + i, 0, SIZE_MAX, prose.items[self->from + i].style, prose.items[self->from + i].text);
    prose_clear (&prose);
    if (last > 1)
        tui_draw_notice (self->tui, screen, last - 1);
    screen_text (screen, last, 0, SIZE_MAX, STYLE_dim, "j/k scroll  b its breakpoint  ? help  Esc back");
}
