#include "commands.h"
#include "event.h"
#include "output.h"
#include "wait.h"

#include <stdlib.h>

#define SLICE 1000  /*  milliseconds between two looks at whether the broker is there */
#define AWAY_MOST 2 /*  looks at which it was not, before we say so */

OPTIONS (
    events,
    struct {
        event_class_e class;
        char *session;
        char *kind;
        uint64_t after;
        bool from_start;
    },
    OPTION (class, FIELD_ENUM, 0, &event_class_names, "only this class"),
    OPTION (session, FIELD_NAME, LIMIT_ID, NULL, "only this session"),
    OPTION (kind, FIELD_NAME, LIMIT_NAME, NULL, "only this kind"),
    OPTION (after, FIELD_UINT, 0, NULL, "begin after this number of the site's log (default: from now on)"),
    OPTION (from_start, FIELD_FLAG, 0, NULL, "begin with the first event of all"));

static baton_status print_event (cli_t *cli, const uint8_t *data, size_t size, baton_error_t *error)
{
    event_envelope_t event = {0};
    baton_status status = record_decode (&RECORD_event_envelope, data, size, &event, error);
    if (status == BATON_OK)
        status = output_event (cli, &event, STREAM_site, error);
    record_clear (&RECORD_event_envelope, &event);
    return status;
}

static void note_connection (cli_t *cli, const baton_events_t *events, int *looks)
{
    *looks = baton_events_connected (events) ? 0 : *looks + 1;
    if (*looks == 0)
        cli_note_back (cli);
    else if (*looks >= AWAY_MOST)
        cli_note_away (cli);
}

/*  The next event. With --timeout, that much silence is the end; without, there is none. */
static baton_status next_event (cli_t *cli, baton_events_t *events, uint8_t **ret_event, size_t *ret_size,
                                baton_error_t *error)
{
    uint64_t seq = 0;
    wait_t wait = wait_begin (cli);
    for (int looks = 0;;) {
        uint64_t slice = wait_slice (&wait, SLICE);
        if (slice == 0)
            return baton_fail (error, BATON_deadline_exceeded, BATON_REASON_timed_out, "no event came within %llu ms",
                               (unsigned long long) cli->timeout);
        baton_status status = baton_events_next (events, slice, ret_event, ret_size, &seq, error);
        note_connection (cli, events, &looks);
        if (status != BATON_deadline_exceeded)
            return status;
    }
}

static baton_status follow (cli_t *cli, baton_events_t *events, baton_error_t *error)
{
    for (;;) {
        uint8_t *event = NULL;
        size_t size = 0;
        baton_status status = next_event (cli, events, &event, &size, error);
        if (status == BATON_OK)
            status = print_event (cli, event, size, error);
        free (event);
        if (status != BATON_OK)
            return status;
    }
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const events_options_t *options = arguments->options;
    baton_events_t *events = NULL;
    about_t about = {0};
    /*  Following waits for a broker that is away; that it was never there is to be said at once. */
    site_about_request_t nothing = {};
    baton_status status = cli_call (cli, METHOD_site_about, &nothing, &about, NULL, error);
    record_clear (&RECORD_about, &about);
    baton_filter_t filter = {.event_class = enum_name (&event_class_names, options->class),
                             .session = options->session,
                             .kind = options->kind,
                             .after = options->after > 0 || options->from_start ? options->after : UINT64_MAX};
    if (status == BATON_OK)
        status = baton_events_new (&cli->context, &filter, &events, error);
    if (status == BATON_OK)
        status = follow (cli, events, error);
    baton_events_destroy (&events);
    return status;
}

const command_t CMD_events = {.noun = "events",
                              .options = &events_options,
                              .positionals = "",
                              .help = "Follow the site's events, across restarts of the broker",
                              .run = run};
