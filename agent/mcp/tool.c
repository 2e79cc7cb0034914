/*  Calls of tools. */
#include "extra.h"
#include "record_json.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

/* ---- a method's tool ---- */

/*  What stands in a request's header, taken out of the arguments; *ret_key is borrowed from them. */
static baton_status take_header (work_t *work, baton_call_t *ret_options, char ret_key[LIMIT_ID + 1],
                                 baton_error_t *error)
{
    static const char *const NUMBERS[] = {"if_n", "fence"};
    uint64_t *at[] = {&ret_options->if_n, &ret_options->fence};
    for (size_t i = 0; i < 2; i++) {
        json_t *number = json_object_get (work->arguments, NUMBERS[i]);
        if (!number || record_field (&METHODS[work->method].type, NUMBERS[i]))
            continue;
        if (!json_is_integer (number) || json_integer_value (number) < 0)
            return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_wrong_type, NUMBERS[i],
                                     "field %s must be a number from 0 on", NUMBERS[i]);
        *at[i] = (uint64_t) json_integer_value (number);
        json_object_del (work->arguments, NUMBERS[i]);
    }
    json_t *key = json_object_get (work->arguments, "idempotency_key");
    if (!key)
        return BATON_OK;
    if (!json_is_string (key) || json_string_length (key) == 0 || json_string_length (key) > LIMIT_ID)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "idempotency_key",
                                 "field idempotency_key must be text of 1 to %d bytes", LIMIT_ID);
    snprintf (ret_key, LIMIT_ID + 1, "%s", json_string_value (key));
    ret_options->key = ret_key;
    json_object_del (work->arguments, "idempotency_key");
    return BATON_OK;
}

/*  Inside a run, its own session needs not be named. */
static void add_session (work_t *work)
{
    const field_t *field = record_field (&METHODS[work->method].type, "session");
    if (field && *work->desk->session && !json_object_get (work->arguments, "session"))
        json_object_set_new (work->arguments, "session", json_string (work->desk->session));
}

static void give_answer (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    const method_row_t *row = &METHODS[work->method];
    if (row->change)
        mcp_call_log (work->call, status == BATON_OK ? "info" : "warning", "baton",
                      json_pack ("{s:s, s:s}", "method", row->name, "status", baton_status_name (status)));
    if (status == BATON_OK)
        work_give (work, work_json (body), NULL);
    else
        work_complain (work, error);
}

void tool_request (work_t *work, work_step_t *next)
{
    const record_type_t *type = &METHODS[work->method].type;
    baton_call_t options = {0};
    baton_error_t error = {0};
    char key[LIMIT_ID + 1];
    void *request = calloc (1, type->size + 1);
    baton_status status = request ? BATON_OK : baton_fail_memory (&error);
    add_session (work);
    if (status == BATON_OK && METHODS[work->method].change)
        status = take_header (work, &options, key, &error);
    if (status == BATON_OK)
        status = record_from_json (type, work->arguments, request, &error);
    if (status == BATON_OK)
        work_ask (work, work->method, request, &options, next);
    if (request)
        record_clear (type, request);
    free (request);
    if (status != BATON_OK)
        work_complain (work, &error);
}

/* ---- which tool ---- */

static const extra_t *find_extra (const work_t *work, const char *name)
{
    size_t i;
    json_t *tool;
    for (size_t extra = 0; extra < EXTRA_COUNT; extra++)
        if (strcmp (EXTRAS[extra].name, name) == 0)
            json_array_foreach (mcp_catalogue_tools (work->desk->catalogue), i, tool)
            {
                if (strcmp (mcp_text (tool, "name"), name) == 0)
                    return &EXTRAS[extra];
            }
    return NULL;
}

void tool_begin (work_t *work, const char *name)
{
    const extra_t *extra = find_extra (work, name);
    work->method = mcp_catalogue_method (work->desk->catalogue, name);
    if (extra)
        extra->begin (work);
    else if (work->method == METHOD_breakpoint_ask)
        ask_begin (work);
    else if (work->method != METHOD_none)
        tool_request (work, give_answer);
    else
        work_fail (work, MCP_INVALID_PARAMS, "there is no such tool here");
}
