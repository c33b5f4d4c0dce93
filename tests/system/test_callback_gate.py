"""Callbacks of providers: who may call, and what they hear when gong cannot keep what they bring."""
import http.client
import json
import os
import signal
import sqlite3
import stat

import pytest

from harness import SLOW, World, wait_for

SECRET = "sixteen-letters-x"
# /keep brings a text and answers; /twice answers twice; /silent does not answer; /die dies of it.
DRIVER = '''#!/usr/bin/python3
import json, sys
def say(**event):
    print(json.dumps(event), flush=True)
for line in sys.stdin:
    op = json.loads(line)
    if op["op"] == "open":
        say(ev="ready", protocol=1, channels=["sms"], window=1, inbound=True,
            **op["config"].get("ready", {}))
    elif op["op"] == "ping":
        say(ev="pong", n=op["n"])
    elif op["op"] == "callback" and op["path"] in ("/keep", "/twice"):
        say(ev="inbound", id="i" + op["id"], **{"from": "+99910000001"}, text="1")
        say(ev="reply", id=op["id"], status=201, headers={"Content-Type": "text/x"}, body="kept")
        if op["path"] == "/twice":
            say(ev="reply", id=op["id"], status=200, body="again")
    elif op["op"] == "callback" and op["path"] == "/die":
        sys.exit(1)
'''


@pytest.fixture
def world():
    w = World(name="gate")
    with open(w.path("driver"), "w", encoding="utf-8") as f:
        f.write(DRIVER)
    os.chmod(w.path("driver"), stat.S_IRWXU)
    yield w
    w.close()


def start(w, options="", config="{}"):
    w.routes = 'route "cloud" {\n driver = "%s" callback_secret = "%s"\n config = \'%s\'\n %s\n}\n' % (
        w.path("driver"), SECRET, config, options)
    w.write_conf()
    w.start()
    wait_for("route up", w.all_up)


def post(w, path, secret=SECRET, forwarded=()):
    """`forwarded`: one X-Forwarded-For each, as a proxy would write them."""
    connection = http.client.HTTPConnection("127.0.0.1", w.port, timeout=60 * SLOW)
    try:
        connection.putrequest("POST", "/v1/callback/cloud/%s%s" % (secret, path))
        for value in forwarded:
            connection.putheader("X-Forwarded-For", value)
        connection.putheader("Content-Length", "1")
        connection.endheaders(b"x")
        answer = connection.getresponse()
        body = answer.read().decode()
        kind = answer.getheader("Content-Type", "")
        return answer.status, json.loads(body) if kind.endswith("json") else body
    finally:
        connection.close()


def figure(w, name):
    text = w.api("GET", "/metrics")[1]
    return int([line for line in text.splitlines() if line.startswith(name + " ")][0].split()[1])


def inbounds(w):
    return w.rows("SELECT count(*) AS n FROM inbound")[0]["n"]


def test_the_answer_follows_the_commit(world):
    start(world, 'callback_from = {"127.0.0.0/8"}')
    for path in ("/keep", "/twice"):
        before = inbounds(world)
        status, body = post(world, path)
        assert (status, body) == (201, "kept")
        assert inbounds(world) == before + 1
    assert figure(world, "gong_http_callbacks_refused_total") == 0


def test_other_addresses_are_refused_like_a_wrong_secret(world):
    start(world, 'callback_from = {"203.0.113.0/24", "2001:db8::/32"}')
    wrong = post(world, "/keep", "not-the-right-secret")
    assert wrong[0] == 404
    assert post(world, "/keep") == wrong
    assert inbounds(world) == 0
    assert figure(world, "gong_http_callbacks_refused_total") == 2
    log = open(world.path("gongd.log"), encoding="utf-8").read()
    assert log.count("callback refused route=cloud from=127.0.0.1 count=1") == 1
    assert log.count("callback refused") == 1
    # a list that a reload brings holds for the next one
    world.routes = world.routes.replace("203.0.113.0/24", "127.0.0.1")
    world.write_conf()
    world.gongd.signal(signal.SIGHUP)
    wait_for("the new list", lambda: post(world, "/keep")[0] == 201)


PROVIDER = 'callback_from = {"203.0.113.0/24", "2001:db8::/32"}'


def test_behind_a_proxy_the_provider_s_own_address_counts(world):
    world.listen = 'callback_proxy = {"127.0.0.1", "10.0.0.0/8"}'
    start(world, PROVIDER)
    for forwarded in (["203.0.113.7"], ["203.0.113.7:4711"], ["[2001:db8::1]:443"], ["203.0.113.7, 10.1.2.3"],
                      ["198.51.100.1, 203.0.113.7", "10.1.2.3"]):
        assert post(world, "/keep", forwarded=forwarded) == (201, "kept"), forwarded
    wrong = post(world, "/keep", "not-the-right-secret", ["203.0.113.7"])
    assert wrong[0] == 404
    # what a stranger writes stands left of where the proxy saw him; what is no address ends the walk
    for forwarded in ([], [""], ["203.0.113.7, 198.51.100.1"], ["203.0.113.7", "198.51.100.1"],
                      ["203.0.113.7, unknown"], ["203.0.113.7,"], ["203.0.113.7, " + ",".join(["1.2.3.4"] * 1500)]):
        assert post(world, "/keep", forwarded=forwarded) == wrong, forwarded
    assert inbounds(world) == 5
    assert figure(world, "gong_http_callbacks_refused_total") == 7
    assert "callback refused route=cloud from=127.0.0.1 count=1" in world.log_tail()


def test_nobody_but_a_named_proxy_says_who_called(world):
    start(world, PROVIDER)
    assert post(world, "/keep", forwarded=["203.0.113.7"])[0] == 404
    # named by a reload; another one is not
    for proxies, status in (('{"10.0.0.0/8"}', 404), ('{"127.0.0.0/8"}', 201)):
        world.listen = "callback_proxy = " + proxies
        world.write_conf()
        world.gongd.signal(signal.SIGHUP)
        wait_for(proxies, lambda: post(world, "/keep", forwarded=["203.0.113.7"])[0] == status)
    # a head of ten thousand hops is too large before anything is walked
    assert post(world, "/keep", forwarded=[",".join(["127.0.0.1"] * 10000)])[0] == 431
    assert inbounds(world) == 1


@pytest.mark.parametrize("listen, route, said", [
    ("", 'callback_from = {"provider.example"}', 'callback_from = "provider.example" is no address or range like'),
    ('callback_proxy = {"nginx"}', "", 'listen: callback_proxy = "nginx" is no address or range like'),
    ('callback_proxy = {"0.0.0.0/0"}', "", 'callback_proxy = "0.0.0.0/0" is everybody'),
    ('callback_proxy = {"10.0.0.1", "::/0"}', "", 'callback_proxy = "::/0" is everybody'),
])
def test_gong_conf_says_what_is_wrong_with_a_list(world, listen, route, said):
    world.routes = 'route "cloud" { driver = "gong-sim" callback_secret = "%s" %s }' % (SECRET, route)
    world.listen = listen
    world.write_conf()
    world.start(wait=False)
    wait_for("the end of gongd", lambda: not world.gongd.alive())
    assert said in world.log_tail()
    world.gongd = None


def test_a_driver_that_stands_still_is_503_in_its_provider_s_time(world):
    start(world, config='{"ready":{"reply_within_ms":700}}')
    status, answer = post(world, "/silent")
    assert status == 503 and "has not answered in time" in answer["detail"], answer
    os.kill(world.drivers()["python3"], signal.SIGSTOP)
    status, answer = post(world, "/keep")
    assert status == 503 and "has not answered in time" in answer["detail"], answer
    # killed for its silence, started again; the provider brings it once more
    wait_for("the driver again", lambda: post(world, "/keep")[0] == 201)
    assert inbounds(world) == 1


def test_a_driver_that_dies_is_503_at_once(world):
    start(world)
    status, answer = post(world, "/die")
    assert status == 503 and "has gone" in answer["detail"], answer


def test_what_cannot_be_written_down_is_503(world):
    start(world)
    blocker = sqlite3.connect(os.path.join(world.state, "gong.db"), isolation_level=None)
    try:
        blocker.execute("BEGIN IMMEDIATE")
        status, answer = post(world, "/keep")
        assert status == 503 and "cannot write it down" in answer["detail"], answer
    finally:
        blocker.close()
    # it was kept in memory; brought again it is another one
    wait_for("written down", lambda: inbounds(world) == 1)
    assert post(world, "/keep") == (201, "kept")
    assert inbounds(world) == 2
