#!/usr/bin/python3
"""The reader that was written from docs/snapshot.md, on archives that baton writes.

    test_archive.py BATOND BATON
"""
import os
import pathlib
import subprocess
import sys

from archive import Archive, Bad
from broker import Broker, expect


def make(client):
    """A session with a content of each sort, and a fork of it."""
    session = client.call("session.create", {"title": "Fix it"})["session"]
    for name, content in (("small", b"one"), ("empty", b""), ("text", b"again " * 90000), ("noise", os.urandom(70000)),
                          ("same", b"one")):
        client.call("artifact.put", {"session": session, "name": name, "content": content})
    client.call("item.append", {"session": session, "role": "user", "text": "token=ghp_" + "a1B2" * 10})
    for number in range(1200):
        client.call("memory.set", {"session": session, "key": f"k{number % 7}", "value": number})
    return session, client.call("session.fork", {"session": session, "title": "Branch"})["session"]


class Exporter:
    def __init__(self, program, broker):
        self.program, self.folder = program, pathlib.Path(broker.directory.name)
        self.environment = {**os.environ, "BATON_CONTEXT": str(broker.state / "admin.ctx"),
                            "XDG_CONFIG_HOME": str(self.folder)}

    def __call__(self, session, *options):
        file = self.folder / f"{session}{len(options)}.baton"
        subprocess.run([self.program, "session", "export", session, "-o", str(file), *options], check=True,
                       env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return file.read_bytes()


def check_whole(data, client, session):
    archive = Archive(data)
    state = client.call("session.show", {"session": session})
    expect(archive.snapshot == state, "the snapshot is the state")
    expect(archive.head["session"] == session and archive.head["n"] == state["n"], "the head names it")
    contents = {row["name"]: client.call("artifact.get", {"session": session, "name": row["name"]})
                for row in state["artifacts"]}
    expect({row["artifact"]["digest"]: row.get("content", b"") for row in contents.values()} == archive.blobs,
           "each content is there once")
    expect(not archive.ancestors, "it has no ancestors")


def check_redacted(data):
    archive = Archive(data)
    expect(archive.snapshot is None and archive.head["redacted"], "a redacted archive has no snapshot, and says so")
    expect(archive.totals["removed"] == sum(row["count"] for row in archive.totals["removals"]) == 1,
           "it says what was removed")
    expect("ghp_" not in repr(archive.events), "the secret is gone")


def check_changed(data):
    for at in (3, 9, 40, len(data) // 2, len(data) - 70, len(data) - 1):
        changed = bytearray(data)
        changed[at] ^= 4
        try:
            Archive(bytes(changed))
        except (Bad, ValueError, subprocess.CalledProcessError):
            continue
        sys.exit(f"FAILED: a changed byte at {at} was not noticed")
    print("ok: a changed byte is noticed")


def main():
    with Broker(sys.argv[1]) as broker:
        client = broker.client()
        session, fork = make(client)
        export = Exporter(sys.argv[2], broker)
        check_whole(export(session), client, session)
        check_changed(export(session, "--at", "4"))
        check_redacted(export(session, "--redact"))
        archive = Archive(export(fork))
        expect({event["session"] for event in archive.ancestors} == {session}, "a fork takes its ancestor along")


main()
