"""The profile vonage against Vonage's side."""
import pytest

from harness import wait_for
from profile_helpers import ONE, TEXTS, TWO, alert, gongd, receipt, route, tell, until
from providers.vonage import Vonage
from test_http_driver import drive, started  # noqa: F401 (fixtures)

CODES = {"config": "2 4 8 9 11 14 15 23 32", "drop": "7 33", "retry": "1 10",
         "retry_other": "6 12 22 29 3 99"}


def conf(provider, **more):
    return route("vonage", provider, **{"api_key": Vonage.ID, "api_secret": Vonage.KEY,
                                        "from": "12015550000", "signature_secret": Vonage.SECRET,
                                        **more})


@pytest.fixture
def vonage(started):  # noqa: F811
    return started(Vonage(signed="sha256"))


@pytest.fixture
def r(drive, vonage):  # noqa: F811
    return drive(conf(vonage))


def test_every_text_arrives(r, vonage):
    for i, text in enumerate(TEXTS):
        fate = r.one(text, ident=f"T{i}")
        assert (fate["outcome"], fate["ref"]) == ("accepted", vonage.got[i].id())
    assert [g["text"] for g in vonage.got] == TEXTS
    assert [g["type"] for g in vonage.got] == ["text"] * 4 + ["unicode"] * 2 + ["text"]
    assert [g["client-ref"] for g in vonage.got[:2]] == ["T0", "T1"]
    assert 50000 <= int(vonage.got[0]["ttl"]) <= 60000
    assert r.end() == 0 and Vonage.KEY.encode() not in r.log


def test_a_message_of_several_parts_is_one_message(r, vonage):
    vonage.parts = 3
    assert r.one("x" * 400)["ref"] == vonage.got[0].id()


def test_a_refused_number_spares_the_others(r, vonage):
    vonage.refuse = {ONE[1:]: "7"}
    r.send(("A", ONE), ("B", TWO))
    fates = r.dones(2)
    assert (fates["A"]["class"], fates["B"]["outcome"]) == ("drop", "accepted")
    assert fates["A"]["reason"] == "provider answered 200 code 7: words"


@pytest.mark.parametrize("code, klass", [(c, k) for k, codes in CODES.items() for c in codes.split()])
def test_what_a_code_means(r, vonage, code, klass):
    vonage.whole = code
    fate = r.one()
    assert (fate["outcome"], fate["class"]) == ("rejected", klass)
    assert f"code {code}: words" in fate["reason"]


def test_their_internal_error_leaves_a_doubt(r, vonage):
    vonage.whole = "5"
    assert r.one()["outcome"] == "unknown"


def test_a_wrong_secret_stops_the_route(drive, vonage):  # noqa: F811
    assert drive(conf(vonage, api_secret="wrong")).one()["class"] == "config"


@pytest.mark.parametrize("hooks", ["POST", "JSON", "GET"])
def test_receipts_and_replies(r, vonage, hooks):
    vonage.hooks = hooks
    for i in range(3):
        r.one(ident=f"A{i}")
    one, two, three = vonage.got
    said = receipt(r, vonage.receipt(one, ONE))
    assert (said["id"], said["ref"], said["to"], said["state"]) == ("A0", one.id(), ONE, "delivered")
    said = receipt(r, vonage.receipt(two, ONE, False))
    assert (said["id"], said["state"], said["reason"]) == ("A1", "failed", "6")
    assert receipt(r, vonage.receipt(three, ONE, status="buffered"))["state"] == "buffered"
    (said,), reply = tell(r, vonage.reply(ONE, "1 收到", ident="MO1"))
    assert (said["ev"], said["id"], said["from"], said["text"]) == ("inbound", "MO1", ONE, "1 收到")
    assert reply["status"] == 200


@pytest.mark.parametrize("signed, options", [
    ("md5hash", {"signature": "vonage-md5hash"}), ("md5", {"signature_hash": "md5"}),
    ("sha512", {"signature_hash": "sha512"}), (None, {"signature": "none"})])
def test_they_may_sign_otherwise(drive, started, signed, options):  # noqa: F811
    vonage = started(Vonage(signed=signed))
    d = drive(conf(vonage, **options))
    d.one()
    assert receipt(d, vonage.receipt(vonage.got[0], ONE))["state"] == "delivered"


def test_a_callback_without_a_good_signature_is_refused(r, vonage):
    r.one()
    for signed in ("md5", None):
        vonage.signed = signed
        events, reply = tell(r, vonage.receipt(vonage.got[0], ONE))
        assert not events and reply["status"] == 403


def test_a_lost_answer_is_settled_by_the_receipt(drive, vonage):  # noqa: F811
    d = drive(conf(vonage, timeout_ms=300))
    vonage.silent = "taken"
    assert d.one(ident="A1")["outcome"] == "unknown"
    assert receipt(d, vonage.receipt(vonage.got[0], ONE))["id"] == "A1"


def test_what_is_left_is_known(r):
    assert until(r, "health", lambda e: "balance" in e)["balance"] == 12.34


def test_gongd_counts_once_what_comes_twice(vonage):
    with gongd(conf(vonage)) as world:
        alert(world)
        pushes = [vonage.receipt(got, "+" + got["to"], ok)
                  for got, ok in zip(vonage.got, (True, True, False))]
        reply = vonage.reply("+" + vonage.got[0]["to"], "1", ident="MO1")
        said = vonage.push(world.callback, *pushes, reply, shuffle=5, twice=True)
        assert all(vonage.took(one) for one in said) and len(said) == 8
        wait_for("the receipts", lambda: world.states()["delivered"] == 2)
        assert world.states()["failed"] == 1 and len(world.rows("SELECT * FROM inbound")) == 1
