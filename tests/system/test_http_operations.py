"""gong-http beyond the send: messages in doubt, a provider that is down or wants to be left alone,
its clock, its balance, pulls, approved templates, checks and tests (docs/http-driver.md)."""
import base64
import email.utils
import json
import os
import subprocess
import threading
import time

import pytest

import http_driver
from harness import wait_for
from http_driver import LONG, Driver, Odd, config, http, now, shared
from test_http_driver import callback, drive, started  # noqa: F401 (fixtures)

RECEIPT = {"receipt": {"id": "/ref", "provider_id": "/msgid", "to": "/to", "state": "/state",
                       "delivered": ["DELIVRD"], "failed": ["*"]},
           "reply": {"id": "/id", "from": "/from", "text": "/text"}}
QUERY = {"path": "/find", "method": "GET", "body_type": "query", "fields": {"to": "{{to}}"},
         "success": {"status": [200]}, "list": "/found", "id": "/ref", "provider_id": "/msgid",
         "state": "/state", "delivered": ["DELIVRD"], "failed": ["UNDELIV"], "after_ms": 20}


def answer(body, status=200, extra=b""):
    return http(status, json.dumps(body, ensure_ascii=False).encode(), extra)


def path_of(request):
    return request[0].split(" ")[1]


def until(d, kind, test, timeout=10):
    """The first such event after the one found before, also among those already read."""
    end = time.monotonic() + timeout
    at = getattr(d, "looked_at", 0)
    while True:
        if at == len(d.events):
            assert d.next(timeout=max(0.01, end - time.monotonic())), "the driver has ended"
        event = d.events[at]
        at = d.looked_at = at + 1
        if event["ev"] == kind and test(event):
            return event


# --- messages in doubt ----------------------------------------------------------------------------

def doubting(found):
    """Takes the message, never answers; what it is asked it answers with found(n-th question)."""
    asked = []

    def script(n, request):
        if not path_of(request).startswith("/find"):
            return None
        asked.append(request)
        return answer({"found": found(len(asked))})
    return Odd(script)


@pytest.mark.parametrize("state, told", [("DELIVRD", "delivered"), ("UNDELIV", "failed"),
                                         ("QUEUED", None)])
def test_a_message_whose_answer_was_lost_is_found_at_the_provider(
        started, drive, state, told):  # noqa: F811
    odd = started(doubting(lambda n: [] if n == 1 else [
        {"ref": "other", "msgid": "m0"}, {"ref": "A1", "msgid": "m1", "state": state}]))
    d = drive(config(odd.url, query=QUERY, receipts=True, callback=RECEIPT))
    fate = d.one()
    assert (fate["outcome"], fate["ref"]) == ("accepted", "m1")
    assert [path_of(r) for r in odd.requests[1:]] == ["/find?to=8613800000001"] * 2
    if told:
        receipt = d.next("receipt")
        assert (receipt["id"], receipt["state"]) == ("A1", told)
    assert d.end() == 0


def test_messages_that_shared_a_request_are_found_by_the_id_that_it_had(
        started, drive):  # noqa: F811
    odd = started(doubting(lambda n: [{"ref": "A1", "msgid": f"m{n}"}]))
    d = drive(config(odd.url, **shared(2, query=QUERY, connections=1)))
    d.send(("A1", "+8613800000001"), ("B1", "+8613800000002"))
    d.send(("C1", "+8613800000003"), text="alone")
    fates = d.dones(3)
    assert {i: f["outcome"] for i, f in fates.items()} == \
        {"A1": "accepted", "B1": "accepted", "C1": "unknown"}
    assert {path_of(r) for r in odd.requests[2:]} == \
        {f"/find?to=861380000000{n}" for n in (1, 2, 3)}


def test_what_the_provider_does_not_know_either_is_unknown_after_so_many_questions(
        started, drive):  # noqa: F811
    odd = started(doubting(lambda n: [{"ref": "A2"}]))
    d = drive(config(odd.url, query=dict(QUERY, times=2)))
    assert d.one()["outcome"] == "unknown"
    assert len(odd.requests) == 3


def test_a_message_still_in_doubt_when_the_driver_closes_is_unknown(started, drive):  # noqa: F811
    d = drive(config(started(doubting(lambda n: [])).url, query=dict(QUERY, after_ms=60000)))
    d.send(("A1", "+8613800000001"))
    time.sleep(0.3)
    d.say({"op": "close", "grace_ms": 100})
    assert d.dones(1)["A1"]["outcome"] == "unknown"
    assert d.end() == 0


# --- the breaker ----------------------------------------------------------------------------------

def test_a_dead_provider_gets_no_more_messages_until_a_probe_succeeds(started, drive):  # noqa: F811
    alive = []
    odd = started(Odd(lambda n, r: http() if alive else None))
    d = drive(config(odd.url, connections=2, window=100))
    d.send(*[(f"S{i:02}", "+8613800000001") for i in range(40)])
    fates = d.dones(40)
    by = {o: sum(f["outcome"] == o for f in fates.values()) for o in ("unknown", "withdrawn")}
    assert by["unknown"] <= 12 and by["unknown"] + by["withdrawn"] == 40, by
    until(d, "ready", lambda e: e["window"] == 0)
    assert until(d, "ready", lambda e: e["window"] == 1)["batch"] == 1
    assert d.one(ident="P1")["outcome"] == "unknown"       # the probe fails: it rests again
    assert until(d, "ready", lambda e: True)["window"] == 0
    alive.append(1)
    until(d, "ready", lambda e: e["window"] == 1)
    assert d.one(ident="P2")["outcome"] == "accepted"
    assert until(d, "ready", lambda e: True)["window"] == 2      # what may be on the wire at once


def test_a_provider_that_asks_to_wait_is_left_alone_for_so_long(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http() if n else
                      answer({"code": 8}, 429, b"Retry-After: 1\r\n")))
    d = drive(config(odd.url))
    fate = d.one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry")
    began = time.monotonic()
    until(d, "ready", lambda e: e["window"] == 0)
    until(d, "ready", lambda e: e["window"] == 1)
    assert time.monotonic() - began > 0.8
    assert d.one(ident="A2")["outcome"] == "accepted"


def test_refusals_are_no_reason_to_rest(started, drive):  # noqa: F811
    d = drive(config(started(Odd(lambda n, r: answer({"code": 13}))).url,
                     errors=[{"pointer": "/code", "equals": 13, "class": "drop"}], connections=1))
    d.send(*[(f"S{i:02}", "+8613800000001") for i in range(40)])
    assert {f["class"] for f in d.dones(40).values()} == {"drop"}
    assert [e for e in d.events if e["ev"] == "ready" and not e["window"]] == []


# --- clock and balance ----------------------------------------------------------------------------

def date(offset):
    return ("Date: %s\r\n" % email.utils.formatdate(time.time() + offset, usegmt=True)).encode()


@pytest.mark.parametrize("offset", [-3600, 3600])
def test_a_wrong_clock_is_an_alarm_until_it_is_right(started, drive, offset):  # noqa: F811
    right = []
    odd = started(Odd(lambda n, r: answer({"code": 0}, 200, date(0 if right else offset))))
    d = drive(config(odd.url))
    d.one()
    sick = until(d, "health", lambda e: "alarms" in e)
    assert abs(sick["clock_skew_ms"] - offset * 1000) < 5000 and not sick["ok"]
    assert [a["name"] for a in sick["alarms"]] == ["clock"] and "3600" in sick["alarms"][0]["text"] \
        or "3599" in sick["alarms"][0]["text"]
    assert json.loads([e for e in d.events if e["ev"] == "keep"][-1]["state"])["clock"]
    right.append(1)
    time.sleep(1.1)
    d.one(ident="A2")
    assert "alarms" not in until(d, "health", lambda e: e["ok"])


def test_a_balance_is_told_and_a_low_one_is_an_alarm(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: answer({"code": 0, "money": "3.50"})))
    d = drive(config(odd.url, balance={"path": "/money", "body_type": "query", "fields": {},
                                       "method": "GET", "pointer": "/money", "low": 10}))
    told = until(d, "health", lambda e: "balance" in e)
    assert told["balance"] == 3.5 and [a["name"] for a in told["alarms"]] == ["balance"]


def test_a_balance_is_the_sum_of_what_is_left_of_each_package(started, drive):  # noqa: F811
    end = now() // 1000 + 9999
    odd = started(Odd(lambda n, r: answer({"code": 0, "packages": [
        {"size": 100, "used": 40, "until": end}, {"size": "7", "used": 0, "until": end},
        {"size": 5000, "used": 1, "until": 1700000000}]})))
    d = drive(config(odd.url, balance={"path": "/money", "body": {"since": "{{raw:since_s}}"},
                                       "list": "/packages", "pointer": "/size", "minus": "/used",
                                       "until": "/until"}))
    assert until(d, "health", lambda e: "balance" in e)["balance"] == 67
    asked = json.loads(odd.requests[0][1])["since"]
    assert isinstance(asked, int) and asked < now() / 1000 - 200


def test_an_alarm_that_stood_before_a_restart_stands_until_it_is_over(started):  # noqa: F811
    odd = started(Odd(lambda n, r: answer({"code": 0}, 200, date(0))))
    d = started(Driver(config(odd.url), state='{"clock":true}'))
    assert [a["name"] for a in d.next("health")["alarms"]] == ["clock"]
    d.one()
    assert "alarms" not in until(d, "health", lambda e: "clock_skew_ms" in e)


# --- pulls ----------------------------------------------------------------------------------------

def test_receipts_and_replies_are_fetched_where_they_cannot_be_pushed(started, drive):  # noqa: F811
    shelves = {"/receipts": [[{"ref": "A1", "state": "DELIVRD"}], [{"ref": "A2", "state": "X"}]],
               "/replies": [[{"id": "r1", "from": "8613800000001", "text": "1"}]]}

    def script(n, request):
        shelf = shelves.get(path_of(request))
        return answer({"code": 0, "items": shelf.pop(0) if shelf else []})
    pull = {"body": {"most": 100}, "list": "/items", "every_ms": 100}
    d = drive(config(started(Odd(script)).url, receipts=True, callback=RECEIPT,
                     pull=[dict(pull, path="/receipts"), dict(pull, path="/replies")]))
    told = [d.next(timeout=5) for _ in range(1)]
    while sum(e["ev"] in ("receipt", "inbound") for e in told) < 3:
        told.append(d.next(timeout=5))
    assert sorted((e.get("id"), e.get("state") or e.get("text")) for e in told
                  if e["ev"] in ("receipt", "inbound")) == \
        [("A1", "delivered"), ("A2", "failed"), ("r1", "1")]


@pytest.mark.parametrize("said", [{"code": 0}, {"code": 0, "items": {}}, {"code": 7}, None])
def test_a_pull_that_brings_no_list_fails(started, drive, said):  # noqa: F811
    well = []
    odd = started(Odd(lambda n, r: answer({"code": 0, "items": []}) if well else
                      answer(said) if said else None))
    d = drive(config(odd.url, receipts=True, callback=RECEIPT,
                     pull=[{"path": "/p", "body": {}, "list": "/items", "every_ms": 100}]))
    sick = until(d, "health", lambda e: e.get("alarms"))
    assert [a["name"] for a in sick["alarms"]] == ["pull"] and len(odd.requests) >= 3
    well.append(1)
    until(d, "health", lambda e: "alarms" not in e)


# --- several texts, approved templates ------------------------------------------------------------

def test_messages_of_different_texts_share_a_request_where_the_provider_takes_that(
        started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: answer({"code": 0, "each": [
        {"to": one["to"], "code": 0, "id": "x" + one["text"]}
        for one in json.loads(r[1])["list"]]})))
    d = drive(config(odd.url, connections=1, id_pointer="/id", each={"list": "/each", "to": "/to"},
                     elements={"one": {"to": "{{to_plus}}", "text": "{{text}}", "n": 1}},
                     body={"list": "{{all:one}}"}, numbers={"most": 3, "texts": True}))
    d.say({"op": "send", "channel": "sms", "items": [
        {"id": f"T{i}", "to": f"+861380000000{i}", "text": f"\"{i}\""} for i in range(4)]})
    fates = d.dones(4)
    assert {i: f["ref"] for i, f in fates.items()} == {f"T{i}": f"x\"{i}\"" for i in range(4)}
    assert [len(json.loads(r[1])["list"]) for r in odd.requests] == [3, 1]


def test_a_refusal_of_some_may_come_with_another_status(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: answer({"code": 9, "list": [
        {"to": "+8613800000001", "code": 0, "id": "x"},
        {"to": "+8613800000002", "code": 13}]}, 400)))
    d = drive(config(odd.url, **shared(2, each={"list": "/list", "to": "/to", "status": [200, 400]},
                                       errors=[{"pointer": "/code", "equals": 13, "class": "drop"}])))
    d.send(("A1", "+8613800000001"), ("B1", "+8613800000002"))
    fates = d.dones(2)
    assert (fates["A1"]["outcome"], fates["A1"]["ref"]) == ("accepted", "x")
    assert (fates["B1"]["outcome"], fates["B1"]["class"]) == ("rejected", "drop")
    assert "answered 400 code 13" in fates["B1"]["reason"]


def test_a_text_outside_the_elements_cannot_be_shared(started):  # noqa: F811
    d = started(Driver(config("http://127.0.0.1:1/", numbers={"most": 3, "texts": True},
                              elements={"one": {"to": "{{to}}"}})))
    assert "elements" in d.next("fatal")["reason"]


TEMPLATES = {"warn.rain": {"code": "S1", "params": ["hours", "where=area"]},
             "warn.rain/en": {"code": "S2", "params": ["hours"]},
             "gust": {"code": "S3", "params": []}}


def made_of(name, language="zh", constant=None, **params):
    return {"name": name, "language": language, "params": params,
            **({"constant": constant} if constant else {})}


@pytest.mark.parametrize("template, code, values, words", [
    (made_of("warn.rain", area="柳\"溪", hours="3"), "S1", {"hours": "3", "where": "柳\"溪"}, ""),
    (made_of("warn.rain", "en", area="L", hours="3"), "S2", {"hours": "3"}, ""),
    (made_of("gust", constant="常"), "S3", {}, ""),
    (made_of("gust"), None, None, "no variables"),
    (made_of("warn.rain", area="柳溪"), None, None, "no \"hours\""),
    (made_of("warn.rain", area="123456789", hours="3"), None, None, "8 characters"),
    (made_of("warn.rain", area="柳溪村、长塘村、南坪村", hours="3"), "S1",
     {"hours": "3", "where": "柳溪村等3处"}, ""),
    (made_of("warn.rain", area="柳溪村、长塘村等12处", hours="3"), "S1",
     {"hours": "3", "where": "柳溪村等12处"}, ""),
    (made_of("warn.rain", area="柳溪", hours="明早、明晚、后天早上"), None, None, "8 characters"),
    (made_of("warn.rain", area="柳。溪", hours="3"), None, None, "\"area\" has a 。"),
    (made_of("other", area="柳溪"), None, None, "no approved template for other"),
    (None, None, None, "no approved template")])
def test_approved_templates_get_their_values_and_what_none_carries_goes_elsewhere(
        started, drive, template, code, values, words):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url, body={"n": "{{to}}", "t": "{{template}}", "v": "{{params_object}}",
                                    "l": "{{params_list}}"},
                     templates=TEMPLATES, limits={"value_max": 8, "value_not": ".。"}))
    assert d.events[0]["templates"] is True
    fate = d.one(**({"template": template} if template else {}))
    if code:
        assert json.loads(odd.requests[0][1]) == {"n": "8613800000001", "t": code, "v": values,
                                                  "l": list(values.values())}
    else:
        assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other")
        assert words in fate["reason"] and odd.requests == []


def test_values_stand_in_a_form_as_the_text_of_their_json(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url, body=None, body_type="form",
                     fields={"n": "{{to}}", "t": "{{template}}", "v": "{{params_object}}"},
                     templates=TEMPLATES))
    d.one(template=made_of("warn.rain", "en", hours="3\"&"))
    import urllib.parse
    assert json.loads(dict(urllib.parse.parse_qsl(odd.requests[0][1]))["v"]) == {"hours": "3\"&"}


def check(started, conf, *templates):  # noqa: F811
    d = started(Driver(conf, op="check", templates=list(templates)))
    event = d.next()
    assert d.end() == (event["ev"] == "fatal")
    return event


def test_check_names_what_the_route_could_not_carry(started):  # noqa: F811
    conf = config("http://127.0.0.1:1/", templates=TEMPLATES, limits={"text_max": 20})
    asked = [dict(name=n, language="zh", channel="sms", text=t, params=p, **more)
             for n, t, p, more in [
                 ("warn.rain", "短", ["area", "hours"], {}), ("warn.rain", "短", ["area"], {}),
                 ("gust", "短", [], {"constant": "短"}), ("gust", "短", [], {}),
                 ("other", "短", [], {}), ("warn.rain", "长" * 21, ["area", "hours"], {})]]
    problems = check(started, conf, *asked)["problems"]
    assert [(p["template"], p["language"]) for p in problems] == \
        [("warn.rain", "zh"), ("gust", "zh"), ("other", "zh"), ("warn.rain", "zh")]
    for problem, word in zip(problems, ["\"hours\"", "constant", "\"other\"", "20"]):
        assert word in problem["problem"] and "/" in problem["problem"]
    assert check(started, config("http://127.0.0.1:1/"), *asked)["problems"] == []
    assert check(started, config("ftp://x"), *asked)["ev"] == "fatal"


# --- tests of a route -----------------------------------------------------------------------------

def ask(d, **question):
    d.say({"op": "ask", "id": "q7", **question})
    return d.next("answer")


def test_a_route_explains_each_step_of_its_test(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: answer({"code": 0, "money": 12.5}, 200, date(0))
                      if path_of(r) == "/money" else answer({}, 404, date(0))))
    balance = {"path": "/money", "body_type": "query", "fields": {}, "pointer": "/money"}
    told = ask(drive(config(odd.url, balance=balance)), what="test")
    assert told["ok"] and [line[:11] for line in told["lines"]] == \
        ["ok   reach:", "ok   clock:", "ok   accoun"] and "12.5" in told["lines"][2]
    told = ask(drive(config(odd.url)), what="test")
    assert told["ok"] and told["lines"][2].startswith("--   account: ")


@pytest.mark.parametrize("script, step", [
    (None, "FAIL reach: "), (lambda n, r: answer({}, 200, date(-1000)), "FAIL clock: "),
    (lambda n, r: answer({}, 401 if path_of(r) == "/money" else 200, date(0)), "FAIL account: ")])
def test_a_step_that_fails_is_named(started, drive, script, step):  # noqa: F811
    url = started(Odd(script)).url if script else "http://127.0.0.1:1/"
    d = drive(config(url, balance={"path": "/money", "body_type": "query", "fields": {},
                                   "pointer": "/money"}))
    told = ask(d, what="test")
    assert not told["ok"] and told["reason"]
    assert [line for line in told["lines"] if line.startswith("FAIL")][0].startswith(step)


def test_a_test_message_tells_its_reference_and_receipt(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url, receipts=True, callback=RECEIPT))
    d.say({"op": "ask", "id": "q9", "what": "sms", "to": "+8613800000001", "text": "测试",
           "receipt_wait_ms": 60000})
    while not odd.requests:
        time.sleep(0.01)
    assert json.loads(odd.requests[0][1]) == {"to": "+8613800000001", "text": "测试", "ref": "q9"}
    time.sleep(0.1)
    events, _ = callback(d, {"ref": "q9", "state": "DELIVRD"})
    (told,) = events
    assert (told["ev"], told["ok"], told["ref"], told["receipt"]) == \
        ("answer", True, "x1", "delivered")


def test_a_refused_test_message_says_why(started, drive):  # noqa: F811
    d = drive(config(started(Odd(lambda n, r: answer({"code": 5}, 401))).url))
    told = ask(d, what="sms", to="+8613800000001", text="x")
    assert not told["ok"] and "401" in told["reason"]


# --- who calls back -------------------------------------------------------------------------------

def test_a_callback_without_the_providers_signature_changes_nothing(started):  # noqa: F811
    url = "https://gong.example.org/v1/callback/r/s"
    proof = {"scheme": "header", "header": "authorization", "key": "Basic abc"}
    d = started(Driver(config("http://127.0.0.1:1/", receipts=True,
                              callback=dict(RECEIPT, verify=proof)), callback_url=url))
    body = base64.b64encode(b'{"ref":"A1","state":"DELIVRD"}').decode()
    for headers, status in [({}, 403), ({"authorization": "Basic abd"}, 403),
                            ({"authorization": "Basic abc"}, 200)]:
        d.say({"op": "callback", "id": "5", "method": "POST", "path": "/", "query": "",
               "headers": headers, "body": body})
        assert d.next("reply")["status"] == status
    assert [e["id"] for e in d.events if e["ev"] == "receipt"] == ["A1"]
    assert d.end() == 0 and b"Basic" not in d.log


def test_a_text_that_no_message_can_have_is_no_reply(drive):  # noqa: F811
    d = drive(config("http://127.0.0.1:1/", callback=RECEIPT))
    _, reply = callback(d, {"id": "1", "from": "8613800000001", "text": "\x01" * 60000})
    assert reply["status"] == 400
    (event,), reply = callback(d, {"id": "2", "from": "8613800000001", "text": "水" * 2000})
    assert event["text"] == "水" * 2000 and reply["status"] == 200


def test_what_an_account_allows_is_told_to_gongd(drive):  # noqa: F811
    d = drive(config("http://127.0.0.1:1/", limits={"rate": 20, "budgets": ["1/1m", "5/1h"]},
                     callback=dict(RECEIPT, within_ms=700)))
    assert (d.events[0]["rate"], d.events[0]["budgets"], d.events[0]["reply_within_ms"]) == \
        (20, ["1/1m", "5/1h"], 700)


# --- calls ----------------------------------------------------------------------------------------

CALLS = {"calls": [
    {"has": "/key", "id": "/query/id", "digits": "/key", "answer": "<Thanks/>",
     "wrong": "<Say l=\"{{language}}\">{{text_xml}}</Say>"},
    {"has": "/status", "id": "/query/id", "provider_id": "/call", "state": "/status",
     "machine": "/by", "states": {"ring": "ringing", "up": "picked_up", "end": "answered",
                                  "busy": "busy", "wrong": "drop", "*": "failed"}}]}


def calling(url, **more):
    return {"url": url, "success": {"status": [200], "pointer": "/code", "equals": 0},
            "call": {"body": {"to": "{{to_plus}}", "say": "{{text}}", "id": "{{id}}",
                              "ring": "{{ring_s}}", "keys": "{{keys}}", "in": "{{language}}"},
                     "id_pointer": "/id"},
            "languages": {"zh": "zh-CN"}, "callback": CALLS, **more}


def place(d, ident="C1"):
    d.say({"op": "call", "id": ident, "to": "+8613800000001", "ring_ms": 35000, "plays": 2,
           "not_after": now() + 60000, "keys": {"1": "acknowledged", "9": "help"},
           "say": [{"language": "zh", "text": "立即<转移>"}]})


def news(d, item, ident="C1"):
    events, reply = callback(d, item, query="id=" + ident)
    return [e for e in events if e["ev"] in ("call", "done")], reply


def test_a_call_is_told_of_until_it_ends(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(calling(odd.url))
    assert d.events[0]["channels"] == ["voice"]
    place(d)
    while not odd.requests:
        time.sleep(0.01)
    assert json.loads(odd.requests[0][1]) == {"to": "+8613800000001", "say": "立即<转移>", "id": "C1",
                                              "ring": "35", "keys": "19", "in": "zh-CN"}
    time.sleep(0.1)
    (ringing,), _ = news(d, {"status": "ring"})
    (up,), _ = news(d, {"status": "up", "by": "machine"})
    (wrong,), again = news(d, {"key": "5"})
    (right,), thanks = news(d, {"key": "1"})
    (ended, done), _ = news(d, {"status": "end", "call": "x1"})
    assert (ringing["state"], up["state"], up["machine"]) == ("ringing", "answered", "machine")
    assert (wrong["digits"], right["digits"]) == ("5", "1")
    assert again["body"] == "<Say l=\"zh-CN\">立即&lt;转移&gt;</Say>" and thanks["body"] == "<Thanks/>"
    assert again["headers"]["Content-Type"] == "text/xml"
    assert (ended["state"], ended["outcome"], ended["machine"]) == ("ended", "answered", "machine")
    assert (done["outcome"], done["ref"]) == ("accepted", "x1")
    assert d.end() == 0


def test_calls_wait_for_a_connection_and_go_before_texts(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: time.sleep(0.02) or http()))
    d = drive(calling(odd.url, body={"to": "{{to}}", "text": "{{text}}"}, connections=2))
    d.send(*[(f"S{i:02}", "+8613800000001") for i in range(40)])
    for i in range(20):
        place(d, f"C{i:02}")
    assert {f["outcome"] for f in d.dones(40).values()} == {"accepted"}
    order = ["say" in json.loads(r[1]) for r in odd.requests]
    assert sum(order) == 20 and not any(order[-10:])
    d.say({"op": "close", "grace_ms": 100})
    assert {f["outcome"] for f in d.dones(20).values()} == {"unknown"}
    assert d.end() == 0


@pytest.mark.parametrize("status, outcome, klass", [
    ("busy", "accepted", None), ("strange", "accepted", None), ("wrong", "rejected", "drop")])
def test_how_else_a_call_ends(started, drive, status, outcome, klass):  # noqa: F811
    d = drive(calling(started(Odd(lambda n, r: http())).url))
    place(d)
    time.sleep(0.2)
    *_, done = news(d, {"status": status})[0]
    assert (done["outcome"], done.get("class")) == (outcome, klass) and done["reason"]


def test_a_call_is_asked_about_where_nobody_can_tell(started, drive):  # noqa: F811
    states = ["ring", "up", "end"]
    odd = started(Odd(lambda n, r: http() if n == 0 else answer(
        {"code": 0, "status": states[min(n, 3) - 1], "query": {"id": "C1"}, "call": "x1"})))
    d = drive(calling(odd.url, call_query={"path": "/call/{{ref}}", "method": "GET",
                                           "body_type": "query", "fields": {}, "every_ms": 100}))
    place(d)
    assert d.dones(1)["C1"]["outcome"] == "accepted"
    assert path_of(odd.requests[1]) == "/call/x1"
    assert [e["state"] for e in d.events if e["ev"] == "call"] == ["ringing", "answered", "ended"]


def test_a_call_in_doubt_is_settled_by_news_of_it(started, drive):  # noqa: F811
    d = drive(calling(started(Odd(lambda n, r: None)).url))
    place(d)
    time.sleep(0.2)
    (ended, done), _ = news(d, {"status": "end", "call": "x9"})
    assert (ended["outcome"], done["outcome"], done["ref"]) == ("answered", "accepted", "x9")


OWN_REFERENCE = {"calls": [{"has": "/key", "provider_id": "/call", "to": "/to", "digits": "/key"},
                           {"has": "/end", "provider_id": "/call", "to": "/to", "state": "/end",
                            "states": {"0": "answered", "*": "no_answer"}}]}


def test_a_call_whose_answer_was_lost_is_known_by_its_number(started, drive):  # noqa: F811
    d = drive(calling(started(Odd(lambda n, r: None)).url, country="86", callback=OWN_REFERENCE))
    place(d)
    time.sleep(0.2)
    assert news(d, {"key": "1", "call": "x", "to": "13800000002"})[0] == []
    (key,), _ = news(d, {"key": "1", "call": "x9", "to": "13800000001"})
    (ended, done), _ = news(d, {"end": "0", "call": "x9", "to": "13800000001"})
    assert (key["digits"], ended["outcome"], done["ref"]) == ("1", "answered", "x9")


def test_a_key_told_after_the_end_of_its_call_still_counts(started, drive):  # noqa: F811
    d = drive(calling(started(Odd(lambda n, r: http())).url, callback=OWN_REFERENCE))
    place(d)
    time.sleep(0.2)
    ended, done = news(d, {"end": "0", "call": "x1"})[0]
    (key,), _ = news(d, {"key": "9", "call": "x1"})
    assert (key["id"], key["state"], key["digits"]) == ("C1", "answered", "9")
    assert news(d, {"key": "9", "call": "other"})[0] == []


def test_news_of_a_call_from_before_a_restart_still_counts(drive):  # noqa: F811
    d = drive(calling("http://127.0.0.1:1/"))
    (key,), _ = news(d, {"key": "1"}, ident="00003000a0021")
    (ended,), _ = news(d, {"status": "end"}, ident="00003000a0021")
    assert (key["id"], key["state"], key["digits"]) == ("00003000a0021", "answered", "1")
    assert (ended["state"], ended["outcome"]) == ("ended", "answered")


def test_calls_that_have_not_ended_are_unknown_when_the_driver_closes(started, drive):  # noqa: F811
    d = drive(calling(started(Odd(lambda n, r: http())).url))
    place(d)
    time.sleep(0.2)
    d.say({"op": "close", "grace_ms": 100})
    assert d.dones(1)["C1"]["outcome"] == "unknown"
    assert d.end() == 0


def test_news_of_a_call_may_come_before_its_answer(started, drive):  # noqa: F811
    heard = threading.Event()
    odd = started(Odd(lambda n, r: heard.wait(LONG) and http()))
    d = drive(calling(odd.url, callback=OWN_REFERENCE))
    place(d)
    wait_for("the request", lambda: odd.requests)
    assert news(d, {"key": "9", "call": "x1"})[0] == []
    assert news(d, {"key": "1", "call": "another"})[0] == []
    assert news(d, {"end": "0", "call": "x1"})[0] == []
    heard.set()
    fate = d.dones(1)["C1"]
    assert (fate["outcome"], fate["ref"]) == ("accepted", "x1")
    assert [(e["state"], e.get("digits"), e.get("outcome")) for e in d.events if e["ev"] == "call"] == \
        [("answered", "9", None), ("ended", None, "answered")]


def test_a_call_that_is_asked_to_wait_lets_the_route_rest(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: answer({"code": 8}, 429, b"Retry-After: 60\r\n")))
    d = drive(calling(odd.url))
    place(d)
    fate = d.dones(1)["C1"]
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry")
    until(d, "ready", lambda e: e["window"] == 0)
    place(d, "C2")                      # written before gongd heard of it
    assert until(d, "done", lambda e: e["id"] == "C2")["outcome"] == "withdrawn"
    assert len(odd.requests) == 1


def test_a_provider_that_is_silent_to_calls_is_ill(started, drive):  # noqa: F811
    d = drive(calling("http://127.0.0.1:1/"))
    for i in range(3):
        place(d, f"C{i}")
    assert {f["class"] for f in d.dones(3).values()} == {"retry_other"}
    assert not until(d, "health", lambda e: not e["ok"])["ok"]


def test_ten_unknown_refusals_of_calls_stop_the_route(started, drive):  # noqa: F811
    d = drive(calling(started(Odd(lambda n, r: answer({"code": 77}))).url))
    classes = []
    for i in range(10):
        place(d, f"C{i}")
        classes.append(d.dones(1)[f"C{i}"]["class"])
    assert classes == ["retry_other"] * 9 + ["config"]


@pytest.mark.parametrize("change, word", [
    ({"call": {"body": {"to": "{{to}}"}}}, "callback/calls"),
    ({"callback": {"calls": [{"id": "/a"}]}}, "has"),
    ({"callback": {"calls": [{"has": "/a", "id": "/a", "state": "/s"}]}}, "states"),
    ({"callback": {"calls": [{"has": "/a", "id": "/a", "state": "/s", "states": {"x": "y"}}]}},
     "must be one of"),
    ({"callback": {"verify": {"scheme": "rsa"}}}, "twilio"),
    ({"callback": {"verify": {"scheme": "twilio"}}}, "key"),
    ({"body": {"a": "{{raw:text}}"}}, "body"),
    ({"query": {"path": "/q", "body": {"a": "{{id}}"}}}, "\"id\""),
    ({"pull": [{"path": "/p", "body": {"a": "{{text}}"}}]}, "no single message"),
    ({"pull": {"path": "/p"}}, "list"), ({"balance": {"path": "/b", "body": {}}}, "pointer"),
    ({"templates": {}}, "at least one"), ({"templates": {"*": {"params": []}}}, "code"),
    ({"templates": {"*": {"code": "1", "params": ["=x"]}}}, "params"),
    (shared(2, **{"each": {"list": "/a", "to": "/b", "status": [500]}}),
     "each/status"),
    ({"limits": {"rate": 0}}, "rate"), ({"limits": {"budgets": "1/1m"}}, "budgets"),
    ({"http": "3"}, "1.1"), ({"client_cert": "/x"}, "client_key"),
    ({"client_cert": "/x", "client_key": "/x"}, "cannot be read"),
    ({"path": "x"}, "begin with"), ({"answer_type": "xml"}, "json or text"),
    ({"unpack": "Data"}, "unpack"), ({"key_fields": {"K{{key_number}}": "{{key}}"}}, "key_fields"),
    ({"body": None, "body_type": "form", "fields": {"a": "{{to}}"}, "key_fields": {"K": "{{kee}}"}},
     "key_fields"), ({"body": {"a": "{{plays:3}}"}}, "the least and the most"),
    ({"body": {"a": "{{all:one}}"}}, "elements"), ({"ordinary": {"path": "/o"}}, "ordinary")])
def test_a_faulty_option_is_refused_by_name(started, change, word):  # noqa: F811
    d = started(Driver(config("http://127.0.0.1:1/", **change)))
    fatal = d.next("fatal")
    assert word in fatal["reason"] and fatal["retry"] is False, fatal


# --- many at once, and at the worst moment ---------------------------------------------------------

def test_what_was_on_its_way_does_not_end_the_pause_that_they_asked_for(started, drive):  # noqa: F811
    asked = threading.Event()

    def script(n, request):
        if "wait" in request[1]:
            return http(429, b"{}", b"Retry-After: 60\r\n")
        asked.wait(LONG)
        return http()
    odd = started(Odd(script))
    d = drive(config(odd.url, connections=4))
    d.send(("A1", "+8613800000001"), text="under way")
    assert d.one("wait", "B1")["class"] == "retry"
    until(d, "ready", lambda e: e["window"] == 0)
    asked.set()
    assert d.dones(1)["A1"]["outcome"] == "accepted"
    # What gongd wrote before it heard of the pause does not leave either.
    assert d.one("too late", "C1")["outcome"] == "withdrawn"
    assert len(odd.requests) == 2 and d.end() == 0
    assert [e["window"] for e in d.events if e["ev"] == "ready"][1:] == [0]


def test_questions_about_a_lost_batch_leave_room_for_what_is_still_to_be_sent(
        started, drive):  # noqa: F811
    def script(n, request):
        if path_of(request).startswith("/find"):
            return "hang"
        return None if "lost" in request[1] else http()
    odd = started(Odd(script))
    d = drive(config(odd.url, **shared(20, query=dict(QUERY, times=1), connections=4)))
    d.send(*((f"A{i}", f"+86138000000{i:02}") for i in range(20)), text="lost")
    wait_for("the requests", lambda: len(odd.requests) >= 3)
    assert d.one("now", "U1", urgent=True)["outcome"] == "accepted"


def test_messages_with_ids_of_their_own_in_a_shared_request_are_found_by_them(
        started, drive):  # noqa: F811
    def script(n, request):
        if not path_of(request).startswith("/find"):
            return None
        ident = path_of(request).split("=")[1]
        return answer({"found": [{"ref": ident, "msgid": "m" + ident}]})
    odd = started(Odd(script))
    d = drive(config(odd.url, body={"all": "{{all:one}}"},
                     elements={"one": {"to": "{{to}}", "ref": "{{id}}", "text": "{{text}}"}},
                     numbers={"most": 10, "texts": True},
                     query=dict(QUERY, fields={"id": "{{id}}"})))
    d.send(("A1", "+8613800000001"), ("B1", "+8613800000002"))
    assert {i: (f["outcome"], f.get("ref")) for i, f in d.dones(2).items()} == {
        "A1": ("accepted", "mA1"), "B1": ("accepted", "mB1")}


@pytest.mark.parametrize("by_ms", [-3600000, 3600000])
def test_a_clock_that_steps_stops_and_hurries_nothing(started, tmp_path, monkeypatch, by_ms):  # noqa: F811
    shim, offset = tmp_path / "clock_shim.so", tmp_path / "offset"
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", str(shim),
                    os.path.join(os.path.dirname(__file__), "clock_shim.c"), "-ldl"], check=True)
    offset.write_text("0")
    monkeypatch.setattr(http_driver, "ENV", {**http_driver.ENV, "LD_PRELOAD": str(shim),
                                             "CLOCK_SHIM": str(offset),
                                             "ASAN_OPTIONS": "verify_asan_link_order=0"})
    odd = started(Odd(lambda n, r: answer({"found": []}) if path_of(r).startswith("/find")
                      else http() if path_of(r) == "/call" else None))
    calls = [{"has": "/state", "id": "/ref", "state": "/state", "states": {"busy": "busy"}}]
    d = started(Driver(config(odd.url, query=dict(QUERY, after_ms=300),
                              call={"path": "/call", "body": {
                                  "to": "{{to}}", "say": "{{text}}", "ref": "{{id}}"}},
                              callback={"calls": calls})))
    assert d.next("ready")
    place(d, "C1")
    d.send(("A1", "+8613800000001"))
    wait_for("the requests", lambda: len(odd.requests) >= 2)
    offset.write_text(str(by_ms))
    assert d.dones(1)["A1"]["outcome"] == "unknown"
    assert [path_of(r).split("?")[0] for r in odd.requests].count("/find") == 3
    place(d, "C2")                       # which looks at the clock for both calls
    wait_for("the requests", lambda: [path_of(r) for r in odd.requests].count("/call") == 2)
    time.sleep(0.3)
    callback(d, {"ref": "C2", "state": "busy"})
    assert {e["id"] for e in d.events if e["ev"] == "done"} == {"A1", "C2"}


@pytest.mark.parametrize("pad", range(3))
def test_a_long_word_of_theirs_is_not_cut_within_a_character(started, drive, pad):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    calls = [{"has": "/state", "id": "/ref", "machine": "/machine", "state": "/state",
              "states": {"*": "drop"}}]
    d = drive(config(odd.url, body=None, call={"path": "/call", "body": {
        "to": "{{to}}", "say": "{{text}}", "ref": "{{id}}"}},
                     callback={"calls": calls}))
    d.say({"op": "call", "id": "C1", "to": "+8613800000001", "ring_ms": 30000, "plays": 1,
           "keys": {}, "say": [{"language": "zh", "text": "x"}]})
    wait_for("the requests", lambda: odd.requests)
    word = "x" * pad + "空" * 60
    callback(d, {"ref": "C1", "state": word, "machine": word})
    fate = until(d, "done", lambda e: e["id"] == "C1")
    assert (fate["outcome"], fate["class"]) == ("rejected", "drop") and "空" in fate["reason"]
