#include "cloud_event.h"

#include "record_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void write_time (uint64_t at, char *ret_text, size_t room)
{
    time_t seconds = (time_t) (at / 1000);
    struct tm parts;
    char text[32];
    strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r (&seconds, &parts));
    snprintf (ret_text, room, "%s.%03uZ", text, (unsigned) (at % 1000));
}

/*  The data is the event as GET /v1/events has it. */
static json_t *envelope_of (const event_envelope_t *event)
{
    char id[24], type[LIMIT_NAME + 8], at[40];
    snprintf (id, sizeof id, "%llu", (unsigned long long) event->seq);
    snprintf (type, sizeof type, "baton.%s", event->kind);
    write_time (event->at, at, sizeof at);
    json_t *data = record_to_json (&RECORD_event_envelope, event);
    json_t *envelope = data ? json_pack ("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id", id,
                                         "source", "urn:baton:site", "type", type, "subject", event->session, "time",
                                         at, "datacontenttype", "application/json", "data", data)
                            : NULL;
    if (envelope && event->trace) /*  the extension "Distributed Tracing" of CloudEvents */
        json_object_set_new (envelope, "traceparent", json_string (event->trace));
    return envelope;
}

char *cloud_event_text (const event_envelope_t *event)
{
    json_t *envelope = envelope_of (event);
    char *json = envelope ? json_dumps (envelope, JSON_COMPACT | json_digits (envelope)) : NULL, *text = NULL;
    if (json && asprintf (&text, "id: %llu\ndata: %s\n\n", (unsigned long long) event->seq, json) < 0)
        text = NULL;
    free (json);
    json_decref (envelope);
    return text;
}
