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

static void print_tally (FILE *out, const breakpoint_t *breakpoint)
{
    const char *gap = "";
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
        fprintf (stream, " / needs %llu", (unsigned long long) tally_needs (breakpoint));
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
        fputs ("one vote decides", stream);
    else
        fprintf (stream, "%llu equal votes decide; so far: ", (unsigned long long) needs);
    if (needs > 1)
        print_tally (stream, breakpoint);
    if (breakpoint->policy.veto && breakpoint->options.count > 0)
        fprintf (stream, "; one vote for %s decides at once", breakpoint->options.items[breakpoint->options.count - 1]);
    if (!breakpoint->escalated)
        print_awaited (stream, breakpoint);
    return finish (stream, &text);
}
