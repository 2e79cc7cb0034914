#include "transfer_serve.h"

#include "manifest.h"
#include "transfer_report.h"
#include "transfer_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*  Numbers in the index from here on are parts of the manifest; below, places of chunks. */
#define PART_NUMBERS 0x80000000u

typedef struct {
    uint32_t item;
    uint32_t chunk;
} place_t;

typedef struct {
    const transfer_grant_t *grant;
    zsock_t *pipe;
    int root; /*  -1 until the first scan */
    uint64_t generation;
    bool frozen;
    workspace_t workspace; /*  as it was at that generation, and what follows from it: */
    manifest_packed_t packed;
    chunk_index_t *index;
    place_t *places;
    chunk_packer_t *packer;
    uint8_t *scratch; /*  one packed chunk */
    zframe_t *peer;   /*  routing id that the credit below belongs to */
    uint64_t sent;    /*  chunks, since its transfer.manifest */
    unsigned throttle;
} serve_t;

void transfer_grant_destroy (transfer_grant_t **self)
{
    transfer_grant_t *grant = *self;
    if (!grant)
        return;
    free (grant->session);
    free (grant->peer_key);
    free (grant->root);
    for (size_t i = 0; i < grant->bindings.count; i++)
        record_clear (&RECORD_binding, &grant->bindings.items[i]);
    free (grant->bindings.items);
    free (grant);
    *self = NULL;
}

/* ---- a generation ---- */

/*  A scan yields to whatever waits in the pipe; asking costs a system call, so not for each file. */
static bool command_waits (void *argument)
{
    serve_t *self = argument;
    return ++self->throttle % 64 == 0 && (zsock_events (self->pipe) & ZMQ_POLLIN);
}

static baton_status build_index (const workspace_t *workspace, const manifest_packed_t *packed,
                                 chunk_index_t **ret_index, place_t **ret_places)
{
    size_t chunks = 0;
    for (size_t i = 0; i < workspace->count; i++)
        chunks += workspace->items[i].entry.chunks.size / CHUNK_DIGEST;
    chunk_index_t *index = chunk_index_new (chunks + packed->parts.count);
    place_t *places = malloc ((chunks + 1) * sizeof *places);
    if (!index || !places) {
        chunk_index_destroy (&index);
        free (places);
        return BATON_resource_exhausted;
    }
    uint32_t number = 0;
    for (uint32_t i = 0; i < workspace->count; i++) {
        const baton_bytes_t *digests = &workspace->items[i].entry.chunks;
        for (uint32_t chunk = 0; chunk < digests->size / CHUNK_DIGEST; chunk++) {
            places[number] = (place_t){i, chunk};
            chunk_index_put (index, digests->data + (size_t) chunk * CHUNK_DIGEST, number++);
        }
    }
    for (uint32_t i = 0; i < packed->parts.count; i++)
        chunk_index_put (index, packed->parts.items[i].digest, PART_NUMBERS | i);
    *ret_index = index;
    *ret_places = places;
    return BATON_OK;
}

static void forget_generation (serve_t *self)
{
    workspace_clear (&self->workspace);
    manifest_packed_clear (&self->packed);
    chunk_index_destroy (&self->index);
    free (self->places);
    self->places = NULL;
}

/*  Scans again; what was known before stays if that fails. */
static baton_status scan (serve_t *self, bool frozen, baton_error_t *error)
{
    if (self->root < 0) {
        baton_status opened = workspace_open (self->grant->root, &self->root, error);
        if (opened != BATON_OK)
            return opened;
    }
    /*  A page that is written through a mapping bears its new time only when it was clean before. */
    if (!frozen)
        syncfs (self->root);
    workspace_scan_t options = {.binding_count = self->grant->bindings.count,
                                .bindings = self->grant->bindings.items,
                                .known = &self->workspace,
                                .frozen = frozen,
                                .interrupted = frozen ? NULL : command_waits,
                                .argument = self};
    workspace_t workspace = {0};
    manifest_packed_t packed = {0};
    chunk_index_t *index = NULL;
    place_t *places = NULL;
    baton_status status = workspace_scan (self->root, &options, &workspace, error);
    if (status == BATON_OK)
        status = manifest_pack (&workspace, &packed, error);
    if (status == BATON_OK && build_index (&workspace, &packed, &index, &places) != BATON_OK)
        status = baton_fail_memory (error);
    if (status != BATON_OK) {
        workspace_clear (&workspace);
        manifest_packed_clear (&packed);
        return status;
    }
    forget_generation (self);
    self->workspace = workspace;
    self->packed = packed;
    self->index = index;
    self->places = places;
    self->frozen = frozen;
    return BATON_OK;
}

/* ---- answers ---- */

/*  Takes the message, NULL included (lack of memory): the peer will ask again. */
static void answer (serve_t *self, const char *command, zframe_t *peer, zmsg_t *message)
{
    if (!message)
        message = zmsg_new ();
    zframe_t *routing = zframe_dup (peer);
    zmsg_prepend (message, &routing);
    zmsg_pushstr (message, command);
    zmsg_send (&message, self->pipe);
}

static baton_status check_manifest_request (serve_t *self, const transfer_request_t *request, baton_error_t *error)
{
    if (request->frozen && !self->frozen)
        return baton_fail (error, BATON_unavailable, BATON_REASON_busy, "the workspace isn't frozen yet");
    if (self->frozen || self->generation > request->after)
        return BATON_OK;
    baton_status status = scan (self, false, error);
    if (status == BATON_OK)
        self->generation = request->after + 1;
    else if (status == BATON_aborted)
        status = baton_fail (error, BATON_unavailable, BATON_REASON_busy, "the scan of the workspace was interrupted");
    return status;
}

static void serve_manifest (serve_t *self, zframe_t *peer, uint64_t id, const transfer_request_t *request)
{
    baton_error_t error = {0};
    if (check_manifest_request (self, request, &error) != BATON_OK) {
        answer (self, SERVE_LAST, peer, transfer_wire_failure (id, &error));
        return;
    }
    zframe_destroy (&self->peer);
    self->peer = zframe_dup (peer);
    self->sent = 0;
    transfer_manifest_t manifest = {
        .generation = self->generation, .frozen = self->frozen, .manifest = self->packed.root};
    answer (self, SERVE_LAST, peer, transfer_wire_answer (id, &RECORD_transfer_manifest, &manifest));
}

/*  The chunk as it stands in the file, or NULL when the file isn't what it was at the scan. */
static zframe_t *read_chunk (serve_t *self, place_t place, const uint8_t *digest)
{
    const workspace_item_t *item = &self->workspace.items[place.item];
    char path[LIMIT_PATH + 1];
    snprintf (path, sizeof path, "%.*s", (int) item->entry.path.size, (const char *) item->entry.path.data);
    int file = workspace_open_below (self->root, path, O_RDONLY | O_NONBLOCK, 0);
    if (file < 0)
        return NULL;
    size_t length = chunk_length (item->entry.size, place.chunk);
    zframe_t *content = zframe_new (NULL, length);
    workspace_identity_t now = {0};
    bool same = content && workspace_identify (file, &now) && now.inode == item->identity.inode &&
                now.size == item->identity.size && now.mtime == item->identity.mtime &&
                now.ctime == item->identity.ctime;
    for (size_t done = 0; same && done < length;) {
        ssize_t count = pread (file, zframe_data (content) + done, length - done,
                               (off_t) ((uint64_t) place.chunk * CHUNK_SIZE + done));
        if (count < 0 && errno == EINTR)
            continue;
        same = count > 0;
        done += same ? (size_t) count : 0;
    }
    close (file);
    /*  The target hashes every chunk; here it is needed only where the file's times can't be relied on. */
    uint8_t actual[CHUNK_DIGEST];
    if (same && !item->identity.trusted) {
        chunk_digest (zframe_data (content), length, actual);
        same = memcmp (actual, digest, CHUNK_DIGEST) == 0;
    }
    if (!same)
        zframe_destroy (&content);
    return content;
}

static zframe_t *find_content (serve_t *self, const uint8_t *digest)
{
    uint32_t number = self->index ? chunk_index_get (self->index, digest) : CHUNK_NOWHERE;
    if (number == CHUNK_NOWHERE)
        return NULL;
    if (number < PART_NUMBERS)
        return read_chunk (self, self->places[number], digest);
    const baton_bytes_t *part = &self->packed.parts.items[number & ~PART_NUMBERS].bytes;
    return zframe_new (part->data, part->size);
}

static zmsg_t *chunk_message (serve_t *self, uint64_t id, const uint8_t *digest)
{
    zframe_t *content = find_content (self, digest);
    transfer_chunk_t chunk = {
        .digest = {CHUNK_DIGEST, (uint8_t *) digest}, .size = content ? zframe_size (content) : 0, .gone = !content};
    size_t packed = content && chunk.size <= CHUNK_SIZE
                        ? chunk_pack (self->packer, zframe_data (content), chunk.size, self->scratch)
                        : 0;
    if (packed > 0) {
        zframe_destroy (&content);
        content = zframe_new (self->scratch, packed);
        chunk.packed = true;
    }
    zmsg_t *message = transfer_wire_answer (id, &RECORD_transfer_chunk, &chunk);
    if (message && content)
        zmsg_append (message, &content);
    zframe_destroy (&content);
    return message;
}

static baton_status check_credit (serve_t *self, zframe_t *peer, const transfer_request_t *request,
                                  baton_error_t *error)
{
    if (!self->peer || !zframe_eq (self->peer, peer))
        return baton_fail (error, BATON_unavailable, BATON_REASON_busy, "ask for the manifest first");
    uint64_t asked = request->chunks.size / CHUNK_DIGEST;
    if (asked == 0 || request->received > self->sent || self->sent - request->received + asked > LIMIT_TRANSFER_CREDIT)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "at most %u chunks may be on their way to one target", LIMIT_TRANSFER_CREDIT);
    return BATON_OK;
}

static void serve_chunks (serve_t *self, zframe_t *peer, uint64_t id, const transfer_request_t *request)
{
    baton_error_t error = {0};
    if (check_credit (self, peer, request, &error) != BATON_OK) {
        answer (self, SERVE_LAST, peer, transfer_wire_failure (id, &error));
        return;
    }
    size_t asked = request->chunks.size / CHUNK_DIGEST;
    self->sent += asked;
    for (size_t i = 0; i < asked; i++)
        answer (self, i + 1 < asked ? SERVE_MORE : SERVE_LAST, peer,
                chunk_message (self, id, request->chunks.data + i * CHUNK_DIGEST));
}

/* ---- the thread ---- */

static void on_request (serve_t *self, zmsg_t *message)
{
    zframe_t *peer = zmsg_pop (message);
    request_header_t header = {0};
    transfer_request_t request = {0};
    baton_error_t error = {0};
    if (transfer_wire_open_request (message, &header, &request, &error) != BATON_OK)
        answer (self, SERVE_LAST, peer, transfer_wire_failure (header.id, &error));
    else if (strcmp (header.method, TRANSFER_MANIFEST) == 0)
        serve_manifest (self, peer, header.id, &request);
    else
        serve_chunks (self, peer, header.id, &request);
    record_clear (&RECORD_request_header, &header);
    record_clear (&RECORD_transfer_request, &request);
    zframe_destroy (&peer);
}

static void on_freeze (serve_t *self)
{
    transfer_report_t report = {.kind = TRANSFER_FROZEN, .migration = self->grant->migration};
    snprintf (report.session, sizeof report.session, "%s", self->grant->session);
    if (scan (self, true, &report.error) == BATON_OK) {
        self->generation++;
        memcpy (report.digest, self->packed.digest, sizeof report.digest);
    } else
        report.kind = TRANSFER_FAILED;
    zstr_sendm (self->pipe, SERVE_REPORT);
    transfer_report_send (self->pipe, &report);
}

/*  false when the thread is to end. */
static bool handle (serve_t *self)
{
    zmsg_t *message = zmsg_recv (self->pipe);
    char *command = message ? zmsg_popstr (message) : NULL;
    bool goes_on = command && strcmp (command, "$TERM") != 0;
    if (goes_on && strcmp (command, SERVE_REQUEST) == 0)
        on_request (self, message);
    else if (goes_on && strcmp (command, SERVE_FREEZE) == 0)
        on_freeze (self);
    free (command);
    zmsg_destroy (&message);
    return goes_on;
}

static void run (zsock_t *pipe, void *argument)
{
    serve_t self = {.grant = argument, .pipe = pipe, .root = -1};
    self.packer = chunk_packer_new ();
    self.scratch = malloc (CHUNK_SIZE);
    bool ready = self.packer && self.scratch;
    zsock_signal (pipe, ready ? 0 : 1);
    while (ready && handle (&self))
        continue;
    forget_generation (&self);
    chunk_packer_destroy (&self.packer);
    free (self.scratch);
    zframe_destroy (&self.peer);
    if (self.root >= 0)
        close (self.root);
}

zactor_t *transfer_serve_new (const transfer_grant_t *grant)
{
    return zactor_new (run, (void *) grant);
}
