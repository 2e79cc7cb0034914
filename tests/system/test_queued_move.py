#!/usr/bin/python3
"""Moving a session whose run still waits for a slot: it is served at the target."""
import os
import unittest

from nodes import NodeTest, home, phase

QUICK = 'echo "$BATON_RUN" >> runs\n'
WAITER = 'while [ ! -e "$DIR/go" ]; do sleep 0.05; done\n'


class QueuedMove(NodeTest):
    def test_a_waiting_run_moves_and_starts_there(self):
        drivers = {"default": QUICK, "wait": WAITER}
        source = self.node("n1", drivers, slots=1)
        session = self.begin("moving")
        self.until_settled(session)  # its home is n1 now
        blocker = self.begin("blocker", driver="wait")
        self.until_running(blocker, "n1")
        self.node("n2", drivers, slots=1)
        self.admin.call("session.activate", {"session": session})
        state = self.show(session)
        self.assertEqual(phase(state), "queued")
        self.assertIn("its workspace is at node n1", state["waiting"])
        self.admin.call("session.migrate", {"session": session, "to": "n2"})
        state = self.until(session, lambda s: s["state"] == "suspended" and not s.get("migrating"), "it to run there")
        self.assertEqual((home(state), state["cause"], state["run"]["number"]), ("n2", "run_completed", 2))
        with open(os.path.join(self.nodes["n2"].workspace(session), "runs"), encoding="ascii") as file:
            self.assertEqual(file.read().split(), ["1", "2"])
        self.assertEqual(source.leftovers(), [])
        open(os.path.join(self.directory, "go"), "w", encoding="utf-8").close()
        self.until_settled(blocker)


if __name__ == "__main__":
    unittest.main()
