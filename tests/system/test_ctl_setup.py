"""gongctl setup: a new office answers it, at a terminal in each language or by options, and sends its first
alert by what it wrote."""
import csv
import glob
import os
import pty
import re
import select
import stat
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, SLOW, wait_for       # noqa: E402
from test_modem_driver import Sim      # noqa: E402

GONGCTL = os.path.join(BUILD, "gongctl")
OPTIONS = ["--texts", "zh", "--office", "青石县应急管理局", "--office-en", "", "--country", "86", "--area", "0571",
           "--signature", "青石应急", "--route", "sim", "--county", "990121", "--officer", "王一",
           "--phone", "13812345678", "--port", "0"]


class Terminal:
    def __init__(self, *argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(LC_ALL="C.UTF-8", TERM="xterm")
            os.execv(GONGCTL, [GONGCTL, *argv])
        self.seen = b""

    def until(self, words):
        end = time.monotonic() + 20 * SLOW
        while words.encode() not in self.seen:
            assert time.monotonic() < end, (words, self.seen.decode(errors="replace"))
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    chunk = os.read(self.fd, 4096)
                except OSError:
                    chunk = b""
                assert chunk, (words, self.seen.decode(errors="replace"))
                self.seen += chunk
        self.seen = self.seen.split(words.encode(), 1)[1]

    def say(self, question, answer):
        self.until(question)
        os.write(self.fd, answer.encode() + b"\n")

    def end(self):
        try:
            while os.read(self.fd, 4096):
                pass
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def ctl(*argv, stdin=b""):
    return subprocess.run([GONGCTL, *argv], input=stdin, capture_output=True, timeout=60 * SLOW,
                          env=dict(os.environ, LC_ALL="C.UTF-8"))


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


# What is asked, in the order of the questions: a wrong answer first where there is one, and what is said to it.
QUESTIONS = {
    "zh": [("短信和电话的语言", "zh", None, None), ("单位名称", "青石县应急管理局", 'a"b', "请去掉"),
           ("单位英文名", "", None, None), ("国家代码", "+86", "999x", "中国写 86"),
           ("固定电话区号", "0571", "杭州", "如 0571"), ("短信签名", "青石应急", "【a】b", "请写成【名称】"),
           ("第一条通道", "sim", "nokia", "tencent-sms"), ("区划代码", "990121", "99", "6位"),
           ("值班员姓名", "王一", "", None), ("值班员电话", "１３８１２３４５６７８", "110", "短号")],
    "en": [("Language of the texts", "en", "fr", "zh or en"), ("name in Chinese", "青石县", None, None),
           ("name in English", "Qingshi EOC", None, None), ("Country code", "86", "0571", "86 for China"),
           ("Area code", "-", "x", "such as 0571"), ("Signature", "【青石】", None, None),
           ("First route", "sim", "/dev/none", "modem list"), ("county's code", "990121", "9901210", "6 digits"),
           ("officer's name", "Wang", "a,b", "one person"), ("telephone", "+8613812345678", "12", "short code")],
}
WORDS = {"zh": ("按回车", "还没有应答", "发一条测试短信", "网络已接受"),
         "en": ("press Enter", "does not answer yet", "Send a test message", "the network has taken it")}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_new_office_answers_and_sends_its_first_alert(tmp_path, lang):
    conf, words = str(tmp_path / "gong.conf"), WORDS[lang]
    t = Terminal("--lang", lang, "setup", "--output", conf, "--port", "0")
    for question, answer, wrong, said in QUESTIONS[lang]:
        if wrong is not None:
            t.say(question, wrong)
        if said:
            t.until(said)
        t.say(question, answer)
    t.say(words[0], "")
    t.until(words[1])
    gongd = subprocess.Popen([os.path.join(BUILD, "gongd"), "--config", conf], stderr=subprocess.DEVNULL)
    try:
        wait_for("the route", lambda: b" up " in ctl("--config", conf, "--lang", "en", "route", "list").stdout)
        t.say(words[0], "")
        t.say(words[2], "y")
        t.until(words[3])
        assert t.end() == 0
        p = ctl("--config", conf, "callout", "--contact", "duty-1", "--test", "--param", "place=镇", "--param", "event=试",
                "--param", "min=30")
        assert p.returncode == 0, p.stderr.decode()
        wait_for("the first alert to be with the network", lambda: re.search(
            rb"sent|delivered", ctl("--config", conf, "--lang", "en", "alert", "show", "1", "--messages").stdout))
    finally:
        gongd.terminate()
        gongd.wait(20 * SLOW)


def test_answers_by_options_and_nothing_is_written_over(tmp_path):
    conf = str(tmp_path / "gong.conf")
    p = ctl("setup", "--output", conf, *OPTIONS)
    assert p.returncode == 0, p.stderr.decode()
    first = read(conf)
    assert stat.S_IMODE(os.stat(conf).st_mode) == 0o640
    assert 'area_code = "571"' in first and "【青石应急】" in first
    assert "王一,+8613812345678,duty_officer,990121" in read(tmp_path / "contacts.csv")
    p = ctl("setup", "--output", conf, *OPTIONS)
    assert p.returncode == 2 and b"--overwrite" in p.stderr and read(conf) == first
    p = ctl("setup", "--output", conf, "--overwrite", *[o.replace("王一", "李二") for o in OPTIONS])
    assert p.returncode == 0, p.stderr.decode()
    assert read(glob.glob(conf + ".2*")[0]) == first
    assert "李二" in read(tmp_path / "contacts.csv")


def test_a_provider_has_its_secrets_in_files_of_their_own(tmp_path):
    conf = str(tmp_path / "gong.conf")
    options = [o.replace("sim", "aliyun-sms") for o in OPTIONS] + [
        "--value", "access_key_id=LTAI5tAbcd", "--value", "access_key_secret=s3cr3t-of-ours", "--value",
        "sign_name=青石应急", "--value", "template_code=SMS_1"]
    p = ctl("setup", "--output", conf, *options)
    assert p.returncode == 0, p.stderr.decode()
    assert "s3cr3t-of-ours" not in read(conf) and "access_key_secret.secret" in read(conf)
    secret = str(tmp_path / "first.access_key_secret.secret")
    assert read(secret) == "s3cr3t-of-ours"
    assert stat.S_IMODE(os.stat(secret).st_mode) & 0o007 == 0


def test_new_secrets_leave_those_of_before_in_force(tmp_path):
    conf, secret = str(tmp_path / "gong.conf"), tmp_path / "first.token.secret"
    options = [o.replace("sim", "generic") for o in OPTIONS] + ["--value", "token=first-token"]
    assert ctl("setup", "--output", conf, *options, "--value", "url=https://sms.qsx.gov.cn/").returncode == 0
    before = read(conf)
    options[-1] = "token=second-token"
    p = ctl("setup", "--output", conf, "--overwrite", *options, "--value", "url=https://sms.example.com/")
    assert p.returncode == 1 and b"gong.conf.new" in p.stderr, p.stderr.decode()
    assert read(conf) == before and read(secret) == "first-token"
    p = ctl("setup", "--output", conf, "--overwrite", *options, "--value", "url=https://sms2.qsx.gov.cn/")
    assert p.returncode == 0, p.stderr.decode()
    named = re.search(r'"token" \{ file = "([^"]+)"', read(conf)).group(1)
    assert read(tmp_path / named) == "second-token" and read(secret) == "first-token"


@pytest.mark.parametrize("route, said", [("aws-voice", "只打电话"), ("huawei-sms", "已审核模板"), ("/tmp", "调制解调器")])
def test_a_first_route_that_sends_no_sms_is_refused_at_once(tmp_path, route, said):
    p = ctl("--lang", "zh", "setup", "--output", str(tmp_path / "gong.conf"), *[o.replace("sim", route) for o in OPTIONS])
    assert p.returncode == 1 and said in p.stderr.decode(), p.stderr.decode()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("route, values, signs", [
    ("sinch", "service_plan_id api_token from signature_secret", "true"), ("yunpian", "apikey", "true"),
    ("netease", "app_key app_secret template_id", "false")])
def test_who_puts_the_signature_in_front(tmp_path, route, values, signs):
    conf = str(tmp_path / "gong.conf")
    p = ctl("setup", "--output", conf, *[o.replace("sim", route) for o in OPTIONS],
            *[word for v in values.split() for word in ("--value", v + "=12345678")])
    assert p.returncode == 0 and "gong_signs = " + signs in read(conf), p.stderr.decode()


def test_an_approved_template_is_asked_for(tmp_path):
    p = ctl("--lang", "zh", "setup", "--output", str(tmp_path / "gong.conf"), *[o.replace("sim", "netease") for o in OPTIONS],
            "--value", "app_key=k", "--value", "app_secret=s")
    assert p.returncode == 2 and "template_id (已审核的模板" in p.stderr.decode(), p.stderr.decode()


def test_the_list_of_places_can_be_imported_whatever_the_office_is_called(tmp_path):
    options = [o.replace("青石县应急管理局", "青石县,应急局") for o in OPTIONS]
    p = ctl("setup", "--output", str(tmp_path / "gong.conf"), *options)
    assert p.returncode == 0 and str(tmp_path / "divisions.csv") in p.stdout.decode().split("next:")[1]
    with open(tmp_path / "divisions.csv", encoding="utf-8") as f:
        assert list(csv.reader(f))[1] == ["990121", "青石县,应急局"]


def test_a_folder_that_is_not_his_is_said_before_the_first_question():
    p = ctl("--lang", "zh", "setup", "--output", "/nowhere/gong.conf", stdin="zh\n".encode())
    assert p.returncode == 1 and "/nowhere/gong.conf 无法写入" in p.stderr.decode() and "--output" in p.stderr.decode()


def test_what_a_pipe_leaves_open_is_named_and_nothing_is_written(tmp_path):
    conf = str(tmp_path / "gong.conf")
    p = ctl("setup", "--output", conf, stdin="zh\n青石县\n".encode())
    assert p.returncode == 2 and b"--office-en" in p.stderr, p.stderr.decode()
    p = ctl("setup", "--output", conf, *[o.replace("0571", "杭州") for o in OPTIONS])
    assert p.returncode == 1 and b"--area: write its digits" in p.stderr
    p = ctl("--lang", "zh", "setup", "--output", conf, *OPTIONS[:-4], "--phone", "110")
    assert p.returncode == 1 and "短号" in p.stderr.decode()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("option, said", [
    ('templates = {"/nowhere"}', "/nowhere"), ('policies = {"/nowhere"}', "/nowhere"), ('templates = {"state"}', "state"),
    ('state_dir = "/nowhere/gong"', "state_dir")])
def test_the_check_names_a_folder_that_is_not_there(tmp_path, option, said):
    conf = tmp_path / "gong.conf"
    assert ctl("setup", "--output", str(conf), *OPTIONS).returncode == 0
    name = option.split()[0]
    conf.write_text(re.sub("(?m)^%s = .*$" % name, option, read(conf)), encoding="utf-8")
    p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", str(conf), "--check", "--lang", "zh"],
                       capture_output=True, timeout=60 * SLOW, check=False)
    errors = [line for line in (p.stdout + p.stderr).decode().splitlines() if line.startswith("错误")]
    assert p.returncode == 1 and said in errors[0] and "文件夹" in errors[0], errors


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_modem_is_the_first_route_and_sends_the_test(tmp_path, lang):
    """The device is looked at, written, opened by gongd, and the officer's telephone has the message."""
    conf, words = str(tmp_path / "gong.conf"), WORDS[lang]
    sim = Sim(str(tmp_path))
    gongd = None
    try:
        t = Terminal("--lang", lang, "setup", "--output", conf, "--port", "0")
        for question, answer, _, _ in QUESTIONS[lang]:
            if answer == "sim":
                for wrong, said in (("/dev/none", "modem list"), (str(tmp_path / "log"), "modem list")):
                    t.say(question, wrong)
                    t.until(said)
                answer = sim.tty
            t.say(question, answer)
        t.until(words[0])
        assert 'option "device" { value = "%s" }' % sim.tty in read(conf)
        gongd = subprocess.Popen([os.path.join(BUILD, "gongd"), "--config", conf], stderr=subprocess.DEVNULL)
        wait_for("the modem", lambda: b" up " in ctl("--config", conf, "--lang", "en", "route", "list").stdout)
        os.write(t.fd, b"\n")
        t.say(words[2], "y")
        t.until(words[3])
        assert t.end() == 0
        number = "+8613812345678"
        wait_for("it at the telephone", lambda: any(number in str(e) for e in sim.log()))
        assert not ctl("--config", conf, "--lang", "en", "route", "list").stdout.count(b"down")
    finally:
        if gongd:
            gongd.terminate()
            gongd.wait(20 * SLOW)
        sim.stop()
