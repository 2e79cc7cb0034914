/*  Random walks: thousands of commands, sensible and not, and what holds after each of them. */
#include "story.h"

#include "fill.h"

#define WALKS 400
#define STEPS 300

/* ---- random requests, from small pools so that things meet ---- */

static char *const NODES[] = {(char *) "n1", (char *) "n2", (char *) "n3"};
static char *const KEYS[] = {(char *) "a", (char *) "b", (char *) "c", (char *) "d", (char *) "e", (char *) "f"};
static char *const OPTIONS[] = {(char *) "approve", (char *) "reject", (char *) "red"};
static char *const PEOPLE[] = {(char *) "ada", (char *) "bob", (char *) "cyd"};
static uint8_t BYTE[3][1] = {{1}, {2}, {3}};
static baton_pair_t LABEL = {(char *) "team", (char *) "red"};

typedef struct {
    story_t story;
    uint64_t seed;
    struct {
        size_t count;
        baton_bytes_t items[LIMIT_BREAKPOINTS];
    } closed; /*  each breakpoint as it was when it closed, by number - 1 */
    uint64_t epoch, fence;
} walk_t;

/*  From 0 up to but not including limit; 0 when that is 0. */
static uint64_t below (walk_t *walk, uint64_t limit)
{
    uint64_t random = fill_random (&walk->seed);
    return limit ? random % limit : 0;
}

static bool one_in (walk_t *walk, uint64_t count)
{
    return below (walk, count) == 0;
}

static char *random_text (walk_t *walk, const char *field)
{
    if (strcmp (field, "node") == 0 || strcmp (field, "target") == 0)
        return NODES[below (walk, COUNT (NODES))];
    if (strcmp (field, "option") == 0 || strcmp (field, "expiry_option") == 0)
        return OPTIONS[below (walk, COUNT (OPTIONS))];
    if (strcmp (field, "session") == 0)
        return (char *) STORY_ID; /*  of a child, too */
    if (strcmp (field, "workspace") == 0)
        return (char *) "/srv";
    if (strcmp (field, "manifest") == 0)
        return KEYS[below (walk, 8) / 7];
    return KEYS[below (walk, COUNT (KEYS))];
}

static uint64_t random_number (walk_t *walk, const char *field)
{
    const session_t *state = &walk->story.state;
    uint64_t odd = one_in (walk, 8); /*  now and then what isn't there */
    if (strcmp (field, "run") == 0)
        return state->run.number + odd;
    if (strcmp (field, "attempt") == 0)
        return state->run.attempt + below (walk, 2);
    if (strcmp (field, "migration") == 0)
        return state->migration.number + odd;
    if (strcmp (field, "breakpoint") == 0)
        return 1 + below (walk, state->breakpoints.count + odd);
    if (strcmp (field, "deadline") == 0 || strcmp (field, "ttl") == 0 || strcmp (field, "patience") == 0)
        return 1 + below (walk, one_in (walk, 2) ? 2000 : 20000);
    if (strcmp (field, "item") == 0 && state->window.pins.count > 0)
        return state->window.pins.items[below (walk, state->window.pins.count)].place;
    if (strcmp (field, "until") == 0)
        return walk->story.now + below (walk, 3000);
    if (strcmp (field, "cursor") == 0)
        return below (walk, state->n + odd);
    if (strcmp (field, "k") == 0 || strcmp (field, "of") == 0 || strcmp (field, "priority") == 0)
        return below (walk, 4);
    if (strcmp (field, "exit_code") == 0 || strcmp (field, "signal") == 0)
        return below (walk, 3) / 2;
    return 1 + below (walk, 5000);
}

static void fill (walk_t *walk, const record_type_t *type, uint8_t *record);

static void fill_field (walk_t *walk, const field_t *field, uint8_t *at)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME:
        *(char **) (void *) at = random_text (walk, field->name);
        break;
    case FIELD_UINT:
        *(uint64_t *) (void *) at = random_number (walk, field->name);
        break;
    case FIELD_FLAG:
        *(bool *) at = one_in (walk, 4);
        break;
    case FIELD_VALUE:
    case FIELD_BYTES:
        *(baton_bytes_t *) (void *) at = (baton_bytes_t){1, BYTE[below (walk, 3)]};
        break;
    case FIELD_ENUM:
        *(unsigned *) (void *) at = 1 + (unsigned) below (walk, field->names->count - 1);
        break;
    case FIELD_INNER:
        fill (walk, field->type, at);
        break;
    case FIELD_TEXTS:
        *(baton_texts_t *) (void *) at = strcmp (field->name, "options") == 0
                                             ? (baton_texts_t){2 + below (walk, 2), (char **) OPTIONS}
                                             : (baton_texts_t){1 + below (walk, 3), (char **) PEOPLE};
        break;
    case FIELD_PAIRS:
        *(baton_pairs_t *) (void *) at = (baton_pairs_t){1, &LABEL};
        break;
    case FIELD_LIST:
        break; /*  items have texts here, and sessions no bindings */
    }
}

static void fill (walk_t *walk, const record_type_t *type, uint8_t *record)
{
    for (const field_t *field = type->fields (); field->name; field++)
        if (field->required || one_in (walk, 2))
            fill_field (walk, field, record + field->offset);
}

/*  The same name as the state has it, but not the state's own: that may change while events are applied. */
static const char *node_named (const char *name)
{
    for (size_t i = 0; i < COUNT (NODES); i++)
        if (text_equal (NODES[i], name))
            return NODES[i];
    return NULL;
}

/*  Now and then whoever holds the edit lock. */
static who_t with_lock (walk_t *walk, who_t who)
{
    const edit_lock_t *lock = &walk->story.state.lock;
    if (one_in (walk, 8))
        who.fence = lock->fence;
    for (size_t i = 0; lock->holder && who.run == 0 && i < COUNT (PEOPLE) && one_in (walk, 2); i++)
        if (text_equal (PEOPLE[i], lock->holder)) {
            who.actor = PEOPLE[i];
            who.fence = lock->fence;
        }
    return who;
}

static who_t random_who (walk_t *walk, method_id_t method)
{
    const session_t *state = &walk->story.state;
    uint64_t epoch = state->lease.epoch - (state->lease.epoch > 0 && one_in (walk, 8));
    const char *any = NODES[below (walk, 3)], *target = node_named (state->migration.target);
    const char *owner = state->lease.node && !one_in (walk, 8) ? node_named (state->lease.node) : any;
    if (METHODS[method].access == ACCESS_node)
        return NODE (target && one_in (walk, 2) ? target : owner, epoch);
    if (METHODS[method].access == ACCESS_internal)
        return BROKER;
    who_t who = {.actor = PEOPLE[below (walk, 3)], .role = role_operator};
    if (METHODS[method].inside && one_in (walk, 2))
        who = RUN (owner, epoch, state->run.number);
    if (method != METHOD_trigger_fire || one_in (walk, 2)) /*  else nobody has given a token */
        who.digest = KEYS[below (walk, 4)];
    return with_lock (walk, who);
}

/*  What is decided on something that the broker has read before: see test_window.c. */
static bool must_read (method_id_t method)
{
    return method == METHOD_session_compact || method == METHOD_session_uncompact || method == METHOD_session_restore ||
           method == METHOD_item_pin;
}

/*  What has to come in order to get anywhere is drawn more often, and what ends the session seldom. */
static method_id_t random_method (walk_t *walk)
{
    static const method_id_t ONWARD[] = {METHOD_session_activate,   METHOD_session_place,      METHOD_run_started,
                                         METHOD_migration_start,    METHOD_migration_prepared, METHOD_migration_frozen,
                                         METHOD_migration_accepted, METHOD_migration_resumed,  METHOD_breakpoint_vote,
                                         METHOD_breakpoint_join,    METHOD_breakpoint_leave};
    if (one_in (walk, 2))
        return ONWARD[below (walk, COUNT (ONWARD))];
    for (;;) {
        method_id_t method = 1 + (method_id_t) below (walk, METHOD_COUNT - 1);
        bool ends = method == METHOD_session_cancel || method == METHOD_session_complete ||
                    method == METHOD_session_moved || method == METHOD_session_import;
        if (METHODS[method].target == TARGET_session && METHODS[method].change && !must_read (method) &&
            (!ends || one_in (walk, 50)))
            return method;
    }
}

/* ---- what always holds ---- */

static baton_bytes_t encoded (const record_type_t *type, const void *record)
{
    baton_bytes_t bytes = {0};
    assert_int_equal (record_encode (type, record, &bytes), BATON_OK);
    return bytes;
}

static void assert_same (baton_bytes_t a, baton_bytes_t b)
{
    assert_int_equal (a.size, b.size);
    assert_memory_equal (a.data, b.data, a.size);
    bytes_clear (&a);
    bytes_clear (&b);
}

static void check_breakpoints (walk_t *walk)
{
    const session_t *state = &walk->story.state;
    for (size_t i = 0; i < state->breakpoints.count; i++) {
        const breakpoint_t *breakpoint = &state->breakpoints.items[i];
        assert_int_equal (breakpoint->number, i + 1);
        if (breakpoint->state == breakpoint_state_open) {
            assert_null (breakpoint->outcome);
            assert_int_not_equal (state->state, lifecycle_terminated);
            continue;
        }
        baton_bytes_t now = encoded (&RECORD_breakpoint, breakpoint), *then = &walk->closed.items[i];
        if (then->size == 0)
            *then = now;
        else {
            assert_int_equal (now.size, then->size);
            assert_memory_equal (now.data, then->data, now.size);
            bytes_clear (&now);
        }
    }
}

static void check_run (const session_t *state)
{
    bool active = state->run.phase != run_phase_none && state->run.phase != run_phase_finished;
    assert_int_equal (active, state->state == lifecycle_running);
    assert_int_equal (state->run.phase == run_phase_finished, state->run.outcome != run_outcome_none);
    if (active && state->run.phase != run_phase_queued)
        assert_string_equal (state->run.node, state->lease.node);
    assert_int_equal (state->run.phase == run_phase_stopping, active && state->run.stop != stop_none);
    assert_true (state->queue.count <= LIMIT_QUEUE);
    if (state->state == lifecycle_suspended || state->state == lifecycle_terminated)
        assert_true (state->wake_at == 0 && !state->wake_on_message && !state->wake_on_family);
    /*  Or nobody would ever begin it. */
    for (size_t i = 0; i < state->queue.count; i++)
        assert_false (state->queue.items[i].trigger && state->state == lifecycle_sleeping &&
                      state->cause != cause_waiting);
    if (state->run.restart && active)
        assert_true (state->queue.count > 0);
}

static void check_lease (walk_t *walk)
{
    const session_t *state = &walk->story.state;
    assert_true (state->lease.epoch >= walk->epoch);
    walk->epoch = state->lease.epoch;
    assert_true (state->lock.fence >= walk->fence);
    walk->fence = state->lock.fence;
    assert_true (!state->lock.holder || (state->lock.fence > 0 && state->lock.until > state->lock.since));
    if (state->state == lifecycle_terminated) {
        assert_null (state->lease.node);
        assert_false (state->migrating);
    }
    if (!state->migrating)
        return;
    bool committed = state->migration.step >= migration_step_commit;
    assert_string_not_equal (state->migration.source, state->migration.target);
    assert_string_equal (state->lease.node, committed ? state->migration.target : state->migration.source);
}

static void check_all (walk_t *walk)
{
    baton_error_t error = {0};
    if (record_check (&RECORD_session, &walk->story.state, &error) != BATON_OK)
        fail_msg ("the state breaks its own rules: %s", error.message);
    check_run (&walk->story.state);
    check_lease (walk);
    check_breakpoints (walk);
}

/*  Exactly one run at a time, numbered without a gap, and each finished once. */
static void check_journal (const story_t *story)
{
    uint64_t number = 0;
    bool active = false;
    for (size_t i = 0; i < story->journal.count; i++) {
        const event_t *event = &story->journal.items[i];
        if (event->kind == EVENT_run_queued) {
            assert_false (active);
            assert_int_equal (((const run_queued_event_t *) event->body)->number, ++number);
            active = true;
        } else if (event->kind == EVENT_run_finished) {
            assert_true (active);
            assert_int_equal (((const run_finished_event_t *) event->body)->number, number);
            active = false;
        }
    }
}

static void fold (const story_t *story, session_t *state, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        assert_int_equal (session_evolve (state, &story->journal.items[i]), BATON_OK);
}

/*  The journal alone gives the state, and so does a snapshot anywhere with the rest. */
static void check_replay (walk_t *walk)
{
    const story_t *story = &walk->story;
    size_t count = story->journal.count, at = 1 + below (walk, count);
    session_t folded = {0}, loaded = {0};
    fold (story, &folded, 0, at);
    baton_bytes_t snapshot = encoded (&RECORD_session, &folded);
    fold (story, &folded, at, count);
    assert_same (encoded (&RECORD_session, &folded), encoded (&RECORD_session, &story->state));
    assert_int_equal (record_decode (&RECORD_session, snapshot.data, snapshot.size, &loaded, NULL), BATON_OK);
    fold (story, &loaded, at, count);
    assert_same (encoded (&RECORD_session, &loaded), encoded (&RECORD_session, &story->state));
    bytes_clear (&snapshot);
    record_clear (&RECORD_session, &folded);
    record_clear (&RECORD_session, &loaded);
}

/*  No other event has to be read to know which decisions stand. */
static void check_decisions (const story_t *story)
{
    session_t state = {0};
    bool equal = false;
    for (size_t i = 0; i < story->journal.count; i++)
        if (session_decides (story->journal.items[i].kind))
            assert_int_equal (session_evolve (&state, &story->journal.items[i]), BATON_OK);
    decision_page_t some = {{state.decisions.count, state.decisions.items}},
                    all = {{story->state.decisions.count, story->state.decisions.items}};
    assert_int_equal (record_equal (&RECORD_decision_page, &some, &all, &equal), BATON_OK);
    assert_true (equal);
    record_clear (&RECORD_session, &state);
}

/* ---- the walk ---- */

/*  Chance alone would hardly ever name exactly one thing to wait for. */
static void name_one_thing (walk_t *walk, trigger_add_request_t *request)
{
    trigger_add_request_t one = {.session = request->session, .name = request->name, .overlap = request->overlap};
    if (one_in (walk, 3))
        one.in = 1 + below (walk, 1000);
    else if (one_in (walk, 2))
        one.file = (char *) "src";
    else
        one.message = (char *) "*";
    *request = one;
}

/*  Only the time that stands next can come. */
static void name_next_time (const story_t *story, trigger_due_request_t *request)
{
    static moment_t time = {.at = 1};
    for (size_t i = 0; i < story->state.triggers.count; i++)
        if (strcmp (story->state.triggers.items[i].name, request->name) == 0) {
            request->scheduled = story->state.triggers.items[i].next;
            request->times.count = request->passed % 2;
            request->times.items = &time;
            request->passed = 1;
        }
}

/*  What a node found is news only since the last time. */
static void name_last_time (const story_t *story, trigger_changed_request_t *request)
{
    for (size_t i = 0; i < story->state.triggers.count; i++)
        if (strcmp (story->state.triggers.items[i].name, request->name) == 0)
            request->since = story->state.triggers.items[i].since;
}

/*  Those wait for trigger.due, which the broker sends after a tick. */
static bool trigger_is_due (const story_t *story)
{
    for (size_t i = 0; i < story->state.triggers.count; i++)
        if (story->state.triggers.items[i].next != 0 && story->state.triggers.items[i].next <= story->now)
            return true;
    return false;
}

static void step (walk_t *walk, size_t *accepted)
{
    uint64_t request[64] = {0}; /*  larger than any request, and aligned */
    story_t *story = &walk->story;
    method_id_t method = random_method (walk);
    assert_true (METHODS[method].type.size <= sizeof request);
    fill (walk, &METHODS[method].type, (uint8_t *) request);
    if (method == METHOD_trigger_add && one_in (walk, 2))
        name_one_thing (walk, (trigger_add_request_t *) (void *) request);
    if (method == METHOD_trigger_changed)
        name_last_time (story, (trigger_changed_request_t *) (void *) request);
    if (method == METHOD_trigger_due)
        name_next_time (story, (trigger_due_request_t *) (void *) request);
    story->now += below (walk, 300);
    baton_status status = give (story, random_who (walk, method), method, request);
    accepted[method] += status == BATON_OK && story->last.count > 0;
    if (status != BATON_OK)
        assert_true (story->error.status == status && *story->error.message);
    /*  A tick leaves nothing due, or the broker would spin. */
    if (status == BATON_OK && method == METHOD_session_tick && !trigger_is_due (story))
        assert_true (session_due (&story->state) == 0 || session_due (&story->state) > story->now);
    check_all (walk);
}

static void walk_once (uint64_t seed, size_t *accepted)
{
    walk_t walk = {.seed = seed};
    story_begin (&walk.story);
    CREATE (&walk.story);
    for (int i = 0; i < STEPS; i++)
        step (&walk, accepted);
    check_journal (&walk.story);
    check_replay (&walk);
    check_decisions (&walk.story);
    for (size_t i = 0; i < LIMIT_BREAKPOINTS; i++)
        bytes_clear (&walk.closed.items[i]);
    story_end (&walk.story);
}

static void test_random_walks (void **context)
{
    (void) context;
    size_t accepted[METHOD_COUNT] = {0};
    for (uint64_t seed = 1; seed <= WALKS; seed++)
        walk_once (seed, accepted);
    /*  A walk that never gets anywhere shows nothing. */
    for (method_id_t method = 1; method < METHOD_COUNT; method++) {
        bool decided = METHODS[method].target == TARGET_session && METHODS[method].change &&
                       method != METHOD_session_migrate && method != METHOD_session_create &&
                       method != METHOD_session_handoff && method != METHOD_session_fork;
        if (decided && !must_read (method) && accepted[method] == 0)
            fail_msg ("no walk got %s accepted", METHODS[method].name);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_random_walks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
