/*  What a client wants to be told: subscriptions/listen of the newer revision, resources/subscribe of the older one. */
#include "peer_internal.h"

#include <string.h>

static const char *const LISTS[] = {"tools", "prompts", "resources"};

/* ---- resources ---- */

static bool uri_valid (const json_t *uri)
{
    return json_is_string (uri) && json_string_length (uri) > 0 && json_string_length (uri) <= LIMIT_MCP_URI;
}

static bool watch (mcp_peer_t *peer, const char *uri)
{
    json_int_t count = json_integer_value (json_object_get (peer->watched, uri));
    if (count == 0 && (json_object_size (peer->watched) == LIMIT_MCP_WATCHED ||
                       !peer->setting.offer->watch (peer->setting.offer_arg, peer, uri)))
        return false;
    json_object_set_new (peer->watched, uri, json_integer (count + 1));
    return true;
}

static void unwatch (mcp_peer_t *peer, const char *uri)
{
    json_int_t count = json_integer_value (json_object_get (peer->watched, uri));
    if (count > 1)
        json_object_set_new (peer->watched, uri, json_integer (count - 1));
    else if (json_object_del (peer->watched, uri) == 0)
        peer->setting.offer->unwatch (peer->setting.offer_arg, peer, uri);
}

/* ---- the older revision ---- */

void listen_subscribe (mcp_call_t *call, bool on)
{
    mcp_peer_t *peer = call->peer;
    json_t *uri = json_object_get (call->params, "uri");
    const char *name = json_string_value (uri);
    if (!uri_valid (uri)) {
        mcp_call_fail (call, MCP_INVALID_PARAMS, "params.uri is missing, or is no URI that can be", NULL);
        return;
    }
    bool is_on = json_object_get (peer->subscribed, name) != NULL;
    if (on && !is_on && !watch (peer, name)) {
        mcp_call_fail (call, MCP_RESOURCE_NOT_FOUND, "there is no such resource to subscribe to, or too many are",
                       json_pack ("{s:O}", "uri", uri));
        return;
    }
    if (on)
        json_object_set_new (peer->subscribed, name, json_true ());
    else if (is_on) {
        unwatch (peer, name);
        json_object_del (peer->subscribed, name);
    }
    mcp_call_finish (call, json_object ());
}

void listen_forget (mcp_peer_t *peer)
{
    const char *uri;
    json_t *on;
    json_object_foreach (peer->subscribed, uri, on)
    {
        unwatch (peer, uri);
    }
    json_object_clear (peer->subscribed);
}

/* ---- the newer one ---- */

/*  A notification of this subscription. */
static void tell (mcp_call_t *call, const char *method, json_t *params)
{
    json_object_set_new (params, "_meta", json_pack ("{s:O}", MCP_META "subscriptionId", call->id));
    json_t *message = mcp_notification (method, params);
    call->peer->setting.send (call->peer->setting.send_arg, call->exchange, message, false, 200);
    json_decref (message);
}

/*  What of the client's wishes we can fulfil. */
static json_t *agree (mcp_call_t *call, const json_t *wanted)
{
    const json_t *capabilities = call->peer->setting.offer->capabilities;
    json_t *agreed = json_object (), *uris = json_array (), *uri;
    char key[32];
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS; i++) {
        snprintf (key, sizeof key, "%sListChanged", LISTS[i]);
        if (json_is_true (json_object_get (wanted, key)) &&
            json_is_true (json_object_get (json_object_get (capabilities, LISTS[i]), "listChanged")))
            json_object_set_new (agreed, key, json_true ());
    }
    json_t *asked = json_object_get (wanted, "resourceSubscriptions");
    for (size_t i = 0; i < json_array_size (asked); i++) {
        uri = json_array_get (asked, i);
        if (uri_valid (uri) && watch (call->peer, json_string_value (uri)))
            json_array_append (uris, uri);
    }
    if (json_array_size (uris) > 0)
        json_object_set (agreed, "resourceSubscriptions", uris);
    json_decref (uris);
    return agreed;
}

void listen_begin (mcp_call_t *call)
{
    const json_t *wanted = json_object_get (call->params, "notifications");
    if (!json_is_object (wanted)) {
        call_refuse (call, 400, MCP_INVALID_PARAMS, "params.notifications must say what to listen for", NULL);
        return;
    }
    call->listening = true;
    call->state = agree (call, wanted);
    tell (call, "notifications/subscriptions/acknowledged", json_pack ("{s:O}", "notifications", call->state));
}

void listen_end (mcp_call_t *call)
{
    size_t i;
    json_t *uri;
    json_array_foreach (json_object_get (call->state, "resourceSubscriptions"), i, uri)
    {
        unwatch (call->peer, json_string_value (uri));
    }
}

/* ---- what has changed ---- */

static bool listens_to (const mcp_call_t *call, const char *uri)
{
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get (call->state, "resourceSubscriptions"), i, one)
    {
        if (strcmp (json_string_value (one), uri) == 0)
            return true;
    }
    return false;
}

static void tell_all (mcp_peer_t *self, const char *method, json_t *params)
{
    json_t *message = mcp_notification (method, params);
    self->setting.send (self->setting.send_arg, NULL, message, false, 200);
    json_decref (message);
}

void mcp_peer_changed (mcp_peer_t *self, const char *uri)
{
    for (mcp_call_t *call = self->calls; call; call = call->next)
        if (call->listening && listens_to (call, uri))
            tell (call, "notifications/resources/updated", json_pack ("{s:s}", "uri", uri));
    if (json_object_get (self->subscribed, uri))
        tell_all (self, "notifications/resources/updated", json_pack ("{s:s}", "uri", uri));
}

void mcp_peer_list_changed (mcp_peer_t *self, const char *what)
{
    char key[32], method[64];
    snprintf (key, sizeof key, "%sListChanged", what);
    snprintf (method, sizeof method, "notifications/%s/list_changed", what);
    for (mcp_call_t *call = self->calls; call; call = call->next)
        if (call->listening && json_object_get (call->state, key))
            tell (call, method, json_object ());
    if (*self->revision)
        tell_all (self, method, NULL);
}
