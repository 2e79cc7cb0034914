#include "calendar.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DAY 86400
#define DAYS_MOST 2932896 /*  31 December 9999 */

/* ---- parsing ---- */

typedef struct {
    const char *name;
    unsigned low, high;
    const char *const *words; /*  for low, low + 1, … */
    size_t word_count;
} part_t;

static const char *const MONTHS[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const WEEKDAYS[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

enum { PART_minute, PART_hour, PART_day, PART_month, PART_weekday, PART_COUNT };
static const part_t PARTS[PART_COUNT] = {{"minute", 0, 59, NULL, 0},
                                         {"hour", 0, 23, NULL, 0},
                                         {"day", 1, 31, NULL, 0},
                                         {"month", 1, 12, MONTHS, 12},
                                         {"weekday", 0, 7, WEEKDAYS, 7}};

static const struct {
    const char *name, *rule;
} SHORTHANDS[] = {{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
                  {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
                  {"@annually", "0 0 1 1 *"}};

static bool read_value (const part_t *part, const char **text, unsigned *ret_value)
{
    const char *at = *text;
    for (size_t i = 0; i < part->word_count; i++)
        if (strncasecmp (at, part->words[i], 3) == 0 && !isalnum ((unsigned char) at[3])) {
            *ret_value = part->low + (unsigned) i;
            *text = at + 3;
            return true;
        }
    unsigned value = 0, digits = 0;
    for (; isdigit ((unsigned char) *at) && digits < 3; at++, digits++)
        value = value * 10 + (unsigned) (*at - '0');
    *ret_value = value;
    *text = at;
    return digits > 0 && value >= part->low && value <= part->high;
}

static bool read_step (const char **text, unsigned *ret_step)
{
    static const part_t STEP = {"step", 1, 999, NULL, 0};
    if (**text != '/')
        return true;
    ++*text;
    return read_value (&STEP, text, ret_step);
}

/*  One of those that stand between commas. */
static bool read_range (const part_t *part, const char **text, uint64_t *bits)
{
    unsigned low = part->low, high = part->high, step = 1;
    if (**text == '*')
        ++*text;
    else {
        if (!read_value (part, text, &low))
            return false;
        bool range = **text == '-';
        if (range) {
            ++*text;
            if (!read_value (part, text, &high))
                return false;
        } else if (**text != '/')
            high = low;
    }
    if (!read_step (text, &step) || low > high)
        return false;
    for (unsigned value = low; value <= high; value += step)
        *bits |= UINT64_C (1) << value;
    return true;
}

static bool read_part (const part_t *part, const char *text, uint64_t *ret_bits)
{
    *ret_bits = 0;
    while (read_range (part, &text, ret_bits)) {
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
    return false;
}

static bool day_exists (const calendar_t *self)
{
    static const unsigned LENGTHS[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!self->any_weekday)
        return true;
    for (unsigned month = 1; month <= 12; month++)
        if (self->months >> month & 1 && self->days & ((UINT64_C (1) << (LENGTHS[month] + 1)) - 1))
            return true;
    return false;
}

static baton_status read_parts (char words[PART_COUNT][64], calendar_t *self, baton_error_t *error)
{
    uint64_t bits[PART_COUNT];
    for (int i = 0; i < PART_COUNT; i++)
        if (!read_part (&PARTS[i], words[i], &bits[i]))
            return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "calendar",
                                     "%s is no %s: give numbers from %u to %u, %sranges, lists, steps or *", words[i],
                                     PARTS[i].name, PARTS[i].low, PARTS[i].high, PARTS[i].words ? "names, " : "");
    *self = (calendar_t){.minutes = bits[PART_minute],
                         .hours = (uint32_t) bits[PART_hour],
                         .days = (uint32_t) bits[PART_day],
                         .months = (uint32_t) bits[PART_month],
                         .weekdays = (uint32_t) (bits[PART_weekday] | bits[PART_weekday] >> 7) & 0x7f,
                         .any_day = *words[PART_day] == '*',
                         .any_weekday = *words[PART_weekday] == '*',
                         .any_hour = *words[PART_hour] == '*'};
    return BATON_OK;
}

baton_status calendar_parse (const char *rule, calendar_t *ret_calendar, baton_error_t *error)
{
    const char *text = rule;
    for (size_t i = 0; i < sizeof SHORTHANDS / sizeof *SHORTHANDS; i++)
        if (strcasecmp (rule, SHORTHANDS[i].name) == 0)
            text = SHORTHANDS[i].rule;
    char words[PART_COUNT][64];
    int used = 0;
    if (sscanf (text, "%63s %63s %63s %63s %63s %n", words[0], words[1], words[2], words[3], words[4], &used) !=
            PART_COUNT ||
        text[used])
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "calendar",
                                 "a calendar rule has five fields, minute hour day month weekday, or is one of @hourly,"
                                 " @daily, @weekly, @monthly and @yearly: %.100s",
                                 rule);
    calendar_t calendar;
    baton_status status = read_parts (words, &calendar, error);
    if (status == BATON_OK && !day_exists (&calendar))
        status = baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "calendar",
                                   "the rule %.100s never fires: none of its months has such a day", rule);
    if (status == BATON_OK)
        *ret_calendar = calendar;
    return status;
}

/* ---- local times ---- */

typedef struct {
    int64_t year;
    unsigned month, day, weekday;
} date_t;

/*  The civil date of a day since 1970, by counting eras of 400 years from 1 March 0000. */
static date_t date_of (int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097, of_era = shifted % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    return (date_t){.year = year + era * 400 + (month >= 10),
                    .month = (unsigned) (month < 10 ? month + 3 : month - 9),
                    .day = (unsigned) (of_year - (153 * month + 2) / 5 + 1),
                    .weekday = (unsigned) ((days + 4) % 7)};
}

static bool names_day (const calendar_t *self, int64_t day)
{
    date_t date = date_of (day);
    bool by_day = self->days >> date.day & 1, by_weekday = self->weekdays >> date.weekday & 1;
    bool either = !self->any_day && !self->any_weekday;
    return self->months >> date.month & 1 && (either ? by_day || by_weekday : by_day && by_weekday);
}

/*  The first minute of the day, from that one on, that the rule names; -1 for none. */
static int minute_from (const calendar_t *self, int from)
{
    for (int hour = from / 60; hour < 24; hour++) {
        if (!(self->hours >> hour & 1))
            continue;
        for (int minute = hour == from / 60 ? from % 60 : 0; minute < 60; minute++)
            if (self->minutes >> minute & 1)
                return hour * 60 + minute;
    }
    return -1;
}

/*  The first local time that the rule names, from `from` on and before `end`, in seconds; -1 for none. */
static int64_t local_from (const calendar_t *self, int64_t from, int64_t end)
{
    from = from < 0 ? 0 : (from + 59) / 60 * 60;
    for (int64_t day = from / DAY; day * DAY < end && day <= DAYS_MOST; day++) {
        int first = day == from / DAY ? (int) (from % DAY / 60) : 0;
        int minute = names_day (self, day) ? minute_from (self, first) : -1;
        if (minute >= 0)
            return day * DAY + minute * 60 < end ? day * DAY + minute * 60 : -1;
    }
    return -1;
}

/* ---- next ---- */

#define SPAN (40LL * DAY) /*  looked at a time, so that no zone is asked about more than it needs to be */

/*  Within [from, end), where one offset holds. `before` is the offset that held until `from`, the same when none did.
 */
static int64_t next_within (const calendar_t *self, int64_t from, int64_t end, int64_t offset, int64_t repeated_until)
{
    int64_t local = from + offset;
    if (!self->any_hour && local < repeated_until)
        local = repeated_until; /*  these local times were there already, under the offset before */
    local = local_from (self, local, end + offset);
    return local < 0 ? 0 : local - offset;
}

uint64_t calendar_next (const calendar_t *self, const zone_t *zone, uint64_t after)
{
    int64_t from = (int64_t) (after / 1000) + 1, repeated_until = 0;
    /*  A change that came shortly before may have made local times repeat. */
    int64_t past = from - DAY, changed = zone_change (zone, past, from);
    for (int64_t at = changed; at; at = zone_change (zone, at, from)) {
        changed = at;
        repeated_until = at + zone_offset (zone, at - 1);
    }
    if (changed == from && !self->any_hour) { /*  a local time that was left out fires right at the change */
        int64_t left_out = local_from (self, from + zone_offset (zone, from - 1), from + zone_offset (zone, from));
        if (left_out >= 0)
            return (uint64_t) from * 1000;
    }
    while (from / DAY <= DAYS_MOST) {
        int64_t offset = zone_offset (zone, from), change = zone_change (zone, from, from + SPAN);
        int64_t end = change ? change : from + SPAN;
        int64_t found = next_within (self, from, end, offset, repeated_until);
        if (found)
            return (uint64_t) found * 1000;
        from = end;
        if (!change)
            continue;
        int64_t then = zone_offset (zone, change);
        if (!self->any_hour && local_from (self, change + offset, change + then) >= 0)
            return (uint64_t) change * 1000;
        repeated_until = change + offset;
    }
    return 0;
}
