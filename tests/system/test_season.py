"""gongctl check: what the lists lack before the season, the worst first (docs/import.md)."""
import hashlib
import json

import pytest

from district import District
from harness import World

HERE, THERE = "990121001001", "990121001002"
TOWN = "township-" * 8
CHIEF, WARNER = "village_chief-%s-1", "warner-%s-1"


class Season(World):
    def __init__(self):
        super().__init__(name="season")
        self.clients = 'client "township" { token_sha256 = "%s" may = {read} divisions = {990121100} }' \
            % hashlib.sha256(TOWN.encode()).hexdigest()
        self.write_conf()

    def contacts(self, *rows):
        head = "id,name,phone,role,division,role_order,lang,active"
        path = self.path("contacts.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join([head, *rows]) + "\n")
        self.ctl("import", "contacts", path)

    def found(self, *argv):
        p = self.ctl("--json", "check", *argv, check=False)
        findings = json.loads(p.stdout)["findings"]
        assert p.returncode == (1 if findings else 0), p
        return findings


@pytest.fixture(scope="module")
def world():
    with Season() as w:
        w.start()
        yield w


def kinds(findings):
    return [f["kind"] for f in findings]


def test_a_store_without_lists_is_a_finding(world):
    assert kinds(world.found()) == ["no_lists"]


def test_a_whole_district_lacks_only_what_was_never_tried(world):
    world.load(District(2, 2))
    assert set(kinds(world.found())) == {"unverified"}


def test_the_worst_comes_first(world):
    leave = [CHIEF % HERE, WARNER % HERE, "info_officer-%s-1" % HERE, CHIEF % THERE,
             "township_officer-990121001-1"]
    world.contacts(*["%s,x,+99912000000%d,,,,zh,no" % (ref, i) for i, ref in enumerate(leave)],
                   "h1,甲,+999120000021,household,%s,1,,yes" % THERE,
                   "h2,乙,+999120000021,household,%s,2,zh,yes" % THERE,
                   "o1,丙,+999120000022,warner,%s,2,zh,yes" % THERE,
                   "o2,丁,+999120000022,grid_worker,%s,3,zh,yes" % THERE)
    findings = [f for f in world.found() if f["kind"] != "unverified"]
    assert kinds(findings) == ["nobody", "role_empty", "officers", "number_shared", "language",
                               "number_household"]
    assert findings[0]["division"]["code"] == HERE
    assert findings[0]["text"].startswith(findings[0]["division"]["name"] + " " + HERE)
    assert findings[1]["division"]["code"] == THERE and findings[1]["values"][2] == "call.blue"
    assert (findings[3]["person"], findings[4]["contact"]) == ("丙", "h1")
    assert findings[3]["number"].count("*") and "+999120000022" not in json.dumps(findings)
    assert [f["number"] for f in world.found("--unmasked") if f["kind"] == "number_shared"] == \
        ["+999120000022"]


def test_a_place_is_asked_for_by_itself(world):
    assert {f["division"]["code"] for f in world.found("--within", THERE)} == {THERE}
    assert set(kinds(world.found("--within", "990121100"))) == {"unverified"}
    p = world.ctl("check", "--within", "990121777", check=False)
    assert p.returncode == 2 and "990121777" in p.stderr and not p.stdout


def test_people_read_groups_the_first_lines_and_how_many_more(world):
    lines = world.ctl("check", check=False).stdout.splitlines()
    assert lines[0] == "最先要叫的人都联系不上:1"
    assert any("另有" in line for line in lines)
    every = world.ctl("check", "--all", check=False, lang="en").stdout
    assert every.startswith("nobody to call first: 1\n") and " more: " not in every
    assert "责任人" in lines[1] and "Village principal" in every
    within = world.ctl("check", "--within", HERE[:9], check=False).stdout.splitlines()
    assert within[0].startswith(world.rows("SELECT name FROM division WHERE code = ?",
                                           int(HERE[:9]) * 1000)[0]["name"] + ":")


def test_what_texts_need_and_a_place_has_not(world):
    with open(world.path("places.csv"), "w", encoding="utf-8") as f:
        f.write("code,name,shelter,route\n%s,石桥村,,村北机耕路\n" % THERE)
    world.ctl("import", "divisions", world.path("places.csv"))
    lacking = [f for f in world.found() if f["kind"] == "text_lacks"]
    assert [(f["division"]["code"], f["values"][1]) for f in lacking] == [(THERE, "shelter")]


def test_a_number_is_verified_by_what_reaches_it_and_failed_by_its_refusal(world):
    numbers = world.rows("SELECT c.ref, n.e164 FROM contact c JOIN number n ON n.contact = c.id WHERE "
                         "c.id IN (SELECT contact FROM number WHERE pos = 1) ORDER BY c.id, n.pos")
    (good, first), _, (part, _), (same, second), (bad, third), (_, fourth) = \
        [(n["ref"], n["e164"]) for n in numbers[:6]]
    assert part == same
    world.change("INSERT INTO reached (e164, good_at) VALUES (?, ?)", first, 1795471200000)
    for e164 in (second, third, fourth):
        world.change("INSERT INTO reached (e164, bad_at) VALUES (?, ?)", e164, 1795471200000)
    of = {ref: [f["kind"] for f in world.found("--since", "2026-11-01") if f["contact"] == ref]
          for ref in (good, part, bad)}
    assert of == {good: ["unverified"], part: ["number_failed", "unverified"], bad: ["unreachable"] * 2}
    seen = [f for f in world.found("--since", "2026-11-30") if f["contact"] == good]
    assert "2026-11-24" in seen[0]["text"] and "从未" in seen[1]["text"]


def test_pages_go_on_where_the_last_ended(world):
    rows, path = [], "/v1/check?limit=7"
    while path:
        status, page = world.api("GET", path)
        assert status == 200 and len(page["findings"]) <= 8
        rows += page["findings"]
        path = page["next"] and "/v1/check?limit=7&after=" + page["next"]
    keys = [(f["kind"], f["text"]) for f in rows]
    assert len(set(keys)) == len(keys) == len(world.found())


def test_whoever_has_limits_sees_his_own_places(world):
    status, page = world.tcp("GET", "/v1/check", token=TOWN)
    assert status == 200 and page["findings"]
    assert {f["township"]["code"] for f in page["findings"]} == {"990121100"}
