"""reset: a driver asks, and gongd runs the route's command as a child of its own."""
import json
import os
import subprocess
import time

import pytest

from harness import BUILD, SLOW, World, children, is_alive, read_books, wait_for
from modems import Modems

HERE = os.path.dirname(os.path.abspath(__file__))
ROUTE = '''route "r" {
 driver = "%s"
 channels = {sms}
 config = '%s'
}
'''


class Reset(World):
    """gongd with one driver that asks for resets, and a command that writes down what it is told."""

    def __init__(self, body, ask, **config):
        super().__init__(name="reset")
        config = dict({"log": self.path("answers"), "ask": ask}, **config)
        if body is not None:
            config.setdefault("reset_command", self.path("command"))
            with open(self.path("command"), "w", encoding="utf-8") as f:
                f.write("#!/bin/sh\n" + body.replace("OUT", self.path("out")))
            os.chmod(self.path("command"), 0o755)
        self.routes = ROUTE % (os.path.join(HERE, "reset_driver.py"), json.dumps(config))
        self.write_conf()

    def text(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def answers(self, count=1):
        wait_for("%d answers" % count, lambda: len(read_books(self.path("answers"))) >= count)
        return read_books(self.path("answers"))

    def check(self):
        p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", self.conf, "--check"],
                           capture_output=True, text=True, timeout=30, check=False)
        return p.stdout + p.stderr


def test_the_command_gets_the_device_and_nothing_of_gongd():
    body = 'echo "$#:$1" >OUT; cat >>OUT; ls -l /proc/$$/fd >>OUT; echo "done: $1"; echo oh >&2\n'
    with Reset(body, ["/dev/ttyUSB2"]) as world:
        world.start()
        assert world.answers() == [{"op": "reset", "ok": True}]
        out = world.text("out")
        assert out.startswith("1:/dev/ttyUSB2\n") and "socket" not in out and "gong.db" not in out
        log = world.text("gongd.log")
        assert "reset command runs route=r device=/dev/ttyUSB2" in log
        assert "reset command says route=r: done: /dev/ttyUSB2" in log
        assert "reset command says route=r: oh" in log


def test_it_runs_once_a_minute_and_a_failure_is_said_with_its_status():
    with Reset("echo $1 >>OUT; exit 3\n", ["/dev/a", "/dev/b"]) as world:
        world.start()
        first, second = world.answers(2)
        assert not first["ok"] and "status 3" in first["reason"]
        assert not second["ok"] and "less than a minute" in second["reason"]
        assert world.text("out") == "/dev/a\n"
        assert "reset command failed route=r" in world.text("gongd.log")


@pytest.mark.parametrize("device", ["-rf", "ttyUSB0", "/dev/x; reboot", "/dev/../etc/x", "/d\n", "",
                                    "/" + "a" * 300, 7, None])
def test_what_is_no_path_reaches_no_command(device):
    with Reset("echo $1 >>OUT\n", [device]) as world:
        world.start()
        assert "no path" in world.answers()[0]["reason"]
        assert world.text("out") == ""


def test_one_that_asks_without_end_fills_no_log():
    with Reset(None, ["/dev/a"] * 2000) as world:
        world.start()
        world.answers(400)
        time.sleep(1)
        assert world.text("gongd.log").count("reset command failed") < 300


def test_without_a_command_or_without_its_program_the_answer_says_so():
    with Reset(None, ["/dev/a"]) as world:
        world.start()
        assert "no reset_command" in world.answers()[0]["reason"]
    with Reset(None, ["/dev/a"], reset_command="/nowhere/power") as world:
        world.start()
        assert "is there such a program" in world.answers()[0]["reason"]
        checked = world.check()
        assert "reset_command" in checked and "/nowhere/power" in checked


def test_a_driver_that_died_meanwhile_hears_the_end_of_the_same_run():
    with Reset("echo $1 >>OUT; sleep 2\n", ["/dev/a"], dies=True) as world:
        world.start(wait=False)
        assert world.answers() == [{"op": "reset", "ok": True}]
        assert world.text("out") == "/dev/a\n"


def test_a_stop_lets_the_command_put_the_device_back_and_waits_for_it():
    body = "trap 'sleep 0.5; echo back >>OUT; exit 1' TERM\necho off >>OUT\nsleep 50 & wait\n"
    with Reset(body, ["/dev/a"]) as world:
        world.start()
        wait_for("the command to run", lambda: world.text("out") == "off\n")
        pids = children(world.gongd.pid)
        begun = time.monotonic()
        world.gongd.stop()
        assert time.monotonic() - begun < 5
        assert world.text("out") == "off\nback\n"
        wait_for("all children to be gone", lambda: not any(is_alive(p) for p in pids))
        assert world.text("gongd.log").count("gongd stopping") == 1


def test_a_command_that_hears_nothing_of_a_stop_is_killed():
    with Reset("trap '' TERM\necho off >>OUT\nwhile :; do sleep 1; done\n", ["/dev/a"]) as world:
        world.start()
        wait_for("the command to run", lambda: world.text("out") == "off\n")
        pids = children(world.gongd.pid)
        begun = time.monotonic()
        world.gongd.stop()
        assert time.monotonic() - begun < 6
        wait_for("all children to be gone", lambda: not any(is_alive(p) for p in pids))


def test_gongd_goes_on_while_the_command_runs():
    with Reset("echo off >>OUT\nsleep 5\n", ["/dev/a"]) as world:
        world.start()
        wait_for("the command to run", lambda: world.text("out") == "off\n")
        for _ in range(10):
            begun = time.monotonic()
            assert world.api("GET", "/v1/routes")[0] == 200
            assert time.monotonic() - begun < 1
        assert not read_books(world.path("answers"))


def test_a_modem_that_hears_nothing_is_cured_by_the_command_that_gongd_runs():
    m = Modems(1, options={"poll_seconds": 1, "result_seconds": 2})
    command = m.world.path("power")
    m.each[0] = {"options": {"reset_command": command}}
    m.write_routes()
    with open(command, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\necho off $1\n%s/sim/modem --tell %s revive\n" % (BUILD, m.path(0, "control")))
    os.chmod(command, 0o755)
    with m:
        m.people(1)
        m.tell(0, "hang hard")
        m.tell_one("one", "c0")
        wait_for("the message to leave", lambda: m.books(0, ev="submit", state="accepted"), 120 * SLOW)
        log = m.world.log_tail(1000)
        assert log.count("reset command runs route=m0 device=" + m.path(0, "tty")) == 1
        assert "reset command says route=m0: off " + m.path(0, "tty") in log
        assert "rung=usb" in log and "rung=down" not in log
