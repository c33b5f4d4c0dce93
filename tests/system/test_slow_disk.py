"""A disk that takes its time: whatever gongd does beside the store waits on the engine's thread
alone; health checks are answered and drivers are spoken to meanwhile."""
import os
import subprocess
import threading

import pytest

from harness import SLOW, World, wait_for
from test_page import Provider, broadcast

HERE = os.path.dirname(os.path.abspath(__file__))
PINGED = '''#!/usr/bin/python3
"""Answers pings, and counts in a file how many of its pongs gongd has taken: a ping comes only
after the pong of the one before."""
import json, sys
for line in iter(sys.stdin.readline, ""):
    op = json.loads(line)
    if op["op"] == "open":
        print(json.dumps(dict(ev="ready", protocol=1, channels=["sms"], window=8, batch=8,
                              receipts=False, inbound=False, version="1")), flush=True)
    elif op["op"] == "ping":
        with open("%(log)s", "a", encoding="ascii") as f:
            f.write("ping\\n")
        print(json.dumps(dict(ev="pong", n=op["n"])), flush=True)
    elif op["op"] == "close":
        break
'''


class Disk:
    def __init__(self, folder):
        self.folder = str(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def set(self, *names):
        """Exactly these are so: `full`, and what is held: `statvfs`, `unlink`, `fallocate`."""
        for name in names:
            open(self.path(name), "w", encoding="ascii").close()
        for name in {"full", "no_page", "statvfs", "unlink", "fallocate"} - set(names):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))

    def inside(self, what):
        return os.path.exists(self.path("inside." + what))


@pytest.fixture
def disk(tmp_path):
    shim = tmp_path / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", str(shim),
                    os.path.join(HERE, "disk_shim.c"), "-ldl"], check=True)
    before = dict(os.environ)
    os.environ.update(LD_PRELOAD=str(shim), DISK_SHIM=str(tmp_path),
                      ASAN_OPTIONS="verify_asan_link_order=0")
    disk = Disk(tmp_path)
    yield disk
    disk.set()
    os.environ.clear()
    os.environ.update(before)


def lines(path):
    try:
        with open(path, encoding="ascii") as f:
            return f.read().count("\n")
    except OSError:
        return 0


def alert(world, key):
    """Asks for an alert, without waiting for the answer: it may take as long as the disk."""
    done = []
    body = dict(key=key, template="notice.text", severity="yellow", params={"text": "x"},
                audience={"contacts": ["c1"]})
    t = threading.Thread(target=lambda: done.append(world.api("POST", "/v1/alerts", body)[0]))
    t.start()
    return t, done


def answers_meanwhile(world, disk, what, pings):
    """gongd is in `what` and stays there; it lives all the same."""
    wait_for("gongd to be in " + what, lambda: disk.inside(what), 20)
    seen = lines(pings)
    for path in ("/health/live", "/health/ready", "/metrics"):
        status = world.api("GET", path)[0]
        assert disk.inside(what), "the answer to %s came only afterwards" % path
        assert status in (200, 503), (path, status)
    wait_for("two more pongs to be taken", lambda: lines(pings) >= seen + 3, 20)
    assert disk.inside(what), "drivers were spoken to only afterwards"


def test_whatever_the_disk_does_the_loop_lives(disk):
    with World(name="slow-disk") as world:
        driver, pings = world.path("driver.py"), world.path("pings")
        with open(driver, "w", encoding="utf-8") as f:
            f.write(PINGED % dict(log=pings))
        os.chmod(driver, 0o755)
        world.routes = 'route "r" { driver = "%s" channels = {sms} }' % driver
        world.write_conf()
        world.start()
        for kind, text in [("divisions", "code,name\n990121,青石县\n"),
                           ("contacts", "id,name,phone,role,division\n"
                                        "c1,张,+9991000000001,duty_officer,990121\n")]:
            status, said = world.api("POST", "/v1/import/" + kind, text.encode())
            assert status == 200, said

        disk.set("full", "unlink")          # it becomes full: the ballast is given up
        asked, answer = alert(world, "a")
        answers_meanwhile(world, disk, "unlink", pings)
        assert answer == [507], "who asked is answered before the ballast goes"
        asked.join(30 * SLOW)

        disk.set("statvfs")                 # it has room again: is it enough?
        answers_meanwhile(world, disk, "statvfs", pings)
        assert world.api("GET", "/health/ready")[0] == 503
        disk.set("fallocate")               # it is: a new ballast
        answers_meanwhile(world, disk, "fallocate", pings)
        disk.set()
        wait_for("gongd to be ready", lambda: world.api("GET", "/health/ready")[0] == 200)
        assert os.path.getsize(os.path.join(world.state, "ballast")) == 64 << 20
        asked, answer = alert(world, "b")
        asked.join(30 * SLOW)
        assert answer == [202]
        assert world.drivers().get("python3"), "the driver was never thought dead"


def test_what_a_run_without_pages_gave_out_is_not_looked_for_in_an_older_page(disk):
    """It stands in none, and that must not count as never given."""
    with Provider() as world:
        world.begin()
        broadcast(world)
        world.work(40)
        world.kill()
        disk.set("no_page")
        world.start()
        world.work(40)
        world.kill()
        disk.set()
        world.start()
        wait_for("everything settled", world.settled, 60)
        assert "route has no page" in world.log_tail(40)
        assert max(world.taken().values()) == 1
