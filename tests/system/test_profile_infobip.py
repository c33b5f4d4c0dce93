"""The profiles infobip and infobip-pull against Infobip's side."""
import pytest

from harness import wait_for
from profile_helpers import ONE, TEXTS, TWO, URL, alert, gongd, receipt, route, tell, until
from providers.base import together
from providers.infobip import Infobip
from test_http_driver import drive, started  # noqa: F401 (fixtures)

BOTH = pytest.mark.parametrize("name", ["infobip", "infobip-pull"])
CODES = {
    "config": "REJECTED_NOT_ENOUGH_CREDITS REJECTED_PREPAID_PACKAGE_EXPIRED REJECTED_SENDER"
              " REJECTED_SOURCE",
    "drop": "REJECTED_DESTINATION REJECTED_PREFIX_MISSING", "retry": "REJECTED_SYSTEM_ERROR",
    "retry_other": "REJECTED_DESTINATION_NOT_REGISTERED REJECTED_DND REJECTED_FLOODING_FILTER"
                   " REJECTED_MESSAGE_TOO_LONG REJECTED_NETWORK REJECTED_ROUTE_NOT_AVAILABLE"
                   " REJECTED_NEVER_SEEN",
}


def conf(name, provider, **more):
    return route(name, provider, **{"api_key": Infobip.KEY, "from": "447860000001", **more})


@pytest.fixture
def infobip(started):  # noqa: F811
    return started(Infobip())


@pytest.fixture
def start(drive, infobip):  # noqa: F811
    return lambda name="infobip", **more: drive(conf(name, infobip, **more), callback_url=URL)


def said_of(infobip):
    return [m for got in infobip.got for m in got["messages"]]


@BOTH
def test_every_text_arrives(start, infobip, name):
    d = start(name)
    for i, text in enumerate(TEXTS):
        fate = d.one(text, ident=f"T{i}")
        assert (fate["outcome"], fate["ref"]) == ("accepted", f"T{i}")
    d.send(("F", ONE), text="flash", **{"class": "flash"})
    d.dones(1)
    said = said_of(infobip)
    assert [m["content"]["text"] for m in said] == [*TEXTS, "flash"]
    assert said[0]["options"] == {"flash": False,
                                  "validityPeriod": {"amount": 1, "timeUnit": "MINUTES"}}
    assert said[-1]["options"]["flash"] is True
    assert said[0].get("webhooks", {}).get("delivery", {}).get("url") == \
        (URL if name == "infobip" else None)
    assert d.end() == 0 and Infobip.KEY.encode() not in d.log


def test_messages_of_different_texts_share_a_request_and_a_refused_one_spares_the_others(
        start, infobip):
    infobip.refuse = {"03": "REJECTED_DESTINATION", "05": "REJECTED_NETWORK"}
    d = start()
    assert d.events[0]["batch"] == 100
    d.say({"op": "send", "channel": "sms", "items": [
        {"id": f"N{i:02}", "to": f"+86138000000{i:02}", "text": f"text {i}"} for i in range(20)]})
    fates = d.dones(20)
    assert len(infobip.got) == 1
    assert {i: f["class"] for i, f in fates.items() if f["outcome"] != "accepted"} == \
        {"N03": "drop", "N05": "retry_other"}
    assert [m["content"]["text"] for m in said_of(infobip)] == [f"text {i}" for i in range(20)]


@pytest.mark.parametrize("code, klass", [(c, k) for k, codes in CODES.items() for c in codes.split()])
def test_what_a_status_means(start, infobip, code, klass):
    infobip.refuse = {ONE[1:]: code}
    fate = start().one()
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and "words" in fate["reason"]


def test_a_message_that_they_have_is_accepted(start, infobip):
    infobip.refuse = {ONE[1:]: "REJECTED_DUPLICATE_MESSAGE_ID"}
    assert start().one()["outcome"] == "accepted"


@pytest.mark.parametrize("code, klass", [("E403", "config"), ("E429", "retry"), ("E400", "retry_other")])
def test_what_the_code_of_a_refused_request_means(start, infobip, code, klass):
    infobip.whole = code
    fate = start().one()
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and code in fate["reason"]


@BOTH
def test_a_wrong_key_stops_the_route(start, name):
    assert start(name, api_key="wrong").one()["class"] == "config"


def test_receipts_and_replies(start, infobip):
    d = start()
    for i, to in enumerate((ONE, TWO)):
        d.one(ident=f"A{i}", to=to)
    one, two = infobip.got
    pushed = together(infobip.receipt(one, ONE), infobip.receipt(two, TWO, False))
    (first, second), reply = tell(d, pushed)
    assert (first["id"], first["to"], first["state"]) == ("A0", ONE, "delivered")
    assert (second["id"], second["state"], second["reason"]) == ("A1", "failed", "EC_ABSENT_SUBSCRIBER")
    assert reply["status"] == 200
    (said,), _ = tell(d, infobip.reply(ONE, "1 收到", ident="MO1"))
    assert (said["ev"], said["id"], said["from"], said["text"]) == ("inbound", "MO1", ONE, "1 收到")


def test_webhooks_may_be_signed(start, infobip):
    infobip.hook_secret = "hook-secret"
    d = start(signature="hmac", signature_secret="hook-secret")
    d.one(ident="A0")
    push = infobip.receipt(infobip.got[0], ONE)
    assert receipt(d, push)["state"] == "delivered"
    infobip.hook_secret = "another"
    events, reply = tell(d, push)
    assert not events and reply["status"] == 403


def test_receipts_and_replies_are_fetched(start, infobip):
    d = start("infobip-pull")
    d.one(ident="A0")
    infobip.keep(infobip.receipt(infobip.got[0], ONE))
    infobip.keep(infobip.reply(ONE, "1"))
    told = {}
    while set(told) < {"receipt", "inbound"}:        # in either order
        event = d.next(timeout=30)
        told.update({event["ev"]: event} if event["ev"] in ("receipt", "inbound") else {})
    assert (told["receipt"]["id"], told["receipt"]["state"]) == ("A0", "delivered")
    assert (told["inbound"]["from"], told["inbound"]["text"]) == (ONE, "1")


@BOTH
@pytest.mark.parametrize("ok, state", [(True, "delivered"), (False, "failed"), (None, None)])
def test_a_lost_answer_is_found_in_their_logs(start, infobip, name, ok, state):
    d = start(name, timeout_ms=300)
    infobip.silent = "taken"
    d.send(("A1", ONE))
    while not infobip.got:
        assert d.child.poll() is None
    if ok is not None:
        infobip.settle(infobip.got[0], ONE, ok)
    fate = d.dones(1)["A1"]
    assert (fate["outcome"], fate["ref"]) == ("accepted", "A1")
    assert state is None or until(d, "receipt")["state"] == state


def test_what_is_left_is_known(start):
    assert until(start(), "health", lambda e: "balance" in e)["balance"] == 12.34


def test_gongd_fetches_what_it_cannot_be_told(infobip):
    with gongd(conf("infobip-pull", infobip)) as world:
        alert(world)
        for got in infobip.got:
            for number in got.ids:
                infobip.keep(infobip.receipt(got, "+" + number))
        infobip.keep(infobip.reply("+" + number, "1"))
        wait_for("the receipts", lambda: world.states()["delivered"] >= 3, 40)
        wait_for("the reply", lambda: len(world.rows("SELECT * FROM inbound")) == 1, 40)
