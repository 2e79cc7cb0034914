/*  What a workspace's file lists as its members: patterns of folders, as groups.def says they are read.
 *
 *  The readers are forgiving: they take what they are for out of a file, and whatever else is in it, also by mistake,
 * is passed over. None runs anything, follows a reference, or needs more memory than a few times the file.
 */
#ifndef BATON_PATTERNS_H
#define BATON_PATTERNS_H

#include "record.h"

typedef struct group group_t;

/*  Collects what a reader finds. */
typedef struct {
    baton_texts_t texts;
    bool listed; /*  the file has the place for a list, also where that is empty */
    bool failed; /*  no memory, or more than LIMIT_MEMBERS */
} patterns_t;

typedef void (pattern_reader_t) (const group_t *group, const char *text, size_t size, patterns_t *patterns);

struct group {
    const char *file;
    pattern_reader_t *read;
    const char *where;
    const char *also;
    const char *member;
};

extern const group_t GROUPS[];
extern const size_t GROUP_COUNT;

pattern_reader_t patterns_read_json, patterns_read_yaml, patterns_read_toml, patterns_read_xml, patterns_read_lines,
    patterns_read_words, patterns_read_gradle, patterns_read_go, patterns_read_fixed;

/*  Adds before+text+behind; false when no more are taken. Backslashes become slashes. */
bool patterns_add (patterns_t *self, const char *before, const char *text, size_t size, const char *behind);
void patterns_clear (patterns_t *self);

#endif
