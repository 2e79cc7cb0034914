#include "parts.h"

#include "json.h"
#include "times.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool parts_is_one (const char *text, const char *const *list)
{
    for (; text && *list; list++)
        if (strcmp (text, *list) == 0)
            return true;
    return false;
}

json_t *parts_rest (const json_t *object, const char *const *known)
{
    json_t *rest = json_object (), *element;
    const char *key;
    json_object_foreach ((json_t *) object, key, element)
    {
        if (!json_is_null (element) && !parts_is_one (key, known))
            json_object_set_nocheck (rest, key, element);
    }
    if (json_object_size (rest) > 0)
        return rest;
    json_decref (rest);
    return NULL;
}

void parts_keep (json_t **rest, const char *key, json_t *value)
{
    if (value && !*rest)
        *rest = json_object ();
    if (value)
        json_object_set_new_nocheck (*rest, key, value);
}

json_t *parts_value (const part_t *part)
{
    return part->value.size > 0 ? json_from_value (part->value.data, part->value.size) : NULL;
}

json_t *parts_text (const part_t *part)
{
    char *line = part->text ? NULL : json_line (part->value.data, part->value.size);
    json_t *text = json_string_nocheck (part->text ? part->text : line ? line : "");
    free (line);
    return text;
}

uint64_t parts_time (const json_t *object, const char *key)
{
    uint64_t at = 0;
    const char *text = json_string_value (json_object_get (object, key));
    return text && *text != '+' && parse_time (text, 0, &at, NULL) == BATON_OK ? at : 0;
}

void parts_write_time (uint64_t at, char ret_text[PARTS_TIME_SIZE])
{
    time_t seconds = (time_t) (at / 1000);
    struct tm parts;
    char whole[24];
    /*  A journal from elsewhere may have times that no calendar has. */
    if (!gmtime_r (&seconds, &parts) || strftime (whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        snprintf (whole, sizeof whole, "1970-01-01T00:00:00");
    snprintf (ret_text, PARTS_TIME_SIZE, "%s.%03uZ", whole, (unsigned) (at % 1000));
}
