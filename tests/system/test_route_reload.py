"""Routes come, change and go by a reload; one that has stopped for good comes back."""
import time

import pytest

from harness import is_alive, read_books, wait_for
from test_faults import broadcast, sim_route, world_with
from test_floods import flood_route, route_metric
from test_life import log, reload


def alarms(world, route):
    return {a["name"] for r in world.api("GET", "/v1/routes")[1]["routes"] if r["name"] == route
            for a in r["alarms"]}


def route_of(world, name):
    return next((r for r in world.api("GET", "/v1/routes")[1]["routes"] if r["name"] == name), {})


def is_up(world, name):
    return route_of(world, name).get("state") == "up"


def set_routes(world, routes):
    world.routes = routes
    world.write_conf()
    reload(world, "settings reloaded")


def pids(world):
    return set(world.drivers().values())


def test_window_and_rate_change_in_place():
    with world_with(lambda d: sim_route("sim1", d)) as world:
        wait_for("the route", world.all_up)
        before = pids(world)
        set_routes(world, sim_route("sim1", world.dir).replace(
            "channels = {sms}\n", "channels = {sms}\n rate = 40\n window = 4\n", 1))
        start = time.monotonic()
        broadcast(world)
        wait_for("some messages", lambda: len(read_books(world.path("sim1.books"))) > 100, 30)
        assert time.monotonic() - start > 1.4, "40 a second"
        assert pids(world) == before
        assert route_metric(world, "gong_route_starts_total", "sim1") == 1


def test_a_route_is_added_and_one_is_removed_amid_a_broadcast():
    with world_with(lambda d: sim_route("old", d)) as world:
        wait_for("the route", world.all_up)
        old = world.drivers()["gong-sim"]
        broadcast(world, "yellow")
        wait_for("the old one to work", lambda: len(read_books(world.path("old.books"))) > 50)
        set_routes(world, sim_route("new", world.dir))
        wait_for("the old one to be gone", lambda: "route gone name=old" in log(world), 15)
        wait_for("its process, too", lambda: not is_alive(old))
        wait_for("everything settled", world.settled, 30)
        assert world.states() == {"sent": 540}, "nothing lost, nothing in doubt"
        books = [read_books(world.path(n + ".books")) for n in ("old", "new")]
        assert sum(map(len, books)) == 540 and all(books)
        assert [r["name"] for r in world.api("GET", "/v1/routes")[1]["routes"]] == ["new"]


def test_a_changed_route_is_never_two_and_loses_nothing():
    with world_with(lambda d: sim_route("sim1", d) + sim_route("sim2", d)) as world:
        wait_for("the routes", world.all_up)
        broadcast(world, "yellow")
        for n, latency in enumerate((21, 22, 23), 2):
            before = len(read_books(world.path("sim1.books")))
            wait_for("sim1 to work", lambda b=before: world.settled() or len(
                read_books(world.path("sim1.books"))) > b)
            set_routes(world, sim_route("sim1", world.dir).replace(
                '"latency_ms" { value = "20" }', '"latency_ms" { value = "%d" }' % latency) +
                sim_route("sim2", world.dir))
            while route_metric(world, "gong_route_starts_total", "sim1") < n:
                assert len(pids(world)) <= 2, "never two processes on one route"
                time.sleep(0.01)
        wait_for("everything settled", world.settled, 30)
        assert world.states() == {"sent": 540}
        assert route_metric(world, "gong_route_starts_total", "sim2") == 1


def test_new_options_that_do_not_start_give_way_to_the_old_ones():
    with world_with(lambda d: sim_route("sim1", d)) as world:
        wait_for("the route", world.all_up)
        good = sim_route("sim1", world.dir)
        for bad in (good.replace('"gong-sim"', '"no-such-driver"'),
                    good.replace('"simulation" { value = "true" }',
                                 '"simulation" { value = "true" }\n option "loss" { value = "nan" }')):
            set_routes(world, bad)
            wait_for("an alarm", lambda: "options" in alarms(world, "sim1"))
            wait_for("the old options to work", lambda: is_up(world, "sim1"))
            assert "down" not in alarms(world, "sim1")
            set_routes(world, good)
            wait_for("its end", lambda: not alarms(world, "sim1"))
        broadcast(world)
        wait_for("everything settled", world.settled, 30)
        assert len([t for t in world.rows("SELECT * FROM task") if t["closed_at"] is None]) == 0


def test_the_alarm_of_a_removed_route_does_not_stand_for_ever():
    with world_with(lambda d: sim_route("sim1", d) + sim_route("bad", d).replace(
            '"gong-sim"', '"no-such-driver"')) as world:
        wait_for("the alarm", lambda: "down" in alarms(world, "bad"))
        set_routes(world, sim_route("sim1", world.dir))
        wait_for("it to be gone", lambda: "route gone name=bad" in log(world))
        assert not world.rows("SELECT * FROM route_alarm")
        assert not world.rows("SELECT * FROM task WHERE closed_at IS NULL")


def test_nor_that_of_a_route_removed_while_gongd_was_down():
    with world_with(lambda d: sim_route("sim1", d) + sim_route("bad", d).replace(
            '"gong-sim"', '"no-such-driver"')) as world:
        wait_for("the alarm", lambda: "down" in alarms(world, "bad"))
        world.gongd.stop()
        world.routes = sim_route("sim1", world.dir)
        world.write_conf()
        world.start()
        assert not world.rows("SELECT * FROM route_alarm")
        assert not world.rows("SELECT * FROM task WHERE closed_at IS NULL")


@pytest.mark.parametrize("how", ["reload", "resume"])
def test_a_route_that_stopped_for_good_comes_back(how):
    def routes(d):
        return flood_route("r", d, more="", fatal="once")

    with world_with(routes) as world:
        wait_for("it to stop", lambda: "down" in alarms(world, "r"))
        broadcast(world)
        if how == "reload":
            reload(world, "settings reloaded")
        else:
            assert world.api("POST", "/v1/routes/nowhere/resume", {})[0] == 404
            world.ctl("route", "resume", "r", "--note", "SIM unlocked")
        wait_for("it to be there again", lambda: is_up(world, "r"))
        wait_for("its alarm to end", lambda: not alarms(world, "r"))
        wait_for("everything settled", world.settled, 30)
        if how == "resume":
            assert world.api("POST", "/v1/routes/r/resume")[0] == 409
            said = world.rows("SELECT * FROM audit WHERE action = 'route.resume'")
            assert len(said) == 1 and said[0]["detail"] == "r: SIM unlocked"


def test_a_removed_route_that_does_not_close_is_cut_and_its_messages_go_elsewhere():
    with world_with(lambda d: flood_route("stuck", d, more="", close="hang", holds="true")) as world:
        wait_for("the route", world.all_up)
        broadcast(world)
        wait_for("messages with it", lambda: route_metric(
            world, "gong_route_in_flight", "stuck") == 64)
        set_routes(world, sim_route("sim1", world.dir))
        wait_for("it to be gone", lambda: "route gone name=stuck" in log(world), 15)
        wait_for("everything settled", world.settled, 30)
        assert world.states() == {"sent": 540}
        unknown = [a for a in world.attempts() if a["outcome"] == "unknown"]
        assert len(unknown) == 64 and all(a["route_name"] == "stuck" for a in unknown)


def test_a_route_taken_away_and_put_back_at_once():
    with world_with(lambda d: sim_route("sim1", d)) as world:
        wait_for("the route", world.all_up)
        for _ in range(5):
            set_routes(world, "")
            set_routes(world, sim_route("sim1", world.dir))
        wait_for("it to be there", lambda: is_up(world, "sim1"))
        broadcast(world)
        wait_for("everything settled", world.settled, 30)
        assert world.states() == {"sent": 540}
        assert len(pids(world)) == 1
