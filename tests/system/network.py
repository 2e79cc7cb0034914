"""Hosts that are network namespaces of their own, joined by links that can be cut; all of it ends with the test.

The test itself moves into a namespace, too, so no address and no device of it is seen outside.
"""
import ctypes
import os
import subprocess
import unittest

from harness import TIED, wait_until

CLONE_NEWNET = 0x40000000
PORT = 7600


def leave_network():
    """Gives this process a network of its own. It must come before its first socket, and can't be undone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.readlink("/proc/self/ns/net") != os.readlink(f"/proc/{os.getppid()}/ns/net"):
        return  # it has left already
    if libc.unshare(CLONE_NEWNET) != 0:
        raise unittest.SkipTest(f"this needs network namespaces, and root: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Host:
    """A namespace that lives as long as a process that sleeps in it."""

    def __init__(self, name):
        self.name = name
        self.process = subprocess.Popen([*TIED, "unshare", "--net", "sleep", "infinity"])
        ours = os.readlink("/proc/self/ns/net")
        wait_until(lambda: self.network() not in (None, ours), f"the network of {name}")
        self.run("ip", "link", "set", "lo", "up")

    def network(self):
        try:
            return os.readlink(f"/proc/{self.process.pid}/ns/net")
        except OSError:
            return None

    @property
    def prefix(self):
        return ["nsenter", "--net", f"--target={self.process.pid}"]

    def run(self, *command):
        subprocess.run([*self.prefix, *command], check=True)

    def close(self):
        self.process.kill()
        self.process.wait()


class Network:
    """Hosts by name, and a link of two addresses between every two that were joined; "" is the test's own host."""

    def __init__(self, *names):
        self.hosts = {name: Host(name) for name in names}
        self.links = {}

    def join(self, one, other):
        """A link of its own; gives the addresses of both ends."""
        number = len(self.links) + 1
        ends = {one: (f"l{number}a", f"10.73.{number}.1"), other: (f"l{number}b", f"10.73.{number}.2")}
        subprocess.run(["ip", "link", "add", ends[one][0], "type", "veth", "peer", "name", ends[other][0]], check=True)
        for name, (device, address) in ends.items():
            if name:
                subprocess.run(["ip", "link", "set", device, "netns", str(self.hosts[name].process.pid)], check=True)
            self.run(name, "ip", "address", "add", address + "/24", "dev", device)
            self.run(name, "ip", "link", "set", device, "up")
        self.links[frozenset((one, other))] = ends
        return ends[one][1], ends[other][1]

    def address(self, host, seen_from):
        return self.links[frozenset((host, seen_from))][host][1]

    def run(self, name, *command):
        if name:
            self.hosts[name].run(*command)
        else:
            subprocess.run(command, check=True)

    def cut(self, one, other):
        """One end goes down: that host is told, the other one only hears nothing more."""
        self.run(one, "ip", "link", "set", self.links[frozenset((one, other))][one][0], "down")

    def heal(self, one, other):
        self.run(one, "ip", "link", "set", self.links[frozenset((one, other))][one][0], "up")

    def close(self):
        """At once; what is inside of the hosts goes with them, a little later."""
        for ends in self.links.values():
            if "" in ends:
                subprocess.run(["ip", "link", "del", ends[""][0]], check=True)
        for host in self.hosts.values():
            host.close()
