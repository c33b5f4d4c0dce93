"""A damaged index stops nothing: what hangs on it (what is due, what is open, what is in hand) is made
anew from the table, ladders climb, requests are taken; and gongd says that its disk is bad."""
import os
import shutil
import sqlite3

import pytest

from district import District
from harness import World, read_books, wait_for
from test_damage import SIM, checkpointed, log_since, not_ready, spoil, starts, tasks

# Read through at the start, and met in a turn or as memory is loaded.
INDICES = ["alert_due", "alert_open", "catch_up_due", "wave_open", "wave_of",
           "message_due", "message_sending", "inbound_waits", "receipt_early_at", "variant_alert"]


@pytest.fixture(scope="module")
def killed():
    """A killed gongd's folder: three ladders between two rungs, a row that is due again."""
    with World(name="indices", divisor=80) as world:        # 4 min are 3 s
        world.routes = SIM % (1, world.dir)
        world.write_conf()
        world.start()
        world.load(District(2, 3))
        for i in range(3):
            world.send(key="a%d" % i, template="flood.move", policy="move.now", severity="red",
                       audience={"divisions": ["990121001"]})
        wait_for("some to be told", lambda: len(read_books(world.path("sim.books"))) >= 6)
        world.kill()
        path = os.path.join(world.state, "gong.db")
        checkpointed(path)
        db = sqlite3.connect(path)
        db.execute("UPDATE message SET state = 0, due = 1 WHERE wave = 1")
        db.commit()
        db.close()
        shutil.copy(path, world.path("killed.db"))
        yield world


@pytest.mark.parametrize("index", INDICES)
def test_an_index(killed, index):
    world = killed
    for name in os.listdir(world.state):
        if name.startswith("gong.db"):
            os.unlink(os.path.join(world.state, name))
    path = os.path.join(world.state, "gong.db")
    shutil.copy(world.path("killed.db"), path)
    spoil(path, index, "header")
    size = os.path.getsize(world.path("gongd.log"))
    starts(world)
    try:
        status, answer = world.api("POST", "/v1/alerts", dict(
            key="new", template="notice.text", severity="red", params={"text": "新来"},
            audience={"contacts": ["warner-990121001001-1"]}))
        assert status == 202, (status, answer)
        wait_for("the new one", lambda: [m for m in world.messages() if m["alert"] == answer["id"] and
                                         m["state"] == "sent"], 30)
        wait_for("all ladders to climb on", lambda: len({e["alert"] for e in world.rows(
            "SELECT alert FROM event WHERE what = 'step' AND detail LIKE '{\"step\":6,%'")}) == 3, 40)
        table = index.rsplit("_", 1)[0]
        assert table in wait_for("gongd to be not ready", lambda: not_ready(world), 10)
        wait_for("a task", lambda: tasks(world, "damage"), 10)
        log = log_since(world, size)
        assert "indices made anew tables=\"%s\"" % table in log, log[-3000:]
        assert "put aside" not in log and "store not written" not in log, log[-3000:]
        assert world.api("POST", "/v1/alerts/1/cancel", {"note": "x"})[0] == 200
    finally:
        print(log_since(world, size)[-3000:])       # shown when it fails
        world.gongd.stop()
