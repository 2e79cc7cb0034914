#!/usr/bin/python3
"""New keys for identities and for the broker."""
import os
import re
import shutil
import subprocess
import unittest

from harness import BATOND, PATIENCE, Client, SystemTest, key_pair, read_text


class Rekey(SystemTest):
    def setUp(self):
        super().setUp()
        self.there = {"XDG_CONFIG_HOME": self.directory, "BATON_CONTEXT": "eve"}
        token = self.baton("invite", "eve", "--role", "operator", "-o", "name").strip()
        self.baton("join", token, "--name", "eve", **self.there)
        self.file = os.path.join(self.directory, "baton", "eve.ctx")
        self.admin.call("team.create", {"name": "parsers"})
        self.admin.call("team.add", {"name": "parsers", "who": "eve"})

    def file_client(self, path):
        client = Client.from_file(path)
        self.sockets.append(client)
        return client

    def test_an_identity(self):
        old = os.path.join(self.directory, "old.ctx")
        shutil.copy(self.file, old)
        self.baton("identity", "rekey", "eve", **self.there)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.assertNotEqual(read_text(old), read_text(self.file))
        self.assertFalse(os.path.exists(self.file + ".next"))
        for _ in ("as it is", "after a restart"):
            self.baton("session", "list", **self.there)
            self.assertEqual(self.file_client(self.file).call("site.about", timeout=PATIENCE)["you"], "eve")
            self.refused("unauthenticated", "unknown_key", self.file_client(old).call, "session.list", {},
                         timeout=PATIENCE)
            self.broker.restart()
        rows = {row["name"]: row for row in self.admin.call("identity.list", timeout=PATIENCE)["identities"]}
        self.assertEqual(rows["eve"]["role"], "operator")
        self.assertEqual(len(rows["eve"]["teams"]), 1)

    def test_a_node(self):
        """By root, as docs/operations.md has it, for a daemon that runs as a user of its own."""
        token = self.baton("invite", "east", "--role", "node", "-o", "name").strip()
        path = os.path.join(self.directory, "node.ctx")
        self.baton("join", token, "--name", path)
        owner = 65534 if os.geteuid() == 0 else os.geteuid()
        os.chown(path, owner, -1)
        old = Client.from_file(path)
        self.sockets.append(old)
        self.baton("identity", "rekey", path)
        self.assertEqual((os.stat(path).st_uid, os.stat(path).st_mode & 0o777), (owner, 0o600))
        about = self.file_client(path).call("site.about", timeout=PATIENCE)
        self.assertEqual((about["you"], about["role"]), ("east", "node"))
        self.assertNotIn("you", old.call("site.about", timeout=PATIENCE))

    def test_killed_before_the_broker_heard_of_it(self):
        """The pair that is on disk is the one that is used."""
        text = read_text(self.file)
        public, secret = key_pair()
        text = re.sub('public_key = .*', f'public_key = "{public}"', text)
        text = re.sub('secret_key = .*', f'secret_key = "{secret}"', text)
        self.write(self.file + ".next", text)
        self.baton("identity", "rekey", "eve", **self.there)
        self.assertIn(public, read_text(self.file))
        self.baton("session", "list", **self.there)

    def test_killed_after_the_broker_heard_of_it(self):
        old = read_text(self.file)
        self.test_killed_before_the_broker_heard_of_it()
        os.rename(self.file, self.file + ".next")
        self.write(self.file, old)
        self.baton("session", "list", code=4, **self.there)
        self.baton("identity", "rekey", "eve", **self.there)
        self.baton("session", "list", **self.there)

    def test_somebody_else_s_key(self):
        key = self.admin.keys[1]
        self.refused("already_exists", "name_taken", self.file_client(self.file).call, "identity.rekey", {"key": key})

    def test_the_broker(self):
        self.refused_rekey()
        self.broker.stop()
        key = subprocess.run([BATOND, "--state", self.broker.state, "--rekey"], capture_output=True, text=True,
                             timeout=PATIENCE, check=True).stdout.strip()
        self.assertEqual(len(key), 40)
        self.broker.start()
        self.baton("session", "list")
        self.baton("session", "list", "--timeout", "1s", code=6, **self.there)
        self.write(self.file, re.sub('broker_key = .*', f'broker_key = "{key}"', read_text(self.file)))
        self.write(self.file, re.sub('endpoint = .*', f'endpoint = "{self.broker.listen}"', read_text(self.file)))
        self.baton("session", "list", **self.there)

    def refused_rekey(self):
        """While a broker runs."""
        done = subprocess.run([BATOND, "--state", self.broker.state, "--rekey"], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another broker uses", done.stderr)

    def write(self, path, text):
        with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)


if __name__ == "__main__":
    unittest.main()
