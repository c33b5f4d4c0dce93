"""What other systems push by their own webhooks, as they sign and shape it, and what comes of it."""
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import time
import xml.etree.ElementTree

import pytest

from harness import ROOT, World, sim_route, wait_for
from district import District

TOKEN = "pushed" * 4
SOURCES = '''source "panels" { format = grafana rules = "panels.rules" token_file = "pushed.token" up_to = red }
source "signed" { format = grafana rules = "panels.rules" token_file = "pushed.token" up_to = red by = {hmac}
 hmac_header = "X-Grafana-Alerting-Signature" hmac_time_header = "X-Grafana-Alerting-Timestamp" }
source "zabbix" { format = zabbix rules = "panels.rules" token_file = "pushed.token" up_to = red }
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


# -- Zabbix: the shipped media type, run by Debian's own zabbix_js --

ZABBIX_JS = os.path.join(ROOT, "build/zabbix/usr/bin/zabbix_js")           # unpacked by make have-test


@pytest.fixture(scope="module")
def media_type():
    return xml.etree.ElementTree.parse(os.path.join(ROOT, "config/zabbix.xml")).find(".//media_type")


def run_media_type(world, media_type, **filled):
    """With macros as they come where nothing fills them in."""
    said = {p.findtext("name"): p.findtext("value") for p in media_type.iter("parameter")}
    said.update({"gong_url": "http://127.0.0.1:%d/v1/in/zabbix" % world.port, "gong_token": TOKEN}, **filled)
    with open(world.path("script.js"), "w", encoding="utf-8") as f:
        f.write(media_type.findtext("script"))
    ran = subprocess.run([ZABBIX_JS, "-s", world.path("script.js"), "-p", json.dumps(said)], capture_output=True, text=True,
                         timeout=30, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def zabbix_says(world, media_type, **filled):
    rc, out = run_media_type(world, media_type, **filled)
    assert rc == 0, out
    return only((200, json.loads(out)))


def test_zabbix_by_its_own_javascript(world, media_type):
    problem = {"event_id": "4711", "event_value": "1", "event_update": "0", "event_severity": "4",
               "event_name": 'Server room "1" 38 度', "host": "room-1", "message": "a \"quote\"\nand a line"}
    assert zabbix_says(world, media_type)["state"] == "ignored"        # the button Test
    fired = zabbix_says(world, media_type, **problem)
    assert fired["state"] == "matched" and fired["alert"], fired
    assert zabbix_says(world, media_type, **problem)["alert"] == fired["alert"]
    written = dict(problem, event_update="1", update_action="commented")
    assert zabbix_says(world, media_type, **written)["alert"] in (None, fired["alert"])
    assert world.alert(fired["alert"])["state"] != "cancelled"
    assert zabbix_says(world, media_type, **dict(problem, event_value="0", event_recovery_id="4712"))["state"] == "matched"
    wait_for("the end", lambda: world.alert(fired["alert"])["state"] == "cancelled")


def test_what_gong_does_not_take_zabbix_tries_again_for_an_hour(world, media_type):
    """Only what its script throws; an answer of 503 alone is a success to it."""
    rc, out = run_media_type(world, media_type, gong_token="x" * 24, event_id="1", event_value="1")
    assert rc != 0 and "gong answered 401" in out
    rc, out = run_media_type(world, media_type, gong_token="", event_id="1", event_value="1")
    assert rc != 0 and "gong_token is empty" in out
    rc, out = run_media_type(world, media_type, gong_url="http://127.0.0.1:1/", event_id="1", event_value="1")
    assert rc != 0 and "connect" in out
    assert int(media_type.findtext("attempts")) * int(media_type.findtext("attempt_interval")[:-1]) >= 3600
