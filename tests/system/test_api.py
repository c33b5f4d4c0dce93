"""test_api.py -- the HTTP API of a real gongd: what it takes, refuses, limits and survives."""
import json
import re
import socket
import time

import pytest

from harness import SLOW, TOKEN, World, wait_for

BODY_MAX, HEADER_MAX, CONNECTIONS_MAX = 65536, 4096, 40
GOOD = {"key": "k", "template": "flood.move", "policy": "move.now", "severity": "red",
        "audience": {"divisions": ["990121103"]}, "params": {"route": "村北机耕路"}}
ROUTES = '''
route "sim" { driver = "gong-sim" channels = {sms} config = '{"simulation":true}' }
route "cloud" { driver = "gong-sim" channels = {sms} callback_secret = "sixteen-letters-x"
	config = '{"simulation":true}' }
'''
CLIENTS = '''
client "reader" { token_sha256 = "%s" may = {read} }
client "gauges" { token_sha256 = "%s" may = {send} up_to = orange divisions = {990121103} }
'''


def sha(token):
    import hashlib
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture(scope="module")
def world():
    with World(routes=ROUTES, clients=CLIENTS % (sha("reader-token"), sha("gauge-token")),
               listen="body_max = %d header_max = %d connections_max = %d" %
               (BODY_MAX, HEADER_MAX, CONNECTIONS_MAX), name="api") as w:
        w.start()
        put = [("divisions", "code,name,shelter\n990121,青石县,\n990121103,清东,\n"
                             "990121104,山前,\n990121103001,清东湾,礼堂\n990121103002,石桥,小学\n"),
               ("contacts", "id,name,phone,role,division\n"
                            "c1,张,+9991000000001,village_chief,990121103001\n"
                            "c2,王,+9991000000002,village_chief,990121103002\n"
                            "d1,陈,+9991000000003,duty_officer,990121\n"),
               ("roster", "role,division,contact,from,to\n"
                          "duty_officer,990121,d1,2026-01-01 00:00,2026-12-31 00:00\n")]
        for kind, text in put:
            assert w.api("POST", "/v1/import/" + kind, text.encode())[0] == 200
        yield w


class Raw:
    """A socket of our own, for what no HTTP library would send."""

    def __init__(self, world, unix=False, timeout=30):
        if unix:
            self.s = socket.socket(socket.AF_UNIX)
            self.s.settimeout(timeout * SLOW)
            self.s.connect(world.socket)
        else:
            self.s = socket.create_connection(("127.0.0.1", world.port), timeout * SLOW)
        self.bytes = b""

    def send(self, text):
        self.s.sendall(text if isinstance(text, bytes) else text.encode())
        return self

    def answer(self):
        """status, headers, body of the next answer"""
        while b"\r\n\r\n" not in self.bytes:
            got = self.s.recv(65536)
            assert got, "closed without an answer; had %r" % self.bytes
            self.bytes += got
        head, _, rest = self.bytes.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (l.split(": ", 1) for l in lines[1:])}
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            got = self.s.recv(65536)
            assert got, "the body is cut"
            rest += got
        self.bytes = rest[length:]
        return int(lines[0].split()[1]), headers, rest[:length].decode()

    def ended(self):
        try:
            return self.s.recv(1) == b""
        except ConnectionResetError:
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()


def problem(status, headers, body):
    assert headers["content-type"] == "application/problem+json", headers
    p = json.loads(body)
    assert p["status"] == status and p["title"] and len(p["detail"]) > 10, p
    return p


def post(body, path="/v1/alerts", token=TOKEN, kind="application/json", extra=""):
    data = body.encode() if isinstance(body, str) else body
    return ("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n"
            "Content-Length: %d\r\n%s\r\n" % (path, token, kind, len(data), extra)).encode() + data


def test_an_alert_and_its_repeat(world):
    first = world.tcp("POST", "/v1/alerts", {**GOOD, "key": "repeat"})
    assert first[0] == 202 and first[1]["targets"] == 2 and first[1]["repeat"] is False
    again = world.tcp("POST", "/v1/alerts", {**GOOD, "key": "repeat"})
    assert again[0] == 200 and again[1]["id"] == first[1]["id"] and again[1]["repeat"] is True
    status, p = world.tcp("POST", "/v1/alerts", {**GOOD, "key": "repeat", "severity": "blue"})
    assert status == 409 and p["field"] == "/key" and "new key" in p["detail"]
    # the key as a header is the same key
    headless = {k: v for k, v in GOOD.items() if k != "key"}
    assert world.tcp("POST", "/v1/alerts", headless, {"Idempotency-Key": "repeat"})[0] == 200
    # another client's keys are its own
    assert world.api("POST", "/v1/alerts", {**GOOD, "key": "repeat"})[0] == 202


def test_a_dry_run_leaves_nothing(world):
    before = world.tcp("GET", "/v1/alerts")[1]["alerts"]
    status, plan = world.tcp("POST", "/v1/alerts?dry_run=1", {k: v for k, v in GOOD.items()
                                                              if k != "key"})
    assert status == 200 and plan["targets"] == 2 and plan["steps"] and plan["forecast"]
    assert world.tcp("GET", "/v1/alerts")[1]["alerts"] == before


REFUSALS = [
    # method, path, body, status, field, in the detail
    ("GET", "/", None, 404, None, "docs/api.md"),
    ("GET", "/v1/alerts/x", None, 404, None, "nothing at this address"),
    ("GET", "/v1/alerts/0", None, 404, None, "nothing at this address"),
    ("GET", "/v1/alerts/99999999999999999999", None, 404, None, "nothing at this address"),
    ("GET", "/v1/alerts/4711", None, 404, None, "no alert 4711"),
    ("GET", "/v1/alerts/4711/targets", None, 404, None, "no alert 4711"),
    ("GET", "/v1/alerts/4711/messages", None, 404, None, "no alert 4711"),
    ("GET", "/v1/alerts/4711/events", None, 404, None, "no alert 4711"),
    ("DELETE", "/v1/alerts/1", None, 405, None, "GET"),
    ("GET", "/v1/callouts", None, 405, None, "POST"),
    ("GET", "/v1/alerts?limit=0", None, 422, "limit", "1 to 1000"),
    ("GET", "/v1/alerts?limit=x", None, 422, "limit", "1 to 1000"),
    ("GET", "/v1/alerts?open=maybe", None, 422, "open", "open=1"),
    ("GET", "/v1/alerts?page=2", None, 422, "page", "open, limit, after"),
    ("GET", "/v1/alerts?after=%zz", None, 422, None, "malformed"),
    ("GET", "/v1/alerts?after=abc", None, 400, "after", "next"),
    ("GET", "/v1/alerts/1/messages?state=lost", None, 422, "state", "uncertain"),
    ("GET", "/v1/alerts/1/messages?unmasked=1", None, 403, "unmasked", "unix socket"),
    ("GET", "/v1/alerts/1/targets?below=9", None, 422, "below", "1 to 5"),
    ("POST", "/v1/alerts", "{", 400, None, "line 1"),
    ("POST", "/v1/alerts", "[]", 400, None, "object"),
    ("POST", "/v1/alerts", '{"key":"a","key":"b"}', 400, None, "stands twice"),
    ("POST", "/v1/alerts", {**GOOD, "color": 1}, 422, "/color", "leave it away"),
    ("POST", "/v1/alerts", {**GOOD, "key": ""}, 422, "/key", "empty"),
    ("POST", "/v1/alerts", {**GOOD, "template": "no.such"}, 422, "/template", "no.such"),
    ("POST", "/v1/alerts", {**GOOD, "policy": "no.such"}, 422, "/policy", "no.such"),
    ("POST", "/v1/alerts", {**GOOD, "params": {"nix": 1}}, 422, "/params/nix", "no parameter"),
    ("POST", "/v1/alerts", {**GOOD, "audience": {"divisions": ["990199"]}}, 422,
     "/audience/divisions/0", "990199"),
    ("POST", "/v1/alerts", {**GOOD, "audience": {"divisions": ["990121104"]}}, 422,
     "/audience/divisions", "no village"),
    ("POST", "/v1/alerts", {**GOOD, "expires_at": 1000000000000}, 422, "/expires_at", "passed"),
    ("POST", "/v1/alerts", {**GOOD, "replaces": 4711}, 422, "/replaces", "4711"),
    ("POST", "/v1/alerts/4711/cancel", {"note": "n"}, 404, None, "4711"),
    ("POST", "/v1/alerts/4711/acks", {"contact": "c1", "level": 3}, 404, None, "4711"),
    ("POST", "/v1/alerts/1/acks", {"contact": "nobody", "level": 3}, 422, "/contact", "nobody"),
    ("POST", "/v1/callouts", {"key": "c", "contacts": ["nobody"], "params":
                              {"event": "e", "min": 1, "place": "p"}}, 422, ..., "nobody"),
    ("POST", "/v1/tasks/4711/close", {"note": "n"}, 404, None, "4711"),
    ("POST", "/v1/tasks/1/close", {}, 422, "/note", "record"),
    ("POST", "/v1/import/contacts", b"id,name,phone\nc1,\xe5\xbc\xa0,12\n", 422,
     "line 2, column phone", "short code"),
    ("POST", "/v1/import/contacts", "id,name,phone,role,division\nc9,张,+9991000000009,warner,"
     "990121999001\n".encode(), 422, "line 2, column division", "import divisions"),
    ("POST", "/v1/import/roster", b"role,division,contact,from,to\nduty_officer,990121,zz,"
     b"2026-01-01 00:00,2026-01-02 00:00\n", 422, "line 2, column contact", "zz"),
]


def test_all_faults_of_a_file_are_told_at_once(world):
    """The rows' own, and what only the store knows."""
    rows = "id,name,phone,role,division\nc1,张,12,warner,990121999001\nc2,,+9991000000009,warner,990121999002\n"
    status, p = world.api("POST", "/v1/import/contacts", rows.encode())
    assert status == 422 and p["fault_count"] == 4
    assert [(f["line"], f["column"], f["value"], f["code"]) for f in p["faults"]] == [
        (2, "phone", "12", "phone_short_code"), (2, "division", "990121999001", "import_no_division"),
        (3, "name", "", "csv_is_empty"), (3, "division", "990121999002", "import_no_division")]
    assert (p["field"], p["detail"]) == ("line 2, column phone", p["faults"][0]["detail"])
    orphans = "code,name\n990121888001,孤\n990121888002,孤\n990121777001,有\n990121777,有\n"
    status, p = world.api("POST", "/v1/import/divisions", orphans.encode())
    assert (status, p["fault_count"]) == (422, 2) and p["faults"][1]["values"] == ["990121888"]
    assert not world.rows("SELECT 1 FROM division WHERE code IN (990121777000, 990121888001)")


@pytest.mark.parametrize("method,path,body,status,field,detail", REFUSALS,
                         ids=["%s %s %d" % (r[0], r[1], i) for i, r in enumerate(REFUSALS)])
def test_refusals_say_what_where_and_how(world, method, path, body, status, field, detail):
    raw = b"" if body is None else body if isinstance(body, bytes) else \
        body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/csv" if "/import/" in path else "application/json"
    with Raw(world) as r:
        r.send("%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" % (method, path, TOKEN) +
               ("Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(raw))
                if body is not None else "\r\n"))
        r.send(raw)
        got, headers, text = r.answer()
        assert got == status, text
        p = problem(status, headers, text)
        assert field in (p.get("field"), ...) and detail in p["detail"], p
        if status == 405:
            assert headers["allow"]


def test_rights(world):
    cases = [("/v1/alerts", None, 401), ("/v1/alerts", "Bearer wrong", 401),
             ("/v1/alerts", "Bearer " + sha(TOKEN), 401), ("/v1/alerts", "Basic " + TOKEN, 401),
             ("/v1/alerts", "Bearer gauge-token", 403), ("/metrics", None, 401),
             ("/health/live", None, 200), ("/health/ready", None, 200),
             ("/v1/alerts", "Bearer reader-token", 200), ("/metrics", "bearer reader-token", 200)]
    sent = [Raw(world).send("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (
        path, "Authorization: %s\r\n" % auth if auth else "")) for path, auth, _ in cases]
    for r, case in zip(sent, cases):
        got, headers, body = r.answer()
        assert got == case[2], (case, body)
        assert (got == 401) == ("www-authenticate" in headers)
        r.s.close()
    assert world.tcp("POST", "/v1/alerts", GOOD, token="reader-token")[0] == 403
    status, p = world.tcp("POST", "/v1/alerts", GOOD, token="gauge-token")
    assert status == 403 and p["field"] == "/severity"
    orange = {**GOOD, "severity": "orange", "policy": "call.orange"}
    status, p = world.tcp("POST", "/v1/alerts", {**orange, "audience": {"divisions": ["990121"]}},
                          token="gauge-token")
    assert status == 403 and p["field"] == "/audience/divisions/0"
    status, p = world.tcp("POST", "/v1/import/divisions", b"code,name\n990122,x\n",
                          token="gauge-token")
    assert status == 403 and "import" in p["detail"]


def test_a_wrong_token_waits(world):
    start = time.monotonic()
    assert world.tcp("GET", "/v1/alerts", token="wrong")[0] == 401
    assert time.monotonic() - start > 0.9
    start = time.monotonic()
    assert world.tcp("GET", "/v1/alerts")[0] == 200
    assert time.monotonic() - start < 0.9 * SLOW


def test_bytes_that_are_no_http(world):
    for text, status in [
            ("nonsense\r\n\r\n", 400), ("GET\r\n\r\n", 400), ("GET x HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: \x01\r\n\r\n", 400),
            (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: x\0\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             400),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417)]:
        with Raw(world) as r:
            got, headers, body = r.send(text).answer()
            assert got == status, (text, got, body)
            problem(status, headers, body)
            assert headers["connection"] == "close" and r.ended()


def test_heads_too_large(world):
    for text in ("GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % ("a" * HEADER_MAX),
                 "GET / HTTP/1.1\r\nHost: x\r\nA: %s" % ("a" * 2 * HEADER_MAX),
                 "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n" % ("a: b\r\n" * 65)):
        with Raw(world) as r:
            got, headers, body = r.send(text).answer()
            assert got == 431, body
            problem(431, headers, body)


def test_bodies_too_large_are_refused_before_they_arrive(world):
    with Raw(world) as r:
        head = post("", extra="").replace(b"Content-Length: 0", b"Content-Length: 1073741824")
        got, headers, body = r.send(head).answer()
        assert got == 413 and str(BODY_MAX) in problem(413, headers, body)["detail"]
        # and what comes all the same is read away, so that the answer is not lost
    with Raw(world) as r:
        r.send(head)
        try:
            for _ in range(64):
                r.send(b"x" * 65536)
        except OSError:
            pass
        assert r.answer()[0] == 413
    with Raw(world) as r:
        r.send(post("").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        for _ in range(BODY_MAX // 4096 + 1):
            r.send(b"1000\r\n" + b" " * 4096 + b"\r\n")
        got, headers, body = r.answer()
        assert got == 413
        problem(413, headers, body)
    with Raw(world) as r:              # without the right not even the size is looked at
        got = r.send(head.replace(TOKEN.encode(), b"nobody")).answer()[0]
        assert got == 401


def test_content_types(world):
    for kind, path, status in [("text/plain", "/v1/alerts", 415), ("", "/v1/alerts", 415),
                               ("application/x-www-form-urlencoded", "/v1/alerts", 415),
                               ("application/json", "/v1/import/divisions", 415),
                               ("application/json; charset=utf-8", "/v1/alerts", 400),
                               ("APPLICATION/JSON", "/v1/alerts", 400)]:
        with Raw(world) as r:
            got, headers, body = r.send(post("{", path, kind=kind)).answer()
            assert got == status, (kind, body)
            p = problem(status, headers, body)
            if status == 415:
                assert p["field"] == "Content-Type"


def test_chunks_expectations_pipelines_and_old_clients(world):
    body = json.dumps({**GOOD, "key": "chunked"})
    with Raw(world) as r:
        head = post("").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        r.send(head)
        for i in range(0, len(body), 50):
            piece = body[i:i + 50].encode()
            r.send(b"%x;ext=1\r\n" % len(piece) + piece + b"\r\n")
        r.send("0\r\nTrailer: x\r\n\r\n")
        assert r.answer()[0] == 202
        # the connection is good for more
        assert r.send(post(body)).answer()[0] == 200
    with Raw(world) as r:
        r.send(head + b"zz\r\n")
        assert r.answer()[0] == 400 and r.ended()
    with Raw(world) as r:
        data = json.dumps({**GOOD, "key": "expect"}).encode()
        r.send(post(data, extra="Expect: 100-continue\r\n")[:-len(data)])
        assert r.answer()[0] == 100
        assert r.send(data).answer()[0] == 202
    with Raw(world) as r:
        get = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
        r.send(get * 50 + post(json.dumps({**GOOD, "key": "pipe"})).decode() + get * 50)
        answers = [r.answer()[0] for _ in range(101)]
        assert answers == [200] * 50 + [202] + [200] * 50
    with Raw(world) as r:
        r.send("GET /health/live HTTP/1.0\r\n\r\n")
        assert r.answer()[0] == 200 and r.ended()
    with Raw(world) as r:              # half-closed: the answer is still wanted
        r.send(post(json.dumps({**GOOD, "key": "half"})))
        r.s.shutdown(socket.SHUT_WR)
        assert r.answer()[0] == 202 and r.ended()
    with Raw(world) as r:              # a HEAD is refused, and as a HEAD: without a body
        r.send("HEAD /v1/callouts HTTP/1.1\r\nHost: x\r\n\r\n" + get)
        while r.bytes.count(b"\r\n\r\n") < 2:
            r.bytes += r.s.recv(65536)
        assert r.bytes.startswith(b"HTTP/1.1 405") and b"\r\n\r\nHTTP/1.1 200" in r.bytes
    with Raw(world) as r:              # lines ending in LF alone
        assert r.send("\r\nGET /health/live HTTP/1.1\nHost: x\n\n").answer()[0] == 200


def test_a_client_that_leaves_before_the_answer(world):
    for i in range(20):
        with Raw(world) as r:
            r.send(post(json.dumps({**GOOD, "key": "gone-%d" % i})))
    found = wait_for("the alerts of those who left", lambda: len(
        [a for a in world.tcp("GET", "/v1/alerts")[1]["alerts"]
         if a["key"].startswith("gone-")]) == 20)
    assert found and world.tcp("GET", "/health/ready")[0] == 200


def test_slow_heads_and_bodies(world):
    slow = [Raw(world, timeout=60) for _ in range(3)]
    slow[0].send("GET / HTTP/1.1\r\nHost")
    slow[1].send(post("{}")[:-1])
    start = time.monotonic()
    slow[2].send("G")
    for _ in range(8):                 # a byte now and then buys no time
        time.sleep(1)
        slow[2].send("E")
    for r in slow:
        status, headers, body = r.answer()
        assert status == 408
        problem(408, headers, body)
        r.s.close()
    assert 8 < time.monotonic() - start < 20 * SLOW


def test_too_many_connections(world):
    wait_for("earlier connections to end", lambda: figure(world, "gong_http_connections") <= 2)
    held = [Raw(world) for _ in range(CONNECTIONS_MAX)]
    try:
        for _ in range(30):
            with Raw(world) as r:
                status, headers, body = r.answer()
                assert status == 503 and headers["retry-after"]
                problem(503, headers, body)
        # those who have one are served, and the desk has its own
        assert held[0].send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").answer()[0] == 200
        assert world.api("GET", "/health/live")[0] == 200
    finally:
        for r in held:
            r.s.close()
    wait_for("room again", lambda: accepted(world))


def accepted(world):
    try:
        return world.tcp("GET", "/health/live")[0] == 200
    except OSError:
        return False


def figure(world, name):
    text = world.api("GET", "/metrics")[1]
    return float(re.search(r"^%s(?:\{[^}]*\})? ([0-9.e+]+)$" % name, text, re.M).group(1))


def test_large_files_go_over_the_unix_socket_only(world):
    rows = ["code,name"] + ["990122%03d%03d,村%d" % (t, v, v) for t in range(100, 150)
                            for v in range(1, 200)]
    data = "\n".join(["code,name", "990122,大县"] + ["990122%03d,乡" % t for t in range(100, 150)] +
                     rows[1:]).encode()
    assert len(data) > BODY_MAX
    status, p = world.tcp("POST", "/v1/import/divisions", data)
    assert status == 413
    assert world.api("POST", "/v1/import/divisions", data)[1]["added"] == 1 + 50 + 50 * 199


def test_callback_addresses(world):
    paths = ("/v1/callback/", "/v1/callback/sim/", "/v1/callback/sim/x", "/v1/callback/nix/x",
             "/v1/callback/cloud/wrong", "/v1/callback/cloud/sixteen-letters-xx/a",
             "/v1/callback/cloud/%00", "/v1/callback/cloud/" + "a" * 2000)
    sent = [Raw(world).send("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" % path)
            for path in paths]
    for r, path in zip(sent, paths):
        status, headers, body = r.answer()
        assert status == 404 and "sixteen" not in body, (path, body)
        problem(404, headers, body)
        r.s.close()


def test_views_of_an_alert(world):
    ident = world.tcp("POST", "/v1/alerts", {**GOOD, "key": "views"})[1]["id"]
    wait_for("both messages to be handed over", lambda: world.alert(ident)["messages"]["sent"] +
             world.alert(ident)["messages"]["delivered"] == 2)
    alert = world.alert(ident)
    assert alert["key"] == "views" and alert["client"] == "tester" and alert["until"] == 5
    assert sum(alert["levels"]) == alert["targets"] == 2 and alert["steps"][0]["taken"]
    status, page = world.tcp("GET", "/v1/alerts/%d/messages?limit=1" % ident)
    assert status == 200 and len(page["messages"]) == 1 and page["next"]
    m = page["messages"][0]
    assert "****" in m["number"] and m["attempts"][0]["outcome"] == "accepted" and m["text"]
    page = world.api("GET", "/v1/alerts/%d/messages?unmasked=1" % ident)[1]
    assert page["messages"][0]["number"].startswith("+99910000000")
    status, answer = world.tcp("POST", "/v1/alerts/%d/acks" % ident, {
        "division": "990121103001", "level": 5, "name": "值班员 王", "note": "上门找到张三"})
    assert (status, answer["level"]) == (200, 5)
    targets = world.tcp("GET", "/v1/alerts/%d/targets?below=5" % ident)[1]["targets"]
    assert [t["division"] for t in targets] == ["990121103002"]
    status, answer = world.tcp("POST", "/v1/alerts/%d/cancel" % ident, {"note": "误报"})
    assert status == 200 and answer["state"] == "cancelled"
    assert world.tcp("POST", "/v1/alerts/%d/cancel" % ident, {})[0] == 409
    events = world.tcp("GET", "/v1/alerts/%d/events" % ident)[1]["events"]
    assert [e["what"] for e in events][0] == "accepted" and events[-1]["what"] == "cancelled"


def test_a_callout(world):
    status, answer = world.tcp("POST", "/v1/callouts", {
        "key": "duty", "role": "duty_officer", "division": "990121",
        "params": {"event": "山体滑坡", "min": 15, "place": "清东湾村"}})
    assert status == 202, answer
    alert = world.alert(answer["id"])
    assert alert["severity"] == "red" and alert["targets"] == 1
    assert world.tcp("POST", "/v1/callouts?dry_run=1", {
        "contacts": ["c1", "c2"], "params": {"event": "e", "min": 1, "place": "p"}})[0] == 200
