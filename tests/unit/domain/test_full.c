/*  A session of which everything is at its limit at once: its state must fit into a frame still, so that it can be
 *  shown, saved, forked and exported.
 *
 *  A field that is added to the state fills itself here, from its table; what is bounded by bytes, and not by counts
 * alone, is filled by hand.
 */
#include "story.h"

#include "deciding.h"
#include "value.h"

#include <stdio.h>

#define MARGIN 65536u /*  of a frame, for what stands around the state */

/* ---- by the tables ---- */

/*  These are bounded by bytes. */
static bool is_by_hand (const record_type_t *type, const char *name)
{
    static const char *const NAMES[] = {"breakpoints", "memory", "decisions", "keys", "queue"};
    bool holds = type == &RECORD_session || type == &RECORD_before || type == &RECORD_merge;
    for (size_t i = 0; holds && i < COUNT (NAMES); i++)
        if (strcmp (name, NAMES[i]) == 0)
            return true;
    return false;
}

static char *long_text (size_t size, size_t number)
{
    char *text = malloc (size + 1);
    assert_non_null (text);
    memset (text, 'x', size);
    text[size] = '\0';
    char digits[24];
    int count = snprintf (digits, sizeof digits, "%zu", number);
    if ((size_t) count < size)
        memcpy (text + size - (size_t) count, digits, (size_t) count);
    return text;
}

/*  A msgpack string of that many bytes in all, or one less where no string has as many. */
static void set_value (baton_bytes_t *value, size_t size)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    size_t length = size - (size <= 32 ? 1 : size <= 257 ? 2 : size <= 65538 ? 3 : 5);
    char *text = long_text (length, 0);
    msgpack_sbuffer_init (&buffer);
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    assert_int_equal (msgpack_pack_str_with_body (&packer, text, length), 0);
    free (text);
    value->size = buffer.size;
    value->data = (uint8_t *) msgpack_sbuffer_release (&buffer);
    assert_in_range (value->size, size - 1, size);
}

static void fill_all (const record_type_t *type, void *record, size_t number);

static void fill_many (const field_t *field, void *at)
{
    for (size_t i = 0; i < field->limit; i++)
        if (field->kind == FIELD_LIST) {
            void *item = list_append (at, field->type->size);
            assert_non_null (item);
            fill_all (field->type, item, i);
        } else {
            char *text = long_text (field->kind == FIELD_TEXTS ? LIMIT_TITLE : LIMIT_NAME, i);
            char *value = long_text (LIMIT_TITLE, i);
            if (field->kind == FIELD_TEXTS)
                assert_int_equal (texts_add (at, text), BATON_OK);
            else
                assert_int_equal (pairs_set (at, text, value), BATON_OK);
            free (text);
            free (value);
        }
}

static void fill_all (const record_type_t *type, void *record, size_t number)
{
    for (const field_t *field = type->fields (); field->name; field++) {
        void *at = (uint8_t *) record + field->offset;
        if (is_by_hand (type, field->name))
            continue;
        if (field->kind == FIELD_TEXT || field->kind == FIELD_LINE || field->kind == FIELD_NAME)
            *(char **) at = long_text (field->limit, number);
        else if (field->kind == FIELD_UINT)
            *(uint64_t *) at = field->limit > 0 ? field->limit : UINT64_MAX;
        else if (field->kind == FIELD_FLAG)
            *(bool *) at = true;
        else if (field->kind == FIELD_ENUM)
            *(unsigned *) at = (unsigned) field->names->count - 1;
        else if (field->kind == FIELD_VALUE || field->kind == FIELD_BYTES)
            set_value (at, field->limit);
        else if (field->kind == FIELD_INNER)
            fill_all (field->type, at, number);
        else
            fill_many (field, at);
    }
}

/* ---- by bytes ---- */

#define MEMORY_VALUE (LIMIT_MEMORY_BYTES / LIMIT_MEMORY_KEYS - LIMIT_NAME)
#define DECISION_TEXT ((LIMIT_DECISION_BYTES / LIMIT_DECISIONS - LIMIT_NAME) / 2)
#define KEY_BYTES (LIMIT_MERGE_BYTES / LIMIT_MERGE_KEYS - LIMIT_MERGE_KEY)

static void *add (void *list, size_t size)
{
    void *item = list_append (list, size);
    assert_non_null (item);
    return item;
}

static void fill_memory (void *list)
{
    for (size_t i = 0; i < LIMIT_MEMORY_KEYS; i++) {
        memory_t *memory = add (list, sizeof *memory);
        *memory = (memory_t){
            .key = long_text (LIMIT_NAME, i), .run = UINT64_MAX, .n = UINT64_MAX, .session = long_text (LIMIT_ID, i)};
        set_value (&memory->value, MEMORY_VALUE);
    }
}

static void fill_decisions (void *list)
{
    for (size_t i = 0; i < LIMIT_DECISIONS; i++) {
        decision_t *decision = add (list, sizeof *decision);
        *decision = (decision_t){.key = long_text (LIMIT_NAME, i),
                                 .value = long_text (DECISION_TEXT, i),
                                 .why = long_text (DECISION_TEXT, i),
                                 .run = UINT64_MAX,
                                 .n = UINT64_MAX,
                                 .session = long_text (LIMIT_ID, i),
                                 .changes = UINT64_MAX};
    }
}

static void fill_merge (merge_t *merge)
{
    for (size_t i = 0; i < LIMIT_MERGE_KEYS; i++) {
        merge_key_t *key = add (&merge->keys, sizeof *key);
        *key = (merge_key_t){.kind = fact_kind_memory,
                             .key = long_text (KEY_BYTES / 2, i),
                             .session = long_text (LIMIT_ID, i),
                             .n = UINT64_MAX,
                             .run = UINT64_MAX,
                             .conflict = true,
                             .choice = merge_choice_theirs,
                             .by = long_text (LIMIT_ID, i),
                             .at = UINT64_MAX};
        set_value (&key->base, KEY_BYTES / 6);
        set_value (&key->ours, KEY_BYTES / 6);
        set_value (&key->theirs, KEY_BYTES / 6);
    }
}

/*  Starts that firings have left, which are let in whatever else waits. */
static void fill_queue (session_t *state)
{
    firing_t firing = {0};
    fill_all (&RECORD_firing, &firing, 0);
    for (size_t i = 0; i < LIMIT_QUEUE; i++) {
        start_t *start = add (&state->queue, sizeof *start);
        fill_all (&RECORD_start, start, i);
        bytes_clear (&start->input);
        assert_int_equal (record_encode (&RECORD_firing, &firing, &start->input), BATON_OK);
    }
    record_clear (&RECORD_firing, &firing);
}

/*  Votes that are short enough to be counted always, and everybody is there. */
static size_t crowd (breakpoint_t *breakpoint)
{
    size_t bytes = 0;
    for (size_t i = 0; i < LIMIT_VOTES; i++) {
        vote_t *vote = add (&breakpoint->votes, sizeof *vote);
        *vote = (vote_t){.actor = long_text (LIMIT_ID, i),
                         .option = long_text (LIMIT_TITLE, i),
                         .why = long_text (LIMIT_VOTE_SHORT - LIMIT_ID - LIMIT_TITLE, i),
                         .at = UINT64_MAX};
        bytes += vote_bytes (vote);
    }
    for (size_t i = 0; i < LIMIT_PRESENT; i++)
        *(presence_t *) add (&breakpoint->present, sizeof (presence_t)) =
            (presence_t){long_text (LIMIT_ID, i), UINT64_MAX};
    breakpoint->state = breakpoint_state_open;
    return bytes;
}

/*  As many as there may be; those that are open are crowded. Gives what their votes have. */
static size_t fill_breakpoints (session_t *state)
{
    size_t votes = 0;
    for (size_t i = 0; i < LIMIT_BREAKPOINTS; i++) {
        breakpoint_t *breakpoint = add (&state->breakpoints, sizeof *breakpoint);
        *breakpoint = (breakpoint_t){.number = i + 1,
                                     .key = long_text (LIMIT_ID, i),
                                     .kind = breakpoint_kind_approval,
                                     .state = breakpoint_state_decided,
                                     .title = long_text (LIMIT_TITLE, i),
                                     .digest = long_text (LIMIT_ID, i),
                                     .requester = long_text (LIMIT_ID, i),
                                     .run = UINT64_MAX,
                                     .n = UINT64_MAX,
                                     .opened_at = UINT64_MAX,
                                     .deadline = UINT64_MAX,
                                     .duration = UINT64_MAX,
                                     .on_expiry = expiry_option,
                                     .expiry_option = long_text (LIMIT_TITLE, i),
                                     .claimed_by = long_text (LIMIT_ID, i),
                                     .outcome = long_text (LIMIT_TITLE, i),
                                     .decided_at = UINT64_MAX};
        votes += i >= LIMIT_BREAKPOINTS - LIMIT_OPEN_BREAKPOINTS ? crowd (breakpoint) : 0;
    }
    return votes;
}

static void fill_session (session_t *state)
{
    fill_all (&RECORD_session, state, 0);
    fill_memory (&state->memory);
    fill_memory (&state->before.memory);
    fill_decisions (&state->decisions);
    fill_decisions (&state->before.decisions);
    fill_merge (&state->merge);
    size_t votes = fill_breakpoints (state);
    assert_true (session_waiting_bytes (state) - votes >= LIMIT_WAITING_BYTES);
    fill_queue (state);
}

/* ---- the tests ---- */

static void check_reads_back (const record_type_t *type, const void *record, void *again)
{
    baton_bytes_t bytes = {0}, second = {0};
    baton_error_t error = {0};
    assert_int_equal (record_encode (type, record, &bytes), BATON_OK);
    assert_in_range (bytes.size, LIMIT_FRAME / 2, LIMIT_FRAME - MARGIN);
    if (record_decode (type, bytes.data, bytes.size, again, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    assert_int_equal (record_encode (type, again, &second), BATON_OK);
    assert_int_equal (second.size, bytes.size);
    assert_memory_equal (second.data, bytes.data, bytes.size);
    bytes_clear (&bytes);
    bytes_clear (&second);
}

/*  A fork's journal begins with the state that it goes on from: the event is stored, published and exported. */
static void test_a_fork_of_a_full_session_fits_into_a_frame (void **state)
{
    (void) state;
    session_t full = {0}, fork = {0};
    changed_t changed = {0};
    event_list_t events = {0};
    baton_error_t error = {0};
    fill_session (&full);
    const size_t counts[] = {full.window.calls.count, full.lineage.count, full.ancestors.count};
    full.window.calls.count = 0; /*  it can't be forked at these three limits themselves */
    full.lineage.count--;
    full.ancestors.count--;
    session_fork_request_t request = {.session = (char *) STORY_ID, .title = long_text (LIMIT_TITLE, 0)};
    command_t command = {.method = METHOD_session_fork,
                         .request = &request,
                         .now = STORY_START,
                         .actor = "ada",
                         .role = role_operator,
                         .access = access_own,
                         .source = &full,
                         .fresh = STORY_ID};
    if (session_decide (&fork, &command, &events, &changed, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    baton_bytes_t bytes = {0};
    assert_int_equal (event_encode (&events.items[0], &bytes), BATON_OK);
    assert_in_range (bytes.size, LIMIT_DECISION_BYTES, LIMIT_FRAME - MARGIN);
    bytes_clear (&bytes);
    free (request.title);
    full.window.calls.count = counts[0];
    full.lineage.count = counts[1];
    full.ancestors.count = counts[2];
    record_clear (&RECORD_changed, &changed);
    event_list_clear (&events);
    record_clear (&RECORD_session, &full);
}

static void test_a_full_session_fits_into_a_frame (void **state)
{
    (void) state;
    session_t full = {0}, again = {0};
    projection_t row = {0};
    fill_session (&full);
    check_reads_back (&RECORD_session, &full, &again);
    assert_int_equal (session_project (&again, &row), BATON_OK);
    assert_int_equal (row.open.count, LIMIT_OPEN_BREAKPOINTS);
    record_clear (&RECORD_projection, &row);
    record_clear (&RECORD_session, &again);
    record_clear (&RECORD_session, &full);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_full_session_fits_into_a_frame),
        cmocka_unit_test (test_a_fork_of_a_full_session_fits_into_a_frame),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
