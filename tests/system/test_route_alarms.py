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

ZH, EN = {"Accept-Language": "zh"}, {"Accept-Language": "en"}


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


def tasks(w, language=ZH):
    return [t for t in w.api("GET", "/v1/tasks?open=1", headers=language)[1]["tasks"]
            if t["kind"] == "route"]


def texts(w, name):
    return [e["text"] for e in read_books(w.path(name + ".jsonl")) if "text" in e]


BALANCE = [{"name": "balance", "concept": "balance_low", "values": ["3.20", 10],
            "text": "for a gong that does not know it"}]


def test_an_alarm_of_the_driver_is_a_task_and_a_message_by_another_route(world):
    health(world, "a", alarms=BALANCE, balance=3.2)
    alarm = wait_for("the alarm", lambda: route(world, "a")["alarms"])[0]
    assert alarm["name"] == "balance" and alarm["by"] == "driver", alarm
    assert route(world, "a")["health"]["balance"] == 3.2
    task = tasks(world)[0]
    assert task["id"] == alarm["task"] and task["text"] == "通道a:余额不足,剩3.20,低于10", task
    assert tasks(world, EN)[0]["text"] == "route a: balance 3.20 is below 10"
    assert task["code"] == "task_route" and task["values"] == [
        "a", {"code": "balance_low", "values": ["3.20", "10"]}]
    assert "余额不足" in world.ctl("task", "list", lang="zh")
    assert "route a: balance 3.20 is below 10" in world.ctl("task", "list", lang="en")
    assert tasks(world, {})[0]["text"] == "%s / %s" % (task["text"], tasks(world, EN)[0]["text"])
    assert "balance: balance 3.20 is below 10" in world.ctl("route", "list", lang="en")
    assert "balance: 余额不足,剩3.20,低于10" in world.ctl("route", "list", lang="zh")
    told = wait_for("the message", lambda: texts(world, "b"))
    assert len(told) == 1 and "通道a告警：余额不足,剩3.20" in told[0], told
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
    for language, note in ((ZH, "告警已自行解除"), (EN, "the alarm is over by itself")):
        closed = [t for t in world.api("GET", "/v1/tasks", headers=language)[1]["tasks"]
                  if t["id"] == task["id"]][0]
        assert closed["closed_by"] == "gong" and closed["note"] == note
    assert len(texts(world, "b")) == 1 and not texts(world, "a")


def test_a_driver_that_stopped_for_good_is_an_alarm_at_once(world):
    world.routes = world.routes.replace('route "b" {\n driver = "gong-sim"',
                                        'route "b" {\n driver = "/nowhere/gong-siren"\n simulated = true')
    world.gongd.stop()
    world.write_conf()
    world.start()
    alarm = wait_for("the alarm", lambda: route(world, "b")["alarms"])[0]
    assert alarm["name"] == "down" and alarm["by"] == "gong", alarm
    assert "已停止:" in alarm["text"] and " / has stopped: there is no program" in alarm["text"], alarm
    assert world.api("GET", "/v1/routes", headers=ZH)[1]["routes"][1]["alarms"][0]["text"].startswith("已停止:")
    assert [t["id"] for t in tasks(world)] == [alarm["task"]]
    wait_for("the message", lambda: [t for t in texts(world, "a") if "通道b告警：已停止" in t])
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


@pytest.mark.parametrize("text,zh,en", [
    ("太热 as it is", "太热 as it is", "太热 as it is"),
    ({"concept": "modem_hot", "values": [81]}, "调制解调器温度81度过高", "the modem is too hot: 81 C"),
    ({"concept": "of_a_later_driver", "values": [1], "detail": "it hums"}, "it hums", "it hums"),
])
def test_a_driver_says_a_string_or_a_phrase(world, text, zh, en):
    health(world, "a", alarms=[{"name": "x", "text": text}])
    wait_for("the alarm", lambda: route(world, "a")["alarms"])
    assert tasks(world, ZH)[0]["text"] == "通道a:" + zh
    assert tasks(world, EN)[0]["text"] == "route a: " + en
    told = wait_for("the message", lambda: texts(world, "b"))
    assert "通道a告警：%s。" % zh in told[0]
    with open(world.path("gongd.log"), encoding="utf-8") as f:
        assert 'route alarm name=a alarm=x reason="%s"' % en in f.read()


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
    wait_for("the message", lambda: [t for t in texts(world, "b") if "通道a告警：测试短信1秒内未返回" in t])
    start(0)
    wait_for("the end", lambda: not route(world, "a")["alarms"])
    assert not tasks(world)
    assert world.rows("SELECT count(*) AS n FROM audit WHERE action = 'route.canary'")[0]["n"] >= 3


def test_why_a_driver_does_not_open_and_did_not_send_is_told_in_the_readers_language():
    """Options that gong's own drivers refuse, and what became of a call: a phrase, in zh and in English."""
    wrong = {"sim": ("gong-sim", {"simulation": True, "reject": "much"}, "reject must be a number", "reject 须为0至1的数字"),
             "stick": ("gong-modem", {"device": "ttyUSB0"}, "must be a path", "选项 `device` 须为路径"),
             "web": ("gong-http", {"url": "ftp://x/", "body": {"n": "{{to}}", "t": "{{text}}"}, "success": {"status": [200]}}, "must begin with https://",
                     "须以 https:// 或 http:// 开头"),
             "prof": ("gong-http", {"profile": "nokia"}, "there is no nokia.json", "没有 nokia.json")}
    with World(name="wrong") as w:
        w.routes = "".join("route \"%s\" { driver = \"%s\" channels = {sms, voice} config = '%s' }\n" % (
            name, driver, json.dumps(config)) for name, (driver, config, _, _) in wrong.items())
        w.routes += ("route \"good\" { driver = \"gong-sim\" channels = {voice, sms} config = '{\"simulation\":true,"
                     "\"channels\":\"voice\",\"reject\":1}' }\n")
        w.write_conf()
        w.start()
        for lang, which in ((ZH, 3), (EN, 2)):
            def alarms(lang=lang):
                routes = w.api("GET", "/v1/routes", headers=lang)[1]["routes"]
                found = {r["name"]: " ".join(a["text"] for a in r["alarms"]) + " " + str(r.get("reason") or "") for r in routes}
                return found if all(found[name].strip() for name in wrong) else None
            found = wait_for("their words", alarms)
            for name, row in wrong.items():
                assert row[which] in found[name], (lang, name, found[name])
