/*  The markers of one folder, as markers.def has them. */
#ifndef BATON_MARKERS_H
#define BATON_MARKERS_H

#include "folder.h"
#include "schema.h"

typedef enum { LEVEL_hint, LEVEL_weak, LEVEL_project, LEVEL_either, LEVEL_workspace } marker_level_t;

typedef struct {
    const char *file;
    marker_level_t level;
    const char *kind;
    const char *tool;
    const char *language;
    const char *needs;
} marker_t;

extern const marker_t MARKERS[];
extern const size_t MARKER_COUNT;

typedef struct {
    const marker_t *marker;
    char name[256]; /*  the file that it is here */
} marker_found_t;

/*  In the order of the table. */
typedef struct {
    size_t count;
    marker_found_t items[LIMIT_MARKERS];
} markers_t;

void markers_look (folder_t *folder, markers_t *ret_markers);

/*  The highest level among them; hint when there are none. */
marker_level_t markers_level (const markers_t *self);

#endif
