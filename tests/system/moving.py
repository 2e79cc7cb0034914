"""A site of a broker and two nodes, each on a host of its own, with a session that can be held at each step of its move."""
import os
import signal
import sqlite3

from harness import PATIENCE, Broker, read_text, wait_until
from network import PORT, Network, leave_network
from nodes import WORDS, NodeTest, children_of, home, phase

LEASE = 3000  # ms
STEP = 4000  # ms that a step of a migration may take

# Works in steps of a few milliseconds: each is seen outside of any workspace (witness), kept in the session under a key,
# and counted in the workspace. Asked to stop, it takes as long as the test holds it.
WORKER = WORDS + """
S=$BATON_SESSION
trap 'term=1' TERM
n=$(cat n 2> /dev/null) || n=0
[ -e born ] || echo "$NODE" > born
baton breakpoint ask --key go --title Go --policy quorum:2 > /dev/null 2>&1 || :
while [ ! -e "$DIR/enough-$S" ]; do
    if [ -n "${term-}" ]; then
        SAY "asked-$S" "$NODE"
        while [ -e "$DIR/hold-$S" ]; do sleep 0.01; done
        exit 0
    fi
    echo "$NODE $BATON_ATTEMPT $BATON_RUN $(date +%s%N) $((n + 1))" >> "$DIR/witness-$S"
    baton item append assistant $((n + 1)) --idempotency-key "item-$((n + 1))" --timeout 5s > /dev/null 2>&1 || continue
    n=$((n + 1))
    echo $n > n.new
    mv n.new n
    sleep 0.02
done
baton session complete
"""


class HostedBroker(Broker):
    """Listens on all addresses of its host, one of which the test's clients use."""

    def __init__(self, directory, host, address):
        super().__init__(directory, prefix=host.prefix, options=["--lease-ttl", str(LEASE)])
        self.address = f"tcp://{address}:{PORT}"

    def spawn(self):
        self.listen = f"tcp://0.0.0.0:{PORT}"
        if not super().spawn():
            return False
        text = read_text(os.path.join(self.state, "admin.ctx")).replace(self.listen, self.address)
        with open(self.context, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
        return True

    @property
    def context(self):
        return os.path.join(self.directory, "admin.ctx")


class MovingTest(NodeTest):
    broker_options = None

    @classmethod
    def setUpClass(cls):
        leave_network()

    def setUp(self):
        super().setUp()
        self.network = Network("broker", "east", "west")
        self.addCleanup(self.network.close)
        _, address = self.network.join("", "broker")
        self.broker = HostedBroker(self.directory, self.network.hosts["broker"], address)
        self.addCleanup(self.broker.close)
        self.broker.start()
        self.admin, self.alice, self.bob = self.client(), None, None
        for name in ("east", "west"):
            self.network.join("broker", name)
        self.network.join("east", "west")
        self.east, self.west = self.hosted("east", "west"), self.hosted("west", "east")
        self.alice, self.bob = self.enrolled("alice", "operator"), self.enrolled("bob", "operator")

    def hosted(self, name, other):
        return self.node(name, {"default": {"script": WORKER, "safe_point_grace": 60000}},
                         prefix=self.network.hosts[name].prefix,
                         endpoint=f"tcp://{self.network.address('broker', name)}:{PORT}",
                         transfer=f"tcp://{self.network.address(name, other)}:{PORT}")

    # ---- a session that moves from east to west, held at a step ----

    def new_session(self, title):
        """One that works on east, with a breakpoint that has one of two votes."""
        session = self.create(title, node=None)
        workspace = self.east.workspace(session)
        os.makedirs(workspace)
        self.write(workspace, "big", os.urandom(3 << 20))
        self.write(workspace, "odd name \u00e9", b"kept")
        self.pin(session)
        self.until_running(session, "east")
        self.until(session, lambda s: s.get("items", 0) > 2, "the run to work")
        self.alice.call("breakpoint.vote", {"session": session, "breakpoint": 1, "option": "approve"}, timeout=PATIENCE)
        self.admin.call("memory.set", {"session": session, "key": "k", "value": [1, "two"]})
        return session

    def pin(self, session):
        """Its first run goes to east, since west takes none at that moment."""
        self.admin.call("node.drain", {"node": "west"})
        self.admin.call("session.activate", {"session": session})
        self.until_running(session, "east")
        self.admin.call("node.undrain", {"node": "west"})

    @staticmethod
    def write(folder, name, content):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)

    def migrate(self, session):
        return self.admin.call("session.migrate", {"session": session, "to": "west", "patience": STEP},
                               timeout=PATIENCE)["migration"]

    def at_step(self, session, step):
        return self.until(session, lambda s: s.get("migrating") and s["migration"]["step"] == step, f"step {step}",
                          patience=10)

    def stop_broker(self):
        self.broker.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: children_of(os.getpid()).get(self.broker.process.pid) == "T", "the broker to stand still")

    def hold_prepare(self, session):
        self.west.freeze()
        self.migrate(session)
        self.at_step(session, "prepare")
        return self.west.thaw

    def hold_freeze(self, session):
        self.touch(f"hold-{session}")
        self.migrate(session)
        self.at_step(session, "freeze")
        self.wait_file(f"asked-{session}")
        return lambda: os.unlink(self.path(f"hold-{session}"))

    def hold_accept(self, session):
        release = self.hold_freeze(session)
        self.west.freeze()
        release()
        self.at_step(session, "accept")
        return self.west.thaw

    def hold_commit(self, session):
        """West has everything and has said so; the broker has not heard it yet."""
        thaw = self.hold_accept(session)
        self.east.freeze()
        thaw()
        self.heartbeats("west", 2)  # so that it has asked what it is to do
        self.stop_broker()
        self.east.thaw()
        wait_until(lambda: self.spooled(self.west, session, "migration.accepted"), "west to have accepted")
        return lambda: self.broker.process.send_signal(signal.SIGCONT)

    def hold_resume(self, session):
        proceed = self.hold_commit(session)
        self.west.freeze()
        proceed()
        self.at_step(session, "resume")
        return self.west.thaw

    HOLDS = {"prepare": hold_prepare, "freeze": hold_freeze, "accept": hold_accept, "commit": hold_commit,
             "resume": hold_resume}

    def hold(self, session, step):
        """Gives a function that lets go."""
        return self.HOLDS[step](self, session)

    def heartbeats(self, name, count):
        def seen():
            return next(n["seen_at"] for n in self.admin.call("node.list", timeout=PATIENCE)["nodes"]
                        if n["name"] == name)
        for _ in range(count):
            last = seen()
            wait_until(lambda: seen() > last, f"a heartbeat of {name}")

    @staticmethod
    def spooled(node, session, method):
        with sqlite3.connect(f"file:{node.state}/node.db?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM outgoing WHERE session = ? AND method = ?",
                              (session, method)).fetchone()[0]

    # ---- what must hold in the end ----

    def settle(self, session):
        """The migration has ended, and the session runs, or waits to be activated again; then it does. Gives its state."""
        self.until(session, lambda s: not s.get("migrating"), "the migration to end")
        ends = self.events(session, "migration_finished", "migration_aborted")
        self.assertEqual(len(ends), len(self.events(session, "migration_started")))
        state = self.until(session, lambda s: s["state"] != "running" or phase(s) == "running", "the run to go on")
        if state["state"] != "running":
            self.assertEqual((state["state"], state["cause"], state["run"]["outcome"]),
                             ("suspended", "node_lost", "lost"))
            processes = self.east.processes
            wait_until(lambda: not processes(session), "what the lost run was to be gone")
            wait_until(lambda: all(n["state"] == "up" for n in self.admin.call("node.list")["nodes"]), "both nodes")
            self.admin.call("session.activate", {"session": session})
        return self.until_running(session)

    def witness(self, session):
        """Where and when the run believed itself to be running: (node, run, attempt) with its first and last moment."""
        spans = {}
        for line in read_text(self.path(f"witness-{session}")).splitlines():
            words = line.split()
            if len(words) != 5:
                continue  # it was killed while it wrote
            node, attempt, run, at, _ = words
            first, _ = spans.setdefault((node, int(run), int(attempt)), (int(at), int(at)))
            spans[node, int(run), int(attempt)] = (first, int(at))
        return spans

    def check_writers(self, session):
        """What the broker took from runs came from the holder of the lease, every time."""
        holder = None
        for event in self.events(session):
            if event.get("run") and event["kind"] != "session_terminated":  # with it the lease goes first
                self.assertEqual(event["actor"], holder, event)
            if event["kind"] == "lease_moved":
                holder = event["body"].get("node")

    def check_session(self, session):
        """After settle: it works, nothing is lost or there twice, and it reaches its end."""
        state = self.until_running(session)
        count = state["items"]
        state = self.until(session, lambda s: s["items"] > count + 2 and phase(s) == "running", "the run to work")
        view = self.admin.call("breakpoint.show", {"session": session, "breakpoint": 1})["breakpoint"]
        self.assertEqual((view["state"], [vote["actor"] for vote in view["votes"]]), ("open", ["alice"]))
        answer = self.bob.call("breakpoint.vote", {"session": session, "breakpoint": 1, "option": "approve"})
        self.assertEqual(answer["outcome"], "approve")
        self.assertEqual(state["memory"][0]["value"], [1, "two"])
        node = self.nodes[home(state)]
        self.touch(f"enough-{session}")
        state = self.until(session, lambda s: s["state"] == "terminated", "the session to complete")
        self.assertEqual(state["cause"], "completed")
        items = self.items(session)
        self.assertEqual(items, [str(number) for number in range(1, len(items) + 1)])
        self.check_writers(session)
        self.check_spans(session)
        self.check_workspace(node, session, len(items))

    def check_spans(self, session):
        spans = sorted(self.witness(session).items(), key=lambda entry: entry[1])
        for (one, (_, last)), (other, (first, _)) in zip(spans, spans[1:]):
            self.assertLess(last, first, f"{one} was still running when {other} began")

    def check_workspace(self, node, session, items):
        folder = node.workspace(session)
        self.assertEqual(int(read_text(os.path.join(folder, "n"))), items)
        self.assertEqual(read_text(os.path.join(folder, "born")), "east\n")
        self.assertEqual(read_text(os.path.join(folder, "odd name \u00e9")), "kept")
        self.assertEqual(os.path.getsize(os.path.join(folder, "big")), 3 << 20)

    def check_nodes(self, session):
        """Nothing of the migration is left, and the workspace is at one node."""
        for node in (self.east, self.west):
            wait_until(lambda: not node.leftovers(), f"the leftovers of {node.name} to be removed")
            self.assert_clean(node)
        wait_until(lambda: sum(os.path.isdir(node.workspace(session)) for node in (self.east, self.west)) == 1,
                   "the workspace to be at one node")
