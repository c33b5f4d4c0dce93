"""gongctl with the real gongd: what one writes, the other reads.  (Its command line and its
pictures are tested in test_ctl.py.)"""
import json
import os
import re
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from district import COUNTY, District      # noqa: E402
from harness import BUILD, SLOW, World, wait_for      # noqa: E402

ROUTE = '''route "pretend" {
	driver = "gong-sim"
	channels = {sms, voice}
	speed = 50
	config = '{"simulation":true,"channels":"sms,voice","talk_ms":100,"people":"%s"}'
}
'''
SEND = ["--severity", "red", "--policy", "move.now"]


def people(world, answer):
    with open(world.path("people.new"), "w", encoding="utf-8") as f:
        f.write("+999* sms 200 %s\n+999* voice 100 no_answer\n" % answer)
    os.rename(world.path("people.new"), world.path("people"))


@pytest.fixture(scope="module")
def world():
    with World(divisor=100, name="ctl") as w:
        w.district = District(2, 3)
        w.routes = ROUTE % w.path("people")
        people(w, "1")
        w.write_conf()
        w.start()
        w.district.write(w.path("lists"))
        yield w


def show(world, alert):
    return json.loads(world.ctl("--json", "alert", "show", str(alert)))


def test_a_night_from_the_shell(world):
    for kind in ("divisions", "contacts"):
        with open(world.path("lists/%s.csv" % kind), encoding="utf-8") as f:
            rows = sum(1 for _ in f) - 1
        assert world.ctl("import", kind, world.path("lists/%s.csv" % kind), lang="en") == \
            "imported %d rows of %s\n%d added, 0 changed, 0 unchanged\n" % (
                rows, kind, rows if kind == "divisions" else len(world.district.people))
    wait_for("the route up", lambda: re.search(
        r"pretend +gong-sim +sms voice +up ", world.ctl("route", "list", lang="en")))
    township, village = world.district.townships[0], world.district.villages[0]
    plan = world.ctl("send", "flood.move", "--division", township, *SEND, "--dry-run", lang="en")
    assert "3 targets" in plan and re.search(r"principals +0s +sms +3 ", plan)
    assert json.loads(world.ctl("--json", "alert", "list"))["alerts"] == []
    args = ["send", "flood.move", "--division", township, *SEND, "--key", "k1"]
    first = world.ctl(*args, lang="en")
    alert = int(re.match(r"alert (\d+) \w+ accepted under key k1: active, 3 targets\n$", first)[1])
    assert "accepted before" in world.ctl(*args, lang="en")
    other = world.ctl(*args, "--drill", check=False)
    assert other.returncode == 1 and "--key: " in other.stderr
    wait_for("three acknowledged", lambda: show(world, alert)["levels"][3] == 3)
    page = world.ctl("alert", "show", str(alert), "--targets", "--messages", "--events", lang="en")
    assert len(re.findall(r"^~ .*acknowledged", page, re.M)) == 3
    assert re.search(r"\+999\S*\*{4}\S+ +sms +\w+ .* pretend ", page) and "accepted" in page
    for code in world.district.villages[:3]:
        assert "done" in world.ctl("ack", str(alert), "--division", code, "--level", "5", "--name",
                                   "张三", "--note", "door to door", lang="en")
    block = world.ctl("alert", "watch", str(alert), "--until-closed", lang="en")
    assert "satisfied" in block and "3 of 3 done (100%)" in block
    assert re.search(r"^\+ .* %s +done +张三" % village, block, re.M)
    assert world.ctl("alert", "list", "--open", lang="en") == "no alerts\n"


def test_a_callout_a_cancelling_and_a_refusal(world):
    params = ["--param", "event=山洪", "place=青石河谷", "min=15"]
    said = world.ctl("callout", "--role", "duty_officer", "--division", COUNTY, *params, lang="en")
    alert = int(re.match(r"alert (\d+) \w+ accepted under key ctl-", said)[1])
    assert show(world, alert)["policy"] == "duty.callout"
    said = world.ctl("alert", "cancel", str(alert), "--note", "over", lang="en")
    assert "alert %d is cancelled; nobody is told" % alert in said
    assert show(world, alert)["state"] == "cancelled"
    for args, field in [(["send", "nope", "--division", COUNTY, *SEND], "TEMPLATE: "),
                        (["send", "flood.move", "--division", "990999", *SEND], "--division: "),
                        (["alert", "show", "999"], "999"), (["task", "close", "999", "--note", "x"],
                                                           "999")]:
        refused = world.ctl(*args, check=False, lang="en")
        assert refused.returncode == 1 and field in refused.stderr, refused


def test_a_task_is_listed_and_closed(world):
    people(world, "-")          # silent: the county's step of the ladder is a task
    time.sleep(1.5)             # gong-sim looks at the file once a second
    world.ctl("send", "flood.move", "--division", world.district.villages[4], *SEND)
    tasks = wait_for("a task at the desk", lambda: json.loads(
        world.ctl("--json", "task", "list"))["tasks"], 20)
    number = str(tasks[0]["id"])
    assert "1个未应答" in tasks[0]["text"] and tasks[0]["text"] in world.ctl("task", "list", lang="zh")
    assert "1 silent" in world.ctl("task", "list", lang="en")
    assert world.ctl("task", "close", number, "--note", "spoke to 张三", lang="en") == \
        "task %s is closed\n" % number
    closed = [t for t in json.loads(world.ctl("--json", "task", "list", "--all"))["tasks"]
              if str(t["id"]) == number]
    assert closed[0]["note"] == "spoke to 张三" and closed[0]["closed_at"]


def test_watch_goes_on_over_a_kill_9(world):
    said = world.ctl("send", "flood.move", "--division", world.district.villages[5], *SEND, lang="en")
    alert = re.match(r"alert (\d+)", said)[1]
    watch = subprocess.Popen([os.path.join(BUILD, "gongctl"), "--lang", "en", "--config", world.conf,
                              "alert", "watch", alert, "--until-closed", "--interval", "100ms"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        first = watch.stdout.readline().decode()
        assert first.startswith("alert %s " % alert), watch.stderr.read()
        world.kill()
        world.start()
        world.ctl("alert", "cancel", alert, "--note", "over")
        text, errors = watch.communicate(timeout=20 * SLOW)
    finally:
        watch.kill()
        watch.wait(5)
    assert watch.returncode == 0 and b"cancelled" in text, (text, errors)


def test_a_place_is_taken_by_its_name_and_a_wrong_code_asked_back(world):
    found = world.api("GET", "/v1/divisions?find=" + COUNTY)
    assert found[0] == 200, found
    assert [p["code"] for p in found[1]["divisions"]] == [COUNTY] and found[1]["more"] is False
    county = found[1]["divisions"][0]["name"]
    village = world.district.villages[0]
    name = world.api("GET", "/v1/divisions?find=" + village)[1]["divisions"][0]["name"]
    by_name = world.ctl("--json", "alert", "list", "--division", county)
    assert by_name == world.ctl("--json", "alert", "list", "--division", COUNTY)
    plan = world.ctl("send", "flood.move", "--division", name, *SEND, "--dry-run", lang="zh", check=False)
    assert plan.returncode == 0 and "1 个叫应对象" in plan.stdout
    assert "%s %s" % (village, name) in plan.stderr
    for given, said in ((COUNTY[:5] + "9", "did you mean %s %s?" % (COUNTY, county)),
                        (village[:-1] + "9", "did you mean " + world.district.villages[0]),
                        (county[:2], "did you mean %s %s?" % (COUNTY, county)), ("Atlantis", "no place of that name")):
        wrong = world.ctl("send", "flood.move", "--division", given, *SEND, "--dry-run", lang="en", check=False)
        assert wrong.returncode in (1, 2) and said in wrong.stderr, (given, wrong)
    assert world.api("GET", "/v1/divisions?find=")[0] == 422
    assert world.api("GET", "/v1/divisions?find=%27%20OR%201")[1]["divisions"] == []


def test_the_places_with_nobody_to_call_come_first(world):
    """One village whose people are all gone from the list: its name stands above the plan."""
    with open(world.path("one.csv"), "w", encoding="utf-8") as f:
        f.write("code,name,level,parent\n990121001099,空空村（东）,village,990121001\n")
    world.ctl("import", "divisions", world.path("one.csv"))
    for extra in (["--dry-run"], []):
        p = subprocess.run([os.path.join(BUILD, "gongctl"), "--lang", "zh", "--config", world.conf, "send", "flood.move",
                            "--division", "990121001", *SEND, *extra], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=20 * SLOW, env=dict(os.environ, LC_ALL="C.UTF-8"))
        lines = p.stdout.decode().splitlines()
        assert p.returncode == 0 and re.search(r"无人可叫:1 个\(共 \d+ 个地区\)", lines[0]), lines
        assert lines[1] == "  空空村（东） 990121001099", lines


def test_so_do_they_of_an_alert_without_a_ladder(world):
    """What is told once, too: whoever holds none of the roles there, and who has no number for it."""
    def send(*args):
        p = world.ctl("--json", "send", "flood.move", "--severity", "red", "--param", "route=x", "--param", "shelter=y",
                      *args, lang="zh", check=False)
        assert p.returncode == 0, p
        return json.loads(p.stdout)
    place = next(d[0] for d in world.district.divisions if d[0].startswith("990121001") and len(d[0]) == 12)
    with open(world.path("two.csv"), "w", encoding="utf-8") as f:
        f.write("code,name,level,parent\n990121001098,静静村,village,990121001\n990121001097,电话村,village,990121001\n")
    world.ctl("import", "divisions", world.path("two.csv"))
    with open(world.path("two-people.csv"), "w", encoding="utf-8") as f:
        f.write("id,name,phone,role,division,sms\nonly-voice,只接电话,+999177000001,village_chief,990121001097,no\n"
                "only-sms,只收短信,+999177000002,household,990121001098,yes\n")
    world.ctl("import", "contacts", world.path("two-people.csv"))
    once = ["--division", "990121001", "--role", "village_chief"]
    for extra in (["--dry-run"], []):
        said = send(*once, "--division", "990121001097", *extra)
        gone = {p["code"] for p in said["nobody"]}
        assert {"990121001097", "990121001098"} <= gone and place not in gone and said["places"] > len(gone), said
        assert {p["code"] for p in send(*once, "--role", "household", *extra)["nobody"]} == gone - {"990121001098"}
        both = send(*once, "--without-division", "990121001097", *extra)
        assert {p["code"] for p in both["nobody"]} == gone - {"990121001097"} and both["places"] == said["places"] - 1
        above = send("--division", place, "--role", "township_officer", *extra)     # who is told has his post elsewhere
        assert [p["code"] for p in above["nobody"]] == [place] and above["places"] == 1, above
    text = world.ctl("send", "flood.move", "--severity", "red", "--param", "route=x", "--param", "shelter=y", *once,
                     lang="zh", check=False)
    assert re.search(r"无人可叫:\d+ 个\(共 \d+ 个地区\)", text.stderr) and "静静村 990121001098" in text.stderr, text


def test_texts_ladders_and_roles_are_shown_as_they_are_in_force(world):
    listed = world.ctl("template", "list", lang="en")
    assert re.search(r"^warn\.rain +Rain warning +1/1 +\d+/\d+ +01 +call\.red, call\.orange", listed, re.M), listed
    shown = world.ctl("template", "show", "warn.rain", lang="zh")
    assert "暴雨红色预警：上清东湾社区" in shown and "1条,68个单位,要求回复 01" in shown, shown
    assert world.ctl("template", "lint", lang="en").endswith(" templates, 0 findings\n")
    assert re.search(r"^call\.red +红色叫应 +village +acknowledged ", world.ctl("policy", "list", lang="en"), re.M)
    ladder = world.ctl("policy", "show", "move.now", lang="en")
    assert re.search(r"^  \| +told +Township duty desk, Township principal +sms, voice +township\.move ", ladder, re.M), ladder
    assert re.search(r"^\S+ +out after 30 min +Village principal +sms, voice +move\.ask +below 5", ladder, re.M), ladder
    zh = world.ctl("policy", "show", "move.now", lang="zh")
    assert re.search(r" 30分钟问撤离 ", zh) and "报警人、" in zh and not re.search(r"\b(out30|duty_officer|asker)\b", zh), zh
    roles = world.ctl("role", "list", lang="zh")
    assert re.search(r"^村级备用责任人 +村.* village_deputy$", roles, re.M), roles
    assert "family warner: Local warner (gong, whistle, siren), Disaster information officer\n" in world.ctl("role", "list", lang="en")
    by_title = world.ctl("--json", "contact", "find", "--role", "灾害信息员", "--limit", "3", lang="zh")
    assert json.loads(by_title)["contacts"] and by_title == world.ctl("--json", "contact", "find", "--role",
                                                                      "info_officer", "--limit", "3", lang="zh")
    wrong = world.ctl("template", "show", "warn.rian", check=False, lang="en")
    assert wrong.returncode == 1 and "do you mean" in wrong.stderr and "warn.rain" in wrong.stderr, wrong
    told = world.ctl("send", "flood.move", "--division", "990121001", "--severity", "red", "--role", "warner",
                     "--dry-run", lang="zh", check=False)
    assert told.returncode == 0 and "只告知一次" in told.stderr, told


def test_a_place_is_changed_and_what_was_and_is_are_shown(world):
    place, name = next(d[:2] for d in world.district.divisions if len(d[0]) == 12)

    def edit(*args, lang="en", check=True):
        return world.ctl("division", "edit", *args, lang=lang, check=check)
    text = edit(place, "--param", "shelter=新村小学", "--param", "route=东路", "--name-en", "Upper Mill")
    assert text.splitlines()[0] == place and re.search(r"^  shelter: .* → 新村小学$", text, re.M), text
    assert "  English name: - → Upper Mill\n" in text or "→ Upper Mill" in text, text
    assert edit(place, "--param", "shelter=新村小学") == place + ": nothing changed\n"
    text = edit(name, "--param", "route=", "--note", "洪水冲断", lang="zh")          # by its name, as it is said
    assert text == place + "\n  route: 东路 → -\n", text
    shown = world.ctl("division", "show", name, lang="zh")
    assert shown.startswith(place) and "shelter = 新村小学" in shown and "route" not in shown, shown
    assert json.loads(world.ctl("--json", "division", "edit", place, "--name", name))["changed"] == {}
    for args, said in (([place], "--name、--name-en 或 --param"), (["999999", "--name", "x"], "代码"),
                       (["亚特兰蒂斯", "--name", "x"], "没有叫这个名称的地区"), ([place, "--param", "x"], "名称=值")):
        wrong = edit(*args, lang="zh", check=False)
        assert wrong.returncode in (1, 2) and said in wrong.stderr, wrong
    assert world.rows("SELECT 1 FROM audit WHERE detail LIKE '%洪水冲断%'")


def test_a_name_with_wide_brackets_is_a_name(world):
    for given in ("空空村（东）", "９９０１２１００１０９９"):
        plan = world.ctl("send", "flood.move", "--division", given, *SEND, "--dry-run", lang="zh", check=False)
        assert plan.returncode == 0 and "1 个叫应对象" in plan.stdout, plan


def test_a_misspelt_name_is_answered_with_the_near_one(world):
    for args, said in ((["flood.mvoe", *SEND], "flood.move"), (["flood.move", "--severity", "red", "--policy", "mvoe.now"],
                                                               "move.now"),
                       (["flood.move", "--severity", "red", "--role", "wanrer"], "warner"),
                       (["elephant", *SEND], "gongctl template list")):
        for lang in ("en", "zh"):
            wrong = world.ctl("send", *args, "--division", COUNTY, check=False, lang=lang)
            assert wrong.returncode == 1 and said in wrong.stderr, wrong
    wrong = world.ctl("route", "test", "pretent", check=False, lang="zh")
    assert wrong.returncode == 1 and "是不是“pretend”" in wrong.stderr
