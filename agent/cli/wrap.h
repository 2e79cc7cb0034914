/*  Lines of help, broken between words. */
#ifndef BATON_WRAP_H
#define BATON_WRAP_H

#include <stddef.h>
#include <stdio.h>

/*  Prints text with no line longer than width columns where a break can help. What is broken off goes on below the
 *  second column of its line ("  --flag WORD    the help"), or a little to the right of its beginning. */
void wrap_print (FILE *out, const char *text, size_t width);

#endif
