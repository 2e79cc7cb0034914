#!/usr/bin/python3
"""Sessions as files: export, import, update, and what becomes of files that are damaged or not what they say."""
import os
import subprocess
import unittest

from harness import BATON, PATIENCE, Broker, SystemTest, whole_log


class Archives(SystemTest):
    """Two sites, and one person who is the admin of both."""

    def setUp(self):
        super().setUp()
        self.elsewhere = os.path.join(self.directory, "elsewhere")
        os.makedirs(self.elsewhere)
        self.other = Broker(self.elsewhere).start()
        self.addCleanup(self.other.close)
        self.far = self.client(broker=self.other)
        self.file = self.path("s.baton")

    def path(self, name):
        return os.path.join(self.directory, name)

    def baton(self, *arguments, code=0, site=None, home="home", **options):
        done = subprocess.run([BATON, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, "BATON_CONTEXT": (site or self.broker).context,
                                   "XDG_CONFIG_HOME": self.path(home), **options})
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        self.noted = done.stderr
        return done.stdout if code == 0 else done.stderr

    def make(self, title="Fix the rounding", client=None):
        """A session with something of everything that a run is not needed for."""
        client = client or self.admin
        session = client.call("session.create", {"title": title, "labels": {"team": "payroll"}})["session"]

        def call(method, **body):
            return client.call(method, {"session": session, **body})

        call("item.append", role="user", text="Round each line")
        call("memory.set", key="branch", value={"name": "fix", "of": [1, 2.5, None]})
        call("decision.record", key="rounding", value="half-even", why="the tax office does")
        for content in (b"first", b"second" * 70000, b""):
            call("artifact.put", name="a", content=content)
        call("artifact.put", name="b", content=os.urandom(1 << 20))
        call("breakpoint.ask", key="merge", title="Merge?", body="all of it")
        client.call("message.send", {"to": session, "subject": "hello", "body": {"text": "there"}})
        return session

    def export(self, session, name="s.baton", **options):
        self.baton("session", "export", session, "-o", self.path(name), **options)
        return self.path(name)

    def events(self, client, session):
        return client.call("session.log", {"session": session, "limit": 1000}).get("events", [])

    @staticmethod
    def without_seq(events):
        return [{key: value for key, value in event.items() if key not in ("seq", "session")} for event in events]

    def bring(self, file, *options, **rest):
        """Imports at the other site, and gives the id there."""
        return self.baton("session", "import", file, "-o", "name", *options, site=self.other, **rest).strip()


class RoundTrip(Archives):
    def test_what_comes_is_what_went(self):
        session = self.make()
        before = self.admin.call("session.show", {"session": session})
        self.export(session)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.assertEqual(self.bring(self.file), session)
        ours, theirs = self.events(self.admin, session), self.events(self.far, session)
        self.assertEqual(self.without_seq(theirs[:len(ours)]), self.without_seq(ours))
        self.assertEqual([event["kind"] for event in theirs[len(ours):]], ["session_imported", "breakpoint_cancelled"])
        after = self.far.call("session.show", {"session": session})
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        self.assertEqual(changed, {"n", "active_at", "audience", "cause", "breakpoints", "lease", "provenance"})
        self.assertEqual((after["state"], after["cause"]), ("suspended", "imported"))
        self.assertEqual((after["provenance"]["session"], after["provenance"]["n"]), (session, before["n"]))
        for name in "ab":
            body = {"session": session, "name": name}
            self.assertEqual(self.far.call("artifact.get", body), self.admin.call("artifact.get", body))
        self.assertEqual(self.far.call("message.list", {"session": session})["messages"][0]["body"], {"text": "there"})
        # It lives on, and every number is there once, also after a restart.
        self.far.call("memory.set", {"session": session, "key": "k", "value": 1})
        self.other.restart()
        self.assertEqual(whole_log(self.far)[-1]["kind"], "memory_set")
        self.assertIn(session, self.baton("session", "list", site=self.other))
        self.assertEqual(self.far.call("session.show", {"session": session, "at": before["n"]}), before)

    def test_a_taken_id_a_title_and_a_position(self):
        session = self.make()
        self.admin.call("message.send", {"to": session, "body": 1})
        self.export(session)
        again = self.baton("session", "import", self.file, "--as", "Again", "-o", "json")
        self.assertIn('"renamed": true', again)
        copy = self.baton("session", "list", "--match", "Again", "-o", "name").strip()
        self.assertNotEqual(copy, session)
        state = self.admin.call("session.show", {"session": copy})
        self.assertEqual((state["session"], state["title"]), (copy, "Again"))
        self.assertEqual(state["provenance"]["session"], session)
        self.assertTrue(all(event["session"] == copy for event in self.events(self.admin, copy)))
        # Up to a position only, and without those contents that come later.
        self.baton("session", "export", session, "-o", self.path("at.baton"), "--at", "4")
        self.assertEqual(self.bring(self.path("at.baton")), session)
        self.assertNotIn("artifacts", self.far.call("session.show", {"session": session}))

    def test_a_copy_goes_on_where_it_came_from(self):
        session = self.make()
        self.bring(self.export(session))
        self.far.call("memory.set", {"session": session, "key": "k", "value": "there"})
        self.far.call("artifact.put", {"session": session, "name": "c", "content": b"made there"})
        back = self.export(session, "back.baton", site=self.other)
        self.assertIn("there is nothing newer", self.baton("session", "import", self.file, "--update", site=self.other,
                                                           code=5))
        self.baton("session", "import", back, "--update")
        state = self.admin.call("session.show", {"session": session})
        self.assertEqual(state["memory"][-1]["value"], "there")
        self.assertEqual(self.admin.call("artifact.get", {"session": session, "name": "c"})["content"], b"made there")
        # Twice is once too often: what came is followed by the import's own event now.
        self.assertIn("there is nothing newer", self.baton("session", "import", back, "--update", code=5))
        self.admin.call("memory.set", {"session": session, "key": "k", "value": "here"})
        self.far.call("memory.set", {"session": session, "key": "k", "value": "there again"})
        apart = self.export(session, "apart.baton", site=self.other)
        n = self.far.call("session.show", {"session": session})["n"]
        self.assertIn(f"goes another way than the archive from event {n} on",
                      self.baton("session", "import", apart, "--update", code=5))
        new = self.export(self.make("New"), "new.baton")
        self.assertIn("there is no session", self.baton("session", "import", new, "--update", site=self.other, code=3))

    def test_secrets_are_left_out_and_listed(self):
        secret, password = "ghp_" + "a1B2" * 10, "correct horse battery"
        session = self.admin.call("session.create", {"title": "Rotate", "objective": f"use {secret}",
                                                     "labels": {"api_key": password}})["session"]

        def call(method, **body):
            self.admin.call(method, {"session": session, **body})

        call("item.append", role="user", text=f"clone https://ada:{password.replace(' ', '-')}@git.example.org/x")
        call("item.append", role="tool", parts=[{"kind": "json", "value": {"password": password, "user": "ada"}}])
        call("memory.set", key="db_password", value=[password, 7])
        call("memory.set", key="open", value={"deep": [{"note": f"Authorization: Bearer {secret}"}]})
        call("artifact.put", name="notes", content=f"token={secret}\n".encode())
        call("artifact.put", name="prod.env", content=b"HARMLESS=" + password.encode())
        call("artifact.put", name="image", content=b"\0" + os.urandom(5000))
        printed = self.baton("session", "export", session, "-o", self.file, "--redact")
        for row in ("github_token          event 1 (session_created)", "named_so              event 1 (session_created)",
                    "url_credentials       event 2 (item_appended)", "named_so              event 3 (item_appended)",
                    "named_so              event 4 (memory_set)", "github_token          event 5 (memory_set)",
                    "github_token          content of event 6, notes", "named_so              content of event 7, prod.env"):
            self.assertIn(row, printed)
        self.assertIn("8 secrets were left out", self.noted)
        self.bring(self.file)
        state = self.far.call("session.show", {"session": session})
        self.assertEqual(state["objective"], "use [redacted]")
        self.assertEqual(state["labels"], {"api_key": "[redacted]"})
        self.assertEqual([memory["value"] for memory in state["memory"]],
                         [["[redacted]", 7], {"deep": [{"note": "Authorization: Bearer [redacted]"}]}])
        self.assertTrue(state["provenance"]["redacted"])
        contents = {name: self.far.call("artifact.get", {"session": session, "name": name})
                    for name in ("notes", "prod.env", "image")}
        self.assertEqual(contents["notes"]["content"], b"token=[redacted]\n")
        self.assertEqual(contents["notes"]["artifact"]["size"], 17)
        self.assertEqual(contents["prod.env"]["content"], b"[redacted]")
        self.assertEqual(contents["image"], self.admin.call("artifact.get", {"session": session, "name": "image"}))
        # Nowhere at the other site: neither in what it answers nor on its disk.
        journal = repr(self.events(self.far, session))
        self.assertNotIn(secret, journal)
        self.assertNotIn(password, journal)
        self.other.stop()
        for name in os.listdir(self.other.state):
            with open(os.path.join(self.other.state, name), "rb") as file:
                self.assertNotIn(secret.encode(), file.read(), name)

    def test_who_has_signed(self):
        session = self.make()
        self.export(session)
        shown = self.baton("session", "import", self.file, "--dry-run", "-o", "json", home="stranger")
        key = self.baton("trust", "show").strip()
        self.assertIn(key, shown)
        self.assertNotIn("signer_name", shown)
        self.assertNotIn(session, self.baton("session", "list", site=self.other))
        options = ("session", "import", self.file, "--require-signer", "ada")
        self.assertIn("nobody that is known here, not by ada",
                      self.baton(*options, site=self.other, home="stranger", code=4))
        self.baton("trust", "add", "ada", key, home="stranger")
        self.assertIn("known with another key", self.baton("trust", "add", "ada", "0" * 64, home="stranger", code=5))
        self.baton(*options, site=self.other, home="stranger")
        self.assertIn("signed by ada", self.noted)
        self.assertEqual(os.stat(self.path("home/baton/signing.key")).st_mode & 0o777, 0o600)
        os.chmod(self.path("home/baton/signing.key"), 0o644)
        self.assertIn("chmod 600", self.baton("session", "export", session, "-o", self.path("x"), code=5))
        self.assertFalse(os.path.exists(self.path("x")))


if __name__ == "__main__":
    unittest.main()
