"""What a driver tells of a call: who picked up, and what it learns only in its next life."""
import os
import stat

import pytest

from district import District
from harness import World, wait_for

REDIAL = 3                              # the step of call.red
# Its config says what becomes of the first call: `die` with it in hand, and tell of it afterwards;
# `ring`: only done; `machine`: picked up by one.  Every later call rings.
DRIVER = '''#!/usr/bin/python3
import json, sys
def say(**event):
    print(json.dumps(event), flush=True)
first = True
for line in sys.stdin:
    op = json.loads(line)
    if op["op"] == "open":
        mode, before = op["config"]["mode"], op["state"]
        say(ev="ready", protocol=1, channels=["voice"], window=4)
        if before:
            first = False
            say(ev="call", id=before, state="ended", outcome="answered", digits="1", machine="human")
    elif op["op"] == "ping":
        say(ev="pong", n=op["n"])
    elif op["op"] == "call":
        if first and mode == "die":
            say(ev="keep", state=op["id"])
            sys.exit(1)
        if first and mode == "machine":
            say(ev="call", id=op["id"], state="answered")
            say(ev="call", id=op["id"], state="ended", outcome="answered", machine="machine")
            say(ev="call", id=op["id"], state="ended", outcome="answered", machine="machine")
        first = False
        say(ev="done", id=op["id"], outcome="accepted")
'''


@pytest.fixture
def world():
    w = World(name="calls", divisor=30)
    with open(w.path("driver"), "w", encoding="utf-8") as f:
        f.write(DRIVER)
    os.chmod(w.path("driver"), stat.S_IRWXU)
    yield w
    w.close()


def call(w, mode):
    w.routes = 'route "trunk" { driver = "%s" channels = {voice} config = \'{"mode":"%s"}\' }' % (
        w.path("driver"), mode)
    w.write_conf()
    w.start()
    wait_for("route up", w.all_up)
    w.load(District(1, 1))
    return w.send(key=mode, template="warn.rain", severity="red", policy="call.red",
                  params={"hours": 3, "level": "红色", "mm": 80},
                  audience={"divisions": ["990121001001"]})


def level(w, alert):
    return w.rows("SELECT max(level) AS level FROM target WHERE alert = ?", alert)[0]["level"]


def reasons(w):
    return [a["reason"] for a in sorted(w.attempts(), key=lambda a: (a["wave"], a["contact"], a["n"]))
            if a["channel"] == 1]


def test_an_answer_told_in_the_next_life_counts(world):
    alert = call(world, "die")
    wait_for("acknowledged", lambda: level(world, alert) == 3)
    answers = world.rows("SELECT source, level FROM answer WHERE alert = ? ORDER BY id", alert)
    assert [(a["source"], a["level"]) for a in answers] == [(2, 2), (1, 3)]
    told = [r for r in reasons(world) if r and "detected: " in r]
    assert len(told) == 1 and "ended without a word; detected: human" in told[0], told


def test_a_machine_is_written_down_and_counts_as_picked_up(world):
    alert = call(world, "machine")
    wait_for("picked up", lambda: level(world, alert) == 2)
    wait_for("written down", lambda: "the call was answered; detected: machine" in reasons(world))


def test_a_call_that_only_rang_is_made_again_by_the_ladder(world):
    alert = call(world, "ring")
    again = wait_for("a second call", lambda: [
        m for m in world.messages() if m["channel"] == 1 and m["state"] == "sent" and m["step"] == REDIAL])
    first = [m["contact"] for m in world.messages() if m["channel"] == 1 and not m["step"]]
    assert again[0]["contact"] in first and level(world, alert) == 0
