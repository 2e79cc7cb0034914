/*  A transcript is anybody's file: whatever is in it becomes a journal that the broker's own checks let pass, and that
 * can be written as every format. */
#include "event.h"
#include "parts.h"
#include "transcript.h"

#include "fixpoint.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const FORMATS[] = {"claude-code", "codex", "openai", "anthropic"};

/*  Writes an item as each format, with the parts of another. */
static void write_all (const item_appended_event_t *body)
{
    item_t item = {.role = body->role, .parts = {body->parts.count, body->parts.items}, .at = 1};
    for (size_t i = 0; i < 4; i++) {
        char *text = NULL;
        size_t size = 0;
        transcript_writer_t writer = {
            .format = transcript_format_find (FORMATS[i]), .out = open_memstream (&text, &size), .session = "s"};
        must (transcript_write_item (&writer, &item, NULL, NULL) == BATON_OK);
        must (transcript_write_end (&writer, NULL) == BATON_OK);
        fclose (writer.out);
        free (text);
    }
}

/*  Each event is one, and stands in its place. */
static baton_status check_page (void *self, const baton_bytes_t *bytes, baton_error_t *error)
{
    (void) error;
    uint64_t *n = self;
    archive_page_t page = {0};
    must (record_decode (&RECORD_archive_page, bytes->data, bytes->size, &page, NULL) == BATON_OK);
    for (size_t i = 0; i < page.events.count; i++) {
        baton_bytes_t one = {0};
        event_t event = {0};
        must (record_encode (&RECORD_event_envelope, &page.events.items[i], &one) == BATON_OK);
        must (event_decode (one.data, one.size, &event, NULL) == BATON_OK);
        must (event.n == ++*n);
        if (event.kind == EVENT_item_appended)
            write_all (event.body);
        bytes_clear (&one);
        event_clear (&event);
    }
    record_clear (&RECORD_archive_page, &page);
    return BATON_OK;
}

/*  The first byte chooses the format. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0 || id_init () != BATON_OK)
        return 0;
    uint64_t seen = 0, n = 0;
    draft_t *draft = NULL;
    draft_to_t to = {check_page, NULL, &seen};
    const char *format = FORMATS[data[0] % 4];
    char *text = malloc (size);
    memcpy (text, data + 1, size - 1);
    text[size - 1] = '\0';
    must (draft_new ("0123456789abcdefghjk", format, "x", 1, &to, &draft, NULL) == BATON_OK);
    must (transcript_read_text (transcript_format_find (format), text, size - 1, draft, NULL) == BATON_OK);
    must (draft_finish (draft, &n, NULL) == BATON_OK && n == seen);
    draft_destroy (&draft);
    free (text);
    return 0;
}
