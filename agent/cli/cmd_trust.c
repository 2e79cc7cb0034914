#include "commands.h"
#include "output.h"
#include "signer.h"

#include <sodium.h>

OPTIONS (
    trust,
    struct {
        char *name;
        char *key;
    },
    WORD (name, FIELD_NAME, LIMIT_NAME, "what to call them"),
    WORD (key, FIELD_LINE, LIMIT_ID, "what baton trust show has printed at theirs"));

static baton_status add (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const trust_options_t *options = arguments->options;
    baton_status status = signer_trust (options->name, options->key, error);
    if (status == BATON_OK)
        output_note (cli, "archives signed with %s are %s's", options->key, options->name);
    return status;
}

typedef struct {
    cli_t *cli;
    baton_error_t *error;
    size_t count;
} listing_t;

static baton_status list_one (const char *name, const char *key, void *argument)
{
    listing_t *listing = argument;
    listing->count++;
    trust_options_t row = {(char *) name, (char *) key};
    if (listing->cli->output != OUTPUT_table)
        return output_record (listing->cli, &trust_options, &row, listing->error);
    fprintf (listing->cli->out, "%s  %s\n", key, name);
    return BATON_OK;
}

static baton_status list (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    (void) arguments;
    listing_t listing = {cli, error, 0};
    baton_status status = signer_each (list_one, &listing, error);
    if (status == BATON_OK && listing.count == 0)
        output_note (cli, "no signers");
    return status;
}

static baton_status show (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    (void) arguments;
    uint8_t secret[SIGNER_SECRET];
    char key[SIGNER_KEY_SIZE];
    baton_status status = signer_secret (secret, error);
    if (status != BATON_OK)
        return status;
    signer_public (secret, key);
    sodium_memzero (secret, sizeof secret);
    fprintf (cli->out, "%s\n", key);
    return BATON_OK;
}

const command_t CMD_trust_add = {.noun = "trust",
                                 .verb = "add",
                                 .options = &trust_options,
                                 .positionals = "name key",
                                 .help = "Know the signer of archives by name",
                                 .run = add};
const command_t CMD_trust_list = {
    .noun = "trust", .verb = "list", .help = "List the signers that are known", .run = list};
const command_t CMD_trust_show = {
    .noun = "trust", .verb = "show", .help = "Print the key that your own archives are signed with", .run = show};
