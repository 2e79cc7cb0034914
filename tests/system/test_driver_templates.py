#!/usr/bin/python3
"""deploy/drivers: the agent does its whole story, the shell driver runs commands, and those for Claude Code and Codex call
their programs as they say. These are not here: stand-ins write down how they were called, and answer as documented."""
import json
import os
import unittest

from harness import PATIENCE
from nodes import NodeTest

DRIVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "drivers")

# Each writes its arguments as a line of JSON, and what it got on standard input.
CLAUDE = r"""#!/bin/sh
python3 -c "import json,sys; print(json.dumps(sys.argv[1:]))" "$@" >> "$DIR/claude-calls"
echo "$CLAUDE_CONFIG_DIR" > "$DIR/claude-home"
[ ! -e "$DIR/hang" ] || { echo > "$DIR/hangs"; exec sleep 1000; }
printf '{"type": "result", "is_error": false, "result": "Done.", "session_id": "x", "usage": {"output_tokens": 7}}\n'
"""
CODEX = r"""#!/bin/sh
python3 -c "import json,sys; print(json.dumps(sys.argv[1:]))" "$@" >> "$DIR/codex-calls"
cat > "$DIR/codex-input"
printf '%s\n' '{"type":"thread.started","thread_id":"th-1"}' '{"type":"turn.started"}' \
    '{"type":"item.completed","item":{"id":"i0","type":"reasoning","text":"hm"}}' \
    '{"type":"item.completed","item":{"id":"i1","type":"agent_message","text":"Done."}}' \
    '{"type":"turn.completed","usage":{"input_tokens":9,"output_tokens":5}}'
"""


def driver(name, **env):
    return {"argv": [os.path.join(DRIVERS, name)], "env": env}


class Templates(NodeTest):
    def setUp(self):
        super().setUp()
        for name, text in (("claude", CLAUDE), ("codex", CODEX)):
            self.touch(name, text)
            os.chmod(self.path(name), 0o755)
        self.drivers = {"shell": driver("shell"), "agent": driver("agent"),
                        "claude-code": {**driver("claude-code", CLAUDE=self.path("claude")), "safe_point_grace": 500},
                        "codex": driver("codex", CODEX=self.path("codex"))}
        self.east = self.node("east", self.drivers, slots=4)

    def calls(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def memory(self, session):
        return {entry["key"]: entry["value"] for entry in self.show(session).get("memory", [])}

    def parts(self, session):
        items = self.admin.call("item.list", {"session": session}).get("items", [])
        return [(item["role"], part) for item in items for part in item["parts"]]

    def again(self, session, value):
        number = self.show(session)["run"]["number"] + 1
        self.admin.call("session.activate", {"session": session, "input": value})
        return self.until(session, lambda s: s["run"]["number"] == number and s["state"] != "running", "the next run")

    def test_agent(self):
        session = self.create("Publish", driver="agent")
        self.admin.call("item.append", {"session": session, "role": "user", "text": "five words are in here"})
        self.admin.call("session.activate", {"session": session})
        state = self.until(session, lambda s: s.get("breakpoints"), "the question")
        self.assertEqual([(d["key"], d["value"]) for d in state["decisions"]], [("length", "short")])
        self.assertEqual(self.memory(session), {"words": 5})
        self.assertEqual(state.get("mailbox", []), [])
        child = self.admin.call("session.children", {"session": session})["children"][0]["session"]
        self.until(child, lambda s: s["state"] == "terminated", "the child's end")
        self.enrolled("alice", "operator").call("breakpoint.vote", {"session": session, "breakpoint": 1,
                                                                    "option": "approve"}, timeout=PATIENCE)
        state = self.until(session, lambda s: s["state"] == "terminated", "the end")
        self.assertEqual(state["cause"], "completed", self.logs(session))
        self.assertEqual(self.items(session)[-1], "Published: the text is short.")
        content = self.admin.call("artifact.get", {"session": session, "name": "text.txt"})["content"]
        self.assertEqual(content, b"five words are in here\n")

    def test_shell(self):
        session = self.begin("make", driver="shell", input="printf 'a\\033[1mb\\n'; exit 3")
        state = self.until_settled(session)
        self.assertEqual((state["run"]["outcome"], state["run"]["exit_code"]), ("failed", 3), self.logs(session))
        call, result = [part for _, part in self.parts(session)]
        self.assertEqual((call["kind"], call["tool"], call["call"]), ("tool_call", "shell", "run-1-1"))
        self.assertEqual((result["call"], result["error"], result["text"]), ("run-1-1", True, "a[1mb\nexit code 3"))
        state = self.again(session, {"command": "true"})
        self.assertEqual(state["run"]["outcome"], "completed", self.logs(session))
        state = self.again(session, None)
        self.assertEqual(state["run"]["exit_code"], 2)

    def test_claude_code(self):
        session = self.begin("fix", driver="claude-code", input="Fix it")
        state = self.until_settled(session)
        self.assertEqual(state["run"]["outcome"], "completed", self.logs(session))
        conversation = self.memory(session)["claude-conversation"]
        self.assertEqual(self.calls("claude-calls")[0],
                         ["--print", "--output-format", "json", "--session-id", conversation, "--permission-mode",
                          "acceptEdits", "Fix it"])
        self.assertEqual(self.items(session), ["Fix it", "Done."])
        self.again(session, {"prompt": "And test it"})
        self.assertIn(["--resume", conversation], [call[3:5] for call in self.calls("claude-calls")])
        self.assertEqual(self.items(session), ["Fix it", "Done.", "And test it", "Done."])
        with open(self.path("claude-home"), encoding="utf-8") as file:
            self.assertEqual(file.read().strip(), self.east.workspace(session) + "/.claude-session")

    def test_claude_code_cut_off(self):
        """Suspended in the middle of a turn, the next run goes on with the same conversation."""
        self.touch("hang")
        session = self.begin("fix", driver="claude-code", input="Fix it")
        self.wait_file("hangs")
        self.admin.call("session.suspend", {"session": session})
        self.until_settled(session)
        os.unlink(self.path("hang"))
        state = self.again(session, "Fix it")
        self.assertEqual(state["run"]["outcome"], "completed", self.logs(session))
        first, second = self.calls("claude-calls")
        self.assertEqual((first[3], second[3]), ("--session-id", "--resume"))
        self.assertEqual(first[4], second[4])

    def test_codex(self):
        session = self.begin("fix", driver="codex", objective="Fix it")
        state = self.until_settled(session)
        self.assertEqual(state["run"]["outcome"], "completed", self.logs(session))
        self.assertEqual(self.calls("codex-calls")[0], ["exec", "--json", "--full-auto", "--skip-git-repo-check", "-"])
        with open(self.path("codex-input"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "Fix it")
        self.assertEqual(self.memory(session), {"codex-thread": "th-1"})
        self.again(session, "And test it")
        self.assertEqual(self.calls("codex-calls")[1][:4], ["exec", "resume", "th-1", "--json"])
        items = self.admin.call("item.list", {"session": session})["items"]
        self.assertEqual([(item["role"], item["parts"][0]["text"], item["tokens"]) for item in items[1::2]],
                         [("assistant", "Done.", 5), ("assistant", "Done.", 5)])

    def test_configuration(self):
        """node.zpl, with DIR replaced, is a configuration, and its default runs."""
        node = self.prepare("all", {})
        with open(os.path.join(DRIVERS, "node.zpl"), encoding="utf-8") as file:
            text = file.read().replace("DIR/", DRIVERS + "/")
        with open(node.config, "w", encoding="utf-8") as file:
            file.write(text)
        node.start()
        session = self.begin("default", node="all", input="echo hello")
        self.until_settled(session)
        self.assertEqual(self.logs(session), "hello\n")


if __name__ == "__main__":
    unittest.main()
