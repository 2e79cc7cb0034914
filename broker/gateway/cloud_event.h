/*  An event as server-sent events have it: its number in the log as id, and a CloudEvents 1.0 envelope as data. */
#ifndef BATON_CLOUD_EVENT_H
#define BATON_CLOUD_EVENT_H

#include "schema.h"

/*  Freed with free (). NULL for lack of memory. */
char *cloud_event_text (const event_envelope_t *event);

#endif
