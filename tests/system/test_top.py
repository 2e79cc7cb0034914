"""What is live on a terminal: the rooms of breakpoints, and `baton top`."""
import os
import subprocess
import unittest

from harness import SystemTest, wait_until
from nodes import Node
from terminal import Terminal

PATCH = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new \u65e5\u672c\u8a9e\n"


class TopTest(SystemTest):

    def person(self, name):
        """The context of a new operator."""
        token = self.baton("invite", name, "--role", "operator", "-o", "name").strip()
        path = os.path.join(self.directory, name + ".ctx")
        self.baton("join", token, "--name", path)
        return path

    def ask(self, session, key, **fields):
        body = {"session": session, "key": key, "title": "Release 1.1?", "policy": {"kind": "quorum", "k": 2}, **fields}
        return self.admin.call("breakpoint.ask", body)["breakpoint"]

    def breakpoint(self, session, number):
        return self.admin.call("breakpoint.show", {"session": session, "breakpoint": number})["breakpoint"]

    def present(self, session, number):
        return [one["actor"] for one in self.breakpoint(session, number).get("present", [])]


class RoomTest(TopTest):

    def setUp(self):
        super().setUp()
        self.session = self.admin.call("session.create", {"title": "release"})["session"]
        self.alice, self.bob = self.person("alice"), self.person("bob")

    def test_two_rooms_decide_together(self):
        self.ask(self.session, "release", body=PATCH, deadline=7200000)
        alice, bob = Terminal(self, self.alice), Terminal(self, self.bob, columns=60, rows=16)
        alice.run("baton breakpoint join release/1")
        alice.shows(r"release/1 +approval .* left", r"^Release 1\.1\?", r"^\+new \u65e5\u672c\u8a9e",
                    r"none / needs 2", r"here: alice +\u00b7")
        bob.run("baton breakpoint join release/1")
        for terminal in alice, bob:
            terminal.shows(r"here: alice, bob")
        alice.type("is \u65e5\u672c right?", "Enter")
        bob.shows(r"alice: is \u65e5\u672c right\?")
        # A text that would turn what follows around, were it shown as it is.
        self.admin.call("breakpoint.comment", {"session": self.session, "breakpoint": 1, "text": "yes\u202eon"})
        alice.shows(r"admin: yes\\u202eon")
        # An option by its beginning, with a reason.
        bob.type("/v", "Tab", "a", "Tab", "as discussed", "Enter")
        for terminal in alice, bob:
            terminal.shows(r"bob votes approve: as discussed", r"^\[#-\] approve 1 / needs 2")
        alice.type("/vote sure", "Enter")
        alice.shows(r"vote for one of: approve, reject")
        alice.type("C-u", "/claim", "Enter")
        bob.shows(r"claimed by alice")
        alice.resize(40, 10)
        alice.type("/vote reject", "Enter")
        bob.shows(r"approve 1, reject 1")
        alice.shows(r"reject 1", r"^>")
        # The broker restarts under them.
        self.broker.stop()
        bob.shows("no answer from tcp://")
        self.broker.start()
        bob.shows("answers again")
        alice.type("/vote approve", "Enter")
        for terminal in alice, bob:
            terminal.shows(r"decided", r"approve 2 +\u2192 approve")
        # An outcome that came first is shown.
        bob.type("/vote reject", "Enter")
        bob.shows(r"decided")
        alice.type("/leave", "Enter")
        alice.shows(rf"{self.session}/1: decided, approve\s+ready")
        bob.type("C-c")
        bob.shows(rf"{self.session}/1: decided, approve\s+ready")

    def test_what_was_written_stays_on_its_line(self):
        """What the broker lets through may still turn the writing around; and who may only look, looks."""
        self.ask(self.session, "count", kind="input", title="How many?", policy={"kind": "first"},
                 schema={"description": "one\u202etwo"})
        token = self.baton("invite", "eve", "--role", "observer", "-o", "name").strip()
        eve = os.path.join(self.directory, "eve.ctx")
        self.baton("join", token, "--name", eve)
        terminal = Terminal(self, eve)
        terminal.run("baton breakpoint join release/1")
        terminal.shows("How many", r"one\\u202etwo", "you have not joined")
        self.baton("breakpoint", "vote", "release/1", "--value", "a\u2066twelve", BATON_CONTEXT=self.bob)
        terminal.shows(r"bob votes answer a\\u2066twelve")
        terminal.type("C-u")
        terminal.shows("nothing is left to decide")
        self.baton("identity", "revoke", "eve")
        terminal.shows(r"^baton: ", r"^ready\$\s*\Z")

    def test_presence_ends_with_the_room(self):
        self.ask(self.session, "first")
        self.ask(self.session, "second")
        alice, bob = Terminal(self, self.alice), Terminal(self, self.bob)
        for way in "/leave", "C-c":
            alice.run("baton breakpoint join release/1")
            alice.shows("here: alice")
            alice.type(*([way] if way == "C-c" else [way, "Enter"]))
            alice.shows(r"/1: open, none / needs 2\s+ready")
            self.assertEqual(self.present(self.session, 1), [])
            alice.type("clear", "Enter")
        bob.run("baton breakpoint join release/2")
        bob.shows("here: bob")
        # Another screen of the same person, that ends: whose room is open is there.
        self.baton("breakpoint", "leave", "release/2", BATON_CONTEXT=self.bob)
        wait_until(lambda: self.present(self.session, 2) == ["bob"], "bob to be there again")
        bob.close()
        wait_until(lambda: not self.present(self.session, 2), "bob to be gone with the terminal")
        # Scripts, and whoever says so, see what they always saw.
        self.assertIn("BREAKPOINT", self.baton("breakpoint", "join", "release/2", BATON_CONTEXT=self.alice))
        self.assertEqual(self.present(self.session, 2), ["alice"])
        for flag in "--no-room", "-o table", "| cat":
            alice.run(f"clear; baton breakpoint join release/1 {flag}")
            alice.shows(rf"{self.session} .* 1\s+ready")
        alice.run("clear; TERM=dumb baton breakpoint join release/1")
        alice.shows(rf"{self.session} .* 1\s+ready")
        alice.run("clear; baton breakpoint join release/9")
        alice.shows("has no breakpoint 9")


class ListsTest(TopTest):

    def setUp(self):
        super().setUp()
        self.alice = self.person("alice")
        self.node = Node(self, "east", {"default": "exec sleep 1000"}).start()
        self.addCleanup(self.node.close)

    def create(self, title, **fields):
        return self.admin.call("session.create", {"title": title, **fields})["session"]

    def test_a_site_is_seen_and_decided_from_one_screen(self):
        top = Terminal(self, self.alice)
        top.run("baton top")
        top.shows(r"1 Sessions 0 +2 Runs 0 +3 Breakpoints 0 +4 Nodes 1", r"^ none", r"\? help")
        # What happens is seen without a key.
        payroll = self.create("payroll \u65e5\u672c\u8a9e", labels={"team": "core"})
        top.shows(r"^payroll \u65e5\u672c\u8a9e +suspended", r"Sessions 1")
        self.admin.call("session.activate", {"session": payroll})
        top.shows(r"^payroll \u65e5\u672c\u8a9e +running .* running")
        top.type("2")
        top.shows(r"^payroll .* 1 +running +running? +east|^payroll .* 1 +running +east")
        top.type("4")
        top.shows(r"^east +up +1 +4")
        # The sessions of a node.
        self.create("elsewhere")
        top.type("Enter")
        top.shows(r"Sessions 1/2", r"^payroll", r"^/east")
        top.type("Escape")
        top.shows(r"Sessions 2 ", r"^elsewhere")
        top.type("/", "CORE", "Enter")
        top.shows(r"Sessions 1/2")
        top.hides("^elsewhere")
        top.type("Escape", "s")
        top.shows(r"^TITLE\u2191")
        self.assertLess(*(top.screen().index(title) for title in ("elsewhere", "payroll")))
        top.type("r")
        top.shows(r"^TITLE\u2193", r"payroll[^\n]*\nelsewhere")
        # A session's page is live, too.
        top.type("g", "Enter")
        top.shows(r"payroll .* running", r"last runs\n +1 running", r"run_started")
        self.ask(payroll, "pay", title="Pay 214 people?", body='{"sum": 214000}')
        top.shows(r"1 Pay 214 people\? \(none / needs 2\)", r"breakpoint_opened")
        top.type("Escape", "3")
        top.shows(r"^Pay 214 people\? +none / needs 2")
        self.decide(top, payroll)
        self.check_ends(top)

    def decide(self, top, session):
        """Joins, votes and leaves from a breakpoint's page, with another voter elsewhere."""
        top.type("Enter")
        top.shows(r'"sum": 214000', "here: nobody")
        top.type("J")
        top.shows("here: alice")
        top.type("c", "one moment", "Enter")
        top.shows("alice: one moment")
        top.type("C")
        top.shows("claimed by alice")
        top.type("v", "approve totals match", "Enter")
        top.shows("alice votes approve: totals match", r"^\[#-\]")
        top.resize(46, 9)
        top.shows(r"here: alice", r"v vote")
        top.resize(80, 24)
        top.type("L")
        top.shows("here: nobody")
        self.assertEqual(self.present(session, 1), [])
        bob = self.enrolled("bob", "operator")
        bob.call("breakpoint.vote", {"session": session, "breakpoint": 1, "option": "approve"})
        top.shows("decided: approve")
        top.type("v", "reject", "Enter")
        top.shows("is decided: approve")
        top.type("Escape")
        top.shows("Breakpoints 0", "^ none")

    def quit(self, top):
        top.type("q")
        top.shows(r"^ready\$\s*\Z")

    def check_ends(self, top):
        """The broker's end is survived; every end of ours leaves the terminal as it was."""
        top.type("1")
        self.broker.stop()
        top.shows("no answer from tcp://")
        self.broker.start()
        top.shows("answers again")
        self.create("after the restart")
        top.shows("^after the restart")
        top.resize(30, 6)
        top.shows("^after the rest")
        top.resize(80, 24)
        for end in "q", "C-c", "C-z":
            top.type(end)
            if end == "C-z":
                top.shows("Stopped")
                top.run("kill -TERM %1; fg")
            top.shows(r"^baton top\s+ready\$\s*\Z" if end == "C-z" else r"^ready\$\s*\Z")
            top.run("stty -a | grep -o -- ' -*echo '; stty -a | grep -o -- ' -*icanon '")
            top.shows(r"^ echo\n icanon\nready")
            top.run("clear; baton top")
            top.shows("Sessions 3")
        self.assertRegex(top.screen("-e"), r"\x1b\[[0-9;]*32")
        self.quit(top)
        top.run("clear; NO_COLOR=1 baton top")
        self.assertNotRegex(top.shows("Sessions 3") and top.screen("-e"), r"\x1b\[[0-9;]*3[0-7]")
        self.quit(top)
        top.run("clear; TERM=dumb baton top")
        top.shows("needs a terminal")
        top.run(f"clear; BATON_SOCKET=ipc:///nowhere BATON_SESSION={'z' * 20} BATON_RUN=1 BATON_TOKEN={'0' * 64} baton top")
        top.shows("not for a run")
        self.assertIn("needs a terminal", self.baton("top", code=5))

    def test_many_sessions(self):
        sessions = [self.create(f"session {number:04}") for number in range(1200)]
        top = Terminal(self, self.alice, columns=120, rows=40)
        top.run("baton top")
        top.shows("Sessions 1200")
        top.type("/", "session 0007", "Enter")
        top.shows("Sessions 1/1200", "^session 0007 +suspended")
        for session in sessions[:20]:
            self.admin.call("session.activate", {"session": session})
        top.shows("^session 0007 +(running|queued)")
        top.type("Escape", "2")
        top.shows("Runs 20 ", "queued", "running")

if __name__ == "__main__":
    unittest.main()
