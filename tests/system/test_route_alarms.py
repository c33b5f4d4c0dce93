"""What is wrong with a route: a task, one message by another route, and its end (docs/api.md)."""
import json
import os
import socket

import pytest

from district import District
from harness import World, read_books, wait_for

ROUTE = '''route "%s" {
 driver = "gong-sim"
 config = '{"simulation":true,"health":"%s","log":"%s"}'
}
'''


@pytest.fixture
def world():
    w = World(name="alarms")
    w.routes = "".join(ROUTE % (name, w.path(name + ".health"), w.path(name + ".jsonl"))
                       for name in ("a", "b"))
    w.write_conf()
    for name in ("a", "b"):
        health(w, name)
    w.start()
    wait_for("routes up", w.all_up)
    w.load(District(1, 2))
    yield w
    w.close()


def health(w, name, **said):
    with open(w.path(name + ".health"), "w", encoding="utf-8") as f:
        json.dump(said, f)


def route(w, name):
    return [r for r in w.api("GET", "/v1/routes")[1]["routes"] if r["name"] == name][0]


def tasks(w):
    return [t for t in w.api("GET", "/v1/tasks?open=1")[1]["tasks"] if t["kind"] == "route"]


def texts(w, name):
    return [e["text"] for e in read_books(w.path(name + ".jsonl")) if "text" in e]


BALANCE = [{"name": "balance", "text": "余额不足,剩3.20 / balance 3.20 is below 10"}]


def test_an_alarm_of_the_driver_is_a_task_and_a_message_by_another_route(world):
    health(world, "a", alarms=BALANCE, balance=3.2)
    alarm = wait_for("the alarm", lambda: route(world, "a")["alarms"])[0]
    assert alarm["name"] == "balance" and alarm["by"] == "driver", alarm
    assert route(world, "a")["health"]["balance"] == 3.2
    task = tasks(world)[0]
    assert task["id"] == alarm["task"] and "通道a:余额不足" in task["text"], task
    assert "route a: balance 3.20" in task["text"]
    told = wait_for("the message", lambda: texts(world, "b"))
    assert len(told) == 1 and "通道a告警:余额不足,剩3.20" in told[0], told
    assert not texts(world, "a")
    # a restart tells nobody twice
    world.gongd.stop()
    world.start()
    wait_for("routes up", world.all_up)
    wait_for("health again", lambda: route(world, "a")["health"].get("balance") == 3.2)
    assert len(tasks(world)) == 1 and len(texts(world, "b")) == 1
    # over
    health(world, "a", balance=80)
    wait_for("the end", lambda: not route(world, "a")["alarms"])
    assert not tasks(world)
    closed = world.rows("SELECT closed_by, note FROM task WHERE id = ?", task["id"])[0]
    assert closed["closed_by"] == "gong" and "is over" in closed["note"]
    assert len(texts(world, "b")) == 1 and not texts(world, "a")


def test_a_driver_that_stopped_for_good_is_an_alarm_at_once(world):
    world.routes = world.routes.replace('route "b" {\n driver = "gong-sim"',
                                        'route "b" {\n driver = "/nowhere/gong-siren"\n simulated = true')
    world.gongd.stop()
    world.write_conf()
    world.start()
    alarm = wait_for("the alarm", lambda: route(world, "b")["alarms"])[0]
    assert alarm["name"] == "down" and alarm["by"] == "gong", alarm
    assert "已停止" in alarm["text"] and "there is no program" in alarm["text"]
    assert [t["id"] for t in tasks(world)] == [alarm["task"]]
    wait_for("the message", lambda: [t for t in texts(world, "a") if "通道b告警:已停止" in t])
    notice = world.api("GET", "/v1/alerts")[1]["alerts"][0]
    assert notice["client"] == "gong" and notice["mode"] == "test", notice


LAST_WORD = '''#!/usr/bin/python3
import json, sys
for line in sys.stdin:
    op = json.loads(line)["op"]
    if op == "open":
        print('{"ev":"ready","protocol":1,"channels":["sms"],"window":1}', flush=True)
    elif op == "close":
        print('{"ev":"fatal","reason":"it was interrupted","retry":false}', flush=True)
        open(sys.argv[0] + ".said", "w").close()
        sys.exit(1)
'''


def test_a_driver_that_says_fatal_while_gongd_stops_is_no_alarm(world):
    with open(world.path("last_word"), "w", encoding="utf-8") as f:
        f.write(LAST_WORD)
    os.chmod(world.path("last_word"), 0o755)
    world.gongd.stop()
    world.routes += 'route "c" {\n driver = "%s"\n channels = {sms}\n}\n' % world.path("last_word")
    world.write_conf()
    world.start()
    wait_for("routes up", world.all_up)
    assert world.gongd.stop() == 0
    assert os.path.exists(world.path("last_word.said")), "it said its last word"
    assert world.rows("SELECT state FROM route WHERE name = 'c'")[0]["state"] == "down", "and was heard"
    assert not world.rows("SELECT * FROM route_alarm")
    assert not world.rows("SELECT * FROM task WHERE kind = 'route'")


def test_a_provider_that_hangs_is_one_alarm_whatever_its_driver_says_before_each_probe(world):
    with socket.create_server(("127.0.0.1", 0)) as deaf:      # takes connections and never answers
        config = json.dumps({"url": "http://127.0.0.1:%d/" % deaf.getsockname()[1],
                             "timeout_ms": 200, "body": {"to": "{{to}}", "text": "{{text}}"},
                             "success": {"status": [200]}})
        world.gongd.stop()
        world.routes = (ROUTE % ("b", world.path("b.health"), world.path("b.jsonl"))).replace(
            "{", "{\n backup = true", 1) + (
            'route "p" {\n driver = "gong-http"\n channels = {sms}\n down_alarm_minutes = 0.05\n'
            " config = '%s'\n}\n" % config)
        world.write_conf()
        world.start()
        wait_for("routes up", world.all_up)
        numbers = iter(range(1000))

        def probed(test):               # there is always somebody to be told
            world.send(key="k%d" % next(numbers), template="notice.text", severity="red",
                       params={"text": "转移"}, audience={"divisions": ["990121"],
                                                        "roles": ["village_chief", "warner", "grid_worker"]})
            return test()

        alarm = wait_for("the alarm", lambda: probed(lambda: route(world, "p")["alarms"]), 60, 0.2)[0]
        assert alarm["name"] == "down" and alarm["by"] == "gong", alarm
        lost = lambda: world.rows("SELECT losses FROM route WHERE name = 'p'")[0]["losses"]
        seen = lost()
        wait_for("more probes", lambda: probed(lambda: lost() > seen), 60, 0.2)
        assert [a["task"] for a in route(world, "p")["alarms"]] == [alarm["task"]]
        assert len(tasks(world)) == 1
        wait_for("the message", lambda: texts(world, "b"))
        assert len([t for t in texts(world, "b") if "通道p告警" in t]) == 1


def test_a_driver_stands_back(world):
    health(world, "a", prefer_other=True)
    wait_for("it says so", lambda: route(world, "a")["health"].get("prefer_other"))
    world.send(key="k", template="notice.text", severity="blue", params={"text": "开会"},
               audience={"divisions": ["990121"], "roles": ["village_chief"]})
    wait_for("all gone", lambda: world.states() and world.settled())
    assert len(texts(world, "b")) == 2 and not texts(world, "a")


def test_a_canary_goes_round_and_one_that_is_lost_is_an_alarm(world):
    config = '{"simulation":true,"number":"+99910000009","receipts":true,"receipt_ms":20,"loss":%d,"log":"%s"}'
    canary = 'canary { every = "4s" to = "+99910000009" within = "1s" }'

    def start(loss):
        world.gongd.stop()
        world.routes = "route \"a\" { driver = \"gong-sim\" config = '%s' %s }\n%s" % (
            config % (loss, world.path("a.jsonl")), canary, ROUTE % ("b", world.path("b.health"), world.path("b.jsonl")))
        world.write_conf()
        world.start()
        wait_for("routes up", world.all_up)

    start(0)
    result = wait_for("a canary", lambda: route(world, "a")["canary"])
    assert result["ok"] and result["receipt_ms"] == 20 and 0 <= result["inbound_ms"] < 1000, result
    assert not route(world, "a")["alarms"]
    start(1)
    alarm = wait_for("the alarm", lambda: route(world, "a")["alarms"])[0]
    assert alarm["name"] == "canary" and alarm["by"] == "gong", alarm
    assert not route(world, "a")["canary"]["ok"]
    wait_for("the message", lambda: [t for t in texts(world, "b") if "通道a告警:测试短信1秒内未返回" in t])
    start(0)
    wait_for("the end", lambda: not route(world, "a")["alarms"])
    assert not tasks(world)
    assert world.rows("SELECT count(*) AS n FROM audit WHERE action = 'route.canary'")[0]["n"] >= 3
