/*  The members of a workspace: the folders that its patterns mean. */
#ifndef BATON_MEMBERS_H
#define BATON_MEMBERS_H

#include "folder.h"
#include "markers.h"
#include "patterns.h"

/*  Reads what the file lists (file is its name here) and looks for it below the root. Sets *ret_listed when the file
 *  makes this folder a workspace, and then fills in group->members and group->more. */
BATON_MUST_USE baton_status members_read (folder_t *root, const marker_found_t *found, workspace_report_t *report,
                                          workspace_group_t *group, bool *ret_listed);

#endif
