#!/usr/bin/python3
"""Sessions that files and git refs wake: by content, once a change, whatever is killed or away meanwhile."""
import os
import shutil
import signal
import subprocess
import unittest

from harness import PATIENCE, wait_until
from nodes import WORDS, NodeTest

QUICK = WORDS + 'SAY runs "$BATON_SESSION $BATON_RUN"\n'


def write(path, text):
    """In one step: what is only half written may be seen, too, and be a change of its own."""
    with open(path + "~", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + "~", path)


class Files(NodeTest):
    def setUp(self):
        super().setUp()
        self.near = self.node("near", {"default": QUICK})

    def workspace(self, name, **files):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.join(path, "src", "deep"))
        for file, text in files.items():
            write(os.path.join(path, file), text)
        return path

    def asleep(self, path, *arguments, node=None):
        """A session that sleeps over that workspace with a trigger "t" whose first look is over."""
        session = self.create(os.path.basename(path), workspace=path, **({"node": node} if node else {}))
        self.baton("trigger", "add", session, "t", *arguments)
        self.baton("session", "sleep", session)
        self.until_looked(session)
        return session

    def trigger(self, session):
        return self.show(session)["triggers"][0]

    def until_looked(self, session):
        wait_until(lambda: self.trigger(session).get("seen"), f"the first look for {session}")

    def until_rest(self, session, run):
        return self.until(session, lambda s: s.get("run", {}).get("number") == run and s["state"] == "sleeping",
                          f"run {run} of {session} to be over")

    def firings(self, session):
        return [event["body"]["firing"] for event in self.events(session, "trigger_fired")]

    def test_the_content_of_files(self):
        path = self.workspace("tree", first="1")
        session, whole = self.asleep(path, "--file", "src/**/*.c"), self.asleep(path, "--file", "src")
        for order, name in enumerate(("a.c", "deep/b.c"), 1):
            write(os.path.join(path, "src", name), "int main;")
            self.until_rest(session, order)
            self.until_rest(whole, order)
        self.assertEqual([firing["paths"] for firing in self.firings(session)], [["src/a.c"], ["src/deep/b.c"]])
        self.assertEqual(self.show(session)["run"]["input"]["why"], "src/deep/b.c has changed")
        # neither of these is a change of what the first one looks at; the second one's firing shows that both were seen
        os.utime(os.path.join(path, "src", "a.c"))
        write(os.path.join(path, "src", "a.c"), "int main;")
        write(os.path.join(path, "src", "other.h"), "x")
        self.until_rest(whole, 3)
        self.assertEqual(len(self.firings(session)), 2)
        # the folder is replaced by another one, and that by a link
        os.rename(os.path.join(path, "src"), os.path.join(path, "old"))
        self.until_rest(session, 3)
        shutil.copytree(os.path.join(path, "old"), os.path.join(path, "src"))
        self.until_rest(session, 4)
        write(os.path.join(path, "old", "a.c"), "nobody looks here")
        write(os.path.join(path, "src", "a.c"), "but here")
        self.until_rest(session, 5)
        os.rename(os.path.join(path, "src"), os.path.join(path, "older"))
        os.symlink("older", os.path.join(path, "src"))
        self.until_rest(session, 6)
        self.assertEqual([firing["number"] for firing in self.firings(session)], [1, 2, 3, 4, 5, 6])

    def test_changes_that_the_kernel_does_not_tell(self):
        """Its queue overflows while the node stands still: the first event of the quiet session is not in it."""
        loud, quiet = self.workspace("loud"), self.workspace("quiet", watched="1")
        sessions = [self.asleep(loud, "--file", "src"), self.asleep(quiet, "--file", "watched")]
        with open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii") as file:
            most = int(file.read())
        names = [os.path.join(loud, "src", name) for name in ("a", "b")]
        write(names[0], "")
        self.until_rest(sessions[0], 1)
        self.near.process.send_signal(signal.SIGSTOP)
        for turn in range(most // 2 + 1):  # each is two events
            os.rename(names[turn % 2], names[1 - turn % 2])
        write(os.path.join(quiet, "watched"), "2")
        os.rename(names[(most // 2 + 1) % 2], os.path.join(loud, "src", "c"))
        self.near.process.send_signal(signal.SIGCONT)
        self.until_rest(sessions[1], 1)
        self.until_rest(sessions[0], 2)
        write(os.path.join(quiet, "watched"), "3")  # and the kernel tells again
        self.until_rest(sessions[1], 2)
        self.assertEqual([len(self.firings(session)) for session in sessions], [2, 2])

    def test_folders_that_are_filled_as_they_are_made(self):
        path = self.workspace("growing")
        session = self.asleep(path, "--file", "src/**/*.c")
        for turn in range(10):
            for depth, folder in enumerate(("", "x", "x/y", "x/y/z")):
                folder = os.path.join(path, "src", f"new{turn}", folder)
                os.mkdir(folder)
                write(os.path.join(folder, f"{depth}.c"), "")
            wanted = {f"src/new{turn}/{name}" for name in ("0.c", "x/1.c", "x/y/2.c", "x/y/z/3.c")}
            wait_until(lambda want=wanted: want <= {name for one in self.firings(session) for name in one["paths"]},
                       f"all of {wanted} to be seen")

    def test_a_kernel_that_has_no_room(self):
        limit = 'echo {1} > /proc/sys/user/max_inotify_{0} && exec "$@"'
        for resource, most, says in (("watches", 3, "fs.inotify.max_user_watches"),
                                     ("instances", 0, "fs.inotify.max_user_instances")):
            node = self.node(resource, {"default": QUICK}, prefix=(
                "unshare", "--user", "--map-root-user", "sh", "-c", limit.format(resource, most), "sh"))
            path = self.workspace("without-" + resource)
            session = self.asleep(path, "--file", "src/**", node=resource)
            self.asleep(self.workspace("later-" + resource), "--file", "src", node=resource)  # the look is long over
            write(os.path.join(path, "src", "deep", "file"), "")
            self.until_rest(session, 1)
            self.assertIn(says, node.printed())

    def test_a_file_system_that_is_mounted_and_unmounted(self):
        node = self.node("mounting", {"default": QUICK}, prefix=("unshare", "--mount"))
        path = self.workspace("mounts")
        inside = ("nsenter", f"--target={node.process.pid}", "--mount")
        on = os.path.join(path, "src", "deep")
        subprocess.run([*inside, "mount", "-t", "tmpfs", "none", on], check=True)
        session = self.asleep(path, "--file", "src/**", node="mounting")
        subprocess.run([*inside, "sh", "-c", f"echo 1 > {on}/file"], check=True)
        self.until_rest(session, 1)
        subprocess.run([*inside, "umount", on], check=True)
        self.until_rest(session, 2)
        write(os.path.join(on, "file"), "below the mount")
        self.until_rest(session, 3)
        self.assertEqual([firing["paths"] for firing in self.firings(session)], [["src/deep/file"]] * 3)

    def test_a_git_ref(self):
        path = self.workspace("repository")
        git = ["git", "-C", path, "-c", "user.name=n", "-c", "user.email=e", "-c", "core.hooksPath=/dev/null"]

        def commit(name, text):
            write(os.path.join(path, name), text)
            subprocess.run([*git, "add", "-A"], check=True)
            subprocess.run([*git, "commit", "-qm", text], check=True)
            return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True,
                                  text=True).stdout.strip()

        subprocess.run([*git, "init", "-qb", "main"], check=True)
        commit("src/a", "one")
        marker = os.path.join(self.directory, "ran")
        write(os.path.join(path, ".git", "hooks", "post-index-change"), f"#!/bin/sh\ntouch {marker}\n")
        os.chmod(os.path.join(path, ".git", "hooks", "post-index-change"), 0o755)
        subprocess.run([*git, "config", "core.fsmonitor", f"touch {marker}; false"], check=True)
        session = self.asleep(path, "--git", "refs/heads/main")
        below = self.asleep(path, "--git", "main", "--path", "src/")
        if os.path.exists(marker):
            os.unlink(marker)  # our own git may have run it
        first = commit("top", "two")
        self.until_rest(session, 1)
        second = commit("src/a", "three")
        self.until_rest(session, 2)
        self.until_rest(below, 1)
        self.assertEqual([firing["commit"] for firing in self.firings(session)], [first, second])
        self.assertEqual(self.firings(below)[0]["why"], f"src/ has changed: main is at commit {second}")
        subprocess.run([*git, "pack-refs", "--all"], check=True)  # moves nothing
        subprocess.run([*git, "update-ref", "-d", "refs/heads/main"], check=True)
        self.until_rest(session, 3)
        self.assertEqual(self.firings(session)[2]["why"], "refs/heads/main is gone")

    def test_each_change_fires_once_whatever_is_killed(self):
        path = self.workspace("killed", watched="0")
        session = self.asleep(path, "--file", "watched")
        watched = os.path.join(path, "watched")
        for turn in range(1, 5):
            self.near.kill() if turn % 2 else self.broker.kill()
            write(watched, str(turn))  # changes while one of them is away
            if turn == 3:
                self.broker.kill()
                self.broker.start()
            self.near.start() if turn % 2 else self.broker.start()
            self.until_rest(session, turn)
        for turn in range(5, 9):
            write(watched, str(turn))
            (self.near if turn % 2 else self.broker).kill()  # somewhere between the change and its run
            (self.near if turn % 2 else self.broker).start()
            self.until_rest(session, turn)
        self.assertEqual([firing["number"] for firing in self.firings(session)], list(range(1, 9)))
        self.assertEqual(self.events(session, "run_queued")[-1]["body"]["number"], 8)

    def test_a_session_that_moves_fires_for_no_change(self):
        far = self.node("far", {"default": QUICK})
        session = self.begin("moving")
        self.until(session, lambda s: s["state"] == "suspended", "its first run to be over")
        home = self.nodes[self.show(session)["home"]]
        write(os.path.join(home.workspace(session), "data"), "1")
        self.baton("trigger", "add", session, "t", "--file", "data")
        self.baton("session", "sleep", session)
        self.until_looked(session)
        target = far if home is self.near else self.near
        self.baton("session", "migrate", session, "--to", target.name)
        self.until(session, lambda s: s["lease"]["node"] == target.name and not s.get("migrating"), "the move")
        write(os.path.join(target.workspace(session), "data"), "2")
        self.until_rest(session, 2)
        self.assertEqual(len(self.firings(session)), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
