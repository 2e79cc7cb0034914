/*  Parents and children, as each of the two sees it. */
#include "deciding.h"
#include "story.h"

#include <stdio.h>

static const who_t MOTHER_RUN = {.actor = "n1", .role = role_node, .epoch = 1, .run = 1};

/*  How a child is, in the words of its note. */
#define NOTE(story, kinds, id, at, how, why, living, ...)                                                              \
    DOES (story, kinds, BROKER, child_note,                                                                            \
          .child = {.session = (char *) (id),                                                                          \
                    .title = (char *) "T",                                                                             \
                    .n = (at),                                                                                         \
                    .state = lifecycle_##how,                                                                          \
                    .cause = cause_##why,                                                                              \
                    .alive = (living),                                                                                 \
                    ##__VA_ARGS__})

static void spawn (story_t *story, const char *id, const char *kinds)
{
    session_spawn_request_t request = {.session = (char *) STORY_ID, .title = (char *) "T"};
    command_t command = {.method = METHOD_session_spawn,
                         .request = &request,
                         .now = story->now,
                         .actor = "ada",
                         .role = role_operator,
                         .fresh = id};
    event_list_clear (&story->last);
    assert_int_equal (session_decide (&story->state, &command, &story->last, &story->changed, &story->error),
                      *kinds ? BATON_OK : BATON_resource_exhausted);
    check_events (story, kinds, __FILE__, __LINE__);
    for (size_t i = 0; i < story->last.count; i++)
        story_apply (story, &story->last.items[i], &ADA);
}

static void test_a_parent_knows_its_children (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "child_spawned", MOTHER_RUN, session_spawn, .title = (char *) "First");
    assert_string_equal (story.state.children.items[0].title, "First");
    assert_int_equal (story.state.children.items[0].alive, 1);
    spawn (&story, "s2", "child_spawned");
    NOTE (&story, "child_changed", "s2", 4, running, activated, 1);
    NOTE (&story, "", "s2", 4, suspended, created, 1); /*  the same again, or an older one */
    NOTE (&story, "", "s2", 3, suspended, created, 1);
    NOTE (&story, "", "stranger", 9, running, activated, 1);
    assert_int_equal (story.state.children.items[1].state, lifecycle_running);
    assert_true (family_alive (&story.state));
    NOTE (&story, "child_changed", "s2", 9, terminated, completed, 3, .breakpoints = 2);
    assert_int_equal (session_as_child (&story.state).alive, 5);
    assert_int_equal (session_as_child (&story.state).breakpoints, 2);
    assert_int_equal (story.state.child_ended_n, 0);
    NOTE (&story, "child_changed", "s2", 10, terminated, completed, 0);
    assert_int_equal (story.state.child_ended_n, story.state.n);
    story_end (&story);
}

static void test_a_stale_run_makes_no_child (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    FAILS (&story, aborted, stale_epoch, RUN ("n1", 2, 1), session_spawn, .title = (char *) "T");
    FAILS (&story, aborted, stale_epoch, RUN ("n1", 1, 2), session_spawn, .title = (char *) "T");
    story_end (&story);
}

static void test_how_many_and_how_deep (void **context)
{
    (void) context;
    story_t story;
    char id[16];
    given_created (&story);
    for (int i = 0; i < LIMIT_CHILDREN; i++) {
        snprintf (id, sizeof id, "c%d", i);
        spawn (&story, id, "child_spawned");
    }
    spawn (&story, "more", "");
    assert_int_equal (story.error.reason, BATON_REASON_family_full);
    NOTE (&story, "child_changed", "c7", 5, terminated, completed, 1); /*  somebody below it goes on */
    spawn (&story, "more", "");
    NOTE (&story, "child_changed", "c7", 6, terminated, completed, 0);
    spawn (&story, "more", "child_spawned");
    assert_int_equal (story.state.children.count, LIMIT_CHILDREN);
    for (size_t i = 0; i < story.state.children.count; i++)
        assert_string_not_equal (story.state.children.items[i].session, "c7");
    story.state.level = LIMIT_FAMILY_DEPTH;
    FAILS (&story, failed_precondition, family_full, ADA, session_spawn, .title = (char *) "T");
    story_end (&story);
}

static void test_a_child_knows_where_it_stands (void **context)
{
    (void) context;
    static const struct {
        const char *root, *wanted;
        uint64_t level;
    } ROWS[] = {{NULL, "p", 0}, {"r", "r", 3}};
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        session_t parent = {.session = (char *) "p", .root = (char *) ROWS[i].root, .level = ROWS[i].level}, none = {0};
        session_create_request_t request = {.title = (char *) "T", .parent = (char *) "p"};
        command_t command = {.method = METHOD_session_create, .request = &request, .actor = "ada", .source = &parent};
        event_list_t events = {0};
        changed_t changed = {0};
        baton_error_t error = {0};
        assert_int_equal (session_decide (&none, &command, &events, &changed, &error), BATON_OK);
        const session_created_event_t *body = events.items[0].body;
        assert_string_equal (body->parent, "p");
        assert_string_equal (body->root, ROWS[i].wanted);
        assert_int_equal (body->level, ROWS[i].level + 1);
        event_list_clear (&events);
    }
}

#define OFFSHOOT(story, kinds, id, at, living)                                                                         \
    DOES (story, kinds, BROKER, offshoot_note, .offshoot = {.session = (char *) (id), .n = (at), .alive = (living)})

static void test_the_root_counts_what_runs_make (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    spawn (&story, "c1", "child_spawned");
    OFFSHOOT (&story, "offshoot_changed", "f1", 2, 1);
    OFFSHOOT (&story, "offshoot_changed", "f2", 2, 1);
    assert_int_equal (session_family (&story.state), 4);
    OFFSHOOT (&story, "offshoot_changed", "f1", 5, 3);
    OFFSHOOT (&story, "", "f1", 5, 3); /*  the same again, or an older one */
    OFFSHOOT (&story, "", "f1", 4, 0);
    assert_int_equal (session_family (&story.state), 6);
    OFFSHOOT (&story, "offshoot_changed", "f1", 9, 0);
    OFFSHOOT (&story, "", "f1", 9, 0);
    assert_int_equal (session_family (&story.state), 3);
    assert_int_equal (session_as_child (&story.state).alive, 2); /*  they are no part of the tree */
    DOES (&story, "session_terminated", ADA, session_cancel);
    OFFSHOOT (&story, "offshoot_changed", "f2", 7, 2);
    assert_int_equal (session_family (&story.state), 3);
    story_end (&story);
}

/*  What a session is made of, by whom, and where it counts then. */
static void test_where_a_session_counts (void **context)
{
    (void) context;
    static const struct {
        const char *root, *stem;
        role_e role;
        method_id_t method;
        bool child;
        const char *wanted;
    } ROWS[] = {
        {NULL, NULL, role_node, METHOD_session_fork, false, "p"},
        {"r", NULL, role_node, METHOD_session_fork, false, "r"},
        {"r", "x", role_node, METHOD_session_fork, false, "x"},
        {"r", "x", role_operator, METHOD_session_fork, false, NULL},
        {"r", "x", role_node, METHOD_session_create, false, "x"},
        {"r", "x", role_operator, METHOD_session_create, false, NULL},
        {"r", "x", role_operator, METHOD_session_create, true, "x"},
        {"r", NULL, role_node, METHOD_session_create, true, NULL},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        session_t source = {.session = (char *) "p",
                            .n = 1,
                            .title = (char *) "P",
                            .state = lifecycle_suspended,
                            .cause = cause_created,
                            .root = (char *) ROWS[i].root,
                            .stem = (char *) ROWS[i].stem};
        session_t made = {0};
        session_create_request_t create = {.title = (char *) "T", .parent = ROWS[i].child ? (char *) "p" : NULL};
        session_fork_request_t fork = {.session = (char *) "p", .title = (char *) "F"};
        bool forks = ROWS[i].method == METHOD_session_fork;
        command_t command = {.method = ROWS[i].method,
                             .request = forks ? (void *) &fork : (void *) &create,
                             .actor = "a",
                             .role = ROWS[i].role,
                             .source = &source};
        event_list_t events = {0};
        changed_t changed = {0};
        baton_error_t error = {0};
        assert_int_equal (session_decide (&made, &command, &events, &changed, &error), BATON_OK);
        assert_int_equal (session_evolve (&made, &events.items[0]), BATON_OK);
        assert_true (text_equal (made.stem, ROWS[i].wanted));
        event_list_clear (&events);
        record_clear (&RECORD_changed, &changed);
        record_clear (&RECORD_session, &made);
    }
}

static void test_the_end_of_the_parent_is_told_once (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "parent_ended", BROKER, parent_note, .cause = cause_cancelled);
    assert_int_equal (story.state.parent_ended, cause_cancelled);
    DOES (&story, "", BROKER, parent_note, .cause = cause_cancelled);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_parent_knows_its_children),
        cmocka_unit_test (test_a_stale_run_makes_no_child),
        cmocka_unit_test (test_how_many_and_how_deep),
        cmocka_unit_test (test_a_child_knows_where_it_stands),
        cmocka_unit_test (test_the_root_counts_what_runs_make),
        cmocka_unit_test (test_where_a_session_counts),
        cmocka_unit_test (test_the_end_of_the_parent_is_told_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
