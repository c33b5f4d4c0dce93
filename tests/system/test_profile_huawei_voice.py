"""The profile huawei-voice against Huawei's side (providers/huawei_voice.py)."""
import pytest

from harness import wait_for
from http_driver import Driver, now
from profile_helpers import ONE, gongd, place, route, tell
from providers.huawei_voice import HuaweiVoice
from test_http_driver import started  # noqa: F401 (fixture)
from test_profile_tencent_sms import Mainland

URL = "http://gong.invalid"      # `Push.op` adds the path
CLASSES = {
    "clock": ["1010013"],
    "config": ["1010003", "1010023", "1010040", "1012001", "1012003", "1012006", "1020166",
               "1020176", "1023006"],
    "retry": ["1010010", "1011006", "1020165"],
    "retry_other": ["1010001", "1012005", "9999999"],
}


@pytest.fixture(params=[True, False], ids=["line feeds", "before 2026"])
def both(request, started):  # noqa: F811
    return started(HuaweiVoice(lines=request.param))


@pytest.fixture
def huawei(started):  # noqa: F811
    return started(HuaweiVoice())


@pytest.fixture
def open_route(started):  # noqa: F811
    def start(conf):
        d = started(Driver(conf, callback_url=URL))
        assert d.next("ready"), d.log
        return d
    return start


def conf(provider, **more):
    return route("huawei-voice", provider, **{
        "app_key": provider.ID, "app_secret": provider.KEY, "display_number": "+8675500000001",
        "template_id": "test01", "verify": "huawei", **more})


def hear(d, push, **more):
    """What the driver says of their push to the address that the request named."""
    push.url = None
    return tell(d, push, URL + "/x", **more)


def ask_for(d, **more):
    d.say({"op": "call", "id": "C1", "to": ONE, "ring_ms": 30000, "plays": 2,
           "not_after": now() + 60000, "keys": {"1": "acknowledged"},
           "say": [{"language": "zh", "text": "转移"}], **more})


def test_a_call_reads_out_the_text_and_takes_a_key(both, open_route):
    d = open_route(conf(both))
    assert d.events[0]["channels"] == ["voice"]
    got = place(d, both)
    part, = got["playInfoList"]
    assert (part["templateId"], part["templateParas"], part["collectInd"]) == \
        ("test01", ["立即<转移>"], 1)
    (ringing,), reply = hear(d, both.ringing(got))
    (up,), _ = hear(d, both.answered(got))
    (wrong,), _ = hear(d, both.key(got, "5"))
    (right,), _ = hear(d, both.key(got, "1"))
    (ended, done), _ = hear(d, both.ended(got))
    assert [e["state"] for e in (ringing, up, wrong, right, ended)] == \
        ["ringing", "answered", "answered", "answered", "ended"]
    assert (wrong["digits"], right["digits"], ended["outcome"]) == ("5", "1", "answered")
    assert (done["outcome"], done["ref"]) == ("accepted", got.id())
    assert reply["status"] == 200 and "Success" in reply["body"]
    assert hear(d, both.fee(got))[0] == []


@pytest.mark.parametrize("end, outcome", [("ended", "no_answer"), ("busy", "busy"),
                                          ("no_answer", "no_answer")])
def test_how_a_call_ends_that_nobody_picked_up(huawei, open_route, end, outcome):
    d = open_route(conf(huawei))
    got = place(d, huawei)
    (ended, done), _ = hear(d, getattr(huawei, end)(got))
    assert (ended["outcome"], done["outcome"], done["reason"]) == (outcome, "accepted", outcome)


def test_another_end_of_a_call_is_a_failure(huawei, open_route):
    d = open_route(conf(huawei))
    (ended, _), _ = hear(d, huawei.ended(place(d, huawei), 7500, "No route."))
    assert ended["outcome"] == "failed"


def test_without_user_data_the_session_and_the_number_tell(huawei, open_route):
    """Their support has to open userData."""
    d = open_route(conf(huawei))
    got = place(d, huawei)
    del got["userData"]
    assert [e["digits"] for e in hear(d, huawei.key(got, "1"))[0]] == ["1"]
    (ended, done), _ = hear(d, huawei.ended(got))
    assert (ended["outcome"], done["ref"]) == ("answered", got.id())


def test_a_push_that_is_not_signed_by_them_changes_nothing(huawei, open_route):
    d = open_route(conf(huawei))
    got = place(d, huawei)
    forged = huawei.key(got, "1")
    forged.sign = None
    events, reply = hear(d, forged)
    assert (events, reply["status"]) == ([], 403)
    huawei.KEY = "another"
    events, reply = hear(d, huawei.key(got, "1"))
    assert (events, reply["status"]) == ([], 403)


def test_a_site_may_have_to_do_without_signatures(huawei, open_route):
    d = open_route(conf(huawei, verify="none"))
    push = huawei.key(place(d, huawei), "1")
    push.sign = None
    assert [e["digits"] for e in hear(d, push)[0]] == ["1"]


@pytest.mark.parametrize("klass, code", [(k, c) for k, codes in CLASSES.items() for c in codes])
def test_what_a_refusal_means(huawei, open_route, klass, code):
    huawei.refuse = {"1": code}
    d = open_route(conf(huawei))
    ask_for(d)
    fate = d.dones(1)["C1"]
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and code in fate["reason"]


@pytest.mark.parametrize("skew_s, wrong, klass", [(0, "wrong", "config"), (90000, None, "clock")])
def test_a_wrong_key_or_clock_is_named(huawei, open_route, skew_s, wrong, klass):
    huawei.skew_s = skew_s
    d = open_route(conf(huawei, app_secret=wrong or huawei.KEY))
    ask_for(d)
    assert d.dones(1)["C1"]["class"] == klass


def test_a_call_whose_answer_was_lost_is_settled_by_news_of_it(huawei, open_route):
    huawei.silent = "taken"
    d = open_route(conf(huawei, timeout_ms=200))
    ask_for(d)
    wait_for("the call", lambda: huawei.got)
    ended, *_ = hear(d, huawei.busy(huawei.got[0]))[0]
    assert ended["outcome"] == "busy"
    wait_for("the end", lambda: any(e["ev"] == "done" for e in d.events) or not d.next())
    assert [e["outcome"] for e in d.events if e["ev"] == "done"] == ["accepted"]


def test_gongd_takes_the_key_as_an_answer(huawei):
    with gongd(conf(huawei), "{voice}") as world:
        world.load(Mainland(1, 1))
        world.send(key="v", template="warn.rain", severity="red", policy="call.red",
                   params={"hours": 3, "level": "红色", "mm": 80},
                   audience={"divisions": ["990121001001"]})
        wait_for("the call", lambda: huawei.got)
        got = huawei.got[0]
        said = huawei.push(None, huawei.answered(got), huawei.key(got, "1"), huawei.ended(got),
                           shuffle=2, twice=True)
        assert [one.status for one in said] == [200] * 6
        wait_for("the key", lambda: any(r["text"] == "1" for r in world.rows(
            "SELECT * FROM answer")))
