"""What other systems push by their own webhooks, as they sign and shape it, and what comes of it."""
import hashlib
import hmac
import http.client
import json
import time

import pytest

from harness import World, sim_route, wait_for
from district import District

TOKEN = "pushed" * 4
SOURCES = '''source "panels" { format = grafana rules = "panels.rules" token_file = "pushed.token" up_to = red }
source "signed" { format = grafana rules = "panels.rules" token_file = "pushed.token" up_to = red by = {hmac}
 hmac_header = "X-Grafana-Alerting-Signature" hmac_time_header = "X-Grafana-Alerting-Timestamp" }
'''
RULES = {"panels.rules": '''rule "any" { when { kinds = {"*"} }
 then { template = notice.text severity = yellow divisions = {990121001} roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "报警" max = 40 } } }
'''}
FIRING = {"receiver": "gong", "status": "firing", "orgId": 1, "version": "1", "truncatedAlerts": 0, "alerts": [
    {"status": "firing", "labels": {"alertname": "High water", "grafana_folder": "River"}, "annotations": {"summary": "high"},
     "startsAt": "2026-11-30T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "c6eadffa33fcdf37",
     "generatorURL": "http://g:3000/alerting/grafana/1afz29v7z/view", "values": {"B": 34.8}, "valueString": ""}]}
TEST = {"status": "firing", "version": "1", "alerts": [
    {"status": "firing", "labels": {"alertname": "TestAlert", "instance": "Grafana"}, "startsAt": "2026-11-30T00:00:00Z",
     "annotations": {"summary": "Notification test"}, "fingerprint": "57c6d9296de2ad39", "values": None}]}
PANEL = {"ruleId": 7, "orgId": 1, "ruleName": "Panel", "state": "alerting", "title": "[Alerting] Panel", "message": "hot"}


@pytest.fixture(scope="module")
def world():
    w = World(name="pushed")
    w.routes = sim_route(w.path("books")) + SOURCES
    for name, text in {**RULES, "pushed.token": TOKEN}.items():
        with open(w.path(name), "w", encoding="utf-8") as f:
            f.write(text)
    w.write_conf()
    with w:
        w.start()
        wait_for("the route", w.all_up)
        w.load(District(2, 3))
        yield w


def push(world, source, body, headers=None):
    c = http.client.HTTPConnection("127.0.0.1", world.port, timeout=20)
    c.request("POST", "/v1/in/" + source, body if isinstance(body, bytes) else json.dumps(body).encode(),
              {"Authorization": "Bearer " + TOKEN} if headers is None else headers)
    answer = c.getresponse()
    told = answer.status, json.loads(answer.read())
    c.close()
    return told


def only(told):
    status, answer = told
    assert status == 200, answer
    signal, = answer["signals"]
    return signal


def test_grafana_fires_once_tests_nobody_and_takes_back(world):
    fired = only(push(world, "panels", FIRING))
    assert fired["state"] == "matched" and fired["alert"]
    assert only(push(world, "panels", FIRING))["alert"] == fired["alert"]
    assert only(push(world, "panels", TEST))["state"] == "ignored"
    over = dict(FIRING, alerts=[dict(FIRING["alerts"][0], status="resolved", endsAt="2026-11-30T01:00:00Z", values=None)])
    assert only(push(world, "panels", over))["state"] == "matched"
    wait_for("the end", lambda: world.alert(fired["alert"])["state"] == "cancelled")


def test_a_rule_that_fires_again_in_the_same_words_is_heard(world):
    """A notification channel names no instant."""
    first = only(push(world, "panels", PANEL))
    assert only(push(world, "panels", PANEL))["alert"] == first["alert"]
    assert only(push(world, "panels", dict(PANEL, state="ok")))["state"] == "matched"
    again = only(push(world, "panels", PANEL))
    assert again["state"] == "matched" and again["alert"] not in (None, first["alert"])
    assert only(push(world, "panels", dict(PANEL, state="ok")))["state"] == "matched"
    wait_for("both over", lambda: {world.alert(a["alert"])["state"] for a in (first, again)} == {"cancelled"})


def signed(body, at, secret=TOKEN):
    mac = hmac.new(secret.encode(), ("%d:" % at).encode() + body, hashlib.sha256)
    return {"X-Grafana-Alerting-Signature": mac.hexdigest(), "X-Grafana-Alerting-Timestamp": "%d" % at}


def test_grafana_signs_the_time_and_the_body(world):
    body, now = json.dumps(TEST).encode(), int(time.time())
    assert push(world, "signed", body, signed(body, now))[0] == 200
    old, other = signed(body, now), signed(body, now)
    old["X-Grafana-Alerting-Timestamp"] = "%d" % (now + 1)
    del other["X-Grafana-Alerting-Timestamp"]
    for headers in ({}, old, other, signed(body, now - 400), signed(body, now + 400), signed(body, now, "x" * 24),
                    signed(body + b" ", now)):
        assert push(world, "signed", body, headers)[0] == 401, headers
