/*  The synthesis for people: as Markdown, whole or in the parts that a handoff is made of. */
#ifndef BATON_SYNTHESIS_MARKDOWN_H
#define BATON_SYNTHESIS_MARKDOWN_H

#include "report.h"
#include "schema.h"

/*  Freed by the caller; NULL for lack of memory. At most LIMIT_REPORT_TEXT bytes. */
char *synthesis_markdown (const synthesis_t *synthesis);

/*  Sections; one without entries is left away. */
void synthesis_section_decisions (report_t *report, const synthesis_t *synthesis);
void synthesis_section_superseded (report_t *report, const synthesis_t *synthesis);
void synthesis_section_memory (report_t *report, const synthesis_t *synthesis);
void synthesis_section_artifacts (report_t *report, const synthesis_t *synthesis);
void synthesis_section_open (report_t *report, const synthesis_t *synthesis);
void synthesis_section_failures (report_t *report, const synthesis_t *synthesis, const char *heading);
void synthesis_section_runs (report_t *report, const synthesis_t *synthesis, const char *heading);

#endif
