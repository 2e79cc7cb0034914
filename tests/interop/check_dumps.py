#!/usr/bin/python3
"""Checks that the frames in docs/protocol.md and docs/snapshot.md read as the JSON below each of them says.

An independent msgpack decoder reads the bytes; test_protocol_dumps.c checks the same bytes with Baton's own."""
import json
import pathlib
import re
import sys

import msgpack


def readable(value):
    """Bytes have no JSON form: the documents show them as {"bin": HEX}."""
    if isinstance(value, bytes):
        return {"bin": value.hex()}
    if isinstance(value, dict):
        return {key: readable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [readable(inner) for inner in value]
    return value


def check_block(page, block):
    checked, data, claim = 0, b"", ""
    for line in block.splitlines() + ["-- end"]:
        if line.startswith("== "):
            claim += line[3:]
        elif line.startswith("-- "):
            if claim:
                got, wanted = readable(msgpack.unpackb(data, raw=False)), json.loads(claim)
                if got != wanted:
                    sys.exit(f"{page}: {data.hex()} reads as {json.dumps(got)}, not {claim}")
                checked += 1
            data, claim = b"", ""
        elif not line.startswith("## "):
            data += bytes.fromhex(line.split("|")[0])
    return checked


def main():
    checked = 0
    for page in ("protocol.md", "snapshot.md"):
        text = (pathlib.Path(sys.argv[1]) / page).read_text(encoding="utf-8")
        for block in re.findall(r"^```frames\n(.*?)^```$", text, re.M | re.S):
            checked += check_block(page, block)
    if checked < 11:
        sys.exit(f"only {checked} frames found")
    print(f"{checked} frames read as they should")


main()
