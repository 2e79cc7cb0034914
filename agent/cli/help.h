/*  Help at each level, from the tables. */
#ifndef BATON_HELP_H
#define BATON_HELP_H

#include "command.h"

void help_all (FILE *out);
void help_noun (FILE *out, const char *noun);
void help_command (FILE *out, const command_t *command);

/*  "baton session create TITLE [--objective TEXT] …", without a line feed. */
void help_usage (FILE *out, const command_t *command);

#endif
