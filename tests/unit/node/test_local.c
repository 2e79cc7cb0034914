/*  The local socket with everything behind it: a real run, the spool, the link, and a broker that is played here. */
#include "files.h"
#include "id.h"
#include "local.h"
#include "wire.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define DEADLINE 20000

typedef struct {
    char folder[64];
    char socket[96];
    zloop_t *loop;
    db_t *db;
    runs_t *runs;
    link_t *link;
    courier_t *courier;
    local_t *local;
    config_t config;
    zsock_t *broker;
    zsock_t *child;
    bool silent;         /*  the broker hears and says nothing */
    const char *refusal; /*  the broker refuses changes with this reason; "" for none */
    bool relents;        /*  once it has refused */
    /*  what the broker heard last, and how many requests in all */
    request_header_t heard;
    baton_bytes_t heard_body;
    size_t requests;
    /*  what the child was answered last */
    bool answered;
    uint64_t answer_id;
    char status[64], reason[64], message[512];
    bool timed_out;
    bool started;
    bool told;      /*  whoever asked was, of the last change that was done */
    size_t settled; /*  how many were */
    size_t awaited; /*  at which of them the loop ends */
} fixture_t;

/* ---- the broker ---- */

static void answer_as_broker (fixture_t *fixture, zframe_t *identity)
{
    bool refuse = *fixture->refusal;
    reply_header_t reply = {.id = fixture->heard.id, .status = (char *) (refuse ? "aborted" : "ok")};
    failure_t failure = {
        .status = (char *) "aborted", .reason = (char *) fixture->refusal, .message = (char *) "as the test wants"};
    changed_t changed = {.session = (char *) "s1", .n = 7};
    baton_bytes_t header = {0, NULL}, body = {0, NULL};
    assert_int_equal (record_encode (&RECORD_reply_header, &reply, &header), BATON_OK);
    assert_int_equal (refuse ? record_encode (&RECORD_failure, &failure, &body)
                             : record_encode (&RECORD_changed, &changed, &body),
                      BATON_OK);
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, zframe_data (identity), zframe_size (identity));
    zmsg_addmem (message, WIRE_ANSWER, WIRE_SIGNATURE_SIZE);
    zmsg_addmem (message, header.data, header.size);
    zmsg_addmem (message, body.data, body.size);
    zmsg_send (&message, fixture->broker);
    if (fixture->relents)
        fixture->refusal = "";
    bytes_clear (&header);
    bytes_clear (&body);
}

static int hear_as_broker (zloop_t *loop, zsock_t *socket, void *arg)
{
    (void) loop;
    fixture_t *fixture = arg;
    baton_error_t error;
    zmsg_t *message = zmsg_recv (socket);
    zframe_t *identity = zmsg_first (message);
    zmsg_next (message);
    zframe_t *header = zmsg_next (message), *body = zmsg_next (message);
    assert_int_equal (
        record_decode (&RECORD_request_header, zframe_data (header), zframe_size (header), &fixture->heard, &error),
        BATON_OK);
    assert_int_equal (bytes_set (&fixture->heard_body, zframe_data (body), zframe_size (body)), BATON_OK);
    fixture->requests++;
    if (!fixture->silent)
        answer_as_broker (fixture, identity);
    zmsg_destroy (&message);
    return fixture->silent ? -1 : 0;
}

/* ---- the run's process, played here with its token ---- */

static int hear_as_child (zloop_t *loop, zsock_t *socket, void *arg)
{
    (void) loop;
    fixture_t *fixture = arg;
    baton_error_t error;
    zmsg_t *message = zmsg_recv (socket);
    zframe_t *signature = zmsg_first (message), *header = zmsg_next (message), *body = zmsg_next (message);
    reply_header_t reply = {.id = 0};
    failure_t failure = {.status = NULL};
    assert_memory_equal (zframe_data (signature), WIRE_ANSWER, WIRE_SIGNATURE_SIZE);
    assert_int_equal (record_decode (&RECORD_reply_header, zframe_data (header), zframe_size (header), &reply, &error),
                      BATON_OK);
    fixture->answered = true;
    fixture->answer_id = reply.id;
    snprintf (fixture->status, sizeof fixture->status, "%s", reply.status);
    fixture->reason[0] = '\0';
    if (!streq (reply.status, "ok")) {
        assert_int_equal (record_decode (&RECORD_failure, zframe_data (body), zframe_size (body), &failure, &error),
                          BATON_OK);
        snprintf (fixture->reason, sizeof fixture->reason, "%s", failure.reason ? failure.reason : "");
        snprintf (fixture->message, sizeof fixture->message, "%s", failure.message);
    }
    record_clear (&RECORD_reply_header, &reply);
    record_clear (&RECORD_failure, &failure);
    zmsg_destroy (&message);
    return -1;
}

static int give_up (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    ((fixture_t *) arg)->timed_out = true;
    return -1;
}

/*  Until a handler ends the loop. */
static void run_loop (fixture_t *fixture)
{
    int timer = zloop_timer (fixture->loop, DEADLINE, 1, give_up, fixture);
    zloop_start (fixture->loop);
    zloop_timer_end (fixture->loop, timer);
    assert_false (fixture->timed_out);
}

static void send_as_child (fixture_t *fixture, const request_header_t *header, const uint8_t *body, size_t size)
{
    baton_bytes_t bytes = {0, NULL};
    assert_int_equal (record_encode (&RECORD_request_header, header, &bytes), BATON_OK);
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, WIRE_REQUEST, WIRE_SIGNATURE_SIZE);
    zmsg_addmem (message, bytes.data, bytes.size);
    zmsg_addmem (message, body, size);
    assert_int_equal (zmsg_send (&message, fixture->child), 0);
    bytes_clear (&bytes);
    fixture->answered = false;
}

static void ask (fixture_t *fixture, const request_header_t *header, const uint8_t *body, size_t size)
{
    send_as_child (fixture, header, body, size);
    run_loop (fixture);
    assert_true (fixture->answered);
    assert_int_equal (fixture->answer_id, header->id);
}

static void ask_memory_set (fixture_t *fixture, const request_header_t *given, const char *session)
{
    static const uint8_t YES[] = {0xc3};
    memory_set_request_t request = {
        .session = (char *) session, .key = (char *) "k", .value = {sizeof YES, (uint8_t *) (uintptr_t) YES}};
    baton_bytes_t body = {0, NULL};
    request_header_t header = *given;
    if (!header.method)
        header.method = (char *) "memory.set";
    if (!header.token)
        header.token = (char *) runs_find (fixture->runs, "s1")->token;
    assert_int_equal (record_encode (&METHODS[METHOD_memory_set].type, &request, &body), BATON_OK);
    ask (fixture, &header, body.data, body.size);
    bytes_clear (&body);
}

/* ---- the node's parts ---- */

static baton_status on_started (void *arg, const attempt_t *attempt, baton_error_t *error)
{
    (void) attempt;
    (void) error;
    ((fixture_t *) arg)->started = true;
    return BATON_OK;
}

static baton_status on_ended (void *arg, const attempt_t *attempt, const run_exit_t *exit, baton_error_t *error)
{
    (void) arg;
    (void) attempt;
    (void) exit;
    (void) error;
    return BATON_OK;
}

static int end_loop (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    (void) arg;
    return -1;
}

static void on_changed (void *arg, const attempt_t *attempt)
{
    (void) attempt;
    fixture_t *fixture = arg;
    zloop_timer (fixture->loop, 1, 1, end_loop, fixture);
}

static void on_up (void *arg)
{
    (void) arg;
}

static void on_delivery (void *arg, const event_t *event)
{
    (void) arg;
    (void) event;
}

static void on_request (void *arg, const request_header_t *header, const uint8_t *body, size_t size)
{
    (void) arg;
    (void) header;
    (void) body;
    (void) size;
}

static baton_status on_settled (void *arg, const spooled_t *change, const link_answer_t *answer, baton_error_t *error)
{
    fixture_t *fixture = arg;
    (void) error;
    fixture->told = local_settled (fixture->local, change, answer);
    if (++fixture->settled == fixture->awaited)
        zloop_timer (fixture->loop, 1, 1, end_loop, fixture);
    return BATON_OK;
}

static void open_broker (fixture_t *fixture, baton_context_t *context)
{
    char secret[41];
    assert_int_equal (zmq_curve_keypair (context->broker_key, secret), 0);
    assert_int_equal (zmq_curve_keypair (context->public_key, context->secret_key), 0);
    fixture->broker = zsock_new (ZMQ_ROUTER);
    zsock_set_curve_server (fixture->broker, 1);
    zsock_set_curve_secretkey (fixture->broker, secret);
    int port = zsock_bind (fixture->broker, "tcp://127.0.0.1:*");
    assert_true (port > 0);
    snprintf (context->endpoint, sizeof context->endpoint, "tcp://127.0.0.1:%d", port);
    zloop_reader (fixture->loop, fixture->broker, hear_as_broker, fixture);
}

static void start_run (fixture_t *fixture, const char *session, uint64_t run)
{
    baton_error_t error;
    launch_t launch = {.session = session,
                       .run = run,
                       .attempt = 1,
                       .epoch = 9,
                       .workspace = fixture->folder,
                       .driver = &fixture->config.drivers.items[0],
                       .socket = "ipc://nowhere",
                       .input = "null",
                       .log_bound = 65536};
    assert_int_equal (runs_start (fixture->runs, &launch, &error), BATON_OK);
    run_loop (fixture);
    assert_true (fixture->started);
}

static int set_up (void **state)
{
    fixture_t *fixture = calloc (1, sizeof *fixture);
    baton_error_t error;
    baton_context_t context = {.endpoint = ""};
    *state = fixture;
    fixture->refusal = "";
    strcpy (fixture->folder, "/tmp/baton-local-XXXXXX");
    assert_non_null (mkdtemp (fixture->folder));
    assert_int_equal (config_init (&fixture->config), BATON_OK);
    driver_t *driver = list_append (&fixture->config.drivers, sizeof *driver);
    assert_non_null (driver);
    assert_int_equal (text_set (&driver->name, "default"), BATON_OK);
    assert_int_equal (texts_add (&driver->argv, "/bin/sleep"), BATON_OK);
    assert_int_equal (texts_add (&driver->argv, "1000"), BATON_OK);
    fixture->loop = zloop_new ();
    open_broker (fixture, &context);
    snprintf (fixture->socket, sizeof fixture->socket, "%s/node.db", fixture->folder);
    assert_int_equal (db_new (fixture->socket, &fixture->db, &error), BATON_OK);
    runs_handlers_t handlers = {on_started, on_ended, on_changed, fixture};
    assert_int_equal (runs_new (fixture->loop, fixture->db, fixture->folder, &handlers, &fixture->runs, &error),
                      BATON_OK);
    link_handlers_t link_handlers = {on_up, on_delivery, on_request, fixture};
    assert_int_equal (link_new (fixture->loop, &context, &link_handlers, &fixture->link, &error), BATON_OK);
    assert_int_equal (
        courier_new (fixture->loop, fixture->db, fixture->link, on_settled, fixture, &fixture->courier, &error),
        BATON_OK);
    snprintf (fixture->socket, sizeof fixture->socket, "%s/node.sock", fixture->folder);
    local_parts_t parts = {fixture->loop, fixture->db, fixture->runs, fixture->link, fixture->courier};
    assert_int_equal (local_new (&parts, fixture->socket, &fixture->local, &error), BATON_OK);
    fixture->child = zsock_new (ZMQ_DEALER);
    assert_int_equal (zsock_connect (fixture->child, "ipc://%s", fixture->socket), 0);
    zloop_reader (fixture->loop, fixture->child, hear_as_child, fixture);
    start_run (fixture, "s1", 3);
    return 0;
}

static int tear_down (void **state)
{
    fixture_t *fixture = *state;
    while (runs_alive (fixture->runs) > 0) {
        runs_stop (fixture->runs, "s1", 0);
        runs_stop (fixture->runs, "s2", 0);
        run_loop (fixture);
    }
    local_destroy (&fixture->local);
    courier_destroy (&fixture->courier);
    link_destroy (&fixture->link);
    runs_destroy (&fixture->runs);
    db_destroy (&fixture->db);
    zsock_destroy (&fixture->child);
    zsock_destroy (&fixture->broker);
    zloop_destroy (&fixture->loop);
    config_clear (&fixture->config);
    record_clear (&RECORD_request_header, &fixture->heard);
    bytes_clear (&fixture->heard_body);
    files_remove_tree (fixture->folder);
    free (fixture);
    return 0;
}

/* ---- tests ---- */

static void test_mode (void **state)
{
    fixture_t *fixture = *state;
    struct stat status;
    assert_int_equal (stat (fixture->socket, &status), 0);
    assert_int_equal (status.st_mode & 0777, 0600);
}

/*  Whatever a run claims to be, the broker hears what the node knows. */
static void test_speaks_for_itself_only (void **state)
{
    fixture_t *fixture = *state;
    ask_memory_set (
        fixture, &(request_header_t){.id = 5, .key = (char *) "mine", .session = (char *) "s2", .run = 77, .epoch = 99},
        NULL);
    assert_string_equal (fixture->status, "ok");
    assert_string_equal (fixture->heard.method, "memory.set");
    assert_string_equal (fixture->heard.session, "s1");
    assert_string_equal (fixture->heard.key, "mine");
    assert_int_equal (fixture->heard.run, 3);
    assert_int_equal (fixture->heard.epoch, 9);
    assert_null (fixture->heard.token);
    memory_set_request_t request = {.session = NULL};
    baton_error_t error;
    assert_int_equal (record_decode (&METHODS[METHOD_memory_set].type, fixture->heard_body.data,
                                     fixture->heard_body.size, &request, &error),
                      BATON_OK);
    assert_string_equal (request.session, "s1");
    record_clear (&METHODS[METHOD_memory_set].type, &request);
}

static void test_refusals (void **state)
{
    fixture_t *fixture = *state;
    char wrong[TOKEN_SIZE];
    memset (wrong, '0', sizeof wrong - 1);
    wrong[sizeof wrong - 1] = '\0';
    static const struct {
        const char *method, *session;
        bool wrong_token;
        const char *status, *reason;
    } CASES[] = {
        {"memory.set", "s1", true, "unauthenticated", "not_your_session"},
        {"memory.set", "s2", false, "permission_denied", "not_your_session"},
        {"session.create", NULL, false, "permission_denied", "not_allowed"},
        {"session.cancel", NULL, false, "permission_denied", "not_allowed"},
        {"run.finished", NULL, false, "permission_denied", "not_allowed"},
        {"events.read", NULL, false, "permission_denied", "not_allowed"},
        {"message.post", NULL, false, "invalid_argument", "unknown_method"},
        {"no.such", NULL, false, "invalid_argument", "unknown_method"},
        {"breakpoint.ask", NULL, false, "invalid_argument", "missing_field"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        request_header_t header = {.id = i + 1, .method = (char *) CASES[i].method};
        if (CASES[i].wrong_token)
            header.token = wrong;
        ask_memory_set (fixture, &header, CASES[i].session);
        assert_string_equal (fixture->status, CASES[i].status);
        assert_string_equal (fixture->reason, CASES[i].reason);
    }
    assert_int_equal (fixture->requests, 0);
}

static void test_garbage (void **state)
{
    fixture_t *fixture = *state;
    static const struct {
        const char *bytes;
        size_t size;
    } CASES[] = {{"\xc1", 1}, {"\x93", 1}, {"\x01", 1}, {"\x81\xa1k", 3}, {"\xdf\xff\xff\xff\xff", 5}};
    request_header_t header = {.method = (char *) "memory.set",
                               .token = (char *) runs_find (fixture->runs, "s1")->token};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        header.id = i + 1;
        ask (fixture, &header, (const uint8_t *) CASES[i].bytes, CASES[i].size);
        assert_string_equal (fixture->status, "invalid_argument");
    }
    assert_int_equal (fixture->requests, 0);
}

/*  The broker doesn't answer: the run hears that the change is kept, and it is. */
static void test_kept_while_the_broker_is_away (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    fixture->silent = true;
    send_as_child (fixture, &(request_header_t){.id = 1}, NULL, 0);
    run_loop (fixture); /*  no token: the refusal, so that the socket is known to work */
    zsock_t *away = fixture->broker;
    zloop_reader_end (fixture->loop, away);
    ask_memory_set (fixture, &(request_header_t){.id = 2, .key = (char *) "k2", .timeout = 300}, NULL);
    assert_string_equal (fixture->status, "unavailable");
    assert_non_null (strstr (fixture->message, "keeps the change"));
    spooled_t change = {.id = 0};
    assert_int_equal (spool_first (fixture->db, "s1", &change, &error), BATON_OK);
    assert_string_equal (change.key, "k2");
    spooled_clear (&change);
    /*  The same again, now that the broker hears. It may have been taken already: then the key tells the broker. */
    fixture->silent = false;
    zloop_reader (fixture->loop, away, hear_as_broker, fixture);
    ask_memory_set (fixture, &(request_header_t){.id = 3, .key = (char *) "k2"}, NULL);
    assert_string_equal (fixture->status, "ok");
    assert_in_range (fixture->requests, 1, 2);
    assert_string_equal (fixture->heard.key, "k2");
    assert_int_equal (spool_first (fixture->db, "s1", &change, &error), BATON_not_found);
}

/*  A definite refusal reaches the run, and nothing stays behind. */
static void test_refused_by_the_broker (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    spooled_t change = {.id = 0};
    fixture->refusal = "stale_epoch";
    ask_memory_set (fixture, &(request_header_t){.id = 1}, NULL);
    assert_string_equal (fixture->status, "aborted");
    assert_string_equal (fixture->reason, "stale_epoch");
    assert_true (fixture->told);
    assert_int_equal (spool_first (fixture->db, "s1", &change, &error), BATON_not_found);
}

/*  The run has heard that the node keeps the change. That it is refused later it can't hear any more. */
static void test_nobody_to_tell (void **state)
{
    fixture_t *fixture = *state;
    zloop_reader_end (fixture->loop, fixture->broker);
    ask_memory_set (fixture, &(request_header_t){.id = 1, .timeout = 300}, NULL);
    assert_string_equal (fixture->status, "unavailable");
    fixture->refusal = "stale_epoch";
    fixture->awaited = 1;
    zloop_reader (fixture->loop, fixture->broker, hear_as_broker, fixture);
    run_loop (fixture);
    assert_int_equal (fixture->settled, 1);
    assert_false (fixture->told);
}

/*  What is refused only for now is sent again, and the run hears nothing of it. */
static void test_busy_broker (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    spooled_t change = {.id = 0};
    fixture->refusal = "busy";
    fixture->relents = true;
    ask_memory_set (fixture, &(request_header_t){.id = 1, .key = (char *) "k"}, NULL);
    assert_string_equal (fixture->status, "ok");
    assert_int_equal (fixture->requests, 2);
    assert_string_equal (fixture->heard.key, "k");
    assert_int_equal (spool_first (fixture->db, "s1", &change, &error), BATON_not_found);
}

/*  Each run has its own token, and it ends with the run. */
static void test_tokens (void **state)
{
    fixture_t *fixture = *state;
    char token[TOKEN_SIZE];
    start_run (fixture, "s2", 1);
    assert_string_not_equal (runs_find (fixture->runs, "s1")->token, runs_find (fixture->runs, "s2")->token);
    strcpy (token, runs_find (fixture->runs, "s2")->token);
    ask_memory_set (fixture, &(request_header_t){.id = 1, .token = token}, "s1");
    assert_string_equal (fixture->reason, "not_your_session");
    ask_memory_set (fixture, &(request_header_t){.id = 2, .token = token}, "s2");
    assert_string_equal (fixture->status, "ok");
    runs_stop (fixture->runs, "s2", 0);
    run_loop (fixture);
    assert_int_equal (runs_find (fixture->runs, "s2")->state, ATTEMPT_ended);
    ask_memory_set (fixture, &(request_header_t){.id = 3, .token = token}, "s2");
    assert_string_equal (fixture->status, "unauthenticated");
}

static void test_a_run_has_no_lock (void **state)
{
    fixture_t *fixture = *state;
    const char *token = runs_find (fixture->runs, "s1")->token;
    ask_memory_set (fixture, &(request_header_t){.id = 4, .token = (char *) token, .fence = 1}, "s1");
    assert_string_equal (fixture->status, "invalid_argument");
    assert_int_equal (fixture->requests, 0);
}

/*  A run that parks as many readers as it may leaves room for the others. */
static void test_share (void **state)
{
    fixture_t *fixture = *state;
    request_header_t header = {.method = (char *) "session.show", .timeout = 60000, .past = 1};
    fixture->silent = true;
    header.token = (char *) runs_find (fixture->runs, "s1")->token;
    for (header.id = 1; header.id <= 64; header.id++) {
        send_as_child (fixture, &header, NULL, 0);
        run_loop (fixture);
        assert_int_equal (fixture->requests, header.id);
    }
    ask (fixture, &header, NULL, 0);
    assert_string_equal (fixture->status, "resource_exhausted");
    assert_string_equal (fixture->reason, "busy");
    assert_int_equal (fixture->requests, 64);
    start_run (fixture, "s2", 1);
    header.token = (char *) runs_find (fixture->runs, "s2")->token;
    header.id++;
    send_as_child (fixture, &header, NULL, 0);
    run_loop (fixture);
    assert_int_equal (fixture->requests, 65);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (int argc, char **argv)
{
    if (argc > 1 && strcmp (argv[1], SHIM_WORD) == 0)
        return shim_main (argc - 1, argv + 1);
    zsys_handler_set (NULL);
    if (id_init () != BATON_OK)
        return 1;
    const struct CMUnitTest tests[] = {TEST (test_mode),
                                       TEST (test_speaks_for_itself_only),
                                       TEST (test_refusals),
                                       TEST (test_garbage),
                                       TEST (test_kept_while_the_broker_is_away),
                                       TEST (test_refused_by_the_broker),
                                       TEST (test_a_run_has_no_lock),
                                       TEST (test_nobody_to_tell),
                                       TEST (test_busy_broker),
                                       TEST (test_share),
                                       TEST (test_tokens)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
