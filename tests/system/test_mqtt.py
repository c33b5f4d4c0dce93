"""gong-mqtt between a real broker and a gongd that is played here: what it tells, when it acknowledges,
and what it says of a broker that is not there."""
import base64
import json
import os
import signal
import subprocess
import threading

import pytest

import harness
from broker import Broker, Impostor, client
from certs import Authority
from harness import World, wait_for

PROGRAM = os.path.join(harness.BUILD, "gong-mqtt")


class Child:
    """gong-mqtt, and what it has said; `takes`: its gongd has each thing on disk at once."""

    def __init__(self, at, keep=None, takes=True, **config):
        self.events, self.takes = [], takes
        self.p = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        self.say(op="open", protocol=1, source="rain", keep=keep, config=dict(
            {"broker": at if isinstance(at, str) else at.url, "topics": ["#"]}, **config))

    def listen(self):
        for line in self.p.stdout:
            self.events.append(json.loads(line))
            if self.takes and self.events[-1]["ev"] == "signal":
                self.take(self.events[-1])

    def say(self, **op):
        self.p.stdin.write(json.dumps(op).encode() + b"\n")
        self.p.stdin.flush()

    def all(self, name):
        return [e for e in list(self.events) if e["ev"] == name]

    def documents(self):
        return [d for e in self.all("signal") for d in e["documents"]]

    def bodies(self):
        return [d.get("body") for d in self.documents()]

    def take(self, event):
        self.say(op="took", id=event["id"])

    def health(self):
        return (self.all("health") or [{"ok": False}])[-1]

    def is_up(self):
        return self.health()["ok"]

    def alarms(self):
        return {a["name"]: a["concept"] for a in self.health().get("alarms", [])}

    def end(self, number=None):
        """Killed, or gone with its gongd."""
        self.takes = False
        if number:
            self.p.send_signal(number)
        self.p.stdin.close()
        code = self.p.wait(20)
        self.thread.join(20)
        self.p.stdout.close()
        return code


@pytest.fixture
def child():
    """Starts them; whatever is left ends with the test."""
    started = []

    def start(*what, **how):
        started.append(Child(*what, **how))
        return started[-1]

    yield start
    for c in started:
        if c.p.poll() is None:
            assert c.end() == 0


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as b:
        yield b


def told(c, count):
    wait_for("%d messages, not %s" % (count, c.bodies()[:10]), lambda: len(c.documents()) >= count)
    assert len(c.documents()) == count, c.bodies()


def test_a_message_comes_with_its_topic_and_what_its_wildcards_stand_for(broker, child):
    c = child(broker, topics=["rain/+/mm", "rain/#", "river/+/+"])
    wait_for("the subscription", c.is_up)
    broker.publish("rain/990121103/mm", '{"mm":31.5}')
    broker.publish("rain/battery", "3.6")
    broker.publish("river/青石/z", '"34.6"')
    broker.publish("lake/1/z", "nobody asked for it")
    told(c, 3)
    labels = [d["labels"] for d in c.documents()]
    assert labels[0] == {"topic": "rain/990121103/mm", "topic_1": "990121103"}
    assert labels[1] == {"topic": "rain/battery", "topic_1": "battery"}
    assert labels[2] == {"topic": "river/青石/z", "topic_1": "青石", "topic_2": "z"}
    assert c.bodies() == ['{"mm":31.5}', "3.6", '"34.6"']
    assert json.loads(c.all("signal")[0]["keep"])["filters"] == ["rain/#", "river/+/+"]    # none covers another


def test_what_the_broker_has_kept_is_how_things_stand_and_not_news(broker, child):
    broker.publish("rain/1", "31", "-r")
    c = child(broker)
    told(c, 1)
    assert c.all("signal")[0]["first"] is True
    broker.publish("rain/1", "32", "-r")          # to who listens it is news, kept or not
    told(c, 2)
    assert c.all("signal")[1]["first"] is False
    broker.publish("rain/1", "", "-r")            # taken back: nothing is said by that
    broker.publish("rain/1", "33")
    told(c, 3)


def test_words_that_are_no_json_and_bytes_that_are_no_words(broker, child):
    c = child(broker, payload="text")
    wait_for("the subscription", c.is_up)
    broker.publish("a", '水位"高"')
    client("mosquitto_pub", "-p", str(broker.port), "-q", "1", "-t", "a", "-s", input=b"\xff\x00\x01")
    told(c, 2)
    assert json.loads(c.bodies()[0]) == '水位"高"'
    assert base64.b64decode(c.documents()[1]["base64"]) == b"\xff\x00\x01"


def test_a_huge_payload_is_told_by_its_beginning(broker, child):
    c = child(broker, bytes_max=1000)
    wait_for("the subscription", c.is_up)
    client("mosquitto_pub", "-p", str(broker.port), "-q", "1", "-t", "a", "-s", input="雨".encode() * 1000000)
    broker.publish("a", "1")
    told(c, 2)
    assert c.bodies() == ["雨" * 333, "1"]
    assert c.documents()[0]["labels"]["cut_bytes"] == str(3000000 - 999)
    assert c.end() == 0
    again = child(broker)                         # all of it was acknowledged
    wait_for("the subscription", again.is_up)
    broker.publish("a", "2")
    told(again, 1)


def test_nothing_is_acknowledged_before_gongd_has_it(broker, child):
    c = child(broker, takes=False)
    wait_for("the subscription", c.is_up)
    broker.publish("a", "1")
    told(c, 1)
    c.end(signal.SIGKILL)                         # and with it the gongd that had not committed it
    broker.publish("a", "2")
    c = child(broker)
    told(c, 2)
    assert c.bodies() == ["1", "2"]
    assert c.end() == 0
    c = child(broker)
    wait_for("the subscription", c.is_up)
    broker.publish("a", "3")
    told(c, 1)


def test_what_gongd_has_is_not_told_again_though_nobody_heard_so(broker, child):
    c = child(broker, takes=False)
    wait_for("the subscription", c.is_up)
    broker.publish("a", "1")
    told(c, 1)
    keep = c.all("signal")[0]["keep"]             # it was committed with it
    c.end(signal.SIGKILL)
    broker.publish("a", "2")
    c = child(broker, keep=keep)
    told(c, 1)
    assert c.bodies() == ["2"]
    assert c.end() == 0
    c = child(broker, keep=keep)                  # the broker has heard of both
    wait_for("the subscription", c.is_up)
    broker.publish("a", "1")                      # what is published anew is news
    told(c, 1)


def test_one_thing_at_a_time_is_told_and_no_more_than_64_in_it(broker, child):
    """So that what is kept with one never speaks of another that is not yet there."""
    c = child(broker, takes=False)
    wait_for("the subscription", c.is_up)
    broker.publish_all("a", map(str, range(300)))
    wait_for("the first", c.documents)
    c.say(op="ping", n=1)                         # it is not deaf meanwhile
    wait_for("a pong", lambda: c.all("pong"))
    for taken in range(1, 301):
        event, = c.all("signal")[taken - 1:]
        assert len(event["documents"]) <= 64
        if len(c.documents()) == 300:
            break
        c.take(event)
        wait_for("the next", lambda n=taken: len(c.all("signal")) > n)
    assert c.bodies() == [str(i) for i in range(300)] and max(len(e["documents"]) for e in c.all("signal")) == 64


def test_a_broker_that_is_killed_is_found_again_and_what_it_forgot_is_said(broker, child):
    c = child(broker)
    wait_for("the subscription", c.is_up)
    broker.publish("a", "1")
    told(c, 1)
    broker.stop(signal.SIGKILL)
    wait_for("the loss", lambda: not c.is_up())
    broker.start()
    wait_for("the subscription", c.is_up)
    assert c.health()["sessions_lost"] == 1 and c.alarms() == {"session": "mqtt_session_lost"}
    c.takes = False
    broker.publish("a", "2")
    told(c, 2)
    broker.stop()                                 # it has written down whom it knows
    wait_for("the loss", lambda: not c.is_up())
    broker.start()
    wait_for("the subscription", c.is_up)
    assert c.health()["sessions_lost"] == 1
    assert c.bodies() == ["1", "2"]               # told once, though never acknowledged


def test_a_filter_that_is_wanted_no_more_is_given_back(broker, child):
    c = child(broker, topics=["a", "b"])
    wait_for("the subscription", c.is_up)
    keep = c.all("beat")[-1]["keep"]
    assert c.end() == 0
    c = child(broker, keep=keep, topics=["b"])
    wait_for("the subscription", c.is_up)
    broker.publish("a", "1")
    broker.publish("b", "2")
    told(c, 1)
    assert c.bodies() == ["2"] and "unwanted" not in c.health()


def test_a_name_and_its_password(tmp_path, child):
    passwords = tmp_path / "passwords"
    passwords.write_text("gong:rain-gauge\n", encoding="ascii")
    client("mosquitto_passwd", "-U", str(passwords))
    with Broker(tmp_path, "allow_anonymous false", "password_file %s" % passwords) as b:
        c = child(b, username="gong", password="rain-gauge")
        wait_for("the subscription", c.is_up)
        c = child(b, username="gong", password="drain-gauge")
        wait_for("the alarm", lambda: c.alarms() == {"broker": "mqtt_no_broker"})


def test_tls_believes_only_its_authority_the_right_host_and_who_it_is(tmp_path, child):
    ours, others = Authority(tmp_path), Authority(tmp_path, "stranger")
    pem, key = ours.good()
    mine, my_key = ours.client()
    with Broker(tmp_path, "cafile %s" % ours.pem, "certfile %s" % pem, "keyfile %s" % key, "require_certificate true",
                "use_identity_as_username true", tls=True) as b:
        identity = {"client_cert": mine, "client_key": my_key}
        good = child(b, ca_file=ours.pem, **identity)
        wait_for("the subscription", good.is_up)
        client("mosquitto_pub", "-p", str(b.port), "-q", "1", "-t", "a", "-m", "1", "--cafile", ours.pem, "--cert", mine,
               "--key", my_key)
        told(good, 1)
        for trouble, config in {"not good": dict(identity, ca_file=others.pem), "": {"ca_file": ours.pem}}.items():
            c = child(b, **config)
            wait_for("a refusal", lambda c=c, t=trouble: t in c.health().get("note", "not connected")
                     and "not connected" not in c.health().get("note", "not connected"))
            assert not c.is_up()
    pem, key = ours.wrong_name()
    with Broker(tmp_path, "cafile %s" % ours.pem, "certfile %s" % pem, "keyfile %s" % key, "allow_anonymous true",
                tls=True) as b:
        c = child(b, ca_file=ours.pem)
        wait_for("the wrong name", lambda: "certificate is not good" in c.health().get("note", ""))


CONNACK, ALL = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01"


@pytest.mark.parametrize("says, note", [
    ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "does not allow"),
    ((b"\x20\x02\x00\x02",), "client id"),
    ((CONNACK, ALL + b"\x34\x07\x00\x01a\x00\x011"), "does not allow"),           # QoS 2
    ((CONNACK + b"\x32\xff\xff\xff\xff",), "does not allow"),
    ((ALL,), "does not allow"),
])
def test_who_is_no_broker_is_told_from_one(child, says, note):
    with Impostor(*says) as i:
        c = child(i)
        wait_for("the trouble: " + note, lambda: note in c.health().get("note", ""))
        assert not c.documents()
        c.end()


def test_a_refused_topic_is_an_alarm_and_the_others_go_on(child):
    with Impostor(CONNACK, b"\x90\x04\x00\x01\x80\x01\x30\x04\x00\x01bx") as i:
        c = child(i, topics=["a", "b"])
        wait_for("the alarm", lambda: c.alarms() == {"topic": "mqtt_topic_refused"})
        told(c, 1)
        c.end()


@pytest.mark.parametrize("config, named", [
    ({"broker": "tcp://127.0.0.1"}, "broker"), ({"broker": "mqtt://:1883"}, "broker"), ({"broker": "mqtt://a:0"}, "broker"),
    ({"broker": "mqtt://u:p@a"}, "broker"), ({"topics": []}, "topics"), ({"topics": ["a/#/b"]}, "#"),
    ({"password": "x"}, "username"), ({"topics": "+a"}, "topics"),
    ({"client_cert": "/a"}, "client_key"), ({"ca_file": "/a"}, "mqtts"), ({"qos": 2}, "knows no option `qos`"),
    ({"keepalive_seconds": 1}, "keepalive_seconds"), ({"payload": "xml"}, "payload"), ({"bytes_max": "1"}, "bytes_max"),
    ({"broker": "mqtts://127.0.0.1", "ca_file": "/nowhere"}, "/nowhere"),
])
def test_a_config_that_cannot_be_is_refused_by_its_name(child, config, named):
    c = child("mqtt://127.0.0.1:1", **config)
    assert c.end() == 1
    fatal = c.all("fatal")[0]
    assert named in json.dumps(fatal["reason"]) and fatal["retry"] is False


def test_gongd_check_asks_before_anybody_is_connected_to(tmp_path):
    """A broker that is not there is no fault of the settings."""
    with World(name="mqttcheck") as w:
        with open(w.path("a.rules"), "w", encoding="ascii") as f:
            f.write('rule "noted" { trust = note then { template = notice.text severity = blue divisions = {990121} '
                    'param "text" { value = "x" } } }\nread { ref = "/id" }\n')
        for topics, code in ("a/+", 0), ("a/#/b", 1):
            w.routes = """source "gauge" { format = json rules = "a.rules" fetch = "gong-mqtt"
 option "broker" { value = "mqtt://127.0.0.1:1" } option "topics" { value = "%s" } }
""" % topics
            w.write_conf()
            p = subprocess.run([os.path.join(harness.BUILD, "gongd"), "--check", "--config", w.conf], capture_output=True,
                               text=True, timeout=60, check=False, env=dict(os.environ, LC_ALL="C.UTF-8"))
            assert (p.returncode, "a/#/b" in p.stderr) == (code, bool(code)), p.stdout + p.stderr
