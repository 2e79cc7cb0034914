/*  Commands that give a content as it is: `$(baton memory get KEY)`, `baton artifact get NAME > FILE`. */
#include "commands.h"
#include "output.h"
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

OPTIONS (
    artifact_get, struct { char *to; },
    OPTION (to, FIELD_LINE, LIMIT_PATH, NULL, "write it to this file (default: standard output)"));

static baton_status get_memory (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    if (cli->output != OUTPUT_table)
        return command_run_generic (cli, arguments, error);
    memory_t memory = {0};
    baton_status status = cli_call (cli, METHOD_memory_get, arguments->request, &memory, NULL, error);
    char *value = status == BATON_OK ? view_path (&RECORD_memory, &memory, "value") : NULL;
    if (status == BATON_OK) {
        output_content (cli, value ? value : "", value ? strlen (value) : 0);
        fputc ('\n', cli->out);
    }
    free (value);
    record_clear (&RECORD_memory, &memory);
    return status;
}

static baton_status write_content (cli_t *cli, const char *path, const baton_bytes_t *content, baton_error_t *error)
{
    if (!path) {
        output_content (cli, content->data, content->size);
        return BATON_OK;
    }
    FILE *stream = fopen (path, "we");
    bool done = stream && (content->size == 0 || fwrite (content->data, content->size, 1, stream) == 1);
    if (stream)
        done = fclose (stream) == 0 && done;
    if (done)
        return BATON_OK;
    return baton_fail (error, BATON_internal, BATON_REASON_none, "can't write %s: %s", path, strerror (errno));
}

static baton_status get_artifact (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const artifact_get_options_t *options = arguments->options;
    if (cli->output != OUTPUT_table)
        return command_run_generic (cli, arguments, error);
    artifact_content_t content = {0};
    baton_status status = cli_call (cli, METHOD_artifact_get, arguments->request, &content, NULL, error);
    if (status == BATON_OK)
        status = write_content (cli, options->to, &content.content, error);
    record_clear (&RECORD_artifact_content, &content);
    return status;
}

const command_t CMD_memory_get = {.noun = "memory", .verb = "get", .method = METHOD_memory_get, .run = get_memory};
const command_t CMD_artifact_get = {.noun = "artifact",
                                    .verb = "get",
                                    .method = METHOD_artifact_get,
                                    .options = &artifact_get_options,
                                    .run = get_artifact};
