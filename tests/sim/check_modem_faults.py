#!/usr/bin/env python3
"""Every fault, and every part of a stick beyond plain messages, that the simulated modem plays.

Usage: check_modem_faults.py build/release/sim/modem; about 20 s; exits 1 when a check fails."""
import json
import os
import subprocess
import sys
import tempfile
import time

import check_modem_at as at
from check_modem_at import HELLO, HELLO_RECEIPT, MODEM, Client, check


class Modem:
    """One simulated modem in a folder of its own."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="gong-sim-faults.", dir="/tmp")
        self.tty = self.path("tty")
        self.p = subprocess.Popen([MODEM, "--link", self.tty, "--log", self.path("log"),
                                   "--control", self.path("ctl"), *options],
                                  stdout=subprocess.PIPE, text=True)
        self.p.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.terminate()
        check("it ends at SIGTERM with 0", self.p.wait(5) == 0, self.p.returncode)
        for name in os.listdir(self.folder):
            os.unlink(self.path(name))
        os.rmdir(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tell(self, *lines):
        done = subprocess.run([MODEM, "--tell", self.path("ctl"), *lines], timeout=10,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode:
            check("tell %s" % (lines,), False, done.stderr)

    def refuses(self, line):
        return subprocess.run([MODEM, "--tell", self.path("ctl"), line], timeout=10,
                              stderr=subprocess.PIPE, text=True).returncode == 1

    def events(self, kind):
        with open(self.path("log"), encoding="utf-8") as log:
            return [e for e in map(json.loads, log) if e["ev"] == kind]

    def client(self, path=None, ready=True):
        end = time.time() + 5
        while not os.path.exists(path or self.tty) and time.time() < end:
            time.sleep(0.02)
        c = Client(path or self.tty)
        if ready:
            c.ask("ATE0")
        return c


def command_faults(m):
    c = m.client()
    m.tell("drop-command 1 AT+CSQ")
    got = c.ask("AT+CPIN?") + c.ask("AT+CSQ", seconds=0.2) + c.ask("AT+CSQ")
    check("drop-command loses one reply to that command alone",
          got.count("+CSQ") == 1 and "READY" in got, got)
    m.tell("late 300 1 AT+C")
    began = time.time()
    got = c.ask("AT+CSQ")
    check("late brings the reply late", "+CSQ" in got and time.time() - began > 0.28, got)
    m.tell("fail +CME ERROR: 30 1 AT+CPIN", "fail ERROR 1 AT+CIMI", "fail +CMS ERROR: 500 1")
    got = c.ask("AT+CSQ", b"500\r\n") + c.ask("AT+CPIN?", b"30\r\n") + c.ask("AT+CIMI", b"ERROR\r\n")
    check("fail answers as told", got == "\r\n+CMS ERROR: 500\r\n\r\n+CME ERROR: 30\r\n"
          "\r\nERROR\r\n", got)
    m.tell("drop-command 5", "drop-command 0")
    check("count 0 takes a fault back", "OK" in c.ask("AT"))
    check("bad fault orders are refused", m.refuses("fail NONSENSE 1") and m.refuses("late 5"))
    m.tell("urc-mid ^RSSI: 17 x2")
    got = c.ask("AT+CPMS?") + c.ask("AT") + c.ask("AT")
    check("urc-mid breaks into two replies", got.count("^RSSI: 17\r\n\r\nOK") == 2
          and got.index("+CPMS") < got.index("^RSSI"), got)
    m.tell("urc-every 50 +QIND: x")
    got = c.silence(0.3)
    m.tell("urc-every 0")
    c.silence(0.1)
    check("urc-every repeats, then stops", 3 <= got.count("+QIND: x") <= 7
          and c.silence(0.15) == "", got)
    m.tell("babble 2 3000 +CMT: ,999\\n")
    got = c.silence(0.2)
    check("babble says long lines", got.count("+CMT: ,999\r\n0123456789ABCDEF") == 2
          and len(got) > 6000, got[:80])
    m.tell("echo wrong on")
    c.ask("ATE1")
    got = c.ask("AT")
    check("a wrong echo", got == "AU\r\r\nOK\r\n", got)
    m.tell("echo wrong off")
    c.ask("ATE0")
    m.tell("stall on")
    sent = c.flood(1 << 20)
    m.tell("stall off")
    got = c.read(b"\0never", 1)
    check("stalled, the client's output fills; then it goes on", sent < 1 << 17
          and got.count("OK") > 100, (sent, len(got)))
    names = {e["fault"] for e in m.events("fault")}
    check("the faults are in the books", {"drop-command", "late", "fail"} <= names, names)
    c.close()


def submit_faults(m):
    c = m.client()
    c.ask("AT+CMEE=1")
    m.tell("cme 515 1", "submit-error 1", "no-mr 1", "late-submit 300 1", "no-prompt 1")
    got = c.ask("AT+CMGS=18", b"> ", 0.2)
    c.write("\x1b")
    c.read(b"OK\r\n")
    check("no prompt, and the modem waits for a text", "> " not in got, got)
    got = c.submit(HELLO, b"515\r\n") + c.submit(HELLO, b"ERROR\r\n")
    check("CME and plain ERROR refuse submits", "+CME ERROR: 515" in got
          and got.endswith("\r\nERROR\r\n"), got)
    began = time.time()
    got = c.submit(HELLO)
    took = [e["at"] for e in m.events("submit") if e["state"] == "accepted"]
    check("OK without a reference", "+CMGS:" not in got and "OK" in got, got)
    check("late, though accepted at once", time.time() - began > 0.28
          and took[-1] / 1000 - began < 0.2, took)
    m.tell("sent-error 500 1")
    got = c.submit(HELLO, b"500\r\n")
    check("an error, though the network has it", "+CMS ERROR: 500" in got and "+CMGS:" not in got
          and m.events("submit")[-1]["state"] == "accepted", got)
    m.tell("cms-ratio 500 0.5")
    got = "".join(c.submit(HELLO, b"\r\n\r\n", 0.05) for _ in range(30))
    m.tell("cms-ratio 500 0")
    check("a share of the submits is refused", 5 < got.count("ERROR: 500") < 25
          and "500" not in c.submit(HELLO), got.count("ERROR: 500"))
    refused = [e["result"] for e in m.events("submit") if e["state"] == "refused"]
    check("the books name each refusal", refused[:2] == ["+CME ERROR: 515", "ERROR"], refused)
    c.close()


def registration():
    with Modem("--lte") as m:
        c = m.client()
        got = c.ask("AT+CREG?;+CGREG?;+CEREG?")
        check("LTE alone", "+CREG: 0,2" in got and "+CGREG: 0,2" in got
              and "+CEREG: 0,1" in got, got)
        check("messages go over LTE alone", "+CMGS: " in c.submit(HELLO))
        c.ask("AT+CREG=1;+CGREG=1;+CEREG=2")
        m.tell("register-eps 3")
        got = c.read(b"+CEREG: 3\r\n")
        check("its loss is announced", "+CEREG: 3" in got, got)
        m.tell("deliver +99955556666 while away")
        check("without network nothing goes", "331" in c.submit(HELLO, b"331\r\n"))
        check("and nothing comes", "+CMGL" not in c.ask("AT+CMGL=4"))
        m.tell("register 1")
        got = c.read(b"+CEREG: 1,") + c.ask("AT+CMGL=4")
        check("its return brings what waited", '+CEREG: 1,"0001"' in got and "+CMGL: 1" in got, got)
        c.close()


def resets(m):
    c = m.client()
    c.ask("AT+CNMI=2,1,0,1,0;+CMEE=1;+CREG=1;+CSCS=\"UCS2\"")
    m.tell("air 300", "drop-reply 0")
    c.ask("AT+CMGS=18", b"> ")
    c.write(HELLO + "\x1a")
    time.sleep(0.05)
    m.tell("reset 400")
    check("a reset is silent", c.ask("AT", seconds=0.2) == "")
    got = c.read(b"SMS Ready\r\n")
    check("then says so, and no old answer", "\r\nRDY\r\n" in got and "+CMGS" not in got, got)
    check("the submit went on", m.events("submit")[-1]["state"] == "accepted")
    got = c.ask("AT+CNMI?;+CMEE?;+CREG?;+CSCS?;+CMGF?")
    check("settings are the modem's own again", got.startswith("AT+CNMI?") and
          all(text in got for text in ("+CNMI: 0,0,0,0,0", "+CMEE: 0", "+CREG: 0,1", '"IRA"')), got)
    m.tell("air 0", "hang soft")
    got = c.ask("ATE0") + c.ask("AT+CSQ", seconds=0.2)
    check("hung softly it knows AT alone", "OK" in got and "CSQ" not in got.replace("AT+CSQ", ""), got)
    c.ask("AT+CFUN=1,1")
    check("CFUN=1,1 cures it", "+CSQ" in c.ask("AT+CSQ"))
    m.tell("hang hard")
    got = c.ask("AT+CFUN=1,1", seconds=0.2)
    m.tell("revive")
    check("hung hard it is deaf until revived", got == "" and "OK" in c.ask("AT"), got)
    c.close()


def reenumeration():
    folder = tempfile.mkdtemp(dir="/tmp")
    other = os.path.join(folder, "tty9")
    with Modem("--boot-ms", "300", "--reenumerate", other) as m:
        c = m.client()
        check("CFUN=1,1 is answered", "OK" in c.ask("AT+CFUN=1,1"))
        time.sleep(0.15)
        check("then the tty is gone", not os.path.lexists(m.tty) and not os.path.lexists(other))
        c.close()
        c = m.client(other)
        check("and comes back under the other name", "OK" in c.ask("AT"))
        m.tell("reset 100")
        c.close()
        c = m.client()
        check("and under its own the next time", "OK" in c.ask("AT"))
        c.close()
    os.rmdir(folder)
    with Modem("--boot-ms", "200") as m:
        c = m.client()
        c.ask("AT+CFUN=1,1")
        time.sleep(0.05)
        got = c.ask("AT", seconds=0.1) + c.read(b"SMS Ready")
        check("a reset in place takes its time", got.startswith("\r\nRDY"), got)
        c.close()


def card():
    with Modem("--pin", "1234", "--puk", "87654321") as m:
        c = m.client()
        c.ask("AT+CMEE=1;+CREG=1")
        got = c.ask("AT+CPIN?") + c.ask("AT+CREG?") + c.ask("AT+CCID") + c.ask("AT+CIMI", b"11\r\n")
        check("a locked SIM says so and keeps off the network", "+CPIN: SIM PIN" in got
              and "+CREG: 1,0" in got and "+CCID: 89" in got and "+CME ERROR: 11" in got, got)
        got = c.ask("AT+CMGL=4", b"311\r\n")
        check("messages need its PIN", "+CMS ERROR: 311" in got, got)
        got = c.ask('AT+CPIN="9999"', b"16\r\n") + c.ask('AT+CPINR="SIM PIN"')
        check("a wrong PIN counts down", "ERROR: 16" in got and "+CPINR: SIM PIN,2,3" in got, got)
        got = c.ask("AT+QPINC?") + c.ask("AT^CPIN?") + c.ask("AT+SPIC")
        check("in every dialect", '+QPINC: "SC",2,10' in got and "^CPIN: SIM PIN,2,10,2,10,3" in got
              and "+SPIC: 2,10,3,10" in got, got)
        got = c.ask("AT+CPIN=1234", b"+CREG: 1\r\n") + c.ask("AT+CPINR")
        check("the right one opens it", "+CPIN: READY" in got and "SIM PIN,3,3" in got
              and "+CMGS: " in c.submit(HELLO), got)
        m.tell("reset 10")
        got = c.read(b"SIM PIN\r\n")
        check("a reset locks it again", "RDY" in got and "+CPIN: SIM PIN" in got, got)
        c.ask("ATE0;+CMEE=1")
        for _ in range(3):
            c.ask("AT+CPIN=0000", b"16\r\n")
        got = c.ask("AT+CPIN?") + c.ask("AT+CMGL=4", b"316\r\n")
        check("after three tries it wants its PUK", "+CPIN: SIM PUK" in got and "316" in got, got)
        got = c.ask("AT+CPIN=11111111,4321", b"16\r\n") + c.ask("AT+CPINR") \
            + c.ask("AT+CPIN=87654321,4321") + c.ask("AT+CPIN?")
        check("which sets a new PIN", "SIM PUK,9,10" in got and "+CPIN: READY" in got, got)
        m.tell("sim absent")
        got = c.read(b"INSERTED\r\n") + c.ask("AT+CPIN?", b"10\r\n") + c.ask("AT+CMGL=4", b"310\r\n")
        check("no card", "+CME ERROR: 10" in got and "+CMS ERROR: 310" in got, got)
        m.tell("sim failure")
        check("a broken card", "+CME ERROR: 13" in c.ask("AT+CPIN?", b"13\r\n"))
        m.tell("sim ok")
        check("a card put back is locked", "SIM PIN" in c.ask("AT+CPIN?"))
        check("the books count", [e["pin_left"] for e in m.events("sim")] == [2, 3, 2, 1, 0, 0, 3],
              m.events("sim"))
        c.close()


def identity():
    with Modem("--maker", "Quectel", "--model", "EC20F", "--firmware", "EC20CEFA",
               "--temperature", "41") as m:
        c = m.client()
        got = c.ask("ATI") + c.ask("AT+CGMI;+CGMM;+CGMR")
        check("maker, model, firmware", got.count("Quectel\r\n") == 2 and got.count("EC20F\r\n") == 2
              and got.count("EC20CEFA\r\n") == 2, got)
        got = c.ask("AT+QTEMP;+CPMUTEMP;^CHIPTEMP?")
        check("temperature in three dialects", "+QTEMP: 41,41,41" in got and "+CPMUTEMP: 41" in got
              and "^CHIPTEMP: 410," in got, got)
        got = c.ask("AT+CCID;+ICCID;+QCCID;^ICCID?;+GSN")
        check("ICCID in four", got.count(": 8999901000000000001") == 4
              and "999000000000017" in got, got)
        c.close()


def ussd():
    with Modem("--ussd-ms", "30") as m:
        c = m.client()
        m.tell("ussd *100# Balance 3.20 CNY", "ussd *101# 余额3.20元")
        got = c.ask('AT+CUSD=1,"*100#",15') + c.read(b",15\r\n")
        check("USSD is answered after its OK", got.endswith('OK\r\n\r\n+CUSD: 0,"Balance 3.20 CNY",15\r\n'),
              got)
        got = c.ask('AT+CUSD=1,"*101#",15') + c.read(b",72\r\n")
        check("what GSM cannot say is UCS-2", '"4F59989D0033002E00320030' in got, got)
        got = c.ask('AT+CUSD=1,"*999#",15') + c.read(b"CUSD: 4\r\n")
        check("an unknown code", "+CUSD: 4" in got, got)
        c.ask('AT+CSCS="UCS2"')
        got = c.ask('AT+CUSD=1,"002A0031003000300023",15') + c.read(b",15\r\n")
        check("+CSCS UCS2 both ways", '"00420061006C' in got, got)
        c.ask('AT+CSCS="IRA"')
        m.tell("ussd-format packed")
        got = c.ask('AT+CUSD=1,"AA180C3602",15') + c.read(b",15\r\n")
        check("packed both ways", '"C2303B' in got, got)
        m.tell("ussd-format ucs2")
        got = c.ask('AT+CUSD=1,"*100#",15') + c.read(b",72\r\n")
        check("always UCS-2", '"00420061' in got, got)
        check("the books have them", [e["code"] for e in m.events("ussd")].count("*100#") == 4)
        c.close()


def ports():
    folder = tempfile.mkdtemp(dir="/tmp")
    path = {kind: os.path.join(folder, kind) for kind in ("at", "mute", "diag")}
    with Modem(*[word for kind in path for word in ("--port", path[kind] + "=" + kind)]) as m:
        side, mute, diag = [Client(path[kind]) for kind in ("at", "mute", "diag")]
        c = m.client()
        check("a mute port is mute", mute.ask("AT", seconds=0.1) == "")
        got = diag.ask("AT", b"\x7e\x7e", 0.2)
        check("a diagnostic port talks garbage", got and "OK" not in got, got)
        got = side.ask("ATE0") + side.ask("AT+CGSN;+CCID") + side.ask("ATI")
        check("a second AT port answers", "999000000000017" in got and "+CCID" in got
              and got.count("OK") == 3, got)
        got = side.ask("AT+CMGS=18", b"ERROR\r\n")
        check("but sends nothing", got == "\r\nERROR\r\n", got)
        m.tell("deliver +99955556666 hi")
        c.ask("AT+CNMI=2,1,0,1,0")
        m.tell("deliver +99955556666 hi")
        got = c.read(b"+CMTI: \"SM\",2")
        check("and has no news", "+CMTI" in got and side.silence(0.1) == "", got)
        for one in (side, mute, diag, c):
            one.close()
        side = Client(path["at"])
        check("its next client is not locked out", "OK" in side.ask("AT"))
        side.close()
        m.tell("unplug")
        check("unplugging takes all ports", not any(map(os.path.lexists, path.values())))
        m.tell("replug")
        check("replugging brings them back", all(map(os.path.lexists, path.values())))
    os.rmdir(folder)


def stat(c):
    got = c.ask("AT+CLCC")
    return got.split(",")[2] if "+CLCC" in got else None


def callees():
    folder = tempfile.mkdtemp(dir="/tmp")
    script = os.path.join(folder, "calls")
    with open(script, "w", encoding="utf-8") as f:
        f.write("# who does what\n+9991* alert 100 answer 150 key 1 50 key # 50 end 100\n")
    with Modem("--calls", script, "--keys", "quectel", "--ring-ms", "400", "--dsci") as m:
        c = m.client()
        got = c.ask("AT+QTONEDET=?") + c.ask("AT+DDET=1", b"ERROR\r\n")
        check("one maker's key commands are known", "+QTONEDET: (0,1)" in got
              and got.endswith("\r\nERROR\r\n"), got)
        c.ask("AT+QTONEDET=1")
        seen = ["OK" in c.ask("ATD+99910000001;"), stat(c)]
        time.sleep(0.15)
        seen.append(stat(c))
        got = c.read(b"+QTONEDET: 49\r\n")
        seen.append(stat(c))
        got += c.read(b"NO CARRIER\r\n")
        check("a call dials, alerts, is answered, ends", seen + [stat(c)] ==
              [True, "2", "3", "0", None], seen)
        check("its keys are announced", "+QTONEDET: 49" in got and "+QTONEDET: 35" in got, got)
        check("the books have it", [(e["state"], e.get("key")) for e in m.events("call")] ==
              [("dialling", None), ("answer", None), ("key", "1"), ("key", "#"), ("end", None)],
              m.events("call"))
        m.tell("callee +9992 busy 100", "callee +9993 noanswer", "callee +9994 reject 150",
               "callee +9995 dead", "callee +9996 noservice", "callee +9997 answer 50 x1")
        c.ask("AT^DSCI=1")
        ends = []
        for number, end in (("+9992", b"BUSY"), ("+9993", b"NO ANSWER"), ("+9994", b"NO CARRIER")):
            c.ask("ATD%s;" % number)
            time.sleep(0.05)
            ends.append((stat(c), end.decode() in c.read(end + b"\r\n"), stat(c)))
        check("busy, no answer, rejected", ends ==
              [("2", True, None), ("2", True, None), ("3", True, None)], ends)
        got = c.ask("ATD+9995;") + c.silence(0.6)
        check("a dead call says nothing, ever", "NO" not in got and stat(c) == "2"
              and "OK" in c.ask("ATH"), got)
        got = c.ask("ATD+9996;", b"CARRIER\r\n")
        check("no service", "NO CARRIER" in got and "OK" not in got, got)
        c.ask("ATD+9997;")
        time.sleep(0.1)
        got = stat(c)
        c.ask("AT+CHUP")
        c.ask("ATD+9997;")
        time.sleep(0.1)
        check("a script for one call only", got == "0" and stat(c) == "2", got)
        m.tell("call answer")
        got = c.read(b"DSCI: 1,0,0")
        m.tell("call key 5")
        got += c.read(b"53\r\n") + c.ask("ATH", b"DSCI: 1,0,6,0,+9997,145")
        check("^DSCI tells the states, a key by hand", "^DSCI: 1,0,0,0,+9997" in got
              and "+QTONEDET: 53" in got and "1,0,6" in got, got)
        check("bad scripts are refused", m.refuses("callee +9998 answer") and
              m.refuses("callee +9998 key Z 10") and m.refuses("callee +9998 sing 10"))
        c.close()
    os.unlink(script)
    os.rmdir(folder)


def speech():
    with Modem("--keys", "simcom", "--tts-ms", "50") as m:
        c = m.client()
        m.tell("callee * answer 10 key 3 50")
        c.ask("AT+DDET=1,0,0")
        c.ask("ATD+99920000001;")
        got = c.ask('AT+CTTS=1,"5C716D2A"') + c.read(b"+CTTS: 0\r\n") + c.read(b"DTMF: 3")
        check("SIMCom speaks and hears", "+CTTS: 0" in got and "+DTMF: 3" in got, got)
        check("the spoken text is in the books", [e["text"] for e in m.events("speech")] ==
              ["山洪"], m.events("speech"))
        c.close()
    with Modem("--tts", "quectel", "--tts-ms", "50") as m:
        c = m.client()
        got = c.ask('AT+QTTS=2,"5C716D2A"') + c.read(b"+QTTS: 0\r\n")
        check("Quectel speaks, too", "+QTTS: 0" in got and
              m.events("speech")[0]["text"] == "山洪" and "ERROR" in c.ask("AT+QTONEDET=1", b"R\r\n"),
              got)
        c.close()


def incoming_calls():
    with Modem("--ring-every-ms", "100") as m:
        c = m.client()
        c.ask("AT+CLIP=1")
        m.tell("ring +99955556666 2")
        got = c.read(b"NO CARRIER\r\n")
        check("a caller rings in vain", got.count("RING") == 2
              and got.count('+CLIP: "+99955556666",145') == 2, got)
        m.tell("ring +99955556666")
        c.read(b"RING")
        c.silence(0.02)
        got = stat(c), "OK" in c.ask("ATA"), stat(c), "OK" in c.ask("ATH"), stat(c)
        check("ATA takes it, ATH ends it", got == ("4", True, "0", True, None), got)
        m.tell("ring +99955556666")
        c.read(b"RING")
        m.tell("ring stop")
        got = c.read(b"NO CARRIER")
        check("the caller gives up", "NO CARRIER" in got and "RING" not in c.silence(0.25), got)
        check("the books have them", [e["state"] for e in m.events("call")] ==
              ["ringing", "missed", "ringing", "answer", "hangup", "ringing", "missed"],
              m.events("call"))
        c.close()


# SUBMIT to the modem's own number +99910000000, "hello"; and part 1, part 2 of two to a stranger
SELF = "0001000B919919000000F0000005E8329BFD06"
PARTS = ["0041000B919929000000F10000%02X050003070%d0%d%s" % (n, 2, k, text) for n, k, text in
         ((9, 1, "8261"), (9, 2, "C462"))]


def operator(m):
    c = m.client()
    c.ask("AT+CNMI=2,1,0,1,0")
    got = c.submit(SELF, b"+CMTI")
    got += c.silence(0.05) + c.ask("AT+CMGR=1")
    check("its own number gets it back", "+CMTI" in got and "0005E8329BFD06" in got, got)
    m.tell("receipt-ms 10", "receipt-duplicate 1")
    got = c.submit(HELLO_RECEIPT) + c.silence(0.1)
    check("a receipt twice", got.count("+CDS: ") == 2 and m.events("receipt")[-1]["times"] == 2, got)
    m.tell("receipt-duplicate 0", "receipt-loss 1")
    got = c.submit(HELLO_RECEIPT) + c.silence(0.1)
    check("none at all", "+CDS: " not in got, got)
    m.tell("receipt-loss 0", "receipts none", "lose 1")
    messages = len(m.events("message"))
    got = c.submit(HELLO)
    check("accepted, and lost on the way", "+CMGS" in got and len(m.events("message")) == messages
          and m.events("fault")[-1]["fault"] == "lost-segment", m.events("fault"))
    m.tell("lose 0", "air-parts 20,150")
    took = []
    for part in PARTS:
        began = time.time()
        c.submit(part)
        took.append(time.time() - began)
    check("each part has its air time", took[0] < 0.13 < took[1], took)
    check("the parts are joined", m.events("message")[-1]["parts"] == 2, m.events("message")[-1])
    m.tell("air 0", "reorder on")
    c.submit(SELF)
    got = c.silence(0.1)
    got2 = c.submit(HELLO)
    got2 += c.read(b"+CMTI") if "+CMTI" not in got2 else ""
    order = [e["to"] for e in m.events("message")][-2:]
    check("a later segment overtakes", "+CMTI" not in got and "+CMTI" in got2
          and order == ["+99920000001", "+99910000000"], order)
    c.submit(SELF)
    check("and one alone still comes", "+CMTI" in c.read(b"+CMTI", 1))
    m.tell("reorder off")
    c.close()


def partners():
    with Modem("--number", "+99910000001") as other:
        with Modem("--partner", "+99920000001=" + other.path("ctl")) as m:
            c, d = m.client(), other.client()
            d.ask("AT+CNMI=2,2,0,0,0")
            c.submit(HELLO)
            got = d.read(b"E8329BFD06\r\n")
            check("another modem gets it", "+CMT: ,24" in got and
                  other.events("deliver")[0]["from"] == "+99910000000"
                  and other.events("deliver")[0]["text"] == "hello", got)
            c.close()
            d.close()


def deliveries():
    with Modem("--cnmi", "(0-2),(0-2),(0,2),(0,2),(0,1)", "--sm-size", "6") as m:
        c = m.client()
        got = c.ask("AT+CNMI=?") + c.ask("AT+CNMI=2,1,0,1,0", b"302\r\n")
        check("what +CNMI does not offer it refuses", "(0,2),(0,2)" in got and "302" in got, got)
        c.ask("AT+CNMI=2,1,0,0,0")
        m.tell("store SM sent +99911 old", "store SM unsent +99911 draft", "store SM read +99911 水")
        got = c.ask("AT+CMGL=4")
        check("memories may be used already", "+CMGL: 1,3,," in got and "+CMGL: 2,2,," in got
              and "+CMGL: 3,1,," in got and "6C34" in got, got)
        got = c.ask("AT+CMGD=1,2") + c.ask("AT+CMGL=4")
        check("+CMGD 2 spares drafts", got.count("+CMGL") == 1 and "+CMGL: 2,2" in got, got)
        c.ask("AT+CMGD=1,4")
        m.tell("deliver-class0 +99955556666 flash")
        got = c.read(b"\r\n+CMT") + c.silence(0.1)
        check("class 0 is shown, not stored", "+CMT: ," in got and
              '"SM",0,6' in c.ask("AT+CPMS?"), got)
        m.tell("deliver-8bit +99955556666 00FF10",
               "deliver-hex 07919909000000F0040B919959556566F600005110218103000005E8329BFD06")
        c.silence(0.1)
        got = c.ask("AT+CMGL=4")
        check("8 bit and raw PDUs arrive", "0300FF10" in got and "05E8329BFD06" in got, got)
        check("a raw one is read for the books", m.events("deliver")[-1].get("text") == "hello"
              and m.events("deliver")[-1]["from"] == "+99955556666", m.events("deliver")[-1])
        check("bad hexadecimal is refused", m.refuses("deliver-hex 07XX") and
              m.refuses("store SM torn +999 x") and m.refuses("deliver-8bit +999"))
        for i in range(6):
            m.tell("deliver +99955556666 %d" % i)
        got = c.ask("AT+CPMS?")
        c.ask("AT+CMGD=1,4")
        got2 = c.silence(0.1) + c.ask("AT+CPMS?")
        check("really full, what waits comes later", '"SM",6,6' in got and '"SM",2,6' in got2, got2)
        c.ask("AT+CMGD=1,4;+CSMS=1;+CNMI=2,2,0,0,0")
        m.tell("deliver +99955556666 one", "deliver +99955556666 two")
        c.read(b"+CMT")
        got = c.silence(0.1)
        got2 = c.ask("AT+CNMA") + c.read(b"+CMT") + c.silence(0.05)
        check("with CSMS 1 the next waits for +CNMA", "+CMT" not in got and "+CMT" in got2, got2)
        got = c.silence(2.1) + c.ask("AT+CNMI?") + c.ask("AT+CMGL=4")
        check("without it the routing ends and nothing is lost", "+CNMI: 2,0,0,0,0" in got
              and "+CMGL: 1,0" in got, got)
        c.close()


def oddities():
    """What some models do unlike others: where reports are announced, which mode they are in, what a
    reset loses."""
    with Modem("--sm-size", "2", "--me-size", "2") as m:
        c = m.client()
        c.ask("AT+CMGF=0;+CNMI=2,1,0,2,0;+CMEE=1")
        m.tell("cdsi-memory SM")
        c.submit(HELLO_RECEIPT)
        got = c.read(b"+CDSI") + c.silence(0.1)
        lies = c.ask('AT+CPMS="SR"')
        check("a report is announced in another memory", '+CDSI: "SM"' in got and "+CPMS: 1," in lies,
              got + lies)
        c.ask('AT+CPMS="SM"')
        m.tell("full on", "impatient on", "deliver +99955556666 nowhere")
        c.silence(0.1)
        m.tell("full off", "impatient off", "deliver +99955556666 here")
        c.silence(0.1)
        got = c.ask("AT+CMGL=4")
        check("an impatient network keeps nothing for a full SIM", got.count("+CMGL") == 1 and
              "no room" in [e["fault"] for e in m.events("fault")], m.events("fault"))
        m.tell("text-mode on")
        got, took = c.ask("AT+CMGL=4"), c.ask("AT+CMGS=18", b"305\r\n")
        check("in text mode it lists in words and takes no PDU", '"' in got and "305" in took,
              got + took)
        got = c.ask("AT+CMGF=0") + c.ask("AT+CMGL=4") + c.submit(HELLO)
        check("until it is told", '"REC' not in got and "+CMGS: " in got, got)
        m.tell("text-mode stuck")
        c.ask("AT+CMGF=0")
        check("or whatever it is told", '"' in c.ask("AT+CMGL=4"))
        m.tell("text-mode off", "lose-smsc on", "reset")
        c.silence(0.1)
        got = c.ask("ATE0") + c.ask("AT+CMEE=1;+CMGF=0;+CSCA?") + c.submit(HELLO, b"\r\n\r\n")
        check("a reset loses the service centre", '+CSCA: ""' in got and "330" in got, got)
        m.tell("lose-smsc off")
        c.ask("AT+CREG=1")
        m.tell("register-quietly 2")
        got = c.silence(0.1) + c.ask("AT+CREG?")
        check("a network is lost without a word", got.count("+CREG") == 1 and "+CREG: 1,2" in got, got)
        m.tell("register 1")
        c.silence(0.1)
        m.tell("hang hard")
        got = c.ask("AT", seconds=0.2)
        m.tell("unhang")
        check("unhang is revive", got == "" and "OK" in c.ask("AT"), got)
        c.close()


def main():
    with Modem() as m:
        command_faults(m)
        submit_faults(m)
    with Modem() as m:
        operator(m)
    partners()
    deliveries()
    oddities()
    registration()
    with Modem() as m:
        resets(m)
    reenumeration()
    card()
    identity()
    ussd()
    ports()
    callees()
    speech()
    incoming_calls()
    print("%d passed, %d failed" % (at.passes, at.failures))
    sys.exit(at.failures > 0)


if __name__ == "__main__":
    main()
