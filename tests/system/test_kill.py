#!/usr/bin/python3
"""kill -9 of the broker, again and again, under load: what was acknowledged is there, and nothing is there twice.

Several clients change sessions of their own, each change with an idempotency key that is sent until it is answered. A
follower reads the events all the while. KILLS says how many times (200).
"""
import os
import random
import threading
import time
import unittest

import zmq

from harness import PATIENCE, SystemTest, wait_until, whole_log

KILLS = int(os.environ.get("KILLS", "200"))
CLIENTS = 5


class Worker(threading.Thread):
    """Makes changes until it is told to stop; each is marked with a word of its own."""

    def __init__(self, name, client):
        super().__init__(name=name)
        self.client, self.random = client, random.Random(name)
        self.sessions, self.done, self.failure = [], {}, None
        self.under_way, self.stopping = None, False
        client.socket.setsockopt(zmq.RECONNECT_IVL, 10)

    def run(self):
        try:
            number = 0
            while not self.stopping:
                number += 1
                self.change(f"{self.name}-{number}")
        except Exception as failure:  # looked at by the test
            self.failure = failure

    def change(self, mark):
        self.under_way = mark
        if len(self.sessions) < 3 or self.random.random() < 0.1:
            method, body = "session.create", {"title": mark}
        else:
            session = self.random.choice(self.sessions)
            method, body = self.random.choice([
                ("memory.set", {"session": session, "key": f"k{self.random.randrange(5)}", "value": mark}),
                ("item.append", {"session": session, "role": "user", "text": mark}),
                ("decision.record", {"session": session, "key": "d", "value": mark}),
                ("artifact.put", {"session": session, "name": "a", "media_type": mark, "content": mark.encode()}),
                ("message.send", {"to": session, "subject": mark}),
            ])
        answer = self.client.call(method, body, timeout=2 * PATIENCE, resend=0.2, key=mark)
        if method == "session.create":
            self.sessions.append(answer["session"])
        self.done[mark] = (answer["session"], answer["n"])


class Follower(threading.Thread):
    """Reads events until it is told to stop, and one more."""

    def __init__(self, client):
        super().__init__(name="follower")
        self.client, self.seqs, self.stopping = client, [], False
        client.socket.setsockopt(zmq.RECONNECT_IVL, 10)

    def run(self):
        for event in self.client.follow():
            self.seqs.append(event["seq"])
            if self.stopping:
                return


def marks_of(event):
    """The words that a change was marked with; some stand in the body, some deeper in it."""
    body = event.get("body") or {}
    found = [body.get(field) for field in ("title", "value", "media_type", "subject")]
    found += [part.get("text") for part in body.get("parts", [])]
    return [mark for mark in found if mark]


class Kill(SystemTest):
    def setUp(self):
        super().setUp()
        self.workers = [Worker(f"w{number}", self.client()) for number in range(CLIENTS)]
        self.follower = Follower(self.client())

    def tearDown(self):
        for worker in self.workers:
            worker.stopping = True
        if not self.broker.alive():
            self.broker.start()
        self.follower.stopping = True
        self.admin.call("session.create", {"title": "the last event"}, timeout=PATIENCE)
        for thread in (*self.workers, self.follower):
            if thread.is_alive():
                thread.join()

    def kill_often(self):
        source = random.Random(2)
        for _ in range(KILLS):
            time.sleep(source.uniform(0.02, 0.15))
            self.broker.kill()
            self.broker.start()
            for worker in self.workers:
                self.assertIsNone(worker.failure)

    def test_acknowledged_changes_are_there_and_none_twice(self):
        for thread in (*self.workers, self.follower):
            thread.start()
        self.kill_often()
        for worker in self.workers:
            before = len(worker.done)
            wait_until(lambda: len(worker.done) > before or worker.failure, f"{worker.name} to go on")
            worker.stopping = True
        for worker in self.workers:
            worker.join()
            self.assertIsNone(worker.failure)
        events = whole_log(self.admin)
        self.check_marks(events)
        self.check_artifacts()
        head = len(events)
        wait_until(lambda: self.follower.seqs and self.follower.seqs[-1] == head, "the follower to read to the end")
        wrong = [(due, seq) for due, seq in enumerate(self.follower.seqs, 1) if seq != due]
        self.assertEqual(wrong[:5], [], "what the follower got in place of what was due")
        # And after a clean end, from snapshots: the same.
        self.broker.restart()
        self.assertEqual(whole_log(self.admin), events)

    def check_marks(self, events):
        places = {}
        for event in events:
            for mark in marks_of(event):
                places.setdefault(mark, []).append((event["session"], event["n"]))
        twice = {mark: place for mark, place in places.items() if len(place) > 1}
        self.assertEqual(twice, {})
        done = {mark: place for worker in self.workers for mark, place in worker.done.items()}
        lost = {mark: place for mark, place in done.items() if places.get(mark) != [place]}
        self.assertEqual(lost, {})
        self.assertGreater(len(done), KILLS)
        print(f"{len(done)} changes acknowledged, {KILLS} kills, {len(events)} events")

    def check_artifacts(self):
        for worker in self.workers:
            for session in worker.sessions:
                for artifact in self.admin.call("session.show", {"session": session}).get("artifacts", []):
                    found = self.admin.call("artifact.get", {"session": session, "name": "a"})
                    self.assertEqual(found["content"].decode(), artifact["media_type"])


if __name__ == "__main__":
    unittest.main()
