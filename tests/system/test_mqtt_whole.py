"""A rain gauge, a real broker, gong-mqtt and gongd: what is over the mark calls people, once, whoever is
killed in the middle."""
import json
import os
import signal

import pytest

from broker import Broker, Impostor
from harness import World, is_alive, sim_route, wait_for
from district import District

SOURCE = '''source "%(name)s" { format = json rules = "%(name)s.rules" up_to = orange fetch = "gong-mqtt"
 config = '%(config)s' }
'''
GAUGE = '''read { sent_at = "/ts" label "mm" { at = "/mm" } }
rule "heavy" { when { label "mm" { above = 30 } label "topic" { matches = "rain/*/mm" } }
 then { template = notice.text severity = yellow divisions = {990121001} roles = {village_chief} validity = 4h
  param "text" { label = topic_1 max = 40 } } }
'''
DOOR = '''read { act = "" act_is = {"on=alert", "off=end"} label "is" { at = "" } }
rule "open" { when { label "topic_1" { equals = "vault" } }
 then { template = notice.text severity = blue divisions = {990121001} roles = {village_chief} validity = 4h
  param "text" { value = "库房门开" } } }
'''


def source(name, at, topics, **more):
    return SOURCE % {"name": name, "config": json.dumps(dict(broker=at.url, topics=topics, client_id=name, **more))}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker")) as broker, World(name="mqtt") as w:
        w.broker = broker
        w.routes = sim_route(w.path("books")) + source("gauge", broker, ["rain/+/mm"]) + \
            source("door", broker, ["door/+"], payload="text")
        for name, text in ("gauge", GAUGE), ("door", DOOR):
            with open(w.path(name + ".rules"), "w", encoding="utf-8") as f:
                f.write(text)
        w.write_conf()
        w.start()
        wait_for("the route", w.all_up)
        w.load(District(2, 3))
        wait_for("the subscriptions", lambda: subscribed(w) == 2)
        yield w


def subscribed(world):
    with open(world.path("gongd.log"), encoding="utf-8") as f:
        return sum("subscribed host=" in line or "broker is there again" in line for line in f)


def signals(world, name="gauge"):
    return [s for s in world.api("GET", "/v1/signals?limit=1000")[1]["signals"] if s["source"] == name]


def alerts(world):
    """Not those of gong itself: a broker that forgets us is an alarm."""
    return [a for a in world.api("GET", "/v1/alerts?limit=1000")[1]["alerts"] if a["client"].startswith("source:")]


def reading(mm, at):
    return json.dumps({"ts": "2026-12-01T%s+08:00" % at, "mm": mm})


def test_what_is_over_the_mark_calls_people_and_what_stands_there_does_not(world):
    world.broker.publish("rain/石岭/mm", reading(41, "08:00:00"))
    s, = wait_for("the signal", lambda: signals(world))
    assert s["state"] == "matched" and s["rule"] == "heavy" and s["ref"].startswith("rain/石岭/mm@")
    wait_for("people told", lambda: [m for m in world.messages() if "石岭" in (m["body"] or "")])
    world.broker.publish("rain/石岭/mm", reading(41, "08:00:00"))          # the gauge says it again
    world.broker.publish("rain/石岭/mm", "{broken")
    wait_for("the repeat", lambda: [s for s in signals(world) if s["repeats"]])
    wait_for("the refusal", lambda: [s for s in signals(world) if s["state"] == "refused"])
    assert len(alerts(world)) == 1


def test_a_state_is_known_by_its_topic_so_that_it_can_end(world):
    before = len(alerts(world))
    world.broker.publish("door/vault", "on", "-r")
    on, = wait_for("the signal", lambda: signals(world, "door"))
    assert on["ref"] == "door/vault" and on["alert"]
    world.broker.publish("door/vault", "on", "-r")
    world.broker.publish("door/vault", "off", "-r")
    wait_for("the end", lambda: world.alert(on["alert"])["state"] == "cancelled")
    assert len(alerts(world)) == before + 1


def kill(world, whom):
    if whom == "gongd":
        world.kill()
        world.start()
    elif whom == "child":
        pids = [pid for name, pid in world.drivers().items() if name.startswith("gong-mqtt")]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            wait_for("its end", lambda p=pid: not is_alive(p))
    else:
        world.broker.stop(signal.SIGKILL)
        world.broker.start()


@pytest.mark.parametrize("whom", ["gongd", "child", "broker"])
def test_a_kill_in_the_middle_loses_nothing_and_nothing_is_acted_on_twice(world, whom):
    """Each value its own alert: 30 of them, with a kill among them.  A broker that is killed loses what it
    had not handed over (QoS 1 promises no more), so there all of it is taken first."""
    before, hour = subscribed(world), {"gongd": 9, "child": 10, "broker": 11}[whom]
    names = ["%s%02d" % (whom, i) for i in range(30)]
    values = [reading(50 + i, "%02d:00:%02d" % (hour, i)) for i in range(30)]

    def mine():
        return [s for s in signals(world) if (s["ref"] or "").split("@")[0][5:-3] in names]

    def have():
        return {s["ref"] for s in mine() if s["alert"]}

    for name, value in zip(names[:15], values):
        world.broker.publish("rain/%s/mm" % name, value)
    if whom == "broker":
        wait_for("the first half", lambda: len(have()) == 15)
    kill(world, whom)
    wait_for("the subscriptions", lambda: subscribed(world) == before + 2, 30)
    for name, value in zip(names[15:], values[15:]):
        world.broker.publish("rain/%s/mm" % name, value)
    wait_for("all of them, not %s" % sorted(have()), lambda: len(have()) == 30)
    assert len(mine()) == len({s["alert"] for s in mine()}) == 30
    if whom == "broker":
        wait_for("the desk to hear of it", lambda: "丢失了本网关的会话" in json.dumps(
            world.api("GET", "/v1/tasks")[1], ensure_ascii=False))


def subscribe_one_more(world, name, topics, rules, at=None):
    before = subscribed(world)
    world.routes += source(name, at or world.broker, topics)
    with open(world.path(name + ".rules"), "w", encoding="utf-8") as f:
        f.write(rules)
    world.write_conf()
    world.gongd.signal(signal.SIGHUP)
    return before


def test_what_stood_there_when_gong_subscribed_is_noted_and_rings_nobody(world):
    world.broker.publish("old/溪口/mm", reading(99, "07:00:00"), "-r")
    before, alerted = subscribe_one_more(world, "old", ["old/+/mm"], GAUGE.replace("rain/", "old/")), len(alerts(world))
    wait_for("the subscription", lambda: subscribed(world) == before + 1)
    s, = wait_for("what was kept", lambda: signals(world, "old"))
    assert s["state"] == "ignored" and not s["alert"], s
    world.broker.publish("old/溪口/mm", reading(98, "07:05:00"), "-r")
    wait_for("the news", lambda: [s for s in signals(world, "old") if s["alert"]])
    assert len(alerts(world)) == alerted + 1


def test_a_broker_that_refuses_us_is_a_task_in_the_readers_words(world):
    with Impostor(b"\x20\x02\x00\x05") as i:
        subscribe_one_more(world, "barred", ["#"], GAUGE, i)
        task, = wait_for("the task", lambda: [t for t in world.api("GET", "/v1/tasks")[1]["tasks"]
                                              if "不允许接入" in json.dumps(t, ensure_ascii=False)])
        assert "barred" in json.dumps(task)
