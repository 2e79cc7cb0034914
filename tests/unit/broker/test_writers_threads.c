/*  Contents on the writers' threads: what comes back, in which order, and that what nobody commits leaves no file. */
#include "handlers.h"
#include "sockets.h"
#include "stage.h"
#include "writers.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#define LARGE (1 << 20)
#define PUTS 6

typedef struct {
    char directory[64];
    wire_t wire;
    store_t *store;
    writers_t *writers;
} world_t;

static world_t world;

static int set_up (void **state)
{
    (void) state;
    baton_error_t error = {0};
    world = (world_t){.directory = "/tmp/baton-writers-XXXXXX"};
    assert_non_null (mkdtemp (world.directory));
    wire_begin (&world.wire);
    if (store_open_sqlite (world.directory, &world.store, &error) != BATON_OK ||
        writers_new (world.wire.frontend, world.directory, &world.writers, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    return 0;
}

static int tear_down (void **state)
{
    (void) state;
    char command[128];
    writers_destroy (&world.writers);
    store_close (&world.store);
    wire_end (&world.wire);
    snprintf (command, sizeof command, "rm -rf %s", world.directory);
    return system (command);
}

static size_t files_seen;

static int count_file (const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void) path, (void) info, (void) place;
    files_seen += type == FTW_F;
    return 0;
}

static size_t count_files (void)
{
    char path[80];
    snprintf (path, sizeof path, "%s/blobs", world.directory);
    files_seen = 0;
    nftw (path, count_file, 8, FTW_PHYS);
    return files_seen;
}

/*  An artifact.put of a content that doesn't shrink, as its handler would leave it to the writers. */
static request_t *ask_put (uint64_t number)
{
    request_t *request = calloc (1, sizeof *request);
    artifact_put_request_t *params = calloc (1, sizeof *params);
    assert_true (request && params);
    request->method = METHOD_artifact_put;
    request->params = params;
    request->seen = number;
    params->content = (baton_bytes_t){LARGE / (number + 1), malloc (LARGE)};
    assert_non_null (params->content.data);
    uint64_t random = number * 7919 + 1;
    for (size_t i = 0; i < params->content.size; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        params->content.data[i] = (uint8_t) random;
    }
    assert_int_equal (text_set (&params->session, "s"), BATON_OK);
    assert_true (request_packs (request, &params->content));
    return request;
}

static void submit (uint64_t number)
{
    request_t *request = ask_put (number);
    assert_int_equal (writers_submit (world.writers, &request, NULL), BATON_OK);
    assert_null (request);
}

static request_t *wait_for_writers (void)
{
    zmq_pollitem_t items[WRITERS];
    for (size_t i = 0; i < WRITERS; i++)
        items[i] = (zmq_pollitem_t){.socket = writers_socket (world.writers, i), .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (items, WRITERS, 30000), 1);
    request_t *request = writers_take (world.writers);
    assert_non_null (request);
    return request;
}

static void contents_of_one_session_come_back_in_order (void **state)
{
    (void) state;
    char digest[DIGEST_SIZE];
    for (uint64_t number = 0; number < PUTS; number++)
        submit (number);
    for (uint64_t number = 0; number < PUTS; number++) {
        request_t *request = wait_for_writers ();
        const baton_bytes_t *content = request_content (request);
        assert_int_equal (request->seen, number); /*  though each is smaller than the one before */
        assert_int_equal (request->error.status, BATON_OK);
        digest_of (content->data, content->size, digest);
        assert_string_equal (store_content_digest (request->content), digest);
        assert_false (request_packs (request, content));
        assert_true (count_files () > 0);
        request_destroy (&request);
    }
    assert_null (writers_take (world.writers));
    assert_int_equal (count_files (), 0);
}

static void what_is_under_way_at_the_end_leaves_no_file (void **state)
{
    (void) state;
    for (uint64_t number = 0; number < PUTS; number++)
        submit (number);
    request_t *request = wait_for_writers ();
    writers_destroy (&world.writers);
    assert_int_equal (count_files (), 1);
    request_destroy (&request);
    assert_int_equal (count_files (), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (contents_of_one_session_come_back_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown (what_is_under_way_at_the_end_leaves_no_file, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
