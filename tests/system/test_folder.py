"""gong-folder: real files in a real folder, whole and half-written, odd and hostile, over deaths of either side."""
import json
import os
import signal
import socket
import subprocess
import time

import pytest

from harness import BUILD, SLOW, World, sim_route, wait_for
from district import District

RULES = {"plain.rules": '''read { each = "/list" kind = "/kind" text zh { headline = "/text" } }
rule "flood" { when { kinds = {flood} }
 then { template = notice.text severity = yellow divisions = {990121001} roles = {village_chief} validity = 4h
  param "text" { text = headline otherwise = "水情" max = 40 } } }
''', "sms.rules": '''read { label "to" { at = "/to" } text zh { headline = "/text" } }
rule "send" { then { template = notice.text severity = notice to = "to" param "text" { text = headline max = 300 } } }
'''}
GAMMU = '''; Saved 20261201T183519
[SMSBackup000]
; 水位
PDU = Submit
Number = "+9991000000010"
NumberUnicode = 002B0039003900390031003000300030003000300030003000310030
UDH = 050003170201
Text00 = 6C344F4D
Coding = Unicode_No_Compression
Class = -1

[SMSBackup001]
NumberUnicode = 002B0039003900390031003000300030003000300030003000310030
UDH = 050003170202
Text00 = 4E0A6DA8
Coding = Unicode_No_Compression
'''


def source(world, name, files="plain", rules="plain.rules", **more):
    os.makedirs(world.path(name), exist_ok=True)
    config = {"folder": world.path(name), "files": files, **more}
    return "source \"%s\" { format = json rules = \"%s\" up_to = red fetch = \"gong-folder\" config = '%s' }\n" % (
        name, rules, json.dumps(config))


@pytest.fixture(scope="module")
def world():
    w = World(name="folder")
    w.routes = sim_route(w.path("books")) + source(w, "in", max_bytes=20000) + \
        source(w, "smstools", "smstools", "sms.rules") + source(w, "gammu", "gammu", "sms.rules")
    for name, text in RULES.items():
        with open(w.path(name), "w", encoding="utf-8") as f:
            f.write(text)
    w.write_conf()
    with w:
        w.start()
        wait_for("the route", w.all_up)
        w.load(District(2, 3))
        yield w


def write(world, folder, name, text, moved=True):
    path = os.path.join(world.path(folder).encode(), name if isinstance(name, bytes) else name.encode())
    data = text if isinstance(text, bytes) else text.encode()
    with open(path + b".tmp" if moved else path, "wb") as f:
        f.write(data)
    if moved:
        os.rename(path + b".tmp", path)


def flood(text):
    return json.dumps({"list": [{"kind": "flood", "text": text}]})


def names(world, *folder):
    return sorted(n for n in os.listdir(world.path(os.path.join(*folder))) if n not in ("work", "done", "failed"))


def settled(world, folder, name):
    """Where it lies now and, in failed/, why."""
    def find():
        for place in "done", "failed":
            for n in os.listdir(world.path(os.path.join(folder, place))):
                if n[17:] == name:
                    return place, n
        return None
    place, n = wait_for(name + " to be settled", find)
    if place == "done":
        return "done", None
    with open(world.path(os.path.join(folder, "failed", n + ".reason")), encoding="utf-8") as f:
        return "failed", f.read()


def signals(world, name):
    return [s for s in world.api("GET", "/v1/signals?limit=1000")[1]["signals"] if s["source"] == name]


def of_source(world, name):
    return [s for s in world.api("GET", "/v1/sources")[1]["sources"] if s["name"] == name][0]


def test_a_file_is_a_signal_and_moves_when_it_is_on_disk(world):
    write(world, "in", "a.json", flood("一"))
    assert settled(world, "in", "a.json") == ("done", None)
    one = [s for s in signals(world, "in") if s["alert"]]
    assert len(one) == 1 and len(one[0]["ref"]) == 16
    assert [n[:16] for n in os.listdir(world.path("in/done"))] == [one[0]["ref"]]
    write(world, "in", "a.json", flood("一"))             # dropped anew: said anew
    wait_for("the second", lambda: len(signals(world, "in")) == 2)


def test_what_cannot_be_read_lies_in_failed_with_its_reason(world):
    write(world, "in", "b.json", "no JSON")
    write(world, "in", "big.json", b"x" * 20001)
    write(world, "in", b"\xff\xe4 $(rm)'.json", flood("二"))
    assert settled(world, "in", "b.json")[0] == "failed" and "max_bytes" in settled(world, "in", "big.json")[1]
    wait_for("the odd name", lambda: not names(world, "in"))
    assert any(b"\xff\xe4 $(rm)'.json" in n for n in os.listdir(world.path("in/done").encode()))
    unread = [s for s in signals(world, "in") if s["ref"] == "unreadable"]
    assert [s["state"] for s in unread][:2] == ["refused", "refused"]
    for verb in "replay", "release":            # its source is there all the same
        status, answer = world.api("POST", "/v1/signals/%d/%s" % (unread[0]["id"], verb), {})
        assert status == 409 and answer["code"] == "signal_unread", answer


def test_a_half_written_file_waits(world):
    with open(world.path("in/half.json"), "w", encoding="utf-8") as f:
        f.write(flood("半")[:10])
        f.flush()
        time.sleep(1.2 * SLOW)
        assert names(world, "in") == ["half.json"]
        f.write(flood("半")[10:])
    assert settled(world, "in", "half.json") == ("done", None)


def test_what_is_no_plain_file_is_left_and_told(world):
    secret = world.path("secret.json")
    with open(secret, "w", encoding="utf-8") as f:
        f.write(flood("密"))
    os.symlink(secret, world.path("in/link.json"))
    os.link(secret, world.path("in/hard.json"))
    os.mkfifo(world.path("in/fifo.json"))
    os.mkdir(world.path("in/sub.json"))
    s = socket.socket(socket.AF_UNIX)
    s.bind(world.path("in/socket"))
    write(world, "in", "good.json", flood("好"))
    assert settled(world, "in", "good.json") == ("done", None)
    wait_for("the alarm", lambda: [a["name"] for a in of_source(world, "in")["alarms"]] == ["odd"])
    left = ["fifo.json", "hard.json", "link.json", "socket", "sub.json"]
    assert names(world, "in") == left and not [x for x in signals(world, "in") if "密" in json.dumps(x)]
    s.close()
    os.rmdir(world.path("in/sub.json"))
    for n in left[:4]:
        os.unlink(world.path("in/" + n))
    wait_for("its end", lambda: not of_source(world, "in")["alarms"])


def test_texts_for_smstools_go_to_known_numbers_only(world):
    write(world, "smstools", "m1", "To: 9991000000010\nAlphabet: UTF-8\n\n水位上涨\n")
    write(world, "smstools", "m2", "To: +9991000000010\r\nFlash: yes\r\n\r\nriver high\r\n")
    write(world, "smstools", "m3", b"To: 9991000000010\nAlphabet: UCS2\n\n" + "请撤离".encode("utf-16-be"))
    write(world, "smstools", "stranger", "To: +99955555555\n\nhello\n")
    write(world, "smstools", "binary", "To: 9991000000010\nAlphabet: binary\n\n123\n")
    write(world, "smstools", "nobody", "Queue: x\n\nhello\n")
    for name in "m1", "m2", "m3":
        assert settled(world, "smstools", name) == ("done", None), name
    assert "+99955555555" in settled(world, "smstools", "stranger")[1]
    assert "Alphabet" in settled(world, "smstools", "binary")[1] and "number" in settled(world, "smstools", "nobody")[1]
    wait_for("the alerts", lambda: sum(1 for s in signals(world, "smstools") if s["alert"]) == 3)
    alerts = [s["alert"] for s in signals(world, "smstools") if s["alert"]]
    wait_for("the texts", lambda: {m["alert"] for m in world.messages()} >= set(alerts))
    assert sorted(m["alert"] for m in world.messages() if m["alert"] in alerts) == sorted(alerts)    # one person each
    said = [world.api("GET", "/v1/signals/%d" % s["id"])[1] for s in signals(world, "smstools") if s["alert"]]
    assert all(any(text in json.dumps(s, ensure_ascii=False) for s in said) for text in ("水位上涨", "river high", "请撤离"))


def test_files_of_gammu_smsd_inject(world):
    write(world, "gammu", "OUTC20261201_183519_00_+9991000000010_sms0.smsbackup", GAMMU)
    write(world, "gammu", "OUT+9991000000010.txt", "水位".encode("utf-16"))
    write(world, "gammu", "OUT+1.vcf", "x")
    assert settled(world, "gammu", "OUTC20261201_183519_00_+9991000000010_sms0.smsbackup") == ("done", None)
    assert settled(world, "gammu", "OUT+9991000000010.txt") == ("done", None)
    assert settled(world, "gammu", "OUT+1.vcf")[0] == "failed"
    bodies = [json.dumps(world.api("GET", "/v1/signals/%d" % s["id"])[1]["signal"], ensure_ascii=False)
              for s in signals(world, "gammu") if s["alert"]]
    assert [sum('"%s"' % text in b for b in bodies) for text in ("水位", "水位上涨")] == [1, 1]


def test_kill_9_of_either_side_takes_each_file_once(world):
    before = {s["id"] for s in signals(world, "in")}
    count = 200
    for i in range(count):
        write(world, "in", "k%03d.json" % i, flood("第%03d个" % i))
        if i == 60:
            os.kill(world.drivers()["gong-folder"], signal.SIGKILL)
        if i in (100, 150):
            world.kill()
            world.start()
    wait_for("all of them", lambda: not names(world, "in") and not os.listdir(world.path("in/work")), 40)
    rows = [s for s in signals(world, "in") if s["id"] not in before]
    assert len(rows) == count and len({s["alert"] for s in rows}) == count and {s["state"] for s in rows} == {"matched"}
    assert len([n for n in os.listdir(world.path("in/done")) if n[17:18] == "k"]) == count


def test_the_check_says_what_is_wrong_with_a_folder(world):
    good = world.routes

    def check():
        world.write_conf()
        run = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf, "--check"], capture_output=True,
                             text=True, timeout=60, check=False)
        return run.stdout + run.stderr
    assert "gong-folder" not in "".join(line for line in check().split("\n") if line.startswith("error"))
    world.routes = good.replace(world.path("in"), world.path("nowhere"))
    assert "nowhere cannot be worked in" in check()
    world.routes = good.replace('"files": "gammu"', '"files": "fax"')
    assert "plain, smstools or gammu" in check()
    world.routes = good
    world.write_conf()


def test_a_folder_that_is_gone_ends_the_child_until_it_is_back(world):
    os.rename(world.path("in"), world.path("away"))
    wait_for("its end", lambda: "cannot be worked in" in world.log_tail(50))
    os.rename(world.path("away"), world.path("in"))
    write(world, "in", "back.json", flood("回"))
    assert settled(world, "in", "back.json") == ("done", None)
