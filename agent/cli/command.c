#include "command.h"

#include "commands.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

/*  "session.create" is `baton session create`. */
static command_t command_of_method (method_id_t method)
{
    const char *name = METHODS[method].name, *dot = strchr (name, '.');
    command_t command = {.method = method};
    snprintf (command.noun, sizeof command.noun, "%.*s", (int) (dot - name), name);
    snprintf (command.verb, sizeof command.verb, "%s", dot + 1);
    return command;
}

/*  A method of nodes, of the broker itself, or one that makes sense only within a connection has no command. */
static bool method_is_offered (method_id_t method)
{
    const method_row_t *row = &METHODS[method];
    return row->access != ACCESS_node && row->access != ACCESS_internal && method != METHOD_identity_enroll &&
           method != METHOD_events_subscribe && method != METHOD_events_unsubscribe && method != METHOD_blob_put &&
           method != METHOD_blob_get && method != METHOD_workspace_manifest && method != METHOD_workspace_chunks;
}

static const command_t *find_declared (const char *noun, const char *verb)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp (COMMANDS[i]->noun, noun) == 0 && strcmp (COMMANDS[i]->verb, verb) == 0)
            return COMMANDS[i];
    return NULL;
}

/*  Whether its words are those of a method. */
static bool names_method (const command_t *command)
{
    char name[sizeof command->noun + sizeof command->verb];
    snprintf (name, sizeof name, "%s.%s", command->noun, command->verb);
    method_id_t method = method_find (name);
    return method != METHOD_none && method_is_offered (method);
}

/*  Those that are declared and no methods: of one word, or of two. */
static bool declared_at (bool one_word, size_t *index, command_t *ret_command)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if ((!*COMMANDS[i]->verb) != one_word || (!one_word && names_method (COMMANDS[i])) || (*index)-- > 0)
            continue;
        *ret_command = *COMMANDS[i];
        return true;
    }
    return false;
}

/*  In the order of the table, but those of sessions first, which most people look for. */
static bool method_at (size_t *index, command_t *ret_command)
{
    for (int i = 0; i < METHOD_COUNT - 1; i++) {
        method_id_t method = (method_id_t) (1 + (METHOD_session_create - 1 + i) % (METHOD_COUNT - 1));
        if (!method_is_offered (method) || (*index)-- > 0)
            continue;
        command_t command = command_of_method (method);
        const command_t *declared = find_declared (command.noun, command.verb);
        *ret_command = declared ? *declared : command;
        return true;
    }
    return false;
}

bool command_at (size_t index, command_t *ret_command)
{
    return declared_at (true, &index, ret_command) || method_at (&index, ret_command) ||
           declared_at (false, &index, ret_command);
}

bool command_find (const char *noun, const char *verb, command_t *ret_command)
{
    command_t command;
    for (size_t i = 0; command_at (i, &command); i++)
        if (strcmp (command.noun, noun) == 0 && strcmp (command.verb, verb) == 0) {
            *ret_command = command;
            return true;
        }
    return false;
}

bool command_leads (size_t index)
{
    command_t command, other;
    if (!command_at (index, &command))
        return false;
    for (size_t i = 0; i < index && command_at (i, &other); i++)
        if (strcmp (other.noun, command.noun) == 0)
            return false;
    return true;
}

bool command_noun_exists (const char *noun)
{
    command_t command;
    for (size_t i = 0; command_at (i, &command); i++)
        if (strcmp (command.noun, noun) == 0)
            return true;
    return false;
}

const char *command_help (const command_t *command)
{
    return command->help ? command->help : METHODS[command->method].help;
}

bool command_shows (const command_t *command, const char *field)
{
    size_t length = strlen (field);
    for (const char *at = command->hidden; at && (at = strstr (at, field)); at += length)
        if ((at == command->hidden || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return false;
    return true;
}

static bool only_tries (const record_type_t *type, const void *request)
{
    for (const field_t *field = type->fields (); field->name; field++)
        if (strcmp (field->name, "dry_run") == 0)
            return *(const bool *) ((const char *) request + field->offset);
    return false;
}

baton_status command_run_generic (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const method_row_t *row = &METHODS[arguments->command->method];
    void *reply = calloc (1, row->reply->size + 1);
    baton_bytes_t raw = {0};
    baton_status status = reply ? cli_call (cli, arguments->command->method, arguments->request, reply, &raw, error)
                                : baton_fail_memory (error);
    if (status == BATON_OK)
        status = output_reply (cli, row->reply, reply, &raw, error);
    if (status == BATON_OK && only_tries (&row->type, arguments->request))
        output_note (cli, "nothing was changed: this is what it would do");
    record_clear (row->reply, reply);
    free (reply);
    bytes_clear (&raw);
    return status;
}
