#!/usr/bin/python3
"""bad_driver.py -- a driver that misbehaves as told by its config, for the system tests.

{"mode": "garbage"|"silent"|"long_line"|"twice"|"poison", "after": N, "log": FILE}
It accepts N messages properly (and writes them into its books first), then:
garbage: lines that are no JSON; silent: no `done` and no `pong` any more; long_line: a line
without end; twice: every `done` twice and some for ids that never were; poison: dies whenever a
text contains POISON.
"""
import json
import os
import sys


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def main():
    config, count = {}, 0
    for line in sys.stdin:
        op = json.loads(line)
        if op["op"] == "open":
            config = op["config"]
            books = os.open(config["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            say(ev="ready", protocol=1, channels=["sms"], window=8, batch=4, receipts=False,
                inbound=False, version="1")
        elif op["op"] == "ping" and not (config["mode"] == "silent" and count >= int(config["after"])):
            say(ev="pong", n=op["n"])
        elif op["op"] == "close":
            return
        elif op["op"] == "send":
            for item in op["items"]:
                text = item.get("text") or op["text"]
                if config["mode"] == "poison" and "POISON" in text:
                    os._exit(9)
                if count >= int(config["after"]):
                    if config["mode"] == "garbage":
                        sys.stdout.write("\x00\xff not JSON\n{{{\n[]\nnope\n" * 3)
                        sys.stdout.flush()
                    if config["mode"] == "long_line":
                        sys.stdout.write("x" * (2 << 20))
                        sys.stdout.flush()
                    if config["mode"] not in ("twice", "poison"):
                        continue
                count += 1
                os.write(books, (json.dumps(dict(id=item["id"], to=item["to"], text=text)) + "\n").encode())
                say(ev="done", id=item["id"], outcome="accepted", ref="r", parts=1)
                if config["mode"] == "twice":
                    say(ev="done", id=item["id"], outcome="rejected", **{"class": "drop"}, reason="twice")
                    say(ev="done", id="0000000000001", outcome="accepted", ref="x")


if __name__ == "__main__":
    main()
