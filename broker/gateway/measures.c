/*  /metrics: what the core has counted, with what the web thread has. */
#include "stream.h"

#include "exposition.h"

#include <stdlib.h>
#include <string.h>

#define PATH "/metrics"

void measures_count (measures_t *self, unsigned code)
{
    if (code < MEASURES_CODES)
        self->answered[code]++;
}

bool measures_wanted (const visit_t *visit)
{
    return strcmp (visit->target, PATH) == 0;
}

static void print_one (FILE *out, metric_e metric, double number)
{
    exposition_family (out, metric);
    exposition_sample (out, metric, NULL, NULL, number);
}

static void print (gateway_t *gateway, FILE *out)
{
    const measures_t *measures = gateway_measures (gateway);
    size_t behind = 0;
    uint64_t lag = 0;
    streams_here_lag (gateway_streams (gateway), &behind, &lag);
    exposition_family (out, METRIC_http_responses);
    for (unsigned code = 0; code < MEASURES_CODES; code++) {
        char text[8];
        snprintf (text, sizeof text, "%u", code);
        if (measures->answered[code] > 0)
            exposition_sample (out, METRIC_http_responses, "code", text, (double) measures->answered[code]);
    }
    print_one (out, METRIC_http_connections, gateway_connections (gateway));
    print_one (out, METRIC_http_bodies, (double) gateway_held (gateway));
    print_one (out, METRIC_streams_behind, (double) behind);
    print_one (out, METRIC_streams_lag, (double) lag);
}

enum MHD_Result measures_respond (visit_t *visit, const request_t *request)
{
    metrics_text_t metrics = {0};
    char *text = NULL;
    size_t size = 0;
    if (record_decode (&RECORD_metrics_text, request->reply.data, request->reply.size, &metrics, NULL) != BATON_OK)
        return MHD_NO;
    FILE *out = open_memstream (&text, &size);
    if (out) {
        fputs (metrics.text, out);
        print (visit->gateway, out);
    }
    record_clear (&RECORD_metrics_text, &metrics);
    if (out && fclose (out) != 0) {
        free (text);
        text = NULL;
    }
    return respond_text (visit, MHD_HTTP_OK, EXPOSITION_TYPE, text);
}
