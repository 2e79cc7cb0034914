#include "output.h"
#include "table.h"
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
    static const char TABLE[] =
        "SESSION  TITLE   AGENT  STATE     CAUSE      RUN       NODE  OPEN  CREATED\n"
        "aaa      Review         running   activated  2/queued              1970-01-01T00:00:01Z\n"
        "bb       \u00dcber    hr     sleeping  requested                  1\n";
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
        {OUTPUT_table, "       7  1970-01-01T00:00:01Z  aaa                      2  memory_set            -            "
                       " {\"k\":\"a\\nb\"}\n"},
        {OUTPUT_json,
         "{\"at\":1000,\"body\":{\"k\":\"a\\nb\"},\"kind\":\"memory_set\",\"n\":2,\"seq\":7,\"session\":\"aaa\"}\n"},
        {OUTPUT_name, "7\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *text = NULL;
        size_t size = 0;
        cli_t cli = {.out = open_memstream (&text, &size), .err = stderr, .output = CASES[i].output};
        assert_int_equal (output_event (&cli, &event, NULL), BATON_OK);
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

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (prints_each_form),
        cmocka_unit_test (shows_what_has_parts),
        cmocka_unit_test (colours_only_where_it_is_wanted),
        cmocka_unit_test (prints_events_one_a_line),
        cmocka_unit_test (writes_durations),
        cmocka_unit_test (has_columns_that_exist),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
