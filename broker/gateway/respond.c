#include "gateway_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- codes ---- */

static const struct {
    baton_reason reason;
    unsigned code;
} BY_REASON[] = {
    {BATON_REASON_bad_link, MHD_HTTP_GONE},
    {BATON_REASON_wrong_verb, MHD_HTTP_METHOD_NOT_ALLOWED},
    {BATON_REASON_wrong_host, MHD_HTTP_MISDIRECTED_REQUEST},
    {BATON_REASON_wrong_media, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE},
    {BATON_REASON_version_mismatch, MHD_HTTP_PRECONDITION_FAILED},
    {BATON_REASON_disk_full, MHD_HTTP_INSUFFICIENT_STORAGE},
    {BATON_REASON_storage_failed, MHD_HTTP_SERVICE_UNAVAILABLE},
    {BATON_REASON_out_of_memory, MHD_HTTP_SERVICE_UNAVAILABLE},
};

static const unsigned BY_STATUS[] = {
    [BATON_invalid_argument] = MHD_HTTP_BAD_REQUEST,
    [BATON_deadline_exceeded] = MHD_HTTP_GATEWAY_TIMEOUT,
    [BATON_not_found] = MHD_HTTP_NOT_FOUND,
    [BATON_already_exists] = MHD_HTTP_CONFLICT,
    [BATON_permission_denied] = MHD_HTTP_FORBIDDEN,
    [BATON_resource_exhausted] = MHD_HTTP_TOO_MANY_REQUESTS,
    [BATON_failed_precondition] = MHD_HTTP_CONFLICT,
    [BATON_aborted] = MHD_HTTP_CONFLICT,
    [BATON_internal] = MHD_HTTP_INTERNAL_SERVER_ERROR,
    [BATON_unavailable] = MHD_HTTP_SERVICE_UNAVAILABLE,
    [BATON_unauthenticated] = MHD_HTTP_UNAUTHORIZED,
};

unsigned respond_code (const baton_error_t *error)
{
    if (error->reason == BATON_REASON_too_large && strcmp (error->field, "body") == 0)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    for (size_t i = 0; i < sizeof BY_REASON / sizeof *BY_REASON; i++)
        if (BY_REASON[i].reason == error->reason)
            return BY_REASON[i].code;
    unsigned code = (size_t) error->status < sizeof BY_STATUS / sizeof *BY_STATUS ? BY_STATUS[error->status] : 0;
    return code ? code : MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* ---- responses ---- */

/*  Takes the text over. NULL for lack of memory, and then the connection is closed. */
static struct MHD_Response *make_response (const char *type, char *text)
{
    struct MHD_Response *response =
        text ? MHD_create_response_from_buffer (strlen (text), text, MHD_RESPMEM_MUST_FREE) : NULL;
    if (!response) {
        free (text);
        return NULL;
    }
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header (response, "X-Content-Type-Options", "nosniff");
    return response;
}

static enum MHD_Result queue (visit_t *self, unsigned code, struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    measures_count (gateway_measures (self->gateway), code);
    enum MHD_Result result = MHD_queue_response (self->connection, code, response);
    MHD_destroy_response (response);
    return result;
}

enum MHD_Result respond_text (visit_t *self, unsigned code, const char *type, char *text)
{
    return queue (self, code, make_response (type, text));
}

/* ---- pages ---- */

/*  Nothing runs in a page but its own files, and no other page can hold it. */
void respond_close_off (struct MHD_Response *response)
{
    MHD_add_response_header (response, "Content-Security-Policy",
                             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src "
                             "'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
                             "frame-ancestors 'none'");
    MHD_add_response_header (response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header (response, "X-Frame-Options", "DENY");
    MHD_add_response_header (response, "Referrer-Policy", "same-origin"); /*  with none, forms have the origin null */
    MHD_add_response_header (response, "Cross-Origin-Opener-Policy", "same-origin");
    MHD_add_response_header (response, "Cross-Origin-Resource-Policy", "same-origin");
}

enum MHD_Result respond_page (visit_t *self, const page_t *page)
{
    char tag[128];
    snprintf (tag, sizeof tag, "\"%s\"", page->hash);
    const char *known = MHD_lookup_connection_value (self->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    bool same = known && strstr (known, tag); /*  it may be a list */
    struct MHD_Response *response = MHD_create_response_from_buffer (
        same ? 0 : page->size, (void *) (uintptr_t) page->data, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    MHD_add_response_header (response, MHD_HTTP_HEADER_ETAG, tag);
    MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL,
                             page->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    if (page->encoding && !same)
        MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_ENCODING, page->encoding);
    respond_close_off (response);
    return queue (self, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}

/* ---- problems: RFC 9457 ---- */

static json_t *problem_of (const baton_error_t *error, unsigned code)
{
    const char *reason = baton_reason_name (error->reason), *hint = baton_reason_hint (error->reason);
    char type[128];
    snprintf (type, sizeof type, "urn:baton:problem:%s", reason);
    json_t *problem =
        json_pack ("{s:s, s:s, s:i, s:s, s:s, s:b}", "type", type, "title", baton_status_name (error->status), "status",
                   (int) code, "detail", *error->message ? error->message : baton_status_name (error->status), "reason",
                   reason, "retry", baton_reason_retry (error->reason));
    if (problem && *error->field)
        json_object_set_new (problem, "field", json_string (error->field));
    if (problem && *hint)
        json_object_set_new (problem, "hint", json_string (hint));
    return problem;
}

enum MHD_Result respond_problem (visit_t *self, const baton_error_t *error)
{
    unsigned code = respond_code (error);
    json_t *problem = problem_of (error, code);
    char *text = problem ? json_dumps (problem, JSON_COMPACT) : NULL;
    json_decref (problem);
    struct MHD_Response *response = make_response ("application/problem+json", text);
    if (response && code == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header (response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"baton\"");
    if (response && code == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header (response, MHD_HTTP_HEADER_ALLOW, self->route.allowed);
    if (response && self->ambiguous)
        MHD_add_response_header (response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (response && baton_reason_retry (error->reason))
        MHD_add_response_header (response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    return queue (self, code, response);
}

/* ---- what the core has answered ---- */

/*  The position of the session, for If-Match and If-None-Match. */
static void add_tag (struct MHD_Response *response, const json_t *json)
{
    char tag[32];
    json_int_t n = json_integer_value (json_object_get (json, "n"));
    snprintf (tag, sizeof tag, "\"%lld\"", (long long) n);
    if (n > 0)
        MHD_add_response_header (response, MHD_HTTP_HEADER_ETAG, tag);
}

enum MHD_Result respond_request (visit_t *self, const request_t *request)
{
    if (request->error.status != BATON_OK)
        return respond_problem (self, &request->error);
    if (measures_wanted (self))
        return measures_respond (self, request);
    json_t *json =
        request->reply.size > 0 ? json_from_value (request->reply.data, request->reply.size) : json_object ();
    char *text = json ? json_dumps (json, JSON_COMPACT | json_digits (json)) : NULL;
    struct MHD_Response *response = make_response ("application/json", text);
    if (response)
        add_tag (response, json);
    if (response && self->route.method == METHOD_console_sign_out)
        signin_forget (self, response);
    else if (response && *self->csrf)
        MHD_add_response_header (response, "Baton-CSRF", self->csrf);
    json_decref (json);
    return queue (self, MHD_HTTP_OK, response);
}
