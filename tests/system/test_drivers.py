#!/usr/bin/python3
"""docs/drivers.md: its drivers do what it says, and its configuration is one."""
import json
import os
import unittest

from harness import PATIENCE, read_text
from methods import METHODS
from nodes import NodeTest

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "drivers.md")


def block(first):
    """The indented block of the page that begins with that line."""
    lines = iter(read_text(PAGE).splitlines())
    found = [next(line for line in lines if line.startswith("    " + first))]
    for line in lines:
        if line and not line.startswith("    "):
            break
        found.append(line)
    return "\n".join(line[4:] for line in found).rstrip() + "\n"


class Drivers(NodeTest):
    def setUp(self):
        super().setUp()
        self.drivers = {"sh": {"argv": [self.program("sh", block("#!/bin/sh"))]},
                        "together": {"argv": [self.program("together", block("#!/bin/sh -eu"))]},
                        "python": {"argv": [self.program("python", block("#!/usr/bin/python3"))]}}
        self.east = self.node("east", self.drivers)

    def program(self, name, text):
        path = self.path("driver-" + name)
        self.touch("driver-" + name, text)
        os.chmod(path, 0o755)
        return path

    def counted(self):
        """A session of the driver in sh, at its question."""
        folder = self.path("work")
        os.mkdir(folder)
        self.touch("work/a", "1\n2\n3\n")
        session = self.begin("count", driver="sh", workspace=folder)
        self.until(session, lambda s: s.get("breakpoints"), "the question")
        return session

    def vote(self, session, option):
        self.enrolled("alice", "operator").call("breakpoint.vote", {"session": session, "breakpoint": 1,
                                                                    "option": option}, timeout=PATIENCE)
        return self.until(session, lambda s: s["state"] == "terminated", "the end")

    def test_sh(self):
        session = self.counted()
        state = self.vote(session, "approve")
        self.assertEqual([entry["value"] for entry in state["memory"]], [3])
        content = self.admin.call("artifact.get", {"session": session, "name": "lines.txt"})["content"]
        self.assertEqual(content.strip(), b"3")
        self.assertIn("attempt 1 of run 1", self.logs(session))

    def test_not_alone(self):
        session = self.begin("together", driver="together")
        state = self.until(session, lambda s: s["state"] == "terminated", "the end")
        self.assertEqual((state["cause"], state["ended"]["run"], state["ended"]["detail"]), ("completed", 1, "counted"),
                         self.logs(session))
        self.assertEqual([entry["value"] for entry in state["memory"]], [3])
        self.assertEqual(state["budget"]["spent"]["tokens"], 1500)
        self.assertEqual([child["cause"] for child in state["children"]], ["completed"])
        self.assertEqual(self.events(session, "session_handed_off")[0]["run"], 1)

    def test_each_command_of_a_run_is_named(self):
        page = read_text(PAGE)
        for method in METHODS:
            if method.inside != "no":
                self.assertIn("`" + method.name.replace(".", " ", 1) + "`", page)

    def test_sh_refused(self):
        state = self.vote(self.counted(), "reject")
        self.assertNotIn("artifacts", state)

    def test_sh_on_another_host(self):
        """The second attempt neither counts nor asks again."""
        session = self.counted()
        self.node("west", self.drivers)
        self.admin.call("session.migrate", {"session": session, "to": "west"}, timeout=PATIENCE)
        self.until_running(session, "west", attempt=2)
        state = self.vote(session, "approve")
        self.assertEqual((state["run"]["node"], len(state["breakpoints"])), ("west", 1))
        self.assertEqual(len(self.events(session, "memory_set")), 1)

    def test_python(self):
        words = ["session", "run", "breakpoint"]
        session = self.begin("words", driver="python", input=words)
        state = self.until(session, lambda s: s["state"] != "running", "the end")
        self.assertEqual(state["state"], "terminated", self.logs(session))
        self.assertEqual(self.items(session), [f"{word} has {len(word)} letters" for word in words])

    def test_python_stops_at_a_safe_point(self):
        """Suspended in the middle and started again with the same list, it does each word once."""
        words = [f"word{number}" for number in range(200)]
        session = self.begin("words", driver="python", input=words)
        self.until(session, lambda s: s.get("items", 0) > 2, "some words")
        self.admin.call("session.suspend", {"session": session})
        state = self.until_settled(session)
        done = {entry["key"]: entry["value"] for entry in state["memory"]}["done"]
        self.assertEqual((state["items"], state["run"].get("exit_code", 0)), (done, 0), json.dumps(state["run"]))
        self.assertLess(done, len(words))

    def test_its_configuration(self):
        node = self.prepare("all", {})
        with open(node.config, "w", encoding="utf-8") as file:
            file.write(block("slots = 4"))
        node.start()
        found = next(node for node in self.admin.call("node.list")["nodes"] if node["name"] == "all")
        self.assertEqual((found["slots"], found["labels"], found["drivers"]), (4, {"zone": "a"}, ["default"]))


if __name__ == "__main__":
    unittest.main()
