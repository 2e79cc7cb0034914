/*  Past states, told from the journal alone. */
#include "on_stage.h"

#include "history.h"

static void any_past_state_can_be_had (void **state)
{
    (void) state;
    for (uint8_t i = 1; i <= 100; i++) {
        assert_int_equal (stage_note (&stage, "a", "color", i), BATON_OK);
        if (i % 50 == 0)
            stage_commit (&stage);
    }
    session_t past = {0};
    baton_error_t error = {0};
    assert_int_equal (journal_save (stage.journal, &error), BATON_OK); /*  snapshots make no difference */
    static const uint64_t AT[] = {1, 2, 51, 100, 101};
    for (size_t i = 0; i < COUNT (AT); i++) {
        assert_int_equal (history_replay (stage.store, "a", AT[i], &past, &error), BATON_OK);
        assert_int_equal (past.n, AT[i]);
        assert_int_equal (past.memory.count, AT[i] > 1);
        if (AT[i] > 1)
            assert_int_equal (past.memory.items[0].value.data[0], AT[i] - 1);
    }
    assert_int_equal (history_replay (stage.store, "a", 102, &past, &error), BATON_not_found);
    assert_int_equal (error.reason, BATON_REASON_no_such_position);
    assert_int_equal (past.n, 101); /*  untouched */
    record_clear (&RECORD_session, &past);
}

/*  Counts events, up to three. */
static baton_status count_three (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) error;
    uint64_t *seen = argument;
    assert_int_equal (event->n, *seen + 2);
    *ret_more = ++*seen < 3;
    return BATON_OK;
}

static baton_status refuse (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) event, (void) argument, (void) ret_more;
    return baton_fail (error, BATON_internal, BATON_REASON_bug, "not that one");
}

static void a_walk_ends_when_it_has_had_enough (void **state)
{
    (void) state;
    uint64_t seen = 0;
    baton_error_t error = {0};
    for (uint8_t i = 1; i <= 10; i++)
        assert_int_equal (stage_note (&stage, "a", "color", i), BATON_OK);
    stage_commit (&stage);
    assert_int_equal (history_walk (stage.store, "a", 1, count_three, &seen, &error), BATON_OK);
    assert_int_equal (seen, 3);
    assert_int_equal (history_walk (stage.store, "a", 11, refuse, NULL, &error), BATON_OK);
    assert_int_equal (history_walk (stage.store, "a", 10, refuse, NULL, &error), BATON_internal);
}

/* ---- the walk through a line ---- */

static void append (const char *session, const char *text)
{
    stage_do (&stage, session, METHOD_item_append,
              &(item_append_request_t){.session = (char *) session, .role = item_role_user, .text = (char *) text});
}

static void fork_of (const char *source, const char *id)
{
    entry_t *entry = NULL;
    baton_error_t error = {0};
    assert_int_equal (cache_get (journal_cache (stage.journal), source, &entry, &error), BATON_OK);
    session_fork_request_t fork = {.session = (char *) source, .title = (char *) id};
    session_branch_request_t branch = {.session = (char *) source, .fork = (char *) id, .at = entry->state.n};
    command_t forking = {.method = METHOD_session_fork, .request = &fork, .now = STAGE_NOW, .source = &entry->state};
    command_t branching = {.method = METHOD_session_branch, .request = &branch, .now = STAGE_NOW};
    if (journal_decide_two (stage.journal, (const share_t[2]){{id, &forking}, {source, &branching}}, &stage.changed,
                            &error) != BATON_OK)
        fail_msg ("%s", error.message);
    assert_string_equal (stage.changed.session, id);
    assert_int_equal (stage.changed.n, 1);
}

typedef struct {
    char texts[64];
    uint64_t places[16];
    size_t count, most;
} walked_t;

static baton_status note_item (const found_item_t *item, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) error;
    walked_t *self = argument;
    const item_appended_event_t *body = item->event->body;
    strcat (self->texts, body->parts.items[0].text);
    assert_true (self->count == 0 || self->places[self->count - 1] < item->place);
    self->places[self->count++] = item->place;
    *ret_more = self->count < self->most;
    return BATON_OK;
}

static walked_t walk (const char *session, uint64_t place, size_t most)
{
    session_t state = {0};
    baton_error_t error = {0};
    walked_t walked = {.most = most};
    assert_int_equal (history_load (stage.store, session, &state, NULL, &error), BATON_OK);
    assert_int_equal (history_items (stage.store, &state, place, note_item, &walked, &error), BATON_OK);
    record_clear (&RECORD_session, &state);
    return walked;
}

/*  What came into the source after the fork is not the fork's. */
static void a_walk_goes_through_the_ancestors (void **state)
{
    (void) state;
    append ("a", "1");
    append ("a", "2");
    fork_of ("a", "b");
    append ("a", "x");
    append ("b", "3");
    fork_of ("b", "c");
    append ("b", "y");
    append ("c", "4");
    stage_commit (&stage);
    walked_t all = walk ("c", 0, 16);
    assert_string_equal (all.texts, "1234");
    assert_string_equal (walk ("b", 0, 16).texts, "123y");
    assert_string_equal (walk ("a", 0, 16).texts, "12x");
    for (size_t i = 0; i < 4; i++) /*  from any place, the rest */
        assert_string_equal (walk ("c", all.places[i], 16).texts, &"1234"[i + 1]);
    assert_string_equal (walk ("c", 0, 2).texts, "12");
    assert_int_equal (walk ("b", 0, 16).places[2], all.places[2]); /*  a place stays in a fork */
}

static void the_state_is_there_for_readers (void **state)
{
    (void) state;
    session_t loaded = {0};
    baton_error_t error = {0};
    uint64_t n = 7;
    append ("a", "1");
    stage_commit (&stage);
    assert_int_equal (history_load (stage.store, "a", &loaded, &n, &error), BATON_OK);
    assert_int_equal (loaded.items, 1);
    assert_int_equal (n, 0); /*  no snapshot yet */
    assert_int_equal (history_load (stage.store, "nobody", &loaded, &n, &error), BATON_not_found);
    assert_int_equal (loaded.items, 1);
    record_clear (&RECORD_session, &loaded);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (any_past_state_can_be_had, set_up_one, tear_down),
        cmocka_unit_test_setup_teardown (a_walk_ends_when_it_has_had_enough, set_up_one, tear_down),
        cmocka_unit_test_setup_teardown (a_walk_goes_through_the_ancestors, set_up_one, tear_down),
        cmocka_unit_test_setup_teardown (the_state_is_there_for_readers, set_up_one, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
