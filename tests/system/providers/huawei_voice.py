"""Huawei Cloud VoiceCall, as Huawei."""
import base64
import uuid

from . import signatures
from .base import Push, beijing, utc
from .huawei import Huawei


class HuaweiVoice(Huawei):
    """callnotify v2.0; pushes of status and fee, signed with X-AKSK.
    Facts: playInfoList of at most 5, collectInd, statusUrl and feeUrl in Base64, resultcode 0 and
    sessionId, the events' names and statusInfo, collectInfo with digitInfo, the push's digest
    HMAC-SHA256 over url, nonce and time (with line feeds between since 2026: `lines`).
    Guesses: the request's digest is HMAC-SHA256 over nonce and time (two public clients), X-WSSE
    and SDK-HMAC-SHA256 are taken too, result codes, disconnect's stateCode of busy and no answer,
    no repeats.  There is no query and no machine detection."""
    PATH = "/rest/httpsessions/callnotify/v2.0"

    def __init__(self, *args, lines=True, **more):
        self.between = "\n" if lines else ""
        super().__init__(*args, **more)

    def take(self, request):
        self.seen[request.path] += 1
        assert request.path == self.PATH, request.path
        fault = self.fault(request)
        if fault or self.whole:
            return self.no("1010013" if fault == "clock" else
                           "1010003" if fault else self.whole, 403 if fault else 400)
        said = request.json()
        assert said["displayNbr"].startswith("+") and 1 <= len(said["playInfoList"]) <= 5
        for part in said["playInfoList"]:
            assert part.get("notifyVoice") or part["templateId"], part
            assert 0 <= part.get("collectInd", 0) <= 32
        for name in ("statusUrl", "feeUrl"):
            base64.b64decode(said.get(name, ""), validate=True)
        code = self.refusal(said["calleeNbr"])
        if code:
            return self.no(code, 400)
        session = f"1200_{len(self.got) + 1}_4294967295_20190124030424@callenabler"
        self.accept(said, {said["calleeNbr"]: session})
        return self.answer({"resultcode": "0", "resultdesc": "Success.", "sessionId": session})

    def no(self, code, status):
        return self.answer({"resultcode": code, "resultdesc": "words"}, status)

    def sign(self, url, push):
        nonce, created = uuid.uuid4().hex, utc(self.now() + 8 * 3600)
        digest = signatures.aksk(self.between.join([url, nonce, created]), self.KEY)
        return {"authorization": 'AKSK realm="SDP",profile="UsernameToken",type="Appkey"',
                "x-aksk": f'UsernameToken Username="{self.ID}", PasswordDigest="{digest}", '
                          f'Nonce="{nonce}", Created="{created}"'}

    def to(self, got, name, value):
        url = base64.b64decode(got.get(name, "")).decode() or None
        return Push(value, url=url, sign=self.sign)

    def event(self, got, kind, **more):
        info = {"sessionId": got.id(), "timestamp": beijing(self.now()), **more}
        if got.get("userData"):
            info["userData"] = got["userData"]
        return self.to(got, "statusUrl", {"eventType": kind, "statusInfo": info})

    def parties(self, got):
        return {"caller": got["displayNbr"], "called": got["calleeNbr"]}

    def ringing(self, got):
        return self.event(got, "alerting", **self.parties(got))

    def answered(self, got):
        return self.event(got, "answer", **self.parties(got))

    def key(self, got, digit):
        assert any(p.get("collectInd") for p in got["playInfoList"]), "no collectInd, no keys"
        return self.event(got, "collectInfo", digitInfo=digit)

    def ended(self, got, code=0, words="The user releases the call."):
        return self.event(got, "disconnect", stateCode=code, stateDesc=words, **self.parties(got))

    def busy(self, got):
        return self.ended(got, 7503, "User busy.")

    def no_answer(self, got):
        return self.ended(got, 7504, "No answer.")

    def fee(self, got, reason=0):
        return self.to(got, "feeUrl", {"eventType": "fee", "feeLst": [{
            "sessionId": got.id(), "callerNum": got["displayNbr"], "calleeNum": got["calleeNbr"],
            "ulFailReason": reason, "sipStatusCode": 0, "callOutUnaswRsn": 0,
            "userData": got.get("userData", "")}]})
