/*  What the files of a draft share: the item under way, and the journal that it goes into. */
#ifndef BATON_DRAFT_INTERNAL_H
#define BATON_DRAFT_INTERNAL_H

#include "draft.h"

struct draft {
    char session[ID_SIZE];
    char tool[LIMIT_NAME + 1];
    draft_to_t to;
    draft_counts_t counts;
    baton_status status; /*  the first thing that went wrong */
    baton_error_t error;
    /*  The journal. */
    uint64_t n;
    uint64_t at;
    uint64_t bytes;
    archive_page_t page;
    size_t page_bytes;
    /*  The run under way; 0: none. */
    uint64_t run;
    bool open;
    uint64_t said_at;    /*  when the user spoke last */
    uint64_t last_at;    /*  of the last item */
    baton_texts_t calls; /*  without a result so far */
    /*  The line under way. */
    uint64_t line;
    uint64_t line_items;
    unsigned line_parts;
    unsigned pinned; /*  items of the role system */
    item_t item;
    size_t item_bytes;
    char title[LIMIT_TITLE];
    bool titled; /*  the transcript gave it */
};

/*  Remembers what went wrong first. */
void draft_fail (draft_t *self, baton_status status);

/*  Adds an event to the journal. run: it was said within the run under way. */
void draft_emit (draft_t *self, event_kind_t kind, const void *body, const char *actor, bool run);

/*  Ends the item under way. */
void draft_flush (draft_t *self);

/*  A value for a field: JSON that may be shown and is not too deep; one that is too long becomes an artifact, and the
 *  value names it. */
void draft_value (draft_t *self, const json_t *json, baton_bytes_t *ret_value);

/*  Adds an item as it is, made up for a call that has no result. */
void draft_unanswered (draft_t *self, const char *call);

#endif
