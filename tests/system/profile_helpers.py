"""What the tests of the shipped profiles share: a route of a profile, on a pipe or in a whole gongd,
against the provider's side."""
import contextlib
import json
import os
import time

from district import District
from harness import World, wait_for
from http_driver import LONG, ROOT, now

SHIPPED = os.path.join(ROOT, "drivers", "http", "profiles")
URL = "http://gong.invalid:8035"        # gongd would say it; without a path, as `Push.op` adds one
ONE, TWO = "+8613800000001", "+8613800000002"
TEXTS = ["plain", 'says "now"', "back\\slash\\n", "two\nlines", "请立即转移，回复1",
         "😀 & a=b + c%20 <x>", "{{text}} }} {{"]


def route(name, provider, **more):
    """The config of a route: the profile's name, the provider's address, parameters."""
    return {"profile": name, "profile_dir": SHIPPED, "url": provider.base, **more}


def tell(d, push, url=URL):
    """A callback of the provider to the driver: what that says to gongd, and its reply."""
    d.say(push.op(url=url))
    events = []
    while True:
        event = d.next(timeout=LONG)
        if event["ev"] == "reply":
            return events, event
        if event["ev"] in ("receipt", "inbound", "call", "done"):
            events.append(event)


def receipt(d, push):
    """The one receipt that a callback tells."""
    (event,), reply = tell(d, push)
    assert event["ev"] == "receipt" and reply["status"] == 200, (event, reply)
    return event


def place(d, provider, ident="C1", to=ONE, text="立即<转移>", language="zh"):
    """Has a call placed and taken; what the provider booked."""
    before = len(provider.got)
    d.say({"op": "call", "id": ident, "to": to, "ring_ms": 35000, "plays": 2,
           "not_after": now() + 600000, "keys": {"1": "acknowledged", "9": "help"},
           "say": [{"language": language, "text": text}]})
    until = time.monotonic() + LONG
    while len(provider.got) == before:
        assert time.monotonic() < until, "no call was asked for: " + d.log.decode()
        time.sleep(0.01)
    time.sleep(0.05)        # the driver has the answer, too
    return provider.got[-1]


def until(d, kind, test=lambda event: True, timeout=LONG):
    """The next event of this kind that passes."""
    while True:
        event = d.next(kind, timeout)
        assert event, "the driver has ended: " + d.log.decode()
        if test(event):
            return event


@contextlib.contextmanager
def gongd(conf, channels="{sms}", secret="profile-test-secret"):
    """A whole gongd with one route `r` of this config; `.callback` is its address."""
    with World(name="profile") as world:
        world.routes = """route "r" {
 driver = "gong-http"
 channels = %s
 callback_secret = "%s"
 config = '%s'
}
""" % (channels, secret, json.dumps(conf, ensure_ascii=False))
        world.listen = 'host = "127.0.0.1"'
        world.write_conf()
        world.start()
        world.callback = f"http://127.0.0.1:{world.port}/v1/callback/r/{secret}"
        yield world


def hasty(folder, conf):
    """The same route with what the profile waits for between questions cut short."""
    with open(os.path.join(SHIPPED, conf["profile"] + ".json"), encoding="utf-8") as f:
        profile = json.load(f)
    config = profile["config"]
    config.get("query", {})["after_ms"] = 20
    for pull in config.get("pull", []):
        pull["every_ms"] = 100
    (folder / (conf["profile"] + ".json")).write_text(json.dumps(profile), encoding="utf-8")
    return {**conf, "profile_dir": str(folder)}


class Mainland(District):
    """People whose numbers a provider of the mainland writes without a country code."""

    def number(self, extra=0):
        return "+86138%08d" % ((len(self.people) + 1) * 10 + extra)


def alert(world, count=3, people=District):
    """Tells `count` village chiefs something; returns when all have been sent it."""
    world.load(people(1, count))
    ident = world.send(key="p", template="notice.text", severity="red", params={"text": "河水上涨"},
                       audience={"divisions": ["990121001"], "roles": ["village_chief"]})
    wait_for("all to be sent", lambda: world.states()["sent"] == count)
    return ident


def counts_once(world, provider, receipts, reply):
    """Of three messages the last has failed, and somebody replies: gongd takes all of it, pushed twice
    and in any order, and counts each once."""
    said = provider.push(world.callback, *receipts, reply, shuffle=3, twice=True)
    assert all(provider.took(one) for one in said) and len(said) == 8
    wait_for("the receipts", lambda: world.states()["delivered"] == 2)
    wait_for("the failure", lambda: world.states()["failed"] == 1)
    assert len(world.rows("SELECT * FROM inbound")) == 1


def called(world, provider):
    """An alert that rings people; the first call that the provider has."""
    world.load(District(1, 1))
    ident = world.send(key="c", template="warn.rain", severity="red", policy="call.red",
                       params={"hours": 3, "level": "红色", "mm": 80},
                       audience={"divisions": ["990121001001"]})
    wait_for("a call", lambda: provider.got)
    return ident, provider.got[0]


def level(world, ident):
    return world.rows("SELECT max(level) AS level FROM target WHERE alert = ?", ident)[0]["level"]
