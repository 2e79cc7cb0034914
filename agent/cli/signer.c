#include "signer.h"

#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM (BATON_PATH_SIZE + 32)
#define TEXT_SIZE (2 * SIGNER_SECRET + 1)

_Static_assert(SIGNER_SECRET == crypto_sign_SECRETKEYBYTES, "libsodium's secret keys");

static baton_status path_of (const char *name, char ret_path[PATH_ROOM], baton_error_t *error)
{
    char directory[BATON_PATH_SIZE];
    baton_status status = baton_context_directory (directory, error);
    if (status == BATON_OK)
        snprintf (ret_path, PATH_ROOM, "%s/%s", directory, name);
    return status;
}

/* ---- our own key ---- */

static baton_status fail (const char *path, baton_error_t *error)
{
    return baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't make the signing key %s: %s", path,
                       strerror (errno));
}

static baton_status read_secret (const char *path, uint8_t ret_secret[SIGNER_SECRET], baton_error_t *error)
{
    char text[TEXT_SIZE];
    struct stat about;
    size_t length = 0;
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return baton_fail (error, errno == ENOENT ? BATON_not_found : BATON_permission_denied, BATON_REASON_none,
                           "can't read the signing key %s: %s", path, strerror (errno));
    baton_status status = BATON_OK;
    if (fstat (fd, &about) != 0 || !S_ISREG (about.st_mode) || about.st_mode & 077)
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_none,
                             "others may read the signing key %s: run chmod 600 on it", path);
    else if (read (fd, text, TEXT_SIZE - 1) != TEXT_SIZE - 1 ||
             sodium_hex2bin (ret_secret, SIGNER_SECRET, text, TEXT_SIZE - 1, NULL, &length, NULL) != 0 ||
             length != SIGNER_SECRET)
        status =
            baton_fail (error, BATON_failed_precondition, BATON_REASON_none, "the signing key %s is damaged", path);
    sodium_memzero (text, sizeof text);
    close (fd);
    return status;
}

/*  Whole before it has its name; when two make one at once, the first stays. */
static baton_status make_secret (const char *path, baton_error_t *error)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[SIGNER_SECRET];
    char text[TEXT_SIZE], draft[PATH_ROOM + 8], directory[BATON_PATH_SIZE];
    baton_status status = baton_context_directory (directory, error);
    if (status == BATON_OK)
        status = folder_make (directory, error);
    if (status != BATON_OK)
        return status;
    snprintf (draft, sizeof draft, "%s.XXXXXX", path);
    int fd = mkostemp (draft, O_CLOEXEC); /*  mode 0600 */
    if (fd < 0)
        return fail (path, error);
    crypto_sign_keypair (public, secret);
    sodium_bin2hex (text, sizeof text, secret, sizeof secret);
    bool made = write (fd, text, TEXT_SIZE - 1) == TEXT_SIZE - 1 && fsync (fd) == 0 &&
                (link (draft, path) == 0 || errno == EEXIST);
    if (!made)
        status = fail (path, error);
    close (fd);
    unlink (draft);
    sodium_memzero (text, sizeof text);
    sodium_memzero (secret, sizeof secret);
    return status;
}

baton_status signer_secret (uint8_t ret_secret[SIGNER_SECRET], baton_error_t *error)
{
    char path[PATH_ROOM];
    baton_status status = path_of ("signing.key", path, error);
    if (status == BATON_OK)
        status = read_secret (path, ret_secret, error);
    if (status != BATON_not_found)
        return status;
    status = make_secret (path, error);
    return status == BATON_OK ? read_secret (path, ret_secret, error) : status;
}

void signer_public (const uint8_t secret[SIGNER_SECRET], char ret_key[SIGNER_KEY_SIZE])
{
    sodium_bin2hex (ret_key, SIGNER_KEY_SIZE, secret + SIGNER_SECRET - crypto_sign_PUBLICKEYBYTES,
                    crypto_sign_PUBLICKEYBYTES);
}

/* ---- known ones ---- */

static bool is_key (const char *text)
{
    return strlen (text) == SIGNER_KEY_SIZE - 1 && strspn (text, "0123456789abcdef") == SIGNER_KEY_SIZE - 1;
}

baton_status signer_each (signer_visit_t *visit, void *argument, baton_error_t *error)
{
    char path[PATH_ROOM], line[SIGNER_KEY_SIZE + LIMIT_NAME + 8];
    baton_status status = path_of ("known_signers", path, error);
    FILE *file = status == BATON_OK ? fopen (path, "re") : NULL;
    if (status == BATON_OK && !file && errno != ENOENT)
        return baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't read %s: %s", path,
                           strerror (errno));
    while (status == BATON_OK && file && fgets (line, sizeof line, file)) {
        char *name = strchr (line, ' ');
        line[strcspn (line, "\n")] = '\0';
        if (!name)
            continue;
        *name++ = '\0';
        if (is_key (line) && strlen (name) <= LIMIT_NAME)
            status = visit (name, line, argument);
    }
    if (file)
        fclose (file);
    return status;
}

typedef struct {
    const char *key;
    char *name;
} asked_t;

static baton_status is_it (const char *name, const char *key, void *argument)
{
    const asked_t *asked = argument;
    if (strcmp (key, asked->key) == 0)
        snprintf (asked->name, LIMIT_NAME + 1, "%s", name);
    return BATON_OK;
}

baton_status signer_name (const char *key, char ret_name[LIMIT_NAME + 1], baton_error_t *error)
{
    uint8_t secret[SIGNER_SECRET];
    char path[PATH_ROOM], own[SIGNER_KEY_SIZE];
    asked_t asked = {key, ret_name};
    *ret_name = '\0';
    baton_status status = path_of ("signing.key", path, error);
    if (status == BATON_OK && read_secret (path, secret, NULL) == BATON_OK) {
        signer_public (secret, own);
        sodium_memzero (secret, sizeof secret);
        if (strcmp (own, key) == 0) {
            strcpy (ret_name, "you");
            return BATON_OK;
        }
    }
    return status == BATON_OK ? signer_each (is_it, &asked, error) : status;
}

typedef struct {
    const char *name, *key;
    bool same, taken;
} wanted_t;

static baton_status compare (const char *name, const char *key, void *argument)
{
    wanted_t *wanted = argument;
    bool names = strcmp (name, wanted->name) == 0, keys = strcmp (key, wanted->key) == 0;
    wanted->same = wanted->same || (names && keys);
    wanted->taken = wanted->taken || names != keys;
    return BATON_OK;
}

baton_status signer_trust (const char *name, const char *key, baton_error_t *error)
{
    char path[PATH_ROOM], directory[BATON_PATH_SIZE];
    wanted_t wanted = {.name = name, .key = key};
    if (!is_key (key))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "key",
                                 "a signer's key has 64 hexadecimal digits, in lower case");
    baton_status status = signer_each (compare, &wanted, error);
    if (status == BATON_OK && wanted.taken)
        return baton_fail_field (error, BATON_already_exists, BATON_REASON_name_taken, "name",
                                 "%s is known with another key, or the key under another name", name);
    if (status != BATON_OK || wanted.same)
        return status;
    status = baton_context_directory (directory, error);
    if (status == BATON_OK)
        status = folder_make (directory, error);
    if (status == BATON_OK)
        status = path_of ("known_signers", path, error);
    if (status != BATON_OK)
        return status;
    FILE *file = fopen (path, "ae");
    bool done = file && fprintf (file, "%s %s\n", key, name) > 0;
    if (file)
        done = fclose (file) == 0 && done;
    return done ? BATON_OK
                : baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't write %s: %s", path,
                              strerror (errno));
}
