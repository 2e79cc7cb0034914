/*  What each format shows of a window: calls with their results, values, blobs; and what a budget leaves. */
#include "context.h"

#include "id.h"

/* ---- formats ---- */

static void anthropic_has_the_system_apart_and_results_first (void **state)
{
    (void) state;
    tell_story ();
    check_shown (
        0, render_format_anthropic, 0,
        "{\"system\":[{\"type\":\"text\",\"text\":\"Be brief.\"}],\"messages\":["
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Find \\\"x\\\"\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Looking\"},"
        "{\"type\":\"tool_use\",\"id\":\"c_1\",\"name\":\"grep\",\"input\":{}},"
        "{\"type\":\"tool_use\",\"id\":\"c2\",\"name\":\"ls\",\"input\":{}}]},"
        "{\"role\":\"user\",\"content\":["
        "{\"type\":\"tool_result\",\"tool_use_id\":\"c_1\",\"content\":\"two\\nlines\"},"
        "{\"type\":\"tool_result\",\"tool_use_id\":\"c2\",\"content\":\"two\\nlines\"},"
        "{\"type\":\"text\",\"text\":\"hurry\"},{\"type\":\"text\",\"text\":\"File src/x.c:\\n\\nint\\tx;\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Found\"},"
        "{\"type\":\"tool_use\",\"id\":\"c3\",\"name\":\"grep\",\"input\":{\"q\":\"\\\"\\\\\"}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c3\","
        "\"content\":\"There is no result yet.\",\"is_error\":true}]}]}\n");
}

static void openai_has_tool_messages (void **state)
{
    (void) state;
    tell_story ();
    check_shown (0, render_format_openai, 0,
                 "[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Find \\\"x\\\"\"},"
                 "{\"role\":\"assistant\",\"content\":\"Looking\",\"tool_calls\":["
                 "{\"id\":\"c_1\",\"type\":\"function\",\"function\":{\"name\":\"grep\",\"arguments\":\"{}\"}},"
                 "{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":\"ls\",\"arguments\":\"{}\"}}]},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"c_1\",\"content\":\"two\\nlines\"},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"two\\nlines\"},"
                 "{\"role\":\"user\",\"content\":\"hurry\"},"
                 "{\"role\":\"user\",\"content\":\"File src/x.c:\\n\\nint\\tx;\"},"
                 "{\"role\":\"assistant\",\"content\":\"Found\"},"
                 "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c3\",\"type\":\"function\","
                 "\"function\":{\"name\":\"grep\",\"arguments\":\"{\\\"q\\\":\\\"\\\\\\\"\\\\\\\\\\\"}\"}}]},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"c3\",\"content\":\"Error: There is no result yet.\"}]\n");
}

static void text_and_json_show_the_items (void **state)
{
    (void) state;
    tell_story ();
    check_shown (5, render_format_text, 0,
                 "--- system (2, pinned)\nBe brief.\n--- user (3)\nFind \"x\"\n--- assistant (4)\nLooking\n"
                 "grep [c/1] \nls [c2] \n--- user (5)\nhurry\n");
    check_shown (3, render_format_json, 0,
                 "[\n{\"n\":2,\"role\":\"system\",\"parts\":[{\"kind\":\"text\",\"text\":\"Be brief.\"}],\"tokens\":3,"
                 "\"estimated\":true,\"pinned\":true},\n"
                 "{\"n\":3,\"role\":\"user\",\"parts\":[{\"kind\":\"text\",\"text\":\"Find \\\"x\\\"\"}],\"tokens\":2,"
                 "\"estimated\":true}\n]\n");
    check_shown (1, render_format_json, 0, "[\n]\n");
    check_shown (1, render_format_anthropic, 0, "{\"system\":[],\"messages\":[]}\n");
}

/*  A value as each JSON type, as it comes out of msgpack. */
static void values_are_json (void **state)
{
    (void) state;
    static uint8_t value[] = {0x99, 0xc0, 0xc3, 0xff, 0xcd, 0x01, 0x00, 0xcb, 0x3f, 0xb9, 0x99, 0x99, 0x99,
                              0x99, 0x99, 0x9a, 0xcb, 0x40, 0,    0,    0,    0,    0,    0,    0,    0xc4,
                              0x02, 'h',  'i',  0x81, 0xa1, 'k',  0x90, 0xa3, 'a',  '"',  'b'};
    part_t part = {.kind = part_kind_json, .value = {sizeof value, value}};
    create ();
    append (item_role_user, &part, 1);
    char *text = shown (0, render_format_json, 0);
    assert_non_null (strstr (text, "\"value\":[null,true,-1,256,0.1,2.0,\"aGk=\",{\"k\":[]},\"a\\\"b\"]"));
    free (text);
}

/* ---- budgets ---- */

static void a_budget_keeps_what_is_pinned_and_whole_turns (void **state)
{
    (void) state;
    rendering_t rendering = {0};
    create ();                             /*  2, 3 tokens */
    say (item_role_user, "aaaa");          /*  3, 1 */
    say (item_role_assistant, "bbbbbbbb"); /*  4, 2 */
    say (item_role_user, "cccc");          /*  5, 1 */
    call ("c1");                           /*  6, 2 */
    result ("c1");                         /*  7, 3 */
    check_positions ("2 3 4 5 6 7");
    assert_int_equal (try_render (0, render_format_json, 2, &rendering), BATON_invalid_argument);
    assert_non_null (strstr (stage.error.message, "3"));
    for (uint64_t budget = 3; budget <= 13; budget++) {
        assert_int_equal (try_render (0, render_format_anthropic, budget, &rendering), BATON_OK);
        assert_true (rendering.tokens <= budget);
        /*  A turn of 6, before it one of 3; of a turn that does not fit, what parts no call from its result: 5. */
        uint64_t left_out = budget < 3 + 5 ? 9 : budget < 3 + 6 ? 4 : budget < 3 + 9 ? 3 : 0;
        assert_int_equal (rendering.left_out_tokens, left_out);
        assert_int_equal (rendering.items + rendering.left_out_items, 6);
        record_clear (&RECORD_rendering, &rendering);
    }
    /*  A conversation begins with the user. */
    char *text = shown (0, render_format_anthropic, 8);
    assert_non_null (
        strstr (text, "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"(What"));
    free (text);
}

/* ---- blobs ---- */

static const char PNG[] = "\x89PNG\r\n\x1a\n", PDF[] = "%PDF-1.7", WEBP[] = "RIFF\1\0\0\0WEBP";

/*  Puts an artifact of that many bytes, which begin with the mark; gives its digest. */
static char *put (const char *name, const char *mark, size_t marked, size_t size, const char *type)
{
    static char digest[DIGEST_SIZE];
    uint8_t *data = calloc (1, size);
    assert_non_null (data);
    memcpy (data, mark, marked);
    data[size - 1] ^= (uint8_t) name[0]; /*  contents of their own */
    baton_bytes_t content = {size, data};
    digest_of (data, size, digest);
    artifact_put_request_t request = {
        .session = (char *) "s", .name = (char *) name, .content = content, .media_type = (char *) type};
    command_t command = {.method = METHOD_artifact_put,
                         .request = &request,
                         .now = STAGE_NOW,
                         .actor = "ada",
                         .role = role_operator,
                         .digest = digest};
    assert_int_equal (journal_decide (stage.journal, "s", &command, &stage.changed, &stage.error), BATON_OK);
    assert_int_equal (journal_note_blob (stage.journal, digest, &content), BATON_OK);
    stage_commit (&stage); /*  the content is borrowed until then */
    free (data);
    return digest;
}

static void show_blob (item_role_e role, char *digest, const char *text)
{
    append (role, &(part_t){.kind = part_kind_blob, .digest = digest, .text = (char *) text}, 1);
}

/*  How many times the one stands in the other. */
static size_t count_of (const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = strstr (text, what); at; at = strstr (at + 1, what))
        count++;
    return count;
}

static void images_and_documents_are_shown_as_such (void **state)
{
    (void) state;
    create ();
    show_blob (item_role_user, put ("a.png", PNG, 8, 10, "image/png"), NULL);
    show_blob (item_role_tool, put ("b.webp", WEBP, 12, 13, "image/webp"), "what I see");
    char *pdf = put ("c.pdf", PDF, 8, 9, "application/pdf");
    show_blob (item_role_user, pdf, NULL);
    char *text = shown (0, render_format_anthropic, 0);
    assert_non_null (strstr (text, "[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
                                   "\"data\":\"iVBORw0KGgoAYQ==\"}},{\"type\":\"text\",\"text\":\"[blob "));
    assert_non_null (strstr (text, "what I see\"},{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":"
                                   "\"image/webp\",\"data\":\"UklGRgEAAABXRUJQYg==\"}},"));
    assert_non_null (strstr (text, "{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":"
                                   "\"application/pdf\",\"data\":\"JVBERi0xLjdj\"}}"));
    assert_int_equal (count_of (text, "[blob "), 1);
    free (text);
    text = shown (0, render_format_openai, 0);
    char file[256];
    snprintf (file, sizeof file,
              "[{\"type\":\"file\",\"file\":{\"filename\":\"%s.pdf\",\"file_data\":"
              "\"data:application/pdf;base64,JVBERi0xLjdj\"}}]}",
              pdf);
    assert_non_null (strstr (text, file));
    assert_non_null (strstr (text, "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
                                   "\"data:image/png;base64,iVBORw0KGgoAYQ==\"}}]}"));
    free (text);
    text = shown (0, render_format_json, 0);
    assert_int_equal (count_of (text, "base64"), 0);
    free (text);
}

static void a_blob_that_no_api_would_take_stays_a_line (void **state)
{
    (void) state;
    create ();
    show_blob (item_role_assistant, put ("a", PNG, 8, 10, "image/png"), NULL); /*  only users show images */
    show_blob (item_role_system, put ("b", PNG, 8, 10, "image/png"), NULL);
    show_blob (item_role_user, put ("c", PDF, 8, 10, "image/png"), NULL); /*  it is none */
    show_blob (item_role_user, put ("d", PNG, 8, 10, "image/bmp"), NULL);
    show_blob (item_role_user, put ("e", PNG, 8, 10, NULL), NULL);
    show_blob (item_role_user, put ("f", PNG, 8, LIMIT_RENDER_BLOB + 1, "image/png"), NULL);
    static const render_format_e FORMATS[] = {render_format_anthropic, render_format_openai};
    for (size_t i = 0; i < COUNT (FORMATS); i++) {
        char *text = shown (0, FORMATS[i], 0);
        assert_int_equal (count_of (text, "[blob "), 6);
        assert_int_equal (count_of (text, "base64"), 0);
        free (text);
    }
    show_blob (item_role_user, put ("g", PNG, 8, LIMIT_RENDER_BLOB, "image/png"), NULL);
    char *text = shown (0, render_format_anthropic, 0);
    assert_int_equal (count_of (text, "base64"), 1);
    free (text);
}

/*  The newest are shown, never more than the limit; and the cut seldom moves. */
static void of_many_blobs_the_newest_are_shown (void **state)
{
    (void) state;
    enum { SIZE = LIMIT_RENDER_BLOBS / 10, MANY = 40 };
    uint64_t at[MANY + 1] = {0};
    char *past[MANY + 1] = {NULL};
    size_t moved = 0;
    create ();
    for (int i = 0; i < MANY; i++) {
        char name[2] = {(char) (i < 26 ? 'a' + i : 'A' + i - 26), '\0'};
        show_blob (item_role_user, put (name, PNG, 8, SIZE, "image/png"), NULL);
        at[i] = position ();
        past[i] = shown (0, render_format_anthropic, 0);
        size_t whole = count_of (past[i], "base64");
        assert_int_equal (whole + count_of (past[i], "[blob "), i + 1);
        assert_true (whole <= 10 && (whole > 5 || i < 5));
        assert_true (strlen (past[i]) < LIMIT_FRAME);
        moved += i > 0 && strncmp (past[i], past[i - 1], strlen (past[i - 1]) - strlen ("]}]}\n")) != 0;
    }
    assert_int_equal (moved, 6); /*  30 blobs too many, 5 at a time */
    for (int i = 0; i < MANY; i++) {
        check_shown (at[i], render_format_anthropic, 0, past[i]);
        free (past[i]);
    }
}

static void a_budget_counts_what_is_shown (void **state)
{
    (void) state;
    rendering_t rendering = {0};
    create ();
    say (item_role_user, "old");
    show_blob (item_role_user, put ("a", PNG, 8, 10, "image/png"), NULL);
    show_blob (item_role_user, put ("b", PDF, 8, 100000, "application/pdf"), NULL);
    assert_int_equal (try_render (0, render_format_anthropic, 0, &rendering), BATON_OK);
    assert_int_equal (rendering.tokens, 3 + 1 + 1600 + 1600 + 4000);
    record_clear (&RECORD_rendering, &rendering);
    assert_int_equal (try_render (0, render_format_anthropic, 6000, &rendering), BATON_OK);
    assert_int_equal (rendering.items, 2); /*  the system's and the document */
    char *text = strndup ((char *) rendering.content.data, rendering.content.size);
    assert_int_equal (count_of (text, "base64"), 1);
    free (text);
    record_clear (&RECORD_rendering, &rendering);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (anthropic_has_the_system_apart_and_results_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown (openai_has_tool_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown (text_and_json_show_the_items, set_up, tear_down),
        cmocka_unit_test_setup_teardown (values_are_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_budget_keeps_what_is_pinned_and_whole_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown (images_and_documents_are_shown_as_such, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_blob_that_no_api_would_take_stays_a_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown (of_many_blobs_the_newest_are_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_budget_counts_what_is_shown, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
