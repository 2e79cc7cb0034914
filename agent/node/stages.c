#include "stages.h"

#include "record.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void stages_path (const char *state, const char *session, uint64_t migration, char ret_path[PLACE_SIZE])
{
    snprintf (ret_path, PLACE_SIZE, "%s/staging/%s.%llu", state, session, (unsigned long long) migration);
}

void stages_each (const char *state, stages_visit_t *visit, void *arg)
{
    char path[PLACE_SIZE];
    snprintf (path, sizeof path, "%s/staging", state);
    DIR *folder = opendir (path);
    for (struct dirent *entry; folder && (entry = readdir (folder));) {
        char *dot = strrchr (entry->d_name, '.');
        if (!dot || dot == entry->d_name || dot[1] == '\0')
            continue;
        *dot = '\0'; /*  the name becomes that of the session */
        visit (arg, entry->d_name, strtoull (dot + 1, NULL, 10));
    }
    if (folder)
        closedir (folder);
}

typedef struct {
    const char *session;
    bool found;
} search_t;

static void look (void *arg, const char *session, uint64_t migration)
{
    search_t *self = arg;
    (void) migration;
    self->found = self->found || text_equal (session, self->session);
}

bool stages_have (const char *state, const char *session)
{
    search_t search = {.session = session};
    stages_each (state, look, &search);
    return search.found;
}
