#include "cli.h"

#include <signal.h>

int main (int argc, char **argv)
{
    /*  Whoever reads our output may stop: then writing fails, and that ends us. */
    signal (SIGPIPE, SIG_DFL);
    return cli_main (argc, argv, stdout, stderr);
}
