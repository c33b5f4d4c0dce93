"""What is wrong with a route: a task, one message by another route, and its end (docs/api.md)."""
import json

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
