"""A client of the HTTP interface: the same calls as client.py's, by the routes of the method table."""
import base64
import http.client
import json
import urllib.parse

from harness import PATIENCE, Refused
from methods import METHODS

BY_NAME = {method.name: method for method in METHODS}


class Answer:
    def __init__(self, response):
        self.code, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)


def plain(value):
    """What JSON has for it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def query_of(params):
    pairs = []
    for name, value in params.items():
        if isinstance(value, dict):
            pairs += [(name, f"{key}={inner}") for key, inner in value.items()]
        elif isinstance(value, list):
            pairs += [(name, inner) for inner in value]
        else:
            pairs.append((name, str(value).lower() if isinstance(value, bool) else value))
    return "?" + urllib.parse.urlencode(pairs) if pairs else ""


class WebClient:
    """One connection, which is kept; with a token, or without one."""

    def __init__(self, url, token=None):
        self.url, self.token = url, token
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=PATIENCE)

    def close(self):
        self.connection.close()

    def ask(self, verb, target, body=None, **headers):
        """One request as it is; body is JSON unless it is bytes or text. Underscores in names of headers are hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            given.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(plain(body))
        self.connection.request(verb, target, body, given)
        return Answer(self.connection.getresponse())

    def route(self, name, params):
        method = BY_NAME[name]
        params, path = {key: value for key, value in params.items() if value is not None}, method.path
        for field in [part[1:-1] for part in method.path.split("/") if part.startswith("{")]:
            path = path.replace("{" + field + "}", urllib.parse.quote(str(plain(params.pop(field, 0))), safe=""))
        if method.verb in ("GET", "DELETE"):
            return method.verb, path + query_of(plain(params)), None
        return method.verb, path, params

    def call(self, name, params=None, timeout=None, **headers):
        """As Client.call: the reply, or Refused."""
        answer = self.ask(*self.route(name, params or {}), **headers)
        if answer.code == 200:
            return answer.json()
        problem = answer.json()
        assert answer.headers["Content-Type"] == "application/problem+json", answer.headers.as_string()
        assert problem["status"] == answer.code and problem["type"].endswith(problem["reason"]), problem
        raise Refused({**problem, "status": problem["title"], "message": problem["detail"]})
