/*  The items of OpenAI's Responses API, which Codex's rollouts have too. */
#ifndef BATON_RESPONSES_H
#define BATON_RESPONSES_H

#include "draft.h"

/*  Reads an item; what is no item becomes what its line says besides. outer: more of that, or NULL. */
void responses_read (draft_t *draft, const json_t *item, const json_t *outer);

/*  Whether a value looks like one of these items. */
bool responses_is_item (const json_t *value);

/*  The items of a part's kind that an item of ours becomes, as an array. */
json_t *responses_of (const item_t *item);

#endif
