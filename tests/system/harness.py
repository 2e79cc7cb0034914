"""What the system tests share: a broker of their own in a directory of its own, and clients of it.

The programs come in by the environment: BATOND, BATON. Nothing here sleeps: it waits for the thing itself, for at most
PATIENCE seconds, which is far more than a busy machine needs.
"""
import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import zmq

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))

from client import Client, Refused, pack, unpack  # noqa: E402, F401

PATIENCE = 30.0
BATOND = os.environ.get("BATOND", "batond")
BATON = os.environ.get("BATON", "baton")
TIED = ("setpriv", "--pdeathsig", "KILL")  # a daemon that ends with the test, also when the test is killed


def wait_until(condition, what, patience=PATIENCE, pause=0.01):
    """The first true value of condition (); for what can only be looked at, not listened to."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(pause)
    raise AssertionError(f"{what}: not within {patience} s")


def sanitized():
    """Whether batond was built with AddressSanitizer, whose own memory is not to be measured."""
    with open(BATOND, "rb") as file:
        return b"__asan_init" in file.read()


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Readiness:
    """The socket at which a daemon says that it is ready, as sd_notify (3) has it."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.1)

    def wait(self, process):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if b"READY=1" in self.socket.recv(4096):
                    return True
            except TimeoutError:
                if process.poll() is not None:
                    return False
        raise AssertionError("the daemon was neither ready nor gone in time")

    def close(self):
        self.socket.close()
        os.unlink(self.path)


class Broker:
    """A batond on a port of its own, which it keeps over restarts."""

    def __init__(self, directory, state=None, options=(), prefix=()):
        self.directory, self.options, self.prefix = directory, list(options), list(prefix)
        self.state = state or os.path.join(directory, "state")
        self.listen, self.process = "tcp://127.0.0.1:*", None
        self.log = os.path.join(directory, "batond.log")

    def spawn(self):
        """Starts it and says whether it came up."""
        readiness = Readiness(self.directory)
        try:
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    [*TIED, *self.prefix, BATOND, "--state", self.state, "--listen", self.listen, *self.options],
                    stdout=log, stderr=log,
                    env={**os.environ, "NOTIFY_SOCKET": readiness.path, "XDG_RUNTIME_DIR": self.directory})
            return readiness.wait(self.process)
        finally:
            readiness.close()

    def start(self):
        if not self.spawn():
            raise AssertionError("batond did not start:\n" + self.printed())
        self.listen = self.client_file("endpoint")
        return self

    def client_file(self, name):
        for line in read_text(self.context).splitlines():
            if line.strip().startswith(name):
                return line.split("=", 1)[1].strip().strip('"')
        raise AssertionError(f"{self.context} has no {name}")

    @property
    def context(self):
        return os.path.join(self.state, "admin.ctx")

    def printed(self):
        return read_text(self.log)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """SIGTERM; gives the exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def restart(self):
        code = self.stop()
        assert code == 0, f"batond ended with {code}:\n{self.printed()}"
        return self.start()

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def close(self):
        if self.alive():
            self.process.send_signal(signal.SIGCONT)
            self.kill()


def key_pair():
    public, secret = zmq.curve_keypair()
    return public.decode(), secret.decode()


class SystemTest(unittest.TestCase):
    """A test with a temporary directory and, unless it sets broker_options to None, a broker that runs."""

    maxDiff = None
    broker_options = ()

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="baton-system-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.broker = Broker(self.directory, options=self.broker_options or ())
        self.addCleanup(self.broker.close)
        self.sockets = []
        self.addCleanup(lambda: [client.socket.close(linger=0) for client in self.sockets])
        if self.broker_options is not None:
            self.broker.start()
            self.admin = self.client()

    def client(self, pair=None, broker=None):
        """A client with the admin's key, or with another pair."""
        context = (broker or self.broker).context
        client = Client.from_file(context)
        if pair:
            client.keys = (client.keys[0], *pair)
            client.connect()
        self.sockets.append(client)
        return client

    def invite(self, name, role, **options):
        """The secret of a new invitation."""
        token = self.admin.call("identity.invite", {"name": name, "role": role, **options})["token"]
        return secret_of(token)

    def enrolled(self, name, role):
        """A client with an identity of its own."""
        client = self.client(key_pair())
        client.call("identity.enroll", {"secret": self.invite(name, role)}, timeout=PATIENCE)
        return client

    def refused(self, status, reason, call, *arguments, **options):
        """The failure record of a call that must be refused like that."""
        with self.assertRaises(Refused) as caught:
            call(*arguments, **options)
        failure = caught.exception.failure
        self.assertEqual((failure["status"], failure.get("reason", "none")), (status, reason), failure)
        return failure

    def baton(self, *arguments, code=0, **options):
        """Runs the command line as the admin; gives what it printed."""
        done = subprocess.run([BATON, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, "BATON_CONTEXT": self.broker.context, **options})
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr


def secret_of(token):
    data = token.removeprefix("baton1.")
    return unpack(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))["secret"]


def whole_log(client):
    """Every event of the site, checked: seq and the n of each session have no gap."""
    events, last, head = [], 0, 1
    while last < head:
        page = client.call("events.read", {"after": last, "limit": 1000}, timeout=PATIENCE)
        events += page.get("events", [])
        last, head = page["last"], page["head"]
    positions = {}
    for number, event in enumerate(events, 1):
        assert event["seq"] == number, f"seq {event['seq']} stands where {number} is due"
        n = positions[event["session"]] = positions.get(event["session"], 0) + 1
        assert event["n"] == n, f"session {event['session']} has n {event['n']} where {n} is due"
    return events
