/*  Who may do what: each access to a session by each method, from the method table. */
#include "authorise.h"
#include "dispatch.h"
#include "stage.h"

#include <stdlib.h>

#define PRIVATE "s-private"
#define OPEN "s-open"

/*  People with each access to the private session by a share of their own or of a team, by role and by ownership. Their
 *  keys are their names. */
static const struct {
    const char *name;
    role_e role;
    access_e access, open; /*  to the private session; to the one that the site sees */
    const char *share;     /*  with whom the private session is shared for it */
} WHO[] = {
    {"admin", role_admin, access_own, access_own, NULL},
    {"ada", role_operator, access_own, access_own, NULL}, /*  the owner */
    {"bob", role_operator, access_none, access_own, NULL},
    {"cyd", role_observer, access_none, access_view, NULL},
    {"guest", role_guest, access_none, access_none, NULL},
    {"gone", role_guest, access_none, access_none, "gone"}, /*  its right was taken back */
    {"view", role_guest, access_view, access_none, "view"},
    {"comment", role_guest, access_comment, access_none, "team:comment"},
    {"decide", role_observer, access_decide, access_view, "decide"},
    {"edit", role_guest, access_edit, access_none, "team:edit"},
    {"own", role_operator, access_own, access_own, "own"},
};

static struct {
    stage_t stage;
    broker_t broker;
    request_t request;
    char params[4096]; /*  larger than any request */
} world;

static void give_site (method_id_t method, const char *actor, const char *digest, const void *request)
{
    command_t command = {
        .method = method, .request = request, .now = STAGE_NOW, .actor = actor, .digest = digest, .role = role_admin};
    if (journal_decide_site (world.stage.journal, &command, &world.stage.error) != BATON_OK)
        fail_msg ("%s: %s", METHODS[method].name, world.stage.error.message);
}

static void enroll (const char *name, role_e role)
{
    give_site (METHOD_identity_invite, "admin", name,
               &(identity_invite_request_t){.name = (char *) name, .role = role});
    give_site (METHOD_identity_enroll, name, name, &(identity_enroll_request_t){.secret = (char *) "s"});
}

static void share_with (const char *who, access_e access)
{
    const char *name = access_team (who);
    command_t command = {.method = METHOD_session_share,
                         .request = &(session_share_request_t){(char *) PRIVATE, (char *) who, access},
                         .now = STAGE_NOW,
                         .actor = "ada",
                         .access = access_own};
    if (name) {
        give_site (METHOD_team_create, "admin", NULL, &(team_create_request_t){(char *) name});
        give_site (METHOD_team_add, "admin", NULL, &(team_add_request_t){(char *) name, (char *) name});
        command.team = site_team (journal_site (world.stage.journal), name)->number;
    }
    assert_int_equal (journal_decide (world.stage.journal, PRIVATE, &command, &world.stage.changed, &world.stage.error),
                      BATON_OK);
}

static int begin (void **state)
{
    (void) state;
    memset (&world, 0, sizeof world);
    stage_begin (&world.stage);
    assert_int_equal (journal_found_site (world.stage.journal, "admin", "admin", STAGE_NOW, &world.stage.error),
                      BATON_OK);
    world.broker = (broker_t){.store = world.stage.store, .journal = world.stage.journal};
    stage_do (&world.stage, PRIVATE, METHOD_session_create,
              &(session_create_request_t){.title = (char *) "Private", .visibility = visibility_shared});
    stage_create (&world.stage, OPEN);
    for (size_t i = 1; i < COUNT (WHO); i++)
        enroll (WHO[i].name, WHO[i].role);
    enroll ("far", role_node);
    for (size_t i = 0; i < COUNT (WHO); i++)
        if (WHO[i].share)
            share_with (WHO[i].share, WHO[i].access ? WHO[i].access : access_own);
    stage_do (&world.stage, PRIVATE, METHOD_session_unshare,
              &(session_unshare_request_t){(char *) PRIVATE, (char *) "gone"});
    stage_commit (&world.stage);
    return 0;
}

static int end (void **state)
{
    (void) state;
    stage_end (&world.stage);
    return 0;
}

/*  Names that session in each field that takes one. */
static void name_session (const record_type_t *type, void *record, const char *session)
{
    for (const field_t *field = type->fields (); field->name; field++) {
        bool names = field->access != access_none || strcmp (field->name, "session") == 0;
        if (names && field->kind == FIELD_NAME)
            *(const char **) (void *) ((char *) record + field->offset) = session;
    }
}

static baton_status ask (const char *who, method_id_t method, const char *session)
{
    assert_true (METHODS[method].type.size <= sizeof world.params);
    memset (world.params, 0, sizeof world.params);
    world.request = (request_t){.method = method, .params = world.params};
    world.stage.error = (baton_error_t){0};
    strcpy (world.request.key, who);
    if (session)
        name_session (&METHODS[method].type, world.params, session);
    return authorise (&world.broker, &world.request, &world.stage.error);
}

/*  The highest access that the method needs to any of the sessions that it names. */
static access_e needed_by (const method_row_t *row)
{
    access_e needed = method_access (row);
    for (const field_t *field = row->type.fields (); field->name; field++)
        if (field->kind == FIELD_NAME && field->access > needed)
            needed = field->access;
    return needed;
}

static bool may_by_role (const method_row_t *row, role_e role)
{
    const field_t *session = record_field (&row->type, "session");
    if (session && session->access == access_none && method_access (row) != access_none)
        return true;
    switch (row->access) {
    case ACCESS_open:
    case ACCESS_known:
        return true;
    case ACCESS_read:
        return role == role_observer || role == role_operator || role == role_admin;
    case ACCESS_operate:
        return role == role_operator || role == role_admin;
    case ACCESS_admin:
        return role == role_admin;
    default:
        return false;
    }
}

static baton_reason reason_due (const method_row_t *row, role_e role, access_e access)
{
    access_e needed = needed_by (row);
    if (!may_by_role (row, role))
        return BATON_REASON_not_allowed;
    if (needed == access_none || access >= needed)
        return BATON_REASON_none;
    return access == access_none ? BATON_REASON_no_such_session : BATON_REASON_no_access;
}

static void check (size_t who, method_id_t method, const char *session, access_e access)
{
    const method_row_t *row = &METHODS[method];
    baton_reason due = reason_due (row, WHO[who].role, access);
    baton_status status = ask (WHO[who].name, method, session);
    if (world.stage.error.reason != due || (status == BATON_OK) != (due == BATON_REASON_none))
        fail_msg ("%s, who may %s %s, asks for %s: expected %s, got %s: %s", WHO[who].name,
                  enum_name (&access_names, access), session, row->name, baton_reason_name (due),
                  baton_reason_name (world.stage.error.reason), world.stage.error.message);
    if (status == BATON_OK && record_field (&row->type, "session") && row->access != ACCESS_admin)
        assert_int_equal (world.request.access, access);
}

static void each_access_by_each_method (void **state)
{
    (void) state;
    size_t methods = 0;
    for (method_id_t method = 1; method < METHOD_COUNT; method++) {
        if (METHODS[method].access == ACCESS_internal || METHODS[method].access == ACCESS_node)
            continue;
        methods++;
        for (size_t who = 0; who < COUNT (WHO); who++) {
            check (who, method, PRIVATE, WHO[who].access);
            check (who, method, OPEN, WHO[who].open);
        }
    }
    assert_true (methods > 50);
}

/*  Somebody who may not view a session can't tell it from one that is not there. */
static void a_hidden_session_is_none (void **state)
{
    (void) state;
    for (method_id_t method = 1; method < METHOD_COUNT; method++) {
        if (ask ("guest", method, PRIVATE) != BATON_not_found)
            continue;
        baton_error_t hidden = world.stage.error;
        char message[sizeof hidden.message];
        assert_int_equal (ask ("guest", method, "s-nowhere"), BATON_not_found);
        snprintf (message, sizeof message, "there is no session %s", PRIVATE);
        assert_string_equal (hidden.message, message);
        snprintf (message, sizeof message, "there is no session %s", "s-nowhere");
        assert_string_equal (world.stage.error.message, message);
        assert_int_equal (world.stage.error.reason, hidden.reason);
        assert_string_equal (world.stage.error.field, hidden.field);
    }
}

static void a_refusal_says_whom_to_ask (void **state)
{
    (void) state;
    assert_int_equal (ask ("view", METHOD_session_activate, PRIVATE), BATON_permission_denied);
    assert_string_equal (world.stage.error.message, "session.activate needs edit access to session s-private, and view "
                                                    "has view: its owner ada can give it");
}

/*  A right that goes is gone at the next look, whoever it came by. */
static void a_right_that_is_lost (void **state)
{
    (void) state;
    assert_int_equal (ask ("edit", METHOD_session_show, PRIVATE), BATON_OK);
    give_site (METHOD_team_remove, "admin", NULL, &(team_remove_request_t){(char *) "edit", (char *) "edit"});
    assert_int_equal (ask ("edit", METHOD_session_show, PRIVATE), BATON_not_found);
    assert_int_equal (ask ("comment", METHOD_session_show, PRIVATE), BATON_OK);
    give_site (METHOD_team_delete, "admin", NULL, &(team_delete_request_t){(char *) "comment"});
    give_site (METHOD_team_create, "admin", NULL, &(team_create_request_t){(char *) "comment"});
    give_site (METHOD_team_add, "admin", NULL, &(team_add_request_t){(char *) "comment", (char *) "comment"});
    assert_int_equal (ask ("comment", METHOD_session_show, PRIVATE), BATON_not_found);
    give_site (METHOD_identity_revoke, "admin", NULL, &(identity_revoke_request_t){(char *) "view"});
    assert_int_equal (ask ("view", METHOD_session_show, PRIVATE), BATON_unauthenticated);
}

/*  What the reader or a node has answered is looked at again before it is sent. */
static void an_answer_that_has_waited (void **state)
{
    (void) state;
    assert_int_equal (ask ("edit", METHOD_session_log, PRIVATE), BATON_OK);
    assert_true (dispatch_still (&world.broker, &world.request));
    assert_int_equal (world.request.error.status, BATON_OK);
    give_site (METHOD_team_remove, "admin", NULL, &(team_remove_request_t){(char *) "edit", (char *) "edit"});
    assert_true (dispatch_still (&world.broker, &world.request));
    assert_int_equal (world.request.error.reason, BATON_REASON_no_such_session);
    /*  What was made for what somebody could see then: a list, as somebody leaves or joins a team. */
    assert_int_equal (ask ("comment", METHOD_events_read, NULL), BATON_OK);
    assert_true (dispatch_still (&world.broker, &world.request));
    give_site (METHOD_team_delete, "admin", NULL, &(team_delete_request_t){(char *) "comment"});
    assert_false (dispatch_still (&world.broker, &world.request));
    assert_int_equal (ask ("view", METHOD_events_read, NULL), BATON_OK);
    give_site (METHOD_identity_revoke, "admin", NULL, &(identity_revoke_request_t){(char *) "view"});
    assert_true (dispatch_still (&world.broker, &world.request));
    assert_int_equal (world.request.error.status, BATON_unauthenticated);
}

/* ---- runs ---- */

static baton_status ask_as_run (const char *own, uint64_t epoch, method_id_t method, const char *field,
                                const char *session)
{
    memset (world.params, 0, sizeof world.params);
    world.request = (request_t){.method = method, .params = world.params};
    world.request.header = (request_header_t){.session = (char *) own, .run = 1, .epoch = epoch};
    world.stage.error = (baton_error_t){0};
    strcpy (world.request.key, "far");
    *(const char **) (void *) (world.params + record_field (&METHODS[method].type, field)->offset) = session;
    return authorise (&world.broker, &world.request, &world.stage.error);
}

static void give_to_node (const char *session)
{
    stage_do (&world.stage, session, METHOD_session_activate,
              &(session_activate_request_t){.session = (char *) session});
    stage_do (&world.stage, session, METHOD_session_place,
              &(session_place_request_t){.session = (char *) session, .node = (char *) "far"});
    stage_commit (&world.stage);
}

/*  ada owns both sessions; bob one that nobody else sees. */
static void a_run_sees_what_its_owner_sees (void **state)
{
    (void) state;
    give_to_node (OPEN);
    assert_int_equal (ask_as_run (OPEN, 1, METHOD_message_send, "to", PRIVATE), BATON_OK);
    assert_int_equal (ask_as_run (OPEN, 1, METHOD_session_show, "session", OPEN), BATON_OK);
    assert_int_equal (ask_as_run (OPEN, 1, METHOD_session_show, "session", PRIVATE), BATON_permission_denied);
    stage_do (&world.stage, OPEN, METHOD_session_transfer,
              &(session_transfer_request_t){(char *) OPEN, (char *) "bob"});
    stage_commit (&world.stage);
    assert_int_equal (ask_as_run (OPEN, 1, METHOD_message_send, "to", PRIVATE), BATON_not_found);
    assert_int_equal (ask_as_run (OPEN, 1, METHOD_message_send, "to", OPEN), BATON_OK);
    assert_string_equal (world.request.viewer.name, "bob");
    assert_int_equal (ask_as_run (OPEN, 2, METHOD_session_resolve, "ref", "x"), BATON_aborted);
    assert_int_equal (ask_as_run (OPEN, 1, METHOD_identity_rekey, "key", "x"), BATON_permission_denied);
    give_site (METHOD_identity_revoke, "admin", NULL, &(identity_revoke_request_t){(char *) "bob"});
    assert_int_equal (ask_as_run (OPEN, 1, METHOD_session_show, "session", OPEN), BATON_OK);
    assert_int_equal (world.request.viewer.role, role_none);
}

static void a_node_reads_what_concerns_it (void **state)
{
    (void) state;
    assert_int_equal (ask ("far", METHOD_session_show, PRIVATE), BATON_permission_denied);
    give_to_node (PRIVATE);
    assert_int_equal (ask ("far", METHOD_session_show, PRIVATE), BATON_OK);
    assert_int_equal (ask ("far", METHOD_session_list, NULL), BATON_permission_denied);
    assert_int_equal (ask ("far", METHOD_memory_set, PRIVATE), BATON_permission_denied);
    assert_int_equal (ask ("far", METHOD_identity_rekey, NULL), BATON_OK);
}

#define UNIT(test) cmocka_unit_test_setup_teardown (test, begin, end)

int main (void)
{
    const struct CMUnitTest tests[] = {
        UNIT (each_access_by_each_method),    UNIT (a_hidden_session_is_none), UNIT (a_refusal_says_whom_to_ask),
        UNIT (an_answer_that_has_waited),     UNIT (a_right_that_is_lost),     UNIT (a_run_sees_what_its_owner_sees),
        UNIT (a_node_reads_what_concerns_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
