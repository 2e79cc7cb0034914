/*  Records with random, valid content, made from their field tables. */
#ifndef BATON_FILL_H
#define BATON_FILL_H

#include "record.h"

/*  A small generator, the same on every machine (SplitMix64); start it with any number. */
uint64_t fill_random (uint64_t *seed);

/*  Fills a zeroed record. `percent` of the optional fields are set, and all required ones; what a field points to is
 *  owned by the record. Aborts for lack of memory: it is for tests. */
void fill_record (const record_type_t *type, void *record, unsigned percent, uint64_t *seed);

#endif
