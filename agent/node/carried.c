#include "carried.h"

#include "files.h"
#include "log.h"
#include "place.h"
#include "retry.h"
#include "transfer_stage.h"
#include "trash.h"

#define IDLE_MOST 60000 /*  milliseconds */

/*  What comes up the pipe of a thread: what it is to be told next, and an error. */
enum { UNPACK_more, UNPACK_done, UNPACK_failed };

typedef struct {
    carried_t *carried;
    char session[LIMIT_ID + 1];
    char staging[PLACE_SIZE];
    uint64_t n;           /*  the event that it came with */
    uint64_t next, count; /*  contents: the next to ask for, and how many there are */
    uint64_t serial;      /*  answers to a forgotten one are not for its successor */
    int64_t asked;        /*  monotonic milliseconds */
    bool staged, placed;
    baton_error_t error; /*  that no later try mends; status BATON_OK: none */
    retry_t retry;
    zactor_t *actor;
} arrival_t;

struct carried {
    zloop_t *loop;
    link_t *link;
    const char *state;
    carried_done_fn *done;
    void *arg;
    uint64_t serial;
    zlistx_t *arrivals; /*  of arrival_t * */
};

/* ---- the thread ---- */

typedef struct {
    const char *staging;
    zsock_t *pipe;
    manifest_t manifest;
    char digest[DIGEST_SIZE]; /*  of it; "": it has not come yet */
    size_t parts;             /*  that have come */
    workspace_t workspace;
    transfer_stage_t *stage;
} unpack_t;

static baton_status damaged (baton_error_t *error, const char *what)
{
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_bad_archive,
                       "the workspace that came along is damaged: %s", what);
}

static baton_status take_manifest (unpack_t *self, const uint8_t *data, size_t size, baton_error_t *error)
{
    digest_of (data, size, self->digest);
    baton_status status = record_decode (&RECORD_manifest, data, size, &self->manifest, error);
    if (status == BATON_OK && (self->manifest.parts.size == 0 || self->manifest.parts.size % CHUNK_DIGEST != 0 ||
                               self->manifest.bytes > LIMIT_CARRIED))
        status = damaged (error, "its manifest can't be");
    return status;
}

static baton_status begin_stage (unpack_t *self, baton_error_t *error)
{
    baton_status status = manifest_check (&self->workspace, &self->manifest, error);
    if (status == BATON_OK)
        status = transfer_stage_new (self->staging, &self->stage, error);
    if (status == BATON_OK)
        status = transfer_stage_begin (self->stage, &self->workspace, error);
    return status;
}

static baton_status take_piece (unpack_t *self, const baton_bytes_t *content, baton_error_t *error)
{
    uint8_t digest[CHUNK_DIGEST];
    chunk_digest (content->data, content->size, digest);
    if (self->stage)
        return transfer_stage_put (self->stage, digest, content->data, content->size, error);
    if (memcmp (digest, self->manifest.parts.data + self->parts * CHUNK_DIGEST, CHUNK_DIGEST) != 0)
        return damaged (error, "a part of its manifest is another than it says");
    self->parts++;
    baton_status status = manifest_unpack_part (content->data, content->size, &self->workspace, error);
    if (status == BATON_OK && self->workspace.count > LIMIT_ENTRIES)
        status = damaged (error, "it has too many files");
    if (status == BATON_OK && self->parts == self->manifest.parts.size / CHUNK_DIGEST)
        status = begin_stage (self, error);
    return status;
}

static baton_status take_pack (unpack_t *self, const uint8_t *data, size_t size, baton_error_t *error)
{
    workspace_pack_t pack = {0};
    baton_status status = record_decode (&RECORD_workspace_pack, data, size, &pack, error);
    for (size_t i = 0; i < pack.pieces.count && status == BATON_OK; i++)
        status = take_piece (self, &pack.pieces.items[i].content, error);
    record_clear (&RECORD_workspace_pack, &pack);
    return status;
}

static baton_status finish (unpack_t *self, baton_error_t *error)
{
    if (!self->stage || !transfer_stage_complete (self->stage))
        return damaged (error, "something of it is missing");
    return transfer_stage_finish (self->stage, self->digest, error);
}

/*  false when the thread is to end. */
static bool serve (unpack_t *self)
{
    char *command = NULL;
    uint8_t *data = NULL;
    size_t size = 0;
    int last = 0;
    baton_error_t error = {0};
    if (zsock_recv (self->pipe, "sib", &command, &last, &data, &size) < 0 || !command || streq (command, "$TERM")) {
        free (command);
        free (data);
        return false;
    }
    baton_status status =
        *self->digest ? take_pack (self, data, size, &error) : take_manifest (self, data, size, &error);
    if (status == BATON_OK && last)
        status = finish (self, &error);
    int answer = status != BATON_OK ? UNPACK_failed : last ? UNPACK_done : UNPACK_more;
    zsock_send (self->pipe, "ib", answer, &error, sizeof error);
    free (command);
    free (data);
    return true;
}

/*  argument is the path of the staging folder, which outlives the thread. */
static void run (zsock_t *pipe, void *argument)
{
    unpack_t self = {.staging = argument, .pipe = pipe};
    zsock_signal (pipe, 0);
    while (serve (&self))
        continue;
    transfer_stage_destroy (&self.stage);
    workspace_clear (&self.workspace);
    record_clear (&RECORD_manifest, &self.manifest);
}

/* ---- the loop ---- */

baton_status carried_new (zloop_t *loop, const char *state, carried_done_fn *done, void *arg, carried_t **ret_carried,
                          baton_error_t *error)
{
    char folder[PLACE_SIZE];
    carried_t *self = calloc (1, sizeof *self);
    zlistx_t *arrivals = zlistx_new ();
    if (!self || !arrivals) {
        free (self);
        zlistx_destroy (&arrivals);
        return baton_fail_memory (error);
    }
    *self = (carried_t){.loop = loop, .state = state, .done = done, .arg = arg, .arrivals = arrivals};
    snprintf (folder, sizeof folder, "%s/carried", state);
    trash_put (state, folder);
    *ret_carried = self;
    return BATON_OK;
}

/*  What has come of it goes, and answers that are on their way are for nobody. */
static void stop (arrival_t *arrival)
{
    carried_t *self = arrival->carried;
    if (arrival->actor)
        zloop_reader_end (self->loop, zactor_sock (arrival->actor));
    zactor_destroy (&arrival->actor);
    if (*arrival->staging)
        trash_put (self->state, arrival->staging);
    arrival->staged = false;
    arrival->next = arrival->count = 0;
    arrival->serial = ++self->serial;
}

static void drop (carried_t *self, arrival_t *arrival)
{
    stop (arrival);
    zlistx_detach (self->arrivals, zlistx_find (self->arrivals, arrival));
    free (arrival);
}

void carried_destroy (carried_t **self)
{
    if (!*self)
        return;
    while (zlistx_size ((*self)->arrivals) > 0)
        drop (*self, zlistx_first ((*self)->arrivals));
    zlistx_destroy (&(*self)->arrivals);
    free (*self);
    *self = NULL;
}

void carried_tidy (carried_t *self)
{
    int64_t now = zclock_mono ();
    for (arrival_t *arrival = zlistx_first (self->arrivals); arrival; arrival = zlistx_next (self->arrivals))
        if (now - arrival->asked > IDLE_MOST) {
            drop (self, arrival);
            break; /*  the next time, the next */
        }
}

/*  A full disk may have room later, and needs what has come so far: all of it is asked for again then. */
static void note_failure (arrival_t *arrival, const baton_error_t *error)
{
    if (!baton_reason_retry (error->reason)) {
        arrival->error = *error;
        return;
    }
    retry_note (&arrival->retry, arrival->session, error);
    stop (arrival);
}

static void fail (arrival_t *arrival, const baton_error_t *error)
{
    note_failure (arrival, error);
    if (arrival->error.status != BATON_OK)
        arrival->carried->done (arrival->carried->arg);
}

void carried_waiting (const carried_t *self, baton_pairs_t *ret_waiting)
{
    for (arrival_t *arrival = zlistx_first (self->arrivals); arrival; arrival = zlistx_next (self->arrivals))
        retry_tell (&arrival->retry, arrival->session, ret_waiting);
}

/* ---- asking ---- */

typedef struct {
    carried_t *carried;
    uint64_t serial;
} asking_t;

static arrival_t *find_serial (carried_t *self, uint64_t serial)
{
    for (arrival_t *arrival = zlistx_first (self->arrivals); arrival; arrival = zlistx_next (self->arrivals))
        if (arrival->serial == serial)
            return arrival;
    return NULL;
}

static void take_content (void *arg, const link_answer_t *answer)
{
    asking_t question = *(asking_t *) arg;
    free (arg);
    arrival_t *arrival = find_serial (question.carried, question.serial);
    carried_content_t content = {0};
    baton_error_t error = {0};
    if (!arrival)
        return;
    baton_status status = answer->status == BATON_OK
                              ? record_decode (&RECORD_carried_content, answer->body, answer->size, &content, &error)
                              : baton_fail (&error, answer->status, answer->reason,
                                            "the workspace that came along can't be fetched: %.400s",
                                            answer->failure->message ? answer->failure->message : "");
    arrival->asked = zclock_mono ();
    if (status == BATON_OK) {
        arrival->count = content.count;
        arrival->next++;
        zsock_send (arrival->actor, "sib", "TAKE", arrival->next >= arrival->count, content.content.data,
                    content.content.size);
    } else
        fail (arrival, &error);
    record_clear (&RECORD_carried_content, &content);
}

static baton_status ask (arrival_t *arrival, baton_error_t *error)
{
    asking_t *question = calloc (1, sizeof *question);
    workspace_carried_request_t request = {.session = arrival->session, .number = arrival->next};
    if (!question)
        return baton_fail_memory (error);
    *question = (asking_t){arrival->carried, arrival->serial};
    if (link_ask (arrival->carried->link, METHOD_workspace_carried, &request, take_content, question) == BATON_OK)
        return BATON_OK;
    free (question);
    return baton_fail_memory (error);
}

static int on_unpacked (zloop_t *loop, zsock_t *pipe, void *arg)
{
    (void) loop;
    arrival_t *arrival = arg;
    int answer = UNPACK_failed;
    baton_error_t error = {0};
    uint8_t *data = NULL;
    size_t size = 0;
    if (zsock_recv (pipe, "ib", &answer, &data, &size) < 0)
        return 0;
    if (size == sizeof error)
        memcpy (&error, data, sizeof error);
    free (data);
    if (answer == UNPACK_more && ask (arrival, &error) != BATON_OK)
        answer = UNPACK_failed;
    if (answer == UNPACK_failed)
        fail (arrival, &error);
    else if (answer == UNPACK_done) {
        arrival->staged = true;
        arrival->carried->done (arrival->carried->arg);
    }
    return 0;
}

static baton_status start (arrival_t *arrival, baton_error_t *error)
{
    carried_t *self = arrival->carried;
    char folder[PLACE_SIZE];
    arrival->retry.error = (baton_error_t){0};
    arrival->serial = ++self->serial;
    snprintf (folder, sizeof folder, "%s/carried", self->state);
    snprintf (arrival->staging, sizeof arrival->staging, "%.3000s/%.64s.%llu", folder, arrival->session,
              (unsigned long long) arrival->serial);
    baton_status status = files_make_folder (folder, error);
    if (status == BATON_OK && !(arrival->actor = zactor_new (run, arrival->staging)))
        status = baton_fail_memory (error);
    if (status == BATON_OK) {
        zloop_reader (self->loop, zactor_sock (arrival->actor), on_unpacked, arrival);
        status = ask (arrival, error);
    }
    return status;
}

static baton_status begin (carried_t *self, const assignment_t *assignment, arrival_t **ret_arrival,
                           baton_error_t *error)
{
    arrival_t *arrival = calloc (1, sizeof *arrival);
    if (!arrival || !zlistx_add_end (self->arrivals, arrival)) {
        free (arrival);
        return baton_fail_memory (error);
    }
    arrival->carried = self;
    arrival->n = assignment->carried;
    arrival->asked = zclock_mono ();
    arrival->retry.verb = "fetched";
    snprintf (arrival->session, sizeof arrival->session, "%s", assignment->session);
    *ret_arrival = arrival;
    return BATON_OK;
}

static baton_status place (carried_t *self, arrival_t *arrival, const char *destination, baton_error_t *error)
{
    char above[PLACE_SIZE];
    snprintf (above, sizeof above, "%s/workspaces", self->state);
    baton_status status = files_make_folder (above, error);
    if (status != BATON_OK)
        return status;
    trash_put (self->state, destination);
    status = transfer_stage_place (arrival->staging, destination, error);
    arrival->placed = status == BATON_OK;
    return status;
}

baton_status carried_workspace (carried_t *self, link_t *link, const assignment_t *assignment, const char *destination,
                                baton_error_t *error)
{
    arrival_t *arrival = zlistx_first (self->arrivals);
    while (arrival && !streq (arrival->session, assignment->session))
        arrival = zlistx_next (self->arrivals);
    if (arrival && arrival->n != assignment->carried) {
        drop (self, arrival);
        arrival = NULL;
    }
    self->link = link;
    if (arrival)
        arrival->asked = zclock_mono ();
    baton_status status = arrival ? arrival->error.status : begin (self, assignment, &arrival, error);
    if (!arrival)
        return status;
    if (status != BATON_OK) {
        *error = arrival->error;
        drop (self, arrival);
        return status;
    }
    if (arrival->placed)
        return BATON_OK;
    if (arrival->staged)
        status = place (self, arrival, destination, error);
    else if (!arrival->actor && retry_due (&arrival->retry))
        status = start (arrival, error);
    if (status != BATON_OK)
        note_failure (arrival, error);
    return arrival->placed ? BATON_OK
                           : baton_fail (error, BATON_unavailable, BATON_REASON_busy,
                                         "the workspace of session %s is being fetched", assignment->session);
}
