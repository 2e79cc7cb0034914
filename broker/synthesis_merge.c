#include "json_text.h"
#include "synthesis_internal.h"
#include "text.h"

#include <string.h>

/*  As JSON, or how that begins. */
static baton_status set_json (char **field, const baton_bytes_t *value)
{
    json_text_t json = {0};
    baton_bytes_t whole = {0};
    char text[LIMIT_SHORT + 1] = "";
    if (value->size == 0)
        return text_set (field, NULL);
    json_text_value (&json, value);
    if (json_text_take (&json, &whole, NULL) != BATON_OK)
        return BATON_resource_exhausted;
    memcpy (text, whole.data, whole.size < LIMIT_SHORT ? whole.size : LIMIT_SHORT);
    text[text_cut (text, LIMIT_SHORT - 1)] = '\0';
    bytes_clear (&whole);
    return text_set (field, text);
}

baton_status synthesis_add_merge (synthesis_t *synthesis, const merge_t *merge, const char *label, uint64_t n,
                                  dropped_t *dropped)
{
    for (size_t i = 0; i < merge->keys.count; i++) {
        const merge_key_t *key = &merge->keys.items[i];
        if (!key->conflict)
            continue;
        conflict_report_t *conflict =
            synthesis_add (&synthesis->conflicts, &RECORD_conflict_report, &dropped->conflicts);
        if (!conflict || text_set (&conflict->session, label) || text_set (&conflict->key, key->key) ||
            text_set (&conflict->branch, merge->from) || set_json (&conflict->value, &key->ours) ||
            set_json (&conflict->other, &key->theirs) || text_set (&conflict->by, key->by))
            return BATON_resource_exhausted;
        conflict->kind = key->kind;
        conflict->choice = key->choice;
        conflict->at = key->at;
        conflict->other_run = key->run;
        conflict->n = n;
    }
    return BATON_OK;
}
