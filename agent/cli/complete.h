/*  Completion of a half-typed command line, for every shell alike.
 *
 *  What a shell runs (deploy/completion) is a few lines that hand the words on to `baton __complete WORD…`. What could
 * come next is decided here, from the tables that the commands are made of.
 */
#ifndef BATON_COMPLETE_H
#define BATON_COMPLETE_H

#include "cli.h"

/*  Prints what the last of the words (it may be empty) could become: a line each, with its meaning after a tab. A last
 *  line ":files" says that names of files fit too. Sessions, breakpoints and nodes are asked of the broker, for a
 *  second at most; a broker that is away gives none. words are without "baton". */
void complete_print (cli_t *cli, int count, char **words);

#endif
