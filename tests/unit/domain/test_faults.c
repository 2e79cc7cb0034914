/*  Lack of memory at each allocation: a decision is refused whole, and applying an event says so. */
#include "merge.h"
#include "site.h"
#include "story.h"

#include "faults.h"

/*  Decides with the k-th allocation failing, for each k. */
static void decide_without_memory (const story_t *story, const command_t *command)
{
    for (uint64_t k = 1; faults_round (k); k++) {
        event_list_t events = {0};
        changed_t changed = {0};
        baton_error_t error = {0};
        baton_status status = session_decide (&story->state, command, &events, &changed, &error);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        assert_int_equal (error.reason, faults_hit () ? BATON_REASON_out_of_memory : BATON_REASON_none);
        if (faults_hit ())
            assert_int_equal (events.count, 0);
        event_list_clear (&events);
        record_clear (&RECORD_changed, &changed);
    }
}

/*  Applies it to a copy with the k-th allocation failing, for each k. A shrinking list may do without. */
static void evolve_without_memory (const session_t *state, const event_t *event)
{
    for (uint64_t k = 1; faults_round (k); k++) {
        session_t copy = {0};
        faults_set (0);
        assert_int_equal (record_copy (&RECORD_session, state, &copy), BATON_OK);
        faults_set (k);
        baton_status status = session_evolve (&copy, event);
        assert_true (status == BATON_OK || (status == BATON_resource_exhausted && faults_hit ()));
        record_clear (&RECORD_session, &copy);
    }
}

static void project_without_memory (const session_t *state)
{
    for (uint64_t k = 1; faults_round (k); k++) {
        projection_t row = {0};
        baton_status status = session_project (state, &row);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        record_clear (&RECORD_projection, &row);
    }
    for (uint64_t k = 1; faults_round (k); k++) {
        assignment_t assignment = {0};
        bool told = session_assign (state, "n1", &assignment);
        if (told && faults_hit ())
            assert_null (assignment.session);
        record_clear (&RECORD_assignment, &assignment);
    }
}

static void try_give (story_t *story, who_t who, method_id_t method, const void *request, int line)
{
    command_t command = {.method = method,
                         .request = request,
                         .now = story->now,
                         .actor = who.actor,
                         .role = who.role,
                         .access = story_access (&who),
                         .run = who.run,
                         .epoch = who.epoch,
                         .digest = who.digest};
    session_t before = {0};
    decide_without_memory (story, &command);
    assert_int_equal (record_copy (&RECORD_session, &story->state, &before), BATON_OK);
    if (give (story, who, method, request) != BATON_OK)
        fail_msg ("line %d: %s", line, story->error.message);
    for (size_t i = 0; i < story->last.count; i++) {
        const event_t *event = &story->journal.items[story->journal.count - story->last.count + i];
        evolve_without_memory (&before, event);
        assert_int_equal (session_evolve (&before, event), BATON_OK);
    }
    record_clear (&RECORD_session, &before);
    project_without_memory (&story->state);
}

#define TRY(who, id, ...)                                                                                              \
    try_give (&story, who, METHOD_##id, &(id##_request_t){.session = (char *) STORY_ID, ##__VA_ARGS__}, __LINE__)

static void test_a_context (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    opening_t opening = {
        .role = item_role_user, .text = (char *) "rules", .source = (char *) "AGENTS.md", .pinned = true};
    session_create_request_t create = {.title = (char *) "T",
                                       .system = (char *) "S",
                                       .bootstrap = {1, &opening},
                                       .window = 10,
                                       .pressure = (char *) "30,60"};
    part_t call = {.kind = part_kind_tool_call, .tool = (char *) "grep", .call = (char *) "c1"};
    who_t ada = {.actor = "ada", .role = role_operator, .digest = "d1"};
    try_give (&story, ADA, METHOD_session_create, &create, __LINE__);
    TRY (ADA, item_append, .role = item_role_assistant, .parts = {1, &call});
    TRY (ada, session_save, .label = (char *) "one");
    TRY (ADA, context_clear);
    TRY (ADA, item_unpin, .item = 3);
    TRY (ADA, session_activate);
    TRY (BROKER, session_place, .node = (char *) "n1");
    TRY (NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    TRY (RUN ("n1", 1, 1), item_append, .role = item_role_assistant, .parts = {1, &call});
    TRY (ADA, session_activate, .multitask_strategy = multitask_rollback);
    TRY (NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    story_end (&story);
}

static void test_a_whole_life (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    baton_pair_t label = {(char *) "team", (char *) "red"};
    baton_pair_t relabel[] = {{(char *) "team", NULL}, {(char *) "city", (char *) "here"}};
    binding_t binding = {.path = (char *) "src"};
    char *people[] = {(char *) "ada", (char *) "bob"};
    session_create_request_t create = {.title = (char *) "T",
                                       .objective = (char *) "O",
                                       .agent = (char *) "hr",
                                       .labels = {1, &label},
                                       .workspace = (char *) "/w",
                                       .bindings = {1, &binding},
                                       .driver = (char *) "shell",
                                       .node = (char *) "n1",
                                       .selector = {1, &label},
                                       .activate = true,
                                       .input = NUMBER (1)};
    try_give (&story, ADA, METHOD_session_create, &create, __LINE__);
    who_t run = RUN ("n1", 1, 1);
    run.digest = "d1";
    TRY (BROKER, session_place, .node = (char *) "n1");
    TRY (NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    TRY (ADA, session_update, .title = (char *) "New", .objective = (char *) "N", .labels = {2, relabel});
    TRY (run, item_append, .role = item_role_user, .text = (char *) "words");
    TRY (run, memory_set, .key = (char *) "m", .value = NUMBER (1));
    TRY (run, memory_set, .key = (char *) "a", .value = NUMBER (1));
    TRY (run, decision_record, .key = (char *) "d", .value = (char *) "v", .why = (char *) "w");
    TRY (run, artifact_put, .name = (char *) "a", .media_type = (char *) "text/plain");
    TRY (run, breakpoint_ask, .key = (char *) "k", .title = (char *) "T", .body = (char *) "B", .deadline = 10000,
         .kind = breakpoint_kind_input, .schema = NUMBER (1),
         .policy = {.kind = policy_kind_named, .people = {2, people}});
    TRY (ADA, breakpoint_join, .breakpoint = 1);
    TRY (ADA, breakpoint_claim, .breakpoint = 1);
    TRY (ADA, breakpoint_comment, .breakpoint = 1, .text = (char *) "Hm");
    TRY (ADA, breakpoint_vote, .breakpoint = 1, .value = NUMBER (1), .why = (char *) "w");
    run.digest = "d2";
    TRY (run, breakpoint_ask, .key = (char *) "k", .title = (char *) "T2", .revise = true);
    TRY (BOB, breakpoint_vote, .breakpoint = 1, .value = NUMBER (1));
    TRY (ADA, breakpoint_vote, .breakpoint = 1, .value = NUMBER (1));
    TRY (run, breakpoint_ask, .key = (char *) "k", .title = (char *) "T2");
    TRY (run, message_post, .id = (char *) "m1", .to = (char *) "s2", .subject = (char *) "S");
    TRY (BROKER, message_receipt, .id = (char *) "m1", .to = (char *) "s2", .receipt = receipt_read);
    TRY (BROKER, message_deliver, .id = (char *) "m2", .from = (char *) "ada", .from_session = (char *) "s2",
         .subject = (char *) "S", .body = NUMBER (1));
    TRY (BROKER, message_deliver, .id = (char *) "m3", .from = (char *) "ada", .ttl = 5);
    TRY (run, message_read, .id = (char *) "m2");
    TRY (BROKER, migration_start, .target = (char *) "n2", .patience = 5);
    TRY (NODE ("n2", 0), migration_prepared, .migration = 1);
    TRY (NODE ("n1", 1), migration_frozen, .migration = 1, .manifest = (char *) "d");
    TRY (NODE ("n2", 0), migration_accepted, .migration = 1, .manifest = (char *) "d");
    TRY (NODE ("n2", 2), migration_resumed, .migration = 1);
    TRY (ADA, session_activate, .multitask_strategy = multitask_enqueue, .input = NUMBER (2));
    TRY (ADA, session_activate, .multitask_strategy = multitask_rollback, .input = NUMBER (2));
    TRY (NODE ("n2", 2), run_finished, .run = 1, .attempt = 1, .detail = (char *) "late");
    TRY (ADA, breakpoint_ask, .key = (char *) "l", .title = (char *) "T", .deadline = 5, .on_expiry = expiry_escalate);
    TRY (BOB, breakpoint_join, .breakpoint = 2, .ttl = 1);
    TRY (BROKER, migration_start, .target = (char *) "n1", .patience = 5);
    story.now += 100;
    TRY (BROKER, session_tick);
    TRY (BROKER, session_place, .node = (char *) "n2");
    TRY (BROKER, session_fence, .node = (char *) "n2");
    who_t ada = ADA;
    ada.digest = "d1";
    TRY (ada, memory_set, .key = (char *) "m", .value = NUMBER (1));
    TRY (ada, decision_record, .key = (char *) "d", .value = (char *) "v");
    TRY (ada, artifact_put, .name = (char *) "a");
    TRY (ADA, session_activate, .input = NUMBER (1));
    TRY (BROKER, session_place, .node = (char *) "n3");
    TRY (ADA, session_activate, .multitask_strategy = multitask_rollback);
    TRY (BROKER, session_fence, .node = (char *) "n3");
    TRY (ADA, session_cancel, .detail = (char *) "enough");
    story_end (&story);
}

static void test_a_merge (void **context)
{
    (void) context;
    story_t story;
    baton_bytes_t decision = {0}, binding = {0}, artifact = {0};
    baton_pair_t label = {(char *) "team", (char *) "red"};
    segment_t segment = {.session = (char *) "b", .upto = 4, .merged = true, .title = (char *) "B"};
    ancestor_t ancestor = {.session = (char *) "c", .n = 2, .depth = 2};
    uint8_t text[] = {0xa4, 'b', 'l', 'u', 'e'};
    assert_int_equal (record_encode (&RECORD_decision_fact, &(decision_fact_t){(char *) "v", (char *) "w"}, &decision),
                      BATON_OK);
    assert_int_equal (record_encode (&RECORD_binding_fact, &(binding_fact_t){.omit = true}, &binding), BATON_OK);
    assert_int_equal (record_encode (&RECORD_artifact_fact, &(artifact_fact_t){.digest = (char *) "d"}, &artifact),
                      BATON_OK);
    merge_key_t keys[] = {
        {.kind = fact_kind_memory,
         .key = (char *) "m",
         .theirs = NUMBER (2),
         .session = (char *) "b",
         .conflict = true},
        {.kind = fact_kind_decision, .key = (char *) "d", .theirs = decision, .session = (char *) "b"},
        {.kind = fact_kind_artifact, .key = (char *) "a", .theirs = artifact, .session = (char *) "b"},
        {.kind = fact_kind_binding, .key = (char *) "src", .theirs = binding},
        {.kind = fact_kind_label, .key = (char *) "team", .theirs = {5, text}, .conflict = true},
        {.kind = fact_kind_label, .key = (char *) "gone"},
    };
    merge_t merge = {.from = (char *) "b",
                     .n = 4,
                     .title = (char *) "B",
                     .base = (char *) STORY_ID,
                     .base_n = 1,
                     .keys = {COUNT (keys), keys},
                     .segments = {1, &segment},
                     .ancestors = {1, &ancestor}};
    story_begin (&story);
    session_create_request_t create = {.title = (char *) "T", .labels = {1, &label}};
    try_give (&story, ADA, METHOD_session_create, &create, __LINE__);
    TRY (ADA, merge_start, .merge = merge);
    TRY (ADA, breakpoint_vote, .breakpoint = 1, .option = (char *) "edit", .key = (char *) "label/team",
         .value = {5, text}, .why = (char *) "w");
    TRY (ADA, memory_set, .key = (char *) "m", .value = NUMBER (7)); /*  meanwhile */
    TRY (ADA, breakpoint_vote, .breakpoint = 1, .option = (char *) "theirs", .key = (char *) "memory/m");
    for (size_t i = 0; i < story.state.merge.keys.count && story.state.merge.breakpoint > 0; i++) {
        char name[LIMIT_FACT_KEY + 1];
        const merge_key_t *key = &story.state.merge.keys.items[i];
        merge_key_name (key, name);
        if (key->conflict && !key->choice)
            TRY (ADA, breakpoint_vote, .breakpoint = 1, .option = (char *) "theirs", .key = name);
    }
    assert_int_equal (story.state.merge.breakpoint, 0);
    assert_string_equal (pairs_get (&story.state.labels, "team"), "blue");
    TRY (BROKER, session_branch, .fork = (char *) "f", .at = 1);
    TRY (BROKER, session_absorb, .into = (char *) "b", .at = 1, .upto = story.state.n);
    assert_int_equal (story.state.cause, cause_merged);
    bytes_clear (&decision);
    bytes_clear (&binding);
    bytes_clear (&artifact);
    story_end (&story);
}

/*  A fork is decided by a session that is not there yet. */
static void test_a_fork (void **context)
{
    (void) context;
    story_t source, fork;
    story_begin (&source);
    story_begin (&fork);
    session_create_request_t create = {.title = (char *) "T", .workspace = (char *) "/w"};
    try_give (&source, ADA, METHOD_session_create, &create, __LINE__);
    assert_int_equal (GIVE (&source, ADA, memory_set, .key = (char *) "m", .value = NUMBER (1)), BATON_OK);
    assert_int_equal (text_set (&source.state.session, "s0"), BATON_OK);
    session_fork_request_t request = {.session = (char *) "s0", .title = (char *) "F", .driver = (char *) "shell"};
    command_t command = {.method = METHOD_session_fork,
                         .request = &request,
                         .now = source.now,
                         .actor = "ada",
                         .role = role_operator,
                         .access = access_own,
                         .source = &source.state};
    decide_without_memory (&fork, &command);
    assert_int_equal (session_decide (&fork.state, &command, &fork.last, &fork.changed, &fork.error), BATON_OK);
    fork.last.items[0].n = 1;
    assert_int_equal (text_set (&fork.last.items[0].session, STORY_ID), BATON_OK);
    evolve_without_memory (&fork.state, &fork.last.items[0]);
    story_end (&source);
    story_end (&fork);
}

/* ---- the site ---- */

static site_t site;
static uint64_t site_now = 1000;

static void evolve_site (const event_t *event)
{
    for (uint64_t k = 1; faults_round (k); k++) {
        site_t copy = {0};
        faults_set (0);
        assert_int_equal (record_copy (&RECORD_site, &site, &copy), BATON_OK);
        faults_set (k);
        baton_status status = site_evolve (&copy, event);
        assert_true (status == BATON_OK || (status == BATON_resource_exhausted && faults_hit ()));
        record_clear (&RECORD_site, &copy);
    }
    assert_int_equal (site_evolve (&site, event), BATON_OK);
}

static void try_site (const char *actor, method_id_t method, const void *request)
{
    command_t command = {.method = method, .request = request, .now = site_now, .actor = actor, .digest = "d"};
    event_list_t events = {0};
    for (uint64_t k = 1; faults_round (k); k++) {
        baton_error_t error = {0};
        event_list_clear (&events);
        baton_status status = site_decide (&site, &command, &events, &error);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        if (faults_hit ())
            assert_int_equal (events.count, 0);
    }
    for (size_t i = 0; i < events.count; i++) {
        events.items[i].n = site.n + 1;
        events.items[i].at = site_now;
        evolve_site (&events.items[i]);
    }
    assert_int_equal (events.count, 1);
    event_list_clear (&events);
}

#define TRY_SITE(actor, id, ...) try_site (actor, METHOD_##id, &(id##_request_t){__VA_ARGS__})

static void test_a_site (void **context)
{
    (void) context;
    baton_pair_t label = {(char *) "team", (char *) "red"};
    char *drivers[] = {(char *) "shell"};
    TRY_SITE ("root", identity_invite, .name = (char *) "ada", .role = role_operator);
    TRY_SITE ("key", identity_enroll, .secret = (char *) "s");
    TRY_SITE ("root", identity_revoke, .name = (char *) "ada");
    TRY_SITE ("n1", node_register, .slots = 1, .labels = {1, &label}, .drivers = {1, drivers},
              .transfer = (char *) "tcp://a:1");
    TRY_SITE ("root", node_drain, .node = (char *) "n1");
    TRY_SITE (NULL, node_mark_lost, .name = (char *) "n1");
    record_clear (&RECORD_site, &site);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_context), cmocka_unit_test (test_a_whole_life), cmocka_unit_test (test_a_merge),
        cmocka_unit_test (test_a_fork),    cmocka_unit_test (test_a_site),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
