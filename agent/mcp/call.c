#include "peer_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const LEVELS[] = {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};

int level_of (const char *word)
{
    for (int i = 0; word && i < (int) (sizeof LEVELS / sizeof *LEVELS); i++)
        if (strcmp (LEVELS[i], word) == 0)
            return i;
    return MCP_LEVEL_NONE;
}

/* ---- life ---- */

mcp_call_t *call_new (mcp_peer_t *peer, const mcp_message_t *message, void *exchange, bool stateless)
{
    mcp_call_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->peer = peer;
    self->exchange = exchange;
    self->stateless = stateless;
    self->level = MCP_LEVEL_NONE;
    self->progress = -1;
    self->id = json_incref (message->id);
    self->params = message->params ? json_incref (message->params) : json_object ();
    self->meta = json_object_get (self->params, "_meta");
    self->inputs = json_object ();
    self->questions = json_object ();
    self->method = strdup (message->method);
    self->next = peer->calls;
    peer->calls = self;
    peer->call_count++;
    if (self->params && self->inputs && self->questions && self->method)
        return self;
    call_destroy (self);
    return NULL;
}

void call_destroy (mcp_call_t *self)
{
    mcp_call_t **at = &self->peer->calls;
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    self->peer->call_count--;
    json_decref (self->id);
    json_decref (self->params);
    json_decref (self->inputs);
    json_decref (self->state);
    json_decref (self->questions);
    free (self->method);
    free (self);
}

void call_drop (mcp_call_t *self)
{
    mcp_peer_t *peer = self->peer;
    void *exchange = self->exchange;
    if (self->listening)
        listen_end (self);
    else if (json_object_size (self->questions) == 0) /*  else the offer waits for the client, and knows it no more */
        peer->setting.offer->drop (peer->setting.offer_arg, self);
    call_destroy (self);
    peer->setting.send (peer->setting.send_arg, exchange, NULL, true, 0);
}

/* ---- what the offer reads ---- */

const char *mcp_call_method (const mcp_call_t *self)
{
    return self->method;
}

mcp_peer_t *mcp_call_peer (const mcp_call_t *self)
{
    return self->peer;
}

const json_t *mcp_call_params (const mcp_call_t *self)
{
    return self->params;
}

bool mcp_call_stateless (const mcp_call_t *self)
{
    return self->stateless;
}

void mcp_call_set_data (mcp_call_t *self, void *data)
{
    self->data = data;
}

void *mcp_call_data (const mcp_call_t *self)
{
    return self->data;
}

bool mcp_call_can (const mcp_call_t *self, const char *capability)
{
    const json_t *can =
        self->stateless ? json_object_get (self->meta, MCP_META "clientCapabilities") : self->peer->capabilities;
    return json_is_object (json_object_get (can, capability));
}

const json_t *mcp_call_input (const mcp_call_t *self, const char *key)
{
    return json_object_get (self->inputs, key);
}

const json_t *mcp_call_state (const mcp_call_t *self)
{
    return self->state;
}

/* ---- on the way ---- */

static void tell (mcp_call_t *self, const char *method, json_t *params)
{
    json_t *message = mcp_notification (method, params);
    self->peer->setting.send (self->peer->setting.send_arg, self->exchange, message, false, 200);
    json_decref (message);
}

bool mcp_call_wants_progress (const mcp_call_t *self)
{
    return mcp_id_valid (json_object_get (self->meta, "progressToken"));
}

void mcp_call_progress (mcp_call_t *self, double progress, double total, const char *text)
{
    if (!mcp_call_wants_progress (self) || progress <= self->progress)
        return;
    self->progress = progress;
    json_t *params =
        json_pack ("{s:O, s:f}", "progressToken", json_object_get (self->meta, "progressToken"), "progress", progress);
    if (total > 0)
        json_object_set_new (params, "total", json_real (total));
    if (text)
        json_object_set_new (params, "message", json_string (text));
    tell (self, "notifications/progress", params);
}

void mcp_call_log (mcp_call_t *self, const char *level, const char *logger, json_t *data)
{
    int least = self->stateless ? self->level : self->peer->level;
    if (least == MCP_LEVEL_NONE || level_of (level) < least)
        json_decref (data);
    else
        tell (self, "notifications/message",
              json_pack ("{s:s, s:s, s:o}", "level", level, "logger", logger, "data", data));
}

/* ---- the end ---- */

/*  Sends what ends it. */
static void end (mcp_call_t *self, json_t *message, int status)
{
    mcp_peer_t *peer = self->peer;
    void *exchange = self->exchange;
    call_destroy (self);
    peer->setting.send (peer->setting.send_arg, exchange, message, true, status);
    json_decref (message);
}

static bool is_cacheable (const char *method)
{
    static const char *const CACHEABLE[] = {
        "server/discover",          "tools/list",    "prompts/list", "resources/list",
        "resources/templates/list", "resources/read"};
    for (size_t i = 0; i < sizeof CACHEABLE / sizeof *CACHEABLE; i++)
        if (strcmp (CACHEABLE[i], method) == 0)
            return true;
    return false;
}

/*  What every result of the revision without a handshake says. */
static void dress (const mcp_call_t *self, json_t *result, const char *type)
{
    const mcp_offer_t *offer = self->peer->setting.offer;
    json_object_set_new (result, "resultType", json_string (type));
    if (strcmp (type, "complete") == 0 && is_cacheable (self->method)) {
        json_t *hints = json_pack ("{s:i, s:s}", "ttlMs", 0, "cacheScope", "private");
        json_object_update_missing (result, hints);
        json_decref (hints);
    }
    json_t *meta = json_object_get (result, "_meta");
    if (!meta)
        json_object_set_new (result, "_meta", meta = json_object ());
    json_object_set_new (
        meta, MCP_META "serverInfo",
        json_pack ("{s:s, s:s, s:s}", "name", offer->name, "title", offer->title, "version", offer->version));
}

void mcp_call_finish (mcp_call_t *self, json_t *result)
{
    if (!result) {
        mcp_call_fail (self, MCP_INTERNAL_ERROR, "out of memory", NULL);
        return;
    }
    if (self->stateless)
        dress (self, result, "complete");
    end (self, mcp_result_message (self->id, result), 200);
}

void call_refuse (mcp_call_t *self, int status, int code, const char *text, json_t *data)
{
    end (self, mcp_error_message (self->id, code, text, data), self->stateless ? status : 200);
}

void mcp_call_fail (mcp_call_t *self, int code, const char *text, json_t *data)
{
    call_refuse (self, 200, code, text, data);
}

void mcp_call_fail_capability (mcp_call_t *self, const char *capability)
{
    int code = self->stateless ? MCP_MISSING_CAPABILITY : MCP_INVALID_PARAMS;
    call_refuse (self, 400, code, "this needs a client that can do more",
                 json_pack ("{s:{s:{}}}", "requiredCapabilities", capability));
}

/* ---- questions ---- */

/*  The newer revision: the request ends with the questions, and the client makes it again with the answers. */
static void hand_back (mcp_call_t *self, json_t *requests, json_t *state)
{
    char *sealed = state ? state_seal (self->peer->setting.seal, self, state, time (NULL)) : NULL;
    json_t *result = json_object ();
    if (json_object_size (requests) > 0)
        json_object_set (result, "inputRequests", requests);
    if (sealed)
        json_object_set_new (result, "requestState", json_string (sealed));
    if (state && !sealed) {
        json_decref (result);
        mcp_call_fail (self, MCP_INTERNAL_ERROR, "the state of this request is too large", NULL);
    } else {
        dress (self, result, "input_required");
        end (self, mcp_result_message (self->id, result), 200);
    }
    free (sealed);
}

/*  The older one: each question is a request of ours. */
static void send_questions (mcp_call_t *self, const json_t *requests)
{
    const char *key;
    json_t *request;
    mcp_setting_t *setting = &self->peer->setting;
    json_object_foreach ((json_t *) requests, key, request)
    {
        char name[32];
        json_int_t id = ++self->peer->last_request;
        snprintf (name, sizeof name, "%lld", (long long) id);
        json_object_set_new (self->questions, name,
                             json_pack ("{s:s, s:O}", "key", key, "method", json_object_get (request, "method")));
        json_t *message =
            mcp_request_message (id, mcp_text (request, "method"), json_incref (json_object_get (request, "params")));
        setting->send (setting->send_arg, self->exchange, message, false, 200);
        json_decref (message);
    }
}

void mcp_call_ask (mcp_call_t *self, json_t *requests, json_t *state)
{
    const mcp_setting_t *setting = &self->peer->setting;
    if (self->stateless)
        hand_back (self, requests, state);
    else {
        json_decref (self->state);
        self->state = json_incref (state);
        if (json_object_size (requests) > 0)
            send_questions (self, requests);
        else
            setting->offer->begin (setting->offer_arg, self);
    }
    json_decref (requests);
    json_decref (state);
}

void call_take_answer (mcp_peer_t *peer, const mcp_message_t *response)
{
    char name[32];
    if (!json_is_integer (response->id))
        return;
    snprintf (name, sizeof name, "%lld", (long long) json_integer_value (response->id));
    mcp_call_t *call = peer->calls;
    while (call && !json_object_get (call->questions, name))
        call = call->next;
    if (!call)
        return;
    json_t *question = json_incref (json_object_get (call->questions, name));
    bool elicitation = strcmp (mcp_text (question, "method"), "elicitation/create") == 0;
    json_object_del (call->questions, name);
    if (response->result || elicitation) /*  a user who can't be asked has not answered */
        json_object_set_new (call->inputs, mcp_text (question, "key"),
                             response->result ? json_incref (response->result)
                                              : json_pack ("{s:s}", "action", "cancel"));
    json_decref (question);
    if (!response->result && !elicitation)
        mcp_call_fail (call, MCP_INTERNAL_ERROR, "the client could not answer what it was asked", NULL);
    else if (json_object_size (call->questions) == 0)
        peer->setting.offer->begin (peer->setting.offer_arg, call);
}

/*  Answers that are no objects are as good as none. */
bool call_open (mcp_call_t *self)
{
    const char *key;
    json_t *answer;
    json_t *answers = json_object_get (self->params, "inputResponses");
    json_t *state = json_object_get (self->params, "requestState");
    if ((answers && !json_is_object (answers)) || (state && !json_is_string (state))) {
        call_refuse (self, 400, MCP_INVALID_PARAMS, "inputResponses is an object, and requestState is text", NULL);
        return false;
    }
    json_object_foreach (answers, key, answer)
    {
        if (json_is_object (answer))
            json_object_set (self->inputs, key, answer);
    }
    if (state)
        self->state = state_open (self->peer->setting.seal, self, json_string_value (state), time (NULL));
    if (state && !self->state) {
        call_refuse (self, 400, MCP_INVALID_PARAMS, "requestState is not what this request was given, or is too old",
                     NULL);
        return false;
    }
    return true;
}
