#include "types.h"

#define TEXT(...)
#define LINE(...)
#define NAME(...)
#define UINT(...)
#define FLAG(...)
#define BYTES(...)
#define VALUE(...)
#define ENUM(...)
#define INNER(...)
#define LIST(...)
#define TEXTS(...)
#define PAIRS(...)
#define END(...)

static const record_type_t *const RECORDS[] = {
#define RECORD(name) &RECORD_##name,
#include "records.def"
};

#define RECORD_COUNT (sizeof RECORDS / sizeof *RECORDS)

const record_type_t *type_at (size_t index)
{
    if (index < RECORD_COUNT)
        return RECORDS[index];
    index -= RECORD_COUNT;
    if (index < EVENT_COUNT - 1)
        return &EVENTS[index + 1].type;
    index -= EVENT_COUNT - 1;
    return index < METHOD_COUNT - 1 ? &METHODS[index + 1].type : NULL;
}
