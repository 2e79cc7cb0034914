/*  Workspaces that an export reads: scanned and read beside the loop, one thread for each, and forgotten when nobody
 * has asked for a while. The broker asks only while no run is under way.
 */
#ifndef BATON_LEND_H
#define BATON_LEND_H

#include "link.h"
#include "schema.h"

typedef struct lend lend_t;

/*  link is borrowed: the answers go there. */
BATON_MUST_USE baton_status lend_new (zloop_t *loop, link_t *link, lend_t **ret_lend, baton_error_t *error);
void lend_destroy (lend_t **self);

/*  Answers the request of that id with a workspace_listing of the folder at root. */
void lend_manifest (lend_t *self, uint64_t id, const workspace_order_t *order, const char *root);

/*  Answers it with a workspace_pack, of the manifest that was asked for last. */
void lend_chunks (lend_t *self, uint64_t id, const workspace_order_t *order);

/*  Forgets what nobody has asked for in a minute. */
void lend_tidy (lend_t *self);

#endif
