#include "transfer_target.h"

#include "transfer_fetch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/*  Pre-copy ends after so many generations, or when one brought so little that the rest can wait for the freeze. */
#define ROUNDS_MOST 3
#define SMALL_BYTES (2u << 20)

#define PATIENCE_MS 30000
#define RETRY_MS 50
#define PROGRESS_MS 100
#define ROOM_LEFT (1u << 20) /*  bytes of the target's disk that a workspace must leave */
#define KEEP_UP_MS 5000      /*  between generations while waiting to be told to accept */

struct transfer_target {
    zactor_t *actor;
};

/*  Owned by the thread. */
typedef struct {
    transfer_peer_t peer;
    char *staging;
    uint64_t patience;
    zsock_t *pipe;
    transfer_fetch_t *fetch;
    transfer_stage_t *stage;
    bool ended;               /*  $TERM came */
    char accept[DIGEST_SIZE]; /*  "": not told yet */
    bool accepting;           /*  what is under way is for the frozen workspace */
    uint64_t generation;      /*  the last one of which everything was taken that could be had */
    uint64_t fetched;         /*  bytes, in this round */
    bool gone;                /*  a chunk of this round could not be had */
    int64_t reported;         /*  when the last progress was */
    int64_t started;          /*  when waiting for the source began */
} mover_t;

/* ---- reports and commands ---- */

static void report (mover_t *self, transfer_report_kind_t kind, const baton_error_t *error)
{
    transfer_report_t report = {.kind = kind, .migration = self->peer.migration};
    snprintf (report.session, sizeof report.session, "%s", self->peer.session);
    if (self->stage)
        transfer_stage_progress (self->stage, &report.done, &report.total);
    if (error)
        report.error = *error;
    if (kind == TRANSFER_ACCEPTED)
        memcpy (report.digest, self->accept, sizeof report.digest);
    self->reported = zclock_mono ();
    transfer_report_send (self->pipe, &report);
}

/*  Takes a command. What is under way goes on unless it is of no use any more. */
static bool attend (void *argument)
{
    mover_t *self = argument;
    char *command = NULL, *digest = NULL;
    if (zsock_recv (self->pipe, "ss", &command, &digest) < 0 || !command || strcmp (command, "$TERM") == 0)
        self->ended = true;
    else
        snprintf (self->accept, sizeof self->accept, "%s", digest ? digest : "");
    free (command);
    free (digest);
    return !self->ended && self->accepting == (self->accept[0] != '\0');
}

/* ---- one generation ---- */

static baton_status on_chunk (void *argument, const uint8_t digest[CHUNK_DIGEST], const uint8_t *data, size_t size,
                              baton_error_t *error)
{
    mover_t *self = argument;
    if (!data) {
        self->gone = true;
        return BATON_OK;
    }
    self->fetched += size;
    baton_status status = transfer_stage_put (self->stage, digest, data, size, error);
    if (status == BATON_OK && zclock_mono () >= self->reported + PROGRESS_MS)
        report (self, TRANSFER_PROGRESS, NULL);
    return status;
}

static size_t length_of (void *argument, size_t index)
{
    mover_t *self = argument;
    return transfer_stage_missing_length (self->stage, index);
}

/*  Says so before the disk is full: the node's own database is on it, too. */
static baton_status check_room (mover_t *self, baton_error_t *error)
{
    uint64_t done, total;
    struct statvfs disk;
    transfer_stage_progress (self->stage, &done, &total);
    if (statvfs (self->staging, &disk) < 0)
        return BATON_OK;
    uint64_t room = (uint64_t) disk.f_bavail * disk.f_frsize;
    return total - done + ROOM_LEFT <= room
               ? BATON_OK
               : baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full,
                             "No space left at the target: the workspace needs %llu MiB more, and %llu MiB are free",
                             (unsigned long long) (total - done) >> 20, (unsigned long long) room >> 20);
}

/*  Fetches the manifest and whatever of it is missing here. */
static baton_status try_generation (mover_t *self, baton_error_t *error)
{
    workspace_t wanted = {0};
    uint64_t generation = 0;
    char digest[DIGEST_SIZE] = "";
    self->gone = false;
    baton_status status =
        transfer_fetch_manifest (self->fetch, self->generation, self->accepting, &wanted, &generation, digest, error);
    if (status == BATON_OK && self->accepting && strcmp (digest, self->accept) != 0)
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_digest_mismatch,
                             "the source has frozen another workspace than the one that is to be accepted");
    if (status == BATON_OK)
        status = transfer_stage_begin (self->stage, &wanted, error);
    workspace_clear (&wanted);
    if (status == BATON_OK)
        status = check_room (self, error);
    if (status != BATON_OK)
        return status;
    size_t count = 0;
    const uint8_t *missing = transfer_stage_missing (self->stage, &count);
    status = transfer_fetch_chunks (self->fetch, missing, count, length_of, on_chunk, self, error);
    if (status == BATON_OK)
        self->generation = generation;
    if (status == BATON_OK && self->accepting && !transfer_stage_complete (self->stage))
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_digest_mismatch,
                             "the frozen workspace has changed at the source");
    return status;
}

/*  Whether the same request may succeed later: the source is away, at work, or was not told of us yet. */
static bool worth_waiting (const baton_error_t *error)
{
    return error->status == BATON_unavailable ||
           (error->status == BATON_permission_denied && error->reason == BATON_REASON_not_allowed);
}

/*  One generation, however often the connection is lost meanwhile. */
static baton_status run_generation (mover_t *self, baton_error_t *error)
{
    self->fetched = 0;
    self->started = zclock_mono ();
    for (;;) {
        baton_status status = try_generation (self, error);
        if (status == BATON_OK || !worth_waiting (error))
            return status;
        int64_t heard = transfer_fetch_heard (self->fetch);
        int64_t since = heard > self->started ? heard : self->started;
        if (zclock_mono () - since > (int64_t) self->patience)
            return status;
        baton_error_t given_up = {0};
        status = transfer_fetch_pause (self->fetch, RETRY_MS, &given_up);
        if (status != BATON_OK) {
            *error = given_up;
            return status;
        }
    }
}

/* ---- the phases ---- */

static baton_status pre_copy (mover_t *self, baton_error_t *error)
{
    for (int round = 1; round <= ROUNDS_MOST; round++) {
        baton_status status = run_generation (self, error);
        if (status != BATON_OK)
            return status;
        report (self, TRANSFER_PROGRESS, NULL);
        if (round > 1 && !self->gone && self->fetched <= SMALL_BYTES)
            break;
    }
    /*  What is on the disk now need not be brought there while the run stands still. */
    baton_status status = transfer_stage_flush (self->stage, error);
    if (status == BATON_OK)
        report (self, TRANSFER_PREPARED, NULL);
    return status;
}

/*  Between PREPARED and accept: the less is left, the shorter the run stands still. */
static baton_status keep_up (mover_t *self, baton_error_t *error)
{
    for (;;) {
        baton_status status = transfer_fetch_pause (self->fetch, KEEP_UP_MS, error);
        if (status == BATON_OK)
            status = run_generation (self, error);
        if (status == BATON_OK && self->fetched > 0)
            status = transfer_stage_flush (self->stage, error);
        if (status != BATON_OK)
            return status;
    }
}

static baton_status accept_frozen (mover_t *self, baton_error_t *error)
{
    self->accepting = true;
    baton_status status = run_generation (self, error);
    if (status == BATON_OK)
        status = transfer_stage_finish (self->stage, self->accept, error);
    if (status == BATON_OK)
        report (self, TRANSFER_ACCEPTED, NULL);
    return status;
}

/*  `aborted` without the end being near means: told to accept. */
static baton_status move (mover_t *self, baton_error_t *error)
{
    baton_status status = transfer_stage_new (self->staging, &self->stage, error);
    if (status == BATON_OK)
        status = pre_copy (self, error);
    if (status == BATON_OK)
        status = keep_up (self, error);
    if (self->ended || status != BATON_aborted || self->accept[0] == '\0')
        return status;
    return accept_frozen (self, error);
}

/* ---- the thread ---- */

static void destroy_mover (mover_t **self)
{
    mover_t *mover = *self;
    transfer_fetch_destroy (&mover->fetch);
    transfer_stage_destroy (&mover->stage);
    free (mover->peer.endpoint);
    free (mover->peer.peer_key);
    free (mover->peer.public_key);
    free (mover->peer.secret_key);
    free (mover->peer.session);
    free (mover->staging);
    free (mover);
    *self = NULL;
}

/*  argument is a mover_t, now this thread's. */
static void run (zsock_t *pipe, void *argument)
{
    mover_t *self = argument;
    self->pipe = pipe;
    zsock_signal (pipe, 0);
    baton_error_t error = {0};
    self->fetch = transfer_fetch_new (&self->peer, pipe, attend, self);
    baton_status status = self->fetch ? move (self, &error) : baton_fail_memory (&error);
    if (status != BATON_OK && !self->ended)
        report (self, TRANSFER_FAILED, &error);
    while (!self->ended)
        attend (self);
    report (self, TRANSFER_ENDED, NULL);
    destroy_mover (&self);
}

static baton_status fill (mover_t *self, const transfer_target_options_t *options)
{
    const struct {
        char **to;
        const char *from;
    } texts[] = {{&self->peer.endpoint, options->endpoint},     {&self->peer.peer_key, options->peer_key},
                 {&self->peer.public_key, options->public_key}, {&self->peer.secret_key, options->secret_key},
                 {&self->peer.session, options->session},       {&self->staging, options->staging}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (text_set (texts[i].to, texts[i].from) != BATON_OK)
            return BATON_resource_exhausted;
    self->peer.migration = options->migration;
    self->patience = options->patience > 0 ? options->patience : PATIENCE_MS;
    return BATON_OK;
}

baton_status transfer_target_new (const transfer_target_options_t *options, transfer_target_t **ret_target,
                                  baton_error_t *error)
{
    transfer_target_t *self = calloc (1, sizeof *self);
    mover_t *mover = calloc (1, sizeof *mover);
    if (self && mover && fill (mover, options) == BATON_OK)
        self->actor = zactor_new (run, mover);
    if (!self || !self->actor) {
        if (mover)
            destroy_mover (&mover);
        free (self);
        return baton_fail_memory (error);
    }
    *ret_target = self;
    return BATON_OK;
}

void transfer_target_end (transfer_target_t *self)
{
    zsock_send (self->actor, "s", "$TERM");
}

void transfer_target_destroy (transfer_target_t **self)
{
    if (!*self)
        return;
    zactor_destroy (&(*self)->actor);
    free (*self);
    *self = NULL;
}

void transfer_target_accept (transfer_target_t *self, const char *digest)
{
    zsock_send (self->actor, "ss", "ACCEPT", digest);
}

zsock_t *transfer_target_pipe (transfer_target_t *self)
{
    return zactor_sock (self->actor);
}

bool transfer_target_next (transfer_target_t *self, transfer_report_t *ret_report)
{
    return transfer_report_next (self->actor, ret_report);
}
