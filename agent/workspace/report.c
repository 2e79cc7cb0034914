#include "report.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

baton_status report_text (char **field, const char *text)
{
    size_t size = strlen (text);
    if (text_valid (text, size, false))
        return text_set (field, text);
    char *line = malloc (4 * size + 1), *at = line;
    if (!line)
        return BATON_resource_exhausted;
    for (; *text; text++)
        at += sprintf (at, *text >= 0x20 && *text < 0x7f ? "%c" : "\\x%02x", (unsigned char) *text);
    free (*field);
    *field = line;
    return BATON_OK;
}

void report_note (workspace_report_t *report, const char *format, ...)
{
    char note[LIMIT_TITLE], *line = NULL;
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (note, sizeof note, format, arguments);
    va_end (arguments);
    if (report->notes.count < LIMIT_NOTES && report_text (&line, note) == BATON_OK && line &&
        !texts_contain (&report->notes, line))
        (void) !texts_add (&report->notes, line); /*  for lack of memory there is a note less */
    free (line);
}

baton_status report_language (workspace_report_t *report, const char *language)
{
    return !*language || texts_contain (&report->languages, language) || report->languages.count >= LIMIT_MARKERS
               ? BATON_OK
               : texts_add (&report->languages, language);
}
