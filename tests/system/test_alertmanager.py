"""Debian's Alertmanager, and gong on the other end of its webhook: what fires calls people once, what it
says again is a repeat, and what is resolved ends it."""
import json
import os
import urllib.request

import pytest

import harness
from harness import Process, World, free_ports, sim_route, wait_for
from district import District

FOLDER = os.path.join(harness.ROOT, "build/alertmanager")        # unpacked by make have-test
PROGRAM = os.path.join(FOLDER, "usr/bin/prometheus-alertmanager")
SOURCE = '''source "monitoring" { format = alertmanager rules = "monitoring.rules" token_file = "monitoring.token"
 up_to = red }
'''
RULES = '''rule "hot" { when { kinds = {Hot} }
 then { template = notice.text severity = yellow divisions = {990121001} roles = {village_chief} validity = 4h
  param "text" { text = headline max = 40 } } }
'''
SETTINGS = """route: {receiver: gong, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}
receivers:
- name: gong
  webhook_configs:
  - {url: "http://127.0.0.1:%d/v1/in/monitoring", http_config: {authorization: {credentials: %s}}}
"""


@pytest.fixture
def world():
    w = World(name="alertmanager")
    w.routes = sim_route(w.path("books")) + SOURCE
    for name, text in ("monitoring.rules", RULES), ("monitoring.token", "monitor" * 4):
        with open(w.path(name), "w", encoding="utf-8") as f:
            f.write(text)
    w.write_conf()
    with w:
        w.start()
        wait_for("the route", w.all_up)
        w.load(District(2, 3))
        yield w


def alertmanager(world, port):
    with open(world.path("alertmanager.yml"), "w", encoding="ascii") as f:
        f.write(SETTINGS % (world.port, "monitor" * 4))
    p = Process("alertmanager", [PROGRAM, "--config.file=" + world.path("alertmanager.yml"), "--cluster.listen-address=",
                                 "--storage.path=" + world.path("alertmanager"),
                                 "--web.listen-address=127.0.0.1:%d" % port], world.path("alertmanager.log"), cwd=FOLDER)
    world.processes.append(p)
    wait_for("Alertmanager", lambda: harness.listens(port))


def fire(port, name, **more):
    alert = dict({"labels": {"alertname": name}, "annotations": {"summary": "too hot"}}, **more)
    request = urllib.request.Request("http://127.0.0.1:%d/api/v2/alerts" % port, json.dumps([alert]).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


def signals(world):
    return world.api("GET", "/v1/signals")[1]["signals"]


def test_what_fires_calls_people_once_and_what_is_resolved_ends_it(world):
    port, = free_ports(1)
    alertmanager(world, port)
    fire(port, "Hot", startsAt="2026-11-30T00:00:00Z")
    fire(port, "Wet", startsAt="2026-11-30T00:00:00Z")
    hot = wait_for("the signal", lambda: [s for s in signals(world) if s["kind"] == "Hot" and s["repeats"]])[0]
    assert hot["state"] == "matched" and hot["alert"]
    wait_for("people told", lambda: [m for m in world.messages() if m["state"] == "delivered" or m["state"] == "sent"])
    assert {s["state"] for s in signals(world) if s["kind"] == "Wet"} == {"unmatched"}
    fire(port, "Hot", startsAt="2026-11-30T00:00:00Z", endsAt="2026-11-30T01:00:00Z")
    wait_for("the end", lambda: world.alert(hot["alert"])["state"] == "cancelled")
    assert len(world.api("GET", "/v1/alerts")[1]["alerts"]) == 1
