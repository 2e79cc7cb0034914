#define PCRE2_CODE_UNIT_WIDTH 8
#include "secrets.h"

#include <fnmatch.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REPLACEMENT "[redacted]"
#define STEPS_MOST 50000000 /*  of a match: far beyond what any text needs for these patterns */

const secret_t SECRETS[] = {
#define SECRET(name, pattern, example, near_miss) {#name, pattern, example, near_miss},
#include "secrets.def"
};
const size_t SECRET_COUNT = sizeof SECRETS / sizeof *SECRETS;

const secret_file_t SECRET_FILES[] = {
#define SECRET_FILE(name, glob, example, near_miss) {#name, glob, example, near_miss},
#include "secrets.def"
};
const size_t SECRET_FILE_COUNT = sizeof SECRET_FILES / sizeof *SECRET_FILES;

struct secrets {
    pcre2_match_context *context;
    pcre2_match_data *match;
    pcre2_code *codes[sizeof SECRETS / sizeof *SECRETS];
};

static baton_status compile (secrets_t *self, size_t index, baton_error_t *error)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    self->codes[index] =
        pcre2_compile ((PCRE2_SPTR) SECRETS[index].pattern, PCRE2_ZERO_TERMINATED, 0, &code, &offset, NULL);
    if (!self->codes[index])
        return baton_fail (error, BATON_internal, BATON_REASON_bug, "the pattern %s is wrong at %zu",
                           SECRETS[index].name, offset);
    pcre2_jit_compile (self->codes[index], PCRE2_JIT_COMPLETE); /*  where there is none it takes longer */
    return BATON_OK;
}

baton_status secrets_new (secrets_t **ret_secrets, baton_error_t *error)
{
    secrets_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->context = pcre2_match_context_create (NULL);
    self->match = pcre2_match_data_create (1, NULL);
    baton_status status = self->context && self->match ? BATON_OK : baton_fail_memory (error);
    if (status == BATON_OK)
        pcre2_set_match_limit (self->context, STEPS_MOST);
    for (size_t i = 0; i < SECRET_COUNT && status == BATON_OK; i++)
        status = compile (self, i, error);
    if (status == BATON_OK)
        *ret_secrets = self;
    else
        secrets_destroy (&self);
    return status;
}

void secrets_destroy (secrets_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < SECRET_COUNT; i++)
        pcre2_code_free ((*self)->codes[i]);
    pcre2_match_data_free ((*self)->match);
    pcre2_match_context_free ((*self)->context);
    free (*self);
    *self = NULL;
}

size_t secrets_overwrite (char *text, size_t size)
{
    if (size < strlen (REPLACEMENT)) {
        memset (text, '*', size);
        return size;
    }
    for (size_t i = 0; i < strlen (REPLACEMENT); i++)
        text[i] = REPLACEMENT[i]; /*  not a string: what follows stays */
    return strlen (REPLACEMENT);
}

/*  Removes what one pattern finds. `read` is how far the text was looked at, `written` how much of it stays so far. */
static baton_status scrub_one (secrets_t *self, size_t index, char *text, size_t *size, uint64_t *ret_count,
                               baton_error_t *error)
{
    size_t read = 0, written = 0;
    uint64_t count = 0;
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer (self->match);
    int got = 0;
    while (read < *size && (got = pcre2_match (self->codes[index], (PCRE2_SPTR) text + read, *size - read, 0, 0,
                                               self->match, self->context)) >= 0) {
        size_t start = found[0], end = found[1] > start ? found[1] : start + 1;
        memmove (text + written, text + read, start);
        written += start;
        memmove (text + written, text + read + start, end - start);
        written += secrets_overwrite (text + written, end - start);
        read += end;
        count++;
    }
    if (read < *size && got != PCRE2_ERROR_NOMATCH)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "a text of %zu bytes can't be searched for secrets (%s)", *size, SECRETS[index].name);
    memmove (text + written, text + read, *size - read);
    *size = written + *size - read;
    *ret_count = count;
    return BATON_OK;
}

baton_status secrets_scrub (secrets_t *self, char *text, size_t size, secrets_visit_t *visit, void *argument,
                            size_t *ret_size, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < SECRET_COUNT && status == BATON_OK; i++) {
        uint64_t count = 0;
        status = scrub_one (self, i, text, &size, &count, error);
        if (status == BATON_OK && count > 0)
            status = visit (SECRETS[i].name, count, argument);
    }
    if (status == BATON_OK)
        *ret_size = size;
    return status;
}

bool secrets_name (const char *name, size_t size)
{
    static const char *const WORDS[] = {"password", "passwd", "passphrase", "secret",      "api_key",    "apikey",
                                        "api-key",  "token",  "credential", "private_key", "privatekey", "access_key"};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        for (size_t at = 0, length = strlen (WORDS[i]); at + length <= size; at++)
            if (strncasecmp (name + at, WORDS[i], length) == 0)
                return true;
    return false;
}

const char *secrets_file (const char *path)
{
    const char *base = strrchr (path, '/') ? strrchr (path, '/') + 1 : path;
    for (size_t i = 0; i < SECRET_FILE_COUNT; i++)
        if (fnmatch (SECRET_FILES[i].glob, base, FNM_CASEFOLD) == 0)
            return SECRET_FILES[i].name;
    return NULL;
}
