/*  A live list: which columns there are, which of its rows are shown and in what order, and where one stands in it.
 *  Pure: rows in, rows out.
 */
#ifndef BATON_BOARD_H
#define BATON_BOARD_H

#include "line.h"
#include "schema.h"

#define BOARD_COLUMNS 12 /*  that a list has at most */

typedef enum {
    COLUMN_text,
    COLUMN_count,
    COLUMN_age,   /*  a time that has passed: "5m" */
    COLUMN_left,  /*  a time to come */
    COLUMN_tally, /*  of a breakpoint */
    COLUMN_word   /*  that has a colour of its own */
} column_kind_t;

typedef struct {
    const char *header;
    const char *path; /*  as view_path has it; it also sorts by that */
    column_kind_t kind;
    size_t width; /*  cells */
    bool grows;   /*  takes what is left of the screen */
    bool falls;   /*  sorts the largest first */
    int rank;     /*  on a narrow screen those of a higher rank go first */
} board_column_t;

typedef struct {
    const char *name;
    const record_type_t *type;
    const char *key; /*  path of what names a row */
    board_column_t columns[BOARD_COLUMNS];
    size_t sort;                     /*  the column that it is sorted by at first */
    bool (*takes) (const void *row); /*  which rows belong to it; NULL: all */
} board_type_t;

/*  Sessions, runs, breakpoints, nodes. */
#define BOARD_TYPES 4
extern const board_type_t BOARDS[BOARD_TYPES];
enum { BOARD_sessions, BOARD_runs, BOARD_breakpoints, BOARD_nodes };

typedef struct {
    const board_type_t *type;
    size_t sort;
    bool reversed;
    char filter[LIMIT_TITLE];
    size_t count; /*  rows that are shown, as indices into the list */
    size_t room;
    size_t *order;
    size_t belong; /*  rows that there are without the filter */
    /*  Where one stands: the row of this name, or what came to its place when that has gone. */
    char *chosen;
    size_t at;
    size_t top;
} board_t;

/*  A list of records of the type, as the lists of records have it. */
typedef struct {
    size_t count;
    void *items;
} board_rows_t;

void board_open (board_t *self, const board_type_t *type);
void board_clear (board_t *self);

/*  Takes over rows that have changed, or another filter or order. */
void board_arrange (board_t *self, const board_rows_t *rows);

/*  The row where one stands; NULL when there is none. */
const void *board_chosen (const board_t *self, const board_rows_t *rows);

/*  Moves by so many rows, as far as there are any. */
void board_move (board_t *self, const board_rows_t *rows, long by);

/*  Sorts by the next column that can be seen on a screen of that width. */
void board_sort_next (board_t *self, size_t cells);

/*  The widths of the columns on a screen: 0 for those that do not fit. */
void board_layout (const board_type_t *type, size_t cells, size_t ret_widths[BOARD_COLUMNS]);

/*  What a column shows of a row, freed by the caller; NULL when it is empty. now is the broker's clock. */
char *board_cell (const board_type_t *type, const board_column_t *column, const void *row, uint64_t now);

/*  Whether a row has each word of a filter somewhere, in any case. */
bool board_matches (const board_type_t *type, const void *row, const char *filter);

/*  Draws the heads of the columns and as many rows as fit. */
void board_draw (board_t *self, const board_rows_t *rows, screen_t *screen, size_t top, size_t bottom, uint64_t now);

#endif
