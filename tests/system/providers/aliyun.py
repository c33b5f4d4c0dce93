"""What Aliyun's SMS and voice share: RPC and ACS3 signatures, nonces, the clock, codes."""
import calendar
import json
import time
import uuid

from . import signatures
from .base import Dialect

SIGNED = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce",
          "x-acs-version"}


class Aliyun(Dialect):
    """Facts: both signatures (published vectors), the codes' names, the answer to callbacks, their
    repeats after 1, 5 and 10 minutes.  Guesses: statuses of refusals (200 for isv/isp, 400 for
    gateway codes), 15 minutes for the clock, MissingParameter and InvalidAction."""
    ID, KEY, VERSION = "LTAItest", "aliyun-secret", "2017-05-25"
    RETRY_S = (60, 300, 600)
    CLOCK_S = 900

    def __init__(self, *args, **more):
        self.nonces = set()
        super().__init__(*args, **more)

    def take(self, request):
        acs3 = request.headers.get("authorization", "").startswith("ACS3-HMAC-SHA256 ")
        fields = {**request.args(), **request.form()}
        code = self.check_acs3(request, fields) if acs3 else self.check_rpc(request, fields)
        action = request.headers["x-acs-action"] if acs3 else fields["Action"]
        self.seen[action] += 1
        if code or self.whole:
            return self.no(code or self.whole)
        return getattr(self, "do_" + action, lambda f: self.no("InvalidAction.NotFound"))(fields)

    def check_rpc(self, request, fields):
        signature = fields.pop("Signature", "")
        assert fields["SignatureMethod"] == "HMAC-SHA1" and fields["SignatureVersion"] == "1.0"
        if fields["AccessKeyId"] != self.ID:
            return "InvalidAccessKeyId.NotFound"
        if signature != signatures.aliyun_rpc(request.method, fields, self.KEY):
            return "SignatureDoesNotMatch"
        return self.check_once(fields["Version"], fields["Timestamp"], fields["SignatureNonce"])

    def check_acs3(self, request, fields):
        h = request.headers
        said = dict(part.split("=", 1) for part in
                    h["authorization"].removeprefix("ACS3-HMAC-SHA256 ").split(","))
        names = said["SignedHeaders"].split(";")
        assert names == sorted(names) and SIGNED <= set(names), names
        assert h["x-acs-content-sha256"] == signatures.sha256(request.body)
        if said["Credential"] != self.ID:
            return "InvalidAccessKeyId.NotFound"
        want = signatures.acs3(request.method, request.path, request.signed_args(), h, names,
                               request.body, self.KEY)
        if said["Signature"] != want:
            return "SignatureDoesNotMatch"
        return self.check_once(h["x-acs-version"], h["x-acs-date"], h["x-acs-signature-nonce"])

    def check_once(self, version, stamp, nonce):
        at = calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))
        if version != self.VERSION:
            return "InvalidVersion"
        if abs(at - self.now()) > self.CLOCK_S:
            return "InvalidTimeStamp.Expired"
        if nonce in self.nonces:
            return "SignatureNonceUsed"
        self.nonces.add(nonce)
        return None

    def ok(self, **more):
        return self.answer({"Code": "OK", "Message": "OK", "RequestId": str(uuid.uuid4()), **more})

    def no(self, code):
        return self.answer({"Code": code, "Message": "words", "RequestId": str(uuid.uuid4())},
                           200 if code.startswith(("isv.", "isp.")) else 400)

    def took(self, said):
        try:
            return said.status == 200 and json.loads(said.body)["code"] == 0
        except (ValueError, KeyError, TypeError):
            return False
