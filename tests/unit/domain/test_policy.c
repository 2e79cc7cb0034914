/*  Policies as tables: a line of votes, and where it decides. */
#include "policy.h"

#include "story.h"

/*  "ada:approve bob:reject" votes in this order. */
typedef struct {
    const char *name;
    policy_t policy;
    const char *votes;
    const char *outcome; /*  NULL: it stays open */
    int after;           /*  decided by this vote, counted from 1 */
    const char *rule;
} row_t;

/*  Lists of people; records hold them as char **. */
static char *ADA_BOB[] = {(char *) "ada", (char *) "bob"};
static char *ADA_BOB_CYD[] = {(char *) "ada", (char *) "bob", (char *) "cyd"};
static char *ADA_BOB_ADA[] = {(char *) "ada", (char *) "bob", (char *) "ada"};
static char *ASKER_BOB[] = {(char *) "asker", (char *) "bob"};
#define PEOPLE(array, count)                                                                                           \
    {                                                                                                                  \
        count, array                                                                                                   \
    }

/* clang-format off */
static const row_t ROWS[] = {
    {"no policy is first", {0}, "ada:reject", "reject", 1, "first"},
    {"first", {.kind = policy_kind_first}, "bob:approve", "approve", 1, "first"},
    {"one of two", {.kind = policy_kind_quorum, .k = 2}, "ada:approve", NULL, 0, NULL},
    {"two of two", {.kind = policy_kind_quorum, .k = 2}, "ada:approve bob:approve", "approve", 2, "quorum of 2"},
    {"a quorum counts equal votes", {.kind = policy_kind_quorum, .k = 2}, "ada:approve bob:reject", NULL, 0, NULL},
    {"the third breaks the tie", {.kind = policy_kind_quorum, .k = 2}, "ada:approve bob:reject cyd:reject", "reject", 3, "quorum of 2"},
    {"one person has one vote", {.kind = policy_kind_quorum, .k = 2}, "ada:approve ada:approve", NULL, 0, NULL},
    {"a changed vote counts as it is now", {.kind = policy_kind_quorum, .k = 2}, "ada:approve ada:reject bob:approve", NULL, 0, NULL},
    {"two changed votes", {.kind = policy_kind_quorum, .k = 2}, "ada:approve bob:reject ada:reject", "reject", 3, "quorum of 2"},
    {"half is no majority", {.kind = policy_kind_majority, .of = 4}, "ada:approve bob:approve", NULL, 0, NULL},
    {"more than half is", {.kind = policy_kind_majority, .of = 4}, "ada:approve bob:approve cyd:approve", "approve", 3, "majority of 4"},
    {"as soon as it is fixed", {.kind = policy_kind_majority, .of = 3}, "ada:approve bob:approve", "approve", 2, "majority of 3"},
    {"majority of people", {.kind = policy_kind_majority, .people = PEOPLE (ADA_BOB_CYD, 3)}, "ada:reject cyd:reject", "reject", 2, "majority of 3"},
    {"everyone voted and no majority", {.kind = policy_kind_majority, .of = 2}, "ada:approve bob:reject", NULL, 0, NULL},
    {"until one gives in", {.kind = policy_kind_majority, .of = 2}, "ada:approve bob:reject bob:approve", "approve", 3, "majority of 2"},
    {"unanimous", {.kind = policy_kind_unanimous, .of = 3}, "ada:approve bob:approve cyd:approve", "approve", 3, "unanimous of 3"},
    {"all but one", {.kind = policy_kind_unanimous, .of = 3}, "ada:approve bob:approve cyd:reject", NULL, 0, NULL},
    {"and then all", {.kind = policy_kind_unanimous, .of = 3}, "ada:approve bob:reject cyd:approve bob:approve", "approve", 4, "unanimous of 3"},
    {"more voters than `of`", {.kind = policy_kind_unanimous, .of = 2}, "ada:approve bob:reject cyd:approve", NULL, 0, NULL},
    {"named", {.kind = policy_kind_named, .people = PEOPLE (ADA_BOB, 2)}, "bob:reject ada:reject", "reject", 2, "named of 2"},
    {"named, one missing", {.kind = policy_kind_named, .people = PEOPLE (ADA_BOB, 2)}, "bob:reject", NULL, 0, NULL},
    {"named disagree", {.kind = policy_kind_named, .people = PEOPLE (ADA_BOB, 2)}, "bob:reject ada:approve", NULL, 0, NULL},
    {"a veto", {.kind = policy_kind_unanimous, .of = 3, .veto = true}, "ada:approve bob:reject", "reject", 2, "veto"},
    {"without it none", {.kind = policy_kind_quorum, .k = 3}, "ada:approve bob:reject", NULL, 0, NULL},
};
/* clang-format on */

/*  Gives the votes; the number of the one that decided, or 0. */
static int vote_all (story_t *story, const row_t *row, char *text)
{
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r (text, " ", &rest); word; word = strtok_r (NULL, " ", &rest)) {
        char *option = strchr (word, ':');
        *option++ = '\0';
        count++;
        who_t who = {.actor = word, .role = role_operator};
        baton_status status = GIVE (story, who, breakpoint_vote, .breakpoint = 1, .option = option);
        if (status != BATON_OK)
            fail_msg ("%s: vote %d: %s", row->name, count, story->error.message);
        if (story->state.breakpoints.items[0].state == breakpoint_state_decided)
            return count;
    }
    return 0;
}

static void test_the_tables (void **context)
{
    (void) context;
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        const row_t *row = &ROWS[i];
        char votes[128];
        story_t story;
        given_running (&story);
        strcpy (votes, row->votes);
        DOES (&story, "breakpoint_opened", RUN ("n1", 1, 1), breakpoint_ask, .key = (char *) "k", .title = (char *) "T",
              .policy = row->policy);
        int after = vote_all (&story, row, votes);
        const breakpoint_t *breakpoint = &story.state.breakpoints.items[0];
        if (after != row->after || !text_equal (breakpoint->outcome, row->outcome))
            fail_msg ("%s: expected %s after vote %d, got %s after %d", row->name, row->outcome, row->after,
                      breakpoint->outcome, after);
        if (row->outcome) {
            check_events (&story, "breakpoint_voted breakpoint_decided", __FILE__, __LINE__);
            assert_string_equal (LAST (&story, breakpoint_decided)->why, row->rule);
            assert_string_equal (story.changed.outcome, row->outcome);
        }
        story_end (&story);
    }
}

/* ---- which policies are refused ---- */

typedef struct {
    policy_t policy;
    breakpoint_kind_e kind;
    const char *field; /*  NULL: it is taken */
} check_row_t;

static const check_row_t CHECKS[] = {
    {{.kind = policy_kind_quorum}, breakpoint_kind_approval, "policy.k"},
    {{.kind = policy_kind_first, .k = 1}, breakpoint_kind_approval, "policy.k"},
    {{.kind = policy_kind_majority}, breakpoint_kind_approval, "policy.of"},
    {{.kind = policy_kind_unanimous}, breakpoint_kind_approval, "policy.of"},
    {{.kind = policy_kind_quorum, .k = 1, .of = 3}, breakpoint_kind_approval, "policy.of"},
    {{.kind = policy_kind_named}, breakpoint_kind_approval, "policy.people"},
    {{.kind = policy_kind_named, .people = PEOPLE (ADA_BOB_ADA, 3)}, breakpoint_kind_approval, "policy.people"},
    {{.kind = policy_kind_quorum, .k = 3, .people = PEOPLE (ADA_BOB, 2)}, breakpoint_kind_approval, "policy.people"},
    {{.kind = policy_kind_quorum, .k = 2, .people = PEOPLE (ADA_BOB, 2)}, breakpoint_kind_approval, NULL},
    {{.kind = policy_kind_named, .people = PEOPLE (ADA_BOB, 2), .exclude = PEOPLE (ADA_BOB + 1, 1)},
     breakpoint_kind_approval,
     "policy.people"},
    {{.kind = policy_kind_majority, .people = PEOPLE (ADA_BOB_CYD, 3), .exclude = PEOPLE (ADA_BOB + 1, 1)},
     breakpoint_kind_approval,
     NULL},
    {{.kind = policy_kind_majority, .of = 5, .people = PEOPLE (ADA_BOB, 2)}, breakpoint_kind_approval, "policy.people"},
    {{.kind = policy_kind_named, .people = PEOPLE (ASKER_BOB, 2)}, breakpoint_kind_approval, "policy.people"},
    {{.kind = policy_kind_named, .people = PEOPLE (ASKER_BOB, 2), .self = true}, breakpoint_kind_approval, NULL},
    {{.kind = policy_kind_first, .people = PEOPLE (ASKER_BOB, 1)}, breakpoint_kind_choice, "policy.people"},
    {{.veto = true}, breakpoint_kind_input, "policy.veto"},
    {{.veto = true}, breakpoint_kind_choice, NULL},
};

static void test_policies_that_could_never_decide (void **context)
{
    (void) context;
    for (size_t i = 0; i < COUNT (CHECKS); i++) {
        baton_error_t error = {0};
        baton_status status = policy_check (&CHECKS[i].policy, CHECKS[i].kind, "asker", &error);
        assert_int_equal (status, CHECKS[i].field ? BATON_invalid_argument : BATON_OK);
        if (CHECKS[i].field)
            assert_string_equal (error.field, CHECKS[i].field);
    }
}

static void test_who_may_vote (void **context)
{
    (void) context;
    static const struct {
        policy_t policy;
        const char *actor;
        bool may;
    } ROWS_WHO[] = {
        {{0}, "ada", true},
        {{0}, "asker", false},
        {{.self = true}, "asker", true},
        {{.exclude = PEOPLE (ADA_BOB, 1)}, "ada", false},
        {{.people = PEOPLE (ADA_BOB + 1, 1)}, "ada", false},
        {{.people = PEOPLE (ADA_BOB, 2)}, "ada", true},
        {{.people = PEOPLE (ADA_BOB, 1), .exclude = PEOPLE (ADA_BOB, 1)}, "ada", false},
        {{.people = PEOPLE (ADA_BOB, 1), .self = true}, "asker", false},
    };
    for (size_t i = 0; i < COUNT (ROWS_WHO); i++) {
        breakpoint_t breakpoint = {.requester = (char *) "asker", .policy = ROWS_WHO[i].policy};
        assert_int_equal (policy_admits (&breakpoint, ROWS_WHO[i].actor), ROWS_WHO[i].may);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_tables),
        cmocka_unit_test (test_policies_that_could_never_decide),
        cmocka_unit_test (test_who_may_vote),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
