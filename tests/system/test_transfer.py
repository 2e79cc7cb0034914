#!/usr/bin/python3
"""A target that was written from docs/transfer.md alone fetches a workspace from a real node, and the session moves to
it. It packs what it has received by the rules of that page, and has to come to the digest that the source reported."""
import ctypes
import ctypes.util
import hashlib
import os
import re
import unittest

import zmq

from harness import PATIENCE, key_pair, read_text, wait_until
from nodes import WORDS, NodeTest, home
from client import Refused, pack, unpack

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "transfer.md")
CHUNK, CREDIT, ASK = 262144, 256, 64
ZEROS = bytes(CHUNK)


def digest(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def unzstd(data, size):
    library = ctypes.CDLL(ctypes.util.find_library("zstd"))
    library.ZSTD_decompress.restype = ctypes.c_size_t
    buffer = ctypes.create_string_buffer(size)
    done = library.ZSTD_decompress(buffer, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    assert done == size, "the content is not of the size that it says"
    return buffer.raw


def ends_part(path):
    value = 2166136261
    for byte in path:
        value = (value ^ byte) * 16777619 & 0xffffffff
    return (value ^ value >> 16) & 0xff == 0


def manifest_of(entries):
    """The bytes of the manifest of these entries: section 6."""
    parts, part, weight = [], [], 0
    for number, entry in enumerate(entries, 1):
        part.append(entry)
        weight += sum(len(entry.get(field, b"")) for field in ("path", "target", "chunks"))
        if len(part) == 1024 or weight > 1 << 20 or ends_part(entry.get("path", b"")) or number == len(entries):
            parts.append(digest(pack({"entries": part})))
            part, weight = [], 0
    size = sum(entry.get("size", 0) for entry in entries)
    return pack({"entries": len(entries), "bytes": size or None, "parts": b"".join(parts)}), len(parts)


class Target:
    def __init__(self, assignment, pair):
        self.header = {"session": assignment["session"], "migration": assignment["migration"]["number"]}
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.curve_serverkey = assignment["peer_key"].encode()
        self.socket.curve_publickey, self.socket.curve_secretkey = (key.encode() for key in pair)
        self.socket.connect(assignment["peer_endpoint"])
        self.last_id, self.received, self.has = 0, 0, {}

    def ask(self, method, **body):
        self.last_id += 1
        self.socket.send_multipart([b"BTN1Q", pack({"id": self.last_id, "method": method}),
                                    pack({**self.header, **body})])

    def answer(self):
        assert self.socket.poll(PATIENCE * 1000), "the source does not answer"
        signature, header, body, *content = self.socket.recv_multipart()
        assert signature == b"BTN1A"
        if unpack(header)["status"] != "ok":
            raise Refused(unpack(body))
        return unpack(body), content

    def manifest(self, after, frozen=False):
        self.ask("transfer.manifest", after=after, frozen=frozen)
        answer, _ = self.answer()
        self.received = 0
        return answer

    def fetch(self, wanted):
        """Fetches the digests that are not there yet, and gives those that are gone."""
        wanted, gone = [key for key in dict.fromkeys(wanted) if key not in self.has], []
        asked = self.received
        waiting = list(wanted)
        while waiting or asked > self.received:
            while waiting and asked - self.received + min(ASK, len(waiting)) <= CREDIT:
                now, waiting = waiting[:ASK], waiting[ASK:]
                self.ask("transfer.chunks", chunks=b"".join(now), received=self.received)
                asked += len(now)
            chunk, content = self.answer()
            self.received += 1
            assert chunk["digest"] == wanted.pop(0), "the answers come in another order than the digests"
            if chunk.get("gone"):
                gone.append(chunk["digest"])
                continue
            data = unzstd(content[0], chunk["size"]) if chunk.get("packed") else content[0]
            assert digest(data) == chunk["digest"]
            self.has[chunk["digest"]] = data
        return gone

    def entries(self, manifest):
        parts = [manifest["parts"][at:at + 32] for at in range(0, len(manifest["parts"]), 32)]
        assert not self.fetch(parts)
        return [entry for part in parts for entry in unpack(self.has[part])["entries"]]

    def content(self, entry):
        chunks = entry.get("chunks", b"")
        self.fetch([chunks[at:at + 32] for at in range(0, len(chunks), 32)])
        return b"".join(self.has[chunks[at:at + 32]] for at in range(0, len(chunks), 32))


class FromThePage(NodeTest):
    def fill(self, root):
        os.makedirs(os.path.join(root, "empty", "folder"))
        for number in range(3000):
            with open(os.path.join(root, f"file-{number}"), "wb") as file:
                file.write(b"%d\n" % number)
        files = {"random": os.urandom(2 * CHUNK + 5), "text": b"all the same\n" * 30000, b"b\xff": b"x", "none": b"",
                 "zeros": ZEROS + b"end", "again": b"all the same\n" * 30000}
        for name, data in files.items():
            with open(os.path.join(os.fsencode(root), os.fsencode(name)), "wb") as file:
                file.write(data)
        os.symlink("../outside", os.path.join(root, "link"))
        os.chmod(os.path.join(root, "text"), 0o4711)
        return {os.fsencode(name): data for name, data in files.items()}

    def setUp(self):
        super().setUp()
        self.node("east", {"default": WORDS + "WAIT go\n"})
        self.root = self.path("work")
        self.files = self.fill(self.root)
        self.session = self.begin("moves", workspace=self.root)
        self.until_running(self.session)
        self.pair = key_pair()
        self.west = self.client(self.pair)
        self.west.call("identity.enroll", {"secret": self.invite("west", "node")}, timeout=PATIENCE)
        self.west.call("node.register", {"slots": 1, "drivers": ["default"], "transfer": "tcp://127.0.0.1:9"})
        self.admin.call("session.migrate", {"session": self.session, "to": "west"})

    def assigned(self, step):
        def look():
            self.west.call("node.heartbeat")
            for assignment in self.west.call("node.assignments").get("assignments", []):
                if assignment.get("migration", {}).get("step") == step and "peer_endpoint" in assignment:
                    return assignment
        return wait_until(look, f"the step {step}")

    def report(self, method, **body):
        self.west.call(method, {"session": self.session, "migration": 1, **body}, timeout=PATIENCE)

    def admitted(self, target):
        """The first manifest; the source may hear of the migration after us."""
        try:
            return target.manifest(0)
        except Refused as refused:
            self.assertEqual(refused.failure["reason"], "not_allowed")

    def test_a_session_moves(self):
        assignment = self.assigned("prepare")
        target = Target(assignment, self.pair)
        self.sockets.append(target)
        first = wait_until(lambda: self.admitted(target), "to be admitted")
        self.assertEqual((first["generation"], first.get("frozen")), (1, None))
        entries = target.entries(unpack(first["manifest"]))
        self.assertEqual(manifest_of(entries)[0], first["manifest"])
        self.assertGreater(manifest_of(entries)[1], 3)
        by_path = {entry.get("path", b""): entry for entry in entries}
        self.assertEqual(list(by_path), sorted(by_path))
        for name, data in self.files.items():
            self.assertEqual(target.content(by_path[name]), data, name)
        self.assertEqual({key: by_path[b"link"].get(key) for key in ("kind", "target", "mode", "size")},
                         {"kind": "symlink", "target": b"../outside", "mode": None, "size": None})
        self.assertEqual((by_path[b"text"]["mode"], by_path[b"empty/folder"]["kind"]), (0o4711, "directory"))
        self.assertEqual(by_path[b"text"]["mtime"], os.stat(os.path.join(self.root, "text")).st_mtime_ns)
        with self.assertRaises(Refused) as refused:
            target.manifest(1, frozen=True)
        self.assertEqual(refused.exception.failure["reason"], "busy")

        with open(os.path.join(self.root, "text"), "ab") as file:
            file.write(b"one more\n")
        self.report("migration.prepared")
        manifest = self.assigned("accept")["migration"]["manifest"]
        last = target.manifest(1, frozen=True)
        self.assertTrue(last["frozen"])
        self.assertEqual(digest(last["manifest"]).hex(), manifest)
        had = len(target.has)
        text = next(entry for entry in target.entries(unpack(last["manifest"])) if entry.get("path") == b"text")
        self.assertEqual(target.content(text), self.files[b"text"] + b"one more\n")
        self.assertLessEqual(len(target.has) - had, 4)  # the last chunk, and the parts that it and its folder are in
        self.report("migration.accepted", manifest=manifest)
        self.until(self.session, lambda state: home(state) == "west", "the session to be here")

    def test_what_the_page_says_of_numbers(self):
        page = read_text(PAGE)
        self.assertIn(digest(ZEROS).hex(), page)
        header = os.path.join(os.path.dirname(PAGE), "..", "common", "limits.h")
        limits = dict(re.findall(r"#define LIMIT_(\w+) \(?([^)/]+?)\)?\s*(?:/\*.*)?$", read_text(header), re.M))
        for name in ("FRAME", "ENTRIES", "FILE_CHUNKS", "MANIFEST_PART", "MANIFEST_PARTS", "MANIFEST_BYTES",
                     "TRANSFER_ASK", "TRANSFER_CREDIT", "TRANSFERS"):
            number, _, shift = limits[name].replace("u", "").partition("<<")
            self.assertIn(f" {int(number) << int(shift or 0):,}", page.split("## 14. Limits")[1], name)


if __name__ == "__main__":
    unittest.main()
