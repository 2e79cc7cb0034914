#!/usr/bin/python3
"""What a folder is part of, told by the command line against repositories that git itself has made."""
import json
import os
import subprocess
import unittest

from harness import BATON, PATIENCE, SystemTest


class Detect(SystemTest):
    def setUp(self):
        super().setUp()
        self.top = os.path.join(self.directory, "src")
        self.git("init", "-q", "-b", "main", self.top)
        self.put("src/Cargo.toml", "[workspace]\nmembers = ['crates/*']\n")
        self.put("src/crates/core/Cargo.toml", "[package]\nname = 'core'\n")
        self.put("src/crates/core/src/lib.rs", "")
        self.git("-C", self.top, "add", ".")
        self.git("-C", self.top, "commit", "-q", "-m", "Begin")

    def git(self, *words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always",
                        *words], check=True, capture_output=True, timeout=PATIENCE)

    def put(self, path, text):
        path = os.path.join(self.directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run_in(self, folder, *words):
        done = subprocess.run([BATON, *words, "-o", "json"], cwd=folder, capture_output=True, text=True,
                              timeout=PATIENCE, check=False,
                              env={**os.environ, "HOME": self.directory, "BATON_CONTEXT": self.broker.context})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_detect(self):
        report = self.run_in(os.path.join(self.top, "crates/core/src"), "workspace", "detect")
        self.assertEqual((report["root"], report["kind"], report["vcs"]["branch"]), (self.top, "cargo", "main"))
        self.assertEqual(report["project"]["root"], self.top + "/crates/core")
        self.assertEqual([member["path"] for member in report["workspaces"][0]["members"]], ["crates/core"])
        tree = os.path.join(self.directory, "tree")
        self.git("-C", self.top, "worktree", "add", "-q", "-b", "fix", tree)
        vcs = self.run_in(tree, "workspace", "detect")["vcs"]
        self.assertEqual((vcs["root"], vcs["branch"], vcs["worktree"], vcs["repository"]),
                         (tree, "fix", True, self.top + "/.git"))
        outer = os.path.join(self.directory, "outer")
        self.git("init", "-q", outer)
        self.git("-C", outer, "submodule", "add", "-q", self.top, "part")
        vcs = self.run_in(os.path.join(outer, "part/crates"), "workspace", "detect")["vcs"]
        self.assertEqual((vcs["root"], vcs["submodule"], vcs["superproject"]), (outer + "/part", True, outer))
        bare = os.path.join(self.directory, "bare.git")
        self.git("clone", "-q", "--bare", self.top, bare)
        done = subprocess.run([BATON, "workspace", "detect", bare], capture_output=True, text=True, timeout=PATIENCE)
        self.assertIn("is a bare git repository, without files to work with", done.stderr)

    def test_here(self):
        session = self.run_in(os.path.join(self.top, "crates/core"), "session", "create", "Here", "--here",
                              "--label", "project=mine")["session"]
        state = self.admin.call("session.show", {"session": session})
        self.assertEqual((state["workspace"], state["labels"]), (self.top, {"project": "mine", "vcs": "git"}))


if __name__ == "__main__":
    unittest.main()
