#!/usr/bin/python3
"""Runs as processes: how they start, end, are stopped, and what they may not leave behind."""
import os
import signal
import stat
import subprocess
import time
import unittest

from harness import BATON, PATIENCE, wait_until
from nodes import WORDS, NodeTest, alive

FOREVER = WORDS + "SAY up $BATON_RUN; while :; do sleep 0.05; done\n"
STUBBORN = WORDS + "trap '' TERM; SAY up $$; while :; do sleep 0.05; done\n"
# Leaves a child, a grandchild in a session of its own without any environment, and a zombie's parent behind.
FORKS = WORDS + """
sh -c 'trap "" TERM; echo $$ >> "$DIR/left"; while :; do sleep 0.05; done' &
setsid env -i DIR="$DIR" PATH="$PATH" sh -c 'trap "" TERM HUP; echo $$ >> "$DIR/left"; while :; do sleep 0.05; done' &
(true & exec sh -c 'echo $$ >> "$DIR/left"; while :; do sleep 0.05; done') &
until [ -e "$DIR/left" ] && [ "$(wc -l < "$DIR/left")" = 3 ]; do sleep 0.02; done
"""
FLOOD = WORDS + "SAY up 1; yes 'the same line, again and again and again and again and again and again and again'\n"
SAFE_POINT = WORDS + "trap 'SAY asked 1; WAIT safe; exit 0' TERM; SAY up 1; while :; do sleep 0.02; done\n"


def size_of_files(folder):
    """Together, also while files come and go."""
    sizes = 0
    for name in os.listdir(folder):
        try:
            about = os.stat(os.path.join(folder, name))
            sizes += about.st_size if stat.S_ISREG(about.st_mode) else 0
        except FileNotFoundError:  # rotated away since it was listed
            pass
    return sizes


class Ends(NodeTest):
    """How a process ends tells how its run ends."""

    # driver, outcome, exit code, signal, what the detail says, cause
    CASES = [
        ("good", "completed", None, None, None, "run_completed"),
        ("code", "failed", 3, None, None, "run_failed"),
        ("suicide", "failed", None, signal.SIGKILL, None, "run_failed"),
        ("missing", "failed", None, None, "No such file", "run_failed"),
        ("locked", "failed", None, None, "Permission denied", "run_failed"),
        ("folder", "failed", None, None, "Permission denied", "run_failed"),
        ("unknown-command", "failed", 127, None, None, "run_failed"),
    ]

    def test_each(self):
        self.touch("locked", "#!/bin/sh\n")
        self.node("east", {
            "good": "exit 0", "code": "exit 3", "suicide": "kill -KILL $$", "unknown-command": "nothing-of-that-name",
            "missing": {"argv": [self.path("nowhere")]}, "locked": {"argv": [self.path("locked")]},
            "folder": {"argv": [self.directory]}})
        sessions = {case[0]: self.begin(case[0], driver=case[0]) for case in self.CASES}
        for driver, outcome, code, number, detail, cause in self.CASES:
            with self.subTest(driver):
                state = self.until_settled(sessions[driver])
                run = state["run"]
                self.assertEqual((state["state"], state["cause"]), ("suspended", cause))
                self.assertEqual((run["outcome"], run.get("exit_code"), run.get("signal")), (outcome, code, number))
                self.assertIn(detail or "", run.get("detail", ""))
                self.assertEqual(detail is None, "detail" not in run)
        self.assert_clean(self.nodes["east"])

    def test_killed_from_outside(self):
        node = self.node("east", {"default": WORDS + "SAY up $$; while :; do sleep 0.05; done\n"})
        session = self.begin("victim")
        os.kill(int(self.wait_file("up")), signal.SIGKILL)
        run = self.until_settled(session)["run"]
        self.assertEqual((run["outcome"], run["signal"]), ("failed", signal.SIGKILL))
        self.assert_clean(node)

    def test_what_it_forks_ends_with_it(self):
        node = self.node("east", {"default": FORKS})
        session = self.begin("parent")
        self.assertEqual(self.until_settled(session)["run"]["outcome"], "completed")
        left = [int(pid) for pid in self.wait_file("left").split()]
        self.assertEqual(len(left), 3)
        self.assertEqual([pid for pid in left if alive(pid)], [])
        self.assert_clean(node)


class Stops(NodeTest):
    """Stopping a run: from outside, at a safe point, and when it won't listen."""

    # verb, outcome of the run, state of the session, cause
    CASES = [
        ("interrupt", "interrupted", "suspended", "interrupted"),
        ("suspend", "interrupted", "suspended", "requested"),
        ("sleep", "interrupted", "sleeping", "requested"),
        ("complete", "completed", "terminated", "completed"),
        ("cancel", "cancelled", "terminated", "cancelled"),
    ]

    def test_from_outside(self):
        node = self.node("east", {"default": FOREVER}, slots=8)
        sessions = {verb: self.begin(verb) for verb, *_ in self.CASES}
        for verb, outcome, state, cause in self.CASES:
            with self.subTest(verb):
                self.until_running(sessions[verb])
                self.admin.call(f"session.{verb}", {"session": sessions[verb]})
                found = self.until_settled(sessions[verb])
                self.assertEqual((found["state"], found["cause"], found["run"]["outcome"]), (state, cause, outcome))
                wait_until(lambda: not node.processes(sessions[verb]), "its process to be gone")
        self.assert_clean(node)

    def test_from_inside(self):
        inside = [case for case in self.CASES if case[0] in ("suspend", "sleep", "complete")]
        self.node("east", {verb: f"baton session {verb} && exec sleep 600\n" for verb, *_ in inside})
        sessions = {verb: self.begin(verb, driver=verb) for verb, *_ in inside}
        for verb, outcome, state, cause in inside:
            with self.subTest(verb):
                found = self.until_settled(sessions[verb])
                self.assertEqual((found["state"], found["cause"], found["run"]["outcome"]), (state, cause, outcome))
        self.assert_clean(self.nodes["east"])

    def test_killed_after_its_grace(self):
        node = self.node("east", {"default": {"script": STUBBORN, "grace": 300, "safe_point_grace": 300}})
        for verb in ("interrupt", "suspend"):
            with self.subTest(verb):
                session = self.begin(verb)
                self.until_running(session)
                self.wait_file("up")
                os.unlink(self.path("up"))
                self.admin.call(f"session.{verb}", {"session": session})
                run = self.until_settled(session)["run"]
                self.assertEqual((run["outcome"], run["signal"]), ("interrupted", signal.SIGKILL))
                self.assert_clean(node)

    def test_suspended_at_a_safe_point(self):
        self.node("east", {"default": {"script": SAFE_POINT, "grace": 1, "safe_point_grace": 60000}})
        session = self.begin("careful")
        self.wait_file("up")
        self.admin.call("session.suspend", {"session": session})
        self.wait_file("asked")
        self.assertEqual(self.show(session)["run"]["phase"], "stopping")
        self.touch("safe")
        run = self.until_settled(session)["run"]
        self.assertEqual((run["outcome"], run.get("exit_code"), run.get("signal")), ("interrupted", None, None))

    def test_interrupted_on_the_way_to_a_safe_point(self):
        self.node("east", {"default": {"script": SAFE_POINT, "grace": 1, "safe_point_grace": 60000}})
        session = self.begin("slow")
        self.wait_file("up")
        self.admin.call("session.suspend", {"session": session})
        self.wait_file("asked")
        self.admin.call("session.interrupt", {"session": session})
        run = self.until_settled(session)["run"]
        self.assertEqual((run["outcome"], run["signal"]), ("interrupted", signal.SIGKILL))


class Flood(NodeTest):
    def follow(self, session):
        reader = subprocess.Popen([BATON, "run", "logs", session, "-f"], stdout=subprocess.PIPE,
                                  env={**os.environ, "BATON_CONTEXT": self.broker.context})
        self.addCleanup(lambda: (reader.kill(), reader.wait(), reader.stdout.close()))
        return reader

    def test_output_is_bounded_and_readable_meanwhile(self):
        bound = 1 << 18
        node = self.node("east", {"default": FLOOD, "work": "baton memory set done true\n"}, log_bound=bound)
        session = self.begin("flood")
        self.wait_file("up")
        reader = self.follow(session)
        self.assertIn(b"again", reader.stdout.read(4096))
        # Meanwhile the node and the broker do what they are there for.
        other = self.begin("other", driver="work")
        self.assertEqual(self.until_settled(other)["run"]["outcome"], "completed")
        began = time.monotonic()
        self.assertIn("again", self.logs(session))
        self.assertLess(time.monotonic() - began, PATIENCE / 2)
        folder = os.path.join(node.state, "runs", session, "1")
        wait_until(lambda: self.first_offset(session) > 2 * bound, "what was printed first to be rotated away")
        self.assertLessEqual(size_of_files(folder), bound + 4096)
        self.admin.call("session.interrupt", {"session": session})
        self.assertEqual(self.until_settled(session)["run"]["outcome"], "interrupted")
        for _ in iter(lambda: reader.stdout.read(1 << 16), b""):
            pass
        self.assertEqual(reader.wait(PATIENCE), 0)
        self.assert_clean(node)

    def first_offset(self, session):
        return self.admin.call("run.logs", {"session": session, "limit": 1}, timeout=PATIENCE).get("offset", 0)


class Multitask(NodeTest):
    """What activate does while a run is under way."""

    SCRIPT = WORDS + """
    baton memory set "run$BATON_RUN" 1 && baton item append assistant "run $BATON_RUN"
    SAY up "$BATON_RUN"
    [ "$BATON_RUN" = 1 ] || exit 0
    while [ ! -e "$DIR/go" ]; do sleep 0.02; done
    """

    def setUp(self):
        super().setUp()
        self.node("east", {"default": self.SCRIPT})
        self.session = self.begin("busy")
        self.wait_file("up")

    def activate(self, strategy):
        return self.admin.call("session.activate", {"session": self.session, "multitask_strategy": strategy})

    def check(self, outcomes, memory, items):
        state = self.until_settled(self.session)
        self.assertEqual(self.outcomes(self.session), list(enumerate(outcomes, 1)))
        self.assertEqual([entry["key"] for entry in state["memory"]], memory)
        self.assertEqual(state["items"], items)

    def test_reject(self):
        self.refused("failed_precondition", "run_active", self.activate, "reject")
        self.touch("go")
        self.check(["completed"], ["run1"], 1)

    def test_enqueue(self):
        self.activate("enqueue")
        self.activate("enqueue")
        self.touch("go")
        self.check(["completed"] * 3, ["run1", "run2", "run3"], 3)

    def test_interrupt(self):
        self.activate("interrupt")
        self.check(["interrupted", "completed"], ["run1", "run2"], 2)

    def test_rollback(self):
        self.activate("rollback")
        self.check(["interrupted", "completed"], ["run2"], 1)


class Shared(NodeTest):
    """Many runs of a session share its memory, decisions and context; and its workspace."""

    SCRIPT = """
    count=$(baton memory get count) || count=0
    baton memory set count $((count + 1))
    baton decision record "d$BATON_RUN" yes "since it is run $BATON_RUN"
    baton item append assistant "run $BATON_RUN with $(cat "$BATON_INPUT")"
    echo $BATON_RUN >> runs
    """

    def test_ten_runs(self):
        node = self.node("east", {"default": self.SCRIPT})
        session = self.create("shared")
        for number in range(1, 11):
            self.admin.call("session.activate", {"session": session, "input": {"number": number}})
            self.until_settled(session)
        state = self.show(session)
        self.assertEqual(self.outcomes(session), [(number, "completed") for number in range(1, 11)])
        self.assertEqual(state["memory"][0]["value"], 10)
        self.assertEqual({(entry["key"], entry["run"]) for entry in state["decisions"]},
                         {(f"d{number}", number) for number in range(1, 11)})
        self.assertEqual(len(self.items(session)), 10)
        self.assertIn('run 7 with {"number": 7}', self.items(session)[6].replace('":7', '": 7'))
        with open(os.path.join(node.workspace(session), "runs"), encoding="ascii") as file:
            self.assertEqual([int(line) for line in file], list(range(1, 11)))


if __name__ == "__main__":
    unittest.main()
