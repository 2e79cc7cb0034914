/*  Regular expressions, applied line by line to files that others wrote. */
#ifndef BATON_LINES_H
#define BATON_LINES_H

#include <stdbool.h>
#include <stddef.h>

/*  The next line of a text, without its end; false past the last. *at is where it begins. Lines that are longer than
 *  LINES_LONGEST are left out: no file that people write has one, and matching takes time. */
#define LINES_LONGEST 4096
bool lines_next (const char **at, const char *end, char ret_line[LINES_LONGEST]);

/*  Whether a line matches an extended regular expression; with '!' before it, whether none does. */
bool lines_match (const char *text, size_t size, const char *expression);

/*  Calls `each` with what the first group matches in each line, until it gives false. */
void lines_matches (const char *text, size_t size, const char *expression, bool each (void *self, const char *match),
                    void *self);

#endif
