#include "synthesis_markdown.h"

#include <inttypes.h>

/* ---- runs ---- */

static void print_keys (report_t *report, const char *what, const baton_texts_t *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        report_print (report, "%s%s", i > 0 ? ", " : what, keys->items[i]);
    if (keys->count > 0)
        report_print (report, "\n");
}

static void print_run (report_t *report, const run_report_t *entry)
{
    const run_t *run = &entry->run;
    report_print (report, "- **run %" PRIu64 "**%s%s: %s", run->number, entry->session ? " of session " : "",
                  entry->session ? entry->session : "",
                  run->outcome ? enum_name (&run_outcome_names, run->outcome)
                               : enum_name (&run_phase_names, run->phase));
    if (run->exit_code > 0)
        report_print (report, ", exit code %" PRIu64, run->exit_code);
    if (run->signal > 0)
        report_print (report, ", signal %" PRIu64, run->signal);
    if (entry->duration > 0) {
        report_print (report, ", in ");
        report_duration (report, entry->duration);
    }
    report_print (report, "%s%s%s%s\n", run->node ? ", at " : "", run->node ? run->node : "",
                  run->rollback ? ", rolled back" : "", entry->errors > 0 ? ", with errors of tools" : "");
    if (run->detail)
        report_print (report, "  - %s\n", run->detail);
    print_keys (report, "  - decided: ", &entry->decisions);
    print_keys (report, "  - remembered: ", &entry->memory);
    print_keys (report, "  - put: ", &entry->artifacts);
    report_quote (report, "  ", entry->last);
}

void synthesis_section_runs (report_t *report, const synthesis_t *synthesis, const char *heading)
{
    if (synthesis->runs.count > 0)
        report_section (report, heading);
    for (size_t i = 0; i < synthesis->runs.count; i++)
        if (report_room (report))
            print_run (report, &synthesis->runs.items[i]);
}

/* ---- decisions ---- */

static void print_origin (report_t *report, const char *session, uint64_t run)
{
    if (run > 0)
        report_print (report, " (run %" PRIu64 "%s%s)", run, session ? " of session " : "", session ? session : "");
    else
        report_print (report, " (by a person%s%s)", session ? " in session " : "", session ? session : "");
}

void synthesis_section_decisions (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->decisions.count > 0)
        report_section (report, "Decisions");
    for (size_t i = 0; i < synthesis->decisions.count; i++) {
        const decision_t *decision = &synthesis->decisions.items[i];
        if (!report_room (report))
            continue;
        report_print (report, "- **%s**: %s", decision->key, decision->value);
        print_origin (report, decision->session, decision->run);
        report_print (report, "%s%s\n", decision->why ? ", because: " : "", decision->why ? decision->why : "");
    }
}

void synthesis_section_superseded (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->superseded.count > 0)
        report_section (report, "Decided otherwise since");
    for (size_t i = 0; i < synthesis->superseded.count; i++) {
        const past_decision_t *past = &synthesis->superseded.items[i];
        if (!report_room (report))
            continue;
        report_print (report, "- **%s** was: %s", past->key, past->value);
        print_origin (report, NULL, past->run);
        report_print (report, "%s%s; until %s at %" PRIu64 "\n", past->why ? ", because: " : "",
                      past->why ? past->why : "", past->ended, past->ended_n);
    }
}

static void print_merge_conflict (report_t *report, const conflict_report_t *conflict)
{
    report_print (report, "- **%s %s**: %s here, %s in the branch %s; %s%s%s%s\n",
                  enum_name (&fact_kind_names, conflict->kind), conflict->key,
                  conflict->value ? conflict->value : "nothing", conflict->other ? conflict->other : "nothing",
                  conflict->branch, conflict->choice ? "chosen: " : "not decided yet",
                  enum_name (&merge_choice_names, conflict->choice), conflict->by ? ", by " : "",
                  conflict->by ? conflict->by : "");
}

static void section_conflicts (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->conflicts.count > 0)
        report_section (report, "Conflicts");
    for (size_t i = 0; i < synthesis->conflicts.count; i++) {
        const conflict_report_t *conflict = &synthesis->conflicts.items[i];
        if (!report_room (report))
            continue;
        if (conflict->branch) {
            print_merge_conflict (report, conflict);
            continue;
        }
        report_print (report, "- **%s**: %s", conflict->key, conflict->value);
        print_origin (report, conflict->session, conflict->run);
        report_print (report, ", then %s", conflict->other);
        print_origin (report, conflict->session, conflict->other_run);
        report_print (report, "\n");
    }
}

/* ---- what is there ---- */

void synthesis_section_memory (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->memory.count > 0)
        report_section (report, "Memory");
    for (size_t i = 0; i < synthesis->memory.count; i++) {
        if (!report_room (report))
            continue;
        report_print (report, "- **%s**: ", synthesis->memory.items[i].key);
        report_value (report, &synthesis->memory.items[i].value);
        report_print (report, "\n");
    }
}

void synthesis_section_artifacts (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->artifacts.count > 0)
        report_section (report, "Artifacts");
    for (size_t i = 0; i < synthesis->artifacts.count; i++) {
        const artifact_t *artifact = &synthesis->artifacts.items[i];
        if (report_room (report))
            report_print (report, "- **%s**: %" PRIu64 " bytes%s%s, digest %s\n", artifact->name, artifact->size,
                          artifact->media_type ? ", " : "", artifact->media_type ? artifact->media_type : "",
                          artifact->digest);
    }
}

/* ---- questions ---- */

void synthesis_section_open (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->open.count > 0)
        report_section (report, "Open questions");
    for (size_t i = 0; i < synthesis->open.count; i++) {
        const question_t *question = &synthesis->open.items[i];
        if (report_room (report))
            report_print (report, "- breakpoint %" PRIu64 " (%s): %s\n", question->number,
                          enum_name (&breakpoint_kind_names, question->kind), question->title);
    }
}

static void section_answered (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->answered.count > 0)
        report_section (report, "Questions that were decided");
    for (size_t i = 0; i < synthesis->answered.count; i++) {
        const question_t *question = &synthesis->answered.items[i];
        if (!report_room (report))
            continue;
        report_print (report, "- breakpoint %" PRIu64 ": %s \u2192 %s", question->number, question->title,
                      question->outcome ? question->outcome : enum_name (&breakpoint_state_names, question->state));
        if (question->value.size > 0) {
            report_print (report, ": ");
            report_value (report, &question->value);
        }
        report_print (report, "\n");
    }
}

/* ---- failures, kin ---- */

void synthesis_section_failures (report_t *report, const synthesis_t *synthesis, const char *heading)
{
    if (synthesis->failures.count > 0)
        report_section (report, heading);
    for (size_t i = 0; i < synthesis->failures.count; i++) {
        const failure_report_t *failure = &synthesis->failures.items[i];
        if (!report_room (report))
            continue;
        report_print (report, "- %s%s%s, at position %" PRIu64 "\n", failure->what,
                      failure->session ? ", session " : "", failure->session ? failure->session : "", failure->n);
        report_quote (report, "  ", failure->text);
    }
}

static void section_kin (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->lineage.count > 0)
        report_section (report, "Sessions that are part of its past");
    for (size_t i = 0; i < synthesis->lineage.count; i++) {
        const segment_t *segment = &synthesis->lineage.items[i];
        if (!text_equal (segment->session, synthesis->session) && report_room (report))
            report_print (report, "- %s, positions %" PRIu64 " to %" PRIu64 "%s%s\n", segment->session,
                          segment->after + 1, segment->upto, segment->merged ? ", merged in: " : "",
                          segment->merged && segment->title ? segment->title : "");
    }
    if (synthesis->children.count > 0)
        report_section (report, "Children");
    for (size_t i = 0; i < synthesis->children.count; i++) {
        const child_row_t *child = &synthesis->children.items[i];
        if (report_room (report))
            report_print (report, "- %s: %s, %s (%s)\n", child->session, child->title ? child->title : "",
                          enum_name (&lifecycle_names, child->state), enum_name (&cause_names, child->cause));
    }
}

static void section_left_out (report_t *report, const synthesis_t *synthesis)
{
    if (synthesis->left_out.count > 0)
        report_section (report, "Left out");
    for (size_t i = 0; i < synthesis->left_out.count; i++)
        report_print (report, "- %s\n", synthesis->left_out.items[i]);
}

char *synthesis_markdown (const synthesis_t *synthesis)
{
    report_t report;
    report_open (&report);
    report_print (&report, "# %s\n\nSession %s at position %" PRIu64 ": %s (%s)", synthesis->title, synthesis->session,
                  synthesis->n, enum_name (&lifecycle_names, synthesis->state),
                  enum_name (&cause_names, synthesis->cause));
    report_print (&report, "%s%s; %" PRIu64 " items of the context, %" PRIu64 " tokens\n",
                  synthesis->agent ? ", of the agent " : "", synthesis->agent ? synthesis->agent : "", synthesis->items,
                  synthesis->tokens);
    if (synthesis->result)
        report_print (&report, "\nResult: %s\n", synthesis->result);
    if (synthesis->objective)
        report_section (&report, "Objective");
    report_quote (&report, "", synthesis->objective);
    synthesis_section_runs (&report, synthesis, "Runs");
    synthesis_section_decisions (&report, synthesis);
    section_conflicts (&report, synthesis);
    synthesis_section_superseded (&report, synthesis);
    synthesis_section_artifacts (&report, synthesis);
    synthesis_section_memory (&report, synthesis);
    synthesis_section_open (&report, synthesis);
    section_answered (&report, synthesis);
    synthesis_section_failures (&report, synthesis, "What was tried and has failed");
    section_kin (&report, synthesis);
    section_left_out (&report, synthesis);
    return report_close (&report);
}
