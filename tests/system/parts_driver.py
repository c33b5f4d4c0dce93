#!/usr/bin/python3
"""parts_driver.py -- a driver of somebody else's: it accepts every message, and tells of its parts what its
config's list `tells` has: the n-th entry of the n-th message, each a list of the fields of a receipt."""
import json
import sys


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def main():
    tells, count = [], 0
    for line in sys.stdin:
        op = json.loads(line)
        if op["op"] == "open":
            tells = op["config"]["tells"]
            say(ev="ready", protocol=1, channels=["sms"], window=1, receipts=True, version="1")
        elif op["op"] == "ping":
            say(ev="pong", n=op["n"])
        elif op["op"] == "close":
            return
        elif op["op"] == "send":
            for item in op["items"]:
                say(ev="done", id=item["id"], outcome="accepted", ref="r-%d" % count)
                for fields in tells[count]:
                    say(**dict({"ev": "receipt", "id": item["id"], "to": item["to"]}, **fields))
                count += 1


main()
