#!/usr/bin/python3
"""The client that was written from docs/protocol.md, against a real broker.

    test_client.py BATOND
"""
import signal
import sys

from broker import Broker, expect
from client import Refused


def refused(client, method, body=None, **header):
    try:
        client.call(method, body, **header)
    except Refused as refusal:
        return refusal.failure
    return {}


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


def check_events(client, broker, session):
    events = broker.client().follow()
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
    with Broker(sys.argv[1]) as broker:
        client = broker.client()
        check_events(client, broker, check_requests(client))
        expect(broker.stop(signal.SIGTERM) == 0, "SIGTERM ends the broker with exit code 0")


main()
