/*  Folders that the kernel watches, and for whom. */
#include "watcher_internal.h"

#include <sys/inotify.h>

static size_t hash_number (const void *key)
{
    return (size_t) (uintptr_t) key * 2654435761u;
}

static int compare_numbers (const void *a, const void *b)
{
    return (uintptr_t) a < (uintptr_t) b ? -1 : (uintptr_t) a > (uintptr_t) b;
}

static const void *key_of (int folder)
{
    return (const void *) (uintptr_t) (unsigned) folder;
}

static void folder_destroy (void **item)
{
    folder_t *folder = *item;
    free (folder->ears.items);
    free (folder);
    *item = NULL;
}

zhashx_t *folders_new (void)
{
    zhashx_t *folders = zhashx_new ();
    if (!folders)
        return NULL;
    zhashx_set_key_duplicator (folders, NULL);
    zhashx_set_key_destructor (folders, NULL);
    zhashx_set_key_comparator (folders, compare_numbers);
    zhashx_set_key_hasher (folders, hash_number);
    zhashx_set_destructor (folders, folder_destroy);
    return folders;
}

folder_t *folders_find (const thread_t *self, int number)
{
    return zhashx_lookup (self->folders, key_of (number));
}

static folder_t *folder_of (thread_t *self, int number)
{
    folder_t *folder = zhashx_lookup (self->folders, key_of (number));
    if (folder)
        return folder;
    folder = calloc (1, sizeof *folder);
    if (!folder)
        return NULL;
    folder->number = number;
    zhashx_insert (self->folders, key_of (number), folder);
    return folder;
}

static void attend (thread_t *self, watch_t *watch, const look_t *look)
{
    for (size_t i = 0; i < look->spots.count; i++) {
        folder_t *folder = folder_of (self, look->spots.items[i].folder);
        void *slot = folder ? list_append (&folder->ears, sizeof *folder->ears.items) : NULL;
        if (!slot)
            continue; /*  no memory: it is looked at again in a while */
        folder->ears.items[folder->ears.count - 1].watch = watch;
        folder->ears.items[folder->ears.count - 1].name = look->spots.items[i].name;
    }
}

void folders_forget (thread_t *self, const watch_t *watch, const look_t *look)
{
    for (size_t i = 0; i < look->spots.count; i++) {
        folder_t *folder = zhashx_lookup (self->folders, key_of (look->spots.items[i].folder));
        for (size_t k = folder ? folder->ears.count : 0; k-- > 0;)
            if (folder->ears.items[k].watch == watch && folder->ears.items[k].name == look->spots.items[i].name) {
                folder->ears.items[k] = folder->ears.items[--folder->ears.count];
                break; /*  the other is that of a newer look, which has the same folder */
            }
        if (folder && folder->ears.count == 0) {
            inotify_rm_watch (self->notify, folder->number);
            zhashx_delete (self->folders, key_of (look->spots.items[i].folder));
        }
    }
}

static bool same_spots (const look_t *a, const look_t *b)
{
    if (a->spots.count != b->spots.count)
        return false;
    for (size_t i = 0; i < a->spots.count; i++)
        if (a->spots.items[i].folder != b->spots.items[i].folder ||
            !text_equal (a->spots.items[i].name, b->spots.items[i].name))
            return false;
    return true;
}

void folders_swap (look_t *a, look_t *b)
{
    look_t before = *a;
    a->spots.count = b->spots.count;
    a->spots.items = b->spots.items;
    b->spots.count = before.spots.count;
    b->spots.items = before.spots.items;
}

void folders_keep (thread_t *self, watch_t *watch, look_t *fresh)
{
    if (same_spots (&watch->look, fresh)) {
        folders_swap (&watch->look, fresh);
        return;
    }
    attend (self, watch, fresh);
    folders_forget (self, watch, &watch->look);
}
