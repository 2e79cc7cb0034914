/*  The token of an invitation: "baton1." and the base64url form, without padding, of the canonical `token` record.
 *
 *  It says where the broker is, by which key to know it, and the secret that works once; so it is to be kept from
 *  others until it was used.
 */
#ifndef BATON_TOKEN_H
#define BATON_TOKEN_H

#include "schema.h"

#define TOKEN_PREFIX "baton1."
/*  Longest token, and the terminating NUL. */
#define TOKEN_SIZE (LIMIT_SHORT + 1)

/*  invalid_argument when a part breaks the rules that decoding checks. The token is freed with free (). */
BATON_MUST_USE baton_status token_encode (const char *endpoint, const char *broker_key, const char *secret,
                                          char **ret_token, baton_error_t *error);

/*  Into a zeroed or valid token, which is replaced. Strict: each token has exactly one spelling. Any flaw is
 *  invalid_argument with reason bad_token, and the message never repeats the token. */
BATON_MUST_USE baton_status token_decode (const char *text, token_t *ret_token, baton_error_t *error);

#endif
