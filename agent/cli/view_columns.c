/*  The columns of each kind of list, as data. */
#include "schema.h"
#include "tally.h"
#include "view.h"

#include <string.h>

#define COLUMNS(...) ((const column_t[]){__VA_ARGS__, {NULL, NULL}})

static const view_t VIEWS[] = {
    {&RECORD_changed, true, "session/breakpoint",
     COLUMNS ({"SESSION", "session"}, {"N", "n"}, {"STATE", "state"}, {"CAUSE", "cause"}, {"RUN", "run"},
              {"BREAKPOINT", "breakpoint"}, {"OUTCOME", "outcome"}, {"MESSAGE", "message"}, {"MIGRATION", "migration"},
              {"DIGEST", "digest"}, {"FIRING", "firing"}, {"EFFECT", "effect"}, {"TOKEN", "token"}, {"FENCE", "fence"},
              {"CURSOR", "cursor"}, {"UNTIL", "until"})},
    {&RECORD_trigger, false, "name",
     COLUMNS ({"TRIGGER", "name"}, {"KIND", "kind"}, {"WAITS FOR", "rule/file/ref/message/after"}, {"ZONE", "zone"},
              {"PATH", "path"}, {"FROM", "from"}, {"NEXT", "next"}, {"FIRED", "number"}, {"LAST", "fired_at"},
              {"WHY", "why"})},
    {&RECORD_session_client, false, "client",
     COLUMNS ({"CLIENT", "client"}, {"WHO", "actor"}, {"KIND", "kind"}, {"CURSOR", "cursor"}, {"SINCE", "since"},
              {"UNTIL", "until"}, {"LEFT", "left_at"})},
    {&RECORD_handoff, true, "created",
     COLUMNS ({"SESSION", "session"}, {"ARTIFACT", "artifact"}, {"SIZE", "size"}, {"DIGEST", "digest"},
              {"CREATED", "created"})},
    {&RECORD_session, false, "session",
     COLUMNS ({"SESSION", "session"}, {"TITLE", "title"}, {"STATE", "state"}, {"CAUSE", "cause"}, {"N", "n"})},
    {&RECORD_session_row, false, "session",
     COLUMNS ({"SESSION", "session"}, {"TITLE", "title"}, {"AGENT", "agent"}, {"STATE", "state"}, {"CAUSE", "cause"},
              {"RUN", "run/phase"}, {"NODE", "node"}, {"OPEN", "breakpoints"}, {"TOKENS", "activity.tokens"},
              {"CREATED", "created_at"}, {"ACTIVE", "activity.at"}, {"FORK OF", "forked_from"}, {"WAITS", "waiting"})},
    {&RECORD_child_row, false, "session",
     COLUMNS ({"SESSION", "session"}, {"TITLE", "title"}, {"STATE", "state"}, {"CAUSE", "cause"}, {"ALIVE", "alive"},
              {"OPEN", "breakpoints"})},
    {&RECORD_session_ref, true, "session", COLUMNS ({"SESSION", "session"}, {"TITLE", "title"})},
    {&RECORD_event_envelope, false, "seq",
     COLUMNS ({"SEQ", "seq"}, {"AT", "at"}, {"SESSION", "session"}, {"N", "n"}, {"KIND", "kind"}, {"ACTOR", "actor"},
              {"RUN", "run"}, {"BODY", "body"})},
    {&RECORD_run, false, "number",
     COLUMNS ({"RUN", "number"}, {"PHASE", "phase"}, {"OUTCOME", "outcome"}, {"NODE", "node"}, {"ATTEMPT", "attempt"},
              {"STARTED", "started_at"}, {"FINISHED", "finished_at"}, {"EXIT", "exit_code"}, {"SIGNAL", "signal"},
              {"DETAIL", "detail"})},
    {&RECORD_item, false, "n",
     COLUMNS ({"N", "session/n"}, {"ROLE", "role"}, {"RUN", "run"}, {"TOKENS", "tokens"}, {"AT", "at"},
              {"PARTS", "parts"})},
    {&RECORD_part, false, "kind",
     COLUMNS ({"KIND", "kind"}, {"TOOL", "tool"}, {"CALL", "call"}, {"TEXT", "text"}, {"VALUE", "value"})},
    {&RECORD_pin, false, "place", COLUMNS ({"PLACE", "place"}, {"TOKENS", "tokens"}, {"ESTIMATED", "estimated"})},
    {&RECORD_open_call, false, "call", COLUMNS ({"CALL", "call"}, {"TOOL", "tool"}, {"N", "n"}, {"RUN", "run"})},
    {&RECORD_compaction, false, "place", COLUMNS ({"PLACE", "place"}, {"ITEMS", "items"}, {"TOKENS", "tokens"})},
    {&RECORD_checkpoint, false, "label",
     COLUMNS ({"CHECKPOINT", "label"}, {"N", "n"}, {"AT", "at"}, {"BY", "actor"}, {"DIGEST", "digest"})},
    {&RECORD_memory, false, "key", COLUMNS ({"KEY", "key"}, {"VALUE", "value"}, {"RUN", "run"}, {"N", "n"})},
    {&RECORD_decision, false, "key",
     COLUMNS ({"KEY", "key"}, {"VALUE", "value"}, {"WHY", "why"}, {"RUN", "run"}, {"N", "n"}, {"CHANGES", "changes"})},
    {&RECORD_past_decision, false, "n",
     COLUMNS ({"N", "n"}, {"VALUE", "value"}, {"WHY", "why"}, {"RUN", "run"}, {"BEGAN", "began"}, {"BY", "began_by"},
              {"UNTIL N", "ended_n"}, {"ENDED", "ended"}, {"BY", "ended_by"})},
    {&RECORD_artifact, false, "name",
     COLUMNS ({"NAME", "name"}, {"SIZE", "size"}, {"TYPE", "media_type"}, {"DIGEST", "digest"}, {"RUN", "run"})},
    {&RECORD_breakpoint, false, "number",
     COLUMNS ({"NUMBER", "number"}, {"KIND", "kind"}, {"STATE", "state"}, {"TITLE", "title"}, {"VOTES", "votes"},
              {"OUTCOME", "outcome"})},
    {&RECORD_breakpoint_view, false, "session/breakpoint.number",
     COLUMNS ({"BREAKPOINT", "session/breakpoint.number"}, {"SESSION", "session_title"}, {"KIND", "breakpoint.kind"},
              {"STATE", "breakpoint.state"}, {"TITLE", "breakpoint.title"}, {"POLICY", "breakpoint.policy"},
              {"VOTES", "breakpoint.votes"}, {"PRESENT", "breakpoint.present"}, {"CLAIMED", "breakpoint.claimed_by"},
              {"DEADLINE", "breakpoint.deadline"}, {"OUTCOME", "breakpoint.outcome"})},
    {&RECORD_vote, false, "actor",
     COLUMNS ({"WHO", "actor"}, {"KEY", "key"}, {"VOTE", "option"}, {"VALUE", "value"}, {"WHY", "why"}, {"AT", "at"})},
    {&RECORD_presence, false, "actor", COLUMNS ({"WHO", "actor"}, {"UNTIL", "until"})},
    {&RECORD_comment, false, "actor", COLUMNS ({"WHO", "actor"}, {"AT", "at"}, {"TEXT", "text"})},
    {&RECORD_message, false, "letter.id",
     COLUMNS ({"MESSAGE", "letter.id"}, {"FROM", "letter.from"}, {"SESSION", "letter.from_session"},
              {"AT", "letter.at"}, {"SUBJECT", "letter.subject"}, {"BODY", "body"})},
    {&RECORD_letter, false, "id",
     COLUMNS ({"MESSAGE", "id"}, {"FROM", "from"}, {"SESSION", "from_session"}, {"AT", "at"}, {"SUBJECT", "subject"})},
    {&RECORD_segment, false, "session",
     COLUMNS ({"SESSION", "session"}, {"AFTER", "after"}, {"UPTO", "upto"}, {"MERGED", "merged"}, {"TITLE", "title"})},
    {&RECORD_merge_key, false, "key",
     COLUMNS ({"KEY", "kind/key"}, {"BASE", "base"}, {"OURS", "ours"}, {"THEIRS", "theirs"}, {"SET AT", "session/n"},
              {"CONFLICT", "conflict"}, {"CHOICE", "choice"}, {"VALUE", "value"}, {"BY", "by"}, {"DECIDED", "at"})},
    {&RECORD_merge_plan, false, "session", COLUMNS ({"SESSION", "session"}, {"N", "session_n"})},
    {&RECORD_session_diff, false, "session", COLUMNS ({"SESSION", "session"}, {"OTHER", "other"})},
    {&RECORD_dead_message, false, "letter.id",
     COLUMNS ({"MESSAGE", "letter.id"}, {"WHY", "receipt"}, {"FROM", "letter.from"}, {"SESSION", "letter.from_session"},
              {"AT", "letter.at"}, {"SUBJECT", "letter.subject"}, {"BODY", "body"})},
    {&RECORD_exchange, false, "id", COLUMNS ({"REQUEST", "id"}, {"WITH", "peer"}, {"OUTCOME", "receipt"})},
    {&RECORD_dead_letter, false, "id", COLUMNS ({"MESSAGE", "id"}, {"WHY", "receipt"}, {"N", "n"})},
    {&RECORD_broadcast, false, "message", COLUMNS ({"MESSAGE", "message"}, {"REACHED", "reached"})},
    {&RECORD_node, false, "name",
     COLUMNS ({"NODE", "name"}, {"STATE", "state"}, {"SLOTS", "slots"}, {"ACTIVE", "active"}, {"DRAINING", "draining"},
              {"LABELS", "labels"}, {"DRIVERS", "drivers"}, {"SEEN", "seen_at"})},
    {&RECORD_identity, false, "name",
     COLUMNS ({"NAME", "name"}, {"ROLE", "role"}, {"KEY", "key"}, {"SINCE", "created_at"}, {"INVITED BY", "invited_by"},
              {"REVOKED", "revoked_at"}, {"TEAMS", "teams"})},
    {&RECORD_access_token, false, "id",
     COLUMNS ({"TOKEN", "id"}, {"WHO", "who"}, {"KIND", "kind"}, {"LABEL", "label"}, {"MADE BY", "made_by"},
              {"SINCE", "created_at"}, {"UNTIL", "expires_at"})},
    {&RECORD_membership, false, "name", COLUMNS ({"TEAM", "name"})},
    {&RECORD_team, false, "name", COLUMNS ({"TEAM", "name"}, {"MEMBERS", "members"}, {"SINCE", "created_at"})},
    {&RECORD_grant, false, "who", COLUMNS ({"WHO", "who"}, {"ACCESS", "access"}, {"BY", "by"}, {"SINCE", "at"})},
    {&RECORD_workspace_report, false, "root", COLUMNS ({"ROOT", "root"}, {"KIND", "kind"})},
    {&RECORD_workspace_vcs, false, "root",
     COLUMNS ({"ROOT", "root"}, {"KIND", "kind"}, {"BRANCH", "branch"}, {"COMMIT", "commit"}, {"WORKTREE", "worktree"},
              {"SUBMODULE", "submodule"})},
    {&RECORD_workspace_marker, false, "file",
     COLUMNS ({"FILE", "file"}, {"KIND", "kind"}, {"TOOL", "tool"}, {"LANGUAGE", "language"})},
    {&RECORD_workspace_group, false, "root",
     COLUMNS ({"ROOT", "root"}, {"KIND", "kind"}, {"TOOL", "tool"}, {"FILE", "file"}, {"HERE", "here"},
              {"MEMBERS", "members"}, {"MORE", "more"})},
    {&RECORD_workspace_member, false, "path",
     COLUMNS ({"MEMBER", "path"}, {"KIND", "kind"}, {"HERE", "here"}, {"MISSING", "missing"}, {"OUTSIDE", "outside"})},
    {&RECORD_check, false, "name", COLUMNS ({"CHECK", "name"}, {"OK", "ok"}, {"DETAIL", "detail"})},
    {&RECORD_migration_plan, false, "session", COLUMNS ({"SESSION", "session"}, {"TARGET", "target"})},
    {&RECORD_drained, false, "node", COLUMNS ({"NODE", "node"})},
    {&RECORD_invited, false, "token", COLUMNS ({"TOKEN", "token"})},
    {&RECORD_enrolled, true, "name", COLUMNS ({"NAME", "name"}, {"ROLE", "role"})},
    {&RECORD_binding, false, "path", COLUMNS ({"PATH", "path"}, {"READ ONLY", "read_only"}, {"OMIT", "omit"})},
};

const view_t *view_of (const record_type_t *type)
{
    for (size_t i = 0; i < sizeof VIEWS / sizeof *VIEWS; i++)
        if (VIEWS[i].type == type)
            return &VIEWS[i];
    return NULL;
}

const char *view_urgent (const record_type_t *type)
{
    return type == &RECORD_session ? "waiting" : "";
}

static bool session_hides (const session_t *session, const char *field)
{
    if (strcmp (field, "migration") == 0)
        return !session->migrating;
    if (strcmp (field, "lease") == 0)
        return !session->lease.node;
    if (strcmp (field, "merge") == 0)
        return session->merge.breakpoint == 0;
    if (strcmp (field, "lock") == 0)
        return !session->lock.holder;
    return strcmp (field, "before") == 0 || strcmp (field, "seen") == 0 || strcmp (field, "ancestors") == 0 ||
           strcmp (field, "child_ended_n") == 0 || strcmp (field, "depth") == 0 || strcmp (field, "migrating") == 0;
}

/*  What a tree has spent is news only where there is a tree; what counts for now is for whoever enforces the caps. */
static bool budget_hides (const budget_t *budget, const char *field)
{
    const amounts_t *spent = &budget->spent, *all = &budget->tree_spent;
    if (strcmp (field, "tree_spent") == 0)
        return spent->tokens == all->tokens && spent->cost_micros == all->cost_micros &&
               spent->run_time == all->run_time && spent->runs == all->runs;
    return strcmp (field, "counted") == 0 || strcmp (field, "reports") == 0;
}

bool view_hides (const record_type_t *type, const void *record, const char *field)
{
    if (type == &RECORD_window)
        return strcmp (field, "spans") == 0;
    if (type == &RECORD_budget)
        return budget_hides (record, field);
    return type == &RECORD_session && session_hides (record, field);
}

char *view_cell (const column_t *column, const record_type_t *type, const void *record)
{
    bool votes = strcmp (column->header, "VOTES") == 0;
    if (votes && type == &RECORD_breakpoint)
        return tally_text (record);
    if (votes && type == &RECORD_breakpoint_view)
        return tally_text (&((const breakpoint_view_t *) record)->breakpoint);
    return view_path (type, record, column->path);
}
