#include "source.h"

#include "limits.h"
#include "shown.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- values ---- */

/*  A text of one JSON value; NULL with *ret_problem, in words. */
static json_t *parse (const char *text, size_t size, char ret_problem[LIMIT_SHORT])
{
    json_error_t error;
    json_t *json = json_loadb (text, size, JSON_ALLOW_NUL, &error);
    if (!json)
        snprintf (ret_problem, LIMIT_SHORT, "no JSON: %s", error.text);
    return json;
}

static bool is_blank (const char *text, size_t size)
{
    while (size > 0 && strchr (" \t\r\n", text[size - 1]) && text[size - 1])
        size--;
    return size == 0;
}

static baton_status show (const char *text, size_t size, uint64_t number, bool last, source_each_t *each, void *self,
                          baton_error_t *error)
{
    char problem[LIMIT_SHORT] = "";
    size_t repaired_size = 0;
    json_t *json = parse (text, size, problem);
    char *repaired = json ? NULL : shown_repair (text, size, &repaired_size);
    if (repaired)
        json = parse (repaired, repaired_size, problem);
    if (!json && last)
        snprintf (problem, sizeof problem, "the file ends in the middle of this line");
    source_value_t value = {.json = json,
                            .number = number,
                            .repaired = json && repaired,
                            .problem = json ? NULL : problem,
                            .text = text,
                            .size = size};
    baton_status status = each (self, &value, error);
    json_decref (json);
    free (repaired);
    return status;
}

/* ---- documents ---- */

/*  Where the elements of a document are; by the names that the formats have for it. */
static const char *array_of (const json_t *document)
{
    static const char *const NAMES[] = {"messages", "items", "input", "output"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (json_is_array (json_object_get (document, NAMES[i])))
            return NAMES[i];
    return NULL;
}

static baton_status show_elements (const json_t *list, source_each_t *each, void *self, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < json_array_size (list) && status == BATON_OK; i++)
        status = each (self, &(source_value_t){.json = json_array_get (list, i), .number = i + 1}, error);
    return status;
}

static baton_status show_document (json_t *document, source_each_t *each, void *self, baton_error_t *error)
{
    if (json_is_array (document))
        return show_elements (document, each, self, error);
    const char *name = array_of (document);
    json_t *list = name ? json_incref (json_object_get (document, name)) : NULL;
    if (!list)
        return each (self, &(source_value_t){.json = document, .number = 1}, error);
    json_object_del (document, name);
    baton_status status = each (self, &(source_value_t){.json = document}, error);
    if (status == BATON_OK)
        status = show_elements (list, each, self, error);
    json_decref (list);
    return status;
}

/*  Lines are tried first: a document whose first line is a value by itself, and has more below it, is not one value. */
static bool is_lines (const char *text, size_t size)
{
    const char *end = memchr (text, '\n', size);
    char problem[LIMIT_SHORT];
    size_t length = end ? (size_t) (end - text) : size;
    if (!end || is_blank (end, size - length))
        return false;
    json_t *first = parse (text, length, problem);
    bool lines = json_is_object (first);
    json_decref (first);
    return lines;
}

baton_status source_read_text (char *text, size_t size, source_each_t *each, void *self, baton_error_t *error)
{
    char problem[LIMIT_SHORT];
    if (size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size -= 3;
    }
    json_t *document = is_lines (text, size) ? NULL : parse (text, size, problem);
    if (document) {
        baton_status status = show_document (document, each, self, error);
        json_decref (document);
        return status;
    }
    baton_status status = BATON_OK;
    uint64_t number = 0;
    for (const char *at = text, *end = text + size; at < end && status == BATON_OK;) {
        const char *stop = memchr (at, '\n', (size_t) (end - at));
        size_t length = (size_t) ((stop ? stop : end) - at);
        number++;
        if (!is_blank (at, length))
            status = show (at, length, number, !stop, each, self, error);
        at = stop ? stop + 1 : end;
    }
    return status;
}

/* ---- files ---- */

static baton_status fail_file (const char *path, int reason, baton_error_t *error)
{
    return baton_fail_field (error,
                             reason == ENOENT   ? BATON_not_found
                             : reason == EACCES ? BATON_permission_denied
                                                : BATON_invalid_argument,
                             BATON_REASON_none, "file", "can't read %s: %s", path, strerror (reason));
}

static baton_status open_file (const char *path, FILE **ret_file, struct stat *ret_about, baton_error_t *error)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat (fd, ret_about) != 0)
        return fail_file (path, errno, error);
    const char *wrong = !S_ISREG (ret_about->st_mode) ? "it is no ordinary file"
                        : ret_about->st_size == 0     ? "it is empty"
                                                      : NULL;
    FILE *file = wrong ? NULL : fdopen (fd, "r");
    if (!file)
        close (fd);
    if (wrong)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, "file", "can't read %s: %s", path,
                                 wrong);
    if (!file)
        return baton_fail_memory (error);
    *ret_file = file;
    return BATON_OK;
}

baton_status source_look (const char *path, source_about_t *ret_about, baton_error_t *error)
{
    struct stat about;
    FILE *file = NULL;
    uint8_t block[65536], digest[32];
    crypto_generichash_state state;
    baton_status status = open_file (path, &file, &about, error);
    if (status != BATON_OK)
        return status;
    uint64_t size = (uint64_t) about.st_size, done = 0;
    crypto_generichash_init (&state, NULL, 0, sizeof digest);
    for (size_t got = 1; done < size && got > 0 && size <= LIMIT_TRANSCRIPT; done += got) {
        got = fread (block, 1, size - done < sizeof block ? size - done : sizeof block, file);
        crypto_generichash_update (&state, block, got);
    }
    fclose (file);
    if (size > LIMIT_TRANSCRIPT)
        return baton_fail_field (error, BATON_resource_exhausted, BATON_REASON_too_large, "file",
                                 "%s has more than %u MiB: import it in parts", path, LIMIT_TRANSCRIPT >> 20);
    if (done < size)
        return baton_fail_field (error, BATON_aborted, BATON_REASON_none, "file", "%s became shorter while it was read",
                                 path);
    crypto_generichash_final (&state, digest, sizeof digest);
    sodium_bin2hex (ret_about->digest, sizeof ret_about->digest, digest, sizeof digest);
    ret_about->size = size;
    ret_about->changed_at = (uint64_t) about.st_mtim.tv_sec * 1000 + (uint64_t) about.st_mtim.tv_nsec / 1000000;
    return BATON_OK;
}

/*  Lines of a file, in a buffer that grows up to LIMIT_TRANSCRIPT_LINE. */
typedef struct {
    FILE *file;
    uint64_t left; /*  bytes of the file that are still to be read */
    char *text;
    size_t size, room;
    uint64_t dropped;
} line_reader_t;

/*  False past the last line, and for lack of memory (then text is NULL). */
static bool next_line (line_reader_t *self, bool *ret_ended)
{
    self->size = 0;
    self->dropped = 0;
    *ret_ended = false;
    if (self->left == 0)
        return false;
    while (self->left > 0 && !*ret_ended) {
        int c = getc_unlocked (self->file);
        self->left = c == EOF ? 0 : self->left - 1;
        *ret_ended = c == '\n';
        if (c == EOF || c == '\n')
            continue;
        if (self->size + 1 >= self->room && self->room < LIMIT_TRANSCRIPT_LINE) {
            size_t room = self->room ? 2 * self->room : 65536;
            char *text = realloc (self->text, room + 1);
            if (!text) {
                free (self->text);
                self->text = NULL;
                return false;
            }
            self->text = text;
            self->room = room;
        }
        if (self->size < self->room)
            self->text[self->size++] = (char) c;
        else
            self->dropped++;
    }
    return true;
}

static baton_status show_line (const line_reader_t *line, uint64_t number, bool ended, source_each_t *each, void *self,
                               baton_error_t *error)
{
    if (line->dropped == 0)
        return show (line->text, line->size, number, !ended, each, self, error);
    source_value_t value = {.number = number,
                            .problem = "the line is too long to be read",
                            .text = line->text,
                            .size = line->size,
                            .dropped = line->dropped};
    return each (self, &value, error);
}

static baton_status read_lines (FILE *file, uint64_t size, source_each_t *each, void *self, baton_error_t *error)
{
    line_reader_t line = {.file = file, .left = size};
    baton_status status = BATON_OK;
    bool ended = false;
    for (uint64_t number = 1; status == BATON_OK && next_line (&line, &ended); number++) {
        size_t mark = number == 1 && line.size >= 3 && memcmp (line.text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        if (mark > 0)
            memmove (line.text, line.text + mark, line.size -= mark);
        if (line.size > 0 && !is_blank (line.text, line.size))
            status = show_line (&line, number, ended, each, self, error);
    }
    if (status == BATON_OK && line.left > 0)
        status = baton_fail_memory (error);
    free (line.text);
    return status;
}

/*  Whether a file is lines can be seen from its beginning; a document is held as a whole, so it must not be larger than
 *  that. */
static baton_status read_either (FILE *file, uint64_t size, source_each_t *each, void *self, baton_error_t *error)
{
    line_reader_t line = {.file = file, .left = size};
    bool ended = false, first = next_line (&line, &ended);
    char problem[LIMIT_SHORT];
    json_t *json = first && line.dropped == 0 ? parse (line.text, line.size, problem) : NULL;
    bool lines = json_is_object (json) && line.left > 0;
    json_decref (json);
    free (line.text);
    rewind (file);
    if (lines || size > LIMIT_TRANSCRIPT_DOCUMENT)
        return read_lines (file, size, each, self, error);
    char *text = malloc (size + 1);
    size_t got = text ? fread (text, 1, size, file) : 0;
    if (!text)
        return baton_fail_memory (error);
    text[got] = '\0';
    baton_status status = source_read_text (text, got, each, self, error);
    free (text);
    return status;
}

baton_status source_read (const char *path, const source_about_t *about, source_each_t *each, void *self,
                          baton_error_t *error)
{
    struct stat now;
    FILE *file = NULL;
    baton_status status = open_file (path, &file, &now, error);
    if (status != BATON_OK)
        return status;
    status = read_either (file, about->size, each, self, error);
    fclose (file);
    return status;
}
