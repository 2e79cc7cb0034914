/*  The node's configuration: a ZPL file (rfc.zeromq.org/spec/4), and what the command line says over it.
 *
 *      slots = 4                           runs at a time
 *      transfer = "tcp://10.0.0.5:7601"    where other nodes fetch workspaces from this one
 *      labels
 *          zone = "a"
 *      log
 *          bound = 16777216                bytes of output kept for each run
 *          keep = 7                        days that it is kept after the session has left this node
 *      workspaces
 *          keep = 30                       days that one which the node made is kept after its session has ended
 *      drivers
 *          default
 *              command = "exec my-agent"   run by sh -c; or an argument list, each the value of one entry below command
 *              grace = 2000                milliseconds from SIGTERM to SIGKILL when a run is interrupted
 *              safe_point_grace = 30000    the same when it is suspended, put to sleep or moved
 *              env
 *                  NAME = "value"
 */
#ifndef BATON_CONFIG_H
#define BATON_CONFIG_H

#include "record.h"

typedef struct {
    char *name;
    baton_texts_t argv;
    uint64_t grace;            /*  milliseconds */
    uint64_t safe_point_grace; /*  milliseconds */
    baton_pairs_t env;
} driver_t;

typedef struct {
    uint64_t slots;
    char *transfer;
    baton_pairs_t labels;
    uint64_t log_bound;      /*  bytes */
    uint64_t log_keep;       /*  days */
    uint64_t workspace_keep; /*  days */
    struct {
        size_t count;
        driver_t *items;
    } drivers;
} config_t;

/*  Everything at its default, without a driver. */
BATON_MUST_USE baton_status config_init (config_t *ret_config);

/*  Reads the file over what config has. The error names the file, the key and what it may be; config is not to be used
 *  after it, only cleared. */
BATON_MUST_USE baton_status config_load (config_t *self, const char *path, baton_error_t *error);
void config_clear (config_t *self);

/*  NULL when there is none of that name; "" and NULL stand for "default". */
const driver_t *config_driver (const config_t *self, const char *name);

/*  Where other nodes fetch: tcp://ADDRESS:PORT; port 0 or * takes any free one. */
BATON_MUST_USE baton_status config_set_transfer (config_t *self, const char *endpoint, baton_error_t *error);

/*  A whole number between least and most; false for anything else. */
bool config_number (const char *text, uint64_t least, uint64_t most, uint64_t *ret_number);

#endif
