"""Plivo's messages and calls, as Plivo."""
import uuid
import xml.etree.ElementTree as ET

from . import signatures
from .base import Dialect, Push, national, utc


class Plivo(Dialect):
    """POST Message/ and Call/ (JSON), DELETE Call/ID/, GET Message/ID/, Message/?to_number=, and
    the account for its cash_credits; callbacks carry both the V2 and the V3 signature (messages are documented to have V2 alone).
    Facts: Basic, dst joined by <, states, V2 (published vector) and V3 (their library), answer_url,
    ring_timeout, machine_detection.  Guesses: 202/201 and 400 with `error`, one bad number refuses
    the whole request, callbacks' fields, repeats at 60 and 120 s."""
    ID, KEY = "MAPLIVOTEST", "plivo-token"
    ACCOUNT = f"/v1/Account/{ID}/"
    PATH, CALL_PATH = ACCOUNT + "Message/", ACCOUNT + "Call/"
    RETRY_S = (60, 120)

    def __init__(self, *args, **more):
        self.states = {}
        super().__init__(*args, **more)
        self.call_url = self.base + self.CALL_PATH

    def take(self, request):
        path = request.path.removeprefix(self.ACCOUNT)
        self.seen[f"{request.method} {path}"] += 1
        if request.basic() != (self.ID, self.KEY):
            return self.answer("Could not verify your access level", 401, "text/html")
        if request.method == "POST":
            said = request.json()
            return self.no(self.whole) if self.whole else \
                self.call(said) if path == "Call/" else self.message(said)
        if request.method == "DELETE":
            self.states[path.split("/")[1]] = "canceled"
            return self.answer("", 204)
        if path == "":
            return self.answer({"auth_id": self.ID, "cash_credits": "12.34000"})
        rows = [self.row(g, n) for g, n in self.booked() if "text" in g]
        if path == "Message/":
            to = request.args().get("to_number")
            return self.answer({"objects": [r for r in rows if to in (None, r["to_number"])]})
        found = [r for r in rows if path == f"Message/{r['message_uuid']}/"]
        return self.answer(found[0]) if found else self.answer({"error": "not found"}, 404)

    def no(self, code):
        return self.answer({"api_id": str(uuid.uuid4()), "error": code}, 400)

    def message(self, said):
        numbers = said["dst"].split("<")
        assert said["src"] and said["text"] and all(n.lstrip("+").isdigit() for n in numbers)
        code = next(filter(None, map(self.refusal, numbers)), None)
        if code:
            return self.no(code)
        ids = {n: str(uuid.uuid4()) for n in numbers}
        self.accept(said, ids)
        self.states.update({one: "queued" for one in ids.values()})
        return self.answer({"api_id": str(uuid.uuid4()), "message": "message(s) queued",
                            "message_uuid": list(ids.values())}, 202)

    def call(self, said):
        assert said["from"] and said["answer_url"] and said["to"].lstrip("+").isdigit()
        code = self.refusal(said["to"])
        if code:
            return self.no(code)
        ident = str(uuid.uuid4())
        self.accept(said, {said["to"]: ident})
        return self.answer({"api_id": str(uuid.uuid4()), "message": "call fired",
                            "request_uuid": ident}, 201)

    def row(self, got, number):
        ident = got.id(number)
        return {"message_uuid": ident, "message_state": self.states[ident], "units": 1,
                "to_number": next(n for n in got["dst"].split("<")
                                  if national(n) == number).lstrip("+"),
                "from_number": got["src"], "message_time": utc(got.at, "%Y-%m-%d %H:%M:%S+00:00"),
                "error_code": "000" if self.states[ident] == "delivered" else None}

    def sign(self, url, push):
        nonce = str(uuid.uuid4().int)[:20]
        return {"x-plivo-signature-v2": signatures.plivo_v2(url, nonce, self.KEY),
                "x-plivo-signature-v2-nonce": nonce,
                "x-plivo-signature-v3": signatures.plivo_v3("POST", url, push.value, nonce,
                                                            self.KEY),
                "x-plivo-signature-v3-nonce": nonce}

    def form(self, said, url=None):
        return Push(said, form=True, url=url, sign=self.sign)

    def receipt(self, got, number, ok=True, state=None):
        state = state or ("delivered" if ok else "undelivered")
        self.states[got.id(number)] = state
        return self.form({"From": got["src"], "To": number.lstrip("+"), "Status": state,
                          "MessageUUID": got.id(number), "ParentMessageUUID": got.id(number),
                          "PartInfo": "1 of 1", "ErrorCode": "000" if ok else "300",
                          "Units": "1", "TotalRate": "0.0065"}, got.get("url"))

    def reply(self, number, text, to="15550000001"):
        return self.form({"From": number.lstrip("+"), "To": to, "Text": text, "Type": "sms",
                          "MessageUUID": str(uuid.uuid4())})

    def call_said(self, got, state, **more):
        return {"CallUUID": got.id(), "RequestUUID": got.id(), "From": got["from"],
                "To": got["to"].lstrip("+"), "Direction": "outbound", "CallStatus": state, **more}

    def answered(self, got, **more):
        """Asks the answer_url what to say; give the answer to `hears`."""
        return self.form(self.call_said(got, "in-progress", Event="StartApp", **more),
                         got["answer_url"])

    def machine(self, got):
        assert got.get("machine_detection"), "nobody asked for machine detection"
        return self.answered(got, Machine="true")

    def hears(self, got, said):
        """What the callee hears: `.says`, and the attributes of each GetInput or GetDigits."""
        got.root = ET.fromstring(said.body)
        assert got.root.tag == "Response", got.root.tag
        got.says = ["".join(e.itertext()).strip() for e in got.root.iter("Speak")]
        got.gathers = [dict(e.attrib) for e in got.root.iter()
                       if e.tag in ("GetInput", "GetDigits")]
        return got.says

    def key(self, got, digit):
        return self.form(self.call_said(got, "in-progress", Digits=digit, InputType="dtmf"),
                         got.gathers[0]["action"])

    def ended(self, got, state="completed", seconds=20, cause="NORMAL_CLEARING"):
        return self.form(self.call_said(got, state, Event="Hangup", Duration=str(seconds),
                                        HangupCause=cause), got.get("hangup_url"))

    def busy(self, got):
        return self.ended(got, "busy", 0, "USER_BUSY")

    def no_answer(self, got):
        return self.ended(got, "no-answer", 0, "NO_ANSWER")
