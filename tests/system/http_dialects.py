"""Providers' dialects for tests: each checks the signature by its own arithmetic and answers as
the provider's documentation says.  A number's last digits choose its fate: 13 and the code in
`refuse`."""
import base64
import hashlib
import hmac
import json
import time
import urllib.parse

from http_driver import Odd, http


def answer(body, status=200):
    return http(status, json.dumps(body, ensure_ascii=False).encode())


def headers_of(head):
    lines = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
    return {name.lower(): value for name, value in lines}


class Dialect(Odd):
    """`whole`: an error code for the whole request; `refuse`: a number's end to its code."""

    def __init__(self, whole=None, refuse=None, silent=False):
        self.whole, self.refuse, self.silent, self.got = whole, refuse or {}, silent, []
        super().__init__(lambda n, r: "hang" if self.silent else self.take(*r))


class Tencent(Dialect):
    ID, KEY = "AKIDtest", "tencent-secret"

    def take(self, head, body):
        h = headers_of(head)
        at = int(h["x-tc-timestamp"])
        day = time.strftime("%Y-%m-%d", time.gmtime(at))
        assert abs(at - time.time()) < 60 and h["x-tc-version"] == "2021-01-11"
        canonical = "\n".join(["POST", "/", "", "content-type:" + h["content-type"],
                               "host:" + h["host"], "x-tc-action:sendsms", "",
                               "content-type;host;x-tc-action",
                               hashlib.sha256(body.encode()).hexdigest()])
        text = "\n".join(["TC3-HMAC-SHA256", str(at), day + "/sms/tc3_request",
                          hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("TC3" + self.KEY).encode()
        for word in (day, "sms", "tc3_request"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        want = (f"TC3-HMAC-SHA256 Credential={self.ID}/{day}/sms/tc3_request, SignedHeaders="
                "content-type;host;x-tc-action, Signature=" +
                hmac.new(key, text.encode(), hashlib.sha256).hexdigest())
        code = self.whole if h["authorization"] == want else "AuthFailure.SignatureFailure"
        if code:
            return answer({"Response": {"Error": {"Code": code, "Message": "no"}}})
        self.got.append(json.loads(body))
        return answer({"Response": {"SendStatusSet": [self.status(n) for n in
                                                      reversed(self.got[-1]["PhoneNumberSet"])]}})

    def status(self, number):
        code = self.refuse.get(number[-2:], "Ok")
        return {"PhoneNumber": number, "Code": code, "Message": "words",
                "SerialNo": "2019:" + number[1:] if code == "Ok" else ""}


class Mas(Dialect):
    KEY = "mas-secret"

    def take(self, head, body):
        got = json.loads(base64.b64decode(body, validate=True))
        text = "".join(got[k] for k in ("ecName", "apId", "secretKey", "mobiles", "content", "sign",
                                        "addSerial"))
        fits = got["mac"] == hashlib.md5(text.encode()).hexdigest() and got["secretKey"] == self.KEY
        code = self.whole if fits else "IllegalMac"
        if code:
            return answer({"success": False, "rspcod": code, "msgGroup": ""})
        self.got.append(got)
        return answer({"success": True, "rspcod": "success",
                       "msgGroup": f"0{len(self.got)}201200000000"})


class Aliyun(Dialect):
    ID, KEY = "LTAItest", "aliyun-secret"

    def take(self, head, body):
        fields = dict(urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True))
        signature = fields.pop("Signature")
        quote = lambda s: urllib.parse.quote(s, safe="-_.~")
        query = "&".join(quote(k) + "=" + quote(v) for k, v in sorted(fields.items()))
        want = hmac.new((self.KEY + "&").encode(), ("POST&%2F&" + quote(query)).encode(),
                        hashlib.sha1).digest()
        code = self.whole or self.refuse.get(fields["PhoneNumbers"][-2:])
        if base64.b64decode(signature) != want or fields["AccessKeyId"] != self.ID:
            code = "SignatureDoesNotMatch"
        if code:
            return answer({"Code": code, "Message": "words"}, 200 if "isv" in code else 400)
        self.got.append(fields)
        return answer({"Code": "OK", "BizId": f"9000{len(self.got)}^0"})
