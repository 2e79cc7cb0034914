/*  Durations and times. */
#include "times.h"

#include "limits.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    uint64_t milliseconds;
} UNITS[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

/*  The unit that text begins with, the longest first; its length, 0 for none. */
static size_t read_unit (const char *text, uint64_t *ret_milliseconds)
{
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
        size_t length = strlen (UNITS[i].name);
        if (strncmp (text, UNITS[i].name, length) == 0) {
            *ret_milliseconds = UNITS[i].milliseconds;
            return length;
        }
    }
    return 0;
}

static baton_status no_duration (const char *text, baton_error_t *error)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_none,
                       "%s is no duration: write it like 500ms, 30s, 5m, 2h, 7d or 1h30m", text);
}

baton_status parse_duration (const char *text, uint64_t *ret_milliseconds, baton_error_t *error)
{
    if (strcmp (text, "0") == 0) {
        *ret_milliseconds = 0;
        return BATON_OK;
    }
    uint64_t sum = 0;
    for (const char *at = text; *at || at == text;) {
        if (!isdigit ((unsigned char) *at))
            return no_duration (text, error);
        char *end = NULL;
        uint64_t unit = 0, number = strtoull (at, &end, 10);
        size_t length = read_unit (end, &unit);
        if (length == 0)
            return no_duration (text, error);
        uint64_t part;
        if (__builtin_mul_overflow (number, unit, &part) || __builtin_add_overflow (sum, part, &sum))
            return no_duration (text, error);
        at = end + length;
    }
    *ret_milliseconds = sum;
    return BATON_OK;
}

static baton_status no_time (const char *text, baton_error_t *error)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_none,
                       "%s is no time: write it like 2026-01-31T12:00:00Z, or +2h for two hours from now", text);
}

/*  "Z", "+01:00" or "-0530", the whole rest of the text; as seconds to subtract. */
static bool read_offset (const char *text, long *ret_seconds)
{
    if (strcmp (text, "Z") == 0 || strcmp (text, "z") == 0) {
        *ret_seconds = 0;
        return true;
    }
    int hours, minutes, used = 0;
    if ((*text != '+' && *text != '-') || !isdigit ((unsigned char) text[1]) ||
        (sscanf (text + 1, "%2d:%2d%n", &hours, &minutes, &used) < 2 &&
         sscanf (text + 1, "%2d%2d%n", &hours, &minutes, &used) < 2) ||
        text[1 + used] || hours > 23 || minutes > 59)
        return false;
    *ret_seconds = (*text == '-' ? -1 : 1) * (hours * 3600L + minutes * 60L);
    return true;
}

baton_status parse_time (const char *text, uint64_t now, uint64_t *ret_time, baton_error_t *error)
{
    if (*text == '+') {
        uint64_t duration = 0;
        baton_status status = parse_duration (text + 1, &duration, error);
        if (status == BATON_OK)
            *ret_time = now + duration;
        return status;
    }
    struct tm parts = {0};
    const char *rest = strptime (text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (!rest)
        rest = strptime (text, "%Y-%m-%d %H:%M:%S", &parts);
    if (!rest)
        return no_time (text, error);
    double fraction = 0;
    if (*rest == '.') {
        char *end = NULL;
        fraction = strtod (rest, &end);
        rest = end;
    }
    long offset = 0;
    if (!read_offset (rest, &offset))
        return no_time (text, error);
    time_t seconds = timegm (&parts) - offset;
    if (seconds < 0)
        return no_time (text, error);
    *ret_time = (uint64_t) seconds * 1000 + (uint64_t) (fraction * 1000 + 0.5);
    return BATON_OK;
}
