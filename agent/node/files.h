/*  Small files whose content is either the old or the new, and folders. Paths are absolute or relative to the process.
 */
#ifndef BATON_FILES_H
#define BATON_FILES_H

#include <baton/status.h>
#include <stddef.h>

/*  Makes the folder and those above it, mode 0700. One that is there is fine. */
BATON_MUST_USE baton_status files_make_folder (const char *path, baton_error_t *error);

/*  Writes the whole file with mode 0600 under another name, flushes it and moves it into place: after a crash there is
 *  either all of it or what was there before. */
BATON_MUST_USE baton_status files_write (const char *path, const void *data, size_t size, baton_error_t *error);
/*  The same for what need not survive the end of the machine: only that of the process. */
BATON_MUST_USE baton_status files_write_unflushed (const char *path, const void *data, size_t size,
                                                   baton_error_t *error);

/*  Reads at most size - 1 bytes and adds a NUL; false when there is no such file or it can't be read. */
bool files_read (const char *path, char *ret_text, size_t size);

/*  Removes a folder with all that is in it, never through a symbolic link. One that isn't there is fine. */
void files_remove_tree (const char *path);

#endif
