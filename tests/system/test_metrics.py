#!/usr/bin/python3
"""Metrics: what they say is so, Prometheus's own tools find nothing wrong with them, the alerts and the dashboard; and
traces are handed on."""
import json
import os
import re
import subprocess
import unittest

from harness import PATIENCE, wait_until
from nodes import NodeTest
from test_http_events import Stream
from web import WebClient

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MONITORING = os.path.join(ROOT, "deploy", "monitoring")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00"
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? ([-+.\de]+|\+Inf)$")
SHOW = 'baton memory set "$BATON_SESSION" env "\\"$TRACEPARENT $OTEL_RESOURCE_ATTRIBUTES\\"" > /dev/null\n'


def table():
    """name -> (type, labels), of the reference page, which is made from the table."""
    rows = {}
    with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("| `"):
                name, kind, labels = (cell.strip() for cell in line.split("|")[1:4])
                rows[name.strip("`")] = (kind, set(labels.split(", ")) - {""})
    return rows


def promtool(*arguments, **options):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False, **options)


class MetricsTest(NodeTest):
    broker_options = ("--http", "127.0.0.1:0", "--lease-ttl", "3000")

    def web(self, client=None):
        about = self.admin.call("site.about")
        web = WebClient(about["http"], client and client.call("token.create")["token"])
        self.addCleanup(web.close)
        return web

    def scrape(self, web):
        answer = web.ask("GET", "/metrics")
        self.assertEqual(answer.code, 200, answer.body)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        return answer.body.decode()

    def samples(self, web):
        """(name, labels) -> value."""
        found = {}
        for line in self.scrape(web).splitlines():
            if not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                found[name, labels or ""] = float(value)
        return found


class Metrics(MetricsTest):
    def test_prometheus_takes_them(self):
        web = self.web(self.admin)
        session = self.create("private title")
        self.admin.call("events.subscribe", {})
        text = self.scrape(web)
        checked = promtool("check", "metrics", input=text)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))
        families = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
        self.assertEqual(families, {name: kind for name, (kind, _) in table().items()})
        for name, labels, _ in (SAMPLE.match(line).groups() for line in text.splitlines() if not line.startswith("#")):
            kind, known = table()[re.sub("_(bucket|sum|count)$", "", name) if name not in families else name]
            used = set(re.findall(r'(\w+)="', labels or "")) - {"le"}
            self.assertEqual(used, known, name)
        for secret in (session, "private title"):
            self.assertNotIn(secret, text)
        alone = self.baton("site", "metrics")  # without what the web thread has
        self.assertEqual(promtool("check", "metrics", input=alone).returncode, 0)
        self.assertLess(set(re.findall(r"^# TYPE (\w+)", alone, re.M)), set(families))

    def test_they_count(self):
        web = self.web(self.admin)
        before = self.samples(web)
        session = self.begin("counted")
        self.create("another")
        self.refused("invalid_argument", "missing_field", self.admin.call, "session.create", {})
        self.admin.call("usage.report", {"session": session, "input_tokens": 30, "output_tokens": 4})

        self.assertEqual(web.ask("GET", "/v1/nothing").code, 404)
        after = self.samples(web)

        def grown(name, labels=""):
            return after[name, labels] - before.get((name, labels), 0)

        self.assertEqual(grown("baton_requests_total", 'method="session.create",status="ok"'), 2)
        self.assertEqual(grown("baton_requests_total", 'method="session.create",status="invalid_argument"'), 1)
        self.assertEqual(grown("baton_request_duration_seconds_count", 'method="session.create"'), 3)
        self.assertGreater(grown("baton_request_duration_seconds_sum", 'method="session.create"'), 0)
        self.assertEqual(grown("baton_events_total", 'kind="session_created"'), 2)
        self.assertEqual(grown("baton_sessions", 'state="running"'), 1)
        self.assertEqual(grown("baton_sessions", 'state="suspended"'), 1)
        self.assertEqual(grown("baton_runs_waiting"), 1)
        self.assertEqual((grown("baton_input_tokens_total"), grown("baton_output_tokens_total")), (30, 4))
        self.assertEqual(grown("baton_commit_events_sum"), grown("baton_log_events"))
        self.assertEqual(grown("baton_http_responses_total", 'code="404"'), 1)
        self.assertEqual(after["baton_http_connections", ""], 1)
        self.assertGreater(after["baton_store_bytes", 'file="log"'] + after["baton_store_bytes", 'file="database"'], 0)
        self.assertGreater(after["process_resident_memory_bytes", ""], 1 << 20)

    def test_nodes_and_breakpoints(self):
        web = self.web(self.admin)
        ask = 'baton breakpoint ask --key k --title "Go on?" --wait > /dev/null\n'
        self.node("east", {"ask": ask})
        session = self.begin("asks", driver="ask")
        self.until(session, lambda s: s.get("breakpoints"), "the question")
        found = self.samples(web)
        self.assertEqual(found["baton_breakpoints_open", 'age="under 5 minutes"'], 1)
        self.assertLess(found["baton_breakpoint_oldest_seconds", ""], PATIENCE)
        self.assertEqual(found["baton_nodes", 'state="up"'], 1)
        self.assertEqual(found["baton_node_slots", 'node="east"'], 4)
        self.assertEqual(found["baton_node_slots_used", 'node="east"'], 1)
        self.assertEqual(found["baton_node_spool_changes", 'node="east"'], 0)
        self.nodes["east"].kill()
        wait_until(lambda: self.samples(web)["baton_nodes", 'state="lost"'] == 1, "the node to be given up")

    def test_what_a_node_says_of_its_spool(self):
        west = self.enrolled("west", "node")
        west.call("node.register", {"slots": 1, "instance": "i"})
        west.call("node.heartbeat", {"instance": "i", "spooled": 7})
        self.assertEqual(self.samples(self.web(self.admin))["baton_node_spool_changes", 'node="west"'], 7)
        self.assertEqual(self.admin.call("node.list")["nodes"][0]["spooled"], 7)

    def test_who_may_read_them(self):
        for role, code in (("observer", 200), ("operator", 200)):
            self.assertEqual(self.web(self.enrolled(role + "-1", role)).ask("GET", "/metrics").code, code, role)
        self.assertEqual(self.web().ask("GET", "/metrics").code, 401)
        self.refused("permission_denied", "not_allowed", self.enrolled("n", "node").call, "site.metrics")


class Monitoring(unittest.TestCase):
    def expressions(self):
        with open(os.path.join(MONITORING, "dashboard.json"), encoding="utf-8") as file:
            for panel in json.load(file)["panels"]:
                for target in panel.get("targets", []):
                    yield panel["title"], target["expr"]
        with open(os.path.join(MONITORING, "alerts.yml"), encoding="utf-8") as file:
            yield "alerts", file.read()

    def test_the_alerts_fire_for_what_they_are_for(self):
        for arguments in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
            done = promtool(*arguments, cwd=MONITORING)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_dashboard_and_alerts_name_metrics_that_there_are(self):
        known = table()
        used = set()
        for title, text in self.expressions():
            for name, matchers in re.findall(r"\b((?:baton|process)_\w+)(?:\{([^}]*)\})?", text):
                base = re.sub("_(bucket|sum|count)$", "", name) if name not in known else name
                self.assertIn(base, known, title)
                used.add(base)
                labels = set(re.findall(r'(\w+)[=!]~?"', matchers)) - {"job"}
                self.assertLessEqual(labels, known[base][1], title)
        self.assertEqual(set(known) - used - {"baton_build_info", "baton_start_time_seconds"}, set())


class Traces(MetricsTest):
    def test_a_trace_goes_from_the_request_to_the_runs_that_it_causes(self):
        tell = 'baton message send second hello > /dev/null\n'
        self.node("east", {"first": SHOW + tell, "second": SHOW})
        web = self.web(self.admin)
        stream = Stream(web.url, web.token)
        self.addCleanup(stream.close)
        second = self.create("second", driver="second")
        self.admin.call("session.sleep", {"session": second, "on_message": True})
        answer = web.ask("POST", "/v1/sessions", {"title": "first", "driver": "first", "activate": True,
                                                  "agent": "scout"}, traceparent=TRACE)
        self.assertEqual(answer.code, 200, answer.body)
        first = answer.json()["session"]
        for session, agent in ((first, ",gen_ai.agent.name=scout"), (second, "")):
            state = self.until(session, lambda s: s.get("memory"), "the run to have told its environment")
            self.assertEqual(state["memory"][0]["value"],
                             f"{TRACE} gen_ai.conversation.id={session},baton.run.number=1{agent}")
        event = next(event for event in iter(stream.next, None) if event["data"]["type"] == "baton.run_queued")
        self.assertEqual((event["data"]["traceparent"], event["data"]["subject"]), (TRACE, first))
        self.assertEqual(self.events(second, "message_delivered")[0]["trace"], TRACE)

    def test_what_is_no_trace_is_ignored(self):
        web = self.web(self.admin)
        for trace in ("", "x", TRACE.upper(), TRACE.replace("-01", "-1")):
            answer = web.ask("POST", "/v1/sessions", {"title": "t"}, traceparent=trace)
            self.assertEqual(answer.code, 200, answer.body)
            self.assertNotIn("trace", self.events(answer.json()["session"])[0])

    def test_a_start_that_waits_keeps_its_trace(self):
        self.node("east", {"wait": SHOW + "while [ ! -e go ]; do sleep 0.05; done\n"})
        session = self.begin("waits", driver="wait", workspace=self.directory)
        self.until(session, lambda s: s.get("memory"), "the first run")
        self.baton("session", "activate", session, "--multitask-strategy", "enqueue", TRACEPARENT=OTHER)
        self.touch("go")
        self.until(session, lambda s: s["memory"][0]["value"].startswith(OTHER), "the second run")


if __name__ == "__main__":
    unittest.main()
