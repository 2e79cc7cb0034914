#include "bootstrap.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE (LIMIT_PATH + 1)
#define INSTRUCTIONS "AGENTS.md"

typedef struct {
    size_t count;
    opening_t *items;
} openings_t;

#define REFUSE(...) baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, __VA_ARGS__)

/* ---- one file ---- */

static baton_status read_text (const char *path, const char *name, char **ret_text, baton_error_t *error)
{
    int opened = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); /*  a pipe must not hold us up */
    FILE *file = opened < 0 ? NULL : fdopen (opened, "r");
    struct stat about;
    if (!file || fstat (fileno (file), &about) != 0 || !S_ISREG (about.st_mode)) {
        baton_status status = REFUSE ("file", "can't read %s: %s", path, file ? "it is no file" : strerror (errno));
        if (file)
            fclose (file);
        return status;
    }
    char *text = malloc (LIMIT_ITEM + 2);
    size_t size = text ? fread (text, 1, LIMIT_ITEM + 1, file) : 0;
    fclose (file);
    baton_status status = !text                        ? baton_fail_memory (error)
                          : size > LIMIT_ITEM          ? REFUSE ("file", "%s has more than %u bytes", name, LIMIT_ITEM)
                          : size == 0                  ? REFUSE ("file", "%s is empty", name)
                          : text_valid (text, size, 1) ? BATON_OK
                                                       : REFUSE ("file", "%s is no plain text (UTF-8)", name);
    if (status != BATON_OK) {
        free (text);
        return status;
    }
    text[size] = '\0';
    *ret_text = text;
    return BATON_OK;
}

/*  Takes text. */
static baton_status add (openings_t *openings, item_role_e role, const char *source, char *text, baton_error_t *error)
{
    opening_t *opening = openings->count < LIMIT_BOOTSTRAP ? list_append (openings, sizeof *opening) : NULL;
    if (!opening || text_set (&opening->source, source) != BATON_OK) {
        free (text);
        return openings->count < LIMIT_BOOTSTRAP
                   ? baton_fail_memory (error)
                   : REFUSE ("file", "a session begins with at most %d items", LIMIT_BOOTSTRAP);
    }
    opening->role = role;
    opening->text = text;
    return BATON_OK;
}

/*  Links may lead anywhere, but not out of the workspace. */
static baton_status check_inside (const char *workspace, const char *path, baton_error_t *error)
{
    char root[PATH_SIZE], real[PATH_SIZE];
    size_t length;
    if (!realpath (workspace, root) || !realpath (path, real))
        return REFUSE ("file", "can't read %s: %s", path, strerror (errno));
    length = strlen (root);
    if (strncmp (real, root, length) == 0 && (real[length] == '/' || root[length - 1] == '/'))
        return BATON_OK;
    return REFUSE ("file", "%s leads out of the workspace, to %s", path, real);
}

/* ---- AGENTS.md ---- */

/*  In that folder of the workspace ("" is its root), if there is one that was not read yet. */
static baton_status add_instructions (openings_t *openings, const char *workspace, const char *folder,
                                      baton_error_t *error)
{
    char path[PATH_SIZE], source[PATH_SIZE], *text = NULL;
    snprintf (source, sizeof source, "%s%s%s", folder, *folder ? "/" : "", INSTRUCTIONS);
    if (snprintf (path, sizeof path, "%s/%s", workspace, source) >= (int) sizeof path)
        return REFUSE ("file", "the path of %s is too long", source);
    for (size_t i = 0; i < openings->count; i++)
        if (text_equal (openings->items[i].source, source))
            return BATON_OK;
    if (access (path, F_OK) != 0)
        return BATON_OK;
    baton_status status = check_inside (workspace, path, error);
    if (status == BATON_OK)
        status = read_text (path, source, &text, error);
    return status == BATON_OK ? add (openings, item_role_system, source, text, error) : status;
}

/*  Of each folder on the way down to that one. */
static baton_status add_way (openings_t *openings, const char *workspace, const char *folder, baton_error_t *error)
{
    baton_status status = add_instructions (openings, workspace, "", error);
    for (const char *end = folder; *end && status == BATON_OK;) {
        char part[PATH_SIZE];
        end += strcspn (end, "/");
        snprintf (part, sizeof part, "%.*s", (int) (end - folder), folder);
        if (*part && strcmp (part, ".") != 0)
            status = add_instructions (openings, workspace, part, error);
        end += *end == '/';
    }
    return status;
}

baton_status bootstrap_read (const bootstrap_t *self, void *ret_openings, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; self->folders && i < self->folders->count && status == BATON_OK; i++)
        status = add_way (ret_openings, self->workspace, self->folders->items[i], error);
    for (size_t i = 0; i < self->files->count && status == BATON_OK; i++) {
        const char *file = self->files->items[i];
        char path[PATH_SIZE], *text = NULL;
        bool inside = *file != '/' && self->workspace;
        snprintf (path, sizeof path, "%s%s%s", inside ? self->workspace : "", inside ? "/" : "", file);
        status = inside ? check_inside (self->workspace, path, error) : BATON_OK;
        if (status == BATON_OK)
            status = read_text (path, file, &text, error);
        if (status == BATON_OK)
            status = add (ret_openings, item_role_user, file, text, error);
    }
    return status;
}

/* ---- where ---- */

static baton_status add_folder (baton_texts_t *folders, const char *workspace, const char *path)
{
    char folder[PATH_SIZE], whole[PATH_SIZE];
    struct stat about;
    snprintf (folder, sizeof folder, "%.*s", (int) strcspn (path, "*?["), path);
    snprintf (whole, sizeof whole, "%s/%s", workspace, folder);
    bool is_folder = stat (whole, &about) == 0 && S_ISDIR (about.st_mode);
    char *slash = strrchr (folder, '/');
    if (!is_folder)
        folder[slash ? (size_t) (slash - folder) : 0] = '\0';
    for (size_t length = strlen (folder); length > 0 && folder[length - 1] == '/';)
        folder[--length] = '\0';
    return texts_contain (folders, folder) ? BATON_OK : texts_add (folders, folder);
}

baton_status bootstrap_folders (const binding_t *bindings, size_t count, const char *workspace, const char *folder,
                                baton_texts_t *ret_folders)
{
    for (size_t i = 0; i < count; i++)
        if (add_folder (ret_folders, workspace, bindings[i].path) != BATON_OK)
            return BATON_resource_exhausted;
    return count > 0 ? BATON_OK : texts_add (ret_folders, folder);
}

baton_status bootstrap_check (const char *workspace, baton_error_t *error)
{
    struct stat about;
    if (!workspace)
        return REFUSE ("agents-md", "give the workspace whose " INSTRUCTIONS " files are to be read: --workspace or "
                                    "--here");
    if (stat (workspace, &about) == 0 && S_ISDIR (about.st_mode))
        return BATON_OK;
    return REFUSE ("workspace",
                   "%s is not a folder of this host: its files can't be read here. Let the first run do it, with: "
                   "baton context bootstrap",
                   workspace);
}
