#include "event.h"

#include <stdlib.h>
#include <string.h>

void *event_list_add (event_list_t *list, event_kind_t kind)
{
    void *body = calloc (1, EVENTS[kind].type.size + 1);
    event_t *event = body ? list_append (list, sizeof *event) : NULL;
    if (!event) {
        free (body);
        return NULL;
    }
    event->kind = kind;
    event->body = body;
    return body;
}

void event_list_clear (event_list_t *list)
{
    for (size_t i = 0; i < list->count; i++)
        event_clear (&list->items[i]);
    free (list->items);
    *list = (event_list_t){0};
}

void event_clear (event_t *event)
{
    if (event->body)
        record_clear (&EVENTS[event->kind].type, event->body);
    free (event->body);
    free (event->session);
    free (event->actor);
    free (event->trace);
    *event = (event_t){0};
}

baton_status event_encode (const event_t *event, baton_bytes_t *ret_bytes)
{
    baton_bytes_t body = {0};
    if (record_encode (&EVENTS[event->kind].type, event->body, &body) != BATON_OK)
        return BATON_resource_exhausted;
    /*  Borrowed, so never cleared: the envelope lives for this call only. */
    event_envelope_t envelope = {
        .seq = event->seq,
        .session = event->session,
        .n = event->n,
        .kind = (char *) EVENTS[event->kind].name,
        .at = event->at,
        .actor = event->actor,
        .run = event->run,
        .trace = event->trace,
        .body = body,
    };
    baton_status status = record_encode (&RECORD_event_envelope, &envelope, ret_bytes);
    bytes_clear (&body);
    return status;
}

baton_status event_from_envelope (const event_envelope_t *envelope, event_t *ret_event, baton_error_t *error)
{
    event_t event = {.kind = event_kind_find (envelope->kind),
                     .seq = envelope->seq,
                     .n = envelope->n,
                     .at = envelope->at,
                     .run = envelope->run};
    if (event.kind == EVENT_none)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "kind",
                                 "unknown kind of event: %s", envelope->kind);
    baton_status status = BATON_OK;
    event.body = calloc (1, EVENTS[event.kind].type.size + 1);
    if (!event.body || text_set (&event.session, envelope->session) != BATON_OK ||
        text_set (&event.actor, envelope->actor) != BATON_OK || text_set (&event.trace, envelope->trace) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        status = record_decode (&EVENTS[event.kind].type, envelope->body.data, envelope->body.size, event.body, error);
    if (status == BATON_OK)
        *ret_event = event;
    else
        event_clear (&event);
    return status;
}

baton_status event_decode (const uint8_t *data, size_t size, event_t *ret_event, baton_error_t *error)
{
    event_envelope_t envelope = {0};
    baton_status status = record_decode (&RECORD_event_envelope, data, size, &envelope, error);
    if (status == BATON_OK)
        status = event_from_envelope (&envelope, ret_event, error);
    record_clear (&RECORD_event_envelope, &envelope);
    return status;
}

/*  Behind the kind stand numbers and an id only, so its key is the last of that name. */
event_kind_t event_peek (const uint8_t *data, size_t size)
{
    static const char KEY[] = "\xa4kind";
    const size_t length = sizeof KEY - 1;
    for (size_t at = size; at-- > 0;) {
        if (size - at <= length || memcmp (data + at, KEY, length) != 0)
            continue;
        char name[LIMIT_NAME + 1];
        size_t count = data[at + length] & 0x1fu;
        if ((data[at + length] & 0xe0u) != 0xa0u || size - at - length <= count)
            return EVENT_none; /*  longer than any name is */
        memcpy (name, data + at + length + 1, count);
        name[count] = '\0';
        return event_kind_find (name);
    }
    return EVENT_none;
}

/*  What a merge brings in, though the journal of the branch stays where it is. */
static baton_status visit_merge (const merge_t *merge, event_blob_t *visit, void *argument)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < merge->keys.count && status == BATON_OK; i++) {
        const merge_key_t *key = &merge->keys.items[i];
        artifact_fact_t artifact = {0};
        if (key->kind != fact_kind_artifact || key->theirs.size == 0)
            continue;
        status = record_decode (&RECORD_artifact_fact, key->theirs.data, key->theirs.size, &artifact, NULL);
        if (status == BATON_OK)
            status = visit (artifact.digest, argument);
        else if (status == BATON_invalid_argument)
            status = BATON_OK; /*  it comes to nothing */
        record_clear (&RECORD_artifact_fact, &artifact);
    }
    return status;
}

static baton_status visit_item (const item_appended_event_t *item, event_blob_t *visit, void *argument)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < item->parts.count && status == BATON_OK; i++)
        if (item->parts.items[i].kind == part_kind_blob && item->parts.items[i].digest)
            status = visit (item->parts.items[i].digest, argument);
    return status;
}

static baton_status visit_artifacts (size_t count, const artifact_t *artifacts, event_blob_t *visit, void *argument)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < count && status == BATON_OK; i++)
        status = visit (artifacts[i].digest, argument);
    return status;
}

baton_status event_each_blob (const event_t *event, event_blob_t *visit, void *argument)
{
    const session_t *state = NULL;
    const session_restored_event_t *restored = event->body;
    switch (event->kind) {
    case EVENT_artifact_put:
        return visit (((const artifact_put_event_t *) event->body)->digest, argument);
    case EVENT_item_appended:
        return visit_item (event->body, visit, argument);
    case EVENT_session_merged:
        return visit_merge (&((const session_merged_event_t *) event->body)->merge, visit, argument);
    case EVENT_session_restored:
        return visit_artifacts (restored->artifacts.count, restored->artifacts.items, visit, argument);
    case EVENT_session_forked:
        state = &((const session_forked_event_t *) event->body)->state;
        break;
    case EVENT_session_continued:
        state = &((const session_continued_event_t *) event->body)->state;
        break;
    default:
        return BATON_OK;
    }
    return visit_artifacts (state->artifacts.count, state->artifacts.items, visit, argument);
}
