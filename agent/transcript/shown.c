#include "shown.h"

#include "text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

char *shown_text (const char *text, size_t size, bool *ret_changed)
{
    char *copy = malloc (3 * size + 1), *to = copy;
    if (!copy)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = (uint8_t) text[i];
        bool c1 = c == 0xc2 && i + 1 < size && (uint8_t) text[i + 1] < 0xa0;
        if (c == '\r' && i + 1 < size && text[i + 1] == '\n')
            *ret_changed = true;
        else if (c1) {
            to = (char *) memcpy (to, REPLACEMENT, 3) + 3;
            i++;
            *ret_changed = true;
        } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
            const uint8_t picture[] = {0xe2, 0x90, (uint8_t) (c == 0x7f ? 0xa1 : 0x80 + c)};
            to = (char *) memcpy (to, picture, 3) + 3;
            *ret_changed = true;
        } else
            *to++ = (char) c;
    }
    *to = '\0';
    return copy;
}

static json_t *shown_string (const char *text, size_t size, bool *ret_changed)
{
    char *copy = shown_text (text, size, ret_changed);
    json_t *json = copy ? json_string_nocheck (copy) : NULL;
    free (copy);
    return json;
}

static json_t *shown_object (const json_t *json, bool *ret_changed)
{
    const char *key;
    json_t *element, *object = json_object ();
    json_object_foreach ((json_t *) json, key, element)
    {
        char *name = shown_text (key, strlen (key), ret_changed);
        if (!name || json_object_set_new_nocheck (object, name, shown_json (element, ret_changed)) != 0) {
            json_decref (object);
            object = NULL;
        }
        free (name);
        if (!object)
            break;
    }
    return object;
}

json_t *shown_json (const json_t *json, bool *ret_changed)
{
    if (json_is_string (json))
        return shown_string (json_string_value (json), json_string_length (json), ret_changed);
    if (json_is_object (json))
        return shown_object (json, ret_changed);
    if (!json_is_array (json))
        return json_copy ((json_t *) json);
    json_t *list = json_array ();
    for (size_t i = 0; i < json_array_size (json); i++)
        if (json_array_append_new (list, shown_json (json_array_get (json, i), ret_changed)) != 0) {
            json_decref (list);
            return NULL;
        }
    return list;
}

unsigned shown_depth (const json_t *json)
{
    unsigned deepest = 0;
    const char *key;
    json_t *element;
    if (json_is_object (json))
        json_object_foreach ((json_t *) json, key, element)
        {
            unsigned depth = shown_depth (element);
            deepest = depth > deepest ? depth : deepest;
        }
    for (size_t i = 0; json_is_array (json) && i < json_array_size (json); i++) {
        unsigned depth = shown_depth (json_array_get (json, i));
        deepest = depth > deepest ? depth : deepest;
    }
    return json_is_object (json) || json_is_array (json) ? deepest + 1 : 0;
}

/* ---- repair ---- */

/*  Length of the UTF-8 sequence here, 0 when there is none. */
static size_t sequence (const char *text, size_t left)
{
    uint8_t first = (uint8_t) *text;
    size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0x80)
        return 1;
    return length <= left && first >= 0xc2 && text_valid (text, length, true)                                   ? length
           : length == 2 && left >= 2 && first == 0xc2 && (uint8_t) text[1] >= 0x80 && (uint8_t) text[1] < 0xa0 ? 2
                                                                                                                : 0;
}

/*  The number of an escape \uXXXX here, or -1. */
static long escape (const char *text, size_t left)
{
    char digits[5] = "";
    if (left < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    memcpy (digits, text + 2, 4);
    return strspn (digits, "0123456789abcdefABCDEF") == 4 ? strtol (digits, NULL, 16) : -1;
}

static bool is_high (long number)
{
    return number >= 0xd800 && number < 0xdc00;
}

static bool is_low (long number)
{
    return number >= 0xdc00 && number < 0xe000;
}

char *shown_repair (const char *text, size_t size, size_t *ret_size)
{
    char *copy = malloc (3 * size + 1), *to = copy;
    bool changed = false;
    for (size_t i = 0, step; copy && i < size; i += step) {
        long number = escape (text + i, size - i);
        size_t length = sequence (text + i, size - i);
        bool pair = is_high (number) && is_low (escape (text + i + 6, size - i - 6));
        bool broken = length == 0 || text[i] == '\0' || (!pair && (is_high (number) || is_low (number)));
        /*  An escaped backslash takes what it escapes with it. */
        step = pair ? 12 : number >= 0 ? 6 : text[i] == '\\' && i + 1 < size && text[i + 1] == '\\' ? 2 : 1;
        step = step == 1 && length > 1 ? length : step;
        if (broken)
            to = (char *) memcpy (to, REPLACEMENT, 3) + 3;
        else
            to = (char *) memcpy (to, text + i, step) + step;
        changed = changed || broken;
    }
    if (!changed) {
        free (copy);
        return NULL;
    }
    *ret_size = (size_t) (to - copy);
    *to = '\0';
    return copy;
}
