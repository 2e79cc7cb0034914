#include "peer_internal.h"

#include <stdlib.h>
#include <string.h>

/*  Revisions with a handshake, the latest first. What the second lacks of the first, we don't send unasked. */
static const char *const HANDSHAKES[] = {MCP_REVISION_HANDSHAKE, "2025-06-18"};

mcp_peer_t *mcp_peer_new (const mcp_setting_t *setting)
{
    mcp_peer_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->setting = *setting;
    self->level = level_of ("warning");
    self->watched = json_object ();
    self->subscribed = json_object ();
    if (!self->watched || !self->subscribed)
        mcp_peer_destroy (&self);
    return self;
}

void mcp_peer_destroy (mcp_peer_t **self)
{
    mcp_peer_t *peer = *self;
    if (!peer)
        return;
    while (peer->calls)
        call_drop (peer->calls);
    listen_forget (peer);
    json_decref (peer->watched);
    json_decref (peer->subscribed);
    json_decref (peer->capabilities);
    free (peer);
    *self = NULL;
}

size_t mcp_peer_pending (const mcp_peer_t *self)
{
    return self->call_count;
}

const char *mcp_peer_revision (const mcp_peer_t *self)
{
    return self->revision;
}

void mcp_peer_set_data (mcp_peer_t *self, void *data)
{
    self->data = data;
}

void *mcp_peer_data (const mcp_peer_t *self)
{
    return self->data;
}

/* ---- methods ---- */

static void discover (mcp_call_t *call)
{
    const mcp_offer_t *offer = call->peer->setting.offer;
    json_t *result = json_pack ("{s:[s, s], s:O, s:i}", "supportedVersions", MCP_REVISION_STATELESS,
                                MCP_REVISION_HANDSHAKE, "capabilities", offer->capabilities, "ttlMs", 3600000);
    if (offer->instructions)
        json_object_set_new (result, "instructions", json_string (offer->instructions));
    mcp_call_finish (call, result);
}

static void initialize (mcp_call_t *call)
{
    mcp_peer_t *peer = call->peer;
    const mcp_offer_t *offer = peer->setting.offer;
    const char *wanted = mcp_text (call->params, "protocolVersion"), *revision = HANDSHAKES[0];
    json_t *capabilities = json_object_get (call->params, "capabilities");
    if (!wanted || !json_is_object (capabilities) || *peer->revision) {
        mcp_call_fail (call, *peer->revision ? MCP_INVALID_REQUEST : MCP_INVALID_PARAMS,
                       *peer->revision ? "this connection is initialized already"
                                       : "params must have protocolVersion and capabilities",
                       NULL);
        return;
    }
    for (size_t i = 0; i < sizeof HANDSHAKES / sizeof *HANDSHAKES; i++)
        if (strcmp (wanted, HANDSHAKES[i]) == 0)
            revision = HANDSHAKES[i];
    snprintf (peer->revision, sizeof peer->revision, "%s", revision);
    peer->capabilities = json_incref (capabilities);
    json_t *result =
        json_pack ("{s:s, s:O, s:{s:s, s:s, s:s}}", "protocolVersion", revision, "capabilities", offer->capabilities,
                   "serverInfo", "name", offer->name, "title", offer->title, "version", offer->version);
    if (offer->instructions)
        json_object_set_new (result, "instructions", json_string (offer->instructions));
    mcp_call_finish (call, result);
}

static void ping (mcp_call_t *call)
{
    mcp_call_finish (call, json_object ());
}

static void set_level (mcp_call_t *call)
{
    int level = level_of (mcp_text (call->params, "level"));
    if (level == MCP_LEVEL_NONE) {
        mcp_call_fail (call, MCP_INVALID_PARAMS,
                       "params.level is none of debug, info, notice, warning, error, critical, "
                       "alert, emergency",
                       NULL);
        return;
    }
    call->peer->level = level;
    mcp_call_finish (call, json_object ());
}

static void subscribe (mcp_call_t *call)
{
    listen_subscribe (call, true);
}

static void unsubscribe (mcp_call_t *call)
{
    listen_subscribe (call, false);
}

static void hand_on (mcp_call_t *call)
{
    const mcp_setting_t *setting = &call->peer->setting;
    setting->offer->begin (setting->offer_arg, call);
}

/*  `needs`: a capability of the offer's without which there is no such method. */
static const struct method {
    const char *name;
    bool handshake, stateless, asks;
    const char *needs;
    void (*run) (mcp_call_t *call);
} METHODS_OF_MCP[] = {
    {"initialize", true, false, false, NULL, initialize},
    {"ping", true, false, false, NULL, ping},
    {"logging/setLevel", true, false, false, "logging", set_level},
    {"resources/subscribe", true, false, false, "resources", subscribe},
    {"resources/unsubscribe", true, false, false, "resources", unsubscribe},
    {"server/discover", false, true, false, NULL, discover},
    {"subscriptions/listen", false, true, false, NULL, listen_begin},
    {"tools/list", true, true, false, "tools", hand_on},
    {"tools/call", true, true, true, "tools", hand_on},
    {"resources/list", true, true, false, "resources", hand_on},
    {"resources/templates/list", true, true, false, "resources", hand_on},
    {"resources/read", true, true, true, "resources", hand_on},
    {"prompts/list", true, true, false, "prompts", hand_on},
    {"prompts/get", true, true, true, "prompts", hand_on},
    {"completion/complete", true, true, false, "completions", hand_on},
};

static const struct method *find_method (const mcp_call_t *call)
{
    const json_t *capabilities = call->peer->setting.offer->capabilities;
    for (size_t i = 0; i < sizeof METHODS_OF_MCP / sizeof *METHODS_OF_MCP; i++) {
        const struct method *method = &METHODS_OF_MCP[i];
        if (strcmp (method->name, call->method) == 0 && (call->stateless ? method->stateless : method->handshake) &&
            (!method->needs || json_object_get (capabilities, method->needs)))
            return method;
    }
    return NULL;
}

/* ---- requests ---- */

/*  Whether what the request says of itself is enough to serve it. */
static bool check_meta (mcp_call_t *call)
{
    const json_t *version = json_object_get (call->meta, MCP_META "protocolVersion");
    const json_t *level = json_object_get (call->meta, MCP_META "logLevel");
    if (!json_is_string (version) || !json_is_object (json_object_get (call->meta, MCP_META "clientCapabilities"))) {
        call_refuse (call, 400, MCP_INVALID_PARAMS,
                     "params._meta must have io.modelcontextprotocol/protocolVersion and "
                     "io.modelcontextprotocol/clientCapabilities, or the client begins with initialize",
                     NULL);
        return false;
    }
    if (strcmp (json_string_value (version), MCP_REVISION_STATELESS) != 0) {
        call_refuse (call, 400, MCP_UNSUPPORTED_VERSION, "unsupported protocol version",
                     json_pack ("{s:[s], s:O}", "supported", MCP_REVISION_STATELESS, "requested", version));
        return false;
    }
    if (level && (call->level = level_of (json_string_value (level))) == MCP_LEVEL_NONE) {
        call_refuse (call, 400, MCP_INVALID_PARAMS, "that is no level of log messages", NULL);
        return false;
    }
    return true;
}

static bool id_in_use (const mcp_peer_t *peer, const json_t *id)
{
    for (const mcp_call_t *call = peer->calls; call; call = call->next)
        if (json_equal (call->id, id))
            return true;
    return false;
}

/*  With a handshake, that comes first; ping may come before it. */
static bool is_stateless (const mcp_peer_t *peer, const mcp_message_t *message)
{
    const json_t *meta = json_object_get (message->params, "_meta");
    if (peer->setting.stateless || json_object_get (meta, MCP_META "protocolVersion"))
        return true;
    return !*peer->revision && strcmp (message->method, "initialize") != 0 && strcmp (message->method, "ping") != 0;
}

static void answer_error (mcp_peer_t *self, void *exchange, const json_t *id, int code, const char *text, int status)
{
    json_t *message = mcp_error_message (id, code, text, NULL);
    self->setting.send (self->setting.send_arg, exchange, message, true, status);
    json_decref (message);
}

static void take_request (mcp_peer_t *self, const mcp_message_t *message, void *exchange)
{
    bool full = self->call_count == LIMIT_MCP_CALLS;
    if (full || id_in_use (self, message->id)) {
        answer_error (self, exchange, message->id, full ? MCP_INTERNAL_ERROR : MCP_INVALID_REQUEST,
                      full ? "too many requests of this client are not answered yet"
                           : "a request with this id is under way",
                      full ? 429 : 400);
        return;
    }
    mcp_call_t *call = call_new (self, message, exchange, is_stateless (self, message));
    if (!call) {
        answer_error (self, exchange, message->id, MCP_INTERNAL_ERROR, "out of memory", 500);
        return;
    }
    if (call->stateless && !check_meta (call))
        return;
    const struct method *method = find_method (call);
    if (!method)
        call_refuse (call, 404, MCP_METHOD_NOT_FOUND, "there is no such method", NULL);
    else if (!call->stateless || !method->asks || call_open (call))
        method->run (call);
}

/* ---- what comes in ---- */

static void take_notification (mcp_peer_t *self, const mcp_message_t *message)
{
    const json_t *id = json_object_get (message->params, "requestId");
    if (strcmp (message->method, "notifications/cancelled") != 0 || !id)
        return;
    for (mcp_call_t *call = self->calls; call; call = call->next)
        if (json_equal (call->id, id)) {
            call_drop (call);
            return;
        }
}

void mcp_peer_take (mcp_peer_t *self, const mcp_message_t *message, void *exchange)
{
    if (message->kind == MCP_REQUEST)
        take_request (self, message, exchange);
    else if (message->kind == MCP_NOTIFICATION)
        take_notification (self, message);
    else
        call_take_answer (self, message);
}

void mcp_peer_receive (mcp_peer_t *self, const char *data, size_t size, void *exchange)
{
    mcp_message_t message = {0};
    mcp_fault_t fault = {0};
    if (mcp_message_parse (data, size, &message, &fault))
        mcp_peer_take (self, &message, exchange);
    else
        answer_error (self, exchange, fault.id, fault.code, fault.text, 400);
    mcp_message_clear (&message);
    json_decref (fault.id);
}

void mcp_peer_abandon (mcp_peer_t *self, const void *exchange)
{
    for (mcp_call_t *call = self->calls; call; call = call->next)
        if (call->exchange == exchange) {
            call_drop (call);
            return;
        }
}

void mcp_peer_half_close (mcp_peer_t *self)
{
    mcp_call_t *next;
    for (mcp_call_t *call = self->calls; call; call = next) {
        next = call->next;
        if (call->listening) {
            listen_end (call);
            mcp_call_finish (call, json_pack ("{s:{s:O}}", "_meta", MCP_META "subscriptionId", call->id));
        }
    }
}
