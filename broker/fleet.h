/*  The fleet as it is right now: which nodes are heard of, what runs where, which runs wait for a place.
 *
 *  All of it can be told from the journals and from the nodes' heartbeats; nothing here is stored. fleet_note keeps it
 *  in step with each committed change of a session.
 */
#ifndef BATON_FLEET_H
#define BATON_FLEET_H

#include "frontend.h"
#include "schema.h"

typedef struct fleet fleet_t;

/*  What is known of a node beside its description in the site's state. */
typedef struct {
    char name[LIMIT_NAME + 1];
    char instance[LIMIT_ID + 1];   /*  which process it is, across its restarts; "": it does not say */
    peer_t peer;                   /*  where it speaks from */
    uint64_t heard;                /*  monotonic ms of the last heartbeat; 0: not since the broker started */
    uint64_t seen_at;              /*  the same as wall clock */
    uint64_t seq;                  /*  last event that concerned it */
    uint64_t occupied;             /*  slots in use, or promised to a migration */
    uint64_t bytes;                /*  at most, of what it is to do: its assignments must fit into one answer */
    node_heartbeat_request_t beat; /*  the last one */
} member_t;

BATON_MUST_USE baton_status fleet_new (uint64_t now, uint64_t head, fleet_t **ret_fleet);
void fleet_destroy (fleet_t **self);

/*  The member of that name, made when it isn't there. NULL for lack of memory. */
member_t *fleet_member (fleet_t *self, const char *name);

/*  Notes a session's state after a commit, or at the start. */
BATON_MUST_USE baton_status fleet_note (fleet_t *self, const session_t *state, uint64_t order);

/*  The broker itself was away until now: what was sent to it meanwhile has yet to be read, so every node gets a whole
 *  ttl again. */
void fleet_pardon (fleet_t *self, uint64_t now);

/*  Whether a node was heard of within ttl. Just after the start every node gets that long to show up. */
bool fleet_alive (const fleet_t *self, const member_t *member, uint64_t now, uint64_t ttl);

/*  Whether any node could take any session at all. */
bool fleet_has_room (fleet_t *self, const site_t *site, uint64_t now, uint64_t ttl);

/*  The node that a run of this session should go to, or NULL with a sentence in `why` (may be NULL): its home if it
 *  has one; otherwise, of the nodes that are alive, not draining, match name, labels and driver and have a free slot,
 *  the one with most free slots, the first by name among equals. `except` may name a node that is out of the question.
 */
const node_t *fleet_choose (fleet_t *self, const site_t *site, const session_t *session, const char *except,
                            uint64_t now, uint64_t ttl, char *why, size_t why_size);

/*  Whether no node that is known, up or not, is one that the session asks for by name, labels or driver; then a
 * sentence in `why`. Without any node, that is all there is to say. */
bool fleet_lacks (const site_t *site, const session_t *session, char *why, size_t why_size);

/*  One reason why a node cannot take a session, checked in turn: "up", "not draining", "name", "labels", "driver",
 *  "slot", "transfer". ret_check is filled for index 0, 1, …; false past the last. */
bool fleet_check (fleet_t *self, const node_t *node, const session_t *session, size_t index, uint64_t now, uint64_t ttl,
                  check_t *ret_check);

/*  The sessions that wait for a place, highest priority and then oldest first. A cursor begins at 0 and is moved on;
 * NULL past the last. Noting a session in between keeps the cursor's place. */
const char *fleet_next_waiting (const fleet_t *self, size_t *cursor);

/*  Likewise the sessions under way at a node: a run placed or running there, or a migration from or to it. */
const char *fleet_next_at (const fleet_t *self, const char *node, size_t *cursor);

#endif
