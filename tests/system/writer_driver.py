#!/usr/bin/python3
"""writer_driver.py -- a driver that brings what its config's file `says` has, an event a line, again at
each start, until gongd has taken it: each has a `took`, or the `id` of an inbound.  What it was told
was taken stands in the file `took`, one a line.  It sends nothing.  With `late` it is ready only when
gongd has taken all of it, as a modem that is still being set up.
"""
import json
import os
import sys


def read(name):
    if not os.path.exists(name):
        return []
    with open(name, encoding="utf-8") as f:
        return f.read().splitlines()


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def ready():
    say(ev="ready", protocol=1, channels=["sms"], window=8, batch=8, receipts=True,
        inbound=True, version="1")


def main():
    took, says, late = "took", "says", False
    for line in sys.stdin:
        op = json.loads(line)
        if op["op"] == "open":
            took, says, late = (op["config"].get(k) for k in ("took", "says", "late"))
            if not late:
                ready()
            for event in map(json.loads, read(says)):
                if event.get("took", event.get("id")) not in read(took):
                    say(**event)
        elif op["op"] == "ping":
            say(ev="pong", n=op["n"])
        elif op["op"] == "took":
            with open(took, "a", encoding="utf-8") as f:
                f.write(op["id"] + "\n")
            if late and len(read(took)) == len(read(says)):
                ready()
        elif op["op"] == "close":
            return


main()
