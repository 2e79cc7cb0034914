#include "stdio_door.h"

#include "calls.h"
#include "desk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536
#define GRACE 5000 /*  milliseconds in which what was asked is still answered once our input has ended */

typedef struct {
    calls_t *calls;
    mcp_peer_t *peer;
    uint64_t timeout;
    char *line; /*  what has come of the line that is not complete */
    size_t length, room;
    bool skipping; /*  the rest of a line that is too long */
    bool gone;     /*  nobody reads what we write */
} door_t;

/* ---- out ---- */

static void write_all (door_t *self, const char *data, size_t size)
{
    while (size > 0 && !self->gone) {
        ssize_t written = write (STDOUT_FILENO, data, size);
        if (written < 0 && errno != EINTR)
            self->gone = true;
        else if (written > 0) {
            data += written;
            size -= (size_t) written;
        }
    }
}

static void send_message (void *arg, void *exchange, const json_t *message, bool last, int status)
{
    door_t *self = arg;
    (void) exchange;
    (void) last;
    (void) status;
    char *text = message ? json_dumps (message, JSON_COMPACT) : NULL;
    if (!text)
        return;
    size_t size = strlen (text);
    text[size] = '\n'; /*  in the place of its end */
    write_all (self, text, size + 1);
    free (text);
}

/* ---- to the broker ---- */

static void *start (void *arg, method_id_t method, const baton_bytes_t *body, const baton_call_t *options,
                    mcp_done_t *done, void *done_arg)
{
    door_t *self = arg;
    baton_call_t timed = *options;
    if (timed.timeout == 0)
        timed.timeout = self->timeout;
    return calls_start (self->calls, METHODS[method].name, body, &timed, done, done_arg);
}

static void stop (void *arg, void *ticket)
{
    calls_stop (((door_t *) arg)->calls, ticket);
}

/* ---- in ---- */

static void take_line (door_t *self)
{
    bool blank = strspn (self->line, " \t\r") == self->length;
    if (!blank)
        mcp_peer_receive (self->peer, self->line, self->length, NULL);
    self->length = 0;
}

static bool grow (door_t *self, size_t size)
{
    if (size < self->room)
        return true;
    size_t room = self->room > 0 ? self->room : CHUNK;
    while (room <= size)
        room *= 2;
    char *line = realloc (self->line, room);
    if (!line)
        return false;
    self->line = line;
    self->room = room;
    return true;
}

/*  A line that is too long is refused once, with the beginning that was read, and skipped to its end. */
static void take_part (door_t *self, const char *data, size_t size, bool whole)
{
    bool fits = self->length + size <= LIMIT_MCP_MESSAGE && grow (self, self->length + size);
    if (!self->skipping && fits) {
        memcpy (self->line + self->length, data, size);
        self->length += size;
        self->line[self->length] = '\0';
    } else if (!self->skipping) {
        json_t *message = mcp_error_message (NULL, MCP_INVALID_REQUEST, "the message is too large", NULL);
        send_message (self, NULL, message, false, 0);
        json_decref (message);
        self->length = 0;
    }
    if (whole && fits && !self->skipping)
        take_line (self);
    self->skipping = !whole && (self->skipping || !fits);
}

static void take_bytes (door_t *self, const char *data, size_t size)
{
    const char *end;
    while ((end = memchr (data, '\n', size))) {
        size_t length = (size_t) (end - data);
        take_part (self, data, length, true);
        data += length + 1;
        size -= length + 1;
    }
    if (size > 0)
        take_part (self, data, size, false);
}

/*  False at the end of our input. */
static bool read_some (door_t *self)
{
    char data[CHUNK];
    ssize_t size = read (STDIN_FILENO, data, sizeof data);
    if (size > 0)
        take_bytes (self, data, (size_t) size);
    return size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN));
}

/* ---- the loop ---- */

static uint64_t clock_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

/*  Whether there is anything to wait for. Once our input has ended that is what is not answered yet, for a while. */
static bool goes_on (door_t *self, bool open, uint64_t until)
{
    calls_step (self->calls);
    return !self->gone && (open || (mcp_peer_pending (self->peer) > 0 && clock_now () < until));
}

static void serve (door_t *self, mcp_desk_t *desk)
{
    bool open = true;
    uint64_t until = 0;
    while (goes_on (self, open, until)) {
        struct pollfd fds[] = {
            {open ? STDIN_FILENO : -1, POLLIN, 0}, {calls_fd (self->calls), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
        if (poll (fds, 3, calls_timeout (self->calls)) < 0 && errno != EINTR)
            return;
        if (fds[2].revents & (POLLERR | POLLNVAL))
            return;
        if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) && !read_some (self)) {
            open = false;
            until = clock_now () + GRACE;
            mcp_desk_hurry (desk);
            calls_hurry (self->calls);
            mcp_peer_half_close (self->peer);
        }
    }
}

baton_status stdio_door_run (const baton_context_t *context, const mcp_catalogue_t *catalogue, uint64_t timeout,
                             baton_error_t *error)
{
    static const mcp_backend_t BACKEND = {start, stop};
    mcp_seal_t seal;
    door_t self = {.timeout = timeout > 0 ? timeout : *context->session ? LIMIT_WAIT : 0};
    signal (SIGPIPE, SIG_IGN);
    mcp_desk_t *desk = NULL;
    baton_status status = calls_new (context, &self.calls, error);
    if (status == BATON_OK) {
        mcp_seal_init (&seal);
        desk = mcp_desk_new (catalogue, &BACKEND, &self, context->session);
    }
    mcp_setting_t setting = {.offer = mcp_catalogue_offer (catalogue),
                             .offer_arg = desk,
                             .send = send_message,
                             .send_arg = &self,
                             .seal = &seal,
                             .who = ""};
    self.peer = desk ? mcp_peer_new (&setting) : NULL;
    if (status == BATON_OK && (!self.peer || !grow (&self, CHUNK)))
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        serve (&self, desk);
    mcp_peer_destroy (&self.peer);
    mcp_desk_destroy (&desk);
    calls_destroy (&self.calls);
    free (self.line);
    return status;
}
