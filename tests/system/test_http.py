#!/usr/bin/python3
"""HTTP: every route of the method table, with good and with bad input, and what is HTTP's own."""
import base64
import http.client
import os
import re
import shlex
import threading
import time
import unittest

from harness import PATIENCE, Refused, SystemTest, wait_until, whole_log
from methods import METHODS
import test_sharing
from web import Answer, WebClient

ROUTES = [method for method in METHODS if method.path]
WRONG = {"NAME": 1, "SESSION": 1, "LINE": 1, "TEXT": 1, "UINT": "one", "BYTES": "%", "ENUM": 7, "FLAG": "perhaps",
         "PAIRS": [1], "TEXTS": {"a": 1}, "SESSIONS": {"a": 1}, "LIST": {"a": 1}, "INNER": [1]}


class HttpTest(SystemTest):
    broker_options = ("--http", "127.0.0.1:0")

    def web(self, client=None, token=None):
        """A connection that speaks for the identity of a client."""
        about = self.admin.call("site.about")
        if client:
            token = client.call("token.create")["token"]
        web = WebClient(about["http"], token)
        self.addCleanup(web.close)
        return web

    def problem(self, answer, code, reason):
        self.assertEqual((answer.code, answer.json()["reason"]), (code, reason), answer.body)
        return answer.json()


class Routes(HttpTest):
    def outcome(self, client, name, body):
        try:
            client.call(name, body, timeout=PATIENCE)
        except Refused as refused:
            return refused.failure["status"], refused.failure.get("reason", "none"), refused.failure.get("field", "")
        return "ok"

    def test_every_route_does_what_its_method_does(self):
        """Over HTTP and over ZeroMQ, the same input ends the same."""
        web = self.web(self.admin)
        self.assertGreater(len(ROUTES), 95)
        for method in ROUTES:
            if method.name in ("identity.invite", "session.import", "blob.put", "team.create", "token.create", "console.link"):
                continue  # these succeed, and once more is something else; below
            body = method.body()
            with self.subTest(method=method.name):
                self.assertEqual(self.outcome(web, method.name, body), self.outcome(self.admin, method.name, body))

    def test_every_field_of_every_route_is_checked(self):
        web = self.web(self.admin)
        for method in ROUTES:
            for field, kind in method.kinds.items():
                in_path = "{" + field + "}" in method.path
                if kind not in WRONG or (in_path and kind != "UINT"):
                    continue
                in_query = method.verb in ("GET", "DELETE")
                if in_query and kind not in ("UINT", "FLAG", "PAIRS", "LIST", "INNER"):
                    continue  # any text may be one
                value = WRONG[kind] if not in_query else "no such thing"
                with self.subTest(method=method.name, field=field):
                    answer = web.ask(*web.route(method.name, {**method.body(), field: value}))
                    word = kind == "ENUM" and in_query
                    problem = self.problem(answer, 400, "bad_value" if word or kind == "BYTES" else "wrong_type")
                    self.assertTrue(problem["field"].startswith(field), problem)
            with self.subTest(method=method.name):
                verb, target, body = web.route(method.name, method.body())
                answer = web.ask(verb, target + ("&" if "?" in target else "?") + "no_such_field=1", body)
                self.problem(answer, 400, "unknown_field")
                if body is not None:
                    self.problem(web.ask(verb, target, {**body, "no_such_field": 1}), 400, "unknown_field")

    def test_what_succeeds_once(self):
        web = self.web(self.admin)
        self.assertTrue(web.call("identity.invite", {"name": "eve", "role": "guest"})["token"].startswith("baton1."))
        web.call("team.create", {"name": "crew"})
        self.assertEqual([team["name"] for team in web.call("team.list")["teams"]], ["crew"])
        session = web.call("session.create", {"title": "Über +&=/?%", "labels": {"a": "b=c"}})["session"]
        self.assertEqual(web.call("session.list", {"labels": {"a": "b=c"}})["sessions"][0]["session"], session)
        self.assertEqual(web.call("session.resolve", {"ref": "Über +&=/?%"})["session"], session)
        web.call("artifact.put", {"session": session, "name": "out/a+b", "content": bytes(range(256))})
        content = web.call("artifact.get", {"session": session, "name": "out/a+b"})["content"]
        self.assertEqual(self.admin.call("artifact.get", {"session": session, "name": "out/a+b"})["content"],
                         base64.b64decode(content))
        web.call("memory.set", {"session": session, "key": "k", "value": {"x": [1, 2.5, None, "ü"]}})
        self.assertEqual(web.call("memory.get", {"session": session, "key": "k"})["value"], {"x": [1, 2.5, None, "ü"]})
        shown = web.call("session.show", {"session": session})
        self.assertEqual((shown["title"], shown["labels"]), ("Über +&=/?%", {"a": "b=c"}))


class Headers(HttpTest):
    def test_a_key_is_answered_once(self):
        """Also when the broker is killed as soon as it has answered."""
        web = self.web(self.admin)
        first = web.ask("POST", "/v1/sessions", {"title": "once"}, Idempotency_Key="k1")
        self.broker.kill()
        self.broker.start()
        web = self.web(token=web.token)
        again = web.ask("POST", "/v1/sessions", '{ "title" : "once" }', Idempotency_Key="k1")
        self.assertEqual((first.code, first.json()), (200, again.json()))
        self.problem(web.ask("POST", "/v1/sessions", {"title": "other"}, Idempotency_Key="k1"), 409, "key_reused")
        over_zeromq = self.admin.call("session.create", {"title": "once"}, key="k1")
        self.assertEqual(over_zeromq["session"], first.json()["session"])

    def test_a_kill_amidst(self):
        """What was answered is there; and what was asked again with its key has been done once, answered or not."""
        token, answered, enough = self.web(self.admin).token, {}, threading.Event()

        def create(number, web):
            for key in (f"k{number}-{turn}" for turn in range(1000)):
                asked.append(key)
                try:
                    answered[key] = web.ask("POST", "/v1/sessions", {"title": key}, Idempotency_Key=key).json()["session"]
                except (OSError, http.client.HTTPException):
                    return
                if len(answered) >= 100:
                    enough.set()

        asked = []
        threads = [threading.Thread(target=create, args=[number, self.web(token=token)]) for number in range(8)]
        for thread in threads:
            thread.start()
        self.assertTrue(enough.wait(PATIENCE))
        self.broker.kill()
        for thread in threads:
            thread.join(PATIENCE)
        self.broker.start()
        self.admin = self.client()
        web = self.web(token=token)
        for key in asked:
            again = web.ask("POST", "/v1/sessions", {"title": key}, Idempotency_Key=key).json()["session"]
            self.assertEqual(answered.setdefault(key, again), again)
        created = [event for event in whole_log(self.admin) if event["kind"] == "session_created"]
        self.assertEqual(sorted(event["body"]["title"] for event in created), sorted(asked))
        self.assertEqual({event["session"] for event in created}, set(answered.values()))

    def test_positions(self):
        web = self.web(self.admin)
        session = web.call("session.create", {"title": "t"})["session"]
        path = f"/v1/sessions/{session}"
        tag = web.ask("GET", path).headers["ETag"]
        self.assertEqual(web.ask("PATCH", path, {"title": "u"}, If_Match=tag).code, 200)
        self.problem(web.ask("PATCH", path, {"title": "v"}, If_Match=tag), 412, "version_mismatch")
        for bad in ("7", '"x"', 'W/"1"', '""', "*", '"1", "2"'):
            self.problem(web.ask("PATCH", path, {"title": "v"}, If_Match=bad), 400, "bad_header")

    def test_waiting(self):
        web, other = self.web(self.admin), self.web(self.admin)
        session = web.call("session.create", {"title": "t"})["session"]
        path, answers = f"/v1/sessions/{session}", []
        tag = web.ask("GET", path).headers["ETag"]
        thread = threading.Thread(target=lambda: answers.append(
            web.ask("GET", path, If_None_Match=tag, Prefer="respond-async, wait=20")))
        began = time.monotonic()
        thread.start()
        other.call("memory.set", {"session": session, "key": "k", "value": 1})
        thread.join(PATIENCE)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(answers[0].headers["ETag"], '"2"')
        late = web.ask("GET", path + "?past=2&timeout=50")
        self.assertEqual((late.code, late.headers["ETag"]), (200, '"2"'))

    def test_what_http_has_of_its_own(self):
        web, stranger = self.web(self.admin), self.web()
        self.assertEqual(stranger.ask("GET", "/healthz").body, b"ok\n")
        self.assertEqual(stranger.ask("GET", "/readyz").code, 200)
        self.assertNotIn("http", stranger.ask("GET", "/v1/site").json())
        refused = stranger.ask("GET", "/v1/sessions")
        self.problem(refused, 401, "no_token")
        self.assertIn("Bearer", refused.headers["WWW-Authenticate"])
        self.assertEqual(web.ask("PUT", "/v1/sessions", {}).headers["Allow"], "POST, GET")
        for target in ("/v1/nowhere", "/v1/sessions/", "/v1/sessions//events", "//", "/v1/../v1/site", "/V1/site"):
            self.problem(web.ask("GET", target), 404, "unknown_path")
        for target in ("/v1/sessions/%", "/v1/sessions/%zz", "/v1/sessions/a%00b", "/v1/sessions?labels=%0", "*"):
            self.problem(web.ask("GET", target), 400, "bad_url")
        self.problem(web.ask("GET", "/v1/sessions/" + "a" * 5000), 400, "bad_url")
        self.problem(web.ask("GET", "/v1/sessions?limit=1&limit=2"), 400, "duplicate_key")
        self.problem(web.ask("GET", "/v1/sessions?" + "&".join(f"labels=l{i}=v" for i in range(65))), 400, "bad_url")
        for body in ("{", "[", '{"title": "a", "title": "b"}', '{"title": "\\u0000"}', b"\xff", '{"title": NaN}', "{} {}"):
            self.problem(web.ask("POST", "/v1/sessions", body), 400, "bad_json")
        for body in ("[]", "1", '"x"', "null"):
            self.problem(web.ask("POST", "/v1/sessions", body), 400, "wrong_type")
        for media in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"):
            self.problem(web.ask("POST", "/v1/sessions", "{}", Content_Type=media), 415, "wrong_media")
        self.problem(web.ask("GET", "/v1/sessions", {"limit": 1}), 415, "wrong_media")
        deep = '{"title": "t", "activate": true, "input": ' + "[" * 100 + "]" * 100 + "}"
        self.problem(web.ask("POST", "/v1/sessions", deep), 400, "too_deep")
        self.problem(web.ask("POST", "/v1/sessions", {"session": "x", "title": 2**70}), 400, "bad_json")
        self.problem(web.ask("PUT", f"/v1/sessions/{'a' * 20}/memory/k", {"key": "j", "value": 1}), 400, "duplicate_key")
        web.connection.putrequest("POST", "/v1/sessions")
        for header in (("Content-Type", "application/json"), ("Content-Length", (12 << 20) + 1)):
            web.connection.putheader(*header)
        web.connection.endheaders()
        self.problem(Answer(web.connection.getresponse()), 413, "too_large")
        self.assertEqual(web.ask("HEAD", "/v1/sessions").body, b"")


class Description(HttpTest):
    def test_the_description_is_of_what_is_there(self):
        answer = self.web().ask("GET", "/openapi.json")
        document = answer.json()
        self.assertEqual((document["openapi"], answer.headers["Content-Type"]), ("3.1.0", "application/json"))
        operations = {operation["operationId"]: (verb.upper(), path, operation)
                      for path, verbs in document["paths"].items() for verb, operation in verbs.items()}
        shape = lambda path: re.sub(r"{\w+}", "{}", path)  # a parameter has one name there, whatever the fields are called
        self.assertEqual({name: (verb, shape(path)) for name, (verb, path, _) in operations.items()},
                         {method.name: (method.verb, shape(method.path)) for method in ROUTES})
        self.assertEqual(len(document["paths"]), len({shape(path) for path in document["paths"]}))
        for method in ROUTES:
            _, path, operation = operations[method.name]
            places = {parameter["name"]: parameter["in"] for parameter in operation["parameters"] if "name" in parameter}
            self.assertEqual({name for name, place in places.items() if place == "path"},
                             set(re.findall(r"{(\w+)}", path)), method.name)
            body = operation.get("requestBody", {"content": {"application/json": {"schema": {"properties": {}}}}})
            fields = {name for name, place in places.items() if place != "path"}
            fields |= set(re.findall(r"{(\w+)}", method.path))
            fields |= set(body["content"]["application/json"]["schema"]["properties"])
            self.assertEqual(fields, set(method.kinds), method.name)
        references = set(re.findall(r'"#/components/(\w+)/(\w+)"', answer.body.decode()))
        for kind, name in references:
            self.assertIn(name, document["components"][kind])


class Browsers(HttpTest):
    def sign_in(self, web, url):
        link = url.partition("?")[2]
        return web.ask("POST", "/signin", link, Content_Type="application/x-www-form-urlencoded", Origin=web.url)

    def test_signing_in(self):
        url = self.baton("console").strip()
        web = self.web()
        target = url.removeprefix(web.url)
        self.assertTrue(target.startswith("/signin?link=baton_"), url)
        for _ in range(2):  # it is looked at, which does not spend it
            page = web.ask("GET", target)
            self.assertEqual(page.code, 200)
            self.assertIn(b"<form method=post", page.body)
        for name, text in (("Content-Security-Policy", "frame-ancestors 'none'"), ("Referrer-Policy", "same-origin"),
                           ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")):
            self.assertIn(text, page.headers[name])
        self.problem(web.ask("POST", "/signin", target.partition("?")[2], Origin="http://evil.example"), 403, "wrong_origin")
        self.problem(web.ask("GET", "/v1/sessions", Authorization="Bearer " + target.partition("=")[2]), 401, "unknown_token")
        done = self.sign_in(web, url)
        self.assertEqual((done.code, done.headers["Location"]), (303, "/"))
        cookie, *attributes = done.headers["Set-Cookie"].split("; ")
        self.assertEqual(set(attributes), {"Path=/", "HttpOnly", "SameSite=Strict"})
        self.assertEqual(self.sign_in(web, url).code, 410)
        about = web.ask("GET", "/v1/site", Cookie=cookie)
        self.assertEqual(about.json()["you"], "admin")
        csrf, own = about.headers["Baton-CSRF"], web.url
        ask = lambda **headers: web.ask("POST", "/v1/sessions", {"title": "t"}, Cookie=cookie, **headers)
        self.problem(ask(), 403, "wrong_origin")
        self.problem(ask(Baton_CSRF=csrf), 403, "wrong_origin")
        self.problem(ask(Origin=own), 403, "wrong_csrf")
        self.problem(ask(Origin=own, Baton_CSRF="0" * 32), 403, "wrong_csrf")
        self.problem(ask(Sec_Fetch_Site="cross-site", Origin=own, Baton_CSRF=csrf), 403, "wrong_origin")
        self.problem(ask(Sec_Fetch_Site="same-site", Baton_CSRF=csrf), 403, "wrong_origin")
        self.assertEqual(ask(Sec_Fetch_Site="same-origin", Baton_CSRF=csrf).code, 200)
        self.assertEqual(ask(Origin=own, Baton_CSRF=csrf).code, 200)
        for bad in ("baton=x", "baton=" + "a" * 4000, "baton", "x=" + cookie, ""):
            self.problem(web.ask("GET", "/v1/sessions", Cookie=bad), 401, "no_token")
        self.broker.restart()
        web = self.web()
        self.assertEqual(web.ask("GET", "/v1/sessions", Cookie=cookie).code, 200)
        kinds = [row["kind"] for row in self.client().call("token.list")["tokens"]]
        self.assertEqual(kinds, ["browser"])

    def test_signing_out(self):
        url = self.baton("console").strip()
        web = self.web()
        cookie = self.sign_in(web, url).headers["Set-Cookie"].partition(";")[0]
        csrf = web.ask("GET", "/v1/site", Cookie=cookie).headers["Baton-CSRF"]
        leave = lambda **headers: web.ask("POST", "/signout", **headers)
        self.problem(leave(), 401, "no_token")
        self.problem(leave(Cookie=cookie), 403, "wrong_origin")
        self.problem(leave(Cookie=cookie, Origin=web.url), 403, "wrong_csrf")
        self.problem(web.ask("GET", "/signout", Cookie=cookie), 404, "unknown_path")
        done = leave(Cookie=cookie, Origin=web.url, Baton_CSRF=csrf)
        self.assertEqual(done.code, 200)
        self.assertTrue(done.headers["Set-Cookie"].startswith(cookie.partition("=")[0] + "=; "), done.headers["Set-Cookie"])
        self.assertIn("Max-Age=0", done.headers["Set-Cookie"])
        self.problem(web.ask("GET", "/v1/sessions", Cookie=cookie), 401, "unknown_token")
        self.assertEqual(self.admin.call("token.list").get("tokens", []), [])
        self.refused("not_found", "no_such_token", self.admin.call, "console.sign_out")

    def test_a_link_ends(self):
        made = self.admin.call("console.link", {"ttl": 1})
        wait_until(lambda: self.admin.call("token.list").get("tokens", []) == [], "its time is over")
        self.assertEqual(self.sign_in(self.web(), made["url"]).code, 410)
        web = self.web()
        for form in ("", "link=", "link=x", "link=baton_" + "0" * 48, "x" * 4000):
            answer = web.ask("POST", "/signin", form, Content_Type="application/x-www-form-urlencoded", Origin=web.url)
            self.assertIn(answer.code, (403, 410), form[:20])


class Page(HttpTest):
    def test_the_commands_of_the_page(self):
        with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "http.md"), encoding="utf-8") as page:
            lines = re.findall(r"^    baton (.*)$", page.read(), re.MULTILINE)
        self.assertGreaterEqual(len(lines), 3)
        printed = [self.baton(*shlex.split(line)) for line in lines]
        self.assertIn("baton_", printed[0])
        self.assertEqual([line.split()[0] for line in printed[1].splitlines()[1:]],
                         [row["id"] for row in self.admin.call("token.list")["tokens"] if "label" in row])


class Tokens(HttpTest):
    def test_a_token_speaks_for_its_identity(self):
        ada, eve = self.enrolled("ada", "operator"), self.enrolled("eve", "guest")
        web = self.web(ada)
        self.assertEqual(web.call("site.about")["you"], "ada")
        self.refused("permission_denied", "not_allowed", web.call, "identity.list")
        self.refused("permission_denied", "not_allowed", web.call, "token.create", {"who": "eve"})
        made = self.admin.call("token.create", {"who": "eve", "label": "robot", "ttl": 3600000})
        self.assertEqual(self.web(token=made["token"]).call("site.about")["you"], "eve")
        self.assertEqual([row["label"] for row in eve.call("token.list")["tokens"]], ["robot"])
        self.refused("not_found", "no_such_token", ada.call, "token.revoke", {"id": made["id"]})
        node = self.enrolled("host", "node")
        self.refused("permission_denied", "not_allowed", node.call, "token.create")
        self.refused("invalid_argument", "bad_value", self.admin.call, "token.create", {"who": "host"})

    def test_its_text_is_nowhere_on_disk(self):
        made = self.admin.call("token.create", {}, key="k")
        again = self.admin.call("token.create", {}, key="k")
        self.assertEqual((again["id"], again.get("token")), (made["id"], None))
        self.broker.restart()
        self.assertEqual(self.web(token=made["token"]).call("site.about")["you"], "admin")
        self.broker.stop()
        for folder, _, names in os.walk(self.broker.state):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(made["token"].removeprefix("baton_").encode(), file.read(), name)

    def test_it_ends(self):
        made = self.admin.call("token.create")
        web = self.web(token=made["token"])
        short = web.call("token.create", {"ttl": 1})
        self.assertEqual(web.call("site.about")["role"], "admin")
        wait_until(lambda: self.web(token=short["token"]).ask("GET", "/v1/site").code == 401, "expired")
        longer = web.call("token.create", {"ttl": 31536000000})
        self.assertLessEqual(longer["expires_at"], made["expires_at"], "it outlives the one that made it")
        session = web.call("session.create", {"title": "t"})["session"]
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            web.ask("GET", f"/v1/sessions/{session}?past=1&timeout=20000")))
        thread.start()
        self.admin.call("token.revoke", {"id": made["id"]})
        self.admin.call("memory.set", {"session": session, "key": "k", "value": 1})
        thread.join(PATIENCE)
        self.problem(answers[0], 401, "unknown_token")
        self.problem(web.ask("GET", "/v1/sessions"), 401, "unknown_token")
        self.problem(web.ask("GET", "/v1/site"), 401, "unknown_token")
        for text in (made["token"][:-1], made["token"][:-1] + "x", "x", "baton_" + "0" * 48):
            self.problem(self.web(token=text).ask("GET", "/v1/site"), 401, "unknown_token")
        for given in ("Basic YTpi", "Bearer", made["token"]):
            self.problem(self.web().ask("GET", "/v1/site", Authorization=given), 401, "unknown_token")
        ada = self.enrolled("ada", "operator")
        hers = self.web(ada)
        self.admin.call("identity.revoke", {"name": "ada"})
        self.problem(hers.ask("GET", "/v1/sessions"), 401, "unknown_token")


class WebMatrix(test_sharing.Matrix):
    """Each access by each method, as over ZeroMQ."""

    broker_options = ("--http", "127.0.0.1:0")

    def enrolled(self, name, role):
        token = super().enrolled(name, role).call("token.create")["token"]
        web = WebClient(self.admin.call("site.about")["http"], token)
        self.addCleanup(web.close)
        return web

    def test_each_access_by_each_method(self):
        everything = test_sharing.METHODS
        test_sharing.METHODS = ROUTES
        self.addCleanup(setattr, test_sharing, "METHODS", everything)
        super().test_each_access_by_each_method()

    test_a_hidden_session_is_as_one_that_is_not_there = None  # nothing of that is HTTP's


if __name__ == "__main__":
    unittest.main()
