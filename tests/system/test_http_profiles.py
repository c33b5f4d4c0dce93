"""gong-http with the profiles it ships, against providers that check what they get
(docs/providers.md)."""
import json
import os
import urllib.request

import pytest

from district import District
from harness import World, wait_for
from http_driver import ROOT, Driver, Odd, http
from providers.cloud_mas import CloudMas as Mas
from providers.tencent_sms import TencentSms as Tencent
from test_http_driver import TEXTS, callback, drive, started  # noqa: F401 (fixtures)

SHIPPED = os.path.join(ROOT, "drivers", "http", "profiles")
OPTIONS = {
    "tencent-sms": {"secret_id": Tencent.ID, "secret_key": Tencent.KEY, "app_id": "1400000001",
                    "sign_name": "青石县\"应急\"", "template_id": "100001"},
    "cmcc-mas": {"ec_name": "青石县应急管理局", "ap_id": "qsyj", "secret_key": Mas.KEY,
                 "sign": "AbCd"},
    "generic": {"token": "tok"},
}
SIGNED = [("tencent-sms", Tencent), ("cmcc-mas", Mas)]


def route(name, url="http://127.0.0.1:1/", **more):
    conf = {"profile": name, "profile_dir": SHIPPED, "url": url, **OPTIONS[name], **more}
    return {k: v for k, v in conf.items() if v is not None}


def numbers(count):
    return [(f"N{i:03}", f"+86138000{i:05}") for i in range(count)]


def text_of(name, got):
    return {"tencent-sms": lambda: got["TemplateParamSet"][0], "cmcc-mas": lambda: got["content"]}[name]()


@pytest.mark.parametrize("name, dialect", SIGNED)
def test_every_text_arrives_signed(started, drive, name, dialect):  # noqa: F811
    provider = started(dialect())
    d = drive(route(name, provider.url, connections=1))
    for i, text in enumerate(TEXTS):
        assert d.one(text, ident=f"T{i}")["outcome"] == "accepted", d.events[-1]
    assert [text_of(name, g) for g in provider.got] == TEXTS
    assert d.end() == 0
    secret = dialect.KEY.encode()
    assert secret not in d.log and secret not in json.dumps(d.events).encode()


@pytest.mark.parametrize("name, dialect", SIGNED)
def test_a_wrong_key_stops_the_route(started, drive, name, dialect):  # noqa: F811
    provider = started(dialect())
    wrong = {k: "wrong" for k in OPTIONS[name] if k.endswith(("secret_key", "key_secret"))}
    fate = drive(route(name, provider.url, **wrong)).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "config"), fate


@pytest.mark.parametrize("name, dialect", SIGNED[1:])       # tencent-sms asks first
def test_silence_after_the_request_left_is_unknown(started, drive, name, dialect):  # noqa: F811
    provider = started(dialect(silent=True))
    d = drive(route(name, provider.url, timeout_ms=300))
    d.send(*numbers(3))
    assert {f["outcome"] for f in d.dones(3).values()} == {"unknown"}


@pytest.mark.parametrize("name, dialect, most, joined", [
    ("tencent-sms", Tencent, 200, lambda g: g["PhoneNumberSet"]),
    ("cmcc-mas", Mas, 500, lambda g: ["+86" + n for n in g["mobiles"].split(",")])])
def test_one_text_to_many_shares_requests_and_two_texts_do_not(
        started, drive, name, dialect, most, joined):  # noqa: F811
    provider = started(dialect())
    d = drive(route(name, provider.url, connections=1))
    assert d.events[0]["batch"] == most
    many = numbers(most + 50)
    d.send(*many)
    d.send(("Z1", "+8613900000001"), text="other")
    fates = d.dones(most + 51)
    assert {f["outcome"] for f in fates.values()} == {"accepted"}
    assert [joined(g) for g in provider.got] == \
        [[t for _, t in many[:most]], [t for _, t in many[most:]], ["+8613900000001"]]
    assert all(f["ref"] for f in fates.values())


def test_a_refused_number_spares_the_others_of_its_request(started, drive):  # noqa: F811
    provider = started(Tencent(refuse={"03": "FailedOperation.PhoneNumberInBlacklist",
                                       "05": "LimitExceeded.PhoneNumberDailyLimit",
                                       "07": "FailedOperation.NobodyKnows"}))
    d = drive(route("tencent-sms", provider.url))
    d.send(*numbers(20))
    fates = d.dones(20)
    assert len(provider.got) == 1
    assert {i: f["class"] for i, f in fates.items() if f["outcome"] == "rejected"} == \
        {"N003": "drop", "N005": "retry_other", "N007": "retry_other"}
    assert "FailedOperation.PhoneNumberInBlacklist: words" in fates["N003"]["reason"]
    assert fates["N004"]["ref"] == "2019:8613800000004"


@pytest.mark.parametrize("name, dialect, code, outcome, klass", [
    ("tencent-sms", Tencent, "AuthFailure.SignatureExpire", "rejected", "clock"),
    ("tencent-sms", Tencent, "UnauthorizedOperation.ServiceSuspendDueToArrears", "rejected",
     "config"),
    ("tencent-sms", Tencent, "RequestLimitExceeded", "rejected", "retry"),
    ("tencent-sms", Tencent, "Never.Seen", "rejected", "retry_other"),
    ("cmcc-mas", Mas, "NoSignId", "rejected", "config"),
    ("cmcc-mas", Mas, "NeverSeen", "rejected", "retry_other")])
def test_what_a_code_means(started, drive, name, dialect, code, outcome, klass):  # noqa: F811
    fate = drive(route(name, started(dialect(whole=code)).url)).one()
    assert (fate["outcome"], fate.get("class")) == (outcome, klass), fate
    assert name == "cmcc-mas" and klass == "retry_other" or code in fate["reason"]


def test_ten_unknown_refusals_of_whole_requests_stop_the_route(started, drive):  # noqa: F811
    d = drive(route("tencent-sms", started(Tencent(whole="Never.Seen")).url))
    for i in range(10):
        d.send((f"A{i}", "+8613800000001"), (f"B{i}", "+8613800000002"))
        fates = d.dones(2)
        assert {f["class"] for f in fates.values()} == {"config" if i == 9 else "retry_other"}


PUSHED = [
    ("tencent-sms", [{"sid": "2019:86", "mobile": "13800000001", "nationcode": "86",
                      "report_status": "SUCCESS", "errmsg": "DELIVRD"}],
     {"ref": "2019:86", "to": "+8613800000001", "state": "delivered"}),
    ("tencent-sms", [{"sid": "s", "mobile": "13800000001", "report_status": "FAIL",
                      "errmsg": "MK:0005"}],
     {"ref": "s", "state": "failed", "reason": "MK:0005"}),
    ("cmcc-mas", {"msgGroup": "01", "mobile": "13800000001", "reportStatus": "CM:0000",
                  "errorCode": "DELIVRD"},
     {"ref": "01", "to": "+8613800000001", "state": "delivered"}),
    ("cmcc-mas", {"msgGroup": "01", "mobile": "13800000001", "reportStatus": "CN:0001",
                  "errorCode": "UNDELIV"}, {"state": "failed", "reason": "UNDELIV"}),
    ("tencent-sms", {"mobile": "13800000001", "nationcode": "86", "text": "1", "time": 5},
     {"ev": "inbound", "from": "+8613800000001", "text": "1"}),
    ("cmcc-mas", {"mobile": "13800000001", "smsContent": "收到", "addSerial": ""},
     {"ev": "inbound", "from": "+8613800000001", "text": "收到"}),
]


@pytest.mark.parametrize("name, pushed, wanted", PUSHED)
def test_what_they_push_is_read_and_answered_as_they_expect(
        drive, name, pushed, wanted):  # noqa: F811
    d = drive(route(name))
    assert d.events[0].get("receipts_by_ref", False) == (name in ("tencent-sms", "cmcc-mas"))
    (event,), reply = callback(d, pushed)
    assert {**event, **wanted} == event and reply["status"] == 200
    assert json.loads(reply["body"]) == {
        "tencent-sms": {"result": 0, "errmsg": "OK"}, "cmcc-mas": {"code": 0}}[name]


def test_the_generic_profile_sends_and_reads(started, drive):  # noqa: F811
    odd = started(Odd(lambda n, r: http()))
    d = drive(route("generic", odd.url))
    assert d.one(TEXTS[1])["ref"] == "x1"
    head, body = odd.requests[0]
    assert "Authorization: Bearer tok" in head.split("\r\n")
    assert json.loads(body) == {"to": "+8613800000001", "text": TEXTS[1], "ref": "A1"}
    assert callback(d, {"ref": "A1", "state": "UNDELIV"})[0][0]["state"] == "failed"


@pytest.mark.parametrize("change, field, words", [
    ({"secret_key": None}, "secret_key", "is missing: the API key's SecretKey"),
    ({"surprise": "x"}, "surprise", "it knows: secret_id"), ({"app_id": 1400}, "app_id", "a text"),
    ({"sign_name": "{{text}}"}, "sign_name", "{{"), ({"profile": "nobody"}, "profile", "nobody"),
    ({"profile": "../x"}, "profile", "name of a profile"), ({"profile": 5}, "profile", "name"),
    ({"profile": "broken"}, "profile", "line 1"), ({"profile": "empty"}, "profile", "parameters"),
    ({"profile": "stray"}, "who", "none of its parameters"), ({"profile": "newer"}, "version", "must be 1"),
    ({"profile": "typo"}, "typo/parametres", "known here"), ({"url": "ftp://x"}, "url", "https")])
def test_what_is_missing_or_unknown_is_refused_by_name(
        started, tmp_path, change, field, words):  # noqa: F811
    with open(os.path.join(SHIPPED, "tencent-sms.json"), encoding="utf-8") as f:
        (tmp_path / "tencent-sms.json").write_text(f.read(), encoding="utf-8")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "newer.json").write_text('{"version":2,"what":{}}')
    (tmp_path / "typo.json").write_text('{"version":1,"parametres":{},"config":{}}')
    (tmp_path / "stray.json").write_text(json.dumps(
        {"parameters": {p: {} for p in OPTIONS["tencent-sms"]},
         "config": {"body": "{{param:who}}"}}))
    d = started(Driver(route("tencent-sms", **{"profile_dir": str(tmp_path), **change})))
    fatal = d.next()
    assert fatal["ev"] == "fatal" and fatal["retry"] is False
    assert f"option {field}:" in fatal["reason"] and words in fatal["reason"], fatal
    assert Tencent.KEY not in fatal["reason"]


@pytest.mark.parametrize("change, word", [
    ({"numbers": {"most": 2}}, "elements"), ({"numbers": {"most": 1}}, "2 to 1000"),
    ({"numbers": {"most": 2, "join": ","}}, "numbers/join: is said by \"elements\""),
    ({"sign": {"scheme": "md5", "of": "k{{text}}"}}, "said by \"computed\""),
    ({"each": {"list": "/a", "to": "/b"}}, "numbers"), ({"body_encoding": "gzip"}, "base64"),
    ({"numbers": {"most": 2}, "elements": {"n": "{{to}}"}, "each": {"list": "/a"}}, "each"),
    ({"sign": {"scheme": "rot13"}}, "basic, tc3"), ({"version": 2}, "option version: must be 1"),
    ({"version": "1"}, "option version"), ({"version": True}, "option version"),
    ({"sign": {"scheme": "tc3", "key_id": "a"}}, "service"),
    ({"sign": {"scheme": "aliyun-rpc", "key_id": "a", "key": "b"}}, "form"),
    ({"sign": {"scheme": "basic", "key_id": "x", "key": "y", "of": "z"}}, "sign/of"),
    ({"body": {"mac": "{{computed:mac}}"}}, "none of \"computed\""),
    ({"computed": {"mac": "md5"}}, "must be an object"), ({"computed": {"mac": {}}}, "needs \"of\""),
    ({"computed": {"mac": {"of": "x", "hash": "crc"}}}, "must be md5, sha1"),
    ({"computed": {"mac": {"of": "x", "as": "hex64"}}}, "hex or base64"),
    ({"computed": {"mac": {"of": "x", "salt": "y"}}}, "computed/salt"),
    ({"computed": {"mac": {"of": "{{tex}}"}}}, "{{tex}} is not known"),
    ({"computed": {"a": {"of": "{{computed:b}}"}, "b": {"of": "x"}}}, "above it"),
    ({"elements": {"n": {"to": "{{to}}"}}, "body": {"n": "{{joined:n}}"}}, "must be a text"),
    ({"body": {"n": "{{joined:n}}"}}, "none of \"elements\""),
    ({"headers": {"X-Text": "{{text}}"}}, "no other {{…}}"), ({"headers": {"X-Ref": "{{ref}}"}}, "no other"),
    ({"headers": {"Content-Type": "{{nonce}}"}}, "no other"), ({"headers": {"A": "{{nonse}}"}}, "headers"),
    ({"balance": {"path": "/b", "body": {"a": "{{text}}"}, "pointer": "/b"}}, "no single message"),
    ({"callback": {"unpack": "status"}}, "unpack"), ({"callback": {"unpack": []}}, "unpack"),
    ({"callback": {"unpack": ["/a", 5]}}, "unpack"), ({"callback": {"unpack": ["/a", "/b", "/c"]}}, "unpack"),
    ({"callback": {"verify": {"scheme": "hmac", "header": "x", "key": "k", "of": "fixed"}}}, "no part"),
    ({"callback": {"verify": {"scheme": "hmac", "header": "x", "key": "k", "of": "{{text}}"}}}, "{{body}}"),
    ({"callback": {"verify": {"scheme": "twilio", "key": "k", "of": "{{body}}"}}}, "hmac only")])
def test_a_faulty_new_option_is_refused_too(started, change, word):  # noqa: F811
    d = started(Driver({"url": "http://127.0.0.1:1/", "body": {"t": "{{text}}"},
                        "success": {"status": [200]}, **change}))
    assert word in d.next("fatal")["reason"]


def test_gongd_finds_receipts_by_the_providers_reference_and_the_number(started):  # noqa: F811
    provider = started(Mas())
    with World(name="mas") as world:
        conf = json.dumps(route("cmcc-mas", provider.url), ensure_ascii=False)
        world.routes = f"""route "mas" {{
 driver = "gong-http"
 channels = {{sms}}
 callback_secret = "profile-test-secret"
 config = '{conf}'
}}
"""
        world.listen = 'host = "127.0.0.1"'
        world.write_conf()
        world.start()
        world.load(District(1, 4))
        world.send(key="w", template="notice.text", severity="red",
                   params={"text": "河水上涨"},
                   audience={"divisions": ["990121001"], "roles": ["village_chief"]})
        wait_for("all to be sent", lambda: world.states()["sent"] == 4)
        for n, got in enumerate(provider.got, 1):
            for number in got["mobiles"].split(","):
                # The district's people have +999 numbers: foreign ones here.
                body = {"msgGroup": f"0{n}201200000000", "mobile": "00" + number,
                        "reportStatus": "CM:0000", "errorCode": "DELIVRD"}
                urllib.request.urlopen(
                    f"http://127.0.0.1:{world.port}/v1/callback/mas/profile-test-secret",
                    json.dumps(body).encode(), timeout=10).close()
        wait_for("their receipts", lambda: world.states()["delivered"] == 4)
