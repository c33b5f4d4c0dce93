"""A profile that could not do its work is refused before it is used, and a test message shows what
it sent (docs/http-driver.md)."""
import json

import pytest

from harness import wait_for
from http_driver import Driver, Odd, config, http, shared
from profile_helpers import ONE, SHIPPED, gongd
from test_http_driver import drive, started  # noqa: F401 (fixtures)

RECEIPT = {"id": "/ref", "state": "/state", "delivered": ["D"], "failed": ["*"]}
BY_THEIRS = {"provider_id": "/msgid", "to": "/to", "state": "/state", "delivered": ["D"]}
REPLY = {"from": "/from", "text": "/text"}
TEMPLATES = {"warn.rain": {"code": "S1", "params": ["hours"]}, "gust": {"code": "S2", "params": []}}
FIXED = {"*": {"code": "S2", "params": []}}
CALL = {"path": "/call", "body": {"to": "{{to}}", "say": "{{text}}", "ref": "{{id}}"}}
ENDS = {"has": "/s", "id": "/ref", "state": "/s", "states": {"*": "answered"}}
ENDS_BY_THEIRS = {"has": "/s", "provider_id": "/call", "state": "/s", "states": {"*": "answered"}}
QUERY = {"path": "/find", "body_type": "query", "fields": {"to": "{{to}}"}, "list": "/found"}
ONE_OF = {"to": "{{to}}", "text": "{{text}}", "ref": "{{id}}"}


def without(body, *names):
    return {k: v for k, v in body.items() if k not in names}


def receiving(receipt, **more):
    return {"receipts": True, "callback": {"receipt": receipt}, **more}


BODY = config("")["body"]
UNFIT = {
    "fixed words": ({"body": {"to": "{{to}}", "msg": "hi"}}, "option body: says {{text}} nowhere"),
    "fixed words in a form": ({"body": None, "body_type": "form", "fields": {
        "to": "{{to}}", "msg": "hi"}}, "option fields: says {{text}} nowhere"),
    "the text only in the signature": (
        {"body": {"to": "{{to}}", "mac": "{{computed:mac}}"}, "computed": {"mac": {"of": "k{{text}}"}}},
        "says {{text}} nowhere"),
    "nobody": ({"body": without(BODY, "to")}, "{{to}}, {{to_plus}} or {{to_national}} nowhere"),
    "nobody, ordinary": ({"ordinary": {"path": "/o", "body": without(BODY, "to")}},
                         "option ordinary/body: says {{to}}"),
    "fixed words, ordinary": ({"ordinary": {"path": "/o", "body": {"to": "{{to}}"}}},
                              "option ordinary/body: says {{text}}"),
    "a template and none": ({"body": {"to": "{{to}}", "t": "{{template}}"}}, "no \"templates\""),
    "values and no template": ({"body": {"to": "{{to}}", "v": "{{params_list}}"}},
                               "no \"templates\""),
    "which template": ({"body": {"to": "{{to}}", "v": "{{params_list}}"}, "templates": TEMPLATES},
                       "{{template}} nowhere"),
    "no values": ({"body": {"to": "{{to}}", "t": "{{template}}"}, "templates": TEMPLATES},
                  "sends no values"),
    "numbers run together": ({"numbers": {"most": 5}, "elements": {"one": ONE_OF}, "body": {
        "to": "{{to}}", "all": "{{all:one}}"}}, "{{joined:number}}"),
    "numbers run together in what is computed": (
        {"numbers": {"most": 5, "texts": True}, "elements": {"one": ONE_OF}, "computed": {
            "mac": {"of": "{{to}}"}}, "body": {"all": "{{all:one}}", "mac": "{{computed:mac}}"}},
        "{{joined:number}}"),
    "a hash that is not sent": ({"computed": {"mac": {"of": "{{text}}"}}}, "computed: \"mac\" is never sent"),
    "a list that is not sent": ({"elements": {"one": ONE_OF}}, "elements: \"one\" is never sent"),
    "a list of nobody": ({"numbers": {"most": 5, "texts": True}, "elements": {
        "one": without(ONE_OF, "to")}, "body": {"all": "{{all:one}}"}}, "{{to_national}} nowhere"),
    "an id that is not sent": (receiving(RECEIPT, body=without(BODY, "ref")),
                               "callback/receipt: reads our id, which send never sends"),
    "an id that ordinary does not send": (
        receiving(RECEIPT, ordinary={"path": "/o", "body": without(BODY, "ref")}),
        "which ordinary never sends"),
    "an id of the first alone": (receiving(RECEIPT, **shared(5)),
                                 "only the first one's"),
    "a reference that is not read": (receiving(BY_THEIRS, id_pointer=None), "id_pointer"),
    "a question by an id not sent": ({"query": {**QUERY, "id": "/ref"},
                                      "body": without(BODY, "ref")}, "query/id"),
    "a pull that nobody reads": ({"pull": [{"path": "/p", "body": {}}]}, "pull: fetches what nothing"),
    "a mute call": ({"call": {**CALL, "body": without(CALL["body"], "say")},
                     "callback": {"calls": [ENDS]}}, "option call/body: says {{text}} nowhere"),
    "a call to nobody": ({"call": {**CALL, "body": without(CALL["body"], "to")},
                          "callback": {"calls": [ENDS]}}, "option call/body: says {{to}}"),
    "news of no call": ({"call": {**CALL, "body": without(CALL["body"], "ref")},
                         "callback": {"calls": [ENDS]}}, "rule 0 finds no call"),
    "news of no call, either": ({"call": CALL, "callback": {"calls": [ENDS, ENDS_BY_THEIRS]}},
                                "rule 1 finds no call"),
    "a question about no call": ({"call": CALL, "callback": {"calls": [ENDS]}, "call_query": {
        "path": "/q/{{ref}}", "body_type": "query", "fields": {}}}, "call/id_pointer"),
    "words that nothing fits": (receiving({**RECEIPT, "delivered": []}), "an empty list"),
    "success that nothing is": ({"success": {"status": [200], "pointer": "/c", "equals": []}},
                                "an empty list"),
    "a field of no texts": ({"body": None, "body_type": "form", "fields": {
        "to": "{{to}}", "text": "{{text}}", "more": []}}, "\"more\" is an empty list"),
    "hidden that is no text": ({"hidden": [5]}, "hidden"),
}


@pytest.mark.parametrize("change, words", UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize("op", ["open", "check"])
def test_what_could_not_work_is_refused(started, op, change, words):  # noqa: F811
    d = started(Driver(config("http://127.0.0.1:1/", **change), op=op))
    fatal = d.next()
    assert fatal["ev"] == "fatal" and fatal["retry"] is False, fatal
    assert words in fatal["reason"], fatal["reason"]


FIT = {
    "text in an address": {"body": None, "body_type": "query", "path": "/{{to}}", "method": "POST",
                           "fields": {"t": "{{text}}"}},
    "text in JSON in a form": {"body": None, "body_type": "form",
                               "fields": {"x": "{\"t\":\"{{text_json}}\",\"n\":\"{{to}}\"}"}},
    "text in elements": {"numbers": {"most": 5, "texts": True}, "elements": {"one": ONE_OF},
                         "body": {"all": "{{all:one}}"}},
    "one fixed template": {"body": {"to": "{{to}}", "code": "S1", "v": "{{params_list}}"},
                           "templates": {"*": {"code": "S1", "params": ["text"]}}},
    "templates without values": {"body": {"to": "{{to}}", "t": "{{template}}"}, "templates": FIXED},
    "receipts by our id": receiving(RECEIPT),
    "receipts by theirs": receiving(BY_THEIRS, body=without(BODY, "ref")),
    "our id in the callback's address": receiving(
        {**RECEIPT, "id": "/query/id"}, body={"to": "{{to}}", "text": "{{text}}",
                                              "url": "{{callback_url}}?id={{id}}"}),
    "a call that asks what to say": {
        "call": {**CALL, "body": without(CALL["body"], "say")},
        "callback": {"calls": [{**ENDS, "answer": "<Say>{{text_xml}}</Say>"}]}},
    "replies that are fetched": {"pull": [{"path": "/p", "body": {}}], "callback": {"reply": REPLY}},
}


@pytest.mark.parametrize("change", FIT.values(), ids=FIT)
def test_what_can_work_is_not(started, change):  # noqa: F811
    d = started(Driver(config("http://127.0.0.1:1/", **change), callback_url="http://gong/v1/x"))
    assert d.next()["ev"] == "ready", d.events


def shown(d, text="立即转移 1", to=ONE):
    d.say({"op": "ask", "id": "q9", "what": "sms", "to": to, "text": text})
    told = d.next("answer")
    (line,) = told["lines"]
    assert line.startswith("--   sent: "), line
    return told, line.removeprefix("--   sent: ")


SECRET = "s3cr3t\"&水"
CALLBACK_URL = "https://gong.example.org/v1/callback/r/call-back-secret"
SECRETIVE = {
    "json": {"body": {"to": "{{to_plus}}", "text": "{{text}}", "password": "s3cr3t-1",
                      "in": {"apiKey": "s3cr3t-2", "again": "{{secret}}"}},
             "secret": SECRET, "path": "/send/{{secret}}"},
    "form": {"body": None, "body_type": "form", "fields": {
        "to": "{{to_plus}}", "text": "{{text}}", "pwd": "s3cr3t-1", "x": "{{secret}}",
        "json": "{\"token\":\"{{secret}}\"}"}, "secret": SECRET},
    "query": {"body": None, "body_type": "query", "path": "/send?access_token=s3cr3t-1",
              "fields": {"to": "{{to_plus}}", "text": "{{text}}", "k": "{{secret}}"},
              "secret": SECRET},
    "address": {"body": None, "body_type": "query", "url": "/s3cr3t-1/send?who=s3cr3t-2",
                "fields": {"to": "{{to_plus}}", "text": "{{text}}"}},
    "elsewhere": {"authorization": "Bearer s3cr3t-1", "body": {
        "to": "{{to_plus}}", "text": "{{text}}", "a": "Bearer s3cr3t-1", "b": "s3cr3t-4",
        "u": "{{callback_url}}", "v": "{{callback_url_base64}}"}, "hidden": ["s3cr3t-4"]},
}


@pytest.mark.parametrize("change", SECRETIVE.values(), ids=SECRETIVE)
def test_a_test_message_shows_what_it_sent_and_no_secret(started, drive, change):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    base = odd.url.removesuffix("/send")
    change = {**change, "url": base + change.get("url", "/send")}
    told, line = shown(drive(config(**change), callback_url=CALLBACK_URL))
    assert told["ok"] and "立即转移 1" in line and ONE in line, line
    assert line.startswith(odd.requests[0][0].split(" ")[0] + " /")
    assert "s3cr3t" in "".join(odd.requests[0]) and "***" in line
    assert "s3cr3t" not in line and "call-back-secret" not in line and "aHR0c" not in line, line


def test_a_refused_test_message_shows_it_too_and_one_that_never_left_does_not(
        started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http(400, b"{}")))
    told, line = shown(drive(config(odd.url)))
    assert not told["ok"] and told["reason"] and json.loads(line.partition(" /*** ")[2]) == {
        "to": ONE, "text": "立即转移 1", "ref": "q9"}
    d = drive(config("http://127.0.0.1:1/"))
    d.say({"op": "ask", "id": "q9", "what": "sms", "to": ONE, "text": "x"})
    told = d.next("answer")
    assert not told["ok"] and told["lines"] == []


def test_a_long_request_is_cut_between_characters(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    for pad in range(3):
        _, line = shown(drive(config(odd.url)), "x" * pad + "水" * 1000)
        assert line.endswith("水 …") and 890 <= len(line.encode()) <= 910


@pytest.mark.parametrize("name, options, secrets", [
    ("kannel", {"username": "u-1234", "password": "s3cr3t-1", "from": "10690000"}, ["s3cr3t-1"]),
    ("cmcc-mas", {"ec_name": "e", "ap_id": "a", "secret_key": "s3cr3t-1", "sign": "s"}, ["s3cr3t-1"]),
    ("generic", {"token": "s3cr3t-1"}, ["s3cr3t-1"])])
def test_a_shipped_profile_hides_its_secrets(started, drive, name, options, secrets):  # noqa: F811
    odd = started(Odd(lambda n, r: http(202, b"0: Accepted for delivery")))
    conf = {"profile": name, "profile_dir": SHIPPED, "url": odd.url, **options}
    _, line = shown(drive(conf, callback_url=CALLBACK_URL))
    assert "立即转移 1" in line and "13800000001" in line
    assert not any(s in line for s in secrets + ["call-back-secret"]), line


def test_route_test_prints_it(started):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    conf = config(odd.url, body={"to": "{{to_plus}}", "text": "{{text}}", "password": "s3cr3t-1"})
    with gongd(conf) as world:
        wait_for("the route", lambda: world.api("GET", "/v1/routes")[1]["routes"][0]["state"] == "up")
        said = world.ctl("route", "test", "r", "+99910000001", "--text", "今日测试", lang="en",
                         check=False).stdout
        (line,) = [one for one in said.splitlines() if "sent: " in one]
        assert line == '--   sent: POST /*** {"to":"+99910000001","text":"今日测试","password":"***"}'
        assert "s3cr3t" not in json.dumps(world.rows("SELECT detail FROM audit"))
