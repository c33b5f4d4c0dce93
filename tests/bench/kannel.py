"""Kannel's part of `make bench`: the same broadcast through Kannel (bearerbox and smsbox, no store
on disk) to the same provider program, on the same machine in the same run."""
import http.client
import os
import tempfile
import threading
import time

import providers
from harness import BUILD, Process, free_ports, listens, wait_for

COUNT = 100000
NUMBERS, CLIENTS = 100, 4        # of a request; requests at once
CONF = '''group = core
admin-port = %(admin)d
admin-password = bench
smsbox-port = %(box)d
box-allow-ip = "127.0.0.1"
log-file = "%(dir)s/bearerbox.log"
log-level = 4

group = smsc
smsc = http
system-type = generic
send-url = "http://127.0.0.1:%(provider)s/send?to=%%p&text=%%a"
status-success-regex = 200
max-pending-submits = 48

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %(send)d
log-file = "%(dir)s/smsbox.log"
log-level = 4

group = sendsms-user
username = bench
password = bench
'''


def flood(port, first):
    """Every CLIENTS-th request of the broadcast."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for base in range(first * NUMBERS, COUNT, CLIENTS * NUMBERS):
        to = "+".join("9992%09d" % i for i in range(base, base + NUMBERS))
        connection.request("GET", "/cgi-bin/sendsms?username=bench&password=bench&from=1"
                           "&text=the+water+of+the+reservoir+rises&to=" + to)
        answer = connection.getresponse()
        assert answer.status == 202, (answer.status, answer.read())
        answer.read()
    connection.close()


def delivered_per_s(send, provider):
    begin = time.monotonic()
    threads = [threading.Thread(target=flood, args=(send, i)) for i in range(CLIENTS)]
    for thread in threads:
        thread.start()
    wait_for("the provider to have all of Kannel's",
             lambda: providers.received(provider) >= COUNT, 180, every=0.05)
    seconds = time.monotonic() - begin
    for thread in threads:
        thread.join()
    return COUNT / seconds


def bench_kannel(note, figures):
    if "http_messages_per_s" not in figures:
        providers.bench_http(note)
    with tempfile.TemporaryDirectory(prefix="gong-kannel-") as folder:
        started = []

        def start(name, *argv, ready=None):
            started.append(Process(name, argv, os.path.join(folder, name + ".out"), ready=ready))
            return started[-1]
        try:
            provider = start("provider", os.path.join(BUILD, "sim/provider"), "--port", "0",
                             "--no-log", ready="ready").words[1]
            admin, box, send = free_ports(3)
            conf = os.path.join(folder, "kannel.conf")
            with open(conf, "w", encoding="ascii") as f:
                f.write(CONF % dict(admin=admin, box=box, send=send, provider=provider, dir=folder))
            start("bearerbox", "/usr/sbin/bearerbox", "-v", "4", conf)
            wait_for("bearerbox", lambda: listens(box))
            start("smsbox", "/usr/sbin/smsbox", "-v", "4", conf)
            wait_for("smsbox", lambda: listens(send))
            rate = delivered_per_s(send, provider)
        finally:
            for process in reversed(started):
                process.stop()
    note("kannel_messages_per_s", rate)
    note("kannel_ratio", figures["http_messages_per_s"] / rate)
