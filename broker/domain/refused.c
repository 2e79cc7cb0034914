/*  What a session was to change and could not. Whoever asks is told, and has it still; what is kept here is that of
 * which nobody was told: the run that had asked was over, or had given up waiting. A message becomes a dead letter. */
#include "deciding.h"

#include <stdlib.h>

/*  What the three that send have in common. */
typedef struct {
    method_id_t method;
    const char *id, *to, *reply_to; /*  names of the fields; NULL: there is none */
} sending_t;

static const sending_t SENDINGS[] = {
    {METHOD_message_send, "id", "to", NULL},
    {METHOD_message_reply, NULL, NULL, "id"},
    {METHOD_message_broadcast, "id", NULL, NULL},
};

static const sending_t *find_sending (const char *method)
{
    for (size_t i = 0; i < sizeof SENDINGS / sizeof *SENDINGS; i++)
        if (text_equal (METHODS[SENDINGS[i].method].name, method))
            return &SENDINGS[i];
    return NULL;
}

static char *text_of (const record_type_t *type, const void *record, const char *name)
{
    return name ? (char *) record_text (type, record, name) : NULL;
}

static void emit_refused (deciding_t *deciding, const sending_t *sending, const void *record)
{
    const change_refused_request_t *request = deciding->command->request;
    const record_type_t *type = &METHODS[sending->method].type;
    char *id = text_of (type, record, sending->id);
    const field_t *body = record_field (type, "body");
    emit (deciding, EVENT_message_refused,
          &(message_refused_event_t){
              .id = id ? id : (char *) deciding->command->fresh,
              .to = text_of (type, record, sending->to),
              .subject = text_of (type, record, "subject"),
              .body = *(const baton_bytes_t *) (const void *) ((const uint8_t *) record + body->offset),
              .reply_to = text_of (type, record, sending->reply_to),
              .wants_reply =
                  sending->method == METHOD_message_send && ((const message_send_request_t *) record)->wants_reply,
              .run = request->run,
              .reason = request->reason,
              .detail = request->detail,
          });
}

static baton_status decide_sending (deciding_t *deciding, const sending_t *sending)
{
    const change_refused_request_t *request = deciding->command->request;
    const record_type_t *type = &METHODS[sending->method].type;
    void *record = calloc (1, type->size + 1);
    baton_status status =
        record ? record_decode (type, request->request.data, request->request.size, record, deciding->error)
               : baton_fail_memory (deciding->error);
    if (status == BATON_OK)
        emit_refused (deciding, sending, record);
    if (record)
        record_clear (type, record);
    free (record);
    return status;
}

baton_status decide_change_refused (deciding_t *deciding)
{
    const change_refused_request_t *request = deciding->command->request;
    const sending_t *sending = find_sending (request->method);
    if (sending)
        return decide_sending (deciding, sending);
    emit (deciding, EVENT_change_refused,
          &(change_refused_event_t){
              .run = request->run, .method = request->method, .reason = request->reason, .detail = request->detail});
    return BATON_OK;
}

baton_status evolve_change_refused (session_t *self, const event_t *event)
{
    (void) event;
    self->refused++;
    return BATON_OK;
}

/*  Its sender may be gone before it reads the answer that names them. */
baton_status decide_message_refuse (deciding_t *deciding)
{
    const message_refuse_request_t *request = deciding->command->request;
    emit (deciding, EVENT_message_refused,
          &(message_refused_event_t){
              .id = request->id, .subject = request->subject, .body = request->body, .by = request->by});
    answer_text (deciding, &deciding->changed.message, request->id);
    return BATON_OK;
}

baton_status evolve_message_refused (session_t *self, const event_t *event)
{
    const message_refused_event_t *body = event->body;
    return mailbox_bury (self, body->id, receipt_refused, event->n, body->by.count);
}
