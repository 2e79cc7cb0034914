#!/usr/bin/python3
"""/mcp: coding agents over HTTP, in both revisions, with a token each."""
import http.client
import json
import unittest
import urllib.parse

from harness import PATIENCE, SystemTest, wait_until
from mcp import NEW, OLD, PREFIX

META = {PREFIX + "protocolVersion": NEW, PREFIX + "clientCapabilities": {}}


class Answer:
    """One answer, of which events are read as they come."""

    def __init__(self, response):
        self.response, self.status = response, response.status
        self.peer = response.getheader("Mcp-Session-Id")
        self.type = response.getheader("Content-Type")

    def json(self):
        return json.loads(self.response.read())

    def event(self):
        """The next message of a stream; None at its end."""
        while line := self.response.readline():
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None


class Http(SystemTest):
    broker_options = ("--http", "127.0.0.1:0")

    def setUp(self):
        super().setUp()
        self.url = urllib.parse.urlparse(self.admin.call("site.about")["http"])
        self.token = self.admin.call("token.create")["token"]
        self.session = self.admin.call("session.create", {"title": "work"})["session"]

    def ask(self, verb, message=None, token=True, **headers):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        given = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                 **({"Authorization": f"Bearer {self.token if token is True else token}"} if token else {}),
                 **{name.replace("_", "-"): value for name, value in headers.items()}}
        body = message if isinstance(message, (bytes, type(None))) else json.dumps(message)
        connection.request(verb, "/mcp", body, given)
        answer = Answer(connection.getresponse())
        answer.connection = connection
        return answer

    def post(self, method, params=None, meta=None, **headers):
        params = {**(params or {}), "_meta": {**META, **(meta or {})}}
        name = {"Mcp-Name": params.get("name") or params.get("uri")} if "name" in params or "uri" in params else {}
        return self.ask("POST", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
                        **{"MCP_Protocol_Version": NEW, "Mcp_Method": method, **name, **headers})

    def tool(self, name, arguments):
        return self.post("tools/call", {"name": name, "arguments": arguments})

    def test_who_may(self):
        for token, status in ((None, 401), ("nonsense", 401), (self.token[:-1] + "x", 401), (True, 200)):
            answer = self.ask("POST", {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": META}},
                              token, MCP_Protocol_Version=NEW, Mcp_Method="server/discover")
            self.assertEqual(answer.status, status, token)
            if status == 401:
                self.assertIn("Bearer", answer.response.getheader("WWW-Authenticate"))
        early = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=PATIENCE)
        self.addCleanup(early.close)
        early.putrequest("POST", "/mcp")  # of whom the broker doesn't know, it takes no body
        for name, value in (("Authorization", f"Bearer {self.token[:-1]}x"), ("Content-Type", "application/json"),
                            ("Content-Length", str(16 << 20))):
            early.putheader(name, value)
        early.endheaders()
        self.assertEqual(early.getresponse().status, 401)
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}):
            self.assertEqual(self.post("server/discover", **headers).status, 403, headers)
        self.assertEqual(self.post("server/discover", Origin="http://localhost:3000").status, 200)
        watcher = self.enrolled("ada", "observer")
        self.token = watcher.call("token.create")["token"]
        refused = self.tool("session_update", {"session": self.session, "title": "x"}).json()["result"]
        self.assertTrue(refused["isError"])
        self.admin.call("identity.revoke", {"name": "ada"})
        self.assertEqual(self.post("server/discover").status, 401)

    def test_the_newer_revision(self):
        found = self.post("server/discover").json()["result"]
        self.assertEqual(found["supportedVersions"], [NEW, OLD])
        made = self.tool("session_create", {"title": "by HTTP"}).json()["result"]["structuredContent"]
        self.assertEqual(self.admin.call("session.show", {"session": made["session"]})["title"], "by HTTP")
        tools = {tool["name"]: tool for tool in self.post("tools/list").json()["result"]["tools"]}
        self.assertNotIn("folder", tools["orchestrator_initialize_session"]["inputSchema"]["properties"])
        refused = self.tool("orchestrator_initialize_session", {"title": "x", "folder": "/etc"}).json()["result"]
        self.assertIn("no field folder here", refused["content"][0]["text"])
        for method, status, code in (("no/such", 404, -32601), ("ping", 404, -32601), ("initialize", 404, -32601)):
            answer = self.post(method)
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (status, code))
        self.assertEqual(self.post("tools/list", Mcp_Method="tools/call").status, 400)
        self.assertEqual(self.ask("POST", b"[]").status, 400)
        self.assertEqual(self.ask("PUT", b"{}").status, 405)

    def test_a_question_and_a_subscription(self):
        uri = f"baton://sessions/{self.session}"
        stream = self.post("subscriptions/listen", {"notifications": {"resourceSubscriptions": [uri]}})
        self.assertEqual(stream.type, "text/event-stream")
        self.assertEqual(stream.event()["method"], "notifications/subscriptions/acknowledged")
        asked = {"session": self.session, "key": "q", "title": "Go?", "wait": 60000, "policy": {"self": True}}
        asking = self.post("tools/call", {"name": "breakpoint_ask", "arguments": asked}, {"progressToken": "p"})
        self.assertEqual(asking.event()["method"], "notifications/progress")
        self.assertEqual(stream.event()["params"]["uri"], uri)
        self.admin.call("breakpoint.vote", {"session": self.session, "breakpoint": 1, "option": "approve"})
        while "result" not in (message := asking.event()):
            self.assertEqual(message["method"], "notifications/progress")
        self.assertEqual(message["result"]["content"][0]["text"], "approve")
        self.assertIsNone(asking.event())
        again = self.post("tools/call", {"name": "breakpoint_ask", "arguments": {**asked, "key": "r"}}, {"progressToken": 2})
        again.event()
        again.connection.close()  # which cancels it
        self.broker.stop()  # with a stream open

    def test_with_a_handshake(self):
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": OLD, "capabilities": {"elicitation": {}}, "clientInfo": {"name": "t", "version": "1"}}}
        begun = self.ask("POST", hello)
        self.assertEqual((begun.status, begun.json()["result"]["protocolVersion"]), (200, OLD))
        mine = {"Mcp_Session_Id": begun.peer, "MCP_Protocol_Version": OLD}
        self.assertEqual(self.ask("POST", {"jsonrpc": "2.0", "method": "notifications/initialized"}, **mine).status, 202)
        stream = self.ask("GET", **mine)
        self.assertEqual(stream.type, "text/event-stream")
        uri = f"baton://sessions/{self.session}"
        def call(method, params):
            return self.ask("POST", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, **mine)
        self.assertEqual(call("resources/subscribe", {"uri": uri}).json()["result"], {})
        self.assertEqual(stream.event()["params"]["uri"], uri)
        asking = call("tools/call", {"name": "breakpoint_ask", "arguments": {
            "session": self.session, "key": "q", "title": "Go?", "policy": {"self": True}}})
        question = asking.event()
        self.assertEqual(question["method"], "elicitation/create")
        answered = self.ask("POST", {"jsonrpc": "2.0", "id": question["id"], "result": {
            "action": "accept", "content": {"decision": "approve"}}}, **mine)
        self.assertEqual(answered.status, 202)
        self.assertEqual(asking.event()["result"]["content"][0]["text"], "approve")
        other = self.enrolled("ada", "operator").call("token.create")["token"]
        self.assertEqual(self.ask("POST", hello | {"method": "ping"}, other, **mine).status, 404)
        self.assertEqual(self.ask("DELETE", **mine).status, 204)
        self.assertEqual(call("ping", {}).status, 404)

    def test_many_idle_streams(self):
        """They cost no thread, and others are served meanwhile; all end with the broker."""
        streams = [self.post("subscriptions/listen", {"notifications": {}}) for _ in range(100)]
        for stream in streams:
            self.assertEqual(stream.event()["method"], "notifications/subscriptions/acknowledged")
        self.assertEqual(self.post("server/discover").status, 200)
        self.broker.stop()
        wait_until(lambda: not self.broker.alive(), "the broker to end")


if __name__ == "__main__":
    unittest.main()
