#!/usr/bin/python3
"""What the broker does by itself: it places runs, gives up silent nodes, drains, and keeps deadlines.

The node here is a client that speaks as one: it reports what it is told to report.
"""
import unittest

from harness import PATIENCE, SystemTest, key_pair, pack, unpack, wait_until


class Node:
    """A node's side of the protocol, step by step."""

    def __init__(self, test, name, **description):
        self.client, self.name = test.enrolled(name, "node"), name
        self.description = {"slots": 1, "drivers": ["default"], **description}
        self.register()

    def register(self):
        return self.client.call("node.register", self.description, timeout=PATIENCE)

    def assigned(self):
        """What is to be done here, by session."""
        self.client.call("node.heartbeat")
        page = self.client.call("node.assignments")
        return {assignment["session"]: assignment for assignment in page.get("assignments", [])}

    def await_phase(self, session, phase):
        """The assignment of a session whose run is in that phase."""
        def look():
            found = self.assigned().get(session)
            return found if found and found["run"]["phase"] == phase else None
        return wait_until(look, f"a run {phase} at {self.name}")

    def report(self, method, assignment, **body):
        body = {"session": assignment["session"], "run": assignment["run"]["number"], **body}
        return self.client.call(method, body, session=assignment["session"], epoch=assignment["lease"]["epoch"])

    def start(self, session):
        """Starts the run that was placed here."""
        assignment = self.await_phase(session, "placed")
        self.report("run.started", assignment, attempt=1)
        return assignment


class KeeperTest(SystemTest):
    broker_options = ("--lease-ttl", "60000")  # a machine that stands still for a while must not lose the node

    def create(self, title, **fields):
        return self.admin.call("session.create", {"title": title, "activate": True, **fields})["session"]

    def show(self, session):
        return self.admin.call("session.show", {"session": session})

    def await_state(self, session, state, cause):
        wait_until(lambda: (self.show(session)["state"], self.show(session)["cause"]) == (state, cause),
                   f"session {state} by {cause}")

    def kinds(self, session):
        return [event["kind"] for event in self.admin.call("session.log", {"session": session, "limit": 1000})["events"]]


class Placing(KeeperTest):
    def test_a_run_from_start_to_end(self):
        session = self.create("work", input={"ticket": 7})
        node = Node(self, "near")
        assignment = node.start(session)
        self.assertEqual(assignment["run"]["input"], {"ticket": 7})
        self.assertEqual(self.show(session)["run"]["phase"], "running")
        node.report("run.finished", assignment, attempt=1, exit_code=0)
        self.await_state(session, "suspended", "run_completed")
        self.assertNotIn(session, node.assigned())
        self.assertEqual(self.admin.call("run.list", {"session": session})["runs"][0]["outcome"], "completed")

    def test_what_fits_nowhere_holds_up_nobody(self):
        """However many wait in front for a node that never comes."""
        node = Node(self, "near")
        for number in range(600):
            self.create(f"stuck {number}", priority=9, node="nowhere")
        node.start(self.create("work"))

    def test_one_slot_serves_the_highest_priority_first(self):
        low, high, old = self.create("low"), self.create("high", priority=9), self.create("old", priority=5)
        young = self.create("young", priority=5)
        node = Node(self, "near")
        for session in (high, old, young, low):
            assignment = node.start(session)
            self.assertEqual([key for key in node.assigned()], [session])
            node.report("run.finished", assignment, attempt=1, exit_code=0)

    def test_selectors_and_names(self):
        far, near = Node(self, "far", labels={"gpu": "yes"}, slots=5), Node(self, "near", slots=5)
        for node, fields in ((far, {"selector": {"gpu": "yes"}}), (near, {"node": "near"}), (far, {"node": "far"})):
            node.await_phase(self.create("picky", **fields), "placed")
        nowhere = [self.create("lost", node="none"), self.create("lost", selector={"gpu": "no"}),
                   self.create("lost", driver="none")]
        near.await_phase(self.create("after them", node="near"), "placed")
        self.assertEqual({self.show(session)["run"]["phase"] for session in nowhere}, {"queued"})

    def test_a_restart_changes_nothing(self):
        session, node = self.create("work"), Node(self, "near")
        assignment = node.start(session)
        waiting = self.create("waits")
        self.broker.kill()
        self.broker.start()
        wait_until(lambda: node.client.call("node.heartbeat", timeout=PATIENCE), "the node to be back")
        self.assertEqual(node.assigned()[session]["lease"], assignment["lease"])
        node.report("run.finished", assignment, attempt=1, exit_code=3)
        self.await_state(session, "suspended", "run_failed")
        node.await_phase(waiting, "placed")

    def test_a_repeated_report_is_answered_as_the_first(self):
        session, node = self.create("work"), Node(self, "near")
        assignment = node.start(session)
        n = self.show(session)["n"]
        node.report("run.started", assignment, attempt=1)
        self.assertEqual(self.show(session)["n"], n)


class Losing(KeeperTest):
    broker_options = ("--lease-ttl", "3000")

    def test_a_silent_node_is_given_up_and_its_late_words_are_refused(self):
        session, node = self.create("work"), Node(self, "near")
        assignment = node.start(session)
        self.await_state(session, "suspended", "node_lost")
        self.assertEqual(self.admin.call("node.list")["nodes"][0]["state"], "lost")
        for method, body in (("run.finished", {"attempt": 1}), ("run.started", {"attempt": 2})):
            self.refused("aborted", "stale_epoch", node.report, method, assignment, **body)
        self.refused("not_found", "no_such_node", node.client.call, "node.heartbeat")
        node.register()
        self.assertEqual(node.assigned(), {})
        self.assertGreater(self.show(session)["lease"]["epoch"], assignment["lease"]["epoch"])

    def test_a_revoked_node_is_given_up_at_once(self):
        session, node = self.create("work"), Node(self, "near")
        node.start(session)
        self.admin.call("identity.revoke", {"name": "near"})
        self.await_state(session, "suspended", "node_lost")
        self.refused("unauthenticated", "revoked", node.client.call, "node.heartbeat")

    def test_a_broker_that_was_away_gives_its_nodes_time(self):
        session, node = self.create("work"), Node(self, "near")
        node.start(session)
        self.broker.restart()
        self.assertEqual(node.assigned()[session]["run"]["phase"], "running")
        self.assertNotIn("node_lost", [event["kind"] for event in self.admin.call("events.read")["events"]])


class Stopping(KeeperTest):
    def test_interrupt_suspend_and_sleep(self):
        node = Node(self, "near")
        for method, stop, state, cause in (("session.interrupt", "interrupt", "suspended", "interrupted"),
                                           ("session.suspend", "suspend", "suspended", "requested"),
                                           ("session.sleep", "sleep", "sleeping", "requested")):
            with self.subTest(method):
                session = self.create("work")
                assignment = node.start(session)
                self.admin.call(method, {"session": session})
                self.assertEqual(node.assigned()[session]["run"]["stop"], stop)
                node.report("run.finished", assignment, attempt=1, signal=15)
                self.await_state(session, state, cause)

    def test_another_node_may_not_report(self):
        session, near, far = self.create("work", node="near"), Node(self, "near"), Node(self, "far")
        assignment = near.start(session)
        self.refused("aborted", "stale_epoch", far.report, "run.finished", assignment, attempt=1)


class Draining(KeeperTest):
    def test_a_draining_node_gets_nothing_new(self):
        node = Node(self, "near")
        self.assertEqual(self.admin.call("node.drain", {"node": "near", "dry_run": True})["node"], "near")
        self.assertFalse(self.admin.call("node.list")["nodes"][0].get("draining", False))
        self.admin.call("node.drain", {"node": "near"})
        session, other = self.create("waits"), Node(self, "far")
        other.await_phase(session, "placed")
        self.assertEqual(node.assigned(), {})
        other.client.call("node.heartbeat")
        waiting = self.create("waits", node="near")
        self.admin.call("node.undrain", {"node": "near"})
        node.await_phase(waiting, "placed")


class Heartbeats(KeeperTest):
    def test_what_a_node_says_of_itself_is_shown(self):
        node = Node(self, "near")
        arriving = [{"session": f"s{number}", "migration": 1, "done": number, "total": 1 << 40} for number in range(16)]
        node.client.call("node.heartbeat", {"load": 250, "free_bytes": 1 << 33, "arriving": arriving})
        row = self.admin.call("node.list")["nodes"][0]
        arriving[0].pop("done")
        self.assertEqual((row["load"], row["free_bytes"], row["arriving"]), (250, 1 << 33, arriving))
        self.refused("invalid_argument", "too_large", node.client.call, "node.heartbeat", {"arriving": arriving + arriving[:1]})
        node.client.call("node.heartbeat")
        row = self.admin.call("node.list")["nodes"][0]
        self.assertEqual([row.get(name) for name in ("load", "free_bytes", "arriving")], [None, None, None])


class Deadlines(KeeperTest):
    def test_a_sleeper_wakes_in_time(self):
        session = self.admin.call("session.create", {"title": "sleepy"})["session"]
        until = self.admin.call("site.about")["now"] + 300
        self.admin.call("session.sleep", {"session": session, "until": until})
        self.broker.kill()  # a deadline is kept by the broker that comes next
        self.broker.start()
        self.await_state(session, "running", "time")
        self.assertGreaterEqual(self.show(session)["active_at"], until)

    def test_a_message_wakes_who_said_so(self):
        for on_message, state in ((True, "running"), (False, "sleeping")):
            session = self.admin.call("session.create", {"title": "sleepy"})["session"]
            self.admin.call("session.sleep", {"session": session, "on_message": on_message})
            self.admin.call("message.send", {"to": session, "body": "wake up"})
            self.assertEqual(self.show(session)["state"], state)

    def test_a_breakpoint_expires_as_declared(self):
        for fields, outcome in (({}, "expired"), ({"on_expiry": "option", "expiry_option": "reject"}, "reject")):
            session = self.admin.call("session.create", {"title": "asks"})["session"]
            number = self.admin.call("breakpoint.ask", {"session": session, "key": "k", "title": "May I?",
                                                        "deadline": 200, **fields})["breakpoint"]
            view = {"session": session, "breakpoint": number}
            wait_until(lambda: self.admin.call("breakpoint.show", view)["breakpoint"].get("outcome"), "the deadline")
            found = self.admin.call("breakpoint.show", view)["breakpoint"]
            self.assertEqual((found["state"], found["outcome"]), ("expired", outcome))
            self.refused("failed_precondition", "already_decided", self.admin.call, "breakpoint.vote",
                         {**view, "option": "approve"})

    def test_a_message_expires(self):
        session = self.admin.call("session.create", {"title": "reader"})["session"]
        self.admin.call("message.send", {"to": session, "body": "quick", "ttl": 100})
        wait_until(lambda: "message_expired" in self.kinds(session), "the end of the message")
        self.assertEqual(self.admin.call("message.list", {"session": session}).get("messages", []), [])


class Breakpoints(KeeperTest):
    def test_votes_of_many_decide_once(self):
        session = self.admin.call("session.create", {"title": "asks"})["session"]
        number = self.admin.call("breakpoint.ask", {"session": session, "key": "k", "title": "May I?",
                                                    "policy": {"kind": "quorum", "k": 2}})["breakpoint"]
        voters = [self.enrolled(f"voter{index}", "operator") for index in range(5)]
        for voter in voters:
            voter.socket.send_multipart([b"BTN1Q", pack({"id": 900, "method": "breakpoint.vote", "key": "k"}),
                                         pack({"session": session, "breakpoint": number, "option": "approve"})])
        outcomes = []
        for voter in voters:
            self.assertTrue(voter.socket.poll(PATIENCE * 1000))
            outcomes.append(unpack(voter.socket.recv_multipart()[2]).get("reason", "ok"))
        self.assertEqual(sorted(outcomes), ["already_decided"] * 3 + ["ok"] * 2)
        self.assertEqual(self.kinds(session).count("breakpoint_decided"), 1)


class Relaying(KeeperTest):
    def ask(self, session):
        self.admin.socket.send_multipart([b"BTN1Q", pack({"id": 900, "method": "run.logs", "timeout": 1500}),
                                          pack({"session": session})])

    def answer(self):
        self.assertTrue(self.admin.socket.poll(PATIENCE * 1000))
        return unpack(self.admin.socket.recv_multipart()[2])

    def test_what_a_run_printed_comes_from_its_node(self):
        session, node = self.create("work"), Node(self, "near")
        node.start(session)
        self.ask(session)
        self.assertTrue(node.client.socket.poll(PATIENCE * 1000))
        signature, head, body = node.client.socket.recv_multipart()
        self.assertEqual((signature, unpack(head)["method"], unpack(body)["run"]), (b"BTN1Q", "run.logs", 1))
        answer = pack({"id": unpack(head)["id"], "status": "ok"})
        stranger = self.client(key_pair())  # may guess the number, and is not heard
        stranger.socket.send_multipart([b"BTN1A", answer, pack({"content": b"forged"})])
        stranger.call("site.about")
        node.client.socket.send_multipart([b"BTN1A", answer, pack({"content": b"printed"})])
        self.assertEqual(self.answer()["content"], b"printed")

    def test_what_is_no_answer_is_not_passed_on(self):
        """Garbage, a record of another shape, or more than fits into a frame: whoever asked could not take it."""
        session, node = self.create("work"), Node(self, "near")
        node.start(session)
        for content in (b"\xc1", pack({"content": 7}), pack({"content": bytes((8 << 20) + 1)})):
            self.ask(session)
            self.assertTrue(node.client.socket.poll(PATIENCE * 1000))
            head = unpack(node.client.socket.recv_multipart()[1])
            node.client.socket.send_multipart([b"BTN1A", pack({"id": head["id"], "status": "ok"}), content])
            self.assertEqual(self.answer()["status"], "internal")

    def test_a_node_that_does_not_answer_is_away(self):
        session, node = self.create("work"), Node(self, "near")
        node.start(session)
        self.ask(session)
        self.assertEqual(self.answer()["reason"], "node_away")


if __name__ == "__main__":
    unittest.main()
