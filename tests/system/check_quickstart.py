#!/usr/bin/python3
"""Runs deploy/quickstart --auto, and sees that it leaves nothing behind and that README.md shows what it prints.

Each line of that block has to be printed, in that order; a line that ends in … as far as it goes. Ids and seconds differ
each time, and the first node may be either.
"""
import os
import re
import subprocess
import sys

from nodes import processes_with
from test_readme import ROOT, blocks

HOME = os.path.join(os.path.realpath(ROOT), "build", "quickstart")
BLOCK = "1  A broker"


def comparable(line):
    line = re.sub(r"\b[0-9a-z]{20}/", "ID/", line.rstrip())
    return re.sub(r"took \d+ seconds", "took N seconds", line)


def turned(line):
    """With the two nodes in each other's place, but where both are listed."""
    if "nodes up" in line:
        return line
    return re.sub("east|west", lambda found: "west" if found[0] == "east" else "east", line)


def missing(expected, printed):
    """The first line that is not printed after those before it, or None."""
    rest = iter(printed)
    for line in expected:
        fits = (lambda other: other.startswith(line[:-1])) if line.endswith("…") else line.__eq__
        if not any(map(fits, rest)):
            return line
    return None


def main():
    expected = [comparable(line) for line in next(block for block in blocks("README.md") if block[0].startswith(BLOCK))]
    done = subprocess.run([os.path.join(ROOT, "deploy", "quickstart"), "--auto"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False)
    print(done.stdout)
    if done.returncode != 0:
        return f"deploy/quickstart --auto ended with {done.returncode}"
    if os.path.exists(HOME) or processes_with(os.fsencode(HOME)):
        return f"deploy/quickstart --auto has left processes or files of {HOME} behind"
    printed = [comparable(line) for line in done.stdout.splitlines()]
    line = missing(expected, printed)
    if line is not None and missing(expected, list(map(turned, printed))) is None:
        line = None
    if line is not None:
        return f"README.md shows a line that deploy/quickstart does not print there:\n{line}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
