#include "board.h"

#include "tally.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

static bool has_run (const void *row)
{
    return ((const session_row_t *) row)->run > 0;
}

/* clang-format off */
const board_type_t BOARDS[BOARD_TYPES] = {
    {"Sessions", &RECORD_session_row, "session",
     {{"TITLE", "title", COLUMN_text, 16, true, false, 0},
      {"STATE", "state", COLUMN_word, 10, false, false, 0},
      {"CAUSE", "cause", COLUMN_text, 14, false, false, 4},
      {"RUN", "run", COLUMN_count, 4, false, true, 2},
      {"PHASE", "phase", COLUMN_word, 8, false, false, 2},
      {"NODE", "node", COLUMN_text, 12, false, false, 3},
      {"ASKS", "breakpoints", COLUMN_count, 4, false, true, 1},
      {"AGENT", "agent", COLUMN_text, 12, false, false, 5},
      {"TOKENS", "activity.tokens", COLUMN_count, 8, false, true, 5},
      {"ACTIVE", "activity.at", COLUMN_age, 7, false, true, 1},
      {"SESSION", "session", COLUMN_text, 20, false, false, 6}},
     9, NULL},
    {"Runs", &RECORD_session_row, "session",
     {{"TITLE", "title", COLUMN_text, 16, true, false, 0},
      {"RUN", "run", COLUMN_count, 4, false, true, 0},
      {"PHASE", "phase", COLUMN_word, 9, false, false, 0},
      {"STATE", "state", COLUMN_word, 10, false, false, 3},
      {"NODE", "node", COLUMN_text, 12, false, false, 1},
      {"DRIVER", "driver", COLUMN_text, 12, false, false, 2},
      {"SPENT", "activity.spent_tokens", COLUMN_count, 9, false, true, 4},
      {"ACTIVE", "activity.at", COLUMN_age, 7, false, true, 1},
      {"WAITS", "waiting", COLUMN_text, 24, false, false, 5},
      {"SESSION", "session", COLUMN_text, 20, false, false, 6}},
     2, has_run},
    {"Breakpoints", &RECORD_breakpoint_view, "session/breakpoint.number",
     {{"QUESTION", "breakpoint.title", COLUMN_text, 16, true, false, 0},
      {"VOTES", "breakpoint.votes", COLUMN_tally, 22, false, false, 0},
      {"LEFT", "breakpoint.deadline", COLUMN_left, 7, false, false, 0},
      {"SESSION", "session_title", COLUMN_text, 14, false, false, 1},
      {"KIND", "breakpoint.kind", COLUMN_text, 9, false, false, 3},
      {"HERE", "breakpoint.present", COLUMN_count, 4, false, true, 2},
      {"CLAIMED", "breakpoint.claimed_by", COLUMN_text, 10, false, false, 4},
      {"SINCE", "breakpoint.opened_at", COLUMN_age, 7, false, false, 2},
      {"BREAKPOINT", "session/breakpoint.number", COLUMN_text, 23, false, false, 5}},
     7, NULL},
    {"Nodes", &RECORD_node, "name",
     {{"NODE", "name", COLUMN_text, 12, true, false, 0},
      {"STATE", "state", COLUMN_word, 8, false, false, 0},
      {"ACTIVE", "active", COLUMN_count, 6, false, true, 0},
      {"SLOTS", "slots", COLUMN_count, 5, false, true, 0},
      {"DRAINING", "draining", COLUMN_text, 8, false, true, 1},
      {"SEEN", "seen_at", COLUMN_age, 7, false, true, 2},
      {"DRIVERS", "drivers", COLUMN_text, 20, false, false, 3},
      {"LABELS", "labels", COLUMN_text, 20, false, false, 4}},
     0, NULL},
};
/* clang-format on */

void board_open (board_t *self, const board_type_t *type)
{
    *self = (board_t){.type = type, .sort = type->sort};
}

void board_clear (board_t *self)
{
    free (self->order);
    free (self->chosen);
    *self = (board_t){0};
}

static const void *row_at (const board_type_t *type, const board_rows_t *rows, size_t index)
{
    return (const char *) rows->items + index * type->type->size;
}

/* ---- cells ---- */

/*  Where a path leads, with its field: only through inner records. */
static const void *find (const record_type_t *type, const void *row, const char *path, const field_t **ret_field)
{
    char name[LIMIT_NAME];
    size_t length = strcspn (path, ".");
    snprintf (name, sizeof name, "%.*s", (int) length, path);
    const field_t *field = record_field (type, name);
    if (!field)
        return NULL;
    const void *at = (const char *) row + field->offset;
    *ret_field = field;
    return path[length] ? find (field->type, at, path + length + 1, ret_field) : at;
}

/*  What can be compared as a number: numbers, enums, flags, and how long a list is. */
static bool number_of (const board_type_t *type, const board_column_t *column, const void *row, uint64_t *ret_number)
{
    const field_t *field = NULL;
    const void *at = strchr (column->path, '/') ? NULL : find (type->type, row, column->path, &field);
    if (!at)
        return false;
    switch (field->kind) {
    case FIELD_UINT:
        *ret_number = *(const uint64_t *) at;
        return true;
    case FIELD_ENUM:
        *ret_number = *(const unsigned *) at;
        return true;
    case FIELD_FLAG:
        *ret_number = *(const bool *) at;
        return true;
    case FIELD_LIST:
        *ret_number = *(const size_t *) at;
        return true;
    default:
        return false;
    }
}

static char *span_text (uint64_t from, uint64_t to)
{
    char text[VIEW_DURATION_SIZE];
    view_duration (to > from ? (to - from) / 1000 * 1000 : 0, text);
    /*  The larger of its two units says enough, but for hours and days. */
    size_t first = strspn (text, "0123456789");
    if (text[first] == 'm' || text[first] == 's')
        text[first + 1] = '\0';
    return strdup (text);
}

char *board_cell (const board_type_t *type, const board_column_t *column, const void *row, uint64_t now)
{
    uint64_t number = 0;
    bool counts = number_of (type, column, row, &number);
    if (column->kind == COLUMN_tally)
        return tally_text (&((const breakpoint_view_t *) row)->breakpoint);
    if (counts && number > 0 && column->kind == COLUMN_age)
        return span_text (number, now);
    if (counts && number > 0 && column->kind == COLUMN_left)
        return span_text (now, number);
    return view_path (type->type, row, column->path);
}

/* ---- the filter ---- */

#define WORDS_MOST 16 /*  of a filter */

/*  Strikes out the words that the text has; takes it. */
static void strike (const char **words, size_t count, char *text)
{
    for (size_t i = 0; text && i < count; i++)
        if (words[i] && strcasestr (text, words[i]))
            words[i] = NULL;
    free (text);
}

static bool all_struck (const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (words[i])
            return false;
    return true;
}

bool board_matches (const board_type_t *type, const void *row, const char *filter)
{
    char text[LIMIT_TITLE], *rest = text, *word;
    const char *words[WORDS_MOST];
    size_t count = 0;
    snprintf (text, sizeof text, "%s", filter);
    while (count < WORDS_MOST && (word = strsep (&rest, " ")))
        if (*word)
            words[count++] = word;
    for (size_t i = 0; i < BOARD_COLUMNS && type->columns[i].header && !all_struck (words, count); i++) {
        const board_column_t *column = &type->columns[i];
        bool moves = column->kind == COLUMN_age || column->kind == COLUMN_left;
        strike (words, count, moves ? NULL : board_cell (type, column, row, 0));
    }
    if (!all_struck (words, count) && record_field (type->type, "labels"))
        strike (words, count, view_path (type->type, row, "labels"));
    return all_struck (words, count);
}

/* ---- the order ---- */

/*  What a row is sorted by. */
typedef struct {
    size_t index;
    uint64_t number;
    char *text;
    int sign;
} sorted_t;

static int compare (const void *a, const void *b)
{
    const sorted_t *one = a, *other = b;
    int order = one->number < other->number ? -1 : one->number > other->number;
    if (one->text || other->text)
        order = !one->text ? 1 : !other->text ? -1 : strcasecmp (one->text, other->text); /*  the empty ones last */
    if (order != 0)
        return order * one->sign;
    return one->index < other->index ? -1 : one->index > other->index;
}

static void sort (board_t *self, const board_rows_t *rows)
{
    const board_column_t *column = &self->type->columns[self->sort];
    sorted_t *sorted = calloc (self->count + 1, sizeof *sorted);
    for (size_t i = 0; sorted && i < self->count; i++) {
        const void *row = row_at (self->type, rows, self->order[i]);
        sorted[i] = (sorted_t){.index = self->order[i], .sign = column->falls != self->reversed ? -1 : 1};
        if (!number_of (self->type, column, row, &sorted[i].number))
            sorted[i].text = view_path (self->type->type, row, column->path);
        else if (column->kind == COLUMN_left && sorted[i].number == 0)
            sorted[i].number = UINT64_MAX; /*  without a deadline: after all others */
    }
    if (sorted)
        qsort (sorted, self->count, sizeof *sorted, compare);
    for (size_t i = 0; sorted && i < self->count; i++) {
        self->order[i] = sorted[i].index;
        free (sorted[i].text);
    }
    free (sorted);
}

static void choose (board_t *self, const board_rows_t *rows)
{
    free (self->chosen);
    self->chosen = NULL;
    if (self->at >= self->count)
        self->at = self->count > 0 ? self->count - 1 : 0;
    if (self->count > 0)
        self->chosen = view_path (self->type->type, row_at (self->type, rows, self->order[self->at]), self->type->key);
}

/*  Where the row of the name is now. */
static void find_chosen (board_t *self, const board_rows_t *rows)
{
    for (size_t i = 0; self->chosen && i < self->count; i++) {
        char *key = view_path (self->type->type, row_at (self->type, rows, self->order[i]), self->type->key);
        bool found = text_equal (key, self->chosen);
        free (key);
        if (found) {
            self->at = i;
            return;
        }
    }
    choose (self, rows);
}

void board_arrange (board_t *self, const board_rows_t *rows)
{
    if (rows->count > self->room) {
        size_t *order = reallocarray (self->order, rows->count, sizeof *order);
        if (!order)
            return;
        self->order = order;
        self->room = rows->count;
    }
    self->count = self->belong = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const void *row = row_at (self->type, rows, i);
        if (self->type->takes && !self->type->takes (row))
            continue;
        self->belong++;
        if (board_matches (self->type, row, self->filter))
            self->order[self->count++] = i;
    }
    sort (self, rows);
    find_chosen (self, rows);
}

const void *board_chosen (const board_t *self, const board_rows_t *rows)
{
    return self->at < self->count ? row_at (self->type, rows, self->order[self->at]) : NULL;
}

void board_move (board_t *self, const board_rows_t *rows, long by)
{
    if (by < 0)
        self->at -= (size_t) -by < self->at ? (size_t) -by : self->at;
    else
        self->at = (size_t) by < self->count ? self->at + (size_t) by : self->count;
    choose (self, rows);
}

/* ---- columns ---- */

void board_layout (const board_type_t *type, size_t cells, size_t ret_widths[BOARD_COLUMNS])
{
    size_t total = 0;
    for (size_t i = 0; i < BOARD_COLUMNS; i++) {
        ret_widths[i] = type->columns[i].header ? type->columns[i].width : 0;
        total += ret_widths[i] > 0 ? ret_widths[i] + 1 : 0;
    }
    for (int rank = 9; rank > 0; rank--)
        for (size_t i = BOARD_COLUMNS; i-- > 0 && total > cells;)
            if (ret_widths[i] > 0 && type->columns[i].rank == rank) {
                total -= ret_widths[i] + 1;
                ret_widths[i] = 0;
            }
    for (size_t i = 0; i < BOARD_COLUMNS; i++)
        if (type->columns[i].grows && total < cells)
            ret_widths[i] += cells - total;
}

void board_sort_next (board_t *self, size_t cells)
{
    size_t widths[BOARD_COLUMNS];
    board_layout (self->type, cells, widths);
    do
        self->sort = (self->sort + 1) % BOARD_COLUMNS;
    while (widths[self->sort] == 0);
    self->reversed = false;
}

/* ---- drawing ---- */

static style_t style_of (const board_column_t *column, const char *text)
{
    static const struct {
        const char *word;
        style_t style;
    } WORDS[] = {{"running", STYLE_good},   {"active", STYLE_good},    {"up", STYLE_good},       {"placed", STYLE_good},
                 {"suspended", STYLE_warn}, {"queued", STYLE_warn},    {"stopping", STYLE_warn}, {"lost", STYLE_bad},
                 {"down", STYLE_bad},       {"terminated", STYLE_dim}, {"finished", STYLE_dim}};
    for (size_t i = 0; column->kind == COLUMN_word && i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp (WORDS[i].word, text) == 0)
            return WORDS[i].style;
    return STYLE_plain;
}

static void draw_heads (const board_t *self, screen_t *screen, size_t row, const size_t *widths)
{
    screen_bar (screen, row, STYLE_bar, "", "");
    for (size_t i = 0, column = 0; i < BOARD_COLUMNS; i++) {
        char head[LIMIT_NAME];
        if (widths[i] == 0)
            continue;
        bool falls = self->type->columns[i].falls != self->reversed;
        snprintf (head, sizeof head, "%s%s", self->type->columns[i].header,
                  i != self->sort ? ""
                  : falls         ? "\u2193"
                                  : "\u2191");
        screen_text (screen, row, column, widths[i] + 1, STYLE_bar, head);
        column += widths[i] + 1;
    }
}

static void draw_row (const board_t *self, screen_t *screen, size_t line, const void *row, bool chosen,
                      const size_t *widths, uint64_t now)
{
    if (chosen)
        screen_bar (screen, line, STYLE_chosen, "", "");
    for (size_t i = 0, place = 0; i < BOARD_COLUMNS; i++) {
        const board_column_t *column = &self->type->columns[i];
        if (widths[i] == 0)
            continue;
        char *text = board_cell (self->type, column, row, now);
        if (text)
            screen_text (screen, line, place, widths[i], chosen ? STYLE_chosen : style_of (column, text), text);
        free (text);
        place += widths[i] + 1;
    }
}

void board_draw (board_t *self, const board_rows_t *rows, screen_t *screen, size_t top, size_t bottom, uint64_t now)
{
    size_t widths[BOARD_COLUMNS], room = bottom > top + 1 ? bottom - top - 1 : 0;
    board_layout (self->type, screen_columns (screen), widths);
    draw_heads (self, screen, top, widths);
    if (self->at < self->top)
        self->top = self->at;
    if (self->at >= self->top + room)
        self->top = self->at + 1 - room;
    if (self->top + room > self->count)
        self->top = self->count > room ? self->count - room : 0;
    for (size_t i = 0; i < room && self->top + i < self->count; i++)
        draw_row (self, screen, top + 1 + i, row_at (self->type, rows, self->order[self->top + i]),
                  self->top + i == self->at, widths, now);
}
