#include "facts.h"

#include "keyed.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

/* ---- into a state ---- */

static const record_type_t *record_of (fact_kind_e kind)
{
    return kind == fact_kind_decision   ? &RECORD_decision_fact
           : kind == fact_kind_artifact ? &RECORD_artifact_fact
           : kind == fact_kind_binding  ? &RECORD_binding_fact
                                        : NULL;
}

static baton_status refuse (fact_kind_e kind, const char *takes, baton_error_t *error)
{
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "value", "a %s %s",
                             enum_name (&fact_kind_names, kind), takes);
}

static baton_status check_record (const record_type_t *type, const baton_bytes_t *value, baton_bytes_t *ret_value,
                                  baton_error_t *error)
{
    union {
        decision_fact_t decision;
        binding_fact_t binding;
    } record = {0};
    baton_status status = record_decode (type, value->data, value->size, &record, error);
    if (status == BATON_OK && record_encode (type, &record, ret_value) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (type, &record);
    return status;
}

/*  A decision may be given as its value alone. */
static baton_status check_decision (const baton_bytes_t *value, baton_bytes_t *ret_value, baton_error_t *error)
{
    decision_fact_t decision = {0};
    if (value_text (value, &decision.value) != BATON_OK)
        return baton_fail_memory (error);
    if (!decision.value)
        return check_record (&RECORD_decision_fact, value, ret_value, error);
    baton_status status = record_check (&RECORD_decision_fact, &decision, error);
    if (status == BATON_OK && record_encode (&RECORD_decision_fact, &decision, ret_value) != BATON_OK)
        status = baton_fail_memory (error);
    free (decision.value);
    return status;
}

baton_status fact_check (fact_kind_e kind, const baton_bytes_t *value, baton_bytes_t *ret_value, baton_error_t *error)
{
    if (kind == fact_kind_artifact)
        return refuse (kind, "can't be edited in a merge: choose ours or theirs, and put another one afterwards",
                       error);
    if (kind == fact_kind_decision)
        return check_decision (value, ret_value, error);
    if (kind == fact_kind_binding)
        return check_record (&RECORD_binding_fact, value, ret_value, error);
    if (kind == fact_kind_memory && value->size > LIMIT_MEMORY_VALUE)
        return refuse (kind, "is smaller", error);
    char *text = NULL;
    if (kind == fact_kind_label && value_text (value, &text) != BATON_OK)
        return baton_fail_memory (error);
    bool fits = kind == fact_kind_memory || (text && *text && strlen (text) <= LIMIT_TITLE);
    free (text);
    if (!fits)
        return refuse (kind, "is a line of text, and not a long one", error);
    return bytes_set (ret_value, value->data, value->size) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static baton_status put_memory (session_t *state, const fact_t *fact)
{
    memory_t *memory = keyed_put (&state->memory, &RECORD_memory, fact->key);
    if (!memory || bytes_set (&memory->value, fact->value.data, fact->value.size) ||
        text_set (&memory->session, fact->session))
        return BATON_resource_exhausted;
    memory->n = fact->n;
    memory->run = fact->run;
    return BATON_OK;
}

static baton_status put_decision (session_t *state, const fact_t *fact, decision_fact_t *value)
{
    bool known = keyed_find (&state->decisions, &RECORD_decision, fact->key) != NULL;
    decision_t *decision = keyed_put (&state->decisions, &RECORD_decision, fact->key);
    if (!decision || text_set (&decision->value, value->value) || text_set (&decision->why, value->why) ||
        text_set (&decision->session, fact->session))
        return BATON_resource_exhausted;
    decision->changes += known ? 1 : 0;
    decision->n = fact->n;
    decision->run = fact->run;
    return BATON_OK;
}

static baton_status put_artifact (session_t *state, const fact_t *fact, artifact_fact_t *value)
{
    artifact_t *artifact = keyed_put (&state->artifacts, &RECORD_artifact, fact->key);
    if (!artifact || text_set (&artifact->digest, value->digest) ||
        text_set (&artifact->media_type, value->media_type) || text_set (&artifact->session, fact->session))
        return BATON_resource_exhausted;
    artifact->size = value->size;
    artifact->n = fact->n;
    artifact->run = fact->run;
    return BATON_OK;
}

static binding_t *binding_of (session_t *state, const char *path)
{
    for (size_t i = 0; i < state->bindings.count; i++)
        if (text_equal (state->bindings.items[i].path, path))
            return &state->bindings.items[i];
    return NULL;
}

static baton_status put_binding (session_t *state, const fact_t *fact, const binding_fact_t *value)
{
    binding_t *binding = binding_of (state, fact->key);
    if (!binding)
        binding = list_append (&state->bindings, sizeof *binding);
    if (!binding || text_set (&binding->path, fact->key))
        return BATON_resource_exhausted;
    binding->read_only = value->read_only;
    binding->omit = value->omit;
    return BATON_OK;
}

static baton_status put_record (session_t *state, const fact_t *fact)
{
    union {
        decision_fact_t decision;
        artifact_fact_t artifact;
        binding_fact_t binding;
    } value = {0};
    const record_type_t *type = record_of (fact->kind);
    baton_status status = record_decode (type, fact->value.data, fact->value.size, &value, NULL);
    if (status != BATON_OK)
        return status == BATON_resource_exhausted ? status : BATON_OK;
    status = fact->kind == fact_kind_decision   ? put_decision (state, fact, &value.decision)
             : fact->kind == fact_kind_artifact ? put_artifact (state, fact, &value.artifact)
                                                : put_binding (state, fact, &value.binding);
    record_clear (type, &value);
    return status;
}

static baton_status put_label (session_t *state, const fact_t *fact)
{
    char *text = NULL;
    if (value_text (&fact->value, &text) != BATON_OK)
        return BATON_resource_exhausted;
    baton_status status = text ? pairs_set (&state->labels, fact->key, text) : BATON_OK;
    free (text);
    return status;
}

static void remove_keyed (void *list, const record_type_t *type, const char *key)
{
    const struct {
        size_t count;
        const char *items;
    } *any = list;
    const char *item = keyed_find (list, type, key);
    if (item)
        list_remove (list, type, (size_t) (item - any->items) / type->size);
}

static baton_status take_away (session_t *state, const fact_t *fact)
{
    baton_pairs_t labels = {0};
    baton_status status = BATON_OK;
    if (fact->kind == fact_kind_memory)
        remove_keyed (&state->memory, &RECORD_memory, fact->key);
    if (fact->kind == fact_kind_decision)
        remove_keyed (&state->decisions, &RECORD_decision, fact->key);
    if (fact->kind == fact_kind_artifact)
        remove_keyed (&state->artifacts, &RECORD_artifact, fact->key);
    const binding_t *binding = fact->kind == fact_kind_binding ? binding_of (state, fact->key) : NULL;
    if (binding)
        list_remove (&state->bindings, &RECORD_binding, (size_t) (binding - state->bindings.items));
    if (fact->kind != fact_kind_label)
        return BATON_OK;
    for (size_t i = 0; i < state->labels.count && status == BATON_OK; i++)
        if (strcmp (state->labels.items[i].key, fact->key) != 0)
            status =
                pairs_set (&labels, state->labels.items[i].key, pairs_get (&state->labels, state->labels.items[i].key));
    pairs_clear (&state->labels);
    state->labels = labels;
    return status;
}

baton_status fact_put (session_t *state, const fact_t *fact)
{
    if (fact->value.size == 0)
        return take_away (state, fact);
    switch (fact->kind) {
    case fact_kind_memory:
        return put_memory (state, fact);
    case fact_kind_decision:
    case fact_kind_artifact:
    case fact_kind_binding:
        return put_record (state, fact);
    case fact_kind_label:
        return put_label (state, fact);
    case fact_kind_about:
    case fact_kind_none:
    case fact_kind_count:
        break;
    }
    return BATON_OK;
}

/* ---- limits ---- */

size_t facts_decision_bytes (const decision_t *decision)
{
    return strlen (decision->key) + (decision->value ? strlen (decision->value) : 0) +
           (decision->why ? strlen (decision->why) : 0);
}

static baton_status check_decision_bytes (const session_t *state, baton_error_t *error)
{
    size_t bytes = 0;
    for (size_t i = 0; i < state->decisions.count; i++)
        bytes += facts_decision_bytes (&state->decisions.items[i]);
    if (bytes > LIMIT_DECISION_BYTES)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the decisions of session %s would have %zu bytes, and may have %u", state->session, bytes,
                           LIMIT_DECISION_BYTES);
    return BATON_OK;
}

baton_status facts_check_limits (const session_t *state, baton_error_t *error)
{
    const struct {
        const char *what;
        size_t count, most;
    } COUNTS[] = {
        {"memory keys", state->memory.count, LIMIT_MEMORY_KEYS}, {"decisions", state->decisions.count, LIMIT_DECISIONS},
        {"artifacts", state->artifacts.count, LIMIT_ARTIFACTS},  {"bindings", state->bindings.count, LIMIT_LABELS},
        {"labels", state->labels.count, LIMIT_LABELS},
    };
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++)
        if (COUNTS[i].count > COUNTS[i].most)
            return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                               "session %s would have %zu %s, and may have %zu", state->session, COUNTS[i].count,
                               COUNTS[i].what, COUNTS[i].most);
    for (size_t i = 0; i < state->memory.count; i++)
        bytes += strlen (state->memory.items[i].key) + state->memory.items[i].value.size;
    if (bytes > LIMIT_MEMORY_BYTES)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the memory of session %s would have %zu bytes, and may have %d", state->session, bytes,
                           LIMIT_MEMORY_BYTES);
    return check_decision_bytes (state, error);
}
