"""The store's files under a running gongd: removed, replaced, locked by a second one, without
their log.  Nothing is lost in silence, and what was accepted goes on."""
import os
import shutil
import signal
import subprocess

from district import District
from harness import BUILD, World, read_books, wait_for

SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms}
 option "simulation" { value = "true" }
 option "latency_ms" { value = "20" }
 option "log" { value = "%s/sim.books" }
}
'''


def world_of(name):
    world = World(name=name)
    world.routes = SIM % world.dir
    world.write_conf()
    return world


def log(world):
    with open(world.path("gongd.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def request(key):
    return dict(key=key, template="notice.text", severity="red", params={"text": key},
                audience={"contacts": ["warner-990121001001-1"]})


def post(world, key):
    return world.api("POST", "/v1/alerts", request(key))


def not_ready(world):
    status, answer = world.api("GET", "/health/ready")
    return answer["detail"] if status == 503 else None


def refused_start(world):
    p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf], capture_output=True,
                       text=True, timeout=60)
    assert p.returncode == 1, p
    return p.stderr


def tasks(world, kind):
    return [t for t in world.api("GET", "/v1/tasks?open=1")[1]["tasks"] if t["kind"] == kind]


def test_a_file_taken_from_under_gongd():
    with world_of("files") as world:
        world.start()
        world.load(District(1, 2))
        for name in ("gong.db", "gong.db-wal", "gong.db-shm"):
            for how in ("removed", "replaced"):
                file_is_taken(world, name, how)


def file_is_taken(world, name, how):
    sent, told = len(read_books(world.path("sim.books"))), log(world).count("store files moved")
    key = "%s %s" % (name, how)
    assert post(world, key)[0] == 202
    path = os.path.join(world.state, name)
    aside = path + ".aside"
    os.rename(path, aside)
    if how == "replaced":
        shutil.copy(aside, path)
    why = wait_for("gongd to notice", lambda: not_ready(world), 5)
    assert path in why and how in why and "restore" in why
    wait_for("the log to say it", lambda: log(world).count("error store files moved") > told, 5)
    status, answer = post(world, "refused")
    assert status == 503 and path in answer["detail"], (status, answer)
    wait_for("a task", lambda: tasks(world, "files"), 5)
    # what was accepted goes on: gongd still has the files themselves
    wait_for("the message to be sent", lambda: len(read_books(world.path("sim.books"))) == sent + 1)
    # and a person may put the same file back
    os.rename(aside, path)
    wait_for("gongd to be ready again", world.is_ready, 5)
    wait_for("the task to be closed", lambda: not tasks(world, "files"), 5)
    assert "info store files are back" in log(world)


def test_a_second_gongd_without_the_first_ones_name_of_the_file():
    """Neither a removed lock file nor another name of the same database lets a second one in."""
    with world_of("second") as world:
        world.start()
        for name in os.listdir(world.state):
            if "lock" in name:
                os.unlink(os.path.join(world.state, name))
        assert "another gongd works on" in refused_start(world)
        other = world.path("other")
        os.mkdir(other)
        os.link(os.path.join(world.state, "gong.db"), os.path.join(other, "gong.db"))
        conf = world.path("other.conf")
        with open(world.conf, encoding="utf-8") as f:
            text = f.read().replace('state_dir = "state"', 'state_dir = "other"')
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text.replace("gong.sock", "other.sock"))
        mine, world.conf = world.conf, conf
        assert "another gongd works on" in refused_start(world)
        world.conf = mine
        assert world.is_ready()


def test_sqlite_keeps_its_own_locks():
    """gongd's lock is on a descriptor of the database: had it been closed, SQLite's were gone."""
    with world_of("locks") as world:
        world.start()
        world.load(District(1, 2))
        holders = subprocess.run(["cat", "/proc/locks"], capture_output=True, text=True).stdout
        inode = os.stat(os.path.join(world.state, "gong.db")).st_ino
        mine = [line.split() for line in holders.splitlines()
                if line.split()[4] == str(world.gongd.pid) and
                line.split()[5].endswith(":%d" % inode)]
        assert {"FLOCK", "POSIX"} <= {entry[1] for entry in mine}, holders


def test_a_log_that_is_missing_after_a_kill():
    with world_of("nolog") as world:
        world.start()
        world.load(District(1, 2))
        assert post(world, "one")[0] == 202
        world.kill()
        os.unlink(os.path.join(world.state, "gong.db-wal"))
        world.start(wait=False)
        why = wait_for("gongd to say so", lambda: ready_or_error(world), 20)
        assert "wal" in why and "restore" in why, why
        wait_for("a task", lambda: tasks(world, "damage"), 5)
        world.gongd.stop()
        world.start(wait=False)                 # a restart does not forget
        assert "wal" in wait_for("gongd to say so again", lambda: ready_or_error(world), 20)
        world.gongd.stop()
        os.unlink(os.path.join(world.state, "gong.db-damage"))      # a person knows better
        world.start()


def ready_or_error(world):
    assert world.gongd.alive(), world.log_tail()
    try:
        status, answer = world.api("GET", "/health/ready")
    except OSError:
        return None
    return answer["detail"] if status == 503 else "ready"


def test_a_log_of_another_database_is_not_mixed_in():
    with world_of("mixed") as world:
        world.start()
        world.load(District(1, 2))
        world.gongd.stop()
        path = os.path.join(world.state, "gong.db")
        backup = world.path("backup.db")
        shutil.copy(path, backup)
        world.start()
        assert post(world, "one")[0] == 202
        world.kill()
        os.rename(path, path + ".damaged")      # restored, but the old one's log was left there
        shutil.copy(backup, path)
        why = refused_start(world)
        assert "gong.db-wal was written for another" in why and "move" in why, why
        for suffix in ("-wal", "-shm"):
            os.rename(path + suffix, path + ".damaged" + suffix)
        world.start()
        assert post(world, "two")[0] == 202


def test_an_orderly_stop_is_no_missing_log():
    with world_of("orderly") as world:
        for _ in range(2):
            world.start()
            world.gongd.stop()
        assert not [n for n in os.listdir(world.state) if n.startswith("gong.db-")]
        with open(world.conf, encoding="utf-8") as f:
            text = f.read()
        with open(world.conf, "w", encoding="utf-8") as f:      # a start that fails after opening
            f.write(text.replace('socket = "gong.sock"', 'socket = "none/gong.sock"'))
        refused_start(world)
        with open(world.conf, "w", encoding="utf-8") as f:
            f.write(text)
        world.start()
        world.gongd.signal(signal.SIGKILL)
        wait_for("gongd to end", lambda: not world.gongd.alive())
        world.start()                           # nor is a kill that leaves the log
