"""The HTTP providers' part of `make bench`: gongd, gong-http and the simulated provider, from the
queue to the committed result."""
import json
import os
import re
import signal
import sys
import time
import urllib.request

from common import MILLION, broadcast, load_people, memory, metric
from harness import ROOT, World, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
from certs import Authority                                       # noqa: E402

COUNT = min(MILLION, 300000)
BATCH = 200
LATE_MS, AT_ONCE = 20, 1000
RED_PEOPLE, RED_SECONDS = 3, 60


def route(port, scheme="http", **more):
    return route_with({"url": "%s://127.0.0.1:%s/send" % (scheme, port),
                       "body": {"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}"},
                       "success": {"status": [200], "pointer": "/code", "equals": 0},
                       "id_pointer": "/id", "connections": 48, **more})


def route_with(config):
    return '''route "http" {
 driver = "gong-http"
 channels = {sms}
 config = '%s'
}
''' % json.dumps(config)


def provider(world, *options):
    books = options if "--log" in options else ("--no-log", *options)
    return world.start_sim("provider", "provider", "--port", "0", *books).words[1]


def received(port):
    with urllib.request.urlopen("http://127.0.0.1:%s/books/count" % port, timeout=10) as f:
        return json.load(f)["messages"]


def started(world, options=(), **config):
    """The port of a provider with gongd before it."""
    port = provider(world, *options)
    world.routes = route(port, **config)
    world.write_conf()
    world.start()
    return port


def sent_per_s(world, count=COUNT):
    load_people(world, count, "household")
    begin = time.monotonic()
    broadcast(world, "all")
    wait_for("all to be sent", lambda: metric(world, "messages_sent_total") >= count, 180,
             every=0.05)
    return count / (time.monotonic() - begin)


def http1_per_s(*options, **config):
    with World(name="bench") as world:
        started(world, options, **config)
        return sent_per_s(world)


def bench_http(note):
    with World(name="bench") as world:
        started(world)
        note("http_messages_per_s", sent_per_s(world))
        note("http_driver_rss_mib", memory(world.drivers()["gong-http"], "VmHWM"))


def http2_per_s(*options, **config):
    with World(name="bench") as world:
        authority = Authority(world.dir)
        started(world, ("--tls", *authority.good(), *options), scheme="https", http="2",
                ca_file=authority.pem, **config)
        return sent_per_s(world)


def bench_http2(note):
    note("http2_messages_per_s", http2_per_s())


def bench_batch(note):
    with World(name="bench") as world:
        started(world, numbers={"most": BATCH}, elements={"number": "{{to_plus}}"}, connections=32,
                body={"to": "{{joined:number}}", "text": "{{text}}", "ref": "{{id}}"},
                each={"list": "/results", "to": "/to"})
        note("http_batch_numbers_per_s", sent_per_s(world))


def bench_late(note):
    """A provider that answers after 20 ms, against one that answers at once, over HTTP/2 and over
    HTTP/1.1, by the same requests at once: as many as the late one needs to be kept busy."""
    late = ("--latency-ms", str(LATE_MS))
    for name, per_s in ("http_20ms", http2_per_s), ("http1_20ms", http1_per_s):
        rate = per_s(*late, connections=AT_ONCE)
        note(name + "_messages_per_s", rate)
        note(name + "_ratio", rate / per_s(connections=AT_ONCE))


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return f.readlines()


def bench_crash(note):
    """5,000 messages, and the driver is killed twice, each time 100 ms after it has begun: of those in
    doubt, how many had never left?"""
    with World(name="bench") as world:
        books = world.path("books")
        started(world, ("--log", books, "--latency-ms", "50"))
        load_people(world, 5000, "household")
        broadcast(world, "crash")
        for _ in range(2):
            before = len(lines(books))
            wait_for("messages to leave", lambda n=before: len(lines(books)) > n, 60, every=0.001)
            time.sleep(0.1)
            os.kill(world.drivers()["gong-http"], signal.SIGKILL)
            wait_for("the next driver", lambda: world.drivers().get("gong-http"), 60)
        wait_for("all to be settled", world.settled, 60)
        taken = {json.loads(line)["to"] for line in lines(books)}
        doubtful = {"+%d" % r["e164"] for r in world.rows(
            "SELECT n.e164 FROM message m JOIN number n ON n.contact = m.contact WHERE m.state = 7")}
        note("crash_uncertain", len(doubtful))
        note("crash_uncertain_never_left", len(doubtful - taken))


def send_reds(world, most):
    """Red alerts to a few people each, ten a second, while the yellow load drains: key -> the
    instant at which gongd had accepted it (Unix ms)."""
    end, accepted = time.monotonic() + RED_SECONDS, {}
    while (len(accepted) < most and time.monotonic() < end
           and metric(world, "messages_sent_total") < MILLION):
        n = len(accepted)
        text = "red-%d." % n
        people = ["r%d" % (n * RED_PEOPLE + i) for i in range(RED_PEOPLE)]
        alert = world.send(key=text, template="notice.text", severity="red", policy="inform.once",
                           params={"text": text}, audience={"contacts": people})
        accepted[text] = world.rows("SELECT accepted_at FROM alert WHERE id = ?",
                                    alert)[0]["accepted_at"]
        time.sleep(0.1)
    return accepted


def red_waits(books, accepted):
    """From acceptance to the provider's books, sorted; None while one is missing."""
    waits = []
    with open(books, encoding="utf-8") as f:
        for line in f:
            if "red-" in line:
                entry = json.loads(line)
                key = re.search(r"red-\d+\.", entry["text"]).group()
                waits.append(entry["at"] - accepted[key])
    return sorted(waits) if len(waits) == len(accepted) * RED_PEOPLE else None


def bench_red(note):
    """A million people of a yellow alert are in the queue; red alerts come meanwhile."""
    with World(name="bench") as world:
        books, most = world.path("books"), 500
        started(world, ("--log", books))
        load_people(world, MILLION, "household")
        load_people(world, most * RED_PEOPLE, "warner", prefix="r", first=MILLION)
        broadcast(world, "yellow")
        wait_for("the yellow load to flow", lambda: metric(world, "messages_sent_total") > 0, 60)
        accepted = send_reds(world, most)
        waits = wait_for("the last red alert", lambda: red_waits(books, accepted), 60, every=0.5)
        note("red_alerts_meanwhile", len(accepted))
        note("red_over_million_p50_ms", waits[len(waits) // 2])
        note("red_over_million_p99_ms", waits[int(len(waits) * 0.99)])
