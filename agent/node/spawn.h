/*  Starting a shim, and finding one again. */
#ifndef BATON_SPAWN_H
#define BATON_SPAWN_H

#include <baton/status.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    const char *folder; /*  of the attempt; must be there */
    const char *log;    /*  folder of the run's log */
    uint64_t log_bound;
    uint64_t grace;        /*  of a SIGTERM that somebody else sends */
    const char *workspace; /*  the process's folder */
    char *const *argv;     /*  of the driver */
    char *const *envp;
} spawn_t;

/*  ret_pidfd becomes readable when the shim has ended, ret_ready when the driver was started or could not be. Both are
 *  the caller's to close. */
BATON_MUST_USE baton_status spawn_shim (const spawn_t *spawn, int *ret_pidfd, int *ret_ready, baton_error_t *error);

typedef enum { SHIM_never, SHIM_alive, SHIM_gone } shim_state_t;

/*  Whether the shim of that folder lives; a pidfd of it if so. SHIM_never: none was ever started. */
shim_state_t spawn_find (const char *folder, int *ret_pidfd);

#endif
