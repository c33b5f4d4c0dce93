"""What the desk is told is so: an answer that changes nothing is not called booked, a cry stays open,
and whoever replaces an alert reads what becomes of it."""
import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from harness import wait_for
from mail import MailWorld

CHIEF = "village_chief-99012100100%d-1"
HERE = "990121001"
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def world():
    w = MailWorld(name="truth")
    with w.begun():
        yield w


def ack(world, alert, **body):
    return world.api("POST", "/v1/alerts/%s/acks" % alert, body, {"Accept-Language": "zh"})


def test_a_cry_or_no_leads_to_its_task_and_a_cry_stays_open(world):
    alert = world.ask("cries", "990121")
    cry = world.write(world.phone(CHIEF % 1), "求救")
    no = world.write(world.phone(CHIEF % 2), "0\n路断了")
    both = world.write(world.phone(CHIEF % 3), "1 但有3人被困")
    tasks = {t["id"]: t for t in world.api("GET", "/v1/tasks?open=1")[1]["tasks"]}
    for text, kind, is_open in ((cry, "help", True), (no, "cannot", False), (both, "help", True)):
        assert tasks[text["task"]]["kind"] == kind and tasks[text["task"]]["alert"] == alert, text
        assert text["open"] is is_open and text["at"] is None, text
    assert both["level"] == 3 and both["meaning"] == "acknowledged"
    assert "「0 路断了」" in world.ctl("task", "list")        # its lines are one, and nobody asked
    assert {t["id"] for t in world.inbox("?open=1")} == {cry["id"], both["id"]}
    for text in (cry, both):
        assert world.api("POST", "/v1/tasks/%d/close" % text["task"], {"note": "已派船"})[0] == 200
    assert world.inbox("?open=1") == []


@pytest.mark.parametrize("blank", [" ", "   ", "\u3000\u3000", "\u00a0 \u200b", "\n"])
def test_a_note_of_blanks_is_none(world, blank):
    status, answer = ack(world, 1, division=HERE + "001", level=3, name="张三", note=blank)
    assert status == 422 and answer["field"] == "/note", answer
    status, answer = ack(world, 1, division=HERE + "001", level=3, name=blank, note="电话")
    assert status == 422 and answer["field"] == "/name", answer


def test_whoever_replaces_reads_what_becomes_of_the_old_one(world):
    old = world.ask("old", "990121")
    code = world.alert(old)["code"]
    order = ["send", "flood.move", "--division", HERE, "--severity", "red", "--policy", "ask",
             "--replaces", code]
    for more, lang in ((["--dry-run"], "en"), ([], "zh")):
        said = world.ctl(*order, *more, lang=lang).splitlines()[-1]
        assert code in said and re.search(r"\b3\b.*%s001, %s002, %s003.*\b3\b" % (HERE, HERE, HERE), said), said
    new = world.api("GET", "/v1/alerts?limit=1")[1]["alerts"][0]
    assert new["replaces"] == old
    text = world.write(world.phone(CHIEF % 1), "水位怎样 A")
    # what has moved is not booked with the old one, by whatever door
    for body in (dict(division=HERE + "001", level=3, name="张三", note="电话"),
                 dict(contact=CHIEF % 1, level=3, note="电话")):
        status, answer = ack(world, old, **body)
        assert status == 409 and new["code"] in answer["detail"], answer
    for body in (dict(division=HERE + "001"), dict(contact=CHIEF % 1)):
        status, answer = world.api("POST", "/v1/inbox/%d/assign" % text["id"],
                                   dict(body, alert=code, level=3, note="x"))
        assert status == 409 and new["code"] in answer["detail"], answer
    targets = world.api("GET", "/v1/alerts/%d/targets" % new["id"])[1]["targets"]
    assert [t["level"] for t in targets] == [0, 0, 0]
    assert ack(world, new["code"], division=HERE + "001", level=3, name="张三", note="电话")[1]["counts"] is True
    # the rest of the old one goes on
    for who in (dict(division="990121100001", name="张三"), dict(contact="village_chief-990121100002-1")):
        assert ack(world, old, level=3, note="电话", **who)[0] == 200
    targets = world.api("GET", "/v1/alerts/%d/targets" % old)[1]["targets"]
    assert [t["level"] for t in targets if t["division"].startswith("990121100")] == [3, 3, 0]


def test_an_answer_to_what_is_over_is_kept_and_said_to_change_nothing(world):
    alert = world.ask("over", HERE)
    assert world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "错发"})[0] == 200
    said = world.ctl("ack", str(alert), "--division", HERE + "001", "--level", "5", "--name", "张三",
                     "--note", "电话")
    assert "等级保持不变" in said
    assert ack(world, alert, division=HERE + "001", level=5, name="张三", note="电话")[1]["counts"] is False
    targets = world.api("GET", "/v1/alerts/%d/targets" % alert)[1]["targets"]
    assert [t["level"] for t in targets] == [0, 0, 0]
    wait_for("both are kept", lambda: len(world.answers(alert)) == 2)


def test_a_no_to_what_is_over_asks_nobody_to_find_another(world):
    stands, over = world.ask("stands", HERE), world.ask("gone", "990121100")
    code = world.alert(over)["code"]
    assert world.api("POST", "/v1/alerts/%d/cancel" % over, {"note": "错发"})[0] == 200
    chief, other = "village_chief-990121100001-1", "village_chief-990121100002-1"
    written = world.write(world.phone(chief), "0 " + code)
    assert (written["alert"], written["meaning"], written["task"]) == (over, "cannot", None), written
    assert ack(world, over, contact=other, outcome="cannot", note="电话")[1]["counts"] is False
    cry = world.write(world.phone(chief), "9 " + code)
    assert cry["meaning"] == "help" and cry["open"] is True, cry
    assert ack(world, stands, contact=CHIEF % 3, outcome="cannot", note="电话")[0] == 200
    kinds = [(t["alert"], t["kind"]) for t in world.api("GET", "/v1/tasks?open=1")[1]["tasks"]
             if t["alert"] in (stands, over) and t["kind"] in ("cannot", "help")]
    assert sorted(kinds) == sorted([(over, "help"), (stands, "cannot")]), kinds


def test_a_refused_filter_is_named_as_it_was_typed(world):
    for command in (["alert", "list"], ["inbox"]):
        for lang, said in (("zh", "也不是时刻"), ("en", "nor an instant")):
            for when in ("上周", "24:00", "2026-02-30"):
                p = world.ctl(*command, "--since", when, lang=lang, check=False)
                assert p.returncode != 0 and "--since" in p.stderr and said in p.stderr, p.stderr


def test_lists_begin_on_a_day_or_at_a_clock_time(world):
    alert = world.ask("since", HERE)
    text = world.write(world.phone(CHIEF % 1), "水位怎样")
    wait_for("it is in the inbox", lambda: text["id"] in {t["id"] for t in world.inbox()})
    for command, member, row in ((["alert", "list"], "alerts", alert), (["inbox"], "inbox", text["id"])):
        def listed(when):
            said = json.loads(world.ctl("--json", *command, "--since", when))
            return row in [r["id"] for r in (said[member] if isinstance(said, dict) else said)]
        at = datetime.fromtimestamp((world.alert(alert)["accepted_at"] if member == "alerts" else
                                     text["received_at"]) / 1000, ZONE)
        assert listed(at.strftime("%Y-%m-%d")) and listed(at.strftime("%H:%M"))
        assert listed(at.strftime("%Y-%m-%d %H:%M")) and listed(at.isoformat())
        assert not listed((at + timedelta(days=1)).strftime("%Y-%m-%d"))
