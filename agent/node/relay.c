#include "node_internal.h"
#include "place.h"
#include "runlog.h"

#define DEFAULT_LIMIT 65536

/*  The answer's other fields need a little room in its frame. */
#define LIMIT_CONTENT (LIMIT_FRAME - 1024)

static bool is_alive (daemon_t *self, const char *session, uint64_t run)
{
    const attempt_t *attempt = runs_find (self->runs, session);
    return attempt && attempt->run == run && attempt->state != ATTEMPT_ended;
}

static baton_status read_log (daemon_t *self, const run_logs_request_t *request, log_page_t *ret_page,
                              baton_error_t *error)
{
    if (!place_possible (request->session))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "session",
                                 "%s can't be a session of this node", request->session);
    const char *state = self->options->state;
    uint64_t run = request->run > 0 ? request->run : place_last_run (state, request->session);
    uint64_t limit = request->limit == 0 ? DEFAULT_LIMIT : request->limit;
    char folder[PLACE_SIZE];
    place_log_path (state, request->session, run, folder);
    bool alive = is_alive (self, request->session, run); /*  before reading: what is printed meanwhile isn't lost */
    if (!alive && access (folder, F_OK) < 0)
        return baton_fail (error, BATON_not_found, BATON_REASON_no_such_run, "node %s has no output of run %llu of %s",
                           self->name, (unsigned long long) run, request->session);
    runlog_page_t page;
    baton_status status =
        runlog_read (folder, request->offset, limit < LIMIT_CONTENT ? limit : LIMIT_CONTENT, &page, error);
    if (status == BATON_OK)
        *ret_page = (log_page_t){
            .offset = page.offset, .content = page.content, .next = page.next, .end = !alive && page.next >= page.end};
    return status;
}

static baton_status answer_log (daemon_t *self, uint64_t id, const uint8_t *body, size_t size, baton_error_t *error)
{
    run_logs_request_t request = {.session = NULL};
    log_page_t page = {.offset = 0};
    baton_status status = record_decode (&METHODS[METHOD_run_logs].type, body, size, &request, error);
    if (status == BATON_OK)
        status = read_log (self, &request, &page, error);
    if (status == BATON_OK)
        link_reply (self->link, id, &RECORD_log_page, &page);
    record_clear (&METHODS[METHOD_run_logs].type, &request);
    record_clear (&RECORD_log_page, &page);
    return status;
}

/*  The folder, which must be there: nothing is made for somebody who looks. */
static baton_status find_workspace (daemon_t *self, const workspace_order_t *order, char ret_path[PLACE_SIZE],
                                    baton_error_t *error)
{
    assignment_t assignment = {.session = order->session, .workspace = order->workspace, .origin = order->origin};
    char own[PLACE_SIZE];
    place_workspace_path (self->options->state, order->session, own);
    bool shared = order->origin.session && order->origin.how == fork_workspace_shared;
    bool given = order->workspace && !ledger_adopted (self->db, order->session);
    if (!shared && !given && access (own, F_OK) < 0)
        return baton_fail (error, BATON_not_found, BATON_REASON_no_such_artifact,
                           "node %s has no workspace of session %s any more", self->name, order->session);
    return act_workspace (self, &assignment, ret_path, error);
}

static baton_status answer_workspace (daemon_t *self, uint64_t id, const uint8_t *body, size_t size,
                                      baton_error_t *error)
{
    workspace_order_t order = {.session = NULL};
    char root[PLACE_SIZE];
    baton_status status = record_decode (&RECORD_workspace_order, body, size, &order, error);
    const attempt_t *attempt = status == BATON_OK ? runs_find (self->runs, order.session) : NULL;
    if (status == BATON_OK && !place_possible (order.session))
        status = baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "session",
                                   "%s can't be a session of this node", order.session);
    if (status == BATON_OK && attempt && attempt_alive (attempt))
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                             "a run of session %s is under way", order.session);
    if (status == BATON_OK && order.digests.size > 0)
        lend_chunks (self->lend, id, &order);
    else if (status == BATON_OK) {
        status = find_workspace (self, &order, root, error);
        if (status == BATON_OK)
            lend_manifest (self->lend, id, &order, root);
    }
    record_clear (&RECORD_workspace_order, &order);
    return status;
}

void relay_request (void *arg, const request_header_t *header, const uint8_t *body, size_t size)
{
    daemon_t *self = arg;
    baton_error_t error;
    baton_status status;
    switch (method_find (header->method)) {
    case METHOD_run_logs:
        status = answer_log (self, header->id, body, size, &error);
        break;
    case METHOD_workspace_manifest:
    case METHOD_workspace_chunks:
        status = answer_workspace (self, header->id, body, size, &error);
        break;
    default:
        status = baton_fail (&error, BATON_invalid_argument, BATON_REASON_unknown_method, "a node has no method %s",
                             header->method);
    }
    if (status != BATON_OK)
        link_refuse (self->link, header->id, &error);
}
