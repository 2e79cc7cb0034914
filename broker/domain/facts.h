/*  What a session knows, as one list of keys with values that can be compared: memory, decisions, artifacts, bindings,
 *  labels, and what it is about.
 *
 *  A value is msgpack: memory's own, a text for labels and what it is about, and the record decision_fact,
 *  artifact_fact or binding_fact. Where it was set is not part of it.
 */
#ifndef BATON_FACTS_H
#define BATON_FACTS_H

#include "schema.h"

typedef struct {
    fact_kind_e kind;
    const char *key;     /*  borrowed from the state */
    baton_bytes_t value; /*  owned */
    const char *session; /*  where it was set, borrowed; NULL for kinds that don't know */
    uint64_t n, run;
} fact_t;

typedef struct {
    size_t count;
    fact_t *items; /*  ascending by kind and key */
} facts_t;

/*  All facts of a state, which must outlive them. */
BATON_MUST_USE baton_status facts_of (const session_t *state, facts_t *ret_facts);
void facts_clear (facts_t *facts);

int fact_compare (fact_kind_e kind, const char *key, const fact_t *fact);

/*  NULL when there is none. */
const fact_t *facts_find (const facts_t *facts, fact_kind_e kind, const char *key);

/*  Brings a value into the form in which it is compared; invalid_argument when the kind can't have it. The caller frees
 *  it. An artifact's can't be made by hand. */
BATON_MUST_USE baton_status fact_check (fact_kind_e kind, const baton_bytes_t *value, baton_bytes_t *ret_value,
                                        baton_error_t *error);

/*  Gives the state a fact with that value, or takes it away (an empty value). session NULL: set in this session. A
 * value that the kind can't have changes nothing. */
BATON_MUST_USE baton_status fact_put (session_t *state, const fact_t *fact);

/*  What counts of it against LIMIT_DECISION_BYTES. */
size_t facts_decision_bytes (const decision_t *decision);

/*  Refuses a state that knows more than the limits allow. */
BATON_MUST_USE baton_status facts_check_limits (const session_t *state, baton_error_t *error);

#endif
