#include "token.h"

#include "id.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define PREFIX_LENGTH (sizeof TOKEN_PREFIX - 1)

static baton_status refuse (baton_error_t *error, const char *flaw)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_token, "this is no token: %s", flaw);
}

static baton_status check (const token_t *token, baton_error_t *error)
{
    static const char Z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    if (strncmp (token->endpoint, "tcp://", 6) != 0)
        return refuse (error, "its endpoint does not begin with tcp://");
    if (strlen (token->broker_key) != KEY_SIZE - 1 || strspn (token->broker_key, Z85) != KEY_SIZE - 1)
        return refuse (error, "its broker key is not a CURVE key");
    return BATON_OK;
}

baton_status token_encode (const char *endpoint, const char *broker_key, const char *secret, char **ret_token,
                           baton_error_t *error)
{
    /*  Borrowed, so never cleared. */
    token_t token = {.endpoint = (char *) endpoint, .broker_key = (char *) broker_key, .secret = (char *) secret};
    baton_bytes_t bytes = {0};
    baton_status status = record_check (&RECORD_token, &token, error);
    if (status == BATON_OK)
        status = check (&token, error);
    if (status != BATON_OK)
        return status;
    if (record_encode (&RECORD_token, &token, &bytes) != BATON_OK)
        return baton_fail_memory (error);
    size_t size = sodium_base64_encoded_len (bytes.size, VARIANT);
    char *text = malloc (PREFIX_LENGTH + size);
    if (text) {
        memcpy (text, TOKEN_PREFIX, PREFIX_LENGTH);
        sodium_bin2base64 (text + PREFIX_LENGTH, size, bytes.data, bytes.size, VARIANT);
        *ret_token = text;
    }
    bytes_clear (&bytes);
    return text ? BATON_OK : baton_fail_memory (error);
}

/*  Other bytes than our own encoding would give (another order of keys, a field that we don't know) are refused. */
static baton_status check_canonical (const token_t *token, const uint8_t *data, size_t size, baton_error_t *error)
{
    baton_bytes_t again = {0};
    if (record_encode (&RECORD_token, token, &again) != BATON_OK)
        return baton_fail_memory (error);
    bool same = again.size == size && memcmp (again.data, data, size) == 0;
    bytes_clear (&again);
    return same ? BATON_OK : refuse (error, "it is not in canonical form");
}

baton_status token_decode (const char *text, token_t *ret_token, baton_error_t *error)
{
    uint8_t data[TOKEN_SIZE];
    size_t size = 0;
    token_t token = {0};
    if (strncmp (text, TOKEN_PREFIX, PREFIX_LENGTH) != 0)
        return refuse (error, "it does not begin with " TOKEN_PREFIX);
    size_t length = strlen (text);
    if (length >= TOKEN_SIZE)
        return refuse (error, "it is too long");
    /*  libsodium 1.0.18 takes some bytes beyond ASCII for letters of the alphabet. */
    static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (strspn (text + PREFIX_LENGTH, BASE64URL) != length - PREFIX_LENGTH)
        return refuse (error, "it was cut off or changed on its way");
    const char *end = NULL;
    if (sodium_base642bin (data, sizeof data, text + PREFIX_LENGTH, length - PREFIX_LENGTH, NULL, &size, &end,
                           VARIANT) != 0 ||
        *end != '\0' || size == 0)
        return refuse (error, "it was cut off or changed on its way");
    baton_status status = BATON_OK;
    if (record_decode (&RECORD_token, data, size, &token, NULL) != BATON_OK)
        status = refuse (error, "it was cut off or changed on its way");
    if (status == BATON_OK)
        status = check_canonical (&token, data, size, error);
    if (status == BATON_OK)
        status = check (&token, error);
    if (status == BATON_OK) {
        record_clear (&RECORD_token, ret_token);
        *ret_token = token;
        return BATON_OK;
    }
    record_clear (&RECORD_token, &token);
    return status;
}
