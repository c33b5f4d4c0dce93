"""1,000 messages (`make soak`: 5,000, four seeds) of one to three parts through three modems, of which one loses its
network, one has a full SIM and one a barred SIM, whoever answers: in the end the books of gongd and of the
networks agree line by line: messages, parts with their references, receipts and answers."""
import os
from collections import Counter

import pytest

from harness import books_agree, wait_for
from modems import Modems

COUNT = int(os.environ.get("SOAK_SMS", "1000"))
SEEDS = range(int(os.environ.get("SOAK_SEEDS", "2")))
TEXTS = ["今晚开会。", "库区水位上涨,请沿左岸公路立即转移到中心小学安置点,不要返回取物。" * 3,
         "库区水位上涨,请沿左岸公路立即转移到中心小学安置点,不要返回取物。" * 5]
ANSWERS = ["+9992%09d" % i for i in range(100)]
STORED = ["--cnmi", "(0-2),(0-2),(0-3),(0,2),(0,1)"]    # receipts lie on the SIM


class Fleet(Modems):
    def __init__(self, seed):
        each = [{"sim": ["--people", "{dir}/people", "--seed", str(seed * 3 + i), *more]}
                for i, more in enumerate(([], STORED, []))]
        super().__init__(3, air_ms=2, options={"poll_seconds": 2, "rest_seconds": 1}, each=each,
                         sim_options=["--receipt-duplicate", "0.05"])
        with open(self.world.path("people"), "w", encoding="utf-8") as f:
            f.write("+99920000000* 100 1 x1\n")         # the first hundred answer

    def given(self):
        """The answers that the networks brought, as they know them."""
        return Counter(b["from"] for i in range(self.count) for b in self.books(i, ev="deliver"))

    def taken(self):
        return Counter("+%d" % r["e164"] for r in self.world.rows("SELECT e164 FROM inbound"))

    def is_over(self):
        given, fates = self.given(), Counter(m["state"] for m in self.world.messages())
        return given == self.taken() and set(ANSWERS) == set(given) and \
            set(fates) == {"delivered"} and fates["delivered"] >= COUNT + len(ANSWERS)

    def parts_taken(self):
        """(route, number, reference) of every part that a network took."""
        return Counter(("m%d" % i, b["to"], str(b["mr"])) for i in range(self.count)
                       for b in self.books(i, ev="submit", state="accepted"))

    def parts_booked(self):
        return Counter((r["name"], "+%d" % r["e164"], r["ref"]) for r in self.world.rows(
            "SELECT r.name, k.e164, k.ref FROM receipt_key k JOIN route r ON r.id = k.route"))

    def is_empty(self, i):
        """What the modem says of its memories; a question too many is refused."""
        told = self.world.ctl("modem", "at", "m%d" % i, "AT+CPMS?", check=False).stdout
        return told.count(",0,") == 3


def trouble(m):
    """While messages leave."""
    wait_for("some to leave", lambda: m.accepted() > COUNT / 20, 60, every=0.1)
    m.tell(0, "register 0")
    m.tell(1, "full on")
    wait_for("the other to go on", lambda: m.accepted() > COUNT / 4, 120, every=0.1)
    m.tell(0, "register 1")
    wait_for("both to go on", lambda: m.accepted() > COUNT / 2, 120, every=0.1)
    m.tell(1, "full off")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_of_all_sides_agree_line_by_line(seed):
    with Fleet(seed) as m:
        m.people(COUNT)
        m.tell(2, "cms 10 1000000")
        for i, text in enumerate(TEXTS):
            m.world.send(key="k%d" % i, template="notice.text", severity="yellow", params={"text": text},
                         audience={"contacts": ["c%d" % c for c in range(i, COUNT, len(TEXTS))]})
        trouble(m)
        wait_for("every answer, thanks and receipt", m.is_over, 60 + COUNT / 20, every=0.3)
        figures = books_agree(m.world, m.sent_messages())
        assert (figures["network"], figures["unknown"]) == (figures["messages"], 0), figures
        assert m.parts_taken() == m.parts_booked()
        assert not m.books(2, ev="submit", state="accepted") and m.health(2)["state"] == "paused"
        for i in (0, 1):
            wait_for("nothing left on SIM %d" % i, lambda i=i: m.is_empty(i), 30, every=0.5)
