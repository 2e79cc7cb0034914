/*  Calendar rules, as cron (8) has them, and the times that they name in a time zone.
 *
 *  A rule is five fields, minute hour day month weekday, or one of @hourly, @daily (@midnight), @weekly, @monthly and
 *  @yearly (@annually). A field is a list of numbers, names (jan, mon), ranges and steps: "1,15", "mon-fri", "9-17/2",
 *  "0/15" and "*". Sunday is 0 and 7. When day and weekday are both restricted, either is enough: crontab (5) of Vixie
 *  cron says so.
 *
 *  Where clocks change, a local time that does not exist fires at the moment of the change, and one that exists twice
 *  fires the first time; but a rule whose hours are "*" goes by the time that passes: it fires in both.
 */
#ifndef BATON_CALENDAR_H
#define BATON_CALENDAR_H

#include "zone.h"

typedef struct {
    uint64_t minutes;                    /*  bit 0 to 59 */
    uint32_t hours;                      /*  bit 0 to 23 */
    uint32_t days;                       /*  bit 1 to 31 */
    uint32_t months;                     /*  bit 1 to 12 */
    uint32_t weekdays;                   /*  bit 0 to 6, Sunday is 0 */
    bool any_day, any_weekday, any_hour; /*  the field begins with "*" */
} calendar_t;

/*  invalid_argument: the error says which field is wrong, or that no day is ever named. */
BATON_MUST_USE baton_status calendar_parse (const char *rule, calendar_t *ret_calendar, baton_error_t *error);

/*  The first time after that moment, both in milliseconds since 1970; 0 when there is none before the year 9999. */
uint64_t calendar_next (const calendar_t *self, const zone_t *zone, uint64_t after);

#endif
