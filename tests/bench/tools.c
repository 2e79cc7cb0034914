#include "tools.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_us (clockid_t clock)
{
    struct timespec now;
    clock_gettime (clock, &now);
    return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

uint64_t clock_us (void)
{
    return read_us (CLOCK_MONOTONIC);
}

uint64_t cpu_us (void)
{
    return read_us (CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t chance (uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

void chance_text (uint64_t *state, void *text, size_t size)
{
    static const char LETTERS[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        if (i % 10 == 0)
            bits = chance (state);
        ((char *) text)[i] = LETTERS[bits & 63];
        bits >>= 6;
    }
}

static int compare (const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

uint64_t quantile (uint64_t *values, size_t count, double part)
{
    if (count == 0)
        return 0;
    qsort (values, count, sizeof *values, compare);
    return values[(size_t) ((double) (count - 1) * part)];
}

void folder_new (const char *parent, char *ret_path)
{
    demand (snprintf (ret_path, BENCH_PATH, "%s/baton-bench-XXXXXX", parent) < BENCH_PATH && mkdtemp (ret_path),
            "cannot make a folder in %s: %s", parent, strerror (errno));
}

static int remove_one (const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void) info, (void) type, (void) place;
    return remove (path);
}

void folder_remove (const char *path)
{
    nftw (path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

pid_t child_new (void)
{
    pid_t child = fork ();
    demand (child >= 0, "cannot start a process: %s", strerror (errno));
    if (child == 0)
        prctl (PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

void demand (bool fine, const char *format, ...)
{
    if (fine)
        return;
    va_list arguments;
    va_start (arguments, format);
    fputs ("baton-bench: ", stderr);
    vfprintf (stderr, format, arguments);
    fputc ('\n', stderr);
    va_end (arguments);
    exit (1);
}

void demand_ok (baton_status status, const baton_error_t *error, const char *what)
{
    demand (status == BATON_OK, "%s: %s", what, *error->message ? error->message : baton_status_name (status));
}
