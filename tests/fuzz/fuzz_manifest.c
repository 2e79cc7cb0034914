/*  A manifest comes from another host and says what is written to this disk: whatever passes the check stays inside. */
#include "manifest.h"

#include "fixpoint.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/*  Said once more, in another way than manifest.c does: no part between slashes is empty, "." or "..". */
static void check_path (const baton_bytes_t *path)
{
    char text[LIMIT_PATH + 1], *rest = text, *name;
    must (path->size < LIMIT_PATH && !memchr (path->data, '\0', path->size));
    memcpy (text, path->data, path->size);
    text[path->size] = '\0';
    while ((name = strsep (&rest, "/")))
        must (*name && strcmp (name, ".") != 0 && strcmp (name, "..") != 0);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    workspace_t workspace = {0};
    if (manifest_unpack_part (data, size, &workspace, NULL) == BATON_OK) {
        manifest_t manifest = {.entries = workspace.count};
        for (size_t i = 0; i < workspace.count; i++)
            manifest.bytes += workspace.items[i].entry.size;
        if (manifest_check (&workspace, &manifest, NULL) == BATON_OK)
            for (size_t i = 1; i < workspace.count; i++)
                check_path (&workspace.items[i].entry.path);
    }
    workspace_clear (&workspace);
    return 0;
}
