#!/usr/bin/python3
"""Requests and answers, broadcasts, what nobody has read, and mail while its reader moves from host to host."""
import json
import subprocess
import threading
import unittest

from harness import BATON, PATIENCE, wait_until, whole_log
from nodes import WORDS, NodeTest, phase

ANSWERER = WORDS + """
while :; do
    baton inbox --wait --take -o jsonl > mail
    while read -r line; do
        id=$(printf '%s' "$line" | sed 's/.*"id": *"\\([^"]*\\)".*/\\1/')
        baton message reply "$id" '{"answer": 42}'
    done < mail
done
"""
ASKER = WORDS + """
baton message request "$(cat "$DIR/to")" '"what?"' --id "q-$BATON_SESSION" --timeout 60s > answer; code=$?
SAY asked "$code $(cat answer)"
baton memory set inbox "$(baton inbox -o name | wc -l)"
"""
READER = WORDS + """
trap 'exit 0' TERM
DUMP "env-$BATON_ATTEMPT"
while :; do
    baton inbox --wait -o jsonl > mail || continue
    while read -r line; do
        body=$(printf '%s' "$line" | sed 's/.*"body": *\\([0-9]*\\).*/\\1/')
        id=$(printf '%s' "$line" | sed 's/.*"id": *"\\([^"]*\\)".*/\\1/')
        baton item append assistant "$body" --idempotency-key "item-$id" > /dev/null
        baton message read "$id" > /dev/null
    done < mail
done
"""
WAITER = WORDS + """
DUMP "wait-$BATON_RUN"
[ "$BATON_RUN" = 1 ] || exec baton session complete
for number in 1 2; do baton session spawn "$number" --driver wait > /dev/null; done
baton session sleep --on-children; exec sleep 60
"""


class Conversations(NodeTest):
    def setUp(self):
        super().setUp()
        drivers = {"default": ANSWERER, "ask": ASKER, "read": {"script": READER, "safe_point_grace": 5000},
                   "wait": WORDS + "WAIT never\n", "waiter": WAITER}
        self.east, self.west = self.node("east", drivers, slots=8), self.node("west", drivers, slots=8)

    def request(self, to, *flags, code=0):
        done = subprocess.run([BATON, "message", "request", to, '"what?"', *flags], capture_output=True, text=True,
                              timeout=2 * PATIENCE, check=False, env={"BATON_CONTEXT": self.broker.context})
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def receipts(self, session):
        return [(event["body"]["id"], event["body"]["receipt"]) for event in self.events(session, "message_receipt")]

    def test_a_request_is_answered(self):
        answerer = self.begin("answerer")
        self.assertEqual(json.loads(self.request(answerer)), {"answer": 42})
        self.touch("to", answerer)
        asker = self.begin("asker", driver="ask")
        self.assertEqual(self.wait_file("asked").split(None, 1)[0], "0")
        state = self.until_settled(asker)
        self.assertEqual(state["memory"][0]["value"], 0)  # the answer was heard: it does not wait in the inbox
        self.assertEqual([(entry["id"], entry["receipt"]) for entry in state["asked"]], [(f"q-{asker}", "answered")])
        answer = self.admin.call("message.outcome", {"session": asker, "id": f"q-{asker}"})
        self.assertEqual((answer["receipt"], answer["body"]), ("answered", {"answer": 42}))
        self.refused("failed_precondition", "already_decided", self.admin.call, "message.reply",
                     {"session": answerer, "id": f"q-{asker}", "body": 1})
        self.refused("not_found", "no_such_message", self.admin.call, "message.reply",
                     {"session": answerer, "id": "never", "body": 1})

    def test_nobody_waits_for_nothing(self):
        for end, outcome, code in [("session.complete", "unread", 12), (None, "expired", 11)]:
            with self.subTest(outcome):
                quiet = self.create(outcome)
                self.touch("to", quiet)
                asker = self.begin("asker", driver="ask")
                self.until(asker, lambda s: s.get("asked"), "the request")
                printed = []
                person = threading.Thread(
                    target=lambda: printed.append(self.request(quiet, "--ttl", "1h" if end else "1s", code=12 if end else 11)))
                person.start()
                self.until(quiet, lambda s: len(s.get("owed", [])) == 2, "both requests")
                if end:
                    self.admin.call(end, {"session": quiet})
                    self.until_settled(asker)
                    self.assertEqual([entry["receipt"] for entry in self.show(asker)["asked"]], ["dead"])
                else:
                    self.admin.call("session.cancel", {"session": asker})
                person.join()
                self.assertEqual(printed, ["unanswered\n" if end else "expired\n"])
        self.assertEqual(self.wait_file("asked").split()[0], "12")

    def test_read_but_not_answered(self):
        busy = self.create("busy")
        self.touch("to", busy)
        asker = self.begin("asker", driver="ask")
        self.until(busy, lambda s: s.get("mailbox"), "the request")
        self.admin.call("message.read", {"session": busy, "id": f"q-{asker}"})
        self.admin.call("session.cancel", {"session": busy})
        self.until_settled(asker)
        self.assertEqual(self.receipts(asker), [(f"q-{asker}", "delivered"), (f"q-{asker}", "read"),
                                                (f"q-{asker}", "unanswered")])
        self.assertEqual(self.wait_file("asked").split(), ["12", "unanswered"])

    def test_dead_letters(self):
        session, heir = self.create("session"), self.create("heir")
        for number in range(3):
            self.admin.call("message.send", {"to": session, "id": f"m{number}", "body": number,
                                             **({"ttl": 1} if number == 0 else {})})
        wait_until(lambda: self.show(session).get("dead"), "the message to expire")
        self.admin.call("message.redeliver", {"session": session, "id": "m0"})
        self.admin.call("message.read", {"session": session, "id": "m1"})
        self.admin.call("session.complete", {"session": session})
        self.broker.kill()
        self.broker.start()
        found = self.admin.call("message.dead", {"session": session})["messages"]
        self.assertEqual([(message["letter"]["id"], message["receipt"], message.get("body", 0)) for message in found],
                         [("m2", "dead", 2), ("m0", "dead", 0)])
        self.refused("failed_precondition", "wrong_state", self.admin.call, "message.redeliver",
                     {"session": session, "id": "m2"})
        self.refused("not_found", "no_such_message", self.admin.call, "message.redeliver",
                     {"session": session, "id": "m1", "to": heir})
        for _ in range(2):
            self.admin.call("message.redeliver", {"session": session, "id": "m2", "to": heir}, key="again")
        self.assertEqual([message["body"] for message in
                          self.admin.call("message.list", {"session": heir})["messages"]], [2])
        self.assertEqual(self.baton("message", "dead", session, "-o", "name"), "m0\n")

    def test_broadcast(self):
        there = [self.create(f"s{number}", labels={"team": "red"}, agent="hr") for number in range(5)]
        other = self.create("other", labels={"team": "blue"}, agent="hr")
        ended = self.create("ended", labels={"team": "red"})
        self.admin.call("session.cancel", {"session": ended})
        full = self.create("full", labels={"team": "red"})
        for number in range(1024):
            self.admin.call("message.send", {"to": full, "body": number})
        for _ in range(2):
            answer = self.admin.call("message.broadcast", {"labels": {"team": "red"}, "id": "all", "body": 1})
            self.assertEqual((answer["message"], answer["reached"], answer["unreached"]), ("all", 5, [full]))
        for session in there:
            self.assertEqual(len(self.events(session, "message_delivered")), 1)
        self.assertEqual(self.events(other, "message_delivered"), [])
        self.refused("invalid_argument", "missing_field", self.admin.call, "message.broadcast", {"body": 1})
        # A run does not hear itself.
        speaker = self.begin("speaker", driver="read", agent="hr")
        run = self.local("env-1")
        answer = run.call("message.broadcast", {"agent": "hr", "subject": "hear"})
        self.assertEqual((answer["reached"], answer.get("unreached")), (6, None))
        self.assertEqual(self.events(speaker, "message_broadcast")[0]["body"]["count"], 6)

    def test_if_n_of_a_message_is_the_receivers(self):
        session = self.create("session")
        self.refused("aborted", "version_mismatch", self.admin.call, "message.send", {"to": session, "body": 1}, if_n=9)
        self.admin.call("message.send", {"to": session, "body": 1}, if_n=1)

    def test_sleeping_until_the_children_have_ended(self):
        parent = self.begin("parent", driver="waiter")
        state = self.until(parent, lambda s: s["state"] == "sleeping", "it to sleep")
        children = [child["session"] for child in state["children"]]
        self.admin.call("session.complete", {"session": children[0]})
        self.assertEqual(self.show(parent)["state"], "sleeping")
        self.admin.call("session.cancel", {"session": children[1]})
        self.until(parent, lambda s: s["state"] == "terminated", "it to wake and complete")
        self.assertEqual([event["body"]["cause"] for event in self.events(parent, "session_activated")],
                         ["activated", "children"])
        lone = self.create("lone")
        failure = self.refused("failed_precondition", "wrong_state", self.admin.call, "session.sleep",
                               {"session": lone, "on_children": True})
        self.assertEqual(failure["field"], "on_children")

    def test_mail_while_the_reader_moves(self):
        """Nothing lost, nothing twice, in order: three moves there and back, with a broker and a node killed."""
        reader = self.begin("reader", driver="read", node=None)
        self.until_running(reader)
        sent, self.stopping = [], False

        def send():
            client = self.client()

            def read_so_far():
                return client.call("session.show", {"session": reader}, timeout=2 * PATIENCE, resend=0.2).get("items", 0)

            while not self.stopping:
                number = len(sent) + 1
                if number % 20 == 0:  # a reader starts four programs a message, a sender none
                    wait_until(lambda: self.stopping or read_so_far() > number - 60, "the reader to keep up",
                               2 * PATIENCE)
                client.call("message.send", {"to": reader, "body": number}, timeout=2 * PATIENCE, resend=0.2,
                            key=f"send-{number}")
                sent.append(number)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for round_number in range(4):
                before = len(sent)
                wait_until(lambda: len(sent) > before + 10, "messages to be sent")
                source = self.show(reader)["lease"]["node"]
                target = "west" if source == "east" else "east"
                self.admin.call("session.migrate", {"session": reader, "to": target})
                if round_number == 1:
                    self.broker.kill()
                    self.broker.start()
                if round_number == 2:
                    self.nodes[target].kill()
                    self.nodes[target].start()
                state = self.until(reader, lambda s: not s.get("migrating") and phase(s) == "running",
                                   "the move to end", 2 * PATIENCE)
                if state["run"]["phase"] != "running":
                    self.admin.call("session.activate", {"session": reader})
        finally:
            self.stopping = True
            sender.join()
        self.until(reader, lambda s: s.get("items", 0) >= len(sent), "all to be read", 2 * PATIENCE)
        self.assertEqual([int(text) for text in self.items(reader)], sent)
        self.assertEqual(len([event for event in whole_log(self.admin) if event["kind"] == "message_delivered"]),
                         len(sent))


if __name__ == "__main__":
    unittest.main()
