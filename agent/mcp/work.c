#include "work.h"

#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t work_clock (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

work_t *work_new (mcp_desk_t *desk, mcp_call_t *call)
{
    work_t *self = calloc (1, sizeof *self);
    if (!self) {
        mcp_call_fail (call, MCP_INTERNAL_ERROR, "out of memory", NULL);
        return NULL;
    }
    self->desk = desk;
    self->call = call;
    mcp_call_set_data (call, self);
    return self;
}

void work_destroy (work_t *self)
{
    if (self->ticket)
        self->desk->backend->stop (self->desk->backend_arg, self->ticket);
    json_decref (self->arguments);
    json_decref (self->result);
    free (self->uri);
    free (self);
}

/* ---- requests ---- */

static void go_on (void *arg, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    static const baton_bytes_t NOTHING = {0};
    /*  For a step that can't make anything of an answer. */
    static const baton_error_t UNREADABLE = {BATON_internal, BATON_REASON_bug, "", "the answer can't be read"};
    work_t *self = arg;
    self->ticket = NULL;
    self->next (self, status, status == BATON_OK ? body : &NOTHING, status == BATON_OK ? &UNREADABLE : error);
}

void work_ask (work_t *self, method_id_t method, const void *request, const baton_call_t *options, work_step_t *next)
{
    static const baton_call_t DEFAULTS = {0};
    baton_bytes_t body = {0};
    baton_error_t error = {.status = BATON_internal};
    self->next = next;
    self->asked_at = work_clock ();
    if (record_encode (&METHODS[method].type, request, &body) == BATON_OK)
        self->ticket = self->desk->backend->start (self->desk->backend_arg, method, &body,
                                                   options ? options : &DEFAULTS, go_on, self);
    bytes_clear (&body);
    if (!self->ticket) {
        baton_fail_memory (&error);
        work_refuse (self, &error);
    }
}

json_t *work_json (const baton_bytes_t *body)
{
    return body->size > 0 ? json_from_value (body->data, body->size) : json_object ();
}

const char *work_session (const work_t *self, const json_t *arguments)
{
    const char *session = mcp_text (arguments, "session");
    return session && *session ? session : *self->desk->session ? self->desk->session : NULL;
}

/* ---- the end ---- */

void work_finish (work_t *self, json_t *result)
{
    mcp_call_t *call = self->call;
    work_destroy (self);
    mcp_call_finish (call, result);
}

void work_fail (work_t *self, int code, const char *text)
{
    mcp_call_t *call = self->call;
    json_t *data = self->uri ? json_pack ("{s:s}", "uri", self->uri) : NULL;
    work_destroy (self);
    mcp_call_fail (call, code, text, data);
}

void work_give (work_t *self, json_t *value, const char *text)
{
    char *whole = text ? NULL : json_dumps (value, JSON_COMPACT | json_digits (value));
    json_t *result = json_pack ("{s:[{s:s, s:s}], s:o, s:b}", "content", "type", "text", "text",
                                text    ? text
                                : whole ? whole
                                        : "",
                                "structuredContent", value, "isError", 0);
    free (whole);
    work_finish (self, result);
}

static void describe (const work_t *self, const baton_error_t *error, char text[1024])
{
    char hint[512];
    mcp_catalogue_hint (self->desk->catalogue, baton_reason_hint (error->reason), hint, sizeof hint);
    /*  What is no id has the form of a title, mostly: how names are written would not help. */
    if (error->reason == BATON_REASON_bad_text && strcmp (error->field, "session") == 0)
        mcp_catalogue_hint (self->desk->catalogue, baton_reason_hint (BATON_REASON_no_such_session), hint, sizeof hint);
    snprintf (text, 1024, "%s (%s%s%s)%s%s", error->message, baton_status_name (error->status),
              error->reason == BATON_REASON_none ? "" : ", ",
              error->reason == BATON_REASON_none ? "" : baton_reason_name (error->reason), *hint ? "\n\u2192 " : "",
              hint);
}

void work_complain (work_t *self, const baton_error_t *error)
{
    char text[1024];
    describe (self, error, text);
    work_finish (self, json_pack ("{s:[{s:s, s:s}], s:b}", "content", "type", "text", "text", text, "isError", 1));
}

/*  The codes of the protocol are few: what a client gave is wrong, or it is our side's fault. */
static int code_of (const mcp_call_t *call, baton_status status)
{
    switch (status) {
    case BATON_not_found:
    case BATON_permission_denied:
        return mcp_call_stateless (call) ? MCP_INVALID_PARAMS : MCP_RESOURCE_NOT_FOUND;
    case BATON_invalid_argument:
        return MCP_INVALID_PARAMS;
    default:
        return MCP_INTERNAL_ERROR;
    }
}

void work_refuse (work_t *self, const baton_error_t *error)
{
    char text[1024];
    describe (self, error, text);
    work_fail (self, code_of (self->call, error->status), text);
}
