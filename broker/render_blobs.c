/*  Blobs that are shown to a model as what they are, not as a line that names them: images and PDFs, which both APIs
 *  take from the user alone.
 *
 *  Which of them are shown depends on the window alone. When they are too many, the oldest are lines, and the cut moves
 *  in steps of half of what fits: so a provider seldom finds the beginning changed.
 */
#include "render_internal.h"

#include <stdlib.h>
#include <string.h>

#define CUT_STEP (LIMIT_RENDER_BLOBS / 2)

typedef struct {
    const char *type;
    bool document;
    size_t at; /*  where the mark stands in the content */
    size_t size;
    const char *mark;
} media_t;

/*  What is not what it says that it is would make the API refuse the whole request. */
static const media_t MEDIA[] = {
    {"image/png", false, 0, 8, "\x89PNG\r\n\x1a\n"},
    {"image/jpeg", false, 0, 3, "\xff\xd8\xff"},
    {"image/gif", false, 0, 4, "GIF8"},
    {"image/webp", false, 8, 4, "WEBP"},
    {"application/pdf", true, 0, 5, "%PDF-"},
};

static const media_t *media_of (const shown_t *item, const part_t *part)
{
    bool users = item->item.role == item_role_user || item->item.role == item_role_tool;
    if (!users || part->kind != part_kind_blob || !part->digest || part->size == 0 || part->size > LIMIT_RENDER_BLOB)
        return NULL;
    for (size_t i = 0; i < sizeof MEDIA / sizeof *MEDIA; i++)
        if (text_equal (MEDIA[i].type, part->media_type))
            return &MEDIA[i];
    return NULL;
}

static bool is_media (const media_t *media, const baton_bytes_t *content)
{
    return content->size >= media->at + media->size &&
           memcmp (content->data + media->at, media->mark, media->size) == 0;
}

/*  Up to which of all bytes blobs are lines. */
static uint64_t cut_of (const shown_list_t *list, const bool *kept)
{
    uint64_t all = 0;
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; kept[i] && j < shown_part_count (&list->items[i]); j++) {
            const part_t *part = shown_part (&list->items[i], j);
            all += media_of (&list->items[i], part) ? part->size : 0;
        }
    return all > LIMIT_RENDER_BLOBS ? (all - LIMIT_RENDER_BLOBS + CUT_STEP - 1) / CUT_STEP * CUT_STEP : 0;
}

/*  One that is gone, or is something else, stays a line. */
static baton_status read_blob (store_t *store, const char *digest, const media_t *media, render_blob_t blob,
                               render_blobs_t *blobs, baton_error_t *error)
{
    baton_status status = store_blob (store, digest, &blob.content, error);
    if (status == BATON_not_found)
        return BATON_OK;
    if (status != BATON_OK)
        return status;
    bool fits = is_media (media, &blob.content) && blob.content.size <= LIMIT_RENDER_BLOB;
    render_blob_t *slot = fits ? list_append (blobs, sizeof *slot) : NULL;
    if (slot)
        *slot = blob;
    else
        bytes_clear (&blob.content);
    return fits && !slot ? baton_fail_memory (error) : BATON_OK;
}

baton_status render_blobs_read (store_t *store, const shown_list_t *list, const bool *kept, render_blobs_t *ret_blobs,
                                baton_error_t *error)
{
    render_blobs_t blobs = {0};
    baton_status status = BATON_OK;
    uint64_t at = 0, cut = cut_of (list, kept);
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; kept[i] && status == BATON_OK && j < shown_part_count (&list->items[i]); j++) {
            const part_t *part = shown_part (&list->items[i], j);
            const media_t *media = media_of (&list->items[i], part);
            render_blob_t blob = {.item = i, .part = j, .type = part->media_type, .document = media && media->document};
            if (media && at >= cut)
                status = read_blob (store, part->digest, media, blob, &blobs, error);
            at += media ? part->size : 0;
        }
    if (status == BATON_OK)
        *ret_blobs = blobs;
    else
        render_blobs_clear (&blobs);
    return status;
}

void render_blobs_clear (render_blobs_t *blobs)
{
    for (size_t i = 0; i < blobs->count; i++)
        bytes_clear (&blobs->items[i].content);
    free (blobs->items);
    *blobs = (render_blobs_t){0};
}

static int compare (const void *a, const void *b)
{
    const render_blob_t *one = a, *two = b;
    int order = (one->item > two->item) - (one->item < two->item);
    return order != 0 ? order : (one->part > two->part) - (one->part < two->part);
}

const render_blob_t *render_blob (const rendition_t *self, const shown_t *item, size_t part)
{
    const render_blobs_t *blobs = self->blobs;
    render_blob_t key = {.item = (size_t) (item - self->list->items), .part = part};
    return blobs->count > 0 ? bsearch (&key, blobs->items, blobs->count, sizeof key, compare) : NULL;
}
