"""The profile vonage against Vonage's side."""
import pytest

from district import District
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
    done = r.one("x" * 400)
    assert (done["ref"], done["parts"]) == (vonage.got[0].id(), 3)


@pytest.mark.parametrize("statuses, outcome, klass, words", [
    ({1: "1"}, "rejected", "retry", "part 2 of 2: provider answered 200 code 1"),
    ({0: "7", 1: "0"}, "rejected", "drop", "part 1 of 2"), ({1: "5"}, "unknown", None, "part 2 of 2"),
    ({0: "1", 1: "5"}, "unknown", None, "part 2 of 2"), ({0: "9", 1: "9"}, "rejected", "config", "part 1")])
def test_a_part_that_was_refused_is_a_message_that_was(r, vonage, statuses, outcome, klass, words):
    vonage.parts, vonage.part_status = 2, statuses
    fate = r.one("水" * 100)
    assert (fate["outcome"], fate.get("class")) == (outcome, klass) and words in fate["reason"]


def test_each_part_of_a_message_is_reported_by_its_own_reference(r, vonage):
    vonage.parts = 3
    r.one("水" * 150, ident="A1")
    told = [receipt(r, vonage.receipt(vonage.got[0], ONE, ok, part=part))
            for part, ok in ((2, True), (0, True), (1, False))]
    assert [(t["id"], t["state"]) for t in told] == \
        [("A1", "delivered"), ("A1", "delivered"), ("A1", "failed")]
    assert len({t["part_ref"] for t in told}) == 3 and not any("part" in t or "of" in t for t in told)


def test_a_long_reply_is_joined(r, vonage):
    texts = ["1 三组被困", "两人在屋顶", "水还在涨"]
    one, two, three = vonage.replies(ONE, texts, "77")
    other = vonage.replies(TWO, ["a", "b"], "77")
    for push in (three, one, one, other[1]):
        events, reply = tell(r, push)
        assert not events and reply["status"] == 200
    (said,), _ = tell(r, two)
    assert (said["from"], said["text"]) == (ONE, "".join(texts))
    assert tell(r, three)[0] == []      # pushed again
    assert tell(r, other[0])[0][0]["text"] == "ab"
    assert tell(r, vonage.replies(ONE, ["x", "y"], "78")[0])[0] == []
    assert tell(r, vonage.replies(ONE, ["x", "y"], "78")[1])[0][0]["text"] == "xy"


def test_parts_of_a_reply_wait_over_a_restart(drive, vonage):  # noqa: F811
    one, two = vonage.replies(ONE, ["1 三组被困", "两人"], "77")
    d = drive(conf(vonage))
    assert tell(d, one)[0] == []
    kept = [e for e in d.events if e["ev"] == "keep"][-1]["state"]
    d.child.kill()
    d = drive(conf(vonage), state=kept)
    assert tell(d, two)[0][0]["text"] == "1 三组被困两人"
    assert "三组" not in [e for e in d.events if e["ev"] == "keep"][-1]["state"]


def test_what_can_no_longer_be_kept_is_told_in_parts(r, vonage):
    pushes = [vonage.replies(f"+86138000001{i:02}", ["水" * 60, "x"], str(i))[0] for i in range(30)]
    told = [e for push in pushes for e in tell(r, push)[0]]
    assert 10 <= len(told) < 30
    assert all(e["text"] == "水" * 60 + "[…]" for e in told)
    assert [e["from"] for e in told] == [f"+86138000001{i:02}" for i in range(len(told))]
    assert all(len(e["state"].encode()) <= 4096 for e in r.events if e["ev"] == "keep")


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


def test_gongd_shows_no_half_of_a_message_as_delivered():
    vonage = Vonage(signed="sha256", parts=2)
    with gongd(conf(vonage)) as world:
        world.load(District(1, 3))
        world.send(key="p", template="notice.text", severity="red", params={"text": "河水上涨请立即转移" * 8},
                   audience={"divisions": ["990121001"], "roles": ["village_chief"]})
        wait_for("all to be sent", lambda: world.states()["sent"] == 3)
        fates = [(True, True), (False, True), (True, None)]
        for part in (0, 1):
            pushes = [vonage.receipt(got, "+" + got["to"], fate[part], part=part)
                      for got, fate in zip(vonage.got, fates) if fate[part] is not None]
            assert all(vonage.took(said) for said in vonage.push(world.callback, *pushes, twice=True))
            if part == 0:               # whoever dies between the two forgets nothing
                world.kill()
                world.start()
                wait_for("the route", world.all_up)
                world.callback = "http://127.0.0.1:%d/%s" % (world.port, world.callback.split("/", 3)[3])
        wait_for("the receipts", lambda: world.states()["delivered"] == 1 and
                 world.states()["failed"] == 1)
        assert world.states()["sent"] == 1
        for push in vonage.replies("+" + vonage.got[0]["to"], ["1 三组", "被困"], "9"):
            assert push.send(world.callback).status == 200
        wait_for("the reply", lambda: world.rows("SELECT text FROM inbound"))
        assert [r["text"] for r in world.rows("SELECT text FROM inbound")] == ["1 三组被困"]
    vonage.close()
