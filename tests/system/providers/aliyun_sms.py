"""Aliyun SMS (Dysmsapi 2017-05-25), as Aliyun."""
import json

from .aliyun import Aliyun
from .base import Push, beijing, national


class AliyunSms(Aliyun):
    """SendSms, SendBatchSms, QuerySendDetails, QuerySendStatistics.
    Facts: parameters and limits, one BizId a call, SmsReport and SmsUp with their fields and UTC+8
    times, SendStatus 1 waiting, 2 failed, 3 delivered.  Guesses: one bad number refuses the whole
    call; an unknown number's query is an empty list."""

    def do_SendSms(self, fields):
        numbers = fields["PhoneNumbers"].split(",")
        if len(numbers) > 1000:
            return self.no("isv.MOBILE_COUNT_OVER_LIMIT")
        json.loads(fields.get("TemplateParam", "{}"))
        return self.send(fields, numbers)

    def do_SendBatchSms(self, fields):
        lists = [json.loads(fields[k]) for k in ("PhoneNumberJson", "SignNameJson",
                                                 "TemplateParamJson")]
        assert len({len(one) for one in lists}) == 1 and all(isinstance(p, dict) for p in lists[2])
        if len(lists[0]) > 100:
            return self.no("isv.MOBILE_COUNT_OVER_LIMIT")
        return self.send(fields, lists[0])

    def send(self, fields, numbers):
        assert fields["TemplateCode"] and "【" not in fields.get("SignName", "")
        assert len(fields.get("OutId", "")) < 256
        code = next(filter(None, map(self.refusal, numbers)), None)
        if code:
            return self.no(code)
        biz = f"9000{len(self.got) + 1}^0"
        self.accept(fields, {n: biz for n in numbers})
        return self.ok(BizId=biz)

    def do_QuerySendDetails(self, fields):
        size, page = int(fields["PageSize"]), int(fields["CurrentPage"])
        assert 1 <= size <= 50 and page >= 1
        rows = [self.detail(got, n) for got, n in self.booked(fields["PhoneNumber"])
                if beijing(got.at, "%Y%m%d") == fields["SendDate"]
                and fields.get("BizId") in (None, "", got.id())]
        return self.ok(TotalCount=len(rows), SmsSendDetailDTOs={
            "SmsSendDetailDTO": rows[(page - 1) * size:page * size]})

    def detail(self, got, number):
        ok = self.fate(got, number)
        row = {"PhoneNum": number, "SendStatus": {None: 1, False: 2, True: 3}[ok],
               "TemplateCode": got["TemplateCode"], "Content": "【测试】words",
               "SendDate": beijing(got.at), "OutId": got.get("OutId", "")}
        if ok is not None:
            row.update(ErrCode="DELIVERED" if ok else "UNDELIV", ReceiveDate=beijing(self.now()))
        return row

    def do_QuerySendStatistics(self, fields):
        days = {}
        for got, number in self.booked():
            day = days.setdefault(beijing(got.at, "%Y%m%d"), {True: 0, False: 0, None: 0})
            day[self.fate(got, number)] += 1
        rows = [{"SendDate": day, "TotalCount": sum(n.values()), "RespondedSuccessCount": n[True],
                 "RespondedFailCount": n[False], "NoRespondedCount": n[None]}
                for day, n in sorted(days.items())
                if fields["StartDate"] <= day <= fields["EndDate"]]
        return self.ok(Data={"TotalSize": len(rows), "TargetList": rows})

    def receipt(self, got, number, ok=True, code=None):
        self.settle(got, number, ok)
        one = {"phone_number": national(number), "send_time": beijing(got.at),
               "report_time": beijing(self.now()), "success": ok,
               "err_code": code or ("DELIVERED" if ok else "UNDELIV"), "err_msg": "words",
               "sms_size": "1", "biz_id": got.id(number)}
        return Push([{**one, "out_id": got["OutId"]} if got.get("OutId") else one])

    def reply(self, number, text, dest_code="1065000001", sequence_id=77):
        return Push([{"phone_number": national(number), "content": text, "sign_name": "测试",
                      "send_time": beijing(self.now()), "dest_code": dest_code,
                      "sequence_id": sequence_id}])
