#include "suggest.h"

#include <string.h>

suggest_t suggest_begin (const char *word)
{
    suggest_t self = {.distance = SUGGEST_MOST};
    if (strlen (word) < SUGGEST_MOST)
        strcpy (self.word, word);
    return self;
}

static size_t least (size_t a, size_t b)
{
    return a < b ? a : b;
}

/*  Optimal string alignment: as Levenshtein's distance, but two letters in each other's place count once. */
static size_t distance (const char *a, const char *b)
{
    size_t rows[3][SUGGEST_MOST], length = strlen (b);
    for (size_t j = 0; j <= length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= strlen (a); i++) {
        size_t *row = rows[i % 3], *last = rows[(i + 2) % 3];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t changed = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least (changed, least (last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least (row[j], rows[(i + 1) % 3][j - 2] + 1);
        }
    }
    return rows[strlen (a) % 3][length];
}

void suggest_try (suggest_t *self, const char *candidate)
{
    size_t length = strlen (self->word);
    if (length == 0 || strlen (candidate) >= SUGGEST_MOST)
        return;
    size_t near = distance (self->word, candidate);
    if (near < self->distance && near <= (length < 4 ? 1 : 2)) {
        self->distance = near;
        strcpy (self->best, candidate);
    }
}
