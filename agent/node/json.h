/*  A msgpack value as JSON, for drivers that read what their run was started with. */
#ifndef BATON_NODE_JSON_H
#define BATON_NODE_JSON_H

#include "record.h"

/*  Binary becomes base64, an empty value null. The text is freed by the caller. */
BATON_MUST_USE baton_status json_from_value (const baton_bytes_t *value, char **ret_text);

#endif
