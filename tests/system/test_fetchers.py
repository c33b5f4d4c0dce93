"""Sources that fetch: what a child brings, what it is told, and that nothing of it is lost or acted on twice."""
import base64
import json
import os
import signal
import subprocess
import time

import pytest

from harness import BUILD, ROOT, SLOW, World, is_alive, sim_route, wait_for
from district import District

CHILD = os.path.join(ROOT, "tests/system/fetching_child.py")
RULES = '''read { each = "/list" ref = "/id" act = "/act" act_is = {"alert=alert", "end=end"} kind = "/kind" sent_at = "/at"
 text zh { headline = "/text" } }
rule "flood" { when { kinds = {flood} }
 then { template = notice.text severity = yellow divisions = {990121001} roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "水情" max = 40 } } }
rule "labelled" { when { label "topic" { equals = "rain/7" } } trust = note
 then { template = notice.text severity = blue divisions = {990121001} param "text" { value = "x" } } }
'''


def source(world, name, **more):
    config = {"from": world.path(name + ".in"), "log": world.path(name + ".log"), **more}
    open(config["from"], "a", encoding="utf-8").close()
    return "source \"%s\" { format = json rules = \"x.rules\" up_to = red fetch = \"%s\" config = '%s' }\n" % (
        name, CHILD, json.dumps(config))


@pytest.fixture(scope="module")
def world():
    w = World(name="fetchers")
    w.routes = sim_route(w.path("books")) + source(w, "one")
    with open(w.path("x.rules"), "w", encoding="utf-8") as f:
        f.write(RULES)
    w.write_conf()
    with w:
        w.start()
        wait_for("the route", w.all_up)
        w.load(District(2, 3))
        yield w


def bring(world, name, *events):
    with open(world.path(name + ".in"), "a", encoding="utf-8") as f:
        f.writelines(json.dumps(e) + "\n" for e in events)


def log(world, name):
    try:
        with open(world.path(name + ".log"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]
    except OSError:
        return []


def took(world, name):
    return {n["took"]: n["signals"] for n in log(world, name) if "took" in n}


def wait_took(world, name, *ids):
    wait_for("%s to be taken of %s" % (ids, name), lambda: set(ids) <= set(took(world, name)))
    return took(world, name)


def document(*items, **more):
    return {"body": json.dumps({"list": list(items)}), **more}


def signals(world, source_name):
    return [s for s in world.api("GET", "/v1/signals?limit=1000")[1]["signals"] if s["source"] == source_name]


def reload(world):
    world.write_conf()
    with open(world.path("gongd.log"), encoding="utf-8") as f:
        before = f.read().count("settings reloaded")
    world.gongd.signal(signal.SIGHUP)

    def reloaded():
        with open(world.path("gongd.log"), encoding="utf-8") as f:
            return f.read().count("settings reloaded") > before
    wait_for("the reload", reloaded)


def test_one_event_is_one_post_of_many(world):
    flood = {"id": "f1", "kind": "flood", "text": "上游来水"}
    bring(world, "one", {"id": "e1", "keep": "seen 1", "documents": [
        document(flood), {"base64": base64.b64encode(json.dumps({"list": [{"kind": "rain"}]}).encode()).decode(),
                          "ref": "file-7", "labels": {"topic": "rain/7"}},
        {"body": "no JSON"}]})
    of = {s["document"]: s for s in wait_took(world, "one", "e1")["e1"]}
    assert of[0]["state"] == "matched" and of[1]["state"] == "ignored" and of[1]["reason"] == "signal_noted", of
    assert of[2]["state"] == "refused" and "JSON" in of[2]["text"], of
    rows = {s["ref"]: s for s in signals(world, "one")}
    assert rows["f1"]["alert"] and rows["file-7"]["rule"] == "labelled" and rows["unreadable"]["state"] == "refused"
    assert [t for t in world.api("GET", "/v1/tasks")[1]["tasks"] if t["kind"] == "signal"]
    bring(world, "one", {"id": "e2", "documents": [document(flood)]})
    wait_took(world, "one", "e2")
    assert len([s for s in signals(world, "one") if s["ref"] == "f1"]) == 1


def test_a_poll_is_settled_among_itself_before_rules_run(world):
    bring(world, "one", {"id": "p1", "documents": [
        document({"id": "g", "kind": "flood", "act": "alert", "at": "2026-11-30T00:00:00Z", "text": "来"}),
        document({"id": "g", "kind": "flood", "act": "end", "at": "2026-11-30T01:00:00Z"})]})
    states = wait_took(world, "one", "p1")["p1"]
    assert {s["reason"] for s in states} == {"signal_nothing_open", "signal_overtaken"}, states


def test_what_was_there_before_the_first_poll_is_noted(world):
    old = document({"id": "old", "kind": "flood"})
    bring(world, "one", {"id": "o1", "first": True, "documents": [old]})
    assert [s["reason"] for s in wait_took(world, "one", "o1")["o1"]] == ["signal_first_poll"]
    bring(world, "one", {"id": "o2", "documents": [old, document({"id": "new", "kind": "flood"})]})
    states = {s["document"]: s for s in wait_took(world, "one", "o2")["o2"]}
    assert states[0]["state"] == "ignored" and states[1]["state"] == "matched"


def test_nobody_posts_to_a_source_that_fetches(world):
    for token in "", "x" * 20:
        assert world.tcp("POST", "/v1/in/one", {"list": []}, token=token)[0] == 401


def test_a_child_that_babbles_is_ended_and_the_next_one_has_what_it_kept(world):
    bring(world, "one", *({"raw": "nonsense"},) * 3)
    wait_for("the next child", lambda: [n["open"] for n in log(world, "one") if "open" in n][1:], 10)
    opened = [n["open"] for n in log(world, "one") if "open" in n]
    assert opened[0]["keep"] is None and opened[-1]["keep"] == "seen 1" and opened[-1]["source"] == "one"
    with open(world.path("one.in"), "w", encoding="utf-8"):
        pass                    # else the next one says the same


def of_source(world, name):
    return [s for s in world.api("GET", "/v1/sources")[1]["sources"] if s["name"] == name][0]


def tasks(world):
    return [t["text"] for t in world.api("GET", "/v1/tasks")[1]["tasks"] if t["kind"] == "source" and not t["closed_at"]]


def test_what_is_wrong_with_a_child_is_an_alarm_with_one_life(world):
    def alarms():
        return [a["name"] for a in of_source(world, "one")["alarms"]]
    feed = {"ev": "health", "alarms": [{"name": "feed", "text": "取不到 / timed out"}]}
    bring(world, "one", {"raw": json.dumps(feed)})
    wait_for("the alarm", lambda: alarms() == ["feed"])
    assert of_source(world, "one")["state"] == "up"
    assert len([t for t in tasks(world) if "timed out" in t]) == 1 and "timed out" in world.ctl("source", "list")
    world.kill()                # it stands over a restart, and nobody is told twice
    world.start()
    wait_for("the child", lambda: of_source(world, "one")["state"] == "up")
    assert alarms() == ["feed"] and len([t for t in tasks(world) if "timed out" in t]) == 1
    bring(world, "one", {"raw": json.dumps({"ev": "health", "alarms": []})})
    wait_for("its end", lambda: alarms() == [])
    assert not [t for t in tasks(world) if "timed out" in t]
    with open(world.path("one.in"), "w", encoding="utf-8"):
        pass


def test_a_program_that_is_not_there_is_an_alarm_and_mended_by_a_reload(world):
    first = world.routes
    world.routes = first + source(world, "lost").replace(CHILD, CHILD + ".gone")
    reload(world)
    wait_for("the alarm", lambda: [a["name"] for a in of_source(world, "lost")["alarms"]] == ["down"])
    assert of_source(world, "lost")["state"] == "stopped" and any("fetching_child.py.gone" in t for t in tasks(world))
    assert "fetching_child.py.gone" in subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf, "--check"],
                                                      capture_output=True, text=True, timeout=60, check=False).stderr
    world.routes = first + source(world, "lost")
    reload(world)
    wait_for("its end", lambda: not of_source(world, "lost")["alarms"], 30)
    assert of_source(world, "lost")["state"] == "up"
    world.routes = first
    reload(world)


def test_a_reload_adds_changes_and_removes(world):
    first = world.routes
    world.routes = first + source(world, "two")
    reload(world)
    bring(world, "two", {"id": "t1", "documents": [document({"id": "t1", "kind": "flood"})]})
    wait_took(world, "two", "t1")
    world.routes = first + source(world, "two", changed=1)
    reload(world)
    wait_for("the changed one", lambda: any(n["open"]["config"].get("changed") for n in log(world, "two") if "open" in n))
    pid = [n["pid"] for n in log(world, "two") if "pid" in n][-1]
    assert is_alive(pid)
    world.routes = first
    reload(world)
    wait_for("its end", lambda: not is_alive(pid))
    assert "fetcher lost source=two" not in world.log_tail(1000)


def test_a_storm_of_one_source_waits_and_holds_up_nobody(world):
    world.routes = sim_route(world.path("books")) + source(world, "storm")
    reload(world)
    count = 2000
    bring(world, "storm", *({"id": "s%d" % i, "documents": [document({"id": "s%d" % i, "kind": "rain"})]}
                            for i in range(count)))
    slowest, end = 0, time.monotonic() + 60
    while len(took(world, "storm")) < count:
        began = time.monotonic()
        assert world.api("GET", "/health/ready")[0] == 200
        slowest = max(slowest, time.monotonic() - began)
        assert began < end, "not all are taken"
        time.sleep(0.05)
    assert slowest < 2 * SLOW, slowest
    assert of_source(world, "storm")["signals"] == count


def test_kill_9_of_either_side_loses_nothing_and_acts_on_nothing_twice(world):
    count = 60
    world.routes = sim_route(world.path("books")) + source(world, "three")
    reload(world)
    for i in range(count):
        bring(world, "three", {"id": "k%d" % i, "documents": [
            document({"id": "k%d" % i, "kind": "flood", "text": "第%d次" % i})]})
        if i % 20 == 7:
            pids = [n["pid"] for n in log(world, "three") if "pid" in n]
            if pids and is_alive(pids[-1]):
                os.kill(pids[-1], signal.SIGKILL)
        if i % 20 == 17:
            world.kill()
            world.start()
        time.sleep(0.01)
    wait_took(world, "three", *("k%d" % i for i in range(count)))
    rows = [s for s in signals(world, "three")]
    assert sorted(s["ref"] for s in rows) == sorted("k%d" % i for i in range(count))
    assert {s["state"] for s in rows} == {"matched"} and len({s["alert"] for s in rows}) == count
