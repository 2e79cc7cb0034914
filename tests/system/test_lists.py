#!/usr/bin/python3
"""The lists that an operators' table is made of: sessions with what they have used, and open breakpoints."""
import threading
import time
import unittest

from harness import PATIENCE, SystemTest, wait_until

MANY = 1100  # more than one page of the store


class Lists(SystemTest):
    def create(self, title, **fields):
        return self.admin.call("session.create", {"title": title, **fields})["session"]

    def ask(self, session, key="k", **fields):
        """The next one is asked in a later millisecond."""
        self.admin.call("breakpoint.ask", {"session": session, "key": key, "title": "May I?", **fields})
        now = time.time() + 0.001
        wait_until(lambda: time.time() > now, "a millisecond")

    def asked(self, client=None, **fields):
        """All that is listed, page by page."""
        found, cursor = [], None
        while True:
            page = (client or self.admin).call("breakpoint.list", {"after": cursor, **fields}, timeout=PATIENCE)
            found += [(view["session"], view["breakpoint"]["number"]) for view in page.get("breakpoints", [])]
            cursor = page.get("cursor")
            if not cursor:
                return found

    def rows(self, **fields):
        return self.admin.call("session.list", fields).get("sessions", [])

    def test_all_open_breakpoints_are_listed(self):
        def fill(client, share):
            for number in share:
                session = client.call("session.create", {"title": f"s{number}"})["session"]
                client.call("breakpoint.ask", {"session": session, "key": "k", "title": "May I?"})

        first = self.create("first")
        self.ask(first)
        threads = [threading.Thread(target=fill, args=(self.enrolled(f"filler{at}", "operator"), range(at, MANY, 8)))
                   for at in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        last = self.create("last")
        self.ask(last)
        found = self.asked(limit=300)
        self.assertEqual((found[0], found[-1]), ((first, 1), (last, 1)))  # the oldest first
        self.assertEqual(len(found), MANY + 2)
        self.assertEqual(len(set(found)), MANY + 2)
        self.assertEqual(len(self.admin.call("breakpoint.list", {"limit": 1000}, timeout=PATIENCE)["breakpoints"]), 1000)

    def test_the_order_and_the_cursor(self):
        late, soon, never, private = (self.create(title) for title in ("late", "soon", "never", "private"))
        ada, eve = self.enrolled("ada", "operator"), self.enrolled("eve", "guest")
        self.ask(never)
        self.ask(late, deadline=3000000)
        self.ask(soon, deadline=1000000)
        self.ask(late, key="second", deadline=2000000)
        self.admin.call("session.update", {"session": private, "visibility": "shared"})
        self.admin.call("session.share", {"session": soon, "with": "eve", "access": "comment"})
        self.ask(private, deadline=500000)
        everything = [(never, 1), (late, 1), (soon, 1), (late, 2), (private, 1)]
        urgent = [(private, 1), (soon, 1), (late, 2), (late, 1), (never, 1)]
        for limit in (1, 2, 100):
            self.assertEqual(self.asked(limit=limit), everything)
            self.assertEqual(self.asked(limit=limit, order="urgent"), urgent)
            self.assertEqual(self.asked(ada, limit=limit, order="urgent"), urgent[1:])
            self.assertEqual(self.asked(eve, limit=limit, order="urgent"), [(soon, 1)])
        # What was decided behind the cursor does not shift what comes.
        page = self.admin.call("breakpoint.list", {"limit": 2})
        self.admin.call("breakpoint.cancel", {"session": late, "breakpoint": 1})
        self.assertEqual(self.asked(after=page["cursor"]), everything[2:])
        self.assertEqual(self.asked(session=late, limit=1), [(late, 1), (late, 2)])  # decided ones, too
        self.broker.kill()
        self.broker.start()
        self.assertEqual(self.asked(), [(never, 1), *everything[2:]])
        for cursor in ("x", "1/2/3", page["cursor"] + "1x"):
            failure = self.refused("invalid_argument", "bad_value", self.admin.call, "breakpoint.list",
                                   {"after": cursor})
            self.assertEqual(failure["field"], "after")
        shown = self.baton("breakpoint", "list", "--order", "urgent", "-o", "name").split()
        self.assertEqual(shown, [f"{session}/{number}" for session, number in urgent if (session, number) != (late, 1)])

    def test_what_a_row_tells(self):
        parent = self.create("parent", agent="hr", driver="wait", labels={"team": "red"}, window=1000)
        child = self.admin.call("session.spawn", {"session": parent, "title": "child", "driver": "other"})
        self.ask(parent, deadline=3000000)
        for number in range(3):
            self.admin.call("item.append", {"session": parent, "role": "user", "text": "words", "tokens": 7})

        def row():
            return next(row for row in self.rows() if row["session"] == parent)

        head = self.admin.call("session.show", {"session": parent})
        wait_until(lambda: row()["activity"]["n"] == head["n"], "the row of a busy session")
        self.assertEqual(row()["activity"], {"n": head["n"], "at": head["active_at"], "items": 3, "tokens": 21})
        self.assertEqual((row()["driver"], row()["window"], row()["breakpoints"]), ("wait", 1000, 1))
        self.assertEqual(row()["deadline"], head["breakpoints"][0]["deadline"])
        self.assertEqual([found["title"] for found in self.rows(driver="other")], ["child"])
        self.assertEqual(self.rows(driver="other")[0]["parent"], parent)
        for fields in ({"asks": True}, {"match": "HR"}, {"match": "team=r"}, {"match": parent[:12].upper()},
                       {"driver": "wait", "labels": {"team": "red"}, "state": "suspended"}):
            self.assertIn(parent, [found["session"] for found in self.rows(**fields)], fields)
        self.assertEqual(self.rows(asks=True, match="child"), [])
        # What came last is told after a restart, too.
        self.admin.call("item.append", {"session": parent, "role": "user", "text": "words", "tokens": 7})
        self.broker.restart()
        self.assertEqual(row()["activity"]["tokens"], 28)
        # And after a kill, without another event of the session.
        self.admin.call("item.append", {"session": parent, "role": "user", "text": "words", "tokens": 7})
        self.broker.kill()
        self.broker.start()
        self.assertEqual(row()["activity"]["tokens"], 35)


if __name__ == "__main__":
    unittest.main()
