#!/usr/bin/python3
"""Trees of sessions: children from inside a run, what each end sees of the other, cancelling, breakpoints at the root."""
import itertools
import json
import threading
import unittest

from harness import PATIENCE, wait_until, whole_log
from nodes import WORDS, NodeTest

PARENT = WORDS + """
DUMP "env-$BATON_SESSION"
first=$(baton session spawn "First" --objective "count" --driver child --activate -o name)
baton session spawn "Second" --driver child --activate -o name > /dev/null
WAIT go
baton session children --wait -o json > "$DIR/children"
baton session show "$first" -o json > "$DIR/first"
baton artifact get "$first" result | baton memory set result -
baton session complete
"""
CHILD = WORDS + """
echo "\\"$BATON_OBJECTIVE\\"" | baton artifact put result -
baton breakpoint ask --key end --title "End $BATON_SESSION?" --wait
baton session complete --detail done
"""


class Family(NodeTest):
    def setUp(self):
        super().setUp()
        self.east = self.node("east", {"default": PARENT, "child": CHILD, "wait": WORDS + "WAIT never\n",
                                       "held": WORDS + 'DUMP "env-$BATON_SESSION"; WAIT never\n'}, slots=16)

    def children(self, session):
        return self.admin.call("session.children", {"session": session}).get("children", [])

    def until_children(self, session, condition):
        return self.until(session, lambda s: condition(s.get("children", [])), "its children")["children"]

    def family(self):
        """A root with two children, the first with one of its own; all run."""
        root = self.begin("root", driver="wait")
        child, other = self.begin("child", parent=root, driver="wait"), self.begin("other", parent=root, driver="wait")
        grandchild = self.begin("grandchild", parent=child, driver="wait")
        for session in (root, child, other, grandchild):
            self.until_running(session)
        return root, child, other, grandchild

    def test_a_run_and_its_children(self):
        root = self.begin("root")
        children = self.until_children(root, lambda c: [child.get("breakpoints") for child in c] == [1, 1])
        self.assertEqual([child["title"] for child in children], ["First", "Second"])
        self.assertEqual({event["run"] for event in self.events(root, "child_spawned")}, {1})
        # What the children ask is seen at the root, and can be answered from there.
        found = self.admin.call("breakpoint.list", {"session": root})["breakpoints"]
        self.assertEqual({view["session"] for view in found}, {child["session"] for child in children})
        told = self.events(root, "child_breakpoint")
        self.assertEqual({(event["body"]["child"], event["body"]["state"]) for event in told},
                         {(child["session"], "open") for child in children})
        # The run sees its children and nobody else's, and changes none of them.
        run = self.local(f"env-{root}")
        stranger = self.create("stranger")
        self.assertEqual(run.call("session.show", {"session": children[0]["session"]})["parent"], root)
        for method, session, body in [("session.show", stranger, {}), ("artifact.get", stranger, {"name": "result"}),
                                      ("session.log", children[0]["session"], {}),
                                      ("memory.set", children[0]["session"], {"key": "k", "value": 1}),
                                      ("session.spawn", children[0]["session"], {"title": "x"})]:
            with self.subTest(method):
                self.refused("permission_denied", "not_your_session", run.call, method, {"session": session, **body})
        self.touch("go")
        for view in found:
            self.admin.call("breakpoint.vote", {"session": view["session"], "breakpoint": 1, "option": "approve"})
        self.until(root, lambda s: s["state"] == "terminated", "the root to end")
        self.assertEqual(self.show(root)["memory"][0]["value"], "count", self.logs(root))
        page = json.loads(self.wait_file("children"))
        self.assertEqual([(child["state"], child["cause"]) for child in page["children"]],
                         [("terminated", "completed")] * 2)
        self.assertEqual(json.loads(self.wait_file("first"))["objective"], "count")
        self.assertEqual([event["body"]["state"] for event in self.events(root, "child_breakpoint")],
                         ["open", "open", "decided", "decided"])

    def test_cancelling_a_tree(self):
        root, child, other, grandchild = self.family()
        self.assertEqual(self.show(grandchild)["root"], root)
        before = len(whole_log(self.admin))
        dry = self.admin.call("session.cancel", {"session": root, "tree": True, "dry_run": True})
        self.assertEqual([row["session"] for row in dry["tree"]], [grandchild, child, other, root])
        self.assertEqual(len(whole_log(self.admin)), before)
        self.refused("aborted", "version_mismatch", self.admin.call, "session.cancel", {"session": root, "tree": True},
                     if_n=1)
        self.assertEqual(len(whole_log(self.admin)), before)
        shown = self.baton("session", "cancel", child, "--tree").splitlines()
        self.assertEqual([line.split()[0] for line in shown[1:]], [grandchild, child])
        self.assertEqual([self.show(session)["state"] for session in (root, child, other, grandchild)],
                         ["running", "terminated", "running", "terminated"])
        self.assertEqual([(row["state"], row.get("alive", 0)) for row in self.children(root)],
                         [("terminated", 0), ("running", 1)])
        ended = self.admin.call("session.cancel", {"session": root, "tree": True, "detail": "enough"})
        self.assertEqual(([row["session"] for row in ended["tree"]], ended["state"]), ([other, root], "terminated"))
        self.assert_clean(self.east)

    def test_children_go_on_without_their_parent(self):
        root, child, other, grandchild = self.family()
        self.admin.call("session.complete", {"session": child})
        self.assertEqual(self.show(grandchild)["parent_ended"], "completed")
        self.assertEqual(self.show(grandchild)["state"], "running")
        row = self.children(root)[0]
        self.assertEqual((row["state"], row["alive"]), ("terminated", 1))
        # Who follows the root hears of the grandchild still, and ends it with the tree.
        self.admin.call("breakpoint.ask", {"session": grandchild, "key": "k", "title": "Go on?"})
        self.assertEqual([view["session"] for view in
                          self.admin.call("breakpoint.list", {"session": root})["breakpoints"]], [grandchild])
        # The root ends, too; what is left below it ends with one command all the same, once.
        self.admin.call("session.cancel", {"session": root})
        self.refused("aborted", "version_mismatch", self.admin.call, "session.cancel", {"session": root, "tree": True},
                     if_n=1)
        ended = self.admin.call("session.cancel", {"session": root, "tree": True})
        self.assertEqual([row["session"] for row in ended["tree"]], [grandchild, other])
        self.assertEqual((ended["session"], ended["state"]), (root, "terminated"))
        self.refused("failed_precondition", "wrong_state", self.admin.call, "session.cancel",
                     {"session": root, "tree": True})

    def run_of(self, session):
        self.until_running(session)
        return self.local(f"env-{session}")

    def test_what_runs_make_beside_their_tree(self):
        """Forks and follow-ups that runs make are for whom their sessions are for, and count at the root, all together."""
        self.enrolled("ada", "operator")
        root = self.create("root")
        child = self.begin("child", parent=root, driver="held")
        self.admin.call("session.transfer", {"session": child, "owner": "ada"})
        run = self.run_of(child)
        # Handed over while the broker is killed: the node keeps it, and it happens once.
        self.broker.kill()
        answers = []
        caller = threading.Thread(target=lambda: answers.append(run.call(
            "session.handoff", {"create": "Next", "activate": True}, timeout=PATIENCE, key="handed-once")))
        caller.start()
        self.broker.start()
        caller.join()
        follow = self.show(answers[0]["created"])
        self.broker.kill()
        self.broker.start()
        self.assertEqual(run.call("session.handoff", {"create": "Next", "activate": True}, timeout=PATIENCE,
                                  key="handed-once"), answers[0])
        self.assertEqual((follow["title"], follow["audience"]["owner"], follow["stem"], follow["cause"]),
                         ("Next", "ada", root, "waiting"))
        self.assertEqual(follow["follows"]["session"], child)
        self.assertEqual([(row["session"], row["alive"]) for row in self.show(root)["offshoots"]],
                         [(follow["session"], 1)])
        # A fork's run forks, too: what both make counts at the same root.
        fork = run.call("session.fork", {"at": 1, "activate": True})["session"]
        made = self.run_of(fork).call("session.fork", {"at": 1})["session"]
        self.assertEqual(self.show(made)["stem"], root)
        for _ in range(256 - 3):
            run.call("session.fork", {"at": 1})
        self.assertEqual(len(self.show(root)["offshoots"]), 256)
        for session in (child, fork):
            speaker = self.local(f"env-{session}")
            self.refused("resource_exhausted", "family_full", speaker.call, "session.fork", {"at": 1})
            self.refused("resource_exhausted", "family_full", speaker.call, "session.handoff", {"create": "More"})
            speaker.call("session.handoff", {})
        self.admin.call("session.fork", {"session": child, "at": 1})  # people may
        self.admin.call("session.cancel", {"session": made})
        run.call("session.fork", {"at": 1})
        # The child's end lets what follows it go on.
        run.call("session.complete", {})
        self.until_running(follow["session"])

    def test_limits_and_wrong_parents(self):
        self.refused("not_found", "no_such_session", self.create, "x", parent="0" * 20)
        ended = self.create("ended")
        self.admin.call("session.cancel", {"session": ended})
        self.refused("failed_precondition", "wrong_state", self.create, "x", parent=ended)
        session = self.create("level 0")
        for level in range(1, 9):
            session = self.create(f"level {level}", parent=session)
        self.assertEqual(self.show(session)["level"], 8)
        self.refused("failed_precondition", "family_full", self.create, "too deep", parent=session)

    def test_a_killed_broker_has_both_sides_or_none(self):
        """Children are made and ended while the broker is killed: a parent's rows tell what the children's journals do."""
        root, made = self.create("root"), []

        def work():
            client = self.client()
            for number in itertools.count():
                if self.stopping:
                    return
                answer = client.call("session.create", {"title": str(number), "parent": root}, timeout=2 * PATIENCE,
                                     resend=0.2, key=f"make-{number}")
                made.append(answer["session"])
                client.call("session.complete", {"session": answer["session"]}, timeout=2 * PATIENCE, resend=0.2,
                            key=f"end-{number}")

        self.stopping = False
        worker = threading.Thread(target=work)
        worker.start()
        for _ in range(10):
            before = len(made)
            wait_until(lambda: len(made) > before + 3, "the worker to go on")
            self.broker.kill()
            self.broker.start()
        self.stopping = True
        worker.join()
        log = whole_log(self.admin)
        births = [event["session"] for event in log if event["kind"] == "session_created" and event["session"] != root]
        ends = [event["session"] for event in log if event["kind"] == "session_terminated"]
        spawned = [event["body"]["child"] for event in log if event["kind"] == "child_spawned"]
        told = [event["body"]["child"]["session"] for event in log if event["kind"] == "child_changed"]
        self.assertEqual((births, ends, spawned, told), (made, made, made, made))
        self.assertEqual({row["state"] for row in self.children(root)}, {"terminated"})


if __name__ == "__main__":
    unittest.main()
