/*  The frames that docs/protocol.md and docs/snapshot.md show as hex are real: each decodes as what it is said to be,
 * and encoding that gives the same bytes again.
 *
 *  A dump is a fenced block that begins with "```frames". In it "-- TYPE" begins a frame; the lines after it are bytes
 *  in hex, up to a "|". "== JSON" says what the frame reads as, and is checked by check_dumps.py; "## DIGEST" is the
 *  digest of the frame before it. TYPE is "signature", a record, an event's kind or a method.
 */
#include "event.h"
#include "id.h"
#include "types.h"
#include "unit.h"
#include "wire.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MOST 1024
#define FRAME_MOST 65536

typedef struct {
    const char *page;
    size_t line;
    char type[64]; /*  "" outside of a frame */
    uint8_t data[FRAME_MOST];
    size_t size;
    size_t frames;
} reader_t;

static const record_type_t *type_of (const char *name)
{
    for (size_t i = 0; type_at (i); i++)
        if (strcmp (type_at (i)->name, name) == 0)
            return type_at (i);
    return NULL;
}

static void check_record (const reader_t *self, const record_type_t *type)
{
    void *record = calloc (1, type->size + 1);
    baton_bytes_t again = {0};
    baton_error_t error = {0};
    if (record_decode (type, self->data, self->size, record, &error) != BATON_OK)
        fail_msg ("%s:%zu: %s: %s", self->page, self->line, self->type, error.message);
    assert_int_equal (record_encode (type, record, &again), BATON_OK);
    if (again.size != self->size || memcmp (again.data, self->data, again.size) != 0)
        fail_msg ("%s:%zu: this %s is not canonical", self->page, self->line, self->type);
    bytes_clear (&again);
    record_clear (type, record);
    free (record);
}

/*  An event is more than its envelope: its body has to fit its kind. */
static void check_event (const reader_t *self)
{
    event_t event = {0};
    baton_error_t error = {0};
    if (event_decode (self->data, self->size, &event, &error) != BATON_OK)
        fail_msg ("%s:%zu: %s", self->page, self->line, error.message);
    event_clear (&event);
}

static void end_frame (reader_t *self)
{
    if (!*self->type)
        return;
    self->frames++;
    const record_type_t *type = type_of (self->type);
    if (strcmp (self->type, "signature") == 0) {
        static const char *const SIGNATURES[] = {WIRE_REQUEST, WIRE_ANSWER, WIRE_DELIVERY};
        bool known = false;
        for (size_t i = 0; i < COUNT (SIGNATURES); i++)
            known = known || (self->size == WIRE_SIGNATURE_SIZE && memcmp (self->data, SIGNATURES[i], self->size) == 0);
        assert_true (known);
    } else if (type)
        check_record (self, type);
    else
        fail_msg ("%s:%zu: there is no %s", self->page, self->line, self->type);
    if (type == &RECORD_event_envelope)
        check_event (self);
    *self->type = '\0';
}

static void read_bytes (reader_t *self, const char *text)
{
    for (; *text && *text != '|' && *text != '\n'; text++) {
        unsigned byte;
        if (isspace ((unsigned char) *text))
            continue;
        if (sscanf (text, "%2x", &byte) != 1 || self->size == FRAME_MOST)
            fail_msg ("%s:%zu: not a byte in hex: %s", self->page, self->line, text);
        self->data[self->size++] = (uint8_t) byte;
        text++;
    }
}

static void check_digest (const reader_t *self, const char *wanted)
{
    char digest[DIGEST_SIZE];
    digest_of (self->data, self->size, digest);
    if (strncmp (digest, wanted, strlen (digest)) != 0)
        fail_msg ("%s:%zu: the digest is %s", self->page, self->line, digest);
}

static void read_line (reader_t *self, const char *line)
{
    if (strncmp (line, "-- ", 3) == 0) {
        end_frame (self);
        self->size = 0;
        sscanf (line, "-- %63s", self->type);
    } else if (strncmp (line, "== ", 3) == 0)
        end_frame (self);
    else if (strncmp (line, "## ", 3) == 0) {
        end_frame (self);
        check_digest (self, line + 3);
    } else
        read_bytes (self, line);
}

/*  Returns how many frames the page shows. */
static size_t check_page (const char *page)
{
    reader_t *self = calloc (1, sizeof *self);
    FILE *file = fopen (page, "r");
    assert_non_null (self);
    assert_non_null (file);
    self->page = page;
    bool inside = false;
    char line[LINE_MOST];
    for (; fgets (line, sizeof line, file); self->line++) {
        bool fence = strncmp (line, "```", 3) == 0;
        if (inside && fence)
            end_frame (self);
        else if (inside)
            read_line (self, line);
        if (fence)
            inside = strncmp (line, "```frames", 9) == 0;
    }
    size_t frames = self->frames;
    fclose (file);
    free (self);
    return frames;
}

static void frames_of_the_protocol_are_real (void **state)
{
    (void) state;
    assert_true (check_page (DOCS "/protocol.md") >= 15);
}

static void the_snapshot_is_real (void **state)
{
    (void) state;
    assert_true (check_page (DOCS "/snapshot.md") >= 1);
}

/*  Every status and reason stands in the page's tables, as status.def has it. */
static void statuses_and_reasons_are_all_there (void **state)
{
    (void) state;
    char *text = calloc (1, 1u << 20), row[1024];
    FILE *file = fopen (DOCS "/protocol.md", "r");
    assert_non_null (text);
    assert_non_null (file);
    assert_true (fread (text, 1, (1u << 20) - 1, file) > 0);
    fclose (file);
    for (int reason = 1; reason < BATON_REASON_COUNT; reason++) {
        snprintf (row, sizeof row, "| `%s` | %s | %s |\n", baton_reason_name ((baton_reason) reason),
                  baton_reason_retry ((baton_reason) reason) ? "yes" : "no", baton_reason_hint ((baton_reason) reason));
        if (!strstr (text, row))
            fail_msg ("docs/protocol.md lacks the row %s", row);
    }
#define STATUS(name, number)                                                                                           \
    if (!strstr (text, "| `" #name "` | " #number " |"))                                                               \
        fail_msg ("docs/protocol.md lacks the status %s", #name);
#include <baton/status.def>
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (frames_of_the_protocol_are_real),
        cmocka_unit_test (the_snapshot_is_real),
        cmocka_unit_test (statuses_and_reasons_are_all_there),
    };
    return id_init () == BATON_OK ? cmocka_run_group_tests (tests, NULL, NULL) : 1;
}
