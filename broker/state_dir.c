#include "state_dir.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define PATH_SIZE 4200

static void join (char *ret_path, const char *directory, const char *name)
{
    snprintf (ret_path, PATH_SIZE, "%s/%s", directory, name);
}

static baton_status make_directory (const char *path, baton_error_t *error)
{
    char part[PATH_SIZE];
    if ((size_t) snprintf (part, sizeof part, "%s", path) >= sizeof part - 64)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_too_large, "state",
                                 "the path is too long");
    for (char *at = part + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char saved = *at;
        *at = '\0';
        if (mkdir (part, 0700) != 0 && errno != EEXIST)
            return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_bad_value, "state",
                                     "cannot make the directory %s: %s", part, strerror (errno));
        *at = saved;
        if (saved == '\0')
            return BATON_OK;
    }
}

static baton_status lock_directory (const char *path, int *ret_lock, baton_error_t *error)
{
    char name[PATH_SIZE];
    join (name, path, "lock");
    int lock = open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_bad_value, "state", "cannot use %s: %s",
                                 name, strerror (errno));
    if (flock (lock, LOCK_EX | LOCK_NB) != 0) {
        close (lock);
        return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_state_in_use, "state",
                                 "another broker uses the state directory %s", path);
    }
    *ret_lock = lock;
    return BATON_OK;
}

static baton_status make_keys (const char *broker_key, baton_context_t *ret_context, baton_error_t *error)
{
    baton_context_t context = {.endpoint = "tcp://127.0.0.1:7600"};
    if (zmq_curve_keypair (context.public_key, context.secret_key) != 0)
        return baton_fail (error, BATON_internal, BATON_REASON_bug, "cannot make a key pair: %s", zmq_strerror (errno));
    memcpy (context.broker_key, broker_key ? broker_key : context.public_key, sizeof context.broker_key);
    *ret_context = context;
    return BATON_OK;
}

/*  Written whole or not at all, so a crash leaves no half key. */
static baton_status load_broker (const char *path, baton_context_t *ret_context, baton_error_t *error)
{
    if (access (path, F_OK) == 0)
        return baton_context_load (path, ret_context, error);
    baton_status status = make_keys (NULL, ret_context, error);
    return status == BATON_OK ? baton_context_save (path, ret_context, error) : status;
}

/*  A fresh admin's context is written by state_dir_announce, once it is known where the broker listens: whoever finds
 *  the file can use it. */
static baton_status load_admin (const char *path, const char *broker_key, baton_context_t *ret_context,
                                baton_error_t *error)
{
    if (access (path, F_OK) == 0)
        return baton_context_load (path, ret_context, error);
    baton_status status = make_keys (broker_key, ret_context, error);
    if (status == BATON_OK)
        ret_context->endpoint[0] = '\0';
    return status;
}

static bool has (const char *path, const char *name)
{
    char file[PATH_SIZE];
    struct stat about;
    join (file, path, name);
    return stat (file, &about) == 0 && about.st_size > 0;
}

/*  The first start makes broker.ctx, then the database, then admin.ctx. A directory that lacks an earlier one has lost
 * it, and a broker that began anew there would lock everybody out of what is left. */
static baton_status check_complete (const char *path, baton_error_t *error)
{
    bool database = has (path, "baton.db");
    if (database && !has (path, "broker.ctx"))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                           "%s/baton.db is there, but the broker's key, broker.ctx, is not", path);
    if (!database && has (path, "admin.ctx"))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                           "%s/admin.ctx is there, but the database, baton.db, is not", path);
    return BATON_OK;
}

baton_status state_dir_open (const char *path, state_dir_t *ret_state_dir, baton_error_t *error)
{
    state_dir_t self = {.lock = -1};
    char name[PATH_SIZE];
    baton_status status = make_directory (path, error);
    if (status == BATON_OK)
        status = lock_directory (path, &self.lock, error);
    if (status == BATON_OK)
        status = check_complete (path, error);
    if (status == BATON_OK) {
        join (name, path, "broker.ctx");
        status = load_broker (name, &self.broker, error);
    }
    if (status == BATON_OK) {
        join (name, path, "admin.ctx");
        status = load_admin (name, self.broker.public_key, &self.admin, error);
    }
    if (status == BATON_OK)
        *ret_state_dir = self;
    else
        state_dir_close (&self);
    return status;
}

/*  The old pair is replaced in one step. What contexts say is for their owners to change; the admin's follows at the
 * next start. */
baton_status state_dir_rekey (state_dir_t *self, const char *path, baton_error_t *error)
{
    char name[PATH_SIZE], fresh[PATH_SIZE];
    baton_context_t context = {0};
    join (name, path, "broker.ctx");
    join (fresh, path, "broker.ctx.new");
    unlink (fresh); /*  left by a crash */
    baton_status status = make_keys (NULL, &context, error);
    if (status == BATON_OK)
        status = baton_context_save (fresh, &context, error);
    if (status == BATON_OK && rename (fresh, name) != 0)
        status = baton_fail (error, BATON_unavailable, BATON_REASON_storage_failed, "cannot write %s: %s", name,
                             strerror (errno));
    if (status == BATON_OK)
        self->broker = context;
    explicit_bzero (&context, sizeof context);
    return status;
}

/* ---- the announcement ---- */

static bool links_to (const char *link, const char *target)
{
    char found[PATH_SIZE];
    ssize_t size = readlink (link, found, sizeof found - 1);
    return size == (ssize_t) strlen (target) && memcmp (found, target, (size_t) size) == 0;
}

static bool place_link (const char *link, const char *target)
{
    char fresh[BATON_PATH_SIZE + 24];
    snprintf (fresh, sizeof fresh, "%s.%d", link, (int) getpid ());
    return symlink (target, fresh) == 0 && rename (fresh, link) == 0;
}

/*  Whether a broker runs whose admin's context that is. */
static bool runs_there (const char *context)
{
    char name[BATON_PATH_SIZE + 8];
    const char *slash = strrchr (context, '/');
    if (!slash)
        return false;
    snprintf (name, sizeof name, "%.*s/lock", (int) (slash - context), context);
    int lock = open (name, O_RDWR | O_CLOEXEC);
    bool runs = lock >= 0 && flock (lock, LOCK_SH | LOCK_NB) != 0;
    if (lock >= 0)
        close (lock);
    return runs;
}

/*  Of several brokers of one user, the one that was started last is found. */
static void announce_link (state_dir_t *self, const char *path)
{
    char link[BATON_PATH_SIZE], folder[BATON_PATH_SIZE], target[BATON_PATH_SIZE];
    char *real = realpath (path, NULL);
    if (!real || !baton_context_announced (link)) {
        free (real);
        return;
    }
    snprintf (target, sizeof target, "%s/admin.ctx", real);
    free (real);
    snprintf (folder, sizeof folder, "%s", link);
    *strrchr (folder, '/') = '\0';
    char *other = self->before;
    ssize_t size = readlink (link, other, sizeof self->before - 1);
    other[size > 0 ? size : 0] = '\0';
    if (strcmp (other, target) == 0)
        *other = '\0';
    if (*other)
        log_warning ("baton of this user talks to this broker until it ends; to that of %s with --context %s", other,
                     other);
    mkdir (folder, 0700);
    if (!links_to (link, target) && !place_link (link, target))
        log_warning ("cannot link %s to %s: %s; set BATON_CONTEXT=%s", link, target, strerror (errno), target);
    snprintf (self->announced, sizeof self->announced, "%s", link);
    snprintf (self->target, sizeof self->target, "%s", target);
}

void state_dir_close (state_dir_t *self)
{
    bool ours = *self->announced && links_to (self->announced, self->target);
    if (ours && (!runs_there (self->before) || !place_link (self->announced, self->before)))
        unlink (self->announced);
    self->announced[0] = '\0';
    if (self->lock >= 0)
        close (self->lock);
    self->lock = -1;
}

static baton_status write_admin (state_dir_t *self, const char *path, const char *endpoint, baton_error_t *error)
{
    if (strcmp (self->admin.endpoint, endpoint) == 0 && strcmp (self->admin.broker_key, self->broker.public_key) == 0)
        return BATON_OK;
    memcpy (self->admin.broker_key, self->broker.public_key, sizeof self->admin.broker_key);
    char name[PATH_SIZE], fresh[PATH_SIZE];
    join (name, path, "admin.ctx");
    join (fresh, path, "admin.ctx.new");
    unlink (fresh); /*  left by a crash */
    snprintf (self->admin.endpoint, sizeof self->admin.endpoint, "%s", endpoint);
    baton_status status = baton_context_save (fresh, &self->admin, error);
    if (status == BATON_OK && rename (fresh, name) != 0)
        status = baton_fail (error, BATON_unavailable, BATON_REASON_storage_failed, "cannot write %s: %s", name,
                             strerror (errno));
    return status;
}

baton_status state_dir_announce (state_dir_t *self, const char *path, const char *endpoint, baton_error_t *error)
{
    baton_status status = write_admin (self, path, endpoint, error);
    if (status == BATON_OK)
        announce_link (self, path);
    return status;
}
