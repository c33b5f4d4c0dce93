"""A night at a provider where everything goes wrong that can, one request in ten: gongd settles
every message, and its books and the provider's agree, number by number."""
import json

import pytest

from certs import Authority
from district import District
from harness import World, books_agree, read_books, wait_for

SECRET = "system-test-callback-secret"
ROLES = ["village_chief", "warner", "group_leader", "grid_worker"]
ONE = {"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}"}
BATCH = {"body": {"messages": "{{all:one}}", "callback": "{{callback_url}}"}, "elements": {"one": ONE},
         "numbers": {"most": 20, "texts": True},
         "each": {"list": "/results", "to": "/to"}}
SINGLE = {"body": {**ONE, "callback": "{{callback_url}}"}}
# One wrong redirect stops a route, which is right, and another story.
KINDS = "5xx,reset,silent,half,not-json,drip,type,429,one"


def route(url, **more):
    config = {"url": url, "success": {"status": [200], "pointer": "/code", "equals": 0},
              "id_pointer": "/id", "receipts": True, "connections": 16, "timeout_ms": 1500,
              "errors": [{"pointer": "/code", "equals": 13, "class": "retry"}],
              "callback": {"receipt": {"id": "/ref", "provider_id": "/msgid", "to": "/to",
                                       "state": "/state", "delivered": ["DELIVRD"],
                                       "failed": ["UNDELIV"]}}, **more}
    return '''route "cloud" {
 driver = "gong-http"
 channels = {sms}
 callback_secret = "%s"
 config = '%s'
}
''' % (SECRET, json.dumps(config))


@pytest.mark.parametrize("how, ratio", [("single", 0.1), ("batch", 0.3)])
@pytest.mark.parametrize("http", ["1.1", "2"])
def test_books_agree_after_a_mix_of_everything(how, ratio, http):
    with World(name="mix") as world:
        authority = Authority(world.dir)
        tls = ("--tls", *authority.good()) if http == "2" else ()
        port = world.start_sim(
            "provider", "provider", "--port", 0, "--log", world.path("cloud.books"), "--seed", 5,
            "--mix", "%s:%s" % (ratio, KINDS), "--receipt-ms", 100, "--receipt-jitter-ms", 500,
            "--receipt-duplicate", 0.1, *tls).words[1]
        more = {"http": "2", "ca_file": authority.pem} if tls else {}
        world.routes = route("http%s://127.0.0.1:%s/send" % ("s" if tls else "", port), **more,
                             **(BATCH if how == "batch" else SINGLE))
        world.write_conf()
        world.start()
        world.load(District(12, 15))
        world.send(key="w", template="notice.text", severity="red", params={"text": "泄洪"},
                   audience={"divisions": ["990121"], "roles": ROLES})
        wait_for("everything settled", lambda: world.messages() and world.settled(), 90)
        entries = read_books(world.path("cloud.books"))
        taken = [dict(e, id=e["ref"]) for e in entries if e["ev"] == "message"]
        figures = books_agree(world, {"cloud": taken})
        assert figures["messages"] == 1260
        assert figures["unknown"] > 0 and any(e["ev"] == "lost" for e in entries)
        wait_for("every receipt", lambda: len(
            {e["id"] for e in read_books(world.path("cloud.books")) if e["ev"] == "receipt"})
            == len(taken))
