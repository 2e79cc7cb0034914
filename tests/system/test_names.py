#!/usr/bin/python3
"""What a reference to a session means: an id, a title, the beginning of an id; and what it must never mean."""
import unittest

from harness import SystemTest


class Names(SystemTest):
    def create(self, title):
        return self.admin.call("session.create", {"title": title})["session"]

    def resolve(self, ref):
        return self.admin.call("session.resolve", {"ref": ref})["session"]

    def test_an_id_its_beginning_and_a_title(self):
        session = self.create("payroll")
        for ref in (session, session[:12], "payroll"):
            self.assertEqual(self.resolve(ref), session)

    def test_a_title_stands_before_the_beginning_of_an_id(self):
        other = self.create("other")
        named = self.create(other[:1])
        self.assertEqual(self.resolve(other[:1]), named)

    def test_an_id_stands_before_a_title(self):
        session = self.create("one")
        for _ in range(3):
            self.create(session)
        self.assertEqual(self.resolve(session), session)

    def test_a_title_means_the_one_that_has_not_ended(self):
        ended, live = self.create("pay"), self.create("pay")
        failure = self.refused("failed_precondition", "ambiguous", self.resolve, "pay")
        self.assertIn(live, failure["message"])
        self.admin.call("session.cancel", {"session": ended})
        self.assertEqual(self.resolve("pay"), live)

    def test_a_session_keeps_its_place_in_lists_whatever_others_are_called(self):
        """Its place is read back by its id, also when another session has that id as its title."""
        sessions = [self.create(f"s{i}") for i in range(3)]
        for session in sessions:
            self.create(session)
        order = [row["session"] for row in self.admin.call("session.list", {})["sessions"]]
        self.broker.restart()
        for session in sessions:
            self.admin.call("session.update", {"session": session, "labels": {"touched": "yes"}})
        self.assertEqual([row["session"] for row in self.admin.call("session.list", {})["sessions"]], order)


if __name__ == "__main__":
    unittest.main()
