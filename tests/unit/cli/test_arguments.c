#include "arguments.h"
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

#define ID "0123456789abcdefghjk" /*  a full id, which no broker is asked about */
#define WORDS_MOST 16

/*  What the words have become, as JSON of the request; freed by the caller. NULL when they were refused. */
static char *parse (const char *noun, const char *verb, const char *const *words, bool inside, baton_error_t *error)
{
    cli_t cli = {.out = stdout, .err = stderr};
    command_t command;
    arguments_t arguments = {0};
    slots_t slots;
    int count = 0;
    strcpy (cli.context.endpoint, "ipc:///nowhere");
    if (inside)
        strcpy (cli.context.session, "zzzzzzzzzzzzzzzzzzzz");
    while (words[count])
        count++;
    assert_true (command_find (noun, verb, &command));
    baton_status status =
        arguments_parse (&cli, &command, count, (char **) (uintptr_t) words, &arguments, &slots, error);
    if (status == BATON_OK)
        status = arguments_complete (&cli, &arguments, &slots, error);
    char *json = NULL;
    baton_bytes_t bytes = {0};
    if (status == BATON_OK) {
        assert_int_equal (record_encode (&METHODS[command.method].type, arguments.request, &bytes), BATON_OK);
        json = json_line (bytes.data, bytes.size);
    } else
        assert_int_equal (status, BATON_invalid_argument);
    bytes_clear (&bytes);
    arguments_clear (&arguments);
    cli_clear (&cli);
    return json;
}

typedef struct {
    const char *noun, *verb;
    const char *words[WORDS_MOST];
    const char *json;
} good_t;

static void makes_requests (void **state)
{
    (void) state;
    static const good_t CASES[] = {
        {"session", "create", {"Review"}, "{\"title\":\"Review\"}"},
        {"session", "create", {"--title", "Review"}, "{\"title\":\"Review\"}"},
        {"session", "create", {"--title=Review", "--priority=3"}, "{\"priority\":3,\"title\":\"Review\"}"},
        {"session",
         "create",
         {"x", "--label", "a=1", "--label", "b=2"},
         "{\"labels\":{\"a\":\"1\",\"b\":\"2\"},\"title\":\"x\"}"},
        {"session", "create", {"x", "--labels", "a=1"}, "{\"labels\":{\"a\":\"1\"},\"title\":\"x\"}"},
        {"session",
         "create",
         {"x", "--multitask-strategy", "enqueue"},
         "{\"multitask_strategy\":\"enqueue\",\"title\":\"x\"}"},
        {"session", "create", {"x", "--activate"}, "{\"activate\":true,\"title\":\"x\"}"},
        {"session", "create", {"--", "--x"}, "{\"title\":\"--x\"}"},
        {"session", "create", {"x", "--binding", "src/"}, "{\"bindings\":[{\"path\":\"src/\"}],\"title\":\"x\"}"},
        {"session", "list", {"--state", "running", "-o", "json"}, "{\"state\":\"running\"}"},
        {"session", "show", {ID, "--at", "4"}, "{\"at\":4,\"session\":\"" ID "\"}"},
        {"session",
         "migrate",
         {ID, "--to", "n2", "--patience", "30s", "--wait"},
         "{\"patience\":30000,\"session\":\"" ID "\",\"to\":\"n2\"}"},
        {"session", "cancel", {ID, "--dry-run"}, "{\"dry_run\":true,\"session\":\"" ID "\"}"},
        {"run", "logs", {"-f", ID}, "{\"session\":\"" ID "\"}"},
        {"item", "append", {ID, "--role", "user", "hi"}, "{\"role\":\"user\",\"session\":\"" ID "\",\"text\":\"hi\"}"},
        {"item", "append", {ID, "user", "hi"}, "{\"role\":\"user\",\"session\":\"" ID "\",\"text\":\"hi\"}"},
        {"breakpoint",
         "vote",
         {ID "/1", "approve", "--why", "ok"},
         "{\"breakpoint\":1,\"option\":\"approve\",\"session\":\"" ID "\",\"why\":\"ok\"}"},
        {"breakpoint",
         "vote",
         {ID, "1", "approve"},
         "{\"breakpoint\":1,\"option\":\"approve\",\"session\":\"" ID "\"}"},
        {"breakpoint", "show", {ID "/12"}, "{\"breakpoint\":12,\"session\":\"" ID "\"}"},
        {"breakpoint", "list", {NULL}, "{}"},
        {"breakpoint",
         "ask",
         {ID, "--key", "k", "--title", "t", "--policy", "quorum:2", "--veto", "--exclude", "eve", "--deadline", "1h"},
         "{\"deadline\":3600000,\"key\":\"k\",\"policy\":{\"exclude\":[\"eve\"],\"k\":2,\"kind\":\"quorum\",\"veto\":"
         "true},\"session\":\"" ID "\",\"title\":\"t\"}"},
        {"breakpoint",
         "ask",
         {ID, "--key", "k", "--title", "t", "--option", "A", "--option", "B"},
         "{\"key\":\"k\",\"options\":[\"A\",\"B\"],\"session\":\"" ID "\",\"title\":\"t\"}"},
        {"message", "send", {ID, "{\"a\":1}"}, "{\"body\":{\"a\":1},\"to\":\"" ID "\"}"},
        {"identity", "invite", {"bob", "operator"}, "{\"name\":\"bob\",\"role\":\"operator\"}"},
        {"invite",
         "",
         {"bob", "--role", "operator", "--ttl", "1h"},
         "{\"name\":\"bob\",\"role\":\"operator\",\"ttl\":3600000}"},
        {"node", "drain", {"n1"}, "{\"node\":\"n1\"}"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        baton_error_t error = {0};
        char *json = parse (CASES[i].noun, CASES[i].verb, CASES[i].words, false, &error);
        if (!json)
            print_error ("%s %s: %s\n", CASES[i].noun, CASES[i].verb, error.message);
        assert_non_null (json);
        assert_string_equal (json, CASES[i].json);
        free (json);
    }
}

#define MINE "zzzzzzzzzzzzzzzzzzzz"

static void speaks_for_its_own_session_inside_a_run (void **state)
{
    (void) state;
    static const good_t CASES[] = {
        {"memory", "set", {"plan", "5"}, "{\"key\":\"plan\",\"session\":\"" MINE "\",\"value\":5}"},
        {"memory", "set", {MINE, "plan", "5"}, "{\"key\":\"plan\",\"session\":\"" MINE "\",\"value\":5}"},
        {"memory", "set", {"--session", MINE, "plan", "5"}, "{\"key\":\"plan\",\"session\":\"" MINE "\",\"value\":5}"},
        {"memory", "set", {ID, "plan", "5"}, "{\"key\":\"plan\",\"session\":\"" ID "\",\"value\":5}"},
        {"memory", "list", {NULL}, "{\"session\":\"" MINE "\"}"},
        {"memory", "list", {MINE}, "{\"session\":\"" MINE "\"}"},
        {"breakpoint", "show", {"3"}, "{\"breakpoint\":3,\"session\":\"" MINE "\"}"},
        {"breakpoint", "show", {MINE "/3"}, "{\"breakpoint\":3,\"session\":\"" MINE "\"}"},
        {"item", "append", {"user", "hi"}, "{\"role\":\"user\",\"session\":\"" MINE "\",\"text\":\"hi\"}"},
        {"inbox", "", {"--wait"}, "{\"session\":\"" MINE "\"}"},
        {"message", "send", {ID, "hi"}, "{\"body\":\"hi\",\"to\":\"" ID "\"}"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        baton_error_t error = {0};
        char *json = parse (CASES[i].noun, CASES[i].verb, CASES[i].words, true, &error);
        if (!json)
            print_error ("%s %s: %s\n", CASES[i].noun, CASES[i].verb, error.message);
        assert_non_null (json);
        assert_string_equal (json, CASES[i].json);
        free (json);
    }
}

static void refuses_what_it_does_not_understand (void **state)
{
    (void) state;
    static const struct {
        const char *noun, *verb;
        const char *words[WORDS_MOST];
        const char *says;
    } CASES[] = {
        {"session", "create", {NULL}, "title is missing"},
        {"session", "create", {"a", "b"}, "one word too many: b"},
        {"session", "create", {"a", "--title", "b"}, "one word too many: a"},
        {"session", "create", {"a", "--colour", "red"}, "no flag --colour"},
        {"session", "create", {"a", "--priority"}, "--priority needs a value"},
        {"session", "create", {"a", "--priority", "x"}, "must be a whole number"},
        {"session", "create", {"a", "--priority", "10"}, "priority must be at most 9, not 10"},
        {"session", "create", {"a", "--priority", "1", "--priority", "2"}, "given twice"},
        {"session", "create", {"a", "--activate=perhaps"}, "true or false"},
        {"session", "create", {"a\x01"}, "without control characters"},
        {"session", "list", {"--state", "tired"}, "must be one of running, suspended"},
        {"session", "list", {"-o", "xml"}, "no output xml"},
        {"session", "list", {"-x"}, "no flag -x"},
        {"session", "show", {NULL}, "session is missing"},
        {"session", "show", {""}, "session is empty"},
        {"session", "show", {"--session="}, "session is empty"},
        {"breakpoint", "list", {"--session", ""}, "session is empty"},
        {"events", "", {"--session", ""}, "session is empty"},
        {"message", "send", {"", "hi"}, "to is empty"},
        {"session", "create", {""}, "title is empty"},
        {"session", "list", {"--context", ""}, "--context is empty"},
        {"session", "list", {"--idempotency-key", ""}, "--idempotency-key is empty"},
        {"session", "show", {ID, "--timeout", "5"}, "no duration"},
        {"session", "wait", {ID, "--at", "5"}, "no flag --at"},
        {"invite", "", {"bob", "--role", "operator", "--ttl", "0s"}, "ttl must be longer than nothing"},
        {"session", "show", {ID, "--timeout", "0"}, "--timeout must be longer than nothing"},
        {"breakpoint", "ask", {ID, "--key", "k"}, "--title is missing"},
        {"trigger", "add", {ID, "a", "--in", "400d"}, "in is longer than the 365d that it may be at most: 400d"},
        {"session", "load", {ID}, "--at is missing"},
        {"breakpoint", "show", {ID}, "breakpoint is missing: write SESSION/NUMBER"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        baton_error_t error = {0};
        assert_null (parse (CASES[i].noun, CASES[i].verb, CASES[i].words, false, &error));
        if (!strstr (error.message, CASES[i].says))
            print_error ("%s\n", error.message);
        assert_non_null (strstr (error.message, CASES[i].says));
    }
}

static void has_a_command_for_each_method_that_people_use (void **state)
{
    (void) state;
    command_t command;
    for (int method = 1; method < METHOD_COUNT; method++) {
        char noun[LIMIT_NAME], verb[LIMIT_NAME];
        const char *dot = strchr (METHODS[method].name, '.');
        snprintf (noun, sizeof noun, "%.*s", (int) (dot - METHODS[method].name), METHODS[method].name);
        snprintf (verb, sizeof verb, "%s", dot + 1);
        bool hidden = METHODS[method].access == ACCESS_internal || METHODS[method].access == ACCESS_node ||
                      method == METHOD_identity_enroll || method == METHOD_events_subscribe ||
                      method == METHOD_events_unsubscribe || method == METHOD_blob_put || method == METHOD_blob_get ||
                      method == METHOD_workspace_manifest || method == METHOD_workspace_chunks;
        assert_int_equal (command_find (noun, verb, &command), !hidden);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (makes_requests),
        cmocka_unit_test (speaks_for_its_own_session_inside_a_run),
        cmocka_unit_test (refuses_what_it_does_not_understand),
        cmocka_unit_test (has_a_command_for_each_method_that_people_use),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
