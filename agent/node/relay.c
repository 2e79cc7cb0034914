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

void relay_request (void *arg, const request_header_t *header, const uint8_t *body, size_t size)
{
    daemon_t *self = arg;
    run_logs_request_t request = {.session = NULL};
    log_page_t page = {.offset = 0};
    baton_error_t error;
    baton_status status;
    if (method_find (header->method) != METHOD_run_logs)
        status = baton_fail (&error, BATON_invalid_argument, BATON_REASON_unknown_method, "a node has no method %s",
                             header->method);
    else
        status = record_decode (&METHODS[METHOD_run_logs].type, body, size, &request, &error);
    if (status == BATON_OK)
        status = read_log (self, &request, &page, &error);
    if (status == BATON_OK)
        link_reply (self->link, header->id, &RECORD_log_page, &page);
    else
        link_refuse (self->link, header->id, &error);
    record_clear (&METHODS[METHOD_run_logs].type, &request);
    record_clear (&RECORD_log_page, &page);
}
