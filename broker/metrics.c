#include "metrics.h"

#include "event.h"

#include <time.h>

_Static_assert(BATON_unauthenticated < METRICS_STATUSES, "each status has its place");

uint64_t metrics_clock (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000000000 + (uint64_t) time.tv_nsec;
}

static double seconds_since (uint64_t begun)
{
    return (double) (metrics_clock () - begun) / 1e9;
}

void metrics_answered (metrics_t *self, const request_t *request)
{
    self->answered[request->method][request->error.status]++;
    if (request->method != METHOD_none && !request->waits)
        histogram_add (&self->times[request->method], &BOUNDS_seconds, seconds_since (request->begun));
}

static void add_usage (metrics_t *self, const pending_t *pending)
{
    event_t event = {0};
    if (event_decode (pending->data.data, pending->data.size, &event, NULL) != BATON_OK)
        return;
    const usage_reported_event_t *usage = event.body;
    self->input_tokens += usage->input_tokens;
    self->output_tokens += usage->output_tokens;
    event_clear (&event);
}

void metrics_committed (metrics_t *self, uint64_t begun, const pending_t *events, size_t count)
{
    histogram_add (&self->commit_times, &BOUNDS_seconds, seconds_since (begun));
    histogram_add (&self->commit_events, &BOUNDS_numbers, (double) count);
    for (size_t i = 0; i < count; i++) {
        self->events[events[i].kind]++;
        if (events[i].kind == EVENT_usage_reported)
            add_usage (self, &events[i]);
    }
}

void metrics_failed (metrics_t *self)
{
    self->commits_failed++;
}

/* ---- as text ---- */

static const char *name_of (method_id_t method)
{
    return method == METHOD_none ? "unknown" : METHODS[method].name;
}

static void print_requests (const metrics_t *self, FILE *out)
{
    static const char *const LABELS[] = {"method", "status"};
    exposition_family (out, METRIC_requests);
    for (int method = 0; method < METHOD_COUNT; method++)
        for (int status = 0; status < METRICS_STATUSES; status++)
            if (self->answered[method][status] > 0)
                exposition_sample_two (
                    out, METRIC_requests, LABELS,
                    (const char *const[]){name_of ((method_id_t) method), baton_status_name ((baton_status) status)},
                    (double) self->answered[method][status]);
}

/*  Of methods that nobody has used there is nothing to tell. */
static void print_times (const metrics_t *self, FILE *out)
{
    exposition_family (out, METRIC_request_time);
    for (int method = 1; method < METHOD_COUNT; method++)
        if (self->times[method].sum > 0)
            exposition_histogram (out, METRIC_request_time, "method", METHODS[method].name, &BOUNDS_seconds,
                                  &self->times[method]);
}

static void print_histogram (FILE *out, metric_e metric, const bounds_t *bounds, const histogram_t *histogram)
{
    exposition_family (out, metric);
    exposition_histogram (out, metric, NULL, NULL, bounds, histogram);
}

static void print_count (FILE *out, metric_e metric, uint64_t count)
{
    exposition_family (out, metric);
    exposition_sample (out, metric, NULL, NULL, (double) count);
}

/*  A step begins with the event that ends the one before. */
static void print_migrations (const metrics_t *self, FILE *out)
{
    static const struct {
        event_kind_t kind;
        const char *step;
    } STEPS[] = {{EVENT_migration_started, "prepare"},
                 {EVENT_migration_prepared, "freeze"},
                 {EVENT_migration_frozen, "accept"},
                 {EVENT_migration_committed, "resume"}};
    exposition_family (out, METRIC_migration_steps);
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
        exposition_sample (out, METRIC_migration_steps, "step", STEPS[i].step, (double) self->events[STEPS[i].kind]);
    exposition_family (out, METRIC_migrations);
    exposition_sample (out, METRIC_migrations, "outcome", "finished", (double) self->events[EVENT_migration_finished]);
    exposition_sample (out, METRIC_migrations, "outcome", "aborted", (double) self->events[EVENT_migration_aborted]);
}

static void print_events (const metrics_t *self, FILE *out)
{
    exposition_family (out, METRIC_events);
    for (int kind = 1; kind < EVENT_COUNT; kind++)
        if (self->events[kind] > 0)
            exposition_sample (out, METRIC_events, "kind", EVENTS[kind].name, (double) self->events[kind]);
}

void metrics_print (const metrics_t *self, FILE *out)
{
    print_requests (self, out);
    print_times (self, out);
    print_histogram (out, METRIC_turns, &BOUNDS_numbers, &self->turns);
    print_histogram (out, METRIC_commit_time, &BOUNDS_seconds, &self->commit_times);
    print_histogram (out, METRIC_commit_events, &BOUNDS_numbers, &self->commit_events);
    print_count (out, METRIC_commits_failed, self->commits_failed);
    print_events (self, out);
    print_migrations (self, out);
    print_count (out, METRIC_input_tokens, self->input_tokens);
    print_count (out, METRIC_output_tokens, self->output_tokens);
}
