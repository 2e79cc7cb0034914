/*  What the tests of the transfer share: two folders, two key pairs, and waiting for a report with a deadline. */
#ifndef BATON_TEST_TRANSFER_H
#define BATON_TEST_TRANSFER_H

#include "files.h"
#include "manifest.h"
#include "transfer_source.h"
#include "transfer_target.h"
#include "transfer_wire.h"
#include "transfer_zap.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE_MS 30000

/*  libzmq 4.3.4 now and then loses an engine of its own when a socket is closed in the middle of a message. */
const char *__lsan_default_suppressions (void);
const char *__lsan_default_suppressions (void)
{
    return "leak:libzmq.so";
}

typedef struct {
    char public_key[KEY_SIZE];
    char secret_key[KEY_SIZE];
} keys_t;

/*  The current folder is a fresh one; "w" is the workspace, "stage" the staging folder. */
typedef struct {
    char folder[64];
    zactor_t *zap;
    keys_t source_keys;
    keys_t target_keys;
    transfer_source_t *source;
    transfer_target_t *target;
} fixture_t;

static inline void start_source (fixture_t *self, const char *endpoint)
{
    /*  ZeroMQ gives the port of a closed socket back a moment later. */
    int64_t deadline = zclock_mono () + DEADLINE_MS;
    while (transfer_source_new (endpoint, self->source_keys.public_key, self->source_keys.secret_key, &self->source,
                                NULL) != BATON_OK)
        assert_true (zclock_mono () < deadline);
}

static inline void allow (fixture_t *self)
{
    assert_int_equal (transfer_source_allow (self->source, "session", 1, self->target_keys.public_key, "w", NULL, 0),
                      BATON_OK);
}

static inline int fixture_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    strcpy (self->folder, P_tmpdir "/baton-transfer-XXXXXX");
    if (!mkdtemp (self->folder) || chdir (self->folder) < 0 || mkdir ("w", 0755) < 0)
        return -1;
    zmq_curve_keypair (self->source_keys.public_key, self->source_keys.secret_key);
    zmq_curve_keypair (self->target_keys.public_key, self->target_keys.secret_key);
    if (transfer_zap_new (&self->zap, NULL) != BATON_OK)
        return -1;
    start_source (self, "tcp://127.0.0.1:*");
    *state = self;
    return 0;
}

static inline int fixture_teardown (void **state)
{
    fixture_t *self = *state;
    transfer_target_destroy (&self->target);
    transfer_source_destroy (&self->source);
    zactor_destroy (&self->zap);
    transfer_stage_discard ("stage");
    transfer_stage_discard (".");
    files_remove_tree (self->folder);
    int result = chdir ("/");
    free (self);
    return result;
}

static inline void start_target_at (fixture_t *self, const char *endpoint, uint64_t patience)
{
    transfer_target_options_t options = {.endpoint = endpoint,
                                         .peer_key = self->source_keys.public_key,
                                         .public_key = self->target_keys.public_key,
                                         .secret_key = self->target_keys.secret_key,
                                         .session = "session",
                                         .migration = 1,
                                         .staging = "stage",
                                         .patience = patience};
    assert_int_equal (transfer_target_new (&options, &self->target, NULL), BATON_OK);
}

static inline void start_target (fixture_t *self)
{
    start_target_at (self, transfer_source_endpoint (self->source), 0);
}

typedef bool next_fn (void *from, transfer_report_t *ret_report);

/*  The next report that isn't a progress, or the next at all. */
static inline transfer_report_t wait_for (zsock_t *pipe, bool progress)
{
    transfer_report_t report = {0};
    zpoller_t *poller = zpoller_new (pipe, NULL);
    int64_t deadline = zclock_mono () + DEADLINE_MS;
    while (!transfer_report_next (pipe, &report) || (!progress && report.kind == TRANSFER_PROGRESS)) {
        assert_true (zclock_mono () < deadline);
        zpoller_wait (poller, 1000);
    }
    zpoller_destroy (&poller);
    return report;
}

static inline transfer_report_t wait_target (fixture_t *self, transfer_report_kind_t kind)
{
    transfer_report_t report = wait_for (transfer_target_pipe (self->target), false);
    if (report.kind != kind)
        fail_msg ("report %d instead of %d: %s", (int) report.kind, (int) kind, report.error.message);
    return report;
}

static inline transfer_report_t freeze (fixture_t *self)
{
    transfer_source_freeze (self->source, "session", 1);
    transfer_report_t report = wait_for (transfer_source_pipe (self->source), false);
    if (report.kind != TRANSFER_FROZEN)
        fail_msg ("not frozen: %s", report.error.message);
    return report;
}

/*  Freezes and accepts. */
static inline void move_over (fixture_t *self)
{
    transfer_report_t frozen = freeze (self);
    transfer_target_accept (self->target, frozen.digest);
    transfer_report_t accepted = wait_target (self, TRANSFER_ACCEPTED);
    assert_string_equal (accepted.digest, frozen.digest);
}

static inline void put (const char *path, const void *data, size_t size)
{
    int file = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true (file >= 0);
    assert_int_equal (write (file, data, size), size);
    close (file);
}

static inline void put_text (const char *path, const char *text)
{
    put (path, text, strlen (text));
}

/*  Bytes that no zstd makes smaller, different for each seed. */
static inline void put_noise (const char *path, size_t size, unsigned seed)
{
    uint8_t *data = malloc (size);
    uint64_t state = 88172645463325252u ^ ((uint64_t) seed << 32);
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data[i] = (uint8_t) (state >> 24);
    }
    put (path, data, size);
    free (data);
}

static inline void expect_text (const char *path, const char *text)
{
    char got[4096];
    int file = open (path, O_RDONLY);
    assert_true (file >= 0);
    ssize_t size = read (file, got, sizeof got - 1);
    close (file);
    assert_true (size >= 0);
    got[size] = '\0';
    assert_string_equal (got, text);
}

static inline void expect_missing (const char *path)
{
    struct stat status;
    assert_int_equal (lstat (path, &status), -1);
}

/*  The digest of a folder, computed from nothing but what is on the disk. */
static inline void digest_folder (const char *path, char ret_digest[DIGEST_SIZE])
{
    int root = -1;
    workspace_scan_t options = {0};
    workspace_t found = {0};
    manifest_packed_t packed = {0};
    assert_int_equal (workspace_open (path, &root, NULL), BATON_OK);
    assert_int_equal (workspace_scan (root, &options, &found, NULL), BATON_OK);
    assert_int_equal (manifest_pack (&found, &packed, NULL), BATON_OK);
    memcpy (ret_digest, packed.digest, DIGEST_SIZE);
    manifest_packed_clear (&packed);
    workspace_clear (&found);
    close (root);
}

static inline void expect_same (const char *a, const char *b)
{
    char digests[2][DIGEST_SIZE];
    digest_folder (a, digests[0]);
    digest_folder (b, digests[1]);
    assert_string_equal (digests[0], digests[1]);
}

#endif
