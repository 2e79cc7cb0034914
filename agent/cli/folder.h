/*  The user's own folder: contexts, the signing key, known signers. */
#ifndef BATON_FOLDER_H
#define BATON_FOLDER_H

#include <baton/baton.h>

/*  Makes the folder at that path, and those above it. */
BATON_MUST_USE baton_status folder_make (const char *path, baton_error_t *error);

#endif
