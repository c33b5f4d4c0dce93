"""gongd --check asks every route's driver what it could not send (docs/drivers.md, `check`)."""
import json
import os
import shutil
import stat
import subprocess

import pytest

from harness import BUILD, ROOT, SLOW, World, is_alive

# Answers only when its input has ended.
DRIVER = '''#!/usr/bin/python3
import json, os, sys, time
lines = sys.stdin.readlines()
op = json.loads(lines[0])
with open(op["config"]["books"], "w") as f:
    json.dump(dict(lines=lines, uid=os.getuid(), pid=os.getpid()), f)
if "fatal" in op["config"]:
    print(json.dumps(dict(ev="fatal", reason=op["config"]["fatal"], retry=False)))
elif "hang" in op["config"]:
    time.sleep(60)
elif "problems" in op["config"]:
    print("not a line of the protocol")
    print(json.dumps(dict(ev="health", ok=True)))
    print(json.dumps(dict(ev="checked", problems=op["config"]["problems"])))
'''
NOTE = 'template "own.note" { param "text" { max = 300 } text "zh" { sms = "{{text}}" } ' \
    'text "en" { sms = "{{text}}" } }'
NO_RAIN = dict(template="warn.rain", language="zh", problem="模板未报备 / not approved: apply for it")


class Office(World):
    """Settings only: nothing of it is started but by --check."""

    def __init__(self):
        super().__init__(name="check")
        for folder, name in (("templates", "templates"), ("config/policies", "policies")):
            shutil.copytree(os.path.join(ROOT, folder), self.path(name))
        with open(self.path("driver"), "w", encoding="utf-8") as f:
            f.write(DRIVER)
        os.chmod(self.path("driver"), stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH |
                 stat.S_IXOTH)

    def route(self, name, config, driver=None, **options):
        config = dict(config, books=self.path(name + ".books"))
        lines = ["%s = %s" % item for item in options.items()]
        self.routes += '''route "%s" {
			driver = "%s"
			%s
			config = '%s'
		}
		''' % (name, driver or self.path("driver"), "\n".join(lines), json.dumps(config))

    def check(self):
        self.write_conf()
        with open(self.conf, encoding="utf-8") as f:
            text = f.read().replace(ROOT + "/templates", "templates")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text)
        for name in "gong.conf", "token":
            os.chmod(self.path(name), 0o600)
            if os.path.exists(self.state):      # and for whom gongd runs as
                os.chown(self.path(name), os.stat(self.state).st_uid, -1)
        return subprocess.run([os.path.join(BUILD, "gongd"), "--config", self.conf, "--check"],
                              capture_output=True, text=True, timeout=60 * SLOW)

    def heard(self, name):
        with open(self.path(name + ".books"), encoding="utf-8") as f:
            return json.load(f)


@pytest.fixture
def office():
    with Office() as o:
        yield o


def said(p):
    """What is not fine, but for the machine's clock."""
    return [line for line in p.stderr.splitlines() if "sets the clock by others" not in line]


def asked(office, name):
    """(template, language, channel) -> what the driver was asked about it."""
    lines = office.heard(name)["lines"]
    assert len(lines) == 1
    op = json.loads(lines[0])
    assert op["op"] == "check" and op["protocol"] == 1 and op["route"] == name
    return op, {(t["name"], t["language"], t["channel"]): t for t in op["templates"]}


def test_a_driver_hears_of_every_text_at_its_longest(office):
    with open(office.path("templates/own.note.conf"), "w", encoding="utf-8") as f:
        f.write(NOTE)
    office.listen = 'public_url = "https://gong.qingshi.invalid"'
    office.route("signs", {"problems": [], "account": "a"}, channels="{sms, voice}",
                 callback_secret='"sixteen-letters-"')
    office.route("signed", {"problems": []}, channels="{sms}", gong_signs="false")
    p = office.check()
    assert p.returncode == 0 and "2 routes, 1 clients, 0 sources: all right" in p.stdout, p
    assert said(p) == []
    op, texts = asked(office, "signs")
    assert op["config"]["account"] == "a"
    assert op["config"]["callback_url"] == \
        "https://gong.qingshi.invalid/v1/callback/signs/sixteen-letters-"
    rain = texts["warn.rain", "zh", "sms"]
    assert rain["text"] == ("【青石县应急】暴雨红色预警：上清东湾社区未来24小时雨量可能超250毫米。"
                            "快去看山边河边住户，准备转移。收到回复1，不在村回复0")
    assert rain["params"] == ["level", "place", "hours", "mm"]
    assert rain["constant"].startswith("暴雨预警：请马上查看")
    assert rain["keys"] == {"1": "acknowledged", "0": "cannot", "9": "help"}
    assert texts["warn.rain", "zh", "voice"]["text"].startswith("这里是青石县应急值班室。暴雨红色预警。")
    english = texts["warn.rain", "en", "sms"]
    assert english["text"].startswith("QSX EOC: ORANGE RAIN WARNING Shang Qingdongwan: over 250 mm")
    assert english["constant"].startswith("Rain warning: check homes")
    # No longest value is declared: as long as it may be.  A call reads the SMS then.
    assert texts["own.note", "zh", "sms"]["text"] == "【青石县应急】" + "某" * 300
    assert texts["own.note", "en", "voice"]["text"] == "x" * 300
    op, texts = asked(office, "signed")
    assert "callback_url" not in op["config"]
    assert texts["warn.rain", "zh", "sms"]["text"].startswith("暴雨红色预警")
    assert {channel for _, _, channel in texts} == {"sms"}
    assert len(texts) == 2 * len(os.listdir(office.path("templates")))


def test_what_another_route_can_send_is_a_warning(office):
    office.route("a", {"problems": [NO_RAIN]})
    office.route("b", {"problems": [dict(NO_RAIN, language="en")]})
    p = office.check()
    assert p.returncode == 0 and "all right, warnings: " in p.stdout, p
    assert said(p) == [
        'warning: route "a": template warn.rain, zh: 模板未报备 / not approved: apply for it; '
        'route "b" can send it',
        'warning: route "b": template warn.rain, en: 模板未报备 / not approved: apply for it; '
        'route "a" can send it']


OTHERS = {
    "has the same problem": ({"problems": [NO_RAIN]}, {}),
    "has it in every language": ({"problems": [dict(template="warn.rain", problem="no")]}, {}),
    "is a backup": ({"problems": []}, {"backup": "true"}),
    "is simulated": ({"problems": []}, {"simulated": "true"}),
    "has another channel": ({"problems": []}, {"channels": "{voice}"}),
    "can send nothing": ({"fatal": "密码错误 / wrong password"}, {}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_none_can_send_is_an_error(office, other):
    config, options = OTHERS[other]
    office.route("a", {"problems": [NO_RAIN]})
    office.route("b", config, **options)
    p = office.check()
    assert p.returncode == 1 and "all right" not in p.stdout, p
    assert said(p)[0] == \
        'error: route "a": template warn.rain, zh: 模板未报备 / not approved: apply for it; ' \
        'no other ordinary route for sms can send it'


def test_a_problem_counts_for_each_channel_unless_it_names_one(office):
    office.route("a", {"problems": [NO_RAIN]}, channels="{sms, voice}")
    office.route("b", {"problems": []}, channels="{sms}")
    p = office.check()
    assert p.returncode == 1 and "no other ordinary route for voice can send it" in p.stderr, p
    office.routes = ""
    office.route("a", {"problems": [dict(NO_RAIN, channel="sms")]}, channels="{sms, voice}")
    office.route("b", {"problems": []}, channels="{sms}")
    p = office.check()
    assert p.returncode == 0 and 'route "b" can send it' in p.stderr, p


def test_a_backup_that_cannot_send_is_told_of(office):
    office.route("a", {"problems": []})
    office.route("b", {"problems": [NO_RAIN]}, backup="true")
    p = office.check()
    assert p.returncode == 0 and 'warning: route "b": template warn.rain' in p.stderr, p


def test_a_driver_that_does_not_know_the_question_is_mentioned_once(office):
    office.route("modem", {})                   # ends without a word
    office.route("deaf", {}, driver="/bin/true")    # reads nothing
    office.route("a", {"problems": [NO_RAIN]})
    p = office.check()
    assert p.returncode == 0, p
    assert p.stdout.splitlines()[0] == (
        "ok: not checked, for their drivers do not know how: modem (%s), "
        "deaf (/bin/true)" % office.path("driver"))
    assert 'route "modem" can send it' in p.stderr       # a modem sends any text


UNFIT = {
    "there is no program": dict(driver="gong-pigeon"),
    "wrong password": dict(config={"fatal": "密码错误 / wrong password"}),
    "ended with status 1 instead of answering": dict(driver="/bin/false"),
    "has no list of problems": dict(config={"problems": None}),
}


@pytest.mark.parametrize("words", UNFIT)
def test_a_route_that_can_send_nothing_is_an_error(office, words):
    office.route("good", {"problems": []})
    office.route("bad", **dict({"config": {}}, **UNFIT[words]))
    p = office.check()
    assert p.returncode == 1 and said(p)[0].startswith('error: route "bad": ') and words in p.stderr, p


def test_a_driver_that_hangs_is_ended(office):
    office.route("a", {"hang": True})
    p = office.check()
    assert p.returncode == 1 and "neither answered nor ended within 10 s" in p.stderr, p
    assert not is_alive(office.heard("a")["pid"])


def test_drivers_run_as_the_owner_of_the_state_folder(office):
    office.route("a", {"problems": []})
    os.mkdir(office.state)
    if os.getuid() == 0:
        os.chmod(office.dir, 0o777)
        os.chown(office.state, 65534, 65534)
    assert office.check().returncode == 0
    assert office.heard("a")["uid"] == os.stat(office.state).st_uid


CONSTANTS = {
    "allow no variables": "{{place}}发布暴雨预警。收到请回复1。",
    'has no answer "7"': "本地发布暴雨预警。收到请回复7。",
}


@pytest.mark.parametrize("words", CONSTANTS)
def test_a_constant_text_has_no_variables_and_asks_for_known_answers(office, words):
    path = office.path("templates/warn.rain.conf")
    with open(path, encoding="utf-8") as f:
        lines = f.readlines()
    at = next(i for i, line in enumerate(lines) if "constant" in line)
    lines[at] = '\t\tconstant = "%s"\n' % CONSTANTS[words]
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(lines)
    p = office.check()
    assert p.returncode == 1 and "warn.rain.conf:" in p.stderr and words in p.stderr, p


def test_a_real_provider_names_the_templates_that_it_was_not_given(office):
    profiles = os.path.join(ROOT, "drivers", "http", "profiles")
    config = {"profile": "tencent-sms", "profile_dir": profiles, "secret_id": "AKID",
              "secret_key": "k", "app_id": "1400", "sign_name": "青石县应急",
              "templates": {"warn.rain": {"code": "1", "params": ["place", "hours"]},
                            "flood.move": {"code": "2", "params": ["nobody"]}}}
    office.routes = """route "cloud" {
		driver = "gong-http"
		channels = {sms}
		gong_signs = false
		config = '%s'
	}
	""" % json.dumps(config, ensure_ascii=False)
    p = office.check()
    told = p.stderr + p.stdout
    assert p.returncode == 1
    assert 'template flood.move, zh: 没有参数nobody / it has no parameter "nobody", which approved ' \
        'template 2 wants' in told
    assert 'template notice.text, zh: 该平台没有对应的报备模板' in told
    assert "template warn.rain, zh" not in told
