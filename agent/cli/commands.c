#include "commands.h"

/*  Methods whose words stand in another order than their fields. */
static const command_t PENDING = {
    .noun = "breakpoint", .verb = "list", .method = METHOD_breakpoint_list, .positionals = "session"};
static const command_t SEND = {
    .noun = "message", .verb = "send", .method = METHOD_message_send, .positionals = "to body"};
static const command_t REPLY = {
    .noun = "message", .verb = "reply", .method = METHOD_message_reply, .positionals = "session id body"};
static const command_t APPEND = {
    .noun = "item", .verb = "append", .method = METHOD_item_append, .positionals = "session role text"};
static const command_t PUT = {
    .noun = "artifact", .verb = "put", .method = METHOD_artifact_put, .positionals = "session name content"};
static const command_t DECIDE = {
    .noun = "decision", .verb = "record", .method = METHOD_decision_record, .positionals = "session key value why"};

static const command_t LOAD = {
    .noun = "session", .verb = "load", .method = METHOD_session_load, .positionals = "session"};
static const command_t RESTORE = {
    .noun = "session", .verb = "restore", .method = METHOD_session_restore, .positionals = "session"};

const command_t *const COMMANDS[] = {
    &CMD_invite,
    &CMD_console,
    &CMD_join,
    &CMD_events,
    &CMD_inbox,
    &CMD_top,
    &CMD_version,
    &CMD_mcp,
    &CMD_workspace_detect,
    &CMD_context_list,
    &CMD_context_use,
    &CMD_context_show,
    &CMD_context_render,
    &CMD_context_bootstrap,
    &CMD_session_create,
    &CMD_session_activate,
    &CMD_session_attach,
    &CMD_session_handoff,
    &CMD_session_log,
    &CMD_session_cancel,
    &CMD_session_children,
    &CMD_session_sleep,
    &CMD_session_synthesize,
    &CMD_site_metrics,
    &CMD_session_wait,
    &CMD_session_merge,
    &CMD_session_migrate,
    &CMD_session_export,
    &CMD_session_import,
    &CMD_session_push,
    &CMD_identity_rekey,
    &CMD_trust_add,
    &CMD_trust_list,
    &CMD_trust_show,
    &CMD_run_logs,
    &CMD_memory_get,
    &CMD_artifact_get,
    &LOAD,
    &RESTORE,
    &PUT,
    &APPEND,
    &DECIDE,
    &CMD_breakpoint_ask,
    &CMD_breakpoint_join,
    &CMD_breakpoint_vote,
    &PENDING,
    &SEND,
    &REPLY,
    &CMD_message_broadcast,
    &CMD_message_request,
};
const size_t COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS;
