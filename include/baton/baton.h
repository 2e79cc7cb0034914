/*  libbaton: talk to a Baton broker.
 *
 *  A context says where the broker is and who you are; a client is a connection made from it. Bodies of requests and
 *  answers are msgpack maps, as docs/methods.md describes them for each method.
 *
 *  Nothing here may be shared between threads; make one client a thread. Functions that can fail return a
 *  baton_status and fill *error (which may be NULL); results come out through ret_x and are untouched on failure.
 */
#ifndef BATON_H
#define BATON_H

#include <baton/status.h>
#include <signal.h>
#include <stdint.h>

/* ---- context ---- */

/*  Sizes include the terminating NUL. */
#define BATON_ENDPOINT_SIZE 1025
#define BATON_KEY_SIZE 41
#define BATON_PATH_SIZE 4096

typedef struct {
    char endpoint[BATON_ENDPOINT_SIZE]; /*  tcp://HOST:PORT of a broker, or ipc://PATH of a node's local socket */
    char broker_key[BATON_KEY_SIZE];    /*  CURVE public key of the broker, Z85; "" for ipc */
    char public_key[BATON_KEY_SIZE];    /*  our own key pair, Z85; "" for ipc */
    char secret_key[BATON_KEY_SIZE];
    char token[65];   /*  inside a run: what the node gave it */
    char session[65]; /*  inside a run: its own session */
    uint64_t run;     /*  inside a run: its number */
} baton_context_t;

/*  Reads a context file. failed_precondition when others could read it: it holds a secret key. */
BATON_MUST_USE baton_status baton_context_load (const char *path, baton_context_t *ret_context, baton_error_t *error);

/*  Writes a context file, mode 0600, atomically. already_exists when there is one. */
BATON_MUST_USE baton_status baton_context_save (const char *path, const baton_context_t *context, baton_error_t *error);

/*  The folder of this user's contexts, $XDG_CONFIG_HOME/baton; it need not exist yet. */
BATON_MUST_USE baton_status baton_context_directory (char ret_path[BATON_PATH_SIZE], baton_error_t *error);

/*  Reads the context of that name in the user's folder, or the file when the name has a slash. */
BATON_MUST_USE baton_status baton_context_open (const char *name, baton_context_t *ret_context, baton_error_t *error);

/*  Where a broker leaves a link to its admin's context while it runs: $XDG_RUNTIME_DIR/baton/admin.ctx; for root
 * without that variable, /run/baton/admin.ctx. False when there is no such place. */
bool baton_context_announced (char ret_path[BATON_PATH_SIZE]);

/*  The context that a program should use: inside a run (BATON_SOCKET is set) that run's; else the one
 *  that BATON_CONTEXT names, as for baton_context_open; else $XDG_CONFIG_HOME/baton/default.ctx;
 *  else the one that a running broker of the same user has announced; else admin.ctx of the same user's broker
 *  ($XDG_STATE_HOME/baton/broker, /var/lib/baton). */
BATON_MUST_USE baton_status baton_context_find (baton_context_t *ret_context, baton_error_t *error);

/* ---- client ---- */

typedef struct baton_client baton_client_t;

/*  Connects in the background: an unreachable broker shows at the first call. */
BATON_MUST_USE baton_status baton_client_new (const baton_context_t *context, baton_client_t **ret_client,
                                              baton_error_t *error);
void baton_client_destroy (baton_client_t **self);

typedef struct {
    uint64_t timeout; /*  milliseconds until deadline_exceeded or unavailable (nobody there); 0: 10,000 */
    const char *key;  /*  idempotency key; NULL: a fresh one for each call that changes something */
    uint64_t if_n;    /*  refuse the change unless the session's journal stands here; 0: don't care */
    uint64_t fence;   /*  the number of the edit lock that we hold; 0: none */
    uint64_t
        past; /*  park this read until the session's journal is past this position or the timeout is near; 0: don't */
    /*  Called once when no connection has stood for two seconds of the wait; may be NULL. */
    void (*on_silence) (void *arg);
    void *silence_arg;
    /*  The wait ends with deadline_exceeded when this is not 0 any more, as a signal handler may set it; may be NULL.
     */
    const volatile sig_atomic_t *stop;
} baton_call_t;

/*  Sends a request and waits for the answer. Lost connections are made again and the request is sent again: a read is
 *  harmless and a change carries its key, so it happens once. An error answer of the broker comes back as its status
 *  with *error filled. options may be NULL. ret_body (may be NULL) is freed with free (). */
BATON_MUST_USE baton_status baton_call (baton_client_t *self, const char *method, const uint8_t *body, size_t body_size,
                                        const baton_call_t *options, uint8_t **ret_body, size_t *ret_size,
                                        baton_error_t *error);

/* ---- events ---- */

typedef struct baton_events baton_events_t;

/*  Which events; "" or NULL for all. Borrowed for the call. */
typedef struct {
    const char *event_class;
    const char *session;
    const char *kind;
    uint64_t after; /*  begin after this seq; UINT64_MAX: from now on */
} baton_filter_t;

/*  Follows events: what the log already has after that position first, then what comes, each once and in order, also
 *  across lost connections and restarts of the broker. */
BATON_MUST_USE baton_status baton_events_new (const baton_context_t *context, const baton_filter_t *filter,
                                              baton_events_t **ret_events, baton_error_t *error);
void baton_events_destroy (baton_events_t **self);

/*  The next event as a msgpack map (event_envelope of docs/events.md), freed with free (). deadline_exceeded when none
 *  came within timeout milliseconds; any other error is final, such as unauthenticated for a revoked key. */
BATON_MUST_USE baton_status baton_events_next (baton_events_t *self, uint64_t timeout, uint8_t **ret_event,
                                               size_t *ret_size, uint64_t *ret_seq, baton_error_t *error);

/*  Whether the broker could be heard when baton_events_next was called last. */
bool baton_events_connected (const baton_events_t *self);

/*  A file descriptor that becomes readable when baton_events_next may have something (as ZMQ_FD: edge-triggered, so
 *  call it until deadline_exceeded). Call it every second as well: it is there that silence is noticed. */
int baton_events_fd (baton_events_t *self);

#endif
