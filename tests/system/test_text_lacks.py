"""What some villages' rows lack for a text refuses no alert: its sender is told of which places, and
what they read instead, in a dry run as in earnest, and once more when the request is repeated."""
import contextlib
import json

from district import District
from harness import wait_for
from test_desk import world_with
from test_life import reload
from test_places import texts

LONG = "沿村北机耕路走到老公路再过三道桥以后一直往上走到石门小学后面的那一片很高的坡地上面去然后在那里等着"


class Gaps(District):
    """Of eight villages the first two have no shelter, the third a way that is too long."""

    def __init__(self, townships=2, villages=4, without=2, name_en=False):
        super().__init__(townships, villages)
        lacking, long = set(self.villages[:without]), self.villages[without]
        self.divisions = [
            tuple(r[:4]) + ("" if r[0] in lacking else r[4], LONG if r[0] == long else r[5])
            for r in self.divisions]


MOVE = dict(template="flood.move", policy="move.now", severity="red", params={},
            audience={"divisions": ["990121"]})


@contextlib.contextmanager
def gaps(**how):
    district = Gaps(**how)
    with world_with(district=district) as world:
        yield world, district


def lacks(answer):
    return {w["param"]: w for w in answer["warnings"] if w["code"].startswith("warn_text")}


def test_what_villages_lack_is_told_and_refuses_nothing():
    with gaps() as (world, district):
        status, plan = world.api("POST", "/v1/alerts?dry_run=1", MOVE)
        assert status == 200, plan
        status, answer = world.api("POST", "/v1/alerts", dict(MOVE, key="a"))
        assert status == 202, answer
        again = world.api("POST", "/v1/alerts", dict(MOVE, key="a"))[1]
        assert again["repeat"] and again["warnings"] == answer["warnings"]
        for said in (lacks(plan), lacks(answer)):
            assert set(said) == {"shelter", "route"}, said
            assert said["shelter"]["code"] == "warn_text_lacks"
            assert said["shelter"]["count"] == 2
            assert [p["code"] for p in said["shelter"]["places"]] == district.villages[:2]
            assert all(p["name"] in said["shelter"]["text_zh"] for p in said["shelter"]["places"])
            assert said["route"]["code"] == "warn_text_bad" and said["route"]["count"] == 1
            assert said["route"]["places"][0]["code"] == district.villages[2]
        # What it says stands there, stands there.
        instead = lacks(answer)["shelter"]["values"][4].split(" / ")[0]
        chief = district.of_role("village_chief", district.villages[0])[0]
        wait_for("the chief's text", lambda: texts(world, answer["id"], chief["id"]))
        if chief["lang"] == "zh":
            assert instead in texts(world, answer["id"], chief["id"])[0]


def test_of_many_places_the_first_are_named_and_all_are_counted():
    with gaps(townships=2, villages=8, without=12) as (world, district):
        answer = world.api("POST", "/v1/alerts", dict(MOVE, key="a"))[1]
        said = lacks(answer)["shelter"]
        assert said["count"] == 12 and len(said["places"]) == 5
        assert said["values"][2] == "12" and "…" in said["values"][3]


def test_what_is_only_told_says_of_which_of_its_readers_villages():
    with gaps() as (world, district):
        status, answer = world.api("POST", "/v1/alerts", dict(
            MOVE, key="a", policy=None, severity="yellow",
            audience={"divisions": ["990121"], "roles": ["village_chief"]}))
        assert status == 202, answer
        said = lacks(answer)
        assert said["shelter"]["count"] == 2 and said["route"]["count"] == 1, said
        assert [p["code"] for p in said["shelter"]["places"]] == district.villages[:2]


def test_a_whole_list_leaves_no_warning():
    with world_with(district=District(1, 2)) as world:
        status, answer = world.api("POST", "/v1/alerts", dict(MOVE, key="a"))
        assert status == 202 and answer["warnings"] == []


def test_gongctl_says_it_in_either_language_and_sends():
    with gaps() as (world, district):
        argv = ("send", "flood.move", "--division", "990121", "--severity", "red", "--policy", "move.now")
        for lang, words in (("zh", "改用"), ("en", "read instead")):
            sent = world.ctl(*argv, lang=lang, check=False)
            assert sent.returncode == 0, sent.stderr
            assert words in sent.stderr and district.villages[0] in sent.stderr, sent.stderr
            planned = world.ctl(*argv, "--dry-run", lang=lang, check=False)
            assert words in planned.stdout and words not in planned.stderr, planned.stdout
        told = json.loads(world.ctl("--json", *argv))
        assert told["warnings"] and told["state"] == "active"


def test_a_column_that_no_village_has_is_the_requests_fault():
    with world_with(district=District(1, 2)) as world:
        with open(world.path("templates/way.conf"), "w", encoding="utf-8") as f:
            f.write('template "way" {\n title = "路"\n param "gate" { scope = division }\n'
                    ' answer "1" { outcome = acknowledged level = 3 }\n'
                    ' text "zh" { sms = "走{{gate}},收到回复1" }\n}\n')
        reload(world, "settings reloaded")
        status, answer = world.api("POST", "/v1/alerts", dict(MOVE, template="way", key="a"))
        assert (status, answer["field"]) == (422, "/params/gate"), answer
