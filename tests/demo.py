#!/usr/bin/python3
"""demo.py -- `make demo`: a short bad night on real parts.

gongd, two modems of the simulator behind gong-modem, a provider behind real libcurl, voice on
gong-sim, and the shipped policies with their times divided by FACTOR.  One line a step, in the reader's
language; on a terminal gongctl's own pictures stand between them.  Ends with the promises it checked;
exit status 0 only if every one held.
"""
import os
import signal
import socket
import subprocess
import sys
import time
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from district import COUNTY, District                                             # noqa: E402
from harness import BUILD, World, books_agree, is_alive, read_books, wait_for     # noqa: E402

FACTOR = 60
AIR_MS = 150
VOICE_LINES = 10
SECRET = "demo-callback-secret-0001"
promises = []


LANG = "zh" if next((os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)),
                    "").startswith("zh") else "en"


def word(en, zh):
    return zh if LANG == "zh" else en


def say(en, zh, *args):
    line = word(en, zh).format(*args)
    print("\n\x1b[1m%s\x1b[0m" % line if sys.stdout.isatty() else line, flush=True)


def picture(text):
    """What gongctl shows: for who watches."""
    if sys.stdout.isatty():
        print(text.strip(), flush=True)


def promise(en, zh, held, figure):
    promises.append((word(en, zh), bool(held), figure))


def padded(text, columns):
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return text + " " * (columns - len(text) - wide)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Night:
    def __init__(self):
        self.district = District(12, 15)
        self.rain = self.district.townships[2]
        self.valley_of = self.district.townships[4]
        self.rain_villages = [v for v in self.district.villages if v.startswith(self.rain)]
        self.valley = [v for v in self.district.villages if v.startswith(self.valley_of)][:5]
        self.silent = {self.rain_villages[6], self.valley[4]}         # nobody there answers
        self.late = {self.rain_villages[2], self.valley[3]}           # only the deputy does
        now = time.time()
        stamp = lambda t: time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(t + 8 * 3600))
        for role, ref in (("duty_officer", "duty_officer-%s-2" % COUNTY),
                          ("duty_deputy", "duty_deputy-%s-1" % COUNTY),
                          ("duty_leader", "duty_leader-%s-1" % COUNTY)):
            self.district.on_duty(role, COUNTY, ref, stamp(now - 7200), stamp(now + 86400))
        for township in self.district.townships:
            self.district.on_duty("township_duty", township, "township_duty-%s-1" % township,
                                  stamp(now - 7200), stamp(now + 86400))
        self.port = free_port()
        self.world = World(name="demo", divisor=FACTOR)
        self.world.listen = "host = \"127.0.0.1\""
        self.sims = {}
        self.out = self.arrived = False

    def number(self, ref):
        return self.district.people[ref][0]

    def of_village(self, village):
        return [p for p in self.district.posts if p["division"] == village]

    def quiet_people(self):
        """Who does not answer: everybody of a silent village; all but the deputy of a late one."""
        for village in sorted(self.silent | self.late):
            for post in self.of_village(village):
                if village in self.silent or post["role"] != "village_deputy":
                    yield post
        yield {"id": "duty_officer-%s-2" % COUNTY}

    def write_people(self):
        """SMS people for modems and provider, voice people for gong-sim."""
        quiet = {n for p in self.quiet_people() for n in self.district.people[p["id"]]}
        duty = self.number("duty_deputy-%s-1" % COUNTY)
        sms = ["%s 100 -" % n for n in sorted(quiet)] + ["%s 100 -" % duty, "+999* 700 1"]
        voice = ["%s voice 400 no_answer" % n for n in sorted(quiet)]
        voice += ["%s voice 300 answer %d 200" % (duty, 2 if self.arrived else 1)]
        chiefs = [self.number("village_chief-%s-1" % v) for v in self.valley[:3]]
        voice += ["%s voice 300 %s" % (n, "answer 3 200" if self.out else "no_answer")
                  for n in chiefs]
        voice += ["+999* voice 300 answer 1 200"]
        for name, lines in (("people.sms", sms), ("people.voice", voice)):
            with open(self.world.path(name + ".new"), "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")
            os.rename(self.world.path(name + ".new"), self.world.path(name))

    def write_settings(self, provider_port):
        w = self.world
        modem = '''route "%(name)s" {
	driver = "gong-modem"
	channels = {sms}
	speed = 5
	option "device" { value = "%(dir)s/%(name)s.tty" }
}
'''
        w.routes = "".join(modem % dict(name=n, dir=w.dir) for n in ("modem1", "modem2")) + '''
route "cloud" {
	driver = "gong-http"
	channels = {sms}
	rate = 5
	callback_secret = "%s"
	config = '{"url":"http://127.0.0.1:%s/send","body_type":"json","body":"{\\\\"to\\\\":\\\\"{{to_plus}}\\\\",\\\\"text\\\\":\\\\"{{text}}\\\\",\\\\"ref\\\\":\\\\"{{id}}\\\\",\\\\"callback\\\\":\\\\"{{callback_url}}\\\\"}","success":{"status":[200],"pointer":"/code","equals":0},"id_pointer":"/id","receipts":true,"callback":{"receipt":{"id":"/ref","provider_id":"/msgid","to":"/to","state":"/state","delivered":["DELIVRD"],"failed":["UNDELIV"]},"reply":{"id":"/id","from":"/from","text":"/text"}}}'
}
route "trunk" {
	driver = "gong-sim"
	channels = {voice}
	option "simulation" { value = "true" }
	option "channels" { value = "voice" }
	option "lines" { value = "%d" }
	option "talk_ms" { value = "500" }
	option "people" { value = "%s" }
	option "log" { value = "%s" }
}
''' % (SECRET, provider_port, VOICE_LINES, w.path("people.voice"), w.path("trunk.books"))
        w.site = ""
        w.write_conf()
        with open(w.conf, encoding="utf-8") as f:
            text = f.read().replace("port = 0", "port = %d" % self.port)
        with open(w.conf, "w", encoding="utf-8") as f:
            f.write(text)

    def start(self):
        w = self.world
        self.write_people()
        for i in (1, 2):
            name = "modem%d" % i
            self.sims[name] = w.start_sim(
                name, "modem", "--link", w.path(name + ".tty"), "--log", w.path(name + ".books"),
                "--people", w.path("people.sms"), "--control", w.path(name + ".control"),
                "--air-ms", AIR_MS, "--receipts", "delivered", "--receipt-ms", 300, "--seed", i,
                "--imei", "99000000000000%d" % i, "--number", "+99988800000%d" % i)
        reply = "http://127.0.0.1:%d/v1/callback/cloud/%s" % (self.port, SECRET)
        self.sims["cloud"] = w.start_sim(
            "provider", "provider", "--port", 0, "--log", w.path("cloud.books"), "--latency-ms", 50,
            "--receipts", reply, "--receipt-ms", 300, "--people", w.path("people.sms"),
            "--reply-url", reply)
        self.write_settings(self.sims["cloud"].words[1])
        w.start()
        for kind in ("divisions", "contacts", "roster"):
            if kind == "divisions":
                self.district.write(w.path("lists"))
            picture(self.ctl("import", kind, w.path("lists/%s.csv" % kind)))
        wait_for("all four routes up", self.world.all_up, 15)
        say("02:08  12 townships, 180 villages, 1744 people and a roster are in; four routes are up",
            "02:08  导入 12 个乡镇、180 个村、1744 行联系人和值班表;四个通道均正常")
        picture(self.ctl("route", "list"))

    def ctl(self, *argv):
        return self.world.ctl(*argv, lang=LANG)

    def tell_modem(self, name, line):
        subprocess.run([os.path.join(BUILD, "sim/modem"), "--tell", self.world.path(name + ".control"),
                        line], check=True, timeout=10)

    # -- the night --

    def send(self, *argv):
        picture(self.ctl("send", *argv, "--key", "demo-%s" % argv[0]))
        return self.world.rows("SELECT max(id) AS id FROM alert")[0]["id"]

    def rain_warning(self):
        say("02:09  orange rain warning for township {}, 15 villages",
            "02:09  暴雨橙色预警,发往乡镇 {} 的 15 个村", self.rain)
        return self.send("warn.rain", "--division", self.rain, "--policy", "call.orange", "--severity",
                         "orange", "--param", "hours=3", "--param", "mm=80")

    def move_now(self):
        say("02:10  flash flood: move now, the valley of {}, 5 villages",
            "02:10  山洪,立即转移:乡镇 {} 河谷的 5 个村", self.valley_of)
        divisions = [a for v in self.valley for a in ("--division", v)]
        return self.send("flood.move", *divisions, "--policy", "move.now", "--severity", "red")

    def watch(self, alert, seconds):
        """The live view, as the duty officer has it on the wall."""
        if not sys.stdout.isatty():
            time.sleep(seconds)
            return
        p = subprocess.Popen([os.path.join(BUILD, "gongctl"), "--socket", self.world.socket, "--lang",
                              LANG, "alert", "watch", str(alert)])
        time.sleep(seconds)
        p.send_signal(signal.SIGINT)
        try:
            p.wait(5)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()

    def kill_a_driver(self):
        wait_for("modem1 to be at work", lambda: read_books(self.world.path("modem1.books")), 10)
        pid = self.world.drivers()["gong-modem"]
        os.kill(pid, signal.SIGKILL)
        say("02:09  kill -9 of a modem driver (pid {}) with a message in the air",
            "02:09  强行结束一个调制解调器的驱动(进程 {}),其时有消息在途", pid)
        wait_for("a new driver in its place", lambda: len(
            [n for n in self.world.drivers() if n.startswith("gong-modem")]) == 2
            and pid not in self.world.drivers().values(), 10)

    def kill_gongd(self, alert):
        wait_for("the first of the red messages to be with the routes", lambda: self.world.rows(
            "SELECT 1 FROM message m JOIN wave w ON w.id = m.wave WHERE w.alert = ? AND m.state > 0",
            alert), 10)
        self.before = len(self.accepted())
        self.world.kill()
        begin = time.monotonic()
        self.world.start()
        self.restart_s = time.monotonic() - begin
        say("02:10  kill -9 of gongd in the middle of it: ready again after {:.2f} s",
            "02:10  正在发送时强行结束 gongd:{:.2f} 秒后重新就绪", self.restart_s)

    def callout(self):
        say("02:12  duty callout: the officer on duty does not pick up, the deputy does",
            "02:12  召集值班人员:值班员没有接,值班副职接了")
        picture(self.ctl("callout", "--role", "duty_officer", "--division", COUNTY, "--param",
                             "event=山洪", "--param", "place=青石河谷", "--param", "min=15", "--key",
                             "demo-callout"))
        return self.world.rows("SELECT max(id) AS id FROM alert")[0]["id"]

    def state(self, alert):
        return self.world.rows("SELECT state FROM alert WHERE id = ?", alert)[0]["state"]

    def levels(self, alert):
        return {str(r["division"]): r["level"] for r in self.world.rows(
            "SELECT division, level FROM target WHERE alert = ?", alert)}

    def visit_by_hand(self, alert):
        village = self.valley[4]
        tasks = wait_for("a task at the desk", lambda: self.world.rows(
            "SELECT * FROM task WHERE alert = ? AND kind = 'unanswered'", alert), 30)
        say("02:13  a village is silent, the desk has a task: somebody goes there, and it is entered",
            "02:13  一个村未应答,值班台得到任务:派人上门,登记结果")
        picture(self.ctl("task", "list"))
        picture(self.ctl("task", "take", str(tasks[0]["id"]), "--name", "值班员沈安", "--note", "派人上门"))
        self.level_before_visit = self.levels(alert)[village]
        picture(self.ctl("ack", str(alert), "--division", village, "--level", "5", "--name", "值班员沈安",
                         "--note", "派人上门,全村已撤出"))
        self.task = tasks[0]

    def everybody_out(self, alert):
        """By now the chiefs press 3, and the deputy of the late village writes it."""
        self.out = True
        self.write_people()
        self.tell_modem("modem2", "deliver %s 3" % self.number(
            "village_deputy-%s-1" % self.valley[3]))

    def play(self):
        self.start()
        rain = self.rain_warning()
        self.kill_a_driver()
        time.sleep(0.5)
        move = self.move_now()
        self.kill_gongd(move)
        self.watch(move, 8)
        callout = self.callout()
        self.visit_by_hand(move)
        self.watch(move, 8)
        self.everybody_out(move)
        wait_for("the duty deputy to confirm", lambda: list(self.levels(callout).values()) == [3], 30)
        self.arrived = True
        self.write_people()
        wait_for("the duty deputy in post", lambda: self.state(callout) == 2, 30)
        wait_for("the valley to be out", lambda: self.state(move) == 2, 40)
        say("02:40  the ladder asks again: the chiefs press 3, one deputy writes it, everybody is out",
            "02:40  叫应规则再次询问:村主要负责人按 3,一名副职回短信 3,人员全部撤出")
        wait_for("the rain ladder's end", lambda: self.state(rain) in (2, 3), 40)
        wait_for("everything settled", self.is_quiet, 60)
        say("03:00  every ladder is at its end, and nothing is under way any more",
            "03:00  各叫应规则都已到头,没有任何消息在途")
        picture(self.ctl("alert", "list"))
        picture(self.ctl("alert", "show", str(move)))
        self.check(rain, move, callout)

    # -- what was promised --

    def books(self):
        books = {n: [e for e in read_books(self.world.path(n + ".books")) if e["ev"] == "message"]
                 for n in ("modem1", "modem2", "cloud")}
        for e in books["cloud"]:
            e["id"] = e["ref"]          # the provider's own id is of no use to us
        books["trunk"] = [e for e in read_books(self.world.path("trunk.books"))
                          if e["ev"] == "call"]
        return books

    def is_quiet(self):
        """Nothing on its way, and nothing more came for a while: an answer is thanked for."""
        before = len(self.world.messages())
        for _ in range(4):
            if not self.world.settled():
                return False
            time.sleep(0.5)
        return self.world.settled() and len(self.world.messages()) == before

    def accepted(self):
        """Without gong's own: on a slow machine a modem's memory fills up while its driver is dead,
        and the duty officer is told of it."""
        return [r["id"] for r in self.world.rows("SELECT id FROM alert WHERE client != 'gong'")]

    def check(self, rain, move, callout):
        w, rows = self.world, self.world.rows
        alerts = len(self.accepted())
        promise("every accepted alert survived kill -9", "强行结束后,受理的告警一条不少", alerts == 3 and self.before == 2,
                word("%d of 3 alerts", "3 条告警中 %d 条") % alerts)
        promise("gongd was ready again within 2 s", "gongd 在 2 秒内重新就绪", self.restart_s < 2,
                word("%.2f s", "%.2f 秒") % self.restart_s)
        agree = "gongd's books and the networks' agree line by line", "gongd 与各网络的记录逐条相符"
        try:
            f = books_agree(w, self.books())
            promise(*agree, True, word("%(messages)d messages, %(network)d on the networks",
                                       "%(messages)d 条消息,网络上 %(network)d 条") % f)
            window = 2 * 2 + 256 + VOICE_LINES
            promise("in doubt at most the windows at the two kills", "不明的不超过两次强行结束时在途的",
                    f["unknown"] <= 2 * window, word("%(unknown)d in doubt, %(duplicates)d sent again",
                                                     "不明 %(unknown)d 条,重发 %(duplicates)d 条") % f)
        except AssertionError as e:
            promise(*agree, False, str(e))
        lost = [m for m in w.messages() if m["state"] in ("queued", "sending")
                and (not m["alert"] or m["alert"] in self.accepted())]
        promise("nothing is half-done", "没有办了一半的消息", not lost,
                word("%d left over", "剩下 %d 条") % len(lost))
        used = {n: len(b) for n, b in self.books().items()}
        promise("all four ways out were used", "四个通道都用上了", all(used.values()),
                ", ".join("%s %d" % u for u in used.items()))
        red = rows("""SELECT al.released_at AS released, max(a.sent_at) AS last FROM attempt a JOIN wave w
            ON w.id = a.wave JOIN alert al ON al.id = w.alert WHERE w.alert = ? AND w.step = 0
            AND w.channel = 0 AND a.n = 1""", move)[0]
        between = rows("""SELECT count(*) AS n FROM attempt a JOIN wave w ON w.id = a.wave
            WHERE w.alert = ? AND w.channel = 0 AND w.kind = 0 AND a.sent_at > ? AND a.sent_at < ?""", rain,
                       red["released"], red["last"])[0]["n"]
        waited = rows("""SELECT count(*) AS n FROM attempt a JOIN wave w ON w.id = a.wave
            WHERE w.alert = ? AND w.channel = 0 AND w.kind = 0 AND a.sent_at > ?""", rain,
                      red["last"])[0]["n"]
        promise("the red alert overtook the orange one", "红色告警先于橙色告警发出", between <= 4,
                word("%d orange SMS went while red ones waited, %d after them",
                     "红色等待时发出橙色短信 %d 条,其后 %d 条") % (between, waited))
        self.check_people(rain, move, callout)

    def check_people(self, rain, move, callout):
        rows = self.world.rows
        levels = self.levels(move)
        out = sum(level == 5 for level in levels.values())
        promise("everybody in the valley is out", "河谷里的人全部撤出", out == len(levels),
                word("%d of %d villages at level 5", "已完成 %d/%d 个村") % (out, len(levels)))
        told = rows("""SELECT v.body FROM variant v JOIN message m ON m.variant = v.id JOIN wave w
            ON w.id = m.wave WHERE w.alert = ? AND w.kind = 2 AND w.step > 0 AND m.state IN (2, 3, 7)""", move)
        name = rows("SELECT name FROM division WHERE code = ?", int(self.valley[4]))[0]["name"]
        promise("the township was told which village is silent", "乡镇得知是哪个村未应答",
                any(name in t["body"] for t in told),
                word("%s named to %d helpers", "%s,告知 %d 名协助人员") % (name, len(told)))
        promise("no helper's answer raised a village", "协助人员的应答没有改变村的等级",
                self.level_before_visit == 0,
                word("%s stood at %d before the visit", "上门前%s为 %d 级") % (name, self.level_before_visit))
        promise("a task reached the desk, somebody took it, and it ended", "任务到了值班台,有人领办并办结", rows(
            "SELECT 1 FROM task WHERE id = ? AND taken_by IS NOT NULL AND closed_at IS NOT NULL",
            self.task["id"]), word("task %d", "任务 %d") % self.task["id"])
        levels = self.levels(rain)
        promise("the rain warning has every village but the silent one", "暴雨预警除未应答的村外都有应答", [
            v for v, level in levels.items() if level < 3] == [self.rain_villages[6]],
                word("%d of %d answered", "应答 %d/%d") % (sum(level >= 3 for level in levels.values()), len(levels)))
        who = rows("""SELECT c.ref, a.level FROM answer a JOIN contact c ON c.id = a.contact
            WHERE a.alert = ? ORDER BY a.id""", callout)
        promise("the callout climbed from the officer to the deputy, who is in post",
                "召集从值班员叫到值班副职,副职已到岗", who and all(
                    r["ref"].startswith("duty_deputy") for r in who) and {3, 4} <= {r["level"] for r in who},
                " ".join("%s:%d" % (r["ref"].split("-")[0], r["level"]) for r in who))

    def end(self):
        pids = [p.pid for p in self.world.processes] + list(self.world.drivers().values())
        pids.append(self.world.gongd.pid)
        self.world.close(keep=True)
        left = [p for p in pids if is_alive(p)]
        promise("nothing is left running", "没有留下任何进程", not left,
                word("%d processes ended", "%d 个进程都已结束") % len(pids))


def main():
    begin = time.monotonic()
    say("a short night: the shipped policies, their times divided by {} (a minute is a second)",
        "一个短短的值班夜:所提供的叫应规则,时间都除以 {}(一分钟变一秒)", FACTOR)
    night = Night()
    try:
        night.play()
        night.end()
    except BaseException as e:
        night.world.__exit__(type(e), e, None)
        raise
    say("what was promised:", "承诺的都做到了吗:")
    for text, held, figure in promises:
        print("  %s %s %s" % (padded(word("held", "做到") if held else word("BROKEN", "没做到"), 7),
                              padded(text, 72), figure))
    broken = sum(not held for _, held, _ in promises)
    print(word("%d promises held, %d broken, in %.0f s", "做到 %d 项,没做到 %d 项,用时 %.0f 秒")
          % (len(promises) - broken, broken, time.monotonic() - begin))
    if broken:
        print(word("its files: %s", "文件留在 %s") % night.world.dir)
    if not broken:
        import shutil
        shutil.rmtree(night.world.dir, ignore_errors=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
