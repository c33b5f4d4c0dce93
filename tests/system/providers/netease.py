"""NetEase SMS (网易云信), as their documentation has it."""
import hashlib
import json

from .base import Dialect, Push, beijing, national


class Netease(Dialect):
    """sms/sendtemplate.action; pushes of receipts and replies.
    Facts (their documentation): the headers AppKey, Nonce, CurTime and CheckSum (SHA-1 of secret, nonce,
    time), fields, 100 numbers a request, code 200 with the sendid in obj, pushes with eventType and
    objects and the headers MD5, CurTime, CheckSum (SHA-1 of secret, MD5, time).  Guesses: refusals have
    status 200, 5 minutes for CurTime, replies are eventType 12 with mobile and content."""
    ID, KEY = "fd460d34e786e7754e505bc4fab0f027", "s3cr3t-of-netease"
    PATH = "/sms/sendtemplate.action"
    VALUES = "paramMap"
    RETRY_S = (60,) * 3

    def take(self, request):
        self.seen[request.path] += 1
        head, said = request.headers, request.form()
        assert request.method == "POST" and request.path == self.PATH
        assert set(said) == {"templateid", "mobiles", "needUp", self.VALUES} and 0 < len(head["nonce"]) <= 128
        proof = hashlib.sha1((self.KEY + head["nonce"] + head["curtime"]).encode()).hexdigest()
        if (head["appkey"], head["checksum"]) != (self.ID, proof) or \
                abs(int(head["curtime"]) - self.now()) > 300:
            return self.no(414, "bad http header")
        if self.whole:
            return self.no(self.whole)
        numbers = json.loads(said["mobiles"])
        assert isinstance(numbers, list) and len(numbers) <= 100
        said[self.VALUES] = json.loads(said[self.VALUES])
        for number in numbers:
            if self.refusal(number):
                return self.no(self.refusal(number))
        ident = 1000 + len(self.got)
        self.accept(said, {n: ident for n in numbers})
        return self.answer({"code": 200, "msg": "sendid", "obj": ident})

    def no(self, code, words="words"):
        return self.answer({"code": code, "msg": f"{words} {code}"})

    def sign(self, url, push, key=None):
        md5 = hashlib.md5(push.body()).hexdigest()
        at = str(int(self.now()))
        return {"md5": md5, "curtime": at, "appkey": self.ID,
                "checksum": hashlib.sha1(((key or self.KEY) + md5 + at).encode()).hexdigest()}

    def receipt(self, got, number, ok=True, code=None):
        at = beijing(self.now())
        return Push({"eventType": "11", "objects": [
            {"mobile": national(number), "sendid": str(got.id(number)), "result": code or
             ("DELIVRD" if ok else "UNDELIV"), "sendTime": at, "reportTime": at, "spliced": "1"}]},
            sign=self.sign)

    def reply(self, number, text):
        return Push({"eventType": "12", "objects": [
            {"mobile": national(number), "content": text, "replyTime": beijing(self.now())}]}, sign=self.sign)


class NeteaseList(Netease):
    VALUES = "params"
