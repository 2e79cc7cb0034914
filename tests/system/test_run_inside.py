#!/usr/bin/python3
"""What a run may do, and where it works: its own session and nothing else, in a workspace that is one."""
import os
import stat
import unittest

from harness import Refused
from methods import METHODS
from nodes import Local, WORDS, NodeTest

HOLD = WORDS + 'DUMP "env-$BATON_SESSION-$BATON_RUN"; WAIT go\n'


class Inside(NodeTest):
    def setUp(self):
        super().setUp()
        self.east = self.node("east", {"default": HOLD})
        self.session, self.other = self.begin("mine"), self.begin("theirs")
        for session in (self.session, self.other):
            self.until_running(session)
        self.run = self.local(f"env-{self.session}-1")
        self.theirs = self.local(f"env-{self.other}-1")

    def test_it_works_on_its_own_session(self):
        self.run.call("memory.set", {"key": "k", "value": 1})
        self.run.call("memory.set", {"session": self.session, "key": "l", "value": 2})
        self.assertEqual([(entry["key"], entry["run"]) for entry in self.show(self.session)["memory"]],
                         [("k", 1), ("l", 1)])
        self.assertEqual(self.run.call("session.show")["session"], self.session)
        self.assertNotIn("memory", self.show(self.other))

    def test_no_other_session(self):
        before = self.show(self.other)["n"]
        for method, body in [
                ("memory.set", {"key": "k", "value": 1}), ("memory.delete", {"key": "k"}), ("session.complete", {}),
                ("session.suspend", {}), ("item.append", {"role": "user", "text": "x"}), ("session.show", {}),
                ("session.log", {}), ("message.list", {}), ("artifact.put", {"name": "a", "content": b"x"}),
                ("breakpoint.ask", {"key": "k", "title": "t"}), ("memory.list", {}), ("run.list", {})]:
            with self.subTest(method):
                self.refused("permission_denied", "not_your_session", self.run.call, method,
                             {"session": self.other, **body})
        self.assertEqual(self.show(self.other)["n"], before)

    def test_not_what_operators_and_nodes_do(self):
        for method, body in [
                ("session.activate", {}), ("session.cancel", {}), ("session.interrupt", {}), ("session.migrate", {}),
                ("run.started", {"run": 1, "attempt": 9}), ("run.finished", {"run": 1}), ("migration.abort", {}),
                ("node.register", {"slots": 1}), ("node.assignments", {}), ("session.create", {"title": "x"}),
                ("identity.list", {}), ("events.read", {}), ("events.subscribe", {}), ("session.list", {}),
                ("breakpoint.vote", {"breakpoint": 1, "option": "approve"}), ("budget.set", {"tokens": 9})]:
            with self.subTest(method):
                self.refused("permission_denied", "not_allowed", self.run.call, method, body)

    # What ends the run that speaks: tried by themselves.
    LAST = ("session.complete", "session.suspend", "session.sleep")

    def test_each_method(self):
        """The whole table, from a run: what is for runs comes through to the broker, which may still find the request
        wanting; all else is refused by the node."""
        values = {"session": self.session, "to": self.other, "ref": self.session}
        for method in METHODS:
            with self.subTest(method.name):
                body = method.body(**values)
                if method.access == "internal":
                    self.refused("invalid_argument", "unknown_method", self.run.call, method.name, body)
                elif method.inside == "no":
                    self.refused("permission_denied", "not_allowed", self.run.call, method.name, body)
                elif method.name not in self.LAST:
                    self.comes_through(method.name, body)
        self.comes_through("session.suspend", {"session": self.session})
        self.until(self.session, lambda s: s["run"].get("stop") or s["state"] != "running", "the run to be stopped")

    def comes_through(self, method, body):
        try:
            self.run.call(method, body, timeout=20)
        except Refused as refused:
            failure = refused.failure
            self.assertNotIn(failure.get("reason"), ("not_allowed", "not_your_session", "unknown_method"), failure)
            self.assertNotIn(failure["status"], ("unavailable", "deadline_exceeded", "internal"), failure)

    def test_methods_of_the_broker_alone_are_unknown(self):
        for method in ("session.fence", "session.place", "session.tick", "message.deliver", "nothing.such"):
            with self.subTest(method):
                self.refused("invalid_argument", "unknown_method", self.run.call, method, {})

    def test_a_header_grants_nothing(self):
        answer = self.run.call("memory.set", {"key": "k", "value": 1}, session=self.other, run=7, epoch=99)
        self.assertEqual(answer["session"], self.session)
        self.assertEqual(self.events(self.session, "memory_set")[0]["run"], 1)
        self.assertEqual(self.events(self.other, "memory_set"), [])

    def test_tokens(self):
        stale = Local(self.run.endpoint, self.run.token)
        self.sockets.append(stale)
        for token in ("", "x", self.run.token[:-1], "0" * 64, None):
            with self.subTest(token):
                self.refused("unauthenticated", "not_your_session", stale.call, "session.show", {}, token=token)
        self.assertNotEqual(self.run.token, self.theirs.token)
        self.touch("go")
        self.until_settled(self.session)
        self.refused("unauthenticated", "not_your_session", stale.call, "memory.set", {"key": "k", "value": 1})
        self.admin.call("session.activate", {"session": self.session})
        second = self.local(f"env-{self.session}-2")
        self.assertNotEqual(second.token, stale.token)
        self.refused("unauthenticated", "not_your_session", stale.call, "memory.set", {"key": "k", "value": 1})

    def test_the_socket_is_the_users_own(self):
        mode = os.stat(os.path.join(self.east.state, "node.sock")).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_nothing_of_the_nodes_own_is_in_its_environment(self):
        with open(self.path(f"env-{self.session}-1"), encoding="utf-8") as file:
            names = {line.split("=")[0] for line in file if "=" in line}
        self.assertEqual(names, {"BATON_SOCKET", "BATON_TOKEN", "BATON_SESSION", "BATON_RUN", "BATON_ATTEMPT",
                                 "BATON_WORKSPACE", "BATON_OBJECTIVE", "BATON_INPUT"})

    def test_garbage_on_the_socket(self):
        for frames in ([b""], [b"BTN1Q"], [b"BTN1Q", b"\xc1", b""], [b"BTN1Q", b"\x80", b"\x80"], [b"x"] * 9,
                       [b"BTN1Q", b"\x81\xa2id" + b"\xff" * 5000, b""], [b"BTN1Q", b"", b"\xdd\xff\xff\xff\xff"]):
            self.run.socket.send_multipart(frames)
        while self.run.socket.poll(0):
            self.run.socket.recv_multipart()
        self.assertEqual(self.run.call("session.show")["session"], self.session)
        self.assertTrue(self.east.alive())


class Workspace(NodeTest):
    """A workspace that can't be worked in fails the run, and says why."""

    def setUp(self):
        super().setUp()
        self.east = self.node("east", {"default": "pwd > here; cat here\n"})

    def test_that_cannot_be_used(self):
        self.touch("file")
        os.symlink(self.path("nowhere"), self.path("dangling"))
        for name, problem in [("missing", "is not there"), ("file", "is a file"), ("file/below", "Not a directory"),
                              ("dangling", "is not there")]:
            with self.subTest(name):
                path = self.path(name)
                state = self.until_settled(self.begin(name.replace("/", "-"), workspace=path))
                self.assertEqual((state["cause"], state["run"]["outcome"]), ("run_failed", "failed"))
                self.assertIn(problem, state["run"]["detail"])
                self.assertIn(path, state["run"]["detail"])

    def test_it_can_be_made_and_the_session_goes_on(self):
        path = self.path("later")
        session = self.begin("later", workspace=path)
        self.assertEqual(self.until_settled(session)["run"]["outcome"], "failed")
        os.mkdir(path)
        self.admin.call("session.activate", {"session": session})
        state = self.until(session, lambda s: s["run"]["number"] == 2 and s["state"] != "running", "the second run")
        self.assertEqual(state["run"]["outcome"], "completed")
        self.assertEqual(self.logs(session), path + "\n")

    def test_paths_that_leave_it(self):
        for workspace in ("relative", "./here", "/srv/../etc", "/.."):
            with self.subTest(workspace):
                failure = self.refused("invalid_argument", "bad_value", self.create, "x", workspace=workspace)
                self.assertEqual(failure["field"], "workspace")
        for binding in ("/etc/passwd", "../secret", "a/../../b", ".."):
            with self.subTest(binding):
                failure = self.refused("invalid_argument", "bad_value", self.create, "x", workspace="/srv",
                                       bindings=[{"path": binding}])
                self.assertEqual(failure["field"], "bindings")
        self.assertEqual(self.admin.call("session.list").get("sessions", []), [])

    def test_one_that_the_node_makes(self):
        session = self.begin("own")
        self.until_settled(session)
        self.assertEqual(self.logs(session), self.east.workspace(session) + "\n")


if __name__ == "__main__":
    unittest.main()
