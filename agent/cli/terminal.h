/*  What a terminal may be told. It obeys escape sequences, whoever wrote them: what comes from sessions is shown with
 *  each control character written out ("\u001b"), so that a log can neither move the cursor nor name the window.
 */
#ifndef BATON_TERMINAL_H
#define BATON_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*  Columns of the terminal behind a stream; 0 when it is none. 80 when the terminal does not say. */
size_t terminal_width (FILE *stream);

/*  A filter for a stream of bytes that comes in pieces; zeroed at its beginning. */
typedef struct {
    unsigned rest; /*  bytes that the current UTF-8 sequence still needs */
    bool held;     /*  0xc2 was seen: what follows says whether it begins a control character */
} terminal_filter_t;

/*  Writes with control characters other than line feed, tab and carriage return written out, and bytes that are no
 *  UTF-8 as "\xff". */
void terminal_write (terminal_filter_t *filter, FILE *out, const void *data, size_t size);

/*  The same for a whole text, without carriage returns too. Takes text, which may be NULL; the result is freed by the
 *  caller, and NULL for lack of memory. */
char *terminal_clean (char *text);

#endif
