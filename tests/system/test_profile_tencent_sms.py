"""The profiles tencent-sms and tencent-sms-pull against Tencent's side (providers/tencent_sms.py)."""
import pytest

from harness import wait_for
from http_driver import Driver
from profile_helpers import ONE, TWO, Mainland, gongd, hasty, receipt, route, tell, until
from providers.tencent_sms import TencentSms
from test_http_driver import drive, started  # noqa: F401 (fixtures)

BOTH = ["tencent-sms", "tencent-sms-pull"]
CLASSES = {
    "clock": ["AuthFailure.SignatureExpire", "InternalError.RequestTimeException"],
    "config": ["AuthFailure.SecretIdNotFound", "AuthFailure.SignatureFailure",
               "FailedOperation.InsufficientBalanceInSmsPackage",
               "FailedOperation.SignatureIncorrectOrUnapproved",
               "FailedOperation.TemplateIncorrectOrUnapproved",
               "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
               "FailedOperation.ProhibitSubAccountUse", "FailedOperation.TemplateIdNotExist",
               "FailedOperation.TemplateUnapprovedOrNotExist",
               "InvalidParameterValue.UnsupportedTemplateVariable",
               "LimitExceeded.AppDailyLimit", "LimitExceeded.AppGlobalDailyLimit",
               "LimitExceeded.AppMainlandChinaDailyLimit", "LimitExceeded.PhoneNumberCountLimit",
               "UnauthorizedOperation.RequestIpNotInWhitelist",
               "UnauthorizedOperation.ServiceSuspendDueToArrears",
               "UnsupportedOperation.UnsupportedTemplateVariable"],
    "drop": ["FailedOperation.PhoneNumberInBlacklist", "InvalidParameterValue.IncorrectPhoneNumber"],
    "retry": ["InternalError.OtherError", "LimitExceeded.PhoneNumberThirtySecondLimit",
              "RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded"],
    "retry_other": ["FailedOperation.ContainSensitiveWord", "InvalidParameter.DirtyWordFound",
                    "InvalidParameterValue.ContentLengthLimit",
                    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
                    "InvalidParameterValue.TemplateParameterFormatError",
                    "InvalidParameterValue.TemplateParameterLengthLimit",
                    "LimitExceeded.DeliveryFrequencyLimit", "LimitExceeded.PhoneNumberDailyLimit",
                    "LimitExceeded.PhoneNumberOneHourLimit",
                    "LimitExceeded.PhoneNumberSameContentDailyLimit", "Never.Seen"],
}
IN_DOUBT = ["InternalError.Timeout", "InternalError.SendAndRecvFail", "InternalError.UnknownError",
            "FailedOperation.OtherError"]
RAIN = {"name": "warn.rain", "language": "zh", "params": {"area": "柳溪镇", "hours": "3"},
        "constant": "本地发布暴雨预警"}
TEMPLATES = {"warn.rain": {"code": "T1", "params": ["area", "hours"]},
             "gust": {"code": "T2", "params": []}}


@pytest.fixture
def tencent(started):  # noqa: F811
    return started(TencentSms())


def conf(provider, name="tencent-sms", **more):
    return route(name, provider, **{"secret_id": provider.ID, "secret_key": provider.KEY,
                                    "app_id": "1400000001", "sign_name": "青石县应急",
                                    "template_id": "100001", **more})


@pytest.mark.parametrize("name", BOTH)
def test_each_number_of_a_request_is_answered_for_itself(tencent, drive, name):  # noqa: F811
    codes = [(code, klass) for klass, all_of in CLASSES.items() for code in all_of]
    tencent.refuse = {f"{n:04}": code for n, (code, _) in enumerate(codes)}
    d = drive(conf(tencent, name))
    assert d.events[0]["receipts_by_ref"] and d.events[0]["batch"] == 200
    numbers = [(f"N{n}", f"+861380000{n:04}") for n in range(len(codes) + 5)]
    d.send(*numbers)
    fates = d.dones(len(numbers))
    assert len(tencent.got) == 1
    for n, (code, klass) in enumerate(codes):
        assert fates[f"N{n}"]["class"] == klass and code in fates[f"N{n}"]["reason"], code
    for ident, number in numbers[len(codes):]:
        assert fates[ident]["outcome"] == "accepted"
        assert fates[ident]["ref"] == tencent.got[0].id(number)


@pytest.mark.parametrize("klass, code", [(k, code) for k, codes in CLASSES.items()
                                         for code in (codes[0], codes[-1])])
def test_a_whole_request_is_refused_in_the_same_words(tencent, drive, klass, code):  # noqa: F811
    tencent.whole = code
    fate = drive(conf(tencent)).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and code in fate["reason"]


@pytest.mark.parametrize("name", BOTH)
def test_a_wrong_key_stops_the_route(tencent, drive, name):  # noqa: F811
    fate = drive(conf(tencent, name, secret_key="wrong")).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "config")


def test_approved_templates_are_filled_in_and_checked(tencent, drive):  # noqa: F811
    d = drive(conf(tencent, templates=TEMPLATES))
    assert d.one(template=RAIN, ident="A1")["outcome"] == "accepted"
    assert d.one(template=dict(RAIN, name="gust"), ident="A2")["outcome"] == "accepted"
    assert [(g["TemplateId"], g["TemplateParamSet"]) for g in tencent.got] == \
        [("T1", ["柳溪镇", "3"]), ("T2", [])]
    long = dict(RAIN, params={"area": "一二三四五六七", "hours": "3"})
    fate = d.one(template=long, ident="A3")
    assert fate["class"] == "retry_other" and "6 characters" in fate["reason"]
    old = drive(conf(tencent, templates=TEMPLATES, limits={"value_max": 12}))
    assert old.one(template=long)["outcome"] == "accepted"


# --- in doubt -------------------------------------------------------------------------------------

def test_messages_without_an_answer_are_found_by_number(tencent, drive, tmp_path):  # noqa: F811
    tencent.silent = "taken"
    d = drive(hasty(tmp_path, conf(tencent, timeout_ms=300)))
    d.send(("A1", ONE), ("B1", TWO))
    wait_for("the request", lambda: tencent.got)
    tencent.receipt(tencent.got[0], ONE)
    tencent.receipt(tencent.got[0], TWO, False)
    fates = d.dones(2)
    assert {i: (f["outcome"], f["ref"]) for i, f in fates.items()} == {
        "A1": ("accepted", tencent.got[0].id(ONE)), "B1": ("accepted", tencent.got[0].id(TWO))}
    assert d.end() == 0
    told = {e["id"]: (e["state"], e.get("reason")) for e in d.events if e["ev"] == "receipt"}
    assert told["A1"][0] == "delivered" and told["B1"] == ("failed", "UNDELIV")


@pytest.mark.parametrize("code", IN_DOUBT + [None])
def test_what_they_do_not_know_either_is_unknown(tencent, drive, tmp_path, code):  # noqa: F811
    tencent.refuse = {"": code} if code else {}
    tencent.silent = code is None and "taken"
    fate = drive(hasty(tmp_path, conf(tencent, timeout_ms=300))).one()
    assert fate["outcome"] == "unknown"
    assert tencent.seen["PullSmsSendStatusByPhoneNumber"] == 4


def test_a_number_the_answer_does_not_speak_of_is_in_doubt(tencent, drive, tmp_path):  # noqa: F811
    whole = tencent.status
    tencent.status = lambda number: dict(whole(number), PhoneNumber=ONE)
    d = drive(hasty(tmp_path, conf(tencent)))
    d.send(("A1", ONE), ("B1", TWO))
    assert {i: f["outcome"] for i, f in d.dones(2).items()} == {"A1": "accepted", "B1": "unknown"}


# --- receipts and replies -------------------------------------------------------------------------

def test_what_they_push_is_read_and_answered(tencent, drive):  # noqa: F811
    d = drive(conf(tencent))
    d.send(("A1", ONE), ("B1", TWO))
    d.dones(2)
    got = tencent.got[0]
    event = receipt(d, tencent.receipt(got, ONE))
    assert (event["ref"], event["to"], event["state"]) == (got.id(ONE), ONE, "delivered")
    event = receipt(d, tencent.receipt(got, TWO, False, "MK:0005"))
    assert (event["ref"], event["state"], event["reason"]) == (got.id(TWO), "failed", "MK:0005")
    (event,), reply = tell(d, tencent.reply(ONE, "1 好"))
    assert (event["from"], event["text"]) == (ONE, "1 好")
    assert reply["body"] == '{"result":0,"errmsg":"OK"}'


@pytest.mark.parametrize("number", ["+85261234567", "+14155550123", "+8613800000001"])
def test_their_country_code_stands_beside_the_number(tencent, drive, number):  # noqa: F811
    d = drive(conf(tencent))
    d.send(("A1", number))
    d.dones(1)
    assert receipt(d, tencent.receipt(tencent.got[0], number))["to"] == number
    (event,), _ = tell(d, tencent.reply(number, "1"))
    assert event["from"] == number


def test_a_site_without_an_address_pulls_receipts_and_replies(tencent, drive, tmp_path):  # noqa: F811
    d = drive(hasty(tmp_path, conf(tencent, "tencent-sms-pull")))
    d.send(("A1", ONE), ("B1", TWO))
    d.dones(2)
    got = tencent.got[0]
    for push in (tencent.receipt(got, ONE), tencent.receipt(got, TWO, False),
                 tencent.reply(ONE, "1")):
        tencent.keep(push)
    wait_for("all three", lambda: d.next() and
             sum(e["ev"] in ("receipt", "inbound") for e in d.events) == 3)
    told = {e["ref"]: e for e in d.events if e["ev"] == "receipt"}
    assert told[got.id(ONE)]["state"] == "delivered"
    failed = told[got.id(TWO)]
    assert (failed["to"], failed["state"], failed["reason"]) == (TWO, "failed", "UNDELIV")
    assert [(e["from"], e["text"]) for e in d.events if e["ev"] == "inbound"] == [(ONE, "1")]


def test_pulls_that_were_never_opened_are_said(tencent, drive, tmp_path):  # noqa: F811
    tencent.whole = "UnauthorizedOperation.RequestPermissionDeny"
    d = drive(hasty(tmp_path, conf(tencent, "tencent-sms-pull")))
    wait_for("both pulls", lambda: tencent.seen["PullSmsReplyStatus"] > 1)
    assert d.end() == 0
    assert b"pull failed" in d.log and b"RequestPermissionDeny" in d.log


def test_a_pull_that_keeps_failing_is_an_alarm_until_it_succeeds(tencent, drive, tmp_path):  # noqa: F811
    tencent.whole = "UnauthorizedOperation.RequestPermissionDeny"
    d = drive(hasty(tmp_path, conf(tencent, "tencent-sms-pull")))
    told = until(d, "health", lambda e: e.get("alarms"))
    (alarm,) = told["alarms"]
    assert (alarm["name"], alarm["concept"]) == ("pull", "pull_failing") and "answered 200" in alarm["text"]
    state = until(d, "keep")["state"] if not [e for e in d.events if e["ev"] == "keep"] else \
        [e for e in d.events if e["ev"] == "keep"][-1]["state"]
    again = drive(hasty(tmp_path, conf(tencent, "tencent-sms-pull")), state=state)
    assert [a["name"] for a in until(again, "health")["alarms"]] == ["pull"]
    tencent.whole = None
    for one in (d, again):
        until(one, "health", lambda e: "alarms" not in e)


# --- what is left ---------------------------------------------------------------------------------

class Packages(TencentSms):
    """Times as their pages have them now: Unix seconds; one package ran out in 2024."""

    def do_SmsPackagesStatistics(self, said):
        assert said["SmsSdkAppId"] and [len(said[t]) for t in ("BeginTime", "EndTime")] == [10, 10]
        return self.ok(SmsPackagesStatisticsSet=[
            {"PackageAmount": amount, "CurrentUsage": 40, "PackageExpiredTime": until_s}
            for amount, until_s in ((1000, int(self.now()) + 9999), (90000, 1720000000))])


def test_what_is_left_in_the_packages_is_told(started, drive):  # noqa: F811
    provider = started(Packages())
    d = drive(conf(provider, balance_low="1000"))
    told = until(d, "health", lambda e: "balance" in e)
    assert told["balance"] == 960 and [a["name"] for a in told["alarms"]] == ["balance"]
    d.say({"op": "ask", "id": "q", "what": "test"})
    lines = until(d, "answer")["lines"]
    assert any("balance 960" in line for line in lines), lines


def test_a_low_mark_must_be_a_number(started, tencent):  # noqa: F811
    d = started(Driver(conf(tencent, balance_low="few")))
    assert "balance/low" in d.next("fatal")["reason"]


# --- the whole gongd ------------------------------------------------------------------------------

def test_gongd_hears_of_what_it_sent(tencent):
    with gongd(conf(tencent)) as world:
        world.load(Mainland(1, 4))
        world.send(key="w", template="notice.text", severity="red", params={"text": "河水上涨"},
                   audience={"divisions": ["990121001"], "roles": ["village_chief"]})
        wait_for("all to be sent", lambda: world.states()["sent"] == 4)
        booked = tencent.booked()
        pushes = [tencent.receipt(got, number, n > 0) for n, (got, number) in enumerate(booked)]
        said = tencent.push(world.callback, *pushes, tencent.reply("+86" + booked[1][1], "1"),
                            shuffle=7, twice=True)
        assert all(tencent.took(one) for one in said)
        wait_for("their receipts", lambda: world.states()["delivered"] == 3)
        assert world.states()["failed"] == 1
        assert len(world.rows("SELECT * FROM inbound")) == 1
