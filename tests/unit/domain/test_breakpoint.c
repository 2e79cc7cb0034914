#include "story.h"

#include <stdio.h>

#define R1 RUN ("n1", 1, 1)
#define ASK(story, who, ...)                                                                                           \
    DOES (story, "breakpoint_opened", who, breakpoint_ask, .key = (char *) "k", .title = (char *) "T", ##__VA_ARGS__)
#define REFUSES(story, status, reason, ...)                                                                            \
    FAILS (story, status, reason, R1, breakpoint_ask, .key = (char *) "k", .title = (char *) "T", ##__VA_ARGS__)
#define VOTE(story, kinds, who, ...) DOES (story, kinds, who, breakpoint_vote, .breakpoint = 1, ##__VA_ARGS__)

static char *const RED_BLUE[] = {(char *) "red", (char *) "blue", (char *) "blue"};
#define OPTIONS(count)                                                                                                 \
    {                                                                                                                  \
        (count), (char **) RED_BLUE                                                                                    \
    }

static const breakpoint_t *first (const story_t *story)
{
    return &story->state.breakpoints.items[0];
}

/* ---- asking ---- */

static void test_ask (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    who_t run = R1;
    run.digest = "d1";
    ASK (&story, run, .body = (char *) "a diff", .deadline = 5000);
    const breakpoint_t *breakpoint = first (&story);
    assert_int_equal (story.changed.breakpoint, 1);
    assert_int_equal (breakpoint->kind, breakpoint_kind_approval);
    assert_int_equal (breakpoint->policy.kind, policy_kind_first);
    assert_int_equal (breakpoint->on_expiry, expiry_expire);
    assert_int_equal (breakpoint->deadline, STORY_START + 5000);
    assert_int_equal (breakpoint->duration, 5000);
    assert_int_equal (breakpoint->opened_at, STORY_START);
    assert_string_equal (breakpoint->options.items[0], "approve");
    assert_string_equal (breakpoint->options.items[1], "reject");
    assert_string_equal (breakpoint->requester, "n1");
    assert_string_equal (breakpoint->digest, "d1");
    assert_int_equal (breakpoint->run, 1);
    assert_int_equal (breakpoint->n, story.state.n);
    CHECK_STATE (&story, running, activated); /*  it holds the run, not the session */
    story_end (&story);
}

static void test_the_same_key_is_the_same_breakpoint (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    who_t run = R1;
    run.digest = "d1";
    ASK (&story, run);
    run.digest = "d2";
    DOES (&story, "", run, breakpoint_ask, .key = (char *) "k", .title = (char *) "Other");
    assert_int_equal (story.changed.breakpoint, 1);
    assert_null (story.changed.outcome);
    VOTE (&story, "breakpoint_voted breakpoint_decided", ADA, .option = (char *) "approve");
    DOES (&story, "", run, breakpoint_ask, .key = (char *) "k", .title = (char *) "Other");
    assert_int_equal (story.changed.breakpoint, 1);
    assert_string_equal (story.changed.outcome, "approve");
    DOES (&story, "breakpoint_opened", run, breakpoint_ask, .key = (char *) "k2", .title = (char *) "T");
    assert_int_equal (story.changed.breakpoint, 2);
    story_end (&story);
}

static void test_revise (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    who_t run = R1;
    run.digest = "d1";
    ASK (&story, run, .policy = {.kind = policy_kind_quorum, .k = 2});
    VOTE (&story, "breakpoint_voted", ADA, .option = (char *) "approve", .digest = (char *) "d1");
    DOES (&story, "", run, breakpoint_ask, .key = (char *) "k", .title = (char *) "T", .revise = true);
    run.digest = "d2";
    DOES (&story, "breakpoint_revised", run, breakpoint_ask, .key = (char *) "k", .title = (char *) "T2",
          .revise = true);
    assert_int_equal (first (&story)->votes.count, 0);
    assert_string_equal (first (&story)->title, "T2");
    assert_int_equal (first (&story)->n, story.state.n);
    FAILS (&story, aborted, digest_mismatch, BOB, breakpoint_vote, .breakpoint = 1, .option = (char *) "approve",
           .digest = (char *) "d1");
    VOTE (&story, "breakpoint_voted", BOB, .option = (char *) "approve", .digest = (char *) "d2");
    VOTE (&story, "breakpoint_voted breakpoint_decided", ADA, .option = (char *) "approve");
    /*  The same question gets its outcome; another must not get the outcome of this one. */
    DOES (&story, "", run, breakpoint_ask, .key = (char *) "k", .title = (char *) "T2", .revise = true);
    assert_string_equal (story.changed.outcome, "approve");
    run.digest = "d3";
    FAILS (&story, failed_precondition, already_decided, run, breakpoint_ask, .key = (char *) "k",
           .title = (char *) "T3", .revise = true);
    story_end (&story);
}

static void test_ask_is_refused (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    REFUSES (&story, invalid_argument, bad_value, .kind = breakpoint_kind_choice);
    REFUSES (&story, invalid_argument, bad_value, .kind = breakpoint_kind_choice, .options = OPTIONS (1));
    REFUSES (&story, invalid_argument, bad_value, .kind = breakpoint_kind_choice, .options = OPTIONS (3));
    REFUSES (&story, invalid_argument, bad_value, .options = OPTIONS (2));
    REFUSES (&story, invalid_argument, bad_value, .kind = breakpoint_kind_input, .options = OPTIONS (2));
    REFUSES (&story, invalid_argument, bad_value, .schema = NUMBER (1));
    REFUSES (&story, invalid_argument, bad_value, .policy = {.kind = policy_kind_quorum});
    REFUSES (&story, invalid_argument, bad_value, .on_expiry = expiry_cancel);
    REFUSES (&story, invalid_argument, bad_value, .deadline = 1, .on_expiry = expiry_option);
    REFUSES (&story, invalid_argument, bad_value, .deadline = 1, .on_expiry = expiry_option,
             .expiry_option = (char *) "maybe");
    REFUSES (&story, invalid_argument, bad_value, .deadline = 1, .expiry_option = (char *) "reject");
    REFUSES (&story, invalid_argument, bad_value, .deadline = 1, .kind = breakpoint_kind_input,
             .on_expiry = expiry_option, .expiry_option = (char *) "answer");
    assert_int_equal (story.state.breakpoints.count, 0);
    story_end (&story);
}

static void ask_number (story_t *story, int number)
{
    char key[16];
    snprintf (key, sizeof key, "k%d", number);
    DOES (story, "breakpoint_opened", R1, breakpoint_ask, .key = key, .title = (char *) "T");
}

static void test_limits (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    for (int i = 1; i <= LIMIT_OPEN_BREAKPOINTS; i++)
        ask_number (&story, i);
    REFUSES (&story, resource_exhausted, busy);
    for (int i = 1; i <= LIMIT_BREAKPOINTS; i++) {
        DOES (&story, "breakpoint_cancelled", R1, breakpoint_cancel, .breakpoint = (uint64_t) i);
        if (i + LIMIT_OPEN_BREAKPOINTS <= LIMIT_BREAKPOINTS)
            ask_number (&story, i + LIMIT_OPEN_BREAKPOINTS);
    }
    REFUSES (&story, resource_exhausted, too_large);
    story_end (&story);
}

/*  The largest state that breakpoints can make: all that may be asked, and then every vote. It can be read again. */
static void test_the_state_fits_into_a_frame (void **context)
{
    (void) context;
    static char line[LIMIT_VOTES][LIMIT_TITLE + 1], why[LIMIT_SHORT + 1];
    char *lines[LIMIT_VOTES], key[24];
    for (int i = 0; i < LIMIT_VOTES; i++)
        lines[i] = memset (line[i], '0' + i, LIMIT_TITLE);
    memset (why, 'w', LIMIT_SHORT);
    policy_t policy = {.kind = policy_kind_quorum, .k = LIMIT_VOTES, .exclude = {LIMIT_VOTES, lines}};
    story_t story;
    given_running (&story);
    uint64_t asked = 0, refused = 0;
    for (bool room = true; room;) {
        breakpoint_ask_request_t request = {.session = (char *) STORY_ID,
                                            .key = key,
                                            .title = lines[0],
                                            .kind = breakpoint_kind_choice,
                                            .options = {LIMIT_OPTIONS, lines},
                                            .policy = policy};
        snprintf (key, sizeof key, "k%llu", (unsigned long long) asked);
        room = give (&story, R1, METHOD_breakpoint_ask, &request) == BATON_OK;
        asked += room;
        if (room && asked >= LIMIT_OPEN_BREAKPOINTS)
            DOES (&story, "breakpoint_cancelled", R1, breakpoint_cancel,
                  .breakpoint = asked - LIMIT_OPEN_BREAKPOINTS + 1);
    }
    assert_int_equal (story.error.reason, BATON_REASON_too_large);
    assert_true (asked < LIMIT_BREAKPOINTS);
    for (uint64_t number = asked - LIMIT_OPEN_BREAKPOINTS + 2; number <= asked; number++)
        for (int i = 0; i < LIMIT_VOTES; i++) {
            char name[LIMIT_NAME + 1];
            snprintf (name, sizeof name, "%064d", i);
            who_t voter = {.actor = name, .role = role_operator};
            breakpoint_vote_request_t wordy = {
                .session = (char *) STORY_ID, .breakpoint = number, .option = lines[i % 2], .why = why};
            if (give (&story, voter, METHOD_breakpoint_vote, &wordy) == BATON_OK)
                continue;
            assert_int_equal (story.error.reason, BATON_REASON_too_large); /*  without a reason it counts */
            refused++;
            DOES (&story, "breakpoint_voted", voter, breakpoint_vote, .breakpoint = number, .option = lines[i % 2]);
        }
    assert_true (refused > 0);
    baton_bytes_t bytes = {0};
    session_t again = {0};
    assert_int_equal (record_encode (&RECORD_session, &story.state, &bytes), BATON_OK);
    assert_int_equal (record_decode (&RECORD_session, bytes.data, bytes.size, &again, NULL), BATON_OK);
    assert_in_range (bytes.size, LIMIT_BREAKPOINT_BYTES, LIMIT_FRAME / 2);
    record_clear (&RECORD_session, &again);
    bytes_clear (&bytes);
    story_end (&story);
}

/* ---- voting ---- */

static void test_vote_is_refused (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1, .policy = {.kind = policy_kind_quorum, .k = 3});
    who_t observer = {.actor = "eve", .role = role_observer}, asker = {.actor = "n1", .role = role_operator};
    FAILS (&story, not_found, no_such_breakpoint, ADA, breakpoint_vote, .breakpoint = 2, .option = (char *) "approve");
    FAILS (&story, permission_denied, no_access, observer, breakpoint_vote, .breakpoint = 1,
           .option = (char *) "approve");
    FAILS (&story, permission_denied, no_access, BROKER, breakpoint_vote, .breakpoint = 1,
           .option = (char *) "approve");
    FAILS (&story, permission_denied, excluded, asker, breakpoint_vote, .breakpoint = 1, .option = (char *) "approve");
    FAILS (&story, invalid_argument, missing_field, ADA, breakpoint_vote, .breakpoint = 1);
    FAILS (&story, invalid_argument, bad_value, ADA, breakpoint_vote, .breakpoint = 1, .option = (char *) "maybe");
    FAILS (&story, invalid_argument, bad_value, ADA, breakpoint_vote, .breakpoint = 1, .option = (char *) "approve",
           .value = NUMBER (1));
    FAILS (&story, aborted, digest_mismatch, ADA, breakpoint_vote, .breakpoint = 1, .option = (char *) "approve",
           .digest = (char *) "d");
    assert_int_equal (first (&story)->votes.count, 0);
    story_end (&story);
}

static void test_votes_while_it_is_open (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1, .policy = {.kind = policy_kind_quorum, .k = 2});
    VOTE (&story, "breakpoint_voted", ADA, .option = (char *) "approve", .why = (char *) "fine");
    VOTE (&story, "", ADA, .option = (char *) "approve", .why = (char *) "fine");
    assert_int_equal (story.changed.breakpoint, 1);
    VOTE (&story, "breakpoint_voted", ADA, .option = (char *) "approve", .why = (char *) "very fine");
    VOTE (&story, "breakpoint_voted", ADA, .option = (char *) "reject");
    assert_int_equal (first (&story)->votes.count, 1);
    assert_null (first (&story)->votes.items[0].why);
    VOTE (&story, "breakpoint_voted", BOB, .option = (char *) "approve");
    story.now += 7;
    VOTE (&story, "breakpoint_voted breakpoint_decided", CYD, .option = (char *) "approve");
    assert_int_equal (first (&story)->decided_at, STORY_START + 7);
    assert_int_equal (first (&story)->votes.count, 3);
    assert_int_equal (first (&story)->votes.items[2].at, STORY_START + 7);
    FAILS (&story, failed_precondition, already_decided, ADA, breakpoint_vote, .breakpoint = 1,
           .option = (char *) "approve");
    assert_non_null (strstr (story.error.message, "approve"));
    story_end (&story);
}

static void test_input (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1, .kind = breakpoint_kind_input, .schema = NUMBER (1),
         .policy = {.kind = policy_kind_quorum, .k = 2});
    FAILS (&story, invalid_argument, missing_field, ADA, breakpoint_vote, .breakpoint = 1);
    FAILS (&story, invalid_argument, bad_value, ADA, breakpoint_vote, .breakpoint = 1, .option = (char *) "approve",
           .value = NUMBER (1));
    VOTE (&story, "breakpoint_voted", ADA, .value = NUMBER (1));
    VOTE (&story, "breakpoint_voted", BOB, .value = NUMBER (2));
    VOTE (&story, "breakpoint_voted breakpoint_decided", CYD, .option = (char *) "answer", .value = NUMBER (2));
    assert_string_equal (first (&story)->outcome, "answer");
    assert_int_equal (first (&story)->value.data[0], 2);
    story_end (&story);
}

static void test_a_choice_and_a_veto (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1, .kind = breakpoint_kind_choice, .options = OPTIONS (2),
         .policy = {.kind = policy_kind_majority, .of = 9, .veto = true});
    VOTE (&story, "breakpoint_voted", ADA, .option = (char *) "red");
    VOTE (&story, "breakpoint_voted breakpoint_decided", BOB, .option = (char *) "blue");
    assert_string_equal (first (&story)->outcome, "blue");
    story_end (&story);
}

/* ---- being there ---- */

static void test_presence (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1);
    DOES (&story, "breakpoint_joined", ADA, breakpoint_join, .breakpoint = 1);
    assert_int_equal (first (&story)->present.items[0].until, STORY_START + 300000);
    story.now += 150000;
    DOES (&story, "", ADA, breakpoint_join, .breakpoint = 1);
    story.now += 1;
    DOES (&story, "breakpoint_joined", ADA, breakpoint_join, .breakpoint = 1);
    assert_int_equal (first (&story)->present.count, 1);
    DOES (&story, "breakpoint_joined", BOB, breakpoint_join, .breakpoint = 1, .ttl = 1000);
    assert_int_equal (session_due (&story.state), story.now + 1000);
    DOES (&story, "breakpoint_left", ADA, breakpoint_leave, .breakpoint = 1);
    DOES (&story, "", ADA, breakpoint_leave, .breakpoint = 1);
    story.now += 1000;
    DOES (&story, "breakpoint_left", BROKER, session_tick);
    assert_string_equal (LAST (&story, breakpoint_left)->who, "bob");
    assert_int_equal (first (&story)->present.count, 0);
    assert_int_equal (session_due (&story.state), 0);
    story_end (&story);
}

static void test_the_present_have_a_limit (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1);
    char name[16];
    who_t who = {.actor = name, .role = role_operator};
    for (int i = 0; i <= LIMIT_PRESENT; i++) {
        snprintf (name, sizeof name, "p%d", i);
        if (i < LIMIT_PRESENT)
            DOES (&story, "breakpoint_joined", who, breakpoint_join, .breakpoint = 1);
        else
            FAILS (&story, resource_exhausted, busy, who, breakpoint_join, .breakpoint = 1);
    }
    story_end (&story);
}

static void test_the_voters_have_a_limit (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1, .policy = {.kind = policy_kind_majority, .of = LIMIT_VOTES}, .kind = breakpoint_kind_choice,
         .options = OPTIONS (2));
    char name[16];
    who_t who = {.actor = name, .role = role_operator};
    for (int i = 0; i <= LIMIT_VOTES; i++) {
        snprintf (name, sizeof name, "p%d", i);
        char *option = RED_BLUE[i % 2];
        if (i < LIMIT_VOTES)
            VOTE (&story, "breakpoint_voted", who, .option = option);
        else
            FAILS (&story, resource_exhausted, too_large, who, breakpoint_vote, .breakpoint = 1, .option = RED_BLUE[1]);
    }
    story_end (&story);
}

static void test_claim_and_comment (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1);
    DOES (&story, "breakpoint_claimed", ADA, breakpoint_claim, .breakpoint = 1);
    DOES (&story, "", ADA, breakpoint_claim, .breakpoint = 1);
    DOES (&story, "breakpoint_claimed", BOB, breakpoint_claim, .breakpoint = 1);
    assert_string_equal (first (&story)->claimed_by, "bob");
    DOES (&story, "breakpoint_commented", BOB, breakpoint_comment, .breakpoint = 1, .text = (char *) "Why?");
    DOES (&story, "breakpoint_commented", BOB, breakpoint_comment, .breakpoint = 1, .text = (char *) "Why?");
    story_end (&story);
}

/* ---- closed ---- */

static void test_a_closed_breakpoint_says_so (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1);
    DOES (&story, "breakpoint_joined", BOB, breakpoint_join, .breakpoint = 1);
    DOES (&story, "breakpoint_cancelled", R1, breakpoint_cancel, .breakpoint = 1);
    assert_string_equal (first (&story)->outcome, "cancelled");
    assert_int_equal (first (&story)->present.count, 0);
    DOES (&story, "", R1, breakpoint_cancel, .breakpoint = 1);
    DOES (&story, "", BOB, breakpoint_leave, .breakpoint = 1);
    FAILS (&story, failed_precondition, already_decided, BOB, breakpoint_join, .breakpoint = 1);
    FAILS (&story, failed_precondition, already_decided, BOB, breakpoint_claim, .breakpoint = 1);
    FAILS (&story, failed_precondition, already_decided, BOB, breakpoint_comment, .breakpoint = 1,
           .text = (char *) "a");
    FAILS (&story, failed_precondition, already_decided, BOB, breakpoint_vote, .breakpoint = 1,
           .option = (char *) "approve");
    DOES (&story, "breakpoint_opened", R1, breakpoint_ask, .key = (char *) "k2", .title = (char *) "T");
    DOES (&story, "breakpoint_voted breakpoint_decided", ADA, breakpoint_vote, .breakpoint = 2,
          .option = (char *) "reject");
    FAILS (&story, failed_precondition, already_decided, R1, breakpoint_cancel, .breakpoint = 2);
    story_end (&story);
}

/*  Held by its key, it outlives the run that asked, its node and the session's states. */
static void test_it_outlives_its_run (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, R1, .policy = {.kind = policy_kind_quorum, .k = 2});
    VOTE (&story, "breakpoint_voted", ADA, .option = (char *) "approve");
    DOES (&story, "run_finished lease_moved session_suspended", BROKER, session_fence, .node = (char *) "n1");
    VOTE (&story, "breakpoint_voted breakpoint_decided", BOB, .option = (char *) "approve");
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n2");
    DOES (&story, "", RUN ("n2", 3, 2), breakpoint_ask, .key = (char *) "k", .title = (char *) "T");
    assert_string_equal (story.changed.outcome, "approve");
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_ask),
        cmocka_unit_test (test_the_same_key_is_the_same_breakpoint),
        cmocka_unit_test (test_revise),
        cmocka_unit_test (test_ask_is_refused),
        cmocka_unit_test (test_limits),
        cmocka_unit_test (test_the_state_fits_into_a_frame),
        cmocka_unit_test (test_vote_is_refused),
        cmocka_unit_test (test_votes_while_it_is_open),
        cmocka_unit_test (test_input),
        cmocka_unit_test (test_a_choice_and_a_veto),
        cmocka_unit_test (test_presence),
        cmocka_unit_test (test_the_present_have_a_limit),
        cmocka_unit_test (test_the_voters_have_a_limit),
        cmocka_unit_test (test_claim_and_comment),
        cmocka_unit_test (test_a_closed_breakpoint_says_so),
        cmocka_unit_test (test_it_outlives_its_run),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
