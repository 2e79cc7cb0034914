"""What is live on a terminal: the rooms of breakpoints, and `baton top`."""
import os
import subprocess
import unittest

from harness import SystemTest, wait_until
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


if __name__ == "__main__":
    unittest.main()
