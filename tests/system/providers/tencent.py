"""What Tencent Cloud's SMS and voice share: TC3 signatures, the clock, answers."""
import json
import time
import uuid

from . import signatures
from .base import Dialect


class Tencent(Dialect):
    """Facts: TC3-HMAC-SHA256 (published vector), the clock's 5 minutes, `Response.Error` with
    status 200, the answer to callbacks.  Guess: callbacks are repeated three times, a minute
    apart."""
    ID, KEY = "AKIDtest", "tencent-secret"
    SERVICE = VERSION = None
    RETRY_S = (60, 60, 60)
    CLOCK_S = 300

    def take(self, request):
        h = request.headers
        self.seen[h["x-tc-action"]] += 1
        code = self.check(request) or self.whole
        if code:
            return self.no(code)
        do = getattr(self, "do_" + h["x-tc-action"], None)
        return do(request.json()) if do else self.no("InvalidAction")

    def check(self, request):
        h = request.headers
        assert request.method == "POST" and h["x-tc-version"] == self.VERSION
        assert h["content-type"].startswith("application/json") and h["x-tc-region"]
        at = int(h["x-tc-timestamp"])
        scope = f"{time.strftime('%Y-%m-%d', time.gmtime(at))}/{self.SERVICE}/tc3_request"
        scheme, rest = h["authorization"].split(" ", 1)
        said = dict(part.split("=", 1) for part in rest.split(", "))
        names = said["SignedHeaders"].split(";")
        assert scheme == "TC3-HMAC-SHA256" and {"content-type", "host"} <= set(names)
        want = signatures.tc3("POST", request.path, request.query, h, names, request.body, scope,
                              at, self.KEY)
        if said["Credential"] != f"{self.ID}/{scope}":
            return "AuthFailure.SecretIdNotFound"
        if said["Signature"] != want:
            return "AuthFailure.SignatureFailure"
        return "AuthFailure.SignatureExpire" if abs(at - self.now()) > self.CLOCK_S else None

    def ok(self, **more):
        return self.answer({"Response": {**more, "RequestId": str(uuid.uuid4())}})

    def no(self, code):
        return self.ok(Error={"Code": code, "Message": "no"})

    def took(self, said):
        try:
            return said.status == 200 and json.loads(said.body)["result"] == 0
        except (ValueError, KeyError, TypeError):
            return False
