#include "timetable.h"

#include "calendar.h"
#include "log.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ZONES "/usr/share/zoneinfo"
#define ZONE_FILE_MOST 65536
#define LATE 60000       /*  ms after which a time counts as missed: the grain of a calendar */
#define PASSED_MOST 1000 /*  times that are counted one by one */

/*  Which file it was read from: an update puts another one into its place. */
typedef struct {
    char name[LIMIT_NAME + 1];
    zone_t *zone;
    ino_t inode;
    struct timespec changed;
} known_t;

struct timetable {
    struct {
        size_t count;
        known_t *items;
    } zones; /*  those that were asked for, at most as many as the machine has */
};

baton_status timetable_new (timetable_t **ret_timetable)
{
    *ret_timetable = calloc (1, sizeof **ret_timetable);
    return *ret_timetable ? BATON_OK : BATON_resource_exhausted;
}

void timetable_destroy (timetable_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->zones.count; i++)
        zone_destroy (&(*self)->zones.items[i].zone);
    free ((*self)->zones.items);
    free (*self);
    *self = NULL;
}

/* ---- zones ---- */

static baton_status unknown_zone (const char *name, baton_error_t *error)
{
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "zone",
                             "the broker's machine knows no time zone %s: give a name such as Europe/Berlin", name);
}

static baton_status read_zone (const char *name, known_t *known, baton_error_t *error)
{
    char path[sizeof ZONES + LIMIT_NAME + 1];
    struct stat of = {0};
    if (strlen (name) > LIMIT_NAME || !name_valid (name, strlen (name)) || strstr (name, ".."))
        return unknown_zone (name, error);
    uint8_t *data = malloc (ZONE_FILE_MOST);
    if (!data)
        return baton_fail_memory (error);
    snprintf (path, sizeof path, ZONES "/%s", name);
    FILE *file = fopen (path, "rbe");
    size_t size = file && fstat (fileno (file), &of) == 0 ? fread (data, 1, ZONE_FILE_MOST, file) : 0;
    if (file)
        fclose (file);
    zone_t *zone = NULL;
    baton_status status = zone_new (data, size, &zone, error);
    free (data);
    if (status != BATON_OK)
        return status == BATON_invalid_argument ? unknown_zone (name, error) : status;
    zone_destroy (&known->zone);
    *known = (known_t){.zone = zone, .inode = of.st_ino, .changed = of.st_ctim};
    snprintf (known->name, sizeof known->name, "%s", name);
    return BATON_OK;
}

/*  What can't be read any more stays as it was. */
static void refresh (known_t *known)
{
    char path[sizeof ZONES + LIMIT_NAME + 1];
    struct stat now;
    baton_error_t error;
    snprintf (path, sizeof path, ZONES "/%s", known->name);
    if (stat (path, &now) != 0 || (now.st_ino == known->inode && now.st_ctim.tv_sec == known->changed.tv_sec &&
                                   now.st_ctim.tv_nsec == known->changed.tv_nsec))
        return;
    char name[sizeof known->name];
    memcpy (name, known->name, sizeof name);
    if (read_zone (name, known, &error) != BATON_OK)
        log_warning ("time zone %s stays as it was: %s", name, error.message);
}

/*  NULL is UTC, and borrowed from here otherwise: until the next call. */
static baton_status find_zone (timetable_t *self, const char *name, const zone_t **ret_zone, baton_error_t *error)
{
    *ret_zone = NULL;
    if (!name || strcmp (name, "UTC") == 0)
        return BATON_OK;
    for (size_t i = 0; i < self->zones.count; i++)
        if (strcmp (self->zones.items[i].name, name) == 0) {
            refresh (&self->zones.items[i]);
            *ret_zone = self->zones.items[i].zone;
            return BATON_OK;
        }
    known_t fresh = {.zone = NULL};
    baton_status status = read_zone (name, &fresh, error);
    if (status != BATON_OK)
        return status;
    known_t *known = list_append (&self->zones, sizeof *known);
    if (!known) {
        zone_destroy (&fresh.zone);
        return baton_fail_memory (error);
    }
    *known = fresh;
    *ret_zone = known->zone;
    return BATON_OK;
}

/* ---- times ---- */

baton_status timetable_first (timetable_t *self, const char *rule, const char *zone, uint64_t now, uint64_t *ret_time,
                              baton_error_t *error)
{
    calendar_t calendar;
    const zone_t *place = NULL;
    baton_status status = calendar_parse (rule, &calendar, error);
    if (status == BATON_OK)
        status = find_zone (self, zone, &place, error);
    if (status == BATON_OK)
        *ret_time = calendar_next (&calendar, place, now);
    return status;
}

/*  Of the times that have passed, those to fire. */
static void choose (const trigger_t *trigger, uint64_t time, uint64_t now, trigger_due_request_t *request)
{
    bool late = now - time > LATE;
    size_t count = request->times.count;
    if (trigger->missed == missed_skip && late)
        return;
    if (trigger->missed == missed_once && count > 0)
        count = 0; /*  the last one stands for those before */
    if (count < LIMIT_TIMES) {
        request->times.items[count].at = time;
        request->times.count = count + 1;
    }
}

void timetable_due (timetable_t *self, const trigger_t *trigger, uint64_t now, trigger_due_request_t *ret_request)
{
    trigger_due_request_t *request = ret_request;
    calendar_t calendar;
    const zone_t *zone = NULL;
    baton_error_t error = {0};
    bool repeats = trigger->kind == trigger_kind_calendar;
    if (repeats && calendar_parse (trigger->rule, &calendar, &error) != BATON_OK)
        repeats = false; /*  no rule that was let in */
    if (repeats && find_zone (self, trigger->zone, &zone, &error) != BATON_OK)
        log_warning ("trigger %s goes by UTC: %s", trigger->name, error.message);
    request->name = trigger->name;
    request->scheduled = trigger->next;
    request->times.count = 0;
    uint64_t time = trigger->next;
    for (; time != 0 && time <= now && request->passed < PASSED_MOST; request->passed++) {
        choose (trigger, time, now, request);
        time = repeats ? calendar_next (&calendar, zone, time) : 0;
    }
    request->next = time != 0 && time <= now ? calendar_next (&calendar, zone, now) : time;
}
