#include "output.h"

#include "json.h"
#include "output_internal.h"
#include "table.h"
#include "terminal.h"
#include "view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- content ---- */

void output_content (cli_t *cli, const void *data, size_t size)
{
    terminal_filter_t filter = {0};
    if (cli->width > 0)
        terminal_write (&filter, cli->out, data, size);
    else if (size > 0)
        fwrite (data, 1, size, cli->out);
}

/* ---- JSON ---- */

static baton_status print_json (cli_t *cli, const json_t *json, size_t flags, baton_error_t *error)
{
    char *text = json ? json_dumps (json, flags | JSON_ENCODE_ANY | json_digits (json)) : NULL;
    if (!text)
        return baton_fail_memory (error);
    output_content (cli, text, strlen (text));
    fputc ('\n', cli->out);
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
    char *name = terminal_clean (view_path (type, record, view ? view->name : type->fields ()[0].name));
    if (name)
        fprintf (cli->out, "%s\n", name);
    free (name);
    return BATON_OK;
}

/*  What has no columns is still told by its names. */
static baton_status print_names (cli_t *cli, const record_type_t *type, const rows_t *rows)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < rows->count && status == BATON_OK; i++)
        status = print_name (cli, type, rows->items + i * type->size);
    return status;
}

static baton_status output_names (cli_t *cli, const record_type_t *type, const void *reply)
{
    const field_t *page = page_field (type);
    if (!page)
        return type->fields ()[0].name ? print_name (cli, type, reply) : BATON_OK;
    return print_names (cli, page->type, (const void *) ((const char *) reply + page->offset));
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

baton_status output_rows (cli_t *cli, const record_type_t *type, const rows_t *rows, baton_error_t *error)
{
    const view_t *view = view_of (type);
    if (!view)
        return print_names (cli, type, rows);
    const column_t *columns = view->columns;
    size_t count = 0;
    while (columns[count].header)
        count++;
    table_t *table = table_new (count);
    baton_status status = table ? BATON_OK : baton_fail_memory (error);
    for (size_t i = 0; i < count && status == BATON_OK; i++)
        status = table_add (table, strdup (columns[i].header));
    for (size_t row = 0; row < rows->count && status == BATON_OK; row++)
        for (size_t i = 0; i < count && status == BATON_OK; i++)
            status = table_add (
                table, one_line (terminal_clean (view_cell (&columns[i], type, rows->items + row * type->size))));
    if (status == BATON_OK)
        table_print (table, cli->out, cli->colour, cli->width);
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

static baton_status print_fields (cli_t *cli, const char *name, const record_type_t *type, const void *record,
                                  baton_error_t *error);

void output_heading (cli_t *cli, const char *name)
{
    fprintf (cli->out, "\n%s%s%s\n", cli->colour ? COLOUR_BOLD : "", name, cli->colour ? COLOUR_END : "");
}

static bool is_part (const field_t *field)
{
    return field->kind == FIELD_LIST || (field->kind == FIELD_INNER && field->type != &RECORD_policy);
}

/*  Whether there is anything to say before its parts. */
static bool has_fields (const record_type_t *type, const void *record)
{
    bool any = false;
    for (const field_t *field = type->fields (); field->name && !any; field++) {
        char *text = is_part (field) || view_hides (type, record, field->name)
                         ? NULL
                         : view_field (field, (const char *) record + field->offset);
        any = text != NULL;
        free (text);
    }
    return any;
}

/*  Lists and inner records come after the plain fields, each below its name, and that of what it is in. */
static baton_status print_part (cli_t *cli, const char *outer, const field_t *field, const void *at,
                                baton_error_t *error)
{
    char name[2 * LIMIT_NAME];
    const rows_t *rows = at;
    snprintf (name, sizeof name, "%s%s%s", outer, *outer ? " " : "", field->name);
    if (field->kind == FIELD_LIST) {
        if (rows->count == 0)
            return BATON_OK;
        output_heading (cli, name);
        return output_rows (cli, field->type, rows, error);
    }
    if (has_fields (field->type, at))
        output_heading (cli, name);
    return print_fields (cli, name, field->type, at, error);
}

void output_field (cli_t *cli, size_t width, const char *name, const char *text, const char *paint)
{
    paint = !cli->colour ? "" : paint ? paint : table_word_colour (text);
    fprintf (cli->out, "%-*s  %s%s%s%s", (int) width, name, strchr (text, '\n') ? "\n" : "", paint, text,
             *paint ? COLOUR_END "\n" : "\n");
}

static baton_status print_fields (cli_t *cli, const char *name, const record_type_t *type, const void *record,
                                  baton_error_t *error)
{
    size_t width = widest_name (type);
    const char *urgent = view_urgent (type), *waiting = record_text (type, record, urgent);
    if (waiting)
        output_field (cli, width, urgent, waiting, COLOUR_WARN);
    for (const field_t *field = type->fields (); field->name; field++) {
        if (is_part (field) || strcmp (field->name, urgent) == 0 || view_hides (type, record, field->name))
            continue;
        char *text = terminal_clean (view_field (field, (const char *) record + field->offset));
        if (text)
            output_field (cli, width, field->name, text, NULL);
        free (text);
    }
    baton_status status = BATON_OK;
    for (const field_t *field = type->fields (); field->name && status == BATON_OK; field++)
        if (is_part (field) && !view_hides (type, record, field->name))
            status = print_part (cli, name, field, (const char *) record + field->offset, error);
    return status;
}

static baton_status output_table (cli_t *cli, const record_type_t *type, const void *reply, baton_error_t *error)
{
    const field_t *page = page_field (type);
    const view_t *view = view_of (type);
    const rows_t itself = {1, reply};
    if (type == &RECORD_breakpoint_view)
        return output_breakpoint (cli, reply, error);
    if (type == &RECORD_merge_plan)
        return output_merge (cli, reply, error);
    if (type == &RECORD_session_diff)
        return output_diff (cli, reply, error);
    if (!page)
        return view && view->brief ? output_rows (cli, type, &itself, error)
                                   : print_fields (cli, "", type, reply, error);
    const rows_t *rows = (const void *) ((const char *) reply + page->offset);
    if (rows->count == 0) {
        output_note (cli, "no %s", page->name);
        return BATON_OK;
    }
    baton_status status = output_rows (cli, page->type, rows, error);
    const char *cursor = record_text (type, reply, "cursor");
    if (cursor)
        fprintf (cli->err, "there are more: add --after %s\n", cursor);
    return status;
}

/* ---- */

/*  Also where only the name is read: whoever mistyped a driver would wait for ever without a word. */
static void warn_of_waiting (cli_t *cli, const record_type_t *type, const void *reply)
{
    const char *waiting = type == &RECORD_changed ? ((const changed_t *) reply)->waiting : NULL;
    if (waiting && (cli->output == OUTPUT_table || cli->output == OUTPUT_name))
        fprintf (cli->err, "baton: warning: a run of it will wait: %s\n", waiting);
}

baton_status output_reply (cli_t *cli, const record_type_t *type, const void *reply, const baton_bytes_t *raw,
                           baton_error_t *error)
{
    warn_of_waiting (cli, type, reply);
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

#define BODY_LEAST 20 /*  columns of an event's body on a narrow terminal */

/*  Columns are as wide as what mostly stands in them: the next event is not known yet. */
static void print_head (cli_t *cli, event_stream_t stream)
{
    fputs (cli->colour ? COLOUR_BOLD : "", cli->out);
    if (stream == STREAM_site)
        fprintf (cli->out, "%8s  %-20s  %-20s %5s  %-20s  %-12s  %s", "SEQ", "AT", "SESSION", "N", "KIND", "ACTOR",
                 "BODY");
    else
        fprintf (cli->out, "%5s  %-20s  %-20s  %-12s  %s", "N", "AT", "KIND", "ACTOR", "BODY");
    fputs (cli->colour ? COLOUR_END "\n" : "\n", cli->out);
    cli->headed = true;
}

static void print_event (cli_t *cli, const event_envelope_t *event, event_stream_t stream)
{
    char at[VIEW_TIME_SIZE];
    const char *bold = cli->colour ? COLOUR_BOLD : "", *end = cli->colour ? COLOUR_END : "";
    const char *actor = event->actor ? event->actor : "-";
    int before = 0;
    if (!cli->headed)
        print_head (cli, stream);
    view_time (event->at, at);
    if (stream == STREAM_site)
        before = fprintf (cli->out, "%8llu  %s  %-20s %5llu  ", (unsigned long long) event->seq, at, event->session,
                          (unsigned long long) event->n);
    else
        before = fprintf (cli->out, "%5llu  %s  ", (unsigned long long) event->n, at);
    fputs (bold, cli->out);
    before += fprintf (cli->out, "%-20s", event->kind);
    fputs (end, cli->out);
    before += fprintf (cli->out, "  %-12s  ", actor);
    char *body = terminal_clean (view_path (&RECORD_event_envelope, event, "body"));
    size_t room = cli->width > (size_t) before + BODY_LEAST ? cli->width - (size_t) before : BODY_LEAST;
    if (body)
        table_print_cut (cli->out, body, cli->width > 0 ? room : SIZE_MAX);
    fputc ('\n', cli->out);
    free (body);
}

baton_status output_event (cli_t *cli, const event_envelope_t *event, event_stream_t stream, baton_error_t *error)
{
    baton_bytes_t raw = {0};
    baton_status status = BATON_OK;
    if (cli->output == OUTPUT_table)
        print_event (cli, event, stream);
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
