"""gongctl as people expect it: what it shows it takes, help and completion at every level, pagers,
NO_COLOR, a full standard output, lists that go on -- against the small server of test_ctl.py."""
import fcntl
import glob
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from test_ctl import ALERT, COMMANDS, GONGCTL, ROOT, T0, TASK, ctl, gongd, out      # noqa: F401

HAN = re.compile("[\u4e00-\u9fff]")
# What is the same in every language: gong's own names, options, formats.
SAME = re.compile(r"--[a-z-]+|gongctl(?: [a-z-]+){0,3}|gongd?(?:\.conf)?|GONG_\w+|LC_\w+|LANG|PATH|REF|CODE|RFC|\S*sock|"
                  r"zh\|en|zh|en|CSV|JSON|AT|USSD|duty\.\w+|real\|drill\|test|new\|matched[a-z|]*|[0-9]+(?:h|m|s|ms|d)|K7|:help|--json|--no-pager")


def terminal(args, rows=24, seconds=10, keys=b"", until=None, env=None):
    """What gongctl writes to a terminal of so many rows; until: a text after which it is interrupted."""
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 100, 0, 0))
        full = dict(os.environ, LC_ALL="C.UTF-8", TZ="Asia/Shanghai", **(env or {}))
        os.execve(GONGCTL, [GONGCTL, *args], full)
    seen, end, done = b"", time.monotonic() + seconds, 0
    try:
        while not done and time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    pass
            if until and until in seen:
                os.kill(pid, signal.SIGINT)
                until = None
            done, status = os.waitpid(pid, os.WNOHANG)
        assert done, seen
        while select.select([master], [], [], 0)[0]:
            try:
                more = os.read(master, 65536)
            except OSError:
                break
            if not more:
                break
            seen += more
    finally:
        if not done:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(master)
    return seen.decode("utf-8", "replace")


@pytest.mark.parametrize("words", [[], ["alert"]] + [c.split() for c in COMMANDS])
def test_help_is_had_at_every_level_and_has_no_english_under_zh(words):
    by_option = out(ctl(*words, "-h"))
    assert by_option == out(ctl(*words, "--help")) == out(ctl("help", *words))
    zh = out(ctl(*words, "-h", lang="zh"))
    for line in zh.splitlines():
        left = SAME.sub("", line)
        named = re.match(r"\s*[a-z]+(?: [a-z-]+)? ", left)     # the verb itself, in a list of them
        left = left[named.end():] if named else left
        assert not re.search("[A-Za-z]{4,}", left), (line, left)
    if words:
        assert len(words) == 1 or out(ctl(*words, "x", "--severity", "-h")) == by_option
    told = json.loads(out(ctl("--json", "help", *words)))
    assert all(c["command"].startswith(" ".join(words)) and c["help"] for c in told["commands"])


def test_help_of_a_group_lists_its_commands_and_a_wrong_word_what_was_meant():
    group = ctl("alert", lang="zh")
    assert group.returncode == 2 and not group.stdout
    text = group.stderr.decode()
    assert all("alert " + w in text for w in ("list", "show 编号", "answers", "watch", "cancel"))
    for args, said in ((["alert", "lst"], 'did you mean "alert list"?'), (["snd"], 'did you mean "send"?'),
                       (["tsak", "list"], 'did you mean "task list"?'),
                       (["alert", "list", "--sevrity", "red"], "did you mean --severity?")):
        wrong = ctl(*args)
        assert wrong.returncode == 2 and said in wrong.stderr.decode(), (args, wrong)
    far = ctl("elephants")
    assert far.returncode == 2 and b"did you mean" not in far.stderr


def test_completion_is_made_from_the_same_table(tmp_path):
    def offers(*words):
        return [line.split("\t")[0] for line in out(ctl_plain("complete", "--", *words)).splitlines()]

    def ctl_plain(*args):
        return subprocess.run([GONGCTL, *args], capture_output=True, timeout=10,
                              env=dict(os.environ, LC_ALL="C.UTF-8"))
    assert set(offers("")) == {c.split()[0] for c in COMMANDS}
    assert offers("alert", "") == ["list", "show", "answers", "watch", "cancel", "resume"]
    for command in COMMANDS:
        listed = set(re.findall(r"^  (--[a-z-]+)", out(ctl("help", *command.split())), re.M))
        assert listed <= set(offers(*command.split(), "--")), command
    assert offers("send", "--severity", "") == ["notice", "blue", "yellow", "orange", "red"]
    assert offers("--lang", "") == ["zh", "en"] and offers("help", "task", "t") == ["take"]
    script = os.path.join(ROOT, "ctl/completion/gongctl.bash")
    said = subprocess.run(["bash", "-c", "source %s; COMP_WORDS=(gongctl alert li); COMP_CWORD=2; _gongctl; "
                           "echo \"${COMPREPLY[@]}\"; COMP_WORDS=(gongctl alert ''); _gongctl; "
                           "echo \"${#COMPREPLY[@]}\"" % script], capture_output=True, timeout=10,
                          env=dict(os.environ, PATH=os.path.dirname(GONGCTL) + ":" + os.environ["PATH"]))
    assert said.stdout == b"list\n6\n", said


@pytest.mark.parametrize("given, sent", [
    (["--severity", "橙色"], "severity=orange"), (["--severity", "Orange,RED"], "severity=orange,red"),
    (["--severity", "橙色预警，红"], "severity=orange,red"), (["--state", "进行中、已取消"], "state=active,cancelled"),
    (["--state", "Active"], "state=active"), (["--mode", "演练"], "mode=drill"), (["--mode", "Drill"], "mode=drill"),
    (["--division", "９９０１２１"], "division=990121"), (["--limit", "１０"], None),
])
def test_filters_take_what_lists_show(gongd, given, sent):    # noqa: F811
    path = "GET /v1/alerts" + ("?" + sent if sent else "")
    gongd.answers[path] = (200, {"alerts": [], "next": None})
    assert "没有告警" in out(ctl("alert", "list", *given, gongd=gongd, lang="zh"))


def test_codes_levels_kinds_and_params_are_taken_as_shown(gongd):    # noqa: F811
    seen = set()
    for code in ("K7", "k7", "Ｋ７", "ｋ7"):
        ctl("alert", "show", code, gongd=gongd)
        seen.add(gongd.asked[-1][0])
    assert len(seen) == 1 and re.match(r"GET /v1/alerts/\d+$", seen.pop())
    gongd.answers["POST /v1/alerts"] = (200, {"id": 1, "code": "A3", "state": "active", "targets": 1})
    out(ctl("send", "t", "--severity", "红色", "--kind", "暴雨", "--division", "９９０１２１００１，990121002", "--param",
            "mm＝８０", "９９０１２１００１：place=村３组", "hours=3", gongd=gongd))
    body = gongd.body()
    assert body["severity"] == "red" and body["kind"] == "rainstorm"
    for said, kind in (("山洪", "flash_flood"), ("火灾", "fire"), ("雷", "雷"), ("森林火", "森林火")):
        out(ctl("send", "t", "--severity", "红色", "--kind", said, "--division", "990121001", gongd=gongd))
        assert gongd.body()["kind"] == kind, "one kind begins so, or it goes as it is"
    assert body["audience"]["divisions"] == ["990121001", "990121002"]
    assert body["params"] == {"mm": "80", "hours": "3"}
    assert body["params_by_division"] == {"990121001": {"place": "村３组"}}
    gongd.answers["POST /v1/alerts/12/acks"] = (200, {"level": 3})
    for level in ("已确认", "acknowledged", "3", "３"):
        out(ctl("ack", "１２", "--contact", "c", "--level", level, gongd=gongd))
        assert gongd.body()["level"] == 3, level


# 2026-11-24 02:10 in China is T0; the site's zone is China's, the terminal's is not.
@pytest.mark.parametrize("said, at", [
    ("2026/11/24 2:10", T0), ("2026-11-24 02:10:00", T0), ("2026年11月24日 2时10分", T0), ("２０２６/11/24 2：10", T0),
    ("2026-11-24T02:10:00+08:00", T0), ("2026-11-24T02:10:00.5+08:00", T0), ("2026-11-23 18:10 Z", T0),
    ("2026-11-23 18:10:00 +0000", T0), (str(T0), T0), ("2026/11/24", T0 - 130 * 60000),
    ("2026/11/23 下午2点半", T0 - 700 * 60000),
])
def test_instants_are_taken_in_the_sites_zone(gongd, said, at):    # noqa: F811
    gongd.zone = "Asia/Shanghai"
    gongd.answers["GET /v1/routes"] = (200, {"routes": []})
    gongd.answers["GET /v1/inbox?since=%d" % at] = (200, {"inbox": [], "next": None})
    assert out(ctl("inbox", "--since", said, gongd=gongd, env={"TZ": "America/New_York"})) == "no texts\n"


def test_what_is_not_said_is_the_last_or_the_next(gongd):    # noqa: F811
    gongd.zone = "Asia/Shanghai"
    gongd.answers["GET /v1/routes"] = (200, {"routes": []})
    gongd.answers["POST /v1/alerts"] = (200, {"id": 1, "code": "A3", "state": "active", "targets": 1})
    now = time.time() * 1000
    day = 86400000

    def since(text):
        ctl("inbox", "--since", text, gongd=gongd)
        return int(re.search(r"since=(\d+)", gongd.asked[-1][0])[1])

    def expires(text):
        out(ctl("send", "t", "--severity", "red", "--contact", "c", "--expires", text, gongd=gongd))
        return gongd.body()["expires_at"]
    assert now - day <= since("8:00") <= now < expires("8:00") <= now + day + 5000
    assert expires("明天8:00") - since("昨天8:00") == 2 * day
    assert expires("tomorrow 8:00") == expires("明天 8点")
    assert abs(since("2小时") - (now - 7200000)) < 30000 and abs(expires("1小时30分") - (now + 5400000)) < 30000
    assert -366 * day < since("11-24 02:10:00") - now <= 0
    for wrong in ("2026-02-30 8:00", "25:00", "8:60", "2026-12-02", "soon", "", "1小时x"):
        refused = ctl("send", "t", "--severity", "red", "--contact", "c", "--expires", wrong or "-", gongd=gongd, lang="zh")
        assert refused.returncode == 2 and HAN.search(refused.stderr.decode()), wrong


def test_an_output_that_cannot_be_written_is_told(gongd):    # noqa: F811
    gongd.answers["GET /v1/alerts"] = (200, {"alerts": [ALERT], "next": None})
    gongd.answers["POST /v1/alerts"] = (200, {"id": 1, "code": "A3", "state": "active", "targets": 1})
    for args in (["alert", "list"], ["--json", "alert", "list"], ["help"], ["version"],
                 ["send", "t", "--severity", "red", "--contact", "c"], ["alert", "list", "--watch"], ["alert", "watch", "12"]):
        with open("/dev/full", "w") as full:
            p = subprocess.run([GONGCTL, "--lang", "zh", "--socket", gongd.path, *args], stdout=full,
                               stderr=subprocess.PIPE, timeout=20)
        assert p.returncode == 4 and "磁盘已满" in p.stderr.decode() and "已执行" in p.stderr.decode(), (args, p)


def test_what_is_longer_than_the_screen_goes_through_a_pager(gongd, tmp_path):    # noqa: F811
    many = [dict(ALERT, id=i) for i in range(1, 41)]
    gongd.answers["GET /v1/alerts"] = (200, {"alerts": many, "next": None})
    args = ["--lang", "en", "--socket", gongd.path, "alert", "list"]
    kept = str(tmp_path / "paged")
    paging = {"GONG_PAGER": "cat >%s; echo $LESSSECURE$LESS >>%s" % (kept, kept), "PAGER": "false"}
    assert "K7" not in terminal(args, env=paging)
    text = open(kept, encoding="utf-8").read()
    assert text.count("K7") == 40 and text.endswith("1FRX\n")
    for args_, env, rows in ((args + ["--no-pager"], paging, 24), (args, {"GONG_PAGER": "", "PAGER": "false"}, 24),
                             (args, {"GONG_PAGER": "cat"}, 24), (args, paging, 60),
                             (args, {"GONG_PAGER": "no-such-program"}, 24)):
        assert terminal(args_, rows, env=env).count("K7") == 40, (args_, env)
    assert out(ctl("alert", "list", gongd=gongd, env=paging)).count("K7") == 40


def test_lists_go_on_and_outlive_gongd(gongd):    # noqa: F811
    turns = []

    def tasks():
        turns.append(1)
        return {"tasks": [TASK] if len(turns) < 3 else [dict(TASK, id=5)], "next": None}
    gongd.answers["GET /v1/tasks?open=1"] = (200, tasks)
    p = subprocess.Popen([GONGCTL, "--json", "--socket", gongd.path, "task", "list", "--watch"],
                         stdout=subprocess.PIPE)
    try:
        first, second = json.loads(p.stdout.readline()), json.loads(p.stdout.readline())
        gongd.stop()
        time.sleep(2.5)
        gongd.start()
        turns.clear()
        again = json.loads(p.stdout.readline())
        p.send_signal(signal.SIGTERM)
        assert p.wait(10) == 0
    finally:
        p.kill()
        p.wait(5)
    assert [x["tasks"][0]["id"] for x in (first, second, again)] == [4, 5, 4]
    picture = terminal(["--lang", "en", "--socket", gongd.path, "task", "list", "--watch"], until=b"\x1b[J")
    assert "上门叫应西沟村" in picture and "\x1b[1m" in picture
    bare = terminal(["--lang", "en", "--socket", gongd.path, "task", "list", "--watch"], until=b"\x1b[J",
                    env={"NO_COLOR": "1"})
    assert "上门叫应西沟村" in bare and not re.search(r"\x1b\[[0-9;]*m", bare)
    dumb = terminal(["--lang", "en", "--socket", gongd.path, "task", "list", "--watch"], until="西沟村".encode(),
                    env={"TERM": "dumb"})
    assert "\x1b" not in dumb


def test_refusals_of_lists_under_json_are_problem_documents(gongd):    # noqa: F811
    gongd.answers["GET /v1/alerts"] = (403, {"status": 403, "detail": "no", "title": "forbidden"})
    refused = ctl("--json", "alert", "list", gongd=gongd)
    assert refused.returncode == 1 and json.loads(refused.stderr)["status"] == 403
    assert json.loads(out(ctl("--json", "version")))["version"]


def test_every_kind_of_task_has_a_chinese_word(gongd):    # noqa: F811
    with open(os.path.join(ROOT, "docs/tasks.md"), encoding="utf-8") as f:
        page = f.read()
    found = set()
    for path in glob.glob(os.path.join(ROOT, "daemon/**/*.c"), recursive=True):
        with open(path, encoding="utf-8") as f:
            found.update(re.findall(r'store_task_(?:once|open|find)\([^;"]*"([a-z_]+)"', f.read()))
    rows = re.findall(r"^\| (`[^|]*) \|", page, re.M)
    kinds = sorted(found | {k for row in rows for k in re.findall("`([a-z_]+)`", row)})
    assert {"help", "restored", "signal", "source", "callback"} <= set(kinds)
    gongd.answers["GET /v1/tasks"] = gongd.answers["GET /v1/tasks?open=1"] = (200, {
        "tasks": [dict(TASK, id=n, kind=k, text="x") for n, k in enumerate(kinds, 1)], "next": None})
    shown = out(ctl("task", "list", gongd=gongd, lang="zh"))
    assert [k for k in kinds if re.search(r"\b%s\b" % k, shown)] == [], shown


def test_phrases_name_commands_that_there_are():
    with open(os.path.join(ROOT, "core/phrases.def"), encoding="utf-8") as f:
        named = set(re.findall(r"gongctl ([a-z]+(?: [a-z-]+)?)", re.sub(r'"\s*\n\s*"', "", f.read())))
    groups = {c.split()[0] for c in COMMANDS if " " in c} - set(COMMANDS)
    words = {"as root", "import reads"}         # "use gongctl as root", "gongctl import reads both"
    assert [n for n in sorted(named - words) if n not in COMMANDS and n.split()[0] not in set(COMMANDS) | groups] == []
    assert [n for n in sorted(named - words) if n.split()[0] in groups and " " in n and n not in COMMANDS] == []
