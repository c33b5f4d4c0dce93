"""What only shows after days: idle hours, clocks that jump, machines that sleep, disks that fill,
drivers that never behave, and the stop at the end of it all."""
import os
import re
import signal
import socket
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


def test_a_driver_is_not_believed_about_what_others_have():
    with world_with(lambda d: sim_route("sim1", d) + odd_route("liar", d, "liar")) as world:
        alert = world.send(key="a", template="flood.move", policy="move.now", severity="red",
                           audience={"divisions": ["990121001"]})
        books = wait_for("some to be sent", lambda: read_books(world.path("sim1.books")))
        with open(world.path("ids.new"), "w", encoding="ascii") as f:
            f.write("\n".join(e["id"] for e in books))
        os.rename(world.path("ids.new"), world.path("liar.books.ids"))
        wait_for("its word to be taken", lambda: os.path.exists(world.path("liar.books.told")), 30)
        assert world.rows("SELECT * FROM answer WHERE alert = ?", alert) == []
        assert "delivered" not in world.states(), world.states()
        assert world.rows("SELECT * FROM message WHERE parts_done") == []


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
        # The address sanitizer keeps what is freed, up to 256 MiB of it.
        assert rss_kib(world.gongd.pid) - start < (150000 if SLOW == 1 else 450000)
        assert starts(world, "flood") == 1 and starts(world, "sim1") == 1
        wait_for("everything settled", world.settled, 60)
        wait_for("the flood to be stored", lambda: metric(
            world, "gong_commands_urgent_waiting") == 0, 60)


def test_a_driver_told_to_end_by_others_leaves_nothing_in_doubt():
    """systemd and administrators send SIGTERM to drivers, too; and the kernel, when gongd dies."""
    with world_with(lambda d: sim_route("sim1", d)) as world:
        broadcast(world, "yellow")
        for n in range(2, 5):
            before = len(read_books(world.path("sim1.books")))
            wait_for("sim1 to work", lambda b=before: len(
                read_books(world.path("sim1.books"))) > b + 30 or world.settled())
            os.kill(world.drivers()["gong-sim"], signal.SIGTERM)
            wait_for("its next life", lambda: starts(world, "sim1") == n and
                     "gong-sim" in world.drivers())
        wait_for("everything settled", world.settled, 60)
        assert world.states() == {"sent": 540}
        assert books_agree(world, {"sim1": read_books(world.path("sim1.books"))})["unknown"] == 0


@pytest.mark.parametrize("mode", ["stop", "sim"])
def test_a_stop_amid_a_broadcast_leaves_nothing_in_doubt(mode):
    with world_with(lambda d: odd_route("r", d, "stop") if mode == "stop" else
                    sim_route("r", d)) as world:
        broadcast(world, "yellow")
        for _ in range(4):
            wait_for("messages with the driver",
                     lambda: metric(world, 'gong_route_in_flight{route="r"}') > 20)
            assert world.gongd.stop() == 0
            assert world.states()["sending"] == 0 == world.states()["uncertain"]
            world.start()
        world.gongd.stop()
        assert "in doubt" not in log(world).replace("in_doubt=0", "")
        books_agree(world, {"r": read_books(world.path("r.books"))})


def test_a_log_that_nobody_reads_stops_nobody():
    with world_with(lambda d: sim_route("sim1", d)) as world:
        world.gongd.stop()
        read, write = os.pipe()
        os.set_blocking(write, False)
        try:
            while os.write(write, b"x" * 4096):
                pass
        except BlockingIOError:
            pass
        os.set_blocking(write, True)
        world.gongd.p = subprocess.Popen([os.path.join(BUILD, "gongd"), "--config", world.conf],
                                         stdin=subprocess.DEVNULL, stderr=write)
        world.gongd.file = open(os.devnull, "ab")
        os.close(write)
        wait_for("gongd ready", world.is_ready)
        wait_for("the route", world.all_up)
        for i in range(20):
            world.gongd.signal(signal.SIGHUP)   # each would write a line
            assert world.api("GET", "/health/ready")[0] == 200
            time.sleep(0.02)
        broadcast(world)
        wait_for("everything settled", world.settled, 30)
        os.set_blocking(read, False)
        seen = b""
        while b"gongd ready" not in seen and len(seen) < 200000:
            try:
                seen += os.read(read, 65536)
            except BlockingIOError:
                break
        world.gongd.signal(signal.SIGHUP)
        time.sleep(1)
        seen = os.read(read, 65536)
        assert re.search(rb"log lines lost count=\d\d", seen), seen
        os.close(read)


def test_restarts_of_drivers_leak_nothing():
    with world_with(lambda d: sim_route("sim1", d)) as world:
        def fds():
            return len(os.listdir("/proc/%d/fd" % world.gongd.pid))

        def another_life(n):
            os.kill(world.drivers()["gong-sim"], signal.SIGKILL)
            wait_for("life %d" % n, lambda: starts(world, "sim1") == n and world.all_up(), 10)
        another_life(2)
        before = fds()
        for n in range(3, 6):
            another_life(n)
        assert fds() <= before + 1
        assert len(children(world.gongd.pid)) == 1, "no zombies"


@pytest.fixture
def small_disk():
    """A disk of its own for state_dir, and a way to fill it to the last byte."""
    mounted = []

    def mount(world, mib):
        os.mkdir(world.state)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % mib, "none", world.state],
                       check=True)
        mounted.append(world.state)

    yield mount
    for path in mounted:
        subprocess.run(["umount", "-l", path], check=False)


def fill(world):
    with open(os.path.join(world.state, "filler"), "ab", buffering=0) as f:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    f.write(b"x" * size)
            except OSError:
                pass


def alert(world, key):
    return world.api("POST", "/v1/alerts", dict(
        key=key, template="notice.text", severity="yellow", params={"text": "满" * 100 + key},
        audience={"contacts": ["warner-990121001001-1"]}))[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk needs root")
def test_a_full_disk_refuses_the_new_and_finishes_the_old(small_disk):
    with World(name="full") as world:
        world.routes = sim_route("sim1", world.dir).replace('"latency_ms" { value = "20"',
                                                            '"latency_ms" { value = "700"')
        world.write_conf()
        small_disk(world, 280)
        world.start()
        world.load(District(4, 15))
        assert "ballast" in os.listdir(world.state)
        broadcast(world)
        wait_for("the broadcast to move", lambda: world.states()["sent"] > 30)
        fill(world)
        n = iter(range(10000))
        wait_for("507", lambda: alert(world, "n%d" % next(n)) == 507, 30)
        wait_for("the old to be finished", world.settled, 30)
        assert world.states()["sent"] == 540 + len(world.rows("SELECT * FROM alert")) - 1
        assert "error disk full" in log(world) and alert(world, "more") == 507
        assert world.api("GET", "/health/ready")[0] == 503

        fill(world)                         # the ballast's room, too; and now a restart
        world.kill()
        p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf],
                           capture_output=True, text=True, timeout=60)
        assert p.returncode == 1 and "free some space" in p.stderr, p.stderr
        assert "backup" not in p.stderr, "nothing is damaged"

        os.unlink(os.path.join(world.state, "filler"))
        world.start()
        assert alert(world, "again") == 202 and "ballast" in os.listdir(world.state)
        fill(world)                         # a start on a full disk uses the ballast
        world.kill()
        world.start(wait=False)
        wait_for("the start", lambda: log(world).count("gongd ready") == 3)
        wait_for("the routes", world.all_up)
        assert alert(world, "third") == 507
        os.unlink(os.path.join(world.state, "filler"))
        wait_for("new alerts to be taken again", lambda: alert(world, "fourth") == 202)
        wait_for("the log to say so", lambda: "disk has room again" in log(world))
        wait_for("everything settled", world.settled)
        books_agree(world, {"sim1": read_books(world.path("sim1.books"))})


def can_unshare():
    return subprocess.run(["unshare", "--pid", "--fork", "true"], stderr=subprocess.DEVNULL).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="no process namespace to be had here")
def test_gongd_may_be_process_1_of_a_container():
    with World(SIM, name="pid1") as world:
        world.gongd = None
        with open(world.path("gongd.log"), "ab") as out:
            p = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child",
                                  os.path.join(BUILD, "gongd"), "--config", world.conf], stderr=out)
        try:
            wait_for("the route", lambda: "route ready" in log(world))
            for pid in children(p.pid):
                os.kill(pid, signal.SIGTERM)
            assert p.wait(15 * SLOW) == 0
        finally:
            p.kill()
            p.wait()


@pytest.mark.parametrize("old,new,words", [
    ('state_dir = "state"', 'state_dir = "no/such"', "correct state_dir"),
    ('state_dir = "state"', 'state_dir = "token"', "must be a folder"),
    ('socket = "gong.sock"', 'socket = "no/gong.sock"', "does its directory exist"),
    ("port = 0", "port = 1", "choose another port"),
])
def test_what_keeps_gongd_from_starting_is_said_with_the_remedy(old, new, words):
    with World(SIM, name="start") as world, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with open(world.conf, encoding="utf-8") as f:
            text = f.read()
        if "port" in old:
            new = "port = %d" % taken.getsockname()[1]
        with open(world.conf, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))
        p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf],
                           capture_output=True, text=True, timeout=30)
        assert p.returncode == 1 and words.lower() in p.stderr.lower(), p.stderr
