/*  Where the positions of a journal stand that came in parts. */
#include "fill.h"
#include "lineage.h"
#include "positions.h"
#include "story.h"

#include <stdio.h>

/*  Two updates: behind 10 stand 3 events of this site, behind 20 two more. */
static gap_t two_gaps[] = {{10, 3}, {20, 5}};
static const gaps_t GAPS = {2, two_gaps, 4};

static void positions_go_and_come_back (void **context)
{
    static const struct {
        uint64_t there, here;
    } PAIRS[] = {{1, 1}, {10, 10}, {11, 14}, {20, 23}, {21, 26}, {100, 105}};
    (void) context;
    for (size_t i = 0; i < COUNT (PAIRS); i++) {
        assert_int_equal (position_here (&GAPS, PAIRS[i].there), PAIRS[i].here);
        assert_int_equal (position_there (&GAPS, PAIRS[i].here), PAIRS[i].there);
    }
    for (uint64_t n = 11; n <= 13; n++)
        assert_int_equal (position_there (&GAPS, n), 10);
    assert_int_equal (position_there (&GAPS, 24), 20);
    assert_int_equal (position_there (&GAPS, 25), 20);
    assert_int_equal (position_here (&(gaps_t){0}, 7), 7);
}

static void only_the_own_journal_moves (void **context)
{
    (void) context;
    memory_t memories[] = {{.n = 11}, {.n = 11, .session = (char *) "own"}, {.n = 11, .session = (char *) "other"}};
    span_t spans[] = {{line_place (4, 10), line_place (4, 21), false}, {line_place (3, 11), line_place (3, 12), false}};
    session_t state = {.n = 30, .session = (char *) "own"};
    state.memory.count = COUNT (memories);
    state.memory.items = memories;
    state.window.spans.count = COUNT (spans);
    state.window.spans.items = spans;
    positions_move (&GAPS, position_here, "own", &RECORD_session, &state);
    assert_int_equal (state.n, 35);
    assert_int_equal (memories[0].n, 14);
    assert_int_equal (memories[1].n, 14);
    assert_int_equal (memories[2].n, 11);
    assert_true (spans[0].after == line_place (4, 10) && spans[0].upto == line_place (4, 26));
    assert_true (spans[1].after == line_place (3, 11) && spans[1].upto == line_place (3, 12));
}

/*  Numbers called so that are no positions of the own journal, but of another, or of a merge, which does not move. */
static const char *const STAY[] = {
    "fork_point.n", "segment.after", "segment.upto",  "ancestor.n",   "child_row.n", "predecessor.n",    "provenance.n",
    "merge.n",      "merge.base_n",  "merge_key.n",   "merge_key.at", "offshoot.n",  "branch_merged.at", "vote.at",
    "grant.at",     "firing.at",     "checkpoint.at", "letter.at",    "moment.at",   "conclusion.at",
};

static bool stays (const char *record, const char *field)
{
    char name[200];
    snprintf (name, sizeof name, "%s.%s", record, field);
    for (size_t i = 0; i < COUNT (STAY); i++)
        if (strcmp (STAY[i], name) == 0)
            return true;
    return false;
}

static bool sounds_like_one (const field_t *field)
{
    static const char *const NAMES[] = {"n",    "at",     "place",    "position", "upto",
                                        "base", "cursor", "replaces", "after",    "compaction"};
    for (size_t i = 0; i < COUNT (NAMES); i++)
        if (strcmp (NAMES[i], field->name) == 0)
            return true;
    return field->help && strstr (field->help, "position");
}

/*  Moves each number of the record alone, and looks whether it did. */
static void look_through (const record_type_t *type, unsigned depth)
{
    for (const field_t *field = type->fields (); field->name; field++) {
        if ((field->kind == FIELD_INNER || field->kind == FIELD_LIST) && depth < 8)
            look_through (field->type, depth + 1);
        if (field->kind != FIELD_UINT || !sounds_like_one (field) || stays (type->name, field->name))
            continue;
        void *record = calloc (1, type->size);
        uint64_t *number = (uint64_t *) (void *) ((uint8_t *) record + field->offset);
        *number = line_place (0, 15);
        positions_move (&(gaps_t){2, two_gaps, 0}, position_here, "own", type, record);
        if (*number != line_place (0, 18))
            fail_msg ("%s.%s sounds like a position: name it in positions.c, or here", type->name, field->name);
        free (record);
    }
}

static void every_position_is_known (void **context)
{
    (void) context;
    for (size_t kind = 0; kind < EVENT_COUNT; kind++)
        if (EVENTS[kind].type.fields && positions_movable ((event_kind_t) kind))
            look_through (&EVENTS[kind].type, 0);
    look_through (&RECORD_session, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (positions_go_and_come_back),
        cmocka_unit_test (only_the_own_journal_moves),
        cmocka_unit_test (every_position_is_known),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
