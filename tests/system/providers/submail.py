"""SUBMAIL SMS v4, as their documentation has it."""
import hashlib
import json
import time

from .base import Dialect, Push, national


class Submail(Dialect):
    """sms/send, sms/batchsend, sms/xsend, sms/batchxsend; pushes to a SUBHOOK.
    Facts (their documentation): paths, parameters, the signature over all parameters but `signature`
    and `tag` in their order with appid and appkey around, 6 seconds for a timestamp, `responses` with
    each number of a batch, events and their fields, signature = md5(token + key).  Guesses: the numbers
    of most codes, status 200 with refusals, a reply (mo) has neither send_id nor tag."""
    ID, KEY, HOOK = "10001", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", "hook-key-0123"
    PATH = "/sms/send"

    def take(self, request):
        self.seen[request.path] += 1
        said = request.form()
        says = {"project", "vars"} if "xsend" in request.path else {"content"}
        assert request.method == "POST" and set(said) >= {"appid", "to", "signature"} | says
        assert set(said) <= {"appid", "to", "tag", "timestamp", "sign_type", "signature"} | says
        if said["appid"] != self.ID:
            return self.no(101)
        if said["signature"] != self.signature(said):
            return self.no(108)
        if abs(int(said["timestamp"]) - self.now()) > 6:
            return self.no(151)
        if self.whole:
            return self.no(self.whole)
        if "vars" in said:
            said["vars"] = json.loads(said["vars"])
        return {"/sms/send": self.send, "/sms/batchsend": self.batch, "/sms/xsend": self.send,
                "/sms/batchxsend": self.batch}[request.path](said)

    def signature(self, said):
        text = "&".join(f"{name}={said[name]}" for name in sorted(said) if name not in ("signature", "tag"))
        around = self.ID + self.KEY
        return hashlib.new(said["sign_type"], (around + text + around).encode()).hexdigest()

    def no(self, code, **more):
        return self.answer({"status": "error", "code": code, "msg": f"words of {code}", **more})

    def send(self, said):
        assert "," not in said["to"] and len(said.get("tag", "")) <= 32
        if self.refusal(said["to"]):
            return self.no(self.refusal(said["to"]))
        ident = hashlib.md5(str(len(self.got)).encode()).hexdigest()
        self.accept(said, {said["to"]: ident})
        return self.answer({"status": "success", "send_id": ident, "fee": 1, "sms_credits": "14197"})

    def batch(self, said):
        numbers = said["to"].split(",")
        assert len(numbers) <= 10000
        ids = {n: hashlib.md5((str(len(self.got)) + n).encode()).hexdigest() for n in numbers
               if not self.refusal(n)}
        self.accept(said, ids)
        rows = [{"status": "success", "to": n, "send_id": ids[n], "fee": 1} if n in ids else
                {"status": "error", "to": n, "code": self.refusal(n), "msg": f"words of {self.refusal(n)}"}
                for n in reversed(numbers)]
        return self.answer({"status": "success", "total_fee": len(ids), "responses": rows})

    def hook(self, key=None, **said):
        token = hashlib.md5(str(sorted(said.items())).encode()).hexdigest()
        proof = hashlib.md5((token + (key or self.HOOK)).encode()).hexdigest()
        return Push({**said, "app": self.ID, "timestamp": str(int(time.time())), "token": token,
                     "signature": proof}, form=True)

    def receipt(self, got, number, ok=True, event=None, **more):
        said = {"events": event or ("delivered" if ok else "dropped"), "address": national(number),
                "send_id": got.id(number), **({"tag": got["tag"]} if "tag" in got else {})}
        if said["events"] == "dropped":
            said["report"] = "UNDELIV"
        return self.hook(**said, **more)

    def reply(self, number, text, **more):
        return self.hook(events="mo", address=national(number), content=text, **more)
