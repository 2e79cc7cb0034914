/*  The watcher: a thread that looks at what triggers wait for, and says when it is another than was seen last.
 *
 *  It is level-triggered: what was seen last comes from the broker, so that whatever changes while the node is away, or
 *  while the kernel has no room to tell of it, is found at the next look. The kernel (inotify) only says when to look.
 */
#ifndef BATON_WATCHER_H
#define BATON_WATCHER_H

#include "schema.h"

#include <czmq.h>

typedef struct watcher watcher_t;

/*  Borrowed for the call. */
typedef void (watcher_fn) (void *arg, uint64_t epoch, const trigger_changed_request_t *change);

/*  fn is called by the loop's thread. */
BATON_MUST_USE baton_status watcher_new (zloop_t *loop, watcher_fn *fn, void *arg, watcher_t **ret_watcher,
                                         baton_error_t *error);
void watcher_destroy (watcher_t **self);

/*  What to look at for a session from now on, in the workspace at root; nothing, when it names no trigger. Copied. */
BATON_MUST_USE baton_status watcher_set (watcher_t *self, const char *root, const watched_t *watched);

/*  Between these two everything that is to be looked at is set; the rest is dropped. */
void watcher_begin (watcher_t *self);
void watcher_end (watcher_t *self);

/*  A change could not be kept: it is to be told again, a little later. */
void watcher_again (watcher_t *self, const char *session);

#endif
