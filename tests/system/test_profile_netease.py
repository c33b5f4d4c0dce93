"""The profiles netease and netease-list against NetEase's side (providers/netease.py)."""
import hashlib

import pytest

from profile_helpers import ONE, TEXTS, TWO, URL, Mainland, alert, counts_once, gongd, receipt, route, tell
from providers.base import Push
from providers.netease import Netease, NeteaseList
from test_http_driver import drive, started  # noqa: F401 (fixtures)

CLASSES = {"config": [301, 302, 315, 403, 404, 413, 422], "retry": [408, 415, 416, 431, 503, 514],
           "retry_other": [405, 417, 418, 419, 414, 999]}
CODES = [(code, klass) for klass, codes in CLASSES.items() for code in codes]
RAIN = {"name": "warn.rain", "language": "zh", "params": {"area": "柳溪镇", "hours": "3"}, "constant": "暴雨"}
TEMPLATES = {"warn.rain": {"code": "3057001", "params": ["area", "h=hours"]}}


def conf(provider, name="netease", **more):
    return route(name, provider, **{"app_key": provider.ID, "app_secret": provider.KEY,
                                    "template_id": "3057000", **more})


@pytest.fixture
def netease(started):  # noqa: F811
    return started(Netease())


@pytest.fixture
def r(drive, netease):  # noqa: F811
    return drive(conf(netease), callback_url=URL)


def test_every_text_arrives_signed(r, netease):
    for i, text in enumerate(TEXTS):
        assert r.one(text, ident=f"T{i}", urgent=i % 2 == 0)["outcome"] == "accepted"
    assert [g["paramMap"] for g in netease.got] == [{"content": text} for text in TEXTS]
    assert {g["templateid"] for g in netease.got} == {"3057000"}
    assert r.end() == 0 and Netease.KEY.encode() not in r.log


@pytest.mark.parametrize("side, name, values", [
    (Netease, "netease", {"area": "柳溪镇", "h": "3"}), (NeteaseList, "netease-list", ["柳溪镇", "3"])])
def test_approved_templates_are_filled_in(started, drive, side, name, values):  # noqa: F811
    provider = started(side())
    d = drive(conf(provider, name, templates=TEMPLATES), callback_url=URL)
    assert d.one(template=RAIN)["outcome"] == "accepted"
    assert (provider.got[0]["templateid"], provider.got[0][side.VALUES]) == ("3057001", values)


def test_numbers_share_a_request_and_its_reference(r, netease):
    numbers = [(f"N{n}", f"+861380000{n:04}") for n in range(150)]
    r.send(*numbers)
    fates = r.dones(150)
    assert sorted(len(g.ids) for g in netease.got) == [50, 100]
    for ident, number in numbers:
        got = [g for g, _ in netease.booked(number[3:])][0]
        assert (fates[ident]["outcome"], fates[ident]["ref"]) == ("accepted", str(got.id()))


@pytest.mark.parametrize("code, klass", CODES)
def test_what_their_codes_mean(r, netease, code, klass):
    netease.whole = code
    fate = r.one()
    assert (fate["outcome"], fate["class"]) == ("rejected", klass) and str(code) in fate["reason"]


def test_their_own_error_is_unknown(r, netease):
    netease.whole = 500
    assert r.one()["outcome"] == "unknown"


def test_a_number_that_they_refuse_does_not_cost_the_others(r, netease):
    netease.refuse = {TWO[-4:]: 418}
    r.send(("A1", ONE), ("B1", TWO), ("C1", "+8613800000003"))
    fates = r.dones(3)
    assert {i: f["outcome"] for i, f in fates.items()} == {"A1": "accepted", "B1": "rejected", "C1": "accepted"}


def test_a_wrong_secret_is_refused_and_stops_the_route_at_the_tenth(drive, netease):  # noqa: F811
    d = drive(conf(netease, app_secret="wrong"), callback_url=URL)
    classes = [d.one(ident=f"A{i}", to=f"+861380000000{i}")["class"] for i in range(10)]
    assert classes == ["retry_other"] * 9 + ["config"]


def test_receipts_and_replies_prove_themselves(r, netease):
    r.send(("A1", ONE), ("B1", TWO))
    r.dones(2)
    got = netease.got[0]
    said = receipt(r, netease.receipt(got, ONE))
    assert (said["ref"], said["to"], said["state"]) == (str(got.id()), ONE, "delivered")
    said = receipt(r, netease.receipt(got, TWO, ok=False, code="MB:1042"))
    assert (said["to"], said["state"], said["reason"]) == (TWO, "failed", "MB:1042")
    for text in TEXTS:
        (said,), reply = tell(r, netease.reply(ONE, text))
        assert (said["from"], said["text"], reply["status"]) == (ONE, text, 200)


def test_what_is_not_theirs_is_refused(drive, r, netease):  # noqa: F811
    def forged(**told):
        push = netease.reply(ONE, "1")
        headers = netease.sign("", push)
        push.sign = lambda url, p: {k: v for k, v in {**headers, **told}.items() if v is not None}
        return push
    other = netease.reply(ONE, "1")
    other.sign = lambda url, p: netease.sign(url, p, key="other")
    swapped = forged()
    swapped.value = netease.reply(ONE, "2").value
    empty = Push({"a": "b"}, form=True, sign=lambda url, p: {})
    for push in (other, swapped, empty, forged(md5=None), forged(md5="0" * 32), forged(curtime="1"),
                 forged(checksum=hashlib.sha1(b"").hexdigest()), forged(checksum=None)):
        events, reply = tell(r, push)
        assert not events and reply["status"] == 403
    open_one = drive(conf(netease, signature="none"), callback_url=URL)
    assert tell(open_one, other)[0][0]["text"] == "1"


def test_gongd_takes_what_they_tell_and_counts_once_what_comes_twice(netease):
    with gongd(conf(netease)) as world:
        alert(world, people=Mainland)
        pushes = [netease.receipt(got, n, i < 2) for i, (got, n) in enumerate(netease.booked())]
        counts_once(world, netease, pushes, netease.reply(netease.booked()[0][1], "1"))
