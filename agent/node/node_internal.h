/*  What the files of the node's loop share: node.c, sync.c, act.c, report.c, relay.c and move.c. */
#ifndef BATON_NODE_INTERNAL_H
#define BATON_NODE_INTERNAL_H

#include "carried.h"
#include "courier.h"
#include "id.h"
#include "inherit.h"
#include "lend.h"
#include "local.h"
#include "move.h"
#include "node.h"
#include "place.h"
#include "reconcile.h"
#include "runs.h"
#include "watcher.h"

#define DAY 86400000u /*  milliseconds */

typedef struct {
    const node_options_t *options;
    zloop_t *loop;
    db_t *db;
    link_t *link;
    runs_t *runs;
    courier_t *courier;
    local_t *local;
    move_t *move;
    inherit_t *inherit;
    carried_t *carried;
    lend_t *lend;
    watcher_t *watcher;
    int signals;
    uint64_t beats;                   /*  since the first assignments */
    char socket[BATON_ENDPOINT_SIZE]; /*  for runs: ipc://… */

    /*  sync.c: what the broker was asked and has said */
    char name[LIMIT_NAME + 1]; /*  of our identity; "" until the broker has said it */
    char instance[ID_SIZE];    /*  which of several that use one identity we are: STATE/instance */
    bool registered;
    bool ready;             /*  systemd was told */
    bool beating;           /*  a heartbeat has no answer yet */
    bool asking;            /*  a question for assignments has no answer yet */
    bool stale;             /*  ask for assignments again after that */
    uint64_t heard;         /*  the last `seq` of a heartbeat */
    int64_t renewed;        /*  when the lease was renewed last, monotonic milliseconds */
    int64_t ttl;            /*  of the lease, milliseconds */
    uint64_t told;          /*  the broker's time when it was; 0: not known */
    bool lapsed;            /*  the lease had ended before it was renewed */
    assignment_page_t page; /*  the last answer */
    bool known;             /*  there was one */
    bool to_act;            /*  the last look at the page was cut short */
    /*  watch.c: what of its workspaces the node is to look at */
    char generation[LIMIT_NAME + 1]; /*  of the broker's count of changes */
    uint64_t watches;                /*  the last change that we know */
    bool asking_watches;             /*  a question has no answer yet */
    bool stale_watches;              /*  ask again after that */
    bool beginning;                  /*  the pages so far are not yet all there is */

    bool ending; /*  told to end, and the runs with us */
    bool ended;  /*  and they have */
} daemon_t;

/* ---- sync.c: register, heartbeat, events, assignments ---- */

void sync_up (void *daemon);
void sync_delivery (void *daemon, const event_t *event);
void sync_beat (daemon_t *self);
void sync_assignments (daemon_t *self);

/*  By which what is old is removed, in milliseconds since 1970: the broker's time, or our clock's when that is less. A
 *  clock that is set ahead, on either machine, makes nothing old. 0: not known yet. */
uint64_t sync_time (const daemon_t *self);

/*  Whether the session is among the assignments. */
bool sync_assigned (const daemon_t *self, const char *session);

/* ---- act.c: carry out what reconcile finds ---- */

/*  False when time or memory was too short for all of it: the rest is done soon. */
bool act_on_page (daemon_t *self);
/*  The folder of the workspace, made if it is not there yet; unavailable/busy while that takes time. */
BATON_MUST_USE baton_status act_workspace (daemon_t *self, const assignment_t *assignment, char ret_path[PLACE_SIZE],
                                           baton_error_t *error);
void act_departed (void *daemon, const char *session, bool sure);
void act_abandoned (void *daemon, const char *session, uint64_t migration);

/* ---- watch.c: what triggers look at ---- */

void watch_ask (daemon_t *self);
void watch_changed (void *daemon, uint64_t epoch, const trigger_changed_request_t *change);

/* ---- report.c: what the node tells the broker, through the spool ---- */

baton_status report_started (void *daemon, const attempt_t *attempt, baton_error_t *error);
baton_status report_ended (void *daemon, const attempt_t *attempt, const run_exit_t *exit, baton_error_t *error);

/*  The run of the assignment has ended without a process of ours to show for it; never: it was not even started. */
void report_gone (daemon_t *self, const assignment_t *assignment, bool never, const char *detail);

/*  The broker has refused a change of a run, and nobody is there to be told. */
BATON_MUST_USE baton_status report_refused (daemon_t *self, const spooled_t *change, const link_answer_t *answer,
                                            baton_error_t *error);

/*  Any change about the session, under an idempotency key made from its method and the text `once`. */
baton_status report_change (daemon_t *self, const char *session, uint64_t epoch, method_id_t method,
                            const void *request, const char *once, baton_error_t *error);

/*  Reports a step of the migration that the session is in; false when the disk does not take it now. */
bool report_migration (daemon_t *self, const char *session, uint64_t migration, method_id_t method, const char *text);

/* ---- relay.c: what the broker asks the node ---- */

void relay_request (void *daemon, const request_header_t *header, const uint8_t *body, size_t size);

#endif
