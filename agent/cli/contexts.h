/*  The contexts in this user's folder, by name. */
#ifndef BATON_CLI_CONTEXTS_H
#define BATON_CLI_CONTEXTS_H

#include "schema.h"

#include <baton/baton.h>

#define CONTEXT_NAME_SIZE (LIMIT_NAME + 8)

/*  The one that default.ctx is a link to; "" when it is none. */
void contexts_default (char ret_name[CONTEXT_NAME_SIZE]);

/*  All of them in alphabetical order, without that link itself. ret_names, zeroed, is the caller's to clear. */
BATON_MUST_USE baton_status contexts_list (baton_texts_t *ret_names, baton_error_t *error);

#endif
