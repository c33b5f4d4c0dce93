"""A backup route's driver tells without end: the red messages of the good route go all the same, and
what the flood leaves behind is bounded (docs/alarms.md)."""
import json
import os
import re

import pytest

from district import District
from harness import World, read_books, wait_for

DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flooding_driver.py")
ROLES = ["village_chief", "village_deputy", "warner", "info_officer", "grid_worker"]
ROUTES = '''route "chatty" {
 driver = "%s"
 channels = {sms}
 backup = true
 config = '%s'
}
route "good" {
 driver = "gong-sim"
 config = '{"simulation":true,"window":32,"batch":8,"latency_ms":2,"log":"%s"}'
}
'''
EARLY_MAX, NAMES_MAX = 1000 + 4, 16


def start(tells, count=0):
    w = World(name="flood")
    config = {"tells": tells, "count": count, "log": w.path("took")}
    w.routes = ROUTES % (DRIVER, json.dumps(config), w.path("good.jsonl"))
    w.write_conf()
    w.start()
    w.load(District(2, 5))
    return w


def counter(w, name):
    text = w.api("GET", "/metrics")[1]
    return int(re.search(r'^%s(?:\{route="chatty"\})? (\d+)$' % name, text, re.M).group(1))


def told(w, tells):
    """How much of the flood has been taken in."""
    return counter(w, {"receipt": "gong_route_receipts_unmatched_total",
                       "inbound": "gong_inbound_unmatched_total",
                       "health": "gong_route_alarms_folded_total"}[tells])


def alarms(w):
    route = [r for r in w.api("GET", "/v1/routes")[1]["routes"] if r["name"] == "chatty"][0]
    return [(a["by"], a["name"]) for a in route["alarms"]]


@pytest.mark.parametrize("tells,many", [("receipt", 1500), ("inbound", 1500), ("health", 20)])
def test_a_flood_by_a_backup_route_stops_no_red_alert(tells, many):
    with start(tells) as w:
        wait_for("the flood", lambda: told(w, tells) > many, 60)
        before = told(w, tells)
        alert = w.send(key="red", template="notice.text", severity="red", params={"text": "转移"},
                       audience={"divisions": ["990121"], "roles": ROLES})
        red = lambda: [m["state"] for m in w.messages() if m["alert"] == alert]
        wait_for("the red messages", lambda: red() and not {"queued", "sending"} & set(red()), 60)
        assert set(red()) <= {"sent", "delivered"}, red()
        went = [e for e in read_books(w.path("good.jsonl")) if "转移" in e.get("text", "")]
        assert len(went) == len(red()), (len(went), len(red()))
        # the flood went on all the time, and goes on
        wait_for("more of the flood", lambda: told(w, tells) > before)
        assert w.api("GET", "/health/ready")[0] == 200
        counts = w.rows("SELECT (SELECT count(*) FROM alert) AS alerts, (SELECT count(*) FROM task) "
                        "AS tasks, (SELECT count(*) FROM receipt_early) AS early, (SELECT count(*) "
                        "FROM audit WHERE action <> 'import') AS audit")[0]
        assert counts["early"] <= EARLY_MAX and counts["tasks"] <= NAMES_MAX + 3, counts
        assert counts["alerts"] <= 1 + 6 + 2 and counts["audit"] <= 60, counts
        if tells == "receipt":
            wait_for("the alarm", lambda: ("gong", "receipts") in alarms(w))
        if tells == "health":
            standing = alarms(w)
            assert ("gong", "alarms") in standing, standing
            assert len([a for a in standing if a[0] == "driver"]) <= NAMES_MAX, standing


def test_every_receipt_is_acknowledged_and_the_newest_wait():
    """What there is no room for is acknowledged, too: else a driver would keep it for ever."""
    with start("receipt", 3000) as w:
        wait_for("all of it", lambda: told(w, "receipt") == 3000, 60)
        def took():
            with open(w.path("took"), encoding="ascii") as f:
                return f.read().split()
        wait_for("took", lambda: len(took()) == 3000)
        assert sorted(took()) == sorted("t%d" % i for i in range(3000))
        kept = sorted(int(r["ref"][1:]) for r in w.rows("SELECT ref FROM receipt_early"))
        assert kept == list(range(3000 - EARLY_MAX, 3000)), (len(kept), kept[:3], kept[-3:])
