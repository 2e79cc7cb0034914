#!/usr/bin/python3
"""Where a run goes: by node name, labels, driver and free slots, in the order of priority; and how it waits."""
import os
import subprocess
import unittest

from harness import BATON, PATIENCE, wait_until
from nodes import WORDS, NodeTest, home, phase

# Tells that it began, in the order of beginning, and goes on until the test lets it end.
HOLD = WORDS + 'echo "$BATON_OBJECTIVE" >> "$DIR/order"; WAIT "end-$BATON_OBJECTIVE"\n'
DRIVERS = {"default": HOLD}


class Placement(NodeTest):
    def begin(self, title, **fields):
        return super().begin(title, objective=title, **fields)

    def queued(self, session):
        return self.until(session, lambda s: phase(s) == "queued", f"{session} to be queued")

    def order(self):
        with open(self.path("order"), encoding="ascii") as file:
            return file.read().split()

    def end(self, title, session):
        self.touch(f"end-{title}")
        self.until_settled(session)

    def test_by_name(self):
        for name in ("east", "west"):
            self.node(name, DRIVERS)
        for title, node in (("a", "west"), ("b", "east"), ("c", "west")):
            self.until_running(self.begin(title, node=node), node)

    def test_by_labels(self):
        self.node("plain", DRIVERS)
        self.node("near", DRIVERS, labels={"zone": "a", "gpu": "no"})
        self.node("strong", DRIVERS, labels={"zone": "a", "gpu": "yes"})
        for title, selector, node in [("a", {"gpu": "yes"}, "strong"), ("b", {"zone": "a", "gpu": "no"}, "near"),
                                      ("c", {"zone": "a", "gpu": "yes"}, "strong")]:
            self.until_running(self.begin(title, selector=selector), node)
        for selector in ({"zone": "b"}, {"gpu": "yes", "other": "x"}):
            self.queued(self.begin("nowhere", selector=selector))

    def test_by_driver(self):
        self.node("east", {"default": HOLD})
        self.node("west", {"special": HOLD})
        self.until_running(self.begin("a", driver="special"), "west")
        self.until_running(self.begin("b"), "east")
        self.queued(self.begin("c", driver="nobody-has-it"))

    def test_by_free_slots(self):
        self.node("big", DRIVERS, slots=3)
        self.node("small", DRIVERS, slots=2)
        sessions = {title: self.begin(title) for title in "abcde"}
        homes = [home(self.until_running(session)) for session in sessions.values()]
        self.assertEqual(homes, ["big", "big", "small", "big", "small"])
        self.assertEqual({node["name"]: node["active"] for node in self.admin.call("node.list")["nodes"]},
                         {"big": 3, "small": 2})

    def test_it_waits_for_a_slot_in_the_order_of_priority(self):
        self.node("east", DRIVERS, slots=1)
        first = self.begin("first")
        self.until_running(first)
        waiting = {title: self.begin(title, priority=priority)
                   for title, priority in (("low", 1), ("high", 9), ("middle", 5), ("high-too", 9), ("none", 0))}
        for session in waiting.values():
            self.queued(session)
        sessions = {"first": first, **waiting}
        due = ["first", "high", "high-too", "middle", "low", "none"]
        for number, title in enumerate(due, 1):
            wait_until(lambda: len(self.order()) == number, f"{title} to begin")
            self.assertEqual(self.order(), due[:number])
            self.end(title, sessions[title])

    def test_a_run_that_waits_can_be_stopped(self):
        self.node("east", DRIVERS, slots=1)
        self.until_running(self.begin("first"))
        for verb, state in (("cancel", "terminated"), ("interrupt", "suspended"), ("suspend", "suspended")):
            session = self.begin(verb)
            self.queued(session)
            self.admin.call(f"session.{verb}", {"session": session})
            self.assertEqual(self.until_settled(session)["state"], state)
        self.assertEqual(self.order(), ["first"])

    def test_it_waits_for_a_node(self):
        session = self.begin("early")
        self.queued(session)
        self.node("east", DRIVERS)
        self.until_running(session, "east")

    def told(self, *arguments):
        """The id that a command has printed, and what it said beside."""
        done = subprocess.run([BATON, *arguments, "-o", "name"], capture_output=True, text=True, timeout=PATIENCE,
                              check=True, env={**os.environ, "BATON_CONTEXT": self.broker.context})
        return done.stdout.strip(), done.stderr

    def test_what_no_node_has_is_said_at_once(self):
        warning = "baton: warning: a run of it will wait: "
        early, said = self.told("session", "create", "early", "--activate")
        self.assertEqual(said, warning + "no node has registered\n")
        self.assertEqual(self.told("session", "create", "not wanted yet")[1], "")
        east = self.node("east", DRIVERS, labels={"zone": "a"})
        self.until_running(early, "east")
        for arguments, why in [(("--driver", "mistyped"), "no node has the driver mistyped"),
                               (("--node", "esat"), "there is no node esat"),
                               (("--node", "east", "--driver", "mistyped"), "node east has no driver mistyped"),
                               (("--selector", "zone=b"), "no node matches the session's selector")]:
            with self.subTest(why):
                session, said = self.told("session", "create", why, *arguments)
                self.assertEqual(said, f"{warning}{why}\n")
                self.assertEqual(self.told("session", "activate", session)[1], f"{warning}{why}\n")
                rows = {row["session"]: row for row in self.admin.call("session.list")["sessions"]}
                self.assertEqual((rows[session]["waiting"], rows[early].get("waiting")), (why, None))
                self.assertIn(why, self.baton("session", "list"))
        self.assertEqual(self.told("session", "create", "all is there", "--node", "east", "--activate")[1], "")
        source = self.create("source")
        for method in ("session.fork", "session.spawn"):
            answer = self.admin.call(method, {"session": source, "title": "x", "driver": "mistyped"})
            self.assertEqual(answer["waiting"], "no node has the driver mistyped")
        first = next(row["session"] for row in self.admin.call("session.list")["sessions"]
                     if row["title"] == "no node has the driver mistyped")
        # A node that is not up is known; and one that comes has what was missing.
        east.stop()
        self.assertNotIn("waiting", self.admin.call("session.create", {"title": "x", "node": "east"}))
        self.node("west", {"mistyped": DRIVERS["default"]})
        self.until_running(first, "west")

    def test_the_next_run_goes_where_the_workspace_is(self):
        self.node("east", DRIVERS)
        session = self.begin("a")
        self.until_running(session, "east")
        self.end("a", session)
        self.node("roomy", DRIVERS, slots=64)
        self.admin.call("session.activate", {"session": session})
        self.until(session, lambda s: s["run"]["number"] == 2 and home(s) == "east" and s["state"] != "running",
                   "the second run to end at home")

    def test_more_runs_than_slots(self):
        """All get their turn, and no node ever has more than its slots."""
        self.node("east", {"default": WORDS + 'SAY peak "$(ls "$DIR" | grep -c ^in-)"; : > "$DIR/in-$$"; sleep 0.03\n'
                                              'SAY peak "$(ls "$DIR" | grep -c ^in-)"; rm "$DIR/in-$$"\n'}, slots=3)
        sessions = [self.begin(f"s{number}") for number in range(20)]
        for session in sessions:
            self.assertEqual(self.until_settled(session)["run"]["outcome"], "completed")
        with open(self.path("peak"), encoding="ascii") as file:
            self.assertLessEqual(max(int(line) for line in file), 3)


if __name__ == "__main__":
    unittest.main()
