#!/usr/bin/python3
"""What is put for an import: a share for each identity, freed when the import ends, also across kill -9."""
import contextlib
import hashlib
import os
import signal
import sqlite3
import time
import unittest

from harness import PATIENCE, SystemTest, pack, wait_until

SHARE, SITE = 16384, 4 * 16384
SHARE_BYTES = 4 << 30
SESSION = "0123456789abcdefghjk"


def digest_of(content):
    return hashlib.blake2b(content, digest_size=32)


class Staging(SystemTest):
    def query(self, sql, *values):
        with contextlib.closing(sqlite3.connect(os.path.join(self.broker.state, "baton.db"))) as base, base:
            return base.execute(sql, values).fetchall()

    def blobs(self):
        return self.query("SELECT count (*) FROM blob")[0][0]

    def staged(self):
        return self.query("SELECT count (*) FROM hold WHERE owner <> ''")[0][0]

    def fill(self, owner, count, size=1):
        """As if all that had been put, one by one."""
        self.broker.kill()
        self.query("WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ?)"
                   " INSERT INTO hold (owner, name, digest, at, size) SELECT ?, '', ? || i, ?, ? FROM number",
                   count, owner, owner, 1 << 62, size)
        self.broker.start()

    @staticmethod
    def put(client, content, **options):
        client.call("blob.put", {"digest": digest_of(content).hexdigest(), "content": content, **options},
                    timeout=PATIENCE)
        return digest_of(content).digest()

    def full(self, client, content=b"one too many"):
        return self.refused("resource_exhausted", "staging_full", self.put, client, content)

    def test_each_has_a_share_and_the_site_a_limit(self):
        ada, eve = self.enrolled("ada", "operator"), self.enrolled("eve", "operator")
        self.fill("ada", SHARE - 1)
        # The requests of one batch see each other: there is room for one of three.
        os.kill(self.broker.process.pid, signal.SIGSTOP)
        for number in range(3):
            content = b"of one batch %d" % number
            ada.last_id += 1
            ada.socket.send_multipart([b"BTN1Q", pack({"id": ada.last_id, "method": "blob.put", "timeout": 10000,
                                                       "key": f"k{number}"}),
                                       pack({"digest": digest_of(content).hexdigest(), "content": content})])
        os.kill(self.broker.process.pid, signal.SIGCONT)
        answers = []
        while len(answers) < 3:
            message = ada.receive(time.monotonic() + PATIENCE)
            self.assertIsNotNone(message)
            answers.append(message[1]["status"])
        self.assertEqual(sorted(answers), ["ok", "resource_exhausted", "resource_exhausted"])
        failure = self.full(ada)
        self.assertIn("of ada; at most 16384 of 4294967296 bytes", failure["message"])
        self.assertIn("baton blob forget", failure["hint"])
        self.put(eve, b"others have room")
        self.admin.call("blob.forget")
        self.full(ada)
        ada.call("blob.forget")
        self.put(ada, b"one too many")
        # In bytes, too.
        self.fill("eve", 1, SHARE_BYTES - len(b"others have room") - 5)
        self.put(eve, b"12345")
        self.full(eve, b"6")
        # Of all together.
        self.fill("fay", SITE - self.staged())
        self.assertIn("of the whole site; at most 65536", self.full(self.admin)["message"])
        eve.call("blob.forget")
        self.put(self.admin, b"one too many")

    @staticmethod
    def page(*more):
        return pack({"events": [{"seq": number + 1, "session": SESSION, "n": number + 1, "at": 5, **event}
                                for number, event in enumerate(({"kind": "session_created", "body": {"title": "T"}},
                                                                *more))]})

    def bring(self, pages, **fields):
        return self.admin.call("session.import", {"origin_session": SESSION, "origin_n": 1,
                                                  "pages": pages, **fields}, timeout=PATIENCE, key="the import")

    def test_the_end_of_an_import_frees_what_was_put_for_it(self):
        self.put(self.admin, b"of another import", upload="another")
        pages = self.put(self.admin, self.page(), upload="one")
        self.put(self.admin, b"not needed", upload="one")
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.staged(), 3)
        # Refused by the reader, and refused before that: nothing of it waits any longer.
        self.refused("invalid_argument", "bad_archive", self.bring, pages, origin_n=7, upload="one")
        wait_until(lambda: self.blobs() == 1, "the contents of the refused import to be freed")
        self.put(self.admin, b"not needed", upload="one")
        self.refused("not_found", "no_such_session", self.bring, pages, update="nobody", upload="one")
        wait_until(lambda: self.blobs() == 1, "the contents of the refused import to be freed")
        # The same key again, which is told what to do, and does it; a kill at whatever point changes nothing.
        failure = self.refused("not_found", "no_such_artifact", self.bring, pages, upload="one")
        self.assertIn("put", failure["message"] + failure["hint"])
        artifact = self.put(self.admin, b"an artifact", upload="one")
        page = self.page({"kind": "artifact_put", "body": {"name": "a", "digest": artifact.hex(), "size": 11}})
        for _ in range(2):
            pages = self.put(self.admin, page, upload="one")
            answer = self.bring(pages, upload="one", origin_n=2)
            self.broker.kill()
            self.broker.start()
            self.assertEqual(self.bring(pages, upload="one", origin_n=2), answer)
            wait_until(lambda: (self.staged(), self.blobs()) == (1, 2), "the pages to be freed")
        self.assertEqual(self.admin.call("artifact.get", {"session": answer["session"], "name": "a"})["content"],
                         b"an artifact")
        self.assertEqual(len(self.admin.call("session.list")["sessions"]), 1)


if __name__ == "__main__":
    unittest.main()
