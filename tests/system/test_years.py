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
