#!/usr/bin/python3
"""README.md and docs/ say what is there: commands are run as they stand, names and links are looked up.

What a reader replaces is replaced here: TOKEN, addresses, /srv/payroll, and `east` by the name of the second node. Each
host of the story is a home of its own below a temporary directory. The run's commands are run by the run's driver.
"""
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from harness import BATON, BATOND, PATIENCE, TIED, Readiness, read_text, wait_until
from nodes import BATON_NODE, processes_with

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PROGRAMS = {"batond": BATOND, "baton-node": BATON_NODE, "baton": BATON}


def blocks(page):
    """The indented blocks of a page, each a list of lines."""
    found, inside = [], False
    for line in read_text(os.path.join(ROOT, page)).splitlines():
        if line.startswith("    "):
            if not inside:
                found.append([])
            found[-1].append(line[4:])
        inside = line.startswith("    ")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Readme(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="baton-readme-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.addCleanup(self.end_all)
        self.daemons = []
        address = f"127.0.0.1:{free_port()}"
        self.replaced = {"0.0.0.0:7600": address, "10.0.0.4:7600": address, "10.0.0.5:7601": "127.0.0.1:*",
                         "/srv/payroll": os.path.join(self.directory, "payroll")}
        self.agent_said = os.path.join(self.directory, "agent")

    def end_all(self):
        while pids := processes_with(os.fsencode(f"HOME={self.directory}/")):
            for pid in pids:
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
        for daemon in self.daemons:
            daemon.wait(PATIENCE)

    # ---- hosts ----

    def environment(self, host):
        home = os.path.join(self.directory, host)
        os.makedirs(os.path.join(home, "run"), mode=0o700, exist_ok=True)
        path = [os.path.join(self.directory, "bin"), *map(os.path.dirname, PROGRAMS.values()), os.environ["PATH"]]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("BATON", "XDG_"))}
        return home, {**clean, "HOME": home, "XDG_RUNTIME_DIR": home + "/run", "PATH": ":".join(path)}

    def command(self, line):
        for text, other in self.replaced.items():
            line = line.replace(text, other)
        return line

    def run_at(self, host, line):
        """Runs a line of the page, which must succeed, and gives what it printed."""
        home, environment = self.environment(host)
        done = subprocess.run(["bash", "-c", self.command(line)], cwd=home, env=environment, capture_output=True,
                              text=True, timeout=2 * PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
        return done.stdout

    def follow_at(self, host, line, meanwhile=lambda: None):
        """Runs a line that doesn't end by itself until it has printed something; something happens meanwhile."""
        home, environment = self.environment(host)
        with subprocess.Popen([*TIED, "bash", "-c", "exec " + self.command(line)], cwd=home, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            deadline = time.monotonic() + PATIENCE
            while not select.select([process.stdout], [], [], 0.2)[0] and time.monotonic() < deadline:
                meanwhile()
            first = process.stdout.readline() if time.monotonic() < deadline else ""
            process.terminate()
        self.assertNotIn("baton: ", first, line)
        self.assertNotEqual(first, "", line)

    def start_at(self, host, line):
        home, environment = self.environment(host)
        readiness = Readiness(home)
        log = os.path.join(home, "log")
        with open(log, "ab") as file:
            process = subprocess.Popen([*TIED, "bash", "-c", "exec " + self.command(line)], cwd=home, stdout=file,
                                       stderr=file, env={**environment, "NOTIFY_SOCKET": readiness.path})
        self.daemons.append(process)
        ready = readiness.wait(process)
        readiness.close()
        self.assertTrue(ready, f"{line}\n{read_text(log)}")

    # ---- the blocks, in the order of the page ----

    def programs(self, lines):
        self.assertEqual([line.split()[0] for line in lines], list(PROGRAMS))
        for name in PROGRAMS:
            self.assertIn("baton", self.run_at("broker", f"{name} --help"))

    def elsewhere(self, lines):
        """What check_quickstart.py runs, and what runs this test."""
        for line in lines:
            self.assertTrue(os.access(os.path.join(ROOT, line.split()[0]), os.X_OK), line)

    def output(self, lines):
        """Compared with what the quickstart prints by check_quickstart.py."""
        self.assertIn("1  A broker", lines[0])

    def broker(self, lines):
        for line in lines:
            self.start_at("broker", line)

    def joining(self, lines, name="alice"):
        invite, join = (line.replace("alice", name).replace("east", name) for line in lines)
        token = self.run_at("broker", invite).strip()
        self.assertRegex(token, r"^baton1\.[\w-]+$")
        self.run_at(name, join.replace("TOKEN", token))

    def configuration(self, lines):
        """Each node has the page's configuration; its driver is the agent that the page calls `my-agent`."""
        for name in ("east", "west"):
            with open(os.path.join(self.environment(name)[0], "node.conf"), "w", encoding="utf-8") as file:
                file.write(self.command("\n".join(lines)) + "\n")
        os.makedirs(os.path.join(self.directory, "bin"))
        agent = os.path.join(self.directory, "bin", "my-agent")
        with open(agent, "w", encoding="utf-8") as file:
            file.write("#!/bin/bash\necho attempt $BATON_ATTEMPT\n"
                       '[ "$PWD" = "$BATON_WORKSPACE" ] && [ "$BATON_OBJECTIVE" = "Monthly payroll" ] && '
                       f'jq . "$BATON_INPUT"\necho "environment exit $?" >> {self.agent_said}\n')
            for number, line in enumerate(self.page["inside"]):
                file.write(f'{line}\necho "{number} exit $?" >> {self.agent_said}\n')
        os.chmod(agent, 0o755)

    def node(self, lines, name="east"):
        self.joining(lines[:2], name)
        self.start_at(name, lines[2].replace("east", name))

    def session(self, lines):
        os.makedirs(self.replaced["/srv/payroll"])
        for line in lines:
            if line.endswith(" -f"):
                self.follow_at("alice", line)
            else:
                self.run_at("alice", line)

    def said(self, number):
        return f"{number} exit 0" in self.agent_heard()

    def agent_heard(self):
        return read_text(self.agent_said).splitlines() if os.path.exists(self.agent_said) else []

    def inside(self, lines):
        """The driver is at them; the question waits for the operators."""
        self.ask = next(number for number, line in enumerate(lines) if "breakpoint ask" in line)
        wait_until(lambda: self.said(self.ask - 1), "the run to come to its question")
        self.assertEqual([line for line in self.agent_heard() if not line.endswith(" 0")], [])

    def operators(self, lines):
        self.node(self.page["node"], "west")
        wait_until(lambda: "payroll" in self.run_at("alice", "baton breakpoint list"), "the breakpoint")
        for line in lines:
            if line == "baton events":
                # All that was asked for before may be over when it begins to follow.
                self.follow_at("alice", line, lambda: self.run_at("alice", "baton item append payroll user hello"))
            else:
                self.run_at("alice", line)
        self.joining(self.page["joining"], "bob")
        self.run_at("bob", next(line for line in lines if "vote" in line))
        self.run_at("alice", "baton session wait payroll --until terminated --timeout 30s")
        self.assertTrue(self.said(self.ask), "the question was not answered with approval")
        self.assertEqual([line for line in self.agent_heard() if not line.endswith(" 0")], [])
        self.assertIn('"node": "west"', self.run_at("alice", "baton run list payroll -o json"))

    STEPS = (("batond  ", "programs"), ("deploy/quickstart", "elsewhere"), ("1  A broker", "output"),
             ("batond --state", "broker"), ("baton invite alice", "joining"), ("slots", "configuration"),
             ("baton invite east", "node"), ("baton session create", "session"), ("baton memory set", "inside"),
             ("baton breakpoint list", "operators"), ("tests/run", "elsewhere"))

    def test_its_commands(self):
        page = blocks("README.md")
        self.assertEqual([block[0].startswith(start) for block, (start, _) in zip(page, self.STEPS)],
                         [True] * len(self.STEPS), "README.md has other blocks than this test knows")
        self.assertEqual(len(page), len(self.STEPS))
        self.page = {step: block for block, (_, step) in zip(page, self.STEPS)}
        for block, (_, step) in zip(page, self.STEPS):
            getattr(self, step)(block)

    def test_its_paths(self):
        for path in re.findall(r"(?:tests|docs|deploy)/[\w./-]*\w", read_text(os.path.join(ROOT, "README.md"))):
            self.assertTrue(os.path.exists(os.path.join(ROOT, path)), path)


def quoted(page):
    return re.findall(r"`([^`\n]+)`", read_text(os.path.join(ROOT, page)))


class Tour(unittest.TestCase):
    """Whatever docs/tour.md names in quotes is there: files and folders anywhere in the tree, functions in the sources.

    A file named alone is one of the room that its paragraph is about; it is looked for everywhere.
    """

    @classmethod
    def setUpClass(cls):
        cls.paths, cls.text = set(), []
        for room in ("include", "common", "broker", "agent", "tests", "deploy", "docs"):
            for folder, _, files in os.walk(os.path.join(ROOT, room)):
                below = os.path.relpath(folder, ROOT)
                cls.paths.update((below, *(os.path.join(below, name) for name in files)))
                cls.text += [read_text(os.path.join(folder, name)) for name in files if name.endswith((".c", ".h", "CMakeLists.txt"))]
        cls.paths.update(os.listdir(ROOT))
        cls.text = "\n".join([*cls.text, read_text(os.path.join(ROOT, "CMakeLists.txt"))])

    def has_path(self, name):
        pattern = re.compile(r"(?:.*/)?" + re.escape(name.rstrip("/")).replace(r"\*", "[^/]*") + "$")
        return any(map(pattern.match, self.paths))

    def test_paths(self):
        named = [word for word in quoted("docs/tour.md") if re.fullmatch(r"[\w.*/-]+", word) and
                 re.search(r"/|\.(c|h|def|md|txt|py)$", word)]
        named += re.findall(r"\bdocs/\w+\.md", read_text(os.path.join(ROOT, "docs/tour.md")))
        self.assertGreater(len(named), 30)
        self.assertEqual([word for word in named if not self.has_path(word)], [])

    def test_the_map(self):
        """Its first block: the rooms, those below others indented."""
        above = {}
        for line in blocks("docs/tour.md")[0]:
            name = line.split()[0]
            depth = (len(line) - len(line.lstrip())) // 2
            above[depth] = above.get(depth - 1, "") + name if depth else name
            self.assertTrue(os.path.isdir(os.path.join(ROOT, above[depth])), line)

    def test_functions(self):
        """Anything else that looks like a name of C: a function, a type or a limit."""
        named = [word for word in quoted("docs/tour.md") if re.fullmatch(r"[A-Za-z]\w+", word)]
        self.assertGreater(len(named), 5)
        self.assertEqual([word for word in named if not re.search(rf"\b{word}\b", self.text) and
                          not self.has_path(word)], [])


class Links(unittest.TestCase):
    """Pages refer to each other by sections that are there."""

    def test_docs(self):
        folder = os.path.join(ROOT, "docs")
        texts = {name: read_text(os.path.join(folder, name)) for name in os.listdir(folder) if name.endswith(".md")}
        sections = {name: {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
                           for title in re.findall(r"^#+ (.*)$", text, re.M)} for name, text in texts.items()}
        for page, text in texts.items():
            for other, section in re.findall(r"\]\(([\w.]*)(?:#([\w-]+))?\)", text):
                found = sections.get(other or page, set())
                self.assertTrue(section in found or (found and not section), f"{page}: {other}#{section}")


if __name__ == "__main__":
    unittest.main()
