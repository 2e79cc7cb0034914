#!/usr/bin/python3
"""Where a run goes: by node name, labels, driver and free slots, in the order of priority; and how it waits."""
import unittest

from harness import wait_until
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
