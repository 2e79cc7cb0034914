#include "config.h"

#include "limits.h"
#include "runlog.h"
#include "text.h"

#include <czmq.h>

#define DEFAULT_SLOTS 4
#define DEFAULT_TRANSFER "tcp://127.0.0.1:*"
#define DEFAULT_LOG_BOUND (16u << 20)
#define LOG_BOUND_MOST (1u << 30)
#define DEFAULT_LOG_KEEP 7
#define DEFAULT_WORKSPACE_KEEP 30
#define KEEP_MOST 36500
#define DEFAULT_GRACE 2000
#define DEFAULT_SAFE_POINT_GRACE 30000
#define GRACE_MOST 600000

baton_status config_init (config_t *ret_config)
{
    config_t config = {.slots = DEFAULT_SLOTS,
                       .log_bound = DEFAULT_LOG_BOUND,
                       .log_keep = DEFAULT_LOG_KEEP,
                       .workspace_keep = DEFAULT_WORKSPACE_KEEP};
    baton_status status = text_set (&config.transfer, DEFAULT_TRANSFER);
    if (status == BATON_OK)
        *ret_config = config;
    return status;
}

static void driver_clear (driver_t *driver)
{
    free (driver->name);
    texts_clear (&driver->argv);
    pairs_clear (&driver->env);
}

void config_clear (config_t *self)
{
    for (size_t i = 0; i < self->drivers.count; i++)
        driver_clear (&self->drivers.items[i]);
    free (self->drivers.items);
    free (self->transfer);
    pairs_clear (&self->labels);
    *self = (config_t){.slots = 0};
}

const driver_t *config_driver (const config_t *self, const char *name)
{
    for (size_t i = 0; i < self->drivers.count; i++)
        if (strcmp (self->drivers.items[i].name, name && *name ? name : "default") == 0)
            return &self->drivers.items[i];
    return NULL;
}

bool config_number (const char *text, uint64_t least, uint64_t most, uint64_t *ret_number)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull (text, &end, 10);
    if (!isdigit ((unsigned char) *text) || *end != '\0' || errno != 0 || number < least || number > most)
        return false;
    *ret_number = number;
    return true;
}

baton_status config_set_transfer (config_t *self, const char *endpoint, baton_error_t *error)
{
    const char *colon = endpoint ? strrchr (endpoint, ':') : NULL;
    uint64_t port = 0;
    bool any = colon && (streq (colon, ":0") || streq (colon, ":*"));
    if (!endpoint || strncmp (endpoint, "tcp://", 6) != 0 || colon <= endpoint + 6 ||
        (!any && !config_number (colon + 1, 1, 65535, &port)))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "transfer",
                                 "--transfer must be an endpoint: tcp://ADDRESS:PORT");
    char text[LIMIT_SHORT];
    if (any)
        snprintf (text, sizeof text, "%.*s:*", (int) (colon - endpoint), endpoint);
    return text_set (&self->transfer, any ? text : endpoint) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

/* ---- reading ---- */

typedef struct {
    const char *path;
    const char *section; /*  "" or "drivers/NAME/": what goes before a key in an error */
    baton_error_t *error;
} reader_t;

static baton_status refuse (const reader_t *reader, const char *key, const char *rule)
{
    return baton_fail_field (reader->error, BATON_invalid_argument, BATON_REASON_bad_value, key, "%s: %s%s %s",
                             reader->path, reader->section, key, rule);
}

static baton_status read_number (const reader_t *reader, zconfig_t *entry, uint64_t least, uint64_t most,
                                 uint64_t *ret_number)
{
    char rule[96];
    snprintf (rule, sizeof rule, "must be a whole number from %llu to %llu", (unsigned long long) least,
              (unsigned long long) most);
    return config_number (zconfig_value (entry) ? zconfig_value (entry) : "", least, most, ret_number)
               ? BATON_OK
               : refuse (reader, zconfig_name (entry), rule);
}

static baton_status read_pairs (const reader_t *reader, zconfig_t *entry, size_t most, baton_pairs_t *pairs)
{
    for (zconfig_t *pair = zconfig_child (entry); pair; pair = zconfig_next (pair)) {
        const char *name = zconfig_name (pair), *value = zconfig_value (pair);
        if (!name_valid (name, strlen (name)) && name[0] != '_')
            return refuse (reader, name, "is not a name");
        if (pairs_set (pairs, name, value ? value : "") != BATON_OK)
            return baton_fail_memory (reader->error);
    }
    return pairs->count <= most ? BATON_OK : refuse (reader, zconfig_name (entry), "has too many entries");
}

/*  `command = "text"` is run by sh; entries below `command` are the arguments as they stand. */
static baton_status read_command (const reader_t *reader, zconfig_t *entry, baton_texts_t *argv)
{
    zconfig_t *argument = zconfig_child (entry);
    const char *line = zconfig_value (entry);
    if (!argument && (!line || !*line))
        return refuse (reader, "command", "is empty: give a command line for sh -c, or one argument an entry below it");
    texts_clear (argv);
    if (!argument) {
        const char *const shell[] = {"/bin/sh", "-c", line};
        for (size_t i = 0; i < 3; i++)
            if (texts_add (argv, shell[i]) != BATON_OK)
                return baton_fail_memory (reader->error);
    }
    for (; argument; argument = zconfig_next (argument))
        if (texts_add (argv, zconfig_value (argument) ? zconfig_value (argument) : "") != BATON_OK)
            return baton_fail_memory (reader->error);
    return BATON_OK;
}

static baton_status read_driver_entry (const reader_t *reader, zconfig_t *entry, driver_t *driver)
{
    const char *key = zconfig_name (entry);
    if (streq (key, "command"))
        return read_command (reader, entry, &driver->argv);
    if (streq (key, "grace"))
        return read_number (reader, entry, 0, GRACE_MOST, &driver->grace);
    if (streq (key, "safe_point_grace"))
        return read_number (reader, entry, 0, GRACE_MOST, &driver->safe_point_grace);
    if (streq (key, "env"))
        return read_pairs (reader, entry, LIMIT_MEMORY_KEYS, &driver->env);
    return refuse (reader, key, "is unknown: a driver has command, grace, safe_point_grace and env");
}

static baton_status read_driver (const reader_t *outer, zconfig_t *entry, config_t *self)
{
    const char *name = zconfig_name (entry);
    char section[LIMIT_NAME + 16];
    snprintf (section, sizeof section, "drivers/%s/", name);
    reader_t reader = {outer->path, section, outer->error};
    if (!name_valid (name, strlen (name)) || strlen (name) > LIMIT_NAME)
        return refuse (outer, name, "is not a name for a driver");
    driver_t *driver = list_append (&self->drivers, sizeof *driver);
    if (!driver || text_set (&driver->name, name) != BATON_OK)
        return baton_fail_memory (outer->error);
    driver->grace = DEFAULT_GRACE;
    driver->safe_point_grace = DEFAULT_SAFE_POINT_GRACE;
    for (zconfig_t *part = zconfig_child (entry); part; part = zconfig_next (part)) {
        baton_status status = read_driver_entry (&reader, part, driver);
        if (status != BATON_OK)
            return status;
    }
    return driver->argv.count > 0 ? BATON_OK : refuse (&reader, "command", "is missing");
}

static baton_status read_drivers (const reader_t *reader, zconfig_t *entry, config_t *self)
{
    baton_status status = BATON_OK;
    for (zconfig_t *driver = zconfig_child (entry); driver && status == BATON_OK; driver = zconfig_next (driver)) {
        if (self->drivers.count == LIMIT_LABELS)
            return refuse (reader, "drivers", "has too many entries");
        status = config_driver (self, zconfig_name (driver)) ? refuse (reader, zconfig_name (driver), "is there twice")
                                                             : read_driver (reader, driver, self);
    }
    return status;
}

static baton_status read_log (const reader_t *outer, zconfig_t *entry, config_t *self)
{
    reader_t reader = {outer->path, "log/", outer->error};
    baton_status status = BATON_OK;
    for (zconfig_t *part = zconfig_child (entry); part && status == BATON_OK; part = zconfig_next (part)) {
        if (streq (zconfig_name (part), "bound"))
            status = read_number (&reader, part, RUNLOG_BOUND_LEAST, LOG_BOUND_MOST, &self->log_bound);
        else if (streq (zconfig_name (part), "keep"))
            status = read_number (&reader, part, 0, KEEP_MOST, &self->log_keep);
        else
            status = refuse (&reader, zconfig_name (part), "is unknown: log has bound and keep");
    }
    return status;
}

static baton_status read_workspaces (const reader_t *outer, zconfig_t *entry, config_t *self)
{
    reader_t reader = {outer->path, "workspaces/", outer->error};
    baton_status status = BATON_OK;
    for (zconfig_t *part = zconfig_child (entry); part && status == BATON_OK; part = zconfig_next (part))
        status = streq (zconfig_name (part), "keep")
                     ? read_number (&reader, part, 0, KEEP_MOST, &self->workspace_keep)
                     : refuse (&reader, zconfig_name (part), "is unknown: workspaces has keep");
    return status;
}

static baton_status read_entry (const reader_t *reader, zconfig_t *entry, config_t *self)
{
    const char *key = zconfig_name (entry);
    if (streq (key, "slots"))
        return read_number (reader, entry, 1, LIMIT_SLOTS, &self->slots);
    if (streq (key, "labels"))
        return read_pairs (reader, entry, LIMIT_LABELS, &self->labels);
    if (streq (key, "log"))
        return read_log (reader, entry, self);
    if (streq (key, "workspaces"))
        return read_workspaces (reader, entry, self);
    if (streq (key, "drivers"))
        return read_drivers (reader, entry, self);
    if (!streq (key, "transfer"))
        return refuse (reader, key, "is unknown: there are slots, labels, transfer, log, workspaces and drivers");
    return config_set_transfer (self, zconfig_value (entry), NULL) == BATON_OK
               ? BATON_OK
               : refuse (reader, key, "must be an endpoint: tcp://ADDRESS:PORT");
}

baton_status config_load (config_t *self, const char *path, baton_error_t *error)
{
    if (access (path, R_OK) < 0)
        return baton_fail (error, BATON_not_found, BATON_REASON_none, "can't read the configuration %s: %s", path,
                           strerror (errno));
    zconfig_t *root = zconfig_load (path);
    if (!root)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_malformed,
                           "%s is not ZPL: indent by four spaces for each level, and write name = \"value\"", path);
    reader_t reader = {path, "", error};
    baton_status status = BATON_OK;
    for (zconfig_t *entry = zconfig_child (root); entry && status == BATON_OK; entry = zconfig_next (entry))
        status = read_entry (&reader, entry, self);
    zconfig_destroy (&root);
    return status;
}
