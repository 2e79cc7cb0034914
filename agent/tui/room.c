#include "room.h"

#include <stdlib.h>
#include <string.h>

#define TTL 300000 /*  of a presence that nobody gave a time, milliseconds */
#define READ_EVERY 50
#define RETRY 1000

void room_open (room_t *self, tui_t *tui, const char *session, uint64_t number)
{
    *self = (room_t){.tui = tui, .number = number, .wanted = true, .ttl = TTL};
    snprintf (self->session, sizeof self->session, "%s", session);
}

void room_join (room_t *self, uint64_t ttl)
{
    self->ttl = ttl > 0 ? ttl : TTL;
    self->joins = true;
    self->join_at = 0;
}

static void leave (room_t *self)
{
    breakpoint_leave_request_t request = {.session = self->session, .breakpoint = self->number};
    if (self->joined || self->joining)
        tui_call (self->tui, METHOD_breakpoint_leave, &request, NULL, NULL);
    self->joins = self->joined = false;
}

void room_close (room_t *self)
{
    if (!self->tui)
        return;
    leave (self);
    tui_forget (self->tui, self);
    record_clear (&RECORD_breakpoint_view, &self->view);
    prose_clear (&self->body);
    prose_clear (&self->talk);
    *self = (room_t){0};
}

/* ---- reading ---- */

static bool is_open (const room_t *self)
{
    return self->there && self->view.breakpoint.state == breakpoint_state_open;
}

static bool is_present (const room_t *self)
{
    for (size_t i = 0; i < self->view.breakpoint.present.count; i++)
        if (text_equal (self->view.breakpoint.present.items[i].actor, tui_me (self->tui)))
            return true;
    return false;
}

static void take_view (void *arg, void *reply, const baton_error_t *error)
{
    room_t *self = arg;
    breakpoint_view_t *view = reply;
    self->reading = false;
    self->read_at = tui_clock () + (view ? READ_EVERY : RETRY);
    if (view) {
        if (self->there && !text_equal (view->breakpoint.digest, self->view.breakpoint.digest))
            tui_notice (self->tui, STYLE_warn, "what is being decided has changed; the votes so far are void");
        record_clear (&RECORD_breakpoint_view, &self->view);
        self->view = *view;
        self->laid_out = 0;
        *view = (breakpoint_view_t){0};
        self->there = true;
        if (self->joined && self->view.n >= self->joined_n && is_open (self) && !is_present (self))
            self->join_at = 0;
    } else if (tui_passes (error))
        self->wanted = true;
    else {
        self->gone = true;
        tui_notice (self->tui, STYLE_bad, "%s", error->message);
    }
    tui_redraw (self->tui);
}

static void take_joined (void *arg, void *reply, const baton_error_t *error)
{
    room_t *self = arg;
    self->joining = false;
    self->join_at = tui_clock () + (reply ? self->ttl / 3 : RETRY);
    if (reply) {
        self->joined = true;
        self->joined_n = ((const changed_t *) reply)->n;
    } else if (!tui_passes (error)) {
        self->joins = false;
        self->wanted = true;
        if (error->reason != BATON_REASON_already_decided) /*  the outcome says it all */
            tui_notice (self->tui, STYLE_bad, "you have not joined: %s", error->message);
    }
}

static uint64_t until (uint64_t at, uint64_t now)
{
    return at > now ? at - now : 0;
}

uint64_t room_due (room_t *self)
{
    uint64_t now = tui_clock (), wait = TUI_LATER;
    if (self->wanted && !self->reading && !self->gone && (wait = until (self->read_at, now)) == 0) {
        breakpoint_show_request_t request = {.session = self->session, .breakpoint = self->number};
        self->wanted = false;
        self->reading = true;
        tui_call (self->tui, METHOD_breakpoint_show, &request, take_view, self);
        wait = TUI_LATER;
    }
    if (self->joins && !self->joining && (!self->there || is_open (self)) && until (self->join_at, now) == 0) {
        breakpoint_join_request_t request = {.session = self->session, .breakpoint = self->number, .ttl = self->ttl};
        self->joining = true;
        tui_call (self->tui, METHOD_breakpoint_join, &request, take_joined, self);
    }
    return wait;
}

void room_event (room_t *self, const event_envelope_t *event)
{
    bool ours = text_equal (event->session, self->session);
    if (ours && (strncmp (event->kind, "breakpoint_", 11) == 0 || strncmp (event->kind, "merge_", 6) == 0 ||
                 strcmp (event->kind, "session_merged") == 0))
        self->wanted = true;
}

/* ---- taking part ---- */

static void take_done (void *arg, void *reply, const baton_error_t *error)
{
    room_t *self = arg;
    self->wanted = true;
    if (reply)
        return;
    bool decided = error->reason == BATON_REASON_already_decided;
    const char *hint = decided ? "" : baton_reason_hint (error->reason); /*  the outcome is on the screen */
    tui_notice (self->tui, decided ? STYLE_warn : STYLE_bad, "%s%s%s", error->message, *hint ? " \u2192 " : "", hint);
}

static void vote (room_t *self, const utterance_t *said)
{
    breakpoint_vote_request_t request = {.session = self->session,
                                         .breakpoint = self->number,
                                         .option = said->option,
                                         .value = said->value,
                                         .key = said->key,
                                         .why = said->why,
                                         .digest = self->view.breakpoint.digest};
    tui_call (self->tui, METHOD_breakpoint_vote, &request, take_done, self);
}

static void comment (room_t *self, const utterance_t *said)
{
    breakpoint_comment_request_t request = {.session = self->session, .breakpoint = self->number, .text = said->text};
    self->talk_back = 0;
    tui_call (self->tui, METHOD_breakpoint_comment, &request, take_done, self);
}

static void claim (room_t *self)
{
    breakpoint_claim_request_t request = {.session = self->session, .breakpoint = self->number};
    tui_call (self->tui, METHOD_breakpoint_claim, &request, take_done, self);
}

static void act (room_t *self, const utterance_t *said)
{
    switch (said->kind) {
    case UTTERANCE_comment:
        comment (self, said);
        break;
    case UTTERANCE_vote:
        vote (self, said);
        break;
    case UTTERANCE_claim:
        claim (self);
        break;
    case UTTERANCE_join:
        room_join (self, self->ttl);
        break;
    case UTTERANCE_leave:
        leave (self);
        self->left = self->resident;
        break;
    case UTTERANCE_help:
        self->helping = true;
        break;
    case UTTERANCE_none:
        break;
    }
}

static void submit (room_t *self)
{
    utterance_t said = {0};
    baton_error_t error = {0};
    if (utterance_parse (&self->view, self->line.text, &said, &error) != BATON_OK) {
        tui_notice (self->tui, STYLE_bad, "%s", error.message);
        return; /*  to be mended */
    }
    act (self, &said);
    utterance_clear (&said);
    line_set (&self->line, "");
    self->typing = self->resident;
}

static void complete (room_t *self)
{
    baton_texts_t choices = {0};
    char *text = utterance_complete (&self->view, self->line.text, &choices);
    if (text && strcmp (text, self->line.text) != 0)
        line_set (&self->line, text);
    else if (choices.count > 1) {
        char words[256] = "";
        for (size_t i = 0, used = 0; i < choices.count && used < sizeof words - 1; i++)
            used += (size_t) snprintf (words + used, sizeof words - used, "%s  ", choices.items[i]);
        tui_notice (self->tui, STYLE_dim, "%s", words);
    }
    free (text);
    texts_clear (&choices);
}

/* ---- keys ---- */

static void stop_typing (room_t *self)
{
    line_set (&self->line, "");
    self->typing = self->resident;
}

static bool scroll (room_t *self, stroke_t stroke)
{
    const size_t page = 10;
    size_t *body = &self->body_from, *talk = &self->talk_back;
    if (stroke.kind == STROKE_up)
        *body -= *body > 0;
    else if (stroke.kind == STROKE_down)
        *body += 1;
    else if (stroke.kind == STROKE_page_up)
        *body -= *body < page ? *body : page;
    else if (stroke.kind == STROKE_page_down)
        *body += page;
    else if (stroke.kind == STROKE_control && stroke.point == 'p')
        *talk += 1;
    else if (stroke.kind == STROKE_control && stroke.point == 'n')
        *talk -= *talk > 0;
    else
        return false;
    return true;
}

static void type (room_t *self, stroke_t stroke)
{
    if (stroke.kind == STROKE_enter)
        submit (self);
    else if (stroke.kind == STROKE_tab)
        complete (self);
    else if (stroke.kind == STROKE_escape)
        stop_typing (self);
    else if (stroke.kind == STROKE_control && stroke.point == 'd' && self->line.length == 0 && self->resident)
        self->left = true;
    else
        line_take (&self->line, stroke);
}

/*  Each is the beginning of a line, or a whole one. */
static void press (room_t *self, uint32_t point)
{
    static const struct {
        char key;
        const char *text;
        bool whole;
    } KEYS[] = {{'v', "/vote ", false}, {'/', "/", false},     {'c', "", false},    {'C', "/claim", true},
                {'J', "/join", true},   {'L', "/leave", true}, {'?', "/help", true}};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        if ((uint32_t) KEYS[i].key == point) {
            line_set (&self->line, KEYS[i].text);
            self->typing = true;
            if (KEYS[i].whole)
                submit (self);
            return;
        }
    if (point == 'j' || point == 'k')
        scroll (self, (stroke_t){point == 'j' ? STROKE_down : STROKE_up, 0});
    else if (point == 'q')
        self->left = true;
}

void room_key (room_t *self, stroke_t stroke)
{
    if (self->helping)
        self->helping = false;
    else if (scroll (self, stroke))
        return;
    else if (self->typing || self->resident)
        type (self, stroke);
    else if (stroke.kind == STROKE_text)
        press (self, stroke.point);
    else if (stroke.kind == STROKE_escape)
        self->left = true;
}
