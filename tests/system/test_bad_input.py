#!/usr/bin/python3
"""Whatever is sent gets a clear error, nothing is changed, and the connection and the broker stay alive."""
import random
import unittest

import msgpack

from harness import PATIENCE, SystemTest, key_pair, unpack, whole_log

FRAME = 8 << 20
ID = "0" * 20


def header(method="session.create", **fields):
    return msgpack.packb({"id": 1, "method": method, **fields})


def nested(levels):
    return b"\x91" * levels + b"\xc0"


def pairs(*items):
    """A map as it is written, so that a key can stand twice."""
    return bytes([0x80 + len(items)]) + b"".join(msgpack.packb(key) + msgpack.packb(value) for key, value in items)


BODY = msgpack.packb({"title": "t"})

# name, frames, reason, field
FRAMES = [
    ("no signature", [b"", header(), BODY], "unknown_version", ""),
    ("another version", [b"BTN2Q", header(), BODY], "unknown_version", ""),
    ("long signature", [b"BTN1QQ", header(), BODY], "unknown_version", ""),
    ("a delivery", [b"BTN1E", header(), BODY], "unknown_version", ""),
    ("an HTTP request", [b"GET / HTTP/1.1\r\n\r\n"], "unknown_version", ""),
    ("one frame", [b"BTN1Q"], "malformed", ""),
    ("two frames", [b"BTN1Q", header()], "malformed", ""),
    ("four frames", [b"BTN1Q", header(), BODY, b""], "malformed", ""),
    ("hundreds of frames", [b"BTN1Q", header(), BODY] + [b"x"] * 500, "malformed", ""),
    ("empty header", [b"BTN1Q", b"", BODY], "missing_field", "id"),
    ("header of garbage", [b"BTN1Q", b"\xc1\xff\x00garbage", BODY], "malformed", ""),
    ("header that is a list", [b"BTN1Q", b"\x93\x01\x02\x03", BODY], "malformed", ""),
    ("truncated header", [b"BTN1Q", header()[:-3], BODY], "malformed", ""),
    ("bytes after the header", [b"BTN1Q", header() + b"\x00", BODY], "malformed", ""),
    ("no id", [b"BTN1Q", msgpack.packb({"method": "session.create"}), BODY], "missing_field", "id"),
    ("id 0", [b"BTN1Q", header(id=0), BODY], "missing_field", "id"),
    ("negative id", [b"BTN1Q", header(id=-1), BODY], "wrong_type", "id"),
    ("text id", [b"BTN1Q", header(id="1"), BODY], "wrong_type", "id"),
    ("no method", [b"BTN1Q", msgpack.packb({"id": 1}), BODY], "missing_field", "method"),
    ("unknown method", [b"BTN1Q", header("session.explode"), BODY], "unknown_method", "method"),
    ("internal method", [b"BTN1Q", header("session.fence"), msgpack.packb({"session": ID, "node": "n"})],
     "unknown_method", "method"),
    ("method with a format", [b"BTN1Q", header("%s%n%s"), BODY], "bad_text", "method"),
    ("huge header", [b"BTN1Q", header(unknown="x" * 5000), BODY], "too_large", "header"),
    ("long key", [b"BTN1Q", header(key="k" * 65), BODY], "too_large", "key"),
    ("long wait", [b"BTN1Q", header(timeout=300001), BODY], "too_large", "timeout"),
]

# name, body of session.create, reason, field
BODIES = [
    ("nothing", b"", "missing_field", "title"),
    ("not a map", b"\x01", "malformed", ""),
    ("never used byte", b"\xc1", "malformed", ""),
    ("truncated", BODY[:-1], "malformed", ""),
    ("two values", BODY + BODY, "malformed", ""),
    ("claims 4 billion entries", b"\xdf\xff\xff\xff\xff", "malformed", ""),
    ("claims 4 GiB of text", b"\x81\xa5title\xdb\xff\xff\xff\xff", "malformed", ""),
    ("claims a long list", b"\x81\xa8bindings\xdd\x7f\xff\xff\xff", "malformed", ""),
    ("extension type", b"\x81\xa5title\xd4\x01\x00", "malformed", ""),
    ("key that is a number", b"\x82\x01\x02\xa5title\xa1t", "wrong_type", ""),
    ("key twice", pairs(("title", "a"), ("title", "b")), "duplicate_key", ""),
    ("unknown key twice", pairs(("title", "a"), ("x", 1), ("x", 2)), "duplicate_key", ""),
    ("key twice inside", b"\x82\xa5title\xa1a\xa6labels" + pairs(("k", "1"), ("k", "2")), "duplicate_key", "labels"),
    ("key twice in a value", b"\x82\xa5title\xa1a\xa5input" + pairs(("k", 1), ("k", 2)), "duplicate_key", "input"),
    ("too many keys", msgpack.packb({"title": "t", **{f"x{i}": 1 for i in range(200)}}), "too_large", ""),
    ("nested 24 deep", b"\x82\xa5title\xa1t\xa1x" + nested(24), "too_deep", ""),
    ("nested 100,000 deep", b"\x82\xa5title\xa1t\xa1x" + nested(100000), "too_deep", ""),
    ("value 17 deep", b"\x82\xa5title\xa1t\xa5input" + nested(17), "too_deep", "input"),
    ("number for a title", msgpack.packb({"title": 1}), "wrong_type", "title"),
    ("bytes for a title", msgpack.packb({"title": b"t"}), "wrong_type", "title"),
    ("text for a number", msgpack.packb({"title": "t", "priority": "9"}), "wrong_type", "priority"),
    ("float for a number", msgpack.packb({"title": "t", "priority": 1.5}), "wrong_type", "priority"),
    ("number for a flag", msgpack.packb({"title": "t", "activate": 1}), "wrong_type", "activate"),
    ("text for labels", msgpack.packb({"title": "t", "labels": "a=b"}), "wrong_type", "labels"),
    ("number in labels", msgpack.packb({"title": "t", "labels": {"a": 1}}), "wrong_type", "labels"),
    ("title too long", msgpack.packb({"title": "t" * 201}), "too_large", "title"),
    ("title of control characters", msgpack.packb({"title": "a\x1b[2Jb"}), "bad_text", "title"),
    ("title with a line feed", msgpack.packb({"title": "a\nb"}), "bad_text", "title"),
    ("title with a NUL", msgpack.packb({"title": "a\0b"}), "bad_text", "title"),
    ("title with C1", msgpack.packb({"title": "a\x9bb"}), "bad_text", "title"),
    ("title of invalid UTF-8", b"\x81\xa5title\xa2\xc3\x28", "bad_text", "title"),
    ("title with a surrogate", b"\x81\xa5title\xa3\xed\xa0\x80", "bad_text", "title"),
    ("title of an overlong form", b"\x81\xa5title\xa2\xc0\xaf", "bad_text", "title"),
    ("objective too long", msgpack.packb({"title": "t", "objective": "o" * 16385}), "too_large", "objective"),
    ("priority 10", msgpack.packb({"title": "t", "priority": 10}), "too_large", "priority"),
    ("agent with a space", msgpack.packb({"title": "t", "agent": "a b"}), "bad_text", "agent"),
    ("33 labels", msgpack.packb({"title": "t", "labels": {f"l{i}": "v" for i in range(33)}}), "too_large", "labels"),
    ("unknown word", msgpack.packb({"title": "t", "multitask_strategy": "hope"}), "bad_value", "multitask_strategy"),
    ("input too large", msgpack.packb({"title": "t", "input": "i" * 65536}), "too_large", "input"),
    ("binding without a path", msgpack.packb({"title": "t", "bindings": [{}]}), "missing_field", "bindings[0].path"),
]

# method, body, reason, field: ids that do not exist
ABSENT = [
    ("session.show", {"session": ID}, "no_such_session", ""),
    ("session.activate", {"session": ID}, "no_such_session", ""),
    ("session.log", {"session": ID}, "no_such_session", ""),
    ("session.resolve", {"ref": "nobody"}, "no_such_session", "ref"),
    ("item.list", {"session": ID}, "no_such_session", ""),
    ("memory.set", {"session": ID, "key": "k", "value": 1}, "no_such_session", ""),
    ("message.send", {"to": ID}, "no_such_session", ""),
    ("message.list", {"session": ID}, "no_such_session", ""),
    ("breakpoint.list", {"session": ID}, "no_such_session", ""),
    ("session.show", {"session": "SESSION", "at": 99}, "no_such_position", "at"),
    ("run.logs", {"session": "SESSION", "run": 7}, "no_such_run", "run"),
    ("breakpoint.show", {"session": "SESSION", "breakpoint": 7}, "no_such_breakpoint", "breakpoint"),
    ("breakpoint.vote", {"session": "SESSION", "breakpoint": 7, "option": "approve"}, "no_such_breakpoint", "breakpoint"),
    ("memory.get", {"session": "SESSION", "key": "k"}, "no_such_key", "key"),
    ("memory.delete", {"session": "SESSION", "key": "k"}, "no_such_key", "key"),
    ("artifact.get", {"session": "SESSION", "name": "a"}, "no_such_artifact", "name"),
    ("message.read", {"session": "SESSION", "id": "m"}, "no_such_message", "id"),
    ("node.drain", {"node": "n"}, "no_such_node", "node"),
    ("node.undrain", {"node": "n"}, "no_such_node", ""),
    ("identity.revoke", {"name": "nobody"}, "no_such_identity", "name"),
    ("session.migrate", {"session": "SESSION", "to": "n"}, "wrong_state", ""),
]


class BadInput(SystemTest):
    def exchange(self, frames):
        """Sends frames as they are; gives the failure record of the answer."""
        self.admin.socket.send_multipart(frames)
        self.assertTrue(self.admin.socket.poll(PATIENCE * 1000), "no answer came")
        signature, head, body = self.admin.socket.recv_multipart()
        self.assertEqual(signature, b"BTN1A")
        self.assertNotEqual(unpack(head)["status"], "ok")
        return unpack(body)

    def check(self, frames, reason, field):
        failure = self.exchange(frames)
        self.assertEqual((failure["reason"], failure.get("field", "")), (reason, field), failure)
        self.assertGreater(len(failure["message"]), 10)
        self.assertTrue(failure.get("hint"), failure)
        self.assertTrue(failure["message"].isprintable(), failure)

    def setUp(self):
        super().setUp()
        self.monitor = self.admin.socket.get_monitor_socket()

    def tearDown(self):
        """The same connection as at the start, the same process, and nothing changed by what was refused."""
        import zmq.utils.monitor
        events = []
        while self.monitor.poll(0):
            events.append(zmq.utils.monitor.recv_monitor_message(self.monitor)["event"])
        self.assertNotIn(zmq.EVENT_DISCONNECTED, events)
        self.admin.socket.disable_monitor()
        self.monitor.close()
        self.assertTrue(self.broker.alive())
        self.assertEqual(self.admin.call("site.about")["you"], "admin")
        self.assertEqual([event["session"] for event in whole_log(self.admin)
                          if event["session"] not in ("site", getattr(self, "session", ""))], [])

    def test_frames(self):
        for name, frames, reason, field in FRAMES:
            with self.subTest(name):
                self.check(frames, reason, field)

    def test_bodies(self):
        for name, body, reason, field in BODIES:
            with self.subTest(name):
                self.check([b"BTN1Q", header(), body], reason, field)

    def test_oversized(self):
        for size in (FRAME + 1, FRAME + 1000, 2 * FRAME - 1000):
            with self.subTest(size):
                body = b"\x81\xa1x\xc6" + (size - 8).to_bytes(4) + bytes(size - 8)
                self.check([b"BTN1Q", header(), body], "too_large", "")

    def test_largest(self):
        body = b"\x81\xa1x\xc6" + (FRAME - 8).to_bytes(4) + bytes(FRAME - 8)
        self.check([b"BTN1Q", header(), body], "missing_field", "title")

    def test_ids_that_do_not_exist(self):
        self.session = self.admin.call("session.create", {"title": "there"})["session"]
        for method, body, reason, field in ABSENT:
            with self.subTest(method=method, body=body):
                body = {key: self.session if value == "SESSION" else value for key, value in body.items()}
                self.check([b"BTN1Q", header(method), msgpack.packb(body)], reason, field)

    def test_garbage_from_an_unknown_key(self):
        stranger, source = self.client(key_pair()), random.Random(1)
        for _ in range(300):
            stranger.socket.send_multipart([source.randbytes(source.randrange(40))
                                            for _ in range(source.randrange(1, 6))])
        for _ in range(300):
            self.assertTrue(stranger.socket.poll(PATIENCE * 1000))
            self.assertEqual(unpack(stranger.socket.recv_multipart()[2])["reason"], "unknown_version")

    def test_mutations_of_a_request(self):
        """Bytes flipped, cut and doubled: some are still requests, all get an answer."""
        source, whole = random.Random(7), [b"BTN1Q", header("session.list"), msgpack.packb({"match": "x", "limit": 3})]
        for _ in range(2000):
            frames = list(whole)
            at = source.randrange(1, 3)
            data = bytearray(frames[at])
            for _ in range(source.randrange(1, 4)):
                place = source.randrange(len(data))
                data[place:place + source.randrange(3)] = source.randbytes(source.randrange(3))
            frames[at] = bytes(data)
            self.admin.socket.send_multipart(frames)
        for _ in range(2000):
            self.assertTrue(self.admin.socket.poll(PATIENCE * 1000))
            self.assertEqual(self.admin.socket.recv_multipart()[0], b"BTN1A")

    def test_answers_of_nobodys_question(self):
        for frames in ([b"BTN1A"], [b"BTN1A", b""], [b"BTN1A", msgpack.packb({"id": 1, "status": "ok"}), b"x"],
                       [b"BTN1A", msgpack.packb({"id": 1, "status": "ok"}), b"x", b"y"]):
            self.admin.socket.send_multipart(frames)
        self.assertEqual(self.admin.call("site.about")["you"], "admin")


if __name__ == "__main__":
    unittest.main()
