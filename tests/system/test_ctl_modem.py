"""gongctl modem …: what gong-modem sees of the ports and what gongd says of its routes, together.

A small program stands for gong-modem: a driver without arguments, a list or a probe with them."""
import json
import os
import stat
import subprocess

import pytest

from harness import BUILD, World, wait_for

MODEM = '''#!/usr/bin/python3
import json, sys
def say(**event):
    print(json.dumps(event), flush=True)
PORT = dict(port="/dev/ttyUSB0", by_id=["/dev/serial/by-id/usb-A-if00"], held_by=None, answers=True,
            maker="Quectel", model="EC20", imei="860000000000001", iccid="8986001", sim="ready",
            operator="CMCC", registered=True, signal_dbm=-71, reason=None)
if sys.argv[1:] == ["list"]:
    held = dict(port="/dev/ttyUSB1", by_id=["/dev/serial/by-id/usb-B-if00"], held_by="4711", answers=False,
                reason="another program holds it")
    other = dict(held, port="/dev/ttyUSB2", by_id=[], held_by="815")
    print(json.dumps([PORT, held, other]))
elif sys.argv[1:2] == ["probe"] and sys.argv[2] == "/dev/ttyUSB0":
    print(json.dumps(dict(PORT, log=["> AT", "< OK"])))
elif sys.argv[1:2] == ["probe"] and sys.argv[2] == "/dev/dumb":
    print(json.dumps(dict(port=sys.argv[2], answers=False, reason="no answer", log=["> AT"])))
elif sys.argv[1:]:
    sys.exit("no such port")
for line in sys.stdin if not sys.argv[1:] else []:
    op = json.loads(line)
    if op["op"] == "open":
        say(ev="ready", protocol=1, channels=["sms"], window=1, identity="x")
        say(ev="health", **op["config"])
    elif op["op"] == "ping":
        say(ev="pong", n=op["n"])
    elif op["op"] == "ask" and op["what"] == "ussd":
        say(ev="answer", id=op["id"], ok=False, reason="CME ERROR: 30")
    elif op["op"] == "ask" and op["what"] == "sms":
        say(ev="answer", id=op["id"], ok=True, ref="12", submit_ms=2100, receipt="delivered", receipt_ms=3400,
            lines=[op["to"], op["text"]])
    elif op["op"] == "ask":
        say(ev="answer", id=op["id"], ok=True, lines=["+CSQ: 20,99", "OK"], ms=12)
'''
ROUTES = '''route "%s" { driver = "%s" config = '%s' canary { every = "1h" to = "+99910000009" } }
'''


@pytest.fixture(scope="module")
def world():
    w = World(name="ctlmodem")
    os.mkdir(w.path("drivers"))
    program = w.path("drivers/gong-modem")
    with open(program, "w", encoding="utf-8") as f:
        f.write(MODEM)
    os.chmod(program, stat.S_IRWXU)
    w.routes = "".join(ROUTES % (name, program, json.dumps(config)) for name, config in (
        ("sim1", dict(device="/dev/serial/by-id/usb-B-if00", imei="860000000000002", operator="CUCC",
                      signal_dbm=-85, registered=True)),
        ("sim9", dict(imei="869999999999999", registered=False))))
    w.write_conf()
    with open(w.conf, encoding="utf-8") as f:
        text = f.read()
    with open(w.conf, "w", encoding="utf-8") as f:
        f.write(text.replace('driver_dir = "%s"' % BUILD, 'driver_dir = "drivers"'))
    w.start()
    wait_for("routes up", w.all_up)
    yield w
    w.close()


def ctl(world, *argv, code=0, lang="en"):
    p = subprocess.run([os.path.join(BUILD, "gongctl"), "--config", world.conf, "--lang", lang, *argv],
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == code, (p.returncode, p.stdout, p.stderr)
    return p.stdout if code == 0 else p.stdout + p.stderr


def test_the_list_says_which_route_has_which_port(world):
    lines = ctl(world, "modem", "list").splitlines()
    assert lines[0].split() == ["port", "route", "model", "IMEI", "ICCID", "operator", "signal", "state"]
    free, held, other, gone = lines[1:5]
    assert "/dev/ttyUSB0" in free and "EC20" in free and "-71 dBm" in free and "in no route" in free
    assert "sim1" in held and "CUCC" in held and "860000000000002" in held and "up" in held.split()
    assert "held by process 815" in other
    assert gone.split()[:2] == ["-", "sim9"] and "869999999999999" in gone and "not registered" in gone
    zh = ctl(world, "modem", "list", lang="zh")
    assert "端口" in zh and "空闲" in zh and "被进程 815 占用" in zh and "未注册" in zh


def test_the_list_as_json(world):
    modems = json.loads(ctl(world, "modem", "list", "--json"))["modems"]
    assert [m.get("route") for m in modems] == [None, "sim1", None, "sim9"]
    assert modems[1]["held_by"] == "4711" and modems[1]["signal_dbm"] == -85
    assert modems[3]["port"] is None


def test_the_list_without_gongd(world):
    p = subprocess.run([os.path.join(BUILD, "gongctl"), "--config", world.conf, "modem", "list"],
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 0
    conf = world.path("other.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write('driver_dir = "drivers"\nlisten { socket = "nobody.sock" }\n')
    p = subprocess.run([os.path.join(BUILD, "gongctl"), "--config", conf, "--lang", "en", "modem", "list"],
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 0 and "/dev/ttyUSB0" in p.stdout and "nobody.sock" in p.stderr, p


def test_a_program_that_is_not_there(world):
    conf = world.path("none.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write('driver_dir = "nowhere"\nlisten { socket = "gong.sock" }\n')
    p = subprocess.run([os.path.join(BUILD, "gongctl"), "--config", conf, "--lang", "en", "modem", "list"],
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 2 and "nowhere/gong-modem" in p.stderr and "driver_dir" in p.stderr, p


def test_a_port_is_probed(world):
    out = ctl(world, "modem", "probe", "/dev/ttyUSB0")
    assert "> AT" in out and "imei         860000000000001" in out
    assert json.loads(ctl(world, "modem", "probe", "/dev/ttyUSB0", "--json"))["log"] == ["> AT", "< OK"]
    assert "no answer" in ctl(world, "modem", "probe", "/dev/dumb", code=1)
    assert "gave no list" in ctl(world, "modem", "probe", "/dev/none", code=1)


def test_questions(world):
    assert ctl(world, "modem", "at", "sim1", "AT+CSQ") == "+CSQ: 20,99\nOK\n"
    assert json.loads(ctl(world, "modem", "at", "sim1", "AT+CSQ", "--json"))["ms"] == 12
    assert "CME ERROR: 30" in ctl(world, "modem", "ussd", "sim1", "*100#", code=1)
    out = ctl(world, "modem", "send-test", "sim1", "+99910000001")
    assert "after 2.1 s, reference 12" in out and "receipt: delivered after 3.4 s" in out, out
    assert "回执:已送达,3.4 秒" in ctl(world, "modem", "send-test", "sim1", "+99910000001", lang="zh")
    said = json.loads(ctl(world, "modem", "send-test", "sim1", "+99910000001", "试 一下", "--json"))
    assert said["lines"] == ["+99910000001", "试 一下"]


def test_wrong_questions(world):
    assert "begins with AT" in ctl(world, "modem", "at", "sim1", "CSQ", code=1)
    assert "no route \"sim7\"" in ctl(world, "modem", "at", "sim7", "AT", code=1)
    assert "no name of a route" in ctl(world, "modem", "at", "../alerts", "AT", code=2)
    assert "needs COMMAND" in ctl(world, "modem", "at", "sim1", code=2)
    assert "needs NUMBER" in ctl(world, "modem", "send-test", "sim1", code=2)
    assert "one word too many" in ctl(world, "modem", "send-test", "sim1", "+99910000001", "a", "b", code=2)
