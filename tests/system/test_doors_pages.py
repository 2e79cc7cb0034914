#!/usr/bin/python3
"""docs/http.md and docs/monitoring.md: what they tell a newcomer to type does what they say, as it stands."""
import os
import signal
import subprocess
import unittest

from harness import BATON, PATIENCE, SystemTest
from test_readme import blocks


def block(page, start):
    """The page's one block whose first line begins so."""
    found, = [lines for lines in blocks(page) if lines[0].startswith(start)]
    return found


class DoorsPages(SystemTest):
    broker_options = ("--http", "127.0.0.1:0")

    def script(self, lines):
        """A shell's script of the lines, with the broker's address for the one that the pages have."""
        return "\n".join(["set -e", *lines]).replace("http://127.0.0.1:7680", self.admin.call("site.about")["http"])

    def environment(self):
        return {**os.environ, "PATH": f"{os.path.dirname(BATON)}:{os.environ['PATH']}", "HOME": self.directory,
                "BATON_CONTEXT": self.broker.context}

    def run_lines(self, lines):
        done = subprocess.run(["bash", "-c", self.script(lines)], env=self.environment(), cwd=self.directory, text=True,
                              capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_first_requests(self):
        with subprocess.Popen(["bash", "-c", self.script(block("docs/http.md", "TOKEN=$("))], env=self.environment(),
                              cwd=self.directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              start_new_session=True) as shell:
            self.addCleanup(lambda: shell.poll() is None and os.killpg(shell.pid, signal.SIGKILL))
            said = ""
            for line in shell.stdout:
                said += line
                if "baton.memory_set" in line:
                    break
            os.killpg(shell.pid, signal.SIGTERM)
        self.assertIn('"n":2', said)
        self.assertIn('"memory":[{"key":"rate","n":2,"value":0.19}]', said)
        self.assertNotIn("urn:baton:problem", said)

    def test_what_prometheus_reads_with(self):
        invite, *rest = block("docs/monitoring.md", "baton invite prometheus")
        invitation = self.run_lines([invite]).strip()
        self.run_lines([line.replace("INVITATION", invitation) for line in rest])
        scrape = 'curl -sS --fail -H "Authorization: Bearer $(cat baton.token)" http://127.0.0.1:7680/metrics'
        self.assertIn("baton_build_info", self.run_lines([scrape]))
        self.assertEqual(self.admin.call("token.list")["tokens"][0]["who"], "prometheus")


if __name__ == "__main__":
    unittest.main()
