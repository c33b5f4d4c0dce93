"""Kannel's part of `make bench`: one message a request, from HTTP in to HTTP out, through gong and
through Kannel (bearerbox and smsbox, no store on disk), by turns in one run: the same load program,
the same people and texts, the same request to the same provider program by as many connections."""
import os
import statistics
import tempfile
import time

import providers
from common import cpu_seconds, load_people, metric, run_load
from harness import BUILD, KANNEL, Process, World, free_ports, listens, wait_for

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = 5                      # of load, in each round
PEOPLE, CONNECTIONS = 1000, 48   # to the provider
LATE_MS = 20
CARRIED = CONNECTIONS * 1000 / LATE_MS    # a second, at best
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
max-pending-submits = %(connections)d

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %(send)d
log-file = "%(dir)s/smsbox.log"
log-level = 4

group = sendsms-user
username = bench
password = bench
'''


class Gong:
    """gongd with one route to the provider."""

    def __init__(self, provider):
        self.world = World(providers.route_with({
            "url": "http://127.0.0.1:%s/send" % provider, "body_type": "query",
            "fields": {"to": "{{to}}", "text": "{{text}}"}, "success": {"status": [200]},
            "connections": CONNECTIONS}), name="bench")
        self.world.start()
        load_people(self.world, PEOPLE, "household")
        self.port, self.more = self.world.port, ()
        self.pids = [self.world.gongd.pid, self.world.drivers()["gong-http"]]

    def statements(self):
        return metric(self.world, "statements_total")

    def stop(self):
        self.world.close()


class Kannel:
    """bearerbox and smsbox."""

    def __init__(self, provider):
        self.folder = tempfile.TemporaryDirectory(prefix="gong-kannel-")
        self.processes = []
        admin, box, self.port = free_ports(3)
        conf = os.path.join(self.folder.name, "kannel.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(CONF % dict(admin=admin, box=box, send=self.port, provider=provider,
                                dir=self.folder.name, connections=CONNECTIONS))
        for name, port in (("bearerbox", box), ("smsbox", self.port)):
            self.processes.append(Process(name, [os.path.join(KANNEL, "usr/sbin", name), "-v", "4", conf],
                                          os.path.join(self.folder.name, name + ".out")))
            wait_for(name, lambda p=port: listens(p))
        self.more = ("sendsms",)
        self.pids = [p.pid for p in self.processes]

    def statements(self):
        return 0

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
        self.folder.cleanup()


def one_round(gateway, latency_ms):
    """Messages a second from the first request to the last message at the provider, CPU
    microseconds a message, statements a message.  A late provider is offered a fifth more than
    its connections can carry: more would only be a load on the machine."""
    rate = CARRIED * 1.2 if latency_ms else 0
    with tempfile.NamedTemporaryFile(prefix="gong-provider-") as log:
        provider = Process("provider", [os.path.join(BUILD, "sim/provider"), "--port", "0",
                                        "--no-log", "--latency-ms", str(latency_ms)], log.name,
                           ready="ready")
        try:
            subject = gateway(provider.words[1])
            try:
                cpu = sum(map(cpu_seconds, subject.pids))
                statements = subject.statements()
                begin = time.monotonic()
                count = run_load(subject.port, SECONDS, rate, PEOPLE, *subject.more)["accepted"]
                wait_for("the provider to have them all",
                         lambda: providers.received(provider.words[1]) >= count, 120, every=0.02)
                took = time.monotonic() - begin
                cpu = sum(map(cpu_seconds, subject.pids)) - cpu
                return (count / took, cpu / count * 1e6, (subject.statements() - statements) / count)
            finally:
                subject.stop()
        finally:
            provider.stop()


def by_turns(latency_ms):
    """Medians of gong's rounds, and of Kannel's."""
    rounds = {Gong: [], Kannel: []}
    for _ in range(ROUNDS):
        for gateway, figures in rounds.items():
            figures.append(one_round(gateway, latency_ms))
            print("  %d ms %-10s %10.0f/s %8.0f us" % (latency_ms, gateway.__name__,
                                                      *figures[-1][:2]), flush=True)
    return [[statistics.median(f) for f in zip(*rounds[g])] for g in (Gong, Kannel)]


def bench_kannel(note):
    gong, kannel = by_turns(0)
    note("single_gong_per_s", gong[0])
    note("single_kannel_per_s", kannel[0])
    note("single_alerts_kannel_ratio", gong[0] / kannel[0])
    note("single_gong_cpu_us", gong[1])
    note("single_kannel_cpu_us", kannel[1])
    note("single_statements", gong[2])
    gong, kannel = by_turns(LATE_MS)
    note("single_20ms_gong_per_s", gong[0])
    note("single_20ms_kannel_per_s", kannel[0])
    note("single_20ms_kannel_ratio", gong[0] / kannel[0])
    note("single_20ms_carried", gong[0] / CARRIED)
