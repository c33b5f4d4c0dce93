"""What it is about, and how bad it is, finds text and ladder: the table of kinds (docs/kinds.md)."""
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from district import District
from harness import BUILD, ROOT, SLOW, Process, World, sim_route, wait_for

OWN = '''kind "hail" {
	red = {"warn.general", "move.prepare"}
}
kind "tsunami" {
	title = "海啸"
	title_en = "tsunami"
	action = "往高处走"
	red = {"warn.general"}
}
'''
VILLAGE = District(1, 2).villages[0]
AUDIENCE = {"divisions": [VILLAGE]}


@pytest.fixture(scope="module")
def world():
    with World(name="kinds") as w:
        w.routes = sim_route(w.path("books"))
        w.write_conf()
        with open(w.conf, encoding="utf-8") as f:
            text = f.read().replace('kinds.conf"}', 'kinds.conf", "own.kinds"}')
        with open(w.conf, "w", encoding="utf-8") as f:
            f.write(text)
        with open(w.path("own.kinds"), "w", encoding="utf-8") as f:
            f.write(OWN)
        w.start()
        w.load(District(1, 2))
        yield w


def check(world):
    return subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf, "--check"],
                          capture_output=True, text=True, timeout=30)


def texts_of(world, alert):
    status, answer = world.api("GET", "/v1/alerts/%d/messages" % alert)
    assert status == 200
    return [m["text"] for m in answer["messages"]]


def test_a_kind_is_shown_by_what_it_is_called(world):
    """As --kind takes it: its word in either language, or the beginning of it that only one has."""
    shown = world.ctl("kind", "show", "flash_flood", lang="zh")
    for said in "山洪", "山洪灾害", "Flash flood", "ｆｌａｓｈ_flood":
        assert world.ctl("kind", "show", said, lang="zh") == shown, said


def test_kind_and_colour_find_text_and_ladder(world):
    alert = world.alert(world.send(key="k1", kind="flash_flood", severity="red", audience=AUDIENCE))
    assert (alert["template"], alert["policy"], alert["kind"]) == ("flood.move", "move.now", "flash_flood")
    alert = world.alert(world.send(key="k2", kind="flash_flood", severity="yellow", audience=AUDIENCE))
    assert (alert["template"], alert["policy"]) == ("warn.general.note", "call.yellow")
    # the site's own row, and its own kind by its own words
    alert = world.alert(world.send(key="k3", kind="hail", severity="red", audience=AUDIENCE))
    assert (alert["template"], alert["policy"]) == ("warn.general", "move.prepare")
    alert = world.send(key="k4", kind="tsunami", severity="red", audience=AUDIENCE)
    wait_for("texts", lambda: any("海啸预警" in t and "往高处走" in t for t in texts_of(world, alert)))


def test_what_a_request_names_stands_before_the_table(world):
    named = {"kind": "rainstorm", "severity": "red", "audience": AUDIENCE, "params": {"mm": 80, "hours": 3}}
    alert = world.alert(world.send(key="n1", policy="call.orange", **named))
    assert (alert["template"], alert["policy"]) == ("warn.rain", "call.orange")
    alert = world.alert(world.send(key="n2", template="warn.rain", audience={
        "divisions": [VILLAGE], "roles": ["village_chief"]}, **{k: v for k, v in named.items() if k != "audience"}))
    assert (alert["template"], alert["policy"]) == ("warn.rain", None)      # a template alone is told once


def test_what_follows_has_its_own_colour(world):
    alert = world.alert(world.send(key="f1", kind="flash_flood", further="return", audience=AUDIENCE))
    assert (alert["template"], alert["policy"], alert["severity"]) == ("move.return", "call.yellow", "yellow")
    alert = world.alert(world.send(key="f2", kind="flash_flood", further="move", severity="orange", audience=AUDIENCE))
    assert (alert["template"], alert["policy"], alert["severity"]) == ("flood.move", "move.now", "orange")


@pytest.mark.parametrize("request_, field, words", [
    ({"kind": "rainstrom"}, "/kind", 'did you mean "rainstorm"'),
    ({"kind": "暴雨"}, "/kind", 'did you mean "rainstorm"'),
    ({"kind": "volcano"}, "/kind", "gongctl kind list"),
    ({"kind": "flash_flood", "further": "moev"}, "/further", 'did you mean "move"'),
    ({"kind": "flash_flood", "further": "nothing"}, "/further", "it has move, stay, return"),
    ({"kind": "heat", "further": "move"}, "/further", "nothing further"),
    ({"further": "move"}, "/kind", "further needs kind"),
    ({"kind": "flash_flood", "further": "move", "template": "flood.move"}, "/further", "leave one of them away"),
    ({"kind": "heat", "severity": "notice"}, "/severity", "no text for a notice"),
    ({"kind": None}, "/template", "add kind"),
])
def test_what_is_not_there_is_refused_with_what_is(world, request_, field, words):
    status, answer = world.api("POST", "/v1/alerts?dry_run=1", dict({"severity": "red", "audience": AUDIENCE}, **request_))
    assert status == 422 and answer["field"] == field and words in answer["detail"], answer


def test_a_colour_is_missed_where_nothing_has_one(world):
    status, answer = world.api("POST", "/v1/alerts?dry_run=1", {"kind": "heat", "audience": AUDIENCE})
    assert (status, answer["field"]) == (422, "/severity"), answer


def test_an_alert_is_lifted_by_its_kinds_text(world):
    alert = world.send(key="l1", kind="heat", severity="orange", audience=AUDIENCE)
    wait_for("somebody to be reached", lambda: world.alert(alert)["messages"]["sent"]
             + world.alert(alert)["messages"]["delivered"])
    status, answer = world.api("POST", "/v1/alerts/%d/cancel" % alert, {"lift": True})
    assert status == 200, answer
    assert world.alert(answer["notice"])["template"] == "warn.cancel"
    wait_for("the word", lambda: any("高温" in t and "解除" in t for t in texts_of(world, answer["notice"])))
    alert = world.send(key="l2", kind="heat", severity="orange", audience=AUDIENCE)
    status, answer = world.api("POST", "/v1/alerts/%d/cancel" % alert, {"lift": True, "template": "warn.cancel"})
    assert (status, answer["field"]) == (422, "/lift")
    # what yesterday's client sends to a text that does not say it any more is no reason to refuse
    status, answer = world.api("POST", "/v1/alerts/%d/cancel" % alert, {
        "template": "warn.cancel", "params": {"kind": "高温", "level": "橙色"}})
    assert status == 200, answer


def test_a_wrong_colour_is_refused_all_the_same(world):
    alert = world.send(key="l3", kind="heat", severity="orange", audience=AUDIENCE)
    status, answer = world.api("POST", "/v1/alerts/%d/cancel" % alert, {
        "template": "warn.cancel", "params": {"level": "红色"}})
    assert (status, answer["code"]) == (422, "level_differs"), answer


def test_gongctl_sends_lists_and_shows_kinds(world):
    dry = world.ctl("send", "--kind", "山洪灾害", "--severity", "红色", "--division", VILLAGE, "--dry-run")
    assert "试算" in dry and "模板 flood.move,叫应规则 move.now" in dry
    assert "accepted" in world.ctl("send", "--kind", "flash_flood", "--further", "return", "--division", VILLAGE, lang="en")
    refused = world.ctl("send", "--severity", "red", "--division", VILLAGE, check=False, lang="en")
    assert refused.returncode and "or --kind KIND" in refused.stderr
    refused = world.ctl("send", "--kind", "heat", "--division", VILLAGE, check=False, lang="en")
    assert refused.returncode and "--severity" in refused.stderr
    rows = {line.split()[0]: line for line in world.ctl("kind", "list").splitlines()}
    assert "暴雨" in rows["rainstorm"] and "warn.rain.note" in rows["rainstorm"]
    assert "(warn.general)" in rows["haze"] and "海啸" in rows["tsunami"]
    shown = world.ctl("kind", "show", "tsunami")
    assert "own.kinds" in shown and "往高处走" in shown and "warn.cancel" in shown
    shown = world.ctl("kind", "show", "flash flood", lang="en")
    assert "--further return" in shown and "move.return" in shown and "--severity orange" in shown
    assert "instead of" in world.ctl("kind", "show", "hail", lang="en")
    refused = world.ctl("kind", "show", "heta", check=False, lang="en")
    assert refused.returncode and "do you mean heat" in refused.stderr
    assert world.ctl("alert", "cancel", str(world.send(key="c1", kind="heat", severity="red", audience=AUDIENCE)),
                     "--lift", lang="en").count("tells those who were reached") == 1




def test_what_was_accepted_is_repeated_though_its_kind_is_gone(world):
    asked = dict(key="gone", kind="tsunami", severity="red", audience=AUDIENCE)
    alert = world.send(**asked)
    with open(world.path("own.kinds"), "w", encoding="utf-8") as f:
        f.write('kind "hail" {\n\tred = {"warn.general", "move.prepare"}\n}\n')
    world.gongd.signal(signal.SIGHUP)
    wait_for("the reload", lambda: "tsunami" not in world.ctl("kind", "list"))
    status, answer = world.api("POST", "/v1/alerts", asked)
    assert (status, answer["id"], answer["repeat"]) == (200, alert, True), answer
    status, answer = world.api("POST", "/v1/alerts", dict(asked, key="new"))
    assert (status, answer["field"]) == (422, "/kind"), answer


def test_a_reload_that_would_lose_a_text_is_refused(world):
    with open(world.path("own.kinds"), "a", encoding="utf-8") as f:
        f.write('kind "haze" {\n\tred = {"warn.genral"}\n}\n')
    done = check(world)
    assert done.returncode and 'no template "warn.genral"; did you mean "warn.general"' in done.stderr
    with open(world.path("own.kinds"), "w", encoding="utf-8") as f:
        f.write('kind "haze" {\n\tred = {"warn.general", "move.now"}\n}\n')
    done = check(world)       # its answers would never end that ladder
    assert done.returncode and "move.now" in done.stderr and "warn.general" in done.stderr


def test_a_site_that_names_no_table_has_the_installed_one_as_far_as_it_fits():
    """An older site after an upgrade: --kind works; a row whose text it lacks is none, and it starts."""
    with World(name="old-kinds") as w:
        w.routes = sim_route(w.path("books"))
        for folder in "sbin", "share/gong":
            os.makedirs(w.path(folder))
        shutil.copy(os.path.join(BUILD, "gongd"), w.path("sbin/gongd"))
        shutil.copy(os.path.join(ROOT, "config/kinds.conf"), w.path("share/gong/kinds.conf"))
        shutil.copytree(os.path.join(ROOT, "templates"), w.path("templates"))
        w.write_conf()
        with open(w.conf, encoding="utf-8") as f:
            text = re.sub(r"kinds = .*\n", "", f.read()).replace(ROOT + "/templates", "templates")
        with open(w.conf, "w", encoding="utf-8") as f:
            f.write(text)

        def checked(lang="en"):
            return subprocess.run([w.path("sbin/gongd"), "--config", w.conf, "--check", "--lang", lang],
                                  capture_output=True, text=True, timeout=30 * SLOW, check=False)
        assert "gong.conf names no table" in checked().stdout and "未指定灾种表" in checked("zh").stdout
        w.gongd = Process("gongd", [w.path("sbin/gongd"), "--config", w.conf], w.path("gongd.log"))
        wait_for("gongd ready", w.is_ready)
        w.load(District(1, 2))
        alert = w.alert(w.send(key="k1", kind="flash_flood", severity="red", audience=AUDIENCE))
        assert (alert["template"], alert["policy"]) == ("flood.move", "move.now")

        def reloaded():
            w.gongd.signal(signal.SIGHUP)
            time.sleep(0.2)
            return {k["name"]: k for k in w.api("GET", "/v1/kinds")[1]["kinds"]}
        for name in os.listdir(w.path("templates")):
            if name.startswith("flood.prepare"):
                os.unlink(w.path("templates/" + name))
        kinds = wait_for("the reload", lambda: (lambda k: k if not k["flash_flood"]["file"] else None)(reloaded()))
        assert kinds["flash_flood"]["file"] is None and kinds["rainstorm"]["file"].endswith("share/gong/kinds.conf")
        alert = w.alert(w.send(key="k2", kind="flash_flood", severity="red", audience=AUDIENCE))
        assert alert["template"] == "warn.general", alert
        for name in os.listdir(w.path("templates")):
            if name.startswith("warn.general"):
                os.unlink(w.path("templates/" + name))
        wait_for("no table", lambda: not reloaded())
        status, answer = w.api("POST", "/v1/alerts", dict(key="k3", kind="hail", severity="red", audience=AUDIENCE))
        assert (status, answer["code"]) == (422, "no_kinds"), answer
