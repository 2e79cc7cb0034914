/*  The decoder of every method's request; the first byte picks the method. */
#include "fixpoint.h"
#include "schema.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size > 0)
        check_fixpoint (&METHODS[1 + data[0] % (METHOD_COUNT - 1)].type, data + 1, size - 1);
    return 0;
}
