/*  How a browser is signed in: a link that works once leads to a page with one button, which exchanges it for a cookie.
 *
 *  The link is not spent by being looked at, as mail programs and browsers look at links unasked. The page needs no
 *  script.
 */
#include "gateway_internal.h"

#include "bearer.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char PATH[] = "/signin", LEAVE[] = "/signout";

/*  Only a site that is reached over TLS can have a cookie that no other host may set. */
static bool is_secure (const visit_t *self)
{
    const gateway_options_t *options = gateway_options (self->gateway);
    return options->certificate || options->behind_proxy;
}

static const char *cookie_name (const visit_t *self)
{
    return is_secure (self) ? "__Host-baton" : "baton";
}

bool signin_cookie (const visit_t *self, char *ret_text, size_t room)
{
    const char *given = MHD_lookup_connection_value (self->connection, MHD_COOKIE_KIND, cookie_name (self));
    if (!given || strlen (given) >= room)
        return false;
    snprintf (ret_text, room, "%s", given);
    return true;
}

bool signin_is_at (const visit_t *self)
{
    size_t size = strcspn (self->target, "?");
    return size == strlen (PATH) && strncmp (self->target, PATH, size) == 0;
}

bool signin_is_leaving (const visit_t *self)
{
    return strcmp (self->target, LEAVE) == 0;
}

static void name_cookie (const visit_t *self, const char *value, const char *more, char *ret_cookie, size_t room)
{
    snprintf (ret_cookie, room, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name (self), value,
              is_secure (self) ? "; Secure" : "", more);
}

void signin_forget (const visit_t *self, struct MHD_Response *response)
{
    char cookie[256];
    name_cookie (self, "", "; Max-Age=0", cookie, sizeof cookie);
    MHD_add_response_header (response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
}

/*  link=TOKEN, in a query or a form. */
static bool find_link (const char *text, char ret_link[BEARER_SIZE])
{
    const char *link = strncmp (text, "link=", 5) == 0 ? text + 5 : NULL;
    if (!link || strlen (link) != BEARER_SIZE - 1)
        return false;
    memcpy (ret_link, link, BEARER_SIZE);
    return bearer_valid (ret_link);
}

static enum MHD_Result respond (visit_t *self, unsigned code, char *html, const char *cookie)
{
    struct MHD_Response *response =
        html ? MHD_create_response_from_buffer (strlen (html), html, MHD_RESPMEM_MUST_FREE) : NULL;
    if (!response) {
        free (html);
        return MHD_NO;
    }
    respond_close_off (response);
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/html; charset=utf-8");
    MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (cookie) {
        MHD_add_response_header (response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
        MHD_add_response_header (response, MHD_HTTP_HEADER_LOCATION, "/");
    }
    measures_count (gateway_measures (self->gateway), code);
    enum MHD_Result result = MHD_queue_response (self->connection, code, response);
    MHD_destroy_response (response);
    return result;
}

static char *page_of (const char *text)
{
    char *html = NULL;
    if (asprintf (&html,
                  "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
                  "content=\"width=device-width\"><title>Baton</title><main><h1>Baton</h1>%s</main></html>\n",
                  text) < 0)
        return NULL;
    return html;
}

enum MHD_Result signin_page (visit_t *self)
{
    char link[BEARER_SIZE], form[512];
    const char *query = strchr (self->target, '?');
    if (!query || !find_link (query + 1, link))
        return respond (self, MHD_HTTP_OK,
                        page_of ("<p>Ask for a link that signs you in: <code>baton console</code></p>"), NULL);
    snprintf (form, sizeof form,
              "<form method=post action=\"%s\"><input type=hidden name=link value=\"%s\"><button autofocus>Sign "
              "in</button></form>",
              PATH, link);
    return respond (self, MHD_HTTP_OK, page_of (form), NULL);
}

/*  Against signing somebody in as somebody else from another page: that one has another origin, which is refused. */
baton_status signin_take_form (visit_t *self, baton_error_t *error)
{
    char text[BEARER_SIZE + 8], link[BEARER_SIZE];
    snprintf (text, sizeof text, "%.*s", (int) (self->size < sizeof text ? self->size : sizeof text - 1),
              self->body ? self->body : "");
    bool found = self->size < sizeof text && find_link (text, link);
    sodium_memzero (text, sizeof text);
    if (!found)
        return baton_fail_field (error, BATON_permission_denied, BATON_REASON_bad_link, "link", "this is not a link");
    baton_status status = json_object_set_new (self->route.params, "secret", json_string (link)) == 0
                              ? BATON_OK
                              : baton_fail_memory (error);
    sodium_memzero (link, sizeof link);
    return status;
}

enum MHD_Result signin_respond (visit_t *self, const request_t *request)
{
    token_made_t made = {0};
    char cookie[256];
    if (request->error.status != BATON_OK)
        return respond (self, respond_code (&request->error),
                        page_of ("<p>This link was used already, or its time is over. Ask for another one: <code>baton "
                                 "console</code></p>"),
                        NULL);
    if (record_decode (&RECORD_token_made, request->reply.data, request->reply.size, &made, NULL) != BATON_OK)
        return MHD_NO;
    name_cookie (self, made.token, "", cookie, sizeof cookie);
    record_clear (&RECORD_token_made, &made);
    enum MHD_Result result = respond (self, MHD_HTTP_SEE_OTHER, page_of (""), cookie);
    sodium_memzero (cookie, sizeof cookie);
    return result;
}
