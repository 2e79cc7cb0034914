/*  The commands that the method table alone does not make. Each cmd_*.c declares its own. */
#ifndef BATON_COMMANDS_H
#define BATON_COMMANDS_H

#include "command.h"

/*  One a line, in alphabetical order. */
extern const command_t CMD_artifact_get;
extern const command_t CMD_breakpoint_ask;
extern const command_t CMD_breakpoint_join;
extern const command_t CMD_breakpoint_vote;
extern const command_t CMD_context_bootstrap;
extern const command_t CMD_context_list;
extern const command_t CMD_context_render;
extern const command_t CMD_context_show;
extern const command_t CMD_context_use;
extern const command_t CMD_events;
extern const command_t CMD_identity_rekey;
extern const command_t CMD_inbox;
extern const command_t CMD_invite;
extern const command_t CMD_console;
extern const command_t CMD_join;
extern const command_t CMD_memory_get;
extern const command_t CMD_message_broadcast;
extern const command_t CMD_message_request;
extern const command_t CMD_run_logs;
extern const command_t CMD_session_activate;
extern const command_t CMD_session_attach;
extern const command_t CMD_session_cancel;
extern const command_t CMD_session_children;
extern const command_t CMD_session_create;
extern const command_t CMD_session_handoff;
extern const command_t CMD_session_export;
extern const command_t CMD_session_import;
extern const command_t CMD_session_log;
extern const command_t CMD_session_merge;
extern const command_t CMD_session_migrate;
extern const command_t CMD_session_sleep;
extern const command_t CMD_session_synthesize;
extern const command_t CMD_site_metrics;
extern const command_t CMD_session_push;
extern const command_t CMD_session_wait;
extern const command_t CMD_top;
extern const command_t CMD_trust_add;
extern const command_t CMD_trust_list;
extern const command_t CMD_trust_show;
extern const command_t CMD_version;
extern const command_t CMD_mcp;
extern const command_t CMD_workspace_detect;

/*  In the order of the help. */
extern const command_t *const COMMANDS[];
extern const size_t COMMAND_COUNT;

#endif
