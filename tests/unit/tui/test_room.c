#include "json.h"
#include "room.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

#define TEXTS(...)                                                                                                     \
    {                                                                                                                  \
        sizeof ((const char *[]){__VA_ARGS__}) / sizeof (char *), (char **) (const char *[])                           \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static const breakpoint_view_t APPROVAL = {
    .breakpoint = {.kind = breakpoint_kind_approval, .options = TEXTS ("approve", "reject")}};
static const breakpoint_view_t CHOICE = {
    .breakpoint = {.kind = breakpoint_kind_choice, .options = TEXTS ("red", "red wine", "white wine")}};
static const breakpoint_view_t INPUT = {.breakpoint = {.kind = breakpoint_kind_input}};
static const breakpoint_view_t BUDGET = {
    .breakpoint = {.kind = breakpoint_kind_budget, .options = TEXTS ("raise", "cancel")}};
static merge_key_t KEYS[] = {
    {.kind = fact_kind_memory, .key = (char *) "color", .conflict = true},
    {.kind = fact_kind_memory, .key = (char *) "color of it", .conflict = true},
    {.kind = fact_kind_memory, .key = (char *) "settled"},
};
static const breakpoint_view_t MERGE = {
    .breakpoint = {.kind = breakpoint_kind_merge_conflict, .options = TEXTS ("ours", "theirs", "edit")},
    .keys = {3, KEYS}};

static void understands_what_is_typed (void **state)
{
    (void) state;
    static const struct {
        const breakpoint_view_t *view;
        const char *typed;
        utterance_kind_t kind;
        const char *text, *key, *option, *why, *value;
    } CASES[] = {
        {&APPROVAL, "", UTTERANCE_none, NULL, NULL, NULL, NULL, NULL},
        {&APPROVAL, "  ", UTTERANCE_none, NULL, NULL, NULL, NULL, NULL},
        {&APPROVAL, "looks good", UTTERANCE_comment, "looks good", NULL, NULL, NULL, NULL},
        {&APPROVAL, "//etc/passwd", UTTERANCE_comment, "/etc/passwd", NULL, NULL, NULL, NULL},
        {&APPROVAL, "/vote approve", UTTERANCE_vote, NULL, NULL, "approve", NULL, NULL},
        {&APPROVAL, "/vote  APPROVE  it is fine", UTTERANCE_vote, NULL, NULL, "approve", "it is fine", NULL},
        {&APPROVAL, "/claim", UTTERANCE_claim, NULL, NULL, NULL, NULL, NULL},
        {&APPROVAL, "/quit", UTTERANCE_leave, NULL, NULL, NULL, NULL, NULL},
        {&CHOICE, "/vote red wine with fish", UTTERANCE_vote, NULL, NULL, "red wine", "with fish", NULL},
        {&CHOICE, "/vote red with fish", UTTERANCE_vote, NULL, NULL, "red", "with fish", NULL},
        {&INPUT, "/vote {\"n\": 2}", UTTERANCE_vote, NULL, NULL, NULL, NULL, "{\"n\":2}"},
        {&INPUT, "/vote two of them", UTTERANCE_vote, NULL, NULL, NULL, NULL, "\"two of them\""},
        {&BUDGET, "/vote raise {\"tokens\": 5}", UTTERANCE_vote, NULL, NULL, "raise", NULL, "{\"tokens\":5}"},
        {&BUDGET, "/vote cancel too dear", UTTERANCE_vote, NULL, NULL, "cancel", "too dear", NULL},
        {&MERGE, "/vote memory/color theirs nicer", UTTERANCE_vote, NULL, "memory/color", "theirs", "nicer", NULL},
        {&MERGE, "/vote memory/color of it edit blue", UTTERANCE_vote, NULL, "memory/color of it", "edit", NULL,
         "\"blue\""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        utterance_t said = {0};
        baton_error_t error = {0};
        assert_int_equal (utterance_parse (CASES[i].view, CASES[i].typed, &said, &error), BATON_OK);
        assert_int_equal (said.kind, CASES[i].kind);
        assert_true (text_equal (said.text, CASES[i].text) && text_equal (said.key, CASES[i].key));
        assert_true (text_equal (said.option, CASES[i].option) && text_equal (said.why, CASES[i].why));
        char *value = said.value.size > 0 ? json_line (said.value.data, said.value.size) : NULL;
        assert_true (text_equal (value, CASES[i].value));
        free (value);
        utterance_clear (&said);
    }
}

static void says_what_is_wrong_with_it (void **state)
{
    (void) state;
    static const struct {
        const breakpoint_view_t *view;
        const char *typed, *said;
    } CASES[] = {
        {&APPROVAL, "/vote", "approve, reject"},
        {&APPROVAL, "/vote approved", "approve, reject"},
        {&APPROVAL, "/dance on", "there is no /dance;"},
        {&INPUT, "/vote ", "/vote ANSWER"},
        {&MERGE, "/vote ours", "which key"},
        {&MERGE, "/vote memory/settled ours", "which key"},
        {&MERGE, "/vote memory/color", "ours, theirs, edit"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        utterance_t said = {0};
        baton_error_t error = {0};
        assert_int_equal (utterance_parse (CASES[i].view, CASES[i].typed, &said, &error), BATON_invalid_argument);
        assert_non_null (strstr (error.message, CASES[i].said));
        assert_int_equal (said.kind, UTTERANCE_none);
    }
}

static void completes_what_is_typed (void **state)
{
    (void) state;
    static const struct {
        const breakpoint_view_t *view;
        const char *typed, *becomes;
        size_t choices;
    } CASES[] = {
        {&APPROVAL, "hello", "hello", 0},
        {&APPROVAL, "/", "/", 7},
        {&APPROVAL, "/v", "/vote ", 2},
        {&APPROVAL, "/vote r", "/vote reject ", 1},
        {&APPROVAL, "/vote x", "/vote x", 0},
        {&CHOICE, "/vote r", "/vote red ", 2},
        {&INPUT, "/v", "/vote ", 1},
        {&MERGE, "/vote m", "/vote memory/color ", 6},
        {&MERGE, "/vote memory/color t", "/vote memory/color theirs ", 1},
        {&APPROVAL, "/cl", "/claim", 1},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        baton_texts_t choices = {0};
        char *text = utterance_complete (CASES[i].view, CASES[i].typed, &choices);
        assert_string_equal (text, CASES[i].becomes);
        assert_int_equal (choices.count, CASES[i].choices);
        free (text);
        texts_clear (&choices);
    }
}

static void tells_in_the_order_of_time (void **state)
{
    (void) state;
    vote_t votes[] = {{.actor = (char *) "bob", .option = (char *) "approve", .at = 2000, .why = (char *) "fine"},
                      {.actor = (char *) "carol", .option = (char *) "reject", .at = 9000},
                      {.actor = (char *) "dave", .option = (char *) "approve", .at = 9500}};
    comment_t comments[] = {{.actor = (char *) "alice", .text = (char *) "one", .at = 1000},
                            {.actor = (char *) "alice", .text = (char *) "three", .at = 3000}};
    breakpoint_view_t view = {
        .breakpoint = {.state = breakpoint_state_decided, .outcome = (char *) "approve", .votes = {3, votes}},
        .comments = {2, comments}};
    static const char *const ENDS[] = {"alice: one",         "bob votes approve: fine", "alice: three",
                                       "carol votes reject", "dave votes approve",      "decided: approve"};
    prose_t prose = {0};
    room_talk (&view, 60, &prose);
    assert_int_equal (prose.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_non_null (strstr (prose.items[i].text, ENDS[i]));
    prose_clear (&prose);
    assert_int_equal (room_lead (&view.breakpoint), 2);
    assert_int_equal (room_lead (&APPROVAL.breakpoint), 0);
}

static void shares_out_the_rows (void **state)
{
    (void) state;
    static const struct {
        size_t rows, body, talk;
        room_share_t share;
    } CASES[] = {
        {20, 6, 2, {2, 6, 12}},     {20, 100, 0, {2, 18, 0}}, {20, 100, 2, {2, 16, 2}},
        {20, 100, 100, {2, 12, 6}}, {20, 0, 100, {1, 0, 19}}, {4, 100, 100, {2, 0, 2}},
        {3, 100, 100, {1, 0, 2}},   {1, 9, 9, {0, 0, 1}},     {0, 9, 9, {0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        room_share_t share = room_share (CASES[i].rows, CASES[i].body, CASES[i].talk);
        assert_memory_equal (&share, &CASES[i].share, sizeof share);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (understands_what_is_typed), cmocka_unit_test (says_what_is_wrong_with_it),
        cmocka_unit_test (completes_what_is_typed),   cmocka_unit_test (tells_in_the_order_of_time),
        cmocka_unit_test (shares_out_the_rows),
    };
    setlocale (LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests (tests, NULL, NULL);
}
