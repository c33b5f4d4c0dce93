"""gong-modem by itself: JSON lines in and out, real libGammu, the simulated modem.

Each test is one sentence about the driver; the simulator's log (what the network saw) is the
other witness.  Everything started is ended by its pid, every wait is bounded.
"""
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B") or "build/" + os.environ.get("MODE", "release"))
SLOW = 4 if BUILD.endswith("asan") else 1
A, B = "+999000000001", "+999000000002"
LONG = "洪水预警：请沿左岸公路立即转移到中心小学安置点，不要返回取物。" * 6


class Sim:
    def __init__(self, folder, *options):
        self.folder, self.tty = folder, os.path.join(folder, "tty")
        self.program = os.path.join(BUILD, "sim/modem")
        self.control = os.path.join(folder, "ctl")
        self.err = open(os.path.join(folder, "sim.err"), "ab")
        self.p = subprocess.Popen(
            [self.program, "--link", self.tty, "--log", os.path.join(folder, "log"), "--control",
             self.control, "--air-ms", "20", "--receipt-ms", "50"] + list(options),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.err)
        assert self.p.stdout.readline().startswith(b"ready"), "the simulator did not start"

    def tell(self, *lines):
        subprocess.run([self.program, "--tell", self.control] + list(lines), check=True, timeout=10)

    def log(self, **like):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        return [e for e in events if all(e.get(k) == v for k, v in like.items())]

    def stop(self):
        self.p.kill()
        self.p.wait(10)
        self.p.stdout.close()
        self.err.close()


class Driver:
    """`journal`: a file that it gets as fd 3, as from gongd; by hand it has none."""

    def __init__(self, folder, journal=None):
        self.err = open(os.path.join(folder, "driver.err"), "ab")
        self.journal = journal and {"fd": 3, "bytes": 16 << 20}
        fd = os.open(journal, os.O_RDWR | os.O_CREAT, 0o600) if journal else -1
        self.p = subprocess.Popen([os.path.join(BUILD, "gong-modem")], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=self.err, close_fds=not journal,
                                  preexec_fn=journal and (lambda: os.dup2(fd, 3)))
        if journal:
            os.close(fd)
        self.lines, self.seen = queue.Queue(), []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """A reason that is a phrase (docs/drivers.md, Words) is looked at by its English here."""
        for line in self.p.stdout:
            event = json.loads(line)
            if isinstance(event.get("reason"), dict):
                event["phrase"] = event["reason"]
                event["reason"] = event["phrase"]["detail"]
            self.lines.put(event)
        self.lines.put(None)

    def op(self, op, **fields):
        self.p.stdin.write(json.dumps(dict(fields, op=op)).encode() + b"\n")
        self.p.stdin.flush()

    def open(self, device, **config):
        more = {"journal": self.journal} if self.journal else {}
        self.op("open", protocol=1, route="sim1", config=dict(config, device=device), **more)

    def send(self, id, to, text, **fields):
        self.op("send", **dict({"channel": "sms", "items": [{"id": id, "to": to}], "text": text,
                                "receipt": False, "reference": 77}, **fields))

    def expect(self, ev, seconds=10, **like):
        """The next event of this kind with these fields; those before it are kept in seen."""
        end = time.monotonic() + seconds * SLOW
        while True:
            try:
                event = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError("no %s %s, but %s" % (ev, like, self.seen)) from None
            assert event is not None, "the driver ended before %s %s: %s" % (ev, like, self.seen)
            self.seen.append(event)
            if event["ev"] == ev and all(event.get(k) == v for k, v in like.items()):
                return event

    def receipts(self, id):
        """A report of each part of a message, which gong knows by the part's reference."""
        if not self.dones(id):
            self.expect("done", id=id)
        refs = [e["ref"] for e in self.seen if e["ev"] == "part" and e["id"] == id]
        assert refs
        while True:
            told = {e["ref"]: e for e in self.seen if e["ev"] == "receipt"}
            if all(ref in told for ref in refs):
                return [told[ref] for ref in refs]
            self.expect("receipt")

    def drain(self):
        """What it says until it ends."""
        while True:
            event = self.lines.get(timeout=10 * SLOW)
            if event is None:
                return self.seen
            self.seen.append(event)

    def dones(self, id):
        return [e for e in self.seen if e["ev"] == "done" and id in e.get("ids", [e.get("id")])]

    def end(self, seconds=10):
        if not self.p.stdin.closed:
            self.p.stdin.close()
        status = self.p.wait(seconds * SLOW)
        self.drain()
        return status

    def kill(self):
        self.p.kill()
        self.p.wait(10)
        self.reader.join(10)
        if not self.p.stdin.closed:
            try:
                self.p.stdin.close()
            except BrokenPipeError:
                pass
        self.p.stdout.close()
        self.err.close()


class Bench:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="gong-modem.", dir="/tmp")
        self.things = []

    def sim(self, *options):
        self.things.append(Sim(self.folder, *options))
        return self.things[-1]

    def driver(self, device=None, journal=None, **config):
        driver = Driver(self.folder, journal and os.path.join(self.folder, journal))
        self.things.append(driver)
        if device:
            driver.open(device, **config)
        return driver

    def ready(self, *options, **config):
        sim = self.sim(*options)
        driver = self.driver(sim.tty, **config)
        self.seen = driver.expect("ready")
        return sim, driver

    def close(self):
        for thing in reversed(self.things):
            thing.kill() if isinstance(thing, Driver) else thing.stop()
        with open(os.path.join(self.folder, "driver.err"), "rb") as f:
            words = f.read().decode(errors="replace")
        shutil.rmtree(self.folder)
        assert "Sanitizer" not in words and "runtime error" not in words, words


@pytest.fixture
def bench():
    b = Bench()
    yield b
    b.close()


def settle(test, seconds=10):
    end = time.monotonic() + seconds * SLOW
    while not test():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def test_it_says_ready_with_the_imei_and_its_health(bench):
    _, driver = bench.ready("--imei", "990000862471854", "--operator", "TESTNET", "--signal", "20")
    assert bench.seen["identity"] == "990000862471854"
    assert (bench.seen["window"], bench.seen["batch"]) == (2, 1)
    assert bench.seen["channels"] == ["sms"] and bench.seen["receipts"] and bench.seen["inbound"]
    health = driver.expect("health")
    assert health["registered"] and health["operator"] == "TESTNET"
    assert health["signal_dbm"] == -73 and health["storage"]["used"] == 0
    driver.op("ping", n=5)
    driver.expect("pong", n=5)


def test_a_gsm7_text_leaves_as_one_part_and_its_receipt_names_the_message(bench):
    sim, driver = bench.ready()
    text = "Flood {A}: move now! £5 €7 ÆØ [yes]"
    driver.send("m1", A, text, receipt=True)
    part = driver.expect("part")
    done = driver.expect("done", id="m1")
    (receipt,) = driver.receipts("m1")
    (submit,) = sim.log(ev="submit", state="accepted")
    assert (submit["to"], submit["text"], submit["alphabet"]) == (A, text, "gsm7")
    assert (done["outcome"], done["parts"], done["ref"]) == ("accepted", 1, str(submit["mr"]))
    assert (part["part"], part["of"], part["ref"]) == (1, 1, done["ref"])
    assert (receipt["ref"], receipt["to"]) == (done["ref"], A) and "id" not in receipt
    assert receipt["state"] == "delivered" and abs(receipt["at"] / 1000 - time.time()) < 120


def test_a_long_chinese_text_leaves_as_parts_with_gongs_reference_and_a_receipt_each(bench):
    sim, driver = bench.ready()
    driver.send("m1", A, LONG, receipt=True, reference=201)
    done = driver.expect("done", id="m1")
    assert [r["state"] for r in driver.receipts("m1")] == ["delivered"] * 3
    submits = sim.log(ev="submit", state="accepted")
    assert done["parts"] == 3 == len(submits)
    assert [(s["ref"], s["part"], s["of"]) for s in submits] == [(201, n, 3) for n in (1, 2, 3)]
    assert sim.log(ev="message")[0]["text"] == LONG
    assert [e["part"] for e in driver.seen if e["ev"] == "part"] == [1, 2, 3]
    driver.end()
    assert len([e for e in driver.seen if e["ev"] == "receipt"]) == 3


def test_flash_and_characters_beyond_the_first_plane_survive_both_ways(bench):
    sim, driver = bench.ready()
    text = "🌊" * 40 + "é̂ end"
    driver.send("m1", A, text, **{"class": "flash"})
    assert driver.expect("done", id="m1")["parts"] == 2
    assert sim.log(ev="message")[0]["text"] == text
    assert all(s["flash"] for s in sim.log(ev="submit", state="accepted"))
    sim.tell("deliver %s 好🌊 ok" % A)
    assert driver.expect("inbound")["text"] == "好🌊 ok"


def test_a_resend_sends_only_the_missing_part_and_it_is_the_same(bench):
    sim, driver = bench.ready()
    driver.send("m1", A, LONG, reference=9)
    driver.expect("done", id="m1", outcome="accepted")
    driver.send("m2", A, LONG, reference=9, parts=[2])
    assert driver.expect("done", id="m2")["outcome"] == "accepted"
    submits = sim.log(ev="submit", state="accepted")
    assert [s["part"] for s in submits] == [1, 2, 3, 2]
    assert all(submits[1][k] == submits[3][k] for k in ("text", "ref", "part", "of", "alphabet"))


def test_an_inbound_message_keeps_its_id_over_a_restart_and_leaves_the_sim_at_took(bench):
    sim, driver = bench.ready()
    sim.tell("deliver %s 1 收到" % A)
    first = driver.expect("inbound")
    assert (first["from"], first["text"]) == (A, "1 收到")
    driver.kill()
    driver = bench.driver(sim.tty)
    assert driver.expect("inbound") == first
    driver.op("took", id=first["id"])
    driver.expect("health", storage={"used": 0, "size": 20}, seconds=20)
    assert driver.end() == 0
    again = bench.driver(sim.tty)
    again.expect("health")
    assert not [e for e in again.seen if e["ev"] == "inbound"]


def test_a_long_inbound_message_is_joined_by_sender_and_reference(bench):
    sim, driver = bench.ready()
    sim.tell("deliver-part %s 5 2 2 world" % A, "deliver-part %s 5 1 2 other-" % B,
             "deliver-part %s 5 1 2 hello-" % A)
    assert driver.expect("inbound")["text"] == "hello-world"
    sim.tell("deliver-part %s 5 2 2 half" % B)
    assert driver.expect("inbound", **{"from": B})["text"] == "other-half"


@pytest.mark.parametrize("code,kind", [(38, "retry"), (331, "retry_other"), (1, "drop"),
                                       (28, "retry_other"), (304, "retry_other")])
def test_a_refusal_gets_its_class_and_the_next_message_goes(bench, code, kind):
    sim, driver = bench.ready()
    sim.tell("cms %d 1" % code)
    driver.send("m1", A, "one")
    driver.send("m2", B, "two")
    done = driver.expect("done", id="m1")
    assert (done["outcome"], done["class"]) == ("rejected", kind)
    assert str(code) in done["reason"]
    assert done["phrase"]["concept"] == "code_of_modem" and done["phrase"]["values"][1] == str(code)
    assert driver.expect("done", id="m2")["outcome"] == "accepted"


def test_a_lost_result_is_unknown_never_sent_and_the_next_message_goes(bench):
    sim, driver = bench.ready(result_seconds=2)
    sim.tell("drop-reply 1")
    driver.send("m1", A, "one")
    driver.send("m2", B, "two")
    done = driver.expect("done", id="m1")
    assert done["outcome"] == "unknown" and done["reason"]
    assert driver.expect("done", id="m2")["outcome"] == "accepted"
    assert not [e for e in driver.seen if e["ev"] == "fatal"]


def test_unplugging_makes_the_submit_in_hand_unknown_and_gives_back_the_rest(bench):
    sim, driver = bench.ready("--air-ms", "3000")
    driver.send("m1", A, "one")
    driver.send("m2", B, "two")
    settle(lambda: sim.log(ev="submit", state="air"))
    begun = time.monotonic()
    sim.tell("unplug")
    fatal = driver.expect("fatal")
    assert time.monotonic() - begun < 2 * SLOW
    assert fatal["retry"] is True and "unplugged" in fatal["reason"]
    assert driver.p.wait(10) != 0
    assert [d["outcome"] for d in driver.dones("m1")] == ["unknown"]
    assert [(d["outcome"], d["class"]) for d in driver.dones("m2")] == [("rejected", "retry_other")]


def test_what_is_queued_can_be_withdrawn_and_urgent_overtakes(bench):
    sim, driver = bench.ready()
    sim.tell("air 500")
    driver.send("m1", A, "one")
    settle(lambda: sim.log(ev="submit", state="air"))
    driver.send("m2", A, "two")
    driver.send("m3", A, "three")
    driver.send("m4", A, "four", urgent=True)
    driver.op("withdraw", ids=["m2", "m1"])
    assert driver.expect("done", id="m2")["outcome"] == "withdrawn"
    driver.expect("done", id="m3", outcome="accepted")
    assert [s["text"] for s in sim.log(ev="submit", state="accepted")] == ["one", "four", "three"]
    assert [d["outcome"] for d in driver.dones("m1")] == ["accepted"]


def test_an_expired_message_never_leaves(bench):
    sim, driver = bench.ready()
    driver.send("m1", A, "late", not_after=int(time.time() * 1000) - 1)
    done = driver.expect("done", id="m1")
    assert done["outcome"] == "rejected" and "not_after" in done["reason"]
    assert not sim.log(ev="submit")


def test_the_end_of_input_finishes_the_submit_in_hand_and_exits_0(bench):
    sim, driver = bench.ready()
    sim.tell("air 700")
    driver.send("m1", A, "one")
    driver.send("m2", B, "two")
    settle(lambda: sim.log(ev="submit", state="air"))
    assert driver.end() == 0
    assert [d["outcome"] for d in driver.dones("m1")] == ["accepted"]
    assert [(d["outcome"], d["class"]) for d in driver.dones("m2")] == [("rejected", "retry")]
    assert len(sim.log(ev="submit", state="accepted")) == 1


def test_the_end_of_input_before_it_is_ready_exits_0(bench):
    assert bench.driver().end() == 0
    sim = bench.sim()
    driver = bench.driver(sim.tty)
    driver.send("m1", A, "one")
    assert driver.end() == 0
    assert [(d["outcome"], d["class"]) for d in driver.dones("m1")] == [("rejected", "retry")]


def test_unknown_noise_from_the_modem_costs_nothing(bench):
    sim, driver = bench.ready()
    driver.expect("health")                         # the last of the work at start
    noise = ["+CEREG: 1", "+QIND: SMS DONE", "RDY", "SMS DONE", "+CTZV: 32", "^CONN:1,0", "+DTMF: 5",
             "+CGEV: ME DETACH", "BUSY", "VOICE CALL: END: 000012", "^RSSI:19", "+CPIN: READY"]
    sim.tell(*["urc " + line for line in noise])
    begun = time.monotonic()
    driver.send("m1", A, "through the noise")
    assert driver.expect("done", id="m1")["outcome"] == "accepted"
    assert time.monotonic() - begun < 5 * SLOW      # 18 s when libGammu hears them
    sim.tell("urc " + "A" * 2000)                   # never heard of, but nothing is asked now
    sim.tell("urc +CREG: 1", "air 400")
    driver.send("m2", A, "noise in the middle")
    settle(lambda: sim.log(ev="submit", state="air", text="noise in the middle"))
    sim.tell("urc +CEREG: 5", "urc +NEVERHEARDOF: 1", "urc NO CARRIER")
    assert driver.expect("done", id="m2")["outcome"] == "accepted"


@pytest.mark.parametrize("config,word", [({"speed": 9600}, "`speed`"), ({"pin": "12x4"}, "`pin`"),
                                         ({"validity_minutes": "soon"}, "`validity_minutes`")])
def test_a_wrong_option_is_fatal_and_named(bench, config, word):
    driver = bench.driver("/dev/null", **config)
    fatal = driver.expect("fatal")
    assert fatal["retry"] is False and word in fatal["reason"]
    assert driver.p.wait(10) == 1


def test_a_missing_or_taken_device_is_waited_for(bench):
    driver = bench.driver(os.path.join(bench.folder, "tty"))
    assert "not there" in driver.expect("health", ok=False)["note"]
    sim = bench.sim()
    driver.expect("ready", window=2)
    second = bench.driver(sim.tty)
    assert "in use" in second.expect("health", ok=False)["note"]
    driver.kill()
    second.expect("ready", window=2)


def test_a_bad_number_or_part_is_refused_by_itself(bench):
    sim, driver = bench.ready()
    driver.send("m1", "not a number", "one")
    driver.send("m2", A, "one", parts=[2])
    assert driver.expect("done", id="m1")["class"] == "drop"
    assert "part 2" in driver.expect("done", id="m2")["reason"]
    driver.send("m3", A, "one")
    assert driver.expect("done", id="m3")["outcome"] == "accepted"
    assert len(sim.log(ev="submit", state="accepted")) == 1
