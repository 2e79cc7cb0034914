#!/usr/bin/python3
"""A broker that stands still for longer than a lease, and connections that would take over another one's name."""
import os
import signal
import time
import unittest

import zmq

from harness import SystemTest, key_pair, wait_until
from nodes import NodeTest, phase

WAITER = 'while [ ! -e "$DIR/go" ]; do sleep 0.05; done\n'


class Pause(NodeTest):
    broker_options = ("--lease-ttl", "2000")

    def test_a_pause_of_the_broker_is_not_held_against_its_nodes(self):
        self.node("n1", {"default": WAITER})
        session = self.begin("kept")
        self.until_running(session, "n1")
        for seconds in (3, 5):
            self.broker.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)  # the pause itself
            self.broker.process.send_signal(signal.SIGCONT)
            before = self.admin.call("node.list", {})["nodes"][0]["seen_at"]
            wait_until(lambda: self.admin.call("node.list", {})["nodes"][0]["seen_at"] > before, "a heartbeat")
            self.assertEqual(phase(self.show(session)), "running")
        open(os.path.join(self.directory, "go"), "w", encoding="utf-8").close()
        state = self.until_settled(session)
        self.assertEqual((state["run"]["outcome"], state["run"]["attempt"]), ("completed", 1))


class RoutingId(SystemTest):
    def test_a_name_of_its_own_choice_is_refused(self):
        client = self.client(key_pair())
        client.socket.close(linger=0)
        client.socket = client.context.socket(zmq.DEALER)
        client.socket.setsockopt(zmq.ROUTING_ID, b"chosen")
        client.socket.curve_serverkey, client.socket.curve_publickey, client.socket.curve_secretkey = (
            key.encode() for key in client.keys)
        client.socket.connect(client.endpoint)
        failure = self.refused("invalid_argument", "malformed", client.call, "site.about")
        self.assertIn("routing id", failure["message"])


if __name__ == "__main__":
    unittest.main()
