/*  The commands that the method table alone does not make. Each cmd_*.c declares its own. */
#ifndef BATON_COMMANDS_H
#define BATON_COMMANDS_H

#include "command.h"

extern const command_t CMD_artifact_get, CMD_breakpoint_ask, CMD_breakpoint_vote, CMD_session_activate,
    CMD_session_create, CMD_context_list, CMD_context_bootstrap, CMD_context_render, CMD_context_show, CMD_context_use,
    CMD_events, CMD_inbox, CMD_invite, CMD_join, CMD_memory_get, CMD_run_logs, CMD_session_cancel, CMD_session_children,
    CMD_session_log, CMD_session_migrate, CMD_session_wait, CMD_version, CMD_workspace_detect;

/*  In the order of the help. */
extern const command_t *const COMMANDS[];
extern const size_t COMMAND_COUNT;

#endif
