"""Volcengine SMS (火山引擎) 2020-01-01, as their documentation has it."""
import calendar
import json
import re
import time
import uuid

from . import signatures
from .base import Dialect, Push, national


class Volcengine(Dialect):
    """SendSms; pushes of receipts and replies.
    Facts (their documentation): parameters, ResponseMetadata and Result, RE codes, the pushes' fields, a
    reply has the Tag of what it answers, ten repeats for anything but 200, HMAC-SHA256 over content-type,
    host, x-content-sha256 and x-date.  Guesses: refusals have status 400, 15 minutes for X-Date."""
    ID, KEY, ACCOUNT = "AKLTexample", "secret-of-volcengine==", "A123"
    PATH = "/"
    RETRY_S = (5, 10, 30, 120)
    NAMES = ["content-type", "host", "x-content-sha256", "x-date"]

    def take(self, request):
        said, head = request.args(), request.headers
        self.seen[said["Action"]] += 1
        assert request.method == "POST" and request.path == "/"
        assert said == {"Action": "SendSms", "Version": "2020-01-01"}
        scope, proof = signatures.v4("volc", "POST", request.signed_args(), head, self.NAMES, request.body,
                                     head["x-date"], "cn-north-1", "volcSMS", self.KEY)
        given = re.fullmatch(r"HMAC-SHA256 Credential=(.*), SignedHeaders=(.*), Signature=(.*)",
                             head["authorization"])
        assert given and given[2] == ";".join(self.NAMES)
        assert head["x-content-sha256"] == signatures.sha256(request.body)
        if given[1] != f"{self.ID}/{scope}" or given[3] != proof:
            return self.no("SignatureDoesNotMatch")
        at = calendar.timegm(time.strptime(head["x-date"], "%Y%m%dT%H%M%SZ"))
        if abs(at - self.now()) > 900:
            return self.no("InvalidTimestamp")
        if self.whole:
            return self.no(self.whole)
        return self.send(request.json())

    def send(self, said):
        assert set(said) == {"SmsAccount", "Sign", "TemplateID", "TemplateParam", "PhoneNumbers", "Tag"}
        assert isinstance(said["TemplateParam"], str) and "," not in said["PhoneNumbers"]
        if said["SmsAccount"] != self.ACCOUNT:
            return self.no("RE:0003")
        if self.refusal(said["PhoneNumbers"]):
            return self.no(self.refusal(said["PhoneNumbers"]))
        ident = str(uuid.uuid4())
        self.accept({**said, "params": json.loads(said["TemplateParam"])}, {said["PhoneNumbers"]: ident})
        return self.answer({"ResponseMetadata": self.about(), "Result": {"MessageID": [ident]}})

    @staticmethod
    def about(**more):
        return {"RequestId": uuid.uuid4().hex, "Action": "SendSms", "Version": "2020-01-01",
                "Service": "volcSMS", "Region": "cn-north-1", **more}

    def no(self, code):
        status = 500 if code.startswith("Internal") else 400
        return self.answer({"ResponseMetadata": self.about(Error={"Code": code, "Message": f"words of {code}"})},
                           status)

    def line(self, number, **more):
        return {"account": "2000", "sub_account": self.ACCOUNT, "signature": "青石县应急",
                "mobile": national(number), "channel_type": "CN_NTC", "service_id": "10691724452300001",
                "recv_time": int(self.now() * 1000), **more}

    def receipt(self, got, number, ok=True, code=None):
        return Push([self.line(number, ext=got["Tag"], message_id=got.id(), template_id=got["TemplateID"],
                               status_code="0" if ok else code or "NE:0105", msg_count=1,
                               description="DELIVRD" if ok else "空号、关机", send_time=int(got.at * 1000))])

    def reply(self, number, text, tag=""):
        return Push([self.line(number, content=text, ext=tag)])

    def took(self, said):
        return said.status == 200
