#!/usr/bin/python3
"""flood_driver.py -- a driver that tells far too much, or does not end; for test_floods.py.

{"tells": KIND, "count": N, "log": FILE, "close": "obey"|"ignore"|"hang"|"leave", "holds": …}
It writes its books like bad_driver.py and answers pings, and beside that writes lines of KIND as
fast as they are taken (N of them, then no more; 0: without end).  close: "ignore" goes on, "hang"
stops itself (SIGSTOP), "leave" ends and leaves a helper of its own session on its output.
"mutter" is written to standard error.  With "holds" it answers nothing that it is sent.  With "fatal" its first life says that a restart is
useless.
"""
import json
import os
import signal
import sys
import threading
import time

LINES = {
    "receipt": lambda n: dict(ev="receipt", ref="q%d" % n, to="+99910000001", state="delivered"),
    "receipt_took": lambda n: dict(ev="receipt", ref="q%d" % n, to="+99910000001",
                                   state="delivered", took="t%d" % n),
    "inbound": lambda n: dict(ev="inbound", id="f%d" % n, at=1, text="1",
                              **{"from": "+99966600%04d" % (n % 10000)}),
    "health": lambda n: dict(ev="health", ok=True, note="n%d" % n),
    "keep": lambda n: dict(ev="keep", state="k%d" % n),
    "ready": lambda n: ready(),
    "call": lambda n: dict(ev="call", id="0000000000001", state="ringing"),
    "done": lambda n: dict(ev="done", id="0000000000001", outcome="accepted"),
    "pong": lambda n: dict(ev="pong", n=n),
    "mutter": lambda n: dict(words=n),      # on standard error
    "unknown": lambda n: dict(ev="of_a_later_version", n=n),
}


def ready():
    return dict(ev="ready", protocol=1, channels=["sms", "voice"], window=64, batch=16, receipts=True,
                receipts_by_ref=True, inbound=True, version="1")


def say(**event):
    os.write(1, (json.dumps(event) + "\n").encode())


def flood(config):
    count, n, line = int(config.get("count", 0)), 0, LINES[config["tells"]]
    while not count or n < count:
        out = b""
        for _ in range(min(200, count - n) if count else 200):
            out += (json.dumps(line(n)) + "\n").encode()
            n += 1
        while out:
            out = out[os.write(2 if config["tells"] == "mutter" else 1, out):]
        with open(config["log"] + ".told", "w", encoding="ascii") as f:
            f.write(str(n))


def leave_helper(log):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        time.sleep(30)
        os._exit(0)
    with open(log + ".helper", "w", encoding="ascii") as f:
        f.write(str(pid))


def close(config):
    if config.get("close") == "ignore":
        return
    if config.get("close") == "hang":
        os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)


def items_of(op):
    return op["items"] if op["op"] == "send" else [op]


def main():
    config, books = {}, -1
    for text in iter(sys.stdin.readline, ""):
        op = json.loads(text)
        if op["op"] == "open":
            config = op["config"]
            books = os.open(config["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            if config.get("fatal") and not os.path.exists(config["log"] + ".fatal"):
                with open(config["log"] + ".fatal", "w", encoding="ascii"):
                    pass
                say(ev="fatal", reason="the SIM wants a PIN", retry=False)
                continue
            if config.get("close") == "leave":
                leave_helper(config["log"])
            say(**ready())
            if config.get("tells"):
                LINES[config["tells"]](0)               # what is no KIND ends it
                threading.Thread(target=flood, args=(config,), daemon=True).start()
        elif op["op"] == "ping":
            say(ev="pong", n=op["n"])
        elif op["op"] == "close":
            close(config)
        elif op["op"] in ("send", "call"):
            for item in items_of(op):
                os.write(books, (json.dumps(dict(id=item["id"], to=item["to"], op=op["op"],
                                                 text=item.get("text") or op.get("text"))) +
                                 "\n").encode())
                if not config.get("holds"):
                    say(ev="done", id=item["id"], outcome="accepted", ref="r", parts=1)
    os._exit(0)


if __name__ == "__main__":
    main()
