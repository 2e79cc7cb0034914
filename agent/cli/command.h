/*  A command, declared as data: which method's request its arguments are, which flags of its own it has, and the
 *  function that does it. A method that needs nothing of this gets its command from the method table alone.
 */
#ifndef BATON_COMMAND_H
#define BATON_COMMAND_H

#include "cli.h"

typedef struct command command_t;

/*  What the words of a command line have become. */
typedef struct {
    const command_t *command;
    void *request; /*  of the command's method, when it has one */
    void *options; /*  of the command's own flags, when it has any */
} arguments_t;

typedef baton_status (command_run_t) (cli_t *cli, const arguments_t *arguments, baton_error_t *error);

struct command {
    char noun[24];
    char verb[24]; /*  "" for a command of one word */
    method_id_t method;
    const record_type_t *options; /*  NULL: no flags of its own */
    const char *positionals;      /*  names of fields in order; NULL: the session, then the required fields in order */
    const char *hidden;           /*  names of fields of the method that this command has no flag for; NULL: none */
    const char *help;             /*  NULL: the method's */
    command_run_t *run;           /*  NULL: call the method, print the answer */
};

/*  The flags of a command itself are the fields of a struct of its own:
 *
 *      OPTIONS (wait, struct { bool all; }, OPTION (all, FIELD_FLAG, 0, NULL, "take all"));
 *
 *  makes wait_options_t, and the record type wait_options that a command's `options` points to. */
/* clang-format off */
#define OPTION(field, kind, limit, names, help) {#field, kind, false, offsetof (self_t, field), limit, names, NULL, help, 0}
/*  One that must be given. */
#define WORD(field, kind, limit, help) {#field, kind, true, offsetof (self_t, field), limit, NULL, NULL, help, 0}
/* clang-format on */
#define OPTIONS(id, type, ...)                                                                                         \
    typedef type id##_options_t;                                                                                       \
    static const field_t *id##_option_fields (void)                                                                    \
    {                                                                                                                  \
        typedef id##_options_t self_t;                                                                                 \
        static const field_t rows[] = {__VA_ARGS__,                                                                    \
                                       {NULL, FIELD_FLAG, false, sizeof (self_t), 0, NULL, NULL, NULL, 0}};            \
        return rows;                                                                                                   \
    }                                                                                                                  \
    static const record_type_t id##_options = {#id, sizeof (id##_options_t), id##_option_fields}

/*  The index-th of all commands, grouped by noun; false past the last. */
bool command_at (size_t index, command_t *ret_command);

/*  The command of these words ("" for no verb); false when there is none. */
bool command_find (const char *noun, const char *verb, command_t *ret_command);

/*  Whether the index-th command is the first of its noun. */
bool command_leads (size_t index);

/*  Whether any command has this noun. */
bool command_noun_exists (const char *noun);

/*  One line of help, never NULL. */
const char *command_help (const command_t *command);

/*  Whether the command has a flag for this field of its method. */
bool command_shows (const command_t *command, const char *field);

/*  Calls the command's method and prints the answer. */
baton_status command_run_generic (cli_t *cli, const arguments_t *arguments, baton_error_t *error);

#endif
