/*  What the tests of triggers and of dependencies share: a session that sleeps, and what wakes it. */
#ifndef BATON_TEST_DOMAIN_FIRING_H
#define BATON_TEST_DOMAIN_FIRING_H

#include "story.h"

#define TOKEN ((who_t){.actor = "dan", .role = role_observer, .digest = "right"})

static inline void given_asleep (story_t *story)
{
    given_created (story);
    DOES (story, "session_slept", ADA, session_sleep);
}

/*  A signal called "go". */
static inline void add_signal (story_t *story, overlap_e overlap)
{
    DOES (story, "trigger_added", ((who_t){.actor = "ada", .role = role_operator, .digest = "right"}), trigger_add,
          .name = (char *) "go", .signal = true, .overlap = overlap);
}

static inline void finish_run (story_t *story, uint64_t run, uint64_t code, const char *events)
{
    check_ok (story, GIVE (story, NODE ("n1", 1), run_finished, .run = run, .attempt = 1, .exit_code = code), events,
              __FILE__, __LINE__);
}

/*  Run 1 of what sleeps with a signal. */
static inline void given_fired (story_t *story, overlap_e overlap)
{
    given_asleep (story);
    add_signal (story, overlap);
    DOES (story, "trigger_fired session_activated run_queued", ADA, trigger_fire, .name = (char *) "go");
    DOES (story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
}

#define FIRE(story, events, wanted)                                                                                    \
    do {                                                                                                               \
        DOES (story, events, ADA, trigger_fire, .name = (char *) "go");                                                \
        assert_int_equal ((story)->changed.effect, effect_##wanted);                                                   \
        assert_int_equal (LAST (story, trigger_fired)->effect, effect_##wanted);                                       \
    } while (0)

#define ENDED(story, events, how)                                                                                      \
    DOES (story, events, BROKER, session_ended, .ended = (char *) "s2", .cause = cause_##how, .title = (char *) "S")

#endif
