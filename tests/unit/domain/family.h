/*  Several sessions with a past in common, each with all its past states: what tests of merging are told with.
 *
 *  Everything goes through decide and evolve. What the broker would read from journals is looked up in the past.
 */
#ifndef BATON_TEST_DOMAIN_FAMILY_H
#define BATON_TEST_DOMAIN_FAMILY_H

#include "deciding.h"
#include "facts.h"
#include "lineage.h"
#include "merge.h"
#include "session.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY_MOST 12
#define PAST_MOST 4096

typedef struct {
    char id[8];
    session_t past[PAST_MOST]; /*  by position; the last is the present */
    bool item[PAST_MOST];      /*  whether an item stands there */
    uint64_t n;
} member_t;

typedef struct {
    member_t *members[FAMILY_MOST];
    size_t count;
    baton_error_t error;
    changed_t changed;
} family_t;

static inline session_t *now_of (member_t *member)
{
    return &member->past[member->n];
}

static inline member_t *family_find (family_t *family, const char *id)
{
    for (size_t i = 0; i < family->count; i++)
        if (strcmp (family->members[i]->id, id) == 0)
            return family->members[i];
    return NULL;
}

static inline member_t *family_add (family_t *family)
{
    assert_true (family->count < FAMILY_MOST);
    member_t *member = calloc (1, sizeof *member);
    assert_non_null (member);
    snprintf (member->id, sizeof member->id, "s%zu", family->count);
    return family->members[family->count++] = member;
}

static inline void family_end (family_t *family)
{
    for (size_t i = 0; i < family->count; i++) {
        for (uint64_t n = 0; n <= family->members[i]->n; n++)
            record_clear (&RECORD_session, &family->members[i]->past[n]);
        free (family->members[i]);
    }
    record_clear (&RECORD_changed, &family->changed);
    *family = (family_t){0};
}

static inline void member_apply (member_t *member, event_t *event)
{
    assert_true (member->n + 1 < PAST_MOST);
    event->n = event->seq = member->n + 1;
    event->at = 1000;
    assert_int_equal (text_set (&event->session, member->id), BATON_OK);
    session_t *next = &member->past[member->n + 1];
    assert_int_equal (record_copy (&RECORD_session, now_of (member), next), BATON_OK);
    assert_int_equal (session_evolve (next, event), BATON_OK);
    member->n++;
    member->item[member->n] = event->kind == EVENT_item_appended;
}

static inline baton_status family_give (family_t *family, member_t *member, const char *actor, method_id_t method,
                                        const void *request, const session_t *source)
{
    event_list_t events = {0};
    command_t command = {.method = method,
                         .request = request,
                         .now = 1000,
                         .actor = actor,
                         .role = role_operator,
                         .access = access_own,
                         .source = source};
    family->error = (baton_error_t){0};
    record_clear (&RECORD_changed, &family->changed);
    baton_status status = session_decide (now_of (member), &command, &events, &family->changed, &family->error);
    for (size_t i = 0; status == BATON_OK && i < events.count; i++) {
        assert_int_equal (text_set (&events.items[i].actor, actor), BATON_OK);
        member_apply (member, &events.items[i]);
    }
    event_list_clear (&events);
    return status;
}

/*  TELL (family, member, memory_set, .key = …) */
#define TELL(family, member, id, ...)                                                                                  \
    do {                                                                                                               \
        if (family_give (family, member, "ada", METHOD_##id, &(id##_request_t){__VA_ARGS__}, NULL) != BATON_OK)        \
            fail_msg ("%s:%d: %s", __FILE__, __LINE__, (family)->error.message);                                       \
    } while (0)

static inline member_t *family_create (family_t *family)
{
    member_t *member = family_add (family);
    TELL (family, member, session_create, .title = (char *) "A title");
    return member;
}

static inline member_t *family_fork_at (family_t *family, member_t *source, uint64_t n)
{
    member_t *member = family_add (family);
    session_fork_request_t request = {.session = source->id, .title = member->id};
    if (family_give (family, member, "ada", METHOD_session_fork, &request, &source->past[n]) != BATON_OK)
        fail_msg ("%s", family->error.message);
    return member;
}

static inline member_t *family_fork (family_t *family, member_t *source)
{
    return family_fork_at (family, source, source->n);
}

static inline void set_memory (family_t *family, member_t *member, const char *key, uint8_t value)
{
    TELL (family, member, memory_set, .session = member->id, .key = (char *) key, .value = {1, &value});
}

static inline void add_item (family_t *family, member_t *member)
{
    TELL (family, member, item_append, .session = member->id, .role = item_role_user, .text = (char *) "words");
}

/*  The byte that the memory has under that key; 0: none. */
static inline uint8_t memory_of (member_t *member, const char *key)
{
    const memory_t *memory = keyed_find (&now_of (member)->memory, &RECORD_memory, key);
    return memory ? memory->value.data[0] : 0;
}

/* ---- merging ---- */

static inline uint64_t items_in (family_t *family, const char *session, uint64_t after, uint64_t upto)
{
    uint64_t count = 0;
    member_t *member = family_find (family, session);
    for (uint64_t n = after + 1; n <= upto; n++)
        count += member->item[n];
    return count;
}

/*  As history_basis has it. */
static inline merge_basis_t family_basis (family_t *family, member_t *ours, member_t *theirs)
{
    merge_basis_t basis = {.ours_n = ours->n, .theirs_n = theirs->n};
    const char *session = NULL;
    uint64_t n = 0;
    assert_true (lineage_common (now_of (ours), now_of (theirs), &session, &n));
    const session_t *state = &family_find (family, session)->past[n];
    assert_int_equal (record_copy (&RECORD_session, state, &basis.state), BATON_OK);
    assert_int_equal (lineage_news (now_of (ours), now_of (theirs), &basis.segments), BATON_OK);
    for (size_t i = 0; i < basis.segments.count;) {
        const segment_t *segment = &basis.segments.items[i];
        uint64_t items = items_in (family, segment->session, segment->after, segment->upto);
        basis.items += items;
        if (items > 0)
            i++;
        else
            list_remove (&basis.segments, &RECORD_segment, i);
    }
    return basis;
}

typedef struct {
    merge_t merge;
    uint64_t conflicts;
} planned_t;

static inline baton_status family_plan (family_t *family, member_t *into, member_t *from, bool keep,
                                        planned_t *ret_plan)
{
    merge_basis_t basis = {0};
    family->error = (baton_error_t){0};
    baton_status status = merge_check (now_of (into), now_of (from), &family->error);
    if (status != BATON_OK)
        return status;
    basis = family_basis (family, into, from);
    *ret_plan = (planned_t){0};
    status =
        merge_plan (now_of (into), now_of (from), &basis, keep, &ret_plan->merge, &ret_plan->conflicts, &family->error);
    record_clear (&RECORD_merge_basis, &basis);
    return status;
}

static inline void planned_clear (planned_t *plan)
{
    record_clear (&RECORD_merge, &plan->merge);
}

/*  Tells the branch of the last merge, as the journal does. */
static inline void family_absorb (family_t *family, member_t *into, const merge_t *merge)
{
    member_t *from = family_find (family, merge->from);
    TELL (family, from, session_absorb, .session = from->id, .into = into->id, .at = into->n, .upto = merge->n,
          .keep = merge->keep);
}

/*  Merges and gives the number of conflicts, which then wait at the breakpoint family->changed.breakpoint. */
static inline uint64_t family_merge (family_t *family, member_t *into, member_t *from, bool keep)
{
    planned_t plan = {0};
    if (family_plan (family, into, from, keep, &plan) != BATON_OK)
        fail_msg ("%s", family->error.message);
    TELL (family, into, merge_start, .session = into->id, .merge = plan.merge);
    if (plan.conflicts == 0)
        family_absorb (family, into, &plan.merge);
    uint64_t conflicts = plan.conflicts;
    planned_clear (&plan);
    return conflicts;
}

static inline baton_status family_vote (family_t *family, member_t *member, const char *actor, const char *key,
                                        const char *option, const uint8_t *edit)
{
    breakpoint_vote_request_t request = {.session = member->id,
                                         .breakpoint = now_of (member)->merge.breakpoint,
                                         .option = (char *) option,
                                         .key = (char *) key};
    if (edit)
        request.value = (baton_bytes_t){1, (uint8_t *) edit};
    return family_give (family, member, actor, METHOD_breakpoint_vote, &request, NULL);
}

/*  What two sessions know is the same, but for title and objective. */
static inline bool know_the_same (const session_t *a, const session_t *b)
{
    facts_t ours = {0}, theirs = {0};
    assert_int_equal (facts_of (a, &ours), BATON_OK);
    assert_int_equal (facts_of (b, &theirs), BATON_OK);
    size_t i = 0, k = 0;
    bool same = true;
    while (same && (i < ours.count || k < theirs.count)) {
        const fact_t *mine = i < ours.count && ours.items[i].kind != fact_kind_about ? &ours.items[i] : NULL;
        const fact_t *yours = k < theirs.count && theirs.items[k].kind != fact_kind_about ? &theirs.items[k] : NULL;
        if (!mine && !yours)
            break;
        same = mine && yours && fact_compare (mine->kind, mine->key, yours) == 0 &&
               bytes_equal (&mine->value, &yours->value);
        i++, k++;
    }
    facts_clear (&ours);
    facts_clear (&theirs);
    return same;
}

#endif
