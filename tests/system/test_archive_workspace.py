#!/usr/bin/python3
"""A session's workspace in an archive: it comes back at another site as it was, also when the node there is killed."""
import contextlib
import os
import re
import sqlite3
import subprocess
import unittest

from harness import BATON, PATIENCE, Broker, read_text, wait_until
from nodes import Node, NodeTest, Refused

# Makes a workspace with something of everything, unless there is one; says what it has found.
DRIVER = """
ls -A | tr '\\n' ' '
[ -e made ] && exit 0
mkdir -p empty deep/er
echo one > deep/er/one
head -c 9000000 /dev/urandom > big
head -c 1000000 /dev/zero > zeros
echo secret > closed; chmod 400 closed
echo run > run; chmod 4755 run
ln -s ../outside link
ln -s /etc/passwd far
touch -d @1234567890.123456789 old made
chmod 555 empty
touch -d @1000000000 empty
exit 0
"""


def tree(folder):
    """Everything that goes along: kind, mode, time, content."""
    found = {}
    for path, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            whole = os.path.normpath(os.path.join(path, name))
            status = os.lstat(whole)
            if os.path.islink(whole):
                content, mode = os.readlink(whole), None
            else:
                content, mode = None, status.st_mode
            if os.path.isfile(whole) and not os.path.islink(whole):
                with open(whole, "rb") as file:
                    content = file.read()
            found[os.path.relpath(whole, folder)] = (mode, status.st_mtime_ns, content)
    return found


class Elsewhere:
    """What a node asks of a test, at the other site."""

    def __init__(self, test, broker):
        self.test, self.broker = test, broker
        self.directory = broker.directory
        self.admin = test.client(broker=broker)

    def client(self, pair=None):
        return self.test.client(pair, broker=self.broker)


class ArchiveWorkspace(NodeTest):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("elsewhere"))
        self.other = Broker(self.path("elsewhere"), options=self.broker_options).start()
        self.addCleanup(self.other.close)
        self.there = Elsewhere(self, self.other)
        self.far = self.there.admin
        self.east = self.node("east", {"default": DRIVER})
        self.session = self.create("with files")
        self.run_at(self.admin)
        self.addCleanup(self.loosen)

    def loosen(self):
        subprocess.run(["chmod", "-R", "u+rwX", self.directory], check=False)

    def west(self):
        node = Node(self.there, "west", {"default": DRIVER})
        self.addCleanup(node.close)
        return node

    def run_at(self, client):
        client.call("session.activate", {"session": self.session}, timeout=PATIENCE)
        return self.until_ended(client)

    def until_ended(self, client):
        def ended():
            return client.call("session.show", {"session": self.session}, timeout=PATIENCE)["run"]["phase"] == "finished"

        wait_until(ended, "the run to end")
        state = client.call("session.show", {"session": self.session})
        if state["state"] == "running":
            client.call("session.suspend", {"session": self.session})
        return state

    def cli(self, *arguments, code=0, site=None):
        done = subprocess.run([BATON, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, "BATON_CONTEXT": (site or self.broker).context,
                                   "XDG_CONFIG_HOME": self.path("home")})
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stdout + done.stderr

    def packs(self):
        """What the other broker keeps."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.other.state, "baton.db"))) as base:
            return base.execute("SELECT count (*) FROM blob").fetchone()[0]

    def refuses_for(self, reason):
        try:
            self.admin.call("workspace.manifest", {"session": self.session}, timeout=PATIENCE)
        except Refused as refused:
            return refused.failure.get("reason") == reason
        return False

    def test_there_and_as_it_was(self):
        before = tree(self.east.workspace(self.session))
        self.assertEqual(len(before), 13)
        said = self.cli("session", "export", self.session, "-o", self.path("s.baton"))
        self.assertIn("its workspace", said)
        self.assertIn("files", self.cli("session", "import", self.path("s.baton"), "--dry-run"))
        self.assertIn("--no-workspace", self.cli("session", "import", self.path("s.baton"), "--workspace", "/tmp",
                                                 site=self.other, code=2))
        self.cli("session", "import", self.path("s.baton"), site=self.other)
        self.assertGreater(self.far.call("session.show", {"session": self.session})["carried"], 0)
        self.assertIn("before its first run", self.cli("session", "export", self.session, "-o", self.path("t.baton"),
                                                       site=self.other, code=5))
        packs = self.packs()
        self.assertGreater(packs, 1)
        self.other.kill()
        self.other.start()
        west = self.west().start()
        state = self.run_at(self.far)
        self.assertEqual(state["run"]["outcome"], "completed", state["run"])
        self.assertNotIn("carried", state)
        # The node has it: the broker frees its own, whoever is killed now.
        self.other.kill()
        west.kill()
        self.other.start()
        west.start()
        wait_until(lambda: self.packs() == 0, "the packs to be freed")
        self.assertEqual(tree(west.workspace(self.session)), before)
        self.assertIn("deep", self.far.call("run.logs", {"session": self.session})["content"].decode())
        self.assertFalse(os.path.exists(os.path.join(west.state, "carried")))
        # A second run finds what the first has left, and not what came along.
        with open(os.path.join(west.workspace(self.session), "new"), "w", encoding="utf-8") as file:
            file.write("later")
        self.run_at(self.far)
        self.assertEqual(read_text(os.path.join(west.workspace(self.session), "new")), "later")

    def test_without_its_secrets(self):
        secret = "ghp_" + "a1B2" * 10
        place = self.east.workspace(self.session)
        long = f"{'x' * 70}\n" * 5000
        folder = f"aws_secret_key={'a1B2' * 10}"
        os.makedirs(os.path.join(place, "venv.env"))
        os.makedirs(os.path.join(place, folder))
        contents = {"venv.env/readme": "a folder is no such file\n", f"{folder}/x": "goes with its folder\n", "deep/.env": "HARMLESS=1\n", "deep/server.key": "nothing that looks so\n", "note": f"use {secret}\n",
                    "same": f"use {secret}\n", f"{secret}.txt": "named so\n",
                    # Across the end of a chunk, and in a file that is too long to be searched.
                    "long": long[:(256 << 10) - 10] + secret + "\n" + long, "longer": long * 50}
        for name, content in contents.items():
            with open(os.path.join(place, name), "w", encoding="utf-8") as file:
                file.write(content)
        os.symlink(f"/srv/{secret}", os.path.join(place, "pointer"))
        before = tree(place)
        said = self.cli("session", "export", self.session, "-o", self.path("r.baton"), "--redact")
        for row in ("environment_file      workspace/deep/.env", "key_file              workspace/deep/server.key",
                    "github_token          workspace/note", "github_token          workspace/same",
                    "in_its_name           workspace/[redacted].txt", "github_token          workspace/long",
                    "too_long_to_search    workspace/longer", "in_its_name           workspace/pointer"):
            self.assertIn(row, said)
        self.assertNotIn(secret, said)
        self.cli("session", "import", self.path("r.baton"), site=self.other)
        west = self.west().start()
        state = self.run_at(self.far)
        self.assertEqual(state["run"]["outcome"], "completed", state["run"])
        after = tree(west.workspace(self.session))
        gone = {"deep/.env", "deep/server.key", f"{secret}.txt", "longer", "pointer", folder, f"{folder}/x"}
        self.assertEqual(after.keys(), before.keys() - gone)
        changed = {name for name in after if after[name] != before[name]}
        self.assertEqual(changed, {"note", "same", "long"})
        self.assertEqual(after["note"][2], b"use [redacted]\n")
        self.assertEqual(after["long"][2].decode(), contents["long"].replace(secret, "[redacted]"))
        with open(os.path.join(self.other.state, "baton.db"), "rb") as file:
            self.assertNotIn(secret.encode(), file.read())

    def test_a_fork_before_the_first_run(self):
        """It gets what came along, too, whoever of the two runs first; the broker keeps it for the other one."""
        before = tree(self.east.workspace(self.session))
        self.cli("session", "import", self.cli_export(), site=self.other)
        for how in ("worktree", "shared"):
            failure = self.refused("failed_precondition", "wrong_state", self.far.call, "session.fork",
                                   {"session": self.session, "workspace": how})
            self.assertIn("with a copy", failure["message"])
        fork = self.far.call("session.fork", {"session": self.session})["session"]
        deep = self.far.call("session.fork", {"session": fork, "at": 1})["session"]
        given_up = self.far.call("session.fork", {"session": fork})["session"]
        west = self.west().start()
        self.run_at(self.far)
        self.other.kill()
        self.other.start()
        for self.session in (deep, fork):
            self.assertGreater(self.packs(), 1)
            self.assertEqual(self.run_at(self.far)["run"]["outcome"], "completed")
            self.assertEqual(tree(west.workspace(self.session)), before)
            self.assertNotIn("carried_from", self.far.call("session.show", {"session": self.session}))
        self.assertGreater(self.packs(), 1)
        self.far.call("session.activate", {"session": given_up, "abandon_workspace": True})
        wait_until(lambda: self.packs() == 0, "the packs to be freed")

    def test_a_push_brings_it_and_a_run_or_a_lost_node_refuses_it(self):
        self.east.kill()
        wait_until(lambda: self.refuses_for("node_away"), "the node to be away")
        self.assertIn("--no-workspace", self.cli("session", "export", self.session, "-o", self.path("a.baton"),
                                                 code=6))
        self.assertIn("no workspace", self.cli("session", "export", self.session, "-o", self.path("a.baton"),
                                               "--no-workspace"))
        self.east.start()
        self.cli("session", "push", self.session, "--to", self.other.context)
        west = self.west().start()
        self.run_at(self.far)
        self.assertEqual(tree(west.workspace(self.session)), tree(self.east.workspace(self.session)))

    def test_a_node_gives_to_so_many_exports_at_a_time(self):
        sessions = [self.session]
        while len(sessions) < 9:
            self.session = self.create(f"number {len(sessions)}")
            self.run_at(self.admin)
            sessions.append(self.session)

        def read(session):
            return self.admin.call("workspace.manifest", {"session": session}, timeout=PATIENCE)["manifest"]

        first = [read(session) for session in sessions[:8]]
        failure = self.refused("unavailable", "busy", read, sessions[8])
        self.assertIn("8 workspaces", failure["message"])
        self.assertEqual([read(session) for session in sessions[:8]], first)

    def test_who_may_read_it(self):
        body = {"session": self.session}
        eve = self.enrolled("eve", "observer")
        self.refused("permission_denied", "no_access", eve.call, "workspace.manifest", body, timeout=PATIENCE)
        self.refused("permission_denied", "no_access", eve.call, "workspace.chunks", {**body, "digests": bytes(32)},
                     timeout=PATIENCE)
        self.refused("invalid_argument", "bad_value", self.admin.call, "workspace.chunks",
                     {**body, "digests": bytes(33)}, timeout=PATIENCE)
        self.refused("aborted", "busy", self.admin.call, "workspace.chunks", {**body, "digests": bytes(32)},
                     timeout=PATIENCE)
        self.admin.call("workspace.manifest", body, timeout=PATIENCE)
        self.refused("not_found", "no_such_artifact", self.admin.call, "workspace.chunks",
                     {**body, "digests": bytes(32)}, timeout=PATIENCE)
        # What came along is for the node that holds the session, and no other.
        self.cli("session", "import", self.cli_export(), site=self.other)
        west = self.west()
        self.refused("aborted", "stale_epoch", self.there.client(west.keys).call, "workspace.carried", body)

    def test_a_node_that_is_killed_meanwhile(self):
        before = tree(self.east.workspace(self.session))
        self.cli("session", "import", self.cli_export(), site=self.other)
        west = self.west().start()
        self.far.call("session.activate", {"session": self.session}, timeout=PATIENCE)
        place = os.path.join(west.state, "carried")
        wait_until(lambda: os.path.isdir(place) and os.listdir(place), "the workspace to be on its way", pause=0.0005)
        west.kill()
        if os.path.isdir(west.workspace(self.session)):
            self.assertEqual(tree(west.workspace(self.session)), before)
        else:
            self.assertGreater(self.packs(), 1)
        west.start()
        self.assertEqual(self.until_ended(self.far)["run"]["outcome"], "completed")
        self.assertEqual(tree(west.workspace(self.session)), before)
        self.assertEqual(os.listdir(place), [])

    def test_a_disk_that_is_full_for_a_while(self):
        """Tried again, less and less often, with the reason for everybody to see; and done when there is room."""
        before = tree(self.east.workspace(self.session))
        self.cli("session", "import", self.cli_export(), site=self.other)
        west = Node(self.there, "west", {"default": DRIVER},
                    prefix=["prlimit", "--fsize=5000000:unlimited", "env", "--ignore-signal=XFSZ"])
        self.addCleanup(west.close)
        west.start()
        self.far.call("session.activate", {"session": self.session}, timeout=PATIENCE)
        wait_until(lambda: read_text(west.log).count("is tried again in") >= 3, "some tries")
        wait_until(lambda: "File too large" in self.far.call("session.show", {"session": self.session})
                   .get("waiting", ""), "the reason to be shown")
        self.assertIn("File too large", self.cli("session", "show", self.session, site=self.other))
        pauses = [int(pause) for pause in re.findall(r"tried again in (\d+) ms", read_text(west.log))]
        for number, pause in enumerate(pauses[:4]):
            self.assertTrue(500 << number <= pause <= 1000 << number, pauses)
        subprocess.run(["prlimit", "--pid", str(west.process.pid), "--fsize=unlimited:"], check=True)
        state = self.until_ended(self.far)
        self.assertEqual(state["run"]["outcome"], "completed", state["run"])
        self.assertNotIn("waiting", state)
        self.assertEqual(tree(west.workspace(self.session)), before)
        self.assertEqual(os.listdir(os.path.join(west.state, "carried")), [])

    def cli_export(self):
        self.cli("session", "export", self.session, "-o", self.path("s.baton"))
        return self.path("s.baton")


if __name__ == "__main__":
    unittest.main()
