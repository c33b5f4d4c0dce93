"""mail.py -- a gongd whose one route brings the texts that a test writes, for the tests of answers
and of the inbox."""
import contextlib
import json
import os

from district import District
from harness import World, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
ROUTE = '''route "mail" {
 driver = "%s/mail_driver.py"
 channels = {sms}
 option "log" { value = "%s" }
}
'''
CLIENT = '''client "%s" {
	token_file = "%s.token"
	up_to = red
	may = {%s}
	%s
}
'''
# Told at once by SMS; nobody else is called while a test looks on.
ASK = '''policy "ask" {
 title = "ask"
 targets = village
 until = 5
 step "ask" { after = "0s" to = {village_principal} channels = {sms} }
 step "desk" { after = "5h" channels = {console} }
}
'''
RAIN = dict(template="warn.rain", policy="ask", severity="orange",
            params={"hours": 3, "mm": 80})


class MailWorld(World):
    def __init__(self, clients=(), name="mail", district=None):
        super().__init__(name=name, clients="".join(
            CLIENT % (n, n, may, more) for n, may, more in clients))
        self.district = district or District(2, 3)
        self.routes = ROUTE % (HERE, self.path("books"))
        self.site = 'auto_replies_per_hour = 100'
        os.mkdir(self.path("policies"))
        with open(self.path("policies/ask.conf"), "w", encoding="utf-8") as f:
            f.write(ASK)
        self.write_conf()
        for n, _, _ in clients:
            with open(self.path(n + ".token"), "w", encoding="ascii") as f:
                f.write(n * 8)
        with open(self.conf, encoding="utf-8") as f:
            text = f.read()
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text.replace('config/policies"}', 'config/policies", "policies"}'))

    def begin(self):
        self.start()
        wait_for("the route up", self.all_up)
        self.load(self.district)
        return self

    @contextlib.contextmanager
    def begun(self):
        """Runs for the tests of a file; what fails while it begins keeps its folder for a look."""
        try:
            yield self.begin()
        except BaseException:
            self.__exit__(Exception, None, None)
            raise
        self.close()

    def phone(self, ref):
        return next(p["phone"] for p in self.district.posts if p["id"] == ref)

    def write(self, number, text=None):
        """Somebody writes (or rings), and gongd has it."""
        before = len(self.inbox())
        mail = {"from": number, **({} if text is None else {"text": text})}
        with open(self.path("books.in"), "a", encoding="utf-8") as f:
            f.write(json.dumps(mail) + "\n")
        wait_for("the text to come in", lambda: len(self.inbox()) > before)
        return self.inbox()[0]

    def inbox(self, query=""):
        status, answer = self.api("GET", "/v1/inbox" + query)
        assert status == 200, answer
        return answer["inbox"]

    def answers(self, alert):
        status, answer = self.api("GET", "/v1/alerts/%s/answers" % alert)
        assert status == 200, answer
        return answer["answers"]

    def sent(self):
        with open(self.path("books"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def ask(self, key, *divisions, **more):
        alert = self.send(key=key, audience={"divisions": list(divisions)}, **dict(RAIN, **more))
        wait_for("everybody to be told", self.settled)
        return alert

    def as_client(self, name, method, path, body=None, lang="en"):
        return self.tcp(method, path, body, {"Accept-Language": lang}, token=name * 8)
