#include "fake_broker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

#define MOST 8

/*  What a test lets the broker do, and what the broker has seen. */
typedef struct {
    int drop;     /*  leave the first so many requests without an answer */
    bool restart; /*  and go away after the first */
    bool late;    /*  answer an earlier request first */
    const failure_t *failure;
    int seen;
    uint64_t ids[MOST], past[MOST], timeouts[MOST], if_n[MOST];
    char keys[MOST][LIMIT_ID + 1], tokens[MOST][LIMIT_ID + 1];
} script_t;

static void note (script_t *script, const request_header_t *header)
{
    int at = script->seen < MOST ? script->seen : MOST - 1;
    script->ids[at] = header->id;
    script->past[at] = header->past;
    script->timeouts[at] = header->timeout;
    script->if_n[at] = header->if_n;
    snprintf (script->keys[at], sizeof script->keys[at], "%s", header->key ? header->key : "");
    snprintf (script->tokens[at], sizeof script->tokens[at], "%s", header->token ? header->token : "");
    script->seen++;
}

static void answer (fake_t *fake, const asked_t *asked)
{
    script_t *script = fake->arg;
    note (script, &asked->header);
    if (script->restart && script->seen == 1) {
        fake_restart (fake);
        return;
    }
    if (script->seen <= script->drop)
        return;
    if (script->failure) {
        fake_refuse (fake, asked, script->failure);
        return;
    }
    changed_t wrong = {.session = (char *) "other", .n = 1}, right = {.session = (char *) "mine", .n = 7};
    asked_t earlier = *asked;
    earlier.header.id--;
    if (script->late)
        fake_answer (fake, &earlier, &RECORD_changed, &wrong);
    fake_answer (fake, asked, &RECORD_changed, &right);
}

/*  One call of a method to a broker that follows the script. */
static baton_status call (script_t *script, const char *method, const baton_call_t *options, char ret_session[32],
                          baton_error_t *error)
{
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, script);
    baton_context_t context = fake_context (&fake);
    baton_client_t *client = NULL;
    uint8_t *body = NULL;
    size_t size = 0;
    changed_t changed = {0};
    assert_int_equal (baton_client_new (&context, &client, error), BATON_OK);
    baton_status status = baton_call (client, method, NULL, 0, options, &body, &size, error);
    if (status == BATON_OK) {
        assert_int_equal (record_decode (&RECORD_changed, body, size, &changed, error), BATON_OK);
        snprintf (ret_session, 32, "%s", changed.session);
    }
    record_clear (&RECORD_changed, &changed);
    free (body);
    baton_client_destroy (&client);
    fake_stop (&fake);
    return status;
}

static void gives_the_answer (void **state)
{
    (void) state;
    script_t script = {0};
    char session[32] = "";
    assert_int_equal (call (&script, "session.suspend", NULL, session, NULL), BATON_OK);
    assert_string_equal (session, "mine");
    assert_int_equal (script.seen, 1);
}

static void passes_over_late_answers (void **state)
{
    (void) state;
    script_t script = {.late = true};
    char session[32] = "";
    assert_int_equal (call (&script, "session.suspend", NULL, session, NULL), BATON_OK);
    assert_string_equal (session, "mine");
}

static void sends_a_lost_request_again_with_its_key (void **state)
{
    (void) state;
    static const struct {
        script_t script;
        uint64_t timeout; /*  a restart is not waited for as long as an answer */
        const char *why;
    } CASES[] = {{{.drop = 1}, 5000, "no answer came"}, {{.restart = true}, 900, "the broker was started again"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        script_t script = CASES[i].script;
        char session[32] = "";
        baton_call_t options = {.timeout = CASES[i].timeout};
        print_message ("when %s\n", CASES[i].why);
        assert_int_equal (call (&script, "session.suspend", &options, session, NULL), BATON_OK);
        assert_int_equal (script.seen, 2);
        assert_int_equal (script.ids[0], script.ids[1]);
        assert_string_not_equal (script.keys[0], "");
        assert_string_equal (script.keys[0], script.keys[1]);
    }
}

static void gives_keys_to_changes_only (void **state)
{
    (void) state;
    static const struct {
        const char *method, *given;
        bool key;
    } CASES[] = {{"session.show", NULL, false},
                 {"session.suspend", NULL, true},
                 {"identity.enroll", NULL, true},
                 {"newer.method", NULL, true},
                 {"session.suspend", "mine", true}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        script_t script = {0};
        char session[32] = "";
        baton_call_t options = {.key = CASES[i].given, .if_n = 9};
        assert_int_equal (call (&script, CASES[i].method, &options, session, NULL), BATON_OK);
        assert_int_equal (*script.keys[0] != '\0', CASES[i].key);
        assert_int_equal (script.if_n[0], 9);
        if (CASES[i].given)
            assert_string_equal (script.keys[0], CASES[i].given);
    }
}

static void parks_reads_without_sending_them_again (void **state)
{
    (void) state;
    script_t script = {.drop = 1};
    baton_error_t error = {0};
    char session[32] = "";
    baton_call_t options = {.past = 12, .timeout = 2500};
    assert_int_equal (call (&script, "session.show", &options, session, &error), BATON_deadline_exceeded);
    assert_int_equal (script.seen, 1);
    assert_int_equal (script.past[0], 12);
    assert_int_equal (script.timeouts[0], 1500);
}

static void gives_failures_as_errors (void **state)
{
    (void) state;
    static const failure_t FAILURE = {.status = (char *) "failed_precondition",
                                      .reason = (char *) "wrong_state",
                                      .field = (char *) "session",
                                      .message = (char *) "session x is terminated"};
    script_t script = {.failure = &FAILURE};
    baton_error_t error = {0};
    char session[32] = "";
    assert_int_equal (call (&script, "session.suspend", NULL, session, &error), BATON_failed_precondition);
    assert_int_equal (error.status, BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_wrong_state);
    assert_string_equal (error.field, "session");
    assert_string_equal (error.message, "session x is terminated");
}

static void says_when_time_is_up (void **state)
{
    (void) state;
    script_t script = {.drop = MOST};
    baton_error_t error = {0};
    char session[32] = "";
    baton_call_t options = {.timeout = 300};
    assert_int_equal (call (&script, "session.suspend", &options, session, &error), BATON_deadline_exceeded);
    assert_int_equal (error.reason, BATON_REASON_timed_out);
}

static baton_status call_once (const baton_context_t *context, baton_error_t *error)
{
    baton_client_t *client = NULL;
    baton_call_t options = {.timeout = 300};
    assert_int_equal (baton_client_new (context, &client, error), BATON_OK);
    baton_status status = baton_call (client, "site.about", NULL, 0, &options, NULL, NULL, error);
    baton_client_destroy (&client);
    return status;
}

/*  It may be the right broker, on a machine that is busy: a wrong key is not what to look for. */
static void does_not_blame_the_key_of_one_that_says_nothing (void **state)
{
    (void) state;
    baton_error_t error = {0};
    fake_t fake;
    script_t script = {0};
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &script);
    baton_context_t context = fake_context (&fake);
    fake_stop (&fake);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int silent = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (silent, (struct sockaddr *) &address, size), 0);
    assert_int_equal (listen (silent, 8), 0);
    assert_int_equal (getsockname (silent, (struct sockaddr *) &address, &size), 0);
    snprintf (context.endpoint, sizeof context.endpoint, "tcp://127.0.0.1:%d", ntohs (address.sin_port));
    assert_int_equal (call_once (&context, &error), BATON_unavailable);
    assert_int_equal (error.reason, BATON_REASON_unreachable);
    assert_non_null (strstr (error.message, "but no broker has answered within "));
    close (silent);
}

static void says_who_does_not_answer (void **state)
{
    (void) state;
    script_t script = {0};
    fake_t fake;
    baton_error_t error = {0};
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &script);
    baton_context_t stranger = fake_context (&fake);
    memcpy (stranger.broker_key, stranger.public_key, sizeof stranger.broker_key);
    assert_int_equal (call_once (&stranger, &error), BATON_unavailable);
    assert_non_null (strstr (error.message, "not as the broker"));
    baton_context_t nobody = fake_context (&fake);
    fake_stop (&fake);
    assert_int_equal (call_once (&nobody, &error), BATON_unavailable);
    assert_int_equal (error.reason, BATON_REASON_unreachable);
    assert_non_null (strstr (error.message, nobody.endpoint));
    assert_int_equal (script.seen, 0);
}

static void speaks_for_a_run_by_its_token (void **state)
{
    (void) state;
    script_t script = {0};
    fake_t fake;
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "ipc:///tmp/baton-test-%ld.sock", (long) getpid ());
    fake_start (&fake, endpoint, answer, &script);
    baton_context_t context = fake_context (&fake);
    strcpy (context.token, "opens");
    assert_int_equal (call_once (&context, NULL), BATON_OK);
    fake_stop (&fake);
    unlink (endpoint + 6);
    assert_string_equal (script.tokens[0], "opens");
}

static void refuses_what_no_frame_holds (void **state)
{
    (void) state;
    baton_context_t context = {.endpoint = "ipc:///tmp/baton-test-nobody.sock"};
    baton_client_t *client = NULL;
    baton_error_t error = {0};
    uint8_t byte = 0;
    assert_int_equal (baton_client_new (&context, &client, &error), BATON_OK);
    assert_int_equal (baton_call (client, "site.about", &byte, LIMIT_FRAME + 1, NULL, NULL, NULL, &error),
                      BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_too_large);
    baton_client_destroy (&client);
    strcpy (context.endpoint, "nowhere");
    assert_int_equal (baton_client_new (&context, &client, &error), BATON_invalid_argument);
    assert_null (client);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (gives_the_answer),
        cmocka_unit_test (passes_over_late_answers),
        cmocka_unit_test (sends_a_lost_request_again_with_its_key),
        cmocka_unit_test (gives_keys_to_changes_only),
        cmocka_unit_test (parks_reads_without_sending_them_again),
        cmocka_unit_test (gives_failures_as_errors),
        cmocka_unit_test (says_when_time_is_up),
        cmocka_unit_test (says_who_does_not_answer),
        cmocka_unit_test (does_not_blame_the_key_of_one_that_says_nothing),
        cmocka_unit_test (speaks_for_a_run_by_its_token),
        cmocka_unit_test (refuses_what_no_frame_holds),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
