#!/usr/bin/python3
"""Server-sent events: what they say, where they go on, whom they are for, and thousands that are idle."""
import http.client
import json
import os
import resource
import socket
import time
import unittest
import urllib.parse

from harness import PATIENCE, sanitized, wait_until, whole_log
from test_http import HttpTest

IDLE = 1000


class Stream:
    """A stream of events; each is a dict of its fields, with data as JSON."""

    def __init__(self, url, token, target="/v1/events", **headers):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=PATIENCE)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("GET", target, headers={"Accept": "text/event-stream",
                                                        "Authorization": f"Bearer {token}", **headers})
        self.response = self.connection.getresponse()
        self.code = self.response.status
        self.last = None

    def next(self):
        """The next block that has data; None at the end."""
        event = {}
        while True:
            line = self.response.readline()
            if not line:
                return None
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                self.last = value
            if name and line != b"\n":
                event[name] = value
            elif "data" in event:
                return {**event, "data": json.loads(event["data"])}
            else:
                event = {}

    def take(self, count):
        return [self.next() for _ in range(count)]

    def close(self):
        self.connection.close()


class Events(HttpTest):
    def setUp(self):
        super().setUp()
        self.token = self.admin.call("token.create")["token"]
        self.url = self.admin.call("site.about")["http"]

    def stream(self, target="/v1/events", token=None, **headers):
        stream = Stream(self.url, token or self.token, target, **headers)
        self.addCleanup(stream.close)
        return stream

    def create(self, title="t"):
        return self.admin.call("session.create", {"title": title})["session"]

    def test_an_event_is_a_cloud_event(self):
        stream = self.stream()
        self.assertEqual((stream.code, stream.response.headers["Content-Type"]), (200, "text/event-stream"))
        session = self.create()
        event = stream.next()
        logged = whole_log(self.admin)[-1]
        self.assertEqual(event["id"], str(logged["seq"]))
        data = event["data"]
        self.assertEqual({key: data[key] for key in ("specversion", "id", "source", "type", "subject")},
                         {"specversion": "1.0", "id": event["id"], "source": "urn:baton:site",
                          "type": "baton.session_created", "subject": session})
        self.assertRegex(data["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual((data["data"]["seq"], data["data"]["n"], data["data"]["body"]["title"]), (logged["seq"], 1, "t"))

    def test_it_goes_on_where_it_was(self):
        """Across a restart, too: all, once, in order."""
        for number in range(200):
            self.create(f"s{number}")
        everything = whole_log(self.admin)
        stream = self.stream("/v1/events?after=0")
        seen = [event["id"] for event in stream.take(150)]
        self.broker.restart()
        self.url = self.client().call("site.about")["http"]
        self.admin = self.client()
        stream = self.stream(Last_Event_ID=seen[-1])
        self.create("more")
        seen += [event["id"] for event in stream.take(len(everything) - 150 + 1)]
        self.assertEqual(seen, [str(number) for number in range(1, len(everything) + 2)])
        late = self.stream(Last_Event_ID="999999").next()
        self.assertEqual((late["event"], late["data"]["head"]), ("resync", len(everything) + 1))
        for bad in ("x", "-1", "1.5"):
            self.assertEqual(self.stream(Last_Event_ID=bad).code, 400)
        self.assertEqual(self.stream(token="baton_" + "0" * 48).code, 401)

    def test_filters_and_rights(self):
        eve = self.enrolled("eve", "guest")
        token = eve.call("token.create")["token"]
        private = self.admin.call("session.create", {"title": "p", "visibility": "shared"})["session"]
        other = self.create()
        hers, runs = self.stream(token=token), self.stream(f"/v1/events?session={other}&kind=memory_set")
        self.admin.call("memory.set", {"session": other, "key": "a", "value": 1})
        self.admin.call("memory.set", {"session": private, "key": "unseen", "value": 1})
        self.admin.call("session.share", {"session": private, "with": "eve", "access": "view"})
        self.admin.call("memory.set", {"session": private, "key": "seen", "value": 1})
        self.assertEqual(runs.next()["data"]["subject"], other)
        self.assertEqual([event["data"]["type"] for event in hers.take(2)], ["baton.session_shared", "baton.memory_set"])
        caught_up = self.stream(f"/v1/events?after=0&kind=memory_set&session={private}", token=token)
        self.assertEqual([event["data"]["data"]["body"]["key"] for event in caught_up.take(2)], ["unseen", "seen"])
        self.admin.call("session.unshare", {"session": private, "with": "eve"})
        self.admin.call("memory.set", {"session": private, "key": "later", "value": 1})
        self.admin.call("identity.revoke", {"name": "eve"})
        rest = hers.next()
        self.assertIsNone(rest and rest["data"]["data"]["body"].get("key"))
        while hers.next():
            pass  # it ends

    def test_one_that_does_not_read_misses_nothing_and_costs_little(self):
        stream = self.stream()
        session = self.create()
        before = self.broker.memory()
        for number in range(300):
            self.admin.call("memory.set", {"session": session, "key": f"k{number % 7}", "value": "x" * 8000 + str(number)})
        other = self.stream("/v1/events?kind=session_created")
        self.create("last")
        self.assertEqual(other.next()["data"]["data"]["body"]["title"], "last")
        ids = [int(event["id"]) for event in stream.take(302)]
        self.assertEqual(ids, list(range(ids[0], ids[0] + 302)))
        if not sanitized():
            self.assertLess(self.broker.memory() - before, 64 << 20)

    def test_one_whose_client_has_gone_ends(self):
        """Long before a heartbeat would find nobody."""
        files = lambda: len(os.listdir(f"/proc/{self.broker.process.pid}/fd"))
        before = files()
        streams = [self.stream() for _ in range(50)]
        self.assertGreaterEqual(files(), before + 50)
        for stream in streams:
            stream.response.close()
            stream.close()
        wait_until(lambda: files() <= before, "their connections are closed", patience=10)

    def test_a_thousand_are_idle(self):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.stream().close()
        before, streams = self.broker.memory(), []
        request = (f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                   f"Authorization: Bearer {self.token}\r\n\r\n").encode()
        address = urllib.parse.urlsplit(self.url)
        for _ in range(IDLE):
            sock = socket.create_connection((address.hostname, address.port), PATIENCE)
            self.addCleanup(sock.close)
            sock.sendall(request)
            streams.append(sock)
        for sock in streams:
            received = b""
            while b"retry" not in received:
                received += sock.recv(4096)
        each = (self.broker.memory() - before) / IDLE
        if not sanitized():
            self.assertLess(each, 20480, "bytes for an idle stream")
        began = time.monotonic()
        self.create()
        for sock in streams:
            received = b""
            while b"session_created" not in received:
                received += sock.recv(4096)
        took = time.monotonic() - began
        print(f"{IDLE} idle streams: {each / 1024:.1f} KiB each; an event reached the last after {took * 1000:.0f} ms")
        self.assertLess(took, 5)
        self.admin.call("token.revoke", {"id": self.admin.call("token.list")["tokens"][0]["id"]})
        for sock in streams:
            while sock.recv(4096):
                pass  # they end with their token


if __name__ == "__main__":
    unittest.main()
