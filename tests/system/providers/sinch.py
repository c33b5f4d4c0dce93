"""Sinch's SMS API (XMS), as their documentation has it."""
import base64
import hashlib
import hmac
import time
import uuid

from .base import Dialect, Push, utc


class Sinch(Dialect):
    """POST and GET of /xms/v1/{plan}/batches; callbacks of reports and of replies.
    Facts (their documentation): the bearer token, a batch's fields, 201 with its id, 1,000 numbers, 400
    with code and text, client_reference in reports and as a filter, one report a recipient and state,
    mo_text, the signature over body, nonce and time with dots between (Base64 of HMAC-SHA256).
    Guesses: a batch with one bad number is refused whole; callbacks are repeated for half a day."""
    ID, KEY, SECRET = "plan123", "token-of-sinch", "webhook-secret"
    PATH = "/xms/v1/plan123/batches"
    RETRY_S = (5, 10, 20, 40)

    def take(self, request):
        self.seen[request.method] += 1
        if request.headers.get("authorization") != "Bearer " + self.KEY:
            return self.answer("", 401)
        assert request.path == self.PATH
        if request.method == "GET":
            return self.find(request.args())
        if self.whole:
            return self.no(*self.whole)
        return self.batch(request.json())

    def no(self, code, status=400):
        return self.answer({"code": code, "text": f"words of {code}"}, status)

    def batch(self, said):
        assert set(said) <= {"from", "to", "body", "delivery_report", "callback_url", "expire_at",
                             "flash_message", "client_reference"}
        assert isinstance(said["to"], list) and len(said["to"]) <= 1000 and said["delivery_report"] == "per_recipient"
        assert isinstance(said["flash_message"], bool)
        time.strptime(said["expire_at"], "%Y-%m-%dT%H:%M:%SZ")
        for number in said["to"]:
            assert number.isdigit()
            if self.refusal(number):
                return self.no(self.refusal(number))
        ident = uuid.uuid4().hex[:26].upper()
        self.accept(said, {n: ident for n in said["to"]})
        return self.answer(self.row(self.got[-1]), 201)

    def row(self, got):
        return {**got, "id": got.id(), "type": "mt_text", "canceled": False, "created_at": utc(got.at)}

    def find(self, said):
        rows = [self.row(got) for got in self.got if got.get("client_reference") == said["client_reference"]]
        return self.answer({"count": len(rows), "page": 0, "page_size": 10, "batches": rows})

    def sign(self, url, push, secret=None):
        nonce, at = uuid.uuid4().hex.upper(), str(int(self.now()))
        text = push.body() + f".{nonce}.{at}".encode()
        mac = hmac.new((secret or self.SECRET).encode(), text, hashlib.sha256).digest()
        name = "x-sinch-webhook-signature"
        return {name: base64.b64encode(mac).decode(), name + "-nonce": nonce, name + "-timestamp": at,
                name + "-algorithm": "HmacSHA256"}

    def receipt(self, got, number, ok=True, status=None):
        said = {"type": "recipient_delivery_report_sms", "batch_id": got.id(), "recipient": number.lstrip("+"),
                "code": 0 if ok else 402, "status": status or ("Delivered" if ok else "Failed"),
                "at": utc(self.now()), "operator_status_at": utc(self.now())}
        if "client_reference" in got:
            said["client_reference"] = got["client_reference"]
        return Push(said, url=got["callback_url"], sign=self.sign)

    def reply(self, number, text, ident=None, **more):
        return Push({"type": "mo_text", "id": ident or uuid.uuid4().hex, "from": number.lstrip("+"), "to": "12345",
                     "body": text, "received_at": utc(self.now()), "operator_id": "35000", **more}, sign=self.sign)
