#!/usr/bin/python3
"""Nodes that are killed, frozen, revoked, or misused: what their runs did is kept once, and nobody writes for another."""
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from harness import BATOND, PATIENCE, read_text, wait_until
from nodes import BATON_NODE, Refused, WORDS, NodeTest, alive, home, phase

NODE_KILLS = int(os.environ.get("NODE_KILLS", "30"))

# Appends numbered items, each with a key, until it is told to end; a step that was not answered is taken again.
COUNTER = WORDS + """
SAY up $$
n=0
while [ ! -e "$DIR/enough" ]; do
    n=$((n + 1))
    until baton item append assistant "$n" --idempotency-key "item-$n" --timeout 20s > last 2>&1; do
        SAY retries "$n: $(tail -n 1 last)"
        sleep 0.05
    done
done
SAY count $n
"""
HOLD = WORDS + 'DUMP "env-$BATON_RUN"; trap "" TERM HUP; SAY up $$; WAIT go\n'


class Killed(NodeTest):
    broker_options = ("--lease-ttl", "60000")

    def check_items(self, session):
        state = self.until_settled(session)
        self.assertEqual((state["run"]["outcome"], state["run"]["attempt"]), ("completed", 1))
        count = int(self.wait_file("count"))
        self.assertEqual(self.items(session), [str(number) for number in range(1, count + 1)])
        return count

    def test_node_again_and_again(self):
        east = self.node("east", {"default": COUNTER})
        session = self.begin("counter")
        driver = int(self.wait_file("up"))
        source = random.Random(4)
        for _ in range(NODE_KILLS):
            before = self.show(session).get("items", 0)
            time.sleep(source.uniform(0.0, 0.06))  # the moment of the kill is what is random here
            east.kill()
            self.assertTrue(alive(driver))
            east.launch()
            self.until(session, lambda s: s.get("items", 0) > before + 1, "the run to go on")
        self.touch("enough")
        count = self.check_items(session)
        self.assertGreater(count, NODE_KILLS)
        self.assertEqual(len(self.wait_file("up").split()), 1)
        self.assert_clean(east)

    def test_broker_again_and_again(self):
        east = self.node("east", {"default": COUNTER})
        session = self.begin("counter")
        self.wait_file("up")
        for _ in range(8):
            before = self.show(session).get("items", 0)
            self.broker.kill()
            self.broker.start()
            self.until(session, lambda s: s.get("items", 0) > before + 1, "the run to go on")
        self.touch("enough")
        self.check_items(session)
        self.assert_clean(east)

    def test_its_database_is_deleted_while_a_run_lives(self):
        """What it no longer knows of is ended before anything else: no session runs twice."""
        east = self.node("east", {"default": WORDS + 'trap "" TERM; SAY up $$; setsid sleep 600 & WAIT go\n'})
        session = self.begin("stray")
        first = int(self.wait_file("up"))
        self.until_running(session)
        east.kill()
        for name in os.listdir(east.state):
            if name.startswith("node.db"):
                os.remove(os.path.join(east.state, name))
        self.assertTrue(alive(first))
        east.launch()
        wait_until(lambda: not alive(first), "the run that nobody knows to end")
        self.assertIn("unknown to the ledger", read_text(east.log))
        state = self.until_settled(session)
        self.assertEqual((state["cause"], state["run"]["outcome"]), ("node_lost", "lost"))
        self.admin.call("session.activate", {"session": session})
        self.until_running(session)
        wait_until(lambda: len(read_text(self.path("up")).split()) == 2, "the second run")
        self.touch("go")
        self.until_settled(session)
        self.assertEqual(self.outcomes(session), [(1, "lost"), (2, "completed")])
        self.assert_clean(east)

    def test_what_happens_while_the_broker_is_away_is_told_later(self):
        east = self.node("east", {"default": WORDS + """
            SAY up $$; WAIT away
            baton item append assistant 1 --idempotency-key k1 --timeout 4s || SAY away-code $?
            for n in 1 2 3; do
                baton item append assistant $n --idempotency-key k$n --timeout 200ms || :
            done
            """})
        session = self.begin("patient")
        self.wait_file("up")
        self.until_running(session)
        self.broker.kill()
        self.touch("away")
        wait_until(lambda: not east.processes(), "the run to end")
        self.assertEqual(self.wait_file("away-code"), "6\n")
        self.broker.start()
        self.assertEqual(self.until_settled(session)["run"]["outcome"], "completed")
        self.assertEqual(self.items(session), ["1", "2", "3"])

    def test_while_node_and_run_end_together(self):
        """The run ended while the node was away: its shim has kept how."""
        east = self.node("east", {"default": WORDS + "SAY up $$; WAIT go; exit 7\n"})
        session = self.begin("ends")
        driver = int(self.wait_file("up"))
        self.until_running(session)
        east.kill()
        self.touch("go")
        wait_until(lambda: not alive(driver) and not east.processes(), "the run to end")
        east.start()
        run = self.until_settled(session)["run"]
        self.assertEqual((run["outcome"], run["exit_code"]), ("failed", 7))

    def test_shim(self):
        for stopped in (False, True):
            with self.subTest(node_stopped=stopped):
                name = f"east-{stopped}"
                east = self.node(name, {"default": HOLD})
                session = self.begin(name, node=name)
                driver = int(self.wait_file("up"))
                os.unlink(self.path("up"))
                self.until_running(session)
                if stopped:
                    east.kill()
                shim = next(pid for pid in east.processes() if read_text(f"/proc/{pid}/comm") == "baton-run-shim\n")
                os.kill(shim, signal.SIGKILL)
                if stopped:
                    self.assertTrue(alive(driver))
                    east.start()
                state = self.until_settled(session)
                self.assertEqual((state["cause"], state["run"]["outcome"]), ("node_lost", "lost"))
                self.assert_clean(east)
                self.assertFalse(alive(driver))
                # The next run starts as any other.
                self.admin.call("session.activate", {"session": session})
                self.until(session, lambda s: phase(s) == "running" and s["run"]["number"] == 2, "the next run")
                self.wait_file("up")
                os.unlink(self.path("up"))
                east.close()

    def test_program_of_a_shim(self):
        """The small one beside the node; the node itself where it stands alone, or was replaced while it ran."""
        beside = os.path.join(os.path.dirname(os.path.realpath(BATON_NODE)), "baton-run-shim")
        for alone, replaced in ((False, False), (True, False), (True, True)):
            with self.subTest(alone=alone, replaced=replaced):
                name = f"east-{alone}-{replaced}"
                program = BATON_NODE
                if alone:
                    os.mkdir(self.path(f"bin-{replaced}"))
                    program = shutil.copy(BATON_NODE, self.path(f"bin-{replaced}"))
                east = self.node(name, {"default": HOLD}, program=program)
                if replaced:
                    os.unlink(program)
                    shutil.copy(BATON_NODE, program)
                    shutil.copy(beside, os.path.dirname(program))
                session = self.begin(name, node=name)
                self.wait_file("up")
                os.unlink(self.path("up"))
                self.until_running(session)
                shim = next(pid for pid in east.processes() if read_text(f"/proc/{pid}/comm") == "baton-run-shim\n")
                runs = os.readlink(f"/proc/{shim}/exe")
                self.assertEqual(runs, program + " (deleted)" if replaced else program if alone else beside)
                east.close()

    def test_end_of_a_node(self):
        """SIGTERM leaves the runs to the next node; with --stop-runs it takes them along."""
        for options, outcome in [((), "completed"), (("--stop-runs",), "lost")]:
            with self.subTest(options):
                name = "east" + "".join(options)
                east = self.node(name, {"default": WORDS + 'SAY "$NODE-up" $$; WAIT "$NODE-go"\n'}, options=options)
                session = self.begin(name, node=name)
                driver = int(self.wait_file(f"{name}-up"))
                self.until_running(session)
                self.assertEqual(east.stop(), 0)
                self.assertEqual(alive(driver), not options)
                east.start()
                self.touch(f"{name}-go")
                self.assertEqual(self.until_settled(session)["run"]["outcome"], outcome)
                self.assert_clean(east)


class Lapsed(NodeTest):
    broker_options = ("--lease-ttl", "1000")

    def hold(self, script=HOLD):
        self.east = self.node("east", {"default": script})
        session = self.begin("frozen")
        driver = int(self.wait_file("up"))
        self.until_running(session)
        return session, driver

    def check_lost(self, session):
        state = self.until_settled(session)
        self.assertEqual((state["state"], state["cause"]), ("suspended", "node_lost"))
        self.assertEqual((state["run"]["outcome"], home(state)), ("lost", None))
        return state

    def node_state(self):
        return self.admin.call("node.list")["nodes"][0]["state"]

    def test_frozen_past_its_lease(self):
        session, driver = self.hold()
        run = self.local("env-1")
        run.call("memory.set", {"key": "k", "value": "in time"})
        self.east.freeze()
        epoch = self.check_lost(session)["lease"]["epoch"]
        self.assertEqual(self.node_state(), "lost")
        self.assertTrue(alive(driver))
        with self.assertRaises(TimeoutError):  # the request waits in the node's socket
            run.call("memory.set", {"key": "k", "value": "late"}, timeout=0.2, key="late")
        n = self.show(session)["n"]
        self.east.thaw()
        with self.assertRaises(Refused) as late:
            run.call("memory.set", {"key": "k", "value": "late"}, key="late", timeout=PATIENCE)
        # Which of the two depends on whether the node has heard already what became of its lease.
        self.assertIn(late.exception.failure["reason"], ("stale_epoch", "not_your_session"))
        wait_until(lambda: not alive(driver), "the run's process to be killed")
        self.assert_clean(self.east)
        node = self.client(self.east.keys)
        for method, body, header in [
                ("memory.set", {"key": "k", "value": "late"}, {"session": session, "run": 1, "epoch": epoch - 1}),
                ("memory.set", {"key": "k", "value": "late"}, {"session": session, "run": 1, "epoch": epoch}),
                ("run.started", {"run": 1, "attempt": 2}, {"epoch": epoch - 1}),
                ("run.finished", {"run": 1}, {"epoch": epoch - 1})]:
            self.refused("aborted", "stale_epoch", node.call, method, {"session": session, **body}, **header)
        state = self.show(session)
        self.assertEqual((state["n"], state["memory"][0]["value"]), (n, "in time"))
        # And then everything is as before.
        wait_until(lambda: self.node_state() == "up", "the node to be back")
        os.unlink(self.path("up"))
        self.admin.call("session.activate", {"session": session})
        self.wait_file("up")
        state = self.until(session, lambda s: phase(s) == "running", "the next run")
        self.assertGreater(state["lease"]["epoch"], epoch)
        for stale in (epoch - 1, epoch, state["lease"]["epoch"] + 1):  # the node holds it again, but not under these
            self.refused("aborted", "stale_epoch", node.call, "memory.set",
                         {"session": session, "key": "k", "value": "late"}, session=session, run=2, epoch=stale)

    def test_frozen_for_a_moment(self):
        session, driver = self.hold()
        n = self.show(session)["n"]
        for _ in range(3):
            self.east.freeze()
            self.east.thaw()
            self.local("env-1").call("session.show")
        self.assertTrue(alive(driver))
        self.assertEqual(self.show(session)["n"], n)

    def test_killed_and_back_too_late(self):
        session, driver = self.hold()
        self.east.kill()
        self.check_lost(session)
        self.assertTrue(alive(driver))
        self.east.start()
        wait_until(lambda: not alive(driver), "the run's process to be killed")
        self.assert_clean(self.east)
        self.assertEqual(self.outcomes(session), [(1, "lost")])

    def test_spooled_too_late(self):
        """What a run said while its node could not pass it on is refused when the session has been given up."""
        session, driver = self.hold(WORDS + 'DUMP "env-1"; SAY up $$; WAIT go\n'
                                            "baton memory set late 1 --timeout 4s; SAY said $?; WAIT forever\n")
        self.broker.kill()
        self.touch("go")
        self.assertEqual(self.wait_file("said"), "6\n")
        self.east.kill()
        self.broker.start()
        self.check_lost(session)
        self.east.start()
        wait_until(lambda: not alive(driver), "the run's process to be killed")
        wait_until(lambda: "refused memory.set" in self.east.printed(), "the change to be refused")
        self.assertIn("under epoch 1; now no node holds it under epoch 2", self.east.printed())
        self.assertNotIn("memory", self.show(session))

    def test_revoked(self):
        session, driver = self.hold()
        run = self.local("env-1")
        self.admin.call("identity.revoke", {"name": "east"})
        self.check_lost(session)
        wait_until(lambda: not alive(driver), "the run's process to be killed")
        self.assert_clean(self.east)
        self.assertEqual(self.node_state(), "lost")
        self.refused("unauthenticated", "not_your_session", run.call, "memory.set", {"key": "k", "value": 1})
        self.east.kill()
        self.east.launch()
        wait_until(lambda: "revoked" in self.east.printed(), "the node to be told")

    def test_the_lease_is_bounded(self):
        for value in ("999", "600001", "x", "-1", ""):
            done = subprocess.run([BATOND, "--state", self.path("other"), "--lease-ttl", value],
                                  capture_output=True, text=True, check=False, timeout=PATIENCE)
            self.assertEqual(done.returncode, 2, value)
            self.assertIn("--lease-ttl takes 1000 to 600000", done.stderr)


class Misused(NodeTest):
    def run_node(self, *arguments):
        return subprocess.run([BATON_NODE, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE)

    def test_two_of_one_state(self):
        east = self.node("east", {"default": "exit 0"})
        done = self.run_node("--state", east.state, "--context", east.context)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another baton-node uses", done.stderr)
        self.assertTrue(east.alive())

    def test_configurations(self):
        east = self.prepare("east", {"default": "exit 0"})
        for text, problem in [
                ("slots = 0\n", "slots must be a whole number from 1 to 4096"), ("slots = many\n", "slots must be"),
                ("nothing = 1\n", "nothing is unknown"), ("drivers\n    a\n", "drivers/a/command is missing"),
                ("drivers\n    a\n        command = \"x\"\n        grace = -1\n", "drivers/a/grace must be"),
                ("transfer = \"udp://x\"\n", "transfer must be an endpoint"), ("drivers\n    b c\n", "")]:
            with self.subTest(text):
                self.touch("bad.conf", text)
                done = self.run_node("--state", east.state, "--context", east.context, "--config", self.path("bad.conf"))
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(problem, done.stderr)

    def test_a_key_that_is_none_of_a_node(self):
        east = self.prepare("east", {"default": "exit 0"})
        with open(self.broker.context, encoding="utf-8") as source:
            self.touch("east.ctx", source.read())
        east.launch()
        wait_until(lambda: "is not that of a node" in east.printed(), "the node to say so")
        self.assertEqual(self.admin.call("node.list").get("nodes", []), [])


if __name__ == "__main__":
    unittest.main()
