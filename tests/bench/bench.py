#!/usr/bin/python3
"""bench.py -- `make bench`: speed and memory of the real programs on this machine, now.

Prints a table and writes build/bench.json.  Machines are shared and noisy: compare ratios inside
one run, never figures of two.  PARTS=name,name runs only these parts.
BENCH_MILLION=N: a smaller million; BENCH_ROUNDS=N: of each side where two are compared.
"""
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from district import District                                     # noqa: E402
from harness import World, wait_for                               # noqa: E402
from common import MILLION, broadcast, load_people, memory, metric, run_load   # noqa: E402
from providers import provider, received, route                   # noqa: E402
import intake                                                     # noqa: E402
import kannel                                                     # noqa: E402
import modem                                                      # noqa: E402
import mqtt                                                       # noqa: E402
import night                                                      # noqa: E402
import providers                                                  # noqa: E402

GOALS = {
    "accept_per_s": (">=", 10000), "accept_p99_ms": ("<=", 50), "expand_million_s": ("<=", 2),
    "expand_worst_wait_ms": ("<=", 100), "sim_messages_per_s": (">=", 80000),
    "http_messages_per_s": (">=", 20000), "http2_messages_per_s": (">=", 15000),
    "http_batch_numbers_per_s": (">=", 100000), "http_20ms_ratio": (">=", 0.9),
    "http1_20ms_ratio": (">=", 0.9),
    "crash_uncertain_never_left": ("<=", 8), "red_over_million_p99_ms": ("<=", 100), "http_driver_rss_mib": ("<=", 30),
    "single_alerts_per_s": (">=", 6000), "single_alerts_kannel_ratio": (">=", 3),
    "single_20ms_kannel_ratio": (">=", 1.4), "single_20ms_carried": (">=", 0.95),
    "intake_alertmanager_per_s": (">=", 8000), "intake_cap_ms": ("<=", 50), "import_100k_s": ("<=", 2.5), "import_worst_wait_ms": ("<=", 100),
    "mqtt_per_s": (">=", 5000), "mqtt_rss_idle_mib": ("<=", 8),
    "restart_million_s": ("<=", 2), "rss_idle_mib": ("<=", 40), "check_s": ("<=", 2), "rss_million_mib": ("<=", 250),
    # of modem_inbound_backlog_s: beyond the air time of a segment
    "modem_overhead_ms": ("<=", 5), "modem_inbound_backlog_s": ("<=", 1),
    "modem_recovery_s": ("<=", 10), "modem_idle_to_submit_ms": ("<=", 50),
    "modem_inbound_ms": ("<=", 10), "modem_idle_cpu_percent": ("<=", 0.5),
    "modem_rss_mib": ("<=", 8), "modem_cores_16": ("<=", 1),
    "night_answers_taken": (">=", 1), "night_false_acks": ("<=", 0),
    "night_thanks_share": ("<=", 0.05), "night_forecast_error": ("<=", 0.1),
    "night_live_rise": ("<=", 0.1), "night_live_error": ("<=", 0.15),
}
figures = {}

SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms}
 option "simulation" { value = "true" }
}
'''


def note(name, value):
    figures[name] = round(value, 3)
    sign, goal = GOALS.get(name, ("", None))
    verdict = "" if goal is None else "   goal %s %s%s" % (
        sign, goal, "" if (value >= goal if sign == ">=" else value <= goal) else "   MISSED")
    print("%-28s %14.3f%s" % (name, value, verdict), flush=True)


def bench_idle():
    with World(SIM, name="bench") as world:
        world.start()
        world.load(District(12, 15))
        time.sleep(1)
        note("rss_idle_mib", memory(world.gongd.pid, "VmRSS"))
        begin = time.monotonic()
        assert world.ctl("check", "--all", check=False).returncode == 1
        note("check_s", time.monotonic() - begin)


def bench_accept():
    with World(name="bench") as world:
        world.start()
        load_people(world, 1000, "household")
        full = run_load(world.port, 5, 0, 1000)
        note("accept_per_s", full["per_s"])
        half = run_load(world.port, 5, full["per_s"] / 2, 1000)
        note("accept_p99_ms", half["p99_ms"])


def urgent_waits(world, stop, waits):
    """A command of the urgent lane, over and over: closing a task that is not there."""
    while not stop.is_set():
        begin = time.monotonic()
        status, _ = world.api("POST", "/v1/tasks/999999999/close", {"note": "bench"})
        assert status == 404, status
        waits.append((time.monotonic() - begin) * 1000)
        time.sleep(0.002)


def planned(world, alert):
    return world.rows("SELECT count(*) AS n FROM event WHERE alert = ? AND what = 'planned'",
                      alert)[0]["n"]


def bench_million():
    """Plan, restart with all of it queued, then send it all through gong-sim."""
    with World(name="bench") as world:
        world.start()
        note("import_million_s", load_people(world, MILLION, "household"))
        world.gongd.stop()
        world.start()              # the peak below is the plan's, not the import's
        stop, waits = threading.Event(), []
        thread = threading.Thread(target=urgent_waits, args=(world, stop, waits))
        thread.start()
        time.sleep(0.3)
        begin = time.monotonic()
        alert = broadcast(world, "million")
        wait_for("the plan", lambda: planned(world, alert), 60, every=0.005)
        note("expand_million_s", time.monotonic() - begin)
        stop.set()
        thread.join()
        note("expand_worst_wait_ms", max(waits))
        note("rss_million_mib", memory(world.gongd.pid, "VmHWM"))
        world.kill()
        begin = time.monotonic()
        world.start()
        note("restart_million_s", time.monotonic() - begin)
        world.gongd.stop()
        world.routes = SIM
        world.write_conf()
        world.start()
        begin, first = time.monotonic(), metric(world, "messages_sent_total")
        wait_for("all to be sent", lambda: metric(world, "messages_sent_total") >= MILLION, 120,
                 every=0.05)
        note("sim_messages_per_s", (MILLION - first) / (time.monotonic() - begin))
        note("rss_sending_mib", memory(world.gongd.pid, "VmHWM"))


def people(count, name):
    rows = ["id,name,phone,role,division,role_order,lang,voice,sms,active"]
    rows += ["p%d,%s%d,+9992%09d,household,990121001001,1,zh,yes,yes,yes" % (i, name, i, i) for i in range(count)]
    return "\n".join(rows).encode()


def accept_waits(world, stop, waits):
    """A red alert to one person, over and over, as a request that nobody expected."""
    for n in range(1000000):
        if stop.is_set():
            return
        begin = time.monotonic()
        status, answer = world.api("POST", "/v1/alerts", {
            "key": "wait %d" % n, "template": "notice.text", "severity": "red", "params": {"text": "急"},
            "audience": {"contacts": ["c0"]}})
        assert status == 202, answer
        waits.append((time.monotonic() - begin) * 1000)
        time.sleep(0.002)


def bench_import():
    """A list of 100,000: new, shown first, changed in every row, unchanged; alerts come in meanwhile."""
    count = 100000
    with World(name="bench") as world:
        world.start()
        load_people(world, 10, "household")
        waits, stop = [], threading.Event()
        thread = threading.Thread(target=accept_waits, args=(world, stop, waits))

        def timed(figure, calls):
            begin = time.monotonic()
            for path, body in calls:
                status, answer = world.api("POST", path, body)
                assert status == 200, answer
            note(figure, time.monotonic() - begin)
        new, other = people(count, "户"), people(count, "家")
        thread.start()
        time.sleep(0.2)
        timed("import_100k_s", [("/v1/import/contacts?preview=1", new), ("/v1/imports/1/apply", {})])
        timed("import_100k_changed_s", [("/v1/import/contacts?preview=1", other), ("/v1/imports/2/apply", {})])
        timed("import_100k_unchanged_s", [("/v1/import/contacts", other)])
        timed("import_100k_at_once_s", [("/v1/import/contacts", new)])
        stop.set()
        thread.join()
        note("import_worst_wait_ms", max(waits))


def bench_single():
    """One alert a message: HTTP in, commit, HTTP out, commit."""
    with World(name="bench") as world:
        port = provider(world)
        world.routes = route(port)
        world.write_conf()
        world.start()
        load_people(world, 1000, "household")
        begin = time.monotonic()
        result = run_load(world.port, 6, 0, 1000)
        wait_for("the provider to have them all", lambda: received(port) >= result["accepted"], 60)
        note("single_alerts_per_s", result["accepted"] / (time.monotonic() - begin))


PARTS = dict(idle=bench_idle, accept=bench_accept, million=bench_million, imports=bench_import,
             intake=lambda: intake.bench_intake(note), cap=lambda: intake.bench_cap(note, SIM), mqtt=lambda: mqtt.bench_mqtt(note),
             # What is compared with the first follows it at once.
             http=lambda: providers.bench_http(note),
             late=lambda: providers.bench_late(note),
             kannel=lambda: kannel.bench_kannel(note),
             crash=lambda: providers.bench_crash(note),
             http2=lambda: providers.bench_http2(note), batch=lambda: providers.bench_batch(note),
             red=lambda: providers.bench_red(note), single=bench_single,
             modem=lambda: modem.bench_modem(note),
             modems=lambda: modem.bench_modems(note),
             recovery=lambda: modem.bench_modem_recovery(note),
             night=lambda: night.bench_night(note))


def main():
    chosen = os.environ.get("PARTS", ",".join(PARTS)).split(",")
    for name in chosen:
        PARTS[name]()
    os.makedirs("build", exist_ok=True)
    with open("build/bench.json", "w", encoding="utf-8") as f:
        json.dump(figures, f, indent=1)
    print("written to build/bench.json")


if __name__ == "__main__":
    main()
