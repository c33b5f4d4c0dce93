"""Tencent Cloud SMS (2021-01-11), as Tencent."""
from .base import Push, beijing, country, national
from .tencent import Tencent


class TencentSms(Tencent):
    """SendSms, PullSmsSendStatus, PullSmsReplyStatus, PullSmsSendStatusByPhoneNumber,
    SmsPackagesStatistics (what is left of the packages: their SDK's fields).
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
        number = said["PhoneNumber"]
        rows = [self.line(got, number, self.fate(got, n)) for got, n in self.booked(number)
                if said["BeginTime"] <= got.at <= said.get("EndTime", self.now())
                and self.fate(got, n) is not None]
        return self.ok(PullSmsSendStatusSet=rows[:said["Limit"]])

    def do_SmsPackagesStatistics(self, said):
        assert said["SmsSdkAppId"] and said["Limit"] and said["BeginTime"] < said["EndTime"]
        return self.ok(SmsPackagesStatisticsSet=[{
            "PackageCreateTime": "2026-01-01 00:00:00", "PackageId": 1, "PackageType": 0,
            "PackageEffectiveTime": "2026-01-01 00:00:00", "PackageAmount": 10000,
            "PackageExpiredTime": "2027-01-01 00:00:00",
            "CurrentUsage": sum(len(got.ids) for got in self.got)}])

    def line(self, got, number, ok, code=None):
        code_of, mobile = country(number)
        return {"UserReceiveTime": int(self.now()), "CountryCode": code_of,
                "SubscriberNumber": mobile, "PhoneNumber": f"+{code_of}{mobile}",
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
        push = Push([{"user_receive_time": beijing(self.now()), "nationcode": line["CountryCode"],
                      "mobile": line["SubscriberNumber"], "report_status": line["ReportStatus"],
                      "errmsg": line["Description"], "description": "words",
                      "sid": line["SerialNo"]}])
        push.pulled = ("send", line)
        return push

    def reply(self, number, text, extend=""):
        at = int(self.now())
        code, mobile = country(number)
        push = Push({"extend": extend, "mobile": mobile, "nationcode": code,
                     "sign": "测试", "text": text, "time": at})
        push.pulled = ("reply", {
            "ExtendCode": extend, "CountryCode": code, "SubscriberNumber": mobile,
            "PhoneNumber": f"+{code}{mobile}", "SignName": "测试", "ReplyContent": text,
            "ReplyTime": at})
        return push
