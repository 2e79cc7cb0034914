#!/usr/bin/python3
"""The broker's life: first start, the state directory, the end, what it refuses to start with."""
import os
import signal
import sqlite3
import stat
import subprocess
import unittest

from harness import BATOND, PATIENCE, Broker, SystemTest, read_text


class FirstStart(SystemTest):
    def test_makes_keys_and_an_admin(self):
        for name in ("admin.ctx", "broker.ctx", "baton.db", "lock"):
            mode = stat.S_IMODE(os.stat(os.path.join(self.broker.state, name)).st_mode)
            self.assertEqual(mode, 0o600, name)
        self.assertEqual(stat.S_IMODE(os.stat(self.broker.state).st_mode), 0o700)
        about = self.admin.call("site.about")
        self.assertEqual((about["you"], about["role"], about["protocol"]), ("admin", "admin", 1))

    def test_command_line_works_at_once(self):
        created = self.baton("session", "create", "first", "-o", "name").strip()
        self.assertIn("first", self.baton("session", "show", created))

    def test_command_line_needs_no_configuration(self):
        """The broker announces its admin's context to its user's programs, and takes that back at the end."""
        nothing = os.path.join(self.directory, "nothing")
        link = os.path.join(self.directory, "baton", "admin.ctx")
        self.assertEqual(os.readlink(link), os.path.realpath(self.broker.context))
        self.assertIn("admin", self.baton("site", "about", BATON_CONTEXT="", HOME=nothing, XDG_CONFIG_HOME=nothing,
                                          XDG_STATE_HOME=nothing, XDG_RUNTIME_DIR=self.directory))
        self.broker.stop()
        self.assertFalse(os.path.lexists(link))

    def test_the_link_comes_back_when_a_later_broker_ends(self):
        link = os.path.join(self.directory, "baton", "admin.ctx")
        ours = os.path.realpath(self.broker.context)
        for stopped in (False, True):
            later = Broker(self.directory, state=os.path.join(self.directory, f"later-{stopped}"))
            self.addCleanup(later.close)
            self.assertTrue(later.spawn())
            self.assertEqual(os.readlink(link), os.path.realpath(later.context))
            if stopped:
                self.broker.stop()
            later.stop()
            self.assertEqual(os.readlink(link) if os.path.lexists(link) else None, None if stopped else ours)

    def test_second_broker_on_the_same_state_is_refused(self):
        done = subprocess.run([BATOND, "--state", self.broker.state, "--listen", "tcp://127.0.0.1:*"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another broker uses the state directory", done.stderr)
        self.assertIn("choose another --state", done.stderr)
        self.assertEqual(self.admin.call("site.about")["you"], "admin")

    def test_port_in_use_is_refused(self):
        other = Broker(self.directory, state=os.path.join(self.directory, "other"))
        self.addCleanup(other.close)
        other.listen = self.broker.listen
        self.assertFalse(other.spawn())
        self.assertIn("cannot listen on", other.printed())


class Restart(SystemTest):
    def test_keeps_everything(self):
        session = self.admin.call("session.create", {"title": "kept", "labels": {"a": "b"}})["session"]
        self.admin.call("memory.set", {"session": session, "key": "color", "value": {"deep": [1, "two"]}})
        self.admin.call("artifact.put", {"session": session, "name": "out", "content": b"bytes"})
        observer = self.enrolled("eve", "observer")
        context = read_text(self.broker.context)
        before = self.admin.call("session.snapshot", {"session": session})
        self.broker.restart()
        self.assertEqual(read_text(self.broker.context), context)
        self.assertEqual(self.admin.call("session.snapshot", {"session": session}), before)
        self.assertEqual(self.admin.call("artifact.get", {"session": session, "name": "out"})["content"], b"bytes")
        self.assertEqual(observer.call("site.about")["you"], "eve")
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.admin.call("session.snapshot", {"session": session}), before)

    def test_both_signals_end_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                self.broker.process.send_signal(number)
                self.assertEqual(self.broker.process.wait(PATIENCE), 0, self.broker.printed())
                self.assertFalse(os.path.exists(os.path.join(self.broker.state, "baton.db-wal")),
                                 "something was left to recover")
                self.broker.start()

    def test_follows_a_moved_port(self):
        self.broker.stop()
        self.broker.listen = "tcp://127.0.0.1:*"
        self.broker.start()
        self.assertEqual(self.client().call("site.about")["you"], "admin")


class Refusals(SystemTest):
    broker_options = None

    def made(self):
        """A state directory with something in it and no broker."""
        self.broker.start()
        client = self.client()
        for number in range(20):
            client.call("session.create", {"title": f"session {number}"})
        self.assertEqual(self.broker.stop(), 0)
        return os.path.join(self.broker.state, "baton.db")

    def refuse(self, *sentences):
        self.assertFalse(self.broker.spawn())
        self.assertEqual(self.broker.process.wait(PATIENCE), 1)
        for sentence in sentences:
            self.assertIn(sentence, self.broker.printed())

    def test_newer_schema(self):
        with sqlite3.connect(self.made()) as database:
            database.execute("UPDATE meta SET value = 99 WHERE key = 'schema'")
        database.close()
        self.refuse("has schema version 99", "start the newer version that wrote this state")

    def test_corrupt_database(self):
        path = self.made()
        size = os.path.getsize(path)
        damages = {
            "not a database": lambda file: (file.truncate(0), file.write(b"something else entirely\n" * 1000)),
            "a header of zeros": lambda file: file.write(bytes(100)),
            "pages overwritten": lambda file: (file.seek(4096), file.write(b"\xa5" * (size - 4096))),
            "cut short": lambda file: file.truncate(size // 2 // 4096 * 4096),
        }
        with open(path, "rb") as file:
            sound = file.read()
        for name, damage in damages.items():
            with self.subTest(name):
                with open(path, "wb") as file:
                    file.write(sound)
                with open(path, "r+b") as file:
                    damage(file)
                open(self.broker.log, "w", encoding="ascii").close()
                self.refuse("restore the state directory from a backup")

    def test_somebody_elses_database(self):
        self.made()
        path = os.path.join(self.broker.state, "baton.db")
        os.unlink(path)
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE cats (name)")
        database.close()
        self.refuse("not one of Baton's")

    def test_readable_secret_key(self):
        self.made()
        os.chmod(os.path.join(self.broker.state, "broker.ctx"), 0o644)
        self.refuse("broker.ctx")

    def test_state_that_is_a_file(self):
        open(self.broker.state, "w", encoding="ascii").close()
        self.refuse("state")

    def test_usage(self):
        cases = [([], "--state DIR is required"), (["--state", ""], "--state DIR is required"),
                 (["--state", "x", "--lease-ttl", "5"], "1000 to 600000"),
                 (["--state", "x", "--log-level", "loud"], "not loud"), (["--nonsense"], "not known"),
                 (["--state", "x", "extra"], "extra")]
        for arguments, sentence in cases:
            with self.subTest(arguments):
                done = subprocess.run([BATOND, *arguments], capture_output=True, text=True, timeout=PATIENCE,
                                      check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(sentence, done.stderr)


if __name__ == "__main__":
    unittest.main()
