#include "work.h"

#include <stdlib.h>
#include <string.h>

mcp_desk_t *mcp_desk_new (const mcp_catalogue_t *catalogue, const mcp_backend_t *backend, void *backend_arg,
                          const char *session)
{
    mcp_desk_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->catalogue = catalogue;
    self->backend = backend;
    self->backend_arg = backend_arg;
    snprintf (self->session, sizeof self->session, "%s", session);
    return self;
}

void mcp_desk_destroy (mcp_desk_t **self)
{
    free (*self);
    *self = NULL;
}

void *mcp_desk_backend_arg (const mcp_desk_t *self)
{
    return self->backend_arg;
}

void mcp_desk_hurry (mcp_desk_t *self)
{
    self->hurried = true;
}

void mcp_desk_drop (void *desk, mcp_call_t *call)
{
    (void) desk;
    work_destroy (mcp_call_data (call));
}

/* ---- tools ---- */

static void call_tool (mcp_desk_t *desk, mcp_call_t *call)
{
    const json_t *params = mcp_call_params (call);
    const char *name = mcp_text (params, "name");
    const json_t *arguments = json_object_get (params, "arguments");
    if (!name || (arguments && !json_is_object (arguments))) {
        mcp_call_fail (call, MCP_INVALID_PARAMS, "params must have the name of a tool, and an object of arguments",
                       NULL);
        return;
    }
    work_t *work = work_new (desk, call);
    if (!work)
        return;
    work->arguments = arguments ? json_copy ((json_t *) arguments) : json_object ();
    tool_begin (work, name);
}

static void list_tools (mcp_desk_t *desk, mcp_call_t *call)
{
    mcp_call_finish (call, json_pack ("{s:O, s:i}", "tools", mcp_catalogue_tools (desk->catalogue), "ttlMs", 3600000));
}

static void list_prompts (mcp_desk_t *desk, mcp_call_t *call)
{
    (void) desk;
    mcp_call_finish (call, json_pack ("{s:o, s:i}", "prompts", prompt_list (), "ttlMs", 3600000));
}

static void list_templates (mcp_desk_t *desk, mcp_call_t *call)
{
    mcp_call_finish (call, json_pack ("{s:o, s:i}", "resourceTemplates", resource_templates (desk), "ttlMs", 3600000));
}

/* ---- the rest ---- */

static void begin_work (mcp_desk_t *desk, mcp_call_t *call, void (*begin) (work_t *work))
{
    work_t *work = work_new (desk, call);
    if (work)
        begin (work);
}

static void list_resources (mcp_desk_t *desk, mcp_call_t *call)
{
    begin_work (desk, call, resources_list_begin);
}

static void read_resource (mcp_desk_t *desk, mcp_call_t *call)
{
    begin_work (desk, call, resource_begin);
}

static void get_prompt (mcp_desk_t *desk, mcp_call_t *call)
{
    begin_work (desk, call, prompt_begin);
}

static void complete (mcp_desk_t *desk, mcp_call_t *call)
{
    begin_work (desk, call, completion_begin);
}

void mcp_desk_begin (void *desk, mcp_call_t *call)
{
    static const struct {
        const char *method;
        void (*begin) (mcp_desk_t *desk, mcp_call_t *call);
    } CALLS[] = {{"tools/list", list_tools},         {"tools/call", call_tool},
                 {"resources/list", list_resources}, {"resources/templates/list", list_templates},
                 {"resources/read", read_resource},  {"prompts/list", list_prompts},
                 {"prompts/get", get_prompt},        {"completion/complete", complete}};
    for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS; i++)
        if (strcmp (CALLS[i].method, mcp_call_method (call)) == 0) {
            CALLS[i].begin (desk, call);
            return;
        }
    mcp_call_fail (call, MCP_METHOD_NOT_FOUND, "there is no such method", NULL);
}
