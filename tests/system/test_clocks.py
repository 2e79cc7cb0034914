#!/usr/bin/python3
"""Clocks that are set while things sleep. libfaketime sets that of a broker or a node, and leaves the time that passes."""
import calendar
import glob
import os
import struct
import subprocess
import time
import unittest

from harness import Broker, wait_until
from nodes import WORDS, NodeTest

QUICK = WORDS + 'SAY runs "$BATON_SESSION $BATON_RUN"\n'
LIBRARY = (glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") or ["libfaketimeMT.so.1"])[0]
HOUR, DAY = 3600, 86400


def no_changes(rule):
    """A time zone file (RFC 8536) that has but the rule for all times."""
    header = struct.pack(">4sc15x6L", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    return (header + struct.pack(">lBB4s", 0, 0, 0, b"UTC")) * 2 + f"\n{rule}\n".encode()


class Clock:
    """A wall clock that is so many seconds ahead of this machine's, for programs that are started with its prefix."""

    def __init__(self, path):
        self.path, self.ahead = path, 0
        self.set(0)
        self.prefix = ("env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={path}", "FAKETIME_NO_CACHE=1",
                       "DONT_FAKE_MONOTONIC=1", "FAKETIME_FORCE_MONOTONIC_FIX=0")

    def set(self, ahead):
        self.ahead = ahead
        with open(self.path + "~", "w", encoding="ascii") as file:
            file.write(f"{ahead:+.3f}")
        os.rename(self.path + "~", self.path)

    def set_to(self, when):
        self.set(when - time.time())

    def now(self):
        """Milliseconds since 1970."""
        return int((time.time() + self.ahead) * 1000)


class Clocks(NodeTest):
    broker_options = None

    def setUp(self):
        super().setUp()
        self.clock = Clock(self.path("clock"))
        self.broker = Broker(self.directory, options=("--lease-ttl", "3000"), prefix=self.clock.prefix)
        self.addCleanup(self.broker.close)
        self.broker.start()
        self.admin = self.client()
        self.near_clock = Clock(self.path("near.clock"))
        self.near = self.node("near", {"default": QUICK}, prefix=self.near_clock.prefix)

    def set(self, ahead):
        """Sets the broker's clock, and waits until it has seen that."""
        said = self.broker.printed().count("the clock was set")
        self.clock.set(ahead)
        wait_until(lambda: self.broker.printed().count("the clock was set") > said, "the broker to see its clock")

    def asleep(self, title, **trigger):
        session = self.create(title)
        self.admin.call("trigger.add", {"session": session, "name": "t", **trigger})
        self.baton("session", "sleep", session)
        return session

    def firings(self, session):
        return [event["body"]["firing"] for event in self.events(session, "trigger_fired")]

    def until_fired(self, session, count=1):
        return wait_until(lambda: len(self.firings(session)) == count and self.firings(session)[-1],
                          f"firing {count} of {session}")

    def zone_before_midnight(self):
        """Where it is about noon, so that midnight is hours away."""
        return f"Etc/GMT{time.gmtime().tm_hour - 12:+d}"

    def kinds(self, session):
        return {event["kind"] for event in self.events(session)}

    def test_a_clock_that_jumps(self):
        at = self.clock.now() + 12 * HOUR * 1000
        timed, passing = self.asleep("timed", time=at), self.asleep("passing", **{"in": HOUR * 1000})
        hourly = self.asleep("hourly", calendar="@hourly")
        every = self.asleep("every", calendar="@hourly", missed="all", overlap="skip")
        skipping = self.asleep("skipping", calendar="0 0 * * *", missed="skip", zone=self.zone_before_midnight())
        plain = self.create("plain")
        self.admin.call("session.sleep", {"session": plain, "until": at})
        held = self.create("held")
        self.admin.call("breakpoint.ask", {"session": held, "key": "k", "title": "T", "deadline": 2 * HOUR * 1000})
        self.admin.call("message.send", {"to": held, "subject": "s", "ttl": HOUR * 1000}, key="once")
        self.admin.call("session.attach", {"session": held, "client": "c", "ttl": 60000})
        self.admin.call("lock.acquire", {"session": held, "ttl": HOUR * 1000})
        before = self.show(held)

        self.set(DAY)
        self.assertEqual(self.until_fired(timed)["at"], at)
        self.assertGreaterEqual(self.until_fired(hourly)["passed"], 24)
        self.until_fired(every, 17)
        self.until(plain, lambda s: s["state"] != "sleeping", "the session that sleeps until a time to wake")
        self.assertEqual([self.firings(skipping), self.firings(passing)], [[], []])
        self.assertGreater(self.show(skipping)["triggers"][0]["next"], self.clock.now())
        for ahead in (-DAY, 60 - time.time()):  # the day before; and the first minute of 1970
            self.set(ahead)
            soon, later = self.asleep("soon", **{"in": 100}), self.asleep("later", time=self.clock.now() + 100)
            self.until_fired(soon)
            self.until_fired(later)
        self.set(DAY)
        self.set(0)
        kept = self.show(held)
        self.assertEqual([kept[field] for field in ("lock", "breakpoints", "mailbox", "clients", "n")],
                         [before[field] for field in ("lock", "breakpoints", "mailbox", "clients", "n")])
        # its n says that nothing came: an answer from before is known still, and the key does nothing twice
        self.admin.call("message.send", {"to": held, "subject": "s", "ttl": HOUR * 1000}, key="once")
        self.assertEqual(self.show(held)["n"], before["n"])
        self.assertEqual(self.admin.call("node.list", {})["nodes"][0]["state"], "up")
        self.assertNotIn("node_lost", self.kinds("site"))
        # none was lost, and none fires twice, also when the broker is killed and looks at all of it anew
        self.broker.kill()
        self.broker.start()
        probe = self.asleep("probe", **{"in": 100})
        self.until_fired(probe)
        self.assertEqual([len(self.firings(session)) for session in (timed, hourly, every, passing)], [1, 1, 17, 0])

    def test_the_hour_that_is_missing_and_the_one_that_is_there_twice(self):
        nights = (((2027, 3, 28, 1, 0), (2027, 3, 29, 0, 30)), ((2027, 10, 31, 0, 30), (2027, 11, 1, 1, 30)))
        for fires, then in nights:
            fires, then = (calendar.timegm((*moment, 0)) for moment in (fires, then))
            self.clock.set_to(fires - HOUR)
            session = self.asleep("night", calendar="30 2 * * *", zone="Europe/Berlin")
            self.assertEqual(self.show(session)["triggers"][0]["next"], fires * 1000)
            self.clock.set_to(fires - 0.5)
            self.assertEqual(self.until_fired(session)["at"], fires * 1000)
            self.assertEqual(self.show(session)["triggers"][0]["next"], then * 1000)
            self.clock.set_to(then - 1800)  # past the hour in which it is 02:30 once more
            probe = self.asleep("probe", time=self.clock.now() + 50)
            self.until_fired(probe)
            self.assertEqual(len(self.firings(session)), 1)
            self.baton("trigger", "remove", session, "t")

    def test_time_zones_that_are_updated(self):
        """What a zone says is read again when its file is another, without a restart."""
        self.broker.stop()
        self.broker.prefix = ["unshare", "--mount"]
        self.broker.start()
        zones, inside = self.path("zones"), ("nsenter", f"--target={self.broker.process.pid}", "--mount")
        os.mkdir(zones)
        subprocess.run([*inside, "mount", "--bind", zones, "/usr/share/zoneinfo/Etc"], check=True)
        session = self.create("zoned")
        for number, (offset, hour) in enumerate((("UTC0", 0), ("XXX-3", 21), ("XXX+5", 5))):
            with open(os.path.join(zones, "new"), "wb") as file:
                file.write(no_changes(offset))
            os.rename(os.path.join(zones, "new"), os.path.join(zones, "Own"))
            self.admin.call("trigger.add", {"session": session, "name": f"t{number}", "calendar": "@daily",
                                            "zone": "Etc/Own"})
            self.assertEqual(time.gmtime(self.show(session)["triggers"][-1]["next"] / 1000).tm_hour, hour)

    def test_a_node_whose_clock_jumps(self):
        path = self.path("tree")
        os.makedirs(path)
        with open(os.path.join(path, "data"), "w", encoding="ascii") as file:
            file.write("0")
        session = self.create("watching", workspace=path)
        self.baton("trigger", "add", session, "t", "--file", "data")
        self.baton("session", "sleep", session)
        wait_until(lambda: self.show(session)["triggers"][0].get("seen"), "the first look")
        for number, ahead in enumerate((DAY, -DAY, 60 - time.time(), 0), 1):
            self.near_clock.set(ahead)
            with open(os.path.join(path, "data~"), "w", encoding="ascii") as file:
                file.write(str(number))
            os.rename(os.path.join(path, "data~"), os.path.join(path, "data"))
            self.until(session, lambda s, n=number: s.get("run", {}).get("number") == n and s["state"] == "sleeping",
                       f"run {number}")
        self.assertEqual(len(self.firings(session)), 4)
        self.assertEqual([outcome for _, outcome in self.outcomes(session)], ["completed"] * 4)
        self.assertNotIn("node_lost", self.kinds("site"))

    def old_things(self):
        """A session that is over, with its workspace and its output, whose time to be kept has just begun."""
        session = self.create("over", activate=True)
        self.until(session, lambda s: s["state"] == "suspended", "the run to end")
        self.admin.call("session.complete", {"session": session})
        self.assertTrue(os.path.isdir(self.near.workspace(session)))
        return session, (self.near.workspace(session), os.path.join(self.near.state, "runs", session))

    def after_tidying(self):
        """Starts the node anew, which looks for what is old, and comes back when it has."""
        old = os.path.join(self.near.state, "runs", "old")
        os.makedirs(old)
        os.utime(old, (DAY, DAY))
        self.near.start()
        wait_until(lambda: not os.path.exists(old), "what is old by any clock to be removed")
        for title in ("first", "second"):  # each makes it look at its workspaces
            session = self.create(title, activate=True)
            self.until(session, lambda s: s["state"] == "suspended", "the run to end")

    def test_a_clock_ahead_makes_nothing_old(self):
        _, kept = self.old_things()
        self.near.stop()
        self.near_clock.set(60 * DAY)
        self.after_tidying()  # only the node's clock is ahead
        self.assertEqual([os.path.isdir(path) for path in kept], [True, True])
        self.near.stop()
        self.near_clock.set(0)
        self.broker.stop()
        self.clock.set(60 * DAY)
        self.broker.start()
        self.after_tidying()  # only the broker's
        self.assertEqual([os.path.isdir(path) for path in kept], [True, True])
        self.near.stop()
        self.near_clock.set(60 * DAY)
        self.near.start()  # both: the time has passed
        for path in kept:
            wait_until(lambda path=path: not os.path.exists(path), f"{path} to be removed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
