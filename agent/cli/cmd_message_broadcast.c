#include "commands.h"
#include "output.h"

/*  A message that nobody has looks like one that everybody has, were it not said. */
static baton_status broadcast (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    broadcast_t sent = {0};
    baton_bytes_t raw = {0};
    baton_status status = cli_call (cli, METHOD_message_broadcast, arguments->request, &sent, &raw, error);
    if (status == BATON_OK)
        status = output_reply (cli, &RECORD_broadcast, &sent, &raw, error);
    if (status == BATON_OK && sent.reached == 0)
        output_note (cli, "nobody has it: %s",
                     sent.unreached.count > 0 ? "none of these sessions has taken it"
                                              : "no session that you may see and that has not ended is meant by it");
    record_clear (&RECORD_broadcast, &sent);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_message_broadcast = {
    .noun = "message", .verb = "broadcast", .method = METHOD_message_broadcast, .run = broadcast};
