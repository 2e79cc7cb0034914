/*  Prints a page of baton's manual as scdoc(5) source, or the names of all pages: what the build makes the manual with.
 */
#include "manual.h"

#include <stdlib.h>

int main (int argc, char **argv)
{
    if (argc == 1) {
        manual_list (stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && manual_print (stdout, argv[1]) && fflush (stdout) == 0)
        return EXIT_SUCCESS;
    fprintf (stderr, "usage: baton-manual [PAGE]\n");
    return 2;
}
