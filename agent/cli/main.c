#include "cli.h"

#include <malloc.h>
#include <signal.h>

#define KEPT (32 << 20) /*  bytes; the most that malloc allows to be asked for */

int main (int argc, char **argv)
{
    /*  Whoever reads our output may stop: then writing fails, and that ends us. */
    signal (SIGPIPE, SIG_DFL);
    /*  Contents of megabytes come and go, and malloc would have the kernel clear the memory of each anew. */
    mallopt (M_MMAP_THRESHOLD, KEPT);
    mallopt (M_TRIM_THRESHOLD, KEPT);
    return cli_main (argc, argv, stdout, stderr);
}
