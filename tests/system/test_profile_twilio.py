"""The profile twilio against Twilio's side: messages, calls, and what is asked about both."""
import time
import urllib.parse

import pytest

from harness import wait_for
from profile_helpers import (ONE, TEXTS, TWO, URL, alert, called, gongd, level, place, receipt, route,
                             tell, until)
from providers.base import Said
from providers.twilio import Twilio
from test_http_driver import drive, started  # noqa: F401 (fixtures)


def conf(provider, **more):
    return route("twilio", provider, **{"account_sid": Twilio.ID, "auth_token": Twilio.KEY,
                                        "from": "+15550000001", "confirmed": "Recorded.", **more})


@pytest.fixture
def twilio(started):  # noqa: F811
    return started(Twilio())


@pytest.fixture
def r(drive, twilio):  # noqa: F811
    return drive(conf(twilio), callback_url=URL)


def test_every_text_arrives(r, twilio):
    assert r.events[0]["channels"] == ["sms", "voice"]
    for i, text in enumerate(TEXTS):
        fate = r.one(text, ident=f"T{i}")
        assert (fate["outcome"], fate["ref"]) == ("accepted", twilio.got[i].id())
    assert [g["Body"] for g in twilio.got] == TEXTS
    assert twilio.got[0]["StatusCallback"] == URL + "?id=T0"
    assert 50 <= int(twilio.got[0]["ValidityPeriod"]) <= 60
    assert r.end() == 0 and Twilio.KEY.encode() not in r.log


def test_a_validity_is_never_longer_than_they_allow(r, twilio):
    r.one(not_after=int(time.time() + 86000) * 1000)
    assert twilio.got[0]["ValidityPeriod"] == "36000"


def test_a_refused_number_spares_the_others(r, twilio):
    twilio.refuse = {ONE: "21610"}
    r.send(("A", ONE), ("B", TWO))
    fates = r.dones(2)
    assert (fates["A"]["class"], fates["B"]["outcome"]) == ("drop", "accepted")
    assert fates["A"]["reason"] == "provider answered 400 code 21610: words"


CODES = {
    "config": "20003 20005 20404 21205 21210 21212 21213 21603 21606 21609 21660",
    "drop": "21211 21214 21217 21401 21421 21610 21614",
    "retry": "20429 21611",
    "retry_other": "21215 21216 21219 21408 21602 21608 21612 21617 29999",
}


@pytest.mark.parametrize("code, klass", [(c, k) for k, codes in CODES.items() for c in codes.split()])
def test_what_a_code_means(r, twilio, code, klass):
    twilio.whole = code
    fate = r.one()
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and code in fate["reason"]


def test_a_text_that_they_would_refuse_goes_elsewhere(r, twilio):
    fate = r.one("长" * 1601)
    assert fate["class"] == "retry_other" and "1600 characters" in fate["reason"]
    assert r.one("长" * 1600, ident="A2")["outcome"] == "accepted" and len(twilio.got) == 1


def test_a_wrong_token_stops_the_route(drive, twilio):  # noqa: F811
    d = drive(conf(twilio, auth_token="wrong"), callback_url=URL)
    assert d.one()["class"] == "config"


def test_receipts_and_replies(r, twilio):
    for i in range(3):
        r.one(ident=f"A{i}")
    one, two, three = twilio.got
    said = receipt(r, twilio.receipt(one, ONE))
    assert (said["id"], said["ref"], said["state"]) == ("A0", one.id(), "delivered")
    said = receipt(r, twilio.receipt(two, ONE, False))
    assert (said["id"], said["state"], said["reason"]) == ("A1", "failed", "30003")
    assert receipt(r, twilio.status(three, "sent"))["state"] == "buffered"
    (said,), reply = tell(r, twilio.reply(ONE, "1 收到"))
    assert (said["ev"], said["from"], said["text"]) == ("inbound", ONE, "1 收到")
    assert reply["body"] == "<Response/>"
    assert reply["headers"]["Content-Type"] == "text/xml"


def test_a_callback_with_a_wrong_signature_is_refused(r, twilio):
    r.one()
    forged = twilio.receipt(twilio.got[0], ONE)
    forged.sign = lambda url, push: {"x-twilio-signature": "AAAA"}
    events, reply = tell(r, forged)
    assert not events and reply["status"] == 403


def test_a_lost_answer_is_found_by_text_and_time(drive, twilio):  # noqa: F811
    d = drive(conf(twilio, timeout_ms=300), callback_url=URL)
    d.one("同样的话", ident="A1")
    twilio.receipt(twilio.got[0], ONE)              # an older one, delivered
    twilio.got[0].at -= 60
    twilio.silent = "taken"
    fate = d.one("同样的话", ident="A2")
    assert (fate["outcome"], fate["ref"]) == ("accepted", twilio.got[1].id())


def test_an_older_message_of_the_same_text_is_not_taken_for_it(drive, started):  # noqa: F811
    class Deaf(Twilio):
        def book(self, said, kind):
            got = super().book(said, kind)
            got.at -= 60
            return got
    twilio = started(Deaf(silent="taken"))
    d = drive(conf(twilio, timeout_ms=300), callback_url=URL)
    d.send(("A1", ONE))
    (fate,) = d.dones(1, timeout=30).values()
    assert fate["outcome"] == "unknown"
    assert receipt(d, twilio.receipt(twilio.got[0], ONE))["id"] == "A1"      # and then it is known


def test_what_is_left_is_known(r):
    assert until(r, "health", lambda e: "balance" in e)["balance"] == 12.34


# --- calls ----------------------------------------------------------------------------------------

def test_a_call_is_answered_by_a_key(r, twilio):
    got = place(r, twilio)
    assert got.twiml.says == ["立即<转移>"] and got.twiml.langs == ["zh-CN"]
    assert got.twiml.gathers[0]["numDigits"] == "1" and got["Timeout"] == "35"
    assert all(twilio.wants(got, event) for event in ("ringing", "answered", "completed"))
    (ringing,), _ = tell(r, twilio.ringing(got))
    (up,), _ = tell(r, twilio.answered(got))
    (wrong,), again = tell(r, twilio.key(got, "5"))
    assert twilio.hears(got, Said(again["status"], again["body"])).says == ["立即<转移>"]
    (right,), thanks = tell(r, twilio.key(got, "1"))
    assert "Recorded." in thanks["body"] and "<Hangup/>" in thanks["body"]
    (ended, done), _ = tell(r, twilio.ended(got))
    assert [e["state"] for e in (ringing, up, wrong, right, ended)] == \
        ["ringing", "answered", "answered", "answered", "ended"]
    assert (wrong["digits"], right["digits"], ended["outcome"]) == ("5", "1", "answered")
    assert (done["outcome"], done["ref"], done["id"]) == ("accepted", got.id(), "C1")


@pytest.mark.parametrize("how, outcome", [("busy", "busy"), ("no_answer", "no_answer"),
                                          ("failed", "failed")])
def test_how_else_a_call_ends(r, twilio, how, outcome):
    got = place(r, twilio)
    (ended, done), _ = tell(r, getattr(twilio, how)(got))
    assert ended["outcome"] == outcome and done["outcome"] == "accepted"


def test_a_machine_is_noted(r, twilio):
    got = place(r, twilio)
    tell(r, twilio.machine(got))
    (ended, _), _ = tell(r, twilio.ended(got))
    assert (ended["outcome"], ended["machine"]) == ("answered", "machine_start")


def test_a_number_that_cannot_be_called_is_dropped(r, twilio):
    twilio.refuse = {ONE: "21217"}
    r.say({"op": "call", "id": "C1", "to": ONE, "ring_ms": 1000, "plays": 1, "keys": {},
           "say": [{"language": "zh", "text": "x"}]})
    assert r.dones(1)["C1"]["class"] == "drop"


def test_a_call_ends_without_any_callback(drive, twilio):  # noqa: F811
    d = drive(conf(twilio), callback_url=URL)
    got = place(d, twilio)
    twilio.no_answer(got)           # booked there, told to nobody
    ended = until(d, "call", lambda e: e["state"] == "ended", 30)
    assert ended["outcome"] == "no_answer"
    assert twilio.seen[f"GET /Calls/{got.id()}.json"] >= 1


def test_a_call_whose_answer_was_lost_is_told_of_by_callbacks(drive, twilio):  # noqa: F811
    d = drive(conf(twilio, timeout_ms=300), callback_url=URL)
    twilio.silent = "taken"
    got = place(d, twilio)
    time.sleep(0.5)
    (ended, done), _ = tell(d, twilio.busy(got))
    assert (ended["outcome"], done["outcome"], done["ref"]) == ("busy", "accepted", got.id())


# --- the whole gongd ------------------------------------------------------------------------------

def test_gongd_believes_signed_callbacks_only(twilio):
    with gongd(conf(twilio), "{sms}") as world:
        alert(world)
        people = [(got, got["To"]) for got in twilio.got]
        pushes = [twilio.receipt(*people[0]), twilio.receipt(*people[1], False)]
        reply = twilio.reply(people[0][1], "1")
        said = twilio.push(None, *pushes, shuffle=3, twice=True) + twilio.push(world.callback, reply)
        assert [one.status for one in said] == [200] * 5
        wait_for("the receipts", lambda: world.states()["delivered"] == 1)
        assert world.states()["failed"] == 1
        assert len(world.rows("SELECT * FROM inbound")) == 1
        forged = twilio.receipt(*people[2])
        forged.sign = lambda url, push: {"x-twilio-signature": "AAAA"}
        assert [one.status for one in twilio.push(None, forged)] == [403]
        assert world.states()["delivered"] == 1
        assert urllib.parse.urlsplit(twilio.got[0]["StatusCallback"]).query.startswith("id=")


def test_a_key_in_a_call_acknowledges(twilio):
    with gongd(conf(twilio), "{voice}") as world:
        ident, got = called(world, twilio)
        assert "暴雨" in got.twiml.says[0] and got.twiml.langs == ["zh-CN"]
        twilio.push(None, twilio.ringing(got), twilio.human(got))
        wait_for("picked up", lambda: level(world, ident) == 2)
        (wrong,) = twilio.push(None, twilio.key(got, "7"))
        assert "暴雨" in twilio.hears(got, wrong).says[0]
        (thanks,) = twilio.push(None, twilio.key(got, "1"))
        assert twilio.hears(got, thanks).says == ["Recorded."]
        wait_for("acknowledged", lambda: level(world, ident) == 3)
        twilio.push(None, twilio.ended(got))
        wait_for("its end", lambda: any("detected: human" in (a["reason"] or "")
                                        for a in world.attempts()))
