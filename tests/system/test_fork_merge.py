#!/usr/bin/python3
"""Forks and merges: what is inherited, compared and merged, and that two journals tell the same after any kill."""
import json
import subprocess
import sys
import unittest

from harness import PATIENCE, SystemTest, wait_until, whole_log


class ForkMerge(SystemTest):
    def create(self, title, **fields):
        return self.admin.call("session.create", {"title": title, **fields})["session"]

    def fork(self, session, **fields):
        return self.admin.call("session.fork", {"session": session, **fields})["session"]

    def merge(self, source, into, **fields):
        return self.admin.call("session.merge", {"from": source, "into": into, **fields}, timeout=PATIENCE)

    def show(self, session, **fields):
        return self.admin.call("session.show", {"session": session, **fields})

    def remember(self, session, **keys):
        for key, value in keys.items():
            self.admin.call("memory.set", {"session": session, "key": key, "value": value})

    def memory(self, session):
        return {row["key"]: row["value"] for row in self.show(session).get("memory", [])}

    def say(self, session, text):
        self.admin.call("item.append", {"session": session, "role": "user", "text": text})

    def items(self, session, **fields):
        """Texts and origins of all items, read page by page."""
        found, last, more = [], 0, True
        while more:
            page = self.admin.call("item.list", {"session": session, "after": last, "limit": 2, **fields})
            found += [(item["parts"][0]["text"], item.get("session"), item.get("merged", False))
                      for item in page.get("items", [])]
            last, more = page["last"], page.get("more", False)
        return found

    def context(self, session):
        """The texts of a context; how many items and tokens the state says there are is what is read."""
        rendered = self.admin.call("context.render", {"session": session, "format": "json"})
        window = self.show(session)["window"]
        self.assertEqual((rendered["items"], rendered.get("tokens", 0)), (window["items"], window.get("tokens", 0)))
        return [part["text"] for item in json.loads(rendered["content"]) for part in item["parts"]]

    def test_a_branch_comes_in_as_it_shows_itself(self):
        source = self.create("source")
        self.say(source, "inherited")
        cleared, compacted, pinned = self.fork(source), self.fork(source), self.fork(source)
        self.say(source, "own")
        self.say(cleared, "out of sight")
        self.admin.call("context.clear", {"session": cleared})
        self.say(cleared, "kept")
        self.say(compacted, "told")
        self.say(compacted, "retold")
        self.admin.call("session.compact", {"session": compacted, "summary": "the gist", "keep_last": 1})
        self.say(pinned, "not to forget")
        place = self.admin.call("item.list", {"session": pinned})["items"][-1]["n"]
        self.admin.call("item.pin", {"session": pinned, "item": place})
        self.say(pinned, "forgotten")
        self.admin.call("context.clear", {"session": pinned})
        nothing = self.fork(source)
        self.say(nothing, "never mind")
        self.admin.call("context.clear", {"session": nothing})

        self.merge(cleared, source)
        self.assertEqual(self.context(source), ["inherited", "own", "kept"])
        self.say(source, "after")
        self.merge(compacted, source)
        shown = ["inherited", "own", "kept", "after", "the gist", "retold"]
        self.assertEqual([text.split("\n")[-1] for text in self.context(source)], shown)
        self.merge(pinned, source)
        self.merge(nothing, source)
        self.say(source, "last")
        self.assertEqual([text.split("\n")[-1] for text in self.context(source)], shown + ["not to forget", "last"])
        hidden = {item["parts"][0]["text"] for item in self.admin.call("item.list", {"session": source})["items"]
                  if item.get("hidden")}
        self.assertEqual(hidden, {"out of sight", "told", "forgotten", "never mind"})

        # What comes after goes on from it: forks, a branch of a branch, what is compacted over it, and its undoing.
        before = self.context(source)
        fork = self.fork(source)
        self.assertEqual(self.context(fork), before)
        self.admin.call("session.compact", {"session": source, "summary": "all", "keep_last": 1})
        self.assertEqual(len(self.context(source)), 2)
        self.admin.call("session.uncompact", {"session": source})
        self.assertEqual(self.context(source), before)
        self.say(source, "more")
        self.admin.call("context.clear", {"session": source})
        self.say(source, "anew")
        self.merge(source, fork, keep=True)
        self.assertEqual(self.context(fork), before + ["anew"])
        self.broker.kill()
        self.broker.start()
        self.admin = self.client()
        self.assertEqual(self.context(fork), before + ["anew"])
        self.assertEqual(self.context(source), ["anew"])

    def test_forks(self):
        source = self.create("source", labels={"team": "red"})
        self.say(source, "one")
        self.remember(source, color="red")
        early = self.show(source)["n"]
        self.say(source, "two")
        self.remember(source, color="blue")
        fork = self.fork(source)
        self.say(source, "unseen")
        state = self.show(fork)
        self.assertEqual(state["title"], "source, fork 1")
        self.assertEqual((state["state"], state["cause"]), ("suspended", "forked"))
        self.assertEqual(state["forked_from"], {"session": source, "n": 5, "workspace": "copy"})
        self.assertEqual(self.memory(fork), {"color": "blue"})
        self.assertEqual(state["labels"], {"team": "red"})
        twice = [self.admin.call("session.fork", {"session": source}, key="once")["session"] for _ in range(2)]
        self.assertEqual(len(set(twice)), 1)
        past = self.fork(source, at=early, title="what if")
        self.assertEqual(self.memory(past), {"color": "red"})
        self.assertEqual(self.show(past)["title"], "what if")
        deep = self.fork(past)
        self.say(past, "unseen")
        self.say(deep, "deep")
        self.assertEqual(self.items(deep), [("one", source, False), ("deep", None, False)])
        self.assertEqual(self.items(fork), [("one", source, False), ("two", source, False)])
        self.assertEqual(self.show(source)["forks"], 3)
        rows = {row["session"]: row for row in self.admin.call("session.list")["sessions"]}
        self.assertEqual(rows[deep]["forked_from"], past)
        # A past state of a fork is told from its own journal.
        self.assertEqual(self.show(deep, at=1)["items"], 1)
        self.broker.restart()
        self.assertEqual(self.items(deep), [("one", source, False), ("deep", None, False)])

    def test_a_run_is_not_forked(self):
        source = self.create("source")
        self.remember(source, color="red")
        self.admin.call("session.activate", {"session": source})
        failure = self.refused("failed_precondition", "run_active", self.fork, source)
        self.assertIn("at 3,", failure["message"])
        self.refused("failed_precondition", "run_active", self.fork, source, at=4)
        fork = self.fork(source, at=3)
        self.assertEqual(self.memory(fork), {"color": "red"})
        self.assertEqual(self.show(fork)["state"], "suspended")
        self.refused("not_found", "no_such_position", self.fork, source, at=99)
        self.refused("not_found", "no_such_session", self.fork, "site")
        self.refused("aborted", "version_mismatch", self.admin.call, "session.fork", {"session": source, "at": 3},
                     if_n=2)

    def test_a_merge_with_conflicts(self):
        into = self.create("into")
        self.remember(into, shared=0)
        source = self.fork(into, title="branch")
        self.say(source, "from the branch")
        self.remember(source, a=1, b=1, only=1)
        self.remember(into, a=2, b=2, mine=2)
        diff = self.admin.call("session.diff", {"session": into, "other": source})
        self.assertEqual([(row["key"], row.get("ours"), row.get("theirs"), row.get("conflict", False))
                          for row in diff["keys"] if row["kind"] == "memory"],
                         [("a", 2, 1, True), ("b", 2, 1, True), ("mine", 2, None, False), ("only", None, 1, False)])
        self.assertEqual((diff["conflicts"], diff.get("items", 0), diff["other_items"]), (2, 0, 1))
        self.assertEqual((diff["base"], diff["base_n"]), (into, 2))
        before = self.show(into)
        plan = self.merge(source, into, dry_run=True)
        self.assertEqual((plan["conflicts"], plan["merge"]["items"], plan.get("merged", False)), (2, 1, False))
        self.assertEqual(self.show(into), before)
        plan = self.merge(source, into)
        self.assertEqual((plan["breakpoint"], plan.get("merged", False)), (1, False))
        self.refused("failed_precondition", "merge_pending", self.merge, source, into)
        bob = self.enrolled("bob", "operator")
        self.broker.restart()  # what was decided so far is on disk
        bob.call("breakpoint.vote", {"session": into, "breakpoint": 1, "key": "memory/a", "option": "theirs"})
        view = self.admin.call("breakpoint.show", {"session": into, "breakpoint": 1})
        self.assertEqual([(row["key"], row.get("choice"), row.get("by")) for row in view["keys"]],
                         [("a", "theirs", "bob"), ("b", None, None)])
        self.broker.kill()
        self.broker.start()
        vote = self.admin.call("breakpoint.vote", {"session": into, "breakpoint": 1, "key": "memory/b",
                                                   "option": "edit", "value": 7})
        self.assertEqual(vote["outcome"], "merged")
        self.assert_chosen(into, 1, {"a": ("theirs", "bob"), "b": ("edit", "admin")})
        self.assertEqual(self.memory(into), {"shared": 0, "a": 1, "b": 7, "mine": 2, "only": 1})
        self.assertEqual(self.items(into), [("from the branch", source, True)])
        self.assertEqual((self.show(source)["state"], self.show(source)["cause"]), ("terminated", "merged"))
        kinds = [event["kind"] for event in
                 self.admin.call("session.log", {"session": source, "limit": 1000})["events"]]
        self.assertEqual(kinds[-2:], ["branch_merged", "session_terminated"])
        whole_log(self.admin)

    def assert_chosen(self, session, breakpoint, chosen):
        """What was chosen for each key, by whom, and when: at the breakpoint for ever, and in the journal."""
        keys = self.admin.call("breakpoint.show", {"session": session, "breakpoint": breakpoint})["keys"]
        self.assertEqual({key["key"]: (key["choice"], key["by"]) for key in keys}, chosen)
        for name in self.baton("breakpoint", "show", f"{session}/{breakpoint}").splitlines():
            if name.startswith("memory/a"):
                self.assertIn("theirs", name)
                self.assertIn("bob", name)
        events = self.admin.call("session.log", {"session": session, "limit": 1000})["events"]
        at = {event["body"]["key"]: event["at"] for event in events if event["kind"] == "merge_key_decided"}
        self.assertEqual({key["key"]: key["at"] for key in keys}, at)
        merged = [event["body"]["merge"]["keys"] for event in events if event["kind"] == "session_merged"][0]
        self.assertEqual([key for key in merged if key.get("conflict")], keys)

    def test_compacted(self):
        """A branch that was compacted comes in with all its items, and its summary is shown for them; so it does in a
        compacted session."""
        into = self.create("into")
        for number in range(4):
            self.say(into, f"early {number}")
        source = self.fork(into)
        for number in range(4):
            self.say(source, f"branch {number}")
        self.admin.call("session.compact", {"session": source, "summary": "what the branch did"})
        self.admin.call("session.compact", {"session": into, "summary": "what came before", "keep_last": 1})
        self.assertEqual(self.merge(source, into)["merge"]["items"], 4)
        self.assertEqual([text for text, _, _ in self.items(into)],
                         [f"early {number}" for number in range(4)] + [f"branch {number}" for number in range(4)])
        self.assertEqual(self.show(into)["items"], 8)
        rendered = self.admin.call("context.render", {"session": into, "format": "text"})["content"].decode()
        self.assertIn("what came before", rendered)
        self.assertIn("early 3", rendered)
        self.assertNotIn("early 1", rendered)
        self.assertIn("what the branch did", rendered)
        self.assertNotIn("branch 0", rendered)

    def test_what_cannot_be_merged(self):
        one, other = self.create("one"), self.create("other")
        self.refused("failed_precondition", "no_common_ancestor", self.merge, one, other)
        self.refused("failed_precondition", "no_common_ancestor", self.admin.call, "session.diff",
                     {"session": one, "other": other})
        self.assertEqual(self.refused("invalid_argument", "bad_value", self.merge, one, one)["field"], "from")
        fork = self.fork(one)
        bob = self.enrolled("bob", "operator")
        self.admin.call("session.update", {"session": fork, "visibility": "shared"})
        self.admin.call("session.share", {"session": fork, "with": "bob", "access": "edit"})
        failure = self.refused("permission_denied", "no_access", bob.call, "session.merge", {"from": fork, "into": one})
        self.assertEqual(failure["field"], "from")
        self.assertEqual(bob.call("session.merge", {"from": fork, "into": one, "keep": True}).get("conflicts", 0), 0)
        self.admin.call("session.cancel", {"session": one})
        self.refused("failed_precondition", "wrong_state", self.merge, fork, one)

    def test_command_line(self):
        into = self.baton("session", "create", "into", "-o", "name").strip()
        self.baton("memory", "set", into, "color", "red")
        self.baton("session", "fork", "into", "--title", "branch")
        self.baton("memory", "set", "branch", "color", "blue")
        self.baton("memory", "set", "branch", "port", "5432")
        self.baton("memory", "set", into, "color", "green")
        self.baton("item", "append", "branch", "assistant", "words")
        shown = self.baton("session", "diff", "into", "branch")
        self.assertRegex(shown, r"theirs +\w+ at 4, 1 item of its own")
        self.assertRegex(shown, r"memory/color +red +green +blue +\w+/2 +yes")
        shown = self.baton("session", "merge", "branch", "--into", "into", "--dry-run")
        self.assertIn(f"would be merged into {into}: 2 keys, 1 item\n", shown)
        self.assertIn("1 conflict\n", shown)
        self.assertRegex(self.baton("session", "list"), r"branch .*" + into)
        self.assertIn("to be merged", self.baton("session", "merge", "branch", "--into", "into"))
        self.assertRegex(self.baton("breakpoint", "show", f"{into}/1"), r"memory/color +red +green +blue")
        complaint = self.baton("breakpoint", "vote", f"{into}/1", "theirs", code=2)
        self.assertIn("say which of memory/color", complaint)
        self.assertIn("--key KEY", complaint)
        self.baton("breakpoint", "vote", f"{into}/1", "edit", "--key", "memory/color", "--value", "teal")
        self.assertEqual(self.memory(into), {"color": "teal", "port": 5432})
        self.assertIn("has nothing that", self.baton("session", "merge", "branch", "--into", "into", "--keep"))

    def test_kill(self):
        """A broker that dies while sessions are merged: each merge is in both journals, or in neither."""
        into = self.create("into")
        branches = [self.fork(into, title=f"branch {number}") for number in range(60)]
        for number, branch in enumerate(branches):
            self.remember(branch, **{f"key{number}": number})
        script = "import sys; sys.path[:0] = %r\nfrom client import Client\nclient = Client.from_file(%r)\n" \
                 "for branch in %r:\n    client.call('session.merge', {'from': branch, 'into': %r}, key=branch, timeout=60)\n" \
                 "    print(branch, flush=True)\n"
        with subprocess.Popen([sys.executable, "-c", script % (sys.path, self.broker.context, branches, into)],
                              stdout=subprocess.PIPE, text=True) as process:
            for kill_after in (3, 11, 20):
                for _ in range(kill_after):
                    process.stdout.readline()
                self.broker.kill()
                self.broker.start()
            self.assertEqual(process.wait(PATIENCE * 2), 0)
        self.assertEqual(self.memory(into), {f"key{number}": number for number in range(60)})
        events = whole_log(self.admin)
        merged = [event["body"]["merge"]["from"] for event in events if event["kind"] == "session_merged"]
        self.assertEqual(merged, branches)
        told = [event["session"] for event in events if event["kind"] == "branch_merged"]
        self.assertEqual(told, branches)
        wait_until(lambda: all(self.show(branch)["cause"] == "merged" for branch in branches), "all branches to end")


if __name__ == "__main__":
    unittest.main()
