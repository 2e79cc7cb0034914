/*  Help at each level, from the tables. */
#ifndef BATON_HELP_H
#define BATON_HELP_H

#include "command.h"

#define HELP_WIDTH 80 /*  columns where there is no terminal */

/*  Lines are broken between words at that width. */
void help_all (FILE *out, size_t width);
void help_noun (FILE *out, const char *noun, size_t width);
void help_command (FILE *out, const command_t *command, size_t width);

/*  What all commands share: flags, environment, exit codes. */
void help_common (FILE *out);

/*  "baton session create TITLE [--objective TEXT] …", without a line feed. */
void help_usage (FILE *out, const command_t *command);

#endif
