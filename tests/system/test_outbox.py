"""What gong tells other systems of their own signals: in order, signed, at least once and by the same key,
whatever is killed; a dead receiver keeps nobody else's waiting."""
import collections
import hashlib
import hmac
import http.client
import http.server
import json
import os
import signal
import socket
import threading

import pytest

from district import District
from harness import World, free_ports, sim_route, wait_for

TOKEN = "outbox-token-" * 3
SECTION = '''source "%s" { format = json rules = "out.rules" token_file = "out.token" up_to = red
 callback_to = {"http://%s"} feedback_to = "http://%s/told/%s?pass=geheim" feedback = {verdict, answer, end} %s }
'''
RULES = '''read { ref = "/id" act = "/state" act_is = { "1=alert", "0=end" } }
rule "any" { when { kinds = {"*"} }
 then { template = notice.text policy = call.yellow severity = yellow divisions = {990121001} validity = 4h
  param "text" { value = "水位" } } }
'''


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.told, self.answers, self.tried = [], [], collections.Counter()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def at(self):
        return "127.0.0.1:%d" % self.server_address[1]

    def of(self, name):
        return [t for t in list(self.told) if t["path"].startswith("/told/" + name + "?")]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.tried[self.headers["Idempotency-Key"]] += 1
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.told.append({"path": self.path, "body": body, "headers": dict(self.headers), **json.loads(body)})
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", "/told/elsewhere?")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def world():
    receiver = Receiver()
    hole = socket.create_server(("127.0.0.1", 0))      # takes connections and never answers
    w = World(name="outbox")
    w.receiver = receiver
    w.routes = sim_route(w.path("books")) + SECTION % ("good", receiver.at, receiver.at, "good", "")
    w.routes += SECTION % ("flood", receiver.at, receiver.at, "flood", "feedback_form = flood")
    w.routes += SECTION % (("dead",) + ("127.0.0.1:%d" % hole.getsockname()[1],) * 2 + ("dead", ""))
    for name, text in {"out.rules": RULES, "out.token": TOKEN}.items():
        with open(w.path(name), "w", encoding="utf-8") as f:
            f.write(text)
    w.write_conf()
    with w:
        w.start()
        wait_for("the route", w.all_up)
        w.load(District(2, 3))
        yield w
    receiver.shutdown()
    hole.close()


def push(world, source, body):
    c = http.client.HTTPConnection("127.0.0.1", world.port, timeout=20)
    c.request("POST", "/v1/in/" + source, json.dumps(body).encode(), {"Authorization": "Bearer " + TOKEN})
    answer = c.getresponse()
    said = json.loads(answer.read())
    c.close()
    assert answer.status == 200, said
    signal_, = said["signals"]
    return signal_


def waiting(world, source="good"):
    return world.rows("SELECT count(*) AS n FROM outbox o JOIN source s ON s.id = o.source WHERE s.name = ?", source)[0]["n"]


def answer_for_all(world, alert):
    for division in ("990121001001", "990121001002", "990121001003"):
        status, said = world.api("POST", "/v1/alerts/%d/acks" % alert,
                                 {"division": division, "level": 3, "name": "李四", "note": "door-to-door"})
        assert status == 200, said


def test_a_source_hears_the_whole_story_in_order_and_signed(world):
    first = push(world, "good", {"id": "a", "state": "1"})
    answer_for_all(world, first["alert"])
    assert push(world, "good", {"id": "a", "state": "0"})["state"] == "matched"
    wait_for("the story", lambda: len(world.receiver.of("good")) > 5 and waiting(world) == 0)
    told = world.receiver.of("good")
    assert [t["event"] for t in told[:4]] == ["verdict", "answer", "answer", "answer"]
    assert told[0]["state"] == "matched" and told[0]["alert"] == first["alert"] and told[1]["by"].startswith("李四")
    assert "end" in {t["event"] for t in told[4:]}
    for t in told:
        mac = hmac.new(TOKEN.encode(), t["headers"]["X-Gong-Time"].encode() + b":" + t["body"], hashlib.sha256)
        assert t["headers"]["X-Gong-Signature"] == "sha256=" + mac.hexdigest()
    assert len(set(world.receiver.tried)) == len(told)


def test_what_is_refused_for_now_comes_again_by_the_same_key_and_first(world):
    world.receiver.tried.clear()
    world.receiver.answers[:] = [503]
    held = push(world, "good", {"id": "b", "state": "1"})
    answer_for_all(world, held["alert"])
    told = wait_for("all of it", lambda: [t for t in world.receiver.of("good") if t["ref"] == "b"][3:] and
                    [t for t in world.receiver.of("good") if t["ref"] == "b"])
    assert [t["event"] for t in told[:4]] == ["verdict", "answer", "answer", "answer"]
    assert world.receiver.tried[told[0]["headers"]["Idempotency-Key"]] == 2


@pytest.mark.parametrize("status", [302, 422])
def test_what_is_refused_for_good_is_the_desks(world, status):
    wait_for("none waits", lambda: waiting(world) == 0)
    world.receiver.answers[:] = [status]
    push(world, "good", {"id": "c%d" % status, "state": "1"})
    wait_for("a task", lambda: [t for t in world.api("GET", "/v1/tasks")[1]["tasks"]
                                if t["kind"] == "callback" and str(status) in t["text"]])
    wait_for("none waits", lambda: waiting(world) == 0)
    assert not world.receiver.of("elsewhere")


def test_a_dead_receiver_keeps_nobody_waiting(world):
    for i in range(20):
        push(world, "dead", {"id": "d%d" % i, "state": "1"})
    push(world, "good", {"id": "e", "state": "1"})
    wait_for("the good one", lambda: [t for t in world.receiver.of("good") if t["ref"] == "e"], seconds=5)
    assert waiting(world, "dead") >= 20


def test_a_flash_flood_platform_has_its_own_words(world):
    alert = push(world, "flood", {"id": "w-17", "state": "1"})["alert"]
    answer_for_all(world, alert)
    told = wait_for("its rows", lambda: world.receiver.of("flood")[3:] and world.receiver.of("flood"))
    assert told[0]["warn_record_id"] == "w-17" and (told[0]["status"], told[0]["is_back"]) == (10, 0)
    assert (told[1]["status"], told[1]["is_back"]) == (40, 1) and told[1]["back_content"] == "door-to-door"


def test_whatever_is_killed_nothing_is_lost(world):
    wait_for("none waits", lambda: waiting(world) == 0)
    wanted = set()
    for i in range(6):
        world.receiver.answers[:] = [503, 503] if i % 2 else []
        for k in range(4):
            push(world, "good", {"id": "k%d-%d" % (i, k), "state": "1"})
            wanted.add("k%d-%d" % (i, k))
        if i % 3 == 2:
            world.kill()
            world.start()
        else:
            os.kill(wait_for("gong-hook", lambda: world.drivers().get("gong-hook")), signal.SIGKILL)
    wait_for("all of it", lambda: wanted <= {t["ref"] for t in world.receiver.of("good")}, seconds=40)
    wait_for("none waits", lambda: waiting(world) == 0)
    keys = {}
    for t in world.receiver.of("good"):
        keys.setdefault((t["ref"], t["event"], t["state"], t["at"]), set()).add(t["headers"]["Idempotency-Key"])
    assert all(len(k) == 1 for k in keys.values()), {w: k for w, k in keys.items() if len(k) > 1}


def test_no_secret_of_a_url_is_told(world):
    with open(world.path("gongd.log"), encoding="utf-8") as f:
        assert "geheim" not in f.read()
    assert "geheim" not in json.dumps(world.api("GET", "/v1/sources")[1])


def test_settings_that_lead_elsewhere_are_refused():
    port, = free_ports(1)
    for bad, why in (('callback_to = {"http://a.example/path"}', "callback_to"),
                     ('callback_to = {"http://u:p@a.example"}', "callback_to"),
                     ('callback_to = {"http://127.0.0.1:%d"} feedback = {verdict} feedback_to = "http://b.example/x"' % port,
                      "feedback_to"),
                     ('feedback = {verdict}', "feedback_to"),
                     ('callback_to = {"http://b.example"} feedback = {all} feedback_to = "http://b.example/x"', "feedback")):
        w = World(name="outconf", routes='source "s" { format = json rules = "out.rules" token_file = "out.token" %s }' % bad)
        for name, text in {"out.rules": RULES, "out.token": TOKEN}.items():
            with open(w.path(name), "w", encoding="utf-8") as f:
                f.write(text)
        p = w.start(wait=False)
        p.p.wait(20)
        assert why in w.log_tail()
        w.gongd = None
        w.close()
