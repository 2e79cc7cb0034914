/*  What the measurements share: time, chance, folders, and how to end when something is wrong. */
#ifndef BATON_BENCH_TOOLS_H
#define BATON_BENCH_TOOLS_H

#include <baton/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*  Microseconds of the monotonic clock. */
uint64_t clock_us (void);

/*  Processor time that this process has used, in microseconds. */
uint64_t cpu_us (void);

/*  A number that only has to be cheap and different each time (xorshift64*); *state is not 0. */
uint64_t chance (uint64_t *state);

/*  Fills text with letters and digits; no NUL is written. */
void chance_text (uint64_t *state, void *text, size_t size);

/*  The value at that part (0 to 1) of the values, which are sorted. 0 when there is none. */
uint64_t quantile (uint64_t *values, size_t count, double part);

/*  Makes a fresh folder under parent; ret_path needs BENCH_PATH bytes. */
#define BENCH_PATH 512
void folder_new (const char *parent, char *ret_path);
void folder_remove (const char *path);

/*  fork, for a child that dies when this process does. */
pid_t child_new (void);

/*  A measurement that can't be made is the end of the program: half a table would be read as a whole one. */
void demand (bool fine, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void demand_ok (baton_status status, const baton_error_t *error, const char *what);

#endif
