/*  The sessions in memory: loaded, dropped, trimmed. */
#include "history.h"
#include "on_stage.h"

static int set_up_five (void **state)
{
    set_up (state);
    for (char id[] = "a"; id[0] <= 'e'; id[0]++)
        stage_create (&stage, id);
    stage_commit (&stage);
    return 0;
}

/*  The ids in memory, newest first. */
static void check_order (cache_t *cache, const char *due)
{
    char order[16] = "";
    for (entry_t *entry = cache_next (cache, NULL); entry; entry = cache_next (cache, entry))
        strcat (order, entry->id);
    assert_string_equal (order, due);
}

static entry_t *get (cache_t *cache, const char *id)
{
    entry_t *entry = NULL;
    assert_int_equal (cache_get (cache, id, &entry, NULL), BATON_OK);
    assert_string_equal (entry->id, id);
    assert_string_equal (entry->state.session, id);
    return entry;
}

static void the_least_recently_used_goes_first (void **state)
{
    (void) state;
    cache_t *cache = NULL;
    assert_int_equal (cache_new (stage.store, 2, &cache, NULL), BATON_OK);
    for (const char *id = "abcab"; *id; id++)
        get (cache, (char[]){*id, '\0'});
    check_order (cache, "bac");
    cache_trim (cache);
    check_order (cache, "ba");
    get (cache, "e");
    get (cache, "a")->touched = true;
    get (cache, "c");
    get (cache, "d");
    cache_trim (cache);
    check_order (cache, "da"); /*  what is touched stays */
    assert_int_equal (get (cache, "e")->order, 5);
    cache_destroy (&cache);
    assert_null (cache);
    cache_destroy (&cache);
}

static void dropping_is_forgetting (void **state)
{
    (void) state;
    cache_t *cache = journal_cache (stage.journal);
    entry_t *entry = get (cache, "b");
    entry->state.priority = 9;
    assert_int_equal (get (cache, "b")->state.priority, 9);
    cache_drop (cache, entry);
    assert_int_equal (get (cache, "b")->state.priority, 0);
    check_order (cache, "bedca");
}

static void what_is_not_there_is_not_kept (void **state)
{
    (void) state;
    cache_t *cache = journal_cache (stage.journal);
    entry_t *entry = NULL;
    baton_error_t error = {0};
    assert_int_equal (cache_get (cache, "z", &entry, &error), BATON_not_found);
    assert_int_equal (error.reason, BATON_REASON_no_such_session);
    assert_null (entry);
    check_order (cache, "edcba");
    assert_int_equal (cache_add (cache, "z", &entry, &error), BATON_OK);
    assert_int_equal (entry->state.n, 0);
    check_order (cache, "zedcba");
}

static void a_gap_in_a_journal_is_noticed (void **state)
{
    (void) state;
    event_t event = {.kind = EVENT_none};
    event_list_t events = {0};
    memory_deleted_event_t *body = event_list_add (&events, EVENT_memory_deleted);
    assert_int_equal (text_set (&body->key, "k"), BATON_OK);
    event = events.items[0];
    event.seq = 6;
    event.n = 3; /*  2 would be next */
    event.at = STAGE_NOW;
    event.session = (char *) "a";
    store_event_t stored = {"a", 6, 2, event_class_context, {0}};
    assert_int_equal (event_encode (&event, &stored.data), BATON_OK);
    assert_int_equal (store_commit (stage.store, &(store_batch_t){.events = &stored, .event_count = 1}, NULL),
                      BATON_OK);
    stage_reopen (&stage);
    entry_t *entry = NULL;
    baton_error_t error = {0};
    assert_int_equal (cache_get (journal_cache (stage.journal), "a", &entry, &error), BATON_internal);
    assert_int_equal (error.reason, BATON_REASON_corrupt);
    bytes_clear (&stored.data);
    event_list_clear (&events);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (the_least_recently_used_goes_first, set_up_five, tear_down),
        cmocka_unit_test_setup_teardown (dropping_is_forgetting, set_up_five, tear_down),
        cmocka_unit_test_setup_teardown (what_is_not_there_is_not_kept, set_up_five, tear_down),
        cmocka_unit_test_setup_teardown (a_gap_in_a_journal_is_noticed, set_up_five, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
