"""What a tired duty officer and a careless client do: nothing of it may harm a running alert."""
import os
import time

import pytest

from district import District
from harness import World, wait_for
from test_life import own_files

SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms, voice}
 option "simulation" { value = "true" }
 option "channels" { value = "sms,voice" }
 option "people" { value = "%s/people" }
 %s
}
'''
FEW = '''client "few" {
	token_file = "few.token"
	up_to = red
	may = {read, send}
	recipients_max = 5
}
'''
RAIN = dict(template="warn.rain", severity="orange", params={"hours": 3, "mm": 80})
SLOW_NETWORK = ' option "window" { value = "1" }\n option "latency_ms" { value = "400" }\n'


def world_with(people="", options="", policies=None, district=None, divisor=1):
    """A started gongd with settings of its own and people who answer as the script says."""
    w = World(clients=FEW, divisor=divisor, name="desk")
    with open(w.path("few.token"), "w", encoding="ascii") as f:
        f.write("few" * 12)
    with open(w.path("people"), "w", encoding="utf-8") as f:
        f.write(people)
    w.routes = SIM % (w.dir, options)
    w.write_conf()
    own_files(w)
    for name, text in (policies or {}).items():
        with open(w.path("policies/%s.conf" % name), "w", encoding="utf-8") as f:
            f.write('policy "%s" {\n title = "%s"\n%s\n}\n' % (name, name, text))
    try:
        w.start()
        w.load(district or District(2, 3))
    except BaseException:
        w.__exit__(Exception, None, None)
        raise
    return w


def notice(key, division="990121", **more):
    return dict(dict(key=key, template="notice.text", severity="yellow", params={"text": "试"},
                     audience={"divisions": [division], "roles": ["village_chief"]}), **more)


def refused(answer, status, *words):
    assert answer[0] == status, answer
    for word in words:
        assert word in answer[1]["detail"] + answer[1].get("field", ""), (word, answer)


def test_a_key_like_that_of_a_cancellation_is_nobodys_but_the_clients():
    with world_with() as world:
        alert = world.send(**notice("cancel-1"))
        assert alert == 1
        status, answer = world.api("POST", "/v1/alerts/1/cancel", {
            "template": "warn.cancel"})
        assert status == 200 and answer["notice"] == 2, answer
        assert world.alert(2)["key"] == "cancel-1" and world.alert(1)["state"] == "cancelled"


def test_a_replacement_that_is_refused_leaves_the_old_alert_alone():
    with world_with(options=SLOW_NETWORK) as world:
        status, old = world.tcp("POST", "/v1/alerts", notice("old", "990121001"), token="few" * 12)
        assert status == 202
        for path in "/v1/alerts", "/v1/alerts?dry_run=1":
            refused(world.tcp("POST", path, notice("new", replaces=old["id"]),
                              token="few" * 12), 422, "/audience", "at most 5")
        wait_for("everybody to be told by the old one", lambda: world.states() == {"sent": 3}, 10)
        assert world.alert(old["id"])["replaced_by"] is None


def test_a_drill_cannot_replace_a_real_alert():
    with world_with() as world:
        real = world.send(**notice("real"))
        drill = world.send(**notice("drill", mode="drill"))
        test = world.send(**notice("test", mode="test"))
        refused(world.api("POST", "/v1/alerts", notice("d", mode="drill", replaces=real)), 422,
                "/mode", "only a real alert")
        refused(world.api("POST", "/v1/alerts", notice("t", mode="test", replaces=real)), 422,
                "/mode")
        refused(world.api("POST", "/v1/alerts", notice("r", replaces=drill)), 422, "/mode",
                "only another drill")
        assert world.alert(real)["state"] == world.alert(drill)["state"] == "exhausted"
        world.send(**notice("d2", mode="drill", replaces=drill))
        world.send(**notice("t2", mode="test", replaces=test))


ASK = '''targets = %s
 until = 3
 %s
 step "ask" { after = "0s" channels = {sms} }
 step "desk" { after = "10m" channels = {console} }'''


def test_the_requests_own_roles_answer_for_their_villages():
    with world_with("* sms 100 1\n", policies={"ask": ASK % ("village", "")}) as world:
        alert = world.send(key="a", policy="ask", **RAIN, audience={
            "divisions": ["990121001"], "roles": ["village_chief", "township_duty"],
            "contacts": ["warner-990121100001-1"]})
        wait_for("three villages to have answered",
                 lambda: world.alert(alert)["state"] == "satisfied", 10)
        assert world.rows("SELECT count(*) AS n FROM target WHERE level = 3")[0]["n"] == 3
        helpers = {r["ref"].split("-")[0] for r in world.rows(
            "SELECT ref FROM contact JOIN answer ON contact = contact.id WHERE helper = 1")}
        assert helpers <= {"township_duty", "warner"}


def test_a_team_may_be_named_by_the_request():
    with world_with("+9991* sms 100 1\n", policies={"crew": ASK % ("team", "quota = 3")}) as world:
        # a team ranks with red, whatever the request says: no word of a colour
        alert = world.send(key="a", policy="crew", template="warn.rain", severity="orange",
                           params={"hours": 3, "mm": 80}, audience={
            "divisions": ["990121001"], "roles": ["grid_worker"],
            "contacts": ["warner-990121100001-1"]})
        wait_for("three of them to have answered",
                 lambda: world.alert(alert)["state"] == "satisfied", 10)


def test_a_person_answers_for_himself_not_for_his_village():
    with world_with(policies={"person": ASK % ("person", "")}) as world:
        alert = world.send(key="a", policy="person", **RAIN, audience={
            "divisions": ["990121001001"], "roles": ["village_chief", "warner"]})
        path, who = "/v1/alerts/%d/acks" % alert, dict(level=3, name="李", note="电话")
        refused(world.api("POST", path, dict(who, division="990121001001")), 422, "/contact")
        assert world.api("POST", path, dict(who, contact="warner-990121001001-1"))[0] == 200
        assert [r["ref"] for r in world.rows("""SELECT ref FROM target JOIN contact
            ON contact.id = target.contact WHERE level = 3""")] == ["warner-990121001001-1"]


def test_a_callout_takes_no_more_people_than_its_policy_calls():
    with world_with() as world:
        people = ["village_chief-990121%03d00%d-1" % (t, v) for t in (1, 100) for v in (1, 2, 3)]
        callout = dict(params={"event": "滑坡", "place": "河谷", "min": 15})
        refused(world.api("POST", "/v1/callouts", dict(callout, key="6", contacts=people)), 422,
                "/contacts", "5 people")
        assert world.api("POST", "/v1/callouts", dict(callout, key="5", contacts=people[:5]))[0] == 202


def test_a_correction_takes_no_policy():
    with world_with() as world:
        old = world.send(**notice("old"))
        reached = dict(RAIN, replaces=old, audience={"divisions": ["990121"], "reached": True})
        refused(world.api("POST", "/v1/alerts", dict(reached, key="p", policy="call.red")), 422,
                "/policy")
        assert world.alert(old)["state"] == "exhausted"


def test_a_helper_of_two_townships_hears_of_both():
    district = District(2, 2)
    here, there = district.townships
    duty = next(p for p in district.posts if p["id"] == "township_duty-%s-1" % here)
    district.posts = [p for p in district.posts
                      if p["role"] != "township_duty" or p["division"] != there]
    district.posts.append(dict(duty, division=there))
    with world_with(district=district, divisor=900) as world:
        alert = world.send(key="a", policy="call.orange", **RAIN,
                           audience={"divisions": ["990121"]})
        wait_for("the helper to be told", lambda: world.rows("""SELECT body FROM variant v
            JOIN message m ON m.variant = v.id JOIN wave w ON w.id = m.wave
            JOIN contact c ON c.id = m.contact WHERE w.alert = ? AND w.channel = 0
            AND body LIKE '%4个村未应答%' AND c.ref = ?""", alert, duty["id"]), 15)


def test_people_who_share_a_telephone_answer_one_after_the_other():
    district = District(1, 2)
    for post in district.posts:
        if post["id"].startswith("village_chief-"):     # whatever else he is
            post["phone"], post["phone2"] = "+9991999999999", ""
    with world_with("+9991999999999 sms 300 1\n", district=district,
                    policies={"ask": ASK % ("village", "")}) as world:
        alert = world.send(key="a", policy="ask", **RAIN, audience={
            "divisions": [district.townships[0]], "roles": ["village_chief"]})
        wait_for("both villages to have answered",
                 lambda: world.alert(alert)["state"] == "satisfied", 10)


def test_somebody_who_left_the_lists_meanwhile_still_answers():
    with world_with("* sms 1500 1\n", policies={"ask": ASK % ("village", "")}) as world:
        alert = world.send(key="a", policy="ask", **RAIN, audience={
            "divisions": ["990121001001"], "roles": ["village_chief"]})
        wait_for("the text to leave", lambda: world.states()["sent"] == 1)
        with open(world.path("lists/contacts.csv"), encoding="utf-8") as f:
            head, *lines = f.read().splitlines()
        row = next(r for r in lines if r.startswith("village_chief-990121001001-1,"))
        assert row.endswith(",yes")
        status, answer = world.api("POST", "/v1/import/contacts?yes=1",
                                   (head + "\n" + row[:-3] + "no\n").encode())
        assert status == 200, answer
        wait_for("the answer to count", lambda: world.alert(alert)["state"] == "satisfied", 10)


def test_a_duty_named_by_the_request_is_looked_up_on_the_roster():
    district = District(1, 2)
    day = "%Y-%m-%d %H:%M"
    district.on_duty("duty_officer", "990121", "village_chief-990121001001-1",
                     time.strftime(day, time.localtime(time.time() - 72000)),
                     time.strftime(day, time.localtime(time.time() + 72000)))
    with world_with(district=district) as world:
        world.send(**notice("duty", audience={"divisions": ["990121"],
                                              "roles": ["duty_officer", "duty_deputy"]}))
        assert {r["ref"] for r in world.rows("""SELECT ref FROM contact c JOIN message m
            ON m.contact = c.id""")} == {"village_chief-990121001001-1", "duty_deputy-990121-1"}
