"""Infobip SMS v3, as Infobip."""
import uuid

from . import signatures
from .base import Dialect, Push, national, utc

PENDING = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}
DELIVERED = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}
UNDELIVERABLE = {"groupId": 2, "groupName": "UNDELIVERABLE", "id": 9,
                 "name": "UNDELIVERABLE_NOT_DELIVERED"}


class Infobip(Dialect):
    """POST sms/3/messages, GET sms/3/reports and sms/1/inbox/reports (their SDK; each line once), GET
    sms/3/logs, GET account/1/balance.
    Facts: App key, the request, reports only once, the reply's fields.  Guesses: status groups and
    ids (REJECTED is group 5), `errorCode` of refusals, logs, balance, webhooks as `results` and
    repeated each minute; `hook_secret` signs them, HMAC-SHA256 of the body in hexadecimal as
    X-Signature.  `refuse` gives a number's status name; `keep(push)` leaves a webhook's words to
    the pulls."""
    KEY = "infobip-key"
    PATH = "/sms/3/messages"
    RETRY_S = (60,) * 4

    def __init__(self, *args, hook_secret=None, **more):
        self.hook_secret, self.kept = hook_secret, {"reports": [], "inbox": []}
        super().__init__(*args, **more)

    def take(self, request):
        self.seen[request.path] += 1
        if request.headers.get("authorization") != "App " + self.KEY:
            return self.no("E401", 401)
        if request.method == "POST" and request.path == self.PATH:
            return self.no(self.whole, 400) if self.whole else self.send(request.json())
        args = request.args()
        if request.path == "/account/1/balance":
            return self.answer({"balance": 12.34, "currency": "EUR"})
        if request.path == "/sms/3/logs":
            return self.answer({"results": [self.line(g, n) for g, n in self.booked() if
                                            args.get("messageId") in (None, g.id(n))]})
        which = {"/sms/3/reports": "reports", "/sms/1/inbox/reports": "inbox"}[request.path]
        return self.answer({"results": self.pull(which, args)})

    def pull(self, which, args):
        most, wanted = int(args.get("limit", 50)), args.get("messageId")
        out = [one for one in self.kept[which] if wanted in (None, one["messageId"])][:most]
        self.kept[which] = [one for one in self.kept[which] if one not in out]
        return out

    def send(self, said):
        rows, ids, hooks = [], {}, {}
        for message in said["messages"]:
            assert message["content"]["text"] and message["destinations"]
            hook = message.get("webhooks", {}).get("delivery", {}).get("url")
            for one in message["destinations"]:
                rows.append(self.status(one, ids))
                hooks[national(one["to"])] = hook
        got = self.accept(said, ids)
        got.hooks, got.bulk = hooks, f"bulk-{len(self.got)}"
        return self.answer({"bulkId": got.bulk, "messages": rows})

    def status(self, one, ids):
        name = self.refusal(one["to"])
        status = {"groupId": 5, "groupName": "REJECTED", "id": 6, "name": name} if name else PENDING
        ident = one.get("messageId") or uuid.uuid4().hex
        if not name:
            ids[one["to"]] = ident
        return {"messageId": ident, "destination": one["to"], "details": {"messageCount": 1},
                "status": {**status, "description": "words"}}

    def no(self, code, status):
        return self.answer({"errorCode": code, "description": "words", "action": "words",
                            "violations": [], "resources": []}, status)

    def line(self, got, number):
        ok, at = self.fate(got, number), "%Y-%m-%dT%H:%M:%S.000+0000"
        status = {None: PENDING, True: DELIVERED, False: UNDELIVERABLE}[ok]
        return {"bulkId": got.bulk, "messageId": got.id(number), "to": number,
                "sentAt": utc(got.at, at), "doneAt": utc(self.now(), at), "messageCount": 1,
                "status": {**status, "description": "words"},
                "error": {"groupId": 0 if ok else 1, "groupName": "OK" if ok else "HANDSET_ERRORS",
                          "id": 0 if ok else 5, "description": "words", "permanent": False,
                          "name": "NO_ERROR" if ok else "EC_ABSENT_SUBSCRIBER"}}

    def sign(self, url, push):
        if not self.hook_secret:
            return {}
        return {"x-signature": signatures.mac(self.hook_secret, push.body()).hexdigest()}

    def receipt(self, got, number, ok=True):
        self.settle(got, number, ok)
        line = {**self.line(got, national(number)), "to": number.lstrip("+")}
        push = Push({"results": [line]}, url=got.hooks[national(number)], sign=self.sign)
        push.pulled = "reports"
        return push

    def reply(self, number, text, to="447860000001", ident=None):
        push = Push({"results": [{
            "messageId": ident or uuid.uuid4().hex, "from": number.lstrip("+"), "to": to,
            "text": text, "cleanText": text, "keyword": "", "smsCount": 1, "callbackData": "",
            "receivedAt": utc(self.now(), "%Y-%m-%dT%H:%M:%S.000+0000")}],
            "messageCount": 1, "pendingMessageCount": 0}, sign=self.sign)
        push.pulled = "inbox"
        return push

    def keep(self, push):
        """Leaves to the pulls what `push` would say."""
        self.kept[push.pulled] += push.value["results"]
