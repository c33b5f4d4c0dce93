"""gongd and gong-modem together on the simulated modem: each test is one sentence about what an
office sees.  The simulators' books (what the network saw) are the other witness."""
import json
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import ROOT, SLOW, wait_for                       # noqa: E402
from modems import Modems                                   # noqa: E402

OWN = ["+9998000000%02d" % i for i in range(3)]     # the numbers of the SIMs
OFFICER, CHIEF, DEPUTY = "+99920000001", "+99920000002", "+99920000003"
QUICK = {"poll_seconds": 1, "result_seconds": 2, "rest_seconds": 1}
LONG = "库区水位上涨,请沿左岸公路立即转移到中心小学安置点,不要返回取物。" * 5
CANARY = 'canary { every = "%ds" to = "%s" within = "%ds" }'
SHORT = "down_alarm_minutes = 0.03"
PEOPLE = """id,name,phone,role,division,role_order,lang,voice,sms,active
officer,值班员,%s,duty_officer,990121,1,zh,yes,yes,yes
chief,村主任,%s,village_chief,990121001001,1,zh,yes,yes,yes
deputy,副主任,%s,village_deputy,990121001001,1,zh,yes,yes,yes
""" % (OFFICER, CHIEF, DEPUTY)


class Office(Modems):
    """Modems with a village, its chief and deputy, and an officer on duty in the county."""

    def __init__(self, count=1, each=(), **kw):
        options = QUICK | {"models": os.path.join(ROOT, "config/modems.conf")}
        each = [dict(e, sim=["--number", OWN[i], *e.get("sim", ())])
                for i, e in enumerate([*each, {}, {}, {}][:count])]
        super().__init__(count, options=options, each=each, **kw)

    def start(self, up=True):
        super().start(up)
        self.world.api("POST", "/v1/import/divisions",
                       "code,name,level,parent\n990121,青石县,county,9901\n"
                       "990121001,甲镇,township,990121\n"
                       "990121001001,甲村,village,990121001\n".encode())
        status, answer = self.world.api("POST", "/v1/import/contacts", PEOPLE.encode())
        assert status == 200, answer
        return self

    def ring(self, key="rain", policy="call.red"):
        return self.world.send(key=key, template="warn.rain", policy=policy, severity="red",
                               params={"mm": 80, "hours": 3, "level": "红色"},
                               audience={"divisions": ["990121001"]})

    def level(self, alert):
        status, answer = self.world.api("GET", "/v1/alerts/%d/targets" % alert)
        assert status == 200 and len(answer["targets"]) == 1, answer
        return answer["targets"][0]["level"]

    def tasks(self, kind="route"):
        return [t for t in self.world.api("GET", "/v1/tasks?open=1")[1]["tasks"]
                if t["kind"] == kind]

    def alarms(self, i):
        return [a["name"] for a in self.health(i)["alarms"]]

    def told(self, i, text):
        """What modem i told the officer on duty."""
        return [e for e in self.books(i, ev="message", to=OFFICER) if text in e["text"]]

    def alarm_and_its_message(self, i, name, text, by=1, only=True):
        wait_for("alarm %s" % name, lambda: name in self.alarms(i), 20)
        wait_for("the officer to be told", lambda: self.told(by, text))
        assert [t for t in self.tasks() if "m%d" % i in t["text"] and text in t["text"]]
        assert not (only and self.told(i, text))

    def alarm_over(self, i, name):
        wait_for("the end of alarm %s" % name, lambda: name not in self.alarms(i), 20)
        assert not [t for t in self.tasks() if "m%d" % i in t["text"]]

    def answers(self):
        return self.world.rows("SELECT * FROM inbound")

    def driver(self):
        return self.world.drivers()["gong-modem"]

    def up_again(self, seconds=20):
        wait_for("all modems to be up", self.world.all_up, seconds)


def receipts(m, state):
    return lambda: m.world.states()[state] == sum(m.world.states().values()) > 0


# The canary


def test_a_canary_tells_its_round_trip_and_a_lost_one_is_an_alarm_by_the_other_modem():
    each = [{"route": CANARY % (4 * SLOW, OWN[0], SLOW)},
            {"route": CANARY % (4 * SLOW, OWN[0], SLOW),
             "sim": ["--partner", OWN[0] + "={dir}/m0.control"]}]
    with Office(2, each) as m:
        for i in (0, 1):
            c = wait_for("canary %d" % i, lambda i=i: m.health(i)["canary"])
            assert c["ok"] and c["reason"] is None, c
            assert 0 <= c["submit_ms"] <= c["receipt_ms"] < 1000 * SLOW, c
            assert 0 <= c["inbound_ms"] < 1000 * SLOW, c
        assert not m.tasks() and not m.alarms(0)
        m.tell(0, "lose 1")
        m.alarm_and_its_message(0, "canary", "测试短信%d秒内未返回" % SLOW)
        assert m.health(0)["canary"]["ok"] is False and not m.alarms(1)
        m.tell(0, "lose 0")
        m.alarm_over(0, "canary")
        assert m.health(0)["canary"]["ok"]
        assert not m.tasks("unclear")
        assert not m.books(0, ev="message", to=OWN[1])      # nobody thanks a SIM for its canary


# What people at the office ask


def test_gongctl_asks_a_running_modem_and_the_audit_has_it():
    with Office(1, [{"sim": ["--signal", "17"]}]) as m:
        m.tell(0, "ussd *100# 余额12.50元")
        assert m.world.ctl("modem", "at", "m0", "AT+CSQ") == "+CSQ: 17,99\nOK\n"
        assert m.world.ctl("modem", "ussd", "m0", "*100#").strip() == "余额12.50元"
        assert "回执:已送达" in m.world.ctl("modem", "send-test", "m0", CHIEF)
        said = m.world.ctl("modem", "send-test", "m0", CHIEF, "试一下", lang="en")
        assert "accepted" in said and "receipt: delivered" in said, said
        assert [e["text"] for e in m.books(0, ev="message", to=CHIEF)][-1] == "试一下"
        m.tell(0, "cms 28 1")
        p = m.world.ctl("modem", "send-test", "m0", CHIEF, check=False)
        assert p.returncode == 1 and "28" in p.stdout + p.stderr, p
        actions = [r["action"] for r in m.world.rows("SELECT action FROM audit ORDER BY id")]
        assert actions.count("route.ask") == actions.count("route.answer") == 5, actions


def test_what_somebody_sets_by_hand_is_set_right_again_before_the_next_message():
    with Office(1, [{"options": {"poll_seconds": 60}}]) as m:
        for command in ("ATE1", "AT+CNMI=0,0,0,0,0"):
            assert m.world.ctl("modem", "at", "m0", command) == "OK\n"
            m.tell_one(command, "chief")
            wait_for("it to be delivered", receipts(m, "delivered"), 5)
        m.tell(0, "deliver %s 1" % CHIEF)
        wait_for("the answer, announced", m.answers, 5)
        assert not m.tasks() and m.health(0)["health"]["rung"] == "none"


def test_gongctl_sees_a_free_port_and_one_that_a_route_holds():
    with Office(1) as m:
        m.world.start_sim("free", "modem", "--link", m.world.path("free.tty"), "--imei",
                          "990000000009999")
        free = json.loads(m.world.ctl("modem", "probe", m.world.path("free.tty"), "--json"))
        assert free["answers"] and free["imei"] == "990000000009999", free
        assert "990000000009999" in m.world.ctl("modem", "probe", m.world.path("free.tty"))
        p = m.world.ctl("modem", "probe", m.path(0, "tty"), check=False, lang="en")
        assert p.returncode == 1 and "route m0 has this port" in p.stdout, (p.stdout, p.stderr)
        for ports in ([m.world.path("*tty")], []):      # without, the simulators are not found
            row = [r for r in json.loads(m.world.ctl("modem", "list", "--json", *ports))["modems"]
                   if r.get("route") == "m0"]
            assert len(row) == 1 and row[0]["imei"] == "990000000000000", row
            assert row[0]["port"] == m.path(0, "tty"), row
        lines = m.world.ctl("modem", "list", m.world.path("*tty")).splitlines()
        assert len(lines) == 3 and "正常" in lines[2] and "空闲" in lines[1], lines
        assert m.world.ctl("modem", "at", "m0", "AT") == "OK\n"      # the looking did no harm


# What is wrong with a modem


def test_a_network_lost_for_long_is_an_alarm_by_the_other_modem_until_it_is_back():
    with Office(2, [{"route": SHORT}]) as m:
        m.tell(0, "register 2")
        m.alarm_and_its_message(0, "down", "已中断")
        m.tell_one("one", "chief")                          # the other one carries meanwhile
        wait_for("the message", lambda: m.books(1, ev="message", to=CHIEF))
        m.tell(0, "register 1")
        m.alarm_over(0, "down")
        m.up_again()


def test_a_balance_below_its_floor_is_an_alarm_until_somebody_tops_up_and_asks():
    script = {"sim": ["--script", "{dir}/script"],
              "options": {"balance_ussd": "*100#", "balance_floor": 10}}
    m = Office(2, [script])
    with open(m.world.path("script"), "w", encoding="utf-8") as f:
        f.write("0 ussd *100# 余额12.40元\n")
    with m:
        m.tell(0, "ussd *100# 余额3.20元")
        assert "3.20" in m.world.ctl("modem", "ussd", "m0", "*100#")
        m.alarm_and_its_message(0, "balance", "余额3.20低于10")
        assert m.health(0)["health"]["balance"] == 3.2
        assert "告警 balance: SIM卡余额3.20低于10" in m.world.ctl("route", "list")
        assert "balance 3.20 is below 10;" in m.world.ctl("route", "list", lang="en")
        m.tell(0, "ussd *100# 余额80.50元")
        assert "80.50" in m.world.ctl("modem", "ussd", "m0", "*100#")
        m.alarm_over(0, "balance")


def test_a_sims_plan_that_is_used_up_is_an_alarm_and_the_other_modem_carries():
    with Office(2, [{"options": {"plan_day": 1}}]) as m:
        m.world.ctl("modem", "send-test", "m0", CHIEF)      # the only one of the day
        m.alarm_and_its_message(0, "plan", "套餐已用完(1/1条)")
        for i in range(5):
            m.tell_one("k%d" % i, "chief")
        wait_for("all to be sent", lambda: len(m.books(1, ev="message", to=CHIEF)) == 5)
        assert len(m.books(0, ev="message")) == 1


def test_a_modem_unplugged_for_long_is_an_alarm_until_it_is_back():
    with Office(2, [{"route": SHORT}]) as m:
        m.tell(0, "unplug")
        m.alarm_and_its_message(0, "down", "已中断")
        m.tell(0, "replug")
        m.alarm_over(0, "down")
        m.up_again()
        assert not m.tasks()


# Receipts


@pytest.mark.parametrize("dead,cnmi", [("driver", "direct"), ("gongd", "stored")])
def test_a_receipt_finds_its_message_although_the_process_died_after_the_submit(dead, cnmi):
    sim = ["--cnmi", "(0-2),(0-2),(0-3),(0,2),(0,1)"] if cnmi == "stored" else []
    with Office(1, [{"sim": sim}]) as m:
        m.tell(0, "receipt-ms 1500")
        m.tell_one("one", "chief", LONG)
        wait_for("the submit", receipts(m, "sent"))
        if dead == "driver":
            os.kill(m.driver(), signal.SIGKILL)
        else:
            m.world.kill()
            m.world.start()
        wait_for("the receipt", receipts(m, "delivered"))
        assert len(m.books(0, ev="message", to=CHIEF)) == 1


# What people answer


def test_an_answer_in_parts_out_of_order_acknowledges_and_leaves_the_sim():
    with Office(1, divisor=60) as m:
        alert = m.ring(policy="call.orange")
        wait_for("the call", lambda: m.books(0, ev="message", to=CHIEF))
        m.tell(0, "deliver-part %s 9 2 2 到!" % CHIEF, "deliver-part %s 9 1 2 收" % CHIEF)
        wait_for("level 3", lambda: m.level(alert) == 3)
        assert [a["text"] for a in m.answers()] == ["收到!"]
        wait_for("an empty SIM", lambda: "+CPMS: 0," in m.world.ctl("modem", "at", "m0",
                                                                     'AT+CPMS="SM"'))


def test_an_answer_that_gongd_did_not_take_is_on_the_sim_and_taken_once():
    with Office(1, divisor=60) as m:
        alert = m.ring(policy="call.orange")
        wait_for("the call", lambda: m.books(0, ev="message", to=CHIEF))
        m.world.gongd.signal(signal.SIGSTOP)
        m.tell(0, "deliver %s 1" % CHIEF)
        wait_for("the driver to read it", lambda: m.books(0, ev="deliver"))
        m.world.kill()
        m.world.start()
        wait_for("level 3", lambda: m.level(alert) == 3)
        os.kill(m.driver(), signal.SIGKILL)
        m.up_again()
        assert len(m.answers()) == 1


# Calls


VOICE = {"channels": "sms, voice", "options": {"voice": "true"},
         "sim": ["--maker", "Quectel", "--model", "EC25", "--keys", "quectel"]}


def calls(m, number, state="dialling"):
    return m.books(0, ev="call", to=number, state=state)


@pytest.mark.parametrize("script,level", [("alert 100 answer 200 end 1500", 2),
                                          ("alert 100 answer 200 key 1 700 end 900", 3)])
def test_a_call_by_modem_that_is_answered_is_level_2_and_a_key_is_level_3(script, level):
    with Office(1, [VOICE], divisor=30) as m:
        m.tell(0, "callee %s %s" % (CHIEF, script))
        alert = m.ring()
        wait_for("level %d" % level, lambda: m.level(alert) == level)
        assert m.books(0, ev="speech", to=CHIEF)


@pytest.mark.parametrize("script,end", [("alert 100 busy 100", "busy"),
                                        ("alert 100 noanswer", "no answer")])
def test_a_call_that_nobody_takes_is_rung_again_by_the_ladder(script, end):
    own = dict(VOICE, sim=VOICE["sim"] + ["--ring-ms", "900"])
    with Office(1, [own], divisor=60) as m:
        m.tell(0, "callee %s %s x1" % (CHIEF, script))
        alert = m.ring()
        wait_for("the first call", lambda: calls(m, CHIEF, end))
        assert m.level(alert) == 0
        m.tell(0, "callee %s alert 100 answer 200 key 1 700 end 900" % CHIEF)
        wait_for("level 3", lambda: m.level(alert) == 3)
        assert len(calls(m, CHIEF)) == 2


def test_a_called_person_who_rings_back_is_level_2():
    with Office(1, divisor=60) as m:
        alert = m.ring(policy="call.orange")
        wait_for("the call", lambda: m.books(0, ev="message", to=CHIEF))
        m.tell(0, "ring %s 2" % CHIEF)
        wait_for("level 2", lambda: m.level(alert) == 2)


# Set-up


def test_a_sim_that_knows_lte_alone_sends_and_gets_answers():
    with Office(1, [{"sim": ["--lte"]}], divisor=60) as m:
        alert = m.ring(policy="call.orange")
        wait_for("the call", lambda: m.books(0, ev="message", to=CHIEF))
        m.tell(0, "deliver %s 1" % CHIEF)
        wait_for("level 3", lambda: m.level(alert) == 3)
        assert m.health(0)["health"]["registered"] is True


def test_a_wrong_pin_is_tried_once_over_all_restarts_and_the_right_one_works():
    wrong = {"options": {"pin": "1111"}, "sim": ["--pin", "4711"]}
    m = Office(2, [wrong])
    try:
        m.start(up=False)
        m.alarm_and_its_message(0, "down", "pin", only=False)
        for _ in range(2):
            m.world.kill()
            m.world.start()
            wait_for("the route to stop", lambda: m.health(0)["state"] == "down")
        assert [e["pin_left"] for e in m.books(0, ev="sim")] == [2]
        m.world.gongd.stop()
        m.each[0]["options"]["pin"] = "4711"
        m.write_routes()
        m.world.start()
        m.up_again()
        m.alarm_over(0, "down")
        assert [e["pin_left"] for e in m.books(0, ev="sim")] == [2, 3]
    finally:
        m.__exit__(*sys.exc_info())


# Recovery


def test_a_modem_that_hangs_is_reset_and_messages_flow_again():
    with Office(1) as m:
        m.tell(0, "hang soft")
        m.tell_one("one", "chief")
        wait_for("the message", lambda: m.books(0, ev="message", to=CHIEF), 60)
        with open(m.world.path("gongd.log"), encoding="utf-8") as f:
            assert "resetting the modem" in f.read()
        wait_for("it to be known as sent", lambda: m.world.states()["delivered"] == 1)
        m.up_again()
        wait_for("the ground", lambda: m.health(0)["health"]["rung"] == "none")


def test_a_stick_that_comes_back_under_another_tty_is_found_by_its_imei():
    own = {"options": {"device": "imei:990000000000000"}}
    m = Office(1, [own])
    m.each[0]["options"]["ports"] = m.world.path("m0.tty*")
    m.write_routes()
    with m:
        m.tell(0, "unplug")
        wait_for("it to be gone", lambda: m.health(0)["state"] != "up")
        m.tell(0, "replug " + m.path(0, "tty7"))
        m.up_again()
        m.tell_one("one", "chief")
        wait_for("the message", lambda: m.books(0, ev="message", to=CHIEF))
        assert m.health(0)["health"]["device"].endswith("m0.tty7")
