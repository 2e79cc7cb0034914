/*  What a session knows from the beginning: the AGENTS.md files of its workspace, and files that were asked for. */
#ifndef BATON_BOOTSTRAP_H
#define BATON_BOOTSTRAP_H

#include "schema.h"

typedef struct {
    const char *workspace;        /*  a folder of this host */
    const baton_texts_t *folders; /*  inside it: AGENTS.md files are read from its root down to each of these; NULL:
                                   * none are read */
    const baton_texts_t *files;   /*  relative to the workspace, or absolute */
} bootstrap_t;

/*  Adds an item for each file to a list of `opening`: AGENTS.md first, the nearest last and all of them as
 *  instructions (role system), then the files (role user) in the order given. ret_openings is the list's address. An
 *  AGENTS.md that is not there is no error; a file that is not, or that is no text, or that lies outside of the
 *  workspace by a link, is one. */
BATON_MUST_USE baton_status bootstrap_read (const bootstrap_t *bootstrap, void *ret_openings, baton_error_t *error);

/*  The folders in which the bindings lie, for bootstrap.folders; a glob's is the one before its first wildcard. Without
 *  bindings it is `folder`. */
BATON_MUST_USE baton_status bootstrap_folders (const binding_t *bindings, size_t count, const char *workspace,
                                               const char *folder, baton_texts_t *ret_folders);

/*  Refuses a workspace that is not on this host. */
BATON_MUST_USE baton_status bootstrap_check (const char *workspace, baton_error_t *error);

#endif
