/*  baton-run-shim: the shim as a program of its own, which links none of the node's libraries. */
#include "shim.h"

#include <string.h>

int main (int argc, char **argv)
{
    return argc > 1 && strcmp (argv[1], SHIM_WORD) == 0 ? shim_main (argc - 1, argv + 1) : 2;
}
