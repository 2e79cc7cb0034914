#include "lend.h"

#include "manifest.h"

#include <errno.h>
#include <stdatomic.h>

#define IDLE_MOST 60000 /*  milliseconds */

/*  What comes down the pipe of a thread: "M" or "C", an id, and bytes. What goes up: the kind of answer, id, bytes. */
enum { ANSWER_failure, ANSWER_listing, ANSWER_pack };

typedef struct {
    char session[LIMIT_ID + 1];
    char *root;
    struct {
        size_t count;
        binding_t *items;
    } bindings;
    atomic_bool ending;
    int64_t asked; /*  monotonic milliseconds */
    zactor_t *actor;
} loan_t;

struct lend {
    zloop_t *loop;
    link_t *link;
    zlistx_t *loans; /*  of loan_t * */
};

/* ---- the thread ---- */

typedef struct {
    uint32_t item, chunk;
} place_t;

typedef struct {
    loan_t *loan;
    zsock_t *pipe;
    int root;
    workspace_t workspace;
    manifest_packed_t packed;
    chunk_index_t *parts, *chunks; /*  into packed.parts, and into places */
    struct {
        size_t count;
        place_t *items;
    } places;
    uint8_t *buffer; /*  one chunk */
} reader_t;

static bool is_ending (void *argument)
{
    return atomic_load (&((loan_t *) argument)->ending);
}

static void forget (reader_t *self)
{
    workspace_clear (&self->workspace);
    manifest_packed_clear (&self->packed);
    chunk_index_destroy (&self->parts);
    chunk_index_destroy (&self->chunks);
    free (self->places.items);
    self->places.count = 0;
    self->places.items = NULL;
    if (self->root >= 0)
        close (self->root);
    self->root = -1;
}

static baton_status index_all (reader_t *self, baton_error_t *error)
{
    size_t count = 0;
    for (size_t i = 0; i < self->workspace.count; i++)
        count += self->workspace.items[i].entry.chunks.size / CHUNK_DIGEST;
    self->parts = chunk_index_new (self->packed.parts.count);
    self->chunks = chunk_index_new (count);
    if (!self->parts || !self->chunks)
        return baton_fail_memory (error);
    for (uint32_t i = 0; i < self->packed.parts.count; i++)
        chunk_index_put (self->parts, self->packed.parts.items[i].digest, i);
    for (uint32_t item = 0; item < self->workspace.count; item++) {
        const baton_bytes_t *digests = &self->workspace.items[item].entry.chunks;
        for (uint32_t chunk = 0; chunk < digests->size / CHUNK_DIGEST; chunk++) {
            place_t *place = list_append (&self->places, sizeof *place);
            if (!place)
                return baton_fail_memory (error);
            *place = (place_t){item, chunk};
            chunk_index_put (self->chunks, digests->data + (size_t) chunk * CHUNK_DIGEST,
                             (uint32_t) self->places.count - 1);
        }
    }
    return BATON_OK;
}

static baton_status check_size (const reader_t *self, baton_error_t *error)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < self->workspace.count; i++)
        bytes += self->workspace.items[i].entry.size;
    return bytes <= LIMIT_CARRIED ? BATON_OK
                                  : baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                                                "the files of the workspace have %llu bytes; at most %llu can go along",
                                                (unsigned long long) bytes, (unsigned long long) LIMIT_CARRIED);
}

static baton_status scan (reader_t *self, baton_error_t *error)
{
    workspace_scan_t options = {.binding_count = self->loan->bindings.count,
                                .bindings = self->loan->bindings.items,
                                .frozen = true,
                                .interrupted = is_ending,
                                .argument = self->loan};
    forget (self);
    baton_status status = workspace_open (self->loan->root, &self->root, error);
    if (status == BATON_OK)
        status = workspace_scan (self->root, &options, &self->workspace, error);
    if (status == BATON_OK)
        status = check_size (self, error);
    if (status == BATON_OK)
        status = manifest_pack (&self->workspace, &self->packed, error);
    if (status == BATON_OK)
        status = index_all (self, error);
    return status;
}

/*  false: the file is not what it was. */
static bool read_chunk (reader_t *self, const place_t *place, const uint8_t *digest, size_t *ret_size)
{
    const manifest_entry_t *entry = &self->workspace.items[place->item].entry;
    char path[LIMIT_PATH + 1];
    uint8_t actual[CHUNK_DIGEST];
    snprintf (path, sizeof path, "%.*s", (int) entry->path.size, (const char *) entry->path.data);
    size_t length = chunk_length (entry->size, place->chunk), done = 0;
    int file = workspace_open_below (self->root, path, O_RDONLY | O_NONBLOCK, 0);
    while (file >= 0 && done < length) {
        ssize_t count =
            pread (file, self->buffer + done, length - done, (off_t) ((uint64_t) place->chunk * CHUNK_SIZE + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        done += (size_t) count;
    }
    if (file >= 0)
        close (file);
    chunk_digest (self->buffer, done, actual);
    *ret_size = length;
    return done == length && memcmp (actual, digest, CHUNK_DIGEST) == 0;
}

static baton_status find (reader_t *self, const uint8_t *digest, baton_bytes_t *ret_content, baton_error_t *error)
{
    uint32_t part = self->parts ? chunk_index_get (self->parts, digest) : CHUNK_NOWHERE;
    uint32_t chunk = self->chunks ? chunk_index_get (self->chunks, digest) : CHUNK_NOWHERE;
    if (part != CHUNK_NOWHERE) {
        *ret_content = self->packed.parts.items[part].bytes;
        return BATON_OK;
    }
    if (chunk == CHUNK_NOWHERE)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_artifact, "digests",
                                 "the workspace of session %s has no such content", self->loan->session);
    ret_content->data = self->buffer;
    return read_chunk (self, &self->places.items[chunk], digest, &ret_content->size)
               ? BATON_OK
               : baton_fail (error, BATON_aborted, BATON_REASON_busy,
                             "the workspace of session %s was changed while it was read", self->loan->session);
}

/*  As many as fit; always the first. */
static baton_status pack (reader_t *self, const uint8_t *digests, size_t count, workspace_pack_t *ret_pack,
                          baton_error_t *error)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        baton_bytes_t content = {0};
        baton_status status = find (self, digests + i * CHUNK_DIGEST, &content, error);
        if (status != BATON_OK)
            return status;
        bytes += content.size;
        if (i > 0 && bytes > LIMIT_PACK)
            break;
        workspace_piece_t *piece = list_append (&ret_pack->pieces, sizeof *piece);
        if (!piece || bytes_set (&piece->content, content.data, content.size) != BATON_OK)
            return baton_fail_memory (error);
    }
    return BATON_OK;
}

static baton_status answer_listing (reader_t *self, baton_bytes_t *ret_bytes, baton_error_t *error)
{
    baton_status status = scan (self, error);
    workspace_listing_t listing = {.manifest = self->packed.root};
    if (status == BATON_OK && record_encode (&RECORD_workspace_listing, &listing, ret_bytes) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

static baton_status answer_pack (reader_t *self, const uint8_t *digests, size_t size, baton_bytes_t *ret_bytes,
                                 baton_error_t *error)
{
    workspace_pack_t contents = {0};
    baton_status status = pack (self, digests, size / CHUNK_DIGEST, &contents, error);
    if (status == BATON_OK && record_encode (&RECORD_workspace_pack, &contents, ret_bytes) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_workspace_pack, &contents);
    return status;
}

/*  false when the thread is to end. */
static bool serve (reader_t *self)
{
    char *command = NULL;
    uint8_t *digests = NULL;
    size_t size = 0;
    uint64_t id = 0;
    baton_bytes_t bytes = {0};
    baton_error_t error = {0};
    if (zsock_recv (self->pipe, "s8b", &command, &id, &digests, &size) < 0 || !command || streq (command, "$TERM")) {
        free (command);
        free (digests);
        return false;
    }
    int kind = streq (command, "M") ? ANSWER_listing : ANSWER_pack;
    baton_status status = kind == ANSWER_listing ? answer_listing (self, &bytes, &error)
                                                 : answer_pack (self, digests, size, &bytes, &error);
    if (status == BATON_OK)
        zsock_send (self->pipe, "i8b", kind, id, bytes.data, bytes.size);
    else
        zsock_send (self->pipe, "i8b", ANSWER_failure, id, &error, sizeof error);
    bytes_clear (&bytes);
    free (command);
    free (digests);
    return true;
}

static void run (zsock_t *pipe, void *argument)
{
    reader_t self = {.loan = argument, .pipe = pipe, .root = -1, .buffer = malloc (CHUNK_SIZE)};
    zsock_signal (pipe, 0);
    while (self.buffer && serve (&self))
        continue;
    forget (&self);
    free (self.buffer);
}

/* ---- the loop ---- */

static loan_t *find_loan (lend_t *self, const char *session)
{
    for (loan_t *loan = zlistx_first (self->loans); loan; loan = zlistx_next (self->loans))
        if (streq (loan->session, session))
            return loan;
    return NULL;
}

static void drop (lend_t *self, loan_t *loan)
{
    atomic_store (&loan->ending, true);
    if (loan->actor)
        zloop_reader_end (self->loop, zactor_sock (loan->actor));
    zactor_destroy (&loan->actor);
    for (size_t i = 0; i < loan->bindings.count; i++)
        record_clear (&RECORD_binding, &loan->bindings.items[i]);
    free (loan->bindings.items);
    free (loan->root);
    zlistx_detach (self->loans, zlistx_find (self->loans, loan));
    free (loan);
}

static int on_answer (zloop_t *loop, zsock_t *pipe, void *arg)
{
    (void) loop;
    lend_t *self = arg;
    int kind = ANSWER_failure;
    uint64_t id = 0;
    uint8_t *data = NULL;
    size_t size = 0;
    if (zsock_recv (pipe, "i8b", &kind, &id, &data, &size) < 0)
        return 0;
    workspace_listing_t listing = {0};
    workspace_pack_t contents = {0};
    if (kind == ANSWER_failure && size == sizeof (baton_error_t))
        link_refuse (self->link, id, (const baton_error_t *) (const void *) data);
    else if (kind == ANSWER_listing &&
             record_decode (&RECORD_workspace_listing, data, size, &listing, NULL) == BATON_OK)
        link_reply (self->link, id, &RECORD_workspace_listing, &listing);
    else if (kind == ANSWER_pack && record_decode (&RECORD_workspace_pack, data, size, &contents, NULL) == BATON_OK)
        link_reply (self->link, id, &RECORD_workspace_pack, &contents);
    record_clear (&RECORD_workspace_listing, &listing);
    record_clear (&RECORD_workspace_pack, &contents);
    free (data);
    return 0;
}

baton_status lend_new (zloop_t *loop, link_t *link, lend_t **ret_lend, baton_error_t *error)
{
    lend_t *self = calloc (1, sizeof *self);
    zlistx_t *loans = zlistx_new ();
    if (!self || !loans) {
        free (self);
        zlistx_destroy (&loans);
        return baton_fail_memory (error);
    }
    *self = (lend_t){loop, link, loans};
    *ret_lend = self;
    return BATON_OK;
}

void lend_destroy (lend_t **self)
{
    if (!*self)
        return;
    while (zlistx_size ((*self)->loans) > 0)
        drop (*self, zlistx_first ((*self)->loans));
    zlistx_destroy (&(*self)->loans);
    free (*self);
    *self = NULL;
}

void lend_tidy (lend_t *self)
{
    int64_t now = zclock_mono ();
    for (loan_t *loan = zlistx_first (self->loans); loan; loan = zlistx_next (self->loans))
        if (now - loan->asked > IDLE_MOST) {
            drop (self, loan);
            break; /*  the next time, the next */
        }
}

static baton_status begin (lend_t *self, const workspace_order_t *order, const char *root, loan_t **ret_loan,
                           baton_error_t *error)
{
    if (zlistx_size (self->loans) >= LIMIT_LENT)
        return baton_fail (error, BATON_unavailable, BATON_REASON_busy,
                           "the node gives %u workspaces to exports already", LIMIT_LENT);
    loan_t *loan = calloc (1, sizeof *loan);
    if (!loan || !zlistx_add_end (self->loans, loan)) {
        free (loan);
        return baton_fail_memory (error);
    }
    snprintf (loan->session, sizeof loan->session, "%s", order->session);
    baton_status status = text_set (&loan->root, root);
    for (size_t i = 0; i < order->bindings.count && status == BATON_OK; i++) {
        binding_t *binding = list_append (&loan->bindings, sizeof *binding);
        status = binding ? record_copy (&RECORD_binding, &order->bindings.items[i], binding) : BATON_resource_exhausted;
    }
    if (status != BATON_OK || !(loan->actor = zactor_new (run, loan))) {
        drop (self, loan);
        return baton_fail_memory (error);
    }
    zloop_reader (self->loop, zactor_sock (loan->actor), on_answer, self);
    *ret_loan = loan;
    return BATON_OK;
}

void lend_manifest (lend_t *self, uint64_t id, const workspace_order_t *order, const char *root)
{
    baton_error_t error = {0};
    loan_t *loan = find_loan (self, order->session);
    if (!loan && begin (self, order, root, &loan, &error) != BATON_OK) {
        link_refuse (self->link, id, &error);
        return;
    }
    loan->asked = zclock_mono ();
    zsock_send (loan->actor, "s8b", "M", id, "", (size_t) 0);
}

void lend_chunks (lend_t *self, uint64_t id, const workspace_order_t *order)
{
    baton_error_t error = {0};
    loan_t *loan = find_loan (self, order->session);
    if (!loan) {
        (void) baton_fail (&error, BATON_aborted, BATON_REASON_busy,
                           "the node has forgotten the manifest of session %s: ask for it again", order->session);
        link_refuse (self->link, id, &error);
        return;
    }
    loan->asked = zclock_mono ();
    zsock_send (loan->actor, "s8b", "C", id, order->digests.data, order->digests.size);
}
