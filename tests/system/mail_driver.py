#!/usr/bin/python3
"""mail_driver.py -- a driver that accepts every message (books first) and brings whatever texts a
test puts into a file; config {"log": FILE}.  Each line of FILE.in is {"from", "text"} (no text: a
missed call), or an event as it stands, and comes once.  FILE.numbers, if there is one, is an object by number: "wrong" does not
exist, "1" picks up the call and presses that; whoever is not in it does not pick up.  With the option
"channels" it calls, too.  While there is FILE.stall it says nothing of what it gets."""
import json
import os
import select
import sys


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def numbers(path):
    try:
        with open(path + ".numbers", encoding="utf-8") as f:
            return json.load(f)
    except OSError:
        return {}


def is_wrong(item, known):
    if known.get(item["to"]) == "wrong":
        say(ev="done", id=item["id"], outcome="rejected", reason="no such number", **{"class": "drop"})
    return known.get(item["to"]) == "wrong"


def ring(books, op, known):
    if is_wrong(op, known):
        return
    keys = known.get(op["to"])
    os.write(books, (json.dumps(dict(id=op["id"], to=op["to"], call=op["say"][0]["text"])) + "\n").encode())
    say(ev="call", id=op["id"], state="ringing")
    if keys:
        say(ev="call", id=op["id"], state="answered")
    say(ev="call", id=op["id"], state="ended", outcome="answered" if keys else "no_answer",
        digits=keys or "")
    say(ev="done", id=op["id"], outcome="accepted", reason="answered" if keys else "no answer")


def accept(books, op, known, stalled):
    for item in op["items"]:
        if stalled:
            continue
        if is_wrong(item, known):
            continue
        line = dict(id=item["id"], to=item["to"], text=item.get("text") or op.get("text"))
        os.write(books, (json.dumps(line) + "\n").encode())
        say(ev="done", id=item["id"], outcome="accepted", ref="r" + item["id"], parts=1)


def bring(path, seen):
    try:
        with open(path, encoding="utf-8") as f:
            lines = [line for line in f if line.endswith("\n")]
    except OSError:
        return seen
    for n, line in enumerate(lines[seen:], seen):
        mail = json.loads(line)
        if "ev" in mail:
            say(**mail)
            continue
        event = dict(ev="inbound", id="mail-%d" % n, **{"from": mail["from"]})
        event.update({"text": mail["text"]} if "text" in mail else {"missed_call": True})
        say(**event)
    return len(lines)


def main():
    config, books, seen = {}, -1, 0
    pending = b""
    while True:
        if select.select([0], [], [], 0.05)[0]:
            got = os.read(0, 65536)
            if not got:
                return
            pending += got
        *lines, pending = pending.split(b"\n")
        for line in lines:
            op = json.loads(line)
            if op["op"] == "open":
                config = op["config"]
                books = os.open(config["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                say(ev="ready", protocol=1, channels=config.get("channels", "sms").split(","), window=int(config.get("window", 64)), batch=16, receipts=False,
                    inbound=True, version="1")
            elif op["op"] == "ping":
                say(ev="pong", n=op["n"])
            elif op["op"] == "close":
                return
            elif op["op"] == "send":
                accept(books, op, numbers(config["log"]), os.path.exists(config["log"] + ".stall"))
            elif op["op"] == "call":
                ring(books, op, numbers(config["log"]))
        if config:
            seen = bring(config["log"] + ".in", seen)


if __name__ == "__main__":
    main()
