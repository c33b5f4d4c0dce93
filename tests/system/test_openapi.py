"""docs/openapi.yaml and gongd are held to each other in both directions: the daemon's own tables and
refusals against the file, and real answers of a night in which every field of the file must show."""
import ast
import contextlib
import glob
import http.client
import json
import os
import re
import threading
import time
import urllib.parse

import pytest

import harness
import openapi
from district import District
from harness import ROOT, SLOW, UnixConnection, World, sim_route, wait_for
from mail import MailWorld
from test_damage import spoil

CHIEF, DEPUTY = "village_chief-990121001001-1", "village_deputy-990121001001-1"
FIRST, SECOND, DUMB = "dept_head-990121-1", "dept_head-990121-2", "dept_head-990121-4"
HERE, THERE, EMPTY = "990121001", "990121100", "990121100003"
STRANGER = "+999399990001"
MOVE = dict(template="flood.move", policy="move.now", severity="red")
# Says no to the rest, is silent to AT+MUTE, dies of AT+DIE.
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
    elif op["op"] == "close":
        break
    elif op["op"] == "callback":
        say(ev="reply", id=op["id"], status=200, body="taken")
    elif op["op"] == "ask" and op["what"] == "test":
        say(ev="answer", id=op["id"], ok=True, lines=["ok  all"])
    elif op["op"] == "ask" and op["text"] == "AT+DIE":
        sys.exit(1)
    elif op["op"] == "ask" and op["text"] != "AT+MUTE":
        say(ev="answer", id=op["id"], ok=False, reason="CME 3")
'''
RING = '''policy "ring" {
 title = "ring"
 targets = person
 until = 3
 step "ring" { after = "0s" channels = {voice} }
 step "desk" { after = "5h" channels = {console} }
}
'''
# A text of the site's own in the place of a shipped one, with a fault that misleads.
HEAT = '''template "warn.heat" {
 title = "高温预警"
 policies = {"move.now"}
 answer "1" { outcome = acknowledged level = 3 }
 text "zh" { sms = "高温,收到回复1" }
}
'''
SOURCE = '''source "rain" { format = json rules = "rain.rules" token_file = "rain.token" by = {bearer, path} up_to = red }
source "gone" { format = json rules = "rain.rules" fetch = "gong-nowhere" }
'''
RULES = '''read { each = "/all" ref = "/id" area = "/codes" kind = "/kind" act = "/act" act_is = { "over=end" } label "z" { at = "/z" } }
rule "held" { when { kinds = {dam} } trust = hold
 then { template = notice.text severity = red divisions = {990121} roles = {village_chief} param "text" { value = "坝" } } }
rule "sent" { when { label "z" { above = 5 } } for = 1h
 then { template = notice.text severity = blue divisions = {990121} roles = {village_chief} param "text" { value = "雨" } } }
'''
ROUTES = '''route "sim" { driver = "gong-sim" channels = {sms} backup = true
 config = '{"simulation":true,"number":"+99910000009","receipts":true,"receipt_ms":20,"health":"%(dir)s/health"}'
 canary { every = "4s" to = "+99910000009" within = "1s" }
}
route "odd" { driver = "%(dir)s/odd" channels = {sms} backup = true callback_secret = "sixteen-letters-x" }
route "stopped" { driver = "gong-sim" channels = {sms} config = '{"simulation":true,"loss":"nan"}'
 callback_secret = "sixteen-letters-x" }
'''


def source(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


@pytest.fixture(scope="module")
def described():
    return openapi.File()


# -- the file by itself --

def nodes(node, at=""):
    yield at, node
    for key, inner in node.items() if isinstance(node, dict) else enumerate(
            node if isinstance(node, list) else ()):
        yield from nodes(inner, "%s/%s" % (at, key))


def test_it_names_nothing_that_is_not_there_and_holds_nothing_unused(described):
    refs = {n["$ref"] for _, n in nodes(described.doc) if isinstance(n, dict) and "$ref" in n}
    for ref in refs:
        described.resolve({"$ref": ref})
    held = {"#/components/%s/%s" % (kind, name) for kind, all_of in described.doc["components"].items()
            for name in all_of if kind != "securitySchemes"}
    assert held == refs


def test_no_sentence_was_cut_at_a_comma(described):
    """In {…} YAML takes what stands behind one for a name with no value."""
    for at, node in nodes(described.doc):
        assert node is not None or "/enum/" in at, at


def test_no_object_is_open_by_accident(described):
    """What is a part of others by allOf is closed there."""
    parts = {p["$ref"] for _, n in nodes(described.doc) if isinstance(n, dict)
             for p in n.get("allOf", []) if "$ref" in p}
    for at, node in nodes(described.doc):
        if isinstance(node, dict) and "type" in node and "object" in node["type"] and \
                "/example" not in at and "#" + at not in parts and "/allOf/" not in at and \
                isinstance(node["type"], (str, list)):
            assert "additionalProperties" in node or "unevaluatedProperties" in node, at


def test_every_operation_has_its_own_name_and_its_paths_parameters(described):
    names = [o["operationId"] for _, o in described.operations()]
    assert len(names) == len(set(names))
    for (method, path), operation in described.operations():
        inside = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert inside == set(re.findall(r"\{(\w+)\}", path)), (method, path)
        assert operation["summary"] and "default" in operation["responses"], (method, path)


# -- the file and the daemon's tables --

def verbs():
    """VERB_… -> the word of `may` that gives it."""
    return dict(re.findall(r'V\((\w+), "\w+", "(\w*)"\)', source("core/principal.h")))


def table():
    """(method, path) -> (the word of `may`, or None for anybody; content type of the body, or None)"""
    rows = re.search(r"static const struct api_call calls\[\] = \{(.*?)\n\};", source("daemon/web/api.c"),
                     re.S).group(1)
    types = {"JSON_TYPE": "application/json", "CSV_TYPE": "text/csv", "ANY_TYPE": "*/*", "NULL": None}
    may = verbs()
    found = re.findall(r'\{ "(\w+)", "([^"]+)", (?:VERB_)?(\w+), (\w+),', rows)
    assert len(found) == rows.count("{ \"")
    return {(method, path): (may.get(verb), types[kind]) for method, path, verb, kind in found}


def test_every_path_is_the_daemons_and_the_other_way_round(described):
    callback = re.search(r'CALLBACK_PREFIX "(.*)"', source("daemon/web/web.c")).group(1)
    ours = dict(table())
    for method in ("GET", "POST"):
        ours[(method, callback + "{route}/{secret}")] = (None, None)
    door = re.search(r'SOURCE_PREFIX "(.*)"', source("daemon/web/source.h")).group(1)
    for path in "{source}", "{source}/{token}":
        ours[("POST", door + path)] = (None, "*/*")
    assert {key for key, _ in described.operations()} == set(ours)
    for key, operation in described.operations():
        may, kind = ours[key]
        needs = operation["security"]
        assert needs == ([{"token": [may]}] if may else []), key
        body = described.resolve(operation.get("requestBody", {"content": {}}))["content"]
        assert list(body) == ([kind] if kind else []), key


def words_of(path, pattern):
    """The words of a list in C."""
    return re.findall(r'"(\w+)"', re.search(pattern, source(path), re.S).group(1))


WORDS = {
    "Severity": ("core/words.c", r"SEVERITY_COUNT, (.*?)\)"),
    "Channel": ("core/words.c", r"CHANNEL_COUNT, (.*?)\)"),
    "Outcome": ("core/words.c", r"OUTCOME_COUNT, (.*?)\)"),
    "RejectClass": ("core/words.c", r'REJECT_COUNT, "none", (.*?)\)'),
    "Meaning": ("core/words.c", r"ANSWER_COUNT, (.*?)\)"),
    "Mode": ("daemon/web/query.c", r"modes\[\] = \{(.*?)\}"),
    "AlertState": ("daemon/store/alerts.c", r"state_names\[ALERT_STATE_COUNT\] = \{(.*?)\}"),
    "MessageState": ("core/message_state.h", r"define MESSAGE_STATES(.*?)\n\n"),
    "WaveKind": ("daemon/store/read_alerts.c", r"kinds\[\] = \{(.*?)\}"),
    "WaveState": ("daemon/store/read_alerts.c", r"const states\[\] = \{(.*?)\}"),
    "Receipt": ("daemon/store/read_messages.c", r"receipts\[\] = \{ NULL,(.*?)\}"),
    "Source": ("daemon/store/read_answers.c", r"names\[\] = \{(.*?)\}"),
    "ProblemKind": ("core/err.h", r"define ERR_KINDS(.*?)\nenum"),
    "SignalAct": ("core/signal.h", r"define SIGNAL_ACTS(.*?)\nenum"),
    "SignalState": ("daemon/store/signals.h", r"define SIGNAL_STATES(.*?)\nenum"),
    "Trust": ("core/rule.c", r"trusts\[\] = \{(.*?)\}"),
    "Concept": ("core/err.h", r"define CONCEPTS(.*?)\nenum"),
}


@pytest.mark.parametrize("name", WORDS)
def test_every_word_is_the_daemons(described, name):
    ours = [w for w in words_of(*WORDS[name]) if w]
    assert [w for w in described.doc["components"]["schemas"][name]["enum"] if w] == ours


def arguments(text, begin):
    """Of a call in C, from behind its "(" on."""
    depth, args = 1, [""]
    for part in re.findall(r'"(?:\\.|[^"\\])*"|.', text[begin:], re.S):
        depth += (part in "([{") - (part in ")]}")
        if not depth:
            return [a.strip() for a in args]
        if part == "," and depth == 1:
            args.append("")
        else:
            args[-1] += part
    raise AssertionError("a call without end")


def refusals():
    """The phrases that a refusal's sentence is made of, wherever the daemon says one."""
    catalogue = set(re.findall(r"^P\((\w+),", source("core/phrases.def"), re.M))
    found = {"verbatim"}                # a fault of gong's surroundings
    for path in glob.glob(ROOT + "/daemon/**/*.c", recursive=True) + glob.glob(ROOT + "/core/*.c"):
        if path.endswith(("/daemon/main.c", "/daemon/check.c", "/daemon/owner.c", "/daemon/restore.c",
                          "/store/fits.c", "/store/guard.c", "/store/restore.c", "/store/survey.c", "/routes/check.c",
                          "/check/ask.c", "/settings/program.c", "/web/site.c")):
            continue                    # of the command line, or of what gongd starts: no client hears them
        text = source(os.path.relpath(path, ROOT))
        for m in re.finditer(r"\b(err_say|refuse|csv_fail|csv_lacks|csv_stop|faults_say)\(", text):
            args = arguments(text, m.end())
            place = {"csv_stop": 1, "csv_fail": 2, "csv_lacks": 2}.get(m.group(1), 3)
            if len(args) > place:       # the others hand on one that was said
                assert args[place] in catalogue, (path, args)
                found.add(args[place])
        if "err_say_phrase(" in text:   # by a function of its own, with the phrase as a value
            found |= set(re.findall(r"\bPHRASE_([a-z]\w*)", text)) & catalogue
    return found


def test_other_words_are_the_daemons(described):
    schemas = described.doc["components"]["schemas"]
    states = set(re.findall(r'store_route_note\(e->store, r->id,[^;]*?"(\w+)"(?: : "(\w+)")?', "".join(
        source(os.path.relpath(p, ROOT)) for p in glob.glob(ROOT + "/daemon/engine/*.c"))))
    states = {w for pair in states for w in pair if w} - {"removed"}    # no route of the list
    assert set(schemas["RouteState"]["enum"]) == states
    assert schemas["System"]["properties"]["format"]["enum"] == re.findall(
        r'^\tF\(\w+, "(\w+)"', source("daemon/settings/source.h"), re.M)
    assert set(schemas["Warning"]["properties"]["code"]["enum"]) == set(
        re.findall(r"^P\((warn_\w+),", source("core/phrases.def"), re.M))
    asked = words_of("daemon/engine/ask.c", r"kinds\[\] = \{(.*?)\}") + ["sms"]
    for name in "AskRequest", "RouteAnswer":
        assert set(schemas[name]["properties"]["what"]["enum"]) == set(asked), name


def test_it_is_of_this_gong(described):
    assert described.doc["info"]["version"] == re.search(r"^VERSION \?= ([\d.]+)$", source("Makefile"), re.M).group(1)
    port = re.search(r"port = (\d+)", source("config/gong.conf")).group(1)
    assert described.doc["servers"][0]["url"] == "http://127.0.0.1:" + port


def test_every_refusal_is_in_the_file_and_the_other_way_round(described):
    listed = described.doc["components"]["schemas"]["ProblemCode"]["enum"]
    assert listed == sorted(set(listed))
    assert set(listed) == refusals()


def test_every_kind_of_refusal_has_its_status(described):
    text = source("daemon/web/problem.c")
    ours = {k.lower(): int(n) for k, n in re.findall(r"case REFUSED_(\w+):\n\t\treturn (\d+);", text)}
    assert described.doc["components"]["schemas"]["ProblemKind"]["x-status"] == {
        {"fault": "fault"}.get(k, k): n for k, n in ours.items()}


# -- a night --

class Night(MailWorld):
    """One gongd in which everything happens that the file can say."""

    def __init__(self, described):
        district = District(2, 3)
        for p in district.posts:
            if p["division"] == EMPTY:
                p["active"] = "no"
            if p["id"] == DUMB:
                p["voice"] = "no"
        district.divisions = [r[:4] + ("", "") if r[0] == HERE + "002" else r for r in district.divisions]
        super().__init__((("few", "read, send", "divisions = {990121001}"), ("desk", "read, send", "")),
                         name="openapi", district=district)
        self.heard = described.saw
        with open(self.path("odd"), "w", encoding="utf-8") as f:
            f.write(ODD)
        os.chmod(self.path("odd"), 0o700)
        with open(self.path("policies/ring.conf"), "w", encoding="utf-8") as f:
            f.write(RING)
        os.mkdir(self.path("own"))
        with open(self.path("own/heat.conf"), "w", encoding="utf-8") as f:
            f.write(HEAT)
        for name, text in ("rain.rules", RULES), ("rain.token", "rain" * 8):
            with open(self.path(name), "w", encoding="utf-8") as f:
                f.write(text)
        self.health()
        with open(self.conf, encoding="utf-8") as f:
            text = f.read()
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text.replace('/templates"}', '/templates", "own"}', 1)
                    .replace("channels = {sms}", 'channels = {sms, voice}\n option "channels" { value = '
                                 '"sms,voice" }', 1) + SOURCE + ROUTES % dict(dir=self.dir))

    def begin(self):
        self.start()
        wait_for("the routes", lambda: self.routes_state() == {
            "mail": "up", "sim": "up", "odd": "up", "stopped": "down"})
        self.load(self.district)
        return self

    def routes_state(self):
        return {r["name"]: r["state"] for r in self.api("GET", "/v1/routes")[1]["routes"]}

    def health(self, **said):
        with open(self.path("health"), "w", encoding="utf-8") as f:
            json.dump(said, f)

    def pid_of(self, script):
        for pid in harness.children(self.gongd.pid):
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                if self.path(script).encode() in f.read().split(b"\0"):
                    return pid
        raise AssertionError(script + " does not run")

    def event(self, **event):
        with open(self.path("books.in"), "a", encoding="utf-8") as f:
            f.write(json.dumps(event) + "\n")

    def ok(self, method, path, body=None, status=200):
        got, answer = self.api(method, path, body)
        assert got == status, (method, path, got, answer)
        return answer

    def refuse(self, status, method, path, body=None):
        got, answer = self.api(method, path, body)
        assert got == status, (method, path, got, answer)
        return answer


@pytest.fixture(scope="module")
def night(described):
    w = Night(described)
    with w.begun():
        with listening(w, described):
            yield w


@contextlib.contextmanager
def listening(world, described):
    """Holds the data of all events to the file, as long as it goes on."""
    faults, stream = [], UnixConnection(world.socket, 60)
    stream.request("GET", "/v1/events")
    answer = stream.getresponse()
    described.saw("GET", "/v1/events", answer.status, answer.getheader("Content-Type"), "")
    news = described.doc["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]["x-events"]

    def listen():
        name = None
        with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            for line in answer:
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    name = text[7:]
                elif text.startswith("data: "):
                    try:
                        described.shown.add(("x-events", name))
                        described.check(json.loads(text[6:]), news[name])
                    except (AssertionError, KeyError) as e:
                        faults.append(repr(e))
    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
        time.sleep(1.5)                 # what changed last is told within a second
    finally:
        stream.sock.shutdown(2)
        thread.join(10)
    assert not faults, faults


def test_what_people_say_and_what_the_desk_makes_of_it(night):
    alert = night.ask("rain", HERE)
    message = next(s for s in night.sent() if s["to"] == night.phone(CHIEF))
    for part, state in (1, "delivered"), (2, "failed"):
        night.event(ev="receipt", id=message["id"], to=message["to"], part=part, of=2, state="buffered",
                    part_state=state, at=int(time.time() * 1000), reason="46")
    night.write(night.phone(CHIEF), "1 10分钟到")
    night.write(night.phone(DEPUTY), "9")
    lost = night.write(STRANGER, "我家被淹了 快来人")
    night.write(STRANGER)
    said = {"level": 3, "name": "王", "note": "电话"}
    assert night.ok("POST", "/v1/alerts/%d/acks" % alert, dict(said, division=HERE + "002"))["counts"]
    wait_for("the answers", lambda: len(night.ok("GET", "/v1/alerts/%d/answers" % alert)["answers"]) > 1)
    for what, body in ("assign", {"alert": alert, "division": HERE + "003", "level": 3}), ("ignore", {}), (
            "answer", {"text": "我们来了", "name": "李"}):
        path = "/v1/inbox/%d/%s" % (lost["id"], what)
        again = dict(body, note="记", again=True)
        night.ok("POST", path, again)
        night.refuse(409, "POST", path, dict(again, again=None))
    assert night.ok("GET", "/v1/inbox?alert=%d&since=1&contact=%s" % (alert, CHIEF))["inbox"]
    night.refuse(404, "GET", "/v1/inbox?alert=4711")
    wait_for("the parts", lambda: any(
        a.get("parts_delivered") for m in night.ok("GET", "/v1/alerts/%d/messages" % alert)["messages"]
        for a in m["attempts"]))
    for part in "", "/targets", "/events", "/answers":
        night.ok("GET", "/v1/alerts/%d%s" % (alert, part))
    head, _, rest = night.ok("GET", "/v1/alerts/%d/messages.csv" % alert).partition("\r\n")
    operation = night.heard.__self__.operation("GET", "/v1/alerts/1/messages.csv")[1]
    assert head.lstrip("\ufeff").split(",") == operation["responses"]["200"]["content"]["text/csv"]["x-columns"]
    assert rest
    task = next(t for t in night.ok("GET", "/v1/tasks?open=1")["tasks"] if t["kind"] == "help")
    path = "/v1/tasks/%d/" % task["id"]
    night.ok("POST", path + "take", {"name": "李伟", "note": "去看"})
    night.refuse(409, "POST", path + "take", {"name": "王"})
    night.ok("POST", path + "note", {"note": "在路上", "name": "李伟"})
    night.ok("GET", "/v1/tasks")
    night.ok("POST", path + "close", {"note": "已到", "name": "李伟"})
    night.refuse(409, "POST", path + "close", {"note": "已到"})
    night.refuse(409, "POST", path + "note", {"note": "晚了"})
    night.refuse(409, "POST", "/v1/alerts/%d/resume" % alert, {"note": "?"})
    night.change("UPDATE alert SET holds = 1, held_at = accepted_at WHERE id = %d" % alert)
    assert night.ok("GET", "/v1/alerts/%d" % alert)["holds"] == ["restored"]
    night.ok("POST", "/v1/alerts/%d/resume" % alert, {"note": "?"})
    night.ok("POST", "/v1/alerts/%d/cancel" % alert, {"note": "完", "template": "warn.cancel"})
    night.refuse(409, "POST", "/v1/alerts/%d/cancel" % alert, {"note": "完"})
    night.ok("GET", "/v1/tasks")
    assert night.ok("GET", "/v1/alerts?state=cancelled,active&severity=red,orange&mode=real&division=" + HERE)["alerts"]
    assert night.ok("GET", "/v1/alerts?key=rain&client=socket:%d" % os.getuid())["alerts"]


def test_what_an_alert_would_do_and_does(night):
    request = dict(MOVE, params={"route": {"zh": "村北机耕路", "en": "north track"}},
                   params_by_division={HERE + "001": {"shelter": "小学"}},
                   audience={"divisions": [HERE, THERE]})
    plan = night.ok("POST", "/v1/alerts?dry_run=1", request)
    assert plan["nobody"] and plan["warnings"] and plan["first_calls"]["places"]
    old = night.ok("POST", "/v1/alerts", dict(request, key="old"), 202)
    assert night.ok("POST", "/v1/alerts", dict(request, key="old"))["repeat"]
    night.refuse(409, "POST", "/v1/alerts", dict(request, key="old", severity="blue"))
    part = dict(MOVE, params={"route": "x"}, replaces=old["id"], audience={
        "divisions": [THERE], "without_divisions": [THERE + "001"], "roles": [], "contacts": []})
    assert night.ok("POST", "/v1/alerts?dry_run=true", part)["replaces"]["moved"]
    assert night.ok("POST", "/v1/alerts", dict(part, key="new"), 202)["replaces"]
    night.refuse(409, "POST", "/v1/alerts/%d/acks" % old["id"], {
        "division": THERE + "002", "level": 3, "name": "王", "note": "电话"})
    people = night.ok("POST", "/v1/alerts", {
        "key": "people", "template": "notice.text", "policy": "ring", "severity": "yellow",
        "params": {"text": "回电"}, "audience": {"contacts": [DUMB, FIRST], "without_contacts": [SECOND]}}, 202)
    assert any("contact" in n for n in people["nobody"]), people
    wait_for("everybody to be told", night.settled)
    for alert in (old, people):
        for part in "", "/targets", "/messages", "/events", "/answers":
            night.ok("GET", "/v1/alerts/%d%s" % (alert["id"], part))
    assert night.ok("GET", "/v1/alerts?limit=1")["next"]


def test_a_callout(night):
    with open(night.path("books.numbers"), "w", encoding="utf-8") as f:
        json.dump({night.phone(FIRST): "1"}, f)
    request = {"contacts": [FIRST, SECOND], "params": {"event": "山体滑坡", "place": "清东湾村", "min": 30}}
    night.ok("POST", "/v1/callouts?dry_run=1", request)
    alert = night.ok("POST", "/v1/callouts", dict(request, key="out"), 202)["id"]
    night.ok("POST", "/v1/callouts", dict(request, key="out"))
    night.refuse(409, "POST", "/v1/callouts", dict(request, key="out", contacts=[SECOND]))
    wait_for("somebody to come", lambda: night.alert(alert)["coming"])
    for part in "/messages", "/answers", "/events":
        night.ok("GET", "/v1/alerts/%d%s" % (alert, part))


def test_places_are_found_by_name_and_code(night):
    code = night.ok("GET", "/v1/divisions?find=9901")["divisions"][0]["code"]
    name = night.ok("GET", "/v1/divisions?find=" + code)["divisions"][0]["name"]
    assert night.ok("GET", "/v1/divisions?find=" + urllib.parse.quote(name))["divisions"]
    night.refuse(422, "GET", "/v1/divisions?find=")


def test_what_the_lists_lack(night):
    findings = night.ok("GET", "/v1/check?limit=5")["findings"]
    assert findings and {"division", "number", "person"} <= findings[0].keys()
    night.refuse(422, "GET", "/v1/check?division=990129")


def test_people_and_places_one_by_one(night, described):
    at = "/v1/contacts/1"
    body = {"name": "新人", "numbers": ["+999500000001"], "posts": [{"role": "warner", "division": HERE + "001"}],
            "tags": ["skills:潜水"]}
    assert night.ok("PUT", at, body)["created"]
    said = night.ok("GET", at + "?unmasked=1")
    assert night.ok("PUT", at, dict(said, name="旧人"))["changed"] == {"name": {"old": "新人", "new": "旧人"}}
    assert night.ok("GET", "/v1/contacts?find=" + urllib.parse.quote("旧"))["contacts"]
    night.refuse(409, "PATCH", "/v1/contacts/village_chief-%s001-1" % HERE, {"active": False})
    night.refuse(409, "PUT", "/v1/contacts/village_chief-%s001-1" % HERE, {"name": "x", "active": False})
    night.refuse(404, "PATCH", "/v1/contacts/nix", {"name": "x"})
    night.write("+999500000001", "STOP")
    wait_for("the opt-out", lambda: night.ok("GET", "/v1/contacts?opted_out=1")["contacts"])
    night.ok("POST", at + "/optin", {"note": "来电要求恢复"})
    night.refuse(409, "POST", at + "/optin", {"note": "来电要求恢复"})
    night.refuse(404, "POST", "/v1/contacts/nix/optin", {"note": "x"})
    assert night.ok("GET", "/v1/tags")["tags"] == [{"tag": "skills:潜水", "contacts": 1}]
    assert night.ok("GET", "/v1/contacts?limit=1")["next"] and night.ok("GET", "/v1/divisions?limit=1")["next"]
    place = "/v1/divisions/" + HERE
    assert night.ok("PATCH", place, {"name_en": "Here", "params": {"shelter": "x"}})["changed"]["name_en"]
    assert night.ok("GET", place)["roles"]
    night.ok("PUT", "/v1/divisions/990121999", {"name": "新镇"})
    night.refuse(404, "PATCH", "/v1/divisions/990999", {"name": "x"})
    for address in at, place:
        with contextlib.closing(UnixConnection(night.socket, 60 * SLOW)) as connection:
            connection.request("GET", address)
            answer = connection.getresponse()
            answer.read()
            etag = answer.getheader("ETag")
            connection.request("GET", address, headers={"If-None-Match": etag})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (304, b""), address
            described.saw("GET", address, 304, answer.getheader("Content-Type"), "")
        for method in "PUT", "PATCH":
            assert night.api(method, address, {"name": "改名"}, {"If-Match": '"4711-x"'})[0] == 412
        assert night.api("PATCH", address, {"name": "改名"}, {"If-Match": etag})[0] == 200
        assert night.api("PATCH", address, {"name": "再改"}, {"If-Match": etag})[0] == 412


def test_lists_are_given_in_the_columns_of_the_file(night, described):
    for kind in "contacts", "divisions", "roster", "geometry":
        head = night.ok("GET", "/v1/export/" + kind).split("\r\n")[0].lstrip("\ufeff").split(",")
        operation = described.operation("GET", "/v1/export/" + kind)[1]
        ours = operation["responses"]["200"]["content"]["text/csv"]["x-columns"]
        assert head[:len(ours)] == ours and (kind == "divisions" or head == ours), head


def test_texts_ladders_and_roles_by_their_etag(night, described):
    rows = {t["name"]: t for t in night.ok("GET", "/v1/templates")["templates"]}
    heat = rows["warn.heat"]
    assert heat["file"].endswith("/own/heat.conf") and heat["instead_of"].endswith("templates/warn.heat.conf")
    assert any(f["misleads"] and "move.now wants level 5" in f["text"] for f in heat["findings"])
    assert [name for name, t in rows.items() if t["findings"]] == ["warn.heat"]
    move = next(p for p in night.ok("GET", "/v1/policies")["policies"] if p["name"] == "move.now")
    assert move["until"] == 5 and move["steps"][0]["to"] == ["village_principal", "warner"]
    assert {"name": "village_principal", "roles": ["village_chief"]} in night.ok("GET", "/v1/roles")["families"]
    kinds = {k["name"]: k for k in night.ok("GET", "/v1/kinds")["kinds"]}
    assert kinds["flash_flood"]["colours"]["orange"] == {"template": "flood.prepare", "policy": "move.prepare", "own": True}
    assert kinds["fog"]["file"] is None and not kinds["fog"]["colours"]["red"]["own"]
    preview = "/v1/templates/flood.move/preview?division=990121001001"
    assert night.ok("GET", preview)["readers"][0]["forms"]
    for path in "/v1/templates", "/v1/policies", "/v1/kinds", "/v1/roles", preview:
        connection = UnixConnection(night.socket, 60 * SLOW)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        connection.request("GET", path, headers={"If-None-Match": answer.getheader("ETag")})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (304, b""), path
        described.saw("GET", path, 304, answer.getheader("Content-Type"), "")
        connection.close()


def test_routes_and_their_troubles(night):
    night.health(alarms=[{"name": "balance", "text": {"concept": "balance_low", "values": ["3.20", "10"]}}])

    def all_told():
        sim = next(r for r in night.ok("GET", "/v1/routes")["routes"] if r["name"] == "sim")
        return sim["alarms"] and sim["canary"]
    wait_for("an alarm and a canary", all_told)
    ask = "/v1/routes/%s/ask"
    night.ok("POST", ask % "sim", {"what": "at", "text": "AT"})
    night.ok("POST", ask % "sim", {"what": "sms", "text": "x", "to": "+99910000009", "receipt_wait_ms": 5000})
    night.ok("POST", ask % "odd", {"what": "test"})
    night.ok("POST", ask % "odd", {"what": "ussd", "text": "*100#"})
    night.refuse(404, "POST", ask % "nix", {"what": "test"})
    threads = [threading.Thread(target=night.api, args=("POST", ask % "odd", {"what": "at", "text": "AT+MUTE"}))
               for _ in range(4)]
    for t in threads:
        t.start()
    wait_for("four questions", lambda: night.rows(
        "SELECT count(*) AS n FROM audit WHERE detail LIKE '%AT+MUTE%'")[0]["n"] == 4)
    night.refuse(429, "POST", ask % "odd", {"what": "at", "text": "AT"})
    os.kill(night.pid_of("odd"), 9)
    for t in threads:
        t.join(30 * SLOW)
    night.refuse(503, "POST", ask % "stopped", {"what": "test"})
    night.refuse(404, "POST", "/v1/routes/nix/resume", {})
    night.refuse(409, "POST", "/v1/routes/sim/resume", {"note": "?"})
    night.ok("POST", "/v1/routes/stopped/resume", {"note": "?"})


def test_what_a_list_would_change(night):
    """Of the whole county its file names one: that would leave open targets without anybody."""
    one = (b"id,name,phone,role,division\nnew-1,\xe6\x96\xb0,+999188880001,warner,990121001001\n"
           b"%s,\xe7\x8e\x8b,+999188880002,dept_head,990121\n" % SECOND.encode())
    divisions = "code,name\n" + "\n".join("%s,%s" % r[:2] for r in night.district.divisions)
    ask = "/v1/imports/%d"
    assert night.ok("POST", "/v1/import/divisions?preview=1", divisions.encode())["id"] == 1
    night.ok("POST", ask % 1 + "/apply", {})
    night.refuse(409, "DELETE", ask % 1)
    seen = night.ok("POST", "/v1/import/contacts?preview=1&within=990121", one)
    assert (seen["added"], seen["changed"]) == (1, 1) and seen["missing"] > 9 and seen["lost"], seen
    assert {"code", "contact"} <= {k for at in seen["lost_at"] for k in at}, seen["lost_at"]
    assert night.ok("GET", ask % seen["id"]) == seen
    for change in "added", "changed", "unchanged", "missing":
        rows = night.ok("GET", ask % seen["id"] + "/rows?limit=3&change=" + change)
        assert bool(rows["rows"]) == (change != "unchanged") and bool(rows["next"]) == (change == "missing")
    night.refuse(409, "POST", ask % seen["id"] + "/apply", {"replace": True})
    assert night.ok("DELETE", ask % seen["id"])["gone"] == "dropped"
    for method, part in ("GET", ""), ("GET", "/rows"), ("POST", "/apply"), ("DELETE", ""):
        night.refuse(410, method, ask % seen["id"] + part)
        night.refuse(404, method, ask % 4711 + part)
    ids = [night.ok("POST", "/v1/import/divisions?preview=1", divisions.encode())["id"] for _ in range(4)]
    night.refuse(429, "POST", "/v1/import/divisions?preview=1", divisions.encode())
    night.refuse(429, "POST", "/v1/import/roster?preview=1", b"role,division,contact,from,to\n"
                 b"duty_officer,990121,duty_officer-990121-1,2026-01-01 00:00,2026-12-31 00:00\n")
    night.refuse(429, "POST", "/v1/import/contacts?preview=1", one)
    shapes = b"code,area,seat\n990121,,POINT(107.1 23.1)\n"
    night.refuse(429, "POST", "/v1/import/geometry?preview=1", shapes)
    night.ok("POST", "/v1/import/geometry", shapes)
    assert "POINT(107.1 23.1)" in night.ok("GET", "/v1/export/geometry")
    for n in ids:
        night.ok("DELETE", ask % n)
    nobody = ["id,name,phone,role,division,active"] + ["%(id)s,%(name)s,%(phone)s,%(role)s,%(division)s,no" % p
                                                       for p in night.district.posts]
    night.refuse(409, "POST", "/v1/import/contacts", "\n".join(nobody).encode())
    assert {i["state"] for i in night.ok("GET", "/v1/imports")["imports"]} == {"applied", "gone"}


SECRET = "%s/sixteen-letters-x"


def test_the_door(night):
    for path in "/health/live", "/health/ready", "/metrics":
        night.ok("GET", path)
    status, answer = night.api("POST", "/v1/import/roster", b"role,division,contact,from,to\n"
                               b"duty_officer,990121,duty_officer-990121-1,2026-01-01 00:00,2026-12-31 00:00\n")
    assert status == 200, answer
    for method in "GET", "POST":
        for place, status in ("stopped/wrong", 404), (SECRET % "stopped", 503), (SECRET % "odd", 200):
            assert night.api(method, "/v1/callback/" + place)[0] == status, place
    assert night.tcp("GET", "/v1/alerts", token="x")[0] == 401
    assert night.api("POST", "/v1/alerts", b"a,b")[0] == 415


class Large(World):
    """A thousand villages and more, of whose chiefs some lie on a page that is spoilt."""

    def __init__(self, described):
        super().__init__(name="large")
        self.heard = described.saw
        self.routes = sim_route(self.path("books"))
        self.write_conf()
        district = District(5, 210)
        district.posts = [p for p in district.posts if p["role"] == "village_chief"]
        self.start()
        self.load(district)
        self.gongd.stop()
        spoil(os.path.join(self.state, "gong.db"), "contact", "header")
        self.start(wait=False)
        wait_for("gongd to see it", lambda: self.status() == 503)

    def status(self):
        assert self.gongd.alive(), self.log_tail()
        try:
            return self.api("GET", "/health/ready")[0]
        except OSError:
            return None


def test_of_very_many_and_of_a_damaged_list(described):
    with contextlib.closing(Large(described)) as world:
        request = dict(MOVE, params={"route": "x", "shelter": "y"}, audience={"divisions": ["990121"]})
        plan = world.api("POST", "/v1/alerts?dry_run=1", request)[1]
        answer = world.api("POST", "/v1/alerts", dict(request, key="all"))[1]
        for said in plan, answer:
            assert said["incomplete"] and said["damaged"] == ["contact"] and said["nobody_pending"], said
        told = dict(template="flood.move", severity="red", params=request["params"],
                    audience={"divisions": ["990121"], "roles": ["village_chief"]})
        plan = world.api("POST", "/v1/alerts?dry_run=1", told)[1]
        answer = world.api("POST", "/v1/alerts", dict(told, key="told"))[1]
        for said in plan, answer:
            assert said["places"] == 1050 and said["nobody_unknown"] and said["nobody"] == [], said


@pytest.mark.parametrize("status, method, path, answer, header", [
    (401, "GET", "/v1/alerts", "Problem", "WWW-Authenticate"), (405, "PUT", "/v1/alerts", "Problem", "Allow"),
    (503, "POST", "/v1/callback/" + SECRET % "stopped", "Down", "Retry-After"),
    (404, "GET", "/v1/alerts/4711", "NotFound", "Content-Language")])
def test_a_refusal_has_the_headers_of_the_file(night, described, status, method, path, answer, header):
    auth = {} if status == 401 else {"Authorization": "Bearer " + harness.TOKEN}
    connection = http.client.HTTPConnection("127.0.0.1", night.port, timeout=30 * SLOW)
    with contextlib.closing(connection):
        connection.request(method, path, headers=auth)
        got = connection.getresponse()
        got.read()
    listed = described.doc["components"]["responses"][answer]["headers"]
    assert got.status == status and header in listed
    value = got.headers[header]
    described.check(int(value) if header == "Retry-After" else value, described.resolve(listed[header])["schema"])


HALF = dict(id="4711", alert="4711", name="nix", code="990999")


def test_every_operation_names_its_fields_and_parameters_itself(night, described):
    """What the daemon says it knows, when it is asked for something else, is what the file has."""
    for (method, path), operation in described.operations():
        address = re.sub(r"\{(\w+)\}", lambda m: HALF.get(m.group(1), "nix"), path)
        if "callback" in path or not operation["security"]:
            continue
        known = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
        body = None if method in ("GET", "DELETE") else b"nix\n1\n" if "/import/" in path else {}
        if path != "/metrics":
            problem = night.refuse(422, method, address + "?nix=1", body)
            ours = problem["values"][0].split(", ") if problem["code"] == "query_others" else []
            assert problem["code"] in ("query_others", "query_none") and set(ours) == known, (method, path)
        if "404" in operation["responses"] and method == "GET" and "{" in path:
            night.refuse(404, method, address)
        if described.request(operation):
            fields(night, described, method, address, described.request(operation),
                   operation["requestBody"]["required"])


def fields(night, described, method, address, schema, required):
    _, known, _, _ = described.whole(schema, "")
    problem = night.refuse(422, method, address, {"nix": 1})
    assert problem["code"] == "member_unknown" and set(problem["values"][1].split(", ")) == set(known), address
    assert (night.api(method, address)[1].get("code") == "body_empty") == required, address
    if "audience" in known:
        problem = night.refuse(422, "POST", address, {"audience": {"nix": 1}})
        _, inner, _, _ = described.whole(known["audience"][1], "")
        assert set(problem["values"][1].split(", ")) == set(inner)


SAMPLES = (True, 7, "nix", [], ["nix"], [7], {}, {"nix": []})
NO_SUCH_TYPE = {"not_a_string", "not_a_flag", "not_a_list", "not_an_object", "not_an_id", "not_pairs", "not_objects",
                "code_no_string"}


def takes(night, described, method, address, schema, base=()):
    """Of each field: a value that the file does not allow is refused at its place, and one that it
    allows is not refused for its type."""
    _, known, _, _ = described.whole(schema, "")
    for field, (_, inner) in known.items():
        for sample in (*SAMPLES, None):
            body = {base[0]: {field: sample}} if base else {field: sample}
            status, answer = night.api(method, address, body)
            place = "/".join(("", *base, field))
            at_it = (answer.get("field", "") + "/").startswith(place + "/")
            try:
                described.check(sample, inner, "", "", set())
            except openapi.Unlike:
                if sample is not None:          # null is the same as absent
                    assert status == 422 and at_it, (address, body, answer)
                continue
            assert not (at_it and answer.get("code") in NO_SUCH_TYPE), (address, body, answer)
        if field == "audience":
            takes(night, described, method, address, inner, (field,))


def test_every_field_takes_what_the_file_says_and_nothing_else(night, described):
    for (method, path), operation in described.operations():
        if described.request(operation):
            address = re.sub(r"\{(\w+)\}", lambda m: HALF.get(m.group(1), "nix"), path)
            dry = any(p["name"] == "dry_run" for p in operation["parameters"])
            takes(night, described, method, address + ("?dry_run=1" if dry else ""), described.request(operation))


def test_every_parameter_takes_what_the_file_says_and_nothing_else(night, described):
    for (method, path), operation in described.operations():
        address = re.sub(r"\{(\w+)\}", "1", path)
        for p in operation["parameters"]:
            if p["in"] != "query" or method != "GET":
                continue
            schema = described.resolve(p["schema"])
            schema = described.resolve(schema.get("items", schema))
            good = schema.get("enum") or {"boolean": ["true", "false", "1", "0"], "integer": [
                schema.get("minimum"), schema.get("maximum")]}.get(schema["type"], [])
            bad = {"boolean": "maybe", "integer": schema.get("maximum", 0) + 1}.get(
                schema["type"], "nix" if "enum" in schema or "pattern" in schema else None)
            if any(p["in"] == "query" and p.get("required") for p in operation["parameters"]):
                good = []                   # it has a test of its own
            for value in good:
                assert night.api(method, "%s?%s=%s" % (address, p["name"], value))[0] == 200, (path, p, value)
            if bad is not None:
                problem = night.refuse(422, method, "%s?%s=%s" % (address, p["name"], bad))
                assert problem["field"] == p["name"], problem


def test_every_address_that_is_not_there_is_refused_as_the_file_says(night):
    for path, body in (
            ("alerts/4711/cancel", {"note": "x"}), ("alerts/4711/resume", {}), ("alerts/4711/acks", {"contact": "c", "level": 3}),
            ("tasks/4711/take", {}), ("tasks/4711/note", {"note": "x"}), ("tasks/4711/close", {"note": "x"}),
            ("inbox/4711/assign", {"note": "x", "level": 3}), ("inbox/4711/ignore", {"note": "x"}),
            ("inbox/4711/answer", {"text": "x"})):
        night.refuse(404, "POST", "/v1/" + path, body)
    for kind in "divisions", "contacts", "roster":
        assert night.api("POST", "/v1/import/" + kind, b"nix\n1\n")[0] == 422
    for path in "alerts", "callouts":
        night.refuse(422, "POST", "/v1/" + path, {"nix": 1})


# -- everything was shown --

def test_what_other_systems_say(night):
    def post(*signals, path="/v1/in/rain", token="rain" * 8, **more):
        return night.tcp("POST", path, {"all": signals, **more}, token=token)
    status, answer = post({"id": "a", "kind": "dam"}, {"id": "b", "z": 9}, {"id": "c", "kind": "log"},
                          {"id": "d", "act": "dance"}, {"id": "e", "act": "beat"})
    assert status == 200 and [v["state"] for v in answer["signals"]] == [
        "held", "new", "unmatched", "refused", "ignored"], answer
    held, waits, other = [v["id"] for v in answer["signals"]][:3]
    assert post({"id": "c", "kind": "log"}, path="/v1/in/rain/" + "rain" * 8, token=None)[0] == 200
    for path, token in ("/v1/in/rain", "rain" * 8), ("/v1/in/rain/" + "rain" * 8, None):
        assert night.tcp("POST", path, {"none": 1}, token=token)[0] == 422
        assert night.tcp("POST", path, {"none": 1}, token="another")[0] == (401 if token else 422)
    night.refuse(422, "POST", "/v1/sources/rain/test", {"none": 1})
    night.refuse(404, "POST", "/v1/sources/snow/test", {"none": 1})
    trial = night.ok("POST", "/v1/sources/rain/test", {"all": [{"id": "x", "kind": "dam"}, {"act": "?"}]})
    assert [s["verdict"] for s in trial["signals"]] == ["held", "refused"]
    night.refuse(422, "GET", "/v1/sources?colour=red")
    listed = night.ok("GET", "/v1/sources")["sources"]
    assert [(s["name"], s["signals"] > 4, s["held"]) for s in listed] == [("rain", True, 1), ("gone", False, 0)]
    assert [a["code"] for a in listed[1]["alarms"]] == ["fetcher_down"] and listed[1]["state"] == "stopped"
    assert [s["id"] for s in night.ok("GET", "/v1/signals?source=rain&state=held")["signals"]] == [held]
    night.refuse(422, "GET", "/v1/signals?state=lost")
    assert night.ok("GET", "/v1/signals?limit=1")["next"]
    whole = night.ok("GET", "/v1/signals/%d" % held)
    assert whole["signal"]["kind"] == "dam" and '"dam"' in whole["raw"] and whole["code"] == "signal_held"
    night.refuse(404, "GET", "/v1/signals/99999")
    night.refuse(422, "GET", "/v1/signals/%d?colour=red" % held)
    for verb in "release", "replay":
        night.refuse(404, "POST", "/v1/signals/99999/" + verb)
        night.refuse(409, "POST", "/v1/signals/%d/%s" % (waits, verb))
        night.refuse(422, "POST", "/v1/signals/%d/%s" % (held, verb), {"note": 7})
    assert night.ok("POST", "/v1/signals/%d/replay" % other)["state"] == "unmatched"
    sent = night.ok("POST", "/v1/signals/%d/release" % held, {"note": "seen the dam"})
    assert sent["state"] == "matched" and night.alert(sent["alert"])["client"] == "source:rain"


NOT_HERE = {("askRoute", 504)}          # 100 s


def test_every_field_and_every_answer_of_the_file_was_seen(night, described):
    """Last: a field or an answer that the file has, and no real answer had, is none."""
    old = night.ok("GET", "/v1/alerts?key=old")["alerts"][0]["id"]
    for level in 3, 4, 5:               # events, by the second: what is known before it changes is told
        night.ok("POST", "/v1/alerts/%d/acks" % old, {"contact": CHIEF, "level": level})
        time.sleep(1.5)
    fields_, statuses = set(), set()
    for _, operation in described.operations():
        for status, answer in operation["responses"].items():
            if status != "default":
                statuses.add((operation["operationId"], int(status)))
            for kind, content in described.resolve(answer)["content"].items():
                fields_ |= described.all_fields(content["schema"])
                for name, schema in content.get("x-events", {}).items():
                    fields_ |= {("x-events", name)} | described.all_fields(schema)
    assert not fields_ - described.shown, sorted(fields_ - described.shown)
    assert not statuses - described.statuses - NOT_HERE, sorted(statuses - described.statuses - NOT_HERE)
