#!/usr/bin/python3
"""Budgets with real runs: at the cap the request finishes, the run stops at its safe point, raised it goes on."""
import json
import unittest

from nodes import WORDS, NodeTest, phase

# Uses 40 tokens a step, up to ten steps; at SIGTERM it ends after the step that it is at. The signal may come to a child
# between its fork and its setsid: then that has done nothing yet, and is done again.
WORKER = WORDS + """
DO () { until setsid "$@" > /dev/null; do [ $? -gt 128 ] || return 1; done; }
stop=0; trap 'stop=1' TERM
step=$(baton memory get step 2> /dev/null || echo 0)
while [ $step -lt 10 ] && [ $stop = 0 ]; do
    step=$((step + 1))
    DO baton usage report --input-tokens 30 --output-tokens 10 --cost-micros 5
    DO baton memory set step $step
    SAY "steps-$BATON_SESSION" "$step $(cat "$BATON_INPUT")"
    until [ -e "$DIR/go" ] || [ $stop = 1 ]; do sleep 0.02; done
done
[ $step -lt 10 ] || baton session complete
"""


class Budget(NodeTest):
    def setUp(self):
        super().setUp()
        self.east = self.node("east", {"default": {"script": WORKER, "safe_point_grace": 10000},
                                       "wait": WORDS + "WAIT never\n"}, slots=8)

    def until_out(self, session):
        return self.until(session, lambda s: s["state"] == "suspended" and s["cause"] == "budget_reached",
                          f"{session} to use up its budget")

    def question(self, session):
        found = [view for view in self.admin.call("breakpoint.list", {"session": session}).get("breakpoints", [])
                 if view["breakpoint"]["state"] == "open"]
        self.assertEqual([view["breakpoint"]["kind"] for view in found], ["budget"])
        return found[0]["breakpoint"]

    def steps(self, session):
        with open(self.path(f"steps-{session}"), encoding="utf-8") as file:
            return [(int(line.split()[0]), line.split()[1]) for line in file]

    def test_used_up_and_raised(self):
        self.touch("go")
        session = self.create("worker")
        self.baton("budget", "set", session, "--tokens", "120")
        self.admin.call("session.activate", {"session": session, "input": 7})
        state = self.until_out(session)
        steps = self.steps(session)
        self.assertEqual([step for step, _ in steps], list(range(1, len(steps) + 1)))
        self.assertGreaterEqual(len(steps), 3)
        self.assertLess(len(steps), 10)
        self.assertEqual(state["budget"]["spent"]["tokens"], 40 * len(steps))
        self.assertEqual(state["run"]["outcome"], "interrupted")
        self.refused("failed_precondition", "budget_reached", self.admin.call, "session.activate", {"session": session})
        self.assertIn("budget", self.baton("session", "show", session))
        # kill -9 in between changes nothing; a vote raises.
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.show(session)["budget"], state["budget"])
        question = self.question(session)
        self.baton("breakpoint", "vote", f"{session}/{question['number']}", "raise", "--value", '{"tokens": 1000}')
        state = self.until(session, lambda s: s["state"] == "terminated", "the worker to complete")
        steps = self.steps(session)
        self.assertEqual([step for step, _ in steps], list(range(1, 11)))  # none twice: it goes on where it was
        self.assertEqual({given for _, given in steps}, {"7"})
        self.assertEqual((state["budget"]["spent"]["tokens"], state["budget"]["spent"]["runs"]), (400, 2))

    def test_a_run_stays_within_it(self):
        """A run that forks or hands over its session must not get a budget without caps that way, neither below a capped tree."""
        self.node("west", {"forks": WORDS + """
setsid baton session fork "$BATON_SESSION" --at 1 --activate > "$DIR/said-$BATON_SESSION" 2>&1
baton session handoff --create "Next" >> "$DIR/said-$BATON_SESSION" 2>&1
SAY "ended-$BATON_SESSION" $?
"""}, slots=8)
        root = self.create("root")
        self.admin.call("budget.set", {"session": root, "tree": True, "tokens": 1000})
        own = self.create("own", driver="forks")
        self.admin.call("budget.set", {"session": own, "runs": 5})
        below = self.create("below", parent=root, driver="forks")
        before = len(self.admin.call("session.list")["sessions"])
        for session in (own, below):
            self.admin.call("session.activate", {"session": session})
            self.until_settled(session)
            with open(self.path(f"said-{session}"), encoding="utf-8") as file:
                self.assertEqual(file.read().count("has a budget"), 2)
        self.assertEqual(len(self.admin.call("session.list")["sessions"]), before)
        self.admin.call("session.fork", {"session": own})  # people may

    def test_who_raises(self):
        session = self.create("worker")
        self.admin.call("budget.set", {"session": session, "tokens": 10})
        self.admin.call("usage.report", {"session": session, "input_tokens": 20})
        guest = self.enrolled("guest", "guest")
        self.admin.call("session.share", {"session": session, "with": "guest", "access": "edit"})
        vote = {"session": session, "breakpoint": self.question(session)["number"], "option": "raise",
                "value": {"tokens": 1000}}
        self.refused("permission_denied", "no_access", guest.call, "breakpoint.vote", vote)
        self.refused("permission_denied", "no_access", guest.call, "budget.set", {"session": session, "tokens": 1000})
        self.admin.call("session.share", {"session": session, "with": "guest", "access": "own"})
        guest.call("breakpoint.vote", vote)
        self.assertEqual(self.show(session)["budget"]["own"]["tokens"], 1000)

    def test_a_tree(self):
        root = self.create("root")
        self.admin.call("budget.set", {"session": root, "tree": True, "cost_micros": 10})
        child = self.create("child", parent=root, driver="wait")
        workers = [self.begin(f"worker {n}", parent=child) for n in range(2)]
        other = self.begin("other", parent=root, driver="wait")
        for session in workers + [other]:
            self.until_out(session)
        state = self.show(root)
        self.assertEqual((state["budget"]["tree_reached"], state["budget"]["tree_spent"]["cost_micros"]),
                         ("cost_micros", 10))
        late = self.create("late", parent=child)
        for session in (late, child, root):
            self.refused("failed_precondition", "budget_reached", self.admin.call, "session.activate",
                         {"session": session})
        self.assertEqual([event["body"]["by"] for event in self.events(late, "budget_held")], [root])
        question = self.question(root)
        self.assertIn("cost_micros", question["title"])
        self.admin.call("breakpoint.vote", {"session": root, "breakpoint": question["number"], "option": "raise",
                                            "value": {"cost_micros": 1000}})
        self.touch("go")
        for session in workers:
            self.until(session, lambda s: s["state"] == "terminated", "the workers to complete")
        self.until_running(other)
        self.assertEqual(self.show(late)["state"], "suspended")  # it had not begun: nothing begins it
        self.assertEqual(self.show(root)["budget"]["tree_spent"]["cost_micros"], 100)
        self.admin.call("session.cancel", {"session": root, "tree": True})

    def test_run_time_and_runs(self):
        session = self.create("clock", driver="wait")
        self.admin.call("budget.set", {"session": session, "run_time": 300})
        self.admin.call("session.activate", {"session": session})
        state = self.until_out(session)
        self.assertGreaterEqual(state["budget"]["spent"]["run_time"], 300)
        one = self.create("one", driver="wait")
        self.admin.call("budget.set", {"session": one, "runs": 1})
        self.admin.call("session.activate", {"session": one})
        self.until_running(one)
        self.admin.call("session.interrupt", {"session": one})
        self.until_settled(one)
        self.admin.call("session.sleep", {"session": one, "on_message": True})
        self.admin.call("message.send", {"to": one, "body": 1})
        state = self.until_out(one)
        self.assertEqual(phase(state), "finished")
        self.baton("budget", "set", one, "--runs", "5")
        self.until_running(one)
        self.admin.call("session.cancel", {"session": one})

    def test_what_is_no_budget(self):
        session = self.begin("x", driver="wait")
        self.assertIn("runs", json.loads(self.baton("session", "show", session, "-o", "json"))["budget"]["spent"])
        self.refused("invalid_argument", "missing_field", self.admin.call, "budget.set", {"session": session})
        self.refused("invalid_argument", "missing_field", self.admin.call, "usage.report", {"session": session})
        self.admin.call("session.cancel", {"session": session})


if __name__ == "__main__":
    unittest.main()
