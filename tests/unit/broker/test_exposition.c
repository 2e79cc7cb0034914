/*  Metrics as Prometheus reads them. */
#include "exposition.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *text;
    size_t size;
    FILE *out;
} page_t;

static page_t *page_new (void)
{
    page_t *page = calloc (1, sizeof *page);
    assert_non_null (page);
    page->out = open_memstream (&page->text, &page->size);
    assert_non_null (page->out);
    return page;
}

static void check (page_t *page, const char *text)
{
    fclose (page->out);
    assert_string_equal (page->text, text);
    free (page->text);
    free (page);
}

static void a_value_is_escaped (void **state)
{
    (void) state;
    page_t *page = page_new ();
    exposition_sample (page->out, METRIC_node_slots, "node", "a\"b\\c\nd", 3);
    exposition_sample (page->out, METRIC_log_events, NULL, NULL, 123456789012345);
    exposition_sample_two (page->out, METRIC_requests, (const char *const[]){"method", "status"},
                           (const char *const[]){"site.about", "ok"}, 0.25);
    check (page, "baton_node_slots{node=\"a\\\"b\\\\c\\nd\"} 3\n"
                 "baton_log_events 123456789012345\n"
                 "baton_requests_total{method=\"site.about\",status=\"ok\"} 0.25\n");
}

static void a_bucket_counts_what_is_at_most_its_bound (void **state)
{
    (void) state;
    static const bounds_t BOUNDS = {2, {1, 2.5}};
    histogram_t histogram = {0};
    static const double VALUES[] = {0, 1, 1.5, 2.5, 3, 1000};
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++)
        histogram_add (&histogram, &BOUNDS, VALUES[i]);
    page_t *page = page_new ();
    exposition_histogram (page->out, METRIC_turns, NULL, NULL, &BOUNDS, &histogram);
    exposition_histogram (page->out, METRIC_request_time, "method", "m", &BOUNDS, &(histogram_t){0});
    check (page, "baton_turn_requests_bucket{le=\"1\"} 2\n"
                 "baton_turn_requests_bucket{le=\"2.5\"} 4\n"
                 "baton_turn_requests_bucket{le=\"+Inf\"} 6\n"
                 "baton_turn_requests_sum 1008\n"
                 "baton_turn_requests_count 6\n"
                 "baton_request_duration_seconds_bucket{method=\"m\",le=\"1\"} 0\n"
                 "baton_request_duration_seconds_bucket{method=\"m\",le=\"2.5\"} 0\n"
                 "baton_request_duration_seconds_bucket{method=\"m\",le=\"+Inf\"} 0\n"
                 "baton_request_duration_seconds_sum{method=\"m\"} 0\n"
                 "baton_request_duration_seconds_count{method=\"m\"} 0\n");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_value_is_escaped),
        cmocka_unit_test (a_bucket_counts_what_is_at_most_its_bound),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
