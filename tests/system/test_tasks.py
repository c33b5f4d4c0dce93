"""What is left to people: one task a cause and alert, which grows and ends with its reason (docs/tasks.md)."""
from district import District
from harness import wait_for
from test_desk import RAIN, world_with

ZH, EN = {"Accept-Language": "zh"}, {"Accept-Language": "en"}
CALL = '''	targets = village
	until = 3
	step "all"  { after = "0s" to = {village_chief, warner} channels = {sms} }
	step "desk" { after = "1s" channels = {console} }
	step "town" { after = "50m" to = {township_chief} channels = {sms} }
'''
MOVE = CALL.replace("until = 3", 'until = 5\n\tdeadline = "3s"')


def tasks(world, kind=None, everything=False, language=EN):
    found = world.api("GET", "/v1/tasks" + ("" if everything else "?open=1"), headers=language)[1]["tasks"]
    return [t for t in found if not kind or t["kind"] == kind]


def ack(world, alert, division, **what):
    status, answer = world.api("POST", "/v1/alerts/%d/acks" % alert, dict(
        dict(division=division, name="李", note="电话"), **what))
    assert status == 200, answer


def test_one_task_lists_what_is_so_and_ends_with_its_reason():
    with world_with("* sms 0 -\n", policies={"call": CALL}) as world:
        alert = world.send(key="a", policy="call", **RAIN, audience={"divisions": ["990121001"]})
        task = wait_for("the task", lambda: tasks(world, "unanswered"), 10)[0]
        assert task["count"] == 3 and task["alert"] == alert
        assert [p["code"] for p in task["places"]] == ["99012100100%d" % i for i in (1, 2, 3)]
        assert "3 silent" in task["text"] and "loudspeakers" in task["text"]
        ack(world, alert, "990121001002", level=3)
        task = tasks(world, "unanswered")[0]
        assert task["count"] == 2 and "2 silent" in task["text"]
        assert "990121001002" not in [p["code"] for p in task["places"]]
        assert "2个未应答" in tasks(world, "unanswered", language=ZH)[0]["text"]
        for village in "990121001001", "990121001003":
            ack(world, alert, village, level=3)
        assert world.alert(alert)["state"] == "satisfied" and not tasks(world)
        closed = tasks(world, "unanswered", everything=True)
        assert len(closed) == 1 and closed[0]["closed_by"] == "gong" and closed[0]["note"], closed
        # what the desk set the desk lowers: the alert is active again, and it is a task again
        ack(world, alert, "990121001003", level=2)
        assert world.alert(alert)["state"] == "active"
        task = wait_for("the task", lambda: tasks(world, "unanswered"), 10)[0]
        assert task["count"] == 1 and "1 picked up, not confirmed" in task["text"], task
        world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "试"})
        assert not tasks(world)
        assert "cancelled" in tasks(world, "unanswered", everything=True)[-1]["note"]


def test_who_has_acknowledged_is_not_called_silent():
    with world_with("* sms 0 -\n", policies={"move": MOVE}) as world:
        alert = world.send(key="a", policy="move", **RAIN, audience={"divisions": ["990121001"]})
        for i in 1, 2, 3:
            ack(world, alert, "99012100100%d" % i, level=3)
        task = wait_for("the task", lambda: [t for t in tasks(world) if "deadline" in t["text"]], 10)
        assert len(tasks(world)) == 1
        assert "3 answered, not yet out" in task[0]["text"] and task[0]["count"] == 3
        assert "silent" not in task[0]["text"] and "loudspeakers" not in task[0]["text"]


def test_a_call_for_help_is_one_task_that_a_person_ends():
    chief = [p for p in District(2, 3).posts if p["id"] == "village_chief-990121001001-1"][0]["phone"]
    with world_with("%s sms 100 9\n* sms 0 -\n" % chief, policies={"call": CALL}) as world:
        alert = world.send(key="a", policy="call", **RAIN, audience={"divisions": ["990121001001"]})
        task = wait_for("the call for help", lambda: tasks(world, "help"), 10)[0]
        assert [w["text"] for w in task["words"]] == ["9"], task
        ack(world, alert, "990121001001", level=3)
        assert world.alert(alert)["state"] == "satisfied"
        assert [t["id"] for t in tasks(world)] == [task["id"]]
        assert world.api("POST", "/v1/tasks/%d/close" % task["id"], {"note": "已派车"})[0] == 200
        assert not tasks(world)


def test_whom_nobody_can_be_called_for_is_named_at_once():
    district = District(2, 3)
    district.posts = [p for p in district.posts if p["division"] != "990121001002"]
    with world_with("* sms 0 -\n", policies={"call": CALL}, district=district) as world:
        request = dict(key="a", policy="call", **RAIN, audience={"divisions": ["990121001"]})
        name = [d[1] for d in district.divisions if d[0] == "990121001002"][0]
        nobody = [{"code": "990121001002", "name": name}]
        assert world.api("POST", "/v1/alerts?dry_run=1", request)[1]["nobody"] == nobody
        assert not tasks(world)
        status, answer = world.api("POST", "/v1/alerts", request)
        assert status == 202 and answer["nobody"] == nobody
        task = tasks(world, "nobody")[0]
        assert task["count"] == 1 and [p["code"] for p in task["places"]] == ["990121001002"]
        # those above it are told so, at once
        wait_for("the township's chief to hear of it", lambda: [m for m in world.messages()
                 if m["kind"] == 2 and name in m["body"] and "无人可叫" in m["body"]], 10)
        short = wait_for("the silent ones", lambda: tasks(world, "unanswered"), 10)[0]
        assert "2 silent" in short["text"] and "1 with nobody to call (%s)" % name in short["text"]
        # somebody is found: the rungs passed are taken for that village
        rows = "id,name,phone,role,division,role_order,lang\nnew-1,张三,+99913911111111,warner," \
               "990121001002,1,zh\n"
        assert world.api("POST", "/v1/import/contacts", rows.encode())[0] == 200
        wait_for("gong to close the task", lambda: not tasks(world, "nobody"), 10)
        wait_for("him to be told", lambda: world.rows("SELECT 1 FROM message JOIN contact c ON "
                 "c.id = contact WHERE c.ref = 'new-1'"), 10)
        assert world.api("POST", "/v1/alerts", request)[1]["nobody"] == []
