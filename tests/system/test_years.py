"""What only shows after days: idle hours, clocks that jump, machines that sleep, disks that fill,
drivers that never behave, and the stop at the end of it all."""
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest

from district import District
from harness import BUILD, SLOW, World, books_agree, children, is_alive, read_books, wait_for
from test_faults import bad_route, broadcast, sim_route, world_with

SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms}
 option "simulation" { value = "true" }
}
'''


def metric(world, name):
    text = world.api("GET", "/metrics")[1]
    return int(re.search(r"^%s (\d+)$" % re.escape(name), text, re.M).group(1))


def log(world):
    with open(world.path("gongd.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def test_the_engine_shows_progress_while_the_next_step_is_minutes_away():
    """Without, a waiting alert looks like a hanging disk, and the watchdog kills gongd."""
    with World(SIM, name="idle") as world:
        world.start()
        world.load(District(1, 2))
        world.send(key="a", template="flood.move", policy="move.now", severity="red",
                   audience={"divisions": ["990121001"]})
        wait_for("the calls to be sent", lambda: world.messages() and world.settled())
        time.sleep(2)
        before = metric(world, "gong_turns_total")
        time.sleep(5)
        assert metric(world, "gong_turns_total") >= before + 3


HERE = os.path.dirname(os.path.abspath(__file__))


def odd_route(name, world_dir, mode):
    return bad_route(name, world_dir, mode, 0).replace("bad_driver.py", "odd_driver.py")


def starts(world, route):
    return metric(world, 'gong_route_starts_total{route="%s"}' % route)


def python_driver(world):
    return world.drivers().get("python3")


@pytest.fixture
def wall(tmp_path):
    """A wall clock for gongd and its drivers that the test can step, in ms."""
    shim, offset = tmp_path / "shim.so", tmp_path / "offset"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(shim),
                    os.path.join(HERE, "clock_shim.c"), "-ldl"], check=True)
    offset.write_text("0")
    before = dict(os.environ)
    os.environ.update(LD_PRELOAD=str(shim), CLOCK_SHIM=str(offset),
                      ASAN_OPTIONS="verify_asan_link_order=0")
    yield lambda ms: offset.write_text(str(ms))
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("by_h", [1, -1])
def test_a_clock_that_jumps_kills_no_driver(wall, by_h):
    with world_with(lambda d: sim_route("sim1", d).replace(
            '"latency_ms" { value = "20"', '"latency_ms" { value = "6000"')) as world:
        broadcast(world, "yellow")
        wait_for("messages with the driver",
                 lambda: metric(world, 'gong_route_in_flight{route="sim1"}') == 64)
        wall(by_h * 3600000)
        wait_for("the step to be seen", lambda: "clock stepped" in log(world))
        time.sleep(3)
        assert starts(world, "sim1") == 1
        victim = world.drivers()["gong-sim"]
        os.kill(victim, signal.SIGSTOP)     # and pings still work on the new clock
        wait_for("the stopped driver to be replaced", lambda: starts(world, "sim1") == 2, 20)
        assert "no pong" in log(world)


def test_a_machine_that_slept_kills_no_driver():
    """gongd did not run, so the driver's silence is not the driver's."""
    with world_with(lambda d: sim_route("sim1", d)) as world:
        driver = world.drivers()["gong-sim"]
        os.kill(driver, signal.SIGSTOP)
        time.sleep(2.5)                     # a ping is on its way
        world.gongd.signal(signal.SIGSTOP)
        time.sleep(8)
        world.gongd.signal(signal.SIGCONT)
        time.sleep(1)
        os.kill(driver, signal.SIGCONT)
        time.sleep(3)
        assert starts(world, "sim1") == 1
        assert world.drivers()["gong-sim"] == driver


def test_a_helper_does_not_outlive_its_driver():
    with world_with(lambda d: odd_route("odd", d, "helper")) as world:
        broadcast(world)
        wait_for("the driver to be replaced", lambda: starts(world, "odd") == 2, 4)
        with open(world.path("odd.books.helper"), encoding="ascii") as f:
            pid = int(f.read())
        wait_for("its helper to be gone", lambda: not is_alive(pid), 3)
        wait_for("everything settled", world.settled, 30)


def test_absurd_events_stop_nothing():
    with world_with(lambda d: odd_route("odd", d, "odd")) as world:
        broadcast(world)
        wait_for("everything settled", world.settled, 30)
        assert starts(world, "odd") == 1
        assert world.api("GET", "/health/ready")[0] == 200
        books_agree(world, {"odd": read_books(world.path("odd.books"))})


def test_drivers_that_exit_at_once_or_never_read_cost_nothing():
    with world_with(lambda d: odd_route("exits", d, "exits") + odd_route("deaf", d, "deaf") +
                    sim_route("sim1", d)) as world:
        broadcast(world)
        wait_for("everything settled", world.settled, 60)
        poison = [t for t in world.rows("SELECT * FROM task") if t["kind"] == "quarantine"]
        assert world.states() == {"sent": 540 - len(poison), **(
            {"uncertain": len(poison)} if poison else {})}, "only what met two deaths is held"
        time.sleep(4)
        assert 3 <= starts(world, "exits") <= 12, "back-off doubles"
        assert starts(world, "deaf") >= 2
        assert starts(world, "sim1") == 1
        assert len(world.rows("SELECT * FROM task")) == len(poison) <= 2


def rss_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def test_a_flood_of_inbound_is_held_back():
    with world_with(lambda d: odd_route("flood", d, "flood") + sim_route("sim1", d)) as world:
        start = rss_kib(world.gongd.pid)
        end, most = time.monotonic() + 15, 0
        while time.monotonic() < end:
            most = max(most, metric(world, "gong_commands_urgent_waiting"))
            time.sleep(0.2)
        broadcast(world)
        with open(world.path("flood.books.enough"), "w", encoding="ascii"):
            pass
        assert most < 25000, most
        assert rss_kib(world.gongd.pid) - start < 150000
        assert starts(world, "flood") == 1 and starts(world, "sim1") == 1
        wait_for("everything settled", world.settled, 60)
        wait_for("the flood to be stored", lambda: metric(
            world, "gong_commands_urgent_waiting") == 0, 60)
