#include "tui.h"

#include "calls.h"
#include "view.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define AWAY_MOST 1500 /*  milliseconds without a connection before we say so */
#define SETTLE 2000    /*  that we take to say that we go */
#define NOTICE_SIZE 512

/*  A call under way. */
typedef struct pending {
    struct pending *next;
    tui_t *tui;
    method_id_t method;
    void *ticket;
    tui_done_t *done;
    void *arg;
} pending_t;

struct tui {
    cli_t *cli;
    screen_t *screen;
    calls_t *calls;
    baton_events_t *events;
    pending_t *pending;
    int signals;
    sigset_t mask_before;
    char me[LIMIT_NAME + 1];
    int64_t ahead;    /*  of our clock: the broker's, milliseconds */
    uint64_t stirred; /*  counts calls begun and ended */
    uint64_t heard_at;
    bool away;
    bool stale; /*  the screen */
    uint64_t drawn_at;
    bool ended;
    char notice[NOTICE_SIZE];
    style_t notice_style;
};

/* ---- clocks ---- */

static uint64_t read_clock (clockid_t clock)
{
    struct timespec now;
    clock_gettime (clock, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

uint64_t tui_clock (void)
{
    return read_clock (CLOCK_MONOTONIC);
}

uint64_t tui_now (const tui_t *self)
{
    return (uint64_t) ((int64_t) read_clock (CLOCK_REALTIME) + self->ahead);
}

void tui_span (uint64_t milliseconds, char ret_text[TUI_SPAN_SIZE])
{
    view_duration (milliseconds < 1000 ? 0 : milliseconds / 1000 * 1000, ret_text);
}

/* ---- new, destroy ---- */

/*  *ret_seq is where the site's log stands: what is read later may lack nothing but what comes after it. */
static baton_status greet (tui_t *self, uint64_t *ret_seq, baton_error_t *error)
{
    site_about_request_t request = {};
    about_t about = {0};
    baton_status status = cli_call (self->cli, METHOD_site_about, &request, &about, NULL, error);
    if (status == BATON_OK) {
        *ret_seq = about.seq;
        snprintf (self->me, sizeof self->me, "%s", about.you ? about.you : "");
        self->ahead = (int64_t) about.now - (int64_t) read_clock (CLOCK_REALTIME);
    }
    record_clear (&RECORD_about, &about);
    return status;
}

/*  Signals become something to read, so that none comes in the middle of a drawing. */
static baton_status hold_signals (tui_t *self, baton_error_t *error)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGHUP);
    sigaddset (&set, SIGQUIT);
    sigaddset (&set, SIGWINCH);
    sigprocmask (SIG_BLOCK, &set, &self->mask_before);
    self->signals = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (self->signals >= 0)
        return BATON_OK;
    return baton_fail (error, BATON_internal, BATON_REASON_none, "can't wait for signals: %s", strerror (errno));
}

baton_status tui_new (cli_t *cli, const char *command, tui_t **ret_tui, baton_error_t *error)
{
    baton_status status = cli_find_context (cli, error);
    if (status == BATON_OK && cli_inside (cli))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_not_your_session,
                           "%s is for people at a terminal, not for a run", command);
    tui_t *self = status == BATON_OK ? calloc (1, sizeof *self) : NULL;
    if (!self)
        return status == BATON_OK ? baton_fail_memory (error) : status;
    baton_filter_t everything = {0};
    self->cli = cli;
    self->signals = -1;
    self->stale = true;
    self->heard_at = tui_clock ();
    status = greet (self, &everything.after, error);
    if (status == BATON_OK)
        status = hold_signals (self, error);
    if (status == BATON_OK)
        status = calls_new (&cli->context, &self->calls, error);
    if (status == BATON_OK)
        status = baton_events_new (&cli->context, &everything, &self->events, error);
    if (status == BATON_OK)
        status = screen_new (&self->screen, error);
    if (status != BATON_OK)
        tui_destroy (&self);
    else
        *ret_tui = self;
    return status;
}

void tui_destroy (tui_t **self)
{
    if (!*self)
        return;
    screen_destroy (&(*self)->screen);
    calls_destroy (&(*self)->calls);
    while ((*self)->pending) {
        pending_t *next = (*self)->pending->next;
        free ((*self)->pending);
        (*self)->pending = next;
    }
    baton_events_destroy (&(*self)->events);
    if ((*self)->signals >= 0) {
        close ((*self)->signals);
        sigprocmask (SIG_SETMASK, &(*self)->mask_before, NULL);
    }
    free (*self);
    *self = NULL;
}

const char *tui_me (const tui_t *self)
{
    return self->me;
}

const char *tui_endpoint (const tui_t *self)
{
    return self->cli->context.endpoint;
}

void tui_end (tui_t *self)
{
    self->ended = true;
}

void tui_redraw (tui_t *self)
{
    self->stale = true;
}

/* ---- notices ---- */

void tui_notice (tui_t *self, style_t style, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->notice, sizeof self->notice, format, arguments);
    va_end (arguments);
    self->notice_style = style;
    self->stale = true;
}

bool tui_draw_notice (tui_t *self, screen_t *screen, size_t row)
{
    char away[NOTICE_SIZE];
    snprintf (away, sizeof away, "no answer from %s; still trying. What is shown may be old", tui_endpoint (self));
    if (self->away)
        screen_text (screen, row, 0, SIZE_MAX, STYLE_bad, away);
    else if (*self->notice)
        screen_text (screen, row, 0, SIZE_MAX, self->notice_style, self->notice);
    return self->away || *self->notice;
}

/*  Says once that the broker is away, and once that it is back. */
static void note_connection (tui_t *self)
{
    uint64_t now = tui_clock ();
    if (baton_events_connected (self->events))
        self->heard_at = now;
    bool away = now - self->heard_at >= AWAY_MOST;
    if (away == self->away)
        return;
    self->away = away;
    self->stale = true;
    if (!away)
        tui_notice (self, STYLE_good, "%s answers again", tui_endpoint (self));
}

/* ---- calls ---- */

bool tui_passes (const baton_error_t *error)
{
    return error->status == BATON_unavailable || error->status == BATON_deadline_exceeded ||
           baton_reason_retry (error->reason);
}

static void take_out (tui_t *self, const pending_t *call)
{
    pending_t **at = &self->pending;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
}

static void finish (void *arg, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    pending_t *call = arg;
    const record_type_t *type = METHODS[call->method].reply;
    void *reply = status == BATON_OK ? calloc (1, type->size + 1) : NULL;
    baton_error_t flaw = status == BATON_OK ? (baton_error_t){.status = BATON_resource_exhausted} : *error;
    if (reply)
        status = record_decode (type, body->data, body->size, reply, &flaw);
    take_out (call->tui, call);
    call->tui->stirred++;
    if (call->done)
        call->done (call->arg, reply && status == BATON_OK ? reply : NULL, &flaw);
    record_clear (type, reply);
    free (reply);
    free (call);
}

void tui_call (tui_t *self, method_id_t method, const void *request, tui_done_t *done, void *arg)
{
    baton_error_t error = {0};
    baton_bytes_t body = {0};
    const baton_call_t options = {.timeout = self->cli->timeout};
    pending_t *call = calloc (1, sizeof *call);
    if (call && record_encode (&METHODS[method].type, request, &body) == BATON_OK) {
        *call = (pending_t){self->pending, self, method, NULL, done, arg};
        self->pending = call;
        self->stirred++;
        call->ticket = calls_start (self->calls, METHODS[method].name, &body, &options, finish, call);
        if (!call->ticket)
            finish (call, baton_fail_memory (&error), NULL, &error);
    } else {
        free (call);
        (void) !baton_fail_memory (&error);
        if (done)
            done (arg, NULL, &error);
    }
    bytes_clear (&body);
}

void tui_forget (tui_t *self, const void *arg)
{
    for (pending_t *call = self->pending; call; call = call->next)
        if (call->arg == arg) {
            call->done = NULL;
            call->arg = NULL;
        }
}

static bool changes_pending (const tui_t *self)
{
    for (const pending_t *call = self->pending; call; call = call->next)
        if (METHODS[call->method].change)
            return true;
    return false;
}

void tui_settle (tui_t *self)
{
    uint64_t deadline = tui_clock () + SETTLE, now;
    for (calls_step (self->calls); changes_pending (self) && (now = tui_clock ()) < deadline;
         calls_step (self->calls)) {
        struct pollfd fd = {calls_fd (self->calls), POLLIN, 0};
        poll (&fd, 1, (int) (deadline - now < 100 ? deadline - now : 100));
    }
}

/* ---- the loop ---- */

static baton_status take_events (tui_t *self, const face_t *face, void *arg, baton_error_t *error)
{
    for (;;) {
        uint8_t *data = NULL;
        size_t size = 0;
        uint64_t seq = 0;
        event_envelope_t event = {0};
        baton_status status = baton_events_next (self->events, 0, &data, &size, &seq, error);
        if (status == BATON_OK && face->event &&
            record_decode (&RECORD_event_envelope, data, size, &event, NULL) == BATON_OK)
            face->event (arg, &event);
        record_clear (&RECORD_event_envelope, &event);
        free (data);
        if (status != BATON_OK)
            return status == BATON_deadline_exceeded ? BATON_OK : status;
    }
}

/*  An answer may make something due, and beginning that may take answers out of the socket unseen: until all is still.
 */
static uint64_t take_answers (tui_t *self, const face_t *face, void *arg)
{
    uint64_t before, wait;
    do {
        before = self->stirred;
        wait = face->due ? face->due (arg) : TUI_LATER;
        calls_step (self->calls);
    } while (self->stirred != before);
    return wait < TUI_LATER ? wait : TUI_LATER;
}

static void take_signals (tui_t *self)
{
    struct signalfd_siginfo info;
    while (read (self->signals, &info, sizeof info) == (ssize_t) sizeof info)
        if (info.ssi_signo == SIGWINCH) {
            screen_fit (self->screen);
            self->stale = true;
        } else
            self->ended = true;
}

static void take_keys (tui_t *self, const face_t *face, void *arg)
{
    stroke_t stroke;
    while (!self->ended && (stroke = screen_stroke (self->screen)).kind != STROKE_none) {
        if (stroke.kind == STROKE_control && stroke.point == 'l')
            screen_fit (self->screen);
        *self->notice = '\0';
        self->stale = true;
        face->key (arg, stroke);
    }
}

static void draw (tui_t *self, const face_t *face, void *arg)
{
    self->stale = false;
    self->drawn_at = tui_clock ();
    screen_erase (self->screen);
    face->draw (arg, self->screen);
    screen_show (self->screen);
}

/*  False when the terminal has gone. */
static bool await (tui_t *self, uint64_t wait)
{
    struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0},
                           {self->signals, POLLIN, 0},
                           {calls_fd (self->calls), POLLIN, 0},
                           {baton_events_fd (self->events), POLLIN, 0}};
    int timeout = calls_timeout (self->calls);
    if (timeout < 0 || (uint64_t) timeout > wait)
        timeout = (int) wait;
    poll (fds, 4, timeout);
    return !(fds[0].revents & (POLLHUP | POLLERR | POLLNVAL));
}

baton_status tui_run (tui_t *self, const face_t *face, void *arg, baton_error_t *error)
{
    baton_status status = BATON_OK;
    while (status == BATON_OK && !self->ended) {
        status = take_events (self, face, arg, error);
        note_connection (self);
        uint64_t wait = take_answers (self, face, arg);
        if (self->stale || tui_clock () - self->drawn_at >= TUI_LATER)
            draw (self, face, arg);
        if (status == BATON_OK && !self->ended && !await (self, wait))
            self->ended = true;
        take_signals (self);
        take_keys (self, face, arg);
    }
    return status;
}
