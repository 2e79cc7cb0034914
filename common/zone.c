#include "zone.h"

#include <stdlib.h>
#include <string.h>

#define DAY 86400
#define YEAR_CYCLE 146097 /*  days of 400 years */

/*  One half of a POSIX rule such as "M3.2.0/2": the moment of a year at which the other offset begins. */
typedef struct {
    char kind; /*  'M' month.week.day, 'J' day 1 to 365 without 29 February, 'n' day 0 to 365 */
    int month, week, day;
    int64_t time; /*  seconds of the local day */
} turn_t;

typedef struct {
    int64_t at;
    int64_t offset; /*  from then on */
} transition_t;

struct zone {
    int64_t first; /*  offset before the first transition */
    size_t count;
    transition_t *transitions;
    /*  After the last of them: */
    int64_t standard, summer;
    bool turns; /*  there is a summer time */
    turn_t begin, end;
};

/* ---- days ---- */

/*  Days since 1970 of a civil date; H. S. Warren's and others' well-known count of days from 1 March. */
static int64_t days_of (int64_t year, int month, int day)
{
    int64_t shifted = month > 2 ? year : year - 1;
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t of_era = shifted - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * YEAR_CYCLE + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of (int64_t time)
{
    int64_t year = 1970 + time / (365 * DAY + DAY / 4);
    while (days_of (year + 1, 1, 1) * DAY <= time)
        year++;
    while (days_of (year, 1, 1) * DAY > time)
        year--;
    return year;
}

static int64_t turn_day (const turn_t *turn, int64_t year)
{
    int64_t first = days_of (year, 1, 1);
    bool leap = days_of (year + 1, 1, 1) - first == 366;
    if (turn->kind == 'n')
        return first + turn->day;
    if (turn->kind == 'J')
        return first + turn->day - 1 + (leap && turn->day > 59);
    int64_t month = days_of (year, turn->month, 1);
    int64_t weekday = ((month + 4) % 7 + 7) % 7; /*  1 January 1970 was a Thursday */
    int64_t day = month + (turn->day - weekday + 7) % 7 + 7 * (turn->week - 1);
    int64_t next = turn->month == 12 ? days_of (year + 1, 1, 1) : days_of (year, turn->month + 1, 1);
    return day >= next ? day - 7 : day;
}

static int64_t later_offset (const zone_t *self, int64_t time)
{
    if (!self->turns)
        return self->standard;
    int64_t year = year_of (time + self->standard);
    int64_t begin = turn_day (&self->begin, year) * DAY + self->begin.time - self->standard;
    int64_t end = turn_day (&self->end, year) * DAY + self->end.time - self->summer;
    bool summer = begin < end ? time >= begin && time < end : time >= begin || time < end;
    return summer ? self->summer : self->standard;
}

/* ---- what is asked ---- */

int64_t zone_offset (const zone_t *self, int64_t time)
{
    if (!self)
        return 0;
    if (self->count == 0 || time < self->transitions[0].at)
        return self->count == 0 ? later_offset (self, time) : self->first;
    if (time >= self->transitions[self->count - 1].at)
        return later_offset (self, time);
    size_t low = 0, high = self->count - 1; /*  transitions[low].at <= time < transitions[high].at */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (self->transitions[middle].at <= time)
            low = middle;
        else
            high = middle;
    }
    return self->transitions[low].offset;
}

/*  Offsets don't change and change back within a day, so looking at each day finds every change. */
int64_t zone_change (const zone_t *self, int64_t time, int64_t until)
{
    int64_t offset = zone_offset (self, time);
    for (int64_t low = time, high; self && low < until; low = high) {
        high = low + DAY < until ? low + DAY : until;
        if (zone_offset (self, high) == offset)
            continue;
        while (high - low > 1) {
            int64_t middle = low + (high - low) / 2;
            if (zone_offset (self, middle) == offset)
                low = middle;
            else
                high = middle;
        }
        return high;
    }
    return 0;
}

/* ---- the footer: a POSIX TZ string, such as "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

typedef struct {
    const char *at, *end;
} text_t;

static bool take (text_t *text, char wanted)
{
    if (text->at == text->end || *text->at != wanted)
        return false;
    text->at++;
    return true;
}

static bool take_number (text_t *text, int most, int *ret_number)
{
    int number = 0, digits = 0;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9' && digits < 4; text->at++, digits++)
        number = number * 10 + (*text->at - '0');
    *ret_number = number;
    return digits > 0 && number <= most;
}

static bool take_name (text_t *text)
{
    const char *begin = text->at;
    bool quoted = take (text, '<');
    while (text->at < text->end && (quoted ? *text->at != '>' : (*text->at | 32) >= 'a' && (*text->at | 32) <= 'z'))
        text->at++;
    return text->at > begin && (!quoted || take (text, '>'));
}

/*  [+-]hh[:mm[:ss]] */
static bool take_clock (text_t *text, int64_t *ret_seconds)
{
    bool minus = take (text, '-');
    if (!minus)
        take (text, '+');
    int hours = 0, minutes = 0, seconds = 0;
    if (!take_number (text, 167, &hours) ||
        (take (text, ':') &&
         (!take_number (text, 59, &minutes) || (take (text, ':') && !take_number (text, 59, &seconds)))))
        return false;
    *ret_seconds = (minus ? -1 : 1) * (hours * 3600L + minutes * 60L + seconds);
    return true;
}

static bool take_turn (text_t *text, turn_t *turn)
{
    *turn = (turn_t){.kind = 'n', .time = 7200};
    if (!take (text, ','))
        return false;
    bool good;
    if (take (text, 'M')) {
        turn->kind = 'M';
        good = take_number (text, 12, &turn->month) && take (text, '.') && take_number (text, 5, &turn->week) &&
               take (text, '.') && take_number (text, 6, &turn->day) && turn->month > 0 && turn->week > 0;
    } else {
        turn->kind = take (text, 'J') ? 'J' : 'n';
        good = take_number (text, 365, &turn->day) && (turn->kind == 'n' || turn->day > 0);
    }
    return good && (!take (text, '/') || take_clock (text, &turn->time));
}

/*  Offsets stand there with the other sign: west is positive. */
static bool read_footer (zone_t *self, text_t text)
{
    int64_t west = 0;
    if (!take_name (&text) || !take_clock (&text, &west))
        return false;
    self->standard = -west;
    if (text.at == text.end)
        return true;
    if (!take_name (&text))
        return false;
    self->summer = self->standard + 3600;
    if (text.at < text.end && *text.at != ',') {
        if (!take_clock (&text, &west))
            return false;
        self->summer = -west;
    }
    self->turns = true;
    return take_turn (&text, &self->begin) && take_turn (&text, &self->end) && text.at == text.end;
}

/* ---- the file ---- */

#define HEADER 44

typedef struct {
    uint32_t utc, standard, leap, times, types, chars;
} counts_t;

static int64_t big_endian (const uint8_t *at, size_t size)
{
    uint64_t number = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return (int64_t) number;
}

static bool read_header (const uint8_t *data, size_t size, counts_t *counts)
{
    if (size < HEADER || memcmp (data, "TZif", 4) != 0 || data[4] < '2')
        return false;
    uint32_t *numbers[] = {&counts->utc,   &counts->standard, &counts->leap,
                           &counts->times, &counts->types,    &counts->chars};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        *numbers[i] = (uint32_t) big_endian (data + 20 + 4 * i, 4);
        if (*numbers[i] > 65536)
            return false;
    }
    return true;
}

/*  Bytes of the block behind a header whose times have that width. */
static size_t block_size (const counts_t *counts, size_t width)
{
    return counts->times * (width + 1) + counts->types * 6 + counts->chars + counts->leap * (width + 4) +
           counts->standard + counts->utc;
}

static bool read_transitions (zone_t *self, const uint8_t *block, const counts_t *counts)
{
    const uint8_t *kinds = block + counts->times * 8, *types = kinds + counts->times;
    self->transitions = calloc (counts->times + 1, sizeof *self->transitions);
    if (!self->transitions || counts->types == 0)
        return false;
    self->first = big_endian (types, 4);
    for (size_t i = 0; i < counts->times; i++) {
        if (kinds[i] >= counts->types)
            return false;
        transition_t next = {big_endian (block + i * 8, 8), big_endian (types + kinds[i] * 6, 4)};
        if (i > 0 && next.at <= self->transitions[i - 1].at)
            return false;
        self->transitions[self->count++] = next;
    }
    return true;
}

static bool read_zone (zone_t *self, const uint8_t *data, size_t size)
{
    counts_t old, counts;
    if (!read_header (data, size, &old) || size - HEADER < block_size (&old, 4))
        return false;
    data += HEADER + block_size (&old, 4);
    size -= HEADER + block_size (&old, 4);
    if (!read_header (data, size, &counts) || size - HEADER < block_size (&counts, 8) ||
        !read_transitions (self, data + HEADER, &counts))
        return false;
    const char *footer = (const char *) data + HEADER + block_size (&counts, 8);
    const char *end = (const char *) data + size;
    if (end - footer < 2 || *footer != '\n')
        return false;
    const char *line = memchr (footer + 1, '\n', (size_t) (end - footer) - 1);
    if (line == footer + 1) { /*  nothing is said: the last offset stays */
        self->standard = self->count > 0 ? self->transitions[self->count - 1].offset : self->first;
        return true;
    }
    return line && read_footer (self, (text_t){footer + 1, line});
}

baton_status zone_new (const uint8_t *data, size_t size, zone_t **ret_zone, baton_error_t *error)
{
    zone_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    if (!read_zone (self, data, size)) {
        zone_destroy (&self);
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value, "this is no time zone file");
    }
    *ret_zone = self;
    return BATON_OK;
}

void zone_destroy (zone_t **self)
{
    if (!*self)
        return;
    free ((*self)->transitions);
    free (*self);
    *self = NULL;
}
