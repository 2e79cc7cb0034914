/*  What a request's header says: who asks, and what an envelope says over ZeroMQ. */
#include "gateway_internal.h"

#include "bearer.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *visit_header (const visit_t *self, const char *name)
{
    return MHD_lookup_connection_value (self->connection, MHD_HEADER_KIND, name);
}

static baton_status bad_header (const char *name, const char *what, baton_error_t *error)
{
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_header, name, "%.100s must be %s", name,
                             what);
}

static bool all_digits (const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return size > 0 && size <= 18;
}

/* ---- whether there is one way only to read it ---- */

/*  Proxies and servers take one or the other of two, and know different requests by it. */
static bool is_single (const char *name)
{
    static const char *const SINGLE[] = {
        MHD_HTTP_HEADER_HOST,          MHD_HTTP_HEADER_CONTENT_LENGTH, MHD_HTTP_HEADER_TRANSFER_ENCODING,
        MHD_HTTP_HEADER_AUTHORIZATION, MHD_HTTP_HEADER_ORIGIN,         MHD_HTTP_HEADER_CONTENT_TYPE};
    for (size_t i = 0; i < sizeof SINGLE / sizeof *SINGLE; i++)
        if (strcasecmp (SINGLE[i], name) == 0)
            return true;
    return false;
}

static enum MHD_Result check_header (void *visit, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                     const char *value, size_t value_size)
{
    visit_t *self = visit;
    (void) kind;
    const char *first = visit_header (self, name), *what = NULL;
    if (strcspn (name, " \t") != name_size)
        what = "known by a name without spaces";
    else if (is_single (name) && first != value)
        what = "given once";
    else if (strcasecmp (name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 && (!value || !all_digits (value, value_size)))
        what = "a number";
    else if (strcasecmp (name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0 &&
             (!value || strcasecmp (value, "chunked") != 0))
        what = "chunked";
    if (what)
        bad_header (name, what, &self->error);
    self->ambiguous = what;
    return what ? MHD_NO : MHD_YES;
}

baton_status visit_check_headers (visit_t *self)
{
    MHD_get_connection_values_n (self->connection, MHD_HEADER_KIND, check_header, self);
    return self->error.status;
}

/* ---- who asks ---- */

/*  A browser sends its cookie by itself, whoever has made it ask. So a change has to show that a page of ours has: by
 * where it came from, and by what only such a page can have read. */
static baton_status check_page (const visit_t *self, baton_error_t *error)
{
    const char *site = visit_header (self, "Sec-Fetch-Site"), *csrf = visit_header (self, "Baton-CSRF");
    bool same = site ? strcmp (site, "same-origin") == 0 : visit_header (self, MHD_HTTP_HEADER_ORIGIN) != NULL;
    if (!same)
        return baton_fail (error, BATON_permission_denied, BATON_REASON_wrong_origin,
                           "a change with a cookie has to come from a page of this site");
    if (!csrf || strlen (csrf) != strlen (self->csrf) || sodium_memcmp (csrf, self->csrf, strlen (csrf)) != 0)
        return baton_fail_field (error, BATON_permission_denied, BATON_REASON_wrong_csrf, "Baton-CSRF",
                                 "a change with a cookie needs the header Baton-CSRF");
    return BATON_OK;
}

static baton_status take_cookie (visit_t *self, baton_error_t *error)
{
    char text[BEARER_SIZE], digest[DIGEST_SIZE];
    if (!signin_cookie (self, text, sizeof text) || !bearer_valid (text))
        return BATON_OK; /*  one of another time, or of another program at this name: as if there were none */
    digest_of (text, strlen (text), self->credential);
    digest_of_named ("csrf", text, strlen (text), digest);
    snprintf (self->csrf, sizeof self->csrf, "%s", digest);
    sodium_memzero (text, sizeof text);
    return METHODS[self->route.method].change ? check_page (self, error) : BATON_OK;
}

static baton_status take_token (visit_t *self, baton_error_t *error)
{
    static const char SCHEME[] = "Bearer ";
    const char *given = visit_header (self, MHD_HTTP_HEADER_AUTHORIZATION);
    if (!given)
        return take_cookie (self, error);
    if (strncasecmp (given, SCHEME, strlen (SCHEME)) != 0 || !bearer_valid (given + strlen (SCHEME)))
        return baton_fail (error, BATON_unauthenticated, BATON_REASON_unknown_token,
                           "Authorization has no token of this site");
    digest_of (given + strlen (SCHEME), strlen (given + strlen (SCHEME)), self->credential);
    return BATON_OK;
}

/*  If-Match: "7", and If-None-Match: "7": the position of the session that the client knows. */
static baton_status take_position (const visit_t *self, const char *name, uint64_t *ret, baton_error_t *error)
{
    const char *given = visit_header (self, name);
    size_t size = given ? strlen (given) : 0;
    if (!given)
        return BATON_OK;
    if (size < 3 || given[0] != '"' || given[size - 1] != '"' || !all_digits (given + 1, size - 2))
        return bad_header (name, "one position in quotes, as ETag had it", error);
    *ret = strtoull (given + 1, NULL, 10);
    return BATON_OK;
}

static baton_status take_number (const visit_t *self, const char *name, uint64_t *ret, baton_error_t *error)
{
    const char *given = visit_header (self, name);
    if (!given)
        return BATON_OK;
    if (!all_digits (given, strlen (given)))
        return bad_header (name, "a number", error);
    *ret = strtoull (given, NULL, 10);
    return BATON_OK;
}

/*  Prefer: wait=SECONDS (RFC 7240); whatever else is preferred is ignored, as it says. */
static void take_preference (visit_t *self)
{
    const char *given = visit_header (self, MHD_HTTP_HEADER_PREFER), *wait = given ? strstr (given, "wait=") : NULL;
    if (wait && (wait == given || wait[-1] == ' ' || wait[-1] == ','))
        self->header.timeout = strtoull (wait + strlen ("wait="), NULL, 10) * 1000;
}

static baton_status take_text (const visit_t *self, const char *name, char **ret, baton_error_t *error)
{
    const char *given = visit_header (self, name);
    return !given || text_set (ret, given) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

/*  The rest of what a request's header says over ZeroMQ. */
baton_status visit_take_headers (visit_t *self, baton_error_t *error)
{
    bool change = METHODS[self->route.method].change;
    take_preference (self);
    baton_status status = take_token (self, error);
    if (status == BATON_OK && change)
        status = take_text (self, "Idempotency-Key", &self->header.key, error);
    if (status == BATON_OK)
        status = take_text (self, "traceparent", &self->header.trace, error);
    if (status == BATON_OK && change)
        status = take_position (self, MHD_HTTP_HEADER_IF_MATCH, &self->header.if_n, error);
    if (status == BATON_OK && change)
        status = take_number (self, "Baton-Fence", &self->header.fence, error);
    if (status != BATON_OK || change)
        return status;
    self->header.past = self->route.past;
    if (self->route.timeout > 0)
        self->header.timeout = self->route.timeout;
    return self->header.past > 0 ? BATON_OK
                                 : take_position (self, MHD_HTTP_HEADER_IF_NONE_MATCH, &self->header.past, error);
}
