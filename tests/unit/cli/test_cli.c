/*  Whole uses of the program, against a broker that the test scripts: what it says, and how it ends. */
#include "scripted.h"

static void gives_an_exit_code_for_each_status (void **state)
{
    (void) state;
    static const struct {
        const char *status;
        int code;
    } CASES[] = {
        {NULL, 0},
        {"invalid_argument", 2},
        {"deadline_exceeded", 7},
        {"not_found", 3},
        {"already_exists", 5},
        {"permission_denied", 4},
        {"resource_exhausted", 1},
        {"failed_precondition", 5},
        {"aborted", 5},
        {"internal", 1},
        {"unavailable", 6},
        {"unauthenticated", 4},
        {"of_a_newer_broker", 1},
    };
    static const char *const WORDS[] = {"session", "suspend", ID, NULL};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.refusal = CASES[i].status};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, WORDS), CASES[i].code);
        fake_stop (&fake);
        assert_int_equal (*out != '\0', !CASES[i].status);
        if (CASES[i].status)
            assert_string_equal (
                err, "baton: it is not there\n  \u2192 list the sessions and their ids with: baton session list\n");
    }
}

static void says_that_nobody_answers (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"session", "suspend", ID, "--timeout", "200ms", NULL};
    stage_t stage = {0};
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    fake_stop (&fake);
    assert_int_equal (run (&fake, WORDS), 6);
    assert_non_null (strstr (err, fake.endpoint));
}

static void explains_itself (void **state)
{
    (void) state;
    static const struct {
        const char *words[5];
        int code;
        const char *says;
    } CASES[] = {
        {{"--help"}, 0, "Exit codes"},
        {{NULL}, 2, NULL},
        {{"session", "--help"}, 0, "  baton session create       Create a session\n  baton session spawn "},
        {{"session", "create", "--help"}, 0, "baton session create TITLE"},
        {{"breakpoint", "vote", "-h"}, 0, "baton breakpoint vote SESSION/NUMBER [OPTION]"},
        {{"version"}, 0, "baton " BATON_VERSION},
        {{"session"}, 2, NULL},
        {{"session", "dance"}, 2, NULL},
        {{"dance"}, 2, NULL},
        {{"-o", "xml", "version"}, 2, NULL},
        {{"--version"}, 0, "baton " BATON_VERSION},
        {{"help"}, 0, "Exit codes"},
        {{"context", "list"}, 0, ""},
        {{"help", "session"}, 0, "baton session create"},
        {{"help", "session", "create"}, 0, "baton session create TITLE"},
        {{"item", "append", "--help"}, 0, "as JSON with kind"},
        {{"help", "sesion"}, 2, "did you mean: baton session?"},
        {{"sessions", "list"}, 2, "did you mean: baton session?"},
        {{"export", "x"}, 2, "did you mean: baton session export?"},
        {{"help", "send"}, 2, "did you mean: baton message send?"},
        {{"session", "lits"}, 2, "did you mean: baton session list?"},
        {{"session", "create", "x", "--lable=a"}, 2, "did you mean --label?"},
        {{"session", ""}, 2, "session has no verb"},
        {{"inbox", ""}, 2, "session is empty"},
        {{"", "list"}, 2, "there is no command"},
    };
    fake_t fake = {.endpoint = "tcp://127.0.0.1:1"};
    zmq_curve_keypair (fake.public_key, fake.secret_key);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_int_equal (run (&fake, CASES[i].words), CASES[i].code);
        if (CASES[i].says)
            assert_non_null (strstr (CASES[i].code == 0 ? out : err, CASES[i].says));
        else
            assert_string_not_equal (err, "");
    }
}

static const char QUESTION[] = ID "/1";

static void says_what_to_do_next (void **state)
{
    (void) state;
    static const struct {
        const char *words[12];
        const char *status, *method, *reason, *field, *says;
    } CASES[] = {
        {{"session", "suspend", ID},
         "failed_precondition",
         NULL,
         "wrong_state",
         "",
         "with: baton session show " ID "\n"},
        {{"breakpoint", "vote", QUESTION, "maybe"},
         "invalid_argument",
         "breakpoint.vote",
         "bad_value",
         "option",
         "vote for one of approve, reject: baton breakpoint vote " ID "/1 OPTION"},
        {{"breakpoint", "vote", QUESTION},
         "invalid_argument",
         "breakpoint.vote",
         "missing_field",
         "option",
         "vote for one of approve, reject"},
        {{"breakpoint", "vote", QUESTION, "approve"},
         "permission_denied",
         "breakpoint.vote",
         "excluded",
         "",
         "another person has to decide"},
        {{"invite", "bob", "--role", "operator"},
         "already_exists",
         NULL,
         "name_taken",
         "name",
         "free this one: baton identity revoke bob"},
        {{"identity", "revoke", "admin"},
         "failed_precondition",
         NULL,
         "last_admin",
         "name",
         "make another admin first: baton invite NAME --role admin"},
        {{"invite", "bad name!", "--role", "operator"}, "ok", "-", NULL, NULL, "no spaces"},
        {{"breakpoint", "ask", ID, "--key", "k", "--title", "t", "--schema", "[1]"},
         "ok",
         "-",
         NULL,
         NULL,
         "--schema must be a JSON object"},
        {{"context", "use", "nosuch"}, "ok", "-", NULL, NULL, "baton context list"},
        {{"--context", "nosuch", "session", "list"}, "ok", "-", NULL, NULL, "baton context list"},
        {{"--context", "/dev/fd/99/bad.ctx", "session", "list"}, "ok", "-", NULL, NULL, "can't read context"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.refusal = CASES[i].status,
                         .refused = CASES[i].method,
                         .state = breakpoint_state_open,
                         .reason = CASES[i].reason,
                         .field = CASES[i].field};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_not_equal (run (&fake, CASES[i].words), 0);
        fake_stop (&fake);
        if (!strstr (err, CASES[i].says))
            print_error ("%s\n", err);
        assert_non_null (strstr (err, CASES[i].says));
    }
}

static void says_how_each_kind_is_voted_on (void **state)
{
    (void) state;
    static const struct {
        breakpoint_kind_e kind;
        const char *words[7], *field, *says;
    } CASES[] = {
        {breakpoint_kind_budget,
         {"breakpoint", "vote", QUESTION, "raise"},
         "value",
         "/1 raise --value '{\"tokens\": 200000}'"},
        {breakpoint_kind_merge_conflict,
         {"breakpoint", "vote", QUESTION, "ours", "--key", "rate"},
         "key",
         "/1 ours|theirs|edit --key KEY"},
        {breakpoint_kind_input, {"breakpoint", "vote", QUESTION}, "value", "/1 --value ANSWER"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.refusal = "not_found",
                         .refused = "breakpoint.vote",
                         .state = breakpoint_state_open,
                         .kind = CASES[i].kind,
                         .field = CASES[i].field};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, CASES[i].words), 3);
        fake_stop (&fake);
        assert_non_null (strstr (err, CASES[i].says));
    }
}

static void says_that_a_broadcast_reached_nobody (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"message", "broadcast", "--agent", "hr", NULL};
    for (uint64_t reached = 0; reached < 2; reached++) {
        stage_t stage = {.reached = reached};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, WORDS), 0);
        fake_stop (&fake);
        assert_int_equal (strstr (err, "nobody has it") != NULL, reached == 0);
        assert_int_equal (strstr (out, "reached") != NULL, reached == 1);
    }
}

/*  Of two sessions that a command names, the one that the sentence is about. */
static void hints_at_the_session_of_the_error (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"message", "redeliver", ID, "m1", NULL};
    static const struct {
        const char *message, *hint;
    } CASES[] = {
        {"session 01j8zzzzzzzzzzzzzzzz is terminated (completed): it takes no messages",
         "baton session show 01j8zzzzzzzzzzzzzzzz\n"},
        {"the session has ended", "baton session show " ID "\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.refusal = "failed_precondition",
                         .reason = "wrong_state",
                         .refused = "message.redeliver",
                         .message = CASES[i].message};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, WORDS), 5);
        fake_stop (&fake);
        assert_non_null (strstr (err, CASES[i].hint));
    }
}

static void blames_the_file_of_a_context (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"--context", "broken", "session", "list", NULL};
    char path[128];
    fake_t fake = {.endpoint = "tcp://127.0.0.1:1"};
    snprintf (path, sizeof path, "%s/baton", folder);
    assert_int_equal (mkdir (path, 0700), 0);
    snprintf (path, sizeof path, "%s/baton/broken.ctx", folder);
    FILE *file = fopen (path, "we");
    fputs ("bad\n   {\n", file);
    fclose (file);
    assert_int_equal (chmod (path, 0600), 0);
    zmq_curve_keypair (fake.public_key, fake.secret_key);
    assert_int_equal (run (&fake, WORDS), 5);
    assert_non_null (strstr (err, "repair the file"));
    assert_null (strstr (err, "msgpack"));
}

static void says_what_was_hardly_meant (void **state)
{
    (void) state;
    static const struct {
        const char *words[6];
        uint64_t alive;
        const char *says; /*  NULL: nothing */
    } CASES[] = {
        {{"session", "sleep", ID}, 0, "nothing wakes it yet"},
        {{"session", "cancel", ID}, 2, "go on: 2; end them, too, with baton session cancel " ID " --tree"},
        {{"session", "cancel", ID, "--dry-run"}, 2, "would go on: 2; cancel them, too, with --tree"},
        {{"session", "cancel", ID, "--dry-run"}, 0, "nothing was changed"},
        {{"session", "cancel", ID}, 0, NULL},
        {{"session", "compact", ID, "--dry-run"}, 0, "nothing was changed"},
        {{"session", "compact", ID}, 0, NULL},
        {{"trust", "list"}, 0, "no signers"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.alive = CASES[i].alive, .lifecycle = lifecycle_sleeping};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, CASES[i].words), 0);
        fake_stop (&fake);
        if (CASES[i].says)
            assert_non_null (strstr (err, CASES[i].says));
        else
            assert_string_equal (err, "");
    }
}

static void says_that_files_are_not_merged (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"session", "merge", ID, ID, NULL};
    static const struct {
        fork_workspace_e fork;
        const char *says; /*  NULL: nothing */
    } CASES[] = {
        {fork_workspace_copy, "those of " ID " are in its own workspace at east\n"},
        {fork_workspace_worktree, "at east, on the git branch baton/" ID "\n"},
        {fork_workspace_shared, NULL},
        {fork_workspace_none, NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        stage_t stage = {.fork = CASES[i].fork, .lifecycle = lifecycle_terminated};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, WORDS), 0);
        fake_stop (&fake);
        assert_non_null (strstr (CASES[i].says ? err : "", CASES[i].says ? CASES[i].says : ""));
        assert_int_equal (*err != '\0', CASES[i].says != NULL);
    }
}

static void says_that_a_start_waits (void **state)
{
    (void) state;
    static const char *const WORDS[] = {"session", "activate", ID, "--multitask-strategy", "enqueue", NULL};
    for (size_t queued = 0; queued < 3; queued++) {
        stage_t stage = {.looks = 1, .lifecycle = lifecycle_running, .queued = queued};
        fake_t fake;
        fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
        assert_int_equal (run (&fake, WORDS), 0);
        fake_stop (&fake);
        assert_int_equal (strstr (err, "enqueued: it starts when run 1 has finished") != NULL, queued > 0);
        assert_int_equal (strstr (err, "after the others") != NULL, queued > 1);
    }
    stage_t stage = {.lifecycle = lifecycle_sleeping, .cause = cause_waiting, .queued = 1};
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    assert_int_equal (run (&fake, WORDS), 0);
    fake_stop (&fake);
    assert_non_null (strstr (err, "when the sessions that it depends on have ended"));
}

/*  A driver waits for a broker that is away; a person is told soon. */
static void keeps_a_terminal_from_obeying_a_log (void **state)
{
    (void) state;
    static const char EVIL[] = "\x1b]0;gone\x07 \xc2\x9b"
                               "2J\n";
    static const char *const WORDS[] = {"run", "logs", ID, "--limit", "100", NULL};
    static char *argv[] = {
        (char *) "baton", (char *) "run", (char *) "logs", (char *) ID, (char *) "--limit", (char *) "100", NULL};
    char shown[128] = "";
    int master = -1, slave = -1;
    stage_t stage = {.lifecycle = lifecycle_running, .printed = EVIL};
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &stage);
    assert_int_equal (run (&fake, WORDS), 0);
    assert_string_equal (out, EVIL);
    stage.reads = 0;
    assert_int_equal (openpty (&master, &slave, NULL, NULL, NULL), 0);
    FILE *terminal = fdopen (slave, "w");
    assert_int_equal (cli_main (6, argv, terminal, stderr), 0);
    fflush (terminal);
    assert_true (read (master, shown, sizeof shown - 1) > 0);
    fake_stop (&fake);
    fclose (terminal);
    close (master);
    assert_string_equal (shown, "\\u001b]0;gone\\u0007 \\u009b2J\r\n");
}

static void says_that_nobody_answers_yet (void **state)
{
    (void) state;
    session_suspend_request_t request = {.session = (char *) ID};
    changed_t changed = {0};
    stage_t stage = {0};
    fake_t fake;
    char *told = NULL;
    size_t size = 0;
    cli_t cli = {.err = open_memstream (&told, &size), .progress = true, .timeout = 2300};
    snprintf (cli.context.endpoint, sizeof cli.context.endpoint, "ipc://%s/node", folder);
    assert_int_equal (cli_call (&cli, METHOD_session_suspend, &request, &changed, NULL, NULL), BATON_unavailable);
    fflush (cli.err);
    assert_non_null (strstr (told, "/node; still trying\n"));
    cli.timeout = 20000;
    fake_start (&fake, cli.context.endpoint, answer, &stage);
    assert_int_equal (cli_call (&cli, METHOD_session_suspend, &request, &changed, NULL, NULL), BATON_OK);
    record_clear (&RECORD_changed, &changed);
    baton_client_destroy (&cli.client);
    fake_stop (&fake);
    fclose (cli.err);
    assert_non_null (strstr (told, "/node answers again\n"));
    free (told);
}

/*  Each command with each of its words, and each of its flags, empty, very long, or of odd bytes: nothing but an exit
 *  code that is documented, and a sentence. */
static void survives_odd_words (void **state)
{
    (void) state;
    static char huge[70000];
    static const char *const ODD[] = {"", huge, "\xff\xfe", "\x1b[2J", "/", "=", "{", "@", "--", "-0", "\xc2", "0/0"};
    fake_t fake = {.endpoint = "tcp://127.0.0.1:1"};
    command_t command;
    memset (huge, 'a', sizeof huge - 1);
    zmq_curve_keypair (fake.public_key, fake.secret_key);
    for (size_t i = 0; command_at (i, &command); i++)
        for (size_t odd = 0; odd < sizeof ODD / sizeof *ODD; odd++) {
            slots_t slots;
            size_t ignored[SLOTS_MOST];
            slots_list (&command, NULL, NULL, &slots);
            size_t count = slots_positional (&command, &slots, ignored);
            /*  Flags go through the same functions as words: four of the odd ones do. */
            size_t most = odd < 4 ? count + slots.count : count;
            for (size_t at = 0; at <= most; at++) {
                char flag[LIMIT_NAME + 2] = "--";
                const char *words[SLOTS_MOST + 8] = {"--timeout", "1ms", command.noun, command.verb};
                size_t used = *command.verb ? 4 : 3;
                for (size_t word = 0; word < count; word++)
                    words[used++] = word == at ? ODD[odd] : "1";
                if (at == count)
                    words[used++] = ODD[odd];
                if (at > count) {
                    slot_flag (slots.items[at - count - 1].field, flag + 2);
                    words[used++] = flag;
                    words[used++] = ODD[odd];
                }
                int code = run (&fake, words);
                assert_in_range (code, 0, 7);
                assert_true (code == 0 || strncmp (err, "baton: ", 7) == 0);
                assert_null (strchr (err, '\x1b'));
            }
        }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (gives_an_exit_code_for_each_status),
        TEST (says_that_nobody_answers),
        TEST (explains_itself),
        TEST (says_what_to_do_next),
        TEST (says_how_each_kind_is_voted_on),
        TEST (says_that_a_broadcast_reached_nobody),
        TEST (hints_at_the_session_of_the_error),
        TEST (blames_the_file_of_a_context),
        TEST (says_what_was_hardly_meant),
        TEST (says_that_files_are_not_merged),
        TEST (says_that_a_start_waits),
        TEST (keeps_a_terminal_from_obeying_a_log),
        TEST (says_that_nobody_answers_yet),
        TEST (survives_odd_words),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
