/*  The tables themselves: what has to hold in each row. */
#include "schema.h"

#include "text.h"
#include "wire.h"

#include "types.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool one_of (const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (word, words[i]) == 0)
            return true;
    return false;
}

static void methods_are_found_by_their_unique_names (void **state)
{
    (void) state;
    for (int id = 1; id < METHOD_COUNT; id++) {
        assert_int_equal (method_find (METHODS[id].name), id);
        assert_true (name_valid (METHODS[id].name, strlen (METHODS[id].name)));
        assert_non_null (strchr (METHODS[id].name, '.'));
    }
    assert_int_equal (method_find ("session.explode"), METHOD_none);
    assert_int_equal (method_find (""), METHOD_none);
    for (int kind = 1; kind < EVENT_COUNT; kind++)
        assert_int_equal (event_kind_find (EVENTS[kind].name), kind);
    assert_int_equal (event_kind_find ("exploded"), EVENT_none);
}

static void every_row_has_help_that_fits_a_line (void **state)
{
    (void) state;
    for (int id = 1; id < METHOD_COUNT; id++) {
        const char *help = METHODS[id].help;
        if (strlen (help) == 0 || strlen (help) > 100 || help[strlen (help) - 1] == '.' || help[0] < 'A' ||
            help[0] > 'Z')
            fail_msg ("%s: help is one line that begins with a capital and has no full stop: %s", METHODS[id].name,
                      help);
    }
    for (int kind = 1; kind < EVENT_COUNT; kind++)
        assert_true (strlen (EVENTS[kind].help) > 0);
}

/*  The dispatcher takes the session from the request's field of that name. */
static void methods_of_a_session_say_which (void **state)
{
    (void) state;
    for (int id = 1; id < METHOD_COUNT; id++) {
        const method_row_t *row = &METHODS[id];
        const field_t *field = record_field (&row->type, "session");
        bool concerned = row->target == TARGET_session || row->target == TARGET_node;
        if (concerned && id != METHOD_session_create && id != METHOD_session_import &&
            (!field || !field->required || field->kind != FIELD_NAME))
            fail_msg ("%s needs a required session", row->name);
    }
}

/*  Names in requests that are not ids of sessions. Whatever else a request names might be one, and somebody who may
 *  not view it could learn of it, or touch it: so it is SESSION or SESSIONS in methods.def, or it stands here.
 *  (`of` is looked up in the session's own past alone.) */
/* clang-format off */
static const char *const NO_SESSIONS[] = {
    "after", "agent", "archive", "as", "at", "calendar", "call", "client", "create", "detail", "digest", "driver", "drivers", "exclude", "expiry_option", "exporter",
    "file", "from", "git", "id", "instance", "key", "kind", "label", "labels", "manifest", "match", "media_type",
    "message", "name", "node", "of", "on", "option", "options", "origin_session", "origin_site", "owner", "path", "people", "pressure", "ref",
    "secret", "signer", "site", "snapshot", "source", "subject", "supersedes", "title", "token", "tool", "transfer", "upload", "value", "version", "who", "why", "with",
    "workspace", "zone",
};
/* clang-format on */

/*  In session.migrate a node. */
static bool is_known (const char *method, const char *field)
{
    return one_of (field, NO_SESSIONS, COUNT (NO_SESSIONS)) ||
           (strcmp (field, "to") == 0 && strcmp (method, "session.migrate") == 0);
}

static void check_names (const char *method, const record_type_t *type)
{
    for (const field_t *field = type->fields (); field->name; field++) {
        bool may_be_one = field->kind == FIELD_NAME || field->kind == FIELD_LINE || field->kind == FIELD_TEXTS;
        if (field->type)
            check_names (method, field->type);
        if (may_be_one && field->access == access_none && !is_known (method, field->name) &&
            (strcmp (field->name, "session") != 0 || type != &METHODS[method_find (method)].type))
            fail_msg ("%s: is %s.%s the id of a session? Then make it SESSION (name, need, ACCESS, help) in the table, "
                      "with the access to it that the method needs; else add it to NO_SESSIONS in this test",
                      method, type->name, field->name);
    }
}

/*  Every way in goes through one check, which knows the sessions of a request by the table alone. */
static void each_session_in_a_request_says_what_it_needs (void **state)
{
    (void) state;
    for (int id = 1; id < METHOD_COUNT; id++) {
        const method_row_t *row = &METHODS[id];
        const field_t *session = record_field (&row->type, "session");
        if (row->access == ACCESS_internal || row->access == ACCESS_node)
            continue;
        check_names (row->name, &row->type);
        if (row->access >= ACCESS_view && (!session || !session->required || session->access != access_none))
            fail_msg ("%s needs access to a session, but no plain session is required", row->name);
        if (row->change && method_access (row) == access_view)
            fail_msg ("%s changes a session that one need only view", row->name);
    }
}

static void access_and_effect_fit (void **state)
{
    (void) state;
    for (int id = 1; id < METHOD_COUNT; id++) {
        const method_row_t *row = &METHODS[id];
        if (row->access == ACCESS_read && row->change)
            fail_msg ("%s: an observer could change something", row->name);
        if (row->inside && row->target == TARGET_site)
            fail_msg ("%s: a run could touch the site", row->name);
        if (row->inside &&
            (row->access == ACCESS_admin || row->access == ACCESS_internal || row->access == ACCESS_node))
            fail_msg ("%s: a run may do what an operator may not", row->name);
        if (row->access == ACCESS_open && id != METHOD_site_about && id != METHOD_identity_enroll &&
            id != METHOD_trigger_fire && id != METHOD_console_sign_in)
            fail_msg ("%s: unknown keys may only look who is there, enrol, and use what they have the secret of",
                      row->name);
        if (row->change && row->target == TARGET_session)
            assert_ptr_equal (row->reply, id == METHOD_session_migrate   ? &RECORD_migration_plan
                                          : id == METHOD_session_compact ? &RECORD_compacted
                                          : id == METHOD_session_handoff ? &RECORD_handoff
                                          : id == METHOD_session_import  ? &RECORD_imported
                                                                         : &RECORD_changed);
    }
}

/*  A path names fields of the request, no two methods share a verb and a path, and internal methods have none. */
static void paths_fit_the_requests (void **state)
{
    (void) state;
    static const char *const VERBS[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (int id = 1; id < METHOD_COUNT; id++) {
        const method_row_t *row = &METHODS[id];
        assert_true (one_of (row->verb, VERBS, COUNT (VERBS)));
        if (row->access == ACCESS_internal || row->access == ACCESS_node)
            assert_string_equal (row->path, "");
        if (strlen (row->path) == 0)
            continue;
        assert_int_equal (strncmp (row->path, "/v1/", 4), 0);
        assert_int_equal (row->change, strcmp (row->verb, "GET") != 0);
        for (const char *open = strchr (row->path, '{'); open; open = strchr (open + 1, '{')) {
            char field[64];
            snprintf (field, sizeof field, "%.*s", (int) strcspn (open + 1, "}"), open + 1);
            const field_t *found = record_field (&row->type, field);
            if (!found)
                fail_msg ("%s: %s is not a field", row->name, field);
        }
        for (int other = id + 1; other < METHOD_COUNT; other++)
            if (strcmp (row->path, METHODS[other].path) == 0)
                assert_string_not_equal (row->verb, METHODS[other].verb);
    }
}

static void fields_are_unique_and_bounded (void **state)
{
    (void) state;
    for (size_t i = 0; type_at (i); i++) {
        const record_type_t *type = type_at (i);
        size_t count = 0;
        for (const field_t *field = type->fields (); field->name; field++, count++) {
            assert_ptr_equal (record_field (type, field->name), field);
            bool number = field->kind == FIELD_UINT || field->kind == FIELD_FLAG || field->kind == FIELD_ENUM ||
                          field->kind == FIELD_INNER;
            if (!number && (field->limit == 0 || field->limit > LIMIT_FRAME))
                fail_msg ("%s.%s has no limit", type->name, field->name);
            assert_true (field->kind != FIELD_ENUM || (field->names && field->names->count > 1));
            assert_true ((field->kind != FIELD_LIST && field->kind != FIELD_INNER) || field->type);
        }
        assert_true (count <= 128);
    }
}

/*  The journal of the site and those of sessions are told apart by the kind's name. */
static void site_events_are_named_so (void **state)
{
    (void) state;
    static const char *const NODE_OF_SESSION[] = {"lease_moved", "migration_"};
    for (int kind = 1; kind < EVENT_COUNT; kind++) {
        const char *name = EVENTS[kind].name;
        bool site = strncmp (name, "site_", 5) == 0 || strncmp (name, "identity_", 9) == 0 ||
                    strncmp (name, "node_", 5) == 0 || strncmp (name, "team_", 5) == 0 ||
                    strncmp (name, "token_", 6) == 0;
        bool session = true;
        if (EVENTS[kind].class == event_class_node && !site)
            session = strcmp (name, NODE_OF_SESSION[0]) == 0 || strncmp (name, NODE_OF_SESSION[1], 10) == 0;
        assert_true (session);
        assert_int_not_equal (EVENTS[kind].class, event_class_none);
    }
}

static void signatures_have_their_size (void **state)
{
    (void) state;
    assert_int_equal (strlen (WIRE_REQUEST), WIRE_SIGNATURE_SIZE);
    assert_int_equal (strlen (WIRE_ANSWER), WIRE_SIGNATURE_SIZE);
    assert_int_equal (strlen (WIRE_DELIVERY), WIRE_SIGNATURE_SIZE);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (methods_are_found_by_their_unique_names),
        cmocka_unit_test (every_row_has_help_that_fits_a_line),
        cmocka_unit_test (methods_of_a_session_say_which),
        cmocka_unit_test (each_session_in_a_request_says_what_it_needs),
        cmocka_unit_test (access_and_effect_fit),
        cmocka_unit_test (paths_fit_the_requests),
        cmocka_unit_test (fields_are_unique_and_bounded),
        cmocka_unit_test (site_events_are_named_so),
        cmocka_unit_test (signatures_have_their_size),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
