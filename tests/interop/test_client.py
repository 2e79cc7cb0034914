#!/usr/bin/python3
"""The client that was written from docs/protocol.md, against a real broker.

    test_client.py BATOND
"""
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

from client import Client, Refused, pack


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    def __init__(self, program, state):
        self.command = [program, "--state", str(state), "--listen", f"tcp://127.0.0.1:{free_port()}"]
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)

    def stop(self, how):
        self.process.send_signal(how)
        return self.process.wait(timeout=20)


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def refused(client, method, body=None, **header):
    try:
        client.call(method, body, **header)
    except Refused as refusal:
        return refusal.failure
    return {}


def connect(path):
    deadline = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > deadline:
            sys.exit("FAILED: the broker wrote no admin.ctx")
        time.sleep(0.02)
    return Client.from_file(path)


def check_requests(client):
    about = client.call("site.about")
    expect(about["protocol"] == 1 and about["role"] == "admin", "the broker knows the key of admin.ctx")
    made = client.call("session.create", {"title": "Fix it", "labels": {"team": "a"}}, key="k1")
    again = client.call("session.create", {"title": "Fix it", "labels": {"team": "a"}}, key="k1")
    expect(made == again, "the same key and body get the first answer")
    failure = refused(client, "session.create", {"title": "Other"}, key="k1")
    expect((failure["status"], failure["reason"]) == ("aborted", "key_reused"), "the same key with another body is refused")
    session = made["session"]
    failure = refused(client, "memory.set", {"session": session, "key": "a", "value": 1}, if_n=made["n"] + 7)
    expect(failure["reason"] == "version_mismatch" and failure["retry"], "if_n holds a change back")
    client.call("memory.set", {"session": session, "key": "a", "value": {"x": [1, 2.5, None]}}, if_n=made["n"])
    state = client.call("session.show", {"session": session})
    expect(state["memory"][0]["value"] == {"x": [1, 2.5, None]}, "a value comes back as it was given")
    failure = refused(client, "memory.set", {"session": session, "key": "no name", "value": 1})
    expect((failure["reason"], failure["field"]) == ("bad_text", "key"), "the offending field is named")
    expect(refused(client, "no.such")["reason"] == "unknown_method", "an unknown method is refused")
    return session


def check_garbage(client):
    """Each gets an answer or is dropped, and the connection lives on."""
    for frames in ([b"BTN1Q"], [b"BTN9Q", b"\x80", b"\x80"], [b"BTN1Q", b"\xff", b""], [b""], [b"BTN1Q", b"\x80", b"x", b"y"],
                   [b"BTN1Q", pack({"id": 900000, "method": "site.about"}), b"\xdf\xff\xff\xff\xff"],
                   [b"BTN1Q", pack({"id": 900001, "method": "site.about"}), b"\x91" * 100]):
        client.socket.send_multipart(frames)
    expect(client.call("site.about")["protocol"] == 1, "garbage leaves the connection alive")


def check_events(client, broker, session):
    follower = connect(pathlib.Path(broker.command[2]) / "admin.ctx")
    events = follower.follow()
    head = client.call("site.about")["seq"]
    seen = [next(events)["seq"] for _ in range(head)]
    expect(seen == list(range(1, head + 1)), "the log is read from the first event on")
    for round_number, how in enumerate((None, signal.SIGTERM, signal.SIGKILL)):
        if how:
            broker.stop(how)
            broker.start()
        for i in range(10):
            client.call("memory.set", {"session": session, "key": f"r{round_number}.{i}", "value": i}, timeout=20)
        seen += [next(events)["seq"] for _ in range(10)]
        expect(seen == list(range(1, len(seen) + 1)), f"each event once and in order, after {how or 'no restart'}")


def main():
    with tempfile.TemporaryDirectory() as directory:
        state = pathlib.Path(directory) / "state"
        broker = Broker(sys.argv[1], state)
        try:
            client = connect(state / "admin.ctx")
            session = check_requests(client)
            check_garbage(client)
            check_events(client, broker, session)
            expect(broker.stop(signal.SIGTERM) == 0, "SIGTERM ends the broker with exit code 0")
        finally:
            broker.process.kill()
            broker.process.wait()


main()
