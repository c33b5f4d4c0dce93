#!/usr/bin/python3
"""odd_driver.py -- a driver for tests/system/test_years.py; config {"mode": …, "log": FILE}.

helper: at its first life dies on the first send and leaves a helper that holds its output open.
exits:  ends at once, always.          deaf: says ready and never reads again.
flood:  inbound texts as fast as the pipe takes them, until FILE.enough exists; works otherwise.
odd:    on its first send events with every absurd value, then works.
liar:   tells of the calls of others, whose ids are in FILE.ids: picked up, pressed 1; then FILE.told.
slow:   answers each send after FILE.go exists.     stop: answers all it holds at `close`.
It accepts messages (books first) like bad_driver.py.
"""
import json
import os
import select
import sys
import time


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def ready(window=64):
    say(ev="ready", protocol=1, channels=["sms"], window=window, batch=16, receipts=True, inbound=True,
        version="1")


def accept(books, op, items):
    for item in items:
        os.write(books, (json.dumps(dict(id=item["id"], to=item["to"],
                                         text=item.get("text") or op["text"])) + "\n").encode())
        say(ev="done", id=item["id"], outcome="accepted", ref="r", parts=1)


def helper(log):
    """A grandchild that keeps stdout open and outlives us."""
    if os.path.exists(log + ".helper"):
        return
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    with open(log + ".helper", "w", encoding="ascii") as f:
        f.write(str(pid))
    os._exit(9)


def odd(item):
    numbers = (0, -1, 255, 256, 2**31, 2**32, 2**63 - 1, -2**63)
    texts = ("", "x", "0" * 13, "z" * 13, item, "\u0001", "字" * 3000, "'; DROP TABLE alert; --",
             "99999999999999999999999", "+", "-5")
    for n in numbers:
        say(ev="receipt", id=item, state="buffered", at=n)
        say(ev="part", id=item, part=n, of=n, reference=n, ref="r")
        say(ev="call", id=item, state="ringing", ms=n)
        say(ev="inbound", id="i%d" % n, **{"from": "+%d" % n}, text="1", at=n)
        say(ev="done", id="0" * 13, outcome="accepted", parts=n)
    for i, t in enumerate(texts):
        say(ev="receipt", id=t, ref=t, to=t, state=t, reason=t, took="took%d" % i, at=1)
        say(ev="inbound", id="t%d" % i, **{"from": t}, text=t, at=1)
        say(ev="inbound", id=t, **{"from": "+8613800000000"}, missed_call=True)
        say(ev="part", id=t, part=1, of=2, ref=t)
        say(ev="call", id=t, state=t, outcome=t, digits=t)
        say(ev="reply", id=t, status=200, headers={"Content-Type": t}, body=t)
        say(ev="health", ok=t, note=t, storage={"used": t})
        say(ev="keep", state=t)
        say(ev=t)
    for value in (None, [], {}, 1.5, True, "x" * 5000):
        say(ev="done", id=value, ids=value, outcome=value, parts=value)
        say(ev="ready", protocol=1, channels=value, window=-1, batch=-1)
        say(ev="health", **{"ok": value})
        say(ev="keep", state=value)
        say(ev="pong", n=value)
    ready()


def lie(log):
    """Of what others have in hand; a text behind it, whose `took` says that all of it was heard."""
    if not os.path.exists(log + ".ids"):
        return
    with open(log + ".ids", encoding="ascii") as f:
        for item in f.read().split():
            say(ev="call", id=item, state="answered")
            say(ev="call", id=item, state="ended", outcome="answered", digits="1")
            say(ev="part", id=item, part=1, of=1, ref="r")
    say(ev="inbound", id="behind", **{"from": "+8613900000000"}, text="x", at=1)


def flood(log):
    n, line = 0, None
    while not os.path.exists(log + ".enough"):
        for _ in range(200):
            line = json.dumps(dict(ev="inbound", id="f%d" % n, **{"from": "+8613900000000"},
                                   text="洪水" * 60, at=1))
            sys.stdout.write(line + "\n")
            n += 1
        sys.stdout.flush()
        with open(log + ".sent", "w", encoding="ascii") as f:
            f.write(str(n))
        if select.select([0], [], [], 0)[0]:
            return


def main():
    config, books, held, told = {}, -1, [], False
    for line in iter(sys.stdin.readline, ""):
        op = json.loads(line)
        mode = config.get("mode")
        if op["op"] == "open":
            config = op["config"]
            if config["mode"] == "exits":
                os._exit(3)
            books = os.open(config["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            ready(0 if config["mode"] == "liar" else 64)
            while config["mode"] == "deaf":
                time.sleep(60)
        elif op["op"] == "ping":
            say(ev="pong", n=op["n"])
            if mode == "flood":
                flood(config["log"])
            if mode == "liar":
                lie(config["log"])
        elif op["op"] == "took" and mode == "liar":
            open(config["log"] + ".told", "w", encoding="ascii").close()
        elif op["op"] == "close":
            for o in held:
                accept(books, o, o["items"])
            return
        elif op["op"] == "send":
            if mode == "helper":
                helper(config["log"])
            if mode == "odd" and not told:
                told = True
                odd(op["items"][0]["id"])
            if mode == "stop" or (mode == "slow" and not os.path.exists(config["log"] + ".go")):
                held.append(op)
                continue
            accept(books, op, op["items"])


if __name__ == "__main__":
    main()
