#include "cli.h"

#include "id.h"
#include "terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- statuses ---- */

int cli_exit_code (baton_status status)
{
    switch (status) {
    case BATON_OK:
        return EXIT_ok;
    case BATON_invalid_argument:
        return EXIT_usage;
    case BATON_not_found:
        return EXIT_not_found;
    case BATON_permission_denied:
    case BATON_unauthenticated:
        return EXIT_denied;
    case BATON_already_exists:
    case BATON_failed_precondition:
    case BATON_aborted:
        return EXIT_conflict;
    case BATON_unavailable:
        return EXIT_unreachable;
    case BATON_deadline_exceeded:
        return EXIT_timed_out;
    case BATON_resource_exhausted:
    case BATON_internal:
        return EXIT_failure;
    }
    return EXIT_failure;
}

/*  The session that the sentence is about: the first that it names, or else that of the command. */
static void find_subject (const cli_t *self, const char *message, char ret_session[LIMIT_ID + 1])
{
    static const char NOUN[] = "session ";
    const char *noun = strstr (message, NOUN), *id = noun ? noun + strlen (NOUN) : "";
    size_t size = strspn (id, ID_LETTERS);
    if (size == ID_SIZE - 1 && *self->session)
        snprintf (ret_session, LIMIT_ID + 1, "%.*s", (int) size, id);
    else
        snprintf (ret_session, LIMIT_ID + 1, "%s", self->session);
}

/*  Where the session is known, its id stands in the place of the word SESSION: the line can be typed as it is. */
static void print_hint (const cli_t *self, const char *message, const char *hint)
{
    terminal_filter_t filter = {0};
    char session[LIMIT_ID + 1];
    find_subject (self, message, session);
    fputs ("  \u2192 ", self->err);
    for (const char *word; *session && (word = strstr (hint, "SESSION")); hint = word + strlen ("SESSION")) {
        terminal_write (&filter, self->err, hint, (size_t) (word - hint));
        fputs (session, self->err);
    }
    terminal_write (&filter, self->err, hint, strlen (hint));
    fputc ('\n', self->err);
}

/*  No role lets a run do what is not for runs. */
static const char *hint_of (const cli_t *self, const baton_error_t *error)
{
    if (*self->hint)
        return self->hint;
    return cli_inside (self) && error->reason == BATON_REASON_not_allowed
               ? "somebody outside of the run can do this; docs/drivers.md lists what a run can call"
               : baton_reason_hint (error->reason);
}

void cli_complain (const cli_t *self, const baton_error_t *error)
{
    const char *hint = hint_of (self, error);
    terminal_filter_t filter = {0};
    fputs ("baton: ", self->err);
    terminal_write (&filter, self->err, error->message, strlen (error->message));
    fputc ('\n', self->err);
    if (*hint)
        print_hint (self, error->message, hint);
}

void cli_hint (cli_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->hint, sizeof self->hint, format, arguments);
    va_end (arguments);
}

/* ---- the connection ---- */

baton_status cli_find_context (cli_t *self, baton_error_t *error)
{
    if (*self->context.endpoint)
        return BATON_OK;
    if (!self->context_name)
        return baton_context_find (&self->context, error);
    baton_status status = baton_context_open (self->context_name, &self->context, error);
    if (status == BATON_not_found)
        cli_hint (self, "list your contexts with: baton context list");
    return status;
}

bool cli_inside (const cli_t *self)
{
    return *self->context.session != '\0';
}

baton_status cli_connect (cli_t *self, baton_error_t *error)
{
    if (self->client)
        return BATON_OK;
    baton_status status = cli_find_context (self, error);
    return status == BATON_OK ? baton_client_new (&self->context, &self->client, error) : status;
}

void cli_clear (cli_t *self)
{
    baton_client_destroy (&self->client);
    *self = (cli_t){0};
}

/* ---- calls ---- */

void cli_note_away (cli_t *self)
{
    if (self->progress && !self->away)
        fprintf (self->err, "baton: no answer from %s; still trying\n", self->context.endpoint);
    self->away = true;
}

void cli_note_back (cli_t *self)
{
    if (self->progress && self->away)
        fprintf (self->err, "baton: %s answers again\n", self->context.endpoint);
    self->away = false;
}

static void note_silence (void *self)
{
    cli_note_away (self);
}

static baton_status call (cli_t *self, method_id_t method, const void *request, baton_call_t *options, void *ret_reply,
                          baton_bytes_t *ret_raw, baton_error_t *error)
{
    const method_row_t *row = &METHODS[method];
    baton_status status = cli_connect (self, error);
    if (status != BATON_OK)
        return status;
    if (options->timeout == 0 && cli_inside (self))
        options->timeout = LIMIT_WAIT;
    options->on_silence = note_silence;
    options->silence_arg = self;
    options->stop = self->stop;
    baton_bytes_t body = {0}, raw = {0};
    if (record_encode (&row->type, request, &body) != BATON_OK)
        return baton_fail_memory (error);
    status = baton_call (self->client, row->name, body.data, body.size, options, &raw.data, &raw.size, error);
    if (status == BATON_OK)
        cli_note_back (self);
    if (status == BATON_OK)
        status = record_decode (row->reply, raw.data, raw.size, ret_reply, error);
    if (status == BATON_OK && ret_raw) {
        *ret_raw = raw;
        raw = (baton_bytes_t){0};
    }
    bytes_clear (&body);
    bytes_clear (&raw);
    return status;
}

baton_status cli_call (cli_t *self, method_id_t method, const void *request, void *ret_reply, baton_bytes_t *ret_raw,
                       baton_error_t *error)
{
    /*  The key, position and fence that were given are meant for the change, not for the reads around it. */
    bool change = METHODS[method].change;
    baton_call_t options = {.timeout = self->timeout,
                            .key = change ? self->key : NULL,
                            .if_n = change ? self->if_n : 0,
                            .fence = change ? self->fence : 0};
    return call (self, method, request, &options, ret_reply, ret_raw, error);
}

baton_status cli_read_past (cli_t *self, method_id_t method, const void *request, uint64_t past, uint64_t timeout,
                            void *ret_reply, baton_bytes_t *ret_raw, baton_error_t *error)
{
    baton_call_t options = {.timeout = timeout, .past = past};
    return call (self, method, request, &options, ret_reply, ret_raw, error);
}
