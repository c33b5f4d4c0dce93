"""Systems that were written for Kannel: its address, its parameters, its answers and its delivery reports,
as clients of it use them (measured with Kannel 1.4.5); and what it leaves out in silence is said."""
import http.client
import http.server
import json
import os
import subprocess
import threading
import urllib.parse

import pytest

from district import District
from harness import World, sim_route, wait_for

TOKEN = "kannel-password-1"
CONF = '''source "legacy" { format = kannel rules = "sms.rules" token_file = "sms.token" up_to = red
 callback_to = {"http://%s"} }
'''
RULES = '''rule "held" { when { label "from" { equals = "held" } } trust = hold
 then { template = notice.text severity = yellow to = to validity = 1h param "text" { text = description } } }
rule "few" { when { label "from" { equals = "few" } } limit = 1
 then { template = notice.text severity = yellow to = to param "text" { text = description } } }
rule "any" { when { label "from" { matches = "106*" } }
 then { template = notice.text severity = orange to = to param "text" { text = description } } }
test "a text" { sample = "sample" expect = "any" }
'''
SAMPLE = "username=legacy&password=x&from=10690001&to=%2B999100&text=hi"
OK, LATER = (202, "0: Accepted for delivery"), (202, "3: Queued for later delivery")
DENIED = (400, "Number(s) has/have been denied by white- and/or black-lists.")


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got, self.status = [], 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def at(self):
        return "127.0.0.1:%d" % self.server_address[1]

    def of(self, ident):
        found = [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(p).query, keep_blank_values=True)) for p in list(self.got)]
        return [q for q in found if q.get("id") == ident]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.server.status == 200:
            self.server.got.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def world():
    receiver = Receiver()
    w = World(name="sendsms")
    w.receiver, w.district = receiver, District(2, 3)
    w.routes = sim_route(w.path("books"), receipts="true", receipt_ms="50") + CONF % receiver.at
    for name, text in {"sms.rules": RULES, "sms.token": TOKEN, "sample": SAMPLE}.items():
        with open(w.path(name), "w", encoding="utf-8") as f:
            f.write(text)
    w.write_conf()
    with w:
        w.start()
        wait_for("the route", w.all_up)
        w.load(w.district)
        w.numbers = [n["number"] for n in w.rows("SELECT '+' || e164 AS number FROM number WHERE pos = 0 ORDER BY contact")]
        yield w
    receiver.shutdown()


def ask(world, method="GET", path="/cgi-bin/sendsms", headers=None, body=None, **query):
    who = {"username": "legacy", "password": TOKEN, "from": "10690001"} if method == "GET" else {}
    c = http.client.HTTPConnection("127.0.0.1", world.port, timeout=20)
    q = urllib.parse.urlencode({k.replace("_", "-"): v for k, v in {**who, **query}.items() if v is not None}, quote_via=urllib.parse.quote_plus)
    c.request(method, path + ("?" + q if q else ""), body, headers or {})
    answer = c.getresponse()
    told = answer.status, answer.read().decode()
    assert answer.getheader("Content-Type") == "text/html"
    c.close()
    return told


def texts(world, number):
    with open(world.path("books"), encoding="utf-8") as f:
        entries = [json.loads(line) for line in f]
    return [e["text"] for e in entries if e.get("to") == number and e.get("text")]


def test_a_text_goes_to_whom_the_number_is(world):
    assert ask(world, to=world.numbers[0], text="水库放水 at 7") == OK
    wait_for("it is sent", lambda: [t for t in texts(world, world.numbers[0]) if "水库放水 at 7" in t])
    assert ask(world, to=" ".join(world.numbers[1:3]), text="two of you") == OK
    for n in world.numbers[1:3]:
        wait_for("both", lambda n=n: [t for t in texts(world, n) if "two of you" in t])


@pytest.mark.parametrize("query, text", [
    (dict(text="警报".encode("gbk"), charset="GBK"), "警报"),
    (dict(text="戒备".encode("utf-16-be"), coding="2"), "戒备"),
    (dict(text="疏散", coding="2"), "疏散"),             # what Kannel would send as nonsense
    (dict(text="caf\xe9".encode("latin-1"), charset="ISO-8859-1", coding="0"), "caf\xe9"),
    (dict(text="多字段", smsc="a", account="b", priority="3", mclass="1", validity="60", pid="0", strange="x"), "多字段"),
])
def test_every_coding_that_clients_use(world, query, text):
    assert ask(world, to=world.numbers[3], **query) == OK
    wait_for("it is sent", lambda: [t for t in texts(world, world.numbers[3]) if text in t])


@pytest.mark.parametrize("query, answer", [
    (dict(text="x"), (400, "Missing receiver number, rejected")),
    (dict(text="x", to=""), (400, "Empty receiver number not allowed, rejected")),
    (dict(text="x", to="abc"), DENIED),
    (dict(text="x", to="+999000000"), DENIED),
    (dict(to="+999100"), (400, "Empty text not allowed, rejected")),
    (dict(to="+999100", text=""), (400, "Empty text not allowed, rejected")),
    (dict(to="+999100", text="x", coding="9"), (400, "Coding field misformed, rejected")),
    (dict(to="+999100", text="x", coding="1"), (400, "Coding field misformed, rejected")),
    (dict(to="+999100", text="x", mclass="9"), (400, "MClass field misformed, rejected")),
    (dict(to="+999100", text="x", priority="9"), (400, "Priority field misformed, rejected")),
    (dict(to="+999100", text="x", validity="x"), (400, "Validity field misformed, rejected")),
    (dict(to="+999100", text="x", deferred="5"), (400, "Deferred field misformed, rejected")),
    (dict(to="+999100", text="x", udh="050003"), (400, "UDH field misformed, rejected")),
    (dict(to="+999100", text="x", charset="nix"), (400, "Charset or body misformed, rejected")),
    (dict(to="+999100", text=b"\xff\xfe\xfd"), (400, "Charset or body misformed, rejected")),
    (dict(to="+999100", text="x", dlr_mask="x"), (400, "DLR-Mask field misformed, rejected")),
    (dict(to="+999100", text="x", dlr_mask="31", dlr_url="http://elsewhere.example/"), (400, "DLR-Url field misformed, rejected")),
    (dict(to="+999100", text="x", dlr_mask="31", dlr_url="file:///etc/passwd"), (400, "DLR-Url field misformed, rejected")),
    (dict(to="+999100", text="长" * 400), (400, "Text too long, rejected")),
    (dict(to="+999100", text="x", password="wrong-password-1"), (403, "Authorization failed for sendsms")),
    (dict(to="+999100", text="x", username="nobody"), (403, "Authorization failed for sendsms")),
    (dict(to="+999100", text="x", path="/cgi-bin/other"), (404, "Unknown request.")),
    (dict(method="PUT", to="+999100", text="x"), (400, "")),
    (dict(method="POST", body="to=1", headers={"Content-Type": "application/x-www-form-urlencoded"}), (400, "Invalid content-type")),
])
def test_what_is_refused_is_so_in_kannels_words(world, query, answer):
    if query.get("to") == "+999100":
        query = dict(query, to=world.numbers[0])
    assert ask(world, **query) == answer


def test_nobody_is_told_is_not_accepted(world):
    status, text = ask(world, to=world.numbers[0], text="x", **{"from": "other"})
    assert status == 403 and text.startswith("Not routable")


def test_one_bad_number_of_two_is_said(world):
    assert ask(world, to=world.numbers[0] + " +999000001", text="half of it") == DENIED
    assert [t for t in world.api("GET", "/v1/tasks")[1]["tasks"] if t["kind"] == "signal" and "+999000001" in t["text"]]
    assert not [t for t in texts(world, world.numbers[0]) if "half of it" in t]


def test_what_a_limit_keeps_back_is_not_accepted(world):
    assert ask(world, to=world.numbers[0], text="few 1", **{"from": "few"}) == OK
    assert ask(world, to=world.numbers[0], text="few 2", **{"from": "few"}) == (403, "Not routable. Reason: signal_limit")


def test_a_number_is_read_to_its_end(world):
    assert ask(world, to=world.numbers[0] + "-" * 30 + "9", text="to somebody else") == DENIED
    assert not [t for t in texts(world, world.numbers[0]) if "somebody else" in t]


def test_a_post_has_its_headers(world):
    headers = {"Content-Type": "text/plain; charset=UTF-8", "X-Kannel-Username": "legacy", "X-Kannel-Password": TOKEN,
               "X-Kannel-From": "10690001", "X-Kannel-To": world.numbers[4], "X-Kannel-Coding": "2",
               "X-Kannel-DLR-Mask": "1", "X-Kannel-DLR-Url": "http://%s/dlr?id=post&d=%%d" % world.receiver.at}
    assert ask(world, "POST", headers=headers, body="来自正文".encode()) == OK
    wait_for("it is sent", lambda: [t for t in texts(world, world.numbers[4]) if "来自正文" in t])
    wait_for("its report", lambda: world.receiver.of("post") == [{"id": "post", "d": "1"}])


def test_reports_as_kannel_gives_them(world):
    url = "http://user:geheim@%s/dlr?id=r1&pass=geheim&d=%%d&p=%%p&P=%%P&T=%%T&A=%%A&n=%%n&pc=%%%%&x=%%x" % world.receiver.at
    number = world.numbers[5]
    assert ask(world, to=number, text="report this", dlr_mask="31", dlr_url=url) == OK
    told = wait_for("both", lambda: world.receiver.of("r1")[1:] and world.receiver.of("r1"))
    assert [t["d"] for t in told] == ["8", "1"] and told[0]["A"] == "ACK/" and told[1]["A"] == ""
    assert {(t["p"], t["P"], t["n"], t["pc"], t["x"]) for t in told} == {(number, "10690001", "legacy", "%", "%x")}
    assert ask(world, to=number, text="no report", dlr_mask="0", dlr_url=url.replace("r1", "r2")) == OK
    assert ask(world, to=number, text="failures only", dlr_mask="18", dlr_url=url.replace("r1", "r3")) == OK
    wait_for("both are sent", lambda: [t for t in texts(world, number) if "failures only" in t])
    assert not world.receiver.of("r2") and not world.receiver.of("r3")
    shown = json.dumps([world.api("GET", "/v1/signals/%d" % s["id"])[1] for s in world.api("GET", "/v1/signals")[1]["signals"]])
    with open(world.path("gongd.log"), encoding="utf-8") as f:
        assert "geheim" not in shown + f.read() and TOKEN not in shown
    raw = b"".join(r["bytes"] for r in world.rows("SELECT bytes FROM signal_raw"))
    assert b"geheim" not in raw and TOKEN.encode() not in raw and b"report+this" in raw


@pytest.mark.parametrize("ident, written", [("np", lambda a, b: a[1:]), ("comma", lambda a, b: a + "," + b)])
def test_a_report_has_the_number_as_it_was_written(world, ident, written):
    a, b = world.numbers[1:3]
    url = "http://%s/dlr?id=%s&p=%%p" % (world.receiver.at, ident)
    assert ask(world, to=written(a, b), text="as written " + ident, dlr_mask="1", dlr_url=url) == OK
    want = [a[1:]] if ident == "np" else [a, b]
    wait_for("its reports", lambda: sorted(t["p"] for t in world.receiver.of(ident)) == want)


def test_the_same_again_is_sent_once_another_callback_is_another_message(world):
    number = world.numbers[2]
    for _ in range(3):
        assert ask(world, to=number, text="once only", validity="30") == OK
    url = "http://%s/dlr?id=%%s" % world.receiver.at
    for ident in ("s1", "s2"):
        assert ask(world, to=number, text="twice", dlr_mask="1", dlr_url=url % ident) == OK
    wait_for("reports", lambda: world.receiver.of("s1") and world.receiver.of("s2"))
    assert len([t for t in texts(world, number) if "once only" in t]) == 1
    assert len([t for t in texts(world, number) if "twice" in t]) == 2


def test_what_a_person_releases_is_queued_and_reported_then(world):
    url = "http://%s/dlr?id=held&d=%%d" % world.receiver.at
    assert ask(world, to=world.numbers[1], text="hold me", dlr_mask="1", dlr_url=url, **{"from": "held"}) == LATER
    signal, = [s for s in world.api("GET", "/v1/signals?state=held")[1]["signals"]]
    world.kill()
    world.start()
    assert world.api("POST", "/v1/signals/%d/release" % signal["id"], {"note": "yes"})[0] == 200
    wait_for("its report", lambda: world.receiver.of("held") == [{"id": "held", "d": "1"}])


def test_reports_wait_for_a_gongd_that_is_killed(world):
    url = "http://%s/dlr?id=k%%d&d=%%%%d" % world.receiver.at
    world.receiver.status = 503
    for i in range(5):
        assert ask(world, to=world.numbers[i], text="killed %d" % i, dlr_mask="1", dlr_url=url % i) == OK
    wait_for("all delivered", lambda: world.rows("SELECT count(*) AS n FROM outbox")[0]["n"] == 5)
    world.kill()
    world.receiver.status = 200
    world.start()
    for i in range(5):
        wait_for("report %d" % i, lambda i=i: {"id": "k%d" % i, "d": "1"} in world.receiver.of("k%d" % i))


def test_gongd_checks_its_rules(world):
    p = subprocess.run([os.path.join(os.environ.get("B", "build/release"), "gongd"), "--check", "--config", world.conf],
                       capture_output=True, text=True, timeout=60)
    assert "sample" not in p.stdout + p.stderr, p.stdout + p.stderr


def test_the_words_of_a_source_that_is_not_there_are_gongs():
    with World(name="nokannel", routes=sim_route("/dev/null")) as w:
        w.start()
        assert w.tcp("GET", "/cgi-bin/sendsms?username=x")[0] == 404
