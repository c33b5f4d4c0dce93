"""An import is shown before it is done: by gongctl, on a terminal and off it; who is missing is removed
inside one division only, and what would hurt an open alert wants a yes; kill -9 and a damaged page cost
nothing that was promised."""
import os
import pty
import select
import subprocess
import threading
import time

import pytest

from district import District
from harness import BUILD, World, sim_route, wait_for
from test_damage import spoil

HERE = "990121001"
MOVE = dict(template="flood.move", policy="move.now", severity="red", params={"route": "村北"})


@pytest.fixture(scope="module")
def world():
    with World(name="imports") as w:
        w.routes = sim_route(w.path("books"))
        with open(w.path("village2"), "w", encoding="ascii") as f:
            f.write("village2" * 4)
        w.clients = ('client "village2" {\n token_file = "%s"\n may = {import}\n divisions = {990121001002}\n}\n'
                     % w.path("village2"))
        w.write_conf()
        w.start()
        w.district = District(1, 20)
        w.load(w.district)
        yield w


def posts(world, within=HERE, without=()):
    """The rows of the people of a place, but those of some."""
    return [dict(p) for p in world.district.posts if p["division"].startswith(within) and p["id"] not in without]


def write(world, rows, name="list.csv"):
    titles = ["id", "name", "phone", "phone2", "role", "division", "role_order", "lang", "voice", "sms", "active"]
    with open(world.path(name), "w", encoding="utf-8") as f:
        f.write("\n".join([",".join(titles)] + [",".join(str(r[t]) for t in titles) for r in rows]) + "\n")
    return world.path(name)


def ctl(world, *argv, lang="en"):
    p = subprocess.run([os.path.join(BUILD, "gongctl"), "--socket", world.socket, "--lang", lang, "--no-pager", *argv],
                       capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    return p.returncode, p.stdout, p.stderr


def typed(world, answer, *argv):
    """gongctl on a terminal, whose user types that when he is asked."""
    pid, fd = pty.fork()
    if not pid:
        os.execv(os.path.join(BUILD, "gongctl"), ["gongctl", "--socket", world.socket, "--lang", "en", *argv])
    shown, asked = "", False
    while select.select([fd], [], [], 30)[0]:
        try:
            data = os.read(fd, 4096)
        except OSError:
            data = b""
        if not data:
            break
        shown += data.decode()
        if "[y/N]" in shown and not asked:
            asked = True
            os.write(fd, answer.encode() + b"\n")
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def contact(world, ref):
    return world.rows("SELECT name, active FROM contact WHERE ref = ?", ref)[0]


def changed_name(world, name):
    rows = posts(world)
    ref = rows[0]["id"]
    for r in rows:
        if r["id"] == ref:
            r["name"] = name
    return ref, write(world, rows)


def test_it_only_shows(world):
    ref, path = changed_name(world, "王新")
    old = contact(world, ref)["name"]
    code, out, err = ctl(world, "import", "contacts", path, "--dry-run")
    assert (code, err) == (0, "") and "1 changed" in out and "0 added" in out, out + err
    assert any(ref in line and old in line and "王新" in line for line in out.splitlines()), out
    assert contact(world, ref)["name"] == old
    assert "变更1" in ctl(world, "import", "contacts", path, "--dry-run", lang="zh")[1]
    assert not [i for i in world.api("GET", "/v1/imports")[1]["imports"] if i["state"] == "ready"]


def test_a_terminal_is_asked_and_a_pipe_is_not(world):
    ref, path = changed_name(world, "王二")
    old = contact(world, ref)["name"]
    code, shown = typed(world, "n", "import", "contacts", path)
    assert code == 0 and "nothing was changed" in shown and contact(world, ref)["name"] == old
    code, shown = typed(world, "y", "import", "contacts", path)
    assert code == 0 and "1 changed" in shown and contact(world, ref)["name"] == "王二", shown
    new = dict(posts(world)[0], id="only-new", phone="+999188000002", phone2="", role="dept_head", division="990121")
    code, shown = typed(world, "n", "import", "contacts", write(world, [new]))
    assert code == 0 and "[y/N]" not in shown and contact(world, "only-new")["active"], shown
    ref, path = changed_name(world, "王三")
    code, shown = typed(world, "", "import", "contacts", path, "--yes")
    assert code == 0 and "[y/N]" not in shown and contact(world, ref)["name"] == "王三"
    ref, path = changed_name(world, "王四")
    code, out, err = ctl(world, "import", "contacts", path)
    assert code == 0 and out.startswith("imported ") and "1 changed" in out and contact(world, ref)["name"] == "王四"


def test_who_is_missing_loses_what_is_inside(world):
    chief = next(p for p in world.district.posts if p["role"] == "warner" and p["role_order"] == 2)["id"]
    assert ctl(world, "import", "contacts", write(world, posts(world)), "--replace")[0] == 2
    half = write(world, posts(world)[:50])
    code, out, err = ctl(world, "import", "contacts", half, "--replace", "--within", HERE)
    assert code == 1 and "more than one in ten" in err, out + err
    one = write(world, posts(world, without=(chief,)))
    code, out, err = ctl(world, "import", "contacts", one, "--replace", "--within", HERE + "001", "--yes")
    assert code == 0 and "1 lost their posts" in out and "0 are not active" in out, out + err
    left = world.rows("SELECT division FROM post p JOIN contact c ON c.id = p.contact WHERE c.ref = ?", chief)
    assert [r["division"] for r in left] == [int(HERE + "002")] and contact(world, chief)["active"]
    code, out, err = ctl(world, "import", "contacts", one, "--replace", "--within", HERE)
    assert code == 0 and "1 are not active" in out and not contact(world, chief)["active"], out + err
    world.load(world.district)
    assert contact(world, chief)["active"]


def test_a_roster_is_shown_in_days_and_words(world):
    duty = "role,division,contact,from,to\nduty_officer,990121,%s,2026-12-03 08:00,2026-12-04 %s:00\n"
    who = posts(world)[0]["id"]
    assert world.api("POST", "/v1/import/roster", (duty % (who, "08")).encode())[0] == 200
    with open(world.path("duty.csv"), "w", encoding="utf-8") as f:
        f.write(duty % (who, "09"))
    code, out, err = ctl(world, "import", "roster", world.path("duty.csv"), "--dry-run", lang="zh")
    assert code == 0 and "结束  2026-12-04T08:00:00" in out and "2026-12-04T09:00:00" in out, out + err
    code, out, err = ctl(world, "import", "contacts", write(world, [dict(posts(world)[-1], active="no")]),
                         "--dry-run", lang="zh")
    assert code == 0 and "在用" in out and "进行中" not in out and "否" in out, out + err


def test_an_open_target_wants_its_last_person(world):
    place = HERE + "007"
    name = next(d[1] for d in world.district.divisions if d[0] == place)
    alert = world.send(key="open", audience={"divisions": [place]}, **MOVE)
    gone = {p["id"] for p in posts(world, place)}
    path = write(world, posts(world, without=gone))
    code, out, err = ctl(world, "import", "contacts", path, "--replace", "--within", HERE)
    assert code == 1 and name in err and "nobody left" in err, out + err
    assert all(contact(world, ref)["active"] for ref in gone)
    chief = next(p for p in posts(world, place) if p["role"] == "village_chief")
    new = dict(chief, id="new-chief", name="新人", phone="+999188000001")
    named = posts(world, place)                             # the same by what the file says of them
    for change in ({"active": "no"}, {"role": "", "division": ""}):
        path = write(world, [dict(p, **change) for p in named])
        code, out, err = ctl(world, "import", "contacts", path, "--within", place)
        assert code == 1 and name in err and "nobody left" in err, out + err
        one = [dict(p, **change) for p in named if p["id"] == named[0]["id"]]
        code, out, err = ctl(world, "import", "contacts", write(world, one, "one.csv"), "--within", place,
                             "--dry-run")
        assert code == 0 and "nobody left" not in out, out + err
        code, out, err = ctl(world, "import", "contacts", write(world, one, "one.csv"), "--dry-run")
        assert code == 0 and "nobody left" not in out, out + err
        code, out, err = ctl(world, "import", "contacts", path, "--dry-run")
        assert code == 0 and "nobody left" in out, out + err
        before = world.rows("SELECT * FROM contact ORDER BY id"), world.rows("SELECT * FROM post ORDER BY 1, 2, 3")
        code, out, err = ctl(world, "import", "contacts", path)     # a script's, taken over at once
        assert code == 1 and name in err and "nobody left" in err and err.startswith("gongctl: --yes"), out + err
        with open(path, "rb") as f:
            status, answer = world.api("POST", "/v1/import/contacts", f.read())
        assert (status, answer["code"], answer["name"]) == (409, "import_bereaves", "yes"), answer
        assert before == (world.rows("SELECT * FROM contact ORDER BY id"),
                          world.rows("SELECT * FROM post ORDER BY 1, 2, 3"))
        code, out, err = ctl(world, "import", "contacts", write(world, [dict(n, name=n["name"] + "甲") for n in named]))
        assert code == 0, out + err                                 # who keeps his post may be renamed
        code, out, err = ctl(world, "import", "contacts", write(world, [dict(p, **change) for p in named] + [new]))
        assert code == 0, out + err                                 # a successor comes with it
        code, out, err = ctl(world, "import", "contacts", write(world, named + [dict(new, role="", division="")]))
        assert code == 0, out + err
    path = write(world, [dict(p, active="no") for p in named])
    code, out, err = ctl(world, "import", "contacts", path, "--yes")
    assert code == 0, out + err
    code, out, err = ctl(world, "import", "contacts", write(world, named))
    assert code == 0, out + err
    code, out, err = ctl(world, "import", "contacts",       # who is not active is nobody's successor
                         write(world, posts(world, without=gone) + [dict(new, active="no")]),
                         "--replace", "--within", HERE)
    assert code == 1 and name in err and "nobody left" in err, out + err
    code, out, err = ctl(world, "import", "contacts", write(world, posts(world, without=gone) + [new]),
                         "--replace", "--within", HERE)
    assert code == 0, out + err
    path = write(world, posts(world, without=gone))
    code, out, err = ctl(world, "import", "contacts", path, "--replace", "--within", HERE, "--yes")
    assert code == 0 and "! 1 places of open alerts" in out and name in out, out + err
    wait_for("the desk to know", lambda: world.rows(
        "SELECT 1 FROM target WHERE alert = ? AND nobody = 1", alert))
    world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "完"})
    world.load(world.district)


def test_who_is_limited_sees_and_removes_his_own_only(world):
    """A client of the second village; its file lacks everybody, and it may take away what is his."""
    place, token = HERE + "002", "village2" * 4

    def few(method, path, body=None):
        return world.tcp(method, path, body, token=token)
    mine = posts(world, place)
    with open(write(world, mine[:1]), "rb") as f:
        body = f.read()
    outside = "/v1/import/contacts?preview=1&within="
    assert few("POST", outside + HERE, body)[1]["code"] == "import_within"
    with open(write(world, posts(world, HERE + "003")[:1]), "rb") as f:
        assert few("POST", "/v1/import/contacts?preview=1", f.read())[1]["code"] == "import_outside"
    everywhere = few("POST", "/v1/import/contacts?preview=1", body)[1]
    seen = few("POST", outside + place, body)[1]
    assert seen["inside"] == everywhere["inside"] == seen["missing"] + 1 > 5, (seen, everywhere)
    path = "/v1/imports/%d" % seen["id"]
    shown = [f["old"] for r in few("GET", path + "/rows?change=missing")[1]["rows"] for f in r["fields"]
             if f["field"] == "posts"]
    assert shown and all(place in posts and HERE + "001" not in posts for posts in shown), shown
    assert world.api("GET", path)[1]["code"] == world.api("POST", path + "/apply", {})[1]["code"] == "import_of_other"
    assert {i["by"] for i in few("GET", "/v1/imports")[1]["imports"]} == {"village2"}
    status, done = few("POST", path + "/apply", {"replace": True, "yes": True})
    assert status == 200 and done["removed"] == seen["missing"], done
    left = world.rows("SELECT count(*) AS n FROM post WHERE division = ?", int(place))[0]["n"]
    assert left == len([p for p in mine if p["id"] == mine[0]["id"]])
    few("DELETE", "/v1/imports/%d" % everywhere["id"])
    world.load(world.district)


def people(count, name):
    rows = ["id,name,phone,role,division"] + ["h%d,%s,+9993%08d,household,%s001" % (i, name, i, HERE)
                                              for i in range(count)]
    return "\n".join(rows).encode()


@pytest.mark.parametrize("after_ms", [5, 40, 90, 200])
def test_kill_9_while_it_is_applied(world, after_ms):
    count, name = 12000, "户%d" % after_ms
    status, seen = world.api("POST", "/v1/import/contacts?preview=1", people(count, name))
    assert status == 200 and seen["added"] + seen["changed"] == count, seen
    path = "/v1/imports/%d" % seen["id"]

    def apply():
        try:
            world.api("POST", path + "/apply", {})
        except OSError:
            pass
    thread = threading.Thread(target=apply)
    thread.start()
    time.sleep(after_ms / 1000)
    world.kill()
    thread.join()
    world.start()
    wait_for("it to go on", lambda: world.api("GET", path)[1]["state"] in ("ready", "applied"))
    if world.api("GET", path)[1]["state"] == "ready":       # it had not begun
        assert world.api("POST", path + "/apply", {})[0] == 200
    assert world.api("GET", path)[1]["touched"] == 0
    assert world.rows("SELECT count(*) AS n FROM contact WHERE name = ? AND active = 1", name)[0]["n"] == count


def test_a_damaged_page_refuses_the_preview_only(world):
    status, seen = world.api("POST", "/v1/import/contacts?preview=1", people(12000, "坏"))
    assert status == 200
    world.gongd.stop()
    spoil(os.path.join(world.state, "gong.db"), "staged_row", "header")
    world.start(wait=False)
    wait_for("gongd", lambda: os.path.exists(world.socket) and world.api("GET", "/health/live")[0] == 200)
    assert world.api("POST", "/v1/imports/%d/apply" % seen["id"], {})[0] in (409, 410, 503)
    status, answer = world.api("GET", "/v1/imports/%d" % seen["id"])
    assert status == 410 and answer["code"] == "import_damaged", answer
    assert world.api("POST", "/v1/import/contacts", people(10, "好"))[0] == 200
    assert world.send(key="still", template="notice.text", severity="yellow", params={"text": "x"},
                      audience={"divisions": [HERE + "001"], "roles": ["warner"]})
