#include "patterns.h"

#include "limits.h"
#include "lines.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const group_t GROUPS[] = {
#define GROUP(file, reader, where, also, member) {file, patterns_read_##reader, where, also, member},
#include "groups.def"
};
const size_t GROUP_COUNT = sizeof GROUPS / sizeof *GROUPS;

bool patterns_add (patterns_t *self, const char *before, const char *text, size_t size, const char *behind)
{
    char pattern[LIMIT_PATH];
    int length = snprintf (pattern, sizeof pattern, "%s%.*s%s", before, (int) (size < LIMIT_PATH ? size : LIMIT_PATH),
                           text, behind);
    for (char *at = pattern; *at; at++)
        *at = *at == '\\' ? '/' : *at;
    self->listed = true;
    if (*pattern && length < (int) sizeof pattern)
        self->failed = self->failed || self->texts.count >= LIMIT_MEMBERS || texts_add (&self->texts, pattern);
    return !self->failed;
}

void patterns_clear (patterns_t *self)
{
    texts_clear (&self->texts);
}

void patterns_read_fixed (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    (void) text, (void) size;
    for (const char *at = group->where; *at;) {
        size_t length = strcspn (at, " ");
        patterns_add (patterns, "", at, length, "");
        at += length + strspn (at + length, " ");
    }
}

typedef struct {
    const group_t *group;
    patterns_t *patterns;
} match_t;

static bool add_match (void *self, const char *match)
{
    const match_t *to = self;
    return patterns_add (to->patterns, "", match, strlen (match), to->group->also);
}

void patterns_read_lines (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    match_t to = {group, patterns};
    lines_matches (text, size, group->where, add_match, &to);
}

static void add_words (patterns_t *patterns, const char *line)
{
    static const char SPACE[] = " \t,";
    for (line += strspn (line, SPACE); *line;) {
        size_t length = strcspn (line, SPACE);
        patterns_add (patterns, "", line, length, "");
        line += length + strspn (line + length, SPACE);
    }
}

void patterns_read_words (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    char line[LINES_LONGEST];
    size_t length = strlen (group->where);
    bool within = false;
    for (const char *at = text; lines_next (&at, text + size, line);) {
        if (strncmp (line + strspn (line, " \t"), "--", 2) == 0)
            continue;
        bool begins = strncmp (line, group->where, length) == 0;
        within = begins || (within && (*line == ' ' || *line == '\t'));
        if (within)
            add_words (patterns, line + (begins ? length : 0));
    }
}

/*  use ./a, or use ( and one a line. */
void patterns_read_go (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    (void) group;
    char line[LINES_LONGEST];
    bool within = false;
    for (const char *at = text; lines_next (&at, text + size, line);) {
        char *comment = strstr (line, "//"), *word = line + strspn (line, " \t");
        if (comment)
            *comment = '\0';
        bool use = strncmp (word, "use", 3) == 0 && strchr (" \t(", word[3]);
        word += use ? 3 : 0;
        word += strspn (word, " \t");
        if (use && *word == '(') {
            within = true;
            word += 1 + strspn (word + 1, " \t");
        }
        word += strspn (word, "\"`");
        size_t length = strcspn (word, " \t)\"`");
        if ((use || within) && length > 0)
            patterns_add (patterns, "", word, length, "");
        within = within && !strchr (word, ')');
    }
}

/*  ":core:api" is the folder core/api. */
static void add_gradle (patterns_t *patterns, const char *name, size_t size)
{
    char path[LIMIT_PATH];
    snprintf (path, sizeof path, "%.*s", (int) (size < LIMIT_PATH ? size : 0), name);
    for (char *at = path; *at; at++)
        *at = *at == ':' ? '/' : *at;
    const char *from = path + strspn (path, "/");
    patterns_add (patterns, "", from, strlen (from), "");
}

/*  The word include or includeBuild begins a statement, which goes on after a comma and within parentheses. */
static bool begins_include (const char *text, const char *at)
{
    bool alone = at == text || !(isalnum ((unsigned char) at[-1]) || strchr ("_.\"'", at[-1]));
    size_t length = strncmp (at, "includeBuild", 12) == 0 ? 12 : 7;
    return alone && strchr (" \t(", at[length]);
}

void patterns_read_gradle (const group_t *group, const char *text, size_t size, patterns_t *patterns)
{
    (void) group;
    const char *end = text + size;
    for (const char *at = text; (at = strstr (at, "include")) != NULL;) {
        bool begins = begins_include (text, at);
        at += strncmp (at, "includeBuild", 12) == 0 ? 12 : 7;
        while (begins && at < end) {
            at += strspn (at, " \t\r\n(,");
            if (*at != '"' && *at != '\'')
                break;
            const char *stop = memchr (at + 1, *at, (size_t) (end - at - 1));
            if (!stop || memchr (at, '\n', (size_t) (stop - at)))
                break;
            add_gradle (patterns, at + 1, (size_t) (stop - at - 1));
            at = stop + 1;
        }
    }
}
