#include "report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ROWS_MOST 64

typedef struct {
    row_t row; /*  limit NULL: a note */
    double ours, limit;
} result_t;

static result_t results[ROWS_MOST];
static size_t result_count;

static void add (const row_t *row, double ours, double limit)
{
    if (result_count < ROWS_MOST)
        results[result_count++] = (result_t){*row, ours, limit};
    fprintf (stderr, "  %s: %.6g %s\n", row->what, ours, row->unit); /*  a sign of life */
}

void report_add (const row_t *row, double ours, double limit)
{
    add (row, ours, limit);
}

void report_note (const char *id, const char *what, const char *unit, double value)
{
    add (&(row_t){.id = id, .what = what, .unit = unit}, value, 0);
}

static double ratio (const result_t *result)
{
    return result->limit > 0 ? result->ours / result->limit : 0;
}

static bool is_met (const result_t *result)
{
    return result->row.better == BETTER_more ? ratio (result) >= result->row.target
                                             : ratio (result) <= result->row.target;
}

static void print_number (double number, const char *unit)
{
    int decimals = number < 10 ? 2 : number < 100 ? 1 : 0;
    printf (" %10.*f %-5s", decimals, number, unit);
}

static void print_row (const result_t *result)
{
    printf ("%-52s", result->row.what);
    print_number (result->ours, result->row.unit);
    if (result->row.limit) {
        print_number (result->limit, result->row.unit);
        printf (" %6.2f", ratio (result));
        if (result->row.target > 0)
            printf (" %s %-4.2f %-6s", result->row.better == BETTER_more ? ">=" : "<=", result->row.target,
                    is_met (result) ? "met" : "MISSED");
        else
            printf (" %14s", "");
        printf (" %s", result->row.limit);
    }
    putchar ('\n');
}

static void machine (char *ret_text, size_t size)
{
    struct utsname system = {0};
    uname (&system);
    snprintf (ret_text, size, "%ld cores, %s %s %s", sysconf (_SC_NPROCESSORS_ONLN), system.sysname, system.release,
              system.machine);
}

void report_print_table (void)
{
    char text[256];
    machine (text, sizeof text);
    printf ("\nBaton " BATON_VERSION " on %s\n\n", text);
    printf ("%-52s %10s %-5s %10s %-5s %6s %-14s %s\n", "", "ours", "", "limit", "", "ratio", "   asked for",
            "limit is");
    for (size_t i = 0; i < result_count; i++)
        print_row (&results[i]);
}

static json_t *json_row (const result_t *result)
{
    json_t *row = json_pack ("{s:s, s:s, s:s, s:f}", "id", result->row.id, "what", result->row.what, "unit",
                             result->row.unit, "ours", result->ours);
    if (!row || !result->row.limit)
        return row;
    json_object_set_new (row, "limit", json_real (result->limit));
    json_object_set_new (row, "limit_is", json_string (result->row.limit));
    json_object_set_new (row, "ratio", json_real (ratio (result)));
    if (result->row.target > 0) {
        json_object_set_new (row, "target", json_real (result->row.target));
        json_object_set_new (row, "better", json_string (result->row.better == BETTER_more ? "more" : "less"));
        json_object_set_new (row, "met", json_boolean (is_met (result)));
    }
    return row;
}

bool report_print_json (void)
{
    char text[256];
    machine (text, sizeof text);
    json_t *rows = json_array ();
    for (size_t i = 0; i < result_count; i++)
        json_array_append_new (rows, json_row (&results[i]));
    json_t *report = json_pack ("{s:s, s:s, s:o}", "version", BATON_VERSION, "machine", text, "rows", rows);
    bool written = report && json_dumpf (report, stdout, JSON_INDENT (2)) == 0;
    putchar ('\n');
    json_decref (report);
    return written;
}
