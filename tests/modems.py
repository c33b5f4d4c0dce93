"""modems.py -- gongd with N gong-modem on N simulated modems, for system tests and the bench."""
import os
import subprocess

from harness import BUILD, World, read_books, wait_for

ROUTE = '''route "%(name)s" {
	driver = "gong-modem"
	channels = {%(channels)s}
	speed = %(speed)s
%(route)s%(options)s}
'''


class Modems:
    """`with Modems(4, air_ms=20) as m:` -- m.world is up, each modem's books are m.books(i).

    `each`: by modem, what only it has: {"options": {}, "sim": [], "route": "line", "channels": ""}."""

    def __init__(self, count, air_ms=0, speed=5, options=None, sim_options=(), prefix="+9992",
                 each=(), divisor=1):
        self.count, self.air_ms, self.sim_options = count, air_ms, sim_options
        self.world, self.prefix = World(name="modems", divisor=divisor), prefix
        self.each = [each[i] if i < len(each) else {} for i in range(count)]
        self.options, self.speed = options or {}, speed
        self.write_routes()

    def write_routes(self):
        self.world.routes = "".join(self.route(i, **own) for i, own in enumerate(self.each))
        self.world.write_conf()

    def route(self, i, options=None, route="", channels="sms", sim=()):
        options = {"device": self.path(i, "tty")} | self.options | (options or {})
        return ROUTE % dict(name="m%d" % i, speed=self.speed, channels=channels,
                            route="\t%s\n" % route if route else "",
                            options="".join('\toption "%s" { value = "%s" }\n' % o
                                            for o in options.items()))

    def path(self, i, what):
        return self.world.path("m%d.%s" % (i, what))

    def start(self, up=True):
        for i in range(self.count):
            self.world.start_sim(
                "m%d" % i, "modem", "--link", self.path(i, "tty"), "--log", self.path(i, "books"),
                "--control", self.path(i, "control"), "--air-ms", self.air_ms, "--receipt-ms", 50,
                "--seed", i, "--imei", "9900000000%05d" % i, *self.sim_options,
                *[str(o).replace("{dir}", self.world.dir) for o in self.each[i].get("sim", ())])
        self.world.start()
        if up:
            wait_for("all modems to be up", self.world.all_up, 30)
        return self

    def tell(self, i, *lines):
        subprocess.run([os.path.join(BUILD, "sim/modem"), "--tell", self.path(i, "control"),
                        *lines], check=True, timeout=10, stdout=subprocess.DEVNULL)

    def people(self, count, voice="no"):
        self.world.api("POST", "/v1/import/divisions",
                       "code,name,level,parent\n990121,青石县,county,9901\n"
                       "990121001,甲镇,township,990121\n"
                       "990121001001,甲村,village,990121001\n".encode())
        rows = ["id,name,phone,role,division,role_order,lang,voice,sms,active"]
        rows += ["c%d,户%d,%s%09d,household,990121001001,1,zh,%s,yes,yes" % (i, i, self.prefix, i,
                                                                           voice)
                 for i in range(count)]
        status, answer = self.world.api("POST", "/v1/import/contacts", "\n".join(rows).encode())
        assert status == 200, answer

    def broadcast(self, key, text="库区水位上涨,请注意", severity="yellow"):
        return self.world.send(key=key, template="notice.text", severity=severity,
                               params={"text": text},
                               audience={"divisions": ["990121"], "roles": ["household"]})

    def tell_one(self, key, contact, text="请注意", severity="red"):
        return self.world.send(key=key, template="notice.text", severity=severity,
                               params={"text": text}, audience={"contacts": [contact]})

    def books(self, i, **like):
        return [e for e in read_books(self.path(i, "books"))
                if all(e.get(k) == v for k, v in like.items())]

    def accepted(self):
        return sum(len(self.books(i, ev="submit", state="accepted")) for i in range(self.count))

    def sent_messages(self):
        """route -> what the network got, one entry a whole message, as books_agree wants it."""
        return {"m%d" % i: self.books(i, ev="message") for i in range(self.count)}

    def health(self, i):
        status, answer = self.world.api("GET", "/v1/routes")
        assert status == 200
        return [r for r in answer["routes"] if r["name"] == "m%d" % i][0]

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.world.__exit__(AssertionError, None, None)
            raise

    def __exit__(self, kind, value, trace):
        self.world.__exit__(kind, value, trace)
