#include "merge.h"
#include "merge_window.h"

#include "deciding.h"
#include "facts.h"
#include "lineage.h"

#include <stdio.h>
#include <string.h>

/* ---- comparing ---- */

typedef struct {
    facts_t base, ours, theirs;
    size_t at[3]; /*  how far each was looked at */
} sides_t;

static baton_status sides_of (const session_t *base, const session_t *ours, const session_t *theirs, sides_t *ret_sides)
{
    if (facts_of (base, &ret_sides->base) || facts_of (ours, &ret_sides->ours) || facts_of (theirs, &ret_sides->theirs))
        return BATON_resource_exhausted;
    return BATON_OK;
}

static void sides_clear (sides_t *sides)
{
    facts_clear (&sides->base);
    facts_clear (&sides->ours);
    facts_clear (&sides->theirs);
}

/*  The next key of all three sides together, with its facts in that order; false at the end. */
static bool next_key (sides_t *sides, const fact_t *ret_facts[3])
{
    const facts_t *all[3] = {&sides->base, &sides->ours, &sides->theirs};
    const fact_t *least = NULL;
    for (size_t i = 0; i < 3; i++) {
        const fact_t *fact = sides->at[i] < all[i]->count ? &all[i]->items[sides->at[i]] : NULL;
        if (fact && (!least || fact_compare (fact->kind, fact->key, least) < 0))
            least = fact;
    }
    for (size_t i = 0; least && i < 3; i++) {
        const fact_t *fact = sides->at[i] < all[i]->count ? &all[i]->items[sides->at[i]] : NULL;
        ret_facts[i] = fact && fact_compare (fact->kind, fact->key, least) == 0 ? fact : NULL;
        sides->at[i] += ret_facts[i] != NULL;
    }
    return least != NULL;
}

static bool alike (const fact_t *a, const fact_t *b)
{
    return a && b ? bytes_equal (&a->value, &b->value) : a == b;
}

static baton_status put_value (const fact_t *fact, baton_bytes_t *value)
{
    return fact ? bytes_set (value, fact->value.data, fact->value.size) : BATON_OK;
}

static baton_status add_key (void *keys, const fact_t *const facts[3], bool conflict)
{
    const fact_t *base = facts[0], *ours = facts[1], *theirs = facts[2];
    const fact_t *any = base ? base : ours ? ours : theirs;
    merge_key_t *key = list_append (keys, sizeof *key);
    if (!key || text_set (&key->key, any->key) || put_value (base, &key->base) || put_value (ours, &key->ours) ||
        put_value (theirs, &key->theirs) || (theirs && text_set (&key->session, theirs->session)))
        return BATON_resource_exhausted;
    key->kind = any->kind;
    key->n = theirs ? theirs->n : 0;
    key->run = theirs ? theirs->run : 0;
    key->conflict = conflict;
    return BATON_OK;
}

baton_status merge_compare (const session_t *base, const session_t *ours, const session_t *theirs, bool branch_only,
                            void *ret_keys, uint64_t *ret_conflicts)
{
    sides_t sides = {0};
    const fact_t *facts[3] = {0};
    baton_status status = sides_of (base, ours, theirs, &sides);
    while (status == BATON_OK && next_key (&sides, facts)) {
        bool we = !alike (facts[0], facts[1]), they = !alike (facts[0], facts[2]);
        bool conflict = we && they && !alike (facts[1], facts[2]);
        bool about = (facts[0] ? facts[0] : facts[1] ? facts[1] : facts[2])->kind == fact_kind_about;
        if (branch_only && (about || !they || (we && !conflict)))
            continue;
        if (we || they)
            status = add_key (ret_keys, facts, conflict && !about);
        *ret_conflicts += conflict && !about;
    }
    sides_clear (&sides);
    return status;
}

/* ---- planning ---- */

static baton_status refuse_running (const session_t *state, baton_error_t *error)
{
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_run_active,
                       "run %llu of session %s is under way (%s): sessions are merged when they stand still",
                       (unsigned long long) state->run.number, state->session,
                       enum_name (&run_phase_names, state->run.phase));
}

static baton_status refuse_pending (const session_t *state, baton_error_t *error)
{
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_merge_pending,
                       "breakpoint %llu of session %s decides the conflicts of another merge",
                       (unsigned long long) state->merge.breakpoint, state->session);
}

baton_status merge_check (const session_t *into, const session_t *from, baton_error_t *error)
{
    const char *common = NULL;
    uint64_t n = 0;
    if (text_equal (into->session, from->session))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "from",
                                 "session %s can't be merged into itself", into->session);
    if (into->state == lifecycle_none || from->state == lifecycle_none)
        return baton_fail (error, BATON_not_found, BATON_REASON_no_such_session, "there is no such session");
    if (into->state == lifecycle_terminated)
        return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_wrong_state, "into",
                                 "session %s is terminated (%s): nothing can be merged into it", into->session,
                                 enum_name (&cause_names, into->cause));
    if (into->merge.breakpoint > 0 || from->merge.breakpoint > 0)
        return refuse_pending (into->merge.breakpoint > 0 ? into : from, error);
    if (run_active (&into->run) || run_active (&from->run))
        return refuse_running (run_active (&into->run) ? into : from, error);
    if (!lineage_common (into, from, &common, &n))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_no_common_ancestor,
                           "sessions %s and %s have no past in common", from->session, into->session);
    return BATON_OK;
}

static baton_status fill_plan (const session_t *into, const session_t *from, const merge_basis_t *basis, merge_t *merge,
                               uint64_t *ret_conflicts)
{
    if (text_set (&merge->from, from->session) || text_set (&merge->title, from->title) ||
        text_set (&merge->base, basis->state.session) ||
        merge_compare (&basis->state, into, from, true, &merge->keys, ret_conflicts) ||
        list_replace (&RECORD_segment, &basis->segments, &merge->segments) ||
        list_replace (&RECORD_span, &basis->spans, &merge->spans) ||
        list_replace (&RECORD_ancestor, &from->ancestors, &merge->ancestors))
        return BATON_resource_exhausted;
    merge->n = from->n;
    merge->depth = lineage_depth (from);
    merge->base_n = basis->state.n;
    merge->items = basis->items;
    merge->tokens = basis->tokens;
    merge->shown = basis->shown;
    merge->shaped = basis->shaped;
    return BATON_OK;
}

baton_status merge_plan (const session_t *into, const session_t *from, const merge_basis_t *basis, bool keep,
                         merge_t *ret_merge, uint64_t *ret_conflicts, baton_error_t *error)
{
    merge_t merge = {.keep = keep};
    uint64_t conflicts = 0;
    baton_status status = merge_check (into, from, error);
    if (status == BATON_OK && fill_plan (into, from, basis, &merge, &conflicts) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        status = merge_check_limits (into, &merge, error);
    if (status != BATON_OK) {
        record_clear (&RECORD_merge, &merge);
        return status;
    }
    *ret_merge = merge;
    *ret_conflicts = conflicts;
    return BATON_OK;
}

bool merge_empty (const merge_t *merge)
{
    return merge->keys.count == 0 && merge->segments.count == 0;
}

/* ---- applying ---- */

/*  A conflict that is not decided stays as it is. */
static baton_status apply_key (session_t *self, const merge_key_t *key, uint64_t key_n)
{
    bool edit = key->choice == merge_choice_edit;
    if (key->conflict && !edit && key->choice != merge_choice_theirs)
        return BATON_OK;
    fact_t fact = {.kind = key->kind, .key = key->key, .value = key->theirs, .n = key->n, .run = key->run};
    if (edit)
        fact = (fact_t){.kind = key->kind, .key = key->key, .value = key->value, .n = key_n};
    else if (!text_equal (key->session, self->session))
        fact.session = key->session;
    return fact_put (self, &fact);
}

static baton_status apply_line (session_t *self, const merge_t *merge, uint64_t at)
{
    if (merge_show (self, merge, at) != BATON_OK)
        return BATON_resource_exhausted;
    for (size_t i = 0; i < merge->segments.count; i++) {
        segment_t *segment = list_append (&self->lineage, sizeof *segment);
        if (!segment || record_copy (&RECORD_segment, &merge->segments.items[i], segment))
            return BATON_resource_exhausted;
        segment->at = at;
    }
    for (size_t i = 0; i < merge->ancestors.count; i++) {
        const ancestor_t *ancestor = &merge->ancestors.items[i];
        if (!text_equal (ancestor->session, self->session) &&
            lineage_add_ancestor (self, ancestor->session, ancestor->n, ancestor->depth))
            return BATON_resource_exhausted;
    }
    self->items += merge->items;
    self->tokens += merge->tokens;
    self->window.items += merge->shown.items;
    self->window.tokens += merge->shown.tokens;
    self->window.estimated += merge->shown.estimated;
    if (merge->depth >= self->depth + at)
        self->depth = merge->depth + 1 - at;
    return lineage_add_ancestor (self, merge->from, merge->n, merge->depth);
}

baton_status merge_apply (session_t *self, const merge_t *merge, uint64_t key_n)
{
    for (size_t i = 0; i < merge->keys.count; i++)
        if (apply_key (self, &merge->keys.items[i], key_n) != BATON_OK)
            return BATON_resource_exhausted;
    return apply_line (self, merge, key_n);
}

size_t merge_bytes (const merge_t *merge)
{
    size_t bytes = 0;
    for (size_t i = 0; i < merge->keys.count; i++) {
        const merge_key_t *key = &merge->keys.items[i];
        bytes +=
            LIMIT_MERGE_KEY + strlen (key->key) + key->base.size + key->ours.size + key->theirs.size + key->value.size;
    }
    return bytes;
}

/*  It stands in the state until it is decided, beside everything else that is there. */
baton_status merge_check_bytes (const session_t *self, const merge_t *merge, baton_error_t *error)
{
    size_t bytes = merge_bytes (merge), all = session_waiting_bytes (self) - merge_bytes (&self->merge) + bytes;
    if (bytes > LIMIT_MERGE_BYTES)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "what differs between the sessions, with what is chosen for it, has %zu bytes, and may have "
                           "%u",
                           bytes, LIMIT_MERGE_BYTES);
    if (all > LIMIT_WAITING_BYTES)
        return session_refuse_waiting (self, all, "a fork of it, which has no breakpoints, can take the branch in",
                                       error);
    return BATON_OK;
}

/*  Whatever the conflicts become, as many keys stay as there are: those are checked again when they are decided. */
baton_status merge_check_limits (const session_t *self, const merge_t *merge, baton_error_t *error)
{
    session_t after = {0};
    line_t line = {0};
    baton_status status = merge_check_bytes (self, merge, error);
    if (status != BATON_OK)
        return status;
    if (record_copy (&RECORD_session, self, &after) != BATON_OK ||
        merge_apply (&after, merge, self->n + 1) != BATON_OK || line_of (&after, &line) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        status = facts_check_limits (&after, error);
    if (status == BATON_OK && (line.count > LIMIT_LINEAGE || after.ancestors.count > LIMIT_ANCESTORS))
        status = baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                             "session %s has too many forks and merges behind it: a context comes from at most %d "
                             "stretches of journals and %d sessions",
                             self->session, LIMIT_LINEAGE, LIMIT_ANCESTORS);
    if (status == BATON_OK && merge->shaped && window_span_count (&after.window) > LIMIT_SPANS)
        status =
            baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                        "the context of session %s would be in more than %d pieces: compact or clear it, or that of "
                        "session %s",
                        self->session, LIMIT_SPANS, merge->from);
    line_clear (&line);
    record_clear (&RECORD_session, &after);
    return status;
}

void merge_key_name (const merge_key_t *key, char ret_name[LIMIT_FACT_KEY + 1])
{
    snprintf (ret_name, LIMIT_FACT_KEY + 1, "%s/%s", enum_name (&fact_kind_names, key->kind), key->key);
}
