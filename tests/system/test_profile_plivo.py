"""The profile plivo against Plivo's side: messages and calls."""
import pytest

from harness import wait_for
from profile_helpers import (ONE, TEXTS, TWO, URL, called, gongd, level, place, receipt, route, tell,
                             until)
from providers.base import Said
from providers.plivo import Plivo
from test_http_driver import drive, started  # noqa: F401 (fixtures)


def conf(provider, **more):
    return route("plivo", provider, **{"auth_id": Plivo.ID, "auth_token": Plivo.KEY,
                                       "from": "15550000001", "confirmed": "Recorded.", **more})


@pytest.fixture
def plivo(started):  # noqa: F811
    return started(Plivo())


@pytest.fixture
def r(drive, plivo):  # noqa: F811
    return drive(conf(plivo), callback_url=URL)


def test_every_text_arrives(r, plivo):
    assert r.events[0]["channels"] == ["sms", "voice"]
    for i, text in enumerate(TEXTS):
        fate = r.one(text, ident=f"T{i}")
        assert (fate["outcome"], fate["ref"]) == ("accepted", plivo.got[i].id())
    assert [g["text"] for g in plivo.got] == TEXTS
    assert plivo.got[0]["url"] == URL + "?id=T0"
    assert r.end() == 0 and Plivo.KEY.encode() not in r.log


def test_a_refused_number_spares_the_others(r, plivo):
    plivo.refuse = {ONE[1:]: "dst is not a number"}
    r.send(("A", ONE), ("B", TWO))
    fates = r.dones(2)
    assert (fates["A"]["class"], fates["B"]["outcome"]) == ("retry_other", "accepted")
    assert fates["A"]["reason"] == "provider answered 400: dst is not a number"


def test_ten_refusals_in_a_row_stop_the_route(r, plivo):
    plivo.whole = "no such sender"
    assert [r.one(ident=f"A{i}")["class"] for i in range(10)] == ["retry_other"] * 9 + ["config"]


def test_a_wrong_token_stops_the_route(drive, plivo):  # noqa: F811
    assert drive(conf(plivo, auth_token="wrong"), callback_url=URL).one()["class"] == "config"


def test_receipts_and_replies(r, plivo):
    for i in range(3):
        r.one(ident=f"A{i}")
    one, two, three = plivo.got
    said = receipt(r, plivo.receipt(one, ONE))
    assert (said["id"], said["ref"], said["to"], said["state"]) == ("A0", one.id(), ONE, "delivered")
    said = receipt(r, plivo.receipt(two, ONE, False))
    assert (said["id"], said["state"], said["reason"]) == ("A1", "failed", "300")
    assert receipt(r, plivo.receipt(three, ONE, state="sent"))["state"] == "buffered"
    (said,), reply = tell(r, plivo.reply(ONE, "1 收到"))
    assert (said["ev"], said["from"], said["text"]) == ("inbound", ONE, "1 收到")
    assert reply["body"] == "<Response/>"


def test_a_callback_with_a_wrong_signature_is_refused(r, plivo):
    r.one()
    forged = plivo.receipt(plivo.got[0], ONE)
    forged.sign = lambda url, push: {**plivo.sign(url, push), "x-plivo-signature-v3": "AAAA"}
    events, reply = tell(r, forged)
    assert not events and reply["status"] == 403


def test_each_part_of_a_message_is_reported_by_its_number(r, plivo):
    r.one("水" * 100, ident="A1")
    got = plivo.got[0]

    def part(number, status="delivered"):
        push = plivo.receipt(got, ONE, state=status)
        push.value.update(MessageUUID=f"{got.id()}-{number}", PartInfo=f"{number} of 2", Units="2")
        said = receipt(r, push)
        return said["id"], said["part"], said["of"], said["part_state"]
    assert [part(2), part(1, "undelivered")] == [("A1", 2, 2, "delivered"), ("A1", 1, 2, "failed")]


def without(*names):
    return lambda plivo: lambda url, push: {k: v for k, v in Plivo.sign(plivo, url, push).items()
                                            if k not in names}


V2 = ("x-plivo-signature-v2", "x-plivo-signature-v2-nonce")
V3 = ("x-plivo-signature-v3", "x-plivo-signature-v3-nonce")


@pytest.mark.parametrize("lacks, status", [((), 200), (V3, 200), (V2, 200), (V2 + V3, 403)])
def test_messages_may_be_signed_by_v2_alone(r, plivo, lacks, status):
    r.one(ident="A1")
    plivo.sign = without(*lacks)(plivo)
    _, reply = tell(r, plivo.receipt(plivo.got[0], ONE))
    assert reply["status"] == status


def test_a_subaccount_is_signed_for_by_its_main_account_too(r, plivo):
    r.one(ident="A1")
    own = plivo.sign

    def sign(url, push):
        said = own(url, push)
        return {"x-plivo-signature-ma-v3": said["x-plivo-signature-v3"], "x-plivo-signature-v3": "AAAA",
                "x-plivo-signature-v3-nonce": said["x-plivo-signature-v3-nonce"]}
    plivo.sign = sign
    assert tell(r, plivo.receipt(plivo.got[0], ONE))[1]["status"] == 200


def test_a_lost_answer_is_settled_by_the_receipt(drive, plivo):  # noqa: F811
    d = drive(conf(plivo, timeout_ms=300), callback_url=URL)
    plivo.silent = "taken"
    assert d.one(ident="A1")["outcome"] == "unknown"
    assert receipt(d, plivo.receipt(plivo.got[0], ONE))["id"] == "A1"


def test_what_is_left_is_known(r):
    assert until(r, "health", lambda e: "balance" in e)["balance"] == 12.34


def heard(plivo, got, reply):
    return plivo.hears(got, Said(reply["status"], reply["body"]))


def test_a_call_is_answered_by_a_key(r, plivo):
    got = place(r, plivo)
    assert got["ring_timeout"] == 35
    (up,), said = tell(r, plivo.answered(got))
    assert heard(plivo, got, said) == ["立即<转移>"] and got.gathers[0]["numDigits"] == "1"
    (wrong,), again = tell(r, plivo.key(got, "5"))
    assert heard(plivo, got, again) == ["立即<转移>"]
    (right,), thanks = tell(r, plivo.key(got, "1"))
    assert heard(plivo, got, thanks) == ["Recorded."] and not got.gathers
    (ended, done), _ = tell(r, plivo.ended(got))
    assert [e["state"] for e in (up, wrong, right, ended)] == ["answered"] * 3 + ["ended"]
    assert (wrong["digits"], right["digits"], ended["outcome"]) == ("5", "1", "answered")
    assert (done["outcome"], done["ref"]) == ("accepted", got.id())


@pytest.mark.parametrize("how", ["busy", "no_answer"])
def test_how_else_a_call_ends(r, plivo, how):
    got = place(r, plivo)
    (ended, done), _ = tell(r, getattr(plivo, how)(got))
    assert ended["outcome"] == how and done["outcome"] == "accepted"


def test_a_machine_is_noted(r, plivo):
    got = place(r, plivo)
    tell(r, plivo.machine(got))
    (ended, _), _ = tell(r, plivo.ended(got))
    assert (ended["outcome"], ended["machine"]) == ("answered", "true")


def test_a_key_in_a_call_acknowledges(plivo):
    with gongd(conf(plivo), "{voice}") as world:
        ident, got = called(world, plivo)
        (said,) = plivo.push(None, plivo.answered(got))
        assert "暴雨" in plivo.hears(got, said)[0]
        wait_for("picked up", lambda: level(world, ident) == 2)
        (thanks,) = plivo.push(None, plivo.key(got, "1"))
        assert plivo.hears(got, thanks) == ["Recorded."]
        wait_for("acknowledged", lambda: level(world, ident) == 3)
        assert plivo.push(None, plivo.ended(got))[-1].status == 200
