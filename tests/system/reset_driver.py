#!/usr/bin/python3
"""reset_driver.py -- a driver for tests/system/test_reset.py; config {"log": FILE, "ask": [DEVICE, …]}.

Asks for a reset of each device, the next one when gongd has answered, and writes gongd's answers to
FILE, a line each.  "dies": it ends as soon as it has asked for the first time in its first life.
"""
import json
import os
import sys


def say(**event):
    print(json.dumps(event), flush=True)


def ask(config, devices):
    if devices:
        say(ev="reset", device=devices.pop(0))
    if config.get("dies") and not os.path.exists(config["log"] + ".died"):
        open(config["log"] + ".died", "w", encoding="ascii").close()
        sys.exit(1)


def main():
    config, devices = {}, []
    for line in sys.stdin:
        op = json.loads(line)
        if op["op"] == "open":
            config, devices = op["config"], list(op["config"]["ask"])
            say(ev="ready", protocol=1, channels=["sms"], window=1)
            ask(config, devices)
        elif op["op"] == "reset":
            with open(config["log"], "a", encoding="utf-8") as f:
                f.write(json.dumps(op) + "\n")
            ask(config, devices)
        elif op["op"] == "ping":
            say(ev="pong", n=op["n"])
        elif op["op"] == "close":
            break


main()
