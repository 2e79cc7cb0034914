/*  Moving sessions, as this node has its part in it: what reconcile asks for becomes transfers (transfer_source.h,
 *  transfer_target.h), and what those report becomes reports to the broker. Each verb may be called again and again;
 * only the first time does something.
 */
#ifndef BATON_MOVE_H
#define BATON_MOVE_H

#include "schema.h"

#include <baton/baton.h>
#include <czmq.h>

typedef struct move move_t;

typedef struct {
    /*  Reports migration_prepared, _frozen, _accepted or _failed; text is the digest, or why it failed. False when it
     *  could not be written down: it is said again at the next move_retain. */
    bool (*report) (void *arg, const char *session, uint64_t migration, method_id_t method, const char *text);
    /*  A workspace may not be needed here any more. sure: the migration that it was frozen for was committed. */
    void (*departed) (void *arg, const char *session, bool sure);
    /*  Target: the migration has ended, its stage may be complete, and nobody has told us that it was committed. Until
     *  move_place or move_discard the stage stays. */
    void (*abandoned) (void *arg, const char *session, uint64_t migration);
    void *arg;
} move_handlers_t;

/*  Binds the transfer endpoint. context and state are borrowed. */
BATON_MUST_USE baton_status move_new (zloop_t *loop, const baton_context_t *context, const char *state,
                                      const char *endpoint, const move_handlers_t *handlers, move_t **ret_move,
                                      baton_error_t *error);
void move_destroy (move_t **self);

/*  Where other nodes fetch from this one. */
const char *move_endpoint (const move_t *self);

/*  Source: the target may fetch the workspace at root; the run stands still: freeze it. */
void move_offer (move_t *self, const assignment_t *assignment, const char *root);
void move_freeze (move_t *self, const assignment_t *assignment, const char *root);

/*  Target: fetch; then fetch the rest of the frozen workspace. */
void move_fetch (move_t *self, const assignment_t *assignment);
void move_accept (move_t *self, const assignment_t *assignment);

/*  Target: puts the accepted workspace into its place. Done already is fine. */
BATON_MUST_USE baton_status move_place (move_t *self, const char *session, uint64_t migration, const char *destination,
                                        baton_error_t *error);

/*  Target: removes what was staged. */
void move_discard (move_t *self, const char *session, uint64_t migration);

/*  Whether anything is staged for the session: before that is placed or discarded, no run of it may start. */
bool move_staged (const move_t *self, const char *session);

/*  Looks at all stages and workspaces again at the next move_retain, for some could not be asked about, or time has
 *  passed. */
void move_sweep_again (move_t *self);

/*  Whether a migration of the session is known, so that its end will be told. */
bool move_knows (move_t *self, const char *session);

/*  Whether any migration is under way. */
bool move_busy (const move_t *self);

/*  Adds what comes here, as far as it has come, to a heartbeat: each of the sessions that move to this node. */
BATON_MUST_USE baton_status move_arriving (move_t *self, node_heartbeat_request_t *beat);

/*  Target: bytes of the workspace, as far as that is known. */
uint64_t move_bytes (move_t *self, const char *session, uint64_t migration);

/*  The broker has committed the migration. */
void move_committed (move_t *self, const char *session, uint64_t migration);

/*  Ends what is not among the assignments any more. */
void move_retain (move_t *self, const char *node, const assignment_page_t *page);

#endif
