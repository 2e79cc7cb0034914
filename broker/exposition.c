#include "exposition.h"

#include "trace.h"

const metric_row_t METRIC_ROWS[METRIC_COUNT] = {
#define METRIC(id, name, type, labels, help) {name, #type, labels, help},
#include "metrics.def"
};

const bounds_t BOUNDS_seconds = {12, {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10}};
const bounds_t BOUNDS_numbers = {9, {1, 2, 4, 8, 16, 32, 64, 128, 256}};

void histogram_add (histogram_t *self, const bounds_t *bounds, double value)
{
    size_t bucket = 0;
    while (bucket < bounds->count && value > bounds->most[bucket])
        bucket++;
    self->counts[bucket]++;
    self->sum += value;
}

void exposition_family (FILE *out, metric_e metric)
{
    const metric_row_t *row = &METRIC_ROWS[metric];
    fprintf (out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, row->type);
}

static void print_label (FILE *out, const char *label, const char *value)
{
    fprintf (out, "%s=\"", label);
    for (; *value; value++)
        if (*value == '\n')
            fputs ("\\n", out);
        else
            fprintf (out, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    fputc ('"', out);
}

void exposition_sample_two (FILE *out, metric_e metric, const char *const labels[2], const char *const values[2],
                            double number)
{
    fputs (METRIC_ROWS[metric].name, out);
    for (size_t i = 0; i < 2 && labels[i]; i++) {
        fputc (i == 0 ? '{' : ',', out);
        print_label (out, labels[i], values[i]);
    }
    fprintf (out, labels[0] ? "} %.15g\n" : " %.15g\n", number);
}

void exposition_sample (FILE *out, metric_e metric, const char *label, const char *value, double number)
{
    exposition_sample_two (out, metric, (const char *const[]){label, NULL}, (const char *const[]){value, NULL}, number);
}

static void print_part (FILE *out, metric_e metric, const char *part, const char *label, const char *value)
{
    fprintf (out, "%s_%s", METRIC_ROWS[metric].name, part);
    if (!label)
        return;
    fputc ('{', out);
    print_label (out, label, value);
    fputc ('}', out);
}

static void print_bucket (FILE *out, metric_e metric, const char *label, const char *value, const char *most,
                          uint64_t count)
{
    fprintf (out, "%s_bucket{", METRIC_ROWS[metric].name);
    if (label) {
        print_label (out, label, value);
        fputc (',', out);
    }
    fprintf (out, "le=\"%s\"} %lu\n", most, count);
}

void exposition_histogram (FILE *out, metric_e metric, const char *label, const char *value, const bounds_t *bounds,
                           const histogram_t *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= bounds->count; i++) {
        char most[32] = "+Inf";
        count += histogram->counts[i];
        if (i < bounds->count)
            snprintf (most, sizeof most, "%.15g", bounds->most[i]);
        print_bucket (out, metric, label, value, most, count);
    }
    print_part (out, metric, "sum", label, value);
    fprintf (out, " %.15g\n", histogram->sum);
    print_part (out, metric, "count", label, value);
    fprintf (out, " %lu\n", count);
}
