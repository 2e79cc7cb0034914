#include "text.h"

#include <stdint.h>
#include <string.h>

/*  Length of the well-formed sequence at text, 0 when there is none. The ranges are the table of RFC 3629, section 4.
 */
static size_t sequence (const uint8_t *text, size_t size, uint32_t *ret_point)
{
    uint8_t first = text[0];
    if (first < 0x80) {
        *ret_point = first;
        return 1;
    }
    size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                    : (first & 0xf0) == 0xe0         ? 3
                    : first >= 0xf0 && first <= 0xf4 ? 4
                                                     : 0;
    if (length == 0 || length > size)
        return 0;
    uint32_t point = first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text[i] & 0x3f);
    }
    if ((length == 3 && point < 0x800) || (length == 4 && (point < 0x10000 || point > 0x10ffff)) ||
        (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return length;
}

/*  What makes a line look like another one, or like two: U+2028, U+2029 and the bidirectional embeddings, overrides and
 *  isolates of UAX #9. A title is what people decide by. */
static bool deceives (uint32_t point)
{
    return (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/*  Length of the first character when it may stand in a text, otherwise 0. */
static size_t accept (const uint8_t *text, size_t size, bool lines)
{
    uint32_t point = 0;
    size_t length = sequence (text, size, &point);
    bool control = point < 0x20 || (point >= 0x7f && point <= 0x9f);
    if ((control && !(lines && (point == '\n' || point == '\t'))) || (!lines && deceives (point)))
        return 0;
    return length;
}

bool text_valid (const char *text, size_t size, bool lines)
{
    for (size_t length = 0; size > 0; text += length, size -= length) {
        length = accept ((const uint8_t *) text, size, lines);
        if (length == 0)
            return false;
    }
    return true;
}

void text_line (char *text, size_t most)
{
    size_t size = strnlen (text, most);
    text[size] = '\0';
    while (size > 0) {
        size_t length = accept ((const uint8_t *) text, size, false);
        if (length == 0) {
            *text = ' ';
            length = 1;
        }
        text += length;
        size -= length;
    }
}

bool name_valid (const char *text, size_t size)
{
    static const char FIRST[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char LATER[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@/+-";
    if (size == 0 || !memchr (FIRST, text[0], sizeof FIRST - 1))
        return false;
    for (size_t i = 1; i < size; i++)
        if (!memchr (LATER, text[i], sizeof LATER - 1))
            return false;
    return true;
}

size_t text_cut (const char *text, size_t most)
{
    size_t length = strnlen (text, most);
    while (length > 0 && text[length] && ((unsigned char) text[length] & 0xc0) == 0x80)
        length--;
    return length;
}
