"""What the store refuses for another reason than the disk, a fault of gong's own, stops one thing:
triggers in the real database file raise it for the rows of one alert, one person, one request."""
import os
import re
import time

import pytest

from district import District
from harness import World, read_books, sim_route, wait_for


class Faulty(World):
    def refuse(self, name, when):
        """`when`: BEFORE … ON … WHEN …; such a statement is a constraint's failure from now on."""
        self.change("CREATE TRIGGER %s %s BEGIN SELECT RAISE(ABORT, 'refused by %s'); END" % (
            name, when, name))

    def allow(self, name):
        self.change("DROP TRIGGER " + name)

    def faults(self, alert=None):
        return [t for t in self.api("GET", "/v1/tasks?open=1")[1]["tasks"] if t["kind"] == "fault" and
                (alert is None or t["alert"] == alert)]

    def contact(self, ref):
        return self.rows("SELECT id FROM contact WHERE ref = ?", ref)[0]["id"]

    def log(self):
        with open(self.path("gongd.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def why_not(self):
        status, answer = self.api("GET", "/health/ready")
        return answer["detail"] if status == 503 else ""

    def told(self):
        return {e["to"] for e in read_books(self.path("sim.books"))}

    def are_sent(self, alert):
        return {m["state"] for m in self.messages() if m["alert"] == alert} == {"sent"}

    def steps(self, alert):
        return self.rows("SELECT * FROM event WHERE what = 'step' AND alert = ?", alert)

    def is_whole(self):
        """It lives, writes, is not ready for that reason only, and is when the desk has looked."""
        assert self.api("GET", "/health/live")[0] == 200
        assert "store not written" not in self.log(), self.log_tail()
        wait_for("readiness to say it", lambda: "fault of gong's own" in self.why_not(), 10)
        for t in self.faults():
            status, said = self.api("POST", "/v1/tasks/%d/close" % t["id"], {"note": "done by hand"})
            assert status == 200, said
        wait_for("gongd to be ready again", self.is_ready, 10)


@pytest.fixture
def world():
    with Faulty(name="own", divisor=200) as w:      # 4 min are 1.2 s
        w.routes = sim_route(w.path("sim.books"), latency_ms=1)
        w.write_conf()
        yield w


def notice(key, *contacts, **more):
    return dict(dict(key=key, template="notice.text", severity="yellow", params={"text": key},
                     audience={"contacts": list(contacts)}), **more)


def move(key):
    return dict(key=key, template="flood.move", policy="move.now", severity="red",
                audience={"divisions": ["990121001"]})


def test_a_request(world):
    world.start()
    world.load(District(1, 2))
    world.refuse("bad", "BEFORE INSERT ON alert WHEN NEW.key LIKE '%bad'")
    status, answer = world.api("POST", "/v1/alerts", notice("bad", "warner-990121001001-1"))
    assert status == 500 and answer["kind"] == "fault", (status, answer)
    reference = re.search(r"reference=([0-9a-f]{8})", answer["detail"]).group(1)
    assert "command put aside kind=\"accept\" route=- reference=" + reference in world.log()
    assert "refused by bad" in world.log()
    assert world.rows("SELECT * FROM alert WHERE key LIKE '%bad'") == []
    assert reference in wait_for("a task", world.faults, 5)[0]["text"]
    good = world.send(**notice("good", "warner-990121001001-1"))
    wait_for("the good one", lambda: world.are_sent(good))
    assert world.rows("SELECT * FROM alert WHERE key LIKE '%alarm-%'"), "the duty officer is told"
    # the same again, while its trouble lasts and after it: nothing is remembered against it
    status, again = world.api("POST", "/v1/alerts", notice("bad", "warner-990121001001-1"))
    assert status == 500 and reference in again["detail"], again
    assert len(world.faults()) == 1
    assert len(world.rows("SELECT * FROM alert WHERE key LIKE '%alarm-%'")) == 1
    world.allow("bad")
    world.send(**notice("bad", "warner-990121001001-1"))
    world.is_whole()


def test_a_step_of_one_alert(world):
    world.start()
    world.load(District(1, 2))
    bad, good = world.send(**move("bad")), world.send(**move("good"))
    world.refuse("step", "BEFORE INSERT ON event WHEN NEW.alert = %d AND NEW.what = 'step' "
                 "AND NEW.detail LIKE '{\"step\":5,%%'" % bad)
    task = wait_for("a task", lambda: world.faults(bad), 40)[0]
    assert "step 6" in task["text"] and "by hand" in task["text"], task
    for alert in (bad, good):
        wait_for("a later step", lambda a=alert: [
            s for s in world.steps(a) if s["detail"].startswith('{"step":6,')], 40)
    assert world.rows("SELECT * FROM event WHERE what = 'step_put_aside' AND alert = ?", bad)
    assert not world.faults(good)
    world.is_whole()


def test_a_whole_alert(world):
    """Not even its own row can be written: it stands still, with a task; others climb."""
    world.start()
    world.load(District(1, 2))
    bad, good = world.send(**move("bad")), world.send(**move("good"))
    world.refuse("whole", "BEFORE UPDATE ON alert WHEN NEW.id = %d" % bad)
    task = wait_for("a task", lambda: [t for t in world.faults(bad) if "stands still" in t["text"]],
                    40)[0]
    assert "by hand" in task["text"], task
    wait_for("later steps of the other", lambda: [
        s for s in world.steps(good) if s["detail"].startswith('{"step":4,')], 40)
    assert "alert put aside alert=%d" % bad in world.log()
    assert not world.faults(good)
    world.is_whole()


def test_one_person_of_a_wave(world):
    world.start()
    world.load(District(1, 2))
    row = world.contact("warner-990121001001-1")
    world.refuse("row", "BEFORE UPDATE ON message WHEN NEW.contact = %d AND NEW.state = 1" % row)
    alert = world.send(**notice("wave", "village_chief-990121001001-1", "warner-990121001001-1",
                                "info_officer-990121001001-1", severity="red"))
    task = wait_for("a task", lambda: world.faults(alert), 20)[0]
    assert ":%d " % row in task["text"], task
    wait_for("the others", lambda: len(world.told()) >= 2)
    wait_for("all settled", world.settled)
    states = {m["contact"]: m["state"] for m in world.messages() if m["alert"] == alert}
    assert states.pop(row) == "failed" and set(states.values()) == {"sent"}, states
    world.is_whole()


def test_a_whole_wave(world):
    """Each of its rows is refused: with the second it is stopped; another wave goes."""
    world.start()
    world.load(District(1, 2))
    bad = world.send(starts_at=int(time.time() * 1000) + 1500, **notice(
        "bad", "village_chief-990121001001-1", "warner-990121001001-1", severity="red"))
    world.refuse("wave", "BEFORE UPDATE ON message WHEN NEW.wave IN (SELECT id FROM wave WHERE "
                 "alert = %d)" % bad)
    wait_for("a task", lambda: [t for t in world.faults(bad) if "what has not left" in t["text"]], 30)
    good = world.send(**notice("good", "info_officer-990121001001-1", severity="red"))
    wait_for("the other", lambda: world.are_sent(good))
    assert len(world.told()) >= 1
    world.is_whole()


def test_the_wave_s_own_row(world):
    world.start()
    world.load(District(1, 2))
    bad = world.send(starts_at=int(time.time() * 1000) + 1500, **notice(
        "bad", "village_chief-990121001001-1", severity="red"))
    world.refuse("wave", "BEFORE UPDATE ON wave WHEN NEW.alert = %d" % bad)
    wait_for("a task", lambda: world.faults(bad), 30)
    good = world.send(**notice("good", "info_officer-990121001001-1", severity="red"))
    wait_for("the other", lambda: world.are_sent(good))
    world.is_whole()


def test_one_outcome_of_many(world):
    """Of what a driver tells in one line, the rest is written."""
    world.start()
    world.load(District(1, 8))
    refs = [r["ref"] for r in world.rows("SELECT ref FROM contact WHERE ref LIKE 'warner-%'")]
    row = world.contact(refs[3])
    world.refuse("outcome", "BEFORE INSERT ON attempt WHEN NEW.contact = %d" % row)
    world.send(**notice("all", *refs, severity="red"))
    task = wait_for("a task", world.faults, 20)[0]
    assert ":%d " % row in task["text"] and "became of" in task["text"], task
    wait_for("the others", lambda: sorted(
        m["state"] for m in world.messages() if m["contact"] in map(world.contact, refs)) ==
        ["sent"] * (len(refs) - 1) + ["uncertain"])
    assert "outcome put aside" in world.log()
    world.allow("outcome")
    world.is_whole()


def test_an_outcome_gives_its_place_free(world):
    """What nobody can write any more holds no place of its route's window."""
    world.routes = sim_route(world.path("sim.books"), latency_ms=1, window=1)
    world.write_conf()
    world.start()
    world.load(District(1, 2))
    row = world.contact("warner-990121001001-1")
    world.refuse("outcome", "BEFORE INSERT ON attempt WHEN NEW.contact = %d" % row)
    world.send(**notice("bad", "warner-990121001001-1", severity="red"))
    wait_for("a task", world.faults, 20)
    good = world.send(**notice("good", "info_officer-990121001001-1"))
    wait_for("the other", lambda: world.are_sent(good))
    wait_for("all settled", world.settled)          # the duty officer is told, too
    assert world.states()["uncertain"] == 1, world.states()
    world.allow("outcome")
    world.is_whole()


def test_not_even_the_end_of_an_outcome(world):
    """Its row stays as it is; the rest of that line is written, and the next start is one."""
    world.start()
    world.load(District(1, 8))
    refs = [r["ref"] for r in world.rows("SELECT ref FROM contact WHERE ref LIKE 'warner-%'")]
    row = world.contact(refs[3])
    world.refuse("outcome", "BEFORE INSERT ON attempt WHEN NEW.contact = %d" % row)
    world.refuse("end", "BEFORE UPDATE ON message WHEN NEW.contact = %d AND NEW.state > 1" % row)
    world.send(**notice("all", *refs, severity="red"))
    wait_for("a task", world.faults, 20)
    wait_for("the others", lambda: sorted(
        m["state"] for m in world.messages() if m["contact"] in map(world.contact, refs)) ==
        ["sending"] + ["sent"] * (len(refs) - 1))
    world.gongd.stop()
    world.start(wait=False)
    wait_for("gongd to answer", lambda: os.path.exists(world.socket) and "fault" in world.why_not())
    world.allow("outcome")
    world.allow("end")
    world.send(**notice("after", refs[0]))
    world.is_whole()


def test_an_inbound(world):
    world.start()
    world.load(District(1, 2))
    world.refuse("inbound", "BEFORE INSERT ON answer WHEN NEW.text LIKE 'HELP%'")
    alert = world.send(**move("a"))
    world.gongd.stop()
    world.write_to(dict(ev="inbound", id="i1", text="HELP US", at=1900000000000, **{
        "from": "+%d" % world.rows("SELECT n.e164 FROM number n JOIN contact c ON c.id = n.contact "
                                   "WHERE c.ref = 'village_chief-990121001001-1'")[0]["e164"]}))
    world.start()
    wait_for("gong to have taken it", lambda: os.path.exists(world.path("took")), 20)
    assert [r["text"] for r in world.rows("SELECT * FROM inbound")] == ["HELP US"]
    task = wait_for("a task", world.faults, 5)[0]
    assert "HELP US" not in task["text"] and "call back" in task["text"], task
    assert world.steps(alert)
    world.is_whole()


def test_not_even_the_task(world):
    """Nothing at all can be said about it but in the log; the rest goes on."""
    world.start()
    world.load(District(1, 2))
    world.refuse("bad", "BEFORE INSERT ON alert WHEN NEW.key LIKE '%bad'")
    world.refuse("tasks", "BEFORE INSERT ON task WHEN NEW.kind = 'fault'")
    status, answer = world.api("POST", "/v1/alerts", notice("bad", "warner-990121001001-1"))
    assert status == 500, (status, answer)
    good = world.send(**notice("good", "warner-990121001001-1"))
    wait_for("the good one", lambda: world.are_sent(good))
    assert "fault of gong's own" in wait_for("readiness to say it", world.why_not, 10)
    assert "store not written" not in world.log()


def test_a_work_that_time_brings(world):
    """What no single thing is to blame for: that work is left out, the others go on."""
    world.start()
    world.load(District(1, 2))
    world.refuse("pair", "BEFORE DELETE ON receipt_early")
    route = world.rows("SELECT id FROM route WHERE name = 'sim'")[0]["id"]
    world.change("INSERT INTO receipt_early VALUES (%d, 'x', 1, 0, '', 0, 1, 1)" % route)
    world.gongd.stop()
    world.start(wait=False)                     # its first upkeep comes at once
    wait_for("gongd to answer", lambda: os.path.exists(world.socket) and "fault" in world.why_not())
    assert 'work left out name="upkeep" as=due' in world.log()
    good = world.send(**notice("good", "warner-990121001001-1"))
    wait_for("the good one", lambda: world.are_sent(good))
    world.is_whole()
