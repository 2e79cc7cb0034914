#!/usr/bin/python3
"""`baton mcp`: coding agents speak with Baton, in both revisions of their protocol."""
import json
import os
import subprocess
import unittest

from harness import BATON, PATIENCE, TIED, SystemTest, wait_until
from mcp import NEW, OLD, PREFIX, Agent
from nodes import NodeTest, WORDS

HOLD = WORDS + 'DUMP "env-$BATON_SESSION-$BATON_RUN"; echo "here I am"; WAIT go\n'


class Mcp(SystemTest):
    def agent(self, revision=NEW, **options):
        agent = Agent({"BATON_CONTEXT": self.broker.context}, revision, **options)
        self.addCleanup(agent.close)
        return agent

    def create(self, title="work", **fields):
        return self.admin.call("session.create", {"title": title, **fields})["session"]

    def test_the_older_revision(self):
        agent = self.agent(OLD)
        self.assertEqual(agent.server["protocolVersion"], OLD)
        self.assertEqual(agent.server["serverInfo"]["name"], "baton")
        self.assertEqual(agent.result("ping"), {})
        self.assertEqual(agent.result("logging/setLevel", {"level": "warning"}), {})
        self.assertEqual(agent.error("logging/setLevel", {"level": "loud"})["code"], -32602)
        session = agent.tool("session_create", {"title": "by an agent"})["session"]
        self.assertEqual(self.admin.call("session.show", {"session": session})["title"], "by an agent")
        self.assertNotIn("resultType", agent.result("tools/list"))
        for method in ("server/discover", "subscriptions/listen", "no/such"):
            self.assertEqual(agent.error(method)["code"], -32601)
        self.assertEqual(agent.error("initialize", {"protocolVersion": OLD, "capabilities": {}})["code"], -32600)
        uri = f"baton://sessions/{session}"
        self.assertEqual(agent.result("resources/subscribe", {"uri": uri}), {})
        for _ in range(2):  # at the beginning, and when it changes
            told = agent.until(lambda message: "method" in message)
            self.assertEqual((told["method"], told["params"]), ("notifications/resources/updated", {"uri": uri}))
            self.admin.call("session.update", {"session": session, "title": "changed"})
        self.assertEqual(agent.result("resources/unsubscribe", {"uri": uri}), {})
        self.assertEqual(agent.error("resources/subscribe", {"uri": "file:///etc/passwd"})["code"], -32002)
        self.assertEqual(agent.close(), 0)

    def test_an_earlier_one_and_an_unknown_one(self):
        for wanted, given in (("2025-06-18", "2025-06-18"), ("2024-11-05", OLD), ("x" * 100, OLD)):
            agent = self.agent(NEW)
            agent.revision = OLD
            self.assertEqual(agent.result("initialize", {"protocolVersion": wanted, "capabilities": {}})["protocolVersion"],
                             given)

    def test_the_newer_revision(self):
        agent = self.agent()
        found = agent.result("server/discover")
        self.assertEqual(found["supportedVersions"], [NEW, OLD])
        self.assertEqual(found["_meta"][PREFIX + "serverInfo"]["name"], "baton")
        self.assertEqual((found["resultType"], found["cacheScope"]), ("complete", "private"))
        for method in ("ping", "initialize", "logging/setLevel", "resources/subscribe", "no/such"):
            self.assertEqual(agent.error(method)["code"], -32601, method)
        refused = agent.error("tools/list", meta={PREFIX + "protocolVersion": "1900-01-01"})
        self.assertEqual((refused["code"], refused["data"]), (-32022, {"supported": [NEW], "requested": "1900-01-01"}))
        self.assertEqual(agent.error("tools/list", meta={PREFIX + "clientCapabilities": None})["code"], -32602)
        self.assertEqual(agent.error("tools/list", meta={PREFIX + "logLevel": "loud"})["code"], -32602)
        session = self.create()
        uri = f"baton://sessions/{session}"
        listening = agent.send("subscriptions/listen", {"notifications": {
            "toolsListChanged": True, "resourceSubscriptions": [uri + "/decisions", uri, "test://nothing"]}})
        first = agent.next()
        self.assertEqual(first["method"], "notifications/subscriptions/acknowledged")
        self.assertEqual(first["params"]["notifications"], {"resourceSubscriptions": [uri + "/decisions", uri]})
        for _ in range(2):  # what they are at the beginning
            agent.next()
        agent.tool("memory_set", {"session": session, "key": "k", "value": 1})
        told = agent.heard[-1] if agent.heard else agent.next()
        self.assertEqual((told["params"]["uri"], told["params"]["_meta"]), (uri, {PREFIX + "subscriptionId": listening}))
        agent.heard.clear()
        agent.tool("decision_record", {"session": session, "key": "d", "value": "yes"})
        while len(agent.heard) < 2:
            agent.heard.append(agent.next())
        self.assertEqual({message["params"]["uri"] for message in agent.heard}, {uri, uri + "/decisions"})
        agent.notify("notifications/cancelled", {"requestId": listening})
        agent.tool("memory_set", {"session": session, "key": "k", "value": 2})
        self.assertEqual(len(agent.heard), 2)

    def test_both_at_once(self):
        agent = self.agent(OLD)
        agent.revision = NEW
        self.assertEqual(agent.result("tools/list")["resultType"], "complete")
        agent.revision = OLD
        self.assertNotIn("resultType", agent.result("tools/list"))

    def test_tools(self):
        agent = self.agent()
        tools = {tool["name"]: tool for tool in agent.result("tools/list")["tools"]}
        for name, tool in tools.items():
            self.assertRegex(name, "^[a-z_]{1,64}$")
            self.assertTrue(tool["description"] and tool["title"], name)
            self.assertEqual((tool["inputSchema"]["type"], tool["outputSchema"]["type"]), ("object", "object"))
        self.assertEqual(tools["session_show"]["annotations"],
                         {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False})
        self.assertEqual(tools["session_cancel"]["annotations"],
                         {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": False})
        for hidden in ("session_place", "run_started", "blob_put", "identity_enroll", "token_create", "events_subscribe",
                       "console_link", "identity_invite", "blob_forget"):
            self.assertNotIn(hidden, tools)
        self.assertLess(len(json.dumps(list(tools.values()))), 1_000_000)
        self.assertEqual(agent.error("tools/call", {"name": "no_such"})["code"], -32602)
        self.assertEqual(agent.error("tools/call", {"name": "session_place"})["code"], -32602)
        for arguments in ([], "x", 7):
            self.assertEqual(agent.error("tools/call", {"name": "session_list", "arguments": arguments})["code"], -32602)
        few = self.agent(options=("--tools", "breakpoint,orchestrator"))
        self.assertTrue(all(tool["name"].split("_")[0] in ("breakpoint", "orchestrator")
                            for tool in few.result("tools/list")["tools"]))
        self.assertEqual(few.error("tools/call", {"name": "session_list"})["code"], -32602)

    def test_what_a_model_gets_wrong(self):
        agent, session = self.agent(), self.create()
        for name, arguments, part in [
                ("session_show", {}, "session"), ("session_show", {"session": "nosuch"}, "no_such_session"),
                ("session_create", {"title": 7}, "title"), ("session_create", {"titel": "x"}, "no field titel"),
                ("session_create", {"title": "x" * 201}, "at most 200"), ("session_create", {"title": "a\u202eb"}, "UTF-8"),
                ("memory_set", {"session": session, "key": "k", "value": [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}, "nested"),
                ("artifact_put", {"session": session, "name": "a", "content": "%%%"}, "base64"),
                ("session_update", {"session": session, "title": "x", "if_n": 99}, "version_mismatch"),
                ("session_update", {"session": session, "title": "x", "if_n": "1"}, "if_n"),
                ("session_update", {"session": session, "title": "x", "idempotency_key": "k" * 65}, "idempotency_key"),
                ("orchestrator_initialize_session", {"title": "x", "folder": "relative"}, "absolute"),
                ("orchestrator_initialize_session", {"title": "x", "folder": "/no/such/folder"}, "/no/such/folder"),
                ("orchestrator_synthesize_results", {}, "session"), ("breakpoint_ask", {"wait": -1}, "wait"),
                ("orchestrator_get_status", {"session": "nosuch"}, "no_such_session")]:
            with self.subTest(name=name, arguments=arguments):
                self.assertIn(part, agent.tool(name, arguments))
        self.assertEqual(self.admin.call("session.show", {"session": session})["n"], 1)
        # What to do next is said in what a model has: tools, and their schemas.
        for arguments in ({"session": "nosuch"}, {"session": "A Title Of Mine"}):
            self.assertIn("ids with: session_list", agent.tool("session_show", arguments))
        self.assertIn("the tool's input schema for the fields", agent.tool("session_create", {"titel": "x"}))
        few = self.agent(options=("--tools", "breakpoint"))
        self.assertIn("baton session list", few.tool("breakpoint_show", {"session": "nosuch", "breakpoint": 1}))
        key = {"title": "once", "idempotency_key": "the-same"}
        self.assertEqual(agent.tool("session_create", key)["session"], agent.tool("session_create", key)["session"])

    def test_the_orchestrators_tools(self):
        agent = self.agent()
        folder = os.path.join(self.directory, "project", "deep")
        os.makedirs(folder)
        with open(os.path.join(self.directory, "project", "package.json"), "w", encoding="utf-8") as file:
            file.write('{"name": "p"}')
        made = agent.tool("orchestrator_initialize_session", {"title": "T", "objective": "O", "folder": folder})
        session = made["session"]
        self.assertEqual(made["workspace"]["root"], os.path.join(self.directory, "project"))
        self.assertIn("memory_set", made["guidance"])
        state = self.admin.call("session.show", {"session": session})
        self.assertEqual((state["workspace"]["path"] if isinstance(state["workspace"], dict) else state["workspace"]),
                         made["workspace"]["root"])
        agent.tool("decision_record", {"session": session, "key": "language", "value": "C", "why": "we like it"})
        status = agent.tool("orchestrator_get_status", {"session": session})
        self.assertEqual((status["session"]["title"], sorted(status)),
                         ("T", ["breakpoints", "children", "runs", "session"]))
        self.assertEqual(agent.tool("orchestrator_get_status")["sessions"]["sessions"][0]["session"], session)
        result = agent.result("tools/call", {"name": "orchestrator_synthesize_results", "arguments": {"session": session}})
        self.assertEqual(result["structuredContent"]["decisions"][0]["value"], "C")
        self.assertIn("we like it", result["content"][0]["text"])

    def test_resources_prompts_and_completion(self):
        agent, session = self.agent(), self.create("a place to read")
        agent.tool("item_append", {"session": session, "role": "user", "text": "hello there"})
        agent.tool("decision_record", {"session": session, "key": "d", "value": "yes"})
        listed = agent.result("resources/list")["resources"]
        uri = f"baton://sessions/{session}"
        self.assertEqual([(entry["uri"], entry["title"]) for entry in listed], [(uri, "a place to read")])
        self.assertEqual(len(agent.result("resources/templates/list")["resourceTemplates"]), 4)
        read = lambda path: agent.result("resources/read", {"uri": uri + path})["contents"][0]
        self.assertEqual(json.loads(read("")["text"])["title"], "a place to read")
        self.assertIn("hello there", read("/context")["text"])
        self.assertEqual(json.loads(read("/decisions")["text"])["decisions"][0]["key"], "d")
        for bad in ("baton://sessions/nosuch", uri + "/nothing", uri + "/runs/0/log", uri + "/../..", "baton://sessions/",
                    "file:///etc/passwd", uri + "/runs/99999999999999999999/log", "baton://sessions/" + "x" * 3000):
            error = agent.error("resources/read", {"uri": bad})
            self.assertEqual(error["code"], -32602, bad)
        self.assertEqual(agent.error("resources/read", {"uri": uri + "/runs/7/log"})["code"], -32602)
        names = [prompt["name"] for prompt in agent.result("prompts/list")["prompts"]]
        self.assertEqual(names, ["handoff", "resume", "review_breakpoint"])
        messages = agent.result("prompts/get", {"name": "resume", "arguments": {"session": session}})["messages"]
        self.assertIn("a place to read", messages[1]["content"]["resource"]["text"])
        asked = agent.tool("breakpoint_ask", {"session": session, "key": "q", "title": "Really?", "wait": 0})
        number = str(asked["breakpoint"]["number"])
        messages = agent.result("prompts/get", {"name": "review_breakpoint",
                                                "arguments": {"session": session, "breakpoint": number}})["messages"]
        self.assertIn("Really?", messages[1]["content"]["resource"]["text"])
        for params in ({"name": "nothing"}, {"name": "resume"}, {"name": "review_breakpoint", "arguments":
                       {"session": session, "breakpoint": "x"}}, {}):
            self.assertEqual(agent.error("prompts/get", params)["code"], -32602)
        def completed(name, value, ref=None, **known):
            return agent.result("completion/complete", {
                "ref": ref or {"type": "ref/prompt", "name": "resume"}, "argument": {"name": name, "value": value},
                "context": {"arguments": known}})["completion"]["values"]
        self.assertEqual(completed("session", session[:6]), [session])
        self.assertEqual(completed("session", "place to"), [session])
        self.assertEqual(completed("breakpoint", "", session=session), [number])
        self.assertEqual(completed("run", "", {"type": "ref/resource", "uri": "baton://sessions/{session}/runs/{run}/log"},
                                   session=session), [])
        self.assertEqual(agent.error("completion/complete", {"ref": {"type": "x"}, "argument": {}})["code"], -32602)

    def test_a_question_with_progress_and_cancellation(self):
        agent, session = self.agent(), self.create()
        asked = {"session": session, "key": "deploy", "title": "Deploy?", "policy": {"self": True}}
        first = agent.tool("breakpoint_ask", {**asked, "wait": 0})
        self.assertEqual(first["breakpoint"]["state"], "open")
        waiting = agent.send("tools/call", {"name": "breakpoint_ask", "arguments": {**asked, "wait": 60000}},
                             {"progressToken": "p"})
        progress = agent.next()
        self.assertEqual((progress["method"], progress["params"]["progressToken"]), ("notifications/progress", "p"))
        self.assertEqual(agent.result("server/discover")["resultType"], "complete")  # meanwhile others are answered
        self.admin.call("breakpoint.vote", {"session": session, "breakpoint": 1, "option": "approve"})
        result = agent.answer(waiting)["result"]
        self.assertEqual((result["content"][0]["text"], result["structuredContent"]["breakpoint"]["outcome"]),
                         ("approve", "approve"))
        self.assertEqual(agent.tool("breakpoint_ask", asked)["breakpoint"]["outcome"], "approve")
        waiting = agent.send("tools/call", {"name": "breakpoint_ask",
                                            "arguments": {**asked, "key": "another", "wait": 60000}})
        wait_until(lambda: self.admin.call("breakpoint.list", {"session": session})["breakpoints"][-1:][0]["breakpoint"]
                   ["key"] == "another", "the question to be asked")
        self.assertEqual(agent.error("tools/list", {}, meta={PREFIX + "logLevel": 7})["code"], -32602)
        agent.notify("notifications/cancelled", {"requestId": waiting, "reason": "changed my mind"})
        agent.tool("breakpoint_cancel", {"session": session, "breakpoint": 2})
        self.assertNotIn(waiting, [message.get("id") for message in agent.heard])

    def test_the_person_at_the_client_is_asked(self):
        session = self.create()
        asked = {"session": session, "title": "Which?", "kind": "choice", "options": ["red", "blue"], "policy": {"self": True}}
        agent = self.agent(capabilities={"elicitation": {}})
        params = {"name": "breakpoint_ask", "arguments": {**asked, "key": "new", "wait": 5000}}
        result = agent.result("tools/call", params)
        self.assertEqual(result["resultType"], "input_required")
        form = result["inputRequests"]["vote"]
        self.assertEqual(form["params"]["requestedSchema"]["properties"]["decision"]["enum"], ["red", "blue"])
        answer = {"vote": {"action": "accept", "content": {"decision": "blue", "why": "the sky"}}}
        state = result["requestState"]
        tampered = ("A" if state[60] != "A" else "B").join((state[:60], state[61:]))
        for bad in (tampered, "x", state + "AAAA", ""):
            self.assertEqual(agent.error("tools/call", {**params, "inputResponses": answer, "requestState": bad})["code"],
                             -32602)
        other = {**params, "arguments": {**params["arguments"], "key": "other"}}
        self.assertEqual(agent.error("tools/call", {**other, "inputResponses": answer, "requestState": state})["code"], -32602)
        result = agent.result("tools/call", {**params, "inputResponses": answer, "requestState": state})
        self.assertEqual(result["structuredContent"]["breakpoint"]["outcome"], "blue")
        self.assertEqual(result["structuredContent"]["breakpoint"]["votes"][0]["why"], "the sky")
        old = self.agent(OLD, capabilities={"elicitation": {}})
        call = old.send("tools/call", {"name": "breakpoint_ask", "arguments": {**asked, "key": "old"}})
        question = old.until(lambda message: message.get("method") == "elicitation/create")
        old.write(json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": {
            "action": "accept", "content": {"decision": "red"}}}))
        self.assertEqual(old.answer(call)["result"]["structuredContent"]["breakpoint"]["outcome"], "red")
        call = old.send("tools/call", {"name": "breakpoint_ask", "arguments": {**asked, "key": "third", "wait": 0}})
        question = old.until(lambda message: message.get("method") == "elicitation/create")
        old.write(json.dumps({"jsonrpc": "2.0", "id": question["id"], "error": {"code": -32601, "message": "no"}}))
        self.assertEqual(old.answer(call)["result"]["structuredContent"]["breakpoint"]["state"], "open")

    def test_what_is_no_message(self):
        agent = self.agent()
        for text, code, given in [
                ("{", -32700, None), ("[]", -32600, None), ('[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600, None),
                ('{"jsonrpc":"1.0","id":5,"method":"ping"}', -32600, 5), ('{"jsonrpc":"2.0","id":null,"method":"ping"}',
                                                                          -32600, None),
                ('{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600, None), ('{"jsonrpc":"2.0","id":6,"method":7}', -32600, 6),
                ('{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}', -32600, 7), ('"x"', -32700, None),
                ('{"jsonrpc":"2.0","id":8,"id":8,"method":"ping"}', -32700, None), ("[" * 100000, -32600, None),
                ('{"jsonrpc":"2.0","id":9,"method":"ping","x":' + '{"a":' * 60 + "1" + "}" * 61, -32600, None),
                ("\x00", -32700, None), ('{"jsonrpc":"2.0","id":9,"method":"a\\u0000b"}', -32700, None),
                ('{"jsonrpc":"2.0","id":"' + "x" * 300 + '","method":"ping"}', -32600, None), ('{"jsonrpc":"2.0","id":1}', -32600, None),
                ("[" + "1," * 300000 + "1]", -32600, None)]:
            agent.write(text)
            answer = agent.next()
            self.assertEqual((answer["error"]["code"], answer.get("id")), (code, given), text[:80])
        agent.write("x" * (17 << 20))
        self.assertIn("too large", agent.next()["error"]["message"])
        agent.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[1]}}')
        agent.write('{"jsonrpc":"2.0","id":99,"result":{}}')
        agent.write("   \r")
        self.assertEqual(agent.result("server/discover")["resultType"], "complete")
        session = self.create()
        self.assertEqual(agent.error("subscriptions/listen", {"notifications": 7})["code"], -32602)
        listening = [agent.send("subscriptions/listen", {"notifications": {}}) for _ in range(64)]
        self.assertIn("too many", agent.error("server/discover")["message"])
        agent.notify("notifications/cancelled", {"requestId": listening[0]})
        self.assertEqual(agent.result("server/discover")["resultType"], "complete")
        self.assertEqual(self.admin.call("session.show", {"session": session})["n"], 1)

    def test_the_ends_of_the_stream(self):
        agent, session = self.agent(), self.create()
        request = agent.send("tools/call", {"name": "session_update", "arguments": {"session": session, "title": "last"}})
        listening = agent.send("subscriptions/listen", {"notifications": {}})
        waiting = agent.send("tools/call", {"name": "breakpoint_ask",
                                            "arguments": {"session": session, "key": "k", "title": "t", "wait": 300000}})
        agent.process.stdin.close()
        answers = {}
        while (message := agent.next()) is not None:
            if "method" not in message:
                answers[message["id"]] = message
        self.assertEqual(set(answers), {request, listening, waiting})
        self.assertIn("Not decided yet", answers[waiting]["result"]["content"][0]["text"])
        self.assertEqual(answers[listening]["result"]["_meta"][PREFIX + "subscriptionId"], listening)
        self.assertEqual(agent.process.wait(timeout=PATIENCE), 0)
        with subprocess.Popen([*TIED, BATON, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={**os.environ, "BATON_CONTEXT": self.broker.context}) as deaf:
            deaf.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
            deaf.stdin.flush()
            self.assertIn(b"result", deaf.stdout.readline())
            deaf.stdout.close()  # our side of it stays open: nobody reads, nothing is asked
            self.assertEqual(deaf.wait(timeout=PATIENCE), 0)

    def test_a_broker_that_is_away_for_a_while(self):
        agent, session = self.agent(), self.create()
        uri = f"baton://sessions/{session}"
        agent.send("subscriptions/listen", {"notifications": {"resourceSubscriptions": [uri]}})
        agent.next()
        waiting = agent.send("tools/call", {"name": "breakpoint_ask", "arguments":
                             {"session": session, "key": "k", "title": "t", "wait": 60000, "policy": {"self": True}}})
        agent.until(lambda message: message.get("params", {}).get("uri") == uri)
        self.broker.kill()
        late = agent.send("tools/call", {"name": "memory_set", "arguments": {"session": session, "key": "k", "value": 1}})
        self.broker.start()
        self.assertFalse(agent.answer(late)["result"]["isError"])
        self.client().call("breakpoint.vote", {"session": session, "breakpoint": 1, "option": "approve"}, timeout=PATIENCE)
        self.assertEqual(agent.answer(waiting)["result"]["content"][0]["text"], "approve")


class Inside(NodeTest):
    def test_a_run_works_on_its_own_session(self):
        self.node("east", {"default": HOLD})
        mine, other = self.begin("mine"), self.begin("theirs")
        self.until_running(mine)
        lines = [line.partition("=") for line in self.wait_file(f"env-{mine}-1").splitlines()]
        environment = {name: value for name, _, value in lines if name.startswith("BATON_")}
        agent = Agent({**environment, "BATON_CONTEXT": ""})
        self.addCleanup(agent.close)
        tools = {tool["name"]: tool for tool in agent.result("tools/list")["tools"]}
        self.assertIn("memory_set", tools)
        self.assertNotIn("session", tools["memory_set"]["inputSchema"].get("required", []))
        for name in ("session_create", "breakpoint_vote", "session_list", "orchestrator_initialize_session",
                     "session_activate"):
            self.assertNotIn(name, tools)
            self.assertEqual(agent.error("tools/call", {"name": name})["code"], -32602)
        agent.tool("memory_set", {"key": "k", "value": {"a": 1}})
        self.assertEqual(self.show(mine)["memory"][0]["value"], {"a": 1})
        self.assertIn("not_your_session", agent.tool("memory_set", {"session": other, "key": "k", "value": 1}))
        self.assertEqual(agent.tool("orchestrator_get_status")["session"]["session"], mine)
        self.assertEqual(agent.tool("orchestrator_synthesize_results")["session"], mine)
        uris = [entry["uri"] for entry in agent.result("resources/list")["resources"]]
        self.assertEqual(uris[0], f"baton://sessions/{mine}")
        log = lambda: agent.result("resources/read", {"uri": uris[3]})["contents"][0]["text"]
        wait_until(lambda: "here I am" in log(), "what the run says is in its log")
        self.assertEqual(agent.error("resources/read", {"uri": f"baton://sessions/{other}/context"})["code"], -32602)
        agent.send("subscriptions/listen", {"notifications": {"resourceSubscriptions": [f"baton://sessions/{other}", uris[0]]}})
        self.assertEqual(agent.next()["params"]["notifications"], {"resourceSubscriptions": [uris[0]]})
        asking = agent.send("tools/call", {"name": "breakpoint_ask", "arguments": {"key": "q", "title": "go on?"}})
        wait_until(lambda: self.admin.call("breakpoint.list", {"session": mine}).get("breakpoints"), "the question")
        self.admin.call("breakpoint.vote", {"session": mine, "breakpoint": 1, "option": "approve"})
        self.assertEqual(agent.answer(asking)["result"]["content"][0]["text"], "approve")


if __name__ == "__main__":
    unittest.main()
