"""A damaged page is never run on in silence: one leaf of every table and index people hang on is
spoilt in four ways; gongd tells whom it can, and says loudly that it may not be all."""
import os
import random
import shutil
import signal
import sqlite3

import pytest

from district import District
from harness import World, read_books, wait_for

ROLES = ["village_chief", "village_deputy", "warner", "info_officer", "grid_worker",
         "transfer_lead", "group_leader"]
LISTS = ["division", "contact", "number", "post", "roster"]
SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms}
 option "simulation" { value = "true" }
 option "window" { value = "64" }
 option "batch" { value = "16" }
 option "latency_ms" { value = "%d" }
 option "log" { value = "%s/sim.books" }
}
'''


def spoil(path, name, how, which=0.4):
    """One leaf of a table's or an index's b-tree."""
    db = sqlite3.connect(path)
    leaves = [r[0] for r in db.execute(
        "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path", (name,))]
    size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    page = leaves[-1] if how == "last" else leaves[int(len(leaves) * which)]
    with open(path, "r+b") as f:
        f.seek((page - 1) * size)
        if how in ("header", "last"):
            f.write(b"\xa5" * 8)
        elif how == "zero":
            f.write(b"\0" * size)
        else:
            f.seek((page - 1) * size + size // 2)
            f.write(random.Random(1).randbytes(size // 2))
    return len(leaves)


@pytest.fixture(scope="module")
def sound():
    """A stopped gongd's folder with 540 people and one alert behind it."""
    with World(name="damage") as world:
        world.routes = SIM % (1, world.dir)
        world.write_conf()
        world.start()
        world.load(District(4, 15))
        for i in range(2):
            world.send(key="before %d" % i, template="notice.text", severity="red",
                       params={"text": "先前"}, audience={"divisions": ["990121"], "roles": ROLES})
        for i in range(60):                     # a story and an audit of more than a page
            world.send(key="small %d" % i, template="notice.text", severity="red",
                       params={"text": "先前"}, audience={"contacts": ["warner-990121001001-1"]})
        wait_for("everything settled", world.settled, 60)
        world.gongd.stop()
        shutil.copy(os.path.join(world.state, "gong.db"), world.path("sound.db"))
        yield world


def restored(world):
    """Another file in the damaged one's place, as a person would."""
    for name in os.listdir(world.state):
        if name.startswith("gong.db"):
            os.unlink(os.path.join(world.state, name))
    shutil.copy(world.path("sound.db"), os.path.join(world.state, "gong.db"))
    return os.path.join(world.state, "gong.db")


def starts(world):
    world.start(wait=False)

    def answers():
        assert world.gongd.alive(), world.log_tail()
        try:
            return world.api("GET", "/health/live")[0] == 200
        except OSError:
            return False
    wait_for("gongd to answer", answers)


def not_ready(world):
    status, answer = world.api("GET", "/health/ready")
    return answer["detail"] if status == 503 else None


def tasks(world, kind):
    return [t for t in world.api("GET", "/v1/tasks?open=1")[1]["tasks"] if t["kind"] == kind]


def log_since(world, size):
    with open(world.path("gongd.log"), encoding="utf-8", errors="replace") as f:
        f.seek(size)
        return f.read()


def county(world, key, **more):
    return world.api("POST", "/v1/alerts", dict(dict(
        key=key, template="notice.text", severity="red", params={"text": key},
        audience={"divisions": ["990121"], "roles": ROLES}), **more))


def sent(world, before):
    return len({e["to"] for e in read_books(world.path("sim.books"))[before:]})


CASES = [("contact", "contact", "header"), ("contact", "contact", "cells"),
         ("contact", "sqlite_autoindex_contact_1", "last"),
         ("number", "number", "zero"), ("number", "number", "cells"),
         ("number", "number_e164", "header"),
         ("post", "post", "header"), ("post", "post", "last"), ("post", "post_contact", "zero"),
         ("event", "event", "last"), ("audit", "audit", "last"),
         ("message", "message", "header"), ("attempt", "attempt", "zero")]


@pytest.mark.parametrize("table, tree, how", CASES, ids=["%s %s" % c[1:] for c in CASES])
def test_one_leaf(sound, table, tree, how):
    world = sound
    path = restored(world)
    leaves = spoil(path, tree, how)
    assert leaves > 2, (tree, leaves)
    size, before = os.path.getsize(world.path("gongd.log")), len(
        read_books(world.path("sim.books")))
    starts(world)
    try:
        why = wait_for("gongd to be not ready", lambda: not_ready(world), 10)
        assert table in why and "restore the last backup" in why, why
        status, answer = county(world, "all")
        assert status == 202, (status, answer)
        assert answer.get("incomplete", False) == (table in LISTS), answer
        if table in LISTS:
            assert table in answer["damaged"]
            told = 540 - 2 * 540 // leaves          # all but those of that leaf, at least
            assert [t for t in tasks(world, "incomplete") if t["alert"] == answer["id"]]
        else:
            told = 540
        wait_for("people to be told", lambda: sent(world, before) >= told)
        status, answer = county(world, "one", audience={"contacts": ["warner-990121001001-1"]})
        assert status == 202, (status, answer)
        wait_for("the log to say it", lambda: "error store damaged" in log_since(world, size), 5)
        wait_for("a task", lambda: tasks(world, "damage"), 5)
        assert not_ready(world)
    finally:
        print(log_since(world, size)[-3000:])       # shown when it fails
        world.gongd.stop()


def checkpointed(path):
    """What a killed gongd left in its log comes into the file, so that a page of it can be spoilt."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    if os.path.exists(path + "-open"):
        os.unlink(path + "-open")               # else the missing log were the trouble


def test_a_damaged_page_of_messages_stops_its_wave_only():
    with World(name="wave") as world:
        world.routes = SIM % (60, world.dir)
        world.routes = world.routes.replace('"64"', '"4"').replace('"16"', '"4"')
        world.write_conf()
        world.start()
        world.load(District(4, 15))
        broken = world.send(key="broken", template="notice.text", severity="orange",
                            params={"text": "甲"}, audience={"divisions": ["990121"],
                                                            "roles": ROLES})
        world.send(key="behind", template="notice.text", severity="yellow", params={"text": "乙"},
                   audience={"divisions": ["990121"], "roles": ROLES})
        wait_for("some to be sent", lambda: len(read_books(world.path("sim.books"))) > 20)
        world.kill()
        path = os.path.join(world.state, "gong.db")
        checkpointed(path)
        assert spoil(path, "message", "header", 0.3) > 4
        starts(world)
        status, answer = county(world, "whole", audience={"divisions": ["990121001"],
                                                          "roles": ROLES})
        if status == 503:                       # the wave was met in the same turn
            status, answer = county(world, "whole", audience={"divisions": ["990121001"],
                                                              "roles": ROLES})
        assert status == 202, (status, answer)
        wait_for("a task about the broken one", lambda: [
            t for t in tasks(world, "damage") if t["alert"] == broken], 60)
        wait_for("all of the other", lambda: sum(
            e["text"].endswith("whole") for e in read_books(world.path("sim.books"))) == 135, 60)
        assert "message" in not_ready(world)
        with open(world.path("gongd.log"), encoding="utf-8") as f:
            assert "wave put aside" in f.read()


def test_a_damaged_alert_stands_still_and_the_others_climb():
    with World(name="alert", divisor=80) as world:      # 4 min are 3 s
        world.routes = SIM % (1, world.dir)
        world.write_conf()
        world.start()
        world.load(District(2, 3))
        ids = [world.send(key="a%d" % i, template="flood.move", policy="move.now", severity="red",
                          audience={"divisions": ["990121001"]}) for i in range(40)]
        world.kill()
        path = os.path.join(world.state, "gong.db")
        checkpointed(path)
        assert spoil(path, "alert", "header", 0.3) > 2
        starts(world)
        assert "alert" in wait_for("gongd to be not ready", lambda: not_ready(world), 10)
        lost = wait_for("tasks about them", lambda: {
            t["alert"] for t in tasks(world, "damage") if t["alert"]}, 30)
        assert lost < set(ids), lost
        sound = min(set(ids) - lost)
        status, _ = world.api("POST", "/v1/alerts/%d/cancel" % sound, {"note": "x"})
        assert status == 200, status
        with open(world.path("gongd.log"), encoding="utf-8") as f:
            assert "alert unreadable" in f.read()


def test_it_is_remembered_until_another_file_is_restored(sound):
    world = sound
    path = restored(world)
    spoil(path, "number", "zero")
    starts(world)
    assert "number" in wait_for("gongd to be not ready", lambda: not_ready(world), 10)
    status, answer = world.api("GET", "/v1/alerts?limit=1")
    assert status == 200, answer                # what is sound can be read
    world.gongd.signal(signal.SIGKILL)
    wait_for("gongd to end", lambda: not world.gongd.alive())
    starts(world)
    assert "number" in not_ready(world)
    world.gongd.stop()
    os.rename(path, path + ".damaged")          # the remedy that the text names
    shutil.copy(world.path("sound.db"), path)
    world.start()                               # waits until it is ready
    assert not os.path.exists(path + "-damage")
    world.gongd.stop()


def test_whoever_reads_meets_it(sound):
    """A page that the start's second does not reach, asked for by a GET."""
    world = sound
    path = restored(world)
    spoil(path, "event", "zero")
    starts(world)
    assert "event" in wait_for("gongd to be not ready", lambda: not_ready(world), 20)
    answers = [world.api("GET", "/v1/alerts/%d/events" % i) for i in range(1, 62)]
    refused = [a for s, a in answers if s == 503]
    assert refused and all("malformed" in a["detail"] for a in refused), refused[:2]
    assert any(s == 200 for s, _ in answers)
    world.gongd.stop()
