#!/usr/bin/python3
"""What a fork works in: a copy, a git worktree, or the same folder; and what a killed node leaves of a copy."""
import os
import re
import shutil
import signal
import subprocess
import unittest

import nodes
from harness import PATIENCE, read_text, wait_until
from nodes import WORDS, NodeTest, home
from test_disk import own_mounts

# Prints the file that the session it was forked from has left, and adds a line of its own.
DRIVER = WORDS + """
pwd
ls -A | tr '\\n' ' '
cat notes
git rev-parse --abbrev-ref HEAD
echo "$BATON_SESSION" >> notes
exit 0
"""
WAITS = WORDS + """
echo "$BATON_SESSION" >> notes
until [ -e "$DIR/go" ]; do sleep 0.02; done
exit 0
"""
SLOW_COPY = """#!/bin/sh
echo begun >> "{0}/copies"
/bin/cp "$@"
until [ -e "{0}/go" ]; do sleep 0.02; done
"""


class ForkWorkspaces(NodeTest):
    def fork(self, session, **fields):
        return self.admin.call("session.fork", {"session": session, **fields})["session"]

    def run_once(self, session, **fields):
        self.admin.call("session.activate", {"session": session, **fields})
        return self.until_settled(session)

    def failed(self, session):
        """What was wrong with the start of a run."""
        state = self.run_once(session)
        self.assertEqual(state["run"]["outcome"], "failed", state["run"])
        return state["run"]["detail"]

    def notes(self, folder):
        return read_text(os.path.join(folder, "notes")).split()

    def git(self, folder, *words):
        return subprocess.run(["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@localhost", *words],
                              check=True, capture_output=True, text=True, timeout=PATIENCE).stdout

    def test_kinds(self):
        east = self.node("east", {"default": DRIVER}, slots=8)
        source = self.create("source")
        early = self.fork(source)  # nothing to copy yet
        self.run_once(source)
        copy, shared = self.fork(source), self.fork(source, workspace="shared")
        second = self.fork(copy)  # its source's workspace is not made yet: the same one is copied
        self.assertNotIn("origin", self.show(early))
        for session, seen in ((early, [early]), (copy, [source, copy]), (second, [source, second])):
            self.run_once(session)
            self.assertEqual(self.notes(east.workspace(session)), seen)
            self.assertNotIn("origin", self.show(session))
        self.assertEqual(self.notes(east.workspace(source)), [source])
        self.run_once(shared)
        self.assertEqual(self.notes(east.workspace(source)), [source, shared])
        self.assertFalse(os.path.exists(east.workspace(shared)))
        third = self.fork(shared)  # a copy of what is shared
        self.run_once(third)
        self.assertEqual(self.notes(east.workspace(third)), [source, shared, third])
        # No repository: refused at the start, in words; and a fork whose files are gone can go on without.
        detail = self.failed(self.fork(source, workspace="worktree"))
        self.assertIn("not a git repository", detail)
        lost = self.fork(source)
        os.rename(east.workspace(source), self.path("elsewhere"))
        self.assertIn("No such file", self.failed(lost))
        self.run_once(lost, abandon_workspace=True)
        self.assertEqual(self.notes(east.workspace(lost)), [lost])
        self.assertEqual(os.listdir(os.path.join(east.state, "forks")), [])

    def test_worktree(self):
        east = self.node("east", {"default": DRIVER})
        given = self.path("given")
        os.mkdir(given)
        self.touch("given/notes", "base\n")
        self.git(given, "init", "-q", "-b", "main")
        self.git(given, "add", "notes")
        self.git(given, "commit", "-q", "-m", "base")
        hook = os.path.join(given, ".git", "hooks", "post-checkout")
        with open(hook, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\ntouch {self.path('hooked')}\n")
        os.chmod(hook, 0o755)
        source = self.create("source", workspace=given)
        tree = self.fork(source, workspace="worktree")
        self.run_once(tree)
        self.assertIn(f"baton/{tree}", self.logs(tree))
        self.assertEqual(self.notes(east.workspace(tree)), ["base", tree])
        self.assertEqual(self.notes(given), ["base"])
        self.assertIn(east.workspace(tree), self.git(given, "worktree", "list"))
        self.assertFalse(os.path.exists(self.path("hooked")))
        self.git(east.workspace(tree), "commit", "-q", "-a", "-m", "from the fork")
        self.assertIn("from the fork", self.git(given, "log", "--oneline", f"baton/{tree}"))
        commit = self.git(given, "rev-parse", "HEAD").strip()
        self.git(given, "update-index", "--add", "--cacheinfo", f"160000,{commit},module")
        self.git(given, "commit", "-q", "-m", "with a submodule")
        self.assertEqual(self.run_once(self.fork(source, workspace="worktree"))["run"]["outcome"], "completed")
        os.mkdir(os.path.join(given, "below"))
        below = self.fork(self.create("below", workspace=os.path.join(given, "below")), workspace="worktree")
        self.assertIn("not the root", self.failed(below))
        # What is said of a path that is cut within a character is heard, too.
        pad = "d" * ((300 - len(self.path("")) - 201) % 2 + 1)
        deep = self.path(pad + "ä" * 100 + "/" + "ä" * 100)
        os.makedirs(deep)
        self.assertIn("not a git", self.failed(self.fork(self.create("deep", workspace=deep), workspace="worktree")))

    def test_a_repository_that_would_run_programs(self):
        """Whatever the repository's settings name to be run at a checkout is not, also where they hold for the fork alone."""
        east = self.node("east", {"default": DRIVER})
        given = self.path("given")
        os.mkdir(given)
        self.touch("given/notes", "base\n")
        self.touch("given/.gitattributes", "notes filter=first\nodd filter=se=co.nd\nlate filter=late\n")
        self.touch("given/odd", "odd\n")
        self.touch("given/late", "late\n")
        self.git(given, "init", "-q", "-b", "main")
        self.git(given, "add", ".")
        self.git(given, "commit", "-q", "-m", "base")
        mark = "touch " + self.path("ran")
        self.git(given, "config", "filter.first.smudge", f"{mark}.smudge; cat")
        self.git(given, "config", "filter.first.required", "true")
        self.git(given, "config", "filter.se=co.nd.process", f"{mark}.process")
        self.git(given, "config", "core.fsmonitor", f"{mark}.fsmonitor; false")
        self.git(given, "config", "includeIf.onbranch:baton/**.path", self.path("included"))
        self.touch("included", f'[filter "late"]\nsmudge = "{mark}.included; cat"\n'
                               f'[core]\nsshCommand = "{mark}.ssh"\n')
        tree = self.fork(self.create("source", workspace=given), workspace="worktree")
        self.run_once(tree)
        self.assertEqual(self.notes(east.workspace(tree)), ["base", tree])
        self.assertEqual([name for name in os.listdir(self.directory) if name.startswith("ran.")], [])
        self.assertEqual(read_text(os.path.join(east.workspace(tree), "odd")), "odd\n")

    def test_a_repository_that_never_answers(self):
        self.node("east", {"default": DRIVER})
        given = self.path("given")
        os.mkdir(given)
        self.git(given, "init", "-q")
        os.unlink(os.path.join(given, ".git", "config"))
        os.mkfifo(os.path.join(given, ".git", "config"))
        self.assertIn("can't be made", self.failed(self.fork(self.create("source", workspace=given),
                                                             workspace="worktree")))

    def test_a_workspace_behind_a_link(self):
        """A copy of it is a copy, not another link to the same folder."""
        east = self.node("east", {"default": DRIVER})
        os.mkdir(self.path("real"))
        self.touch("real/notes", "base\n")
        os.symlink(self.path("real"), self.path("given"))
        copy = self.fork(self.create("source", workspace=self.path("given")))
        self.run_once(copy)
        self.assertFalse(os.path.islink(east.workspace(copy)))
        self.assertEqual(self.notes(east.workspace(copy)), ["base", copy])
        self.assertEqual(self.notes(self.path("real")), ["base"])

    def test_a_copy_of_a_linked_worktree(self):
        """It has an index, a HEAD and a branch of its own; what was staged and what was not is as it was."""
        east = self.node("east", {"default": DRIVER})
        main, given = self.path("main"), self.path("given")
        os.mkdir(main)
        self.touch("main/notes", "base\n")
        self.touch("main/staged", "base\n")
        self.git(main, "init", "-q", "-b", "main")
        self.git(main, "add", ".")
        self.git(main, "commit", "-q", "-m", "base")
        self.git(main, "worktree", "add", "-q", "-b", "work", given)
        hook = os.path.join(main, ".git", "hooks", "post-checkout")
        with open(hook, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\ntouch {self.path('hooked')}\n")
        os.chmod(hook, 0o755)
        self.git(main, "config", "core.fsmonitor", f"touch {self.path('hooked')}; false")
        self.touch("given/staged", "staged\n")
        self.git(given, "-c", "core.fsmonitor=false", "add", "staged")
        self.touch("given/loose", "loose\n")
        self.git(main, "config", "--unset", "core.fsmonitor")
        source = self.create("source", workspace=given)
        copy = self.fork(source)
        self.assertEqual(self.run_once(copy)["run"]["outcome"], "completed")
        there = east.workspace(copy)
        self.assertFalse(os.path.exists(self.path("hooked")))
        self.assertEqual(self.git(given, "status", "--porcelain").split(), ["M", "staged", "??", "loose"])
        self.assertEqual(self.git(there, "status", "--porcelain").split(), ["M", "notes", "M", "staged", "??", "loose"])
        self.assertEqual(self.git(there, "rev-parse", "--abbrev-ref", "HEAD").strip(), f"baton/{copy}")
        before = self.git(given, "rev-parse", "HEAD")
        self.git(there, "add", ".")
        self.git(there, "commit", "-q", "-m", "from the fork")
        self.assertEqual(self.git(given, "rev-parse", "HEAD"), before)
        self.assertEqual(self.git(given, "status", "--porcelain").split(), ["M", "staged", "??", "loose"])
        self.git(main, "worktree", "prune")
        listed = self.git(main, "worktree", "list")
        self.assertIn(given, listed)
        self.assertIn(there, listed)
        self.assertEqual(os.listdir(os.path.join(east.state, "forks")), [])
        # What can't be made independent is refused: a repository in it whose index is elsewhere.
        os.mkdir(self.path("folder"))
        self.git(main, "worktree", "add", "-q", "-b", "other", self.path("folder/inner"))
        detail = self.failed(self.fork(self.create("folder", workspace=self.path("folder"))))
        self.assertIn("--workspace worktree", detail)
        self.assertIn("inner/.git", detail)
        # One that is whole in itself is not.
        self.git(main, "clone", "-q", main, self.path("whole"))
        whole = self.fork(self.create("whole", workspace=self.path("whole")))
        self.assertEqual(self.run_once(whole)["run"]["outcome"], "completed")

    def test_a_shared_folder_stays_while_a_run_works_in_it(self):
        self.node("east", {"default": WAITS})
        self.touch("go")
        source = self.create("source")
        self.run_once(source)
        os.unlink(self.path("go"))
        shared = self.fork(source, workspace="shared", activate=True)
        self.until(shared, lambda s: s["run"]["phase"] == "running", "the fork to run")
        west = self.node("west", {"default": WAITS})
        move = {"session": source, "to": "west"}
        failure = self.refused("failed_precondition", "run_active", self.admin.call, "session.migrate", move)
        self.assertIn(shared, failure["message"])
        self.refused("failed_precondition", "run_active", self.admin.call, "session.migrate", {**move, "dry_run": True})
        # Once it has ended, the source may go; a run that comes meanwhile waits, and follows.
        self.touch("go")
        self.until_settled(shared)
        os.kill(west.process.pid, signal.SIGSTOP)
        self.admin.call("session.migrate", move)
        self.admin.call("session.activate", {"session": shared})
        waiting = self.show(shared)
        self.assertEqual(waiting["run"]["phase"], "queued")
        self.assertIn(f"of session {source}, which is on its way to node west", waiting["waiting"])
        os.kill(west.process.pid, signal.SIGCONT)
        self.until(source, lambda s: home(s) == "west" and not s.get("migrating"), "the move")
        self.until_settled(shared)
        self.assertEqual(self.notes(west.workspace(source)), [source, shared, shared])

    def test_the_source_has_moved(self):
        self.node("east", {"default": DRIVER})
        source = self.create("source")
        self.run_once(source)
        copy, shared = self.fork(source), self.fork(source, workspace="shared")
        west = self.node("west", {"default": DRIVER})
        self.admin.call("session.migrate", {"session": source, "to": "west"})
        self.until(source, lambda s: home(s) == "west" and not s.get("migrating"), "the move")
        for session in (copy, shared):
            self.run_once(session)
            self.assertEqual(home(self.show(session)), "west")
        self.assertEqual(self.notes(west.workspace(copy)), [source, copy])
        # What has moved is merged like anything else.
        self.admin.call("memory.set", {"session": copy, "key": "found", "value": 1})
        self.admin.call("session.merge", {"from": copy, "into": source})
        self.assertEqual([row["key"] for row in self.show(source)["memory"]], ["found"])
        self.assertEqual(self.notes(west.workspace(source)), [source, shared])

    @unittest.skipIf(own_mounts(), "this needs a small file system of its own, and root to mount it")
    def test_a_disk_that_is_full_for_a_while(self):
        """Tried again, with the reason for everybody to see; and done when there is room."""
        disk, given = self.path("disk"), self.path("given")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs", disk], check=True)
        self.addCleanup(lambda: (self.nodes["east"].close(), subprocess.run(["umount", "-l", disk], check=True)))
        east = self.node("east", {"default": DRIVER}, state_in=disk)
        os.mkdir(given)
        self.touch("given/notes", "base\n")
        with open(os.path.join(given, "big"), "wb") as file:
            file.write(b"not a hole" * 900000)
        self.git(given, "init", "-q", "-b", "main")
        self.git(given, "add", ".")
        self.git(given, "commit", "-q", "-m", "base")
        other = shutil.copytree(given, self.path("other"))  # else git's locks could go away while they are copied
        forks = [self.fork(self.create("source", workspace=folder), workspace=how, activate=True)
                 for how, folder in (("copy", other), ("worktree", given))]
        for fork in forks:
            wait_until(lambda: len(re.findall(f"{fork} can't be made, and is tried again", read_text(east.log))) >= 2,
                       "some tries")
            self.until(fork, lambda s: "disk is full" in s.get("waiting", ""), "the reason to be shown")
        subprocess.run(["mount", "-o", "remount,size=64M", disk], check=True)
        for fork in forks:
            state = self.until_settled(fork)
            self.assertEqual(state["run"]["outcome"], "completed", state["run"])
            self.assertNotIn("waiting", state)
            self.assertEqual(self.notes(east.workspace(fork)), ["base", fork])
            self.assertEqual(os.path.getsize(os.path.join(east.workspace(fork), "big")), 9000000)
        self.assertEqual(len(os.listdir(os.path.join(given, ".git/worktrees"))), 1)
        wait_until(lambda: not os.listdir(os.path.join(east.state, "forks")), "nothing to be left of the first ones")

    def test_a_drained_node_with_a_shared_folder(self):
        """The source goes when no run of the fork works in its folder any more, and the fork follows it there."""
        east = self.node("east", {"default": WAITS})
        self.touch("go")
        source = self.create("source")
        self.run_once(source)
        os.unlink(self.path("go"))
        shared = self.fork(source, workspace="shared", activate=True)
        self.until(shared, lambda s: s["run"]["phase"] == "running", "the fork to run")
        west = self.node("west", {"default": WAITS}, slots=1)
        drained = self.admin.call("node.drain", {"node": "east"})
        self.assertEqual(sorted(drained["moving"]), sorted([source, shared]))
        self.touch("go")
        self.until(source, lambda s: home(s) == "west" and not s.get("migrating"), "the move")
        wait_until(lambda: not self.admin.call("session.list", {"node": "east"}).get("sessions"), "nothing to be left")
        self.until_settled(shared)
        self.run_once(shared)
        self.assertEqual(self.notes(west.workspace(source)), [source, shared, shared])
        self.assertEqual(self.events(shared, "migration_started"), [])
        wait_until(lambda: not os.path.exists(east.workspace(source)), "the folder at east to be removed")
        # Files are looked at where they are, also for a fork that has not been anywhere.
        self.admin.call("node.undrain", {"node": "east"})
        watches = self.fork(source, workspace="shared")
        self.admin.call("trigger.add", {"session": watches, "name": "notes", "file": "notes"})
        self.admin.call("session.sleep", {"session": watches})
        self.until(watches, lambda s: s.get("lease", {}).get("node") == "west", "it to be watched")

    def test_killed_while_copying(self):
        tools = self.path("tools")
        os.mkdir(tools)
        with open(os.path.join(tools, "cp"), "w", encoding="utf-8") as file:
            file.write(SLOW_COPY.format(self.directory))
        os.chmod(os.path.join(tools, "cp"), 0o755)
        before, nodes.PATH = nodes.PATH, tools + ":" + nodes.PATH
        self.addCleanup(setattr, nodes, "PATH", before)
        east = self.node("east", {"default": DRIVER})
        source = self.create("source")
        self.run_once(source)
        fork = self.fork(source, activate=True)
        self.wait_file("copies")
        east.kill()
        self.assertFalse(os.path.exists(east.workspace(fork)))
        east.start()
        wait_until(lambda: len(read_text(self.path("copies")).split()) == 2, "the copy to be begun anew")
        self.assertFalse(os.path.exists(east.workspace(fork)))
        self.touch("go")
        self.assertEqual(self.until_settled(fork)["run"]["outcome"], "completed")
        self.assertEqual(self.notes(east.workspace(fork)), [source, fork])
        wait_until(lambda: not os.listdir(os.path.join(east.state, "forks")) and not east.leftovers(),
                   "nothing to be left of the first copy")


if __name__ == "__main__":
    unittest.main()
