/*  Metrics as text: the exposition format 0.0.4 of Prometheus
 *  (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 *  A family is written at once: exposition_family, and then each of its samples.
 */
#ifndef BATON_EXPOSITION_H
#define BATON_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum {
#define METRIC(id, name, type, labels, help) METRIC_##id,
#include "metrics.def"
    METRIC_COUNT
} metric_e;

typedef struct {
    const char *name;
    const char *type;
    const char *labels; /*  their names */
    const char *help;
} metric_row_t;

extern const metric_row_t METRIC_ROWS[METRIC_COUNT];

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*  Upper bounds of a histogram's buckets; above the last there is one without a bound. */
#define HISTOGRAM_MOST 12
typedef struct {
    size_t count;
    double most[HISTOGRAM_MOST];
} bounds_t;

extern const bounds_t BOUNDS_seconds, BOUNDS_numbers;

typedef struct {
    uint64_t counts[HISTOGRAM_MOST + 1]; /*  of each bucket alone */
    double sum;
} histogram_t;

void histogram_add (histogram_t *self, const bounds_t *bounds, double value);

void exposition_family (FILE *out, metric_e metric);

/*  A label without a name (NULL) is none. */
void exposition_sample (FILE *out, metric_e metric, const char *label, const char *value, double number);
void exposition_sample_two (FILE *out, metric_e metric, const char *const labels[2], const char *const values[2],
                            double number);
void exposition_histogram (FILE *out, metric_e metric, const char *label, const char *value, const bounds_t *bounds,
                           const histogram_t *histogram);

#endif
