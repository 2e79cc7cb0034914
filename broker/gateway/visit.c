#include "gateway_internal.h"

#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- whether it may come in ---- */

/*  Whoever led a browser here. */
static baton_status check_way (const visit_t *self, baton_error_t *error)
{
    const gateway_options_t *options = gateway_options (self->gateway);
    const char *host = visit_header (self, MHD_HTTP_HEADER_HOST), *origin = visit_header (self, MHD_HTTP_HEADER_ORIGIN);
    const char *address = gateway_address (self->gateway);
    if (!host || (!guard_host (host, options->names, options->name_count) && !guard_host (host, &address, 1)))
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_wrong_host, "%.100s is not a name of this site",
                           host ? host : "nothing");
    if (origin && !guard_origin (origin, host))
        return baton_fail (error, BATON_permission_denied, BATON_REASON_wrong_origin,
                           "pages of %.100s may not use this site", origin);
    return BATON_OK;
}

/*  At /mcp: a page from elsewhere may be led to this machine by a name of its own; at an address of this machine, both
 * headers must name it. */
static baton_status check_origin (const visit_t *self, baton_error_t *error)
{
    const char *origin = visit_header (self, MHD_HTTP_HEADER_ORIGIN), *host = visit_header (self, MHD_HTTP_HEADER_HOST);
    bool here = mcp_origin_is_local (gateway_url (self->gateway));
    if ((!origin || mcp_origin_is_local (origin)) && (!here || !host || mcp_origin_is_local (host)))
        return BATON_OK;
    return baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                       "/mcp is not for pages from elsewhere");
}

static const struct sockaddr *address_of (const visit_t *self)
{
    return MHD_get_connection_info (self->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
}

/*  An address that has shown many tokens that are none is not listened to for a while. */
static baton_status check_tries (const visit_t *self, baton_error_t *error)
{
    if (guard_may_try (gateway_guard (self->gateway), address_of (self), gateway_now ()))
        return BATON_OK;
    return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy,
                       "this address has shown too many tokens that are none");
}

/*  Requests that come faster than the site takes them from one token; without one, from one address. */
static baton_status check_rate (const visit_t *self, baton_error_t *error)
{
    const gateway_options_t *options = gateway_options (self->gateway);
    if (guard_admit (gateway_guard (self->gateway), self->credential, address_of (self), options->rate, gateway_now ()))
        return BATON_OK;
    return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy,
                       "more than %u requests a second have come with this token, or from this address without one",
                       options->rate);
}

/* ---- the body ---- */

static size_t most_body (const visit_t *self)
{
    return *self->credential ? LIMIT_HTTP_BODY : LIMIT_STRANGER;
}

static baton_status check_type (const visit_t *self, baton_error_t *error)
{
    static const char JSON[] = "application/json";
    const char *type = visit_header (self, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (self->signs_in)
        return BATON_OK;
    if (self->local || !self->route.has_body)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_wrong_media, "%.100s takes no body",
                           self->target);
    if (!type || strncasecmp (type, JSON, strlen (JSON)) != 0 || !strchr (" ;", type[strlen (JSON)]))
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_wrong_media, "the body must be %s, not %.100s",
                           JSON, type ? type : "of an unknown type");
    return BATON_OK;
}

/*  What is known of it before it comes. */
static baton_status check_body (const visit_t *self, baton_error_t *error)
{
    const char *length = visit_header (self, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *coding = visit_header (self, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    unsigned long long size = length ? strtoull (length, NULL, 10) : 0;
    if (length && coding)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_header,
                                 MHD_HTTP_HEADER_TRANSFER_ENCODING, "there is a Content-Length as well");
    if (size == 0 && !coding)
        return BATON_OK;
    if (size > most_body (self))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_too_large, "body",
                                 "the body has %llu bytes, at most %zu are taken%s", size, most_body (self),
                                 *self->credential ? "" : " without a token");
    return check_type (self, error);
}

/*  So many more bytes have come: there is time for as many again. */
static void count_body (visit_t *self, size_t size)
{
    if (self->size / CALLER_STEP < (self->size + size) / CALLER_STEP)
        caller_expect (self->connection, gateway_now () + CALLER_BODY);
    self->size += size;
}

/*  False when it is more than is taken: no answer is possible amidst a body. */
static bool add_to_body (visit_t *self, const char *data, size_t size)
{
    if (self->size + size > most_body (self))
        return false;
    if (self->size + size > self->room) {
        size_t room = self->room ? self->room : 1024;
        while (room < self->size + size)
            room *= 2;
        char *body = gateway_hold (self->gateway, room - self->room) ? realloc (self->body, room) : NULL;
        if (!body)
            return false;
        self->body = body;
        self->room = room;
    }
    memcpy (self->body + self->size, data, size);
    count_body (self, size);
    return true;
}

static void drop_body (visit_t *self)
{
    gateway_let_go (self->gateway, self->room);
    free (self->body);
    self->body = NULL;
    self->room = self->size = 0;
}

/* ---- to the core and back ---- */

static baton_status make_request (visit_t *self, request_t **ret_request, baton_error_t *error)
{
    baton_status status =
        self->signs_in ? signin_take_form (self, error) : route_add_body (&self->route, self->body, self->size, error);
    drop_body (self);
    self->header.id = 1;
    if (status != BATON_OK)
        return status;
    *ret_request =
        request_new_at (gateway_door (self->gateway), self, self->route.method, &self->header, gateway_now ());
    if (!*ret_request)
        return baton_fail_memory (error);
    request_t *request = *ret_request;
    if (request->error.status == BATON_OK)
        request->error.status =
            record_from_json (&METHODS[request->method].type, self->route.params, request->params, &request->error);
    if (request->error.status == BATON_OK)
        request->error.status = request_seal (request, &request->error);
    return BATON_OK;
}

static enum MHD_Result submit (visit_t *self)
{
    request_t *request = NULL;
    if (make_request (self, &request, &self->error) != BATON_OK)
        return respond_problem (self, &self->error);
    if (request->error.status != BATON_OK) {
        self->error = request->error;
        request_destroy (&request);
        return respond_problem (self, &self->error);
    }
    memcpy (request->credential, self->credential, sizeof request->credential);
    self->stage = STAGE_waiting;
    self->under_way++;
    gateway_wait (self->gateway, self);
    door_submit (gateway_door (self->gateway), &request);
    return MHD_YES;
}

void visit_forget (visit_t *self)
{
    route_clear (&self->route);
    record_clear (&RECORD_request_header, &self->header);
    request_destroy (&self->request);
    free (self->target);
    free (self);
}

static void finish_after_all (visit_t *self, request_t **request)
{
    request_destroy (request);
    if (self->under_way > 0)
        return;
    gateway_unlink (self->gateway, self);
    visit_forget (self);
}

void visit_finish (request_t **request)
{
    visit_t *self = (*request)->ticket;
    self->under_way--;
    if (self->over)
        finish_after_all (self, request);
    else if (self->stream)
        stream_take (self, request);
    else {
        self->request = *request;
        *request = NULL;
        self->stage = STAGE_done;
        gateway_wake (self->gateway, self);
    }
}

/* ---- for libmicrohttpd ---- */

void *visit_begin (void *gateway, const char *target, struct MHD_Connection *connection)
{
    visit_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->ticket.finish = visit_finish;
    self->gateway = gateway;
    self->connection = connection;
    self->target = strdup (target);
    caller_expect (connection, gateway_now () + CALLER_HEADER);
    return self;
}

void visit_end (void *gateway, struct MHD_Connection *connection, void **visit, enum MHD_RequestTerminationCode how)
{
    (void) gateway;
    (void) how;
    visit_t *self = *visit;
    if (!self)
        return;
    *visit = NULL;
    caller_expect (connection, gateway_now () + CALLER_IDLE);
    drop_body (self);
    mcp_visit_destroy (&self->agent);
    stream_end (&self->stream);
    self->over = true;
    if (self->under_way > 0)
        gateway_link (self->gateway, self);
    else
        visit_forget (self);
}

static bool is_at (const visit_t *self, const char *path)
{
    size_t size = strcspn (self->target, "?");
    return strlen (path) == size && strncmp (self->target, path, size) == 0;
}

/*  What needs no core, and tells nobody's secrets. */
static bool is_local (visit_t *self, const char *verb)
{
    const gateway_options_t *options = gateway_options (self->gateway);
    if (strcmp (verb, "GET") != 0 && strcmp (verb, "HEAD") != 0)
        return false;
    for (size_t i = 0; i < options->page_count && !self->page; i++)
        if (is_at (self, options->pages[i].path))
            self->page = &options->pages[i];
    if (!self->page && is_at (self, gateway_description (self->gateway)->path))
        self->page = gateway_description (self->gateway);
    return self->page || signin_is_at (self) || is_at (self, "/healthz");
}

static enum MHD_Result respond_local (visit_t *self)
{
    if (self->page)
        return respond_page (self, self->page);
    if (signin_is_at (self))
        return signin_page (self);
    return respond_text (self, MHD_HTTP_OK, "text/plain", strdup ("ok\n")); /*  it says that this thread is alive */
}

static baton_status find_route (visit_t *self, const char *verb, baton_error_t *error)
{
    bool readyz = strcmp (self->target, "/readyz") == 0; /*  an answer of the core's is what it asks for */
    const char *target = readyz                   ? METHODS[METHOD_site_about].path
                         : measures_wanted (self) ? METHODS[METHOD_site_metrics].path
                                                  : self->target;
    baton_status status = BATON_OK;
    if (signin_is_leaving (self) && strcmp (verb, "POST") == 0)
        self->route = (route_t){.method = METHOD_console_sign_out, .params = json_object (), .has_body = true};
    else
        status = route_find (verb, target, &self->route, error);
    return status == BATON_OK ? visit_take_headers (self, error) : status;
}

/*  What is for the core: by whom, and whether there was not too much of that. */
static baton_status admit (visit_t *self, const char *verb, baton_error_t *error)
{
    baton_status status = check_tries (self, error);
    if (status == BATON_OK && !self->signs_in)
        status = find_route (self, verb, error);
    return status == BATON_OK ? check_rate (self, error) : status;
}

/*  An agent: no body of it is taken before the core has accepted its token, by the same request as readyz. A browser's
 *  cookie is no token here: nothing shows which page has sent it. */
static baton_status begin_agent (visit_t *self, const char *verb, baton_error_t *error)
{
    baton_status status = route_find ("GET", METHODS[METHOD_site_about].path, &self->route, error);
    if (status == BATON_OK)
        status = check_origin (self, error);
    if (status == BATON_OK)
        status = check_tries (self, error);
    if (status == BATON_OK)
        status = visit_take_headers (self, error);
    if (status == BATON_OK && (!*self->credential || *self->csrf))
        status = baton_fail (error, BATON_unauthenticated, BATON_REASON_no_token, "/mcp needs a token");
    if (status == BATON_OK)
        status = check_rate (self, error);
    if (status == BATON_OK)
        self->agent = mcp_visit_new (agents_web (gateway_agents (self->gateway)), self->connection, verb);
    return status == BATON_OK && !self->agent ? baton_fail_memory (error) : status;
}

/*  Its token is good: takes the body, and serves it. */
static enum MHD_Result continue_agent (visit_t *self, const char *data, size_t *size)
{
    if (*size == 0) {
        caller_expect (self->connection, 0);
        enum MHD_Result result = mcp_visit_serve (self->agent, self->credential);
        drop_body (self);
        return result;
    }
    if (!gateway_hold (self->gateway, *size))
        return MHD_NO;
    self->room += *size; /*  that is in the agent's hands */
    if (!mcp_visit_add (self->agent, data, *size))
        return MHD_NO;
    count_body (self, *size);
    *size = 0;
    return MHD_YES;
}

/*  A refusal amidst a request closes the connection, which is right for a body that nobody wants to read. */
static enum MHD_Result go_on (visit_t *self, baton_status status)
{
    bool has_body =
        visit_header (self, MHD_HTTP_HEADER_CONTENT_LENGTH) || visit_header (self, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    caller_expect (self->connection, gateway_now () + CALLER_BODY);
    self->stage = STAGE_body;
    return status != BATON_OK && has_body ? respond_problem (self, &self->error) : MHD_YES;
}

static enum MHD_Result begin (visit_t *self, const char *verb)
{
    if (visit_check_headers (self) != BATON_OK)
        return go_on (self, self->error.status);
    if (strcmp (self->target, "/mcp") == 0)
        return begin_agent (self, verb, &self->error) == BATON_OK ? submit (self) : go_on (self, self->error.status);
    self->local = is_local (self, verb);
    bool asked_by_name = !is_at (self, "/healthz"); /*  which a supervisor asks by whatever address it has */
    baton_status status = asked_by_name ? check_way (self, &self->error) : BATON_OK;
    self->signs_in = !self->local && signin_is_at (self) && strcmp (verb, "POST") == 0;
    if (self->signs_in)
        self->route = (route_t){.method = METHOD_console_sign_in, .params = json_object (), .has_body = true};
    if (status == BATON_OK && !self->local)
        status = admit (self, verb, &self->error);
    if (status == BATON_OK)
        status = check_body (self, &self->error);
    return go_on (self, status);
}

/*  The whole request is here. */
static enum MHD_Result perform (visit_t *self)
{
    caller_expect (self->connection, 0);
    if (self->error.status != BATON_OK)
        return respond_problem (self, &self->error);
    if (self->local)
        return respond_local (self);
    return stream_wanted (self) ? stream_begin (self) : submit (self);
}

/*  The core has answered. */
static enum MHD_Result finish (visit_t *self)
{
    const baton_error_t *error = self->stream ? &self->error : &self->request->error;
    if (error->status == BATON_unauthenticated && *self->credential)
        guard_failed (gateway_guard (self->gateway), address_of (self), gateway_now ());
    if (self->agent && error->status == BATON_OK) {
        self->stage = STAGE_agent; /*  this was asked before the body; its first part, or its end, comes next */
        caller_expect (self->connection, gateway_now () + CALLER_BODY);
        return MHD_YES;
    }
    if (!self->stream)
        return self->signs_in ? signin_respond (self, self->request) : respond_request (self, self->request);
    return error->status == BATON_OK ? stream_respond (self) : respond_problem (self, error);
}

enum MHD_Result visit_continue (void *gateway, struct MHD_Connection *connection, const char *url, const char *verb,
                                const char *version, const char *data, size_t *size, void **visit)
{
    (void) gateway;
    (void) connection;
    (void) url;
    (void) version;
    visit_t *self = *visit;
    if (!self || !self->target)
        return MHD_NO;
    switch (self->stage) {
    case STAGE_fresh:
        return begin (self, verb);
    case STAGE_body:
        if (*size == 0)
            return perform (self);
        if (!add_to_body (self, data, *size))
            return MHD_NO;
        *size = 0;
        return MHD_YES;
    case STAGE_waiting: /*  the gateway ends */
        return MHD_NO;
    case STAGE_done:
        return finish (self);
    case STAGE_agent:
        return continue_agent (self, data, size);
    }
    return MHD_NO;
}
