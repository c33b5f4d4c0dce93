"""What a profile may say of computed values, lists, packed callbacks and proofs (docs/http-driver.md):
each is checked against what was really sent, by its own arithmetic."""
import base64
import hashlib
import hmac
import json
import re
import urllib.parse

import pytest

from harness import wait_for
from http_driver import Odd, config, http, shared
from profile_helpers import ONE, TEXTS, TWO, tell
from providers.base import Push, pairs
from test_http_driver import drive, started  # noqa: F401 (fixtures)

KEY = "s3cr3t-key"
READS = {"receipt": {"id": "/ref", "state": "/state", "delivered": ["D"], "failed": ["*"]},
         "reply": {"id": "/id", "from": "/from", "text": "/text"}}


def sent(odd, n=-1):
    """The head's lines by name, and the body, of one request."""
    head, body = odd.requests[n]
    return {k.lower(): v for k, v in (line.split(": ", 1) for line in head.split("\r\n")[1:])}, body


HEADERS = {"AppKey": "app", "Nonce": "{{nonce}}", "CurTime": "{{now_s}}", "CheckSum": "{{computed:sum}}"}
SUM = {"sum": {"hash": "sha1", "of": KEY + "{{nonce}}{{now_s}}"}}


def test_computed_headers_are_over_what_stands_beside_them(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url, headers=HEADERS, computed=SUM))
    for n, text in enumerate(TEXTS):
        assert d.one(text, ident="A%d" % n)["outcome"] == "accepted"
    nonces = set()
    for n in range(len(TEXTS)):
        head, _ = sent(odd, n)
        assert head["appkey"] == "app" and re.fullmatch("[0-9a-f]{32}", head["nonce"])
        wanted = hashlib.sha1((KEY + head["nonce"] + head["curtime"]).encode()).hexdigest()
        assert head["checksum"] == wanted
        nonces.add(head["nonce"])
    assert len(nonces) == len(TEXTS), "each request has a nonce of its own"


@pytest.mark.parametrize("hash_name", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("form", ["hex", "base64"])
@pytest.mark.parametrize("key", [None, KEY])
def test_a_computed_field_is_over_the_values_before_they_are_escaped(
        started, drive, hash_name, form, key):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    rule = {"of": "{{to}}|{{text}}|{{id}}", "hash": hash_name, "as": form, **({"key": key} if key else {})}
    fields = {"to": "{{to}}", "text": "{{text}}", "id": "{{id}}", "mac": "{{computed:mac}}"}
    d = drive(config(odd.url, body=None, body_type="form", fields=fields, computed={"mac": rule}))
    for n, text in enumerate(TEXTS):
        d.one(text, ident="A%d" % n)
        got = pairs(sent(odd, n)[1])
        of = f"{got['to']}|{got['text']}|{got['id']}".encode()
        assert got["text"] == text
        wanted = hmac.new(KEY.encode(), of, hash_name) if key else hashlib.new(hash_name, of)
        text_of = wanted.hexdigest() if form == "hex" else base64.b64encode(wanted.digest()).decode()
        assert got["mac"] == text_of


def test_a_computed_value_may_use_those_above_it_and_a_section_inherits_them(
        started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http(200, b'{"code":0,"id":"x","items":[]}')))
    d = drive(config(odd.url, computed={"inner": {"of": "{{now_s}}", "hash": "md5"},
                                        "outer": {"of": KEY + "{{computed:inner}}", "hash": "md5"}},
                     headers={"X-Now": "{{now_s}}"},
                     callback=READS,
                     pull=[{"body": {"sum": "{{computed:outer}}"}, "list": "/items", "every_ms": 100}],
                     body={"to": "{{to}}", "text": "{{text}}", "sum": "{{computed:outer}}"}))
    d.one()
    wait_for("a pull", lambda: len(odd.requests) > 1)
    for n in range(len(odd.requests)):
        head, body = sent(odd, n)
        inner = hashlib.md5(head["x-now"].encode()).hexdigest()
        assert json.loads(body)["sum"] == hashlib.md5((KEY + inner).encode()).hexdigest()


def test_numbers_joined_in_a_field_and_in_what_is_computed_are_the_same(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url, **shared(3, computed={"mac": {"of": "{{joined:number}}", "key": KEY}},
                                       headers={"X-Mac": "{{computed:mac}}"}, connections=1)))
    d.one(ident="A0")
    d.send(("A1", ONE), ("B1", TWO), ("C1", "+8613800000003"), ("D1", "+8613800000004"))
    d.dones(4)
    for n, to in enumerate((ONE, f"{ONE},{TWO},+8613800000003", "+8613800000004")):
        head, body = sent(odd, n)
        assert json.loads(body)["to"] == to
        assert head["x-mac"] == hmac.new(KEY.encode(), to.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("body_type", ["form", "query"])
def test_joined_and_listed_elements_are_escaped_for_where_they_stand(
        started, drive, body_type):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url, body=None, body_type=body_type, numbers={"most": 2},
                     elements={"plus": "{{to_plus}}", "id": "{{id}}"},
                     fields={"to": "{{joined:plus}}", "ids": "{{all:id}}", "text": "{{text}}"}))
    d.send(("A1", ONE), ("B1", TWO), text="a&b=c")
    d.dones(2)
    head, body = odd.requests[0]
    got = pairs(body if body_type == "form" else head.split(" ")[1].split("?")[1])
    assert got == {"to": f"{ONE},{TWO}", "ids": '["A1","B1"]', "text": "a&b=c"}


@pytest.mark.parametrize("to, national", [
    (ONE, "13800000001"), ("+85261234567", "85261234567"), ("+447700900123", "447700900123"),
    ("+13800000001", "0013800000001"), ("+8675588888888", "75588888888")])
def test_a_number_of_another_country_is_never_read_as_somebody_here(started, drive, to, national):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url, country="86", body={"to": "{{to_national}}", "text": "{{text}}"}))
    d.one(to=to)
    assert json.loads(sent(odd)[1])["to"] == national


# --- callbacks --------------------------------------------------------------------------------------

RECEIPTS = [{"ref": "A1", "state": "D"}, {"ref": "A2", "state": "X"}]


def packed(value, twice=False, field="sms_status"):
    text = json.dumps(value, ensure_ascii=False)
    return Push({"other": "1", field: urllib.parse.quote(text) if twice else text}, form=True)


@pytest.mark.parametrize("twice", [False, True])
def test_json_in_a_field_of_a_form_is_unpacked(drive, twice):  # noqa: F811
    d = drive(config("http://127.0.0.1:1/", receipts=True,
                     callback=dict(READS, unpack=["/sms_status", "/sms_reply"])))
    events, reply = tell(d, packed(RECEIPTS, twice))
    assert [(e["id"], e["state"]) for e in events] == [("A1", "delivered"), ("A2", "failed")]
    assert reply["status"] == 200
    (event,), _ = tell(d, packed({"id": "7", "from": ONE, "text": "收到&1=+%"}, twice, "sms_reply"))
    assert (event["ev"], event["id"], event["text"]) == ("inbound", "7", "收到&1=+%")
    # beside another field, in a list further down, and where nothing is packed
    d = drive(config("http://127.0.0.1:1/", receipts=True,
                     callback=dict(READS, unpack="/data", list="/items")))
    events, _ = tell(d, packed({"items": RECEIPTS}, twice, "data"))
    assert len(events) == 2
    assert len(tell(d, Push({"items": RECEIPTS}))[0]) == 2


@pytest.mark.parametrize("text", ["", "[", "{]", "5", "%", "%5B", "%5B%ZZ", "[" * 3000, "\0", "null", "[null]"])
def test_what_is_packed_badly_is_refused_and_harms_nothing(drive, text):  # noqa: F811
    d = drive(config("http://127.0.0.1:1/", receipts=True, callback=dict(READS, unpack="/sms_status")))
    events, reply = tell(d, Push({"sms_status": text}, form=True))
    assert not events and reply["status"] == 400
    assert len(tell(d, packed(RECEIPTS))[0]) == 2


def test_the_address_s_own_query_stays_beside_what_is_unpacked(drive):  # noqa: F811
    rules = {"receipt": dict(READS["receipt"], id="/query/id"), "unpack": "/sms_status"}
    d = drive(config("http://127.0.0.1:1/", receipts=True, callback=rules))
    push = packed([{"state": "D"}])
    push.url = "http://127.0.0.1/x?id=A7"
    (event,), _ = tell(d, push)
    assert (event["id"], event["state"]) == ("A7", "delivered")


NAMED = {"scheme": "hmac", "header": "X-Signature", "as": "base64", "key": KEY,
         "of": "{{body}}.{{header:X-Nonce}}.{{header:X-Time}}"}


def proof(key=KEY, nonce="n1", at="1700000000", order="{body}.{nonce}.{at}", told=None):
    """Signs a push as `NAMED` says; `told`: headers that are told instead of what was signed."""
    def sign(url, push):
        text = order.format(body=push.body().decode(), nonce=nonce, at=at)
        mac = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())
        return {"x-signature": mac.decode(), "x-nonce": nonce, "x-time": at, **(told or {})}
    return sign


def test_an_hmac_over_named_parts_proves_each_of_them(drive):  # noqa: F811
    d = drive(config("http://127.0.0.1:1/", receipts=True, callback=dict(READS, verify=NAMED)))
    (event,), reply = tell(d, Push({"ref": "A1", "state": "D", "text": "收到"}, sign=proof()))
    assert (event["id"], reply["status"]) == ("A1", 200)
    for wrong in (proof("other"), proof(order="{body}.{at}.{nonce}"), proof(order="{body}"),
                  proof(told={"x-nonce": "n2"}), proof(told={"x-time": "1700000001"}),
                  proof(told={"x-signature": ""}), proof(told={"x-signature": "sha256="}), None):
        events, reply = tell(d, Push({"ref": "A1", "state": "D"}, sign=wrong))
        assert not events and reply["status"] == 403
    for missing in ("x-nonce", "x-time", "x-signature"):
        op = Push({"ref": "A1", "state": "D"}, sign=proof()).op()
        del op["headers"][missing]
        d.say(op)
        assert d.next("reply")["status"] == 403
    op = Push({"ref": "A1", "state": "D"}, sign=proof()).op()
    op["body"] = base64.b64encode(b'{"ref":"A2","state":"D"}').decode()
    d.say(op)
    assert d.next("reply")["status"] == 403
