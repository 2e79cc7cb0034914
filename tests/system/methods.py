"""The method table as the tests need it: each method's name, access and effect, and a smallest valid request."""
import os
import re

from harness import read_text

COMMON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "common")
FILL = {"NAME": "none", "LINE": "none", "TEXT": "none", "UINT": 1, "BYTES": b"", "VALUE": 1, "PAIRS": {}, "TEXTS": []}


class Method:
    def __init__(self, head, fields, words):
        self.name, self.access, self.change = head[1].strip('"'), head[3], head[4] == "change"
        self.required = {}
        for kind, name, rest in re.findall(r"^    (\w+) \((\w+), (.*)\)$", fields, re.M):
            if kind == "ENUM" and "required" in rest:
                self.required[name] = words[rest.split(",")[0]]
            elif rest.startswith("required"):
                self.required[name] = FILL[kind]

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
