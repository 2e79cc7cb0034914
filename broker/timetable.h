/*  When triggers fire by time: calendar rules, the machine's time zones, and times that have passed. */
#ifndef BATON_TIMETABLE_H
#define BATON_TIMETABLE_H

#include "schema.h"

typedef struct timetable timetable_t;

BATON_MUST_USE baton_status timetable_new (timetable_t **ret_timetable);
void timetable_destroy (timetable_t **self);

/*  The first time after now that the rule names. zone may be NULL: UTC. invalid_argument names the field. */
BATON_MUST_USE baton_status timetable_first (timetable_t *self, const char *rule, const char *zone, uint64_t now,
                                             uint64_t *ret_time, baton_error_t *error);

/*  What a trigger whose time has come does: which of the times that have passed fire, as its `missed` says, and when
 *  the next one is. Fills the request but for its session; its list has room for LIMIT_TIMES. The name is borrowed. */
void timetable_due (timetable_t *self, const trigger_t *trigger, uint64_t now, trigger_due_request_t *ret_request);

#endif
