#include "handoff_markdown.h"

#include "synthesis_markdown.h"

#include <inttypes.h>
#include <string.h>

/*  The last run that the session went through, which says best how things stand. */
static void section_state (report_t *report, const synthesis_t *synthesis)
{
    report_section (report, "State of the work");
    report_print (report, "The session is %s (%s), after %zu runs.\n", enum_name (&lifecycle_names, synthesis->state),
                  enum_name (&cause_names, synthesis->cause), synthesis->runs.count);
    if (synthesis->result)
        report_print (report, "Its result: %s\n", synthesis->result);
    for (size_t i = synthesis->runs.count; i-- > 0;)
        if (synthesis->runs.items[i].last) {
            report_print (report, "\nThe last words of the assistant, in run %" PRIu64 ":\n\n",
                          synthesis->runs.items[i].run.number);
            report_quote (report, "", synthesis->runs.items[i].last);
            return;
        }
}

static void section_files (report_t *report, const synthesis_t *synthesis)
{
    if (!synthesis->workspace && synthesis->bindings.count == 0)
        return;
    report_section (report, "Files");
    if (synthesis->workspace)
        report_print (report, "The workspace is %s.\n\n", synthesis->workspace);
    for (size_t i = 0; i < synthesis->bindings.count; i++)
        if (report_room (report))
            report_print (report, "- %s%s\n", synthesis->bindings.items[i].path,
                          synthesis->bindings.items[i].read_only ? " (only to be read)" : "");
}

/*  What was said with --next, and what runs have left for later in keys that begin with "next". */
static void section_next (report_t *report, const synthesis_t *synthesis, const char *next)
{
    bool headed = next != NULL;
    if (next)
        report_section (report, "Next steps");
    report_quote (report, "", next);
    for (size_t i = 0; i < synthesis->memory.count; i++) {
        const memory_t *memory = &synthesis->memory.items[i];
        if (strcmp (memory->key, "next") != 0 && strncmp (memory->key, "next/", strlen ("next/")) != 0)
            continue;
        if (!headed)
            report_section (report, "Next steps");
        headed = true;
        if (!report_room (report))
            continue;
        report_print (report, "- **%s**: ", memory->key);
        report_value (report, &memory->value);
        report_print (report, "\n");
    }
}

char *handoff_markdown (const synthesis_t *synthesis, const char *next)
{
    report_t report;
    report_open (&report);
    report_print (&report, "# Handoff: %s\n\nFrom session %s, position %" PRIu64 ".\n", synthesis->title,
                  synthesis->session, synthesis->n);
    if (synthesis->objective)
        report_section (&report, "Objective");
    report_quote (&report, "", synthesis->objective);
    section_state (&report, synthesis);
    section_next (&report, synthesis, next);
    synthesis_section_open (&report, synthesis);
    synthesis_section_decisions (&report, synthesis);
    synthesis_section_failures (&report, synthesis, "What has failed, and should not be tried again as it was");
    synthesis_section_superseded (&report, synthesis);
    synthesis_section_artifacts (&report, synthesis);
    section_files (&report, synthesis);
    synthesis_section_memory (&report, synthesis);
    return report_close (&report);
}
