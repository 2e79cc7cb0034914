#include "render.h"

#include "render_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- what fits ---- */

static bool stays (const shown_t *item)
{
    return item->pinned || item->summary || item->item.role == item_role_system;
}

/*  A turn begins where the user speaks. */
static bool begins_turn (const shown_t *item)
{
    return item->item.role == item_role_user && !item->summary && item->taken == 0;
}

/*  From which item on everything is shown: the earliest that fits, of those that begin a turn if any of them does. */
static size_t first_that_fits (const shown_list_t *list, uint64_t room)
{
    uint64_t tokens = 0;
    size_t best = list->count, best_turn = list->count;
    for (size_t i = list->count; i-- > 0;) {
        const shown_t *item = &list->items[i];
        tokens += stays (item) ? 0 : item->item.tokens;
        if (tokens > room)
            break;
        if (shown_cut_before (list, i) != i)
            continue;
        best = i;
        if (begins_turn (item))
            best_turn = i;
    }
    return best_turn < list->count ? best_turn : best;
}

static baton_status choose (const shown_list_t *list, uint64_t budget, bool *kept, baton_error_t *error)
{
    uint64_t fixed = 0;
    for (size_t i = 0; i < list->count; i++)
        fixed += stays (&list->items[i]) ? list->items[i].item.tokens : 0;
    if (budget > 0 && fixed > budget)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "budget",
                                 "a budget of %lu tokens can't hold what always stays (system prompt, pinned items, "
                                 "summary): that is %lu",
                                 budget, fixed);
    size_t first = budget > 0 ? first_that_fits (list, budget - fixed) : 0;
    for (size_t i = 0; i < list->count; i++)
        kept[i] = i >= first || stays (&list->items[i]);
    return BATON_OK;
}

/* ---- what all formats share ---- */

const pair_t *render_next_pair (const rendition_t *self, size_t item, size_t *at)
{
    const shown_list_t *list = self->list;
    while (*at < list->pairs.count && list->pairs.items[*at].call < item)
        ++*at;
    return *at < list->pairs.count && list->pairs.items[*at].call == item ? &list->pairs.items[(*at)++] : NULL;
}

bool render_in_place (const shown_t *item, size_t part)
{
    return !(item->taken & 1u << part) && shown_part (item, part)->kind != part_kind_tool_call;
}

static void add_literal (json_text_t *out, const char *text)
{
    json_text_escaped (out, text, strlen (text));
}

static void add_blob (json_text_t *out, const part_t *part)
{
    add_literal (out, "[blob ");
    add_literal (out, part->digest);
    if (part->media_type) {
        add_literal (out, ", ");
        add_literal (out, part->media_type);
    }
    add_literal (out, ", ");
    json_text_number (out, part->size);
    add_literal (out, " bytes]");
}

/*  A value inside a string. */
static void add_value (json_text_t *out, const baton_bytes_t *value)
{
    json_text_t inner = {0};
    json_text_value (&inner, value);
    out->failed = out->failed || inner.failed;
    json_text_escaped (out, inner.data, inner.size);
    json_text_clear (&inner);
}

static void add_heading (json_text_t *out, const shown_t *item)
{
    if (item->summary)
        add_literal (out, "Summary of the conversation before this point:\n\n");
    else if (item->item.source) {
        add_literal (out, "File ");
        add_literal (out, item->item.source);
        add_literal (out, ":\n\n");
    }
}

void render_words (json_text_t *out, const shown_t *item, size_t index)
{
    const part_t *part = shown_part (item, index);
    if (index == 0)
        add_heading (out, item);
    if (part->kind == part_kind_tool_result) {
        add_literal (out, "Result of the call ");
        add_literal (out, part->call ? part->call : "?");
        add_literal (out, ": ");
    }
    if (part->kind == part_kind_blob)
        add_blob (out, part);
    if (part->text)
        add_literal (out, part->text);
    if (part->text && part->value.size > 0)
        add_literal (out, "\n");
    if (part->value.size > 0)
        add_value (out, &part->value);
}

void render_result (json_text_t *out, const part_t *result)
{
    if (!result) {
        add_literal (out, RENDER_NO_RESULT);
        return;
    }
    if (result->text)
        add_literal (out, result->text);
    if (result->text && result->value.size > 0)
        add_literal (out, "\n");
    if (result->value.size > 0)
        add_value (out, &result->value);
}

/* ---- all of it ---- */

static void count (const session_t *state, const rendition_t *rendition, rendering_t *ret_rendering)
{
    const shown_list_t *list = rendition->list;
    for (size_t i = 0; i < list->count; i++) {
        const shown_t *item = &list->items[i];
        *(rendition->kept[i] ? &ret_rendering->items : &ret_rendering->left_out_items) += 1;
        *(rendition->kept[i] ? &ret_rendering->tokens : &ret_rendering->left_out_tokens) += item->item.tokens;
        ret_rendering->estimated += rendition->kept[i] && item->item.estimated;
    }
    for (size_t i = 0; i < list->pairs.count; i++)
        ret_rendering->open_calls +=
            rendition->kept[list->pairs.items[i].call] && list->pairs.items[i].result == list->count;
    for (size_t i = 0; i < state->window.spans.count; i++)
        ret_rendering->compacted = ret_rendering->compacted || state->window.spans.items[i].summary;
    ret_rendering->n = state->n;
}

baton_status render (store_t *store, const session_t *state, const shown_list_t *list, render_format_e format,
                     uint64_t budget, rendering_t *ret_rendering, baton_error_t *error)
{
    static void (*const FORMATS[render_format_count]) (const rendition_t *) = {[render_format_none] = render_json,
                                                                               [render_format_anthropic] =
                                                                                   render_anthropic,
                                                                               [render_format_openai] = render_openai,
                                                                               [render_format_text] = render_text,
                                                                               [render_format_json] = render_json};
    json_text_t out = {0};
    bool *kept = calloc (list->count + 1, sizeof *kept);
    if (!kept)
        return baton_fail_memory (error);
    render_blobs_t blobs = {0};
    baton_status status = choose (list, budget, kept, error);
    if (status == BATON_OK && (format == render_format_anthropic || format == render_format_openai))
        status = render_blobs_read (store, list, kept, &blobs, error);
    if (status == BATON_OK) {
        rendition_t rendition = {.session = state->session, .list = list, .kept = kept, .blobs = &blobs, .out = &out};
        FORMATS[format](&rendition);
        count (state, &rendition, ret_rendering);
        status = json_text_take (&out, &ret_rendering->content, error);
        ret_rendering->size = ret_rendering->content.size;
    }
    render_blobs_clear (&blobs);
    free (kept);
    return status;
}
