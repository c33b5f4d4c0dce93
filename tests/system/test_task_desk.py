"""What a desk does with its tasks: takes one, writes to it, hands it over, closes it; and what a
second desk that presses the same button is told."""
import json
import re

import pytest

from district import District
from harness import World, wait_for

SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms}
 option "simulation" { value = "true" }
 option "people" { value = "%s" }
}
'''
CLIENTS = "".join('''client "%s" {
	token_file = "%s.token"
	up_to = red
	may = {%s}
	%s
}
''' % (name, name, may, more) for name, may, more in (
    ("desk", "read, send", ""), ("other", "read, send", ""), ("viewer", "read", ""),
    ("here", "read, send", "divisions = {990121001}"),
    ("there", "read, send", "divisions = {990121100}")))
RAIN = dict(template="warn.rain", policy="call.orange", severity="orange",
            params={"hours": 3, "mm": 80, "level": "橙色"})


@pytest.fixture(scope="module")
def world():
    w = World(name="taskdesk", clients=CLIENTS)
    w.routes = SIM % w.path("people")
    w.write_conf()
    with open(w.path("people"), "w", encoding="utf-8") as f:
        for post in District(2, 3).posts:
            if post["id"].startswith("village_chief-990121001"):
                f.write("%s sms 200 9\n" % post["phone"])
        f.write("+999* sms 0 -\n")
    for name in ("desk", "other", "viewer", "here", "there"):
        with open(w.path(name + ".token"), "w", encoding="ascii") as f:
            f.write(name * 8)
    w.start()
    w.load(District(2, 3))
    w.send(key="rain", audience={"divisions": ["990121001"]}, **RAIN)
    wait_for("three calls for help", lambda: len(tasks(w)) == 3)
    yield w
    w.close()


def tasks(world, path="/v1/tasks?open=1"):
    return [t for t in world.api("GET", path)[1]["tasks"] if t["kind"] == "help"]


def task(world, ident):
    return next(t for t in tasks(world, "/v1/tasks") if t["id"] == ident)


def do(world, client, ident, verb, body, lang="en"):
    return world.tcp("POST", "/v1/tasks/%d/%s" % (ident, verb), body, {"Accept-Language": lang},
                     token=client * 8)


def refused(answer, status, *words):
    assert answer[0] == status, answer
    for word in words:
        assert re.search(word, answer[1]["detail"]), (word, answer)
    return answer[1]


def test_a_task_says_whom_and_what_it_is_about(world):
    t = tasks(world)[0]
    assert t["alert_code"] == world.alert(t["alert"])["code"]
    assert t["contact"].startswith("village_chief-990121001") and t["person"]
    assert t["taken_by"] is None and t["taken_at"] is None and t["closed_by"] is None
    assert isinstance(t["places"], list) and isinstance(t["words"], list) and t["notes"] == []
    assert isinstance(t["urgency"], int) and isinstance(t["count"], int)


def test_of_two_desks_one_takes_it_and_the_other_hears_who_did(world):
    first = tasks(world)[0]["id"]
    status, answer = do(world, "desk", first, "take", {"name": "李伟"})
    assert status == 200 and answer["taken_by"] == "李伟 (desk)", answer
    since = answer["taken_at"]
    p = refused(do(world, "other", first, "take", {"name": "王芳"}), 409, r"李伟 \(desk\)",
                r"\d\d-\d\d \d\d:\d\d", "from")
    assert p["field"] == "/from" and p["values"][1] == "李伟 (desk)"
    refused(do(world, "other", first, "take", {}, "zh"), 409, "已由李伟")
    # Twice by the same hand is once.
    assert do(world, "desk", first, "take", {"name": "李伟"})[1]["taken_at"] == since
    assert task(world, first)["taken_by"] == "李伟 (desk)"
    # Handed over by name, so that nobody takes over from somebody he did not mean.
    refused(do(world, "other", first, "take", {"from": "desk"}), 409, "李伟")
    assert do(world, "other", first, "take", {"name": "王芳", "from": "李伟 (desk)"})[0] == 200
    assert task(world, first)["taken_by"] == "王芳 (other)"
    refused(do(world, "desk", first, "take", {"name": "李伟"}), 409, "王芳")
    story = [e for e in world.api("GET", "/v1/alerts/1/events")[1]["events"]
             if e["what"] == "task_taken"]
    assert [e["detail"]["by"] for e in story] == ["李伟 (desk)", "王芳 (other)"]


def test_it_is_taken_by_the_client_where_nobody_is_named(world):
    second = tasks(world)[1]["id"]
    assert do(world, "desk", second, "take", {})[1]["taken_by"] == "desk"


NOTES = ["张三说桥断了", "مرحبا بالعالم ‏RTL", "🆘🌊👨‍👩‍👧‍👦 家庭", "a \"quoted\" \\ {\"json\":1}]}", "两行\n第二行"]


def test_notes_stand_in_order_and_as_they_were_written(world):
    second = tasks(world)[1]["id"]
    for text in NOTES:
        assert do(world, "desk", second, "note", {"note": text, "name": "李伟"})[0] == 200
    longest = "水" * 333
    assert do(world, "other", second, "note", {"note": longest})[0] == 200
    notes = task(world, second)["notes"]
    assert [n["text"] for n in notes] == NOTES + [longest]
    assert [n["by"] for n in notes] == ["李伟 (desk)"] * len(NOTES) + ["other"]
    assert all(isinstance(n["at"], int) for n in notes)
    for bad, field in (({}, "/note"), ({"note": ""}, "/note"), ({"note": "a\tb"}, "/note"),
                       ({"note": "x" * 1001}, "/note"), ({"note": "x", "name": "a\nb"}, "/name"),
                       ({"note": "x", "from": "y"}, "/from"), ({"note": 7}, "/note")):
        assert refused(do(world, "desk", second, "note", bad), 422)["field"] == field, bad
    assert len(task(world, second)["notes"]) == len(NOTES) + 1


def test_it_is_closed_once_and_the_other_hears_by_whom(world):
    second = tasks(world)[1]["id"]
    refused(do(world, "desk", second, "close", {}), 422, "note")
    assert do(world, "desk", second, "close", {"note": "已派冲锋舟", "name": "李伟"})[0] == 200
    for verb, body in (("close", {"note": "also done"}), ("take", {}), ("note", {"note": "late"})):
        refused(do(world, "other", second, verb, body), 409, r"closed by 李伟 \(desk\) at \d\d-\d\d \d\d:\d\d")
    closed = task(world, second)
    assert closed["note"] == "已派冲锋舟" and closed["closed_by"] == "李伟 (desk)"
    assert closed["notes"][0]["text"] == NOTES[0], "what was written before is kept"
    audit = [json.loads(r["detail"]) for r in world.rows(
        "SELECT detail FROM audit WHERE action = 'task.close'")]
    assert audit == [{"task": second, "name": "李伟", "note": "已派冲锋舟"}]
    refused(do(world, "desk", 4711, "take", {}), 404, "4711")


def test_only_those_it_concerns_touch_it(world):
    third = tasks(world)[-1]["id"]
    for verb, body in (("take", {}), ("note", {"note": "x"}), ("close", {"note": "x"})):
        refused(do(world, "there", third, verb, body), 403, "there")
        refused(do(world, "viewer", third, verb, body), 403, "viewer")
    assert task(world, third)["taken_by"] is None and task(world, third)["notes"] == []
    assert do(world, "here", third, "take", {"name": "镇值班"})[1]["taken_by"] == "镇值班 (here)"


def test_who_is_limited_sees_the_tasks_of_his_own_people(world):
    def seen(client):
        return {t["id"] for t in world.tcp("GET", "/v1/tasks", token=client * 8)[1]["tasks"]}

    def everything():
        return {t["id"] for t in world.api("GET", "/v1/tasks")[1]["tasks"]}

    wait_for("all to be seen", lambda: everything() == seen("desk") == seen("viewer") == everything())
    cries = {t["id"] for t in tasks(world, "/v1/tasks")}
    assert len(cries) >= 3                      # they cry again when thanked
    assert seen("here") >= cries and not seen("there") & cries


def test_it_outlives_a_power_cut(world):
    taken = next(t for t in tasks(world, "/v1/tasks") if t["taken_by"] == "镇值班 (here)")
    world.kill()
    world.start()
    assert task(world, taken["id"])["taken_by"] == "镇值班 (here)"
