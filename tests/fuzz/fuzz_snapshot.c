/*  Snapshots come from files and from other hosts; the state of the site is written the same way. */
#include "fixpoint.h"
#include "schema.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    check_fixpoint (&RECORD_session, data, size);
    check_fixpoint (&RECORD_site, data, size);
    return 0;
}
