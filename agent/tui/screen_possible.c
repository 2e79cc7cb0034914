/*  Apart from the rest, since <term.h> takes words such as "lines" and "columns" for itself. */
#include "screen.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

bool screen_possible (void)
{
    int answer;
    const char *term = getenv ("TERM");
    if (!isatty (STDIN_FILENO) || !isatty (STDOUT_FILENO) || !term || setupterm (NULL, STDOUT_FILENO, &answer) != OK)
        return false;
    bool moves = cursor_address && *cursor_address && clear_screen && *clear_screen;
    del_curterm (cur_term);
    return moves;
}
