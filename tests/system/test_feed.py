"""gong-feed by itself, against a web server: what it fetches, from whom, and what it does not do."""
import time

import pytest

from certs import Authority
from feed_helpers import BOMB, CAP, Child, Feed
from harness import SLOW, wait_for


@pytest.fixture
def feed():
    f = Feed()
    yield f
    f.close()


@pytest.fixture
def child(feed):
    made = []

    def make(keep=None, path="/feed", **config):
        made.append(Child({"url": feed.base + path, **config}, keep))
        return made[-1]
    yield make
    for c in made:
        assert c.close() in (0, -9), c.log                    # a leak is another one


def test_the_first_look_is_old_and_what_follows_is_news(feed, child):
    feed.pages.update({"/1.cap": (CAP % "1").encode(), "/2.cap": (CAP % "2").encode()})
    feed.atom(("one", "/1.cap"))
    c = child()
    event = c.next("signal")
    assert event["first"] is True
    assert event["documents"] == [{"body": CAP % "1", "ref": "one",
                                   "labels": {"feed_id": "one", "feed_link": feed.base + "/1.cap"}}]
    time.sleep(0.3)
    assert "signal" not in [e["ev"] for e in list(c.events.queue)]  # nothing more before it is taken
    c.take(event)
    c.quiet()
    assert feed.asked[-1][1]["If-None-Match"]                 # it says what it has
    feed.atom(("two", "2.cap"), ("one", "/1.cap"))
    event = c.next("signal")
    assert not event["first"] and c.take(event) == [CAP % "2"]
    feed.atom(("two", "/2.cap", "changed"))
    assert c.take() == [CAP % "2"]                            # what a feed says anew is fetched anew
    assert feed.paths().count("/1.cap") == 1


def test_what_was_seen_outlives_the_process_and_an_outage(feed, child):
    feed.pages.update({"/%d.cap" % i: (CAP % i).encode() for i in range(4)})
    feed.atom(("0", "/0.cap"))
    c = child()
    c.take()
    c.quiet(1)
    feed.atom(("0", "/0.cap"), ("1", "/1.cap"))
    event = c.next("signal")
    c.kill()                                                  # gongd never took it
    feed.pages["/feed"] = lambda h: h.answer(500)
    again = child(keep=c.keep)
    wait_for("the outage to be told", lambda: "feed cannot be read" in again.log)
    assert "beat" not in [e["ev"] for e in list(again.events.queue)]
    feed.atom(("0", "/0.cap"), ("1", "/1.cap"), ("2", "/2.cap"))
    event = again.next("signal")
    assert not event["first"]
    assert again.take(event) == [CAP % 1, CAP % 2]            # all that came meanwhile, at once
    again.quiet(1)
    wait_for("a word of it", lambda: "feed can be read again" in again.log)


def test_an_empty_first_look_is_a_first_look(feed, child):
    feed.pages["/1.cap"] = (CAP % "1").encode()
    feed.atom()
    c = child()
    c.quiet(1)
    assert c.keep
    c.close()
    feed.atom(("1", "/1.cap"))
    c = child(keep=c.keep)
    assert c.next("signal")["first"] is False


def test_one_item_that_fails_does_not_hold_up_the_others(feed, child):
    feed.pages["/2.cap"] = (CAP % "2").encode()
    feed.atom(("1", "/1.cap"), ("2", "/2.cap"), ("3", "ftp://127.0.0.1/x"))
    c = child(keep="feed1:none")
    assert c.take() == [CAP % "2"]
    wait_for("a word of it", lambda: "items of the feed cannot be read" in c.log)
    wait_for("a word of it", lambda: "count=2" in c.log and "404" in c.log)
    feed.pages["/1.cap"] = (CAP % "1").encode()
    assert c.take() == [CAP % "1"]                            # asked for again, without a 304


def test_only_listed_hosts_are_asked(feed, child):
    other = Feed()
    other.pages["/x"] = (CAP % "x").encode()
    feed.pages["/away"] = lambda h: h.answer(302, Location=other.base + "/x")
    feed.pages["/near"] = lambda h: h.answer(301, Location="/1.cap")
    feed.pages["/round"] = lambda h: h.answer(302, Location="/round")
    feed.pages["/1.cap"] = (CAP % "1").encode()
    links = [other.base + "/x", "/away", "/near", "/round", "http://user:secret@127.0.0.1:%d/1.cap" % feed.port,
             "http://localhost:%d/1.cap" % feed.port, "http://[::1]:%d/1.cap" % feed.port, "file:///etc/passwd"]
    feed.atom(*((str(i), link) for i, link in enumerate(links)))
    c = child()
    assert c.take() == [CAP % "1"]                            # only /near
    wait_for("a word of it", lambda: "count=7" in c.log)
    assert other.asked == [] and feed.paths().count("/round") == 4
    assert "secret" not in c.log
    c.close()
    c = child(fetch_from=["127.0.0.1:%d" % other.port])
    assert sorted(c.take()) == sorted([CAP % "x", CAP % "x", CAP % "1"])
    assert "Authorization" not in other.asked[0][1]
    other.close()


def test_secrets_go_to_the_feed_only(feed, child):
    other = Feed()
    other.pages["/x"] = b"{}"
    feed.atom(("1", other.base + "/x?key=1"))
    c = child(fetch_from=["127.0.0.1"], user="u", password="p", headers={"X-Key": "k", "Accept": "text/x"})
    event = c.next("signal")
    assert event["documents"][0]["labels"]["feed_link"] == other.base + "/x"
    assert feed.asked[0][1]["Authorization"].startswith("Basic ") and feed.asked[0][1]["X-Key"] == "k"
    assert feed.asked[0][1]["Accept"] == "text/x" != other.asked[0][1]["Accept"]
    assert "Authorization" not in other.asked[0][1] and "X-Key" not in other.asked[0][1]
    other.close()


def slow(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(100):
        time.sleep(0.1)
        try:
            handler.wfile.write(b" ")
        except OSError:
            break


def test_what_is_too_large_or_too_slow_is_given_up(feed, child):
    feed.pages.update({
        "/bomb": lambda h: h.answer(200, BOMB, Content_Encoding="gzip"),
        "/large": b"x" * 300000, "/slow": slow, "/good": b"{}", "/empty": b""})
    feed.atom(("b", "/bomb"), ("l", "/large"), ("s", "/slow"), ("g", "/good"), ("e", "/empty"))
    c = child(timeout="1s")
    began = time.monotonic()
    assert c.take() == ["{}"]
    assert time.monotonic() - began < 8 * SLOW
    wait_for("a word of it", lambda: "count=4" in c.log)
    wait_for("a word of it", lambda: "larger than 262144 bytes" in c.log)
    c.say(op="ping", n=1)
    assert c.next("pong")["n"] == 1
    with open("/proc/%d/status" % c.child.pid, encoding="ascii") as f:
        most = [int(line.split()[1]) for line in f if line.startswith("VmHWM")][0]
    assert SLOW > 1 or most < 40000, most                     # KiB, with libcurl and OpenSSL


@pytest.mark.parametrize("page", [BOMB, b"<feed><!DOCTYPE x>", b"<html/>", b"", b"\xff\xfe\x00"],
                         ids=["bomb", "doctype", "page", "nothing", "bytes"])
def test_what_is_no_feed_is_said_and_tried_again(feed, child, page):
    gzipped = page[:2] == b"\x1f\x8b"
    feed.pages["/feed"] = lambda h: h.answer(200, page, **({"Content_Encoding": "gzip"} if gzipped else {}))
    c = child(feed_max=1 << 20)
    wait_for("a word of it", lambda: "feed cannot be read" in c.log)
    feed.pages["/feed"] = b"<feed/>"
    c.quiet(1)


def test_a_server_that_asks_for_patience_gets_it(feed, child):
    feed.pages["/feed"] = lambda h: h.answer(503, Retry_After="600")
    child()
    wait_for("a look", lambda: feed.asked)
    time.sleep(1)
    assert len(feed.asked) == 1


def test_failures_back_off(feed, child):
    feed.pages["/feed"] = lambda h: h.answer(500)
    child()
    time.sleep(4)
    assert 2 <= len(feed.asked) <= 6                          # at 0, 0.2, 0.6, 1.4, 3 s


def test_json_by_pointers(feed, child):
    feed.pages["/feed"] = b'{"warnings":[{"uuid":"u1","alert":{"identifier":"1"}},{"uuid":"u2","alert":"\\ud83c"}]}'
    c = child(items="/warnings", id="/uuid", document="/alert")
    wait_for("a word of it", lambda: "this is no JSON" in c.log)   # half a character
    feed.pages["/feed"] = b'{"warnings":[{"uuid":"u1","alert":{"identifier":"1"}},{"uuid":"u2","alert":"x"}]}'
    event = c.next("signal")
    assert [(d["ref"], d["body"]) for d in event["documents"]] == [("u1", '{"identifier":"1"}'), ("u2", "x")]


def test_bytes_that_are_no_text_come_as_they_are(feed, child):
    feed.pages["/1.cap"] = b'<?xml version="1.0" encoding="gbk"?><alert>\xb1\xa9</alert>'
    feed.atom(("1", "/1.cap"))
    assert child().take() == ["PD94bWwgdmVyc2lvbj0iMS4wIiBlbmNvZGluZz0iZ2JrIj8+PGFsZXJ0PrGpPC9hbGVydD4="]


def test_many_are_few_signals_and_none_is_lost(feed, child):
    """4 MB of documents: more than a line; the first look stays the first until all of it is taken."""
    names = ["/%d" % i for i in range(20)]
    feed.pages.update({n: ('{"n":"%s","pad":"%s"}' % (n, "x" * 200000)).encode() for n in names})
    feed.atom(*((n, n) for n in names))
    c = child()
    event = c.next("signal")
    assert event["first"] and 2 <= len(event["documents"]) <= 5
    got = [d["ref"] for d in event["documents"]]
    c.take(event)
    c.kill()
    c = child(keep=c.keep)
    while len(got) < 20:
        event = c.next("signal")
        assert event["first"]
        got += [d["ref"] for d in event["documents"]]
        c.take(event)
    assert sorted(got) == sorted(names)
    c.quiet(1)


def test_tls_is_checked(tmp_path):
    authority = Authority(tmp_path)
    for cert, trusted in ((authority.good(), True), (authority.wrong_name(), False)):
        feed = Feed(cert)
        feed.pages.update({"/feed": b"<feed><entry><id>1</id><link href='http://127.0.0.1:%d/x'/></entry></feed>"
                           % feed.port})
        c = Child({"url": feed.base + "/feed", "ca_file": authority.pem})
        if trusted:                                           # but a link that is weaker than the feed is not
            wait_for("a word of the link", lambda c=c: "it is not https, as the feed is" in c.log)
        else:
            wait_for("a word of it", lambda c=c: "feed cannot be read" in c.log)
        c.close()
        feed.close()


@pytest.mark.parametrize("config, word", [
    ({}, "url is missing"), ({"url": "ftp://x"}, "url must begin with"), ({"url": "http://u:p@x/"}, "user or a password"),
    ({"url": "http://x", "evry": "1s"}, '"evry" is no option'), ({"url": "http://x", "every": "1ms"}, "every must be"),
    ({"url": "http://x", "link": "/l"}, "items is missing"), ({"url": "http://x", "items": "w"}, "JSON pointer"),
    ({"url": "http://x", "headers": {"A": "b\r\nC: d"}}, "no header field"),
    ({"url": "http://x", "fetch_from": ["http://y"]}, "is no host"), ({"url": "http://x", "senders": ["a@b"]},
                                                                     "means nothing for a feed"),
    ({"url": "imaps://x", "user": "u", "password": "p"}, "senders is missing"),
    ({"url": "imaps://x", "senders": ["a@b"]}, "needs user and password"),
    ({"url": "imaps://x/INBOX"}, "the folder is folder"), ({"url": "http://x", "user": "u"}, "belong together"),
])
def test_options_that_cannot_work_are_refused(config, word):
    for op in ("check", "open"):
        c = Child(config, op=op)
        event = c.next("fatal")
        assert word in str(event["reason"]) and event["retry"] is False
        assert c.close() == 1


def test_good_options_pass_the_check():
    c = Child({"url": "http://x.invalid/"}, op="check")
    assert c.next("checked")["problems"] == []
    assert c.close() == 0
    c = Child({"url": "https://x.invalid/", "ca_file": "/nowhere/ca.pem"}, op="check")
    assert "/nowhere/ca.pem" in str(c.next("fatal")["reason"])
    assert c.close() == 1


def test_what_goes_on_failing_is_an_alarm_until_it_works(feed, child):
    feed.atom()
    c = child(alarm_after="1s")
    assert c.next("health") == {"ev": "health", "ok": True, "alarms": []}
    feed.pages["/feed"] = lambda h: h.answer(500)
    time.sleep(0.5)
    assert "health" not in [e["ev"] for e in list(c.events.queue)]
    alarm, = c.next("health")["alarms"]
    assert alarm["name"] == "feed" and alarm["concept"] == "feed_unreadable" and alarm["values"] == [
        feed.base + "/feed", {"code": "feed_answers", "values": ["500"]}]
    feed.atom(("1", "/none.cap"))
    assert c.next("health")["alarms"] == []
    alarm, = c.next("health")["alarms"]
    assert alarm["name"] == "items" and alarm["values"][1:] == [
        "1", feed.base + "/none.cap", {"code": "feed_answers", "values": ["404"]}]
    feed.pages["/none.cap"] = b"{}"
    assert c.next("health")["alarms"] == []
