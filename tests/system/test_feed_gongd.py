"""A feed, gong-feed and gongd together: everything the feed lists becomes one signal and rings once, whoever
dies in between, and what stood there at the first look rings nobody."""
import collections
import json
import os
import signal
import time

import pytest

from feed_helpers import Feed
from harness import World, sim_route, wait_for
from district import District

RULES = '''read { ref = "/id" kind = "/kind" text zh { headline = "/text" } }
rule "flood" { when { kinds = {flood} label "feed_id" { matches = "*" } }
 then { template = notice.text severity = yellow divisions = {990121001} roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "水情" max = 40 } } }
'''


CAP_RULES = '''rule "flood" { when { kinds = {flash_flood} label "feed_id" { matches = "*" } }
 then { template = notice.text severity = orange areas = true roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "山洪" max = 60 } } }
'''
CAP = '''<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>%(id)s</identifier><sender>duty@qx.example</sender><sent>%(sent)s</sent><status>Actual</status>
<msgType>%(type)s</msgType><scope>Public</scope>%(references)s<info><language>zh-CN</language><category>Met</category>
<event>flash_flood</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
<headline>上游来水</headline><area><areaDesc>x</areaDesc><geocode><valueName>GB/T 2260</valueName>
<value>990121001</value></geocode></area></info></alert>'''


@pytest.fixture
def feed():
    f = Feed()
    yield f
    f.close()


@pytest.fixture
def world(feed):
    w = World(name="feed")
    w.routes = sim_route(w.path("books")) + '''source "met" { format = cap rules = "met.rules" up_to = red
 fetch = "gong-feed" config = '%s' }
''' % json.dumps({"url": feed.base + "/met", "every": "200ms"}) + '''source "bureau" { format = json rules = "bureau.rules" up_to = red
 heartbeat = 10s fetch = "gong-feed" config = '%s' }
''' % json.dumps({"url": feed.base + "/feed", "every": "200ms"})
    with open(w.path("bureau.rules"), "w", encoding="utf-8") as f:
        f.write(RULES)
    with open(w.path("met.rules"), "w", encoding="utf-8") as f:
        f.write(CAP_RULES)
    feed.atom(path="/met")
    w.write_conf()
    with w:
        yield w


def bring_up(world):
    world.start()
    wait_for("the route", world.all_up)
    world.load(District(2, 3))


def publish(feed, *names):
    for n in names:
        feed.pages["/%s.json" % n] = json.dumps({"id": n, "kind": "flood", "text": "上游来水 " + n}).encode()
    feed.atom(*((n, "/%s.json" % n) for n in names))


def states(world):
    """ref -> [state], of all signals that are not a repeat's counter."""
    out = collections.defaultdict(list)
    for s in world.api("GET", "/v1/signals?limit=1000")[1]["signals"]:
        out[s["ref"]].append(s["state"])
    return dict(out)


def alerts(world):
    return world.rows("SELECT id FROM alert")


def test_what_is_old_rings_nobody_and_what_is_new_rings_once(feed, world):
    publish(feed, "old")
    bring_up(world)
    wait_for("the first look", lambda: states(world) == {"old": ["ignored"]})
    publish(feed, "new", "old")
    wait_for("the next one", lambda: states(world) == {"old": ["ignored"], "new": ["matched"]})
    assert len(alerts(world)) == 1
    feed.pages["/feed"] = lambda h: h.answer(500)
    wait_for("the outage to be logged", lambda: "feed cannot be read" in world.log_tail())
    publish(feed, "late", "new", "old")
    wait_for("the catch-up", lambda: states(world).get("late") == ["matched"], seconds=30)
    assert len(alerts(world)) == 2


def test_nothing_is_lost_or_rings_twice_whoever_dies(feed, world):
    publish(feed, "old")
    bring_up(world)
    wait_for("the first look", lambda: "old" in states(world))
    names = ["old"]
    for i in range(8):
        names.append("n%d" % i)
        publish(feed, *names)
        time.sleep(0.07 * (i % 4))
        if i % 3 == 2:
            world.kill()
            world.start()
        else:
            os.kill(wait_for("the child", lambda: world.drivers().get("gong-feed")), signal.SIGKILL)
    wait_for("all of them", lambda: set(states(world)) == set(names), seconds=60)
    time.sleep(1)
    said = states(world)
    assert said.pop("old") == ["ignored"]
    assert all(v == ["matched"] for v in said.values()), said
    assert len(alerts(world)) == len(names) - 1


def sent(ago):
    return time.strftime("%Y-%m-%dT%H:%M:%S-00:00", time.gmtime(time.time() - ago))


def message(feed, name, ago, kind="Alert", of=None):
    """Its (id, sent); `of`: those of the message that it is about."""
    at = sent(ago)
    references = "<references>duty@qx.example,%s,%s</references>" % of if of else ""
    feed.pages["/%s.cap" % name] = (CAP % {"id": name, "sent": at, "type": kind, "references": references}
                                   ).encode()
    return name, at


def publish_met(feed, *names):
    feed.atom(*((n, "/%s.cap" % n) for n in names), path="/met")


def test_a_cap_feed_begins_and_ends_alerts(feed, world):
    bring_up(world)

    def told():
        return [s for s in world.api("GET", "/v1/signals?limit=1000")[1]["signals"] if s["source"] == "met"]

    def mine():
        return {s["ref"].split(",")[1]: s["state"] for s in told() if "," in s["ref"]}
    wait_for("the first look", lambda: feed.paths().count("/met") > 2)
    over = message(feed, "over", 60)
    message(feed, "over-end", 30, "Cancel", over)
    fresh = message(feed, "fresh", 20)
    publish_met(feed, "over", "over-end", "fresh")
    wait_for("all of one look", lambda: set(mine()) == {"over", "over-end", "fresh"})
    assert mine()["fresh"] == "matched" and mine()["over"] != "matched"    # it was over before gong heard of it
    assert len(alerts(world)) == 1
    message(feed, "fresh-end", 1, "Cancel", fresh)
    publish_met(feed, "over", "over-end", "fresh", "fresh-end")
    wait_for("the end", lambda: "fresh-end" in mine())
    wait_for("the alert to be over", lambda: world.api("GET", "/v1/alerts")[1]["alerts"][0]["state"] != "active")
    many = [message(feed, "m%d" % i, 1)[0] for i in range(100)]
    feed.pages["/odd.cap"] = b"<html/>"
    publish_met(feed, "fresh-end", "odd", *many)
    wait_for("a hundred at once, and a page that nobody can read", lambda: len(mine()) == 104, seconds=40)
    assert mine()["m99"] == "matched"
    assert [s["state"] for s in told() if "," not in s["ref"]] == ["refused"]
