"""How another system shows who it is: each way alone, with the right token, a wrong one, an empty one and
none; two sources with one token stay two; and what is too large is said so before it is read."""
import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import World, sim_route, wait_for

TOKEN = "river-token+/=%: 16"
WAYS = "bearer", "basic", "hmac", "query", "path"
RULES = '''read { ref = "/id" kind = "/kind" }
rule "noted" { when { kinds = {log} } trust = note
 then { template = notice.text severity = blue divisions = {990121} param "text" { value = "x" } } }
'''
BODY = json.dumps({"id": "1", "kind": "log"}).encode()


def source(name, by, **more):
    return 'source "%s" { format = json rules = "x.rules" token_file = "x.token" by = {%s} up_to = blue %s }\n' % (
        name, by, " ".join("%s = %s" % item for item in more.items()))


@pytest.fixture(scope="module")
def world():
    w = World(name="source_ways")
    w.routes = sim_route(w.path("books")) + "".join(source(way, way) for way in WAYS) + \
        source("twin", "bearer") + source("github", "hmac", hmac_header="X-Hub-Signature-256") + \
        source("platform", "bearer").replace("format = json", "format = form")
    for name, text in ("x.rules", RULES), ("x.token", TOKEN + "\n"):
        with open(w.path(name), "w", encoding="utf-8") as f:
            f.write(text)
    w.write_conf()
    with w:
        w.start()
        wait_for("the route", w.all_up)
        yield w


def post(world, name, body=BODY, rest="", headers=None):
    request = urllib.request.Request("http://127.0.0.1:%d/v1/in/%s%s" % (world.port, name, rest), body,
                                     dict({"Content-Type": "application/json"}, **(headers or {})))
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def mac(token, body=BODY):
    return hmac.new(token.encode(), body, hashlib.sha256)


def shown(way, token):
    """(what follows the name in the URL, headers)."""
    if way == "bearer":
        return "", {"Authorization": "Bearer " + token}
    if way == "basic":
        return "", {"Authorization": "Basic " + base64.b64encode(("any:" + token).encode()).decode()}
    if way == "hmac":
        return "", {"X-Signature": mac(token).hexdigest() if token else ""}
    if way == "query":
        return "?x=1&token=" + urllib.parse.quote(token, safe=""), {}
    return "/" + urllib.parse.quote(token, safe=""), {}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_takes_its_token_and_nothing_else(world, way):
    before = len(world.api("GET", "/v1/signals")[1]["signals"])
    wrong = [("", {})] + [shown(way, token) for token in ("", TOKEN[:-1], TOKEN + "x", TOKEN.upper())] + \
        [shown(other, TOKEN) for other in WAYS if other != way]     # the right one, by a way that is not its own
    with ThreadPoolExecutor(len(wrong)) as pool:    # each is answered after a second only
        answers = pool.map(lambda shows: post(world, way, rest=shows[0], headers=shows[1])[0], wrong)
        assert [(status, shows) for status, shows in zip(answers, wrong) if status != 401] == []
    assert len(world.api("GET", "/v1/signals")[1]["signals"]) == before
    rest, headers = shown(way, TOKEN)
    status, answer = post(world, way, rest=rest, headers=headers)
    assert status == 200 and answer["signals"][0]["reason"] == "signal_noted", answer


def test_a_mac_is_of_the_body_in_the_writings_that_systems_have(world):
    good = mac(TOKEN)
    for text in good.hexdigest(), "sha256=" + good.hexdigest(), base64.b64encode(good.digest()).decode():
        assert post(world, "github", headers={"X-Hub-Signature-256": text})[0] == 200, text
    assert post(world, "github", BODY + b" ", headers={"X-Hub-Signature-256": good.hexdigest()})[0] == 401
    assert post(world, "github", headers={"X-Signature": good.hexdigest()})[0] == 401


def test_two_sources_with_one_token_stay_two(world):
    bearer = shown("bearer", TOKEN)[1]
    first = post(world, "twin", headers=bearer)[1]["signals"][0]
    again = post(world, "bearer", headers=bearer)[1]["signals"][0]
    assert first["id"] != again["id"]
    assert {s["source"] for s in world.api("GET", "/v1/signals")[1]["signals"]} >= {"twin", "bearer"}


def test_what_is_too_large_or_too_much_is_said_so(world):
    bearer = shown("bearer", TOKEN)[1]
    status, answer = post(world, "bearer", b"[" + b" " * (1 << 20) + b"]", headers=bearer)
    assert status == 413, answer
    wait_for("a task about it", lambda: world.rows(
        "SELECT text FROM task WHERE closed_at IS NULL AND text LIKE '%source bearer sends what cannot be read%'"))
    assert world.rows("SELECT reason_phrase FROM signal WHERE ref = 'unreadable'") == [{"reason_phrase": "http_body_max"}]
    assert post(world, "nobody", headers=bearer)[0] == 401


def test_a_form_is_read_in_the_encoding_that_it_says(world):
    def form(text, encoding):
        return post(world, "platform", text, headers=dict(
            shown("bearer", TOKEN)[1], **{"Content-Type": "application/x-www-form-urlencoded" + encoding}))
    status, answer = form(b"id=%CB%AE&kind=log", ";charset=GBK")
    assert status == 200 and answer["signals"][0]["reason"] == "signal_noted", answer
    signal = world.api("GET", "/v1/signals/%d" % answer["signals"][0]["id"])[1]
    assert signal["signal"]["ref"] == "\u6c34", signal
    assert form(b"id=%C7%E0&kind=log", "")[0] == 400
    status, refused = post(world, "platform", headers=shown("bearer", TOKEN)[1])    # JSON
    assert status == 422 and "format = json" in refused["detail"], refused


def test_one_source_is_shown_whole(world):
    shown = world.ctl("source", "show", "github", lang="en")
    assert "github" in shown and "hmac" in shown and "noted (note)" in shown, shown
    assert "只记录" in world.ctl("source", "show", "github")
    lost = world.ctl("source", "show", "githab", check=False, lang="en")
    assert lost.returncode != 0 and 'did you mean "github"' in lost.stderr, lost
    assert json.loads(world.ctl("--json", "source", "show", "platform"))["format"] == "form"
