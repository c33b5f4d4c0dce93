"""Every reader hears of his own places: in two townships, with two seats, in English, in a drill,
when it is lifted, and as the township of twenty silent villages."""
import contextlib

from district import District
from harness import wait_for
from test_desk import RAIN, world_with

HERE, THERE = "990121001", "990121100"


class Places(District):
    """The first two chiefs of the first township are one person."""

    def __init__(self, townships, villages, same_way=True):
        super().__init__(townships, villages)
        first, second = self.villages[:2]
        chief = self.of_role("village_chief", first)[0]
        self.posts.remove(self.of_role("village_chief", second)[0])
        self.posts.append(dict(chief, division=second))
        if not same_way:
            self.divisions = [tuple(r[:4]) + ("石门小学", "老公路") if r[0] == second else r
                              for r in self.divisions]
        self.chief = chief["id"]


def texts(world, alert, ref):
    return [r["body"] for r in world.rows(
        "SELECT v.body FROM message m JOIN wave w ON w.id = m.wave JOIN variant v ON v.id = m.variant "
        "JOIN contact c ON c.id = m.contact WHERE w.alert = ? AND c.ref = ? AND w.channel = 0 "
        "ORDER BY w.id", alert, ref)]


def names(world, *codes):
    of = {r["code"]: r["name"] for r in world.rows("SELECT code, name FROM division")}
    return [of[int(c)] for c in codes]


@contextlib.contextmanager
def told(district, **request):
    with world_with(district=district) as world:
        alert = world.send(**dict(dict(RAIN, key="a", policy="call.orange",
                                       audience={"divisions": ["990121"]}), **request))
        wait_for("the first step", lambda: world.rows(
            "SELECT 1 FROM event WHERE alert = ? AND what = 'step'", alert))
        yield world, alert


def test_a_chief_of_two_villages_reads_of_both_and_each_township_of_its_own():
    district = Places(2, 3)
    with told(district) as (world, alert):
        first, second, third = names(world, *district.villages[:3])
        assert [first + "、" + second in t for t in texts(world, alert, district.chief)] == [True]
        there = district.of_role("village_chief", district.villages[3])[0]["id"]
        assert names(world, district.villages[3])[0] in texts(world, alert, there)[0]
        assert first not in texts(world, alert, there)[0]
        places = {r["places"] for r in world.rows("SELECT places FROM variant WHERE alert = ?", alert)}
        assert '["%s","%s"]' % tuple(district.villages[:2]) in places
        wait_for("all have it", lambda: not world.rows(
            "SELECT 1 FROM wave WHERE alert = ? AND state < 2", alert))
        status, answer = world.api("POST", "/v1/alerts/%d/cancel" % alert, {
            "note": "雨停", "template": "warn.cancel"})
        assert status == 200, answer
        lifted = answer["notice"]
        wait_for("the end is told", lambda: texts(world, lifted, there))
        assert [first + "、" + second in t and third not in t
                for t in texts(world, lifted, district.chief)] == [True]
        assert names(world, district.villages[3])[0] in texts(world, lifted, there)[0]


def test_two_ways_out_are_two_texts_with_codes_of_their_own():
    district = Places(1, 3, same_way=False)
    with told(district, template="flood.move", policy="move.now", severity="red",
              params={}) as (world, alert):
        mine = texts(world, alert, district.chief)
        code = world.alert(alert)["code"]
        assert len(mine) == 2 and all("(后加" + code in t for t in mine), mine
        assert [n in t for n, t in zip(names(world, *district.villages[:2]), mine)] == [True, True]
        assert len({r["code"] for r in world.rows(
            "SELECT code FROM variant WHERE alert = ? AND code IS NOT NULL", alert)}) == 2


def test_a_township_hears_of_all_twenty_also_in_a_drill():
    district = Places(1, 20)
    with told(district, mode="drill") as (world, alert):
        mine = texts(world, alert, district.of_role("township_duty", district.townships[0])[0]["id"])
        assert len(mine) == 1 and "已发到20个村" in mine[0] and "橙色" in mine[0], mine
        assert all(n in mine[0] for n in names(world, *district.villages)) or "等20处" in mine[0]
        assert "准备" not in mine[0]


def test_another_colour_than_the_alerts_is_refused():
    with world_with() as world:
        status, answer = world.api("POST", "/v1/alerts", dict(
            RAIN, key="a", policy="call.orange", audience={"divisions": ["990121"]},
            params=dict(RAIN["params"], level="红色")))
        assert (status, answer["field"]) == (422, "/params/level"), answer


def test_a_value_may_be_said_by_language():
    with told(Places(1, 3), template="notice.text", policy=None, params={
            "text": {"zh": "今晚停电", "en": "power cut tonight"}},
            audience={"divisions": ["990121"], "roles": ["village_chief"]}) as (world, alert):
        said = {r["lang"]: r["body"] for r in world.rows(
            "SELECT lang, body FROM variant WHERE alert = ?", alert)}
        assert said[0] == "今晚停电" and said.get(1, "power cut tonight") == "power cut tonight"
