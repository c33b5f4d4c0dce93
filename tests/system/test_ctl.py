"""gongctl against a small server that plays gongd's API on a unix socket.

What is tested is the client alone: its command line, what it asks for, what it shows and how it
ends.  (gongctl with the real gongd is part of the demo and of the other system tests.)
"""
import fcntl
import http.server
import json
import os
import pty
import re
import select
import signal
import socket
import socketserver
import struct
import subprocess
import termios
import threading
import time
import unicodedata

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("B") or "build/" + os.environ.get("MODE", "release"))
GONGCTL = os.path.join(BUILD, "gongctl")
T0 = 1795457400000            # 2026-11-24 02:10 in China
ALERT = {
    "id": 12, "code": "K7", "key": "k", "client": "socket:0", "template": "flood.move",
    "policy": "move.now", "severity": "red", "kind": None, "mode": "drill", "state": "active",
    "accepted_at": T0, "released_at": T0, "expires_at": T0 + 86400000,
    "deadline_at": T0 + 3600000, "closed_at": None, "replaces": None, "replaced_by": None,
    "targets": 3, "satisfied": 1, "until": 5, "chase_below": 3, "levels": [1, 0, 0, 1, 0, 1],
    "messages": {"queued": 4, "sending": 1, "sent": 2, "delivered": 3, "uncertain": 0},
    "waves": [{"id": 7, "step": 0, "position": 0, "channel": "sms", "kind": "call",
               "state": "open", "total": 10, "queued": 4, "sending": 1, "sent": 2,
               "delivered": 3, "failed": 0, "expired": 0, "withdrawn": 0, "uncertain": 0}],
    "steps": [{"step": 0, "name": "principals", "at": T0, "taken": True},
              {"step": 1, "name": "redial", "at": T0 + 80000, "taken": False},
              {"step": 2, "name": "deputies", "at": T0 + 150000, "taken": False}],
    "now": T0 + 65000, "tasks_open": 1, "forecast": {"last_ms": 40000, "messages": 4, "segments": 6, "ahead": 3, "thanks": 2,
                                                      "later": 7, "spared": 1},
}
TARGETS = [
    {"id": 1, "division": "990121103001", "name": "东沟村", "contact": None, "person": None,
     "level": 5, "level_at": T0 + 31000, "by": "沈安平"},
    {"id": 2, "division": "990121103002", "name": "Upper Mill", "contact": None,
     "person": None, "level": 3, "level_at": T0 + 40000, "by": "Wu"},
    {"id": 3, "division": "990121103003", "name": "西沟\x1b[31m村", "contact": None,
     "person": None, "level": 0, "level_at": None, "by": None},
]
TASK = {"id": 4, "alert": 12, "kind": "deadline", "text": "上门叫应西沟村", "opened_at": T0 + 60000,
        "closed_at": None, "closed_by": None, "note": None}


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Gongd:
    """Answers from `answers` ({"GET /path": (status, body)}), keeps what it was asked."""

    def __init__(self, folder):
        self.languages = []
        self.path, self.asked, self.answers = os.path.join(folder, "gong.sock"), [], {
            "GET /v1/alerts/12": (200, ALERT),
            "GET /v1/alerts/12/targets": (200, {"targets": TARGETS, "next": None}),
            "GET /v1/tasks?open=1": (200, {"tasks": [TASK], "next": None}),
        }
        gongd = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                gongd.connections.append(self.connection)

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                what = "%s %s" % (self.command, self.path)
                gongd.languages.append(self.headers.get("Accept-Language"))
                gongd.asked.append((what, self.headers.get("Content-Type"), body))
                status, answer = gongd.answers.get(what, (404, {"detail": "no " + what}))
                answer = answer() if callable(answer) else answer
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                if gongd.zone:
                    self.send_header("Gong-Zone", gongd.zone)
                if gongd.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for i in range(0, len(text), 7):
                        part = text[i:i + 7]
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
            do_GET = do_POST = answer

            def address_string(self):
                return "-"

            def log_message(self, *args):
                pass
        self.chunked, self.zone = False, None
        self.handler = Handler
        self.start()

    def start(self):
        self.connections = []
        self.server = Server(self.path, self.handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
        for connection in self.connections:      # as when gongd dies: nobody answers any more
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if os.path.exists(self.path):
            os.unlink(self.path)

    def body(self, n=-1):
        return json.loads(self.asked[n][2])


@pytest.fixture
def gongd(tmp_path):
    server = Gongd(str(tmp_path))
    yield server
    server.stop()


def ctl(*args, gongd=None, lang="en", env=None, stdin=None):
    argv = [GONGCTL, "--lang", lang] + (["--socket", gongd.path] if gongd else []) + list(args)
    full = dict(os.environ, LC_ALL="C.UTF-8", TZ="Asia/Shanghai")
    full.update(env or {})
    return subprocess.run(argv, capture_output=True, timeout=30, env=full, input=stdin)


def out(result):
    assert result.returncode == 0, result
    return result.stdout.decode()


def columns(text):
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


COMMANDS = ["import divisions", "import contacts", "import roster", "import geometry", "check", "send", "callout",
            "alert list", "alert show", "alert answers", "alert watch", "alert cancel", "alert resume", "ack",
            "inbox assign", "inbox ignore", "inbox answer", "inbox", "task list", "task take",
            "task note", "task close", "template list", "template show", "template preview", "template lint",
            "kind list", "kind show", "policy list", "policy show", "role list", "route list", "route test", "route resume",
            "source list", "source show", "source test", "signal list", "signal show", "signal release", "signal replay", "modem list",
            "modem probe", "modem at", "modem ussd", "modem send-test", "contact find", "contact show",
            "contact edit", "contact activate", "contact deactivate", "contact optouts", "contact optin", "contact tags",
            "division find", "division show", "division edit", "area", "export contacts",
            "export divisions", "export roster", "export geometry", "setup", "demo", "help", "version"]


def test_help_lists_every_command():
    listed = re.findall(r"^  ([a-z]+(?: [a-z-]+)?)", out(ctl("help")).split("options:")[0], re.M)
    assert listed == COMMANDS
    for command in COMMANDS:
        assert "gongctl " + command in out(ctl("help", *command.split()))
        assert ctl("help", *command.split(), lang="zh").stdout != \
            ctl("help", *command.split()).stdout
    assert out(ctl("version")).startswith("gongctl ")


@pytest.mark.parametrize("args, said", [
    ([], "usage"),
    (["alert"], "alert needs a second word"),
    (["alert", "shwo"], "did you mean \"alert show\"?"),
    (["hlep"], "did you mean \"help\"?"),
    (["alert", "list", "--severity", "pink"], "--severity pink: use notice, blue, yellow, orange, red"),
    (["fly", "away"], "no command \"fly away\""),
    (["alert", "show"], "alert show needs ID"),
    (["alert", "show", "K0"], "ID \"K0\" is not a number, nor a code"),
    (["task", "take", "K7"], "ID \"K7\" is not a number"),
    (["task", "note", "4"], "task note needs --note TEXT"),
    (["inbox", "assign", "7", "--note", "x"], "needs one of --level"),
    (["inbox", "assign", "7", "--note", "x", "--level", "3", "--cannot"], "needs one of --level"),
    (["inbox", "assign", "7", "--note", "x", "--level", "1"], "--level 1: use 2"),
    (["inbox", "assign", "7", "--level", "3"], "inbox assign needs --note TEXT"),
    (["inbox", "ignore", "7"], "inbox ignore needs --note TEXT"),
    (["inbox", "answer", "7"], "inbox answer needs --text TEXT"),
    (["inbox", "--alert", "!"], "--alert \"!\" is neither"),
    (["inbox", "fly"], "\"fly\" is one word too many"),
    (["alert", "show", "12", "13"], "\"13\" is one word too many"),
    (["alert", "list", "--limit", "x"], "--limit \"x\" is not a number"),
    (["alert", "list", "--limit", "99999999999999999999"], "is not a number of rows"),
    (["alert", "show", "0x10"], "ID \"0x10\" is not a number"),
    (["alert", "watch", "12", "--interval", "infs"], "--interval \"infs\" is not a duration"),
    (["alert", "list", "--opne"], "alert list has no option --opne; did you mean --open?"),
    (["alert", "list", "--elephant"], "alert list has no option --elephant; leave it out"),
    (["alert", "list", "--open=yes"], "--open takes no value"),
    (["alert", "watch", "12", "--interval", "1"], "--interval \"1\" is not a duration"),
    (["alert", "cancel", "12", "--param", "a=b"], "--param needs --template"),
    (["send", "t", "--severity", "red"], "send needs an audience"),
    (["send", "t", "--division", "990121"], "send needs --severity: notice"),
    (["send", "t", "--division"], "--division needs a value"),
    (["send", "t", "--severity", "red", "--division", "990121", "--param", "x"],
     "--param \"x\" is not name=value"),
    (["send", "t", "--severity", "red", "--division", "990121", "--param", "a=1", "a=2"],
     "--param a stands twice"),
    (["send", "t", "--severity", "red", "--severity", "blue"], "--severity stands twice"),
    (["send", "t", "--severity", "red", "--contact", "c", "--drill", "--test"], "exclude"),
    (["send", "t", "--severity", "red", "--contact", "c", "--reached"], "needs --replaces"),
    (["send", "t", "--severity", "red", "--contact", "c", "--replaces", "x"], "--replaces \"x\""),
    (["send", "t", "--severity", "red", "--contact", "c", "--whole"], "--whole needs --replaces"),
    (["callout", "--param", "a=b"], "callout needs either --role"),
    (["callout", "--role", "r"], "belong together"),
    (["ack", "12", "--division", "990121103001", "--level", "3"], "needs --name"),
    (["ack", "12", "--contact", "c1", "--level", "7"], "--level 7: use 2"),
    (["ack", "12", "--contact", "c1"], "--level 2…5 or --cannot"),
    (["ack", "12", "--level", "3"], "--division CODE or --contact"),
    (["task", "close", "4"], "task close needs --note TEXT"),
    (["import", "contacts", "/nonexistent.csv"], "cannot be read: No such file"),
    (["alert", "list", "--lang", "fr"], "--lang fr: use zh or en"),
    (["alert", "list", "--socket"], "--socket needs a value"),
    (["alert", "list", "--socket", "/tmp/" + "x" * 120], "longer than a socket's path"),
    (["alert", "list", "--config", "/nonexistent.conf"], "No such file"),
    (["alert", "list", "--config", "a", "--socket", "b"], "exclude each other"),
])
def test_wrong_use_ends_with_2_and_says_how_to_mend_it(args, said):
    result = ctl(*args)
    assert result.returncode == 2, result
    text = result.stderr.decode() + result.stdout.decode()
    assert said in text and "gongctl" in text
    if args:
        assert "see: gongctl help" in text


def test_nobody_there_ends_with_3_and_says_how_to_start_it(tmp_path):
    missing = str(tmp_path / "none.sock")
    result = ctl("alert", "list", "--socket", missing)
    assert result.returncode == 3
    assert missing in result.stderr.decode() and "start" in result.stderr.decode()
    result = ctl("send", "t", "--severity", "red", "--division", "990121", "--expires", "4h",
                 "--socket", missing)
    assert result.returncode == 3
    assert re.search(r"--key ctl-\S+ is safe.* --expires \d{13}", result.stderr.decode())


def test_the_socket_comes_from_gong_conf(gongd, tmp_path):
    text = open(os.path.join(ROOT, "config/gong.conf"), encoding="utf-8").read()
    text = text.replace("/run/gong/gong.sock", "gong.sock")
    assert '"gong.sock"' in text
    (tmp_path / "gong.conf").write_text(text, encoding="utf-8")
    gongd.answers["GET /v1/routes"] = (200, {"routes": []})
    assert "no routes" in out(ctl("--config", str(tmp_path / "gong.conf"), "route", "list"))
    assert "no routes" in out(ctl("route", "list", env={"GONG_SOCKET": gongd.path}))
    (tmp_path / "gong.conf").write_text("\ufefflisten ｛ socket ＝ “gong.sock” ｝\nsource \"s\" { by = {bearer} }\n",
                                        encoding="utf-8")
    assert "no routes" in out(ctl("--config", str(tmp_path / "gong.conf"), "route", "list"))
    (tmp_path / "gong.conf").write_bytes("site { }\n# 雨\n".encode("gbk"))
    result = ctl("--config", str(tmp_path / "gong.conf"), "route", "list")
    assert result.returncode == 2 and b"gong.conf:2: from here on the file is GBK" in result.stderr
    (tmp_path / "none.conf").write_text("listen { socket = '' }")
    result = ctl("--config", str(tmp_path / "none.conf"), "route", "list")
    assert result.returncode == 2 and b"listen has no socket" in result.stderr


def test_a_refusal_ends_with_1_and_names_the_field(gongd):
    gongd.answers["POST /v1/alerts"] = (422, {
        "status": 422, "title": "cannot be meant", "field": "/template",
        "detail": "there is no template \"t\"; see templates/\x1b[2J"})
    args = ["send", "t", "--severity", "red", "--division", "990121"]
    result = ctl(*args, gongd=gongd)
    assert result.returncode == 1
    assert result.stderr == b"gongctl: TEMPLATE: there is no template \"t\"; see templates/?[2J\n"
    result = ctl("--json", *args, gongd=gongd)
    assert result.returncode == 1 and json.loads(result.stderr)["field"] == "/template"
    gongd.answers["GET /v1/routes"] = (500, b"<html>oops")
    assert b"gongd answered 500: <html>oops" in ctl("route", "list", gongd=gongd).stderr
    assert "gongd 答复 500:<html>oops" in \
        ctl("--lang", "zh", "route", "list", gongd=gongd).stderr.decode()


@pytest.mark.parametrize("about,address", [
    ({"concept": "template", "field": "/template"}, "TEMPLATE: "),
    ({"concept": "role", "index": 0, "field": "/audience/roles/0"}, "--role: "),
    ({"concept": "param", "name": "mm", "field": "/params/mm"}, "--param mm: "),
    ({"concept": "division_param", "name": "990121103001:mm"}, "--param 990121103001:mm: "),
    ({"concept": "without_division", "index": 2}, "--without-division: "),
    ({"concept": "starts_at", "field": "/starts_at"}, "--starts: "),
    ({"concept": "audience", "field": "/audience"}, "--division: "),
    ({"concept": "mode", "field": "/mode"}, "--drill: "),
    ({"concept": "alert"}, "--replaces: "),
    ({"concept": "task"}, ""),                            # `send` has no word for it
    ({"concept": "header", "name": "Host"}, "Host: "),
    ({"concept": "of a later gongd", "field": "/new"}, "new: "),
])
def test_a_refusal_names_the_option(gongd, about, address):
    gongd.answers["POST /v1/alerts"] = (422, dict(about, status=422, detail="no"))
    result = ctl("send", "t", "--severity", "red", "--division", "990121", gongd=gongd)
    assert result.returncode == 1 and result.stderr.decode() == "gongctl: %sno\n" % address


def test_a_refusal_of_a_file_names_line_and_column(gongd):
    gongd.answers["POST /v1/import/roster"] = (422, {
        "concept": "row", "index": 3, "name": "phone", "detail": "no", "field": "line 3, column phone"})
    for lang, address in (("en", "line 3, column phone"), ("zh", "第3行,列 phone")):
        result = ctl("--lang", lang, "import", "roster", "-", gongd=gongd, stdin=b"x")
        assert result.stderr.decode() == "gongctl: %s: no\n" % address


def test_all_faults_of_a_file_are_a_table(gongd):
    fault = {"column": "phone", "value": "12", "detail": "no number", "code": "x", "values": []}
    gongd.answers["POST /v1/import/contacts"] = (422, {
        "concept": "row", "index": 3, "name": "phone", "detail": "no number", "fault_count": 107, "faults": [
            dict(fault, line=3), dict(fault, line=3, column=None, value="", detail="too wide"),
            dict(fault, line=12, value="张U+200E三")]})
    result = ctl("import", "contacts", "-", gongd=gongd, stdin=b"x")
    assert result.returncode == 1 and result.stderr.decode() == """\
gongctl: nothing was imported; 107 faults in the file:
row  column  value       what is wrong, and the remedy
  3  phone   12          no number
     -       -           too wide
 12  phone   张U+200E三  no number
… and 104 more; mend these and import again
"""
    result = ctl("--lang", "zh", "import", "contacts", "-", gongd=gongd, stdin=b"x")
    assert "文件中有107处问题" in result.stderr.decode() and "另有104处" in result.stderr.decode()
    result = ctl("--json", "import", "contacts", "-", gongd=gongd, stdin=b"x")
    assert json.loads(result.stderr)["fault_count"] == 107


def test_gongctl_asks_in_its_own_language(gongd):
    gongd.answers["GET /v1/routes"] = (200, {"routes": []})
    for options, env, lang in (([], "zh_CN.UTF-8", "zh"), ([], "C.UTF-8", "en"),
                               (["--lang", "zh"], "C.UTF-8", "zh")):
        subprocess.run([GONGCTL, "--socket", gongd.path, *options, "route", "list"], check=True,
                       timeout=30, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, LC_ALL="", LC_MESSAGES="", LANG=env))
        assert gongd.languages[-1] == lang


def test_send_asks_for_what_was_said(gongd):
    gongd.answers["POST /v1/alerts"] = (202, {
        "id": 12, "code": "K7", "state": "active", "accepted_at": T0, "targets": 3,
        "repeat": False})
    before = time.time() * 1000
    text = out(ctl("send", "flood.move", "--division", "990121103", "990121104,990121105",
                   "--severity=red", "--policy", "move.now", "--kind", "flash_flood",
                   "--param", "route=村北, \"机耕\"路", "990121103001:shelter=a=b",
                   "--without-division", "990121103009", "--contact", "c1", "--drill",
                   "--key", "night-1", "--expires", "4h", "--starts", "2026-11-24T06:00:00+08:00",
                   gongd=gongd))
    assert text == "alert 12 K7 accepted under key night-1: active, 3 targets\n"
    body = gongd.body()
    assert before + 4 * 3600e3 - 1 <= body.pop("expires_at") <= time.time() * 1000 + 4 * 3600e3
    assert body == {
        "key": "night-1", "template": "flood.move", "policy": "move.now", "severity": "red",
        "kind": "flash_flood", "mode": "drill", "params": {"route": "村北, \"机耕\"路"},
        "params_by_division": {"990121103001": {"shelter": "a=b"}},
        "audience": {"divisions": ["990121103", "990121104", "990121105"],
                     "without_divisions": ["990121103009"], "contacts": ["c1"]},
        "starts_at": "2026-11-24T06:00:00+08:00"}
    assert gongd.asked[-1][1] == "application/json"
    out(ctl("send", "--kind", "flash_flood", "--severity", "red", "--division", "990121103", "990121104",
            gongd=gongd))
    assert gongd.body()["audience"] == {"divisions": ["990121103", "990121104"]}
    gongd.answers["POST /v1/alerts"][1].update(incomplete=True, damaged=["post", "number"])
    said = ctl("send", "t", "--severity", "red", "--contact", "c", gongd=gongd)
    assert said.returncode == 0 and said.stdout.startswith(b"alert 12 K7 accepted")
    assert b"INCOMPLETE: lists of people are damaged (post, number)" in said.stderr
    del gongd.answers["POST /v1/alerts"][1]["incomplete"]
    gongd.answers["POST /v1/alerts"][1]["repeat"] = True
    gongd.answers["POST /v1/alerts"][1]["nobody"] = [{"code": "990121103002", "name": "石桥\x1b[2J"},
                                                    {"code": "990121103009", "name": None}]
    for lang, words in (("en", "NOBODY can be called for 2 of 3 places; send somebody there, and correct the list:\n"
                         "  石桥?[2J 990121103002, 990121103009\n"),
                        ("zh", "无人可叫:2 个(共 3 个地区),请派人前往,并更正名单:\n  石桥?[2J 990121103002")):
        said = ctl("send", "t", "--severity", "red", "--replaces", "A4", "--whole", "--division", "990121",
                   gongd=gongd, lang=lang)
        assert said.returncode == 0 and words in said.stderr.decode(), said
        assert gongd.body()["replaces"] == 2 and gongd.body()["whole"] is True
    del gongd.answers["POST /v1/alerts"][1]["nobody"]
    keys = set()
    for _ in range(2):
        assert "accepted before" in out(ctl("send", "t", "--severity", "red", "--replaces", "11",
                                            "--reached", gongd=gongd))
        keys.add(gongd.body()["key"])
    assert len(keys) == 2 and gongd.body()["replaces"] == 11
    assert gongd.body()["audience"] == {"reached": True} and gongd.body()["mode"] == "real"
    answer = json.loads(out(ctl("--json", "send", "t", "--severity", "red", "--contact", "c",
                                gongd=gongd)))
    assert answer["key"].startswith("ctl-")


def test_show_names_who_comes_to_a_callout(gongd):
    coming = [{"contact": "d1", "person": "李四", "text": "1 20", "meaning": "coming", "level": 3, "minutes": 20,
               "at": T0, "source": "sms", "posts": [{"role": "duty_deputy", "title": "值班副职",
                                                     "division": "990121", "place": "青石县"}]},
              {"contact": "d2", "person": "王五", "text": None, "meaning": "in_post", "level": 4, "minutes": None,
               "at": T0, "source": "desk", "posts": []}]
    gongd.answers["GET /v1/alerts/12"] = (200, dict(ALERT, coming=coming))
    line = next(l for l in out(ctl("alert", "show", "12", gongd=gongd)).splitlines()
                if l.startswith("who comes"))
    assert re.match(r'who comes: 李四 \(青石县 值班副职\) "1 20", coming, 20 min, [-0-9 :]+; 王五, in post, [-0-9 :]+$',
                    line), line
    line = next(l for l in out(ctl("alert", "show", "12", gongd=gongd, lang="zh")).splitlines()
                if l.startswith("谁来"))
    assert re.match(r"谁来:李四 \(青石县 值班副职\) “1 20”,正赶来,20分钟,[-0-9 :]+;王五,已到岗,[-0-9 :]+$", line), line
    gongd.answers["GET /v1/alerts/12"] = (200, dict(ALERT, coming=[]))
    assert "who comes: nobody yet\n" in out(ctl("alert", "show", "12", gongd=gongd))
    gongd.answers["GET /v1/alerts/12"] = (200, dict(ALERT, coming=None))
    assert "who comes" not in out(ctl("alert", "show", "12", gongd=gongd))


def test_a_dry_run_shows_steps_people_and_forecast(gongd):
    gongd.answers["POST /v1/alerts?dry_run=1"] = (200, {
        "dry_run": True, "targets": 3, "steps": [
            {"step": 0, "name": "principals", "after_ms": 0, "console": False,
             "without_route": False, "targets_without_anybody": 1,
             "waves": [{"channel": "sms", "people": 180, "parts": 2},
                       {"channel": "voice", "people": 90, "parts": 1}]},
            {"step": 1, "name": "desk", "after_ms": 3600000, "console": True,
             "without_route": True, "targets_without_anybody": 0, "waves": []}],
        "forecast": [{"channel": "sms", "messages": 180, "due_ms": 0, "first_ms": 4000,
                      "last_ms": 725000},
                     {"channel": "voice", "messages": 90, "due_ms": 0, "first_ms": -1,
                      "last_ms": -1}],
        "ahead": {"messages": 12, "thanks": 5}, "thanks": {"messages": 180, "last_ms": 1445000}})
    lines = out(ctl("send", "t", "--severity", "red", "--division", "990121", "--dry-run",
                    gongd=gongd)).splitlines()
    assert "DRY RUN" in lines[0] and "3 targets" in lines[0]
    assert lines[2].split()[:7] == ["principals", "0s", "sms", "180", "2", "4s", "12m05s"]
    assert "1 places: nobody in this step" in lines[2]
    assert lines[3].split() == ["voice", "90", "1", "no", "route", "no", "route"]
    assert lines[4].split()[:2] == ["desk", "1h00m"] and "a task at the desk" in lines[4]
    assert "a channel has no route" in lines[4]
    assert "12 messages of other alerts go first, 5 of them thanks" in lines
    assert "if all answer at once: 180 thanks, the last at 24m05s" in lines


def test_callout_cancel_ack_and_task_ask_for_what_was_said(gongd):
    accepted = {"id": 13, "code": "M2", "state": "active", "targets": 1, "repeat": False}
    gongd.answers["POST /v1/callouts"] = (202, accepted)
    out(ctl("callout", "--role", "duty_officer", "--division", "990121", "--param",
            "event=landslide", "--key", "k", gongd=gongd))
    assert gongd.body() == {"params": {"event": "landslide"}, "role": "duty_officer",
                            "division": "990121", "key": "k", "mode": "real"}
    out(ctl("callout", "--contact", "c1", "c2", "--key", "k", "--drill", "--kind", "landslide",
            "--expires", str(T0), gongd=gongd))
    assert gongd.body() == {"params": {}, "contacts": ["c1", "c2"], "key": "k", "mode": "drill",
                            "kind": "landslide", "expires_at": T0}
    gongd.answers["POST /v1/alerts/12/cancel"] = (200, {"id": 12, "state": "cancelled",
                                                        "notice": 14})
    assert "alert 14 tells" in out(ctl("alert", "cancel", "12", "--template", "warn.cancel",
                                       "--param", "a=b", "--note", "over", gongd=gongd))
    assert gongd.body() == {"template": "warn.cancel", "params": {"a": "b"}, "note": "over"}
    gongd.answers["POST /v1/alerts/12/acks"] = (200, {"alert": 12, "level": 4})
    assert "in post" in out(ctl("ack", "12", "--division", "990121103001", "--level", "4",
                                "--name", "张三", "--note", "door to door", gongd=gongd))
    assert gongd.body() == {"division": "990121103001", "level": 4, "name": "张三",
                            "note": "door to door"}
    assert "cannot" in out(ctl("ack", "12", "--contact", "c1", "--cannot", gongd=gongd))
    assert gongd.body() == {"contact": "c1", "outcome": "cannot"}
    gongd.answers["POST /v1/tasks/4/close"] = (200, {"task": 4, "closed": True})
    assert "closed" in out(ctl("task", "close", "4", "--note", "spoke to 张三", gongd=gongd))
    assert gongd.body() == {"note": "spoke to 张三"}


def test_import_sends_the_file_as_it_is(gongd, tmp_path):
    csv = "code,name\n990121,青石县\n".encode("gbk")
    (tmp_path / "d.csv").write_bytes(csv)
    gongd.answers["POST /v1/import/divisions"] = (200, {"rows": 1})
    assert out(ctl("import", "divisions", str(tmp_path / "d.csv"), gongd=gongd)) == \
        "imported 1 rows of divisions\n"
    assert gongd.asked[-1][1:] == ("text/csv", csv)
    gongd.answers["POST /v1/import/roster"] = (422, {"field": "line 3", "detail": "no contact"})
    result = ctl("import", "roster", "-", gongd=gongd, stdin=csv)
    assert result.returncode == 1 and result.stderr == b"gongctl: line 3: no contact\n"
    assert gongd.asked[-1][2] == csv


def test_lists_are_paged_and_cut_at_the_limit(gongd):
    row = dict(ALERT)
    gongd.answers["GET /v1/alerts"] = (200, {"alerts": [row] * 2, "next": "2:a b"})
    gongd.answers["GET /v1/alerts?after=2%3Aa%20b"] = (200, {"alerts": [row] * 2, "next": 7})
    gongd.answers["GET /v1/alerts?after=7"] = (200, {"alerts": [row], "next": None})
    assert len(out(ctl("alert", "list", gongd=gongd)).splitlines()) == 6
    cut = out(ctl("alert", "list", "--limit", "3", gongd=gongd)).splitlines()
    assert len(cut) == 5 and "--limit" in cut[-1]
    assert len(json.loads(out(ctl("--json", "alert", "list", gongd=gongd)))["alerts"]) == 5
    gongd.answers["GET /v1/alerts?open=1"] = (200, {"alerts": [], "next": None})
    assert out(ctl("alert", "list", "--open", gongd=gongd)) == "no alerts\n"


def test_answers_in_chunks_are_read(gongd):
    gongd.chunked = True
    assert json.loads(out(ctl("--json", "alert", "show", "12", gongd=gongd))) == ALERT


def test_show_says_everything_in_both_languages(gongd):
    gongd.answers["GET /v1/alerts/12/messages"] = (200, {"next": None, "messages": [{
        "wave": 7, "step": 0, "channel": "sms", "kind": "call", "contact": "c1", "name": "沈安平",
        "number": "+999****0001", "state": "failed", "parts": 2, "text": "立即\n转移", "at": T0,
        "due": None, "attempts": [{"n": 1, "route": "sim1", "reason": "CMS 38"}]}]})
    gongd.answers["GET /v1/alerts/12/events"] = (200, {"next": None, "events": [
        {"id": 1, "at": T0, "what": "accepted", "detail": {"client": "socket:0"}},
        {"id": 2, "at": T0, "what": "step", "text": "step principals: 10 messages", "detail": {}}]})
    en = out(ctl("alert", "show", "12", "--targets", "--messages", "--events", gongd=gongd))
    for part in ["alert 12 K7  flood.move / move.now  red  active  DRILL", "elapsed 1m05s",
                 "58m55s left", "[##########--------------------] 1 of 3 done (33%)",
                 "no answer 1 | delivered 0 | answered 0 | acknowledged 1 | in post 0 | done 1",
                 "queued 4 sending 1 sent 2 delivered 3; forecast: the last of 4 (6 parts) leaves in 40s, behind 3 of other alerts"
                 ", behind 2 thanks, with 7 of the next steps, 1 likely not needed as people answer",
                 "principals (taken) redial (next in 15s) deputies\n", "open tasks: 1",
                 "CMS 38", "sim1", "立即 转移", "{\"client\":\"socket:0\"}",
                 "step principals: 10 messages"]:
        assert part in en, part
    zh = out(ctl("alert", "show", "12", "--targets", gongd=gongd, lang="zh"))
    for part in ["告警 12 K7", "红色", "进行中", "演练", "还剩 58分55秒", "1/3 已完成", "未应答 1",
                 "中的最后一条 40秒 后发出,前面还有其他告警的3条,前面还有自动回复2条,含后续步骤约7条,其中约1条因有人应答而不必再发",
                 "已确认 1", "重拨(15秒 后执行)", "未办任务:1"]:
        assert part in zh, part
    reply = dict(ALERT["waves"][0], step=-1, kind="reply", total=1, delivered=1)
    gongd.answers["GET /v1/alerts/12"] = (200, dict(ALERT, waves=ALERT["waves"] + [reply] * 30))
    waves = re.findall(r"^(?!消息).*(?:叫应|自动回复).*$", out(ctl("alert", "show", "12", gongd=gongd,
                                                 lang="zh")), re.M)
    assert [w.split() for w in waves] == [
        "7 0.0 短信 叫应 开启 10 4 1 2 3 0 0 0 0".split(),
        "- - 短信 自动回复 - 30 120 30 60 30 0 0 0 0".split()]
    gongd.answers["GET /v1/alerts/12"] = (200, dict(ALERT, state="held", now=T0 - 90000))
    assert "starts 11-24 02:10:00, in 1m30s" in out(ctl("alert", "show", "12", gongd=gongd))
    gongd.answers["GET /v1/alerts/12"] = (200, ALERT)
    both = json.loads(out(ctl("--json", "alert", "show", "12", "--targets", gongd=gongd)))
    assert both["alert"] == ALERT and both["targets"] == TARGETS


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "POSIX", "xx_YY"])
def test_wide_characters_line_up_and_unanswered_come_first(gongd, locale):
    text = out(ctl("alert", "show", "12", "--targets", gongd=gongd, lang="zh",
                   env={"LC_ALL": locale}))
    rows = [line for line in text.split("\n\n")[1].splitlines()]
    codes = [re.search("代码|9901211030\\d\\d", row) for row in rows]
    assert len(rows) == 4 and len({columns(row[:m.start()]) for row, m in zip(rows, codes)}) == 1
    assert [row[0] for row in rows[1:]] == ["!", "~", "+"]
    assert "\x1b" not in text and "西沟?[31m村" in text
    levels = ["未应答", "已确认", "已完成"]
    assert len({columns(row[:row.index(word)]) for row, word in zip(rows[1:], levels)}) == 1


def test_the_language_comes_from_the_environment(gongd):
    gongd.answers["GET /v1/alerts"] = (200, {"alerts": [], "next": None})
    for name, value, said in [("LANG", "zh_CN.UTF-8", "没有告警"), ("LANG", "en_US", "no alerts"),
                              ("LC_ALL", "zh_CN.GBK", "没有告警"), ("LANG", "", "no alerts")]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("L")}
        result = subprocess.run([GONGCTL, "--socket", gongd.path, "alert", "list"], timeout=30,
                                capture_output=True, env=dict(env, **{name: value}))
        assert said in result.stdout.decode()


def test_routes_and_tasks_are_readable(gongd):
    gongd.answers["GET /v1/routes"] = (200, {"routes": [
        {"name": "sim1", "driver": "gong-modem", "channels": ["sms"], "state": "paused",
         "state_at": T0, "health": {"ok": False, "registered": False, "signal_dbm": -71,
                                    "operator": "CMCC", "storage": {"used": 3, "size": 20}}},
        {"name": "p", "driver": "gong-http", "channels": ["sms", "voice"], "state": None,
         "state_at": None, "health": None}]})
    text = out(ctl("route", "list", gongd=gongd))
    assert "暂停" in out(ctl("route", "list", gongd=gongd, lang="zh"))
    assert "NOT OK not registered CMCC -71 dBm storage 3/20" in text
    assert re.search(r"p +gong-http +sms voice +- +- +-", text)
    text = out(ctl("task", "list", gongd=gongd, lang="zh"))
    assert re.search(r" 4 +12 +11-24 02:11:00 +- +到达时限 +- +上门叫应西沟村 +-", text)


def asked(gongd):
    return gongd.asked[-1][0]


def test_a_code_stands_for_an_alert_everywhere(gongd):
    for args, path in ((["alert", "show", "A3"], "GET /v1/alerts/1"),
                       (["alert", "show", "c4"], "GET /v1/alerts/7"),
                       (["alert", "answers", "A4"], "GET /v1/alerts/2/answers"),
                       (["alert", "cancel", "A4"], "POST /v1/alerts/2/cancel"),
                       (["ack", "A4", "--contact", "c", "--level", "3"], "POST /v1/alerts/2/acks")):
        assert ctl(*args, gongd=gongd).returncode == 1
        assert asked(gongd) == path, args
    gongd.answers["POST /v1/alerts"] = (202, {"id": 1, "repeat": False})
    ctl("send", "t", "--severity", "red", "--replaces", "A4", "--reached", gongd=gongd)
    assert gongd.body()["replaces"] == 2


def test_lists_are_filtered_as_asked(gongd):
    for args, path in (
            (["alert", "list", "--state", "active,exhausted", "--severity", "red", "--mode", "drill"],
             "/v1/alerts?state=active,exhausted&severity=red&mode=drill"),
            (["alert", "list", "--client", "雨量 站", "--since", "2026-11-24T06:00:00+08:00"],
             "/v1/alerts?client=%%E9%%9B%%A8%%E9%%87%%8F%%20%%E7%%AB%%99&since=%d" % (T0 + 230 * 60000)),
            (["alert", "list", "--open", "--division", "990121", "--key", "a&b=c"],
             "/v1/alerts?open=1&division=990121&key=a%26b%3Dc"),
            (["inbox", "--open", "--alert", "A4", "--contact", "c1", "--since", "1795457400000"],
             "/v1/inbox?open=1&alert=2&contact=c1&since=1795457400000"),
            (["inbox", "--unmasked"], "/v1/inbox?unmasked=1")):
        assert ctl(*args, gongd=gongd).returncode == 1
        assert "GET " + path in [a[0] for a in gongd.asked[-2:]]    # a place that is refused is asked about


POSTS = [{"role": "village_chief", "title": "村负责人", "division": "990121103001", "place": "东沟村"}]
ANSWERS = [
    {"id": 1, "at": T0, "contact": "c1", "person": "沈安平", "posts": POSTS, "source": "sms",
     "places": [{"code": "990121103001", "name": "东沟村"}, {"code": "990121103009", "name": None}],
     "text": "1 请放心\x1b[2J", "meaning": "acknowledged", "level": 3, "helper": False, "minutes": 20,
     "heard_from": None, "note": None},
    {"id": 2, "at": T0 + 1000, "contact": None, "person": None, "posts": [], "source": "desk",
     "places": [{"code": "990121103002", "name": "Upper Mill"}], "text": None, "meaning": "done",
     "level": 5, "helper": True, "minutes": None, "heard_from": "张三", "note": "入户"}]


def test_answers_say_who_what_and_for_which_places(gongd):
    gongd.answers["GET /v1/alerts/12/answers"] = (200, {"answers": ANSWERS, "next": None})
    en = out(ctl("alert", "answers", "12", gongd=gongd)).splitlines()
    assert re.search(r"11-24 02:10:00 +沈安平 +东沟村 村负责人 +东沟村, 990121103009 +sms +acknowledged +3 +20 +"
                     r"1 请放心\?\[2J +-$", en[1]), en
    assert re.search(r"张三 +- +Upper Mill +desk +done +5 \(helper\) +- +- +入户$", en[2]), en
    zh = out(ctl("alert", "show", "12", "--answers", gongd=gongd, lang="zh"))
    assert re.search("短信 +已确认 +3", zh) and "值班台 已完成" in re.sub(" +", " ", zh) and "原话" in zh
    both = json.loads(out(ctl("--json", "alert", "answers", "12", gongd=gongd)))
    assert both == {"id": 12, "answers": ANSWERS}
    gongd.answers["GET /v1/alerts/12/answers"] = (200, {"answers": [], "next": None})
    assert out(ctl("alert", "answers", "12", gongd=gongd)).strip() == "no answers yet"


def test_the_inbox_is_listed_and_decided(gongd):
    row = {"id": 7, "at": T0, "received_at": T0, "kind": "sms", "number": "+999****0001",
           "contact": None, "person": None, "posts": [], "text": "\u202e3人被困\x07", "alert": None,
           "alert_code": None, "meaning": None, "level": None, "decided_by": None, "note": None,
           "answered_by": None, "open": True}
    known = dict(row, id=8, person="沈安平", posts=POSTS, alert_code="K7", meaning="acknowledged", level=3,
                 decided_by="李伟 (socket:0)", note="核实", open=False, text=None, kind="missed_call")
    gongd.answers["GET /v1/inbox"] = (200, {"inbox": [known, row], "next": None})
    lines = out(ctl("inbox", gongd=gongd)).splitlines()
    assert re.search(r"^ *8 +11-24 02:10:00 +沈安平 +东沟村 村负责人 +K7 +acknowledged +3 +李伟 \(socket:0\) +"
                     r"missed call +核实$", lines[1]), lines
    assert re.search(r"^ *7! +11-24 02:10:00 +\+999\*{4}0001 +- +- +not judged +- +- +.*3人被困\? +-$", lines[2]), lines
    assert "未判定" in out(ctl("inbox", gongd=gongd, lang="zh"))
    decided = {"inbox": 7, "alert": 12, "alert_code": "K7", "level": 3, "decided_by": "x", "at": T0}
    gongd.answers["POST /v1/inbox/7/assign"] = (200, decided)
    assert out(ctl("inbox", "assign", "7", "--note", "原话", "--level", "3", "--alert", "K7", "--contact",
                   "c1", "--name", "李伟", gongd=gongd)) == "text 7 belongs to K7, level 3\n"
    assert gongd.body() == {"note": "原话", "name": "李伟", "alert": "K7", "level": 3, "contact": "c1"}
    for option, outcome in (("--cannot", "cannot"), ("--asks-help", "help"), ("--no-answer", "none")):
        out(ctl("inbox", "assign", "7", "--note", "n", option, "--alert", "12", "--division", "990121103001",
                "--again", gongd=gongd))
        assert gongd.body() == {"note": "n", "alert": 12, "outcome": outcome, "again": True,
                                "division": "990121103001"}
    gongd.answers["POST /v1/inbox/7/ignore"] = (200, {"inbox": 7, "ignored": True})
    assert "put aside" in out(ctl("inbox", "ignore", "7", "--note", "广告", gongd=gongd))
    assert gongd.body() == {"note": "广告"}
    gongd.answers["POST /v1/inbox/7/answer"] = (200, {"inbox": 7, "parts": 2})
    assert "已提交(2条)" in out(ctl("inbox", "answer", "7", "--text", "人先走", gongd=gongd, lang="zh"))
    assert gongd.body() == {"text": "人先走"}
    gongd.answers["POST /v1/inbox/7/ignore"] = (409, {"concept": "again", "field": "/again", "detail": "no"})
    refused = ctl("inbox", "ignore", "7", "--note", "x", gongd=gongd)
    assert refused.returncode == 1 and refused.stderr == b"gongctl: --again: no\n"


def test_tasks_are_taken_noted_and_listed_by_urgency(gongd):
    unclear = dict(TASK, id=3, kind="unclear", urgency=20, text="看不懂")
    help_ = dict(TASK, id=9, kind="help", urgency=90, text="求助", taken_by="李伟 (socket:0)", alert_code="K7",
                 notes=[{"at": T0, "by": "李伟", "text": "已派船\x1b[1m"}])
    gongd.answers["GET /v1/tasks?open=1"] = (200, {"tasks": [unclear, TASK, help_], "next": None})
    lines = out(ctl("task", "list", gongd=gongd)).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["9", "4", "3"]
    assert "K7" in lines[1] and "李伟 (socket:0)" in lines[1]
    assert lines[4] == "  9 11-24 02:10:00 李伟: 已派船?[1m"
    gongd.answers["POST /v1/tasks/9/take"] = (200, {"task": 9, "taken_by": "王芳 (x)", "taken_at": T0})
    assert out(ctl("task", "take", "9", "--name", "王芳", "--from", "李伟 (socket:0)", gongd=gongd)) == \
        "task 9 is with 王芳 (x) since 11-24 02:10:00\n"
    assert gongd.body() == {"name": "王芳", "from": "李伟 (socket:0)"}
    gongd.answers["POST /v1/tasks/9/note"] = (200, {"task": 9, "noted_at": T0})
    assert "已记入任务 9" in out(ctl("task", "note", "9", "--note", "到了", gongd=gongd, lang="zh"))
    assert gongd.body() == {"note": "到了"}


def test_instants_are_the_sites_with_year_and_zone_where_needed(gongd):
    year = time.strftime("%Y")
    now = int(time.mktime((int(year), 6, 15, 12, 0, 0, 0, 0, 0)) * 1000)
    for at, zone, shown in ((T0, "UTC", r"11-23 18:10:00"), (1574561400000, "Asia/Shanghai", "2019-11-24 10:10:00")):
        gongd.answers["GET /v1/tasks?open=1"] = (200, {"tasks": [dict(TASK, opened_at=at)], "next": None})
        assert re.search(shown, out(ctl("task", "list", gongd=gongd, env={"TZ": zone})))
    gongd.zone = "Asia/Shanghai"
    gongd.answers["GET /v1/tasks?open=1"] = (200, {"tasks": [dict(TASK, opened_at=now)], "next": None})
    here = out(ctl("task", "list", gongd=gongd, env={"TZ": "Asia/Shanghai"}))
    there = out(ctl("task", "list", gongd=gongd, env={"TZ": "America/New_York"}))
    assert "+0800" not in here and re.search(r"06-1[56] \d\d:00:00 \+0800", there)
    assert re.search(r"06-1[56] \d\d:00:00", here).group() in there, "the same instant in the same zone"
    for hostile in ("../../etc/passwd", ":/etc/shadow", "", "A" * 200, "\x1b[31m"):
        gongd.zone = hostile
        assert out(ctl("task", "list", gongd=gongd, env={"TZ": "Asia/Shanghai"})) == here, hostile


def test_show_tells_what_was_asked_for_who_moved_and_whom_nobody_answers_for(gongd):
    request = {"params": {"route": "村北机耕路"}, "params_by_division": {}, "whole": False, "audience": {
        "divisions": [{"code": "990121103", "name": "清东"}], "without_divisions": [
            {"code": "990121103009", "name": None}], "roles": ["warner"], "contacts": [
            {"ref": "c1", "name": "沈安平"}], "without_contacts": [], "reached": False}}
    gongd.answers["GET /v1/alerts/12"] = (200, dict(ALERT, request=request, nobody=1, moved=1))
    targets = [dict(TARGETS[0], moved_to=13, moved_to_code="M3"), TARGETS[1], dict(TARGETS[2], nobody=True)]
    gongd.answers["GET /v1/alerts/12/targets"] = (200, {"targets": targets, "next": None})
    en = out(ctl("alert", "show", "12", "--targets", gongd=gongd))
    for part in ("places: 清东 990121103", "without:  990121103009", "roles: warner", "persons: 沈安平 c1",
                 "params: route=村北机耕路", "done 1 | nobody to call 1 | moved 1"):
        assert part in en, (part, en)
    assert re.search(r"^x .*nobody to call", en, re.M) and re.search(r"^> .*moved to M3", en, re.M)
    assert [line[0] for line in en.rstrip().splitlines()[-3:]] == ["x", "~", ">"]
    zh = out(ctl("alert", "show", "12", "--targets", gongd=gongd, lang="zh"))
    assert "地区: 清东" in zh and "无人可叫 1" in zh and "转入 M3" in zh


ROUTES = {"routes": [
    {"name": "sim1", "driver": "gong-modem", "channels": ["sms"], "state": "up", "state_at": T0, "alarms": []},
    {"name": "sim2", "driver": "gong-modem", "channels": ["sms"], "state": "down", "state_at": T0,
     "alarms": [{"name": "down", "text": "no SIM\x1b[2J"}]}]}


def test_watch_shows_dead_routes_the_next_rung_and_true_tasks_first(gongd):
    gongd.answers["GET /v1/routes"] = (200, ROUTES)
    unclear = dict(TASK, id=3, kind="unclear", text="看不懂")
    gongd.answers["GET /v1/tasks?open=1"] = (200, {"tasks": [unclear, dict(TASK, taken_by="李伟")], "next": None})
    gongd.answers["GET /v1/alerts/12"] = (200, dict(ALERT, state="satisfied"))
    text = out(ctl("alert", "watch", "12", "--until-closed", gongd=gongd))
    assert "ROUTE sim2 down since 11-24 02:10:00: no SIM?[2J" in text and "sim1" not in text
    assert text.index("TASK 4 since 11-24 02:11:00 [李伟]: ") < text.index("TEXT 3 since")
    gongd.answers["GET /v1/alerts/12"] = (200, ALERT)
    picture = watched(gongd, 24, 80, 1)[0]
    assert "下一步:重拨 11-24 02:11:20 执行,还有 15秒" in picture and "\x1b[7m通道 sim2" in picture


def test_watch_without_an_id_follows_all_that_run(gongd):
    looks = []

    def running():
        looks.append(1)
        return {"alerts": [ALERT, dict(ALERT, id=13)] if len(looks) < 3 else [], "next": None}
    gongd.answers["GET /v1/alerts?open=1"] = (200, running)
    gongd.answers["GET /v1/alerts/13"] = (200, dict(ALERT, id=13, code="M3", severity="orange"))
    text = out(ctl("alert", "watch", "--until-closed", "--interval", "100ms", gongd=gongd))
    first, last = text.split("\n\n")[0], text.split("\n\n")[-1]
    assert "alert 12 K7" in first and "alert 13 M3" in first and first.count("next: redial") == 2
    assert "TASK 4" in first and "no alert is running" in last
    looks.clear()
    both = out(ctl("--json", "alert", "watch", "--until-closed", "--interval", "100ms", gongd=gongd))
    assert [a["id"] for a in json.loads(both.splitlines()[0])["alerts"]] == [12, 13]


def test_watch_scrolls_by_keys_and_leaves_the_terminal_as_it_was(gongd):
    many = [dict(TARGETS[0], id=i, level=0, level_at=None, name="V%03d" % i, by=None)
            for i in range(1, 301)]
    gongd.answers["GET /v1/alerts/12/targets"] = (200, {"targets": many, "next": None})
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.environ.update(LC_ALL="C.UTF-8", TZ="Asia/Shanghai")
        os.execv(GONGCTL, [GONGCTL, "--lang", "en", "--socket", gongd.path, "alert", "watch", "12",
                           "--interval", "1h"])
    before = termios.tcgetattr(master)[3]
    seen, done = "", False

    def until_shown(what, keys):
        nonlocal seen
        end, start = time.monotonic() + 10, len(seen)
        os.write(master, keys)
        while what not in seen[start:]:
            assert time.monotonic() < end, (what, seen[start:])
            if select.select([master], [], [], 0.1)[0]:
                seen += os.read(master, 65536).decode("utf-8", "replace")
    try:
        until_shown("V001", b"")
        until(lambda: not termios.tcgetattr(master)[3] & termios.ICANON)
        until_shown("above", b"j")
        until_shown("V300", b"G")
        until_shown("V001", b"g")
        until_shown("1 above", b"\x1b[B")
        os.write(master, b"q")
        until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid)
        done = True
    finally:
        if not done:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        left = termios.tcgetattr(master)[3]
        os.close(master)
    assert left == before


def test_watch_prints_a_block_a_change_and_ends_when_closed(gongd):
    turns = []

    def alert():
        turns.append(1)
        n = len(turns)
        return dict(ALERT, now=ALERT["now"] + n * 1000,
                    satisfied=1 if n < 6 else 3, state="active" if n < 12 else "satisfied",
                    closed_at=T0 + 90000 if n >= 12 else None)
    gongd.answers["GET /v1/alerts/12"] = (200, alert)
    text = out(ctl("alert", "watch", "12", "--interval", "200ms", "--until-closed", gongd=gongd))
    blocks = text.split("\n\n")
    assert len(blocks) == 3 and "\x1b" not in text
    assert "1 of 3" in blocks[0] and "3 of 3" in blocks[1] and "active" in blocks[1]
    assert "satisfied" in blocks[2] and "closed 11-24 02:11:30" in blocks[2]
    assert "TASK 4 since 11-24 02:11:00: 上门叫应西沟村" in blocks[0]


def test_watch_outlives_a_restart_of_gongd(gongd):
    process = subprocess.Popen([GONGCTL, "--lang", "en", "--socket", gongd.path, "alert", "watch",
                                "12", "--interval", "100ms", "--until-closed"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        until(lambda: len(gongd.asked) > 3)
        gongd.stop()
        time.sleep(1.5)
        gongd.answers["GET /v1/alerts/12"] = (200, dict(ALERT, state="expired", closed_at=T0 + 1))
        gongd.start()
        text, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait(5)
    assert process.returncode == 0, errors
    assert b"gongd is not reachable" in text and b"expired" in text.split(b"\n\n")[-1]


def until(test, seconds=10):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.02)


def watched(gongd, rows, width, pictures):
    """What `alert watch` draws on a terminal of that size, until so many pictures were seen."""
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, width, 0, 0))
        os.environ.update(LC_ALL="C.UTF-8", TZ="Asia/Shanghai")
        os.execv(GONGCTL, [GONGCTL, "--lang", "zh", "--socket", gongd.path, "alert", "watch", "12",
                           "--interval", "100ms"])
    seen, done, end = b"", 0, time.monotonic() + 20
    try:
        while seen.count(b"\x1b[J") < pictures and time.monotonic() < end:
            if select.select([master], [], [], 0.5)[0]:
                seen += os.read(master, 65536)
        os.kill(pid, signal.SIGINT)
        while not done and time.monotonic() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done and select.select([master], [], [], 0.05)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    pass
        assert done and os.waitstatus_to_exitcode(status) == 0
    finally:
        if not done:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(master)
    return seen.decode().split("\x1b[J")[:pictures]


def test_watch_redraws_in_place_on_a_terminal(gongd):
    pictures = watched(gongd, 24, 80, 3)
    ups = [re.match(r"\r?\n?\x1b\[(\d+)A\r", p) for p in pictures[1:]]
    assert all(ups), pictures
    assert {int(m.group(1)) for m in ups} == {pictures[0].count("\n")}
    assert "\x1b[31m!" in pictures[0] and "\x1b[32m+" in pictures[0]
    assert "西沟?[31m村" in pictures[0]


@pytest.mark.parametrize("rows, width", [(24, 80), (16, 50), (10, 33)])
def test_watch_stays_within_the_terminal(gongd, rows, width):
    many = [dict(TARGETS[0], id=i, level=i % 6, name="很长的村名第%d组" % i, by="王" * (i % 9))
            for i in range(1, 301)]
    gongd.answers["GET /v1/alerts/12/targets"] = (200, {"targets": many, "next": None})
    picture = watched(gongd, rows, width, 2)[1]
    lines = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", picture).replace("\r", "").strip("\n").split("\n")
    assert len(lines) < rows and max(columns(line) for line in lines) <= width
    if rows > 10:
        assert "另有" in lines[-1] and "未应答" in lines[-2]


def test_an_answer_that_gets_lost_is_told_as_what_it_may_have_done(tmp_path):
    """gongd dies in the middle: nothing was changed, or the file may come again, or it may have been sent."""
    class Dying:
        path = str(tmp_path / "dying.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(Dying.path)
    listener.listen(8)

    def die():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            connection.recv(65536)
            connection.close()
    thread = threading.Thread(target=die)
    thread.start()
    (tmp_path / "list.csv").write_text("id,name,phone\n1,a,+999123456789\n")
    send = ["send", "notice.text", "--severity", "yellow", "--contact", "c", "--param", "text=x"]
    try:
        for args, en, zh in (
                (["import", "contacts", str(tmp_path / "list.csv"), "--dry-run"], "nothing was changed", "未作任何改动"),
                (["import", "contacts", str(tmp_path / "list.csv")], "import it again", "重新导入同一文件"),
                (["alert", "list"], "nothing was changed", "未作任何改动"),
                (send + ["--dry-run"], "nothing was changed", "未作任何改动"),
                (send, "may have been done: look first", "操作可能已执行")):
            said = ctl(*args, gongd=Dying), ctl(*args, gongd=Dying, lang="zh")
            assert [p.returncode for p in said] == [3, 3], said
            assert en in said[0].stderr.decode() and zh in said[1].stderr.decode(), said
            assert "连接中断" in said[1].stderr.decode(), said
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
