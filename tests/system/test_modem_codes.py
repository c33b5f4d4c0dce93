"""Whom a refusal speaks of: the sender's SIM, the number, the moment, or nobody.  The driver by
itself, then under gongd with people waiting; the simulated network's books are the witness."""
import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import wait_for                                    # noqa: E402
from modems import Modems                                       # noqa: E402
from test_modem_driver import A, B                              # noqa: E402
from test_modem_faults import Night, accepted                   # noqa: E402

C, D = "+999000000003", "+999000000004"


@pytest.fixture
def bench():
    b = Night()
    yield b
    b.close()


def fate(driver, id, to, text="one", **fields):
    driver.send(id, to, text, **fields)
    done = driver.expect("done", id=id)
    return done["outcome"], done.get("class")


ELSEWHERE, ROUTE = ("rejected", "retry_other"), ("rejected", "config")
LATER, NEVER = ("rejected", "retry"), ("rejected", "drop")


@pytest.mark.parametrize("code", [8, 10, 28, 50, 69, 330, 111, 304])
def test_two_different_numbers_with_the_same_code_make_it_the_routes(bench, code):
    sim, driver = bench.up()
    sim.tell("cms %d 2" % code)
    assert fate(driver, "m1", A) == ELSEWHERE
    assert fate(driver, "m2", B) == ROUTE
    assert fate(driver, "m3", C) == ("accepted", None)
    assert fate(driver, "m4", A) == ("accepted", None)          # forgiven with that


def test_an_acceptance_between_says_that_the_route_works(bench):
    sim, driver = bench.up()
    for i, to in enumerate((A, B, C, D)):
        sim.tell("cms 8 1")
        assert fate(driver, "bad%d" % i, to) == ELSEWHERE
        accepted(driver, "good%d" % i, "+999000000009")


@pytest.mark.parametrize("code", [1, 27, 29, 195])
def test_the_numbers_own_code_ends_that_number_however_many_have_it(bench, code):
    sim, driver = bench.up()
    sim.tell("cms %d 3" % code)
    assert [fate(driver, "m%d" % i, to) for i, to in enumerate((A, B, C))] == [NEVER] * 3
    accepted(driver, "m3", A)


@pytest.mark.parametrize("kind", ["cms 302", "cms 350", "cms 512", "cms 513", "cms 41", "cms 42",
                                  "cms 47", "cms 38", "cms 314", "cms 322", "cme 14"])
def test_what_passes_is_tried_again_by_the_same_route(bench, kind):
    sim, driver = bench.up()
    sim.tell(kind + " 3")
    assert [fate(driver, "m%d" % i, to) for i, to in enumerate((A, B, C))] == [LATER] * 3
    accepted(driver, "m3", A)
    assert not bench.said("modem trouble")


@pytest.mark.parametrize("kind", ["cms 500", "cms 332", "cms 197", "cme 31", "cme 100"])
def test_an_error_after_the_text_was_taken_is_unknown(bench, kind):
    sim, driver = bench.up()
    sim.tell(kind + " 1")
    assert fate(driver, "m1", A)[0] == "unknown"
    assert not bench.said("modem trouble")                      # it has answered
    accepted(driver, "m2", B)


def test_errors_of_the_modem_for_different_people_have_it_recovered(bench):
    sim, driver = bench.up()
    sim.tell("cms 500 2")
    assert fate(driver, "m1", A)[0] == "unknown"
    assert fate(driver, "m2", B)[0] == "unknown"
    accepted(driver, "m3", C)
    assert bench.said("modem trouble") == 1


def test_who_was_refused_for_the_sims_sake_is_not_sent_again_within_a_minute(bench):
    sim, driver = bench.up()
    sim.tell("cms 8 1")
    assert fate(driver, "m1", A) == ELSEWHERE
    for i in range(3):
        assert fate(driver, "again%d" % i, A) == LATER
    assert len(sim.log(ev="submit", state="air")) == 1          # the barred SIM is left alone
    accepted(driver, "m2", B)                                   # another person is tried at once
    accepted(driver, "m3", A)


def test_the_counts_outlive_a_driver_that_is_killed(bench):
    sim, driver = bench.up()
    sim.tell("cms 8 2")
    assert fate(driver, "m1", A) == ELSEWHERE
    driver.kill()
    bench.keep(driver)
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    assert fate(driver, "m2", B) == ROUTE


def test_the_probe_after_a_pause_is_somebody_else(bench):
    sim, driver = bench.up()
    sim.tell("cms 111 2")
    assert fate(driver, "m1", A) == ELSEWHERE
    assert fate(driver, "m2", B) == ROUTE
    assert fate(driver, "probe1", A) == LATER and fate(driver, "probe2", B) == LATER
    assert len(sim.log(ev="submit", state="air")) == 2          # neither went into the air
    accepted(driver, "probe3", C)
    accepted(driver, "m1b", A)


def test_if_nobody_else_comes_forward_the_probe_is_the_same(bench):
    sim, driver = bench.up()
    sim.tell("cms 111 2")
    assert fate(driver, "m1", A) == ELSEWHERE
    assert fate(driver, "m2", B) == ROUTE
    assert fate(driver, "probe1", A) == LATER
    time.sleep(3.1)                                             # the time others have
    accepted(driver, "probe2", A)


def test_without_a_network_nobody_else_is_tried_before_it_is_looked_for(bench):
    sim, driver = bench.up("--air-ms", "300", poll_seconds=60)
    sim.tell("register-quietly 2")
    driver.send("m1", A, "one", urgent=True)
    driver.send("m2", B, "two", urgent=True)
    driver.expect("ready", window=0)
    assert {driver.dones(i)[0]["class"] for i in ("m1", "m2")} == {"retry_other"}
    assert not sim.log(ev="submit", to=B)
    sim.tell("register 1")
    driver.expect("ready", window=2)
    accepted(driver, "m3", A)                                   # it was the network, nobody is held


# Under gongd


def delivered(m, count, seconds=40):
    wait_for("%d delivered" % count, lambda: m.world.states()["delivered"] >= count, seconds)


@pytest.mark.parametrize("code", [8, 28, 69])
def test_a_barred_sim_beside_a_healthy_one_costs_nobody_his_message(code):
    with Modems(2, air_ms=40) as m:
        m.people(20)
        m.tell(0, "cms %d 100000" % code)
        m.broadcast("b1")
        delivered(m, 20)
        assert m.world.states()["failed"] == 0
        wait_for("its alarm", lambda: "paused" in [a["name"] for a in m.health(0)["alarms"]])
        assert not m.books(0, ev="submit", state="accepted")
        assert len(m.books(0, ev="submit", state="refused")) <= 3


def test_one_passing_refusal_does_not_stop_the_only_modem():
    with Modems(1, air_ms=20) as m:
        m.people(12)
        for i, code in enumerate((512, 302)):
            m.tell(0, "cms %d 1" % code)
            m.broadcast("b%d" % i, severity="red")
            delivered(m, 12 * (i + 1))
        assert not m.health(0)["alarms"]


def test_a_number_that_always_gets_an_unlisted_code_stops_nobody_else():
    with Modems(1, air_ms=20) as m:
        m.people(12)
        m.tell(0, "cms 111 100000 +9992%09d" % 0)
        m.broadcast("b1", severity="red")
        delivered(m, 11)
        assert "paused" not in [a["name"] for a in m.health(0)["alarms"]]
        m.broadcast("b2", severity="red")
        delivered(m, 22)
