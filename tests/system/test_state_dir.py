#!/usr/bin/python3
"""A state directory that has lost a part: never begun anew over what is left."""
import os
import re
import shutil
import subprocess
import unittest

from harness import BATOND, PATIENCE, Broker, SystemTest, read_text


class Lost(SystemTest):
    def refused_start(self):
        done = subprocess.run([BATOND, "--state", self.broker.state, "--listen", "tcp://127.0.0.1:*"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("restore the state directory from a backup", done.stderr)
        return done.stderr

    def path(self, name):
        return os.path.join(self.broker.state, name)

    def test_the_database(self):
        self.admin.call("session.create", {"title": "kept"})
        self.assertEqual(self.broker.stop(), 0)
        os.rename(self.path("baton.db"), self.path("elsewhere"))
        self.assertIn("the database, baton.db, is not", self.refused_start())
        open(self.path("baton.db"), "wb").close()
        self.assertIn("the database, baton.db, is not", self.refused_start())
        os.rename(self.path("elsewhere"), self.path("baton.db"))
        self.broker.start()
        self.assertEqual(len(self.admin.call("session.list", {})["sessions"]), 1)

    def test_the_key_of_the_broker(self):
        self.assertEqual(self.broker.stop(), 0)
        os.rename(self.path("broker.ctx"), self.path("elsewhere"))
        self.assertIn("broker.ctx, is not", self.refused_start())

    def test_the_admin_s_context(self):
        observer = self.enrolled("eve", "observer")
        self.broker.kill()
        os.rename(self.path("admin.ctx"), self.path("elsewhere"))
        other = type(self.broker)(self.directory, state=self.broker.state)
        other.listen = self.broker.listen
        self.addCleanup(other.close)
        self.assertTrue(other.spawn())
        self.assertIn("admin.ctx is missing", other.printed())
        self.assertFalse(os.path.exists(self.path("admin.ctx")))
        self.assertEqual(observer.call("site.about", timeout=PATIENCE)["you"], "eve")


class CommandLine(unittest.TestCase):
    def test_what_is_no_way_to_start(self):
        names = [word for i in range(17) for word in ("--http-host", f"n{i}.example")]
        for arguments, said in (
                ([], "--state DIR is required"), (["--state", ""], "--state DIR is required"),
                (["--state", "x", "y"], "no use for the argument y"), (["--nosuch"], "that option is not known"),
                (["--state"], "that option is not known"),
                (["--lease-ttl", "999"], "--lease-ttl takes 1000 to 600000 milliseconds, not 999"),
                (["--http-rate", "0"], "--http-rate takes 1 to 1000000 requests a second, not 0"),
                (["--http-rate", "9" * 30], "--http-rate takes"), (["--http-rate", "+5"], "--http-rate takes"),
                (["--log-level", "loud"], "--log-level takes error, warning, info or debug, not loud"),
                (names, "no more room for --http-host n16.example")):
            done = subprocess.run([BATOND, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(said, done.stderr)
        for flag, said in (("--help", "--http-rate N"), ("-h", "--http-rate N"), ("--version", "batond ")):
            done = subprocess.run([BATOND, flag], capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), flag)
            self.assertIn(said, done.stdout)


class Contents(SystemTest):
    """Large contents are files beside the database."""

    def put(self, name):
        content = os.urandom(1 << 20)
        self.admin.call("artifact.put", {"session": self.session, "name": name, "content": content}, timeout=PATIENCE)
        return content

    def content(self, name):
        return self.admin.call("artifact.get", {"session": self.session, "name": name}, timeout=PATIENCE)["content"]

    def setUp(self):
        super().setUp()
        self.session = self.admin.call("session.create", {"title": "contents"})["session"]
        self.first = self.put("first")
        self.blobs = os.path.join(self.broker.state, "blobs")

    def test_a_backup_while_the_broker_runs(self):
        backup = os.path.join(self.directory, "backup")
        os.mkdir(backup, 0o700)
        page = read_text(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/state.md"))
        for number, line in enumerate(re.findall(r"^    (.+)$", page, re.MULTILINE)):
            subprocess.run(["sh", "-c", line], check=True, env={**os.environ, "STATE": self.broker.state, "BACKUP": backup})
            self.put(f"during-{number}")
        self.broker.kill()
        restored = Broker(self.directory, state=backup).start()
        self.addCleanup(restored.close)
        self.broker = restored
        self.admin = self.client(broker=restored)
        self.assertEqual(self.content("first"), self.first)
        self.refused("not_found", "no_such_artifact", self.content, "during-1")
        self.assertEqual(self.put("after"), self.content("after"))

    def test_a_file_is_lost(self):
        second = self.put("second")
        lost = max((os.path.join(folder, name) for folder, _, names in os.walk(self.blobs) for name in names),
                   key=os.path.getmtime)
        os.unlink(lost)
        self.assertIn(lost, self.refused("failed_precondition", "corrupt", self.content, "second")["message"])
        self.broker.restart()
        self.refused("failed_precondition", "corrupt", self.content, "second")
        self.assertEqual(self.content("first"), self.first)
        self.admin.call("artifact.put", {"session": self.session, "name": "again", "content": second}, timeout=PATIENCE)
        self.assertEqual(self.content("second"), second)

    def test_the_folder_is_lost(self):
        self.broker.kill()
        shutil.move(self.blobs, self.directory)
        self.assertFalse(self.broker.spawn())
        self.assertIn("bring it back from the same backup", self.broker.printed())
        shutil.move(os.path.join(self.directory, "blobs"), self.blobs)
        self.broker.start()
        self.assertEqual(self.content("first"), self.first)


if __name__ == "__main__":
    unittest.main()
