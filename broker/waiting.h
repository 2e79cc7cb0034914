/*  What the run of a session waits for, in words. Nothing of it is stored. */
#ifndef BATON_WAITING_H
#define BATON_WAITING_H

#include "broker.h"

/*  Fills in `waiting` of an answer to session.show: the scheduler's reason, while a run waits for a node, or
 *  what keeps the node from starting it. */
BATON_MUST_USE baton_status waiting_show (broker_t *broker, session_t *answer);

/*  Adds a row with nothing but id and `waiting` for each session whose run waits for what no known node has, of the
 * WAITING_TOLD that are to be placed next. */
#define WAITING_TOLD 100
BATON_MUST_USE baton_status waiting_list (broker_t *broker, session_page_t *page, baton_error_t *error);

/*  Fills in `waiting` of the answer to a change that has made a session or asked for a run: what it will wait for that
 *  no known node has. Before a run is asked for, that is only what was asked for by name. */
BATON_MUST_USE baton_status waiting_warn (broker_t *broker, changed_t *answer, baton_error_t *error);

#endif
