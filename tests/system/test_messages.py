#!/usr/bin/python3
"""Messages between sessions: order, once, receipts, waking, expiry, and the inbox of a run."""
import os
import sqlite3
import unittest

from harness import wait_until
from nodes import WORDS, NodeTest, phase
from client import pack

READER = WORDS + """
SAY up $BATON_RUN
baton inbox --wait --take -o jsonl > letters
baton item append assistant "$(cat letters)"
SAY "read-$BATON_RUN" 1
"""
SENDER = WORDS + """
n=0
while [ $n -lt 20 ]; do
    n=$((n + 1))
    baton message send "$(cat "$DIR/to")" "$n" --id "$NODE-$BATON_SESSION-$n" --subject "$BATON_OBJECTIVE"
done
"""


class Messages(NodeTest):
    def setUp(self):
        super().setUp()
        self.east = self.node("east", {"default": READER, "sender": SENDER,
                                       "one": WORDS + 'baton message send "$(cat "$DIR/to")" 7 --id one\n'}, slots=8)

    def send(self, to, **fields):
        return self.admin.call("message.send", {"to": to, **fields})

    def waiting(self, session):
        return [(message["letter"]["id"], message.get("body"))
                for message in self.admin.call("message.list", {"session": session, "limit": 1000}).get("messages", [])]

    def receipts(self, session):
        return [(event["body"]["id"], event["body"]["receipt"]) for event in self.events(session, "message_receipt")]

    def test_in_order_from_each_sender(self):
        receiver = self.create("receiver")
        self.touch("to", receiver)
        senders = [self.begin(f"sender-{name}", driver="sender", objective=name) for name in "abc"]
        for sender in senders:
            self.assertEqual(self.until_settled(sender)["run"]["outcome"], "completed", self.logs(sender))
        found = self.waiting(receiver)
        self.assertEqual(len(found), 60)
        for sender in senders:
            self.assertEqual([body for id, body in found if sender in id], list(range(1, 21)))
            self.assertEqual([event["body"]["id"] for event in self.events(sender, "message_sent")],
                             [id for id, _ in found if sender in id])

    def test_an_id_is_delivered_once(self):
        receiver = self.create("receiver")
        for _ in range(3):
            self.send(receiver, id="same", body=1)
        self.send(receiver, id="same", body=2)
        self.assertEqual(self.waiting(receiver), [("same", 1)])
        self.admin.call("message.read", {"session": receiver, "id": "same"})
        self.send(receiver, id="same", body=3)
        self.assertEqual(self.waiting(receiver), [])
        self.broker.restart()
        self.send(receiver, id="same", body=4)
        self.assertEqual(self.waiting(receiver), [])
        self.assertEqual(len(self.events(receiver, "message_delivered")), 1)

    def test_receipts(self):
        receiver = self.create("receiver")
        self.touch("to", receiver)
        sender = self.begin("sender", driver="one")
        self.until_settled(sender)
        self.assertEqual(self.receipts(sender), [("one", "delivered")])
        letter = self.admin.call("message.list", {"session": receiver})["messages"][0]["letter"]
        self.assertEqual((letter["from_session"], letter["id"]), (sender, "one"))
        for _ in range(2):  # taken twice, told once
            self.admin.call("message.read", {"session": receiver, "id": "one"})
        self.assertEqual(self.receipts(sender), [("one", "delivered"), ("one", "read")])

    def test_it_wakes_who_sleeps_for_it(self):
        sleeper, deaf = self.create("sleeper"), self.create("deaf")
        self.admin.call("session.sleep", {"session": sleeper, "on_message": True})
        self.admin.call("session.sleep", {"session": deaf})
        for session in (deaf, sleeper):
            self.send(session, id="wake", body={"a": 1})
        self.wait_file("read-1")
        state = self.until_settled(sleeper)
        self.assertEqual((state["run"]["number"], state["run"]["outcome"], state.get("mailbox")), (1, "completed", None))
        self.assertIn('"a": 1', self.items(sleeper)[0].replace('"a":1', '"a": 1'))
        self.assertEqual([event["body"]["cause"] for event in self.events(sleeper, "session_activated")], ["message"])
        self.assertEqual((self.show(deaf)["state"], self.waiting(deaf)), ("sleeping", [("wake", {"a": 1})]))

    def test_a_run_waits_for_one(self):
        session = self.begin("reader")
        self.wait_file("up")
        self.until_running(session)
        self.assertFalse(os.path.exists(self.path("read-1")))
        self.send(session, id="late", subject="hello", body=[1, 2])
        self.wait_file("read-1")
        self.until_settled(session)
        self.assertIn("late", self.items(session)[0])
        self.assertEqual(self.waiting(session), [])

    def test_a_run_goes_on_waiting_while_the_broker_is_away(self):
        session = self.begin("reader")
        self.wait_file("up")
        self.until_running(session)
        for _ in range(2):
            self.broker.kill()
            self.broker.start()
        self.send(session, id="late")
        self.wait_file("read-1")
        self.assertEqual(self.until_settled(session)["run"]["outcome"], "completed")

    def test_time_to_live(self):
        receiver = self.create("receiver")
        self.touch("to", receiver)
        self.send(receiver, id="short", body=1, ttl=300)
        self.send(receiver, id="long", body=2, ttl=3600000)
        wait_until(lambda: self.events(receiver, "message_expired"), "the message to expire")
        self.assertEqual(self.waiting(receiver), [("long", 2)])
        self.admin.call("message.read", {"session": receiver, "id": "short"})  # as one that was read already: no effect
        self.assertEqual(self.events(receiver, "message_read"), [])
        self.refused("not_found", "no_such_message", self.admin.call, "message.read", {"session": receiver, "id": "x"})
        self.send(receiver, id="short", body=3)  # the id was used
        self.assertEqual(self.waiting(receiver), [("long", 2)])

    def test_to_nobody(self):
        self.refused("not_found", "no_such_session", self.send, "0" * 20, body=1)
        ended = self.create("ended")
        self.admin.call("session.cancel", {"session": ended})
        self.refused("failed_precondition", "wrong_state", self.send, ended, body=1)
        self.touch("to", "0" * 20)
        sender = self.begin("sender", driver="one")
        self.assertEqual(self.until_settled(sender)["run"]["exit_code"], 3)

    def test_refused_when_nobody_is_there(self):
        """What runs have left, and the broker refuses when they are gone, is kept: all of it, once, over kills of both."""
        late, receiver = self.create("late"), self.create("receiver", labels={"team": "t"})
        west = self.node("west", {"default": WORDS + """
            SAY up 1; WAIT away
            baton message send "$(cat "$DIR/to")" 7 --id left --subject s --timeout 300ms || SAY code-send $?
            baton message reply q1 '"so"' --timeout 300ms || SAY code-reply $?
            baton message broadcast --label team=t --body '"all"' --id cast --timeout 300ms || SAY code-cast $?
            baton memory set k 1 --timeout 300ms || SAY code-set $?
            """})
        self.touch("to", late)
        session = self.begin("leaver", node="west")
        self.wait_file("up")
        self.until_running(session, "west")
        self.broker.kill()
        self.touch("away")
        for name in ("send", "reply", "cast", "set"):
            self.wait_file("code-" + name)  # it was told that the node keeps it
        west.kill()
        self.broker.start()
        self.until(session, lambda s: s.get("cause") == "node_lost", "the node to be lost")
        west.start()
        wait_until(lambda: self.events(session, "message_refused"), "the first to be refused")
        self.broker.kill()
        west.kill()
        self.broker.start()
        west.start()
        state = self.until(session, lambda s: s.get("refused"), "the last to be refused")
        self.assertEqual(state["refused"], 1)
        kept = self.events(session, "message_refused", "change_refused")
        self.assertEqual([(event["body"].get("reason"), event["body"]["run"]) for event in kept], [("stale_epoch", 1)] * 4)
        self.assertEqual(kept[-1]["body"]["method"], "memory.set")
        dead = self.admin.call("message.dead", {"session": session})["messages"]
        self.assertEqual([(entry["receipt"], entry["letter"].get("subject"), entry["body"], entry.get("to"),
                           entry["letter"].get("reply_to"), entry["why"]) for entry in dead],
                         [("refused", "s", 7, late, None, "stale_epoch"), ("refused", None, "so", None, "q1", "stale_epoch"),
                          ("refused", None, "all", None, None, "stale_epoch")])
        self.assertEqual(self.waiting(receiver) + self.waiting(late), [])
        self.refused("invalid_argument", "missing_field", self.admin.call, "message.redeliver",
                     {"session": session, "id": "left"})
        self.baton("message", "redeliver", session, "left", "--to", late)
        self.assertEqual(self.waiting(late), [("left", 7)])
        self.refused("not_found", "no_such_message", self.admin.call, "message.redeliver",
                     {"session": session, "id": "left", "to": late})
        self.assertEqual(self.events(session, "message_sent"), [])

    def test_refused_when_its_sender_was_killed(self):
        """The run goes on and would have waited; the program that has sent the message is gone."""
        west = self.node("west", {"default": WORDS + 'DUMP env; WAIT go\n'})
        session = self.begin("killed", node="west")
        self.until_running(session, "west")
        run = self.local("env")
        self.broker.kill()
        run.socket.send_multipart([b"BTN1Q", pack({"id": 1, "method": "message.send", "token": run.token, "key": "k",
                                                   "timeout": 60000}), pack({"to": "0" * 20, "id": "m", "body": 1})])
        with sqlite3.connect(f"file:{west.state}/node.db?mode=ro", uri=True) as spool:
            wait_until(lambda: spool.execute("SELECT 1 FROM outgoing WHERE key = 'k'").fetchone(), "the node to have it")
        run.socket.close(linger=0)
        self.broker.start()
        self.until(session, lambda s: s.get("dead"), "the message to be kept")
        self.assertEqual(self.events(session, "message_refused")[0]["body"]["reason"], "no_such_session")
        self.touch("go")
        self.until_settled(session)

    def test_a_broadcast_that_some_refuse(self):
        """One dead letter, of the sender, for all that did not take it."""
        one, full = (self.create(title, labels={"team": "t"}) for title in ("one", "full"))
        for number in range(1024):
            self.send(full, id=f"m{number}")
        west = self.node("west", {"default": "baton message broadcast --label team=t --body 1 --id cast\n"})
        session = self.begin("caster", node="west")
        self.until_settled(session)
        self.assertEqual(self.waiting(one), [("cast", 1)])
        dead = self.admin.call("message.dead", {"session": session})["messages"]
        self.assertEqual([(entry["letter"]["id"], entry["by"], entry["body"]) for entry in dead], [("cast", [full], 1)])
        self.admin.call("message.read", {"session": full, "id": "m0"})
        self.admin.call("message.redeliver", {"session": session, "id": "cast", "to": full})
        self.assertEqual([event["body"]["id"] for event in self.events(full, "message_delivered")][-1], "cast")
        self.assertNotIn("dead", self.show(session))
        self.assert_clean(west)

    def test_woken_between_two_runs(self):
        """Messages that come while it falls asleep wake it: none waits unread for ever."""
        self.nodes["east"].close()
        west = self.node("west", {"default": WORDS + """
            baton inbox --take -o jsonl | while read -r line; do baton item append assistant "$line"; done
            baton session sleep --on-message; exec sleep 60
            """})
        session = self.create("worker", node="west")
        self.admin.call("session.sleep", {"session": session, "on_message": True})
        for number in range(15):
            self.send(session, id=f"m{number}", body=number)
        self.until(session, lambda s: s.get("items", 0) == 15 and s["state"] == "sleeping", "all to be read")
        self.assertEqual(phase(self.show(session)), "finished")
        self.assert_clean(west)


if __name__ == "__main__":
    unittest.main()
