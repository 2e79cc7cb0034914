/*  Writes what the fuzzers start from: real encodings of every type, and a dictionary of every word.
 *
 *    fuzz_seeds DIRECTORY    makes DIRECTORY/frame, method, event, snapshot, token and DIRECTORY/words.dict
 */
#include "event.h"
#include "fill.h"
#include "token.h"
#include "types.h"

#include <errno.h>
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
    if (fclose (file) != 0)
        fail (path);
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
    for (int id = 1; id < METHOD_COUNT; id++)
        write_record (directory, "method", id - 1, &METHODS[id].type, &seed);
    for (int kind = 1; kind < EVENT_COUNT; kind++)
        write_event (directory, (event_kind_t) kind, &seed);
    write_token (directory);
    write_dictionary (directory);
    return 0;
}
