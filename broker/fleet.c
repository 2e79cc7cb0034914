#include "fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  A session that a node has to do with, or that waits for one. */
typedef struct {
    char session[LIMIT_ID + 1];
    char node[LIMIT_NAME + 1];   /*  has the run; "" when none has */
    char source[LIMIT_NAME + 1]; /*  of a migration under way */
    char target[LIMIT_NAME + 1];
    bool slot;     /*  a run of it takes a slot at `node` */
    bool promised; /*  and will take one at `target` */
    bool waiting;
    uint64_t priority, order;
    uint64_t bytes; /*  of its assignment, at most */
} placement_t;

/*  Bytes of an assignment without its texts of any length: names, numbers, the title, the migration. */
#define ASSIGNMENT_LEAST 2048

struct fleet {
    uint64_t started, head;
    struct {
        size_t count;
        member_t **items;
    } members;
    struct {
        size_t count;
        placement_t *items;
    } placements; /*  sessions under way, by priority and age */
};

baton_status fleet_new (uint64_t now, uint64_t head, fleet_t **ret_fleet)
{
    fleet_t *self = calloc (1, sizeof *self);
    if (!self)
        return BATON_resource_exhausted;
    self->started = now;
    self->head = head;
    *ret_fleet = self;
    return BATON_OK;
}

void fleet_destroy (fleet_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->members.count; i++) {
        record_clear (&METHODS[METHOD_node_heartbeat].type, &(*self)->members.items[i]->beat);
        free ((*self)->members.items[i]);
    }
    free ((*self)->members.items);
    free ((*self)->placements.items);
    free (*self);
    *self = NULL;
}

member_t *fleet_member (fleet_t *self, const char *name)
{
    for (size_t i = 0; i < self->members.count; i++)
        if (strcmp (self->members.items[i]->name, name) == 0)
            return self->members.items[i];
    member_t *member = calloc (1, sizeof *member);
    member_t **slot = member ? list_append (&self->members, sizeof *slot) : NULL;
    if (!slot) {
        free (member);
        return NULL;
    }
    snprintf (member->name, sizeof member->name, "%s", name);
    member->seq = self->head;
    *slot = member;
    return member;
}

/* ---- what is under way ---- */

static void count_at (fleet_t *self, const char *node, bool slot, uint64_t bytes, bool add)
{
    member_t *member = *node ? fleet_member (self, node) : NULL;
    if (!member)
        return;
    uint64_t slots = slot ? 1 : 0;
    member->occupied = add ? member->occupied + slots : member->occupied - slots;
    member->bytes = add ? member->bytes + bytes : member->bytes - bytes;
}

/*  What a session takes of the nodes that have to do with it. */
static void count (fleet_t *self, const placement_t *placement, bool add)
{
    const char *here = placement->slot ? placement->node : placement->source;
    count_at (self, here, placement->slot, placement->bytes, add);
    if (strcmp (placement->target, here) != 0)
        count_at (self, placement->target, placement->promised, placement->bytes, add);
}

/*  The longest that its assignment can be. */
static uint64_t assignment_bytes (const session_t *state)
{
    uint64_t bytes = ASSIGNMENT_LEAST + state->run.input.size;
    bytes += (state->objective ? strlen (state->objective) : 0) + (state->workspace ? strlen (state->workspace) : 0);
    for (size_t i = 0; i < state->bindings.count; i++)
        bytes += strlen (state->bindings.items[i].path) + LIMIT_NAME;
    return bytes;
}

static void describe (const session_t *state, uint64_t order, placement_t *ret_placement)
{
    placement_t *self = ret_placement;
    *self = (placement_t){.priority = state->priority, .order = order, .bytes = assignment_bytes (state)};
    snprintf (self->session, sizeof self->session, "%s", state->session);
    run_phase_e phase = state->run.phase;
    self->waiting = phase == run_phase_queued;
    self->slot = phase == run_phase_placed || phase == run_phase_running || phase == run_phase_stopping;
    if (state->lease.node && self->slot)
        snprintf (self->node, sizeof self->node, "%s", state->lease.node);
    if (state->migrating) {
        snprintf (self->source, sizeof self->source, "%s", state->migration.source);
        snprintf (self->target, sizeof self->target, "%s", state->migration.target);
        self->promised = self->slot && strcmp (self->target, self->node) != 0;
    }
}

static bool comes_before (const placement_t *a, const placement_t *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->order < b->order;
}

static void forget (fleet_t *self, const char *session)
{
    for (size_t i = 0; i < self->placements.count; i++) {
        placement_t *items = self->placements.items;
        if (strcmp (items[i].session, session) != 0)
            continue;
        count (self, &items[i], false);
        self->placements.count--;
        memmove (&items[i], &items[i + 1], (self->placements.count - i) * sizeof *items);
        return;
    }
}

baton_status fleet_note (fleet_t *self, const session_t *state, uint64_t order)
{
    placement_t placement;
    describe (state, order, &placement);
    forget (self, state->session);
    if (!placement.waiting && !placement.slot && !*placement.source)
        return BATON_OK;
    if (!list_append (&self->placements, sizeof placement))
        return BATON_resource_exhausted;
    size_t at = self->placements.count - 1;
    for (; at > 0 && comes_before (&placement, &self->placements.items[at - 1]); at--)
        self->placements.items[at] = self->placements.items[at - 1];
    self->placements.items[at] = placement;
    count (self, &placement, true);
    return BATON_OK;
}

const char *fleet_next_waiting (const fleet_t *self, size_t *cursor)
{
    while (*cursor < self->placements.count) {
        const placement_t *placement = &self->placements.items[(*cursor)++];
        if (placement->waiting)
            return placement->session;
    }
    return NULL;
}

const char *fleet_next_at (const fleet_t *self, const char *node, size_t *cursor)
{
    while (*cursor < self->placements.count) {
        const placement_t *placement = &self->placements.items[(*cursor)++];
        if (strcmp (placement->node, node) == 0 || strcmp (placement->source, node) == 0 ||
            strcmp (placement->target, node) == 0)
            return placement->session;
    }
    return NULL;
}

/* ---- choosing ---- */

void fleet_pardon (fleet_t *self, uint64_t now)
{
    self->started = now;
}

bool fleet_alive (const fleet_t *self, const member_t *member, uint64_t now, uint64_t ttl)
{
    uint64_t since = member->heard > self->started ? member->heard : self->started;
    return now - since <= ttl;
}

static bool labels_match (const node_t *node, const baton_pairs_t *selector)
{
    for (size_t i = 0; i < selector->count; i++)
        if (!text_equal (pairs_get (&node->labels, selector->items[i].key), selector->items[i].value))
            return false;
    return true;
}

static bool is_up (const fleet_t *self, const node_t *node, const member_t *member, uint64_t now, uint64_t ttl)
{
    return member && member->heard > 0 && fleet_alive (self, member, now, ttl) && node->state == node_state_up;
}

bool fleet_has_room (fleet_t *self, const site_t *site, uint64_t now, uint64_t ttl)
{
    for (size_t i = 0; i < site->nodes.count; i++) {
        const node_t *node = &site->nodes.items[i];
        const member_t *member = fleet_member (self, node->name);
        if (!node->draining && is_up (self, node, member, now, ttl) && member->occupied < node->slots)
            return true;
    }
    return false;
}

static const char *const CHECKS[] = {"up", "not-draining", "name", "labels", "driver", "slot"};
#define CHECK_COUNT (sizeof CHECKS / sizeof *CHECKS)

/*  What the check of that index found, as a sentence. */
static bool check (const fleet_t *self, const node_t *node, const member_t *member, const session_t *session,
                   size_t index, uint64_t now, uint64_t ttl, char detail[LIMIT_SHORT])
{
    const char *driver = session->driver ? session->driver : "default";
    bool ok = false;
    switch (index) {
    case 0:
        ok = is_up (self, node, member, now, ttl);
        snprintf (detail, LIMIT_SHORT, "node %s is %s", node->name, ok ? "up" : "not heard of");
        break;
    case 1:
        ok = !node->draining;
        snprintf (detail, LIMIT_SHORT, "node %s is %s", node->name, ok ? "not being drained" : "being drained");
        break;
    case 2:
        ok = !session->node || strcmp (session->node, node->name) == 0;
        if (ok)
            snprintf (detail, LIMIT_SHORT, "the session may run on %s", node->name);
        else
            snprintf (detail, LIMIT_SHORT, "the session may run only on %s, not on %s", session->node, node->name);
        break;
    case 3:
        ok = labels_match (node, &session->selector);
        snprintf (detail, LIMIT_SHORT, "node %s %s the session's selector", node->name,
                  ok ? "matches" : "does not match");
        break;
    case 4:
        ok = texts_contain (&node->drivers, driver);
        snprintf (detail, LIMIT_SHORT, "node %s has %s driver %s", node->name, ok ? "the" : "no", driver);
        break;
    default: {
        bool slot = member && member->occupied < node->slots;
        ok = slot && member->bytes + assignment_bytes (session) <= LIMIT_FRAME;
        if (slot && !ok)
            snprintf (detail, LIMIT_SHORT, "node %s has as many bytes of inputs as it can be told of", node->name);
        else
            snprintf (detail, LIMIT_SHORT, "%llu of %llu slots of node %s are in use",
                      (unsigned long long) (member ? member->occupied : 0), (unsigned long long) node->slots,
                      node->name);
    }
    }
    return ok;
}

bool fleet_check (fleet_t *self, const node_t *node, const session_t *session, size_t index, uint64_t now, uint64_t ttl,
                  check_t *ret_check)
{
    char detail[LIMIT_SHORT] = "";
    if (index >= CHECK_COUNT)
        return false;
    ret_check->ok = check (self, node, fleet_member (self, node->name), session, index, now, ttl, detail);
    return text_set (&ret_check->name, CHECKS[index]) == BATON_OK && text_set (&ret_check->detail, detail) == BATON_OK;
}

static bool fits (fleet_t *self, const node_t *node, const session_t *session, uint64_t now, uint64_t ttl, char *why,
                  size_t why_size)
{
    char detail[LIMIT_SHORT] = "";
    const member_t *member = fleet_member (self, node->name);
    for (size_t i = 0; i < CHECK_COUNT; i++)
        if (!check (self, node, member, session, i, now, ttl, detail)) {
            if (why)
                snprintf (why, why_size, "%s", detail);
            return false;
        }
    return true;
}

const node_t *fleet_choose (fleet_t *self, const site_t *site, const session_t *session, const char *except,
                            uint64_t now, uint64_t ttl, char *why, size_t why_size)
{
    const node_t *best = NULL;
    uint64_t most = 0;
    const char *home = except ? NULL : session->lease.node ? session->lease.node : session->home;
    char reason[LIMIT_SHORT] = "no node has registered";
    if (site->nodes.count > 0)
        snprintf (reason, sizeof reason, "there is no %s node", home ? "such" : "other");
    for (size_t i = 0; i < site->nodes.count; i++) {
        const node_t *node = &site->nodes.items[i];
        if ((except && strcmp (node->name, except) == 0) || (home && strcmp (node->name, home) != 0))
            continue;
        if (!fits (self, node, session, now, ttl, reason, sizeof reason))
            continue;
        uint64_t room = node->slots - fleet_member (self, node->name)->occupied;
        if (room > most) {
            most = room;
            best = node;
        }
    }
    if (!best && why && home)
        snprintf (why, why_size, "its workspace is at node %s: %s", home, reason);
    else if (!best && why)
        snprintf (why, why_size, "%s", reason);
    return best;
}

bool fleet_lacks (const site_t *site, const session_t *session, char *why, size_t why_size)
{
    const char *home = session->lease.node ? session->lease.node : session->home;
    const char *only = home ? home : session->node;
    const char *driver = session->driver ? session->driver : "default";
    size_t named = 0, labelled = 0, able = 0;
    for (size_t i = 0; i < site->nodes.count; i++) {
        const node_t *node = &site->nodes.items[i];
        if (only && strcmp (node->name, only) != 0)
            continue;
        bool matches = labels_match (node, &session->selector);
        named++;
        labelled += matches;
        able += matches && texts_contain (&node->drivers, driver);
    }
    if (able > 0)
        return false;
    if (site->nodes.count == 0)
        snprintf (why, why_size, "no node has registered");
    else if (named == 0)
        snprintf (why, why_size, "there is no node %s", only);
    else if (labelled == 0)
        snprintf (why, why_size, "%s%s%s the session's selector", only ? "node " : "no node", only ? only : "",
                  only ? " does not match" : " matches");
    else
        snprintf (why, why_size, "%s%s has%s driver %s", only ? "node " : "no node", only ? only : "",
                  only ? " no" : " the", driver);
    return true;
}
