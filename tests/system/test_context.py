#!/usr/bin/python3
"""Contexts: what a session begins with, rendering, compacting and going back, across kill -9 of the broker at every
step; and what becomes of a tool call whose run dies."""
import base64
import json
import os
import unittest

from harness import PATIENCE, SystemTest, read_text, wait_until
from nodes import NodeTest, WORDS


class Steps(SystemTest):
    """Each step is followed by a kill -9 and a start, after which the context has the same bytes."""

    def call(self, method, body=None, **options):
        return self.admin.call(method, {"session": self.session, **(body or {})}, timeout=PATIENCE, **options)

    def render(self, **body):
        return self.call("context.render", {"format": "anthropic", **body})

    def again(self):
        """What is rendered, before a kill -9 and after it."""
        before = self.render()
        self.broker.kill()
        self.broker.start()
        self.admin = self.client()
        self.assertEqual(self.render(), before)
        return before

    def say(self, role, text):
        return self.call("item.append", {"role": role, "text": text})["n"]

    def test_from_the_beginning_to_a_restore(self):
        self.session = self.admin.call("session.create", {
            "title": "steps", "system": "Be brief.", "window": 1000, "pressure": "10,50",
            "bootstrap": [{"role": "user", "text": "int x;", "source": "src/x.c"}]})["session"]
        beginning = json.loads(self.again()["content"])
        self.assertEqual(beginning["system"], [{"type": "text", "text": "Be brief."}])
        self.assertEqual(beginning["messages"][0]["content"][0]["text"], "File src/x.c:\n\nint x;")
        for number in range(6):
            self.say("assistant" if number % 2 else "user", f"item {number} " + "x" * 400)
        full = self.again()
        self.assertEqual((full["items"], full.get("compacted", False)), (8, False))
        saved = self.call("session.save", {"label": "full"})["n"] - 1
        self.refused("already_exists", "name_taken", self.call, "session.save", {"label": "full"})

        plan = self.call("session.compact", {"keep_last": 2, "dry_run": True})
        self.assertEqual(self.render(), {**full, "n": saved + 1})  # nothing was done
        done = self.call("session.compact", {"keep_last": 2}, key="compact-once")
        self.assertEqual((done["summary"], done["items"]), (plan["summary"], plan["items"]))
        self.assertIn("src/x.c", done["summary"])
        compacted = self.again()
        self.assertEqual((compacted["items"], compacted["compacted"]), (4, True))
        self.assertEqual(self.call("session.compact", {"keep_last": 2}, key="compact-once"), done)  # once
        self.call("session.uncompact")
        self.assertEqual(self.again()["content"], full["content"])

        self.call("context.clear")
        self.assertEqual(json.loads(self.again()["content"]), {"system": beginning["system"], "messages": []})
        self.call("item.pin", {"item": 3})
        self.assertEqual(self.again()["items"], 2)

        loaded = self.call("session.load", {"at": "full"})
        self.assertEqual((loaded["n"], loaded["label"], loaded["items"]), (saved, "full", 8))
        self.assertNotIn("compacted", loaded)
        loaded = self.call("session.load", {"at": str(compacted["n"])})
        self.assertEqual((loaded["compacted"], loaded["left_out_items"]), (True, 5))
        self.call("session.restore", {"at": "full"})
        self.assertEqual(self.again()["content"], full["content"])
        self.assertEqual(self.render(at=compacted["n"]), compacted)  # history stays readable
        self.refused("not_found", "no_such_position", self.call, "session.restore", {"at": "9999"})

        told = [event["body"]["level"] for event in self.call("session.log", {"limit": 1000})["events"]
                if event["kind"] == "context_pressure"]
        self.assertEqual(told, [10, 50, 50, 50])  # up, up, again after a compaction and after a clear

    def test_pages_are_of_one_position(self):
        self.session = self.admin.call("session.create", {"title": "pages"})["session"]
        for number in range(20):
            self.say("user", f"item {number}")
        whole = self.render()["content"]
        pages, offset, at = b"", 0, 0
        while True:
            page = self.render(offset=offset, at=at, limit=100)
            pages, offset, at = pages + page["content"], page.get("next", 0), page["n"]
            self.say("user", "meanwhile")
            if not offset:
                break
        self.assertEqual(pages, whole)
        self.refused("invalid_argument", "bad_value", self.render, offset=1 << 30)
        self.assertEqual(self.render(budget=3)["left_out_items"], self.render()["items"] - 1)

    def test_an_image_is_shown_in_full(self):
        self.session = self.admin.call("session.create", {"title": "images"})["session"]
        images = [b"\x89PNG\r\n\x1a\n" + bytes(2000000) + b"1", b"\xff\xd8\xff" + bytes(2900000)]
        for image, kind in zip(images, ("png", "jpeg")):
            put = self.call("artifact.put", {"name": f"screen.{kind}", "content": image, "media_type": f"image/{kind}"})
            self.call("item.append", {"role": "user", "parts": [{"kind": "blob", "digest": put["digest"]}]})
        self.assertEqual(self.render()["tokens"], 3200)
        before, after = [], []
        for pages in (before, after):  # a kill -9 lies between them
            offset, at = 0, 0
            while True:
                page = self.render(offset=offset, at=at)
                self.assertLessEqual(len(page["content"]), 4 << 20)
                pages.append(page["content"])
                offset, at = page.get("next", 0), page["n"]
                if not offset:
                    break
            if pages is before:
                self.broker.kill()
                self.broker.start()
        self.assertEqual(before, after)
        self.assertEqual(len(before), 2)
        blocks = json.loads(b"".join(before))["messages"][0]["content"]
        self.assertEqual([(block["type"], block["source"]["media_type"], base64.b64decode(block["source"]["data"]))
                          for block in blocks], [("image", "image/png", images[0]), ("image", "image/jpeg", images[1])])
        messages = json.loads(self.baton("context", "render", self.session, "--format", "openai"))
        self.assertEqual([part["image_url"]["url"].split(",")[0] for message in messages for part in message["content"]],
                         ["data:image/png;base64", "data:image/jpeg;base64"])

    def test_the_window_goes_along_with_forks_and_merges(self):
        self.session = source = self.admin.call("session.create", {"title": "source", "system": "Be brief."})["session"]
        for number in range(4):
            self.say("user", f"item {number}")
        self.call("session.compact", {"keep_last": 1, "summary": "the start"})
        before = self.render()["content"]
        self.session = fork = self.call("session.fork")["session"]
        self.assertEqual(self.render()["content"], before)
        self.call("session.uncompact")
        self.assertEqual(self.render()["items"], 5)
        self.call("context.clear")
        self.call("item.pin", {"item": 3, "of": source})
        self.say("user", "in the fork")
        self.assertEqual([item["n"] for item in json.loads(self.render(format="json")["content"])], [2, 3, 5])
        self.session = source
        self.admin.call("session.merge", {"from": fork, "into": source}, timeout=PATIENCE)
        merged, window = self.again(), self.call("session.show")["window"]
        self.assertTrue(merged["content"].startswith(before.rstrip(b"]}\n")))
        self.assertEqual({key: merged[key] for key in ("items", "tokens", "estimated")},
                         {key: window[key] for key in ("items", "tokens", "estimated")})
        self.call("context.clear")
        self.assertEqual(self.again()["items"], 1)

    def test_the_command_line_reads_the_workspace(self):
        root = os.path.join(self.directory, "ws")
        for folder in ("", "src", "src/deep", "other"):
            os.makedirs(os.path.join(root, folder), exist_ok=True)
            with open(os.path.join(root, folder, "AGENTS.md"), "w", encoding="utf-8") as file:
                file.write(f"rules of /{folder}")
        os.symlink("/etc/passwd", os.path.join(root, "evil"))
        create = ("session", "create", "boot", "--workspace", root, "--agents-md", "-o", "name")
        for wrong, problem in (("evil", "out of the workspace"), ("missing", "missing: No such file"),
                               ("src", "it is no file")):
            self.assertIn(problem, self.baton(*create, "--file", wrong, code=2))
        self.assertIn("is not a folder of this host",
                      self.baton("session", "create", "x", "--workspace", root + "/nowhere", "--agents-md", code=2))
        self.assertNotIn("sessions", self.admin.call("session.list"))  # nothing was done by halves
        with open(os.path.join(root, "src", "a.c"), "w", encoding="utf-8") as file:
            file.write("int a;")
        session = self.baton(*create, "--system", "Be brief.", "--binding", "src/deep/*.c", "--file",
                             "src/a.c").strip()
        items = json.loads(self.baton("context", "render", session))
        self.assertEqual([(item["role"], item.get("source")) for item in items],
                         [("system", None), ("system", "AGENTS.md"), ("system", "src/AGENTS.md"),
                          ("system", "src/deep/AGENTS.md"), ("user", "src/a.c")])
        self.assertTrue(all(len(item["digest"]) == 64 for item in items[1:]))


# A run that calls a tool and then does what the test says.
CALLING = WORDS + """
baton context bootstrap --file notes >> $DIR/boot-$BATON_RUN 2>&1
baton item append assistant --part '{"kind": "tool_call", "call": "c1", "tool": "make"}' > /dev/null
baton context render --format openai > $DIR/rendered-$BATON_RUN
SAY called-$BATON_RUN now
WAIT go-$BATON_RUN
exit 3
"""


class Runs(NodeTest):
    def dangling(self, session):
        """The results that the broker has made, in order."""
        return [event["body"] for event in self.events(session, "item_appended") if event["body"].get("synthetic")]

    def test_a_call_whose_run_dies_gets_one_result(self):
        root = self.path("ws")
        os.mkdir(root)
        for name in ("AGENTS.md", "notes"):
            self.touch(f"ws/{name}", name)
        self.node("east", {"default": CALLING})
        session = self.begin("call", workspace=root,  # and what it began with is not there twice
                             bootstrap=[{"role": "system", "text": "AGENTS.md", "source": "AGENTS.md"}])
        self.wait_file("called-1")
        self.broker.kill()
        self.touch("go-1")  # it ends while nobody is there to hear it
        self.broker.start()
        self.admin = self.client()
        state = self.until_settled(session)
        self.assertEqual((state["run"]["outcome"], state["run"]["items"]), ("failed", 2))
        self.assertEqual([(body["role"], body["parts"][0]["call"], body["parts"][0]["error"])
                          for body in self.dangling(session)], [("tool", "c1", True)])
        self.assertNotIn("calls", state["window"])
        self.refused("invalid_argument", "bad_value", self.admin.call, "item.append",
                     {"session": session, "role": "tool", "parts": [{"kind": "tool_result", "call": "c1"}]})
        # An interrupt is no other end; and what the workspace says is there once, however often a run begins.
        self.admin.call("session.activate", {"session": session})
        self.wait_file("called-2")
        self.assertEqual(read_text(self.path("boot-2")), read_text(self.path("boot-1")))
        self.admin.call("session.interrupt", {"session": session})
        state = self.until_settled(session)
        self.assertEqual(len(self.dangling(session)), 2)
        sources = [event["body"]["source"] for event in self.events(session, "item_appended")
                   if "source" in event["body"]]
        self.assertEqual(sources, ["AGENTS.md", "notes"])
        messages = json.loads(read_text(self.path("rendered-2")))
        self.assertEqual([message["role"] for message in messages],
                         ["system", "user", "assistant", "tool", "assistant", "tool"])
        self.assertIn("run 1 ended first (failed)", messages[3]["content"])
        # What is rolled back leaves the window, too, with its calls.
        self.admin.call("session.activate", {"session": session})
        self.wait_file("called-3")
        items = self.show(session)["window"]["items"]
        self.refused("failed_precondition", "wrong_state", self.admin.call, "session.restore",
                     {"session": session, "at": "2"})
        self.admin.call("session.activate", {"session": session, "multitask_strategy": "rollback"})
        self.wait_file("called-4")
        self.assertEqual(self.show(session)["window"]["items"], items)
        self.assertEqual(len(self.dangling(session)), 2)
        wait_until(lambda: len(json.loads(read_text(self.path("rendered-4")))) == 8, "the fourth rendering")


if __name__ == "__main__":
    unittest.main()
