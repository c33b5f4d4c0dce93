"""Tencent Cloud voice (VMS 2020-09-02), as Tencent."""
from .base import Push, national
from .tencent import Tencent


class TencentVoice(Tencent):
    """SendTtsVoice; voiceprompt_callback and voicekey_callback.
    Facts: parameters, CallId, the pushes' fields, results 0 answered, 1 no answer, 2 call error.
    Guesses: a refused number is answered as `Response.Error`; a busy one's result is 1.
    There is no machine detection, no query and no word while it rings."""
    SERVICE, VERSION = "vms", "2020-09-02"

    def do_SendTtsVoice(self, said):
        number = said["CalledNumber"]
        assert said["TemplateId"] and said["VoiceSdkAppid"] and number.startswith("+86"), said
        assert all(isinstance(p, str) for p in said["TemplateParamSet"])
        assert 1 <= said.get("PlayTimes", 2) <= 3
        code = self.refusal(number)
        if code:
            return self.no(code)
        call_id = f"call-{len(self.got) + 1}"
        self.accept(said, {number: call_id})
        return self.ok(SendStatus={"CallId": call_id,
                                   "SessionContext": said.get("SessionContext", "")})

    def prompt(self, got, result, seconds=0):
        at = int(self.now())
        return Push({"voiceprompt_callback": {
            "result": result, "accept_time": str(at - seconds) if seconds else "",
            "call_from": "075500000001", "callid": got.id(), "end_calltime": str(at),
            "fee": str((seconds + 59) // 60), "mobile": next(iter(got.ids)), "nationcode": "86",
            "start_calltime": str(int(got.at))}})

    def answered(self, got, seconds=20):
        """Comes when the call is over: there is no earlier word of an answer."""
        return self.prompt(got, "0", seconds)

    def key(self, got, digit):
        return Push({"voicekey_callback": {
            "call_from": "075500000001", "callid": got.id(), "keypress": digit,
            "mobile": national(next(iter(got.ids))), "nationcode": "86"}})

    def busy(self, got):
        return self.prompt(got, "1")

    def no_answer(self, got):
        return self.prompt(got, "1")

    def failed(self, got):
        return self.prompt(got, "2")
