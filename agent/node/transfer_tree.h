/*  Writing below one folder and nowhere else: the file operations of transfer_stage.
 *
 *  The folder that holds an entry is opened beneath the root without following links (openat2), and the entry itself
 * with O_NOFOLLOW. The last such folder and the last open file are kept, because entries come in order.
 */
#ifndef BATON_TRANSFER_TREE_H
#define BATON_TRANSFER_TREE_H

#include "workspace.h"

typedef struct {
    int root;
    int folder; /*  -1, or the one below */
    char folder_path[LIMIT_PATH + 1];
    int file; /*  -1, or the one below, open for reading and writing */
    char file_path[LIMIT_PATH + 1];
} transfer_tree_t;

void transfer_tree_init (transfer_tree_t *self, int root);
/*  Closes what is kept, also the root. */
void transfer_tree_close (transfer_tree_t *self);

/*  All these say in *error what failed on which path; a full disk is resource_exhausted with disk_full. */
BATON_MUST_USE baton_status transfer_tree_make_folder (transfer_tree_t *self, const baton_bytes_t *path,
                                                       baton_error_t *error);
BATON_MUST_USE baton_status transfer_tree_make_symlink (transfer_tree_t *self, const manifest_entry_t *entry,
                                                        baton_error_t *error);
/*  What isn't there needs no removing. */
BATON_MUST_USE baton_status transfer_tree_remove (transfer_tree_t *self, const manifest_entry_t *entry,
                                                  baton_error_t *error);
/*  Makes the file if need be. */
BATON_MUST_USE baton_status transfer_tree_write (transfer_tree_t *self, const baton_bytes_t *path, uint64_t offset,
                                                 const uint8_t *data, size_t size, baton_error_t *error);
/*  Makes a stretch of the file read as zeros, without using room where the file system can. */
BATON_MUST_USE baton_status transfer_tree_zero (transfer_tree_t *self, const baton_bytes_t *path, uint64_t offset,
                                                uint64_t size, baton_error_t *error);
/*  false when there aren't that many bytes to read. */
bool transfer_tree_read (transfer_tree_t *self, const baton_bytes_t *path, uint64_t offset, uint8_t *ret_data,
                         size_t size);
/*  Gives a file its length, a file or folder its mode and time; and says what it looks like then. */
BATON_MUST_USE baton_status transfer_tree_finish (transfer_tree_t *self, const manifest_entry_t *entry,
                                                  workspace_identity_t *ret_identity, baton_error_t *error);

/*  Gives the owner all rights in the tree at path that a manifest may have taken away, so that it can be scanned,
 * written to or removed by a node that isn't root. */
void transfer_tree_loosen (const char *path);

#endif
