"""gong-modem: calls.  A key is worth more than an answer, and nothing else is.

The real driver on the simulated modem and the people whom it calls.
"""
import time

import pytest

from test_modem_driver import A, B, LONG, SLOW, bench, settle  # noqa: F401
from test_modem_messages import FAST, events, quirks, submits, words

QUECTEL = """keys_on = "AT+QTONEDET=1"
keys_prefix = "+QTONEDET:"
say = 'AT+QTTS=1,"{ucs2}"'
say_end = "+QTTS: 0" """
SIMCOM = """keys_on = "AT+DDET=1"
keys_prefix = "+DTMF:"
say = 'AT+CTTS=2,"{text}"'
say_end = "+CTTS: 0" """


def calls(bench, model=None, *options, **config):
    """A modem that may call; the script of whom it calls is told later."""
    config = dict(quirks(bench, model) if model else FAST, voice=True, **config)
    kind = ["--keys", {QUECTEL: "quectel", SIMCOM: "simcom"}.get(model, "none")]
    return bench.ready("--tts-ms", "100", *kind, *options, **config)


def call(driver, id, to=A, text="立即转移!", plays=1, **fields):
    driver.op("call", **dict({"id": id, "to": to, "ring_ms": 5000, "plays": plays,
                              "keys": {"1": "acknowledged", "3": "done"},
                              "say": [{"language": "zh", "text": text}]}, **fields))


def outcome(driver, id, seconds=15):
    """How it ended; done follows and is the only one."""
    end = driver.expect("call", seconds, id=id, state="ended")
    done = driver.expect("done", id=id)
    assert done["outcome"] == "accepted" and len(driver.dones(id)) == 1
    return end


def states(driver, id):
    return [e["state"] for e in events(driver, "call", id=id)]


@pytest.mark.parametrize("model", [QUECTEL, SIMCOM])
def test_a_person_who_presses_a_key_is_heard_and_rung_off(bench, model):
    sim, driver = calls(bench, model)
    assert bench.seen["channels"] == ["sms", "voice"]
    assert bench.seen["voice"] == "speaks and hears keys"
    sim.tell("callee * alert 100 answer 300 key 7 900 key 1 100")
    call(driver, "c1", text='转移! Go "now".\nQuick', plays=2)
    end = outcome(driver, "c1")
    assert (end["outcome"], end["digits"]) == ("answered", "71")
    assert states(driver, "c1")[-2:] == ["answered", "ended"]
    assert sim.log(ev="call", state="hangup")
    spoken = [e["text"] for e in sim.log(ev="speech")]
    want = '转移! Go "now".\nQuick' if model == QUECTEL else "转移! Go 'now'. Quick"
    assert spoken and set(spoken) == {want}


def test_a_key_that_means_nothing_does_not_end_the_call(bench):
    sim, driver = calls(bench, QUECTEL)
    sim.tell("callee * alert 50 answer 100 key 9 700 end 2500")
    call(driver, "c1")
    begun = time.monotonic()
    end = outcome(driver, "c1")
    assert (end["outcome"], end["digits"]) == ("answered", "9")
    assert time.monotonic() - begun > 3
    assert sim.log(ev="call", state="end") and not sim.log(ev="call", state="hangup")


def test_a_key_told_while_it_still_rings_is_a_tone_misheard(bench):
    sim, driver = calls(bench, QUECTEL)
    sim.tell("callee * alert 50 answer 1500 end 1200")
    call(driver, "c1")
    driver.expect("call", id="c1", state="ringing")
    sim.tell("urc +QTONEDET: 49")
    end = outcome(driver, "c1")
    assert end["outcome"] == "answered" and "digits" not in end
    assert states(driver, "c1") == ["ringing", "answered", "ended"]


@pytest.mark.parametrize("line", ["+QTONEDET: 51", "+DTMF: 3", "+DTMF: 3,120", '+DTMF: "3"', "+DDET: 3",
                                  "+DDET: 51"])
def test_keys_are_understood_from_any_model(bench, line):
    sim, driver = calls(bench)
    sim.tell("callee * alert 50 answer 100 end 3000")
    call(driver, "c1")
    driver.expect("call", id="c1", state="answered")
    sim.tell("urc " + line)
    assert outcome(driver, "c1")["digits"] == "3"


def test_a_key_right_after_the_answer_counts(bench):
    sim, driver = calls(bench, QUECTEL)
    sim.tell("callee * alert 50 answer 700 key 3 20")
    call(driver, "c1")
    assert outcome(driver, "c1")["digits"] == "3"


NOBODY = [("alert 50 busy 700", "busy", 5000), ("alert 50 reject 1200", "rejected", 5000),
          ("alert 50 noanswer", "no_answer", 5000), ("noservice", "failed", 5000),
          ("dead", "no_answer", 1200), ("busy 20", "busy", 5000)]


def test_calls_that_nobody_takes_end_as_what_they_were_and_the_line_is_free(bench):
    sim, driver = calls(bench, None, "--ring-ms", "1500")
    for script, how, ms in NOBODY:
        sim.tell("callee * " + script)
        call(driver, script, ring_ms=ms)
        assert outcome(driver, script)["outcome"] == how
        assert "answered" not in states(driver, script)
    sim.tell("callee * alert 50 answer 300 end 800")
    call(driver, "c2", B)
    assert outcome(driver, "c2")["outcome"] == "answered"


def test_ringing_stops_at_its_time(bench):
    sim, driver = calls(bench)
    call(driver, "c1", ring_ms=1500)
    end = outcome(driver, "c1")
    assert end["outcome"] == "no_answer" and 1500 <= end["ms"] < 2600 * SLOW
    assert sim.log(ev="call", state="hangup")


def test_a_modem_without_speech_says_so_and_only_rings(bench):
    sim, driver = calls(bench)
    assert bench.seen["voice"] == "rings without speech: read your SMS"
    sim.tell("callee * alert 50 answer 200")
    call(driver, "c1")
    end = outcome(driver, "c1")
    assert end["outcome"] == "answered" and "digits" not in end
    assert not sim.log(ev="speech")


def test_without_the_option_there_are_no_calls(bench):
    sim, driver = bench.ready(**FAST)
    assert bench.seen["channels"] == ["sms"] and "voice" not in bench.seen
    call(driver, "c1")
    done = driver.expect("done", id="c1")
    assert (done["outcome"], done["class"]) == ("rejected", "config") and "`voice`" in done["reason"]


def test_a_long_text_is_said_in_pieces_each_play_whole(bench):
    sim, driver = calls(bench, QUECTEL)
    sim.tell("callee * alert 50 answer 100 end 4000")
    text = LONG + "🌊" * 99 + "。Ende"
    call(driver, "c1", text=text, plays=2)
    outcome(driver, "c1")
    pieces = [e["text"] for e in sim.log(ev="speech")]
    assert "".join(pieces) == 2 * text
    assert all(len(p) <= 100 for p in pieces) and len(pieces) >= 6


def test_a_modem_that_never_tells_the_end_of_a_speech_goes_on_by_its_length(bench):
    model = QUECTEL.replace('say_end = "+QTTS: 0"', "")
    sim, driver = bench.ready("--keys", "quectel", "--tts-ms", "100", voice=True, **quirks(bench, model))
    sim.tell("callee * alert 50 answer 100 end 4500")
    call(driver, "c1", text="走", plays=2)
    assert outcome(driver, "c1")["outcome"] == "answered"
    times = [e["at"] for e in sim.log(ev="speech")]
    assert len(times) == 2 and times[1] - times[0] >= 2000


def test_a_modem_that_refuses_to_speak_keeps_the_line_for_a_key(bench):
    sim, driver = calls(bench, QUECTEL, "--tts", "none")
    sim.tell("callee * alert 50 answer 100 key 1 1000")
    call(driver, "c1")
    assert outcome(driver, "c1")["digits"] == "1"


def test_what_is_queued_is_withdrawn_and_a_call_that_rings_is_not_cut(bench):
    sim, driver = calls(bench)
    sim.tell("callee * alert 50 answer 900 end 600")
    call(driver, "c1")
    call(driver, "c2", B)
    driver.expect("call", id="c1", state="ringing")
    driver.op("withdraw", ids=["c1", "c2"])
    assert driver.expect("done", id="c2")["outcome"] == "withdrawn"
    assert outcome(driver, "c1")["outcome"] == "answered"
    assert [e["to"] for e in sim.log(ev="call", state="dialling")] == [A]


def test_messages_and_answers_go_on_during_a_call(bench):
    sim, driver = calls(bench)
    sim.tell("callee * alert 50 answer 200 end 2500")
    call(driver, "c1")
    driver.expect("call", id="c1", state="answered")
    driver.send("m1", B, LONG, receipt=True)
    driver.expect("done", id="m1", outcome="accepted")
    driver.receipts("m1")
    sim.tell("deliver %s hello" % B)
    driver.expect("inbound")
    assert states(driver, "c1")[-1] == "answered"
    assert outcome(driver, "c1")["outcome"] == "answered"


def test_a_caller_is_rung_off_before_the_next_call_is_dialled(bench):
    sim, driver = calls(bench, None, debug=True)
    sim.tell("callee * alert 50 answer 200 end 600", "air 700")
    driver.send("m1", A, "the wire is busy")
    settle(lambda: submits(sim, "air"))
    call(driver, "c1")
    sim.tell('urc +CLIP: "%s",145' % B)
    assert outcome(driver, "c1")["outcome"] == "answered"
    said = words(bench)
    assert events(driver, "inbound", missed_call=True)[0]["from"] == B
    assert said.index("> AT+CHUP") < said.index("> ATD")


def test_closing_gives_back_what_waits_and_hangs_up_at_its_grace(bench):
    sim, driver = calls(bench)
    call(driver, "c1", ring_ms=30000)
    call(driver, "c2", B)
    driver.expect("call", id="c1", state="ringing")
    driver.op("close", grace_ms=700)
    assert driver.end() == 0
    assert outcome_after(driver, "c1") == "no_answer"
    assert [(d["outcome"], d["class"]) for d in driver.dones("c2")] == [("rejected", "retry")]
    assert sim.log(ev="call", state="hangup")


def outcome_after(driver, id):
    (end,) = events(driver, "call", id=id, state="ended")
    assert [d["outcome"] for d in driver.dones(id)] == ["accepted"]
    return end["outcome"]


@pytest.mark.parametrize("fault", ["unplug", "reset 500"])
def test_a_call_is_unknown_when_its_modem_goes(bench, fault):
    sim, driver = calls(bench)
    call(driver, "c1")
    call(driver, "c2", B)
    driver.expect("call", id="c1", state="ringing")
    sim.tell(fault)
    done = driver.expect("done", 20, id="c1")
    assert done["outcome"] == "unknown" and done["reason"]
    assert [(d["outcome"], d["class"]) for d in driver.dones("c2")] == [("rejected", "retry_other")]


def test_a_call_that_cannot_be_placed_is_refused_at_once(bench):
    sim, driver = calls(bench)
    call(driver, "c1", "112;+CMGD=1")
    assert driver.expect("done", id="c1")["class"] == "drop"
    call(driver, "c2", not_after=int(time.time() * 1000) - 1)
    done = driver.expect("done", id="c2")
    assert (done["outcome"], done["class"]) == ("rejected", "retry") and "not_after" in done["reason"]
    for error, kind in (("+CME ERROR: 4", "retry_other"), ("+CME ERROR: 31", "retry"), ("ERROR", "retry_other")):
        sim.tell("fail %s 1 ATD" % error)
        call(driver, error)
        assert driver.expect("done", id=error)["class"] == kind
    assert not sim.log(ev="call")
