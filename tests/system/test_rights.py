"""What a client may do is what gong.conf says, and nothing else."""
import pytest

from district import District
from harness import World, wait_for

SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms}
 option "simulation" { value = "true" }
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
    ("viewer", "red", "read", "")))


@pytest.fixture(scope="module")
def world():
    w = World(SIM, clients=CLIENTS, name="rights")
    for name in ("town", "few", "driller", "viewer"):
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
    import time
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
