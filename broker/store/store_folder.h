/*  Large contents as files of their own, beside the database: DIR/blobs/AA/DIGEST, AA being how the digest begins.
 *
 *  A row of the database says which contents there are; this is only where their bytes lie. What changes goes by way of
 *  DIR/blobs/new, so that whatever a crash leaves behind is found there and nowhere else:
 *
 *    put      -> new/DIGEST, flushed | commit -> AA/DIGEST
 *    stage    -> new/DIGEST.XXXXXX, flushed; adopt -> new/DIGEST | commit -> AA/DIGEST
 *    drop        AA/DIGEST -> new/DIGEST | commit -> removed
 *
 *  At the next start, a file in `new` that a row refers to goes to its place, and any other is removed. So the new name
 * of an adopted file needs no flush: it is found under either. Reading looks in both places. The one who writes belongs
 * to one thread; any number may read beside it, and stage.
 */
#ifndef BATON_STORE_FOLDER_H
#define BATON_STORE_FOLDER_H

#include "store.h"

typedef struct blob_folder blob_folder_t;

/*  Nothing is made or looked at before it is needed. */
blob_folder_t *blob_folder_new (const char *directory);
void blob_folder_destroy (blob_folder_t **self);

/*  Whether the folder itself is there. */
bool blob_folder_exists (const blob_folder_t *self);

/*  Makes the folders, for those who stage. */
BATON_MUST_USE baton_status blob_folder_make (blob_folder_t *self, baton_error_t *error);

#define BLOB_BLOCK 4096 /*  bytes: what begins with one in memory can be written past the cache */

/*  Writes a content that no commit is about yet, and flushes it; past the kernel's cache where it may, unless it is to
 *  be cached. Whoever gets the path removes the file, or frees it when a commit has adopted it. */
BATON_MUST_USE baton_status blob_folder_stage (const blob_folder_t *self, const char *digest,
                                               const baton_bytes_t *bytes, bool cached, char **ret_path,
                                               baton_error_t *error);

/*  Takes over a file that was staged, as put would write it. */
BATON_MUST_USE baton_status blob_folder_adopt (blob_folder_t *self, const char *digest, const char *path,
                                               baton_error_t *error);

/*  Writes a content that the database is about to refer to. As the others, resource_exhausted/disk_full or
 *  unavailable/storage_failed when that can't be done. */
BATON_MUST_USE baton_status blob_folder_put (blob_folder_t *self, const char *digest, const baton_bytes_t *bytes,
                                             baton_error_t *error);

/*  Takes away a content that the database is about to forget. */
BATON_MUST_USE baton_status blob_folder_drop (blob_folder_t *self, const char *digest, baton_error_t *error);

/*  What was put and dropped is on disk as the next commit needs it. */
BATON_MUST_USE baton_status blob_folder_flush (blob_folder_t *self, baton_error_t *error);

/*  What became of that commit: puts and drops are completed, or undone. */
void blob_folder_settle (blob_folder_t *self, bool committed);

/*  Whether a content of that many bytes is there. */
bool blob_folder_has (const blob_folder_t *self, const char *digest, uint64_t size);

/*  failed_precondition/corrupt when it isn't there, or has another size. */
BATON_MUST_USE baton_status blob_folder_read (const blob_folder_t *self, const char *digest, uint64_t size,
                                              baton_bytes_t *ret_bytes, baton_error_t *error);

/*  The error for a content that was read and isn't what was put. */
baton_status blob_folder_damaged (const blob_folder_t *self, const char *digest, baton_error_t *error);

/*  The error for a database that refers to files while there is no folder. */
baton_status blob_folder_gone (const blob_folder_t *self, const char *database, baton_error_t *error);

/*  How many bytes the database says that the content has in its file; 0: it knows no such file. */
typedef baton_status blob_folder_size_fn (void *argument, const char *digest, uint64_t *ret_size, baton_error_t *error);

/*  Clears up what a crash has left in `new`: no more than what one commit puts and drops. */
BATON_MUST_USE baton_status blob_folder_recover (blob_folder_t *self, blob_folder_size_fn *size_of, void *argument,
                                                 baton_error_t *error);

#endif
