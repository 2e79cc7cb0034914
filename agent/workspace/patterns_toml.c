/*  Members in TOML. There is no library for it in C that Debian packages, and lists of texts at a known key are all
 * that is wanted: this reads tables, keys and such lists, and skips everything else. */
#include "patterns.h"

#include "limits.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE 256

typedef struct {
    const char *at;
    const char *end;
    char table[PATH_SIZE];
} toml_t;

static void skip_line (toml_t *toml)
{
    const char *stop = memchr (toml->at, '\n', (size_t) (toml->end - toml->at));
    toml->at = stop ? stop + 1 : toml->end;
}

static bool is_space (char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*  A dotted path without its spaces and quotes, up to one of the stops. */
static void take_path (toml_t *toml, const char *stops, char ret_path[PATH_SIZE])
{
    size_t size = 0;
    for (; toml->at < toml->end && !strchr (stops, *toml->at) && *toml->at != '\n'; toml->at++)
        if (!is_space (*toml->at) && *toml->at != '"' && *toml->at != '\'' && size < PATH_SIZE - 1)
            ret_path[size++] = *toml->at;
    ret_path[size] = '\0';
}

/*  A text in single or double quotes; escapes are left as they are: no path has one. */
static bool take_text (toml_t *toml, const char **ret_text, size_t *ret_size)
{
    char quote = *toml->at;
    const char *stop = memchr (toml->at + 1, quote, (size_t) (toml->end - toml->at - 1));
    if (!stop)
        return false;
    *ret_text = toml->at + 1;
    *ret_size = (size_t) (stop - toml->at - 1);
    toml->at = stop + 1;
    return true;
}

/*  The texts of a list, which may go over several lines and have comments between. */
static void take_list (toml_t *toml, const char *before, patterns_t *patterns)
{
    const char *text;
    size_t size;
    for (toml->at++; toml->at < toml->end && *toml->at != ']';)
        if (*toml->at == '#')
            skip_line (toml);
        else if (*toml->at != '"' && *toml->at != '\'')
            toml->at++;
        else if (!take_text (toml, &text, &size) || !patterns_add (patterns, before, text, size, ""))
            return;
}

/*  A text of several lines could have anything in it that looks like a table. */
static void skip_value (toml_t *toml)
{
    size_t left = (size_t) (toml->end - toml->at);
    if (left >= 3 && (memcmp (toml->at, "\"\"\"", 3) == 0 || memcmp (toml->at, "'''", 3) == 0)) {
        const char *stop = memmem (toml->at + 3, left - 3, toml->at, 3);
        toml->at = stop ? stop + 3 : toml->end;
    }
    skip_line (toml);
}

static bool is_below (const char *path, const char *table)
{
    size_t length = strlen (table);
    return strncmp (path, table, length) == 0 && path[length] == '.';
}

static void take_pair (toml_t *toml, const group_t *group, patterns_t *patterns)
{
    char key[PATH_SIZE], path[2 * PATH_SIZE];
    take_path (toml, "=", key);
    snprintf (path, sizeof path, "%s%s%s", toml->table, *toml->table ? "." : "", key);
    if (toml->at >= toml->end || *toml->at != '=') {
        skip_line (toml);
        return;
    }
    for (toml->at++; toml->at < toml->end && (*toml->at == ' ' || *toml->at == '\t');)
        toml->at++;
    bool list = toml->at < toml->end && *toml->at == '[';
    if (list && strcmp (path, group->where) == 0)
        take_list (toml, "", patterns);
    else if (list && strcmp (path, group->also) == 0)
        take_list (toml, "!", patterns);
    else
        skip_value (toml);
}

void patterns_read_toml (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    toml_t toml = {.at = text, .end = text + size};
    while (toml.at < toml.end && !patterns->failed)
        if (is_space (*toml.at))
            toml.at++;
        else if (*toml.at == '[') {
            toml.at += strspn (toml.at, "[");
            take_path (&toml, "]", toml.table);
            skip_line (&toml);
            const char *last = strrchr (group->where, '.');
            patterns->listed = patterns->listed || (is_below (group->where, toml.table) &&
                                                    strlen (toml.table) == (size_t) (last - group->where));
        } else if (*toml.at == '#')
            skip_line (&toml);
        else
            take_pair (&toml, group, patterns);
}
