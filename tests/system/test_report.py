"""gongd --check looks at lists, ladders, secrets and the machine, and changes nothing (gongd(8))."""
import json
import os
import pwd
import re
import subprocess
import time

import pytest

from certs import Authority
from district import District
from harness import BUILD, SLOW, World

ROUTE = '''route "sim1" { driver = "gong-sim" channels = {sms, voice} speed = 0.25
 budgets = {"2/10h@22:00-08:00"} callback_secret = "sixteen-letters-x" option "simulation" { value = "true" }
 %s
}
'''


class Site(World):
    def __init__(self, more=""):
        super().__init__(name="report")
        self.routes = ROUTE % more
        self.write_conf()
        self.close_to_others()

    def close_to_others(self):
        for name in "gong.conf", "token":
            os.chmod(self.path(name), 0o600)

    def run(self, *argv):
        return subprocess.run([os.path.join(BUILD, "gongd"), "--config", self.conf, *argv],
                              capture_output=True, text=True, timeout=60 * SLOW, check=False)

    def check(self):
        """(exit code, {(code, level): [values of each line]})"""
        p = self.run("--check", "--json", "--lang", "en")
        report, found = json.loads(p.stdout), {}
        assert p.stderr == "" and report["errors"] == sum(n["level"] == "error" for n in report["lines"])
        for line in report["lines"]:
            found.setdefault((line.get("code"), line["level"]), []).append(line.get("values"))
        return p.returncode, found

    def files(self):
        return {f: (os.stat(os.path.join(self.state, f)).st_size, os.stat(os.path.join(self.state, f)).st_mtime)
                for f in os.listdir(self.state) if f != "port"}


def day(days, hour=9):
    return time.strftime("%Y-%m-%d ", time.localtime(time.time() + days * 86400)) + "%02d:00" % hour


@pytest.fixture(scope="module")
def site():
    with Site() as w:
        w.start()
        w.load(District(12, 15))
        with open(w.path("roster.csv"), "w", encoding="utf-8") as f:
            f.write("role,division,contact,from,to\n")
            for role, ref, first, last in (("duty_officer", "duty_officer-990121-1", -1, 30),
                                           ("duty_deputy", "duty_deputy-990121-1", -1, 2),
                                           ("duty_deputy", "duty_deputy-990121-2", 4, 30)):
                f.write("%s,990121,%s,%s,%s\n" % (role, ref, day(first), day(last)))
        w.ctl("import", "roster", w.path("roster.csv"))
        yield w


def test_before_the_first_start_there_is_nothing_to_look_at_and_nothing_is_made():
    with Site() as w:
        code, found = w.check()
        assert code == 0 and ("check_no_store", "ok") in found
        assert not os.path.exists(w.state)
        p = w.run("--json")
        assert p.returncode == 2 and "usage" in p.stderr
        assert w.run("--check", "--lang", "fr").returncode == 2


def test_lists_and_ladders_while_gongd_runs_and_nothing_is_changed(site):
    before = site.files()
    code, found = site.check()
    assert code == 0 and site.files() == before and site.gongd.alive()
    slow = {values[0]: values for values in found["check_ladder_slow", "warning"]}
    # 180 chiefs and 360 warners, one part each, by one modem of 4 s a part.
    assert slow["call.red"] == ["call.red", "principals", "180", "sms", "716", "90"]
    assert ["call.red", "again", "village_principal", "3", "voice", "339", "sim1"] in \
        found["check_budget", "warning"]
    assert [v[1] for v in found["check_nobody_is", "warning"] if v[0] == "Expert"] == ["expert.request"]
    assert [v[:3] + [v[3][-5:]] for v in found["check_roster_gap", "warning"]] == \
        [["Deputy duty officer", "青石县", "990121", "09:00"]]
    assert ("check_ballast", "ok") in found and ("check_people", "ok") in found


def test_a_ladder_whose_first_rung_is_empty_everywhere_is_an_error():
    with Site() as w:
        w.start()
        w.load(District(1, 1))
        w.change("DELETE FROM post WHERE role = (SELECT id FROM role WHERE name = 'village_chief')")
        code, found = w.check()
        assert code == 1 and found["check_nobody_is", "error"][0][0] == "Village principal"


def test_people_read_it_in_their_language(site):
    p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", site.conf, "--check"], capture_output=True,
                       text=True, timeout=60 * SLOW, check=False, env=dict(os.environ, LC_ALL="zh_CN.UTF-8"))
    assert p.returncode == 0 and "没有错误" in p.stdout
    assert any(line.startswith("警告: 叫应规则「call.red」") for line in p.stderr.splitlines())
    assert all(line.startswith("警告: ") for line in p.stderr.splitlines())


@pytest.mark.parametrize("args, en, zh", [
    (["--nope"], "there is no option --nope", "没有选项 --nope"), (["-x"], "no option -x", "没有选项 -x"),
    (["--config"], "--config needs a value", "--config 后面要写值"), (["conf"], '"conf" is not expected', "此处不应有「conf」"),
    (["--check", "--lang", "fr"], "--lang is zh or en", "--lang 只能是 zh 或 en"),
    (["--json"], "--json belongs to --check", "--json 只与 --check 一起用")])
def test_the_command_line_is_told_in_the_readers_language(args, en, zh):
    def run(args, lang):
        return subprocess.run([os.path.join(BUILD, "gongd"), *args], capture_output=True, text=True, timeout=20,
                              check=False, env=dict(os.environ, LC_ALL=lang + ".UTF-8"))
    helps = [run(["--help"], lang).stdout for lang in ("C", "zh_CN")] + [run(["--help", "--lang", "en"], "zh_CN").stdout]
    assert helps[0] == helps[2] and helps[0].startswith("usage: ") and helps[1].startswith("用法: ")
    assert re.findall(r"--[a-z]+", helps[0]) == re.findall(r"--[a-z]+", helps[1])
    for lang, said, usage in (("C", en, helps[0]), ("zh_CN", zh, helps[1])):
        p = run(args, lang)
        assert p.returncode == 2 and said in p.stderr and p.stderr.endswith(usage) and not p.stdout, p


def test_secrets_and_certificates():
    with Site() as w:
        w.start()
        authority = Authority(w.dir)
        over = authority.expired()[0]
        for name, pem, key in (("soon", *authority.issue("soon", days=20)), ("later", *authority.issue(
                "later", days=300)), ("over", over, over), ("none", w.conf, over)):
            w.routes += 'route "%s" { driver = "/bin/true" option "client_cert" { value = "%s" } ' \
                'option "client_key" { value = "%s" } }\n' % (name, pem, key)
        w.routes += 'route "nokey" { driver = "/bin/true" option "client_key" { value = "%s" } }\n' % w.path("nokey.pem")
        w.write_conf()
        os.chmod(w.conf, 0o644)
        os.chmod(w.path("token"), 0o602)
        os.utime(w.path("token"), (1e9, 1e9))
        os.chmod(w.state, 0o755)
        code, found = w.check()
        assert code == 1 and found["check_secret_writable", "error"] == [[w.path("token"), "0602"]]
        assert [v[0] for v in found["check_secret_old", "warning"]] == [w.path("token")]
        assert w.conf in [v[0] for v in found["check_secret_open", "warning"]]
        assert [v[0] for v in found["check_cert_soon", "warning"]] == ["soon"]
        assert [v[0] for v in found["check_cert", "ok"]] == ["later"]
        assert [v[0] for v in found["check_cert_over", "error"]] == ["over"]
        assert [v[0] for v in found["check_cert_none", "error"]] == ["none"]
        assert ("check_state_open", "warning") in found
        assert [[v[0], v[2]] for v in found["check_secret_closed", "error"]] == [
            [w.path("nokey.pem"), {"code": "cause_no_file", "values": []}]]


def test_a_clock_behind_the_store_and_a_ballast_that_is_gone():
    with Site() as w:
        w.start()
        w.gongd.stop()
        os.truncate(os.path.join(w.state, "ballast"), 0)
        w.change("UPDATE meta SET value = ? WHERE name = 'last_instant'", int(time.time() * 1000) + 3600000)
        before = w.files()
        code, found = w.check()
        assert code == 1 and ("check_clock_behind", "error") in found
        assert ("check_no_ballast", "warning") in found and w.files() == before


def test_a_store_that_cannot_be_read_is_an_error():
    with Site() as w:
        os.mkdir(w.state)
        with open(os.path.join(w.state, "gong.db"), "w", encoding="ascii") as f:
            f.write("no database" * 500)
        code, found = w.check()
        assert code == 1 and ("fits_damaged", "error") in found


@pytest.mark.skipif(os.getuid() != 0, reason="only root starts on another user's folder")
def test_root_does_not_start_on_another_users_state():
    with Site() as w:
        os.mkdir(w.state)
        os.chown(w.state, 65534, 65534)
        p = w.run()
        assert p.returncode == 1 and "runuser -u %s" % pwd.getpwuid(65534).pw_name in p.stderr
        assert os.listdir(w.state) == []
        os.chmod(w.dir, 0o711)
        code, found = w.check()         # as root it could be read
        assert code == 1 and {v[0] for v in found["check_secret_closed", "error"]} == {w.conf, w.path("token")}
        assert os.listdir(w.state) == []
