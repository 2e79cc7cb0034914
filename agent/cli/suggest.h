/*  "Did you mean": the nearest of the words that there are. */
#ifndef BATON_SUGGEST_H
#define BATON_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

#define SUGGEST_MOST 64 /*  bytes of a word, and its NUL */

typedef struct {
    char word[SUGGEST_MOST];
    char best[SUGGEST_MOST]; /*  "" while nothing is near */
    size_t distance;         /*  letters to add, drop, change or swap */
} suggest_t;

/*  For a word that was typed; one that is too long has nothing near it. */
suggest_t suggest_begin (const char *word);
void suggest_try (suggest_t *self, const char *candidate);

#endif
