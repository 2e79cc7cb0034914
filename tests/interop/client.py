#!/usr/bin/python3
"""A client for BTN/1, written from docs/protocol.md alone: requests, idempotent resending, and events without a gap.

    client.py CONTEXT METHOD [JSON]      one request; prints the answer as JSON
    client.py CONTEXT --follow [COUNT]   prints events from the first on, COUNT of them
"""
import json
import os
import re
import secrets
import sys
import time

import msgpack
import zmq

FRAME_MOST = 8 << 20


class Refused(Exception):
    """The broker's failure record; retry says whether the same request can succeed later."""

    def __init__(self, failure):
        super().__init__("{status} ({reason}): {message}".format(**{"reason": "none", **failure}))
        self.failure = failure


def canonical(value):
    """Keys ascending by their bytes; msgpack-python takes the shortest forms by itself."""
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value, key=str.encode)}
    return [canonical(inner) for inner in value] if isinstance(value, list) else value


def pack(record):
    """Fields at their zero may be left out and need not be; None is absent."""
    return msgpack.packb(canonical({key: value for key, value in record.items() if value is not None}))


def unpack(data):
    return msgpack.unpackb(data, raw=False, strict_map_key=True) if data else {}


class Client:
    def __init__(self, endpoint, broker_key, public_key, secret_key):
        self.endpoint, self.keys = endpoint, (broker_key, public_key, secret_key)
        self.context, self.socket = zmq.Context.instance(), None
        self.last_id, self.deliveries = 0, []
        self.connect()

    @classmethod
    def from_file(cls, path):
        """A context file has lines of the form: name = "value"."""
        with open(path, encoding="utf-8") as file:
            entries = dict(re.findall(r'^\s*(\w+)\s*=\s*"?([^"\n]*?)"?\s*$', file.read(), re.M))
        return cls(*(entries[name] for name in ("endpoint", "broker_key", "public_key", "secret_key")))

    def connect(self):
        if self.socket:
            self.socket.close(linger=0)
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.curve_serverkey, self.socket.curve_publickey, self.socket.curve_secretkey = (
            key.encode() for key in self.keys)
        self.socket.setsockopt(zmq.MAXMSGSIZE, FRAME_MOST + 1024)
        self.socket.setsockopt(zmq.HEARTBEAT_IVL, 2000)
        self.socket.connect(self.endpoint)
        self.deliveries.clear()

    def receive(self, deadline):
        """The next message as (signature, header, body), or None at the deadline."""
        left = max(0, int((deadline - time.monotonic()) * 1000))
        if not self.socket.poll(left):
            return None
        frames = self.socket.recv_multipart()
        if len(frames) < 2:
            return b"", {}, None
        return frames[0], unpack(frames[1]), frames[2] if len(frames) > 2 else None

    def call(self, method, body=None, timeout=10.0, resend=1.0, **header):
        """Sends until it is answered: the key makes a change happen once. header: key, if_n, past."""
        self.last_id += 1
        header = {"key": secrets.token_hex(16), **header, "id": self.last_id, "method": method,
                  "timeout": int(timeout * 1000)}
        frames = [b"BTN1Q", pack(header), pack(body or {})]
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.socket.send_multipart(frames)
            again = deadline if header.get("past") else min(deadline, time.monotonic() + resend)
            while message := self.receive(again):
                signature, answer, data = message
                if signature == b"BTN1E":
                    self.deliveries.append((answer, data))
                elif signature == b"BTN1A" and answer.get("id") == self.last_id:
                    if answer["status"] != "ok":
                        raise Refused(unpack(data))
                    return unpack(data)
        raise TimeoutError(f"{method} was not answered within {timeout} s")

    def delivery(self, patience):
        if self.deliveries:
            return self.deliveries.pop(0)
        deadline = time.monotonic() + patience
        while message := self.receive(deadline):
            if message[0] == b"BTN1E":
                return message[1], message[2]
        return None

    def read_log(self, last, head, filters):
        """The events past `last` up to `head`; some pages have none."""
        while last < head:
            page = self.call("events.read", {"after": last, "limit": 500, **filters})
            yield from page.get("events", [])
            last = page["last"]

    def follow(self, last=0, kind=None, **filters):
        """Each event after `last` once and in order, across lost connections and restarts of the broker."""
        while True:
            try:
                subscribed = self.call("events.subscribe", {**filters, "kind": kind})
            except TimeoutError:
                self.connect()
                continue
            head, count = subscribed.get("head", 0), 0
            last = min(last, head)  # beyond it only after a restore from a backup
            alive = True
            while alive:
                for event in self.read_log(last, head, filters):
                    last = event["seq"]  # a page may go beyond the head
                    if kind in (None, event["kind"]):
                        yield event
                last = max(last, head)
                while delivery := self.delivery(3.0):
                    header, data = delivery
                    if header["subscription"] != subscribed["subscription"]:
                        continue
                    lost, count = header["count"] != count + 1, header["count"]
                    if lost:
                        head = header["head"]
                        break
                    event = unpack(data)
                    if event and event["seq"] > last:
                        last = event["seq"]
                        yield event
                else:  # three seconds without a heartbeat: the connection is gone
                    self.connect()
                    alive = False


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    client = Client.from_file(sys.argv[1])
    if sys.argv[2] == "--follow":
        left = int(sys.argv[3]) if len(sys.argv) > 3 else -1
        for event in client.follow():
            print(json.dumps(event, default=bytes.hex), flush=True)
            left -= 1
            if left == 0:
                return
    else:
        body = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
        print(json.dumps(client.call(sys.argv[2], body), default=bytes.hex))


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(1)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)
