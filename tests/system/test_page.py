"""What has not begun to leave is never in doubt, whoever dies (docs/drivers.md, The page): gongd and
gong-http are killed at odd moments, and the provider's books are compared with gongd's, number by
number."""
import fcntl
import json
import os
import signal
import sqlite3
import time
from collections import Counter

import pytest

from harness import STATES, World, is_alive, wait_for
from modems import Modems

CONNECTIONS = 8
COUNT = 600


def http_route(port, name="http", **more):
    config = {"url": "http://127.0.0.1:%s/send" % port,
              "body": {"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}"},
              "success": {"status": [200], "pointer": "/code", "equals": 0},
              "id_pointer": "/id", "connections": CONNECTIONS, **more}
    return 'route "%s" {\n driver = "gong-http"\n channels = {sms}\n config = \'%s\'\n}\n' % (
        name, json.dumps(config))


def load(world, count=COUNT):
    world.api("POST", "/v1/import/divisions",
              "code,name,level,parent\n990121,青石县,county,9901\n990121001,甲镇,township,990121\n"
              "990121001001,甲村,village,990121001\n".encode())
    rows = ["id,name,phone,role,division,role_order,lang,voice,sms,active"]
    rows += ["c%d,户%d,+9992%09d,household,990121001001,1,zh,yes,yes,yes" % (i, i, i)
             for i in range(count)]
    status, answer = world.api("POST", "/v1/import/contacts", "\n".join(rows).encode())
    assert status == 200, answer


def broadcast(world, key="b", severity="yellow"):
    return world.send(key=key, template="notice.text", severity=severity,
                      params={"text": "库区水位上涨,请注意"},
                      audience={"divisions": ["990121"], "roles": ["household"]})


class Provider(World):
    """gongd, gong-http and a provider that answers after 30 ms: about 270 messages a second."""

    def __init__(self, latency=30, **more):
        super().__init__(name="page")
        self.books = self.path("books")
        self.sim = self.start_sim("provider", "provider", "--port", "0", "--log", self.books,
                                  "--latency-ms", latency, "--jitter-ms", 20)
        self.routes = http_route(self.sim.words[1], **more)
        self.write_conf()

    def begin(self):
        self.start()
        load(self)
        wait_for("the route", self.all_up)

    def taken(self):
        """How often the provider took each number."""
        if not os.path.exists(self.books):
            return Counter()
        with open(self.books, encoding="utf-8") as f:
            return Counter(b["to"] for b in map(json.loads, f) if b["ev"] == "message")

    def work(self, more):
        before = sum(self.taken().values())
        wait_for("the provider to get %d more" % more,
                 lambda: sum(self.taken().values()) >= before + more or self.settled(), every=0.005)

    def fates(self):
        rows = self.rows("SELECT m.state, n.e164 FROM message m JOIN number n "
                         "ON n.contact = m.contact")
        return {"+%d" % r["e164"]: STATES[r["state"]] for r in rows}

    def check(self, kills, wire=CONNECTIONS, answered=False):
        """Both books say the same, and what is in doubt was on the wire, `wire` at a time;
        `answered`: or had its answer, which gongd had not yet written down.  Says what is in doubt."""
        wait_for("everything settled", self.settled, 60)
        taken, fates = self.taken(), self.fates()
        assert len(fates) == COUNT and set(fates.values()) <= {"sent", "uncertain"}, Counter(
            fates.values())
        twice = [n for n, times in taken.items() if times > 1]
        assert not twice, twice
        lost = [n for n, fate in fates.items() if fate == "sent" and n not in taken]
        assert not lost, lost
        doubtful = [n for n, fate in fates.items() if fate == "uncertain"]
        unsettled = [n for n in doubtful if n not in taken] if answered else doubtful
        assert len(unsettled) <= kills * wire, len(unsettled)
        return doubtful


def test_a_driver_that_is_killed_leaves_in_doubt_what_was_on_the_wire():
    with Provider() as world:
        world.begin()
        broadcast(world)
        kills = 4
        for _ in range(kills):
            world.work(40)
            os.kill(world.drivers()["gong-http"], signal.SIGKILL)
        doubtful = world.check(kills)
        assert doubtful, "no kill met anything on the wire"
        taken = world.taken()                # marked, and killed before the socket took it
        assert len([n for n in doubtful if n not in taken]) <= kills
        assert world.rows("SELECT count(*) AS n FROM task WHERE kind = 'quarantine'")[0]["n"] == 0


def test_so_does_a_gongd_that_is_killed():
    with Provider() as world:
        world.begin()
        broadcast(world)
        kills = 4
        for i in range(kills):
            world.work(40)
            if i % 2:
                world.kill()
            else:                           # the next one is there before the old driver has gone
                world.gongd.stop(signal.SIGKILL)
            world.start()
            wait_for("the route", world.all_up)
        doubtful = world.check(kills, answered=True)
        assert doubtful, "no kill met anything on the wire"


def test_both_at_once_and_again_before_the_route_is_up():
    with Provider() as world:
        world.begin()
        broadcast(world)
        for _ in range(3):
            world.work(40)
            os.kill(world.drivers()["gong-http"], signal.SIGKILL)
            world.gongd.stop(signal.SIGKILL)
            world.start(wait=False)
            time.sleep(0.05)
            world.gongd.stop(signal.SIGKILL)
            world.start()
        world.check(6, answered=True)       # the gongd in between may have got as far as sending


def test_a_batch_is_on_the_wire_as_a_whole():
    with Provider(elements={"one": {"to": "{{to_plus}}", "ref": "{{id}}"}},
                  body={"messages": "{{all:one}}", "text": "{{text}}"}, numbers={"most": 10},
                  connections=2, each={"list": "/results", "to": "/to"}) as world:
        world.begin()
        broadcast(world)
        for _ in range(2):
            world.work(60)
            os.kill(world.drivers()["gong-http"], signal.SIGKILL)
        world.check(2, 2 * 10)


@pytest.mark.parametrize("how", ["another boot", "no page", "no page of ours"])
def test_where_the_page_cannot_speak_all_that_was_in_hand_is_in_doubt(how):
    with Provider() as world:
        world.begin()
        broadcast(world)
        world.work(100)
        world.kill()
        in_hand = world.states()["sending"]
        assert in_hand > CONNECTIONS
        page = os.path.join(world.state, "page", "http")
        assert os.stat(page).st_mode & 0o777 == 0o600
        if how == "no page":
            os.unlink(page)
        else:
            with open(page, "r+b") as f:
                f.seek(20 if how == "another boot" else 0)
                f.write(b"?")
        world.start()
        wait_for("everything settled", world.settled, 60)
        assert world.states()["uncertain"] == in_hand
        assert max(world.taken().values()) == 1


def test_a_driver_that_cuts_its_page_short_ends_itself_only():
    with Provider() as world:
        world.begin()
        broadcast(world)
        world.work(60)
        driver = world.drivers()["gong-http"]
        os.truncate(os.path.join(world.state, "page", "http"), 0)    # as whoever has it open may
        world.work(60)
        if world.drivers().get("gong-http") == driver:
            os.kill(driver, signal.SIGKILL)
        wait_for("everything settled", world.settled, 60)
        assert world.is_ready()
        with open(world.path("gongd.log"), encoding="utf-8") as log:
            assert "driver cut its page short route=http" in log.read()
        assert max(world.taken().values()) == 1 and world.states()["uncertain"]
        world.kill()                        # the next run begins with a whole one
        world.start()
        wait_for("the route", world.all_up)


def test_a_backup_that_was_put_back_is_older_than_the_page():
    """What it says is with the driver may be long done: none of it goes again."""
    with Provider() as world:
        world.begin()
        broadcast(world)
        world.work(60)
        with sqlite3.connect(os.path.join(world.state, "gong.db")) as db, \
                sqlite3.connect(world.path("backup")) as copy:
            db.backup(copy)
        copy.close()
        db.close()
        world.work(200)
        world.kill()
        for name in ("gong.db", "gong.db-wal", "gong.db-shm"):
            os.rename(os.path.join(world.state, name), world.path(name))
        os.rename(world.path("backup"), os.path.join(world.state, "gong.db"))
        in_hand = {"+%d" % r["e164"] for r in world.rows(
            "SELECT n.e164 FROM message m JOIN number n ON n.contact = m.contact WHERE m.state = 1")}
        before = world.taken()
        done = {n for n in in_hand if n in before}
        assert done                         # long done, as the books do not know
        world.start()
        wait_for("everything settled", world.settled, 60)
        fates = world.fates()
        assert {fates[n] for n in done} == {"uncertain"}
        assert max(world.taken()[n] for n in in_hand) == 1


# It hangs: neither the end of its input nor a signal ends it.
HANGING = """#!/usr/bin/python3
import json, signal, sys, time
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
for line in sys.stdin:
    op = json.loads(line)
    if op["op"] == "open":
        print(json.dumps({"ev": "ready", "protocol": 1, "channels": ["sms"], "window": 4}), flush=True)
    elif op["op"] == "ping":
        print(json.dumps({"ev": "pong", "n": op["n"]}), flush=True)
time.sleep(100)
"""


def test_a_driver_that_outlives_gongd_holds_up_its_own_route_only():
    """A hung one is killed after 12 s; until then there is never a second process on its route."""
    with Provider() as world:
        hanging = world.path("hanging")
        with open(hanging, "w", encoding="ascii") as f:
            f.write(HANGING)
        os.chmod(hanging, 0o755)
        world.routes += 'route "hangs" {\n driver = "%s"\n channels = {sms}\n}\n' % hanging
        world.write_conf()
        world.begin()
        broadcast(world)

        def with_it():
            return world.rows("SELECT count(*) AS n FROM message m JOIN route r ON r.id = m.route "
                              "WHERE r.name = 'hangs' AND m.state = 1")[0]["n"]    # sending
        wait_for("the one that will hang to have its window", lambda: with_it() == 4)
        world.work(40)
        old = world.drivers()["python3"]
        begin = time.monotonic()
        world.gongd.stop(signal.SIGKILL)
        world.start()
        assert time.monotonic() - begin < 2
        wait_for("the other route to carry", lambda: sum(world.taken().values()) > 300)
        assert list(world.drivers()) == ["gong-http"] and is_alive(old)
        # What that one has is in doubt when it is gone, and not before.
        assert with_it() == 4
        wait_for("the hung one to be killed", lambda: not is_alive(old), 20)
        assert 11 < time.monotonic() - begin < 16
        wait_for("the next one", lambda: "python3" in world.drivers())
        assert "driver of the last run killed route=hangs" in world.log_tail(40)


def test_where_a_driver_cannot_be_ended_its_people_do_not_wait_for_it():
    with Provider() as world:
        world.begin()
        broadcast(world)
        world.work(40)
        with open(os.path.join(world.state, "page", "http"), "rb") as page:
            driver = world.drivers()["gong-http"]
            world.gongd.stop(signal.SIGKILL)
            os.kill(driver, signal.SIGKILL)
            wait_for("the driver to end", lambda: not is_alive(driver))
            fcntl.flock(page, fcntl.LOCK_EX)    # as a process that no signal ends has it
            world.start()
            in_hand = world.states()["sending"]
            assert in_hand
            wait_for("the books to be settled", lambda: not world.states()["sending"], 40)
            assert world.states()["uncertain"] == in_hand and not world.drivers()
            assert "driver of the last run cannot be ended route=http" in world.log_tail(40)
        wait_for("everything settled", world.settled, 60)
        assert world.states()["uncertain"] == in_hand and max(world.taken().values()) == 1


def test_a_route_that_comes_back_waits_for_the_driver_that_it_had():
    with Provider() as world:
        hanging, without = world.path("hanging"), world.routes
        with open(hanging, "w", encoding="ascii") as f:
            f.write(HANGING)
        os.chmod(hanging, 0o755)
        world.routes += 'route "hangs" {\n driver = "%s"\n channels = {sms}\n}\n' % hanging
        world.write_conf()
        world.begin()
        both, old = world.routes, world.drivers()["python3"]
        world.gongd.stop(signal.SIGKILL)
        world.routes = without
        world.write_conf()
        world.start()
        world.routes = both
        world.write_conf()
        world.gongd.signal(signal.SIGHUP)
        wait_for("the reload", lambda: "settings reloaded" in world.log_tail(5))
        time.sleep(0.5)
        assert is_alive(old) and list(world.drivers()) == ["gong-http"]
        os.kill(old, signal.SIGKILL)
        wait_for("the next one", lambda: "python3" in world.drivers())


def test_the_page_of_a_route_goes_with_it():
    with Provider() as world:
        second = http_route(world.sim.words[1], "second")
        world.routes += second
        world.write_conf()
        world.begin()
        pages = os.path.join(world.state, "page")
        assert sorted(os.listdir(pages)) == ["http", "second"]
        world.routes = world.routes.replace(second, "")
        world.write_conf()
        world.gongd.signal(signal.SIGHUP)
        wait_for("its page to go", lambda: os.listdir(pages) == ["http"])
        world.kill()
        with open(os.path.join(pages, "stranger"), "w", encoding="ascii"):
            pass
        world.start()
        assert os.listdir(pages) == ["http"]
        world.gongd.stop()
        assert not os.listdir(pages)        # nothing is in hand


def test_a_driver_sees_its_page_its_journal_and_no_other_file_of_gongds():
    with Provider() as world:
        world.begin()
        pid = world.drivers()["gong-http"]
        files = {os.readlink("/proc/%d/fd/%s" % (pid, n)) for n in os.listdir("/proc/%d/fd" % pid)}
        mine = {f for f in files if f.startswith(world.state)}
        assert mine == {os.path.join(world.state, what, "http") for what in ("page", "journal")}


@pytest.mark.parametrize("who", ["driver", "gongd"])
def test_of_a_modem_only_the_one_in_the_air_is_in_doubt(who):
    """It holds two: one in the air, and the next one ready, which goes on by itself."""
    def known():
        states = m.world.states()
        return states["sent"] + states["delivered"]

    with Modems(1, air_ms=600) as m:
        m.people(8)
        m.broadcast("b")
        wait_for("one in the air, and all before it in the books", lambda: 2 <= m.accepted() == known(), every=0.005)
        if who == "driver":
            os.kill(m.world.drivers()["gong-modem"], signal.SIGKILL)
        else:
            m.world.kill()
            m.world.start()
        wait_for("everything settled", m.world.settled, 60)
        states = m.world.states()
        assert states["uncertain"] == 1 and sum(states.values()) == 8, states
        numbers = Counter(b["to"] for b in m.books(0, ev="message"))
        assert max(numbers.values()) == 1 and len(numbers) >= 7, numbers


MUTE = """#!/usr/bin/python3
import sys
sys.stdin.read()
"""


def test_a_page_speaks_from_the_moment_the_books_are_settled():
    """And not from the first message on, which may die with the gongd that gave it out."""
    with World(name="page") as world:
        driver = world.path("mute")
        with open(driver, "w", encoding="ascii") as f:
            f.write(MUTE)
        os.chmod(driver, 0o755)
        world.routes = 'route "mute" {\n driver = "%s"\n channels = {sms}\n}\n' % driver
        world.write_conf()
        world.start(wait=False)             # a question would make gongd look, too

        def complete():
            path = os.path.join(world.state, "page", "mute")
            with open(path, "rb") as f:
                return f.read(60)[56:] == bytes(4)
        wait_for("its driver", world.drivers)
        wait_for("a page that is complete", complete, 5)
