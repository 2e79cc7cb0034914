/*  Journals that anybody may have made: what is let in must be a session that the broker can work with. */
#include "import.h"

#include "fixpoint.h"
#include "id.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/*  Everything that the broker asks of a state in memory. */
static void use (session_t *state)
{
    session_import_request_t params = {.origin_session = state->session, .origin_n = state->n};
    command_t command = {.method = METHOD_session_import, .request = &params, .now = 1700000000000, .actor = "ada"};
    event_list_t events = {0};
    changed_t changed = {0};
    projection_t row = {0};
    must (record_check (&RECORD_session, state, NULL) == BATON_OK);
    must (session_project (state, &row) == BATON_OK);
    must (session_decide (state, &command, &events, &changed, NULL) == BATON_OK);
    for (size_t i = 0; i < events.count; i++) {
        events.items[i].n = state->n + 1;
        events.items[i].at = command.now;
        must (session_evolve (state, &events.items[i]) == BATON_OK);
    }
    must (record_check (&RECORD_session, state, NULL) == BATON_OK);
    must (state->state == lifecycle_suspended || state->state == lifecycle_terminated);
    (void) session_due (state);
    event_list_clear (&events);
    record_clear (&RECORD_changed, &changed);
    record_clear (&RECORD_projection, &row);
}

static void check (import_t *import)
{
    for (size_t i = 0; i < import->events.count; i++) {
        baton_bytes_t bytes = {0};
        event_t event = {0};
        must (import_encode (&import->events.items[i], import->session, 70000, &bytes) == BATON_OK);
        must (event_decode (bytes.data, bytes.size, &event, NULL) == BATON_OK);
        must (event.seq == 70000 && event.n == import->events.items[i].n);
        must (text_equal (event.session, import->session));
        event_clear (&event);
        bytes_clear (&bytes);
    }
    use (&import->state);
}

/*  The first byte says where the journal is to end. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    uint8_t digest[32] = {0};
    char name[DIGEST_SIZE] = "0000000000000000000000000000000000000000000000000000000000000000";
    store_t *store = NULL;
    if (size == 0 || id_init () != BATON_OK || store_open_memory (&store) != BATON_OK)
        return 0;
    store_blob_t page = {name, {size - 1, (uint8_t *) data + 1}, 1, {"ada", ""}, NULL};
    must (store_commit (store, &(store_batch_t){.blobs = &page, .blob_count = 1}, NULL) == BATON_OK);
    session_import_request_t params = {
        .origin_session = (char *) "s3ss10n", .origin_n = data[0], .pages = {sizeof digest, digest}};
    request_t request = {.params = &params};
    import_t import = {0};
    must (text_set (&import.fresh, "0123456789abcdefghjk") == BATON_OK);
    if (import_read (store, &request, &import, NULL) == BATON_OK)
        check (&import);
    record_clear (&RECORD_import, &import);
    store_close (&store);
    return 0;
}
