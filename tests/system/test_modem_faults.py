"""gong-modem on a simulated modem that fails: each test is one fault that real modems have.

The simulator's log (what the network saw) is the other witness.  The first two groups are the
faults that libGammu 1.42 and the programs on it are known for; then the ladder of recovery.
"""
import os
import re
import time

import pytest

from test_modem_driver import A, B, LONG, SLOW, Bench, settle

QUICK = {"rest_seconds": 1, "poll_seconds": 1, "result_seconds": 2}
NOISE = ["+CEREG: 1", "+QIND: SMS DONE", "SMS DONE", "+CTZV: 32", "+CGEV: ME DETACH", "^CONN:1,0",
         "+DTMF: 5", "VOICE CALL: END: 000012", "BUSY", "NO CARRIER", "^HWNAT: 1", "^SRVST:2",
         "+ZDONR: \"X\",460,1,\"CS_PS\"", "^BOOT:27710117,0,0,0,75", "^RSSI:19", "+CPIN: READY",
         "*PSUTTZ: 1", "$QCRMCALL", "OK", "ERROR", "> ", "+CMS ERROR: 500"]


class Night(Bench):
    """A bench that plays gongd: it keeps the driver's state and starts the next process."""

    state = None

    def __init__(self):
        super().__init__()
        with open(os.path.join(self.folder, "driver.err"), "ab"):
            pass                                    # read at the end, even if no driver ran

    def models(self, **options):
        path = os.path.join(self.folder, "models")
        rows = "".join("\t%s = %s\n" % (k, v) for k, v in dict(options, boot_seconds=1).items())
        with open(path, "w", encoding="utf-8") as f:
            f.write('model "*" {\n%s}\n' % rows)
        return path

    def start(self, device, state=None, **config):
        """The next process, with what the last one asked to keep."""
        self.state = state or self.state
        return self.with_models(device, {}, **config)

    def with_models(self, device, models, **config):
        """The next process, with a file of models that says so of all."""
        driver = self.driver()
        config = dict(QUICK, models=self.models(**models), device=device) | config
        driver.op("open", protocol=1, route="sim1", config=config, state=self.state)
        return driver

    def ended(self, driver, retry=True, seconds=10):
        """It says `fatal` and, as gongd answers that, ends; what it asked to keep is kept."""
        fatal = driver.expect("fatal", retry=retry, seconds=seconds)
        driver.op("close", grace_ms=5000)
        assert driver.p.wait(10) == 1
        driver.drain()
        self.keep(driver)
        assert len([e for e in driver.seen if e["ev"] == "fatal"]) == 1
        return fatal["reason"]

    def keep(self, driver):
        for event in driver.seen:
            if event["ev"] == "keep":
                self.state = event["state"]

    def said(self, text):
        with open(os.path.join(self.folder, "driver.err"), encoding="utf-8") as f:
            return f.read().count(text)

    def up(self, *options, **config):
        sim = self.sim(*options)
        driver = self.start(sim.tty, **config)
        driver.expect("ready", window=2)
        driver.expect("health", ok=True)
        return sim, driver


@pytest.fixture
def bench():
    b = Night()
    yield b
    b.close()


def accepted(driver, id, to=A, text="one", **fields):
    driver.send(id, to, text, **fields)
    done = driver.expect("done", id=id)
    assert done["outcome"] == "accepted", done
    return done


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_idle(driver, seconds=1.0):
    before = cpu_seconds(driver.p.pid)
    time.sleep(seconds)
    return cpu_seconds(driver.p.pid) - before <= 0.03 * SLOW


# What hangs or crashes libGammu 1.42


def test_a_line_nobody_asked_for_while_idle_does_not_delay_the_next_submit(bench):
    sim, driver = bench.up()
    for i, line in enumerate(NOISE):
        sim.tell("urc " + line)
        begun = time.monotonic()
        accepted(driver, "m%d" % i)
        assert time.monotonic() - begun < 1 * SLOW, line
    assert not bench.said("modem trouble")


def test_a_line_nobody_asked_for_in_the_middle_of_a_reply_does_not_spoil_it(bench):
    sim, driver = bench.up()
    for i, line in enumerate(n for n in NOISE if n not in ("OK", "ERROR", "> ", "+CMS ERROR: 500")):
        sim.tell("urc-mid %s x40" % line)           # more replies than one look at it all has
        accepted(driver, "m%d" % i)
        sim.tell("deliver %s reply %d" % (B, i))
        assert driver.expect("inbound")["text"] == "reply %d" % i
    assert not bench.said("modem trouble")


def test_a_lost_result_is_unknown_and_no_later_reply_makes_it_a_success(bench):
    sim, driver = bench.up()
    sim.tell("drop-reply 1")
    driver.send("m1", A, "lost")
    assert driver.expect("done", id="m1")["outcome"] == "unknown"
    ref = accepted(driver, "m2")["ref"]
    assert ref == str(sim.log(ev="submit", state="accepted")[1]["mr"])


def test_a_known_line_every_few_milliseconds_does_not_hold_up_a_lost_reply_for_ever(bench):
    sim, driver = bench.up()
    sim.tell("urc-every 20 ^RSSI:19", "drop-reply 1")
    begun = time.monotonic()
    driver.send("m1", A, "lost")
    assert driver.expect("done", id="m1")["outcome"] == "unknown"
    assert time.monotonic() - begun < 4 * SLOW
    accepted(driver, "m2")


def test_a_stalled_line_ends_in_unknown_and_comes_back_when_it_flows_again(bench):
    sim, driver = bench.up()
    sim.tell("air 300")
    driver.send("m1", A, "one")
    settle(lambda: sim.log(ev="submit", state="air"))
    sim.tell("stall on", "drop-reply 1")
    assert driver.expect("done", id="m1", seconds=5)["outcome"] == "unknown"
    assert is_idle(driver)
    sim.tell("stall off")
    driver.expect("health", ok=True)
    accepted(driver, "m2")


def test_an_unplugged_modem_is_seen_at_once_and_waited_for_without_spinning(bench):
    sim, driver = bench.up()
    begun = time.monotonic()
    sim.tell("unplug")
    assert "unplugged" in bench.ended(driver)
    assert time.monotonic() - begun < 1 * SLOW
    driver = bench.start(sim.tty)
    health = driver.expect("health", ok=False)
    assert "plug the modem in" in health["note"] and not health["registered"]
    assert is_idle(driver)
    sim.tell("replug")
    driver.expect("ready", window=2)
    accepted(driver, "m1")


def test_the_end_of_a_modem_in_mid_command_is_seen_at_once(bench):
    sim, driver = bench.up()
    sim.tell("late 5000 1 AT+CSQ")
    settle(lambda: sim.log(ev="fault", fault="late"))
    begun = time.monotonic()
    sim.tell("unplug")
    bench.ended(driver)
    assert time.monotonic() - begun < 1 * SLOW


@pytest.mark.parametrize("head", ["+CMT: ,160\\n", "+CDS: 25\\n", "", "+CSQ: ", "+CMGS: ", "> "])
def test_a_line_much_too_long_is_cut_and_the_next_command_is_answered(bench, head):
    sim, driver = bench.up()
    sim.tell("babble 3 5000 " + head)
    accepted(driver, "m1")
    sim.tell("deliver %s still here" % B)
    assert driver.expect("inbound")["text"] == "still here"


def test_a_message_line_cut_off_before_its_pdu_takes_no_reply_away(bench):
    sim, driver = bench.up()
    sim.tell("urc +CMT: ,24")
    begun = time.monotonic()
    accepted(driver, "m1")
    assert time.monotonic() - begun < 1 * SLOW and not bench.said("modem trouble")


# A network or a modem that is slow


def test_a_submit_without_a_result_holds_up_only_itself(bench):
    sim, driver = bench.up(result_seconds=60)
    sim.tell("late-submit 13000 1")
    driver.send("m1", A, "one", urgent=True)
    driver.send("m2", B, "two", urgent=True)
    driver.expect("ready", window=0, seconds=15)
    done = driver.expect("done", id="m2")
    assert done["outcome"] == "withdrawn" and done["reason"]    # it goes elsewhere
    driver.send("m3", B, "three")                               # gongd had not heard of that
    assert driver.expect("done", id="m3")["outcome"] == "withdrawn"
    assert not driver.dones("m1")
    driver.expect("ready", window=2, seconds=10)
    assert driver.expect("done", id="m1")["outcome"] == "accepted"
    assert not bench.said("modem trouble") and not sim.log(ev="submit", to=B)
    accepted(driver, "m4", B)


@pytest.mark.parametrize("hang", ["soft", "hard"])
def test_a_hang_after_the_text_left_holds_only_its_own_message(bench, hang):
    sim, driver = bench.up("--air-ms", "700", "--boot-ms", "300", result_seconds=12)
    driver.send("m1", A, "one")
    driver.send("m2", B, "two")
    settle(lambda: sim.log(ev="submit", state="air"))
    sim.tell("drop-reply 1", "hang " + hang)
    assert driver.expect("done", id="m2", seconds=15)["outcome"] == "withdrawn"
    assert driver.expect("done", id="m1", seconds=15)["outcome"] == "unknown"
    assert not sim.log(ev="submit", to=B)


def test_a_modem_that_knows_at_alone_is_reset_by_the_same_process(bench):
    sim, driver = bench.up("--boot-ms", "300", poll_seconds=60)
    time.sleep(0.2 * SLOW)                          # the first listing is over
    sim.tell("hang soft")
    driver.send("m1", A, "one")
    done = driver.expect("done", id="m1")
    assert (done["outcome"], done["class"]) == ("rejected", "retry_other")
    driver.expect("health", seconds=20, ok=True, rung="reset")
    assert rungs(bench) == ["reinit", "reset"] and bench.said("resetting the modem") == 1
    accepted(driver, "m2")
    assert not [e for e in driver.seen if e["ev"] == "fatal"]


def test_a_reset_that_does_not_help_is_not_tried_again_and_again(bench):
    sim, driver = bench.up("--boot-ms", "300", poll_seconds=60)
    time.sleep(0.2 * SLOW)
    sim.tell("drop-command 1000 AT+C")              # that no reset cures
    driver.send("m1", A, "one")
    bench.ended(driver, seconds=30)
    assert rungs(bench) == ["reinit", "reset", "down"]


# What users of gammu met in production


def test_a_wrong_echo_and_one_that_cannot_be_switched_off_are_no_replies(bench):
    sim = bench.sim()
    sim.tell("echo wrong on", "fail ERROR 1000 ATE0")
    driver = bench.start(sim.tty)
    assert driver.expect("ready", window=2)["identity"] == "999000000000017"
    health = driver.expect("health", ok=True)
    assert health["signal_dbm"] == -73 and health["operator"] == "GONGSIM"
    assert accepted(driver, "m1")["ref"] == str(sim.log(ev="submit", state="accepted")[0]["mr"])
    sim.tell("echo wrong off")
    accepted(driver, "m2")
    assert not bench.said("modem trouble")


def test_a_modem_that_answers_nothing_but_at_is_cured_by_a_reset(bench):
    sim = bench.sim("--boot-ms", "300")
    sim.tell("hang soft")
    driver = bench.start(sim.tty, state='{"failures":3,"acted":2}')
    driver.expect("ready", window=2)
    accepted(driver, "m1")
    assert bench.said("resetting the modem") == 1


def test_a_flood_of_signal_reports_costs_neither_time_nor_messages(bench):
    sim, driver = bench.up()
    sim.tell("urc-every 5 ^RSSI:19")
    begun = time.monotonic()
    for i in range(10):
        accepted(driver, "m%d" % i)
    assert time.monotonic() - begun < 2 * SLOW and not bench.said("modem trouble")


def test_a_stick_that_comes_back_under_another_name_after_its_reset_is_found_again(bench):
    other = os.path.join(bench.folder, "stick-2")
    sim = bench.sim("--boot-ms", "400", "--reenumerate", other, "--imei", "990000862471854")
    ports = dict(ports=os.path.join(bench.folder, "[ts]*"))
    driver = bench.start("imei:990000862471854", **ports)
    driver.expect("ready", window=2)
    driver.expect("health", ok=True)
    sim.tell("reset")
    assert "unplugged" in bench.ended(driver)
    driver = bench.start("imei:990000862471854", **ports)
    driver.expect("ready", window=2)
    assert driver.expect("health", ok=True)["device"] == other
    accepted(driver, "m1")


@pytest.mark.parametrize("smsc", [None, "+99911112222"])
def test_a_sim_without_a_service_centre_still_sends_and_the_option_fills_in(bench, smsc):
    sim = bench.sim()
    sim.tell("fail +CME ERROR: 14 100 AT+CSCA")
    driver = bench.start(sim.tty, **({"smsc": smsc} if smsc else {}))
    driver.expect("ready", window=2)
    accepted(driver, "m1")
    assert bench.said("names no service centre") == (0 if smsc else 1)


def test_a_message_that_cannot_be_deleted_is_told_once_only(bench):
    sim, driver = bench.up()
    sim.tell("fail +CMS ERROR: 321 1000 AT+CMGD", "deliver %s once" % A)
    driver.op("took", id=driver.expect("inbound")["id"])
    settle(lambda: sim.log(ev="fault", fault="fail"))
    time.sleep(2.5)                                 # two listings more
    accepted(driver, "m1")
    assert len([e for e in driver.seen if e["ev"] == "inbound"]) == 1


@pytest.mark.parametrize("kind", ["direct", "stored"])
def test_a_receipt_comes_straight_or_by_the_memory_for_reports(bench, kind):
    sim = bench.sim()
    driver = bench.with_models(sim.tty, {"receipts": '"%s"' % kind})
    assert driver.expect("ready", window=2)["receipts"]
    accepted(driver, "m1", receipt=True)
    assert driver.receipts("m1")[0]["state"] == "delivered"


def test_an_inbound_message_whose_news_is_lost_is_found_by_listing(bench):
    sim, driver = bench.up()
    sim.tell("store SM unread %s nobody said so" % B)
    assert driver.expect("inbound", seconds=4)["text"] == "nobody said so"


def test_a_full_memory_is_an_alarm_and_emptying_it_lets_the_waiting_message_in(bench):
    sim = bench.sim("--sm-size", "5", "--me-size", "5")
    for i in range(5):
        sim.tell("store SM unread %s old %d" % (A, i))
    sim.tell("deliver %s waits outside" % B)
    driver = bench.start(sim.tty)
    alarm = driver.expect("health", ok=True)["alarms"][0]
    assert alarm["name"] == "storage" and "5" in alarm["text"]
    texts = set()
    while "waits outside" not in texts:
        event = driver.expect("inbound")
        texts.add(event["text"])
        driver.op("took", id=event["id"])
    assert len(texts) == 6
    settle_health(driver, lambda h: not h["alarms"])


def settle_health(driver, test, seconds=10):
    end = time.monotonic() + seconds * SLOW
    while not test(driver.expect("health", seconds=seconds)):
        assert time.monotonic() < end


def test_litter_in_the_memory_is_purged_at_start(bench):
    sim = bench.sim()
    for stat in ("sent", "unsent", "sent"):
        sim.tell("store SM %s %s written on this modem" % (stat, A))
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    driver.expect("health", storage={"used": 0, "size": 20})
    assert not [e for e in driver.seen if e["ev"] == "inbound"]


def test_messages_are_found_in_the_modems_memory_and_in_the_sims(bench):
    sim = bench.sim()
    sim.tell("store SM unread %s on the SIM" % A, "store ME unread %s in the modem" % B)
    driver = bench.start(sim.tty)
    assert {driver.expect("inbound")["text"], driver.expect("inbound")["text"]} == {
        "on the SIM", "in the modem"}


def test_one_bad_number_does_not_hold_up_the_next_recipient(bench):
    sim, driver = bench.up()
    sim.tell("cms 38 3 %s" % A)
    for i in range(3):
        driver.send("bad%d" % i, A, "one")
        driver.send("good%d" % i, B, "one")
        assert driver.expect("done", id="bad%d" % i)["class"] == "retry"
        assert driver.expect("done", id="good%d" % i)["outcome"] == "accepted"
    assert not bench.said("modem trouble")


def test_the_parts_of_a_long_message_leave_back_to_back_also_past_a_list_and_a_health_look(bench):
    sim, driver = bench.up("--air-ms", "600")
    driver.send("m1", A, LONG)
    driver.send("m2", B, LONG, urgent=True)
    driver.expect("done", id="m1", outcome="accepted", seconds=15)
    times = [e["at"] for e in sim.log(ev="submit", to=A)]
    assert len(times) == 6 and max(times[i + 1] - times[i] for i in range(5)) < 700 + 300 * SLOW


def test_a_text_of_more_parts_than_libgammu_can_join_arrives_whole(bench):
    sim, driver = bench.up("--sm-size", "100")
    parts = ["%02d" % i for i in range(1, 61)]
    for i, text in enumerate(parts):
        sim.tell("deliver-part %s 9 %d 60 %s" % (A, i + 1, text))
    assert driver.expect("inbound")["text"] == "".join(parts)


def test_a_port_held_by_another_program_is_left_alone_and_taken_when_it_is_free(bench):
    import fcntl
    sim = bench.sim()
    with open(sim.tty, "rb+", buffering=0) as port:
        fcntl.flock(port, fcntl.LOCK_EX)
        driver = bench.start(sim.tty)
        note = driver.expect("health", ok=False)["note"]
        assert "in use" in note and "ModemManager" in note
        assert is_idle(driver)
    driver.expect("ready", window=2)


# What else a modem answers


@pytest.mark.parametrize("answer", ["ERROR", "+CME ERROR: 3", "+CMS ERROR: 303"])
def test_a_modem_that_refuses_every_setting_still_sends(bench, answer):
    sim = bench.sim()
    for command in ("ATE0", "AT+CMEE=1", "AT+CSMS", "AT+CSCS", "AT+CSCA", "AT+CMMS", "AT+CREG=",
                    "AT+CEREG=", "AT+CLIP", "AT+COLP", "AT+COPS=", "AT+CNMI=?", "AT+CPMS=?",
                    "AT+CGMR", "AT+CCID"):
        sim.tell("fail %s 1000 %s" % (answer, command))
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    assert driver.expect("health", ok=True)["iccid"] == "8999901000000000001"
    accepted(driver, "m1")
    assert not bench.said("modem trouble")


@pytest.mark.parametrize("command", ["AT+CMEE", "AT+CNMI="])
def test_a_set_up_command_without_an_answer_is_asked_again_by_a_new_set_up(bench, command):
    sim = bench.sim()
    sim.tell("drop-command 1 " + command)
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    accepted(driver, "m1")
    assert bench.said("modem trouble") <= 1         # none, when the probe before met it


def test_a_result_that_comes_too_late_is_not_taken_for_that_of_the_next_message(bench):
    sim, driver = bench.up()
    sim.tell("late-submit 2600 1")
    driver.send("m1", A, "late")
    assert driver.expect("done", id="m1")["outcome"] == "unknown"
    done = accepted(driver, "m2", receipt=True)
    submits = sim.log(ev="submit", state="accepted")
    assert [s["text"] for s in submits] == ["late", "one"] and done["ref"] == str(submits[1]["mr"])
    driver.receipts("m2")


@pytest.mark.parametrize("code", [500, 332, 197])
def test_an_error_after_the_text_left_is_unknown_for_the_network_has_it(bench, code):
    sim, driver = bench.up()
    sim.tell("sent-error %d 1" % code)
    driver.send("m1", A, "sent")
    done = driver.expect("done", id="m1")
    assert done["outcome"] == "unknown" and str(code) in done["reason"], done
    assert [m["text"] for m in sim.log(ev="message")] == ["sent"]
    accepted(driver, "m2")
    assert len(sim.log(ev="submit", state="accepted")) == 2 and len(sim.log(ev="fault")) == 1


def test_an_answer_that_comes_late_shifts_no_later_one(bench):
    sim, driver = bench.up()
    sim.tell("late 5500 1 AT+CSQ")
    settle(lambda: sim.log(ev="fault", fault="late"))
    settle_health(driver, lambda h: h["ok"] and h["rung"] == "reinit", 20)
    assert driver.seen[-1]["operator"] == "GONGSIM" and driver.seen[-1]["signal_dbm"] == -73
    assert accepted(driver, "m1")["ref"] == str(sim.log(ev="submit", state="accepted")[0]["mr"])


def test_ok_without_a_reference_is_unknown(bench):
    sim, driver = bench.up()
    sim.tell("no-mr 1")
    driver.send("m1", A, "one")
    assert driver.expect("done", id="m1")["outcome"] == "unknown"
    accepted(driver, "m2")


def test_without_a_prompt_nothing_is_sent_and_the_message_goes_elsewhere(bench):
    sim, driver = bench.up()
    sim.tell("no-prompt 1")
    driver.send("m1", A, "one")
    done = driver.expect("done", id="m1", seconds=12)
    assert (done["outcome"], done["class"]) == ("rejected", "retry_other")
    assert not sim.log(ev="submit")
    accepted(driver, "m2")


# What one model does unlike others


def test_a_modem_that_has_gone_into_text_mode_is_told_pdu_again(bench):
    sim, driver = bench.up()
    sim.tell("text-mode on", "deliver %s in text mode" % B)
    assert driver.expect("inbound")["text"] == "in text mode"
    accepted(driver, "m1")
    assert bench.said("answers in text mode") and not bench.said("modem trouble")


def test_a_submit_refused_for_text_mode_has_the_modem_set_up_anew(bench):
    sim, driver = bench.up(poll_seconds=60)
    time.sleep(0.2 * SLOW)                          # the first listing is over
    sim.tell("text-mode on")
    driver.send("m1", A, "one")
    done = driver.expect("done", id="m1")
    assert (done["outcome"], done["class"]) == ("rejected", "retry")
    accepted(driver, "m2", B)
    assert not sim.log(ev="submit", to=A) and not bench.said("modem trouble")


def test_nothing_is_lost_on_one_that_stays_in_text_mode_for_a_while(bench):
    sim, driver = bench.up()
    sim.tell("deliver %s before" % A)
    first = driver.expect("inbound")
    sim.tell("text-mode stuck", "deliver %s in text mode" % B)
    settle(lambda: bench.said("answers in text mode") >= 3)
    driver.op("took", id=first["id"])
    time.sleep(1.2)                                 # a listing more
    assert not bench.said("modem trouble")
    assert not [e for e in driver.seen if e.get("text") == "in text mode"]
    sim.tell("text-mode off")
    assert driver.expect("inbound")["text"] == "in text mode"
    driver.expect("health", storage={"used": 1, "size": 20}, seconds=20)   # `before` is deleted


def test_a_report_that_is_announced_in_another_memory_is_found(bench):
    sim = bench.sim()
    sim.tell("store SM read %s lies in the first place" % B, "cdsi-memory SM")
    driver = bench.with_models(sim.tty, {"receipts": '"stored"'}, poll_seconds=60)
    driver.expect("ready", window=2)
    driver.expect("inbound")
    accepted(driver, "m1", receipt=True)
    assert driver.receipts("m1")[0]["state"] == "delivered"


def test_a_service_centre_that_a_reset_lost_is_remembered_for_this_sim(bench):
    sim, driver = bench.up()
    accepted(driver, "m1")
    sim.tell("lose-smsc on", "reset 50")
    settle(lambda: bench.said("has lost its service centre"))
    accepted(driver, "m2")
    driver.op("close", grace_ms=1000)
    assert driver.p.wait(10) == 0
    driver.drain()
    bench.keep(driver)
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    accepted(driver, "m3")
    assert not sim.log(ev="fault", fault="no smsc")
    driver.op("close", grace_ms=1000)
    driver.p.wait(10)
    driver = bench.start(sim.tty, state='{"smsc":"+99900000000","smsc_iccid":"another SIM"}')
    driver.expect("ready", window=2)
    driver.send("m4", A, "one")
    assert "330" in driver.expect("done", id="m4")["reason"]    # not another SIM's


# The modem starts anew by itself


def test_a_reset_while_idle_is_followed_by_a_new_set_up(bench):
    sim, driver = bench.up()
    sim.tell("reset 50")
    settle(lambda: bench.said("modem trouble"))
    sim.tell("deliver %s after the reset" % B)      # told only with +CNMI set again
    assert driver.expect("inbound")["text"] == "after the reset"
    accepted(driver, "m1")
    assert bench.said("modem trouble") == 1


def test_a_reset_in_the_middle_of_a_submit_makes_it_unknown_and_the_next_one_goes(bench):
    sim, driver = bench.up("--air-ms", "1500", result_seconds=30)
    driver.send("m1", A, "one")
    driver.send("m2", B, "two")
    settle(lambda: sim.log(ev="submit", state="air"))
    sim.tell("air 0", "reset 50")
    begun = time.monotonic()
    assert driver.expect("done", id="m1")["outcome"] == "unknown"
    assert time.monotonic() - begun < 1 * SLOW      # not the 30 s of a result
    assert driver.expect("done", id="m2")["outcome"] == "accepted"
    assert len(sim.log(ev="submit", state="air", to=A)) == 1


def test_a_reset_in_the_middle_of_the_set_up_begins_it_again(bench):
    sim = bench.sim()
    sim.tell("late 300 2 AT+CSMS")
    driver = bench.start(sim.tty)
    settle(lambda: sim.log(ev="fault", fault="late"))
    begun = time.monotonic()
    sim.tell("reset 50")
    driver.expect("ready", window=2)
    assert time.monotonic() - begun < 2 * SLOW
    sim.tell("deliver %s news are on" % B)
    assert driver.expect("inbound")["text"] == "news are on"
    assert not bench.said("modem trouble")


def test_a_modem_that_starts_anew_in_every_set_up_is_a_failure(bench):
    sim = bench.sim()
    sim.tell("urc-mid RDY x10000")
    driver = bench.start(sim.tty)
    assert "again and again" in bench.ended(driver)


def test_a_reset_without_a_word_is_known_by_the_echo_and_no_text_is_given_to_it(bench):
    sim, driver = bench.up(poll_seconds=60)
    time.sleep(0.2 * SLOW)                          # the first listing is over
    sim.tell("mute 400", "reset 100")
    time.sleep(0.6)
    driver.send("m1", A, "one")
    done = driver.expect("done", id="m1")
    assert (done["outcome"], done["class"]) == ("rejected", "retry_other")
    assert not sim.log(ev="submit")
    sim.tell("deliver %s news are on" % B)
    assert driver.expect("inbound")["text"] == "news are on"
    accepted(driver, "m2")


# Registration


@pytest.mark.parametrize("lte", [False, True])
def test_a_lost_network_gives_the_queue_back_and_offers_no_window_until_it_is_back(bench, lte):
    sim, driver = bench.up(*(["--lte"] if lte else []))
    sim.tell("air 1200")
    driver.send("m1", A, "one")
    settle(lambda: sim.log(ev="submit", state="air"))
    driver.send("m2", B, "two")
    sim.tell("register 2")
    assert driver.expect("done", id="m1")["outcome"] == "accepted"   # it was under way
    sim.tell("air 0")
    driver.expect("ready", window=0)
    done = driver.dones("m2") or [driver.expect("done", id="m2")]
    if done[0]["outcome"] != "accepted":            # it may have left before the next look
        assert (done[0]["outcome"], done[0]["class"]) == ("rejected", "retry_other")
    health = driver.expect("health", registered=False)
    assert not health["ok"]
    sim.tell("register 5")
    driver.expect("ready", window=2)
    assert driver.expect("health", registered=True)["roaming"]
    accepted(driver, "m3")


# The ladder of recovery


def files_of(driver):
    folder = "/proc/%d/fd" % driver.p.pid
    return [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]


def rungs(bench):
    with open(os.path.join(bench.folder, "driver.err"), encoding="utf-8") as f:
        return re.findall(r"rung=(\w+)", f.read())


def test_a_modem_that_hears_nothing_climbs_every_rung_in_order_and_returns_by_itself(bench):
    sim, driver = bench.up(reset_command="/power", poll_seconds=60)
    time.sleep(0.2 * SLOW)                          # the first listing is over
    sim.tell("hang hard")
    driver.send("m1", A, "one")
    bench.ended(driver, seconds=20)
    assert [(d["outcome"], d["class"]) for d in driver.dones("m1")] == [("rejected", "retry_other")]
    for rung in ("restart", "reset", "usb"):
        driver = bench.start(sim.tty, reset_command="/power")
        if rung == "usb":                           # gongd's part, and its port is closed by then
            driver.expect("reset", device=sim.tty)
            assert is_idle(driver) and os.path.realpath(sim.tty) not in files_of(driver)
            driver.op("reset", ok=True)
        bench.ended(driver, seconds=20)
        assert len([e for e in driver.seen if e["ev"] == "reset"]) == (rung == "usb")
    assert rungs(bench) == ["reinit", "restart", "reset", "usb", "down"]
    driver = bench.start(sim.tty, reset_command="/power", rest_seconds=2)
    health = driver.expect("health")
    assert [a["name"] for a in health["alarms"]] == ["recovery"] and not health["ok"]
    settle(lambda: bench.said("the modem rests") == 1)
    assert is_idle(driver)
    sim.tell("revive")
    driver.expect("ready", window=2)
    assert driver.expect("health", ok=True)["alarms"]   # until a message proves it
    accepted(driver, "m2")
    settle_health(driver, lambda h: not h["alarms"] and h["rung"] == "none")


def test_without_a_reset_command_the_rung_after_the_reset_is_the_last(bench):
    sim = bench.sim()
    sim.tell("hang hard")
    driver = bench.start(sim.tty, state='{"failures":3,"acted":3}')
    bench.ended(driver)
    assert rungs(bench) == ["down"]


def test_each_rung_waits_for_as_many_failures_as_the_option_says(bench):
    sim, driver = bench.up(rung_failures=2)
    sim.tell("no-mr 3")
    for i in range(2):
        driver.send("m%d" % i, A, "one")
        driver.expect("done", id="m%d" % i, outcome="unknown")
    driver.send("m3", A, "one")
    bench.ended(driver)
    assert rungs(bench) == ["reinit", "reinit", "restart"]


def test_a_message_that_leaves_starts_the_ladder_anew(bench):
    sim, driver = bench.up()
    for i in range(3):
        sim.tell("no-mr 1")
        driver.send("lost%d" % i, A, "one")
        driver.expect("done", id="lost%d" % i, outcome="unknown")
        accepted(driver, "m%d" % i)
    assert bench.said("failures=1 ") == 3 and bench.said("modem trouble") == 3


def test_failures_are_not_forgotten_because_the_process_is_new(bench):
    sim, driver = bench.up()
    sim.tell("no-mr 100")
    for i in range(2):
        driver.send("m%d" % i, A, "one")
        driver.expect("done", id="m%d" % i, outcome="unknown")
    bench.ended(driver)
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    time.sleep(2.2)                                 # some looks at its health
    driver.send("m2", A, "one")
    driver.expect("done", id="m2", outcome="unknown")
    bench.ended(driver)
    assert bench.said("failures=3 rung=reset") == 1


def test_a_driver_killed_at_any_moment_of_the_ladder_goes_on_where_it_was(bench):
    sim = bench.sim("--boot-ms", "200")
    sim.tell("hang soft")
    driver = bench.start(sim.tty, state='{"failures":3,"acted":2}')
    settle(lambda: bench.said("resetting the modem") == 1)
    driver.expect("keep")
    time.sleep(0.1 * SLOW)                          # the command follows what is kept
    driver.kill()
    bench.keep(driver)
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    accepted(driver, "m1")
    assert bench.said("resetting the modem") == 1


def test_what_is_kept_is_told_seldom(bench):
    sim, driver = bench.up()
    for i in range(30):
        accepted(driver, "m%d" % i)
    assert len([e for e in driver.seen if e["ev"] == "keep"]) <= 2
