"""What other systems' posts cost: Alertmanager's, a hundred alerts each, kept and judged by a rule; and
a warning of CAP that draws its area."""
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


# -- CAP: a warning over two townships, drawn, in a county of five thousand drawn places --

CAP_TOWNSHIPS, CAP_VILLAGES, CAP_POSTS = 50, 99, 100
CAP_RULES = '''rule "flood" { when { kinds = {flash_flood} }
 then { template = notice.text severity = red areas = true roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "山洪" max = 60 } } }
'''
CAP_SOURCE = 'source "bureau" { format = cap rules = "cap.rules" token_file = "cap.token" up_to = red }\n'
CAP = """<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>%s</identifier><sender>eoc@qingshi.example</sender><sent>2026-12-01T14:30:00+08:00</sent><status>Actual</status>
<msgType>Alert</msgType><scope>Public</scope><info><language>zh-CN</language><category>Met</category><event>山洪灾害</event>
<urgency>Immediate</urgency><severity>Extreme</severity><certainty>Likely</certainty>
<eventCode><valueName>gong:kind</valueName><value>flash_flood</value></eventCode><headline>山洪</headline>
<area><areaDesc>两镇</areaDesc><polygon>%s</polygon></area></info></alert>"""


def ring(west, south, width, height, points=6):
    """A square whose sides have so many points each, not quite on a line."""
    sides = []
    for i in range(points):
        sides.append((west + width * i / points, south + (i % 2) * height * 0.01))
    for i in range(points):
        sides.append((west + width - (i % 2) * width * 0.01, south + height * i / points))
    for i in range(points):
        sides.append((west + width - width * i / points, south + height - (i % 2) * height * 0.01))
    for i in range(points):
        sides.append((west + (i % 2) * width * 0.01, south + height - height * i / points))
    return sides + sides[:1]


def county():
    """(divisions, contacts, GeoJSON): townships in a row, the villages of each in a column."""
    divisions = ["code,name,level,parent", "990121,青石县,county,9901"]
    people = ["id,name,phone,role,division,role_order,lang,voice,sms,active"]
    features = []
    for t in range(CAP_TOWNSHIPS):
        township, west = 990121001 + t, 107 + t * 0.1
        divisions.append("%d,镇%d,township,990121" % (township, t))
        features.append((township, ring(west, 23, 0.1, 1)))
        for v in range(CAP_VILLAGES):
            village = township * 1000 + 1 + v
            divisions.append("%d,村%d-%d,village,%d" % (village, t, v, township))
            people.append("c%d,长%d,+9992%09d,village_chief,%d,1,zh,yes,yes,yes" % (village, v, len(people), village))
            features.append((village, ring(west + 0.002, 23.01 + v * 0.0098, 0.09, 0.009)))
    return "\n".join(divisions), "\n".join(people), {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"code": str(code)},
         "geometry": {"type": "Polygon", "coordinates": [points]}} for code, points in features]}


def cap_ms(world, conn, number):
    """From the post to the alert's first message at its route."""
    west = 107 + number * 2 % CAP_TOWNSHIPS * 0.1
    drawn = " ".join("%.5f,%.5f" % (lat, lon) for lon, lat in ring(west, 23, 0.2, 1, 40))
    begin = time.time()
    conn.request("POST", "/v1/in/bureau", (CAP % ("bench-%d" % number, drawn)).encode(),
                 {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/cap+xml"})
    answer = conn.getresponse()
    said = json.loads(answer.read())
    assert answer.status == 200 and said["signals"][0]["alert"], said
    first = ("SELECT min(a.sent_at) AS at, count(*) AS n FROM attempt a JOIN wave w ON w.id = a.wave WHERE w.alert = ?")
    for _ in range(2000):
        row = world.rows(first, said["signals"][0]["alert"])[0]
        if row["n"] == 2 * CAP_VILLAGES:
            return row["at"] - begin * 1000
        time.sleep(0.01)
    raise AssertionError("%d of %d messages" % (row["n"], 2 * CAP_VILLAGES))


def bench_cap(note, route):
    with World(route + CAP_SOURCE, name="bench") as world:
        for name, text in ("cap.rules", CAP_RULES), ("cap.token", TOKEN + "\n"):
            with open(world.path(name), "w", encoding="utf-8") as f:
                f.write(text)
        world.start()
        divisions, people, shapes = county()
        for kind, body in ("divisions", divisions), ("contacts", people):
            status, answer = world.api("POST", "/v1/import/" + kind, body.encode())
            assert status == 200, answer
        with open(world.path("county.geojson"), "w", encoding="utf-8") as f:
            json.dump(shapes, f)
        world.ctl("import", "geometry", world.path("county.geojson"), "--yes")
        time.sleep(3)              # gong-parse has the shapes a second later
        conn = http.client.HTTPConnection("127.0.0.1", world.port)
        times = sorted(cap_ms(world, conn, n) for n in range(CAP_POSTS))
        note("intake_cap_ms", times[len(times) * 99 // 100 - 1])
        note("intake_cap_median_ms", times[len(times) // 2])
