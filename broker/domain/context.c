/*  What a session knows: items, working memory, artifacts. */
#include "deciding.h"

#include <string.h>

/* ---- items ---- */

static size_t part_bytes (const part_t *part)
{
    size_t text = part->text ? strlen (part->text) : 0;
    return text + part->value.size;
}

/*  A part must have what its kind is about. */
static baton_status check_part (const part_t *part, baton_error_t *error)
{
    const char *lacks = part->kind == part_kind_text && !part->text             ? "text"
                        : part->kind == part_kind_tool_call && !part->tool      ? "tool"
                        : part->kind == part_kind_json && part->value.size == 0 ? "value"
                                                                                : NULL;
    if (!lacks)
        return BATON_OK;
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_missing_field, "parts",
                             "a part of kind %s needs the field %s", enum_name (&part_kind_names, part->kind), lacks);
}

static baton_status check_item (const item_append_request_t *request, baton_error_t *error)
{
    size_t bytes = 0;
    if (request->text ? request->parts.count > 0 : request->parts.count == 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_missing_field, "text",
                                 "an item needs either text or parts");
    for (size_t i = 0; i < request->parts.count; i++) {
        baton_status status = check_part (&request->parts.items[i], error);
        if (status != BATON_OK)
            return status;
        bytes += part_bytes (&request->parts.items[i]);
    }
    if (bytes > LIMIT_ITEM)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_too_large, "parts",
                                 "the parts of an item are at most %u bytes together", LIMIT_ITEM);
    return BATON_OK;
}

baton_status decide_item_append (deciding_t *deciding)
{
    const item_append_request_t *request = deciding->command->request;
    baton_status status = check_item (request, deciding->error);
    if (status != BATON_OK)
        return status;
    part_t text = {.kind = part_kind_text, .text = request->text};
    size_t count = request->text ? 1 : request->parts.count;
    part_t *parts = request->text ? &text : request->parts.items;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += part_bytes (&parts[i]);
    emit (deciding, EVENT_item_appended,
          &(item_appended_event_t){
              .role = request->role,
              .parts = {count, parts},
              .tokens = request->tokens ? request->tokens : (bytes + 3) / 4,
              .estimated = request->tokens == 0,
          });
    return BATON_OK;
}

baton_status evolve_item_appended (session_t *self, const event_t *event)
{
    const item_appended_event_t *body = event->body;
    self->items++;
    self->tokens += body->tokens;
    return BATON_OK;
}

/* ---- memory ---- */

static size_t memory_bytes (const session_t *self)
{
    size_t bytes = 0;
    for (size_t i = 0; i < self->memory.count; i++)
        bytes += strlen (self->memory.items[i].key) + self->memory.items[i].value.size;
    return bytes;
}

baton_status decide_memory_set (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const memory_set_request_t *request = deciding->command->request;
    const memory_t *old = keyed_find (&self->memory, &RECORD_memory, request->key);
    if (old && bytes_equal (&old->value, &request->value))
        return BATON_OK;
    if (!old && self->memory.count >= LIMIT_MEMORY_KEYS)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "key",
                                 "the memory of a session has at most %d keys", LIMIT_MEMORY_KEYS);
    size_t bytes = memory_bytes (self) + request->value.size;
    bytes = old ? bytes - old->value.size : bytes + strlen (request->key);
    if (bytes > LIMIT_MEMORY_BYTES)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "value",
                                 "the memory of a session has at most %d bytes, and would have %zu", LIMIT_MEMORY_BYTES,
                                 bytes);
    emit (deciding, EVENT_memory_set, &(memory_set_event_t){.key = request->key, .value = request->value});
    return BATON_OK;
}

baton_status evolve_memory_set (session_t *self, const event_t *event)
{
    const memory_set_event_t *body = event->body;
    memory_t *memory = keyed_put (&self->memory, &RECORD_memory, body->key);
    if (!memory || bytes_set (&memory->value, body->value.data, body->value.size) || text_set (&memory->session, NULL))
        return BATON_resource_exhausted;
    memory->run = event->run;
    memory->n = event->n;
    return BATON_OK;
}

baton_status decide_memory_delete (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const memory_delete_request_t *request = deciding->command->request;
    if (!keyed_find (&self->memory, &RECORD_memory, request->key))
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_key, "key",
                                 "the memory of session %s has no key %s", self->session, request->key);
    emit (deciding, EVENT_memory_deleted, &(memory_deleted_event_t){.key = request->key});
    return BATON_OK;
}

baton_status evolve_memory_deleted (session_t *self, const event_t *event)
{
    const memory_deleted_event_t *body = event->body;
    memory_t *memory = keyed_find (&self->memory, &RECORD_memory, body->key);
    if (memory)
        list_remove (&self->memory, &RECORD_memory, (size_t) (memory - self->memory.items));
    return BATON_OK;
}

/* ---- artifacts ---- */

baton_status decide_artifact_put (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const artifact_put_request_t *request = deciding->command->request;
    const char *digest = deciding->command->digest;
    const artifact_t *old = keyed_find (&self->artifacts, &RECORD_artifact, request->name);
    answer_text (deciding, &deciding->changed.digest, digest);
    if (old && text_equal (old->digest, digest) && text_equal (old->media_type, request->media_type))
        return BATON_OK;
    if (!old && self->artifacts.count >= LIMIT_ARTIFACTS)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "name",
                                 "a session has at most %d artifacts", LIMIT_ARTIFACTS);
    emit (deciding, EVENT_artifact_put,
          &(artifact_put_event_t){
              .name = request->name,
              .digest = (char *) digest,
              .size = request->content.size,
              .media_type = request->media_type,
          });
    return BATON_OK;
}

baton_status evolve_artifact_put (session_t *self, const event_t *event)
{
    const artifact_put_event_t *body = event->body;
    artifact_t *artifact = keyed_put (&self->artifacts, &RECORD_artifact, body->name);
    if (!artifact || text_set (&artifact->digest, body->digest) || text_set (&artifact->media_type, body->media_type) ||
        text_set (&artifact->session, NULL))
        return BATON_resource_exhausted;
    artifact->size = body->size;
    artifact->run = event->run;
    artifact->n = event->n;
    return BATON_OK;
}
