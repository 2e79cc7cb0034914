#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*  The one global: set once at the start, read by all threads. */
static log_level_t threshold = LOG_LEVEL_info;

void log_set_level (log_level_t level)
{
    threshold = level;
}

static void write_line (log_level_t level, const char *name, const char *format, va_list arguments)
{
    if (level > threshold)
        return;
    char line[1024];
    vsnprintf (line, sizeof line, format, arguments);
    if (getenv ("JOURNAL_STREAM"))
        fprintf (stderr, "<%d>%s\n", (int) level, line);
    else
        fprintf (stderr, "%s: %s\n", name, line);
}

#define LOG_FUNCTION(name)                                                                                             \
    void log_##name (const char *format, ...)                                                                          \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        va_start (arguments, format);                                                                                  \
        write_line (LOG_LEVEL_##name, #name, format, arguments);                                                       \
        va_end (arguments);                                                                                            \
    }

LOG_FUNCTION (error)
LOG_FUNCTION (warning)
LOG_FUNCTION (info)
LOG_FUNCTION (debug)
