#include "courier.h"

#include "log.h"

#define RETRY_AFTER 500 /*  milliseconds, after an answer that is not for good */

struct courier {
    zloop_t *loop;
    db_t *db;
    link_t *link;
    courier_fn *fn;
    void *arg;
    zlistx_t *trips; /*  of trip_t *, one for each session that has something under way */
};

typedef struct {
    courier_t *courier;
    spooled_t change;
    bool waiting; /*  for the next try */
} trip_t;

static void trip_destroy (void **item)
{
    trip_t *trip = *item;
    spooled_clear (&trip->change);
    free (trip);
    *item = NULL;
}

bool courier_temporary (const link_answer_t *answer)
{
    switch (answer->reason) {
    case BATON_REASON_busy:
    case BATON_REASON_disk_full:
    case BATON_REASON_storage_failed:
    case BATON_REASON_out_of_memory:
    case BATON_REASON_unreachable:
    case BATON_REASON_timed_out:
        return true;
    default:
        /*  A key that is not known (any more) may be enrolled again, and a broker's own fault be mended: nothing is
         *  thrown away for them. */
        return answer->status == BATON_unavailable || answer->status == BATON_unauthenticated ||
               answer->status == BATON_internal;
    }
}

static trip_t *find_trip (courier_t *self, const char *session)
{
    for (trip_t *trip = zlistx_first (self->trips); trip; trip = zlistx_next (self->trips))
        if (streq (trip->change.session, session))
            return trip;
    return NULL;
}

static void end_trip (courier_t *self, trip_t *trip)
{
    zlistx_detach (self->trips, zlistx_find (self->trips, trip));
    trip_destroy ((void **) &trip);
}

static int retry (zloop_t *loop, int timer, void *arg);

/*  A node that is killed in between sends it again, and hears the same. */
static baton_status finish (courier_t *self, const spooled_t *change, const link_answer_t *answer)
{
    baton_error_t error;
    baton_status status = db_begin (self->db, &error);
    if (status != BATON_OK)
        return status;
    status = spool_remove (self->db, change->id, &error);
    if (status == BATON_OK)
        status = self->fn (self->arg, change, answer, &error);
    if (status == BATON_OK)
        status = db_commit (self->db, &error);
    if (status != BATON_OK)
        db_rollback (self->db);
    return status;
}

static void settle (void *arg, const link_answer_t *answer)
{
    trip_t *trip = arg;
    courier_t *self = trip->courier;
    char session[LIMIT_ID + 1];
    if (courier_temporary (answer) || finish (self, &trip->change, answer) != BATON_OK) {
        trip->waiting = true;
        zloop_timer (self->loop, RETRY_AFTER, 1, retry, self);
        return;
    }
    memcpy (session, trip->change.session, sizeof session);
    end_trip (self, trip);
    courier_send (self, session);
}

static baton_status depart (courier_t *self, trip_t *trip)
{
    const spooled_t *change = &trip->change;
    request_header_t header = {.method = (char *) METHODS[change->method].name,
                               .key = (char *) change->key,
                               .if_n = change->if_n,
                               .session = change->run > 0 ? (char *) change->session : NULL,
                               .run = change->run,
                               .epoch = change->epoch};
    trip->waiting = false;
    return link_send (self->link, &header, &change->body, 0, settle, trip);
}

static int retry (zloop_t *loop, int timer, void *arg)
{
    (void) timer;
    courier_t *self = arg;
    for (trip_t *trip = zlistx_first (self->trips); trip; trip = zlistx_next (self->trips))
        if (trip->waiting && depart (self, trip) != BATON_OK) {
            trip->waiting = true;
            zloop_timer (loop, RETRY_AFTER, 1, retry, self);
        }
    return 0;
}

void courier_send (courier_t *self, const char *session)
{
    if (find_trip (self, session))
        return;
    baton_error_t error = {.message = ""};
    trip_t *trip = calloc (1, sizeof *trip);
    if (!trip)
        return;
    trip->courier = self;
    baton_status status = spool_first (self->db, session, &trip->change, &error);
    if (status == BATON_OK && !zlistx_add_end (self->trips, trip))
        status = BATON_resource_exhausted;
    if (status != BATON_OK) {
        if (status != BATON_not_found)
            log_error ("the spool of %s can't be read: %s", session, error.message);
        trip_destroy ((void **) &trip);
        return;
    }
    if (trip->change.method == METHOD_none) {
        log_error ("a change in the spool has a method that this version doesn't know; it stays there");
        end_trip (self, trip);
    } else if (depart (self, trip) != BATON_OK) {
        trip->waiting = true;
        zloop_timer (self->loop, RETRY_AFTER, 1, retry, self);
    }
}

baton_status courier_resume (courier_t *self, baton_error_t *error)
{
    baton_texts_t sessions = {.count = 0};
    baton_status status = spool_sessions (self->db, &sessions, error);
    for (size_t i = 0; i < sessions.count; i++)
        courier_send (self, sessions.items[i]);
    texts_clear (&sessions);
    return status;
}

baton_status courier_new (zloop_t *loop, db_t *db, link_t *link, courier_fn *fn, void *arg, courier_t **ret_courier,
                          baton_error_t *error)
{
    courier_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    *self = (courier_t){loop, db, link, fn, arg, zlistx_new ()};
    if (!self->trips) {
        courier_destroy (&self);
        return baton_fail_memory (error);
    }
    *ret_courier = self;
    return BATON_OK;
}

void courier_destroy (courier_t **self_p)
{
    courier_t *self = *self_p;
    if (!self)
        return;
    for (trip_t *trip; self->trips && (trip = zlistx_detach (self->trips, NULL));)
        trip_destroy ((void **) &trip);
    zlistx_destroy (&self->trips);
    free (self);
    *self_p = NULL;
}
