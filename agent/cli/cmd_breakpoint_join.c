/*  Joins a breakpoint: on a terminal as a room where one stays until one leaves, else as one request. */
#include "commands.h"
#include "output.h"
#include "room.h"
#include "tally.h"

#include <stdlib.h>
#include <string.h>

OPTIONS (
    join_room, struct { bool no_room; },
    OPTION (no_room, FIELD_FLAG, 0, NULL, "say that you are there and go on, also on a terminal"));

static void key (void *arg, stroke_t stroke)
{
    room_t *room = arg;
    room_key (room, stroke);
    if (room->left)
        tui_end (room->tui);
}

static void event (void *arg, const event_envelope_t *event)
{
    room_event (arg, event);
}

static uint64_t due (void *arg)
{
    return room_due (arg);
}

static void draw (void *arg, screen_t *screen)
{
    room_draw (arg, screen);
}

/*  What the terminal keeps of the room. */
static void print_end (cli_t *cli, const breakpoint_view_t *view)
{
    char *tally = tally_text (&view->breakpoint);
    fprintf (cli->out, "%s/%llu: ", view->session, (unsigned long long) view->breakpoint.number);
    if (view->breakpoint.state == breakpoint_state_open)
        fprintf (cli->out, "open, %s\n", tally ? tally : "");
    else
        fprintf (cli->out, "%s, %s\n", enum_name (&breakpoint_state_names, view->breakpoint.state),
                 view->breakpoint.outcome ? view->breakpoint.outcome : "");
    free (tally);
}

static baton_status stay (cli_t *cli, const breakpoint_join_request_t *request, baton_error_t *error)
{
    static const face_t FACE = {key, event, due, draw};
    tui_t *tui = NULL;
    room_t room = {0};
    breakpoint_view_t last = {0};
    baton_status status = tui_new (cli, "the room of a breakpoint", &tui, error);
    if (status != BATON_OK)
        return status;
    room_open (&room, tui, request->session, request->breakpoint);
    room.resident = true;
    room_join (&room, request->ttl);
    status = tui_run (tui, &FACE, &room, error);
    last = room.view;
    room.view = (breakpoint_view_t){0};
    room_close (&room);
    tui_settle (tui);
    tui_destroy (&tui);
    if (status == BATON_OK && last.session)
        print_end (cli, &last);
    record_clear (&RECORD_breakpoint_view, &last);
    return status;
}

/*  Scripts see what they always saw: a room is for a person, who has given none of the flags that programs give. */
static bool wants_room (const cli_t *cli, const join_room_options_t *options)
{
    return !options->no_room && !cli->output_given && !cli->key && cli->if_n == 0 && cli->fence == 0 &&
           !cli_inside (cli) && screen_possible ();
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const breakpoint_join_request_t *request = arguments->request;
    breakpoint_show_request_t show = {.session = request->session, .breakpoint = request->breakpoint};
    breakpoint_view_t view = {0};
    baton_status status = cli_find_context (cli, error);
    if (status == BATON_OK && !wants_room (cli, arguments->options))
        return command_run_generic (cli, arguments, error);
    if (status == BATON_OK)
        status = cli_call (cli, METHOD_breakpoint_show, &show, &view, NULL, error); /*  whether there is one to see */
    record_clear (&RECORD_breakpoint_view, &view);
    return status == BATON_OK ? stay (cli, request, error) : status;
}

const command_t CMD_breakpoint_join = {
    .noun = "breakpoint",
    .verb = "join",
    .method = METHOD_breakpoint_join,
    .options = &join_room_options,
    .help = "Join a breakpoint: others see that you are there. On a terminal, stay and take part",
    .run = run};
