/*  Archives that anybody may have made. */
#include "archive.h"
#include "event.h"

#include "fixpoint.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void look_at_page (const archive_section_t *section)
{
    archive_page_t page = {0};
    if (record_decode (&RECORD_archive_page, section->data, section->size, &page, NULL) == BATON_OK)
        for (size_t i = 0; i < page.events.count; i++) {
            event_t event = {0};
            if (event_from_envelope (&page.events.items[i], &event, NULL) == BATON_OK)
                must (event.body != NULL);
            event_clear (&event);
        }
    record_clear (&RECORD_archive_page, &page);
}

static void look_at (const archive_section_t *section)
{
    char digest[DIGEST_SIZE];
    baton_bytes_t content = {0};
    must (section->kind > ARCHIVE_head && section->kind < ARCHIVE_KINDS && section->size <= LIMIT_ARCHIVE_SECTION);
    if (section->kind == ARCHIVE_blob && archive_blob (section, digest, &content, NULL) == BATON_OK)
        must (content.size + ARCHIVE_DIGEST == section->size);
    if (section->kind == ARCHIVE_events || section->kind == ARCHIVE_ancestor)
        look_at_page (section);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    FILE *file = size > 0 ? fmemopen ((void *) data, size, "r") : NULL;
    archive_reader_t *reader = NULL;
    archive_section_t section = {.kind = ARCHIVE_head};
    if (!file)
        return 0;
    baton_status status = archive_reader_new (file, &reader, NULL);
    must ((status == BATON_OK) == (reader != NULL));
    while (status == BATON_OK && section.kind != ARCHIVE_seal) {
        status = archive_read (reader, &section, NULL);
        if (status == BATON_OK)
            look_at (&section);
    }
    archive_reader_destroy (&reader);
    fclose (file);
    return 0;
}
