/*  A call that is under way, and how it ends. Inside this room only. */
#ifndef BATON_MCP_WORK_H
#define BATON_MCP_WORK_H

#include "desk.h"

struct mcp_desk {
    const mcp_catalogue_t *catalogue;
    const mcp_backend_t *backend;
    void *backend_arg;
    char session[LIMIT_ID + 1]; /*  inside a run: its own */
    struct watcher *watchers;   /*  watch.c */
    bool hurried;               /*  nothing is waited for any more */
};

typedef struct work work_t;

/*  Goes on with an answer. It may be an error; then the body is empty. */
typedef void (work_step_t) (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error);

struct work {
    mcp_desk_t *desk;
    mcp_call_t *call;
    void *ticket; /*  of the request that is under way */
    work_step_t *next;
    /*  For the steps of one kind of work; owned. */
    method_id_t method;
    json_t *arguments; /*  of the tool or prompt */
    json_t *result;    /*  what has been put together so far */
    char session[LIMIT_ID + 1];
    uint64_t number;       /*  of a breakpoint, or of a run */
    uint64_t n;            /*  the position that was seen last */
    uint64_t asked_at;     /*  when the request that is under way was begun */
    uint64_t begun, until; /*  of a wait, milliseconds of the monotonic clock */
    char *uri;             /*  of a resource */
};

/*  Makes the call's work; fails the call, and gives NULL, for lack of memory. */
work_t *work_new (mcp_desk_t *desk, mcp_call_t *call);

/*  Frees it without a word to the client. */
void work_destroy (work_t *self);

/*  Begins a request with a record of the method's type. options may be NULL. */
void work_ask (work_t *self, method_id_t method, const void *request, const baton_call_t *options, work_step_t *next);

/*  The end of the call, and of the work. */
void work_finish (work_t *self, json_t *result);
void work_fail (work_t *self, int code, const char *text);

/*  Ends a call of a tool: with what it gives (taken over), as JSON and as that text (NULL: the JSON itself); or with
 * what a model is to know of a failure. */
void work_give (work_t *self, json_t *value, const char *text);
void work_complain (work_t *self, const baton_error_t *error);

/*  Ends a call that is none of a tool's. */
void work_refuse (work_t *self, const baton_error_t *error);

/*  The answer as JSON; NULL for lack of memory. */
json_t *work_json (const baton_bytes_t *body);

/*  The session that an argument names: that of the run when there is none. NULL when there is none at all. */
const char *work_session (const work_t *self, const json_t *arguments);

/*  Milliseconds of the monotonic clock. */
uint64_t work_clock (void);

/* ---- kinds of work ---- */

void tool_begin (work_t *work, const char *name);
/*  Begins the request of work->method with work->arguments, or complains of them. */
void tool_request (work_t *work, work_step_t *next);
void ask_begin (work_t *work);
void initialize_session_begin (work_t *work);
void get_status_begin (work_t *work);
void synthesize_begin (work_t *work);
void resources_list_begin (work_t *work);
void resource_begin (work_t *work);
void prompt_begin (work_t *work);
void completion_begin (work_t *work);
json_t *resource_templates (const mcp_desk_t *desk);
json_t *prompt_list (void);

/*  Takes a URI of a resource of ours apart. */
typedef enum { RESOURCE_none, RESOURCE_session, RESOURCE_context, RESOURCE_decisions, RESOURCE_log } resource_e;
resource_e resource_parse (const char *uri, char ret_session[LIMIT_ID + 1], uint64_t *ret_run);

#endif
