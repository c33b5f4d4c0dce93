"""Refusals in both languages: over HTTP by Accept-Language, by gongctl in its own words."""
import http.client
import json
import os
import pty
import re
import socket
import subprocess

import pytest

from district import District
from harness import BUILD, SLOW, UnixConnection, World, wait_for

SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms}
 option "simulation" { value = "true" }
}
'''
CLIENTS = '''client "viewer" {
	token_file = "viewer.token"
	may = {read}
}
client "town" {
	token_file = "town.token"
	up_to = orange
	may = {read, send}
	divisions = {990121001}
}
'''
CHINESE = re.compile("[\u4e00-\u9fff]")
GOOD = {"key": "k", "template": "notice.text", "severity": "blue", "params": {"text": "x"},
        "audience": {"divisions": ["990121001"], "roles": ["village_chief"]}}


@pytest.fixture(scope="module")
def world():
    w = World(SIM, clients=CLIENTS, name="messages")
    for name in ("viewer", "town"):
        with open(w.path(name + ".token"), "w", encoding="ascii") as f:
            f.write(name * 8)
    w.start()
    w.load(District(2, 3))
    yield w
    w.close()


def alert(**changes):
    body = json.loads(json.dumps(GOOD))
    body.update(changes)
    return body


# what is asked, and the answer: status, kind, code, concept, name or index, field
REFUSALS = [
    ("POST", "/v1/alerts", b"{", 400, "unreadable", "body_not_json", None, None, None),
    ("POST", "/v1/alerts", {"colour": 1}, 422, "invalid", "member_unknown", "member", "/colour", "/colour"),
    ("POST", "/v1/alerts", {"severity": "pink"}, 422, "invalid", "severity_unknown", "severity", None,
     "/severity"),
    ("POST", "/v1/alerts", alert(template="nope"), 422, "invalid", "no_template", "template", None,
     "/template"),
    ("POST", "/v1/alerts", alert(template="notice.txt"), 422, "invalid", "no_template_near", "template", None,
     "/template"),
    ("POST", "/v1/alerts", alert(policy="cal.red"), 422, "invalid", "no_policy_near", "policy", None, "/policy"),
    ("POST", "/v1/alerts", alert(policy="nope"), 422, "invalid", "no_policy", "policy", None, "/policy"),
    ("POST", "/v1/alerts", alert(params={}), 422, "invalid", "template_needs", "param", "text",
     "/params/text"),
    ("POST", "/v1/alerts", alert(params={"text": "x", "b/c": "y"}), 422, "invalid", "template_no_param",
     "param", "b/c", "/params/b~1c"),
    ("POST", "/v1/alerts", alert(audience={"divisions": ["990121001", "990999"]}), 422, "invalid",
     "roles_missing", "role", None, "/audience/roles"),
    ("POST", "/v1/alerts", alert(audience={"divisions": ["990121001", "990999"], "roles": ["village_chief"]}),
     422, "invalid", "no_division", "division", 1, "/audience/divisions/1"),
    ("POST", "/v1/alerts", alert(params_by_division={"990121001001": {"x": []}}), 422, "invalid",
     "value_no_text", "division_param", "990121001001:x", "/params_by_division/990121001001/x"),
    ("POST", "/v1/alerts", alert(expires_at=1000000000000), 422, "invalid", "expired_already", "expires_at",
     None, "/expires_at"),
    ("POST", "/v1/callouts", {"key": "c", "role": "duty_officer", "division": "990199",
                              "params": {"event": "x", "place": "y", "min": "5"}},
     422, "invalid", "no_division", "division", 0, "/division"),
    ("POST", "/v1/callouts", {"key": "c", "contacts": ["nobody"],
                              "params": {"event": "x", "place": "y", "min": "5"}},
     422, "invalid", "no_contact", "contact", 0, "/contacts/0"),
    ("POST", "/v1/alerts/99999/cancel", {}, 404, "not_found", "no_alert", "alert", None, None),
    ("POST", "/v1/tasks/99999/close", {"note": "x"}, 404, "not_found", "no_task", "task", None, None),
    ("POST", "/v1/routes/nope/ask", {"what": "test"}, 404, "not_found", "no_route", "route", "nope", None),
    ("GET", "/v1/alerts/99999", None, 404, "not_found", "no_alert", "alert", None, None),
    ("GET", "/v1/alerts?after=x", None, 400, "unreadable", "cursor_bad", "query", "after", "after"),
    ("GET", "/v1/alerts?limit=0", None, 422, "invalid", "query_number", "query", "limit", "limit"),
    ("GET", "/v1/nothing", None, 404, "not_found", "nothing_here", None, None, None),
    ("PUT", "/v1/alerts", None, 405, "no_such_verb", "verbs_here", None, None, None),
    ("POST", "/v1/import/contacts", "ref,name,phone\nc1,王,12", 422, "invalid", "phone_short_code", "row",
     "phone", "line 2, column phone"),
    ("POST", "/v1/import/roster",
     "ref,role,division,from,to\nnobody,duty_officer,990121,2026-11-24 08:00,2026-11-25 08:00", 422, "invalid",
     "import_no_contact", "row", 2, "line 2, column ref"),
]


def ask(world, method, path, body, language):
    headers = {"Accept-Language": language} if language else {}
    if isinstance(body, str):
        headers["Content-Type"], body = "text/csv", body.encode()
    elif body is not None:
        headers["Content-Type"] = "application/json"
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection = UnixConnection(world.path("gong.sock"))
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("method,path,body,status,kind,code,concept,which,field", REFUSALS)
def test_a_refusal_in_both_languages(world, method, path, body, status, kind, code, concept, which, field):
    seen = {}
    for asked, lang in ((None, "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB", "en")):
        got, headers, problem = ask(world, method, path, body, asked)
        assert (got, problem["status"]) == (status, status), problem
        assert headers["Content-Language"] == lang
        assert headers["Content-Type"] == "application/problem+json"
        assert (problem["kind"], problem["code"]) == (kind, code)
        assert problem.get("concept") == concept and problem.get("field") == field
        if which is not None:
            assert which in (problem.get("name"), problem.get("index"))
        assert bool(CHINESE.search(problem["detail"])) == (lang == "zh"), problem
        assert "{" not in re.sub("{ ?…? ?}|{\"", "", problem["detail"]) or code == "body_not_json"
        for value in problem["values"]:
            assert isinstance(value, dict) or value in problem["detail"]
        seen[lang] = problem
    assert seen["zh"]["values"] == seen["en"]["values"]


@pytest.mark.parametrize("header,lang", [
    ("zh", "zh"), ("ZH-hant-TW", "zh"), ("en;q=0.5, zh;q=0.7", "zh"), ("zh;q=0.3,en", "en"),
    ("fr, de;q=0.9", "en"), ("fr, zh;q=0.1", "zh"), ("*", "en"), ("zh;q=0, en;q=0", "en"),
    ("zhx", "en"), ("", "en"), (";;;,,,q=", "en"), ("en , zh", "en"),
])
def test_accept_language(world, header, lang):
    assert ask(world, "GET", "/v1/alerts/99999", None, header)[1]["Content-Language"] == lang
    named = ask(world, "GET", "/v1/routes", None, header)[1]["Content-Language"]
    assert named == (lang if header else None), "a list names it where it was asked for"


def test_who_may_not_is_told_in_his_language(world):
    for name, method, path, body, status, code in (
            ("nobody", "GET", "/v1/alerts", None, 401, "token_unknown"),
            ("viewer", "POST", "/v1/alerts", GOOD, 403, "no_right"),
            ("town", "POST", "/v1/alerts", alert(severity="red"), 403, "client_up_to")):
        got, problem = world.tcp(method, path, body, {"Accept-Language": "zh"}, token=name * 8)
        assert got == status and problem["code"] == code and CHINESE.search(problem["detail"])
    assert problem["values"] == ["town", {"code": "orange", "values": []}, {"code": "red", "values": []}]
    assert "橙色" in problem["detail"] and "红色" in problem["detail"]


def raw(world, request):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(world.path("gong.sock"))
        s.sendall(request)
        answer = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("request_head,status,kind,code", [
    (b"GET /\r\n\r\n", 400, "unreadable", "http_first_line"),
    (b"GET / HTTP/1.1\r\nAccept-Language: zh\r\n\r\n", 400, "unreadable", "http_no_host"),
    (b"GET / HTTP/3.0\r\n\r\n", 505, "unknown_version", "http_version"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70000, 431, "head_too_large", "http_head_max"),
    (b"POST /v1/alerts HTTP/1.1\r\nHost: x\r\nAccept-Language: zh\r\nContent-Type: application/json\r\n"
     b"Content-Length: 999999999999\r\n\r\n", 413, "too_large", "http_body_max"),
])
def test_framing_faults(world, request_head, status, kind, code):
    got, problem = raw(world, request_head)
    assert got == status and (problem["kind"], problem["code"]) == (kind, code)
    assert bool(CHINESE.search(problem["detail"])) == (b"Accept-Language: zh" in request_head)


def test_gongctl_names_its_own_options_in_both_languages(world):
    send = ["send", "notice.text", "--severity", "blue", "--param", "text=x"]
    for args, address in (
            (["send", "nope", "--severity", "blue", "--division", "990121001"], "TEMPLATE"),
            (send + ["--division", "990121001,990999", "--role", "village_chief"], "--division"),
            (send + ["--division", "990121001", "--role", "cook"], "--role"),
            (send + ["--division", "990121001"], "--role"),
            (send + ["--division", "990121001", "--role", "village_chief", "--param", "b=1"], "--param b"),
            (send + ["--contact", "nobody"], "--contact"),
            (["alert", "show", "99999"], "ID"), (["task", "close", "99999", "--note", "x"], "ID"),
            (["ack", "99999", "--contact", "c", "--level", "3"], "ID")):
        for lang in ("en", "zh"):
            refused = world.ctl(*args, check=False, lang=lang)
            assert refused.returncode == 1
            shown = {"TEMPLATE": "模板", "ID": "编号"}.get(address, address) if lang == "zh" else address
            assert refused.stderr.startswith("gongctl: %s: " % shown), refused
            assert bool(CHINESE.search(refused.stderr)) == (lang == "zh"), refused


def test_the_log_speaks_english(world):
    world.ctl("send", "nope", "--severity", "blue", "--division", "990121001", check=False, lang="zh")
    with open(world.path("gongd.log"), encoding="utf-8") as f:
        assert not CHINESE.search(re.sub('"[^"]*"', "", f.read()))


@pytest.mark.parametrize("locale,said", [("zh_CN.UTF-8", "gong.conf 第1行:此处没有选项或段「weather」"),
                                         ("C.UTF-8", "gong.conf:1: there is no option or section \"weather\"")])
def test_a_start_that_is_refused_is_told_a_terminal_in_its_language_and_the_log_in_english(tmp_path, locale, said):
    conf = tmp_path / "gong.conf"
    conf.write_text("weather = good\n")
    command, env = [os.path.join(BUILD, "gongd"), "--config", str(conf)], dict(os.environ, LC_ALL=locale)
    master, slave = pty.openpty()
    try:
        assert subprocess.run(command, env=env, stderr=slave, timeout=20 * SLOW).returncode == 1
        assert said in os.read(master, 4096).decode()
    finally:
        os.close(slave)
        os.close(master)
    log = subprocess.run(command, env=env, stderr=subprocess.PIPE, timeout=20 * SLOW)
    assert log.returncode == 1 and b"there is no option or section" in log.stderr
