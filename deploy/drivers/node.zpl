#   The drivers of this folder, for a node's configuration. DIR is this folder; `jq` must be on the host.
drivers
    default
        command = "exec DIR/shell"
    shell
        command = "exec DIR/shell"
    claude-code
        command = "exec DIR/claude-code"
        safe_point_grace = 60000
        env
            CLAUDE_FLAGS = "--permission-mode acceptEdits --max-turns 50"
    codex
        command = "exec DIR/codex"
        safe_point_grace = 60000
        env
            CODEX_FLAGS = "--full-auto --skip-git-repo-check"
    agent
        command = "exec DIR/agent"
