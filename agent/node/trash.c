#include "trash.h"

#include "files.h"
#include "id.h"
#include "log.h"
#include "place.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *empty (void *arg)
{
    char *path = arg;
    files_remove_tree (path);
    free (path);
    return NULL;
}

/*  The thread takes the path and no signals: those are the loop's. */
static void start_thread (const char *path)
{
    char *copy = strdup (path);
    sigset_t all, before;
    pthread_t thread;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    if (copy && pthread_create (&thread, NULL, empty, copy) == 0)
        pthread_detach (thread);
    else
        free (copy); /*  the next start removes it */
    pthread_sigmask (SIG_SETMASK, &before, NULL);
}

void trash_put (const char *state, const char *path)
{
    char trash[PLACE_SIZE + ID_SIZE + 16], id[ID_SIZE];
    baton_error_t error;
    snprintf (trash, sizeof trash, "%s/trash", state);
    if (files_make_folder (trash, &error) != BATON_OK) {
        log_warning ("%s", error.message);
        return;
    }
    id_new (id);
    snprintf (trash, sizeof trash, "%s/trash/%s", state, id);
    if (rename (path, trash) == 0)
        start_thread (trash);
    else if (errno != ENOENT)
        log_warning ("%s can't be removed: %s", path, strerror (errno));
}

void trash_sweep (const char *state)
{
    char trash[PLACE_SIZE], id[ID_SIZE], old[PLACE_SIZE + ID_SIZE];
    snprintf (trash, sizeof trash, "%s/trash", state);
    id_new (id);
    snprintf (old, sizeof old, "%s.%s", trash, id);
    if (rename (trash, old) == 0)
        start_thread (old);
}
