#include "transcript.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const transcript_format_t *const FORMATS[] = {&TRANSCRIPT_claude_code, &TRANSCRIPT_codex, &TRANSCRIPT_openai,
                                                     &TRANSCRIPT_anthropic};

const transcript_format_t *transcript_format_find (const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (strcmp (FORMATS[i]->name, name) == 0)
            return FORMATS[i];
    return NULL;
}

/* ---- reading ---- */

typedef struct {
    const transcript_format_t *format;
    draft_t *draft;
} reading_t;

static baton_status read_value (void *self, const source_value_t *value, baton_error_t *error)
{
    reading_t *reading = self;
    draft_line (reading->draft, value->number);
    draft_counts (reading->draft)->repaired += value->repaired ? 1 : 0;
    draft_counts (reading->draft)->left_out += value->dropped;
    if (!value->json)
        draft_unreadable (reading->draft, value->text, value->size, value->problem);
    else
        reading->format->read (reading->draft, value->json);
    return draft_status (reading->draft, error);
}

baton_status transcript_read (const transcript_format_t *format, const char *path, const source_about_t *about,
                              draft_t *draft, baton_error_t *error)
{
    reading_t reading = {format, draft};
    return source_read (path, about, read_value, &reading, error);
}

baton_status transcript_read_text (const transcript_format_t *format, char *text, size_t size, draft_t *draft,
                                   baton_error_t *error)
{
    reading_t reading = {format, draft};
    return source_read_text (text, size, read_value, &reading, error);
}

void transcript_session_id (const transcript_format_t *format, const source_about_t *about, const char *title,
                            char ret_id[ID_SIZE])
{
    static const char ALPHABET[] = "0123456789abcdefghjkmnpqrstvwxyz";
    char digest[DIGEST_SIZE], name[LIMIT_TITLE + LIMIT_NAME];
    snprintf (name, sizeof name, "%s %s", format->name, title ? title : "");
    digest_of_named (name, about->digest, strlen (about->digest), digest);
    for (size_t i = 0; i < ID_SIZE - 1; i++) {
        unsigned byte = 0;
        sscanf (digest + 2 * i, "%2x", &byte);
        ret_id[i] = ALPHABET[byte % 32];
    }
    ret_id[ID_SIZE - 1] = '\0';
}

/* ---- writing ---- */

static baton_status check_out (const transcript_writer_t *self, baton_error_t *error)
{
    return ferror (self->out) ? baton_fail (error, BATON_internal, BATON_REASON_none, "can't write the transcript: %s",
                                            strerror (errno))
                              : BATON_OK;
}

baton_status transcript_write_item (transcript_writer_t *self, const item_t *item, const json_t *rest,
                                    baton_error_t *error)
{
    if (self->format->document && !self->messages && !(self->messages = json_array ()))
        return baton_fail_memory (error);
    self->format->write (self, item, rest);
    self->items++;
    return check_out (self, error);
}

baton_status transcript_write_end (transcript_writer_t *self, baton_error_t *error)
{
    if (self->format->document && !self->messages && !(self->messages = json_array ()))
        return baton_fail_memory (error);
    if (self->format->finish)
        self->format->finish (self);
    json_decref (self->messages);
    json_decref (self->system);
    self->messages = self->system = NULL;
    return check_out (self, error);
}
