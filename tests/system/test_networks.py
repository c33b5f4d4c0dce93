"""The whole way out and back on real libGammu and real libcurl: drivers and gongd are killed
under load, people answer, and the books of both sides agree."""
import os
import signal

from district import District
from harness import World, books_agree, read_books, wait_for

SECRET = "system-test-callback-secret"
HTTP = '''route "cloud" {
 driver = "gong-http"
 channels = {sms}
 callback_secret = "%(secret)s"
 config = '{"url":"http://127.0.0.1:%(port)s/send","body_type":"json","body":"{\\\\"to\\\\":\\\\"{{to_plus}}\\\\",\\\\"text\\\\":\\\\"{{text}}\\\\",\\\\"ref\\\\":\\\\"{{id}}\\\\",\\\\"callback\\\\":\\\\"{{callback_url}}\\\\"}","success":{"status":[200],"pointer":"/code","equals":0},"id_pointer":"/id","receipts":true,"connections":8,"window":32,"callback":{"receipt":{"id":"/ref","provider_id":"/msgid","to":"/to","state":"/state","delivered":["DELIVRD"],"failed":["UNDELIV"]},"reply":{"id":"/id","from":"/from","text":"/text"}}}'
}
'''
MODEM = '''route "%(name)s" {
 driver = "gong-modem"
 channels = {sms}
 option "device" { value = "%(dir)s/%(name)s.tty" }
}
'''


def start_modem(world, name, air_ms, *more):
    world.start_sim(name, "modem", "--link", world.path(name + ".tty"), "--log",
                    world.path(name + ".books"), "--control", world.path(name + ".ctl"),
                    "--air-ms", air_ms, "--imei", "99000000000000%s" % name[-1], *more)


def messages(world, name):
    return [e for e in read_books(world.path(name + ".books")) if e["ev"] == "message"]


def start_provider(world, *more):
    p = world.start_sim("provider", "provider", "--port", 0, "--log", world.path("cloud.books"),
                        *more)
    return p.words[1]


def by_our_id(entries):
    return [dict(e, id=e["ref"]) for e in entries]


def warn(world, severity="red", villages=None, **more):
    return world.send(key="w", template="notice.text", severity=severity,
                      params={"text": "河水上涨,请勿下河。" * 9},       # three parts
                      audience={"divisions": villages or ["990121001"],
                                "roles": ["village_chief", "village_deputy", "warner"]}, **more)


def test_modem_drivers_killed_under_load():
    with World(name="modems") as world:
        for name in ("modem1", "modem2"):
            start_modem(world, name, 60)
        world.routes = "".join(MODEM % dict(name=n, dir=world.dir) for n in ("modem1", "modem2"))
        world.write_conf()
        world.start()
        world.load(District(1, 8))
        warn(world)
        for _ in range(2):
            before = len(messages(world, "modem1"))
            wait_for("modem1 to work", lambda b=before: len(messages(world, "modem1")) > b)
            os.kill(world.drivers()["gong-modem"], signal.SIGKILL)
        wait_for("everything settled", world.settled, 60)
        figures = books_agree(world, {n: messages(world, n) for n in ("modem1", "modem2")})
        assert figures["messages"] == 32        # a warner's family has the information officer, too
        assert figures["unknown"] <= 2 * 2
        # What was with a driver at both kills is taken for the killer, and left to the desk.
        left = world.states()["uncertain"]
        tasks = world.rows("SELECT * FROM task WHERE kind = 'quarantine'")
        assert set(world.states()) <= {"sent", "delivered", "uncertain"} and left == len(tasks)


def test_a_resend_after_a_crash_has_the_same_reference():
    """gongd dies while parts are in the air: what goes again carries the same concatenation
    reference, so that the phone joins both copies into one message."""
    with World(name="reference") as world:
        start_modem(world, "modem1", 150)
        world.routes = MODEM % dict(name="modem1", dir=world.dir)
        world.write_conf()
        world.start()
        world.load(District(1, 2))
        alert = warn(world, villages=["990121001001"])
        wait_for("a first part", lambda: [
            e for e in read_books(world.path("modem1.books")) if e["ev"] == "submit"])
        world.kill()
        world.start()
        wait_for("everything settled", world.settled, 60)
        references = {}
        for e in read_books(world.path("modem1.books")):
            if e["ev"] == "submit":
                references.setdefault(e["to"], set()).add(e["ref"])
        assert len(references) == 4, references
        assert all(len(r) == 1 for r in references.values()), references
        again = world.rows("SELECT * FROM message m JOIN wave w ON w.id = m.wave WHERE w.alert = ? "
                           "AND m.attempt > 1", alert)
        assert again, "nothing was in doubt: the kill came too late"


def test_provider_and_its_driver_killed_under_load():
    with World(name="provider") as world:
        port = start_provider(world, "--latency-ms", 20, "--jitter-ms", 20, "--fail", "0.05:503",
                              "--drop", "0.03", "--seed", 3)
        world.routes = HTTP % dict(secret=SECRET, port=port)
        world.write_conf()
        world.start()
        world.load(District(2, 15))
        world.send(key="w", template="notice.text", severity="red", params={"text": "泄洪"},
                   audience={"divisions": ["990121"], "roles": ["village_chief", "warner",
                                                                "group_leader", "grid_worker"]})
        for kill in (lambda: os.kill(world.drivers()["gong-http"], signal.SIGKILL),
                     lambda: (world.kill(), world.start())):
            before = len(messages(world, "cloud"))
            wait_for("the provider to be busy", lambda b=before: world.settled() or
                     len(messages(world, "cloud")) > b + 30)
            kill()
        wait_for("everything settled", world.settled, 60)
        figures = books_agree(world, {"cloud": by_our_id(messages(world, "cloud"))})
        states = world.states()
        assert figures["messages"] == 210
        assert states["sent"] + states["delivered"] + states["uncertain"] == 210, states
        assert figures["unknown"] > 0, "the provider dropped nothing: this test tests nothing"


def test_answers_and_receipts_come_back_by_both_networks():
    with World(name="answers") as world:
        with open(world.path("people"), "w", encoding="utf-8") as f:
            f.write("+999* 100 1\n")
        start_modem(world, "modem1", 20, "--people", world.path("people"), "--receipts",
                    "delivered", "--receipt-ms", 100)
        port = start_provider(world, "--people", world.path("people"), "--receipt-ms", 50)
        world.routes = MODEM % dict(name="modem1", dir=world.dir) + HTTP % dict(
            secret=SECRET, port=port)
        world.listen = 'host = "127.0.0.1"'
        world.write_conf()
        world.start()
        world.load(District(1, 10))
        wait_for("both routes up", world.all_up)
        alert = world.send(key="a", template="warn.rain", policy="call.orange", severity="orange",
                           params={"hours": 3, "mm": 80, "level": "橙色"},
                           audience={"divisions": ["990121001"]})
        wait_for("every village to have answered", lambda: world.alert(alert)["state"] == "satisfied")
        wait_for("receipts", lambda: world.states()["delivered"] > 20)
        assert messages(world, "modem1") and messages(world, "cloud")
        targets = world.api("GET", "/v1/alerts/%d/targets" % alert)[1]["targets"]
        assert len(targets) == 10 and all(t["level"] == 3 and t["by"] for t in targets)
        sources = {r["source"] for r in world.rows("SELECT source FROM answer")}
        assert sources == {0}


def test_a_modem_is_unplugged_and_comes_back():
    import subprocess
    from harness import BUILD
    with World(name="unplug") as world:
        for name in ("modem1", "modem2"):
            start_modem(world, name, 60)
        world.routes = "".join(MODEM % dict(name=n, dir=world.dir) for n in ("modem1", "modem2"))
        world.write_conf()
        world.start()
        world.load(District(1, 8))

        def tell(line):
            subprocess.run([os.path.join(BUILD, "sim/modem"), "--tell", world.path("modem1.ctl"),
                            line], check=True, timeout=10)

        warn(world)
        wait_for("modem1 to work", lambda: messages(world, "modem1"))
        tell("unplug")
        wait_for("the route to be down", lambda: [
            r for r in world.api("GET", "/v1/routes")[1]["routes"]
            if r["name"] == "modem1" and r["state"] != "up"])
        tell("replug")
        wait_for("the route to be up again", lambda: [
            r for r in world.api("GET", "/v1/routes")[1]["routes"]
            if r["name"] == "modem1" and r["state"] == "up"], 20)
        wait_for("everything settled", world.settled, 60)
        books_agree(world, {n: messages(world, n) for n in ("modem1", "modem2")})
        assert set(world.states()) <= {"sent", "delivered"}
