"""The profile submail against SUBMAIL's side (providers/submail.py)."""
import pytest

from profile_helpers import ONE, TEXTS, TWO, URL, Mainland, alert, counts_once, gongd, receipt, route, tell
from providers.submail import Submail
from test_http_driver import drive, started  # noqa: F401 (fixtures)

CLASSES = {"clock": [151, 152], "drop": [114],
           "config": [101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 113, 119, 401, 414, 903, 904, 905],
           "retry_other": [115, 117, 118, 120, 251, 252, 253, 403, 404, 405, 408, 409, 416, 417, 418, 419, 420,
                           999]}
CODES = [(code, klass) for klass, codes in CLASSES.items() for code in codes]


def conf(provider, **more):
    return route("submail", provider, **{"appid": provider.ID, "appkey": provider.KEY,
                                         "subhook_key": provider.HOOK, **more})


@pytest.fixture
def submail(started):  # noqa: F811
    return started(Submail())


@pytest.fixture
def r(drive, submail):  # noqa: F811
    return drive(conf(submail), callback_url=URL)


@pytest.mark.parametrize("urgent", [True, False])
def test_every_text_arrives_and_its_signature_fits(r, submail, urgent):
    for i, text in enumerate(TEXTS):
        assert r.one(text, ident=f"T{i}", urgent=urgent)["outcome"] == "accepted"
    assert [g["content"] for g in submail.got] == TEXTS
    assert set(submail.seen) == {"/sms/send" if urgent else "/sms/batchsend"}
    assert r.end() == 0 and Submail.KEY.encode() not in r.log


RAIN = {"name": "warn.rain", "language": "zh", "params": {"area": "柳溪\"镇&=", "hours": "3"}, "constant": "暴雨"}


@pytest.mark.parametrize("urgent", [True, False])
def test_their_templates_get_named_values(drive, submail, urgent):  # noqa: F811
    d = drive({**conf(submail, template_id="all", templates={
        "warn.rain": {"code": "p1", "params": ["area", "h=hours"]}}), "profile": "submail-template"},
        callback_url=URL)
    assert d.one(template=RAIN, ident="A1", urgent=urgent)["outcome"] == "accepted"
    for i, text in enumerate(TEXTS):
        assert d.one(text, ident=f"T{i}", urgent=urgent)["outcome"] == "accepted"
    assert [(g["project"], g["vars"]) for g in submail.got] == \
        [("p1", {"area": "柳溪\"镇&=", "h": "3"}), *(("all", {"content": text}) for text in TEXTS)]
    assert set(submail.seen) == {"/sms/xsend" if urgent else "/sms/batchxsend"}


def test_each_number_of_a_batch_is_answered_for_itself(r, submail):
    submail.refuse = {f"{n:04}": code for n, (code, _) in enumerate(CODES)}
    numbers = [(f"N{n}", f"+861380000{n:04}") for n in range(len(CODES) + 5)]
    r.send(*numbers)
    fates = r.dones(len(numbers))
    assert len(submail.got) == 1
    for n, (code, klass) in enumerate(CODES):
        assert fates[f"N{n}"]["class"] == klass and f"{code}" in fates[f"N{n}"]["reason"], code
    for ident, number in numbers[len(CODES):]:
        assert (fates[ident]["outcome"], fates[ident]["ref"]) == ("accepted", submail.got[0].id(number))


@pytest.mark.parametrize("code, klass", CODES)
def test_a_whole_request_is_refused_in_the_same_words(r, submail, code, klass):
    submail.whole = code if code % 2 else str(code)
    fates = [r.one(ident="A1", urgent=True), r.one(ident="A2")]
    assert [(f["outcome"], f["class"]) for f in fates] == [("rejected", klass)] * 2, fates


def test_a_wrong_key_and_a_wrong_clock_stop_the_route(drive, submail):  # noqa: F811
    assert drive(conf(submail, appkey="wrong"), callback_url=URL).one()["class"] == "config"
    submail.skew_s = 30
    assert drive(conf(submail), callback_url=URL).one()["class"] == "clock"


def test_events_are_read(r, submail):
    r.one(ident="A7", urgent=True)
    r.send(("B1", ONE), ("B2", TWO))
    r.dones(2)
    one, batch = submail.got
    for event, state in (("request", "buffered"), ("sending", "buffered"), ("delivered", "delivered")):
        said = receipt(r, submail.receipt(one, ONE, event=event, content="【青石】水位上涨"))
        assert (said["id"], said["ref"], said["state"]) == ("A7", one.id(), state)
    said = receipt(r, submail.receipt(batch, TWO, ok=False))
    assert (said["ref"], said["to"], said["state"], said["reason"]) == (batch.id(TWO), TWO, "failed", "UNDELIV")


@pytest.mark.parametrize("text", TEXTS)
def test_replies_are_read(r, submail, text):
    (said,), reply = tell(r, submail.reply(ONE, text))
    assert (said["ev"], said["from"], said["text"]) == ("inbound", ONE, text)
    assert (reply["status"], reply["body"]) == (200, "success")


def test_a_push_may_be_json(r, submail):
    good, bad = submail.reply(ONE, "1"), submail.reply(ONE, "1", key="other")
    good.form = bad.form = False
    assert tell(r, good)[0][0]["text"] == "1" and tell(r, bad)[1]["status"] == 403
    bare = submail.reply(ONE, "1")
    bare.sign = lambda url, push: {"content-type": "text/plain"}
    assert tell(r, bare)[1]["status"] == 403


def test_what_is_not_theirs_is_refused(drive, r, submail):  # noqa: F811
    twice = submail.reply(ONE, "1")
    body = twice.body() + b"&token=x"
    twice.body = lambda: body
    bare = submail.reply(ONE, "1")
    del bare.value["signature"]
    for push in (submail.reply(ONE, "1", key="other"), twice, bare):
        events, reply = tell(r, push)
        assert not events and reply["status"] == 403
    open_one = drive(conf(submail, signature="none"), callback_url=URL)
    assert tell(open_one, submail.reply(ONE, "1", key="other"))[0][0]["text"] == "1"


def test_a_lost_answer_is_settled_by_the_receipt(drive, submail):  # noqa: F811
    d = drive(conf(submail, timeout_ms=300), callback_url=URL)
    submail.silent = "taken"
    assert d.one(ident="A1", urgent=True)["outcome"] == "unknown"
    assert receipt(d, submail.receipt(submail.got[0], ONE))["id"] == "A1"


def test_gongd_takes_what_they_tell_and_counts_once_what_comes_twice(submail):
    with gongd(conf(submail)) as world:
        alert(world, people=Mainland)
        pushes = [submail.receipt(got, n, i < 2) for i, (got, n) in enumerate(submail.booked())]
        counts_once(world, submail, pushes, submail.reply(submail.booked()[0][1], "1"))
