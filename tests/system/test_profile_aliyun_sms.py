"""Aliyun's SMS through the shipped profiles, by ACS3 and by the older RPC signature
(docs/providers.md)."""
import json

import pytest

from district import District
from harness import wait_for
from http_driver import now
from profile_helpers import ONE, TEXTS, TWO, gongd, receipt, route, tell
from providers.aliyun_sms import AliyunSms
from test_http_driver import drive, started  # noqa: F401 (fixtures)

BOTH = ["aliyun-sms", "aliyun-sms-rpc"]
WARN = {"name": "warn.rain", "language": "zh", "params": {"area": "柳溪镇", "hours": "3"}}
CODES = {
    "clock": ["InvalidTimeStamp.Expired"],
    "config": [
        "InvalidAccessKeyId.NotFound", "SignatureDoesNotMatch", "isp.RAM_PERMISSION_DENY",
        "isv.ACCOUNT_ABNORMAL", "isv.ACCOUNT_NOT_EXISTS", "isv.AMOUNT_NOT_ENOUGH",
        "isv.DAY_LIMIT_CONTROL", "isv.DENY_IP_RANGE",
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "isv.EXTEND_CODE_ERROR", "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.MONTH_LIMIT_CONTROL", "isv.OUT_OF_SERVICE", "isv.PRODUCT_UN_SUBSCRIPT",
        "isv.SIGN_STATE_ILLEGAL", "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL"],
    "drop": ["isv.MOBILE_NUMBER_ILLEGAL"],
    "retry": ["SignatureNonceUsed", "Throttling.User", "isp.SYSTEM_ERROR"],
    "retry_other": ["isv.BLACK_KEY_CONTROL_LIMIT", "isv.BUSINESS_LIMIT_CONTROL",
                    "isv.SMS_CONTENT_ILLEGAL", "isv.PARAM_LENGTH_LIMIT",
                    "isv.PARAM_NOT_SUPPORT_URL", "isv.TEMPLATE_MISSING_PARAMETERS",
                    "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.NEVER_SEEN"],
}


def aliyun(provider, name="aliyun-sms", **more):
    return route(name, provider, **{
        "access_key_id": provider.ID, "access_key_secret": provider.KEY, "sign_name": "青石县应急",
        "template_code": "SMS_1", **more})


def numbers(count):
    return [(f"N{i:03}", f"+86138000{i:05}") for i in range(count)]


def said_by(d, got):
    """What one message of a request says."""
    return json.loads(got["TemplateParam"])["content"]


@pytest.mark.parametrize("name", BOTH)
def test_an_urgent_text_goes_by_itself_and_bears_our_id(started, drive, name):  # noqa: F811
    provider = started(AliyunSms())
    d = drive(aliyun(provider, name, connections=1))
    for i, text in enumerate(TEXTS):
        fate = d.one(text, ident=f"T{i}", urgent=True)
        assert (fate["outcome"], fate["ref"]) == ("accepted", f"9000{i + 1}^0"), fate
    assert [(said_by(d, g), g["OutId"]) for g in provider.got] == \
        [(text, f"T{i}") for i, text in enumerate(TEXTS)]
    assert {(g["PhoneNumbers"], g["SignName"], g["TemplateCode"]) for g in provider.got} == \
        {("13800000001", "青石县应急", "SMS_1")}
    assert d.end() == 0 and provider.KEY.encode() not in d.log
    assert provider.KEY not in json.dumps(d.events)


def test_it_says_what_the_account_allows_and_that_it_has_templates(started, drive):  # noqa: F811
    ready = drive(aliyun(started(AliyunSms()))).events[0]
    assert ready["budgets"] == ["50/24h"] and ready["rate"] == 5000 and ready["templates"]
    assert ready["receipts"] and ready["receipts_by_ref"] and ready["inbound"]


def test_what_is_not_urgent_shares_requests_also_with_other_texts(started, drive):  # noqa: F811
    provider = started(AliyunSms())
    d = drive(aliyun(provider, connections=1))
    many = numbers(150)
    d.say({"op": "send", "channel": "sms", "not_after": now() + 60000, "items": [
        {"id": ident, "to": to, "text": f"给{to}的话 \"{i}\""} for i, (ident, to) in
        enumerate(many)]})
    fates = d.dones(150)
    assert {f["outcome"] for f in fates.values()} == {"accepted"}
    assert provider.seen == {"SendBatchSms": 2}
    for got, part in zip(provider.got, (many[:100], many[100:])):
        assert json.loads(got["PhoneNumberJson"]) == [to[3:] for _, to in part]
        assert set(json.loads(got["SignNameJson"])) == {"青石县应急"} and "OutId" not in got
        assert [p["content"][1:15] for p in json.loads(got["TemplateParamJson"])] == \
            [to for _, to in part]
    assert {fates[i]["ref"] for i, _ in many} == {"90001^0", "90002^0"}


def test_templates_of_the_route_get_their_values_and_others_the_whole_text(
        started, drive):  # noqa: F811
    provider = started(AliyunSms())
    d = drive(aliyun(provider, templates={
        "warn.rain": {"code": "SMS_7", "params": ["area", "h=hours"]}}))
    assert d.one("柳溪镇…", ident="A", urgent=True, template=WARN)["outcome"] == "accepted"
    assert d.one("柳溪镇…", ident="B", template=WARN)["outcome"] == "accepted"
    assert d.one("其他", ident="C", template={**WARN, "name": "other"})["outcome"] == "accepted"
    urgent, ordinary, other = provider.got
    values = {"area": "柳溪镇", "h": "3"}
    assert (urgent["TemplateCode"], json.loads(urgent["TemplateParam"])) == ("SMS_7", values)
    assert (ordinary["TemplateCode"], json.loads(ordinary["TemplateParamJson"])) == \
        ("SMS_7", [values])
    assert (other["TemplateCode"], json.loads(other["TemplateParamJson"])) == \
        ("SMS_1", [{"content": "其他"}])


def test_a_site_without_a_template_for_any_text_sends_only_what_it_has(started, drive):  # noqa: F811
    provider = started(AliyunSms())
    conf = aliyun(provider, templates={"warn.rain": {"code": "SMS_7", "params": ["area"]}})
    del conf["template_code"]
    d = drive(conf)
    assert d.one("柳溪镇…", ident="A", template=WARN)["outcome"] == "accepted"
    fate = d.one("其他", ident="B")
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other")
    assert len(provider.got) == 1


def test_a_text_longer_than_they_allow_goes_by_another_route(started, drive):  # noqa: F811
    provider = started(AliyunSms())
    d = drive(aliyun(provider))
    fate = d.one("水" * 501)
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other") and "500" in fate["reason"]
    assert d.one("水" * 500, ident="B")["outcome"] == "accepted" and len(provider.got) == 1


@pytest.mark.parametrize("urgent", [True, False])
def test_one_refused_number_spares_the_others(started, drive, urgent):  # noqa: F811
    """Aliyun refuses a shared request whole and does not say for whom: each goes again alone."""
    provider = started(AliyunSms(refuse={"03": "isv.MOBILE_NUMBER_ILLEGAL",
                                         "05": "isv.BUSINESS_LIMIT_CONTROL"}))
    d = drive(aliyun(provider))
    d.send(*numbers(20), urgent=urgent)
    fates = d.dones(20)
    assert {i: f["class"] for i, f in fates.items() if f["outcome"] != "accepted"} == \
        {"N003": "drop", "N005": "retry_other"}
    assert provider.seen == {"SendSms": 20, **({} if urgent else {"SendBatchSms": 1})}
    assert sorted(g["OutId"] for g in provider.got) == \
        [i for i, _ in numbers(20) if i not in ("N003", "N005")]


def test_a_batch_that_the_account_may_not_send_is_not_tried_one_by_one(started, drive):  # noqa: F811
    provider = started(AliyunSms(whole="isv.AMOUNT_NOT_ENOUGH"))
    d = drive(aliyun(provider))
    d.send(*numbers(20))
    assert {f["class"] for f in d.dones(20).values()} == {"config"}
    assert provider.seen == {"SendBatchSms": 1}


@pytest.mark.parametrize("name, urgent", [("aliyun-sms", True), ("aliyun-sms", False),
                                          ("aliyun-sms-rpc", True)])
def test_every_code_has_its_class(started, drive, name, urgent):  # noqa: F811
    provider = started(AliyunSms())
    d = drive(aliyun(provider, name))
    for klass, codes in CODES.items():
        for code in codes:
            provider.whole = code
            fate = d.one(ident=code[-13:], urgent=urgent)
            assert (fate["outcome"], fate["class"]) == ("rejected", klass), (code, fate)
            assert code in fate["reason"] and "words" in fate["reason"]


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("wrong", ["access_key_id", "access_key_secret"])
def test_a_wrong_key_is_a_matter_of_configuration(started, drive, name, wrong):  # noqa: F811
    fate = drive(aliyun(started(AliyunSms()), name, **{wrong: "wrong"})).one(urgent=True)
    assert (fate["outcome"], fate["class"]) == ("rejected", "config"), fate


@pytest.mark.parametrize("name", BOTH)
def test_a_wrong_clock_is_named(started, drive, name):  # noqa: F811
    provider = started(AliyunSms())
    provider.skew_s = 3600
    d = drive(aliyun(provider, name))
    assert d.one(urgent=True)["class"] == "clock"
    skew = [e["clock_skew_ms"] for e in d.events if e["ev"] == "health" and "clock_skew_ms" in e]
    assert abs(skew[-1] - 3600000) < 5000


@pytest.mark.parametrize("name", BOTH)
def test_a_message_whose_answer_was_lost_is_looked_for(started, drive, name):  # noqa: F811
    provider = started(AliyunSms(silent="taken"))
    d = drive(aliyun(provider, name, timeout_ms=300))
    d.send(("A", ONE), ("B", TWO), ("C", "+8613800000003"), urgent=True)
    wait_for("the provider to have them", lambda: len(provider.got) == 3)
    for got in provider.got:
        if got["OutId"] != "C":
            provider.settle(got, got["PhoneNumbers"], got["OutId"] == "A")
    assert {i: f["outcome"] for i, f in d.dones(3).items()} == dict.fromkeys("ABC", "accepted")
    assert d.end() == 0
    assert {e["id"]: (e["state"], e.get("reason")) for e in d.events if e["ev"] == "receipt"} == \
        {"A": ("delivered", "DELIVERED"), "B": ("failed", "UNDELIV")}


def test_a_batch_whose_answer_was_lost_is_unknown(started, drive):  # noqa: F811
    """Nothing in it bears our ids; a receipt that nobody can assign changes nothing."""
    provider = started(AliyunSms(silent=True))
    d = drive(aliyun(provider, timeout_ms=200))
    d.send(*numbers(2))
    wait_for("the request", lambda: len(provider.requests) == 1)
    d.say({"op": "close", "grace_ms": 400})
    assert {f["outcome"] for f in d.dones(2).values()} == {"unknown"}


@pytest.mark.parametrize("name", BOTH)
def test_receipts_and_replies_are_read_and_answered(started, drive, name):  # noqa: F811
    provider = started(AliyunSms())
    d = drive(aliyun(provider, name))
    d.one(ident="A1", urgent=True)
    got = provider.got[0]
    good, bad = receipt(d, provider.receipt(got, ONE)), receipt(d, provider.receipt(got, ONE, False))
    assert (good["id"], good["ref"], good["to"], good["state"]) == \
        ("A1", "90001^0", ONE, "delivered")
    assert (bad["state"], bad["reason"]) == ("failed", "UNDELIV")
    (reply,), answer = tell(d, provider.reply(ONE, "1"))
    assert (reply["ev"], reply["from"], reply["text"], reply["id"]) == ("inbound", ONE, "1", "77")
    assert json.loads(answer["body"]) == {"code": 0, "msg": "接收成功"}


def test_a_receipt_of_a_batch_names_their_id_and_the_number(started, drive):  # noqa: F811
    provider = started(AliyunSms())
    d = drive(aliyun(provider))
    d.send(("A", ONE), ("B", TWO))
    refs = {f["ref"] for f in d.dones(2).values()}
    told = receipt(d, provider.receipt(provider.got[0], TWO))
    assert "id" not in told and (told["ref"], told["to"], told["state"]) == \
        (refs.pop(), TWO, "delivered")


class Mainland(District):
    """Numbers that Aliyun's domestic SMS takes."""

    def number(self, extra=0):
        return "+86138%08d" % ((len(self.people) + 1) * 10 + extra)


def test_a_whole_gongd_hears_back_of_urgent_and_ordinary_messages(started):  # noqa: F811
    provider = started(AliyunSms(refuse={"0010": "isv.MOBILE_NUMBER_ILLEGAL"}))
    with gongd(aliyun(provider)) as world:
        world.load(Mainland(1, 4))
        for key, severity in (("u", "red"), ("o", "blue")):
            world.send(key=key, template="notice.text", severity=severity,
                       params={"text": "河水上涨"},
                       audience={"divisions": ["990121001"], "roles": ["village_chief"]})
            wait_for("all to be sent", world.settled)
        assert provider.seen["SendBatchSms"] == 1 and provider.seen["SendSms"] >= 4
        booked = provider.booked()
        receipts = [provider.receipt(got, number) for got, number in booked]
        answers = provider.push(world.callback, *receipts, shuffle=5, twice=True)
        assert all(provider.took(said) for said in answers)
        wait_for("their receipts", lambda: world.states()["delivered"] == len(booked))
        assert provider.took(provider.push(world.callback, provider.reply(booked[0][1], "1"))[-1])
        wait_for("the reply", lambda: world.rows("SELECT * FROM answer"))
