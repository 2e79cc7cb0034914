#include "bearer.h"

#include "id.h"

#include <sodium.h>
#include <string.h>

#define RANDOM_BYTES 20
#define CHECKED (BEARER_SIZE - 9) /*  characters before the checksum */

static void checksum (const char *text, char ret_sum[9])
{
    char digest[DIGEST_SIZE];
    digest_of (text, CHECKED, digest);
    memcpy (ret_sum, digest, 8);
    ret_sum[8] = 0;
}

void bearer_new (char ret_text[BEARER_SIZE])
{
    unsigned char random[RANDOM_BYTES];
    randombytes_buf (random, sizeof random);
    memcpy (ret_text, BEARER_PREFIX, sizeof BEARER_PREFIX);
    sodium_bin2hex (ret_text + strlen (BEARER_PREFIX), 2 * RANDOM_BYTES + 1, random, sizeof random);
    checksum (ret_text, ret_text + CHECKED);
    sodium_memzero (random, sizeof random);
}

bool bearer_valid (const char *text)
{
    char sum[9];
    size_t prefix = strlen (BEARER_PREFIX);
    if (strlen (text) != BEARER_SIZE - 1 || strncmp (text, BEARER_PREFIX, prefix) != 0 ||
        strspn (text + prefix, "0123456789abcdef") != BEARER_SIZE - 1 - prefix)
        return false;
    checksum (text, sum);
    return strcmp (text + CHECKED, sum) == 0;
}
