#include "room.h"

#include "json.h"
#include "tally.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TITLE_ROWS 3
#define METER_MOST 20
#define GAP "  \u00b7  "

/* ---- what was said ---- */

typedef struct {
    uint64_t at;
    const comment_t *comment; /*  or */
    const vote_t *vote;
} remark_t;

static int compare_remarks (const void *a, const void *b)
{
    const remark_t *one = a, *other = b;
    return one->at < other->at ? -1 : one->at > other->at;
}

static void clock_text (uint64_t at, char ret_text[16])
{
    time_t seconds = (time_t) (at / 1000);
    struct tm parts;
    if (!localtime_r (&seconds, &parts) || strftime (ret_text, 16, "%H:%M", &parts) == 0)
        *ret_text = '\0';
}

static void add_vote (prose_t *prose, size_t cells, const char *clock, const vote_t *vote)
{
    char *value = view_path (&RECORD_vote, vote, "value");
    prose_print (prose, STYLE_mark, cells, 6, "%s %s votes %s%s%s%s%s%s%s", clock, vote->actor,
                 vote->key ? vote->key : "", vote->key ? " " : "", vote->option ? vote->option : "", value ? " " : "",
                 value ? value : "", vote->why ? ": " : "", vote->why ? vote->why : "");
    free (value);
}

static void add_outcome (prose_t *prose, size_t cells, const breakpoint_t *breakpoint)
{
    char clock[16];
    if (breakpoint->state == breakpoint_state_open)
        return;
    char *value = view_path (&RECORD_breakpoint, breakpoint, "value");
    clock_text (breakpoint->decided_at, clock);
    prose_print (prose, STYLE_head, cells, 6, "%s %s: %s", clock,
                 enum_name (&breakpoint_state_names, breakpoint->state),
                 value                 ? value
                 : breakpoint->outcome ? breakpoint->outcome
                                       : "");
    free (value);
}

void room_talk (const breakpoint_view_t *view, size_t cells, prose_t *ret_prose)
{
    const breakpoint_t *breakpoint = &view->breakpoint;
    size_t count = 0, most = view->comments.count + breakpoint->votes.count;
    remark_t *remarks = calloc (most + 1, sizeof *remarks);
    for (size_t i = 0; remarks && i < view->comments.count; i++)
        remarks[count++] = (remark_t){view->comments.items[i].at, &view->comments.items[i], NULL};
    for (size_t i = 0; remarks && i < breakpoint->votes.count; i++)
        remarks[count++] = (remark_t){breakpoint->votes.items[i].at, NULL, &breakpoint->votes.items[i]};
    if (remarks)
        qsort (remarks, count, sizeof *remarks, compare_remarks);
    for (size_t i = 0; i < count; i++) {
        char clock[16];
        clock_text (remarks[i].at, clock);
        if (remarks[i].vote)
            add_vote (ret_prose, cells, clock, remarks[i].vote);
        else
            prose_print (ret_prose, STYLE_plain, cells, 6, "%s %s: %s", clock, remarks[i].comment->actor,
                         remarks[i].comment->text);
    }
    free (remarks);
    add_outcome (ret_prose, cells, breakpoint);
}

/* ---- what is being decided ---- */

static void add_keys (prose_t *prose, size_t cells, const breakpoint_view_t *view)
{
    for (size_t i = 0; i < view->keys.count; i++) {
        const merge_key_t *key = &view->keys.items[i];
        static const char *const SIDES[] = {"base", "ours", "theirs", "choice", "value"};
        prose_print (prose, STYLE_head, cells, 2, "%s/%s", enum_name (&fact_kind_names, key->kind), key->key);
        for (size_t side = 0; side < sizeof SIDES / sizeof *SIDES; side++) {
            char *text = view_path (&RECORD_merge_key, key, SIDES[side]);
            if (text)
                prose_print (prose, STYLE_plain, cells, 10, "  %-7s %s", SIDES[side], text);
            free (text);
        }
    }
}

static void add_body (prose_t *prose, size_t cells, const breakpoint_view_t *view)
{
    if (view->keys.count > 0)
        add_keys (prose, cells, view);
    else if (view->body)
        prose_add_body (prose, cells, view->body);
    char *schema = view->schema.size > 0 ? json_line (view->schema.data, view->schema.size) : NULL;
    if (schema) {
        prose_add (prose, STYLE_head, cells, 0, "the answer is to be");
        prose_add_body (prose, cells, schema);
    }
    free (schema);
}

/* ---- how it stands ---- */

size_t room_lead (const breakpoint_t *breakpoint)
{
    size_t lead = 0;
    for (size_t i = 0; i < breakpoint->votes.count; i++) {
        size_t same = 0;
        for (size_t j = 0; j < breakpoint->votes.count; j++)
            same += text_equal (breakpoint->votes.items[i].option, breakpoint->votes.items[j].option);
        lead = same > lead ? same : lead;
    }
    return lead;
}

/*  "[##--] " of a vote that needs several. */
static void meter_text (const breakpoint_t *breakpoint, char ret_text[METER_MOST + 4])
{
    size_t needs = (size_t) tally_needs (breakpoint), lead = room_lead (breakpoint), used = 0;
    *ret_text = '\0';
    if (breakpoint->state != breakpoint_state_open || needs < 2 || needs > METER_MOST ||
        breakpoint->kind == breakpoint_kind_merge_conflict)
        return;
    ret_text[used++] = '[';
    for (size_t i = 0; i < needs; i++)
        ret_text[used++] = i < lead ? '#' : '-';
    memcpy (ret_text + used, "] ", 3);
}

static void draw_tally (screen_t *screen, size_t row, const breakpoint_t *breakpoint)
{
    char meter[METER_MOST + 4];
    meter_text (breakpoint, meter);
    char *tally = tally_text (breakpoint), *policy = view_path (&RECORD_breakpoint, breakpoint, "policy");
    size_t column = screen_text (screen, row, 0, SIZE_MAX, STYLE_good, meter);
    column += screen_text (screen, row, column, SIZE_MAX, STYLE_head, tally ? tally : "");
    if (breakpoint->state != breakpoint_state_open && breakpoint->outcome) {
        column += screen_text (screen, row, column, SIZE_MAX, STYLE_plain, "  \u2192 ");
        column += screen_text (screen, row, column, SIZE_MAX, STYLE_head, breakpoint->outcome);
    }
    column += screen_text (screen, row, column, SIZE_MAX, STYLE_dim, GAP);
    screen_text (screen, row, column, SIZE_MAX, STYLE_dim, policy ? policy : "");
    free (tally);
    free (policy);
}

static void draw_people (screen_t *screen, size_t row, const breakpoint_t *breakpoint)
{
    size_t column = screen_text (screen, row, 0, SIZE_MAX, STYLE_dim, "here: ");
    for (size_t i = 0; i < breakpoint->present.count; i++) {
        column += screen_text (screen, row, column, SIZE_MAX, STYLE_plain, i > 0 ? ", " : "");
        column += screen_text (screen, row, column, SIZE_MAX, STYLE_mark, breakpoint->present.items[i].actor);
    }
    if (breakpoint->present.count == 0)
        column += screen_text (screen, row, column, SIZE_MAX, STYLE_dim, "nobody");
    const struct {
        const char *what, *who;
    } OTHERS[] = {{"claimed by ", breakpoint->claimed_by}, {"asked by ", breakpoint->requester}};
    for (size_t i = 0; i < 2; i++)
        if (OTHERS[i].who) {
            column += screen_text (screen, row, column, SIZE_MAX, STYLE_dim, GAP);
            column += screen_text (screen, row, column, SIZE_MAX, STYLE_dim, OTHERS[i].what);
            column += screen_text (screen, row, column, SIZE_MAX, STYLE_plain, OTHERS[i].who);
        }
}

static void draw_bar (const room_t *self, screen_t *screen)
{
    const breakpoint_t *breakpoint = &self->view.breakpoint;
    char left[512], right[128], span[TUI_SPAN_SIZE];
    uint64_t now = tui_now (self->tui);
    snprintf (left, sizeof left, " %s/%llu  %s", self->view.session_title ? self->view.session_title : self->session,
              (unsigned long long) self->number,
              self->there ? enum_name (&breakpoint_kind_names, breakpoint->kind) : "");
    if (breakpoint->state == breakpoint_state_open && breakpoint->deadline > 0) {
        tui_span (breakpoint->deadline > now ? breakpoint->deadline - now : 0, span);
        snprintf (right, sizeof right, "open, %s left ", span);
    } else
        snprintf (right, sizeof right, "%s ",
                  self->there ? enum_name (&breakpoint_state_names, breakpoint->state) : "\u2026");
    screen_bar (screen, 0, STYLE_bar, left, right);
}

/* ---- panes ---- */

static void draw_lines (screen_t *screen, size_t row, size_t rows, const prose_t *prose, size_t from)
{
    for (size_t i = 0; i < rows && from + i < prose->count; i++)
        screen_text (screen, row + i, 0, SIZE_MAX, prose->items[from + i].style, prose->items[from + i].text);
}

static void draw_rule (screen_t *screen, size_t row, const char *what, size_t from, size_t rows, size_t count)
{
    char text[128];
    if (count > rows)
        snprintf (text, sizeof text, "\u2500\u2500 %s, lines %zu to %zu of %zu ", what, from + 1, from + rows, count);
    else
        snprintf (text, sizeof text, "\u2500\u2500 %s ", what);
    size_t column = screen_text (screen, row, 0, SIZE_MAX, STYLE_dim, text);
    for (; column < screen_columns (screen); column++)
        screen_text (screen, row, column, 1, STYLE_dim, "\u2500");
}

/*  There may be megabytes of it: once for each view and width. */
static void lay_out (room_t *self, size_t cells)
{
    if (self->laid_out == cells)
        return;
    prose_clear (&self->body);
    prose_clear (&self->talk);
    add_body (&self->body, cells, &self->view);
    room_talk (&self->view, cells, &self->talk);
    self->laid_out = cells;
}

room_share_t room_share (size_t rows, size_t body, size_t talk)
{
    room_share_t share = {.rules = body > 0 && rows >= 4 ? 2 : rows >= 2 ? 1 : 0};
    size_t rest = rows - share.rules, least = rest / 3 > 3 ? rest / 3 : 3;
    least = talk < least ? talk : least;
    least = least < rest ? least : rest;
    if (share.rules == 2)
        share.body = body < rest - least ? body : rest - least;
    share.talk = rest - share.body;
    return share;
}

static size_t at_most (size_t lines, size_t shown, size_t from)
{
    size_t most = lines > shown ? lines - shown : 0;
    return from < most ? from : most;
}

/*  The body from where one has scrolled to, the talk at its end. */
static void draw_panes (room_t *self, screen_t *screen, size_t top, size_t bottom)
{
    const prose_t *body = &self->body, *talk = &self->talk;
    lay_out (self, screen_columns (screen));
    room_share_t share = room_share (bottom > top ? bottom - top : 0, body->count, talk->count);
    self->body_from = at_most (body->count, share.body, self->body_from);
    self->talk_back = at_most (talk->count, share.talk, self->talk_back);
    size_t talk_from = at_most (talk->count, share.talk, SIZE_MAX) - self->talk_back;
    if (share.rules == 2) {
        draw_rule (screen, top, "to decide", self->body_from, share.body, body->count);
        draw_lines (screen, top + 1, share.body, body, self->body_from);
        top += 1 + share.body;
    }
    if (share.rules > 0)
        draw_rule (screen, top++, "talk", talk_from, share.talk, talk->count);
    draw_lines (screen, top, share.talk, talk, talk_from);
}

static void draw_help (screen_t *screen)
{
    static const char *const LINES[] = {
        "/vote OPTION [why]    vote, or change your vote; Tab completes",
        "/vote ANSWER          answer an input",
        "/vote KEY OPTION      decide a key of a merge",
        "/claim                tell the others that you are on it",
        "/join, /leave         be there, or no longer",
        "anything else         is said to all; // begins a text with a slash",
        "",
        "Up, Down, PgUp, PgDn  scroll what is being decided",
        "Ctrl-P, Ctrl-N        scroll the talk",
        "Ctrl-C                leave",
        "",
        "In a page of baton top: v vote, c comment, C claim, J join, L leave,",
        "Esc or q back",
        "",
        "any key: back",
    };
    screen_bar (screen, 0, STYLE_bar, " A breakpoint's room", "");
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++)
        screen_text (screen, i + 2, 1, SIZE_MAX, STYLE_plain, LINES[i]);
}

/*  The question; gives the rows that it takes. */
static size_t draw_title (const room_t *self, screen_t *screen, size_t row, size_t most)
{
    prose_t title = {0};
    prose_add (&title, STYLE_head, screen_columns (screen), 0, self->view.breakpoint.title);
    size_t rows = title.count < most ? title.count : most;
    draw_lines (screen, row, rows, &title, 0);
    prose_clear (&title);
    return rows;
}

/*  The last row is the line, or the keys that open it; the one above it says what there is to say. */
static void draw_foot (const room_t *self, screen_t *screen, size_t last)
{
    bool open = self->view.breakpoint.state == breakpoint_state_open;
    bool said = last > 0 && tui_draw_notice (self->tui, screen, last - 1);
    if (!said && self->there && self->resident && self->line.length == 0 && last > 1)
        screen_text (screen, last - 1, 0, SIZE_MAX, STYLE_dim,
                     open ? "say something, or /vote OPTION [why]  /claim  /leave  /help"
                          : "nothing is left to decide: /leave or Ctrl-C");
    if (self->typing || self->resident)
        line_draw (&self->line, screen, last, "> ");
    else
        screen_text (screen, last, 0, SIZE_MAX, STYLE_dim,
                     "v vote  c comment  C claim  J join  L leave  ? help  Esc back");
}

void room_draw (room_t *self, screen_t *screen)
{
    size_t rows = screen_rows (screen), last = rows > 0 ? rows - 1 : 0, row = 1;
    bool small = rows < 12;
    if (self->helping) {
        draw_help (screen);
        return;
    }
    if (self->there) {
        row += draw_title (self, screen, row, small ? 1 : TITLE_ROWS);
        draw_tally (screen, row++, &self->view.breakpoint);
        draw_people (screen, row++, &self->view.breakpoint);
        if (last > row + 1)
            draw_panes (self, screen, row, last - 1);
    }
    draw_bar (self, screen);
    draw_foot (self, screen, last);
}
