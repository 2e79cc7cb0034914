/*  Sending a message: the sending session, if one sends, and the receiving one are both decided before either is
 *  applied. */
#include "journal_internal.h"

/*  What the two sessions are told, borrowed from the command. from is NULL when no session sends. */
typedef struct {
    message_post_request_t post;
    message_deliver_request_t deliver;
    command_t posting, delivering;
} sending_t;

static void plan_send (const char *from, const command_t *command, sending_t *ret_sending)
{
    const message_send_request_t *request = command->request;
    char *id = request->id ? request->id : (char *) command->fresh;
    *ret_sending = (sending_t){
        .post = {.session = (char *) from,
                 .to = request->to,
                 .id = id,
                 .subject = request->subject,
                 .wants_reply = request->wants_reply,
                 .ttl = request->ttl},
        .deliver = {.session = request->to,
                    .id = id,
                    .from = (char *) command->actor,
                    .from_session = (char *) from,
                    .subject = request->subject,
                    .body = request->body,
                    .ttl = request->ttl,
                    .wants_reply = request->wants_reply},
        .posting = *command,
        .delivering = {.method = METHOD_message_deliver,
                       .now = command->now,
                       .actor = command->actor,
                       .role = command->role,
                       .trace = command->trace,
                       .if_n = from ? 0 : command->if_n},
    };
    ret_sending->posting.method = METHOD_message_post;
    ret_sending->posting.request = &ret_sending->post;
    ret_sending->delivering.request = &ret_sending->deliver;
}

static baton_status tell_delivered (journal_t *self, const sending_t *sending, changed_t *ret_changed,
                                    baton_error_t *error)
{
    message_receipt_request_t receipt = {
        .session = sending->post.session, .id = sending->post.id, .to = sending->post.to, .receipt = receipt_delivered};
    command_t telling = {.method = METHOD_message_receipt, .request = &receipt, .now = sending->posting.now};
    return journal_decide (self, sending->post.session, &telling, ret_changed, error);
}

baton_status journal_send (journal_t *self, const char *from, const command_t *command, changed_t *ret_changed,
                           baton_error_t *error)
{
    sending_t sending;
    entry_t *sender = NULL, *receiver = NULL;
    event_list_t posted = {0}, delivered = {0};
    baton_status status = BATON_OK;
    plan_send (from, command, &sending);
    if (from)
        status = journal_decide_only (self, from, &sending.posting, &sender, &posted, ret_changed, error);
    if (status == BATON_OK)
        status =
            journal_decide_only (self, sending.post.to, &sending.delivering, &receiver, &delivered, ret_changed, error);
    bool fresh = delivered.count > 0; /*  a known id changes nothing, in either journal */
    if (status == BATON_OK && fresh &&
        ((sender && journal_apply (self, sender, &posted, &sending.posting) != BATON_OK) ||
         journal_apply (self, receiver, &delivered, &sending.delivering) != BATON_OK))
        status = baton_fail_memory (error);
    if (status == BATON_OK && fresh && sender)
        status = tell_delivered (self, &sending, ret_changed, error);
    if (status == BATON_OK)
        status = journal_deliver (self, command, error);
    if (status == BATON_OK && (journal_fill_changed (&(sender ? sender : receiver)->state, ret_changed) != BATON_OK ||
                               text_set (&ret_changed->message, sending.post.id) != BATON_OK))
        status = baton_fail_memory (error);
    event_list_clear (&posted);
    event_list_clear (&delivered);
    return status;
}
