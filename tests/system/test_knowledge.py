#!/usr/bin/python3
"""What sessions learn, over many runs: decisions and how they came to be."""
import json
import unittest

from harness import PATIENCE, SystemTest
from nodes import WORDS, NodeTest

FAILS = WORDS + """
baton decision record database sqlite "one file" || exit 1
SAY one $BATON_RUN; WAIT go
exit 3
"""
CHANGES = WORDS + """
baton decision record database postgres "two writers"
baton decision record queue none --supersedes broker
SAY two $BATON_RUN
while :; do sleep 0.05; done
"""


class Decisions(NodeTest):
    def past(self, session, key, *flags):
        page = json.loads(self.baton("decision", "history", session, key, "-o", "json", *flags))
        return page["entries"]

    def test_history(self):
        self.node("east", {"fails": FAILS, "changes": CHANGES})
        session = self.begin("A question", driver="fails")
        self.wait_file("one")
        self.baton("decision", "record", session, "broker", "rabbit", "known to us")
        self.touch("go")
        self.until_settled(session)
        self.baton("decision", "record", session, "database", "files", "simpler")
        rows = json.loads(self.baton("decision", "list", session, "-o", "json"))["decisions"]
        self.assertEqual([(row["key"], row["value"], row.get("run"), row.get("changes")) for row in rows],
                         [("broker", "rabbit", None, None), ("database", "files", None, 1)])
        first, second = self.past(session, "database")
        self.assertEqual((first["value"], first["why"], first["run"], first["began"], first["began_by"]),
                         ("sqlite", "one file", 1, "decision_recorded", "east"))
        self.assertEqual((first["ended"], first["ended_n"], first["ended_by"]),
                         ("decision_recorded", second["n"], "admin"))
        self.assertNotIn("ended", second)
        events = self.admin.call("session.log", {"session": session, "limit": 1000})["events"]
        self.assertEqual(events[second["n"] - 1]["body"]["replaces"], first["n"])
        self.assertEqual(self.past(session, "database", "--after", str(first["n"])), [second])
        self.baton("decision", "withdraw", session, "database", "--why", "not ours to decide")
        self.assertEqual(self.past(session, "database")[1]["ended"], "decision_withdrawn")
        self.broker.kill()
        self.broker.start()
        self.assertEqual(len(self.past(session, "database")), 2)
        self.assertIn("never had a decision tone", self.baton("decision", "history", session, "tone", code=3))

    def test_a_rollback_is_part_of_it(self):
        self.node("east", {"default": CHANGES})
        session = self.admin.call("session.create", {"title": "Undone"})["session"]
        for key, value in (("database", "sqlite"), ("broker", "rabbit")):
            self.admin.call("decision.record", {"session": session, "key": key, "value": value})
        self.admin.call("session.activate", {"session": session})
        self.wait_file("two")
        before = self.admin.call("session.show", {"session": session})["decisions"]
        self.assertEqual([(row["key"], row["value"]) for row in before], [("database", "postgres"), ("queue", "none")])
        self.admin.call("session.activate", {"session": session, "multitask_strategy": "rollback"}, timeout=PATIENCE)
        self.until(session, lambda state: state["run"]["number"] == 2, "the next run")
        self.admin.call("session.cancel", {"session": session})
        past = self.past(session, "database")
        self.assertEqual([(entry["value"], entry["began"]) for entry in past[:3]],
                         [("sqlite", "decision_recorded"), ("postgres", "decision_recorded"),
                          ("sqlite", "run_rolled_back")])
        self.assertEqual(self.past(session, "queue")[0]["ended"], "run_rolled_back")


if __name__ == "__main__":
    unittest.main()
