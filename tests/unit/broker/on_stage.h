/*  For tests of one stage: what stands before each test, and after it. */
#ifndef BATON_TEST_BROKER_ON_STAGE_H
#define BATON_TEST_BROKER_ON_STAGE_H

#include "stage.h"

static stage_t stage;

static inline int set_up (void **state)
{
    (void) state;
    stage_begin (&stage);
    return 0;
}

/*  With the session "a". */
static inline int set_up_one (void **state)
{
    set_up (state);
    stage_create (&stage, "a");
    return 0;
}

static inline int tear_down (void **state)
{
    (void) state;
    stage_end (&stage);
    return 0;
}

/*  NULL: it can't be read, as stage.error says. */
static inline const session_t *state_of (const char *session)
{
    entry_t *entry = NULL;
    stage.error = (baton_error_t){0};
    return cache_get (journal_cache (stage.journal), session, &entry, &stage.error) == BATON_OK ? &entry->state : NULL;
}

#endif
