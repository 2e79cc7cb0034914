/*  What the tests of a session's context share: one session, what is said in it, and what its window shows. */
#ifndef BATON_TEST_BROKER_CONTEXT_H
#define BATON_TEST_BROKER_CONTEXT_H

#include "on_stage.h"

#include "compact.h"
#include "history.h"
#include "render.h"
#include "window.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what happens ---- */

static inline void create (void)
{
    stage_do (&stage, "s", METHOD_session_create,
              &(session_create_request_t){.title = (char *) "s", .system = (char *) "Be brief."});
}

static inline void say (item_role_e role, const char *text)
{
    stage_do (&stage, "s", METHOD_item_append,
              &(item_append_request_t){.session = (char *) "s", .role = role, .text = (char *) text});
}

static inline void append (item_role_e role, const part_t *parts, size_t count)
{
    item_append_request_t request = {.session = (char *) "s", .role = role, .parts = {count, (part_t *) parts}};
    stage_do (&stage, "s", METHOD_item_append, &request);
}

static inline void call (const char *id)
{
    static uint8_t input[] = {0x81, 0xa1, 'q', 0xa2, '"', '\\'}; /*  {"q": "\"\\"} */
    part_t part = {.kind = part_kind_tool_call, .call = (char *) id, .tool = (char *) "grep", .value = {6, input}};
    append (item_role_assistant, &part, 1);
}

static inline void result (const char *id)
{
    part_t part = {.kind = part_kind_tool_result, .call = (char *) id, .text = (char *) "two\nlines"};
    append (item_role_tool, &part, 1);
}

/*  Decides a change whose window was planned as the broker does it. */
static inline void give_planned (method_id_t method, const void *request, const window_plan_t *plan)
{
    command_t command = {.method = method,
                         .request = request,
                         .now = STAGE_NOW,
                         .actor = "ada",
                         .role = role_operator,
                         .prepared = plan};
    if (journal_decide (stage.journal, "s", &command, &stage.changed, &stage.error) != BATON_OK)
        fail_msg ("%s: %s", METHODS[method].name, stage.error.message);
    stage_commit (&stage);
}

static inline session_t now (void)
{
    session_t state = {0};
    stage_commit (&stage);
    assert_int_equal (history_load (stage.store, "s", &state, NULL, &stage.error), BATON_OK);
    return state;
}

static inline baton_status try_compact (uint64_t keep, const char *summary)
{
    session_t state = now ();
    window_plan_t plan = {0};
    session_compact_request_t request = {.session = (char *) "s", .keep_last = keep, .summary = (char *) summary};
    baton_status status = compact_plan (stage.store, &state, keep, summary, &plan, &stage.error);
    if (status == BATON_OK)
        give_planned (METHOD_session_compact, &request, &plan);
    record_clear (&RECORD_window_plan, &plan);
    record_clear (&RECORD_session, &state);
    return status;
}

static inline void undo (void)
{
    session_t state = now ();
    window_plan_t plan = {0};
    session_uncompact_request_t request = {.session = (char *) "s"};
    assert_int_equal (compact_undo_plan (stage.store, &state, &plan, &stage.error), BATON_OK);
    give_planned (METHOD_session_uncompact, &request, &plan);
    record_clear (&RECORD_window_plan, &plan);
    record_clear (&RECORD_session, &state);
}

static inline void restore (uint64_t n)
{
    session_t past = {0};
    char at[24];
    snprintf (at, sizeof at, "%lu", n);
    stage_commit (&stage);
    session_restore_request_t request = {.session = (char *) "s", .at = at};
    assert_int_equal (history_state (stage.store, "s", n, &past, &stage.error), BATON_OK);
    command_t command = {.method = METHOD_session_restore,
                         .request = &request,
                         .now = STAGE_NOW,
                         .actor = "ada",
                         .role = role_operator,
                         .source = &past};
    assert_int_equal (journal_decide (stage.journal, "s", &command, &stage.changed, &stage.error), BATON_OK);
    record_clear (&RECORD_session, &past);
}

/* ---- what is seen ---- */

static inline baton_status try_render (uint64_t at, render_format_e format, uint64_t budget, rendering_t *ret_rendering)
{
    session_t state = {0};
    shown_list_t list = {0};
    stage_commit (&stage);
    assert_int_equal (history_state (stage.store, "s", at, &state, &stage.error), BATON_OK);
    assert_int_equal (window_items (stage.store, &state, &list, &stage.error), BATON_OK);
    baton_status status = render (stage.store, &state, &list, format, budget, ret_rendering, &stage.error);
    if (status == BATON_OK && budget == 0) {
        assert_int_equal (ret_rendering->items, state.window.items);
        assert_int_equal (ret_rendering->tokens, state.window.tokens);
        assert_int_equal (ret_rendering->estimated, state.window.estimated);
    }
    shown_list_clear (&list);
    record_clear (&RECORD_session, &state);
    return status;
}

/*  The rendering at a position (0: now); freed by the caller. */
static inline char *shown (uint64_t at, render_format_e format, uint64_t budget)
{
    rendering_t rendering = {0};
    if (try_render (at, format, budget, &rendering) != BATON_OK)
        fail_msg ("%s", stage.error.message);
    char *text = strndup ((char *) rendering.content.data, rendering.content.size);
    assert_non_null (text);
    record_clear (&RECORD_rendering, &rendering);
    return text;
}

static inline void check_shown (uint64_t at, render_format_e format, uint64_t budget, const char *wanted)
{
    char *text = shown (at, format, budget);
    assert_string_equal (text, wanted);
    free (text);
}

/*  The items in the window, by their positions. */
static inline void check_positions (const char *wanted)
{
    char got[4096] = "";
    session_t state = now ();
    shown_list_t list = {0};
    assert_int_equal (window_items (stage.store, &state, &list, &stage.error), BATON_OK);
    for (size_t i = 0; i < list.count; i++)
        snprintf (got + strlen (got), sizeof got - strlen (got), "%s%lu%s", i ? " " : "", list.items[i].item.n,
                  list.items[i].summary ? "s" : "");
    assert_string_equal (got, wanted);
    shown_list_clear (&list);
    record_clear (&RECORD_session, &state);
}

static inline uint64_t position (void)
{
    session_t state = now ();
    uint64_t n = state.n;
    record_clear (&RECORD_session, &state);
    return n;
}

/*  Two calls at once, somebody who speaks in between, a call without a result, a file. */
static inline void tell_story (void)
{
    create ();                          /*  2: system */
    say (item_role_user, "Find \"x\""); /*  3 */
    static const part_t CALLS[] = {{.kind = part_kind_text, .text = (char *) "Looking"},
                                   {.kind = part_kind_tool_call, .call = (char *) "c/1", .tool = (char *) "grep"},
                                   {.kind = part_kind_tool_call, .call = (char *) "c2", .tool = (char *) "ls"}};
    append (item_role_assistant, CALLS, 3); /*  4 */
    say (item_role_user, "hurry");          /*  5 */
    result ("c2");                          /*  6 */
    result ("c/1");                         /*  7 */
    stage_do (&stage, "s", METHOD_item_append,
              &(item_append_request_t){.session = (char *) "s",
                                       .role = item_role_user,
                                       .text = (char *) "int\tx;",
                                       .source = (char *) "src/x.c"}); /*  8 */
    say (item_role_assistant, "Found");                                /*  9 */
    call ("c3");                                                       /*  10 */
}

#endif
