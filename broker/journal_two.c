/*  Changes that concern two sessions at once: a fork and its source, a merge and its branch, a child and
 *  its parent. */
#include "journal_internal.h"

baton_status journal_decide_two (journal_t *self, const share_t shares[2], changed_t *ret_changed, baton_error_t *error)
{
    entry_t *entries[2] = {0};
    event_list_t events[2] = {0};
    changed_t ignored = {0};
    changed_t *changed[2] = {ret_changed, &ignored};
    baton_status status = BATON_OK;
    /*  The last first: what is refused then leaves no entry of a session that the first was to create. */
    for (size_t i = 2; status == BATON_OK && i-- > 0;)
        status = journal_decide_only (self, shares[i].session, shares[i].command, &entries[i], &events[i], changed[i],
                                      error);
    for (size_t i = 0; status == BATON_OK && i < 2; i++)
        if (journal_apply (self, entries[i], &events[i], shares[i].command) != BATON_OK)
            status = baton_fail_memory (error);
    if (status == BATON_OK)
        status = journal_deliver (self, shares[0].command, error);
    if (status == BATON_OK && journal_fill_changed (&entries[0]->state, ret_changed) != BATON_OK)
        status = baton_fail_memory (error);
    for (size_t i = 0; i < 2; i++)
        event_list_clear (&events[i]);
    record_clear (&RECORD_changed, &ignored);
    return status;
}
