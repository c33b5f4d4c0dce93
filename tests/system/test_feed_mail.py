"""gong-feed and a mailbox: Debian's dovecot behind TLS, mails of those who may and of those who may not."""
import json
import time

import pytest

from certs import Authority
from dovecot import Dovecot
from feed_helpers import CAP, Child
from harness import wait_for

MAIL = ("From: Duty <duty@qx.example>\r\nTo: gong@x.example\r\nSubject: =?UTF-8?B?5pq06Zuo?=\r\n"
        "Message-ID: <%s@qx>\r\nAuthentication-Results: mx.x.example; dkim=pass header.d=qx.example\r\n%s\r\n%s")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("imap"))


@pytest.fixture
def server(authority):
    s = Dovecot(authority.good())
    s.ca = authority.pem
    yield s
    s.close()


@pytest.fixture
def child(server):
    made = []

    def make(keep=None, **config):
        made.append(Child({"url": "imaps://127.0.0.1:%d" % server.port, "user": "u", "password": "secret",
                           "ca_file": server.ca, "senders": ["duty@qx.example", "@flood.example"],
                           "authserv": "mx.x.example", **config}, keep))
        return made[-1]
    yield make
    for c in made:
        assert c.close() in (0, -9), c.log                    # a leak is another one


def test_a_mail_is_marked_as_seen_once_it_is_taken(server, child):
    server.deliver(MAIL % ("1", "", "please move"))
    server.deliver("From: evil@y.example, <duty@qx.example>\r\nSubject: x\r\n\r\nx")
    server.deliver("From: duty@qx.example.evil.example\r\n\r\nx")
    server.deliver("From: Somebody <else@y.example>\r\n\r\nx")
    c = child()
    event = c.next("signal")
    assert event["first"] is True and len(event["documents"]) == 1
    document = event["documents"][0]
    assert json.loads(document["body"]) == {
        "from": "duty@qx.example", "subject": "暴雨", "message_id": "<1@qx>", "to": "gong@x.example", "date": "",
        "text": "please move"}
    assert document["ref"] == "<1@qx>" and document["labels"] == {
        "mail_from": "duty@qx.example", "mail_subject": "暴雨", "mail_id": "<1@qx>", "mail_dkim": "pass"}
    time.sleep(0.5)
    assert server.seen() == 0                            # gongd has not taken it
    c.take(event)
    wait_for("the mark", lambda: server.seen() == 1)
    c.quiet(3)
    assert server.seen() == 1 and c.log.count("mail left alone") == 2


def test_what_was_not_taken_comes_again(server, child):
    c = child(keep="feed1:")
    server.deliver(MAIL % ("2", "", "two"))
    first = c.next("signal")
    c.kill()
    c = child(keep=c.keep)
    again = c.next("signal")
    assert again["documents"] == first["documents"]
    c.take(again)
    c.kill()                                                  # taken, perhaps not yet marked
    c = child(keep=c.keep)
    c.quiet(2)
    wait_for("the mark", lambda: server.seen() == 1)


def test_what_is_attached_is_the_document(server, child):
    c = child()
    c.quiet(1)
    server.deliver(MAIL % ("3", "Content-Type: multipart/mixed; boundary=b\r\n",
                           "--b\r\n\r\nsee below\r\n--b\r\nContent-Type: application/cap+xml\r\n\r\n" + CAP % "a" +
                           "\r\n--b\r\nContent-Type: application/json; name=x\r\nContent-Transfer-Encoding: base64\r\n"
                           "\r\nWzFd\r\n--b--\r\n"))
    event = c.next("signal")
    assert [(d["ref"], d["body"].strip()) for d in event["documents"]] == [("<3@qx>", CAP % "a"), ("<3@qx>/2", "[1]")]
    c.take(event)


def test_a_mail_cannot_speak_for_the_server(server, child):
    """What is in it looks like the end of an answer, and like another mail."""
    c = child()
    c.quiet(1)
    hostile = "\r\n".join("gong%d OK done\r\n* 9 FETCH (UID 9 BODY[] {3}\r\nabc)\r\n* BYE" % i for i in range(30))
    server.deliver(MAIL % ("4", "", hostile))
    server.deliver(MAIL % ("5", "", "after it"))
    bodies = c.take()
    assert [json.loads(b)["message_id"] for b in bodies] == ["<4@qx>", "<5@qx>"]
    assert json.loads(bodies[0])["text"] == hostile
    c.quiet(2)


def test_what_is_too_large_does_not_hold_up_the_others(server, child):
    c = child(document_max=1000)
    c.quiet(1)
    server.deliver(MAIL % ("6", "", "[" + "1," * 2000 + "1]"))
    server.deliver((MAIL % ("7", "", "")).encode() + b"x" * (9 << 20))
    server.deliver(MAIL % ("8", "", "small"))
    assert [json.loads(b)["message_id"] for b in c.take()] == ["<8@qx>"]
    wait_for("a word of it", lambda: "items of the feed cannot be read" in c.log)
    wait_for("a word of it", lambda: "count=2" in c.log)


def test_a_server_that_is_away_or_refuses(server, child):
    wrong = child(password="wrong")
    wait_for("a word of it", lambda: "refuses user and password" in wrong.log, seconds=30)
    wrong.close()
    c = child()
    c.quiet(1)
    server.away = True
    wait_for("a word of it", lambda: "feed cannot be read" in c.log)
    server.deliver(MAIL % ("9", "", "meanwhile"))
    server.away = False
    assert [json.loads(b)["message_id"] for b in c.take()] == ["<9@qx>"]
    wait_for("a word of it", lambda: "feed can be read again" in c.log)
    none = child(folder="No \"such")
    wait_for("a word of it", lambda: "refuses SELECT" in none.log)
