"""The profile sinch against Sinch's side (providers/sinch.py)."""
import calendar
import time

import pytest

from profile_helpers import ONE, TEXTS, TWO, URL, alert, counts_once, gongd, hasty, receipt, route, tell
from providers.sinch import Sinch
from test_http_driver import drive, started  # noqa: F401 (fixtures)

CLASSES = {"config": ["missing_callback_url", "syntax_invalid_json", "unknown_campaign", "unknown_group"],
           "retry_other": ["syntax_constraint_violation", "syntax_invalid_parameter_format", "never_seen"]}


def conf(provider, **more):
    return route("sinch", provider, **{
        "service_plan_id": provider.ID, "api_token": provider.KEY, "from": "447537454000",
        "signature_secret": provider.SECRET, **more})


@pytest.fixture
def sinch(started):  # noqa: F811
    return started(Sinch())


@pytest.fixture
def r(drive, sinch):  # noqa: F811
    return drive(conf(sinch), callback_url=URL)


@pytest.mark.parametrize("urgent", [True, False])
def test_every_text_arrives_until_it_is_too_late(r, sinch, urgent):
    for i, text in enumerate(TEXTS):
        assert r.one(text, ident=f"T{i}", urgent=urgent)["outcome"] == "accepted"
    assert [g["body"] for g in sinch.got] == TEXTS
    until = calendar.timegm(time.strptime(sinch.got[-1]["expire_at"], "%Y-%m-%dT%H:%M:%SZ"))
    assert 55 <= until - time.time() <= 61 and not sinch.got[0]["flash_message"]
    assert r.end() == 0 and Sinch.KEY.encode() not in r.log and Sinch.SECRET.encode() not in r.log


@pytest.mark.parametrize("code, klass", [(c, k) for k, codes in CLASSES.items() for c in codes])
def test_what_their_codes_mean(r, sinch, code, klass):
    sinch.whole = (code,)
    fates = [r.one(ident="A1", urgent=True), r.one(ident="B1")]
    assert [(f["outcome"], f["class"]) for f in fates] == [("rejected", klass)] * 2
    assert code in fates[0]["reason"]


@pytest.mark.parametrize("status, outcome, klass", [(401, "rejected", "config"), (402, "rejected", "config"),
                                                    (403, "rejected", "config"), (429, "rejected", "retry"),
                                                    (500, "unknown", None)])
def test_what_their_statuses_mean(drive, sinch, tmp_path, status, outcome, klass):  # noqa: F811
    sinch.whole = ("other", status)
    fate = drive(hasty(tmp_path, conf(sinch)), callback_url=URL).one(urgent=True)
    assert (fate["outcome"], fate.get("class")) == (outcome, klass)


def test_a_wrong_token_stops_the_route(drive, sinch):  # noqa: F811
    assert drive(conf(sinch, api_token="wrong"), callback_url=URL).one()["class"] == "config"


def test_a_bad_number_does_not_cost_the_others_of_its_batch(r, sinch):
    sinch.refuse = {TWO[-4:]: "syntax_invalid_parameter_format"}
    r.send(("A1", ONE), ("B1", TWO), ("C1", "+447700900123"))
    fates = r.dones(3)
    assert {i: f["outcome"] for i, f in fates.items()} == {"A1": "accepted", "B1": "rejected", "C1": "accepted"}


@pytest.mark.parametrize("status, state", [
    ("Delivered", "delivered"), ("Failed", "failed"), ("Expired", "failed"), ("Rejected", "failed"),
    ("Aborted", "failed"), ("Deleted", "failed"), ("Queued", "buffered"), ("Dispatched", "buffered"),
    ("Unknown", "buffered")])
def test_reports_are_read(r, sinch, status, state):
    r.one(ident="A7", urgent=True)
    r.send(("B1", ONE), ("B2", TWO))
    r.dones(2)
    one, batch = sinch.got
    said = receipt(r, sinch.receipt(one, ONE, status=status))
    assert (said["id"], said["ref"], said["state"]) == ("A7", one.id(), state)
    said = receipt(r, sinch.receipt(batch, TWO, status=status))
    assert (said["ref"], said["to"], said["state"]) == (batch.id(), TWO, state) and "id" not in said


@pytest.mark.parametrize("text", TEXTS)
def test_replies_are_read(r, sinch, text):
    (said,), reply = tell(r, sinch.reply("+447700900123", text, ident="M1", client_reference="A7"))
    assert (said["ev"], said["id"], said["from"], said["text"]) == ("inbound", "M1", "+447700900123", text)
    assert reply["status"] == 200


def test_each_part_that_is_signed_is_proved(drive, r, sinch):  # noqa: F811
    name = "x-sinch-webhook-signature"
    good = sinch.reply(ONE, "1")
    headers = sinch.sign("", good)

    def told(**more):
        push = sinch.reply(ONE, "1")
        push.value = dict(good.value)
        push.sign = lambda url, p: {k: v for k, v in {**headers, **more}.items() if v is not None}
        return push
    assert tell(r, told())[1]["status"] == 200
    other = sinch.reply(ONE, "1")
    other.sign = lambda url, p: sinch.sign(url, p, secret="other")
    swapped = told()
    swapped.value["body"] = "9"
    for push in (other, swapped, told(**{name: None}), told(**{name + "-nonce": "x"}),
                 told(**{name + "-nonce": None}), told(**{name + "-timestamp": "1"}),
                 told(**{name + "-timestamp": None}), told(**{name: ""})):
        events, reply = tell(r, push)
        assert not events and reply["status"] == 403
    open_one = drive(conf(sinch, signature="none"), callback_url=URL)
    assert tell(open_one, other)[0][0]["text"] == "1"


def test_a_lost_answer_is_looked_for_and_settled_by_the_report(drive, sinch, tmp_path):  # noqa: F811
    d = drive(hasty(tmp_path, conf(sinch, timeout_ms=300)), callback_url=URL)
    sinch.silent = "taken"
    assert d.one(ident="A1", urgent=True)["ref"] == sinch.got[0].id()
    assert receipt(d, sinch.receipt(sinch.got[0], ONE))["id"] == "A1"
    assert d.one(ident="B1")["outcome"] == "unknown"


def test_gongd_takes_what_they_tell_and_counts_once_what_comes_twice(sinch):
    with gongd(conf(sinch)) as world:
        alert(world)
        pushes = [sinch.receipt(got, n, i < 2) for i, (got, n) in enumerate(sinch.booked())]
        counts_once(world, sinch, pushes, sinch.reply(sinch.booked()[0][1], "1", ident="M1"))
