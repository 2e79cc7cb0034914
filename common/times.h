/*  Durations and times as people and files write them. */
#ifndef BATON_TIMES_H
#define BATON_TIMES_H

#include <baton/status.h>
#include <stdint.h>

/*  "500ms", "30s", "5m", "2h", "7d" and sums like "1h30m", to milliseconds; a bare number only when it is 0. */
BATON_MUST_USE baton_status parse_duration (const char *text, uint64_t *ret_milliseconds, baton_error_t *error);

/*  "2026-01-31T12:00:00Z", with any offset and fraction, or "+2h" from now (milliseconds since 1970). */
BATON_MUST_USE baton_status parse_time (const char *text, uint64_t now, uint64_t *ret_time, baton_error_t *error);

#endif
