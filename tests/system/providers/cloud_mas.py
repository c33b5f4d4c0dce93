"""China Mobile's Cloud MAS, as the carrier's gateway."""
import base64
import json

from . import signatures
from .base import Dialect, Push, beijing, country

FREE = ("ecName", "apId", "secretKey", "mobiles", "content", "sign", "addSerial")
TEMPLATE = ("ecName", "apId", "secretKey", "templateId", "mobiles", "params", "sign", "addSerial")


class CloudMas(Dialect):
    """norsubmit (free text), tmpsubmit (template).
    Facts: Base64 of JSON, the mac and its order for norsubmit, at most 5,000 numbers, msgGroup for
    a whole request, the receipts' fields.  Guesses: tmpsubmit's path and mac, the replies' fields,
    callbacks repeated three times until status 200.  No number is refused by itself: `refuse`
    shows in the receipts.  There is no query."""
    KEY = "mas-secret"
    PATH, TEMPLATE_PATH = "/sms/norsubmit", "/sms/tmpsubmit"
    RETRY_S = (60, 60, 60)

    def take(self, request):
        self.seen[request.path] += 1
        got = json.loads(base64.b64decode(request.body, validate=True))
        parts = TEMPLATE if request.path == self.TEMPLATE_PATH else FREE
        assert request.path in (self.PATH, self.TEMPLATE_PATH), request.path
        assert all(isinstance(got[k], str) for k in parts), got
        numbers = got["mobiles"].split(",")
        code = self.check(got, parts, numbers) or self.whole
        if code:
            return self.answer({"success": False, "rspcod": code, "msgGroup": ""})
        if parts is TEMPLATE:
            assert isinstance(json.loads(got["params"]), list)
        group = f"0{len(self.got) + 1}201200000000"
        self.accept(got, {n: group for n in numbers})
        return self.answer({"success": True, "rspcod": "success", "msgGroup": group})

    def check(self, got, parts, numbers):
        if got["secretKey"] != self.KEY or \
                got["mac"] != signatures.cloud_mas(got[k] for k in parts):
            return "IllegalMac"
        return "TooManyMobiles" if len(numbers) > 5000 else None

    def mobile(self, number):
        """National, or of another country with 00 in front."""
        code, rest = country(number)
        return rest if code == "86" else f"00{code}{rest}"

    def receipt(self, got, number, ok=None, code=None):
        """Without `ok`, as `refuse` says."""
        code = code or self.refusal(number)
        ok = not code if ok is None else ok
        self.settle(got, number, ok)
        return Push({"reportStatus": "CM:0000" if ok else "CN:0001", "mobile": self.mobile(number),
                     "submitDate": beijing(got.at, "%Y%m%d%H%M%S"),
                     "receiveDate": beijing(self.now(), "%Y%m%d%H%M%S"),
                     "errorCode": "DELIVRD" if ok else code or "UNDELIV",
                     "msgGroup": got.id(number)})

    def reply(self, number, text, add_serial=""):
        return Push({"mobile": self.mobile(number), "smsContent": text, "addSerial": add_serial,
                     "sendTime": beijing(self.now())})
