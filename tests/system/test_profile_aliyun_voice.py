"""Aliyun's calls through the shipped profiles: IvrCall with keys, SingleCallByTts without
(docs/providers.md)."""
import json
import os

import pytest

from district import District
from harness import wait_for
from http_driver import now
from profile_helpers import ONE, SHIPPED, gongd, place, route, tell, until
from providers.aliyun_voice import AliyunVoice
from test_http_driver import drive, started  # noqa: F401 (fixtures)

BOTH = ["aliyun-voice", "aliyun-voice-tts"]
CODES = {
    "clock": ["InvalidTimeStamp.Expired"],
    "config": ["InvalidAccessKeyId.NotFound", "SignatureDoesNotMatch", "isp.RAM_PERMISSION_DENY",
               "isv.ACCOUNT_ABNORMAL", "isv.ACCOUNT_NOT_EXISTS", "isv.AMOUNT_NOT_ENOUGH",
               "isv.DENY_IP_RANGE", "isv.DISPLAY_NUMBER_ILLEGAL", "isv.OUT_OF_SERVICE",
               "isv.PRODUCT_UN_SUBSCRIPT", "isv.TTS_TEMPLATE_ILLEGAL", "isv.VOICE_FILE_ILLEGAL"],
    "drop": ["isv.MOBILE_NUMBER_ILLEGAL"],
    "retry": ["SignatureNonceUsed", "Throttling.User", "isp.SYSTEM_ERROR"],
    "retry_other": ["isv.BUSINESS_LIMIT_CONTROL", "isv.PARAM_LENGTH_LIMIT",
                    "isv.TEMPLATE_MISSING_PARAMETERS", "isv.NEVER_SEEN"],
}


def aliyun(provider, name="aliyun-voice", **more):
    keys = {"key_code": "TTS_2"} if name == "aliyun-voice" else {}
    return route(name, provider, **{
        "access_key_id": provider.ID, "access_key_secret": provider.KEY,
        "show_number": "0771000001", "template_code": "TTS_1", **keys, **more})


def asking(provider, folder, name):
    """The same, asking about calls so often that a test need not wait."""
    with open(os.path.join(SHIPPED, name + ".json"), encoding="utf-8") as f:
        profile = json.load(f)
    profile["config"]["call_query"]["every_ms"] = 100
    (folder / (name + ".json")).write_text(json.dumps(profile), encoding="utf-8")
    return aliyun(provider, name, profile_dir=str(folder))


def call(d, ident="C1", **more):
    """A call that they may refuse: its fate."""
    d.say({"op": "call", "id": ident, "to": ONE, "ring_ms": 35000, "plays": 5,
           "not_after": now() + 60000, "keys": {"1": "acknowledged"},
           "say": [{"language": "zh", "text": "立即转移"}], **more})
    return d.dones(1)[ident]


def test_a_call_is_answered_with_a_key(started, drive):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive(aliyun(provider))
    ready = d.events[0]
    assert (ready["channels"], ready["reply_within_ms"]) == (["voice"], 700)
    assert ready["budgets"] == ["1/1m", "5/1h", "20/24h"] and ready["templates"]
    got = place(d, provider, text='立即"转移"\n')
    assert got.keys_offered == {"1": "TTS_2", "9": "TTS_2"}
    assert json.loads(got["StartTtsParams"]) == {"content": '立即"转移"\n'}
    assert {k: got[k] for k in ("CalledNumber", "CalledShowNumber", "StartCode", "PlayTimes",
                                "OutId", "Timeout")} == {
        "CalledNumber": "13800000001", "CalledShowNumber": "0771000001", "StartCode": "TTS_1",
        "PlayTimes": "2", "OutId": "C1", "Timeout": "10000"}
    said = [tell(d, push) for push in (
        provider.ringing(got), provider.answered(got), provider.key(got, "7"),
        provider.key(got, "1"), provider.key(got, "1"), provider.ended(got, dtmf="1"))]
    (ringing,), (up,), (wrong,), (right,), again, (ended, done) = (events for events, _ in said)
    assert (ringing["state"], up["state"]) == ("ringing", "answered") and again == []
    assert (wrong["digits"], right["digits"]) == ("7", "1")
    assert (ended["state"], ended["outcome"]) == ("ended", "answered")
    assert (done["outcome"], done["ref"]) == ("accepted", "116001^10000")
    assert {reply["body"] for _, reply in said} == {'{"code":0,"msg":"接收成功"}'}
    assert d.end() == 0 and provider.KEY.encode() not in d.log


def test_a_call_that_only_tells_has_no_keys(started, drive):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive(aliyun(provider, "aliyun-voice-tts"))
    got = place(d, provider)
    assert got.action == "SingleCallByTts" and (got["TtsCode"], got["OutId"]) == ("TTS_1", "C1")
    (ended, done), _ = tell(d, provider.ended(got))
    assert ended["outcome"] == "answered" and "digits" not in ended
    assert done["outcome"] == "accepted"


def test_templates_of_the_route_get_their_values(started, drive):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive(aliyun(provider, templates={"flood.move": {"code": "TTS_7", "params": ["place"]}}))
    d.say({"op": "call", "id": "C1", "to": ONE, "ring_ms": 1000, "plays": 9, "keys": {"3": "done"},
           "not_after": now() + 60000, "say": [{"language": "zh", "text": "立即转移!…"}],
           "template": {"name": "flood.move", "language": "zh", "params": {"place": "清东湾村"}}})
    wait_for("the call", lambda: provider.got)
    got = provider.got[0]
    assert (got["StartCode"], json.loads(got["StartTtsParams"])) == ("TTS_7", {"place": "清东湾村"})
    assert got["PlayTimes"] == "3"      # no more are allowed
    assert got.keys_offered == {"3": "TTS_2"}


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("code, outcome, klass", [
    ("200000", "answered", None), ("200001", "answered", None), ("200002", "busy", None),
    ("200003", "no_answer", None), ("200004", None, "drop"), ("200005", "unreachable", None),
    ("200007", "unreachable", None), ("200008", "answered", None), ("200010", "unreachable", None),
    ("200011", "unreachable", None), ("200118", None, "retry_other"),
    ("200119", None, "retry_other"), ("200121", None, "retry"), ("299999", "failed", None)])
def test_how_a_call_ends(started, drive, name, code, outcome, klass):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive(aliyun(provider, name))
    got = place(d, provider)
    events, _ = tell(d, provider.ended(got, code, 20 if outcome == "answered" else 0))
    assert [e["outcome"] for e in events if e["ev"] == "call"] == ([outcome] if outcome else [])
    done = events[-1]
    assert (done["outcome"], done.get("class")) == ("rejected" if klass else "accepted", klass)
    assert outcome == "answered" or (outcome or code) in done["reason"]


@pytest.mark.parametrize("name", BOTH)
def test_every_code_has_its_class(started, drive, name):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive(aliyun(provider, name))
    for klass, codes in CODES.items():
        for code in codes:
            provider.whole = code
            fate = call(d, code[-13:])
            assert (fate["outcome"], fate["class"]) == ("rejected", klass), (code, fate)
            assert code in fate["reason"]


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("wrong", ["access_key_id", "access_key_secret"])
def test_a_wrong_key_is_a_matter_of_configuration(started, drive, name, wrong):  # noqa: F811
    fate = call(drive(aliyun(started(AliyunVoice()), name, **{wrong: "wrong"})))
    assert (fate["outcome"], fate["class"]) == ("rejected", "config"), fate


def test_one_refused_number_spares_the_others(started, drive):  # noqa: F811
    provider = started(AliyunVoice(refuse={"01": "isv.MOBILE_NUMBER_ILLEGAL"}))
    d = drive(aliyun(provider))
    assert call(d)["class"] == "drop"
    got = place(d, provider, "C2", "+8613800000002")
    assert tell(d, provider.busy(got))[0][0]["outcome"] == "busy"


@pytest.mark.parametrize("name, digits", [("aliyun-voice", "1"), ("aliyun-voice-tts", "")])
def test_a_call_ends_without_any_callback(started, drive, tmp_path, name, digits):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive(asking(provider, tmp_path, name))
    got = place(d, provider)
    wait_for("a question while it goes on", lambda: provider.seen["QueryCallDetailByCallId"] > 1)
    provider.ended(got, dtmf=digits)
    assert d.dones(1)["C1"]["outcome"] == "accepted"
    told = [(e["state"], e.get("outcome"), e.get("digits")) for e in d.events if e["ev"] == "call"]
    assert told == ([("answered", None, "1")] if digits else []) + [("ended", "answered", None)]


@pytest.mark.parametrize("code, outcome", [("200002", "busy"), ("200003", "no_answer")])
def test_a_call_that_nobody_took_is_asked_about_too(
        started, drive, tmp_path, code, outcome):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive(asking(provider, tmp_path, "aliyun-voice"))
    provider.ended(place(d, provider), code, 0)
    assert until(d, "call")["outcome"] == outcome
    assert d.dones(1)["C1"]["outcome"] == "accepted"


def test_a_call_whose_answer_was_lost_is_settled_by_its_news(started, drive):  # noqa: F811
    provider = started(AliyunVoice(silent="taken"))
    d = drive(aliyun(provider, timeout_ms=200))
    got = place(d, provider)
    wait_for("the time-out", lambda: provider.open == 0)
    (key,), _ = tell(d, provider.key(got, "1"))
    (ended, done), _ = tell(d, provider.ended(got, dtmf="1"))
    assert (key["digits"], ended["outcome"]) == ("1", "answered")
    assert (done["outcome"], done["ref"]) == ("accepted", "116001^10000")


def test_a_call_that_ends_before_their_answer_comes_is_done_once(started, drive):  # noqa: F811
    provider = started(AliyunVoice(silent="taken"))
    d = drive(aliyun(provider, timeout_ms=1000))
    got = place(d, provider)
    (ended,), _ = tell(d, provider.busy(got))
    assert ended["outcome"] == "busy"
    done = d.dones(1)["C1"]
    assert (done["outcome"], done["reason"]) == ("accepted", "busy")
    assert d.end() == 0
    assert len([e for e in d.events if e["ev"] == "done"]) == 1


def test_a_call_that_ends_while_it_is_asked_about_is_done_once(started, drive, tmp_path):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive({**asking(provider, tmp_path, "aliyun-voice"), "timeout_ms": 500})
    got = place(d, provider)
    provider.silent = True
    asked = len(provider.requests)
    wait_for("a question", lambda: len(provider.requests) > asked)
    (ended,), _ = tell(d, provider.no_answer(got))
    assert ended["outcome"] == "no_answer"
    assert d.dones(1)["C1"]["reason"] == "no_answer"
    assert d.end() == 0
    assert len([e for e in d.events if e["ev"] == "done"]) == 1


def test_a_key_that_is_told_after_the_end_still_counts(started, drive):  # noqa: F811
    provider = started(AliyunVoice())
    d = drive(aliyun(provider))
    got = place(d, provider)
    tell(d, provider.ended(got))
    (late,), _ = tell(d, provider.key(got, "1"))
    assert (late["id"], late["digits"]) == ("C1", "1")


class Mainland(District):
    def number(self, extra=0):
        return "+86138%08d" % ((len(self.people) + 1) * 10 + extra)


def test_a_whole_gongd_counts_the_key_as_the_answer(started):  # noqa: F811
    provider = started(AliyunVoice())
    with gongd(aliyun(provider), channels="{voice}") as world:
        world.load(Mainland(1, 2))
        world.send(key="k", template="warn.rain", severity="red", policy="call.red",
                   params={"mm": "80", "hours": "3", "level": "红色"},
                   audience={"divisions": ["990121001001"]})
        wait_for("a call", lambda: provider.got)
        got = provider.got[0]
        said = provider.push(world.callback, provider.ringing(got), provider.answered(got),
                             provider.key(got, "1"), provider.ended(got, dtmf="1"), twice=True)
        assert all(provider.took(one) for one in said)
        wait_for("the answer", lambda: [a for a in world.rows("SELECT * FROM answer")
                                        if a["level"] == 3])
        assert world.states()["delivered"] == 1     # picked up; the others are not told of yet
