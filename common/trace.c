#include "trace.h"

#include <string.h>

static bool is_hex (const char *text, size_t size)
{
    return strspn (text, "0123456789abcdef") >= size;
}

static bool is_zero (const char *text, size_t size)
{
    return strspn (text, "0") >= size;
}

bool trace_valid (const char *text)
{
    return text && strlen (text) == TRACE_SIZE - 1 && strncmp (text, "00-", 3) == 0 && is_hex (text + 3, 32) &&
           !is_zero (text + 3, 32) && text[35] == '-' && is_hex (text + 36, 16) && !is_zero (text + 36, 16) &&
           text[52] == '-' && is_hex (text + 53, 2);
}
