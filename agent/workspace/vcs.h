/*  The working copy that a folder is the root of. */
#ifndef BATON_VCS_H
#define BATON_VCS_H

#include "folder.h"
#include "schema.h"

typedef baton_status (vcs_reader_t) (const folder_t *folder, const char *path, workspace_vcs_t *vcs,
                                     baton_error_t *error);

vcs_reader_t vcs_read_git, vcs_read_hg, vcs_read_jj;

/*  Looks whether the folder at path is a root, or, for what spreads, within a working copy. Then vcs->kind is set, and
 *  *ret_spread says whether the folder above may be the root instead. failed_precondition for a folder that belongs to
 *  a repository itself. */
BATON_MUST_USE baton_status vcs_look (const folder_t *folder, const char *path, workspace_vcs_t *ret_vcs,
                                      bool *ret_spread, baton_error_t *error);

/*  Says in `inner` that the working copy around it lists it as a part, where it does. */
BATON_MUST_USE baton_status vcs_relate (workspace_vcs_t *inner, const workspace_vcs_t *outer);

/*  The first line of a small file, without what is around it; false when there is none. */
bool vcs_line (const folder_t *folder, const char *name, char ret_line[LIMIT_PATH]);

#endif
