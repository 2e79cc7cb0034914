/*  Time zones: what a TZif file (RFC 8536) says. Pure: the bytes come from whoever has read the file. */
#ifndef BATON_ZONE_H
#define BATON_ZONE_H

#include <baton/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct zone zone_t;

/*  Reads the bytes of a TZif file of version 2 or later. invalid_argument when they are none. */
BATON_MUST_USE baton_status zone_new (const uint8_t *data, size_t size, zone_t **ret_zone, baton_error_t *error);
void zone_destroy (zone_t **self);

/*  Seconds to add to UTC at that moment, in seconds since 1970. NULL is UTC. */
int64_t zone_offset (const zone_t *self, int64_t time);

/*  The first moment after `time`, and not after `until`, at which the offset is another; 0 when there is none. */
int64_t zone_change (const zone_t *self, int64_t time, int64_t until);

#endif
