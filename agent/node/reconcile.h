/*  What this node has to do: the difference between what the broker wants and what is here. Pure.
 *
 *  It looks at levels, never at what happened: called again with the same input it gives the same actions, and called
 *  after they were carried out, none. So a missed event, a crash between two actions and an action that failed are all
 *  the same thing, a difference that is still there.
 */
#ifndef BATON_RECONCILE_H
#define BATON_RECONCILE_H

#include "ledger.h"
#include "schema.h"

typedef enum {
    ACTION_none,
    ACTION_start,   /*  start the run's process as attempt number `attempt` */
    ACTION_stop,    /*  let it reach a safe point (stop suspend or sleep), or stop it now (interrupt) */
    ACTION_fence,   /*  kill it at once: another node owns the session */
    ACTION_forget,  /*  nothing of the attempt is wanted any more */
    ACTION_never,   /*  report that the run ended without having been started */
    ACTION_lost,    /*  report that the run's process is lost */
    ACTION_ended,   /*  report the end of a frozen attempt that is not to go on */
    ACTION_offer,   /*  migration, source: let the target fetch */
    ACTION_freeze,  /*  migration, source: stop the run at a safe point; once it stands still, offer its workspace */
    ACTION_fetch,   /*  migration, target: fetch while the run goes on */
    ACTION_accept,  /*  migration, target: fetch the rest and unpack it beside its place */
    ACTION_resume,  /*  migration, target: the session is ours: put the workspace into its place, go on */
    ACTION_resumed, /*  migration, target: the run goes on: report it */
    ACTION_count
} action_kind_t;

typedef struct {
    action_kind_t kind;
    const assignment_t *assignment; /*  NULL when the session is not assigned here */
    const attempt_t *attempt;       /*  what is here; NULL: nothing */
    uint64_t number;                /*  ACTION_start: of the attempt */
    stop_e stop;                    /*  ACTION_stop */
} action_t;

typedef struct {
    size_t count;
    action_t *items;
} actions_t;

typedef struct {
    const char *node; /*  our name */
    bool lapsed;      /*  our lease may have ended meanwhile: what is no longer ours may run elsewhere by now */
    const assignment_page_t *page;
    const attempt_t *attempts;
    size_t attempt_count;
} situation_t;

/*  Appends the actions to ret_actions; they borrow from the situation. Fails only for lack of memory. */
BATON_MUST_USE baton_status reconcile (const situation_t *situation, actions_t *ret_actions);

#endif
