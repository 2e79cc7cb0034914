/*  What a batch holds beside events: answers to keyed requests, and blobs. */
#include "journal_internal.h"

#include <stdio.h>
#include <string.h>

static baton_status compare_payload (const char *known, const char *payload, const char *key, baton_error_t *error)
{
    if (strcmp (known, payload) == 0)
        return BATON_OK;
    return baton_fail_field (error, BATON_aborted, BATON_REASON_key_reused, "key",
                             "the idempotency key %s was used for another request", key);
}

baton_status journal_answer (journal_t *self, const char *actor, const char *key, const char *payload,
                             baton_bytes_t *ret_reply, baton_error_t *error)
{
    for (size_t i = 0; i < self->answers.count; i++) {
        const noted_answer_t *answer = &self->answers.items[i];
        if (strcmp (answer->key, key) != 0 || strcmp (answer->actor, actor) != 0)
            continue;
        baton_status status = compare_payload (answer->payload, payload, key, error);
        if (status == BATON_OK && bytes_set (ret_reply, answer->reply.data, answer->reply.size) != BATON_OK)
            status = baton_fail_memory (error);
        return status;
    }
    char known[DIGEST_SIZE];
    baton_bytes_t reply = {0};
    baton_status status = store_answer (self->store, actor, key, known, &reply, error);
    if (status == BATON_OK)
        status = compare_payload (known, payload, key, error);
    if (status != BATON_OK) {
        bytes_clear (&reply);
        return status;
    }
    *ret_reply = reply;
    return BATON_OK;
}

baton_status journal_note_answer (journal_t *self, const char *actor, const char *key, const char *payload,
                                  uint64_t now, const baton_bytes_t *reply)
{
    noted_answer_t *answer = list_append (&self->answers, sizeof *answer);
    if (!answer)
        return BATON_resource_exhausted;
    answer->at = now;
    if (text_set (&answer->actor, actor) != BATON_OK || text_set (&answer->key, key) != BATON_OK ||
        text_set (&answer->payload, payload) != BATON_OK ||
        bytes_set (&answer->reply, reply->data, reply->size) != BATON_OK)
        return BATON_resource_exhausted;
    return BATON_OK;
}

baton_status journal_note_blob (journal_t *self, const char *digest, const baton_bytes_t *content)
{
    noted_blob_t *blob = list_append (&self->blobs, sizeof *blob);
    if (!blob)
        return BATON_resource_exhausted;
    snprintf (blob->digest, sizeof blob->digest, "%s", digest);
    return bytes_set (&blob->content, content->data, content->size);
}

baton_status journal_note_ready (journal_t *self, store_content_t **ready, size_t size)
{
    noted_blob_t *blob = list_append (&self->blobs, sizeof *blob);
    if (!blob)
        return BATON_resource_exhausted;
    snprintf (blob->digest, sizeof blob->digest, "%s", store_content_digest (*ready));
    blob->content.size = size;
    blob->ready = *ready;
    *ready = NULL;
    return BATON_OK;
}
