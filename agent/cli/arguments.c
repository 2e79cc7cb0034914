#include "arguments.h"

#include "parse.h"
#include "suggest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define USAGE(...) baton_fail (error, BATON_invalid_argument, BATON_REASON_none, __VA_ARGS__)

/* ---- flags ---- */

static const char *const COMMON[] = {"output", "context", "timeout", "idempotency-key", "if-n", "fence"};
enum { COMMON_output, COMMON_context, COMMON_timeout, COMMON_key, COMMON_if_n, COMMON_fence, COMMON_COUNT };

static baton_status set_output (cli_t *cli, const char *value, baton_error_t *error)
{
    static const char *const NAMES[] = {"table", "json", "jsonl", "name"};
    for (unsigned i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp (value, NAMES[i]) == 0) {
            cli->output = (output_t) i;
            cli->output_given = true;
            return BATON_OK;
        }
    return USAGE ("there is no output %s: choose table, json, jsonl or name", value);
}

static baton_status set_timeout (cli_t *cli, const char *value, baton_error_t *error)
{
    baton_status status = parse_duration (value, &cli->timeout, error);
    if (status == BATON_OK && cli->timeout == 0)
        return USAGE ("--timeout must be longer than nothing");
    return status;
}

static baton_status set_common (cli_t *cli, int which, const char *value, baton_error_t *error)
{
    static const field_t NUMBERS[] = {{.name = "if-n", .kind = FIELD_UINT}, {.name = "fence", .kind = FIELD_UINT}};
    switch (which) {
    case COMMON_output:
        return set_output (cli, value, error);
    case COMMON_context:
        cli->context_name = value;
        return *value ? BATON_OK : USAGE ("--context is empty");
    case COMMON_timeout:
        return set_timeout (cli, value, error);
    case COMMON_key:
        cli->key = value;
        return *value ? BATON_OK : USAGE ("--idempotency-key is empty");
    case COMMON_if_n:
        return parse_field (&NUMBERS[0], &cli->if_n, value, error);
    default:
        return parse_field (&NUMBERS[1], &cli->fence, value, error);
    }
}

baton_status arguments_common (cli_t *cli, int argc, char **argv, int *ret_taken, baton_error_t *error)
{
    const char *word = strcmp (argv[0], "-o") == 0 ? "--output" : argv[0];
    *ret_taken = 0;
    for (int i = 0; i < COMMON_COUNT; i++) {
        size_t length = strlen (COMMON[i]);
        if (strncmp (word, "--", 2) != 0 || strncmp (word + 2, COMMON[i], length) != 0 ||
            (word[2 + length] && word[2 + length] != '='))
            continue;
        bool attached = word[2 + length] == '=';
        if (!attached && argc < 2)
            return USAGE ("--%s needs a value", COMMON[i]);
        *ret_taken = attached ? 1 : 2;
        return set_common (cli, i, attached ? word + 3 + length : argv[1], error);
    }
    return BATON_OK;
}

/*  The slot of a flag like "--label" or "--labels=x"; slots->count when there is none. */
static size_t slot_of_flag (const slots_t *slots, const char *word)
{
    const char *name = strcmp (word, "-f") == 0 ? "follow" : strcmp (word, "-o") == 0 ? "out" : word + 2;
    size_t length = strcspn (name, "=");
    char plain[LIMIT_NAME], flag[LIMIT_NAME];
    if ((word[1] != '-' && name == word + 2) || length == 0 || length >= sizeof plain)
        return slots->count;
    for (size_t i = 0; i < slots->count; i++) {
        slot_flag (slots->items[i].field, flag);
        snprintf (plain, sizeof plain, "%.*s", (int) length, name);
        if (strcmp (plain, flag) == 0)
            return i;
        for (char *at = plain; *at; at++)
            *at = *at == '-' ? '_' : *at;
        if (strcmp (plain, slots->items[i].field->name) == 0)
            return i;
    }
    return slots->count;
}

/*  A field that holds an empty text is one that was not given. A script's unset variable is not to mean that where
 *  the command can't do without. */
static bool needs_text (const slot_t *slot)
{
    field_kind_t kind = slot->field->kind;
    return (kind == FIELD_LINE || kind == FIELD_NAME || kind == FIELD_TEXT) &&
           (slot->required || slot_is (slot, "session") || slot->field->access != access_none);
}

static baton_status set_slot (slot_t *slot, const char *value, baton_error_t *error)
{
    char flag[LIMIT_NAME];
    slot_flag (slot->field, flag);
    if (slot->given && !parse_repeats (slot->field))
        return USAGE ("--%s is given twice", flag);
    if (!*value && needs_text (slot))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, slot->field->name, "%s is empty",
                                 flag);
    slot->given = true;
    return parse_field (slot->field, slot->at, value, error);
}

static baton_status refuse_flag (cli_t *cli, const slots_t *slots, const command_t *command, const char *word,
                                 baton_error_t *error)
{
    char name[SUGGEST_MOST], flag[LIMIT_NAME];
    snprintf (name, sizeof name, "%.*s", (int) strcspn (word + strspn (word, "-"), "="), word + strspn (word, "-"));
    suggest_t nearest = suggest_begin (name);
    for (size_t i = 0; i < slots->count; i++) {
        slot_flag (slots->items[i].field, flag);
        suggest_try (&nearest, flag);
    }
    for (int i = 0; i < COMMON_COUNT; i++)
        suggest_try (&nearest, COMMON[i]);
    if (*nearest.best)
        cli_hint (cli, "did you mean --%s?", nearest.best);
    return USAGE ("baton %s%s%s has no flag %.*s", command->noun, *command->verb ? " " : "", command->verb,
                  (int) strcspn (word, "="), word);
}

static baton_status take_flag (cli_t *cli, slots_t *slots, const command_t *command, int argc, char **argv,
                               int *ret_taken, baton_error_t *error)
{
    size_t index = slot_of_flag (slots, argv[0]);
    if (index == slots->count)
        return refuse_flag (cli, slots, command, argv[0], error);
    slot_t *slot = &slots->items[index];
    const char *sign = strchr (argv[0], '=');
    bool alone = !sign && slot->field->kind == FIELD_FLAG;
    if (!sign && !alone && argc < 2)
        return USAGE ("%s needs a value", argv[0]);
    *ret_taken = sign || alone ? 1 : 2;
    return set_slot (slot, sign ? sign + 1 : alone ? "true" : argv[1], error);
}

/* ---- words without a flag ---- */

/*  The "/7" at the end of "review/7", or NULL. */
static const char *number_part (const char *word)
{
    const char *slash = strrchr (word, '/');
    if (!slash || slash == word || !slash[1] || strspn (slash + 1, "0123456789") != strlen (slash + 1))
        return NULL;
    return slash;
}

static baton_status set_pair (slot_t *session, slot_t *breakpoint, const char *word, const char *slash,
                              baton_error_t *error)
{
    char *name = strndup (word, (size_t) (slash - word));
    baton_status status = name ? set_slot (session, name, error) : baton_fail_memory (error);
    free (name);
    return status == BATON_OK ? set_slot (breakpoint, slash + 1, error) : status;
}

static baton_status take_words (cli_t *cli, slots_t *slots, const command_t *command, int count, char **words,
                                baton_error_t *error)
{
    size_t all[SLOTS_MOST], open[SLOTS_MOST + 1], open_count = 0;
    size_t all_count = slots_positional (command, slots, all);
    for (size_t i = 0; i < all_count; i++)
        if (!slots->items[all[i]].given)
            open[open_count++] = all[i];
    size_t at = 0;
    int word = 0;
    if (open_count > 0 && count > 0 && slot_is (&slots->items[open[0]], "session")) {
        slot_t *session = &slots->items[open[0]];
        slot_t *next = open_count > 1 ? &slots->items[open[1]] : NULL;
        const char *slash = next && slot_is (next, "breakpoint") ? number_part (words[0]) : NULL;
        if (slash) {
            baton_status status = set_pair (session, next, words[0], slash, error);
            if (status != BATON_OK)
                return status;
            at = 2;
            word = 1;
        } else if (cli_inside (cli) && (size_t) count < open_count && strcmp (words[0], cli->context.session) != 0)
            at = 1; /*  the run's own session is filled in later */
    }
    for (; word < count; word++, at++) {
        if (at >= open_count)
            return USAGE ("one word too many: %s", words[word]);
        baton_status status = set_slot (&slots->items[open[at]], words[word], error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

static baton_status take_all (cli_t *cli, slots_t *slots, const command_t *command, int argc, char **argv, char **words,
                              baton_error_t *error)
{
    int count = 0;
    bool flags = true;
    for (int i = 0, taken = 1; i < argc; i += taken) {
        baton_status status = BATON_OK;
        taken = 1;
        if (flags && strcmp (argv[i], "--") == 0)
            flags = false;
        else if (!flags || argv[i][0] != '-' || !argv[i][1])
            words[count++] = argv[i];
        else if (slot_of_flag (slots, argv[i]) < slots->count)
            status = take_flag (cli, slots, command, argc - i, argv + i, &taken, error);
        else {
            status = arguments_common (cli, argc - i, argv + i, &taken, error);
            if (status == BATON_OK && taken == 0)
                status = take_flag (cli, slots, command, argc - i, argv + i, &taken, error);
        }
        if (status != BATON_OK)
            return status;
    }
    /*  Without a context we are in no run; where one is needed, cli_connect says that it is missing. */
    if (cli_find_context (cli, NULL) != BATON_OK)
        cli->context = (baton_context_t){0};
    return take_words (cli, slots, command, count, words, error);
}

baton_status arguments_parse (cli_t *cli, const command_t *command, int argc, char **argv, arguments_t *ret_arguments,
                              slots_t *ret_slots, baton_error_t *error)
{
    arguments_t arguments = {.command = command};
    char **words = calloc ((size_t) argc + 1, sizeof *words);
    size_t request_size = command->method != METHOD_none ? METHODS[command->method].type.size : 0;
    arguments.request = calloc (1, request_size + 1);
    arguments.options = calloc (1, (command->options ? command->options->size : 0) + 1);
    baton_status status = baton_fail_memory (error);
    if (words && arguments.request && arguments.options) {
        slots_list (command, arguments.request, arguments.options, ret_slots);
        status = take_all (cli, ret_slots, command, argc, argv, words, error);
    }
    free (words);
    if (status == BATON_OK)
        *ret_arguments = arguments;
    else
        arguments_clear (&arguments);
    return status;
}

/* ---- what is still missing ---- */

static bool is_full_id (const char *text)
{
    return strlen (text) == 20 && strspn (text, "0123456789abcdefghjkmnpqrstvwxyz") == 20;
}

static bool is_reference (const command_t *command, const slot_t *slot)
{
    bool session = slot->field->kind == FIELD_NAME && slot->field->access;
    return session || slot_is (slot, "session") ||
           (command->method == METHOD_dependency_remove && slot_is (slot, "on"));
}

/*  "site" is the name of the site's own journal. */
static baton_status resolve (cli_t *cli, char **reference, baton_error_t *error)
{
    if (is_full_id (*reference) || strcmp (*reference, "site") == 0)
        return BATON_OK;
    session_resolve_request_t request = {.ref = *reference};
    session_ref_t found = {0};
    baton_status status = cli_call (cli, METHOD_session_resolve, &request, &found, NULL, error);
    if (status == BATON_OK && text_set (reference, found.session) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_session_ref, &found);
    return status;
}

static baton_status resolve_all (cli_t *cli, baton_texts_t *references, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < references->count && status == BATON_OK; i++)
        status = resolve (cli, &references->items[i], error);
    return status;
}

/*  What stands in the usage line as a word is named as one. */
static baton_status check_given (const command_t *command, const slots_t *slots, baton_error_t *error)
{
    size_t words[SLOTS_MOST], count = slots_positional (command, slots, words);
    for (size_t i = 0; i < slots->count; i++) {
        if (!slots->items[i].required || slots->items[i].given)
            continue;
        bool word = false;
        for (size_t k = 0; k < count; k++)
            word = word || words[k] == i;
        char flag[LIMIT_NAME];
        slot_flag (slots->items[i].field, flag);
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, slots->items[i].field->name,
                                 "%s%s is missing%s", word ? "" : "--", flag,
                                 slot_is (&slots->items[i], "breakpoint") ? ": write SESSION/NUMBER" : "");
    }
    return BATON_OK;
}

static baton_status check_limits (const arguments_t *arguments, baton_error_t *error)
{
    const command_t *command = arguments->command;
    baton_status status = BATON_OK;
    if (command->method != METHOD_none)
        status = record_check (&METHODS[command->method].type, arguments->request, error);
    if (status == BATON_OK && command->options)
        status = record_check (command->options, arguments->options, error);
    return status;
}

baton_status arguments_complete (cli_t *cli, arguments_t *arguments, slots_t *slots, baton_error_t *error)
{
    for (size_t i = 0; i < slots->count; i++) {
        slot_t *slot = &slots->items[i];
        if (slot_is (slot, "session") && !slot->given && cli_inside (cli))
            slot->given = text_set (slot->at, cli->context.session) == BATON_OK;
    }
    baton_status status = check_given (arguments->command, slots, error);
    for (size_t i = 0; i < slots->count && status == BATON_OK; i++)
        if (slots->items[i].given && is_reference (arguments->command, &slots->items[i]))
            status = resolve (cli, slots->items[i].at, error);
        else if (slots->items[i].given && slot_is (&slots->items[i], "depends_on"))
            status = resolve_all (cli, slots->items[i].at, error);
    if (status == BATON_OK)
        status = check_limits (arguments, error);
    size_t session = slots_find (slots, "session", strlen ("session"));
    if (session == slots->count) /*  of a message, the session is whom it is to */
        session = slots_find (slots, "to", strlen ("to"));
    if (session < slots->count && !is_reference (arguments->command, &slots->items[session]))
        session = slots->count;
    if (status == BATON_OK && session < slots->count && slots->items[session].given)
        snprintf (cli->session, sizeof cli->session, "%s", *(char *const *) slots->items[session].at);
    return status;
}

void arguments_clear (arguments_t *arguments)
{
    const command_t *command = arguments->command;
    if (command && command->method != METHOD_none)
        record_clear (&METHODS[command->method].type, arguments->request);
    if (command && command->options)
        record_clear (command->options, arguments->options);
    free (arguments->request);
    free (arguments->options);
    *arguments = (arguments_t){0};
}
