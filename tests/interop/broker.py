"""A real broker for the tests of this folder."""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from client import Client


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """Ends at the end of its `with`, and its state with it."""

    def __init__(self, program):
        self.directory = tempfile.TemporaryDirectory()
        self.state = pathlib.Path(self.directory.name) / "state"
        self.command = [program, "--state", str(self.state), "--listen", f"tcp://127.0.0.1:{free_port()}"]
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.directory.cleanup()

    def start(self):
        # Its announcement goes into its own folder, not to where the user's programs look.
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL,
                                        env={**os.environ, "XDG_RUNTIME_DIR": self.directory.name})

    def stop(self, how):
        self.process.send_signal(how)
        return self.process.wait(timeout=20)

    def client(self):
        """A client of the admin identity, whose context the first start writes."""
        path = self.state / "admin.ctx"
        deadline = time.monotonic() + 20
        while not path.exists():
            if time.monotonic() > deadline:
                sys.exit("FAILED: the broker wrote no admin.ctx")
            time.sleep(0.02)
        return Client.from_file(path)
