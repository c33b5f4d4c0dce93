"""gong-modem: what lies in no memory of the modem is told until gongd has it, by one process or the
next (docs/drivers.md, Handed out once).

The test is its gongd, which takes what it hears when the test says so.
"""
import os

from test_modem_driver import A, bench, settle  # noqa: F401
from test_modem_messages import FAST, events
from test_modem_voice import QUECTEL, call, calls

JOURNAL = "journal"


def size(bench):  # noqa: F811
    return os.path.getsize(os.path.join(bench.folder, JOURNAL))


def twice(bench, sim, driver, ev, took, **config):  # noqa: F811
    """Told, not taken, killed; told again, taken, and then no more."""
    first = driver.expect(ev)
    assert size(bench) > 0
    driver.kill()
    driver = bench.driver(sim.tty, **config)
    again = driver.expect(ev)
    assert again[took] == first[took]
    driver.expect("ready")
    driver.op("took", id=again[took])
    settle(lambda: size(bench) == 0)
    driver.kill()
    driver = bench.driver(sim.tty, **config)
    driver.expect("ready")
    assert not events(driver, ev)
    return first, again


def test_a_missed_call_outlives_the_driver(bench):  # noqa: F811
    config = dict(FAST, journal=JOURNAL)
    sim, driver = bench.ready("--ring-every-ms", "200", **config)
    sim.tell("ring %s 3" % A)
    first, again = twice(bench, sim, driver, "inbound", "id", **config)
    assert again["missed_call"] is True and again["from"] == A and again["at"] == first["at"]


def test_a_text_that_came_straight_outlives_the_driver(bench):  # noqa: F811
    config = dict(FAST, journal=JOURNAL)
    sim, driver = bench.ready(**config)
    sim.tell("deliver-class0 %s 看这里" % A)
    _, again = twice(bench, sim, driver, "inbound", "id", **config)
    assert (again["text"], again["class"], again["from"]) == ("看这里", "flash", A)


def test_a_report_that_came_straight_outlives_the_driver(bench):  # noqa: F811
    config = dict(FAST, journal=JOURNAL)
    sim, driver = bench.ready("--receipt-ms", "50", **config)
    driver.send("m1", A, "hello", receipt=True)
    first, again = twice(bench, sim, driver, "receipt", "took", **config)
    assert (first["state"], first["ref"]) == (again["state"], again["ref"]) and first["ref"]


def test_keys_outlive_the_driver_and_the_modem(bench):  # noqa: F811
    sim, driver = calls(bench, QUECTEL, journal=JOURNAL)
    sim.tell("callee * alert 50 answer 100 key 7 700 end 9000")
    call(driver, "c1", text="", plays=1)
    settle(lambda: size(bench) > 0)
    driver.kill()
    driver = bench.driver(sim.tty, journal=JOURNAL, **FAST)
    told = driver.expect("call", id="c1")
    assert (told["state"], told["digits"]) == ("answered", "7")
    driver.expect("ready")
    driver.op("took", id=told["took"])
    settle(lambda: size(bench) == 0)


def test_keys_told_at_the_end_of_a_call_wait_for_gongd_too(bench):  # noqa: F811
    sim, driver = calls(bench, QUECTEL, journal=JOURNAL)
    sim.tell("callee * alert 50 answer 100 key 1 100")
    call(driver, "c1")
    end = driver.expect("call", id="c1", state="ended")
    assert end["digits"] == "1"
    driver.kill()
    driver = bench.driver(sim.tty, journal=JOURNAL, **FAST)
    again = driver.expect("call", id="c1")
    assert again["digits"] == "1"
    driver.op("took", id=again["took"])
    settle(lambda: size(bench) == 0)
