#!/usr/bin/python3
"""Sessions as files: export, import, update, and what becomes of files that are damaged or not what they say."""
import hashlib
import json
import os
import shutil
import subprocess
import time
import unittest

from harness import BATON, PATIENCE, Broker, SystemTest, key_pair, pack, secret_of, whole_log


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
        before = self.admin.call("session.snapshot", {"session": session})["digest"]
        self.baton("session", "import", back, "--update")
        self.assertIn("nothing new in it", self.noted)
        self.assertEqual(self.admin.call("session.snapshot", {"session": session})["digest"], before)
        self.admin.call("memory.set", {"session": session, "key": "k", "value": "here"})
        self.far.call("memory.set", {"session": session, "key": "k", "value": "there again"})
        apart = self.export(session, "apart.baton", site=self.other)
        self.assertIn("has changes of its own since it was imported",
                      self.baton("session", "import", apart, "--update", code=5))
        new = self.export(self.make("New"), "new.baton")
        self.assertIn("there is no session", self.baton("session", "import", new, "--update", site=self.other, code=3))

    def test_a_copy_follows_its_original(self):
        session = self.make()

        def call(method, **body):
            return self.admin.call(method, {"session": session, **body})

        def texts(client, name=session):
            return [item["parts"][0].get("text", "") for item in client.call("item.list", {"session": name})["items"]]

        def follow(number, *options):
            self.export(session, f"{number}.baton")
            return json.loads(self.baton("session", "import", self.path(f"{number}.baton"), "--update", "-o", "json",
                                         *options, site=self.other))

        self.bring(self.export(session), "--as", "The copy")
        first = call("session.show")["n"]
        call("item.append", role="user", text="and sum them")
        call("decision.record", key="rounding", value="up", why="they changed it")
        call("memory.set", key="branch", value="new")
        call("artifact.put", name="c", content=b"later")
        call("breakpoint.comment", breakpoint=1, text="asked elsewhere")
        call("breakpoint.cancel", breakpoint=1)
        n = call("session.show")["n"]
        call("session.save", label="here")
        call("item.pin", item=first + 1)
        call("context.clear")
        call("item.append", role="user", text="after the break")
        answer = follow(1)
        ours, theirs = self.admin.call("session.show", {"session": session}), self.far.call("session.show",
                                                                                           {"session": session})
        self.assertEqual(answer["n"], theirs["n"])
        self.assertEqual(texts(self.far), texts(self.admin))
        self.assertEqual((theirs["title"], theirs["state"], theirs["cause"]), ("The copy", "suspended", "imported"))
        self.assertEqual(theirs["provenance"]["n"], ours["n"])
        self.assertEqual([decision["value"] for decision in theirs["decisions"]], ["up"])
        # What came first stays where it is, the rest stands three further on: as one journal, it names the right ones.
        gap = 3
        log, far = self.events(self.admin, session), self.events(self.far, session)
        self.assertEqual(answer["events"], len(log) - first)
        self.assertEqual([event["kind"] for event in far[first:first + gap]],
                         ["session_imported", "breakpoint_cancelled", "session_continued"])
        self.assertEqual([event["kind"] for event in far[first + gap:-1]], [event["kind"] for event in log[first:]])
        self.assertEqual(far[-1]["kind"], "session_imported")
        by_n = {event["n"]: event["kind"] for event in far}
        for memory in theirs["memory"]:
            self.assertEqual(by_n[memory["n"]], "memory_set")
        for artifact in theirs["artifacts"]:
            self.assertEqual(by_n[artifact["n"]], "artifact_put")
            body = {"session": session, "name": artifact["name"]}
            self.assertEqual(self.far.call("artifact.get", body).get("content"),
                             self.admin.call("artifact.get", body).get("content"))
        self.assertEqual(theirs["checkpoints"][0]["n"], n + gap)
        self.assertEqual(self.far.call("context.render", {"session": session})["tokens"],
                         self.admin.call("context.render", {"session": session})["tokens"])
        # The same once more is nothing; the journal alone comes to the same state; and it goes on being followed.
        self.assertEqual((follow(11).get("events", 0), follow(12)["n"]), (0, theirs["n"]))
        self.other.restart()
        self.assertEqual(self.far.call("session.show", {"session": session, "at": theirs["n"]}), theirs)
        for number in (2, 3):
            call("memory.set", key="branch", value=number)
            call("item.append", role="user", text=f"turn {number}")
            self.assertEqual(follow(number)["events"], 2)
            self.assertEqual(texts(self.far), texts(self.admin))
            self.assertEqual(self.far.call("session.show", {"session": session})["memory"][0]["value"], number)
        # A copy under another id is told by that.
        copy = self.bring(self.path("1.baton"))
        self.assertNotEqual(copy, session)
        self.assertEqual(follow(4, "--into", copy)["session"], copy)
        self.assertEqual(texts(self.far, copy), texts(self.admin))
        # Whatever was done with the copy is not lost: from then on it goes its own way.
        self.far.call("memory.set", {"session": session, "key": "own", "value": 1})
        call("item.append", role="user", text="too late")
        before = self.far.call("session.snapshot", {"session": session})["digest"]
        late = self.export(session, "late.baton")
        refusal = self.baton("session", "import", late, "--update", site=self.other, code=5)
        self.assertIn("has changes of its own since it was imported", refusal)
        self.assertIn("import it without --update", refusal)
        self.assertEqual(self.far.call("session.snapshot", {"session": session})["digest"], before)

    def test_two_that_were_merged_both_ways(self):
        """Each is part of the other's context; what only comes along does without."""
        session = self.admin.call("session.create", {"title": "Trunk"})["session"]
        branch = self.admin.call("session.fork", {"session": session, "title": "Branch"})["session"]
        for turn in range(2):
            for one, other in (session, branch), (branch, session):
                self.admin.call("item.append", {"session": one, "role": "user", "text": f"{turn} of {one}"})
                self.admin.call("session.merge", {"from": one, "into": other, "keep": True})

        def texts(client, session):
            items = client.call("item.list", {"session": session})["items"]
            return sorted(item["parts"][0]["text"] for item in items)

        context = texts(self.admin, session)
        self.assertEqual(len(context), 4)
        for number, one in enumerate((session, branch)):
            file = self.export(one, f"{number}.baton")
            for _ in range(2):  # the second time, all that it comes from is there
                self.assertEqual(texts(self.far, self.bring(file)), context)
        self.admin.call("item.append", {"session": session, "role": "user", "text": "later"})
        self.baton("session", "import", self.export(session, "later.baton"), "--update", site=self.other)
        self.assertEqual(texts(self.far, session), sorted([*context, "later"]))
        self.assertEqual(len(self.far.call("session.list")["sessions"]), 5)

    def test_what_a_branch_has_put_comes_along(self):
        secret = "ghp_" + "a1B2" * 10
        session = self.admin.call("session.create", {"title": "Trunk"})["session"]
        branch = self.admin.call("session.fork", {"session": session, "title": "Branch"})["session"]
        self.admin.call("artifact.put", {"session": branch, "name": "b", "content": f"token={secret}".encode()})
        self.baton("session", "merge", branch, "--into", session)
        body = {"session": session, "name": "b"}
        self.bring(self.export(session))
        self.assertEqual(self.far.call("artifact.get", body), self.admin.call("artifact.get", body))
        self.baton("session", "export", session, "-o", self.path("redacted.baton"), "--redact")
        body["session"] = self.bring(self.path("redacted.baton"))
        found = self.far.call("artifact.get", body)
        self.assertEqual((found["content"], found["artifact"]["size"]), (b"token=[redacted]", 16))
        # What a fork begins with is there also when the ancestor's own events do not tell of it.
        fork = self.admin.call("session.fork", {"session": session, "title": "Late"})["session"]
        self.assertEqual(self.far.call("artifact.get", {"session": self.bring(self.export(fork, "fork.baton")),
                                                        "name": "b"})["content"], f"token={secret}".encode())

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
        for folder, _, names in os.walk(self.other.state):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(secret.encode(), file.read(), name)

    def test_secrets_in_names_are_left_out(self):
        secret = "ghp_" + "a1B2" * 10
        session = self.admin.call("session.create", {"title": f"Use {secret}", "labels": {secret: "x", "zone": "y"}})["session"]

        def call(method, **body):
            return self.admin.call(method, {"session": session, **body})

        call("memory.set", key="a", value={secret: {"deep": {f"x-{secret}": 1}}, "open": 2})
        call("memory.set", key=f"k.{secret}", value=1)
        call("memory.set", key="s", value="stays")
        call("memory.set", key=f"k.{secret}", value=2)
        call("artifact.put", name=f"out/{secret}.txt", content=b"harmless")
        call("decision.record", key=secret, value="no", why="because")
        printed = self.baton("session", "export", session, "-o", self.file, "--redact")
        self.assertNotIn(secret, printed)
        for place in ("head", "event 1 (session_created)", "event 2 (memory_set)", "event 3 (memory_set)",
                      "event 6 (artifact_put)", "event 7 (decision_recorded)"):
            self.assertIn(f"github_token          {place}", printed)
        self.bring(self.file)
        state = self.far.call("session.show", {"session": session})
        self.assertEqual(state["title"], "Use [redacted]")
        (label,) = state["labels"].keys() - {"zone"}
        self.assertTrue(label.startswith("redacted-"))
        keys = [memory["key"] for memory in state["memory"]]
        self.assertEqual((keys[0], keys[2], keys[1][:9]), ("a", "s", "redacted-"))
        self.assertEqual(state["memory"][1]["value"], 2)
        (artifact,) = state["artifacts"]
        self.assertEqual(self.far.call("artifact.get", {"session": session, "name": artifact["name"]})["content"], b"harmless")
        # A name that is a secret is one wherever it stands.
        self.assertEqual(state["decisions"][0]["key"], label)
        self.assertNotIn(secret, repr(self.events(self.far, session)))
        with open(self.file, "rb") as file:
            self.assertNotIn(secret.encode(), file.read())

    def test_what_can_not_go_on_elsewhere_is_told(self):
        first = self.admin.call("session.create", {"title": "First"})["session"]
        session = self.make()
        self.admin.call("trigger.add", {"session": session, "name": "then", "after": first})
        self.admin.call("trigger.add", {"session": session, "name": "daily", "calendar": "@daily"})
        shown = json.loads(self.baton("session", "export", session, "-o", self.file, "--output", "json"))
        self.assertEqual(shown["n"], self.admin.call("session.show", {"session": session})["n"])
        self.assertEqual(shown["events"], shown["n"])
        self.assertGreater(shown["bytes"], 1 << 20)
        answer = json.loads(self.baton("session", "import", self.file, "-o", "json", site=self.other))
        self.assertEqual((answer["triggers"], answer["breakpoints"], answer["events"]), (["then"], 1, shown["n"]))
        self.assertGreaterEqual(answer["contents"], 4)
        event = next(event for event in self.events(self.far, session) if event["kind"] == "session_imported")
        self.assertEqual(event["body"]["triggers"], ["then"])
        self.assertEqual([trigger["name"] for trigger in self.far.call("session.show", {"session": session})["triggers"]],
                         ["daily"])
        self.bring(self.file)
        self.baton("session", "import", self.file, site=self.other)
        self.assertIn("the trigger then was dropped", self.noted)

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

    def test_a_fork_takes_its_ancestors_along(self):
        session = self.make()
        fork = self.admin.call("session.fork", {"session": session, "title": "Branch"})["session"]
        self.admin.call("item.append", {"session": fork, "role": "user", "text": "and sum them"})
        deep = self.admin.call("session.fork", {"session": fork, "title": "Leaf"})["session"]
        self.admin.call("item.append", {"session": session, "role": "user", "text": "after the fork"})

        def texts(client, session):
            items = client.call("item.list", {"session": session})["items"]
            return [item["parts"][0]["text"] for item in items]

        context = ["Round each line", "and sum them"]
        self.assertEqual(texts(self.admin, deep), context)
        file = self.export(deep)
        # Here the ancestors are known; there they come along, and have ended.
        copy = self.baton("session", "import", file, "-o", "name").strip()
        self.assertNotEqual(copy, deep)
        self.assertEqual(texts(self.admin, copy), context)
        self.assertEqual(len(self.admin.call("session.list")["sessions"]), 4)
        self.assertEqual(self.bring(file), deep)
        self.assertEqual(texts(self.far, deep), context)
        states = {row["session"]: row["state"] for row in self.far.call("session.list")["sessions"]}
        self.assertEqual(states, {session: "terminated", fork: "terminated", deep: "suspended"})
        again = self.bring(file)
        self.assertEqual(texts(self.far, again), context)
        self.assertEqual(len(self.far.call("session.list")["sessions"]), 4)
        # One that only claims another's context gets nothing of it.
        secret = self.far.call("session.create", {"title": "Secret", "visibility": "shared"})["session"]
        self.far.call("item.append", {"session": secret, "role": "user", "text": "nobody's business"})
        public, private = key_pair()
        eve = self.client((public, private), broker=self.other)
        token = self.far.call("identity.invite", {"name": "eve", "role": "operator"})["token"]
        eve.call("identity.enroll", {"secret": secret_of(token)}, timeout=PATIENCE)
        state = dict(self.far.call("session.show", {"session": deep}), lineage=[{"session": secret, "upto": 2}], n=1)
        body = pack({"events": [{"seq": 1, "session": "x", "n": 1, "kind": "session_forked", "at": 5,
                                 "body": {"state": {key: state[key] for key in ("session", "n", "title", "lineage",
                                                                                "state", "cause")}, "title": "T"}}]})
        digest = hashlib.blake2b(body, digest_size=32)
        for ancestors in ({}, {secret: secret}):
            eve.call("blob.put", {"digest": digest.hexdigest(), "content": body})
            self.refused("failed_precondition", "no_such_session", eve.call, "session.import",
                         {"origin_session": "x", "origin_n": 1, "pages": digest.digest(), "ancestors": ancestors})


class Killed(Archives):
    def test_a_killed_export_leaves_nothing(self):
        session, folder = self.make(), self.path("exports")
        os.mkdir(folder)
        try:
            os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR))
        except OSError:
            self.skipTest("this file system has no files without a name")
        words = (BATON, "session", "export", session, "-o", os.path.join(folder, "s.baton"))
        environment = {**os.environ, "BATON_CONTEXT": self.broker.context, "XDG_CONFIG_HOME": self.path("home")}
        self.export(session)
        began = time.monotonic()
        subprocess.run(words, env=environment, check=True, capture_output=True)
        takes = time.monotonic() - began
        with open(self.file, "rb") as file:
            whole = len(file.read())
        for number in range(12):
            if os.path.exists(words[-1]):
                self.assertGreater(os.stat(words[-1]).st_size, whole - 64)
                os.unlink(words[-1])
            process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(takes * number / 12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.assertIn(os.listdir(folder), ([], ["s.baton"]))


    def test_a_killed_update_is_there_or_not(self):
        session = self.make()
        self.bring(self.export(session))
        words = (BATON, "session", "import", "--update", "-o", "json")
        environment = {**os.environ, "BATON_CONTEXT": self.other.context, "XDG_CONFIG_HOME": self.path("home")}
        takes = 0.1
        for number in range(8):
            for turn in range(50):
                self.admin.call("item.append", {"session": session, "role": "user", "text": f"{number} {turn}"})
            file = self.export(session, f"{number}.baton")
            before = self.far.call("session.show", {"session": session}, timeout=PATIENCE)["n"]
            process = subprocess.Popen((*words, file), env=environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(takes * number / 8)
            except subprocess.TimeoutExpired:
                pass
            self.other.kill()
            process.kill()
            process.wait()
            self.other.start()
            # 50 events, between session_continued, session_imported and the breakpoint that is cancelled again.
            self.assertIn(self.far.call("session.show", {"session": session}, timeout=PATIENCE)["n"] - before, (0, 53))
            self.baton("session", "import", file, "--update", site=self.other)
            state = self.far.call("session.show", {"session": session}, timeout=PATIENCE)
            self.assertEqual(state["items"], 1 + 50 * (number + 1))
            self.assertEqual(self.far.call("session.show", {"session": session, "at": state["n"]}), state)


class Hostile(Archives):
    """What does not come through the command line: each refused as a whole."""

    def put(self, events):
        body = pack({"events": events})
        digest = hashlib.blake2b(body, digest_size=32)
        self.admin.call("blob.put", {"digest": digest.hexdigest(), "content": body})
        return digest.digest()

    def bring_events(self, events, **fields):
        pages = self.put(events)
        return self.admin.call("session.import", {"origin_session": "0123456789abcdefghjk", "origin_n": len(events),
                                                  "pages": pages, **fields})

    @staticmethod
    def event(n, kind, body, session="0123456789abcdefghjk", **fields):
        return {"seq": n, "session": session, "n": n, "kind": kind, "at": 5, "body": body, **fields}

    def test_whoever_knows_a_digest_gets_nothing_for_it(self):
        """Not the content, nor whether it is here: whoever imports has to put all of it."""
        eve, secret = self.enrolled("eve", "operator"), b"nobody's business"
        hidden = self.admin.call("session.create", {"title": "Hidden", "visibility": "shared"})["session"]
        self.admin.call("artifact.put", {"session": hidden, "name": "a", "content": secret})
        self.admin.call("blob.put", {"digest": hashlib.blake2b(secret, digest_size=32).hexdigest(), "content": secret})
        made = self.event(1, "session_created", {"title": "T"})

        def put(content, **fields):
            digest = hashlib.blake2b(content, digest_size=32)
            eve.call("blob.put", {"digest": digest.hexdigest(), "content": content, **fields})
            return digest.digest()

        def bring(events, **fields):
            return eve.call("session.import", {"origin_session": made["session"], "origin_n": len(events),
                                               "pages": put(pack({"events": events})), **fields})

        for content in (secret, b"not here"):
            known = hashlib.blake2b(content, digest_size=32)
            named = self.event(2, "artifact_put", {"name": "a", "digest": known.hexdigest()})
            for status, events, fields in (("failed_precondition", [made, named], {}),
                                           ("failed_precondition", [made], {"carried": known.digest()}),
                                           ("not_found", [made], {"pages": known.digest()})):
                self.refused(status, "no_such_artifact", bring, events, **fields)
            put(content)
            own = bring([made, named])["session"]
            self.assertEqual(eve.call("artifact.get", {"session": own, "name": "a"})["content"], content)
            self.refused("failed_precondition", "no_such_artifact", bring, [made, named])  # with the import that ended

    def test_whoever_knows_an_id_gets_nothing_for_it(self):
        """Not by any event that names another session, nor by a content that says what a session was."""
        eve, image = self.enrolled("eve", "operator"), b"\x89PNG\r\n\x1a\nof somebody"
        digest = hashlib.blake2b(image, digest_size=32).hexdigest()
        artifact = {"name": "a", "digest": digest, "size": len(image)}
        hidden = self.admin.call("session.create", {"title": "Hidden", "visibility": "shared"})["session"]
        self.admin.call("artifact.put", {"session": hidden, "name": "a", "content": image})
        self.admin.call("item.append", {"session": hidden, "role": "user", "text": "nobody's business"})
        taken = self.admin.call("session.show", {"session": hidden})["n"]
        mine = eve.call("session.create", {"title": "Mine"})["session"]
        made, past = self.event(1, "session_created", {"title": "T"}), [{"session": hidden, "upto": taken}]

        def put(record):
            body = pack(record)
            name = hashlib.blake2b(body, digest_size=32)
            eve.call("blob.put", {"digest": name.hexdigest(), "content": body, "upload": "kept"})
            return name

        def bring(*events):
            pages = put({"events": list(events)}).digest()
            return eve.call("session.import", {"origin_session": made["session"], "origin_n": len(events),
                                               "pages": pages})["session"]

        def state(n=1, **fields):
            return {"state": {"session": mine, "n": n, "title": "T", "state": "suspended", "cause": "forked", **fields}}

        def forked(**fields):
            return self.event(1, "session_forked", {"title": "T", **state(**fields)})

        def bad(status, reason, *events):
            self.refused(status, reason, bring, *events)

        part = {"kind": "blob", "digest": digest, "size": len(image), "media_type": "image/png"}
        for named in (self.event(2, "item_appended", {"role": "user", "parts": [part]}),
                      self.event(2, "session_restored", {"position": 1, "title": "T", "artifacts": [artifact]}),
                      self.event(2, "session_continued", state(artifacts=[artifact]))):
            bad("failed_precondition", "no_such_artifact", made, named)
        # What was part of its past once is read for that position, too.
        merge = {"from": hidden, "n": taken, "base": hidden, "base_n": 1, "segments": past}
        for start in [forked(lineage=past)], [made, self.event(2, "session_merged", {"merge": merge})]:
            bad("failed_precondition", "no_such_session", *start)
            last = len(start) + 1
            bad("invalid_argument", "bad_archive", *start, self.event(last, "session_continued", state(last)))
        # What a checkpoint and a merge that waits name is of the other site.
        forged = put(dict(state(lineage=past, artifacts=[artifact])["state"], session=made["session"])).hexdigest()
        session = bring(made, self.event(2, "session_saved", {"label": "x", "position": 1, "digest": forged}))
        self.assertNotIn("lineage", eve.call("session.load", {"session": session, "at": "x"})["state"])
        eve.call("session.restore", {"session": session, "at": "x"})
        self.assertNotIn("artifacts", eve.call("session.show", {"session": session}))
        one, other = (bring(forked(ancestors=[{"session": hidden, "n": taken, "depth": 9}])) for _ in range(2))
        for method, fields in (("session.diff", {"session": one, "other": other}),
                               ("session.merge", {"into": one, "from": other, "dry_run": True})):
            self.refused("failed_precondition", "no_common_ancestor", eve.call, method, fields)
            self.admin.call(method, fields)
        self.assertNotIn("merge", eve.call("session.show", {"session": bring(forked(merge=dict(merge, breakpoint=1)))}))

    def test_journals_that_nobody_could_have_written(self):
        made = self.event(1, "session_created", {"title": "T"})

        def bad(words, *events, reason="bad_archive", status="invalid_argument", **fields):
            failure = self.refused(status, reason, self.bring_events, list(events), **fields)
            self.assertIn(words, failure["message"])

        bad("is of an unknown kind", made, self.event(2, "session_exploded", {}))
        bad("can't stand there", made, self.event(2, "site_created", {"name": "root", "key": "k"}))
        bad("can't stand there", made, self.event(2, "session_created", {"title": "T"}))
        bad("can't stand there", self.event(1, "memory_deleted", {"key": "k"}))
        bad("does not follow", made, self.event(3, "memory_deleted", {"key": "k"}))
        bad("belongs to another session", made, self.event(2, "memory_deleted", {"key": "k"}, session="another"))
        bad("fields that this version does not know", made, self.event(2, "memory_deleted", {"key": "k", "new": 1}))
        bad("is of an unknown kind, or broken", made, self.event(2, "memory_deleted", {}))
        bad("ends at 1, not at 7", made, origin_n=7)
        bad("does not come to the snapshot", made, snapshot="0" * 64, version=self.admin.call("site.about")["version"])
        bad("a state that no session can have", made, *[
            self.event(n, "memory_set", {"key": f"k{n}", "value": 1}) for n in range(2, 515)])
        bad("a state that no session can have", made, *[
            self.event(n, "memory_set", {"key": f"k{n}", "value": "x" * 8000}) for n in range(2, 12)])
        bad("a state that no session can have", made, *[
            self.event(n, "decision_recorded", {"key": f"k{n}", "value": "x" * 1024, "why": "y" * 1024})
            for n in range(2, 270)])
        bad("a state that no session can have", made, self.event(2, "lease_moved", {"epoch": (1 << 64) - 1}))
        state = {"session": "x", "n": 2, "title": "T", "state": "suspended", "cause": "created"}
        for field, value in (("migrating", True), ("lock", {"fence": (1 << 64) - 1}),
                             ("triggers", [{"name": "t", "kind": "message"}]),
                             ("triggers", [{"name": "t", "kind": "file", "file": "/etc/passwd"}])):
            bad("a state that no session can have", made,
                self.event(2, "session_continued", {"state": {**state, field: value}}))
        bad("refers to the content", made, self.event(2, "artifact_put", {"name": "a", "digest": "0" * 64}),
            reason="no_such_artifact", status="failed_precondition")
        bad("must be an absolute path", made, reason="bad_value", workspace="/srv/../etc")
        self.refused("not_found", "no_such_artifact", self.admin.call, "session.import",
                     {"origin_session": "x", "origin_n": 1, "pages": b"\1" * 32})
        self.refused("invalid_argument", "bad_value", self.admin.call, "session.import",
                     {"origin_session": "x", "origin_n": 1, "pages": b"\1" * 33})
        self.refused("invalid_argument", "bad_archive", self.admin.call, "blob.put", {"digest": "0" * 64, "content": b"x"})
        self.assertEqual(self.admin.call("session.list").get("sessions", []), [])
        self.assertEqual([event["kind"] for event in whole_log(self.admin)], ["site_created"])
        # An id that could be the way out of a folder is none.
        answer = self.admin.call("session.import", {"origin_session": "a/../../b", "origin_n": 1, "pages": self.put(
            [dict(made, session="a/../../b")])})
        self.assertTrue(answer["renamed"])
        self.assertRegex(answer["session"], "^[0-9a-z]{20}$")

    def test_a_refused_import_that_is_sent_again_frees_nothing_of_the_next(self):
        made = self.event(1, "session_created", {"title": "T"})
        first = {"origin_session": made["session"], "origin_n": 7, "pages": self.put([made])}
        self.refused("invalid_argument", "bad_archive", self.admin.call, "session.import", first)
        pages = self.put([dict(made, at=6)])
        self.refused("not_found", "no_such_artifact", self.admin.call, "session.import", first)
        self.admin.call("session.import", {"origin_session": made["session"], "origin_n": 1, "pages": pages})

    def test_files_that_are_not_what_they_were(self):
        whole = self.path("s.baton")
        self.export(self.make())
        with open(whole, "rb") as file:
            data = file.read()
        before = whole_log(self.far)
        for number in range(12):
            cut = len(data) * number // 12
            flipped = bytearray(data)
            flipped[cut] ^= 1 << number % 8
            for content in (data[:cut], flipped, data + b"\n"):
                with open(self.path("bad"), "wb") as file:
                    file.write(content)
                self.assertIn("ask for the archive again",
                              self.baton("session", "import", self.path("bad"), site=self.other, code=2))
        self.assertEqual(whole_log(self.far), before)


class Push(Archives):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("home/baton"))
        os.symlink(self.other.context, self.path("home/baton/berlin.ctx"))

    def there(self):
        return self.far.call("session.list").get("sessions", [])

    def test_a_copy(self):
        session = self.make()
        answer = json.loads(self.baton("session", "push", session, "--to", "berlin", "-o", "json"))
        self.assertEqual((answer["as"], answer.get("moved", False)), (session, False))
        # The same once more is the same copy; when it has changed, it is another one.
        again = json.loads(self.baton("session", "push", session, "--to", "berlin", "-o", "json"))
        self.assertEqual(again, answer)
        self.admin.call("memory.set", {"session": session, "key": "k", "value": 1})
        other = json.loads(self.baton("session", "push", session, "--to", "berlin", "--as", "Newer", "-o", "json"))
        self.assertTrue(other["renamed"])
        self.assertEqual(len(self.there()), 2)
        self.assertEqual(self.admin.call("session.show", {"session": session})["state"], "suspended")

    def test_a_push_keeps_nothing_and_says_where_it_has_no_room(self):
        session, folder = self.make(), self.path("drafts")
        os.mkdir(folder)
        options = ("session", "push", session, "--to", "berlin")
        self.assertIn("can't make a temporary file in /nowhere", self.baton(*options, code=4, TMPDIR="/nowhere"))
        limited = f"ulimit -f 64; trap '' XFSZ; exec {BATON} {' '.join(options)}"
        done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, "BATON_CONTEXT": self.broker.context, "TMPDIR": folder,
                                   "XDG_CONFIG_HOME": self.path("home")})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("TMPDIR=FOLDER", done.stderr)
        self.assertEqual((os.listdir(folder), self.there()), ([], []))
        self.baton(*options, TMPDIR=folder)
        self.baton(*options, TMPDIR="", XDG_STATE_HOME=self.path("state"))
        self.assertEqual((os.listdir(folder), os.listdir(self.path("state/baton"))), ([], []))

    @unittest.skipUnless(shutil.which("strace"), "no strace to look on with")
    def test_an_export_is_on_disk_before_it_is_told(self):
        session, trace = self.make(), self.path("trace")
        folder = self.path("exports")
        os.mkdir(folder)
        subprocess.run(["strace", "-f", "-y", "-e", "trace=fsync,linkat", "-o", trace, BATON, "session", "export",
                        session, "-o", os.path.join(folder, "s.baton")], check=True, capture_output=True, timeout=PATIENCE,
                       env={**os.environ, "BATON_CONTEXT": self.broker.context, "XDG_CONFIG_HOME": self.path("home"),
                            # Leaks can't be looked for in a process that is traced.
                            "ASAN_OPTIONS": "detect_leaks=0"})
        with open(trace, encoding="utf-8") as file:
            lines = [line for line in file if "fsync(" in line or "linkat(" in line]
        self.assertEqual(["fsync" in line for line in lines][-3:], [True, False, True], lines)
        self.assertIn(f"<{folder}>", lines[-1])

    def test_a_move_is_not_the_copy_before(self):
        session = self.make()
        self.baton("session", "push", session, "--to", "berlin")
        self.far.call("session.cancel", {"session": session})
        moved = json.loads(self.baton("session", "push", session, "--to", "berlin", "--move", "-o", "json"))
        self.assertNotEqual(moved["as"], session)
        self.assertEqual(self.far.call("session.show", {"session": moved["as"]})["state"], "suspended")
        self.assertEqual(self.admin.call("session.show", {"session": session})["cause"], "moved")

    def test_a_move_is_never_two_and_never_none(self):
        session = self.make()
        words = (BATON, "session", "push", session, "--to", "berlin", "--move")
        environment = {**os.environ, "BATON_CONTEXT": self.broker.context, "XDG_CONFIG_HOME": self.path("home")}
        began = time.monotonic()
        subprocess.run([*words[:-1], "--as", "rehearsal"], env=environment, check=True, capture_output=True)
        takes = time.monotonic() - began
        for number in range(24):
            process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(takes * 1.2 * number / 24)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if number % 8 == 7:
                (self.broker if number % 16 == 7 else self.other).kill()
                (self.broker if number % 16 == 7 else self.other).start()
            here = self.admin.call("session.show", {"session": session}, timeout=PATIENCE)
            copies = [row for row in self.far.call("session.list", {}, timeout=PATIENCE)["sessions"]
                      if row["title"] != "rehearsal"]
            self.assertLessEqual(len(copies), 1)
            self.assertTrue(here["state"] == "suspended" or (here["cause"] == "moved" and len(copies) == 1))
        self.baton("session", "push", session, "--to", "berlin", "--move")
        here = self.admin.call("session.show", {"session": session})
        self.assertEqual((here["state"], here["cause"]), ("terminated", "moved"))
        copies = [row for row in self.there() if row["title"] != "rehearsal"]
        self.assertEqual([row["state"] for row in copies], ["suspended"])
        self.baton("session", "push", session, "--to", "berlin", "--move")
        self.assertIn("has moved already, to the site", self.noted)
        self.assertIn(copies[0]["session"], self.noted)

    def test_what_can_not_move(self):
        session = self.make()
        os.symlink(self.broker.context, self.path("home/baton/here.ctx"))
        options = ("session", "push", session, "--move", "--to")
        self.assertIn("is the site that the session is at", self.baton(*options, "here", code=2))
        self.assertIn("baton context list", self.baton(*options, "nowhere", code=3))
        self.admin.call("session.activate", {"session": session})
        self.assertIn("is running: only one that stands still", self.baton(*options, "berlin", code=5))
        self.admin.call("session.cancel", {"session": session})
        self.assertIn("it can be copied, not moved", self.baton(*options, "berlin", code=5))
        self.assertEqual(self.there(), [])


if __name__ == "__main__":
    unittest.main()
