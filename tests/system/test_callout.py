"""A callout by SMS and voice: a wrong number, a refusal and a key move it on at once, whoever comes is
named with what he said, and who is not needed hears it (docs/ladder.md)."""
import json

import pytest

from harness import wait_for
from mail import MailWorld

FIRST, SECOND = "dept_head-990121-1", "dept_head-990121-2"
# who has heard of nothing else: what one writes is for what he has
LISTED = ("county_deputy-990121-1", "county_deputy-990121-2", "county_leader-990121-1")
PARAMS = {"event": "山体滑坡", "place": "清东湾村", "min": 30}


@pytest.fixture(scope="module")
def world():
    w = MailWorld(name="callout")
    with open(w.conf, encoding="utf-8") as f:
        text = f.read()
    with open(w.conf, "w", encoding="utf-8") as f:
        f.write(text.replace("channels = {sms}", 'channels = {sms, voice}\n'
                             ' option "channels" { value = "sms,voice" }'))
    with w.begun():
        yield w


def people(world, **numbers):
    """What the telephones of these do: wrong, or keys pressed in a call."""
    known = {world.phone(ref): does for ref, does in numbers.items()}
    with open(world.path("books.numbers"), "w", encoding="utf-8") as f:
        json.dump(known, f)


def call_out(world, key, *refs):
    status, answer = world.api("POST", "/v1/callouts", {"key": key, "contacts": list(refs), "params": PARAMS})
    assert status == 202, answer
    return answer["id"]


def got(world, alert, ref):
    """The channels by which this alert has reached somebody."""
    rows = world.api("GET", "/v1/alerts/%d/messages" % alert)[1]["messages"]
    return {m["channel"] for m in rows if m["contact"] == ref and m["kind"] == "call"
            and m["state"] in ("sent", "delivered")}


def early(world, alert):
    """Steps taken before their time."""
    now = world.alert(alert)
    return [s["name"] for s in now["steps"] if s["taken"] and s["at"] > now["now"]]


def what(world, alert):
    return [e["what"] for e in world.api("GET", "/v1/alerts/%d/events" % alert)[1]["events"]]


def test_a_wrong_number_moves_on_at_once(world):
    people(world, **{FIRST: "wrong"})
    alert = call_out(world, "wrong", FIRST, SECOND)
    wait_for("the second to be told by both", lambda: got(world, alert, SECOND) == {"sms", "voice"})
    assert "unreachable" in what(world, alert) and "deputy" in early(world, alert)
    assert got(world, alert, FIRST) == set()


def test_a_refusal_by_sms_moves_on_at_once(world):
    people(world)
    alert = call_out(world, "sms", FIRST, SECOND)
    wait_for("the first to be told", lambda: "sms" in got(world, alert, FIRST))
    assert got(world, alert, SECOND) == set() and early(world, alert) == []
    world.write(world.phone(FIRST), "0 在外地")
    wait_for("the second to be told by both", lambda: got(world, alert, SECOND) == {"sms", "voice"})
    assert early(world, alert) and world.alert(alert)["coming"] == []
    said = world.ctl("alert", "show", str(alert), lang="en")
    assert "who comes: nobody yet\n" in said
    assert "谁来:尚无人\n" in world.ctl("alert", "show", str(alert), lang="zh")


def test_a_refusal_by_key_moves_on_at_once_and_who_comes_is_named(world):
    people(world, **{FIRST: "0", SECOND: "1"})
    alert = call_out(world, "key", FIRST, SECOND)
    coming = wait_for("the second to come", lambda: world.alert(alert)["coming"])
    assert early(world, alert)
    assert [c["contact"] for c in coming] == [SECOND] and coming[0]["text"] == "1"
    assert coming[0]["source"] == "key" and coming[0]["meaning"] == "coming"
    assert coming[0]["posts"][0]["role"] == "dept_head" and coming[0]["at"] > 0
    name = next(p["name"] for p in world.district.posts if p["id"] == SECOND)
    en, zh = (world.ctl("alert", "show", str(alert), lang=lang) for lang in ("en", "zh"))
    line = next(l for l in en.splitlines() if l.startswith("who comes: "))
    assert name in line and "青石县" in line and '"1", coming' in line, line
    line = next(l for l in zh.splitlines() if l.startswith("谁来:"))
    assert name in line and "“1”,正赶来" in line, line


def test_who_comes_second_is_told_that_he_is_not_needed(world):
    people(world)
    first, second, third = LISTED
    alert = world.send(key="list", template="duty.callout", policy="duty.list", severity="red", params=PARAMS,
                       audience={"contacts": [first, second, third]})
    wait_for("all to be told", lambda: all("sms" in got(world, alert, r) for r in (first, second, third)))
    world.write(world.phone(second), "1 马上到")
    coming = wait_for("him to be named", lambda: world.alert(alert)["coming"])
    assert coming[0]["contact"] == second and coming[0]["text"] == "1 马上到"

    def told(ref):
        return [s for s in world.sent() if s["to"] == world.phone(ref) and
                ("不用来了" in s.get("text", "") or "need not come" in s.get("text", ""))]

    wait_for("the others to be told", lambda: told(first) and told(third))
    world.write(world.phone(third), "1")
    wait_for("both to stand there", lambda: [c["contact"] for c in world.alert(alert)["coming"]] ==
             [second, third])
    world.write(world.phone(second), "2")
    wait_for("him to be there", lambda: world.alert(alert)["coming"][0]["meaning"] == "in_post")
    assert not told(second)
    assert world.alert(alert)["coming"][0]["level"] == 4
    assert len(told(third)) == 2 and len(told(first)) == 1, "who promises after that hears it once more"
    # who cannot after all is not named any more
    world.write(world.phone(third), "0")
    wait_for("one to be left", lambda: [c["contact"] for c in world.alert(alert)["coming"]] == [second])


def test_a_warning_is_no_callout(world):
    people(world)
    assert world.alert(world.ask("rain", "990121"))["coming"] is None
