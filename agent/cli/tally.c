#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t tally_needs (const breakpoint_t *breakpoint)
{
    const policy_t *policy = &breakpoint->policy;
    if (breakpoint->escalated)
        return 1;
    switch (policy->kind) {
    case policy_kind_quorum:
        return policy->k;
    case policy_kind_majority:
        return policy->of / 2 + 1;
    case policy_kind_unanimous:
        return policy->of;
    case policy_kind_named:
        return policy->people.count;
    default:
        return 1;
    }
}

static size_t count_votes (const breakpoint_t *breakpoint, const char *option)
{
    size_t count = 0;
    for (size_t i = 0; i < breakpoint->votes.count; i++)
        count += text_equal (breakpoint->votes.items[i].option, option);
    return count;
}

/*  A merge is decided key by key: votes for different keys have nothing in common. */
static bool is_keyed (const breakpoint_t *breakpoint)
{
    return breakpoint->kind == breakpoint_kind_merge_conflict;
}

static size_t count_keys (const breakpoint_t *breakpoint)
{
    const vote_t *votes = breakpoint->votes.items;
    size_t count = 0;
    for (size_t i = 0, before; i < breakpoint->votes.count; i++) {
        for (before = 0; before < i && !text_equal (votes[before].key, votes[i].key); before++)
            ;
        count += before == i;
    }
    return count;
}

static void print_keyed (FILE *out, const breakpoint_t *breakpoint)
{
    size_t keys = count_keys (breakpoint);
    if (keys > 0)
        fprintf (out, "%zu on %zu key%s", breakpoint->votes.count, keys, keys > 1 ? "s" : "");
    else if (breakpoint->state == breakpoint_state_open)
        fputs ("none", out);
}

static void print_tally (FILE *out, const breakpoint_t *breakpoint)
{
    const char *gap = "";
    if (is_keyed (breakpoint)) {
        print_keyed (out, breakpoint);
        return;
    }
    for (size_t i = 0; i < breakpoint->options.count; i++) {
        size_t count = count_votes (breakpoint, breakpoint->options.items[i]);
        if (count > 0)
            fprintf (out, "%s%s %zu", gap, breakpoint->options.items[i], count);
        gap = count > 0 ? ", " : gap;
    }
    if (!*gap && breakpoint->state == breakpoint_state_open)
        fputs ("none", out);
}

static char *finish (FILE *stream, char **text)
{
    if (fclose (stream) == 0)
        return *text;
    free (*text);
    return NULL;
}

char *tally_text (const breakpoint_t *breakpoint)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream (&text, &size);
    if (!stream)
        return NULL;
    print_tally (stream, breakpoint);
    if (breakpoint->state == breakpoint_state_open)
        fprintf (stream, " / needs %llu%s", (unsigned long long) tally_needs (breakpoint),
                 is_keyed (breakpoint) ? " each" : "");
    return finish (stream, &text);
}

static bool has_voted (const breakpoint_t *breakpoint, const char *actor)
{
    for (size_t i = 0; i < breakpoint->votes.count; i++)
        if (text_equal (breakpoint->votes.items[i].actor, actor))
            return true;
    return false;
}

static void print_awaited (FILE *out, const breakpoint_t *breakpoint)
{
    const char *gap = "; still to vote: ";
    for (size_t i = 0; i < breakpoint->policy.people.count; i++) {
        const char *person = breakpoint->policy.people.items[i];
        if (has_voted (breakpoint, person))
            continue;
        fprintf (out, "%s%s", gap, person);
        gap = ", ";
    }
}

char *tally_missing (const breakpoint_t *breakpoint)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = breakpoint->state == breakpoint_state_open ? open_memstream (&text, &size) : NULL;
    if (!stream)
        return NULL;
    uint64_t needs = tally_needs (breakpoint);
    if (needs == 1)
        fprintf (stream, "one vote decides%s", is_keyed (breakpoint) ? " each key" : "");
    else
        fprintf (stream, "%llu equal votes decide%s; so far: ", (unsigned long long) needs,
                 is_keyed (breakpoint) ? " each key" : "");
    if (needs > 1)
        print_tally (stream, breakpoint);
    if (breakpoint->policy.veto && breakpoint->options.count > 0)
        fprintf (stream, "; one vote for %s decides at once", breakpoint->options.items[breakpoint->options.count - 1]);
    if (!breakpoint->escalated)
        print_awaited (stream, breakpoint);
    return finish (stream, &text);
}
