/*  A state directory with many sessions and a long history, made without a broker: by its own journal, on its store. */
#ifndef BATON_BENCH_PREFILL_H
#define BATON_BENCH_PREFILL_H

#include <stddef.h>

/*  Makes folder/baton.db with that many sessions of that many events each, every change with the answer to its key; one
 *  session in a hundred waits for a node to run on. Nothing is done when it is there already. */
void prefill (const char *folder, size_t sessions, size_t events);

#endif
