/*  A session's journal, written from what a transcript says, with the times of the transcript.
 *
 *  What is said becomes items. Runs are made of them: what the user says begins one, and what comes after belongs to
 * it. Each tool call gets a result: one that the transcript does not have is made up and says so. Events go out in
 * pages as they fill; nothing is kept but the page under way.
 */
#ifndef BATON_DRAFT_H
#define BATON_DRAFT_H

#include "id.h"
#include "schema.h"

#include <jansson.h>

/*  Where the journal goes. Either may be NULL: then it is only counted. */
typedef struct {
    baton_status (*page) (void *self, const baton_bytes_t *page, baton_error_t *error);
    baton_status (*content) (void *self, const char *digest, const baton_bytes_t *content, baton_error_t *error);
    void *self;
} draft_to_t;

/*  What was found in the transcript, for people. */
typedef struct {
    uint64_t lines; /*  or elements of its array */
    uint64_t items; /*  what is said */
    uint64_t runs;
    uint64_t noted;      /*  lines that are no items, kept in the journal */
    uint64_t unreadable; /*  of them, those that are no JSON */
    uint64_t unanswered; /*  calls without a result, which got one */
    uint64_t uncalled;   /*  results without a call, kept as what they say */
    uint64_t shown;      /*  texts whose control characters are shown as pictures (U+2400 and on) */
    uint64_t repaired;   /*  lines with bytes that are no UTF-8, which became U+FFFD */
    uint64_t artifacts;  /*  parts that are longer than LIMIT_TRANSCRIPT_PART */
    uint64_t left_out;   /*  bytes that nothing had room for */
} draft_counts_t;

typedef struct draft draft_t;

/*  The draft of the session of that id. tool is the name of the format; at: a time for what has none. */
BATON_MUST_USE baton_status draft_new (const char *session, const char *tool, const char *label, uint64_t at,
                                       const draft_to_t *to, draft_t **ret_draft, baton_error_t *error);
void draft_destroy (draft_t **self);

/*  Everything below is said in this line; at: when (0: when the one before was). */
void draft_line (draft_t *self, uint64_t line);
void draft_at (draft_t *self, uint64_t at);

/*  Parts of an item of that role; the item ends where another role speaks, and with the line. */
void draft_text (draft_t *self, item_role_e role, const json_t *text);
void draft_json (draft_t *self, item_role_e role, const json_t *value);
void draft_call (draft_t *self, const json_t *call, const json_t *tool, const json_t *arguments);
void draft_result (draft_t *self, const json_t *call, const json_t *result, bool failed);

/*  What the line says besides; NULL for nothing. Ends its items. */
void draft_rest (draft_t *self, const json_t *rest);

/*  A line that could not be read, as far as it goes; why is a sentence. */
void draft_unreadable (draft_t *self, const char *text, size_t size, const char *why);

/*  A title that the transcript gives; the last one counts, and before all of them the first words of the user. */
void draft_title (draft_t *self, const json_t *title);

draft_counts_t *draft_counts (draft_t *self);
const char *draft_found_title (const draft_t *self);

/*  Ends the last run and sends the last page. Gives what went wrong on the way, and the last position. */
BATON_MUST_USE baton_status draft_finish (draft_t *self, uint64_t *ret_n, baton_error_t *error);

/*  What went wrong so far: nothing more is taken then. */
BATON_MUST_USE baton_status draft_status (const draft_t *self, baton_error_t *error);

#endif
