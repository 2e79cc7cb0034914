#include "slots.h"

#include "parse.h"

#include <string.h>

static void add_slot (slots_t *slots, const field_t *field, void *record, bool required)
{
    if (slots->count < SLOTS_MOST)
        slots->items[slots->count++] =
            (slot_t){.field = field, .at = record ? (char *) record + field->offset : NULL, .required = required};
}

static void add_inner (slots_t *slots, const field_t *field, void *record)
{
    void *inner = record ? (char *) record + field->offset : NULL;
    for (const field_t *part = field->type->fields (); part->name; part++)
        if (part->kind == FIELD_FLAG || part->kind == FIELD_TEXTS)
            add_slot (slots, part, inner, false);
}

void slots_list (const command_t *command, void *request, void *options, slots_t *ret_slots)
{
    *ret_slots = (slots_t){0};
    if (command->method != METHOD_none)
        for (const field_t *field = METHODS[command->method].type.fields (); field->name; field++) {
            if (!command_shows (command, field->name))
                continue;
            add_slot (ret_slots, field, request, field->required);
            if (field->kind == FIELD_INNER)
                add_inner (ret_slots, field, request);
        }
    if (command->options)
        for (const field_t *field = command->options->fields (); field->name; field++)
            add_slot (ret_slots, field, options, field->required);
}

size_t slots_find (const slots_t *slots, const char *name, size_t length)
{
    for (size_t i = 0; i < slots->count; i++)
        if (strlen (slots->items[i].field->name) == length && strncmp (slots->items[i].field->name, name, length) == 0)
            return i;
    return slots->count;
}

static size_t declared_positionals (const char *names, const slots_t *slots, size_t ret_indices[SLOTS_MOST])
{
    size_t count = 0;
    while (*names) {
        size_t length = strcspn (names, " ");
        ret_indices[count] = slots_find (slots, names, length);
        count += ret_indices[count] < slots->count ? 1 : 0;
        names += length + strspn (names + length, " ");
    }
    return count;
}

size_t slots_positional (const command_t *command, const slots_t *slots, size_t ret_indices[SLOTS_MOST])
{
    if (command->positionals)
        return declared_positionals (command->positionals, slots, ret_indices);
    size_t count = 0, session = slots_find (slots, "session", 7);
    if (session < slots->count)
        ret_indices[count++] = session;
    for (size_t i = 0; i < slots->count; i++)
        if (slots->items[i].required && i != session)
            ret_indices[count++] = i;
    return count;
}

void slot_flag (const field_t *field, char ret_flag[LIMIT_NAME])
{
    snprintf (ret_flag, LIMIT_NAME, "%s", field->name);
    for (char *at = ret_flag; *at; at++)
        *at = *at == '_' ? '-' : *at;
    size_t length = strlen (ret_flag);
    if (parse_repeats (field) && length > 1 && ret_flag[length - 1] == 's')
        ret_flag[length - 1] = '\0';
}

bool slot_is (const slot_t *slot, const char *name)
{
    return strcmp (slot->field->name, name) == 0;
}
