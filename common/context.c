/*  Context files, and which of them a program uses. */
#include <baton/baton.h>

#include "limits.h"

#include <czmq.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST 16384 /*  bytes of a context file */

static const struct {
    const char *name;
    size_t offset, size;
} ENTRIES[] = {
    {"endpoint", offsetof (baton_context_t, endpoint), BATON_ENDPOINT_SIZE},
    {"broker_key", offsetof (baton_context_t, broker_key), BATON_KEY_SIZE},
    {"public_key", offsetof (baton_context_t, public_key), BATON_KEY_SIZE},
    {"secret_key", offsetof (baton_context_t, secret_key), BATON_KEY_SIZE},
};
#define ENTRY_COUNT (sizeof ENTRIES / sizeof *ENTRIES)

/* ---- read ---- */

static baton_status check_file (int fd, const char *path, baton_error_t *error)
{
    struct stat about;
    if (fstat (fd, &about) != 0 || !S_ISREG (about.st_mode))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_none, "context %s is not a file", path);
    if (about.st_mode & 077)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_none,
                           "context %s holds a secret key, but others may read it: run chmod 600 on it", path);
    if (about.st_size > FILE_MOST)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_too_large,
                           "context %s has more than %d bytes", path, FILE_MOST);
    return BATON_OK;
}

static baton_status read_file (const char *path, char text[FILE_MOST + 1], baton_error_t *error)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return baton_fail (error, errno == ENOENT ? BATON_not_found : BATON_permission_denied, BATON_REASON_none,
                           "can't read context %s: %s", path, strerror (errno));
    baton_status status = check_file (fd, path, error);
    size_t size = 0;
    while (status == BATON_OK && size < FILE_MOST) {
        ssize_t got = read (fd, text + size, FILE_MOST - size);
        if (got == 0)
            break;
        if (got > 0)
            size += (size_t) got;
        else if (errno != EINTR)
            status = baton_fail (error, BATON_internal, BATON_REASON_none, "can't read context %s: %s", path,
                                 strerror (errno));
    }
    text[size] = '\0';
    close (fd);
    return status;
}

static baton_status check_entries (const char *path, const baton_context_t *context, baton_error_t *error)
{
    bool local = strncmp (context->endpoint, "ipc://", 6) == 0;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        const char *entry = (const char *) context + ENTRIES[i].offset;
        bool needs = i == 0 || !local;
        if (needs && (!*entry || (i > 0 && strlen (entry) != BATON_KEY_SIZE - 1)))
            return baton_fail (error, BATON_failed_precondition, BATON_REASON_bad_value,
                               "context %s has no valid %s: run baton join again with a new token", path,
                               ENTRIES[i].name);
    }
    return BATON_OK;
}

baton_status baton_context_load (const char *path, baton_context_t *ret_context, baton_error_t *error)
{
    char text[FILE_MOST + 1];
    baton_status status = read_file (path, text, error);
    if (status != BATON_OK)
        return status;
    zconfig_t *root = zconfig_str_load (text);
    if (!root)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_bad_context,
                           "context %s is not a configuration in ZPL form", path);
    baton_context_t context = {0};
    for (size_t i = 0; i < ENTRY_COUNT; i++)
        snprintf ((char *) &context + ENTRIES[i].offset, ENTRIES[i].size, "%s",
                  zconfig_get (root, ENTRIES[i].name, ""));
    zconfig_destroy (&root);
    explicit_bzero (text, sizeof text);
    status = check_entries (path, &context, error);
    if (status == BATON_OK)
        *ret_context = context;
    explicit_bzero (&context, sizeof context);
    return status;
}

/* ---- write ---- */

static char *to_text (const baton_context_t *context)
{
    zconfig_t *root = zconfig_new ("root", NULL);
    for (size_t i = 0; root && i < ENTRY_COUNT; i++) {
        const char *entry = (const char *) context + ENTRIES[i].offset;
        if (*entry)
            zconfig_put (root, ENTRIES[i].name, entry);
    }
    char *text = root ? zconfig_str_save (root) : NULL;
    zconfig_destroy (&root);
    return text;
}

static bool write_all (int fd, const char *text)
{
    size_t left = strlen (text);
    while (left > 0) {
        ssize_t put = write (fd, text, left);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            text += put;
            left -= (size_t) put;
        }
    }
    return fsync (fd) == 0;
}

/*  The file gets its name only when it is whole, and link, unlike rename, never replaces another. */
static baton_status write_file (const char *path, const char *text, baton_error_t *error)
{
    char draft[LIMIT_PATH + 16];
    snprintf (draft, sizeof draft, "%s.XXXXXX", path);
    int fd = mkostemp (draft, O_CLOEXEC); /*  mode 0600 */
    if (fd < 0)
        return baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't write context %s: %s", path,
                           strerror (errno));
    baton_status status = BATON_OK;
    if (!write_all (fd, text))
        status = baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full, "can't write context %s: %s",
                             path, strerror (errno));
    else if (link (draft, path) != 0)
        status = errno == EEXIST
                     ? baton_fail (error, BATON_already_exists, BATON_REASON_name_taken, "context %s exists", path)
                     : baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't write context %s: %s",
                                   path, strerror (errno));
    close (fd);
    unlink (draft);
    return status;
}

baton_status baton_context_save (const char *path, const baton_context_t *context, baton_error_t *error)
{
    if (strlen (path) >= LIMIT_PATH)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large,
                           "the path of the context is too long");
    char *text = to_text (context);
    if (!text)
        return baton_fail_memory (error);
    baton_status status = write_file (path, text, error);
    explicit_bzero (text, strlen (text));
    free (text);
    return status;
}

/* ---- find ---- */

/*  A variable of the environment; "" when it is not set. */
static const char *variable (const char *name)
{
    const char *value = getenv (name);
    return value ? value : "";
}

/*  $variable/rest, or ~/fallback/rest without the variable. False when there is no home either. */
static bool path_in (const char *name, const char *fallback, const char *rest, char ret_path[LIMIT_PATH])
{
    const char *base = variable (name), *home = variable ("HOME");
    if (!*base && !*home)
        return false;
    int size = *base ? snprintf (ret_path, LIMIT_PATH, "%s/%s", base, rest)
                     : snprintf (ret_path, LIMIT_PATH, "%s/%s/%s", home, fallback, rest);
    return size > 0 && size < LIMIT_PATH;
}

baton_status baton_context_directory (char ret_path[BATON_PATH_SIZE], baton_error_t *error)
{
    if (!path_in ("XDG_CONFIG_HOME", ".config", "baton", ret_path))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_none,
                           "neither XDG_CONFIG_HOME nor HOME is set: there is no place for contexts");
    return BATON_OK;
}

baton_status baton_context_open (const char *name, baton_context_t *ret_context, baton_error_t *error)
{
    if (strchr (name, '/'))
        return baton_context_load (name, ret_context, error);
    char directory[BATON_PATH_SIZE], path[BATON_PATH_SIZE + 256];
    baton_status status = baton_context_directory (directory, error);
    if (status != BATON_OK)
        return status;
    size_t length = strlen (name);
    bool ends = length > 4 && strcmp (name + length - 4, ".ctx") == 0;
    snprintf (path, sizeof path, "%s/%s%s", directory, name, ends ? "" : ".ctx");
    return baton_context_load (path, ret_context, error);
}

static baton_status inside_run (const char *socket, baton_context_t *ret_context, baton_error_t *error)
{
    baton_context_t context = {0};
    const char *scheme = strstr (socket, "://") ? "" : "ipc://";
    int size = snprintf (context.endpoint, sizeof context.endpoint, "%s%s", scheme, socket);
    const char *token = variable ("BATON_TOKEN"), *session = variable ("BATON_SESSION");
    if (size >= (int) sizeof context.endpoint || strlen (token) >= sizeof context.token ||
        strlen (session) >= sizeof context.session)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_too_large,
                           "BATON_SOCKET, BATON_TOKEN or BATON_SESSION is longer than a node makes it");
    snprintf (context.token, sizeof context.token, "%s", token);
    snprintf (context.session, sizeof context.session, "%s", session);
    context.run = strtoull (variable ("BATON_RUN"), NULL, 10);
    *ret_context = context;
    return BATON_OK;
}

bool baton_context_announced (char ret_path[BATON_PATH_SIZE])
{
    const char *runtime = variable ("XDG_RUNTIME_DIR");
    if (!*runtime && geteuid () != 0)
        return false;
    int size = snprintf (ret_path, BATON_PATH_SIZE, "%s/baton/admin.ctx", *runtime ? runtime : "/run");
    return size > 0 && size < BATON_PATH_SIZE;
}

baton_status baton_context_find (baton_context_t *ret_context, baton_error_t *error)
{
    if (*variable ("BATON_SOCKET"))
        return inside_run (variable ("BATON_SOCKET"), ret_context, error);
    if (*variable ("BATON_CONTEXT"))
        return baton_context_open (variable ("BATON_CONTEXT"), ret_context, error);
    char path[LIMIT_PATH];
    baton_status status;
    if (path_in ("XDG_CONFIG_HOME", ".config", "baton/default.ctx", path)) {
        status = baton_context_load (path, ret_context, error);
        if (status != BATON_not_found)
            return status;
    }
    char announced[BATON_PATH_SIZE];
    if (baton_context_announced (announced)) {
        status = baton_context_load (announced, ret_context, error);
        if (status != BATON_not_found)
            return status;
    }
    if (path_in ("XDG_STATE_HOME", ".local/state", "baton/broker/admin.ctx", path)) {
        status = baton_context_load (path, ret_context, error);
        if (status != BATON_not_found)
            return status;
    }
    /*  A broker of the system: for others than its user, this file might as well not be there. */
    status = baton_context_load ("/var/lib/baton/admin.ctx", ret_context, error);
    if (status != BATON_not_found && status != BATON_permission_denied)
        return status;
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_no_context,
                       "there is no context: nothing says where the broker is and who you are");
}
