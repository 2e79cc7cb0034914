/*  How long a fork takes, however long the history behind it is, and a merge of 1,000 keys a side: in
 *  the journal of a broker that has not seen the sessions before, with the commit. */
#include "history.h"
#include "id.h"
#include "journal.h"
#include "limits.h"
#include "measures.h"
#include "merge.h"
#include "raw_disk.h"
#include "report.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ROUNDS 9
#define BATCH 200
#define CACHED 100
#define KEYS 1000                                                        /*  that each side of a merge changes */
#define ALL_KEYS (LIMIT_MEMORY_KEYS + LIMIT_DECISIONS + LIMIT_ARTIFACTS) /*  the most that a session may have */

typedef struct {
    char folder[BENCH_PATH + 16];
    store_t *store;
    journal_t *journal;
    size_t pending;
} site_bench_t;

static void open_site (site_bench_t *self)
{
    baton_error_t error = {0};
    demand_ok (store_open_sqlite (self->folder, &self->store, &error), &error, self->folder);
    demand_ok (journal_new (self->store, CACHED, &self->journal, &error), &error, self->folder);
}

static void commit (site_bench_t *self)
{
    baton_error_t error = {0};
    demand_ok (journal_commit (self->journal, &error), &error, "a commit");
    journal_clear (self->journal);
    self->pending = 0;
}

static void close_site (site_bench_t *self)
{
    baton_error_t error = {0};
    commit (self);
    demand_ok (journal_save (self->journal, &error), &error, "a snapshot");
    journal_destroy (&self->journal);
    store_close (&self->store);
}

static command_t command_of (method_id_t method, const void *request)
{
    return (command_t){
        .method = method, .request = request, .now = 1, .actor = "admin", .role = role_admin, .access = access_own};
}

static void give (site_bench_t *self, const char *session, const command_t *command)
{
    baton_error_t error = {0};
    changed_t changed = {0};
    demand_ok (journal_decide (self->journal, session, command, &changed, &error), &error,
               METHODS[command->method].name);
    record_clear (&RECORD_changed, &changed);
    if (++self->pending == BATCH)
        commit (self);
}

#define GIVE(self, session_id, id, ...)                                                                                \
    do {                                                                                                               \
        command_t command = command_of (METHOD_##id, &(id##_request_t){__VA_ARGS__});                                  \
        give (self, session_id, &command);                                                                             \
    } while (0)

static void create (site_bench_t *self, char session[ID_SIZE])
{
    id_new (session);
    session_create_request_t request = {.title = (char *) "bench"};
    command_t command = command_of (METHOD_session_create, &request);
    command.fresh = session;
    give (self, session, &command);
}

static void fork_session (site_bench_t *self, char *source, char fork[ID_SIZE])
{
    entry_t *entry = NULL;
    baton_error_t error = {0};
    changed_t changed = {0};
    id_new (fork);
    demand_ok (cache_get (journal_cache (self->journal), source, &entry, &error), &error, "a source");
    session_fork_request_t request = {.session = source, .title = (char *) "fork"};
    session_branch_request_t branch = {.session = source, .fork = fork, .at = entry->state.n};
    command_t forking = command_of (METHOD_session_fork, &request);
    command_t branching = command_of (METHOD_session_branch, &branch);
    forking.source = &entry->state;
    demand_ok (journal_decide_two (self->journal, (const share_t[2]){{fork, &forking}, {source, &branching}}, &changed,
                                   &error),
               &error, "a fork");
    record_clear (&RECORD_changed, &changed);
}

/*  A store's first commit makes its log anew, which is no part of what is measured. */
static void warm_up (site_bench_t *self)
{
    char session[ID_SIZE];
    for (size_t i = 0; i < 3; i++) {
        create (self, session);
        commit (self);
    }
}

/* ---- forks ---- */

/*  The whole, and through ret_decided the processor time of all but the commit, in milliseconds. */
static double fork_time (const plan_t *plan, size_t events, double *ret_decided)
{
    char source[ID_SIZE], fork[ID_SIZE], text[201] = {0};
    uint64_t times[ROUNDS], decided[ROUNDS], state = 88172645463325252u;
    site_bench_t site = {0};
    snprintf (site.folder, sizeof site.folder, "%s/fork-%zu", plan->folder, events);
    demand (mkdir (site.folder, 0700) == 0, "cannot make %s", site.folder);
    open_site (&site);
    create (&site, source);
    for (size_t i = 1; i < events; i++) {
        chance_text (&state, text, sizeof text - 1);
        GIVE (&site, source, item_append, .session = source, .role = item_role_user, .text = text);
    }
    close_site (&site);
    for (size_t i = 0; i < ROUNDS; i++) {
        open_site (&site);
        warm_up (&site);
        uint64_t started = clock_us (), used = cpu_us ();
        fork_session (&site, source, fork);
        decided[i] = cpu_us () - used;
        commit (&site);
        times[i] = clock_us () - started;
        close_site (&site);
    }
    *ret_decided = (double) quantile (decided, ROUNDS, 0.5) / 1000;
    return (double) quantile (times, ROUNDS, 0.5) / 1000;
}

/* ---- merges ---- */

static void set_key (site_bench_t *self, char *session, unsigned number, char *key, char *value)
{
    if (number < LIMIT_MEMORY_KEYS) {
        baton_bytes_t packed = {0};
        demand (value_from_text (value, &packed) == BATON_OK, "out of memory");
        GIVE (self, session, memory_set, .session = session, .key = key, .value = packed);
        bytes_clear (&packed);
    } else if (number < LIMIT_MEMORY_KEYS + LIMIT_DECISIONS)
        GIVE (self, session, decision_record, .session = session, .key = key, .value = value, .why = key);
    else {
        artifact_put_request_t put = {.session = session, .name = key};
        command_t command = command_of (METHOD_artifact_put, &put);
        command.digest = value;
        give (self, session, &command);
    }
}

/*  Sets the keys from `from` to before `most`, of memory, then of decisions, then of artifacts; a later turn gives them
 *  other values. */
static void set_keys (site_bench_t *self, char *session, unsigned turn, unsigned from, unsigned most)
{
    char key[32], value[64];
    for (unsigned i = from; i < most; i++) {
        snprintf (key, sizeof key, "key-%u", i);
        snprintf (value, sizeof value, "a value of turn %u for key %u", turn, i);
        set_key (self, session, i, key, value);
    }
}

/*  As session.merge has it: what is read first, the plan, the decision (ret_decided: processor time up to
 *  here), the commit. */
static uint64_t merge_once (site_bench_t *self, char *into, char *from, uint64_t conflicts, uint64_t *ret_decided)
{
    store_t *reader = NULL;
    session_t ours = {0}, theirs = {0};
    merge_basis_t basis = {0};
    merge_start_request_t start = {.session = into};
    entry_t *entries[2] = {0};
    baton_error_t error = {0};
    uint64_t found = 0;
    demand_ok (store_open_reader (self->folder, &reader, &error), &error, self->folder);
    open_site (self);
    warm_up (self);
    uint64_t started = clock_us (), used = cpu_us ();
    demand_ok (store_view_begin (reader, &error), &error, "a view");
    demand_ok (history_basis (reader, NULL, into, from, &ours, &theirs, &basis, &error), &error, "a basis");
    store_view_end (reader);
    demand_ok (cache_get (journal_cache (self->journal), into, &entries[0], &error), &error, into);
    demand_ok (cache_get (journal_cache (self->journal), from, &entries[1], &error), &error, from);
    demand_ok (merge_plan (&entries[0]->state, &entries[1]->state, &basis, true, &start.merge, &found, &error), &error,
               "a plan");
    command_t command = command_of (METHOD_merge_start, &start);
    give (self, into, &command);
    *ret_decided = cpu_us () - used;
    commit (self);
    uint64_t took = clock_us () - started;
    demand (found == conflicts, "%lu conflicts", found);
    record_clear (&RECORD_merge, &start.merge);
    record_clear (&RECORD_session, &ours);
    record_clear (&RECORD_session, &theirs);
    record_clear (&RECORD_merge_basis, &basis);
    store_close (&reader);
    close_site (self);
    return took;
}

/*  Both sides change `keys` of all there are: the first and the last ones, those in common alike; or the first ones
 *  both, and all of them otherwise. */
static double merge_time (const plan_t *plan, const char *name, bool conflicts, unsigned keys, unsigned all,
                          double *ret_decided)
{
    uint64_t times[ROUNDS], decided[ROUNDS];
    site_bench_t site = {0};
    snprintf (site.folder, sizeof site.folder, "%s/%s", plan->folder, name);
    demand (mkdir (site.folder, 0700) == 0, "cannot make %s", site.folder);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char into[ID_SIZE], from[ID_SIZE];
        open_site (&site);
        create (&site, into);
        set_keys (&site, into, 1, 0, all);
        fork_session (&site, into, from);
        commit (&site);
        set_keys (&site, into, 2, 0, keys);
        set_keys (&site, from, conflicts ? 3 : 2, conflicts ? 0 : all - keys, conflicts ? keys : all);
        close_site (&site);
        times[i] = merge_once (&site, into, from, conflicts ? keys : 0, &decided[i]);
    }
    *ret_decided = (double) quantile (decided, ROUNDS, 0.5) / 1000;
    return (double) quantile (times, ROUNDS, 0.5) / 1000;
}

void measure_fork (const plan_t *plan)
{
    static const row_t FORKS[] = {
        {"fork_1000", "fork of a history of 1,000 events, cold", "ms", "5 ms", BETTER_less, 1},
        {"fork_10000", "  of 10,000 events", "ms", "5 ms", BETTER_less, 1},
        {"fork_100000", "  of 100,000 events", "ms", "5 ms", BETTER_less, 1},
    };
    static const char *const DECIDED[] = {"fork_1000_decided", "fork_10000_decided", "fork_100000_decided"};
    static const row_t MERGE = {
        "merge_keys", "merge of 1,000 keys a side, no conflict, cold", "ms", "20 ms", BETTER_less, 1};
    static const row_t CONFLICTS = {"merge_conflicts", "  all of them in conflict", "ms", "20 ms", BETTER_less, 1};
    size_t events = 1000;
    for (size_t i = 0; i < sizeof FORKS / sizeof *FORKS; i++, events *= 10) {
        double decided = 0;
        report_add (&FORKS[i], fork_time (plan, events / (plan->items < 1000 ? 100 : 1), &decided), 5);
        report_note (DECIDED[i], "    processor time without the commit", "ms", decided);
    }
    bool small = plan->items < 1000;
    unsigned keys = small ? 16 : KEYS, all = small ? 20 : ALL_KEYS;
    double decided = 0;
    report_add (&MERGE, merge_time (plan, "merge", false, keys, all, &decided), 20);
    report_note ("merge_keys_decided", "    processor time without the commit", "ms", decided);
    report_add (&CONFLICTS, merge_time (plan, "conflicts", true, keys, all, &decided), 20);
    report_note ("merge_conflicts_decided", "    processor time without the commit", "ms", decided);
    report_note ("fork_flush", "  one fdatasync, median", "ms", raw_fdatasync_us (plan->folder, 200) / 1000);
}
