/*  Random walks over a few sessions that know each other: what holds in all their journals after each batch.
 *
 *  Each state is what its journal alone gives, byte for byte, also when the broker starts anew; and what sessions know
 *  of each other is so: parents of their children, and those who wait of those they wait for.
 */
#include "stage.h"

#include "fill.h"
#include "history.h"
#include "merge.h"

#define WALKS 20
#define BATCHES 40
#define BATCH 10
#define SESSIONS COUNT (IDS)

static const char *const IDS[] = {"s0", "s1", "s2", "s3", "s4", "s5", "s6"};
static const char *const KEYS[] = {"a", "b", "c", "d"};
static const char *const NODES[] = {"n1", "n2"};
static const char *const OPTIONS[] = {"approve", "reject"};

typedef struct {
    stage_t stage;
    uint64_t seed, now;
    size_t count;              /*  of sessions */
    char letter[LIMIT_ID + 1]; /*  drawn last: its own goes when it is read */
    size_t forks, merges, restores, children;
} walk_t;

static uint64_t below (walk_t *walk, uint64_t limit)
{
    return fill_random (&walk->seed) % limit;
}

static bool one_in (walk_t *walk, uint64_t count)
{
    return below (walk, count) == 0;
}

static const session_t *state_of (walk_t *walk, size_t index)
{
    entry_t *entry = NULL;
    if (cache_get (journal_cache (walk->stage.journal), IDS[index], &entry, &walk->stage.error) != BATON_OK)
        fail_msg ("%s: %s", IDS[index], walk->stage.error.message);
    return &entry->state;
}

/* ---- random commands ---- */

static bool is_one_of (const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (name, names[i]) == 0)
            return true;
    return false;
}

static char *random_text (walk_t *walk, const session_t *state, const char *field)
{
    static const char *const ABOUT_SESSIONS[] = {"on", "after", "from", "to"};
    if (is_one_of (field, ABOUT_SESSIONS, COUNT (ABOUT_SESSIONS)))
        return (char *) IDS[below (walk, walk->count)];
    if (strcmp (field, "node") == 0 || strcmp (field, "target") == 0)
        return (char *) NODES[below (walk, COUNT (NODES))];
    if (strcmp (field, "option") == 0)
        return (char *) OPTIONS[below (walk, COUNT (OPTIONS))];
    if (strcmp (field, "id") == 0 && state->mailbox.count > 0)
        return strcpy (walk->letter, state->mailbox.items[below (walk, state->mailbox.count)].id);
    if (strcmp (field, "manifest") == 0)
        return (char *) KEYS[0];
    return (char *) KEYS[below (walk, COUNT (KEYS))];
}

static uint64_t random_number (walk_t *walk, const session_t *state, const char *field, uint64_t most)
{
    if (strcmp (field, "run") == 0)
        return state->run.number;
    if (strcmp (field, "attempt") == 0)
        return state->run.attempt + below (walk, 2);
    if (strcmp (field, "migration") == 0)
        return state->migration.number;
    if (strcmp (field, "breakpoint") == 0)
        return 1 + below (walk, state->breakpoints.count + 1);
    if (strcmp (field, "time") == 0 || strcmp (field, "until") == 0)
        return walk->now + below (walk, 3000);
    if (strcmp (field, "cursor") == 0)
        return below (walk, state->n + 1);
    if (strcmp (field, "exit_code") == 0 || strcmp (field, "signal") == 0)
        return below (walk, 3) / 2;
    return 1 + below (walk, most > 0 && most < 3000 ? most : 3000);
}

static void fill (walk_t *walk, const session_t *state, const record_type_t *type, uint8_t *record)
{
    static uint8_t bytes[3][1] = {{1}, {2}, {3}};
    for (const field_t *field = type->fields (); field->name; field++) {
        uint8_t *at = record + field->offset;
        if (strcmp (field->name, "session") == 0)
            *(char **) (void *) at = state->session;
        else if (!field->required && !one_in (walk, 3))
            continue;
        else if (field->kind == FIELD_TEXT || field->kind == FIELD_LINE || field->kind == FIELD_NAME)
            *(char **) (void *) at = random_text (walk, state, field->name);
        else if (field->kind == FIELD_UINT)
            *(uint64_t *) (void *) at = random_number (walk, state, field->name, field->limit);
        else if (field->kind == FIELD_FLAG)
            *(bool *) at = one_in (walk, 4);
        else if (field->kind == FIELD_VALUE || field->kind == FIELD_BYTES)
            *(baton_bytes_t *) (void *) at = (baton_bytes_t){1, bytes[below (walk, 3)]};
        else if (field->kind == FIELD_ENUM)
            *(unsigned *) (void *) at = 1 + (unsigned) below (walk, field->names->count - 1);
        else if (field->kind == FIELD_INNER)
            fill (walk, state, field->type, at);
        else if (field->kind == FIELD_TEXTS && strcmp (field->name, "options") == 0)
            *(baton_texts_t *) (void *) at = (baton_texts_t){COUNT (OPTIONS), (char **) OPTIONS};
    }
}

/*  What the journal sends by itself comes from there, and what is made with the help of what was read has its own step.
 */
static bool is_drawn (method_id_t method)
{
    static const method_id_t APART[] = {METHOD_session_create,  METHOD_session_fork,      METHOD_session_spawn,
                                        METHOD_session_compact, METHOD_session_uncompact, METHOD_session_restore,
                                        METHOD_item_pin,        METHOD_session_migrate,   METHOD_session_handoff,
                                        METHOD_session_import,  METHOD_session_moved,     METHOD_message_reply};
    static const method_id_t INTERNAL[] = {METHOD_session_tick, METHOD_session_place, METHOD_session_fence,
                                           METHOD_session_host, METHOD_migration_start};
    const method_row_t *row = &METHODS[method];
    bool drawn = row->target == TARGET_session && row->change && row->access != ACCESS_internal;
    for (size_t i = 0; i < COUNT (APART); i++)
        drawn = drawn && method != APART[i];
    for (size_t i = 0; i < COUNT (INTERNAL); i++)
        drawn = drawn || method == INTERNAL[i];
    return drawn;
}

static method_id_t random_method (walk_t *walk)
{
    static const method_id_t ONWARD[] = {METHOD_session_activate, METHOD_session_place, METHOD_run_started,
                                         METHOD_run_finished,     METHOD_session_sleep, METHOD_dependency_add,
                                         METHOD_trigger_add,      METHOD_item_append,   METHOD_memory_set};
    if (one_in (walk, 2))
        return ONWARD[below (walk, COUNT (ONWARD))];
    for (;;) {
        method_id_t method = 1 + (method_id_t) below (walk, METHOD_COUNT - 1);
        bool ends = method == METHOD_session_cancel || method == METHOD_session_complete;
        if (is_drawn (method) && (!ends || one_in (walk, 10)))
            return method;
    }
}

/*  Chance would hardly ever name exactly one thing. */
static void name_one_thing (walk_t *walk, method_id_t method, void *request)
{
    trigger_add_request_t *trigger = request;
    item_append_request_t *item = request;
    if (method == METHOD_trigger_add)
        *trigger = (trigger_add_request_t){.session = trigger->session,
                                           .name = trigger->name,
                                           .overlap = trigger->overlap,
                                           .after = one_in (walk, 2) ? (char *) IDS[below (walk, walk->count)] : NULL};
    if (method == METHOD_trigger_add && !trigger->after)
        trigger->message = (char *) "*";
    if (method == METHOD_item_append)
        *item = (item_append_request_t){
            .session = item->session, .role = item_role_user, .text = (char *) "text", .pinned = item->pinned};
}

static command_t command_by (walk_t *walk, const session_t *state, method_id_t method, const void *request)
{
    command_t command = {.method = method, .request = request, .now = walk->now};
    if (METHODS[method].access == ACCESS_node) {
        command.actor = state->migrating && one_in (walk, 2) ? state->migration.target : state->lease.node;
        command.role = role_node;
        command.epoch = state->lease.epoch;
    } else if (METHODS[method].access != ACCESS_internal) {
        command.actor = "ada";
        command.role = role_operator;
        command.access = access_own;
        command.fence = state->lock.fence;
        command.digest = KEYS[below (walk, COUNT (KEYS))];
    }
    return command;
}

/*  The broker lets nobody wait for itself or in a circle. */
static bool may_wait (const char *waiter, const char *other)
{
    return !other || strcmp (other, waiter) < 0;
}

static void change (walk_t *walk)
{
    static uint64_t request[64];
    char session[8], actor[8];
    const session_t *state = state_of (walk, below (walk, walk->count));
    method_id_t method = random_method (walk);
    const record_type_t *type = &METHODS[method].type;
    assert_true (type->size <= sizeof request);
    memset (request, 0, sizeof request);
    snprintf (session, sizeof session, "%s", state->session);
    fill (walk, state, type, (uint8_t *) request);
    name_one_thing (walk, method, request);
    if ((method == METHOD_dependency_add && !may_wait (session, record_text (type, request, "on"))) ||
        (method == METHOD_trigger_add && !may_wait (session, record_text (type, request, "after"))))
        return;
    command_t command = command_by (walk, state, method, request);
    if (command.actor) {
        snprintf (actor, sizeof actor, "%s", command.actor);
        command.actor = actor;
    }
    walk->stage.error = (baton_error_t){0};
    baton_status status =
        journal_decide (walk->stage.journal, session, &command, &walk->stage.changed, &walk->stage.error);
    assert_true (status == BATON_OK || *walk->stage.error.message);
    assert_int_not_equal (walk->stage.error.reason, BATON_REASON_out_of_memory);
}

static void send (walk_t *walk)
{
    char id[24];
    const char *from = IDS[below (walk, walk->count)];
    message_send_request_t request = {.to = (char *) IDS[below (walk, walk->count)],
                                      .subject = (char *) "s",
                                      .ttl = below (walk, 2) * (1 + below (walk, 2000)),
                                      .wants_reply = one_in (walk, 2)};
    snprintf (id, sizeof id, "m%lu", (unsigned long) fill_random (&walk->seed));
    command_t command = {.method = METHOD_message_send,
                         .request = &request,
                         .now = walk->now,
                         .actor = "ada",
                         .role = role_operator,
                         .access = access_own,
                         .fresh = id};
    baton_status status = BATON_OK;
    walk->stage.error = (baton_error_t){0};
    if (strcmp (from, request.to) != 0)
        status = journal_send (walk->stage.journal, one_in (walk, 2) ? from : NULL, &command, &walk->stage.changed,
                               &walk->stage.error);
    assert_true (status == BATON_OK || *walk->stage.error.message);
}

/* ---- sessions that come from others ---- */

static void two (walk_t *walk, const session_t *source, const command_t *first, const command_t *second, size_t *count)
{
    if (journal_decide_two (walk->stage.journal,
                            (const share_t[2]){{IDS[walk->count], first}, {source->session, second}},
                            &walk->stage.changed, &walk->stage.error) == BATON_OK) {
        walk->count++;
        ++*count;
    }
}

static void make (walk_t *walk)
{
    if (walk->count == SESSIONS)
        return;
    const session_t *source = state_of (walk, below (walk, walk->count));
    char *id = (char *) IDS[walk->count];
    command_t by = {.now = walk->now, .actor = "ada", .role = role_operator, .access = access_own, .fresh = id};
    command_t first = by, second = by;
    first.source = source;
    session_fork_request_t fork = {.session = source->session, .title = id};
    session_branch_request_t branch = {.session = source->session, .fork = id, .at = source->n};
    session_create_request_t create = {.title = id, .parent = source->session};
    session_spawn_request_t spawn = {.session = source->session, .title = id};
    bool forks = one_in (walk, 2);
    first.method = forks ? METHOD_session_fork : METHOD_session_create;
    first.request = forks ? (void *) &fork : (void *) &create;
    second.method = forks ? METHOD_session_branch : METHOD_session_spawn;
    second.request = forks ? (void *) &branch : (void *) &spawn;
    two (walk, source, &first, &second, forks ? &walk->forks : &walk->children);
}

/*  Reads what is committed: only as the first of a batch. */
static void merge (walk_t *walk)
{
    const session_t *into = state_of (walk, below (walk, walk->count)),
                    *from = state_of (walk, below (walk, walk->count));
    session_t states[2] = {0};
    merge_basis_t basis = {0};
    merge_start_request_t start = {.session = into->session};
    uint64_t conflicts = 0;
    baton_error_t *error = &walk->stage.error;
    if (into != from && merge_check (into, from, error) == BATON_OK &&
        history_basis (walk->stage.store, NULL, into->session, from->session, &states[0], &states[1], &basis, error) ==
            BATON_OK &&
        merge_plan (into, from, &basis, !one_in (walk, 3), &start.merge, &conflicts, error) == BATON_OK) {
        command_t command = {.method = METHOD_merge_start,
                             .request = &start,
                             .now = walk->now,
                             .actor = "ada",
                             .role = role_operator,
                             .access = access_own,
                             .fence = into->lock.fence};
        walk->merges +=
            journal_decide (walk->stage.journal, into->session, &command, &walk->stage.changed, error) == BATON_OK;
    }
    record_clear (&RECORD_merge, &start.merge);
    record_clear (&RECORD_merge_basis, &basis);
    record_clear (&RECORD_session, &states[0]);
    record_clear (&RECORD_session, &states[1]);
}

static void restore (walk_t *walk)
{
    const session_t *state = state_of (walk, below (walk, walk->count));
    session_restore_request_t request = {.session = state->session, .at = (char *) "1"};
    session_t past = {0};
    if (history_state (walk->stage.store, state->session, 1 + below (walk, state->n), &past, &walk->stage.error) !=
        BATON_OK)
        fail_msg ("%s", walk->stage.error.message);
    command_t command = {.method = METHOD_session_restore,
                         .request = &request,
                         .now = walk->now,
                         .actor = "ada",
                         .role = role_operator,
                         .access = access_own,
                         .fence = state->lock.fence,
                         .source = &past};
    walk->restores += journal_decide (walk->stage.journal, state->session, &command, &walk->stage.changed,
                                      &walk->stage.error) == BATON_OK;
    record_clear (&RECORD_session, &past);
}

/* ---- what always holds ---- */

static void check_same (const session_t *a, const session_t *b)
{
    baton_bytes_t x = {0}, y = {0};
    assert_int_equal (record_encode (&RECORD_session, a, &x), BATON_OK);
    assert_int_equal (record_encode (&RECORD_session, b, &y), BATON_OK);
    assert_int_equal (x.size, y.size);
    assert_memory_equal (x.data, y.data, x.size);
    bytes_clear (&x);
    bytes_clear (&y);
}

static void check_journal (walk_t *walk, const session_t *state)
{
    session_t folded = {0}, loaded = {0};
    baton_error_t error = {0};
    if (record_check (&RECORD_session, state, &error) != BATON_OK ||
        history_replay (walk->stage.store, state->session, state->n, &folded, &error) != BATON_OK ||
        history_load (walk->stage.store, state->session, &loaded, NULL, &error) != BATON_OK)
        fail_msg ("%s: %s", state->session, error.message);
    check_same (state, &folded);
    check_same (state, &loaded);
    record_clear (&RECORD_session, &folded);
    record_clear (&RECORD_session, &loaded);
}

static void check_family (walk_t *walk, const session_t *state)
{
    for (size_t i = 0; i < walk->count; i++) {
        const session_t *child = state_of (walk, i);
        if (!text_equal (child->parent, state->session))
            continue;
        const child_row_t *row = NULL;
        for (size_t j = 0; j < state->children.count; j++)
            if (text_equal (state->children.items[j].session, child->session))
                row = &state->children.items[j];
        child_row_t now = session_as_child (child);
        assert_non_null (row);
        assert_int_equal (row->state, now.state);
        assert_int_equal (row->cause, now.cause);
        assert_int_equal (row->alive, now.alive);
        assert_int_equal (row->breakpoints, now.breakpoints);
        if (state->state == lifecycle_terminated && child->state != lifecycle_terminated)
            assert_int_not_equal (child->parent_ended, cause_none);
    }
}

static void check_waiting (walk_t *walk, const session_t *state)
{
    for (size_t i = 0; i < walk->count; i++) {
        const session_t *other = state_of (walk, i);
        bool waits = session_waits_for (state, other->session), ended = other->state == lifecycle_terminated;
        assert_false (waits && ended);
        assert_int_equal (waits, texts_contain (&other->watchers, state->session));
    }
    bool starts = false;
    for (size_t i = 0; i < state->queue.count; i++)
        starts = starts || state->queue.items[i].trigger;
    assert_false (starts && state->state == lifecycle_sleeping && state->cause != cause_waiting);
}

static void check_end (const session_t *state)
{
    if (state->state != lifecycle_terminated)
        return;
    assert_null (state->lease.node);
    assert_false (state->migrating);
    assert_null (state->merge.from);
    assert_int_equal (state->queue.count, 0);
    assert_int_equal (state->watchers.count, 0);
    assert_true (state->wake_at == 0 && !state->wake_on_message && !state->wake_on_family);
    for (size_t i = 0; i < state->breakpoints.count; i++)
        assert_int_not_equal (state->breakpoints.items[i].state, breakpoint_state_open);
}

static void commit (walk_t *walk)
{
    stage_commit (&walk->stage);
    if (one_in (walk, 8))
        stage_reopen (&walk->stage);
    for (size_t i = 0; i < walk->count; i++) {
        const session_t *state = state_of (walk, i);
        check_journal (walk, state);
        check_family (walk, state);
        check_waiting (walk, state);
        check_end (state);
    }
}

/* ---- the walk ---- */

static void batch (walk_t *walk)
{
    uint64_t kind = below (walk, 6);
    if (kind == 0)
        make (walk);
    else if (kind == 1)
        merge (walk);
    else if (kind == 2)
        restore (walk);
    for (int i = 0; i < BATCH; i++) {
        walk->now += below (walk, 300);
        if (one_in (walk, 6))
            send (walk);
        else
            change (walk);
    }
    commit (walk);
}

static void test_sessions_that_know_each_other (void **context)
{
    (void) context;
    size_t forks = 0, merges = 0, restores = 0, children = 0;
    for (uint64_t seed = 1; seed <= WALKS; seed++) {
        walk_t walk = {.seed = seed, .now = STAGE_NOW, .count = 2};
        stage_begin (&walk.stage);
        stage_create (&walk.stage, IDS[0]);
        stage_create (&walk.stage, IDS[1]);
        commit (&walk);
        for (int i = 0; i < BATCHES; i++)
            batch (&walk);
        stage_end (&walk.stage);
        forks += walk.forks;
        merges += walk.merges;
        restores += walk.restores;
        children += walk.children;
    }
    /*  A walk that never gets anywhere shows nothing. */
    assert_true (forks > 0 && merges > 0 && restores > 0 && children > 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_sessions_that_know_each_other),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
