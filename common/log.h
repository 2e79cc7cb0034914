/*  The log: one line a message on standard error, with the priority prefix of sd-daemon(3) when the journal reads it.
 *  Never secrets, never whole bodies.
 */
#ifndef BATON_LOG_H
#define BATON_LOG_H

typedef enum { LOG_LEVEL_error = 3, LOG_LEVEL_warning = 4, LOG_LEVEL_info = 6, LOG_LEVEL_debug = 7 } log_level_t;

/*  Messages above this level are dropped; info at the start. */
void log_set_level (log_level_t level);

void log_error (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void log_warning (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void log_info (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void log_debug (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

#endif
