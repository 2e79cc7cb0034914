/*  A merge as events: begun, its conflicts decided by votes, done; and what the branch hears of it. */
#include "deciding.h"
#include "facts.h"
#include "merge.h"
#include "policy.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define BODY_MOST 16384 /*  of the text that lists conflicts */
#define NAMES_MOST 200  /*  of the list in a refusal */

/* ---- beginning ---- */

static size_t count_open (const merge_t *merge)
{
    size_t count = 0;
    for (size_t i = 0; i < merge->keys.count; i++)
        count += merge->keys.items[i].conflict && merge->keys.items[i].choice == merge_choice_none;
    return count;
}

/*  The keys that wait for a decision, with that between them; cut with "…" when they are too many. */
static void list_open (const merge_t *merge, const char *between, char *ret_text, size_t size)
{
    size_t used = 0;
    *ret_text = '\0';
    for (size_t i = 0; i < merge->keys.count; i++) {
        const merge_key_t *key = &merge->keys.items[i];
        char name[LIMIT_FACT_KEY + 1];
        if (!key->conflict || key->choice)
            continue;
        merge_key_name (key, name);
        if (used + strlen (name) + strlen (between) + sizeof "…" > size) {
            snprintf (ret_text + used, size - used, "…");
            return;
        }
        used += (size_t) snprintf (ret_text + used, size - used, "%s%s", name, between);
    }
    if (used > 0)
        ret_text[used - strlen (between)] = '\0';
}

/*  What is asked now; it changes when the question does. */
static void digest_at (uint64_t n, char ret_digest[LIMIT_ID + 1])
{
    snprintf (ret_digest, LIMIT_ID + 1, "merge-%llu", (unsigned long long) n);
}

static char *const CHOICES[] = {(char *) "ours", (char *) "theirs", (char *) "edit"};

static void open_breakpoint (deciding_t *deciding, const merge_t *merge, const policy_t *policy)
{
    const session_t *self = deciding->self;
    char key[LIMIT_ID + 1], digest[LIMIT_ID + 1], title[LIMIT_TITLE + 1], body[BODY_MOST];
    size_t conflicts = count_open (merge);
    const char *from = merge->title ? merge->title : merge->from;
    snprintf (key, sizeof key, "merge/%llu", (unsigned long long) self->n + 1);
    snprintf (title, sizeof title, "Merge: %zu %s with %.*s", conflicts, conflicts == 1 ? "conflict" : "conflicts",
              (int) text_cut (from, LIMIT_TITLE - 50), from);
    digest_at (self->n + 1, digest);
    list_open (merge, "\n", body, sizeof body);
    emit (deciding, EVENT_breakpoint_opened,
          &(breakpoint_opened_event_t){
              .number = merge->breakpoint,
              .key = key,
              .kind = breakpoint_kind_merge_conflict,
              .title = title,
              .body = body,
              .options = {3, (char **) CHOICES},
              .digest = digest,
              .policy = *policy,
          });
    deciding->changed.breakpoint = merge->breakpoint;
}

baton_status decide_merge_start (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const merge_start_request_t *request = deciding->command->request;
    merge_t merge = request->merge;
    policy_t policy = request->policy;
    if (!merge.from)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "merge",
                                 "there is nothing to merge");
    if (self->merge.breakpoint > 0 || run_active (&self->run))
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s can't take a branch in now", self->session);
    if (count_open (&merge) == 0) {
        emit (deciding, EVENT_session_merged, &(session_merged_event_t){.merge = merge});
        return BATON_OK;
    }
    if (policy.kind == policy_kind_none) {
        policy.kind = policy_kind_first;
        policy.self = policy.self || (policy.people.count == 0 && policy.exclude.count == 0);
    }
    baton_status status =
        policy_check (&policy, breakpoint_kind_merge_conflict, deciding->command->actor, deciding->error);
    if (status == BATON_OK)
        status = breakpoint_check_room (deciding);
    if (status != BATON_OK)
        return status;
    merge.breakpoint = breakpoint_next (self);
    emit (deciding, EVENT_merge_started, &(merge_started_event_t){.merge = merge});
    open_breakpoint (deciding, &merge, &policy);
    return BATON_OK;
}

baton_status evolve_merge_started (session_t *self, const event_t *event)
{
    const merge_started_event_t *body = event->body;
    record_clear (&RECORD_merge, &self->merge);
    return record_copy (&RECORD_merge, &body->merge, &self->merge);
}

baton_status evolve_session_merged (session_t *self, const event_t *event)
{
    const session_merged_event_t *body = event->body;
    record_clear (&RECORD_merge, &self->merge);
    return body->merge.from ? merge_apply (self, &body->merge, event->n) : BATON_OK;
}

void merge_forget (session_t *self, uint64_t breakpoint)
{
    if (breakpoint > 0 && self->merge.breakpoint == breakpoint)
        record_clear (&RECORD_merge, &self->merge);
}

/* ---- deciding keys ---- */

static merge_key_t *find_key (const merge_t *merge, fact_kind_e kind, const char *key)
{
    for (size_t i = 0; i < merge->keys.count; i++)
        if (merge->keys.items[i].kind == kind && text_equal (merge->keys.items[i].key, key))
            return &merge->keys.items[i];
    return NULL;
}

static baton_status find_conflict (const deciding_t *deciding, const char *wanted, const merge_key_t **ret_key)
{
    const merge_t *merge = &deciding->self->merge;
    char name[LIMIT_FACT_KEY + 1], names[NAMES_MOST];
    list_open (merge, ", ", names, sizeof names);
    if (!wanted)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "key",
                                 "breakpoint %llu decides key by key: say which of %s",
                                 (unsigned long long) merge->breakpoint, names);
    for (size_t i = 0; i < merge->keys.count; i++) {
        merge_key_name (&merge->keys.items[i], name);
        if (!merge->keys.items[i].conflict || strcmp (name, wanted) != 0)
            continue;
        *ret_key = &merge->keys.items[i];
        return BATON_OK;
    }
    return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_key, "key",
                             "breakpoint %llu does not decide %.200s: open is %s",
                             (unsigned long long) merge->breakpoint, wanted, *names ? names : "nothing");
}

/*  The vote's choice and the value that it gives the key. */
static baton_status check_choice (const deciding_t *deciding, const merge_key_t *key, merge_choice_e *ret_choice,
                                  baton_bytes_t *ret_value)
{
    const breakpoint_vote_request_t *request = deciding->command->request;
    merge_choice_e choice = request->option
                                ? enum_value (&merge_choice_names, request->option, strlen (request->option))
                                : merge_choice_none;
    if (key->choice)
        return baton_fail_field (deciding->error, BATON_failed_precondition, BATON_REASON_already_decided, "key",
                                 "%s is decided: %s", request->key, enum_name (&merge_choice_names, key->choice));
    if (!choice)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "option",
                                 "the vote for a key of a merge is ours, theirs or edit");
    if (choice != merge_choice_edit && request->value.size > 0)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "value",
                                 "only edit has a value");
    if (choice == merge_choice_edit && request->value.size == 0)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "value",
                                 "say what %s is to become", request->key);
    *ret_choice = choice;
    return choice == merge_choice_edit ? fact_check (key->kind, &request->value, ret_value, deciding->error) : BATON_OK;
}

/*  Keys that this session has changed since they were compared: as they stand now, to be decided anew. */
static baton_status find_stale (const session_t *self, const merge_t *merge, merge_reopened_event_t *ret_stale)
{
    facts_t now = {0};
    baton_status status = facts_of (self, &now);
    for (size_t i = 0; status == BATON_OK && i < merge->keys.count; i++) {
        const merge_key_t *key = &merge->keys.items[i];
        const fact_t *fact = facts_find (&now, key->kind, key->key);
        baton_bytes_t ours = fact ? fact->value : (baton_bytes_t){0};
        if (bytes_equal (&ours, &key->ours) || bytes_equal (&ours, &key->theirs))
            continue;
        merge_key_t again = *key, *slot = list_append (&ret_stale->keys, sizeof *slot);
        again.ours = ours;
        again.conflict = true;
        again.choice = merge_choice_none;
        again.value = (baton_bytes_t){0};
        again.by = NULL;
        again.at = 0;
        status = slot ? record_copy (&RECORD_merge_key, &again, slot) : BATON_resource_exhausted;
    }
    facts_clear (&now);
    return status;
}

/*  All is decided but for what the session has changed meanwhile. */
static baton_status complete (deciding_t *deciding, const merge_t *merge, const char *rule)
{
    const session_t *self = deciding->self;
    merge_reopened_event_t stale = {0};
    if (run_active (&self->run))
        return baton_fail (
            deciding->error, BATON_failed_precondition, BATON_REASON_run_active,
            "this would complete the merge, but run %llu of session %s is under way: vote when it stands "
            "still",
            (unsigned long long) self->run.number, self->session);
    baton_status status = lock_check_edit (deciding);
    if (status != BATON_OK)
        return status;
    status = find_stale (self, merge, &stale);
    if (status != BATON_OK)
        status = baton_fail_memory (deciding->error);
    else if (stale.keys.count > 0)
        emit (deciding, EVENT_merge_reopened, &stale);
    else if ((status = merge_check_limits (self, merge, deciding->error)) == BATON_OK) {
        emit (deciding, EVENT_breakpoint_decided,
              &(breakpoint_decided_event_t){
                  .number = merge->breakpoint, .outcome = (char *) "merged", .why = (char *) rule});
        emit (deciding, EVENT_session_merged, &(session_merged_event_t){.merge = *merge});
        answer_text (deciding, &deciding->changed.outcome, "merged");
    }
    record_clear (&EVENTS[EVENT_merge_reopened].type, &stale);
    return status;
}

static baton_status decide_key (deciding_t *deciding, const merge_key_t *key, merge_choice_e choice,
                                const baton_bytes_t *value, const char *rule)
{
    merge_t merge = {0};
    baton_status status = BATON_OK;
    emit (deciding, EVENT_merge_key_decided,
          &(merge_key_decided_event_t){
              .kind = key->kind, .key = key->key, .choice = choice, .value = *value, .why = (char *) rule});
    if (record_copy (&RECORD_merge, &deciding->self->merge, &merge) != BATON_OK)
        return baton_fail_memory (deciding->error);
    merge_key_t *decided = find_key (&merge, key->kind, key->key);
    decided->choice = choice;
    decided->at = deciding->command->now;
    if (bytes_set (&decided->value, value->data, value->size) || text_set (&decided->by, deciding->command->actor))
        status = baton_fail_memory (deciding->error);
    if (status == BATON_OK && choice == merge_choice_edit)
        status = merge_check_bytes (deciding->self, &merge, deciding->error);
    if (status == BATON_OK && count_open (&merge) == 0)
        status = complete (deciding, &merge, rule);
    record_clear (&RECORD_merge, &merge);
    return status;
}

baton_status merge_vote (deciding_t *deciding, const breakpoint_t *breakpoint)
{
    const breakpoint_vote_request_t *request = deciding->command->request;
    const merge_key_t *key = NULL;
    merge_choice_e choice = merge_choice_none;
    baton_bytes_t value = {0};
    char buffer[POLICY_RULE_SIZE];
    baton_status status = find_conflict (deciding, request->key, &key);
    if (status == BATON_OK)
        status = check_choice (deciding, key, &choice, &value);
    if (status != BATON_OK)
        return status;
    vote_t vote = {.actor = (char *) deciding->command->actor,
                   .option = request->option,
                   .value = value,
                   .why = request->why,
                   .key = request->key};
    const char *rule = policy_decides (breakpoint, &vote, buffer);
    status = breakpoint_count_vote (deciding, breakpoint, &vote, rule, LIMIT_KEY_VOTES);
    if (status == BATON_OK && rule)
        status = decide_key (deciding, key, choice, &value, rule);
    bytes_clear (&value);
    return status;
}

static void forget_votes (session_t *self, const char *key)
{
    breakpoint_t *breakpoint = breakpoint_find (self, self->merge.breakpoint);
    for (size_t i = breakpoint ? breakpoint->votes.count : 0; i-- > 0;)
        if (!key || text_equal (breakpoint->votes.items[i].key, key))
            list_remove (&breakpoint->votes, &RECORD_vote, i);
}

/*  The votes for a key that is decided stand in the journal. */
baton_status evolve_merge_key_decided (session_t *self, const event_t *event)
{
    const merge_key_decided_event_t *body = event->body;
    merge_key_t *key = find_key (&self->merge, body->kind, body->key);
    char name[LIMIT_FACT_KEY + 1];
    if (!key)
        return BATON_OK;
    merge_key_name (key, name);
    forget_votes (self, name);
    key->choice = body->choice;
    key->at = event->at;
    if (bytes_set (&key->value, body->value.data, body->value.size) || text_set (&key->by, event->actor))
        return BATON_resource_exhausted;
    return BATON_OK;
}

baton_status evolve_merge_reopened (session_t *self, const event_t *event)
{
    const merge_reopened_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, self->merge.breakpoint);
    char digest[LIMIT_ID + 1];
    for (size_t i = 0; i < body->keys.count; i++) {
        merge_key_t *key = find_key (&self->merge, body->keys.items[i].kind, body->keys.items[i].key);
        if (!key)
            continue;
        record_clear (&RECORD_merge_key, key);
        if (record_copy (&RECORD_merge_key, &body->keys.items[i], key) != BATON_OK)
            return BATON_resource_exhausted;
    }
    forget_votes (self, NULL);
    digest_at (event->n, digest);
    return breakpoint ? text_set (&breakpoint->digest, digest) : BATON_OK;
}

/* ---- the branch ---- */

/*  A branch that has gone on since it was merged does not end: what it has done since is nowhere else. Nor does one
 * that somebody is editing. */
baton_status decide_session_absorb (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_absorb_request_t *request = deciding->command->request;
    emit (deciding, EVENT_branch_merged,
          &(branch_merged_event_t){.into = request->into, .at = request->at, .upto = request->upto});
    bool edited = self->lock.holder && self->lock.until > deciding->command->now;
    if (!request->keep && !edited && self->n == request->upto && self->state != lifecycle_terminated &&
        !run_active (&self->run))
        session_end (deciding, cause_merged, run_outcome_completed, NULL, 0);
    return BATON_OK;
}

/*  For readers of the journal; the state does not need it. */
baton_status evolve_branch_merged (session_t *self, const event_t *event)
{
    (void) self;
    (void) event;
    return BATON_OK;
}
