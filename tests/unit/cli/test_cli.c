/*  Whole uses of the program, against a broker that the test scripts. */
#include "../client/fake_broker.h"

#include "cli.h"
#include "slots.h"
#include "token.h"

#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

#define ID "0123456789abcdefghjk"

/*  What the broker says. */
typedef struct {
    const char *refusal; /*  a status; NULL: answers */
    const char *refused; /*  the method that is; NULL: all */
    const char *reason;
    const char *field;
    size_t queued;       /*  starts that wait */
    const char *outcome; /*  of the breakpoint */
    breakpoint_state_e state;
    int looks;             /*  at the breakpoint or mailbox until there is something to see */
    int taken;             /*  messages */
    lifecycle_e lifecycle; /*  of the session, in the end */
    int reads;             /*  of the log */
    uint64_t timeout;      /*  of the last request */
    const char *printed;   /*  by the run; NULL: a few words */
    uint64_t offsets[4];   /*  that were asked for */
    char secret[LIMIT_ID + 1];
    char invited[LIMIT_ID + 1];
} stage_t;

static char folder[64];
static char *out, *err;

static int run (const fake_t *fake, const char *const *words)
{
    char path[128];
    char *argv[SLOTS_MOST + 16] = {(char *) "baton"};
    int argc = 1;
    size_t out_size = 0, err_size = 0;
    baton_context_t context = fake_context (fake);
    snprintf (path, sizeof path, "%s/test.ctx", folder);
    unlink (path);
    assert_int_equal (baton_context_save (path, &context, NULL), BATON_OK);
    setenv ("BATON_CONTEXT", path, 1);
    free (out);
    free (err);
    FILE *out_stream = open_memstream (&out, &out_size), *err_stream = open_memstream (&err, &err_size);
    while (words[argc - 1]) {
        argv[argc] = (char *) (uintptr_t) words[argc - 1];
        argc++;
    }
    int code = cli_main (argc, argv, out_stream, err_stream);
    fclose (out_stream);
    fclose (err_stream);
    return code;
}

static void answer_show (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    bool open = stage->looks-- > 0;
    char *options[] = {(char *) "approve", (char *) "reject"};
    breakpoint_view_t view = {
        .session = (char *) ID,
        .n = asked->header.past + 1,
        .breakpoint = {.number = 1,
                       .key = (char *) "k",
                       .title = (char *) "t",
                       .options = {2, options},
                       .kind = breakpoint_kind_approval,
                       .state = open ? breakpoint_state_open : stage->state,
                       .on_expiry = text_equal (stage->outcome, "expired") ? expiry_expire : expiry_option,
                       .outcome = open ? NULL : (char *) (uintptr_t) stage->outcome}};
    fake_answer (fake, asked, &RECORD_breakpoint_view, &view);
}

static void answer_inbox (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    message_t message = {.letter = {.id = (char *) "m1", .from = (char *) "bob", .subject = (char *) "hello"}};
    message_page_t page = {.n = asked->header.past + 1};
    if (stage->looks-- <= 0) {
        page.messages.count = 1;
        page.messages.items = &message;
    }
    fake_answer (fake, asked, &RECORD_message_page, &page);
}

static void answer_enroll (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    identity_enroll_request_t request = {0};
    enrolled_t enrolled = {.name = (char *) "bob", .role = role_operator};
    if (record_decode (&METHODS[METHOD_identity_enroll].type, asked->body.data, asked->body.size, &request, NULL) !=
        BATON_OK)
        abort ();
    snprintf (stage->secret, sizeof stage->secret, "%s", request.secret);
    record_clear (&METHODS[METHOD_identity_enroll].type, &request);
    fake_answer (fake, asked, &RECORD_enrolled, &enrolled);
}

/*  Runs while there are looks left; its run moves once, after two reads of its log. */
static void answer_session (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    session_t session = {.session = (char *) ID,
                         .n = asked->header.past + 1,
                         .title = (char *) "Review",
                         .state = stage->looks-- > 0 ? lifecycle_running : stage->lifecycle,
                         .cause = cause_requested,
                         .lease = {.node = (char *) "east"},
                         .run = {.number = 1, .phase = run_phase_running, .attempt = stage->reads < 2 ? 1 : 2}};
    start_t starts[2] = {{.cause = cause_activated}, {.cause = cause_activated}};
    session.queue.count = stage->queued;
    session.queue.items = starts;
    session.migrating = session.state == lifecycle_running;
    session.migration =
        (migration_t){.number = 4, .step = migration_step_accept, .source = (char *) "east", .target = (char *) "west"};
    fake_answer (fake, asked, &RECORD_session, &session);
}

static void answer_logs (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    static const char *const CONTENTS[] = {"one\n", "", "two\n", ""};
    run_logs_request_t request = {0};
    if (stage->reads > 3 ||
        record_decode (&METHODS[METHOD_run_logs].type, asked->body.data, asked->body.size, &request, NULL) != BATON_OK)
        abort ();
    const char *content = stage->printed && stage->reads == 0 ? stage->printed : CONTENTS[stage->reads];
    log_page_t page = {.content = {strlen (content), (uint8_t *) (uintptr_t) content},
                       .next = request.offset + strlen (content),
                       .end = stage->reads == 3};
    stage->offsets[stage->reads++] = request.offset;
    fake_answer (fake, asked, &RECORD_log_page, &page);
    record_clear (&METHODS[METHOD_run_logs].type, &request);
}

/*  A journal of five events, two a page. */
static void answer_journal (fake_t *fake, const asked_t *asked)
{
    session_log_request_t request = {0};
    event_envelope_t events[2];
    event_page_t page = {.head = 5};
    if (record_decode (&METHODS[METHOD_session_log].type, asked->body.data, asked->body.size, &request, NULL) !=
        BATON_OK)
        abort ();
    for (uint64_t n = request.after + 1; n <= 5 && page.events.count < 2; n++)
        events[page.events.count++] =
            (event_envelope_t){.seq = n + 10, .n = n, .session = (char *) ID, .kind = (char *) "memory_set", .at = 1};
    page.events.items = events;
    record_clear (&METHODS[METHOD_session_log].type, &request);
    fake_answer (fake, asked, &RECORD_event_page, &page);
}

static void answer_migrate (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    migration_plan_t plan = {.session = (char *) ID, .n = 1, .migration = 4};
    plan.target = (char *) (uintptr_t) stage->outcome;
    fake_answer (fake, asked, &RECORD_migration_plan, &plan);
}

static void answer (fake_t *fake, const asked_t *asked)
{
    stage_t *stage = fake->arg;
    changed_t changed = {.session = (char *) ID, .n = 1, .breakpoint = 1};
    session_ref_t found = {.session = (char *) ID};
    failure_t failure = {.status = (char *) (uintptr_t) stage->refusal,
                         .reason = (char *) (uintptr_t) (stage->reason ? stage->reason : "no_such_session"),
                         .field = (char *) (uintptr_t) stage->field,
                         .message = (char *) "it is not there"};
    stage->timeout = asked->header.timeout;
    if (stage->refusal && (!stage->refused || strcmp (stage->refused, asked->header.method) == 0))
        fake_refuse (fake, asked, &failure);
    else if (strcmp (asked->header.method, "session.resolve") == 0)
        fake_answer (fake, asked, &RECORD_session_ref, &found);
    else if (strcmp (asked->header.method, "breakpoint.show") == 0)
        answer_show (fake, asked, stage);
    else if (strcmp (asked->header.method, "session.show") == 0)
        answer_session (fake, asked, stage);
    else if (strcmp (asked->header.method, "session.log") == 0)
        answer_journal (fake, asked);
    else if (strcmp (asked->header.method, "session.migrate") == 0)
        answer_migrate (fake, asked, stage);
    else if (strcmp (asked->header.method, "run.logs") == 0)
        answer_logs (fake, asked, stage);
    else if (strcmp (asked->header.method, "message.list") == 0)
        answer_inbox (fake, asked, stage);
    else if (strcmp (asked->header.method, "identity.enroll") == 0)
        answer_enroll (fake, asked, stage);
    else {
        stage->taken += strcmp (asked->header.method, "message.read") == 0;
        fake_answer (fake, asked, &RECORD_changed, &changed);
    }
}

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
            assert_string_equal (err, "baton: it is not there\n  \u2192 list the sessions with: baton session list\n");
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
        {{"session", "--help"}, 0, "baton session create"},
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
        {{"help", "sesion"}, 2, "did you mean: baton session?"},
        {{"sessions", "list"}, 2, "did you mean: baton session?"},
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
        {{"breakpoint", "vote", ID "/1", "maybe"},
         "invalid_argument",
         "breakpoint.vote",
         "bad_value",
         "option",
         "vote for one of approve, reject: baton breakpoint vote " ID "/1 OPTION"},
        {{"breakpoint", "vote", ID "/1"},
         "invalid_argument",
         "breakpoint.vote",
         "missing_field",
         "option",
         "vote for one of approve, reject"},
        {{"breakpoint", "vote", ID "/1", "approve"},
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
}

/*  A driver waits for a broker that is away; a person is told soon. */
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
    fake_stop (&fake);
    unsetenv ("BATON_SOCKET");
}

/*  What a run prints is obeyed by no terminal, and unchanged everywhere else. */
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

static int make_folder (void **state)
{
    (void) state;
    strcpy (folder, "/tmp/baton-test-XXXXXX");
    unsetenv ("BATON_SOCKET");
    return mkdtemp (folder) && setenv ("XDG_CONFIG_HOME", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder (void **state)
{
    (void) state;
    char command[96];
    snprintf (command, sizeof command, "rm -r %s", folder);
    free (out);
    free (err);
    out = err = NULL;
    return system (command);
}

#define TEST(function) cmocka_unit_test_setup_teardown (function, make_folder, remove_folder)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (gives_an_exit_code_for_each_status),
        TEST (says_that_nobody_answers),
        TEST (waits_for_a_decision),
        TEST (waits_for_a_message_and_takes_it),
        TEST (waits_for_a_state),
        TEST (follows_a_migration),
        TEST (follows_a_log_to_another_host),
        TEST (prints_a_whole_journal),
        TEST (joins_with_a_token),
        TEST (explains_itself),
        TEST (says_what_to_do_next),
        TEST (blames_the_file_of_a_context),
        TEST (says_that_a_start_waits),
        TEST (waits_longer_inside_a_run),
        TEST (keeps_a_terminal_from_obeying_a_log),
        TEST (says_that_nobody_answers_yet),
        TEST (survives_odd_words),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
