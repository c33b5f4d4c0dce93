"""China Mobile's Cloud MAS through the shipped profiles: free text, and approved templates
(docs/providers.md)."""
import json

import pytest

from district import District
from harness import wait_for
from profile_helpers import ONE, TEXTS, TWO, gongd, receipt, route, tell
from providers.cloud_mas import CloudMas
from test_http_driver import drive, started  # noqa: F401 (fixtures)

BOTH = ["cmcc-mas", "cmcc-mas-template"]
CODES = ["IllegalMac", "IllegalSignId", "InvalidMessage", "InvalidUsrOrPwd", "NoSignId",
         "TooManyMobiles"]


def mas(provider, name="cmcc-mas", **more):
    template = {"template_id": "T1"} if name == "cmcc-mas-template" else {}
    conf = route(name, provider, ec_name="青石县应急管理局", ap_id="qsyj", secret_key=provider.KEY,
                 sign="AbCd", **template)
    conf["url"] += provider.TEMPLATE_PATH if template else provider.PATH
    return {**conf, **more}


def numbers(count):
    return [(f"N{i:03}", f"+86138000{i:05}") for i in range(count)]


def text_of(got):
    return json.loads(got["params"])[0] if "params" in got else got["content"]


@pytest.mark.parametrize("name", BOTH)
def test_every_text_arrives_with_the_right_mac(started, drive, name):  # noqa: F811
    provider = started(CloudMas())
    d = drive(mas(provider, name, connections=1))
    assert d.events[0]["receipts_by_ref"] and d.events[0]["batch"] == 500
    assert d.events[0].get("templates", False) == (name == "cmcc-mas-template")
    for i, text in enumerate(TEXTS):
        assert d.one(text, ident=f"T{i}")["outcome"] == "accepted"
    assert [text_of(g) for g in provider.got] == TEXTS
    assert {(g["mobiles"], g["sign"], g["addSerial"]) for g in provider.got} == \
        {("13800000001", "AbCd", "")}
    assert d.end() == 0 and provider.KEY.encode() not in d.log
    assert provider.KEY not in json.dumps(d.events)


@pytest.mark.parametrize("name", BOTH)
def test_one_text_to_many_shares_requests_and_two_texts_do_not(started, drive, name):  # noqa: F811
    provider = started(CloudMas())
    d = drive(mas(provider, name, connections=1))
    many = numbers(550)
    d.send(*many)
    d.send(("Z1", "+8613900000001"), text="other")
    fates = d.dones(551)
    assert [len(g["mobiles"].split(",")) for g in provider.got] == [500, 50, 1]
    assert {f["outcome"] for f in fates.values()} == {"accepted"}
    assert fates["N000"]["ref"] == fates["N499"]["ref"] != fates["N500"]["ref"]


def test_templates_of_the_route_get_their_values_and_others_the_whole_text(
        started, drive):  # noqa: F811
    provider = started(CloudMas())
    d = drive(mas(provider, "cmcc-mas-template", extension="07", templates={
        "warn.rain": {"code": "T7", "params": ["area", "hours"]}}))
    warn = {"name": "warn.rain", "language": "zh", "params": {"hours": "3", "area": "柳\"溪\"镇"}}
    assert d.one("柳溪镇…", ident="A", template=warn)["outcome"] == "accepted"
    assert d.one("其他", ident="B")["outcome"] == "accepted"
    assert [(g["templateId"], json.loads(g["params"]), g["addSerial"]) for g in provider.got] == \
        [("T7", ["柳\"溪\"镇", "3"], "07"), ("T1", ["其他"], "07")]


@pytest.mark.parametrize("name", BOTH)
def test_a_number_that_did_not_get_it_shows_in_its_receipt(started, drive, name):  # noqa: F811
    """They take a request whole; which numbers failed is told later, by msgGroup and number."""
    provider = started(CloudMas(refuse={"02": "MK:0012"}))
    d = drive(mas(provider, name))
    d.send(("A", ONE), ("B", TWO))
    refs = {f["ref"] for f in d.dones(2).values()}
    got = provider.got[0]
    good, bad = receipt(d, provider.receipt(got, ONE)), receipt(d, provider.receipt(got, TWO))
    assert {good["ref"], bad["ref"]} == refs and "id" not in good
    assert (good["to"], good["state"]) == (ONE, "delivered")
    assert (bad["to"], bad["state"], bad["reason"]) == (TWO, "failed", "MK:0012")


@pytest.mark.parametrize("name", BOTH)
def test_a_foreign_number_is_read_with_its_country(started, drive, name):  # noqa: F811
    provider = started(CloudMas())
    d = drive(mas(provider, name))
    d.one(to="+85251234567")
    assert receipt(d, provider.receipt(provider.got[0], "+85251234567"))["to"] == "+85251234567"


@pytest.mark.parametrize("name", BOTH)
def test_replies_are_read_and_known_again(started, drive, name):  # noqa: F811
    provider = started(CloudMas())
    d = drive(mas(provider, name))
    push = provider.reply(ONE, "1")
    (first,), answer = tell(d, push)
    (again,), _ = tell(d, push)
    assert (first["ev"], first["from"], first["text"]) == ("inbound", ONE, "1")
    assert first["id"] == again["id"] and json.loads(answer["body"]) == {"code": 0}


@pytest.mark.parametrize("name", BOTH)
def test_every_code_has_its_class(started, drive, name):  # noqa: F811
    provider = started(CloudMas())
    d = drive(mas(provider, name))
    for code in CODES:
        provider.whole = code
        d.send(("A" + code[:9], ONE), ("B" + code[:9], TWO))
        fates = d.dones(2)
        assert {(f["outcome"], f["class"]) for f in fates.values()} == {("rejected", "config")}, code
        assert all(code in f["reason"] for f in fates.values())
    provider.whole = "NeverSeen"
    assert d.one()["class"] == "retry_other"
    assert len(provider.requests) == len(CODES) + 1     # refused for all: none again by itself


@pytest.mark.parametrize("name", BOTH)
def test_a_wrong_password_is_a_matter_of_configuration(started, drive, name):  # noqa: F811
    fate = drive(mas(started(CloudMas()), name, secret_key="wrong")).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "config"), fate


@pytest.mark.parametrize("name", BOTH)
def test_what_they_do_not_answer_stays_unknown(started, drive, name):  # noqa: F811
    """There is no query, and a receipt bears the msgGroup that the lost answer would have told."""
    provider = started(CloudMas(silent="taken"))
    d = drive(mas(provider, name, timeout_ms=300))
    d.send(("A", ONE), ("B", TWO))
    assert {f["outcome"] for f in d.dones(2).values()} == {"unknown"}
    told = receipt(d, provider.receipt(provider.got[0], ONE))
    assert "id" not in told and told["ref"] == provider.got[0].id()


class Mainland(District):
    def number(self, extra=0):
        return "+86138%08d" % ((len(self.people) + 1) * 10 + extra)


@pytest.mark.parametrize("name", BOTH)
def test_a_whole_gongd_hears_back(started, name):  # noqa: F811
    provider = started(CloudMas())
    with gongd(mas(provider, name)) as world:
        world.load(Mainland(1, 4))
        world.send(key="k", template="notice.text", severity="red", params={"text": "河水上涨"},
                   audience={"divisions": ["990121001"], "roles": ["village_chief"]})
        wait_for("all to be sent", lambda: world.states()["sent"] == 4)
        pushes = [provider.receipt(got, number, ok=i > 0)
                  for i, (got, number) in enumerate(provider.booked())]
        pushes.append(provider.reply(provider.booked()[1][1], "1"))
        assert all(provider.took(said) for said in
                   provider.push(world.callback, *pushes, shuffle=3, twice=True))
        wait_for("their receipts", lambda: world.states()["delivered"] == 3)
        assert world.states()["failed"] == 1
        wait_for("the reply", lambda: world.rows("SELECT * FROM answer"))
