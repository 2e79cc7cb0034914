#include "manual.h"

#include "describe.h"
#include "help.h"

#include <stdlib.h>
#include <string.h>

/*  Text from the tables as scdoc takes it: what it would read as markup is escaped. */
static void print_text (FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr ("*_\\#`[]|<>-.", *text))
            fputc ('\\', out);
        fputc (*text, out);
    }
}

/*  What another function prints, escaped. */
static void print_escaped (FILE *out, void (*print) (FILE *out, const void *what), const void *what)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream (&text, &size);
    if (!stream)
        return;
    print (stream, what);
    if (fclose (stream) == 0)
        print_text (out, text);
    free (text);
}

static void usage_of (FILE *out, const void *command)
{
    help_usage (out, command);
}

static void slot_of (FILE *out, const void *slot)
{
    describe_slot (out, slot);
}

static void print_slot (FILE *out, const slot_t *slot)
{
    char flag[LIMIT_NAME], word[DESCRIBE_SIZE];
    slot_flag (slot->field, flag);
    describe_value (slot->field, word);
    fputs ("*\\-\\-", out);
    print_text (out, flag);
    fputs (*word ? "* " : "*", out);
    print_text (out, word);
    fputs ("\n\t", out);
    print_escaped (out, slot_of, slot);
    fputs ("\n\n", out);
}

static void print_command (FILE *out, const command_t *command)
{
    slots_t slots;
    slots_list (command, NULL, NULL, &slots);
    fputs ("## baton ", out);
    fprintf (out, "%s%s%s\n\n", command->noun, *command->verb ? " " : "", command->verb);
    print_escaped (out, usage_of, command);
    fputs ("\n\n", out);
    print_text (out, command_help (command));
    fputs (".\n\n", out);
    for (size_t i = 0; i < slots.count; i++)
        print_slot (out, &slots.items[i]);
}

/* ---- pages ---- */

/*  What the page's line in an index of manuals says: what the command does, or which verbs there are. */
static void print_name (FILE *out, const char *noun)
{
    command_t command;
    const char *before = "";
    fprintf (out, "# NAME\n\nbaton-%s - ", noun);
    for (size_t i = 0; command_at (i, &command); i++) {
        if (strcmp (command.noun, noun) != 0)
            continue;
        print_text (out, before);
        print_text (out, *command.verb ? command.verb : command_help (&command));
        if (!*command.verb)
            break;
        before = ", ";
    }
    fputs ("\n\n", out);
}

static void print_noun (FILE *out, const char *noun)
{
    command_t command;
    fprintf (out, "baton-%s(1) \"Baton %s\" \"Baton\"\n\n", noun, BATON_VERSION);
    print_name (out, noun);
    fputs ("# COMMANDS\n\n", out);
    for (size_t i = 0; command_at (i, &command); i++)
        if (strcmp (command.noun, noun) == 0)
            print_command (out, &command);
    /*  A section of its own: below the last flag it would belong to that. */
    fputs ("# NOTES\n\nFlags that every command takes, the environment and the exit codes are in *baton*(1).\n\n", out);
    fputs ("# SEE ALSO\n\n*baton*(1), *batond*(8), *baton-node*(8)\n", out);
}

static void print_all (FILE *out)
{
    command_t command;
    fprintf (out,
             "baton(1) \"Baton %s\" \"Baton\"\n\n# NAME\n\nbaton - sessions of AI agents, from the command line\n\n",
             BATON_VERSION);
    fputs ("# SYNOPSIS\n\n*baton* _COMMAND_ [_WORD_...] [_FLAG_...]\n\n# COMMANDS\n\n", out);
    for (size_t i = 0; command_at (i, &command); i++) {
        fprintf (out, "*%s%s%s*\n\t", command.noun, *command.verb ? " " : "", command.verb);
        print_text (out, command_help (&command));
        fprintf (out, "; see *baton-%s*(1)\n\n", command.noun);
    }
    fputs ("# FLAGS, ENVIRONMENT, EXIT CODES\n\n```\n", out);
    help_common (out);
    fputs ("```\n\n# SEE ALSO\n\n*batond*(8), *baton-node*(8)\n", out);
}

bool manual_print (FILE *out, const char *page)
{
    if (strcmp (page, "baton") == 0)
        print_all (out);
    else if (strncmp (page, "baton-", 6) == 0 && command_noun_exists (page + 6))
        print_noun (out, page + 6);
    else
        return false;
    return true;
}

void manual_list (FILE *out)
{
    command_t command;
    fputs ("baton\n", out);
    for (size_t i = 0; command_at (i, &command); i++)
        if (command_leads (i))
            fprintf (out, "baton-%s\n", command.noun);
}
