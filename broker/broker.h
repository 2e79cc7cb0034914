/*  The broker as its parts see it: one struct, owned by the core thread. */
#ifndef BATON_BROKER_H
#define BATON_BROKER_H

#include "fleet.h"
#include "frontend.h"
#include "journal.h"
#include "metrics.h"
#include "request.h"
#include "streams.h"
#include "subscriptions.h"
#include "timetable.h"
#include "watches.h"

typedef struct {
    char endpoint[1024]; /*  that clients are told */
    char key[KEY_SIZE];  /*  CURVE public key, Z85 */
    char http[256];      /*  URL that browsers and programs are told; "": HTTP is off */
    uint64_t lease_ttl;  /*  ms */
} broker_options_t;

typedef struct {
    broker_options_t options;
    store_t *store;
    journal_t *journal;
    frontend_t *frontend;
    fleet_t *fleet;
    subscriptions_t *subscriptions;
    streams_t *streams;
    timetable_t *timetable;
    watches_t *watches;
    metrics_t metrics;
    uint64_t last_relay;                /*  id of the last request that was handed on to a node */
    bool schedule;                      /*  something has changed that may let a waiting run start */
    uint64_t next_schedule, next_drain; /*  monotonic */
    uint64_t next_show;                 /*  monotonic: for busy sessions whose rows are behind */
    uint64_t next_look;                 /*  monotonic: for silent nodes */
    uint64_t looked_at;                 /*  n of the site when nodes were looked at last */
    size_t place_cursor;                /*  how far the queue of waiting runs was looked at; 0: all of it */
    baton_texts_t noted_ahead;          /*  sessions whose new state the fleet knows before it is committed */
    uint64_t next_due;                  /*  broker's time: no session has a deadline before; 0: none has any */
    uint64_t next_wake;                 /*  wall clock: none is to be woken before; 0: none is at any */
    uint64_t started_at;
    uint64_t now;       /*  broker's time of this turn, milliseconds since 1970: see steady.h */
    uint64_t wall;      /*  wall clock of this turn, the same unless it was set */
    uint64_t monotonic; /*  monotonic clock of this turn, milliseconds */
} broker_t;

#endif
