"""gong-http against a provider that behaves and one that does not (docs/http-driver.md)."""
import base64
import json
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest

from harness import wait_for
from http_driver import Driver, Listener, Odd, Provider, config, http, now

TEXTS = ['plain', 'says "now"', 'back\\slash\\n', 'two\nlines\r\n\tand a tab', '\x01\x1f\x7f',
         '请立即转移，回复1', '😀 & a=b + c%20 <x>', "{{text}} }} {{", '{"to":"+1","text":"x"}',
         'é€' * 300]


@pytest.fixture
def started():
    things = []
    yield lambda thing: (things.append(thing), thing)[1]
    for thing in reversed(things):
        thing.close() if isinstance(thing, Odd) else thing.end()


@pytest.fixture
def drive(started):
    def start(conf, **more):
        d = started(Driver(conf, **more))
        assert d.next("ready"), d.log
        return d
    return start


def form_fields():
    return {"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}"}


@pytest.mark.parametrize("kind", ["json", "form", "query"])
def test_texts_arrive_as_they_were_sent(started, drive, tmp_path, kind):
    provider = started(Provider(tmp_path))
    conf = config(provider.url) if kind == "json" else \
        config(provider.url, body_type=kind, body=None, fields=form_fields())
    d = drive(conf)
    for i, text in enumerate(TEXTS):
        d.send((f"M{i}", "+8613800000001"), text=text)
    fates = d.dones(len(TEXTS))
    assert {f["outcome"] for f in fates.values()} == {"accepted"}
    got = {b["ref"]: b for b in provider.books()}
    assert [got[f"M{i}"]["text"] for i in range(len(TEXTS))] == TEXTS
    assert {b["to"] for b in got.values()} == {"+8613800000001"}
    assert {f["ref"] for f in fates.values()} == {b["id"] for b in got.values()}


def test_every_variable_and_header_stands_where_the_profile_says(started, drive):
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url, body='{"a":"{{to}}","b":"{{to_plus}}","c":"{{to_national}}",'
                     '"d":"{{id}}","e":{{not_after}},"f":{{flash}},"g":"{{callback_url}}",'
                     '"h":"{{secret}}","i":"{{text}}"}', country="86", secret='k"1',
                     authorization="Bearer s3cret", headers={"X-App": "gong"}, method="PUT"),
              callback_url="http://gong/v1/callback/r/zz")
    until = now() + 5000
    assert d.one(**{"class": "flash"}, not_after=until)["outcome"] == "accepted"
    head, body = odd.requests[0]
    assert json.loads(body) == {
        "a": "8613800000001", "b": "+8613800000001", "c": "13800000001", "d": "A1", "e": until,
        "f": True, "g": "http://gong/v1/callback/r/zz", "h": 'k"1', "i": "hello"}
    assert head.startswith("PUT /send HTTP/1.1\r\n")
    for line in ("Authorization: Bearer s3cret", "X-App: gong", "Content-Type: application/json"):
        assert line in head.split("\r\n")
    assert d.end() == 0
    assert b"s3cret" not in d.log and "s3cret" not in json.dumps(d.events)


def test_form_field_names_and_fixed_words_are_escaped(started, drive):
    odd = started(Odd(lambda n, r: http()))
    d = drive(config(odd.url + "?v=1", body_type="query", body=None, method="POST",
                     fields={"签 名": "【a&b】{{text}}", "n": "{{to}}"}))
    assert d.one("x=y")["outcome"] == "accepted"
    head, body = odd.requests[0]
    query = head.split(" ")[1].split("?")[1]
    assert head.startswith("POST") and body == ""
    assert urllib.parse.parse_qs(query) == {"v": ["1"], "签 名": ["【a&b】x=y"],
                                            "n": ["8613800000001"]}


ERRORS = [{"status": 503, "class": "retry"}, {"pointer": "/code", "equals": 13, "class": "drop"},
          {"pointer": "/code", "equals": [7, "SEVEN"], "class": "clock"},
          {"status": 400, "pointer": "/code", "equals": 9, "class": "retry_other"},
          {"pointer": "/code", "equals": 22, "class": "accepted"},
          {"pointer": "/code", "equals": 23, "class": "unknown"}]


@pytest.mark.parametrize("answer, outcome, klass", [
    (http(200, b'{"code":0,"id":"a"}'), "accepted", None),
    (http(200, b'{"code":0}'), "accepted", None),
    (http(200, b'{"code":13,"message":"bad number"}'), "rejected", "drop"),
    (http(400, b'{"code":13}'), "rejected", "drop"),
    (http(200, b'{"code":"SEVEN"}'), "rejected", "clock"),
    (http(400, b'{"code":9}'), "rejected", "retry_other"),
    (http(500, b'{"code":9}'), "unknown", None),
    (http(200, b'{"code":22}'), "accepted", None),
    (http(200, b'{"code":23}'), "unknown", None),
    (http(200, b'{"code":"0"}'), "rejected", "retry_other"),
    (http(200, b'{"code":99}'), "rejected", "retry_other"),
    (http(503), "rejected", "retry"),
    (http(500), "unknown", None),
    (http(502, b"<html>bad gateway"), "unknown", None),
    (http(202, b'{"code":0}'), "unknown", None),
    (http(401), "rejected", "config"),
    (http(403), "rejected", "config"),
    (http(404), "rejected", "config"),
    (http(429), "rejected", "retry"),
    (http(422, b"{}"), "rejected", "retry_other"),
    (http(200, b"OK"), "unknown", None),
    (http(200, b""), "unknown", None),
    (http(200, b'{"code":0,"id":"a"'), "unknown", None),
    (http(200, b'[]'), "unknown", None),
    (http(200, b'{"status":0}'), "unknown", None),
    (http(200, b'{"code":0}' + b" " * 100000), "unknown", None),
    ((b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"code\":0",), "unknown", None),
    ((b"SSH-2.0-OpenSSH\r\n\r\n",), "unknown", None),
    (None, "unknown", None),
    ("hang", "unknown", None),
    ([b"HTTP/1.1 200 OK\r\nX: "] + [b"y"] * 20, "unknown", None),
])
def test_what_an_answer_means(started, drive, answer, outcome, klass):
    odd = started(Odd(lambda n, r: answer if n == 0 else http()))
    d = drive(config(odd.url, errors=ERRORS, timeout_ms=700, reason_pointer="/message"))
    fate = d.one()
    assert (fate["outcome"], fate.get("class")) == (outcome, klass), fate
    assert outcome == "accepted" or fate["reason"]
    if isinstance(answer, bytes) and b"bad number" in answer:
        assert fate["reason"] == "provider answered 200 code 13: bad number"
    assert len(odd.requests) == 1
    assert d.one(ident="A2")["outcome"] == "accepted"      # and the next one is not harmed


def test_a_redirect_is_refused_and_not_followed(started, drive):
    other = started(Odd(lambda n, r: http()))
    odd = started(Odd(lambda n, r: http(302, extra=b"Location: " + other.url.encode() + b"\r\n")))
    fate = drive(config(odd.url)).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "config")
    assert "redirect" in fate["reason"] and not other.requests


def test_one_unlisted_refusal_spares_the_route_and_ten_in_a_row_stop_it(started, drive):
    odd = started(Odd(lambda n, r: http(200, b'{"code":0}' if n == 5 else b'{"code":77}')))
    d = drive(config(odd.url, connections=1))
    classes = [d.one(ident=f"B{i}").get("class") for i in range(16)]
    assert classes == ["retry_other"] * 5 + [None] + ["retry_other"] * 9 + ["config"]


def test_a_kept_connection_that_dies_under_a_request_never_sends_it_twice(started, drive):
    odd = started(Odd(lambda n, r: None if "boom" in r[1] else http()))
    d = drive(config(odd.url, connections=1))
    for i in range(6):
        assert d.one(ident=f"K{i}")["outcome"] == "accepted"
        fate = d.one("boom", ident=f"D{i}")
        assert fate["outcome"] == "unknown", fate
    assert len(odd.requests) == 12


def serve_once(listener):
    conn, _ = listener.accept()
    conn.recv(65536)
    conn.sendall(http())
    conn.close()


def test_nothing_listening_is_a_refusal_that_may_go_elsewhere(drive):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    d = drive(config(f"http://127.0.0.1:{port}/send"))
    for i in range(3):
        fate = d.one(ident=f"R{i}")
        assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other")
        assert f"127.0.0.1:{port}" in fate["reason"]
    assert [e["ok"] for e in d.events if e["ev"] == "health"] == [True, False]
    with socket.create_server(("127.0.0.1", port)) as s:
        threading.Thread(target=lambda: serve_once(s), daemon=True).start()
        assert d.one(ident="R9")["outcome"] == "accepted"
    assert [e["ok"] for e in d.events if e["ev"] == "health"] == [True, False, True]


def test_a_name_that_does_not_resolve_and_tls_that_fails_are_not_sent(started, drive):
    fate = drive(config("http://gong.invalid/send")).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other")
    odd = started(Odd(lambda n, r: http()))
    fate = drive(config(odd.url.replace("http:", "https:"), timeout_ms=2000,
                        connect_timeout_ms=500)).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other")


def test_a_certificate_is_believed_only_from_the_ca_of_the_profile(started, drive, tmp_path):
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=x",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    odd = started(Odd(lambda n, r: http(), tls))
    fate = drive(config(odd.url)).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other")
    assert "certificate" in fate["reason"]
    fate = drive(config(odd.url.replace("127.0.0.1", "localhost"), ca_file=cert)).one()
    assert fate["outcome"] == "rejected"           # another name than the certificate's
    assert not odd.requests
    d = drive(config(odd.url, ca_file=cert, authorization="Bearer x"))
    assert [d.one(ident=f"T{i}")["outcome"] for i in range(3)] == ["accepted"] * 3


def test_no_answer_in_time_is_unknown_and_the_provider_may_have_it(started, drive, tmp_path):
    provider = started(Provider(tmp_path, "--latency-ms", "1500"))
    fate = drive(config(provider.url, timeout_ms=300)).one()
    assert fate["outcome"] == "unknown" and "300 ms" in fate["reason"]
    assert [b["ref"] for b in provider.books()] == ["A1"]


def test_never_more_connections_than_configured_and_red_goes_first(started, drive):
    order, lock = [], threading.Lock()

    def slow(n, r):
        with lock:
            order.append(json.loads(r[1])["ref"])
        time.sleep(0.02)
        return http()
    odd = started(Odd(slow))
    d = drive(config(odd.url, connections=3))
    d.send(*[(f"Y{i}", "+99900000001") for i in range(40)])
    d.send(("RED", "+99900000002"), urgent=True)
    assert len(d.dones(41)) == 41
    assert odd.most <= 3 and order.index("RED") <= 6


def test_withdraw_takes_back_what_waits_and_not_what_left(started, drive, tmp_path):
    provider = started(Provider(tmp_path, "--latency-ms", "300"))
    d = drive(config(provider.url, connections=1))
    d.send(("W1", "+99900000001"), ("W2", "+99900000002"), ("W3", "+99900000003"))
    d.say({"op": "withdraw", "ids": ["W1", "W3", "nobody"]})
    fates = d.dones(3)
    assert [fates[f"W{i}"]["outcome"] for i in (1, 2, 3)] == ["accepted", "accepted", "withdrawn"]
    assert sorted(b["ref"] for b in provider.books()) == ["W1", "W2"]


def test_what_expires_in_the_queue_is_not_sent(started, drive, tmp_path):
    provider = started(Provider(tmp_path, "--latency-ms", "300"))
    d = drive(config(provider.url, connections=1))
    d.send(("E1", "+99900000001"))
    d.send(("E2", "+99900000002"), not_after=now() + 100)
    fates = d.dones(2)
    assert (fates["E2"]["outcome"], fates["E2"]["class"]) == ("rejected", "retry")
    assert "validity" in fates["E2"]["reason"]
    assert [b["ref"] for b in provider.books()] == ["E1"]


@pytest.mark.parametrize("how", ["eof", "close"])
def test_the_end_finishes_what_left_and_gives_back_the_rest(started, drive, tmp_path, how):
    provider = started(Provider(tmp_path, "--latency-ms", "300"))
    d = drive(config(provider.url, connections=1))
    d.send(("F1", "+99900000001"), ("F2", "+99900000002"))
    if how == "eof":
        d.child.stdin.close()
    else:
        d.say({"op": "close", "grace_ms": 5000})
    fates = d.dones(2)
    assert fates["F1"]["outcome"] == "accepted"
    assert (fates["F2"]["outcome"], fates["F2"]["class"]) == ("rejected", "retry_other")
    assert d.end() == 0


def test_a_close_whose_grace_runs_out_leaves_in_doubt(started, drive):
    odd = started(Odd(lambda n, r: "hang"))
    d = drive(config(odd.url))
    d.send(("G1", "+99900000001"))
    time.sleep(0.2)
    began = time.monotonic()
    d.say({"op": "close", "grace_ms": 300})
    assert d.dones(1)["G1"]["outcome"] == "unknown"
    assert d.child.wait(5) == 0 and time.monotonic() - began < 3


def test_a_ping_is_answered_while_the_provider_hangs(started, drive):
    odd = started(Odd(lambda n, r: "hang"))
    d = drive(config(odd.url))
    d.send(("P1", "+99900000001"))
    d.say({"op": "ping", "n": 7})
    assert d.next("pong", 2)["n"] == 7


def test_bad_weather_gives_every_message_one_fate_that_agrees_with_the_books(
        started, drive, tmp_path):
    provider = started(Provider(tmp_path, "--fail", "0.1:503", "--drop", "0.1", "--seed", "7",
                                "--jitter-ms", "5"))
    d = drive(config(provider.url, errors=[{"status": 503, "class": "retry"}], window=2000))
    for batch in range(20):
        d.send(*[(f"S{batch:02}{i:02}", "+99900000001") for i in range(100)])
    fates = d.dones(2000, 60)
    by = {o: {i for i, f in fates.items() if f["outcome"] == o}
          for o in ("accepted", "unknown", "rejected")}
    refs = [b["ref"] for b in provider.books()]
    assert len(refs) == len(set(refs)), "a message was sent twice"
    assert by["accepted"] <= set(refs) and not by["rejected"] & set(refs)
    assert by["rejected"] == {b["ref"] for b in provider.books("refused")}
    assert all(len(by[o]) > 100 for o in by), {o: len(by[o]) for o in by}


CALLBACK = {"receipt": {"id": "/ref", "provider_id": "/msgid", "to": "/to", "state": "/state",
                        "delivered": ["DELIVRD", 1, True], "failed": ["UNDELIV"]},
            "reply": {"id": "/id", "from": "/from", "text": "/text"}, "answer": '{"ok":1}'}


def callback(d, body, ident="77", query=""):
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    d.say({"op": "callback", "id": ident, "method": "POST", "path": "/x", "query": query,
           "headers": {}, "body": base64.b64encode(raw).decode()})
    events = []
    while not events or events[-1]["ev"] != "reply":
        events.append(d.next(timeout=5))
        if events[-1]["ev"] in ("health", "ready"):
            events.pop()
    assert events[-1]["id"] == ident
    return events[:-1], events[-1]


@pytest.fixture
def listening(drive):
    return drive(config("http://127.0.0.1:1/", callback=CALLBACK, receipts=True, country="86"))


def test_the_ready_line_says_what_the_profile_offers(started):
    d = started(Driver(config("http://k3y@127.0.0.1:1/p/k3y", callback=CALLBACK, receipts=True,
                              connections=200)))
    ready = d.next("ready")
    # As many as there are connections: without a page, what only waits here would be in doubt.
    assert (ready["window"], ready["batch"]) == (200, 100)
    assert "page" not in ready and "prefetch" not in ready
    assert ready["receipts"] and ready["inbound"] and ready["identity"] == "127.0.0.1:1"


@pytest.mark.parametrize("state, word", [("DELIVRD", "delivered"), (1, "delivered"),
                                         (True, "delivered"), ("UNDELIV", "failed"),
                                         ("ENROUTE", "buffered")])
def test_a_receipt_becomes_an_event_before_its_answer(listening, state, word):
    events, reply = callback(listening, {"ref": "A1", "msgid": "p9", "to": "13800000001",
                                         "state": state})
    assert len(events) == 1 and abs(events[0].pop("at") - now()) < 5000
    reason = {} if word == "delivered" else {"reason": state}
    assert events[0] == {"ev": "receipt", "id": "A1", "ref": "p9", "to": "+8613800000001",
                         "state": word, **reason}
    assert (reply["status"], reply["body"]) == (200, '{"ok":1}')


def test_a_list_a_form_and_a_query_are_read_too(listening):
    events, reply = callback(listening, [{"ref": f"A{i}", "state": "DELIVRD"} for i in range(3)] +
                             [{"what": "is this"}])
    assert [e["id"] for e in events] == ["A0", "A1", "A2"] and reply["status"] == 200
    events, _ = callback(listening, "from=%2B8613800000002&text=1%20好&id=r5".encode())
    assert (events[0]["from"], events[0]["text"], events[0]["id"]) == \
        ("+8613800000002", "1 好", "r5")
    events, reply = callback(listening, b"", query="ref=A7&state=UNDELIV")
    assert (events[0]["id"], events[0]["state"]) == ("A7", "failed")
    assert callback(listening, [])[1]["status"] == 200


def test_a_reply_keeps_the_providers_id_or_gets_a_stable_one(listening):
    said = {"from": "13800000002", "text": '1 "好"', "t": 5}
    first = callback(listening, said)[0][0]
    again = callback(listening, dict(reversed(said.items())))[0][0]
    other = callback(listening, {**said, "t": 6})[0][0]
    assert first["from"] == "+8613800000002" and first["text"] == '1 "好"'
    assert first["id"] == again["id"] != other["id"]
    assert callback(listening, {**said, "id": 42})[0][0]["id"] == "42"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"a=%ff&text=1", {"nothing": 1},
                                  {"state": "DELIVRD"}, {"from": "1"}, b"[1,2]", b"\0\0=1"])
def test_what_cannot_be_read_is_answered_400_and_harms_nothing(listening, body):
    events, reply = callback(listening, body)
    assert events == [] and reply["status"] == 400
    assert callback(listening, {"ref": "A1", "state": "DELIVRD"})[1]["status"] == 200


def test_body_that_is_no_base64_is_answered_too(listening):
    listening.say({"op": "callback", "id": "9", "method": "POST", "body": "?"})
    assert listening.next("reply")["status"] == 400


BAD = [
    ({"url": None}, "url"), ({"url": "ftp://x/"}, "url"), ({"url": "https://x/{{to}}"}, "url"),
    ({"surprise": 1}, "surprise"), ({"method": "DELETE"}, "method"), ({"method": "GET"}, "method"),
    ({"body": None}, "body"), ({"body": '{"a":{{text}}}'}, "body"),
    ({"body": '{"a":"{{wrong}}"}'}, "{{wrong}}"), ({"body": '{"a":"{{text"}'}, "not closed"),
    ({"body": '{"a":"{{callback_url}}"}'}, "callback_secret"),
    ({"body": '{"a":"{{secret}}"}'}, "secret"), ({"fields": {"a": "b"}}, "fields"),
    ({"body_type": "xml"}, "body_type"), ({"body_type": "form", "body": {"a": 1}}, "fields"),
    ({"body_type": "form", "body": None, "fields": {"a": 1}}, "fields"),
    ({"success": None}, "success"), ({"success": {"status": []}}, "success/status"),
    ({"success": {"status": [404]}}, "success/status"),
    ({"success": {"status": [200], "pointer": "/a"}}, "success"),
    ({"success": {"status": [200], "pointer": "a", "equals": 1}}, "pointer"),
    ({"success": {"status": [200], "ok": 1}}, "success/ok"), ({"id_pointer": "id"}, "id_pointer"),
    ({"errors": {}}, "errors"), ({"errors": [{"status": 500, "class": "panic"}]}, "errors/0"),
    ({"errors": [{"status": 500, "class": "drop"}, {"class": "drop"}]}, "errors/1"),
    ({"errors": [{"pointer": "/a", "class": "drop"}]}, "errors/0"),
    ({"errors": [{"stat": 5, "class": "drop"}]}, "errors/0/"),
    ({"receipts": True}, "receipts"), ({"receipts": 1}, "receipts"),
    ({"callback": {"receipt": {"state": "/s"}}}, "callback/receipt"),
    ({"callback": {"reply": {"from": "/f"}}}, "callback/reply"),
    ({"callback": {"what": 1}}, "callback/what"), ({"connections": 0}, "connections"),
    ({"connections": "3"}, "connections"), ({"timeout_ms": 5}, "timeout_ms"),
    ({"headers": {"A": "b\r\nC: d"}}, "headers"), ({"headers": {"Authorization": "x"}}, "headers"),
    ({"authorization": "a\nb"}, "authorization"), ({"ca_file": "/nonexistent"}, "ca_file"),
]


@pytest.mark.parametrize("change, word", BAD, ids=lambda v: v if isinstance(v, str) else None)
def test_a_faulty_config_is_refused_by_name_and_for_good(started, change, word):
    d = started(Driver(config(**{"url": "https://sms.example.invalid/send?key=t0psecret",
                                 **change})))
    fatal = d.next()
    assert fatal["ev"] == "fatal" and fatal["retry"] is False, fatal
    assert word in fatal["reason"] and "t0psecret" not in fatal["reason"]
    assert d.end() == 1


def test_lines_that_are_no_operations_are_survived(started, drive, tmp_path):
    provider = started(Provider(tmp_path))
    d = drive(config(provider.url))
    d.child.stdin.write(b'garbage\n{"op":5}\n{"op":"send"}\n{"op":"send","items":[1,{"id":"Q"}]}\n'
                        b'{"op":"callback"}\n{"op":"withdraw","ids":"x"}\n{"op":"took"}\n')
    d.say({"op": "send", "text": "x", "items": [{"id": "L" * 40, "to": "+1"},
                                                {"id": "T", "to": "+" + "1" * 40}]})
    assert {i: f["outcome"] for i, f in d.dones(3).items()} == \
        {"Q": "rejected", "L" * 40: "rejected", "T": "rejected"}
    assert d.one()["outcome"] == "accepted"


def test_receipts_and_replies_come_round_from_the_provider(started, drive, tmp_path):
    gongd = started(Listener())
    url = f"http://127.0.0.1:{gongd.server_address[1]}/v1/callback/r/zz"
    people = tmp_path / "people"
    people.write_text("+99900000001 50 1 好\n+9990000001* 0 2\n+999* - -\n")
    provider = started(Provider(tmp_path, "--receipt-ms", "20", "--people", str(people),
                                "--secret", "tok"))
    d = drive(config(provider.url, authorization="Bearer tok", callback=CALLBACK, receipts=True,
                     body={"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}",
                           "callback": "{{callback_url}}"}), callback_url=url)
    d.send(("C1", "+99900000001"), ("C2", "+99900000012"), ("C3", "+99900000099"))
    fates = d.dones(3)
    assert {f["outcome"] for f in fates.values()} == {"accepted"}
    pushed = gongd.wait(5)
    assert len(pushed) == 5 and {p for p, _ in pushed} == {"/v1/callback/r/zz"}
    events = [callback(d, body)[0][0] for _, body in pushed]
    assert {e["id"]: (e["ref"], e["state"]) for e in events if e["ev"] == "receipt"} == \
        {i: (fates[i]["ref"], "delivered") for i in fates}
    assert {e["from"]: e["text"] for e in events if e["ev"] == "inbound"} == \
        {"+99900000001": "1 好", "+99900000012": "2"}
    wait_for("the provider's books of what was taken", lambda: len(
        provider.books("receipt")) == 3 and len(provider.books("reply")) == 2)
    people.write_text("+999* 0 3\n")
    time.sleep(0.15)
    assert d.one(ident="C4", to="+99900000099")["outcome"] == "accepted"
    assert any(b"\"3\"" in body for _, body in gongd.wait(7)[5:])


def test_the_provider_wants_its_secret(started, drive, tmp_path):
    provider = started(Provider(tmp_path, "--secret", "tok"))
    fate = drive(config(provider.url, authorization="Bearer wrong")).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "config")
    assert provider.books() == [] and provider.end() == 0
