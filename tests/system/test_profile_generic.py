"""The profile generic against the provider program of tests/sim."""
import json

import pytest

from http_driver import Listener, Provider
from profile_helpers import ONE, SHIPPED, TEXTS
from test_http_driver import callback, drive, started  # noqa: F401 (fixtures)


def conf(provider, **more):
    return {"profile": "generic", "profile_dir": SHIPPED, "url": provider.url, "token": "tok", **more}


def test_every_text_arrives(started, drive, tmp_path):  # noqa: F811
    provider = started(Provider(tmp_path, "--secret", "tok"))
    d = drive(conf(provider))
    for i, text in enumerate(TEXTS):
        assert d.one(text, ident=f"T{i}")["outcome"] == "accepted"
    books = provider.books()
    assert [(b["ref"], b["text"]) for b in books] == [(f"T{i}", t) for i, t in enumerate(TEXTS)]
    assert d.end() == 0 and b"tok" not in d.log


def test_a_wrong_token_stops_the_route(started, drive, tmp_path):  # noqa: F811
    provider = started(Provider(tmp_path, "--secret", "tok"))
    assert drive(conf(provider, token="wrong")).one()["class"] == "config"


@pytest.mark.parametrize("fault, outcome, klass", [
    ("429", "rejected", "retry"), ("5xx", "unknown", None), ("silent", "unknown", None),
    ("half", "unknown", None), ("reset", "unknown", None)])
def test_what_goes_wrong_there(started, drive, tmp_path, fault, outcome, klass):  # noqa: F811
    provider = started(Provider(tmp_path, "--mix", "1:" + fault))
    fate = drive(conf(provider, timeout_ms=300)).one()
    assert (fate["outcome"], fate.get("class")) == (outcome, klass), fate


def test_receipts_and_replies(started, drive, tmp_path):  # noqa: F811
    listener = started(Listener())
    people = tmp_path / "people"
    people.write_text(f"{ONE} 0 1 好\n", encoding="utf-8")
    provider = started(Provider(tmp_path, "--receipt-ms", "20", "--people", str(people), "--receipts",
                                f"http://127.0.0.1:{listener.server_address[1]}/cb"))
    d = drive(conf(provider))
    fate = d.one(ident="A1")
    events = [callback(d, body)[0][0] for _, body in listener.wait(2)]
    told = {e["ev"]: e for e in events}
    assert (told["receipt"]["id"], told["receipt"]["ref"]) == ("A1", fate["ref"])
    assert told["receipt"]["state"] == "delivered"
    assert (told["inbound"]["from"], told["inbound"]["text"]) == (ONE, "1 好")
    (event,), reply = callback(d, {"ref": "A1", "state": "UNDELIV", "to": ONE[1:]})
    assert (event["state"], event["reason"]) == ("failed", "UNDELIV")
    assert json.loads(reply["body"]) == {"code": 0}
