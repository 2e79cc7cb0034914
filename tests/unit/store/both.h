/*  What the tests of what every store does share: BOTH (test) runs it against SQLite and against memory. */
#ifndef BATON_TEST_STORE_BOTH_H
#define BATON_TEST_STORE_BOTH_H

#include "fixture.h"

static inline int open_fixture (void **state)
{
    fixture_t *fixture = calloc (1, sizeof *fixture);
    assert_non_null (fixture);
    fixture_make_directory (fixture);
    if (strcmp (*state, "sqlite") == 0)
        fixture_open_sqlite (fixture);
    else
        assert_int_equal (store_open_memory (&fixture->store), BATON_OK);
    *state = fixture;
    return 0;
}

static inline int close_fixture (void **state)
{
    fixture_t *fixture = *state;
    store_close (&fixture->store);
    assert_null (fixture->store);
    fixture_remove_directory (fixture);
    free (fixture);
    return 0;
}

static inline store_t *store_of (void **state)
{
    return ((fixture_t *) *state)->store;
}

static inline void put_row (store_t *store, projection_t row)
{
    fixture_commit (store, &(store_batch_t){.projections = &row, .projection_count = 1});
}

/*  The ids of the rows, joined; clears them. */
static inline const char *ids_of (store_projections_t *rows)
{
    static char ids[256];
    ids[0] = '\0';
    for (size_t i = 0; i < rows->count; i++)
        snprintf (ids + strlen (ids), sizeof ids - strlen (ids), "%s%s", i > 0 ? " " : "", rows->items[i].row.session);
    store_projections_clear (rows);
    return ids;
}

static const viewer_t VIEWERS[] = {
    {.name = "root", .role = role_admin},   {.name = "ada", .role = role_operator},
    {.name = "eve", .role = role_observer}, {.name = "eve", .role = role_guest},
    {.name = "bob", .role = role_guest},    {.name = "bob", .role = role_guest, .team_count = 1, .teams = {7}},
    {.name = "n1", .role = role_node},      {.role = role_none},
};

#define BOTH(test)                                                                                                     \
    {#test " (sqlite)", test, open_fixture, close_fixture, (void *) (uintptr_t) "sqlite"},                             \
    {                                                                                                                  \
#test " (memory)", test, open_fixture, close_fixture, (void *) (uintptr_t) "memory"                            \
    }

#endif
