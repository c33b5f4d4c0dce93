"""What a client may do is what gong.conf says, and nothing else."""
import time

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
	up_to = %s
	may = {%s}
	%s
}
''' % (name, name, up_to, may, more) for name, up_to, may, more in (
    ("town", "orange", "read, send", 'divisions = {990121001}'),
    ("few", "red", "read, send", "recipients_max = 5"),
    ("driller", "red", "read, send", "drill_only = true"),
    ("viewer", "red", "read", ""),
    ("low", "notice", "send", ""),
    ("clerk", "red", "import", ""),
    ("technician", "red", "operate", ""),
    ("towndrill", "red", "read, send", "divisions = {990121001}\n drill_only = true"),
    ("townclerk", "red", "import", "divisions = {990121001}")))
NAMES = ("town", "few", "driller", "viewer", "low", "clerk", "technician", "towndrill", "townclerk")
MAY = {"town": "read send", "few": "read send", "driller": "read send", "viewer": "read",
       "low": "send", "clerk": "import", "technician": "operate", "towndrill": "read send",
       "townclerk": "import"}
# Each call of docs/api.md with the word of `may` that opens it.
CALLS = (
    ("GET", "/v1/alerts", "read"), ("GET", "/v1/alerts/1", "read"),
    ("GET", "/v1/alerts/1/targets", "read"), ("GET", "/v1/alerts/1/messages", "read"),
    ("GET", "/v1/alerts/1/events", "read"), ("GET", "/v1/alerts/1/answers", "read"),
    ("GET", "/v1/inbox", "read"), ("GET", "/v1/tasks", "read"),
    ("GET", "/v1/routes", "read"), ("GET", "/metrics", "read"), ("GET", "/v1/check", "read"),
    ("POST", "/v1/alerts", "send"), ("POST", "/v1/callouts", "send"),
    ("POST", "/v1/alerts/1/cancel", "send"), ("POST", "/v1/alerts/1/acks", "send"),
    ("POST", "/v1/tasks/1/close", "send"), ("POST", "/v1/tasks/1/take", "send"),
    ("POST", "/v1/tasks/1/note", "send"), ("POST", "/v1/inbox/1/assign", "send"),
    ("POST", "/v1/inbox/1/ignore", "send"), ("POST", "/v1/inbox/1/answer", "send"), ("POST", "/v1/routes/sim/ask", "operate"),
    ("POST", "/v1/import/contacts", "import"), ("POST", "/v1/import/divisions", "import"),
    ("POST", "/v1/import/roster", "import"))
RAIN = dict(template="warn.rain", policy="call.orange", params={"hours": 3, "mm": 80})


@pytest.fixture(scope="module")
def world():
    w = World(name="rights", clients=CLIENTS)
    w.routes = SIM % w.path("people")
    w.write_conf()
    with open(w.path("people"), "w", encoding="utf-8") as f:
        for post in District(2, 3).posts:
            if post["id"].startswith("village_chief-990121100"):
                f.write("%s sms 200 9\n" % post["phone"])
        f.write("+999* sms 0 -\n")
    for name in NAMES:
        with open(w.path(name + ".token"), "w", encoding="ascii") as f:
            f.write(name * 8)
    w.start()
    w.load(District(2, 3))
    yield w
    w.close()


def as_client(world, name, method, path, body=None):
    return world.tcp(method, path, body, token=name * 8)


def warn(division, severity="orange", **more):
    return dict(dict(key="k-%s-%s" % (division, severity), template="notice.text", severity=severity,
                     params={"text": "试"}, audience={"divisions": [division],
                                                    "roles": ["village_chief"]}), **more)


def refused(answer, status, *words):
    assert answer[0] == status, answer
    for word in words:
        assert word in answer[1]["detail"] + answer[1].get("field", ""), (word, answer)


def test_a_town_sends_for_its_own_divisions_only(world):
    assert as_client(world, "town", "POST", "/v1/alerts", warn("990121001"))[0] == 202
    refused(as_client(world, "town", "POST", "/v1/alerts", warn("990121100")), 403, "/audience")
    refused(as_client(world, "town", "POST", "/v1/alerts", warn("990121001", "red")), 403, "orange")


def test_a_town_ends_only_what_it_sent(world):
    county = world.send(**warn("990121", key="county"))
    path = "/v1/alerts/%d/cancel" % county
    refused(as_client(world, "town", "POST", path, {"note": "x"}), 403, "only its sender")
    refused(as_client(world, "town", "POST", "/v1/alerts",
                      warn("990121001", key="r", replaces=county)), 403, "only its sender")
    assert world.alert(county)["state"] not in ("cancelled",)
    own = as_client(world, "town", "POST", "/v1/alerts", warn("990121001", key="own"))[1]["id"]
    assert as_client(world, "town", "POST", "/v1/alerts/%d/cancel" % own, {"note": "x"})[0] == 200


def test_a_town_answers_for_its_own_villages_of_anybodys_alert(world):
    county = world.send(key="rain", template="warn.rain", policy="call.orange", severity="orange",
                        params={"hours": 3, "mm": 80, "level": "橙色"},
                        audience={"divisions": ["990121"]})
    path = "/v1/alerts/%d/acks" % county
    ack = dict(level=3, name="李", note="电话确认")
    assert as_client(world, "town", "POST", path, dict(ack, division="990121001001"))[0] == 200
    refused(as_client(world, "town", "POST", path, dict(ack, division="990121100001")), 403)


def test_a_limit_of_recipients_holds_for_waiting_alerts_too(world):
    few = dict(key="few", template="notice.text", severity="yellow", params={"text": "试"})
    refused(as_client(world, "few", "POST", "/v1/alerts", dict(few, audience={
        "divisions": ["990121"], "roles": ["village_chief"]})), 422, "at most 5", "/audience")
    assert as_client(world, "few", "POST", "/v1/alerts", dict(few, audience={
        "divisions": ["990121001"], "roles": ["village_chief"]}))[0] == 202
    later = int(time.time() * 1000) + 1500
    status, answer = as_client(world, "few", "POST", "/v1/alerts", dict(
        few, key="later", starts_at=later, audience={"divisions": ["990121"],
                                                     "roles": ["village_chief"]}))
    assert status == 202
    wait_for("the desk to be told", lambda: world.rows(
        "SELECT 1 FROM task WHERE alert = ? AND kind = 'step_failed'", answer["id"]))
    assert not world.rows("SELECT 1 FROM wave WHERE alert = ?", answer["id"])


def test_a_driller_cannot_end_a_real_alert(world):
    real = world.send(**warn("990121", key="real"))
    refused(as_client(world, "driller", "POST", "/v1/alerts", warn("990121", key="d")), 403)
    refused(as_client(world, "driller", "POST", "/v1/alerts/%d/cancel" % real, {"note": "x"}), 403)
    assert as_client(world, "driller", "POST", "/v1/alerts",
                     warn("990121", key="d2", mode="drill"))[0] == 202


def test_a_viewer_sees_and_does_nothing(world):
    assert as_client(world, "viewer", "GET", "/v1/alerts")[0] == 200
    refused(as_client(world, "viewer", "POST", "/v1/alerts", warn("990121", key="v")), 403)
    refused(as_client(world, "viewer", "POST", "/v1/import/divisions", b"code,name\n"), 403)
    assert world.tcp("GET", "/v1/alerts", token="nobody")[0] == 401
    assert world.tcp("GET", "/v1/alerts", token=None)[0] == 401


def test_a_faulty_callout_names_its_own_fields(world):
    status, answer = world.api("POST", "/v1/callouts", {"key": "c", "contacts": ["nobody"], "params": {
        "event": "山洪", "place": "河谷", "min": 15}})
    assert status == 422 and answer["field"] == "/contacts/0", answer


def test_each_call_is_closed_to_each_client_without_its_right(world):
    open_to = []
    for method, path, right in CALLS:
        for name in NAMES:
            if right in MAY[name].split():
                continue
            body = None if method == "GET" else b"" if "import" in path else {}
            status = as_client(world, name, method, path, body)[0]
            if status != 403:
                open_to.append((name, method, path, status))
    assert not open_to


def a_real_red_alert(world, key):
    return world.send(key=key, severity="red", audience={"divisions": ["990121"]},
                      **dict(RAIN, params=dict(RAIN["params"], level="红色")))


@pytest.mark.parametrize("name, division", (
    ("driller", "990121100002"),        # drills only
    ("low", "990121100003"),            # notices only
    ("towndrill", "990121001003"),      # its own village, but drills only
    ("town", "990121001002"),           # its own village, but up to orange
))
def test_nobody_answers_for_an_alert_beyond_his_limits(world, name, division):
    red = a_real_red_alert(world, "acks-" + name)
    path = "/v1/alerts/%d/acks" % red
    refused(as_client(world, name, "POST", path, dict(level=5, name="李", note="x",
                                                      division=division)), 403)
    rows = world.api("GET", "/v1/alerts/%d/targets" % red)[1]["targets"]
    assert [r["level"] for r in rows if r["division"] == division] == [0]
    assert world.api("POST", path, dict(level=5, name="王", note="县值班室",
                                        division=division))[0] == 200


def test_a_callout_ranks_with_red_whatever_it_calls_itself(world):
    params = {"event": "山洪", "place": "河谷", "min": 15}
    who = {"contacts": ["duty_officer-990121-1"]}
    status, answer = world.api("GET", "/v1/alerts")
    before = len(answer["alerts"])
    refused(as_client(world, "low", "POST", "/v1/alerts", dict(
        key="c0", template="duty.callout", policy="duty.callout", severity="notice", params=params,
        audience=who)), 403, "/severity")
    refused(as_client(world, "low", "POST", "/v1/callouts", dict(key="c1", params=params, **who)), 403)
    refused(as_client(world, "town", "POST", "/v1/callouts", dict(
        key="c2", params=params, role="duty_officer", division="990121001")), 403)
    assert len(world.api("GET", "/v1/alerts")[1]["alerts"]) == before


def test_a_call_for_help_is_closed_by_those_it_concerns_only(world):
    world.send(key="help", severity="orange", audience={"divisions": ["990121100"]},
               **dict(RAIN, params=dict(RAIN["params"], level="橙色")))
    task = wait_for("a call for help", lambda: [
        t for t in world.api("GET", "/v1/tasks?open=1")[1]["tasks"] if t["kind"] == "help"])[0]
    path = "/v1/tasks/%d/close" % task["id"]
    for name in ("town", "driller", "low", "towndrill"):
        refused(as_client(world, name, "POST", path, {"note": "x"}), 403)
    assert task["id"] in [t["id"] for t in world.api("GET", "/v1/tasks?open=1")[1]["tasks"]]
    assert world.api("POST", path, {"note": "已派人"})[0] == 200


def test_a_clerk_of_a_township_imports_its_own_people_only(world):
    head = "id,name,phone,role,division,role_order,lang\n"
    own = "clerk-1,张三,+99913911111111,village_chief,990121001001,9,zh\n"
    other = "clerk-2,李四,+99913922222222,village_chief,990121100001,9,zh\n"
    steal = "village_chief-990121100001-1,张三,+99913933333333,village_chief,990121001001,9,zh\n"
    path = "/v1/import/contacts"
    assert as_client(world, "townclerk", "POST", path, (head + own).encode())[0] == 200
    refused(as_client(world, "townclerk", "POST", path, (head + own + other).encode()), 403, "3")
    refused(as_client(world, "townclerk", "POST", path, (head + steal).encode()), 403, "2")
    refused(as_client(world, "townclerk", "POST", "/v1/import/divisions",
                      "code,name\n990121100009,新村\n".encode()), 403, "2")
    assert not world.rows("SELECT 1 FROM contact WHERE ref = 'clerk-2'")
    assert not world.rows("SELECT 1 FROM number WHERE e164 = 99913933333333")
    assert as_client(world, "clerk", "POST", path, (head + other).encode())[0] == 200


def test_nor_changes_who_has_a_duty_elsewhere(world):
    path = "/v1/import/contacts"
    assert world.api("POST", path, b"id,name,phone\n"
                     b"duty-1,Wang,+99913944444441\nduty-2,Zhao,+99913944444442\n")[0] == 200
    first, last = (time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * 86400))
                   for days in (-30, 300))
    status, said = world.api("POST", "/v1/import/roster", ("role,division,contact,from,to\n"
                             "duty_officer,990121,duty-1,%s 00:00,%s 00:00\n"
                             "duty_officer,990121,duty-2,2020-01-01 00:00,2020-01-02 00:00\n"
                             % (first, last)).encode())
    assert status == 200, said
    row = b"id,name,phone\nduty-%d,Wang,+99913955555555\n"
    refused(as_client(world, "townclerk", "POST", path, row % 1), 403, "duty-1")
    assert not world.rows("SELECT 1 FROM number WHERE e164 = 99913955555555")
    assert as_client(world, "townclerk", "POST", path, row % 2)[0] == 200, "that duty is over"
