#!/usr/bin/python3
"""Who may do what: invitations, roles, revocation."""
import os
import unittest

from harness import PATIENCE, Client, Refused, SystemTest, key_pair, pack, unpack, wait_until
from methods import LEVELS, METHODS

# What each role may do with a session that is visible to the site.
LEVEL = {"guest": "none", "observer": "view", "operator": "own", "admin": "own"}


class Roles(SystemTest):
    def outcome(self, client, method, session):
        body = method.body(**{**dict.fromkeys(method.needs, session), "session": session})
        try:
            client.call(method.name, body, timeout=PATIENCE)
        except Refused as refused:
            reason = refused.failure.get("reason", "none")
            if reason == "no_such_session" and not method.needs:
                return "allowed"  # session.resolve: there is no session called none
            return {"not_allowed": "denied", "no_access": "denied", "no_such_session": "hidden",
                    "unknown_key": "unknown", "unknown_method": "none"}.get(reason, "allowed")
        return "allowed"

    def due(self, role, method):
        if method.access == "internal":
            return "none"
        if role == "node" and method.name in ("events.subscribe", "events.unsubscribe", "identity.rekey"):
            return "allowed"  # it is sent only what concerns it; its key is its own
        if role not in method.roles():
            return "unknown" if role == "nobody" else "denied"
        level = LEVELS.index(LEVEL.get(role, "own"))
        if method.level() > 0 and level == 0:
            return "hidden"
        return "allowed" if level >= method.level() else "denied"

    def test_each_role_with_each_method(self):
        clients = {role: self.enrolled(role, role) for role in ("guest", "observer", "operator", "node")}
        clients["admin"], clients["nobody"] = self.admin, self.client(key_pair())
        self.assertGreater(len(METHODS), 60)
        for role, client in clients.items():
            for method in METHODS:
                # Each with a session of its own: some of the methods end it.
                session = self.admin.call("session.create", {"title": "subject"})["session"]
                with self.subTest(role=role, method=method.name):
                    self.assertEqual(self.outcome(client, method, session), self.due(role, method))

    def test_only_a_node_speaks_for_a_run(self):
        session = self.admin.call("session.create", {"title": "subject"})["session"]
        for header in ({"session": session}, {"run": 1}, {"session": session, "run": 1, "epoch": 1}):
            with self.subTest(header):
                self.refused("permission_denied", "not_allowed", self.admin.call, "memory.set",
                             {"session": session, "key": "k", "value": 1}, **header)
        node = self.enrolled("far", "node")
        self.refused("aborted", "stale_epoch", node.call, "memory.set", {"session": session, "key": "k", "value": 1},
                     session=session, run=1, epoch=1)
        self.refused("permission_denied", "not_your_session", node.call, "session.show", {"session": session},
                     session="another", run=1, epoch=1)
        self.refused("permission_denied", "not_allowed", node.call, "session.cancel", {"session": session},
                     session=session, run=1, epoch=1)
        self.refused("aborted", "stale_epoch", node.call, "session.show", {"session": session}, session=session, run=1,
                     epoch=1)

    def test_who_did_it_stands_in_the_event(self):
        eve = self.enrolled("eve", "operator")
        session = eve.call("session.create", {"title": "hers"})["session"]
        events = self.admin.call("session.log", {"session": session})["events"]
        self.assertEqual({event["actor"] for event in events}, {"eve"})


class Invitations(SystemTest):
    def test_works_once(self):
        secret, first, second = self.invite("eve", "operator"), self.client(key_pair()), self.client(key_pair())
        self.assertEqual(first.call("identity.enroll", {"secret": secret}), {"name": "eve", "role": "operator"})
        self.refused("permission_denied", "bad_token", second.call, "identity.enroll", {"secret": secret})
        # Asked again by the same key, because the answer was lost: it has what it asked for.
        self.assertEqual(first.call("identity.enroll", {"secret": secret}), {"name": "eve", "role": "operator"})
        self.broker.restart()
        self.refused("permission_denied", "bad_token", second.call, "identity.enroll", {"secret": secret})

    def test_same_key_and_payload_enrols_once(self):
        secret, eve = self.invite("eve", "operator"), self.client(key_pair())
        for _ in range(3):
            self.assertEqual(eve.call("identity.enroll", {"secret": secret}, key="k")["name"], "eve")
        self.refused("aborted", "key_reused", eve.call, "identity.enroll", {"secret": "another"}, key="k")

    def test_wrong_secret(self):
        secret = self.invite("eve", "operator")
        stranger = self.client(key_pair())
        for wrong in (secret[:-1], secret + "0", "none", secret.upper()):
            with self.subTest(wrong):
                self.refused("permission_denied", "bad_token", stranger.call, "identity.enroll", {"secret": wrong})

    def test_expires(self):
        secret, stranger = self.invite("eve", "operator", ttl=1), self.client(key_pair())
        start = self.admin.call("site.about")["now"]
        wait_until(lambda: self.admin.call("site.about")["now"] > start + 1, "a millisecond")
        self.refused("permission_denied", "bad_token", stranger.call, "identity.enroll", {"secret": secret})

    def test_the_secret_is_not_in_the_log(self):
        secret = self.invite("eve", "operator")
        for event in self.admin.call("events.read")["events"]:
            self.assertNotIn(secret, str(event))
        self.broker.stop()
        for folder, _, names in os.walk(self.broker.state):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(secret.encode(), file.read(), name)

    def test_join_on_the_command_line(self):
        token = self.baton("invite", "eve", "--role", "observer", "-o", "name").strip()
        self.assertTrue(token.startswith("baton1."), token)
        there = {"XDG_CONFIG_HOME": self.directory, "BATON_CONTEXT": "elsewhere"}
        self.baton("join", token, "--name", "elsewhere", **there)
        context = os.path.join(self.directory, "baton", "elsewhere.ctx")
        self.assertEqual(os.stat(context).st_mode & 0o777, 0o600)
        self.baton("session", "list", **there)
        self.baton("session", "create", "no", code=4, **there)
        self.baton("identity", "revoke", "eve")
        self.baton("session", "list", code=4, **there)

    def test_a_node_that_joins_takes_no_place_of_a_person(self):
        here = {"XDG_CONFIG_HOME": self.directory, "XDG_RUNTIME_DIR": self.directory}
        for name, role in (("east", "node"), ("eve", "operator"), ("bob", "operator")):
            self.baton("join", self.baton("invite", name, "--role", role, "-o", "name").strip(), **here)
            default = os.path.join(self.directory, "baton", "default.ctx")
            self.assertEqual(os.readlink(default) if os.path.lexists(default) else None, None if name == "east" else "eve.ctx")


class Revocation(SystemTest):
    def test_the_next_request_is_refused(self):
        for role in ("observer", "operator", "node"):
            with self.subTest(role):
                client = self.enrolled("eve", role)
                client.call("site.about")
                self.admin.call("identity.revoke", {"name": "eve"})
                self.refused("unauthenticated", "revoked", client.call, "session.list")
                self.broker.restart()
                self.refused("unauthenticated", "revoked", client.call, "session.list")
                self.assertEqual(client.call("site.about").get("you"), None)

    def followed(self, client):
        """The numbers of the events that have come."""
        seqs = []
        while delivery := client.delivery(0):
            if delivery[1]:
                seqs.append(unpack(delivery[1])["seq"])
        return seqs

    def test_no_further_event(self):
        eve, ada = self.enrolled("eve", "observer"), self.enrolled("ada", "observer")
        for client in (eve, ada):
            client.call("events.subscribe", {"class": "lifecycle"})
        self.admin.call("session.create", {"title": "seen by both"})
        seen = unpack(wait_event(eve)[1])["seq"]
        self.admin.call("identity.revoke", {"name": "eve"})
        last = self.admin.call("session.create", {"title": "seen by one"})
        head = self.admin.call("site.about")["seq"]
        # Once ada has the last event, eve's would be on its way, too: her own connection then answers after it.
        while unpack(wait_event(ada)[1])["seq"] < head:
            pass
        self.refused("unauthenticated", "revoked", eve.call, "session.show", {"session": last["session"]})
        self.assertEqual([seq for seq in self.followed(eve) if seq > seen], [])

    def test_a_new_bearer_of_the_name_does_not_revive_the_old_ones_subscription(self):
        eve = self.enrolled("eve", "observer")
        eve.call("events.subscribe", {"class": "lifecycle"})
        self.admin.call("identity.revoke", {"name": "eve"})
        new = self.enrolled("eve", "observer")
        new.call("events.subscribe", {"class": "lifecycle"})
        self.admin.call("session.create", {"title": "for the new one"})
        wait_event(new)
        self.refused("unauthenticated", "revoked", eve.call, "session.list")
        self.assertEqual(self.followed(eve), [])

    def test_a_parked_read_of_a_revoked_key_ends_in_a_refusal(self):
        session = self.admin.call("session.create", {"title": "watched"})
        eve = self.enrolled("eve", "observer")
        parked = [b"BTN1Q", *request(eve, "session.show", {"session": session["session"]}, past=session["n"],
                                     timeout=30000)]
        eve.socket.send_multipart(parked)
        eve.call("site.about")  # so the read before it is parked
        self.admin.call("identity.revoke", {"name": "eve"})
        self.admin.call("memory.set", {"session": session["session"], "key": "k", "value": 1})
        frames = eve.socket.recv_multipart() if eve.socket.poll(PATIENCE * 1000) else None
        self.assertEqual(unpack(frames[2])["reason"], "revoked")

    def test_the_last_admin_stays(self):
        self.refused("failed_precondition", "last_admin", self.admin.call, "identity.revoke", {"name": "admin"})
        other = self.enrolled("second", "admin")
        other.call("identity.revoke", {"name": "admin"})
        self.refused("unauthenticated", "revoked", self.admin.call, "identity.list")

    def test_a_wrong_broker_key_reaches_nobody(self):
        client = Client(self.broker.listen, key_pair()[0], *key_pair())
        self.sockets.append(client)
        with self.assertRaises(TimeoutError):
            client.call("site.about", timeout=0.5)
        self.assertEqual(self.admin.call("site.about")["you"], "admin")


def request(client, method, body, **header):
    client.last_id += 1
    return [pack({"id": client.last_id, "method": method, **header}), pack(body)]


def wait_event(client):
    """The next delivery that is an event."""
    while True:
        delivery = client.delivery(PATIENCE)
        assert delivery, "no event came"
        if delivery[1]:
            return delivery


if __name__ == "__main__":
    unittest.main()
