"""gong-modem under an unbroken red backlog: nobody who waits for the wire waits for ever.

The backlog is fed by each `done`, so that something urgent always waits; what happens meanwhile is
counted in messages that went past, not in seconds, so a slow machine judges like a fast one.
"""
import queue
import time

import pytest

from test_modem_driver import A, B, LONG, SLOW, settle
from test_modem_faults import Night


@pytest.fixture
def bench():
    b = Night()
    yield b
    b.close()


class Backlog:
    """Two urgent messages always wait; `until` takes events, and takes what comes in."""

    def __init__(self, driver, text="red", took=True):
        self.driver, self.text, self.took, self.sent, self.dones = driver, text, took, 0, []
        for _ in range(2):
            self.send()

    def send(self):
        self.sent += 1
        self.driver.send("r%d" % self.sent, A, self.text, urgent=True)

    def until(self, test, seconds=20):
        """Events until one fits; fails if none does in time."""
        end, seen = time.monotonic() + seconds * SLOW, []
        while True:
            try:
                event = self.driver.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError("not within %d s, but %s" % (seconds, seen[-20:])) from None
            assert event is not None, "the driver ended: %s" % seen[-20:]
            seen.append(event)
            self.driver.seen.append(event)
            if event["ev"] == "done":
                self.dones.append(event)
                self.send()
            if event["ev"] == "inbound" and self.took:
                self.driver.op("took", id=event["id"])
            if test(event):
                return seen

    def go(self, count):
        """So many more messages."""
        target = len(self.dones) + count
        self.until(lambda e: len(self.dones) >= target)


def test_an_answer_is_told_after_the_message_in_the_air(bench):
    sim, driver = bench.up("--air-ms", "300", poll_seconds=60)
    red = Backlog(driver)
    red.go(3)
    for i in range(5):
        sim.tell("deliver %s answer %d" % (B, i))
        seen = red.until(lambda e: e["ev"] == "inbound")
        assert seen[-1]["text"] == "answer %d" % i
        assert len([e for e in seen if e["ev"] == "done"]) <= 2


def test_between_the_parts_of_a_long_message_too(bench):
    sim, driver = bench.up("--air-ms", "300", poll_seconds=60)
    red = Backlog(driver, LONG)
    red.go(1)
    for i in range(3):
        sim.tell("deliver %s answer %d" % (B, i))
        seen = red.until(lambda e: e["ev"] == "inbound")
        assert len([e for e in seen if e["ev"] == "part"]) <= 2


def test_a_sim_of_one_place_lets_every_answer_in(bench):
    """The next one comes in only when the one before is deleted."""
    sim, driver = bench.up("--air-ms", "200", "--sm-size", "1", poll_seconds=60)
    red = Backlog(driver)
    red.go(2)
    for i in range(10):
        sim.tell("deliver %s answer %d" % (B, i))
    before = len(red.dones)
    for i in range(10):
        red.until(lambda e: e["ev"] == "inbound")
    assert len(red.dones) - before <= 20            # read within one air time, deleted within two


def test_a_sim_of_twenty_places_loses_no_answer_to_a_network_that_keeps_none(bench):
    sim, driver = bench.up("--air-ms", "100", poll_seconds=60)
    sim.tell("impatient on")
    red = Backlog(driver)
    red.go(2)
    for i in range(60):
        sim.tell("deliver %s answer %d" % (B, i))
        if i % 3 == 2:
            red.go(2)
    red.until(lambda e: len([x for x in driver.seen if x["ev"] == "inbound"]) == 60)
    assert not sim.log(ev="fault", fault="no room")
    driver.op("close", grace_ms=1000)
    texts = [e["text"] for e in driver.seen if e["ev"] == "inbound"]
    assert sorted(texts) == sorted("answer %d" % i for i in range(60))


def test_a_flood_of_answers_does_not_hold_up_what_is_urgent(bench):
    sim, driver = bench.up("--air-ms", "50", "--sm-size", "200", poll_seconds=60)
    for i in range(150):
        sim.tell("store SM unread %s old %d" % (B, i))
    red = Backlog(driver, took=False)
    sim.tell("deliver %s news" % B)                 # begins the reading
    red.go(20)


def test_a_registration_that_is_lost_is_acted_on_before_the_next_message(bench):
    sim, driver = bench.up("--air-ms", "800", poll_seconds=60)
    red = Backlog(driver)
    red.go(1)
    settle(lambda: sim.log(ev="submit", state="air", mr=sim.log(ev="submit")[-1]["mr"]))
    sim.tell("register 2")
    red.until(lambda e: e["ev"] == "ready" and e["window"] == 0)
    left = len(sim.log(ev="submit", state="air"))
    time.sleep(1.5)
    assert len(sim.log(ev="submit", state="air")) == left   # nothing is burnt on no network
    sim.tell("register 1")
    red.until(lambda e: e["ev"] == "ready" and e["window"] == 2)
    red.until(lambda e: e["ev"] == "done" and e["outcome"] == "accepted")


@pytest.mark.parametrize("poll", [1, 60])
def test_one_that_is_lost_without_a_word_is_seen_in_the_backlog(bench, poll):
    sim, driver = bench.up("--air-ms", "50", poll_seconds=poll)
    red = Backlog(driver)
    red.go(2)
    sim.tell("register-quietly 2")
    red.until(lambda e: e["ev"] == "ready" and e["window"] == 0, seconds=20)
    assert driver.expect("health", registered=False)["ok"] is False


def test_what_comes_while_there_is_no_network_goes_elsewhere_at_once(bench):
    sim, driver = bench.up(poll_seconds=60)
    sim.tell("register 0")
    driver.expect("ready", window=0)
    driver.send("m1", A, "one", urgent=True)
    done = driver.expect("done", id="m1")
    assert (done["outcome"], done["class"]) == ("rejected", "retry_other")
    assert not sim.log(ev="submit")


def test_the_health_is_asked_in_a_backlog_and_the_memories_are_listed(bench):
    sim, driver = bench.up("--air-ms", "50", poll_seconds=1)
    red = Backlog(driver)
    red.go(2)
    sim.tell("signal 5", "store ME unread %s nobody said so" % B)
    red.until(lambda e: e["ev"] == "health" and e.get("signal_dbm") == -103, seconds=30)
    if not [e for e in driver.seen if e["ev"] == "inbound"]:
        red.until(lambda e: e["ev"] == "inbound", seconds=30)
