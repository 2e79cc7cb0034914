/*  The measurements; each adds its rows to the report. */
#ifndef BATON_BENCH_MEASURES_H
#define BATON_BENCH_MEASURES_H

#include "tools.h"

#define PEERS_MOST 4

typedef struct {
    const char *batond; /*  program */
    const char *folder; /*  of this run, on the disk that is measured */
    const char *keep;   /*  folder in which the prefilled state stays, or NULL */
    uint64_t duration_us;
    size_t sessions;       /*  that the load works on */
    size_t large_sessions; /*  of the prefilled state */
    size_t large_events;   /*  of each of them */
    size_t items;          /*  of the context that is rendered */
    size_t rounds;         /*  kills */
    size_t subscribers;    /*  most of them */
    size_t streams;        /*  over HTTP */
    size_t peer_count;
    const char *peers[PEERS_MOST]; /*  servers beside which sessions are created: NAME=URL */
} plan_t;

void measure_commands (const plan_t *plan);
void measure_latency (const plan_t *plan);
void measure_http (const plan_t *plan);
void measure_create (const plan_t *plan);
void measure_events (const plan_t *plan);
void measure_render (const plan_t *plan);
void measure_fork (const plan_t *plan);
void measure_restart (const plan_t *plan);
void measure_sharing (const plan_t *plan);
void measure_kill (const plan_t *plan);
void measure_sleep (const plan_t *plan);

#endif
