"""The profile tencent-voice against Tencent's side (providers/tencent_voice.py)."""
import pytest

from harness import wait_for
from http_driver import now
from profile_helpers import ONE, gongd, place, route, tell, until
from providers.base import Said
from providers.tencent_voice import TencentVoice
from test_http_driver import drive, started  # noqa: F401 (fixtures)
from test_profile_tencent_sms import Mainland

CLASSES = {
    "clock": ["AuthFailure.SignatureExpire", "InternalError.RequestTimeException"],
    "config": ["AuthFailure.SignatureFailure",
               "FailedOperation.InsufficientBalanceInVoicePackage",
               "FailedOperation.PhonenumberUnappliedOrExpired",
               "FailedOperation.TemplateIncorrectOrUnapproved",
               "InvalidParameterValue.SdkAppidNotExist",
               "UnauthorizedOperation.ServiceSuspendDueToArrears", "UnsupportedOperation"],
    "drop": ["InvalidParameterValue.CalledNumberVerifyFail"],
    "retry": ["RequestLimitExceeded"],
    "retry_other": ["FailedOperation.ContainSensitiveWord", "InvalidParameterValue.ContentLengthLimit",
                    "LimitExceeded.DeliveryFrequencyLimit", "Never.Seen"],
}


@pytest.fixture
def tencent(started):  # noqa: F811
    return started(TencentVoice())


def conf(provider, **more):
    return route("tencent-voice", provider, **{
        "secret_id": provider.ID, "secret_key": provider.KEY, "app_id": "1400000002",
        "template_id": "200001", **more})


def kinds(events):
    return [e.get("digits") or e.get("outcome") or e["state"] for e in events]


def test_a_call_reads_out_the_text_and_takes_a_key(tencent, drive):  # noqa: F811
    d = drive(conf(tencent))
    assert d.events[0]["channels"] == ["voice"] and d.events[0]["rate"] == 20
    got = place(d, tencent)
    assert (got["TemplateId"], got["TemplateParamSet"], got["PlayTimes"]) == \
        ("200001", ["立即<转移>"], 2)
    assert got["CalledNumber"] == ONE
    (wrong,), reply = tell(d, tencent.key(got, "5"))
    (right,), _ = tell(d, tencent.key(got, "1"))
    (ended, done), _ = tell(d, tencent.answered(got))
    assert (wrong["state"], wrong["digits"], right["digits"]) == ("answered", "5", "1")
    assert reply["body"] == '{"result":0,"errmsg":"OK"}'
    assert (ended["state"], ended["outcome"]) == ("ended", "answered")
    assert (done["outcome"], done["ref"]) == ("accepted", got.id())


def test_a_key_may_be_told_after_the_end(tencent, drive):  # noqa: F811
    d = drive(conf(tencent))
    got = place(d, tencent)
    assert kinds(tell(d, tencent.answered(got))[0]) == ["answered", "accepted"]
    (late,), _ = tell(d, tencent.key(got, "1"))
    assert (late["id"], late["digits"]) == ("C1", "1")


@pytest.mark.parametrize("end, outcome", [("answered", "answered"), ("busy", "no_answer"),
                                          ("no_answer", "no_answer"), ("failed", "failed")])
def test_how_a_call_ends(tencent, drive, end, outcome):  # noqa: F811
    d = drive(conf(tencent))
    got = place(d, tencent)
    (ended, done), reply = tell(d, getattr(tencent, end)(got))
    assert (ended["state"], ended["outcome"]) == ("ended", outcome)
    assert done["outcome"] == "accepted" and tencent.took(Said(reply["status"], reply["body"]))


def ask_for(d, ident="C1", **more):
    d.say({"op": "call", "id": ident, "to": ONE, "ring_ms": 30000, "plays": 2,
           "not_after": now() + 60000, "keys": {"1": "acknowledged"},
           "say": [{"language": "zh", "text": "转移"}], **more})


@pytest.mark.parametrize("klass, code", [(k, c) for k, codes in CLASSES.items() for c in codes])
def test_what_a_refusal_means(tencent, drive, klass, code):  # noqa: F811
    tencent.refuse = {"1": code}
    d = drive(conf(tencent))
    ask_for(d)
    fate = d.dones(1)["C1"]
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and code in fate["reason"]


def test_a_wrong_key_stops_the_route(tencent, drive):  # noqa: F811
    d = drive(conf(tencent, secret_key="wrong"))
    ask_for(d)
    fate = d.dones(1)["C1"]
    assert (fate["outcome"], fate["class"]) == ("rejected", "config")


def test_they_play_three_times_at_most_and_read_350_characters(tencent, drive):  # noqa: F811
    d = drive(conf(tencent))
    ask_for(d, plays=9)
    wait_for("the call", lambda: tencent.got)
    assert tencent.got[0]["PlayTimes"] == 3
    ask_for(d, ident="C2", say=[{"language": "zh", "text": "长" * 351}])
    fate = until(d, "done")
    assert (fate["id"], fate["class"]) == ("C2", "retry_other") and "350" in fate["reason"]


def test_a_call_whose_answer_was_lost_is_settled_by_its_number(tencent, drive):  # noqa: F811
    tencent.silent = "taken"
    d = drive(conf(tencent, timeout_ms=200))
    ask_for(d)
    wait_for("the call", lambda: tencent.got)
    wait_for("the time-out", lambda: settled(d, tencent))
    done = [e for e in d.events if e["ev"] == "done"]
    assert [(e["outcome"], e["ref"]) for e in done] == [("accepted", tencent.got[0].id())]


def settled(d, tencent):
    return "done" in [e["ev"] for e in tell(d, tencent.answered(tencent.got[0]))[0]]


def test_gongd_takes_the_key_as_an_answer(tencent):
    with gongd(conf(tencent), "{voice}") as world:
        world.load(Mainland(1, 1))
        world.send(key="v", template="warn.rain", severity="red", policy="call.red",
                   params={"hours": 3, "level": "红色", "mm": 80},
                   audience={"divisions": ["990121001001"]})
        wait_for("the call", lambda: tencent.got)
        got = tencent.got[0]
        said = tencent.push(world.callback, tencent.key(got, "1"), tencent.answered(got),
                            shuffle=1, twice=True)
        assert all(tencent.took(one) for one in said)
        wait_for("the key", lambda: any(r["text"] == "1" for r in world.rows(
            "SELECT * FROM answer")))
