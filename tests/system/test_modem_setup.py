"""How gong-modem finds its modem and sets it up, what it says of its health, and the two programs
for people who plug modems in: each test is one sentence, on the simulated modem."""
import json
import os
import subprocess
import time

import pytest

from test_modem_driver import A, BUILD, SLOW, settle
from test_modem_faults import Night, accepted, is_idle, settle_health

IMEI, ICCID = "990000862471854", "8999901000000004711"


@pytest.fixture
def bench():
    b = Night()
    yield b
    b.close()


def pins(sim):
    return [e for e in sim.log(ev="sim")]


# The SIM's PIN


def test_the_right_pin_is_entered_once_at_each_start_of_the_modem(bench):
    sim = bench.sim("--pin", "4711")
    driver = bench.start(sim.tty, pin="4711")
    driver.expect("ready", window=2)
    accepted(driver, "m1")
    sim.tell("reset 50")                            # it wants its PIN again
    settle(lambda: len(pins(sim)) == 2)
    accepted(driver, "m2")
    assert [e["state"] for e in pins(sim)] == ["unlocked"] * 2
    driver.end()
    bench.keep(driver)
    sim.tell("unplug", "replug")
    driver = bench.start(sim.tty, pin="4711")
    driver.expect("ready", window=2)
    assert [e["state"] for e in pins(sim)] == ["unlocked"] * 3


def test_a_wrong_pin_is_never_tried_twice_also_after_a_restart(bench):
    sim = bench.sim("--pin", "4711")
    reason = bench.ended(bench.start(sim.tty, pin="1234"), retry=False)
    assert "`pin`" in reason
    for _ in range(2):
        assert "not tried again" in bench.ended(bench.start(sim.tty, pin="1234"), retry=False)
    assert [e["pin_left"] for e in pins(sim)] == [2]
    driver = bench.start(sim.tty, pin="4711")       # the option is corrected
    driver.expect("ready", window=2)
    assert [e["pin_left"] for e in pins(sim)] == [2, 3]


def test_a_wrong_pin_whose_answer_is_lost_is_not_tried_again(bench):
    sim = bench.sim("--pin", "4711")
    sim.tell("drop-command 1 AT+CPIN=")
    reason = bench.ended(bench.start(sim.tty, pin="1234"), retry=False, seconds=20)
    assert "its answer was lost" in reason and "`pin`" in reason
    assert "refused" in bench.ended(bench.start(sim.tty, pin="1234"), retry=False)
    assert [e["pin_left"] for e in pins(sim)] == [2]


def test_a_driver_killed_while_it_enters_a_wrong_pin_does_not_enter_it_again(bench):
    sim = bench.sim("--pin", "4711")
    sim.tell("late 3000 1 AT+CPIN=")
    driver = bench.start(sim.tty, pin="1234")
    driver.expect("keep")
    settle(lambda: pins(sim))
    driver.kill()
    bench.keep(driver)
    assert "refused" in bench.ended(bench.start(sim.tty, pin="1234"), retry=False)
    assert [e["pin_left"] for e in pins(sim)] == [2]


def test_a_right_pin_whose_answer_is_lost_does_not_lock_the_route_out(bench):
    sim = bench.sim("--pin", "4711")
    sim.tell("late 3000 1 AT+CPIN=")
    driver = bench.start(sim.tty, pin="4711")
    settle(lambda: pins(sim))
    driver.kill()
    bench.keep(driver)
    driver = bench.start(sim.tty, pin="4711")
    driver.expect("ready", window=2)
    bench.keep(driver)
    driver.end()
    bench.keep(driver)
    sim.tell("unplug", "replug")
    bench.start(sim.tty, pin="4711").expect("ready", window=2)


def test_the_last_try_of_the_pin_is_left_to_a_human(bench):
    sim = bench.sim("--pin", "4711")
    models = dict(pin_retries="'AT+CPINR=\"SIM PIN\"'",
                  pin_retries_pattern="'SIM PIN, *([0-9]+)'")
    for pin in ("1111", "2222"):
        bench.ended(bench.with_models(sim.tty, models, pin=pin), retry=False)
    assert [e["pin_left"] for e in pins(sim)] == [2, 1]
    reason = bench.ended(bench.with_models(sim.tty, models, pin="4711"), retry=False)
    assert "only one more try" in reason and "phone" in reason
    assert len(pins(sim)) == 2


@pytest.mark.parametrize("config,word", [({}, "set option `pin`"), ({"pin": "1234"}, "phone")])
def test_a_sim_that_wants_a_pin_or_its_puk_says_what_to_do(bench, config, word):
    sim = bench.sim("--pin", "4711")
    if config:
        for i in range(3):
            bench.ended(bench.start(sim.tty, state="{}", pin="999%d" % i), retry=False)
    assert word in bench.ended(bench.start(sim.tty, state="{}", **config), retry=False)


def test_a_missing_sim_is_named_and_one_that_is_put_in_is_taken(bench):
    sim = bench.sim()
    sim.tell("sim absent")
    driver = bench.start(sim.tty)
    assert "SIM is missing" in bench.ended(driver)
    driver = bench.start(sim.tty)
    sim.tell("sim ok")
    driver.expect("ready", window=2)


def test_a_sim_that_is_pulled_out_is_seen_and_one_that_is_put_back_is_set_up_again(bench):
    sim, driver = bench.up()
    sim.tell("sim absent")
    assert "SIM" in bench.ended(driver)
    sim.tell("sim ok")
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    accepted(driver, "m1")


def test_a_sim_that_is_busy_at_first_is_waited_for(bench):
    sim = bench.sim()
    sim.tell("fail +CME ERROR: 14 3 AT+CPIN?")
    driver = bench.start(sim.tty)
    driver.expect("ready", window=2)
    assert not bench.said("modem trouble")


# Which modem, which port


def stick(bench, *ports):
    """A stick with ports (interface number, kind); one is "modem"."""
    paths = {}
    for number, kind in ports:
        paths[number] = os.path.join(bench.folder, "usb-Gong_Stick_1-if%02d-port0" % number)
    args = [a for n, kind in ports if kind != "modem" for a in ("--port", paths[n] + "=" + kind)]
    main = next(n for n, kind in ports if kind == "modem")
    sim = bench.sim("--link", paths[main], "--imei", IMEI, "--iccid", ICCID, *args)
    return sim, paths, dict(ports=os.path.join(bench.folder, "usb-*"))


@pytest.mark.parametrize("device", ["imei:" + IMEI, "iccid:" + ICCID])
def test_a_modem_is_found_by_its_number_among_the_ports_of_its_stick(bench, device):
    sim, paths, ports = stick(bench, (0, "diag"), (1, "mute"), (3, "modem"))
    driver = bench.start(device, **ports)
    driver.expect("ready", window=2)
    assert driver.expect("health", ok=True)["device"] == paths[3]
    accepted(driver, "m1")


def test_of_two_modems_the_one_with_the_number_is_taken_and_the_other_left_alone(bench):
    other = Night()
    try:
        sim, _, _ = stick(bench, (3, "modem"))
        wrong = other.sim("--link", os.path.join(bench.folder, "usb-Gong_Stick_0-if00-port0"))
        driver = bench.start("imei:" + IMEI, ports=os.path.join(bench.folder, "usb-*"))
        driver.expect("ready", window=2, identity=IMEI)
        accepted(driver, "m1")
        assert sim.log(ev="submit") and not wrong.log(ev="submit")
    finally:
        other.close()


def test_a_named_port_that_is_mute_gives_way_to_its_sibling_but_never_to_another_stick(bench):
    sim, paths, ports = stick(bench, (0, "diag"), (1, "mute"), (3, "modem"))
    driver = bench.start(paths[1], **ports)
    driver.expect("ready", window=2)
    assert driver.expect("health", ok=True)["device"] == paths[3]
    driver.end()
    alone = os.path.join(bench.folder, "usb-Gong_Stick_11-if00-port0")
    os.symlink(os.readlink(paths[1]), alone)
    driver = bench.start(alone, state="{}", **ports)
    time.sleep(2.5)
    driver.op("ping", n=1)
    driver.expect("pong", n=1)
    assert not [e for e in driver.seen if e["ev"] == "ready"]
    driver.kill()
    os.unlink(alone)


def test_of_two_ports_that_answer_the_one_its_model_is_known_for_is_taken(bench):
    sim, paths, ports = stick(bench, (2, "at"), (3, "modem"))
    driver = bench.with_models("imei:" + IMEI, dict(usb_ports="{ 3, 2 }"), **ports)
    driver.expect("ready", window=2)
    assert driver.expect("health", ok=True)["device"] == paths[3]
    accepted(driver, "m1")


def test_a_modem_that_hangs_is_opened_where_it_was_last_although_it_says_no_number(bench):
    sim, paths, ports = stick(bench, (0, "mute"), (3, "modem"))
    driver = bench.start("imei:" + IMEI, **ports)
    driver.expect("ready", window=2)
    driver.expect("health", ok=True)
    driver.end()
    bench.keep(driver)
    sim.tell("hang soft")
    state = json.dumps(dict(json.loads(bench.state), failures=3, acted=2))
    driver = bench.start("imei:" + IMEI, state=state, **ports)
    driver.expect("ready", window=2)                # reset at last
    assert bench.said("resetting the modem") == 1


def test_a_modem_that_is_not_there_is_looked_for_quietly_and_found_when_it_comes(bench):
    sim, paths, ports = stick(bench, (0, "mute"), (3, "modem"))
    driver = bench.start("imei:000000000000000", **ports)
    driver.expect("health", ok=False)
    assert is_idle(driver)
    driver.kill()
    sim.tell("unplug")
    driver = bench.start("imei:" + IMEI, **ports)
    assert "there are no ports" in driver.expect("health", ok=False)["note"]
    sim.tell("replug " + os.path.join(bench.folder, "usb-Gong_Stick_2-if03-port0"))
    driver.expect("ready", window=2)


# Storage, network mode, models


@pytest.mark.parametrize("storage,size", [("SM", 20), ("ME", 50)])
def test_the_option_storage_says_where_messages_arrive(bench, storage, size):
    sim = bench.sim()
    driver = bench.start(sim.tty, storage=storage, debug=True)
    assert driver.expect("health", ok=True)["storage"] == {"used": 0, "size": size}
    assert bench.said('AT+CPMS="%s","%s","%s"' % (storage, storage, storage)) == 1
    sim.tell("deliver %s hello" % A)
    assert driver.expect("inbound")["text"] == "hello"
    sim.tell("signal 4")                            # health is told again
    settle_health(driver, lambda h: h["storage"] == {"used": 1, "size": size})


@pytest.mark.parametrize("network,command", [("lte", "AT+GONGMODE=38"), ("gsm", "AT+GONGMODE=13"),
                                             ("auto", "AT+GONGMODE=2")])
def test_a_models_file_says_how_its_network_mode_is_set(bench, network, command):
    sim = bench.sim("--maker", "Gongtel", "--model", "G-7")
    path = os.path.join(bench.folder, "many")
    with open(path, "w", encoding="ascii") as f:
        f.write("model \"other\" {\n\tmatch = 'nobody'\n\tinit = { 'AT+NOTMINE' }\n}\n"
                "model \"G-7\" {\n\tmatch = 'gongtel g-7'\n\tinit = { 'AT+GONGINIT' }\n"
                "\tquiet = { 'AT+GONGQUIET' }\n\tmode_lte = { 'AT+GONGMODE=38' }\n"
                "\tmode_gsm = { 'AT+GONGMODE=13' }\n\tmode_auto = { 'AT+GONGMODE=2' }\n}\n")
    driver = bench.driver(sim.tty, models=path, network=network, debug=True)
    driver.expect("ready", window=2)                # it refuses them all, and that is no fault
    for text in (command, "AT+GONGINIT", "AT+GONGQUIET"):
        assert bench.said("> " + text + "\n") == 1
    assert not bench.said("AT+NOTMINE") and bench.said("AT+GONGMODE") == 1


@pytest.mark.parametrize("text,words", [
    (None, ["cannot be read"]), ("model \"x\" {\n\tmatch = '('\n}\n", ["match", "pattern"]),
    ("model \"x\" {\n\tmatch = 'x'\n\treset = 'CFUN'\n}\n", ["reset", "AT"])])
def test_a_bad_models_file_is_fatal_and_named(bench, text, words):
    path = os.path.join(bench.folder, "bad")
    if text:
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
    reason = bench.ended(bench.driver("/dev/null", models=path), retry=False)
    assert all(w in reason for w in words + [path])


# Health


def alarms(driver, **like):
    return {a["name"]: a["text"] for a in driver.expect("health", **like)["alarms"]}


@pytest.mark.parametrize("plan,sent,used_up", [({"plan_day": 5}, 4, False), ({"plan_day": 2}, 2, True),
                                               ({"plan_month": 2}, 2, True)])
def test_a_sims_plan_that_runs_out_is_an_alarm_and_others_are_preferred(bench, plan, sent, used_up):
    sim, driver = bench.up(**plan)
    for i in range(sent):
        accepted(driver, "m%d" % i)
    settle_health(driver, lambda h: [a["name"] for a in h["alarms"]] == ["plan"])
    assert driver.seen[-1].get("prefer_other", False) == used_up
    assert driver.seen[-1]["sms_today"] == driver.seen[-1]["sms_month"] == sent
    driver.end()
    bench.keep(driver)
    driver = bench.start(sim.tty, **plan)           # the counters survive
    assert "plan" in alarms(driver, ok=True)


def test_a_balance_below_its_floor_is_an_alarm_that_survives_a_restart(bench):
    sim = bench.sim()
    sim.tell("ussd *100# Your balance is 3,20 EUR, valid 30 days")
    config = dict(balance_ussd="*100#", balance_pattern="is ([0-9.,]+) EUR", balance_floor=10)
    driver = bench.start(sim.tty, **config)
    settle_health(driver, lambda h: h.get("balance") == 3.2)
    assert driver.seen[-1]["alarms"][0]["name"] == "balance"
    driver.end()
    bench.keep(driver)
    sim.tell("ussd *100# Your balance is 50.00 EUR")
    driver = bench.start(sim.tty, **config)
    assert "balance" in alarms(driver)
    settle_health(driver, lambda h: h.get("balance") == 50 and not h["alarms"])


def test_a_hot_modem_is_an_alarm_until_it_has_cooled(bench):
    sim = bench.sim("--temperature", "60")
    driver = bench.with_models(sim.tty, dict(temperature="'AT+QTEMP'",
                               temperature_pattern="'QTEMP: *([0-9]+)'"), temperature_max=70)
    health = driver.expect("health", ok=True)
    assert health["temperature_c"] == 60 and not health["alarms"]
    sim.tell("temperature 71")
    settle_health(driver, lambda h: [a["name"] for a in h["alarms"]] == ["temperature"])
    sim.tell("temperature 50")
    settle_health(driver, lambda h: not h["alarms"])


def test_the_signal_and_the_air_time_of_a_segment_are_told(bench):
    sim, driver = bench.up("--air-ms", "300")
    accepted(driver, "m1")
    sim.tell("signal 4")
    settle_health(driver, lambda h: h["signal_dbm"] == -105)
    assert 300 <= driver.seen[-1]["air_ms"] < 400 * SLOW
    sim.tell("signal 99")
    settle_health(driver, lambda h: "signal_dbm" not in h)


def test_health_that_does_not_change_is_told_once(bench):
    sim, driver = bench.up()
    time.sleep(3.2)                                 # three looks
    driver.op("ping", n=1)
    driver.expect("pong", n=1)
    assert len([e for e in driver.seen if e["ev"] == "health"]) == 1


# gong-modem list, gong-modem probe


def run(*args):
    return subprocess.run([os.path.join(BUILD, "gong-modem"), *args], timeout=20, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_list_shows_every_port_with_who_answers_and_who_holds_it(bench):
    sim, paths, ports = stick(bench, (0, "diag"), (1, "mute"), (2, "at"), (3, "modem"))
    driver = bench.start(paths[3], **ports)
    driver.expect("ready", window=2)
    done = run("list", ports["ports"])
    assert done.returncode == 0
    rows = {os.path.basename(p["port"])[-10:-6]: p for p in json.loads(done.stdout)}
    assert sorted(rows) == ["if00", "if01", "if02", "if03"]
    assert not rows["if00"]["answers"] and not rows["if01"]["answers"]
    assert "does not answer AT" in rows["if01"]["reason"]
    assert rows["if02"]["answers"] and rows["if02"]["imei"] == IMEI
    assert rows["if02"]["iccid"] == ICCID and rows["if02"]["signal_dbm"] == -73
    assert rows["if03"]["held_by"] == driver.p.pid and "in use" in rows["if03"]["reason"]
    accepted(driver, "m1")                          # it was not disturbed
    assert not bench.said("modem trouble")


def test_probe_shows_the_whole_dialogue_with_one_port(bench):
    sim = bench.sim("--imei", IMEI, "--operator", "TESTNET")
    one = json.loads(run("probe", sim.tty).stdout)
    assert one["answers"] and one["registered"] and one["sim"] == "READY"
    assert (one["imei"], one["operator"], one["maker"]) == (IMEI, "TESTNET", "gong")
    assert "> AT+CGSN" in one["log"] and "< " + IMEI in one["log"]


def test_probe_of_what_is_no_modem_says_why_and_what_to_do(bench):
    missing = json.loads(run("probe", os.path.join(bench.folder, "nothing")).stdout)
    assert not missing["answers"] and "plug the modem in" in missing["reason"]
    assert "no serial port" in json.loads(run("probe", "/dev/null").stdout)["reason"]
    assert json.loads(run("list", os.path.join(bench.folder, "none*")).stdout) == []
    done = run("lsit")
    assert done.returncode == 2 and "usage: gong-modem list" in done.stderr


def test_a_pin_is_in_no_log_and_no_event_whatever_goes_wrong(bench):
    sim = bench.sim("--pin", "4711")
    sim.tell("drop-command 1 AT+CPIN=")
    driver = bench.driver(sim.tty, pin="4711", debug=True, rung_failures=1)
    driver.expect("health", rung="reinit", seconds=20)
    driver.end()
    with open(os.path.join(bench.folder, "driver.err"), encoding="utf-8") as f:
        log = f.read()
    assert "AT+CPIN" in log and "4711" not in log
    assert "4711" not in json.dumps(driver.seen)
