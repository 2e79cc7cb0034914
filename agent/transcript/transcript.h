/*  Transcripts of other tools: which formats there are, reading one into a draft, and writing a session as one. */
#ifndef BATON_TRANSCRIPT_H
#define BATON_TRANSCRIPT_H

#include "draft.h"
#include "source.h"

#include <stdio.h>

typedef struct transcript_writer transcript_writer_t;

/*  A format. Each has a file of its own. */
typedef struct {
    const char *name;
    /*  One value of the file. */
    void (*read) (draft_t *draft, const json_t *value);
    /*  An item, and what its line said besides where that was the same format (else NULL); and the end. */
    void (*write) (transcript_writer_t *writer, const item_t *item, const json_t *rest);
    void (*finish) (transcript_writer_t *writer);
    bool document; /*  written as one JSON document; else line by line */
} transcript_format_t;

extern const transcript_format_t TRANSCRIPT_claude_code, TRANSCRIPT_codex, TRANSCRIPT_openai, TRANSCRIPT_anthropic;

/*  NULL when there is none of that name. */
const transcript_format_t *transcript_format_find (const char *name);

/*  Reads a file into a draft, which is not finished yet. */
BATON_MUST_USE baton_status transcript_read (const transcript_format_t *format, const char *path,
                                             const source_about_t *about, draft_t *draft, baton_error_t *error);

/*  The same for what is in memory. */
BATON_MUST_USE baton_status transcript_read_text (const transcript_format_t *format, char *text, size_t size,
                                                  draft_t *draft, baton_error_t *error);

/*  The id that the session of this transcript has here: the same file gives the same, unless it is to have another
 * title (NULL: its own). */
void transcript_session_id (const transcript_format_t *format, const source_about_t *about, const char *title,
                            char ret_id[ID_SIZE]);

/* ---- writing ---- */

struct transcript_writer {
    const transcript_format_t *format;
    FILE *out;
    const char *session; /*  its id */
    uint64_t created_at;
    uint64_t items;
    json_t *messages; /*  what a document is made of */
    json_t *system;
    char last[40]; /*  claude-code: uuid of the line before */
};

/*  Writes each item in order, then ends. Nothing of the session is borrowed longer than a call. */
BATON_MUST_USE baton_status transcript_write_item (transcript_writer_t *self, const item_t *item, const json_t *rest,
                                                   baton_error_t *error);
BATON_MUST_USE baton_status transcript_write_end (transcript_writer_t *self, baton_error_t *error);

#endif
