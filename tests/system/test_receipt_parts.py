"""Receipts of parts, as a driver in another language tells them: one failed part fails the message, only all of
them deliver it, and the books say which is which."""
import json
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from district import District                                  # noqa: E402
from harness import ROOT, World, wait_for                       # noqa: E402

LONG = "河水上涨请立即转移" * 8                                     # two parts as gong counts


def of(part, state="delivered", **more):
    return dict({"part": part, "state": state}, **more)


CASES = [
    ("both", [of(2), of(1)], "delivered", [1, 2], []),
    ("one twice", [of(2), of(2)], "sent", [2], []),
    ("one failed", [of(1), of(2, "failed", reason="46")], "failed", [1], [2]),
    ("one failed first", [of(1, "failed"), of(2)], "failed", [2], [1]),
    ("there are three", [of(1, of=3), of(2, of=3)], "sent", [1, 2], []),
    ("by references", [{"part_ref": "x", "state": "delivered"}, {"part_ref": "y", "state": "delivered"}],
     "delivered", [1, 2], []),
    ("as gong's own say it", [of(1, "buffered", part_state="delivered"), of(2, "buffered", part_state="delivered")],
     "delivered", [1, 2], []),
    ("not final", [of(1), of(2, "buffered")], "sent", [1], []),
    ("of the whole", [{"state": "delivered"}], "delivered", None, None),
    ("nonsense", [of(0, part_ref=7), of(99), of(-3, of=-1), of(1, of="2")], "delivered", [1], []),
]


@pytest.mark.parametrize("name,tells,state,delivered,failed", CASES, ids=[c[0] for c in CASES])
def test_what_parts_say_stands_in_the_books(name, tells, state, delivered, failed):
    driver = os.path.join(ROOT, "tests/system/parts_driver.py")
    with World(name="parts") as world:
        world.routes = 'route "r" {\n driver = "%s"\n channels = {sms}\n config = \'%s\'\n}\n' % (
            driver, json.dumps({"tells": [tells, []]}))
        world.write_conf()
        world.start()
        world.load(District(1, 2))
        for n in (1, 2):                # the second only shows that the first one's receipts are read
            world.send(key="k%d" % n, template="notice.text", severity="blue", params={"text": LONG},
                       audience={"divisions": ["99012100100%d" % n], "roles": ["village_chief"]})
            wait_for("message %d" % n, lambda n=n: len(world.attempts()) == n)
        (message,) = world.api("GET", "/v1/alerts/1/messages")[1]["messages"]
        attempt = message["attempts"][-1]
        assert message["state"] == state, message
        assert (attempt.get("parts_delivered"), attempt.get("parts_failed")) == (delivered, failed)
        assert attempt["receipt"] == (state if state != "sent" else None)
