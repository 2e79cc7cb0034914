#!/usr/bin/python3
"""kill -9 of the source, the target and the broker at each of the five steps of a migration."""
import unittest

from moving import MovingTest

STEPS = ("prepare", "freeze", "accept", "commit", "resume")


class Kills(MovingTest):
    def check_each(self, kill, restart):
        for step in STEPS:
            with self.subTest(step):
                session = self.new_session(step)
                let_go = self.hold(session, step)
                kill()
                restart(let_go)
                self.settle(session)
                self.check_session(session)
                self.check_nodes(session)

    def test_source(self):
        self.check_each(self.east.kill, lambda let_go: (self.east.launch(), let_go()))

    def test_target(self):
        self.check_each(self.west.kill, lambda let_go: (self.west.launch(), self.let_go_alive(let_go)))

    def test_broker(self):
        self.check_each(self.broker.kill, lambda let_go: (self.broker.start(), self.let_go_alive(let_go)))

    @staticmethod
    def let_go_alive(let_go):
        """Whoever was held may have been killed and started again: then nobody holds it."""
        let_go()


if __name__ == "__main__":
    unittest.main()
