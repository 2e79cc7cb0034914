#include "describe.h"

#include "parse.h"
#include "view.h"

#include <ctype.h>
#include <string.h>

void describe_value (const field_t *field, char ret_word[DESCRIBE_SIZE])
{
    static const char *const WORDS[] = {
        [FIELD_TEXT] = "TEXT|@FILE", [FIELD_LINE] = "TEXT",  [FIELD_NAME] = "NAME",         [FIELD_UINT] = "NUMBER",
        [FIELD_FLAG] = "",           [FIELD_BYTES] = "FILE", [FIELD_VALUE] = "VALUE|@FILE", [FIELD_INNER] = "POLICY",
        [FIELD_LIST] = "NAME|JSON",  [FIELD_TEXTS] = "TEXT", [FIELD_PAIRS] = "KEY=VALUE",
    };
    ret_word[0] = '\0';
    if (field->kind == FIELD_ENUM)
        for (unsigned i = 1; i < field->names->count; i++)
            snprintf (ret_word + strlen (ret_word), DESCRIBE_SIZE - strlen (ret_word), "%s%s", i > 1 ? "|" : "",
                      field->names->names[i]);
    else {
        unit_t unit = parse_unit (field);
        snprintf (ret_word, DESCRIBE_SIZE, "%s",
                  unit == UNIT_duration ? "DURATION"
                  : unit == UNIT_time   ? "TIME"
                                        : WORDS[field->kind]);
    }
}

void describe_upper (FILE *out, const char *name)
{
    for (; *name; name++)
        fputc (*name == '_' ? '-' : toupper ((unsigned char) *name), out);
}

/*  The limit, in the unit that one counts in. */
static void print_limit (FILE *out, const field_t *field)
{
    char duration[VIEW_DURATION_SIZE];
    if (field->limit == 0)
        return;
    if (parse_unit (field) == UNIT_duration) {
        view_duration (field->limit, duration);
        fprintf (out, "; at most %s", duration);
    } else if (field->kind == FIELD_UINT)
        fprintf (out, "; at most %llu", (unsigned long long) field->limit);
    else
        fprintf (out, "; at most %llu%s", (unsigned long long) field->limit, parse_repeats (field) ? "" : " bytes");
}

static const char *field_help (const field_t *field)
{
    static const struct {
        const char *name, *help;
    } COMMON[] = {
        {"deadline", "how long from now"},
        {"run_time", "how long its runs may take together"},
        {"session", "its id, a unique prefix of the id, or its title; inside a run: its own"},
        {"policy", "who decides: first, quorum:2, majority:3, unanimous:3 or named:alice,bob"},
    };
    for (size_t i = 0; i < sizeof COMMON / sizeof *COMMON; i++)
        if (strcmp (field->name, COMMON[i].name) == 0)
            return COMMON[i].help;
    return field->help;
}

/*  What an element written as JSON may have. */
static void print_members (FILE *out, const record_type_t *type)
{
    for (const field_t *member = type->fields (); member->name; member++) {
        char word[DESCRIBE_SIZE] = "";
        if (member->kind == FIELD_ENUM)
            describe_value (member, word);
        fprintf (out, "%s%s%s%s%s", member == type->fields () ? "as JSON with " : ", ", member->name, *word ? " (" : "",
                 word, *word ? ")" : "");
    }
    fputc (' ', out);
}

void describe_slot (FILE *out, const slot_t *slot)
{
    const char *help = field_help (slot->field);
    fprintf (out, "%s%s", help, *help ? " " : "");
    if (slot->field->kind == FIELD_LIST)
        print_members (out, slot->field->type);
    fputs (slot->required ? "(required" : "(optional", out);
    fputs (parse_repeats (slot->field) ? ", repeatable" : "", out);
    print_limit (out, slot->field);
    fputc (')', out);
}
