#include "id.h"

#include <sodium.h>

baton_status id_init (void)
{
    return sodium_init () >= 0 ? BATON_OK : BATON_internal;
}

void id_new (char ret_id[ID_SIZE])
{
    static const char ALPHABET[] = "0123456789abcdefghjkmnpqrstvwxyz";
    unsigned char random[ID_SIZE - 1];
    randombytes_buf (random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        ret_id[i] = ALPHABET[random[i] & 31];
    ret_id[ID_SIZE - 1] = '\0';
}

void digest_of (const void *data, size_t size, char ret_digest[DIGEST_SIZE])
{
    unsigned char hash[32];
    static const unsigned char NOTHING = 0;
    crypto_generichash (hash, sizeof hash, size > 0 ? data : &NOTHING, size, NULL, 0);
    sodium_bin2hex (ret_digest, DIGEST_SIZE, hash, sizeof hash);
}
