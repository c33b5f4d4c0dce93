"""The profile volcengine against Volcengine's side (providers/volcengine.py)."""
import pytest

from profile_helpers import ONE, TEXTS, TWO, URL, Mainland, alert, counts_once, gongd, receipt, route, tell
from providers.base import together
from providers.volcengine import Volcengine
from test_http_driver import drive, started  # noqa: F401 (fixtures)

CLASSES = {"clock": ["InvalidTimestamp", "SignatureExpired"], "drop": ["RE:0006"],
           "config": ["RE:0000", "RE:0001", "RE:0002", "RE:0003", "RE:0004", "RE:0005", "RE:0007", "RE:0010",
                      "RE:0012", "RE:0013", "AccessDenied", "InvalidAccessKey", "InvalidAuthorization",
                      "InvalidCredential", "MissingAuthenticationToken", "SignatureDoesNotMatch"],
           "retry": ["FlowLimitExceeded", "ServiceUnavailableTemp"],
           "retry_other": ["RE:0011", "RE:0009", "Never.Seen"]}
RAIN = {"name": "warn.rain", "language": "zh", "params": {"area": "柳溪\"镇", "hours": "3"}, "constant": "暴雨"}


def conf(provider, **more):
    return route("volcengine", provider, **{
        "access_key_id": provider.ID, "access_key_secret": provider.KEY, "sms_account": provider.ACCOUNT,
        "sign_name": "青石县应急", "template_id": "ST_all", **more})


@pytest.fixture
def volc(started):  # noqa: F811
    return started(Volcengine())


@pytest.fixture
def r(drive, volc):  # noqa: F811
    return drive(conf(volc), callback_url=URL)


def test_every_text_arrives_signed(r, volc):
    for i, text in enumerate(TEXTS):
        assert r.one(text, ident=f"T{i}")["outcome"] == "accepted"
    assert [g["params"] for g in volc.got] == [{"content": text} for text in TEXTS]
    assert r.end() == 0 and Volcengine.KEY.encode() not in r.log


def test_approved_templates_are_filled_in(drive, volc):  # noqa: F811
    d = drive(conf(volc, templates={"warn.rain": {"code": "ST_1", "params": ["a=area", "hours"]}}),
              callback_url=URL)
    assert d.one(template=RAIN)["outcome"] == "accepted"
    assert (volc.got[0]["TemplateID"], volc.got[0]["params"]) == ("ST_1", {"a": "柳溪\"镇", "hours": "3"})


@pytest.mark.parametrize("code, klass", [(c, k) for k, codes in CLASSES.items() for c in codes])
def test_what_their_codes_mean(r, volc, code, klass):
    volc.whole = code
    fate = r.one()
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and code in fate["reason"]


@pytest.mark.parametrize("code", ["RE:0500", "InternalError", "InternalServiceTimeout"])
def test_their_own_errors_are_unknown(r, volc, code):
    volc.whole = code
    assert r.one()["outcome"] == "unknown"


@pytest.mark.parametrize("change", [{"access_key_secret": "wrong"}, {"access_key_id": "wrong"},
                                    {"region": "cn-south-1"}, {"sms_account": "other"}])
def test_what_is_wrong_with_the_account_stops_the_route(drive, volc, change):  # noqa: F811
    assert drive(conf(volc, **change), callback_url=URL).one()["class"] == "config"


def test_a_wrong_clock_is_one(r, volc):
    volc.skew_s = 1000
    assert r.one()["class"] == "clock"


def test_receipts_bring_our_id_and_replies_are_none(r, volc):
    r.one(ident="A7")
    r.one(ident="B7", to=TWO)
    one, two = volc.got
    said = receipt(r, volc.receipt(one, ONE))
    assert (said["id"], said["ref"], said["to"], said["state"]) == ("A7", one.id(), ONE, "delivered")
    (said, reply), answer = tell(r, together(volc.receipt(two, TWO, ok=False), volc.reply(ONE, "1 收到", "A7")))
    assert (said["id"], said["state"], said["reason"]) == ("B7", "failed", "空号、关机")
    assert (reply["ev"], reply["from"], reply["text"], answer["status"]) == ("inbound", ONE, "1 收到", 200)


def test_a_lost_answer_is_settled_by_the_receipt(drive, volc):  # noqa: F811
    d = drive(conf(volc, timeout_ms=300), callback_url=URL)
    volc.silent = "taken"
    assert d.one(ident="A1")["outcome"] == "unknown"
    assert receipt(d, volc.receipt(volc.got[0], ONE))["id"] == "A1"


def test_gongd_takes_what_they_tell_and_counts_once_what_comes_twice(volc):
    with gongd(conf(volc)) as world:
        alert(world, people=Mainland)
        pushes = [volc.receipt(got, n, i < 2) for i, (got, n) in enumerate(volc.booked())]
        counts_once(world, volc, pushes, volc.reply(volc.booked()[0][1], "1"))
