"""Huawei Cloud Message & SMS, as Huawei."""
import json
import re

from .base import Push, utc
from .huawei import Huawei


class HuaweiSms(Huawei):
    """batchSendSms (form), batchSendDiffSms (JSON).
    Facts: parameters, at most 500 numbers of 21 characters, code 000000, smsMsgId a number, the
    receipt's form fields (a receipt names `to` only where `extend` was sent), replies' fields.
    Their pages: 400 and E000510 with a status a number (E200028 …) when some are refused, 401 and
    E000101 for a wrong X-WSSE, 400 and E000045 for a wrong AK/SK signature.  Guesses: 403 and
    E000110 for the clock, E000503 for a value that breaks a rule, the smsMsgId of a refused
    number, no repeats of callbacks.  There is no query; the JSON form of up to 50 reports a push
    is not known here."""
    FAULTS = {"key": ("E000101", 401), "signature": ("E000045", 400), "clock": ("E000110", 403)}
    PATH, DIFF_PATH = "/sms/batchSendSms/v1", "/sms/batchSendDiffSms/v1"

    def take(self, request):
        self.seen[request.path] += 1
        fault = self.fault(request)
        if fault:
            return self.no(*self.FAULTS[fault])
        if self.whole:
            return self.no(self.whole, 400)
        if request.path == self.DIFF_PATH:
            return self.diff(request.json())
        assert request.path == self.PATH, request.path
        return self.same(request.form())

    def same(self, said):
        paras = json.loads(said["templateParas"]) if said.get("templateParas") else []
        return self.send(said, said["to"].split(","), [(said, paras)])

    def diff(self, said):
        parts = [(part, part.get("templateParas", [])) for part in said["smsContent"]]
        return self.send(said, [n for part, _ in parts for n in part["to"]], parts)

    def send(self, said, numbers, parts):
        assert said["from"] and len(said.get("extend", "")) <= 128
        for part, paras in parts:
            assert part["templateId"] and all(isinstance(p, str) for p in paras)
            if any(len(p) > 20 or re.search(r"[.。'<>{}]", p) for p in paras):
                return self.no("E000503", 400)
        if len(numbers) > 500:
            return self.no("E000503", 400)
        assert all(len(n) <= 21 for n in numbers)
        ids = {n: f"{len(self.got) + 1}_{i}" for i, n in enumerate(numbers)
               if not self.refusal(n)}
        got = self.accept(said, ids)
        got.numbers = numbers
        rows = [{"originTo": n, "from": said["from"], "createTime": utc(self.now()),
                 "smsMsgId": ids.get(n, f"0_{i}"), "status": self.refusal(n) or "000000",
                 "countryId": "CN", "total": 1}
                for i, n in enumerate(numbers)]
        fine = len(ids) == len(numbers)
        return self.answer({"result": rows, "code": "000000" if fine else "E000510",
                            "description": "Success" if fine else "words"}, 200 if fine else 400)

    def no(self, code, status):
        return self.answer({"code": code, "description": "words"}, status)

    def receipt(self, got, number, ok=True, status=None, part=1, parts=1):
        """One form a part of a long message, to the request's statusCallback or where it is
        pushed."""
        self.settle(got, number, ok)
        said = {"smsMsgId": got.id(number), "total": str(parts), "sequence": str(part),
                "status": status or ("DELIVRD" if ok else "UNDELIV"), "source": "2",
                "updateTime": utc(self.now()), "orgCode": "000"}
        if got.get("extend"):
            said.update(extend=got["extend"], to=number)
        return Push(said, form=True, url=got.get("statusCallback"))

    def reply(self, number, text, to="1069000001"):
        return Push({"smsMsgId": f"mo-{number[-4:]}-{int(self.now() * 1000)}", "from": number,
                     "to": to, "body": text, "createTime": utc(self.now())}, form=True)
