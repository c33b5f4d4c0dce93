"""Tencent Cloud SMS (2021-01-11), as Tencent."""
from .base import Push, beijing, national
from .tencent import Tencent


class TencentSms(Tencent):
    """SendSms, PullSmsSendStatus, PullSmsReplyStatus, PullSmsSendStatusByPhoneNumber.
    Facts: parameters and limits, each number answered for itself, the pushes' fields, the pulls'
    fields (their SDK); a pull gives each line once.  Guesses: the order of SendStatusSet differs
    from the request's; a pushed receipt is pulled too.
    `keep(push)` puts a receipt or a reply where the pulls find it."""
    SERVICE, VERSION = "sms", "2021-01-11"

    def __init__(self, *args, **more):
        self.kept = {"send": [], "reply": []}
        super().__init__(*args, **more)

    def do_SendSms(self, said):
        numbers = said["PhoneNumberSet"]
        assert said["SmsSdkAppId"] and said["TemplateId"] and "【" not in said.get("SignName", "")
        assert all(isinstance(p, str) for p in said.get("TemplateParamSet", []))
        assert len(said.get("SessionContext", "").encode()) < 512
        if len(numbers) > 200:
            return self.no("LimitExceeded.PhoneNumberCountLimit")
        serial = len(self.got) + 2019
        self.accept(said, {n: f"{serial}:{n[1:]}" for n in numbers if not self.refusal(n)})
        return self.ok(SendStatusSet=[self.status(n) for n in reversed(numbers)])

    def status(self, number):
        code, got = self.refusal(number) or "Ok", self.got[-1]
        return {"SerialNo": got.ids.get(national(number), ""), "PhoneNumber": number, "Code": code,
                "Fee": int(code == "Ok"), "Message": "words", "IsoCode": "CN",
                "SessionContext": got.get("SessionContext", "")}

    def do_PullSmsSendStatus(self, said):
        return self.ok(PullSmsSendStatusSet=self.pull("send", said))

    def do_PullSmsReplyStatus(self, said):
        return self.ok(PullSmsReplyStatusSet=self.pull("reply", said))

    def pull(self, which, said):
        assert said["SmsSdkAppId"] and 1 <= said["Limit"] <= 100
        out, self.kept[which] = (self.kept[which][:said["Limit"]],
                                 self.kept[which][said["Limit"]:])
        return out

    def do_PullSmsSendStatusByPhoneNumber(self, said):
        assert said["SmsSdkAppId"] and 1 <= said["Limit"] <= 100 and said["Offset"] == 0
        rows = [self.line(got, n, self.fate(got, n)) for got, n in self.booked(said["PhoneNumber"])
                if said["BeginTime"] <= got.at <= said.get("EndTime", self.now())
                and self.fate(got, n) is not None]
        return self.ok(PullSmsSendStatusSet=rows[:said["Limit"]])

    def line(self, got, number, ok, code=None):
        return {"UserReceiveTime": int(self.now()), "CountryCode": "86",
                "SubscriberNumber": national(number), "PhoneNumber": "+86" + national(number),
                "SerialNo": got.id(number), "ReportStatus": "SUCCESS" if ok else "FAIL",
                "Description": code or ("DELIVRD" if ok else "UNDELIV"),
                "SessionContext": got.get("SessionContext", "")}

    def keep(self, push):
        """Puts into the pulls' queue what `push` would say."""
        for one in push.value if isinstance(push.value, list) else [push.value]:
            self.kept[push.pulled[0]].append(push.pulled[1])

    def receipt(self, got, number, ok=True, code=None):
        self.settle(got, number, ok)
        line = self.line(got, number, ok, code)
        push = Push([{"user_receive_time": beijing(self.now()), "nationcode": "86",
                      "mobile": line["SubscriberNumber"], "report_status": line["ReportStatus"],
                      "errmsg": line["Description"], "description": "words",
                      "sid": line["SerialNo"]}])
        push.pulled = ("send", line)
        return push

    def reply(self, number, text, extend=""):
        at = int(self.now())
        push = Push({"extend": extend, "mobile": national(number), "nationcode": "86",
                     "sign": "测试", "text": text, "time": at})
        push.pulled = ("reply", {
            "ExtendCode": extend, "CountryCode": "86", "SubscriberNumber": national(number),
            "PhoneNumber": "+86" + national(number), "SignName": "测试", "ReplyContent": text,
            "ReplyTime": at})
        return push
