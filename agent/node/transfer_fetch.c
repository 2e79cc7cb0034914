#include "transfer_fetch.h"

#include "transfer_wire.h"

#include <stdlib.h>
#include <string.h>

/*  What may be under way at a time: enough to fill a fast link, little enough to stop soon. */
#define WINDOW_BYTES (8u << 20)
#define WINDOW_CHUNKS 192u
#define ASK_MOST 32u

_Static_assert(WINDOW_CHUNKS <= LIMIT_TRANSFER_CREDIT && ASK_MOST <= LIMIT_TRANSFER_ASK, "the window is our credit");

/*  With something under way, a source that says nothing for so long is taken as gone. */
#define SILENCE_MS 1500

/*  A part of the last manifest, kept because most of them are in the next one too. */
typedef struct {
    uint8_t digest[CHUNK_DIGEST];
    baton_bytes_t bytes;
} kept_part_t;

typedef struct {
    size_t count;
    kept_part_t *items;
} kept_parts_t;

struct transfer_fetch {
    const transfer_peer_t *peer;
    zsock_t *pipe;
    transfer_attend_fn *attend;
    void *argument;
    zsock_t *dealer;
    zpoller_t *poller;
    chunk_packer_t *packer;
    uint8_t *buffer; /*  one unpacked answer */
    uint64_t last_id;
    uint64_t received; /*  chunks, since the last manifest */
    int64_t heard;
    kept_parts_t parts;
};

static void clear_parts (kept_parts_t *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        bytes_clear (&parts->items[i].bytes);
    free (parts->items);
    *parts = (kept_parts_t){0};
}

transfer_fetch_t *transfer_fetch_new (const transfer_peer_t *peer, zsock_t *pipe, transfer_attend_fn *attend,
                                      void *argument)
{
    transfer_fetch_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->peer = peer;
    self->pipe = pipe;
    self->attend = attend;
    self->argument = argument;
    self->heard = zclock_mono ();
    self->packer = chunk_packer_new ();
    self->buffer = malloc (LIMIT_FRAME);
    if (!self->packer || !self->buffer)
        transfer_fetch_destroy (&self);
    return self;
}

static void disconnect (transfer_fetch_t *self)
{
    zpoller_destroy (&self->poller);
    zsock_destroy (&self->dealer);
}

void transfer_fetch_destroy (transfer_fetch_t **self)
{
    if (!*self)
        return;
    disconnect (*self);
    clear_parts (&(*self)->parts);
    chunk_packer_destroy (&(*self)->packer);
    free ((*self)->buffer);
    free (*self);
    *self = NULL;
}

static baton_status connect_dealer (transfer_fetch_t *self, baton_error_t *error)
{
    disconnect (self);
    self->dealer = zsock_new (ZMQ_DEALER);
    if (!self->dealer)
        return baton_fail_memory (error);
    zsock_set_curve_serverkey (self->dealer, self->peer->peer_key);
    zsock_set_curve_publickey (self->dealer, self->peer->public_key);
    zsock_set_curve_secretkey (self->dealer, self->peer->secret_key);
    zsock_set_linger (self->dealer, 0);
    zsock_set_maxmsgsize (self->dealer, LIMIT_FRAME);
    zsock_set_reconnect_ivl (self->dealer, 50);
    zsock_set_reconnect_ivl_max (self->dealer, 500);
    if (zsock_connect (self->dealer, "%s", self->peer->endpoint) < 0)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value, "%.200s is no endpoint of a node",
                           self->peer->endpoint);
    self->poller = zpoller_new (self->pipe, self->dealer, NULL);
    return self->poller ? BATON_OK : baton_fail_memory (error);
}

int64_t transfer_fetch_heard (const transfer_fetch_t *self)
{
    return self->heard;
}

/* ---- waiting ---- */

static baton_status aborted (baton_error_t *error)
{
    return baton_fail (error, BATON_aborted, BATON_REASON_none, "the transfer was given up");
}

/*  The next message of the source. */
static baton_status wait_message (transfer_fetch_t *self, zmsg_t **ret_message, baton_error_t *error)
{
    int64_t deadline = zclock_mono () + SILENCE_MS;
    for (;;) {
        int64_t left = deadline - zclock_mono ();
        void *ready = left > 0 ? zpoller_wait (self->poller, (int) left) : NULL;
        if (ready == self->pipe && !self->attend (self->argument))
            return aborted (error);
        if (ready == self->dealer) {
            *ret_message = zmsg_recv (self->dealer);
            return *ret_message ? BATON_OK : aborted (error);
        }
        if (!ready && zpoller_terminated (self->poller))
            return aborted (error);
        if (!ready && zclock_mono () >= deadline) {
            disconnect (self);
            return baton_fail (error, BATON_unavailable, BATON_REASON_unreachable,
                               "the source at %.200s doesn't answer", self->peer->endpoint);
        }
    }
}

baton_status transfer_fetch_pause (transfer_fetch_t *self, int milliseconds, baton_error_t *error)
{
    zpoller_t *poller = zpoller_new (self->pipe, NULL);
    int64_t deadline = zclock_mono () + milliseconds;
    baton_status status = poller ? BATON_OK : baton_fail_memory (error);
    for (int64_t left = milliseconds; status == BATON_OK && left > 0; left = deadline - zclock_mono ()) {
        void *ready = zpoller_wait (poller, (int) left);
        if ((ready && !self->attend (self->argument)) || (!ready && zpoller_terminated (poller)))
            status = aborted (error);
    }
    zpoller_destroy (&poller);
    return status;
}

static baton_status ask (transfer_fetch_t *self, const char *method, transfer_request_t *request, baton_error_t *error)
{
    request->session = self->peer->session;
    request->migration = self->peer->migration;
    zmsg_t *message = transfer_wire_request (++self->last_id, method, request);
    if (!message)
        return baton_fail_memory (error);
    if (zmsg_send (&message, self->dealer) == 0)
        return BATON_OK;
    zmsg_destroy (&message);
    return baton_fail (error, BATON_unavailable, BATON_REASON_unreachable, "can't send to the source at %.200s",
                       self->peer->endpoint);
}

/*  A source that is at work on it says so: that is a sign of life, though not yet an answer. */
static baton_status note_failure (transfer_fetch_t *self, baton_status status, const baton_error_t *error)
{
    if (error->reason == BATON_REASON_busy)
        self->heard = zclock_mono ();
    return status;
}

/* ---- chunks ---- */

typedef struct {
    const uint8_t *digests;
    size_t count;
    size_t (*length_of) (void *, size_t);
    transfer_chunk_fn *on_chunk;
    void *argument;
    size_t asked;
    size_t answered;
    uint64_t bytes_asked;
    uint64_t bytes_answered; /*  as expected, in the order of asking: answers come in that order */
} batch_t;

static uint64_t expected (const batch_t *batch, size_t index)
{
    return batch->length_of ? batch->length_of (batch->argument, index) : CHUNK_SIZE;
}

static baton_status ask_more (transfer_fetch_t *self, batch_t *batch, baton_error_t *error)
{
    while (batch->asked < batch->count) {
        size_t from = batch->asked;
        uint64_t under_way = batch->bytes_asked - batch->bytes_answered;
        size_t room = WINDOW_CHUNKS - (batch->asked - batch->answered);
        size_t number = batch->count - from < ASK_MOST ? batch->count - from : ASK_MOST;
        if (room < number || under_way >= WINDOW_BYTES)
            return BATON_OK;
        transfer_request_t request = {
            .chunks = {number * CHUNK_DIGEST, (uint8_t *) batch->digests + from * CHUNK_DIGEST},
            .received = self->received};
        baton_status status = ask (self, TRANSFER_CHUNKS, &request, error);
        if (status != BATON_OK)
            return status;
        for (; batch->asked < from + number; batch->asked++)
            batch->bytes_asked += expected (batch, batch->asked);
    }
    return BATON_OK;
}

static baton_status bad_answer (baton_error_t *error, const char *what)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_malformed, "the source answered %s", what);
}

/*  Unpacks, hashes and passes on. What doesn't have the digest was changed while it was read: as good as gone. */
static baton_status take_content (transfer_fetch_t *self, batch_t *batch, const transfer_chunk_t *chunk,
                                  zframe_t *content, baton_error_t *error)
{
    const uint8_t *wanted = batch->digests + batch->answered * CHUNK_DIGEST;
    if (chunk->digest.size != CHUNK_DIGEST || memcmp (chunk->digest.data, wanted, CHUNK_DIGEST) != 0)
        return bad_answer (error, "with a chunk that was not asked for");
    if (chunk->gone)
        return batch->on_chunk (batch->argument, wanted, NULL, 0, error);
    if (!content)
        return bad_answer (error, "with a chunk that has no content");
    const uint8_t *data = zframe_data (content);
    size_t size = zframe_size (content);
    if (chunk->packed) {
        if (!chunk_unpack (self->packer, data, size, self->buffer, chunk->size))
            return bad_answer (error, "with a chunk that can't be unpacked");
        data = self->buffer;
        size = chunk->size;
    }
    uint8_t digest[CHUNK_DIGEST];
    chunk_digest (data, size, digest);
    bool right = memcmp (digest, wanted, CHUNK_DIGEST) == 0;
    return batch->on_chunk (batch->argument, wanted, right ? data : NULL, right ? size : 0, error);
}

static baton_status take_answer (transfer_fetch_t *self, batch_t *batch, zmsg_t *message, baton_error_t *error)
{
    uint64_t id = 0;
    zframe_t *body = NULL, *content = NULL;
    bool failed = false;
    baton_status status = transfer_wire_open_answer (message, &id, &body, &content, &failed, error);
    if (status != BATON_OK)
        return failed ? note_failure (self, status, error) : status;
    if (batch->answered >= batch->asked)
        return bad_answer (error, "what was not asked for");
    transfer_chunk_t chunk = {0};
    status = record_decode (&RECORD_transfer_chunk, zframe_data (body), zframe_size (body), &chunk, error);
    if (status == BATON_OK)
        status = take_content (self, batch, &chunk, content, error);
    record_clear (&RECORD_transfer_chunk, &chunk);
    if (status != BATON_OK)
        return status;
    self->heard = zclock_mono ();
    self->received++;
    batch->bytes_answered += expected (batch, batch->answered++);
    return BATON_OK;
}

baton_status transfer_fetch_chunks (transfer_fetch_t *self, const uint8_t *digests, size_t count,
                                    size_t (*length_of) (void *, size_t), transfer_chunk_fn *on_chunk, void *argument,
                                    baton_error_t *error)
{
    batch_t batch = {
        .digests = digests, .count = count, .length_of = length_of, .on_chunk = on_chunk, .argument = argument};
    baton_status status = BATON_OK;
    while (status == BATON_OK && batch.answered < count) {
        zmsg_t *message = NULL;
        status = ask_more (self, &batch, error);
        if (status == BATON_OK)
            status = wait_message (self, &message, error);
        if (status == BATON_OK)
            status = take_answer (self, &batch, message, error);
        zmsg_destroy (&message);
    }
    return status;
}

/* ---- manifests ---- */

typedef struct {
    chunk_index_t *index; /*  digest to the number of the part */
    kept_parts_t parts;
    size_t bytes;
    bool gone;
} assembly_t;

static baton_status on_part (void *argument, const uint8_t digest[CHUNK_DIGEST], const uint8_t *data, size_t size,
                             baton_error_t *error)
{
    assembly_t *assembly = argument;
    if (!data) {
        assembly->gone = true;
        return BATON_OK;
    }
    assembly->bytes += size;
    if (assembly->bytes > LIMIT_MANIFEST_BYTES)
        return bad_answer (error, "with a manifest that is too large");
    kept_part_t *part = &assembly->parts.items[chunk_index_get (assembly->index, digest)];
    return bytes_set (&part->bytes, data, size) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

/*  Makes room for the parts, and takes over those that the last manifest had too. Lists the rest in ret_missing. */
static baton_status lay_out (transfer_fetch_t *self, const manifest_t *manifest, assembly_t *assembly,
                             uint8_t *ret_missing, size_t *ret_count, baton_error_t *error)
{
    size_t count = manifest->parts.size / CHUNK_DIGEST, missing = 0;
    for (uint32_t i = 0; i < count; i++) {
        kept_part_t *part = list_append (&assembly->parts, sizeof *part);
        if (!part)
            return baton_fail_memory (error);
        memcpy (part->digest, manifest->parts.data + (size_t) i * CHUNK_DIGEST, CHUNK_DIGEST);
        if (chunk_index_put (assembly->index, part->digest, i) != CHUNK_NOWHERE)
            return bad_answer (error, "with a manifest that has a part twice");
    }
    for (size_t i = 0; i < self->parts.count; i++) {
        uint32_t number = chunk_index_get (assembly->index, self->parts.items[i].digest);
        if (number == CHUNK_NOWHERE)
            continue;
        assembly->parts.items[number].bytes = self->parts.items[i].bytes;
        assembly->bytes += self->parts.items[i].bytes.size;
        self->parts.items[i].bytes = (baton_bytes_t){0};
    }
    for (size_t i = 0; i < count; i++)
        if (assembly->parts.items[i].bytes.size == 0)
            memcpy (ret_missing + missing++ * CHUNK_DIGEST, assembly->parts.items[i].digest, CHUNK_DIGEST);
    *ret_count = missing;
    return BATON_OK;
}

static baton_status unpack_parts (const assembly_t *assembly, const manifest_t *manifest, workspace_t *ret_workspace,
                                  baton_error_t *error)
{
    workspace_t workspace = {0};
    baton_status status = BATON_OK;
    for (size_t i = 0; status == BATON_OK && i < assembly->parts.count; i++) {
        const baton_bytes_t *bytes = &assembly->parts.items[i].bytes;
        status = manifest_unpack_part (bytes->data, bytes->size, &workspace, error);
    }
    if (status == BATON_OK)
        status = manifest_check (&workspace, manifest, error);
    if (status == BATON_OK)
        *ret_workspace = workspace;
    else
        workspace_clear (&workspace);
    return status;
}

static baton_status fetch_parts (transfer_fetch_t *self, const manifest_t *manifest, workspace_t *ret_workspace,
                                 baton_error_t *error)
{
    if (manifest->parts.size % CHUNK_DIGEST != 0)
        return bad_answer (error, "with a manifest that has half a digest");
    size_t count = manifest->parts.size / CHUNK_DIGEST, missing_count = 0;
    assembly_t assembly = {.index = chunk_index_new (count)};
    uint8_t *missing = malloc (manifest->parts.size);
    baton_status status = missing && assembly.index ? BATON_OK : baton_fail_memory (error);
    if (status == BATON_OK)
        status = lay_out (self, manifest, &assembly, missing, &missing_count, error);
    if (status == BATON_OK)
        status = transfer_fetch_chunks (self, missing, missing_count, NULL, on_part, &assembly, error);
    if (status == BATON_OK && assembly.gone)
        status =
            baton_fail (error, BATON_unavailable, BATON_REASON_busy, "the manifest was replaced while it was read");
    if (status == BATON_OK)
        status = unpack_parts (&assembly, manifest, ret_workspace, error);
    clear_parts (&self->parts);
    self->parts = assembly.parts;
    chunk_index_destroy (&assembly.index);
    free (missing);
    return status;
}

/*  Opens the answer to the last request; older ones, of a batch that was given up, are skipped. */
static baton_status await_manifest (transfer_fetch_t *self, transfer_manifest_t *ret_manifest, baton_error_t *error)
{
    for (;;) {
        zmsg_t *message = NULL;
        uint64_t id = 0;
        zframe_t *body = NULL, *content = NULL;
        bool failed = false;
        baton_status status = wait_message (self, &message, error);
        if (status == BATON_OK)
            status = transfer_wire_open_answer (message, &id, &body, &content, &failed, error);
        bool ours = (status != BATON_OK && !failed) || id == self->last_id;
        if (status == BATON_OK && ours)
            status =
                record_decode (&RECORD_transfer_manifest, zframe_data (body), zframe_size (body), ret_manifest, error);
        zmsg_destroy (&message);
        if (ours)
            return failed ? note_failure (self, status, error) : status;
    }
}

baton_status transfer_fetch_manifest (transfer_fetch_t *self, uint64_t after, bool frozen, workspace_t *ret_workspace,
                                      uint64_t *ret_generation, char ret_digest[DIGEST_SIZE], baton_error_t *error)
{
    transfer_manifest_t answer = {0};
    manifest_t manifest = {0};
    transfer_request_t request = {.after = after, .frozen = frozen};
    baton_status status = self->dealer ? BATON_OK : connect_dealer (self, error);
    if (status == BATON_OK)
        status = ask (self, TRANSFER_MANIFEST, &request, error);
    if (status == BATON_OK)
        status = await_manifest (self, &answer, error);
    if (status == BATON_OK) {
        self->heard = zclock_mono ();
        self->received = 0;
        status = record_decode (&RECORD_manifest, answer.manifest.data, answer.manifest.size, &manifest, error);
    }
    if (status == BATON_OK && frozen && !answer.frozen)
        status = bad_answer (error, "with a manifest that isn't frozen");
    if (status == BATON_OK)
        status = fetch_parts (self, &manifest, ret_workspace, error);
    if (status == BATON_OK) {
        *ret_generation = answer.generation;
        digest_of (answer.manifest.data, answer.manifest.size, ret_digest);
    }
    record_clear (&RECORD_manifest, &manifest);
    record_clear (&RECORD_transfer_manifest, &answer);
    return status;
}
