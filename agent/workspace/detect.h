/*  What a folder is part of: its version control, its project, the workspaces around it and their members.
 *
 *  Everything is read from names and from a few small files. Nothing of the workspace is run, nothing is written, and
 *  no folder above a mount point, the home of the user or `/` is looked at (these themselves only when they are what is
 *  asked about, but for a mount point, which is often the workspace itself).
 */
#ifndef BATON_DETECT_H
#define BATON_DETECT_H

#include "schema.h"

/*  Looks from a folder upward. home is the user's, or NULL. What can't be read is left out and noted. The report is a
 *  zeroed record, which the caller clears. not_found and others when the folder itself can't be used,
 *  failed_precondition for one that has no files to work with, such as a bare repository. */
BATON_MUST_USE baton_status workspace_detect (const char *folder, const char *home, workspace_report_t *ret_report,
                                              baton_error_t *error);

#endif
