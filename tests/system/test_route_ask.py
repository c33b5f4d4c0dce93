"""Questions to a route: an AT command, a USSD code, a test message (docs/drivers.md, `ask`)."""
import json
import os
import stat
import subprocess
import threading

import pytest

from harness import BUILD, World, wait_for

ROUTES = '''route "sim" {
 driver = "gong-sim"
 config = '{"simulation":true,"number":"+99910000009","receipts":true,"receipt_ms":30,"latency_ms":20,"log":"%s"}'
}
route "odd" { driver = "%s" }
'''
# Dies of AT+DIE, is silent to AT+MUTE, says no to the rest.
ODD = '''#!/usr/bin/python3
import json, sys
def say(**event):
    print(json.dumps(event), flush=True)
for line in sys.stdin:
    op = json.loads(line)
    if op["op"] == "open":
        say(ev="ready", protocol=1, channels=["sms"], window=1, identity="odd")
    elif op["op"] == "ping":
        say(ev="pong", n=op["n"])
    elif op["op"] == "ask" and op["text"] == "AT+DIE":
        sys.exit(1)
    elif op["op"] == "ask" and op["text"] != "AT+MUTE":
        say(ev="answer", id=op["id"], ok=False, reason="CME 3")
        say(ev="answer", id=op["id"], ok=True, lines=["a second answer"])
        say(ev="answer", id="q999", ok=True)
'''
CLIENTS = '''client "mechanic" {
	token_file = "mechanic.token"
	may = {operate}
}
'''


@pytest.fixture(scope="module")
def world():
    w = World(clients=CLIENTS, name="ask")
    w.routes = ROUTES % (w.path("books.jsonl"), w.path("odd"))
    w.write_conf()
    with open(w.path("mechanic.token"), "w", encoding="ascii") as f:
        f.write("mechanic" * 4)
    with open(w.path("odd"), "w", encoding="utf-8") as f:
        f.write(ODD)
    os.chmod(w.path("odd"), stat.S_IRWXU)
    w.start()
    wait_for("routes up", w.all_up)
    yield w
    w.close()


def ask(world, route="sim", **body):
    return world.api("POST", "/v1/routes/%s/ask" % route, body)


def audit(world, action):
    return [(r["actor"], json.loads(r["detail"])) for r in world.rows(
        "SELECT actor, detail FROM audit WHERE action = ? ORDER BY id", action)]


def test_a_question_before_the_route_is_open_is_refused():
    lines = [{"op": "ask", "id": "q1", "what": "at", "text": "AT+CSQ"},
             {"op": "close", "grace_ms": 0}]
    done = subprocess.run([os.path.join(BUILD, "gong-http")], timeout=20, capture_output=True,
                          input="".join(json.dumps(line) + "\n" for line in lines).encode())
    answer = [json.loads(line) for line in done.stdout.splitlines()
              if json.loads(line)["ev"] == "answer"]
    assert answer == [{"ev": "answer", "id": "q1", "ok": False,
                       "reason": "the route is not open"}]


def test_an_at_command_is_answered_and_both_stand_in_the_audit(world):
    status, answer = ask(world, what="at", text="AT+CSQ")
    assert status == 200 and answer["ok"] and answer["lines"][-1] == "OK", answer
    assert answer["route"] == "sim" and answer["what"] == "at"
    actor, asked = audit(world, "route.ask")[-1]
    assert actor.startswith("socket:") and asked["text"] == "AT+CSQ" and asked["what"] == "at"
    actor, said = audit(world, "route.answer")[-1]
    assert said["id"] == asked["id"] and said["ok"] and "OK" in said["answer"]


def test_a_test_message_is_measured(world):
    status, answer = ask(world, what="sms", to="+99910000009", text="gong test")
    assert status == 200 and answer["ok"], answer
    assert answer["receipt"] == "delivered" and answer["submit_ms"] == 20, answer
    assert audit(world, "route.ask")[-1][1]["to"] == "+99910000009"


def test_a_pin_is_not_written_down(world):
    assert ask(world, what="at", text='AT+CPIN="1234"')[0] == 200
    assert "1234" not in json.dumps(audit(world, "route.ask")[-1])


def test_no_of_the_driver_is_an_answer_and_counts_once(world):
    status, answer = ask(world, "odd", what="ussd", text="*100#")
    assert (status, answer["ok"], answer["reason"]) == (200, False, "CME 3")
    assert len([a for a in audit(world, "route.answer") if a[1]["route"] == "odd"]) == 1


@pytest.mark.parametrize("body,field,word", [
    (dict(what="at", text="CSQ"), "/text", "begins with AT"),
    (dict(what="at", text="AT+CSQ信"), "/text", "ASCII"),
    (dict(what="at", text="AT" + "+" * 400), "/text", "400"),
    (dict(what="ussd", text="100#a"), "/text", "USSD"),
    (dict(what="sms", text="x"), "/to", "where"),
    (dict(what="sms", text="x", to="12379"), "/to", ""),
    (dict(what="sms", to="+99910000009"), "/text", "test message"),
    (dict(what="at", text="AT", to="+99910000009"), "/to", "leave"),
    (dict(what="dance", text="x"), "/what", "ussd"),
    (dict(what="test", text="x"), "/text", "sms"),
    (dict(what="test", to="+99910000009"), "/to", "sms"),
    (dict(text="x"), "/what", "ussd"),
    (dict(what="sms", to="+99910000009", text="x", receipt_wait_ms=100000), "/receipt_wait_ms", "90000"),
])
def test_a_wrong_question_is_refused_with_field_and_remedy(world, body, field, word):
    status, answer = ask(world, **body)
    assert status == 422 and answer["field"] == field and word in answer["detail"], answer


def test_a_route_that_is_not_there(world):
    status, answer = ask(world, "nowhere", what="at", text="AT")
    assert status == 404 and "nowhere" in answer["detail"]


def test_it_needs_the_right_to_operate(world):
    body = dict(what="at", text="AT")
    status, answer = world.tcp("POST", "/v1/routes/sim/ask", body)
    assert status == 403 and "operate" in answer["detail"], answer
    assert world.tcp("POST", "/v1/routes/sim/ask", body, token="mechanic" * 4)[0] == 200


def test_five_at_once_are_too_many_and_a_death_answers_them_all(world):
    answers = []

    def one():
        answers.append(ask(world, "odd", what="at", text="AT+MUTE"))

    before = len(audit(world, "route.ask"))
    threads = [threading.Thread(target=one) for _ in range(4)]
    for t in threads:
        t.start()
    wait_for("four questions asked", lambda: len(audit(world, "route.ask")) == before + 4)
    status, answer = ask(world, "odd", what="at", text="AT")
    assert status == 429 and "4 questions" in answer["detail"], answer
    os.kill(world.drivers()["odd"] if "odd" in world.drivers() else world.drivers()["python3"], 9)
    for t in threads:
        t.join(30)
    assert len(answers) == 4
    for status, answer in answers:
        assert status == 503 and "not known" in answer["detail"], answer
    wait_for("odd is up again", world.all_up)
    status, answer = ask(world, "odd", what="at", text="AT+DIE")
    assert status == 503 and "while it was asked" in answer["detail"], answer
    status, answer = ask(world, "odd", what="at", text="AT")
    assert status in (200, 503), answer
    wait_for("odd is up again", world.all_up)
    assert ask(world, "odd", what="at", text="AT")[0] == 200
