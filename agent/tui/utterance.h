/*  What is typed in a breakpoint's room: a comment, or a command that begins with a slash. Pure: a text and the
 *  breakpoint give a request or a sentence of what is wrong.
 */
#ifndef BATON_UTTERANCE_H
#define BATON_UTTERANCE_H

#include "schema.h"

typedef enum {
    UTTERANCE_none,
    UTTERANCE_comment,
    UTTERANCE_vote,
    UTTERANCE_claim,
    UTTERANCE_join,
    UTTERANCE_leave,
    UTTERANCE_help
} utterance_kind_t;

typedef struct {
    utterance_kind_t kind;
    char *text; /*  of a comment */
    /*  Of a vote; NULL or empty where there is none. */
    char *option;
    char *key;
    char *why;
    baton_bytes_t value;
} utterance_t;

/*  "/vote OPTION [why]"; for kind input "/vote ANSWER"; for kind budget "/vote raise CAPS"; for kind merge_conflict
 *  "/vote KEY OPTION [why]" and "/vote KEY edit VALUE". "//" begins a comment with a slash. */
BATON_MUST_USE baton_status utterance_parse (const breakpoint_view_t *view, const char *text,
                                             utterance_t *ret_utterance, baton_error_t *error);
void utterance_clear (utterance_t *self);

/*  The longest text that all continuations of this one begin with, freed by the caller: the text itself when there is
 *  none. *ret_choices, added to, are the continuations. NULL for lack of memory. */
char *utterance_complete (const breakpoint_view_t *view, const char *text, baton_texts_t *ret_choices);

#endif
