"""What a broker's messages cost: a backlog of QoS 1, each told, on disk, judged by a rule, acknowledged; and
what gong-mqtt takes of memory when nobody says anything."""
import json
import os
import tempfile
import time

from broker import Broker
from common import memory
from harness import World, wait_for

MESSAGES = 50000
INFLIGHT = int(os.environ.get("BENCH_INFLIGHT", "20"))          # mosquitto's own figure
RULES = '''read { sent_at = "/ts" label "mm" { at = "/mm" } }
rule "noted" { when { label "mm" { above = 0 } } trust = note
 then { template = notice.text severity = blue divisions = {990121} param "text" { value = "x" } } }
'''
SOURCE = '''source "gauge" { format = json rules = "gauge.rules" up_to = blue fetch = "gong-mqtt" config = '%s' }
'''
FIRST_MS = 1796000000000


def subscribed(world, times):
    with open(world.path("gongd.log"), encoding="utf-8") as f:
        return f.read().count("subscribed host=") == times


def kept(world):
    return world.rows("SELECT count(*) AS n FROM signal")[0]["n"]


def bench_mqtt(note):
    with tempfile.TemporaryDirectory() as folder, \
         Broker(folder, "allow_anonymous true", "max_queued_messages 0", inflight=INFLIGHT) as broker:
        with World(SOURCE % json.dumps({"broker": broker.url, "topics": ["rain/#"]}), name="bench") as world:
            with open(world.path("gauge.rules"), "w", encoding="utf-8") as f:
                f.write(RULES)
            world.start()
            wait_for("the subscription", lambda: subscribed(world, 1))
            time.sleep(1)
            note("mqtt_rss_idle_mib", memory(world.drivers()["gong-mqtt"], "VmRSS"))
            world.gongd.stop()
            broker.publish_all("rain/1/mm", ('{"ts":%d,"mm":%d.5}' % (FIRST_MS + n, n % 90) for n in range(MESSAGES)))
            world.start(wait=False)
            wait_for("the subscription", lambda: subscribed(world, 2))
            begin = time.monotonic()
            wait_for("all of them", lambda: kept(world) == MESSAGES, 120, every=0.1)
            note("mqtt_per_s", MESSAGES / (time.monotonic() - begin))
