"""A gongd's life around its alerts: reload, restart with other settings, versions, one at a time."""
import os
import shutil
import signal
import subprocess

from district import District
from harness import BUILD, ROOT, World, wait_for

SIM = '''route "sim" {
 driver = "gong-sim"
 channels = {sms}
 option "simulation" { value = "true" }
}
'''


def own_files(world):
    """Templates and policies of this world's own, so that a test may change them."""
    shutil.copytree(os.path.join(ROOT, "templates"), world.path("templates"))
    shutil.copytree(os.path.join(ROOT, "config/policies"), world.path("policies"))
    shutil.copy(os.path.join(ROOT, "config/roles.conf"), world.path("roles.conf"))
    edit(world.conf, ROOT + "/templates", "templates", ROOT + "/config/policies", "policies",
         ROOT + "/config/roles.conf", "roles.conf")


def edit(path, *pairs):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for old, new in zip(pairs[::2], pairs[1::2]):
        assert old in text, (path, old)
        text = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def log(world):
    with open(world.path("gongd.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def reload(world, word):
    before = log(world).count(word)
    world.gongd.signal(signal.SIGHUP)
    wait_for("the log to say: " + word, lambda: log(world).count(word) > before, 10)


def move(world, key):
    return world.send(key=key, template="flood.move", policy="move.now", severity="red",
                      audience={"divisions": ["990121001"]})


def texts(world, alert):
    return {r["body"] for r in world.rows("SELECT body FROM variant WHERE alert = ?", alert)}


def test_an_open_alert_keeps_its_versions_and_the_next_has_the_new_ones():
    with World(SIM, divisor=80, name="versions") as world:      # 4 min are 3 s
        own_files(world)
        world.start()
        world.load(District(1, 2))
        first = move(world, "first")
        edit(world.path("templates/esc.move.conf"), "请马上派人进村，直接组织转移。", "请速派人。")
        edit(world.path("templates/flood.move.conf"), "马上敲锣", "立刻敲锣")
        reload(world, "settings reloaded")
        second = move(world, "second")
        wait_for("both townships to be told", lambda: all(
            any("未应答" in t for t in texts(world, a)) for a in (first, second)), 20)
        assert any("请马上派人进村，直接组织转移。" in t for t in texts(world, first))
        assert not any("请速派人。" in t for t in texts(world, first))
        assert any("请速派人。" in t for t in texts(world, second))
        assert any("立刻敲锣" in t for t in texts(world, second))


def test_a_faulty_file_changes_nothing():
    with World(SIM, name="reload") as world:
        own_files(world)
        world.start()
        world.load(District(1, 2))
        edit(world.path("templates/flood.move.conf"), "{{place}}", "{{plaice}}")
        reload(world, "reload refused")
        assert "flood.move.conf:" in log(world)
        assert move(world, "still")
        os.remove(world.path("templates/flood.move.conf"))


def test_a_reload_that_an_open_alert_cannot_live_with_is_refused():
    with World(SIM, name="roles") as world:
        own_files(world)
        world.start()
        world.load(District(1, 2))
        move(world, "open")
        for name in os.listdir(world.path("policies")):
            if name != "duty.callout.conf":
                os.remove(world.path("policies/" + name))
        edit(world.conf, 'kinds = {"%s/config/kinds.conf"}' % ROOT, "kinds = {}")
        edit(world.path("roles.conf"), 'role "transfer_lead"', 'role "transfer_chief"',
             '"transfer_lead"', '"transfer_chief"')
        reload(world, "settings not reloaded")


def test_a_renamed_route_is_another_one_and_loses_nothing():
    with World(SIM, name="routes") as world:
        world.start()
        world.load(District(1, 2))
        edit(world.conf, 'route "sim"', 'route "other"')
        reload(world, "settings reloaded")
        alert = move(world, "after")
        wait_for("messages by the new route", lambda: any(
            a["route_name"] == "other" for a in world.attempts()))
        assert world.alert(alert)["state"] == "active"


def test_a_second_gongd_on_the_same_folder_is_refused():
    with World(SIM, name="twice") as world:
        world.start()
        p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf],
                           capture_output=True, text=True, timeout=30)
        assert p.returncode == 1 and "another gongd works on" in p.stderr


def test_a_damaged_store_is_refused_with_the_remedy():
    with World(SIM, name="damaged") as world:
        world.start()
        world.gongd.stop()
        with open(os.path.join(world.state, "gong.db"), "r+b") as f:
            f.seek(0)
            f.write(b"this is no database" * 40)
        for suffix in ("-wal", "-shm"):
            if os.path.exists(os.path.join(world.state, "gong.db" + suffix)):
                os.remove(os.path.join(world.state, "gong.db" + suffix))
        p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf],
                           capture_output=True, text=True, timeout=30)
        assert p.returncode == 1 and "gongd --restore FILE" in p.stderr


def test_check_names_file_line_and_remedy():
    with World(SIM, name="check") as world:
        own_files(world)
        edit(world.path("policies/move.now.conf"), "village_deputy", "village_viceroy")
        edit(world.path("templates/flood.move.conf"), "撤完回复3", "撤完回复7")
        p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf, "--check"],
                           capture_output=True, text=True, timeout=30)
        assert p.returncode == 1
        assert "move.now.conf:" in p.stderr and "village_viceroy" in p.stderr
        assert "flood.move.conf:" in p.stderr and "7" in p.stderr
