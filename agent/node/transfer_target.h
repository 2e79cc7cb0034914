/*  The node as the target of one migration: fetches the workspace from the source into a staging folder.
 *
 *  All of it runs on a thread of its own. The main loop polls transfer_target_pipe and takes the reports:
 *
 *    new ──── pre-copy, while the run goes on at the source: TRANSFER_PROGRESS now and then, at last TRANSFER_PREPARED
 *             (after which it keeps up with the changes until it is told to accept)
 *    accept ─ the frozen rest is fetched, everything is verified against the digest and brought to the disk:
 *             TRANSFER_ACCEPTED. It may be called at any time, also before PREPARED
 *    end ──── gives up what is under way, without keeping the caller waiting: TRANSFER_ENDED, then destroy
 *    destroy  gives up what is under way; what is staged stays, and a new target with the same staging folder goes on
 *             from there, after a restart of this node as well
 *
 *  Then, from the main loop: transfer_stage_place puts the accepted tree where it belongs, or transfer_stage_discard
 *  removes it. Lost connections, a source that restarts and one that doesn't know of the migration yet are all waited
 * out for `patience`; what can't be helped is TRANSFER_FAILED at once. After ACCEPTED or FAILED only destroy is left to
 * do.
 */
#ifndef BATON_TRANSFER_TARGET_H
#define BATON_TRANSFER_TARGET_H

#include "transfer_report.h"
#include "transfer_stage.h"

typedef struct transfer_target transfer_target_t;

/*  Borrowed for the call. Keys are CURVE keys in Z85. */
typedef struct {
    const char *endpoint; /*  where the source serves */
    const char *peer_key; /*  the source's public key */
    const char *public_key;
    const char *secret_key;
    const char *session;
    uint64_t migration;
    const char *staging; /*  a folder for this migration alone, on the file system of the workspace's final place */
    uint64_t patience;   /*  milliseconds without any progress until TRANSFER_FAILED; 0: 30,000 */
} transfer_target_options_t;

BATON_MUST_USE baton_status transfer_target_new (const transfer_target_options_t *options,
                                                 transfer_target_t **ret_target, baton_error_t *error);
void transfer_target_end (transfer_target_t *self);
/*  May wait until what is being hashed or brought to the disk at the moment is done; not after TRANSFER_ENDED. */
void transfer_target_destroy (transfer_target_t **self);

/*  digest: as the source reported it frozen. */
void transfer_target_accept (transfer_target_t *self, const char *digest);

zsock_t *transfer_target_pipe (transfer_target_t *self);
bool transfer_target_next (transfer_target_t *self, transfer_report_t *ret_report);

#endif
