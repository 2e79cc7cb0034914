/*  For tests of one family, which ends after each. */
#ifndef BATON_TEST_DOMAIN_ONE_FAMILY_H
#define BATON_TEST_DOMAIN_ONE_FAMILY_H

#include "family.h"

static family_t family;

static inline int tear_down (void **state)
{
    (void) state;
    family_end (&family);
    return 0;
}

#define SESSION(member) .session = (member)->id

#endif
