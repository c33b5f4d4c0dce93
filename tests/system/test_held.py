"""Every message that may not have arrived and does not go again is in a task of its alert, however many
alerts meet that at once (daemon/engine/held.c)."""
from harness import World, sim_route, wait_for

ALERTS = 150                            # more than the engine keeps in memory
WAIT = 60                               # for a receipt, before the desk is called


def test_as_many_alerts_as_were_hit_have_their_task():
    with World(name="held") as world:
        world.routes = sim_route(world.path("books"), unknown="1")
        world.write_conf()
        world.start()
        world.api("POST", "/v1/import/divisions",
                  "code,name,level,parent\n990121,青石县,county,9901\n".encode())
        rows = ["id,name,phone,role,division,role_order,lang,voice,sms,active"]
        rows += ["c%d,户%d,+9992%09d,duty_officer,990121,%d,zh,yes,yes,yes" % (i, i, i, i + 1)
                 for i in range(ALERTS)]
        assert world.api("POST", "/v1/import/contacts", "\n".join(rows).encode())[0] == 200
        wait_for("the route", world.all_up)
        alerts = {world.send(key="k%d" % i, template="notice.text", severity="yellow",
                             params={"text": "库区水位上涨"}, audience={"contacts": ["c%d" % i]})
                  for i in range(ALERTS)}
        wait_for("all to be in doubt", lambda: world.states() == {"uncertain": ALERTS})
        wait_for("a task for each", lambda: {t["alert"] for t in world.rows(
            "SELECT alert FROM task WHERE kind = 'uncertain'")} == alerts, WAIT + 20, every=0.5)
