/*  The journal: what is decided shows at once, is on disk after a commit, and is gone after a failed one. */
#include "on_stage.h"

#include "faults.h"
#include "id.h"

#include <stdlib.h>

static void decides_commits_and_shows_what_is_pending (void **state)
{
    (void) state;
    stage_create (&stage, "one");
    stage_create (&stage, "two");
    assert_int_equal (stage_note (&stage, "one", "color", 7), BATON_OK);
    assert_int_equal (stage.changed.n, 2);
    assert_true (journal_dirty (stage.journal));
    assert_int_equal (store_head (stage.store), 0);
    assert_int_equal (journal_commit (stage.journal, &stage.error), BATON_OK);

    static const struct {
        event_kind_t kind;
        uint64_t n;
        const char *session;
    } DUE[] = {{EVENT_session_created, 1, "one"}, {EVENT_session_created, 1, "two"}, {EVENT_memory_set, 2, "one"}};
    size_t count = 0;
    const pending_t *pending = journal_pending (stage.journal, &count);
    assert_int_equal (count, COUNT (DUE));
    for (size_t i = 0; i < count; i++) {
        event_t event = {0};
        assert_int_equal (pending[i].kind, DUE[i].kind);
        assert_int_equal (pending[i].seq, i + 1);
        assert_int_equal (pending[i].n, DUE[i].n);
        assert_string_equal (pending[i].session, DUE[i].session);
        assert_int_equal (event_decode (pending[i].data.data, pending[i].data.size, &event, NULL), BATON_OK);
        assert_int_equal (event.seq, i + 1);
        assert_string_equal (event.actor, "ada");
        assert_int_equal (event.at, STAGE_NOW);
        event_clear (&event);
    }
    journal_touched (stage.journal, &count);
    assert_int_equal (count, 2);
    journal_clear (stage.journal);
    assert_false (journal_dirty (stage.journal));
    assert_int_equal (store_head (stage.store), 3);
}

static void reopened_it_is_where_it_was (void **state)
{
    (void) state;
    baton_bytes_t before = {0}, after = {0};
    stage_create (&stage, "one");
    for (uint8_t i = 0; i < 100; i++) {
        assert_int_equal (stage_note (&stage, "one", "color", i), BATON_OK);
        if (i % 7 == 0)
            stage_commit (&stage);
    }
    stage_commit (&stage);
    assert_int_equal (record_encode (&RECORD_session, state_of ("one"), &before), BATON_OK);
    for (int save = 0; save < 2; save++) { /*  from the events alone, and from a snapshot */
        if (save)
            assert_int_equal (journal_save (stage.journal, &stage.error), BATON_OK);
        stage_reopen (&stage);
        bytes_clear (&after);
        assert_int_equal (record_encode (&RECORD_session, state_of ("one"), &after), BATON_OK);
        assert_int_equal (before.size, after.size);
        assert_memory_equal (before.data, after.data, after.size);
        assert_int_equal (journal_head (stage.journal), 101);
    }
    bytes_clear (&before);
    bytes_clear (&after);
}

static void a_failed_commit_undoes_everything (void **state)
{
    (void) state;
    baton_bytes_t reply = {3, (uint8_t *) "abc"};
    stage_create (&stage, "old");
    stage_commit (&stage);
    stage_break_disk (&stage);
    stage_create (&stage, "new");
    assert_int_equal (stage_note (&stage, "old", "color", 7), BATON_OK);
    assert_int_equal (journal_note_answer (stage.journal, "ada", "k", "digest", STAGE_NOW, &reply), BATON_OK);
    assert_int_equal (journal_commit (stage.journal, &stage.error), BATON_resource_exhausted);
    assert_int_equal (stage.error.reason, BATON_REASON_disk_full);

    size_t count = 1;
    journal_pending (stage.journal, &count);
    assert_int_equal (count, 0);
    journal_touched (stage.journal, &count);
    assert_int_equal (count, 0);
    assert_false (journal_dirty (stage.journal));
    assert_null (state_of ("new"));
    assert_int_equal (state_of ("old")->n, 1);
    baton_bytes_t found = {0};
    assert_int_equal (journal_answer (stage.journal, "ada", "k", "digest", &found, NULL), BATON_not_found);

    stage_mend_disk (&stage);
    assert_int_equal (stage_note (&stage, "old", "color", 8), BATON_OK);
    stage_commit (&stage);
    assert_int_equal (store_head (stage.store), 2);
    assert_int_equal (state_of ("old")->n, 2);
}

static void a_failed_commit_undoes_the_site_too (void **state)
{
    (void) state;
    assert_int_equal (journal_found_site (stage.journal, "admin", "key", STAGE_NOW, &stage.error), BATON_OK);
    identity_invite_request_t request = {.name = "eve", .role = role_operator};
    command_t command = {.method = METHOD_identity_invite,
                         .request = &request,
                         .now = STAGE_NOW,
                         .actor = "admin",
                         .role = role_admin,
                         .digest = "0123"};
    stage_break_disk (&stage);
    assert_int_equal (journal_decide_site (stage.journal, &command, &stage.error), BATON_OK);
    assert_int_equal (journal_site (stage.journal)->invitations.count, 1);
    assert_int_equal (journal_commit (stage.journal, &stage.error), BATON_resource_exhausted);
    assert_int_equal (journal_site (stage.journal)->invitations.count, 0);
    assert_int_equal (journal_site (stage.journal)->identities.count, 1);
    stage_mend_disk (&stage);
    assert_int_equal (journal_decide_site (stage.journal, &command, &stage.error), BATON_OK);
    stage_commit (&stage);
    stage_reopen (&stage);
    assert_int_equal (journal_site (stage.journal)->invitations.count, 1);
    assert_int_equal (journal_site (stage.journal)->n, 2);
}

static baton_status refuse_load (store_t *store, const char *session, baton_bytes_t *snapshot, uint64_t *n,
                                 store_reads_t *tail, baton_error_t *error)
{
    (void) store, (void) session, (void) snapshot, (void) n, (void) tail;
    return baton_fail (error, BATON_unavailable, BATON_REASON_storage_failed, "the disk is gone");
}

/*  When it cannot even be read how things were, everybody is still known, and nothing is changed until it can. */
static void a_site_that_cannot_be_read_again_is_not_forgotten (void **state)
{
    (void) state;
    assert_int_equal (journal_found_site (stage.journal, "admin", "key", STAGE_NOW, &stage.error), BATON_OK);
    stage_break_disk (&stage);
    stage_broken.load = refuse_load;
    identity_invite_request_t request = {.name = "eve", .role = role_operator};
    command_t command = {.method = METHOD_identity_invite, .request = &request, .now = STAGE_NOW, .digest = "d"};
    for (int again = 0; again < 2; again++) {
        assert_int_equal (journal_decide_site (stage.journal, &command, &stage.error), BATON_OK);
        assert_int_not_equal (journal_commit (stage.journal, &stage.error), BATON_OK);
        assert_non_null (site_identity_of_key (journal_site (stage.journal), "key"));
        assert_true (journal_dirty (stage.journal)); /*  so it is tried again in the next turn */
    }
    stage_mend_disk (&stage);
    assert_int_not_equal (journal_commit (stage.journal, &stage.error), BATON_OK);
    assert_false (journal_dirty (stage.journal));
    assert_int_equal (journal_site (stage.journal)->n, 1);
    assert_int_equal (journal_decide_site (stage.journal, &command, &stage.error), BATON_OK);
    stage_commit (&stage);
    stage_reopen (&stage);
    assert_int_equal (journal_site (stage.journal)->n, 2);
}

/*  One change of a batch ran out of memory half-way: none of the batch is kept, and the one before it is not
 *  mistaken for done because a later one went well. */
static void a_spoilt_batch_is_not_committed (void **state)
{
    (void) state;
    stage_create (&stage, "old");
    stage_commit (&stage);
    for (uint64_t k = 1;; k++) {
        assert_int_equal (stage_note (&stage, "old", "first", 1), BATON_OK);
        faults_set (k);
        baton_status status = stage_note (&stage, "old", "color", 7);
        bool hit = faults_hit ();
        faults_set (0);
        bool failed = status != BATON_OK;
        if (failed) {
            assert_int_equal (stage.error.reason, BATON_REASON_out_of_memory);
            journal_spoil (stage.journal); /*  as dispatch does */
        }
        assert_int_equal (stage_note (&stage, "old", "last", 2), BATON_OK);
        status = journal_commit (stage.journal, &stage.error);
        journal_clear (stage.journal);
        if (!hit) {
            assert_int_equal (status, BATON_OK);
            break;
        }
        assert_int_equal (status == BATON_OK, !failed);
        if (failed)
            assert_int_equal (state_of ("old")->n, store_head (stage.store));
        stage_reopen (&stage);
        assert_int_equal (state_of ("old")->n, store_head (stage.store));
    }
}

static void a_refused_command_leaves_nothing (void **state)
{
    (void) state;
    assert_int_equal (stage_note (&stage, "none", "color", 1), BATON_not_found);
    assert_int_equal (stage.error.reason, BATON_REASON_no_such_session);
    assert_int_equal (stage_give (&stage, "bad", METHOD_session_create,
                                  &(session_create_request_t){.title = "t", .workspace = "not/absolute"}),
                      BATON_invalid_argument);
    assert_false (journal_dirty (stage.journal));
    assert_null (state_of ("bad"));
}

/* ---- answers ---- */

static void check_answer (const char *actor, const char *key, const char *payload, baton_status due, const char *text)
{
    baton_bytes_t found = {0};
    baton_error_t error = {0};
    assert_int_equal (journal_answer (stage.journal, actor, key, payload, &found, &error), due);
    if (due == BATON_aborted)
        assert_int_equal (error.reason, BATON_REASON_key_reused);
    if (due == BATON_OK) {
        assert_int_equal (found.size, strlen (text));
        assert_memory_equal (found.data, text, found.size);
    }
    bytes_clear (&found);
}

static void the_first_answer_stands (void **state)
{
    (void) state;
    static const struct {
        const char *actor, *key, *payload;
        baton_status due;
        const char *text;
    } CASES[] = {{"ada", "k", "p", BATON_OK, "first"},
                 {"ada", "k", "other", BATON_aborted, NULL},
                 {"bob", "k", "p", BATON_OK, "bob's"},
                 {"ada", "l", "p", BATON_not_found, NULL},
                 {"cyd", "k", "p", BATON_not_found, NULL}};
    baton_bytes_t first = {5, (uint8_t *) "first"}, bobs = {5, (uint8_t *) "bob's"};
    assert_int_equal (journal_note_answer (stage.journal, "ada", "k", "p", STAGE_NOW, &first), BATON_OK);
    assert_int_equal (journal_note_answer (stage.journal, "bob", "k", "p", STAGE_NOW, &bobs), BATON_OK);
    for (int round = 0; round < 3; round++) { /*  in the batch, committed, reopened */
        for (size_t i = 0; i < COUNT (CASES); i++)
            check_answer (CASES[i].actor, CASES[i].key, CASES[i].payload, CASES[i].due, CASES[i].text);
        if (round == 0)
            stage_commit (&stage);
        else
            stage_reopen (&stage);
    }
}

/* ---- messages ---- */

static baton_status send_message (const char *from, const char *to, char *id)
{
    message_send_request_t request = {.to = (char *) to, .id = id, .subject = "hello"};
    command_t command = {.method = METHOD_message_send,
                         .request = &request,
                         .now = STAGE_NOW,
                         .actor = "ada",
                         .role = role_operator,
                         .fresh = "fresh"};
    stage.error = (baton_error_t){0};
    return journal_send (stage.journal, from, &command, &stage.changed, &stage.error);
}

static void check_kinds (const char *session, const event_kind_t *due, size_t count)
{
    store_reads_t rows = {0};
    assert_int_equal (store_history (stage.store, session, 0, LIMIT_PAGE, &rows, NULL), BATON_OK);
    assert_int_equal (rows.count, count);
    for (size_t i = 0; i < count; i++) {
        event_t event = {0};
        assert_int_equal (event_decode (rows.items[i].data.data, rows.items[i].data.size, &event, NULL), BATON_OK);
        assert_int_equal (event.kind, due[i]);
        assert_int_equal (event.n, i + 1);
        event_clear (&event);
    }
    store_reads_clear (&rows);
}

static void a_message_stands_in_both_journals_with_its_receipts (void **state)
{
    (void) state;
    static const event_kind_t SENDER[] = {EVENT_session_created, EVENT_message_sent, EVENT_message_receipt,
                                          EVENT_message_receipt};
    static const event_kind_t RECEIVER[] = {EVENT_session_created, EVENT_message_delivered, EVENT_message_read};
    stage_create (&stage, "from");
    stage_create (&stage, "to");
    for (int again = 0; again < 2; again++) /*  the same id is delivered once */
        assert_int_equal (send_message ("from", "to", "m1"), BATON_OK);
    assert_string_equal (stage.changed.message, "m1");
    stage_do (&stage, "to", METHOD_message_read, &(message_read_request_t){.session = "to", .id = "m1"});
    stage_commit (&stage);
    check_kinds ("from", SENDER, COUNT (SENDER));
    check_kinds ("to", RECEIVER, COUNT (RECEIVER));
}

static void a_message_that_one_side_refuses_is_in_neither (void **state)
{
    (void) state;
    static const event_kind_t CREATED[] = {EVENT_session_created};
    static const event_kind_t ENDED[] = {EVENT_session_created, EVENT_session_terminated};
    static const struct {
        const char *from, *to;
        baton_status due;
    } CASES[] = {
        {"from", "none", BATON_not_found},
        {"none", "to", BATON_not_found},
        {"from", "ended", BATON_failed_precondition},
        {"ended", "to", BATON_failed_precondition},
    };
    stage_create (&stage, "from");
    stage_create (&stage, "to");
    stage_create (&stage, "ended");
    stage_do (&stage, "ended", METHOD_session_cancel, &(session_cancel_request_t){.session = "ended"});
    for (size_t i = 0; i < COUNT (CASES); i++)
        assert_int_equal (send_message (CASES[i].from, CASES[i].to, NULL), CASES[i].due);
    stage_commit (&stage);
    check_kinds ("from", CREATED, 1);
    check_kinds ("to", CREATED, 1);
    check_kinds ("ended", ENDED, 2);
}

static void a_message_to_oneself_is_numbered_without_a_gap (void **state)
{
    (void) state;
    static const event_kind_t DUE[] = {EVENT_session_created, EVENT_message_sent, EVENT_message_delivered,
                                       EVENT_message_receipt};
    stage_create (&stage, "one");
    assert_int_equal (send_message ("one", "one", "m1"), BATON_OK);
    stage_commit (&stage);
    check_kinds ("one", DUE, COUNT (DUE));
}

static void a_receipt_for_an_ended_session_is_dropped (void **state)
{
    (void) state;
    stage_create (&stage, "from");
    stage_create (&stage, "to");
    assert_int_equal (send_message ("from", "to", "m1"), BATON_OK);
    stage_do (&stage, "from", METHOD_session_cancel, &(session_cancel_request_t){.session = "from"});
    stage_do (&stage, "to", METHOD_message_read, &(message_read_request_t){.session = "to", .id = "m1"});
    stage_commit (&stage);
    assert_int_equal (state_of ("from")->state, lifecycle_terminated);
    assert_int_equal (state_of ("to")->mailbox.count, 0);
}

/*  What a change means for a session that can't be read now may not be lost: then the change isn't made either. */
static void a_receipt_for_a_session_that_cannot_be_read_undoes_the_change (void **state)
{
    (void) state;
    message_read_request_t read = {.session = "to", .id = "m1"};
    stage_create (&stage, "from");
    stage_create (&stage, "to");
    assert_int_equal (send_message ("from", "to", "m1"), BATON_OK);
    stage_commit (&stage);
    stage_reopen (&stage);
    assert_int_equal (state_of ("to")->mailbox.count, 1);
    cache_forget (journal_cache (stage.journal), "from");
    stage_break_disk (&stage);
    stage_broken.load = refuse_load;
    assert_int_equal (stage_give (&stage, "to", METHOD_message_read, &read), BATON_unavailable);
    assert_int_equal (stage.error.reason, BATON_REASON_storage_failed);
    stage_mend_disk (&stage);
    assert_int_not_equal (journal_commit (stage.journal, &stage.error), BATON_OK);
    assert_int_equal (state_of ("to")->mailbox.count, 1);
    stage_do (&stage, "to", METHOD_message_read, &read);
    stage_commit (&stage);
    assert_int_equal (state_of ("from")->n, 4); /*  created, sent, delivered, read */
}

/*  What an import refers to was there when it was read, and may be gone when it is written. */
static void an_import_whose_contents_are_gone_is_refused (void **state)
{
    (void) state;
    session_import_request_t request = {.origin_session = (char *) "s", .origin_n = 1};
    command_t command = {.method = METHOD_session_import, .request = &request, .now = STAGE_NOW, .actor = "ada"};
    import_t import = {0};
    imported_t imported = {0};
    baton_bytes_t content = {4, (uint8_t *) "here"};
    assert_int_equal (text_set (&import.session, "s"), BATON_OK);
    assert_int_equal (texts_add (&import.blobs, "there"), BATON_OK);
    assert_int_equal (texts_add (&import.blobs, "gone"), BATON_OK);
    assert_int_equal (journal_note_blob (stage.journal, "there", &content), BATON_OK);
    journal_note_staged (stage.journal, STAGE_NOW, "ada", "");
    stage_commit (&stage);
    assert_int_equal (journal_import (stage.journal, &import, &command, &imported, &stage.error),
                      BATON_failed_precondition);
    assert_int_equal (stage.error.reason, BATON_REASON_no_such_artifact);
    assert_non_null (strstr (stage.error.message, "gone"));
    assert_false (journal_dirty (stage.journal));
    assert_null (state_of ("s"));
    record_clear (&RECORD_import, &import);
}

/*  Should all limits together ever allow for one. */
static void a_state_that_is_too_large_for_a_snapshot_can_be_read_again (void **state)
{
    (void) state;
    entry_t *entry = NULL;
    stage_create (&stage, "a");
    assert_int_equal (cache_get (journal_cache (stage.journal), "a", &entry, &stage.error), BATON_OK);
    void *large = calloc (1, LIMIT_FRAME);
    assert_non_null (large);
    assert_int_equal (bytes_set (&entry->state.run.input, large, LIMIT_FRAME), BATON_OK);
    free (large);
    for (int i = 0; i < 200; i++)
        assert_int_equal (stage_note (&stage, "a", "color", (uint8_t) (i % 100)), BATON_OK);
    stage_commit (&stage);
    assert_int_equal (journal_save (stage.journal, &stage.error), BATON_OK);
    stage_reopen (&stage);
    assert_non_null (state_of ("a"));
    assert_int_equal (state_of ("a")->n, 201);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (decides_commits_and_shows_what_is_pending, set_up, tear_down),
        cmocka_unit_test_setup_teardown (reopened_it_is_where_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_state_that_is_too_large_for_a_snapshot_can_be_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_failed_commit_undoes_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_failed_commit_undoes_the_site_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_site_that_cannot_be_read_again_is_not_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_spoilt_batch_is_not_committed, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_refused_command_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown (the_first_answer_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_message_stands_in_both_journals_with_its_receipts, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_message_that_one_side_refuses_is_in_neither, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_message_to_oneself_is_numbered_without_a_gap, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_receipt_for_a_session_that_cannot_be_read_undoes_the_change, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (a_receipt_for_an_ended_session_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown (an_import_whose_contents_are_gone_is_refused, set_up, tear_down),
    };
    return id_init () == BATON_OK ? cmocka_run_group_tests (tests, NULL, NULL) : 1;
}
