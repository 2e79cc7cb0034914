#!/usr/bin/python3
"""A full disk: changes are refused, reads are answered, and when there is room everything goes on."""
import ctypes
import os
import signal
import subprocess
import unittest

from harness import PATIENCE, Broker, Refused, SystemTest, pack, unpack, wait_until, whole_log
from test_keeper import Node

CLONE_NEWNS = 0x20000
SIZE = 4 << 20


def own_mounts():
    """Gives this process mounts that nobody else sees; says why it can't."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return os.strerror(ctypes.get_errno())
    done = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode != 0 else None


class FullDisk(SystemTest):
    broker_options = None

    @classmethod
    def setUpClass(cls):
        obstacle = own_mounts()
        if obstacle:
            raise unittest.SkipTest(f"this needs a small file system of its own, and root to mount it: {obstacle}")

    def setUp(self):
        super().setUp()
        disk = os.path.join(self.directory, "disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], check=True)
        self.addCleanup(lambda: (self.broker.close(), subprocess.run(["umount", disk], check=True)))
        self.broker = Broker(self.directory, state=os.path.join(disk, "state")).start()
        self.filler = os.path.join(disk, "filler")
        self.admin = self.client()
        self.session = self.admin.call("session.create", {"title": "before"})["session"]

    def fill(self):
        with open(self.filler, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def append(self, number):
        return self.admin.call("item.append", {"session": self.session, "role": "user", "text": f"{number} " * 1000},
                               timeout=PATIENCE)["n"]

    def append_until_refused(self):
        """Changes until the disk is full; gives how many were acknowledged."""
        for number in range(10000):
            try:
                self.append(number)
            except Refused as refused:
                failure = refused.failure
                self.assertEqual((failure["status"], failure["reason"], failure["retry"]),
                                 ("resource_exhausted", "disk_full", True))
                return number
        raise AssertionError("the disk is never full")

    def check_reads(self, items):
        self.assertEqual(self.admin.call("session.show", {"session": self.session}).get("items", 0), items)
        self.assertEqual(len(self.items()), items)
        self.assertEqual(self.admin.call("session.list")["sessions"][0]["title"], "before")
        self.assertEqual(len(whole_log(self.admin)), 2 + items)

    def items(self):
        return self.admin.call("item.list", {"session": self.session, "limit": 1000}, timeout=PATIENCE).get("items", [])

    def test_changes_are_refused_and_reads_are_answered(self):
        self.fill()
        done = self.append_until_refused()
        for _ in range(5):  # again and again: nothing of a refused change stays
            self.refused("resource_exhausted", "disk_full", self.append, 0)
            self.refused("resource_exhausted", "disk_full", self.admin.call, "session.create", {"title": "x" * 200})
            self.check_reads(done)
        os.unlink(self.filler)
        self.append(done)
        self.check_reads(done + 1)
        self.broker.restart()
        self.check_reads(done + 1)

    def test_nobody_hears_of_what_was_not_kept(self):
        """What another change of the same batch did is no reason to refuse when the batch failed."""
        number = self.admin.call("breakpoint.ask", {"session": self.session, "key": "k", "title": "Go?",
                                                    "policy": {"kind": "first", "self": True}})["breakpoint"]
        about = {"session": self.session, "breakpoint": number}
        self.fill()
        self.append_until_refused()
        os.kill(self.broker.process.pid, signal.SIGSTOP)  # so that all of it is one batch
        for at, (method, body) in enumerate((("breakpoint.vote", {**about, "option": "approve", "why": "x" * 1000}),
                                             ("breakpoint.comment", {**about, "text": "late"}),
                                             ("breakpoint.vote", {**about, "option": "never"}))):
            self.admin.socket.send_multipart([b"BTN1Q", pack({"id": 900 + at, "method": method}), pack(body)])
        os.kill(self.broker.process.pid, signal.SIGCONT)
        reasons = {}
        for _ in range(3):
            self.assertTrue(self.admin.socket.poll(PATIENCE * 1000))
            frames = self.admin.socket.recv_multipart()
            reasons[unpack(frames[1])["id"]] = unpack(frames[2])["reason"]
        self.assertNotIn("already_decided", reasons.values())
        self.assertEqual(reasons[900], "disk_full")
        shown = self.admin.call("breakpoint.show", about)["breakpoint"]
        self.assertEqual(shown["state"], "open")

    def test_a_run_waits_until_there_is_room_again(self):
        """Its place was given in a batch that failed: the slot is free again, and it gets it later."""
        node = Node(self, "near")
        self.broker.restart()  # now the node is known, but not heard of
        session = self.admin.call("session.create", {"title": "work", "activate": True}, timeout=PATIENCE)["session"]
        self.fill()
        self.append_until_refused()
        failures = self.broker.printed().count("nothing of this batch was changed")
        node.client.call("node.heartbeat", timeout=PATIENCE)
        wait_until(lambda: self.broker.printed().count("nothing of this batch was changed") > failures, "a failed batch")
        self.assertEqual(self.admin.call("session.show", {"session": session})["run"]["phase"], "queued")
        self.assertEqual(self.admin.call("node.list")["nodes"][0].get("active", 0), 0)
        os.unlink(self.filler)
        node.start(session)
        self.assertEqual(self.admin.call("node.list")["nodes"][0]["active"], 1)

    def test_a_key_is_not_used_up_by_a_refusal(self):
        self.fill()
        done = self.append_until_refused()
        body = {"session": self.session, "role": "user", "text": "once " * 1000}
        self.refused("resource_exhausted", "disk_full", self.admin.call, "item.append", body, key="k")
        os.unlink(self.filler)
        first = self.admin.call("item.append", body, key="k")
        self.assertEqual(self.admin.call("item.append", body, key="k"), first)
        self.check_reads(done + 1)

    def test_killed_while_full(self):
        self.fill()
        done = self.append_until_refused()
        self.broker.kill()
        if not self.broker.spawn():  # it may need room to start, and then says so
            self.assertIn("make room", self.broker.printed())
        os.unlink(self.filler)
        if not self.broker.alive():
            self.broker.start()
        self.check_reads(done)
        self.append(done)
        self.check_reads(done + 1)

    def test_ends_cleanly_while_full(self):
        self.fill()
        done = self.append_until_refused()
        self.broker.stop()
        os.unlink(self.filler)
        self.broker.start()
        self.check_reads(done)


if __name__ == "__main__":
    unittest.main()
