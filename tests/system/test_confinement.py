"""gongd's own drivers confine themselves, say so, and work all the same; what each attempt of a driver
that was taken over comes to is in tests/unit/test_confine.c."""
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from harness import BUILD, Process, World, read_books, sim_route, wait_for

pytestmark = pytest.mark.skipif(BUILD.endswith("asan"), reason="sanitizers need what is given up")

HERE = os.path.dirname(os.path.abspath(__file__))
FILTER = os.path.join(HERE, "call_filter.py")
LANDLOCK = ["-landlock_create_ruleset", "-landlock_add_rule", "-landlock_restrict_self"]
MODEM = '''route "modem" {
 driver = "gong-modem"
 channels = {sms}
 option "device" { value = "%s" }
 option "poll_seconds" { value = "1" }
}
'''
HTTP = '''route "http" {
 driver = "gong-http"
 channels = {sms}
 config = '%s'
}
'''


class Confined(World):
    """gongd with its three drivers, and whoever they speak to."""

    def __init__(self, *filtered, host="127.0.0.1"):
        super().__init__(name="confined")
        self.filtered = filtered
        self.sim = self.start_sim("m", "modem", "--link", self.path("tty"), "--log",
                                  self.path("modem.books"), "--control", self.path("control"),
                                  "--air-ms", 20)
        self.provider = self.start_sim("p", "provider", "--port", 0, "--log",
                                       self.path("http.books"))
        config = {"url": "http://%s:%s/send" % (host, self.provider.words[1]),
                  "body": {"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}"},
                  "success": {"status": [200], "pointer": "/code", "equals": 0},
                  "id_pointer": "/id"}
        self.routes = (sim_route(self.path("sim.books"), "sim") + MODEM % self.path("tty") +
                       HTTP % json.dumps(config))
        self.write_conf()

    def start(self, wait=True):
        argv = [os.path.join(BUILD, "gongd"), "--config", self.conf]
        if self.filtered:
            argv = [sys.executable, FILTER, *self.filtered, "--", *argv]
        self.gongd = Process("gongd", argv, self.path("gongd.log"))
        wait_for("gongd ready", self.is_ready)
        wait_for("all routes to be up", self.all_up, 30)
        return self.gongd

    def route(self, name):
        return next(r for r in self.api("GET", "/v1/routes")[1]["routes"] if r["name"] == name)

    def confined(self, name):
        return wait_for("%s to say how it is confined" % name,
                        lambda: self.route(name)["health"].get("confined"))

    def asks_work(self):
        for name, what in (("modem", "at"), ("sim", "at"), ("http", "test")):
            body = {"what": what} if what == "test" else {"what": what, "text": "AT"}
            status, answer = self.api("POST", "/v1/routes/%s/ask" % name, body)
            assert status == 200 and answer["ok"], (name, answer)


NAMES = ("modem", "http", "sim")


def status_of(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return dict(re.findall(r"^(\w+):\s*(.*)$", f.read(), re.M))


def test_every_driver_confines_itself_works_and_says_so_to_everybody():
    with Confined() as world:
        world.start()
        for name in NAMES:
            confined = world.confined(name)
            assert confined == {"landlock": confined["landlock"], "seccomp": True,
                                "no_network": name != "http"}, (name, confined)
            assert confined["landlock"] >= 1
            status = status_of(world.drivers()["gong-" + name])
            assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"), name
            limits = "/proc/%d/limits" % world.drivers()["gong-" + name]
            with open(limits, encoding="utf-8") as f:
                assert re.search(r"Max core file size\s+0\s+0\s", f.read())
            assert not world.route(name)["alarms"]
        world.asks_work()
        assert "[已隔离]" in world.ctl("route", "list")
        assert "[confined]" in world.ctl("route", "list", lang="en")
        assert "驱动:已隔离" in world.ctl("route", "test", "sim")


def test_a_driver_has_its_device_and_nothing_of_gongds_open():
    with Confined() as world:
        world.start()
        for name in NAMES:
            folder = "/proc/%d/fd" % world.drivers()["gong-" + name]
            files = [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]
            own = [f for f in files if f[0] == "/" and not f.startswith(("/dev/", "/memfd:"))]
            assert [f for f in own if "gong.db" in f or "gong.sock" in f] == [], files


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd says which calls its sets hold")
def test_under_the_units_own_filter_nothing_is_missing():
    with Confined("EPERM", "unit") as world:
        world.start()
        for name in NAMES:
            confined = world.confined(name)
            assert "lacks" not in confined and confined["seccomp"] and confined["landlock"] >= 1
            assert not world.route(name)["alarms"]
        world.asks_work()


@pytest.mark.parametrize("taken, lacking", [(LANDLOCK, "landlock is refused"),
                                            (["-seccomp"], "seccomp is refused")])
def test_whoever_forbids_it_is_an_alarm_and_the_route_works_on(taken, lacking):
    with Confined("EPERM", "all", *taken) as world:
        world.start()
        for name in NAMES:
            assert lacking in world.confined(name)["lacks"]
            wait_for("the alarm of " + name, lambda n=name: world.route(n)["alarms"])
            alarm = world.route(name)["alarms"][0]
            assert alarm["name"] == "confinement" and lacking in alarm["text"]
        zh = world.ctl("route", "list")
        assert "驱动无法自我隔离" in zh and "SystemCallFilter" in zh
        world.asks_work()


def test_an_old_kernel_is_said_and_is_no_alarm():
    with Confined("ENOSYS", "all", "-seccomp", *LANDLOCK) as world:
        world.start()
        for name in NAMES:
            confined = world.confined(name)
            assert not confined["seccomp"] and not confined["no_network"]
            assert confined["landlock"] == 0
            assert "Linux 5.13" in confined["lacks"] and "Linux 4.14" in confined["lacks"]
            assert not world.route(name)["alarms"]
        world.asks_work()
        assert "[未完全隔离:" in world.ctl("route", "list")
        argv = [sys.executable, FILTER, *world.filtered, "--", os.path.join(BUILD, "gongd"), "--check",
                "--config", world.conf]
        checked = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        assert checked.returncode == 0
        for name in NAMES:
            assert ('warning: route "%s": its driver cannot confine itself wholly here' % name
                    in checked.stderr)
        assert "not checked, for their drivers do not know how: " in checked.stdout


def own_name():
    """A name of this machine, by /etc/hosts; curl knows localhost by itself and asks nobody."""
    try:
        return socket.gethostname() if socket.gethostbyname(socket.gethostname())[:4] == "127." else None
    except OSError:
        return None


@pytest.mark.skipif(not own_name(), reason="this machine has no name of its own in /etc/hosts")
def test_names_are_still_resolved():
    with Confined(host=own_name()) as world:
        world.start()
        assert world.confined("http")["seccomp"]
        world.asks_work()


def test_a_driver_that_dies_of_what_it_tried_is_named_with_the_signal():
    with Confined() as world:
        world.start()
        os.kill(world.drivers()["gong-sim"], signal.SIGSYS)
        line = "driver says route=sim: (ended by signal 31: Bad system call)"
        wait_for("the line", lambda: line in world.log_tail(1000))
        wait_for("all routes to be up", world.all_up, 10)


def replace(path):
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write("new\n")
    os.rename(path + ".new", path)


def test_a_certificate_file_that_is_replaced_is_read_by_a_new_process():
    """It was granted by itself, for its folder may hold what a provider must not read."""
    with Confined() as world:
        ca = world.path("ca.pem")
        replace(ca)
        world.routes = world.routes.replace('"id_pointer"', '"ca_file": "%s", "id_pointer"' % ca)
        world.write_conf()
        world.start()
        first = world.drivers()["gong-http"]
        replace(ca)
        wait_for("another process", lambda: world.drivers().get("gong-http") not in (None, first), 25)
        wait_for("all routes to be up", world.all_up, 10)
        world.asks_work()
        with open(world.path("gongd.log"), encoding="utf-8") as f:
            assert ca + " was replaced; a new process may read it" in f.read()


def test_the_books_of_a_driver_that_cannot_open_files_go_on():
    with Confined() as world:
        world.start()
        body = {"what": "sms", "to": "+99912345678", "text": "a"}
        status, answer = world.api("POST", "/v1/routes/sim/ask", body)
        assert status == 200 and answer["ok"], answer
        assert [b for b in read_books(world.path("sim.books")) if b["ev"] == "message"]
        assert glob.glob(world.path("sim.books"))
