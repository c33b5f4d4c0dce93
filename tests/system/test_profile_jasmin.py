"""The profile jasmin against Jasmin's HTTP API as its documentation has it."""
import pytest

from profile_helpers import ONE, TEXTS, TWO, URL, alert, counts_once, gongd, receipt, route, tell
from providers.jasmin import Jasmin
from test_http_driver import drive, started  # noqa: F401 (fixtures)


def conf(provider, **more):
    return route("jasmin", provider, **{"username": Jasmin.ID, "password": Jasmin.KEY,
                                        "from": "10690001", **more})


@pytest.fixture
def jasmin(started):  # noqa: F811
    return started(Jasmin())


@pytest.fixture
def r(drive, jasmin):  # noqa: F811
    return drive(conf(jasmin), callback_url=URL)


def test_every_text_arrives(r, jasmin):
    for i, text in enumerate(TEXTS):
        assert r.one(text, ident=f"T{i}")["outcome"] == "accepted"
    assert [jasmin.text(g) for g in jasmin.got] == TEXTS
    assert jasmin.got[0]["to"] == ONE and jasmin.got[0]["validity-period"] in ("1", "59", "60")
    assert r.end() == 0 and Jasmin.KEY.encode() not in r.log


def test_what_is_urgent_goes_first_there_too(r, jasmin):
    r.one(ident="A1", urgent=True)
    r.one(ident="A2")
    assert [g["priority"] for g in jasmin.got] == ["3", "0"]


@pytest.mark.parametrize("status, words, outcome, klass", [
    (400, 'Error "Argument coding has an invalid value: 9."', "rejected", "retry_other"),
    (403, 'Error "Authentication failure for username:x"', "rejected", "config"),
    (403, 'Error "Authorization failed for username:x"', "rejected", "config"),
    (403, 'Error "Cannot charge submit_sm, check RouterPB log file for details"', "rejected", "config"),
    (412, 'Error "No route found"', "rejected", "retry_other"),
    (500, 'Error "Cannot send submit_sm, check SMPPClientManagerPB log file for details"', "unknown",
     None)])
def test_what_their_words_mean(r, jasmin, status, words, outcome, klass):
    jasmin.whole = (words, status)
    fate = r.one()
    assert (fate["outcome"], fate.get("class")) == (outcome, klass), fate
    assert outcome == "unknown" or words[:20] in fate["reason"]


def test_a_wrong_password_stops_the_route(drive, jasmin):  # noqa: F811
    assert drive(conf(jasmin, password="wrong"), callback_url=URL).one()["class"] == "config"


def test_a_number_that_no_route_reaches_spares_the_others(r, jasmin):
    jasmin.refuse = {ONE[1:]: 'Error "No route found"'}
    r.send(("A", ONE), ("B", TWO))
    fates = r.dones(2)
    assert (fates["A"]["class"], fates["B"]["outcome"]) == ("retry_other", "accepted")


@pytest.mark.parametrize("status, state", [
    ("DELIVRD", "delivered"), ("UNDELIV", "failed"), ("EXPIRED", "failed"), ("REJECTD", "failed"),
    ("ACCEPTD", "buffered"), ("ESME_ROK", "buffered"), ("ESME_RTHROTTLED", "buffered"),
    ("ESME_RINVDSTADR", "failed")])
def test_receipts_bring_our_id_and_are_acknowledged_in_their_words(r, jasmin, status, state):
    r.one(ident="A7")
    (said,), reply = tell(r, jasmin.receipt(jasmin.got[0], ONE, status=status))
    assert (said["id"], said["ref"], said["state"]) == ("A7", jasmin.got[0].id(), state)
    assert (reply["status"], reply["body"]) == (200, "ACK/Jasmin")


@pytest.mark.parametrize("text", ["1 OK", "1 收到", "\U0001f600 &=+%"])
def test_replies_are_read_in_their_coding(r, jasmin, text):
    (said,), reply = tell(r, jasmin.reply(ONE, text, ident="M1"))
    assert (said["ev"], said["id"], said["from"], said["text"]) == ("inbound", "M1", ONE, text)
    assert reply["body"] == "ACK/Jasmin"


def test_a_lost_answer_is_settled_by_the_receipt(drive, jasmin):  # noqa: F811
    d = drive(conf(jasmin, timeout_ms=300), callback_url=URL)
    jasmin.silent = "taken"
    assert d.one(ident="A1")["outcome"] == "unknown"
    assert receipt(d, jasmin.receipt(jasmin.got[0], ONE))["id"] == "A1"


def test_gongd_takes_what_they_tell_and_counts_once_what_comes_twice(jasmin):
    with gongd(conf(jasmin)) as world:
        alert(world)
        pushes = [jasmin.receipt(got, got["to"], ok) for got, ok in zip(jasmin.got, (True, True, False))]
        counts_once(world, jasmin, pushes, jasmin.reply(jasmin.got[0]["to"], "1", ident="M1"))
