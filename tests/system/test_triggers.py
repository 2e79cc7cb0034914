#!/usr/bin/python3
"""What wakes a session: times, signals, messages."""
import json
import threading
import time
import unittest

from harness import PATIENCE, key_pair, wait_until
from nodes import WORDS, NodeTest

QUICK = WORDS + 'SAY runs "$BATON_RUN $(jq -c .why "$BATON_INPUT")"\n'


class Triggers(NodeTest):
    def setUp(self):
        super().setUp()
        self.near = self.node("near", {"default": QUICK})

    def asleep(self, title, *arguments):
        """A session that sleeps with one trigger, "t"; and what the command line printed of that."""
        session = self.create(title)
        printed = self.baton("trigger", "add", session, "t", *arguments, "-o", "json")
        self.baton("session", "sleep", session)
        return session, json.loads(printed)

    def firings(self, session):
        return [event["body"]["firing"] for event in self.events(session, "trigger_fired")]

    def until_rest(self, session, run):
        """Waits until that run is over and the session stands still."""
        return self.until(session, lambda s: s.get("run", {}).get("number") == run and s["state"] != "running",
                          f"run {run} of {session} to be over")

    def test_a_signal(self):
        session, added = self.asleep("signal", "--signal")
        stranger = self.client(key_pair())
        body = {"session": session, "name": "t", "token": "wrong"}
        self.refused("not_found", "no_such_session", stranger.call, "trigger.fire", body)
        fired = stranger.call("trigger.fire", {**body, "token": added["token"], "value": {"ci": "green"}}, key="once")
        again = stranger.call("trigger.fire", {**body, "token": added["token"], "value": {"ci": "green"}}, key="once")
        self.assertEqual((fired["effect"], fired["firing"]), ("woke", 1))
        self.assertEqual(again, fired)
        self.assertEqual(self.until_rest(session, 1)["state"], "sleeping")
        self.assertEqual(self.wait_file("runs"), '1 "somebody with its token fired it"\n')
        self.assertEqual(self.firings(session)[0]["value"], {"ci": "green"})
        self.assertNotIn(added["token"], json.dumps(self.events(session), default=str))
        self.assertIn("signal", self.baton("trigger", "list", session))
        self.baton("trigger", "fire", session, "t")
        self.until_rest(session, 2)
        self.baton("trigger", "remove", session, "t")
        self.assertIn("no trigger t", self.baton("trigger", "fire", session, "t", code=3))

    def test_times_that_pass_while_the_broker_is_away(self):
        due, kept = self.asleep("in", "--in", "100ms")[0], self.asleep("kept", "--in", "1h")[0]
        self.until_rest(due, 1)
        self.assertEqual(self.show(due)["state"], "suspended")  # it had but this one
        soon = self.asleep("soon", "--in", "2s")[0]
        at = self.show(soon)["triggers"][0]["next"]
        self.broker.kill()
        wait_until(lambda: time.time() * 1000 > at, "its time to come")
        self.broker.start()
        self.until_rest(soon, 1)
        self.assertEqual([firing["at"] for firing in self.firings(soon)], [at])
        self.assertEqual(self.show(kept)["state"], "sleeping")

    def test_a_message(self):
        session = self.asleep("mail", "--message", "build *")[0]
        self.baton("message", "send", session, '"x"', "--subject", "lunch")
        self.baton("message", "send", session, '"x"', "--subject", "build 7")
        self.until_rest(session, 1)
        self.assertEqual(self.wait_file("runs"), '1 "a message from admin: build 7"\n')

    def test_the_end_of_another_session(self):
        first, second = self.create("first"), self.create("second")
        self.baton("session", "create", "third", "--depends-on", "first", "--depends-on", second, "--activate",
                   "--input", '{"go": 1}')
        third = self.baton("session", "list", "--match", "third", "-o", "name").strip()
        after = self.asleep("after", "--after", "second")[0]
        self.assertEqual((self.show(third)["state"], self.show(third)["cause"]), ("sleeping", "waiting"))
        failure = self.refused("failed_precondition", "dependency_cycle", self.admin.call, "dependency.add",
                               {"session": first, "on": third})
        self.assertIn(f"{first} waits for {third} waits for {first}", failure["message"])
        self.baton("session", "complete", first)
        self.assertEqual(self.show(third)["state"], "sleeping")
        self.baton("session", "complete", second)
        self.assertEqual(self.until_rest(third, 1)["run"]["input"], {"go": 1})
        self.until_rest(after, 1)
        self.assertEqual(self.firings(after)[0]["session"], second)
        late = self.asleep("late", "--after", second)[0]  # it has ended already
        self.assertEqual(len(self.firings(late)), 1)
        doomed, lost = self.create("doomed"), self.create("lost")
        self.baton("dependency", "add", lost, doomed)
        self.baton("session", "activate", lost)
        self.baton("session", "cancel", doomed)
        self.assertEqual((self.show(lost)["state"], self.show(lost)["cause"]), ("suspended", "dependency_failed"))
        self.assertIn("ended without reaching", self.baton("session", "activate", lost, code=5))
        self.assertNotIn("watchers", self.show(first))

    def test_created_whole_or_not_at_all(self):
        """What begins with dependencies is one change: what could refuse a later one finds nothing half done."""
        first, doomed, parent = self.create("first"), self.create("doomed"), self.create("parent")
        body = {"title": "whole", "depends_on": [first], "activate": True, "input": {"go": 1}}
        whole = self.admin.call("session.create", body, fence=7)["session"]  # of no lock that a new session has
        body["parent"] = parent
        self.refused("aborted", "stale_fence", self.admin.call, "session.create", {**body, "title": "half"}, fence=7)
        state = self.show(whole)
        self.assertEqual((state["state"], state["cause"], len(state["queue"])), ("sleeping", "waiting", 1))
        self.assertEqual([row["session"] for row in state["depends_on"]], [first])
        self.assertEqual(self.show(first)["watchers"], [whole])
        self.admin.call("session.cancel", {"session": doomed})
        self.refused("failed_precondition", "dependency_failed", self.admin.call, "session.create",
                     {**body, "title": "half", "depends_on": [first, doomed]})
        self.assertEqual(self.baton("session", "list", "--match", "half", "-o", "name"), "")
        self.assertNotIn("children", self.show(parent))
        self.admin.call("session.complete", {"session": first})
        self.assertEqual(self.until_rest(whole, 1)["run"]["input"], {"go": 1})
        ready = self.admin.call("session.create", {**body, "title": "ready"})["session"]  # first has ended already
        self.until_rest(ready, 1)

    def test_each_firing_starts_one_run_whatever_is_killed(self):
        session, added = self.asleep("killed", "--signal", "--overlap", "buffer_all")
        rounds = 8
        for number in range(1, rounds + 1):
            body = {"session": session, "name": "t", "token": added["token"], "value": number}
            client = self.client(key_pair())
            caller = threading.Thread(target=client.call, args=("trigger.fire", body),
                                      kwargs={"key": "once", "timeout": PATIENCE})
            caller.start()
            time.sleep(number % 4 * 0.001)  # somewhere between the request, the commit, the answer and the run
            (self.near if number % 3 == 0 else self.broker).kill()
            (self.near if number % 3 == 0 else self.broker).start()
            caller.join()
        self.until_rest(session, rounds)
        self.assertEqual([firing["value"] for firing in self.firings(session)], list(range(1, rounds + 1)))
        inputs = [event["body"]["input"]["value"] for event in self.events(session, "run_queued")]
        self.assertEqual(inputs, list(range(1, rounds + 1)))
        started = {event["body"]["number"] for event in self.events(session, "run_started")}
        self.assertEqual(started, set(range(1, rounds + 1)))

    def test_bad_rules(self):
        session = self.create("bad")
        for arguments, says in ((("--calendar", "0 0 31 2 *"), "never fires"),
                                (("--calendar", "99 * * * *"), "99 is no minute"),
                                (("--calendar", "@daily", "--zone", "Mars/Olympus"), "no time zone Mars/Olympus"),
                                (("--calendar", "@daily", "--zone", "a/../../../etc/passwd"), "no time zone"),
                                ((), "waits for nothing")):
            self.assertIn(says, self.baton("trigger", "add", session, "t", *arguments, code=2))
        self.baton("trigger", "add", session, "t", "--calendar", "30 2 * * mon-fri", "--zone", "Europe/Berlin")
        trigger = self.show(session)["triggers"][0]
        self.assertEqual(time.gmtime(trigger["next"] / 1000).tm_min, 30)
        self.assertGreater(trigger["next"] / 1000, time.time())


if __name__ == "__main__":
    unittest.main(verbosity=2)
