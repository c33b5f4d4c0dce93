"""An alert takes over only what it names of another: the rest goes on, in its own words."""
import time

from harness import wait_for
from test_desk import ASK, RAIN, notice, refused, world_with

RAIN = dict(RAIN, params={"hours": 3, "mm": 80})

PEOPLE = {"ask": ASK % ("person", ""), "crew": ASK % ("team", "quota = 1"),
          "towns": ASK % ("township", "")}
HERE, THERE = "990121001", "990121100"
ROLES = ["village_chief"]


def orange(key, *divisions, **more):
    audience = dict({"divisions": list(divisions)}, **more.pop("audience", {}))
    return dict(dict(RAIN, key=key, policy="call.orange", audience=audience), **more)


def red(key, *divisions, **more):
    return orange(key, *divisions, **dict(dict(severity="red", policy="call.red"), **more))


def post(world, request, dry=False):
    return world.api("POST", "/v1/alerts" + ("?dry_run=1" if dry else ""), request)


def moved(world, alert):
    """The places of an alert that another took over, with that other's number."""
    return {r["division"]: r["moved_to"] for r in world.rows(
        "SELECT division, moved_to FROM target WHERE alert = ? AND moved_to IS NOT NULL", alert)}


def told(world, alert):
    """Have all its texts gone out?"""
    rows = [m["state"] for m in world.messages() if m["alert"] == alert and m["channel"] == 0]
    return rows and set(rows) <= {"sent", "delivered"}


def villages(township, count=3):
    return [int("%s%03d" % (township, v + 1)) for v in range(count)]


def test_only_the_targets_named_move():
    with world_with() as world:
        old = world.send(**orange("old", "990121"))
        new = world.send(**red("new", HERE, replaces=old))
        assert moved(world, old) == {v: new for v in villages(HERE)}
        alert = world.alert(old)
        assert (alert["state"], alert["targets"], alert["replaced_by"]) == ("active", 3, None)
        assert world.alert(new)["targets"] == 3
        # others of it may go to another alert; those that have gone may not
        refused(post(world, red("again", HERE, replaces=old)), 409, "/replaces", str(new))
        refused(post(world, red("all", "990121", replaces=old)), 409, "/replaces", str(new))
        last = world.send(**red("rest", THERE, replaces=old))
        assert moved(world, old) == {**{v: new for v in villages(HERE)},
                                     **{v: last for v in villages(THERE)}}
        alert = world.alert(old)
        assert (alert["state"], alert["replaced_by"]) == ("cancelled", last)
        refused(post(world, red("late", HERE, replaces=old)), 409, "/replaces", str(last))


def test_whoever_asks_hears_who_moves_who_stays_and_who_is_told():
    with world_with() as world:
        old = world.send(**orange("old", "990121"))
        wait_for("everybody to be told by the old one", lambda: told(world, old))
        part = red("new", HERE, replaces=old)
        here = ["%s%03d" % (HERE, v + 1) for v in range(3)]
        status, dry = post(world, part, dry=True)
        assert status == 200 and not moved(world, old), dry
        assert dry["replaces"] == {"id": old, "code": world.alert(old)["code"], "moved": here,
                                   "stays": 3, "told": 0}
        # whom a whole one leaves out is told, there and nowhere else
        whole = post(world, dict(part, whole=True), dry=True)[1]["replaces"]
        assert (whole["moved"], whole["stays"]) == (here, 0) and whole["told"] > 0
        assert world.alert(old)["state"] == "active" and world.alert(old)["targets"] == 6
        status, answer = post(world, part)
        assert status == 202 and answer["replaces"] == dry["replaces"]
        assert post(world, part)[1]["replaces"] == dry["replaces"]
        rest = red("rest", HERE, replaces=answer["id"], whole=True, audience={
            "without_divisions": [HERE + "002", HERE + "003"]})
        expected = post(world, rest, dry=True)[1]["replaces"]
        wait_for("the new one to be told", lambda: told(world, answer["id"]))
        again = post(world, rest, dry=True)[1]["replaces"]      # the more were told, the more will be
        assert dict(again, told=0) == dict(expected, told=0) and again["told"] >= expected["told"]
        last = post(world, rest)[1]["replaces"]
        assert last["moved"] == here[:1] and last["stays"] == 0


def test_those_left_out_by_a_whole_replacement_read_of_their_own_place():
    with world_with() as world:
        old = world.send(**orange("old", "990121"))
        wait_for("everybody to be told by the old one", lambda: told(world, old))
        reached = {m["contact"] for m in world.messages()}
        new = world.send(**red("new", HERE, replaces=old, whole=True))
        names = {r["name"] for r in world.rows("SELECT name FROM division WHERE code BETWEEN ? AND ?",
                                               int(THERE + "001"), int(THERE + "999"))}

        def ended():
            return [m for m in world.messages() if m["alert"] == new and m["kind"] == 3
                    and m["state"] in ("sent", "delivered")]
        wait_for("those left out to hear it", ended)
        assert {m["contact"] for m in ended()} <= reached
        for m in ended():
            assert any(m["body"].startswith(name) for name in names), m["body"]
            assert "解除" not in m["body"]


def test_what_moved_stays_when_the_new_one_is_cancelled():
    with world_with() as world:
        old = world.send(**orange("old", "990121"))
        new = world.send(**red("new", HERE, replaces=old))
        assert world.api("POST", "/v1/alerts/%d/cancel" % new, {"note": "x"})[0] == 200
        assert moved(world, old) == {v: new for v in villages(HERE)}
        assert world.alert(old)["targets"] == 3


def test_who_names_nothing_of_it_must_say_whole():
    with world_with(policies=PEOPLE) as world:
        old = world.send(**orange("old", HERE))
        refused(post(world, red("n", THERE, replaces=old)), 422, "/replaces", "whole")
        refused(post(world, red("n", THERE, replaces=old), dry=True), 422, "/replaces")
        refused(post(world, red("n", THERE, whole=True)), 422, "/whole")
        refused(post(world, red("n", THERE, replaces=old, whole="yes")), 422, "/whole")
        assert world.alert(old)["state"] == "active"
        new = world.send(**red("n", THERE, replaces=old, whole=True))
        assert world.alert(old)["state"] == "cancelled"
        assert world.alert(old)["replaced_by"] == new and not moved(world, old)


def test_a_team_is_replaced_whole():
    with world_with(policies=PEOPLE) as world:
        old = world.send(**dict(RAIN, key="t", policy="crew", audience={
            "divisions": [HERE], "roles": ["warner"]}))
        refused(post(world, red("n", HERE, replaces=old)), 422, "/replaces", "team", "whole")
        world.send(**red("n", HERE, replaces=old, whole=True))
        assert world.alert(old)["state"] == "cancelled"


def test_a_township_covered_in_part_stays():
    with world_with(policies=PEOPLE) as world:
        old = world.send(**dict(RAIN, key="t", policy="towns", audience={
            "divisions": ["990121"], "roles": ["township_chief"]}))
        refused(post(world, red("n", HERE + "001", replaces=old)), 422, "/replaces")
        new = world.send(**red("n", "990121", replaces=old, audience={
            "without_divisions": [HERE + "001"]}))
        assert moved(world, old) == {int(THERE + "000"): new}
        assert world.alert(old)["targets"] == 1


def test_persons_move_by_who_they_are():
    with world_with(policies=PEOPLE) as world:
        old = world.send(**dict(RAIN, key="p", policy="ask", audience={
            "divisions": [HERE], "roles": ["village_chief", "warner"]}))
        chiefs = world.send(**dict(notice("c", HERE), replaces=old))
        assert {r["ref"].split("-")[0] for r in world.rows("""SELECT ref FROM target JOIN contact
            ON contact.id = target.contact WHERE moved_to = ?""", chiefs)} == {"village_chief"}
        assert world.alert(old)["targets"] == 6
        refused(post(world, dict(notice("d", HERE), replaces=old)), 409, "/replaces", str(chiefs))


def test_a_held_replacement_moves_nothing_before_its_release():
    with world_with() as world:
        soon = int(time.time() * 1000) + 3600000
        old = world.send(**orange("old", "990121"))
        held = world.send(**red("held", HERE, replaces=old, starts_at=soon))
        assert world.alert(held)["state"] == "held" and not moved(world, old)
        refused(post(world, red("too", HERE, replaces=old, starts_at=soon)), 409, str(held))
        refused(post(world, red("now", "990121", replaces=old)), 409, str(held))
        refused(post(world, red("end", THERE, replaces=old, whole=True)), 409, str(held))
        other = world.send(**red("other", THERE, replaces=old, starts_at=soon))
        # refused: nothing has moved, and somebody else may
        assert world.api("POST", "/v1/alerts/%d/cancel" % held, {"note": "no"})[0] == 200
        assert not moved(world, old) and world.alert(old)["state"] == "active"
        new = world.send(**red("now", HERE, replaces=old))
        assert moved(world, old) == {v: new for v in villages(HERE)}
        assert world.alert(other)["state"] == "held"


def test_a_held_replacement_that_is_released_takes_over():
    with world_with() as world:
        old = world.send(**orange("old", "990121"))
        new = world.send(**red("held", HERE, replaces=old,
                               starts_at=int(time.time() * 1000) + 1500))
        assert not moved(world, old)
        wait_for("the release", lambda: world.alert(new)["state"] == "active")
        assert moved(world, old) == {v: new for v in villages(HERE)}


def test_a_killed_gongd_has_moved_all_or_nothing():
    with world_with() as world:
        old = world.send(**orange("old", "990121"))
        new = world.send(**red("new", HERE, replaces=old))
        world.kill()
        world.start()
        assert moved(world, old) == {v: new for v in villages(HERE)}
        assert world.alert(old)["state"] == "active"
        again = post(world, red("new", HERE, replaces=old))
        assert again[0] == 200 and again[1]["id"] == new, again
        refused(post(world, red("again", HERE, replaces=old)), 409, "/replaces")


def test_a_cancellation_is_never_in_the_way_of_anything():
    with world_with() as world:
        old = world.send(**orange("old", "990121"))
        world.send(**red("new", HERE, replaces=old))
        world.send(**red("held", THERE, replaces=old, starts_at=int(time.time() * 1000) + 3600000))
        status, answer = world.api("POST", "/v1/alerts/%d/cancel" % old, {
            "note": "x", "template": "warn.cancel"})
        assert status == 200 and answer["notice"], answer
        assert world.alert(old)["state"] == "cancelled"


def test_what_the_desk_says_of_a_moved_place_is_refused():
    """It would raise nothing, here or there: whoever enters it must hear where it belongs."""
    with world_with() as world:
        old = world.send(**orange("old", "990121"))
        wait_for("the chiefs to be called", lambda: world.rows(
            "SELECT DISTINCT contact FROM called WHERE alert = ?", old))
        new = world.send(**red("new", HERE, replaces=old))
        before = len(world.rows("SELECT * FROM answer"))
        acks = "/v1/alerts/%d/acks"
        said = {"level": 3, "name": "王", "note": "电话"}
        refused(world.api("POST", acks % old, dict(said, division=HERE + "001")), 409, world.alert(new)["code"])
        refused(world.api("POST", acks % old, dict(
            said, contact="village_chief-%s001-1" % HERE)), 409, world.alert(new)["code"])
        assert len(world.rows("SELECT * FROM answer")) == before
        assert world.api("POST", acks % new, dict(said, division=HERE + "001"))[0] == 200
        assert world.api("POST", acks % old, dict(said, division=THERE + "001"))[0] == 200


def test_a_held_replacement_that_expires_moves_nothing():
    with world_with() as world:
        now = int(time.time() * 1000)
        old = world.send(**orange("old", "990121"))
        held = world.send(**red("held", HERE, replaces=old, starts_at=now + 3600000,
                                expires_at=now + 7200000))
        assert world.alert(held)["state"] == "held"
        world.gongd.stop()
        world.change("UPDATE alert SET due_at = ?, expires_at = ? WHERE id = ?",
                     now - 2000, now - 1000, held)      # its time passed while gongd was off
        world.start()
        wait_for("its end", lambda: world.alert(held)["state"] == "expired")
        assert not moved(world, old) and world.alert(old)["state"] == "active"
        assert not [m for m in world.messages() if m["alert"] == held]
        new = world.send(**red("now", HERE, replaces=old))      # it is in nobody's way
        assert moved(world, old) == {v: new for v in villages(HERE)}
