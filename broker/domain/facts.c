#include "facts.h"

#include "value.h"

#include <stdlib.h>
#include <string.h>

/* ---- of a state ---- */

static fact_t *add (facts_t *facts, fact_kind_e kind, const char *key)
{
    fact_t *fact = list_append (facts, sizeof *fact);
    if (fact)
        *fact = (fact_t){.kind = kind, .key = key};
    return fact;
}

static bool place (fact_t *fact, const session_t *state, const char *session, uint64_t n, uint64_t run)
{
    fact->session = session ? session : state->session;
    fact->n = n;
    fact->run = run;
    return true;
}

static bool add_text (facts_t *facts, fact_kind_e kind, const char *key, const char *text)
{
    fact_t *fact = text && *text ? add (facts, kind, key) : NULL;
    return !text || !*text || (fact && value_from_text (text, &fact->value) == BATON_OK);
}

static bool add_memory (facts_t *facts, const session_t *state, const memory_t *memory)
{
    fact_t *fact = add (facts, fact_kind_memory, memory->key);
    return fact && bytes_set (&fact->value, memory->value.data, memory->value.size) == BATON_OK &&
           place (fact, state, memory->session, memory->n, memory->run);
}

static bool add_decision (facts_t *facts, const session_t *state, const decision_t *decision)
{
    fact_t *fact = add (facts, fact_kind_decision, decision->key);
    decision_fact_t value = {.value = decision->value, .why = decision->why};
    return fact && record_encode (&RECORD_decision_fact, &value, &fact->value) == BATON_OK &&
           place (fact, state, decision->session, decision->n, decision->run);
}

static bool add_artifact (facts_t *facts, const session_t *state, const artifact_t *artifact)
{
    fact_t *fact = add (facts, fact_kind_artifact, artifact->name);
    artifact_fact_t value = {.digest = artifact->digest, .size = artifact->size, .media_type = artifact->media_type};
    return fact && record_encode (&RECORD_artifact_fact, &value, &fact->value) == BATON_OK &&
           place (fact, state, artifact->session, artifact->n, artifact->run);
}

/*  A path that is bound twice counts once: the first says how. */
static bool add_binding (facts_t *facts, const session_t *state, const binding_t *binding)
{
    for (const binding_t *other = state->bindings.items; other < binding; other++)
        if (text_equal (other->path, binding->path))
            return true;
    fact_t *fact = add (facts, fact_kind_binding, binding->path);
    binding_fact_t value = {.read_only = binding->read_only, .omit = binding->omit};
    return fact && record_encode (&RECORD_binding_fact, &value, &fact->value) == BATON_OK;
}

int fact_compare (fact_kind_e kind, const char *key, const fact_t *fact)
{
    return kind != fact->kind ? (int) kind - (int) fact->kind : strcmp (key, fact->key);
}

static int by_key (const void *a, const void *b)
{
    const fact_t *fact = a;
    return fact_compare (fact->kind, fact->key, b);
}

baton_status facts_of (const session_t *state, facts_t *ret_facts)
{
    facts_t facts = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < state->memory.count; i++)
        ok = add_memory (&facts, state, &state->memory.items[i]);
    for (size_t i = 0; ok && i < state->decisions.count; i++)
        ok = add_decision (&facts, state, &state->decisions.items[i]);
    for (size_t i = 0; ok && i < state->artifacts.count; i++)
        ok = add_artifact (&facts, state, &state->artifacts.items[i]);
    for (size_t i = 0; ok && i < state->bindings.count; i++)
        ok = add_binding (&facts, state, &state->bindings.items[i]);
    for (size_t i = 0; ok && i < state->labels.count; i++)
        ok = add_text (&facts, fact_kind_label, state->labels.items[i].key, state->labels.items[i].value);
    ok = ok && add_text (&facts, fact_kind_about, "title", state->title) &&
         add_text (&facts, fact_kind_about, "objective", state->objective);
    if (!ok) {
        facts_clear (&facts);
        return BATON_resource_exhausted;
    }
    if (facts.count > 0)
        qsort (facts.items, facts.count, sizeof *facts.items, by_key);
    *ret_facts = facts;
    return BATON_OK;
}

void facts_clear (facts_t *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        bytes_clear (&facts->items[i].value);
    free (facts->items);
    *facts = (facts_t){0};
}

const fact_t *facts_find (const facts_t *facts, fact_kind_e kind, const char *key)
{
    fact_t wanted = {.kind = kind, .key = key};
    return facts->count > 0 ? bsearch (&wanted, facts->items, facts->count, sizeof wanted, by_key) : NULL;
}
