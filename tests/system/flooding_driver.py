#!/usr/bin/python3
"""flooding_driver.py -- a driver that tells without end, for the system tests.

{"tells": "receipt"|"inbound"|"health", "count": then it is quiet, 0 = never, "log": FILE of what
gongd took}
It answers every ping and accepts every message: nothing but what it tells is wrong with it.
"""
import json
import os
import sys
import threading


def say(**event):
    os.write(1, (json.dumps(event) + "\n").encode())


def tell(what, n):
    if what == "receipt":
        say(ev="receipt", ref="q%d" % n, to="+99910000001", state="delivered", took="t%d" % n)
    elif what == "inbound":
        say(ev="inbound", id="f%d" % n, text="1", **{"from": "+99966600%04d" % (n % 10000)})
    else:
        say(ev="health", ok=True, alarms=[{"name": "a%d" % n, "text": "第%d种故障 / fault %d" % (n, n)}])


def listen(log):
    for line in sys.stdin:
        op = json.loads(line)
        if op["op"] == "ping":
            say(ev="pong", n=op["n"])
        elif op["op"] == "send":
            for item in op["items"]:
                say(ev="done", id=item["id"], outcome="accepted", ref=item["id"], parts=item["of"])
        elif op["op"] == "took":
            log.write(op["id"] + "\n")
            log.flush()
        elif op["op"] == "close":
            break
    os._exit(0)


def main():
    config = json.loads(sys.stdin.readline())["config"]
    say(ev="ready", protocol=1, channels=["sms"], window=4, batch=1, receipts=True,
        receipts_by_ref=True, inbound=True, version="1")
    listener = threading.Thread(target=listen, args=(open(config["log"], "a", encoding="ascii"),),
                                daemon=True)
    listener.start()
    n = 0
    while n < config["count"] or not config["count"]:
        tell(config["tells"], n)
        n += 1
    listener.join()


if __name__ == "__main__":
    main()
