"""The profile kannel against Kannel itself (Debian's bearerbox and smsbox), with its own fakesmsc as
the network of phones."""
import contextlib
import os
import re
import urllib.parse

import pytest

from harness import KANNEL, Process, free_ports, listens, wait_for
from profile_helpers import SHIPPED, URL, alert, gongd
from test_http_driver import drive, started  # noqa: F401 (fixtures)

CONF = '''group = core
admin-port = %(admin)d
admin-password = test
smsbox-port = %(box)d
box-allow-ip = "127.0.0.1"
log-file = "%(dir)s/bearerbox.log"
log-level = 1

group = smsc
smsc = fake
smsc-id = phones
port = %(smsc)d
connect-allow-ip = 127.0.0.1
denied-prefix = "+99955"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %(send)d
log-file = "%(dir)s/smsbox.log"
log-level = 1
http-request-retry = 10
http-queue-delay = 1

group = sendsms-user
username = gong
password = kannel-password
concatenation = true
max-messages = 10
black-list-regex = "^\\\\+99977"

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "%(callback)s?from=%%p&text=%%a&charset=%%C&mid=%%I"
'''
FAKESMSC = os.path.join(KANNEL, "usr/lib/kannel/test/fakesmsc")


def decoded(kind, text):
    """What fakesmsc shows: plain text, or percent-encoded behind a header of long messages."""
    if kind.startswith("udh"):
        kind, text = "ucs-2", text.split(" ")[-1]
    return urllib.parse.unquote_plus(text, "utf-16-be") if kind == "ucs-2" else text


def conf(port, **more):
    return {"profile": "kannel", "profile_dir": SHIPPED, "url": f"http://127.0.0.1:{port}",
            "username": "gong", "password": "kannel-password", "from": "10690001", **more}


class Kannel:
    """Its two boxes in a folder."""

    def __init__(self, folder, ports, callback):
        self.dir, self.processes, self.air = str(folder), [], []
        self.smsc = ports["smsc"]
        self.conf = os.path.join(self.dir, "kannel.conf")
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(CONF % dict(ports, dir=self.dir, callback=callback))
        for box, port in (("bearerbox", ports["box"]), ("smsbox", ports["send"])):
            self.start(box, os.path.join(KANNEL, "usr/sbin", box), "-v", "4", self.conf)
            wait_for(box, lambda p=port: listens(p))

    def start(self, name, *argv):
        path = os.path.join(self.dir, f"{name}-{len(self.processes)}.out")
        self.processes.append(Process(name, argv, path))
        return path

    def phones(self, message=None):
        """Phones that take what they are sent and send one `sender receiver type text`, if any, in
        place of those before: bearerbox talks to one fakesmsc at a time."""
        if self.air:
            self.processes.pop().stop()
        self.air.append(self.start("fakesmsc", FAKESMSC, "-H", "127.0.0.1", "-r", str(self.smsc),
                                   "-m", "1" if message else "0", message or "1 2 text nothing"))

    def got(self):
        """(number, text) of all that phones have got."""
        lines = []
        for path in self.air:
            with open(path, encoding="utf-8", errors="replace") as f:
                lines += re.findall(r"Got message \d+: <\S+ (\S+) (\S+) (.*)>$", f.read(), re.M)
        return [(to, decoded(kind, text)) for to, kind, text in lines]

    def close(self):
        for process in reversed(self.processes):
            process.stop()


@contextlib.contextmanager
def kannel(folder, ports, callback=URL):
    box = Kannel(folder, ports, callback)
    try:
        yield box
    finally:
        box.close()


@pytest.fixture
def ports():
    return dict(zip(("admin", "box", "smsc", "send"), free_ports(4)))


def test_texts_arrive_at_phones_as_they_were_sent(drive, ports, tmp_path):  # noqa: F811
    texts = ['says "now" & 100% <x> +1', "请立即转移，回复1 😀"]
    with kannel(tmp_path, ports) as box:
        box.phones()
        d = drive(conf(ports["send"]), callback_url=URL)
        for i, text in enumerate(texts):
            assert d.one(text, ident=f"T{i}", to="+99900000001")["outcome"] == "accepted"
        wait_for("both texts", lambda: len(box.got()) == 2)
        assert box.got() == [("+99900000001", text) for text in texts]
        d.one("山洪" * 60, ident="L", to="+99900000002")
        wait_for("both parts", lambda: len(box.got()) == 4)
        assert "".join(text for _, text in box.got()[2:]) == "山洪" * 60


def test_what_it_refuses_is_read(drive, ports, tmp_path):  # noqa: F811
    with kannel(tmp_path, ports) as box:
        box.phones()
        d = drive(conf(ports["send"]), callback_url=URL)
        d.send(("A", "+99977000001"), ("B", "+99955000001"), ("C", "+99900000001"))
        fates = d.dones(3)
        assert {i: fates[i].get("class", fates[i]["outcome"]) for i in fates} == \
            {"A": "retry_other", "B": "retry_other", "C": "accepted"}
        assert "black-list" in fates["A"]["reason"] and "Not routable" in fates["B"]["reason"]
        wrong = drive(conf(ports["send"], password="wrong"), callback_url=URL)
        assert wrong.one()["class"] == "config"


def test_gongd_hears_receipts_and_replies_through_it(ports, tmp_path):
    with gongd(conf(ports["send"])) as world, kannel(tmp_path, ports, world.callback) as box:
        alert(world, 4)         # all are with Kannel, which has no network yet
        box.phones()
        wait_for("receipts of the phones", lambda: world.states()["delivered"] == 4)
        sent = dict(box.got())
        assert len(sent) == 4 and all("河水上涨" in text for text in sent.values())
        first, second, third, _ = sorted(sent)
        chinese = urllib.parse.quote("1 收到 A".encode("utf-16-be"))
        replies = [(first, f"ucs2 {chinese}"), (second, "text 1"), (third, "data %31+%26")]
        for i, (number, words) in enumerate(replies, 1):
            box.phones(f"{number} 10690001 {words}")
            wait_for("the reply", lambda n=i: len(world.rows("SELECT * FROM inbound")) == n)
        heard = {(f"+{r['e164']}", r["text"]) for r in world.rows("SELECT * FROM inbound")}
        assert heard == {(first, "1 收到 A"), (second, "1"), (third, "1 &")}
        assert not any("could not" in text or "Empty reply" in text for _, text in box.got())
