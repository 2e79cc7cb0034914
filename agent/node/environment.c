#include "environment.h"

#include "trace.h"

#include <inttypes.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN_ENTRIES 12

static const char *const HIDDEN[] = {"BATON_", "NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", "INVOCATION_ID=", "PATH="};

static bool is_hidden (const char *entry)
{
    for (size_t i = 0; i < sizeof HIDDEN / sizeof *HIDDEN; i++)
        if (strncmp (entry, HIDDEN[i], strlen (HIDDEN[i])) == 0)
            return true;
    return strncmp (entry, TRACE_VARIABLE "=", strlen (TRACE_VARIABLE "=")) == 0;
}

typedef struct {
    char **entries;
    size_t count;
    bool failed;
} builder_t;

/*  The last entry of a name counts. */
static void put (builder_t *builder, const char *name, const char *value)
{
    char *entry = NULL;
    if (builder->failed || asprintf (&entry, "%s=%s", name, value) < 0) {
        builder->failed = true;
        return;
    }
    size_t length = strlen (name) + 1;
    for (size_t i = 0; i < builder->count; i++)
        if (strncmp (builder->entries[i], entry, length) == 0) {
            free (builder->entries[i]);
            builder->entries[i] = entry;
            return;
        }
    builder->entries[builder->count++] = entry;
}

static void put_number (builder_t *builder, const char *name, uint64_t number)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRIu64, number);
    put (builder, name, text);
}

static void put_path (builder_t *builder)
{
    char self[PATH_MAX] = "", path[2 * PATH_MAX];
    ssize_t length = readlink ("/proc/self/exe", self, sizeof self - 1);
    char *slash = length > 0 ? strrchr (self, '/') : NULL;
    const char *rest = getenv ("PATH");
    if (slash)
        *slash = '\0';
    snprintf (path, sizeof path, "%s%s%s", slash ? self : "", slash ? ":" : "",
              rest && *rest ? rest : "/usr/local/bin:/usr/bin:/bin");
    put (builder, "PATH", path);
}

/*  Of whom the run's own telemetry is; what the driver says of itself stays. */
static void put_telemetry (builder_t *builder, const launch_t *launch)
{
    char text[LIMIT_SHORT];
    const char *given = NULL;
    size_t length = strlen (OTEL_ATTRIBUTES);
    for (size_t i = 0; i < builder->count; i++)
        if (strncmp (builder->entries[i], OTEL_ATTRIBUTES "=", length + 1) == 0)
            given = builder->entries[i] + length + 1;
    int size = snprintf (text, sizeof text, "%s%s" OTEL_CONVERSATION "=%s," OTEL_RUN "=%" PRIu64, given ? given : "",
                         given && *given ? "," : "", launch->session, launch->run);
    if (size > 0 && (size_t) size < sizeof text && launch->agent)
        size += snprintf (text + size, sizeof text - (size_t) size, "," OTEL_AGENT "=%s", launch->agent);
    if (size > 0 && (size_t) size < sizeof text)
        put (builder, OTEL_ATTRIBUTES, text);
    if (launch->trace)
        put (builder, TRACE_VARIABLE, launch->trace);
}

static void put_own (builder_t *builder, const attempt_t *attempt, const launch_t *launch, const char *folder)
{
    char input[PATH_MAX + 16];
    snprintf (input, sizeof input, "%s/input.json", folder);
    put (builder, "BATON_SOCKET", launch->socket);
    put (builder, "BATON_TOKEN", attempt->token);
    put (builder, "BATON_SESSION", launch->session);
    put_number (builder, "BATON_RUN", launch->run);
    put_number (builder, "BATON_ATTEMPT", launch->attempt);
    put (builder, "BATON_WORKSPACE", launch->workspace);
    put (builder, "BATON_OBJECTIVE", launch->objective ? launch->objective : "");
    put (builder, "BATON_INPUT", input);
}

char **environment_of (const attempt_t *attempt, const launch_t *launch, const char *folder)
{
    size_t count = 0;
    while (environ[count])
        count++;
    const baton_pairs_t *extra = &launch->driver->env;
    builder_t builder = {.entries = calloc (count + extra->count + OWN_ENTRIES + 1, sizeof (char *))};
    if (!builder.entries)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_hidden (environ[i]) && (builder.entries[builder.count] = strdup (environ[i])))
            builder.count++;
    put_path (&builder);
    for (size_t i = 0; i < extra->count; i++)
        put (&builder, extra->items[i].key, extra->items[i].value ? extra->items[i].value : "");
    put_own (&builder, attempt, launch, folder);
    put_telemetry (&builder, launch);
    if (builder.failed) {
        environment_free (builder.entries);
        return NULL;
    }
    return builder.entries;
}

void environment_free (char **envp)
{
    for (char **entry = envp; entry && *entry; entry++)
        free (*entry);
    free (envp);
}
