#!/usr/bin/env python3
"""What the gammu program cannot show of the simulated modem, by plain AT dialogue.

Usage: check_modem_at.py build/release/sim/modem; about 3 s; exits 1 when a check fails."""
import fcntl
import json
import os
import select
import subprocess
import sys
import termios
import time

MODEM = sys.argv[1]
HERE = "/tmp/gong-sim-at.%d" % os.getpid()
TTY, LOG, CTL, SCRIPT = (os.path.join(HERE, name) for name in ("tty", "log", "ctl", "script"))
TIMER_SLACK = 2.0
# SUBMIT to +99920000001, "hello", GSM alphabet; with and without a receipt asked for
HELLO = "0001000B919929000000F1000005E8329BFD06"
HELLO_RECEIPT = "0021000B919929000000F1000005E8329BFD06"
failures = passes = 0


def check(sentence, good, shown=""):
    global failures, passes
    passes, failures = passes + bool(good), failures + (not good)
    print("ok      " if good else "FAILED  ", sentence, sep="")
    if not good:
        print("        got: %r" % (shown,))


class Client:
    def __init__(self, path=TTY):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(self.fd, termios.TIOCEXCL)

    def read(self, until, seconds=TIMER_SLACK):
        got, end = b"", time.time() + seconds
        while until not in got and time.time() < end:
            if select.select([self.fd], [], [], max(0, end - time.time()))[0]:
                got += os.read(self.fd, 4096)
        return got.decode("utf-8", "replace")

    def silence(self, seconds):
        return self.read(b"\0never", seconds)

    def write(self, text):
        os.write(self.fd, text.encode())

    def ask(self, text, until=b"OK\r\n", seconds=TIMER_SLACK):
        self.write(text + "\r")
        return self.read(until, seconds)

    def submit(self, pdu, until=b"OK\r\n", seconds=TIMER_SLACK):
        prompt = self.ask("AT+CMGS=%d" % (len(pdu) // 2 - 1), b"> ")
        self.write(pdu + "\x1a")
        return prompt + self.read(until, seconds)

    def flood(self, most):
        """Writes commands until the line takes no more; how many bytes it took."""
        os.set_blocking(self.fd, False)
        sent = 0
        try:
            while sent < most:
                sent += os.write(self.fd, b"AT\r" * 20)
        except BlockingIOError:
            pass
        os.set_blocking(self.fd, True)
        return sent

    def close(self):
        os.close(self.fd)


def tell(*lines):
    return subprocess.run([MODEM, "--tell", CTL, *lines], timeout=10,
                          stderr=subprocess.PIPE, text=True)


def events(kind):
    with open(LOG, encoding="utf-8") as log:
        return [e for e in map(json.loads, log) if e["ev"] == kind]


def dialogue(c):
    check("AT is echoed and answered", c.ask("AT") == "AT\r\r\nOK\r\n")
    check("ATE0 ends the echo", "OK" in c.ask("ATE0") and c.ask("AT") == "\r\nOK\r\n")
    got = c.ask("AT+CMEE=1;+CSQ;+CPIN?")
    check("commands of one line run in turn", "+CSQ: 20,99" in got and "READY" in got, got)
    got = c.ask("AT+NOSUCH=1", b"ERROR\r\n")
    check("an unknown command is an ERROR", got == "\r\nERROR\r\n", got)
    got = c.ask("AT+CMGR=1", b"321\r\n")
    check("an empty slot is +CMS ERROR: 321", "+CMS ERROR: 321" in got, got)
    c.ask('AT+CSCS="UCS2"')
    got = c.ask("AT+CSCA?")
    check("UCS2 texts are hexadecimal", '"002B00390039003900300030003000300030' in got, got)
    c.ask('AT+CSCS="IRA"')


def submits(c):
    got = c.submit(HELLO)
    check("a submit prompts, then gives its reference", "> " in got and "+CMGS: 0" in got, got)
    got = events("submit")
    check("its log has air, then accepted", [e["state"] for e in got] == ["air", "accepted"]
          and got[0]["text"] == "hello" and got[0]["to"] == "+99920000001", got)
    check("air time lies between them", got[1]["at"] - got[0]["at"] >= 95, got)
    got = c.submit(HELLO[:-2], b"304\r\n")
    check("a cut PDU is +CMS ERROR: 304", "+CMS ERROR: 304" in got, got)
    c.ask("AT+CMGS=18", b"> ")
    c.write("0001\x1b")
    got = c.read(b"OK\r\n")
    check("ESC leaves the prompt and sends nothing", "OK" in got
          and len(events("submit")) == 2, got)
    tell("drop-reply 1")
    got = c.submit(HELLO, b"+CMGS", 0.5)
    check("drop-reply: accepted, and no answer", "+CMGS" not in got
          and events("submit")[-1]["state"] == "accepted", got)
    check("and the modem goes on", "OK" in c.ask("AT"))
    tell("mute 400")
    got = c.ask("AT", seconds=0.3)
    check("mute swallows question and answer", got == "", got)
    time.sleep(0.2)
    check("and ends", c.ask("AT") == "\r\nOK\r\n")
    tell("cms 42 1 +99900000000", "cms 28 1")
    got = c.submit(HELLO, b"28\r\n") + c.submit(HELLO)
    check("a refusal for another number is left for it", "ERROR: 28" in got
          and "+CMGS: " in got, got)


def news(c):
    c.ask("AT+CNMI=2,1,0,1,0")
    got = c.submit(HELLO_RECEIPT) + c.read(b"\r\n+CDS: ") + c.read(b"\r\n\r\n", 0.2)
    check("<ds> 1 passes the receipt on directly", "+CDS: " in got, got)
    c.ask("AT+CNMI=2,1,0,2,0")
    c.submit(HELLO_RECEIPT)
    got = c.read(b'+CDSI: "SR",1')
    check("<ds> 2 stores it in SR", '+CDSI: "SR",1' in got, got)
    c.silence(0.1)
    got = c.ask('AT+CPMS="SR";+CMGR=1')
    check("and it is read from there", "+CMGR: 0,,25" in got
          and "060" in got.split("+CMGR")[1], got)
    c.ask('AT+CPMS="SM"')
    tell("deliver +99955556666 hi")
    got = c.read(b"+CMTI") + c.silence(0.1)
    check("<mt> 1 announces a text", '+CMTI: "SM",1' in got, got)
    c.ask("AT+CNMI=2,2,0,2,0")
    tell("deliver +99955556666 hi")
    got = c.read(b"+CMT") + c.silence(0.1)
    check("<mt> 2 passes it on unstored", "+CMT: ,2" in got
          and '"SM",1,20' in c.ask("AT+CPMS?"), got)
    c.ask("AT+CNMI=2,1,0,2,0")
    c.ask("AT+CMGS=18", b"> ")
    tell("deliver +99955556666 waits")
    got = c.silence(0.2)
    check("no news in the middle of a prompt", got == "", got)
    c.write("\x1b")
    got = c.read(b"+CMTI")
    check("but after it", got.index("OK") < got.index("+CMTI"), got)
    tell("register 3")
    check("no registration news unasked", "+CREG" not in c.silence(0.1))
    c.ask("AT+CREG=1")
    tell("register 1")
    got = c.read(b"+CREG: 1")
    check("registration news when asked", "+CREG: 1" in got, got)
    tell("urc ^RSSI: 17")
    check("urc says any line", "^RSSI: 17" in c.read(b"17\r\n"))


def calls(c):
    got = c.ask("ATD+99920000009;") + c.ask("AT+CLCC")
    check("a call dials", '+CLCC: 1,0,2,0,0,"+99920000009",145' in got, got)
    time.sleep(0.35)
    check("then rings", "+CLCC: 1,0,3" in c.ask("AT+CLCC"))
    tell("call answer")
    check("then is answered", "+CLCC: 1,0,0" in c.ask("AT+CLCC"))
    c.ask("ATH")
    check("ATH ends it", "+CLCC" not in c.ask("AT+CLCC"))
    c.ask("ATD+99920000009;")
    got = c.read(b"NO ANSWER\r\n")
    check("nobody picks up by himself", "NO ANSWER" in got, got)
    check("the books have both", [e["state"] for e in events("call")] ==
          ["dialling", "answer", "hangup", "dialling", "no answer"], events("call"))


def losses(c):
    c.ask("AT+CNMI=2,1,0,1,0")
    before = len(events("receipt"))
    heard = ""
    for _ in range(12):
        heard += c.submit(HELLO_RECEIPT)
    heard += c.silence(0.3)
    new = events("receipt")[before:]
    lost = [e for e in new if e["lost"]]
    check("some receipts are lost, the others come", len(new) == 12 and 0 < len(lost) < 12
          and heard.count("+CDS: ") == 12 - len(lost), (lost, heard))
    check("a receipt says why it failed", {e["status"] for e in new} == {0x46}, new)


def second_modem():
    with open(SCRIPT, "w", encoding="utf-8") as script:
        script.write("# comment\n0 deliver +99955556666 scripted\n")
    modem = subprocess.Popen([MODEM, "--link", TTY, "--log", LOG + "2", "--script", SCRIPT,
                              "--receipts", "failed", "--receipt-loss", "0.5", "--seed", "7",
                              "--receipt-ms", "20"], stdout=subprocess.PIPE, text=True)
    try:
        modem.stdout.readline()
        client = Client()
        time.sleep(0.1)
        check("a script is obeyed", "+CMGL: 1,0,," in client.ask("AT+CMGL=4"))
        globals()["LOG"] = LOG + "2"
        losses(client)
        client.close()
    finally:
        modem.terminate()
        check("SIGTERM ends it with 0", modem.wait(5) == 0)


def parts(c):
    for part in ("1", "3", "2"):
        tell("deliver-part +99955556667 200 %s 3 山洪%s" % (part, part))
    c.silence(0.1)
    got = c.ask("AT+CMGL=0")
    heads = [got.find("050003C803%02d" % part) for part in (1, 3, 2)]
    check("parts come in the order told", -1 < heads[0] < heads[1] < heads[2], got)
    got = tell("deliver-part +99955556667 200 1 3 " + "字" * 68)
    check("a part that fits no PDU is refused", got.returncode == 1 and "expected" in got.stderr)


def coming_and_going(c):
    c.write("AT+CM")
    time.sleep(0.1)
    c.close()
    time.sleep(0.2)
    c = Client()
    check("the next client meets no half line", "OK" in c.ask("AT"))
    c.ask("AT+CMGS=18", b"> ")
    c.write(HELLO + "\x1a")
    time.sleep(0.02)
    c.close()
    c = Client()
    got = c.silence(0.2) + c.ask("ATE0")
    check("an answer for one who left goes to nobody", "+CMGS" not in got and "OK" in got
          and events("submit")[-1]["state"] == "accepted", got)
    c.ask("AT+CMGS=18", b"> ")
    c.write(HELLO + "\x1a")
    time.sleep(0.02)
    tell("unplug")
    try:
        got = os.read(c.fd, 10)
    except OSError as error:
        got = error
    check("unplugging hangs the client up", got == b"" or isinstance(got, OSError), got)
    c.close()
    moved = TTY + "2"
    tell("replug " + moved)
    check("it may come back elsewhere", os.path.islink(moved) and not os.path.lexists(TTY))
    c = Client(moved)
    got = c.ask("AT", seconds=0.08) + c.silence(0.2)
    check("a fresh modem answers at once and knows no old submit", got == "AT\r\r\nOK\r\n", got)
    check("yet the old one was accepted", events("submit")[-1]["state"] == "accepted"
          and len(events("message")) == len([e for e in events("submit")
                                             if e["state"] == "accepted"]))
    c.close()


def main():
    os.mkdir(HERE, 0o700)
    modem = subprocess.Popen(
        [MODEM, "--link", TTY, "--log", LOG, "--control", CTL, "--air-ms", "100",
         "--receipt-ms", "50", "--ring-ms", "800"], stdout=subprocess.PIPE, text=True)
    try:
        check("it says when it is ready", modem.stdout.readline() == "ready %s\n" % TTY)
        client = Client()
        for part in (dialogue, submits, news, calls, parts, coming_and_going):
            part(client)
        tell("quit")
        check("quit ends it with 0", modem.wait(5) == 0)
        second_modem()
    finally:
        modem.kill()
        modem.wait()
        for name in os.listdir(HERE):
            os.unlink(os.path.join(HERE, name))
        os.rmdir(HERE)
    print("%d passed, %d failed" % (passes, failures))
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
