/*  What the files of the watcher's thread share: watcher.c and watcher_folders.c. */
#ifndef BATON_WATCHER_INTERNAL_H
#define BATON_WATCHER_INTERNAL_H

#include "look.h"
#include "watcher.h"

/*  One trigger. */
typedef struct {
    struct looked *session;
    trigger_t trigger;
    look_t look;
    bool complete; /*  there was a look to compare with */
    bool told;     /*  a change since what was seen last is on its way */
    int64_t due;   /*  when to look; monotonic milliseconds */
    int64_t moved; /*  when the first event came that was not looked at yet; 0: none did */
    int64_t rest;  /*  not before this, so that what takes long leaves the others their turn */
    bool refused;  /*  it was said that it can't look */
} watch_t;

/*  One session. */
typedef struct looked {
    char *root;
    watched_t watched; /*  without its triggers */
    zlistx_t *watches;
    bool stale;
} looked_t;

/*  A folder that the kernel watches, and for whom. */
typedef struct {
    int number;
    struct {
        size_t count;
        struct {
            watch_t *watch;
            const char *name; /*  the watch's own */
        } * items;
    } ears;
} folder_t;

typedef struct {
    zsock_t *pipe;
    int notify;
    zhashx_t *sessions; /*  of looked_t *, by id */
    zhashx_t *folders;  /*  of folder_t *, by the number */
    int64_t next;       /*  when the next look is due */
    bool said_blind;
} thread_t;

/*  An empty table of folders, for the thread. NULL for lack of memory. */
zhashx_t *folders_new (void);

/*  The folder of that number; NULL when it is not watched. */
folder_t *folders_find (const thread_t *self, int number);

/*  What happens in the spots of a look concerns that watch no more. */
void folders_forget (thread_t *self, const watch_t *watch, const look_t *look);

/*  What happens in the spots of the fresh look concerns the watch from now on, in place of those of its last look. The
 *  names of spots are borrowed: afterwards `fresh` has the spots that are to be kept. */
void folders_keep (thread_t *self, watch_t *watch, look_t *fresh);
void folders_swap (look_t *a, look_t *b);

#endif
