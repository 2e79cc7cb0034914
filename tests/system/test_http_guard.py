#!/usr/bin/python3
"""HTTP and those who mean harm: wrong names, slow clients, garbage, guessed tokens; and what ZeroMQ notices of it."""
import http.client
import os
import resource
import socket
import ssl
import statistics
import struct
import subprocess
import time
import unittest
import urllib.parse

from harness import PATIENCE, SystemTest, read_text, sanitized, wait_until
from test_http import HttpTest
from web import WebClient

REQUESTS = 400
GARBAGE = [b"\0" * 4096, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"A" * 70000, b"\r\n" * 5000,
           b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
           b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
           b"GET /v1/site HTTP/1.1\r\nHost: localhost\r\n" + b"X-H: " + b"h" * 40000 + b"\r\n\r\n",
           b"GET /" + b"p" * 40000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"]
CALL = b'{"jsonrpc":"2.0","id":1,"method":'
AGENTS = [b"{", b"[]", b"null", b"\xff\xfe", b"[" * 200000, CALL + b'"' + b"m" * 300000 + b'"}', b"[" + b"0," * 300000 + b"0]",
          CALL + b'"tools/call","params":{"name":"memory_set","arguments":[1,2,3]}}',
          CALL + b'"initialize","params":{"protocolVersion":"9999-01-01","clientInfo":7,"capabilities":[]}}',
          CALL + b'"tools/list","params":{"_meta":' + b'{"a":' * 100 + b"1" + b"}" * 102,
          b'{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}', b'{"jsonrpc":"2.0","id":"' + b"i" * 5000 + b'","method":"ping"}']
IDLE = 2000


class Guarded(HttpTest):
    def setUp(self):
        super().setUp()
        self.url = self.admin.call("site.about")["http"]
        self.address = (urllib.parse.urlsplit(self.url).hostname, urllib.parse.urlsplit(self.url).port)

    def connect(self, data=b""):
        sock = socket.create_connection(self.address, PATIENCE)
        self.addCleanup(sock.close)
        sock.sendall(data)
        return sock

    def test_names_and_origins(self):
        web = self.web(self.admin)
        port = self.address[1]
        for host in ("localhost", "LOCALHOST:1", f"127.0.0.1:{port}", "127.9.9.9", "[::1]:7680"):
            self.assertEqual(web.ask("GET", "/v1/sessions", Host=host).code, 200, host)
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3.4", "[::2]", ":80", "a:b", "",
                     "localhost:80:90", "127.0.0.1@evil.example"):
            self.problem(web.ask("GET", "/v1/sessions", Host=host), 421, "wrong_host")
        own = f"http://127.0.0.1:{port}"
        self.assertEqual(web.ask("POST", "/v1/sessions", {"title": "t"}, Origin=own).code, 200)
        for origin in ("http://evil.example", "null", f"http://localhost:{port}", own + ".evil.example", "file://", own + "/"):
            self.problem(web.ask("POST", "/v1/sessions", {"title": "t"}, Origin=origin), 403, "wrong_origin")
        self.assertEqual(len(web.call("session.list")["sessions"]), 1)

    def test_keeping_and_pipelining(self):
        one = b"GET /v1/site HTTP/1.1\r\nHost: localhost\r\n\r\n"
        sock = self.connect(one * 20)
        sock.shutdown(socket.SHUT_WR)  # half-closed: it still wants its answers
        received = b""
        while part := sock.recv(65536):
            received += part
        self.assertEqual(received.count(b"HTTP/1.1 200 OK"), 20)
        both = self.connect(b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while part := both.recv(65536):
            received += part
        self.assertIn(b" 400 ", received.split(b"\r\n", 1)[0])
        self.assertEqual(received.count(b"HTTP/1.1 "), 1, received)

    def test_what_can_be_read_in_two_ways_is_refused(self):
        """Before a proxy and behind it, the request must be the same; nothing after it on that connection counts."""
        token, body = self.admin.call("token.create")["token"].encode(), b'{"title":"t"}'
        start = (b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "
                 + token + b"\r\n%s\r\n\r\n" + body + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        length, chunked = b"Content-Length: 13\r\n", b"Transfer-Encoding: chunked"
        for lines in (length + b"Content-Length: 60", b"Content-Length : 13", length + b"Host: evil.example",
                      length + b"Authorization: Bearer x", length + b"Origin: http://localhost\r\nOrigin: http://evil.example",
                      b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity",
                      chunked + b"\r\n" + chunked, b"Transfer-Encoding : chunked"):
            sock, received = self.connect(start % lines), b""
            while part := sock.recv(65536):
                received += part
            self.assertEqual((received.count(b"HTTP/1.1 "), received[:12]), (1, b"HTTP/1.1 400"), (lines, received))
            self.assertIn(b'"reason":"bad_header"', received, lines)
        self.assertEqual(self.admin.call("session.list").get("sessions", []), [])

    def test_what_is_no_text_is_refused_in_words(self):
        web = self.web(self.admin)
        self.problem(web.ask("POST", "/v1/sessions", {"\u00e9" * 300: 1}), 400, "unknown_field")
        sock = self.connect(b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b"404 Not Found", sock.recv(4096))
        sock = self.connect(b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n")
        self.assertIn(b"421 Misdirected", sock.recv(4096))

    @unittest.skipIf(sanitized(), "its memory is not ours")
    def test_streams_that_do_not_read_hold_little_of_the_log(self):
        token, session = self.admin.call("token.create")["token"], self.admin.call("session.create", {"title": "t"})["session"]
        for number in range(64):
            self.admin.call("item.append", {"session": session, "role": "user", "text": f"{number} " + "x" * 60000})
        before, held = self.broker.memory(), []
        for _ in range(150):
            held.append(socket.socket())
            self.addCleanup(held[-1].close)
            held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            held[-1].settimeout(PATIENCE)
            held[-1].connect(self.address)
            held[-1].sendall(b"GET /v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                             b"Authorization: Bearer " + token.encode() + b"\r\n\r\n")
        for sock in held:  # each has got some of its events
            received = b""
            while b"baton.session_created" not in received:
                received += sock.recv(4096)
        self.assertLess(self.broker.memory() - before, 200 << 20)
        for sock in held[1:]:
            sock.close()
        received, sock = b"", held[0]
        while b"63 xxx" not in received[-70000:]:  # and goes on when it reads
            received += sock.recv(1 << 16)

    def test_guessing_is_slowed_down(self):
        web = self.web(token="baton_" + "0" * 40 + "00000000")
        made = self.admin.call("token.create")
        self.admin.call("token.revoke", {"id": made["id"]})
        guess = self.web(token=made["token"])
        codes = [guess.ask("GET", "/v1/site").code for _ in range(150)]
        self.assertEqual((codes[0], codes[-1]), (401, 429))
        self.assertEqual(web.ask("GET", "/healthz").code, 200)

    def test_clients_end_anywhere(self):
        """Amidst a request, or while it is answered; with a word or without. Nothing of them stays."""
        session = self.admin.call("session.create", {"title": "t"})["session"]
        head = "Host: localhost\r\nAuthorization: Bearer {}\r\n".format(self.admin.call("token.create")["token"])
        post = head + "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: 5000\r\n\r\n"
        call = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
        requests = [f"POST /v1/sessions HTTP/1.1\r\n{post}" + '{"title":"t"}'.ljust(5000),
                    f"POST /mcp HTTP/1.1\r\n{post}" + (call + '"clientInfo":{"name":"a","version":"1"}}}').ljust(5000),
                    f"GET /v1/sessions/{session}?past=99&timeout=1000 HTTP/1.1\r\n{head}\r\n",
                    f"GET /v1/events?after=0 HTTP/1.1\r\n{head}Accept: text/event-stream\r\n\r\n"]
        files = lambda: len(os.listdir(f"/proc/{self.broker.process.pid}/fd"))
        before = files()
        for data in requests:
            for part in (1, len(data) // 3, len(data) - 1, len(data)):
                for at_once in (True, False):
                    sock = self.connect(data[:part].encode())
                    if part == len(data) and "past=" not in data:
                        sock.recv(10)
                    if at_once:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    sock.close()
        wait_until(lambda: files() <= before, "their connections are closed", patience=15)
        self.assertGreaterEqual(len(self.admin.call("session.list")["sessions"]), 3)

    def test_bodies_together_are_limited(self):
        """One that does not fit beside the others is cut off, at either place that takes them."""
        token = self.admin.call("token.create")["token"]
        start = (b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 b"Accept: application/json, text/event-stream\r\nAuthorization: Bearer %s\r\nContent-Length: 12000000\r\n\r\n")
        rest, agent = (start % (path, token.encode()) for path in (b"/v1/sessions", b"/mcp"))
        held = [self.connect(rest + b"[" * (9 << 20)) for _ in range(14)]  # each has got 16 MiB for it
        cut = []
        while not cut and len(held) < 30:
            try:
                held.append(self.connect(agent + b"[" * (9 << 20)))
            except OSError:
                cut.append(agent)
        self.assertIn(len(held), range(14, 20), "it was not limited at 256 MiB")
        with self.assertRaises(OSError):
            self.connect(rest + b"[" * (9 << 20))
        for sock in held:
            sock.close()
        web = self.web(token=token)
        wait_until(lambda: web.ask("POST", "/v1/sessions", {"title": "x" * 2000}).code == 400, "there is room again")

    def latency(self):
        """Median milliseconds of a change over ZeroMQ."""
        took = []
        for number in range(REQUESTS):
            began = time.perf_counter()
            self.admin.call("memory.set", {"session": self.session, "key": "k", "value": number})
            took.append(1000 * (time.perf_counter() - began))
        return statistics.median(took)

    def distress(self, agent):
        """Garbage, from those who don't wait for an answer; and what no agent should say, which gets one."""
        for data in GARBAGE:
            try:
                self.connect(data).close()
            except OSError:
                pass  # it was closed amidst
        for body in AGENTS:
            with socket.create_connection(self.address, PATIENCE) as sock:
                sock.sendall(agent + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                self.assertRegex(sock.recv(4096), rb"^HTTP/1.1 [24]", body[:200])

    def test_zeromq_notices_nothing(self):
        """Slow headers, slow bodies, idle streams, and garbage all the while; who is slow is cut off in time."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.session = self.admin.call("session.create", {"title": "t"})["session"]
        token = self.admin.call("token.create")["token"]
        self.latency()
        calm = self.latency()
        head = b"POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        authorized = f"Authorization: Bearer {token}\r\n".encode()
        slow = [self.connect(b"GET /v1/site HTTP/1.1\r\nX") for _ in range(200)]
        agent = head.replace(b"/v1/sessions", b"/mcp") + authorized + b"Accept: application/json, text/event-stream\r\n"
        slow += [self.connect(start + b"Content-Length: 1000000\r\n\r\n{") for start in (head + authorized, agent) * 100]
        idle = [self.connect(b"GET /v1/events?kind=session_created HTTP/1.1\r\nHost: localhost\r\n"
                             b"Accept: text/event-stream\r\n" + authorized + b"\r\n") for _ in range(IDLE)]
        for sock in idle:
            self.assertIn(b"200 OK", sock.recv(4096))
        worst, began, ended = [], time.monotonic(), set()
        while len(ended) < len(slow) and time.monotonic() - began < 2 * PATIENCE:
            self.distress(agent)
            worst.append(self.latency())
            for sock in slow:
                try:
                    sock.send(b"x")
                except OSError:
                    ended.add(sock)
        ratio = statistics.median(worst) / calm
        print(f"a change over ZeroMQ: {calm:.2f} ms, and {statistics.median(worst):.2f} ms beside HTTP in distress")
        self.assertEqual(len(ended), len(slow), "a client that sends a byte now and then stays for ever")
        self.assertLess(ratio, 3)
        self.assertTrue(self.broker.alive())
        for sock in idle[:10]:
            sock.setblocking(False)
            with self.assertRaises(BlockingIOError):  # still there, with a heartbeat or two
                while sock.recv(4096):
                    pass


class Rated(HttpTest):
    broker_options = ("--http", "127.0.0.1:0", "--http-rate", "5")

    def test_too_many_requests_are_put_off(self):
        web, other = self.web(self.admin), self.web(self.admin)
        answers = [web.ask("GET", "/v1/sessions") for _ in range(200)]
        self.assertEqual([answer.code for answer in answers[:10]], [200] * 10)
        self.assertIn("Retry-After", answers[-1].headers)
        self.assertTrue(self.problem(answers[-1], 429, "busy")["retry"])
        self.assertEqual(other.ask("GET", "/v1/sessions").code, 200)  # another token
        wait_until(lambda: web.ask("GET", "/v1/sessions").code == 200, "it may go on")
        self.assertEqual({web.ask("GET", "/healthz").code for _ in range(20)}, {200})


class Reach(SystemTest):
    broker_options = None

    def certificate(self):
        paths = [os.path.join(self.directory, name) for name in ("cert.pem", "key.pem")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                       check=True, capture_output=True, timeout=PATIENCE)
        return paths

    @staticmethod
    def closed(socks):
        """How many of them the other side has closed."""
        count = 0
        for sock in socks:
            sock.setblocking(False)
            try:
                count += sock.recv(1) == b""
            except BlockingIOError:
                pass
            except ConnectionResetError:
                count += 1
        return count

    def streams_over_tls(self, web, session, cert):
        """What waits with nothing to read or to send goes on when there is."""
        stream = http.client.HTTPSConnection("localhost", web.connection.port, timeout=PATIENCE,
                                             context=ssl.create_default_context(cafile=cert))
        self.addCleanup(stream.close)
        stream.request("GET", "/v1/events", headers={"Accept": "text/event-stream", "Authorization": f"Bearer {web.token}"})
        events = stream.getresponse()
        for number in range(50):
            n = web.call("memory.set", {"session": session, "key": "k", "value": f"{number} " + "x" * 5000})["n"]
            while not (line := events.readline()).startswith(b"data: "):
                self.assertTrue(line)
            self.assertIn(b'"value":"%d x' % number, line)
        self.assertEqual(web.ask("GET", f"/v1/sessions/{session}?past={n}&timeout=50").headers["ETag"], f'"{n}"')

    def refuses(self, *options):
        self.broker.options = list(options)
        self.assertFalse(self.broker.spawn())
        return read_text(self.broker.log)

    def test_tls_and_beyond_loopback(self):
        self.assertIn("others could read along", self.refuses("--http", "0.0.0.0:0"))
        self.assertIn("a certificate needs its key", self.refuses("--http", "127.0.0.1:0", "--http-cert", "x"))
        self.assertIn("ADDRESS:PORT", self.refuses("--http", "7680"))
        cert, key = self.certificate()
        self.assertIn("not usable", self.refuses("--http", "0.0.0.0:0", "--http-cert", cert, "--http-key", cert))
        self.broker.options = ["--http", "0.0.0.0:0", "--http-cert", cert, "--http-key", key, "--http-host", "example.org"]
        self.broker.start()
        self.admin = self.client()
        url = self.admin.call("site.about")["http"]
        self.assertTrue(url.startswith("https://example.org:"), url)
        token = self.admin.call("token.create")["token"]
        web = WebClient(url, token)
        self.addCleanup(web.close)
        web.connection = http.client.HTTPSConnection(
            f"localhost:{urllib.parse.urlsplit(url).port}", timeout=PATIENCE, context=ssl.create_default_context(cafile=cert))
        session = web.call("session.create", {"title": "over TLS"})["session"]
        web.call("artifact.put", {"session": session, "name": "large", "content": bytes(3 << 20)})
        self.assertEqual(len(web.call("artifact.get", {"session": session, "name": "large"})["content"]), 4 << 20)
        self.assertEqual(web.ask("GET", "/v1/site", Host="example.org").code, 200)
        self.streams_over_tls(web, session, cert)
        plain = socket.create_connection(("127.0.0.1", urllib.parse.urlsplit(url).port), PATIENCE)
        self.addCleanup(plain.close)
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            self.assertNotIn(b"200 OK", plain.recv(4096))
        except ConnectionResetError:
            pass  # with some of the request unread
        crowd = [socket.create_connection(("127.0.0.1", urllib.parse.urlsplit(url).port), PATIENCE) for _ in range(300)]
        for sock in crowd:
            self.addCleanup(sock.close)
        wait_until(lambda: self.closed(crowd) >= 300 - 256, "one address gets no more than its share")
        self.assertLessEqual(self.closed(crowd), 300 - 256 + 2)  # two more are open
        for sock in crowd:
            sock.close()
        self.broker.stop()
        self.broker.options = ["--http", "0.0.0.0:0", "--http-behind-proxy", "--http-host", "example.org"]
        self.broker.start()
        self.assertEqual(self.client().call("site.about")["http"], "https://example.org")


if __name__ == "__main__":
    unittest.main()
