#include "positions.h"

#include "lineage.h"

#include <string.h>

uint64_t position_here (const gaps_t *gaps, uint64_t n)
{
    uint64_t by = 0;
    for (size_t i = 0; i < gaps->count && gaps->items[i].after < n; i++)
        by = gaps->items[i].by;
    return n + by;
}

uint64_t position_there (const gaps_t *gaps, uint64_t n)
{
    uint64_t by = 0;
    for (size_t i = 0; i < gaps->count && gaps->items[i].after + by < n; i++) {
        uint64_t first = gaps->items[i].after + gaps->items[i].by + 1;
        if (n < first)
            return gaps->items[i].after;
        by = gaps->items[i].by;
    }
    return n - by;
}

/*  Which numbers of a record are positions of the journal that it is about, or places in the line of that session. */
typedef struct {
    const char *record, *field;
    const char *whose; /*  a field of the record with the id of the journal, where that may be another; or NULL */
    bool place;
} moved_t;

static const moved_t MOVED[] = {
    {"session", "n", NULL, false},
    {"session", "carried", NULL, false},
    {"session", "child_ended_n", NULL, false},
    {"run", "base", NULL, false},
    {"before", "place", NULL, true},
    {"memory", "n", "session", false},
    {"decision", "n", "session", false},
    {"artifact", "n", "session", false},
    {"span", "after", NULL, true},
    {"span", "upto", NULL, true},
    {"pin", "place", NULL, true},
    {"open_call", "n", NULL, false},
    {"compaction", "place", NULL, true},
    {"checkpoint", "n", NULL, false},
    {"breakpoint", "n", NULL, false},
    {"letter", "n", NULL, false},
    {"exchange", "n", NULL, false},
    {"dead_letter", "n", NULL, false},
    {"session_client", "cursor", NULL, false},
    {"segment", "at", NULL, false},
    {"hold", "n", NULL, false},
    {"budget", "own_reached_n", NULL, false},
    {"budget", "tree_reached_n", NULL, false},
    {"trigger", "since", NULL, false},
    {"session_branched", "at", NULL, false},
    {"session_saved", "position", NULL, false},
    {"session_restored", "position", NULL, false},
    {"session_handed_off", "upto", NULL, false},
    {"client_attached", "cursor", NULL, false},
    {"client_left", "cursor", NULL, false},
    {"context_uncompacted", "compaction", NULL, true},
    {"item_pinned", "place", NULL, true},
    {"item_unpinned", "place", NULL, true},
    {"decision_recorded", "replaces", NULL, false},
    {"decision_withdrawn", "replaces", NULL, false},
    {"branch_merged", "upto", NULL, false},
};

static const moved_t *find (const record_type_t *type, const field_t *field)
{
    for (size_t i = 0; i < sizeof MOVED / sizeof *MOVED; i++)
        if (strcmp (MOVED[i].record, type->name) == 0 && strcmp (MOVED[i].field, field->name) == 0)
            return &MOVED[i];
    return NULL;
}

static uint64_t move_place (const gaps_t *gaps, move_position_t *move, uint64_t place)
{
    return line_place_stretch (place) == gaps->stretch ? line_place (gaps->stretch, move (gaps, line_place_n (place)))
                                                       : place;
}

static void move_number (const gaps_t *gaps, move_position_t *move, const char *session, const record_type_t *type,
                         void *record, const field_t *field)
{
    uint64_t *number = (uint64_t *) (void *) ((uint8_t *) record + field->offset);
    const moved_t *moved = *number > 0 ? find (type, field) : NULL;
    const char *whose = moved && moved->whose ? record_text (type, record, moved->whose) : NULL;
    if (moved && (!whose || strcmp (whose, session) == 0))
        *number = moved->place ? move_place (gaps, move, *number) : move (gaps, *number);
}

void positions_move (const gaps_t *gaps, move_position_t *move, const char *session, const record_type_t *type,
                     void *record)
{
    for (const field_t *field = type->fields (); field->name; field++) {
        uint8_t *at = (uint8_t *) record + field->offset;
        const struct {
            size_t count;
            uint8_t *items;
        } *list = (const void *) at;
        if (field->kind == FIELD_UINT)
            move_number (gaps, move, session, type, record, field);
        else if (field->kind == FIELD_INNER)
            positions_move (gaps, move, session, field->type, at);
        for (size_t i = 0; field->kind == FIELD_LIST && i < list->count; i++)
            positions_move (gaps, move, session, field->type, list->items + i * field->type->size);
    }
}

bool positions_movable (event_kind_t kind)
{
    return kind != EVENT_merge_started && kind != EVENT_merge_reopened && kind != EVENT_session_merged &&
           kind != EVENT_session_continued;
}
