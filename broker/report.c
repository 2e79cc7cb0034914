#include "report.h"

#include "json_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void report_open (report_t *self)
{
    *self = (report_t){0};
    self->stream = open_memstream (&self->text, &self->size);
}

static void report_fail (report_t *self)
{
    if (self->stream)
        fclose (self->stream);
    self->stream = NULL;
}

static void end_section (report_t *self)
{
    if (self->left_out > 0)
        report_print (self, "- and %zu more, which are not told here\n", self->left_out);
    self->left_out = 0;
}

char *report_close (report_t *self)
{
    end_section (self);
    bool failed = !self->stream || ferror (self->stream) || fclose (self->stream) != 0;
    char *text = self->text;
    *self = (report_t){0};
    if (failed)
        free (text);
    return failed ? NULL : text;
}

void report_section (report_t *self, const char *heading)
{
    end_section (self);
    report_print (self, "\n## %s\n\n", heading);
    self->section = self->stream ? ftell (self->stream) : 0;
}

bool report_room (report_t *self)
{
    if (self->left_out == 0 && self->stream && ftell (self->stream) - self->section < REPORT_SECTION)
        return true;
    self->left_out++;
    return false;
}

void report_print (report_t *self, const char *format, ...)
{
    va_list arguments;
    if (!self->stream)
        return;
    va_start (arguments, format);
    vfprintf (self->stream, format, arguments);
    va_end (arguments);
}

void report_quote (report_t *self, const char *indent, const char *text)
{
    for (size_t length; text && *text; text += length + (text[length] ? 1 : 0)) {
        length = strcspn (text, "\n");
        report_print (self, "%s>%s%.*s\n", indent, length > 0 ? " " : "", (int) length, text);
    }
}

void report_time (report_t *self, uint64_t at)
{
    time_t seconds = (time_t) (at / 1000);
    char text[32];
    struct tm parts;
    if (gmtime_r (&seconds, &parts) && strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
        report_print (self, "%s", text);
}

void report_duration (report_t *self, uint64_t milliseconds)
{
    uint64_t minutes = milliseconds / 60000, rest = milliseconds % 60000;
    if (minutes >= 60)
        report_print (self, "%" PRIu64 "h ", minutes / 60);
    if (minutes > 0)
        report_print (self, "%" PRIu64 "m ", minutes % 60);
    report_print (self, "%" PRIu64 ".%03" PRIu64 "s", rest / 1000, rest % 1000);
}

void report_value (report_t *self, const baton_bytes_t *value)
{
    json_text_t json = {0};
    baton_bytes_t text = {0};
    json_text_value (&json, value);
    if (json_text_take (&json, &text, NULL) == BATON_OK)
        report_print (self, "%.*s", (int) text.size, (const char *) text.data);
    else
        report_fail (self);
    bytes_clear (&text);
}
