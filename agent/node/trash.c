#include "trash.h"

#include "files.h"
#include "id.h"
#include "log.h"
#include "place.h"
#include "transfer_tree.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRASH_SIZE (PLACE_SIZE + ID_SIZE + 16)

/*  What its owner may not write to can't be emptied by him: he gets that right first. */
static void remove_tree (const char *path)
{
    transfer_tree_loosen (path);
    files_remove_tree (path);
}

static void *remove_one (void *arg)
{
    char *path = arg;
    remove_tree (path);
    free (path);
    return NULL;
}

/*  The trash itself stays: somebody may be about to put something into it. */
static void *remove_all (void *arg)
{
    char *trash = arg, path[2 * PLACE_SIZE];
    DIR *folder = opendir (trash);
    for (struct dirent *entry; folder && (entry = readdir (folder));) {
        snprintf (path, sizeof path, "%s/%s", trash, entry->d_name);
        if (entry->d_name[0] != '.')
            remove_tree (path);
    }
    if (folder)
        closedir (folder);
    free (trash);
    return NULL;
}

/*  The thread takes the path and no signals: those are the loop's. */
static void start_thread (void *(*work) (void *), const char *path)
{
    char *copy = strdup (path);
    sigset_t all, before;
    pthread_t thread;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    if (copy && pthread_create (&thread, NULL, work, copy) == 0)
        pthread_detach (thread);
    else
        free (copy); /*  the next sweep removes it */
    pthread_sigmask (SIG_SETMASK, &before, NULL);
}

static bool move (const char *state, const char *path, char ret_moved[TRASH_SIZE])
{
    char trash[PLACE_SIZE], id[ID_SIZE];
    baton_error_t error;
    snprintf (trash, sizeof trash, "%s/trash", state);
    if (files_make_folder (trash, &error) != BATON_OK) {
        log_warning ("%s", error.message);
        return false;
    }
    id_new (id);
    snprintf (ret_moved, TRASH_SIZE, "%s/%s", trash, id);
    if (rename (path, ret_moved) == 0)
        return true;
    if (errno != ENOENT)
        log_warning ("%s can't be removed: %s", path, strerror (errno));
    return false;
}

void trash_put (const char *state, const char *path)
{
    char moved[TRASH_SIZE];
    if (move (state, path, moved))
        start_thread (remove_one, moved);
}

void trash_move (const char *state, const char *path)
{
    char moved[TRASH_SIZE];
    (void) move (state, path, moved);
}

void trash_sweep (const char *state)
{
    char trash[PLACE_SIZE];
    snprintf (trash, sizeof trash, "%s/trash", state);
    start_thread (remove_all, trash);
}
