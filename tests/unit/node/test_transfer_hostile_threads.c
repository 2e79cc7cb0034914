/*  Sources and targets that don't keep to the protocol. */
#include "test_transfer.h"

/* ---- a hostile source ---- */

typedef enum {
    HONEST,
    WRONG_BYTES,  /*  content of another digest */
    WRONG_DIGEST, /*  a chunk that was not asked for */
    NO_CONTENT,   /*  the fourth frame is missing */
    BAD_ZSTD,     /*  claims to be packed */
    BOMB,         /*  unpacks to much more than it says */
    GARBAGE_BODY, /*  not msgpack */
    GARBAGE_HEADER,
    SAME_FOREVER, /*  answers twice what was asked for once */
    ALWAYS_GONE,
} crime_t;

typedef struct {
    crime_t crime;
    zsock_t *router;
    manifest_packed_t packed;
    uint8_t data[64]; /*  of the one chunk */
} villain_t;

static zmsg_t *manifest_answer (villain_t *self, uint64_t id)
{
    transfer_manifest_t manifest = {.generation = 1, .frozen = true, .manifest = self->packed.root};
    return transfer_wire_answer (id, &RECORD_transfer_manifest, &manifest);
}

static zmsg_t *part_answer (villain_t *self, uint64_t id, const uint8_t *digest)
{
    for (size_t i = 0; i < self->packed.parts.count; i++) {
        manifest_packed_part_t *part = &self->packed.parts.items[i];
        if (memcmp (part->digest, digest, CHUNK_DIGEST) != 0)
            continue;
        transfer_chunk_t chunk = {.digest = {CHUNK_DIGEST, part->digest}, .size = part->bytes.size};
        zmsg_t *message = transfer_wire_answer (id, &RECORD_transfer_chunk, &chunk);
        zmsg_addmem (message, part->bytes.data, part->bytes.size);
        return message;
    }
    return NULL;
}

static zmsg_t *chunk_answer (villain_t *self, uint64_t id, const uint8_t *digest)
{
    uint8_t other[CHUNK_DIGEST] = {1};
    transfer_chunk_t chunk = {.digest = {CHUNK_DIGEST, (uint8_t *) digest}, .size = sizeof self->data};
    uint8_t data[sizeof self->data];
    memcpy (data, self->data, sizeof data);
    chunk.packed = self->crime == BAD_ZSTD || self->crime == BOMB;
    chunk.gone = self->crime == ALWAYS_GONE;
    if (self->crime == WRONG_DIGEST)
        chunk.digest.data = other;
    if (self->crime == WRONG_BYTES)
        data[0] ^= 1;
    zmsg_t *message = transfer_wire_answer (id, &RECORD_transfer_chunk, &chunk);
    if (self->crime == BOMB) {
        static uint8_t zeros[CHUNK_SIZE], packed[CHUNK_SIZE];
        chunk_packer_t *packer = chunk_packer_new ();
        size_t size = chunk_pack (packer, zeros, sizeof zeros, packed);
        zmsg_addmem (message, packed, size);
        chunk_packer_destroy (&packer);
    } else if (self->crime != NO_CONTENT && self->crime != ALWAYS_GONE)
        zmsg_addmem (message, data, sizeof data);
    if (self->crime == GARBAGE_BODY)
        zframe_reset ((zmsg_first (message), zmsg_next (message), zmsg_next (message)), "\xc1\xff", 2);
    if (self->crime == GARBAGE_HEADER)
        zframe_reset ((zmsg_first (message), zmsg_next (message)), "\x93", 1);
    return message;
}

static void answer_to (villain_t *self, zframe_t *peer, zmsg_t *message)
{
    zframe_t *routing = zframe_dup (peer);
    zmsg_prepend (message, &routing);
    zmsg_send (&message, self->router);
}

static void answer_one (villain_t *self)
{
    zmsg_t *message = zmsg_recv (self->router);
    zframe_t *peer = zmsg_pop (message);
    request_header_t header = {0};
    transfer_request_t request = {0};
    assert_int_equal (transfer_wire_open_request (message, &header, &request, NULL), BATON_OK);
    if (strcmp (header.method, TRANSFER_MANIFEST) == 0)
        answer_to (self, peer, manifest_answer (self, header.id));
    for (size_t i = 0; i < request.chunks.size / CHUNK_DIGEST; i++) {
        const uint8_t *digest = request.chunks.data + i * CHUNK_DIGEST;
        zmsg_t *part = part_answer (self, header.id, digest);
        answer_to (self, peer, part ? part : chunk_answer (self, header.id, digest));
        if (!part && self->crime == SAME_FOREVER)
            answer_to (self, peer, chunk_answer (self, header.id, digest));
    }
    record_clear (&RECORD_request_header, &header);
    record_clear (&RECORD_transfer_request, &request);
    zframe_destroy (&peer);
    zmsg_destroy (&message);
}

static void run_villain (zsock_t *pipe, void *argument)
{
    villain_t *self = argument;
    zpoller_t *poller = zpoller_new (pipe, self->router, NULL);
    zsock_signal (pipe, 0);
    while (zpoller_wait (poller, -1) == self->router)
        answer_one (self);
    zpoller_destroy (&poller);
}

static void villain_begin (villain_t *self, const fixture_t *fixture, crime_t crime, const workspace_t *workspace)
{
    self->crime = crime;
    memset (self->data, 'v', sizeof self->data);
    assert_int_equal (manifest_pack (workspace, &self->packed, NULL), BATON_OK);
    self->router = zsock_new (ZMQ_ROUTER);
    zsock_set_curve_server (self->router, 1);
    zsock_set_curve_publickey (self->router, fixture->source_keys.public_key);
    zsock_set_curve_secretkey (self->router, fixture->source_keys.secret_key);
    zsock_set_zap_domain (self->router, "test");
    assert_true (zsock_bind (self->router, "tcp://127.0.0.1:*") > 0);
}

static manifest_entry_t *add (workspace_t *workspace, entry_kind_e kind, const char *path)
{
    workspace_item_t *item = list_append (workspace, sizeof *item);
    item->entry.kind = kind;
    item->entry.mode = kind == entry_kind_symlink ? 0 : 0755;
    assert_int_equal (bytes_set (&item->entry.path, path, strlen (path)), BATON_OK);
    return &item->entry;
}

/*  A file with the villain's one chunk. */
static manifest_entry_t *add_file (workspace_t *workspace, const char *path)
{
    uint8_t data[64], digest[CHUNK_DIGEST];
    memset (data, 'v', sizeof data);
    chunk_digest (data, sizeof data, digest);
    manifest_entry_t *entry = add (workspace, entry_kind_file, path);
    entry->size = sizeof data;
    assert_int_equal (bytes_set (&entry->chunks, digest, sizeof digest), BATON_OK);
    return entry;
}

/*  Lets a target fetch from the villain and accept; returns what came of it. */
static transfer_report_t suffer (fixture_t *self, crime_t crime, const workspace_t *workspace)
{
    static villain_t villain;
    memset (&villain, 0, sizeof villain);
    villain_begin (&villain, self, crime, workspace);
    start_target_at (self, zsock_endpoint (villain.router), 2000);
    zactor_t *actor = zactor_new (run_villain, &villain);
    transfer_target_accept (self->target, villain.packed.digest);
    transfer_report_t report = wait_for (transfer_target_pipe (self->target), false);
    if (report.kind == TRANSFER_PREPARED)
        report = wait_for (transfer_target_pipe (self->target), false);
    transfer_target_destroy (&self->target);
    zactor_destroy (&actor);
    zsock_destroy (&villain.router);
    manifest_packed_clear (&villain.packed);
    return report;
}

static void test_chunk_answers (void **state)
{
    fixture_t *self = *state;
    workspace_t workspace = {0};
    add (&workspace, entry_kind_directory, "");
    add_file (&workspace, "a");
    for (crime_t crime = WRONG_BYTES; crime <= ALWAYS_GONE; crime++) {
        if (crime == SAME_FOREVER)
            continue;
        transfer_report_t report = suffer (self, crime, &workspace);
        if (report.kind != TRANSFER_FAILED)
            fail_msg ("crime %d was accepted", (int) crime);
        transfer_stage_discard ("stage");
    }
    transfer_report_t report = suffer (self, HONEST, &workspace);
    if (report.kind != TRANSFER_ACCEPTED)
        fail_msg ("%s", report.error.message);
    workspace_clear (&workspace);
}

/*  What nobody asked for does no harm and has no effect. */
static void test_unasked_answers (void **state)
{
    fixture_t *self = *state;
    workspace_t workspace = {0};
    add (&workspace, entry_kind_directory, "");
    add_file (&workspace, "a");
    transfer_report_t report = suffer (self, SAME_FOREVER, &workspace);
    assert_true (report.kind == TRANSFER_ACCEPTED || report.error.reason == BATON_REASON_malformed);
    workspace_clear (&workspace);
}

static void test_paths (void **state)
{
    fixture_t *self = *state;
    static const char *const PATHS[] = {"../escaped", "/tmp/escaped", "a/../../escaped", "..", "a//b", "."};
    for (size_t i = 0; i < COUNT (PATHS); i++) {
        workspace_t workspace = {0};
        add (&workspace, entry_kind_directory, "");
        add_file (&workspace, PATHS[i]);
        transfer_report_t report = suffer (self, HONEST, &workspace);
        assert_int_equal (report.kind, TRANSFER_FAILED);
        assert_int_equal (report.error.status, BATON_invalid_argument);
        workspace_clear (&workspace);
    }
    expect_missing ("escaped");
    expect_missing ("stage/escaped");
}

/*  A link out of the workspace and a file under it; and a link in one generation that is a folder in the next. */
static void test_file_under_a_link (void **state)
{
    fixture_t *self = *state;
    workspace_t workspace = {0};
    assert_int_equal (mkdir ("victim", 0755), 0);
    add (&workspace, entry_kind_directory, "");
    assert_int_equal (bytes_set (&add (&workspace, entry_kind_symlink, "a")->target, "../../victim", 12), BATON_OK);
    add_file (&workspace, "a/f");
    assert_int_equal (suffer (self, HONEST, &workspace).kind, TRANSFER_FAILED);
    expect_missing ("victim/f");
    workspace_clear (&workspace);

    add (&workspace, entry_kind_directory, "");
    assert_int_equal (bytes_set (&add (&workspace, entry_kind_symlink, "a")->target, "../../victim", 12), BATON_OK);
    assert_int_equal (suffer (self, HONEST, &workspace).kind, TRANSFER_ACCEPTED);
    workspace_clear (&workspace);
    add (&workspace, entry_kind_directory, "");
    add (&workspace, entry_kind_directory, "a");
    add_file (&workspace, "a/f");
    assert_int_equal (suffer (self, HONEST, &workspace).kind, TRANSFER_ACCEPTED);
    expect_missing ("victim/f");
    struct stat status;
    assert_int_equal (lstat ("stage/tree/a/f", &status), 0);
    workspace_clear (&workspace);
}

/*  Somebody who can write to the staging folder puts a link where a folder was: nothing is written through it. */
static void test_link_in_the_stage (void **state)
{
    fixture_t *self = *state;
    (void) self;
    workspace_t workspace = {0};
    transfer_stage_t *stage = NULL;
    uint8_t data[64];
    memset (data, 'v', sizeof data);
    assert_int_equal (mkdir ("victim", 0755) | mkdir ("victim/b", 0755), 0);
    add (&workspace, entry_kind_directory, "");
    add (&workspace, entry_kind_directory, "a");
    add (&workspace, entry_kind_directory, "a/b");
    add (&workspace, entry_kind_directory, "c");
    add_file (&workspace, "a/b/f");
    uint8_t digest[CHUNK_DIGEST];
    chunk_digest (data, sizeof data, digest);
    assert_int_equal (transfer_stage_new ("stage", &stage, NULL), BATON_OK);
    assert_int_equal (transfer_stage_begin (stage, &workspace, NULL), BATON_OK);
    assert_int_equal (rename ("stage/tree/a", "stage/tree/aside") | symlink ("../../victim", "stage/tree/a"), 0);
    assert_int_not_equal (transfer_stage_put (stage, digest, data, sizeof data, NULL), BATON_OK);
    expect_missing ("victim/b/f");
    transfer_stage_destroy (&stage);
    workspace_clear (&workspace);
}

/*  A chunk whose length doesn't fit its place. */
static void test_size_that_lies (void **state)
{
    fixture_t *self = *state;
    workspace_t workspace = {0};
    add (&workspace, entry_kind_directory, "");
    add_file (&workspace, "a")->size = 63;
    transfer_report_t report = suffer (self, HONEST, &workspace);
    assert_int_equal (report.kind, TRANSFER_FAILED);
    workspace_clear (&workspace);
}

/* ---- a hostile target ---- */

static zsock_t *connect_to (fixture_t *self)
{
    zsock_t *dealer = zsock_new (ZMQ_DEALER);
    zsock_set_curve_serverkey (dealer, self->source_keys.public_key);
    zsock_set_curve_publickey (dealer, self->target_keys.public_key);
    zsock_set_curve_secretkey (dealer, self->target_keys.secret_key);
    zsock_set_rcvtimeo (dealer, DEADLINE_MS);
    assert_int_equal (zsock_connect (dealer, "%s", transfer_source_endpoint (self->source)), 0);
    return dealer;
}

static void ask (zsock_t *dealer, uint64_t id, const char *method, const uint8_t *digests, size_t count,
                 uint64_t received)
{
    transfer_request_t request = {.session = (char *) "session",
                                  .migration = 1,
                                  .chunks = {count * CHUNK_DIGEST, (uint8_t *) digests},
                                  .received = received};
    zmsg_t *message = transfer_wire_request (id, method, &request);
    zmsg_send (&message, dealer);
}

/*  The id and status of the next answer. */
static baton_status take (zsock_t *dealer, uint64_t *ret_id, baton_error_t *error)
{
    zmsg_t *message = zmsg_recv (dealer);
    assert_non_null (message);
    zframe_t *body = NULL, *content = NULL;
    bool failed = false;
    baton_status status = transfer_wire_open_answer (message, ret_id, &body, &content, &failed, error);
    zmsg_destroy (&message);
    return status;
}

static void test_credit (void **state)
{
    fixture_t *self = *state;
    uint8_t digests[LIMIT_TRANSFER_ASK * CHUNK_DIGEST];
    uint64_t id = 0;
    baton_error_t error = {0};
    put_text ("w/a", "a");
    for (size_t i = 0; i < LIMIT_TRANSFER_ASK; i++)
        chunk_digest ("a", 1, digests + i * CHUNK_DIGEST);
    allow (self);
    zsock_t *dealer = connect_to (self);

    /*  No chunk without a manifest; none without asking. */
    ask (dealer, 1, TRANSFER_CHUNKS, digests, 1, 0);
    assert_int_equal (take (dealer, &id, &error), BATON_unavailable);
    ask (dealer, 2, TRANSFER_MANIFEST, NULL, 0, 0);
    assert_int_equal (take (dealer, &id, &error), BATON_OK);

    /*  As many as the credit allows, and not one more until some are said to have come. */
    uint64_t asked = 0;
    for (; asked + LIMIT_TRANSFER_ASK <= LIMIT_TRANSFER_CREDIT; asked += LIMIT_TRANSFER_ASK)
        ask (dealer, 3, TRANSFER_CHUNKS, digests, LIMIT_TRANSFER_ASK, 0);
    ask (dealer, 4, TRANSFER_CHUNKS, digests, 1, 0);
    for (uint64_t i = 0; i < asked; i++) {
        assert_int_equal (take (dealer, &id, &error), BATON_OK);
        assert_int_equal (id, 3);
    }
    assert_int_equal (take (dealer, &id, &error), BATON_resource_exhausted);
    assert_int_equal (id, 4);
    ask (dealer, 5, TRANSFER_CHUNKS, digests, 2, 1);
    assert_int_equal (take (dealer, &id, &error), BATON_resource_exhausted);
    ask (dealer, 6, TRANSFER_CHUNKS, digests, 1, 1);
    assert_int_equal (take (dealer, &id, &error), BATON_OK);
    ask (dealer, 7, TRANSFER_CHUNKS, digests, 1, asked + 2);
    assert_int_equal (take (dealer, &id, &error), BATON_resource_exhausted);
    zsock_destroy (&dealer);
}

static void test_requests_that_make_no_sense (void **state)
{
    fixture_t *self = *state;
    allow (self);
    zsock_t *dealer = connect_to (self);
    uint64_t id = 0;
    baton_error_t error = {0};
    static const struct {
        const char *frames[4];
        baton_status want;
    } ROWS[] = {
        {{"x"}, BATON_invalid_argument},
        {{"BTN1Q", "\xc1", "\x80"}, BATON_invalid_argument},
        {{"BTN1Q", "\x80", "\x80"}, BATON_invalid_argument},
        {{"BTN1Q", "\x80", "\x80", "x"}, BATON_invalid_argument},
        {{"BTN2Q", "\x80", "\x80"}, BATON_invalid_argument},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        zmsg_t *message = zmsg_new ();
        for (size_t frame = 0; frame < 4 && ROWS[i].frames[frame]; frame++)
            zmsg_addstr (message, ROWS[i].frames[frame]);
        zmsg_send (&message, dealer);
        assert_int_equal (take (dealer, &id, &error), ROWS[i].want);
    }
    ask (dealer, 9, "transfer.nonsense", NULL, 0, 0);
    assert_int_equal (take (dealer, &id, &error), BATON_invalid_argument);
    assert_int_equal (id, 9);
    ask (dealer, 10, TRANSFER_MANIFEST, NULL, 0, 0);
    assert_int_equal (take (dealer, &id, &error), BATON_OK);
    zsock_destroy (&dealer);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, fixture_setup, fixture_teardown)

int main (void)
{
    if (id_init () != BATON_OK)
        return 1;
    zsys_init ();
    const struct CMUnitTest tests[] = {
        TEST (test_chunk_answers),
        TEST (test_unasked_answers),
        TEST (test_paths),
        TEST (test_file_under_a_link),
        TEST (test_link_in_the_stage),
        TEST (test_size_that_lies),
        TEST (test_credit),
        TEST (test_requests_that_make_no_sense),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
