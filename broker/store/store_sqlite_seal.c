/*  Sealing: what the tail holds of a session goes into pages of its own.
 *
 *  A round begins when the tail is long enough and takes everything that is in it then, sorted, so that neighbours in
 *  the table are written together. Each commit writes a bit of it in its own transaction, more than it adds to the
 *  tail, so that no commit stalls and the tail stays bounded. Only when the round is complete does `sealed` move on: a
 *  crash before that repeats the round, which replaces its pages by the same or longer ones.
 */
#include "store_sqlite.h"

#include <stdlib.h>

/*  When a round begins. */
#define SEAL_EVENTS 32768
#define SEAL_BYTES (16u << 20)
/*  Events or answers sealed for each one added; the rest of a round is met by commits that add nothing. */
#define SEAL_FACTOR 2
#define SEAL_LEAST 16
/*  What one page holds at most, unless one event is larger. */
#define PAGE_EVENTS 256
#define PAGE_BYTES 65536

static baton_status begin_round (store_sqlite_t *self)
{
    seal_round_t *round = &self->round;
    round->cut = self->last_log;
    self->progress = (seal_progress_t){0};
    return tail_sorted (self->tail, &round->sessions, &round->session_count, &round->answers, &round->answer_count);
}

void store_sqlite_seal_stop (store_sqlite_t *self)
{
    free (self->round.sessions);
    free (self->round.answers);
    self->round = (seal_round_t){0};
}

/*  Takes up to a page of events, which go on at *event; moves *event to the one after them, NULL at the end. */
static size_t take_page (const seal_round_t *round, const tail_event_t **event, const frame_event_t **events)
{
    size_t count = 0, bytes = 0;
    const tail_event_t *at = *event;
    while (at && at->log <= round->cut && count < PAGE_EVENTS && (count == 0 || bytes + at->event.size <= PAGE_BYTES)) {
        events[count++] = &at->event;
        bytes += at->event.size;
        at = at->next;
    }
    *event = at && at->log <= round->cut ? at : NULL;
    return count;
}

static baton_status write_page (store_sqlite_t *self, const char *session, const frame_event_t *const *events,
                                size_t count, baton_error_t *error)
{
    baton_bytes_t bytes = {0}, packed = {0};
    baton_status status = frame_page_encode (events, count, &bytes);
    if (status == BATON_OK)
        status = frame_pack (self->packer, bytes.data, bytes.size, &packed);
    if (status == BATON_OK) {
        sqlite3_stmt *put = store_sqlite_statement (self, SQL_page_put);
        store_sqlite_bind_text (put, 1, session);
        store_sqlite_bind_uint (put, 2, events[0]->n);
        store_sqlite_bind_uint (put, 3, count);
        store_sqlite_bind_bytes (put, 4, &packed);
        status = store_sqlite_run (self, SQL_page_put, "seal events", error);
    } else
        status = baton_fail_memory (error);
    bytes_clear (&bytes);
    bytes_clear (&packed);
    return status;
}

static baton_status seal_events (store_sqlite_t *self, size_t share, seal_progress_t *progress, baton_error_t *error)
{
    const seal_round_t *round = &self->round;
    const frame_event_t *events[PAGE_EVENTS];
    for (size_t sealed = 0; sealed < share && progress->session < round->session_count;) {
        const tail_event_t *event = progress->event ? progress->event : round->sessions[progress->session];
        const char *session = event->session->id;
        size_t count = take_page (round, &event, events);
        baton_status status = write_page (self, session, events, count, error);
        if (status != BATON_OK)
            return status;
        sealed += count;
        progress->event = event;
        progress->session += event ? 0 : 1;
    }
    return BATON_OK;
}

static baton_status seal_answers (store_sqlite_t *self, size_t share, seal_progress_t *progress, baton_error_t *error)
{
    const seal_round_t *round = &self->round;
    for (size_t sealed = 0; sealed < share && progress->answer < round->answer_count; sealed++, progress->answer++) {
        const tail_answer_t *answer = round->answers[progress->answer];
        if (answer->answer.at < self->forgotten)
            continue;
        sqlite3_stmt *put = store_sqlite_statement (self, SQL_answer_put);
        sqlite3_bind_int64 (put, 1, (int64_t) answer->hash);
        store_sqlite_bind_uint (put, 2, answer->log);
        store_sqlite_bind_uint (put, 3, answer->answer.at);
        baton_status status = store_sqlite_run (self, SQL_answer_put, "seal answers", error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

static bool is_complete (const store_sqlite_t *self, const seal_progress_t *progress)
{
    return progress->session == self->round.session_count && progress->answer == self->round.answer_count;
}

baton_status store_sqlite_seal (store_sqlite_t *self, size_t weight, seal_progress_t *ret_progress,
                                baton_error_t *error)
{
    tail_load_t load = tail_load (self->tail);
    bool due = load.events >= SEAL_EVENTS || load.answers >= SEAL_EVENTS || load.bytes >= SEAL_BYTES;
    if (!self->round.sessions && due && begin_round (self) != BATON_OK)
        return baton_fail_memory (error);
    seal_progress_t progress = self->progress;
    if (self->round.sessions) {
        size_t share = weight * SEAL_FACTOR > SEAL_LEAST ? weight * SEAL_FACTOR : SEAL_LEAST;
        baton_status status = seal_events (self, share, &progress, error);
        if (status == BATON_OK)
            status = seal_answers (self, share, &progress, error);
        if (status == BATON_OK && is_complete (self, &progress)) {
            store_sqlite_bind_uint (store_sqlite_statement (self, SQL_sealed_set), 1, self->round.cut);
            status = store_sqlite_run (self, SQL_sealed_set, "seal events", error);
        }
        if (status != BATON_OK)
            return status;
    }
    *ret_progress = progress;
    return BATON_OK;
}

void store_sqlite_seal_done (store_sqlite_t *self, const seal_progress_t *progress)
{
    if (!self->round.sessions)
        return;
    self->progress = *progress;
    if (!is_complete (self, progress))
        return;
    self->sealed = self->round.cut;
    tail_drop (self->tail, self->round.cut);
    store_sqlite_seal_stop (self);
}
