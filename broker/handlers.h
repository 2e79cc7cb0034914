/*  The handlers of methods that are more than one command of one session: one line each, in the order of methods.def.
 */
#ifndef BATON_HANDLERS_H
#define BATON_HANDLERS_H

#include "dispatch.h"

/*  handle_site.c */
handler_t handle_site_about, handle_identity_invite, handle_identity_enroll, handle_identity_list,
    handle_identity_rekey;

/*  handle_metrics.c */
handler_t handle_site_metrics;

/*  handle_tokens.c */
handler_t handle_token_create, handle_token_list, handle_console_link, handle_console_sign_in, handle_console_sign_out;

/*  handle_sessions.c: what is known now */
handler_t handle_session_list, handle_session_resolve, handle_memory_get, handle_memory_list, handle_artifact_get,
    handle_trigger_list;

/*  handle_history.c: what journals tell */
handler_t handle_session_show, handle_session_snapshot, handle_session_log, handle_run_list, handle_item_list,
    handle_message_list;

/*  handle_knowledge.c: what sessions have learned */
handler_t handle_decision_list, handle_decision_history, handle_session_clients, handle_session_synthesize;

/*  handle_handoff.c */
handler_t handle_session_handoff;

/*  handle_breakpoints.c */
handler_t handle_breakpoint_list, handle_breakpoint_show;

/*  What lists and details have in common. view is zeroed. */
BATON_MUST_USE baton_status breakpoint_view_of (const session_t *state, const breakpoint_t *breakpoint,
                                                breakpoint_view_t *view);

/*  handle_changes.c: changes that need more than the session's domain */
handler_t handle_session_change, handle_site_change, handle_session_create, handle_session_activate, handle_item_append,
    handle_artifact_put, handle_breakpoint_ask, handle_trigger_add, handle_trigger_fire, handle_message_send;

/*  handle_context.c: the window */
handler_t handle_context_render, handle_session_compact, handle_session_uncompact, handle_item_pin;

/*  handle_checkpoints.c */
handler_t handle_session_save, handle_session_load, handle_session_restore;

/*  handle_forks.c and handle_merges.c: what concerns two sessions */
handler_t handle_session_fork, handle_session_diff, handle_session_merge;

/*  handle_dependencies.c: sessions that wait for others */
handler_t handle_dependency_add;
BATON_MUST_USE baton_status handle_after_check (broker_t *broker, const char *session, const char *after,
                                                baton_error_t *error);
BATON_MUST_USE baton_status handle_create_check (broker_t *broker, const session_create_request_t *params,
                                                 baton_error_t *error);

/*  handle_family.c. The function creates a session, command.fresh, as a child when its request says so. */
handler_t handle_session_spawn, handle_session_children, handle_session_cancel;
BATON_MUST_USE baton_status handle_create_one (broker_t *broker, const command_t *command, void *ret_reply,
                                               baton_error_t *error);

/*  handle_watches.c */
handler_t handle_node_watches;
/*  handle_import.c */
handler_t handle_session_import, handle_blob_put, handle_blob_get, handle_blob_forget;

/*  Of the content of a put, as the writers or this thread have it; notes it for the commit, and takes what is ready. */
void digest_of_content (const request_t *request, char ret_digest[DIGEST_SIZE]);
BATON_MUST_USE baton_status note_content (broker_t *broker, request_t *request, const char *digest);

/*  Frees what was put for an import that is over, whichever way; for any request that was decided. */
void import_ended (broker_t *broker, const request_t *request);

/*  handle_messages.c: requests and their answers */
handler_t handle_message_reply, handle_message_outcome;

/*  handle_broadcast.c */
handler_t handle_message_broadcast;

/*  handle_dead.c: what nobody has read */
handler_t handle_message_dead, handle_message_redeliver, handle_change_refused;

/*  handle_events.c */
handler_t handle_events_read, handle_events_subscribe, handle_events_unsubscribe;

/*  handle_sharing.c */
handler_t handle_session_share, handle_session_transfer, handle_session_shares, handle_team_list;

/*  Puts its members in the place of each team:NAME of a policy, which is frozen when it is made: who votes doesn't
 * change when somebody joins or leaves. no_such_team; too_large for more than LIMIT_VOTES people. */
BATON_MUST_USE baton_status teams_resolve (broker_t *broker, policy_t *policy, baton_error_t *error);

/*  handle_nodes.c */
handler_t handle_node_list, handle_node_register, handle_node_heartbeat, handle_node_assignments, handle_node_drain,
    handle_session_migrate, handle_run_logs;

/*  Hands the request on to a node, with that record as its body; the node's answer is the request's. */
BATON_MUST_USE baton_status relay_to_node (broker_t *broker, request_t *request, const char *node,
                                           const record_type_t *type, const void *record, baton_error_t *error);

/*  handle_workspaces.c */
handler_t handle_workspace_manifest, handle_workspace_chunks, handle_workspace_carried;

#endif
