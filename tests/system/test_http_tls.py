"""gong-http over TLS and HTTP/2: whom it believes, who it says it is, many requests in one
connection (docs/http-driver.md)."""
import time

import pytest

from certs import Authority
from http_driver import Provider, config
from test_http_driver import TEXTS, drive, started  # noqa: F401 (fixtures)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def good(authority):
    return authority.good()


@pytest.fixture
def secure(started, tmp_path, good):  # noqa: F811
    def start(*options, pair=good):
        provider = started(Provider(tmp_path, "--tls", *pair, *options))
        provider.url = "https://127.0.0.1:%d/send" % provider.port
        return provider
    return start


def connections_to(port):
    """Established ones, from our side."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        rows = [line.split() for line in list(f)[1:]]
    return sum(row[2] == "0100007F:%04X" % port and row[3] == "01" for row in rows)


@pytest.mark.parametrize("version, most", [("1.1", 20), ("2", 1)])
def test_requests_share_one_connection_where_the_provider_offers_http2(
        drive, secure, authority, version, most):  # noqa: F811
    provider = secure("--latency-ms", "500")
    d = drive(config(provider.url, ca_file=authority.pem, http=version, connections=20))
    d.send(*[(f"S{i:02}", "+8613800000001") for i in range(20)])
    time.sleep(0.35)
    assert connections_to(provider.port) == most
    assert {f["outcome"] for f in d.dones(20).values()} == {"accepted"}
    assert d.end() == 0


@pytest.mark.parametrize("options", [(), ("--no-h2",)])
def test_texts_arrive_over_http2_as_over_http1(drive, secure, authority, options):  # noqa: F811
    provider = secure(*options)
    d = drive(config(provider.url, ca_file=authority.pem, http="2", connections=4))
    for i, text in enumerate(TEXTS):
        assert d.one(text, ident=f"T{i}")["outcome"] == "accepted"
    assert [b["text"] for b in provider.books()] == TEXTS


def test_a_broken_connection_of_many_streams_gives_each_message_one_fate(
        drive, secure, authority):  # noqa: F811
    provider = secure("--drop", "0.01", "--seed", "3", "--jitter-ms", "3")
    d = drive(config(provider.url, ca_file=authority.pem, http="2", connections=64, window=2000))
    d.send(*[(f"S{i:04}", "+8613800000001") for i in range(2000)])
    fates = d.dones(2000, 60)
    refs = [b["ref"] for b in provider.books()]
    assert len(refs) == len(set(refs)), "a message was sent twice"
    assert {i for i, f in fates.items() if f["outcome"] == "accepted"} <= set(refs)
    for outcome in ("rejected", "withdrawn"):
        assert not {i for i, f in fates.items() if f["outcome"] == outcome} & set(refs)


@pytest.mark.parametrize("options", [
    ("--refuse-streams", "0.3"), ("--goaway", "25"),
    ("--goaway", "40", "--refuse-streams", "0.1", "--jitter-ms", "20")])
def test_a_stream_that_was_refused_was_surely_not_sent(drive, secure, authority, options):  # noqa: F811
    """By REFUSED_STREAM, or left out by a GOAWAY: it goes again, once, and nothing is in doubt."""
    provider = secure("--latency-ms", "5", "--seed", "5", *options)
    d = drive(config(provider.url, ca_file=authority.pem, http="2", connections=20, window=400))
    d.send(*[(f"S{i:03}", "+8613800000001") for i in range(400)])
    fates = d.dones(400, 60)
    # Refused time after time it is given back, for another route.
    given_back = {i for i, f in fates.items() if f["outcome"] == "rejected"}
    assert all(f["outcome"] == "accepted" or f["class"] == "retry_other" for f in fates.values())
    assert len(given_back) < 40
    assert sorted(b["ref"] for b in provider.books()) == sorted(set(fates) - given_back)


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("how", ["expired", "wrong_name", "stranger", "system"])
def test_who_is_not_whom_it_says_gets_nothing(
        drive, secure, authority, tmp_path, how, version):  # noqa: F811
    pair = {"expired": authority.expired, "wrong_name": authority.wrong_name,
            "stranger": Authority(tmp_path, "stranger").good, "system": authority.good}[how]()
    provider = secure(pair=pair)
    ca = {} if how == "system" else {"ca_file": authority.pem}
    fate = drive(config(provider.url, http=version, **ca)).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other"), fate
    assert "certificate" in fate["reason"] and provider.books() == []


def test_tls_older_than_1_2_is_refused(drive, secure, authority):  # noqa: F811
    provider = secure("--tls-max", "1.1")
    fate = drive(config(provider.url, ca_file=authority.pem)).one()
    assert (fate["outcome"], fate["class"]) == ("rejected", "retry_other"), fate
    assert provider.books() == []


def test_tls_1_2_is_spoken(drive, secure, authority):  # noqa: F811
    provider = secure("--tls-max", "1.2")
    assert drive(config(provider.url, ca_file=authority.pem)).one()["outcome"] == "accepted"


def test_a_provider_that_wants_to_know_who_calls_gets_the_routes_certificate(
        drive, secure, authority):  # noqa: F811
    provider = secure("--client-ca", authority.pem)
    pem, key = authority.client()
    known = drive(config(provider.url, ca_file=authority.pem, client_cert=pem, client_key=key))
    assert known.one()["outcome"] == "accepted"
    fate = drive(config(provider.url, ca_file=authority.pem, timeout_ms=2000)).one(ident="A2")
    assert fate["outcome"] in ("rejected", "unknown")
    assert [b["ref"] for b in provider.books()] == ["A1"]
