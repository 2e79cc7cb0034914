#include "contexts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".ctx"
#define SUFFIX_SIZE (sizeof SUFFIX - 1)

static int is_context (const struct dirent *entry)
{
    size_t length = strlen (entry->d_name);
    return entry->d_name[0] != '.' && length > SUFFIX_SIZE &&
           strcmp (entry->d_name + length - SUFFIX_SIZE, SUFFIX) == 0;
}

void contexts_default (char ret_name[CONTEXT_NAME_SIZE])
{
    char directory[BATON_PATH_SIZE], path[BATON_PATH_SIZE + 16];
    ret_name[0] = '\0';
    if (baton_context_directory (directory, NULL) != BATON_OK)
        return;
    snprintf (path, sizeof path, "%s/default" SUFFIX, directory);
    ssize_t size = readlink (path, ret_name, CONTEXT_NAME_SIZE - 1);
    ret_name[size > (ssize_t) SUFFIX_SIZE ? (size_t) size - SUFFIX_SIZE : 0] = '\0';
}

baton_status contexts_list (baton_texts_t *ret_names, baton_error_t *error)
{
    char directory[BATON_PATH_SIZE], standard[CONTEXT_NAME_SIZE];
    struct dirent **entries = NULL;
    baton_status status = baton_context_directory (directory, error);
    if (status != BATON_OK)
        return status;
    contexts_default (standard);
    int count = scandir (directory, &entries, is_context, alphasort);
    for (int i = 0; i < count; i++) {
        char *name = entries[i]->d_name;
        name[strlen (name) - SUFFIX_SIZE] = '\0';
        bool link = *standard && strcmp (name, "default") == 0;
        if (status == BATON_OK && !link && texts_add (ret_names, name) != BATON_OK)
            status = baton_fail_memory (error);
        free (entries[i]);
    }
    free (entries);
    return status;
}
