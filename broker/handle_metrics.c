/*  Metrics: what the core has counted and knows, and what the store tells, as text. */
#include "handlers.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- the core thread's part ---- */

static void print_one (FILE *out, metric_e metric, double number)
{
    exposition_family (out, metric);
    exposition_sample (out, metric, NULL, NULL, number);
}

static void print_followers (const broker_t *broker, FILE *out)
{
    exposition_family (out, METRIC_subscribers);
    exposition_sample (out, METRIC_subscribers, "door", "zeromq", (double) subscriptions_count (broker->subscriptions));
    exposition_sample (out, METRIC_subscribers, "door", "http", (double) streams_count (broker->streams));
    print_one (out, METRIC_unsent, (double) subscriptions_unsent (broker->subscriptions));
}

static void print_node_states (const site_t *site, FILE *out)
{
    size_t up = 0, draining = 0;
    for (size_t i = 0; i < site->nodes.count; i++) {
        const node_t *node = &site->nodes.items[i];
        up += node->state == node_state_up && !node->draining;
        draining += node->state == node_state_up && node->draining;
    }
    exposition_family (out, METRIC_nodes);
    exposition_sample (out, METRIC_nodes, "state", "up", (double) up);
    exposition_sample (out, METRIC_nodes, "state", "draining", (double) draining);
    exposition_sample (out, METRIC_nodes, "state", "lost", (double) (site->nodes.count - up - draining));
}

static double node_number (const broker_t *broker, const node_t *node, const member_t *member, metric_e metric)
{
    switch (metric) {
    case METRIC_node_slots:
        return (double) node->slots;
    case METRIC_node_slots_used:
        return (double) member->occupied;
    case METRIC_node_free:
        return (double) member->beat.free_bytes;
    case METRIC_node_spool:
        return (double) member->beat.spooled;
    default:
        return (double) (broker->monotonic - member->heard) / 1000;
    }
}

/*  What is known of each node, in the site's order; NULL where it was not heard of since the broker has started. */
static void find_members (const broker_t *broker, const site_t *site, const member_t *members[LIMIT_NODES])
{
    for (size_t i = 0; i < site->nodes.count; i++) {
        const member_t *member = fleet_member (broker->fleet, site->nodes.items[i].name);
        members[i] = member && member->heard > 0 ? member : NULL;
    }
}

/*  A node that was not heard of is told of by its state alone. */
static void print_nodes (const broker_t *broker, FILE *out)
{
    static const metric_e EACH[] = {METRIC_node_slots, METRIC_node_slots_used, METRIC_node_free, METRIC_node_silence,
                                    METRIC_node_spool};
    const site_t *site = journal_site (broker->journal);
    const member_t *members[LIMIT_NODES];
    find_members (broker, site, members);
    print_node_states (site, out);
    for (size_t each = 0; each < sizeof EACH / sizeof *EACH; each++) {
        exposition_family (out, EACH[each]);
        for (size_t i = 0; i < site->nodes.count; i++)
            if (members[i])
                exposition_sample (out, EACH[each], "node", site->nodes.items[i].name,
                                   node_number (broker, &site->nodes.items[i], members[i], EACH[each]));
    }
}

static void print_core (const broker_t *broker, FILE *out)
{
    size_t waiting = 0;
    for (size_t cursor = 0; fleet_next_waiting (broker->fleet, &cursor);)
        waiting++;
    exposition_family (out, METRIC_build);
    exposition_sample (out, METRIC_build, "version", BATON_VERSION, 1);
    print_one (out, METRIC_started, (double) broker->started_at / 1000);
    metrics_print (&broker->metrics, out);
    print_one (out, METRIC_log_events, (double) store_head (broker->store));
    print_followers (broker, out);
    print_one (out, METRIC_waiting_runs, (double) waiting);
    print_nodes (broker, out);
}

/* ---- the reader's part ---- */

static double pages_of (const char *path)
{
    unsigned long all = 0, resident = 0;
    FILE *file = fopen (path, "re");
    if (file && fscanf (file, "%lu %lu", &all, &resident) != 2)
        resident = 0;
    if (file)
        fclose (file);
    return (double) resident;
}

static double count_files (void)
{
    double count = 0;
    DIR *folder = opendir ("/proc/self/fd");
    for (struct dirent *entry; folder && (entry = readdir (folder));)
        count += entry->d_name[0] != '.';
    if (folder)
        closedir (folder);
    return count > 0 ? count - 1 : 0; /*  without the one that looks */
}

static void print_process (FILE *out)
{
    struct rusage used = {0};
    struct rlimit files = {0};
    getrusage (RUSAGE_SELF, &used);
    getrlimit (RLIMIT_NOFILE, &files);
    print_one (out, METRIC_process_cpu,
               (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    print_one (out, METRIC_process_memory, pages_of ("/proc/self/statm") * (double) sysconf (_SC_PAGESIZE));
    print_one (out, METRIC_process_files, count_files ());
    print_one (out, METRIC_process_files_most, (double) files.rlim_cur);
}

static void print_store (const store_counts_t *counts, uint64_t staged, uint64_t now, FILE *out)
{
    static const char *const AGES[STORE_AGES] = {"under 5 minutes", "under 1 hour", "under 1 day", "1 day and more"};
    exposition_family (out, METRIC_sessions);
    for (int state = 1; state < lifecycle_count; state++)
        exposition_sample (out, METRIC_sessions, "state", lifecycle_names.names[state],
                           (double) counts->sessions[state]);
    exposition_family (out, METRIC_breakpoints);
    for (size_t i = 0; i < STORE_AGES; i++)
        exposition_sample (out, METRIC_breakpoints, "age", AGES[i], (double) counts->open[i]);
    print_one (out, METRIC_breakpoint_oldest,
               counts->oldest > 0 && counts->oldest < now ? (double) (now - counts->oldest) / 1000 : 0);
    exposition_family (out, METRIC_store);
    exposition_sample (out, METRIC_store, "file", "database", (double) counts->database);
    exposition_sample (out, METRIC_store, "file", "log", (double) counts->log);
    print_one (out, METRIC_staged, (double) staged);
}

/*  What the core has written comes first. */
static baton_status metrics_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    metrics_text_t *metrics = reply;
    store_counts_t counts = {0};
    uint64_t uploads = 0, staged = 0;
    baton_status status = store_count (store, request->seen, &counts, error);
    if (status == BATON_OK)
        status = store_staged (store, NULL, &uploads, &staged, error);
    if (status != BATON_OK)
        return status;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    if (!out)
        return baton_fail_memory (error);
    fputs (metrics->text, out);
    print_process (out);
    print_store (&counts, staged, request->seen, out);
    if (fclose (out) != 0) {
        free (text);
        return baton_fail_memory (error);
    }
    free (metrics->text);
    metrics->text = text;
    return BATON_OK;
}

baton_status handle_site_metrics (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    metrics_text_t *metrics = ret_reply;
    size_t size = 0;
    FILE *out = open_memstream (&metrics->text, &size);
    if (!out)
        return baton_fail_memory (error);
    print_core (broker, out);
    if (fclose (out) != 0)
        return baton_fail_memory (error);
    request->seen = broker->now;
    request->later = metrics_later;
    return BATON_OK;
}
