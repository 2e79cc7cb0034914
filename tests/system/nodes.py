"""What the tests with nodes share: nodes of their own, drivers that are shell scripts, and views of what runs where.

The programs come in by the environment: BATON_NODE besides those of harness.py. A node's runs are found in /proc by their
environment, so that nothing that a run leaves behind goes unseen.
"""
import os
import signal
import subprocess

import zmq

from harness import BATON, PATIENCE, TIED, Readiness, SystemTest, key_pair, read_text, secret_of, wait_until
from client import Client, Refused

BATON_NODE = os.environ.get("BATON_NODE", "baton-node")
PATH = os.path.dirname(BATON) + ":" + os.environ.get("PATH", "/usr/bin:/bin")


def processes_with(mark):
    """The processes, zombies aside, that have the bytes in their environment, by pid."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if mark in file.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def children_of(parent):
    """Pid and state letter of each child; see proc (5) for the letters."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found[int(pid)] = fields[0]
    return found


def alive(pid):
    """Whether the process is there and no zombie."""
    try:
        return read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Local(Client):
    """A client of a node's local socket, as a run has it."""

    def __init__(self, endpoint, token):
        self.token = token
        super().__init__(endpoint, None, None, None)

    def connect(self):
        if self.socket:
            self.socket.close(linger=0)
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.connect(self.endpoint)

    def call(self, method, body=None, timeout=10.0, resend=1.0, **header):
        return super().call(method, body, timeout, resend, **{"token": self.token, **header})


class Node:
    """A baton-node with an identity and a state directory of its own, which it keeps over restarts.

    drivers: from name to a shell script, or to a dictionary of script or argv, grace, safe_point_grace and env.
    """

    def __init__(self, test, name, drivers, **options):
        self.test, self.name, self.process = test, name, None
        self.program = options.get("program", BATON_NODE)
        self.directory = os.path.join(options.get("state_in", test.directory), name)
        self.state, self.log = os.path.join(self.directory, "state"), os.path.join(test.directory, name + ".log")
        self.prefix, self.options = list(options.get("prefix", ())), list(options.get("options", ()))
        os.makedirs(self.directory)
        self.config = os.path.join(test.directory, name + ".conf")
        self.write_config(drivers, **options)
        self.context = os.path.join(test.directory, name + ".ctx")
        self.enroll(options.get("endpoint"))

    def write_config(self, drivers, slots=4, labels=None, transfer="tcp://127.0.0.1:*", log_bound=None, **_):
        lines = [f"slots = {slots}", f'transfer = "{transfer}"', "labels"]
        lines += [f'    {key} = "{value}"' for key, value in (labels or {}).items()]
        lines += ["log", f"    bound = {log_bound}"] if log_bound else []
        lines.append("drivers")
        for name, driver in drivers.items():
            driver = driver if isinstance(driver, dict) else {"script": driver}
            lines += [f"    {name}", *self.driver_lines(name, driver)]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def driver_lines(self, name, driver):
        argv = driver.get("argv")
        if argv is None:
            path = os.path.join(self.directory, name + ".sh")
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + driver["script"])
            os.chmod(path, 0o755)
            argv = [path]
        yield "        command"
        yield from (f'            {number} = "{word}"' for number, word in enumerate(argv))
        yield from (f"        {key} = {driver[key]}" for key in ("grace", "safe_point_grace") if key in driver)
        yield "        env"
        environment = {"NODE": self.name, "DIR": self.test.directory, **driver.get("env", {})}
        yield from (f'            {key} = "{value}"' for key, value in environment.items())

    def enroll(self, endpoint=None):
        """Makes the identity of the node, and its context file."""
        public, secret = key_pair()
        client = self.test.client((public, secret))
        token = self.test.admin.call("identity.invite", {"name": self.name, "role": "node"})["token"]
        client.call("identity.enroll", {"secret": secret_of(token)}, timeout=PATIENCE)
        self.keys = (public, secret)
        with open(self.context, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            for entry in (("endpoint", endpoint or client.endpoint), ("broker_key", client.keys[0]),
                          ("public_key", public), ("secret_key", secret)):
                file.write('{} = "{}"\n'.format(*entry))

    # ---- life ----

    def spawn(self):
        """Starts it and says whether it has registered; False: it ended instead."""
        readiness = Readiness(self.directory)
        try:
            self.launch(NOTIFY_SOCKET=readiness.path)
            return readiness.wait(self.process)
        finally:
            readiness.close()

    def start(self):
        if not self.spawn():
            raise AssertionError(f"node {self.name} did not start:\n{read_text(self.log)}")
        return self

    def launch(self, **environment):
        """Starts it without waiting for it to reach the broker."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*TIED, *self.prefix, self.program, "--state", self.state, "--context", self.context, "--config",
                 self.config, *self.options], stdout=log, stderr=log,
                env={**os.environ, "PATH": PATH, **environment})

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        """SIGTERM; gives the exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def freeze(self):
        """SIGSTOP; returns when every thread of it stands still."""
        self.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: children_of(os.getpid()).get(self.process.pid) == "T", f"{self.name} to stand still")

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        """Ends it, and whatever its runs are or have left behind."""
        if self.alive():
            self.kill()
        while pids := self.processes():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    # ---- what is there ----

    def processes(self, session=""):
        """Pids of the runs of this node (or of one session), shims and all that they have started."""
        mark = f"BATON_SESSION={session}\0" if session else f"BATON_SOCKET=ipc://{self.state}/"
        return processes_with(mark.encode())

    def zombies(self):
        return [pid for pid, state in children_of(self.process.pid).items() if state == "Z"]

    def workspace(self, session):
        return os.path.join(self.state, "workspaces", session)

    def leftovers(self):
        """What a migration must not leave behind."""
        found = []
        for folder in ("staging", "trash"):
            path = os.path.join(self.state, folder)
            if os.path.isdir(path):
                found += [os.path.join(folder, name) for name in os.listdir(path)]
        return found

    def printed(self):
        return read_text(self.log)


class NodeTest(SystemTest):
    """A test with a broker and the nodes that it asks for."""

    broker_options = ("--lease-ttl", "3000")

    def setUp(self):
        super().setUp()
        self.nodes = {}

    def prepare(self, name, drivers, **options):
        """A node that is not started yet."""
        node = self.nodes[name] = Node(self, name, drivers, **options)
        self.addCleanup(node.close)
        return node

    def node(self, name, drivers, **options):
        return self.prepare(name, drivers, **options).start()

    # ---- sessions ----

    def create(self, title, **fields):
        return self.admin.call("session.create", {"title": title, **fields}, timeout=PATIENCE)["session"]

    def begin(self, title, **fields):
        return self.create(title, activate=True, **fields)

    def show(self, session, **options):
        return self.admin.call("session.show", {"session": session}, timeout=PATIENCE, **options)

    def until(self, session, condition, what, patience=PATIENCE):
        """Waits for a state of the session that fulfils the condition, and gives it."""
        last = {}

        def look():
            last.update(state=self.show(session))
            return last["state"] if condition(last["state"]) else None

        try:
            return wait_until(look, what, patience)
        except AssertionError as error:
            logs = "\n".join(f"{node.name}:\n{node.printed()[-3000:]}" for node in self.nodes.values())
            raise AssertionError(f"{error}; last: {summary(last['state'])}\n{logs}") from None

    def until_running(self, session, node=None, attempt=1):
        return self.until(session, lambda s: phase(s) == "running" and s["run"].get("attempt", 0) >= attempt and
                          node in (None, home(s)) and not s.get("migrating"), f"{session} to run")

    def until_settled(self, session):
        """Waits until no run is under way."""
        return self.until(session, lambda s: s["state"] != "running", f"{session} to settle")

    def events(self, session, *kinds):
        """The session's journal, checked to be without a gap; or only events of these kinds."""
        found, last, head = [], 0, 1
        while last < head:
            page = self.admin.call("session.log", {"session": session, "after": last, "limit": 1000}, timeout=PATIENCE)
            found += page.get("events", [])
            last, head = page["last"], page["head"]
        self.assertEqual([event["n"] for event in found], list(range(1, len(found) + 1)))
        return [event for event in found if not kinds or event["kind"] in kinds]

    def items(self, session):
        """The texts of the items."""
        return [event["body"]["parts"][0]["text"] for event in self.events(session, "item_appended")]

    def outcomes(self, session):
        runs = self.admin.call("run.list", {"session": session}).get("runs", [])
        return [(run["number"], run.get("outcome")) for run in runs]

    def logs(self, session, **body):
        page = self.admin.call("run.logs", {"session": session, "limit": 1 << 20, **body}, timeout=PATIENCE)
        return page.get("content", b"").decode(errors="replace")

    # ---- files between tests and drivers ----

    def path(self, name):
        return os.path.join(self.directory, name)

    def touch(self, name, text=""):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def wait_file(self, name, patience=PATIENCE):
        """Waits for a line in the file, and gives its text."""
        path = self.path(name)
        return wait_until(lambda: os.path.exists(path) and read_text(path).endswith("\n") and read_text(path),
                          f"the file {name}", patience)

    def local(self, name):
        """A client that speaks as the run that has written its environment to the file (see DUMP)."""
        text = self.wait_file(name)
        entries = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        client = Local(entries["BATON_SOCKET"], entries["BATON_TOKEN"])
        self.sockets.append(client)
        return client

    def assert_clean(self, node):
        """No process of a run is left, and no zombie."""
        wait_until(lambda: not node.processes(), f"the runs of {node.name} to be gone")
        if node.alive():
            wait_until(lambda: not node.zombies(), f"{node.name} to have no zombie")


# A driver's words: DUMP NAME tells the test how to speak as this run; WAIT FILE is a driver's way to wait for the test.
WORDS = """
DUMP () { env | grep ^BATON_ > "$DIR/$1.new"; echo >> "$DIR/$1.new"; mv "$DIR/$1.new" "$DIR/$1"; }
SAY () { echo "$2" >> "$DIR/$1"; }
WAIT () { until [ -e "$DIR/$1" ]; do sleep 0.02; done; }
"""


def phase(state):
    return state.get("run", {}).get("phase")


def home(state):
    return state.get("lease", {}).get("node")


def summary(state):
    return {key: state.get(key) for key in ("n", "state", "cause", "lease", "run", "migration", "migrating")}


__all__ = ["Local", "Node", "NodeTest", "Refused", "WORDS", "alive", "children_of", "home", "phase", "processes_with"]
