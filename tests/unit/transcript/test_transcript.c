/*  Transcripts of each format: what items, runs and times come of them, what is kept of the rest, and the way back. */
#include "unit.h"

#include "event.h"
#include "parts.h"
#include "transcript.h"

#include <stdlib.h>
#include <string.h>

/* ---- a draft in memory ---- */

typedef struct {
    event_list_t events;
    size_t contents;
    size_t content_bytes;
} kept_t;

static baton_status keep_page (void *self, const baton_bytes_t *bytes, baton_error_t *error)
{
    kept_t *kept = self;
    archive_page_t page = {0};
    assert_int_equal (record_decode (&RECORD_archive_page, bytes->data, bytes->size, &page, error), BATON_OK);
    for (size_t i = 0; i < page.events.count; i++) {
        baton_bytes_t one = {0};
        event_t *event = list_append (&kept->events, sizeof *event);
        assert_int_equal (record_encode (&RECORD_event_envelope, &page.events.items[i], &one), BATON_OK);
        assert_int_equal (event_decode (one.data, one.size, event, error), BATON_OK);
        assert_int_equal (event->n, kept->events.count);
        bytes_clear (&one);
    }
    record_clear (&RECORD_archive_page, &page);
    return BATON_OK;
}

static baton_status keep_content (void *self, const char *digest, const baton_bytes_t *content, baton_error_t *error)
{
    (void) digest, (void) error;
    kept_t *kept = self;
    kept->contents++;
    kept->content_bytes += content->size;
    return BATON_OK;
}

static draft_counts_t read_text (const char *format, const char *text, size_t size, kept_t *kept, char title[200])
{
    baton_error_t error = {0};
    draft_t *draft = NULL;
    draft_to_t to = {keep_page, keep_content, kept};
    uint64_t n = 0;
    char *copy = malloc (size + 1);
    memcpy (copy, text, size);
    copy[size] = '\0';
    assert_int_equal (id_init (), BATON_OK);
    assert_int_equal (draft_new ("0123456789abcdefghjk", format, "d1gest", 5000, &to, &draft, &error), BATON_OK);
    assert_int_equal (transcript_read_text (transcript_format_find (format), copy, size, draft, &error), BATON_OK);
    if (draft_finish (draft, &n, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    assert_int_equal (n, kept->events.count);
    draft_counts_t counts = *draft_counts (draft);
    snprintf (title, 200, "%s", draft_found_title (draft));
    draft_destroy (&draft);
    free (copy);
    return counts;
}

/*  One line for each event that matters: "user text=Hi", "run 1", "end 1 completed", "note 3". */
static const char *story_of (const kept_t *kept)
{
    static char story[65536];
    char *at = story;
    *at = '\0';
    for (size_t i = 0; i < kept->events.count; i++) {
        const event_t *event = &kept->events.items[i];
        const item_appended_event_t *item = event->body;
        const run_finished_event_t *end = event->body;
        const transcript_noted_event_t *note = event->body;
        if (event->kind == EVENT_run_started)
            at += sprintf (at, "run %llu\n", (unsigned long long) ((const run_started_event_t *) event->body)->number);
        if (event->kind == EVENT_run_finished)
            at += sprintf (at, "end %s\n", enum_name (&run_outcome_names, end->outcome));
        if (event->kind == EVENT_transcript_noted)
            at +=
                sprintf (at, "note %llu of %llu\n", (unsigned long long) note->line, (unsigned long long) note->items);
        if (event->kind != EVENT_item_appended)
            continue;
        at += sprintf (at, "%s", enum_name (&item_role_names, item->role));
        for (size_t k = 0; k < item->parts.count; k++) {
            const part_t *part = &item->parts.items[k];
            at += sprintf (at, " %s", enum_name (&part_kind_names, part->kind));
            at += part->call ? sprintf (at, " %s", part->call) : 0;
            at += part->tool ? sprintf (at, " %s", part->tool) : 0;
            at += part->text ? sprintf (at, " \"%.60s\"", part->text) : 0;
            at += part->error ? sprintf (at, " failed") : 0;
        }
        at += sprintf (at, "\n");
    }
    return story;
}

static void check (const char *format, const char *text, const char *story)
{
    kept_t kept = {0};
    char title[200];
    read_text (format, text, strlen (text), &kept, title);
    assert_string_equal (story_of (&kept), story);
    event_list_clear (&kept.events);
}

/* ---- the formats ---- */

#define CLAUDE                                                                                                         \
    "{\"type\":\"summary\",\"summary\":\"Fix the parser\",\"leafUuid\":\"u9\"}\n"                                      \
    "{\"parentUuid\":null,\"isSidechain\":false,\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":"         \
    "\"Why does it fail?\"},\"uuid\":\"u1\",\"sessionId\":\"s\",\"timestamp\":\"2026-01-31T12:00:00.359Z\"}\n"         \
    "{\"parentUuid\":\"u1\",\"type\":\"assistant\",\"message\":{\"id\":\"m1\",\"role\":\"assistant\",\"content\":[{"   \
    "\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"x\"},{\"type\":\"text\",\"text\":\"I look.\"},{"        \
    "\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"Bash\",\"input\":{\"command\":\"ls\"}}],\"usage\":{"               \
    "\"output_tokens\":7}},\"uuid\":\"u2\",\"timestamp\":\"2026-01-31T12:00:05Z\"}\n"                                  \
    "{\"parentUuid\":\"u2\",\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","  \
    "\"tool_use_id\":\"t1\",\"content\":[{\"type\":\"text\",\"text\":\"parse.c\"}],\"is_error\":true}]},"              \
    "\"toolUseResult\":{\"stdout\":\"parse.c\"},\"uuid\":\"u3\",\"timestamp\":\"2026-01-31T12:00:06Z\"}\n"             \
    "{\"type\":\"assistant\",\"isSidechain\":true,\"message\":{\"role\":\"assistant\",\"content\":\"aside\"}}\n"       \
    "{\"parentUuid\":\"u3\",\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"Go on\"},\"uuid\":\"u4\","  \
    "\"timestamp\":\"2026-01-31T13:00:00Z\"}\n"                                                                        \
    "{\"parentUuid\":\"u4\",\"type\":\"assistant\",\"message\":{\"role\":\"assistant\",\"content\":[{\"type\":"        \
    "\"tool_use\",\"id\":\"t2\",\"name\":\"Edit\",\"input\":{}}]},\"uuid\":\"u5\","                                    \
    "\"timestamp\":\"2026-01-31T13:00:09Z\"}\n"

static void test_claude_code (void **state)
{
    (void) state;
    kept_t kept = {0};
    char title[200];
    draft_counts_t counts = read_text ("claude-code", CLAUDE, strlen (CLAUDE), &kept, title);
    assert_string_equal (story_of (&kept), "note 1 of 0\n"
                                           "user text \"Why does it fail?\"\n"
                                           "note 2 of 1\n"
                                           "run 1\n"
                                           "assistant json text \"I look.\" tool_call t1 Bash\n"
                                           "note 3 of 1\n"
                                           "tool tool_result t1 \"parse.c\" failed\n"
                                           "note 4 of 1\n"
                                           "note 5 of 0\n"
                                           "end completed\n"
                                           "user text \"Go on\"\n"
                                           "note 6 of 1\n"
                                           "run 2\n"
                                           "assistant tool_call t2 Edit\n"
                                           "note 7 of 1\n"
                                           "tool tool_result t2 \"the transcript has no result of this call\" failed\n"
                                           "end interrupted\n");
    assert_string_equal (title, "Fix the parser");
    assert_int_equal (counts.lines, 7);
    assert_int_equal (counts.items, 6);
    assert_int_equal (counts.runs, 2);
    assert_int_equal (counts.noted, 2);
    assert_int_equal (counts.unanswered, 1);
    for (size_t i = 0; i < kept.events.count; i++) {
        const event_t *event = &kept.events.items[i];
        const item_appended_event_t *item = event->body;
        if (event->kind == EVENT_run_started && event->body)
            assert_true (event->at == 1769860800359 || event->at == 1769864400000);
        if (event->kind == EVENT_run_finished)
            assert_true (event->at == 1769860806000 || event->at == 1769864409000);
        if (event->kind == EVENT_item_appended)
            assert_int_equal (event->run, item->role == item_role_user ? 0 : event->at < 1769864400000 ? 1 : 2);
    }
    event_list_clear (&kept.events);
}

static void test_codex (void **state)
{
    (void) state;
    check (
        "codex",
        "{\"timestamp\":\"2026-01-31T12:00:00Z\",\"type\":\"session_meta\",\"payload\":{\"id\":\"x\"}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:01Z\",\"type\":\"response_item\",\"payload\":{\"type\":\"message\","
        "\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":\"Be short\"}]}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:01Z\",\"type\":\"response_item\",\"payload\":{\"type\":\"message\","
        "\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:01Z\",\"type\":\"event_msg\",\"payload\":{\"type\":\"user_message\"}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:02Z\",\"type\":\"turn_context\",\"payload\":{\"model\":\"m\"}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:03Z\",\"type\":\"response_item\",\"payload\":{\"type\":\"reasoning\","
        "\"summary\":[]}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:04Z\",\"type\":\"response_item\",\"payload\":{\"type\":"
        "\"function_call\",\"name\":\"shell\",\"arguments\":\"{\\\"command\\\":[\\\"ls\\\"]}\",\"call_id\":\"c1\"}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:05Z\",\"type\":\"response_item\",\"payload\":{\"type\":"
        "\"function_call_output\",\"call_id\":\"c1\",\"output\":\"a.c\"}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:05Z\",\"type\":\"response_item\",\"payload\":{\"type\":"
        "\"custom_tool_call\",\"name\":\"apply_patch\",\"input\":\"*** Begin\",\"call_id\":\"c2\"}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:05Z\",\"type\":\"response_item\",\"payload\":{\"type\":"
        "\"custom_tool_call_output\",\"call_id\":\"c2\",\"output\":\"done\"}}\n"
        "{\"timestamp\":\"2026-01-31T12:00:06Z\",\"type\":\"response_item\",\"payload\":{\"type\":\"message\","
        "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"There.\"}]}}\n",
        "note 1 of 0\nsystem text \"Be short\"\nuser text \"Hi\"\nnote 4 of 0\nnote 5 of 0\nrun 1\nassistant json\n"
        "assistant tool_call c1 shell\ntool tool_result c1 \"a.c\"\nassistant tool_call c2 apply_patch\n"
        "tool tool_result c2 \"done\"\nassistant text \"There.\"\nend completed\n");
    /*  Before the envelope: bare items, and states between them. */
    check ("codex",
           "{\"id\":\"x\",\"timestamp\":\"2025-07-01T12:00:00Z\",\"instructions\":null}\n"
           "{\"record_type\":\"state\"}\n"
           "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]}\n"
           "{\"type\":\"local_shell_call\",\"call_id\":\"c\",\"status\":\"completed\",\"action\":{\"type\":\"exec\"}}\n"
           "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":{\"content\":\"no\",\"success\":false}}\n",
           "note 1 of 0\nnote 2 of 0\nuser text \"Hi\"\nrun 1\nassistant tool_call c local_shell\nnote 4 of 1\n"
           "tool tool_result c \"no\" failed\nend completed\n");
}

static void test_openai (void **state)
{
    (void) state;
    static const char STORY[] = "system text \"S\"\nuser text \"Hi\"\nrun 1\nassistant tool_call c f\n"
                                "tool tool_result c \"1\"\nassistant text \"Done\"\nend completed\n";
    check ("openai",
           "[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
           "\"Hi\"}]},\n{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\","
           "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\","
           "\"content\":\"1\"},{\"role\":\"assistant\",\"content\":\"Done\"}]",
           STORY);
    check ("openai",
           "{\"messages\":[{\"role\":\"developer\",\"content\":\"S\"},{\"role\":\"user\",\"content\":\"Hi\"},"
           "{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\",\"call_id\":\"c\"},"
           "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"1\"},"
           "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"Done\"}]}]}",
           STORY);
}

static void test_anthropic (void **state)
{
    (void) state;
    check ("anthropic",
           "{\"model\":\"m\",\"system\":\"S\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":"
           "\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{}}]},{\"role\":"
           "\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c\",\"content\":\"1\"},{\"type\":"
           "\"text\",\"text\":\"and?\"}]}]}",
           "system text \"S\"\nnote 0 of 1\nuser text \"Hi\"\nrun 1\nassistant tool_call c f\n"
           "tool tool_result c \"1\"\nend completed\nuser text \"and?\"\n");
}

/* ---- what is broken ---- */

static void test_broken (void **state)
{
    (void) state;
    static const char TEXT[] = "{\"role\":\"user\",\"content\":\"ok\"}\n"
                               "not json at all\n"
                               "{\"role\":\"user\",\"content\":\"bad \xff byte\"}\n"
                               "{\"role\":\"user\",\"content\":\"half \\ud800 pair\"}\n"
                               "{\"role\":\"user\",\"content\":\"nul \\u0000 and \\u001b[31m\\r\\n\"}\n"
                               "{\"role\":\"tool\",\"tool_call_id\":\"gone\",\"content\":\"alone\"}\n"
                               "\0\0\0\n"
                               "\n"
                               "{\"role\":\"assistant\",\"cont";
    kept_t kept = {0};
    char title[200];
    draft_counts_t counts = read_text ("openai", TEXT, sizeof TEXT - 1, &kept, title);
    assert_string_equal (story_of (&kept), "user text \"ok\"\n"
                                           "note 2 of 0\n"
                                           "user text \"bad \xef\xbf\xbd byte\"\n"
                                           "user text \"half \xef\xbf\xbd pair\"\n"
                                           "user text \"nul \xe2\x90\x80 and \xe2\x90\x9b[31m\n\"\n"
                                           "user json\n"
                                           "note 7 of 0\n"
                                           "note 9 of 0\n");
    assert_int_equal (counts.unreadable, 3);
    assert_int_equal (counts.repaired, 2);
    assert_int_equal (counts.uncalled, 1);
    assert_true (counts.shown >= 1);
    event_list_clear (&kept.events);
}

/*  A part that is too long for an item is in artifacts, and its beginning says where. */
static void test_long (void **state)
{
    (void) state;
    size_t size = LIMIT_ARTIFACT + 1000;
    char *text = malloc (size + 64), title[200];
    kept_t kept = {0};
    int head = sprintf (text, "[{\"role\":\"user\",\"content\":\"");
    memset (text + head, 'x', size);
    sprintf (text + head + size, "\"}]");
    draft_counts_t counts = read_text ("openai", text, strlen (text), &kept, title);
    assert_int_equal (counts.artifacts, 2);
    assert_int_equal (kept.contents, 2);
    assert_int_equal (kept.content_bytes, size);
    const item_appended_event_t *item = kept.events.items[kept.events.count - 1].body;
    assert_non_null (strstr (item->parts.items[0].text, "the artifact line-1.1]"));
    assert_true (strlen (item->parts.items[0].text) < LIMIT_TRANSCRIPT_PART);
    event_list_clear (&kept.events);
    free (text);
}

/*  Names that no field takes, values that are too deep, more parts than an item has. */
static void test_odd (void **state)
{
    (void) state;
    char *text = malloc (1 << 16), *at = text, title[200];
    kept_t kept = {0};
    at += sprintf (at,
                   "[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"%0100d\",\"function\":{\"name\":\"\\n\","
                   "\"arguments\":\"",
                   7);
    for (int i = 0; i < 40; i++)
        at += sprintf (at, "[");
    for (int i = 0; i < 40; i++)
        at += sprintf (at, "]");
    at += sprintf (at,
                   "\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"%0100d\",\"content\":\"x\"},{\"role\":\"user\","
                   "\"content\":[",
                   7);
    for (int i = 0; i < 70; i++)
        at += sprintf (at, "%s{\"text\":\"%d\"}", i ? "," : "", i);
    sprintf (at, "]}]");
    draft_counts_t counts = read_text ("openai", text, strlen (text), &kept, title);
    assert_int_equal (counts.unanswered, 0);
    assert_int_equal (counts.uncalled, 0);
    assert_int_equal (counts.items, 5);
    event_list_clear (&kept.events);
    free (text);
}

/* ---- the way back ---- */

/*  Writes what was kept as a transcript of that format. */
static char *write_text (const char *format, const kept_t *kept, bool rests)
{
    char *text = NULL;
    size_t size = 0;
    transcript_writer_t writer = {.format = transcript_format_find (format),
                                  .out = open_memstream (&text, &size),
                                  .session = "0123456789abcdefghjk",
                                  .created_at = 1769860800359};
    for (size_t i = 0; i < kept->events.count; i++) {
        const event_t *event = &kept->events.items[i], *next = event + 1;
        const item_appended_event_t *body = event->body;
        json_t *rest = NULL;
        if (event->kind != EVENT_item_appended)
            continue;
        if (rests && i + 1 < kept->events.count && next->kind == EVENT_transcript_noted) {
            part_t note = {.value = ((const transcript_noted_event_t *) next->body)->value};
            rest = parts_value (&note);
        }
        item_t item = {.role = body->role, .parts = {body->parts.count, body->parts.items}, .at = event->at};
        assert_int_equal (transcript_write_item (&writer, &item, rest, NULL), BATON_OK);
        json_decref (rest);
    }
    assert_int_equal (transcript_write_end (&writer, NULL), BATON_OK);
    fclose (writer.out);
    return text;
}

/*  Each format, from what came from each other: read again, it says the same. */
static void test_there_and_back (void **state)
{
    static const char *const FORMATS[] = {"claude-code", "codex", "openai", "anthropic"};
    (void) state;
    for (size_t i = 0; i < COUNT (FORMATS); i++) {
        kept_t first = {0}, second = {0}, third = {0};
        char title[200];
        read_text ("claude-code", CLAUDE, strlen (CLAUDE), &first, title);
        char *text = write_text (FORMATS[i], &first, i == 0);
        draft_counts_t counts = read_text (FORMATS[i], text, strlen (text), &second, title);
        assert_int_equal (counts.unreadable, 0);
        assert_int_equal (counts.uncalled, 0);
        assert_int_equal (counts.runs, 2);
        assert_non_null (strstr (story_of (&second), "tool_call t1 Bash"));
        assert_non_null (strstr (story_of (&second), "tool_result t2"));
        char *again = write_text (FORMATS[i], &second, i == 0);
        assert_string_equal (text, again);
        free (text);
        free (again);
        event_list_clear (&first.events);
        event_list_clear (&second.events);
        event_list_clear (&third.events);
    }
}

/*  What a line said besides comes back with it. */
static void test_rest_comes_back (void **state)
{
    (void) state;
    kept_t kept = {0};
    char title[200];
    read_text ("claude-code", CLAUDE, strlen (CLAUDE), &kept, title);
    char *text = write_text ("claude-code", &kept, true);
    assert_non_null (strstr (text, "\"uuid\":\"u3\""));
    assert_non_null (strstr (text, "\"toolUseResult\":{\"stdout\":\"parse.c\"}"));
    assert_non_null (strstr (text, "\"usage\":{\"output_tokens\":7}"));
    assert_non_null (strstr (text, "2026-01-31T12:00:00.359Z"));
    free (text);
    event_list_clear (&kept.events);
}

/* ---- files ---- */

static void test_files (void **state)
{
    (void) state;
    char path[] = "/tmp/baton-transcript-XXXXXX", one[ID_SIZE], other[ID_SIZE];
    source_about_t about = {0}, later = {0};
    baton_error_t error = {0};
    FILE *file = fdopen (mkstemp (path), "w");
    fputs ("{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":\"user\",\"content\":\"b\"}\n", file);
    fclose (file);
    assert_int_equal (id_init (), BATON_OK);
    assert_int_equal (source_look (path, &about, &error), BATON_OK);
    transcript_session_id (&TRANSCRIPT_openai, &about, NULL, one);
    transcript_session_id (&TRANSCRIPT_openai, &about, "another", other);
    assert_int_equal (strspn (one, "0123456789abcdefghjkmnpqrstvwxyz"), 20);
    assert_string_not_equal (one, other);
    file = fopen (path, "a");
    fputs ("{\"role\":\"user\",\"content\":\"more\"}\n", file);
    fclose (file);
    draft_t *draft = NULL;
    uint64_t n = 0;
    assert_int_equal (draft_new (one, "openai", "x", 1, NULL, &draft, &error), BATON_OK);
    assert_int_equal (transcript_read (&TRANSCRIPT_openai, path, &about, draft, &error), BATON_OK);
    assert_int_equal (draft_finish (draft, &n, &error), BATON_OK);
    assert_int_equal (draft_counts (draft)->items, 2); /*  as it was when it was looked at */
    draft_destroy (&draft);
    assert_int_equal (source_look (path, &later, &error), BATON_OK);
    assert_string_not_equal (about.digest, later.digest);
    fclose (fopen (path, "w"));
    assert_int_equal (source_look (path, &later, &error), BATON_invalid_argument);
    assert_non_null (strstr (error.message, "it is empty"));
    remove (path);
    assert_int_equal (source_look (path, &later, &error), BATON_not_found);
    assert_int_equal (source_look ("/tmp", &later, &error), BATON_invalid_argument);
}

/*  The second is the largest that a journal can have: its year has nine digits. */
static void test_times (void **state)
{
    (void) state;
    char text[PARTS_TIME_SIZE];
    parts_write_time (1700000000123, text);
    assert_string_equal (text, "2023-11-14T22:13:20.123Z");
    parts_write_time (UINT64_MAX, text);
    assert_string_equal (text, "1970-01-01T00:00:00.615Z");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_claude_code),
        cmocka_unit_test (test_codex),
        cmocka_unit_test (test_openai),
        cmocka_unit_test (test_anthropic),
        cmocka_unit_test (test_broken),
        cmocka_unit_test (test_long),
        cmocka_unit_test (test_odd),
        cmocka_unit_test (test_there_and_back),
        cmocka_unit_test (test_rest_comes_back),
        cmocka_unit_test (test_files),
        cmocka_unit_test (test_times),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
