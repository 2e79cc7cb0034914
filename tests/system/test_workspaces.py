#!/usr/bin/python3
"""What a node keeps of sessions that have ended, and for how long."""
import os
import unittest

from harness import wait_until
from nodes import NodeTest


class Workspaces(NodeTest):
    def test_ended_long_ago(self):
        """Kept for 0 days: the workspace that the node made goes with its session; no other, and no given one."""
        node = self.node("east", {"default": "echo work > file"})
        with open(node.config, "a", encoding="utf-8") as file:
            file.write("workspaces\n    keep = 0\n")
        given = self.path("given")
        os.mkdir(given)
        ended, kept = self.begin("ended"), self.begin("kept")
        elsewhere = self.begin("elsewhere", workspace=given)
        for session in (ended, kept, elsewhere):
            self.until_settled(session)
        for session in (ended, elsewhere):
            self.admin.call("session.cancel", {"session": session})
        self.assertTrue(os.path.exists(node.workspace(ended)))
        node.stop()
        node.start()
        wait_until(lambda: not os.path.exists(node.workspace(ended)), "the workspace of the ended session to go")
        wait_until(lambda: not node.leftovers(), "the trash to be empty")
        self.assertTrue(os.path.exists(os.path.join(node.workspace(kept), "file")))
        self.assertTrue(os.path.exists(os.path.join(given, "file")))

    def test_what_a_fork_works_in_stays(self):
        """Also what only a fork of a fork works in, and what a fork is still to be made from; until these end."""
        node = self.node("east", {"default": "echo work > file"}, slots=8)
        with open(node.config, "a", encoding="utf-8") as file:
            file.write("workspaces\n    keep = 0\n")

        def fork(source, **fields):
            return self.admin.call("session.fork", {"session": source, **fields})["session"]

        def end(session):
            self.admin.call("session.cancel", {"session": session})

        lent, awaited, unlent = sources = [self.begin(name) for name in ("lent", "awaited", "unlent")]
        for session in sources:
            self.until_settled(session)
        between = fork(lent, workspace="shared")
        heirs = [fork(between, workspace="shared"), fork(awaited)]
        self.until_settled(fork(unlent, activate=True))
        for session in (*sources, between):
            end(session)
        node.stop()
        node.start()
        wait_until(lambda: not os.path.exists(node.workspace(unlent)), "the workspace that nobody needs to go")
        for session in (lent, awaited):
            self.assertTrue(os.path.exists(os.path.join(node.workspace(session), "file")))
        self.assertNotIn("lent", self.show(lent))
        for session in heirs:
            end(session)
        node.stop()
        node.start()
        for session in (lent, awaited):
            wait_until(lambda session=session: not os.path.exists(node.workspace(session)), "the workspace to go")


if __name__ == "__main__":
    unittest.main()
