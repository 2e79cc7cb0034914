#include "prefill.h"

#include "id.h"
#include "journal.h"
#include "state_dir.h"
#include "tools.h"
#include "value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GROUP 1000  /*  sessions that are worked on side by side */
#define BATCH 1000  /*  commands a commit */
#define TOGETHER 64 /*  the same, where the rate is measured */
#define CACHED 4000
#define ACTIVE 100 /*  one session in so many has a run */
#define KEYS 16
#define STARTED 1700000000000u /*  ms since 1970 */

typedef struct {
    journal_t *journal;
    uint64_t state;
    uint64_t now;
    size_t batch;   /*  commands a commit */
    size_t waiting; /*  commands since the last one */
} filler_t;

static void commit (filler_t *self)
{
    baton_error_t error = {0};
    demand_ok (journal_commit (self->journal, &error), &error, "a commit");
    journal_clear (self->journal);
    cache_trim (journal_cache (self->journal));
    self->waiting = 0;
}

static void decide (filler_t *self, const char *session, method_id_t method, const void *request)
{
    baton_error_t error = {0};
    changed_t changed = {0};
    baton_bytes_t reply = {0};
    char key[ID_SIZE] = {0}, payload[DIGEST_SIZE] = {0};
    command_t command = {
        .method = method, .request = request, .now = self->now, .actor = "admin", .role = role_admin, .fresh = session};
    demand_ok (journal_decide (self->journal, session, &command, &changed, &error), &error, METHODS[method].name);
    demand_ok (record_encode (&RECORD_changed, &changed, &reply), &error, "an answer");
    chance_text (&self->state, key, ID_SIZE - 1);
    chance_text (&self->state, payload, DIGEST_SIZE - 1);
    demand_ok (journal_note_answer (self->journal, "admin", key, payload, self->now, &reply), &error, "an answer");
    record_clear (&RECORD_changed, &changed);
    bytes_clear (&reply);
    if (++self->waiting == self->batch)
        commit (self);
}

static void set_memory (filler_t *self, const char *session)
{
    char content[65] = {0}, key[16];
    memory_set_request_t request = {.session = (char *) session, .key = key};
    chance_text (&self->state, content, 64);
    snprintf (key, sizeof key, "key-%u", (unsigned) (chance (&self->state) % KEYS));
    demand_ok (value_from_text (content, &request.value), &(baton_error_t){0}, "a value");
    decide (self, session, METHOD_memory_set, &request);
    bytes_clear (&request.value);
}

/*  One session after another gets its next event, as when all of them are at work. */
static void fill_group (filler_t *self, size_t first, size_t sessions, size_t events)
{
    char (*ids)[ID_SIZE] = calloc (sessions, sizeof *ids);
    demand (ids, "out of memory");
    for (size_t i = 0; i < sessions; i++) {
        char title[64];
        snprintf (title, sizeof title, "benchmark %zu", first + i);
        session_create_request_t create = {
            .title = title, .agent = (char *) "bench", .activate = (first + i) % ACTIVE == 0};
        id_new (ids[i]);
        decide (self, ids[i], METHOD_session_create, &create);
    }
    for (size_t n = 1; n < events; n++, self->now += 100)
        for (size_t i = 0; i < sessions; i++)
            set_memory (self, ids[i]);
    commit (self);
    free (ids);
}

static store_t *filler_open (filler_t *self, const char *folder)
{
    store_t *store = NULL;
    baton_error_t error = {0};
    self->state = 88172645463325252u;
    self->now = STARTED;
    demand (mkdir (folder, 0700) == 0 || errno == EEXIST, "cannot make %s: %s", folder, strerror (errno));
    demand_ok (store_open_sqlite (folder, &store, &error), &error, folder);
    demand_ok (journal_new (store, CACHED, &self->journal, &error), &error, folder);
    return store;
}

/*  As the first start makes them. */
static void make_keys (const char *folder)
{
    state_dir_t keys;
    baton_error_t error = {0};
    demand_ok (state_dir_open (folder, &keys, &error), &error, folder);
    state_dir_close (&keys);
}

static void add_sleeper (filler_t *self, size_t number, uint64_t wakes_at)
{
    char id[ID_SIZE], title[64];
    id_new (id);
    snprintf (title, sizeof title, "sleeper %zu", number);
    session_create_request_t create = {.title = title, .agent = (char *) "bench"};
    trigger_add_request_t add = {.session = id, .name = (char *) "timer", .time = wakes_at + number};
    session_sleep_request_t sleep = {.session = id};
    decide (self, id, METHOD_session_create, &create);
    decide (self, id, METHOD_trigger_add, &add);
    decide (self, id, METHOD_session_sleep, &sleep);
}

void prefill_sleepers (const char *folder, size_t sessions)
{
    filler_t filler = {.batch = BATCH};
    uint64_t tomorrow = ((uint64_t) time (NULL) + 86400) * 1000;
    make_keys (folder);
    store_t *store = filler_open (&filler, folder);
    for (size_t i = 0; i < sessions; i++)
        add_sleeper (&filler, i, tomorrow);
    commit (&filler);
    journal_destroy (&filler.journal);
    store_close (&store);
}

void prefill (const char *folder, size_t sessions, size_t events)
{
    char path[BENCH_PATH + 32];
    filler_t filler = {.batch = BATCH};
    snprintf (path, sizeof path, "%s/prefilled", folder);
    if (access (path, F_OK) == 0)
        return;
    make_keys (folder);
    store_t *store = filler_open (&filler, folder);
    for (size_t i = 0; i < sessions; i += GROUP)
        fill_group (&filler, i, sessions - i < GROUP ? sessions - i : GROUP, events);
    journal_destroy (&filler.journal);
    store_close (&store);
    FILE *mark = fopen (path, "we");
    demand (mark && fclose (mark) == 0, "cannot write %s", path);
}

double core_rate (const char *folder, size_t sessions, uint64_t duration_us)
{
    filler_t filler = {.batch = TOGETHER};
    char (*ids)[ID_SIZE] = calloc (sessions, sizeof *ids);
    demand (ids, "out of memory");
    store_t *store = filler_open (&filler, folder);
    for (size_t i = 0; i < sessions; i++) {
        session_create_request_t create = {.title = (char *) "benchmark", .agent = (char *) "bench"};
        id_new (ids[i]);
        decide (&filler, ids[i], METHOD_session_create, &create);
    }
    uint64_t count = 0, started = clock_us (), now = started;
    for (; now - started < duration_us; now = clock_us (), count += TOGETHER, filler.now++)
        for (int i = 0; i < TOGETHER; i++)
            set_memory (&filler, ids[chance (&filler.state) % sessions]);
    journal_destroy (&filler.journal);
    store_close (&store);
    free (ids);
    return (double) count * 1e6 / (double) (now - started);
}
