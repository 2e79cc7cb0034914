/*  The content of Anthropic's messages, which Claude Code's lines have too: a text, or a list of blocks. */
#ifndef BATON_BLOCKS_H
#define BATON_BLOCKS_H

#include "draft.h"

/*  Reads a content. What known blocks say beyond what becomes parts is added to rest, under "blocks" and their index.
 */
void blocks_read (draft_t *draft, item_role_e role, const json_t *content, json_t *rest);

/*  The blocks of an item. NULL for lack of memory. */
json_t *blocks_of (const item_t *item);

#endif
