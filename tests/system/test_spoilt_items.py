"""One spoilt item never costs the others: what a provider pushes, answers and hands out with U+0000,
half an emoji, bytes that are no text and numbers beyond all bounds (docs/http-driver.md)."""
import base64
import json
import urllib.parse

import pytest

from district import District
from harness import wait_for
from http_driver import Odd, config, http, shared
from profile_helpers import ONE, TWO, URL, gongd, route, tell
from providers.aliyun_sms import AliyunSms
from providers.kannel import Kannel
from providers.twilio import Twilio
from providers.vonage import Vonage
from test_http_driver import callback, drive, started  # noqa: F401 (fixtures)

CALLBACK = {"receipt": {"id": "/ref", "provider_id": "/msgid", "to": "/to", "state": "/state",
                        "reason": "/why", "delivered": ["DELIVRD"], "failed": ["*"]},
            "reply": {"id": "/id", "from": "/from", "text": "/text"}}
BIG = "92233720368547758089"        # more than 2^63

# What stands in a JSON text, and how it is read.
SPOILT = [
    (rb"a\u0000b", "ab"), (rb"\u00001", "1"), (b"a\0b", "ab"), (rb"ok \ud83d", "ok \ufffd"),
    (rb"\ude00 ok", "\ufffd ok"), (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
    (rb"\ud83dx\ude00", "\ufffdx\ufffd"), (rb"\ud83d\u0031", "\ufffd1"), (b"\xff1", "\ufffd1"),
    (b"\xe6\xb01", "\ufffd\ufffd1"), (b"\xed\xa0\xbd!", "\ufffd!"), (b"1\nline", "1\nline"),
    (rb"C:\path \q", "C:\\path \\q"), (rb"\u12", "\\u12"), (rb"\ud83d\ude00", "\U0001f600"),
]


@pytest.fixture
def d(drive):  # noqa: F811
    return drive(config("http://127.0.0.1:1/", callback=CALLBACK, receipts=True, country="86"))


@pytest.mark.parametrize("raw, text", SPOILT, ids=[repr(raw) for raw, _ in SPOILT])
def test_a_spoilt_text_is_mended_and_costs_no_other(d, raw, text):
    events, reply = callback(
        d, b'[{"id":"1","from":"13800000001","text":"1"},'
           b'{"id":"2","from":"13800000002","text":"' + raw + b'"},'
           b'{"ref":"A1","state":"DELIVRD"}]')
    assert reply["status"] == 200
    assert [e.get("text") for e in events] == ["1", text, None] and events[2]["id"] == "A1"


@pytest.mark.parametrize("number, read", [
    (BIG.encode(), BIG), (b"-" + BIG.encode(), "-" + BIG), (b"9223372036854775807", "9223372036854775807"),
    (b"9223372036854775808", "9223372036854775808"), (b"7", "7")])
def test_a_number_beyond_all_bounds_is_its_digits(d, number, read):
    (event, other), _ = callback(d, b'[{"ref":"A1","msgid":' + number + b',"state":"DELIVRD"},'
                                 b'{"ref":"A2","msgid":1,"state":"X","more":[1e999,-1e-999,0.5]}]')
    assert (event["ref"], event["state"]) == (read, "delivered") and other["ref"] == "1"


def test_an_item_that_is_none_costs_no_other(d):
    good = {"ref": "A1", "state": "DELIVRD"}
    for bad in (5, None, "x", [], {}, [good], {"ref": {"a": 1}, "state": "X"}, {"state": "X" * 9000},
                {"from": "1", "text": "x" * 9000}, {"from": ["1"], "text": "1"}):
        events, reply = callback(d, [good, bad, {**good, "ref": "A2"}])
        assert [e["id"] for e in events] == ["A1", "A2"] and reply["status"] == 200, bad


@pytest.mark.parametrize("body", [b'[{"id":"1"', b'{"a":"\0', b'{"a":"\\', b'{"a":"\\u00', b"[1,", b"-",
                                  b'{"a":' + b"9" * 500, b"[1-2]", b"\xff\xfe\xfd", b'"'])
def test_what_cannot_be_mended_is_refused_whole(d, body):
    events, reply = callback(d, body)
    assert not events and reply["status"] == 400


@pytest.mark.parametrize("coded, text", [
    ("a%00b", "ab"), ("%001", "1"), ("%ff1", "\ufffd1"), ("1%ED%A0%BD", "1\ufffd"), ("1%", "1%"),
    ("%F0%9F%98%80", "\U0001f600")])
def test_a_form_is_mended_too(d, coded, text):
    for body, query in ((f"id=5&from=%2B13800000001&text={coded}", ""),
                        ("", f"id=5&from=%2B13800000001&text={coded}&x")):
        (event,), _ = callback(d, body.encode(), query=query)
        assert (event["id"], event["text"]) == ("5", text)


def test_an_answer_with_a_spoilt_text_is_an_answer(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http(200, [
        b'{"code":0,"id":' + BIG.encode() + b'}', b'{"code":5,"id":"","message":"no \\ud83d\\u0000!"}',
        b'{"code":0,"id":"a\\u0000b"}'][n])))
    d = drive(config(odd.url, reason_pointer="/message"))
    assert d.one(ident="A1")["ref"] == BIG
    assert d.one(ident="A2")["reason"].endswith("code 5: no \ufffd!")
    assert d.one(ident="A3")["ref"] == "ab"


def test_a_number_answered_in_a_spoilt_way_costs_no_other(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http(200, json.dumps({"all": [
        {"to": ONE, "code": 0, "id": "x"}, {"to": TWO, "code": 5, "why": "CUT"}]})
        .replace("CUT", "\\udc00").encode())))
    d = drive(config(odd.url, **shared(2, each={"list": "/all", "to": "/to"}, reason_pointer="/why")))
    d.send(("A1", ONE), ("B1", TWO))
    fates = d.dones(2)
    assert (fates["A1"]["outcome"], fates["A1"]["ref"]) == ("accepted", "x")
    assert (fates["B1"]["outcome"], fates["B1"]["reason"][-1]) == ("rejected", "\ufffd")


def test_what_is_handed_out_once_is_read_though_one_of_it_is_spoilt(started, drive):  # noqa: F811
    shelf = [b'[{"id":"1","from":"13800000001","text":"1"},{"id":"2","from":"13800000002","text":"\\ud83d'
             b'2"},{"ref":"A1","msgid":' + BIG.encode() + b',"state":"DELIVRD"}]']
    odd = started(Odd(lambda n, r: http(200, b'{"code":0,"items":%s}' % (shelf.pop() if shelf else b"[]"))))
    d = drive(config(odd.url, receipts=True, callback=CALLBACK,
                     pull=[{"body": {}, "path": "/p", "list": "/items", "every_ms": 100}]))
    assert [d.next("inbound")["text"] for _ in range(2)] == ["1", "\ufffd2"]
    assert d.next("receipt")["ref"] == BIG


# --- signed, and spoilt ---------------------------------------------------------------------------

def test_twilio_signs_a_form_with_a_zero(started, drive):  # noqa: F811
    twilio = started(Twilio())
    d = drive(route("twilio", twilio, account_sid=Twilio.ID, auth_token=Twilio.KEY,
                    **{"from": "+12015550000"}), callback_url=URL)
    push = twilio.reply(ONE, "三组\0被困")
    (event,), reply = tell(d, push)
    assert event["text"] == "三组被困" and reply["status"] == 200
    forged = push.op(url=URL)
    forged["body"] = base64.b64encode(base64.b64decode(forged["body"]).replace(b"%00", b"")).decode()
    d.say(forged)
    assert d.next("reply")["status"] == 403         # what is signed has the zero


@pytest.mark.parametrize("hooks", ["POST", "JSON", "GET"])
def test_vonage_signs_a_text_with_a_zero(started, drive, hooks):  # noqa: F811
    vonage = started(Vonage(signed="sha256", hooks=hooks))
    d = drive(route("vonage", vonage, api_key=Vonage.ID, api_secret=Vonage.KEY,
                    signature_secret=Vonage.SECRET, **{"from": "12015550000"}))
    (event,), reply = tell(d, vonage.reply(ONE, "三组\0被困", ident="M1"))
    assert event["text"] == "三组被困" and reply["status"] == 200


def test_kannel_hands_on_half_a_pair(started, drive):  # noqa: F811
    kannel = started(Kannel())
    d = drive(route("kannel", kannel, username=Kannel.ID, password=Kannel.KEY, **{"from": "1069"}),
              callback_url=URL)
    coded = urllib.parse.quote("1 水".encode("utf-16-be") + b"\xd8\x3d" + "!\0".encode("utf-16-be"))
    d.say({"op": "callback", "id": "7", "method": "GET", "path": "/x", "headers": {}, "body": "",
           "query": f"from=%2B13800000001&text={coded}&charset=UTF-16BE&mid=m1"})
    assert d.next("inbound")["text"] == "1 水\ufffd!"


def test_gongd_has_the_good_replies_of_a_spoilt_batch(started):  # noqa: F811
    aliyun = started(AliyunSms())
    conf = route("aliyun-sms", aliyun, access_key_id="x", access_key_secret="y", sign_name="青石县应急",
                 template_code="SMS_1")
    with gongd(conf) as world:
        world.load(District(1, 3))
        push = aliyun.reply("+8613800000001", "1")
        one = push.value[0]
        push.value = [one, {**one, "phone_number": "13800000002", "sequence_id": 7, "content": "CUT"},
                      {**one, "phone_number": "13800000003", "sequence_id": 8, "content": "3\0组"}]
        whole = push.body
        push.body = lambda: whole().replace(b"CUT", b"2 \\ud83d")
        wait_for("the route", lambda: push.send(world.callback).status == 200)
        wait_for("the replies", lambda: len(world.rows("SELECT * FROM inbound")) == 3)
        assert sorted(r["text"] for r in world.rows("SELECT text FROM inbound")) == \
            ["1", "2 \ufffd", "3组"]
