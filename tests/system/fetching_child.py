#!/usr/bin/python3
"""fetching_child.py -- a child that fetches, for the system tests.

{"from": FILE, "log": FILE, "beats": N}
It says each line of `from` as one `signal`, all that are there and then what is added, until gongd took it;
what was taken stands in `log`, with what `open` said.  What it is told to keep is a number, the last line taken.
"""
import json
import os
import sys
import threading
import time


def say(**event):
    os.write(1, (json.dumps(event) + "\n").encode())


def note(path, **what):
    with open(path, "a", encoding="utf-8") as f:
        f.write(json.dumps(what) + "\n")
        f.flush()
        os.fsync(f.fileno())


def taken(path):
    try:
        with open(path, encoding="utf-8") as f:
            return {n["took"] for n in map(json.loads, f) if "took" in n}
    except OSError:
        return set()


def listen(config):
    for line in sys.stdin:
        op = json.loads(line)
        if op["op"] == "ping":
            say(ev="pong", n=op["n"])
        elif op["op"] == "took":
            note(config["log"], took=op["id"], signals=op["signals"])
        elif op["op"] == "close":
            break
    os._exit(0)


def main():
    op = json.loads(sys.stdin.readline())
    config = op["config"]
    note(config["log"], open=op, pid=os.getpid())
    before, n = taken(config["log"]), 0
    say(ev="ready", protocol=1)
    threading.Thread(target=listen, args=(config,), daemon=True).start()
    while True:
        with open(config["from"], encoding="utf-8") as f:
            lines = [line for line in f.read().split("\n")[:-1]]
        for line in lines[n:]:
            event = json.loads(line)
            if event.get("raw"):
                os.write(1, (event["raw"] + "\n").encode())
            elif event["id"] not in before:
                say(ev="signal", **event)
        n = len(lines)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
