/*  What the tests of whole uses of the program share: a broker that answers as its stage says, and run (). */
#ifndef BATON_TEST_CLI_SCRIPTED_H
#define BATON_TEST_CLI_SCRIPTED_H

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
    const char *message;   /*  of the refusal */
    uint64_t reached;      /*  by a broadcast */
    size_t queued;         /*  starts that wait */
    uint64_t alive;        /*  sessions below this one */
    fork_workspace_e fork; /*  what it works in, as a fork; none: it is none */
    const char *outcome;   /*  of the breakpoint */
    breakpoint_state_e state;
    breakpoint_kind_e kind; /*  of it; none: an approval */
    int looks;              /*  at the breakpoint or mailbox until there is something to see */
    int taken;              /*  messages */
    lifecycle_e lifecycle;  /*  of the session, in the end */
    cause_e cause;          /*  of that; none: it was requested */
    int reads;              /*  of the log */
    uint64_t timeout;       /*  of the last request */
    const char *printed;    /*  by the run; NULL: a few words */
    uint64_t offsets[4];    /*  that were asked for */
    char secret[LIMIT_ID + 1];
    char invited[LIMIT_ID + 1];
} stage_t;

static char folder[64];
static char *out, *err;

static inline int run (const fake_t *fake, const char *const *words)
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

static inline void answer_show (fake_t *fake, const asked_t *asked, stage_t *stage)
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
                       .kind = stage->kind ? stage->kind : breakpoint_kind_approval,
                       .state = open ? breakpoint_state_open : stage->state,
                       .on_expiry = text_equal (stage->outcome, "expired") ? expiry_expire : expiry_option,
                       .outcome = open ? NULL : (char *) (uintptr_t) stage->outcome}};
    fake_answer (fake, asked, &RECORD_breakpoint_view, &view);
}

static inline void answer_inbox (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    message_t message = {.letter = {.id = (char *) "m1", .from = (char *) "bob", .subject = (char *) "hello"}};
    message_page_t page = {.n = asked->header.past + 1};
    if (stage->looks-- <= 0) {
        page.messages.count = 1;
        page.messages.items = &message;
    }
    fake_answer (fake, asked, &RECORD_message_page, &page);
}

static inline void answer_enroll (fake_t *fake, const asked_t *asked, stage_t *stage)
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
static inline void answer_session (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    session_t session = {.session = (char *) ID,
                         .n = asked->header.past + 1,
                         .title = (char *) "Review",
                         .state = stage->looks-- > 0 ? lifecycle_running : stage->lifecycle,
                         .cause = stage->cause ? stage->cause : cause_requested,
                         .lease = {.node = (char *) "east"},
                         .run = {.number = 1, .phase = run_phase_running, .attempt = stage->reads < 2 ? 1 : 2}};
    start_t starts[2] = {{.cause = cause_activated}, {.cause = cause_activated}};
    session.queue.count = stage->queued;
    session.queue.items = starts;
    if (stage->fork) {
        session.home = (char *) "east";
        session.forked_from = (fork_point_t){.session = (char *) ID, .n = 1, .workspace = stage->fork};
    }
    child_row_t child = {.session = (char *) ID, .alive = stage->alive};
    session.children.count = stage->alive > 0;
    session.children.items = &child;
    session.migrating = session.state == lifecycle_running;
    session.migration =
        (migration_t){.number = 4, .step = migration_step_accept, .source = (char *) "east", .target = (char *) "west"};
    fake_answer (fake, asked, &RECORD_session, &session);
}

static inline void answer_logs (fake_t *fake, const asked_t *asked, stage_t *stage)
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
static inline void answer_journal (fake_t *fake, const asked_t *asked)
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

static inline void answer_migrate (fake_t *fake, const asked_t *asked, stage_t *stage)
{
    migration_plan_t plan = {.session = (char *) ID, .n = 1, .migration = 4};
    plan.target = (char *) (uintptr_t) stage->outcome;
    fake_answer (fake, asked, &RECORD_migration_plan, &plan);
}

static inline void answer (fake_t *fake, const asked_t *asked)
{
    stage_t *stage = fake->arg;
    changed_t changed = {.session = (char *) ID, .n = 1, .breakpoint = 1};
    session_ref_t found = {.session = (char *) ID};
    failure_t failure = {.status = (char *) (uintptr_t) stage->refusal,
                         .reason = (char *) (uintptr_t) (stage->reason ? stage->reason : "no_such_session"),
                         .field = (char *) (uintptr_t) stage->field,
                         .message = (char *) (uintptr_t) (stage->message ? stage->message : "it is not there")};
    merge_plan_t plan = {.session = (char *) ID,
                         .merged = true,
                         .merge = {.from = (char *) ID, .base = (char *) ID, .n = 1, .base_n = 1}};
    broadcast_t sent = {.message = (char *) "m1", .reached = stage->reached};
    stage->timeout = asked->header.timeout;
    if (stage->refusal && (!stage->refused || strcmp (stage->refused, asked->header.method) == 0))
        fake_refuse (fake, asked, &failure);
    else if (strcmp (asked->header.method, "session.resolve") == 0)
        fake_answer (fake, asked, &RECORD_session_ref, &found);
    else if (strcmp (asked->header.method, "message.broadcast") == 0)
        fake_answer (fake, asked, &RECORD_broadcast, &sent);
    else if (strcmp (asked->header.method, "breakpoint.show") == 0)
        answer_show (fake, asked, stage);
    else if (strcmp (asked->header.method, "session.show") == 0)
        answer_session (fake, asked, stage);
    else if (strcmp (asked->header.method, "session.merge") == 0)
        fake_answer (fake, asked, &RECORD_merge_plan, &plan);
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

static inline int make_folder (void **state)
{
    (void) state;
    strcpy (folder, "/tmp/baton-test-XXXXXX");
    unsetenv ("BATON_SOCKET");
    return mkdtemp (folder) && setenv ("XDG_CONFIG_HOME", folder, 1) == 0 && setenv ("XDG_RUNTIME_DIR", folder, 1) == 0
               ? 0
               : -1;
}

static inline int remove_folder (void **state)
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

#endif
