#!/usr/bin/python3
"""Who may do what with a session, over the wire: each access by each method, lists, search, events, waiting, teams."""
import os
import unittest

from harness import PATIENCE, Refused, SystemTest, key_pair, pack, unpack, wait_until, whole_log
from methods import LEVELS, METHODS

# So that nothing but the access to the sessions named is asked for: a merged branch ends, and is its owner's to end.
BESIDES = {"session.merge": {"keep": True}}
OUTCOMES = {"not_allowed": "denied", "no_access": "denied", "no_such_session": "hidden"}


class SharingTest(SystemTest):
    def private(self, title="Private", client=None):
        """A session that nobody sees but its owner and the admins; gives its id."""
        return (client or self.admin).call("session.create", {"title": title, "visibility": "shared"})["session"]

    def share(self, session, who, access):
        return self.admin.call("session.share", {"session": session, "with": who, "access": access})["n"]

    def titles(self, client, limit=100, **options):
        """Those of every page of a list."""
        rows, after = [], None
        while True:
            page = client.call("session.list", {"limit": limit, "after": after, **options})
            self.assertLessEqual(len(page.get("sessions", [])), limit)
            rows += page.get("sessions", [])
            after = page.get("cursor")
            if not after:
                return [row["title"] for row in rows]
            self.assertEqual(len(page["sessions"]), limit, "a page with holes")

    def hidden(self, client, session):
        return self.refused("not_found", "no_such_session", client.call, "session.show", {"session": session})


class Matrix(SharingTest):
    def outcome(self, client, method, session):
        body = method.body(**{**dict.fromkeys(method.needs, session), "session": session})
        body |= BESIDES.get(method.name, {})
        try:
            client.call(method.name, body, timeout=PATIENCE)
        except Refused as refused:
            return OUTCOMES.get(refused.failure.get("reason"), "allowed")
        return "allowed"

    def test_each_access_by_each_method(self):
        about = [method for method in METHODS if method.level() > 0]
        self.assertGreater(len(about), 40)
        for level, access in enumerate(LEVELS):
            guest = self.enrolled(access, "guest")
            for method in about:
                session = self.private()
                if level > 0:
                    self.share(session, access, access)
                due = "hidden" if level == 0 else "allowed" if level >= method.level() else "denied"
                if "guest" not in method.roles():
                    due = "denied"
                with self.subTest(access=access, method=method.name):
                    self.assertEqual(self.outcome(guest, method, session), due)

    def test_a_hidden_session_is_as_one_that_is_not_there(self):
        guest, session = self.enrolled("eve", "guest"), self.private()
        nowhere = session[::-1]
        for method in METHODS:
            if method.level() == 0 or "guest" not in method.roles():
                continue
            failures = [self.refused("not_found", "no_such_session", guest.call, method.name,
                                     method.body(**{**dict.fromkeys(method.needs, id), "session": id}))
                        for id in (session, nowhere)]
            failures[0]["message"] = failures[0]["message"].replace(session, nowhere)
            self.assertEqual(*failures)


class Seeing(SharingTest):
    def test_lists_and_search(self):
        eve, ada, bob = self.enrolled("eve", "guest"), self.enrolled("ada", "operator"), self.enrolled("bob", "observer")
        for number in range(12):
            session = self.private(f"hidden {number}") if number % 2 else self.admin.call(
                "session.create", {"title": f"open {number}"})["session"]
            if number in (1, 4, 5, 9):
                self.share(session, "eve", "view")
        self.assertEqual(self.titles(eve, 2), ["hidden 9", "hidden 5", "open 4", "hidden 1"])
        self.assertEqual(self.titles(eve, 3, match="hidden"), ["hidden 9", "hidden 5", "hidden 1"])
        self.assertEqual(self.titles(ada, 2), [f"open {number}" for number in (10, 8, 6, 4, 2, 0)])
        self.assertEqual(self.titles(bob, 4), self.titles(ada))
        self.assertEqual(len(self.titles(self.admin, 5)), 12)
        self.refused("permission_denied", "not_allowed", eve.call, "session.create", {"title": "no"})
        self.refused("permission_denied", "not_allowed", eve.call, "node.list")
        self.assertNotIn("sessions", ada.call("site.about"))

    def test_resolving_tells_nothing(self):
        eve = self.enrolled("eve", "guest")
        twins = [self.private("Twin") for _ in range(70)]  # more than are told apart
        self.refused("not_found", "no_such_session", eve.call, "session.resolve", {"ref": "Twin"})
        self.refused("not_found", "no_such_session", eve.call, "session.resolve", {"ref": twins[0]})
        self.share(twins[-1], "eve", "view")
        self.assertEqual(eve.call("session.resolve", {"ref": "Twin"})["session"], twins[-1])
        self.assertEqual(eve.call("session.resolve", {"ref": twins[-1][0]})["session"], twins[-1])
        self.share(twins[0], "eve", "view")
        failure = self.refused("failed_precondition", "ambiguous", eve.call, "session.resolve", {"ref": "Twin"})
        for twin in twins[1:-1]:
            self.assertNotIn(twin, failure["message"])

    def test_breakpoints_and_the_log(self):
        eve, ada = self.enrolled("eve", "guest"), self.enrolled("ada", "operator")
        seen, unseen = self.private("seen"), self.private("unseen")
        for session in (seen, unseen):
            self.admin.call("breakpoint.ask", {"session": session, "key": "k", "title": "May I?"})
        self.share(seen, "eve", "view")
        asked = eve.call("breakpoint.list")["breakpoints"]
        self.assertEqual([row["session"] for row in asked], [seen])
        self.assertEqual(ada.call("breakpoint.list"), {})
        self.hidden(eve, unseen)
        everything = whole_log(self.admin)
        for client, sessions in ((eve, {seen}), (ada, {"site"})):
            page = client.call("events.read", {"limit": 1000})
            self.assertEqual([event["seq"] for event in page.get("events", [])],
                             [event["seq"] for event in everything if event["session"] in sessions])
            self.assertEqual(page["last"], everything[-1]["seq"])
        for method in ("events.read", "events.subscribe"):
            self.refused("not_found", "no_such_session", eve.call, method, {"session": unseen})
            self.refused("not_found", "no_such_session", eve.call, method, {"session": "site"})
        page = eve.call("events.read", {"session": seen, "most": 1})
        self.assertEqual(unpack(page["state"])["title"], "seen")

    def test_a_drain_moves_what_it_does_not_name(self):
        ada = self.enrolled("ada", "operator")
        self.enrolled("far", "node").call("node.register", {"slots": 1})
        self.assertEqual(ada.call("node.drain", {"node": "far", "dry_run": True}), {"node": "far"})


class Losing(SharingTest):
    """A right that goes while somebody uses it."""

    def setUp(self):
        super().setUp()
        self.eve, self.watcher = self.enrolled("eve", "guest"), self.client()
        self.session = self.private()
        self.admin.call("team.create", {"name": "crew"})

    def change(self, value):
        return self.admin.call("memory.set", {"session": self.session, "key": "k", "value": value})["n"]

    def followed(self, client):
        """The positions of the session whose events have come; a request of its own is answered after them."""
        client.call("site.about")
        seen = [unpack(event)["n"] for _, event in client.deliveries if event]
        client.deliveries.clear()
        return seen

    def ways(self):
        """How a right comes, and how it goes."""
        admin, session = self.admin, {"session": self.session}
        return {
            "share": (lambda: self.share(self.session, "eve", "edit"),
                      lambda: admin.call("session.unshare", {**session, "with": "eve"})),
            "membership": (lambda: (admin.call("team.add", {"name": "crew", "who": "eve"}),
                                    self.share(self.session, "team:crew", "view")),
                           lambda: admin.call("team.remove", {"name": "crew", "who": "eve"})),
            "team": (lambda: admin.call("team.add", {"name": "crew", "who": "eve"}),
                     lambda: (admin.call("team.delete", {"name": "crew"}), admin.call("team.create", {"name": "crew"}),
                              admin.call("team.add", {"name": "crew", "who": "eve"}))),
            "visibility": (lambda: (self.enrol_observer(), admin.call("session.update", {**session, "visibility": "site"})),
                           lambda: admin.call("session.update", {**session, "visibility": "shared"})),
        }

    def enrol_observer(self):
        self.eve = self.enrolled("observer", "observer")

    def park(self, client, past):
        client.last_id += 1
        client.socket.send_multipart([b"BTN1Q", pack({"id": client.last_id, "method": "session.show", "past": past,
                                                      "timeout": 30000}), pack({"session": self.session})])
        client.call("site.about")  # so the read before it is parked

    def test_events_and_parked_reads(self):
        for name, (gain, lose) in self.ways().items():
            with self.subTest(name):
                gain()
                self.eve.call("events.subscribe")
                first = self.change(1)
                wait_until(lambda: first in self.followed(self.eve), "the event")
                waiting = self.client((self.eve.keys[1], self.eve.keys[2]))
                self.park(waiting, first + 1)
                lose()
                for value in range(3):
                    self.change(value)
                self.assertEqual(self.followed(self.eve), [])
                self.assertTrue(waiting.socket.poll(PATIENCE * 1000))
                self.assertEqual(unpack(waiting.socket.recv_multipart()[2])["reason"], "no_such_session")
                self.hidden(self.eve, self.session)
                self.assertEqual(self.titles(self.eve), [])
                for event in self.eve.call("events.read", {"limit": 1000}).get("events", []):
                    self.assertEqual(event["session"], "site")

    def test_over_a_crash(self):
        """What was given and taken is so after kill -9, and an answer that is asked for again needs the right again."""
        self.share(self.session, "eve", "edit")
        body = {"session": self.session, "key": "mine", "value": 1}
        answer = self.eve.call("memory.set", body, key="once")
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.eve.call("memory.set", body, key="once", timeout=PATIENCE), answer)
        self.admin.call("session.unshare", {"session": self.session, "with": "eve"}, timeout=PATIENCE)
        self.broker.kill()
        self.broker.start()
        self.refused("not_found", "no_such_session", self.eve.call, "memory.set", body, key="once", timeout=PATIENCE)
        self.assertEqual(self.titles(self.eve), [])
        self.share(self.session, "eve", "view")
        self.broker.restart()
        self.assertEqual(self.titles(self.eve), ["Private"])
        failure = self.refused("permission_denied", "no_access", self.eve.call, "memory.set", body)
        self.assertIn("its owner admin can give it", failure["message"])

    def test_long_reads_under_way(self):
        """Many reads that go to the other thread, and a right that goes between them: none shows what came after."""
        self.share(self.session, "eve", "view")
        for value in range(50):
            self.change("x" * 4000 + str(value))
        ids = range(1000, 1400)
        for id in ids:
            method, body = ("session.log", {"session": self.session}) if id % 2 else ("events.read", {"limit": 1000})
            self.eve.socket.send_multipart([b"BTN1Q", pack({"id": id, "method": method}), pack(body)])
        self.admin.call("session.unshare", {"session": self.session, "with": "eve"}, timeout=PATIENCE)
        self.change("secret")
        answers = {}
        while len(answers) < len(ids):
            self.assertTrue(self.eve.socket.poll(PATIENCE * 1000))
            frames = self.eve.socket.recv_multipart()
            answers[unpack(frames[1])["id"]] = unpack(frames[2])
        for answer in answers.values():
            self.assertNotIn("secret", str(answer))
            self.assertNotIn("unshared", str(answer))


class People(SharingTest):
    def test_on_the_command_line(self):
        self.enrolled("alice", "guest")
        self.baton("session", "create", "Audit", "--visibility", "shared")
        self.baton("team", "create", "auditors")
        self.baton("team", "add", "auditors", "alice")
        self.assertIn("alice", self.baton("team", "list"))
        self.baton("session", "share", "Audit", "--with", "team:auditors", "--access", "decide")
        shown = self.baton("session", "shares", "Audit")
        for word in ("team:auditors", "decide", "shared", "admin"):
            self.assertIn(word, shown)
        self.baton("session", "share", "Audit", "--with", "nobody", "--access", "view", code=3)
        self.baton("session", "share", "Audit", "--with", "team:none", "--access", "view", code=3)
        self.baton("session", "share", "Audit", "--with", "alice", "--access", "everything", code=2)
        self.baton("session", "unshare", "Audit", "--with", "alice", code=3)
        self.baton("session", "transfer", "Audit", "--owner", "alice")
        self.assertIn("alice", self.baton("session", "shares", "Audit", "-o", "json"))

    def test_an_owner_that_is_a_guest(self):
        alice, session = self.enrolled("alice", "guest"), self.private()
        self.admin.call("session.transfer", {"session": session, "owner": "alice"})
        self.assertEqual(alice.call("session.shares", {"session": session})["yours"], "own")
        alice.call("session.share", {"session": session, "with": "admin", "access": "view"})
        alice.call("session.cancel", {"session": session})
        self.assertEqual(self.titles(alice), ["Private"])

    def test_a_fork_is_as_hidden_as_its_source(self):
        ada, bob = self.enrolled("ada", "operator"), self.enrolled("bob", "operator")
        source = self.admin.call("session.create", {"title": "source"})["session"]
        self.admin.call("session.update", {"session": source, "visibility": "shared"})
        self.share(source, "ada", "view")
        forks = [ada.call("session.fork", {"session": source, **at})["session"] for at in ({}, {"at": 1})]
        for fork in forks:
            self.hidden(bob, fork)
            shares = ada.call("session.shares", {"session": fork})
            self.assertEqual((shares["owner"], shares["visibility"], shares["yours"]), ("ada", "shared", "own"))
            self.assertNotIn("shares", shares)
        for workspace in ("shared", "worktree"):
            self.refused("permission_denied", "no_access", ada.call, "session.fork",
                         {"session": source, "workspace": workspace})
        self.hidden(bob, source)
        self.refused("not_found", "no_such_session", bob.call, "session.fork", {"session": source, "at": 1})

    def test_a_policy_that_names_a_team(self):
        people = {name: self.enrolled(name, "guest") for name in ("alice", "bella", "carla")}
        self.admin.call("team.create", {"name": "crew"})
        for name in ("alice", "bella"):
            self.admin.call("team.add", {"name": "crew", "who": name})
        session = self.private()
        for name in people:
            self.share(session, name, "decide")
        ask = {"session": session, "title": "May I?", "policy": {"kind": "quorum", "k": 2, "people": ["team:crew"]}}
        number = self.admin.call("breakpoint.ask", {**ask, "key": "a"})["breakpoint"]
        self.admin.call("team.add", {"name": "crew", "who": "carla"})
        vote = {"session": session, "breakpoint": number, "option": "approve"}
        self.refused("permission_denied", "excluded", people["carla"].call, "breakpoint.vote", vote)
        people["alice"].call("breakpoint.vote", vote)
        self.admin.call("team.remove", {"name": "crew", "who": "bella"})
        self.assertEqual(people["bella"].call("breakpoint.vote", vote)["outcome"], "approve")
        shown = self.admin.call("breakpoint.show", {"session": session, "breakpoint": number})
        self.assertEqual(shown["breakpoint"]["policy"]["people"], ["alice", "bella"])
        self.refused("not_found", "no_such_team", self.admin.call, "breakpoint.ask",
                     {**ask, "key": "b", "policy": {"kind": "named", "people": ["team:none"]}})
        self.admin.call("team.delete", {"name": "crew"})
        # Asked again, it is the same question to the same people.
        self.assertEqual(self.admin.call("breakpoint.ask", {**ask, "key": "a"})["breakpoint"], number)
        self.share(session, "alice", "comment")
        ask["policy"]["people"] = ["alice", "bella"]
        again = self.admin.call("breakpoint.ask", {**ask, "key": "c"})["breakpoint"]
        self.refused("permission_denied", "no_access", people["alice"].call, "breakpoint.vote",
                     {**vote, "breakpoint": again})


if __name__ == "__main__":
    unittest.main()
