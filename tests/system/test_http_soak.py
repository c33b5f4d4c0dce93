"""20,000 messages (`make soak`: 200,000) through a provider where one request in twenty goes wrong: in the
end both books say the same of every number (docs/http-driver.md, "What an answer means")."""
import json
import os
from collections import Counter

from harness import STATES, World, wait_for

COUNT = int(os.environ.get("SOAK", "20000"))
# What the provider promises of these two: not taken.
ERRORS = [{"status": 302, "class": "retry_other"}, {"status": 429, "class": "retry"},
          {"pointer": "/code", "equals": 13, "class": "retry_other"}]


def route(name, port, **more):
    config = {"url": "http://127.0.0.1:%s/send" % port, "timeout_ms": 1000,
              "body": {"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}",
                       "callback": "{{callback_url}}"},
              "success": {"status": [200], "pointer": "/code", "equals": 0}, "id_pointer": "/id",
              "errors": ERRORS, "receipts": True, "connections": 64, "callback": {
                  "receipt": {"id": "/ref", "provider_id": "/msgid", "to": "/to",
                              "state": "/state", "delivered": ["DELIVRD"], "failed": ["*"]}},
              **more}
    return '''route "%s" {
 driver = "gong-http"
 channels = {sms}
 callback_secret = "soak-test-secret"
 config = '%s'
}
''' % (name, json.dumps(config))


BATCH = {"elements": {"one": {"to": "{{to_plus}}", "ref": "{{id}}"}},
         "numbers": {"most": 20}, "each": {"list": "/results", "to": "/to"}}


def load(world):
    world.api("POST", "/v1/import/divisions",
              "code,name,level,parent\n990121,青石县,county,9901\n990121001,甲镇,township,990121\n"
              "990121001001,甲村,village,990121001\n".encode())
    rows = ["id,name,phone,role,division,role_order,lang,voice,sms,active"]
    rows += ["c%d,户%d,+9992%09d,household,990121001001,1,zh,yes,yes,yes" % (i, i, i)
             for i in range(COUNT)]
    status, answer = world.api("POST", "/v1/import/contacts", "\n".join(rows).encode())
    assert status == 200, answer


def states(world):
    return Counter({STATES[r["state"]]: r["n"] for r in world.rows(
        "SELECT state, count(*) AS n FROM message GROUP BY state")})


def taken_by(books):
    """How often each number was taken."""
    taken = Counter()
    for path in books:
        with open(path, encoding="utf-8") as f:
            taken.update(b["to"] for b in map(json.loads, f) if b["ev"] == "message")
    return taken


def test_every_number_is_delivered_once_or_listed_with_its_reason():
    with World(name="soak") as world:
        books = [world.path("books-one"), world.path("books-many")]
        ports = [world.start_sim("provider%d" % i, "provider", "--port", "0", "--log", log,
                                 "--mix", "0.05", "--seed", str(i), "--receipt-ms", "500",
                                 "--receipt-jitter-ms", "2000", "--receipt-duplicate",
                                 "0.05").words[1] for i, log in enumerate(books)]
        many = dict(BATCH, body={"messages": "{{all:one}}", "text": "{{text}}",
                                 "callback": "{{callback_url}}"})
        world.listen = 'host = "127.0.0.1"'
        world.routes = route("one", ports[0]) + route("many", ports[1], **many)
        world.write_conf()
        world.start()
        load(world)
        world.send(key="soak", template="notice.text", severity="yellow",
                   params={"text": "库区水位上涨,请注意"},
                   audience={"divisions": ["990121"], "roles": ["household"]})
        wait_for("every fate and receipt", lambda: is_over(states(world), taken_by(books)), 400,
                 every=3)
        check_books(world, taken_by(books))


def is_over(fates, taken):
    return sum(fates.values()) == COUNT and not fates["queued"] + fates["sending"] and \
        fates["delivered"] == len(taken)


def check_books(world, taken):
    fates = states(world)
    assert fates["delivered"] + fates["uncertain"] == COUNT, fates
    assert [n for n, times in taken.items() if times > 1][:5] == [], "sent twice"
    delivered = world.rows("SELECT DISTINCT a.e164 FROM message m JOIN attempt a ON a.wave = m.wave"
                           " AND a.contact = m.contact WHERE m.state = ?",
                           STATES.index("delivered"))
    assert {"+%d" % r["e164"] for r in delivered} == set(taken)
    assert 0 < fates["uncertain"] < COUNT * 0.05, fates
    # What is in doubt says why; 2 is rejected, 3 unknown.
    mute = world.rows("SELECT count(*) AS n FROM attempt WHERE outcome IN (2, 3)"
                      " AND coalesce(reason, '') = ''")
    assert mute[0]["n"] == 0
