/*  baton-bench: what the broker does, beside what the machine could do, in one run. */
#include "id.h"
#include "measures.h"
#include "report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] = "baton-bench [options]\n"
                           "Measures batond and the raw limits of this machine, and prints both.\n\n"
                           "  --json             as JSON instead of a table\n"
                           "  --only LIST        of "
                           "commands,latency,http,create,events,render,sharing,fork,restart,kill,sleep (default: all)\n"
                           "  --seconds N        how long each rate is measured (default 5)\n"
                           "  --folder DIR       where the states are made, on the disk to measure (default /var/tmp)\n"
                           "  --keep DIR         keeps the large state of `restart` there, and uses it again\n"
                           "  --batond PROGRAM   default: the one that was built with this\n"
                           "  --peer NAME=URL    a server beside which `create` creates sessions, by POST\n"
                           "  --smoke            everything small and short: shows that it works, not how fast\n";

static const struct {
    const char *name;
    void (*measure) (const plan_t *plan);
} MEASURES[] = {{"commands", measure_commands}, {"latency", measure_latency}, {"http", measure_http},
                {"create", measure_create},     {"events", measure_events},   {"render", measure_render},
                {"sharing", measure_sharing},   {"fork", measure_fork},       {"restart", measure_restart},
                {"kill", measure_kill},         {"sleep", measure_sleep}};

typedef struct {
    plan_t plan;
    const char *only;
    const char *folder;
    bool json;
} arguments_t;

static bool is_wanted (const char *only, const char *name)
{
    if (!only)
        return true;
    size_t size = strlen (name);
    for (const char *at = only; (at = strstr (at, name)); at += size)
        if ((at == only || at[-1] == ',') && (at[size] == '\0' || at[size] == ','))
            return true;
    return false;
}

static void make_small (plan_t *plan)
{
    plan->duration_us = 100000;
    plan->sessions = 50;
    plan->large_sessions = 200;
    plan->items = 100;
    plan->rounds = 1;
    plan->subscribers = 10;
    plan->streams = 20;
}

static arguments_t parse (int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"json", 0, 0, 'j'},   {"only", 1, 0, 'o'},  {"seconds", 1, 0, 's'}, {"folder", 1, 0, 'f'}, {"keep", 1, 0, 'k'},
        {"batond", 1, 0, 'b'}, {"smoke", 0, 0, 'm'}, {"peer", 1, 0, 'p'},    {"help", 0, 0, 'h'},   {0}};
    arguments_t self = {.folder = "/var/tmp",
                        .plan = {.batond = BENCH_BATOND,
                                 .duration_us = 5000000,
                                 .sessions = 1000,
                                 .large_sessions = 100000,
                                 .large_events = 20,
                                 .items = 10000,
                                 .rounds = 10,
                                 .subscribers = 100,
                                 .streams = 1000}};
    for (int option; (option = getopt_long (argc, argv, "h", OPTIONS, NULL)) != -1;)
        switch (option) {
        case 'j':
            self.json = true;
            break;
        case 'o':
            self.only = optarg;
            break;
        case 's':
            self.plan.duration_us = strtoull (optarg, NULL, 10) * 1000000;
            demand (self.plan.duration_us > 0, "--seconds takes a whole number above 0, not %s", optarg);
            break;
        case 'f':
            self.folder = optarg;
            break;
        case 'k':
            self.plan.keep = optarg;
            break;
        case 'b':
            self.plan.batond = optarg;
            break;
        case 'p':
            demand (self.plan.peer_count < PEERS_MOST, "too many peers");
            self.plan.peers[self.plan.peer_count++] = optarg;
            break;
        case 'm':
            make_small (&self.plan);
            break;
        case 'h':
            fputs (HELP, stdout);
            exit (0);
        default:
            fputs (HELP, stderr);
            exit (2);
        }
    return self;
}

int main (int argc, char **argv)
{
    arguments_t arguments = parse (argc, argv);
    char folder[BENCH_PATH];
    demand (id_init () == BATON_OK, "libsodium cannot be made ready");
    folder_new (arguments.folder, folder);
    arguments.plan.folder = folder;
    for (size_t i = 0; i < sizeof MEASURES / sizeof *MEASURES; i++)
        if (is_wanted (arguments.only, MEASURES[i].name)) {
            fprintf (stderr, "%s\n", MEASURES[i].name);
            MEASURES[i].measure (&arguments.plan);
        }
    folder_remove (folder);
    if (arguments.json)
        return report_print_json () ? 0 : 1;
    report_print_table ();
    return 0;
}
