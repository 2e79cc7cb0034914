/*  The rows of the table: what we do, what the raw means could do at best, and the ratio that was asked for. */
#ifndef BATON_BENCH_REPORT_H
#define BATON_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum { BETTER_more, BETTER_less } better_t;

typedef struct {
    const char *id;    /*  for programs */
    const char *what;  /*  for people */
    const char *unit;  /*  of both numbers */
    const char *limit; /*  what the limit is */
    better_t better;
    double target; /*  of ours / limit; 0: none was set */
} row_t;

/*  Adds a row; row's texts are borrowed for ever. */
void report_add (const row_t *row, double ours, double limit);

/*  A number that explains others and is compared with nothing. */
void report_note (const char *id, const char *what, const char *unit, double value);

void report_print_table (void);

/*  One JSON object; false when it could not be written. */
bool report_print_json (void);

#endif
