/*  Follows a session as one of its clients: others see that we are there, and a client with a name goes on where its
 *  output ended, also after it or the broker was killed. */
#include "commands.h"
#include "cursor.h"
#include "output.h"
#include "wait.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TTL 300000   /*  of our presence, milliseconds */
#define SLICE 2000   /*  of one read */
#define PARTING 2000 /*  that we take to say that we go */

OPTIONS (
    attach,
    struct {
        char *session;
        char *client;
        client_kind_e kind;
        bool from_start;
        uint64_t ttl;
    },
    WORD (session, FIELD_NAME, LIMIT_ID, ""),
    OPTION (client, FIELD_NAME, LIMIT_NAME, NULL,
            "the client's name: the next time it goes on where it was (default: one for this time only)"),
    OPTION (kind, FIELD_ENUM, 0, &client_kind_names, "what it is (default cli)"),
    OPTION (from_start, FIELD_FLAG, 0, NULL,
            "a client that is not known begins with the first event, not with what comes"),
    OPTION (ttl, FIELD_UINT, LIMIT_TTL, NULL,
            "how long others see it as there when it is not heard of (default five minutes)"));

typedef struct {
    cli_t *cli;
    session_attach_request_t request; /*  borrows from the command line */
    bool passing;                     /*  it has no name that it could come back under */
    cursor_t cursor;
    wait_t presence; /*  when it is over we say again that we are there */
} attached_t;

static volatile sig_atomic_t asked_to_end;

static void note_signal (int number)
{
    (void) number;
    asked_to_end = 1;
}

/*  The second signal ends the program at once. */
static void catch_signals (void)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int) SA_RESETHAND};
    sigaction (SIGINT, &action, NULL);
    sigaction (SIGTERM, &action, NULL);
}

/*  Says that we are there, and takes over a cursor that is further on. */
static baton_status attach (attached_t *self, baton_error_t *error)
{
    changed_t changed = {0};
    self->request.cursor = self->cursor.value;
    baton_status status = cli_call (self->cli, METHOD_session_attach, &self->request, &changed, NULL, error);
    if (status == BATON_OK && changed.cursor > self->cursor.value)
        self->cursor.value = changed.cursor;
    self->presence = wait_for (self->request.ttl / 3);
    record_clear (&RECORD_changed, &changed);
    return status;
}

static void detach (attached_t *self)
{
    changed_t changed = {0};
    session_detach_request_t request = {.session = self->request.session,
                                        .client = self->request.client,
                                        .cursor = self->cursor.value,
                                        .forget = self->passing};
    /*  When it does not get there, our time runs out instead. */
    self->cli->stop = NULL;
    self->cli->timeout = PARTING;
    if (cli_call (self->cli, METHOD_session_detach, &request, &changed, NULL, NULL) == BATON_OK)
        record_clear (&RECORD_changed, &changed);
}

static baton_status print_page (attached_t *self, const event_page_t *page, baton_error_t *error)
{
    for (size_t i = 0; i < page->events.count && !asked_to_end; i++) {
        baton_status status = output_event (self->cli, &page->events.items[i], STREAM_session, error);
        if (status == BATON_OK)
            status = cursor_note (&self->cursor, page->events.items[i].n, error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

/*  The next page; an empty one when nothing has come for a while. */
static baton_status read_page (attached_t *self, event_page_t *ret_page, baton_error_t *error)
{
    session_log_request_t request = {.session = self->request.session, .after = self->cursor.value};
    wait_t slice = wait_for (SLICE);
    baton_status status =
        wait_past (self->cli, &slice, METHOD_session_log, &request, self->cursor.value, ret_page, NULL, error);
    return status == BATON_deadline_exceeded ? BATON_OK : status;
}

/*  With --timeout, that much silence is the end. */
static baton_status follow (attached_t *self, baton_error_t *error)
{
    wait_t silence = wait_begin (self->cli);
    baton_status status = BATON_OK;
    while (status == BATON_OK && !asked_to_end) {
        event_page_t page = {0};
        if (wait_slice (&silence, SLICE) == 0)
            return baton_fail (error, BATON_deadline_exceeded, BATON_REASON_timed_out, "no event came within %llu ms",
                               (unsigned long long) silence.timeout);
        status = read_page (self, &page, error);
        if (status == BATON_OK)
            status = print_page (self, &page, error);
        if (page.events.count > 0)
            silence = wait_begin (self->cli);
        record_clear (&RECORD_event_page, &page);
        if (status == BATON_OK && wait_slice (&self->presence, SLICE) == 0) {
            baton_error_t flaw = {0};
            status = attach (self, &flaw);
            if (status == BATON_unavailable || status == BATON_deadline_exceeded)
                status = BATON_OK; /*  the broker is away: another time; or we are to end */
            else if (status != BATON_OK)
                *error = flaw;
        }
    }
    return status;
}

static void name_for_now (char ret_name[LIMIT_NAME + 1])
{
    char host[LIMIT_NAME / 2] = "";
    gethostname (host, sizeof host - 1);
    snprintf (ret_name, LIMIT_NAME + 1, "%ld-%s", (long) getpid (), host);
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const attach_options_t *options = arguments->options;
    char name[LIMIT_NAME + 1];
    name_for_now (name);
    attached_t self = {.cli = cli, .passing = !options->client, .cursor = {.file = -1}};
    self.request = (session_attach_request_t){.session = options->session,
                                              .client = options->client ? options->client : name,
                                              .kind = options->kind ? options->kind : client_kind_cli,
                                              .from_start = options->from_start,
                                              .ttl = options->ttl ? options->ttl : TTL};
    baton_status status = cli_connect (cli, error);
    if (status == BATON_OK && options->client)
        status = cursor_open (&cli->context, options->session, options->client, &self.cursor, error);
    if (status == BATON_OK)
        status = attach (&self, error);
    if (status == BATON_OK) {
        catch_signals ();
        cli->stop = &asked_to_end;
        status = follow (&self, error);
        detach (&self);
    }
    cursor_close (&self.cursor);
    return status;
}

const command_t CMD_session_attach = {.noun = "session",
                                      .verb = "attach",
                                      .options = &attach_options,
                                      .positionals = "session",
                                      .help =
                                          "Follow a session as one of its clients; with --client, go on where it was",
                                      .run = run};
