/*  What a ready content is, for those who write it and those who commit it; nobody outside this room includes it. */
#ifndef BATON_STORE_CONTENT_INTERNAL_H
#define BATON_STORE_CONTENT_INTERNAL_H

#include "id.h"
#include "store_folder.h"

struct store_content {
    char digest[DIGEST_SIZE];
    size_t size;          /*  packed */
    baton_bytes_t packed; /*  of one that goes into its row */
    char *path;           /*  the file of one that is large; NULL once a commit has taken it over */
};

#endif
