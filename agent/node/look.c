#include "look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*  A file counts as changed when its writer closes it, not while it is written. */
#define CHANGES                                                                                                        \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define PARTS_MOST 63    /*  of a pattern: see places_t */
#define LEVELS_MOST 64   /*  of folders */
#define RACY_NS 50000000 /*  a younger file may change again without a new time: see workspace_scan.c */
#define BUFFER 65536

/*  Places in a pattern, a bit for each: what is below a folder may go on from any of them. The place behind the last
 *  part takes all. So each folder is read once, however many ways the pattern has to it. */
typedef uint64_t places_t;

typedef struct {
    const look_for_t *what;
    look_t *look;
    baton_error_t *error;
    int64_t settled;
    char pattern[LIMIT_PATH + 1];
    const char *parts[PARTS_MOST];
    size_t part_count;
    char path[LIMIT_PATH + 1]; /*  where we are; "" is the workspace */
    size_t depth, folders;
    uint64_t bytes; /*  of files whose content counts */
} walk_t;

/* ---- spots ---- */

baton_status look_add_spot (look_t *self, int notify, const char *path, const char *name)
{
    int folder = inotify_add_watch (notify, path, CHANGES);
    if (folder < 0) {
        self->blind = self->blind || notify < 0 || errno == ENOSPC || errno == ENOMEM;
        return BATON_OK;
    }
    spot_t *spot = list_append (&self->spots, sizeof *spot);
    if (!spot)
        return BATON_resource_exhausted;
    spot->folder = folder;
    spot->name = name ? strdup (name) : NULL;
    return name && !spot->name ? BATON_resource_exhausted : BATON_OK;
}

/*  An open folder, whatever is in its place by now. */
static baton_status add_open_spot (walk_t *self, int folder, const char *name)
{
    char path[64];
    snprintf (path, sizeof path, "/proc/self/fd/%d", folder);
    return look_add_spot (self->look, self->what->notify, path, name) == BATON_OK ? BATON_OK
                                                                                  : baton_fail_memory (self->error);
}

static int compare_spots (const void *a, const void *b)
{
    const spot_t *left = a, *right = b;
    if (left->folder != right->folder)
        return left->folder < right->folder ? -1 : 1;
    return strcmp (left->name ? left->name : "", right->name ? right->name : "");
}

static int compare_files (const void *a, const void *b)
{
    return strcmp (((const looked_file_t *) a)->path, ((const looked_file_t *) b)->path);
}

/*  A pattern may come upon the same file or folder by several ways. */
static void settle (look_t *self)
{
    size_t kept = 0;
    if (self->spots.count > 1)
        qsort (self->spots.items, self->spots.count, sizeof *self->spots.items, compare_spots);
    for (size_t i = 0; i < self->spots.count; i++)
        if (kept > 0 && compare_spots (&self->spots.items[kept - 1], &self->spots.items[i]) == 0)
            free (self->spots.items[i].name);
        else
            self->spots.items[kept++] = self->spots.items[i];
    self->spots.count = kept;
    kept = 0;
    if (self->files.count > 1)
        qsort (self->files.items, self->files.count, sizeof *self->files.items, compare_files);
    for (size_t i = 0; i < self->files.count; i++)
        if (kept > 0 && compare_files (&self->files.items[kept - 1], &self->files.items[i]) == 0)
            free (self->files.items[i].path);
        else
            self->files.items[kept++] = self->files.items[i];
    self->files.count = kept;
}

void look_clear (look_t *self)
{
    for (size_t i = 0; i < self->spots.count; i++)
        free (self->spots.items[i].name);
    for (size_t i = 0; i < self->files.count; i++)
        free (self->files.items[i].path);
    free (self->spots.items);
    free (self->files.items);
    *self = (look_t){.commit = ""};
}

/* ---- one file ---- */

static const looked_file_t *find_known (const look_t *known, const char *path)
{
    looked_file_t wanted = {.path = (char *) path};
    return known && known->files.count > 0
               ? bsearch (&wanted, known->files.items, known->files.count, sizeof wanted, compare_files)
               : NULL;
}

static bool same_identity (const workspace_identity_t *a, const workspace_identity_t *b)
{
    return a->trusted && b->trusted && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime == b->mtime && a->ctime == b->ctime;
}

/*  As much as there was when we began: a writer may be faster than we are. */
static bool digest_content (int file, uint64_t left, uint8_t ret_digest[32])
{
    crypto_generichash_state state;
    uint8_t buffer[BUFFER];
    ssize_t size = 0;
    crypto_generichash_init (&state, (const uint8_t *) "file", 0, 32);
    while (left > 0 && (size = read (file, buffer, left < sizeof buffer ? left : sizeof buffer)) > 0) {
        crypto_generichash_update (&state, buffer, (unsigned long long) size);
        left -= (uint64_t) size;
    }
    crypto_generichash_final (&state, ret_digest, 32);
    return size >= 0;
}

/*  Of what is too large to be read whenever it changes; both move along with a workspace. */
static void digest_identity (const workspace_identity_t *identity, uint8_t ret_digest[32])
{
    uint64_t what[2] = {identity->size, (uint64_t) identity->mtime};
    crypto_generichash (ret_digest, 32, (const uint8_t *) what, sizeof what, (const uint8_t *) "a very big file!", 16);
}

/*  What can't be read is there all the same: its digest is zero. */
static void look_at_file (walk_t *self, int folder, const char *name, looked_file_t *file)
{
    struct stat kind;
    int opened = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const looked_file_t *known = find_known (self->what->known, file->path);
    if (opened < 0)
        return;
    bool good = fstat (opened, &kind) == 0 && S_ISREG (kind.st_mode) && workspace_identify (opened, &file->identity);
    if (good && file->identity.ctime > self->look->written)
        self->look->written = file->identity.ctime;
    file->identity.trusted = good && file->identity.ctime < self->settled;
    if (good && file->identity.size > LIMIT_WATCH_FILE)
        digest_identity (&file->identity, file->digest);
    else if (known && same_identity (&known->identity, &file->identity))
        memcpy (file->digest, known->digest, sizeof file->digest);
    else if (!good || !digest_content (opened, file->identity.size, file->digest))
        memset (file->digest, 0, sizeof file->digest);
    close (opened);
}

static void look_at_link (int folder, const char *name, looked_file_t *file)
{
    char target[LIMIT_PATH + 1];
    ssize_t size = readlinkat (folder, name, target, sizeof target);
    if (size >= 0)
        crypto_generichash (file->digest, sizeof file->digest, (const uint8_t *) target, (unsigned long long) size,
                            (const uint8_t *) "a symbolic link!", 16);
}

static baton_status too_much (const walk_t *self, uint64_t most, const char *of_what)
{
    return baton_fail (self->error, BATON_resource_exhausted, BATON_REASON_too_large,
                       "trigger %s looks at more than %llu %s: nothing of it is looked at", self->what->trigger->name,
                       (unsigned long long) most, of_what);
}

static baton_status add_file (walk_t *self, int folder, const char *name, const struct stat *entry)
{
    if (self->look->files.count >= LIMIT_WATCH_FILES)
        return too_much (self, LIMIT_WATCH_FILES, "files");
    if (S_ISREG (entry->st_mode) && entry->st_size <= (off_t) LIMIT_WATCH_FILE)
        self->bytes += (uint64_t) entry->st_size;
    if (self->bytes > LIMIT_WATCH_BYTES)
        return too_much (self, LIMIT_WATCH_BYTES, "bytes");
    looked_file_t *file = list_append (&self->look->files, sizeof *file);
    if (!file || !(file->path = strdup (self->path))) {
        self->look->files.count -= file != NULL;
        return baton_fail_memory (self->error);
    }
    if (S_ISLNK (entry->st_mode))
        look_at_link (folder, name, file);
    else
        look_at_file (self, folder, name, file);
    return BATON_OK;
}

/* ---- places in the pattern ---- */

static places_t place (size_t part)
{
    return (places_t) 1 << part;
}

static bool is_any_depth (const char *part)
{
    return strcmp (part, "**") == 0;
}

static bool is_literal (const char *part)
{
    return !strpbrk (part, "*?[\\");
}

/*  "**" fits no folder at all, too; at the end it takes all. */
static places_t widen (const walk_t *self, places_t places)
{
    for (size_t i = 0; i < self->part_count; i++)
        if (places & place (i) && is_any_depth (self->parts[i]))
            places |= place (i + 1);
    return places;
}

/*  The places behind an entry of that name. */
static places_t pass (const walk_t *self, places_t places, const char *name)
{
    bool own = strcmp (name, ".git") == 0; /*  a repository's */
    places_t behind = places & place (self->part_count) && !own ? place (self->part_count) : 0;
    for (size_t i = 0; i < self->part_count; i++)
        if (!(places & place (i)))
            continue;
        else if (is_any_depth (self->parts[i]))
            behind |= own ? 0 : place (i);
        else if (is_literal (self->parts[i]) ? strcmp (self->parts[i], name) == 0
                                             : fnmatch (self->parts[i], name, FNM_PERIOD) == 0)
            behind |= place (i + 1);
    return behind;
}

/*  The one part that all below must begin with; NULL when there are several, or patterns. */
static const char *only_name (const walk_t *self, places_t places)
{
    for (size_t i = 0; i < self->part_count; i++)
        if (places == place (i) && is_literal (self->parts[i]))
            return self->parts[i];
    return NULL;
}

/* ---- the walk ---- */

static baton_status walk_folder (walk_t *self, int folder, places_t places);

static baton_status walk_below (walk_t *self, int folder, const char *name, places_t places)
{
    int below = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0 || self->depth >= LEVELS_MOST) {
        if (below >= 0)
            close (below);
        return BATON_OK; /*  it has vanished, or is not for us to read */
    }
    self->depth++;
    baton_status status = walk_folder (self, below, places);
    self->depth--;
    close (below);
    return status;
}

/*  An entry, and the places behind it. */
static baton_status take (walk_t *self, int folder, const char *name, places_t behind)
{
    struct stat entry;
    size_t length = strlen (self->path);
    int added = snprintf (self->path + length, sizeof self->path - length, "%s%s", length ? "/" : "", name);
    baton_status status = BATON_OK;
    bool fits = (size_t) added < sizeof self->path - length &&
                !workspace_omits (self->what->bindings, self->what->binding_count, self->path) &&
                fstatat (folder, name, &entry, AT_SYMLINK_NOFOLLOW) == 0;
    if (fits && S_ISDIR (entry.st_mode))
        status = walk_below (self, folder, name, behind);
    else if (fits && behind & place (self->part_count) && (S_ISREG (entry.st_mode) || S_ISLNK (entry.st_mode)))
        status = add_file (self, folder, name, &entry);
    self->path[length] = '\0';
    return status;
}

/*  Names in the folder from which it goes on; nothing else is kept, since a folder may be huge. */
static baton_status list_names (walk_t *self, int folder, places_t places, baton_texts_t *ret_names)
{
    int copy = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy >= 0 ? fdopendir (copy) : NULL;
    baton_status status = BATON_OK;
    if (!entries && copy >= 0)
        close (copy);
    for (struct dirent *entry; entries && status == BATON_OK && (entry = readdir (entries));) {
        const char *name = entry->d_name;
        bool own = strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
        places_t behind = own ? 0 : pass (self, places, name);
        bool folders_only = !(behind & place (self->part_count));
        bool folder_maybe = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
        if (behind && (!folders_only || folder_maybe) && texts_add (ret_names, name) != BATON_OK)
            status = baton_fail_memory (self->error);
        else if (ret_names->count > LIMIT_WATCH_FILES + LIMIT_WATCH_FOLDERS)
            status = too_much (self, LIMIT_WATCH_FILES, "files");
    }
    if (entries)
        closedir (entries);
    return status;
}

static baton_status take_all (walk_t *self, int folder, places_t places)
{
    baton_texts_t names = {0};
    baton_status status = list_names (self, folder, places, &names);
    for (size_t i = 0; i < names.count && status == BATON_OK; i++)
        status = take (self, folder, names.items[i], pass (self, places, names.items[i]));
    texts_clear (&names);
    return status;
}

/*  The kernel watches the folder before we read it, so that nothing is missed. */
static baton_status walk_folder (walk_t *self, int folder, places_t places)
{
    if (++self->folders > LIMIT_WATCH_FOLDERS)
        return too_much (self, LIMIT_WATCH_FOLDERS, "folders");
    places = widen (self, places);
    const char *name = only_name (self, places);
    baton_status status = add_open_spot (self, folder, name);
    if (status != BATON_OK)
        return status;
    return name ? take (self, folder, name, pass (self, places, name)) : take_all (self, folder, places);
}

/* ---- all of it ---- */

static baton_status split_pattern (walk_t *self)
{
    char *rest = NULL;
    snprintf (self->pattern, sizeof self->pattern, "%s", self->what->trigger->file);
    for (char *part = strtok_r (self->pattern, "/", &rest); part; part = strtok_r (NULL, "/", &rest)) {
        bool again = self->part_count > 0 && is_any_depth (part) && is_any_depth (self->parts[self->part_count - 1]);
        if (strcmp (part, ".") == 0 || again)
            continue;
        if (self->part_count == PARTS_MOST)
            return too_much (self, PARTS_MOST, "levels of folders");
        self->parts[self->part_count++] = part;
    }
    return BATON_OK;
}

static void sum_up (look_t *self)
{
    crypto_generichash_state state;
    uint8_t sum[32];
    crypto_generichash_init (&state, NULL, 0, sizeof sum);
    for (size_t i = 0; i < self->files.count; i++) {
        const looked_file_t *file = &self->files.items[i];
        crypto_generichash_update (&state, (const uint8_t *) file->path, strlen (file->path) + 1);
        crypto_generichash_update (&state, file->digest, sizeof file->digest);
    }
    crypto_generichash_final (&state, sum, sizeof sum);
    sodium_bin2hex (self->digest, sizeof self->digest, sum, sizeof sum);
}

static baton_status look_files (const look_for_t *what, look_t *look, baton_error_t *error)
{
    struct timespec now;
    int root = -1;
    walk_t walk = {.what = what, .look = look, .error = error};
    clock_gettime (CLOCK_REALTIME, &now);
    walk.settled = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec - RACY_NS;
    baton_status status = split_pattern (&walk);
    if (status == BATON_OK)
        status = workspace_open (what->root, &root, error);
    if (status != BATON_OK)
        return status;
    status = walk_folder (&walk, root, place (0));
    close (root);
    settle (look);
    if (status == BATON_OK)
        sum_up (look);
    return status;
}

/*  The workspace itself may be put elsewhere, or another one into its place. */
static baton_status add_root_spot (const look_for_t *what, look_t *look, baton_error_t *error)
{
    const char *slash = strrchr (what->root, '/');
    char above[LIMIT_PATH + 1];
    if (!slash || !slash[1])
        return BATON_OK;
    snprintf (above, sizeof above, "%.*s", slash == what->root ? 1 : (int) (slash - what->root), what->root);
    return look_add_spot (look, what->notify, above, slash + 1) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

baton_status look (const look_for_t *what, look_t *ret_look, baton_error_t *error)
{
    baton_status status = add_root_spot (what, ret_look, error);
    if (status != BATON_OK)
        return status;
    status =
        what->trigger->kind == trigger_kind_git ? look_git (what, ret_look, error) : look_files (what, ret_look, error);
    settle (ret_look);
    return status;
}

/* ---- comparing ---- */

static baton_status add_path (baton_texts_t *paths, const char *path)
{
    char text[LIMIT_TITLE];
    baton_bytes_t bytes = {strlen (path), (uint8_t *) path};
    return paths->count < LIMIT_OPTIONS ? texts_add (paths, workspace_printable (&bytes, text, sizeof text)) : BATON_OK;
}

baton_status look_compare (const look_t *before, const look_t *after, baton_texts_t *ret_paths)
{
    baton_status status = BATON_OK;
    for (size_t i = 0, k = 0; (i < before->files.count || k < after->files.count) && status == BATON_OK;) {
        const looked_file_t *old = i < before->files.count ? &before->files.items[i] : NULL;
        const looked_file_t *new = k < after->files.count ? &after->files.items[k] : NULL;
        int order = !old ? 1 : !new ? -1 : strcmp (old->path, new->path);
        if (order != 0 || memcmp (old->digest, new->digest, sizeof old->digest) != 0)
            status = add_path (ret_paths, order < 0 ? old->path : new->path);
        i += order <= 0;
        k += order >= 0;
    }
    return status;
}
