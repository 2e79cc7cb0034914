#!/usr/bin/python3
"""Large contents, which other threads make ready: order, keys and refusals as for any change; no file is lost or left."""
import contextlib
import hashlib
import os
import sqlite3
import time
import unittest

from harness import PATIENCE, SystemTest, pack, wait_until

SIZE = 1 << 20


class LargeContents(SystemTest):
    def setUp(self):
        super().setUp()
        self.session = self.admin.call("session.create", {"title": "contents"})["session"]

    def files(self):
        folder = os.path.join(self.broker.state, "blobs")
        return sorted(name for _, _, names in os.walk(folder) for name in names)

    def rows(self):
        with contextlib.closing(sqlite3.connect(os.path.join(self.broker.state, "baton.db"))) as base:
            return sorted(row[0] for row in base.execute("SELECT digest FROM blob WHERE file IS NOT NULL"))

    def put(self, content, name="a", **options):
        return self.admin.call("artifact.put", {"session": self.session, "name": name, "content": content},
                               timeout=PATIENCE, **options)

    def get(self, name="a"):
        return self.admin.call("artifact.get", {"session": self.session, "name": name}, timeout=PATIENCE)["content"]

    def send(self, method, body, key):
        """Without waiting for the answer."""
        self.admin.last_id += 1
        header = {"id": self.admin.last_id, "method": method, "timeout": 20000, "key": key}
        self.admin.socket.send_multipart([b"BTN1Q", pack(header), pack(body)])

    def test_one_after_the_other(self):
        contents = [os.urandom(SIZE - 1000 * number) for number in range(8)]
        for number, content in enumerate(contents):
            self.send("artifact.put", {"session": self.session, "name": "a", "content": content}, f"k{number}")
        wait_until(lambda: len(self.rows()) == len(contents), "all are committed")
        self.assertEqual(self.get(), contents[-1])
        events = self.admin.call("session.log", {"session": self.session, "limit": 100})["events"]
        self.assertEqual([event["body"]["size"] for event in events if event["kind"] == "artifact_put"],
                         [len(content) for content in contents])
        self.assertEqual(self.files(), self.rows())

    def test_the_same_twice_and_what_is_refused(self):
        content, n = os.urandom(SIZE), self.admin.call("session.show", {"session": self.session})["n"]
        first = self.put(content, key="once", if_n=n)
        again = self.put(content, key="once", if_n=n)
        self.assertEqual((first["n"], first["digest"]), (again["n"], again["digest"]))
        self.refused("aborted", "key_reused", self.put, content[1:], key="once")
        self.refused("aborted", "version_mismatch", self.put, content[1:], if_n=n)
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.put(content, key="once", if_n=n)["n"], first["n"])
        digest = hashlib.blake2b(content, digest_size=32).hexdigest()
        self.refused("invalid_argument", "bad_archive", self.admin.call, "blob.put",
                     {"digest": digest, "content": content[1:]})
        self.admin.call("session.cancel", {"session": self.session})
        self.refused("failed_precondition", "wrong_state", self.put, content[2:], name="b")
        wait_until(lambda: self.files() == [digest], "only one was kept")
        self.assertEqual((self.rows(), self.get()), ([digest], content))

    def test_what_cannot_be_written_is_refused_at_once(self):
        new = os.path.join(self.broker.state, "blobs", "new")
        self.put(os.urandom(SIZE))
        os.rename(new, new + ".away")
        begun = time.monotonic()
        self.refused("unavailable", "storage_failed", self.put, os.urandom(SIZE), name="b", key="k")
        self.assertLess(time.monotonic() - begun, PATIENCE / 2, "it was not put aside until its time was up")
        os.rename(new + ".away", new)
        content = os.urandom(SIZE)
        self.put(content, name="b", key="k2")
        self.assertEqual(self.get("b"), content)

    def test_killed_while_many_are_written(self):
        for number in range(3):
            kept = [os.urandom(SIZE) for _ in range(3)]
            for at, content in enumerate(kept):
                self.put(content, name=f"kept-{number}-{at}")
            for at in range(12):
                content = os.urandom(SIZE)
                self.send("blob.put", {"digest": hashlib.blake2b(content, digest_size=32).hexdigest(),
                                       "content": content}, f"k{number}.{at}")
            wait_until(lambda count=3 * (number + 1): len(self.files()) > count, "some are under way")
            self.broker.kill()
            self.broker.start()
            self.admin = self.client()
            self.assertEqual(self.files(), self.rows())
            self.assertEqual([self.get(f"kept-{number}-{at}") for at in range(3)], kept)


if __name__ == "__main__":
    unittest.main()
