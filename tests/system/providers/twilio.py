"""Twilio's Messages and Calls (2010-04-01), as Twilio."""
import re
import urllib.parse
import xml.etree.ElementTree as ET

from . import signatures
from .base import Dialect, Push, utc

RFC2822 = "%a, %d %b %Y %H:%M:%S +0000"


class Twiml:
    """What TwiML does: `.says` (texts in order), `.langs`, `.plays`, `.gathers` (attributes of
    each), `.redirects`, `.hangs_up`, `.verbs` in order."""

    def __init__(self, text):
        root = ET.fromstring(text)
        assert root.tag == "Response", root.tag
        self.verbs = [e.tag for e in root.iter() if e is not root]
        assert not set(self.verbs) - {"Say", "Play", "Gather", "Pause", "Hangup", "Redirect"}
        self.says = ["".join(e.itertext()).strip() for e in root.iter("Say")]
        self.langs = [e.get("language") for e in root.iter("Say")]
        self.plays = [e.text for e in root.iter("Play")]
        self.gathers = [dict(e.attrib) for e in root.iter("Gather")]
        self.redirects = [e.text for e in root.iter("Redirect")]
        self.hangs_up = "Hangup" in self.verbs


class Twilio(Dialect):
    """POST Messages.json and Calls.json, POST Calls/SID.json (Status=completed cancels), GET of one
    and of lists by To, DateSent and StartTime (days), Balance.json.
    Facts: Basic, form parameters, 201 and sid, statuses, {code,message,status}, Body of 1,600,
    X-Twilio-Signature (published vectors), inline TwiML with Gather, MachineDetection, Digits.
    Guesses: error codes' statuses, a list's page of 50 without further pages, status callbacks
    are not repeated, AnsweredBy comes with every status once known.
    A list finds what was accepted when its answer was lost."""
    ID, KEY = "AC" + "1" * 32, "twilio-token"
    ACCOUNT = "/2010-04-01/Accounts/" + ID
    PATH, CALL_PATH = ACCOUNT + "/Messages.json", ACCOUNT + "/Calls.json"
    PATIENCE_S = 15
    STATUSES = {"20003": 401, "20429": 429, "20404": 404}

    def __init__(self, *args, **more):
        self.states = {}
        super().__init__(*args, **more)
        self.call_url = self.base + self.CALL_PATH

    def take(self, request):
        path = request.path.removeprefix(self.ACCOUNT)
        self.seen[f"{request.method} {path}"] += 1
        if request.basic() != (self.ID, self.KEY):
            return self.no("20003")
        if request.method == "POST":
            return self.post(path, request.form())
        if path == "/Balance.json":
            return self.answer({"account_sid": self.ID, "balance": "12.34", "currency": "USD"})
        if path in ("/Messages.json", "/Calls.json"):
            return self.list(path[1:-5], request.args())
        return self.show(path)

    def post(self, path, said):
        if self.whole:
            return self.no(self.whole)
        if path not in ("/Messages.json", "/Calls.json"):
            return self.change(path, said)
        call = path == "/Calls.json"
        assert re.fullmatch(r"\+\d{5,15}", said["To"]), said
        if not said.get("From") and (call or not said.get("MessagingServiceSid")):
            return self.no("21603" if not call else "21213")
        code = self.refusal(said["To"])
        if code:
            return self.no(code)
        got = self.call(said) if call else self.message(said)
        return self.answer(self.row(got), 201)

    def message(self, said):
        assert 1 <= len(said["Body"]) <= 1600
        assert 1 <= int(said.get("ValidityPeriod", "14400")) <= 36000
        return self.book(said, "SM")

    def call(self, said):
        assert ("Twiml" in said) != ("Url" in said), "either Twiml or Url"
        assert len(said.get("Twiml", "")) <= 4000
        assert int(said.get("Timeout", "60")) <= 600
        got = self.book(said, "CA")
        got.twiml = Twiml(said["Twiml"]) if "Twiml" in said else None
        return got

    def book(self, said, kind):
        sid = f"{kind}{len(self.got) + 1:032x}"
        self.states[sid] = "queued"
        return self.accept(said, {said["To"]: sid})

    def of(self, sid):
        return next((g for g in self.got if g.id() == sid), None)

    def change(self, path, said):
        got = self.of(path.rpartition("/")[2].removesuffix(".json"))
        if not got:
            return self.no("20404")
        assert said["Status"] in ("completed", "canceled"), said
        self.states[got.id()] = said["Status"]
        return self.answer(self.row(got))

    def show(self, path):
        got = self.of(path.rpartition("/")[2].removesuffix(".json"))
        return self.answer(self.row(got)) if got else self.no("20404")

    def list(self, kind, args):
        day = "DateSent" if kind == "Messages" else "StartTime"
        rows = [self.row(got) for got in reversed(self.got)
                if got.id().startswith("SM" if kind == "Messages" else "CA")
                and args.get("To", got["To"]) == got["To"]
                and args.get(day, utc(got.at, "%Y-%m-%d"))[:10] == utc(got.at, "%Y-%m-%d")
                and args.get(day + ">", "0")[:10] <= utc(got.at, "%Y-%m-%d")
                and utc(got.at, "%Y-%m-%d") <= args.get(day + "<", "9")[:10]]
        size = int(args.get("PageSize", 50))
        return self.answer({kind.lower(): rows[:size], "page": 0, "page_size": size,
                            "next_page_uri": None, "uri": "/"})

    def row(self, got):
        sid, status, date = got.id(), self.states[got.id()], utc(got.at, RFC2822)
        row = {"sid": sid, "account_sid": self.ID, "to": got["To"], "from": got.get("From"),
               "status": status, "date_created": date, "direction": "outbound-api", "uri": "/"}
        if sid.startswith("CA"):
            return {**row, "start_time": date, "end_time": None, "duration": None,
                    "answered_by": None}
        bad = status in ("failed", "undelivered")
        return {**row, "body": got["Body"], "date_sent": date, "num_segments": "1",
                "error_code": 30003 if bad else None, "error_message": "words" if bad else None}

    def no(self, code):
        status = self.STATUSES.get(code, 400)
        return self.answer({"code": int(code), "message": "words", "status": status,
                            "more_info": f"https://www.twilio.com/docs/errors/{code}"}, status)

    def sign(self, url, push):
        form = push.value or {}
        return {"x-twilio-signature": signatures.twilio(url, form, self.KEY)}

    def form(self, said, url=None):
        return Push({"AccountSid": self.ID, "ApiVersion": "2010-04-01", **said}, form=True,
                    url=url, sign=self.sign)

    def status(self, got, state, **more):
        """A message's status callback."""
        self.states[got.id()] = state
        said = {"MessageSid": got.id(), "SmsSid": got.id(), "MessageStatus": state,
                "SmsStatus": state, "To": got["To"], "From": got.get("From", "+15550000001")}
        return self.form({**said, **more}, got.get("StatusCallback"))

    def receipt(self, got, number, ok=True, code="30003"):
        assert number == got["To"]
        return self.status(got, "delivered") if ok else \
            self.status(got, "undelivered", ErrorCode=code)

    def reply(self, number, text, to="+15550000001"):
        sid = f"SM{int(self.now() * 1000):032x}"
        return self.form({"MessageSid": sid, "SmsSid": sid, "From": number, "To": to,
                          "Body": text, "NumMedia": "0", "NumSegments": "1"})

    def call_said(self, got, state, more):
        self.states[got.id()] = state
        return {"CallSid": got.id(), "From": got["From"], "To": got["To"], "CallStatus": state,
                "Direction": "outbound-api", **more}

    def call_status(self, got, state, **more):
        """A call's status callback; only what StatusCallbackEvent asks for comes."""
        return self.form({**self.call_said(got, state, more), "CallbackSource":
                          "call-progress-events", "Timestamp": utc(self.now(), RFC2822)},
                         got.get("StatusCallback"))

    def wants(self, got, event):
        """Whether a status callback of this event would come: initiated, ringing, answered …"""
        return event in got.get("StatusCallbackEvent", "completed").split()

    def ringing(self, got):
        return self.call_status(got, "ringing")

    def answered(self, got, by=None):
        assert by is None or got.get("MachineDetection"), "nobody asked for machine detection"
        return self.call_status(got, "in-progress", **({"AnsweredBy": by} if by else {}))

    def machine(self, got):
        return self.answered(got, "machine_start")

    def human(self, got):
        return self.answered(got, "human")

    def ended(self, got, state="completed", seconds=20):
        return self.call_status(got, state, CallDuration=str(seconds))

    def busy(self, got):
        return self.ended(got, "busy", 0)

    def no_answer(self, got):
        return self.ended(got, "no-answer", 0)

    def failed(self, got):
        return self.ended(got, "failed", 0)

    def fetch(self, got):
        """The request for TwiML of a call with Url; read the answer with `hears`."""
        return self.form(self.call_said(got, "in-progress", {}), got["Url"])

    def hears(self, got, said):
        """What the callee hears next: the TwiML answered to `fetch` or `key`."""
        got.twiml = Twiml(said.body)
        return got.twiml

    def key(self, got, digit, last_url=None):
        """The key goes to the Gather's action, relative to `last_url`."""
        gather = got.twiml.gathers[0]
        assert len(digit) <= int(gather.get("numDigits", "99"))
        url = urllib.parse.urljoin(last_url or got.get("Url") or "", gather["action"])
        return self.form(self.call_said(got, "in-progress", {"Digits": digit}), url)
