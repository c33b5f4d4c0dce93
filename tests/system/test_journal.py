"""What a provider hands out once is told until gongd has it, whoever is killed, and whenever
(docs/drivers.md, Handed out once)."""
import base64
import json
import os
import queue
import random
import signal
import subprocess
import threading
import time

import pytest

from harness import BUILD, SLOW, World, sim_route, wait_for
from http_driver import ENV, Odd, http
from providers.one_time import OneTime, profile
from test_page import broadcast, load

HERE = os.path.dirname(os.path.abspath(__file__))
SAN = {"ASAN_OPTIONS": "verify_asan_link_order=0"}


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    path = tmp_path_factory.mktemp("shim") / "kill_shim.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", str(path),
                    os.path.join(HERE, "kill_shim.c"), "-ldl"], check=True)
    return str(path)


@pytest.fixture
def shop():
    provider = OneTime()
    yield provider
    provider.close()


def receipts(count, first=0):
    return [{"ref": "R%d" % i, "state": "DELIVRD"} for i in range(first, first + count)]


def replies(count, first=0):
    return [{"id": "I%d" % i, "from": "+99910000001", "text": "text %d" % i}
            for i in range(first, first + count)]


def name_of(item):
    return item.get("ref") or item["id"]


class Life:
    """One process of gong-http; this is its gongd, which takes what it hears after a little while
    and then says so."""

    def __init__(self, folder, conf, journal, took, shim=None, lazy=0.0, deaf=False):
        env = dict(ENV)
        if shim:
            env.update(LD_PRELOAD=shim, KILL_SHIM=str(folder), **SAN)
        fd = os.open(journal, os.O_RDWR | os.O_CREAT, 0o600) if isinstance(journal, str) else journal
        self.p = subprocess.Popen([os.path.join(BUILD, "gong-http")], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                                  preexec_fn=lambda: os.dup2(fd, 3) if fd != 3 else
                                  os.set_inheritable(3, True), close_fds=False)
        os.close(fd)
        self.took, self.lazy, self.deaf, self.told, self.alarms = took, lazy, deaf, [], None
        self.replies, self.pongs = [], 0
        self.log = b""
        self.lines = queue.Queue()
        self.threads = [threading.Thread(target=f, daemon=True)
                        for f in (self.read, self.read_log)]
        for thread in self.threads:
            thread.start()
        self.say({"op": "open", "protocol": 1, "route": "r", "config": conf,
                  "journal": {"fd": 3, "bytes": 16 << 20}})

    def say(self, op):
        try:
            self.p.stdin.write((json.dumps(op) + "\n").encode())
            self.p.stdin.flush()
        except OSError:
            pass                            # it is dead

    def read(self):
        for line in self.p.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue                    # half of it, before it died
            if event["ev"] == "health":
                self.concepts = [a["concept"] for a in event.get("alarms", [])]
                self.alarms = [a["name"] for a in event.get("alarms", [])]
            self.pongs += event["ev"] == "pong"
            if event["ev"] == "reply":
                self.replies.append(event["status"])
            what = {"receipt": event.get("id"), "inbound": event.get("id"),
                    "call": "%s %s" % (event.get("id"), event.get("digits"))}.get(event["ev"])
            if not what or self.deaf:
                continue
            time.sleep(random.random() * self.lazy)
            self.told.append(what)
            self.took.append(what)          # on gongd's disk, from here on
            if event["ev"] != "call" or "took" in event:
                self.say({"op": "took", "id": event.get("took") or event["id"]})

    def read_log(self):
        self.log = self.p.stderr.read()

    def kill(self):
        self.p.kill()
        self.wait()

    def wait(self):
        self.p.wait(20 * SLOW)
        for thread in self.threads:
            thread.join(10)

    def end(self):
        self.p.stdin.close()
        self.wait()
        assert b"Sanitizer" not in self.log and b"runtime error" not in self.log, self.log.decode()


def settle(shop, journal):
    """Until all is handed out, taken and struck out."""
    wait_for("an empty shop", shop.empty, seconds=60)
    asked = shop.asked
    wait_for("an empty journal", seconds=60, test=lambda:
             os.path.getsize(journal) == 0 and shop.asked > asked + 2)


def excused(folder, shop):
    """The answer on its way when it died: its sync had not come back."""
    with open(os.path.join(str(folder), "died"), encoding="utf-8") as f:
        syncs = int(f.read().split()[0])
    return {name_of(i) for items in shop.handed[syncs:] for i in items}


def last_of(shop, life):
    return [items for items, whose in zip(shop.handed, shop.lives) if whose == life][-1:]


def kill_at(folder, n):
    with open(os.path.join(str(folder), "at"), "w", encoding="utf-8") as f:
        f.write(str(n))


@pytest.mark.parametrize("part", range(4))
def test_a_driver_that_dies_at_any_call_loses_nothing(tmp_path, shim, part):
    """SIGKILL before, in the middle of and after each call by which it touches journal and gongd."""
    deaths = 0
    for n in range(1 + part, 97, 4):
        shop, folder = OneTime(), tmp_path / str(n)
        folder.mkdir()
        journal, took = str(folder / "journal"), []
        shop.put("/receipts", *receipts(5))
        shop.put("/replies", *replies(4))
        kill_at(folder, n)
        life = Life(folder, profile(shop.url), journal, took, shim=shim)
        wait_for("its death or the end", lambda: life.p.poll() is not None or
                 (shop.empty() and os.path.exists(journal) and os.path.getsize(journal) == 0 and
                  len(took) == 9))
        lost = set()
        if life.p.poll() is not None:
            deaths += 1
            life.wait()
            lost = excused(folder, shop)
            assert len(lost) <= 3
        else:
            life.kill()                     # it had not so many calls to make
        life = Life(folder, profile(shop.url), journal, took)
        settle(shop, journal)
        life.end()
        wanted = {name_of(i) for items in shop.handed for i in items}
        assert len(wanted) == 9
        assert set(took) | lost >= wanted and set(took) <= wanted, (n, wanted - set(took) - lost)
        shop.close()
    assert deaths >= 8


@pytest.mark.parametrize("seed", range(6))
def test_deaths_at_random_and_two_in_a_row_lose_nothing(tmp_path, shim, seed):
    random.seed(seed)
    shop, journal, took, lost = OneTime(most=4), str(tmp_path / "journal"), [], set()
    count = 40
    shop.put("/receipts", *receipts(count))
    shop.put("/replies", *replies(count))
    for i in range(8):
        kill_at(tmp_path, random.randrange(1, 90))
        life = Life(tmp_path, profile(shop.url, life=i), journal, took, shim=shim, lazy=0.004)
        wait_for("its death or the end", lambda: life.p.poll() is not None or shop.empty())
        life.kill()
    life = Life(tmp_path, profile(shop.url), journal, took)
    settle(shop, journal)
    life.end()
    for i in range(8):                      # of each life the answer that was on its way
        lost |= {name_of(i) for items in last_of(shop, i) for i in items}
    wanted = {name_of(i) for i in receipts(count) + replies(count)}
    assert set(took) | lost >= wanted and set(took) <= wanted, \
        [wanted - set(took) - lost, list(zip(shop.lives, shop.handed))]
    shop.close()


def test_an_answer_of_eight_mebibytes(tmp_path, shop):
    """20,000 replies in one answer: told a thousand at a time, and again after a death."""
    shop.most, count = 20000, 20000
    shop.put("/replies", *[dict(r, text="字" * 58 + str(i)) for i, r in enumerate(replies(count))])
    journal, took = str(tmp_path / "journal"), []
    life = Life(tmp_path, profile(shop.url, timeout_ms=20000), journal, took)
    wait_for("some of it", lambda: len(took) > 3000, seconds=60)
    assert os.path.getsize(journal) > 7 << 20
    life.kill()
    life = Life(tmp_path, profile(shop.url), journal, took)
    settle(shop, journal)
    life.end()
    assert len(shop.handed) == 1 and set(took) == {"I%d" % i for i in range(count)}


def test_sends_do_not_wait_behind_a_long_answer(tmp_path, shop):
    shop.most = 5000
    shop.put("/replies", *replies(5000))
    life = Life(tmp_path, profile(shop.url), str(tmp_path / "journal"), [], deaf=True)
    wait_for("the answer", lambda: shop.handed)
    time.sleep(0.5)
    life.end()
    # What was not taken stays: no more than a thousand were told of the five.
    assert os.path.getsize(str(tmp_path / "journal")) > 5000


def test_without_room_nothing_is_fetched(tmp_path, shop):
    """gongd takes nothing, and more than 8 MiB lie there: no further answer would find room."""
    shop.most = 900
    journal = str(tmp_path / "journal")
    shop.put("/replies", *[dict(r, text="x" * 6000) for r in replies(3 * 900)])
    life = Life(tmp_path, profile(shop.url), journal, [], deaf=True)
    wait_for("an alarm", lambda: life.alarms == ["pull"])
    assert len(shop.handed) == 2 and not shop.empty()
    life.end()
    took = []
    life = Life(tmp_path, profile(shop.url), journal, took)
    settle(shop, journal)
    life.end()
    assert len(set(took)) == 2700


def test_a_full_disk_stops_the_pulls_until_it_has_room(tmp_path, shop, shim):
    journal, took, full = str(tmp_path / "journal"), [], tmp_path / "full"
    full.touch()
    shop.put("/replies", *replies(5))
    life = Life(tmp_path, profile(shop.url), journal, took, shim=shim)
    wait_for("an alarm", lambda: life.alarms == ["pull"])
    assert life.concepts == ["pull_no_room"] and not shop.handed and not shop.asked
    full.unlink()
    settle(shop, journal)
    wait_for("no alarm", lambda: life.alarms == [])
    life.end()
    assert set(took) == {"I%d" % i for i in range(5)} and b"No space left" in life.log


def test_a_disk_that_fills_up_in_the_middle_loses_nothing_that_lives(tmp_path, shop, shim):
    """The room was there when the answer was asked for: it is told at once, and that is said."""
    journal, took, full = str(tmp_path / "journal"), [], tmp_path / "full"
    life = Life(tmp_path, profile(shop.url), journal, took, shim=shim)
    wait_for("it asks", lambda: shop.asked)
    shop.hold = threading.Event()
    time.sleep(0.5)                         # a request waits for its answer
    shop.put("/receipts", *receipts(2))
    shop.put("/replies", *replies(2))
    full.touch()
    shop.hold.set()
    wait_for("two of them", lambda: len(took) >= 2)
    wait_for("an alarm", lambda: "journal" in (life.alarms or []))
    full.unlink()
    wait_for("the others", lambda: len(set(took)) == 4)
    wait_for("no alarm", lambda: life.alarms == [])
    life.end()
    assert b"told all the same" in life.log


def test_a_slow_disk_stops_no_pong_and_tells_nothing_early(tmp_path, shop, shim):
    journal, took, slow = str(tmp_path / "journal"), [], tmp_path / "slow"
    slow.touch()
    shop.put("/receipts", *receipts(3))
    life = Life(tmp_path, profile(shop.url), journal, took, shim=shim)
    wait_for("the answer", lambda: shop.handed)
    for n in range(5):
        life.say({"op": "ping", "n": n})
        wait_for("a pong", lambda: life.pongs == n + 1, seconds=2)
        time.sleep(0.1)
    assert not took
    slow.unlink()
    settle(shop, journal)
    life.end()
    assert set(took) == {"R0", "R1", "R2"}


def test_a_damaged_record_costs_itself_and_is_an_alarm(tmp_path, shop):
    journal, took = str(tmp_path / "journal"), []
    shop.put("/replies", *replies(9))
    life = Life(tmp_path, profile(shop.url), journal, took, deaf=True)
    wait_for("all of it", lambda: shop.empty() and os.path.getsize(journal) > 770)
    life.kill()
    with open(journal, "r+b") as f:
        bytes_ = f.read()
        at = bytes_.index(b"I4")
        f.seek(at)
        f.write(b"X")
    life = Life(tmp_path, profile(shop.url), journal, took)
    wait_for("the others", lambda: len(took) == 6)
    wait_for("an alarm", lambda: life.alarms == ["journal_damaged"])
    life.end()
    assert set(took) == {"I0", "I1", "I2", "I6", "I7", "I8"} and b"journal damaged" in life.log


@pytest.mark.parametrize("broken", [
    (200, b'{"code":0,"lists":[{"id":"I1","from":"+99910000001","text":"1"}]}', 10000),
    (200, b'{"code":0,"items":[{"id":"I1","from":"+99910000001","text":"1"},', 10000),
    (200, b'{"code":0,"items":[{"id":"I1","from":"+99910000001","text":"1"},{"id":"I2"}]}', 60),
    (200, b'{"code":0,"items":[{"number":"I1","from":"+99910000001","words":"1"}]}', 10000)])
def test_what_nobody_can_read_is_kept_and_read_when_the_profile_is_mended(tmp_path, shop, broken):
    journal, took = str(tmp_path / "journal"), []
    shop.broken = broken
    life = Life(tmp_path, profile(shop.url), journal, took)
    wait_for("an alarm", lambda: life.alarms and "pull_unread" in life.alarms)
    shop.broken = None
    life.kill()
    assert os.path.getsize(journal) > 0 and not took
    mended = profile(shop.url)
    mended["pull"][0]["list"] = mended["pull"][1]["list"] = "/lists"
    mended["callback"]["reply"]["text"] = "/words"
    if b"lists" in broken[1]:
        mended["callback"]["reply"]["text"] = "/text"
    if b"number" in broken[1]:
        mended["pull"][0]["list"] = mended["pull"][1]["list"] = "/items"
    life = Life(tmp_path, mended, journal, took)
    if broken[2] < 10000 or broken[1].endswith(b"},"):
        wait_for("it stays", lambda: life.alarms and "pull_unread" in life.alarms)
    else:
        wait_for("it is read", lambda: took)
        assert life.alarms is None or "pull_unread" not in life.alarms
    life.end()


@pytest.mark.parametrize("broken", [
    (200, b'{"code":7,"items":[]}', 100), (503, b"sorry", 100), (200, b"<html>sorry</html>", 100),
    (200, b'{"code":0}', 100), (200, b'', 100)])
def test_what_hands_nothing_out_is_not_kept(tmp_path, shop, broken):
    journal = str(tmp_path / "journal")
    shop.broken = broken
    life = Life(tmp_path, profile(shop.url), journal, [])
    wait_for("an alarm", lambda: life.alarms == ["pull"])
    shop.rest_s = 0.3                       # the last answer comes while it closes
    asked = shop.asked
    wait_for("another look", lambda: shop.asked > asked)
    life.end()
    assert os.path.getsize(journal) == 0


def test_a_second_process_waits_until_the_first_is_gone(tmp_path, shop):
    """gongd was killed; the driver that it left still finishes what it has in hand."""
    journal, took = str(tmp_path / "journal"), []
    first = Life(tmp_path, profile(shop.url), journal, took)
    wait_for("the first asks", lambda: shop.asked)
    second = Life(tmp_path, profile(shop.url), journal, took)
    time.sleep(0.3)
    assert second.alarms is None            # not opened yet
    first.end()
    wait_for("the second is open", lambda: second.alarms is not None)
    shop.put("/replies", *replies(2))
    settle(shop, journal)
    second.end()
    assert set(took) == {"I0", "I1"}


# --- calls -----------------------------------------------------------------------------------------

def calling(url):
    return {"url": url, "success": {"status": [200], "pointer": "/code", "equals": 0},
            "call": {"body": {"to": "{{to_plus}}", "say": "{{text}}"}, "id_pointer": "/id"},
            "callback": {"calls": [
                {"has": "/key", "provider_id": "/call", "to": "/to", "digits": "/key"},
                {"has": "/end", "id": "/ours", "provider_id": "/call", "state": "/end",
                 "states": {"*": "answered"}}]}}


def place(life):
    life.say({"op": "call", "id": "00003000a0021", "to": "+8613800000001", "ring_ms": 35000,
              "plays": 2, "not_after": int(time.time() * 1000) + 60000, "keys": {"1": "acknowledged"},
              "say": [{"language": "zh", "text": "立即转移"}]})


def push(life, item):
    wait_for("it is open", lambda: life.alarms is not None)
    count = len(life.replies)
    life.say({"op": "callback", "id": "7", "method": "POST", "path": "/", "query": "", "headers": {},
              "body": base64.b64encode(json.dumps(item).encode()).decode()})
    wait_for("its answer", lambda: len(life.replies) > count)
    assert life.replies[-1] == 200


@pytest.fixture
def slow_shop():
    """Takes calls and answers when it is told to."""
    go = threading.Event()
    odd = Odd(lambda n, r: (go.wait(10), http())[1])
    odd.go = go
    yield odd
    go.set()
    odd.close()


@pytest.mark.parametrize("later", [
    {"key": "2", "call": "x1", "to": "+8613800000001"}, {"end": "0", "call": "x1", "ours": "00003000a0021"}])
def test_a_key_that_overtook_its_call_survives_the_driver(tmp_path, slow_shop, later):
    """They tell of the key by their own name, before they have told that; then the driver dies."""
    journal, took = str(tmp_path / "journal"), []
    life = Life(tmp_path, calling(slow_shop.url), journal, took)
    place(life)
    wait_for("the request", lambda: slow_shop.requests)
    push(life, {"key": "1", "call": "x1"})
    life.kill()
    assert not took
    for _ in range(2):                      # and dies again before anybody could know
        life = Life(tmp_path, calling(slow_shop.url), journal, took)
        push(life, {"key": "9", "call": "other"})
        life.kill()
    life = Life(tmp_path, calling(slow_shop.url), journal, took)
    push(life, later)
    wait_for("the key", lambda: "00003000a0021 1" in took)
    life.end()
    told = list(took)
    life = Life(tmp_path, calling(slow_shop.url), journal, took)
    push(life, {"key": "8", "call": "nobody's"})
    life.end()
    assert took == told and not [t for t in told if t.endswith(" 9")]


def test_a_key_after_a_restart_belongs_to_the_call_that_it_names(tmp_path, slow_shop):
    journal, took = str(tmp_path / "journal"), []
    slow_shop.go.set()
    life = Life(tmp_path, calling(slow_shop.url), journal, took)
    place(life)
    wait_for("their name is on the disk", lambda: os.path.exists(journal) and
             b'"ref":"x1"' in open(journal, "rb").read())
    life.kill()
    life = Life(tmp_path, calling(slow_shop.url), journal, took)
    push(life, {"key": "1", "call": "x1"})
    wait_for("the key", lambda: took == ["00003000a0021 1"])
    life.end()


# --- with gongd ------------------------------------------------------------------------------------

def route(shop):
    return ('route "shop" {\n driver = "gong-http"\n channels = {sms}\n config = \'%s\'\n}\n'
            % json.dumps(profile(shop.url)))


@pytest.fixture
def world():
    with World(name="journal") as w:
        yield w


def texts(world):
    return [r["text"] for r in world.rows("SELECT text FROM inbound ORDER BY id")]


def journal_of(world, name="shop"):
    return os.path.join(world.state, "journal", name)


@pytest.mark.parametrize("seed", range(3))
def test_gongd_and_drivers_killed_again_and_again_lose_nothing(world, shop, seed):
    random.seed(seed)
    shop.most = 7
    world.routes = route(shop)
    world.write_conf()
    world.start()
    died = []
    for i in range(12):
        shop.put("/replies", *replies(20, first=20 * i))
        time.sleep(random.random() * 0.3)
        if i % 3 == 2:                      # the one on its way may be lost
            with shop.lock:                 # nothing is handed out in this moment …
                died.append(len(shop.handed))
                for pid in world.drivers().values():
                    os.kill(pid, signal.SIGKILL)
        else:                               # its driver ends by itself, and loses nothing
            world.kill()
            world.start()
    settle(shop, journal_of(world))
    got = texts(world)
    assert len(got) == len(set(got)), "an answer was taken twice"
    wanted = {"text %d" % i for i in range(240)}
    # … but what was asked for before may be handed to the dead driver afterwards.
    lost = {i["text"] for at in died for items in shop.handed[max(at - 1, 0):at + 1] for i in items}
    assert set(got) | lost >= wanted and set(got) <= wanted, \
        [sorted(wanted - set(got) - lost), shop.handed]


def test_an_answer_that_is_on_its_way_when_gongd_dies_is_kept(world, shop):
    """The driver has more to say then, too, that nobody hears: what waits in it comes back."""
    world.routes = ('route "shop" {\n driver = "gong-http"\n channels = {sms}\n config = \'%s\'\n}\n'
                    % json.dumps(profile(shop.url, connections=1)))
    world.write_conf()
    world.start()
    load(world, 20)
    wait_for("the route", world.all_up)
    shop.rest_s = 0.6
    shop.put("/replies", *replies(3))
    broadcast(world)
    wait_for("messages that wait", lambda: world.states()["sending"] > 2, every=0.005)
    wait_for("it to be handed out", lambda: shop.handed, every=0.005)
    world.kill()
    assert os.path.getsize(journal_of(world)) > 0
    shop.rest_s = 0
    world.start()
    wait_for("the replies", lambda: len(texts(world)) == 3)


def test_a_journal_that_cannot_be_opened_stops_the_pulls_and_says_so(world, shop):
    world.routes = route(shop)
    world.write_conf()
    os.makedirs(world.state)
    os.mkdir(os.path.join(world.state, "journal"), 0o700)
    os.symlink("/dev/null", journal_of(world))
    shop.put("/replies", *replies(3))
    world.start()
    tasks = lambda: [t["text"] for t in world.rows("SELECT text FROM task WHERE closed_at IS NULL")]
    wait_for("a task", lambda: any("handed" in t or "hands out once" in t for t in tasks()))
    assert shop.asked == 0
    os.unlink(journal_of(world))
    os.mkfifo(journal_of(world))
    for pid in world.drivers().values():
        os.kill(pid, signal.SIGKILL)
    wait_for("up again", world.all_up)
    assert shop.asked == 0
    os.unlink(journal_of(world))
    for pid in world.drivers().values():
        os.kill(pid, signal.SIGKILL)
    wait_for("the replies", lambda: len(texts(world)) == 3)
    assert os.stat(journal_of(world)).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(journal_of(world))).st_mode & 0o777 == 0o700


def test_a_removed_route_takes_its_empty_journal_along(world, shop):
    world.routes = route(shop) + sim_route(world.path("books"), name="full")
    world.write_conf()
    world.start()
    wait_for("both", world.all_up)
    with open(journal_of(world, "full"), "ab") as f:
        f.write(b"somebody's words")
    world.routes = route(shop).replace('"shop"', '"other"')
    world.write_conf()
    shop.rest_s = 0.5
    asked = shop.asked
    wait_for("an answer, with nothing in it, that is on its way", lambda: shop.asked > asked)
    world.gongd.signal(signal.SIGHUP)
    wait_for("it is gone", lambda: not os.path.exists(journal_of(world)))
    wait_for("and kept, said", lambda: "journal of a removed route kept route=full" in world.log_tail(100))
    assert os.path.exists(journal_of(world, "full"))
