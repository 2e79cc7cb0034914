/*  breakpoint_ask: asks, and waits for a while. Where the client can ask its user, that person is asked too; what they
 *  say is a vote like any other, of the identity that speaks here.
 */
#include "extra.h"
#include "record_json.h"
#include "text.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_DEFAULT 45000 /*  milliseconds: clients give a tool a minute */
#define BODY_SHOWN 4000    /*  bytes of what is decided that a form shows */
#define SLICE 10000        /*  of one parked read: so often a client that wants progress hears something */

#define AWAY_LEAST 500 /*  an error that comes sooner is one that would come again at once */

typedef struct {
    uint64_t wait;
    bool elicit;
} wishes_t;

/* ---- the schema ---- */

void extra_ask_schema (json_t *tool, const mcp_scope_t *scope)
{
    json_t *properties = json_object_get (json_object_get (tool, "inputSchema"), "properties");
    json_object_set_new (properties, "wait",
                         json_pack ("{s:s, s:i, s:i, s:s}", "type", "integer", "minimum", 0, "maximum", LIMIT_WAIT,
                                    "description",
                                    "milliseconds to wait for the decision (default 45000); when they have passed, ask "
                                    "again with the same key"));
    if (!scope->inside)
        json_object_set_new (properties, "elicit",
                             json_pack ("{s:s, s:s}", "type", "boolean", "description",
                                        "let the person at this client vote at once, where the client can ask (default "
                                        "true)"));
    json_object_set_new (
        tool, "description",
        json_string ("Ask people, and wait for a while for what they decide. A key of the question's own "
                     "makes it safe to ask again: the same key is the same question."));
    json_object_set_new (tool, "outputSchema", record_schema (&RECORD_breakpoint_view, SCHEMA_ANSWER));
}

static bool take_wishes (work_t *work, wishes_t *ret_wishes)
{
    json_t *wait = json_object_get (work->arguments, "wait"), *elicit = json_object_get (work->arguments, "elicit");
    baton_error_t error = {0};
    if ((wait &&
         (!json_is_integer (wait) || json_integer_value (wait) < 0 || json_integer_value (wait) > LIMIT_WAIT)) ||
        (elicit && !json_is_boolean (elicit))) {
        baton_fail (&error, BATON_invalid_argument, BATON_REASON_bad_value,
                    "wait is a number of milliseconds up to %d, and elicit true or false", LIMIT_WAIT);
        work_complain (work, &error);
        return false;
    }
    ret_wishes->wait = wait ? (uint64_t) json_integer_value (wait) : WAIT_DEFAULT;
    ret_wishes->elicit = !elicit || json_is_true (elicit);
    json_object_del (work->arguments, "wait");
    json_object_del (work->arguments, "elicit");
    return true;
}

/* ---- the wait ---- */

static void look (work_t *work, uint64_t past, uint64_t timeout, work_step_t *next)
{
    breakpoint_show_request_t request = {.session = work->session, .breakpoint = work->number};
    baton_call_t options = {.past = past, .timeout = timeout};
    work_ask (work, METHOD_breakpoint_show, &request, &options, next);
}

static void tell_progress (work_t *work, const breakpoint_t *breakpoint, uint64_t now)
{
    char text[128];
    snprintf (text, sizeof text, "waiting for breakpoint %llu: %zu voted, %zu there",
              (unsigned long long) breakpoint->number, breakpoint->votes.count, breakpoint->present.count);
    mcp_call_progress (work->call, (double) (now - work->begun), (double) (work->until - work->begun), text);
}

static void give_view (work_t *work, const breakpoint_t *breakpoint, const baton_bytes_t *body)
{
    char text[1024];
    char *value = breakpoint->value.size > 0 ? json_line (breakpoint->value.data, breakpoint->value.size) : NULL;
    if (breakpoint->state == breakpoint_state_open)
        snprintf (text, sizeof text,
                  "Not decided yet. Ask again with the key \"%s\" to go on waiting; the question and its votes stay.",
                  breakpoint->key);
    else
        snprintf (text, sizeof text, "%s%s%s", breakpoint->outcome ? breakpoint->outcome : "decided", value ? ": " : "",
                  value ? value : "");
    free (value);
    work_give (work, work_json (body), text);
}

static void on_view (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    breakpoint_view_t view = {0};
    baton_error_t flaw = {0};
    uint64_t now = work_clock (), left = work->until > now && !work->desk->hurried ? work->until - now : 0;
    bool away = status == BATON_deadline_exceeded || status == BATON_unavailable;
    if (away && (work->desk->hurried || (left > 0 && now - work->asked_at >= AWAY_LEAST))) {
        look (work, 0, left < SLICE ? left : SLICE, on_view);
        return;
    }
    if (status != BATON_OK ||
        record_decode (&RECORD_breakpoint_view, body->data, body->size, &view, &flaw) != BATON_OK) {
        work_complain (work, status != BATON_OK ? error : &flaw);
        return;
    }
    if (view.breakpoint.state != breakpoint_state_open || left == 0)
        give_view (work, &view.breakpoint, body);
    else {
        tell_progress (work, &view.breakpoint, now);
        look (work, view.n, left < SLICE ? left : SLICE, on_view);
    }
    record_clear (&RECORD_breakpoint_view, &view);
}

/* ---- the person at the client ---- */

/*  Forms are flat: an answer's schema can be shown when its fields are plain. */
static bool is_plain (const json_t *schema)
{
    const char *key;
    json_t *field;
    json_object_foreach (json_object_get (schema, "properties"), key, field)
    {
        const char *type = mcp_text (field, "type");
        if (!type || strcmp (type, "object") == 0 || strcmp (type, "array") == 0)
            return false;
    }
    return json_object_size (json_object_get (schema, "properties")) > 0;
}

static json_t *form_of (const breakpoint_view_t *view)
{
    const baton_texts_t *options = &view->breakpoint.options;
    if (view->breakpoint.kind == breakpoint_kind_input) {
        json_t *schema = view->schema.size > 0 ? json_from_value (view->schema.data, view->schema.size) : NULL;
        if (is_plain (schema))
            return schema;
        json_decref (schema);
        return json_pack ("{s:s, s:{s:{s:s}}, s:[s]}", "type", "object", "properties", "answer", "type", "string",
                          "required", "answer");
    }
    json_t *words = options->count > 0 ? json_array () : json_pack ("[s, s]", "approve", "reject");
    for (size_t i = 0; i < options->count; i++)
        json_array_append_new (words, json_string (options->items[i]));
    return json_pack ("{s:s, s:{s:{s:s, s:o}, s:{s:s, s:s}}, s:[s]}", "type", "object", "properties", "decision",
                      "type", "string", "enum", words, "why", "type", "string", "description", "the reason", "required",
                      "decision");
}

static void elicit (work_t *work, const breakpoint_view_t *view)
{
    char text[LIMIT_TITLE + BODY_SHOWN + 64];
    const breakpoint_t *breakpoint = &view->breakpoint;
    const char *body = view->body ? view->body : "";
    size_t shown = text_cut (body, BODY_SHOWN);
    snprintf (text, sizeof text, "%s\n\n%.*s%s", breakpoint->title, (int) shown, body,
              body[shown] ? "\n\n(cut here: read the rest before you decide)" : "");
    json_t *requests = json_pack ("{s:{s:s, s:{s:s, s:s, s:o}}}", "vote", "method", "elicitation/create", "params",
                                  "mode", "form", "message", text, "requestedSchema", form_of (view));
    json_t *state =
        json_pack ("{s:s, s:I, s:s, s:I, s:b}", "session", work->session, "breakpoint", (json_int_t) work->number,
                   "digest", breakpoint->digest ? breakpoint->digest : "", "wait",
                   (json_int_t) (work->until - work->begun), "input", breakpoint->kind == breakpoint_kind_input);
    mcp_call_t *call = work->call;
    work_destroy (work);
    mcp_call_ask (call, requests, state);
}

static void on_voted (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    (void) body;
    if (status != BATON_OK) /*  it was decided meanwhile, or this person may not vote: others decide */
        mcp_call_log (work->call, "notice", "baton", json_string (error->message));
    look (work, 0, 0, on_view);
}

/*  Goes on after the person at the client was asked. */
static void ask_resume (work_t *work)
{
    const json_t *state = mcp_call_state (work->call), *input = mcp_call_input (work->call, "vote");
    const char *session = mcp_text (state, "session"), *action = mcp_text (input, "action");
    const json_t *content = json_object_get (input, "content");
    work->number = (uint64_t) json_integer_value (json_object_get (state, "breakpoint"));
    work->begun = work_clock ();
    work->until = work->begun + (uint64_t) json_integer_value (json_object_get (state, "wait"));
    snprintf (work->session, sizeof work->session, "%s", session ? session : "");
    if (!action || strcmp (action, "accept") != 0 || !json_is_object (content)) {
        look (work, 0, 0, on_view);
        return;
    }
    breakpoint_vote_request_t vote = {.session = work->session,
                                      .breakpoint = work->number,
                                      .digest = (char *) mcp_text (state, "digest"),
                                      .option = (char *) mcp_text (content, "decision"),
                                      .why = (char *) mcp_text (content, "why")};
    baton_error_t error = {0};
    baton_status status = BATON_OK;
    if (json_is_true (json_object_get (state, "input"))) {
        const json_t *answer = json_object_get (content, "answer");
        vote.option = vote.why = NULL;
        status = json_to_value (json_object_size (content) == 1 && answer ? answer : content, &vote.value, &error);
    }
    if (status == BATON_OK)
        work_ask (work, METHOD_breakpoint_vote, &vote, NULL, on_voted);
    else
        work_complain (work, &error);
    bytes_clear (&vote.value);
}

/* ---- the question ---- */

static void on_first_view (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    breakpoint_view_t view = {0};
    if (status == BATON_OK &&
        record_decode (&RECORD_breakpoint_view, body->data, body->size, &view, NULL) == BATON_OK &&
        view.breakpoint.state == breakpoint_state_open && view.breakpoint.kind != breakpoint_kind_merge_conflict)
        elicit (work, &view);
    else
        on_view (work, status, body, error);
    record_clear (&RECORD_breakpoint_view, &view);
}

static void on_asked (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    changed_t changed = {0};
    baton_error_t flaw = {0};
    if (status != BATON_OK || record_decode (&RECORD_changed, body->data, body->size, &changed, &flaw) != BATON_OK) {
        work_complain (work, status != BATON_OK ? error : &flaw);
        return;
    }
    snprintf (work->session, sizeof work->session, "%s", changed.session);
    work->number = changed.breakpoint;
    record_clear (&RECORD_changed, &changed);
    look (work, 0, 0, work->result ? on_first_view : on_view);
}

void ask_begin (work_t *work)
{
    wishes_t wishes;
    if (mcp_call_state (work->call)) {
        ask_resume (work);
        return;
    }
    if (!take_wishes (work, &wishes))
        return;
    work->begun = work_clock ();
    work->until = work->begun + wishes.wait;
    if (wishes.elicit && !*work->desk->session && mcp_call_can (work->call, "elicitation"))
        work->result = json_true (); /*  that person is to be asked */
    tool_request (work, on_asked);
}
