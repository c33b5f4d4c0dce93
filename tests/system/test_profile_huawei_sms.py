"""The profile huawei-sms against Huawei's side (providers/huawei_sms.py)."""
import json

import pytest

from harness import wait_for
from http_driver import Driver
from profile_helpers import ONE, TWO, gongd, receipt, route, tell
from providers.base import national
from providers.huawei_sms import HuaweiSms
from test_http_driver import drive, started  # noqa: F401 (fixtures)
from test_profile_tencent_sms import Mainland

URL = "http://127.0.0.1"
RAIN = {"name": "warn.rain", "language": "zh", "params": {"area": "柳溪镇", "hours": "3"}}
TEMPLATES = {"warn.rain": {"code": "8ff55eac", "params": ["area", "hours"]},
             "notice.text": {"code": "0a1b2c3d", "params": ["text=text"]}}
CLASSES = {
    "clock": ["E000110"],
    "config": ["E000001", "E000045", "E000101", "E000112", "E200018", "E200027", "E200032",
               "E200036"],
    "retry_other": ["E000000", "E000503", "E200024", "E200028", "E999999"],
}


@pytest.fixture
def huawei(started):  # noqa: F811
    return started(HuaweiSms())


@pytest.fixture
def open_route(started):  # noqa: F811
    def start(conf):
        d = started(Driver(conf, callback_url=URL + "/x"))
        assert d.next("ready"), d.log
        return d
    return start


def conf(provider, **more):
    return route("huawei-sms", provider, **{
        "app_key": provider.ID, "app_secret": provider.KEY, "channel": "8823040504797",
        "signature": "青石县应急", "templates": TEMPLATES, **more})


def one(d, ident="A1", to=ONE, urgent=True, **more):
    return d.one(ident=ident, to=to, template=RAIN, urgent=urgent, **more)


@pytest.mark.parametrize("scheme", ["wsse", "sdk-hmac-sha256"])
def test_an_urgent_message_goes_alone_under_our_id(huawei, open_route, scheme):
    d = open_route(conf(huawei, scheme=scheme))
    assert d.events[0]["templates"] and d.events[0]["receipts_by_ref"]
    fate = one(d)
    got = huawei.got[0]
    assert (fate["outcome"], fate["ref"]) == ("accepted", got.id())
    assert (got["to"], got["extend"], got["templateId"], json.loads(got["templateParas"])) == \
        (ONE, "A1", "8ff55eac", ["柳溪镇", "3"])
    assert got["statusCallback"] == URL + "/x"


def test_a_gateway_may_want_the_digest_of_the_hash_in_hex(started, open_route):  # noqa: F811
    provider = started(HuaweiSms(wsse_of_hex=True))
    assert one(open_route(conf(provider, scheme="wsse-hex")))["outcome"] == "accepted"


def test_others_share_a_request_and_each_is_answered_for_itself(huawei, open_route):
    huawei.refuse = {"0003": "E200028", "0004": "E200032", "0005": "E777777"}
    d = open_route(conf(huawei, connections=1))
    d.send(*[(f"N{n}", f"+861380000{n:04}") for n in range(1, 9)], template=RAIN)
    fates = d.dones(8)
    assert huawei.seen[HuaweiSms.DIFF_PATH] == 1 and len(huawei.got[0].numbers) == 8
    assert {i: f.get("class") for i, f in fates.items() if f["outcome"] == "rejected"} == \
        {"N3": "retry_other", "N4": "config", "N5": "retry_other"}
    assert fates["N1"]["ref"] == huawei.got[0].id("+8613800000001")
    assert "E200028" in fates["N3"]["reason"]
    # and so are different texts of one template
    other = dict(RAIN, params={"area": "石桥镇", "hours": "6"})
    d.say({"op": "send", "channel": "sms", "not_after": 2 ** 45, "items": [
        {"id": "P1", "to": ONE, "text": "a", "template": RAIN},
        {"id": "P2", "to": TWO, "text": "b", "template": other}]})
    assert {f["outcome"] for f in d.dones(2).values()} == {"accepted"}
    assert [part["templateParas"] for part in huawei.got[1]["smsContent"]] == \
        [["柳溪镇", "3"], ["石桥镇", "6"]]


def test_more_than_500_take_two_requests(huawei, open_route):
    d = open_route(conf(huawei, connections=1))
    assert d.events[0]["batch"] == 500
    d.send(*[(f"N{n}", f"+861380000{n:04}") for n in range(501)], template=RAIN)
    d.dones(501)
    assert [len(got.numbers) for got in huawei.got] == [500, 1]


@pytest.mark.parametrize("urgent", [True, False])
@pytest.mark.parametrize("klass, code", [(k, c) for k, codes in CLASSES.items() for c in codes])
def test_what_a_code_means(huawei, open_route, klass, code, urgent):
    d = open_route(conf(huawei))
    huawei.whole = code
    fate = one(d, urgent=urgent)
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and code in fate["reason"]
    huawei.whole, huawei.refuse = None, {"": code}
    fate = one(d, ident="A2", urgent=urgent)
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and code in fate["reason"]


@pytest.mark.parametrize("scheme", ["wsse", "sdk-hmac-sha256"])
def test_a_wrong_key_stops_the_route(huawei, open_route, scheme):
    for urgent in (True, False):
        fate = one(open_route(conf(huawei, app_secret="wrong", scheme=scheme)), urgent=urgent)
        assert (fate["outcome"], fate["class"]) == ("rejected", "config")


@pytest.mark.parametrize("scheme, skew_s", [("wsse", 90000), ("sdk-hmac-sha256", 1000)])
def test_a_wrong_clock_is_named(huawei, open_route, scheme, skew_s):
    huawei.skew_s = skew_s
    assert one(open_route(conf(huawei, scheme=scheme)))["class"] == "clock"


@pytest.mark.parametrize("value", ["3.5", "一。", "O'Brien", "<b>", "{1}", "长" * 21])
def test_a_value_that_they_would_refuse_is_not_sent(huawei, open_route, value):
    d = open_route(conf(huawei))
    fate = d.one(template=dict(RAIN, params={"area": value, "hours": "3"}))
    assert fate["class"] == "retry_other" and "area" in fate["reason"] and not huawei.seen


def test_without_templates_the_route_does_not_open(huawei, started):  # noqa: F811
    d = started(Driver(conf(huawei, templates={}), callback_url=URL + "/x"))
    assert "approved templates only" in d.next("fatal")["reason"]


def test_receipts_and_replies_are_read(huawei, open_route):
    d = open_route(conf(huawei))
    one(d)
    d.send(("B1", ONE), ("B2", TWO), template=RAIN)
    d.dones(2)
    alone, shared = huawei.got
    event = receipt(d, huawei.receipt(alone, ONE))
    assert (event["id"], event["state"]) == ("A1", "delivered")
    event = receipt(d, huawei.receipt(shared, TWO, False, "EXPIRED"))
    assert (event["ref"], event["to"], event["state"], event["reason"]) == \
        (shared.id(TWO), TWO, "failed", "EXPIRED")
    assert event["id"] == "gong"        # no id of gongd's: it looks for their id and the number
    (event,), _ = tell(d, huawei.reply(ONE, "1"))
    assert (event["ev"], event["from"], event["text"]) == ("inbound", ONE, "1")
    assert event["id"].startswith("mo-")


def test_a_message_in_doubt_is_settled_by_its_receipt(huawei, open_route):
    huawei.silent = "taken"
    d = open_route(conf(huawei, timeout_ms=200))
    assert one(d)["outcome"] == "unknown"
    event = receipt(d, huawei.receipt(huawei.got[0], ONE))
    assert (event["id"], event["state"]) == ("A1", "delivered")


@pytest.mark.parametrize("severity", ["red", "blue"])
def test_gongd_hears_of_what_it_sent(huawei, severity):
    with gongd(conf(huawei)) as world:
        world.load(Mainland(1, 4))
        world.send(key="w", template="notice.text", severity=severity,
                   params={"text": "河水上涨"},
                   audience={"divisions": ["990121001"], "roles": ["village_chief"]})
        wait_for("all to be sent", lambda: world.states()["sent"] == 4)
        assert huawei.seen[HuaweiSms.DIFF_PATH] == (severity == "blue")
        booked = [(got, "+86" + number) for got, number in huawei.booked()]
        pushes = [huawei.receipt(got, number, n > 0) for n, (got, number) in enumerate(booked)]
        said = huawei.push(world.callback, *pushes, huawei.reply(booked[1][1], "1"),
                           shuffle=3, twice=True)
        assert all(huawei.took(one) for one in said)
        wait_for("their receipts", lambda: world.states()["delivered"] == 3)
        assert world.states()["failed"] == 1
        assert len(world.rows("SELECT * FROM inbound")) == 1


@pytest.mark.parametrize("urgent", [True, False])
def test_each_part_of_a_message_is_reported_by_its_number(started, drive, urgent):  # noqa: F811
    huawei = started(HuaweiSms())
    d = drive(conf(huawei), callback_url=URL + "/x")
    d.send(("A1", ONE), ("A2", TWO), urgent=urgent, template=RAIN)
    d.dones(2)

    def told(number, part, ok=True):
        got = next(g for g in huawei.got if national(number) in g.ids)
        push = huawei.receipt(got, number, ok, part=part, parts=2)
        push.value["to"] = number
        said = receipt(d, push)
        return said["part"], said["of"], said["part_state"], said["to"][-11:] == national(number)[-11:]
    assert [told(ONE, 2), told(TWO, 1, False)] == [(2, 2, "delivered", True), (1, 2, "failed", True)]
