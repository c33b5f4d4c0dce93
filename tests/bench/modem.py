"""The modem's part of `make bench`: gongd, gong-modem and simulated modems."""
import os
import time

from common import cpu_seconds
from harness import wait_for
from modems import Modems


def modem_pids(m):
    return [p for n, p in m.world.drivers().items() if n.startswith("gong-modem")]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def overhead(air_ms, messages):
    """Time from one segment's submit to the next one's, less the air time."""
    with Modems(1, air_ms=air_ms) as m:
        m.people(messages)
        m.broadcast("overhead")
        wait_for("all to be sent", lambda: m.accepted() >= messages, 120, every=0.1)
        at = [e["at"] for e in m.books(0, ev="submit", state="air")]
        return (at[-1] - at[0]) / (len(at) - 1) - air_ms


def idle_to_submit(m, times):
    """From the request at the API to the first byte of the segment on the air, nothing else to do."""
    waits = []
    for i in range(times):
        time.sleep(0.4)
        begin = time.time() * 1000
        m.tell_one("idle-%d" % i, "c%d" % (i % 20))
        wait_for("the submit", lambda n=i: len(m.books(0, ev="submit", state="air")) > n, 10, 0.005)
        waits.append(m.books(0, ev="submit", state="air")[-1]["at"] - begin)
    return waits


def inbound_waits(m, times):
    """From a reply on the air to gongd's committed row."""
    waits = []
    for i in range(times):
        m.tell(0, "deliver +999200000%03d bench %d" % (i % 20, i))
        rows = wait_for("the reply", lambda n=i: m.world.rows(
            "SELECT received_at FROM inbound WHERE text = ?", "bench %d" % n), 40, 0.005)
        delivered = [e["at"] for e in m.books(0, ev="deliver")][-1]
        waits.append(rows[0]["received_at"] - delivered)
    return waits


def inbound_in_a_backlog(air_ms, times):
    """The worst wait of an answer while urgent messages wait, in seconds, from the air to gongd."""
    with Modems(1, air_ms=air_ms) as m:
        m.people(20 * times)
        m.broadcast("backlog", severity="red")
        wait_for("the backlog", lambda: m.books(0, ev="submit", state="accepted"), 30, 0.05)
        worst = max(inbound_waits(m, times))
        assert m.world.states()["queued"], "the backlog is over"
        return worst / 1000


def bench_modem(note):
    note("modem_overhead_ms", max(overhead(0, 300), overhead(3000, 5)))
    with Modems(1) as m:
        m.people(20)
        note("modem_idle_to_submit_ms", percentile(idle_to_submit(m, 25), 0.5))
        note("modem_inbound_ms", percentile(inbound_waits(m, 100), 0.99))
        air_ms = 1500
        note("modem_inbound_backlog_s", inbound_in_a_backlog(air_ms, 8) - air_ms / 1000)
        (pid,) = modem_pids(m)
        before = cpu_seconds(pid)
        time.sleep(20)
        note("modem_idle_cpu_percent", (cpu_seconds(pid) - before) / 20 * 100)
        with open("/proc/%d/status" % pid, encoding="ascii") as f:
            rss = [line for line in f if line.startswith("VmHWM")][0]
        note("modem_rss_mib", int(rss.split()[1]) / 1024)


def bench_modems(note):
    """How many messages a minute each of 1, 4 and 16 modems carries at 500 ms of air time, of 120
    possible; and what the sixteen and gongd need of one core."""
    for count in (1, 4, 16):
        with Modems(count, air_ms=500) as m:
            messages = count * 20
            m.people(messages)
            pids = [m.world.gongd.pid] + modem_pids(m)
            before = sum(cpu_seconds(p) for p in pids)
            begin = time.monotonic()
            m.broadcast("many")
            wait_for("all to be sent", lambda: m.accepted() >= messages, 120, every=0.1)
            took = time.monotonic() - begin
            note("modem_per_minute_%d" % count, messages / count / took * 60)
            if count == 16:
                note("modem_cores_16", (sum(cpu_seconds(p) for p in pids) - before) / took)


def recovered(m, i, fault):
    """Seconds from the fault to the next message that the network has."""
    before = len(m.books(0, ev="submit", state="accepted"))
    begin = time.monotonic()
    fault()
    m.tell_one("after-%d" % i, "c%d" % (i % 20))
    wait_for("a message after fault %d" % i, lambda: len(
        m.books(0, ev="submit", state="accepted")) > before, 120, 0.02)
    took = time.monotonic() - begin
    wait_for("calm", lambda: m.world.settled() and m.world.all_up(), 60, 0.1)
    return took


def bench_modem_recovery(note):
    """The worst of the faults that a village's stick has; a lost result waits `result_seconds`
    (60 by default, 5 here), which is not recovery but the network's right."""
    with Modems(1, options={"result_seconds": 5}, sim_options=("--boot-ms", 2000)) as m:
        m.people(20)

        def replug():
            m.tell(0, "unplug")
            time.sleep(1)
            m.tell(0, "replug")

        faults = {
            "noise": lambda: m.tell(0, "urc +CEREG: 1", "urc RDYX", "urc ^RSSI:3"),
            "refusal": lambda: m.tell(0, "cms 500 1"),
            "no_prompt": lambda: m.tell(0, "no-prompt 1"),
            "reset": lambda: m.tell(0, "reset 1000"),
            "replug": replug,
            "killed": lambda: os.kill(modem_pids(m)[0], 9),
            "network": lambda: m.tell(0, "register 2", "register 1"),
            "hang": lambda: m.tell(0, "hang soft"),
        }
        worst = 0
        for i, (name, fault) in enumerate(faults.items()):
            took = recovered(m, i, fault)
            print("  recovery from %-12s %26.3f s" % (name, took), flush=True)
            worst = max(worst, took)
        note("modem_recovery_s", worst)
