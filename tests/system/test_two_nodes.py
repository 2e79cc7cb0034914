#!/usr/bin/python3
"""Two nodes that use one identity: the first one keeps it, and its runs, for as long as it is heard of."""
import os
import subprocess
import unittest

from harness import PATIENCE, read_text, wait_until
from nodes import BATON_NODE, NodeTest, home, phase

WAITER = 'while [ ! -e "$DIR/go" ]; do sleep 0.05; done\n'


class TwoNodes(NodeTest):
    def second(self, node):
        """Another node with the context of the first, and a state of its own."""
        log = os.path.join(self.directory, "second.log")
        with open(log, "ab") as file:
            process = subprocess.Popen([BATON_NODE, "--state", os.path.join(self.directory, "second"), "--context",
                                        node.context, "--config", node.config], stdout=file, stderr=file)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        return log

    def test_the_second_is_refused_and_the_run_goes_on(self):
        node = self.node("n1", {"default": WAITER})
        session = self.begin("kept")
        self.until_running(session, "n1")
        log = self.second(node)
        wait_until(lambda: "another node with another state directory is n1 already" in read_text(log), "a refusal")
        # Past the lease, too: the first one is heard of all the time.
        before = self.admin.call("node.list", {})["nodes"][0]["seen_at"]
        wait_until(lambda: self.admin.call("node.list", {})["nodes"][0]["seen_at"] > before + 4000, "a lease to pass")
        state = self.show(session)
        self.assertEqual((phase(state), home(state), state["run"]["attempt"]), ("running", "n1", 1))
        open(os.path.join(self.directory, "go"), "w", encoding="utf-8").close()
        self.assertEqual(self.until_settled(session)["run"]["outcome"], "completed")

    def test_the_second_takes_over_when_the_first_is_gone(self):
        node = self.node("n1", {"default": WAITER})
        log = self.second(node)
        wait_until(lambda: "is n1 already" in read_text(log), "a refusal")
        node.kill()
        wait_until(lambda: "node n1 is registered" in read_text(log), "the second to register")


if __name__ == "__main__":
    unittest.main()
