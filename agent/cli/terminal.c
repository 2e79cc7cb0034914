#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80

size_t terminal_width (FILE *stream)
{
    struct winsize size = {0};
    int fd = fileno (stream); /*  -1 for a stream in memory */
    if (fd < 0 || !isatty (fd))
        return 0;
    return ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH_DEFAULT;
}

/*  Bytes that follow the first of a UTF-8 sequence (RFC 3629); 0 for one that begins none of several bytes. */
static unsigned rest_of (uint8_t first)
{
    return first >= 0xc2 && first <= 0xdf   ? 1
           : first >= 0xe0 && first <= 0xef ? 2
           : first >= 0xf0 && first <= 0xf4 ? 3
                                            : 0;
}

/*  0xc2 0x80 to 0xc2 0x9f are the control characters U+0080 to U+009F. True when byte has been dealt with. */
static bool end_held (terminal_filter_t *filter, FILE *out, uint8_t byte)
{
    filter->held = false;
    filter->rest = 0;
    if (byte >= 0x80 && byte <= 0x9f)
        fprintf (out, "\\u%04x", byte);
    else if (byte >= 0xa0 && byte <= 0xbf)
        fprintf (out, "\xc2%c", byte);
    else
        fputs ("\\xc2", out);
    return byte >= 0x80 && byte <= 0xbf;
}

static void write_byte (terminal_filter_t *filter, FILE *out, uint8_t byte)
{
    if (filter->held && end_held (filter, out, byte))
        return;
    bool follows = byte >= 0x80 && byte <= 0xbf;
    if (follows && filter->rest > 0) {
        filter->rest--;
        putc (byte, out);
        return;
    }
    filter->rest = rest_of (byte);
    filter->held = byte == 0xc2;
    if (filter->held)
        return;
    if (byte == '\n' || byte == '\t' || byte == '\r' || (byte >= 0x20 && byte < 0x7f) || filter->rest > 0)
        putc (byte, out);
    else
        fprintf (out, byte < 0x80 ? "\\u%04x" : "\\x%02x", byte);
}

void terminal_write (terminal_filter_t *filter, FILE *out, const void *data, size_t size)
{
    for (const uint8_t *byte = data; size > 0; byte++, size--)
        write_byte (filter, out, *byte);
}

/*  Most texts have nothing to hide. 0xc2 begins a control character, or a harmless one that is looked at closely. */
static bool is_clean (const char *text)
{
    for (; *text; text++)
        if (((unsigned char) *text < 0x20 && *text != '\n' && *text != '\t') || *text == 0x7f || *text == '\xc2')
            return false;
    return true;
}

char *terminal_clean (char *text)
{
    if (!text || is_clean (text))
        return text;
    terminal_filter_t filter = {0};
    char *clean = NULL;
    size_t size = 0;
    FILE *stream = open_memstream (&clean, &size);
    for (const char *at = text; stream && *at; at++)
        if (*at == '\r')
            fputs ("\\r", stream);
        else
            terminal_write (&filter, stream, at, 1);
    if (stream && fclose (stream) != 0) {
        free (clean);
        clean = NULL;
    }
    free (text);
    return clean;
}
