/*  What the files of the rendering share; nobody else includes it. */
#ifndef BATON_RENDER_INTERNAL_H
#define BATON_RENDER_INTERNAL_H

#include "json_text.h"
#include "window_items.h"

#define RENDER_NO_RESULT "There is no result yet."
#define RENDER_BEFORE "(What came before is not shown.)"

/*  A blob whose content is shown. */
typedef struct {
    size_t item, part;
    const char *type; /*  image/png, …, as the APIs know it */
    bool document;    /*  or else an image */
    baton_bytes_t content;
} render_blob_t;

typedef struct {
    size_t count;
    render_blob_t *items; /*  ascending */
} render_blobs_t;

typedef struct {
    const char *session; /*  whose context it is */
    const shown_list_t *list;
    const bool *kept; /*  which of its items are shown */
    const render_blobs_t *blobs;
    json_text_t *out;
} rendition_t;

/*  render_blobs.c: reads the blobs that a model's API takes, of the items that are kept. The store must be of the same
 *  view as the list. */
BATON_MUST_USE baton_status render_blobs_read (store_t *store, const shown_list_t *list, const bool *kept,
                                               render_blobs_t *ret_blobs, baton_error_t *error);
void render_blobs_clear (render_blobs_t *blobs);

/*  The blob of that part; NULL: it is none, or a line stands for it. */
const render_blob_t *render_blob (const rendition_t *self, const shown_t *item, size_t part);

/*  One of these for each format. */
void render_anthropic (const rendition_t *self);
void render_openai (const rendition_t *self);
void render_text (const rendition_t *self);
void render_json (const rendition_t *self);

/*  The pairs whose call stands in that item; *at begins at 0 and is moved on. NULL when there are no more. */
const pair_t *render_next_pair (const rendition_t *self, size_t item, size_t *at);

/*  Whether a part stands where its item does: not a result, which stands with its call. */
bool render_in_place (const shown_t *item, size_t part);

/*  What a model reads of a part that is no call, between the quotes of a string. */
void render_words (json_text_t *out, const shown_t *item, size_t part);

/*  What a model reads of a result, between the quotes; NULL: there is none. */
void render_result (json_text_t *out, const part_t *result);

#endif
