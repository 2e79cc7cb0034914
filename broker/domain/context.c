/*  What a session knows beside its items: working memory, artifacts. */
#include "deciding.h"

#include <string.h>

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
