/*  Finding secrets in texts: secrets.def, compiled. */
#ifndef BATON_SECRETS_H
#define BATON_SECRETS_H

#include "record.h"

typedef struct {
    const char *name, *pattern, *example, *near_miss;
} secret_t;

extern const secret_t SECRETS[];
extern const size_t SECRET_COUNT;

typedef struct secrets secrets_t;

BATON_MUST_USE baton_status secrets_new (secrets_t **ret_secrets, baton_error_t *error);
void secrets_destroy (secrets_t **self);

/*  Is told how often a secret was removed. */
typedef baton_status secrets_visit_t (const char *name, uint64_t count, void *argument);

/*  Removes all secrets from text, in place: what stands there instead is never longer. ret_size is the size after it;
 *  the text is followed by a NUL then. resource_exhausted when a text takes too long to search: nothing that was not
 *  searched may go out. */
BATON_MUST_USE baton_status secrets_scrub (secrets_t *self, char *text, size_t size, secrets_visit_t *visit,
                                           void *argument, size_t *ret_size, baton_error_t *error);

/*  Whether what has that name is a secret, whatever it is: a "password", an "api_key". */
bool secrets_name (const char *name, size_t size);

/*  A file that is a secret as a whole: its name fits this glob (fnmatch, without folders, in any case). */
typedef struct {
    const char *name, *glob, *example, *near_miss;
} secret_file_t;

extern const secret_file_t SECRET_FILES[];
extern const size_t SECRET_FILE_COUNT;

/*  Which of them a path fits, by its name there; NULL: none. */
const char *secrets_file (const char *path);

/*  Overwrites a text that is a secret as a whole; gives the new size, which is at most the old one. */
size_t secrets_overwrite (char *text, size_t size);

#endif
