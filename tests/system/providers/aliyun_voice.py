"""Aliyun voice (Dyvmsapi 2017-05-25), as Aliyun."""
import json

from .aliyun import Aliyun
from .base import Push, beijing, national

PRODUCTS = {"SingleCallByTts": "11000000300006", "IvrCall": "11000000300005"}


class AliyunVoice(Aliyun):
    """SingleCallByTts, IvrCall, CancelCall, QueryCallDetailByCallId.
    Facts: parameters, CallId, ProdId of each kind, VoiceReport and VoiceCallReport with their
    fields and codes, keys only with IvrCall, 700 ms for the answer to a callback.  Guesses: a call
    that is not over has no Data; Data has `dtmf` and VoiceReport's codes as `state`.
    There is no machine detection."""
    PATIENCE_S = 0.7

    def __init__(self, *args, **more):
        self.ends = {}
        super().__init__(*args, **more)

    def do_SingleCallByTts(self, fields):
        assert fields["TtsCode"] and json.loads(fields.get("TtsParam", "{}")) is not None
        return self.call(fields, "SingleCallByTts", {})

    def do_IvrCall(self, fields):
        assert fields["StartCode"] and json.loads(fields.get("StartTtsParams", "{}")) is not None
        keys, n = {}, 1
        while f"MenuKeyMap.{n}.Key" in fields:
            keys[fields[f"MenuKeyMap.{n}.Key"]] = fields[f"MenuKeyMap.{n}.Code"]
            n += 1
        assert keys, "IvrCall without a key"
        return self.call(fields, "IvrCall", keys)

    def call(self, fields, action, keys):
        assert 1 <= int(fields.get("PlayTimes", "1")) <= 3
        assert len(fields.get("OutId", "")) <= 15
        code = self.refusal(fields["CalledNumber"])
        if code:
            return self.no(code)
        call_id = f"11600{len(self.got) + 1}^10000"
        got = self.accept(fields, {fields["CalledNumber"]: call_id})
        got.action, got.keys_offered, got.cancelled = action, keys, False
        return self.ok(CallId=call_id)

    def do_CancelCall(self, fields):
        got = next((g for g in self.got if g.id() == fields["CallId"]), None)
        if not got:
            return self.no("isv.CALLID_NOT_FOUND")
        got.cancelled = True
        return self.ok(Status=True)

    def do_QueryCallDetailByCallId(self, fields):
        got = next((g for g in self.got if g.id() == fields["CallId"]), None)
        assert int(fields["QueryDate"]) > 1e12, "QueryDate is in milliseconds"
        if not got or fields["ProdId"] != PRODUCTS[got.action]:
            return self.no("isv.CALLID_NOT_FOUND")
        end = self.ends.get(got.id())
        return self.ok(Data=json.dumps(end)) if end else self.ok()

    def progress(self, got, code, **more):
        """VoiceCallReport: while the call goes on."""
        return Push([{"call_id": got.id(), "status_code": code, "out_id": got.get("OutId", ""),
                      "status_time": beijing(self.now()), **more}])

    def ringing(self, got):
        return self.progress(got, "200101")

    def answered(self, got):
        return self.progress(got, "200000")

    def key(self, got, digit):
        assert got.action == "IvrCall", "only IvrCall tells keys"
        return self.progress(got, "300000", dtmf=digit)

    def ended(self, got, code="200000", seconds=20, dtmf=""):
        """VoiceReport: when the call is over.  200000 heard all, 200001 hung up early."""
        start, end = (beijing(self.now() - seconds), beijing(self.now())) if seconds else ("", "")
        callee, caller = next(iter(got.ids)), got.get("CalledShowNumber") or "0771000001"
        self.ends[got.id()] = {
            "caller": caller, "callee": callee, "startDate": start, "endDate": end,
            "duration": seconds, "state": code, "stateDesc": "words", "dtmf": dtmf,
            "gmtCreate": beijing(got.at), "callerShowNumber": caller, "calleeShowNumber": caller}
        return Push([{
            "call_id": got.id(), "out_id": got.get("OutId", ""), "status_code": code,
            "status_msg": "words", "caller": caller, "callee": national(callee),
            "originate_time": beijing(got.at), "ring_time": beijing(got.at), "start_time": start,
            "end_time": end, "duration": str(seconds), "hangup_direction": "2", "dtmf": dtmf,
            "early_media_code": ""}])

    def busy(self, got):
        return self.ended(got, "200002", 0)

    def no_answer(self, got):
        return self.ended(got, "200003", 0)

    def bad_number(self, got):
        return self.ended(got, "200004", 0)
