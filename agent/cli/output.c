#include "output.h"

#include "json.h"
#include "table.h"
#include "view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/*  The layout of every list in a record. */
typedef struct {
    size_t count;
    const char *items;
} rows_t;

/*  The list of an answer that is a page; NULL for one that stands for itself. */
static const field_t *page_field (const record_type_t *type)
{
    size_t length = strlen (type->name);
    if (length < 5 || strcmp (type->name + length - 5, "_page") != 0)
        return NULL;
    for (const field_t *field = type->fields (); field->name; field++)
        if (field->kind == FIELD_LIST)
            return field;
    return NULL;
}

/* ---- JSON ---- */

static baton_status print_json (cli_t *cli, const json_t *json, size_t flags, baton_error_t *error)
{
    char *text = json ? json_dumps (json, flags | JSON_ENCODE_ANY) : NULL;
    if (!text)
        return baton_fail_memory (error);
    fprintf (cli->out, "%s\n", text);
    free (text);
    return BATON_OK;
}

/*  json is the answer as it came; jsonl the elements of a page, one a line. */
static baton_status output_json (cli_t *cli, const record_type_t *type, const baton_bytes_t *raw, baton_error_t *error)
{
    json_t *json = json_from_value (raw->data, raw->size);
    const field_t *page = cli->output == OUTPUT_jsonl ? page_field (type) : NULL;
    json_t *list = page ? json_object_get (json, page->name) : NULL;
    baton_status status = BATON_OK;
    if (page)
        for (size_t i = 0; i < json_array_size (list) && status == BATON_OK; i++)
            status = print_json (cli, json_array_get (list, i), JSON_COMPACT, error);
    else
        status = print_json (cli, json, cli->output == OUTPUT_jsonl ? JSON_COMPACT : JSON_INDENT (2), error);
    json_decref (json);
    return status;
}

/* ---- names ---- */

static baton_status print_name (cli_t *cli, const record_type_t *type, const void *record)
{
    const view_t *view = view_of (type);
    char *name = view_path (type, record, view ? view->name : type->fields ()[0].name);
    if (name)
        fprintf (cli->out, "%s\n", name);
    free (name);
    return BATON_OK;
}

static baton_status output_names (cli_t *cli, const record_type_t *type, const void *reply)
{
    const field_t *page = page_field (type);
    if (!page)
        return type->fields ()[0].name ? print_name (cli, type, reply) : BATON_OK;
    const rows_t *rows = (const void *) ((const char *) reply + page->offset);
    baton_status status = BATON_OK;
    for (size_t i = 0; i < rows->count && status == BATON_OK; i++)
        status = print_name (cli, page->type, rows->items + i * page->type->size);
    return status;
}

/* ---- tables ---- */

/*  A text of several lines would break its row: the first line stands for it. */
static char *one_line (char *text)
{
    char *end = text ? strchr (text, '\n') : NULL;
    if (end)
        *end = '\0';
    return text;
}

static baton_status print_rows (cli_t *cli, const record_type_t *type, const rows_t *rows, bool narrow,
                                baton_error_t *error)
{
    static const column_t NONE[] = {{NULL, NULL}};
    const view_t *view = view_of (type);
    const column_t *columns = view ? view->columns : NONE;
    size_t count = 0;
    while (columns[count].header)
        count++;
    table_t *table = table_new (count);
    baton_status status = table ? BATON_OK : baton_fail_memory (error);
    for (size_t i = 0; i < count && status == BATON_OK; i++)
        status = table_add (table, strdup (columns[i].header));
    for (size_t row = 0; row < rows->count && status == BATON_OK; row++)
        for (size_t i = 0; i < count && status == BATON_OK; i++)
            status = table_add (table, one_line (view_path (type, rows->items + row * type->size, columns[i].path)));
    if (status == BATON_OK)
        table_print (table, cli->out, cli->colour, narrow);
    table_destroy (&table);
    return status;
}

static size_t widest_name (const record_type_t *type)
{
    size_t widest = 0;
    for (const field_t *field = type->fields (); field->name; field++)
        widest = strlen (field->name) > widest ? strlen (field->name) : widest;
    return widest;
}

static baton_status print_fields (cli_t *cli, const record_type_t *type, const void *record, baton_error_t *error);

/*  Lists and inner records come after the plain fields, each below its name. */
static baton_status print_part (cli_t *cli, const field_t *field, const void *at, baton_error_t *error)
{
    const rows_t *rows = at;
    if (field->kind == FIELD_LIST && rows->count > 0) {
        fprintf (cli->out, "\n%s%s%s\n", cli->colour ? COLOUR_BOLD : "", field->name, cli->colour ? COLOUR_END : "");
        return print_rows (cli, field->type, rows, true, error);
    }
    char *text = field->kind == FIELD_INNER ? view_field (field, at) : NULL;
    baton_status status = BATON_OK;
    if (text) {
        fprintf (cli->out, "\n%s%s%s\n", cli->colour ? COLOUR_BOLD : "", field->name, cli->colour ? COLOUR_END : "");
        status = print_fields (cli, field->type, at, error);
    }
    free (text);
    return status;
}

static bool is_part (const field_t *field)
{
    return field->kind == FIELD_LIST || (field->kind == FIELD_INNER && field->type != &RECORD_policy);
}

static baton_status print_fields (cli_t *cli, const record_type_t *type, const void *record, baton_error_t *error)
{
    size_t width = widest_name (type);
    for (const field_t *field = type->fields (); field->name; field++) {
        char *text = is_part (field) ? NULL : view_field (field, (const char *) record + field->offset);
        const char *paint = text && cli->colour ? table_word_colour (text) : "";
        if (text)
            fprintf (cli->out, "%-*s  %s%s%s%s", (int) width, field->name, strchr (text, '\n') ? "\n" : "", paint, text,
                     *paint ? COLOUR_END "\n" : "\n");
        free (text);
    }
    baton_status status = BATON_OK;
    for (const field_t *field = type->fields (); field->name && status == BATON_OK; field++)
        if (is_part (field))
            status = print_part (cli, field, (const char *) record + field->offset, error);
    return status;
}

static baton_status output_table (cli_t *cli, const record_type_t *type, const void *reply, baton_error_t *error)
{
    const field_t *page = page_field (type);
    const view_t *view = view_of (type);
    const rows_t itself = {1, reply};
    if (!page)
        return view && view->brief ? print_rows (cli, type, &itself, true, error)
                                   : print_fields (cli, type, reply, error);
    baton_status status =
        print_rows (cli, page->type, (const void *) ((const char *) reply + page->offset), false, error);
    const char *cursor = record_text (type, reply, "cursor");
    if (cursor)
        fprintf (cli->err, "there are more: add --after %s\n", cursor);
    return status;
}

/* ---- */

baton_status output_reply (cli_t *cli, const record_type_t *type, const void *reply, const baton_bytes_t *raw,
                           baton_error_t *error)
{
    switch (cli->output) {
    case OUTPUT_json:
    case OUTPUT_jsonl:
        return output_json (cli, type, raw, error);
    case OUTPUT_name:
        return output_names (cli, type, reply);
    case OUTPUT_table:
        break;
    }
    return output_table (cli, type, reply, error);
}

baton_status output_record (cli_t *cli, const record_type_t *type, const void *record, baton_error_t *error)
{
    baton_bytes_t raw = {0};
    if (record_encode (type, record, &raw) != BATON_OK)
        return baton_fail_memory (error);
    baton_status status = output_reply (cli, type, record, &raw, error);
    bytes_clear (&raw);
    return status;
}

static void print_event (cli_t *cli, const event_envelope_t *event)
{
    char at[VIEW_TIME_SIZE];
    view_time (event->at, at);
    char *body = view_path (&RECORD_event_envelope, event, "body");
    fprintf (cli->out, "%8llu  %s  %-20s %5llu  %s%-20s%s  %-12s  %s\n", (unsigned long long) event->seq, at,
             event->session, (unsigned long long) event->n, cli->colour ? COLOUR_BOLD : "", event->kind,
             cli->colour ? COLOUR_END : "", event->actor ? event->actor : "-", body ? body : "");
    free (body);
}

baton_status output_event (cli_t *cli, const event_envelope_t *event, baton_error_t *error)
{
    baton_bytes_t raw = {0};
    baton_status status = BATON_OK;
    if (cli->output == OUTPUT_table)
        print_event (cli, event);
    else if (cli->output == OUTPUT_name)
        status = print_name (cli, &RECORD_event_envelope, event);
    else if (record_encode (&RECORD_event_envelope, event, &raw) != BATON_OK)
        status = baton_fail_memory (error);
    else {
        json_t *json = json_from_value (raw.data, raw.size);
        status = print_json (cli, json, JSON_COMPACT, error);
        json_decref (json);
    }
    bytes_clear (&raw);
    if (status == BATON_OK && fflush (cli->out) != 0)
        return baton_fail (error, BATON_internal, BATON_REASON_none, "can't write to standard output");
    return status;
}

void output_note (cli_t *cli, const char *format, ...)
{
    if (cli->output != OUTPUT_table)
        return;
    va_list arguments;
    va_start (arguments, format);
    vfprintf (cli->err, format, arguments);
    va_end (arguments);
    fputc ('\n', cli->err);
}
