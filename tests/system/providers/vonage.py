"""Vonage (Nexmo) SMS, as Vonage."""
import uuid

from . import signatures
from .base import Dialect, Push, beijing, utc


class Vonage(Dialect):
    """POST sms/json, GET account/get-balance; callbacks signed where `signed` says the method (md5,
    sha1, sha256, sha512, or "md5hash"), and sent as `hooks` says: POST, JSON or GET.
    Facts: parameters, status "0" and message-id, status 1 throttled, ttl's range, client-ref of
    100, the reply's fields, repeats for 24 h until 200 or 204, signatures (published vectors).
    Guesses: statuses 2 to 29 come with HTTP 200, 4 for a wrong key, the receipt's fields,
    a repeat each minute at first.  A long message has several parts with one id each: `parts`; `part_status`: what a part (from 0) is
    answered instead of "0"; a receipt is sent for each.  Long replies come in parts (concat-…)."""
    ID, KEY, SECRET = "vonage-id", "vonage-key", "vonage-signature"
    PATH = "/sms/json"
    RETRY_S = (60,) * 10

    def __init__(self, *args, signed=None, parts=1, hooks="POST", **more):
        self.signed, self.parts, self.hooks = signed, parts, hooks
        self.part_status = {}
        super().__init__(*args, **more)

    def take(self, request):
        self.seen[request.path] += 1
        posted = request.headers.get("content-type", "").startswith("application/json")
        said = {**request.args(), **(request.json() if posted else request.form())}
        if not self.known(request, said):
            return self.no("4") if request.path == self.PATH else self.answer({}, 401)
        if request.path == "/account/get-balance":
            return self.answer({"value": 12.34, "autoReload": False})
        assert request.path == self.PATH and said["from"] and said["text"], said
        assert said["to"].isdigit() and len(said.get("client-ref", "")) <= 100
        assert 20000 <= int(said.get("ttl", 20000)) <= 604800000
        assert said.get("type", "text") == "unicode" or said["text"].isascii(), "type=unicode"
        code = self.whole or self.refusal(said["to"])
        if code:
            return self.no(code)
        ref = f"0B0000{len(self.got) + 1:010X}"
        self.accept(said, {said["to"]: ref})
        return self.answer({"message-count": str(self.parts), "messages": [
            {"to": said["to"], "message-id": ref if not i else f"{ref}-{i}",
             "status": self.part_status.get(i, "0"), "error-text": "words",
             "remaining-balance": "12.34", "message-price": "0.03", "network": "46000",
             "client-ref": said.get("client-ref", "")} for i in range(self.parts)]})

    def known(self, request, said):
        if request.basic() == (self.ID, self.KEY):
            return True
        if "sig" in said:
            return said["api_key"] == self.ID and \
                said["sig"].lower() == signatures.vonage(said, self.SECRET, self.signed or "md5")
        return (said.get("api_key"), said.get("api_secret")) == (self.ID, self.KEY)

    def no(self, code):
        return self.answer({"message-count": "1", "messages": [
            {"status": code, "error-text": "words"}]})

    def took(self, said):
        return said.status in (200, 204)

    def form(self, said, url=None):
        if self.signed:
            said.update({"timestamp": beijing(self.now()), "nonce": uuid.uuid4().hex})
            said["sig"] = signatures.vonage(said, self.SECRET, self.signed)
        return Push(said, form=self.hooks != "JSON", url=url,
                    method="GET" if self.hooks == "GET" else "POST")

    def receipt(self, got, number, ok=True, status=None, part=0):
        self.settle(got, number, ok)
        return self.form({
            "msisdn": number.lstrip("+"), "to": got["from"], "network-code": "46000",
            "messageId": got.id(number) + (f"-{part}" if part else ""),
            "price": "0.03", "status": status or ("delivered" if ok else "failed"),
            "scts": utc(self.now(), "%y%m%d%H%M"), "err-code": "0" if ok else "6",
            "api-key": self.ID, "client-ref": got.get("client-ref", ""),
            "message-timestamp": utc(self.now(), "%Y-%m-%d %H:%M:%S")}, got.get("callback"))

    def replies(self, number, texts, ref):
        """The parts of one long reply."""
        return [self.reply(number, text, ident=f"{ref}-{i}", concat=(ref, len(texts), i))
                for i, text in enumerate(texts, 1)]

    def reply(self, number, text, to="12015550000", ident=None, concat=None):
        parts = dict(zip(("concat-ref", "concat-total", "concat-part"), map(str, concat or ())))
        return self.form({**parts, **({"concat": "true"} if concat else {}), 
            "msisdn": number.lstrip("+"), "to": to, "text": text, "keyword": text.upper()[:10],
            "messageId": ident or f"0C{int(self.now() * 1000):014X}", "api-key": self.ID,
            "type": "text" if text.isascii() else "unicode",
            "message-timestamp": utc(self.now(), "%Y-%m-%d %H:%M:%S")})
