#include "utterance.h"

#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    utterance_kind_t kind;
} COMMANDS[] = {{"/vote", UTTERANCE_vote},   {"/claim", UTTERANCE_claim}, {"/join", UTTERANCE_join},
                {"/leave", UTTERANCE_leave}, {"/quit", UTTERANCE_leave},  {"/help", UTTERANCE_help}};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof *COMMANDS)

/*  What follows a word that a text begins with; NULL when it begins with another. */
static const char *after_word (const char *text, const char *word)
{
    size_t length = strlen (word);
    if (length == 0 || strncasecmp (text, word, length) != 0 || (text[length] && text[length] != ' '))
        return NULL;
    return text + length + strspn (text + length, " ");
}

/*  A conflict that is still to be decided, as people name it: "memory/color". */
static bool name_key (const merge_key_t *key, char **ret_name)
{
    return key->conflict && asprintf (ret_name, "%s/%s", enum_name (&fact_kind_names, key->kind), key->key) >= 0;
}

/* ---- votes ---- */

/*  JSON when it parses as JSON, else plain text, as on the command line. */
static baton_status take_value (utterance_t *self, const char *text, baton_error_t *error)
{
    json_t *json = json_loads (text, JSON_DECODE_ANY, NULL);
    if (!json)
        json = json_string (text);
    baton_status status = json ? json_to_value (json, &self->value, error)
                               : baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value, "that is no text");
    json_decref (json);
    return status;
}

/*  The longest option that the text begins with: options may have spaces. */
static baton_status take_option (utterance_t *self, const baton_texts_t *options, const char **text,
                                 baton_error_t *error)
{
    const char *rest, *found = NULL, *best = NULL;
    for (size_t i = 0; i < options->count; i++)
        if ((rest = after_word (*text, options->items[i])) && (!found || strlen (options->items[i]) > strlen (best))) {
            best = options->items[i];
            found = rest;
        }
    if (found) {
        *text = found;
        return text_set (&self->option, best);
    }
    char words[LIMIT_SHORT / 2] = "";
    for (size_t i = 0, used = 0; i < options->count && used < sizeof words - 1; i++)
        used += (size_t) snprintf (words + used, sizeof words - used, "%s%s", i > 0 ? ", " : "", options->items[i]);
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value, "vote for one of: %s", words);
}

static baton_status take_key (utterance_t *self, const breakpoint_view_t *view, const char **text, baton_error_t *error)
{
    const char *found = NULL;
    for (size_t i = 0; i < view->keys.count; i++) {
        char *name = NULL;
        if (!name_key (&view->keys.items[i], &name))
            continue;
        const char *rest = after_word (*text, name);
        if (rest && (!found || rest > found)) {
            found = rest;
            free (self->key);
            self->key = name;
        } else
            free (name);
    }
    if (!found)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value,
                           "say which key: /vote KEY ours|theirs|edit; Tab completes it");
    *text = found;
    return BATON_OK;
}

static baton_status take_vote (utterance_t *self, const breakpoint_view_t *view, const char *text, baton_error_t *error)
{
    const breakpoint_t *breakpoint = &view->breakpoint;
    baton_status status = BATON_OK;
    if (breakpoint->kind == breakpoint_kind_input)
        return *text ? take_value (self, text, error)
                     : baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value,
                                   "give the answer: /vote ANSWER");
    if (breakpoint->kind == breakpoint_kind_merge_conflict)
        status = take_key (self, view, &text, error);
    if (status == BATON_OK)
        status = take_option (self, &breakpoint->options, &text, error);
    if (status != BATON_OK || !*text)
        return status;
    bool valued = (breakpoint->kind == breakpoint_kind_merge_conflict && strcmp (self->option, "edit") == 0) ||
                  (breakpoint->kind == breakpoint_kind_budget && strcmp (self->option, "raise") == 0);
    return valued ? take_value (self, text, error) : text_set (&self->why, text);
}

/* ---- all ---- */

static baton_status take (utterance_t *self, const breakpoint_view_t *view, const char *text, baton_error_t *error)
{
    text += strspn (text, " ");
    if (!*text)
        return BATON_OK;
    self->kind = UTTERANCE_comment;
    if (*text != '/' || text[1] == '/')
        return text_set (&self->text, text + (*text == '/'));
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *rest = after_word (text, COMMANDS[i].word);
        if (!rest)
            continue;
        self->kind = COMMANDS[i].kind;
        return self->kind == UTTERANCE_vote ? take_vote (self, view, rest, error) : BATON_OK;
    }
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value,
                       "there is no %.*s; there are /vote, /claim, /join, /leave and /help", (int) strcspn (text, " "),
                       text);
}

baton_status utterance_parse (const breakpoint_view_t *view, const char *text, utterance_t *ret_utterance,
                              baton_error_t *error)
{
    utterance_t self = {0};
    baton_status status = take (&self, view, text, error);
    if (status == BATON_OK)
        *ret_utterance = self;
    else
        utterance_clear (&self);
    return status;
}

void utterance_clear (utterance_t *self)
{
    free (self->text);
    free (self->option);
    free (self->key);
    free (self->why);
    bytes_clear (&self->value);
    *self = (utterance_t){0};
}

/* ---- completion ---- */

static void offer (baton_texts_t *choices, const char *text, const char *key, const char *option)
{
    char *line = NULL;
    if (asprintf (&line, "/vote %s%s%s ", key, *key ? " " : "", option) < 0)
        return;
    if (strncmp (line, text, strlen (text)) == 0)
        (void) !texts_add (choices, line);
    free (line);
}

static void offer_votes (const breakpoint_view_t *view, const char *text, baton_texts_t *choices)
{
    const baton_texts_t *options = &view->breakpoint.options;
    bool keyed = view->breakpoint.kind == breakpoint_kind_merge_conflict;
    for (size_t k = 0; k < (keyed ? view->keys.count : 1); k++) {
        char *name = NULL;
        if (keyed && !name_key (&view->keys.items[k], &name))
            continue;
        for (size_t i = 0; i < options->count; i++)
            offer (choices, text, name ? name : "", options->items[i]);
        free (name);
    }
    if (options->count == 0 && strncmp ("/vote ", text, strlen (text)) == 0)
        (void) !texts_add (choices, "/vote ");
}

char *utterance_complete (const breakpoint_view_t *view, const char *text, baton_texts_t *ret_choices)
{
    if (*text != '/')
        return strdup (text);
    offer_votes (view, text, ret_choices);
    for (size_t i = 1; i < COMMAND_COUNT; i++)
        if (strncmp (COMMANDS[i].word, text, strlen (text)) == 0)
            (void) !texts_add (ret_choices, COMMANDS[i].word);
    if (ret_choices->count == 0)
        return strdup (text);
    size_t common = strlen (ret_choices->items[0]);
    for (size_t i = 1; i < ret_choices->count; i++) {
        size_t same = 0;
        while (same < common && ret_choices->items[i][same] == ret_choices->items[0][same])
            same++;
        common = same;
    }
    while (((unsigned char) ret_choices->items[0][common] & 0xc0) == 0x80) /*  within a character */
        common--;
    return strndup (ret_choices->items[0], common);
}
