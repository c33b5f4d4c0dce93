"""Every provider profile that gong ships, as a file: it opens with its parameters and not without
them, documents them, and what is secret in it stands in no log and no event."""
import base64
import glob
import json
import os

import pytest

from http_driver import ROOT, Driver, Odd, http
from test_http_driver import started  # noqa: F401 (fixture)

FOLDER = os.path.join(ROOT, "drivers", "http", "profiles")
NAMES = sorted(os.path.basename(p)[:-5] for p in glob.glob(FOLDER + "/*.json"))
SECRET = ("key", "secret", "token", "password")
CALLBACK = "https://gong.example.org/v1/callback/r/callback-secret-xyz"
TEMPLATE = {"name": "warn.rain", "language": "zh", "params": {"text": "x"}, "constant": "常"}


def profile(name):
    with open(os.path.join(FOLDER, name + ".json"), encoding="utf-8") as f:
        return json.load(f)


def value_of(parameter, rule):
    if any(word in parameter for word in SECRET):
        return "s3cr3t-" + parameter
    return rule.get("default") or "v-" + parameter


def options(name, url="http://127.0.0.1:1/", without=None):
    values = {p: value_of(p, rule) for p, rule in profile(name)["parameters"].items()
              if p != without}
    conf = {"profile": name, "profile_dir": FOLDER, **values,
            "templates": {"*": {"code": "T1", "params": ["text"]}}}
    return {**conf, "url": url}


def open_driver(started, conf):  # noqa: F811
    return started(Driver(conf, callback_url=CALLBACK))


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_and_what_it_wants(name):
    file = profile(name)
    assert set(file) == {"version", "title", "parameters", "config"} and file["title"]
    assert file["version"] == 1
    used = json.dumps(file["config"], ensure_ascii=False)
    for parameter, rule in file["parameters"].items():
        assert rule["what"] and set(rule) <= {"what", "what_zh", "default"}, parameter
        assert "{{param:%s}}" % parameter in used, parameter


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_and_a_missing_parameter_is_named(started, name):  # noqa: F811
    d = open_driver(started, options(name))
    first = d.next()
    assert first["ev"] == "ready" and first["channels"], first
    for parameter, rule in profile(name)["parameters"].items():
        if "default" in rule:
            continue
        d = open_driver(started, options(name, without=parameter))
        fatal = d.next()
        assert fatal["ev"] == "fatal" and f"option {parameter}:" in fatal["reason"], fatal


def use(d, channels):
    """Sends or calls, gets a strange callback and a test: all that may come to a log."""
    if "sms" in channels:
        d.send(("A1", "+8613800000001"), template=TEMPLATE, urgent=True)
        d.send(("A2", "+8613800000002"), template=TEMPLATE)
    if "voice" in channels:
        d.say({"op": "call", "id": "C1", "to": "+8613800000001", "ring_ms": 1000, "plays": 1,
               "keys": {"1": "acknowledged"}, "template": TEMPLATE,
               "say": [{"language": "zh", "text": "x"}]})
    d.dones(2 * ("sms" in channels) + ("voice" in channels))
    d.say({"op": "callback", "id": "5", "method": "POST", "path": "/", "query": "",
           "headers": {}, "body": base64.b64encode(b'{"strange":1}').decode()})
    d.next("reply")
    d.say({"op": "ask", "id": "q1", "what": "test"})
    d.next("answer")


@pytest.mark.parametrize("name", NAMES)
def test_its_secrets_stand_in_no_log_and_no_event(started, name):  # noqa: F811
    refusing = started(Odd(lambda n, r: http(401, b'{"Code":"no","message":"no"}')))
    base = "http://127.0.0.1:%d" % refusing.port
    for url in (base, "http://127.0.0.1:1"):
        d = open_driver(started, options(name, url))
        use(d, d.next("ready")["channels"])
        assert d.end() == 0
        told = d.log + json.dumps(d.events, ensure_ascii=False).encode()
        assert b"s3cr3t" not in told and b"callback-secret" not in told
    assert refusing.requests, "nothing was sent, so nothing was tested"
