"""What makes gongd itself die, three times, is put aside; everything else goes on.  The gongd that
dies here is the one that is shipped: a preloaded library kills it where a text meets SQLite."""
import os
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

from district import District
from harness import World, read_books, sim_route, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))

class Poisoned(World):
    """A world whose gongd dies as the file `poison` says."""

    def set(self, sql, what, how=signal.SIGSEGV):
        with open(self.path("poison.new"), "w", encoding="utf-8") as f:
            f.write("sql %s\n%s\n%s\n" % (sql, what, "what " + how if isinstance(how, str)
                                         else "signal %d" % how))
        os.rename(self.path("poison.new"), self.path("poison"))

    def clean(self):
        os.unlink(self.path("poison"))

    def died(self, seconds=20):
        """Waits for the death and starts gongd again."""
        wait_for("gongd to die", lambda: not self.gongd.alive(), seconds)
        code = self.gongd.stop()
        self.start(wait=False)
        return code

    def answers(self):
        try:
            return self.gongd.alive() and self.api("GET", "/health/live")[0] == 200
        except OSError:
            return False

    def until(self, what, test, deaths=12, seconds=60):
        """Starts gongd whenever it dies, until it is so."""
        count = 0

        def so():
            nonlocal count
            if not self.gongd.alive():
                self.gongd.stop()
                count += 1
                assert count <= deaths, "gongd died %d times: %s" % (count, self.log_tail())
                self.start(wait=False)
                return None
            return test()
        wait_for(what, so, seconds)
        return count

    def log(self):
        with open(self.path("gongd.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def took(self):
        """What the route `writer` was told that gong has taken."""
        if not os.path.exists(self.path("took")):
            return set()
        with open(self.path("took"), encoding="utf-8") as f:
            return set(f.read().split())

    def tasks(self, kind):
        return [t for t in self.rows("SELECT * FROM task WHERE closed_at IS NULL")
                if t["kind"] == kind]


@pytest.fixture
def world(tmp_path):
    shim = tmp_path / "shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", str(shim),
                    os.path.join(HERE, "poison_shim.c"), "-ldl"], check=True)
    before = dict(os.environ)
    with Poisoned(name="poison", divisor=200) as w:         # 4 min are 1.2 s
        os.environ.update(LD_PRELOAD=str(shim), POISON=w.path("poison"),
                          ASAN_OPTIONS="verify_asan_link_order=0:handle_segv=0:handle_sigbus=0"
                                       ":handle_abort=0:handle_sigill=0:handle_sigfpe=0")
        try:
            w.routes = sim_route(w.path("sim.books"))
            w.write_conf()
            yield w
            if not w.gongd.alive():             # it is to end properly
                w.gongd.stop()
                w.gongd = None
        finally:
            os.environ.clear()
            os.environ.update(before)


def request(text, key=None, severity="yellow", contacts=("warner-990121001001-1",)):
    return dict(key=key or text, template="notice.text", severity=severity,
                params={"text": text}, audience={"contacts": list(contacts)})


def posted(world, path, body):
    try:
        return world.api("POST", path, body)
    except OSError:
        return None, None                       # it died of it
    except Exception as e:                      # or while it answered
        assert "RemoteDisconnected" in type(e).__name__, e
        return None, None


def post(world, *args, **more):
    return posted(world, "/v1/alerts", request(*args, **more))


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_request_that_kills_gongd_is_refused_after_three_deaths(world, how):
    world.start()
    world.load(District(1, 2))
    world.set("INTO alert ", "text POISON", how)
    for i in range(3):
        assert post(world, "POISON", key="k1")[0] is None
        assert world.died() == -how
        wait_for("gongd to answer", world.answers)
    status, answer = post(world, "POISON", key="k1")
    assert status == 422 and "three times" in answer["detail"], (status, answer)
    assert "gongd died before signal=%d in_hand=\"a command\"" % how in world.log()
    assert "deaths=3" in world.log()
    assert world.tasks("quarantine")
    assert world.rows("SELECT * FROM alert") == []      # it was never accepted
    assert post(world, "healthy")[0] == 202
    wait_for("the healthy one", lambda: len(read_books(world.path("sim.books"))) == 1)
    # other words under the same key are another request
    assert post(world, "other words", key="k1")[0] == 202


def test_kills_and_power_cuts_never_count(world):
    world.start()
    world.load(District(1, 2))
    world.set("INTO alert ", "text POISON", signal.SIGKILL)
    for i in range(4):
        assert post(world, "POISON")[0] is None
        assert world.died() == -signal.SIGKILL
        wait_for("gongd to answer", world.answers)
    world.clean()
    assert post(world, "POISON")[0] == 202
    assert "gongd died before" not in world.log()
    # three real deaths, and then the power fails: another boot knows nothing of them
    world.set("INTO alert ", "text VENOM", signal.SIGSEGV)
    for i in range(3):
        assert post(world, "VENOM")[0] is None
        assert world.died() == -signal.SIGSEGV
        wait_for("gongd to answer", world.answers)
    world.gongd.stop()
    with open(os.path.join(world.state, "hand"), "r+b") as f, \
            open("/proc/sys/kernel/random/boot_id", "rb") as boot:
        page, now = f.read(), boot.read().strip()
        f.seek(page.index(now))
        f.write(now[::-1])
    world.clean()
    world.start()
    assert post(world, "VENOM")[0] == 202


@pytest.mark.parametrize("how", ["loop", "hang"])
def test_the_watchdog_knows_a_loop_from_a_disk_that_hangs(world, how):
    world.start()
    world.load(District(1, 2))
    world.set("INTO alert ", "text POISON", how)
    for i in range(3):
        t = threading.Thread(target=lambda: post(world, "POISON", key="k1"))
        t.start()
        wait_for("gongd to be in there", lambda: os.path.exists(world.path("poison.inside")))
        os.unlink(world.path("poison.inside"))
        time.sleep(2)           # the watchdog's patience: far longer than what came before in the turn
        world.gongd.signal(signal.SIGABRT)          # as systemd's watchdog does
        assert world.died() == -signal.SIGABRT
        t.join()
        wait_for("gongd to answer", world.answers)
    world.clean()
    if how == "loop":
        assert "deaths=3" in world.log()
        assert post(world, "POISON", key="k1")[0] == 422
    else:
        assert "gongd died before" not in world.log()
        assert world.log().count("gongd was ended while its disk hung") == 3
        assert post(world, "POISON", key="k1")[0] == 202


def test_an_inbound_that_kills_gongd_is_kept_and_told(world):
    world.write_to(dict(ev="inbound", id="i1", text="HELP US", at=1900000000000, **{
        "from": "+999100000010"}))
    world.set("FROM number WHERE e164", "int 999100000010")     # after it was stored
    world.start(wait=False)
    deaths = world.until("gong to have taken it", lambda: os.path.exists(world.path("took")), 4)
    assert deaths == 3, deaths
    world.until("gongd to answer", world.answers)     # it may have died once more before
    inbound = world.rows("SELECT * FROM inbound")
    assert len(inbound) == 1 and inbound[0]["text"] == "HELP US", inbound
    task = world.tasks("help")[0]["text"]
    assert "+999" in task and "HELP US" not in task and "call back" in task, task


def test_one_persons_message_in_a_step(world):
    """First the row: the others of the step are told, and the ladder goes on."""
    world.start()
    world.load(District(1, 1))
    deputy = world.rows("SELECT id FROM contact WHERE ref = 'village_deputy-990121001001-1'")[0]["id"]
    world.set("INTO message (wave, contact", "int %d" % deputy)
    alert = world.send(key="a", template="flood.move", policy="move.now", severity="red",
                       audience={"divisions": ["990121001"]})
    deaths = world.until("the row to be put aside", lambda: "row put aside" in world.log(), 4)
    assert deaths == 3, deaths
    world.until("gongd to answer", world.answers)     # it may have died once more before
    task = [t for t in world.tasks("quarantine") if t["alert"] == alert]
    assert task and "by hand" in task[0]["text"], task
    told = wait_for("the others of that step", lambda: world.rows(
        "SELECT m.contact FROM message m JOIN wave w ON w.id = m.wave WHERE w.alert = ? "
        "AND w.step = 5", alert))
    assert deputy not in {m["contact"] for m in told}


def test_a_step_that_kills_gongd_is_passed_over(world):
    world.start()
    world.load(District(1, 1))
    alert = world.send(key="a", template="flood.move", policy="move.now", severity="red",
                       audience={"divisions": ["990121001"]})
    wait_for("the first steps", lambda: world.alert(alert)["id"] and world.rows(
        "SELECT * FROM event WHERE what = 'step' AND detail LIKE '{\"step\":3,%'"))
    world.set("INTO called", "int %d" % alert)           # whoever is called next
    deaths = world.until("the step to be put aside", lambda: "step put aside" in world.log(), 8)
    assert 3 <= deaths <= 6, deaths
    world.clean()
    world.until("gongd to answer", world.answers)     # it may have died once more before
    aside = world.rows("SELECT * FROM event WHERE what = 'step_put_aside'")
    assert [e for e in aside if e["alert"] == alert], aside
    assert [t for t in world.tasks("step_failed") if t["alert"] == alert]
    # the duty officer hears of it, and later steps are taken
    notice = wait_for("a notice", lambda: world.rows(
        "SELECT v.body FROM variant v JOIN alert a ON a.id = v.alert WHERE a.key LIKE 'gong%'"))
    assert any("gongd" in v["body"] for v in notice), notice
    passed = int(aside[0]["detail"].split(":")[1].rstrip("}"))
    wait_for("a later step", lambda: [
        e for e in world.rows("SELECT * FROM event WHERE what = 'step' AND alert = ?", alert)
        if int(e["detail"].split(":")[1].split(",")[0]) > passed], 40)


def test_one_row_of_a_wave(world):
    """A row that kills gongd as it is handed to a route: it fails, the others go."""
    world.start()
    world.load(District(1, 1))
    row = world.rows("SELECT id FROM contact WHERE ref = 'warner-990121001001-1'")[0]["id"]
    world.set("AND opt_out = 1", "int %d" % row)
    alert = world.send(starts_at=int(time.time() * 1000) + 1500, **request(
        "注意", severity="notice", contacts=("village_chief-990121001001-1",
                                            "warner-990121001001-1",
                                            "info_officer-990121001001-1")))
    deaths = world.until("the row to be put aside", lambda: "row put aside" in world.log(), 4)
    assert deaths == 3, deaths
    wait_for("the others to be told", lambda: len({
        e["to"] for e in read_books(world.path("sim.books"))}) == 2)
    wait_for("all settled", world.settled)
    assert world.states() == {"sent": 2, "failed": 1}, world.states()
    assert [t for t in world.tasks("quarantine") if t["alert"] == alert]


def test_a_receipt(world):
    world.write_to(dict(ev="receipt", took="r1", ref="POISON", to="+999100000010",
                        state="delivered", at=1900000000000),
                   dict(ev="inbound", id="i1", text="1", at=1900000000000, **{"from": "+999100000010"}))
    world.set("FROM receipt_key", "text POISON")
    world.start(wait=False)
    deaths = world.until("gong to have taken both", lambda: world.took() == {"r1", "i1"}, 4)
    assert deaths == 3, deaths
    world.until("gongd to answer", world.answers)     # it may have died once more before
    assert "command put aside kind=\"receipt\" route=writer" in world.log()
    assert world.tasks("quarantine")


def test_what_became_of_a_message(world):
    """A `done` that kills: that message is uncertain, with a task; the others of the line are sent."""
    world.start()
    world.load(District(1, 1))
    row = world.rows("SELECT id FROM contact WHERE ref = 'warner-990121001001-1'")[0]["id"]
    world.set("OR IGNORE INTO attempt", "int %d" % row)
    alert = world.send(starts_at=int(time.time() * 1000) + 1500, **request(
        "转移", severity="red", contacts=("village_chief-990121001001-1", "warner-990121001001-1",
                                          "info_officer-990121001001-1")))
    deaths = world.until("the outcome to be put aside", lambda: "outcome put aside" in world.log(), 5)
    assert deaths == 3, deaths
    wait_for("all settled", world.settled)
    assert world.states()["uncertain"] >= 1, world.states()
    assert [m["state"] for m in world.messages() if m["contact"] == row and m["alert"] == alert] == [
        "uncertain"]
    assert any("ask this person" in t["text"] for t in world.tasks("quarantine"))
    after = world.send(**request("以后", contacts=("info_officer-990121001001-1",)))
    wait_for("the next", lambda: {m["state"] for m in world.messages() if m["alert"] == after} == {"sent"})


def test_an_import(world):
    world.start()
    world.load(District(1, 1))
    with open(world.path("lists/contacts.csv"), "rb") as f:
        sound = f.read()
    name = sound.splitlines()[1].split(b",")[1]
    bad = sound.replace(name, b"POISON", 1)
    world.set("contact", "text POISON")
    for _ in range(3):
        assert posted(world, "/v1/import/contacts", bad)[0] is None
        assert world.died() == -signal.SIGSEGV
        wait_for("gongd to answer", world.answers)
    status, answer = posted(world, "/v1/import/contacts", bad)
    assert status == 422 and "three times" in answer["detail"], (status, answer)
    assert world.tasks("quarantine")
    assert posted(world, "/v1/import/contacts", sound)[0] == 200
    assert post(world, "healthy")[0] == 202


def test_one_of_a_broadcast(world):
    """Its slices are written without him, and the alert goes to all others."""
    world.start()
    world.load(District(16, 20))
    row = world.rows("SELECT id FROM contact WHERE ref = 'warner-990121001003-1'")[0]["id"]
    world.set("INTO message (wave, contact", "int %d" % row)
    alert = dict(key="b", template="notice.text", severity="yellow", params={"text": "大家"},
                 audience={"divisions": ["990121"], "roles": [
                     "village_chief", "village_deputy", "warner", "info_officer", "grid_worker",
                     "transfer_lead", "group_leader"]})
    posted(world, "/v1/alerts", alert)          # it may die before it has answered
    deaths = world.until("the row to be put aside", lambda: "row put aside" in world.log(), 5)
    assert deaths == 3, deaths
    world.clean()
    world.until("gongd to answer", world.answers)     # it may have died once more before
    status, answer = posted(world, "/v1/alerts", alert)
    assert status == 200, (status, answer)      # it had been accepted
    people = wait_for("the plan to be whole", lambda: world.rows(
        "SELECT total FROM wave WHERE alert = ? AND state IN (1, 2)", answer["id"]))[0]["total"]
    assert people > 2000, people
    wait_for("the others to be told", lambda: len({
        e["to"] for e in read_books(world.path("sim.books"))}) == people, 60)
    assert row not in {m["contact"] for m in world.messages()}
    assert any("by hand" in t["text"] for t in world.tasks("quarantine"))


def test_a_wave_that_kills_as_it_is_loaded(world):
    world.routes = world.routes.replace("gong-sim", "gong-none")    # it cannot leave
    world.write_conf()
    world.start(wait=False)
    wait_for("gongd to answer", world.answers)
    world.load(District(1, 1))
    alert = world.send(**request("留下"))
    world.gongd.stop()
    world.routes = sim_route(world.path("sim.books"))
    world.write_conf()
    world.set("FROM alert WHERE id", "int %d" % alert)
    world.start(wait=False)
    world.until("the wave to be put aside", lambda: "wave put aside" in world.log() and
                world.answers(), 16)
    world.clean()
    assert post(world, "healthy", contacts=("info_officer-990121001001-1",))[0] == 202
    wait_for("the healthy one", lambda: any("healthy" in e["text"] for e in read_books(
        world.path("sim.books"))))


def test_a_memory_that_kills_as_it_is_loaded(world):
    """No single wave is to blame: that memory stays empty, with a task, and the rest goes on."""
    world.start()
    world.load(District(1, 1))
    world.gongd.stop()
    world.set("min(due) FROM message", "step 1")
    world.start(wait=False)
    deaths = world.until("it to be left out", lambda: "work left out" in world.log() and
                         world.answers(), 4)
    assert deaths == 3, deaths
    assert 'work left out name="waves" as=memory' in world.log()
    assert any("waves" in t["text"] for t in world.tasks("quarantine"))
    assert post(world, "healthy")[0] == 202
    wait_for("the healthy one", lambda: len(read_books(world.path("sim.books"))) == 1)


def test_a_text_that_no_driver_could_read_fails_and_costs_no_other(world):
    """Its line would be no JSON: handed over, it would hang in "sending" for ever."""
    world.routes = world.routes.replace("gong-sim", "gong-none")    # it cannot leave
    world.write_conf()
    world.start(wait=False)
    wait_for("gongd to answer", world.answers)
    world.load(District(1, 1))
    alert = world.send(**request("留下"))
    world.gongd.stop()
    with sqlite3.connect(os.path.join(world.state, "gong.db")) as db:
        db.execute("UPDATE variant SET body = CAST(x'd3ea' AS TEXT)")
    world.routes = sim_route(world.path("sim.books"))
    world.write_conf()
    world.start(wait=False)
    wait_for("it to have failed", lambda: world.rows(
        "SELECT 1 FROM attempt WHERE reason LIKE '%text_spoilt%' OR reason LIKE '%UTF-8%'"))
    assert post(world, "healthy", contacts=("info_officer-990121001001-1",))[0] == 202
    wait_for("the healthy one", lambda: [e["text"] for e in read_books(world.path("sim.books"))
                                         if "healthy" in e["text"]])
    assert len(read_books(world.path("sim.books"))) == 1, alert
