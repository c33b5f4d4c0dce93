"""The inbox: every text that comes in, with what gong made of it, and what the desk decides."""
import json
import re
import threading

import pytest

from harness import World, wait_for
from mail import MailWorld

CLIENTS = (("here", "read, send", "divisions = {990121001}"), ("desk", "read, send", ""),
           ("there", "read, send", "divisions = {990121100}"), ("viewer", "read", ""),
           ("driller", "read, send", "drill_only = true"))
STRANGER = "+999399990001"
CHIEF, OTHER = "village_chief-990121001001-1", "village_chief-990121100001-1"


@pytest.fixture(scope="module")
def world():
    w = MailWorld(CLIENTS, name="inbox")
    with w.begun():
        w.alert_id = w.ask("rain", "990121")
        yield w


def do(world, client, ident, verb, body, lang="en"):
    return world.as_client(client, "POST", "/v1/inbox/%d/%s" % (ident, verb), body, lang)


def refused(answer, status, field, *words):
    assert answer[0] == status, answer
    assert answer[1].get("field") == field, answer
    for word in words:
        assert re.search(word, answer[1]["detail"]), (word, answer)


def row(world, ident):
    return next(i for i in world.inbox() if i["id"] == ident)


def target(world, code, alert=None):
    targets = world.api("GET", "/v1/alerts/%d/targets" % (alert or world.alert_id))[1]["targets"]
    return next(t for t in targets if t["division"] == code)


def test_every_text_stands_there_with_what_gong_made_of_it(world):
    known = world.write(world.phone(CHIEF), "3人被困在学校")
    stranger = world.write(STRANGER, "我家被淹了 快来人")
    missed = world.write(STRANGER)
    assert known["contact"] == CHIEF and known["person"] and known["text"] == "3人被困在学校"
    assert known["alert"] == world.alert_id and known["alert_code"] and known["kind"] == "sms"
    assert known["decided_by"] is None and known["open"] is True and known["route"] == "mail"
    assert known["posts"][0]["role"] == "village_chief"
    assert stranger["contact"] is None and stranger["alert"] is None and stranger["open"] is True
    assert missed["kind"] == "missed_call" and missed["text"] is None
    assert re.match(r"\+9993\d*\*{4}\d{4}$", stranger["number"]), "numbers are masked"
    assert known["meaning"] == "help" and known["rule"] == "danger" and known["task"]
    closed = world.api("POST", "/v1/tasks/%d/close" % known["task"], {"note": "救援已到"})
    assert closed[0] == 200 and row(world, known["id"])["open"] is False, "it was dealt with"
    assert row(world, stranger["id"])["number"] == stranger["number"]
    plain = next(i for i in world.inbox("?unmasked=1") if i["id"] == stranger["id"])
    assert plain["number"] == STRANGER
    refused(world.as_client("desk", "GET", "/v1/inbox?unmasked=1"), 403, "unmasked")


def test_a_number_in_no_list_is_answered_by_a_person_who_says_why(world):
    number = "+999399990042"
    text = world.write(number, "桥头那边水好大")
    assert text["contact"] is None
    body = {"text": "您在哪个村?", "name": "李伟", "note": "不在名单,问位置", "alert": world.alert_id}
    refused(do(world, "desk", text["id"], "answer", dict(body, alert=None)), 422, "/alert")
    refused(do(world, "here", text["id"], "answer", body), 403, None)
    status, answer = do(world, "desk", text["id"], "answer", body)
    assert status == 200 and answer["answered_by"] == "李伟 (desk)", answer
    wait_for("the text to leave", lambda: any(s.get("to") == number and "您在哪个村" in s.get("text", "")
                                              for s in world.sent()))
    assert row(world, text["id"])["answered_by"] == "李伟 (desk)"
    refused(do(world, "desk", text["id"], "answer", body), 409, "/again")
    # what he writes then is seen to belong to the same person, and is a task
    more = world.write(number, "柳溪桥头")
    assert more["contact"] == "inbox-%d" % text["id"] and more["task"] and more["open"] is True
    assert do(world, "desk", more["id"], "answer", {"text": "往高处走", "alert": world.alert_id})[0] == 200
    # he is in no audience: an import leaves him alone, and a request cannot name him
    status, answer = world.api("POST", "/v1/alerts", {
        "key": "to-the-stranger", "template": "notice.text", "severity": "blue",
        "params": {"text": "x"}, "audience": {"contacts": [more["contact"]]}})
    assert status == 422, answer


def test_a_plain_nine_names_its_task(world):
    text = world.write(world.phone("village_chief-990121100003-1"), "9")
    assert text["meaning"] == "help" and text["task"], text
    tasks = world.api("GET", "/v1/tasks?open=1")[1]["tasks"]
    assert [t["kind"] for t in tasks if t["id"] == text["task"]] == ["help"]
    late = world.write(world.phone("village_chief-990121100003-1"), "1 但有3人被困")
    assert late["meaning"] == "acknowledged" and late["task"] == text["task"], "it grew"


def test_it_comes_in_pages_newest_first_and_by_filter(world):
    everything = world.inbox()
    ids = [i["id"] for i in everything]
    assert ids == sorted(ids, reverse=True) and len(ids) >= 3
    first = world.api("GET", "/v1/inbox?limit=2")[1]
    rest = world.api("GET", "/v1/inbox?after=" + first["next"])[1]
    assert [i["id"] for i in first["inbox"] + rest["inbox"]] == ids and rest["next"] is None
    assert {i["contact"] for i in world.inbox("?contact=" + CHIEF)} == {CHIEF}
    assert {i["alert"] for i in world.inbox("?alert=%d" % world.alert_id)} == {world.alert_id}
    code = world.alert(world.alert_id)["code"]
    assert world.inbox("?alert=" + code) == world.inbox("?alert=%d" % world.alert_id)
    assert world.inbox("?since=%d" % (everything[0]["received_at"] + 1)) == []
    assert everything[0] in world.inbox("?since=%d" % everything[0]["received_at"])
    for query, field in (("contact=nobody", "contact"), ("alert=x", "alert"), ("since=x", "since"),
                         ("state=sent", "state"), ("open=maybe", "open")):
        refused(world.api("GET", "/v1/inbox?" + query, headers={"Accept-Language": "en"}), 422, field)
    assert world.api("GET", "/v1/inbox?alert=4711")[0] == 404


def test_a_text_is_assigned_with_a_level_and_raises_the_place(world):
    text = world.write(world.phone(OTHER), "啥时候来车接哦")
    assert target(world, "990121100001")["level"] == 0
    refused(do(world, "desk", text["id"], "assign", {"level": 3}), 422, "/note", "note")
    refused(do(world, "desk", text["id"], "assign", {"note": "x"}), 422, "/level")
    refused(do(world, "desk", text["id"], "assign", {"note": "x", "level": 3, "outcome": "cannot"}), 422,
            "/level")
    refused(do(world, "desk", text["id"], "assign", {"note": "x", "outcome": "maybe"}), 422, "/outcome")
    status, answer = do(world, "desk", text["id"], "assign",
                        {"level": 3, "note": "电话核实,已知晓", "name": "李伟"})
    assert status == 200 and answer["alert"] == world.alert_id and answer["decided_by"] == "李伟 (desk)"
    assert target(world, "990121100001")["level"] == 3
    decided = row(world, text["id"])
    assert decided["decided_by"] == "李伟 (desk)" and decided["note"] == "电话核实,已知晓"
    assert decided["meaning"] == "acknowledged" and decided["level"] == 3 and decided["open"] is False
    assert decided["rule"] == "desk" and text["id"] not in [i["id"] for i in world.inbox("?open=1")]
    said = [a for a in world.answers(world.alert_id) if a["note"] == "电话核实,已知晓"]
    assert len(said) == 1 and said[0]["source"] == "desk" and said[0]["contact"] == OTHER
    assert said[0]["text"] == "啥时候来车接哦" and said[0]["level"] == 3


def test_two_desks_one_deed(world):
    text = world.write(world.phone("village_chief-990121100002-1"), "啥情况嘛")["id"]
    answers = []
    both = [threading.Thread(target=lambda c=c: answers.append(do(
        world, c, text, "assign", {"level": 3, "note": "by " + c, "name": c + "先生"})))
        for c in ("desk", "there")]
    for t in both:
        t.start()
    for t in both:
        t.join()
    statuses = sorted(a[0] for a in answers)
    assert statuses == [200, 409], answers
    told = next(a[1] for a in answers if a[0] == 409)
    first = next(a[1] for a in answers if a[0] == 200)
    assert first["decided_by"] in told["detail"] and re.search(r"\d\d-\d\d \d\d:\d\d", told["detail"])
    assert len([a for a in world.answers(world.alert_id) if (a["note"] or "").startswith("by ")]) == 1
    refused(do(world, "desk", text, "ignore", {"note": "x"}), 409, "/again", "again")
    refused(do(world, "desk", text, "ignore", {"note": "x"}, "zh"), 409, "/again", "已由")
    assert do(world, "desk", text, "ignore", {"note": "误触", "again": True})[0] == 200
    assert row(world, text)["note"] == "误触"


def test_a_place_and_a_strangers_word(world):
    text = world.write(STRANGER, "清东湾都撤完了,我是张支书的儿子")["id"]
    refused(do(world, "desk", text, "assign", {"level": 5, "note": "x"}), 422, "/alert", "alert")
    body = {"level": 5, "note": "来电核实", "alert": world.alert(world.alert_id)["code"]}
    refused(do(world, "desk", text, "assign", body), 422, "/contact", "contact|division")
    refused(do(world, "desk", text, "assign", dict(body, contact="nobody")), 422, "/contact", "nobody")
    refused(do(world, "desk", text, "assign", dict(body, division="990121")), 422, "/division")
    refused(do(world, "desk", text, "assign", dict(body, contact=CHIEF, division="990121001002")), 422,
            "/division")
    refused(do(world, "desk", text, "assign", dict(body, contact="duty_officer-990121-1")), 422,
            "/contact", "not called")
    refused(do(world, "desk", text, "assign", dict(body, alert=4711)), 422, "/alert", "4711")
    refused(do(world, "desk", text, "assign", dict(body, alert="!")), 422, "/alert")
    assert do(world, "desk", text, "assign", dict(body, division="990121001002"))[0] == 200
    t = target(world, "990121001002")
    assert t["level"] == 5 and re.match(r"\+9993\d*\*{4}0001$", t["by"]), "whose word it was"
    said = world.answers(world.alert_id)[-1]
    assert said["text"] == "清东湾都撤完了,我是张支书的儿子" and said["heard_from"] == t["by"]


def test_what_is_no_answer_is_kept_without_a_level(world):
    text = world.write(world.phone(CHIEF), "N side bridge gone, 2 trapped")
    level = target(world, "990121001001")["level"]
    assert do(world, "desk", text["id"], "assign", {
        "outcome": "none", "note": "路况,已转交通", "alert": world.alert_id})[0] == 200
    assert target(world, "990121001001")["level"] == level
    assert world.answers(world.alert_id)[-1]["meaning"] == "none"
    help_ = world.write(world.phone(CHIEF), "快快快来人人")["id"]
    before = len([t for t in world.api("GET", "/v1/tasks?open=1")[1]["tasks"] if t["kind"] == "help"])
    assert do(world, "desk", help_, "assign", {
        "outcome": "help", "note": "求助", "alert": world.alert_id})[0] == 200
    tasks = [t for t in world.api("GET", "/v1/tasks?open=1")[1]["tasks"] if t["kind"] == "help"]
    assert len(tasks) == before + 1 or before, tasks


def test_ignoring_needs_a_reason_too(world):
    text = world.write(STRANGER, "恭喜您中奖了")["id"]
    refused(do(world, "desk", text, "ignore", {}), 422, "/note")
    refused(do(world, "desk", text, "ignore", {"note": "x", "level": 3}), 422, "/level")
    assert do(world, "desk", text, "ignore", {"note": "广告"})[0] == 200
    kept = row(world, text)
    assert kept["note"] == "广告" and kept["alert"] is None and kept["open"] is False
    refused(do(world, "desk", 4711, "ignore", {"note": "x"}), 404, None, "4711")
    audit = [json.loads(r["detail"]) for r in world.rows(
        "SELECT detail FROM audit WHERE action = 'inbox.ignore'")]
    assert {"inbox": text, "alert": 0, "name": None, "note": "广告"} in audit


def test_the_desk_writes_back(world):
    who = world.phone(CHIEF)
    text = world.write(who, "要不要把牛也带走")["id"]
    refused(do(world, "desk", text, "answer", {}), 422, "/text")
    refused(do(world, "desk", text, "answer", {"text": "字" * 301}), 422, "/text", "301")
    refused(do(world, "desk", text, "answer", {"text": "a\x07b"}), 422, "/text")
    status, answer = do(world, "desk", text, "answer", {"text": "人先走,牛不要管 🐄", "name": "李伟"})
    assert status == 200 and answer["answered_by"] == "李伟 (desk)", answer
    sent = wait_for("the reply to leave", lambda: [
        s for s in world.sent() if "牛不要管" in s["text"]])
    assert len(sent) == 1 and sent[0]["to"] == who and sent[0]["text"].endswith("人先走,牛不要管 🐄")
    refused(do(world, "there", text, "answer", {"text": "x"}), 403, None)
    refused(do(world, "here", text, "answer", {"text": "x"}), 409, "/again", r"李伟 \(desk\)")
    assert do(world, "here", text, "answer", {"text": "再说一遍:走", "again": True})[0] == 200
    wait_for("the second", lambda: [s for s in world.sent() if "再说一遍" in s["text"]])
    assert row(world, text)["answered_by"] == "here" and row(world, text)["decided_by"] is None
    lost = world.write(STRANGER, "喂")["id"]
    refused(do(world, "desk", lost, "answer", {"text": "您是谁"}), 422, "/name", "call back", '"note"')
    refused(do(world, "desk", lost, "answer", {"text": "您是谁", "name": "李伟"}), 422, "/note", "call back")


def test_a_power_cut_loses_no_decision_and_sends_nothing_twice(world):
    text = world.write(world.phone(OTHER), "停电了怎么办")["id"]
    assert do(world, "desk", text, "answer", {"text": "用手摇报警器", "alert": world.alert_id})[0] == 200
    world.kill()
    world.start()
    wait_for("everything to be settled", world.settled)
    assert row(world, text)["answered_by"] == "desk"
    reply = [m for m in world.messages() if "手摇" in (m["body"] or "")]
    assert len(reply) == 1 and reply[0]["state"] in ("sent", "uncertain")
    assert len([s for s in world.sent() if "手摇" in s["text"]]) <= 1


def test_who_is_limited_sees_and_decides_his_own_only(world):
    mine = world.write(world.phone("village_chief-990121001003-1"), "呃呃呃")["id"]
    lost = world.write(STRANGER, "哪位")["id"]
    here = {i["id"] for i in world.as_client("here", "GET", "/v1/inbox")[1]["inbox"]}
    there = {i["id"] for i in world.as_client("there", "GET", "/v1/inbox")[1]["inbox"]}
    whole = {i["id"] for i in world.as_client("desk", "GET", "/v1/inbox")[1]["inbox"]}
    assert mine in here and mine not in there and lost not in here | there and {mine, lost} <= whole
    assert not here & there
    assert lost not in {i["id"] for i in world.as_client("driller", "GET", "/v1/inbox")[1]["inbox"]}
    for verb, body in (("assign", {"level": 3, "note": "x"}), ("ignore", {"note": "x"}),
                       ("answer", {"text": "x"})):
        refused(do(world, "there", mine, verb, body), 403, None, "there")
        refused(do(world, "viewer", mine, verb, body), 403, None, "send")
        refused(do(world, "here", lost, verb, dict(body, alert=world.alert_id) if verb != "ignore" else body),
                403, None, "here")
        refused(do(world, "driller", mine, verb, body), 403, None)
    assert row(world, mine)["decided_by"] is None and row(world, lost)["decided_by"] is None
    refused(do(world, "here", mine, "assign", {"level": 3, "note": "x", "division": "990121100001"}), 403,
            "/division")
    assert do(world, "here", mine, "assign", {"level": 3, "note": "本镇核实"})[0] == 200


def test_what_a_driver_tells_before_it_is_ready_is_taken():
    """A modem that is set up tells what lies on its SIM; it must not lie there until it is told again."""
    with World() as world:
        world.write_to(*(dict(ev="inbound", id="i%d" % i, text="桥断了", at=1900000000000, **{
            "from": "+99955500%03d" % i}) for i in range(3)), late=True)
        world.start()
        wait_for("the route to be ready", lambda: [r for r in world.api("GET", "/v1/routes")[1]["routes"]
                                                   if r["name"] == "writer" and r["state"] == "up"])
        assert len(world.rows("SELECT * FROM inbound")) == 3
