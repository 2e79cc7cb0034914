/*  What the numbers of requests mean. */
#include "parse.h"

#include <string.h>

unit_t parse_unit (const field_t *field)
{
    static const char *const DURATIONS[] = {"ttl", "timeout", "patience", "deadline", "in", "run_time"};
    if (field->kind != FIELD_UINT)
        return UNIT_count;
    for (size_t i = 0; i < sizeof DURATIONS / sizeof *DURATIONS; i++)
        if (strcmp (field->name, DURATIONS[i]) == 0)
            return UNIT_duration;
    static const char *const TIMES[] = {"until", "time"};
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++)
        if (strcmp (field->name, TIMES[i]) == 0)
            return UNIT_time;
    return UNIT_count;
}
