"""The provider program itself: the same behaviour over HTTP/1.1, TLS and HTTP/2, certificates,
batches, everything that goes wrong on purpose, and its books.  The client is curl."""
import collections
import json
import subprocess
import time

import pytest

from certs import Authority
from http_driver import LONG, Listener, Provider

ONE = {"to": "+99900000001", "text": "水位上涨", "ref": "A1"}
WAYS = {"http1": ("http", "--http1.1"), "tls": ("https", "--http1.1"), "http2": ("https", "--http2")}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="module")
def good(authority):
    return authority.good()


class Client:
    """A provider and curl, speaking one way."""

    def __init__(self, folder, way, authority, pair, *options):
        scheme, version = WAYS[way]
        tls = ("--tls", *pair) if scheme == "https" else ()
        self.provider = Provider(folder, *tls, *options)
        self.base = "%s://127.0.0.1:%d" % (scheme, self.provider.port)
        self.options = ("--noproxy", "*", "-s", version, "--cacert", authority.pem)

    def curl(self, *more):
        return subprocess.run(["curl", *self.options, *more], capture_output=True, text=True,
                              timeout=LONG * 3)

    def send(self, body, *more, kind="application/json"):
        """(curl's exit status, HTTP status, version, content type, body)"""
        text = json.dumps(body) if isinstance(body, dict) else body
        p = self.curl("-d", text, "-H", "Content-Type: " + kind, "-w",
                      "\n%{http_code} %{http_version} %{content_type}", *more, self.base + "/send")
        answer, last = p.stdout.rsplit("\n", 1)
        status, version, given = (last + " ").split(" ", 2)
        return p.returncode, int(status), version, given.strip(), answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.provider.end() == 0


@pytest.fixture(params=list(WAYS))
def client(request, tmp_path, authority, good):
    made = []

    def make(*options):
        made.append(Client(tmp_path, request.param, authority, good, *options))
        return made[-1]
    make.way = request.param
    yield make
    for one in made:
        assert one.provider.end() == 0


def test_a_message_is_booked_and_answered(client):
    c = client()
    code, status, version, kind, body = c.send(ONE)
    assert (code, status, kind) == (0, 200, "application/json")
    assert version == ("2" if client.way == "http2" else "1.1")
    assert json.loads(body) == {"code": 0, "id": "p000001"}
    booked = c.provider.books()[0]
    assert {k: booked[k] for k in ONE} == ONE and booked["id"] == "p000001"
    assert c.send("to=1&text=x", kind="application/x-www-form-urlencoded")[1] == 200
    assert c.send("no json")[1] == 400
    assert c.send({"to": "1"})[1] == 400
    assert json.loads(c.curl(c.base + "/books/count").stdout)["messages"] == 2
    assert json.loads(c.curl(c.base + "/elsewhere").stdout) == {"code": 404}


@pytest.mark.parametrize("body", [
    {"numbers": ["+1", "+2", "+3"], "text": "x", "ref": "R"},
    {"to": "+1,+2,+3", "text": "x", "ref": "R"},
    {"messages": [{"to": "+1", "ref": "R"}, {"to": "+2", "ref": "R"}, {"to": "+3", "ref": "R"}],
     "text": "x"},
])
def test_a_batch_is_booked_and_answered_number_by_number(client, body):
    c = client()
    answer = json.loads(c.send(body)[4])
    assert answer["code"] == 0
    assert [(r["to"], r["code"], r["id"]) for r in answer["results"]] == [
        ("+1", 0, "p000001"), ("+2", 0, "p000002"), ("+3", 0, "p000003")]
    assert [(b["to"], b["text"], b["ref"], b["id"]) for b in c.provider.books()] == [
        ("+1", "x", "R", "p000001"), ("+2", "x", "R", "p000002"), ("+3", "x", "R", "p000003")]


def test_a_batch_answered_whole_has_one_id(client):
    c = client("--whole")
    assert json.loads(c.send({"to": "+1,+2", "text": "x"})[4]) == {"code": 0, "id": "p000001"}
    assert [(b["to"], b["id"]) for b in c.provider.books()] == [("+1", "p000001"), ("+2", "p000001")]


def test_late_answers(client):
    c = client("--latency-ms", "50", "--jitter-ms", "50")
    assert c.send(ONE)[:2] == (0, 200)
    seconds = c.send(ONE, "-w", "\n%{http_code} %{http_version} %{time_total}")[3]
    assert float(seconds) >= 0.05


def test_the_secret_is_wanted(client):
    c = client("--secret", "s3cret")
    assert c.send(ONE)[1] == 401
    assert c.send(ONE, "-H", "Authorization: Bearer s3cret")[1] == 200


# kind: curl's exit status in HTTP/1.1 and HTTP/2, HTTP status, what is booked
FAULTS = {
    "5xx": (0, 0, 503, {"message", "lost"}),
    "reset": (56, 92, 0, {"message", "lost"}),
    "silent": (28, 28, 0, {"message", "lost"}),
    "half": (18, 92, 200, {"message"}),
    "not-json": (0, 0, 200, {"message", "lost"}),
    "drip": (0, 0, 200, {"message"}),
    "type": (0, 0, 200, {"message"}),
    "302": (0, 0, 302, {"refused"}),
    "429": (0, 0, 429, {"refused"}),
}


@pytest.mark.parametrize("kind", list(FAULTS))
def test_a_fault_is_what_its_name_says(client, kind):
    by_1, by_2, status, booked = FAULTS[kind]
    c = client("--mix", "1:" + kind, "--seed", "1")
    seen = set()
    for _ in range(8):
        code, got, _, given, body = c.send(ONE, "-m", "0.5" if kind == "silent" else "10")
        if (client.way, kind, code) == ("tls", "half", 56):
            code = by_1         # how later curls call a TLS connection that ends without a word
        assert (code, got) == (by_2 if client.way == "http2" else by_1, status)
        if kind in ("drip", "type"):
            assert json.loads(body)["code"] == 0
        if kind == "not-json":
            assert "<html>" in body
        if kind == "type":
            assert given == "text/html"
        if kind == "drip":
            break
    for entry in booked | {"message", "lost", "refused"}:
        seen |= {b["ev"] for b in c.provider.books(entry)}
    assert seen == booked


def test_one_number_of_a_batch_is_refused(client):
    c = client("--mix", "1:one")
    results = json.loads(c.send({"to": "+1,+2,+3", "text": "x"})[4])["results"]
    refused = [r["to"] for r in results if r["code"] == 13]
    assert len(refused) == 1 and len(results) == 3
    assert [b["to"] for b in c.provider.books("refused")] == refused
    assert len(c.provider.books()) == 2


def test_a_mix_has_every_kind_and_most_go_well(client):
    c = client("--mix", "0.3", "--seed", "3")
    config = "\n".join('url = "%s/send?to=%d&text=x"\noutput = "/dev/null"' % (c.base, i)
                       for i in range(300))
    p = subprocess.run(["curl", *c.options, "-Z", "--parallel-max", "100", "-m", "4", "-K", "-", "-w",
                        "%{http_code}\n"], input=config, capture_output=True, text=True, timeout=60)
    statuses = collections.Counter(p.stdout.split())
    assert {"000", "200", "302", "429", "503"} <= set(statuses), statuses
    assert statuses["200"] > 200
    entries = [b for ev in ("message", "lost", "refused") for b in c.provider.books(ev)]
    assert {int(b["to"]) for b in entries} == set(range(300))    # curl itself repeats a GET


def test_many_streams_share_a_connection(tmp_path, authority, good):
    with Client(tmp_path, "http2", authority, good, "--latency-ms", "200", "--streams", "64") as c:
        config = "\n".join('url = "%s/send?to=%d&text=x"\noutput = "/dev/null"' % (c.base, i)
                           for i in range(200))
        p = subprocess.run(["curl", *c.options, "-Z", "--parallel-max", "50", "-K", "-", "-w",
                            "%{http_code} %{num_connects}\n"], input=config, capture_output=True,
                           text=True, timeout=60)
        lines = [line.split() for line in p.stdout.splitlines()]
        assert [status for status, _ in lines] == ["200"] * 200
        assert sum(int(connects) for _, connects in lines) < 10
        assert sorted(int(b["to"]) for b in c.provider.books()) == list(range(200))


def test_http2_can_be_left_out(tmp_path, authority, good):
    with Client(tmp_path, "http2", authority, good, "--no-h2") as c:
        assert c.send(ONE)[:3] == (0, 200, "1.1")


@pytest.mark.parametrize("kind", ["expired", "wrong_name"])
def test_a_bad_certificate_is_not_believed(tmp_path, authority, kind):
    with Client(tmp_path, "http2", authority, getattr(authority, kind)()) as c:
        assert c.send(ONE)[0] == 60
        assert c.send(ONE, "-k")[1] == 200


def test_another_authority_is_not_believed(tmp_path, authority):
    with Client(tmp_path, "http2", authority, Authority(tmp_path, "stranger").good()) as c:
        assert c.send(ONE)[0] == 60


def test_a_client_certificate_is_demanded(tmp_path, authority, good):
    cert, key = authority.client()
    strange, strange_key = Authority(tmp_path, "stranger").client()
    with Client(tmp_path, "http2", authority, good, "--client-ca", authority.pem) as c:
        assert c.send(ONE)[0] != 0
        assert c.send(ONE, "--cert", strange, "--key", strange_key)[0] != 0
        assert c.send(ONE, "--cert", cert, "--key", key)[:2] == (0, 200)
        assert len(c.provider.books()) == 1


def test_an_old_server_is_refused_by_a_new_client(tmp_path, authority, good):
    with Client(tmp_path, "tls", authority, good, "--tls-max", "1.1") as c:
        assert c.send(ONE)[0] == 35
        assert c.send(ONE, "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0")[1] == 200
        assert len(c.provider.books()) == 1


def pulled(client, what):
    p = client.curl("%s/pull/%s" % (client.base, what))
    return json.loads(p.stdout)["list"] if p.returncode == 0 else None


def until_pulled(client, what, count):
    got, end = [], time.monotonic() + LONG
    while len(got) < count:
        assert time.monotonic() < end, got
        got += pulled(client, what)
    return got


def test_receipts_and_replies_are_handed_out_once_when_they_are_due(tmp_path, authority, good):
    people = tmp_path / "people"
    people.write_text("+999* 200 1 路上\n", encoding="utf-8")
    with Client(tmp_path, "http1", authority, good, "--receipts", "pull", "--reply-url", "pull",
                "--receipt-ms", "300", "--people", str(people)) as c:
        for i in range(3):
            c.send(dict(ONE, ref="A%d" % i))
        assert pulled(c, "receipts") == [] and pulled(c, "replies") == []
        assert [r["ref"] for r in until_pulled(c, "receipts", 3)] == ["A0", "A1", "A2"]
        assert [r["text"] for r in until_pulled(c, "replies", 3)] == ["1 路上"] * 3
        assert pulled(c, "receipts") == [] and pulled(c, "replies") == []
        assert len(c.provider.books("receipt")) == 3 and len(c.provider.books("reply")) == 3


def test_what_was_handed_out_is_gone_though_the_answer_was_lost(tmp_path, authority, good):
    with Client(tmp_path, "http1", authority, good, "--receipts", "pull", "--pull-loss", "1") as c:
        c.send(ONE)
        assert pulled(c, "receipts") is None        # it hangs up
        assert pulled(c, "receipts") == []
        assert len(c.provider.books("receipt")) == 1


def test_each_part_has_its_own_receipt(tmp_path, authority, good):
    with Client(tmp_path, "http1", authority, good, "--receipts", "pull", "--part-receipts",
                "--receipt-fail", "0.5", "--seed", "3") as c:
        for i in range(10):
            c.send(dict(ONE, ref="A%d" % i, text="水位上涨" * 40))
        got = until_pulled(c, "receipts", 30)
        assert [(r["part"], r["of"]) for r in got] == [(1, 3), (2, 3), (3, 3)] * 10
        mixed = [m for m in {r["msgid"] for r in got}
                 if len({r["state"] for r in got if r["msgid"] == m}) == 2]
        assert mixed                                # of some messages a part came and another did not


def test_receipts_come_twice_and_out_of_order(tmp_path, authority, good):
    listener = Listener()
    try:
        with Client(tmp_path, "http2", authority, good, "--receipt-duplicate", "1",
                    "--receipt-jitter-ms", "300",
                    "--receipts", "http://127.0.0.1:%d/receipts" % listener.server_port) as c:
            c.send({"to": ",".join(map(str, range(40))), "text": "x"})
            ids = [json.loads(body)["msgid"] for _, body in listener.wait(80)]
            assert set(collections.Counter(ids).values()) == {2}
            assert len(ids) == 80 and ids != sorted(ids)
    finally:
        listener.end()


@pytest.mark.parametrize("options, words", [
    (("--no-log", "--mix", "0.1:gremlin"), "--mix wants"),
    (("--no-log", "--mix", "2"), "--mix wants"),
    (("--no-log", "--client-ca", "x"), "need --tls"),
    (("--no-log", "--tls", "absent.pem", "absent.key"), "absent.pem"),
    (("--no-log", "--tls", "absent.pem"), "CERT KEY"),
])
def test_it_says_what_it_does_not_take(options, words):
    from http_driver import BUILD
    p = subprocess.run([BUILD + "/sim/provider", *options], capture_output=True, text=True, timeout=10)
    assert p.returncode != 0 and words in p.stderr
