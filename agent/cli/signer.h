/*  Who signs archives: the user's own key, and the keys that the user knows. Both stand in the folder of contexts:
 *  signing.key (mode 0600, made at first use) and known_signers, a line for each: the key and a name.
 */
#ifndef BATON_SIGNER_H
#define BATON_SIGNER_H

#include "cli.h"

#define SIGNER_SECRET 64   /*  bytes */
#define SIGNER_KEY_SIZE 65 /*  a public key in hexadecimal, and NUL */

/*  Our own key; made when there is none. */
BATON_MUST_USE baton_status signer_secret (uint8_t ret_secret[SIGNER_SECRET], baton_error_t *error);

/*  The public key in a secret one, in hexadecimal. */
void signer_public (const uint8_t secret[SIGNER_SECRET], char ret_key[SIGNER_KEY_SIZE]);

/*  The name of a key ("you" for our own); "" when it is not known. */
BATON_MUST_USE baton_status signer_name (const char *key, char ret_name[LIMIT_NAME + 1], baton_error_t *error);

/*  Notes that this is the key of somebody; already_exists for a name or key that is known as another. */
BATON_MUST_USE baton_status signer_trust (const char *name, const char *key, baton_error_t *error);

/*  Shows each known signer. */
typedef baton_status signer_visit_t (const char *name, const char *key, void *argument);
BATON_MUST_USE baton_status signer_each (signer_visit_t *visit, void *argument, baton_error_t *error);

#endif
