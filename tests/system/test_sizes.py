"""No number and no file that a person names leads gongd astray: what is beyond its range is refused
with file, line and range before anything starts, and what is no regular file is never read."""
import json
import os
import re
import subprocess
import time

import pytest

from harness import BUILD, ROOT, SLOW, World, driver_event

ABSURD = ["99999999999999d", "infs", "nan", "-1", "-5s", "0x10h", "0x10", "1e300d", "1e9",
          "18446744073709551617", "9223372036854775808ms", "1s2", ""]
# Where each number of daemon/settings/limits.c stands: the file and the text around it.
PLACES = {
    **dict.fromkeys(("policy_divisor", "validity", "auto_replies_per_hour", "ring", "plays"),
                    ("gong.conf", "site {\n%s\n}\n")),
    **dict.fromkeys(("port", "body_max", "header_max", "connections_max", "streams_max"),
                    ("gong.conf", "listen {\n%s\n}\n")),
    "recipients_max": ("gong.conf", "client \"c\" {\n%s\n\ttoken_sha256 = \"" + "5" * 64 + "\"\n}\n"),
    **dict.fromkeys(("window", "rate", "speed", "down_alarm_minutes"),
                    ("gong.conf", "route \"r\" {\n%s\n\tdriver = \"gong-sim\"\n}\n")),
    **dict.fromkeys(("every", "within"), ("gong.conf", "route \"r\" {\n\tdriver = d\n\tcanary {\n%s\n"
                                          "\t\tto = \"+8613812345678\"\n\t}\n}\n")),
    **dict.fromkeys(("until", "chase_below", "quota", "deadline"),
                    ("p/a.conf", "policy \"a\" {\n%s\n\tstep \"s\" { to = {chief} }\n}\n")),
    **dict.fromkeys(("below", "after"),
                    ("p/a.conf", "policy \"a\" {\n\tstep \"s\" {\n%s\n\t\tto = {chief}\n\t}\n}\n")),
    "heartbeat": ("gong.conf", "source \"s\" {\n%s\n}\n"),
    **dict.fromkeys(("for", "gap", "again", "limit"), ("r.conf", "rule \"r\" {\n%s\n}\n")),
    "max": ("t/a.conf", "template \"a\" {\n\tparam \"x\" {\n%s\n\t}\n\ttext \"zh\" { sms = \"雨\" }\n}\n"),
    "level": ("t/a.conf", "template \"a\" {\n\tanswer \"1\" {\n%s\n\t\toutcome = acknowledged\n\t}\n"
              "\ttext \"zh\" { sms = \"雨,收到回复1\" }\n}\n"),
}
BASE = {
    "gong.conf": "state_dir = \"state\"\nroles = \"roles.conf\"\ntemplates = {\"t\"}\npolicies = {\"p\"}\n",
    "token": "of-a-system-somewhere\n",
    "roles.conf": "role \"chief\" { }\n",
    "t/a.conf": "template \"a\" { text \"zh\" { sms = \"雨\" } }\n",
    "p/a.conf": "policy \"a\" { step \"s\" { to = {chief} } }\n",
}


class Site:
    """A few small files; each case replaces or adds to one of them."""

    def __init__(self, folder):
        self.folder = str(folder)
        for sub in ("t", "p"):
            os.mkdir(self.path(sub))
        self.put()

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self):
        for name, text in BASE.items():
            self.write(name, text)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def check(self):
        return subprocess.run([os.path.join(BUILD, "gongd"), "--config", self.path("gong.conf"),
                               "--check"], capture_output=True, text=True, timeout=20 * SLOW,
                              stdin=subprocess.DEVNULL)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def limits():
    with open(os.path.join(ROOT, "daemon/settings/limits.c"), encoding="utf-8") as f:
        table = f.read().split("limits[] = {", 1)[1].split("};", 1)[0]
    return re.findall(r'\{ "(\w+)",', table)


def test_every_number_of_the_settings_has_its_place_here_and_in_the_manual():
    assert sorted(limits()) == sorted(PLACES)
    manual = ""
    for page in ("gong.conf.5", "gong-template.5", "gong-policy.5"):
        with open(os.path.join(ROOT, "docs/man", page), encoding="utf-8") as f:
            manual += f.read()
    for key in PLACES:
        entry = re.search(r"^\.It Cm %s\b.*\n((?:(?!\.It|\.El).*\n)*)" % key, manual, re.M)
        assert entry, key
        assert re.search(r"\d.* to \d", entry.group(1)), "no range of %s: %s" % (key, entry.group(0))


@pytest.mark.parametrize("key", sorted(PLACES))
def test_an_absurd_number_is_refused_with_file_line_and_range(site, key):
    name, around = PLACES[key]
    before = BASE[name] if name == "gong.conf" else ""
    line = before.count("\n") + around.split("%s")[0].count("\n") + 1
    for value in ABSURD:
        site.put()
        site.write("gong.conf", BASE["gong.conf"] + "source \"s\" { format = json rules = \"r.conf\" "
                   "token_file = \"token\" }\n")
        site.write(name, before + around % ("\t%s = \"%s\"" % (key, value)))
        p = site.check()
        assert p.returncode == 1, (key, value, p.stderr)
        first = p.stderr.splitlines()[0]
        assert re.search(r"%s:%d: .*%s = " % (re.escape(name), line, key), first), (value, first)
        assert value in first and re.search(r"may be .*\d.* to \d", first), (value, first)


@pytest.mark.parametrize("budget", ["5/h", "0/1h", "-1/1h", "4294967297/1h", "1/infh", "1/1e3s",
                                    "1/0x10h", "1/99999999999999d", "1/0s", "1/1h@-1:00-08:00"])
def test_an_absurd_budget_is_refused(site, budget):
    site.write("gong.conf", BASE["gong.conf"] + "route \"r\" {\n\tdriver = d\n\tbudgets = {\"1/1m\", "
               "\"%s\"}\n}\n" % budget)
    p = site.check()
    assert p.returncode == 1 and re.search(r"gong\.conf:7: budget \"%s\"" % re.escape(budget), p.stderr)


def test_a_gongd_with_the_greatest_numbers_ends_no_red_alert_at_once():
    site = "validity = \"366d\"\nring = \"10m\"\nplays = 10\nauto_replies_per_hour = 1000"
    route = """route "r" {
	driver = "gong-sim"
	window = 1000000
	rate = 1000000
	speed = 1000000
	down_alarm_minutes = 1440
	budgets = {"100000/366d"}
	canary { every = "31d" within = "7d" to = "+9991390000001" }
	config = '{"simulation": true, "window": 1000000, "batch": 10000}'
}
"""
    with World(routes=route, site=site, name="sizes") as w:
        os.mkdir(w.path("policies"))
        with open(w.path("policies/far.conf"), "w", encoding="utf-8") as f:
            f.write("policy \"far\" {\n\tdeadline = \"366d\"\n\tstep \"now\" { to = {village_chief} }\n"
                    "\tstep \"later\" { after = \"366d\" to = {village_chief} }\n}\n")
        with open(w.conf, encoding="utf-8") as f:
            conf = f.read().replace("config/policies\"}", "config/policies\", \"policies\"}")
        with open(w.conf, "w", encoding="utf-8") as f:
            f.write(conf)
        w.start()
        for kind, text in (("divisions", "code,name\n990121,青石县\n990121001,石桥镇\n990121001001,东沟村\n"),
                           ("contacts", "id,name,phone,role,division\nc1,王,+9991390000001,village_chief,"
                            "990121001001\n")):
            assert w.api("POST", "/v1/import/" + kind, text.encode())[0] == 200
        ident = w.send(key="a", template="notice.text", severity="red", params={"text": "雨"},
                       policy="far", mode="test", audience={"divisions": ["990121"]})
        end = time.monotonic() + 10 * SLOW
        while w.states()["sent"] + w.states()["delivered"] < 1:
            assert time.monotonic() < end, (w.states(), w.alert(ident))
            time.sleep(0.05)
        alert = w.alert(ident)
        assert alert["state"] == "active" and alert["expires_at"] - alert["accepted_at"] == 366 * 86400000


# --- files -----------------------------------------------------------------------------------------

def special(folder, kind):
    """A name in the folder that is no regular file."""
    path = os.path.join(str(folder), "special")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        os.mkdir(path)
    else:
        os.symlink("/dev/zero", path)
    return path, {"pipe": "named pipe", "folder": "a folder", "device": "a device"}[kind]


KINDS = ["pipe", "folder", "device"]
CLIENT = "client \"c\" { token_file = \"special\" }\n"
OPTION = "route \"r\" { driver = gong-sim option \"log\" { file = \"special\" } }\n"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["gong.conf", "roles", "template", "policy", "token", "option"])
def test_settings_are_read_from_regular_files_only(site, kind, place):
    path, said = special(site.folder, kind)
    conf = BASE["gong.conf"]
    if place == "roles":
        conf = conf.replace("roles.conf", "special")
    if place in ("token", "option"):
        conf += CLIENT if place == "token" else OPTION
    site.write("gong.conf", conf)
    if place in ("gong.conf", "template", "policy"):
        name = {"gong.conf": "gong.conf", "template": "t/b.conf", "policy": "p/b.conf"}[place]
        if place == "gong.conf":
            os.remove(site.path(name))
        path = os.rename(path, site.path(name)) or site.path(name)
    p = site.check()
    assert p.returncode == 1 and path.split("/")[-1] in p.stderr and said in p.stderr, p.stderr


def fatal(driver, config):
    """Why a driver does not open with these options."""
    p = subprocess.run([os.path.join(BUILD, driver)], capture_output=True, text=True,
                       timeout=20 * SLOW, input=json.dumps(
                           dict(op="open", protocol=1, route="r", config=config)) + "\n")
    events = [driver_event(line) for line in p.stdout.splitlines()]
    return next((e["reason"] for e in events if e["ev"] == "fatal"), None)


@pytest.mark.parametrize("kind", KINDS)
def test_drivers_read_regular_files_only(tmp_path, kind):
    path, said = special(tmp_path, kind)
    os.rename(path, path + ".json")
    path += ".json"
    http = {"url": "http://127.0.0.1:9/", "body": {"n": "{{to}}", "t": "{{text}}"},
            "success": {"status": [200]}}
    for driver, config in [
            ("gong-modem", {"device": "/dev/null", "models": path}),
            ("gong-http", dict(http, ca_file=path)),
            ("gong-http", dict(http, client_cert=path, client_key=path)),
            ("gong-http", {"profile": "special", "profile_dir": str(tmp_path)}),
            ("gong-sim", {"simulation": True, "people": path})]:
        reason = fatal(driver, config)
        assert reason and path in reason and said in reason, (driver, config, reason)


SIM = {"simulation": True}
MODEM = {"device": "/dev/null"}
HTTP = {"url": "http://127.0.0.1:9/", "body": {"n": "{{to}}", "t": "{{text}}"}, "success": {"status": [200]}}


@pytest.mark.parametrize("driver, base, change", [
    ("gong-sim", SIM, {"latency_ms": "0x10"}), ("gong-sim", SIM, {"latency_ms": "1e3"}),
    ("gong-sim", SIM, {"loss": "nan"}), ("gong-sim", SIM, {"window": 2 ** 40}),
    ("gong-sim", SIM, {"receipt_ms": 1e300}),
    ("gong-modem", MODEM, {"validity_minutes": "99999999999999999999"}),
    ("gong-modem", MODEM, {"poll_seconds": "0x1"}), ("gong-modem", MODEM, {"rest_seconds": 2 ** 62}),
    ("gong-http", HTTP, {"timeout_ms": 2 ** 62}), ("gong-http", HTTP, {"window": -1}),
    ("gong-http", HTTP, {"limits": {"rate": 1e300}}), ("gong-http", HTTP, {"limits": {"rate": 1e-300}}),
    ("gong-http", HTTP, {"limits": {"budgets": ["5/h"]}}),
])
def test_absurd_numbers_of_a_driver_are_refused_by_name(driver, base, change):
    reason = fatal(driver, {**base, **change})
    name = next(iter(change.get("limits", change)))
    assert reason and name in reason, reason


@pytest.mark.parametrize("kind", KINDS)
def test_gongctl_reads_a_pipe_only_when_told_so(tmp_path, kind):
    path, said = special(tmp_path, kind)
    for argv in (["import", "contacts", path], ["alert", "list", "--config", path]):
        p = subprocess.run([os.path.join(BUILD, "gongctl"), "--lang", "en", *argv], timeout=20 * SLOW,
                           capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert p.returncode == 2 and said in p.stderr, p.stderr
        assert argv[0] != "import" or "write - for FILE" in p.stderr


def test_gongctl_imports_from_standard_input():
    with World(name="stdin") as w:
        w.start()
        for text in (b"code,name\n990121,Qingshi\n", b"code,name\n990121,Qingshi\n990121001,Shiqiao\n"):
            p = subprocess.run([os.path.join(BUILD, "gongctl"), "--socket", w.socket, "--lang", "en",
                                "import", "divisions", "-"], input=text, capture_output=True,
                               timeout=20 * SLOW)
            assert p.returncode == 0 and b"imported %d rows" % (text.count(b"\n") - 1) in p.stdout


@pytest.mark.parametrize("text", ["99999999999999d", "infs", "1e3h", "0x10h", "367d", "-1h", "tomorrow",
                                  "99999999999999999999"])
def test_gongctl_refuses_an_absurd_end(text):
    for option in ("--expires", "--starts"):
        p = subprocess.run([os.path.join(BUILD, "gongctl"), "--lang", "en", "--socket", "/nowhere", "send",
                            "t", "--severity", "red", "--division", "990121", option + "=" + text],
                           capture_output=True, text=True, timeout=20 * SLOW)
        assert p.returncode == 2 and "%s \"%s\"" % (option, text) in p.stderr, p.stderr
