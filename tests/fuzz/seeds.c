/*  Writes what the fuzzers start from: real encodings of every type, and a dictionary of every word.
 *
 *    fuzz_seeds DIRECTORY    makes DIRECTORY/NAME for each fuzz_NAME, and DIRECTORY/words.dict
 */
#include "archive.h"
#include "event.h"
#include "fill.h"
#include "manifest.h"
#include "record_json.h"
#include "token.h"
#include "types.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void fail (const char *what)
{
    fprintf (stderr, "fuzz_seeds: can't write %s: %s\n", what, strerror (errno));
    exit (1);
}

/*  One seed; first is put before it, unless it is negative. */
static void write_seed (const char *directory, const char *fuzzer, const char *name, int first,
                        const baton_bytes_t *bytes)
{
    char path[4096];
    snprintf (path, sizeof path, "%s/%s", directory, fuzzer);
    if (mkdir (path, 0777) != 0 && errno != EEXIST)
        fail (path);
    snprintf (path, sizeof path, "%s/%s/%s", directory, fuzzer, name);
    FILE *file = fopen (path, "wb");
    if (!file)
        fail (path);
    if (first >= 0)
        fputc (first, file);
    fwrite (bytes->data, 1, bytes->size, file);
    if (fclose (file) != 0)
        fail (path);
}

static void write_record (const char *directory, const char *fuzzer, int first, const record_type_t *type,
                          uint64_t *seed)
{
    static const unsigned PERCENTS[] = {0, 40, 100};
    for (size_t i = 0; i < sizeof PERCENTS / sizeof *PERCENTS; i++) {
        void *record = calloc (1, type->size + 1);
        baton_bytes_t bytes = {0};
        char name[128];
        snprintf (name, sizeof name, "%s.%u", type->name, PERCENTS[i]);
        fill_record (type, record, PERCENTS[i], seed);
        if (record_encode (type, record, &bytes) != BATON_OK)
            fail (name);
        write_seed (directory, fuzzer, name, first, &bytes);
        bytes_clear (&bytes);
        record_clear (type, record);
        free (record);
    }
}

static void write_event (const char *directory, event_kind_t kind, uint64_t *seed)
{
    event_t event = {.kind = kind, .seq = 300, .n = 12, .at = 1700000000000, .run = 1};
    event.body = calloc (1, EVENTS[kind].type.size + 1);
    baton_bytes_t bytes = {0};
    if (text_set (&event.session, "s3ss10n") != BATON_OK || text_set (&event.actor, "ada") != BATON_OK)
        fail (EVENTS[kind].name);
    fill_record (&EVENTS[kind].type, event.body, 70, seed);
    if (event_encode (&event, &bytes) != BATON_OK)
        fail (EVENTS[kind].name);
    write_seed (directory, "event", EVENTS[kind].name, -1, &bytes);
    bytes_clear (&bytes);
    event_clear (&event);
}

static void write_token (const char *directory)
{
    static const char *const ENDPOINTS[] = {"tcp://127.0.0.1:7600", "tcp://broker.example.org:7600"};
    for (size_t i = 0; i < 2; i++) {
        char *token = NULL, name[2] = {(char) ('0' + i), '\0'};
        if (token_encode (ENDPOINTS[i], "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "s3cret", &token, NULL) != BATON_OK)
            fail ("a token");
        baton_bytes_t bytes = {strlen (token), (uint8_t *) token};
        write_seed (directory, "token", name, -1, &bytes);
        free (token);
    }
}

/*  Names of fields, kinds and enum values, each also with the byte that begins it as msgpack text. */
static void write_word (FILE *file, const char *word)
{
    if (*word)
        fprintf (file, "\"%s\"\n\"\\x%02x%s\"\n", word, (unsigned) (0xa0 + (strlen (word) & 31)), word);
}

/*  What an input of the transcripts' readers is made of, besides the words of the tables. */
static void write_transcript_words (FILE *file)
{
    static const char *const WORDS[] = {
        "message",      "content",  "tool_use",      "tool_result",   "tool_use_id",  "is_error",
        "timestamp",    "payload",  "arguments",     "function_call", "call_id",      "tool_calls",
        "tool_call_id", "messages", "response_item", "isSidechain",   "session_meta", "function_call_output",
        "developer",    "thinking"};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        write_word (file, WORDS[i]);
}

static void write_dictionary (const char *directory)
{
    char path[4096];
    snprintf (path, sizeof path, "%s/words.dict", directory);
    FILE *file = fopen (path, "w");
    if (!file)
        fail (path);
    for (size_t i = 0; type_at (i); i++)
        for (const field_t *field = type_at (i)->fields (); field->name; field++) {
            write_word (file, field->name);
            for (size_t word = 0; field->kind == FIELD_ENUM && word < field->names->count; word++)
                write_word (file, field->names->names[word]);
        }
    for (int kind = 1; kind < EVENT_COUNT; kind++)
        write_word (file, EVENTS[kind].name);
    for (int id = 1; id < METHOD_COUNT; id++)
        write_word (file, METHODS[id].name);
    write_transcript_words (file);
    if (fclose (file) != 0)
        fail (path);
}

/*  A request as fuzz_request cuts it. */
static void write_request (const char *directory, method_id_t method, uint64_t *seed)
{
    request_header_t header = {.id = 7, .method = (char *) METHODS[method].name, .timeout = 1000, .key = (char *) "k"};
    void *params = calloc (1, METHODS[method].type.size + 1);
    baton_bytes_t head = {0}, body = {0};
    fill_record (&METHODS[method].type, params, 50, seed);
    if (record_encode (&RECORD_request_header, &header, &head) != BATON_OK ||
        record_encode (&METHODS[method].type, params, &body) != BATON_OK)
        fail (METHODS[method].name);
    size_t size = 1 + head.size + body.size;
    uint8_t *data = malloc (size);
    data[0] = (uint8_t) head.size;
    memcpy (data + 1, head.data, head.size);
    memcpy (data + 1 + head.size, body.data, body.size);
    write_seed (directory, "request", METHODS[method].name, 0xf3, &(baton_bytes_t){size, data});
    free (data);
    bytes_clear (&head);
    bytes_clear (&body);
    record_clear (&METHODS[method].type, params);
    free (params);
}

/*  A request over HTTP as fuzz_route cuts it: what stands in the path is no part of the body. */
static void write_route (const char *directory, method_id_t method, uint64_t *seed)
{
    const method_row_t *row = &METHODS[method];
    void *params = calloc (1, row->type.size + 1);
    baton_bytes_t bytes = {0};
    char *text = NULL, part[128];
    fill_record (&row->type, params, 50, seed);
    if (record_encode (&row->type, params, &bytes) != BATON_OK)
        fail (row->name);
    json_t *json = json_from_value (bytes.data, bytes.size);
    for (const field_t *field = row->type.fields (); field->name; field++) {
        snprintf (part, sizeof part, "{%s}", field->name);
        if (strstr (row->path, part))
            json_object_del (json, field->name);
    }
    char *body = strcmp (row->verb, "GET") != 0 ? json_dumps (json, JSON_COMPACT) : NULL;
    int size = asprintf (&text, "%s\n%s\n%s", row->verb, row->path, body ? body : "");
    if (size < 0)
        fail (row->name);
    write_seed (directory, "route", row->name, -1, &(baton_bytes_t){(size_t) size, (uint8_t *) text});
    free (text);
    free (body);
    json_decref (json);
    bytes_clear (&bytes);
    record_clear (&row->type, params);
    free (params);
}

/*  A workspace with a folder, a file in it and a link: what a node really sends. */
static void write_manifest (const char *directory)
{
    manifest_entry_t entries[] = {
        {.kind = entry_kind_directory, .mode = 0755},
        {.kind = entry_kind_directory, .path = {3, (uint8_t *) "src"}, .mode = 0755},
        {.kind = entry_kind_file,
         .path = {5, (uint8_t *) "src/a"},
         .mode = 0644,
         .size = 3,
         .chunks = {32, calloc (1, 32)}},
        {.kind = entry_kind_symlink, .path = {5, (uint8_t *) "src/b"}, .target = {1, (uint8_t *) "a"}},
    };
    manifest_part_t part = {.entries = {4, entries}};
    baton_bytes_t bytes = {0};
    if (record_encode (&RECORD_manifest_part, &part, &bytes) != BATON_OK)
        fail ("a manifest");
    write_seed (directory, "manifest", "small", -1, &bytes);
    bytes_clear (&bytes);
    free (entries[2].chunks.data);
}

/*  Adds a section as fuzz_carry cuts it. */
static void add_section (baton_bytes_t *input, const void *data, size_t size)
{
    input->data = realloc (input->data, input->size + 2 + size);
    input->data[input->size] = (uint8_t) (size >> 8);
    input->data[input->size + 1] = (uint8_t) size;
    if (size > 0)
        memcpy (input->data + input->size + 2, data, size);
    input->size += 2 + size;
}

static void add_file (workspace_t *workspace, const char *path, const char *content)
{
    workspace_item_t *item = list_append (workspace, sizeof *item);
    uint8_t digest[CHUNK_DIGEST];
    chunk_digest (content, strlen (content), digest);
    item->entry.kind = *path ? entry_kind_file : entry_kind_directory;
    item->entry.size = *path ? strlen (content) : 0;
    if (bytes_set (&item->entry.path, path, strlen (path)) != BATON_OK ||
        (*path && bytes_set (&item->entry.chunks, digest, sizeof digest) != BATON_OK))
        fail ("a workspace");
}

/*  A workspace as an export packs it: its manifest with the part in a pack, or the part alone; and then its files. */
static void write_carry (const char *directory)
{
    workspace_t workspace = {0};
    manifest_packed_t packed = {0};
    workspace_piece_t files[] = {{.content = {3, (uint8_t *) "one"}}, {.content = {5, (uint8_t *) "three"}}};
    workspace_pack_t pack = {.pieces = {2, files}};
    baton_bytes_t whole = {0}, part = {0}, bytes = {0}, first = {0};
    add_file (&workspace, "", "");
    add_file (&workspace, "a", "one");
    add_file (&workspace, "b", "three");
    add_file (&workspace, "c", "one");
    if (manifest_pack (&workspace, &packed, NULL) != BATON_OK ||
        record_encode (&RECORD_workspace_pack, &pack, &bytes) != BATON_OK)
        fail ("a workspace");
    workspace_piece_t piece = {.content = packed.parts.items[0].bytes};
    workspace_pack_t parts = {.pieces = {1, &piece}};
    if (record_encode (&RECORD_workspace_pack, &parts, &first) != BATON_OK)
        fail ("a workspace");
    add_section (&whole, packed.root.data, packed.root.size);
    add_section (&whole, first.data, first.size);
    add_section (&whole, bytes.data, bytes.size);
    add_section (&part, NULL, 0);
    add_section (&part, piece.content.data, piece.content.size);
    add_section (&part, bytes.data, bytes.size);
    write_seed (directory, "carry", "whole", -1, &whole);
    write_seed (directory, "carry", "part", -1, &part);
    bytes_clear (&whole);
    bytes_clear (&part);
    bytes_clear (&bytes);
    bytes_clear (&first);
    manifest_packed_clear (&packed);
    workspace_clear (&workspace);
}

/*  [1, [["s", 1, 1, bin]], []] and [[1, 1, bin]]: the two kinds that store_frame.h describes. */
static void write_frames (const char *directory)
{
    static const char LOG[] = "\x93\x01\x91\x94\xa1s\x01\x01\xc4\x01x\x90", PAGE[] = "\x91\x93\x01\x01\xc4\x01x";
    write_seed (directory, "store", "log", 1, &(baton_bytes_t){sizeof LOG - 1, (uint8_t *) LOG});
    write_seed (directory, "store", "page", 0, &(baton_bytes_t){sizeof PAGE - 1, (uint8_t *) PAGE});
}

/*  Files that list members, as people write them; the first byte is a row of groups.def, and each is tried with all. */
static void write_patterns (const char *directory)
{
    static const char *const TEXTS[] = {
        "{\"workspaces\": {\"packages\": [\"a/*\"]}, /* x */ \"folders\": [{\"path\": \"b\"}]}",
        "packages:\n  - 'a/*'\nprojects: {web: a, &b api: *b}\n",
        "[workspace]\nmembers = [\"a/*\", # x\n 'b']\nexclude = ['c']\ntext = \"\"\"\n[x]\n\"\"\"\n",
        "<project><modules><module>a</module></modules><subprojects><subproject>b</subproject></subprojects></project>",
        "go 1.22\nuse (\n\t./a // x\n)\nuse \"./b\"\n",
        "include ':a', \":b:c\"\nincludeBuild('d')\n",
        "packages: ./*.cabal\n  a/b, c\n-- x\n",
        "add_subdirectory (\"a\")\nsubdir('b')\nfile(\"c\")\napps_path: \"d\"\n",
    };
    for (size_t text = 0; text < sizeof TEXTS / sizeof *TEXTS; text++)
        for (int row = 0; row < 48; row++) {
            char name[32];
            snprintf (name, sizeof name, "%zu-%d", text, row);
            write_seed (directory, "patterns", name, row,
                        &(baton_bytes_t){strlen (TEXTS[text]), (uint8_t *) TEXTS[text]});
        }
}

static void write_rules (const char *directory)
{
    static const char *const RULES[] = {"* * * * *", "*/15 9-17 1,15 jan-mar mon-fri", "@daily", "0 0 29 feb */2"};
    char name[16];
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
        baton_bytes_t bytes = {strlen (RULES[i]), (uint8_t *) RULES[i]};
        snprintf (name, sizeof name, "rule.%zu", i);
        write_seed (directory, "calendar", name, -1, &bytes);
    }
    uint8_t zone[65536];
    FILE *file = fopen ("/usr/share/zoneinfo/Europe/Berlin", "rb");
    baton_bytes_t bytes = {file ? fread (zone, 1, sizeof zone, file) : 0, zone};
    write_seed (directory, "calendar", "zone", -1, &bytes);
    if (file)
        fclose (file);
}

/*  A journal that begins as it should, with one event of every kind after the first. */
static void write_journal (const char *directory, const char *name, unsigned percent, uint64_t *seed)
{
    archive_page_t page = {0};
    baton_bytes_t bytes = {0};
    for (int kind = 1; kind < EVENT_COUNT; kind++) {
        if (kind >= EVENT_site_created || (kind != EVENT_session_created && page.events.count == 0))
            continue;
        void *body = calloc (1, EVENTS[kind].type.size + 1);
        event_envelope_t *event = list_append (&page.events, sizeof *event);
        event->n = event->seq = page.events.count;
        event->at = 1700000000000;
        fill_record (&EVENTS[kind].type, body, percent, seed);
        if (text_set (&event->session, "s3ss10n") != BATON_OK ||
            text_set (&event->kind, EVENTS[kind].name) != BATON_OK ||
            record_encode (&EVENTS[kind].type, body, &event->body) != BATON_OK)
            fail (name);
        record_clear (&EVENTS[kind].type, body);
        free (body);
    }
    if (record_encode (&RECORD_archive_page, &page, &bytes) != BATON_OK)
        fail (name);
    write_seed (directory, "import", name, (int) page.events.count, &bytes);
    bytes_clear (&bytes);
    record_clear (&RECORD_archive_page, &page);
}

/*  An archive of the first event of a session, a content, and whether its pages are packed. */
static void write_archive (const char *directory, const char *name, size_t filling)
{
    uint8_t seed[crypto_sign_SEEDBYTES] = {7}, public[ARCHIVE_SIGNER], secret[ARCHIVE_SECRET];
    char digest[DIGEST_SIZE], *text = calloc (1, filling + 1);
    session_created_event_t created = {.title = (char *) "T", .objective = memset (text, 'x', filling)};
    event_envelope_t event = {
        .seq = 1, .session = (char *) "s1", .n = 1, .kind = (char *) "session_created", .at = 1700000000000};
    archive_page_t page = {.events = {1, &event}};
    archive_head_t head = {.session = (char *) "s1", .n = 1, .title = (char *) "T"};
    archive_totals_t totals = {0};
    archive_writer_t *writer = NULL;
    baton_bytes_t bytes = {0}, content = {filling, (uint8_t *) text};
    FILE *file = tmpfile ();
    crypto_sign_seed_keypair (public, secret, seed);
    digest_of (text, filling, digest);
    if (!file || record_encode (&EVENTS[EVENT_session_created].type, &created, &event.body) != BATON_OK ||
        record_encode (&RECORD_archive_page, &page, &bytes) != BATON_OK ||
        archive_writer_new (file, secret, &head, &writer, NULL) != BATON_OK ||
        archive_write (writer, ARCHIVE_events, bytes.data, bytes.size, NULL) != BATON_OK ||
        archive_write_blob (writer, digest, &content, NULL) != BATON_OK ||
        archive_finish (writer, &totals, digest, NULL) != BATON_OK)
        fail (name);
    archive_writer_destroy (&writer);
    bytes_clear (&event.body);
    bytes_clear (&bytes);
    free (text);
    bytes.size = (size_t) ftell (file);
    bytes.data = malloc (bytes.size);
    rewind (file);
    if (!bytes.data || fread (bytes.data, bytes.size, 1, file) != 1)
        fail (name);
    fclose (file);
    write_seed (directory, "archive", name, -1, &bytes);
    bytes_clear (&bytes);
}

/*  A line of each kind that transcripts have; the first byte is the format. */
static void write_transcripts (const char *directory)
{
    static const char *const TEXTS[] = {
        ("{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"Hi\"},\"uuid\":\"u\",\"timestamp\":"
         "\"2026-01-31T12:00:00.359Z\"}\n{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"thinking\"},"
         "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"Bash\",\"input\":{}}]}}\n{\"type\":\"user\",\"message\":"
         "{\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[{\"type\":\"text\",\"text\":"
         "\"x\"}],\"is_error\":true}]}}\n{\"type\":\"summary\",\"summary\":\"T\"}\n"),
        ("{\"timestamp\":\"2026-01-31T12:00:00Z\",\"type\":\"response_item\",\"payload\":{\"type\":\"message\","
         "\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":\"S\"}]}}\n{\"type\":"
         "\"function_call\",\"name\":\"f\",\"arguments\":\"{}\",\"call_id\":\"c\"}\n{\"type\":"
         "\"function_call_output\",\"call_id\":\"c\",\"output\":{\"content\":\"x\",\"success\":false}}\n"
         "{\"type\":\"custom_tool_call\"}\n{\"type\":\"local_shell_call\"}\n{\"type\":\"reasoning\"}\n"),
        ("[{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
         "\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]},{\"role\":\"tool\","
         "\"tool_call_id\":\"c\",\"content\":\"\\u0000\\ud800\"}]"),
        ("{\"system\":[{\"type\":\"text\",\"text\":\"S\",\"cache_control\":{}}],\"messages\":[{\"role\":\"user\","
         "\"content\":[{\"type\":\"image\",\"source\":{}}]}]}"),
    };
    for (int format = 0; format < 4; format++)
        for (size_t text = 0; text < sizeof TEXTS / sizeof *TEXTS; text++) {
            char name[32];
            snprintf (name, sizeof name, "%d-%zu", format, text);
            write_seed (directory, "transcript", name, format,
                        &(baton_bytes_t){strlen (TEXTS[text]), (uint8_t *) TEXTS[text]});
        }
}

#define MCP_META                                                                                                       \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/"                 \
    "clientCapabilities\":{\"elicitation\":{}},\"progressToken\":1}"
#define MCP_CALL(id, method, params)                                                                                   \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":{" params "}}\n"

/*  Dialogues of coding agents: their lines, and those of the backend. */
static void write_mcp (const char *directory)
{
    static const char
        *const
            TEXTS[] =
                {
                    (MCP_CALL ("1", "initialize",
                               "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"elicitation\":{}}")
                         MCP_CALL (
                             "2", "resources/subscribe",
                             "\"uri\":\"baton://sessions/s\"") "!\x81\xa1n\x05\n!\x80\n" MCP_CALL ("3", "tools/call",
                                                                                                   "\"name\":"
                                                                                                   "\"breakpoint_ask\","
                                                                                                   "\"arguments\":{"
                                                                                                   "\"session\":\"s\","
                                                                                                   "\"key\":\"k\","
                                                                                                   "\"title\":\"t\"}")),
                    (MCP_CALL ("1", "server/discover", MCP_META) MCP_CALL ("2", "tools/list", MCP_META)
                         MCP_CALL ("3", "subscriptions/listen",
                                   "\"notifications\":{\"resourceSubscriptions\":[\"baton://sessions/s/"
                                   "context\"]}," MCP_META) "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
                                                            "cancelled\",\"params\":{\"requestId\":3}}\n"),
                    (
                        MCP_CALL ("1", "tools/call", "\"name\":\"orchestrator_get_status\",\"arguments\":{}," MCP_META) "!\x80\n-\n" MCP_CALL (
                            "2", "resources/read",
                            "\"uri\":\"baton://sessions/s/runs/last/log\"," MCP_META) "!\x80\n" MCP_CALL ("3",
                                                                                                          "prompts/get",
                                                                                                          "\"name\":"
                                                                                                          "\"resume\","
                                                                                                          "\"arguments"
                                                                                                          "\":{"
                                                                                                          "\"session\":"
                                                                                                          "\"s\"}"
                                                                                                          "," MCP_META) "-\n" MCP_CALL ("4",
                                                                                                                                        "completion/complete",
                                                                                                                                        "\"ref\":{\"type\":\"ref/"
                                                                                                                                        "prompt\",\"name\":\"resume\"},\"argument\":{\"name\":"
                                                                                                                                        "\"session\",\"value\":\"\"}," MCP_META)),
                    ("#" MCP_CALL ("1", "tools/call",
                                   "\"name\":\"memory_set\",\"arguments\":{\"key\":\"k\",\"value\":[1]},"
                                   "\"inputResponses\":{},\"requestState\":\"AAAA\"," MCP_META)),
                };
    for (size_t text = 0; text < sizeof TEXTS / sizeof *TEXTS; text++) {
        char name[32];
        snprintf (name, sizeof name, "%zu", text);
        write_seed (directory, "mcp", name, -1, &(baton_bytes_t){strlen (TEXTS[text]), (uint8_t *) TEXTS[text]});
    }
}

int main (int count, char **arguments)
{
    if (count != 2) {
        fprintf (stderr, "usage: fuzz_seeds DIRECTORY\n");
        return 2;
    }
    const char *directory = arguments[1];
    if (mkdir (directory, 0777) != 0 && errno != EEXIST)
        fail (directory);
    uint64_t seed = 11;
    write_record (directory, "frame", 0, &RECORD_request_header, &seed);
    write_record (directory, "frame", 1, &RECORD_reply_header, &seed);
    write_record (directory, "frame", 2, &RECORD_delivery, &seed);
    write_record (directory, "frame", 3, &RECORD_failure, &seed);
    write_record (directory, "snapshot", -1, &RECORD_session, &seed);
    write_record (directory, "snapshot", -1, &RECORD_site, &seed);
    for (int id = 1; id < METHOD_COUNT; id++) {
        write_record (directory, "method", id - 1, &METHODS[id].type, &seed);
        write_request (directory, (method_id_t) id, &seed);
        if (*METHODS[id].path)
            write_route (directory, (method_id_t) id, &seed);
    }
    static const char LEAD[] = "example.org:80\nhttps://example.org:80\n";
    write_seed (directory, "route", "lead", -1, &(baton_bytes_t){sizeof LEAD - 1, (uint8_t *) (uintptr_t) LEAD});
    for (int kind = 1; kind < EVENT_COUNT; kind++)
        write_event (directory, (event_kind_t) kind, &seed);
    write_manifest (directory);
    write_carry (directory);
    write_frames (directory);
    write_patterns (directory);
    write_journal (directory, "sparse", 30, &seed);
    write_journal (directory, "full", 100, &seed);
    write_archive (directory, "plain", 0);
    write_archive (directory, "packed", 5000);
    write_transcripts (directory);
    write_mcp (directory);
    write_token (directory);
    write_rules (directory);
    write_dictionary (directory);
    return 0;
}
