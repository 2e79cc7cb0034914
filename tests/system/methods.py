"""The method table as the tests need it: each method's name, access and effect, and a smallest valid request."""
import os
import re

from harness import read_text

COMMON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "common")
FILL = {"NAME": "none", "SESSION": "none", "SESSIONS": [], "LINE": "none", "TEXT": "none", "UINT": 1, "BYTES": bytes(32), "VALUE": 1, "PAIRS": {}, "TEXTS": []}


LEVELS = ("none", "view", "comment", "decide", "edit", "own")
# What a row's access means beside a session.
BESIDE_A_SESSION = {**{level: level for level in LEVELS}, "known": "view", "read": "view", "operate": "edit"}


ROLES = {
    "open": {"nobody", "guest", "observer", "operator", "node", "admin"},
    "known": {"guest", "observer", "operator", "admin"},
    "read": {"observer", "operator", "admin"},
    "operate": {"operator", "admin"},
    "admin": {"admin"},
    "node": {"node"},
    "internal": set(),
}


class Method:
    def __init__(self, head, fields, words):
        self.name, self.access, self.change = head[1].strip('"'), head[3], head[4] == "change"
        self.inside = fields.split(",", 1)[0].strip()  # run, kin or no
        self.verb, self.path = re.match(r'[^,]*, (\w+), "([^"]*)"', fields).groups()  # path "": not over HTTP
        self.kinds = dict((name, kind) for kind, name in re.findall(r"^    (\w+) \((\w+),", fields, re.M))
        self.plain = False
        self.required, self.needs = {}, {}  # needs: the access to each session that it names
        for kind, name, rest in re.findall(r"^    (\w+) \((\w+), (.*)\)$", fields, re.M):
            if kind in ("SESSION", "SESSIONS"):
                self.needs[name] = re.search("|".join(LEVELS[1:]), rest).group()
            elif name == "session" and self.access in BESIDE_A_SESSION:
                self.needs[name] = BESIDE_A_SESSION[self.access]
                self.plain = True
            if kind == "ENUM" and "required" in rest:
                self.required[name] = words[rest.split(",")[0]]
            elif rest.startswith("required"):
                self.required[name] = FILL[kind]

    def level(self):
        """The highest access that it needs to a session which it must name."""
        return max((LEVELS.index(need) for name, need in self.needs.items() if name in self.required), default=0)

    def roles(self):
        """Who may use it, as far as it is not for a session to say."""
        if self.plain and "session" in self.required:
            return {"guest", "observer", "operator", "admin"}
        return ROLES[self.access]

    def body(self, **values):
        """Every required field, with the values given for those of that name."""
        return {name: values.get(name, value) for name, value in self.required.items()}


def read_methods():
    words = {}
    for enum, word in re.findall(r"ENUM_WORD \((\w+), (\w+)\)", read_text(os.path.join(COMMON, "enums.def"))):
        words.setdefault(enum, word)
    text = re.sub(r"/\*.*?\*/", "", read_text(os.path.join(COMMON, "methods.def")), flags=re.S)
    blocks = re.findall(r"^METHOD \((\w+), ([^,]+), (\w+), (\w+), (\w+),(.*?)^END \(\1\)", text, re.M | re.S)
    return [Method(block[:5], block[5], words) for block in blocks]


METHODS = read_methods()
