/*  The text of an access token: "baton_", 160 random bits, and a checksum of both, in lower-case hexadecimal.
 *
 *  The prefix and the checksum let scanners of repositories and logs find one with certainty. It is a secret: whoever
 *  stores something stores its digest (digest_of).
 */
#ifndef BATON_BEARER_H
#define BATON_BEARER_H

#include <stdbool.h>

#define BEARER_PREFIX "baton_"
#define BEARER_SIZE (6 + 40 + 8 + 1) /*  with the terminating NUL */

void bearer_new (char ret_text[BEARER_SIZE]);

/*  Whether the text has the form and the checksum of a token. */
bool bearer_valid (const char *text);

#endif
