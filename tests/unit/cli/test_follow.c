/*  Uses of the program that wait for something or follow it, against a broker that the test scripts. */
#include "scripted.h"

static void waits_for_a_decision (void **state)
{
    (void) state;
    static const struct {
        const char *outcome;
        breakpoint_state_e state;
        int code;
        const char *out;
    } CASES[] = {
        {"approve", breakpoint_state_decided, 0, "approve\n"},
        {"reject", breakpoint_state_decided, 10, "reject\n"},
        {"expired", breakpoint_state_expired, 11, "expired\n"},
        {"expired", breakpoint_state_decided, 0, "expired\n"}, /*  an option may be called so */
        {"approve", breakpoint_state_expired, 0, "approve\n"},
        {"reject", breakpoint_state_expired, 10, "reject\n"},
        {"cancelled", breakpoint_state_cancelled, 12, "cancelled\n"},
        {NULL, breakpoint_state_cancelled, 12, "cancelled\n"},
    };
    static const char *const WORDS[] = {"breakpoint", "ask", "Review", "--key", "k", "--title", "t", "--wait", NULL};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.outcome = CASES[i].outcome, .state = CASES[i].state, .looks = 2};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, WORDS), CASES[i].code);
        fake_stop (&fake);
        assert_string_equal (out, CASES[i].out);
        assert_int_equal (stage.looks, -1);
    }
}

static void waits_for_a_message_and_takes_it (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"inbox", ID, "--wait", "--take", "-o", "name", NULL};
    stage_t stage = {.looks = 2};
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    assert_int_equal (run (&fake, WORDS), 0);
    fake_stop (&fake);
    assert_string_equal (out, "m1\n");
    assert_int_equal (stage.taken, 1);
}

static void waits_for_a_state (void **state)
{
    (void) state;
    static const struct {
        const char *words[8];
        lifecycle_e lifecycle;
        int code;
    } CASES[] = {
        {{"session", "wait", ID}, lifecycle_suspended, 0},
        {{"session", "wait", ID}, lifecycle_terminated, 0},
        {{"session", "wait", ID, "--until", "sleeping"}, lifecycle_sleeping, 0},
        {{"session", "wait", ID, "--until", "sleeping"}, lifecycle_terminated, 5},
        {{"session", "wait", ID, "--until", "sleeping", "--timeout", "300ms"}, lifecycle_suspended, 7},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.looks = 2, .lifecycle = CASES[i].lifecycle};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, CASES[i].words), CASES[i].code);
        fake_stop (&fake);
        assert_true (stage.looks < 0);
    }
}

static void follows_a_migration (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"session", "migrate", ID, "--wait", NULL};
    static const struct {
        const char *target;
        int code;
    } CASES[] = {{"east", 0}, {"west", 1}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.looks = 2, .lifecycle = lifecycle_suspended, .outcome = CASES[i].target};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, WORDS), CASES[i].code);
        fake_stop (&fake);
        assert_int_equal (strstr (err, "was undone") != NULL, CASES[i].code == 1);
        assert_int_equal (strstr (err, "has moved to east") != NULL, CASES[i].code == 0);
    }
}

static void follows_a_log_to_another_host (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"run", "logs", ID, "-f", NULL};
    stage_t stage = {.lifecycle = lifecycle_running};
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    assert_int_equal (run (&fake, WORDS), 0);
    fake_stop (&fake);
    assert_string_equal (out, "one\ntwo\n");
    static const uint64_t OFFSETS[] = {0, 4, 0, 4};
    assert_memory_equal (stage.offsets, OFFSETS, sizeof OFFSETS);
}

static void prints_a_whole_journal (void **state)
{
    (void) state;
    stage_t stage = {0};
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    static const char *const ALL[] = {"session", "log", ID, "-o", "name", NULL};
    assert_int_equal (run (&fake, ALL), 0);
    assert_string_equal (out, "11\n12\n13\n14\n15\n");
    static const char *const PAGE[] = {"session", "log", ID, "-o", "name", "--after", "1", "--limit", "2", NULL};
    assert_int_equal (run (&fake, PAGE), 0);
    assert_string_equal (out, "12\n13\n");
    fake_stop (&fake);
}

/*  Whoever has a broker of their own and joins another site goes on working with their own. */
static void joins_beside_a_broker_of_ones_own (void **state)
{
    (void) state;
    char path[160], *token = NULL;
    stage_t stage = {0};
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    assert_int_equal (token_encode (fake.endpoint, fake.public_key, "open", &token, NULL), BATON_OK);
    for (int same = 0; same < 2; same++) {
        baton_context_t own = fake_context (&fake);
        if (!same)
            memcpy (own.broker_key, own.public_key, sizeof own.broker_key);
        snprintf (path, sizeof path, "%s/baton", folder);
        assert_int_equal (same ? 0 : mkdir (path, 0700), 0);
        snprintf (path, sizeof path, "%s/baton/admin.ctx", folder);
        unlink (path);
        assert_int_equal (baton_context_save (path, &own, NULL), BATON_OK);
        const char *const WORDS[] = {"join", token, NULL};
        assert_int_equal (run (&fake, WORDS), 0);
        assert_int_equal (strstr (err, "baton context use bob\n") != NULL, !same);
        snprintf (path, sizeof path, "%s/baton/default.ctx", folder);
        assert_int_equal (access (path, F_OK), same - 1);
    }
    fake_stop (&fake);
    free (token);
}

static void joins_with_a_token (void **state)
{
    (void) state;
    char path[160], *token = NULL;
    stage_t stage = {0};
    fake_t fake;
    baton_context_t context = {0};
    setenv ("XDG_CONFIG_HOME", folder, 1);
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    assert_int_equal (token_encode (fake.endpoint, fake.public_key, "open", &token, NULL), BATON_OK);
    const char *const WORDS[] = {"join", token, NULL};
    assert_int_equal (run (&fake, WORDS), 0);
    assert_string_equal (stage.secret, "open");
    snprintf (path, sizeof path, "%s/baton/bob.ctx", folder);
    assert_int_equal (baton_context_load (path, &context, NULL), BATON_OK);
    assert_string_equal (context.endpoint, fake.endpoint);
    snprintf (path, sizeof path, "%s/baton/default.ctx", folder);
    assert_int_equal (baton_context_load (path, &context, NULL), BATON_OK);
    assert_string_equal (context.broker_key, fake.public_key);
    const char *const TAKEN[] = {"join", token, "--name", "bob", NULL};
    assert_int_equal (run (&fake, TAKEN), 5);
    const char *const AGAIN[] = {"join", token, NULL};
    assert_int_equal (run (&fake, AGAIN), 0);
    snprintf (path, sizeof path, "%s/baton/bob-2.ctx", folder);
    assert_int_equal (access (path, F_OK), 0);
    static const char *const LIST[] = {"context", "list", NULL}, *const USE[] = {"context", "use", "bob-2", NULL};
    static const char *const NAMES[] = {"context", "list", "-o", "name", NULL}, *const SHOW[] = {"context", "show",
                                                                                                 NULL};
    assert_int_equal (run (&fake, USE), 0);
    assert_int_equal (run (&fake, LIST), 0);
    assert_string_equal (out, "bob-2  (default)\nbob\n");
    assert_int_equal (run (&fake, NAMES), 0);
    assert_string_equal (out, "bob-2\nbob\n");
    assert_int_equal (run (&fake, SHOW), 0);
    assert_non_null (strstr (out, fake.endpoint));
    assert_null (strstr (out, "secret"));
    assert_non_null (strstr (out, "/test.ctx\n"));
    static const char *const NAMED[] = {"--context", "bob", "context", "show", NULL};
    assert_int_equal (run (&fake, NAMED), 0);
    assert_non_null (strstr (out, "name        bob\n"));
    /*  A refused token leaves nothing behind. */
    stage.refusal = "unauthenticated";
    const char *const REFUSED[] = {"join", token, "--name", "carol", NULL};
    assert_int_equal (run (&fake, REFUSED), 4);
    snprintf (path, sizeof path, "%s/baton/carol.ctx", folder);
    assert_int_not_equal (access (path, F_OK), 0);
    snprintf (path, sizeof path, "%s/baton/.joining-%ld", folder, (long) getpid ());
    assert_int_not_equal (access (path, F_OK), 0);
    const char *const BROKEN[] = {"join", "baton1.x", NULL};
    assert_int_equal (run (&fake, BROKEN), 2);
    fake_stop (&fake);
    free (token);
}

static void waits_longer_inside_a_run (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"session", "suspend", ID, NULL};
    static const char *const HASTY[] = {"session", "suspend", ID, "--timeout", "3s", NULL};
    char endpoint[96];
    snprintf (endpoint, sizeof endpoint, "ipc://%s/node", folder);
    stage_t stage = {0};
    fake_t fake = {0};
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    assert_int_equal (run (&fake, WORDS), 0);
    assert_int_equal (stage.timeout, 10000);
    fake_stop (&fake);
    fake_start (&fake, endpoint, answer, &stage);
    setenv ("BATON_SOCKET", endpoint + strlen ("ipc://"), 1);
    setenv ("BATON_SESSION", ID, 1);
    setenv ("BATON_RUN", "1", 1);
    setenv ("BATON_TOKEN", "token", 1);
    assert_int_equal (run (&fake, WORDS), 0);
    assert_int_equal (stage.timeout, LIMIT_WAIT);
    assert_int_equal (run (&fake, HASTY), 0);
    assert_int_equal (stage.timeout, 3000);
    /*  No admin has a role for it that would help. */
    stage = (stage_t){.refusal = "permission_denied", .reason = "not_allowed"};
    assert_int_equal (run (&fake, WORDS), 4);
    assert_non_null (strstr (err, "somebody outside of the run can do this"));
    fake_stop (&fake);
    unsetenv ("BATON_SOCKET");
}

/*  What a run prints is obeyed by no terminal, and unchanged everywhere else. */
int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (waits_for_a_decision),
        TEST (waits_for_a_message_and_takes_it),
        TEST (waits_for_a_state),
        TEST (follows_a_migration),
        TEST (follows_a_log_to_another_host),
        TEST (prints_a_whole_journal),
        TEST (joins_beside_a_broker_of_ones_own),
        TEST (joins_with_a_token),
        TEST (waits_longer_inside_a_run),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
