"""The profile kannel against Kannel's sendsms as its documentation has it (test_kannel.py: against
Kannel itself)."""
import pytest

from profile_helpers import ONE, TEXTS, TWO, URL, receipt, route, tell
from providers.kannel import Kannel
from test_http_driver import drive, started  # noqa: F401 (fixtures)

MO = URL + "?from=%p&text=%a&mid=%I"


def conf(provider, **more):
    return route("kannel", provider, **{"username": Kannel.ID, "password": Kannel.KEY,
                                        "from": "10690001", **more})


@pytest.fixture
def kannel(started):  # noqa: F811
    return started(Kannel())


@pytest.fixture
def r(drive, kannel):  # noqa: F811
    return drive(conf(kannel), callback_url=URL)


def test_every_text_arrives(r, kannel):
    for i, text in enumerate(TEXTS):
        assert r.one(text, ident=f"T{i}")["outcome"] == "accepted"
    assert [g["text"] for g in kannel.got] == TEXTS
    assert [g["coding"] for g in kannel.got] == ["0"] * 4 + ["2"] * 2 + ["0"]
    assert kannel.got[0]["to"] == ONE and kannel.got[0]["dlr-mask"] == "19"
    assert r.end() == 0 and Kannel.KEY.encode() not in r.log


def test_what_is_urgent_goes_first_there_too(r, kannel):
    r.one(ident="A1", urgent=True)
    r.one(ident="A2")
    urgent, ordinary = kannel.got
    assert (urgent["priority"], ordinary["priority"]) == ("3", "0")
    differing = {"priority", "dlr-url"}
    assert {k: v for k, v in urgent.items() if k not in differing} == \
        {k: v for k, v in ordinary.items() if k not in differing}


def test_a_message_that_is_queued_there_is_accepted(r, kannel):
    kannel.queued = True
    assert r.one()["outcome"] == "accepted"


def test_a_refused_number_spares_the_others(r, kannel):
    kannel.refuse = {ONE: "Number(s) has/have been denied by white- and/or black-lists."}
    r.send(("A", ONE), ("B", TWO))
    fates = r.dones(2)
    assert (fates["A"]["class"], fates["B"]["outcome"]) == ("retry_other", "accepted")
    assert "denied by" in fates["A"]["reason"]


@pytest.mark.parametrize("words, outcome, klass", [
    ("Authorization failed for sendsms", "rejected", "config"),
    ("Sender missing and no global set, rejected", "rejected", "config"),
    ("Temporal failure, try again later.", "rejected", "retry"),
    ("Not routable. Do not try again.", "rejected", "retry_other"),
    ("what nobody knows", "unknown", None)])
def test_what_their_words_mean(r, kannel, words, outcome, klass):
    kannel.whole = words
    fate = r.one()
    assert (fate["outcome"], fate.get("class")) == (outcome, klass), fate


def test_a_wrong_password_stops_the_route(drive, kannel):  # noqa: F811
    assert drive(conf(kannel, password="wrong"), callback_url=URL).one()["class"] == "config"


def test_receipts_and_replies(r, kannel):
    for i in range(3):
        r.one(ident=f"A{i}")
    one, two, three = kannel.got
    said = receipt(r, kannel.receipt(one, ONE))
    assert (said["id"], said["to"], said["state"]) == ("A0", ONE, "delivered")
    said = receipt(r, kannel.receipt(two, ONE, False))
    assert (said["id"], said["state"]) == ("A1", "failed") and "UNDELIV" in said["reason"]
    assert receipt(r, kannel.dlr(three, ONE, Kannel.REJECTED, "NACK"))["state"] == "failed"
    assert kannel.dlr(three, ONE, Kannel.QUEUED, "") is None       # nobody asked for it
    (said,), reply = tell(r, kannel.reply(ONE, "1 收到", MO))
    assert (said["ev"], said["from"], said["text"]) == ("inbound", ONE, "1 收到")
    assert reply["body"].strip() == "" and reply["headers"]["Content-Type"] == "text/plain"


def test_a_lost_answer_is_settled_by_the_receipt(drive, kannel):  # noqa: F811
    d = drive(conf(kannel, timeout_ms=300), callback_url=URL)
    kannel.silent = "taken"
    assert d.one(ident="A1")["outcome"] == "unknown"
    assert receipt(d, kannel.receipt(kannel.got[0], ONE))["id"] == "A1"
