"""Terminals that people sit at: tmux has them, and tells what is on the screen."""
import os
import re
import subprocess

from harness import BATON, PATIENCE, wait_until

PROGRAMS = os.path.dirname(BATON)


class Terminal:
    """A shell in a terminal of its own, with a person's context."""

    count = 0

    def __init__(self, test, context, columns=80, rows=24, **environment):
        Terminal.count += 1
        self.socket = os.path.join(test.directory, f"tmux{Terminal.count}")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "env", "-u", "NO_COLOR",
                  f"BATON_CONTEXT={context}", "PS1=ready$ ", f"PATH={PROGRAMS}:{os.environ.get('PATH', '/usr/bin:/bin')}",
                  "LANG=C.UTF-8", *(f"{name}={value}" for name, value in environment.items()), "sh")
        test.addCleanup(self.close)
        self.shows("ready")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *words], capture_output=True, text=True, check=False,
                              timeout=PATIENCE, env={**os.environ, "LANG": "C.UTF-8"})
        return done.stdout

    def close(self):
        """As when the window is closed."""
        self.tmux("kill-server")

    def type(self, *keys):
        """Words are typed as they are; those that name a key (Enter, C-c, Down) press it."""
        for key in keys:
            named = re.fullmatch(r"[CM]-.|[A-Z][a-zA-Z]+", key) is not None
            self.tmux("send-keys", *([] if named else ["-l"]), key)

    def run(self, command):
        self.type(command, "Enter")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def shows(self, *patterns):
        """Waits until each pattern is somewhere on the screen, and gives the screen."""
        last = [""]

        def look():
            last[0] = self.screen()
            return all(re.search(pattern, last[0], re.MULTILINE) for pattern in patterns) and last[0]

        try:
            return wait_until(look, "", pause=0.03)
        except AssertionError:
            raise AssertionError(f"the terminal never showed {patterns}, but:\n{last[0]}") from None

    def hides(self, pattern):
        return wait_until(lambda: not re.search(pattern, self.screen(), re.MULTILINE), f"{pattern} to go", pause=0.03)
