"""What the desk sees of an alert: every answer with who, what and when; the request it was made of;
and the alerts it is looking for, by code, key and filter."""
import re
import time

import pytest

from harness import wait_for
from mail import MailWorld, RAIN

CLIENTS = (("here", "read, send", "divisions = {990121001}"), ("desk", "read, send", ""),
           ("there", "read", "divisions = {990121100}"))
HERE, THERE = "990121001", "990121100"
CHIEF = "village_chief-990121001001-1"


@pytest.fixture(scope="module")
def world():
    w = MailWorld(CLIENTS, name="answers")
    with w.begun():
        yield w


def test_every_answer_says_who_for_what_and_when(world):
    alert = world.ask("all", "990121")
    world.write(world.phone(CHIEF), "收到 请放心")
    world.write(world.phone("village_chief-990121100002-1"), "9")
    world.write(world.phone("village_chief-990121100003-1"))
    path = "/v1/alerts/%d/acks" % alert
    assert world.api("POST", path, dict(division="990121001002", level=5, name="张三",
                                        note="入户见到本人"))[0] == 200
    assert world.api("POST", path, dict(contact="village_chief-990121001003-1", level=3,
                                        note="电话"))[0] == 200
    by_sms, cry, missed, place, person = wait_for("five answers", lambda: (
        lambda a: len(a) == 5 and a)(world.answers(alert)))
    assert by_sms["contact"] == CHIEF and by_sms["person"]
    assert by_sms["text"] == "收到 请放心" and by_sms["source"] == "sms"
    assert by_sms["meaning"] == "acknowledged" and by_sms["level"] == 3
    assert by_sms["posts"][0]["role"] == "village_chief" and by_sms["posts"][0]["place"]
    assert "防汛责任人" in by_sms["posts"][0]["title"]
    assert [p["code"] for p in by_sms["places"]] == ["990121001001"] and by_sms["places"][0]["name"]
    assert by_sms["alert"] == alert and by_sms["alert_code"] == world.alert(alert)["code"]
    assert abs(by_sms["at"] - time.time() * 1000) < 60000 and by_sms["helper"] is False
    assert cry["meaning"] == "help" and cry["level"] == 0 and cry["minutes"] is None
    assert missed["source"] == "missed_call" and missed["text"] is None and missed["level"] == 2
    assert place["contact"] is None and place["source"] == "desk"
    assert place["heard_from"] == "张三" and place["note"] == "入户见到本人"
    assert [p["code"] for p in place["places"]] == ["990121001002"]
    assert person["contact"] == "village_chief-990121001003-1" and person["note"] == "电话"
    targets = world.api("GET", "/v1/alerts/%d/targets" % alert)[1]["targets"]
    first = next(t for t in targets if t["division"] == "990121001001")
    assert first["by_contact"] == CHIEF and first["moved_to"] is None and first["nobody"] is False


def test_they_come_in_pages_and_by_code(world):
    code = world.alert(1)["code"]
    first = world.api("GET", "/v1/alerts/%s/answers?limit=2" % code.lower())[1]
    rest = world.api("GET", "/v1/alerts/%s/answers?limit=1000&after=%s" % (code, first["next"]))[1]
    assert len(first["answers"]) == 2 and len(rest["answers"]) == 3 and rest["next"] is None
    for path in ("/v1/alerts/4711/answers", "/v1/alerts/YY9/answers"):
        assert world.api("GET", path)[0] == 404
    assert world.api("GET", "/v1/alerts/1/answers?after=x")[0] == 400


def test_the_story_is_told_in_words_and_by_name(world):
    def story(lang):
        events = world.api("GET", "/v1/alerts/1/events", headers={"Accept-Language": lang} if lang else {})[1]
        return events["events"]

    english, chinese, both = story("en"), story("zh"), story("")
    by_sms = next(e for e in english if e["what"] == "answer")
    assert by_sms["contact"] == CHIEF and by_sms["person"] and by_sms["person"] in by_sms["text"]
    assert by_sms["text"].endswith("answered: acknowledged (by SMS)")
    assert next(e for e in chinese if e["what"] == "answer")["text"].endswith("应答:确认收到(短信)")
    place = [e for e in english if e["what"] == "answer" and e["detail"]["contact"] == 0]
    where = place[0]["detail"]["division"]
    name = world.rows("SELECT name FROM division WHERE code = ?", int(where))[0]["name"]
    assert place[0]["text"] == "the desk entered for %s: done (heard from 张三)" % name
    assert english[0]["text"] == "accepted from socket:0, orange" and english[0]["detail"]["client"]
    step = next(e for e in english if e["what"] == "step")
    assert step["text"].startswith("step ask: ") and step["code"] == "event_step"
    for e, z, b in zip(english, chinese, both):
        assert re.search("[\u4e00-\u9fff]", z["text"]), z
        own = e["text"].replace(e.get("person") or "-", "").replace(name, "").replace("张三", "")
        assert not re.search("[\u4e00-\u9fff]", own), e
        assert b["text"] == z["text"] + " / " + e["text"], b


def test_who_is_limited_sees_the_answers_of_his_own_places(world):
    here = world.as_client("here", "GET", "/v1/alerts/1/answers")[1]["answers"]
    there = world.as_client("there", "GET", "/v1/alerts/1/answers")[1]["answers"]
    everything = world.as_client("desk", "GET", "/v1/alerts/1/answers")[1]["answers"]
    assert len(here) == 3 and len(there) == 2 and len(everything) == 5
    for answers, inside in ((here, HERE), (there, THERE)):
        assert all(p["code"].startswith(inside) for a in answers for p in a["places"])
    # Roles are titled in the reader's language.
    english = world.as_client("desk", "GET", "/v1/alerts/1/answers")[1]["answers"]
    assert english[0]["posts"][0]["title"] == "Village principal"


HOSTILE = ["‮⁧3人被困⁩", "🆘🌊👨‍👩‍👧‍👦", "<script>alert(1)</script>", "\x1b[31mred\x07bell", "'; DROP TABLE alert; --",
           "水" * 1300, "مرحبا 3", "a\r\nb\tc"]


def test_hostile_texts_stay_texts(world):
    alert = world.ask("hostile", "990121001002")
    who = world.phone("village_chief-990121001002-1")
    for text in HOSTILE:
        world.write(who, text)
    kept = [i["text"] for i in world.inbox()][:len(HOSTILE)][::-1]
    assert kept == HOSTILE
    texts = [a["text"] for a in world.answers(alert)]
    assert HOSTILE[0] in texts and HOSTILE[5] in texts and HOSTILE[2] in texts


def test_the_request_can_be_read(world):
    alert = world.send(key="readable", template="warn.rain", policy="ask", severity="orange",
                       params={"hours": 3, "mm": "80"},
                       params_by_division={"990121001": {"mm": "120"}},
                       audience={"divisions": ["990121001", "990121100001"],
                                 "without_divisions": ["990121001003"],
                                 "without_contacts": ["warner-990121001001-1"]})
    one = world.alert(alert)
    request = one["request"]
    assert request["params"]["mm"] == "80" and request["params"]["hours"] == "3"
    assert request["params_by_division"] == {"990121001": {"mm": "120"}}
    audience = request["audience"]
    assert [d["code"] for d in audience["divisions"]] == ["990121001", "990121100001"]
    assert all(d["name"] for d in audience["divisions"] + audience["without_divisions"])
    assert audience["without_contacts"][0]["ref"] == "warner-990121001001-1"
    assert audience["without_contacts"][0]["name"] and audience["reached"] is False
    assert request["division_count"] == 2 and one["nobody"] == 0 and one["moved"] == 0


def test_a_code_names_an_alert_wherever_its_id_does(world):
    code = world.alert(1)["code"]
    for tail in ("", "/targets", "/messages", "/events", "/answers"):
        assert world.api("GET", "/v1/alerts/%s%s" % (code, tail)) [1] is not None
        assert world.api("GET", "/v1/alerts/%s%s" % (code, tail))[0] == 200, tail
    assert world.api("GET", "/v1/alerts/" + code.lower())[1]["id"] == 1
    alert = world.ask("by code", "990121100001")
    code = world.alert(alert)["code"]
    ack = dict(division="990121100001", level=3, name="李", note="电话")
    assert world.api("POST", "/v1/alerts/%s/acks" % code, ack)[1]["alert"] == alert
    assert world.api("POST", "/v1/alerts/%s/cancel" % code, {"note": "x"})[1]["id"] == alert
    assert world.api("GET", "/v1/alerts/A")[0] == 404


def listed(world, query):
    status, answer = world.api("GET", "/v1/alerts?" + query)
    assert status == 200, answer
    return [a["id"] for a in answer["alerts"]]


def test_alerts_are_found_by_key_and_filter(world):
    since = int(time.time() * 1000) + 1
    time.sleep(0.01)
    drill = world.send(key="same", mode="drill", audience={"divisions": [HERE]}, **RAIN)
    status, other = world.as_client("desk", "POST", "/v1/alerts", dict(
        RAIN, key="same", severity="red", params={"hours": 3, "mm": "80"}, policy=None, audience={
            "divisions": ["990121100001"], "roles": ["village_chief"]}))
    assert status == 202, other
    other = other["id"]
    assert sorted(listed(world, "key=same")) == [drill, other]
    assert listed(world, "key=same&client=desk") == [other]
    assert listed(world, "key=same&mode=drill") == [drill] and listed(world, "key=none") == []
    assert listed(world, "since=%d" % since) == [other, drill]
    iso = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since / 1000 + 3600))
    assert listed(world, "since=" + iso) == []
    assert listed(world, "since=%d&severity=red" % since) == [other]
    assert listed(world, "since=%d&severity=red,orange" % since) == [other, drill]
    assert listed(world, "since=%d&mode=real" % since) == [other]
    assert listed(world, "since=%d&client=desk" % since) == [other]
    # What names the whole township concerns its villages, and the other way round.
    assert listed(world, "since=%d&division=990121001002" % since) == [drill]
    assert listed(world, "since=%d&division=990121100" % since) == [other]
    assert listed(world, "since=%d&division=990121" % since) == [other, drill]
    left_out = listed(world, "division=990121001003")
    assert next(a["id"] for a in world.api("GET", "/v1/alerts?key=readable")[1]["alerts"]) not in left_out
    assert world.api("POST", "/v1/alerts/%d/cancel" % drill, {"note": "x"})[0] == 200
    assert listed(world, "since=%d&state=cancelled" % since) == [drill]
    assert drill not in listed(world, "state=active,exhausted,satisfied,held,expired")
    first = world.api("GET", "/v1/alerts?client=socket:0&limit=1")[1]
    rest = listed(world, "client=socket:0&after=%s" % first["next"])
    assert first["alerts"][0]["id"] == drill and drill not in rest and 1 in rest and other not in rest


@pytest.mark.parametrize("query, field", [
    ("state=lost", "state"), ("state=", "state"), ("state=active,", "state"), ("severity=pink", "severity"),
    ("mode=live", "mode"), ("since=yesterday", "since"), ("since=0", "since"),
    ("since=24:00", "since"), ("since=2:00", "since"), ("since=2026-02-30", "since"), ("division=12", "division"),
    ("client=", "client"), ("key=" + "k" * 140, "key"), ("alert=1", "alert")])
def test_a_filter_that_means_nothing_is_refused_by_name(world, query, field):
    for lang, words in (("en", "use|neither|write|empty|longer|leave"), ("zh", "[一-鿿]")):
        status, p = world.api("GET", "/v1/alerts?" + query, headers={"Accept-Language": lang})
        assert status == 422 and p["field"] == field, p
        assert re.search(words, p["detail"]), p
