/*  Every record type there is: records, event bodies and requests. */
#ifndef BATON_TYPES_H
#define BATON_TYPES_H

#include "schema.h"

/*  The index-th type, NULL past the last one. */
const record_type_t *type_at (size_t index);

#endif
