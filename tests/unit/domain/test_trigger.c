/*  Triggers: what fires, and what a firing does. */
#include "firing.h"

#include <stdio.h>

/* ---- what a firing does ---- */

static void a_firing_wakes_and_tells_the_run_why (void **state)
{
    (void) state;
    story_t story;
    given_fired (&story, overlap_none);
    CHECK_STATE (&story, running, trigger);
    firing_t firing = {0};
    assert_int_equal (
        record_decode (&RECORD_firing, story.state.run.input.data, story.state.run.input.size, &firing, &story.error),
        BATON_OK);
    assert_string_equal (firing.trigger, "go");
    assert_string_equal (firing.why, "ada fired it");
    assert_int_equal (firing.kind, trigger_kind_signal);
    assert_int_equal (firing.number, 1);
    record_clear (&RECORD_firing, &firing);
    story_end (&story);
}

static void while_it_runs_the_overlap_decides (void **state)
{
    (void) state;
    story_t story;
    given_fired (&story, overlap_skip);
    FIRE (&story, "trigger_fired", skipped);
    finish_run (&story, 1, 0, "run_finished session_slept");
    story_end (&story);

    given_fired (&story, overlap_buffer_one);
    FIRE (&story, "trigger_fired start_enqueued", buffered);
    FIRE (&story, "trigger_fired", joined);
    finish_run (&story, 1, 0, "run_finished start_dequeued run_queued");
    assert_int_equal (story.state.queue.count, 0);
    FIRE (&story, "trigger_fired start_enqueued", buffered);
    story_end (&story);

    given_fired (&story, overlap_buffer_all);
    for (size_t i = 0; i < LIMIT_QUEUE; i++)
        FIRE (&story, "trigger_fired start_enqueued", buffered);
    FIRE (&story, "trigger_fired", dropped);
    story_end (&story);
}

static void a_suspended_session_only_notes_it (void **state)
{
    (void) state;
    story_t story;
    given_created (&story);
    add_signal (&story, overlap_none);
    FIRE (&story, "trigger_fired", noted);
    CHECK_STATE (&story, suspended, created);
    story_end (&story);
}

static void a_session_with_triggers_sleeps_between_its_runs (void **state)
{
    (void) state;
    story_t story;
    given_fired (&story, overlap_none);
    finish_run (&story, 1, 0, "run_finished session_slept");
    CHECK_STATE (&story, sleeping, run_completed);
    FIRE (&story, "trigger_fired session_activated run_queued", woke);
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_started", NODE ("n1", 1), run_started, .run = 2, .attempt = 1);
    finish_run (&story, 2, 1, "run_finished session_slept");
    CHECK_STATE (&story, sleeping, run_failed);
    story_end (&story);
}

static void an_interrupted_run_leaves_it_suspended (void **state)
{
    (void) state;
    story_t story;
    given_fired (&story, overlap_none);
    DOES (&story, "run_stopping", ADA, session_interrupt);
    finish_run (&story, 1, 0, "run_finished session_suspended");
    story_end (&story);
}

/*  It fired between the wish to sleep and the run's end: that must not be slept through. */
static void a_firing_while_it_falls_asleep_is_not_lost (void **state)
{
    (void) state;
    story_t story;
    given_fired (&story, overlap_none);
    DOES (&story, "run_stopping", ADA, session_sleep);
    FIRE (&story, "trigger_fired start_enqueued", buffered);
    finish_run (&story, 1, 0, "run_finished session_slept session_activated start_dequeued run_queued");
    CHECK_STATE (&story, running, trigger);
    story_end (&story);
}

/* ---- add and remove ---- */

static void a_trigger_waits_for_exactly_one_thing (void **state)
{
    (void) state;
    story_t story;
    given_created (&story);
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t");
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t", .in = 5, .signal = true);
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t", .in = 5,
           .zone = (char *) "UTC");
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t", .in = 5, .path = (char *) "a");
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t", .in = 5, .from = (char *) "a");
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t", .in = 5, .ending = ending_any);
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t", .file = (char *) "/etc/passwd");
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t", .file = (char *) "a/../../b");
    FAILS (&story, invalid_argument, bad_value, ADA, trigger_add, .name = (char *) "t", .git = (char *) "HEAD",
           .path = (char *) "..");
    story_end (&story);
}

static void names_are_taken_once_and_triggers_are_bounded (void **state)
{
    (void) state;
    story_t story;
    given_created (&story);
    for (int i = 0; i < LIMIT_TRIGGERS; i++) {
        char name[16];
        snprintf (name, sizeof name, "t%d", i);
        DOES (&story, "trigger_added", ADA, trigger_add, .name = name, .message = (char *) "*");
    }
    FAILS (&story, already_exists, name_taken, ADA, trigger_add, .name = (char *) "t7", .message = (char *) "*");
    FAILS (&story, resource_exhausted, too_large, ADA, trigger_add, .name = (char *) "more", .message = (char *) "*");
    DOES (&story, "trigger_removed", ADA, trigger_remove, .name = (char *) "t7");
    FAILS (&story, not_found, no_such_trigger, ADA, trigger_remove, .name = (char *) "t7");
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "more", .message = (char *) "*");
    story_end (&story);
}

static void who_has_the_token_need_not_be_anybody (void **state)
{
    (void) state;
    story_t story;
    given_asleep (&story);
    add_signal (&story, overlap_none);
    FAILS (&story, permission_denied, wrong_token, ((who_t){.digest = "wrong"}), trigger_fire, .name = (char *) "go");
    FAILS (&story, permission_denied, wrong_token, ((who_t){.digest = "right"}), trigger_fire, .name = (char *) "no");
    FAILS (&story, permission_denied, wrong_token, ((who_t){0}), trigger_fire, .name = (char *) "go");
    FAILS (&story, not_found, no_such_trigger, ADA, trigger_fire, .name = (char *) "no");
    who_t mistaken = ADA;
    mistaken.digest = "wrong";
    FAILS (&story, permission_denied, wrong_token, mistaken, trigger_fire, .name = (char *) "go");
    FAILS (&story, not_found, no_such_trigger, mistaken, trigger_fire, .name = (char *) "no");
    DOES (&story, "trigger_fired session_activated run_queued", ((who_t){.digest = "right"}), trigger_fire,
          .name = (char *) "go", .value = NUMBER (7));
    assert_string_equal (LAST (&story, trigger_fired)->firing.why, "somebody with its token fired it");
    DOES (&story, "trigger_fired start_enqueued", TOKEN, trigger_fire, .name = (char *) "go");
    story_end (&story);
}

/* ---- messages ---- */

static void a_message_that_matches_fires (void **state)
{
    (void) state;
    story_t story;
    given_asleep (&story);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "mail", .message = (char *) "review *",
          .from = (char *) "bob");
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "m1", .from = (char *) "bob",
          .subject = (char *) "lunch");
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "m2", .from = (char *) "eve",
          .subject = (char *) "review 7");
    DOES (&story, "message_delivered trigger_fired session_activated run_queued", BROKER, message_deliver,
          .id = (char *) "m3", .from = (char *) "bob", .subject = (char *) "review 7");
    assert_string_equal (LAST (&story, trigger_fired)->firing.message, "m3");
    DOES (&story, "", BROKER, message_deliver, .id = (char *) "m3", .from = (char *) "bob",
          .subject = (char *) "review 7"); /*  the same one again */
    story_end (&story);
}

static void one_message_starts_one_run (void **state)
{
    (void) state;
    story_t story;
    given_created (&story);
    DOES (&story, "session_slept", ADA, session_sleep, .on_message = true);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "mail", .message = (char *) "*");
    DOES (&story, "message_delivered trigger_fired session_activated run_queued", BROKER, message_deliver,
          .id = (char *) "m1", .from = (char *) "bob");
    story_end (&story);
}

/* ---- the end of another session ---- */

static void the_end_of_another_session_fires_once (void **state)
{
    (void) state;
    story_t story;
    given_asleep (&story);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .after = (char *) "s2");
    assert_true (session_waits_for (&story.state, "s2"));
    assert_false (session_waits_for (&story.state, "s3"));
    ENDED (&story, "trigger_fired session_activated run_queued", cancelled);
    assert_string_equal (LAST (&story, trigger_fired)->firing.session, "s2");
    assert_false (session_waits_for (&story.state, "s2"));
    ENDED (&story, "", cancelled);
    story_end (&story);
}

static void a_success_that_never_comes_is_waited_for_no_more (void **state)
{
    (void) state;
    story_t story;
    given_asleep (&story);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .after = (char *) "s2",
          .ending = ending_success);
    ENDED (&story, "trigger_removed", cancelled);
    story_end (&story);
}

/* ---- files ---- */

#define SEES(story, events, what, ...)                                                                                 \
    DOES (story, events, NODE ("n1", 1), trigger_changed, .name = (char *) "t", .seen = (char *) what, ##__VA_ARGS__)

static void given_watching (story_t *story, overlap_e overlap)
{
    given_asleep (story);
    DOES (story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .file = (char *) "src", .overlap = overlap);
    assert_true (session_watches (&story->state));
    DOES (story, "lease_moved", BROKER, session_host, .node = (char *) "n1");
    DOES (story, "", BROKER, session_host, .node = (char *) "n2");
}

static uint64_t since (const story_t *story)
{
    return story->state.triggers.items[0].since;
}

static void the_first_look_fires_nothing_and_each_change_once (void **state)
{
    (void) state;
    story_t story;
    given_watching (&story, overlap_none);
    SEES (&story, "trigger_seen", "d1", .since = since (&story));
    uint64_t before = since (&story);
    SEES (&story, "", "d1", .since = before);
    SEES (&story, "trigger_fired session_activated run_queued", "d2", .since = before);
    assert_string_equal (LAST (&story, trigger_fired)->firing.why, "src has changed");
    SEES (&story, "", "d2", .since = before); /*  told twice */
    SEES (&story, "", "d3", .since = before); /*  found before the node knew of the firing: it looks again */
    SEES (&story, "trigger_fired start_enqueued", "d3", .since = since (&story));
    story_end (&story);
}

static void a_node_that_lost_the_session_is_not_heard (void **state)
{
    (void) state;
    story_t story;
    given_watching (&story, overlap_none);
    FAILS (&story, aborted, stale_epoch, NODE ("n2", 1), trigger_changed, .name = (char *) "t", .since = 2,
           .seen = (char *) "d");
    story_end (&story);
}

/*  What the run itself writes must not wake the session again. */
static void with_skip_what_changes_during_a_run_never_fires (void **state)
{
    (void) state;
    story_t story;
    given_watching (&story, overlap_skip);
    SEES (&story, "trigger_seen", "d1", .since = since (&story));
    SEES (&story, "trigger_fired session_activated run_queued", "d2", .since = since (&story));
    assert_false (session_watches (&story.state));
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    finish_run (&story, 1, 0, "run_finished session_slept");
    SEES (&story, "trigger_seen", "d3", .since = since (&story));
    story_end (&story);
}

/* ---- times ---- */

#define DUE(story, events, ...) DOES (story, events, BROKER, trigger_due, .name = (char *) "t", ##__VA_ARGS__)
#define TIMES(...)                                                                                                     \
    {                                                                                                                  \
        sizeof ((moment_t[]){__VA_ARGS__}) / sizeof (moment_t), (moment_t[])                                           \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static void a_scheduled_time_fires_once_whatever_the_clock_does (void **state)
{
    (void) state;
    story_t story;
    given_asleep (&story);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .time = STORY_START + 60000);
    assert_int_equal (session_wakes (&story.state), STORY_START + 60000);
    story.state.triggers.items[0].once = false; /*  as a calendar's */
    DUE (&story, "trigger_fired session_activated run_queued", .scheduled = STORY_START + 60000,
         .times = TIMES ({STORY_START + 60000}), .passed = 1, .next = STORY_START + 120000);
    assert_int_equal (LAST (&story, trigger_fired)->firing.at, STORY_START + 60000);
    assert_int_equal (LAST (&story, trigger_fired)->firing.passed, 0); /*  it is told of several only */
    assert_string_equal (LAST (&story, trigger_fired)->firing.why, "its time has come");
    story.now = STORY_START; /*  the clock jumps back */
    DUE (&story, "", .scheduled = STORY_START + 60000, .times = TIMES ({STORY_START + 60000}), .passed = 1,
         .next = STORY_START + 120000);
    assert_int_equal (session_wakes (&story.state), STORY_START + 120000);
    assert_int_equal (session_due (&story.state), 0);
    story_end (&story);
}

static void what_was_missed_is_told_or_let_go (void **state)
{
    (void) state;
    story_t story;
    given_asleep (&story);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .time = 5, .overlap = overlap_buffer_all);
    story.state.triggers.items[0].once = false;
    DUE (&story, "trigger_seen", .scheduled = 5, .passed = 3, .next = 8);
    DUE (&story, "trigger_fired session_activated run_queued", .scheduled = 8, .times = TIMES ({9}), .passed = 2,
         .next = 10);
    assert_int_equal (LAST (&story, trigger_fired)->firing.passed, 2);
    DUE (&story, "trigger_fired start_enqueued trigger_fired start_enqueued", .scheduled = 10,
         .times = TIMES ({10}, {11}), .passed = 2, .next = 12);
    assert_int_equal (LAST (&story, trigger_fired)->firing.number, 3);
    assert_int_equal (story.state.triggers.items[0].number, 3);
    story_end (&story);
}

static void a_single_time_is_removed_when_it_has_fired (void **state)
{
    (void) state;
    story_t story;
    given_asleep (&story);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .in = 500);
    assert_int_equal (session_due (&story.state), STORY_START + 500);
    assert_int_equal (session_wakes (&story.state), 0);
    DUE (&story, "trigger_fired session_activated run_queued", .scheduled = STORY_START + 500,
         .times = TIMES ({STORY_START + 500}), .passed = 1);
    assert_int_equal (story.state.triggers.count, 0);
    DOES (&story, "trigger_added", ADA, trigger_add, .name = (char *) "t", .time = 5, .missed = missed_skip);
    DUE (&story, "trigger_removed", .scheduled = 5, .passed = 1);
    assert_int_equal (session_wakes (&story.state), 0);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_firing_wakes_and_tells_the_run_why),
        cmocka_unit_test (while_it_runs_the_overlap_decides),
        cmocka_unit_test (a_suspended_session_only_notes_it),
        cmocka_unit_test (a_session_with_triggers_sleeps_between_its_runs),
        cmocka_unit_test (an_interrupted_run_leaves_it_suspended),
        cmocka_unit_test (a_firing_while_it_falls_asleep_is_not_lost),
        cmocka_unit_test (a_trigger_waits_for_exactly_one_thing),
        cmocka_unit_test (names_are_taken_once_and_triggers_are_bounded),
        cmocka_unit_test (who_has_the_token_need_not_be_anybody),
        cmocka_unit_test (a_message_that_matches_fires),
        cmocka_unit_test (one_message_starts_one_run),
        cmocka_unit_test (the_end_of_another_session_fires_once),
        cmocka_unit_test (a_success_that_never_comes_is_waited_for_no_more),
        cmocka_unit_test (the_first_look_fires_nothing_and_each_change_once),
        cmocka_unit_test (a_node_that_lost_the_session_is_not_heard),
        cmocka_unit_test (with_skip_what_changes_during_a_run_never_fires),
        cmocka_unit_test (a_scheduled_time_fires_once_whatever_the_clock_does),
        cmocka_unit_test (what_was_missed_is_told_or_let_go),
        cmocka_unit_test (a_single_time_is_removed_when_it_has_fired),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
