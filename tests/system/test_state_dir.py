#!/usr/bin/python3
"""A state directory that has lost a part: never begun anew over what is left."""
import os
import subprocess
import unittest

from harness import BATOND, PATIENCE, SystemTest


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


if __name__ == "__main__":
    unittest.main()
