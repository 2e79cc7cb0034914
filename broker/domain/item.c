/*  Items of the context, and the tool calls in them, each of which gets exactly one result. */
#include "deciding.h"
#include "lineage.h"

#include <string.h>

#define IMAGE_TOKENS 1600
#define PDF_BYTES_A_TOKEN 25 /*  some 50 KiB and 2,000 tokens a page */

/* ---- what an item must be ---- */

static size_t parts_bytes (const part_t *parts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += (parts[i].text ? strlen (parts[i].text) : 0) + parts[i].value.size;
    return bytes;
}

/*  What a model may be charged for a blob that it is shown (docs/context.md); about what both providers say of an image
 *  that is scaled down to what they take, and of the text and image of a PDF's pages. */
static uint64_t blob_tokens (const part_t *part)
{
    static const char *const IMAGES[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};
    bool shown = part->kind == part_kind_blob && part->size <= LIMIT_RENDER_BLOB;
    for (size_t i = 0; shown && i < sizeof IMAGES / sizeof *IMAGES; i++)
        if (text_equal (part->media_type, IMAGES[i]))
            return IMAGE_TOKENS;
    bool pages = shown && text_equal (part->media_type, "application/pdf");
    return pages ? IMAGE_TOKENS + part->size / PDF_BYTES_A_TOKEN : 0;
}

static uint64_t estimate_parts (const part_t *parts, size_t count)
{
    uint64_t tokens = window_estimate (parts_bytes (parts, count));
    for (size_t i = 0; i < count; i++)
        tokens += blob_tokens (&parts[i]);
    return tokens;
}

/*  A part must have what its kind is about. */
static baton_status check_part (const part_t *part, baton_error_t *error)
{
    bool of_call = part->kind == part_kind_tool_call || part->kind == part_kind_tool_result;
    const char *lacks = part->kind == part_kind_text && !part->text             ? "text"
                        : part->kind == part_kind_tool_call && !part->tool      ? "tool"
                        : of_call && !part->call                                ? "call"
                        : part->kind == part_kind_json && part->value.size == 0 ? "value"
                        : part->kind == part_kind_blob && !part->digest         ? "digest"
                                                                                : NULL;
    if (!lacks)
        return BATON_OK;
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_missing_field, "parts",
                             "a part of kind %s needs the field %s", enum_name (&part_kind_names, part->kind), lacks);
}

static baton_status check_size (const part_t *parts, size_t count, baton_error_t *error)
{
    if (parts_bytes (parts, count) <= LIMIT_ITEM)
        return BATON_OK;
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_too_large, "parts",
                             "the parts of an item are at most %u bytes together", LIMIT_ITEM);
}

/*  Who calls a tool, and who may tell what it gave. */
static baton_status check_role (const part_t *part, item_role_e role, baton_error_t *error)
{
    bool fits = part->kind == part_kind_tool_call     ? role == item_role_assistant
                : part->kind == part_kind_tool_result ? role == item_role_tool || role == item_role_user
                                                      : true;
    if (fits)
        return BATON_OK;
    return baton_fail_field (
        error, BATON_invalid_argument, BATON_REASON_bad_value, "role",
        "a %s belongs into an item of the role %s, not %s", enum_name (&part_kind_names, part->kind),
        part->kind == part_kind_tool_call ? "assistant" : "tool", enum_name (&item_role_names, role));
}

static open_call_t *find_call (const session_t *self, const char *call)
{
    for (size_t i = 0; i < self->window.calls.count; i++)
        if (text_equal (self->window.calls.items[i].call, call))
            return &self->window.calls.items[i];
    return NULL;
}

/*  Whether an earlier part of the same item has that kind and call. */
static bool repeats (const part_t *parts, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (parts[i].kind == parts[index].kind && text_equal (parts[i].call, parts[index].call))
            return true;
    return false;
}

static baton_status check_pairing (const session_t *self, const part_t *parts, size_t index, baton_error_t *error)
{
    const part_t *part = &parts[index];
    bool open = find_call (self, part->call) != NULL;
    if (part->kind == part_kind_tool_call && (open || repeats (parts, index)))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "parts",
                                 "the call %s waits for its result already: give each call an id of its own",
                                 part->call);
    if (part->kind == part_kind_tool_result && (!open || repeats (parts, index)))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "parts",
                                 "no call %s waits for a result: it was never made, or has got its result", part->call);
    return BATON_OK;
}

static baton_status check_calls (const session_t *self, const part_t *parts, size_t count, baton_error_t *error)
{
    size_t open = self->window.calls.count;
    for (size_t i = 0; i < count; i++) {
        baton_status status = check_pairing (self, parts, i, error);
        if (status != BATON_OK)
            return status;
        open += parts[i].kind == part_kind_tool_call;
    }
    if (open <= LIMIT_CALLS)
        return BATON_OK;
    return baton_fail_field (error, BATON_resource_exhausted, BATON_REASON_too_large, "parts",
                             "at most %d calls may wait for their results", LIMIT_CALLS);
}

static bool stays (item_role_e role, bool pinned)
{
    return pinned || role == item_role_system;
}

static baton_status check_pins (size_t pins, baton_error_t *error)
{
    if (pins <= LIMIT_PINS)
        return BATON_OK;
    return baton_fail_field (error, BATON_resource_exhausted, BATON_REASON_too_large, "pinned",
                             "at most %d items of a session are pinned, those of the role system among them: unpin one",
                             LIMIT_PINS);
}

/*  A call and its result are shown side by side, so neither can stay alone. */
static baton_status check_pinned (const part_t *parts, size_t count, baton_error_t *error)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].kind == part_kind_tool_call || parts[i].kind == part_kind_tool_result)
            return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "pinned",
                                     "an item with a tool call or a result can't be pinned");
    return BATON_OK;
}

/*  A blob is an artifact of the session, so that nobody gets at content by guessing digests. */
static baton_status find_blob (const session_t *self, part_t *part, baton_error_t *error)
{
    for (size_t i = 0; i < self->artifacts.count; i++) {
        const artifact_t *artifact = &self->artifacts.items[i];
        if (!text_equal (artifact->digest, part->digest))
            continue;
        part->size = artifact->size;
        part->media_type = artifact->media_type;
        return BATON_OK;
    }
    return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_artifact, "parts",
                             "session %s has no artifact with the digest %.80s: put it first", self->session,
                             part->digest);
}

static baton_status check_parts (const session_t *self, item_role_e role, part_t *parts, size_t count,
                                 baton_error_t *error)
{
    for (size_t i = 0; i < count; i++) {
        baton_status status = check_part (&parts[i], error);
        if (status == BATON_OK)
            status = check_role (&parts[i], role, error);
        if (status == BATON_OK && parts[i].kind == part_kind_blob)
            status = find_blob (self, &parts[i], error);
        if (status != BATON_OK)
            return status;
    }
    baton_status status = check_size (parts, count, error);
    return status == BATON_OK ? check_calls (self, parts, count, error) : status;
}

/* ---- appending ---- */

void item_tell_pressure (deciding_t *deciding, const window_t *window, uint64_t tokens)
{
    uint64_t level = window_level (window, tokens);
    if (level > window->level)
        emit (deciding, EVENT_context_pressure,
              &(context_pressure_event_t){.level = level, .tokens = tokens, .size = window_size (window)});
}

static baton_status check_item (const item_append_request_t *request, baton_error_t *error)
{
    if (request->text ? request->parts.count > 0 : request->parts.count == 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_missing_field, "text",
                                 "an item needs either text or parts");
    if (request->source && !request->text)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_missing_field, "text",
                                 "what was read from %.200s is missing: a source needs a text", request->source);
    return BATON_OK;
}

baton_status decide_item_append (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const item_append_request_t *request = deciding->command->request;
    baton_status status = check_item (request, deciding->error);
    if (status != BATON_OK)
        return status;
    part_t parts[LIMIT_OPTIONS] = {{.kind = part_kind_text, .text = request->text}};
    size_t count = request->text ? 1 : request->parts.count;
    if (!request->text)
        memcpy (parts, request->parts.items, count * sizeof *parts); /*  borrowed */
    status = check_parts (self, request->role, parts, count, deciding->error);
    if (status == BATON_OK && stays (request->role, request->pinned))
        status = check_pinned (parts, count, deciding->error);
    if (status == BATON_OK && stays (request->role, request->pinned))
        status = check_pins (self->window.pins.count + 1, deciding->error);
    if (status != BATON_OK)
        return status;
    uint64_t tokens = request->tokens ? request->tokens : estimate_parts (parts, count);
    emit (deciding, EVENT_item_appended,
          &(item_appended_event_t){
              .role = request->role,
              .parts = {count, parts},
              .tokens = tokens,
              .estimated = request->tokens == 0,
              .pinned = request->pinned,
              .source = request->source,
              .digest = request->source ? (char *) deciding->command->digest : NULL,
          });
    item_tell_pressure (deciding, &self->window, self->window.tokens + tokens);
    return BATON_OK;
}

/* ---- what a session begins with ---- */

static baton_status check_openings (const session_create_request_t *request, baton_error_t *error)
{
    size_t pins = request->system ? 1 : 0, bytes = request->system ? strlen (request->system) : 0;
    for (size_t i = 0; i < request->bootstrap.count; i++) {
        const opening_t *opening = &request->bootstrap.items[i];
        pins += stays (opening->role, opening->pinned);
        bytes += strlen (opening->text);
    }
    if (bytes > LIMIT_BOOTSTRAP_BYTES)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_too_large, "bootstrap",
                                 "what a session begins with is at most %u bytes together", LIMIT_BOOTSTRAP_BYTES);
    return check_pins (pins, error);
}

static uint64_t open_with (deciding_t *deciding, const opening_t *opening)
{
    part_t part = {.kind = part_kind_text, .text = opening->text};
    uint64_t tokens = window_estimate (strlen (opening->text));
    emit (deciding, EVENT_item_appended,
          &(item_appended_event_t){
              .role = opening->role,
              .parts = {1, &part},
              .tokens = tokens,
              .estimated = true,
              .pinned = opening->pinned,
              .source = opening->source,
              .digest = opening->digest,
          });
    return tokens;
}

baton_status item_check_bootstrap (deciding_t *deciding)
{
    return check_openings (deciding->command->request, deciding->error);
}

void item_bootstrap (deciding_t *deciding)
{
    const session_create_request_t *request = deciding->command->request;
    uint64_t tokens = 0;
    if (request->system)
        tokens += open_with (deciding, &(opening_t){.role = item_role_system, .text = request->system});
    for (size_t i = 0; i < request->bootstrap.count; i++)
        tokens += open_with (deciding, &request->bootstrap.items[i]);
    item_tell_pressure (deciding, &(window_t){.size = request->window, .pressure = request->pressure}, tokens);
}

/* ---- calls that get no result ---- */

void item_end_calls (deciding_t *deciding, const window_t *window, uint64_t run, const char *why)
{
    for (size_t i = 0; i < window->calls.count; i++) {
        const open_call_t *call = &window->calls.items[i];
        if (run > 0 && call->run != run)
            continue;
        part_t part = {
            .kind = part_kind_tool_result, .call = call->call, .tool = call->tool, .text = (char *) why, .error = true};
        emit (deciding, EVENT_item_appended,
              &(item_appended_event_t){
                  .role = item_role_tool,
                  .parts = {1, &part},
                  .tokens = window_estimate (strlen (why)),
                  .estimated = true,
                  .synthetic = true,
              });
    }
}

/* ---- evolve ---- */

static baton_status note_call (session_t *self, const event_t *event, const part_t *part)
{
    open_call_t *known = find_call (self, part->call);
    if (part->kind == part_kind_tool_result && known)
        list_remove (&self->window.calls, &RECORD_open_call, (size_t) (known - self->window.calls.items));
    if (part->kind != part_kind_tool_call || !part->call || known || self->window.calls.count >= LIMIT_CALLS)
        return BATON_OK;
    open_call_t *call = list_append (&self->window.calls, sizeof *call);
    if (!call || text_set (&call->call, part->call) || text_set (&call->tool, part->tool))
        return BATON_resource_exhausted;
    call->n = event->n;
    call->run = event->run;
    return BATON_OK;
}

static void count_item (session_t *self, const event_t *event)
{
    const item_appended_event_t *body = event->body;
    window_t *window = &self->window;
    if (window->items == 0 && window->spans.count == 0) { /*  a snapshot from before windows were counted */
        window->items = self->items;
        window->tokens = self->tokens;
    }
    self->items++;
    self->tokens += body->tokens;
    window->items++;
    window->tokens += body->tokens;
    window->estimated += body->estimated;
    if (event->run > 0 && event->run == self->run.number) {
        self->run.items++;
        self->run.tokens += body->tokens;
    }
}

baton_status evolve_item_appended (session_t *self, const event_t *event)
{
    const item_appended_event_t *body = event->body;
    pin_t pin = {.place = line_next (self), .tokens = body->tokens, .estimated = body->estimated};
    count_item (self, event);
    budget_count_item (self, event, body->tokens);
    if (stays (body->role, body->pinned) && window_add_pin (&self->window, &pin) != BATON_OK)
        return BATON_resource_exhausted;
    for (size_t i = 0; i < body->parts.count; i++)
        if (note_call (self, event, &body->parts.items[i]) != BATON_OK)
            return BATON_resource_exhausted;
    return BATON_OK;
}

/*  For readers alone. */
baton_status evolve_transcript_noted (session_t *self, const event_t *event)
{
    (void) self, (void) event;
    return BATON_OK;
}

baton_status evolve_context_pressure (session_t *self, const event_t *event)
{
    self->window.level = ((const context_pressure_event_t *) event->body)->level;
    return BATON_OK;
}
