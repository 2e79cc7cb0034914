#include "complete.h"

#include "arguments.h"
#include "contexts.h"
#include "parse.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE 1000 /*  ms that somebody who presses Tab waits for the broker */
#define ASKED 1000    /*  rows that are asked for */

typedef struct {
    cli_t *cli;
    const char *word;         /*  the beginning of what is looked for */
    const char *before;       /*  printed before each: "--state=" where flag and value are one word */
    const command_t *command; /*  NULL: not known yet */
} completion_t;

static void offer (const completion_t *self, const char *text, const char *meaning)
{
    if (strncmp (text, self->word, strlen (self->word)) != 0)
        return;
    fprintf (self->cli->out, "%s%s\t", self->before, text);
    for (; *meaning; meaning++)
        fputc ((unsigned char) *meaning < ' ' ? ' ' : *meaning, self->cli->out);
    fputc ('\n', self->cli->out);
}

static void offer_files (const completion_t *self)
{
    fputs (":files\n", self->cli->out);
}

static void offer_contexts (const completion_t *self)
{
    baton_texts_t names = {0};
    if (strchr (self->word, '/'))
        offer_files (self);
    if (contexts_list (&names, NULL) == BATON_OK)
        for (size_t i = 0; i < names.count; i++)
            offer (self, names.items[i], "");
    texts_clear (&names);
}

/* ---- what the broker knows ---- */

/*  A completion that fails says nothing: there is nowhere to say it. */
static bool ask (const completion_t *self, method_id_t method, const void *request, void *ret_reply)
{
    self->cli->timeout = PATIENCE;
    return cli_call (self->cli, method, request, ret_reply, NULL, NULL) == BATON_OK;
}

static void offer_sessions (const completion_t *self)
{
    session_list_request_t request = {.limit = ASKED};
    session_page_t page = {0};
    if (ask (self, METHOD_session_list, &request, &page))
        for (size_t i = 0; i < page.sessions.count; i++) {
            const session_row_t *row = &page.sessions.items[i];
            offer (self, row->session, row->title);
        }
    record_clear (&RECORD_session_page, &page);
}

/*  As one names them: SESSION/NUMBER. */
static void offer_breakpoints (const completion_t *self)
{
    breakpoint_list_request_t request = {.limit = ASKED};
    breakpoint_page_t page = {0};
    if (ask (self, METHOD_breakpoint_list, &request, &page))
        for (size_t i = 0; i < page.breakpoints.count; i++) {
            const breakpoint_view_t *row = &page.breakpoints.items[i];
            char name[LIMIT_ID + 32];
            snprintf (name, sizeof name, "%s/%lu", row->session, row->breakpoint.number);
            offer (self, name, row->breakpoint.title);
        }
    record_clear (&RECORD_breakpoint_page, &page);
}

static void offer_nodes (const completion_t *self)
{
    node_page_t page = {0};
    if (ask (self, METHOD_node_list, &(node_list_request_t){}, &page))
        for (size_t i = 0; i < page.nodes.count; i++)
            offer (self, page.nodes.items[i].name, "");
    record_clear (&RECORD_node_page, &page);
}

/* ---- values ---- */

static void offer_names (const completion_t *self, const field_t *field)
{
    for (unsigned i = 1; i < field->names->count; i++)
        offer (self, field->names->names[i], "");
}

/*  Whether it is that slot of that command: the same name is something else in another. */
static bool is_slot_of (const completion_t *self, const char *noun, const char *verb, const slot_t *slot,
                        const char *name)
{
    return self->command && strcmp (self->command->noun, noun) == 0 && strcmp (self->command->verb, verb) == 0 &&
           slot_is (slot, name);
}

/*  What a value of this field could be. */
static void offer_values (const completion_t *self, const slot_t *slot)
{
    const field_t *field = slot->field;
    if (field->kind == FIELD_ENUM)
        offer_names (self, field);
    else if (slot_is (slot, "session") || field->access || slot_is (slot, "depends_on"))
        offer_sessions (self);
    else if (is_slot_of (self, "context", "use", slot, "name") || is_slot_of (self, "session", "push", slot, "to"))
        offer_contexts (self);
    else if (slot_is (slot, "node") || is_slot_of (self, "session", "migrate", slot, "to"))
        offer_nodes (self);
    else if (field->kind == FIELD_BYTES || slot_is (slot, "workspace") || slot_is (slot, "out") ||
             slot_is (slot, "file") || is_slot_of (self, "artifact", "get", slot, "to"))
        offer_files (self);
}

/* ---- flags ---- */

static const struct {
    const char *flag, *help;
    bool takes_value;
} COMMON[] = {
    {"--output", "table, json, jsonl or name", true},
    {"--context", "use this context", true},
    {"--timeout", "wait this long for the broker", true},
    {"--idempotency-key", "the same key gets the first answer again", true},
    {"--if-n", "refuse the change unless the journal stands at N", true},
    {"--fence", "the number of the session's edit lock", true},
    {"--help", "help for the words so far", false},
};

static void offer_flags (const completion_t *self, const slots_t *slots)
{
    for (size_t i = 0; slots && i < slots->count; i++) {
        char flag[LIMIT_NAME], text[LIMIT_NAME + 2];
        slot_flag (slots->items[i].field, flag);
        snprintf (text, sizeof text, "--%s", flag);
        offer (self, text, slots->items[i].field->help);
    }
    for (size_t i = 0; i < sizeof COMMON / sizeof *COMMON; i++)
        offer (self, COMMON[i].flag, COMMON[i].help);
}

static void offer_common_values (const completion_t *self, const char *flag)
{
    static const char *const FORMS[] = {"table", "json", "jsonl", "name"};
    if (strcmp (flag, "--output") == 0 || strcmp (flag, "-o") == 0)
        for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++)
            offer (self, FORMS[i], "");
    else if (strcmp (flag, "--context") == 0)
        offer_contexts (self);
}

static bool is_common (const char *word)
{
    bool found = strcmp (word, "-o") == 0;
    for (size_t i = 0; i < sizeof COMMON / sizeof *COMMON && !found; i++)
        found = COMMON[i].takes_value && strcmp (word, COMMON[i].flag) == 0;
    return found;
}

/*  The slot of a flag that the next word belongs to; NULL when it is none, or needs no value. */
static const slot_t *flag_slot (const slots_t *slots, const char *word)
{
    char flag[LIMIT_NAME];
    for (size_t i = 0; i < slots->count; i++) {
        slot_flag (slots->items[i].field, flag);
        if (strncmp (word, "--", 2) == 0 && strcmp (word + 2, flag) == 0 && slots->items[i].field->kind != FIELD_FLAG)
            return &slots->items[i];
    }
    return NULL;
}

/* ---- the words of a command ---- */

/*  The positional field that the last word fills; NULL past the last. */
static const slot_t *positional_slot (const command_t *command, const slots_t *slots, int count, char **words)
{
    size_t indices[SLOTS_MOST], filled = 0, all = slots_positional (command, slots, indices);
    for (int i = 0; i + 1 < count; i++)
        if (words[i][0] != '-')
            filled++;
        else if (flag_slot (slots, words[i]) || is_common (words[i]))
            i++;
    return filled < all ? &slots->items[indices[filled]] : NULL;
}

/*  Whether the command is about a breakpoint, which one names in one word with its session. */
static bool names_breakpoint (const command_t *command, const slots_t *slots)
{
    size_t indices[SLOTS_MOST], count = slots_positional (command, slots, indices);
    return count > 1 && slot_is (&slots->items[indices[1]], "breakpoint");
}

/*  "--state=run": the flag stays before the value. */
static bool complete_joined (completion_t *self, const slots_t *slots, char *word)
{
    char *equals = strchr (word, '=');
    char flag[LIMIT_NAME + 2], before[LIMIT_NAME + 3];
    if (strncmp (word, "--", 2) != 0 || !equals || (size_t) (equals - word) >= sizeof flag)
        return false;
    snprintf (flag, sizeof flag, "%.*s", (int) (equals - word), word);
    snprintf (before, sizeof before, "%s=", flag);
    completion_t value = {self->cli, equals + 1, before, self->command};
    const slot_t *slot = flag_slot (slots, flag);
    if (slot)
        offer_values (&value, slot);
    else
        offer_common_values (&value, flag);
    return true;
}

static void complete_command (completion_t *self, const command_t *command, int count, char **words)
{
    slots_t slots;
    self->command = command;
    slots_list (command, NULL, NULL, &slots);
    const char *previous = count > 1 ? words[count - 2] : "";
    const slot_t *slot = flag_slot (&slots, previous);
    if (slot)
        offer_values (self, slot);
    else if (is_common (previous))
        offer_common_values (self, previous);
    else if (complete_joined (self, &slots, words[count - 1]))
        return;
    else if (self->word[0] == '-')
        offer_flags (self, &slots);
    else if ((slot = positional_slot (command, &slots, count, words)) && slot_is (slot, "session") &&
             names_breakpoint (command, &slots))
        offer_breakpoints (self);
    else if (slot)
        offer_values (self, slot);
}

static void complete_noun (completion_t *self)
{
    command_t command;
    for (size_t i = 0; command_at (i, &command); i++)
        if (command_leads (i))
            offer (self, command.noun, *command.verb ? "" : command_help (&command));
    offer (self, "help", "Help for a command");
    if (self->word[0] == '-')
        offer_flags (self, NULL);
}

static void complete_verb (completion_t *self, const char *noun)
{
    command_t command;
    for (size_t i = 0; command_at (i, &command); i++)
        if (strcmp (command.noun, noun) == 0 && *command.verb)
            offer (self, command.verb, command_help (&command));
}

void complete_print (cli_t *cli, int count, char **words)
{
    completion_t self = {cli, count > 0 ? words[count - 1] : "", "", NULL};
    baton_error_t error = {0};
    int taken = 1;
    while (count > 1 && words[0][0] == '-' && taken > 0 &&
           arguments_common (cli, count - 1, words, &taken, &error) == BATON_OK) {
        words += taken;
        count -= taken;
    }
    if (count > 1 && strcmp (words[0], "help") == 0) {
        words++;
        count--;
    }
    command_t command;
    if (count > 1 && is_common (words[count - 2]) && count == 2)
        offer_common_values (&self, words[0]);
    else if (count <= 1)
        complete_noun (&self);
    else if (count > 2 && command_find (words[0], words[1], &command))
        complete_command (&self, &command, count - 2, words + 2);
    else if (command_find (words[0], "", &command))
        complete_command (&self, &command, count - 1, words + 1);
    else if (count == 2)
        complete_verb (&self, words[0]);
}
