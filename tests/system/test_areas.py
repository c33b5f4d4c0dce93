"""Where places lie: imported from GeoJSON, refused whole with every fault, exported, and looked up
(docs/areas.md)."""
import http.client
import itertools
import json
import os
import signal

import pytest

from district import COUNTY, District
from harness import World, children, sim_route, wait_for

TOKEN = "areas-areas-areas-"
RULES = """rule "flood" { when { kinds = {flash_flood} }
 then { template = notice.text severity = red areas = true roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "山洪" max = 60 } } }
"""
CAP = """<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>%s</identifier><sender>eoc@qingshi.example</sender><sent>2026-12-01T14:30:00+08:00</sent><status>Actual</status>
<msgType>Alert</msgType><scope>Public</scope><info><language>zh-CN</language><category>Met</category><event>山洪灾害</event>
<urgency>Immediate</urgency><severity>Extreme</severity><certainty>Likely</certainty>
<eventCode><valueName>gong:kind</valueName><value>flash_flood</value></eventCode><headline>山洪</headline>
<area><areaDesc>溪边</areaDesc>%s</area></info></alert>"""


def square(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(code, kind, coordinates, **more):
    return dict({"type": "Feature", "properties": {"code": code},
                 "geometry": {"type": kind, "coordinates": coordinates}}, **more)


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


class Map:
    """Two townships side by side, 107…107.2 E, 23…23.1 N; three villages in a row in each."""

    def __init__(self, district):
        self.district = district
        self.features = [feature("99", "Polygon", [square(100, 20, 110, 30)])]      # passed over
        for t, township in enumerate(district.townships):
            west = 107 + t * 0.1
            ring = square(west, 23, west + 0.1, 23.1)
            ring[1:1] = [[west + i * 0.0001, 23] for i in range(1, 900)]             # on a line: simplified away
            self.features.append(feature(township, "Polygon", [ring]))
        for v, village in enumerate(district.villages):
            self.features.append(feature(village, "Point", [107.02 + v // 3 * 0.1 + v % 3 * 0.02, 23.05]))


@pytest.fixture(scope="module")
def world():
    with World(name="areas") as w:
        w.routes = sim_route(w.path("books")) + (
            'source "bureau" { format = cap rules = "areas.rules" token_file = "areas.token" up_to = red }\n')
        for name, text in (("areas.rules", RULES), ("areas.token", TOKEN)):
            with open(w.path(name), "w", encoding="utf-8") as f:
                f.write(text)
        w.write_conf()
        w.start()
        w.district = District(2, 3)
        w.load(w.district)
        yield w


def write(world, name, document):
    path = world.path(name)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(document, f, ensure_ascii=False)
    return path


def faults(world, *features):
    p = world.ctl("--json", "import", "geometry", write(world, "bad.geojson", collection(*features)), check=False)
    assert p.returncode == 1, (p.stdout, p.stderr)
    return json.loads(p.stderr)["faults"]


def test_every_fault_at_once_with_its_feature_and_place(world):
    here, there = world.district.townships
    village, other, third = world.district.villages[:3]
    found = faults(
        world,
        feature(here, "Polygon", [square(107, 23, 107.1, 23.1)]),
        feature(there, "Polygon", [[[107.1, 23], [107.2, 23.1], [107.2, 23], [107.1, 23.1], [107.1, 23]]]),
        feature(village, "Point", [107.3, 23.05]),                                    # outside
        feature(other, "Point", [23.05, 107.05]),                                     # lat before lon
        feature("990199001", "Point", [107, 23]),                                     # nobody knows it
        feature(third, "Polygon", [square(107.05, 23, 107.15, 23.1)]),                # half outside
        feature(world.district.villages[3], "Polygon", [square(107.1, 23, 107.2, 23.1)[:4]]),
        feature(here, "LineString", [[107, 23], [107, 24]]),
        feature(here, "Polygon", [square(107, 23, 107.1, 23.1)]),
        {"type": "Feature", "properties": {"name": "?"}, "geometry": None},
    )
    by = {f["feature"]: f for f in found}
    assert sorted(by) == list(range(2, 11)), found
    assert "自相交" in by[2]["detail"] and (by[2]["lon"], by[2]["lat"]) == (pytest.approx(107.15), pytest.approx(23.05))
    assert "上级范围之外" in by[3]["detail"] and by[3]["code"] == village
    assert "经度在前" in by[4]["detail"]
    assert "没有此区划" in by[5]["detail"]
    assert "45.5%" in by[6]["detail"] and 107.1 < by[6]["lon"] < 107.15
    assert "没有闭合" in by[7]["detail"] and "LineString" in by[8]["detail"] and "要素1" in by[9]["detail"]
    assert "--code" in by[10]["detail"]
    text = world.ctl("import", "geometry", world.path("bad.geojson"), check=False, lang="en")
    assert "nothing was imported; 9 faults" in text.stderr and "crosses or touches itself" in text.stderr
    assert "107.150000 23.050000" in text.stderr
    assert not world.rows("SELECT 1 FROM shape")


def test_import_preview_export_and_again(world):
    path = write(world, "map.geojson", collection(*Map(world.district).features))
    shown = world.ctl("import", "geometry", path, "--dry-run")
    assert "新增8" in shown and "简化前 1808 点" in shown and "略过 1 个市、省级要素" in shown, shown
    assert "仍有1处没有范围" in shown and not world.rows("SELECT 1 FROM shape")
    assert "新增8" in world.ctl("import", "geometry", path)
    area = world.rows("SELECT area FROM shape WHERE division = ?", int(world.district.townships[0]) * 1000)[0]["area"]
    assert area.startswith("POLYGON((107") and area.count(",") == 4
    generation = world.rows("SELECT value FROM meta WHERE name = 'shape_generation'")[0]["value"]
    out = world.path("out.geojson")
    world.ctl("export", "geometry", "--output", out)
    kinds = [f["geometry"]["type"] for f in json.load(open(out, encoding="utf-8"))["features"]]
    assert kinds.count("MultiPolygon") == 2 and kinds.count("Point") == 6
    assert "未变8" in world.ctl("import", "geometry", out)
    assert world.rows("SELECT value FROM meta WHERE name = 'shape_generation'")[0]["value"] == generation
    # A seat of one file stands beside the area of another.
    here = world.district.townships[0]
    seat = write(world, "seat.geojson", collection(feature(here, "Point", [107.01, 23.01])))
    preview = world.ctl("import", "geometry", seat, "--dry-run")
    assert "变更1" in preview and "POINT(107.010000 23.010000)" in preview
    world.ctl("import", "geometry", seat)
    assert world.rows("SELECT area FROM shape WHERE division = ?", int(here) * 1000)[0]["area"] == area
    assert world.ctl("export", "geometry", "--output", world.path("x.xlsx"), check=False).returncode == 2


def look(world, *what):
    return json.loads(world.ctl("--json", "area", *what))


def test_what_an_area_means_and_whom_it_would_call(world):
    here, there = world.district.townships
    villages = world.district.villages
    answer = look(world, "23.04,107.01 23.04,107.05 23.06,107.05 23.06,107.01 23.04,107.01")
    assert [(d["code"], d["why"]) for d in answer["divisions"]] == [(villages[0], "seat"), (villages[1], "seat")]
    assert answer["people"] > 2 and answer["nobody"] == []
    assert [d["code"] for d in look(world, "23.05,107.1 50")["divisions"]] == [COUNTY]
    assert [d["code"] for d in look(world, here)["divisions"]] == [here]
    path = write(world, "look.geojson", collection(feature("x", "Polygon", [square(106.9, 22.9, 107.1, 23.2)])))
    assert [(d["code"], d["why"]) for d in look(world, path)["divisions"]] == [(here, "covered")]
    assert look(world, "30,100 1") == {"divisions": [], "people": 0, "nobody": []}
    # A sliver of one hundredth and no village: it is the township, unless somebody asks for more.
    sliver = "23,107.1 23,107.2 23.002,107.2 23.002,107.1 23,107.1"
    assert [(d["code"], d["why"]) for d in look(world, sliver)["divisions"]] == [(there, "share")]
    assert look(world, sliver, "--share", "5")["divisions"][0]["why"] == "holds"
    zh, en = world.ctl("area", sliver), world.ctl("area", sliver, lang="en")
    assert there in zh and "部分在内" in zh and "人在当地" in zh
    assert "a part of it" in en and "people have a post there" in en


def push(world, ident, area):
    c = http.client.HTTPConnection("127.0.0.1", world.port, timeout=20)
    c.request("POST", "/v1/in/bureau", (CAP % (ident, area)).encode(), {"Authorization": "Bearer " + TOKEN})
    answer = c.getresponse()
    told = json.loads(answer.read())
    c.close()
    assert answer.status == 200, told
    told, = told["signals"]
    status, one = world.api("GET", "/v1/signals/%d" % told["id"])
    assert status == 200, one
    return told, one["signal"]


def targets(world, told):
    request = world.api("GET", "/v1/alerts/%d" % told["alert"])[1]["request"]
    return [d["code"] for d in request["audience"]["divisions"]]


def reader(world):
    for pid in children(world.gongd.pid):
        with open("/proc/%d/cmdline" % pid, encoding="utf-8") as f:
            if f.read().split("\0")[0].endswith("gong-parse"):
                return pid
    return None


numbers = itertools.count()
BOX = "<polygon>23.04,107.01 23.04,107.05 23.06,107.05 23.06,107.01 23.04,107.01</polygon>"


def test_a_pushed_polygon_is_its_villages(world):
    villages = world.district.villages
    wait_for("gong-parse", lambda: reader(world))
    wait_for("the shapes", lambda: "meant" in push(world, "s%d" % next(numbers), BOX)[1])
    told, said = push(world, "a1", BOX)
    assert told["state"] == "matched" and said["meant"] == villages[:2], (told, said)
    assert "codes" not in said["areas"][0] and targets(world, told) == villages[:2]
    # A code says it, whatever is drawn beside it; what is drawn elsewhere is nobody.
    told, said = push(world, "a2", BOX + "<geocode><valueName>GB/T 2260</valueName><value>%s</value></geocode>" % villages[4])
    assert "meant" not in said and targets(world, told) == villages[4:5]
    told, said = push(world, "a3", "<circle>30,100 5</circle>")
    assert told["state"] == "refused" and told["alert"] is None and "meant" not in said
    # All villages of a township are the township.  Another generation of shapes is taken within seconds, and by a reader that was killed.
    moved = write(world, "moved.geojson", collection(feature(villages[2], "Point", [107.015, 23.045])))
    world.ctl("import", "geometry", moved)
    wait_for("the new shapes", lambda: push(world, "b%d" % next(numbers), BOX)[1]["meant"] == world.district.townships[:1])
    os.kill(reader(world), signal.SIGKILL)
    wait_for("another reader", lambda: reader(world))
    assert push(world, "c1", BOX)[1]["meant"] == world.district.townships[:1]


def test_places_where_nobody_could_be_called_are_named(world):
    lonely = world.district.villages[5]
    contacts = [c for c in world.district.posts if c["division"] == lonely]
    assert contacts
    world.change("DELETE FROM post WHERE division = ?", int(lonely))
    answer = look(world, lonely)
    assert [p["code"] for p in answer["nobody"]] == [lonely]
    assert lonely in world.ctl("area", lonely) and "联系不上" in world.ctl("area", lonely)


@pytest.mark.parametrize("what, told", [
    ("23,107 24,108", "首尾相同"), ("23.05,107.1 5 6", "首尾相同"), ("/no/such", "当作文件"),
    ("990121999", "没有区划"), ("23,107 23.1,107.1 23,107 23,107", "没有围出")])
def test_what_cannot_be_looked_up_says_why(world, what, told):
    p = world.ctl("area", what, check=False)
    assert p.returncode in (1, 2) and told in p.stderr, p.stderr


def test_the_api_takes_wkt_and_names_what_is_wrong(world):
    here = world.district.townships[0]
    rows = ["code,area,seat", here + ",\"POLYGON((0 0,1 0,1 1))\",", "%s,,\"POINT(181 0)\"" % here, "990121998,,POINT(1 1)",
            here + "001,,", here + "002,\"CIRCLE(1 2)\","]
    status, answer = world.api("POST", "/v1/import/geometry", "\n".join(rows).encode())
    assert status == 422, answer
    assert [(f["line"], f["code"]) for f in answer["faults"]] == [
        (2, "shape_open"), (3, "csv_shape_twice"), (3, "shape_no_place"), (4, "import_shape_nowhere"), (5, "csv_no_shape"),
        (6, "shape_unreadable")]
