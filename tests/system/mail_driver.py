#!/usr/bin/python3
"""mail_driver.py -- a driver that accepts every message (books first) and brings whatever texts a
test puts into a file; config {"log": FILE}.  Each line of FILE.in is {"from", "text"} (no text: a
missed call) and comes once."""
import json
import os
import select
import sys


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def accept(books, op):
    for item in op["items"]:
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
                say(ev="ready", protocol=1, channels=["sms"], window=64, batch=16, receipts=False,
                    inbound=True, version="1")
            elif op["op"] == "ping":
                say(ev="pong", n=op["n"])
            elif op["op"] == "close":
                return
            elif op["op"] == "send":
                accept(books, op)
        if config:
            seen = bring(config["log"] + ".in", seen)


if __name__ == "__main__":
    main()
