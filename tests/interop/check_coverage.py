#!/usr/bin/python3
"""docs/seeds-coverage.md: each command that it names is one, and each test that it names is there.

A test is a path in the source tree, with :NAME after it for one function of the file."""
import pathlib
import re
import subprocess
import sys


def check_test(root, name):
    path, _, function = name.partition(":")
    file = root / path
    if not file.is_file():
        return f"there is no {path}"
    if function and not re.search(rf"\b{re.escape(function)}\b", file.read_text(encoding="utf-8")):
        return f"{path} has no {function}"
    return None


def check_command(programs, line):
    words = [word for word in line.split() if re.fullmatch("[a-z][a-z_-]*", word)]
    program, words = words[0], words[1:]
    if not (programs / program).exists():
        return f"there is no program {program}"
    flags = [word.partition("=")[0] for word in line.split() if word.startswith("--")]
    shown = subprocess.run([programs / program, *words[:2], "--help"], capture_output=True, text=True, check=False)
    if shown.returncode != 0:
        return f"{line}: {shown.stderr}"
    missing = [flag for flag in flags if flag not in shown.stdout]
    return f"{line}: its help does not know {missing[0]}" if missing else None


def main(root, programs):
    page = (root / "docs" / "seeds-coverage.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[0].strip() not in ("asked", "---")]
    problems = []
    for asked, how, shown_by in rows:
        commands = re.findall(r"`((?:batond|baton-node|baton)(?: [^`]*)?)`", how)
        tests = re.findall(r"(?:tests|deploy)/[A-Za-z0-9_./:-]+", shown_by)
        if not tests:
            problems.append(f"{asked.strip()}: no test")
        problems += [check_command(programs, command) for command in commands]
        problems += [check_test(root, test) for test in tests]
    problems = [problem for problem in problems if problem]
    print(*problems, sep="\n")
    print(f"{len(rows)} rows, {len(problems)} problems")
    return 1 if problems or not rows else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
