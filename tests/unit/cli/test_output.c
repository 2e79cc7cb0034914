#include "output.h"
#include "table.h"
#include "terminal.h"
#include "view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

/*  What a reply prints in that form; freed by the caller. */
static char *print (output_t output, bool colour, const record_type_t *type, const void *reply)
{
    char *text = NULL;
    size_t size = 0;
    cli_t cli = {.out = open_memstream (&text, &size), .err = stderr, .output = output, .colour = colour};
    assert_int_equal (output_record (&cli, type, reply, NULL), BATON_OK);
    fclose (cli.out);
    return text;
}

static void prints_each_form (void **state)
{
    (void) state;
    session_row_t rows[] = {
        {.session = (char *) "aaa",
         .title = (char *) "Review",
         .state = lifecycle_running,
         .cause = cause_activated,
         .run = 2,
         .phase = run_phase_queued,
         .created_at = 1000},
        {.session = (char *) "bb",
         .title = (char *) "\u00dcber",
         .agent = (char *) "hr",
         .state = lifecycle_sleeping,
         .cause = cause_requested,
         .breakpoints = 1},
    };
    session_page_t page = {.sessions = {2, rows}};
    changed_t changed = {.session = (char *) "aaa", .n = 5, .state = lifecycle_suspended, .breakpoint = 3};
    nothing_t nothing = {};
    static const char TABLE[] = "SESSION  TITLE   AGENT  STATE     CAUSE      RUN       OPEN  CREATED\n"
                                "aaa      Review         running   activated  2/queued        1970-01-01T00:00:01Z\n"
                                "bb       \u00dcber    hr     sleeping  requested            1\n";
    const struct {
        output_t output;
        const record_type_t *type;
        const void *reply;
        const char *text;
    } CASES[] = {
        {OUTPUT_table, &RECORD_session_page, &page, TABLE},
        {OUTPUT_name, &RECORD_session_page, &page, "aaa\nbb\n"},
        {OUTPUT_jsonl, &RECORD_session_page, &page,
         "{\"cause\":\"activated\",\"created_at\":1000,\"phase\":\"queued\",\"run\":2,\"session\":\"aaa\",\"state\":"
         "\"running\",\"title\":\"Review\"}\n{\"agent\":\"hr\",\"breakpoints\":1,\"cause\":\"requested\",\"session\":"
         "\"bb\",\"state\":\"sleeping\",\"title\":\"\u00dcber\"}\n"},
        {OUTPUT_table, &RECORD_changed, &changed, "SESSION  N  STATE      BREAKPOINT\naaa      5  suspended  3\n"},
        {OUTPUT_name, &RECORD_changed, &changed, "aaa/3\n"},
        {OUTPUT_json, &RECORD_changed, &changed,
         "{\n  \"breakpoint\": 3,\n  \"n\": 5,\n  \"session\": \"aaa\",\n  \"state\": \"suspended\"\n}\n"},
        {OUTPUT_table, &RECORD_nothing, &nothing, ""},
        {OUTPUT_name, &RECORD_nothing, &nothing, ""},
        {OUTPUT_json, &RECORD_nothing, &nothing, "{}\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *text = print (CASES[i].output, false, CASES[i].type, CASES[i].reply);
        assert_string_equal (text, CASES[i].text);
        free (text);
    }
}

static void shows_what_has_parts (void **state)
{
    (void) state;
    uint8_t five = 5;
    memory_t memory[] = {{.key = (char *) "plan", .value = {1, &five}, .n = 2}};
    session_t session = {.session = (char *) "aaa",
                         .n = 3,
                         .title = (char *) "Review",
                         .objective = (char *) "line one\nline two",
                         .lease = {.node = (char *) "n1", .epoch = 2},
                         .memory = {1, memory}};
    char *text = print (OUTPUT_table, false, &RECORD_session, &session);
    assert_non_null (strstr (text, "title            Review\n"));
    assert_non_null (strstr (text, "\nline one\nline two\n"));
    assert_non_null (strstr (text, "\nlease\nnode   n1\nepoch  2\n"));
    assert_non_null (strstr (text, "\nmemory\nKEY   VALUE  N\nplan  5      2\n"));
    free (text);
}

/*  When a session is shown, what is over is not; nor what only the domain needs. */
static void leaves_out_what_is_over (void **state)
{
    (void) state;
    seen_t seen[] = {{.id = (char *) "old"}};
    session_t session = {.session = (char *) "aaa",
                         .n = 3,
                         .title = (char *) "Review",
                         .lease = {.epoch = 2},
                         .before = {.items = 4},
                         .seen = {1, seen},
                         .waiting = (char *) "no node has a free slot",
                         .migration = {.number = 1, .step = migration_step_commit, .target = (char *) "west"}};
    char *text = print (OUTPUT_table, false, &RECORD_session, &session);
    assert_non_null (text);
    assert_int_equal (strncmp (text, "waiting          no node has a free slot\n", 41), 0);
    assert_null (strstr (text, "migration"));
    assert_null (strstr (text, "epoch"));
    assert_null (strstr (text, "before"));
    assert_null (strstr (text, "seen"));
    free (text);
    session.migrating = true;
    text = print (OUTPUT_table, false, &RECORD_session, &session);
    assert_non_null (strstr (text, "\nmigration\n"));
    assert_null (strstr (text, "migrating"));
    free (text);
    session.migrating = false;
    text = print (OUTPUT_json, false, &RECORD_session, &session);
    assert_non_null (strstr (text, "\"migration\""));
    assert_non_null (strstr (text, "\"epoch\""));
    free (text);
}

static void shows_the_question_first (void **state)
{
    (void) state;
    char *options[] = {(char *) "approve", (char *) "reject"}, *people[] = {(char *) "alice", (char *) "bob"};
    vote_t votes[] = {{.actor = (char *) "alice", .option = (char *) "approve"},
                      {.actor = (char *) "eve", .option = (char *) "reject"}};
    breakpoint_view_t view = {.session = (char *) "aaa",
                              .body = (char *) "the plan",
                              .breakpoint = {.number = 1,
                                             .title = (char *) "Deploy?",
                                             .state = breakpoint_state_open,
                                             .options = {2, options},
                                             .votes = {2, votes}}};
    static const struct {
        policy_t policy;
        bool decided;
        const char *tally, *missing;
    } CASES[] = {
        {{.kind = policy_kind_first}, false, "approve 1, reject 1 / needs 1", "one vote decides"},
        {{.kind = policy_kind_quorum, .k = 2},
         false,
         "approve 1, reject 1 / needs 2",
         "2 equal votes decide; so far: approve 1, reject 1"},
        {{.kind = policy_kind_majority, .of = 5}, false, "approve 1, reject 1 / needs 3", "3 equal votes decide"},
        {{.kind = policy_kind_unanimous, .of = 4, .veto = true},
         false,
         "approve 1, reject 1 / needs 4",
         "one vote for reject decides at once"},
        {{.kind = policy_kind_named}, false, "approve 1, reject 1 / needs 2", "still to vote: bob"},
        {{.kind = policy_kind_quorum, .k = 2}, true, "approve 1, reject 1\n", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        breakpoint_page_t page = {.breakpoints = {1, &view}};
        view.breakpoint.policy = CASES[i].policy;
        if (CASES[i].policy.kind == policy_kind_named)
            view.breakpoint.policy.people = (baton_texts_t){2, people};
        view.breakpoint.state = CASES[i].decided ? breakpoint_state_decided : breakpoint_state_open;
        char *list = print (OUTPUT_table, false, &RECORD_breakpoint_page, &page);
        char *text = print (OUTPUT_table, false, &RECORD_breakpoint_view, &view);
        assert_non_null (strstr (list, CASES[i].tally));
        assert_int_equal (strncmp (text, "Deploy?\n\nthe plan\n\nvotes\nWHO", 28), 0);
        assert_int_equal (strstr (text, "needed") != NULL, CASES[i].missing != NULL);
        if (CASES[i].missing)
            assert_non_null (strstr (text, CASES[i].missing));
        free (list);
        free (text);
    }
}

/*  Votes for different keys are not counted together. */
static void counts_the_votes_of_a_merge_key_by_key (void **state)
{
    (void) state;
    char *options[] = {(char *) "ours", (char *) "theirs"};
    vote_t votes[] = {{.actor = (char *) "alice", .key = (char *) "memory/a", .option = (char *) "theirs"},
                      {.actor = (char *) "bob", .key = (char *) "memory/b", .option = (char *) "theirs"},
                      {.actor = (char *) "bob", .key = (char *) "memory/a", .option = (char *) "ours"}};
    breakpoint_view_t view = {.session = (char *) "aaa",
                              .breakpoint = {.number = 1,
                                             .kind = breakpoint_kind_merge_conflict,
                                             .title = (char *) "Merge",
                                             .state = breakpoint_state_open,
                                             .policy = {.kind = policy_kind_quorum, .k = 2},
                                             .options = {2, options},
                                             .votes = {3, votes}}};
    breakpoint_page_t page = {.breakpoints = {1, &view}};
    char *list = print (OUTPUT_table, false, &RECORD_breakpoint_page, &page);
    char *text = print (OUTPUT_table, false, &RECORD_breakpoint_view, &view);
    assert_non_null (strstr (list, "3 on 2 keys / needs 2 each"));
    assert_non_null (strstr (text, "2 equal votes decide each key; so far: 3 on 2 keys"));
    free (list);
    free (text);
    view.breakpoint.votes.count = 0;
    list = print (OUTPUT_table, false, &RECORD_breakpoint_page, &page);
    assert_non_null (strstr (list, "none / needs 2 each"));
    free (list);
}

/*  What a reply prints on a terminal of that width. */
static char *print_narrow (output_t output, size_t width, const record_type_t *type, const void *reply)
{
    char *text = NULL;
    size_t size = 0;
    cli_t cli = {.out = open_memstream (&text, &size), .err = stderr, .output = output, .width = width};
    assert_int_equal (output_record (&cli, type, reply, NULL), BATON_OK);
    fclose (cli.out);
    return text;
}

static void fits_into_a_terminal (void **state)
{
    (void) state;
    session_row_t rows[] = {
        {.session = (char *) "0123456789abcdefghjk",
         .title = (char *) "A rather long title",
         .state = lifecycle_running},
        {.session = (char *) "0123456780abcdefghjk", .title = (char *) "\u00dcber", .state = lifecycle_sleeping},
    };
    session_page_t page = {.sessions = {2, rows}};
    static const struct {
        size_t width;
        const char *text;
    } CASES[] = {
        {0, "SESSION               TITLE                STATE\n"
            "0123456789abcdefghjk  A rather long title  running\n"
            "0123456780abcdefghjk  \u00dcber                 sleeping\n"},
        {52, "SESSION               TITLE                STATE\n"
             "0123456789abcdefghjk  A rather long title  running\n"
             "0123456780abcdefghjk  \u00dcber                 sleeping\n"},
        {45, "SESSION     TITLE                STATE\n"
             "0123456789  A rather long title  running\n"
             "0123456780  \u00dcber                 sleeping\n"},
        {30, "SESSION     TITLE     STATE\n"
             "0123456789  A rathe\u2026  running\n"
             "0123456780  \u00dcber      sleeping\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *text = print_narrow (OUTPUT_table, CASES[i].width, &RECORD_session_page, &page);
        assert_string_equal (text, CASES[i].text);
        free (text);
    }
}

/*  Whatever stands in a session, a terminal gets no control character from it. */
static void gives_a_terminal_nothing_to_obey (void **state)
{
    (void) state;
    uint8_t evil[] = {0xa9, 'a', 0x1b, '[', '2', 'J', 0xc2, 0x9b, '\r', 0x7f};
    memory_t memory[] = {{.key = (char *) "k", .value = {sizeof evil, evil}, .n = 2}};
    memory_page_t page = {.memory = {1, memory}};
    static const output_t FORMS[] = {OUTPUT_table, OUTPUT_json, OUTPUT_jsonl};
    for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
        char *text = print_narrow (FORMS[i], 80, &RECORD_memory_page, &page);
        assert_null (strpbrk (text, "\x1b\x7f\r"));
        assert_null (strstr (text, "\xc2\x9b"));
        assert_non_null (strcasestr (text, "a\\u001b[2J\\u009b"));
        free (text);
    }
}

static void writes_controls_out (void **state)
{
    (void) state;
    static const struct {
        const char *raw, *shown;
    } CASES[] = {
        {"plain\ttext\r\n", "plain\ttext\r\n"},
        {"\x1b]0;title\x07", "\\u001b]0;title\\u0007"},
        {"\u00fc\u20ac\U0001f600", "\u00fc\u20ac\U0001f600"},
        {"\xc2\x9b"
         "31m",
         "\\u009b31m"},
        {"\xc2\xa9", "\xc2\xa9"},
        {"\x9b"
         "31m",
         "\\x9b31m"},
        {"\xff\xc2x\xe2\x82", "\\xff\\xc2x\xe2\x82"},
        {"\xc2\xc2\x85", "\\xc2\\u0085"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        for (size_t piece = 1; piece < 4; piece++) {
            char *text = NULL;
            size_t size = 0, length = strlen (CASES[i].raw);
            terminal_filter_t filter = {0};
            FILE *stream = open_memstream (&text, &size);
            for (size_t at = 0; at < length; at += piece)
                terminal_write (&filter, stream, CASES[i].raw + at, at + piece < length ? piece : length - at);
            fclose (stream);
            assert_string_equal (text, CASES[i].shown);
            free (text);
        }
}

static void colours_only_where_it_is_wanted (void **state)
{
    (void) state;
    changed_t changed = {.session = (char *) "aaa", .n = 5, .state = lifecycle_running};
    char *plain = print (OUTPUT_table, false, &RECORD_changed, &changed);
    char *coloured = print (OUTPUT_table, true, &RECORD_changed, &changed);
    char *json = print (OUTPUT_json, true, &RECORD_changed, &changed);
    assert_null (strchr (plain, '\033'));
    assert_non_null (strstr (coloured, "\033[32mrunning\033[0m"));
    assert_null (strchr (json, '\033'));
    free (plain);
    free (coloured);
    free (json);
}

static void prints_events_one_a_line (void **state)
{
    (void) state;
    uint8_t body[] = {0x81, 0xa1, 'k', 0xa3, 'a', '\n', 'b'};
    event_envelope_t event = {.seq = 7,
                              .session = (char *) "aaa",
                              .n = 2,
                              .kind = (char *) "memory_set",
                              .at = 1000,
                              .body = {sizeof body, body}};
    static const struct {
        output_t output;
        const char *text;
    } CASES[] = {
        {OUTPUT_table,
         "     SEQ  AT                    SESSION                  N  KIND                  ACTOR         "
         "BODY\n       7  1970-01-01T00:00:01Z  aaa                      2  memory_set            -            "
         " {\"k\":\"a\\nb\"}\n"},
        {OUTPUT_json,
         "{\"at\":1000,\"body\":{\"k\":\"a\\nb\"},\"kind\":\"memory_set\",\"n\":2,\"seq\":7,\"session\":\"aaa\"}\n"},
        {OUTPUT_name, "7\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *text = NULL;
        size_t size = 0;
        cli_t cli = {.out = open_memstream (&text, &size), .err = stderr, .output = CASES[i].output};
        assert_int_equal (output_event (&cli, &event, STREAM_site, NULL), BATON_OK);
        fclose (cli.out);
        assert_string_equal (text, CASES[i].text);
        free (text);
    }
}

static void writes_durations (void **state)
{
    (void) state;
    static const struct {
        uint64_t milliseconds;
        const char *text;
    } CASES[] = {{0, "0s"},        {500, "500ms"},   {30000, "30s"},   {5400000, "1h30m"},
                 {86400000, "1d"}, {86460000, "1d"}, {90000, "1m30s"}, {31536000000, "365d"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char text[VIEW_DURATION_SIZE];
        view_duration (CASES[i].milliseconds, text);
        assert_string_equal (text, CASES[i].text);
    }
}

/*  No heading stands above nothing, and what is in something says in what. */
static void names_parts_after_what_they_are_in (void **state)
{
    (void) state;
    session_t session = {
        .session = (char *) "aaa", .n = 3, .budget = {.spent = {.runs = 1}, .tree_spent = {.runs = 1}, .counted = 4}};
    char *text = print (OUTPUT_table, false, &RECORD_session, &session);
    assert_non_null (text);
    assert_non_null (strstr (text, "\n\nbudget spent\nruns         1\n"));
    assert_null (strstr (text, "budget\n"));
    assert_null (strstr (text, "counted"));
    assert_null (strstr (text, "tree_spent"));
    free (text);
    session.budget.tree_spent.runs = 2;
    text = print (OUTPUT_table, false, &RECORD_session, &session);
    assert_non_null (text);
    assert_non_null (strstr (text, "\nbudget tree_spent\nruns         2\n"));
    free (text);
}

static void reads_items_and_triggers_in_words (void **state)
{
    (void) state;
    part_t parts[] = {{.kind = part_kind_text, .text = (char *) "Be brief."},
                      {.kind = part_kind_tool_call, .tool = (char *) "grep", .value = {2, (uint8_t *) "\xa1x"}},
                      {.kind = part_kind_tool_result, .error = true, .text = (char *) "no such file"}};
    item_t items[] = {{.n = 2, .role = item_role_user, .parts = {3, parts}}};
    item_page_t page = {.items = {1, items}};
    char *text = print (OUTPUT_table, false, &RECORD_item_page, &page);
    assert_string_equal (text,
                         "N  ROLE  PARTS\n2  user  Be brief. | tool_call grep x | tool_result failed no such file\n");
    free (text);
    trigger_t triggers[] = {
        {.name = (char *) "c", .kind = trigger_kind_calendar, .rule = (char *) "0 7 * * *"},
        {.name = (char *) "g", .kind = trigger_kind_git, .ref = (char *) "main", .path = (char *) "src"}};
    trigger_page_t waits = {.triggers = {2, triggers}};
    text = print (OUTPUT_table, false, &RECORD_trigger_page, &waits);
    assert_string_equal (text, "TRIGGER  KIND      WAITS FOR  PATH\n"
                               "c        calendar  0 7 * * *\n"
                               "g        git       main       src\n");
    free (text);
}

static void says_that_there_are_none (void **state)
{
    (void) state;
    char *text = NULL, *note = NULL;
    size_t size = 0, note_size = 0;
    session_page_t page = {};
    cli_t cli = {.out = open_memstream (&text, &size), .err = open_memstream (&note, &note_size)};
    assert_int_equal (output_record (&cli, &RECORD_session_page, &page, NULL), BATON_OK);
    fclose (cli.out);
    fclose (cli.err);
    assert_string_equal (text, "");
    assert_string_equal (note, "no sessions\n");
    free (text);
    free (note);
}

static void has_columns_that_exist (void **state)
{
    (void) state;
    /*  An empty record gives an empty text for a path that leads somewhere, and for one that does not; so the paths
     *  are walked here. */
    for (int method = 1; method < METHOD_COUNT; method++) {
        const view_t *view = view_of (METHODS[method].reply);
        for (const column_t *column = view ? view->columns : NULL; column && column->header; column++) {
            const record_type_t *type = METHODS[method].reply;
            char path[64], *rest = NULL;
            snprintf (path, sizeof path, "%.*s", (int) strcspn (column->path, "/"), column->path);
            for (char *name = strtok_r (path, ".", &rest); name; name = strtok_r (NULL, ".", &rest)) {
                const field_t *field = record_field (type, name);
                assert_non_null (field);
                type = field->type;
            }
        }
    }
}

/*  Without columns, a table would show the ids alone. */
static void has_columns_for_every_page (void **state)
{
    (void) state;
    for (int method = 1; method < METHOD_COUNT; method++) {
        const method_row_t *row = &METHODS[method];
        if (row->access == ACCESS_node || row->access == ACCESS_internal || !strstr (row->reply->name, "_page"))
            continue;
        for (const field_t *field = row->reply->fields (); field->name; field++)
            if (field->kind == FIELD_LIST && !view_of (field->type))
                fail_msg ("%s: %s has no columns", row->name, field->name);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (prints_each_form),
        cmocka_unit_test (shows_what_has_parts),
        cmocka_unit_test (leaves_out_what_is_over),
        cmocka_unit_test (shows_the_question_first),
        cmocka_unit_test (fits_into_a_terminal),
        cmocka_unit_test (gives_a_terminal_nothing_to_obey),
        cmocka_unit_test (writes_controls_out),
        cmocka_unit_test (colours_only_where_it_is_wanted),
        cmocka_unit_test (prints_events_one_a_line),
        cmocka_unit_test (writes_durations),
        cmocka_unit_test (has_columns_that_exist),
        cmocka_unit_test (has_columns_for_every_page),
        cmocka_unit_test (names_parts_after_what_they_are_in),
        cmocka_unit_test (reads_items_and_triggers_in_words),
        cmocka_unit_test (says_that_there_are_none),
        cmocka_unit_test (counts_the_votes_of_a_merge_key_by_key),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
