/*  What the tests of the broker share: a journal over the store in memory, whose commits can be made to fail. */
#ifndef BATON_TEST_BROKER_STAGE_H
#define BATON_TEST_BROKER_STAGE_H

#include "journal.h"
#include "store_internal.h"
#include "unit.h"

#include <string.h>

#define STAGE_NOW 1000000u /*  milliseconds since 1970 */

typedef struct {
    store_t *store;
    journal_t *journal;
    changed_t changed; /*  answer to the last command */
    baton_error_t error;
} stage_t;

static inline void stage_open_journal (stage_t *stage, size_t capacity)
{
    if (journal_new (stage->store, capacity, &stage->journal, &stage->error) != BATON_OK)
        fail_msg ("%s", stage->error.message);
}

static inline void stage_begin (stage_t *stage)
{
    *stage = (stage_t){0};
    assert_int_equal (store_open_memory (&stage->store), BATON_OK);
    stage_open_journal (stage, 100);
}

static inline void stage_end (stage_t *stage)
{
    record_clear (&RECORD_changed, &stage->changed);
    journal_destroy (&stage->journal);
    store_close (&stage->store);
}

/*  As after a restart: nothing but what is in the store. */
static inline void stage_reopen (stage_t *stage)
{
    journal_destroy (&stage->journal);
    stage_open_journal (stage, 100);
}

static inline baton_status stage_give (stage_t *stage, const char *session, method_id_t method, const void *request)
{
    command_t command = {.method = method,
                         .request = request,
                         .now = STAGE_NOW,
                         .actor = "ada",
                         .role = role_operator,
                         .access = access_own};
    stage->error = (baton_error_t){0};
    return journal_decide (stage->journal, session, &command, &stage->changed, &stage->error);
}

static inline void stage_do (stage_t *stage, const char *session, method_id_t method, const void *request)
{
    if (stage_give (stage, session, method, request) != BATON_OK)
        fail_msg ("%s: %s", METHODS[method].name, stage->error.message);
}

static inline void stage_create (stage_t *stage, const char *session)
{
    stage_do (stage, session, METHOD_session_create, &(session_create_request_t){.title = (char *) session});
}

static inline baton_status stage_note (stage_t *stage, const char *session, const char *key, uint8_t value)
{
    return stage_give (stage, session, METHOD_memory_set,
                       &(memory_set_request_t){.session = (char *) session, .key = (char *) key, .value = {1, &value}});
}

static inline void stage_commit (stage_t *stage)
{
    if (journal_commit (stage->journal, &stage->error) != BATON_OK)
        fail_msg ("%s", stage->error.message);
    journal_clear (stage->journal);
}

/* ---- commits that fail ---- */

static store_ops_t stage_broken;
static const store_ops_t *stage_sound;

static inline baton_status stage_refuse_commit (store_t *store, const store_batch_t *batch, baton_error_t *error)
{
    (void) store, (void) batch;
    return baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full, "the disk is full");
}

static inline void stage_break_disk (stage_t *stage)
{
    stage_sound = stage->store->ops;
    stage_broken = *stage_sound;
    stage_broken.commit = stage_refuse_commit;
    stage->store->ops = &stage_broken;
}

static inline void stage_mend_disk (stage_t *stage)
{
    stage->store->ops = stage_sound;
}

#endif
