"""harness.py -- real gongd, real drivers and the simulators in a temporary folder.

Used by the system tests, the demo and the bench.  Everything it starts it ends by its process
id; every wait is bounded.  It looks into gongd's books by a read-only connection of its own.
"""
import collections
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("B") or "build/" + os.environ.get("MODE", "release"))
KANNEL = os.path.join(ROOT, "build", "kannel")       # Debian's, unpacked by make have-test
TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
SLOW = 5 if BUILD.endswith("asan") else 1    # sanitizers: patience, not other expectations
BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
STATES = "queued sending sent delivered failed expired withdrawn uncertain".split()
OUTCOMES = "none accepted rejected unknown withdrawn".split()


def wait_for(what, test, seconds=20.0, every=0.02):
    """The first true value of test(), or AssertionError that says what did not happen."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("did not happen within %.0f s: %s" % (seconds * SLOW, what))
        time.sleep(every)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def driver_event(line):
    """What a driver says in a line: a reason that is a phrase (docs/drivers.md, Words) is looked at by its English."""
    event = json.loads(line)
    if isinstance(event.get("reason"), dict):
        event["phrase"] = event["reason"]
        event["reason"] = event["phrase"]["detail"]
    return event


def message_id(text):
    """The wire's id -> (wave, contact, attempt)."""
    n = 0
    for c in text:
        n = n << 5 | BASE32.index(c)
    return n >> 35, n >> 5 & 0x3FFFFFFF, n & 31


class Process:
    """A program of ours; ends with `stop`, by its own pid."""

    def __init__(self, name, argv, log, ready=None, **kw):
        self.name, self.log = name, log
        self.file = open(log, "ab")
        self.p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=self.file,
                                  stdout=subprocess.PIPE if ready else self.file, **kw)
        self.words = None
        if ready:
            line = self.p.stdout.readline().decode()
            if not line.startswith(ready):
                raise AssertionError("%s did not start: %r, see %s" % (name, line, log))
            self.words = line.split()

    @property
    def pid(self):
        return self.p.pid

    def alive(self):
        return self.p.poll() is None

    def signal(self, number):
        if self.alive():
            self.p.send_signal(number)

    def stop(self, number=None, seconds=15):
        self.signal(number or signal.SIGTERM)
        try:
            self.p.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait(5)
        if self.p.stdout:
            self.p.stdout.close()
        self.file.close()
        return self.p.returncode


def sim_route(books, name="sim", **options):
    """gong.conf's words for a simulated network; underscores of an option as they are."""
    lines = "".join(' option "%s" { value = "%s" }\n' % o for o in dict(
        dict(simulation="true", log=books), **options).items())
    return 'route "%s" {\n driver = "gong-sim"\n channels = {sms}\n%s}\n' % (name, lines)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class World:
    """One gongd with its folder, settings, simulators and books."""

    heard = None                # what every exchange is told to; tests/system/conftest.py sets it

    def __init__(self, routes="", divisor=1, site="", listen="", clients="", name="gong"):
        self.dir = tempfile.mkdtemp(prefix="gong-%s-" % name)
        self.processes, self.gongd, self.starts = [], None, 0
        self.socket = os.path.join(self.dir, "gong.sock")
        self.state = os.path.join(self.dir, "state")
        self.conf = os.path.join(self.dir, "gong.conf")
        self.routes, self.divisor, self.site = routes, divisor, site
        self.listen, self.clients = listen, clients
        self.write_conf()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write_conf(self):
        with open(self.path("token"), "w", encoding="utf-8") as f:
            f.write(TOKEN + "\n")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write('''state_dir = "state"
driver_dir = "%(build)s"
roles = "%(root)s/config/roles.conf"
templates = {"%(root)s/templates"}
policies = {"%(root)s/config/policies"}
kinds = {"%(root)s/config/kinds.conf"}
site {
	signature_zh = "【青石县应急】"
	signature_en = "QSX EOC: "
	country = "999"
	policy_divisor = %(divisor)s
	%(site)s
}
listen {
	port = 0
	socket = "gong.sock"
	%(listen)s
}
client "tester" {
	token_file = "token"
	up_to = red
	may = {read, send, import}
}
%(clients)s
%(routes)s
''' % dict(build=BUILD, root=ROOT, divisor=float(self.divisor), site=self.site,
           listen=self.listen, clients=self.clients, routes=self.routes))

    # -- processes --

    def start_sim(self, name, program, *argv):
        p = Process(name, [os.path.join(BUILD, "sim", program), *map(str, argv)],
                    self.path(name + ".log"), ready="ready")
        self.processes.append(p)
        return p

    def start(self, wait=True):
        self.starts += 1
        self.gongd = Process("gongd", [os.path.join(BUILD, "gongd"), "--config", self.conf],
                             self.path("gongd.log"))
        if wait:
            wait_for("gongd ready, see " + self.path("gongd.log"), self.is_ready)
        return self.gongd

    def all_up(self):
        status, answer = self.api("GET", "/v1/routes")
        return status == 200 and all(r["state"] == "up" for r in answer["routes"])

    def is_ready(self):
        assert self.gongd.alive(), "gongd ended: " + self.log_tail()
        try:
            return self.api("GET", "/health/ready")[0] == 200
        except OSError:
            return False

    def kill(self):
        """Power off for gongd: SIGKILL, and its drivers go with it."""
        drivers = self.drivers()
        self.gongd.stop(signal.SIGKILL)
        for pid in drivers.values():
            wait_for("driver %d to follow gongd" % pid, lambda p=pid: not is_alive(p))

    def drivers(self):
        """route name -> pid of its driver, by the config file the kernel shows no secret of."""
        found = {}
        for pid in children(self.gongd.pid):
            try:
                with open("/proc/%d/cmdline" % pid, "rb") as f:
                    found.setdefault(os.path.basename(f.read().split(b"\0")[0].decode()),
                                     []).append(pid)
            except OSError:
                continue
        flat = {}
        for name, pids in found.items():
            for i, pid in enumerate(sorted(pids)):
                flat[name if i == 0 else "%s-%d" % (name, i + 1)] = pid
        return flat

    def close(self, keep=False):
        problems = []
        if self.gongd and self.gongd.alive():
            code = self.gongd.stop()
            if code != 0:
                problems.append("gongd ended with %s: %s" % (code, self.log_tail()))
        for p in reversed(self.processes):
            p.stop()
        if not keep and not problems:
            shutil.rmtree(self.dir, ignore_errors=True)
        assert not problems, problems

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            print("kept for a look:", self.dir)
            print(self.log_tail())
            if self.gongd and self.gongd.alive():
                self.gongd.stop()
            for p in reversed(self.processes):
                p.stop()
        else:
            self.close()

    def log_tail(self, lines=15):
        try:
            with open(self.path("gongd.log"), encoding="utf-8", errors="replace") as f:
                return "\n".join(f.read().splitlines()[-lines:])
        except OSError:
            return ""

    # -- the API --

    def request(self, connection, method, path, body=None, headers=None):
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        kind = "text/csv" if isinstance(body, bytes) else "application/json"
        connection.request(method, path, data, {**({"Content-Type": kind} if data else {}),
                                                **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        try:
            said = json.loads(text)
        except ValueError:
            said = text.decode("utf-8", "replace")
        if self.heard:
            self.heard(method, path, answer.status, answer.getheader("Content-Type"), said, body)
        return answer.status, said

    def api(self, method, path, body=None, headers=None):
        connection = UnixConnection(self.socket, 60 * SLOW)
        try:
            return self.request(connection, method, path, body, headers)
        finally:
            connection.close()

    @property
    def port(self):
        with open(os.path.join(self.state, "port"), encoding="ascii") as f:
            return int(f.read())

    def tcp(self, method, path, body=None, headers=None, token=TOKEN):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60 * SLOW)
        try:
            auth = {"Authorization": "Bearer " + token} if token else {}
            return self.request(connection, method, path, body, {**auth, **(headers or {})})
        finally:
            connection.close()

    def ctl(self, *argv, check=True, lang="zh"):
        p = subprocess.run([os.path.join(BUILD, "gongctl"), "--socket", self.socket, "--lang", lang,
                            *argv], capture_output=True, text=True, timeout=120 * SLOW)
        if check and p.returncode != 0:
            raise AssertionError("gongctl %s: %d %s%s" % (" ".join(argv), p.returncode, p.stdout,
                                                          p.stderr))
        return p.stdout if check else p

    def load(self, district):
        district.write(self.path("lists"))
        for kind in ("divisions", "contacts", "roster")[:3 if district.roster else 2]:
            with open(self.path("lists/%s.csv" % kind), "rb") as f:
                status, answer = self.api("POST", "/v1/import/" + kind, f.read())
            assert status == 200, (kind, status, answer)

    def write_to(self, *events, late=False):
        """What a route `writer` brings: tests/system/writer_driver.py, from the next start on; late:
        it is not ready before all of it is taken."""
        with open(self.path("says"), "a", encoding="utf-8") as f:
            f.writelines(json.dumps(e) + "\n" for e in events)
        if "writer" not in self.routes:
            self.routes += ('route "writer" {\n driver = "%s/tests/system/writer_driver.py"\n'
                            ' channels = {sms}\n option "says" { value = "%s" }\n'
                            ' option "took" { value = "%s" }\n%s}\n' % (
                                ROOT, self.path("says"), self.path("took"),
                                ' option "late" { value = "yes" }\n' if late else ""))
            self.write_conf()

    def send(self, **request):
        status, answer = self.api("POST", "/v1/alerts", request)
        assert status == 202, (status, answer)
        return answer["id"]

    def alert(self, ident):
        status, answer = self.api("GET", "/v1/alerts/%d" % ident)
        assert status == 200, (status, answer)
        return answer

    # -- gongd's books --

    def rows(self, sql, *args):
        db = sqlite3.connect("file:%s/gong.db?mode=ro" % self.state, uri=True, timeout=20)
        try:
            db.row_factory = sqlite3.Row
            return [dict(r) for r in db.execute(sql, args)]
        finally:
            db.close()

    def change(self, sql, *args):
        """What no command does: years that pass, a trigger that refuses."""
        db = sqlite3.connect(os.path.join(self.state, "gong.db"), timeout=30)
        db.execute(sql, args)
        db.commit()
        db.close()

    def messages(self):
        """Every message with the state that counts: a row still queued in a wave that was
        withdrawn or has expired shares its wave's fate."""
        rows = self.rows("""SELECT m.*, w.alert, w.channel, w.kind, w.step, w.state AS wave_state,
            w.expires_at, v.head, v.body FROM message m JOIN wave w ON w.id = m.wave
            LEFT JOIN variant v ON v.id = m.variant""")
        for r in rows:
            state = STATES[r["state"]]
            if state == "queued" and r["wave_state"] == 3:
                state = "withdrawn"
            if state == "queued" and r["wave_state"] == 4:
                state = "expired"
            r["state"] = state
        return rows

    def states(self):
        return collections.Counter(m["state"] for m in self.messages())

    def settled(self):
        """No message is queued or with a driver any more."""
        states = self.states()
        return states["queued"] == 0 and states["sending"] == 0

    def attempts(self):
        rows = self.rows("""SELECT a.*, r.name AS route_name, w.channel FROM attempt a
            JOIN route r ON r.id = a.route JOIN wave w ON w.id = a.wave""")
        for r in rows:
            r["outcome"] = OUTCOMES[r["outcome"]]
        return rows


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def read_books(path):
    """One JSON object a line.  A line that a kill tore is none: its messages were never reported,
    and if they were, the books do not agree."""
    if not os.path.exists(path):
        return []
    entries = []
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
    return entries


def books_agree(world, routes):
    """gongd's books against the simulators', line by line.

    `routes`: route name -> book entries, each with "to" and, where the network was told it,
    "id" (ours).  Returns the figures; raises on the first disagreement."""
    attempts = world.attempts()
    messages = {(m["wave"], m["contact"]): m for m in world.messages()}
    sending = [m for m in messages.values() if m["state"] == "sending"]
    assert not sending, "still with a driver: %s" % sending[:3]
    copies = collections.Counter()
    figures = dict(messages=len(messages), network=0, unknown=0, duplicates=0)
    for route, entries in routes.items():
        mine = [a for a in attempts if a["route_name"] == route]
        figures["network"] += len(entries)
        figures["unknown"] += sum(a["outcome"] == "unknown" for a in mine)
        if all("id" in e for e in entries) and entries:
            agree_by_id(route, mine, entries)
            for e in entries:
                copies[message_id(e["id"])[:2]] += 1
        else:
            agree_by_number(route, mine, entries, messages)
            for a in mine:
                copies[(a["wave"], a["contact"])] += a["outcome"] == "accepted"
    unknown = collections.Counter((a["wave"], a["contact"]) for a in attempts
                                  if a["outcome"] == "unknown")
    for key, count in copies.items():
        assert count <= 1 + unknown[key], "message %s was sent %d times with %d unknown" % (
            key, count, unknown[key])
        figures["duplicates"] += count > 1
    return figures


def agree_by_id(route, attempts, entries):
    seen = collections.Counter(message_id(e["id"]) for e in entries)
    mine = {(a["wave"], a["contact"], a["n"]): a for a in attempts}
    for key, count in seen.items():
        a = mine.get(key)
        assert a, "%s has a message that gongd's books lack: %s" % (route, key)
        assert a["outcome"] in ("accepted", "unknown"), (route, key, a["outcome"])
        assert count == 1, "%s got attempt %s %d times" % (route, key, count)
    for key, a in mine.items():
        if a["outcome"] == "accepted":
            assert seen[key] == 1, "gongd's books have %s as accepted, %s does not" % (key, route)


def agree_by_number(route, attempts, entries, messages):
    """Networks that never hear our id: the same texts to the same numbers, as often."""
    seen = collections.Counter((e["to"].lstrip("+"), e["text"]) for e in entries)
    sure, maybe = collections.Counter(), collections.Counter()
    for a in attempts:
        m = messages[(a["wave"], a["contact"])]
        key = (str(a["e164"]), (m["head"] or "") + m["body"])
        sure[key] += a["outcome"] == "accepted"
        maybe[key] += a["outcome"] in ("accepted", "unknown")
    for key, count in seen.items():
        assert count <= maybe[key], "%s sent %s %d times, gongd knows of %d" % (
            route, key, count, maybe[key])
    for key, count in sure.items():
        assert seen[key] >= count, "gongd's books have %s as accepted %d times, %s sent %d" % (
            key, count, route, seen[key])
