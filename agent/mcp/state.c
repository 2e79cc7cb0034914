/*  The state of a request that the client keeps for us. It is an attacker's to change, so it is sealed: with whom it
 * was given to, what was called, and until when.
 */
#include "peer_internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 600
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

void mcp_seal_init (mcp_seal_t *self)
{
    randombytes_buf (self->key, sizeof self->key);
}

/*  A digest of what is called: the params without what changes from round to round. */
static json_t *what (const mcp_call_t *call)
{
    json_t *params = json_copy (call->params);
    json_object_del (params, "_meta");
    json_object_del (params, "inputResponses");
    json_object_del (params, "requestState");
    char *text = json_dumps (params, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref (params);
    unsigned char digest[16];
    char hex[2 * sizeof digest + 1];
    if (!text)
        return NULL;
    crypto_generichash (digest, sizeof digest, (const unsigned char *) text, strlen (text), NULL, 0);
    free (text);
    return json_string (sodium_bin2hex (hex, sizeof hex, digest, sizeof digest));
}

char *state_seal (const mcp_seal_t *seal, const mcp_call_t *call, const json_t *state, int64_t now)
{
    json_t *whole = json_pack ("{s:O, s:s, s:s, s:I, s:o}", "state", state, "who", call->peer->setting.who, "method",
                               call->method, "until", (json_int_t) (now + SECONDS), "what", what (call));
    char *text = whole ? json_dumps (whole, JSON_COMPACT) : NULL;
    json_decref (whole);
    if (!text)
        return NULL;
    size_t size = strlen (text);
    size_t room = sodium_base64_encoded_len (crypto_auth_BYTES + size, BASE64);
    unsigned char *sealed = malloc (crypto_auth_BYTES + size + 1);
    char *encoded = sealed && room <= LIMIT_MCP_STATE ? malloc (room) : NULL;
    if (encoded) {
        crypto_auth (sealed, (const unsigned char *) text, size, seal->key);
        memcpy (sealed + crypto_auth_BYTES, text, size + 1);
        sodium_bin2base64 (encoded, room, sealed, crypto_auth_BYTES + size, BASE64);
    }
    free (sealed);
    free (text);
    return encoded;
}

static bool fits (const mcp_call_t *call, const json_t *whole, int64_t now)
{
    json_t *called = what (call);
    const char *who = mcp_text (whole, "who"), *method = mcp_text (whole, "method");
    bool ours = who && method && called && json_equal (called, json_object_get (whole, "what")) &&
                strcmp (who, call->peer->setting.who) == 0 && strcmp (method, call->method) == 0 &&
                json_integer_value (json_object_get (whole, "until")) >= now;
    json_decref (called);
    return ours;
}

json_t *state_open (const mcp_seal_t *seal, const mcp_call_t *call, const char *text, int64_t now)
{
    size_t length = strlen (text), size = 0;
    unsigned char *sealed = length <= LIMIT_MCP_STATE ? malloc (length + 1) : NULL;
    json_t *whole = NULL, *state = NULL;
    if (sealed && sodium_base642bin (sealed, length, text, length, NULL, &size, NULL, BASE64) == 0 &&
        size > crypto_auth_BYTES &&
        crypto_auth_verify (sealed, sealed + crypto_auth_BYTES, size - crypto_auth_BYTES, seal->key) == 0)
        whole = json_loadb ((const char *) sealed + crypto_auth_BYTES, size - crypto_auth_BYTES, 0, NULL);
    free (sealed);
    if (whole && fits (call, whole, now))
        state = json_incref (json_object_get (whole, "state"));
    json_decref (whole);
    return state;
}
