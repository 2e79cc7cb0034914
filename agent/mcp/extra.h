/*  Tools that do more than one method. */
#ifndef BATON_MCP_EXTRA_H
#define BATON_MCP_EXTRA_H

#include "catalogue.h"

struct work;

typedef struct {
    const char *name;
    const char *description;
    bool outside_only; /*  not for a run */
    bool change;
    const record_type_t *arguments;
    void (*begin) (struct work *work);
} extra_t;

extern const extra_t EXTRAS[];
extern const size_t EXTRA_COUNT;

/*  The tool as tools/list has it. */
json_t *extra_tool (const extra_t *self, const mcp_scope_t *scope);

/*  What breakpoint_ask takes beside the method's fields. */
void extra_ask_schema (json_t *tool, const mcp_scope_t *scope);

#endif
