"""The profiles yunpian and yunpian-pull against Yunpian's side (providers/yunpian.py)."""
import pytest

from harness import wait_for
from profile_helpers import ONE, TEXTS, TWO, URL, Mainland, alert, counts_once, gongd, hasty, receipt, route, tell, until
from providers.yunpian import Yunpian, sign
from test_http_driver import drive, started  # noqa: F401 (fixtures)

CLASSES = {"config": [1, 3, 11, 12, 14, 15, 16, 18, 26, 27, 40, -1, -2, -3, -52, -57], "drop": [10],
           "retry": [8, 33, 53, -4, -5, -51],
           "retry_other": [2, 4, 5, 7, 9, 13, 17, 20, 22, 23, 28, 43, 48, -53, 999]}
CODES = [(code, klass) for klass, codes in CLASSES.items() for code in codes]


def conf(provider, name="yunpian", **more):
    return route(name, provider, **{"apikey": provider.KEY, **more})


@pytest.fixture
def yunpian(started):  # noqa: F811
    return started(Yunpian())


@pytest.fixture
def r(drive, yunpian):  # noqa: F811
    return drive(conf(yunpian), callback_url=URL)


def test_their_own_example_of_a_signature_is_met(drive, yunpian):  # noqa: F811
    example = {"base_extend": "8888", "extend": "01", "id": "2a70c6bb4f2845da816ea1bfe5732747",
               "mobile": "15205201314", "reply_time": "2014-03-17 22:55:21", "text": "收到了，谢谢！"}
    proof = "393d079e0a00912335adfe46f4a2e10f"
    assert sign(example, "0000") == proof
    d = drive(conf(yunpian, apikey="0000"), callback_url=URL)
    (said,), _ = tell(d, yunpian.packed("sms_reply", {**example, "_sign": proof}))
    assert (said["id"], said["from"], said["text"]) == (example["id"], "+8615205201314", example["text"])


@pytest.mark.parametrize("urgent", [True, False])
def test_every_text_arrives(r, yunpian, urgent):
    for i, text in enumerate(TEXTS):
        assert r.one(text, ident=f"T{i}", urgent=urgent)["outcome"] == "accepted"
    assert [g["text"] for g in yunpian.got] == TEXTS
    assert set(yunpian.seen) - {"get"} == {"single_send" if urgent else "batch_send"}
    assert r.end() == 0 and Yunpian.KEY.encode() not in r.log


def test_each_number_of_a_batch_is_answered_for_itself(r, yunpian):
    yunpian.refuse = {f"{n:04}": code for n, (code, _) in enumerate(CODES)}
    numbers = [(f"N{n}", f"+861380000{n:04}") for n in range(len(CODES) + 5)]
    r.send(*numbers)
    fates = r.dones(len(numbers))
    assert len(yunpian.got) == 1
    for n, (code, klass) in enumerate(CODES):
        assert fates[f"N{n}"]["class"] == klass and f"code {code}" in fates[f"N{n}"]["reason"], code
    for ident, number in numbers[len(CODES):]:
        assert (fates[ident]["outcome"], fates[ident]["ref"]) == \
            ("accepted", str(yunpian.got[0].id(number)))


@pytest.mark.parametrize("code, klass", CODES)
def test_a_whole_request_is_refused_in_the_same_words(r, yunpian, code, klass):
    yunpian.whole = code
    fates = [r.one(ident="A1", urgent=True), r.one(ident="A2")]
    assert [(f["outcome"], f["class"]) for f in fates] == [("rejected", klass)] * 2, fates


def test_what_they_do_not_know_themselves_is_unknown(r, yunpian):
    yunpian.whole = -50
    assert [r.one(ident=i, urgent=i == "A1")["outcome"] for i in ("A1", "A2")] == ["unknown"] * 2


def test_a_wrong_key_stops_the_route(drive, yunpian):  # noqa: F811
    assert drive(conf(yunpian, apikey="wrong"), callback_url=URL).one()["class"] == "config"


@pytest.mark.parametrize("encodings", [1, 2])
def test_receipts_of_both_ways_are_read(r, yunpian, encodings):
    yunpian.encodings = encodings
    r.one(ident="A7", urgent=True)
    r.send(("B1", ONE), ("B2", TWO))
    r.dones(2)
    said = receipt(r, yunpian.receipt(yunpian.got[0], ONE))
    assert (said["id"], said["ref"], said["state"]) == ("A7", str(yunpian.got[0].id()), "delivered")
    batch = yunpian.got[1]
    (said,), reply = tell(r, yunpian.receipt(batch, TWO, ok=False))
    assert (said["ref"], said["to"], said["state"], said["reason"]) == \
        (str(batch.id(TWO)), TWO, "failed", "DB:0103")
    assert "id" not in said and (reply["status"], reply["body"]) == (200, "SUCCESS")


@pytest.mark.parametrize("encodings", [1, 2])
@pytest.mark.parametrize("text", ["1", "收到了,谢谢!", "\U0001f600 &=+%"])
def test_replies_prove_themselves(r, yunpian, text, encodings):
    yunpian.encodings = encodings
    (said,), reply = tell(r, yunpian.reply(ONE, text))
    assert (said["ev"], said["from"], said["text"]) == ("inbound", ONE, text)
    assert reply["body"] == "SUCCESS"


@pytest.mark.parametrize("signed", [{}, {"extend": ""}, {"extend": None}])
def test_a_value_that_is_not_there_does_not_lose_a_reply(r, yunpian, signed):
    said = {k: v for k, v in yunpian.reply(ONE, "1").kept[1].items() if k not in ("_sign", "extend")}
    proof = sign({k: "null" if v is None else v for k, v in {**said, **signed}.items()}, Yunpian.KEY)
    (event,), _ = tell(r, yunpian.packed("sms_reply", {**said, "extend": None, "_sign": proof}))
    assert event["text"] == "1"
    assert tell(r, yunpian.packed("sms_reply", {**said, "extend": None, "text": None, "_sign": proof}))[0] == []


def test_a_reply_that_is_not_theirs_is_refused(drive, r, yunpian):  # noqa: F811
    good = yunpian.reply(ONE, "1").kept[1]
    forged = [yunpian.reply(ONE, "1", key="other"), yunpian.reply(ONE, "1", _sign=None),
              yunpian.packed("sms_reply", {**good, "text": "2"}),
              yunpian.reply(ONE, "1", mobile="13800000009"), yunpian.reply(ONE, "1", more="x"),
              yunpian.packed("sms_reply", [good, {**good, "text": "2"}]),
              yunpian.packed("sms_reply", {k: v for k, v in good.items() if k != "_sign"}),
              yunpian.packed("sms_reply", "no list"), yunpian.packed("sms_other", good)]
    for push in forged:
        events, reply = tell(r, push)
        assert not events and reply["status"] == 403, push.value
    # nor one that stands where receipts do, or behind a good one
    for status in (403, {**good, "text": "2"}), (200, good), (403, {"text": "9", "mobile": ONE}):
        assert tell(r, yunpian.packed("sms_status", status[1]))[1]["status"] == status[0]
    push = yunpian.reply(ONE, "1")
    body = push.body() + b"&" + yunpian.reply(ONE, "9", key="other").body()
    push.body = lambda: body
    assert tell(r, push)[1]["status"] == 403
    open_one = drive(conf(yunpian, signature="none"), callback_url=URL)
    assert tell(open_one, yunpian.reply(ONE, "1", key="other"))[0][0]["text"] == "1"


def test_a_lost_answer_is_settled_by_the_receipt(drive, yunpian):  # noqa: F811
    d = drive(conf(yunpian, timeout_ms=300), callback_url=URL)
    yunpian.silent = "taken"
    assert d.one(ident="A1", urgent=True)["outcome"] == "unknown"
    assert receipt(d, yunpian.receipt(yunpian.got[0], ONE))["id"] == "A1"


def test_a_site_without_an_address_fetches_both(drive, yunpian, tmp_path):  # noqa: F811
    d = drive(hasty(tmp_path, conf(yunpian, "yunpian-pull")))
    d.send(("A1", ONE), ("B1", TWO))
    d.dones(2)
    got = yunpian.got[0]
    assert "callback_url" not in got
    for push in (yunpian.receipt(got, ONE), yunpian.receipt(got, TWO, False), yunpian.reply(ONE, "1 收到")):
        yunpian.keep(push)
    wait_for("all three", lambda: d.next() and
             sum(e["ev"] in ("receipt", "inbound") for e in d.events) == 3)
    told = {e["to"]: e["state"] for e in d.events if e["ev"] == "receipt"}
    assert told == {ONE: "delivered", TWO: "failed"}
    assert [e["text"] for e in d.events if e["ev"] == "inbound"] == ["1 收到"]


def test_a_pull_that_was_never_opened_is_an_alarm(drive, yunpian, tmp_path):  # noqa: F811
    yunpian.whole = -2
    d = drive(hasty(tmp_path, conf(yunpian, "yunpian-pull")))
    (alarm,) = until(d, "health", lambda e: e.get("alarms"))["alarms"]
    assert alarm["name"] == "pull"


def test_what_is_left_is_told(drive, yunpian):  # noqa: F811
    d = drive(conf(yunpian, balance_low="200"), callback_url=URL)
    told = until(d, "health", lambda e: "balance" in e)
    assert told["balance"] == 123.4 and [a["name"] for a in told["alarms"]] == ["balance"]


def test_gongd_takes_what_they_tell_and_counts_once_what_comes_twice(yunpian):
    with gongd(conf(yunpian)) as world:
        alert(world, people=Mainland)
        pushes = [yunpian.receipt(got, n, i < 2) for i, (got, n) in enumerate(yunpian.booked())]
        counts_once(world, yunpian, pushes, yunpian.reply(pushes[0].kept[1][0]["mobile"], "1"))
