#include "store_content_internal.h"

#include "store_frame.h"

#include <stdlib.h>
#include <unistd.h>

struct store_packer {
    frame_packer_t *packer;
    blob_folder_t *folder;
};

baton_status store_packer_new (const char *directory, store_packer_t **ret_packer, baton_error_t *error)
{
    store_packer_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->packer = frame_packer_new ();
    self->folder = blob_folder_new (directory);
    baton_status status =
        self->packer && self->folder ? blob_folder_make (self->folder, error) : baton_fail_memory (error);
    if (status == BATON_OK)
        *ret_packer = self;
    else
        store_packer_destroy (&self);
    return status;
}

void store_packer_destroy (store_packer_t **self)
{
    if (!*self)
        return;
    frame_packer_destroy (&(*self)->packer);
    blob_folder_destroy (&(*self)->folder);
    free (*self);
    *self = NULL;
}

/*  A file has its bytes on disk; they need no memory any more. */
static baton_status write_file (store_packer_t *self, store_content_t *content, bool soon, baton_error_t *error)
{
    baton_status status =
        blob_folder_stage (self->folder, content->digest, &content->packed, soon, &content->path, error);
    content->size = content->packed.size;
    bytes_clear (&content->packed);
    return status;
}

baton_status store_pack (store_packer_t *self, const baton_bytes_t *content, bool soon, store_content_t **ret_content,
                         baton_error_t *error)
{
    store_content_t *made = calloc (1, sizeof *made);
    if (!made || frame_pack (self->packer, content->data, content->size, &made->packed) != BATON_OK) {
        free (made);
        return baton_fail_memory (error);
    }
    digest_of (content->data, content->size, made->digest);
    made->size = made->packed.size;
    baton_status status = made->size >= STORE_LARGE ? write_file (self, made, soon, error) : BATON_OK;
    if (status == BATON_OK)
        *ret_content = made;
    else
        store_content_destroy (&made);
    return status;
}

void store_content_destroy (store_content_t **self)
{
    if (!*self)
        return;
    if ((*self)->path)
        unlink ((*self)->path);
    free ((*self)->path);
    bytes_clear (&(*self)->packed);
    free (*self);
    *self = NULL;
}

const char *store_content_digest (const store_content_t *self)
{
    return self->digest;
}
