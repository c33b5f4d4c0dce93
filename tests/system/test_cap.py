"""CAP by gong-parse, the confined child that reads XML: what comes of it, and what becomes of what cannot be read."""
import glob
import http.client
import json
import os
import re
import signal
import subprocess
import threading

import pytest

from harness import BUILD, ROOT, World, children, sim_route, wait_for
from district import District

TOKEN = "cap-cap-" * 3
DATA = os.path.join(ROOT, "tests/data/cap")
RULES = '''rule "red" { when { kinds = {flash_flood} severity_from = red }
 then { template = notice.text severity = red areas = true roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "山洪" max = 60 } } }
rule "orange" { when { kinds = {flash_flood} severity_from = orange }
 then { template = notice.text severity = orange areas = true roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "山洪" max = 60 } } }
'''


@pytest.fixture(scope="module")
def world():
    w = World(name="cap")
    w.routes = sim_route(w.path("books")) + '\n'.join(
        'source "%s" { format = cap rules = "%s" token_file = "cap.token" up_to = red }' % (name, rules)
        for name, rules in (("bureau", "live.rules"), ("poison", "live.rules"), ("world", DATA + "/cap.rules")))
    w.routes += ('\nsource "platform" { format = national mapping = "%s/config/national.conf" rules = "%s/national.rules"'
                 ' token_file = "cap.token" up_to = red }' % (ROOT, DATA))
    for name, text in (("live.rules", RULES), ("cap.token", TOKEN)):
        with open(w.path(name), "w", encoding="utf-8") as f:
            f.write(text)
    w.write_conf()
    with w:
        w.start()
        wait_for("the route", w.all_up)
        w.load(District(2, 3))
        wait_for("gong-parse", lambda: reader(w))
        yield w


def reader(world):
    """The pid of gong-parse; None: there is none."""
    for pid in children(world.gongd.pid):
        with open("/proc/%d/cmdline" % pid, encoding="utf-8") as f:
            if f.read().split("\0")[0].endswith("gong-parse"):
                return pid
    return None


def push(world, body, source="bureau", path="/v1/in/"):
    c = http.client.HTTPConnection("127.0.0.1", world.port, timeout=20)
    c.request("POST", path + source, body.encode() if isinstance(body, str) else body, {"Authorization": "Bearer " + TOKEN})
    answer = c.getresponse()
    told = answer.status, dict(answer.getheaders()), json.loads(answer.read())
    c.close()
    return told


def only(told):
    assert told[0] == 200, told
    signal_told, = told[2]["signals"]
    return signal_told


def sample(name, **changed):
    with open(os.path.join(DATA, name + ".xml"), encoding="utf-8") as f:
        text = re.sub(r"<(expires|onset|effective)>[^<]*</\1>", "", f.read())
    for old, new in changed.items():
        text = text.replace(old, new)
    return text


@pytest.mark.skipif(BUILD.endswith("asan"), reason="sanitizers need what is given up")
def test_the_reader_has_given_up_what_it_does_not_need(world):
    def given_up():
        with open("/proc/%d/status" % reader(world), encoding="utf-8") as f:
            return dict(re.findall(r"^(Seccomp|NoNewPrivs):\t(.*)$", f.read(), re.M))
    wait_for("the reader to confine itself", lambda: given_up() == {"Seccomp": "2", "NoNewPrivs": "1"})


def test_a_warning_its_update_and_its_cancel(world):
    red = only(push(world, sample("cap12_flash_flood_alert")))
    assert (red["state"], red["rule"]) == ("matched", "red"), red
    assert only(push(world, sample("cap12_flash_flood_alert")))["alert"] == red["alert"]
    orange = only(push(world, sample("cap12_flash_flood_update")))
    assert (orange["state"], orange["rule"]) == ("matched", "orange") and orange["alert"] not in (None, red["alert"]), orange
    assert world.alert(orange["alert"])["replaces"] == red["alert"]
    assert only(push(world, sample("ack")))["state"] == "ignored"
    assert world.alert(orange["alert"])["state"] != "cancelled"
    assert only(push(world, sample("cap12_flash_flood_cancel")))["state"] == "matched"
    wait_for("it is over", lambda: world.alert(orange["alert"])["state"] == "cancelled")


def test_an_exercise_ends_nothing_real(world):
    other = {"2025.6.2": "2026.1.2"}
    red = only(push(world, sample("cap12_flash_flood_alert", **other)))
    drill = only(push(world, sample("cap12_flash_flood_cancel", Actual="Exercise", **other)))
    assert (drill["state"], drill["reason"]) == ("ignored", "signal_nothing_open"), drill
    assert world.alert(red["alert"])["state"] != "cancelled"


def test_a_cancel_that_comes_first_leaves_nothing_to_ring(world):
    other = {"2025.6.2": "2026.1.1"}
    assert only(push(world, sample("cap12_flash_flood_cancel", **other)))["state"] == "ignored"
    late = only(push(world, sample("cap12_flash_flood_alert", **other)))
    assert (late["state"], late["alert"]) == ("ignored", None), late


def test_a_drill_stays_one(world):
    drill = only(push(world, sample("cap12_exercise")))
    assert drill["state"] == "matched" and world.alert(drill["alert"])["mode"] == "drill"


def test_the_national_platform(world):
    """Its first message names itself as older editions do, what takes it back as newer ones."""
    red = only(push(world, sample("national_rain_red_oldid"), "platform"))
    assert red["state"] == "matched" and world.alert(red["alert"])["kind"] == "rainstorm", red
    assert only(push(world, sample("national_rain_red_cancel"), "platform"))["state"] == "matched"
    assert world.alert(red["alert"])["state"] == "cancelled"


def test_what_cannot_be_read_is_refused_and_kept(world):
    for name in glob.glob(DATA + "/bad_*.xml"):
        with open(name, "rb") as f:
            status, _, problem = push(world, f.read())
        assert status in (400, 422) and problem["detail"], (name, problem)
    listed = json.loads(world.ctl("signal", "list", "--state", "refused", "--json"))
    assert len(listed["signals"]) >= 7, listed


def check(world):
    ran = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf, "--check"], capture_output=True, text=True, timeout=60,
                         check=False)
    return ran.returncode, ran.stdout + ran.stderr


def test_samples_by_check_and_by_try(world):
    world.ctl("source", "test", "world", DATA + "/meteoalarm_wind.xml")
    status, _, told = push(world, b"<a/>", "", "/v1/in/world")
    assert status == 422 and "CAP 1.1" in told["detail"], told
    status, out = check(world)
    assert status == 0, out
    os.symlink(os.path.join(ROOT, "tests/data/cap/nws_test.xml"), world.path("wrong.xml"))
    with open(world.path("live.rules"), "a", encoding="utf-8") as f:
        f.write('test "wrong" { sample = "wrong.xml" expect = red }')
    status, out = check(world)
    assert status and "wrong" in out and "ignored" in out, out
    with open(world.path("live.rules"), "w", encoding="utf-8") as f:
        f.write(RULES)


def test_what_waits_when_the_reader_dies_is_asked_again(world):
    before, done = reader(world), []
    os.kill(before, signal.SIGSTOP)
    asked = [threading.Thread(target=lambda n=n: done.append(push(world, sample("nws_test", **{"NWS-TEST-1": "t%d" % n}))))
             for n in range(3)]
    for t in asked:
        t.start()
    threading.Event().wait(0.3)
    os.kill(before, signal.SIGKILL)
    for t in asked:
        t.join(20)
    assert [told[0] for told in done] == [200, 200, 200], done
    assert reader(world) != before


# Nobody reads this within half a second: each info is compared with all others, behind 350 elements.
HEAVY = ('<?xml version="1.0"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>heavy</identifier><sender>s</sender>'
         "<sent>2025-05-07T12:00:00-00:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>%s</alert>") % "".join(
             "<info>%s<event>e%d</event><severity>Severe</severity><certainty>Likely</certainty></info>" % ("<q/>" * 350, n)
             for n in range(250))


def test_one_that_kills_the_reader_twice_is_refused(world):
    before = reader(world)
    status, _, told = push(world, HEAVY, "poison")
    assert status == 422 and "took it too long" in told["detail"], told
    wait_for("the next one", lambda: reader(world) not in (None, before))
    assert only(push(world, sample("nws_test")))["state"] == "ignored"
    third = reader(world)
    assert push(world, HEAVY, "poison")[0] == 422 and reader(world) == third        # its bytes are known now
    with open(world.gongd.log, encoding="utf-8") as f:
        assert f.read().count("parser died source=poison") == 2


def test_one_sources_heavy_messages_are_not_anothers_wait(world):
    done = []
    asked = [threading.Thread(target=lambda n=n: done.append(push(world, HEAVY.replace("heavy", "h%d" % n), "poison")))
             for n in range(3)]
    for t in asked:
        t.start()
    threading.Event().wait(0.3)
    assert push(world, sample("nws_test", **{"NWS-TEST-1": "turn"}))[0] == 200
    assert len(done) < 2
    for t in asked:
        t.join(20)
    assert [t[0] for t in done] == [422] * 3


def test_sixty_four_wait_and_the_next_is_sent_again(world):
    wait_for("the reader", lambda: reader(world))
    stopped, told = reader(world), []
    assert push(world, sample("nws_test"))[0] == 200
    os.kill(stopped, signal.SIGSTOP)
    asked = [threading.Thread(target=lambda n=n: told.append(push(world, sample("nws_test", **{"NWS-TEST-1": "w%d" % n}))))
             for n in range(40)]
    for t in asked:
        t.start()
    wait_for("the eight that were too many", lambda: len(told) == 8)
    assert {t[0] for t in told} == {503} and all("Retry-After" in t[1] for t in told), told
    assert push(world, b"{}", "nobody")[0] == 401               # it holds up nothing else
    os.kill(stopped, signal.SIGCONT)
    for t in asked:
        t.join(20)
    assert sorted(t[0] for t in told) == [200] * 32 + [503] * 8


def message(ident, *infos, refs=(), kind="Alert"):
    """An info: (severity, division, headline)."""
    return ('<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>%s</identifier><sender>s</sender><sent>%s</sent>'
            "<status>Actual</status><msgType>%s</msgType><scope>Public</scope><references>%s</references>%s</alert>") % (
                ident, sent(ident), kind, " ".join("s,%s,%s" % (r, sent(r)) for r in refs), "".join(
                    "<info><language>zh-CN</language><category>Met</category><event>山洪</event><urgency>Immediate</urgency>"
                    "<severity>%s</severity><certainty>Likely</certainty><eventCode><valueName>gong:kind</valueName>"
                    "<value>flash_flood</value></eventCode><headline>%s</headline><area><areaDesc>x</areaDesc><geocode>"
                    "<valueName>GB/T 2260</valueName><value>%s</value></geocode></area></info>" % (severity, headline, place)
                    for severity, place, headline in infos))


def sent(ident):
    """Later ones were said later."""
    return "2026-01-02T03:%02d:00+08:00" % int(ident[1:])


def alerts(told):
    assert told[0] == 200 and all(s["alert"] for s in told[2]["signals"]), told
    return [s["alert"] for s in told[2]["signals"]]


def test_parts_of_a_message_find_those_of_the_one_before(world):
    """A part without a rule comes first: it must not end what another part goes on with."""
    one, two = alerts(push(world, message("a1", ("Extreme", "990121001", "a"), ("Severe", "990121100", "b"))))
    clear, less = push(world, message("a2", ("Minor", "990121100", "c"), ("Severe", "990121001", "d"), kind="Update", refs=["a1"]))[2]["signals"]
    assert (clear["state"], less["rule"]) == ("unmatched", "orange"), (clear, less)
    assert world.alert(less["alert"])["replaces"] == one
    assert world.alert(two)["state"] == "cancelled" and world.alert(one)["state"] == "cancelled"
    same, = push(world, message("a3", ("Severe", "990121001", "d"), kind="Update", refs=["a2"]))[2]["signals"]
    assert (same["alert"], same["reason"]) == (less["alert"], "signal_unchanged")
    assert only(push(world, message("a4", kind="Cancel", refs=["a3"])))["state"] == "matched"
    assert world.alert(less["alert"])["state"] == "cancelled"


def test_a_cancel_ends_all_parts(world):
    body = message("e50", *[("Extreme", "990121001", "t%d" % i) for i in range(100)])
    for i in range(100):
        body = body.replace("<event>山洪</event>", "<event>e%d</event>" % i, 1)
    told = alerts(push(world, body))
    assert len(set(told)) == 100
    assert only(push(world, message("e51", kind="Cancel", refs=["e50"])))["reason"] == "signal_ended"
    assert not [a for a in told if world.alert(a)["state"] != "cancelled"]


def test_a_part_that_is_left_out_goes_on_and_the_desk_is_told(world):
    one, two = alerts(push(world, message("b11", ("Extreme", "990121001", "a"), ("Severe", "990121100", "b"))))
    anew = only(push(world, message("b12", ("Extreme", "990121001", "c"), kind="Update", refs=["b11"])))
    assert world.alert(anew["alert"])["replaces"] == one and world.alert(two)["state"] != "cancelled"
    tasks = json.loads(world.ctl("task", "list", "--json"))["tasks"]
    assert any("alert %d " % two in json.dumps(t) or "第%d号" % two in json.dumps(t, ensure_ascii=False) for t in tasks), tasks
    none = only(push(world, message("b13", ("Minor", "990121001", "c"), kind="Update", refs=["b11", "b12"])))
    assert none["state"] == "unmatched"
    assert world.alert(two)["state"] == world.alert(anew["alert"])["state"] == "cancelled"


def test_a_part_that_tells_the_others_places_takes_them_over(world):
    one, two = alerts(push(world, message("c21", ("Extreme", "990121001", "a"), ("Severe", "990121100", "b"))))
    all_of_it = only(push(world, message("c22", ("Extreme", "990121", "c"), kind="Update", refs=["c21"])))
    assert world.alert(all_of_it["alert"])["replaces"] in (one, two)
    assert world.alert(one)["state"] == world.alert(two)["state"] == "cancelled"
