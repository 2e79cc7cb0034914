/*  What the broker counts: for people and for Prometheus the same text. */
#include "commands.h"
#include "output.h"

#include <string.h>

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    metrics_text_t metrics = {0};
    baton_bytes_t raw = {0};
    baton_status status = cli_call (cli, METHOD_site_metrics, arguments->request, &metrics, &raw, error);
    if (status == BATON_OK && cli->output != OUTPUT_table)
        status = output_reply (cli, &RECORD_metrics_text, &metrics, &raw, error);
    else if (status == BATON_OK)
        output_content (cli, metrics.text, strlen (metrics.text));
    record_clear (&RECORD_metrics_text, &metrics);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_site_metrics = {.noun = "site", .verb = "metrics", .method = METHOD_site_metrics, .run = run};
