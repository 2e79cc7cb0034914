/*  What concerns two sessions: forks. */
#include "family.h"
#include "handlers.h"

#include "history.h"
#include "id.h"
#include "text.h"
#include "waiting.h"

#include <stdio.h>
#include <string.h>

/* ---- session.fork ---- */

static baton_status fork_source_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const session_fork_request_t *params = request->params;
    return history_replay (store, params->session, params->at, record, error);
}

/*  The title of the source, with a number, and cut where a character begins. */
static void title_of_fork (const session_t *source, char ret_title[LIMIT_TITLE + 1])
{
    char number[32];
    size_t most = LIMIT_TITLE - (size_t) snprintf (number, sizeof number, ", fork %lu", source->forks + 1);
    snprintf (ret_title, LIMIT_TITLE + 1, "%.*s%s", (int) text_cut (source->title, most), source->title, number);
}

static baton_status make_fork (broker_t *broker, request_t *request, const session_t *present, const session_t *source,
                               void *ret_reply, baton_error_t *error)
{
    char id[ID_SIZE], title[LIMIT_TITLE + 1];
    session_fork_request_t params = *(const session_fork_request_t *) request->params;
    if (!params.title && present->title) {
        title_of_fork (present, title);
        params.title = title;
    }
    id_new (id);
    session_branch_request_t branch = {.session = params.session, .fork = id, .at = source->n, .title = params.title};
    command_t branching = command_of (broker, request), forking = branching;
    branching.method = METHOD_session_branch;
    branching.request = &branch;
    forking.request = &params;
    forking.source = source;
    forking.present = present;
    forking.run = forking.if_n = 0; /*  both are about the source */
    baton_status status = journal_decide_two (
        broker->journal, (const share_t[2]){{id, &forking}, {params.session, &branching}}, ret_reply, error);
    return status == BATON_OK ? waiting_warn (broker, ret_reply, error) : status;
}

/*  What was open to many then may not be now, and who may see the fork is decided by what holds now. */
static baton_status as_hidden (const session_t *present, session_t *past)
{
    record_clear (&RECORD_audience, &past->audience);
    return record_copy (&RECORD_audience, &present->audience, &past->audience);
}

baton_status handle_session_fork (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_fork_request_t *params = request->params;
    const session_t *present = NULL;
    baton_status status = session_of (broker, request, &present, error);
    if (status == BATON_OK)
        status = family_check_offshoot (broker, request, present, error);
    if (status != BATON_OK)
        return status;
    if (params->at == 0 || params->at == present->n)
        return make_fork (broker, request, present, present, ret_reply, error);
    if (!request->prepared)
        return request_prepare (request, &RECORD_session, fork_source_later, error);
    if (as_hidden (present, request->prepared) != BATON_OK)
        return baton_fail_memory (error);
    return make_fork (broker, request, present, request->prepared, ret_reply, error);
}
