/*  Ids, digests and keys in their text form. Needs libsodium, which id_init makes ready. */
#ifndef BATON_ID_H
#define BATON_ID_H

#include <baton/status.h>
#include <stddef.h>
#include <stdint.h>

#define ID_SIZE 21 /*  20 characters and NUL */
#define ID_LETTERS "0123456789abcdefghjkmnpqrstvwxyz"
#define DIGEST_SIZE 65 /*  64 characters and NUL */
#define KEY_SIZE 41    /*  a CURVE key in Z85: 40 characters and NUL */

/*  Once for each process, before anything else here. */
BATON_MUST_USE baton_status id_init (void);

/*  A fresh id: 100 random bits as 20 characters of Crockford's base32 in lower case (crockford.com/base32.html). */
void id_new (char ret_id[ID_SIZE]);

/*  BLAKE2b-256 (RFC 7693) in lower-case hexadecimal. */
void digest_of (const void *data, size_t size, char ret_digest[DIGEST_SIZE]);

/*  Of a text with its terminating NUL and then the data. */
void digest_of_named (const char *name, const void *data, size_t size, char ret_digest[DIGEST_SIZE]);

#endif
