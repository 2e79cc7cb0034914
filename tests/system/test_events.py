#!/usr/bin/python3
"""Events: each once and in order, over restarts; and followers that do not read."""
import json
import os
import subprocess
import threading
import time
import unittest

import zmq

from harness import BATON, PATIENCE, SystemTest, pack, sanitized, unpack, wait_until, whole_log


class Following(SystemTest):
    def follow(self, *options):
        process = subprocess.Popen([BATON, "events", "--from-start", "-o", "jsonl", *options], stdout=subprocess.PIPE,
                                   text=True, env={**os.environ, "BATON_CONTEXT": self.broker.context})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        seen = []
        threading.Thread(target=self.read_lines, args=(process.stdout, seen), daemon=True).start()
        return seen

    @staticmethod
    def read_lines(stream, seen):
        for line in iter(stream.readline, ""):
            seen.append(json.loads(line))

    def test_over_restarts_and_kills(self):
        seen = self.follow()
        session = self.admin.call("session.create", {"title": "followed"})["session"]
        for number in range(12):
            for value in range(20):
                self.admin.call("memory.set", {"session": session, "key": "k", "value": [number, value]},
                                timeout=PATIENCE)
            if number % 3 == 0:
                self.broker.restart()
            elif number % 3 == 1:
                self.broker.kill()
                self.broker.start()
        events = whole_log(self.admin)
        wait_until(lambda: len(seen) >= len(events), "the follower to read to the end", patience=2 * PATIENCE)
        self.assertEqual([event["seq"] for event in seen], [event["seq"] for event in events])
        self.assertEqual([event["kind"] for event in seen], [event["kind"] for event in events])

    def test_filters(self):
        seen = self.follow("--class", "context")
        session = self.admin.call("session.create", {"title": "followed"})["session"]
        for value in range(5):
            self.admin.call("memory.set", {"session": session, "key": "k", "value": value})
        wait_until(lambda: len(seen) >= 5, "five events")
        self.assertEqual({event["kind"] for event in seen}, {"memory_set"})

    def test_bulky_events_are_read_from_the_log(self):
        seen = self.follow()
        session = self.admin.call("session.create", {"title": "followed"})["session"]
        for size in (100, 100_000, 100, 1_000_000, 1_000_000, 100):
            self.admin.call("item.append", {"session": session, "role": "user", "text": "x" * size}, timeout=PATIENCE)
        events = whole_log(self.admin)
        wait_until(lambda: len(seen) >= len(events), "the follower to read to the end")
        self.assertEqual([event["seq"] for event in seen], [event["seq"] for event in events])


class Pages(SystemTest):
    def test_resync(self):
        session = self.admin.call("session.create", {"title": "one"})["session"]
        for value in range(10):
            self.admin.call("memory.set", {"session": session, "key": "k", "value": value})
        head = self.admin.call("site.about")["seq"]
        page = self.admin.call("events.read", {"after": head + 5})
        self.assertEqual((page["resync"], page["head"], page.get("events")), (True, head, None))
        page = self.admin.call("events.read", {"after": 1, "most": 3, "session": session})
        self.assertTrue(page["resync"])
        self.assertEqual(unpack(page["state"])["n"], 11)
        page = self.admin.call("events.read", {"after": head - 3, "most": 3})
        self.assertEqual(len(page["events"]), 3)

    def test_unsubscribed_gets_nothing_more(self):
        number = self.admin.call("events.subscribe")["subscription"]
        self.admin.call("events.unsubscribe", {"subscription": number})
        self.admin.deliveries.clear()
        self.admin.call("session.create", {"title": "unseen"})
        self.admin.call("site.about")
        self.assertEqual(self.admin.deliveries, [])

    def test_nobody_ends_anothers_subscription(self):
        other = self.client()
        number = self.admin.call("events.subscribe", {"class": "lifecycle"})["subscription"]
        other.call("events.unsubscribe", {"subscription": number})
        self.admin.call("session.create", {"title": "seen"})
        wait_until(lambda: (self.admin.delivery(PATIENCE) or [0, 0])[1], "the event")

    def test_more_subscriptions_than_the_limit(self):
        for number in range(4096):
            self.admin.socket.send_multipart([b"BTN1Q", pack({"id": number + 1, "method": "events.subscribe"}),
                                              pack({"kind": "session_terminated"})])
        self.admin.last_id = 10000
        self.refused("resource_exhausted", "busy", self.admin.call, "events.subscribe", timeout=PATIENCE)
        # They end with their connection.
        self.admin.connect()
        wait_until(lambda: self.subscribes(), "room for another")

    def subscribes(self):
        try:
            return self.admin.call("events.subscribe", timeout=PATIENCE)
        except Exception:
            return None


class Silent(SystemTest):
    """A follower that subscribes to everything and reads nothing."""

    GROWTH = (512 if sanitized() else 64) << 20

    def silent(self):
        client = self.client()
        client.socket.close(linger=0)
        client.socket = client.context.socket(zmq.DEALER)
        client.socket.setsockopt(zmq.RCVHWM, 1)
        client.socket.setsockopt(zmq.RCVBUF, 4096)
        client.socket.curve_serverkey, client.socket.curve_publickey, client.socket.curve_secretkey = (
            key.encode() for key in client.keys)
        client.socket.connect(client.endpoint)
        client.call("events.subscribe")
        return client

    def load(self, count, size):
        """Many changes, a hundred under way at a time; gives the longest time that another client's read took."""
        done, worst, watcher = 0, 0.0, self.client()
        frames = [b"BTN1Q", None, pack({"session": self.session, "role": "user", "text": "x" * size})]
        sent = 0
        while done < count:
            while sent < count and sent - done < 100:
                sent += 1
                frames[1] = pack({"id": 100000 + sent, "method": "item.append"})
                self.admin.socket.send_multipart(frames)
            self.assertTrue(self.admin.socket.poll(PATIENCE * 1000))
            while self.admin.socket.poll(0):
                self.assertEqual(unpack(self.admin.socket.recv_multipart()[1])["status"], "ok")
                done += 1
            start = time.monotonic()
            watcher.call("site.about", timeout=PATIENCE)
            worst = max(worst, time.monotonic() - start)
        return worst

    def check(self, count, size):
        self.session = self.admin.call("session.create", {"title": "busy"})["session"]
        self.load(count, size)
        before = self.broker.memory()
        for _ in range(3):
            self.silent()
        worst = self.load(count, size)
        growth = self.broker.memory() - before
        self.assertLess(growth, self.GROWTH)
        self.assertLess(worst, 5.0)

    def test_small_events(self):
        self.check(20000, 200)

    def test_bulky_events(self):
        self.check(300, 250_000)


if __name__ == "__main__":
    unittest.main()
