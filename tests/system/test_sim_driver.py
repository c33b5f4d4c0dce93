"""gong-sim by itself: a fate for every item, people who answer, books (docs/sim-driver.md)."""
import json
import os
import queue
import subprocess
import threading
import time

import pytest

from harness import BUILD, SLOW, driver_event

FOREVER = 4000000000000


class Driver:
    """The driver on two pipes; every wait is bounded."""

    def __init__(self, config, opened=True):
        self.p = subprocess.Popen([os.path.join(BUILD, "gong-sim")], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.events, self.seen = queue.Queue(), []
        threading.Thread(target=self.read, daemon=True).start()
        if opened:
            self.op(op="open", protocol=1, route="r", config=config)

    def read(self):
        for line in self.p.stdout:
            self.events.put(driver_event(line))
        self.events.put(None)

    def op(self, **fields):
        self.p.stdin.write(json.dumps(fields).encode() + b"\n")
        self.p.stdin.flush()

    def send(self, ids, text="收到回复1", to="+99912340001", **more):
        self.op(op="send", channel="sms", text=text, not_after=more.pop("not_after", FOREVER),
                items=[{"id": i, "to": to} for i in ids], **more)

    def call(self, id, to="+99912340001", ring_ms=2000, **more):
        self.op(op="call", id=id, to=to, say=[{"text": "请按1", "language": "zh"}],
                keys={"1": "acknowledged"}, ring_ms=ring_ms, plays=2, not_after=FOREVER, **more)

    def next(self, ev, seconds=5):
        end = time.monotonic() + seconds * SLOW
        while True:
            event = self.events.get(timeout=max(0.001, end - time.monotonic()))
            assert event is not None, "the driver ended: %s" % self.p.stderr.read().decode()
            self.seen.append(event)
            if event["ev"] == ev:
                return event

    def fates(self, count, seconds=5):
        """id -> event; fails when an item has two fates."""
        fates = {}
        while len(fates) < count:
            done = self.next("done", seconds)
            for i in done.get("ids", [done.get("id")]):
                assert i not in fates, "two fates for %s" % i
                fates[i] = done
        return fates

    def end(self):
        if self.p.stdin and not self.p.stdin.closed:
            self.p.stdin.close()
        try:
            return self.p.wait(8 * SLOW)
        except subprocess.TimeoutExpired:
            self.p.kill()
            raise


@pytest.fixture
def drive():
    started = []

    def start(**config):
        d = Driver(dict(config, simulation=True))
        started.append(d)
        return d, d.next("ready")
    yield start
    for d in started:
        d.end()


@pytest.mark.parametrize("config, says", [
    ({}, "simulation"),
    ({"simulation": True, "latenzy_ms": 3}, "latenzy_ms"),
    ({"simulation": True, "loss": 1.5}, "loss must be a number from 0 to 1"),
    ({"simulation": True, "channels": "fax"}, "channels"),
    ({"simulation": True, "log": "/nowhere/books"}, "/nowhere/books"),
])
def test_it_refuses_to_open_and_says_why(config, says):
    d = Driver(config)
    fatal = d.next("fatal")
    assert says in fatal["reason"] and fatal["retry"] is False
    assert d.end() == 1


def test_every_item_is_accepted_and_in_the_books(drive, tmp_path):
    d, ready = drive(log=str(tmp_path / "books"), window=5000, latency_ms="5", jitter_ms="20")
    assert (ready["window"], ready["batch"]) == (5000, 500)
    ids = ["m%d" % i for i in range(2000)]
    for i in range(0, 2000, 500):
        d.send(ids[i:i + 500], text='says "now"\n立即', reference=7)
    fates = d.fates(2000)
    assert {f["outcome"] for f in fates.values()} == {"accepted"}
    books = [json.loads(line) for line in open(tmp_path / "books", encoding="utf-8")]
    assert sorted(b["id"] for b in books) == sorted(ids)
    assert {(b["ev"], b["text"], b["to"], b["reference"]) for b in books} == \
        {("message", 'says "now"\n立即', "+99912340001", 7)}


def test_shares_are_kept_and_the_same_seed_gives_the_same_night(drive, tmp_path):
    def night(seed, latency):
        d, _ = drive(reject=0.2, unknown=0.1, reject_class="drop", seed=seed, latency_ms=latency)
        d.send(["m%d" % i for i in range(1000)])
        return {i: (f["outcome"], f.get("class")) for i, f in d.fates(1000).items()}
    first = night(1, 0)
    assert first == night(1, 10) != night(2, 0)
    outcomes = list(first.values())
    assert 150 < outcomes.count(("rejected", "drop")) < 250
    assert 50 < outcomes.count(("unknown", None)) < 130


def test_receipts_come_for_what_arrived_and_not_for_what_was_lost(drive, tmp_path):
    d, _ = drive(receipts=True, receipt_ms=10, loss=0.5, log=str(tmp_path / "books"))
    d.send(["m%d" % i for i in range(200)])
    d.fates(200)
    lost = {b["id"] for b in map(json.loads, open(tmp_path / "books")) if b.get("lost")}
    assert 60 < len(lost) < 140
    got = {d.next("receipt")["id"] for _ in range(200 - len(lost))}
    assert got == {"m%d" % i for i in range(200)} - lost


def test_people_answer_once_or_stay_silent_and_the_file_is_read_again(drive, tmp_path):
    people = tmp_path / "people"
    people.write_text("# who\n+99912340002 sms 0 -\n99912340001 sms 20 1 路上 x1\n"
                      "+9991234* sms 5 0 after 1\n", encoding="utf-8")
    d, _ = drive(people=str(people))
    d.send(["a"])
    d.send(["b"], to="+99912340002")
    first = d.next("inbound")
    assert (first["from"], first["text"]) == ("+99912340001", "1 路上")
    d.send(["c"])
    second = d.next("inbound")
    assert (second["from"], second["text"]) == ("+99912340001", "0")
    assert first["id"] != second["id"]
    people.write_text("+99912340002 sms 0 3\n")
    time.sleep(0.15)
    d.send(["d"], to="+99912340002")
    assert d.next("inbound")["text"] == "3"
    people.write_text("+99912340002 sms never 3\n")
    time.sleep(0.15)
    d.send(["e"], to="+99912340002")
    assert d.next("inbound")["text"] == "3", "a faulty file must leave the old rules"


def test_a_faulty_people_file_is_refused_with_its_line(tmp_path):
    people = tmp_path / "people"
    people.write_text("+999 sms 0 -\n+999 voice 10 sings\n")
    d = Driver({"simulation": True, "people": str(people)})
    assert "people:2:" in d.next("fatal")["reason"]
    d.end()


def test_calls_are_answered_at_the_second_try_and_end_with_the_key(drive, tmp_path):
    people = tmp_path / "people"
    people.write_text("+99912340001 voice 3000 no_answer x1\n"
                      "+99912340001 voice 30 answer 1 40\n+99912340002 voice 0 busy\n"
                      "+99912340003 voice 20 reject\n")
    d, ready = drive(channels="voice", people=str(people), log=str(tmp_path / "books"))
    assert ready["channels"] == ["voice"] and ready["window"] == 10

    def story(id, to, **more):
        d.seen.clear()
        d.call(id, to, **more)
        done = d.next("done")
        calls = [(e["state"], e.get("outcome"), e.get("digits")) for e in d.seen
                 if e["ev"] == "call"]
        return done["outcome"], calls
    assert story("a", "+99912340001", ring_ms=100) == \
        ("accepted", [("ringing", None, None), ("ended", "no_answer", None)])
    assert story("b", "+99912340001") == \
        ("accepted", [("ringing", None, None), ("answered", None, None),
                      ("ended", "answered", "1")])
    assert story("c", "+99912340002") == ("accepted", [("ended", "busy", None)])
    assert story("d", "+99912340003")[1][-1] == ("ended", "rejected", None)
    assert story("e", "+99912340009", ring_ms=50)[1][-1] == ("ended", "no_answer", None)
    books = [json.loads(line) for line in open(tmp_path / "books", encoding="utf-8")]
    assert [(b["ev"], b["id"]) for b in books][:2] == [("call", "a"), ("ended", "a")]
    assert sum(b["ev"] == "call" for b in books) == 5


def test_more_calls_than_lines_wait_and_can_be_withdrawn(drive):
    d, _ = drive(channels="voice", lines=2)
    for i in "abcd":
        d.call(i, ring_ms=300 * SLOW)
    assert {d.next("call")["id"], d.next("call")["id"]} == {"a", "b"}
    d.op(op="withdraw", ids=["d", "a", "nobody"])
    fates = d.fates(4)
    assert {i: f["outcome"] for i, f in fates.items()} == \
        {"a": "accepted", "b": "accepted", "c": "accepted", "d": "withdrawn"}


def test_withdraw_stops_what_has_not_left_and_nothing_else(drive, tmp_path):
    d, _ = drive(latency_ms=400, log=str(tmp_path / "books"))
    d.send(["a", "b", "c"])
    d.op(op="withdraw", ids=["b"])
    fates = d.fates(3)
    assert {i: f["outcome"] for i, f in fates.items()} == \
        {"a": "accepted", "b": "withdrawn", "c": "accepted"}
    assert fates["b"]["reason"]
    assert {json.loads(line)["id"] for line in open(tmp_path / "books")} == {"a", "c"}


def test_nothing_leaves_after_its_validity(drive, tmp_path):
    d, _ = drive(log=str(tmp_path / "books"))
    d.send(["old"], not_after=1000)
    assert d.fates(1)["old"]["outcome"] == "rejected"
    assert not os.path.getsize(tmp_path / "books")


@pytest.mark.parametrize("how", ["close", "eof"])
def test_at_the_end_what_is_in_hand_is_finished_and_the_rest_given_back(drive, how):
    d, _ = drive(channels="sms,voice", latency_ms=100)
    d.send(["soon"])
    d.call("rings", ring_ms=30000)
    time.sleep(0.2 * SLOW)
    d.send(["soon2"])
    d.call("waits", ring_ms=30000)
    if how == "close":
        d.op(op="close", grace_ms=5000)
    else:
        d.p.stdin.close()
    fates = d.fates(4)
    assert {i: (f["outcome"], f.get("class")) for i, f in fates.items()} == {
        "soon": ("accepted", None), "soon2": ("accepted", None),
        "rings": ("unknown", None), "waits": ("rejected", "retry")}
    assert d.p.wait(5 * SLOW) == 0


def test_it_answers_pings_and_survives_ops_before_open():
    d = Driver({}, opened=False)
    d.send(["early"])
    d.op(op="ping", n=4)
    assert d.fates(1)["early"]["outcome"] == "rejected"
    pongs = [e for e in d.seen if e["ev"] == "pong"] or [d.next("pong")]    # before it, or after
    assert pongs[0]["n"] == 4
    assert d.end() == 0


WHOLE = '{"at":1,"ev":"message","id":"x","to":"+1","reference":0,"text":"a"}\n'


@pytest.mark.parametrize("before, torn", [("", '{"at":1,"ev":"message","id":"torn by a ki'),
                                          (WHOLE, '{'), (WHOLE * 200, WHOLE[:-1]),
                                          (WHOLE, '{"text":"' + "字" * 9000)])
def test_a_line_that_a_kill_tore_is_not_there(drive, tmp_path, before, torn):
    books = tmp_path / "books"
    books.write_text(before + torn, encoding="utf-8")
    d, _ = drive(log=str(books))
    assert books.read_text(encoding="utf-8") == before
    d.send(["0000000000001"])
    d.fates(1)
    lines = books.read_text(encoding="utf-8").splitlines()
    assert len(lines) == before.count("\n") + 1
    assert json.loads(lines[-1])["id"] == "0000000000001"


def test_a_line_of_somebody_elses_is_ended_and_not_cut_off(drive, tmp_path):
    books = tmp_path / "books"
    books.write_text("notes of mine", encoding="utf-8")
    drive(log=str(books))
    assert books.read_text(encoding="utf-8") == "notes of mine\n"


def ids_of(books, ev):
    return [b["id"] for b in map(json.loads, books.read_text(encoding="utf-8").splitlines())
            if b["ev"] == ev]


def test_the_books_are_whole_lines_whenever_it_is_killed(drive, tmp_path):
    """Two kills in a row, each in the middle of a great deal of writing."""
    books, told = tmp_path / "books", set()
    for life in range(6):
        d, _ = drive(log=str(books))
        for n in range(40):
            d.send(["%02d%011d" % (life, n * 500 + i) for i in range(500)], text="库区水位上涨" * 30)
        for _ in range(1 + 3 * (life % 2)):         # killed early, then a little later
            told.update(d.next("done")["ids"])
        d.p.kill()
        d.p.wait(5)
        while (event := d.events.get(timeout=5)) is not None:
            told.update(event.get("ids", []) if event["ev"] == "done" else [])
    drive(log=str(books))
    kept = ids_of(books, "message")                 # every line is JSON
    assert len(kept) == len(set(kept)) and told <= set(kept)


@pytest.mark.parametrize("kills", [1, 2])
def test_who_was_to_answer_answers_after_kills_too_and_once(drive, tmp_path, kills):
    books, people = tmp_path / "books", tmp_path / "people"
    people.write_text("+99912340001 sms 1500 1 路上\n+99912340002 sms 300 3\n+99912340003 sms 0 -\n",
                      encoding="utf-8")
    config = {"log": str(books), "people": str(people)}
    d, _ = drive(**config)
    for n in (1, 2, 3):
        d.send(["000000000000%d" % n], to="+9991234000%d" % n)
    d.fates(3)
    begun, early = time.monotonic(), []
    for _ in range(kills):
        d.p.kill()
        d.p.wait(5)
        d, _ = drive(**config)
    for _ in range(2):
        early.append(d.next("inbound"))
    assert time.monotonic() - begun >= 1.0          # at its time, not at the start
    assert [(e["from"], e["text"]) for e in early] == [("+99912340002", "3"), ("+99912340001", "1 路上")]
    d.op(op="took", id=early[0]["id"])
    wait_took(books, early[0]["id"])
    d.p.kill()
    d.p.wait(5)
    d, _ = drive(**config)
    assert d.next("inbound")["id"] == early[1]["id"]    # gongd has not said that it has it
    d.op(op="took", id=early[1]["id"])
    wait_took(books, early[1]["id"])
    d.end()
    d, _ = drive(**config)
    with pytest.raises(queue.Empty):
        d.next("inbound", seconds=1)


def wait_took(books, id):
    end = time.monotonic() + 5 * SLOW
    while id not in ids_of(books, "took"):
        assert time.monotonic() < end, "not written"
        time.sleep(0.02)


def test_what_it_asks_to_keep_spares_it_the_old_books(drive, tmp_path):
    books, people = tmp_path / "books", tmp_path / "people"
    people.write_text("* sms 0 1\n", encoding="utf-8")
    d, _ = drive(log=str(books), people=str(people))
    d.send(["0000000000001"])
    inbound = d.next("inbound")
    d.op(op="took", id=inbound["id"])
    keep = d.next("keep")["state"]
    assert keep == "books=%d" % books.stat().st_size
    d.end()
    size = books.stat().st_size                     # what stands before is not looked at
    books.write_bytes(books.read_bytes().replace(b'"ev":"took"', b'"ev":"toot"'))
    assert books.stat().st_size == size
    d = Driver({}, opened=False)
    d.op(op="open", protocol=1, route="r", state=keep,
         config={"simulation": True, "log": str(books), "people": str(people)})
    with pytest.raises(queue.Empty):
        d.next("inbound", seconds=1)
    d.end()
