/*  From argv to a command and its exit code. */
#include "arguments.h"
#include "complete.h"
#include "help.h"
#include "suggest.h"
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*  The noun and verb that the words begin with; *ret_words is how many they are. */
static bool find_command (int argc, char **argv, command_t *ret_command, int *ret_words)
{
    *ret_words = 2;
    if (argc > 1 && *argv[1] && command_find (argv[0], argv[1], ret_command))
        return true;
    *ret_words = 1;
    return command_find (argv[0], "", ret_command);
}

static bool asks_for_help (int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp (argv[i], "--") != 0; i++)
        if (strcmp (argv[i], "--help") == 0 || strcmp (argv[i], "-h") == 0)
            return true;
    return false;
}

/*  The nearest noun, or verb of a noun, or nothing. */
static suggest_t suggest_word (const char *noun, const char *word)
{
    suggest_t nearest = suggest_begin (word);
    command_t command;
    for (size_t i = 0; command_at (i, &command); i++)
        if (!noun)
            suggest_try (&nearest, command.noun);
        else if (strcmp (command.noun, noun) == 0)
            suggest_try (&nearest, command.verb);
    return nearest;
}

/*  The first noun that has this verb: who leaves the noun out knows what is to be done. */
static bool find_verb (const char *verb, command_t *ret_command)
{
    for (size_t i = 0; *verb && command_at (i, ret_command); i++)
        if (strcmp (ret_command->verb, verb) == 0)
            return true;
    return false;
}

static int unknown (const cli_t *cli, int argc, char **argv)
{
    bool noun = command_noun_exists (argv[0]);
    suggest_t nearest = {0};
    command_t command;
    if (noun && argc > 1)
        fprintf (cli->err, "baton: %s has no verb %s\n", argv[0], *argv[1] ? argv[1] : "\"\"");
    else if (noun)
        fprintf (cli->err, "baton: %s needs a verb\n", argv[0]);
    else
        fprintf (cli->err, "baton: there is no command %s\n", *argv[0] ? argv[0] : "\"\"");
    if (!noun || argc > 1)
        nearest = suggest_word (noun ? argv[0] : NULL, noun ? argv[1] : argv[0]);
    if (!noun && find_verb (argv[0], &command))
        fprintf (cli->err, "  \u2192 did you mean: baton %s %s?\n", command.noun, command.verb);
    else if (*nearest.best)
        fprintf (cli->err, "  \u2192 did you mean: baton %s%s%s?\n", noun ? argv[0] : "", noun ? " " : "",
                 nearest.best);
    fprintf (cli->err, "  \u2192 see: baton %s%s--help\n", noun ? argv[0] : "", noun ? " " : "");
    return EXIT_usage;
}

static int help (const cli_t *cli, int argc, char **argv)
{
    command_t command;
    int words;
    size_t width = cli->width > 0 ? cli->width : HELP_WIDTH;
    if (argc == 0 || argv[0][0] == '-')
        help_all (cli->out, width);
    else if (find_command (argc, argv, &command, &words))
        help_command (cli->out, &command, width);
    else if (command_noun_exists (argv[0]) && (argc == 1 || argv[1][0] == '-'))
        help_noun (cli->out, argv[0], width);
    else
        return unknown (cli, argc, argv);
    return EXIT_ok;
}

static int complain (cli_t *cli, const command_t *command, const baton_error_t *error)
{
    bool about_fields = error->reason == BATON_REASON_missing_field || error->reason == BATON_REASON_bad_value;
    if (about_fields && command && !*cli->hint)
        cli_hint (cli, "see: baton %s%s%s --help", command->noun, *command->verb ? " " : "", command->verb);
    cli_complain (cli, error);
    if (error->status == BATON_invalid_argument && error->reason == BATON_REASON_none && command)
        fprintf (cli->err, "  \u2192 see: baton %s%s%s --help\n", command->noun, *command->verb ? " " : "",
                 command->verb);
    return cli_exit_code (error->status);
}

static int run (cli_t *cli, const command_t *command, int argc, char **argv)
{
    baton_error_t error = {.status = BATON_internal};
    arguments_t arguments = {0};
    slots_t slots;
    baton_status status = arguments_parse (cli, command, argc, argv, &arguments, &slots, &error);
    if (status == BATON_OK)
        status = arguments_complete (cli, &arguments, &slots, &error);
    if (status == BATON_OK)
        status = command->run ? command->run (cli, &arguments, &error) : command_run_generic (cli, &arguments, &error);
    if (status == BATON_OK && fflush (cli->out) != 0)
        status = baton_fail (&error, BATON_internal, BATON_REASON_none, "can't write to standard output");
    arguments_clear (&arguments);
    return status == BATON_OK ? cli->exit_code : complain (cli, command, &error);
}

static bool wants_colour (FILE *stream)
{
    const char *no = getenv ("NO_COLOR"), *term = getenv ("TERM");
    return isatty (fileno (stream)) && !(no && *no) && !(term && strcmp (term, "dumb") == 0);
}

static int show_version (cli_t *cli)
{
    char *words[] = {(char *) "version", NULL};
    command_t command;
    int taken;
    return find_command (1, words, &command, &taken) ? run (cli, &command, 0, words + 1) : EXIT_failure;
}

/*  What stands before the noun and is for every command. */
static baton_status take_common (cli_t *cli, int *argc, char ***argv, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (int taken = 1; *argc > 0 && (*argv)[0][0] == '-' && strcmp ((*argv)[0], "--version") != 0 &&
                        !asks_for_help (1, *argv) && status == BATON_OK && taken > 0;) {
        status = arguments_common (cli, *argc, *argv, &taken, error);
        *argc -= taken;
        *argv += taken;
    }
    return status;
}

static int perform (cli_t *cli, int argc, char **argv)
{
    command_t command;
    int words;
    if (argc == 0) {
        help_all (cli->err, HELP_WIDTH);
        return EXIT_usage;
    }
    if (strcmp (argv[0], "help") == 0)
        return help (cli, argc - 1, argv + 1);
    if (strcmp (argv[0], "--version") == 0)
        return show_version (cli);
    if (asks_for_help (argc, argv))
        return help (cli, argc, argv);
    if (find_command (argc, argv, &command, &words))
        return run (cli, &command, argc - words, argv + words);
    return unknown (cli, argc, argv);
}

int cli_main (int argc, char **argv, FILE *out, FILE *err)
{
    cli_t cli = {.out = out,
                 .err = err,
                 .colour = wants_colour (out),
                 .progress = isatty (fileno (err)) == 1,
                 .width = terminal_width (out)};
    baton_error_t error = {.status = BATON_internal};
    int code = EXIT_ok;
    argc--;
    argv++;
    if (argc > 0 && strcmp (argv[0], "__complete") == 0)
        complete_print (&cli, argc - 1, argv + 1);
    else if (take_common (&cli, &argc, &argv, &error) == BATON_OK)
        code = perform (&cli, argc, argv);
    else
        code = complain (&cli, NULL, &error);
    cli_clear (&cli);
    return code;
}
