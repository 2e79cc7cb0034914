"""A client of the Model Context Protocol over standard input and output, in both revisions, for the tests."""
import json
import os
import queue
import subprocess
import threading

from harness import BATON, PATIENCE, TIED

NEW, OLD = "2026-07-28", "2025-11-25"
PREFIX = "io.modelcontextprotocol/"


class Agent:
    """`baton mcp` and the client at its other end. `capabilities` are the client's."""

    def __init__(self, environment, revision=NEW, capabilities=None, options=()):
        self.revision, self.capabilities, self.last, self.heard = revision, capabilities or {}, 0, []
        self.process = subprocess.Popen([*TIED, BATON, "mcp", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**os.environ, **environment})
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        if revision == OLD:
            self.begin()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def begin(self):
        self.server = self.result("initialize", {"protocolVersion": OLD, "capabilities": self.capabilities,
                                                 "clientInfo": {"name": "test", "version": "1"}})
        self.notify("notifications/initialized")

    def write(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def notify(self, method, params=None):
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})}))

    def send(self, method, params=None, meta=None):
        """Sends a request and gives its id."""
        self.last += 1
        params, meta = dict(params or {}), dict(meta or {})
        if self.revision == NEW:
            meta = {PREFIX + "protocolVersion": NEW, PREFIX + "clientCapabilities": self.capabilities, **meta}
        if meta:
            params["_meta"] = meta
        self.write(json.dumps({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}))
        return self.last

    def next(self, patience=PATIENCE):
        """The next message; None at the end of the stream."""
        return self.lines.get(timeout=patience)

    def until(self, condition):
        """The next message that fulfils the condition; the others before it are in `heard`."""
        while True:
            message = self.next()
            if message is None or condition(message):
                return message
            self.heard.append(message)

    def answer(self, request):
        return self.until(lambda message: message.get("id") == request and "method" not in message)

    def result(self, method, params=None, **options):
        answer = self.answer(self.send(method, params, **options))
        if "result" not in answer:
            raise AssertionError(answer)
        return answer["result"]

    def error(self, method, params=None, **options):
        answer = self.answer(self.send(method, params, **options))
        if "error" not in answer:
            raise AssertionError(answer)
        return answer["error"]

    def tool(self, name, arguments=None, **options):
        """What a tool gives; a text when it complains."""
        result = self.result("tools/call", {"name": name, "arguments": arguments or {}}, **options)
        return result["content"][0]["text"] if result["isError"] else result["structuredContent"]

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode
