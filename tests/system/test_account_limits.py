"""What a driver says its account allows: messages a second, and budgets per number (docs/drivers.md)."""
import os
import stat

import pytest

from district import District
from harness import World, read_books, wait_for

# Says ready as `ask` tells it, and writes down what it is given, and when.
DRIVER = '''#!/usr/bin/python3
import json, sys, time
def say(**event):
    print(json.dumps(event), flush=True)
def ready(**limits):
    say(ev="ready", protocol=1, channels=["sms"], window=50, **limits)
for line in sys.stdin:
    op = json.loads(line)
    if op["op"] == "open":
        books = open(op["config"]["log"], "a")
        ready(**op["config"]["limits"])
    elif op["op"] == "ping":
        say(ev="pong", n=op["n"])
    elif op["op"] == "ask":
        ready(**json.loads(op["text"]))
        say(ev="answer", id=op["id"], ok=True)
    elif op["op"] == "send":
        for item in op["items"]:
            print(json.dumps(dict(id=item["id"], to=item["to"], text=op["text"],
                                  at=time.monotonic())), file=books, flush=True)
            say(ev="done", id=item["id"], outcome="accepted", parts=1)
'''


@pytest.fixture
def world():
    w = World(name="limits")
    with open(w.path("driver"), "w", encoding="utf-8") as f:
        f.write(DRIVER)
    os.chmod(w.path("driver"), stat.S_IRWXU)
    yield w
    w.close()


def start(w, limits, options=""):
    w.routes = '''route "account" {
 driver = "%s"
 config = '{"log":"%s","limits":%s}'
 %s
}
''' % (w.path("driver"), w.path("books"), limits, options)
    w.write_conf()
    w.start()
    wait_for("route up", w.all_up)
    w.load(District(1, 2))


def tell(w, text, role="village_chief"):
    return w.send(key=text, template="notice.text", severity="blue", params={"text": text},
                  audience={"divisions": ["990121"], "roles": [role]})


def count(w, text):
    return sum(text in e["text"] for e in read_books(w.path("books")))


def test_a_budget_of_the_driver_counts_and_may_change(world):
    start(world, '{"budgets":["1/1h","five an hour",7]}')
    log = open(world.path("gongd.log"), encoding="utf-8").read()
    assert 'driver budget unreadable route=account budget="five an hour"' in log
    tell(world, "第一条")
    wait_for("the first", lambda: count(world, "第一条") == 2)
    second = tell(world, "第二条")
    wait_for("waiting", lambda: [m["due"] for m in world.messages()
                                 if m["alert"] == second and m["due"] is not None][1:])
    assert count(world, "第二条") == 0
    # a wider account: what it allows now is allowed
    status, answer = world.api("POST", "/v1/routes/account/ask",
                               {"what": "sms", "to": "+99910000001",
                                "text": '{"budgets":["2/1h"]}'})
    assert status == 200 and answer["ok"], answer
    tell(world, "第三条")
    wait_for("the third", lambda: count(world, "第三条") == 2)
    tell(world, "第四条")
    # over a restart, uses count that were made before
    world.gongd.stop()
    world.start()
    wait_for("route up", world.all_up)
    wait_for("settled", lambda: sum(m["due"] is not None for m in world.messages()) == 4)
    assert count(world, "第四条") == 0


def test_gong_conf_wins(world):
    start(world, '{"budgets":["1/1h"],"rate":0.001}', 'budgets = {"50/1h"} rate = 1000')
    for text in ("第一条", "第二条", "第三条"):
        tell(world, text)
    wait_for("all of them", lambda: len(read_books(world.path("books"))) == 6)


def test_a_rate_of_the_driver_is_kept(world):
    start(world, '{"rate":4}')
    for i in range(7):
        tell(world, "第%d条" % i)
    books = wait_for("all", lambda: [b for b in [read_books(world.path("books"))] if len(b) == 14])[0]
    # one second's worth at once, then four a second: 14 take at least 2.5 s
    assert books[-1]["at"] - books[0]["at"] >= 2.4
