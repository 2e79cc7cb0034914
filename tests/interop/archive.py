"""A reader of archives, written from docs/snapshot.md alone. It needs the program zstd."""
import hashlib
import subprocess

import msgpack

MAGIC = b"\x89BTN\r\n\x1a\n"
HEAD, SNAPSHOT, ANCESTOR, EVENTS, BLOB, TOTALS, SEAL = range(1, 8)
SECTION_MOST, PAGE_MOST, EVENTS_MOST = 8388608, 4194304, 1000

# ---- Ed25519, as in RFC 8032, section 6 ----

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2), 2 * t1 * t2 * D
    g, h = 2 * z1 * z2, (y1 + x1) * (y2 + x2)
    e, f, g, h = h - e, g - f, g + f, h + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    result = (0, 1, 1, 0)
    while number > 0:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def point_of(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        raise ValueError("no point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, message, signature):
    scalar = int.from_bytes(signature[32:], "little")
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = times(scalar, BASE), add(point_of(signature[:32]), times(challenge, point_of(key)))
    return scalar < ORDER and not any((left[i] * right[2] - right[i] * left[2]) % P for i in range(2))


# ---- archives ----


class Bad(Exception):
    """Whatever a reader MUST refuse."""


def check(condition, what):
    if not condition:
        raise Bad(what)


def digest_of(data):
    return hashlib.blake2b(data, digest_size=32)


def unpack_zstd(data):
    return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout


def sections_of(data):
    """Gives kind, content and where the section begins."""
    check(data.startswith(MAGIC), "magic")
    at = len(MAGIC)
    while at < len(data):
        check(at + 12 <= len(data), "cut short")
        kind, packed, zero = data[at], data[at + 1], data[at + 2:at + 4]
        stored, size = (int.from_bytes(data[at + i:at + i + 4], "little") for i in (4, 8))
        content = data[at + 12:at + 12 + stored]
        check(zero == bytes(2) and packed <= 1 and HEAD <= kind <= SEAL and size <= SECTION_MOST, "frame")
        check(len(content) == stored and (stored < size if packed else stored == size), "sizes")
        content = unpack_zstd(content) if packed else content
        check(len(content) == size, "unpacked size")
        yield kind, content, at
        at += 12 + stored


def check_order(kinds):
    check(kinds == sorted(kinds) and kinds[-1:] == [SEAL], "order")
    for once in (HEAD, TOTALS, SEAL):
        check(kinds.count(once) == 1, "once")
    check(kinds.count(SNAPSHOT) <= 1 and EVENTS in kinds, "number")


def check_seal(data, at, key, signature):
    digest = digest_of(data[:at])
    check(signed(key, b"Baton archive 1\0" + digest.digest(), signature), "signature")
    return digest.hexdigest()


class Archive:
    """Everything in it, checked."""

    def __init__(self, data):
        sections = list(sections_of(data))
        check_order([kind for kind, _, _ in sections])
        contents = {kind: [content for found, content, _ in sections if found == kind] for kind in range(1, 8)}
        self.head = msgpack.unpackb(contents[HEAD][0], raw=False)
        check(self.head["least"] <= 1, "version")
        self.digest = check_seal(data, sections[-1][2], self.head["signer"], contents[SEAL][0])
        self.totals = msgpack.unpackb(contents[TOTALS][0], raw=False)
        check(self.totals.get("sections", 0) == len(sections) - 3, "sections between head and totals")
        check(self.totals["bytes"] == sum(len(content) for kind, content, _ in sections if kind < TOTALS), "bytes")
        self.snapshot = self.check_snapshot(contents[SNAPSHOT])
        self.ancestors = self.read_pages(contents[ANCESTOR])
        self.events = self.read_pages(contents[EVENTS])
        check([event["n"] for event in self.events] == list(range(1, self.head["n"] + 1)), "n")
        check({event["session"] for event in self.events} == {self.head["session"]}, "session")
        self.blobs = {content[:32].hex(): content[32:] for content in contents[BLOB]}
        check(len(self.blobs) == len(contents[BLOB]), "each content once")
        for digest, content in self.blobs.items():
            check(digest_of(content).hexdigest() == digest, "digest of a content")

    def check_snapshot(self, found):
        if not found:
            check(self.head["redacted"], "no snapshot")
            return None
        check(digest_of(found[0]).hexdigest() == self.head["snapshot"], "digest of the snapshot")
        return msgpack.unpackb(found[0], raw=False)

    @staticmethod
    def read_pages(pages):
        events = []
        for page in pages:
            rows = msgpack.unpackb(page, raw=False)["events"]
            check(len(page) <= PAGE_MOST and len(rows) <= EVENTS_MOST, "size of a page")
            check(len({row["session"] for row in rows}) == 1, "a page of one session")
            events += rows
        return events
