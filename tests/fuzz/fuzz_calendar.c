/*  Calendar rules come from users, time zones from files. A rule that passes names a time, and the next one is later.
 */
#include "calendar.h"

#include "fixpoint.h"

#define AFTER 1700000000000u

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    char *rule = malloc (size + 1);
    calendar_t calendar;
    zone_t *zone = NULL;
    baton_error_t error = {0};
    memcpy (rule, data, size);
    rule[size] = '\0';
    if (calendar_parse (rule, &calendar, &error) == BATON_OK) {
        uint64_t first = calendar_next (&calendar, NULL, AFTER);
        must (first > AFTER && first % 60000 == 0);
        must (calendar_next (&calendar, NULL, first - 1) == first);
        must (calendar_next (&calendar, NULL, first) > first);
    } else
        must (error.status == BATON_invalid_argument && *error.message);
    if (zone_new (data, size, &zone, &error) == BATON_OK)
        for (int64_t at = -5000000000; at < 20000000000; at += 987654321)
            (void) zone_offset (zone, at);
    zone_destroy (&zone);
    free (rule);
    return 0;
}
