/*  Applying an event never fails but for lack of memory: any event, with any valid body, on any state. */
#include "story.h"

#include "fill.h"

#define ROUNDS 200

static void apply_random (session_t *state, event_kind_t kind, uint64_t *seed)
{
    static const unsigned PERCENTS[] = {0, 50, 100};
    event_t event = {.kind = kind, .n = state->n + 1, .at = fill_random (seed) >> 20};
    event.body = calloc (1, EVENTS[kind].type.size + 1);
    assert_non_null (event.body);
    fill_record (&EVENTS[kind].type, event.body, PERCENTS[fill_random (seed) % COUNT (PERCENTS)], seed);
    /*  Small numbers meet something now and then. */
    const field_t *number = record_field (&EVENTS[kind].type, "number");
    if (number)
        *(uint64_t *) (void *) ((uint8_t *) event.body + number->offset) = 1 + fill_random (seed) % 3;
    assert_int_equal (text_set (&event.session, STORY_ID), BATON_OK);
    assert_int_equal (text_set (&event.actor, fill_random (seed) % 2 ? "ada" : NULL), BATON_OK);
    assert_int_equal (session_evolve (state, &event), BATON_OK);
    assert_int_equal (state->n, event.n);
    assert_int_equal (state->active_at, event.at);
    event_clear (&event);
}

/*  In what order ever they come; those of the site's own journal change nothing but the position. */
static void test_any_event_on_any_state (void **context)
{
    (void) context;
    uint64_t seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        session_t state = {0};
        for (int i = 0; i < 60; i++)
            apply_random (&state, 1 + (event_kind_t) (fill_random (&seed) % (EVENT_COUNT - 1)), &seed);
        (void) session_due (&state);
        record_clear (&RECORD_session, &state);
    }
}

static void test_each_event_on_nothing (void **context)
{
    (void) context;
    uint64_t seed = 2;
    for (event_kind_t kind = 1; kind < EVENT_COUNT; kind++) {
        session_t state = {0};
        apply_random (&state, kind, &seed);
        record_clear (&RECORD_session, &state);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_any_event_on_any_state),
        cmocka_unit_test (test_each_event_on_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
