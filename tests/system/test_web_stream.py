"""Answers in pieces from a real gongd: the events and the export, listened to by clients that are
slow, leave, stay, pipeline, half-close, come again, and by gongd's own stop."""
import csv
import io
import json
import re
import signal
import socket
import sqlite3
import time

import pytest

from district import District
from harness import SLOW, TOKEN, World, wait_for
from test_api import Raw, problem, sha
from test_faults import ROLES, sim_route

CLIENTS = '''
client "reader" { token_sha256 = "%s" may = {read} }
client "township" { token_sha256 = "%s" may = {read, send} up_to = orange divisions = {990121001} }
client "sender" { token_sha256 = "%s" may = {send} up_to = orange }
'''
STREAMS_MAX = 12


@pytest.fixture(scope="module")
def world():
    with World(clients=CLIENTS % (sha("reader-token"), sha("township-token"), sha("sender-token")),
               listen="streams_max = %d" % STREAMS_MAX, name="stream") as w:
        w.routes = sim_route("sim1", w.dir)
        w.write_conf()
        w.start()
        w.load(District(4, 15))
        yield w


class Stream(Raw):
    """An answer in pieces, read as it comes."""

    def ask(self, path, token=TOKEN, method="GET", extra="", version="1.1", more=""):
        self.send("%s %s HTTP/%s\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n%s" %
                  (method, path, version, token, extra, more))
        return self

    def head(self):
        while b"\r\n\r\n" not in self.bytes:
            self.more()
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), {k.lower(): v for k, v in
                                          (l.split(": ", 1) for l in lines[1:])}

    def more(self):
        got = self.s.recv(65536)
        if not got:
            raise EOFError("closed; had %r" % self.bytes[-200:])
        self.bytes += got

    def piece(self):
        """The next chunk; b"" is the end."""
        while b"\r\n" not in self.bytes:
            self.more()
        size, _, rest = self.bytes.partition(b"\r\n")
        length = int(size, 16)
        while len(rest) < length + 2:
            self.more()
            rest = self.bytes.partition(b"\r\n")[2]
        assert rest[length:length + 2] == b"\r\n"
        self.bytes = rest[length + 2:]
        return rest[:length]

    def whole(self):
        pieces = []
        while True:
            p = self.piece()
            if not p:
                return b"".join(pieces)
            pieces.append(p)


class Listener(Stream):
    def listen(self, **kw):
        last = kw.pop("last", None)
        self.ask("/v1/events", extra="Last-Event-ID: %s\r\n" % last if last else "", **kw)
        status, headers = self.head()
        assert status == 200 and headers["content-type"] == "text/event-stream", (status, headers)
        assert headers["cache-control"] == "no-store"
        self.text, self.last = "", last
        return self

    def event(self):
        """(name, data) of the next event; comments and `retry` are passed over."""
        end = time.monotonic() + 30 * SLOW
        while True:
            assert time.monotonic() < end, "nothing but comments"
            block, gap, rest = self.text.partition("\n\n")
            if not gap:
                piece = self.piece()
                if not piece:
                    raise EOFError("ended in order")
                self.text += piece.decode()
                continue
            self.text = rest
            fields = dict(l.split(": ", 1) for l in block.split("\n") if ": " in l)
            if "event" in fields:
                assert set(fields) == {"id", "event", "data"}, block
                self.last = fields["id"]
                return fields["event"], json.loads(fields["data"])

    def until(self, name, test=lambda data: True):
        while True:
            event, data = self.event()
            if event == name and test(data):
                return data

    def ended_in_order(self):
        try:
            while True:
                self.event()
        except EOFError as e:
            return "in order" in str(e)


def move(world, key, **more):
    return world.send(key=key, template="flood.move", policy="move.now", severity="red",
                      audience={"divisions": ["990121001"]}, **more)


def broadcast(world, key, text="通知", **audience):
    return world.send(key=key, template="notice.text", severity="yellow", params={"text": text},
                      audience=audience or {"divisions": ["990121"], "roles": ROLES})


def metric(world, name):
    return int(re.search(r"^%s (\d+)$" % re.escape(name), world.api("GET", "/metrics")[1],
                         re.M).group(1))


def test_the_story_of_an_alert_as_it_happens(world):
    with Listener(world).listen() as l:
        assert l.event()[0] == "reset"
        alert = move(world, "story")
        a = l.until("alert", lambda d: d["id"] == alert)
        assert a["state"] == "active" and a["targets"] == 15 and len(a["levels"]) == 6
        while a["messages"]["sent"] < 40:
            a = l.until("alert", lambda d: d["id"] == alert)
        assert world.api("POST", "/v1/alerts/%d/acks" % alert, dict(
            division="990121001003", level=3, name="张", note="电话"))[0] == 200
        t = l.until("target", lambda d: d["alert"] == alert)
        assert (t["division"], t["level"]) == ("990121001003", 3) and t["level_at"]
        a = l.until("alert", lambda d: d["id"] == alert and d["levels"][3] == 1)
        assert a["levels"][0] == 14
        assert world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "n"})[0] == 200
        assert l.until("alert", lambda d: d["id"] == alert and d["state"] == "cancelled")


def test_many_messages_are_counters(world):
    with Listener(world).listen() as l:
        start = time.monotonic()
        alert = broadcast(world, "many")
        seen = []
        while not seen or seen[-1]["messages"]["sent"] < 500:
            seen.append(l.until("alert", lambda d: d["id"] == alert))
        assert len(seen) <= time.monotonic() - start + 2, "one word a second at most"


def test_who_comes_again_hears_what_was_missed(world):
    first = Listener(world).listen()
    alert = move(world, "resume")
    while first.until("alert", lambda d: d["id"] == alert)["messages"]["sent"] < 40:
        pass
    last = first.last
    first.s.close()
    world.api("POST", "/v1/alerts/%d/acks" % alert, dict(division="990121001001", level=2, name="a",
                                                        note="b"))
    with Listener(world).listen(last=last) as l:
        event, data = l.event()
        assert event != "reset" and int(l.last.split(".")[1]) > int(last.split(".")[1])
        while event != "target":
            event, data = l.event()
            assert event != "reset"
        assert data["alert"] == alert and data["level"] == 2
    boot, number = last.split(".")
    for unknown in ("nonsense", "00000000.1", boot, boot + ".", boot + ".x", boot + ".-1",
                    boot + "." + "9" * 18, boot + "." + "9" * 30, "." + number):
        with Listener(world).listen(last=unknown) as l:
            event, data = l.event()
            assert event == "reset" and data["now"] > 1700000000000, unknown
    world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "n"})


def test_rights(world):
    for token, status in ((None, 401), ("wrong", 401), ("sender-token", 403)):
        assert world.tcp("GET", "/v1/events", token=token)[0] == status
        assert world.tcp("GET", "/v1/alerts/1/messages.csv", token=token)[0] == status
    assert world.tcp("GET", "/v1/events?x=1")[0] == 422
    assert world.tcp("POST", "/v1/events", {})[0] == 405
    # whoever is limited to places hears that something changed, and asks for what it may see
    with Listener(world).listen(token="township-token") as l, \
            Listener(world).listen(token="reader-token") as r:
        alert = move(world, "ids")
        world.api("POST", "/v1/alerts/%d/acks" % alert, dict(
            division="990121001002", level=2, name="a", note="b"))
        world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "n"})
        last = r.until("alert", lambda d: d["id"] == alert and d["state"] == "cancelled")
        assert set(last) > {"id", "state", "levels"}
        while l.last != r.last:
            event, data = l.event()
            assert event == "reset" or set(data) <= {"id", "alert", "name"}, (event, data)


def rows_of(text):
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


def messages_of(world, alert, query=""):
    """The same list as JSON, page by page."""
    found, after = [], ""
    while after is not None:
        page = world.api("GET", "/v1/alerts/%d/messages?limit=97%s%s" % (
            alert, query, "&after=" + after if after else ""))[1]
        found += page["messages"]
        after = page["next"]
    return found


def test_the_export_is_the_list(world):
    assert world.api("POST", "/v1/import/contacts", (
        'id,name,phone,role,division\nevil,"=cmd|\' /C calc\'!A0",+9991000009999,duty_officer,990121\n'
        'odd,"逗号, 引号"" 换",+9991000009998,duty_officer,990121\n').encode())[0] == 200
    alert = broadcast(world, "export", "第一行 \"引号\", 逗号")
    odd = broadcast(world, "odd", contacts=["evil", "odd"])
    wait_for("everything settled", world.settled, 60)
    for query in ("", "state=sent", "state=failed"):
        with Stream(world, unix=True).ask("/v1/alerts/%d/messages.csv?unmasked=1%s" %
                                          (alert, "&" * bool(query) + query)) as s:
            status, headers = s.head()
            assert status == 200 and headers["content-type"] == "text/csv; charset=utf-8"
            assert "alert-%d-messages.csv" % alert in headers["content-disposition"]
            rows = rows_of(s.whole())
        listed = messages_of(world, alert, "&unmasked=1" + "&" * bool(query) + query)
        assert len(rows) == len(listed) and (query == "state=failed") == (not rows)
        for row, m in zip(rows, listed):
            assert (row["contact"], row["name"], row["number"], row["state"], row["text"],
                    int(row["wave"]), int(row["attempts"])) == (
                m["contact"], m["name"], m["number"], m["state"], m["text"], m["wave"],
                len(m["attempts"])), (row, m)
            assert row["outcome"] == m["attempts"][-1]["outcome"]
            assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", row["sent_at"])
    names = {r["contact"]: (r["name"], r["number"]) for r in rows_of(world_csv(world, odd))}
    assert names["evil"][0] == "'=cmd|' /C calc'!A0", "no formula from outside"
    assert names["odd"][0] == '逗号, 引号" 换' and "*" in names["odd"][1], names


def world_csv(world, alert):
    with Stream(world).ask("/v1/alerts/%d/messages.csv" % alert) as s:
        assert s.head()[0] == 200
        return s.whole()


def test_an_export_that_cannot_begin_is_refused(world):
    for path, status in (("/v1/alerts/4711/messages.csv", 404),
                         ("/v1/alerts/1/messages.csv?unmasked=1", 403),
                         ("/v1/alerts/1/messages.csv?state=x", 422),
                         ("/v1/alerts/1/messages.csv?limit=1", 422)):
        with Raw(world) as r:
            r.send("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % (path, TOKEN))
            got, headers, body = r.answer()
            assert got == status, body
            problem(got, headers, body)
    assert metric(world, "gong_http_streams") == 0


def test_the_connection_goes_on_behind_an_export(world):
    alert = broadcast(world, "pipeline")
    wait_for("everything settled", world.settled, 60)
    path = "/v1/alerts/%d/messages.csv" % alert
    live = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    with Stream(world) as s:
        for method in ("GET", "HEAD", "GET"):     # all at once: each is answered in its turn
            s.ask(path, method=method, more=live)
        for method in ("GET", "HEAD", "GET"):
            status, headers = s.head()
            assert status == 200 and headers["transfer-encoding"] == "chunked"
            if method == "GET":
                assert len(rows_of(s.whole())) > 500
            assert s.answer()[2] == '{"status":"live"}'
    with Stream(world).ask(path, version="1.0") as s:
        status, headers = s.head()
        assert status == 200 and "transfer-encoding" not in headers
        assert headers["connection"] == "close"
        with pytest.raises(EOFError):
            while True:
                s.more()
        assert len(rows_of(s.bytes)) > 500
    with Stream(world).ask(path) as s:              # half-closed: the answer is still wanted
        s.s.shutdown(socket.SHUT_WR)
        assert s.head()[0] == 200 and len(rows_of(s.whole())) > 500
        assert s.ended()


def test_head_of_the_events_ends_at_once(world):
    with Stream(world) as s:
        s.ask("/v1/events", method="HEAD", more="GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.head()[0] == 200
        assert s.answer()[0] == 200
        s.ask("/v1/alerts", method="HEAD")          # and it is known of every list
        status, headers = s.head()
        assert status == 200 and int(headers["content-length"]) > 0 and s.bytes == b""


def listeners(world):
    return metric(world, "gong_events_listeners")


def test_who_leaves_is_missed_at_once(world):
    wait_for("nobody to listen", lambda: listeners(world) == 0)
    many = [Listener(world).listen() for _ in range(5)]
    assert listeners(world) == 5
    many[0].s.close()
    many[1].s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    many[1].s.close()                               # with a reset
    many[2].s.shutdown(socket.SHUT_WR)              # half-closed: as good as gone, ended in order
    assert many[2].ended_in_order() and many[2].ended()
    wait_for("three to be gone", lambda: listeners(world) == 2)
    for l in many[3:]:
        l.s.close()
    wait_for("all to be gone", lambda: listeners(world) == 0 and
             metric(world, "gong_http_streams") == 0)


def test_more_than_streams_max_are_refused_and_the_socket_has_its_own(world):
    many = [Listener(world).listen() for _ in range(STREAMS_MAX)]
    with Raw(world) as r:
        r.send("GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % TOKEN)
        status, headers, body = r.answer()
        assert status == 503 and headers["retry-after"]
        problem(status, headers, body)
    with Listener(world, unix=True).listen() as l:
        assert l.event()[0] == "reset"
    for l in many:
        l.s.close()
    wait_for("room", lambda: listeners(world) == 0)
    with Listener(world).listen() as l:
        assert l.event()[0] == "reset"


def test_a_listener_that_talks_on_is_cut_off(world):
    """Nothing behind an answer without an end will ever be answered; a little of it may wait."""
    with Listener(world).listen() as l, Listener(world).listen() as other:
        l.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        alert = move(world, "talker")
        assert l.until("alert", lambda d: d["id"] == alert)
        with pytest.raises((EOFError, OSError)):
            for _ in range(400):
                l.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * 400)
            while True:
                l.more()
        wait_for("it to be gone", lambda: listeners(world) == 1)
        world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "n"})
        assert other.until("alert", lambda d: d["id"] == alert and d["state"] == "cancelled")


def test_no_more_than_eight_exports_and_each_is_whole(world):
    """They take turns with the one reader; who comes too late is told so."""
    alert = broadcast(world, "eight", "长" * 300)
    wait_for("everything settled", world.settled, 60)
    path, many = "/v1/alerts/%d/messages.csv" % alert, []
    try:
        for _ in range(8):
            many.append(Stream(world, unix=True).ask(path))
            assert many[-1].head()[0] == 200
        assert metric(world, "gong_http_streams") == 8, "nobody has read more than the head"
        with Stream(world).ask(path) as late:
            status, headers = late.head()
            assert status == 503 and headers["retry-after"]
        texts = [s.whole() for s in many]
        assert len(rows_of(texts[0])) == 540 and len(set(texts)) == 1
        assert len(rows_of(world_csv(world, alert))) == 540
    finally:
        for s in many:
            s.s.close()


def test_an_export_pins_no_log(world):
    """A client that does not read on holds nothing of the store."""
    alert = broadcast(world, "pin", "长" * 300)
    wait_for("everything settled", world.settled, 60)
    with Stream(world, unix=True) as slow:          # whose buffers are small and do not grow
        slow.ask("/v1/alerts/%d/messages.csv" % alert)
        assert slow.head()[0] == 200
        broadcast(world, "pin2")
        wait_for("everything settled", world.settled, 60)
        db = sqlite3.connect(world.state + "/gong.db", timeout=20)
        try:
            busy, log, done = db.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
            assert not busy and log == done
        finally:
            db.close()
        assert metric(world, "gong_http_streams") == 1, "it was under way all the time"
        assert len(rows_of(slow.whole())) > 500


def test_a_reload_ends_the_listeners_and_they_miss_nothing(world):
    with Listener(world).listen(token="reader-token") as l:
        assert l.event()[0] == "reset"
        alert = move(world, "reload")
        l.until("alert", lambda d: d["id"] == alert)
        world.gongd.signal(signal.SIGHUP)
        assert l.ended_in_order()
        with Listener(world).listen(token="reader-token", last=l.last) as again:
            world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "n"})
            event, data = again.event()
            while event != "alert" or data["state"] != "cancelled":
                assert event != "reset"
                event, data = again.event()


def test_a_stop_ends_every_stream_and_waits_for_none():
    with World(name="stream-stop") as world:
        world.routes = sim_route("sim1", world.dir)
        world.write_conf()
        world.start()
        world.load(District(4, 15))
        alert = broadcast(world, "stop", "长" * 300)
        wait_for("everything settled", world.settled, 60)
        quiet = [Listener(world).listen() for _ in range(3)]
        stuck = Stream(world).ask("/v1/alerts/%d/messages.csv" % alert)  # nobody reads it
        old = Stream(world).ask("/v1/events", version="1.0")
        assert old.head()[0] == 200
        start = time.monotonic()
        assert world.gongd.stop() == 0
        assert time.monotonic() - start < 10 * SLOW
        for l in quiet:
            assert l.ended_in_order()
            l.s.close()
        with pytest.raises((EOFError, ConnectionResetError)):
            while True:
                old.more()
        stuck.s.close()
