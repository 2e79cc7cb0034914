/*  The manual of `baton`, from the tables, in the format of scdoc(5): baton(1), and a page for each noun. */
#ifndef BATON_MANUAL_H
#define BATON_MANUAL_H

#include <stdbool.h>
#include <stdio.h>

/*  Prints the page of that name, "baton" or "baton-session"; false when there is none. */
bool manual_print (FILE *out, const char *page);

/*  The names of all pages, one a line. */
void manual_list (FILE *out);

#endif
