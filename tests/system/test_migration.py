#!/usr/bin/python3
"""Moving sessions: what comes along, what is refused, what is undone, and what a drained node keeps."""
import os
import stat
import subprocess
import unittest

from harness import PATIENCE, read_text, wait_until
from nodes import WORDS, NodeTest, alive, home, phase
from test_disk import own_mounts

IDLE = WORDS + 'SAY "up-$NODE" $$; while :; do sleep 0.05; done\n'
# Asks two people, prints what they decided, and completes.
ASK = WORDS + """
SAY "up-$NODE" $$
outcome=$(baton breakpoint ask --key go --title "Go?" --policy quorum:2 --wait) || exit 1
baton item append assistant "$outcome on $NODE"
baton session complete
"""


def describe(folder):
    """Every entry of a tree: its kind, mode, time and content."""
    found = {}
    for path, folders, files in os.walk(folder):
        for name in (*folders, *files, ""):
            entry = os.path.join(path, name).rstrip("/")
            about = os.lstat(entry)
            content = None
            if stat.S_ISLNK(about.st_mode):
                content = os.readlink(entry)
            elif stat.S_ISREG(about.st_mode):
                with open(entry, "rb") as file:
                    content = file.read()
            key = os.path.relpath(entry, folder)
            found[key] = (stat.filemode(about.st_mode), content, None if stat.S_ISLNK(about.st_mode) else about.st_mtime_ns)
    return found


class MoveTest(NodeTest):
    DRIVERS = {"default": IDLE, "ask": ASK}

    def setUp(self):
        super().setUp()
        self.east = self.node("east", self.DRIVERS)
        self.alice, self.bob = self.enrolled("alice", "operator"), self.enrolled("bob", "operator")

    def add_west(self, **options):
        self.west = self.node("west", options.pop("drivers", self.DRIVERS), **options)
        return self.west

    def migrate(self, session, **body):
        return self.admin.call("session.migrate", {"session": session, **body}, timeout=PATIENCE)

    def moved(self, session, node="west"):
        return self.until(session, lambda s: home(s) == node and not s.get("migrating"), f"{session} to be on {node}")


class Moves(MoveTest):
    def git_workspace(self):
        """A repository with everything that a workspace may have; gives its path."""
        folder = self.path("project")

        def git(*words):
            subprocess.run(["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.org", *words],
                           check=True, capture_output=True)

        os.mkdir(folder)
        git("init", "-q")
        for name, content in [("tracked", "1"), (".gitignore", "ignored\n"), ("ignored", "not in git"),
                              ("empty", ""), ("deep/er/file", "x"), ("script.sh", "#!/bin/sh\n")]:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
        with open(os.path.join(folder, "holes"), "wb") as file:
            file.truncate(3 << 20)
            file.seek(2 << 20)
            file.write(os.urandom(300000))
        with open(os.path.join(folder.encode(), b"name \xff\n"), "wb") as file:
            file.write(b"odd")
        os.chmod(os.path.join(folder, "script.sh"), 0o750)
        os.chmod(os.path.join(folder, "ignored"), 0o400)
        os.makedirs(os.path.join(folder, "hollow/hollower"))
        os.chmod(os.path.join(folder, "hollow"), 0o700)
        os.symlink("tracked", os.path.join(folder, "link"))
        os.symlink(self.path("secret"), os.path.join(folder, "outside"))
        os.symlink("nowhere", os.path.join(folder, "dangling"))
        git("add", "tracked", ".gitignore")
        git("commit", "-q", "-m", "one")
        with open(os.path.join(folder, "tracked"), "a", encoding="utf-8") as file:
            file.write("and not yet committed")
        return folder

    def test_everything_comes_along(self):
        self.touch("secret", "stays where it is")
        folder = self.git_workspace()
        before = describe(folder)
        session = self.begin("whole", driver="ask", workspace=folder, objective="o", labels={"a": "b"}, priority=3)
        self.admin.call("memory.set", {"session": session, "key": "k", "value": {"deep": [1, 2.5, None]}})
        self.admin.call("decision.record", {"session": session, "key": "d", "value": "v", "why": "w"})
        self.admin.call("artifact.put", {"session": session, "name": "a", "content": b"\0\1", "media_type": "x/y"})
        self.admin.call("item.append", {"session": session, "role": "user", "text": "hello"})
        self.admin.call("message.send", {"to": session, "id": "m1", "body": 7})
        self.until(session, lambda s: s.get("breakpoints"), "the breakpoint")
        self.alice.call("breakpoint.vote", {"session": session, "breakpoint": 1, "option": "approve"})
        self.alice.call("breakpoint.join", {"session": session, "breakpoint": 1})
        self.add_west()
        kept = ("title", "objective", "labels", "priority", "memory", "decisions", "artifacts", "breakpoints", "mailbox",
                "items", "tokens")
        state = self.show(session)
        driver = int(self.wait_file("up-east"))

        self.migrate(session, to="west")
        state_there = self.moved(session)
        self.assertEqual({key: state_there.get(key) for key in kept}, {key: state.get(key) for key in kept})
        self.assertEqual(state_there["lease"]["epoch"], state["lease"]["epoch"] + 1)
        self.assertEqual([event["kind"] for event in self.events(session) if event["kind"].startswith("migration")],
                         ["migration_started", "migration_prepared", "migration_frozen", "migration_committed",
                          "migration_finished"])
        size = sum(len(content) for _, content, _ in before.values() if isinstance(content, bytes))
        self.assertEqual(self.events(session, "migration_committed")[0]["body"]["bytes"], size)
        self.assertFalse(alive(driver))
        self.wait_file("up-west")
        self.assertEqual((state_there["home"], state_there["folder"]), ("west", self.west.workspace(session)))
        self.assertEqual(describe(self.west.workspace(session)), before)
        self.assertEqual(describe(folder), before)  # what somebody gave is not the node's to remove
        self.assertEqual(self.until_running(session, "west", attempt=2)["run"]["attempt"], 2)

        # The run on the new host waits at the same breakpoint; the second vote decides.
        self.assertEqual(len(self.events(session, "breakpoint_opened")), 1)
        self.bob.call("breakpoint.vote", {"session": session, "breakpoint": 1, "option": "approve"})
        self.assertEqual(self.until_settled(session)["cause"], "completed")
        self.assertEqual(self.items(session), ["hello", "approve on west"])
        self.assertEqual(self.outcomes(session), [(1, "completed")])
        self.assertEqual(self.admin.call("artifact.get", {"session": session, "name": "a"})["content"], b"\0\1")

    def test_there_and_back_and_there(self):
        session = self.begin("traveller")
        self.until_running(session, "east")
        self.add_west()
        for number, node in enumerate(("west", "east", "west"), 2):
            source, target = self.nodes[home(self.show(session))], self.nodes[node]
            with open(os.path.join(source.workspace(session), f"mark-{number}"), "w", encoding="ascii"):
                pass
            self.migrate(session, to=node)
            self.assertEqual(self.until_running(session, node, attempt=number)["run"]["number"], 1)
            marks = {f"mark-{earlier}" for earlier in range(2, number + 1)}
            self.assertEqual(set(os.listdir(target.workspace(session))), marks)
            wait_until(lambda: not os.path.exists(source.workspace(session)), "the source to clean up")
            wait_until(lambda: not source.leftovers() + target.leftovers(), "no leftovers")
        self.admin.call("session.cancel", {"session": session})
        self.assert_clean(self.east)
        self.assert_clean(self.west)

    def test_bindings_that_stay(self):
        session = self.begin("bound", bindings=[{"path": "cache", "omit": True}, {"path": "*.tmp", "omit": True}])
        self.until_running(session)
        folder = self.east.workspace(session)
        for name in ("cache/big", "a.tmp", "kept"):
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(name)
        self.add_west()
        self.migrate(session)
        self.moved(session)
        self.assertEqual(os.listdir(self.west.workspace(session)), ["kept"])

    def test_idle_and_sleeping_sessions(self):
        idle, sleeper = self.begin("idle"), self.begin("sleeper")
        self.until_running(idle)
        self.until_running(sleeper)
        with open(os.path.join(self.east.workspace(idle), "work"), "w", encoding="ascii") as file:
            file.write("done")
        self.admin.call("session.suspend", {"session": idle})
        self.admin.call("session.sleep", {"session": sleeper, "on_message": True})
        self.until_settled(idle)
        self.until(sleeper, lambda s: s["state"] == "sleeping", "sleep")
        self.add_west()
        for session, state in ((idle, "suspended"), (sleeper, "sleeping")):
            self.migrate(session, to="west")
            self.assertEqual(self.moved(session)["state"], state)
        self.assertEqual(read_text(os.path.join(self.west.workspace(idle), "work")), "done")
        self.assertFalse(os.path.exists(self.path("up-west")))
        self.admin.call("session.activate", {"session": idle})
        self.until_running(idle, "west")
        self.admin.call("message.send", {"to": sleeper})
        self.until_running(sleeper, "west")

    def test_dry_run_changes_nothing(self):
        session = self.begin("dry")
        self.until_running(session)
        self.add_west()
        head = self.admin.call("events.read", {"limit": 1})["head"]
        plan = self.migrate(session, to="west", dry_run=True)
        self.assertEqual((plan["source"], plan["target"], plan.get("migration")), ("east", "west", None))
        self.assertTrue(all(check.get("ok") for check in plan["checks"]))
        self.admin.call("node.drain", {"node": "east", "dry_run": True})
        self.assertEqual(self.admin.call("events.read", {"limit": 1})["head"], head)

    def test_refused(self):
        """A target that can't take it is refused before anything begins."""
        session = self.begin("plain")
        self.until_running(session)
        n = self.show(session)["n"]
        self.node("driverless", {"other": IDLE})
        self.node("full", {"default": IDLE}, slots=1)
        self.until_running(self.begin("occupant", node="full"), "full")
        away = self.node("away", self.DRIVERS)
        away.kill()
        wait_until(lambda: any(n["name"] == "away" and n["state"] == "lost"
                               for n in self.admin.call("node.list")["nodes"]), "a node to be lost")
        for target, status, reason, failing in [
                ("driverless", "failed_precondition", "no_room", "driver"),
                ("full", "failed_precondition", "no_room", "slot"),
                ("away", "failed_precondition", "no_room", "up"),
                ("nobody", "not_found", "no_such_node", None),
                ("east", "invalid_argument", "bad_value", None)]:
            with self.subTest(target):
                self.refused(status, reason, self.migrate, session, to=target)
                if failing:
                    checks = self.migrate(session, to=target, dry_run=True)["checks"]
                    self.assertEqual([check["name"] for check in checks if not check.get("ok")], [failing])
        self.refused("failed_precondition", "no_room", self.migrate, session)  # no other node at all
        self.refused("failed_precondition", "wrong_state", self.migrate, self.create("new"), to="east")
        self.assertEqual(self.show(session)["n"], n)

    def test_a_workspace_that_is_gone(self):
        """The move is undone at once, and says why; a drain does not begin it anew each second."""
        folder = self.path("short-lived")
        os.mkdir(folder)
        session = self.create("homeless", workspace=folder)
        for how in ("migrate", "drain"):
            os.makedirs(folder, exist_ok=True)
            self.admin.call("session.activate", {"session": session})
            self.until_running(session, "east")
            if how == "migrate":
                self.add_west()
            self.admin.call("session.suspend", {"session": session})
            self.until_settled(session)
            os.rmdir(folder)
            if how == "migrate":
                self.migrate(session, to="west")
            else:
                self.admin.call("node.drain", {"node": "east"})
            self.until(session, lambda s, how=how: (s.get("migration") or {}).get("number") == 1 + (how == "drain")
                       and not s.get("migrating"), "the move to be undone", patience=30)
            self.assertIn("is not there", self.events(session, "migration_aborted")[-1]["body"]["detail"])
        at = self.events(session, "migration_aborted")[-1]["at"]
        wait_until(lambda: self.admin.call("site.about")["now"] > at + 3000, "three rounds of the drain")
        self.assertEqual(len(self.events(session, "migration_started")), 2)

    def test_refused_for_name_and_labels(self):
        east = self.node("a1", self.DRIVERS, labels={"zone": "a"})
        self.node("b1", self.DRIVERS, labels={"zone": "b"})
        for title, fields, failing in [("pinned", {"node": "a1"}, "name"),
                                       ("zoned", {"selector": {"zone": "a"}}, "labels")]:
            session = self.begin(title, **fields)
            self.until_running(session, "a1")
            self.refused("failed_precondition", "no_room", self.migrate, session, to="b1")
            checks = self.migrate(session, to="b1", dry_run=True)["checks"]
            self.assertEqual([check["name"] for check in checks if not check.get("ok")], [failing])
            self.refused("failed_precondition", "no_room", self.migrate, session)
        self.assertTrue(east.alive())

    def test_abort(self):
        session = self.begin("hesitant")
        self.until_running(session)
        driver = int(self.wait_file("up-east"))
        self.add_west()
        self.refused("failed_precondition", "not_migrating", self.abort, session)
        self.west.freeze()
        self.migrate(session, to="west")
        self.refused("failed_precondition", "migrating", self.migrate, session, to="west")
        self.abort(session)
        self.west.thaw()
        state = self.until_running(session, "east")
        self.assertEqual((state["run"]["attempt"], state["migration"]["step"]), (1, "prepare"))
        self.assertTrue(alive(driver))
        self.assertEqual(self.events(session, "migration_aborted")[0]["body"]["detail"], "aborted by admin")
        self.migrate(session, to="west")  # and then it can
        self.until_running(session, "west", attempt=2)
        self.refused("failed_precondition", "not_migrating", self.abort, session)
        wait_until(lambda: not self.east.leftovers() + self.west.leftovers(), "no leftovers")

    def abort(self, session):
        return self.admin.call("migration.abort", {"session": session})

    def test_stopped_while_it_moves(self):
        """A command that ends the run ends the move, or takes effect on the other side: never both, never none."""
        self.add_west()
        for verb, state in (("interrupt", "suspended"), ("suspend", "suspended"), ("cancel", "terminated")):
            with self.subTest(verb):
                session = self.begin(verb, node=None)
                source = self.until_running(session)["lease"]["node"]
                target = "west" if source == "east" else "east"
                self.nodes[target].freeze()
                self.migrate(session, to=target)
                self.admin.call(f"session.{verb}", {"session": session})
                self.nodes[target].thaw()
                found = self.until(session, lambda s: s["state"] == state and not s.get("migrating"), state)
                self.assertIn(phase(found), ("finished",))
                for node in (self.east, self.west):
                    wait_until(lambda: not node.processes(session), "its process to be gone")
                    wait_until(lambda: not node.leftovers(), "no leftovers")

    def test_drain(self):
        sessions = [self.begin(f"s{number}") for number in range(3)]
        stays = self.begin("stays", node="east")
        idle = self.begin("idle")
        for session in (*sessions, stays, idle):
            self.until_running(session, "east") if session != idle else None
        self.admin.call("session.suspend", {"session": idle})
        self.until_settled(idle)
        idle_home = home(self.show(idle))
        self.add_west(slots=8)
        drained = self.admin.call("node.drain", {"node": "east"})
        self.assertEqual((sorted(drained["moving"]), drained["staying"]),
                         (sorted(sessions + ([idle] if idle_home == "east" else [])), [stays]))
        for session in sessions:
            self.until_running(session, "west", attempt=2)
        if idle_home == "east":
            self.moved(idle)
        self.assertEqual((home(self.show(stays)), phase(self.show(stays))), ("east", "running"))
        # It takes nothing new until it is undrained.
        late = self.begin("late")
        self.until_running(late, "west")
        waits = self.begin("waits", node="east")
        self.until(waits, lambda s: phase(s) == "queued", "a run to be queued")
        self.refused("failed_precondition", "no_room", self.migrate, late, to="east")
        self.admin.call("node.undrain", {"node": "east"})
        self.until_running(waits, "east")


class FullTarget(MoveTest):
    """The target's disk is too small: the move is undone, and the run goes on at the source."""

    SIZE = 8 << 20

    @classmethod
    def setUpClass(cls):
        obstacle = own_mounts()
        if obstacle:
            raise unittest.SkipTest(f"this needs a small file system of its own, and root to mount it: {obstacle}")

    def test_full_disk(self):
        disk = self.path("disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE}", "tmpfs", disk], check=True)
        self.addCleanup(lambda: (self.nodes["west"].close(), subprocess.run(["umount", "-l", disk], check=True)))
        session = self.begin("large")
        self.until_running(session)
        driver = int(self.wait_file("up-east"))
        for number in range(3):
            with open(os.path.join(self.east.workspace(session), f"big{number}"), "wb") as file:
                file.write(os.urandom(4 << 20))
        self.add_west(state_in=disk)
        self.migrate(session, to="west")
        state = self.until(session, lambda s: not s.get("migrating"), "the move to be undone")
        self.assertEqual((home(state), phase(state), state["run"]["attempt"]), ("east", "running", 1))
        self.assertIn("No space left", self.events(session, "migration_aborted")[0]["body"]["detail"])
        self.assertTrue(alive(driver))
        self.assertTrue(self.west.alive())
        wait_until(lambda: not self.west.leftovers(), "what had arrived to be removed")
        # With less to carry it works.
        for number in range(2):
            os.unlink(os.path.join(self.east.workspace(session), f"big{number}"))
        self.migrate(session, to="west")
        self.until_running(session, "west", attempt=2)
        self.assertEqual(os.path.getsize(os.path.join(self.west.workspace(session), "big2")), 4 << 20)


if __name__ == "__main__":
    unittest.main()
