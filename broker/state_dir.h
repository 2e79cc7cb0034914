/*  The broker's state directory: lock, keys, the admin's context.
 *
 *    DIR/lock        held by the broker that runs here
 *    DIR/broker.ctx  the broker's own key pair, mode 0600
 *    DIR/admin.ctx   the admin's context, mode 0600: the same user's `baton` finds it
 *    DIR/baton.db    the store, with DIR/blobs for what is large (docs/state.md)
 */
#ifndef BATON_STATE_DIR_H
#define BATON_STATE_DIR_H

#include <baton/baton.h>

typedef struct {
    int lock;                        /*  -1: not held */
    char announced[BATON_PATH_SIZE]; /*  the link that was made; "": none */
    char target[BATON_PATH_SIZE];    /*  and where it leads */
    char before[BATON_PATH_SIZE];    /*  where it led before: to another broker of this user; "": nowhere */
    baton_context_t broker;          /*  its key pair */
    baton_context_t admin;
} state_dir_t;

/*  Makes the directory (mode 0700) and the keys when they are not there, and locks it: failed_precondition with reason
 *  state_in_use when another broker has it. */
BATON_MUST_USE baton_status state_dir_open (const char *path, state_dir_t *ret_state_dir, baton_error_t *error);
void state_dir_close (state_dir_t *self);

/*  Gives the broker another key pair. Every context that names the old one reaches nobody from then on. */
BATON_MUST_USE baton_status state_dir_rekey (state_dir_t *self, const char *path, baton_error_t *error);

/*  Writes where the broker listens now into the admin's context: before the site's first event, so that its key is
 *  never lost. Then links it to where the same user's programs look for it (baton_context_announced), until
 *  state_dir_close, which gives the link back to the broker that had it if that runs still; that this fails is only
 * logged. */
BATON_MUST_USE baton_status state_dir_announce (state_dir_t *self, const char *path, const char *endpoint,
                                                baton_error_t *error);

#endif
