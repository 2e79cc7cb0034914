#!/usr/bin/python3
"""What sessions learn, over many runs: decisions and how they came to be."""
import json
import os
import re
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


STORY = WORDS + """
case $BATON_RUN in
1)  baton decision record database sqlite "one file"
    baton item append assistant "Trying it with one file."
    baton memory set todo '["schema"]'
    exit 3 ;;
2)  baton decision record database postgres "two writers"
    baton item append user "Are you there?"
    SAY up 2
    while :; do sleep 0.05; done ;;
3)  echo "create table t" > schema.sql
    baton artifact put schema.sql schema.sql --media-type text/plain
    baton decision record tables one
    baton breakpoint ask --key go --title "Use it?" --body "the schema" --self
    baton item append assistant "The schema is there.
# It has one table."
    SAY up 3; WAIT go
esac
"""

MARKDOWN = """# Design the store

Session SESSION at position N: terminated (completed); 3 items of the context, NUMBER tokens

Result: one table is enough

## Objective

> Find a store
> that two can write.

## Runs

- **run 1**: failed, exit code 3, in TIME, at east
  - decided: database
  - remembered: todo
  > Trying it with one file.
- **run 2**: interrupted, signal 15, in TIME, at east
  - decided: database
- **run 3**: completed, in TIME, at east
  - decided: tables
  - put: schema.sql
  > The schema is there.
  > # It has one table.

## Decisions

- **database**: postgres (run 2), because: two writers
- **tables**: one (run 3)

## Conflicts

- **database**: sqlite (run 1), then postgres (run 2)

## Decided otherwise since

- **database** was: sqlite (run 1), because: one file; until decision_recorded at N

## Artifacts

- **schema.sql**: 15 bytes, text/plain, digest DIGEST

## Memory

- **todo**: ["schema"]

## Questions that were decided

- breakpoint 1: Use it? → approve

## What was tried and has failed

- run 1 failed with exit code 3, at position N
- run 2 interrupted by signal 15, at position N
"""


class Synthesis(NodeTest):
    def told(self):
        """A session whose first run has failed, whose second was interrupted, and whose third has succeeded."""
        self.node("east", {"default": STORY})
        session = self.begin("Design the store", objective="Find a store\nthat two can write.")
        self.until_settled(session)
        self.admin.call("session.activate", {"session": session})
        self.wait_file("up")
        self.admin.call("session.interrupt", {"session": session})
        self.until_settled(session)
        os.unlink(self.path("up"))
        self.admin.call("session.activate", {"session": session})
        self.wait_file("up")
        self.baton("breakpoint", "vote", f"{session}/1", "approve")
        self.touch("go")
        self.until_settled(session)
        return session

    def test_all_runs_together(self):
        session = self.told()
        before = self.show(session)["n"]
        self.admin.call("session.complete", {"session": session, "detail": "one table is enough"})
        text = self.baton("session", "synthesize", session)
        general = text.replace(session, "SESSION")
        for pattern, word in ((r"position \d+", "position N"), (r"at \d+$", "at N"), (r"\d+ tokens", "NUMBER tokens"),
                              (r"in [\d.]+s", "in TIME"), (r"digest [0-9a-f]{64}", "digest DIGEST")):
            general = re.sub(pattern, word, general, flags=re.MULTILINE)
        self.assertEqual(general, MARKDOWN)
        record = json.loads(self.baton("session", "synthesize", session, "-o", "json"))
        self.assertEqual([(row["run"]["outcome"], row.get("decisions"), row.get("artifacts"))
                          for row in record["runs"]],
                         [("failed", ["database"], None), ("interrupted", ["database"], None),
                          ("completed", ["tables"], ["schema.sql"])])
        self.assertEqual((record["result"], record["conflicts"][0]["other"]), ("one table is enough", "postgres"))
        self.assertNotIn("markdown", record)
        # The same position tells the same, also after a restart; an earlier one tells less.
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.baton("session", "synthesize", session), text)
        then = self.baton("session", "synthesize", session, "--at", str(before))
        self.assertIn("suspended (run_completed)", then)
        self.assertNotIn("Result", then)
        self.assertIn("ends at", self.baton("session", "synthesize", session, "--at", "100000", code=3))

    def test_handoff(self):
        session = self.told()
        n = self.show(session)["n"]
        preview = self.baton("session", "handoff", session, "--next", "Write the queries.\nThen measure.", "--dry-run")
        self.assertEqual(self.show(session)["n"], n)
        self.assertIn("## Next steps\n\n> Write the queries.\n> Then measure.\n", preview)
        self.assertIn("## What has failed, and should not be tried again as it was\n\n- run 1 failed", preview)
        self.assertIn("- **database**: postgres (run 2), because: two writers", preview)
        made = json.loads(self.baton("session", "handoff", session, "--next", "Write the queries.\nThen measure.",
                                     "--create", "Query the store", "--activate", "-o", "json"))
        # It is kept with the one, and the context of the other begins with it.
        self.assertEqual(self.baton("artifact", "get", session, "handoff.md"), preview)
        item = self.admin.call("item.list", {"session": made["created"]})["items"][0]
        self.assertEqual((item["role"], item["parts"][0]["text"], item["digest"], item["source"]),
                         ("user", preview, made["digest"], "handoff.md"))
        follow = self.show(made["created"])
        self.assertEqual((follow["title"], follow["objective"], follow["driver"] if "driver" in follow else "default"),
                         ("Query the store", "Find a store\nthat two can write.", "default"))
        self.assertEqual(follow["follows"], {"session": session, "n": n, "digest": made["digest"]})
        self.assertEqual([row["session"] for row in follow["depends_on"]], [session])
        self.assertEqual((follow["state"], follow["cause"]), ("sleeping", "waiting"))
        self.assertIn(preview.splitlines()[0], self.baton("context", "render", made["created"], "--format", "text"))
        # It goes on when the first has ended; what that had done is not undone by a second handoff.
        self.admin.call("session.complete", {"session": session, "detail": "designed"})
        self.until(made["created"], lambda state: state["run"]["number"] == 1, "the follow-up to run")
        self.baton("session", "handoff", session)
        self.assertIn("Its result: designed", self.baton("artifact", "get", session, "handoff.md"))

    def test_a_handoff_is_whole_or_not_there(self):
        session = self.create("Full")
        for number in range(256):
            self.admin.call("artifact.put", {"session": session, "name": f"a{number}", "content": b"x"})
        n, count = self.show(session)["n"], self.admin.call("site.about")["sessions"]
        self.assertIn("no room for handoff.md", self.baton("session", "handoff", session, "--create", "Next", code=1))
        self.assertIn("give its title", self.baton("session", "handoff", session, "--activate", code=2))
        other = self.create("Counted")
        self.refused("aborted", "version_mismatch", self.admin.call, "session.handoff",
                     {"session": other, "create": "Next"}, if_n=77)
        self.admin.call("lock.acquire", {"session": other})
        self.refused("failed_precondition", "lease_held", self.admin.call, "session.handoff",
                     {"session": other, "create": "Next"})
        self.assertEqual((self.show(session)["n"], self.admin.call("site.about")["sessions"]), (n, count + 1))
        # The same key twice is one follow-up, also when the broker is killed in between.
        header = {"key": "handed-once", "fence": 1, "timeout": PATIENCE}
        made = self.admin.call("session.handoff", {"session": other, "create": "Next"}, **header)
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.admin.call("session.handoff", {"session": other, "create": "Next"}, **header), made)
        self.assertEqual(self.admin.call("site.about")["sessions"], count + 2)


if __name__ == "__main__":
    unittest.main()
