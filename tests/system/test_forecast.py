"""test_forecast.py -- what a dry run foresees: when each place hears of it, and what would go wrong."""
import os

import pytest

from harness import World, wait_for

POLICY = '''
policy "hasty" {
	targets = village
	until = 3
	deadline = "1m"
	step "chiefs"   { after = "0s" to = {village_chief} channels = {sms} }
	step "again"    { after = "20s" to = {village_chief} channels = {sms} }
	step "thrice"   { after = "30s" to = {village_chief} channels = {sms, voice} }
	step "township" { after = "50m" to = {township_duty} channels = {sms} template = "esc.unanswered" }
}
'''
VILLAGES = 40


def routes(budget=""):
    return '''
route "modem" { driver = "gong-sim" channels = {sms} speed = 0.5 %s config = '{"simulation":true}' }
route "other" { driver = "gong-sim" channels = {sms} speed = 0.5 %s config = '{"simulation":true}' }
''' % (budget, budget)


def plan(world, **more):
    status, answer = world.api("POST", "/v1/alerts?dry_run=1", {
        "template": "warn.rain", "severity": "red", "policy": "hasty",
        "params": {"mm": "80", "hours": "3", "level": "红色"},
        "audience": {"divisions": ["990121103"]}, **more})
    assert status == 200, answer
    return answer


def start(world):
    os.mkdir(world.path("hasty"))
    with open(world.path("hasty/hasty.conf"), "w", encoding="utf-8") as f:
        f.write(POLICY)
    text = open(world.conf, encoding="utf-8").read()
    text = text.replace("policies = {", 'policies = {"%s", ' % world.path("hasty"), 1)
    with open(world.conf, "w", encoding="utf-8") as f:
        f.write(text)
    world.start()
    wait_for("both routes", world.all_up)
    divisions = "code,name\n990121,青石县\n990121103,清东镇\n" + "".join(
        "990121103%03d,村%d\n" % (i, i) for i in range(1, VILLAGES + 1))
    contacts = "id,name,phone,role,division\n" + "".join(
        "c%d,人%d,+99910000%05d,village_chief,990121103%03d\n" % (i, i, i, i)
        for i in range(1, VILLAGES))        # the last village has nobody
    assert world.api("POST", "/v1/import/divisions", divisions.encode())[0] == 200
    assert world.api("POST", "/v1/import/contacts", contacts.encode())[0] == 200


@pytest.fixture(scope="module", name="answer")
def fixture_answer():
    with World(routes=routes(), name="forecast") as world:
        start(world)
        yield plan(world), world


def warned(answer, code):
    return [w for w in answer["warnings"] if w["code"] == code]


def test_a_rung_that_fires_too_early_is_named(answer):
    # 39 texts by two routes of half a part a second: the last at 38 s, the next rung at 20 s
    early = warned(answer[0], "warn_rung_early")
    assert [w["step"] for w in early] == [1, 2], answer[0]["warnings"]
    assert early[0]["values"] == [{"code": "rung_again", "values": []}, "20", "chiefs", "38"]
    assert "again" in early[0]["text"] and "再叫" in early[0]["text_zh"]


def test_a_rung_with_time_enough_is_not(answer):
    assert not [w for w in answer[0]["warnings"] if w["step"] == 3]


def test_a_channel_without_route_is_named(answer):
    assert [w["step"] for w in warned(answer[0], "warn_no_route")] == [2]


def test_targets_with_nobody_are_counted(answer):
    assert warned(answer[0], "warn_nobody")[0]["values"] == ["chiefs", "1"]


def test_a_deadline_that_holds_is_no_warning(answer):
    assert not warned(answer[0], "warn_late")


def test_each_place_has_the_time_of_its_first_call(answer):
    first = answer[0]["first_calls"]
    times = {p["division"]: p["first_ms"] for p in first["places"]}
    assert first["called"] == VILLAGES - 1 and len(times) == VILLAGES - 1
    assert "990121103%03d" % VILLAGES not in times
    assert sorted(times.values()) == [1000 * i for i in range(VILLAGES - 1)]
    assert first["median_ms"] == 19000 and first["last_ms"] == 38000


def test_thanks_are_counted_behind_the_first_texts(answer):
    # of 39 people, by the same two routes: the last of 78 texts
    assert answer[0]["thanks"] == {"messages": VILLAGES - 1, "last_ms": 77000}
    assert answer[0]["ahead"] == {"messages": 0, "thanks": 0}


def test_gongctl_says_so(answer):
    world = answer[1]
    for lang, words in (("zh", "首个通知"), ("en", "first call")):
        out = world.ctl("send", "warn.rain", "--severity", "red", "--policy", "hasty", "--division",
                        "990121103", "--param", "mm=80", "--param", "hours=3", "--param",
                        "level=红色", "--dry-run", lang=lang)
        assert words in out and "! " in out and ("again" if lang == "en" else "再叫") in out
        assert ("if all answer at once: 39 thanks" if lang == "en" else "自动回复39条") in out


def test_what_is_more_urgent_goes_first():
    rain = {"mm": "80", "hours": "3"}
    slow = routes().replace('"simulation":true', '"simulation":true,"latency_ms":600000,"window":1,"batch":1')
    with World(routes=slow, name="forecast") as world:
        start(world)
        first = plan(world, severity="yellow", params=dict(rain, level="黄色"))
        status, red = world.api("POST", "/v1/alerts", {
            "key": "red", "template": "warn.rain", "severity": "red", "policy": "hasty",
            "params": dict(rain, level="红色"), "audience": {"divisions": ["990121103"]}})
        assert status == 202, red
        behind = plan(world, severity="yellow", params=dict(rain, level="黄色"))
        assert behind["ahead"]["messages"] > 20 and behind["ahead"]["thanks"] == 0
        # each text ahead takes a second of both routes
        late = behind["forecast"][0]["first_ms"] - first["forecast"][0]["first_ms"]
        assert abs(late - 1000 * behind["ahead"]["messages"]) <= 100
        before = plan(world, severity="blue", params=dict(rain, level="蓝色"), mode="drill")
        assert before["ahead"]["messages"] > 0
        said = world.ctl("send", "warn.rain", "--severity", "yellow", "--policy", "hasty", "--division",
                         "990121103", "--param", "mm=80", "--param", "hours=3", "--param", "level=黄色",
                         "--dry-run", lang="en")
        assert "messages of other alerts go first" in said
        shown = world.api("GET", "/v1/alerts/%d" % red["id"])[1]["forecast"]
        assert shown["messages"] > 0 and shown["last_ms"] > 0 and shown["ahead"] == 0


def test_budgets_that_bind_are_named():
    with World(routes=routes('budgets = {"2/10m"}'), name="forecast") as world:
        start(world)
        answer = plan(world)
        bound = warned(answer, "warn_budget")
        assert [w["step"] for w in bound] == [2], answer["warnings"]
        assert bound[0]["values"][2:] == ["2", "600"]


def test_a_deadline_too_short_is_named():
    with World(routes=routes().replace("0.5", "0.1"), name="forecast") as world:
        start(world)
        answer = plan(world)
        assert warned(answer, "warn_late")[0]["values"] == ["60", "chiefs", "190"]
