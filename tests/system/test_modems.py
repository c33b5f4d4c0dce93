"""Several modems under one gongd: spreading, a SIM lost in the middle, faults of all kinds."""
import os
import random
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import SLOW, books_agree, is_alive, wait_for       # noqa: E402
from modems import Modems                                       # noqa: E402

MESSAGES = 1000


def fault(m, rng, lost):
    """One thing that goes wrong at one modem."""
    i = rng.randrange(m.count)
    if i in lost:
        m.tell(i, "replug")
        lost.discard(i)
        return
    what = rng.choice(["cms 38 2", "cms 500 1", "cms 42 3", "drop-reply 1", "reset 300", "unplug",
                       "urc +CEREG: 1", "urc +QIND: SMS DONE", "mute 400", "register 2",
                       "no-mr 1", "urc-mid ^RSSI:3 5", "kill", "register-quietly 2",
                       "text-mode on", "hang soft"])
    if what == "kill":
        drivers = sorted(p for n, p in m.world.drivers().items() if n.startswith("gong-modem"))
        if drivers:
            os.kill(rng.choice(drivers), 9)
        return
    if what == "unplug":
        lost.add(i)
    m.tell(i, what)
    if what.startswith("register"):
        time.sleep(0.3)
        m.tell(i, "register 1")


@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_messages_through_four_faulty_modems_end_once_each(seed):
    rng, lost = random.Random(seed), set()
    options = {"result_seconds": 3, "poll_seconds": 1, "rest_seconds": 1, "rung_failures": 2}
    with Modems(4, air_ms=30, options=options, sim_options=("--sm-size", "3")) as m:
        m.people(MESSAGES)
        m.broadcast("chaos")
        wait_for("the plan", lambda: sum(m.world.states().values()) == MESSAGES, 20)
        faults = 0
        m.tell(3, "cms 8 2")                            # barred, until its pause is over
        end = time.monotonic() + 40 * SLOW
        # The last few are left in peace: their retries wait longer every time.
        while m.world.states()["queued"] > MESSAGES / 10 and time.monotonic() < end:
            fault(m, rng, lost)
            # From strangers, so that gong sends them nothing.  More answers than a SIM has places: who reads and deletes too late keeps them out.
            for i in range(m.count):
                m.tell(i, "deliver +99977%08d answer %d of %d" % (faults, faults, i))
            faults += 1
            time.sleep(rng.uniform(0.1, 0.5))
        for i in list(lost):
            m.tell(i, "replug")
        wait_for("every message to end", m.world.settled, 150, every=0.2)
        assert faults >= 5, faults
        states = m.world.states()
        assert sum(states.values()) == MESSAGES
        assert set(states) <= {"sent", "delivered", "failed", "uncertain"}, states
        figures = books_agree(m.world, m.sent_messages())
        assert figures["messages"] == MESSAGES
        answers = sorted("answer %d of %d" % (n, i) for n in range(faults) for i in range(m.count))
        wait_for("every answer to be in gongd", lambda: sorted(
            r["text"] for r in m.world.rows("SELECT text FROM inbound")) == answers, 60, every=0.5)


def test_a_sim_lost_in_a_broadcast_leaves_one_message_in_doubt_and_the_rest_to_the_others():
    with Modems(3, air_ms=150) as m:
        m.people(120)
        m.broadcast("lost-sim")
        wait_for("the modem to be at work", lambda: len(m.books(1, ev="submit")) > 6, 20)
        m.tell(1, "unplug")
        wait_for("every message to end", m.world.settled, 60, every=0.2)
        mine = [a for a in m.world.attempts() if a["route_name"] == "m1"]
        assert sum(a["outcome"] == "unknown" for a in mine) <= 1
        assert not [a for a in mine if a["outcome"] not in ("accepted", "unknown", "rejected")]
        figures = books_agree(m.world, m.sent_messages())
        assert figures["messages"] == 120 and figures["duplicates"] <= 1
        assert m.world.states()["failed"] == 0


def test_a_modem_that_hangs_with_a_text_keeps_nobody_else_waiting():
    with Modems(2, air_ms=100) as m:
        m.people(40)
        m.tell(0, "late-submit 600000 1")               # its next result is not to come
        m.broadcast("hangs", severity="red")
        wait_for("all but one", lambda: m.world.states()["delivered"] == 39, 40, every=0.2)
        assert len(m.books(0, ev="fault", fault="late-submit")) == 1
        assert m.world.states()["sending"] == 1         # it waits on, in doubt by nobody
        assert not [a for a in m.world.attempts() if a["outcome"] == "unknown"]


def test_a_faster_modem_gets_more_of_a_broadcast():
    with Modems(2, air_ms=0) as m:
        m.tell(0, "air 50")
        m.tell(1, "air 200")
        m.people(100)
        m.broadcast("spread")
        wait_for("every message to end", m.world.settled, 60, every=0.2)
        fast, slow = (len(m.books(i, ev="message")) for i in (0, 1))
        assert fast + slow == 100
        assert 2.5 < fast / slow < 6, (fast, slow)
        air = [m.health(i)["health"].get("air_ms", 0) for i in (0, 1)]
        assert all(is_alive(p) for p in m.world.drivers().values())
        assert air[1] == 0 or air[0] < air[1], air
