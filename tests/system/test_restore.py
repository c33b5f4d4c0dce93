"""gongd --restore: a copy of the store is put back after others have gone on from it.  Nothing that was
under way then leaves again, no id and no code is given twice, what is lost is told, and what was open goes
on when the desk says so."""
import json
import os
import shutil
import sqlite3
import subprocess
import time

import pytest

from harness import BUILD, message_id, wait_for
from mail import MailWorld

# The second rung is due soon after the copy is made.
POLICY = '''policy "rungs" {
 title = "rungs"
 targets = village
 until = 3
 step "chiefs" { after = "0s" to = {village_chief} channels = {sms} }
 step "warners" { after = "3s" to = {warner} channels = {sms} }
 step "desk" { after = "5h" channels = {console} }
}
'''
VILLAGES = ["99012100100%d" % n for n in (1, 2, 3)]


class Restored(MailWorld):
    def __init__(self):
        super().__init__(name="restore")
        with open(self.path("policies/rungs.conf"), "w", encoding="utf-8") as f:
            f.write(POLICY)
        with open(self.conf, encoding="utf-8") as f:
            text = f.read()
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text.replace('channels = {sms}', 'channels = {sms}\n option "window" { value = "2" }', 1))

    def rain(self, key, **more):
        return self.send(**dict(dict(key=key, template="warn.rain", policy="rungs", severity="orange",
                                     params={"hours": 3, "mm": 80}, audience={"divisions": VILLAGES}), **more))

    def copy(self, name):
        source = sqlite3.connect("file:%s/gong.db?mode=ro" % self.state, uri=True, timeout=20)
        target = sqlite3.connect(self.path(name))
        source.backup(target)
        source.close()
        target.close()
        return self.path(name)

    def restore(self, file, *more, lang="en"):
        return subprocess.run([os.path.join(BUILD, "gongd"), "--config", self.conf, "--restore", file,
                               "--lang", lang, *more], capture_output=True, text=True, timeout=120)

    def tasks(self, kind):
        return [t for t in self.api("GET", "/v1/tasks?open=1")[1]["tasks"] if t["kind"] == kind]

    def most(self):
        return {table: self.rows("SELECT coalesce(max(id), 0) AS n FROM " + table)[0]["n"]
                for table in "alert wave answer inbound task event audit".split()}

    def rung(self, step):
        """How many messages of that rung of the first alert the network has had, as far as the store knows it."""
        waves = [r["id"] for r in self.rows("SELECT id FROM wave WHERE alert = %d AND step = %d" % (self.first, step))]
        return len([m for m in self.sent() if message_id(m["id"])[0] in waves])

    def told(self):
        return len(self.sent())


@pytest.fixture(scope="module")
def world():
    w = Restored()
    with w.begun():
        live_through(w)
        yield w


def chief(n):
    return "village_chief-99012100100%d-1" % n


def live_through(w):
    """A copy with two messages at the driver and one queued; then life goes on."""
    open(w.path("books.stall"), "w").close()
    w.first = w.rain("one")
    w.code = w.alert(w.first)["code"]
    wait_for("two to be with the driver", lambda: w.states()["sending"] == 2)
    assert w.states()["queued"] == 1
    w.saved = w.copy("saved.db")
    w.copied = w.most()
    # the driver is killed with what it has, and the next one sends it all
    os.unlink(w.path("books.stall"))
    os.kill(w.drivers()["mail_driver.py"] if "mail_driver.py" in w.drivers() else
            next(iter(w.drivers().values())), 9)
    wait_for("all to be sent", w.settled, 40)
    w.lost = w.rain("lost", severity="red")
    w.lost_code = w.alert(w.lost)["code"]
    wait_for("the rungs of both", lambda: w.settled() and len(w.messages()) >= 12, 40)
    w.write(w.phone(chief(1)), "1 " + w.code)
    wait_for("the answer", lambda: w.answers(w.first))
    assert w.api("PATCH", "/v1/contacts/" + chief(2), {"name": "韦新名"})[0] == 200
    w.write(w.phone(chief(3)), "TD")
    wait_for("he is out", lambda: w.rows("SELECT 1 FROM contact WHERE opt_out = 1"))
    w.gone = w.most()


def test_it_is_refused_while_a_gongd_runs(world):
    p = world.restore(world.saved, "--yes")
    assert p.returncode == 1 and "stop it first" in p.stderr
    p = world.restore(world.saved, lang="zh")
    assert p.returncode == 1 and "请先停止" in p.stderr
    assert world.gongd.stop() == 0


def test_what_cannot_be_put_back_is_refused(world):
    def refused(name, words, how):
        path = world.path(name)
        shutil.copy(world.saved, path)
        how(path)
        before = os.stat(os.path.join(world.state, "gong.db")).st_ino
        p = world.restore(path, "--yes")
        assert p.returncode == 1 and words in p.stderr and (path in p.stderr or "itself" in path), p
        assert os.stat(os.path.join(world.state, "gong.db")).st_ino == before
        assert not [n for n in os.listdir(world.state) if "restoring" in n or "replaced" in n]

    def sql(text):
        def run(path):
            db = sqlite3.connect(path)
            db.executescript(text)
            db.close()
        return run

    def tear(path):
        with open(path, "r+b") as f:
            f.seek(4096 * 3)
            f.write(b"\xff" * 4096 * 20)

    def fill(path):
        with open(path, "wb") as f:
            f.write(b"no store at all" * 1000)

    refused("newer.db", "newer gong", sql("PRAGMA user_version = 99"))
    refused("foreign.db", "no store of gong", sql("PRAGMA application_id = 7"))
    refused("torn.db", "is damaged", tear)
    refused("text.db", "is damaged", fill)
    refused("none.db", "cannot be read", os.unlink)
    refused("itself.db", "the store itself", lambda path: (
        os.unlink(path), os.symlink(os.path.join(world.state, "gong.db"), path)))


def test_a_store_that_a_start_would_refuse_is_found_before(world):
    """As the package asks before it restarts gongd."""
    store = os.path.join(world.state, "gong.db")
    whole = world.path("whole.db")
    shutil.copy(store, whole)

    def asked(how, code, *words):
        how()
        p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf, "--check-store", "--lang", "en"],
                           capture_output=True, text=True, timeout=60)
        assert p.returncode == code and all(w in p.stderr for w in words), p
        shutil.copy(whole, store)

    def version(n):
        db = sqlite3.connect(store)
        db.execute("PRAGMA user_version = %d" % n)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()

    def tear():
        version(9)
        with open(store, "r+b") as f:
            f.seek(4096 * 30)
            f.write(b"\xff" * 4096 * 20)

    asked(lambda: None, 0)
    asked(lambda: version(9), 0)            # sound, and would be upgraded
    asked(tear, 1, "is damaged", "gongd --restore FILE")
    asked(lambda: version(99), 1, "newer gong")


def test_without_yes_it_only_says_what_is_lost(world):
    before = os.stat(os.path.join(world.state, "gong.db"))
    p = world.restore(world.saved)
    assert p.returncode == 1 and "--yes" in p.stderr, p
    assert "1 alerts" in p.stdout and "1 answers" in p.stdout and "1 people" in p.stdout
    assert os.stat(os.path.join(world.state, "gong.db")).st_ino == before.st_ino
    assert not [n for n in os.listdir(world.state) if "restoring" in n or "replaced" in n]
    assert "应答1条" in world.restore(world.saved, lang="zh").stdout


def test_it_is_put_back_and_what_is_lost_is_listed(world):
    p = world.restore(world.saved, "--yes", lang="zh")
    assert p.returncode == 0, p
    kept = sorted(n for n in os.listdir(world.state) if ".replaced-" in n and "wal" not in n)
    assert len(kept) == 2 and kept[1] == kept[0] + ".txt" and kept[0] in p.stdout
    old = sqlite3.connect("file:%s?mode=ro" % os.path.join(world.state, kept[0]), uri=True)
    assert old.execute("SELECT max(id) FROM alert").fetchone()[0] == world.lost
    old.close()
    with open(os.path.join(world.state, kept[1]), encoding="utf-8") as f:
        text = f.read()
    assert os.stat(os.path.join(world.state, kept[1])).st_mode & 0o777 == 0o600
    for word in (world.lost_code, "韦新名", "1 " + world.code, "已发消息"):
        assert word in text, (word, text)


def test_nothing_leaves_until_somebody_resumes(world):
    # what the driver had taken and the store has lost is not said again
    with open(world.path("books.in"), encoding="utf-8") as f:
        lines = len(f.readlines())
    with open(world.path("books.in"), "w", encoding="utf-8") as f:
        f.write('{"ev": "pong", "n": 0}\n' * lines)
    world.before = world.told()
    world.start()
    wait_for("the route up", world.all_up)
    alert = world.alert(world.first)
    assert alert["state"] == "active" and alert["holds"] == ["restored"]
    assert alert["messages"]["uncertain"] == 3 and alert["messages"]["queued"] == 0
    time.sleep(4)                           # its second rung would have been due
    assert world.told() == world.before
    assert len(world.tasks("restored")) == 2
    assert "gongctl alert resume " + world.code in json.dumps(world.tasks("restored"))
    shown = world.ctl("alert", "show", world.code)
    assert "暂停" in world.ctl("alert", "list") and "alert resume" in shown
    assert "时限" not in shown and "后执行" not in shown and "即将执行" not in shown, shown
    assert world.api("GET", "/v1/alerts/%d" % world.lost)[0] == 404


def test_an_old_code_is_never_another_alerts(world):
    assert len(world.lost_code) == len(world.code) and sum(
        a != b for a, b in zip(world.code, world.lost_code)) == 1      # one letter apart: it would pass for it
    for text in "1 " + world.lost_code, "1":
        mail = world.write(world.phone(chief(1)), text)
        assert mail["alert"] in (None, world.first) and mail["level"] in (None, 0), mail
        assert not [a for a in world.answers(world.first) if a["level"]], text
    wait_for("the desk has them", lambda: world.tasks("unclear"))
    world.write(world.phone(chief(1)), "1 " + world.code)
    wait_for("the answer", lambda: [a["level"] for a in world.answers(world.first)][-1:] == [3])


def test_no_id_is_given_twice(world):
    status, answer = world.api("POST", "/v1/alerts", dict(
        key="one", template="warn.rain", policy="rungs", severity="orange", params={"hours": 3, "mm": 80},
        audience={"divisions": VILLAGES}))
    assert status == 200 and answer["id"] == world.first, answer
    status, answer = world.api("POST", "/v1/alerts", dict(
        key="lost", template="notice.text", severity="red", params={"text": "again"},
        audience={"contacts": [chief(1)]}))
    assert status == 409 and answer["code"] == "key_lost" and world.lost_code in answer["detail"], answer
    assert world.api("GET", "/v1/contacts/" + chief(3))[1]["opt_out"], "he wants no messages"
    fresh = world.rain("fresh", audience={"divisions": ["990121100001"]})
    assert fresh > world.gone["alert"] and world.alert(fresh)["code"] not in (world.code, world.lost_code)
    for table, last in world.gone.items():
        ids = [r["id"] for r in world.rows("SELECT id FROM %s WHERE id > %d" % (table, world.copied[table]))]
        assert ids and min(ids) > last, (table, last, ids)


def test_resumed_it_goes_on_calling(world):
    assert world.rung(1) == 0
    assert "已恢复" in world.ctl("alert", "resume", world.code, "--note", "已核实")
    assert world.alert(world.first)["holds"] == []
    # the warners of the two villages that are silent: two in each, and one of both
    wait_for("the second rung", lambda: world.rung(1) == 5, 20)
    assert len(world.tasks("restored")) == 1
    assert world.alert(world.first)["messages"]["uncertain"] == 3
    assert world.rung(0) == 3, "somebody was written to again"
    assert world.api("POST", "/v1/alerts/%d/resume" % world.first, {})[0] == 409
    assert [e["what"] for e in world.api("GET", "/v1/alerts/%d/events" % world.first)[1]["events"]
            if e["what"] in ("restored", "resumed")] == ["restored", "resumed"]
