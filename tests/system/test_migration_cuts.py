#!/usr/bin/python3
"""The network is cut between broker, source and target at each of the five steps of a migration, and healed later."""
import unittest

from harness import wait_until
from moving import MovingTest

STEPS = ("prepare", "freeze", "accept", "commit", "resume")


class Cuts(MovingTest):
    def over(self, session):
        return not self.show(session).get("migrating")

    def check_each(self, one, other):
        """The cut lasts until the broker has made an end of the migration, by itself or by what it still hears."""
        for step in STEPS:
            with self.subTest(step):
                session = self.new_session(step)
                let_go = self.hold(session, step)
                self.network.cut(one, other)
                let_go()
                try:
                    wait_until(lambda: self.over(session), "the migration to end")
                finally:
                    self.network.heal(one, other)
                state = self.settle(session)
                self.check_session(session)
                self.check_nodes(session)
                print(f"{one}-{other} cut at {step}: it went on at {state['lease']['node']}, "
                      f"run {state['run']['number']}, attempt {state['run']['attempt']}", flush=True)

    def test_broker_and_source(self):
        self.check_each("broker", "east")

    def test_broker_and_target(self):
        self.check_each("broker", "west")

    def test_source_and_target(self):
        self.check_each("east", "west")


class Moments(MovingTest):
    """Cuts that are shorter than a lease: nothing is given up for them."""

    def test_every_link_at_every_step(self):
        for step in STEPS:
            with self.subTest(step):
                session = self.new_session(step)
                let_go = self.hold(session, step)
                links = (("broker", "east"), ("broker", "west"), ("east", "west"))
                for link in links:
                    self.network.cut(*link)
                let_go()
                for link in links:
                    self.network.heal(*link)
                state = self.settle(session)
                self.assertEqual((state["lease"]["node"], state["run"]["number"]), ("west", 1))
                self.assertEqual(self.events(session, "migration_aborted"), [])
                self.check_session(session)
                self.check_nodes(session)


if __name__ == "__main__":
    unittest.main()
