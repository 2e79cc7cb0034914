/*  The words after noun and verb, as fields of a command's request and options.
 *
 *  Flags are named after fields, with '-' for '_', and in the singular where they repeat (--label, --option). Words
 *  without a flag fill the command's positional fields in order, leaving out those that a flag has given.
 */
#ifndef BATON_ARGUMENTS_H
#define BATON_ARGUMENTS_H

#include "command.h"
#include "slots.h"

/*  Reads one option that all commands have, at argv[0]. Gives how many words it took; 0: it is none of these. */
BATON_MUST_USE baton_status arguments_common (cli_t *cli, int argc, char **argv, int *ret_taken, baton_error_t *error);

/*  Parses all words. What is missing may still be filled in by arguments_complete. */
BATON_MUST_USE baton_status arguments_parse (cli_t *cli, const command_t *command, int argc, char **argv,
                                             arguments_t *ret_arguments, slots_t *ret_slots, baton_error_t *error);

/*  Fills in the session that a run speaks for, turns titles and prefixes into ids (by asking the broker), and refuses
 *  what is then still missing or over its limit. */
BATON_MUST_USE baton_status arguments_complete (cli_t *cli, arguments_t *arguments, slots_t *slots,
                                                baton_error_t *error);

void arguments_clear (arguments_t *arguments);

#endif
