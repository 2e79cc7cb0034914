/*  Sessions that wait for the end of others, also with triggers. */
#include "firing.h"

static void given_dependent (story_t *story)
{
    given_created (story);
    DOES (story, "dependency_added", ADA, dependency_add, .on = (char *) "s2");
    DOES (story, "dependency_added", ADA, dependency_add, .on = (char *) "s3");
    DOES (story, "session_slept start_enqueued", ADA, session_activate, .input = NUMBER (7));
    CHECK_STATE (story, sleeping, waiting);
}

static void the_last_dependency_wakes (void **state)
{
    (void) state;
    story_t story;
    given_dependent (&story);
    ENDED (&story, "dependency_ended", completed);
    ENDED (&story, "", completed);
    DOES (&story, "dependency_ended session_activated start_dequeued run_queued", BROKER, session_ended,
          .ended = (char *) "s3", .cause = cause_completed);
    CHECK_STATE (&story, running, dependency);
    assert_int_equal (*story.state.run.input.data, 7);
    story_end (&story);
}

static void a_start_that_has_no_room_to_wait_is_refused (void **state)
{
    (void) state;
    story_t story;
    given_dependent (&story);
    for (size_t i = 1; i < LIMIT_QUEUE; i++)
        DOES (&story, "start_enqueued", ADA, session_activate, .input = NUMBER (8));
    FAILS (&story, resource_exhausted, busy, ADA, session_activate, .input = NUMBER (9));
    add_signal (&story, overlap_none);
    FIRE (&story, "trigger_fired", dropped);
    CHECK_STATE (&story, sleeping, waiting);
    assert_int_equal (story.state.queue.count, LIMIT_QUEUE);
    story_end (&story);
}

static void a_failed_dependency_suspends (void **state)
{
    (void) state;
    story_t story;
    given_dependent (&story);
    ENDED (&story, "dependency_ended start_dequeued session_suspended", cancelled);
    CHECK_STATE (&story, suspended, dependency_failed);
    FAILS (&story, failed_precondition, dependency_failed, ADA, session_activate);
    DOES (&story, "dependency_removed", ADA, dependency_remove, .on = (char *) "s2");
    DOES (&story, "session_slept start_enqueued", ADA, session_activate);
    DOES (&story, "dependency_removed session_activated start_dequeued run_queued", ADA, dependency_remove,
          .on = (char *) "s3");
    story_end (&story);
}

static void nothing_wakes_a_session_before_its_dependencies (void **state)
{
    (void) state;
    story_t story;
    given_dependent (&story);
    add_signal (&story, overlap_none);
    FIRE (&story, "trigger_fired start_enqueued", buffered);
    FIRE (&story, "trigger_fired", joined);
    DOES (&story, "session_slept", ADA, session_sleep, .until = 5);
    story.now += 10;
    DOES (&story, "session_slept start_enqueued", BROKER, session_tick, .wall = 5);
    CHECK_STATE (&story, sleeping, waiting);
    story_end (&story);
}

/*  What fires while it sleeps for another reason is what it waits for its dependencies with. */
static void given_asleep_and_dependent (story_t *story)
{
    given_created (story);
    DOES (story, "dependency_added", ADA, dependency_add, .on = (char *) "s2");
    DOES (story, "session_slept", ADA, session_sleep);
}

static void what_fires_while_it_sleeps_is_not_forgotten (void **state)
{
    (void) state;
    const overlap_e OVERLAPS[] = {overlap_skip, overlap_buffer_one, overlap_buffer_all};
    for (size_t i = 0; i < COUNT (OVERLAPS); i++) {
        story_t story;
        given_asleep_and_dependent (&story);
        add_signal (&story, OVERLAPS[i]);
        FIRE (&story, "trigger_fired session_slept start_enqueued", buffered);
        CHECK_STATE (&story, sleeping, waiting);
        ENDED (&story, "dependency_ended session_activated start_dequeued run_queued", completed);
        CHECK_STATE (&story, running, dependency);
        story_end (&story);
    }
}

/*  It is a dependency's end that fires. */
static void the_last_dependency_ends_and_fires (void **state)
{
    (void) state;
    story_t story;
    given_asleep_and_dependent (&story);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .after = (char *) "s2");
    ENDED (&story, "dependency_ended trigger_fired session_activated run_queued", completed);
    CHECK_STATE (&story, running, trigger);
    story_end (&story);
}

static void a_failed_dependency_fires_for_nothing (void **state)
{
    (void) state;
    story_t story;
    given_asleep_and_dependent (&story);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .after = (char *) "s2");
    ENDED (&story, "dependency_ended session_suspended trigger_fired", cancelled);
    CHECK_STATE (&story, suspended, dependency_failed);
    assert_int_equal (story.changed.effect, effect_noted);
    assert_int_equal (story.state.queue.count, 0);
    story_end (&story);
}

static void who_watches_is_kept_once (void **state)
{
    (void) state;
    story_t story;
    given_created (&story);
    DOES (&story, "watcher_added", BROKER, session_watch, .watcher = (char *) "s2");
    DOES (&story, "", BROKER, session_watch, .watcher = (char *) "s2");
    DOES (&story, "watcher_removed", BROKER, session_unwatch, .watcher = (char *) "s2");
    DOES (&story, "", BROKER, session_unwatch, .watcher = (char *) "s2");
    assert_int_equal (story.state.watchers.count, 0);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_last_dependency_wakes),
        cmocka_unit_test (a_start_that_has_no_room_to_wait_is_refused),
        cmocka_unit_test (a_failed_dependency_suspends),
        cmocka_unit_test (nothing_wakes_a_session_before_its_dependencies),
        cmocka_unit_test (what_fires_while_it_sleeps_is_not_forgotten),
        cmocka_unit_test (the_last_dependency_ends_and_fires),
        cmocka_unit_test (a_failed_dependency_fires_for_nothing),
        cmocka_unit_test (who_watches_is_kept_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
