#!/usr/bin/python3
"""Several clients of one session: presence, cursors, the edit lock; and what is left of them after kill -9."""
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
import unittest

from harness import BATON, PATIENCE, Refused, SystemTest, wait_until


class Attached:
    """`baton session attach`, whose lines are kept."""

    def __init__(self, test, session, *flags):
        self.process = subprocess.Popen(
            [BATON, "session", "attach", session, "-o", "jsonl", *flags], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env={**os.environ, "BATON_CONTEXT": test.broker.context, "XDG_STATE_HOME": test.directory})
        self.seen = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        test.addCleanup(self.close)

    def read(self):
        for line in iter(self.process.stdout.readline, ""):
            if line.endswith("\n"):
                self.seen.append(json.loads(line)["n"])

    def end(self, number):
        """At once, whatever it waits for."""
        self.process.send_signal(number)
        began = time.monotonic()
        self.process.wait(PATIENCE)
        self.ended_after = time.monotonic() - began
        self.reader.join(PATIENCE)
        return self.seen

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()


class Attach(SystemTest):
    def setUp(self):
        super().setUp()
        self.session = self.admin.call("session.create", {"title": "watched"})["session"]

    def change(self, count=1):
        for value in range(count):
            n = self.admin.call("memory.set", {"session": self.session, "key": "k", "value": random.random()},
                                timeout=PATIENCE)["n"]
        return n

    def clients(self):
        rows = json.loads(self.baton("session", "clients", self.session, "-o", "json")).get("clients", [])
        return {row["client"]: row for row in rows}

    def attached(self, name):
        return wait_until(lambda: (row := self.clients().get(name)) and "left_at" not in row and row, name)

    def test_nothing_missed_and_nothing_twice(self):
        seen, kills, chance = [], 0, random.Random(7)
        stop, head = threading.Event(), [0]

        def work():
            while not stop.is_set():
                head[0] = self.change()

        follower = Attached(self, self.session, "--client", "desk", "--from-start")
        worker = threading.Thread(target=work)
        worker.start()
        for turn in range(6):
            target = chance.randrange(20, 60)
            wait_until(lambda: len(follower.seen) >= target, f"{target} events", patience=2 * PATIENCE)
            if turn % 3 == 2:
                self.broker.kill()
                self.broker.start()
            else:
                kills += 1
                seen.append(follower.end(signal.SIGKILL))
                follower = Attached(self, self.session, "--client", "desk")
        stop.set()
        worker.join(2 * PATIENCE)
        wait_until(lambda: follower.seen and follower.seen[-1] >= head[0], "the end", patience=2 * PATIENCE)
        seen.append(follower.end(signal.SIGTERM))
        everything, twice = [], 0
        for part in seen:
            if everything and part and part[0] == everything[-1]:
                twice += 1  # killed between a line and the note that it was printed
                part = part[1:]
            everything += part
        self.assertEqual(everything, list(range(1, len(everything) + 1)))
        self.assertLessEqual(twice, kills)
        # What it had read is known, so it goes on from there elsewhere, without its file.
        last = self.clients()["desk"]
        self.assertEqual((last["cursor"], last["kind"]), (everything[-1], "cli"))
        self.assertIn("left_at", last)
        again = self.admin.call("session.attach", {"session": self.session, "client": "desk"})
        self.assertEqual(again["cursor"], everything[-1])

    def test_several_at_once(self):
        first = Attached(self, self.session, "--client", "one", "--kind", "console")
        second = Attached(self, self.session)
        self.assertEqual(self.attached("one")["kind"], "console")
        unnamed = f"{second.process.pid}-"
        wait_until(lambda: [name for name in self.clients() if name.startswith(unnamed)], "the unnamed one")
        n = self.change(5)
        for each in (first, second):
            wait_until(lambda each=each: each.seen and each.seen[-1] >= n, "the changes")
        # One that has no name leaves nothing behind; a name is kept.
        second.end(signal.SIGINT)
        self.assertLess(second.ended_after, 1)
        wait_until(lambda: not [name for name in self.clients() if name.startswith(unnamed)], "it to be forgotten")
        first.end(signal.SIGINT)
        self.assertLess(first.ended_after, 1)
        wait_until(lambda: "left_at" in self.clients()["one"], "the first to have left")
        self.assertEqual(first.process.returncode, 0)

    def test_who_is_not_heard_of_is_seen_to_leave(self):
        follower = Attached(self, self.session, "--client", "one", "--ttl", "700ms")
        self.attached("one")
        follower.end(signal.SIGKILL)
        left = wait_until(lambda: [event for event in self.admin.call(
            "session.log", {"session": self.session, "limit": 1000})["events"] if event["kind"] == "client_left"],
            "it to be missed")
        self.assertTrue(left[0]["body"]["expired"])

    def test_it_waits_for_a_broker_that_is_away(self):
        follower = Attached(self, self.session, "--client", "one")
        self.attached("one")
        self.broker.kill()
        self.broker.start()
        n = self.change()
        wait_until(lambda: follower.seen and follower.seen[-1] == n, "the change")
        self.assertIn("no event came within", self.baton("session", "attach", self.session, "--timeout", "200ms", code=7))


class Lock(SystemTest):
    def setUp(self):
        super().setUp()
        self.ada, self.bob = self.enrolled("ada", "operator"), self.enrolled("bob", "operator")
        self.session = self.admin.call("session.create", {"title": "edited", "visibility": "shared"})["session"]
        for name, access in (("ada", "edit"), ("bob", "edit")):
            self.admin.call("session.share", {"session": self.session, "with": name, "access": access})

    def lock(self, who, verb="acquire", fence=None, **body):
        return who.call(f"lock.{verb}", {"session": self.session, **body}, key=None, fence=fence)

    def rename(self, client, title, **header):
        return client.call("session.update", {"session": self.session, "title": title}, key=None, **header)

    def test_the_holder_is_killed(self):
        holder = subprocess.Popen([BATON, "session", "attach", self.session, "--client", "desk"],
                                  stdout=subprocess.DEVNULL, env={**os.environ, "BATON_CONTEXT": self.broker.context,
                                                                  "XDG_STATE_HOME": self.directory})
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        fence = self.lock(self.ada, ttl=60000, client="desk")["fence"]
        self.assertEqual(fence, 1)
        failure = self.refused("failed_precondition", "lease_held", self.rename, self.bob, "bob's")
        self.assertIn("ada (desk) holds the edit lock", failure["message"])
        self.refused("failed_precondition", "lease_held", self.rename, self.ada, "ada's")  # another client of hers
        self.refused("failed_precondition", "lease_held", self.rename, self.bob, "bob's", fence=1)
        self.refused("failed_precondition", "lease_held", self.lock, self.bob)
        self.rename(self.ada, "ada's", fence=1)
        holder.kill()
        self.broker.kill()
        self.broker.start()
        self.refused("failed_precondition", "lease_held", self.rename, self.bob, "bob's")
        self.rename(self.ada, "still ada's", fence=1)
        # Mail, and stopping what goes wrong, need no lock.
        self.bob.call("message.send", {"to": self.session, "subject": "hello"})
        self.refused("permission_denied", "not_allowed", self.lock, self.bob, "break")
        self.lock(self.admin, "break")
        self.rename(self.bob, "bob's")
        self.refused("aborted", "stale_fence", self.rename, self.ada, "late", fence=1)
        self.assertEqual(self.lock(self.bob, ttl=300)["fence"], 2)
        wait_until(lambda: "holder" not in self.admin.call("session.show", {"session": self.session}).get("lock", {}),
                   "the lock to expire")
        self.refused("aborted", "stale_fence", self.rename, self.bob, "late", fence=2)
        self.assertEqual(self.lock(self.ada)["fence"], 3)
        self.refused("failed_precondition", "lease_held", self.rename, self.admin, "the owner's")
        self.admin.call("session.cancel", {"session": self.session})
        self.assertEqual(self.admin.call("session.show", {"session": self.session})["title"], "bob's")

    def test_on_the_command_line(self):
        fence = json.loads(self.baton("lock", "acquire", self.session, "--ttl", "1m", "-o", "json"))["fence"]
        self.assertIn("break it with: baton lock break " + self.session,
                      self.baton("session", "update", self.session, "--title", "mine", code=5))
        self.baton("session", "update", self.session, "--title", "mine", "--fence", str(fence))
        self.baton("lock", "renew", self.session, "--fence", str(fence))
        self.baton("lock", "release", self.session, "--fence", str(fence))
        self.baton("--if-n", "1", "session", "update", self.session, "--title", "his", code=5)
        self.baton("session", "update", self.session, "--title", "his")

    def test_one_of_many_gets_it(self):
        clients, got = [self.client() for _ in range(6)], []

        def race(client):
            try:
                got.append(self.lock(client)["fence"])
            except Exception as error:
                got.append(error.failure["reason"])

        threads = [threading.Thread(target=race, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(sorted(map(str, got)), ["1"] + 5 * ["lease_held"])


class EachChange(SystemTest):
    """Every change of a session that a person can make, with a wrong if_n: it is refused, and nothing has changed."""

    # Refused for what it needs beside the session, which is looked at first.
    OTHERWISE = {"session.migrate"}
    VALUES = {"name": "a1", "line": "a1", "text": "words", "uint": 1, "bytes": b"x", "value": 1, "texts": ["a"],
              "pairs": {"a": "b"}, "flag": True}

    @staticmethod
    def sections():
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "methods.md")
        with open(path, encoding="utf-8") as file:
            for section in re.split("\n##? ", file.read())[1:]:
                yield section.partition("\n")[::2]

    def changes(self):
        """Name and required fields with their types, of what operators can do to a session."""
        for name, text in self.sections():
            fields = re.findall(r"^\| `(\w+)`( \*)? \| (\w+)(?: \[(\w+)\])?", text, re.MULTILINE)
            if re.search("^Change · allowed to: (?!node|admin)", text, re.MULTILINE) and any(
                    field == "session" for field, *_ in fields):
                yield name, {field: (kind, of) for field, star, kind, of in fields if star}

    def value(self, kind, of):
        words = dict(re.findall(r"^\| (\w+) \| `(\w+)`", dict(self.sections())["Words"], re.MULTILINE))
        return words[of] if kind == "word" else self.VALUES[kind]

    def test_if_n(self):
        session, other = (self.admin.call("session.create", {"title": title})["session"] for title in "ab")
        self.enrolled("eve", "operator")
        for number in range(8):  # with a context that can be compacted, and was
            n = self.admin.call("item.append", {"session": session, "role": "user", "text": f"words {number}"})["n"]
            if number == 3:
                self.admin.call("session.compact", {"session": session, "keep_last": 1})
        given, count = {"session": session, "with": "eve", "owner": "eve", "on": other, "item": 2, "at": "2"}, 0
        for method, fields in self.changes():
            body = {field: given[field] if field in given else self.value(*kind) for field, kind in fields.items()}
            with self.subTest(method):
                with self.assertRaises(Refused) as caught:
                    self.admin.call(method, body, if_n=n + 1)
                if method not in self.OTHERWISE:
                    self.assertEqual(caught.exception.failure["reason"], "version_mismatch", caught.exception.failure)
                self.assertEqual(self.admin.call("session.show", {"session": session})["n"], n)
            count += 1
        self.assertGreater(count, 25)


if __name__ == "__main__":
    unittest.main()
