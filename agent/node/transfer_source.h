/*  The node as the source of migrations: one server, at the node's transfer endpoint, from which other nodes fetch the
 *  workspaces that they were allowed to fetch.
 *
 *  Everything runs on threads of its own (one for the server, one for each allowed migration). The main loop calls the
 *  verbs below, none of which blocks on a disk or a network, polls transfer_source_pipe and takes the reports:
 *
 *    allow ────── the target may fetch, as often as it likes, while the run goes on
 *    freeze ───── the run has stopped: TRANSFER_FROZEN with the digest for migration.frozen, or TRANSFER_FAILED
 *    forget ───── committed, failed or undone: the target gets nothing more
 *
 *  After a failed freeze the migration is as it was: freeze again, or forget. A process with a source needs a
 *  transfer_zap, made before and destroyed after it.
 */
#ifndef BATON_TRANSFER_SOURCE_H
#define BATON_TRANSFER_SOURCE_H

#include "schema.h"
#include "transfer_report.h"

typedef struct transfer_source transfer_source_t;

/*  Binds the endpoint ("tcp://ADDRESS:PORT", port * for any free one) with the node's CURVE key pair (Z85). */
BATON_MUST_USE baton_status transfer_source_new (const char *endpoint, const char *public_key, const char *secret_key,
                                                 transfer_source_t **ret_source, baton_error_t *error);

/*  Ends all transfers. May wait for a scan of a frozen workspace to end. */
void transfer_source_destroy (transfer_source_t **self);

/*  The endpoint as it was bound, with the real port. Valid as long as self. */
const char *transfer_source_endpoint (const transfer_source_t *self);

/*  Lets the node with that CURVE key fetch the workspace at root for that migration. Of the bindings, which are copied,
 *  those with `omit` count. Again for the same session and migration: replaces what was allowed. */
BATON_MUST_USE baton_status transfer_source_allow (transfer_source_t *self, const char *session, uint64_t migration,
                                                   const char *peer_key, const char *root, const binding_t *bindings,
                                                   size_t binding_count);

/*  Unknown migrations: freeze reports TRANSFER_FAILED with not_found, forget does nothing. */
void transfer_source_freeze (transfer_source_t *self, const char *session, uint64_t migration);
void transfer_source_forget (transfer_source_t *self, const char *session, uint64_t migration);

/*  For the loop's poller; and the next report, if one waits. */
zsock_t *transfer_source_pipe (transfer_source_t *self);
bool transfer_source_next (transfer_source_t *self, transfer_report_t *ret_report);

#endif
