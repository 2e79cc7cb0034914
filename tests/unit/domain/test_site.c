/*  The site's journal: who is there, and which nodes. */
#include "site.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define START 1000000u
#define HOUR 3600000u

typedef struct {
    site_t state;
    uint64_t now;
    const char *link; /*  digest of the secret that a browser signs in with */
    event_list_t last;
    baton_error_t error;
} site_story_t;

static void apply (site_story_t *story, event_t *event, const char *actor)
{
    baton_bytes_t bytes = {0};
    event_t read = {0};
    event->seq = event->n = story->state.n + 1;
    event->at = story->now;
    assert_int_equal (text_set (&event->session, SITE_ID), BATON_OK);
    assert_int_equal (text_set (&event->actor, actor), BATON_OK);
    assert_int_equal (event_encode (event, &bytes), BATON_OK);
    assert_int_equal (event_decode (bytes.data, bytes.size, &read, NULL), BATON_OK);
    assert_int_equal (site_evolve (&story->state, &read), BATON_OK);
    event_clear (&read);
    bytes_clear (&bytes);
}

static baton_status give (site_story_t *story, const char *actor, const char *digest, method_id_t method,
                          const void *request, uint64_t if_n)
{
    command_t command = {.method = method,
                         .request = request,
                         .now = story->now,
                         .actor = actor,
                         .digest = digest,
                         .fresh = digest,
                         .prepared = story->link,
                         .if_n = if_n};
    event_list_clear (&story->last);
    story->error = (baton_error_t){0};
    baton_status status = site_decide (&story->state, &command, &story->last, &story->error);
    if (status != BATON_OK)
        assert_int_equal (story->last.count, 0);
    for (size_t i = 0; i < story->last.count; i++)
        apply (story, &story->last.items[i], actor);
    return status;
}

/*  Expects events, 0 or 1, or the refusal. */
static void check (const site_story_t *story, baton_status got, size_t events, baton_reason reason, int line)
{
    if (got != BATON_OK ? story->error.reason != reason : reason != BATON_REASON_none || story->last.count != events)
        fail_msg ("line %d: expected %zu events or %s, got %zu and %s: %s", line, events, baton_reason_name (reason),
                  story->last.count, baton_reason_name (story->error.reason), story->error.message);
}

#define CHECK(events, why, actor, digest, id, ...)                                                                     \
    check (&story, give (&story, actor, digest, METHOD_##id, &(id##_request_t){__VA_ARGS__}, 0), events,               \
           BATON_REASON_##why, __LINE__)
#define INVITE(events, why, who, digest, ...)                                                                          \
    CHECK (events, why, "root", digest, identity_invite, .name = (char *) (who), ##__VA_ARGS__)
#define ENROLL(events, why, key, digest, ...)                                                                          \
    CHECK (events, why, key, digest, identity_enroll, .secret = (char *) "s", ##__VA_ARGS__)
#define REVOKE(events, why, who) CHECK (events, why, "root", NULL, identity_revoke, .name = (char *) (who))

static site_story_t story;

static int begin (void **context)
{
    (void) context;
    story = (site_story_t){.now = START};
    event_list_t events = {0};
    site_created_event_t *body = event_list_add (&events, EVENT_site_created);
    assert_non_null (body);
    assert_int_equal (text_set (&body->name, "root"), BATON_OK);
    assert_int_equal (text_set (&body->key, "key-root"), BATON_OK);
    apply (&story, &events.items[0], NULL);
    event_list_clear (&events);
    return 0;
}

static int end (void **context)
{
    (void) context;
    record_clear (&RECORD_site, &story.state);
    event_list_clear (&story.last);
    return 0;
}

static void test_created (void **context)
{
    (void) context;
    const identity_t *root = site_identity (&story.state, "root");
    assert_ptr_equal (root, site_identity_of_key (&story.state, "key-root"));
    assert_int_equal (root->role, role_admin);
    assert_int_equal (story.state.created_at, START);
    assert_int_equal (story.state.n, 1);
    assert_null (site_identity (&story.state, "ada"));
    assert_null (site_identity_of_key (&story.state, "key-ada"));
    assert_null (site_node (&story.state, "n1"));
}

static void test_invite_and_enroll (void **context)
{
    (void) context;
    INVITE (1, none, "ada", "d1", .role = role_operator);
    ENROLL (0, bad_token, "key-ada", "d2");
    ENROLL (1, none, "key-ada", "d1");
    const identity_t *ada = site_identity_of_key (&story.state, "key-ada");
    assert_string_equal (ada->name, "ada");
    assert_string_equal (ada->invited_by, "root");
    assert_int_equal (ada->created_at, START);
    assert_int_equal (ada->role, role_operator);
    assert_int_equal (story.state.invitations.count, 0);
    ENROLL (0, none, "key-ada", "d1");      /*  the answer was lost */
    ENROLL (0, bad_token, "key-eve", "d1"); /*  a token works once */
    INVITE (0, name_taken, "ada", "d3", .role = role_operator);
}

static void test_an_invitation_expires (void **context)
{
    (void) context;
    INVITE (1, none, "ada", "d1", .role = role_node);
    INVITE (1, none, "bob", "d2", .role = role_node, .ttl = 10);
    story.now += 10;
    ENROLL (0, bad_token, "key-bob", "d2");
    story.now += HOUR - 11;
    ENROLL (1, none, "key-ada", "d1");
    INVITE (1, none, "cyd", "d3", .role = role_node);
    assert_int_equal (story.state.invitations.count, 1); /*  the old one went with it */
}

static void test_a_new_invitation_replaces_the_old (void **context)
{
    (void) context;
    INVITE (1, none, "ada", "d1", .role = role_node);
    INVITE (1, none, "ada", "d2", .role = role_observer);
    assert_int_equal (story.state.invitations.count, 1);
    ENROLL (0, bad_token, "key-ada", "d1");
    ENROLL (1, none, "key-ada", "d2");
    assert_int_equal (site_identity (&story.state, "ada")->role, role_observer);
}

static void test_another_name (void **context)
{
    (void) context;
    INVITE (1, none, "ada", "d1", .role = role_operator);
    INVITE (1, none, "bob", "d2", .role = role_admin);
    ENROLL (0, name_taken, "key-ada", "d1", .name = (char *) "bob"); /*  promised to somebody else */
    ENROLL (0, name_taken, "key-ada", "d1", .name = (char *) "root");
    ENROLL (1, none, "key-ada", "d1", .name = (char *) "ada2");
    assert_non_null (site_identity (&story.state, "ada2"));
    ENROLL (0, name_taken, "key-ada", "d2"); /*  one key, one identity */
    /*  What was promised is free again once the invitation has expired. */
    INVITE (1, none, "cyd", "d3", .role = role_operator, .ttl = 2 * HOUR);
    story.now += HOUR;
    ENROLL (1, none, "key-cyd", "d3", .name = (char *) "bob");
}

/*  Whoever joins can't slip into the name of somebody who has left: votes and policies still know it. */
static void test_a_revoked_name_is_not_for_the_taking (void **context)
{
    (void) context;
    INVITE (1, none, "ada", "d1", .role = role_operator);
    ENROLL (1, none, "key-ada", "d1");
    REVOKE (1, none, "ada");
    INVITE (1, none, "eve", "d2", .role = role_operator);
    ENROLL (0, name_taken, "key-eve", "d2", .name = (char *) "ada");
    ENROLL (1, none, "key-eve", "d2");
}

static void test_revoke (void **context)
{
    (void) context;
    REVOKE (0, no_such_identity, "ada");
    INVITE (1, none, "ada", "d1", .role = role_operator);
    ENROLL (1, none, "key-ada", "d1");
    story.now += 5;
    REVOKE (1, none, "ada");
    assert_int_equal (site_identity_of_key (&story.state, "key-ada")->revoked_at, START + 5);
    REVOKE (0, none, "ada");
    ENROLL (0, bad_token, "key-ada", "d1");
    /*  The name, and even the key, may come back by a new invitation. */
    INVITE (1, none, "ada", "d2", .role = role_observer);
    ENROLL (1, none, "key-ada", "d2");
    assert_int_equal (site_identity_of_key (&story.state, "key-ada")->revoked_at, 0);
    assert_int_equal (site_identity (&story.state, "ada")->role, role_observer);
    assert_int_equal (story.state.identities.count, 3);
}

static void test_revoke_withdraws_an_invitation (void **context)
{
    (void) context;
    INVITE (1, none, "ada", "d1", .role = role_operator);
    REVOKE (1, none, "ada");
    ENROLL (0, bad_token, "key-ada", "d1");
}

#define KEY "0123456789012345678901234567890123456789"

static void test_rekey (void **context)
{
    (void) context;
    INVITE (1, none, "ada", "d1", .role = role_operator);
    ENROLL (1, none, "key-ada", "d1");
    INVITE (1, none, "bob", "d2", .role = role_operator);
    ENROLL (1, none, "key-bob", "d2");
    CHECK (0, bad_value, "ada", NULL, identity_rekey, .key = (char *) "short");
    CHECK (1, none, "ada", NULL, identity_rekey, .key = (char *) KEY);
    CHECK (0, none, "ada", NULL, identity_rekey, .key = (char *) KEY); /*  the answer was lost */
    CHECK (0, name_taken, "bob", NULL, identity_rekey, .key = (char *) KEY);
    assert_null (site_identity_of_key (&story.state, "key-ada"));
    assert_string_equal (site_identity_of_key (&story.state, KEY)->name, "ada");
    assert_int_equal (site_identity (&story.state, "ada")->role, role_operator);
    assert_int_equal (story.state.rekeys, 1);
    /*  Nor does it become somebody else's after a revocation. */
    REVOKE (1, none, "ada");
    CHECK (0, name_taken, "bob", NULL, identity_rekey, .key = (char *) KEY);
}

static void test_the_last_admin_stays (void **context)
{
    (void) context;
    REVOKE (0, last_admin, "root");
    INVITE (1, none, "eve", "d1", .role = role_admin);
    ENROLL (1, none, "key-eve", "d1");
    REVOKE (1, none, "root");
    REVOKE (0, last_admin, "eve");
}

static void test_invitations_have_a_limit (void **context)
{
    (void) context;
    char name[16];
    for (int i = 0; i <= LIMIT_INVITATIONS; i++) {
        snprintf (name, sizeof name, "p%d", i);
        if (i < LIMIT_INVITATIONS)
            INVITE (1, none, name, name, .role = role_operator);
        else
            INVITE (0, busy, name, name, .role = role_operator);
    }
    INVITE (1, none, "p0", "again", .role = role_operator);
    story.now += HOUR;
    INVITE (1, none, "new", "new", .role = role_operator);
    assert_int_equal (story.state.invitations.count, 1);
}

static void test_identities_have_a_limit (void **context)
{
    (void) context;
    INVITE (1, none, "ada", "d1", .role = role_operator);
    while (story.state.identities.count < LIMIT_IDENTITIES - 1) {
        identity_t *identity = list_append (&story.state.identities, sizeof *identity);
        assert_non_null (identity);
        assert_int_equal (text_set (&identity->name, "somebody"), BATON_OK);
        assert_int_equal (text_set (&identity->key, "key"), BATON_OK);
    }
    ENROLL (1, none, "key-ada", "d1");
    INVITE (1, none, "bob", "d2", .role = role_operator);
    ENROLL (0, too_large, "key-bob", "d2");
}

/* ---- nodes ---- */

#define REGISTER(events, why, name, ...) CHECK (events, why, name, NULL, node_register, ##__VA_ARGS__)

static void test_register (void **context)
{
    (void) context;
    baton_pair_t gpu = {(char *) "gpu", (char *) "1"};
    char *drivers[] = {(char *) "shell", (char *) "python"};
    REGISTER (1, none, "n2", .slots = 2, .labels = {1, &gpu}, .drivers = {2, drivers},
              .transfer = (char *) "tcp://a:1");
    REGISTER (0, none, "n2", .slots = 2, .labels = {1, &gpu}, .drivers = {2, drivers},
              .transfer = (char *) "tcp://a:1");
    REGISTER (1, none, "n2", .slots = 3, .labels = {1, &gpu}, .drivers = {2, drivers},
              .transfer = (char *) "tcp://a:1");
    REGISTER (1, none, "n2", .slots = 3, .labels = {1, &gpu}, .drivers = {1, drivers},
              .transfer = (char *) "tcp://a:1");
    REGISTER (1, none, "n2", .slots = 3, .drivers = {1, drivers}, .transfer = (char *) "tcp://a:1");
    REGISTER (1, none, "n2", .slots = 3, .drivers = {1, drivers}, .transfer = (char *) "tcp://a:2");
    REGISTER (1, none, "n1", .slots = 1);
    assert_string_equal (story.state.nodes.items[0].name, "n1");
    const node_t *node = site_node (&story.state, "n2");
    assert_int_equal (node->slots, 3);
    assert_int_equal (node->labels.count, 0);
    assert_int_equal (node->state, node_state_up);
}

static void test_lost_and_back (void **context)
{
    (void) context;
    CHECK (0, no_such_node, NULL, NULL, node_mark_lost, .name = (char *) "n1");
    REGISTER (1, none, "n1", .slots = 1);
    CHECK (1, none, NULL, NULL, node_mark_lost, .name = (char *) "n1");
    CHECK (0, none, NULL, NULL, node_mark_lost, .name = (char *) "n1");
    assert_int_equal (site_node (&story.state, "n1")->state, node_state_lost);
    REGISTER (1, none, "n1", .slots = 1);
    assert_int_equal (site_node (&story.state, "n1")->state, node_state_up);
}

static void test_drain (void **context)
{
    (void) context;
    CHECK (0, no_such_node, "ada", NULL, node_drain, .node = (char *) "n1");
    CHECK (0, no_such_node, "ada", NULL, node_drain, .node = (char *) "n1", .dry_run = true);
    REGISTER (1, none, "n1", .slots = 1);
    CHECK (0, none, "ada", NULL, node_undrain, .node = (char *) "n1");
    CHECK (0, none, "ada", NULL, node_drain, .node = (char *) "n1", .dry_run = true);
    CHECK (1, none, "ada", NULL, node_drain, .node = (char *) "n1");
    CHECK (0, none, "ada", NULL, node_drain, .node = (char *) "n1");
    REGISTER (1, none, "n1", .slots = 2); /*  which does not end the drain */
    assert_true (site_node (&story.state, "n1")->draining);
    CHECK (1, none, "ada", NULL, node_undrain, .node = (char *) "n1");
    assert_false (site_node (&story.state, "n1")->draining);
}

static void test_nodes_have_a_limit (void **context)
{
    (void) context;
    char name[16];
    for (int i = 0; i <= LIMIT_NODES; i++) {
        snprintf (name, sizeof name, "n%d", i);
        if (i < LIMIT_NODES)
            REGISTER (1, none, name, .slots = 1);
        else
            REGISTER (0, too_large, name, .slots = 1);
    }
}

/* ---- teams ---- */

#define MAKE(events, why, team) CHECK (events, why, "root", NULL, team_create, .name = (char *) (team))
#define DELETE(events, why, team) CHECK (events, why, "root", NULL, team_delete, .name = (char *) (team))
#define ADD(events, why, team, person)                                                                                 \
    CHECK (events, why, "root", NULL, team_add, .name = (char *) (team), .who = (char *) (person))
#define REMOVE(events, why, team, person)                                                                              \
    CHECK (events, why, "root", NULL, team_remove, .name = (char *) (team), .who = (char *) (person))

static void given_people (const char *const *names, size_t count, role_e role)
{
    for (size_t i = 0; i < count; i++) {
        INVITE (1, none, names[i], names[i], .role = role);
        ENROLL (1, none, names[i], names[i]);
    }
}

static bool in_team (const char *person, const char *team)
{
    const identity_t *identity = site_identity (&story.state, person);
    const team_t *found = site_team (&story.state, team);
    return identity && found && site_in_team (identity, found);
}

static void test_join_and_leave_a_team (void **context)
{
    (void) context;
    static const char *const PEOPLE[] = {"ada", "eve"}, *const NODES[] = {"n1"};
    given_people (PEOPLE, 2, role_guest);
    given_people (NODES, 1, role_node);
    ADD (0, no_such_team, "crew", "ada");
    MAKE (1, none, "crew");
    MAKE (0, name_taken, "crew");
    ADD (1, none, "crew", "ada");
    ADD (0, none, "crew", "ada");
    ADD (0, no_such_identity, "crew", "bob");
    ADD (0, bad_value, "crew", "n1");
    assert_true (in_team ("ada", "crew"));
    assert_false (in_team ("eve", "crew"));
    REMOVE (0, no_such_identity, "crew", "eve");
    REMOVE (0, no_such_team, "crews", "ada");
    REMOVE (1, none, "crew", "ada");
    assert_false (in_team ("ada", "crew"));
}

static void test_another_team_of_the_same_name (void **context)
{
    (void) context;
    static const char *const PEOPLE[] = {"ada"};
    given_people (PEOPLE, 1, role_operator);
    MAKE (1, none, "crew");
    ADD (1, none, "crew", "ada");
    uint64_t number = site_team (&story.state, "crew")->number;
    DELETE (1, none, "crew");
    DELETE (0, no_such_team, "crew");
    assert_int_equal (site_identity (&story.state, "ada")->teams.count, 0);
    MAKE (1, none, "crew");
    assert_false (in_team ("ada", "crew"));
    assert_int_not_equal (site_team (&story.state, "crew")->number, number);
}

static void test_whoever_is_revoked_has_left (void **context)
{
    (void) context;
    static const char *const PEOPLE[] = {"ada"};
    given_people (PEOPLE, 1, role_operator);
    MAKE (1, none, "crew");
    ADD (1, none, "crew", "ada");
    REVOKE (1, none, "ada");
    assert_false (in_team ("ada", "crew"));
    ADD (0, no_such_identity, "crew", "ada");
    given_people (PEOPLE, 1, role_operator);
    assert_false (in_team ("ada", "crew"));
}

static void test_nobody_is_called_like_a_team (void **context)
{
    (void) context;
    INVITE (0, bad_value, "team:crew", "d1", .role = role_operator);
    INVITE (1, none, "ada", "d1", .role = role_operator);
    ENROLL (0, bad_value, "key-ada", "d1", .name = (char *) "team:crew");
}

static void test_teams_have_limits (void **context)
{
    (void) context;
    char name[32];
    const char *person = name;
    for (int i = 0; i < LIMIT_TEAMS; i++) {
        snprintf (name, sizeof name, "t%d", i);
        MAKE (1, none, name);
    }
    MAKE (0, too_large, "one-more");
    for (int i = 0; i <= LIMIT_MEMBERSHIPS / LIMIT_TEAMS_EACH; i++) {
        snprintf (name, sizeof name, "p%d", i);
        given_people (&person, 1, role_guest);
    }
    for (int i = 0; i < LIMIT_MEMBERSHIPS; i++) {
        char team[32];
        snprintf (name, sizeof name, "p%d", i / LIMIT_TEAMS_EACH);
        snprintf (team, sizeof team, "t%d", i % LIMIT_TEAMS_EACH);
        ADD (1, none, team, name);
        if (i == LIMIT_TEAMS_EACH - 1)
            ADD (0, too_large, "t999", name); /*  of one person */
    }
    ADD (0, too_large, "t999", name); /*  of all */
}

/* ---- dispatch ---- */

static void test_if_n_and_other_methods (void **context)
{
    (void) context;
    node_register_request_t request = {.slots = 1};
    check (&story, give (&story, "n1", NULL, METHOD_node_register, &request, 7), 0, BATON_REASON_version_mismatch,
           __LINE__);
    check (&story, give (&story, "n1", NULL, METHOD_node_register, &request, 1), 1, BATON_REASON_none, __LINE__);
    check (&story, give (&story, "n1", NULL, METHOD_node_list, &request, 0), 0, BATON_REASON_bug, __LINE__);
}

/*  Each change of the site has its decide function. */
static void test_no_method_is_missing (void **context)
{
    (void) context;
    uint64_t request[64] = {0};
    static char *name = (char *) "x";
    for (method_id_t method = 1; method < METHOD_COUNT; method++) {
        if (METHODS[method].target != TARGET_site || !METHODS[method].change)
            continue;
        for (const field_t *field = METHODS[method].type.fields (); field->name; field++)
            if (field->required && (field->kind == FIELD_NAME || field->kind == FIELD_LINE))
                *(char **) (void *) ((uint8_t *) request + field->offset) = name;
        baton_status status = give (&story, "x", "d", method, request, 99);
        assert_int_equal (status, BATON_aborted);
        memset (request, 0, sizeof request);
    }
}

#define TOKEN(events, why, actor, digest, ...) CHECK (events, why, actor, digest, token_create, ##__VA_ARGS__)

/*  A token's id is its digest here. */
static void test_tokens_have_a_limit (void **context)
{
    (void) context;
    char digest[32];
    for (size_t i = 0; i < LIMIT_TOKENS_EACH; i++) {
        snprintf (digest, sizeof digest, "t%zu", i);
        TOKEN (1, none, "root", digest, .ttl = HOUR);
    }
    TOKEN (0, too_large, "root", "more", .ttl = HOUR);
    CHECK (0, too_large, "root", "link", console_link, .ttl = HOUR);
    CHECK (1, none, "root", NULL, token_revoke, .id = (char *) "t3");
    TOKEN (1, none, "root", "more", .ttl = 2 * HOUR);
    story.now += HOUR; /*  all but that one are over */
    TOKEN (1, none, "root", "again", .ttl = HOUR);
    assert_int_equal (story.state.tokens.count, 2);
}

static void test_the_site_has_a_limit_of_tokens (void **context)
{
    (void) context;
    char digest[32], name[32];
    size_t made = 0;
    for (size_t who = 0; made < LIMIT_TOKENS; who++) {
        snprintf (name, sizeof name, "p%zu", who);
        INVITE (1, none, name, "d", .role = role_observer);
        ENROLL (1, none, name, "d");
        for (size_t i = 0; i < LIMIT_TOKENS_EACH && made < LIMIT_TOKENS; i++, made++) {
            snprintf (digest, sizeof digest, "t%zu", made);
            TOKEN (1, none, name, digest, .ttl = HOUR);
        }
    }
    TOKEN (0, too_large, "root", "more", .ttl = HOUR);
}

static void test_a_browser_comes_and_goes (void **context)
{
    (void) context;
    CHECK (1, none, "root", "link", console_link);
    story.link = "no such";
    CHECK (0, bad_link, NULL, "browser", console_sign_in);
    story.link = "link";
    CHECK (2, none, NULL, "browser", console_sign_in);
    CHECK (0, bad_link, NULL, "twice", console_sign_in);
    story.link = "browser"; /*  what signs in is no link any more */
    CHECK (0, bad_link, NULL, "twice", console_sign_in);
    assert_int_equal (story.state.tokens.count, 1);
    CHECK (0, no_such_token, "root", "other", console_sign_out);
    CHECK (1, none, "root", "browser", console_sign_out);
    assert_int_equal (story.state.tokens.count, 0);
}

#define UNIT(test) cmocka_unit_test_setup_teardown (test, begin, end)

int main (void)
{
    const struct CMUnitTest tests[] = {
        UNIT (test_created),
        UNIT (test_invite_and_enroll),
        UNIT (test_an_invitation_expires),
        UNIT (test_a_new_invitation_replaces_the_old),
        UNIT (test_another_name),
        UNIT (test_a_revoked_name_is_not_for_the_taking),
        UNIT (test_revoke),
        UNIT (test_revoke_withdraws_an_invitation),
        UNIT (test_rekey),
        UNIT (test_the_last_admin_stays),
        UNIT (test_invitations_have_a_limit),
        UNIT (test_identities_have_a_limit),
        UNIT (test_register),
        UNIT (test_lost_and_back),
        UNIT (test_drain),
        UNIT (test_nodes_have_a_limit),
        UNIT (test_join_and_leave_a_team),
        UNIT (test_another_team_of_the_same_name),
        UNIT (test_whoever_is_revoked_has_left),
        UNIT (test_nobody_is_called_like_a_team),
        UNIT (test_teams_have_limits),
        UNIT (test_tokens_have_a_limit),
        UNIT (test_the_site_has_a_limit_of_tokens),
        UNIT (test_a_browser_comes_and_goes),
        UNIT (test_if_n_and_other_methods),
        UNIT (test_no_method_is_missing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
