"""Yunpian (云片) SMS v2, as their documentation has it."""
import hashlib
import json
import urllib.parse

from .base import Dialect, Push, beijing, national

WORDS = {0: "发送成功", 3: "账户余额不足", 4: "关键词屏蔽", 5: "未自动匹配到合适的模板", -1: "非法的apikey"}


def sign(reply, apikey):
    """Their documented _sign: the values in the order of their names, then the key."""
    values = [str(reply[name]) for name in sorted(reply) if name != "_sign"]
    return hashlib.md5(",".join([*values, apikey]).encode()).hexdigest()


def mobile(number):
    """As they write a number: of the mainland without its country code, others with a plus."""
    digits = national(number)
    return digits if len(digits) == 11 else "+" + digits


class Yunpian(Dialect):
    """single_send, batch_send, user/get, pull_status, pull_reply; pushes of both.
    Facts (their documentation): paths, parameters, the answers' fields, a refusal is a 400 with code,
    msg and detail, 1,000 numbers a batch, each number of a batch answered for itself, sms_status and
    sms_reply as JSON in a form that is encoded once more, _sign of replies, "SUCCESS" or "0" as the
    only acknowledgements, 3 repeats of a receipt 5 minutes apart, a pull gives each line once.
    Guesses: receipts have no _sign, a batch has no uid, +86 is taken and answered without."""
    KEY = "9b11127a9701975c734b8aee81ee3526"
    PATH = "/v2/sms/single_send.json"
    RETRY_S = (300,) * 3

    def __init__(self, *args, **more):
        self.kept, self.encodings = {"status": [], "reply": []}, 2
        super().__init__(*args, **more)

    def take(self, request):
        name = request.path.rsplit("/", 1)[1].removesuffix(".json")
        self.seen[name] += 1
        assert request.method == "POST" and request.path in (f"/v2/sms/{name}.json", f"/v2/user/{name}.json")
        said = request.form()
        if said.pop("apikey") != self.KEY:
            return self.no(-1)
        if self.whole:
            return self.no(self.whole)
        return getattr(self, "do_" + name)(said)

    def no(self, code):
        return self.answer({"http_status_code": 400, "code": code, "msg": WORDS.get(code, "words"),
                            "detail": f"detail of {code}"}, 400)

    def outcome(self, number):
        code = self.refusal(number) or 0
        return {"code": code, "msg": WORDS.get(code, "words"), "count": int(code == 0), "fee": 0.05,
                "unit": "RMB", "mobile": mobile(number)}

    def sids(self, numbers):
        return {n: 3310228982 + 1000 * len(self.got) + i for i, n in enumerate(numbers)
                if not self.refusal(n)}

    def do_single_send(self, said):
        assert set(said) <= {"mobile", "text", "uid", "callback_url"} and "," not in said["mobile"]
        if self.refusal(said["mobile"]):
            return self.no(self.refusal(said["mobile"]))
        sids = self.sids([said["mobile"]])
        self.accept(said, sids)
        return self.answer({**self.outcome(said["mobile"]), "sid": sids[said["mobile"]]})

    def do_batch_send(self, said):
        numbers = said["mobile"].split(",")
        assert set(said) <= {"mobile", "text", "callback_url"} and len(numbers) <= 1000
        sids = self.sids(numbers)
        self.accept(said, sids)
        rows = [{**self.outcome(n), **({"sid": sids[n]} if n in sids else {})} for n in reversed(numbers)]
        return self.answer({"total_count": len(sids), "total_fee": "0.1", "unit": "RMB", "data": rows})

    def do_get(self, said):
        return self.answer({"nick": "gong", "gmt_created": "2012-09-11 15:14:00", "balance": 123.4,
                            "alarm_balance": 10, "emergency_contact": "x"})

    def pull(self, which, said):
        size = int(said["page_size"])
        assert size <= 100
        out, self.kept[which] = self.kept[which][:size], self.kept[which][size:]
        return self.answer(out)

    def do_pull_status(self, said):
        return self.pull("status", said)

    def do_pull_reply(self, said):
        return self.pull("reply", said)

    def packed(self, name, value, url=None):
        text = json.dumps(value, ensure_ascii=False)
        for _ in range(self.encodings - 1):
            text = urllib.parse.quote(text)
        push = Push({name: text}, form=True, url=url)
        push.kept = (name.removeprefix("sms_"), value)
        return push

    def keep(self, push):
        which, value = push.kept
        self.kept[which] += value if isinstance(value, list) else [value]

    def receipt(self, got, number, ok=True, code=None):
        return self.packed("sms_status", [{
            "error_detail": "", "sid": got.id(number), "uid": got.get("uid"),
            "user_receive_time": beijing(self.now()), "error_msg": code or ("" if ok else "DB:0103"),
            "mobile": mobile(number), "report_status": "SUCCESS" if ok else "FAIL"}],
            got.get("callback_url"))

    def reply(self, number, text, key=None, **more):
        said = {"base_extend": "8888", "extend": "", "id": f"r{number}", "mobile": mobile(number),
                "reply_time": beijing(self.now()), "text": text}
        return self.packed("sms_reply", {**said, "_sign": sign(said, key or self.KEY), **more})

    def took(self, said):
        return said.status == 200 and said.body in ("SUCCESS", "0")
