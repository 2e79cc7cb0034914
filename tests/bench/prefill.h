/*  What the broker's journal does on its store when there is no broker around it. */
#ifndef BATON_BENCH_PREFILL_H
#define BATON_BENCH_PREFILL_H

#include <stddef.h>
#include <stdint.h>

/*  Makes folder/baton.db with that many sessions of that many events each, every change with the answer to its key; one
 *  session in a hundred waits for a node to run on. Nothing is done when it is there already. */
void prefill (const char *folder, size_t sessions, size_t events);

/*  The same with sessions that sleep, each with a trigger whose time is a day away. */
void prefill_sleepers (const char *folder, size_t sessions);

/*  Changes a second that one thread decides and commits in batches of 64: the same changes as those of load.h, with the
 *  answers to their keys. */
double core_rate (const char *folder, size_t sessions, uint64_t duration_us);

#endif
