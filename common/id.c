#include "id.h"

#include <sodium.h>
#include <string.h>

baton_status id_init (void)
{
    return sodium_init () >= 0 ? BATON_OK : BATON_internal;
}

void id_new (char ret_id[ID_SIZE])
{
    unsigned char random[ID_SIZE - 1];
    randombytes_buf (random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        ret_id[i] = ID_LETTERS[random[i] & 31];
    ret_id[ID_SIZE - 1] = '\0';
}

void digest_of (const void *data, size_t size, char ret_digest[DIGEST_SIZE])
{
    unsigned char hash[32];
    static const unsigned char NOTHING = 0;
    crypto_generichash (hash, sizeof hash, size > 0 ? data : &NOTHING, size, NULL, 0);
    sodium_bin2hex (ret_digest, DIGEST_SIZE, hash, sizeof hash);
}

void digest_of_named (const char *name, const void *data, size_t size, char ret_digest[DIGEST_SIZE])
{
    unsigned char hash[32];
    crypto_generichash_state state;
    crypto_generichash_init (&state, NULL, 0, sizeof hash);
    crypto_generichash_update (&state, (const unsigned char *) name, strlen (name) + 1);
    if (size > 0)
        crypto_generichash_update (&state, data, size);
    crypto_generichash_final (&state, hash, sizeof hash);
    sodium_bin2hex (ret_digest, DIGEST_SIZE, hash, sizeof hash);
}
