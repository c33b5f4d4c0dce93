"""gongctl route test: gongd's view, the driver's own test, and a real message (docs/man/gongctl.1)."""
import json
import os
import stat

import pytest

from district import District
from harness import BUILD, World, wait_for

SIM = '''route "%s" {
 driver = "gong-sim" window = 7
 config = '{"simulation":true,"number":"+99910000009","receipts":%s,"receipt_ms":30,"latency_ms":20,"reject":%s,"health":"%s","log":"%s"}'
}
'''
# Answers `test` with steps, one of them bad; `plain` knows no test, `asleep` is not up.
STEPS = '''#!/usr/bin/python3
import json, sys
def say(**event):
    print(json.dumps(event), flush=True)
for line in sys.stdin:
    op = json.loads(line)
    if op["op"] == "open":
        mode = op["config"]["mode"]
        if mode != "asleep":
            say(ev="ready", protocol=1, channels=["sms"], window=1)
    elif op["op"] == "ping":
        say(ev="pong", n=op["n"])
    elif op["op"] == "ask" and mode == "plain" and op["what"] != "sms":
        say(ev="answer", id=op["id"], ok=False, reason="no such question")
    elif op["op"] == "send":
        for item in op["items"]:
            say(ev="done", id=item["id"], outcome="rejected", reason="wrong password",
                **{"class": "config"})
    elif op["op"] == "ask" and op["what"] == "sms":
        say(ev="answer", id=op["id"], ok=True, submit_ms=5)
    elif op["op"] == "ask":
        say(ev="answer", id=op["id"], ok=False, reason="mend the clock",
            lines=["ok  reachable: 127.0.0.1", "FAIL clock: 900 s off", "balance is told nowhere"])
'''


def write_driver(w):
    with open(w.path("steps"), "w", encoding="utf-8") as f:
        f.write(STEPS)
    os.chmod(w.path("steps"), stat.S_IRWXU)


@pytest.fixture(scope="module")
def world():
    w = World(name="fit")
    write_driver(w)
    w.routes = (SIM % ("good", "true", "0", w.path("health"), w.path("good.jsonl")) +
                SIM % ("mute", "false", "0", "", w.path("mute.jsonl")) +
                SIM % ("shut", "true", "1", "", w.path("shut.jsonl")) +
                "".join('route "%s" { driver = "%s" config = \'{"mode":"%s"}\' }\n'
                        % (mode, w.path("steps"), mode) for mode in ("steps", "plain", "asleep")))
    w.write_conf()
    health(w)
    w.start()
    wait_for("routes up", lambda: sum(r["state"] == "up" for r in routes(w)) == 5)
    yield w
    w.close()


CONFINED = ("--   driver: not wholly confined: built with sanitizers, which need all of it"
            if BUILD.endswith("asan") else "ok   driver: confined")


def routes(w):
    return w.api("GET", "/v1/routes")[1]["routes"]


def health(w, **said):
    with open(w.path("health"), "w", encoding="utf-8") as f:
        json.dump(said, f)


def fit(w, *argv, lang="en"):
    p = w.ctl("route", "test", *argv, check=False, lang=lang)
    return p.returncode, p.stdout.splitlines(), p.stderr


def test_a_good_route_with_a_message(world):
    health(world, clock_skew_ms=12, balance=80)
    wait_for("its health", lambda: [r for r in routes(world) if r["health"].get("balance") == 80])
    code, lines, _ = fit(world, "good", "+99910000001")
    assert lines == ["ok   gong: the route is up", "ok   gong: no alarm stands",
                     "--   clock: 12 ms off", "--   balance: 80.00", CONFINED,
                     "ok   gong: window 7, 0 with the driver",
                     "ok   configuration: a simulated network, which reaches nobody",
                     "ok   network: it takes messages", "ok   message: accepted after 0.0 s",
                     "ok   receipt: delivered after 0.0 s"], lines
    assert code == 0
    asked = [json.loads(r["detail"])["what"] for r in world.rows(
        "SELECT detail FROM audit WHERE action = 'route.ask' ORDER BY id")]
    assert asked[-2:] == ["test", "sms"]


def test_the_message_may_say_what_one_likes(world):
    assert fit(world, "good", "+99910000001", "--text", "今日测试", lang="zh")[0] == 0
    with open(world.path("good.jsonl"), encoding="utf-8") as f:
        assert json.loads(f.read().splitlines()[-1])["text"] == "今日测试"


def test_an_alarm_makes_it_unfit(world):
    health(world, alarms=[{"name": "balance", "text": {"concept": "balance_low", "values": ["1.00", "5"]}}])
    wait_for("the alarm", lambda: [r for r in routes(world) if r["alarms"]
                                   and r["name"] == "good"])
    code, lines, _ = fit(world, "good")
    assert code == 1 and "FAIL gong: ALARM balance: balance 1.00 is below 5" in lines, lines
    code, lines, _ = fit(world, "good", lang="zh")
    assert code == 1 and "失败 gong: 告警 balance: 余额不足,剩1.00,低于5" in lines, lines
    health(world)
    wait_for("its end", lambda: not [r for r in routes(world) if r["alarms"]
                                     and r["name"] == "good"])


def test_no_receipt_fails_only_who_waits_for_one(world):
    code, lines, _ = fit(world, "mute", "+99910000001")
    assert code == 0 and lines[-1] == "--   receipt: none came in time"
    code, lines, _ = fit(world, "mute", "+99910000001", "--receipt-wait", "1s")
    assert code == 1 and lines[-1] == "FAIL receipt: none came in time"


def test_a_network_that_refuses(world):
    code, lines, _ = fit(world, "shut", "+99910000001")
    assert code == 1
    assert "FAIL network: it refuses every message (reject)" in lines
    assert lines[-1] == "FAIL message: the simulated network refused it"


def test_the_steps_of_a_driver(world):
    code, lines, _ = fit(world, "steps")
    assert code == 1
    assert lines[-4:] == ["ok   reachable: 127.0.0.1", "FAIL clock: 900 s off",
                          "--   balance is told nowhere", "FAIL driver: mend the clock"]


def test_a_driver_that_knows_no_test(world):
    line = "--   this driver knows no test of its own: no such question"
    code, lines, _ = fit(world, "plain")
    assert code == 1 and lines[-1] == line
    code, lines, _ = fit(world, "plain", "+99910000001")
    assert code == 0 and line in lines, lines


def test_a_route_that_is_not_up_or_not_there(world):
    code, lines, stderr = fit(world, "asleep")
    assert code == 1 and lines[0] == "FAIL gong: the route is starting" and "is down" in stderr
    code, lines, stderr = fit(world, "nowhere")
    assert code == 1 and not lines and 'no route "nowhere"' in stderr


def test_an_accepted_message_ends_the_pause_of_a_route():
    with World(name="mended") as w:
        w.routes = 'route "plain" { driver = "%s" config = \'{"mode":"plain"}\' }' % w.path("steps")
        w.write_conf()
        write_driver(w)
        w.start()
        wait_for("route up", w.all_up)
        w.load(District(1, 1))
        w.send(key="x", template="notice.text", severity="blue", params={"text": "x"},
               audience={"divisions": ["990121"], "roles": ["village_chief"]})
        alarm = wait_for("the alarm", lambda: routes(w)[0]["alarms"])[0]
        assert (alarm["name"], alarm["by"]) == ("paused", "gong") and "wrong password" in alarm["text"]
        assert routes(w)[0]["state"] == "paused"
        code, lines, _ = fit(w, "plain", "+99910000001")
        assert code == 1 and "FAIL gong: the route is paused" in lines
        assert lines[-2].startswith("ok   message: accepted"), lines
        # the waiting message was tried at once, and refused again: a new trouble, a new alarm
        wait_for("the pause's end and the next one", lambda: [
            a for a in routes(w)[0]["alarms"] if a["task"] != alarm["task"]])


def test_wrong_words(world):
    for argv in (("good", "--text", "x"), ("good", "+99910000001", "--receipt-wait", "5m"),
                 ("good", "+99910000001", "--receipt-wait", "soon"), ()):
        assert fit(world, *argv)[0] == 2


def test_as_json(world):
    p = world.ctl("--json", "route", "test", "steps", check=False)
    answer = json.loads(p.stdout)
    assert p.returncode == 1
    assert answer["route"]["name"] == "steps" and answer["test"]["reason"] == "mend the clock"
