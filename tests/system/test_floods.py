"""A driver that tells too much, or that does not end, delays nobody else: no other route, no
request, no stop."""
import os
import re
import signal
import time

import pytest

from district import District
from harness import SLOW, World, is_alive, read_books, wait_for
from test_faults import HERE, broadcast, sim_route, world_with

# What a driver may repeat without end; each of them stops gongd when nothing bounds it.
KINDS = ["receipt", "receipt_took", "inbound", "health", "keep", "ready", "call", "done", "pong",
         "mutter", "unknown"]


def flood_route(name, world_dir, more="backup = true\n", **options):
    values = dict(log="%s/%s.books" % (world_dir, name), **options)
    return 'route "%s" {\n driver = "%s/flood_driver.py"\n channels = {sms, voice}\n %s%s}\n' % (
        name, HERE, more, "".join(' option "%s" { value = "%s" }\n' % pair
                                  for pair in values.items()))


def route_metric(world, name, route):
    text = world.api("GET", "/metrics")[1]
    found = re.search(r'^%s{route="%s"} (\d+)$' % (name, route), text, re.M)
    return int(found.group(1))


def told(world, route):
    try:
        with open(world.path(route + ".books.told"), encoding="ascii") as f:
            return int(f.read() or 0)
    except OSError:
        return 0


def stop_within(world, seconds):
    start = time.monotonic()
    world.gongd.signal(signal.SIGTERM)
    wait_for("gongd to end", lambda: not world.gongd.alive(), 30)
    took = time.monotonic() - start
    assert world.gongd.p.returncode == 0
    assert took < seconds * SLOW, "%.1f s" % took


def test_floods_of_every_kind_at_once_delay_no_other_route_and_no_stop():
    def routes(d):
        return "".join(flood_route("f-" + k, d, tells=k, close="ignore") for k in KINDS) + \
            sim_route("sim1", d)

    with world_with(routes) as world:
        wait_for("all of them to flood", lambda: all(told(world, "f-" + k) > 400 for k in KINDS))
        wait_for("the alarm about those that lead to nothing", lambda: [
            a for r in world.api("GET", "/v1/routes")[1]["routes"] if r["name"] == "f-unknown"
            for a in r["alarms"] if a["name"] == "chatty"], 40)
        broadcast(world, text="红色")
        wait_for("the good route to carry it", lambda: sum(
            "红色" in b["text"] for b in read_books(world.path("sim1.books"))) == 540, 20)
        wait_for("everything settled", world.settled, 10)
        assert set(world.states()) == {"sent"}
        for kind in KINDS:
            assert route_metric(world, "gong_route_starts_total", "f-" + kind) == 1, kind
        assert route_metric(world, "gong_route_starts_total", "sim1") == 1
        for kind in ("health", "keep", "ready", "done", "pong", "mutter", "unknown"):
            assert route_metric(world, "gong_route_excess_total", "f-" + kind) > 0, kind
        stop_within(world, 20)


def test_a_flood_of_replies_loses_none():
    """Back-pressure, never loss: each is on disk in the end, also those told before a stop."""
    with world_with(lambda d: flood_route("f", d, tells="inbound", count=40000)) as world:
        wait_for("all of them to be told", lambda: told(world, "f") == 40000, 60)
        wait_for("all of them to be stored", lambda: world.rows(
            "SELECT count(*) AS n FROM inbound")[0]["n"] == 40000, 60)


def test_of_health_the_newest_is_kept():
    with world_with(lambda d: flood_route("f", d, tells="health", count=3000)) as world:
        wait_for("the newest one", lambda: [
            r for r in world.api("GET", "/v1/routes")[1]["routes"]
            if r["health"] and r["health"].get("note") == "n2999"], 30)


def test_what_a_driver_writes_to_standard_error_is_in_the_log_also_its_last_words():
    with world_with(lambda d: sim_route("sim1", d) + flood_route("f", d, tells="nonsense") +
                    flood_route("m", d, tells="mutter", count=5)) as world:
        def log():
            with open(world.path("gongd.log"), encoding="utf-8") as f:
                return f.read()

        wait_for("its words", lambda: 'driver says route=m: {"words": 4}' in log())
        wait_for("why it died", lambda: "driver says route=f: KeyError: 'nonsense'" in log())


@pytest.mark.parametrize("close", ["ignore", "hang", "leave"])
def test_a_stop_ends_whatever_drivers_do(close):
    with world_with(lambda d: flood_route("r", d, more="", close=close, holds="true")) as world:
        broadcast(world, "yellow")
        wait_for("messages with the driver", lambda: route_metric(
            world, "gong_route_in_flight", "r") == 64)
        pid = world.drivers()["python3"]
        stop_within(world, 20)
        assert not is_alive(pid)
        assert world.states()["sending"] == 0
        assert len([a for a in world.attempts() if a["outcome"] == "unknown"]) == 64
        assert not world.rows("SELECT * FROM message WHERE kills > 0"), "no message is to blame"
        if close == "leave":
            with open(world.path("r.books.helper"), encoding="ascii") as f:
                os.kill(int(f.read()), signal.SIGKILL)


def test_a_call_that_a_stop_cut_rings_again_at_the_start():
    with World(name="cut") as world:
        world.routes = flood_route("trunk", world.dir, more="", close="ignore", holds="true")
        world.write_conf()
        world.start()
        world.load(District(1, 1))
        world.send(key="a", template="flood.move", policy="move.now", severity="yellow",
                   audience={"divisions": ["990121001"]})

        def calls():
            return [b["to"] for b in read_books(world.path("trunk.books")) if b["op"] == "call"]

        wait_for("a call", calls)
        before = len(calls())
        stop_within(world, 20)
        asked = {(m["wave"], m["contact"]) for m in world.messages()
                 if m["channel"] == 1 and m["kind"] == 0}       # calls, not those to be told
        cut = {a["e164"] for a in world.attempts() if a["outcome"] == "unknown" and
               (a["wave"], a["contact"]) in asked}
        assert cut
        world.start()
        wait_for("the same people to be rung again", lambda: {
            int(to.lstrip("+")) for to in calls()[before:]} >= cut, 20)
