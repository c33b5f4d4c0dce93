"""What other systems' posts cost: Alertmanager's, a hundred alerts each, kept and judged by a rule."""
import http.client
import json
import threading
import time

from harness import World

TOKEN = "bench-token-of-16"
POSTS = 800
ALERTS = 100
SENDERS = 2
RULES = '''rule "noted" { when { label "severity" { equals = warning } } trust = note
 then { template = notice.text severity = blue divisions = {990121} param "text" { value = "x" } } }
'''
SOURCE = 'source "am" { format = alertmanager rules = "am.rules" token_file = "am.token" up_to = blue }\n'


def alert(n):
    return {"status": "firing", "fingerprint": "%016x" % n, "startsAt": "2026-11-30T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
            "labels": {"alertname": "NodeDown", "severity": "warning", "instance": "node-%d:9100" % n},
            "annotations": {"summary": "node %d is down" % n}}


def post(number):
    first = number * ALERTS
    return json.dumps({"version": "4", "status": "firing", "truncatedAlerts": 0, "receiver": "gong",
                       "alerts": [alert(n) for n in range(first, first + ALERTS)]}).encode()


def send(port, bodies):
    """As Alertmanager does: the same post again when gong says that it is busy."""
    conn = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + TOKEN}
    for body in bodies:
        status = 503
        while status == 503:
            conn.request("POST", "/v1/in/am", body, headers)
            answer = conn.getresponse()
            answer.read()
            status = answer.status
        assert status == 200, status
    conn.close()


def bench_intake(note):
    with World(SOURCE, name="bench") as world:
        for name, text in ("am.rules", RULES), ("am.token", TOKEN + "\n"):
            with open(world.path(name), "w", encoding="utf-8") as f:
                f.write(text)
        world.start()
        bodies = [post(n) for n in range(POSTS)]
        threads = [threading.Thread(target=send, args=(world.port, bodies[i::SENDERS]))
                   for i in range(SENDERS)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        note("intake_alertmanager_per_s", POSTS * ALERTS / (time.monotonic() - begin))
        kept = world.rows("SELECT count(*) AS n FROM signal")[0]["n"]
        assert kept == POSTS * ALERTS, kept
