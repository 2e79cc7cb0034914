/*  The command line of batond. */
#ifndef BATON_ARGUMENTS_H
#define BATON_ARGUMENTS_H

#include "gateway.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *state;
    const char *listen;
    const char *advertise;
    uint64_t lease_ttl;
    uint64_t http_rate;
    bool rekey;
    gateway_options_t http; /*  listen NULL: off */
} arguments_t;

/*  0: go on; otherwise exit with that code less one. The texts are those of argv. */
int arguments_parse (int argc, char **argv, arguments_t *ret_arguments);

#endif
