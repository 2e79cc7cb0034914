#!/usr/bin/python3
"""Transcripts become sessions: whole, once, with their runs and times; and sessions become transcripts."""
import json
import os
import signal
import subprocess
import unittest

from harness import BATON, PATIENCE, SystemTest, wait_until

CLAUDE = [
    {"type": "summary", "summary": "Fix the parser", "leafUuid": "u4"},
    {"type": "user", "uuid": "u1", "parentUuid": None, "sessionId": "s", "timestamp": "2026-01-31T12:00:00.359Z",
     "message": {"role": "user", "content": "Why does it fail?"}},
    {"type": "assistant", "uuid": "u2", "parentUuid": "u1", "timestamp": "2026-01-31T12:00:05.000Z",
     "message": {"role": "assistant", "id": "m1", "usage": {"output_tokens": 7}, "content": [
         {"type": "thinking", "thinking": "hm", "signature": "x"},
         {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}}]}},
    {"type": "user", "uuid": "u3", "parentUuid": "u2", "timestamp": "2026-01-31T12:00:06.000Z",
     "toolUseResult": {"stdout": "parse.c"},
     "message": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "parse.c"}]}},
    {"type": "user", "uuid": "u4", "parentUuid": "u3", "timestamp": "2026-01-31T13:00:00.000Z",
     "message": {"role": "user", "content": "Go on"}},
    {"type": "assistant", "uuid": "u5", "parentUuid": "u4", "timestamp": "2026-01-31T13:00:09.000Z",
     "message": {"role": "assistant", "content": [{"type": "text", "text": "Done."}]}},
]
FIRST = 1769860800359


NULLS = [
    {"type": "user", "uuid": "u1", "message": {"role": "user", "content": [None, {"type": "text", "text": "Go"}]}},
    None,
    {"type": "assistant", "uuid": "u2", "message": {"role": "assistant", "content": [
        {"type": "tool_use", "id": "t1", "name": "Bash", "input": None}]}},
    {"type": "user", "uuid": "u3", "message": {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t1", "content": None}]}},
]


class Transcripts(SystemTest):
    def file(self, name, lines):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        return path

    def bring(self, path, *words, code=0):
        text = self.baton("session", "import", path, *words, "-o", "json", code=code)
        return json.loads(text) if code == 0 else text

    def sessions(self):
        return self.admin.call("session.list").get("sessions", [])

    def send(self, session, format_name):
        path = os.path.join(self.directory, f"{format_name}-{len(os.listdir(self.directory))}")
        self.baton("session", "export", session, path, "--format", format_name)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_null_where_there_should_be_something(self):
        found = self.bring(self.file("nulls.jsonl", NULLS), "--from", "claude-code")
        self.assertEqual((found["lines"], found.get("unanswered"), found["noted"]), (4, None, 1))
        items = self.admin.call("item.list", {"session": found["session"]})["items"]
        self.assertEqual([part["kind"] for item in items for part in item["parts"]],
                         ["json", "text", "tool_call", "tool_result"])

    def test_claude_code(self):
        path = self.file("a.jsonl", CLAUDE)
        seen = self.bring(path, "--from", "claude-code", "--dry-run")
        self.assertEqual((seen["items"], seen["runs"], seen.get("session")), (5, 2, None))
        self.assertEqual(self.sessions(), [])
        found = self.bring(path, "--from", "claude-code")
        self.assertEqual((found["lines"], found["items"], found["runs"], found["noted"]), (6, 5, 2, 1))
        session = found["session"]
        state = self.admin.call("session.show", {"session": session})
        self.assertEqual((state["title"], state["state"]), ("Fix the parser", "suspended"))
        self.assertEqual(state["labels"]["imported-from"], "claude-code")
        runs = self.admin.call("run.list", {"session": session})["runs"]
        self.assertEqual([(run["number"], run["outcome"], run["started_at"], run["finished_at"]) for run in runs],
                         [(1, "completed", FIRST, 1769860806000), (2, "completed", 1769864400000, 1769864409000)])
        items = self.admin.call("item.list", {"session": session})["items"]
        self.assertEqual([(item["role"], item.get("run", 0), item["at"]) for item in items],
                         [("user", 0, FIRST), ("assistant", 1, 1769860805000), ("tool", 1, 1769860806000),
                          ("user", 0, 1769864400000), ("assistant", 2, 1769864409000)])
        # Once, and another one only when asked for.
        again = self.bring(path, "--from", "claude-code")
        self.assertEqual((again["session"], again["again"]), (session, True))
        other = self.bring(path, "--from", "claude-code", "--as", "Another")
        self.assertNotEqual(other["session"], session)
        self.assertEqual(sorted(row["title"] for row in self.sessions()), ["Another", "Fix the parser"])
        # And back: what each line said besides is there again.
        lines = [json.loads(line) for line in self.send(session, "claude-code").splitlines()]
        self.assertEqual(lines, CLAUDE[1:])
        # It goes on as any other session does.
        self.admin.call("item.append", {"session": session, "role": "user", "text": "More"})
        self.assertIn("More", self.send(session, "openai"))

    def test_formats(self):
        session = self.bring(self.file("a.jsonl", CLAUDE), "--from", "claude-code")["session"]
        messages = json.loads(self.send(session, "openai"))
        self.assertEqual(messages[1]["tool_calls"][0]["function"], {"name": "Bash", "arguments": '{"command":"ls"}'})
        self.assertEqual(messages[2], {"role": "tool", "tool_call_id": "t1", "content": "parse.c"})
        document = json.loads(self.send(session, "anthropic"))
        self.assertEqual([message["role"] for message in document["messages"]],
                         ["user", "assistant", "user", "assistant"])
        self.assertEqual(document["messages"][2]["content"][0]["type"], "tool_result")
        lines = [json.loads(line) for line in self.send(session, "codex").splitlines()]
        self.assertEqual((lines[0]["type"], lines[1]["timestamp"]), ("session_meta", "2026-01-31T12:00:00.359Z"))
        for name in ("openai", "anthropic", "codex"):
            path = os.path.join(self.directory, "back-" + name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.send(session, name))
            found = self.bring(path, "--from", name)
            self.assertEqual((found["items"], found["runs"], found.get("uncalled", 0)), (found["items"], 2, 0), name)

    def test_a_fork(self):
        session = self.bring(self.file("a.jsonl", CLAUDE), "--from", "claude-code")["session"]
        fork = self.admin.call("session.fork", {"session": session})["session"]
        self.admin.call("item.append", {"session": fork, "role": "user", "text": "Elsewhere"})
        messages = json.loads(self.send(fork, "openai"))
        self.assertEqual((messages[0]["content"], messages[-1]["content"]), ("Why does it fail?", "Elsewhere"))

    def test_long_parts_come_back(self):
        text = "x" * (5 << 20) + "end"
        path = self.file("long.json", [json.dumps([{"role": "user", "content": text}])])
        found = self.bring(path, "--from", "openai")
        self.assertEqual(found["artifacts"], 2)
        self.assertEqual(json.loads(self.send(found["session"], "openai")), [{"role": "user", "content": text}])

    def test_what_was_sent_on_one_long_line_comes_back(self):
        text = "x" * (65 << 20)
        session = self.bring(self.file("long.json", [json.dumps([{"role": "user", "content": text}])]), "--from",
                             "openai")["session"]
        found = self.bring(self.file("long.jsonl", self.send(session, "codex").splitlines()), "--from", "codex")
        self.assertEqual((found["artifacts"], found.get("left_out", 0)), (17, 0), found)

    def test_broken_files(self):
        path = self.file("broken.jsonl", ["not json", '{"role": "user", "content": "Hi"}', '{"role": "assis'])
        found = self.bring(path, "--from", "openai")
        self.assertEqual((found["items"], found["unreadable"]), (1, 2))
        events = self.admin.call("session.log", {"session": found["session"], "limit": 1000})["events"]
        notes = [event["body"]["value"] for event in events if event["kind"] == "transcript_noted"]
        self.assertEqual(notes[0]["text"], "not json")

    def test_refused(self):
        for words, code, problem in [
                (("--from", "chatgpt"), 2, "there are claude-code, codex, openai and anthropic"),
                (("--from", "codex"), 2, "nothing that a codex transcript says"),
                (("--from", "openai", "--update"), 2, "for archives"),
                (("--from", "openai", "--into", "x"), 2, "for --update")]:
            with self.subTest(words):
                path = self.file("refused.jsonl", [{"hello": 1}])
                done = subprocess.run([BATON, "session", "import", path, *words], capture_output=True, text=True,
                                      timeout=PATIENCE, env={**os.environ, "BATON_CONTEXT": self.broker.context})
                self.assertEqual((done.returncode, problem in done.stderr), (code, True), done.stderr)
        self.assertEqual(self.sessions(), [])

    def test_killed_on_the_way(self):
        """Killed at any point it is all there or nothing; done again it is all there, once."""
        lines = [{"role": role, "content": f"{number} " + "word " * 2000}
                 for number in range(2000) for role in ("user", "assistant")]
        path = self.file("large.jsonl", lines)
        for delay in (0.1, 0.3, 0.6):
            child = subprocess.Popen([BATON, "session", "import", path, "--from", "openai"], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL,
                                     env={**os.environ, "BATON_CONTEXT": self.broker.context})
            try:
                child.wait(delay)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait(PATIENCE)
            self.assertIn([self.admin.call("session.show", {"session": row["session"]})["items"]
                           for row in self.sessions()], ([], [4000]))
        self.bring(path, "--from", "openai")
        rows = self.sessions()
        self.assertEqual(len(rows), 1)
        wait_until(lambda: self.admin.call("session.show", {"session": rows[0]["session"]})["items"] == 4000,
                   "all items")


if __name__ == "__main__":
    unittest.main()
