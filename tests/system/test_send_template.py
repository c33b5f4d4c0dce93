"""What a text was made of reaches drivers that ask for it (docs/drivers.md, `template`)."""
import itertools
import json
import os
import sqlite3
import stat

import pytest

from harness import ROOT, World, message_id, wait_for

DRIVER = '''#!/usr/bin/python3
import json, os, sys
def say(**event):
    print(json.dumps(event), flush=True)
for line in sys.stdin:
    op = json.loads(line)
    if op["op"] == "open":
        mute, books = op["config"].get("mute"), open(op["config"]["books"], "a")
        say(ev="ready", protocol=1, channels=["sms", "voice"], window=8, batch=8,
            templates=op["config"]["templates"])
    elif op["op"] == "ping":
        say(ev="pong", n=op["n"])
    elif op["op"] == "close":
        break
    elif op["op"] == "send" or op["op"] == "call":
        books.write(line)
        books.flush()
        for item in op.get("items", [op]):
            if not (mute and os.path.exists(mute)):
                say(ev="done", id=item["id"], outcome="accepted", ref="r", parts=1)
'''
OWN = '''template "own.visit" {
	title = "own"
	param "person" { scope = person type = text max = 20 }
	param "n" { scope = derived type = number max = 5 }
	param "area" { scope = division type = text max = 20 }
	param "tail" { scope = request type = text max = 20 default_zh = "" default_en = "" }
	param "unused" { scope = request type = text max = 20 default_zh = "x" default_en = "x" }
	answer "1" { outcome = acknowledged level = 3 }
	text "zh" { sms = "{{area}}:{{person}},{{#tail}}{{tail}},{{/tail}}{{n}}处未应答,收到回复1" }
}
'''
NUMBERS = '''template "own.numbers" {
	title = "numbers"
	param "mm" { scope = request type = number max = 5 }
	text "zh" { sms = "雨量{{mm}}毫米" constant = "雨量超过警戒值" }
}
'''
CALL = '''policy "own.call" {
	title = "own"
	targets = village
	step "first" { after = "0s" to = {village_chief} channels = {voice} }
}
'''
DIVISIONS = "code,name\n990121,青石县\n990121001,柳溪镇\n990121001001,%s\n990121001002,竹坪村\n"
CONTACTS = """id,name,phone,role,division,lang
c1,李建国,+99910000001,village_chief,990121001001,zh
c2,Ann,+99910000002,village_chief,990121001002,en
"""
RAIN = dict(template="warn.rain", policy="call.orange", severity="orange",
            params=dict(hours="3", mm="80"))


class Templates(World):
    def __init__(self, templates=True, **config):
        super().__init__(name="template")
        config = dict(config, templates=templates, books=self.path("books"))
        self.routes = '''route "road" {
			driver = "%s"
			channels = {sms, voice}
			config = '%s'
		}''' % (self.path("driver"), json.dumps(config))
        self.write_conf()
        for folder, name, body in (("", "driver", DRIVER), ("t/", "own.conf", OWN),
                                   ("t/", "numbers.conf", NUMBERS), ("p/", "call.conf", CALL)):
            os.makedirs(self.path(folder), exist_ok=True)
            with open(self.path(folder + name), "w", encoding="utf-8") as f:
                f.write(body)
        os.chmod(self.path("driver"), stat.S_IRWXU)

    def write_conf(self):
        super().write_conf()
        with open(self.conf, encoding="utf-8") as f:
            text = f.read()
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text.replace('/templates"}', '/templates", "t"}', 1)
                    .replace('/policies"}', '/policies", "p"}', 1))

    def people(self, first="柳溪村"):
        for kind, rows in (("divisions", DIVISIONS % first), ("contacts", CONTACTS)):
            status, answer = self.api("POST", "/v1/import/" + kind, rows.encode())
            assert status == 200, answer

    def handed_over(self):
        """number -> the operations it was in, oldest first."""
        found = {}
        if os.path.exists(self.path("books")):
            with open(self.path("books"), encoding="utf-8") as f:
                for op in map(json.loads, f):
                    for item in op.get("items", [op]):
                        found.setdefault(item["to"], []).append(op)
        return found

    def wait_handed(self, *numbers, times=1):
        def enough():
            found = self.handed_over()
            return all(len(found.get(n, ())) >= times for n in numbers) and found
        return wait_for("%d times: %s" % (times, numbers), enough)


ZH, EN = "+99910000001", "+99910000002"
KEYS = itertools.count(1)


@pytest.fixture(scope="module")
def world():
    with Templates() as w:
        w.start()
        w.people()
        yield w


def of(world, ident, number):
    """The operation by which this alert went to that number, and its template."""
    waves = {m["wave"] for m in world.messages() if m["alert"] == ident}

    def mine():
        for op in world.handed_over().get(number, ()):
            items = [i for i in op.get("items", [op]) if i["to"] == number]
            if message_id(items[0]["id"])[0] in waves:
                return op
        return None
    op = wait_for("alert %d at %s" % (ident, number), mine)
    return op, op.get("template")


def send(world, **request):
    return world.send(key=str(next(KEYS)), audience={"divisions": ["990121001"]}, **request)


def test_the_template_stands_beside_the_text(world):
    ident = send(world, **RAIN)
    op, template = of(world, ident, ZH)
    assert op["text"].startswith("【青石县应急】暴雨橙色预警：柳溪村未来3小时雨量可能超80毫米")
    assert template == {
        "name": "warn.rain", "language": "zh",
        "params": {"level": "橙色", "place": "柳溪村", "hours": "3", "mm": "80"},
        "constant": "暴雨预警：请马上查看山边、河边和低处住户，做好转移准备。收到请回复1，不在村请回复0。"}
    assert list(template["params"]) == ["level", "place", "hours", "mm"]     # as in the file
    op, template = of(world, ident, EN)
    assert template["language"] == "en" and template["constant"].startswith("Rain warning: check homes")
    assert template["params"]["place"] == "竹坪村"


def test_a_call_has_the_template_of_what_is_said(world):
    ident = send(world, **dict(RAIN, policy="own.call"))
    op, template = of(world, ident, ZH)
    assert op["op"] == "call" and op["keys"]["1"] == "acknowledged"
    assert op["say"][0]["text"].startswith("这里是应急值班室。暴雨橙色预警。柳溪村未来3小时降雨可能超过80毫米")
    assert template["params"] == {"level": "橙色", "place": "柳溪村", "hours": "3", "mm": "80",
                                  "office": "应急值班室"}


def test_each_person_has_values_of_their_own_and_an_empty_one_is_there(world):
    ident = send(world, **dict(RAIN, template="own.visit", params={}))
    params = {n: of(world, ident, n)[1]["params"] for n in (ZH, EN)}
    assert params[ZH] == {"person": "李建国", "n": "2", "area": "柳溪村", "tail": ""}
    assert params[EN] == {"person": "Ann", "n": "2", "area": "竹坪村", "tail": ""}
    # There is no English text: it says so.
    assert of(world, ident, EN)[1]["language"] == "zh"


def test_a_drill_is_marked_in_its_values_and_has_no_constant_text(world):
    ident = send(world, mode="drill", **RAIN)
    op, template = of(world, ident, ZH)
    assert "【演练】" in op["text"]
    assert template["params"] == {"level": "演练:橙色", "place": "柳溪村", "hours": "3", "mm": "80"}
    assert "constant" not in template


def test_a_drill_without_room_for_its_mark_has_no_template(world):
    numbers = dict(RAIN, template="own.numbers", params={"mm": "80"})
    assert of(world, send(world, **numbers), ZH)[1]["constant"] == "雨量超过警戒值"
    op, template = of(world, send(world, mode="drill", **numbers), ZH)
    assert "【演练】雨量80毫米" in op["text"] and template is None


def test_a_driver_that_does_not_ask_gets_none():
    with Templates(templates=False) as world:
        world.start()
        world.people()
        op, template = of(world, send(world, **RAIN), ZH)
        assert op["text"] and template is None


def test_a_resend_after_a_restart_is_made_of_the_same():
    with Templates() as world:
        world.routes = world.routes.replace('"books"', '"mute": "%s", "books"' % world.path("mute"))
        world.write_conf()
        with open(world.path("mute"), "w", encoding="ascii"):
            pass
        world.start()
        world.people()
        send(world, **dict(RAIN, template="own.visit", params={"tail": "带上\"锣\""}))
        first = world.wait_handed(ZH, EN)
        world.people("另一个村")
        world.kill()
        os.remove(world.path("mute"))
        world.start()
        both = world.wait_handed(ZH, EN, times=2)
        for number in ZH, EN:
            one, two = both[number][:2]
            assert one == first[number][0]
            assert one["items"][0]["id"] != two["items"][0]["id"]
            assert two["template"] == one["template"] and two["text"] == one["text"]
        assert both[ZH][1]["template"]["params"] == {
            "person": "李建国", "n": "2", "area": "柳溪村", "tail": "带上\"锣\""}


def test_a_store_of_the_first_schema_goes_on():
    with Templates() as world:
        os.mkdir(world.state)
        db = sqlite3.connect(world.state + "/gong.db")
        with open(os.path.join(ROOT, "tests/data/store-1.sql"), encoding="utf-8") as f:
            db.executescript(f.read())
        db.close()
        world.start()
        op = world.wait_handed(ZH)[ZH][0]
        assert op["text"].startswith("【青石县应急】柳溪村未来3小时") and "template" not in op
        world.people()
        assert of(world, send(world, **RAIN), ZH)[1]["params"]["place"] == "柳溪村"
