/*  What people see of a record: which columns a list has, what names an element, how a field reads as text. */
#ifndef BATON_VIEW_H
#define BATON_VIEW_H

#include "record.h"

#include <stdio.h>

/*  Paths name a field ("title"), one inside another ("breakpoint.number"), or several joined by slashes
 *  ("session/breakpoint.number", of which the empty ones are left out). */
typedef struct {
    const char *header;
    const char *path;
} column_t;

typedef struct {
    const record_type_t *type;
    bool brief;              /*  as an answer of its own, one row is enough */
    const char *name;        /*  path of what `-o name` prints */
    const column_t *columns; /*  ends with a NULL header */
} view_t;

/*  NULL for a type that has none: then its fields are shown one by one. */
const view_t *view_of (const record_type_t *type);

/*  A field that comes first, because somebody may have to act; "" for none. */
const char *view_urgent (const record_type_t *type);

/*  Whether a field of the record has nothing to say to people: what the domain keeps for itself, and what is left over
 *  from something that has ended. */
bool view_hides (const record_type_t *type, const void *record, const char *field);

/*  What a column shows of a record, freed by the caller; NULL when it is empty, or for lack of memory. */
char *view_cell (const column_t *column, const record_type_t *type, const void *record);

/*  A field as text for people, freed by the caller; NULL when it is empty, or for lack of memory. */
char *view_field (const field_t *field, const void *at);

/*  What a path leads to, likewise. */
char *view_path (const record_type_t *type, const void *record, const char *path);

/*  Milliseconds since 1970 as "2026-01-31T12:00:00Z". */
#define VIEW_TIME_SIZE 32
void view_time (uint64_t milliseconds, char ret_text[VIEW_TIME_SIZE]);

/*  Milliseconds as "1h30m", in the two largest units that they fill. */
#define VIEW_DURATION_SIZE 48
void view_duration (uint64_t milliseconds, char ret_text[VIEW_DURATION_SIZE]);

#endif
