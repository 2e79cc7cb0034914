#!/usr/bin/python3
"""What a client can rely on: keys, positions, parked reads, pages."""
import os
import threading
import unittest

from harness import PATIENCE, SystemTest, pack, sanitized, unpack, whole_log

ITEM = 1 << 20


class Keys(SystemTest):
    def test_the_first_answer_comes_again(self):
        first = self.admin.call("session.create", {"title": "one"}, key="k")
        for _ in range(2):
            self.assertEqual(self.admin.call("session.create", {"title": "one"}, key="k"), first)
            self.broker.restart()
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.admin.call("session.create", {"title": "one"}, key="k"), first)
        self.assertEqual([row["session"] for row in self.admin.call("session.list")["sessions"]], [first["session"]])

    def test_another_payload_or_method_is_refused(self):
        session = self.admin.call("session.create", {"title": "one"}, key="k")["session"]
        for _ in range(2):
            self.refused("aborted", "key_reused", self.admin.call, "session.create", {"title": "two"}, key="k")
            self.refused("aborted", "key_reused", self.admin.call, "session.cancel", {"session": session}, key="k")
            self.broker.restart()

    def test_keys_belong_to_their_identity(self):
        eve = self.enrolled("eve", "operator")
        first = self.admin.call("session.create", {"title": "one"}, key="k")
        self.assertNotEqual(eve.call("session.create", {"title": "one"}, key="k")["session"], first["session"])

    def test_a_refusal_is_not_kept(self):
        session = self.admin.call("session.create", {"title": "one"})["session"]
        body = {"session": session, "key": "a"}
        self.refused("not_found", "no_such_key", self.admin.call, "memory.delete", body, key="k")
        self.admin.call("memory.set", {**body, "value": 1})
        self.admin.call("memory.delete", body, key="k")

    def test_sent_many_times_at_once(self):
        """The same request in one batch, and from two connections of one identity."""
        second, frames = self.client(), [b"BTN1Q", None, pack({"title": "one"})]
        for number in range(50):
            for client in (self.admin, second):
                frames[1] = pack({"id": 1000 + number, "method": "session.create", "key": "k"})
                client.socket.send_multipart(frames)
        answers = set()
        for _ in range(50):
            for client in (self.admin, second):
                self.assertTrue(client.socket.poll(PATIENCE * 1000))
                answers.add(client.socket.recv_multipart()[2])
        self.assertEqual(len(answers), 1)
        self.assertEqual(len(self.admin.call("session.list")["sessions"]), 1)


class Site(SystemTest):
    def test_the_site_s_journal_is_followed_like_any(self):
        def log(after, **header):
            return self.admin.call("session.log", {"session": "site", "after": after, "limit": 1000}, **header)
        page = log(0)
        self.assertEqual((page["head"], page["last"]), (1, 1))
        frames = [b"BTN1Q", pack({"id": 900, "method": "session.log", "past": 1, "timeout": 30000}),
                  pack({"session": "site", "after": 1})]
        watcher = self.client()
        watcher.socket.send_multipart(frames)
        watcher.call("site.about")
        self.invite("eve", "operator")
        self.assertTrue(watcher.socket.poll(PATIENCE * 500), "the parked reader was not woken")
        self.assertEqual([event["kind"] for event in unpack(watcher.socket.recv_multipart()[2])["events"]],
                         ["identity_invited"])
        self.assertEqual(log(0)["head"], 2)


class Artifacts(SystemTest):
    def test_what_is_there_already_costs_nothing(self):
        session, content = self.admin.call("session.create", {"title": "one"})["session"], os.urandom(1 << 20)
        body = {"session": session, "name": "a", "content": content}
        first = self.admin.call("artifact.put", body, key=None)
        before = self.broker.memory()
        for _ in range(100):
            self.assertEqual(self.admin.call("artifact.put", body, key=None), first)
        if not sanitized():
            self.assertLess(self.broker.memory() - before, 30 << 20)


class Positions(SystemTest):
    def setUp(self):
        super().setUp()
        created = self.admin.call("session.create", {"title": "counted"})
        self.session, self.n = created["session"], created["n"]

    def set_memory(self, value, **header):
        return self.admin.call("memory.set", {"session": self.session, "key": "k", "value": value}, **header)["n"]

    def test_if_n(self):
        self.assertEqual(self.set_memory(1, if_n=self.n), self.n + 1)
        failure = self.refused("aborted", "version_mismatch", self.set_memory, 2, if_n=self.n)
        self.assertEqual((failure["field"], failure["retry"]), ("if_n", True))
        self.refused("aborted", "version_mismatch", self.set_memory, 2, if_n=self.n + 2)
        self.assertEqual(self.admin.call("memory.get", {"session": self.session, "key": "k"})["value"], 1)

    def test_one_of_many_wins(self):
        clients, outcomes = [self.client() for _ in range(8)], []

        def race(client):
            try:
                client.call("memory.set", {"session": self.session, "key": "k", "value": 1}, if_n=self.n,
                            timeout=PATIENCE)
                outcomes.append("won")
            except Exception as failure:
                outcomes.append(failure.failure["reason"])

        threads = [threading.Thread(target=race, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(outcomes), ["version_mismatch"] * 7 + ["won"])

    def test_the_past_can_be_read(self):
        for value in range(5):
            self.set_memory(value)
        for value in range(5):
            then = self.admin.call("session.show", {"session": self.session, "at": self.n + 1 + value})
            self.assertEqual([row["value"] for row in then["memory"]], [value])
            self.assertEqual(then["n"], self.n + 1 + value)
        self.assertEqual(self.admin.call("session.show", {"session": self.session, "at": self.n}).get("memory"), None)


class Parked(SystemTest):
    def setUp(self):
        super().setUp()
        created = self.admin.call("session.create", {"title": "watched"})
        self.session, self.n = created["session"], created["n"]
        self.watcher = self.client()

    def park(self, timeout=30000, past=None, session=None, number=100):
        self.watcher.socket.send_multipart([
            b"BTN1Q", pack({"id": number, "method": "session.show", "past": self.n if past is None else past,
                            "timeout": timeout}), pack({"session": session or self.session})])

    def answer(self):
        self.assertTrue(self.watcher.socket.poll(PATIENCE * 1000), "no answer")
        frames = self.watcher.socket.recv_multipart()
        return unpack(frames[1]), unpack(frames[2])

    def change(self, value=1):
        return self.admin.call("memory.set", {"session": self.session, "key": "k", "value": value})

    def test_wakes_with_the_change(self):
        self.park()
        self.watcher.call("site.about")  # answered after the read before it was parked
        self.change()
        head, body = self.answer()
        self.assertEqual((head["id"], body["n"]), (100, self.n + 1))

    def test_is_answered_at_once_when_it_has_moved_on(self):
        self.change()
        self.park()
        self.assertEqual(self.answer()[1]["n"], self.n + 1)

    def test_another_session_does_not_wake_it(self):
        self.park()
        other = self.admin.call("session.create", {"title": "other"})["session"]
        self.admin.call("memory.set", {"session": other, "key": "k", "value": 1})
        self.watcher.call("site.about")
        self.assertFalse(self.watcher.socket.poll(0))
        self.change()
        self.assertEqual(self.answer()[1]["n"], self.n + 1)

    def test_waits_for_the_position_it_names(self):
        self.park(past=self.n + 2)
        for value in range(3):
            self.watcher.call("site.about")
            self.assertFalse(self.watcher.socket.poll(0))
            self.change(value)
        self.assertEqual(self.answer()[1]["n"], self.n + 3)

    def test_ends_with_what_there_is(self):
        self.park(timeout=50)
        self.assertEqual(self.answer()[1]["n"], self.n)

    def test_is_not_parked_without_a_timeout(self):
        self.park(timeout=0)
        self.assertEqual(self.answer()[1]["n"], self.n)

    def test_of_no_session_is_refused_at_once(self):
        self.park(session="0" * 20)
        self.assertEqual(self.answer()[1]["reason"], "no_such_session")

    def test_more_than_the_limit(self):
        limit, refused = 8192, 0
        for number in range(limit + 10):
            self.park(number=number + 1, timeout=120000)
        for _ in range(10):
            head, body = self.answer()
            self.assertEqual((head["status"], body["reason"]), ("resource_exhausted", "busy"))
            refused += 1
        self.change()
        answered = {self.answer()[0]["id"] for _ in range(limit)}
        self.assertEqual((len(answered), refused), (limit, 10))


class Reads(SystemTest):
    def setUp(self):
        super().setUp()
        self.session = self.admin.call("session.create", {"title": "read"})["session"]

    def test_a_read_sees_every_change_that_was_answered_before_it(self):
        other = self.client()
        for number in range(300):
            changed = self.admin.call("item.append", {"session": self.session, "role": "user", "text": str(number)})
            read = other.call("session.log", {"session": self.session, "after": changed["n"] - 1})
            self.assertEqual([event["n"] for event in read["events"]], [changed["n"]])
            self.assertEqual(read["head"], changed["n"])
            page = other.call("item.list", {"session": self.session, "after": changed["n"] - 1})
            self.assertEqual(page["items"][0]["parts"][0]["text"], str(number))
            log = other.call("events.read", {"after": changed["n"]})  # the site's own first event comes before
            self.assertEqual([event["n"] for event in log["events"]], [changed["n"]])

    def test_a_flood_of_long_reads_holds_up_no_change(self):
        for number in range(300):
            self.admin.call("item.append", {"session": self.session, "role": "user", "text": "x" * 1000})
        reader, count, outcomes = self.client(), 3000, {}
        for number in range(count):
            reader.socket.send_multipart([b"BTN1Q", pack({"id": number + 1, "method": "session.log"}),
                                          pack({"session": self.session, "limit": 300})])
        for number in range(20):
            self.admin.call("memory.set", {"session": self.session, "key": "k", "value": number}, timeout=PATIENCE)
        for _ in range(count):
            self.assertTrue(reader.socket.poll(PATIENCE * 1000), outcomes)
            body = unpack(reader.socket.recv_multipart()[2])
            outcome = body.get("reason", "read" if len(body.get("events", [])) == 300 else "short")
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        self.assertLessEqual(set(outcomes), {"read", "busy"}, outcomes)
        self.assertGreater(outcomes["read"], 0)


class Pages(SystemTest):
    def test_sessions(self):
        made = [self.admin.call("session.create", {"title": f"s{number}"})["session"] for number in range(25)]
        seen, cursor = [], None
        while True:
            page = self.admin.call("session.list", {"limit": 10, "after": cursor})
            seen += [row["session"] for row in page.get("sessions", [])]
            cursor = page.get("cursor")
            if not cursor:
                break
        self.assertEqual(seen, made[::-1])

    def test_bulky_items_come_in_pages_that_fit(self):
        session = self.admin.call("session.create", {"title": "bulky"})["session"]
        for number in range(12):
            self.admin.call("item.append", {"session": session, "role": "user", "text": str(number) + "x" * (ITEM - 10)},
                            timeout=PATIENCE)
        seen, last, pages = [], 0, 0
        while True:
            page = self.admin.call("item.list", {"session": session, "after": last, "limit": 1000}, timeout=PATIENCE)
            seen += [item["parts"][0]["text"][:2].rstrip("x") for item in page.get("items", [])]
            last, pages = page["last"], pages + 1
            if not page.get("more"):
                break
        self.assertEqual(seen, [str(number) for number in range(12)])
        self.assertGreater(pages, 1)
        self.assertEqual(len(whole_log(self.admin)), 15)  # one tells that the window is full

    def test_bulky_messages_come_in_pages_that_fit(self):
        session = self.admin.call("session.create", {"title": "bulky"})["session"]
        for number in range(200):
            self.admin.call("message.send", {"to": session, "id": str(number), "body": "x" * 65000}, timeout=PATIENCE)
        seen = []
        while True:
            page = self.admin.call("message.list", {"session": session, "limit": 1000}, timeout=PATIENCE)
            letters = [message["letter"]["id"] for message in page.get("messages", [])]
            if not letters:
                break
            seen += letters
            for letter in letters:
                self.admin.call("message.read", {"session": session, "id": letter})
        self.assertEqual(seen, [str(number) for number in range(200)])


if __name__ == "__main__":
    unittest.main()
