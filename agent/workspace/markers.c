#include "markers.h"

#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const marker_t MARKERS[] = {
#define MARKER(file, level, kind, tool, language, needs) {file, LEVEL_##level, kind, tool, language, needs},
#include "markers.def"
};
const size_t MARKER_COUNT = sizeof MARKERS / sizeof *MARKERS;

static bool has_what_it_needs (const folder_t *folder, const marker_t *marker, const char *name)
{
    if (!*marker->needs)
        return true;
    size_t size = 0;
    char *text = folder_read (folder, name, &size);
    bool has = text && lines_match (text, size, marker->needs);
    free (text);
    return has;
}

static bool is_known (const markers_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->items[i].name, name) == 0)
            return true;
    return false;
}

void markers_look (folder_t *folder, markers_t *ret_markers)
{
    ret_markers->count = 0;
    for (size_t i = 0; i < MARKER_COUNT && ret_markers->count < LIMIT_MARKERS; i++) {
        const char *name = folder_find (folder, MARKERS[i].file);
        if (!name || is_known (ret_markers, name) || !has_what_it_needs (folder, &MARKERS[i], name))
            continue;
        marker_found_t *found = &ret_markers->items[ret_markers->count++];
        found->marker = &MARKERS[i];
        snprintf (found->name, sizeof found->name, "%s", name);
    }
}

marker_level_t markers_level (const markers_t *self)
{
    marker_level_t level = LEVEL_hint;
    for (size_t i = 0; i < self->count; i++)
        level = self->items[i].marker->level > level ? self->items[i].marker->level : level;
    return level;
}
