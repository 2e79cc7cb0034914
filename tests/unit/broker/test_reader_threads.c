/*  Long reads on the reader's thread, while the core thread commits: each sees one commit, whole, and never less than
 *  was answered before it was asked for. */
#include "handlers.h"
#include "history.h"
#include "reader.h"
#include "sockets.h"
#include "stage.h"

#include <stdlib.h>
#include <unistd.h>

#define BATCHES 400
#define BATCH 100 /*  events a commit: enough of them that the tail is sealed under the reader's eyes */

typedef struct {
    char directory[64];
    wire_t wire;
    stage_t stage;
    reader_t *reader;
} world_t;

static world_t world;

static int set_up (void **state)
{
    (void) state;
    baton_error_t error = {0};
    world = (world_t){.directory = "/tmp/baton-reader-XXXXXX"};
    assert_non_null (mkdtemp (world.directory));
    wire_begin (&world.wire);
    if (store_open_sqlite (world.directory, &world.stage.store, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    stage_open_journal (&world.stage, 100);
    if (reader_new (world.wire.frontend, world.directory, &world.reader, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    return 0;
}

static int tear_down (void **state)
{
    (void) state;
    char command[128];
    reader_destroy (&world.reader);
    stage_end (&world.stage);
    wire_end (&world.wire);
    snprintf (command, sizeof command, "rm -rf %s", world.directory);
    return system (command);
}

/*  A session.log request for a page past `after`, as dispatch would leave it to the reader. */
static request_t *ask_log (uint64_t after)
{
    broker_t broker = {.journal = world.stage.journal, .store = world.stage.store};
    request_t *request = calloc (1, sizeof *request);
    session_log_request_t *params = calloc (1, sizeof *params);
    assert_true (request && params);
    request->method = METHOD_session_log;
    request->params = params;
    request->answer = calloc (1, RECORD_event_page.size);
    params->after = after;
    params->limit = LIMIT_PAGE;
    assert_int_equal (text_set (&params->session, "s"), BATON_OK);
    assert_int_equal (handle_session_log (&broker, request, request->answer, &request->error), BATON_OK);
    assert_non_null (request->later);
    return request;
}

static request_t *wait_for_reader (void)
{
    zmq_pollitem_t item = {.socket = reader_socket (world.reader), .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (&item, 1, 30000), 1);
    request_t *request = reader_take (world.reader);
    assert_non_null (request);
    return request;
}

/*  Gives how far the page goes. */
static uint64_t check_page (request_t *request, uint64_t after)
{
    event_page_t page = {0};
    assert_int_equal (request->error.status, BATON_OK);
    assert_int_equal (
        record_decode (&RECORD_event_page, request->reply.data, request->reply.size, &page, &request->error), BATON_OK);
    for (size_t i = 0; i < page.events.count; i++)
        assert_int_equal (page.events.items[i].n, after + 1 + i);
    uint64_t due = page.head - after < LIMIT_PAGE ? page.head - after : LIMIT_PAGE;
    assert_true (page.events.count >= due); /*  what was there when it was asked for, and perhaps more */
    uint64_t last = page.last;
    record_clear (&RECORD_event_page, &page);
    request_destroy (&request);
    return last;
}

static void commit_batch (uint64_t batch)
{
    for (uint64_t i = 0; i < BATCH; i++) {
        char key[16];
        snprintf (key, sizeof key, "k%u", (unsigned) (i % 8));
        uint8_t value = (batch * BATCH + i) / 8 % 2; /*  never the one before, so that each is an event */
        assert_int_equal (stage_note (&world.stage, "s", key, value), BATON_OK);
        assert_int_equal (stage_note (&world.stage, "other", key, value), BATON_OK);
    }
    stage_commit (&world.stage);
}

static void reads_go_on_while_commits_do (void **state)
{
    (void) state;
    baton_error_t error = {0};
    uint64_t after = 0;
    stage_create (&world.stage, "s");
    stage_create (&world.stage, "other");
    stage_commit (&world.stage);
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        request_t *request = ask_log (after);
        assert_int_equal (reader_submit (world.reader, &request, &error), BATON_OK);
        assert_null (request);
        commit_batch (batch);
        after = check_page (wait_for_reader (), after);
    }
    entry_t *entry = NULL;
    assert_int_equal (cache_get (journal_cache (world.stage.journal), "s", &entry, &error), BATON_OK);
    while (after < entry->state.n) {
        request_t *request = ask_log (after);
        assert_int_equal (reader_submit (world.reader, &request, &error), BATON_OK);
        after = check_page (wait_for_reader (), after);
    }
    assert_true (after > BATCHES * BATCH / 2);
}

static baton_status replay_second (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const session_update_request_t *params = request->params;
    return history_replay (store, params->session, 2, record, error);
}

static baton_status find_nothing (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    (void) request;
    return history_replay (store, "s", 1000, record, error);
}

static request_t *ask_update (void)
{
    request_t *request = calloc (1, sizeof *request);
    session_update_request_t *params = calloc (1, sizeof *params);
    assert_true (request && params);
    request->method = METHOD_session_update;
    request->params = params;
    assert_int_equal (text_set (&params->session, "s"), BATON_OK);
    return request;
}

/*  A change that has to read first comes back with what was read, and without an answer. */
static void a_change_is_prepared (void **state)
{
    (void) state;
    baton_error_t error = {0};
    stage_create (&world.stage, "s");
    stage_commit (&world.stage);
    assert_int_equal (stage_note (&world.stage, "s", "key", 1), BATON_OK);
    assert_int_equal (stage_note (&world.stage, "s", "key", 2), BATON_OK);
    stage_commit (&world.stage);
    request_t *request = ask_update ();
    assert_int_equal (request_prepare (request, &RECORD_session, replay_second, &error), BATON_OK);
    assert_int_equal (reader_submit (world.reader, &request, &error), BATON_OK);
    request = wait_for_reader ();
    assert_int_equal (request->error.status, BATON_OK);
    assert_int_equal (((session_t *) request->prepared)->n, 2);
    assert_int_equal (request->reply.size, 0);
    assert_int_equal (request_prepare (request, &RECORD_session, find_nothing, &error), BATON_OK);
    assert_int_equal (reader_submit (world.reader, &request, &error), BATON_OK);
    request = wait_for_reader ();
    assert_int_equal (request->error.status, BATON_not_found);
    request_destroy (&request);
}

static void preparing_ends (void **state)
{
    (void) state;
    baton_error_t error = {0};
    request_t *request = ask_update ();
    for (unsigned i = 0; i < PREPARATIONS_MOST; i++)
        assert_int_equal (request_prepare (request, &RECORD_session, replay_second, &error), BATON_OK);
    assert_int_equal (request_prepare (request, &RECORD_session, replay_second, &error), BATON_aborted);
    assert_int_equal (error.reason, BATON_REASON_version_mismatch);
    request_destroy (&request);
}

/*  By the client of that number. */
static request_t *ask_log_as (size_t client)
{
    request_t *request = ask_log (0);
    snprintf (request->key, sizeof request->key, "%zu", client);
    return request;
}

static void too_many_wait (void **state)
{
    (void) state;
    baton_error_t error = {0};
    stage_create (&world.stage, "s");
    stage_commit (&world.stage);
    size_t taken = 0;
    request_t *request = NULL;
    for (size_t client = 0; !request; client++)
        for (size_t i = 0; i < LIMIT_READS_EACH && !request; i++, taken++) {
            request = ask_log_as (client);
            if (reader_submit (world.reader, &request, &error) != BATON_OK)
                break;
        }
    assert_true (taken >= LIMIT_READS && taken <= LIMIT_READS + 2); /*  two are in the thread's hands */
    assert_int_equal (error.reason, BATON_REASON_busy);
    check_page (wait_for_reader (), 0);
    assert_int_equal (reader_submit (world.reader, &request, &error), BATON_OK); /*  it was still ours */
}

static void who_asks_for_much_holds_up_nobody (void **state)
{
    (void) state;
    baton_error_t error = {0};
    stage_create (&world.stage, "s");
    stage_commit (&world.stage);
    request_t *request = NULL;
    size_t taken = 0;
    while (!request) {
        request = ask_log_as (1);
        taken += reader_submit (world.reader, &request, &error) == BATON_OK;
    }
    assert_true (taken >= LIMIT_READS_EACH && taken <= LIMIT_READS_EACH + 2);
    assert_int_equal (error.reason, BATON_REASON_busy);
    request_destroy (&request);
    for (size_t i = 0; i < 2; i++) {
        request = ask_log_as (2);
        assert_int_equal (reader_submit (world.reader, &request, &error), BATON_OK);
    }
    /*  Behind what the thread had already, the two take turns. */
    size_t before = 0, other = 0;
    for (; other < 2; before++) {
        request = wait_for_reader ();
        other += strcmp (request->key, "2") == 0;
        check_page (request, 0);
    }
    assert_true (before <= 7);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (reads_go_on_while_commits_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_change_is_prepared, set_up, tear_down),
        cmocka_unit_test_setup_teardown (preparing_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown (too_many_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown (who_asks_for_much_holds_up_nobody, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
