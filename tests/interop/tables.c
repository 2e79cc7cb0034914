/*  Writes the reference pages from the tables.
 *
 *    interop_tables methods|events|metrics|openapi|reasons      prints docs/methods.md, docs/events.md,
 *  docs/metrics.md, docs/openapi.json or the table of reasons in docs/protocol.md
 */
#include "exposition.h"
#include "openapi.h"
#include "types.h"

#include <stdio.h>
#include <string.h>

#define TYPES_MOST 64

static const char *const KINDS[] = {
    [FIELD_TEXT] = "text",    [FIELD_LINE] = "line",   [FIELD_NAME] = "name",   [FIELD_UINT] = "uint",
    [FIELD_FLAG] = "flag",    [FIELD_BYTES] = "bytes", [FIELD_VALUE] = "value", [FIELD_ENUM] = "word",
    [FIELD_INNER] = "record", [FIELD_LIST] = "list",   [FIELD_TEXTS] = "lines", [FIELD_PAIRS] = "pairs",
};

static void print_kind (const field_t *field)
{
    printf ("%s", KINDS[field->kind]);
    if (field->kind == FIELD_ENUM)
        printf (" [%s](methods.md#words)", field->names->name);
    else if (field->type)
        printf (" %s[%s](methods.md#%s)", field->kind == FIELD_LIST ? "of " : "", field->type->name, field->type->name);
}

static void print_limit (const field_t *field)
{
    unsigned long long limit = field->limit;
    if (limit == 0)
        return;
    if (field->kind == FIELD_UINT)
        printf ("≤ %llu", limit);
    else if (field->kind == FIELD_LIST || field->kind == FIELD_TEXTS || field->kind == FIELD_PAIRS)
        printf ("%llu elements", limit);
    else
        printf ("%llu bytes", limit);
    if (field->access)
        printf (", sessions: `%s` access", enum_name (&access_names, field->access));
}

static void print_fields (const record_type_t *type)
{
    const field_t *field = type->fields ();
    if (!field->name) {
        printf ("No fields.\n\n");
        return;
    }
    printf ("| field | type | limit | |\n| --- | --- | --- | --- |\n");
    for (; field->name; field++) {
        printf ("| `%s`%s | ", field->name, field->required ? " *" : "");
        print_kind (field);
        printf (" | ");
        print_limit (field);
        printf (" | %s |\n", field->help);
    }
    printf ("\n");
}

static const char *who (method_access_t access)
{
    static const char *const WHO[] = {
        [ACCESS_open] = "any key",
        [ACCESS_known] = "anybody, who sees what they may view",
        [ACCESS_read] = "observer, operator, admin",
        [ACCESS_operate] = "operator, admin",
        [ACCESS_admin] = "admin",
        [ACCESS_node] = "node",
        [ACCESS_internal] = "the broker",
    };
    return WHO[access];
}

static void print_who (const method_row_t *row)
{
    access_e needed = method_access (row);
    const field_t *session = record_field (&row->type, "session");
    if (needed == access_none || !session->required)
        printf ("%s", who (row->access));
    if (needed != access_none)
        printf ("%s`%s` access to %s", session->required ? "" : "; ", enum_name (&access_names, needed),
                session->required ? "the session" : "a session that is named");
}

static void print_method (const method_row_t *row)
{
    printf ("## %s\n\n%s.\n\n", row->name, row->help);
    printf ("%s · allowed to: ", row->change ? "Change" : "Read");
    print_who (row);
    printf ("%s · answer: [%s](#%s)",
            row->inside == INSIDE_kin ? ", a run for its own session and its children"
            : row->inside             ? ", a run for its own session"
                                      : "",
            row->reply->name, row->reply->name);
    if (*row->path)
        printf (" · `%s %s`", row->verb, row->path);
    printf ("\n\n");
    print_fields (&row->type);
}

/*  Each method about a session under the access that it needs. */
static void print_access (void)
{
    printf ("# Access\n\nWhat each access to a session permits, beside what stands above it; see "
            "[sharing.md](sharing.md).\n\n| access | methods |\n| --- | --- |\n");
    for (unsigned access = access_none + 1; access < access_count; access++) {
        printf ("| `%s` |", enum_name (&access_names, access));
        for (int id = 1; id < METHOD_COUNT; id++)
            if (method_access (&METHODS[id]) == access)
                printf (" `%s`", METHODS[id].name);
        printf (" |\n");
    }
    printf ("\n");
}

/*  The types that are a record of their own: those of records.def, which come first. */
static void print_records (void)
{
    printf ("# Records\n\nWhat answers, events and requests are made of.\n\n");
    for (size_t i = 0; type_at (i) != &EVENTS[1].type; i++) {
        printf ("## %s\n\n", type_at (i)->name);
        print_fields (type_at (i));
    }
}

/*  Every enum that some field has, each once. */
static void print_words (void)
{
    const enum_type_t *seen[TYPES_MOST];
    size_t count = 0;
    printf ("# Words\n\nA field of type word is one of these texts.\n\n| word | values |\n| --- | --- |\n");
    for (size_t i = 0; type_at (i); i++)
        for (const field_t *field = type_at (i)->fields (); field->name; field++) {
            size_t known = 0;
            while (known < count && seen[known] != field->names)
                known++;
            if (field->kind != FIELD_ENUM || known < count || count == TYPES_MOST)
                continue;
            seen[count++] = field->names;
            printf ("| %s |", field->names->name);
            for (size_t word = 1; word < field->names->count; word++)
                printf (" `%s`", field->names->names[word]);
            printf (" |\n");
        }
}

static void print_methods (void)
{
    printf ("# Methods\n\nMade from `common/methods.def`, `records.def` and `enums.def` by `interop_tables methods`; a "
            "test\n"
            "compares them. [protocol.md](protocol.md) says how a request travels and what the types are.\n"
            "A star marks a required field.\n\n");
    for (int id = 1; id < METHOD_COUNT; id++)
        if (METHODS[id].access != ACCESS_internal)
            print_method (&METHODS[id]);
    print_access ();
    print_records ();
    print_words ();
}

static const char *class_name (event_class_e class)
{
    return enum_name (&event_class_names, class);
}

static void print_events (void)
{
    printf ("# Events\n\nMade from `common/events.def` by `interop_tables events`; a test compares them. Each travels "
            "in an\n"
            "[event_envelope](methods.md#event_envelope), whose `kind` is the heading here and whose `body` has these "
            "fields.\n"
            "A star marks a required field.\n\n");
    for (int kind = 1; kind < EVENT_COUNT; kind++) {
        printf ("## %s\n\nClass `%s`: %s.\n\n", EVENTS[kind].name, class_name (EVENTS[kind].class), EVENTS[kind].help);
        print_fields (&EVENTS[kind].type);
    }
}

static void print_reasons (void)
{
    for (int reason = 1; reason < BATON_REASON_COUNT; reason++)
        printf ("| `%s` | %s | %s |\n", baton_reason_name ((baton_reason) reason),
                baton_reason_retry ((baton_reason) reason) ? "yes" : "no", baton_reason_hint ((baton_reason) reason));
}

static void print_metrics (void)
{
    printf ("# Metrics\n\nMade from `broker/metrics.def` by `interop_tables metrics`; a test compares them. "
            "[monitoring.md](monitoring.md)\nsays how to read them. Those of HTTP are at `/metrics` alone, all others "
            "also in `baton site metrics`.\n\n"
            "| metric | type | labels | |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < METRIC_COUNT; i++)
        printf ("| `%s` | %s | %s | %s |\n", METRIC_ROWS[i].name, METRIC_ROWS[i].type, METRIC_ROWS[i].labels,
                METRIC_ROWS[i].help);
}

static void print_openapi (void)
{
    json_t *document = openapi_document ();
    if (document)
        json_dumpf (document, stdout, JSON_INDENT (1));
    printf ("\n");
    json_decref (document);
}

int main (int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*print) (void);
    } PAGES[] = {{"methods", print_methods},
                 {"events", print_events},
                 {"metrics", print_metrics},
                 {"openapi", print_openapi},
                 {"reasons", print_reasons}};
    for (size_t i = 0; count == 2 && i < sizeof PAGES / sizeof *PAGES; i++)
        if (strcmp (arguments[1], PAGES[i].name) == 0) {
            PAGES[i].print ();
            return 0;
        }
    fprintf (stderr, "usage: interop_tables methods|events|metrics|openapi|reasons\n");
    return 2;
}
