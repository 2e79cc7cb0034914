/*  Budgets: what a session and its tree may use up, and what happens when it is used up.
 *
 *  What is used is counted where it happens, by evolve. Each change after which a cap is reached, or no longer, is
 *  followed by budget.check in the same batch: it says so, stops the run (at a safe point) or lets the session go on,
 *  and asks people. A tree's cap holds all that is below by budget.hold. So no command has to think of budgets; one
 * that has begun a run which may not be only sees it end before any node is asked to start it.
 */
#include "deciding.h"

#include <stdio.h>

/* ---- counting ---- */

static void count (session_t *self, const amounts_t *more)
{
    amounts_t *const both[] = {&self->budget.spent, &self->budget.tree_spent};
    for (size_t i = 0; i < 2; i++) {
        both[i]->tokens += more->tokens;
        both[i]->cost_micros += more->cost_micros;
        both[i]->run_time += more->run_time;
        both[i]->runs += more->runs;
    }
}

/*  The tokens of what a run appends stand for what it uses, unless it says what that is. */
void budget_count_item (session_t *self, const event_t *event, uint64_t tokens)
{
    if (event->run == 0 || self->budget.reports)
        return;
    self->budget.counted += tokens;
    count (self, &(amounts_t){.tokens = tokens});
}

void budget_count_run (session_t *self)
{
    self->budget.counted = 0;
    self->budget.reports = false;
    count (self, &(amounts_t){.runs = 1});
}

/*  A run that was never started has not been one. */
void budget_count_end (session_t *self, const event_t *event)
{
    amounts_t more = {0};
    if (self->run.started_at == 0)
        more.runs = UINT64_MAX; /*  one less */
    else if (event->at > self->run.started_at)
        more.run_time = event->at - self->run.started_at;
    count (self, &more);
}

void budget_count_child (session_t *self, const amounts_t *before, const amounts_t *now)
{
    amounts_t *spent = &self->budget.tree_spent;
    spent->tokens += now->tokens - before->tokens;
    spent->cost_micros += now->cost_micros - before->cost_micros;
    spent->run_time += now->run_time - before->run_time;
    spent->runs += now->runs - before->runs;
}

baton_status decide_usage_report (deciding_t *deciding)
{
    const usage_report_request_t *request = deciding->command->request;
    if (request->input_tokens == 0 && request->output_tokens == 0 && request->cost_micros == 0)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "input_tokens",
                                 "a report of usage says how many tokens were used, or what they cost");
    emit (deciding, EVENT_usage_reported,
          &(usage_reported_event_t){.input_tokens = request->input_tokens,
                                    .output_tokens = request->output_tokens,
                                    .cost_micros = request->cost_micros});
    return BATON_OK;
}

baton_status evolve_usage_reported (session_t *self, const event_t *event)
{
    const usage_reported_event_t *body = event->body;
    if (event->run > 0 && !self->budget.reports) {
        count (self, &(amounts_t){.tokens = 0 - self->budget.counted});
        self->budget.counted = 0;
        self->budget.reports = true;
    }
    count (self, &(amounts_t){.tokens = body->input_tokens + body->output_tokens, .cost_micros = body->cost_micros});
    return BATON_OK;
}

/* ---- comparing ---- */

/*  Runs whose time goes on, and when they began, added up. */
typedef struct {
    uint64_t count, sum;
} clocks_t;

static clocks_t clocks_of (const session_t *self, bool tree)
{
    bool goes_on = run_active (&self->run) && self->run.started_at > 0;
    if (!tree)
        return (clocks_t){goes_on, goes_on ? self->run.started_at : 0};
    child_row_t all = session_as_child (self);
    return (clocks_t){all.clocks, all.clock_sum};
}

static uint64_t run_time (const amounts_t *spent, clocks_t clocks, uint64_t now)
{
    uint64_t until_now = clocks.count * now;
    return spent->run_time + (until_now > clocks.sum ? until_now - clocks.sum : 0);
}

/*  The one that stops runs comes first: `runs` does not. */
static cap_e compare (const amounts_t *caps, const amounts_t *spent, clocks_t clocks, uint64_t now)
{
    if (caps->tokens > 0 && spent->tokens >= caps->tokens)
        return cap_tokens;
    if (caps->cost_micros > 0 && spent->cost_micros >= caps->cost_micros)
        return cap_cost_micros;
    if (caps->run_time > 0 && run_time (spent, clocks, now) >= caps->run_time)
        return cap_run_time;
    return caps->runs > 0 && spent->runs >= caps->runs ? cap_runs : cap_none;
}

static cap_e reached (const session_t *self, bool tree, uint64_t now)
{
    const budget_t *budget = &self->budget;
    return tree ? compare (&budget->tree, &budget->tree_spent, clocks_of (self, true), now)
                : compare (&budget->own, &budget->spent, clocks_of (self, false), now);
}

static uint64_t due_at (const amounts_t *caps, const amounts_t *spent, clocks_t clocks)
{
    if (caps->run_time == 0 || clocks.count == 0)
        return 0;
    uint64_t left = caps->run_time > spent->run_time ? caps->run_time - spent->run_time : 0;
    return (left + clocks.sum + clocks.count - 1) / clocks.count;
}

static bool stops (cap_e cap)
{
    return cap != cap_none && cap != cap_runs;
}

uint64_t budget_due (const session_t *self)
{
    const budget_t *budget = &self->budget;
    uint64_t own = stops (budget->own_reached) ? 0 : due_at (&budget->own, &budget->spent, clocks_of (self, false));
    uint64_t tree =
        stops (budget->tree_reached) ? 0 : due_at (&budget->tree, &budget->tree_spent, clocks_of (self, true));
    return own == 0 || (tree != 0 && tree < own) ? tree : own;
}

/* ---- what stands in the way of a run ---- */

/*  Whether what has been reached since that position stands in the way of the current run: a cap of runs does so only
 *  when the run has begun after it was reached. */
static bool forbids (const session_t *self, cap_e cap, uint64_t since)
{
    return stops (cap) || (cap == cap_runs && self->run.phase == run_phase_queued && since <= self->run.base);
}

static bool forbidden_by_own (const session_t *self)
{
    const budget_t *budget = &self->budget;
    return forbids (self, budget->own_reached, budget->own_reached_n) ||
           forbids (self, budget->tree_reached, budget->tree_reached_n);
}

static bool forbidden (const session_t *self)
{
    bool held = forbidden_by_own (self);
    for (size_t i = 0; i < self->budget.holds.count; i++)
        held = held || forbids (self, self->budget.holds.items[i].cap, self->budget.holds.items[i].n);
    return held;
}

static bool exhausted (const session_t *self)
{
    return self->budget.own_reached || self->budget.tree_reached || self->budget.holds.count > 0;
}

baton_status budget_refuse_run (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const budget_t *budget = &self->budget;
    if (!exhausted (self))
        return BATON_OK;
    cap_e cap = budget->own_reached    ? budget->own_reached
                : budget->tree_reached ? budget->tree_reached
                                       : budget->holds.items[0].cap;
    const char *whose = budget->own_reached || budget->tree_reached ? self->session : budget->holds.items[0].by;
    return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_budget_reached,
                       "session %s can't run: %s has used up its %s", self->session, whose,
                       enum_name (&cap_names, cap));
}

static const breakpoint_t *open_question (const session_t *self)
{
    for (size_t i = 0; i < self->breakpoints.count; i++)
        if (self->breakpoints.items[i].kind == breakpoint_kind_budget &&
            self->breakpoints.items[i].state == breakpoint_state_open)
            return &self->breakpoints.items[i];
    return NULL;
}

static bool waits_for_more (const session_t *self)
{
    return self->state == lifecycle_suspended && self->cause == cause_budget_reached;
}

bool session_wants_check (const session_t *self, uint64_t now)
{
    const budget_t *budget = &self->budget;
    if (reached (self, false, now) != budget->own_reached || reached (self, true, now) != budget->tree_reached)
        return true;
    if (run_active (&self->run) && self->run.stop == stop_none && forbidden (self))
        return true;
    return !exhausted (self) && (waits_for_more (self) || open_question (self));
}

/* ---- asking ---- */

static char *const ANSWERS[] = {(char *) "raise", (char *) "stop"};

static void ask (deciding_t *deciding, bool tree, cap_e cap)
{
    const session_t *self = deciding->self;
    char key[48], title[LIMIT_TITLE + 1];
    size_t open = 0;
    for (size_t i = 0; i < self->breakpoints.count; i++)
        open += self->breakpoints.items[i].state == breakpoint_state_open;
    /*  Without room for a question, the budget is raised with budget.set alone. */
    if (open_question (self) || open >= LIMIT_OPEN_BREAKPOINTS || self->breakpoints.count >= LIMIT_BREAKPOINTS ||
        self->state == lifecycle_terminated)
        return;
    uint64_t number = self->breakpoints.count ? self->breakpoints.items[self->breakpoints.count - 1].number + 1 : 1;
    snprintf (key, sizeof key, "budget-%llu", (unsigned long long) number);
    snprintf (title, sizeof title, "The %s of %s used up: raise the cap?", enum_name (&cap_names, cap),
              tree ? "the tree are" : "the session are");
    emit (deciding, EVENT_breakpoint_opened,
          &(breakpoint_opened_event_t){.number = number,
                                       .key = key,
                                       .kind = breakpoint_kind_budget,
                                       .title = title,
                                       .options = {2, (char **) ANSWERS},
                                       .policy = {.kind = policy_kind_first, .self = true}});
    deciding->changed.breakpoint = number;
}

static amounts_t with (const amounts_t *old, const amounts_t *new, bool clear)
{
    amounts_t caps = clear ? *new : *old;
    caps.tokens = new->tokens ? new->tokens : caps.tokens;
    caps.cost_micros = new->cost_micros ? new->cost_micros : caps.cost_micros;
    caps.run_time = new->run_time ? new->run_time : caps.run_time;
    caps.runs = new->runs ? new->runs : caps.runs;
    return caps;
}

/*  A vote to raise that would leave a cap reached decides nothing, and is refused. */
baton_status budget_check_raise (const deciding_t *deciding, const baton_bytes_t *value)
{
    session_t raised = *deciding->self; /*  borrows */
    amounts_t more = {0};
    baton_status status = record_decode (&RECORD_amounts, value->data, value->size, &more, deciding->error);
    if (status != BATON_OK)
        return status;
    uint64_t now = deciding->command->now;
    if (raised.budget.own_reached)
        raised.budget.own = with (&raised.budget.own, &more, false);
    if (raised.budget.tree_reached)
        raised.budget.tree = with (&raised.budget.tree, &more, false);
    cap_e own = reached (&raised, false, now), tree = reached (&raised, true, now);
    if (!own && !tree)
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "value",
                             "to raise needs the new caps, such as {\"tokens\": 200000}, and each above what is used "
                             "up: %s is not",
                             enum_name (&cap_names, own ? own : tree));
}

void budget_raise (deciding_t *deciding, const baton_bytes_t *value)
{
    const budget_t *budget = &deciding->self->budget;
    amounts_t more = {0};
    if (record_decode (&RECORD_amounts, value->data, value->size, &more, NULL) != BATON_OK) {
        deciding->out_of_memory = true; /*  it was checked before */
        return;
    }
    if (budget->own_reached)
        emit (deciding, EVENT_budget_set, &(budget_set_event_t){.caps = with (&budget->own, &more, false)});
    if (budget->tree_reached)
        emit (deciding, EVENT_budget_set,
              &(budget_set_event_t){.tree = true, .caps = with (&budget->tree, &more, false)});
}

/* ---- set ---- */

static bool same (const amounts_t *a, const amounts_t *b)
{
    return a->tokens == b->tokens && a->cost_micros == b->cost_micros && a->run_time == b->run_time &&
           a->runs == b->runs;
}

baton_status decide_budget_set (deciding_t *deciding)
{
    const budget_set_request_t *request = deciding->command->request;
    const budget_t *budget = &deciding->self->budget;
    amounts_t given = {request->tokens, request->cost_micros, request->run_time, request->runs}, none = {0};
    if (same (&given, &none) && !request->clear)
        return baton_fail_field (
            deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "tokens",
            "a budget needs a cap of tokens, cost_micros, run_time or runs; clear takes caps away");
    const amounts_t *old = request->tree ? &budget->tree : &budget->own;
    amounts_t caps = with (old, &given, request->clear);
    if (!same (old, &caps))
        emit (deciding, EVENT_budget_set, &(budget_set_event_t){.tree = request->tree, .caps = caps});
    return BATON_OK;
}

baton_status evolve_budget_set (session_t *self, const event_t *event)
{
    const budget_set_event_t *body = event->body;
    *(body->tree ? &self->budget.tree : &self->budget.own) = body->caps;
    return BATON_OK;
}

/* ---- check ---- */

/*  Says what is reached now, or no longer; true when there is a reason to stop that was not there before. */
static bool tell (deciding_t *deciding, bool tree, cap_e before, cap_e now)
{
    const budget_t *budget = &deciding->self->budget;
    if (now != before && now)
        emit (deciding, EVENT_budget_reached,
              &(budget_reached_event_t){.tree = tree, .cap = now, .spent = tree ? budget->tree_spent : budget->spent});
    else if (now != before)
        emit (deciding, EVENT_budget_released, &(budget_released_event_t){.tree = tree});
    return now != before && (stops (now) || (now && tree));
}

/*  At a safe point; whoever has begun to stop it for another reason has the last word. */
static void stop_run (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    if (!run_active (&self->run) || self->run.stop != stop_none)
        return;
    bool placed = run_placed (&self->run);
    run_stop (deciding, &(run_stopping_event_t){.stop = stop_suspend, .budget = true});
    if (placed)
        return;
    run_finish_unplaced (deciding);
    emit (deciding, EVENT_session_suspended, &(session_suspended_event_t){.cause = cause_budget_reached});
}

/*  The run that was stopped for the budget begins again with its input. */
static void go_on (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const breakpoint_t *question = open_question (self);
    if (question)
        emit (deciding, EVENT_breakpoint_cancelled, &(breakpoint_cancelled_event_t){.number = question->number});
    if (waits_for_more (self))
        session_wake (deciding, cause_activated, &self->run.input);
}

void budget_look (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const budget_t *budget = &self->budget;
    uint64_t now = deciding->command->now;
    cap_e own = reached (self, false, now), tree = reached (self, true, now);
    bool asks_own = tell (deciding, false, budget->own_reached, own);
    bool asks_tree = tell (deciding, true, budget->tree_reached, tree);
    if (self->state == lifecycle_terminated)
        return;
    bool wants = run_active (&self->run) && self->run.stop == stop_none && forbidden (self);
    if (asks_own || asks_tree || (wants && forbidden_by_own (self)))
        ask (deciding, !asks_own && tree, asks_own || !tree ? own : tree);
    if (stops (own) || stops (tree) || wants)
        stop_run (deciding);
    else if (!own && !tree && budget->holds.count == 0)
        go_on (deciding);
}

baton_status decide_budget_check (deciding_t *deciding)
{
    budget_look (deciding);
    return BATON_OK;
}

baton_status evolve_budget_reached (session_t *self, const event_t *event)
{
    const budget_reached_event_t *body = event->body;
    *(body->tree ? &self->budget.tree_reached : &self->budget.own_reached) = body->cap;
    *(body->tree ? &self->budget.tree_reached_n : &self->budget.own_reached_n) = event->n;
    return BATON_OK;
}

baton_status evolve_budget_released (session_t *self, const event_t *event)
{
    const budget_released_event_t *body = event->body;
    *(body->tree ? &self->budget.tree_reached : &self->budget.own_reached) = cap_none;
    *(body->tree ? &self->budget.tree_reached_n : &self->budget.own_reached_n) = 0;
    return BATON_OK;
}

/* ---- held from above ---- */

static hold_t *find_hold (const session_t *self, const char *by)
{
    for (size_t i = 0; i < self->budget.holds.count; i++)
        if (text_equal (self->budget.holds.items[i].by, by))
            return &self->budget.holds.items[i];
    return NULL;
}

baton_status decide_budget_hold (deciding_t *deciding)
{
    const budget_hold_request_t *request = deciding->command->request;
    const hold_t *hold = find_hold (deciding->self, request->by);
    if (request->cap && (!hold || hold->cap != request->cap))
        emit (deciding, EVENT_budget_held, &(budget_held_event_t){.by = request->by, .cap = request->cap});
    else if (!request->cap && hold)
        emit (deciding, EVENT_budget_freed, &(budget_freed_event_t){.by = request->by});
    return BATON_OK;
}

baton_status evolve_budget_held (session_t *self, const event_t *event)
{
    const budget_held_event_t *body = event->body;
    hold_t *hold = find_hold (self, body->by);
    if (!hold && self->budget.holds.count >= LIMIT_FAMILY_DEPTH)
        return BATON_OK; /*  there are no more ancestors than that */
    if (!hold)
        hold = list_append (&self->budget.holds, sizeof *hold);
    if (!hold || text_set (&hold->by, body->by))
        return BATON_resource_exhausted;
    hold->cap = body->cap;
    hold->n = event->n;
    return BATON_OK;
}

baton_status evolve_budget_freed (session_t *self, const event_t *event)
{
    const hold_t *hold = find_hold (self, ((const budget_freed_event_t *) event->body)->by);
    if (hold)
        list_remove (&self->budget.holds, &RECORD_hold, (size_t) (hold - self->budget.holds.items));
    return BATON_OK;
}
