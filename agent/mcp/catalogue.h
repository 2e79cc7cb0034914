/*  What is offered to models: a tool for each method that is meant for them, those that do more than one method
 *  (orchestrator.c), resources and prompts. Made once, shared by all clients.
 */
#ifndef BATON_MCP_CATALOGUE_H
#define BATON_MCP_CATALOGUE_H

#include "peer.h"
#include "schema.h"

typedef struct {
    bool inside;       /*  a run speaks: only what it may do with its own session */
    bool local;        /*  folders that a client names are on this machine */
    const char *nouns; /*  only tools of these, such as "session,breakpoint"; NULL: all */
} mcp_scope_t;

typedef struct mcp_catalogue mcp_catalogue_t;

/*  NULL for lack of memory. */
mcp_catalogue_t *mcp_catalogue_new (const mcp_scope_t *scope);
void mcp_catalogue_destroy (mcp_catalogue_t **self);

/*  For mcp_setting_t; its offer_arg is an mcp_desk_t. */
const mcp_offer_t *mcp_catalogue_offer (const mcp_catalogue_t *self);
const mcp_scope_t *mcp_catalogue_scope (const mcp_catalogue_t *self);

/*  The list of tools, as tools/list has it. */
const json_t *mcp_catalogue_tools (const mcp_catalogue_t *self);

/*  The method of a tool, METHOD_none when there is none of that name here; and whether it is one that does more. */
method_id_t mcp_catalogue_method (const mcp_catalogue_t *self, const char *tool);

/*  A reason's hint as it helps here: commands of the command line that are tools, by the tools' names; the page of the
 *  methods as the tool's schema, which says the same. */
void mcp_catalogue_hint (const mcp_catalogue_t *self, const char *hint, char *ret_text, size_t size);

#endif
