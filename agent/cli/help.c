#include "help.h"

#include "arguments.h"
#include "describe.h"
#include "parse.h"
#include "wrap.h"

#include <stdlib.h>
#include <string.h>

static const char COMMON_FLAGS[] =
    "Flags of every command\n"
    "  -o, --output FORM          table (default), json, jsonl (one element a line) or name (ids only)\n"
    "  --context NAME             use this context: a name in your folder of contexts, or a path\n"
    "  --timeout DURATION         wait this long for the broker (default 10s, inside a run 5m; commands that wait: for "
    "ever)\n"
    "  --idempotency-key KEY      the same key and request get the first answer again\n"
    "  --if-n N                   refuse the change unless the session's journal stands at N\n"
    "  --fence N                  the number of the session's edit lock, when you hold it\n"
    "  -h, --help                 help for the words so far\n";

static const char EXIT_CODES[] = "Exit codes\n"
                                 "  0 ok   1 failure   2 usage   3 not found   4 denied\n"
                                 "  5 conflict or wrong state   6 broker unreachable   7 timed out\n"
                                 "  breakpoint ask --wait: 0 approved, chosen or answered\n"
                                 "                         10 rejected   11 expired   12 cancelled\n";

static const char ENVIRONMENT[] =
    "Environment\n"
    "  BATON_CONTEXT              the context to use, as for --context\n"
    "  BATON_SOCKET, BATON_SESSION, BATON_RUN, BATON_TOKEN\n"
    "                             set inside a run: its node's socket, and what it speaks for\n"
    "  NO_COLOR                   no colour, also on a terminal\n";

/* ---- one command ---- */

static bool is_among (size_t index, const size_t *indices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (indices[i] == index)
            return true;
    return false;
}

void help_usage (FILE *out, const command_t *command)
{
    slots_t slots;
    size_t positional[SLOTS_MOST];
    slots_list (command, NULL, NULL, &slots);
    size_t count = slots_positional (command, &slots, positional);
    fprintf (out, "baton %s%s%s", command->noun, *command->verb ? " " : "", command->verb);
    for (size_t i = 0; i < count; i++) {
        const slot_t *slot = &slots.items[positional[i]];
        bool joined = i + 1 < count && strcmp (slot->field->name, "session") == 0 &&
                      strcmp (slots.items[positional[i + 1]].field->name, "breakpoint") == 0;
        fputs (slot->required ? " " : " [", out);
        describe_upper (out, joined ? "session/number" : slot->field->name);
        fputs (slot->required ? "" : "]", out);
        i += joined ? 1 : 0;
    }
    for (size_t i = 0; i < slots.count; i++) {
        char flag[LIMIT_NAME], word[DESCRIBE_SIZE];
        if (!slots.items[i].required || is_among (i, positional, count))
            continue;
        slot_flag (slots.items[i].field, flag);
        describe_value (slots.items[i].field, word);
        fprintf (out, " --%s %s", flag, word);
    }
    if (slots.count > count)
        fputs (" [FLAG…]", out);
}

#define HELP_COLUMN 28 /*  where what flags mean begins; a longer flag has a line of its own */

static void print_field (FILE *out, const slot_t *slot)
{
    char flag[LIMIT_NAME], word[DESCRIBE_SIZE];
    slot_flag (slot->field, flag);
    describe_value (slot->field, word);
    int width = fprintf (out, "  --%s%s%s", flag, *word ? " " : "", word);
    fprintf (out, "%s%*s", width < HELP_COLUMN ? "" : "\n", width < HELP_COLUMN ? HELP_COLUMN - width : HELP_COLUMN,
             "");
    describe_slot (out, slot);
    fputc ('\n', out);
}

static void print_command (FILE *out, const void *what)
{
    const command_t *command = what;
    slots_t slots;
    slots_list (command, NULL, NULL, &slots);
    fprintf (out, "%s.\n\nUsage\n  ", command_help (command));
    help_usage (out, command);
    fputs ("\n\n", out);
    if (slots.count > 0) {
        fputs ("Flags; the words of the usage line may be given as flags too\n", out);
        for (size_t i = 0; i < slots.count; i++)
            print_field (out, &slots.items[i]);
        fputc ('\n', out);
    }
    fputs (COMMON_FLAGS, out);
}

/* ---- many commands ---- */

static void print_noun (FILE *out, const void *what)
{
    const char *noun = what;
    command_t command;
    fprintf (out, "Commands\n");
    for (size_t i = 0; command_at (i, &command); i++)
        if (strcmp (command.noun, noun) == 0)
            fprintf (out, "  baton %s %-12s %s\n", noun, command.verb, command_help (&command));
    fprintf (out, "\nMore: baton %s VERB --help\n", noun);
}

static void print_verbs (FILE *out, const char *noun)
{
    command_t command;
    bool first = true;
    for (size_t i = 0; command_at (i, &command); i++)
        if (strcmp (command.noun, noun) == 0 && *command.verb) {
            fprintf (out, "%s%s", first ? "" : ", ", command.verb);
            first = false;
        }
}

void help_common (FILE *out)
{
    fprintf (out, "%s\n%s\n%s", COMMON_FLAGS, ENVIRONMENT, EXIT_CODES);
}

static void print_all (FILE *out, const void *nothing)
{
    (void) nothing;
    command_t command;
    fputs ("baton: sessions of AI agents, from the command line\n\nUsage\n  baton COMMAND [WORD…] [FLAG…]\n\n", out);
    fputs ("Commands of one word\n", out);
    for (size_t i = 0; command_at (i, &command); i++)
        if (!*command.verb)
            fprintf (out, "  %-12s %s\n", command.noun, command_help (&command));
    fputs ("\nCommands of a noun and a verb\n", out);
    for (size_t i = 0; command_at (i, &command); i++)
        if (*command.verb && command_leads (i)) {
            fprintf (out, "  %-12s ", command.noun);
            print_verbs (out, command.noun);
            fputc ('\n', out);
        }
    fputs ("\nMore: baton help NOUN, baton help NOUN VERB\n\n", out);
    help_common (out);
}

/* ---- between words ---- */

static void print_wrapped (FILE *out, size_t width, void (*print) (FILE *out, const void *what), const void *what)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream (&text, &size);
    if (!stream)
        return;
    print (stream, what);
    if (fclose (stream) == 0)
        wrap_print (out, text, width);
    free (text);
}

void help_command (FILE *out, const command_t *command, size_t width)
{
    print_wrapped (out, width, print_command, command);
}

void help_noun (FILE *out, const char *noun, size_t width)
{
    print_wrapped (out, width, print_noun, noun);
}

void help_all (FILE *out, size_t width)
{
    print_wrapped (out, width, print_all, NULL);
}
