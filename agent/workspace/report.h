/*  Writing into a report: its texts are lines, whatever bytes the names of files have. */
#ifndef BATON_REPORT_H
#define BATON_REPORT_H

#include "schema.h"

/*  Sets a field to a path or to a text of a file; bytes that no line may have are written as \xNN. */
BATON_MUST_USE baton_status report_text (char **field, const char *text);

/*  Notes what could not be looked at; beyond LIMIT_NOTES nothing is noted. */
void report_note (workspace_report_t *report, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  Adds a language, once; "" is none. */
BATON_MUST_USE baton_status report_language (workspace_report_t *report, const char *language);

#endif
