/*  A folder that is looked at: what names it has, and the small files in it. Owns a descriptor and a list of names. */
#ifndef BATON_FOLDER_H
#define BATON_FOLDER_H

#include "record.h"

typedef struct {
    int fd;
    bool listed;
    bool cut;            /*  it has more names than are looked at */
    baton_texts_t names; /*  ascending; once listed */
} folder_t;

/*  Opens a folder below another, or any where `at` is AT_FDCWD. False with errno when there is none that can be
 *  entered. With `plain`, a link to a folder is none. One that may be entered and not be read is opened, too: then only
 *  names that are known can be found in it. */
bool folder_open (int at, const char *path, bool plain, folder_t *ret_folder);
void folder_close (folder_t *self);

/*  Whether a file of that name is there, or with '/' at its end, a folder. */
bool folder_has (const folder_t *self, const char *name);

/*  Reads the names, once. False with errno when it may not be read. */
bool folder_list (folder_t *self);

/*  The first name that a pattern of markers.def means, or NULL. Borrowed from the folder or from pattern. */
const char *folder_find (folder_t *self, const char *pattern);

/*  A file of at most LIMIT_MARKER_BYTES as a text that ends with NUL, freed by the caller; NULL with errno. Reads
 *  ordinary files only: nothing that would wait. */
char *folder_read (const folder_t *self, const char *name, size_t *ret_size);

#endif
