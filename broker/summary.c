/*  The summary that nobody wrote: extracted from what the session knows, in an order that never changes. */
#include "compact.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH_MOST 40      /*  entries of one list */
#define WORDS_MOST 200    /*  bytes of one entry */
#define EARLIER_MOST 8192 /*  bytes of an earlier summary */
#define LAST_MOST 12      /*  items that are told one by one */

static void add (FILE *out, const char *text, size_t most)
{
    size_t length = text_cut (text ? text : "", most);
    for (size_t i = 0; i < length; i++)
        fputc (text[i] == '\n' || text[i] == '\t' ? ' ' : text[i], out);
    if (text && text[length])
        fputs (" …", out);
}

static void add_heading (FILE *out, const char *heading, size_t index)
{
    if (index == 0)
        fprintf (out, "\n%s:\n", heading);
}

static void add_rest (FILE *out, size_t count)
{
    if (count > EACH_MOST)
        fprintf (out, "- and %zu more\n", count - EACH_MOST);
}

static void add_decisions (FILE *out, const session_t *state)
{
    for (size_t i = 0; i < state->decisions.count && i < EACH_MOST; i++) {
        const decision_t *decision = &state->decisions.items[i];
        add_heading (out, "Decisions", i);
        fprintf (out, "- %s: ", decision->key);
        add (out, decision->value, WORDS_MOST);
        if (decision->why) {
            fputs (" (", out);
            add (out, decision->why, WORDS_MOST);
            fputc (')', out);
        }
        fputc ('\n', out);
    }
    add_rest (out, state->decisions.count);
}

static void add_questions (FILE *out, const session_t *state)
{
    size_t count = 0;
    for (size_t i = 0; i < state->breakpoints.count; i++)
        if (state->breakpoints.items[i].state == breakpoint_state_open) {
            add_heading (out, "Open questions", count++);
            fputs ("- ", out);
            add (out, state->breakpoints.items[i].title, WORDS_MOST);
            fputc ('\n', out);
        }
}

static void add_artifacts (FILE *out, const session_t *state)
{
    for (size_t i = 0; i < state->artifacts.count && i < EACH_MOST; i++) {
        const artifact_t *artifact = &state->artifacts.items[i];
        add_heading (out, "Artifacts", i);
        fprintf (out, "- %s (%lu bytes, %.16s)\n", artifact->name, artifact->size, artifact->digest);
    }
    add_rest (out, state->artifacts.count);
}

static void add_files (FILE *out, const session_t *state, const shown_list_t *list, size_t end)
{
    size_t count = 0;
    for (size_t i = 0; i < state->bindings.count; i++)
        if (count++ < EACH_MOST) {
            add_heading (out, "Files", count - 1);
            fputs ("- ", out);
            add (out, state->bindings.items[i].path, WORDS_MOST);
            fputc ('\n', out);
        }
    for (size_t i = 0; i < end; i++) {
        const item_bytes_t *item = &list->items[i].item;
        if (item->source && count++ < EACH_MOST) {
            add_heading (out, "Files", count - 1);
            fputs ("- ", out);
            add (out, item->source, WORDS_MOST);
            fprintf (out, " (%.16s)\n", item->digest ? item->digest : "no digest");
        }
    }
    add_rest (out, count);
}

static void add_earlier (FILE *out, const shown_list_t *list, size_t end)
{
    for (size_t i = 0; i < end; i++)
        if (list->items[i].summary) {
            const char *text = list->items[i].item.own.text;
            fprintf (out, "\nSummarized earlier:\n%.*s\n", (int) text_cut (text, EARLIER_MOST), text);
        }
}

static void add_item (FILE *out, const shown_t *item)
{
    fprintf (out, "- %s: ", enum_name (&item_role_names, item->item.role));
    for (size_t i = 0; i < shown_part_count (item) && i < 4; i++) {
        const part_t *part = shown_part (item, i);
        if (i > 0)
            fputs (" | ", out);
        if (part->kind == part_kind_tool_call)
            fprintf (out, "calls %s", part->tool);
        else if (part->kind == part_kind_tool_result)
            fputs (part->error ? "failed: " : "result: ", out);
        add (out, part->text, WORDS_MOST);
    }
    fputc ('\n', out);
}

static void add_last (FILE *out, const shown_list_t *list, size_t end)
{
    size_t told = 0, from = end;
    while (from > 0 && told < LAST_MOST) {
        const shown_t *item = &list->items[--from];
        told += !item->summary && !item->pinned;
    }
    for (size_t i = from, count = 0; i < end; i++)
        if (!list->items[i].summary && !list->items[i].pinned) {
            add_heading (out, "The last items before this point", count++);
            add_item (out, &list->items[i]);
        }
}

baton_status compact_summarize (const session_t *state, const shown_list_t *list, size_t end, char **ret_summary,
                                baton_error_t *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    if (!out)
        return baton_fail_memory (error);
    fputs ("Objective: ", out);
    add (out, state->objective ? state->objective : state->title, 2 * WORDS_MOST);
    fputc ('\n', out);
    add_decisions (out, state);
    add_questions (out, state);
    add_artifacts (out, state);
    add_files (out, state, list, end);
    add_earlier (out, list, end);
    add_last (out, list, end);
    if (fclose (out) != 0) {
        free (text);
        return baton_fail_memory (error);
    }
    text[text_cut (text, LIMIT_TEXT)] = '\0';
    *ret_summary = text;
    return BATON_OK;
}
